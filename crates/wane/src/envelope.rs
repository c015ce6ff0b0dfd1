//! One signed block: a COSE_Sign1 (RFC 9052) with a constant head.

use alloc::vec::Vec;

use sha2::{Digest as _, Sha256};

use crate::cbor::{Item, Reader, Writer};
use crate::code::Code;
use crate::ids::BlockId;
use crate::key::{KeyHint, PublicKey, SecretKey, Signer};
use crate::limits;
use crate::refusal::Refusal;

/// An array of four, protected header `{1: -19}`, an empty unprotected header: the only start accepted, so that
/// no header can be played with.
const HEAD: [u8; 6] = [0x84, 0x43, 0xa1, 0x01, 0x32, 0xa0];

/// The protected header within [`HEAD`].
const PROTECTED: [u8; 3] = [0xa1, 0x01, 0x32];

/// The profile's name, part of everything that is signed.
const PROFILE: &str = "wane1";

/// What a block is. It is never on the wire: the place in the chain decides, and the signature covers it.
///
/// ```
/// assert_eq!(wane::Kind::Seal.as_str(), "seal");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The first block; it states whole scopes.
    Root,
    /// A block between; it narrows and names the next key.
    Delegate,
    /// The last block of a sealed token; nobody can extend it.
    Seal,
    /// No block: a statement that approves one request.
    Approval,
}

impl Kind {
    /// The word: `root`, `delegate`, `seal` or `approval`.
    ///
    /// ```
    /// assert_eq!(wane::Kind::Root.as_str(), "root");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Delegate => "delegate",
            Self::Seal => "seal",
            Self::Approval => "approval",
        }
    }

    const fn number(self) -> u64 {
        // spec: T21
        match self {
            Self::Root => 0,
            Self::Delegate => 1,
            Self::Seal => 2,
            Self::Approval => 3,
        }
    }
}

/// The two parts of an envelope that vary.
pub(crate) struct Envelope<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) signature: &'a [u8; 64],
}

impl<'a> Envelope<'a> {
    /// Reads the next envelope of bytes that the scanner has passed.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Refusal> {
        // spec: T17
        if !reader.rest().starts_with(&HEAD) {
            return Err(refuse("other bytes", "84 43 a1 01 32 a0 as its start"));
        }
        reader.skip(HEAD.len())?;
        let payload = byte_string(reader, "the payload as a byte string")?;
        let signature = byte_string(reader, "a signature of 64 bytes")?;
        // spec: T18
        let signature = signature.try_into().map_err(|_| refuse("a signature of another length", "64 bytes"))?;
        Ok(Self { payload, signature })
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.raw(&HEAD).bytes(self.payload).bytes(self.signature);
    }
}

fn byte_string<'a>(reader: &mut Reader<'a>, wanted: &str) -> Result<&'a [u8], Refusal> {
    match reader.next()? {
        Item::Bytes(bytes) => Ok(bytes),
        other => Err(refuse(other.kind(), wanted)),
    }
}

fn refuse(found: &str, bound: &str) -> Refusal {
    Refusal::new(Code::ParseEnvelope, "envelope", found, bound)
}

/// What is signed for a block: the Sig_structure of RFC 9052 section 4.4, whose external data names the
/// profile, the kind and the block before.
#[derive(Clone, Debug)]
pub(crate) struct SigStructure(Vec<u8>);

impl SigStructure {
    /// # Errors
    /// `parse-limit` where it is longer than hardware signers take.
    pub(crate) fn new(kind: Kind, previous: BlockId, payload: &[u8]) -> Result<Self, Refusal> {
        let mut external = Writer::default();
        // spec: T22
        external.array(3).text(PROFILE).unsigned(kind.number()).bytes(&previous.0);
        let mut structure = Writer::with_capacity(payload.len().saturating_add(80));
        structure.array(4).text("Signature1").bytes(&PROTECTED).bytes(&external.into_bytes()).bytes(payload);
        let bytes = structure.into_bytes();
        // spec: T24
        if bytes.len() > limits::SIGNED_BYTES {
            let found = format_args!("{} bytes to sign", bytes.len());
            return Err(Refusal::new(Code::ParseLimit, "payload", found, limits::SIGNED_BYTES));
        }
        Ok(Self(bytes))
    }

    /// The block's id: the hash of what was signed, so a second signature makes no second block.
    pub(crate) fn id(&self) -> BlockId {
        // spec: T25
        BlockId(Sha256::digest(&self.0).into())
    }

    pub(crate) fn is_signed_by(&self, key: &PublicKey, signature: &[u8; 64]) -> bool {
        key.has_signed(&self.0, signature)
    }

    /// Signed by a key that this process holds.
    pub(crate) fn sign(&self, key: &SecretKey) -> [u8; 64] {
        key.signature(&self.0)
    }

    /// Has it signed and checks the answer: a faulty device must not put its mistakes into a token.
    pub(crate) fn sign_by(&self, signer: &(impl Signer + ?Sized)) -> Result<[u8; 64], Refusal> {
        let refuse = |reason: &dyn core::fmt::Display| Refusal::new(Code::UseSigner, "signature", reason, "");
        let signature = signer.sign(&self.0).map_err(|error| refuse(&error))?;
        if self.is_signed_by(&signer.public_key(), &signature) {
            Ok(signature)
        } else {
            Err(refuse(&"its signature does not fit its public key"))
        }
    }
}

/// What stands before the root block: a hash of the profile's name and of the hint the root block states.
pub(crate) fn before_root(hint: KeyHint) -> BlockId {
    BlockId(Sha256::new().chain_update(PROFILE).chain_update(hint.0).finalize().into())
}
