//! Signed chains and approvals, right or wrong.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};
use wane::{SecretKey, Signer as _};

use super::super::naive::{Approval, Block, Chain, Digest, Hint, ROOT_KEY, Request, Signature};
use super::wire::{array, bytes, map, object, payload, text, tree, uint};

/// A key for each number, always the same.
pub(crate) fn secret(number: u8) -> &'static SecretKey {
    static KEYS: LazyLock<Vec<SecretKey>> =
        LazyLock::new(|| (0..=u8::MAX).map(|number| SecretKey::from_seed([number; 32])).collect());
    &KEYS[usize::from(number)]
}

pub(crate) fn public(number: u8) -> [u8; 32] {
    static KEYS: LazyLock<Vec<[u8; 32]>> =
        LazyLock::new(|| (0..=u8::MAX).map(|number| *secret(number).public_key().as_bytes()).collect());
    KEYS[usize::from(number)]
}

fn sha256(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

fn hint(root: Hint) -> [u8; 8] {
    let key = if root == Hint::Trusted { public(ROOT_KEY) } else { public(ROOT_KEY + 1) };
    let [a, b, c, d, e, f, g, h, ..] = sha256(&key);
    [a, b, c, d, e, f, g, h]
}

fn signed(kind: u64, previous: &[u8; 32], payload: &[u8]) -> Vec<u8> {
    let aad = array(&[text("wane1"), uint(kind), bytes(previous)]);
    array(&[text("Signature1"), bytes(&[0xa1, 0x01, 0x32]), bytes(&aad), bytes(payload)])
}

pub(crate) fn block_id(kind: u64, previous: &[u8; 32], payload: &[u8]) -> [u8; 32] {
    sha256(&signed(kind, previous, payload))
}

/// Signatures by the id of what was signed, and the key.
type Signed = HashMap<([u8; 32], u8), [u8; 64]>;

thread_local! {
    /// What was signed already: most chains begin like another one.
    static SIGNED: RefCell<Signed> = RefCell::default();
}

fn envelope(kind: u64, previous: &[u8; 32], payload: &[u8], key: u8) -> Vec<u8> {
    let message = signed(kind, previous, payload);
    let signature = SIGNED.with_borrow_mut(|known| {
        if known.len() > 20_000 {
            known.clear();
        }
        let sign = || secret(key).sign(&message).expect("keys in memory sign");
        *known.entry((sha256(&message), key)).or_insert_with(sign)
    });
    [&[0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0], &bytes(payload)[..], &bytes(&signature)].concat()
}

/// What is asked, as holders, enforcement points and approvers digest it.
fn request_digest(request: &Request, chain: &Chain) -> [u8; 32] {
    let call = [vec![text("action")], request.actions.iter().map(|action| text(action)).collect()].concat();
    sha256(&array(&[text(request.audience), array(&call), tree(&request.point.arguments), object(chain.said())]))
}

/// A chain as a verifier is shown it.
pub(crate) struct Forged {
    pub(crate) token: Vec<u8>,
    /// The id of each block.
    pub(crate) ids: Vec<[u8; 32]>,
}

impl Forged {
    /// A seal for one request is for the first one.
    pub(crate) fn new(chain: &Chain, first: Option<&Request>) -> Self {
        let mut key = ROOT_KEY;
        let mut ids: Vec<[u8; 32]> = Vec::new();
        let mut envelopes = Vec::new();
        for (index, block) in chain.blocks.iter().enumerate() {
            let digest = block.digest.as_ref().map(|digest| match (digest, first) {
                (Digest::First, Some(first)) => request_digest(first, chain),
                _ => [0xdd; 32],
            });
            let payload = payload(block, index == 0, digest, public, hint);
            let kind = kind(index, block);
            let root = block.hint.map(hint).unwrap_or_default();
            let previous = ids.last().copied().unwrap_or_else(|| sha256(&[&b"wane1"[..], &root].concat()));
            envelopes.push(match block.signature {
                Signature::Right => envelope(kind, &previous, &payload, key),
                Signature::Key(other) => envelope(kind, &previous, &payload, other),
                Signature::Kind(other) => envelope(other, &previous, &payload, key),
                Signature::Unlinked => envelope(kind, &[0xee; 32], &payload, key),
            });
            ids.push(block_id(kind, &previous, &payload));
            key = block.cnf.unwrap_or(key);
        }
        // Sixteen envelopes at the most.
        let count = u8::try_from(envelopes.len()).unwrap_or(u8::MAX);
        let parts = [vec![0x80 | count], envelopes.concat()].concat();
        let token = match chain.secret {
            true => [&[0x82], &parts[..], &bytes(&[key; 32])].concat(),
            false => [&[0x81], &parts[..]].concat(),
        };
        Self { token, ids }
    }

    /// The id of the last block before the seal, which approvals are for.
    fn last_delegate(&self) -> [u8; 32] {
        self.ids.iter().rev().nth(1).copied().unwrap_or_default()
    }

    /// An approval of the request behind this chain, or another one, and the id it is for.
    pub(crate) fn approval(&self, approval: &Approval, request: &Request, chain: &Chain) -> (Vec<u8>, [u8; 32]) {
        let last = if approval.chain { self.last_delegate() } else { [0xaa; 32] };
        let digest = if approval.request { request_digest(request, chain) } else { [0xcc; 32] };
        let actions: Vec<_> = approval.actions.iter().map(|action| text(action)).collect();
        let private = map(vec![
            (uint(14), bytes(&digest)),
            (uint(16), bytes(&public(approval.key))),
            (uint(17), array(&actions)),
        ]);
        let claims =
            map(vec![(uint(4), uint(approval.exp)), (uint(6), uint(approval.iat)), (vec![0x3a, 0, 1, 0, 0], private)]);
        (envelope(3, &last, &claims, approval.key), last)
    }
}

fn kind(index: usize, block: &Block) -> u64 {
    match (index, block.cnf) {
        (0, _) => 0,
        (_, Some(_)) => 1,
        (_, None) => 2,
    }
}
