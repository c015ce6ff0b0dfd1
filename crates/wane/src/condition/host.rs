//! `host` and `scheme`: URLs that every reader takes apart in the same way.

use alloc::format;
use alloc::string::ToString;
use core::net::Ipv4Addr;

use url::{Position, Url};

use super::operand::text_operand;
use crate::code::Code;
use crate::json;
use crate::refusal::Refusal;

text_operand! {
    /// A host: a lower-case ASCII name or a literal address in its plain form, with `:port` where another
    /// than the scheme's default port is meant: `example.com`, `api.internal:8443`, `10.0.0.1`, `[::1]:80`.
    ///
    /// ```
    /// assert!("example.com:8080".parse::<wane::Host>().is_ok());
    /// for refused in ["Example.com", "127.1", "*.example.com", "example.com.", "a@b", "h:080"] {
    ///     assert!(refused.parse::<wane::Host>().is_err(), "{refused}");
    /// }
    /// ```
    // spec: T94
    Host, |text| split(text).is_some(), "a host: a lower-case name or plain address, and `:port`", "example.com"
}

text_operand! {
    /// A URL scheme in lower case: `https`.
    ///
    /// ```
    /// assert!("https".parse::<wane::Scheme>().is_ok());
    /// assert!("HTTPS".parse::<wane::Scheme>().is_err());
    /// assert!("https:".parse::<wane::Scheme>().is_err());
    /// ```
    Scheme, is_scheme, "a lower-case scheme", "https"
}

impl Host {
    /// Where a URL points, with its port if that is not the default one of its scheme.
    ///
    /// # Errors
    /// `deny-url` unless the URL is in its plain form, and names a host.
    ///
    /// ```
    /// use wane::{Code, Host};
    /// assert_eq!(Host::of_url("https://example.com/a")?.as_str(), "example.com");
    /// assert_eq!(Host::of_url("https://example.com:8443/")?.as_str(), "example.com:8443");
    /// for other in ["https://EXAMPLE.com/", "https://a@example.com/", "file:///etc", "example.com"] {
    ///     assert_eq!(Host::of_url(other).unwrap_err().code(), Code::DenyUrl, "{other}");
    /// }
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn of_url(text: &str) -> Result<Self, Refusal> {
        plain_url(text)
            .and_then(|url| match (url.host_str()?, url.port()) {
                ("", _) => None,
                (name, None) => name.parse().ok(),
                (name, Some(port)) => format!("{name}:{port}").parse().ok(),
            })
            .ok_or_else(|| not_plain(text, "scheme://host/path"))
    }

    /// Whether a URL points at this host and port.
    // spec: T95
    pub(super) fn admits(&self, url: &Url) -> bool {
        split(self.as_str()).is_some_and(|(name, port)| {
            // A plain URL states its port only where it is not the scheme's default.
            let port_fits = if port.is_none() { url.port().is_none() } else { url.port_or_known_default() == port };
            url.host_str() == Some(name) && port_fits
        })
    }
}

impl Scheme {
    /// The scheme of a URL, with or without a host.
    ///
    /// # Errors
    /// `deny-url` unless the URL is in its plain form.
    ///
    /// ```
    /// use wane::{Code, Scheme};
    /// assert_eq!(Scheme::of_url("file:///repo/README.md")?.as_str(), "file");
    /// assert_eq!(Scheme::of_url("file:///repo/../README.md").unwrap_err().code(), Code::DenyUrl);
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn of_url(text: &str) -> Result<Self, Refusal> {
        plain_url(text).and_then(|url| url.scheme().parse().ok()).ok_or_else(|| not_plain(text, "scheme:path"))
    }
}

fn not_plain(text: &str, form: &str) -> Refusal {
    Refusal::new(Code::DenyUrl, "url", json::quote_start(text), form)
}

/// The URL, if its text is the one way to write it: what a strict parser writes is what stands there, only an
/// empty path may be left out. There is no userinfo, and nothing that parsers of different ages read differently.
// spec: T93
pub(super) fn plain_url(text: &str) -> Option<Url> {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    if !text.bytes().all(letter) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let nobody = url.username().is_empty() && url.password().is_none();
    let without_path = || {
        let (before, after) = (&url[..Position::BeforePath], &url[Position::AfterPath..]);
        url.path() == "/" && text.strip_prefix(before) == Some(after)
    };
    (nobody && (url.as_str() == text || without_path()) && reads_alike(text, &url)).then_some(url)
}

/// Whether parsers that follow an older or a newer standard take it apart in the same way.
// spec: T188
fn reads_alike(text: &str, url: &Url) -> bool {
    let behind_scheme = text.strip_prefix(url.scheme()).unwrap_or_default();
    let host_fits = match url.host_str() {
        None | Some("") => true,
        Some(host) => url.scheme() != "file" && is_host(host),
    };
    let path_fits = match url.scheme() {
        "file" => behind_scheme.starts_with(":///") && !behind_scheme.starts_with(":////"),
        _ => !behind_scheme.starts_with(":/./"),
    };
    host_fits && path_fits && !url.query().is_some_and(|query| query.contains('\''))
}

/// The name or address, and the port, of a host in its plain form.
fn split(text: &str) -> Option<(&str, Option<u16>)> {
    let name_end = text.find(']').map_or_else(|| text.find(':').unwrap_or(text.len()), |end| end + 1);
    let (name, port) = text.split_at_checked(name_end)?;
    let port = match port.strip_prefix(':') {
        None => port.is_empty().then_some(None)?,
        Some(digits) => {
            let port = digits.parse::<u16>().ok().filter(|port| *port != 0 && port.to_string() == digits)?;
            Some(port)
        }
    };
    is_host(name).then_some((name, port))
}

/// Whether it is an address in its plain form, or a name that no parser changes or takes for an address.
fn is_host(name: &str) -> bool {
    const NAME_BYTES: usize = 253;
    const LABEL_BYTES: usize = 63;
    if name.starts_with('[') {
        return url::Host::parse(name).is_ok_and(|host| host.to_string() == name);
    }
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b);
    let label = |label: &str| {
        (1..=LABEL_BYTES).contains(&label.len()) && label.bytes().all(letter) && !label.starts_with("xn--")
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let number = last.starts_with("0x") || last.bytes().all(|b| b.is_ascii_digit());
    name.len() <= NAME_BYTES && name.split('.').all(label) && (!number || name.parse::<Ipv4Addr>().is_ok())
}

// spec: T96
fn is_scheme(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(letter)
}
