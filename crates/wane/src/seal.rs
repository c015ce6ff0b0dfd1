//! The last block: a narrowing that nobody can extend, for one audience and perhaps for one request.

use rand_core::CryptoRng;

use crate::arguments::Arguments;
use crate::claims::Claims;
use crate::grant::Grant;
use crate::level::Level;
use crate::name::Name;
use crate::narrowing::Narrowing;
use crate::pattern::{Audience, Pattern};
use crate::refusal::Refusal;
use crate::request::{Call, request_digest};
use crate::scope::Scope;
use crate::value::Value;

/// What a seal states. By itself it takes nothing away but the right to extend the chain.
///
/// ```
/// # use rand_core::UnwrapErr;
/// # use getrandom::SysRng;
/// use wane::{Arguments, Call, Heir, RootGrant, Seal, SecretKey, mint};
/// # let mut rng = UnwrapErr(SysRng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
///
/// let arguments = Arguments::from_json(br#"{"path": "/data/a.csv"}"#)?;
/// let call = Call::tool("read_file")?;
/// let seal = Seal::new().for_request(call, arguments, 1_100, 1_130, &mut rng);
/// let sealed = token.seal(&seal)?;
/// assert!(sealed.to_bytes().len() < 430);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Seal {
    narrowing: Narrowing,
    request: Option<(Call, Arguments)>,
}

/// Each method takes something away, or says what the request must be.
///
/// ```
/// use wane::{Level, Seal, Value};
/// let seal = Seal::new()
///     .audience("files".parse()?)
///     .expires_at(1_160)
///     .not_before(1_100)
///     .keep("read:hr:*".parse()?)
///     .drop("read:hr:salaries".parse()?)
///     .deny("read:hr:board".parse()?)
///     .raise(Level::Internal)
///     .label("pii".parse()?)
///     .clearance(Level::Confidential)
///     .note("monthly figures")
///     .said("purpose".parse()?, Value::text("report")?);
/// # let _ = seal;
/// # Ok::<(), wane::Refusal>(())
/// ```
impl Seal {
    /// A seal that inherits everything. The chain must leave exactly one audience.
    pub fn new() -> Self {
        Self::default()
    }

    /// The audience, where the chain leaves more than one.
    pub fn audience(self, audience: Audience) -> Self {
        self.narrow(|narrowing| narrowing.audience(Pattern::from(&audience)))
    }

    /// Ends the lifetime at this second, seconds since 1970-01-01T00:00:00Z.
    pub fn expires_at(self, time: u64) -> Self {
        self.narrow(|narrowing| narrowing.expires_at(time))
    }

    /// Starts the lifetime at this second, seconds since 1970-01-01T00:00:00Z.
    pub fn not_before(self, time: u64) -> Self {
        self.narrow(|narrowing| narrowing.not_before(time))
    }

    /// Keeps only what is kept, as [`Narrowing::keep`].
    pub fn keep(self, scope: Scope) -> Self {
        self.narrow(|narrowing| narrowing.keep(scope))
    }

    /// Leaves out the scopes within the pattern, as [`Narrowing::drop`].
    pub fn drop(self, pattern: Pattern) -> Self {
        self.narrow(|narrowing| narrowing.drop(pattern))
    }

    /// Denies a pattern.
    pub fn deny(self, pattern: Pattern) -> Self {
        self.narrow(|narrowing| narrowing.deny(pattern))
    }

    /// Raises the level of the mark.
    pub fn raise(self, level: Level) -> Self {
        self.narrow(|narrowing| narrowing.raise(level))
    }

    /// Adds a label to the mark.
    pub fn label(self, label: Name) -> Self {
        self.narrow(|narrowing| narrowing.label(label))
    }

    /// Lowers the highest level the request may have.
    pub fn clearance(self, level: Level) -> Self {
        self.narrow(|narrowing| narrowing.clearance(level))
    }

    /// A note for people; at most 1,024 bytes.
    pub fn note(self, text: &str) -> Self {
        self.narrow(|narrowing| narrowing.note(text))
    }

    /// States a fact as the holder: conditions see it as `@said.name`, never as `@name`. Two values for one name are
    /// refused with `use-builder` when the token is sealed.
    pub fn said(mut self, name: Name, value: Value) -> Self {
        // spec: T64
        let said = &mut self.narrowing.claims_mut().said;
        match said.iter().find(|(known, _)| *known == name) {
            None => {
                said.push((name, value));
                said.sort_by(|(a, _), (b, _)| a.cmp(b));
            }
            Some((_, stated)) if *stated == value => {}
            Some(_) => self.narrowing.contradict("said"),
        }
        self
    }

    /// Seals for exactly this call with these arguments, from `issued_at` up to but not at `expires_at`, at most
    /// 300 seconds later. The verifier computes the same digest from what it received. Two requests are refused with
    /// `use-builder` when the token is sealed.
    pub fn for_request(
        mut self,
        call: Call,
        arguments: Arguments,
        issued_at: u64,
        expires_at: u64,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let mut token_id = [0; 8];
        rng.fill_bytes(&mut token_id);
        if self.request.replace((call, arguments)).is_some() {
            self.narrowing.contradict("request");
        }
        let claims = self.narrowing.claims_mut();
        // spec: T62
        claims.token_id = Some(token_id);
        claims.issued_at = Some(issued_at);
        self.expires_at(expires_at)
    }

    fn narrow(self, by: impl FnOnce(Narrowing) -> Narrowing) -> Self {
        Self { narrowing: by(self.narrowing), ..self }
    }

    /// The claims of the seal behind `grant`.
    pub(crate) fn claims(&self, grant: &Grant) -> Result<Claims, Refusal> {
        let mut claims = self.narrowing.claims(grant)?;
        let Some((call, arguments)) = &self.request else { return Ok(claims) };
        let audiences = if claims.audiences.is_empty() { &grant.audiences } else { &claims.audiences };
        // Anything but one plain audience is refused when the seal is judged as a block.
        if let [audience] = audiences.as_slice()
            && let Some(audience) = audience.as_audience()
        {
            let said = claims.said.iter().map(|(name, value)| (name, value));
            claims.digest = Some(request_digest(&audience, call, arguments, said));
        }
        Ok(claims)
    }
}
