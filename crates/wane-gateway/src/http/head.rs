//! The head of a request: who asks, from where, and with what.

use std::hint::black_box;
use std::net::SocketAddr;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, StatusCode};
use rand_core::CryptoRng;
use wane::{Code, Refusal, SealedToken};

use super::agree::{self, METHOD, NAME, PARAM, PROTOCOL_VERSION};
use super::reply::{self, Reply};
use super::sessions;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

/// Texts of ours begin so.
const OURS: &str = "wane1.";

/// What a client shows to be let in where the gateway has a token of its own: whoever knows it can do what that token can. It is made
/// anew for each start, and nothing prints it by accident.
///
/// ```
/// use getrandom::SysRng;
/// use rand_core::UnwrapErr;
/// use wane_gateway::http::Bearer;
/// let bearer = Bearer::generate(&mut UnwrapErr(SysRng));
/// assert_eq!(bearer.expose_text().len(), 43);
/// assert_eq!(format!("{bearer:?}"), "Bearer(..)");
/// ```
pub struct Bearer(String);

impl Bearer {
    /// 32 random bytes, as base64url.
    #[must_use]
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(Base64UrlUnpadded::encode_string(&bytes))
    }

    /// The text that a client shows behind `Bearer `.
    #[must_use]
    pub fn expose_text(&self) -> &str {
        &self.0
    }

    /// Compares without telling by time how much of it was right.
    fn is(&self, shown: &str) -> bool {
        let differing = self.0.bytes().zip(shown.bytes()).fold(0, |found, (a, b)| black_box(found | (a ^ b)));
        self.0.len() == shown.len() && black_box(differing) == 0
    }
}

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer(..)")
    }
}

/// Who is let in.
///
/// ```
/// use wane_gateway::http::Door;
/// let door = Door::Open;
/// assert!(matches!(door, Door::Open));
/// ```
#[derive(Debug)]
pub enum Door {
    /// Whoever can connect: clients bring tokens, or the socket is one that only its user can open.
    Open,
    /// Whoever shows this.
    Bearer(Bearer),
}

/// What is compared with the head of each request.
#[derive(Debug)]
pub(super) struct Checks {
    pub(super) door: Door,
    /// Origins that may ask beside those of this machine.
    pub(super) origins: Vec<String>,
    /// Hosts by which clients may have found the gateway; any where there are none.
    pub(super) hosts: Vec<String>,
}

impl Checks {
    /// The origin of a request, where it was allowed by name.
    pub(super) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
    }

    /// The hosts that a browser can have meant where only this machine is listened to. Another name that leads here was made to.
    pub(super) fn hosts_of(address: SocketAddr, port_unsaid: u16) -> Vec<String> {
        let (ip, port) = (address.ip(), address.port());
        if !ip.to_canonical().is_loopback() {
            return Vec::new();
        }
        let own = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
        let names = [own, "localhost".into(), "127.0.0.1".into(), "[::1]".into()];
        // Clients leave out the port that a url has without saying it.
        let unsaid = port == port_unsaid;
        names
            .into_iter()
            .flat_map(|name| [format!("{name}:{port}")].into_iter().chain(unsaid.then_some(name)))
            .collect()
    }
}

/// A head that was looked at: what it asks for, and with what.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Asked,
    /// The name of a server, where the path has one.
    pub(super) server: Option<String>,
    pub(super) session: Option<String>,
    /// The sealed token that comes as its authorization.
    pub(super) token: Option<Box<str>>,
    /// All of it, but for what was for the gateway alone.
    pub(super) headers: HeaderMap,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It brings a message.
    Post,
    /// It waits for the messages of a session.
    Get,
    /// It ends a session.
    Delete,
}

/// Whether an origin is one of this machine: what it serves is as much the user's as a client is.
fn is_local(origin: &str) -> bool {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    let Some(host) = host else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

impl Head {
    /// Looks at a head. Who may not ask at all is not told what there is to ask for.
    pub(super) fn read(parts: Parts, checks: &Checks) -> Result<Self, Reply> {
        let mut headers = parts.headers;
        single(&headers)?;
        from_where(&headers, &parts.uri, checks)?;
        // A browser asks so, and without a credential, whether a page may ask.
        if parts.method == Method::OPTIONS && checks.allowed(&headers).is_some() {
            return Err(reply::bare(StatusCode::NO_CONTENT));
        }
        let token = shown(&mut headers, &checks.door)?;
        let path: Vec<&str> = parts.uri.path().split('/').collect();
        let server = match (path.as_slice(), parts.uri.query()) {
            (["", "mcp"], None) => None,
            (["", name, "mcp"], None) => Some((*name).to_owned()),
            _ => return Err(reply::malformed(StatusCode::NOT_FOUND, "the path is `/mcp` or `/NAME/mcp`")),
        };
        let method = match parts.method {
            Method::POST => Asked::Post,
            Method::GET => Asked::Get,
            Method::DELETE => Asked::Delete,
            _ => return Err(reply::bare(StatusCode::METHOD_NOT_ALLOWED)),
        };
        if method == Asked::Post && !is_json(&headers) {
            let why = "it is not `application/json` as it stands";
            return Err(reply::malformed(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        let session = headers.remove(SESSION).and_then(|value| value.to_str().ok().map(str::to_owned));
        if session.as_deref().is_some_and(|id| !sessions::is_id(id)) {
            return Err(reply::malformed(StatusCode::BAD_REQUEST, "`mcp-session-id` is no id of a session"));
        }
        Ok(Self { method, server, session, token, headers })
    }

    /// What goes on for a session.
    pub(super) fn with_session(headers: &mut HeaderMap, id: &str) {
        if let Ok(id) = id.parse() {
            headers.insert(SESSION, id);
        }
    }

    /// The session that a server's head begins.
    pub(super) fn session_of(headers: &HeaderMap) -> Option<String> {
        let mut ids = headers.get_all(SESSION).iter();
        match (ids.next(), ids.next()) {
            (Some(id), None) => id.to_str().ok().filter(|id| sessions::is_id(id)).map(str::to_owned),
            _ => None,
        }
    }

    pub(super) fn name_session(reply: &mut Reply, id: &str) {
        Self::with_session(reply.headers_mut(), id);
    }
}

/// No header that is looked at stands twice: whoever stands behind may look at the other.
// spec: G33
fn single(headers: &HeaderMap) -> Result<(), Reply> {
    let known = [HOST, ORIGIN, AUTHORIZATION, CONTENT_TYPE, SESSION, LAST_EVENT, PROTOCOL_VERSION, METHOD, NAME];
    let params = headers.keys().filter(|name| name.as_str().starts_with(PARAM)).cloned();
    for name in known.iter().cloned().chain(params) {
        agree::one(headers, &name).map_err(|mismatch| reply::disagrees(&mismatch, None))?;
    }
    // Nor is it for this connection alone: then it would not go on to whoever it is compared for.
    let named = headers.get_all(CONNECTION).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let is_looked_at = |name: &[u8]| {
        let name = name.trim_ascii();
        let begins = name.get(..PARAM.len()).is_some_and(|start| start.eq_ignore_ascii_case(PARAM.as_bytes()));
        begins || known.iter().any(|known| known.as_str().as_bytes().eq_ignore_ascii_case(name))
    };
    match named.into_iter().any(is_looked_at) {
        true => Err(reply::malformed(StatusCode::BAD_REQUEST, "`connection` names a header that is looked at")),
        false => Ok(()),
    }
}

/// Whether the request comes from where it may come from.
// spec: G31
fn from_where(headers: &HeaderMap, uri: &hyper::Uri, checks: &Checks) -> Result<(), Reply> {
    let strange = |what: &'static str, value: &str, bound: &str| {
        let value: String = value.chars().take(128).collect();
        reply::refused(StatusCode::FORBIDDEN, Refusal::new(Code::DenyOrigin, what, value, bound))
    };
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if uri.authority().is_some() {
        return Err(reply::malformed(StatusCode::BAD_REQUEST, "the request names a host before its path"));
    }
    let host = text(&HOST).unwrap_or_default();
    if !checks.hosts.is_empty() && !checks.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)) {
        return Err(strange("host", host, "a name of this gateway"));
    }
    match headers.get(ORIGIN).map(|_| text(&ORIGIN).unwrap_or_default()) {
        Some(origin) if !is_local(origin) && !checks.origins.iter().any(|known| known == origin) => {
            Err(strange("origin", origin, "an origin that may ask"))
        }
        _ => Ok(()),
    }
}

/// The sealed token that comes as authorization. One that is not ours stays where it is: it is for the server.
// spec: G30 G32
fn shown(headers: &mut HeaderMap, door: &Door) -> Result<Option<Box<str>>, Reply> {
    let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let bearer = authorization.as_deref().and_then(|text| {
        let (scheme, value) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(value.trim())
    });
    if let Door::Bearer(expected) = door {
        if !bearer.is_some_and(|shown| expected.is(shown)) {
            let what = "this request, which needs the bearer that the gateway made when it started";
            return Err(reply::refused(
                StatusCode::UNAUTHORIZED,
                Refusal::new(Code::DenyNoToken, "authorization", what, ""),
            ));
        }
        headers.remove(AUTHORIZATION);
    } else if let Some(text) = bearer.filter(|text| text.starts_with(OURS)) {
        let read = SealedToken::parse(text);
        read.map_err(|refusal| reply::refused(StatusCode::UNAUTHORIZED, refusal))?;
        misplaced(headers, Some(&AUTHORIZATION))?;
        return Ok(Some(text.into()));
    }
    misplaced(headers, None)?;
    Ok(None)
}

/// No other header brings a token of ours: it would go on to the server.
fn misplaced(headers: &HeaderMap, but: Option<&HeaderName>) -> Result<(), Reply> {
    let holds = |bytes: &[u8]| bytes.windows(OURS.len()).any(|part| part.eq_ignore_ascii_case(OURS.as_bytes()));
    let found = headers.iter().find(|(name, value)| but != Some(name) && holds(value.as_bytes()));
    found.map_or(Ok(()), |(name, _)| {
        let refusal = Refusal::new(Code::DenyTokenPlace, "token", format_args!("`{name}`"), "it is no place for one");
        Err(reply::refused(StatusCode::FORBIDDEN, refusal))
    })
}

/// A body under another name of itself would be decided as one thing and read as another.
fn is_json(headers: &HeaderMap) -> bool {
    if headers.get_all(CONTENT_ENCODING).iter().any(|value| value != "identity") {
        return false;
    }
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    is_type(text, "application/json")
}

/// Whether a content type is this one, in UTF-8.
pub(super) fn is_type(text: &str, expected: &str) -> bool {
    let mut parts = text.split(';').map(str::trim);
    let is = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(expected));
    let utf8 =
        |part: &str| part.eq_ignore_ascii_case("charset=utf-8") || part.eq_ignore_ascii_case("charset=\"utf-8\"");
    is && parts.all(utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn head(door: Door, headers: &[(&str, &str)]) -> Result<Head, u16> {
        let mut request = Request::post("/mcp");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let hosts = Checks::hosts_of("127.0.0.1:7000".parse().unwrap(), 80);
        let checks = Checks { door, origins: vec!["https://app.example".into()], hosts };
        Head::read(request.body(()).unwrap().into_parts().0, &checks).map_err(|reply| reply.status().as_u16())
    }

    const GOOD: [(&str, &str); 2] = [("host", "localhost:7000"), ("content-type", "application/json")];

    #[test]
    fn a_gateway_of_this_machine_is_known_by_few_names() {
        for (address, unsaid, known, unknown) in [
            ("127.0.0.1:7000", 80, "127.0.0.1:7000", "127.0.0.1"),
            ("[::1]:80", 80, "[::1]", "::1"),
            ("127.0.0.1:80", 443, "localhost:80", "localhost"),
            ("127.0.0.1:443", 443, "localhost", "localhost:80"),
            ("127.0.0.2:443", 443, "127.0.0.2:443", "127.0.0.3"),
            ("127.0.0.1:443", 80, "127.0.0.1:443", "127.0.0.1"),
            // The same to the system.
            ("[::ffff:127.0.0.1]:7000", 443, "127.0.0.1:7000", "evil.example:7000"),
        ] {
            let hosts = Checks::hosts_of(address.parse().unwrap(), unsaid);
            let is_known = |name: &str| hosts.iter().any(|host| host == name);
            assert!(is_known(known) && !is_known(unknown), "{address}: {hosts:?}");
        }
        assert_eq!(Checks::hosts_of("192.0.2.1:80".parse().unwrap(), 80), Vec::<String>::new());
    }

    #[test]
    fn only_who_may_is_heard() {
        let with = |more: &[(&'static str, &'static str)]| [&GOOD, more].concat();
        for (headers, status) in [
            (with(&[]), None),
            (with(&[("origin", "http://localhost:5173")]), None),
            (with(&[("origin", "https://app.example")]), None),
            (with(&[("authorization", "Bearer of-the-server")]), None),
            (with(&[("origin", "https://evil.example")]), Some(403)),
            (with(&[("origin", "null")]), Some(403)),
            (with(&[("origin", "http://localhost.evil.example")]), Some(403)),
            (with(&[("origin", "http://evil.example:80#localhost")]), Some(403)),
            (with(&[("origin", "http://localhost"), ("origin", "http://localhost")]), Some(400)),
            (vec![("host", "evil.example:7000"), GOOD[1]], Some(403)),
            (vec![("host", "localhost:7001"), GOOD[1]], Some(403)),
            (vec![GOOD[1]], Some(403)),
            (vec![GOOD[0]], Some(415)),
            (vec![GOOD[0], ("content-type", "text/plain")], Some(415)),
            (vec![GOOD[0], ("content-type", "application/json; charset=utf-16")], Some(415)),
            (with(&[("mcp-session-id", "a b")]), Some(400)),
            (with(&[("x-token", "wane1.sealed.AA")]), Some(403)),
            (with(&[("authorization", "Basic wane1.token.AA")]), Some(403)),
            (with(&[("authorization", "Bearer wane1.token.AA")]), Some(401)),
            (with(&[("authorization", "bearer  wane1.key.AA")]), Some(401)),
        ] {
            assert_eq!(head(Door::Open, &headers).err(), status, "{headers:?}");
        }
    }

    #[test]
    fn a_door_opens_to_its_bearer_and_keeps_it() {
        let secret = "s".repeat(43);
        for (shown, status) in [
            (Some(format!("Bearer {secret}")), None),
            (Some(format!("bearer {secret}")), None),
            (Some(format!("Bearer {secret}s")), Some(401)),
            (Some(format!("Bearer {}", "s".repeat(42))), Some(401)),
            (Some("Bearer wane1.sealed.AA".to_owned()), Some(401)),
            (Some(secret.clone()), Some(401)),
            (None, Some(401)),
        ] {
            let more = shown.as_deref().map(|shown| ("authorization", shown));
            let headers: Vec<_> = GOOD.into_iter().chain(more).collect();
            let read = head(Door::Bearer(Bearer(secret.clone())), &headers);
            assert_eq!(read.as_ref().err().copied(), status, "{headers:?}");
            assert!(read.ok().is_none_or(|head| !head.headers.contains_key(AUTHORIZATION)));
        }
    }
}
