//! What a verifier remembers of signatures changes no answer.

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{
    Arguments, Call, Code, Heir, KnownSignatures, Narrowing, Refusal, RootGrant, Roots, Seal, SealedToken, SecretKey,
    SignatureCache, Token, TrustedRoot, Verified, mint, verify, verify_with,
};

fn root() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

fn minted(issued: u64) -> Token {
    let grant = RootGrant::new("files".parse().unwrap(), issued, issued + 3_600).scope("read:*".parse().unwrap());
    mint(&grant, &root(), Heir::carried(&mut UnwrapErr(SysRng))).unwrap()
}

fn sealed(token: &Token) -> SealedToken {
    let child = token.attenuate(&Narrowing::new().expires_at(2_000), Heir::carried(&mut UnwrapErr(SysRng))).unwrap();
    child.seal(&Seal::new()).unwrap()
}

fn code(answer: Result<Verified, Refusal>) -> Option<Code> {
    answer.err().map(|refusal| refusal.code())
}

#[test]
fn no_altered_byte_passes_for_one_that_is_known() {
    let (sealed, roots) = (sealed(&minted(1_000)), Roots::single(root().public_key()));
    let mut cache = SignatureCache::new(100);
    cache.keep(&verify(&sealed, &roots).unwrap());
    let bytes = sealed.to_bytes();
    let mut read = 0;
    for at in 0..bytes.len() {
        for flip in [1, 0x80] {
            let mut altered = bytes.clone();
            altered[at] ^= flip;
            let Ok(altered) = SealedToken::from_bytes(&altered) else { continue };
            read += 1;
            let known = cache.known(&altered, &roots);
            let with = code(verify_with(&altered, &roots, &known));
            assert_eq!(with, code(verify(&altered, &roots)), "byte {at}");
            assert!(with.is_some(), "byte {at}");
            // What is known of the genuine one does not help either.
            assert_eq!(code(verify_with(&altered, &roots, &cache.known(&sealed, &roots))), with, "byte {at}");
        }
    }
    assert!(read > 300, "only {read} altered tokens could be read");
}

#[test]
fn a_root_is_looked_at_each_time() {
    let sealed = sealed(&minted(1_000));
    let roots = Roots::single(root().public_key());
    let mut cache = SignatureCache::new(100);
    cache.keep(&verify(&sealed, &roots).unwrap());
    assert_eq!(cache.known(&sealed, &roots).len(), 3);

    let retired = Roots::new([TrustedRoot::new(root().public_key()).minting_until(900)]).unwrap();
    let known = cache.known(&sealed, &retired);
    assert_eq!(known.len(), 3);
    assert_eq!(code(verify_with(&sealed, &retired, &known)), Some(Code::ChainMintWindow));

    let foreign = Roots::single(SecretKey::from_seed([2; 32]).public_key());
    assert!(cache.known(&sealed, &foreign).is_empty());
    assert_eq!(code(verify_with(&sealed, &foreign, &known)), Some(Code::ChainUnknownRoot));
}

#[test]
fn what_is_known_of_one_token_says_nothing_of_another() {
    let roots = Roots::single(root().public_key());
    let (one, other) = (minted(1_000), minted(1_001));
    let mut cache = SignatureCache::new(100);
    cache.keep(&verify(&sealed(&one), &roots).unwrap());
    // Both stand under the same root; the one shares its first block with a second child of its own.
    assert_eq!(cache.known(&sealed(&other), &roots).len(), 0);
    let second = sealed(&one);
    let known = cache.known(&second, &roots);
    assert_eq!(known.len(), 1);
    assert!(verify_with(&second, &roots, &known).is_ok());
    assert_eq!(KnownSignatures::none().len(), 0);
}

#[test]
fn it_never_holds_more_than_it_may() {
    let roots = Roots::single(root().public_key());
    let all: Vec<SealedToken> = (0..40).map(|number| sealed(&minted(1_000 + number))).collect();
    for most in [0, 1, 6, 12] {
        let mut cache = SignatureCache::new(most);
        for sealed in &all {
            let verified = verify(sealed, &roots).unwrap();
            cache.keep(&verified);
            cache.keep(&verified);
            assert_eq!(cache.holds(&verified), most >= 6, "the newest are there where they have room");
            let held: usize = all.iter().map(|sealed| cache.known(sealed, &roots).len()).sum();
            assert!(held <= most, "{held} of at most {most}");
        }
    }
}

#[test]
fn a_seal_for_one_request_is_not_kept() {
    let roots = Roots::single(root().public_key());
    let call = Call::actions(&["read:a".parse().unwrap()]);
    let seal = Seal::new().for_request(call, Arguments::empty(), 1_100, 1_200, &mut UnwrapErr(SysRng));
    let sealed = minted(1_000).seal(&seal).unwrap();
    let verified = verify(&sealed, &roots).unwrap();
    let mut cache = SignatureCache::new(10);
    cache.keep(&verified);
    assert!(cache.holds(&verified));
    assert_eq!(cache.known(&sealed, &roots).len(), 1);
}

#[test]
fn what_is_kept_of_a_chain_is_all_but_a_seal_for_one_request() {
    let roots = Roots::single(root().public_key());
    let heir = Heir::carried(&mut UnwrapErr(SysRng));
    let token = minted(1_000).attenuate(&Narrowing::new().expires_at(2_000), heir).unwrap();
    let call = Call::tool("read").unwrap();
    let seal = Seal::new().for_request(call, Arguments::empty(), 1_100, 1_160, &mut UnwrapErr(SysRng));
    for (seal, kept) in [(Seal::new(), 3), (seal, 2)] {
        let sealed = token.seal(&seal).unwrap();
        let mut cache = SignatureCache::new(100);
        assert!(cache.known(&sealed, &roots).is_empty() && KnownSignatures::none().is_empty());
        let verified = verify(&sealed, &roots).unwrap();
        assert!(!cache.holds(&verified));
        cache.keep(&verified);
        let known = cache.known(&sealed, &roots);
        assert_eq!((known.len(), known.is_empty(), cache.holds(&verified)), (kept, false, true));
        assert!(verify_with(&sealed, &roots, &known).is_ok());
    }
}
