//! What blocks and grants tell of themselves.

use wane::{BlockId, Heir, Kind, LedgerId, Level, Narrowing, RootGrant, Rule, Seal, Token, mint, verify};

use crate::forge::{EXP, IAT, OPS, Rng, public, roots, secret};

const LEDGER: LedgerId = LedgerId::from_bytes([0x5e; 16]);
const FIRST: BlockId = BlockId::from_bytes([9; 32]);

/// From internal on, only reading survives.
fn rule() -> Rule {
    Rule::new(Level::Internal, [], ["read:*".parse().unwrap()])
}

fn token() -> Token {
    let grant = RootGrant::new("files:*".parse().unwrap(), IAT, EXP)
        .scope("read:*".parse().unwrap())
        .deny("read:secret".parse().unwrap())
        .ask("read:pay by @oncall".parse().unwrap())
        .rule(rule())
        .label("pii".parse().unwrap())
        .raise(Level::Internal)
        .clearance(Level::Restricted)
        .not_before(IAT + 100)
        .budget("calls".parse().unwrap(), 50)
        .ledger(LEDGER)
        .depth(7)
        .subject("planner")
        .note("for the report")
        .continues(FIRST);
    mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap()
}

#[test]
fn a_grant() {
    let grants = token().chain().grants().unwrap();
    let [grant] = &grants[..] else { panic!("one block") };
    assert_eq!(grant.audiences(), &["files:*".parse().unwrap()]);
    assert_eq!((grant.not_before(), grant.issued_at(), grant.expires_at()), (Some(IAT + 100), IAT, EXP));
    assert_eq!(grant.scopes(), ["read:*".parse().unwrap()]);
    assert_eq!(grant.denied().map(ToString::to_string).collect::<Vec<_>>(), ["read:secret"]);
    assert_eq!(grant.asks().map(ToString::to_string).collect::<Vec<_>>(), ["read:pay by @oncall need 1"]);
    // Behind the default rules, which a root block with a rule of its own states too.
    assert_eq!(grant.rules().skip(3).map(ToString::to_string).collect::<Vec<_>>(), [rule().to_string()]);
    assert_eq!((grant.mark().level(), grant.mark().labels().len()), (Level::Internal, 1));
    assert_eq!(grant.clearance(), Level::Restricted);
    assert_eq!(grant.budgets(), &[("calls".parse().unwrap(), 50)]);
    assert_eq!(grant.depth(), 7);
    assert_eq!((grant.ledger(), grant.session(), grant.continues()), (Some(LEDGER), Some(0), Some(FIRST)));
}

#[test]
fn what_a_grant_leaves_open() {
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP);
    let token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
    let grants = token.chain().grants().unwrap();
    assert_eq!((grants[0].not_before(), grants[0].ledger(), grants[0].continues()), (None, None, None));
    assert_eq!((grants[0].depth(), grants[0].clearance()), (14, Level::TopSecret));
}

#[test]
fn blocks() {
    let token = token();
    let heir = Heir::bound(public(11), &mut Rng::new(2));
    let token = token.attenuate_as(&secret(10), &Narrowing::new().subject("reader"), heir).unwrap();
    let sealed = token.seal_as(&secret(11), &Seal::new().audience("files:hr".parse().unwrap())).unwrap();
    let blocks = sealed.chain().blocks();
    assert_eq!(blocks.iter().map(|block| block.kind()).collect::<Vec<_>>(), [Kind::Root, Kind::Delegate, Kind::Seal]);
    assert_eq!(blocks[0].claims().subject(), Some("planner"));
    assert_eq!(blocks[0].claims().note(), Some("for the report"));
    assert_eq!(blocks[1].claims().subject(), Some("reader"));
    assert_ne!(blocks[0].id(), blocks[1].id());
    // The chain, its list of blocks, and nothing else stands around them.
    let bytes = sealed.to_bytes();
    assert_eq!(bytes[2..], blocks.iter().flat_map(|block| block.envelope_bytes()).collect::<Vec<_>>());
    assert_eq!(bytes.len(), 2 + blocks.iter().map(|block| block.size()).sum::<usize>());
    let verified = verify(&sealed, &roots()).unwrap();
    assert_eq!(verified.grants().len(), 3);
    assert_eq!(verified.last_delegate(), Some(blocks[1].id()));
    assert_eq!(verified.audience().as_str(), "files:hr");
}

#[test]
fn claims() {
    let token = token();
    let sealed = token
        .seal_as(
            &secret(10),
            &Seal::new()
                .audience("files:hr".parse().unwrap())
                .keep("read:hr".parse().unwrap())
                .keep("read:pay if n = 1 only".parse().unwrap()),
        )
        .unwrap();
    let [root, seal] = sealed.chain().blocks() else { panic!("two blocks") };
    let (root, seal) = (root.claims(), seal.claims());
    assert_eq!(
        (root.expires_at(), root.issued_at(), seal.expires_at(), seal.issued_at()),
        (Some(EXP), Some(IAT), None, None)
    );
    assert_eq!((root.continues(), root.opens_session()), (Some(FIRST), true));
    assert_eq!((seal.continues(), seal.opens_session()), (None, false));
    assert_eq!(
        (root.key(), seal.key(), root.hint(), seal.hint()),
        (Some(&public(10)), None, Some(public(OPS).hint()), None)
    );
    assert_eq!((root.budgets(), seal.budgets()), (&[("calls".parse().unwrap(), 50)][..], &[][..]));
    let scopes = |claims: &wane::Claims| -> Vec<String> {
        claims.stated().into_iter().filter(|(name, _)| name.starts_with("scope")).map(|(_, value)| value).collect()
    };
    assert_eq!(scopes(root), ["read:*"]);
    assert_eq!(scopes(seal), ["scope 0 as read:hr", "scope 0 as read:pay if n = 1 only"]);
    let nothing = token
        .seal_as(&secret(10), &Seal::new().audience("files:hr".parse().unwrap()).drop("*".parse().unwrap()))
        .unwrap();
    assert_eq!(scopes(nothing.chain().blocks()[1].claims()), ["none"]);
}
