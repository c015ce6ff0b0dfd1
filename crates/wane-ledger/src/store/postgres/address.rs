//! What a `postgres://` URL says, and which URLs are refused.

use std::net::IpAddr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, SslNegotiation};

use crate::store::Fault;

/// The namespace of a ledger whose URL names none.
const SCHEMA: &str = "wane";
/// The longest name that PostgreSQL keeps whole, in bytes.
const MOST_NAME: usize = 63;
const NO_TLS: &str =
    "the url asks for tls, which is not built in: use a unix socket, loopback, or a tunnel that ends there";
const CONNECT: Duration = Duration::from_secs(5);
const SILENT: Duration = Duration::from_secs(15);
const PROBE: Duration = Duration::from_secs(5);

/// Where a ledger lies. It holds the password: nothing here is ever printed.
pub(super) struct Address {
    pub(super) config: Config,
    /// Small letters, digits and `_`, so that it can stand in a statement between double quotes.
    pub(super) schema: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, Fault> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(refused("the url does not begin with postgres://"));
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        if query.contains('@') {
            return Err(refused("the url has `?` before `@`: in a password it is written %3F"));
        }
        if base.matches('@').count() > 1 {
            return Err(refused("the url has two `@`: in a password it is written %40"));
        }
        let mut schema = None;
        let mut plain = false;
        let mut rest = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("schema", name)) if schema.is_none() => schema = Some(checked(name)?),
                Some(("schema", _)) => return Err(refused("the url names two schemas")),
                Some(("sslmode", "disable")) => plain = true,
                Some(("sslmode", "allow" | "prefer")) => {}
                // spec: S71
                Some(("sslmode", _)) => return Err(refused(NO_TLS)),
                _ => rest.push(pair),
            }
        }
        let mut config: Config =
            format!("{base}?{}", rest.join("&")).parse().map_err(|_| refused("the url cannot be read"))?;
        // The same in other words: a name can be escaped.
        // spec: S71
        if config.get_ssl_mode() == SslMode::Require || config.get_ssl_negotiation() == SslNegotiation::Direct {
            return Err(refused(NO_TLS));
        }
        if config.get_hosts().len().max(config.get_hostaddrs().len()) != 1 {
            return Err(refused("the url must name one host: an address, or the folder of a unix socket"));
        }
        // spec: S71
        if !(plain || is_local(&config)) {
            return Err(refused(
                "the host is another machine and tls is not built in: use a tunnel, or say sslmode=disable where the network is trusted",
            ));
        }
        config.ssl_mode(SslMode::Disable);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENT);
        }
        // A server whose host is gone owes its answer for ever, and its connection is counted until it breaks.
        if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
            config.keepalives_idle(SILENT);
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_interval(PROBE);
        }
        if config.get_keepalives_retries().is_none() {
            config.keepalives_retries(3);
        }
        if config.get_application_name().is_none() {
            config.application_name("wane");
        }
        Ok(Self { config, schema: schema.unwrap_or_else(|| SCHEMA.to_owned()) })
    }
}

/// Whether what is sent stays on this machine.
fn is_local(config: &Config) -> bool {
    // Where an address is given, the name is not looked up.
    if let [address] = config.get_hostaddrs() {
        return address.is_loopback();
    }
    match config.get_hosts() {
        [Host::Tcp(name)] => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        #[cfg(unix)]
        [Host::Unix(_)] => true,
        _ => false,
    }
}

fn checked(name: &str) -> Result<String, Fault> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let fits = (1..=MOST_NAME).contains(&name.len()) && name.bytes().all(good);
    if !fits || name.starts_with("pg_") || name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(refused("the schema must be 1 to 63 small letters, digits and _, and begin with a letter or _"));
    }
    Ok(name.to_owned())
}

/// Constant texts only: a URL holds a password, and one that cannot be read may hold it anywhere.
// spec: S72
fn refused(why: &str) -> Fault {
    Fault::Unreachable(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::Address;

    fn answer(url: &str) -> String {
        match Address::parse(url) {
            Ok(address) => format!("ok {}", address.schema),
            Err(fault) => fault.to_string(),
        }
    }

    #[test]
    fn which_urls_are_taken() {
        let taken = [
            ("postgres://wane@localhost/wane", "ok wane"),
            ("postgresql://wane:hunter2@127.0.0.1:5433/wane?connect_timeout=1", "ok wane"),
            ("postgres://wane@[::1]/wane?sslmode=prefer", "ok wane"),
            ("postgres://wane@/wane?host=/run/postgresql&schema=other_1", "ok other_1"),
            ("postgres://wane@%2Frun%2Fpostgresql/wane", "ok wane"),
            ("postgres://wane@db.example.com/wane?sslmode=disable", "ok wane"),
            ("postgres://wane@db.example.com/wane?hostaddr=127.0.0.1", "ok wane"),
        ];
        for (url, expected) in taken {
            assert_eq!(answer(url), expected, "{url}");
        }
    }

    #[test]
    fn a_host_that_is_gone_is_noticed_unless_the_url_says_otherwise() {
        let parsed = |url: &str| Address::parse(url).expect("a url").config;
        let config = parsed("postgres://wane@localhost/wane");
        assert!(config.get_keepalives());
        assert_eq!(config.get_keepalives_idle().as_secs(), 15);
        assert_eq!(config.get_keepalives_interval().map(|interval| interval.as_secs()), Some(5));
        assert_eq!(config.get_keepalives_retries(), Some(3));
        let config =
            parsed("postgres://wane@localhost/wane?keepalives_idle=60&keepalives_interval=30&keepalives_retries=9");
        assert_eq!(config.get_keepalives_idle().as_secs(), 60);
        assert_eq!(config.get_keepalives_interval().map(|interval| interval.as_secs()), Some(30));
        assert_eq!(config.get_keepalives_retries(), Some(9));
    }

    #[test]
    fn which_urls_are_refused_and_that_no_password_is_told() {
        let refused = [
            ("mysql://wane:hunter2@localhost/wane", "does not begin with"),
            ("postgres://wane:hunter2@db.example.com/wane", "another machine"),
            ("postgres://wane:hunter2@db.example.com/wane?sslmode=prefer", "another machine"),
            ("postgres://wane:hunter2@localhost/wane?hostaddr=192.0.2.1", "another machine"),
            ("postgres://wane:hunter2@localhost.example.com/wane", "another machine"),
            ("postgres://wane:hunter2@localhost/wane?sslmode=require", "asks for tls"),
            ("postgres://wane:hunter2@localhost/wane?sslmode=verify-full", "asks for tls"),
            ("postgres://wane:hunter2@localhost/wane?sslmode=hunter2", "asks for tls"),
            ("postgres://wane:hunter2@localhost/wane?ssl%6dode=require", "asks for tls"),
            ("postgres://wane:hunter2@localhost/wane?%73slmode=verify-ca", "cannot be read"),
            ("postgres://wane:hunter2@localhost/wane?sslnegotiation=direct", "asks for tls"),
            ("postgres://wane:hunter2@localhost/wane?sslnegotiation=direct&sslmode=disable", "asks for tls"),
            ("postgres://wane:hunter2@db.example.com/wane?ssl%6dode=disable", "another machine"),
            ("postgres://wane:hunter2@localhost,127.0.0.1/wane?sslmode=disable", "one host"),
            ("postgres://wane:hunter2@/wane", "one host"),
            ("postgres://wane:hunter2@localhost:hunter2/wane", "cannot be read"),
            ("postgres://wane:hun?hunter2=1@localhost/wane", "written %3F"),
            ("postgres://wane:hun@hunter2@localhost/wane", "written %40"),
            ("postgres://wane:hun@hunter2@db.example.com/wane?sslmode=disable", "written %40"),
            ("postgres://wane@localhost/wane?hunter2=1", "cannot be read"),
            ("postgres://wane@localhost/wane?schema=a&schema=b", "two schemas"),
            ("postgres://wane@localhost/wane?schema=", "1 to 63"),
            ("postgres://wane@localhost/wane?schema=a\"b", "1 to 63"),
            ("postgres://wane@localhost/wane?schema=pg_hunter2", "1 to 63"),
            ("postgres://wane@localhost/wane?schema=1a", "1 to 63"),
        ];
        for (url, expected) in refused {
            let answer = answer(url);
            assert!(answer.contains(expected), "{url}: {answer}");
            assert!(!answer.contains("hunter2"), "{url}: {answer}");
        }
        let long = "a".repeat(64);
        assert!(answer(&format!("postgres://localhost/wane?schema={long}")).contains("1 to 63"));
    }
}
