//! RFC 6962 section 2.1 as it is written there: recursions over lists of leaves.

use sha2::{Digest as _, Sha256};

pub(crate) type Node = [u8; 32];

pub(crate) fn leaf(bytes: &[u8]) -> Node {
    Sha256::digest([&[0][..], bytes].concat()).into()
}

fn joined(left: &Node, right: &Node) -> Node {
    Sha256::digest([&[1][..], left, right].concat()).into()
}

/// The largest power of two below `count`.
fn split(count: usize) -> usize {
    (0..usize::BITS).map(|bit| 1 << bit).take_while(|power| *power < count).last().unwrap_or(0)
}

/// MTH.
pub(crate) fn root(leaves: &[Node]) -> Node {
    match leaves {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        more => {
            let (left, right) = more.split_at(split(more.len()));
            joined(&root(left), &root(right))
        }
    }
}

/// PATH.
pub(crate) fn path(record: usize, leaves: &[Node]) -> Vec<Node> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, beside) =
        if record < middle { (self::path(record, left), right) } else { (self::path(record - middle, right), left) };
    path.push(root(beside));
    path
}

/// PROOF.
pub(crate) fn proof(from: usize, leaves: &[Node]) -> Vec<Node> {
    if from == 0 { Vec::new() } else { subproof(from, leaves, true) }
}

fn subproof(from: usize, leaves: &[Node], whole: bool) -> Vec<Node> {
    if from == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, beside) = if from <= middle {
        (subproof(from, left, whole), right)
    } else {
        (subproof(from - middle, right, false), left)
    };
    path.push(root(beside));
    path
}
