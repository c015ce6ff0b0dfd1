//! Links, signatures, roots and sessions.

use ciborium::value::Value;
use ed25519_dalek::Signer as _;
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use sha2::{Digest as _, Sha512};
use wane::{Code, Refusal, Roots, SealedToken, TrustedRoot, UntrustedToken, Verified, verify};

use crate::forge::{
    DELEGATE, Forged, IAT, OPS, OTHER, Payload, ROOT, SEAL, before_root, bytes, cbor, envelope, external_aad, hint,
    key, line, list, public, refused, roots, sha256, sig_structure, text, time, token,
};

/// Root, two delegates, seal.
fn chain() -> Forged {
    Forged::minted()
        .delegate(10, &Payload::delegate(11).claim(2, text("a")))
        .delegate(11, &Payload::delegate(12).claim(2, text("b")))
        .seal(12, &Payload::seal())
}

/// The answer to these envelopes of [`chain`] in this order.
fn order(places: &[usize]) -> Result<Verified, Refusal> {
    let known = chain().envelopes;
    let envelopes: Vec<_> = places.iter().map(|place| known[*place].clone()).collect();
    verify(&SealedToken::from_bytes(&token(&envelopes, None))?, &roots())
}

fn trusting_both() -> Roots {
    Roots::new([OPS, OTHER].map(|number| TrustedRoot::new(public(number)))).unwrap()
}

#[test]
fn the_chain_these_tests_break_is_genuine() {
    assert!(order(&[0, 1, 2, 3]).is_ok());
}

#[test]
fn a_sealed_token_with_a_secret_spliced_in() {
    let spliced = token(&chain().envelopes, Some(&[12; 32]));
    refused(SealedToken::from_bytes(&spliced), Code::ChainCarriesSecret, None);
    refused(SealedToken::parse(&line("wane1.sealed.", &spliced)), Code::ChainCarriesSecret, None);
    assert!(UntrustedToken::from_bytes(&spliced).unwrap().carries_secret());
}

#[test]
fn a_token_shown_unsealed() {
    let open = Forged::minted();
    refused(SealedToken::from_bytes(&open.bytes()), Code::ChainUnsealed, None);
    refused(SealedToken::from_bytes(&token(&open.envelopes, Some(&[10; 32]))), Code::ChainUnsealed, None);
    refused(SealedToken::parse(&line("wane1.token.", &open.bytes())), Code::ChainUnsealed, None);
}

#[test]
fn a_sealed_token_without_its_last_block() {
    refused(order(&[0, 1, 2]), Code::ChainUnsealed, None);
}

#[test]
fn a_prefix_of_a_chain_under_a_foreign_seal() {
    // The foreign key signs exactly what the holder's would.
    let foreign = Forged::minted().seal(99, &Payload::seal());
    refused(foreign.verified(), Code::ChainSignature, 1);
    // The first delegate's key cannot seal behind the root, nor the root's own key.
    refused(Forged::minted().seal(11, &Payload::seal()).verified(), Code::ChainSignature, 1);
    refused(Forged::minted().seal(OPS, &Payload::seal()).verified(), Code::ChainSignature, 1);
    // The seal of the whole chain behind a prefix of it.
    refused(order(&[0, 3]), Code::ChainSignature, 1);
    refused(order(&[0, 1, 3]), Code::ChainSignature, 2);
}

#[test]
fn swapped_blocks() {
    refused(order(&[0, 2, 1, 3]), Code::ChainSignature, 1);
}

#[test]
fn a_root_block_that_is_not_first() {
    // Its scopes are no refinements.
    refused(order(&[1, 0, 2, 3]), Code::ParseMissingClaim, 0);
    refused(order(&[0, 1, 0, 2, 3]), Code::ParseClaimType, 2);
}

#[test]
fn a_doubled_block() {
    refused(order(&[0, 1, 1, 2, 3]), Code::ChainSignature, 2);
    refused(order(&[0, 1, 2, 2, 3]), Code::ChainSignature, 3);
    refused(order(&[0, 1, 2, 3, 3]), Code::ParseMissingClaim, 3);
}

#[test]
fn a_dropped_block() {
    refused(order(&[0, 2, 3]), Code::ChainSignature, 1);
    refused(order(&[0, 1, 3]), Code::ChainSignature, 2);
    refused(order(&[1, 2, 3]), Code::ParseMissingClaim, 0);
}

#[test]
fn a_block_doubled_under_one_key() {
    // All keys equal: only the previous id tells the places apart.
    let narrow = Payload::delegate(10).claim(2, text("a"));
    let chain = Forged::minted().delegate(10, &narrow).delegate(10, &narrow).seal(10, &Payload::seal());
    assert!(chain.verified().is_ok(), "a holder may narrow itself");
    let [root, first, second, seal] = chain.envelopes.as_slice() else { panic!() };
    for (order, block) in
        [([root, second, first, seal], 1), ([root, first, first, seal], 2), ([root, second, second, seal], 1)]
    {
        let swapped = token(&order.map(Clone::clone), None);
        refused(verify(&SealedToken::from_bytes(&swapped).unwrap(), &roots()), Code::ChainSignature, block);
    }
}

#[test]
fn a_child_spliced_onto_another_token_of_the_same_holder() {
    let wide = Forged::from_root(&Payload::root(OPS, 10).scopes([text("*")]));
    let narrow = Forged::minted().delegate(10, &Payload::delegate(11));
    let spliced = wide.clone().put(narrow.envelopes[1].clone(), narrow.previous).seal(11, &Payload::seal());
    refused(spliced.verified(), Code::ChainSignature, 1);
}

#[test]
fn the_root_block_signed_by_another_trusted_root() {
    // It names the first root, and the second signs the same content.
    let forged = Forged::behind(OPS).block(ROOT, OTHER, &Payload::root(OPS, 10)).seal(10, &Payload::seal());
    refused(verify(&forged.sealed().unwrap(), &trusting_both()), Code::ChainSignature, 0);
}

#[test]
fn the_root_block_minted_again_by_another_trusted_root() {
    // A genuine root block of the second root, but what follows was signed behind another id.
    let chain = chain();
    let stolen = Forged::behind(OTHER).block(ROOT, OTHER, &Payload::root(OTHER, 10));
    let stolen = chain.envelopes[1..].iter().fold(stolen, |all, envelope| all.put(envelope.clone(), [0; 32]));
    refused(verify(&stolen.sealed().unwrap(), &trusting_both()), Code::ChainSignature, 1);
}

#[test]
fn an_unknown_root() {
    let forged = Forged::behind(OTHER).block(ROOT, OTHER, &Payload::root(OTHER, 10)).seal(10, &Payload::seal());
    refused(forged.verified(), Code::ChainUnknownRoot, 0);
    assert!(verify(&forged.sealed().unwrap(), &trusting_both()).is_ok());
    // A hint is a promise: the wrong one finds the wrong key.
    let lying = Payload::root(OPS, 10).private(0, bytes(&hint(OTHER)));
    let forged = Forged::behind(OPS).block(ROOT, OPS, &lying).seal(10, &Payload::seal());
    refused(verify(&forged.sealed().unwrap(), &trusting_both()), Code::ChainSignature, 0);
    refused(forged.verified(), Code::ChainUnknownRoot, 0);
}

#[test]
fn a_block_of_another_kind() {
    let next = Payload::delegate(11);
    for kind in [ROOT, SEAL, 3, 4, 255] {
        let forged = Forged::minted().block(kind, 10, &next).seal(11, &Payload::seal());
        refused(forged.verified(), Code::ChainSignature, 1);
    }
    for kind in [ROOT, DELEGATE, 3, 4] {
        refused(Forged::minted().block(kind, 10, &Payload::seal()).verified(), Code::ChainSignature, 1);
    }
    for kind in [DELEGATE, SEAL, 3] {
        let forged = Forged::behind(OPS).block(kind, OPS, &Payload::root(OPS, 10)).seal(10, &Payload::seal());
        refused(forged.verified(), Code::ChainSignature, 0);
    }
}

/// A root block signed over `message` as it is, and a seal.
fn signed_over(message: &[u8], payload: &[u8]) -> Result<Verified, Refusal> {
    let signature = key(OPS).sign(message).to_bytes();
    Forged::behind(OPS).put(envelope(payload, &signature), [0; 32]).seal(10, &Payload::seal()).verified()
}

#[test]
fn signatures_without_our_context() {
    let payload = Payload::root(OPS, 10).bytes();
    let aad = |profile: &str, previous: &[u8; 32]| cbor(&list([text(profile), time(ROOT), bytes(previous)]));
    let before = before_root(OPS);
    for message in [
        payload.clone(),
        sig_structure(&[], &payload),
        sig_structure(&aad("wane", &before), &payload),
        sig_structure(&aad("wane2", &before), &payload),
        sig_structure(&aad("wane1", &[0; 32]), &payload),
        sig_structure(&aad("wane1", &sha256(&[b"wane1", key(OPS).verifying_key().as_bytes()])), &payload),
        sha256(&[&sig_structure(&external_aad(ROOT, &before), &payload)]).to_vec(),
        cbor(&list([text("Signature"), bytes(&[0xa1, 0x01, 0x32]), bytes(&aad("wane1", &before)), bytes(&payload)])),
    ] {
        refused(signed_over(&message, &payload), Code::ChainSignature, 0);
    }
}

#[test]
fn a_second_valid_signature_is_the_same_block() {
    let payload = Payload::root(OPS, 10).bytes();
    let message = sig_structure(&external_aad(ROOT, &before_root(OPS)), &payload);
    let mut expanded = ExpandedSecretKey::from_bytes(&Sha512::digest(key(OPS).to_bytes()).into());
    expanded.hash_prefix = [0x5a; 32];
    let signature = raw_sign::<Sha512>(&expanded, &message, &key(OPS).verifying_key()).to_bytes();

    let genuine = Forged::minted().seal(10, &Payload::seal());
    let mut again = genuine.clone();
    again.envelopes[0] = envelope(&payload, &signature);
    assert_ne!(genuine.envelopes[0], again.envelopes[0]);

    let (genuine, again) = (genuine.verified().unwrap(), again.verified().unwrap());
    let ids = |verified: &Verified| verified.chain().blocks().iter().map(|block| block.id()).collect::<Vec<_>>();
    assert_eq!(ids(&genuine), ids(&again));
}

#[test]
fn block_ids_are_those_of_what_was_signed() {
    let payload = Payload::root(OPS, 10).bytes();
    let sealed = Forged::minted().seal(10, &Payload::seal()).sealed().unwrap();
    let expected = crate::forge::block_id(ROOT, &before_root(OPS), &payload);
    assert_eq!(sealed.chain().blocks()[0].id().as_bytes(), &expected);
    let seal = crate::forge::block_id(SEAL, &expected, &Payload::seal().bytes());
    assert_eq!(sealed.chain().blocks()[1].id().as_bytes(), &seal);
}

#[test]
fn a_session_opened_by_a_seal() {
    let root = Payload::root(OPS, 10).without_private(1);
    let seal = Payload::seal().private(1, Value::Bool(true)).claim(6, time(IAT));
    let roots = Roots::new([TrustedRoot::new(public(OPS)).allow_issuer()]).unwrap();
    let forged = Forged::from_root(&root).seal(10, &seal);
    refused(verify(&forged.sealed().unwrap(), &roots), Code::ChainSealSession, 1);
    // Also where one is open already.
    refused(Forged::minted().seal(10, &seal).verified(), Code::ChainSealSession, 1);
}

#[test]
fn an_issuer_chain_without_a_session() {
    let forged = Forged::from_root(&Payload::root(OPS, 10).without_private(1))
        .delegate(10, &Payload::delegate(11))
        .seal(11, &Payload::seal());
    refused(forged.verified(), Code::ChainIssuer, 0);
    let roots = Roots::new([TrustedRoot::new(public(OPS)).allow_issuer()]).unwrap();
    refused(verify(&forged.sealed().unwrap(), &roots), Code::ChainNoSession, None);
}

#[test]
fn a_second_session() {
    let again = Payload::delegate(11).private(1, Value::Bool(true)).claim(6, time(IAT));
    refused(Forged::minted().delegate(10, &again).seal(11, &Payload::seal()).verified(), Code::ChainSecondSession, 1);
    let roots = Roots::new([TrustedRoot::new(public(OPS)).allow_issuer()]).unwrap();
    let twice = Forged::from_root(&Payload::root(OPS, 10).without_private(1))
        .delegate(10, &again)
        .delegate(11, &Payload::delegate(12))
        .delegate(12, &Payload::delegate(13).private(1, Value::Bool(true)).claim(6, time(IAT)))
        .seal(13, &Payload::seal());
    refused(verify(&twice.sealed().unwrap(), &roots), Code::ChainSecondSession, 3);
}
