//! What the model states, as bytes: deterministic CBOR, and the claims of `spec/token.md` section 5.

use super::super::naive::{Approver, Ask, Block, CONDITIONS, Hint, Rule, Stated, Tree};

fn head(major: u8, argument: u64) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    let first = major << 5;
    match argument {
        0..=23 => vec![first | bytes[7]],
        24..=0xff => vec![first | 24, bytes[7]],
        0x100..=0xffff => [&[first | 25], &bytes[6..]].concat(),
        0x1_0000..=0xffff_ffff => [&[first | 26], &bytes[4..]].concat(),
        _ => [&[first | 27], &bytes[..]].concat(),
    }
}

fn counted(major: u8, count: usize, content: &[u8]) -> Vec<u8> {
    [head(major, u64::try_from(count).unwrap_or(u64::MAX)), content.to_vec()].concat()
}

pub(crate) fn uint(value: u64) -> Vec<u8> {
    head(0, value)
}

fn int(value: i64) -> Vec<u8> {
    match u64::try_from(value) {
        Ok(value) => head(0, value),
        Err(_) => head(1, value.unsigned_abs() - 1),
    }
}

pub(crate) fn bytes(value: &[u8]) -> Vec<u8> {
    counted(2, value.len(), value)
}

pub(crate) fn text(value: &str) -> Vec<u8> {
    counted(3, value.len(), value.as_bytes())
}

pub(crate) fn array(items: &[Vec<u8>]) -> Vec<u8> {
    counted(4, items.len(), &items.concat())
}

/// Keys ascend by their encoding.
pub(crate) fn map(mut entries: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    entries.sort();
    let content: Vec<u8> = entries.iter().flat_map(|(key, value)| [key.clone(), value.clone()].concat()).collect();
    counted(5, entries.len(), &content)
}

fn texts(list: &[&str]) -> Vec<u8> {
    array(&list.iter().map(|one| text(one)).collect::<Vec<_>>())
}

/// Names that ascend by their encoding: the shorter first.
fn names(list: &[&str]) -> Vec<u8> {
    let mut list: Vec<_> = list.iter().map(|one| text(one)).collect();
    list.sort();
    list.dedup();
    array(&list)
}

fn bool(value: bool) -> Vec<u8> {
    vec![if value { 0xf5 } else { 0xf4 }]
}

const NULL: u8 = 0xf6;

pub(crate) fn tree(value: &Tree) -> Vec<u8> {
    match value {
        Tree::Null => vec![NULL],
        Tree::Bool(value) => bool(*value),
        Tree::Int(value) => int(*value),
        Tree::Half => vec![0xf9, 0x38, 0x00],
        Tree::Text(_) | Tree::Long(..) => text(&value.text().unwrap_or_default()),
        Tree::Array(elements) => array(&elements.iter().map(tree).collect::<Vec<_>>()),
        Tree::Object(members) => object(members),
    }
}

pub(crate) fn object(members: &[(&str, Tree)]) -> Vec<u8> {
    map(members.iter().map(|(name, value)| (text(name), tree(value))).collect())
}

fn condition(place: &usize) -> Vec<u8> {
    let condition = &CONDITIONS[*place];
    let operand = condition.operand.iter().map(tree);
    let parts = [text(condition.target), uint(condition.operator.into())].into_iter().chain(operand);
    array(&parts.collect::<Vec<_>>())
}

/// A scope or a refinement, without parts that say nothing.
fn scope(stated: &Stated, is_root: bool) -> Vec<u8> {
    let says_more = stated.only || !stated.conditions.is_empty();
    let mut parts = Vec::new();
    if !is_root {
        parts.push(uint(u64::try_from(stated.index).unwrap_or(u64::MAX)));
    }
    match stated.pattern {
        Some(pattern) => parts.push(text(pattern)),
        None if says_more => parts.push(vec![NULL]),
        None => {}
    }
    if says_more {
        parts.push(array(&stated.conditions.iter().map(condition).collect::<Vec<_>>()));
    }
    if stated.only {
        parts.push(bool(true));
    }
    if let [one] = parts.as_slice() { one.clone() } else { array(&parts) }
}

fn rule(rule: &Rule) -> Vec<u8> {
    array(&[uint(rule.level.into()), names(&rule.labels), texts(&rule.keep)])
}

fn ask(ask: &Ask, public: fn(u8) -> [u8; 32]) -> Vec<u8> {
    let approver = |approver: &Approver| match approver {
        Approver::Key(key) => bytes(&public(*key)),
        Approver::Group(name) => text(&format!("@{name}")),
    };
    let approvers: Vec<_> = ask.approvers.iter().map(approver).collect();
    array(&[text(ask.pattern), array(&approvers), uint(ask.need)])
}

fn cnf(key: &[u8; 32]) -> Vec<u8> {
    let cose = map(vec![(uint(1), uint(1)), (int(-1), uint(6)), (int(-2), bytes(key))]);
    map(vec![(uint(1), cose)])
}

/// The eight bytes that stand for one root key or another.
pub(crate) type Hints = fn(Hint) -> [u8; 8];

/// The claims of a block.
pub(crate) fn payload(
    block: &Block,
    is_root: bool,
    digest: Option<[u8; 32]>,
    public: fn(u8) -> [u8; 32],
    hint: Hints,
) -> Vec<u8> {
    let mut private = Vec::new();
    let mut state = |key: u64, value: Option<Vec<u8>>| private.extend(value.map(|value| (uint(key), value)));
    fn list<T>(list: &[T], encode: impl Fn(&T) -> Vec<u8>) -> Vec<u8> {
        array(&list.iter().map(encode).collect::<Vec<_>>())
    }
    let stated = |there: bool, value: Vec<u8>| there.then_some(value);
    state(0, block.hint.map(|root| bytes(&hint(root))));
    state(1, block.session.then(|| bool(true)));
    state(2, block.continues.map(|first| bytes(&[first; 32])));
    state(3, block.ledger.map(|ledger| bytes(&[ledger; 16])));
    state(4, block.scopes.as_ref().map(|scopes| list(scopes, |one| scope(one, is_root))));
    state(5, stated(!block.deny.is_empty(), texts(&block.deny)));
    state(6, stated(!block.ask.is_empty(), list(&block.ask, |one| ask(one, public))));
    state(7, block.rules.as_ref().map(|rules| list(rules, rule)));
    state(8, block.level.map(|level| uint(level.into())));
    state(9, stated(!block.labels.is_empty(), names(&block.labels)));
    state(10, block.clearance.map(|level| uint(level.into())));
    let budgets = block.budgets.iter().map(|(name, cap)| (text(name), uint(*cap))).collect();
    state(11, stated(!block.budgets.is_empty(), map(budgets)));
    state(12, block.depth.map(|depth| uint(depth.into())));
    state(14, block.digest.as_ref().map(|_| bytes(&digest.unwrap_or_default())));
    state(15, stated(!block.said.is_empty(), object(&block.said)));

    let mut claims = Vec::new();
    let mut state = |key: i64, value: Option<Vec<u8>>| claims.extend(value.map(|value| (int(key), value)));
    state(2, block.sub.map(text));
    state(
        3,
        match block.aud.as_slice() {
            [] => None,
            [one] => Some(text(one)),
            several => Some(texts(several)),
        },
    );
    state(4, block.exp.map(uint));
    state(5, block.nbf.map(uint));
    state(6, block.iat.map(uint));
    state(7, block.cti.then(|| bytes(&[7; 8])));
    state(8, block.cnf.map(|key| cnf(&public(key))));
    state(-65_537, (!private.is_empty()).then(|| map(private)));
    map(claims)
}
