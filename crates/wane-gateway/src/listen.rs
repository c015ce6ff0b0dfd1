//! Where clients come in, at a gateway and at the service alike: an address, or a socket that only its user can open.

mod socket;
mod stream;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::str::FromStr;

use tokio_rustls::TlsAcceptor;
use wane::{Code, Refusal};

use self::socket::{File, private_socket};
use crate::tls::Identity;

pub(crate) use self::socket::Socket;
pub(crate) use self::stream::{Accepting, Stream};

/// Where to listen: `127.0.0.1:PORT`, `[::1]:PORT`, another address, or `unix:PATH`.
///
/// ```
/// use wane_gateway::http::Listen;
/// let listen: Listen = "127.0.0.1:0".parse()?;
/// assert!(listen.is_local());
/// assert!("[::ffff:127.0.0.1]:0".parse::<Listen>()?.is_local());
/// assert!(!"192.0.2.1:80".parse::<Listen>()?.is_local());
/// assert_eq!("unix:/run/wane.sock".parse::<Listen>()?.to_string(), "unix:/run/wane.sock");
/// assert!("localhost".parse::<Listen>().is_err());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address; with port 0 any that is free.
    Address(SocketAddr),
    /// A socket in the file system, which only its user can open.
    Socket(PathBuf),
}

/// How far away those may be who ask, and what keeps others from reading it.
///
/// ```
/// use wane_gateway::http::Reach;
/// assert!(matches!(Reach::default(), Reach::ThisMachine));
/// ```
#[derive(Clone, Debug, Default)]
pub enum Reach {
    /// On this machine; nothing is encrypted.
    #[default]
    ThisMachine,
    /// Anywhere, although nothing is encrypted: whoever says so sees to it that nobody else reads what is said.
    WithoutTls,
    /// Anywhere, over TLS alone.
    Tls(Identity),
}

impl Listen {
    /// Whether nobody reaches it from another machine.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        match self {
            Self::Address(address) => address.ip().to_canonical().is_loopback(),
            Self::Socket(_) => true,
        }
    }

    /// Listens here.
    ///
    /// # Errors
    /// Where the address lies beyond loopback and that was not asked for, where somebody else listens there, or where the
    /// operating system says no.
    pub fn bind(&self, reach: Reach) -> Result<Listener, ListenError> {
        let failed = |error| ListenError::Io(self.clone(), error);
        match self {
            // spec: G41 H12
            Self::Address(address) if !self.is_local() && matches!(reach, Reach::ThisMachine) => {
                Err(ListenError::BeyondLoopback(*address))
            }
            Self::Address(address) => {
                let socket = TcpListener::bind(address).map_err(failed)?;
                let at = Self::Address(socket.local_addr().map_err(failed)?);
                socket.set_nonblocking(true).map_err(failed)?;
                Ok(Listener { socket: Socket::Tcp(socket), at, reach, _file: None })
            }
            Self::Socket(path) => {
                let (socket, file) = private_socket(path)?;
                Ok(Listener { socket: Socket::Unix(socket), at: self.clone(), reach, _file: Some(file) })
            }
        }
    }
}

impl FromStr for Listen {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let wrong = || Refusal::new(Code::ParseText, "listen", format_args!("`{text}` is no address"), "");
        match text.strip_prefix("unix:") {
            Some("") => Err(wrong()),
            Some(path) => Ok(Self::Socket(path.into())),
            None => text.parse().map(Self::Address).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Socket(path) => write!(f, "unix:{}", path.display().to_string().escape_default()),
        }
    }
}

/// Why it cannot be listened.
///
/// ```
/// use wane_gateway::http::{Listen, ListenError, Reach};
/// let error: ListenError = "0.0.0.0:0".parse::<Listen>()?.bind(Reach::ThisMachine).unwrap_err();
/// assert_eq!(error.to_string(), "other machines reach 0.0.0.0:0, and nothing is encrypted");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
pub enum ListenError {
    /// Others than this machine could reach it, and read what is said.
    BeyondLoopback(SocketAddr),
    /// Somebody answers on that socket already.
    Answered(PathBuf),
    /// Something else than a socket lies there.
    NoSocket(PathBuf),
    /// The operating system says no.
    Io(Listen, io::Error),
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |path: &PathBuf| Listen::Socket(path.clone());
        match self {
            Self::BeyondLoopback(address) => write!(f, "other machines reach {address}, and nothing is encrypted"),
            Self::Answered(path) => write!(f, "somebody answers on {} already", name(path)),
            Self::NoSocket(path) => write!(f, "{} is no socket", name(path)),
            Self::Io(listen, error) => write!(f, "cannot listen on {listen}: {error}"),
        }
    }
}

impl std::error::Error for ListenError {}

/// A place where somebody listens now. A socket in the file system is removed with it.
///
/// ```
/// use wane_gateway::http::{Listen, Listener, Reach};
/// let listener: Listener = "127.0.0.1:0".parse::<Listen>()?.bind(Reach::ThisMachine)?;
/// assert!(!listener.address().to_string().ends_with(":0"));
/// assert!(listener.bound().to_string().starts_with("http://127.0.0.1:"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    at: Listen,
    reach: Reach,
    _file: Option<File>,
}

impl Listener {
    /// The real address, port included.
    #[must_use]
    pub const fn address(&self) -> &Listen {
        &self.at
    }

    /// The same, and how it is spoken to there.
    #[must_use]
    pub fn bound(&self) -> Bound {
        match (&self.at, &self.reach) {
            (Listen::Address(address), Reach::Tls(_)) => Bound::Encrypted(*address),
            (Listen::Address(address), _) => Bound::Address(*address),
            (Listen::Socket(path), _) => Bound::Socket(path.clone()),
        }
    }

    /// What connections begin with, where they are encrypted.
    pub(crate) fn tls(&self) -> Option<TlsAcceptor> {
        match &self.reach {
            Reach::ThisMachine | Reach::WithoutTls => None,
            Reach::Tls(identity) => Some(identity.acceptor()),
        }
    }

    /// The same place, for a runtime.
    pub(crate) fn accepting(&self) -> io::Result<Accepting> {
        Accepting::new(&self.socket)
    }
}

/// Where a gateway was found to listen.
///
/// ```
/// let bound = wane_gateway::http::Bound::Address(([127, 0, 0, 1], 7000).into());
/// assert_eq!(bound.to_string(), "http://127.0.0.1:7000");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// An address, its port found.
    Address(SocketAddr),
    /// The same, over TLS.
    Encrypted(SocketAddr),
    /// A unix socket.
    Socket(PathBuf),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "http://{address}"),
            Self::Encrypted(address) => write!(f, "https://{address}"),
            Self::Socket(path) => Listen::Socket(path.clone()).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_opens_by_itself() {
        for text in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
            let listen: Listen = text.parse().unwrap();
            assert!(matches!(listen.bind(Reach::ThisMachine), Err(ListenError::BeyondLoopback(_))), "{text}");
        }
        assert!("0.0.0.0:0".parse::<Listen>().unwrap().bind(Reach::WithoutTls).is_ok());
        for text in ["", "8080", ":8080", "localhost:1", "unix:", "127.0.0.1", "127.0.0.1:99999", "http://127.0.0.1:1"]
        {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
