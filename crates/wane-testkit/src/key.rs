//! Keys that are always the same, and signatures that only nearly are.

use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::{ED25519_BASEPOINT_TABLE, EIGHT_TORSION};
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256, Sha512};

use crate::text::line;

/// The root key that verifiers trust unless a case says otherwise.
pub const ROOT: u8 = 1;

/// The secret key whose RFC 8032 seed is 32 times this byte.
#[must_use]
pub fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// Its public key.
#[must_use]
pub fn public(number: u8) -> [u8; 32] {
    key(number).verifying_key().to_bytes()
}

/// The first 8 bytes of SHA-256 of its public key.
///
/// # Panics
/// Never: a digest has 32 bytes.
#[must_use]
pub fn hint(number: u8) -> [u8; 8] {
    hint_of(&public(number))
}

/// The hint of any 32 bytes.
///
/// # Panics
/// Never: a digest has 32 bytes.
#[must_use]
pub fn hint_of(key: &[u8; 32]) -> [u8; 8] {
    let digest = sha256(&[key]);
    *digest.first_chunk().expect("a digest has 32 bytes")
}

/// `wane1.key.…`
#[must_use]
pub fn key_text(number: u8) -> String {
    line("wane1.key.", &public(number))
}

/// SHA-256 over the parts, one after the other.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

/// The RFC 8032 signature.
#[must_use]
pub fn sign(number: u8, message: &[u8]) -> Vec<u8> {
    key(number).sign(message).to_bytes().to_vec()
}

/// The same signature with the group order added to S: equal modulo the order, and not below it.
#[must_use]
pub fn with_order_added(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let (r, s) = signature.split_at(32);
    let mut carry = 0;
    let sum = s.iter().zip(ORDER).map(|(byte, order)| {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    });
    let sum: Vec<u8> = sum.collect();
    [r, &sum].concat()
}

/// A valid signature over the message from another nonce than RFC 8032 derives: what the same signer could also write.
#[must_use]
pub fn sign_otherwise(number: u8, message: &[u8]) -> Vec<u8> {
    let nonce = Scalar::from(7_u8);
    finish(number, ED25519_BASEPOINT_TABLE * &nonce, nonce, &public(number), message)
}

/// A signature whose R is the neutral point: the equation holds, and R is of small order.
#[must_use]
pub fn sign_with_neutral_r(number: u8, message: &[u8]) -> Vec<u8> {
    finish(number, small_order_point(0), Scalar::ZERO, &public(number), message)
}

/// A signature whose R has a part of small order: the equation holds with the cofactor and not without.
#[must_use]
pub fn sign_for_cofactor_only(number: u8, message: &[u8]) -> Vec<u8> {
    let nonce = Scalar::from(7_u8);
    finish(number, ED25519_BASEPOINT_TABLE * &nonce + small_order_point(1), nonce, &public(number), message)
}

/// The public key with a point of order 8 added. It is canonical and not of small order, so readers accept it.
///
/// # Panics
/// Never: a public key is a point.
#[must_use]
pub fn mixed_order_key(number: u8) -> [u8; 32] {
    let point = CompressedEdwardsY(public(number)).decompress().expect("a public key is a point");
    (point + small_order_point(1)).compress().to_bytes()
}

/// A signature under [`mixed_order_key`] for which the equation holds without the cofactor, found by trying nonces.
#[must_use]
pub fn sign_under_mixed_order(number: u8, message: &[u8]) -> Vec<u8> {
    let key = mixed_order_key(number);
    let found = (1_u16..).find_map(|nonce| {
        let nonce = Scalar::from(nonce);
        let r = ED25519_BASEPOINT_TABLE * &nonce;
        let challenge = challenge(&r, &key, message);
        // The part of small order vanishes if the challenge is a multiple of 8.
        (challenge.to_bytes()[0] & 7 == 0).then(|| finish(number, r, nonce, &key, message))
    });
    found.unwrap_or_default()
}

/// A signature under [`mixed_order_key`] for which the equation holds only with the cofactor.
#[must_use]
pub fn sign_under_mixed_order_for_cofactor_only(number: u8, message: &[u8]) -> Vec<u8> {
    let key = mixed_order_key(number);
    let found = (1_u16..).find_map(|nonce| {
        let nonce = Scalar::from(nonce);
        let r = ED25519_BASEPOINT_TABLE * &nonce;
        let challenge = challenge(&r, &key, message);
        (challenge.to_bytes()[0] & 7 != 0).then(|| finish(number, r, nonce, &key, message))
    });
    found.unwrap_or_default()
}

/// The encodings of the eight points of small order; number 0 is the neutral one.
#[must_use]
pub fn small_order(number: usize) -> [u8; 32] {
    small_order_point(number).compress().to_bytes()
}

/// A second encoding of a point that is not of small order: its y plus 2^255 − 19.
#[must_use]
pub fn non_canonical_key() -> [u8; 32] {
    let y = (2..19).find(|y| is_point(*y)).unwrap_or_default();
    let mut key = [0xff; 32];
    key[0] = 0xed + y;
    key[31] = 0x7f;
    key
}

/// A y in its plain encoding that no point of the curve has.
#[must_use]
pub fn key_off_the_curve() -> [u8; 32] {
    let mut key = [0; 32];
    key[0] = (2..).find(|y| !is_point(*y)).unwrap_or_default();
    key
}

fn is_point(y: u8) -> bool {
    let mut key = [0; 32];
    key[0] = y;
    CompressedEdwardsY(key).decompress().is_some()
}

fn small_order_point(number: usize) -> EdwardsPoint {
    EIGHT_TORSION.get(number).copied().expect("there are eight points of small order")
}

fn finish(number: u8, r: EdwardsPoint, nonce: Scalar, key: &[u8; 32], message: &[u8]) -> Vec<u8> {
    let s = nonce + challenge(&r, key, message) * secret_scalar(number);
    [r.compress().to_bytes(), s.to_bytes()].concat()
}

fn challenge(r: &EdwardsPoint, key: &[u8; 32], message: &[u8]) -> Scalar {
    let digest = Sha512::new().chain_update(r.compress().as_bytes()).chain_update(key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&digest.into())
}

fn secret_scalar(number: u8) -> Scalar {
    let digest: [u8; 64] = Sha512::digest([number; 32]).into();
    let half = *digest.first_chunk().expect("a digest has 64 bytes");
    Scalar::from_bytes_mod_order(clamp_integer(half))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signature, VerifyingKey};

    use super::*;

    fn holds(key: &[u8; 32], signature: &[u8]) -> bool {
        let signature = Signature::from_bytes(signature.try_into().expect("64 bytes"));
        VerifyingKey::from_bytes(key).expect("a point").verify_strict(b"m", &signature).is_ok()
    }

    #[test]
    fn only_what_should_hold_holds() {
        assert!(holds(&public(5), &sign(5, b"m")));
        assert!(holds(&public(5), &sign_otherwise(5, b"m")));
        assert_ne!(sign(5, b"m"), sign_otherwise(5, b"m"));
        assert!(holds(&mixed_order_key(5), &sign_under_mixed_order(5, b"m")));
        assert!(!holds(&mixed_order_key(5), &sign_under_mixed_order_for_cofactor_only(5, b"m")));
        assert!(!holds(&public(5), &sign_with_neutral_r(5, b"m")));
        assert!(!holds(&public(5), &sign_for_cofactor_only(5, b"m")));
        assert!(!holds(&public(5), &with_order_added(&sign(5, b"m"))));
    }

    #[test]
    fn keys_are_what_they_say() {
        assert!(VerifyingKey::from_bytes(&key_off_the_curve()).is_err());
        // The crate below takes the other encoding: whoever wants one per point must look at it.
        assert!(!VerifyingKey::from_bytes(&non_canonical_key()).expect("a point").is_weak());
        assert!((0..8).all(|number| VerifyingKey::from_bytes(&small_order(number)).expect("a point").is_weak()));
        assert!(!VerifyingKey::from_bytes(&mixed_order_key(5)).expect("a point").is_weak());
    }
}
