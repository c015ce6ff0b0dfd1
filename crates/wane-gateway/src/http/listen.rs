//! Where clients come in.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// Where a gateway listens.
///
/// ```
/// use wane_gateway::http::Listen;
/// let listen = Listen::Address("127.0.0.1:0".parse()?);
/// assert!(listen.is_local());
/// assert!(!Listen::Address("192.0.2.1:80".parse()?).is_local());
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// An address; with port 0 any that is free.
    Address(SocketAddr),
    /// A unix socket, which only its user can open.
    Socket(PathBuf),
}

impl Listen {
    /// Whether nobody reaches it from another machine.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        match self {
            Self::Address(address) => address.ip().is_loopback(),
            Self::Socket(_) => true,
        }
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
    /// A unix socket.
    Socket(PathBuf),
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => write!(f, "http://{address}"),
            Self::Socket(path) => write!(f, "unix:{}", path.display().to_string().escape_default()),
        }
    }
}

pub(super) enum Listener {
    Address(TcpListener),
    Socket(UnixListener, Socket),
}

/// The file of a socket: it goes with the listener.
pub(super) struct Socket {
    path: PathBuf,
    file: (u64, u64),
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Another gateway may have put its own there.
        if file(&self.path).is_ok_and(|file| file == self.file) {
            let _: io::Result<()> = fs::remove_file(&self.path);
        }
    }
}

impl Listener {
    pub(super) async fn bind(listen: &Listen) -> io::Result<Self> {
        match listen {
            Listen::Address(address) => TcpListener::bind(address).await.map(Self::Address),
            Listen::Socket(path) => socket(path).map(|(listener, socket)| Self::Socket(listener, socket)),
        }
    }

    pub(super) fn bound(&self) -> io::Result<Bound> {
        match self {
            Self::Address(listener) => listener.local_addr().map(Bound::Address),
            Self::Socket(_, socket) => Ok(Bound::Socket(socket.path.clone())),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Stream> {
        Ok(match self {
            Self::Address(listener) => {
                let (stream, _) = listener.accept().await?;
                // An answer is one piece, and is not to wait for another.
                stream.set_nodelay(true)?;
                Stream::Tcp(stream)
            }
            Self::Socket(listener, _) => Stream::Unix(listener.accept().await?.0),
        })
    }
}

/// A socket that is never there without its mode: it is made in a folder of our own, and moved.
// spec: G32
fn socket(path: &Path) -> io::Result<(UnixListener, Socket)> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => return Err(io::ErrorKind::AlreadyExists.into()),
        // Whoever listens there still does, unless the system says that nobody does.
        Ok(_) => match std::os::unix::net::UnixStream::connect(path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {}
            Ok(_) | Err(_) => return Err(io::ErrorKind::AddrInUse.into()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = beside.join(format!(".wane-{}", std::process::id()));
    fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let made = (|| {
        let within = folder.join(name);
        let listener = UnixListener::bind(&within)?;
        fs::set_permissions(&within, fs::Permissions::from_mode(0o600))?;
        let file = file(&within)?;
        fs::rename(&within, path)?;
        Ok((listener, Socket { path: path.to_owned(), file }))
    })();
    fs::remove_dir_all(&folder)?;
    made
}

/// Which file it is, whatever its name.
fn file(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, into),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
