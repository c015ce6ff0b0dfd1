//! A token that a verb goes on from: believed as a tool server would believe it, and no further.

use wane::{Audience, Chain, Code, Grant, Level, Refusal, Request, Roots, Seal, Token, UntrustedToken, Verdict};
use wane::{SealedToken, Verified, verify};
use wane_ledger::Ledger;

use crate::arguments::Context;
use crate::failure::{Failure, Trouble};
use crate::input::{self, Source, TOKEN_TEXT};
use crate::{command, holder};

/// A token that the roots vouch for.
pub(crate) struct Genuine {
    /// The token itself, where it was no sealed one: its chain has no seal.
    token: Option<Token>,
    verified: Verified,
}

impl Genuine {
    /// Reads a token or a sealed one and verifies every signature; one that is not genuine is shown and refused. Only what is
    /// sealed can be verified, so a token is sealed here, and the seal thrown away.
    pub(crate) fn read(context: &Context, source: &Source, roots: &Roots) -> Result<Self, Failure> {
        let text = context.inputs.read_text(source, input::TOKEN, TOKEN_TEXT)?;
        let within = |refusal: Refusal| Failure::from(refusal).within(source.name());
        let read = UntrustedToken::parse(input::unmarked(&text)).map_err(within)?;
        let (token, sealed) = if read.is_sealed() {
            (None, read.into_sealed().map_err(within)?)
        } else {
            let token = read.into_token().map_err(within)?;
            let sealed = sealed(&token).map_err(|failure| failure.within(source.name()))?;
            (Some(token), sealed)
        };
        let verified =
            verify(&sealed, roots).map_err(|refusal| command::unverified(context, &text, source, refusal))?;
        if verified.is_for_one_request() {
            return Err(Failure::usage(format!("{}: it is sealed for one request", source.name()))
                .hint("a sealed copy without a request, or the token itself"));
        }
        Ok(Self { token, verified })
    }

    /// The chain as it was given.
    pub(crate) fn chain(&self) -> &Chain {
        self.token.as_ref().map_or(self.verified.chain(), Token::chain)
    }

    /// Refuses what the ledger no longer believes. That it has expired is no reason, as long as the ledger has not forgotten
    /// it: whatever was said of it is known until then.
    pub(crate) fn check(&self, ledger: &mut Ledger, now: u64) -> Result<(), Failure> {
        let alive = now.min(self.verified.grant().expires_at().saturating_sub(1));
        Ok(refused(ledger, &self.verified, alive)?.map_or(Ok(()), Err)?)
    }
}

/// Verifies a token that was just made, and asks the ledger about it as a tool server would, before anybody is told of it.
/// Whether it is new enough is not asked here: registering it does.
pub(crate) fn check_made(token: &Token, roots: &Roots, ledger: &mut Ledger, now: u64) -> Result<(), Failure> {
    let verified = verify(&sealed(token)?, roots).map_err(|refusal| Failure::from(refusal).within("the new token"))?;
    match refused(ledger, &verified, now)? {
        Some(refusal) if refusal.code() != Code::StateSessionTooOld => Err(refusal.into()),
        _ => Ok(()),
    }
}

/// The token as it is verified: for some audience of those that it leaves.
fn sealed(token: &Token) -> Result<SealedToken, Failure> {
    if !token.carries_secret() {
        return Err(Failure::from(Refusal::new(Code::UseNoSecret, "secret", "", "")).hint(
            "a token that is bound to a key is shown as its holder seals it: `wane seal TOKEN --key HOLDER.pem`",
        ));
    }
    let audience = some_audience(&holder::grant(token.chain())?)?;
    token.seal(&Seal::new().audience(audience)).map_err(Failure::from)
}

fn some_audience(grant: &Grant) -> Result<Audience, Failure> {
    let pattern = grant.audiences().first().map(wane::Pattern::as_str);
    let pattern = pattern.ok_or_else(|| Failure::new(Trouble::Input, "the token names no audience"))?;
    let segments: Vec<_> = pattern.split(':').map(|segment| if segment == "*" { "any" } else { segment }).collect();
    Ok(segments.join(":").parse()?)
}

/// Why a tool server with this ledger would refuse the token, whatever was asked with it.
fn refused(ledger: &mut Ledger, verified: &Verified, now: u64) -> Result<Option<Refusal>, Failure> {
    let request = Request::for_actions(verified.audience().clone(), vec!["read:any".parse()?], Level::Public)?;
    Ok(match ledger.consider(verified, &request, None, now)?.verdict {
        Verdict::Deny(refusal) if !is_of_the_request(refusal.code()) => Some(refusal),
        Verdict::Deny(_) | Verdict::Ask(_) | Verdict::Allow(_) => None,
    })
}

/// What is refused only after everything that a chain and a ledger say of the token itself.
const fn is_of_the_request(code: Code) -> bool {
    matches!(
        code,
        Code::DenyRatchet
            | Code::DenyPattern
            | Code::DenyScope
            | Code::DenyMissingArgument
            | Code::DenyMissingFact
            | Code::DenyArgumentShape
            | Code::DenyArgumentType
            | Code::DenyCondition
            | Code::DenyPath
            | Code::DenyUrl
            | Code::DenyAddress
            | Code::DenyOnly
            | Code::DenyCeiling
            | Code::DenyGroup
            | Code::DenyCost
            | Code::DenyBudget
    )
}
