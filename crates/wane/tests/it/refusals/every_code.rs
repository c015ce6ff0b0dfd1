//! No code without an input that provokes it.

use std::collections::BTreeSet;

use ciborium::value::Value;
use wane::{
    Action, Arguments, Code, Decision, Heir, Level, LiveState, Narrowing, Pattern, PublicKey, Refusal, Request,
    RootGrant, Roots, Rule, Scope, Seal, SealedToken, Signer, SignerError, Token, TrustedRoot, UntrustedToken, decide,
    mint, verify,
};

use crate::forge::{
    EXP, Forged, IAT, NOW, OPS, OTHER, Payload, Rng, bytes, cbor, head, int, json, key, line, list, map, public,
    request, secret, text, texts, time, token,
};

/// Codes that this crate cannot be brought to answer with, and who does.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::ParseMessage, "wane-gateway"),
    (Code::DenyMethod, "wane-gateway"),
    (Code::DenyNoToken, "wane-gateway"),
    (Code::DenyTokenPlace, "wane-gateway"),
    (Code::DenyOrigin, "wane-gateway"),
    (Code::ParseCertificate, "wane-gateway"),
    (Code::ParseCatalogue, "wane-policy"),
    (Code::DenyUnlisted, "wane-policy"),
    (Code::DenyRoute, "wane-policy"),
    (Code::DenyUnmatched, "wane-policy"),
    (Code::DenyTemplate, "wane-policy"),
    (Code::DenyPin, "wane-policy"),
    (Code::ParseRecord, "wane-audit"),
    (Code::ParseCheckpoint, "wane-audit"),
    (Code::ParseProof, "wane-audit"),
    (Code::StateLogBroken, "wane-audit"),
    (Code::StateLogFork, "wane-audit"),
    (Code::StateCheckpointKey, "wane-audit"),
    (Code::StateUnreachable, "wane-ledger"),
    (Code::StateFull, "wane-ledger"),
    (Code::StateReadOnly, "wane-ledger"),
    (Code::StateLocked, "wane-ledger"),
    (Code::StateRolledBack, "wane-ledger"),
    (Code::StateOutcomeUnknown, "wane-ledger"),
    (Code::StateSchema, "wane-ledger"),
    (Code::StateAsyncCommit, "wane-ledger"),
    (Code::StatePooler, "wane-ledger"),
    (Code::StateLogSecret, "wane-ledger"),
    (Code::StatePendingFull, "wane-ledger"),
    (Code::UseLedgerExists, "wane-ledger"),
    (Code::UseLedgerUrl, "wane-ledger"),
    (Code::UsePermit, "wane-tower"),
];

fn root() -> Payload {
    Payload::root(OPS, 10)
}

fn from_root(payload: &Payload) -> Result<wane::Verified, Refusal> {
    Forged::from_root(payload).seal(10, &Payload::seal()).verified()
}

fn raw_root(payload: &[u8]) -> Result<wane::Verified, Refusal> {
    Forged::behind(OPS).raw(0, OPS, payload).seal(10, &Payload::seal()).verified()
}

/// A root block whose `exp` is these bytes.
fn exp(value: &[u8]) -> Result<wane::Verified, Refusal> {
    raw_root(&crate::forge::replaced(&root().bytes(), &[0x04, 0x19, 0x11, 0xf8], &[&[0x04], value].concat()))
}

fn behind(delegate: Payload) -> Result<wane::Verified, Refusal> {
    behind_root(&root(), delegate)
}

fn behind_root(root: &Payload, delegate: Payload) -> Result<wane::Verified, Refusal> {
    Forged::from_root(root)
        .delegate(10, &delegate.claim(8, crate::forge::cnf(11)))
        .seal(11, &Payload::seal())
        .verified()
}

fn sealed(seal: Payload) -> Result<wane::Verified, Refusal> {
    Forged::minted().seal(10, &seal).verified()
}

fn entry(entry: impl FnOnce(TrustedRoot) -> TrustedRoot, root: &Payload) -> Result<wane::Verified, Refusal> {
    let sealed = Forged::from_root(root).seal(10, &Payload::seal()).sealed()?;
    verify(&sealed, &Roots::new([entry(TrustedRoot::new(public(OPS)))])?)
}

fn deny_of(answer: Result<wane::Verified, Refusal>, request: &Request, now: u64) -> Result<(), Refusal> {
    match decide(&answer?, request, &LiveState::without_ledger(), now) {
        Decision::Allow(_) => Ok(()),
        Decision::Ask(ask) => Err(ask.refusal().clone()),
        Decision::Deny(refusal) => Err(refusal),
    }
}

fn condition(scope: &str, arguments: &str) -> Result<(), Refusal> {
    let grant = RootGrant::new("files".parse()?, IAT, EXP).scope(scope.parse()?);
    let sealed = mint(&grant, &secret(OPS), Heir::carried(&mut Rng::new(1)))?.seal(&Seal::new())?;
    deny_of(verify(&sealed, &Roots::single(public(OPS))), &request("read:a").arguments(json(arguments)), NOW)
}

fn minted() -> Result<Token, Refusal> {
    mint(&RootGrant::new("files".parse()?, IAT, EXP), &secret(OPS), Heir::carried(&mut Rng::new(1)))
}

struct Locked;

impl Signer for Locked {
    fn public_key(&self) -> PublicKey {
        public(OPS)
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignerError> {
        Err(SignerError::new("no card"))
    }
}

/// Something that is answered with `code`.
#[allow(clippy::too_many_lines, reason = "one line a code")]
fn provoke(code: Code) -> Option<Result<(), Refusal>> {
    let nothing = |answer: Result<wane::Verified, Refusal>| answer.map(|_| ());
    let read = |bytes: &[u8]| SealedToken::from_bytes(bytes).map(|_| ());
    let public_read = || request("read:a");
    let scope = |conditions: Value| root().scopes([list([text("read:*"), list([conditions])])]);
    let ledger = || bytes(&[1; 16]);
    let calls = |cap: i64| map([(text("calls"), int(cap))]);
    let seal_for = |exp: u64| Payload::request_seal([0; 32], NOW, exp);
    let ask = |who: &str| root().private(6, list([list([text("*"), texts(&[who]), int(1)])]));
    let labels: Vec<Value> = (0..16).map(|i| text(&format!("l{i:02}"))).collect();
    let roots = |hint: u8| Forged::behind(hint).block(0, hint, &Payload::root(hint, 10)).seal(10, &Payload::seal());
    Some(match code {
        Code::ParseText => UntrustedToken::parse("x").map(|_| ()),
        Code::ParsePrefix => UntrustedToken::parse(&line("wane1.sealed.", &Forged::minted().bytes())).map(|_| ()),
        Code::ParseTooLarge => read(&[0; 16_385]),
        Code::ParseTruncated => read(&[0x81]),
        Code::ParseTrailingBytes => read(&[0x80, 0x80]),
        Code::ParseNotShortest => nothing(exp(&[0x1a, 0, 0, 0x11, 0xf8])),
        Code::ParseIndefinite => read(&[0x9f, 0xff]),
        Code::ParseFloat => nothing(exp(&[0xf9, 0x6c, 0x7e])),
        Code::ParseTag => nothing(exp(&[0xc1, 0x19, 0x11, 0xf8])),
        Code::ParseSimple => nothing(exp(&[0xf7])),
        Code::ParseReserved => nothing(exp(&[0x1c])),
        Code::ParseUtf8 => read(&[0x61, 0xff]),
        Code::ParseTooDeep => read(&[0x81; 10]),
        Code::ParseKeyOrder => nothing(raw_root(&[0xa2, 0x04, 0x00, 0x03, 0x00])),
        Code::ParseDuplicateKey => nothing(from_root(&root().also(4, time(EXP)))),
        Code::ParseEnvelope => read(&cbor(&list([list([])]))),
        Code::ParseTooManyBlocks => read(&[vec![0x81], head(4, 17), vec![0; 17]].concat()),
        Code::ParseUnknownClaim => nothing(from_root(&root().claim(99, int(1)))),
        Code::ParseMissingClaim => nothing(from_root(&root().without(4))),
        Code::ParseMisplacedClaim => nothing(behind(Payload::default().private(16, int(1)))),
        Code::ParseClaimType => nothing(from_root(&root().claim(4, text("soon")))),
        Code::ParseNotCanonical => nothing(from_root(&root().private(5, list([])))),
        Code::ParseLimit => nothing(from_root(&root().private(12, int(15)))),
        Code::ParseKey => PublicKey::from_bytes(&[0; 32]).map(|_| ()),
        Code::ParsePattern => "read:".parse::<Pattern>().map(|_| ()),
        Code::ParseName => "Pii".parse::<wane::Name>().map(|_| ()),
        Code::ParseLevel => nothing(from_root(&root().private(8, int(5)))),
        Code::ParseCondition => nothing(from_root(&scope(list([text("/a"), int(99), int(1)])))),
        Code::ParseScope => "read:* when x = 1".parse::<Scope>().map(|_| ()),
        Code::ParseTime => nothing(from_root(&root().claim(4, time(u64::MAX)))),
        Code::ParseJson => Arguments::from_json(b"[]").map(|_| ()),
        Code::ParseJsonDuplicate => Arguments::from_json(br#"{"a":1,"a":2}"#).map(|_| ()),
        Code::ParseJsonNumber => Arguments::from_json(br#"{"a":1e400}"#).map(|_| ()),
        Code::ParseRoots => Roots::new([]).map(|_| ()),
        Code::ChainUnsealed => read(&Forged::minted().bytes()),
        Code::ChainCarriesSecret => read(&token(&roots(OPS).envelopes, Some(&[10; 32]))),
        Code::ChainSecret => Token::from_bytes(&token(&Forged::minted().envelopes, Some(&[9; 32]))).map(|_| ()),
        Code::ChainUnknownRoot => nothing(roots(OTHER).verified()),
        Code::ChainSignature => nothing(Forged::minted().seal(11, &Payload::seal()).verified()),
        Code::ChainRoot => nothing(entry(|entry| entry.longest(60), &root())),
        Code::ChainMintWindow => nothing(entry(|entry| entry.minting_until(IAT), &root())),
        Code::ChainNoSession => nothing(entry(TrustedRoot::allow_issuer, &root().without_private(1))),
        Code::ChainSecondSession => nothing(behind(Payload::default().private(1, true.into()).claim(6, time(IAT)))),
        Code::ChainIssuer => nothing(from_root(&root().without_private(1))),
        Code::ChainSealSession => nothing(sealed(Payload::seal().private(1, true.into()).claim(6, time(IAT)))),
        Code::ChainSealClaim => nothing(sealed(Payload::seal().private(12, int(0)))),
        Code::ChainContinues => nothing(from_root(&root().private(2, bytes(&[1; 32])))),
        Code::ChainAudience => nothing(behind(Payload::default().claim(3, text("mail")))),
        Code::ChainSealAudience => nothing(from_root(&root().claim(3, text("*")))),
        Code::ChainExpiry => nothing(behind(Payload::default().claim(4, time(EXP + 1)))),
        Code::ChainNotBefore => {
            nothing(behind_root(&root().claim(5, time(1_500)), Payload::default().claim(5, time(1_499))))
        }
        Code::ChainIssuedAt => nothing(behind(Payload::default().claim(6, time(IAT - 1)))),
        Code::ChainEmptyTime => nothing(from_root(&root().claim(4, time(IAT)))),
        Code::ChainScopeWider => nothing(behind(Payload::default().scopes([list([int(0), text("*")])]))),
        Code::ChainScopeIndex => nothing(behind(Payload::default().scopes([int(1)]))),
        Code::ChainScopeRepeats => nothing(behind(Payload::default().scopes([list([int(0), text("read:*")])]))),
        Code::ChainLevel => nothing(behind_root(&root().private(8, int(2)), Payload::default().private(8, int(1)))),
        Code::ChainClearance => {
            nothing(behind_root(&root().private(10, int(1)), Payload::default().private(10, int(2))))
        }
        Code::ChainDepth => nothing(behind_root(&root().private(12, int(0)), Payload::default())),
        Code::ChainLedger => nothing(from_root(&root().private(11, calls(1)))),
        Code::ChainBudget => {
            let bound = root().private(3, ledger()).private(11, calls(1));
            nothing(behind_root(&bound, Payload::default().private(11, calls(2))))
        }
        Code::ChainRequestSeal => nothing(sealed(seal_for(NOW + 301))),
        Code::DenyAudience => deny_of(from_root(&root().claim(3, text("mail"))), &public_read(), NOW),
        Code::DenyExpired => deny_of(from_root(&root()), &public_read(), EXP),
        Code::DenyNotYetValid => deny_of(from_root(&root().claim(5, time(NOW + 31))), &public_read(), NOW),
        Code::DenyIssuedInFuture => deny_of(from_root(&root()), &public_read(), IAT - 31),
        Code::DenyOtherRequest => deny_of(sealed(seal_for(NOW + 300)), &public_read(), NOW),
        Code::DenyNotForOneRequest => deny_of(from_root(&root()), &public_read().require_request_seal(), NOW),
        Code::StateNoLedger => deny_of(from_root(&root().private(3, ledger())), &public_read(), NOW),
        Code::DenyLabels => {
            deny_of(from_root(&root().private(9, list(labels))), &public_read().label("x".parse().unwrap()), NOW)
        }
        Code::DenyClearance => {
            let asked =
                Request::for_actions("files".parse().unwrap(), vec!["read:a".parse().unwrap()], Level::Internal);
            deny_of(from_root(&root().private(10, int(0))), &asked.unwrap(), NOW)
        }
        Code::DenyRatchet => {
            deny_of(entry(|entry| entry.rule(Rule::new(Level::Public, [], [])), &root()), &public_read(), NOW)
        }
        Code::DenyPattern => deny_of(from_root(&root().private(5, texts(&["read:a"]))), &public_read(), NOW),
        Code::DenyScope => deny_of(from_root(&root()), &request("write:a"), NOW),
        Code::DenyMissingArgument => condition("read:* if a = 1", "{}"),
        Code::DenyMissingFact => condition("read:* if @a = 1", "{}"),
        Code::DenyArgumentShape => condition("read:* if a = 1", r#"{"a": []}"#),
        Code::DenyArgumentType => condition("read:* if a = 1", r#"{"a": "1"}"#),
        Code::DenyCondition => condition("read:* if a = 1", r#"{"a": 2}"#),
        Code::DenyPath => condition("read:* if a under /data", r#"{"a": "/data/../etc"}"#),
        Code::DenyUrl => condition("read:* if a host b", r#"{"a": "http://a@b/"}"#),
        Code::DenyAddress => condition("read:* if a cidr 127.0.0.0/8", r#"{"a": "127.1"}"#),
        Code::DenyOnly => condition("read:* if a = 1", r#"{"a": 1, "b": 1}"#),
        Code::DenyCeiling => {
            let entry = wane::TrustedRoot::new(public(OPS)).scopes(["read:* if path under /data".parse().unwrap()]);
            let sealed = Forged::from_root(&root()).seal(10, &Payload::seal()).sealed();
            let verified = sealed.and_then(|sealed| verify(&sealed, &Roots::new([entry])?));
            deny_of(verified, &public_read(), NOW)
        }
        Code::DenyGroup => deny_of(from_root(&ask("@nobody")), &public_read(), NOW),
        Code::DenyNeedsApproval => deny_of(from_root(&ask("@local")), &public_read(), NOW),
        Code::UseActions => Request::for_actions("files".parse().unwrap(), vec![], Level::Public).map(|_| ()),
        Code::UseCall => {
            let (one, other) = ("read:a".parse().unwrap(), "read:b".parse().unwrap());
            Request::new("files".parse().unwrap(), wane::Call::actions(&[one]), vec![other], Level::Public).map(|_| ())
        }
        Code::UseBuilder => minted().and_then(|token| {
            let said = |seal: Seal, value| Ok::<_, Refusal>(seal.said("n".parse()?, wane::Value::Bool(value)));
            token.seal(&said(said(Seal::new(), true)?, false)?).map(|_| ())
        }),
        Code::UseDrop => minted().and_then(|token| {
            token.attenuate(&Narrowing::new().drop("read:*".parse()?), Heir::carried(&mut Rng::new(2))).map(|_| ())
        }),
        Code::UseKey => minted().and_then(|token| token.seal_as(&secret(OPS), &Seal::new()).map(|_| ())),
        Code::UseKeyReused => {
            minted().and_then(|token| token.attenuate(&Narrowing::new(), Heir::carried(&mut Rng::new(1))).map(|_| ()))
        }
        Code::UseSigner => {
            let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP);
            mint(&grant, &Locked, Heir::carried(&mut Rng::new(1))).map(|_| ())
        }
        Code::UseNoSecret => {
            let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP);
            mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1)))
                .and_then(|token| token.seal(&Seal::new()).map(|_| ()))
        }
        code => return crate::live::provoke(code),
    })
}

#[test]
fn every_code_is_provoked() {
    let elsewhere: BTreeSet<Code> = ELSEWHERE.iter().map(|(code, _)| *code).collect();
    for code in Code::ALL {
        match provoke(*code) {
            Some(answer) => {
                let refusal = answer.expect_err(code.as_str());
                assert_eq!(refusal.code(), *code, "{refusal:?}");
                let line = refusal.to_string();
                let starts_lower = line.chars().next().is_some_and(|c| !c.is_uppercase());
                assert!(starts_lower && !line.contains(['\n', '{', '}']), "{line}");
                assert!(!elsewhere.contains(code), "{code} is provoked here after all");
            }
            None => assert!(elsewhere.contains(code), "nothing provokes {code}"),
        }
    }
}

#[test]
fn codes_are_words_of_their_family() {
    let mut words = BTreeSet::new();
    for code in Code::ALL {
        let word = code.as_str();
        assert!(words.insert(word), "{word} stands twice");
        assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{word}");
        let family = format!("{:?}-", code.family()).to_lowercase();
        assert!(word.starts_with(&family), "{word} is of {family}");
    }
}

#[test]
fn an_action_is_no_pattern() {
    assert!("read:*".parse::<Action>().is_err());
    assert!(key(1).verifying_key().as_bytes() != key(2).verifying_key().as_bytes());
}
