//! A socket in the file system that nobody else can open at any moment.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use super::{Listen, ListenError};

/// Names of folders that are tried. One is left behind where a process was killed within a moment of its start.
const NAMES: u32 = 1_024;

#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The file of a socket: it goes with the listener.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    which: (u64, u64),
}

impl Drop for File {
    fn drop(&mut self) {
        // Another one may have taken its place.
        if which(&self.path).is_ok_and(|found| found == self.which) {
            // One that stays is stale, and the next start replaces it.
            let _: io::Result<()> = fs::remove_file(&self.path);
        }
    }
}

/// Which file it is, whatever its name.
fn which(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

/// Sees to it that nothing lies there that anybody needs. What is returned keeps others from doing the same meanwhile.
// spec: H13
fn make_way(path: &Path) -> Result<Option<fs::File>, ListenError> {
    if !is_in_the_way(path)? {
        return Ok(None);
    }
    let failed = |error| ListenError::Io(Listen::Socket(path.to_owned()), error);
    let folder = fs::File::open(folder_of(path)).map_err(failed)?;
    folder.try_lock().map_err(|_| failed(io::Error::other("another process holds its folder")))?;
    // Since that was seen somebody may have begun to listen there.
    if is_in_the_way(path)? {
        fs::remove_file(path).map_err(failed)?;
    }
    Ok(Some(folder))
}

/// Whether a socket lies there on which nobody listens any more.
fn is_in_the_way(path: &Path) -> Result<bool, ListenError> {
    let failed = |error| ListenError::Io(Listen::Socket(path.to_owned()), error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(ListenError::NoSocket(path.to_owned())),
        Ok(_) => {}
    }
    match knock(path) {
        // Nobody listens, and nobody will: a name is not listened on again.
        Err(Errno::CONNREFUSED) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        // So many wait there that it would have to be waited for.
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS) => Err(ListenError::Answered(path.to_owned())),
        Err(error) => Err(failed(error.into())),
    }
}

/// Connects without waiting for it.
fn knock(path: &Path) -> rustix::io::Result<()> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)
}

/// A socket that is never there without its mode: it is made in a folder of its own, and gets its name from there, where nothing has
/// that name.
// spec: G32 H13
pub(super) fn private_socket(path: &Path) -> Result<(UnixListener, File), ListenError> {
    let held = make_way(path)?;
    let made = (|| {
        let folder = own_folder(path)?;
        let within = folder.join("s");
        let bound = UnixListener::bind(&within).and_then(|socket| {
            fs::set_permissions(&within, fs::Permissions::from_mode(0o600))?;
            socket.set_nonblocking(true)?;
            // Once it has its name, another one may lie there.
            let file = File { path: path.to_owned(), which: which(&within)? };
            fs::hard_link(&within, path)?;
            Ok((socket, file))
        });
        // It has its name by now, or nothing of it stays.
        let _: io::Result<()> = fs::remove_dir_all(&folder);
        bound
    })();
    drop(held);
    made.map_err(|error| ListenError::Io(Listen::Socket(path.to_owned()), error))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new folder beside it that only its user can enter. In containers all processes have the same number, so that it alone is no
/// name of this one's.
fn own_folder(path: &Path) -> io::Result<PathBuf> {
    let parent = folder_of(path);
    let mut taken = Err(io::ErrorKind::AlreadyExists.into());
    for number in 0..NAMES {
        let folder = parent.join(format!(".w{}-{number}", std::process::id()));
        taken = fs::DirBuilder::new().mode(0o700).create(&folder).map(|()| folder);
        if !taken.as_ref().is_err_and(|error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists) {
            break;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::sync::Barrier;

    use super::super::{Listener, Reach};
    use super::*;

    #[test]
    fn a_socket_is_private_and_gives_way_only_where_nobody_answers() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let path = folder.join("s");
        let listen = Listen::Socket(path.clone());
        let first = listen.bind(Reach::ThisMachine).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(matches!(listen.bind(Reach::ThisMachine), Err(ListenError::Answered(_))));
        drop(first);
        assert!(!path.exists());
        // One that was left behind.
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let second = listen.bind(Reach::ThisMachine).unwrap();
        // One that took its place is not removed with it.
        fs::remove_file(&path).unwrap();
        fs::write(&path, "other").unwrap();
        drop(second);
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert!(matches!(listen.bind(Reach::ThisMachine), Err(ListenError::NoSocket(_))));
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }

    #[test]
    fn of_two_that_start_at_once_one_listens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        for round in 0..50 {
            drop(UnixListener::bind(&path).unwrap());
            let (barrier, listen) = (Barrier::new(2), Listen::Socket(path.clone()));
            let start = || {
                barrier.wait();
                listen.bind(Reach::ThisMachine)
            };
            let both: [Result<Listener, ListenError>; 2] = std::thread::scope(|scope| {
                let (one, two) = (scope.spawn(start), scope.spawn(start));
                [one.join().unwrap(), two.join().unwrap()]
            });
            let listening: Vec<&Listener> = both.iter().flatten().collect();
            assert_eq!(listening.len(), 1, "round {round}: {both:?}");
            assert!(UnixStream::connect(&path).is_ok(), "round {round}");
            drop(both);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "round {round}");
        }
    }

    #[test]
    fn one_before_which_many_wait_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let full = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&full, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&full, 0).unwrap();
        let _waits = UnixStream::connect(&path).unwrap();
        let refused = Listen::Socket(path.clone()).bind(Reach::ThisMachine);
        assert!(matches!(refused, Err(ListenError::Answered(_))), "{refused:?}");
        assert!(path.exists());
    }

    #[test]
    fn what_a_killed_process_of_the_same_number_left_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(format!(".w{}-0", std::process::id()));
        fs::create_dir(&left).unwrap();
        let path = folder.path().join("s");
        let listening = Listen::Socket(path.clone()).bind(Reach::ThisMachine).unwrap();
        assert!(UnixStream::connect(&path).is_ok());
        drop(listening);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only what was left");
    }
}
