//! What anybody may look at.

use alloc::sync::Arc;

use super::{SealedToken, Token};
use crate::chain::Chain;
use crate::code::Code;
use crate::key::SecretKey;
use crate::refusal::Refusal;
use crate::text::{self, Prefix};

/// Any token, read for looking at: well-formed, and not believed.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Heir, RootGrant, SecretKey, UntrustedToken, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
/// let seen = UntrustedToken::parse(&token.expose_text())?;
/// assert!(seen.carries_secret() && !seen.is_sealed());
/// assert_eq!(seen.chain().blocks().len(), 1);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
pub struct UntrustedToken {
    chain: Chain,
    secret: Option<SecretKey>,
}

impl UntrustedToken {
    /// Reads a text with either prefix.
    ///
    /// # Errors
    /// `parse-*` for anything malformed; `parse-prefix` where the prefix does not fit the content.
    ///
    /// ```
    /// assert_eq!(wane::UntrustedToken::parse("x").unwrap_err().code(), wane::Code::ParseText);
    /// ```
    pub fn parse(line: &str) -> Result<Self, Refusal> {
        let (prefix, bytes) = text::split(line)?;
        if matches!(prefix, Prefix::Approval | Prefix::Key) {
            return Err(Refusal::new(Code::ParsePrefix, "text", prefix.content(), "to be a token"));
        }
        let token = Self::from_bytes(&bytes)?;
        // spec: T4
        let content = if token.is_sealed() { Prefix::Sealed } else { Prefix::Token };
        if prefix == content {
            Ok(token)
        } else {
            Err(Refusal::new(Code::ParsePrefix, "text", prefix.content(), content.content()))
        }
    }

    /// Reads the CBOR of either kind.
    ///
    /// # Errors
    /// `parse-*` for anything malformed.
    ///
    /// ```
    /// let refusal = wane::UntrustedToken::from_bytes(&[0x9f, 0xff]).unwrap_err();
    /// assert_eq!(refusal.code(), wane::Code::ParseIndefinite);
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        let (chain, secret) = Chain::read(bytes)?;
        Ok(Self { chain, secret })
    }

    /// The chain of blocks.
    ///
    /// ```
    /// # let line = "wane1.token.AAAA";
    /// assert!(wane::UntrustedToken::parse(line).map(|token| token.chain().blocks().len()).is_err());
    /// ```
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Whether it ends in a seal.
    ///
    /// ```
    /// # let line = "wane1.token.AAAA";
    /// assert!(wane::UntrustedToken::parse(line).map(|token| token.is_sealed()).is_err());
    /// ```
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.chain.is_sealed()
    }

    /// Whether a secret stands in it: whoever reads it holds the token.
    ///
    /// ```
    /// # let line = "wane1.token.AAAA";
    /// assert!(wane::UntrustedToken::parse(line).map(|token| token.carries_secret()).is_err());
    /// ```
    #[must_use]
    pub const fn carries_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// As the token of a holder.
    ///
    /// # Errors
    /// `parse-prefix` if it is sealed, `chain-secret` where the secret is not the last block's.
    ///
    /// ```
    /// # let line = "wane1.token.AAAA";
    /// assert!(wane::UntrustedToken::parse(line).and_then(wane::UntrustedToken::into_token).is_err());
    /// ```
    pub fn into_token(self) -> Result<Token, Refusal> {
        if self.is_sealed() {
            let (found, bound) = (Prefix::Token.content(), Prefix::Sealed.content());
            return Err(Refusal::new(Code::ParsePrefix, "text", found, bound));
        }
        Token::new(self.chain, self.secret)
    }

    /// As what a verifier is shown.
    ///
    /// # Errors
    /// `chain-unsealed` and `chain-carries-secret`, in this order.
    ///
    /// ```
    /// # let line = "wane1.sealed.AAAA";
    /// assert!(wane::UntrustedToken::parse(line).and_then(wane::UntrustedToken::into_sealed).is_err());
    /// ```
    pub fn into_sealed(self) -> Result<SealedToken, Refusal> {
        // spec: T109
        if !self.is_sealed() {
            return Err(Refusal::new(Code::ChainUnsealed, "token", "", ""));
        }
        // spec: T110
        if self.carries_secret() {
            return Err(Refusal::new(Code::ChainCarriesSecret, "secret", "", ""));
        }
        Ok(SealedToken { chain: Arc::new(self.chain) })
    }
}
