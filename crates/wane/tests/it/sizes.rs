//! How many bytes of CBOR tokens take. The numbers are those that `spec/` and the README state.

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Arguments, Call, Heir, Narrowing, RootGrant, Seal, SealedToken, SecretKey, Token, mint};

const NOW: u64 = 1_790_000_000;

/// The scopes of the example in `spec/token.md`.
const SCOPES: [&str; 6] = [
    "read:hr:*",
    "read:files:* if path under /data/reports only",
    "write:files:*",
    "send:mail:internal",
    "execute:query:*",
    "read:calendar:*",
];

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn root() -> Token {
    let grant = RootGrant::new("files".parse().unwrap(), NOW, NOW + 3_600);
    let grant = SCOPES.iter().fold(grant, |grant, scope| grant.scope(scope.parse().unwrap()));
    mint(&grant, &SecretKey::generate(&mut rng()), Heir::carried(&mut rng())).unwrap()
}

/// Keeps two scopes by index, `first` before `second`, and ends at `exp`.
fn two_scopes(first: &str, second: &str, exp: u64) -> Narrowing {
    Narrowing::new().keep(first.parse().unwrap()).keep(second.parse().unwrap()).expires_at(exp)
}

/// Bytes of CBOR of the whole token, without what its text form adds.
fn size(sealed: &SealedToken) -> usize {
    sealed.to_bytes().len()
}

/// Bytes that the last block adds to its token.
fn last_block(token: &Token) -> usize {
    token.chain().blocks().last().unwrap().size()
}

#[test]
fn a_root_block_and_a_seal() {
    let root = root();
    assert_eq!(last_block(&root), 271);
    // 80 of the seal, and one byte each for the token's array and its list of blocks.
    let sealed = root.seal(&Seal::new().expires_at(NOW + 300)).unwrap();
    assert_eq!(size(&sealed), 353);
}

#[test]
fn a_seal_for_one_request() {
    let call = Call::tool("read_file").unwrap();
    let arguments = Arguments::from_json(br#"{"path": "/data/reports/q3.txt"}"#).unwrap();
    let seal = Seal::new().for_request(call, arguments, NOW + 1, NOW + 61, &mut rng());
    assert_eq!(size(&root().seal(&seal).unwrap()), 411);
}

#[test]
fn a_block_that_keeps_two_scopes_and_ends_earlier() {
    let narrowing = two_scopes("read:hr:*", "write:files:*", NOW + 600);
    let child = root().attenuate(&narrowing, Heir::carried(&mut rng())).unwrap();
    assert_eq!(last_block(&child), 134);

    let agent = SecretKey::generate(&mut rng()).public_key();
    let bound = root().attenuate(&narrowing.subject("summariser-agent"), Heir::bound(agent, &mut rng())).unwrap();
    assert_eq!(last_block(&bound), 134 + 10 + 18, "a cti, and a sub of sixteen letters");
}

#[test]
fn sixteen_blocks() {
    let mut token = root();
    for (exp, turn) in (NOW + 600..NOW + 614).rev().zip(0_u8..) {
        // In turns, so that each block states both indexes: what keeps the order changes nothing and is left out.
        let kept = if turn % 2 == 0 { ["write:files:*", "read:hr:*"] } else { ["read:hr:*", "write:files:*"] };
        token = token.attenuate(&two_scopes(kept[0], kept[1], exp), Heir::carried(&mut rng())).unwrap();
        assert_eq!(last_block(&token), 134);
    }
    let sealed = token.seal(&Seal::new().expires_at(NOW + 300)).unwrap();
    assert_eq!(sealed.chain().blocks().len(), 16);
    assert_eq!(size(&sealed), 271 + 14 * 134 + 82);
    assert_eq!(size(&sealed), 2_229);
}
