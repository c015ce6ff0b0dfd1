//! Chains that the library itself makes from choices: whatever is stated, each block only takes away (L1, L2, L3), what any
//! block states holds for the whole chain, and more of what a ledger knows never frees anything.

use wane::{
    BlockId, Code, Decision, Heir, LedgerId, Level, Mark, Narrowing, Pattern, Refusal, Request, RootGrant, Roots, Rule,
    Seal, SealedToken, SignatureCache, Token, TrustedRoot, Verified, decide, mint, verify_with,
};

use crate::choices::Choices;
use crate::forge::{self, Known, NOW};
use crate::laws::{self, freedom};
use crate::limits::{self, Limit};
use crate::live::{self, Seen};
use crate::{asks, check};

/// The ledger that chains name.
pub(crate) const LEDGER: [u8; 16] = [0x1d; 16];

/// All choices.
pub fn run(data: &[u8]) {
    let mut choices = Choices(data);
    let roots = &roots()[choices.below(3)];
    let Some((tokens, mut stated)) = chain(&mut choices) else { return };
    let audience = choices.one_of(&["files:hr", "files", "mail"]);
    let said = choices.below(3);
    let mut known = SignatureCache::new(64);
    let mut chains: Vec<Verified> = Vec::new();
    let (mut beyond, mut narrowed) = (false, false);
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
    if let (Some(token), false) = (tokens.last(), beyond) {
        let limit = sealed_limit(&mut choices);
        if let Ok(sealed) = token.seal(&limit.seal(seal(audience, said))) {
            chains.extend(verified(&sealed, roots, &mut known, chains.last()));
            stated.push(vec![limit]);
            narrowed = true;
        }
    }
    let Some(last) = chains.last() else { return };
    // A plain seal states nothing; where a later token could not be sealed, its blocks are not in this chain.
    stated.truncate(last.chain().blocks().len() - usize::from(!narrowed));
    laws::grants_only_shrink(last);
    assert!(reaches(last.grant().mark(), &limits::mark(&stated)), "{last:?}");
    let seen = Seen::chosen(last, &mut choices);
    for _ in 0..3 {
        let request = asks::request(last.audience(), &mut choices);
        let now = choices.one_of(&[NOW + 10, NOW + 10, NOW, NOW + 299, NOW + 300, NOW + 3_599, NOW - 31]);
        for request in asks::with_any_arguments(&request) {
            only_less(&chains, &stated, &seen, &request, now);
        }
        live::more_is_never_freer(last, &request, &seen, now, &mut choices);
    }
}

/// No chain is freer than the one before it, and the last is no freer than what all its blocks state.
fn only_less(chains: &[Verified], stated: &[Vec<Limit>], seen: &Seen, request: &Request, now: u64) {
    let mut before = 2;
    for verified in chains {
        let answer = decide(verified, request, &seen.state(verified), now);
        assert!(freedom(&answer) <= before, "{answer:?} after {before}: {request:?} of {verified:?}");
        before = freedom(&answer);
        if let Decision::Allow(permit) = answer {
            assert!(reaches(permit.mark(), verified.grant().mark()), "{permit:?} of {verified:?}");
        }
    }
    let most = limits::leave(stated, request, now);
    assert!(before <= most, "freedom {before} of {request:?}, of which {most} is left: {:?}", chains.last());
}

fn reaches(mark: &Mark, other: &Mark) -> bool {
    mark.reaches(other.level(), &other.labels().cloned().collect::<Vec<_>>())
}

/// A token and what it was narrowed to, one block a time; and what each block states.
fn chain(choices: &mut Choices<'_>) -> Option<(Vec<Token>, Vec<Vec<Limit>>)> {
    let heir = |index: usize| Heir::carried(&mut Known(forge::key(index).expose_seed()));
    let (grant, limits) = grant(choices);
    let token = match mint(&grant, forge::key(0), heir(1)) {
        Ok(token) => token,
        Err(refusal) => {
            check::refusal(&refusal);
            return None;
        }
    };
    let (mut tokens, mut stated) = (vec![token], vec![limits]);
    for index in 0..choices.below(5) {
        let last = tokens.last()?;
        let (narrowing, limits) = narrowing(choices);
        match last.attenuate(&narrowing, heir(index + 2)) {
            Ok(token) => {
                if choices.one_in(4) {
                    let read = Token::parse(&token.expose_text()).expect("it was written");
                    assert_eq!(read.expose_text(), token.expose_text());
                }
                tokens.push(token);
                stated.push(limits);
            }
            Err(refusal) => check::refusal(&refusal),
        }
    }
    Some((tokens, stated))
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

fn grant(choices: &mut Choices<'_>) -> (RootGrant, Vec<Limit>) {
    let issued = choices.one_of(&[NOW, NOW, NOW, NOW + 30, NOW + 31]);
    let first: Pattern = parse(choices, &AUDIENCES);
    let mut grant = RootGrant::new(first.clone(), issued, NOW + 3_600);
    let mut limits = Vec::new();
    for _ in 0..=choices.below(3) {
        limits.push(Limit::Keep(parse(choices, &SCOPES)));
    }
    if choices.one_in(2) {
        limits.push(Limit::Audience(parse(choices, &AUDIENCES)));
    }
    if choices.one_in(2) {
        grant = grant.ledger(LedgerId::from_bytes(LEDGER));
        if choices.one_in(2) {
            limits.push(Limit::Cap(parse(choices, &NAMES), choices.one_of(&CAPS)));
        }
        if choices.one_in(3) {
            grant = grant.continues(BlockId::from_bytes([0xc0; 32]));
        }
    }
    if choices.one_in(4) {
        grant = grant.own_rules(Vec::new());
    }
    if choices.one_in(4) {
        limits.push(Limit::Rule(rule(choices)));
    }
    if choices.one_in(4) {
        limits.push(Limit::Deny(parse(choices, &PATTERNS)));
    }
    if choices.one_in(4) {
        limits.push(Limit::Ask(parse(choices, &ASKS)));
    }
    if choices.one_in(4) {
        limits.push(Limit::Raise(level(choices)));
        limits.push(Limit::Label(parse(choices, &NAMES)));
    }
    if choices.one_in(4) {
        limits.push(Limit::Clearance(level(choices)));
    }
    if choices.one_in(4) {
        limits.push(Limit::Depth(choices.below(5) as u8));
        grant = grant.subject("planner");
    }
    if choices.one_in(8) {
        grant = grant.issuer();
    }
    let grant = limits.iter().fold(grant, |grant, limit| limit.grant(grant));
    // The constructor states these two.
    limits.extend([Limit::Audience(first), Limit::Ends(NOW + 3_600)]);
    (grant, limits)
}

fn narrowing(choices: &mut Choices<'_>) -> (Narrowing, Vec<Limit>) {
    let mut narrowing = Narrowing::new();
    let mut limits = Vec::new();
    // One to three limits a block: with more, most blocks would be refused for one of them.
    for _ in 0..=choices.below(3) {
        match choices.below(16) {
            0 | 1 => limits.push(Limit::Keep(parse(choices, &SCOPES))),
            2 => limits.extend([Limit::Keep(parse(choices, &SCOPES)), Limit::Keep(parse(choices, &SCOPES))]),
            3 => limits.push(Limit::Drop(parse(choices, &PATTERNS))),
            4 => limits.push(Limit::Deny(parse(choices, &PATTERNS))),
            5 => limits.push(Limit::Ask(parse(choices, &ASKS))),
            6 => limits.push(Limit::Rule(rule(choices))),
            7 => limits.push(Limit::Raise(level(choices))),
            8 => limits.push(Limit::Label(parse(choices, &NAMES))),
            9 => limits.push(Limit::Clearance(level(choices))),
            10 => limits.push(Limit::Audience(parse(choices, &AUDIENCES))),
            11 => limits.push(Limit::Ends(choices.one_of(&EXPIRIES))),
            12 => {
                limits.push(Limit::Starts(choices.one_of(&EXPIRIES)));
                narrowing = narrowing.subject("reporter");
            }
            13 => {
                narrowing = narrowing.ledger(LedgerId::from_bytes(LEDGER));
                limits.push(Limit::Cap(parse(choices, &NAMES), choices.one_of(&CAPS)));
            }
            14 => limits.push(Limit::Depth(choices.below(4) as u8)),
            _ => match choices.below(4) {
                0 => limits.push(Limit::Nothing),
                1 => narrowing = narrowing.open_session(NOW + 1).continues(BlockId::from_bytes([0xc0; 32])),
                _ => narrowing = narrowing.open_session(NOW + 1),
            },
        }
    }
    (limits.iter().fold(narrowing, |narrowing, limit| limit.narrow(narrowing)), limits)
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

fn sealed_limit(choices: &mut Choices<'_>) -> Limit {
    match choices.below(8) {
        0 => Limit::Keep(parse(choices, &SCOPES)),
        1 => Limit::Drop(parse(choices, &PATTERNS)),
        2 => Limit::Deny(parse(choices, &PATTERNS)),
        3 => Limit::Raise(level(choices)),
        4 => Limit::Label(parse(choices, &NAMES)),
        5 => Limit::Clearance(level(choices)),
        6 => Limit::Ends(choices.one_of(&EXPIRIES)),
        _ => Limit::Starts(choices.one_of(&EXPIRIES)),
    }
}
