//! What a cheat does to the bytes of a token. Nothing here can be had from the library.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use wane::{BlockId, SecretKey, Signer as _};
use zeroize::Zeroizing;

/// The constant start of every envelope.
const START: [u8; 6] = [0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0];
/// A signature as a byte string.
const SIGNATURE: usize = 66;
/// `{-65537: {4: [[0, "*"]]}}`: scope 0, as `*`.
const EVERYTHING: [u8; 13] = [0xa1, 0x3a, 0x00, 0x01, 0x00, 0x00, 0xa1, 0x04, 0x81, 0x82, 0x00, 0x61, 0x2a];

/// The text without its last bytes.
pub(super) fn cut(text: &str, bytes: usize) -> Option<String> {
    let (prefix, encoded) = text.rsplit_once('.')?;
    let whole = Base64UrlUnpadded::decode_vec(encoded).ok()?;
    let kept = whole.get(..whole.len().checked_sub(bytes)?)?;
    Some(format!("{prefix}.{}", Base64UrlUnpadded::encode_string(kept)))
}

/// A chain taken apart: its envelopes, and the secret that stood behind them.
pub(super) struct Parts {
    pub(super) envelopes: Vec<Vec<u8>>,
    secret: Option<Zeroizing<[u8; 32]>>,
}

impl Parts {
    /// Takes a token or a sealed token apart.
    pub(super) fn of(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(Base64UrlUnpadded::decode_vec(text.rsplit('.').next()?).ok()?);
        let ([outer, inner], mut rest) = bytes.split_first_chunk().map(|(head, rest)| (*head, rest))?;
        let mut envelopes = Vec::new();
        for _ in 0x80..inner {
            let payload = rest.get(START.len()..)?;
            let length = match payload {
                [head @ 0x40..=0x57, ..] => usize::from(head - 0x40) + 1,
                [0x58, length, ..] => usize::from(*length) + 2,
                [0x59, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])) + 3,
                _ => return None,
            };
            let (envelope, after) = rest.split_at_checked(START.len() + length + SIGNATURE)?;
            envelopes.push(envelope.to_vec());
            rest = after;
        }
        let secret = match outer {
            0x82 => Some(Zeroizing::new(*rest.last_chunk()?)),
            _ => None,
        };
        Some(Self { envelopes, secret })
    }

    /// Puts the envelopes together as a sealed token.
    pub(super) fn sealed(&self) -> String {
        self.join(0x81, &[])
    }

    /// The same, with a secret behind them.
    pub(super) fn sealed_with(&self, secret: &SecretKey) -> String {
        let mut tail = vec![0x58, 0x20];
        tail.extend_from_slice(secret.expose_seed());
        self.join(0x82, &tail)
    }

    /// Signs, with the carried secret, a seal that claims everything: what a holder with software of its own can do.
    pub(super) fn with_greedy_seal(mut self, previous: BlockId) -> Option<Self> {
        let key = SecretKey::from_seed(**self.secret.as_ref()?);
        let mut aad = vec![0x83, 0x65];
        aad.extend_from_slice(b"wane1");
        aad.extend_from_slice(&[0x02, 0x58, 0x20]);
        aad.extend_from_slice(previous.as_bytes());
        let mut signed = vec![0x84, 0x6a];
        signed.extend_from_slice(b"Signature1");
        signed.extend_from_slice(&[0x43, 0xa1, 0x01, 0x32, 0x58, u8::try_from(aad.len()).ok()?]);
        signed.extend_from_slice(&aad);
        signed.push(0x40 + u8::try_from(EVERYTHING.len()).ok()?);
        signed.extend_from_slice(&EVERYTHING);
        let mut envelope = START.to_vec();
        envelope.push(0x40 + u8::try_from(EVERYTHING.len()).ok()?);
        envelope.extend_from_slice(&EVERYTHING);
        envelope.extend_from_slice(&[0x58, 0x40]);
        envelope.extend_from_slice(&key.sign(&signed).ok()?);
        self.envelopes.push(envelope);
        Some(self)
    }

    /// Replaces bytes in one envelope by as many others.
    pub(super) fn with_bytes(mut self, index: usize, from: &[u8], to: &[u8]) -> Option<Self> {
        let envelope = self.envelopes.get_mut(index)?;
        let at = envelope.windows(from.len()).position(|window| window == from)?;
        envelope.get_mut(at..at + from.len())?.copy_from_slice(to);
        Some(self)
    }

    /// Flips the last bit of the last signature.
    pub(super) fn with_flipped_bit(mut self) -> Option<Self> {
        *self.envelopes.last_mut()?.last_mut()? ^= 1;
        Some(self)
    }

    fn join(&self, outer: u8, tail: &[u8]) -> String {
        let count = u8::try_from(self.envelopes.len()).unwrap_or(u8::MAX);
        let mut bytes = vec![outer, 0x80_u8.saturating_add(count)];
        self.envelopes.iter().for_each(|envelope| bytes.extend_from_slice(envelope));
        bytes.extend_from_slice(tail);
        format!("wane1.sealed.{}", Base64UrlUnpadded::encode_string(&bytes))
    }
}
