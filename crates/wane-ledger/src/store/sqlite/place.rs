//! Where the file lies, who else can write there, and whether the path still names the file that is open.
//!
//! The file is looked at by its path only. Opening and closing it a second time would drop, in POSIX, every lock that this
//! process holds on it.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use rustix::process::geteuid;

use super::trouble::of_system;
use crate::store::Fault;

/// The smallest page that SQLite knows, in bytes.
const SHORTEST: u64 = 512;

/// The size of a page in every file of ours, in bytes.
pub(super) const PAGE: u64 = 4096;

/// Everybody may write it; in such a folder, nobody may remove what is another's.
const WRITABLE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// More links than a system follows.
const MOST_LINKS: u32 = 40;

#[derive(Clone, Debug)]
pub(super) struct Place {
    /// As the caller named it, from the root.
    asked: PathBuf,
    /// The same with every link followed.
    pub(super) file: PathBuf,
    pub(super) folder: PathBuf,
    /// Whether it is there.
    pub(super) exists: bool,
}

/// Which files are open: device and inode of the file, its write-ahead log and that log's index. None of them is replaced
/// while a connection is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity([Option<(u64, u64)>; 3]);

impl Place {
    /// Finds the place, and makes the folders above it where `create` says so and they are missing.
    pub(super) fn find(path: &Path, create: bool) -> Result<Self, Fault> {
        let system = |error: &io::Error| of_system(error, path);
        let asked = std::path::absolute(path).map_err(|error| system(&error))?;
        let none = || Fault::Unreachable(format!("{}: no file is named", path.display()));
        let (folder, name) = asked.parent().zip(asked.file_name()).ok_or_else(none)?;
        if create {
            make(folder, &mut |path| File::open(path)?.sync_all()).map_err(|error| system(&error))?;
        }
        let exists = fs::symlink_metadata(&asked).is_ok();
        // spec: S80
        let file = if exists || !create {
            fs::canonicalize(&asked).map_err(|error| system(&error))?
        } else {
            fs::canonicalize(folder).map_err(|error| system(&error))?.join(name)
        };
        let folder = file.parent().ok_or_else(none)?.to_owned();
        let place = Self { asked, file, folder, exists };
        place.is_private()?;
        Ok(place)
    }

    /// A file beside it, whose name starts as its own does.
    pub(super) fn beside(&self, end: &str) -> PathBuf {
        let mut name = OsString::from(&self.file);
        name.push(end);
        name.into()
    }

    /// Nobody but this user and root may be able to write the file, or to put another one in its place.
    fn is_private(&self) -> Result<(), Fault> {
        let folder = stat(&self.folder)?;
        // spec: S76
        if is_foreign(&folder) {
            return refused(&self.folder, "the folder belongs to another user");
        }
        // spec: S76
        if folder.mode() & WRITABLE != 0 {
            return refused(&self.folder, "others can write the folder; name one of your own");
        }
        self.way_is_private()?;
        not_remote(&self.folder)
    }

    /// The same for each folder that the path as it was asked for leads through: whoever can put a link there says which file is
    /// opened.
    fn way_is_private(&self) -> Result<(), Fault> {
        let why = "others can write a folder above";
        // spec: S76
        if let Some(folder) = self.asked.parent()
            && stat(folder)?.mode() & WRITABLE != 0
        {
            return refused(folder, why);
        }
        let mut left: Vec<PathBuf> = vec![self.asked.clone()];
        let mut at = PathBuf::from("/");
        let mut links = 0;
        while let Some(path) = left.pop() {
            let mut parts = path.components();
            let Some(part) = parts.next() else { continue };
            left.push(parts.as_path().to_owned());
            match part {
                Component::Prefix(_) | Component::RootDir => at = PathBuf::from("/"),
                Component::CurDir => {}
                Component::ParentDir => {
                    at.pop();
                }
                Component::Normal(name) => {
                    let mode = stat(&at)?.mode();
                    // spec: S76
                    if mode & WRITABLE != 0 && mode & STICKY == 0 {
                        return refused(&at, why);
                    }
                    let next = at.join(name);
                    match fs::symlink_metadata(&next) {
                        Ok(found) if found.is_symlink() => {
                            // Among files that everybody may add, a link is as good as whoever made it.
                            // spec: S76
                            if mode & WRITABLE != 0 && is_foreign(&found) {
                                return refused(&next, "the link belongs to another user");
                            }
                            links += 1;
                            if links > MOST_LINKS {
                                return refused(&self.asked, "too many links");
                            }
                            left.push(fs::read_link(&next).map_err(|error| of_system(&error, &next))?);
                        }
                        Ok(_) => at = next,
                        // The file is about to be made.
                        Err(error) if error.kind() == io::ErrorKind::NotFound && !self.exists => at = next,
                        Err(error) => return Err(of_system(&error, &next)),
                    }
                }
            }
        }
        Ok(())
    }

    /// What lies there must be a file of this user's that others cannot write; so must be what lies beside it.
    pub(super) fn check_files(&self) -> Result<(), Fault> {
        for end in ["", "-wal", "-shm", "-journal"] {
            let path = self.beside(end);
            let file = match fs::symlink_metadata(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound && !end.is_empty() => continue,
                Err(error) => return Err(of_system(&error, &path)),
            };
            if !file.is_file() {
                return refused(&path, "no plain file");
            }
            // spec: S76
            if is_foreign(&file) {
                return refused(&path, "the file belongs to another user");
            }
            if file.mode() & 0o022 != 0 {
                return refused(&path, "others can write the file; `chmod go-w` it");
            }
            // spec: S76
            if file.nlink() != 1 {
                return refused(&path, "the file has a second name, and SQLite would keep two logs of it");
            }
            // spec: S76
            if is_mounted(&path, &self.folder) {
                return refused(
                    &path,
                    "the file is a mount of its own, and its log would lie elsewhere; mount its folder",
                );
            }
            // SQLite takes what is shorter than its header for a new file.
            if end.is_empty() && file.len() < SHORTEST {
                return Err(Fault::Corrupt(format!("{}: the file is empty or cut short", path.display())));
            }
        }
        Ok(())
    }

    /// Whether the file ends within a page and no log holds the rest: SQLite would take zeros for it.
    pub(super) fn is_cut_short(&self) -> bool {
        let partial = || fs::metadata(&self.file).is_ok_and(|file| file.len() % PAGE != 0);
        // Another process may have written the rest and removed the log in between.
        partial() && fs::symlink_metadata(self.beside("-wal")).is_err() && partial()
    }

    /// A log or a journal without its file would be played into the new one.
    pub(super) fn check_unused(&self) -> Result<(), Fault> {
        for end in ["-wal", "-shm", "-journal"] {
            let path = self.beside(end);
            if fs::symlink_metadata(&path).is_ok() {
                return Err(Fault::Corrupt(format!("{}: it lies there without its file", path.display())));
            }
        }
        Ok(())
    }

    /// What the path names now.
    pub(super) fn identity(&self) -> Result<Identity, Fault> {
        let of = |file: &Metadata| Some((file.dev(), file.ino()));
        let file = fs::metadata(&self.asked).map_err(|error| of_system(&error, &self.asked))?;
        let beside = |end| {
            let path = self.beside(end);
            match fs::symlink_metadata(&path) {
                Ok(file) => Ok(of(&file)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(of_system(&error, &path)),
            }
        };
        Ok(Identity([of(&file), beside("-wal")?, beside("-shm")?]))
    }

    /// Refuses to go on where the path names other files than those that are open: what is written to a file without a name is
    /// lost, and another file in its place is most likely an older copy.
    pub(super) fn still_names(&self, open: Identity) -> Result<(), Fault> {
        let now = self.identity()?;
        // spec: S78
        if now == open {
            return Ok(());
        }
        let [file, wal, shm] = [0, 1, 2].map(|at| now.0.get(at) == open.0.get(at));
        if !file {
            return Err(Fault::RolledBack("another file in its place".into(), "the file that was opened".into()));
        }
        let which = if wal && !shm { "-shm" } else { "-wal" };
        Err(Fault::Corrupt(format!("{}: removed or replaced while open", self.beside(which).display())))
    }
}

impl Identity {
    /// Whether both are of the same file, whatever lies beside it.
    pub(super) fn is_same_file(self, other: Self) -> bool {
        self.0.first() == other.0.first()
    }

    /// Whether all three files are there.
    pub(super) fn is_whole(self) -> bool {
        self.0.iter().all(Option::is_some)
    }
}

/// Makes a folder and those above it where they are missing, so that they outlive a power cut as what is committed in them does.
fn make(folder: &Path, sync: &mut dyn FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    let Some(above) = folder.parent().filter(|_| !folder.is_dir()) else { return Ok(()) };
    make(above, sync)?;
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !folder.is_dir() => Err(error),
        // Whoever else has just made it may not have synced it yet.
        // spec: S2
        _ => sync(above),
    }
}

fn stat(path: &Path) -> Result<Metadata, Fault> {
    fs::metadata(path).map_err(|error| of_system(&error, path))
}

/// Whether it belongs to somebody else than this user and root.
fn is_foreign(metadata: &Metadata) -> bool {
    metadata.uid() != geteuid().as_raw() && metadata.uid() != 0
}

fn refused<T>(path: &Path, why: &str) -> Result<T, Fault> {
    Err(Fault::Unreachable(format!("{}: {why}", path.display())))
}

/// Whether the file is mounted by itself: whoever sees it in its own folder keeps another log of it there. A kernel before 5.8
/// does not say.
fn is_mounted(file: &Path, folder: &Path) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
        let of = |path| statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).map(|found| found.stx_mnt_id);
        matches!((of(file), of(folder)), (Ok(one), Ok(other)) if one != other)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let _ = (file, folder);
        false
    }
}

/// The index of the write-ahead log is shared memory, which hosts do not share, and many network file systems lie about locks.
fn not_remote(folder: &Path) -> Result<(), Fault> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let system = rustix::fs::statfs(folder).map_err(|error| of_system(&error.into(), folder))?;
        // spec: S77
        if let Some(name) = u64::try_from(system.f_type).ok().and_then(remote) {
            let why = format!("the folder is on {name}, over a network; use a disk of this host, or PostgreSQL");
            return refused(folder, &why);
        }
    }
    Ok(())
}

/// The name of a file system that is reached over a network, by the number that Linux gives it.
#[cfg_attr(not(any(target_os = "linux", target_os = "android")), allow(dead_code, reason = "numbers of Linux"))]
const fn remote(kind: u64) -> Option<&'static str> {
    // The upper half of a negative 32-bit number says nothing.
    match kind & 0xffff_ffff {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x0102_1997 => Some("9p"),
        0x5346_414f => Some("AFS"),
        0x00c3_6400 => Some("Ceph"),
        0x0bd0_0bd0 => Some("Lustre"),
        0x4750_4653 => Some("GPFS"),
        0x7375_7245 => Some("Coda"),
        0x0161_1970 => Some("GFS2"),
        0x7461_636f => Some("OCFS2"),
        0x786f_4256 => Some("a folder shared with the host of this virtual machine"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_that_is_made_is_synced_where_its_name_stands() {
        let place = tempfile::TempDir::new().unwrap();
        let under = |name: &str| place.path().join(name);
        let made = |folder: &Path| {
            let mut synced = Vec::new();
            let mut sync = |path: &Path| {
                synced.push(path.to_owned());
                Ok(())
            };
            make(folder, &mut sync).unwrap();
            assert!(folder.is_dir());
            synced
        };
        assert_eq!(made(&under("a/b/c")), [place.path(), &under("a"), &under("a/b")]);
        assert_eq!(made(&under("a/b/d")), [under("a/b")]);
        assert!(made(&under("a/b/d")).is_empty());
        assert_eq!(fs::metadata(under("a/b")).unwrap().mode() & 0o7777, 0o700);
        // What cannot be synced, or is no folder, is not made.
        let full = |_: &Path| Err(io::ErrorKind::StorageFull.into());
        assert_eq!(make(&under("e/f"), &mut { full }).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(!under("e/f").exists());
        fs::write(under("file"), "").unwrap();
        assert!(make(&under("file"), &mut |_| Ok(())).is_err());
        assert!(make(&under("file/g"), &mut |_| Ok(())).is_err());
    }

    #[test]
    fn remote_file_systems_are_known_by_their_numbers() {
        assert_eq!(remote(0x6969), Some("NFS"));
        assert_eq!(remote(0xffff_ffff_ff53_4d42), Some("SMB"));
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(remote(local), None, "{local:#x}");
        }
    }
}
