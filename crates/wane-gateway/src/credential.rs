//! By what requests are judged: the gateway's own token, or the one that each request brings.

use std::sync::{Arc, Mutex, PoisonError};

use rand_core::CryptoRng;
use wane::{Audience, Call, Code, Grant, Refusal, Request, Seal, SealedToken, SecretKey, Token, limits};

use crate::tokens::Tokens;

/// Seconds that a seal of the gateway lives.
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
/// let root = SecretKey::generate(&mut rng);
/// let own = Credential::own(mint(&grant, &root, Heir::carried(&mut rng))?, None);
/// let each = Credential::own_for_each(mint(&grant, &root, Heir::carried(&mut rng))?, None);
/// let (shown, both) = (Credential::shown(), Credential::shown_to_both());
/// # let _ = (own, each, shown, both);
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Credential(Whose);

#[derive(Clone, Debug)]
enum Whose {
    Own(Arc<Holder>),
    Shown(ToServer, Arc<Tokens>),
}

/// What the gateway's own seals are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sealing {
    /// All requests of half a minute; one that demands a seal of its own gets it.
    Lately,
    /// One request each.
    Each,
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

/// When a token that is not genuine is counted: once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Where it is looked at again, to judge by it.
    Later,
    /// Nothing else looks at it.
    Now,
}

#[derive(Debug)]
struct Holder {
    token: Token,
    /// When the token ends, or why it allows nothing.
    ends: Result<u64, Refusal>,
    key: Option<SecretKey>,
    sealing: Sealing,
    /// The last seal for more than one request.
    lately: Mutex<Option<Lately>>,
}

/// A seal, and for which audience and time it was made.
#[derive(Clone, Debug)]
struct Lately {
    sealed: SealedToken,
    audience: Audience,
    from: u64,
    until: u64,
}

impl Credential {
    /// The gateway holds a token, seals it for itself once in thirty seconds, and shows it to nobody; a request that demands a seal of its
    /// own gets it. Clients' tokens are not taken. The key is the one that the token names, where it carries no secret.
    #[must_use]
    pub fn own(token: Token, key: Option<SecretKey>) -> Self {
        Self::held(token, key, Sealing::Lately)
    }

    /// The same, with a seal for each request that is good for exactly that request.
    #[must_use]
    pub fn own_for_each(token: Token, key: Option<SecretKey>) -> Self {
        Self::held(token, key, Sealing::Each)
    }

    fn held(token: Token, key: Option<SecretKey>, sealing: Sealing) -> Self {
        let ends = token.chain().grants().map(|grants| grants.last().map_or(0, Grant::expires_at));
        Self(Whose::Own(Arc::new(Holder { token, ends, key, sealing, lately: Mutex::default() })))
    }

    /// Each request brings a sealed token, as `dev.wane/token` of its `_meta`.
    #[must_use]
    pub fn shown() -> Self {
        Self(Whose::Shown(ToServer::Never, Arc::default()))
    }

    /// The same, before a server that decides by the token once more, and is shown it as it came.
    #[must_use]
    pub fn shown_to_both() -> Self {
        Self(Whose::Shown(ToServer::AsWell, Arc::default()))
    }

    /// Whether the gateway holds a token of its own.
    pub(crate) const fn is_own(&self) -> bool {
        matches!(self.0, Whose::Own(_))
    }

    pub(crate) const fn to_server(&self) -> ToServer {
        match self.0 {
            Whose::Own(_) => ToServer::Never,
            Whose::Shown(to_server, _) => to_server,
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
            (Whose::Shown(..), Some(within), Some(beside)) if within != beside => {
                Err(misplaced("`authorization`", "`_meta` has another"))
            }
            (Whose::Shown(..), shown, beside) => Ok(shown.or(beside)),
        }
    }

    /// A sealed token that is shown, or what was read of it before.
    pub(crate) fn read(&self, text: &str) -> Result<SealedToken, Refusal> {
        match &self.0 {
            Whose::Shown(_, tokens) => tokens.read(text),
            Whose::Own(_) => SealedToken::parse(text),
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
            (Whose::Shown(_, tokens), Some(text)) => tokens.read(text),
            (Whose::Shown(..), None) => Err(without(request.call())),
        }
    }

    /// The token that a request brings, to be verified before anything is done for it; nothing where the gateway's own is what counts.
    pub(crate) fn to_verify(&self, shown: Option<&str>, call: &Call) -> Result<Option<SealedToken>, Refusal> {
        match (&self.0, shown) {
            (Whose::Own(_), _) => Ok(None),
            (Whose::Shown(_, tokens), Some(text)) => tokens.read(text).map(Some),
            (Whose::Shown(..), None) => Err(without(call)),
        }
    }

    /// The sealed token by which lists are shown, or nothing where the request brings none.
    pub(crate) fn for_list(&self, shown: Option<&str>, audience: &Audience) -> Result<Option<SealedToken>, Refusal> {
        match &self.0 {
            Whose::Own(holder) => holder.seal(&Seal::new().audience(audience.clone())).map(Some),
            Whose::Shown(_, tokens) => shown.map(|text| tokens.read(text)).transpose(),
        }
    }
}

fn misplaced(here: &str, why: &str) -> Refusal {
    Refusal::new(Code::DenyTokenPlace, "token", here, why)
}

impl Holder {
    fn seal_for(&self, request: &Request, now: u64, rng: &mut impl CryptoRng) -> Result<SealedToken, Refusal> {
        let ends = self.ends.clone()?;
        // A seal cannot be made any more, and so nobody could say why it is denied.
        if ends <= now {
            return Err(Refusal::new(Code::DenyExpired, "exp", now, ends));
        }
        // spec: G10
        let until = ends.min(now.saturating_add(SEAL_SECONDS.min(limits::REQUEST_SEAL_SECONDS)));
        if self.sealing == Sealing::Lately && !request.demands_request_seal() {
            return self.seal_until(request.audience(), now, until);
        }
        let (call, arguments) = (request.call().clone(), request.stated_arguments().clone());
        let seal = Seal::new().audience(request.audience().clone());
        self.seal(&seal.for_request(call, arguments, now, until, rng))
    }

    /// The seal of these thirty seconds. It never leaves the process, where the secret lies beside it: one for each request would tell
    /// nobody more, and costs two checks of a signature.
    fn seal_until(&self, audience: &Audience, now: u64, until: u64) -> Result<SealedToken, Refusal> {
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*lately
            && known.audience == *audience
            && (known.from..known.until).contains(&now)
        {
            return Ok(known.sealed.clone());
        }
        let sealed = self.seal(&Seal::new().audience(audience.clone()).expires_at(until))?;
        *lately = Some(Lately { sealed: sealed.clone(), audience: audience.clone(), from: now, until });
        Ok(sealed)
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
    use wane::{Arguments, Heir, RootGrant, Roots, mint, verify};
    use wane_policy::{Catalogue, Incoming};

    use super::*;

    fn token() -> Token {
        let mut rng = UnwrapErr(SysRng);
        let grant = RootGrant::new("*".parse().unwrap(), 1_000, 4_600).scope("read:*".parse().unwrap());
        mint(&grant, &root(), Heir::carried(&mut rng)).unwrap()
    }

    fn root() -> SecretKey {
        SecretKey::from_seed([1; 32])
    }

    fn request(server: &str) -> Request {
        let catalogue = format!("[server.s]\n{server}\n[server.s.tool.t]\naction = 'read:a'\nlevel = 'public'\n");
        let catalogue = Catalogue::from_toml(&catalogue).unwrap();
        let call = Incoming::Tool { name: "t", arguments: &Arguments::empty() };
        catalogue.server("s", None).unwrap().demand(&call).unwrap().into_request()
    }

    fn last(sealed: &SealedToken) -> wane::BlockId {
        sealed.chain().blocks().last().unwrap().id()
    }

    #[test]
    fn a_seal_lives_for_thirty_seconds_and_no_longer_than_its_token() {
        let (mut rng, request) = (UnwrapErr(SysRng), request("audience = 's'"));
        for credential in [Credential::own(token(), None), Credential::own_for_each(token(), None)] {
            for (now, ends) in [(1_000, 1_030), (4_560, 4_590), (4_590, 4_600), (4_599, 4_600)] {
                let sealed = credential.for_request(None, &request, now, &mut rng).unwrap();
                assert_eq!(sealed.chain().grants().unwrap().last().unwrap().expires_at(), ends, "{now}");
            }
            let late = credential.for_request(None, &request, 4_600, &mut rng).unwrap_err();
            assert_eq!(late.code(), Code::DenyExpired);
        }
    }

    #[test]
    fn a_seal_serves_while_it_lives_and_only_where_it_may() {
        let (mut rng, credential) = (UnwrapErr(SysRng), Credential::own(token(), None));
        let (plain, other) = (request("audience = 's'"), request("audience = 's2'"));
        let mut seal = |request: &Request, now| last(&credential.for_request(None, request, now, &mut rng).unwrap());
        let first = seal(&plain, 1_000);
        assert_eq!(seal(&plain, 1_029), first);
        let second = seal(&plain, 1_030);
        assert_ne!(second, first);
        // A clock that is set back, and another audience.
        assert_ne!(seal(&plain, 1_029), second);
        let third = seal(&plain, 1_029);
        let elsewhere = seal(&other, 1_029);
        assert_ne!(elsewhere, third);
        assert_eq!(seal(&other, 1_029), elsewhere);
        // What demands a seal of its own gets one.
        let demanding = request("audience = 's2'\nrequest-seal = true");
        let each = Credential::own_for_each(token(), None);
        for (credential, request) in [(&credential, &demanding), (&each, &plain)] {
            let seal = || credential.for_request(None, request, 1_029, &mut UnwrapErr(SysRng)).unwrap();
            let (one, two) = (seal(), seal());
            assert!(last(&one) != last(&two) && last(&one) != elsewhere);
            let roots = Roots::single(root().public_key());
            assert!([one, two].iter().all(|sealed| verify(sealed, &roots).unwrap().is_for_one_request()));
        }
    }
}
