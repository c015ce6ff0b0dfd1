//! The file to which a gateway writes what opens it and where it listens, and which it holds while it runs.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use wane_gateway::wiring::HttpGateway;
use zeroize::Zeroizing;

use crate::failure::{self, Failure, Trouble};
use crate::output::shell;
use crate::watching::open_at_once;
use crate::write;

/// The largest such file.
const MOST: u64 = 256;

/// The file of a gateway that runs. It goes with the gateway.
#[derive(Debug)]
pub(super) struct BearerFile {
    path: PathBuf,
    held: File,
}

impl BearerFile {
    /// Writes a new one, in the place of one that a gateway left behind. It is locked before anything stands in it, so that nobody takes it
    /// for one that was left behind.
    pub(super) fn create(path: &Path, gateway: &HttpGateway) -> Result<Self, Failure> {
        // Two that start at once look and write one after the other.
        let _alone = write::lock(&write::folder(path)?)?;
        if is_left_behind(path) {
            std::fs::remove_file(path).map_err(|error| Failure::file("remove", failure::name(path), &error))?;
        }
        let text = Zeroizing::new(gateway.expose_text());
        Ok(Self { path: path.to_owned(), held: write::create_held(path, text.as_bytes())? })
    }
}

impl Drop for BearerFile {
    fn drop(&mut self) {
        // Another may have taken its place.
        let same = std::fs::symlink_metadata(&self.path)
            .and_then(|there| Ok((there.dev(), there.ino()) == which(&self.held)?))
            .unwrap_or(false);
        if same {
            // It opens nothing any more.
            let _: io::Result<()> = std::fs::remove_file(&self.path);
        }
    }
}

fn which(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|about| (about.dev(), about.ino()))
}

fn text(file: &File) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(512));
    file.take(MOST.saturating_add(1)).read_to_string(&mut text)?;
    Ok(text)
}

/// Whether a gateway runs that holds it.
fn is_held(file: &File) -> io::Result<bool> {
    // Others who look do not stand in the way of this one.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a file is that of a gateway that has ended without removing it.
fn is_left_behind(path: &Path) -> bool {
    if !std::fs::symlink_metadata(path).is_ok_and(|there| there.is_file()) {
        return false;
    }
    open_at_once(path).is_ok_and(|file| {
        text(&file).is_ok_and(|text| HttpGateway::read(&text).is_some()) && is_held(&file).is_ok_and(|held| !held)
    })
}

/// The gateway that runs and has written this file. All is asked of one descriptor, so that it is one file of which it is known.
pub(super) fn read(path: &Path) -> Result<HttpGateway, Failure> {
    let name = failure::name(path);
    let failed = |error: io::Error| Failure::file("read", &name, &error);
    let file = open_at_once(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(Failure::new(Trouble::File, format!("{name} is no file")));
    }
    if about.uid() != rustix::process::geteuid().as_raw() {
        let message = format!("{name} belongs to another user, who could say which gateway is opened");
        return Err(
            Failure::new(Trouble::KeyOpen, message).hint("name the file that a gateway of this user has written")
        );
    }
    if about.mode() & 0o077 != 0 {
        let message = format!("others can read or write {name} (mode {:04o})", about.mode() & 0o7777);
        let hint = format!("`chmod 600 {}`", shell(&path.display().to_string()));
        return Err(Failure::new(Trouble::KeyOpen, message).hint(hint));
    }
    let text = text(&file).map_err(failed)?;
    let gateway = HttpGateway::read(&text).ok_or_else(|| {
        Failure::usage(format!("{name} is no file that a gateway has written"))
            .hint("`wane mcp serve --seal --listen 127.0.0.1:7000 --bearer-file FILE` writes it")
    })?;
    match is_held(&file).map_err(|error| Failure::file("look at", &name, &error))? {
        true => Ok(gateway),
        false => Err(Failure::new(Trouble::File, format!("no gateway that runs has written {name}")).hint(
            "start `wane mcp serve --seal … --bearer-file FILE`, and then this: the bearer is another at each start",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(letter: &str) -> HttpGateway {
        HttpGateway::new("http://127.0.0.1:7000", &letter.repeat(43)).unwrap()
    }

    #[test]
    fn it_is_held_while_it_is_there_and_goes_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bearer");
        let first = BearerFile::create(&path, &gateway("a")).unwrap();
        assert_eq!(read(&path).unwrap(), gateway("a"));
        let looks = open_at_once(&path).unwrap();
        assert!(is_held(&looks).unwrap() && !is_left_behind(&path));
        assert_eq!(BearerFile::create(&path, &gateway("b")).unwrap_err().code(), "use-file-exists");
        // One that took its name is another gateway's.
        std::fs::remove_file(&path).unwrap();
        let second = BearerFile::create(&path, &gateway("b")).unwrap();
        drop(first);
        assert_eq!(read(&path).unwrap(), gateway("b"));
        drop(second);
        assert!(!path.exists());
    }

    #[test]
    fn only_what_a_gateway_left_behind_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bearer");
        // What others write looks like a bearer as well.
        for text in ["x".repeat(43), format!("{}\n", "x".repeat(43)), format!("{}\nhttps://h\n", "x".repeat(43))] {
            std::fs::write(&path, &text).unwrap();
            assert_eq!(BearerFile::create(&path, &gateway("a")).unwrap_err().code(), "use-file-exists");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        std::fs::write(&path, gateway("b").expose_text()).unwrap();
        let left = open_at_once(&path).unwrap();
        // Somebody who looks at it meanwhile is no gateway.
        left.lock_shared().unwrap();
        assert!(is_left_behind(&path));
        let running = BearerFile::create(&path, &gateway("a")).unwrap();
        assert_eq!(read(&path).unwrap(), gateway("a"));
        drop(running);
    }
}
