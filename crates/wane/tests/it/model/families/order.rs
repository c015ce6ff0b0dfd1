//! The order of the checks: whatever is wrong with a block or a request, alone, in pairs and all together, the first one is
//! answered.

use super::super::bridge::{Asked, Case, Tally};
use super::super::naive::{
    Approval, Approver, Block, BlockState, Digest, Entry, First, Kept, Ledger, Live, Mark, Request, Rule, Stated, place,
};
use super::Family;
use super::scene::{
    EXP, HOLDER, IAT, NOW, ROOT, ask, case, chain, delegate, ledger, refine, request, root, rule, scope, seal,
    with_ledger,
};

pub(super) const FAMILIES: &[Family] = &[DELEGATES, SEALS, ROOTS, DECISIONS, LEDGERS];

/// Every set of thirteen things that a delegate block cannot state.
const DELEGATES: Family = Family { name: "order in delegates", sizes: &[2; 14], step: 11, make: delegates };

fn delegates(choices: &[usize]) -> Case {
    let mut later = delegate(1);
    let first = Block { nbf: Some(IAT), level: Some(1), clearance: Some(3), ..root() };
    let depth = u8::from(choices[13] == 1) * 2;
    let first = Block { depth: Some(depth), ledger: (choices[13] == 1).then_some(5), ..first };
    let first = Block { budgets: if choices[13] == 1 { vec![("c", 5)] } else { vec![] }, ..first };
    for (number, _) in choices[..13].iter().enumerate().filter(|(_, choice)| **choice == 1) {
        widen(&mut later, number);
    }
    case(chain([first, later, seal()]), vec![super::scene::asked(request("read:a"))])
}

fn widen(block: &mut Block, number: usize) {
    match number {
        0 => (block.session, block.iat) = (true, block.iat.or(Some(IAT))),
        1 => block.continues = Some(9),
        2 => block.ledger = Some(6),
        3 => block.aud = vec!["mail"],
        4 => block.exp = Some(EXP + 1),
        5 => block.nbf = Some(IAT - 1),
        6 => block.iat = Some(IAT - 1),
        7 => block.nbf = block.nbf.or(Some(EXP)),
        8 => block.depth = Some(2),
        9 => block.scopes = Some(vec![refine(0, Some("read:*")), refine(0, Some("*")), refine(7, None)]),
        10 => block.level = Some(0),
        11 => block.clearance = Some(4),
        _ => block.budgets = vec![("c", 6)],
    }
}

/// The same of a seal, which also cannot state some of it at all.
const SEALS: Family = Family { name: "order in seals", sizes: &[2; 14], step: 11, make: seals };

fn seals(choices: &[usize]) -> Case {
    let first = Block { nbf: Some(IAT), level: Some(1), clearance: Some(3), aud: vec!["files", "mail"], ..root() };
    let mut last = Block { aud: if choices[13] == 1 { vec![] } else { vec!["files"] }, ..seal() };
    for (number, _) in choices[..13].iter().enumerate().filter(|(_, choice)| **choice == 1) {
        match number {
            3 => last.aud = vec!["files:*"],
            8 => last = Block { cti: true, digest: Some(Digest::First), iat: Some(IAT), exp: Some(EXP), ..last },
            2 | 12 if choices[13] == 0 => {}
            number => widen(&mut last, number),
        }
    }
    case(chain([first, last]), vec![super::scene::asked(request("read:a"))])
}

/// Every set of twelve ways in which a root block goes beyond its entry, or makes no sense.
const ROOTS: Family = Family { name: "order in roots", sizes: &[2; 12], step: 5, make: roots };

fn roots(choices: &[usize]) -> Case {
    let is = |place: usize| choices[place] == 1;
    let mut first = Block { depth: Some(2), ..root() };
    let mut entry = Entry {
        mint_from: Some(IAT),
        aud: Some(vec!["files"]),
        scopes: Some(vec![scope("read:*")]),
        max_ttl: Some(EXP - IAT),
        depth: Some(2),
        ..Entry::default()
    };
    first.scopes = Some(vec![scope(if is(0) { "write:*" } else { "read:a" })]);
    first.aud = vec![if is(1) { "mail" } else { "files" }];
    entry.mint_from = Some(if is(2) { IAT + 1 } else { IAT });
    first.exp = Some(if is(3) { EXP + 1 } else { EXP });
    first.depth = if is(4) { None } else { Some(2) };
    first.session = !is(5);
    first.continues = is(6).then_some(9);
    first.nbf = is(7).then_some(EXP + 1);
    first.budgets = if is(8) { vec![("c", 1)] } else { vec![] };
    first.ledger = is(9).then_some(5);
    if is(10) {
        first.signature = super::super::naive::Signature::Unlinked;
    }
    entry.mint_until = is(11).then_some(IAT + 1);
    Case { entry, ..case(chain([first, seal()]), vec![super::scene::asked(request("read:a"))]) }
}

/// Every set of fifteen reasons to deny.
const DECISIONS: Family = Family { name: "order in decisions", sizes: &[2; 15], step: 29, make: decisions };

fn decisions(choices: &[usize]) -> Case {
    let is = |place: usize| choices[place] == 1;
    let first = Block {
        ledger: is(3).then_some(5),
        budgets: if is(3) { vec![("c", 1)] } else { vec![] },
        deny: if is(7) { vec!["write:*"] } else { vec![] },
        ask: if is(10) {
            vec![ask("write:*", &[Approver::Group(if is(11) { "unknown" } else { "oncall" })], 1)]
        } else {
            vec![]
        },
        labels: if is(5) { MANY.to_vec() } else { vec![] },
        clearance: Some(if is(6) { 1 } else { 4 }),
        scopes: Some(vec![Stated { conditions: if is(8) { vec![place("/n", 3)] } else { vec![] }, ..scope("*") }]),
        ..root()
    };
    let second = Block { rules: is(14).then(|| vec![rule(0, &[], &["read:*"])]), ..delegate(1) };
    let last = Block {
        nbf: is(1).then_some(NOW + 31),
        iat: Some(if is(2) { NOW + 31 } else { NOW }),
        cti: true,
        exp: Some(NOW + 100),
        digest: Some(if is(4) { Digest::Another } else { Digest::First }),
        ..seal()
    };
    let entry = Entry {
        scopes: Some(vec![Stated { conditions: if is(9) { vec![place("/n", 4)] } else { vec![] }, ..scope("*") }]),
        groups: vec![("oncall", vec![40])],
        ..Entry::default()
    };
    let request = Request {
        mark: Mark { level: 2, labels: vec!["l0"] },
        costs: if is(12) { vec![("c", 2)] } else { vec![] },
        audience: if is(13) { "mail" } else { "files" },
        actions: vec!["read:a", "write:a"],
        ..request("read:a")
    };
    let now = if is(0) { NOW + 100 } else { NOW };
    let with = with_ledger(ledger());
    let asked = |live| Asked { request: request.clone(), live, now };
    let case = case(chain([first, second, last]), vec![asked(with), asked(Live::default())]);
    Case { entry, ..case }
}

/// Fifteen labels, with the request's own sixteen, and with another one more.
const MANY: [&str; 16] =
    ["l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8", "l9", "la", "lb", "lc", "ld", "le", "lf", "lg"];

/// Every set of fourteen reasons that a ledger may have.
const LEDGERS: Family = Family { name: "order in ledgers", sizes: &[2; 14], step: 13, make: ledgers };

fn ledgers(choices: &[usize]) -> Case {
    let is = |place: usize| choices[place] == 1;
    let later = Block { iat: Some(IAT + 5), session: true, continues: is(0).then_some(9), ..delegate(1) };
    let first = Block { session: false, ledger: Some(5), ask: vec![ask("read:*", &[Approver::Key(40)], 1)], ..root() };
    let state = BlockState { revoked: is(4), mark: Mark { level: 1, labels: vec!["pii"] }, ..BlockState::default() };
    let root = if is(7) { ROOT + 4 } else { ROOT };
    let known = First { state, root, iat: if is(9) { 10 } else { IAT + 6 }, continues: is(6) };
    let mut blocks = vec![BlockState::default(); 3];
    blocks[1].revoked = is(3);
    let last = Block { cti: true, iat: Some(NOW), exp: Some(NOW + 60), digest: Some(Digest::First), ..seal() };
    let ledger = Ledger {
        id: if is(1) { 6 } else { 5 },
        kept: if is(2) { Kept::Refused } else { Kept::Allowed },
        since: if is(8) { IAT + 5 } else { 20 },
        collected: if is(10) { NOW + 60 } else { 0 },
        blocks,
        first: (is(0) && !is(5)).then_some(known),
        revoked_before: if is(11) { vec![(super::super::naive::Bearer::Key(HOLDER + 1), IAT)] } else { vec![] },
        seal_used: is(12),
    };
    let approval = Approval {
        key: 40,
        chain: true,
        request: true,
        actions: vec!["read:a"],
        iat: NOW,
        exp: NOW + 50,
        used: is(13),
    };
    let live = Live { approvals: vec![approval], ..with_ledger(ledger) };
    let case = case(chain([first, later, last]), vec![Asked { request: request("read:a"), live, now: NOW }]);
    Case { entry: Entry { issuer: true, rules: Vec::<Rule>::new(), ..Entry::default() }, ..case }
}

#[test]
fn the_first_widening_of_a_delegate() {
    DELEGATES.compare(Tally { refused: 1_490, ..Tally::default() });
}

#[test]
fn the_first_widening_of_a_seal() {
    SEALS.compare(Tally { refused: 1_489, accepted: 1, allowed: 1, ..Tally::default() });
}

#[test]
fn the_first_widening_of_a_root() {
    ROOTS.compare(Tally { refused: 817, accepted: 3, allowed: 1, denied: 2, ..Tally::default() });
}

#[test]
fn the_first_reason_to_deny() {
    DECISIONS.compare(Tally { accepted: 1_130, allowed: 2, denied: 2_258, ..Tally::default() });
}

#[test]
fn the_first_reason_of_a_ledger() {
    LEDGERS.compare(Tally { accepted: 1_261, allowed: 3, denied: 1_258, ..Tally::default() });
}
