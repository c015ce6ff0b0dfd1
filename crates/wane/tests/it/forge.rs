//! Writes tokens that the library refuses to make: any claims or bytes, signed by any key, in any order. It shares no
//! encoder with the library, and its keys are fixed.

use std::sync::LazyLock;

use ciborium::value::Value;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};
use wane::{
    Arguments, Code, Decision, LiveState, PublicKey, Refusal, Request, Roots, SealedToken, SecretKey, Verified, decide,
    verify,
};

/// When the root blocks of these tests are issued and expire, and when they are judged.
pub(crate) const IAT: u64 = 1_000;
pub(crate) const EXP: u64 = 4_600;
pub(crate) const NOW: u64 = 2_000;

pub(crate) const ROOT: u64 = 0;
pub(crate) const DELEGATE: u64 = 1;
pub(crate) const SEAL: u64 = 2;

/// The root key that verifiers trust here, and another one that they may trust as well.
pub(crate) const OPS: u8 = 1;
pub(crate) const OTHER: u8 = 2;

/// The private map.
pub(crate) const PRIVATE: i64 = -65_537;

/// A key for each number, always the same.
pub(crate) fn key(number: u8) -> &'static SigningKey {
    static KEYS: LazyLock<Vec<SigningKey>> =
        LazyLock::new(|| (0..=u8::MAX).map(|number| SigningKey::from_bytes(&[number; 32])).collect());
    &KEYS[usize::from(number)]
}

/// The same key as the library holds it.
pub(crate) fn secret(number: u8) -> SecretKey {
    SecretKey::from_seed([number; 32])
}

pub(crate) fn public(number: u8) -> PublicKey {
    static KEYS: LazyLock<Vec<PublicKey>> = LazyLock::new(|| (0..=u8::MAX).map(|it| secret(it).public_key()).collect());
    KEYS[usize::from(number)]
}

pub(crate) fn roots() -> Roots {
    static ROOTS: LazyLock<Roots> = LazyLock::new(|| Roots::single(public(OPS)));
    ROOTS.clone()
}

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

pub(crate) fn hint(number: u8) -> [u8; 8] {
    sha256(&[key(number).verifying_key().as_bytes()])[..8].try_into().unwrap()
}

// Values, and their encoding by another crate than the library's.

pub(crate) fn int(value: impl Into<i64>) -> Value {
    Value::from(value.into())
}

pub(crate) fn time(value: u64) -> Value {
    Value::from(value)
}

pub(crate) fn text(value: &str) -> Value {
    Value::from(value)
}

pub(crate) fn bytes(value: &[u8]) -> Value {
    Value::from(value)
}

pub(crate) fn list(values: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(values.into_iter().collect())
}

pub(crate) fn texts(values: &[&str]) -> Value {
    list(values.iter().map(|value| text(value)))
}

pub(crate) fn map(entries: impl IntoIterator<Item = (Value, Value)>) -> Value {
    Value::Map(entries.into_iter().collect())
}

pub(crate) fn cbor(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).unwrap();
    out
}

/// `cnf` naming this key.
pub(crate) fn cnf(number: u8) -> Value {
    let key = bytes(key(number).verifying_key().as_bytes());
    map([(int(1), map([(int(1), int(1)), (int(-1), int(6)), (int(-2), key)]))])
}

/// The claims of one block, well-formed or not. Maps are written in ascending order of their encoded keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payload {
    claims: Vec<(Value, Value)>,
    private: Vec<(Value, Value)>,
}

impl Payload {
    /// A root block of the key `root` whose holder is `next`: audience `files`, scope `read:*`, a session.
    pub(crate) fn root(root: u8, next: u8) -> Self {
        Self::default()
            .claim(3, text("files"))
            .claim(4, time(EXP))
            .claim(6, time(IAT))
            .claim(8, cnf(next))
            .private(0, bytes(&hint(root)))
            .private(1, Value::Bool(true))
            .private(4, texts(&["read:*"]))
    }

    /// A block that names the next holder and takes nothing away.
    pub(crate) fn delegate(next: u8) -> Self {
        Self::default().claim(8, cnf(next))
    }

    /// A seal that takes nothing away.
    pub(crate) fn seal() -> Self {
        Self::default()
    }

    /// A seal for one request with this digest.
    pub(crate) fn request_seal(digest: [u8; 32], iat: u64, exp: u64) -> Self {
        Self::default().claim(4, time(exp)).claim(6, time(iat)).claim(7, bytes(&[7; 8])).private(14, bytes(&digest))
    }

    /// States a registered claim, in place of what is stated already.
    pub(crate) fn claim(self, key: i64, value: Value) -> Self {
        self.claim_under(int(key), value)
    }

    pub(crate) fn claim_under(mut self, key: Value, value: Value) -> Self {
        self.claims.retain(|(known, _)| *known != key);
        self.claims.push((key, value));
        self
    }

    /// States a claim of the private map, in place of what is stated already.
    pub(crate) fn private(self, key: i64, value: Value) -> Self {
        self.private_under(int(key), value)
    }

    pub(crate) fn private_under(mut self, key: Value, value: Value) -> Self {
        self.private.retain(|(known, _)| *known != key);
        self.private.push((key, value));
        self
    }

    /// States a registered claim beside what is stated already.
    pub(crate) fn also(mut self, key: i64, value: Value) -> Self {
        self.claims.push((int(key), value));
        self
    }

    /// States a private claim beside what is stated already.
    pub(crate) fn also_private(mut self, key: i64, value: Value) -> Self {
        self.private.push((int(key), value));
        self
    }

    pub(crate) fn without(mut self, key: i64) -> Self {
        self.claims.retain(|(known, _)| *known != int(key));
        self
    }

    pub(crate) fn without_private(mut self, key: i64) -> Self {
        self.private.retain(|(known, _)| *known != int(key));
        self
    }

    pub(crate) fn scopes(self, scopes: impl IntoIterator<Item = Value>) -> Self {
        self.private(4, list(scopes))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut claims = self.claims.clone();
        if !self.private.is_empty() {
            claims.push((int(PRIVATE), ascending(self.private.clone())));
        }
        cbor(&ascending(claims))
    }
}

fn ascending(mut entries: Vec<(Value, Value)>) -> Value {
    entries.sort_by_key(|(key, _)| cbor(key));
    Value::Map(entries)
}

/// `["wane1", kind, previous id]`.
pub(crate) fn external_aad(kind: u64, previous: &[u8; 32]) -> Vec<u8> {
    cbor(&list([text("wane1"), time(kind), bytes(previous)]))
}

pub(crate) fn sig_structure(aad: &[u8], payload: &[u8]) -> Vec<u8> {
    cbor(&list([text("Signature1"), bytes(&[0xa1, 0x01, 0x32]), bytes(aad), bytes(payload)]))
}

/// The id of what stands before a root block of this key.
pub(crate) fn before_root(root: u8) -> [u8; 32] {
    sha256(&[b"wane1", &hint(root)])
}

pub(crate) fn block_id(kind: u64, previous: &[u8; 32], payload: &[u8]) -> [u8; 32] {
    sha256(&[&sig_structure(&external_aad(kind, previous), payload)])
}

/// Protected header, empty unprotected header, payload, signature.
pub(crate) fn envelope(payload: &[u8], signature: &[u8]) -> Vec<u8> {
    cbor(&list([bytes(&[0xa1, 0x01, 0x32]), map([]), bytes(payload), bytes(signature)]))
}

/// Envelopes one after the other, and what the next one is signed behind.
#[derive(Clone, Debug)]
pub(crate) struct Forged {
    pub(crate) envelopes: Vec<Vec<u8>>,
    pub(crate) previous: [u8; 32],
}

impl Forged {
    /// Nothing yet, behind this root key's hint.
    pub(crate) fn behind(root: u8) -> Self {
        Self { envelopes: Vec::new(), previous: before_root(root) }
    }

    /// A chain of one root block of the trusted key, held by key 10.
    pub(crate) fn minted() -> Self {
        Self::from_root(&Payload::root(OPS, 10))
    }

    pub(crate) fn from_root(payload: &Payload) -> Self {
        Self::behind(OPS).block(ROOT, OPS, payload)
    }

    pub(crate) fn block(self, kind: u64, signer: u8, payload: &Payload) -> Self {
        self.raw(kind, signer, &payload.bytes())
    }

    pub(crate) fn delegate(self, signer: u8, payload: &Payload) -> Self {
        self.block(DELEGATE, signer, payload)
    }

    pub(crate) fn seal(self, signer: u8, payload: &Payload) -> Self {
        self.block(SEAL, signer, payload)
    }

    /// A block of any bytes.
    pub(crate) fn raw(self, kind: u64, signer: u8, payload: &[u8]) -> Self {
        let message = sig_structure(&external_aad(kind, &self.previous), payload);
        let id = sha256(&[&message]);
        let signature = key(signer).sign(&message).to_bytes();
        self.put(envelope(payload, &signature), id)
    }

    /// An envelope as it is; what follows is signed behind `id`.
    pub(crate) fn put(mut self, envelope: Vec<u8>, id: [u8; 32]) -> Self {
        self.envelopes.push(envelope);
        self.previous = id;
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        token(&self.envelopes, None)
    }

    pub(crate) fn sealed(&self) -> Result<SealedToken, Refusal> {
        SealedToken::from_bytes(&self.bytes())
    }

    /// Read and verified against the one trusted root.
    pub(crate) fn verified(&self) -> Result<Verified, Refusal> {
        verify(&self.sealed()?, &roots())
    }
}

/// `[[envelope…], ?secret]`.
pub(crate) fn token(envelopes: &[Vec<u8>], secret: Option<&[u8]>) -> Vec<u8> {
    let mut out = vec![if secret.is_some() { 0x82 } else { 0x81 }];
    out.extend(head(4, envelopes.len()));
    envelopes.iter().for_each(|envelope| out.extend(envelope));
    if let Some(secret) = secret {
        out.extend(cbor(&bytes(secret)));
    }
    out
}

/// The shortest head of an item that is short enough for the tests.
pub(crate) fn head(major: u8, argument: usize) -> Vec<u8> {
    match u16::try_from(argument).unwrap() {
        argument @ 0..=23 => vec![major << 5 | u8::try_from(argument).unwrap()],
        argument @ 24..=255 => vec![major << 5 | 24, u8::try_from(argument).unwrap()],
        argument => [&[major << 5 | 25][..], &argument.to_be_bytes()].concat(),
    }
}

/// A text form: the prefix and unpadded base64url.
pub(crate) fn line(prefix: &str, bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::from(prefix);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..=chunk.len() {
            let sextet = bits >> (18 - 6 * place) & 0x3f;
            out.push(char::from(ALPHABET[usize::try_from(sextet).unwrap()]));
        }
    }
    out
}

/// The same bytes with the one place where `old` stands changed to `new`.
#[track_caller]
pub(crate) fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    let [at] = places[..] else { panic!("{old:02x?} stands {} times", places.len()) };
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

// What tests say about answers.

/// Refused with this code, in this block.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, Refusal>, code: Code, block: impl Into<Option<usize>>) {
    let refusal = answer.expect_err(code.as_str());
    assert_eq!((refusal.code(), refusal.block()), (code, block.into()), "{refusal:?}");
}

/// Denied with this code, in this block.
#[track_caller]
pub(crate) fn denied(decision: &Decision, code: Code, block: impl Into<Option<usize>>) {
    match decision {
        Decision::Deny(refusal) => assert_eq!((refusal.code(), refusal.block()), (code, block.into()), "{refusal:?}"),
        other => panic!("{code} expected: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn allowed(decision: &Decision) {
    assert!(matches!(decision, Decision::Allow(_)), "{decision:?}");
}

/// A request for one action at the server `files`.
pub(crate) fn request(action: &str) -> Request {
    Request::for_actions("files".parse().unwrap(), vec![action.parse().unwrap()], wane::Level::Public).unwrap()
}

pub(crate) fn json(arguments: &str) -> Arguments {
    Arguments::from_json(arguments.as_bytes()).unwrap()
}

/// The decision without a ledger at the time of these tests.
pub(crate) fn decided(verified: &Verified, request: &Request) -> Decision {
    decide(verified, request, &LiveState::without_ledger(), NOW)
}

/// A generator that gives the same bytes for the same seed.
pub(crate) struct Rng {
    seed: u64,
    block: u64,
}

impl Rng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, block: 0 }
    }
}

impl rand_core::TryRng for Rng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in to.chunks_mut(32) {
            self.block += 1;
            let random = sha256(&[&self.seed.to_be_bytes(), &self.block.to_be_bytes()]);
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Rng {}
