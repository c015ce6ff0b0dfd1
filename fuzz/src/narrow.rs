//! Chains that the library itself makes from choices: whatever is stated, each block only takes away (L1, L2, L3), and more of
//! what a ledger knows never frees anything.

use wane::{
    BlockId, Code, Heir, LedgerId, Level, Narrowing, Refusal, RootGrant, Roots, Rule, Seal, SealedToken,
    SignatureCache, Token, TrustedRoot, Verified, decide, mint, verify_with,
};

use crate::choices::Choices;
use crate::forge::{self, Known, NOW};
use crate::laws::{self, freedom};
use crate::live::{self, Seen};
use crate::{asks, check};

/// The ledger that chains name.
pub(crate) const LEDGER: [u8; 16] = [0x1d; 16];

/// All choices.
pub fn run(data: &[u8]) {
    let mut choices = Choices(data);
    let roots = &roots()[choices.below(3)];
    let Some(tokens) = chain(&mut choices) else { return };
    let audience = choices.one_of(&["files:hr", "files", "mail"]);
    let said = choices.below(3);
    let mut known = SignatureCache::new(64);
    let mut chains: Vec<Verified> = Vec::new();
    let mut beyond = false;
    for token in &tokens {
        match token.seal(&seal(audience, said)) {
            Ok(sealed) => {
                assert!(!beyond, "sealed for {audience}, for which its prefix could not be");
                chains.extend(verified(&sealed, roots, &mut known, chains.last()));
            }
            Err(refusal) => {
                check::refusal(&refusal);
                let unopened = refusal.code() == Code::ChainNoSession;
                assert!(!unopened || chains.is_empty(), "{refusal:?}");
                beyond |= !unopened;
            }
        }
    }
    // The seal takes away too.
    if let (Some(token), false) = (tokens.last(), beyond)
        && let Ok(sealed) = token.seal(&narrow_seal(seal(audience, said), &mut choices))
    {
        chains.extend(verified(&sealed, roots, &mut known, chains.last()));
    }
    let Some(last) = chains.last() else { return };
    laws::grants_only_shrink(last);
    let seen = Seen::chosen(last, &mut choices);
    for _ in 0..3 {
        let request = asks::request(last.audience(), &mut choices);
        let now = choices.one_of(&[NOW + 10, NOW + 10, NOW, NOW + 299, NOW + 300, NOW + 3_599, NOW - 31]);
        let answers: Vec<_> =
            chains.iter().map(|verified| decide(verified, &request, &seen.state(verified), now)).collect();
        for (before, after) in answers.iter().zip(&answers[1..]) {
            assert!(freedom(after) <= freedom(before), "{after:?} after {before:?}: {request:?}");
        }
        live::more_is_never_freer(last, &request, &seen, now, &mut choices);
    }
}

/// A token and what it was narrowed to, one block a time.
fn chain(choices: &mut Choices<'_>) -> Option<Vec<Token>> {
    let heir = |index: usize| Heir::carried(&mut Known(forge::key(index).expose_seed()));
    let token = match mint(&grant(choices), forge::key(0), heir(1)) {
        Ok(token) => token,
        Err(refusal) => {
            check::refusal(&refusal);
            return None;
        }
    };
    let mut tokens = vec![token];
    for index in 0..choices.below(5) {
        let last = tokens.last()?;
        let narrowing = narrowing(choices);
        match last.attenuate(&narrowing, heir(index + 2)) {
            Ok(token) => {
                if choices.one_in(4) {
                    let read = Token::parse(&token.expose_text()).expect("it was written");
                    assert_eq!(read.expose_text(), token.expose_text());
                }
                tokens.push(token);
            }
            Err(refusal) => check::refusal(&refusal),
        }
    }
    Some(tokens)
}

fn verified(
    sealed: &SealedToken,
    roots: &Roots,
    known: &mut SignatureCache,
    prefix: Option<&Verified>,
) -> Option<Verified> {
    match verify_with(sealed, roots, &known.known(sealed, roots)) {
        Ok(verified) => {
            known.keep(&verified);
            Some(verified)
        }
        Err(refusal) => {
            check::refusal(&refusal);
            // Only a root entry can refuse what the library made, and it looks at the root block alone.
            assert!(prefix.is_none(), "{refusal:?}");
            None
        }
    }
}

fn roots() -> &'static [Roots; 3] {
    static ROOTS: std::sync::OnceLock<[Roots; 3]> = std::sync::OnceLock::new();
    ROOTS.get_or_init(|| {
        let entry = || TrustedRoot::new(forge::root()).allow_issuer().succeeds(forge::key(2).public_key());
        let scopes = ["read:*", "*:files:* if path under /data open"].map(|scope| scope.parse().expect("a scope"));
        let ceiling = entry().scopes(scopes).rule(Rule::new(Level::Confidential, [], []));
        [entry(), entry().allow_own_ratchet(), ceiling].map(|entry| Roots::new([entry]).expect("a root"))
    })
}

pub(crate) fn parse<T: std::str::FromStr<Err = Refusal>>(choices: &mut Choices<'_>, texts: &[&str]) -> T {
    choices.one_of(texts).parse().expect("a text of its grammar")
}

const SCOPES: [&str; 12] = [
    "*",
    "read:*",
    "read:hr:*",
    "read:*:q3",
    "write:files:*",
    "send:*",
    "read:files:* if path under /data",
    "read:files:q3 if path under /data/reports and limit <= 100 only",
    "* if limit >= 1 and path like /data/* only",
    "*:files:* if names in [a, 1, null] open",
    "send:mail:internal if @env = a and @said.purpose = audit",
    "write:* if path seen search.results and x absent",
];
const PATTERNS: [&str; 9] =
    ["read:*", "read:hr:*", "read:hr:employees", "write:*", "*:files:*", "send:*", "read:*:q3", "delete:*", "*"];
const AUDIENCES: [&str; 6] = ["files:*", "*", "files:hr", "files", "*:hr", "mail"];
const ASKS: [&str; 4] =
    ["send:* by @local", "* by @oncall", "read:hr:* by @local need 2", "write:* by @local, @oncall"];
const NAMES: [&str; 3] = ["pii", "untrusted", "calls"];
/// Around what is spent and what requests cost.
const CAPS: [u64; 5] = [8, 7, 14, 255, 0];
const EXPIRIES: [u64; 6] = [NOW + 3_600, NOW + 600, NOW + 300, NOW + 11, NOW + 3_601, NOW];

fn grant(choices: &mut Choices<'_>) -> RootGrant {
    let issued = choices.one_of(&[NOW, NOW, NOW, NOW + 30, NOW + 31]);
    let mut grant = RootGrant::new(parse(choices, &AUDIENCES), issued, NOW + 3_600);
    for _ in 0..=choices.below(3) {
        grant = grant.scope(parse(choices, &SCOPES));
    }
    if choices.one_in(2) {
        grant = grant.audience(parse(choices, &AUDIENCES));
    }
    if choices.one_in(2) {
        grant = grant.ledger(LedgerId::from_bytes(LEDGER));
        if choices.one_in(2) {
            grant = grant.budget(parse(choices, &NAMES), choices.one_of(&CAPS));
        }
        if choices.one_in(3) {
            grant = grant.continues(BlockId::from_bytes([0xc0; 32]));
        }
    }
    if choices.one_in(4) {
        grant = grant.own_rules(Vec::new());
    }
    if choices.one_in(4) {
        grant = grant.rule(rule(choices));
    }
    if choices.one_in(4) {
        grant = grant.deny(parse(choices, &PATTERNS));
    }
    if choices.one_in(4) {
        grant = grant.ask(parse(choices, &ASKS));
    }
    if choices.one_in(4) {
        grant = grant.raise(level(choices)).label(parse(choices, &NAMES));
    }
    if choices.one_in(4) {
        grant = grant.clearance(level(choices));
    }
    if choices.one_in(4) {
        grant = grant.depth(choices.below(5) as u8).subject("planner");
    }
    if choices.one_in(8) { grant.issuer() } else { grant }
}

fn narrowing(choices: &mut Choices<'_>) -> Narrowing {
    let mut narrowing = Narrowing::new();
    // One to three limits a block: with more, most blocks would be refused for one of them.
    for _ in 0..=choices.below(3) {
        narrowing = match choices.below(16) {
            0 | 1 => narrowing.keep(parse(choices, &SCOPES)),
            2 => narrowing.keep(parse(choices, &SCOPES)).keep(parse(choices, &SCOPES)),
            3 => narrowing.drop(parse(choices, &PATTERNS)),
            4 => narrowing.deny(parse(choices, &PATTERNS)),
            5 => narrowing.ask(parse(choices, &ASKS)),
            6 => narrowing.rule(rule(choices)),
            7 => narrowing.raise(level(choices)),
            8 => narrowing.label(parse(choices, &NAMES)),
            9 => narrowing.clearance(level(choices)),
            10 => narrowing.audience(parse(choices, &AUDIENCES)),
            11 => narrowing.expires_at(choices.one_of(&EXPIRIES)),
            12 => narrowing.not_before(choices.one_of(&EXPIRIES)).subject("reporter"),
            13 => narrowing.ledger(LedgerId::from_bytes(LEDGER)).budget(parse(choices, &NAMES), choices.one_of(&CAPS)),
            14 => narrowing.depth(choices.below(4) as u8),
            _ => match choices.below(4) {
                0 => narrowing.nothing(),
                1 => narrowing.open_session(NOW + 1).continues(BlockId::from_bytes([0xc0; 32])),
                _ => narrowing.open_session(NOW + 1),
            },
        };
    }
    narrowing
}

fn rule(choices: &mut Choices<'_>) -> Rule {
    let labels = if choices.one_in(2) { vec![parse(choices, &NAMES)] } else { Vec::new() };
    let level = level(choices);
    Rule::new(level, labels, (0..choices.below(3)).map(|_| parse(choices, &PATTERNS)).collect::<Vec<_>>())
}

pub(crate) fn level(choices: &mut Choices<'_>) -> Level {
    Level::ALL[choices.below(5)]
}

/// What every holder of a prefix would say.
fn seal(audience: &str, said: usize) -> Seal {
    let seal = Seal::new().audience(audience.parse().expect("an audience"));
    let Some(purpose) = ["audit", "other"].get(said) else { return seal };
    seal.said("purpose".parse().expect("a name"), wane::Value::text(purpose).expect("a value"))
}

fn narrow_seal(seal: Seal, choices: &mut Choices<'_>) -> Seal {
    match choices.below(8) {
        0 => seal.keep(parse(choices, &SCOPES)),
        1 => seal.drop(parse(choices, &PATTERNS)),
        2 => seal.deny(parse(choices, &PATTERNS)),
        3 => seal.raise(level(choices)),
        4 => seal.label(parse(choices, &NAMES)),
        5 => seal.clearance(level(choices)),
        6 => seal.expires_at(choices.one_of(&EXPIRIES)),
        _ => seal.not_before(choices.one_of(&EXPIRIES)),
    }
}
