//! `only`: which leaves of the arguments no condition names.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;

use super::node::{Member, Node};
use crate::pointer::{self, Pointer};

/// A set of pointers, as a tree of their steps.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    below: BTreeMap<Cow<'a, str>, Self>,
    named: bool,
}

impl<'a> FromIterator<&'a Pointer> for Names<'a> {
    fn from_iter<T: IntoIterator<Item = &'a Pointer>>(pointers: T) -> Self {
        let mut root = Self::default();
        for pointer in pointers {
            let mut at = &mut root;
            for step in pointer.steps() {
                at = at.below.entry(step).or_default();
            }
            at.named = true;
        }
        root
    }
}

pub(super) fn first_unnamed(members: &[Member], names: &Names<'_>) -> Option<String> {
    members.iter().find_map(|member| {
        let below = names.below.get(&*member.name);
        let rest = match &member.value {
            Node::Object(members) if !members.is_empty() => first_unnamed(members, below.unwrap_or(&NONE))?,
            Node::Array(elements) if !elements.is_empty() => {
                // spec: T78
                let named = below.is_some_and(|names| names.named) && elements.iter().all(is_leaf);
                (!named).then(String::new)?
            }
            _ => (!below.is_some_and(|names| names.named)).then(String::new)?,
        };
        Some(alloc::format!("/{}{rest}", pointer::escape(&member.name)))
    })
}

/// Only a leaf is covered by the name of the array it stands in; what is nested deeper has no name.
const fn is_leaf(element: &Node) -> bool {
    match element {
        Node::Array(elements) => elements.is_empty(),
        Node::Object(members) => members.is_empty(),
        Node::Bool(_) | Node::Float(_) | Node::Integer(_) | Node::Null | Node::Text(_) => true,
    }
}

static NONE: Names<'static> = Names { below: BTreeMap::new(), named: false };
