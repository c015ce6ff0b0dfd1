//! Random histories: a chain as it was narrowed, block by block, each time sealed for the same server.

use crate::model::bridge::{Asked, Case, Heard};
use crate::model::choose;
use crate::model::naive::{
    Answer, Approver, Ask, Block, BlockState, CONDITIONS, Chain, Grant, Live, Mark, Point, Request, Rule, Signature,
    Stated, Tree, actions, audiences, place, replay,
};

use super::tape::Tape;

/// When everything is judged.
const NOW: u64 = 2_000;

/// A holder that stands in no other block, and is no approver.
const OPENER: u8 = 90;

const LABELS: [&str; 2] = ["pii", "untrusted"];

/// How freely something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Freedom {
    Deny,
    Ask,
    Allow,
}

/// What is allowed of each request; where the chain could not be sealed for this server, nothing.
pub(super) fn freedoms(case: &Case, heard: &Heard) -> Vec<Freedom> {
    let freedom = |answer: &Answer| match answer {
        Answer::Allow(..) => Freedom::Allow,
        Answer::Ask(_) => Freedom::Ask,
        Answer::Deny(_) => Freedom::Deny,
    };
    match heard {
        Ok((_, answers, _)) => answers.iter().map(freedom).collect(),
        Err(_) => vec![Freedom::Deny; case.asked.len()],
    }
}

/// A chain as it grew: each case is sealed now for the server of the first request, by a holder who says what the last one
/// said and opens a session where none is open.
pub(super) struct History {
    /// Each with the place of what was before it, if anything was. Some blocks state what widens; nothing is behind them.
    pub(super) steps: Vec<(Option<usize>, Case)>,
}

/// A history out of random choices, and so many sets of arguments with each action; none where not even the root block is
/// good.
pub(super) fn history(tape: &mut Tape<'_>, sets: usize) -> Option<History> {
    let mut case = choose::case_of(tape, 0);
    case.asked.truncate(2);
    let probes = probes(&case, tape, sets);
    case.asked.extend(probes);
    history_of(case, tape)
}

/// Of the chain the root block and the seal stay.
pub(super) fn history_of(mut case: Case, tape: &mut Tape<'_>) -> Option<History> {
    let own_seal = case.chain.blocks.pop_if(|block| block.cnf.is_none());
    case.chain.blocks.truncate(1);
    let root = case.chain.blocks.first_mut().filter(|root| root.scopes.is_some())?;
    if tape.once_in(3) {
        root.scopes =
            Some(vec![Stated { pattern: Some(tape.pick(&["*", "*", "read:*"])), only: true, ..stated(tape) }]);
    }
    let mut blocks = case.chain.blocks.clone();
    let mut grant = replay(&blocks, &case.entry).ok()?;
    let audience = case.asked[0].request.audience;
    let said = own_seal.as_ref().map_or_else(Vec::new, |seal| seal.said.clone());
    let plain = Block { aud: vec![audience], said, ..Block::default() };
    let mut steps = vec![(None, sealed_behind(&case, &blocks, &plain))];
    let mut last = 0;
    for _ in 0..tape.below(5) {
        let block = block(tape, &grant, blocks.len());
        let in_the_seal = grant.session.is_some() && block.aud.is_empty() && !block.session && tape.once_in(2);
        let longer = [&blocks[..], std::slice::from_ref(&block)].concat();
        let next = match in_the_seal {
            true => sealed_behind(
                &case,
                &blocks,
                &Block { cnf: None, aud: vec![audience], said: plain.said.clone(), ..block },
            ),
            false => sealed_behind(&case, &longer, &plain),
        };
        steps.push((Some(last), next));
        if let Ok(next) = replay(&longer, &case.entry) {
            (grant, blocks, last) = (next, longer, steps.len() - 1);
        }
    }
    // A seal may state what no other block does: that it is for one request.
    if let Some(seal) = own_seal.filter(|_| tape.once_in(3)) {
        let seal = Block { aud: vec![audience], signature: Signature::Right, ..seal };
        steps.push((Some(last), sealed_behind(&case, &blocks, &seal)));
    }
    Some(History { steps })
}

/// What is taken away is small: otherwise nothing is left to judge.
const SMALL: [&str; 7] = ["*:a", "read:a:*", "*:*:a", "write:a", "send:*", "read:a", "read:*"];

/// A block that narrows what is in force in a few ways at once; a few of them would widen it.
fn block(tape: &mut Tape<'_>, grant: &Grant, index: usize) -> Block {
    let parents: Vec<_> = grant.scopes.iter().map(|scope| scope.pattern).collect();
    let session = grant.session.is_none() && tape.once_in(4);
    let ask = |tape: &mut Tape<'_>| {
        let approver =
            tape.pick(&[Approver::Group("oncall"), Approver::Key(40), Approver::Key(41), Approver::Group("unknown")]);
        Ask { pattern: tape.pick(&["*", "send:*", "write:*", "*:a", "read:a"]), approvers: vec![approver], need: 1 }
    };
    let rule = |tape: &mut Tape<'_>| Rule {
        level: tape.pick(&[0, 1, 2, 3, 4]),
        labels: tape.some_of(&LABELS, 1),
        keep: tape.some_of(&actions(None).patterns, 4),
    };
    let mut block = Block {
        aud: if tape.once_in(8) { tape.some_of(&audiences(None).patterns, 2) } else { Vec::new() },
        iat: session.then(|| grant.iat.max(1_500)),
        cnf: Some(10 + u8::try_from(index).unwrap()),
        session,
        scopes: tape.maybe(2, |tape| {
            [vec![refinement(tape, &parents)], tape.several(2, |tape| refinement(tape, &parents))].concat()
        }),
        deny: if tape.once_in(4) { tape.some_of(&SMALL, 2) } else { Vec::new() },
        ask: tape.maybe(3, ask).into_iter().collect(),
        rules: tape.maybe(5, |tape| vec![rule(tape)]),
        level: tape.maybe(8, |tape| grant.mark.level.max(tape.pick(&[0, 1, 2, 3, 4]))),
        labels: if tape.once_in(6) { tape.some_of(&LABELS, 2) } else { Vec::new() },
        clearance: tape.maybe(8, |tape| grant.clearance.min(tape.pick(&[0, 1, 2, 3, 4]))),
        ..Block::default()
    };
    // Now and then something that would widen, unless it happens not to.
    if tape.once_in(8) {
        match tape.below(4) {
            0 => block.level = Some(tape.pick(&[0, 1, 2, 3, 4])),
            1 => block.clearance = Some(tape.pick(&[0, 1, 2, 3, 4])),
            2 => (block.session, block.iat) = (true, Some(grant.iat)),
            _ => {
                let pattern = Some(tape.pick(&actions(None).patterns));
                block.scopes = Some(vec![Stated { index: tape.below(4), pattern, ..stated(tape) }]);
            }
        }
    }
    block
}

fn refinement(tape: &mut Tape<'_>, parents: &[&'static str]) -> Stated {
    let index = if tape.once_in(32) { parents.len() } else { tape.below(parents.len().max(1)) };
    let lies_within = |pattern: &&'static str| {
        parents.get(index).is_some_and(|parent| pattern != parent && actions(None).within(pattern, &[parent]))
    };
    let within: Vec<_> = actions(None).patterns.iter().copied().filter(lies_within).collect();
    let pattern = if within.is_empty() { None } else { tape.maybe(3, |tape| tape.pick(&within)) };
    Stated { index, pattern, ..stated(tape) }
}

/// Conditions, most of which hold for some of the [`points`], and whether other arguments may be there.
fn stated(tape: &mut Tape<'_>) -> Stated {
    let places: Vec<usize> = (0..CONDITIONS.len()).collect();
    let often = [("/n", 3), ("/n", 4), ("/p", 7), ("/p", 6), ("@env", 1), ("@said.q", 1), ("/n", 11), ("/f/n", 11)];
    let often = often.map(|(target, operator)| place(target, operator));
    let conditions = match tape.below(8) {
        0..=3 => Vec::new(),
        4 => tape.some_of(&places, 2),
        _ => tape.some_of(&often, 2),
    };
    Stated { index: 0, pattern: None, conditions, only: tape.once_in(4) }
}

/// Requests that many chains allow: some actions with arguments that satisfy most conditions, and at some mark.
pub(super) fn probes(case: &Case, tape: &mut Tape<'_>, sets: usize) -> Vec<Asked> {
    let all = &actions(None).actions;
    let mut asked = Vec::new();
    let points = points();
    let mark = Mark { level: tape.pick(&[1, 2, 2, 3, 4]), labels: tape.some_of(&LABELS, 1) };
    // A chain that names a ledger is allowed nothing without one.
    let needs_ledger = case.chain.blocks.iter().any(|block| block.ledger.is_some());
    let live = if needs_ledger { case.asked[0].live.clone() } else { Live::default() };
    for action in ["read:a", "write:a", "send:a", tape.pick(all), tape.pick(all), tape.pick(all)] {
        let ask = |point: &Point, mark: &Mark| Asked {
            request: Request {
                audience: case.asked[0].request.audience,
                actions: vec![action],
                point: point.clone(),
                mark: mark.clone(),
                costs: vec![("c", 1), ("dd", 0)],
                ask: Vec::new(),
                needs_own_seal: false,
            },
            live: live.clone(),
            now: NOW,
        };
        asked.extend((0..sets).map(|_| ask(&points[tape.below(points.len())], &Mark::default())));
        if tape.once_in(2) {
            asked.push(ask(&points[0], &mark));
        }
    }
    asked
}

fn points() -> [Point; 8] {
    let n = |value| ("n", Tree::Int(value));
    let p = |text| ("p", Tree::Text(text));
    let at = |members: Vec<(&'static str, Tree)>| Point {
        arguments: Tree::Object(members),
        facts: Vec::new(),
        seen: Vec::new(),
    };
    let fact = |name, value| vec![(name, Tree::Text(value))];
    [
        at(vec![]),
        at(vec![n(1)]),
        at(vec![p("/d/e")]),
        Point { facts: fact("env", "prod"), ..at(vec![n(1), p("/d/e")]) },
        Point { facts: fact("q", "ok"), ..at(vec![("f", Tree::Object(vec![n(1)])), n(5)]) },
        Point { seen: vec![("search", Tree::Text("https://h/"))], ..at(vec![p("https://h/")]) },
        at(vec![p("10.1.2.3"), ("a/b", Tree::Int(1))]),
        Point { facts: fact("env", "prod"), ..at(vec![n(3), p("/x")]) },
    ]
}

fn sealed_behind(case: &Case, blocks: &[Block], seal: &Block) -> Case {
    let count = blocks.len();
    let opens = !blocks.iter().any(|block| block.session);
    let continues = blocks.iter().any(|block| block.continues.is_some());
    let mut blocks = blocks.to_vec();
    if opens {
        let iat = blocks.iter().filter_map(|block| block.iat).max().unwrap_or(0).max(NOW);
        blocks.push(Block { cnf: Some(OPENER), session: true, iat: Some(iat), ..Block::default() });
    }
    blocks.push(seal.clone());
    let asked = |asked: &Asked| {
        let mut asked = Asked { now: NOW, ..asked.clone() };
        asked.request.needs_own_seal = false;
        // One is for one chain, so it says nothing about another, and one that no ask names denies.
        asked.live.approvals.clear();
        if let Some(ledger) = &mut asked.live.ledger {
            ledger.blocks.truncate(count);
            ledger.blocks.resize(count, BlockState::default());
            // Whoever opens a session registers it.
            ledger.blocks.push(BlockState { registered: opens, ..BlockState::default() });
            ledger.first = ledger.first.take().filter(|_| continues);
        }
        asked
    };
    let chain = Chain { blocks, secret: false };
    Case { entry: case.entry.clone(), chain, asked: case.asked.iter().map(asked).collect(), shown: Vec::new() }
}
