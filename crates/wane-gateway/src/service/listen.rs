//! Where the service listens: on loopback, or on a socket that only its user can open.

use std::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use wane::{Code, Refusal};

/// Where to listen: `127.0.0.1:PORT`, `[::1]:PORT`, another address, or `unix:PATH`.
///
/// ```
/// use wane_gateway::service::Listen;
/// assert_eq!("127.0.0.1:0".parse::<Listen>()?.to_string(), "127.0.0.1:0");
/// assert_eq!("unix:/run/wane.sock".parse::<Listen>()?.to_string(), "unix:/run/wane.sock");
/// assert!("localhost".parse::<Listen>().is_err());
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address of a network interface.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// How far away those may be who ask. There is no TLS here: beyond this machine tokens could be read on their way.
///
/// ```
/// assert_ne!(wane_gateway::service::Reach::Machine, wane_gateway::service::Reach::NetworkWithoutTls);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On this machine.
    Machine,
    /// Anywhere, although nothing is encrypted.
    NetworkWithoutTls,
}

impl FromStr for Listen {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let wrong = || Refusal::new(Code::ParseText, "listen", format_args!("`{text}` is no address"), "");
        match text.strip_prefix("unix:") {
            Some("") => Err(wrong()),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp).map_err(|_| wrong()),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why it cannot be listened.
///
/// ```
/// use wane_gateway::service::{Listen, ListenError, Reach};
/// let error: ListenError = "0.0.0.0:0".parse::<Listen>()?.bind(Reach::Machine).unwrap_err();
/// assert_eq!(error.to_string(), "0.0.0.0:0 can be reached from other machines, and there is no TLS");
/// # Ok::<(), wane::Refusal>(())
/// ```
#[derive(Debug)]
pub enum ListenError {
    /// Others than this machine could reach it.
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
        match self {
            Self::BeyondLoopback(address) => {
                write!(f, "{address} can be reached from other machines, and there is no TLS")
            }
            Self::Answered(path) => write!(f, "somebody answers on {} already", path.display()),
            Self::NoSocket(path) => write!(f, "{} is no socket", path.display()),
            Self::Io(listen, error) => write!(f, "cannot listen on {listen}: {error}"),
        }
    }
}

impl std::error::Error for ListenError {}

/// A place where somebody listens now. A socket in the file system is removed with it.
///
/// ```
/// use wane_gateway::service::{Listen, Listener, Reach};
/// let listener: Listener = "127.0.0.1:0".parse::<Listen>()?.bind(Reach::Machine)?;
/// assert!(!listener.address().to_string().ends_with(":0"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: Socket,
    address: Listen,
    /// The socket's file, to be known again.
    file: Option<(PathBuf, u64, u64)>,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listen {
    /// Listens here.
    ///
    /// # Errors
    /// Where the address lies beyond loopback and that was not asked for, where somebody else listens there, or where the
    /// operating system says no.
    pub fn bind(&self, reach: Reach) -> Result<Listener, ListenError> {
        let failed = |error| ListenError::Io(self.clone(), error);
        match self {
            // spec: H12
            Self::Tcp(address) if !address.ip().is_loopback() && reach == Reach::Machine => {
                Err(ListenError::BeyondLoopback(*address))
            }
            Self::Tcp(address) => {
                let socket = TcpListener::bind(address).map_err(failed)?;
                let address = Self::Tcp(socket.local_addr().map_err(failed)?);
                socket.set_nonblocking(true).map_err(failed)?;
                Ok(Listener { socket: Socket::Tcp(socket), address, file: None })
            }
            Self::Unix(path) => {
                make_way(path)?;
                let socket = private_socket(path).map_err(failed)?;
                socket.set_nonblocking(true).map_err(failed)?;
                let made = fs::symlink_metadata(path).map_err(failed)?;
                let file = Some((path.clone(), made.dev(), made.ino()));
                Ok(Listener { socket: Socket::Unix(socket), address: self.clone(), file })
            }
        }
    }
}

impl Listener {
    /// The real address, port included.
    #[must_use]
    pub const fn address(&self) -> &Listen {
        &self.address
    }

    /// Whether names in `Host` say anything about where a request comes from: on loopback, a web page may reach it under any name.
    pub(super) fn is_loopback(&self) -> bool {
        matches!(&self.address, Listen::Tcp(address) if address.ip().is_loopback())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let Some((path, device, inode)) = &self.file else { return };
        // Another one may have taken its place.
        if fs::symlink_metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == (*device, *inode)) {
            // One that stays is stale, and the next start replaces it.
            let _: io::Result<()> = fs::remove_file(path);
        }
    }
}

/// Sees to it that nothing lies there that anybody needs.
// spec: H13
fn make_way(path: &Path) -> Result<(), ListenError> {
    let failed = |error| ListenError::Io(Listen::Unix(path.to_owned()), error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(ListenError::NoSocket(path.to_owned())),
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        // Nobody listens, and nobody will: a name is not listened on again.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => Err(ListenError::Answered(path.to_owned())),
        Err(error) => Err(failed(error)),
    }
}

/// A socket that nobody else can open at any moment: it is made in a folder of its own, and moved from there.
fn private_socket(path: &Path) -> io::Result<UnixListener> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = parent.join(format!(".w{}", std::process::id()));
    fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let made = folder.join("s");
    let bound = UnixListener::bind(&made).and_then(|socket| {
        fs::set_permissions(&made, fs::Permissions::from_mode(0o600))?;
        fs::rename(&made, path)?;
        Ok(socket)
    });
    // Where it could not be moved, nothing of it stays.
    let _: io::Result<()> = fs::remove_dir_all(&folder);
    bound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("wane-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_socket_is_private_and_gives_way_only_where_nobody_answers() {
        let folder = folder("listen");
        let path = folder.join("s");
        let listen = Listen::Unix(path.clone());
        let first = listen.bind(Reach::Machine).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(matches!(listen.bind(Reach::Machine), Err(ListenError::Answered(_))));
        drop(first);
        assert!(!path.exists());
        // One that was left behind.
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let second = listen.bind(Reach::Machine).unwrap();
        // One that took its place is not removed with it.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "other").unwrap();
        drop(second);
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert!(matches!(listen.bind(Reach::Machine), Err(ListenError::NoSocket(_))));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn no_address_opens_by_itself() {
        for text in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
            let listen: Listen = text.parse().unwrap();
            assert!(matches!(listen.bind(Reach::Machine), Err(ListenError::BeyondLoopback(_))), "{text}");
        }
        assert!("0.0.0.0:0".parse::<Listen>().unwrap().bind(Reach::NetworkWithoutTls).is_ok());
        for text in ["", "8080", ":8080", "localhost:1", "unix:", "127.0.0.1", "127.0.0.1:99999", "http://127.0.0.1:1"]
        {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }
}
