//! A server behind the gateway, and the way to it.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::process::Command;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, Uri};
use tokio::sync::Semaphore;

use super::agree::{METHOD, NAME, PARAM};
use super::connect::{Way, distrust};
use super::limits::{AGREEING, Limits};
use super::processes::Places;
use crate::gate::{Gate, Side};
use crate::onward;
use crate::tls::Authorities;

/// The address of a server: `http://HOST[:PORT]/PATH`, or `https://…`.
///
/// ```
/// use wane_gateway::http::UpstreamUrl;
/// let url: UpstreamUrl = "http://127.0.0.1:3001/mcp".parse()?;
/// assert_eq!(url.to_string(), "http://127.0.0.1:3001/mcp");
/// assert!("https://example.org/mcp".parse::<UpstreamUrl>()?.is_encrypted());
/// # Ok::<(), wane_gateway::http::UrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamUrl(Uri);

/// Why a text is no address of a server.
///
/// ```
/// use wane_gateway::http::{UpstreamUrl, UrlError};
/// let error: UrlError = "ftp://example.org".parse::<UpstreamUrl>().unwrap_err();
/// assert_eq!(error.to_string(), "an upstream is an `http://` or `https://` url");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlError(&'static str);

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for UrlError {}

impl FromStr for UpstreamUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError("an upstream is an `http://` or `https://` url"))?;
        match uri.scheme_str() {
            Some("http" | "https") => {}
            _ => return Err(UrlError("an upstream is an `http://` or `https://` url")),
        }
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        match authority {
            Some(authority) if authority.as_str().contains('@') => {
                Err(UrlError("an upstream's url holds no user: `--upstream-header` gives a credential"))
            }
            Some(_) if text.contains('#') => Err(UrlError("an upstream's url has no fragment")),
            Some(_) => Ok(Self(uri)),
            None => Err(UrlError("an upstream's url names a host")),
        }
    }
}

impl UpstreamUrl {
    /// Whether it is reached over TLS.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    /// Whether it is called by a name, which may have several addresses.
    ///
    /// ```
    /// use wane_gateway::http::UpstreamUrl;
    /// assert!("http://localhost:3001/mcp".parse::<UpstreamUrl>()?.is_by_name());
    /// assert!(!"http://[::1]:3001/mcp".parse::<UpstreamUrl>()?.is_by_name());
    /// # Ok::<(), wane_gateway::http::UrlError>(())
    /// ```
    #[must_use]
    pub fn is_by_name(&self) -> bool {
        let host = self.0.host().unwrap_or_default();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        bare.parse::<IpAddr>().is_err()
    }
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A header that only the gateway knows, for its server alone. Nothing prints its value.
///
/// ```
/// use wane_gateway::http::UpstreamHeader;
/// let header = UpstreamHeader::new("Authorization", "Bearer hunter2").unwrap();
/// assert_eq!(format!("{header:?}"), "UpstreamHeader { name: \"authorization\", .. }");
/// assert!(UpstreamHeader::new("Host", "example.org").is_none());
/// ```
#[derive(Clone)]
pub struct UpstreamHeader {
    name: HeaderName,
    value: HeaderValue,
}

impl UpstreamHeader {
    /// Nothing where it is no header, or one that belongs to the connection or to MCP.
    #[must_use]
    pub fn new(name: &str, value: &str) -> Option<Self> {
        let name = HeaderName::try_from(name).ok().filter(|name| passes(name) && !name.as_str().starts_with("mcp-"))?;
        let mut value = HeaderValue::try_from(value).ok().filter(|_| name != CONTENT_TYPE && name != ACCEPT)?;
        value.set_sensitive(true);
        Some(Self { name, value })
    }
}

impl fmt::Debug for UpstreamHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamHeader").field("name", &self.name.as_str()).finish_non_exhaustive()
    }
}

/// How a server is started that speaks on its standard input and output: one for each session.
///
/// ```
/// use std::process::Command;
/// use wane_gateway::http::Starts;
/// let starts = Starts::new(|| Ok(Command::new("mcp-server-git")));
/// # let _ = starts;
/// ```
pub struct Starts(pub(super) Box<dyn Fn() -> io::Result<Command> + Send + Sync>);

impl Starts {
    /// By this command, made anew for each.
    #[must_use]
    pub fn new(command: impl Fn() -> io::Result<Command> + Send + Sync + 'static) -> Self {
        Self(Box::new(command))
    }
}

impl fmt::Debug for Starts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Starts(..)")
    }
}

/// Where a server is.
///
/// ```
/// use wane_gateway::http::Target;
/// let target = Target::Url("http://127.0.0.1:3001/mcp".parse()?);
/// assert!(matches!(target, Target::Url(_)));
/// # Ok::<(), wane_gateway::http::UrlError>(())
/// ```
#[derive(Debug)]
pub enum Target {
    /// It runs, and is reached over HTTP.
    Url(UpstreamUrl),
    /// It is started here.
    Command(Starts),
}

impl Target {
    /// Whether it is reached over TLS.
    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Url(url) if url.is_encrypted())
    }
}

/// A server, and the gate before it.
///
/// ```
/// use wane_gateway::Gate;
/// use wane_gateway::http::{Target, Upstream};
/// fn files(target: Target, gate: Gate) -> Upstream {
///     Upstream { name: "files".into(), target, headers: Vec::new(), gate }
/// }
/// # let _ = files;
/// ```
#[derive(Debug)]
pub struct Upstream {
    /// What clients call it in the path: `/NAME/mcp`.
    pub name: String,
    /// Where it is.
    pub target: Target,
    /// What only the gateway says to it; where a client says the same, the gateway's counts.
    pub headers: Vec<UpstreamHeader>,
    /// What decides before it. Where this gate's own ways lead is not looked at: each exchange has its own.
    pub gate: Gate,
}

/// A server while the gateway runs.
#[derive(Debug)]
pub(super) struct Behind {
    pub(super) name: String,
    pub(super) gate: Arc<Gate>,
    target: Target,
    headers: Vec<UpstreamHeader>,
    /// Places for processes that are started for it.
    pub(super) places: Arc<Places>,
    way: Option<Way>,
    silence: Duration,
    /// Places for requests that are being decided.
    pub(super) deciding: Arc<Semaphore>,
    /// Places for answers that are being looked at: those who decide may wait for them.
    pub(super) reading: Arc<Semaphore>,
    /// Places for requests that are compared with their heads: they do not wait for what waits for a ledger.
    pub(super) agreeing: Arc<Semaphore>,
    /// Places for large bodies that are looked at: what is made of one takes several times its memory.
    pub(super) large: Arc<Semaphore>,
}

/// Why a server has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// It cannot be reached, or broke off.
    Broke,
    /// It says nothing.
    Silent,
    /// TLS has something against it.
    Distrusted(&'static str),
}

impl NoAnswer {
    /// What a client is told.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Broke => "cannot be reached, or broke off",
            Self::Silent => "has said nothing for too long",
            Self::Distrusted(why) => why,
        }
    }
}

impl Behind {
    /// Without anybody who is believed there is no way to a server over TLS.
    pub(super) fn new(upstream: Upstream, authorities: Option<&Authorities>, limits: &Limits) -> Self {
        let way = match upstream.target.is_encrypted() {
            true => authorities.map(|authorities| Way::encrypted(authorities, limits.handshake)),
            false => Some(Way::plain()),
        };
        Self {
            name: upstream.name,
            gate: Arc::new(upstream.gate),
            target: upstream.target,
            headers: upstream.headers,
            places: Places::new(limits.children),
            way,
            silence: limits.silence,
            deciding: Arc::new(Semaphore::new(limits.deciding)),
            reading: Arc::new(Semaphore::new(limits.deciding)),
            agreeing: Arc::new(Semaphore::new(AGREEING)),
            large: Arc::new(Semaphore::new(limits.large_bodies)),
        }
    }

    /// What of a client's head goes on to this server.
    // spec: G36
    pub(super) fn onward(&self, head: &HeaderMap) -> HeaderMap {
        let named: Vec<String> = head
            .get_all("connection")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        let goes = |name: &HeaderName| passes(name) && !named.iter().any(|named| named == name.as_str());
        let mut headers = HeaderMap::new();
        for (name, value) in head.iter().filter(|(name, _)| goes(name)) {
            headers.append(name.clone(), value.clone());
        }
        for header in &self.headers {
            headers.insert(header.name.clone(), header.value.clone());
        }
        headers
    }

    /// Asks the server; its head.
    pub(super) async fn ask(
        &self,
        method: Method,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let (Target::Url(url), Some(way)) = (&self.target, &self.way) else { return Err(NoAnswer::Broke) };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = url.0.clone();
        *request.headers_mut() = headers.clone();
        match tokio::time::timeout(self.silence, way.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(match distrust(&error) {
                Some(why) => {
                    // It is for whoever runs the gateway to put right.
                    self.gate.dropped(Side::Server, &format!("`{}` {why}", self.name));
                    NoAnswer::Distrusted(why)
                }
                None => NoAnswer::Broke,
            }),
            Err(_) => Err(NoAnswer::Silent),
        }
    }

    /// How it is started, where it is.
    pub(super) const fn starts(&self) -> Option<&Starts> {
        match &self.target {
            Target::Url(_) => None,
            Target::Command(starts) => Some(starts),
        }
    }

    pub(super) const fn silence(&self) -> Duration {
        self.silence
    }
}

/// The head of a request that the gateway makes itself, on the account of a client's.
pub(super) fn of_its_own(headers: &HeaderMap, method: &'static str) -> HeaderMap {
    let mut headers = headers.clone();
    let params: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().starts_with(PARAM)).cloned().collect();
    params.iter().chain([&NAME]).for_each(|name| drop(headers.remove(name)));
    if headers.remove(METHOD).is_some() {
        headers.insert(METHOD, HeaderValue::from_static(method));
    }
    headers
}

/// The head of an answer, or of nothing at all, in the place of a client.
pub(super) fn of_no_method(headers: &HeaderMap) -> HeaderMap {
    let mut headers = of_its_own(headers, "");
    headers.remove(METHOD);
    headers
}

/// Whether a header of a client's goes on.
fn passes(name: &HeaderName) -> bool {
    onward::passes(name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_urls_are_upstreams() {
        for text in ["http://127.0.0.1:3001/mcp", "http://localhost/mcp?x=1", "http://[::1]:80/", "https://a/mcp"] {
            assert!(text.parse::<UpstreamUrl>().is_ok(), "{text}");
        }
        for text in [
            "ftp://a/mcp",
            "https://u@a/mcp",
            "a/mcp",
            "/mcp",
            "http://u@a/mcp",
            "http://a/mcp#x",
            "unix:/x",
            "",
            "http:///x",
        ] {
            assert!(text.parse::<UpstreamUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_of_the_connection_is_no_header_for_a_server() {
        for name in ["Host", "connection", "Transfer-Encoding", "content-type", "mcp-method", "X_Key", "a b", "cookie"]
        {
            assert!(UpstreamHeader::new(name, "x").is_none(), "{name}");
        }
        assert!(UpstreamHeader::new("x-api-key", "a\nb").is_none());
        assert!(UpstreamHeader::new("x-api-key", "a").is_some());
    }
}
