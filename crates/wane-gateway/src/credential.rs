//! By what requests are judged: the gateway's own token, or the one that each request brings.

use std::sync::Arc;

use rand_core::CryptoRng;
use wane::{Audience, Call, Code, Grant, Refusal, Request, Seal, SealedToken, SecretKey, Token, limits};

/// Seconds that a seal of the gateway lives: it is made for a request that is decided at once.
const SEAL_SECONDS: u64 = 30;

/// Whose token requests are judged by.
///
/// ```
/// # use getrandom::SysRng;
/// # use rand_core::UnwrapErr;
/// use wane::{Heir, RootGrant, SecretKey, mint};
/// use wane_gateway::Credential;
/// # let mut rng = UnwrapErr(SysRng);
/// let grant = RootGrant::new("files".parse()?, 1_000, 4_600).scope("read:*".parse()?);
/// let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng))?;
/// let (own, shown) = (Credential::own(token, None), Credential::shown());
/// # let _ = (own, shown, Credential::shown_to_both());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Credential(Whose);

#[derive(Clone, Debug)]
enum Whose {
    Own(Arc<Holder>),
    Shown(ToServer),
}

/// Whether the server is shown the tokens of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToServer {
    /// It is a tool server, and they are none of its business.
    Never,
    /// It decides as well.
    AsWell,
}

/// Whether somebody has shown a genuine token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// Nobody knows who that is.
    Stranger,
    /// Somebody who has, or who was let in as the gateway's own user.
    Known,
}

#[derive(Debug)]
struct Holder {
    token: Token,
    key: Option<SecretKey>,
}

impl Credential {
    /// The gateway holds a token and seals each request for exactly that request; clients' tokens are not taken. The key is the one
    /// that the token names, where it carries no secret.
    #[must_use]
    pub fn own(token: Token, key: Option<SecretKey>) -> Self {
        Self(Whose::Own(Arc::new(Holder { token, key })))
    }

    /// Each request brings a sealed token, as `dev.wane/token` of its `_meta`.
    #[must_use]
    pub const fn shown() -> Self {
        Self(Whose::Shown(ToServer::Never))
    }

    /// The same, before a server that decides by the token once more, and is shown it as it came.
    #[must_use]
    pub const fn shown_to_both() -> Self {
        Self(Whose::Shown(ToServer::AsWell))
    }

    /// Whether the gateway holds a token of its own.
    pub(crate) const fn is_own(&self) -> bool {
        matches!(self.0, Whose::Own(_))
    }

    pub(crate) const fn to_server(&self) -> ToServer {
        match self.0 {
            Whose::Own(_) => ToServer::Never,
            Whose::Shown(to_server) => to_server,
        }
    }

    /// Looks at what a request brings within its `_meta` and what came beside it: a token belongs there or does not, and there is one.
    pub(crate) fn check<'a>(
        &self,
        within: Option<&'a str>,
        beside: Option<&'a str>,
    ) -> Result<Option<&'a str>, Refusal> {
        match (&self.0, within, beside) {
            (_, None, None) => Ok(None),
            // spec: G11
            (Whose::Own(_), Some(_), _) => Err(misplaced("`_meta`", "the gateway has its own")),
            (Whose::Own(_), None, Some(_)) => Err(misplaced("`authorization`", "the gateway has its own")),
            (Whose::Shown(_), Some(within), Some(beside)) if within != beside => {
                Err(misplaced("`authorization`", "`_meta` has another"))
            }
            (Whose::Shown(_), shown, beside) => Ok(shown.or(beside)),
        }
    }

    /// The sealed token by which this request is judged.
    pub(crate) fn for_request(
        &self,
        shown: Option<&str>,
        request: &Request,
        now: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<SealedToken, Refusal> {
        match (&self.0, shown) {
            (Whose::Own(holder), _) => holder.seal_for(request, now, rng),
            // spec: G12
            (Whose::Shown(_), Some(text)) => SealedToken::parse(text),
            (Whose::Shown(_), None) => Err(without(request.call())),
        }
    }

    /// The token that a request brings, to be verified before anything is done for it; nothing where the gateway's own is what counts.
    pub(crate) fn to_verify(&self, shown: Option<&str>, call: &Call) -> Result<Option<SealedToken>, Refusal> {
        match (&self.0, shown) {
            (Whose::Own(_), _) => Ok(None),
            (Whose::Shown(_), Some(text)) => SealedToken::parse(text).map(Some),
            (Whose::Shown(_), None) => Err(without(call)),
        }
    }

    /// The sealed token by which lists are shown, or nothing where the request brings none.
    pub(crate) fn for_list(&self, shown: Option<&str>, audience: &Audience) -> Result<Option<SealedToken>, Refusal> {
        match &self.0 {
            Whose::Own(holder) => holder.seal(&Seal::new().audience(audience.clone())).map(Some),
            Whose::Shown(_) => shown.map(SealedToken::parse).transpose(),
        }
    }
}

fn misplaced(here: &str, why: &str) -> Refusal {
    Refusal::new(Code::DenyTokenPlace, "token", here, why)
}

impl Holder {
    fn seal_for(&self, request: &Request, now: u64, rng: &mut impl CryptoRng) -> Result<SealedToken, Refusal> {
        let ends = self.token.chain().grants()?.last().map_or(0, Grant::expires_at);
        // A seal cannot be made any more, and so nobody could say why it is denied.
        if ends <= now {
            return Err(Refusal::new(Code::DenyExpired, "exp", now, ends));
        }
        let until = ends.min(now.saturating_add(SEAL_SECONDS.min(limits::REQUEST_SEAL_SECONDS)));
        let (call, arguments) = (request.call().clone(), request.stated_arguments().clone());
        // spec: G10
        self.seal(&Seal::new().audience(request.audience().clone()).for_request(call, arguments, now, until, rng))
    }

    fn seal(&self, seal: &Seal) -> Result<SealedToken, Refusal> {
        match &self.key {
            Some(key) => self.token.seal_as(key, seal),
            None => self.token.seal(seal),
        }
    }
}

/// A request that has to bring a token and brings none.
fn without(call: &Call) -> Refusal {
    Refusal::new(Code::DenyNoToken, "token", format_args!("`{call}`"), "")
}

#[cfg(test)]
mod tests {
    use getrandom::SysRng;
    use rand_core::UnwrapErr;
    use wane::{Arguments, Heir, RootGrant, mint};
    use wane_policy::{Catalogue, Incoming};

    use super::*;

    #[test]
    fn a_seal_lives_for_thirty_seconds_and_no_longer_than_its_token() {
        let mut rng = UnwrapErr(SysRng);
        let catalogue = "[server.s]\naudience = 's'\n[server.s.tool.t]\naction = 'read:a'\nlevel = 'public'\n";
        let catalogue = Catalogue::from_toml(catalogue).unwrap();
        let call = Incoming::Tool { name: "t", arguments: &Arguments::empty() };
        let request = catalogue.server("s", None).unwrap().demand(&call).unwrap().into_request();
        let grant = RootGrant::new("s".parse().unwrap(), 1_000, 4_600).scope("read:*".parse().unwrap());
        let token = mint(&grant, &SecretKey::generate(&mut rng), Heir::carried(&mut rng)).unwrap();
        let credential = Credential::own(token, None);
        for (now, ends) in [(1_000, 1_030), (4_560, 4_590), (4_580, 4_600), (4_599, 4_600)] {
            let sealed = credential.for_request(None, &request, now, &mut rng).unwrap();
            assert_eq!(sealed.chain().grants().unwrap().last().unwrap().expires_at(), ends, "{now}");
        }
        let late = credential.for_request(None, &request, 4_600, &mut rng).unwrap_err();
        assert_eq!(late.code(), Code::DenyExpired);
    }
}
