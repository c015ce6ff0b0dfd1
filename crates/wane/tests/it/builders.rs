//! What builders state: everything that is said, the narrower of what is said twice, and no contradiction.

use wane::{BlockId, Code, Grant, Heir, LedgerId, Level, Narrowing, RootGrant, Rule, Seal, Token, mint};

use crate::forge::{EXP, IAT, OPS, Rng, public, refused, secret};

const LEDGER: LedgerId = LedgerId::from_bytes([0x5e; 16]);
const FIRST: BlockId = BlockId::from_bytes([9; 32]);

/// From internal on, only reading survives.
fn rule() -> Rule {
    Rule::new(Level::Internal, [], ["read:*".parse().unwrap()])
}

fn token_of(scopes: &[&str]) -> Token {
    let grant = RootGrant::new("files:*".parse().unwrap(), IAT, EXP);
    let grant = scopes.iter().fold(grant, |grant, scope| grant.scope(scope.parse().unwrap()));
    mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap()
}

fn attenuated(token: &Token, narrowing: &Narrowing) -> Result<Token, wane::Refusal> {
    token.attenuate_as(&secret(10), narrowing, Heir::bound(public(11), &mut Rng::new(2)))
}

fn last(token: &Token) -> Grant {
    token.chain().grants().unwrap().pop().unwrap()
}

/// Every kind of restriction in one block.
fn everything() -> Narrowing {
    Narrowing::new()
        .keep("read:hr:*".parse().unwrap())
        .deny("read:hr:secret".parse().unwrap())
        .ask("read:hr:pay by @oncall".parse().unwrap())
        .rule(rule())
        .raise(Level::Internal)
        .label("pii".parse().unwrap())
        .clearance(Level::Restricted)
        .audience("files:hr".parse().unwrap())
        .audience("files:pay".parse().unwrap())
        .ledger(LEDGER)
        .budget("calls".parse().unwrap(), 50)
        .budget("bytes".parse().unwrap(), 9)
        .depth(7)
        .expires_at(EXP - 100)
        .not_before(IAT + 100)
        .subject("reader")
        .note("for the report")
}

fn assert_everything(grant: &Grant) {
    assert_eq!(grant.scopes(), ["read:hr:*".parse().unwrap()]);
    assert_eq!(grant.denied().count(), 1);
    assert_eq!(grant.asks().count(), 1);
    assert_eq!(grant.rules().count(), 1);
    assert_eq!((grant.mark().level(), grant.mark().labels().len()), (Level::Internal, 1));
    assert_eq!(grant.clearance(), Level::Restricted);
    assert_eq!(grant.audiences().len(), 2);
    assert_eq!((grant.not_before(), grant.expires_at()), (Some(IAT + 100), EXP - 100));
    assert_eq!(grant.ledger(), Some(LEDGER));
    assert_eq!(grant.budgets(), &[("bytes".parse().unwrap(), 9), ("calls".parse().unwrap(), 50)]);
    assert_eq!(grant.depth(), 7);
}

#[test]
fn nothing_that_is_said_is_lost() {
    let token = attenuated(&token_of(&["read:*"]), &everything()).unwrap();
    assert_everything(&last(&token));
    let claims = token.chain().blocks()[1].claims();
    assert_eq!((claims.subject(), claims.note()), (Some("reader"), Some("for the report")));
}

#[test]
fn the_narrower_of_two_holds_in_either_order() {
    let wider = Narrowing::new()
        .raise(Level::Public)
        .clearance(Level::TopSecret)
        .ledger(LEDGER)
        .budget("calls".parse().unwrap(), 51)
        .depth(8)
        .expires_at(EXP - 99)
        .not_before(IAT + 99);
    for (first, second) in [("wider", "narrower"), ("narrower", "wider")] {
        let mut narrowing = Narrowing::new().keep("read:hr:*".parse().unwrap());
        for which in [first, second] {
            let narrower = which == "narrower";
            narrowing = narrowing
                .raise(if narrower { Level::Internal } else { Level::Public })
                .clearance(if narrower { Level::Restricted } else { Level::TopSecret })
                .ledger(LEDGER)
                .budget("calls".parse().unwrap(), if narrower { 50 } else { 51 })
                .budget("bytes".parse().unwrap(), 9)
                .depth(if narrower { 7 } else { 8 })
                .expires_at(if narrower { EXP - 100 } else { EXP - 99 })
                .not_before(if narrower { IAT + 100 } else { IAT + 99 })
                .deny("read:hr:secret".parse().unwrap())
                .ask("read:hr:pay by @oncall".parse().unwrap())
                .rule(rule())
                .label("pii".parse().unwrap())
                .audience("files:hr".parse().unwrap())
                .audience("files:pay".parse().unwrap());
        }
        assert_everything(&last(&attenuated(&token_of(&["read:*"]), &narrowing).unwrap()));
    }
    assert_eq!(last(&attenuated(&token_of(&["read:*"]), &wider).unwrap()).depth(), 8);
}

#[test]
fn what_cannot_be_combined_is_a_contradiction() {
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP).issuer().scope("read:*".parse().unwrap());
    let token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
    let session = || Narrowing::new().ledger(LEDGER).open_session(IAT).continues(FIRST);
    let opened = last(&attenuated(&token, &session().ledger(LEDGER).continues(FIRST)).unwrap());
    assert_eq!((opened.session(), opened.continues()), (Some(1), Some(FIRST)));
    for other in [session().ledger(LedgerId::from_bytes([1; 16])), session().continues(BlockId::from_bytes([8; 32]))] {
        refused(attenuated(&token, &other), Code::UseBuilder, None);
    }
}

#[test]
fn only_a_carried_token_carries_a_secret() {
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP);
    let minted = |heir: Heir| mint(&grant, &secret(OPS), heir).unwrap();
    assert!(minted(Heir::carried(&mut Rng::new(1))).carries_secret());
    assert!(!minted(Heir::bound(public(10), &mut Rng::new(1))).carries_secret());
}

#[test]
fn keeping_all_as_it_is_says_nothing() {
    let token = token_of(&["read:*", "write:* if path under /data only"]);
    let envelope = |narrowing: &Narrowing| attenuated(&token, narrowing).unwrap().chain().blocks()[1].envelope_bytes();
    let nothing = envelope(&Narrowing::new());
    let keep = |scopes: &[&str]| {
        scopes.iter().fold(Narrowing::new(), |narrowing, scope| narrowing.keep(scope.parse().unwrap()))
    };
    assert_eq!(envelope(&keep(&["read:*", "write:*"])), nothing);
    // What is closed already is not closed again.
    assert_eq!(envelope(&keep(&["read:*", "write:* only"])), nothing);
    for other in [&["read:*"][..], &["write:*", "read:*"], &["read:* if n = 1 only", "write:*"], &["read:a", "write:*"]]
    {
        assert_ne!(envelope(&keep(other)), nothing, "{other:?}");
    }
    assert_ne!(envelope(&Narrowing::new().drop("write:*".parse().unwrap())), nothing);
    assert_ne!(envelope(&Narrowing::new().nothing()), nothing);
}

#[test]
fn a_scope_may_be_closed_by_a_child() {
    let token = token_of(&["read:* if n = 1 open"]);
    let child = attenuated(&token, &Narrowing::new().keep("read:* if m = 2 only".parse().unwrap())).unwrap();
    assert_eq!(last(&child).scopes()[0].to_string(), "read:* if n = 1 and m = 2 only");
    let only = attenuated(&token_of(&["read:*"]), &Narrowing::new().keep("read:* only".parse().unwrap())).unwrap();
    assert_eq!(last(&only).scopes()[0].to_string(), "read:* only");
    let below_zero = token_of(&["read:* if n >= -5 and m = -1 open"]);
    assert_eq!(last(&below_zero).scopes()[0].to_string(), "read:* if n >= -5 and m = -1 open");
    let open = attenuated(&token, &Narrowing::new().keep("read:* if m = 2 open".parse().unwrap())).unwrap();
    assert_ne!(last(&open).scopes(), last(&child).scopes());
}

#[test]
fn a_seal_says_what_it_is_told() {
    let token = token_of(&["read:*", "write:*"]);
    let seal = Seal::new()
        .audience("files:hr".parse().unwrap())
        .expires_at(EXP - 100)
        .not_before(IAT + 100)
        .keep("read:hr:*".parse().unwrap())
        .keep("read:pay:*".parse().unwrap())
        .drop("read:pay:*".parse().unwrap())
        .deny("read:hr:secret".parse().unwrap())
        .raise(Level::Internal)
        .label("pii".parse().unwrap())
        .clearance(Level::Restricted)
        .note("for the report");
    let sealed = token.seal_as(&secret(10), &seal).unwrap();
    let grant = sealed.chain().grants().unwrap().pop().unwrap();
    assert_eq!(grant.audiences(), &["files:hr".parse().unwrap()]);
    assert_eq!((grant.not_before(), grant.expires_at()), (Some(IAT + 100), EXP - 100));
    assert_eq!(grant.scopes(), ["read:hr:*".parse().unwrap()]);
    assert_eq!(grant.denied().count(), 1);
    assert_eq!((grant.mark().level(), grant.mark().labels().len()), (Level::Internal, 1));
    assert_eq!(grant.clearance(), Level::Restricted);
    assert_eq!(sealed.chain().blocks()[1].claims().note(), Some("for the report"));
}
