//! What a holder keeps.

mod sealed;
mod untrusted;

use alloc::string::{String, ToString};
use alloc::sync::Arc;

use zeroize::Zeroizing;

pub use sealed::SealedToken;
pub use untrusted::UntrustedToken;

use crate::chain::{Block, Chain};
use crate::code::Code;
use crate::envelope::{Kind, SigStructure};
use crate::grant::Grant;
use crate::key::SecretKey;
use crate::mint::Heir;
use crate::narrowing::Narrowing;
use crate::refusal::Refusal;
use crate::seal::Seal;
use crate::text::{self, Prefix};

/// A token that can be extended: the chain, and the secret of its last key unless its holder keeps that key.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Heir, Narrowing, RootGrant, Seal, SecretKey, Token, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
///
/// let text = token.expose_text();
/// let child = Token::parse(&text)?.attenuate(&Narrowing::new().expires_at(2_000), Heir::carried(&mut rng))?;
/// let shown = child.seal(&Seal::new())?.to_text();
/// assert!(shown.starts_with("wane1.sealed."));
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
pub struct Token {
    chain: Chain,
    secret: Option<SecretKey>,
}

impl Token {
    /// Reads `wane1.token.…`, with at most one LF behind it.
    ///
    /// # Errors
    /// `parse-*` for anything malformed, `chain-secret` where the secret is not the last block's.
    ///
    /// ```
    /// assert!(wane::Token::parse("wane1.token.AAAA").is_err());
    /// ```
    pub fn parse(line: &str) -> Result<Self, Refusal> {
        UntrustedToken::parse(line)?.into_token()
    }

    /// Reads the CBOR of a token.
    ///
    /// # Errors
    /// As [`Token::parse`].
    ///
    /// ```
    /// assert!(wane::Token::from_bytes(&[0x80]).is_err());
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Refusal> {
        UntrustedToken::from_bytes(bytes)?.into_token()
    }

    pub(crate) fn new(chain: Chain, secret: Option<SecretKey>) -> Result<Self, Refusal> {
        let key = chain.last().and_then(|block| block.claims().key());
        // spec: T27
        if secret.as_ref().is_some_and(|secret| key != Some(&secret.public_key())) {
            return Err(Refusal::new(Code::ChainSecret, "secret", "", ""));
        }
        chain.check_size(secret.as_ref())?;
        Ok(Self { chain, secret })
    }

    /// The text form. Where the token carries its secret, whoever reads the text holds the token.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
    /// assert!(token.expose_text().starts_with("wane1.token."));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub fn expose_text(&self) -> Zeroizing<String> {
        Zeroizing::new(text::encode(Prefix::Token, &self.chain.write(self.secret.as_ref())))
    }

    /// The chain of blocks.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
    /// assert_eq!(token.chain().blocks().len(), 1);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Whether the secret travels in the token. Without it only the holder of the last block's key can extend it.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// # use wane::{Heir, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
    /// assert!(token.carries_secret());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    #[must_use]
    pub const fn carries_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// A narrower token for `heir`, signed by the carried secret.
    ///
    /// # Errors
    /// - `chain-*`: the narrowing would widen something; both sides are named.
    /// - `use-no-secret`: the token is bound; see [`attenuate_as`](Self::attenuate_as).
    /// - `use-drop`: nothing lies within a dropped pattern.
    /// - `parse-limit`, `parse-too-many-blocks`: a limit of the format is reached.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// use wane::{Code, Heir, Narrowing, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
    /// let later = Narrowing::new().expires_at(4_601);
    /// assert_eq!(token.attenuate(&later, Heir::carried(&mut rng)).unwrap_err().code(), Code::ChainExpiry);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn attenuate(&self, narrowing: &Narrowing, heir: Heir) -> Result<Self, Refusal> {
        self.extend(self.carried()?, narrowing, heir)
    }

    /// A narrower token for `heir`, signed by the holder's own key.
    ///
    /// # Errors
    /// As [`attenuate`](Self::attenuate), and `use-key` where another key is named by the last block.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// use wane::{Code, Heir, Narrowing, RootGrant, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let (root, agent) = (SecretKey::generate(&mut rng), SecretKey::generate(&mut rng));
    /// let token = mint(&grant, &root, Heir::bound(agent.public_key(), &mut rng))?;
    /// assert!(token.attenuate_as(&agent, &Narrowing::new(), Heir::carried(&mut rng)).is_ok());
    /// let thief = token.attenuate_as(&root, &Narrowing::new(), Heir::carried(&mut rng));
    /// assert_eq!(thief.unwrap_err().code(), Code::UseKey);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn attenuate_as(&self, holder: &SecretKey, narrowing: &Narrowing, heir: Heir) -> Result<Self, Refusal> {
        self.check_holder(holder)?;
        self.extend(holder, narrowing, heir)
    }

    /// What a verifier is shown: nobody can extend it, and it carries no secret.
    ///
    /// # Errors
    /// As [`attenuate`](Self::attenuate), `chain-no-session` where no block opens a session, and
    /// `chain-seal-audience` where not exactly one audience is left.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// use wane::{Code, Heir, RootGrant, Seal, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// let grant = RootGrant::new("files:*".parse()?, 1_000, 4_600);
    /// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
    /// assert_eq!(token.seal(&Seal::new()).unwrap_err().code(), Code::ChainSealAudience);
    /// assert!(token.seal(&Seal::new().audience("files:hr".parse()?)).is_ok());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn seal(&self, seal: &Seal) -> Result<SealedToken, Refusal> {
        self.close(self.carried()?, seal)
    }

    /// As [`seal`](Self::seal), signed by the holder's own key.
    ///
    /// # Errors
    /// As [`seal`](Self::seal), and `use-key` where another key is named by the last block.
    ///
    /// ```
    /// # use rand_core::UnwrapErr;
    /// # use getrandom::SysRng;
    /// use wane::{Heir, RootGrant, Seal, SecretKey, mint};
    /// # let mut rng = UnwrapErr(SysRng);
    /// # let grant = RootGrant::new("files".parse()?, 1_000, 4_600);
    /// let (root, agent) = (SecretKey::generate(&mut rng), SecretKey::generate(&mut rng));
    /// let token = mint(&grant, &root, Heir::bound(agent.public_key(), &mut rng))?;
    /// assert!(token.seal_as(&agent, &Seal::new()).is_ok());
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn seal_as(&self, holder: &SecretKey, seal: &Seal) -> Result<SealedToken, Refusal> {
        self.check_holder(holder)?;
        self.close(holder, seal)
    }

    fn carried(&self) -> Result<&SecretKey, Refusal> {
        self.secret.as_ref().ok_or_else(|| Refusal::new(Code::UseNoSecret, "secret", "", ""))
    }

    fn check_holder(&self, holder: &SecretKey) -> Result<(), Refusal> {
        let named = self.chain.last().and_then(|block| block.claims().key());
        // spec: T58
        if named == Some(&holder.public_key()) {
            return Ok(());
        }
        let named = named.map(ToString::to_string).unwrap_or_default();
        Err(Refusal::new(Code::UseKey, "cnf", holder.public_key(), named))
    }

    fn extend(&self, signer: &SecretKey, narrowing: &Narrowing, heir: Heir) -> Result<Self, Refusal> {
        let mut grant = self.grant()?;
        let mut claims = narrowing.claims(&grant)?;
        let secret = heir.enter(&mut claims);
        let known = |secret: &SecretKey| {
            let key = secret.public_key();
            self.chain.blocks().iter().any(|block| block.claims().key() == Some(&key))
        };
        if secret.as_ref().is_some_and(known) {
            return Err(Refusal::new(Code::UseKeyReused, "cnf", "", ""));
        }
        let block = self.block(Kind::Delegate, &mut grant, &claims, signer)?;
        Self::new(self.chain.extended(block)?, secret)
    }

    fn close(&self, signer: &SecretKey, seal: &Seal) -> Result<SealedToken, Refusal> {
        let mut grant = self.grant()?;
        if grant.session.is_none() {
            return Err(Refusal::new(Code::ChainNoSession, "session", "", ""));
        }
        let claims = seal.claims(&grant)?;
        let block = self.block(Kind::Seal, &mut grant, &claims, signer)?;
        let chain = self.chain.extended(block)?;
        chain.check_size(None)?;
        Ok(SealedToken { chain: Arc::new(chain) })
    }

    fn grant(&self) -> Result<Grant, Refusal> {
        self.chain.replay(|_, _| Ok(()), |_| Ok(()), |_| ())
    }

    fn block(
        &self,
        kind: Kind,
        grant: &mut Grant,
        claims: &crate::claims::Claims,
        signer: &SecretKey,
    ) -> Result<Block, Refusal> {
        let index = self.chain.blocks().len();
        let previous = self.chain.last().map(Block::id);
        grant.narrow(kind, claims).map_err(|refusal| refusal.in_block(index))?;
        let sign = |signed: &SigStructure| Ok(signed.sign(signer));
        Block::sign(kind, previous, claims, sign).map_err(|refusal| refusal.in_block(index))
    }
}
