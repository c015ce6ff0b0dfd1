//! Tokens over payloads of anybody's choice, signed as a writer of `spec/token.md` would.

use std::sync::OnceLock;

use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest as _, Sha256};
use wane::{PublicKey, SecretKey, Signer as _};

use crate::cbor::{Item, head};

/// Second of minting in everything forged here.
pub(crate) const NOW: u64 = 1_790_000_000;

/// The constant start of every envelope.
const START: [u8; 6] = [0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0];

/// The constant start of every `cnf`.
pub(crate) const CNF: [u8; 10] = [0xa1, 0x01, 0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20];

/// The key that signs block `index`; that of block 0 is the root key.
pub(crate) fn key(index: usize) -> &'static SecretKey {
    static KEYS: OnceLock<Vec<SecretKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| (1..=18).map(|seed| SecretKey::from_seed([seed; 32])).collect());
    &keys[index]
}

pub(crate) fn root() -> PublicKey {
    key(0).public_key()
}

/// `cnf` of block `index`: it names the key that signs the next one.
pub(crate) fn cnf(index: usize) -> Item {
    let key = key(index + 1).public_key();
    let cose = Item::Map(vec![
        (Item::Unsigned(1), Item::Unsigned(1)),
        (Item::Negative(0), Item::Unsigned(6)),
        (Item::Negative(1), Item::bytes(key.as_bytes())),
    ]);
    Item::map([(1, cose)])
}

/// Signed blocks, each with the id the next one refers to. A block is signed once, however many chains it stands in:
/// signing is most of the work here.
#[derive(Clone)]
pub(crate) struct Blocks {
    envelopes: Vec<Vec<u8>>,
    ids: Vec<[u8; 32]>,
}

impl Blocks {
    /// The last payload is signed as a seal.
    pub(crate) fn sealed(payloads: &[Vec<u8>]) -> Self {
        let before = Sha256::new().chain_update("wane1").chain_update(root().hint().as_bytes()).finalize().into();
        let blocks = Self { envelopes: Vec::new(), ids: vec![before] };
        let Some((seal, payloads)) = payloads.split_last() else { return blocks };
        let blocks = payloads
            .iter()
            .enumerate()
            .fold(blocks, |blocks, (index, payload)| blocks.with(u64::from(index > 0), payload));
        // A single payload stands where the root does.
        let kind = if payloads.is_empty() { 0 } else { 2 };
        blocks.with(kind, seal)
    }

    /// The first `count` blocks, and this seal behind them.
    pub(crate) fn cut_and_sealed(&self, count: usize, seal: &[u8]) -> Self {
        let cut = Self { envelopes: self.envelopes[..count].to_vec(), ids: self.ids[..=count].to_vec() };
        cut.with(2, seal)
    }

    fn with(mut self, kind: u64, payload: &[u8]) -> Self {
        let previous = self.ids.last().expect("what stands before the root");
        let (envelope, id) = sign(kind, previous, payload, key(self.envelopes.len()));
        self.envelopes.push(envelope);
        self.ids.push(id);
        self
    }

    /// The bytes of the token.
    pub(crate) fn token(&self) -> Vec<u8> {
        [head(4, 1), head(4, self.envelopes.len() as u64), self.envelopes.concat()].concat()
    }
}

/// A signed envelope of this kind behind that block, and its id.
pub(crate) fn sign(kind: u64, previous: &[u8; 32], payload: &[u8], key: &SecretKey) -> (Vec<u8>, [u8; 32]) {
    let external = Item::Array(vec![Item::Text("wane1".into()), Item::Unsigned(kind), Item::bytes(previous)]);
    let signed = Item::Array(vec![
        Item::Text("Signature1".into()),
        Item::bytes(&[0xa1, 0x01, 0x32]),
        Item::Bytes(external.encode()),
        Item::bytes(payload),
    ]);
    let signed = signed.encode();
    let signature = key.sign(&signed).expect("keys in memory sign");
    (envelope(payload, &signature), Sha256::digest(&signed).into())
}

/// A sealed token over these payloads, or what would be one.
pub(crate) fn sealed(payloads: &[Vec<u8>]) -> Vec<u8> {
    Blocks::sealed(payloads).token()
}

pub(crate) fn envelope(payload: &[u8], signature: &[u8; 64]) -> Vec<u8> {
    [&START[..], &Item::bytes(payload).encode(), &Item::bytes(signature).encode()].concat()
}

/// Puts the right keys where a payload of the fuzzer's has the places for them, so that mutations elsewhere are not
/// lost on a broken signature.
pub(crate) fn patch(payload: &mut [u8], index: usize) {
    const HINT: [u8; 2] = [0x00, 0x48];
    write_behind(payload, &CNF, key(index + 1).public_key().as_bytes());
    if index == 0 {
        write_behind(payload, &HINT, root().hint().as_bytes());
    }
}

pub(crate) fn write_behind(payload: &mut [u8], mark: &[u8], value: &[u8]) {
    let place = payload.windows(mark.len() + value.len()).position(|window| window.starts_with(mark));
    if let Some(place) = place {
        payload[place + mark.len()..][..value.len()].copy_from_slice(value);
    }
}

/// "Randomness" that is known beforehand.
pub(crate) struct Known<'a>(pub(crate) &'a [u8]);

impl TryRng for Known<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(4)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(4)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for (byte, known) in bytes.iter_mut().zip(self.0.iter().cycle()) {
            *byte = *known;
        }
        Ok(())
    }
}

impl TryCryptoRng for Known<'_> {}
