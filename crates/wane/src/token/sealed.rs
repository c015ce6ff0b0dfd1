//! What a verifier is shown.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::UntrustedToken;
use crate::chain::Chain;
use crate::refusal::Refusal;
use crate::text::{self, Prefix};

/// What a verifier is shown: a chain that ends in a seal and carries no secret. Nothing in it is believed until
/// [`verify`](crate::verify) has checked it.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Code, Heir, RootGrant, Seal, SealedToken, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
/// let sealed = token.seal(&Seal::new())?;
/// let text = sealed.to_text();
/// assert_eq!(SealedToken::parse(&text)?.to_bytes(), sealed.to_bytes());
/// assert_eq!(SealedToken::parse(&token.expose_text()).unwrap_err().code(), Code::ChainUnsealed);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct SealedToken {
    pub(super) chain: Arc<Chain>,
}

impl SealedToken {
    /// Reads `wane1.sealed.…`, with at most one LF behind it.
    ///
    /// # Errors
    /// `parse-*` for anything malformed, `chain-unsealed` for a token that is not sealed, and
    /// `chain-carries-secret` where a secret stands in it.
    ///
    /// ```
    /// assert!(wane::SealedToken::parse("wane1.sealed.AAAA").is_err());
    /// ```
    pub fn parse(line: &str) -> Result<Self, Refusal> {
        // spec: T108
        UntrustedToken::parse(line)?.into_sealed()
    }

    /// Reads the CBOR of a sealed token.
    ///
    /// # Errors
    /// As [`SealedToken::parse`].
    ///
    /// ```
    /// assert!(wane::SealedToken::from_bytes(&[0x80]).is_err());
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        UntrustedToken::from_bytes(bytes)?.into_sealed()
    }

    /// The text form, `wane1.sealed.…`.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, Seal, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// # let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
    /// assert!(token.seal(&Seal::new())?.to_text().starts_with("wane1.sealed."));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn to_text(&self) -> String {
        text::encode(Prefix::Sealed, &self.to_bytes())
    }

    /// The CBOR.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, Seal, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// # let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
    /// assert!(token.seal(&Seal::new())?.to_bytes().len() < 360);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.chain.write(None).to_vec()
    }

    /// The chain of blocks.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, Kind, RootGrant, Seal, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// # let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
    /// assert_eq!(token.seal(&Seal::new())?.chain().blocks()[1].kind(), Kind::Seal);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(crate) const fn shared_chain(&self) -> &Arc<Chain> {
        &self.chain
    }
}
