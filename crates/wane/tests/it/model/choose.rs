//! Cases out of random choices: chains most of which narrow and some of which are wrong, and what is asked of them.

use super::bridge::{Asked, Case};
use super::naive::{
    Approval, Approver, Ask, Bearer, Block, BlockState, CONDITIONS, Chain, Digest, Entry, First, Hint, Kept, Ledger,
    Live, Mark, Point, ROOT_KEY, Request, Rule, Signature, Stated, Tree, actions, audiences, place, replay,
};
use super::tape::Tape;

const LABELS: [&str; 2] = ["pii", "untrusted"];
const AGENTS: [&str; 2] = ["one", "two"];
const TIMES: [u64; 6] = [1_000, 1_001, 1_500, 2_000, 2_030, 2_031];
const ENDS: [u64; 5] = [4_600, 4_599, 2_300, 2_001, 2_000];
const KEYS: [u8; 6] = [40, 41, 42, 10, ROOT_KEY, 50];

/// The most blocks between root block and seal.
const LONGEST: usize = 4;

/// One case.
pub(crate) fn case(tape: &mut Tape<'_>) -> Case {
    case_of(tape, LONGEST)
}

/// One case with so many blocks between root block and seal, or fewer.
pub(crate) fn case_of(tape: &mut Tape<'_>, most: usize) -> Case {
    let entry = entry(tape);
    let mut blocks = vec![narrowing(tape, &entry, &[], root)];
    for index in 1..=tape.below(most + 1) {
        let block = narrowing(tape, &entry, &blocks, |tape| later(tape, index));
        // Where no more may follow, mostly none does.
        if replay(&[&blocks[..], std::slice::from_ref(&block)].concat(), &entry).is_ok() || tape.once_in(12) {
            blocks.push(block);
        }
    }
    blocks.push(narrowing(tape, &entry, &blocks, seal));
    if tape.once_in(24) {
        let place = tape.below(blocks.len());
        spoil(tape, &mut blocks[place]);
    }
    let mut chain = Chain { blocks, secret: tape.once_in(128) };
    if tape.once_in(128) {
        chain.blocks.pop();
    }
    let mut asked: Vec<_> = (0..=tape.below(4)).map(|_| asked(tape, &chain)).collect();
    // A seal for one request is for the first: others should be it as well.
    let first = asked[0].request.clone();
    for later in asked.iter_mut().skip(1).filter(|_| tape.once_in(2)) {
        later.request = first.clone();
        later.live.approvals.iter_mut().for_each(|approval| approval.actions = first.distinct_actions());
    }
    let shown = if tape.once_in(4) { vec![pattern(tape)] } else { Vec::new() };
    Case { entry, chain, asked, shown }
}

/// A block that goes with those before it: it is made again a few times if it does not, and now and then left as it is.
fn narrowing(tape: &mut Tape<'_>, entry: &Entry, before: &[Block], make: impl Fn(&mut Tape<'_>) -> Block) -> Block {
    let mut block = make(tape);
    let fits = |block: &Block| replay(&[before, std::slice::from_ref(block)].concat(), entry).is_ok();
    for _ in 0..6 {
        if fits(&block) || tape.once_in(24) {
            break;
        }
        block = make(tape);
    }
    block
}

fn pattern(tape: &mut Tape<'_>) -> &'static str {
    tape.pick(&actions(None).patterns)
}

/// Wide more often than not: otherwise nothing is left to judge.
fn wide(tape: &mut Tape<'_>) -> &'static str {
    if tape.once_in(3) { pattern(tape) } else { tape.pick(&["*", "*", "read:*", "write:*", "*:a"]) }
}

fn labels(tape: &mut Tape<'_>) -> Vec<&'static str> {
    if tape.once_in(8) { tape.some_of(&LABELS, 2) } else { Vec::new() }
}

fn level(tape: &mut Tape<'_>) -> u8 {
    tape.pick(&[0, 0, 0, 0, 1, 1, 0, 1, 2, 2, 3, 4])
}

fn rule(tape: &mut Tape<'_>) -> Rule {
    let keep = tape.some_of(&actions(None).patterns, 4);
    Rule { level: tape.pick(&[2, 1, 3, 2, 0, 4]), labels: tape.some_of(&LABELS, 1), keep }
}

fn rules(tape: &mut Tape<'_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for one in tape.several(2, rule) {
        if !rules.contains(&one) {
            rules.push(one);
        }
    }
    rules
}

fn conditions(tape: &mut Tape<'_>) -> Vec<usize> {
    if !tape.once_in(4) {
        return Vec::new();
    }
    // Half of them are such as hold for many requests.
    let often = [("/n", 11), ("/p", 11), ("/f/n", 11), ("@env", 1), ("@env", 11), ("@said.q", 11)];
    let all: Vec<usize> = (0..CONDITIONS.len()).collect();
    let often: Vec<usize> = often.iter().map(|(target, operator)| place(target, *operator)).collect();
    let from = if tape.once_in(2) { &all } else { &often };
    tape.some_of(from, 2)
}

fn scope(tape: &mut Tape<'_>) -> Stated {
    Stated { index: 0, pattern: Some(wide(tape)), conditions: conditions(tape), only: tape.once_in(5) }
}

fn refinement(tape: &mut Tape<'_>) -> Stated {
    // The pattern may be too wide or the same again; then the chain is refused.
    let pattern = tape.maybe(4, pattern);
    Stated { index: tape.pick(&[0, 0, 0, 1, 1, 2]), pattern, conditions: conditions(tape), only: tape.once_in(5) }
}

fn ask(tape: &mut Tape<'_>) -> Ask {
    const APPROVERS: [Approver; 6] = [
        Approver::Group("oncall"),
        Approver::Key(40),
        Approver::Group("local"),
        Approver::Key(41),
        Approver::Key(10),
        Approver::Group("unknown"),
    ];
    let mut approvers = tape.some_of(&APPROVERS[..5], 3);
    if approvers.is_empty() {
        approvers.push(if tape.once_in(4) { APPROVERS[5] } else { APPROVERS[0] });
    }
    Ask { pattern: pattern(tape), approvers, need: tape.pick(&[1, 1, 1, 2, 3]) }
}

fn entry(tape: &mut Tape<'_>) -> Entry {
    Entry {
        aud: tape.maybe(24, |tape| tape.some_of(&audiences(None).patterns, 3)),
        scopes: tape.maybe(8, |tape| {
            let first = Stated { pattern: Some(tape.pick(&["*", "*", "*", "read:*"])), ..scope(tape) };
            [vec![first], tape.several(1, scope)].concat()
        }),
        max_ttl: tape.maybe(16, |tape| tape.pick(&[3_600, 3_599])),
        depth: tape.maybe(16, |tape| tape.pick(&[14, 3, 0])),
        level: if tape.once_in(8) { level(tape) } else { 0 },
        labels: labels(tape),
        rules: if tape.once_in(6) { rules(tape) } else { Vec::new() },
        mint_from: tape.maybe(96, |tape| tape.pick(&[1_000, 1_001])),
        mint_until: tape.maybe(96, |tape| tape.pick(&[1_001, 1_000])),
        issuer: tape.once_in(3),
        own_ratchet: tape.once_in(3),
        succeeds: tape.maybe(3, |_| 3),
        groups: vec![("oncall", vec![40, 41])],
    }
}

/// What any block may state, narrow or not.
fn limits(tape: &mut Tape<'_>) -> Block {
    let list = |tape: &mut Tape<'_>| tape.some_of(&actions(None).patterns, 2);
    Block {
        sub: tape.maybe(6, |tape| tape.pick(&AGENTS)),
        exp: tape.maybe(8, |tape| tape.pick(&ENDS)),
        nbf: tape.maybe(10, |tape| tape.pick(&TIMES)),
        iat: tape.maybe(10, |tape| tape.pick(&TIMES)),
        deny: if tape.once_in(8) { list(tape) } else { Vec::new() },
        ask: tape.maybe(6, ask).into_iter().collect(),
        level: tape.maybe(10, level),
        labels: labels(tape),
        clearance: tape.maybe(10, |tape| 4 - level(tape)),
        ..Block::default()
    }
}

fn budgets(tape: &mut Tape<'_>) -> Vec<(&'static str, u64)> {
    let mut budgets = Vec::new();
    for name in ["c", "dd"] {
        budgets.extend(tape.maybe(2, |tape| (name, tape.pick(&[3, 2, 5, 1, 0]))));
    }
    budgets
}

/// A ledger and what needs one.
fn bound(tape: &mut Tape<'_>, block: &mut Block) {
    block.ledger = tape.maybe(4, |tape| if tape.once_in(12) { 6 } else { 5 });
    let has = block.ledger.is_some();
    if (has && tape.once_in(2)) || tape.once_in(12) {
        block.budgets = budgets(tape);
    }
    if (has && block.session && tape.once_in(2)) || tape.once_in(64) {
        block.continues = Some(9);
    }
}

fn root(tape: &mut Tape<'_>) -> Block {
    let mut block = limits(tape);
    block.aud = tape.some_of(&audiences(None).patterns, 3);
    if block.aud.is_empty() || !tape.once_in(3) {
        block.aud = vec![tape.pick(&["*", "files", "files"])];
    }
    block.exp = Some(4_600);
    block.nbf = block.nbf.filter(|_| tape.once_in(2));
    block.iat = Some(1_000);
    block.cnf = Some(10);
    block.hint = Some(Hint::Trusted);
    block.session = !tape.once_in(6);
    block.scopes = Some([vec![scope(tape)], tape.several(2, scope)].concat());
    block.rules = tape.maybe(4, rules);
    block.depth = tape.maybe(8, |tape| tape.pick(&[14, 3, 2, 1, 0]));
    bound(tape, &mut block);
    block
}

fn later(tape: &mut Tape<'_>, index: usize) -> Block {
    let mut block = limits(tape);
    block.cnf = Some(10 + u8::try_from(index).unwrap_or(0));
    if tape.once_in(8) {
        block.aud = tape.some_of(&audiences(None).patterns, 2);
    }
    block.scopes = tape.maybe(3, |tape| tape.several(3, refinement));
    block.rules = tape.maybe(8, rules).filter(|rules| !rules.is_empty());
    // Where the root block opens none, somebody should.
    block.session = if index == 1 { tape.once_in(6) } else { tape.once_in(24) };
    if block.session && !tape.once_in(12) {
        block.iat = Some(tape.pick(&TIMES[..4]));
    }
    block.depth = tape.maybe(12, |tape| tape.pick(&[0, 1, 2, 13]));
    bound(tape, &mut block);
    block
}

fn seal(tape: &mut Tape<'_>) -> Block {
    let mut block = later(tape, 2);
    block.cnf = None;
    block.session = tape.once_in(64);
    block.continues = block.continues.filter(|_| tape.once_in(32));
    block.ledger = block.ledger.filter(|_| tape.once_in(32));
    block.depth = block.depth.filter(|_| tape.once_in(32));
    if !tape.once_in(32) {
        block.budgets.clear();
    }
    if !tape.once_in(8) {
        block.aud = vec![tape.pick(&["files", "files", "files", "mail"])];
    }
    if tape.once_in(4) {
        block.said = vec![(tape.pick(&["q", "env"]), tape.pick(&[0, 1]).into_said())];
    }
    if tape.once_in(6) {
        block.digest = Some(if tape.once_in(12) { Digest::Another } else { Digest::First });
        block.cti = !tape.once_in(24);
        block.iat = Some(tape.pick(&TIMES[3..]));
        block.exp = Some(tape.pick(&[2_300, 2_300, 2_060, 2_331]));
    }
    block
}

trait IntoSaid {
    fn into_said(self) -> Tree;
}

impl IntoSaid for u8 {
    fn into_said(self) -> Tree {
        if self == 0 { Tree::Text("ok") } else { Tree::Text("prod") }
    }
}

fn spoil(tape: &mut Tape<'_>, block: &mut Block) {
    match tape.below(10) {
        0 => block.signature = Signature::Key(tape.pick(&KEYS)),
        1 => block.signature = Signature::Kind(tape.pick(&[0, 1, 2, 3])),
        2 => block.signature = Signature::Unlinked,
        3 => block.hint = tape.pick(&[None, Some(Hint::Trusted), Some(Hint::Unknown)]),
        4 => block.cnf = tape.pick(&[None, Some(10), Some(77)]),
        5 => block.exp = None,
        6 => block.iat = None,
        7 => block.scopes = None,
        8 => block.aud = Vec::new(),
        _ => block.said = vec![("q", Tree::Text("ok"))],
    }
}

fn value(tape: &mut Tape<'_>, deep: usize) -> Tree {
    match tape.below(if deep == 0 { 9 } else { 12 }) {
        0 => Tree::Int(1),
        1 => Tree::Text("/d/e"),
        2 => Tree::Int(tape.pick(&[0, 3, 4, 5])),
        3 => {
            Tree::Text(tape.pick(&["/d", "/x", "/d/../x", "1", "ok", "https://h/", "http://h:8080/x", "10.1.2.3", "é"]))
        }
        4 => Tree::Bool(tape.once_in(2)),
        5 => Tree::Null,
        6 => Tree::Half,
        7 => Tree::Array(Vec::new()),
        8 => Tree::Object(Vec::new()),
        9 => object(tape, deep - 1),
        _ => Tree::Array(tape.several(2, |tape| value(tape, deep - 1))),
    }
}

fn object(tape: &mut Tape<'_>, deep: usize) -> Tree {
    let mut members = Vec::new();
    for name in ["f", "n", "p", "a/b"] {
        members.extend(tape.maybe(3, |tape| (name, value(tape, deep))));
    }
    Tree::Object(members)
}

fn point(tape: &mut Tape<'_>) -> Point {
    let arguments = if tape.once_in(2) { Tree::Object(Vec::new()) } else { object(tape, 2) };
    let facts = tape.maybe(2, |tape| (tape.pick(&["env", "q"]), tape.pick(&[1, 0]).into_said()));
    let seen =
        tape.maybe(3, |tape| (tape.pick(&["search", "list", "other"]), Tree::Text(tape.pick(&["/d/e", "ok", "1"]))));
    Point { arguments, facts: facts.into_iter().collect(), seen: seen.into_iter().collect() }
}

/// What is asked of the chain, and what its verifier knows then.
pub(crate) fn asked(tape: &mut Tape<'_>, chain: &Chain) -> Asked {
    let all = &actions(None).actions;
    let action = |tape: &mut Tape<'_>| {
        if tape.once_in(4) { tape.pick(all) } else { tape.pick(&["read:a", "write:a", "send:a"]) }
    };
    let actions = (0..=tape.pick(&[0, 0, 0, 1, 3])).map(|_| action(tape)).collect();
    let mut costs = Vec::new();
    for name in ["c", "dd"] {
        if !tape.once_in(16) {
            costs.push((name, tape.pick(&[1, 0, 1, 0, 2, u64::MAX])));
        }
    }
    let request = Request {
        audience: if tape.once_in(24) { "mail" } else { sealed_for(chain) },
        actions,
        point: point(tape),
        mark: Mark { level: level(tape), labels: labels(tape) },
        costs,
        ask: tape.maybe(8, ask).into_iter().collect(),
        needs_own_seal: tape.once_in(48),
    };
    let live = live(tape, chain, &request);
    Asked { request, live, now: if tape.once_in(12) { tape.pick(&[1_470, 2_060, 2_300, 4_600, 970]) } else { 2_000 } }
}

/// The server that a seal states, which most requests reach.
fn sealed_for(chain: &Chain) -> &'static str {
    match chain.blocks.last().map(|seal| seal.aud.as_slice()) {
        Some([one]) if !one.contains('*') => one,
        _ => "files",
    }
}

fn block_state(tape: &mut Tape<'_>) -> BlockState {
    let mut spent = Vec::new();
    for name in ["c", "dd"] {
        spent.extend(tape.maybe(4, |tape| (name, tape.pick(&[1, 2, 4, u64::MAX]))));
    }
    BlockState {
        mark: Mark { level: if tape.once_in(16) { level(tape) } else { 0 }, labels: labels(tape) },
        revoked: tape.once_in(96),
        registered: tape.once_in(2),
        spent,
    }
}

fn ledger(tape: &mut Tape<'_>, chain: &Chain) -> Ledger {
    let continues = chain.blocks.iter().any(|block| block.continues.is_some());
    let first = First {
        state: block_state(tape),
        root: tape.pick(&[ROOT_KEY, ROOT_KEY, ROOT_KEY, 3, 4]),
        iat: tape.pick(&TIMES[..3]),
        continues: tape.once_in(12),
    };
    let known = !tape.once_in(8);
    let bearer = |tape: &mut Tape<'_>| match tape.below(8) {
        0 => Bearer::Root(ROOT_KEY),
        1..=5 => Bearer::Key(10 + u8::try_from(tape.below(5)).unwrap_or(0)),
        _ => Bearer::Agent(tape.pick(&AGENTS)),
    };
    Ledger {
        id: if tape.once_in(24) { 6 } else { 5 },
        kept: if tape.once_in(16) { Kept::Refused } else { tape.pick(&[Kept::Durably, Kept::Allowed]) },
        since: if tape.once_in(12) { tape.pick(&TIMES) } else { 0 },
        collected: if tape.once_in(12) { tape.pick(&ENDS) } else { 0 },
        blocks: (0..chain.blocks.len()).map(|_| block_state(tape)).collect(),
        first: Some(first).filter(|_| continues && known),
        revoked_before: if tape.once_in(12) {
            tape.several(3, |tape| (bearer(tape), tape.pick(&[999, 1_000, 1_500])))
        } else {
            Vec::new()
        },
        seal_used: tape.once_in(12),
    }
}

fn approval(tape: &mut Tape<'_>, request: &Request) -> Approval {
    let good = |tape: &mut Tape<'_>| !tape.once_in(24);
    let (iat, exp) =
        if good(tape) { (2_000, 2_060) } else { tape.pick(&[(2_031, 2_060), (1_990, 2_000), (2_000, 5_601), (9, 9)]) };
    let mut actions = request.distinct_actions();
    if !good(tape) {
        actions.reverse();
    }
    Approval {
        key: if good(tape) { tape.pick(&KEYS[..3]) } else { tape.pick(&KEYS) },
        chain: good(tape),
        request: good(tape),
        actions,
        iat,
        exp,
        used: false,
    }
}

fn live(tape: &mut Tape<'_>, chain: &Chain, request: &Request) -> Live {
    let bound = chain.blocks.iter().any(|block| block.ledger.is_some());
    // One that nobody asked for denies.
    let stated = chain.blocks.iter().map(|block| &block.ask).chain([&request.ask]);
    let asks = stated.into_iter().any(|asks| !asks.is_empty()) || tape.once_in(16);
    let mut approvals = tape.several(if asks { 3 } else { 0 }, |tape| approval(tape, request));
    if tape.once_in(12) {
        // What served is known by its id, so the same statement twice served twice.
        approvals.iter_mut().for_each(|approval| approval.used = true);
    }
    Live {
        mark: Mark { level: if tape.once_in(8) { level(tape) } else { 0 }, labels: labels(tape) },
        ledger: if tape.once_in(if bound { 16 } else { 4 }) { None } else { Some(ledger(tape, chain)) },
        approvals,
        local: tape.maybe(2, |_| 42),
    }
}
