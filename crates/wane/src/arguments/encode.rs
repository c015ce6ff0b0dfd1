//! Arguments as deterministic CBOR, of which request digests and the digests of an audit log are made.

use super::node::{Member, Node};
use crate::cbor::Writer;

/// Arguments nest at most 64 deep, so this recursion is bounded.
pub(super) fn write_node(out: &mut Writer, node: &Node) {
    match node {
        Node::Array(elements) => {
            out.array(elements.len());
            elements.iter().for_each(|element| write_node(out, element));
        }
        Node::Bool(value) => {
            out.bool(*value);
        }
        Node::Float(value) => {
            out.float(*value);
        }
        Node::Integer(value) => {
            out.integer(value.get());
        }
        Node::Null => {
            out.null();
        }
        Node::Object(members) => write_members(out, members),
        Node::Text(text) => {
            out.text(text);
        }
    }
}

pub(super) fn write_members(out: &mut Writer, members: &[Member]) {
    out.map(members.len());
    for member in members {
        out.text(&member.name);
        write_node(out, &member.value);
    }
}
