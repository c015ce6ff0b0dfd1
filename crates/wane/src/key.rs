//! Public keys, secret keys and the signer a root key may hide behind.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::code::Code;
use crate::refusal::Refusal;
use crate::text::{self, Prefix};

/// An Ed25519 public key (RFC 8032) in its canonical encoding and not of small order.
///
/// Its text form is `wane1.key.` and 43 characters of base64url.
///
/// ```
/// use wane::{PublicKey, SecretKey};
/// let key = SecretKey::from_seed([7; 32]).public_key();
/// assert_eq!(key.to_string().parse::<PublicKey>()?, key);
/// assert!(PublicKey::from_bytes(&[0; 32]).is_err(), "a small-order point");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key with these 32 bytes.
    ///
    /// # Errors
    /// `parse-key` for bytes that are no point, not canonical, or of small order.
    ///
    /// ```
    /// assert!(wane::PublicKey::from_bytes(&[2; 32]).is_err());
    /// ```
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Refusal> {
        let refuse = || Refusal::new(Code::ParseKey, "key", Hex(bytes), "");
        // spec: T33
        if !is_canonical(bytes) {
            return Err(refuse());
        }
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| refuse())?;
        // Small order would let anybody sign for this key.
        if key.is_weak() { Err(refuse()) } else { Ok(Self(key)) }
    }

    /// The 32 bytes of RFC 8032.
    ///
    /// ```
    /// # use wane::SecretKey;
    /// assert_eq!(SecretKey::from_seed([7; 32]).public_key().as_bytes().len(), 32);
    /// ```
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The first 8 bytes of SHA-256 of the key: how a root block names its root, and how people compare keys.
    ///
    /// ```
    /// # use wane::SecretKey;
    /// assert_eq!(SecretKey::from_seed([7; 32]).public_key().hint().to_string().len(), 16);
    /// ```
    #[must_use]
    pub fn hint(&self) -> KeyHint {
        let digest: [u8; 32] = Sha256::digest(self.as_bytes()).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        KeyHint([a, b, c, d, e, f, g, h])
    }

    /// Whether `signature` is this key's over `message`, judged as strictly as RFC 8032 allows: one accepted
    /// encoding, no small-order component.
    ///
    /// ```
    /// use wane::{SecretKey, Signer};
    /// let key = SecretKey::from_seed([7; 32]);
    /// let signature = key.sign(b"bytes")?;
    /// assert!(key.public_key().has_signed(b"bytes", &signature));
    /// assert!(!key.public_key().has_signed(b"other", &signature));
    /// # Ok::<(), wane::SignerError>(())
    /// ```
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        // spec: T23
        is_below_order(signature) && self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// Whether S is below the order of the group, so that the signature has no second spelling. `verify_strict` checks it too,
/// but a feature that any crate of a build may switch on takes that check away.
fn is_below_order(signature: &[u8; 64]) -> bool {
    let (_, scalar) = signature.split_at(32);
    scalar.iter().rev().lt(ORDER.iter().rev())
}

/// 2^252 + 27742317777372353535851937790883648493, little-endian (RFC 8032 section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Whether the y coordinate is below p = 2^255 − 19, so that the point has no second spelling.
fn is_canonical(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    !(*first >= 0xed && last & 0x7f == 0x7f && middle.iter().all(|byte| *byte == 0xff))
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::encode(Prefix::Key, self.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = Refusal;

    fn from_str(line: &str) -> Result<Self, Refusal> {
        let bytes = text::decode(line, Prefix::Key)?;
        let bytes: &[u8; 32] = bytes
            .as_slice()
            .try_into()
            // spec: T5
            .map_err(|_| Refusal::new(Code::ParseKey, "key", format_args!("a text of {} bytes", bytes.len()), ""))?;
        Self::from_bytes(bytes)
    }
}

/// The first 8 bytes of SHA-256 of a public key; printed as 16 hexadecimal digits.
///
/// ```
/// # use wane::SecretKey;
/// let hint: wane::KeyHint = SecretKey::from_seed([7; 32]).public_key().hint();
/// assert_eq!(hint.as_bytes().len(), 8);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyHint(pub(crate) [u8; 8]);

impl KeyHint {
    /// The 8 bytes.
    ///
    /// ```
    /// # use wane::SecretKey;
    /// assert_eq!(SecretKey::from_seed([1; 32]).public_key().hint().as_bytes().len(), 8);
    /// ```
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Display for KeyHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

impl fmt::Debug for KeyHint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// An Ed25519 secret key held in memory, wiped when dropped and never shown by `Debug`.
///
/// ```
/// let key = wane::SecretKey::from_seed([7; 32]);
/// assert_eq!(format!("{key:?}"), format!("SecretKey({})", key.public_key().hint()));
/// ```
#[derive(Clone, ZeroizeOnDrop)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A fresh key from a cryptographic generator of the caller's.
    ///
    /// ```
    /// # use rand_core::{TryCryptoRng, TryRng};
    /// # struct Fixed;
    /// # impl TryRng for Fixed {
    /// #     type Error = core::convert::Infallible;
    /// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
    /// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
    /// #     fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> { to.fill(4); Ok(()) }
    /// # }
    /// # impl TryCryptoRng for Fixed {}
    /// # let mut rng = Fixed;
    /// let key = wane::SecretKey::generate(&mut rng);
    /// assert_eq!(key.expose_seed(), &[4; 32]);
    /// ```
    #[must_use]
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let key = Self::from_seed(seed);
        seed.zeroize();
        key
    }

    /// The key with this RFC 8032 seed.
    ///
    /// ```
    /// assert_eq!(wane::SecretKey::from_seed([7; 32]).expose_seed(), &[7; 32]);
    /// ```
    #[must_use]
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        let key = Self(SigningKey::from_bytes(&seed));
        seed.zeroize();
        key
    }

    /// The 32-byte seed: whoever reads it can sign. The name is there to be searched for.
    ///
    /// ```
    /// assert_eq!(wane::SecretKey::from_seed([7; 32]).expose_seed(), &[7; 32]);
    /// ```
    #[must_use]
    pub fn expose_seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The public half.
    ///
    /// ```
    /// let key = wane::SecretKey::from_seed([7; 32]);
    /// assert_eq!(key.public_key(), wane::Signer::public_key(&key));
    /// ```
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn signature(&self, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public_key().hint())
    }
}

/// What signs a root block: a key in memory, or one that never leaves a device or a service.
///
/// Implementations sign the bytes as given (pure Ed25519, RFC 8032 section 5.1.6); there are never more than
/// [`limits::SIGNED_BYTES`](crate::limits::SIGNED_BYTES) of them. The answer is checked before it is used.
///
/// ```
/// use wane::{PublicKey, SecretKey, Signer, SignerError};
/// struct Device(SecretKey);
/// impl Signer for Device {
///     fn public_key(&self) -> PublicKey { self.0.public_key() }
///     fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], SignerError> {
///         self.0.sign(bytes).map_err(|_| SignerError::new("the device is locked"))
///     }
/// }
/// assert!(Device(SecretKey::from_seed([7; 32])).sign(b"bytes").is_ok());
/// ```
pub trait Signer {
    /// The public half of the key that signs.
    fn public_key(&self) -> PublicKey;

    /// The signature over exactly these bytes.
    ///
    /// # Errors
    /// Whatever keeps the key from signing, in one line without secrets.
    fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], SignerError>;
}

impl Signer for SecretKey {
    fn public_key(&self) -> PublicKey {
        Self::public_key(self)
    }

    fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], SignerError> {
        Ok(self.signature(bytes))
    }
}

/// Why a [`Signer`] did not sign.
///
/// ```
/// assert_eq!(wane::SignerError::new("no card").to_string(), "no card");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerError(String);

impl SignerError {
    /// An error with this one-line reason.
    ///
    /// ```
    /// assert_eq!(wane::SignerError::new("no card").to_string(), "no card");
    /// ```
    #[must_use]
    pub fn new(reason: &str) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for SignerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for SignerError {}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes that are written at once: those of an id.
const AT_ONCE: usize = 32;

/// Bytes as lower-case hexadecimal digits, their one spelling here and in records.
///
/// ```
/// assert_eq!(wane::Hex(&[0, 0xfa]).to_string(), "00fa");
/// ```
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A record holds a dozen of these: whoever escapes what is written is called once for all digits, and not for each.
        let digit = |half: u8| DIGITS.get(usize::from(half)).copied().unwrap_or_default();
        self.0.chunks(AT_ONCE).try_for_each(|bytes| {
            let mut digits = [[0; 2]; AT_ONCE];
            digits.iter_mut().zip(bytes).for_each(|(pair, byte)| *pair = [digit(byte >> 4), digit(byte & 15)]);
            let written = digits.get(..bytes.len()).unwrap_or_default().as_flattened();
            f.write_str(core::str::from_utf8(written).map_err(|_| fmt::Error)?)
        })
    }
}

impl fmt::Debug for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_two_digits() {
        use alloc::format;
        use alloc::string::ToString as _;
        use alloc::vec::Vec;
        for length in [0, 1, 31, 32, 33, 64, 65] {
            let bytes: Vec<u8> = (0..length).map(|number| number * 3).collect();
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(Hex(&bytes).to_string(), digits);
        }
    }

    fn unhex(text: &str) -> [u8; 32] {
        let byte = |i: usize| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap();
        core::array::from_fn(byte)
    }

    #[test]
    fn weak_and_second_spellings_are_refused() {
        for bytes in [
            // The eight small-order points and their other spellings.
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000080",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000080",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
            // y = p + 3: a point of large order, spelt a second time.
            "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            assert_eq!(PublicKey::from_bytes(&unhex(bytes)).unwrap_err().code(), Code::ParseKey, "{bytes}");
        }
    }

    #[test]
    fn only_scalars_below_the_order_are_signatures() {
        let signature = |scalar: [u8; 32]| {
            let mut bytes = [0; 64];
            bytes[32..].copy_from_slice(&scalar);
            bytes
        };
        let mut below = ORDER;
        below[0] -= 1;
        assert!(is_below_order(&signature([0; 32])) && is_below_order(&signature(below)));
        assert!(!is_below_order(&signature(ORDER)) && !is_below_order(&signature([0xff; 32])));
    }

    #[test]
    fn a_key_text_is_exact() {
        let key = SecretKey::from_seed([1; 32]).public_key();
        let text = alloc::format!("{key}");
        assert!(text.starts_with("wane1.key.") && text.len() == 53, "{text}");
        assert_eq!(text[..52].parse::<PublicKey>().unwrap_err().code(), Code::ParseText);
        assert_eq!(alloc::format!("{text}\n").parse::<PublicKey>().unwrap(), key);
        assert!(alloc::format!("{text}\n\n").parse::<PublicKey>().is_err());
    }
}
