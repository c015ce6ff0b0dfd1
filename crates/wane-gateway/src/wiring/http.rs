//! Servers that run and are reached at a URL: their client goes to a gateway instead.
//!
//! An entry that says `url U` comes to say `url GATEWAY/NAME/mcp#U`, and shows the gateway's bearer. What follows `#` is never sent, so U
//! stays where it was, as it was written, and stays where it is a secret.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::Why;
use super::edit::{Splice, between, comma, part, quoted, separates};
use super::entry::{Span, Stands, Text};
use crate::onward;

/// The header that opens a gateway.
const AUTHORIZATION: &str = "Authorization";

/// What stands before the bearer in it.
const BEARER: &str = "Bearer ";

/// What is shown of a text that may be a secret.
const HIDDEN: &str = "\"***\"";

/// A gateway over HTTP on this machine, and what opens it.
///
/// ```
/// use wane_gateway::wiring::HttpGateway;
/// let bearer = "A".repeat(43);
/// let gateway = HttpGateway::new("http://127.0.0.1:7000", &bearer).unwrap();
/// assert_eq!(format!("{gateway:?}"), r#"HttpGateway { origin: "http://127.0.0.1:7000", .. }"#);
/// assert!(gateway.is_in(&format!("\"Authorization\": \"Bearer {bearer}\"")));
/// assert!(HttpGateway::new("http://192.0.2.1:7000", &bearer).is_none());
/// assert!(HttpGateway::new("http://localhost:7000", &bearer).is_none());
/// assert!(HttpGateway::new("http://127.0.0.1:7000", "hunter2").is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HttpGateway {
    origin: String,
    bearer: String,
}

impl HttpGateway {
    /// One that listens there, as it tells it itself: `http://127.0.0.1:PORT`. Nothing where that is not on this machine, or is more
    /// than an origin, or where the bearer is none that a gateway has made. A name is more than one address, and somebody else may
    /// listen at the other.
    #[must_use]
    pub fn new(origin: &str, bearer: &str) -> Option<Self> {
        (is_told(origin) && is_bearer(bearer)).then(|| Self { origin: origin.to_owned(), bearer: bearer.to_owned() })
    }

    /// What a gateway writes to the file of its bearer: the bearer, and in the second line where it listens. Whoever has read that can
    /// do what its token can.
    ///
    /// ```
    /// use wane_gateway::wiring::HttpGateway;
    /// let gateway = HttpGateway::new("http://127.0.0.1:7000", &"A".repeat(43)).unwrap();
    /// assert_eq!(HttpGateway::read(&gateway.expose_text()).unwrap().origin(), "http://127.0.0.1:7000");
    /// ```
    #[must_use]
    pub fn expose_text(&self) -> String {
        format!("{}\n{}\n", self.bearer, self.origin)
    }

    /// What was written so, and nothing else.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (bearer, origin) = text.strip_suffix('\n')?.split_once('\n')?;
        Self::new(origin, bearer)
    }

    /// Where it listens.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether what opens it stands in a text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        text.contains(&self.bearer)
    }

    /// What stands before the URL of a server.
    fn before(&self, name: &str) -> String {
        format!("{}{}#", self.origin, path(name))
    }

    fn shown(&self) -> String {
        format!("{BEARER}{}", self.bearer)
    }
}

impl fmt::Debug for HttpGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpGateway").field("origin", &self.origin).finish_non_exhaustive()
    }
}

fn path(name: &str) -> String {
    format!("/{name}/mcp")
}

/// What follows the scheme of a url, if it is one of HTTP.
fn less_scheme(text: &str) -> Option<&str> {
    text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"))
}

/// Whether an origin is an address of this machine's own with its port, as gateways tell it.
fn is_told(origin: &str) -> bool {
    let address = less_scheme(origin).map(|authority| (authority, authority.parse::<SocketAddr>()));
    matches!(address, Some((authority, Ok(address)))
        if address.ip().to_canonical().is_loopback() && address.to_string() == authority)
}

/// Whether an origin is a port of this machine's own, in a form in which it is or was written here.
fn is_of_this_machine(origin: &str) -> bool {
    let port = |text: &str| text.parse::<u16>().is_ok_and(|port| port.to_string() == text);
    is_told(origin) || less_scheme(origin).and_then(|rest| rest.strip_prefix("localhost:")).is_some_and(port)
}

/// Whether a url leads to this machine, in whatever form, and what follows its authority.
fn on_this_machine(url: &str) -> Option<&str> {
    let (_, rest) = self::url(url)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let local = match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => bare.eq_ignore_ascii_case("localhost"),
    };
    local.then_some(path)
}

/// What takes bearers out of an entry that can be read as none, where it names a server behind a gateway: whatever has such a form there.
pub(super) fn less_any_bearer(text: &str, entry: &Span, leaves: &[Span]) -> Vec<Splice> {
    // However the slash before it is written.
    if !part(text, entry).contains("mcp#") {
        return Vec::new();
    }
    let shown = |leaf: &&Span| {
        let written = part(text, leaf).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        written.and_then(|written| written.strip_prefix(BEARER)).is_some_and(is_bearer)
    };
    let within = leaves.iter().filter(|leaf| entry.start <= leaf.start && leaf.end <= entry.end);
    within.filter(shown).map(|leaf| Splice::new(leaf.clone(), format!("\"{BEARER}***\""))).collect()
}

/// Whether it is 32 bytes in base64url.
fn is_bearer(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// What follows the scheme of a url of HTTP, and whether it is encrypted.
fn url(text: &str) -> Option<(bool, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let encrypted = scheme.eq_ignore_ascii_case("https");
    (encrypted || scheme.eq_ignore_ascii_case("http")).then_some((encrypted, rest))
}

fn is_url(text: &str) -> bool {
    url(text).is_some_and(|(_, rest)| !rest.is_empty())
}

/// A server that is reached at a URL.
#[derive(Clone)]
pub(super) struct Http {
    url: Text,
    headers: Headers,
}

#[derive(Clone)]
pub(super) enum Headers {
    /// The table, with its braces.
    Listed { span: Span, members: Vec<Header> },
    /// There is none. It would stand right after the url, behind this text.
    Absent { before: String },
}

/// One header, and where the whole of it stands.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) span: Span,
    pub(super) name: String,
    pub(super) value: Text,
}

impl Header {
    fn is_authorization(&self) -> bool {
        self.name.eq_ignore_ascii_case(AUTHORIZATION)
    }
}

impl Http {
    /// Nothing where the url is none.
    pub(super) fn new(url: Text, headers: Headers) -> Option<Self> {
        is_url(&url.value).then_some(Self { url, headers })
    }

    fn members(&self) -> &[Header] {
        match &self.headers {
            Headers::Listed { members, .. } => members,
            Headers::Absent { .. } => &[],
        }
    }

    /// The one header that shows a bearer of a gateway's, by its place.
    fn bearer(&self) -> Option<usize> {
        let mut stated = self.members().iter().enumerate().filter(|(_, header)| header.is_authorization());
        let (at, header) = stated.next()?;
        let shown = header.value.value.strip_prefix(BEARER)?;
        (header.name == AUTHORIZATION && is_bearer(shown) && stated.next().is_none()).then_some(at)
    }

    /// How the entry of this name stands to a gateway: its own url begins behind exactly what is written for this name.
    pub(super) fn stands(&self, name: &str) -> Stands {
        let own = self.url.value.split_once('#').and_then(|(before, own)| {
            let origin = before.strip_suffix(&path(name))?;
            (is_of_this_machine(origin) && is_url(own)).then(|| before.len().saturating_add(1))
        });
        match (own, self.bearer()) {
            (Some(own), Some(_)) => Stands::Behind(own),
            (None, _) if !self.was_behind() => Stands::Alone,
            (Some(_) | None, _) => Stands::Otherwise,
        }
    }

    /// Whether it looks like an entry that stood behind a gateway under another name, or that somebody has edited since.
    fn was_behind(&self) -> bool {
        let Some(path) = on_this_machine(&self.url.value) else { return false };
        let (before, own) = path.split_once('#').unwrap_or((path, ""));
        let names_one = before.trim_end_matches('/').strip_suffix("/mcp").is_some_and(|rest| rest.len() > 1);
        is_url(own) || (names_one && (path.contains('#') || self.shows_bearer()))
    }

    /// Whether any of its headers shows what a gateway's bearer looks like.
    fn shows_bearer(&self) -> bool {
        let mut stated = self.members().iter().filter(|header| header.is_authorization());
        stated.any(|header| header.value.value.strip_prefix(BEARER).is_some_and(is_bearer))
    }

    /// A header that does not reach the server behind a gateway, and why.
    fn kept_back(&self, own: usize, gateway: &HttpGateway) -> Option<Why> {
        let mut headers = self.members().iter().filter(|header| !header.is_authorization());
        let encrypted = self.url.value.get(own..).and_then(url).is_some_and(|(encrypted, _)| encrypted);
        if encrypted && gateway.origin.starts_with("http://") && headers.clone().next().is_some() {
            return Some(Why::Clear);
        }
        let dropped = headers.find(|header| !onward::passes(&header.name.to_ascii_lowercase()))?;
        Some(Why::Dropped(dropped.name.clone()))
    }

    /// What takes a gateway's bearer out of a text that is kept, whatever else became of the entry.
    pub(super) fn less_bearer(&self, name: &str) -> Vec<Splice> {
        if self.stands(name) == Stands::Alone {
            return Vec::new();
        }
        let shown = self.members().iter().filter(|header| header.is_authorization());
        let bearers = shown.filter(|header| header.value.value.strip_prefix(BEARER).is_some_and(is_bearer));
        bearers.map(|header| Splice::new(header.value.span.clone(), format!("\"{BEARER}***\""))).collect()
    }

    /// The text that would stand before a table of headers, where there is no table.
    pub(super) fn without_headers(&self) -> Option<&str> {
        match &self.headers {
            Headers::Absent { before } => Some(before),
            Headers::Listed { .. } => None,
        }
    }

    /// Its own url as it is written, less the quotes, where it begins at this byte of what is said.
    fn own(&self, text: &str, at: usize) -> String {
        let within = self.url.span.start.saturating_add(1)..self.url.span.end.saturating_sub(1);
        let (before, own) = self.url.value.split_at_checked(at).unwrap_or(("", &self.url.value));
        match part(text, &within).strip_prefix(before) {
            Some(written) => written.to_owned(),
            // Somebody has written it in another way: then only what it says is known.
            None => {
                let whole = quoted(own);
                whole.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
            }
        }
    }

    /// What puts it behind a gateway, nothing where it stands there, and what it says then. One that is behind a gateway gets another bearer, as each start
    /// of a gateway makes it.
    pub(super) fn put_behind(
        &self,
        text: &str,
        name: &str,
        gateway: Option<&HttpGateway>,
    ) -> Result<(Vec<Splice>, Self), Why> {
        let stands = self.stands(name);
        let gateway = match (stands, gateway) {
            (Stands::Otherwise, _) => return Err(Why::Altered),
            (_, None) => return Err(Why::Gateway),
            (Stands::Alone, _) if name.parse::<wane::Name>().is_err() => return Err(Why::Name),
            (Stands::Alone, _) if self.members().iter().any(Header::is_authorization) => {
                return Err(Why::Authorization);
            }
            (Stands::Alone | Stands::Behind(_), Some(gateway)) => gateway,
        };
        let own = match stands {
            Stands::Behind(own) => own,
            Stands::Alone | Stands::Otherwise => 0,
        };
        if let Some(why) = self.kept_back(own, gateway) {
            return Err(why);
        }
        let (before, shown) = (gateway.before(name), quoted(&gateway.shown()));
        let url = format!("\"{before}{}\"", self.own(text, own));
        let mut made = Vec::new();
        let (header, header_shown) =
            (format!("\"{AUTHORIZATION}\": {shown}"), format!("\"{AUTHORIZATION}\": {HIDDEN}"));
        let seen = format!("\"{before}***\"");
        match (&self.headers, self.bearer().and_then(|at| self.members().get(at))) {
            (Headers::Absent { before }, _) => made.push(Splice::secret(
                self.url.span.clone(),
                format!("{url}{before}{{{header}}}"),
                format!("{seen}{before}{{{header_shown}}}"),
            )),
            (Headers::Listed { .. }, Some(stated)) => {
                if self.url.value.get(..own) != Some(&before) {
                    made.push(Splice::secret(self.url.span.clone(), url, seen));
                }
                if stated.value.value != gateway.shown() {
                    made.push(Splice::secret(stated.value.span.clone(), shown, HIDDEN.to_owned()));
                }
            }
            (Headers::Listed { span, members }, None) => {
                let inside = span.start.saturating_add(1);
                let (at, behind) = match members.first() {
                    None => (inside, String::new()),
                    Some(first) => {
                        let between = between(part(text, &(inside..first.span.start)));
                        (first.span.start, format!(",{between}"))
                    }
                };
                made.push(Splice::secret(self.url.span.clone(), url, seen));
                made.push(Splice::secret(at..at, format!("{header}{behind}"), format!("{header_shown}{behind}")));
            }
        }
        Ok((made, self.after_wrapping(name, gateway)))
    }

    /// What takes the gateway out again. `absent` is the text behind which its headers were put because it had none. Nothing where somebody
    /// has written something into what would be taken out.
    pub(super) fn take_out(&self, text: &str, own: usize, absent: Option<&str>) -> Option<Vec<Splice>> {
        let Headers::Listed { span, members } = &self.headers else { return None };
        let at = self.bearer()?;
        let ours = members.get(at)?.span.clone();
        let url = format!("\"{}\"", self.own(text, own));
        let gap = text.get(self.url.span.end..span.start);
        let around = [span.start.saturating_add(1)..ours.start, ours.end..span.end.saturating_sub(1)];
        if members.len() == 1 && gap.is_some() && gap == absent && around.into_iter().all(|part| separates(text, part))
        {
            return Some(vec![Splice::secret(self.url.span.start..span.end, url, HIDDEN.to_owned())]);
        }
        let before = at.checked_sub(1).and_then(|before| members.get(before));
        let (taken, beside) = match (before, members.get(at.saturating_add(1))) {
            (_, Some(next)) => (ours.start..next.span.start, ours.end..next.span.start),
            (Some(before), None) => (before.span.end..ours.end, before.span.end..ours.start),
            (None, None) => {
                let end = comma(text, ours.end, span.end);
                (ours.start..end, ours.end..end)
            }
        };
        let url = Splice::secret(self.url.span.clone(), url, HIDDEN.to_owned());
        separates(text, beside).then(|| vec![url, Splice::new(taken, String::new())])
    }

    /// What it says once it is behind a gateway. Where that will stand is not known before it is read again.
    fn after_wrapping(&self, name: &str, gateway: &HttpGateway) -> Self {
        let own = match self.stands(name) {
            Stands::Behind(own) => own,
            Stands::Alone | Stands::Otherwise => 0,
        };
        let own = self.url.value.get(own..).unwrap_or_default();
        let mut members = self.members().to_vec();
        match members.iter_mut().find(|header| header.is_authorization()) {
            Some(header) => header.value.value = gateway.shown(),
            None => {
                let value = Text { span: 0..0, value: gateway.shown() };
                members.insert(0, Header { span: 0..0, name: AUTHORIZATION.to_owned(), value });
            }
        }
        Self::said(format!("{}{own}", gateway.before(name)), members)
    }

    /// What it says once it is no longer.
    pub(super) fn after_unwrapping(&self, own: usize) -> Self {
        let members = self.members().iter().filter(|header| !header.is_authorization()).cloned().collect();
        Self::said(self.url.value.get(own..).unwrap_or_default().to_owned(), members)
    }

    const fn said(url: String, members: Vec<Header>) -> Self {
        Self { url: Text { span: 0..0, value: url }, headers: Headers::Listed { span: 0..0, members } }
    }

    /// Whether both say the same, wherever it stands.
    pub(super) fn says(&self, other: &Self) -> bool {
        let said = |http: &Self| {
            http.members().iter().map(|header| (header.name.clone(), header.value.value.clone())).collect::<Vec<_>>()
        };
        self.url.value == other.url.value && said(self) == said(other)
    }
}

#[cfg(test)]
mod tests;
