//! The attack table of the research on token formats, one test a row, under the row's name.
//!
//! These rows are about live state and need a ledger: rollback to an un-raised token (`rollback_sibling`,
//! `rollback_prefix`), re-signing to dodge a revocation (`resigned`: here only that the id stays the same), check then
//! act (`race_raise_write`), single use by many seals (`two_seals_one_use`), budget fan-out (`siblings_share_cap`),
//! compartment laundering (`iso_not_granted`), approvals (`other_token`, `other_request`, `self_approve`, `replay`) and
//! key requests (`no_proof`, `stale_nonce`). Until there is one, a chain that names a ledger is answered with
//! `state-no-ledger`, an ask is never satisfied (`deny-needs-approval`), and everything else says that it is not
//! rollback-safe. `needs_a_ledger` holds that.

use ciborium::value::Value;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ed25519_dalek::{Signer as _, VerifyingKey};
use sha2::{Digest as _, Sha512};
use wane::{Code, Decision, Level, LiveState, Mark, PublicKey, Request, SealedToken, Token, UntrustedToken, verify};

use crate::forge::{
    DELEGATE, EXP, Forged, IAT, NOW, OPS, Payload, ROOT, SEAL, allowed, before_root, bytes, cbor, decided, denied,
    envelope, external_aad, int, key, line, list, map, public, refused, replaced, request, roots, sig_structure, text,
    texts, time, token,
};

fn unhex<const N: usize>(text: &str) -> [u8; N] {
    std::array::from_fn(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
}

/// A chain whose root block has this signature over the right content.
fn with_signature(signature: &[u8; 64]) -> Forged {
    let payload = Payload::root(OPS, 10).bytes();
    let id = crate::forge::block_id(ROOT, &before_root(OPS), &payload);
    Forged::behind(OPS).put(envelope(&payload, signature), id).seal(10, &Payload::seal())
}

/// The genuine signature of that root block.
fn genuine() -> [u8; 64] {
    let message = sig_structure(&external_aad(ROOT, &before_root(OPS)), &Payload::root(OPS, 10).bytes());
    key(OPS).sign(&message).to_bytes()
}

#[test]
fn truncated_no_seal() {
    let chain = Forged::minted().delegate(10, &Payload::delegate(11));
    refused(chain.sealed(), Code::ChainUnsealed, None);
    // Cut back to the root block, which an earlier holder could extend and this one cannot.
    let cut = token(&chain.envelopes[..1], Some(&[11; 32]));
    refused(Token::from_bytes(&cut), Code::ChainSecret, None);
}

#[test]
fn repeated_cnf() {
    // A key that appears twice gains nothing: the earlier block is still extended only behind its own id, and what
    // comes of it is what that key could do then.
    let again = Forged::minted().delegate(10, &Payload::delegate(10).scopes([list([int(0), text("read:hr:*")])]));
    let narrow = again.clone().seal(10, &Payload::seal()).verified().unwrap();
    denied(&decided(&narrow, &request("read:a")), Code::DenyScope, None);
    let wide = Forged::minted().seal(10, &Payload::seal()).verified().unwrap();
    allowed(&decided(&wide, &request("read:a")));
    // A seal of the one does not fit the other.
    let seal = Forged::minted().seal(10, &Payload::seal()).envelopes.remove(1);
    refused(again.put(seal, [0; 32]).verified(), Code::ChainSignature, 2);
}

#[test]
fn sealed_prefix() {
    let chain = Forged::minted().delegate(10, &Payload::delegate(11)).seal(11, &Payload::seal());
    refused(SealedToken::from_bytes(&token(&chain.envelopes[..2], None)), Code::ChainUnsealed, None);
    let stripped = token(&[chain.envelopes[0].clone(), chain.envelopes[2].clone()], None);
    refused(verify(&SealedToken::from_bytes(&stripped).unwrap(), &roots()), Code::ChainSignature, 1);
}

#[test]
fn splice_same_cnf() {
    let wide = Forged::from_root(&Payload::root(OPS, 10).scopes([text("*")]));
    let child = Forged::minted().delegate(10, &Payload::delegate(11));
    let spliced = wide.put(child.envelopes[1].clone(), child.previous).seal(11, &Payload::seal());
    refused(spliced.verified(), Code::ChainSignature, 1);
}

/// Root, two delegates of one key that say the same, seal.
fn alike() -> [Vec<u8>; 4] {
    let next = Payload::delegate(10);
    let chain = Forged::minted().delegate(10, &next).delegate(10, &next).seal(10, &Payload::seal());
    chain.envelopes.try_into().unwrap()
}

#[test]
fn reorder() {
    let [root, first, second, seal] = alike();
    let reordered = token(&[root, second, first, seal], None);
    refused(verify(&SealedToken::from_bytes(&reordered).unwrap(), &roots()), Code::ChainSignature, 1);
}

#[test]
fn dup_block() {
    let [root, first, second, seal] = alike();
    let doubled = token(&[root, first.clone(), first, second, seal], None);
    refused(verify(&SealedToken::from_bytes(&doubled).unwrap(), &roots()), Code::ChainSignature, 2);
}

#[test]
fn every_ordered_pair_of_kinds() {
    // Signed as one kind, shown in the place of another: 3 places, 8 kinds, and only the right one holds.
    for place in [ROOT, DELEGATE, SEAL] {
        for kind in 0..8 {
            let block = |own: u64| if place == own { kind } else { own };
            let chain = Forged::behind(OPS)
                .block(block(ROOT), OPS, &Payload::root(OPS, 10))
                .block(block(DELEGATE), 10, &Payload::delegate(11))
                .block(block(SEAL), 11, &Payload::seal());
            match kind == place {
                true => assert!(chain.verified().is_ok()),
                false => refused(chain.verified(), Code::ChainSignature, usize::try_from(place).unwrap()),
            }
        }
    }
}

#[test]
fn seal_as_delegate() {
    // A seal names no next key, so nothing can stand behind it; with one it is no seal.
    let behind = Forged::minted().seal(10, &Payload::seal()).seal(10, &Payload::seal());
    refused(behind.sealed(), Code::ParseMissingClaim, 1);
    let with_key = Forged::minted().seal(10, &Payload::delegate(11)).seal(11, &Payload::seal());
    refused(with_key.verified(), Code::ChainSignature, 1);
}

#[test]
fn raw_sig() {
    let payload = Payload::root(OPS, 10).bytes();
    let raw = key(OPS).sign(&payload).to_bytes();
    refused(with_signature(&raw).verified(), Code::ChainSignature, 0);
    // A JWS signing input of the same claims.
    let jws = line("eyJhbGciOiJFZERTQSJ9.", &payload);
    refused(with_signature(&key(OPS).sign(jws.as_bytes()).to_bytes()).verified(), Code::ChainSignature, 0);
}

#[test]
fn no_context() {
    let bare = sig_structure(&[], &Payload::root(OPS, 10).bytes());
    refused(with_signature(&key(OPS).sign(&bare).to_bytes()).verified(), Code::ChainSignature, 0);
}

#[test]
fn signature_malleability() {
    // S + L is the same scalar; only lax verifiers take it.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut signature = genuine();
    assert!(with_signature(&signature).verified().is_ok());
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(L) {
        [*byte, carry] = (u16::from(*byte) + u16::from(order) + u16::from(carry)).to_le_bytes();
    }
    refused(with_signature(&signature).verified(), Code::ChainSignature, 0);
}

#[test]
fn small_order_a_or_r() {
    // A: a next key of small order is refused when it is read, for anybody could sign for it.
    for point in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "0000000000000000000000000000000000000000000000000000000000000080",
    ] {
        let cose = map([(int(1), int(1)), (int(-1), int(6)), (int(-2), bytes(&unhex::<32>(point)))]);
        let root = Payload::root(OPS, 10).claim(8, map([(int(1), cose)]));
        refused(Forged::from_root(&root).sealed(), Code::ParseKey, 0);
        refused(PublicKey::from_bytes(&unhex(point)), Code::ParseKey, None);
        // R: the same point in a signature, with S = 0 and with the genuine S.
        let genuine = genuine();
        for s in [[0; 32], genuine[32..].try_into().unwrap()] {
            let signature = [unhex::<32>(point), s].concat().try_into().unwrap();
            refused(with_signature(&signature).verified(), Code::ChainSignature, 0);
        }
    }
}

#[test]
fn non_canonical_a() {
    // y = p + 3 is a point of large order, spelt a second time (as in case 11 of the speccheck vectors).
    let second = unhex::<32>("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    assert!(VerifyingKey::from_bytes(&second).is_ok(), "the curve library itself would take it");
    refused(PublicKey::from_bytes(&second), Code::ParseKey, None);
    refused(line("wane1.key.", &second).parse::<PublicKey>(), Code::ParseKey, None);
}

/// A signature whose R has a torsion point added. The equation of a cofactored check (any batch check is one) holds for
/// it, that of the strict one does not.
fn off_by_torsion(message: &[u8]) -> [u8; 64] {
    let secret = ExpandedSecretKey::from_bytes(&Sha512::digest(key(OPS).to_bytes()).into());
    let nonce = ExpandedSecretKey::from_bytes(&Sha512::digest(b"a nonce").into());
    let torsion = unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
    let torsion = VerifyingKey::from_bytes(&torsion).unwrap().to_edwards();
    let r = VerifyingKey::from(&nonce).to_edwards() + torsion;
    let hash = Sha512::new()
        .chain_update(r.compress().as_bytes())
        .chain_update(key(OPS).verifying_key())
        .chain_update(message);
    let zero = one(0_u64.into(), nonce.scalar);
    let k = hash
        .finalize()
        .iter()
        .rev()
        .fold(zero, |sum, byte| sum * one(256_u64.into(), sum) + one(u64::from(*byte).into(), sum));
    let s = nonce.scalar + k * secret.scalar;

    // What a batch check computes, times 8: the difference is the torsion point, which vanishes.
    let of = |scalar| VerifyingKey::from(&ExpandedSecretKey { scalar, hash_prefix: [0; 32] }).to_edwards();
    let difference = of(s) - r - key(OPS).verifying_key().to_edwards() * k;
    let nothing = torsion.mul_by_cofactor();
    assert!(difference != nothing && difference.mul_by_cofactor() == nothing);
    [r.compress().to_bytes(), s.to_bytes()].concat().try_into().unwrap()
}

/// The first of two values of one type, which need not be named.
fn one<T>(value: T, _: T) -> T {
    value
}

#[test]
fn batch_and_strict_do_not_differ() {
    let message = sig_structure(&external_aad(ROOT, &before_root(OPS)), &Payload::root(OPS, 10).bytes());
    refused(with_signature(&off_by_torsion(&message)).verified(), Code::ChainSignature, 0);
}

#[test]
fn resigned() {
    let payload = Payload::root(OPS, 10).bytes();
    let message = sig_structure(&external_aad(ROOT, &before_root(OPS)), &payload);
    let mut esk = ExpandedSecretKey::from_bytes(&Sha512::digest(key(OPS).to_bytes()).into());
    esk.hash_prefix = [1; 32];
    let other = raw_sign::<Sha512>(&esk, &message, &key(OPS).verifying_key()).to_bytes();
    assert_ne!(other, genuine());
    let ids = [genuine(), other].map(|signature| {
        let verified = with_signature(&signature).verified().unwrap();
        verified.chain().blocks().iter().map(|block| block.id()).collect::<Vec<_>>()
    });
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn dup_key() {
    let twice = Payload::root(OPS, 10).also(4, time(EXP + 9));
    // A general decoder reads it, and writes it again byte for byte.
    let read: Value = ciborium::from_reader(twice.bytes().as_slice()).unwrap();
    assert_eq!(cbor(&read), twice.bytes());
    refused(Forged::from_root(&twice).sealed(), Code::ParseDuplicateKey, 0);
}

#[test]
fn other_encodings() {
    let exp = [0x04, 0x19, 0x11, 0xf8];
    for (other, code) in [
        (&[0x04, 0x1a, 0, 0, 0x11, 0xf8][..], Code::ParseNotShortest),
        (&[0x04, 0xfb, 0x40, 0xb1, 0xf8, 0, 0, 0, 0, 0], Code::ParseFloat),
        (&[0x04, 0xc1, 0x19, 0x11, 0xf8], Code::ParseTag),
        (&[0x04, 0xc2, 0x42, 0x11, 0xf8], Code::ParseTag),
        (&[0x04, 0x5f, 0x41, 0x11, 0xff], Code::ParseIndefinite),
    ] {
        let payload = replaced(&Payload::root(OPS, 10).bytes(), &exp, other);
        assert!(ciborium::from_reader::<Value, _>(payload.as_slice()).is_ok(), "a general decoder reads {code}");
        refused(Forged::behind(OPS).raw(ROOT, OPS, &payload).sealed(), code, 0);
    }
    let trailing = [Payload::root(OPS, 10).bytes(), vec![0xf6]].concat();
    refused(Forged::behind(OPS).raw(ROOT, OPS, &trailing).sealed(), Code::ParseTrailingBytes, 0);
}

#[test]
fn headers_are_not_read() {
    // An algorithm in both headers, and a signature of 63 bytes.
    let payload = Payload::root(OPS, 10).bytes();
    let both = list([bytes(&[0xa1, 0x01, 0x32]), map([(int(1), int(-19))]), bytes(&payload), bytes(&genuine())]);
    refused(SealedToken::from_bytes(&token(&[cbor(&both)], None)), Code::ParseEnvelope, 0);
    refused(SealedToken::from_bytes(&token(&[envelope(&payload, &genuine()[..63])], None)), Code::ParseEnvelope, 0);
    // Protected bytes that are not the shortest: `{1: -19}` with a longer head.
    let longer = list([bytes(&[0xa1, 0x01, 0x38, 0x12]), map([]), bytes(&payload), bytes(&genuine())]);
    refused(SealedToken::from_bytes(&token(&[cbor(&longer)], None)), Code::ParseEnvelope, 0);
}

#[test]
fn depth9() {
    let nest = |depth: usize| (1..depth).fold(list([]), |inner, _| list([inner]));
    for depth in [9, 100, 300, 10_000] {
        let bomb = [vec![0x81; depth - 1], vec![0x80]].concat();
        refused(UntrustedToken::from_bytes(&bomb), Code::ParseTooDeep, None);
    }
    refused(Forged::from_root(&Payload::root(OPS, 10).claim(9, nest(8))).sealed(), Code::ParseTooDeep, 0);
}

#[test]
fn exp_equal_now() {
    let verified = Forged::minted().seal(10, &Payload::seal()).verified().unwrap();
    let at = |now: u64| wane::decide(&verified, &request("read:a"), &LiveState::without_ledger(), now);
    allowed(&at(EXP - 1));
    denied(&at(EXP), Code::DenyExpired, None);
}

#[test]
fn child_plus1() {
    let longer = Forged::minted().delegate(10, &Payload::delegate(11).claim(4, time(EXP + 1)));
    refused(longer.seal(11, &Payload::seal()).verified(), Code::ChainExpiry, 1);
}

#[test]
fn contains_secret() {
    let sealed = Forged::minted().seal(10, &Payload::seal());
    for secret in [[10; 32], [0; 32]] {
        let shown = token(&sealed.envelopes, Some(&secret));
        refused(SealedToken::from_bytes(&shown), Code::ChainCarriesSecret, None);
    }
}

#[test]
fn aud_other() {
    let verified = Forged::minted().seal(10, &Payload::seal()).verified().unwrap();
    let mail = Request::for_actions("mail".parse().unwrap(), vec!["read:a".parse().unwrap()], Level::Public).unwrap();
    denied(&decided(&verified, &mail), Code::DenyAudience, None);
    // And a root block must state one.
    refused(Forged::from_root(&Payload::root(OPS, 10).without(3)).sealed(), Code::ParseMissingClaim, 0);
}

#[test]
fn symbols_are_not_interned() {
    // Texts stand in full in the block that states them: the same pattern means the same behind any other block.
    let behind = |deny: &str| {
        let chain = Forged::minted().delegate(10, &Payload::delegate(11).private(5, texts(&[deny])));
        let verified = chain.seal(11, &Payload::seal().private(5, texts(&["read:b"]))).verified().unwrap();
        verified.chain().blocks()[2].claims().stated()
    };
    assert_eq!(behind("read:a"), behind("read:c"));
    // A number where a text belongs is no reference.
    refused(Forged::minted().seal(10, &Payload::seal().private(5, list([int(0)]))).sealed(), Code::ParseClaimType, 1);
}

#[test]
fn agent_label_ignored() {
    // The level comes from the enforcement point: nothing in a token lowers it, and what the holder says is only a fact.
    let seal = Payload::seal().private(8, int(0)).private(15, map([(text("level"), text("public"))]));
    let verified = Forged::from_root(&Payload::root(OPS, 10).scopes([text("*")])).seal(10, &seal).verified().unwrap();
    let secret = Request::for_actions("files".parse().unwrap(), vec!["write:a".parse().unwrap()], Level::Restricted);
    denied(&decided(&verified, &secret.unwrap()), Code::DenyRatchet, None);
}

#[test]
fn table_weaker() {
    // A child's table of its own keeps everything; the parent's rule still holds.
    let strict = list([list([int(1), list([]), texts(&["read:*"])])]);
    let lax = list([list([int(1), list([]), texts(&["*"])])]);
    let root = Payload::root(OPS, 10).scopes([text("*")]).private(7, strict);
    let chain = Forged::from_root(&root).delegate(10, &Payload::delegate(11).private(7, lax));
    let verified = chain.seal(11, &Payload::seal()).verified().unwrap();
    let state = LiveState::without_ledger().marked(Mark::at(Level::Internal));
    let answer = wane::decide(&verified, &request("write:a"), &state, NOW);
    denied(&answer, Code::DenyRatchet, 0);
}

#[test]
fn table_nonmono() {
    // A rule that keeps more at a higher level gives nothing back: every rule reached so far applies.
    let rules = list([list([int(1), list([]), texts(&["read:*"])]), list([int(4), list([]), texts(&["*"])])]);
    let root = Payload::root(OPS, 10).scopes([text("*")]).private(7, rules);
    let verified = Forged::from_root(&root).seal(10, &Payload::seal()).verified().unwrap();
    for level in Level::ALL.into_iter().skip(1) {
        let state = LiveState::without_ledger().marked(Mark::at(level));
        denied(
            &wane::decide(&verified, &request("send:a"), &state, NOW),
            Code::DenyRatchet,
            None.or(first_rule(level)),
        );
    }
}

/// The block whose rule speaks first: the default rules come before those of the root block.
fn first_rule(level: Level) -> Option<usize> {
    (level < Level::Confidential).then_some(0)
}

#[test]
fn two_pow_32_plus_64() {
    // A depth that is 64 in 32 bits, and one that is 0 in 8.
    for depth in [(1_u64 << 32) + 64, 1 << 32, 256, u64::MAX] {
        let root = Payload::root(OPS, 10).private(12, time(depth));
        refused(Forged::from_root(&root).sealed(), Code::ParseLimit, 0);
    }
    let index = Payload::delegate(11).scopes([time(1 << 32)]);
    refused(Forged::minted().delegate(10, &index).seal(11, &Payload::seal()).verified(), Code::ChainScopeIndex, 1);
}

#[test]
fn needs_a_ledger() {
    let bound = Payload::root(OPS, 10).private(3, bytes(&[1; 16])).private(11, map([(text("uses"), int(1))]));
    let verified = Forged::from_root(&bound).seal(10, &Payload::seal()).verified().unwrap();
    denied(&decided(&verified, &request("read:a")), Code::StateNoLedger, None);
    let asks =
        Payload::root(OPS, 10).private(6, list([list([text("read:*"), list([bytes(public(9).as_bytes())]), int(1)])]));
    let verified = Forged::from_root(&asks).seal(10, &Payload::seal().claim(6, time(IAT))).verified().unwrap();
    assert!(matches!(decided(&verified, &request("read:a")), Decision::Ask(_)));
}
