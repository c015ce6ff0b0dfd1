//! What is stated twice, at its limit, or in the wrong place: never a way to more, and never an echo of a secret.

use wane::{
    Arguments, AskRule, Call, Code, Heir, Level, Mark, Narrowing, Pattern, Request, RootGrant, Roots, Rule, Scope,
    Seal, SealedToken, Token, TrustedRoot, Value, mint, verify,
};

use crate::forge::{EXP, IAT, NOW, OPS, Rng, allowed, decided, denied, json, public, request, secret};

fn minted(grant: &RootGrant) -> Token {
    mint(grant, &secret(OPS), Heir::carried(&mut Rng::new(1))).unwrap()
}

fn grant() -> RootGrant {
    RootGrant::new("files".parse().unwrap(), IAT, EXP)
}

fn narrowed(token: &Token, narrowing: &Narrowing) -> Result<Token, wane::Refusal> {
    token.attenuate(narrowing, Heir::carried(&mut Rng::new(2)))
}

fn levelled(action: &str, level: Level) -> Request {
    Request::for_actions("files".parse().unwrap(), vec![action.parse().unwrap()], level).unwrap()
}

#[test]
fn nothing_stays_nothing_whatever_else_is_kept() {
    let token = minted(&grant().scope("*".parse().unwrap()));
    for narrowing in [
        Narrowing::new().nothing().keep("read:*".parse().unwrap()),
        Narrowing::new().keep("read:*".parse().unwrap()).nothing(),
        Narrowing::new().nothing().drop("read:*".parse().unwrap()),
    ] {
        let child = narrowed(&token, &narrowing).unwrap();
        assert!(child.chain().grants().unwrap()[1].scopes().is_empty());
    }
}

#[test]
fn a_second_statement_of_own_rules_takes_none_away() {
    let lockdown = Rule::new(Level::Public, [], ["read:*".parse().unwrap()]);
    let token = minted(&grant().scope("*".parse().unwrap()).own_rules(vec![lockdown]).own_rules(vec![]));
    let own = Roots::new([TrustedRoot::new(public(OPS)).allow_own_ratchet()]).unwrap();
    let verified = verify(&token.seal(&Seal::new()).unwrap(), &own).unwrap();
    denied(&decided(&verified, &levelled("write:a", Level::Public)), Code::DenyRatchet, 0);
}

#[test]
fn a_pattern_dropped_twice_is_dropped() {
    let token = minted(&grant().scope("read:a".parse().unwrap()).scope("write:*".parse().unwrap()));
    let twice = Narrowing::new().drop("read:*".parse().unwrap()).drop("read:a".parse().unwrap());
    assert_eq!(narrowed(&token, &twice).unwrap().chain().grants().unwrap()[1].scopes().len(), 1);
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let ledger = |byte| wane::LedgerId::from_bytes([byte; 16]);
    let two = Narrowing::new().ledger(ledger(1)).ledger(ledger(2));
    assert_eq!(narrowed(&minted(&grant()), &two).unwrap_err().code(), Code::UseBuilder);
    let same = Narrowing::new().ledger(ledger(1)).ledger(ledger(1));
    assert!(narrowed(&minted(&grant()), &same).is_ok());
    let said = |value| Seal::new().said("n".parse().unwrap(), Value::Bool(true)).said("n".parse().unwrap(), value);
    assert_eq!(minted(&grant()).seal(&said(Value::Bool(false))).unwrap_err().code(), Code::UseBuilder);
    assert!(minted(&grant()).seal(&said(Value::Bool(true))).is_ok());
    let mint_twice = grant().ledger(ledger(1)).ledger(ledger(2));
    let refusal = mint(&mint_twice, &secret(OPS), Heir::carried(&mut Rng::new(1))).unwrap_err();
    assert_eq!(refusal.code(), Code::UseBuilder);
}

#[test]
fn a_root_entry_keeps_the_narrower_of_two_statements() {
    let narrow = TrustedRoot::new(public(OPS)).longest(60).longest(EXP).depth(0).depth(14);
    let sealed = minted(&grant()).seal(&Seal::new()).unwrap();
    assert_eq!(verify(&sealed, &Roots::new([narrow]).unwrap()).unwrap_err().code(), Code::ChainRoot);
    let marked = TrustedRoot::new(public(OPS)).mark(Mark::at(Level::Restricted)).mark(Mark::at(Level::Public));
    let sealed = minted(&grant().scope("*".parse().unwrap())).seal(&Seal::new()).unwrap();
    let verified = verify(&sealed, &Roots::new([marked]).unwrap()).unwrap();
    denied(&decided(&verified, &levelled("write:a", Level::Public)), Code::DenyRatchet, None);
    let window = TrustedRoot::new(public(OPS)).minting_until(IAT).minting_until(EXP);
    assert_eq!(verify(&sealed, &Roots::new([window]).unwrap()).unwrap_err().code(), Code::ChainMintWindow);
}

#[test]
fn a_token_nobody_could_read_is_not_made() {
    let mut token = minted(&grant());
    let refusal = (0..14).find_map(|block| {
        let deny = |i: usize| format!("a{block}-{i:0>50}").parse::<Pattern>().unwrap();
        let narrowing = (0..60).fold(Narrowing::new(), |narrowing, i| narrowing.deny(deny(i)));
        match token.attenuate(&narrowing, Heir::carried(&mut Rng::new(40 + block))) {
            Ok(child) => {
                token = child;
                // What is made can be read again.
                assert!(Token::parse(&token.expose_text()).is_ok());
                assert!(SealedToken::parse(&token.seal(&Seal::new()).unwrap().to_text()).is_ok());
                None
            }
            Err(refusal) => Some(refusal),
        }
    });
    assert_eq!(refusal.map(|refusal| refusal.code()), Some(Code::ParseTooLarge));
}

#[test]
fn arrays_and_facts_under_a_condition_have_a_bound() {
    let scope = "read:* if ids len <= 2000".parse().unwrap();
    let verified =
        verify(&minted(&grant().scope(scope)).seal(&Seal::new()).unwrap(), &Roots::single(public(OPS))).unwrap();
    let ids =
        |count: usize| request("read:a").arguments(json(&format!("{{\"ids\":[{}]}}", vec!["1"; count].join(","))));
    allowed(&decided(&verified, &ids(1_024)));
    denied(&decided(&verified, &ids(1_025)), Code::DenyArgumentShape, 0);

    let scope = "read:* if @env like x*".parse().unwrap();
    let verified =
        verify(&minted(&grant().scope(scope)).seal(&Seal::new()).unwrap(), &Roots::single(public(OPS))).unwrap();
    let env = |length: usize| request("read:a").fact("env".parse().unwrap(), Value::Text("x".repeat(length).into()));
    allowed(&decided(&verified, &env(4_096)));
    denied(&decided(&verified, &env(4_097)), Code::DenyArgumentShape, 0);
}

#[test]
fn an_array_under_a_condition_has_a_bound_in_bytes() {
    let scope = "read:* if a len <= 2000".parse().unwrap();
    let verified =
        verify(&minted(&grant().scope(scope)).seal(&Seal::new()).unwrap(), &Roots::single(public(OPS))).unwrap();
    let texts = |length: usize| {
        let arguments = format!("{{\"a\":[{}]}}", vec![format!("\"{}\"", "x".repeat(length)); 32].join(","));
        decided(&verified, &request("read:a").arguments(json(&arguments)))
    };
    allowed(&texts(1_024));
    denied(&texts(1_025), Code::DenyArgumentShape, 0);
}

#[test]
fn l1_a_scope_that_fails_takes_nothing_from_the_next() {
    // What a scope that is tried first looks at must not count against the one that allows.
    let numbers = format!("{{\"path\":\"/data/a-name-of-more-than-16\",\"big\":[{}]}}", vec!["0"; 262_143].join(","));
    let texts = format!("{{\"big\":[{}]}}", vec![format!("\"{}\"", "x".repeat(32)); 1_000].join(","));
    let greedy = "big len <= 2001 and big len <= 2002 and big len <= 2003 and mode = never";
    for (first, second, arguments) in [
        ("read:files:* if big len <= 9 open".to_owned(), "read:* if path under /data open", numbers),
        (format!("read:files:* if {greedy} open"), "read:* if big len <= 5000 open", texts),
    ] {
        let parent = minted(&grant().scope(first.parse().unwrap()).scope(second.parse().unwrap()));
        let child = narrowed(&parent, &Narrowing::new().drop("read:files:*".parse().unwrap())).unwrap();
        let request = request("read:files:a").arguments(json(&arguments));
        for token in [parent, child] {
            let verified = verify(&token.seal(&Seal::new()).unwrap(), &Roots::single(public(OPS))).unwrap();
            allowed(&decided(&verified, &request));
        }
    }
}

#[test]
fn two_requests_in_one_seal_are_refused() {
    let call = |tool| Call::tool(tool).unwrap();
    let empty = Arguments::empty;
    let seal = Seal::new().for_request(call("a"), empty(), NOW, NOW + 9, &mut Rng::new(7));
    let twice = seal.for_request(call("b"), empty(), NOW, NOW + 9, &mut Rng::new(8));
    assert_eq!(minted(&grant()).seal(&twice).unwrap_err().code(), Code::UseBuilder);
}

#[test]
fn a_token_in_the_wrong_place_is_not_echoed() {
    let token = minted(&grant()).expose_text();
    let secret = &token[40..60];
    let errors = [
        token.parse::<Pattern>().unwrap_err(),
        token.parse::<Scope>().unwrap_err(),
        token.parse::<Level>().unwrap_err(),
        token.parse::<wane::Name>().unwrap_err(),
        token.parse::<AskRule>().unwrap_err(),
        token.parse::<wane::BlockId>().unwrap_err(),
        token.parse::<wane::PublicKey>().unwrap_err(),
    ];
    for error in errors {
        assert!(!format!("{error} {error:?}").contains(secret), "{}", error.code());
    }
}

#[test]
fn what_an_agent_wrote_prints_on_one_line_and_without_values() {
    let call = Call::tool("a\u{1b}[2J\nallow b").unwrap();
    assert_eq!(call.to_string(), "tools/call a\\u{1b}[2J\\u{a}allow b");
    let request = request("read:a").fact("env".parse().unwrap(), Value::text("hunter2").unwrap());
    assert!(!format!("{request:?}").contains("hunter2"));
}

#[test]
fn words_of_the_grammar_are_patterns_only_in_quotes() {
    for text in ["only", "if", "and", "open", "only only"] {
        assert_eq!(text.parse::<Scope>().unwrap_err().code(), Code::ParseScope, "{text}");
    }
    let scope: Scope = "\"only\" only".parse().unwrap();
    assert_eq!(scope.to_string(), "\"only\" only");
    assert_eq!(scope.pattern().as_str(), "only");
}
