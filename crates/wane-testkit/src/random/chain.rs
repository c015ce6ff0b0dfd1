//! A chain that mostly narrows. What is in force is followed just as far as it takes to mostly fit.

use super::Dice;
use super::request::{Asked, LEDGER, OTHER_LEDGER};
use super::words::{AUDIENCES, COUNTERS, LABELS, PATTERNS, conditions, within};
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, IAT, NOW};
use crate::key::{ROOT, hint, public};
use crate::list;

/// The keys of approvers: two of the group `@oncall`, `@local`, and one that nobody names.
pub(super) const APPROVERS: [u8; 4] = [0x51, 0x52, 0x53, 0x54];

/// A chain, and what was put into it that requests and states refer to.
pub(super) struct Grown {
    pub(super) chain: Chain,
    /// The id of the last block before the seal.
    pub(super) last: [u8; 32],
    /// What approvals are asked to sign.
    pub(super) digest: [u8; 32],
    /// Whether another session is continued.
    pub(super) continues: bool,
}

/// What is in force, roughly.
struct Grant {
    auds: Vec<&'static str>,
    scopes: Vec<String>,
    exp: u64,
    iat: u64,
    level: u64,
    clearance: u64,
    caps: [Option<u64>; 2],
    ledger: bool,
    session: bool,
    depth: u64,
}

impl Grown {
    pub(super) fn thrown(dice: &mut Dice, asked: &Asked) -> Self {
        let mut grant = Grant {
            auds: Vec::new(),
            scopes: Vec::new(),
            exp: EXP,
            iat: IAT,
            level: 0,
            clearance: 4,
            caps: [None, None],
            ledger: false,
            session: false,
            depth: 14,
        };
        let mut continues = false;
        let claims = root(dice, asked, &mut grant, &mut continues);
        let mut chain = Chain::behind(ROOT).put(&Block::new(0, &claims));
        for _ in 0..*dice.one(&[0, 0, 1, 1, 1, 2, 3, 5]) {
            let claims = later(dice, asked, &mut grant, &mut continues, Place::Delegate);
            chain = chain.delegate(claims);
        }
        let last = chain.previous;
        let mut claims = later(dice, asked, &mut grant, &mut continues, Place::Seal);
        let said: Vec<(Item, Item)> = match dice.below(3) {
            0 => vec![("purpose".into(), dice.word(&["payroll", "audit"]).into())],
            _ => Vec::new(),
        };
        if !said.is_empty() {
            claims = claims.said(Item::Map(said.clone()));
        }
        let digest = asked.digest(said);
        if dice.in_hundred(35) {
            let digest = if dice.in_hundred(90) { digest } else { [7; 32] };
            let exp = NOW.min(grant.exp) + *dice.one(&[60, 240, 240, 300, 300, 301]);
            claims = claims.cti(7).iat(NOW.max(grant.iat)).exp(exp).digest(digest);
        }
        Self { chain: chain.seal(claims), last, digest, continues }
    }
}

/// A few claims that stand in any block and combine by being added.
fn added(dice: &mut Dice, mut claims: Claims, grant: &mut Grant) -> Claims {
    if dice.in_hundred(4) {
        claims = claims.deny(&[dice.word(PATTERNS)]);
    }
    if dice.in_hundred(20) {
        let approvers: [Item; 5] = [
            "@oncall".into(),
            "@local".into(),
            public(APPROVERS[0]).into(),
            public(APPROVERS[3]).into(),
            "@nobody".into(),
        ];
        let named = dice.some(&approvers, 35).into_iter().cloned().collect::<Vec<_>>();
        let named = if named.is_empty() { vec![Item::from("@oncall")] } else { named };
        claims = claims.ask(list![list![dice.word(PATTERNS), Item::List(named), *dice.one(&[1_i32, 1, 1, 2])]]);
    }
    if dice.in_hundred(8) {
        let labels: Vec<String> = dice.some(LABELS, 25).into_iter().map(|label| (*label).to_owned()).collect();
        let keep: Vec<String> =
            dice.some(&["read:*", "write:*", "read:hr:*", "*"], 40).into_iter().map(|p| (*p).to_owned()).collect();
        claims = claims.rules(list![list![dice.below(5), Item::texts(&labels), Item::texts(&keep)]]);
    }
    if dice.in_hundred(15) {
        let labels: Vec<&str> = dice.some(LABELS, 40).into_iter().copied().collect();
        if !labels.is_empty() {
            claims = claims.labels(&labels);
        }
    }
    if dice.in_hundred(15) {
        let rises = if dice.in_hundred(95) { grant.level } else { 0 };
        grant.level = (rises + dice.below(2)).min(4);
        claims = claims.level(grant.level);
    }
    if dice.in_hundred(12) {
        grant.clearance =
            if dice.in_hundred(92) { grant.clearance - dice.below(2).min(grant.clearance) } else { dice.below(5) };
        claims = claims.clearance(grant.clearance);
    }
    if dice.in_hundred(15) {
        claims = claims.subject(dice.word(&["planner", "reporter"]));
    }
    claims
}

fn root(dice: &mut Dice, asked: &Asked, grant: &mut Grant, continues: &mut bool) -> Claims {
    let mut claims = Claims::new().exp(EXP).iat(IAT).cnf(2).hint(hint(ROOT));
    grant.auds = match dice.below(10) {
        0 => vec!["files", "mail"],
        1 => vec!["mail", "files:*", "files"],
        2 => vec!["*"],
        3 => vec![dice.word(AUDIENCES)],
        _ => vec![asked.aud],
    };
    claims = audiences(claims, &grant.auds);
    let mut scopes = Vec::new();
    for _ in 0..*dice.one(&[1, 1, 2, 2, 3, 0]) {
        let pattern =
            if dice.in_hundred(45) { (*dice.one(&asked.actions)).to_owned() } else { dice.word(PATTERNS).to_owned() };
        scopes.push(match dice.below(5) {
            0 => list![pattern.as_str(), conditions(dice)],
            1 if dice.in_hundred(60) => list![pattern.as_str(), conditions(dice), true],
            1 => list![pattern.as_str(), list![], true],
            _ => pattern.as_str().into(),
        });
        grant.scopes.push(pattern);
    }
    claims = claims.scopes(Item::List(scopes));
    if dice.in_hundred(6) {
        claims = claims.nbf(*dice.one(&[IAT, IAT, NOW + 30, NOW + 31]));
    }
    if dice.in_hundred(8) {
        grant.depth = dice.below(6);
        claims = claims.depth(grant.depth);
    }
    claims = added(dice, claims, grant);
    live(dice, claims, grant, continues, 94)
}

fn audiences(claims: Claims, auds: &[&str]) -> Claims {
    match auds {
        [aud] => claims.aud(aud),
        auds => claims.auds(auds),
    }
}

/// Session, ledger and budgets.
fn live(dice: &mut Dice, mut claims: Claims, grant: &mut Grant, continues: &mut bool, opens: u64) -> Claims {
    if dice.in_hundred(25) {
        grant.ledger = true;
        claims = claims.ledger(if dice.in_hundred(93) { LEDGER } else { OTHER_LEDGER });
    }
    let opens = if grant.session { 1 } else { opens };
    if dice.in_hundred(opens) {
        grant.session = true;
        claims = claims.session();
        if dice.in_hundred(if grant.ledger { 30 } else { 2 }) {
            *continues = true;
            claims = claims.continues([0x77; 32]);
        }
    }
    if dice.in_hundred(if grant.ledger { 45 } else { 1 }) {
        let mut budgets = Vec::new();
        for (counter, cap) in COUNTERS.iter().zip(&mut grant.caps) {
            if dice.in_hundred(50) {
                let next = if dice.in_hundred(92) { dice.below(cap.unwrap_or(9) + 1) } else { 20 };
                *cap = Some(next);
                budgets.push((*counter, next));
            }
        }
        if !budgets.is_empty() {
            claims = claims.budgets(&budgets);
        }
    }
    claims
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Delegate,
    Seal,
}

fn later(dice: &mut Dice, asked: &Asked, grant: &mut Grant, continues: &mut bool, place: Place) -> Claims {
    let mut claims = Claims::new();
    if dice.in_hundred(45) {
        let mut next = Vec::new();
        let mut list = Vec::new();
        for (index, pattern) in grant.scopes.clone().into_iter().enumerate() {
            if !dice.in_hundred(80) {
                continue;
            }
            let index = if dice.in_hundred(99) { index } else { 9 };
            let narrower = if dice.in_hundred(95) { within(dice, &pattern) } else { dice.word(PATTERNS).to_owned() };
            let stated = if narrower == pattern && dice.in_hundred(97) { Item::NULL } else { narrower.as_str().into() };
            list.push(match (dice.below(4), stated == Item::NULL) {
                (0, _) => list![index, stated, conditions(dice)],
                (1, _) if dice.in_hundred(30) => list![index, stated, list![], true],
                (_, true) => index.into(),
                (_, false) => list![index, stated],
            });
            next.push(narrower);
        }
        grant.scopes = next;
        claims = claims.scopes(Item::List(list));
    }
    if dice.in_hundred(35) {
        grant.exp = if dice.in_hundred(97) { grant.exp - dice.below(600) } else { grant.exp + 1 };
        claims = claims.exp(grant.exp);
    }
    if dice.in_hundred(20) {
        let iat =
            if dice.in_hundred(96) { grant.iat + *dice.one(&[0, 1, 1, 59, 60, 60, 90, 91]) } else { grant.iat - 1 };
        grant.iat = iat;
        claims = claims.iat(iat);
    }
    if dice.in_hundred(4) {
        claims = claims.nbf(*dice.one(&[IAT + 1, NOW, NOW + 30, NOW + 31]));
    }
    let one = matches!(grant.auds.as_slice(), [aud] if !aud.contains('*'));
    if dice.in_hundred(if one {
        3
    } else if place == Place::Seal {
        96
    } else {
        20
    }) {
        grant.auds = vec![if dice.in_hundred(92) { asked.aud } else { dice.word(&["mail", "files:eu", "files:*"]) }];
        claims = audiences(claims, &grant.auds);
    }
    claims = added(dice, claims, grant);
    if place == Place::Delegate || dice.in_hundred(3) {
        claims = live(dice, claims, grant, continues, 60);
        if claims.states_session() && !claims.states(6) && dice.in_hundred(97) {
            claims = claims.iat(grant.iat);
        }
    }
    if place == Place::Delegate && dice.in_hundred(8) {
        claims = claims.depth(dice.below(grant.depth.max(1) + 1));
    }
    grant.depth = grant.depth.saturating_sub(1);
    claims
}
