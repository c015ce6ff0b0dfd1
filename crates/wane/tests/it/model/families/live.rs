//! What a ledger knows.

use super::super::bridge::{Asked, Case, Tally};
use super::super::naive::{Bearer, Block, BlockState, Digest, Entry, First, Kept, Ledger};
use super::Family;
use super::scene::{
    EXP, HOLDER, IAT, NOW, ROOT, case, chain, delegate, ledger, mark, request, root, seal, with_ledger,
};

pub(super) const FAMILIES: &[Family] = &[KNOWN, REVOKED];

/// The root key whose sessions may be continued here.
const OLDER: u8 = 3;

/// Almost everything that a ledger may know, of a session that continues another one or does not.
const KNOWN: Family = Family { name: "ledgers", sizes: &[7, 4, 3, 2, 2, 3, 4, 5], step: 13, make: known };

fn known(choices: &[usize]) -> Case {
    let mut blocks = [root(), Block { iat: Some(IAT + 7), ..delegate(1) }, seal()];
    blocks[0].session = false;
    blocks[1].session = true;
    let state = BlockState { registered: choices[4] == 1, mark: mark(1, &["pii"]), ..BlockState::default() };
    let first = First { state, root: ROOT, iat: IAT, continues: false };
    let first = match choices[0] {
        0 => None,
        1 => Some(first),
        2 => Some(First { root: OLDER, ..first }),
        3 => Some(First { root: OLDER + 1, ..first }),
        4 => Some(First { continues: true, ..first }),
        5 => Some(First { state: BlockState { revoked: true, ..first.state.clone() }, ..first }),
        // It is not known.
        _ => None,
    };
    if choices[0] > 0 {
        blocks[1].continues = Some(9);
    }
    let mut states = vec![BlockState::default(); 3];
    states[1].registered = choices[3] == 1;
    if let Some(revoked) = choices[1].checked_sub(1) {
        states[revoked].revoked = true;
    }
    let (once, used) = (choices[6] & 1 == 1, choices[6] & 2 == 2);
    if once {
        blocks[2] = Block { cti: true, iat: Some(NOW), exp: Some(NOW + 60), digest: Some(Digest::First), ..seal() };
    }
    let end = if once { NOW + 60 } else { EXP };
    // Named by the root block, kept so; or not named, which a continued session needs.
    let named = choices[7] < 3 || choices[0] > 0;
    blocks[0].ledger = named.then_some(5);
    let id = if choices[7] == 4 { 6 } else { 5 };
    let kept = [Kept::Durably, Kept::Allowed, Kept::Refused, Kept::Refused, Kept::Durably][choices[7]];
    let ledger = Ledger {
        id,
        kept,
        since: [0, IAT + 6, IAT + 7][choices[2]],
        collected: [0, end - 1, end][choices[5]],
        blocks: states,
        first,
        seal_used: used,
        ..ledger()
    };
    let asked = Asked { request: request("read:a"), live: with_ledger(ledger), now: NOW };
    let case = case(chain(blocks), vec![asked]);
    Case { entry: Entry { issuer: true, succeeds: Some(OLDER), ..Entry::default() }, shown: vec!["read:a"], ..case }
}

/// Times before which a root key, two holders' keys and two agents are revoked, each two of them, in a chain in which
/// keys and agents stand more than once.
const REVOKED: Family = Family { name: "revoked before", sizes: &[7, 7, 4, 4, 3], step: 5, make: revoked };

fn revoked(choices: &[usize]) -> Case {
    const BEARERS: [Bearer; 7] = [
        Bearer::Root(ROOT),
        Bearer::Root(OLDER),
        Bearer::Key(HOLDER),
        Bearer::Key(HOLDER + 1),
        Bearer::Key(HOLDER + 7),
        Bearer::Agent("one"),
        Bearer::Agent("two"),
    ];
    const TIMES: [u64; 4] = [IAT - 1, IAT, IAT + 10, IAT + 20];
    let mut blocks = [
        Block { sub: Some("one"), ..root() },
        Block { iat: Some(IAT + 10), sub: Some("two"), ..delegate(1) },
        Block { iat: Some(IAT + 20), ..delegate(2) },
        Block { sub: Some("two"), ..seal() },
    ];
    match choices[4] {
        0 => {}
        // A holder that narrows itself, and an agent of two blocks.
        1 => (blocks[2].cnf, blocks[2].sub) = (Some(HOLDER), Some("one")),
        _ => (blocks[1].sub, blocks[3].sub) = (None, Some("one")),
    }
    let mut revoked_before = vec![(BEARERS[choices[0]], TIMES[choices[2]])];
    if choices[0] != choices[1] {
        revoked_before.push((BEARERS[choices[1]], TIMES[choices[3]]));
    }
    let live = with_ledger(Ledger { revoked_before, ..ledger() });
    case(chain(blocks), vec![Asked { request: request("read:a"), live, now: NOW }])
}

#[test]
fn everything_that_a_ledger_knows() {
    KNOWN.compare(Tally { accepted: 1_551, allowed: 32, denied: 1_519, shown: 1_551, ..Tally::default() });
}

#[test]
fn what_was_revoked_before() {
    REVOKED.compare(Tally { accepted: 471, allowed: 128, denied: 343, ..Tally::default() });
}
