//! Files whose content comes into force while a gateway or the service runs.

use std::fmt;
use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use wane::{Code, Refusal};

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);

type Reading = Box<dyn FnMut() -> io::Result<Vec<u8>> + Send>;
type Applying = Box<dyn FnMut(&[u8]) -> Result<(), Unfit> + Send>;

/// Why what was found in a file is not in force.
///
/// ```
/// use wane::{Code, Refusal};
/// use wane_gateway::service::Unfit;
/// let unfit = Unfit::from(Refusal::new(Code::ParseRoots, "roots", "there are none", ""));
/// assert!(matches!(unfit, Unfit::Unusable(_)));
/// ```
#[derive(Debug)]
pub enum Unfit {
    /// It could not be read again, or says something else by now. Each look tries it again.
    Unread(Refusal),
    /// It cannot be used, and is not tried again before it is another.
    Unusable(Refusal),
}

impl From<Refusal> for Unfit {
    fn from(refusal: Refusal) -> Self {
        Self::Unusable(refusal)
    }
}

/// A file that is looked at once a second. What it holds comes into force once two looks have found the same, so that a file that
/// is being written does not; what cannot be used leaves in force what was.
///
/// ```
/// use wane::{Code, Refusal};
/// use wane_gateway::service::Watched;
/// let roots = Watched::new(
///     "roots",
///     Code::ParseRoots,
///     "roots.toml",
///     Box::new(|| std::fs::read("/etc/wane/roots.toml")),
///     Box::new(|bytes| match bytes.is_empty() {
///         true => Err(Refusal::new(Code::ParseRoots, "roots", "there are none", "").into()),
///         false => Ok(()),
///     }),
/// );
/// # let _ = roots;
/// ```
pub struct Watched {
    what: &'static str,
    name: String,
    unusable: Code,
    read: Reading,
    apply: Applying,
    seen: Option<Vec<u8>>,
    /// What was tried last, whether it came into force or not.
    tried: Option<Vec<u8>>,
    wrong: Option<Refusal>,
    /// What coming into force is, the next time.
    next: Look,
}

/// What a look at a file came to.
///
/// ```
/// use wane::{Code, Refusal};
/// use wane_gateway::service::Look;
/// let look = Look::Unusable(Refusal::new(Code::ParseRoots, "roots", "there are none", ""));
/// assert!(!matches!(look, Look::InForce));
/// ```
#[derive(Debug)]
pub enum Look {
    /// Nothing new.
    Same,
    /// What it holds has come into force for the first time since the service began.
    Begun,
    /// Other content is in force now.
    InForce,
    /// What it holds cannot be used; what was in force still is.
    Unusable(Refusal),
}

impl Watched {
    /// A file: what it is in one word, the code of one that cannot be used, the name that may be told, how it is read, and how its
    /// content comes into force.
    #[must_use]
    pub fn new(what: &'static str, unusable: Code, name: &str, read: Reading, apply: Applying) -> Self {
        Self {
            what,
            name: name.to_owned(),
            unusable,
            read,
            apply,
            seen: None,
            tried: None,
            wrong: None,
            next: Look::Begun,
        }
    }

    /// What it is, in one word.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// The name that may be told.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with it.
    #[must_use]
    pub fn wrong(&self) -> Option<Code> {
        self.wrong.as_ref().map(Refusal::code)
    }

    /// What is wrong with one that cannot be read.
    pub(crate) const fn unusable(&self) -> Code {
        self.unusable
    }

    /// Looks at it once.
    // spec: G48 H16
    fn look(&mut self) -> Look {
        let found = match (self.read)() {
            Ok(found) => found,
            Err(error) => {
                self.seen = None;
                self.tried = None;
                let refusal =
                    Refusal::new(self.unusable, "file", format_args!("it cannot be read, {}", error.kind()), "");
                return self.is_unusable(refusal);
            }
        };
        if self.tried.as_ref() == Some(&found) {
            // What is found next must be found twice in a row, whatever was found before this.
            self.seen = Some(found);
            return Look::Same;
        }
        if self.seen.as_ref() != Some(&found) {
            if self.seen.replace(found).is_some() {
                self.next = Look::InForce;
            }
            return Look::Same;
        }
        let applied = (self.apply)(&found);
        self.tried = Some(found);
        match applied {
            Ok(()) => {
                self.wrong = None;
                std::mem::replace(&mut self.next, Look::InForce)
            }
            Err(Unfit::Unusable(refusal)) => self.is_unusable(refusal),
            Err(Unfit::Unread(refusal)) => {
                self.seen = self.tried.take();
                self.is_unusable(refusal)
            }
        }
    }

    /// It is told once that something is wrong, and again where that changes.
    fn is_unusable(&mut self, refusal: Refusal) -> Look {
        self.next = Look::InForce;
        match self.wrong.replace(refusal.clone()) {
            // The same code may have another reason.
            Some(before) if before == refusal => Look::Same,
            _ => Look::Unusable(refusal),
        }
    }
}

/// Somebody who looks at files, until this goes away.
///
/// ```
/// use wane_gateway::service::{Look, Watched, Watching};
/// fn watch(files: Vec<Watched>) -> std::io::Result<Watching> {
///     Watching::start(files, |file, look| match look {
///         Look::Unusable(refusal) => eprintln!("{} {}: {refusal}", file.what(), file.name()),
///         Look::Begun | Look::InForce => assert!(file.wrong().is_none()),
///         Look::Same => {}
///     })
/// }
/// drop(watch(Vec::new())?);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Watching {
    _ended: Sender<()>,
}

impl Watching {
    /// Looks at these once a second, and tells of each look.
    ///
    /// # Errors
    /// Where no thread can be had.
    pub fn start(mut files: Vec<Watched>, mut told: impl FnMut(&Watched, &Look) + Send + 'static) -> io::Result<Self> {
        let (ended, endings) = channel::<()>();
        // It ends once this is gone; nobody waits for it, since it may be stuck in a file.
        thread::Builder::new().name("wane-files".into()).spawn(move || {
            loop {
                for file in &mut files {
                    let look = file.look();
                    told(file, &look);
                }
                if !matches!(endings.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                    return;
                }
            }
        })?;
        Ok(Self { _ended: ended })
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("what", &self.what).field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn only_what_stays_the_same_comes_into_force() {
        let (file, applied) = (Arc::new(Mutex::new(Some("a"))), Arc::new(Mutex::new(Vec::new())));
        let (read, apply) = (Arc::clone(&file), Arc::clone(&applied));
        let mut watched = Watched::new(
            "roots",
            Code::ParseRoots,
            "r",
            Box::new(move || read.lock().unwrap().map(Into::into).ok_or_else(|| Error::from(ErrorKind::NotFound))),
            Box::new(move |bytes| match bytes {
                b"bad" | b"worse" => {
                    Err(Refusal::new(Code::ParseRoots, "roots", String::from_utf8_lossy(bytes), "").into())
                }
                b"busy" if apply.lock().unwrap().len() == 4 => {
                    apply.lock().unwrap().push("busy once".to_owned());
                    Err(Unfit::Unread(Refusal::new(Code::ParseRoots, "roots", "busy", "")))
                }
                bytes => {
                    apply.lock().unwrap().push(String::from_utf8(bytes.to_vec()).unwrap());
                    Ok(())
                }
            }),
        );
        let mut looks = |content: Option<&'static str>, expected: &str| {
            *file.lock().unwrap() = content;
            let look = format!("{:?}", watched.look());
            assert!(look.starts_with(expected), "{content:?}: {look}");
            watched.wrong()
        };
        looks(Some("a"), "Same");
        assert_eq!(looks(Some("a"), "Begun"), None);
        looks(Some("a"), "Same");
        looks(Some("half"), "Same");
        looks(Some("a"), "Same");
        looks(Some("half"), "Same");
        looks(Some("whole"), "Same");
        looks(Some("whole"), "InForce");
        looks(Some("bad"), "Same");
        assert_eq!(looks(Some("bad"), "Unusable"), Some(Code::ParseRoots));
        assert_eq!(looks(Some("bad"), "Same"), Some(Code::ParseRoots));
        // What was in force comes back under the same rule, and is fine again.
        looks(Some("whole"), "Same");
        assert_eq!(looks(Some("whole"), "InForce"), None);
        assert_eq!(looks(None, "Unusable"), Some(Code::ParseRoots));
        looks(None, "Same");
        looks(Some("whole"), "Same");
        assert_eq!(looks(Some("whole"), "InForce"), None);
        // Another reason is told, although its code is the same.
        looks(Some("bad"), "Same");
        looks(Some("bad"), "Unusable");
        looks(Some("worse"), "Same");
        looks(Some("worse"), "Unusable");
        looks(Some("worse"), "Same");
        // What could not be read for a moment is not lost.
        looks(Some("busy"), "Same");
        looks(Some("busy"), "Unusable");
        assert_eq!(looks(Some("busy"), "InForce"), None);
        let mut other = Watched::new(
            "roots",
            Code::ParseRoots,
            "r",
            Box::new(|| Err(Error::from(ErrorKind::NotFound))),
            Box::new(|_| Ok(())),
        );
        assert!(matches!((other.look(), other.look()), (Look::Unusable(_), Look::Same)));
        assert!(matches!(other.next, Look::InForce), "what comes after it is news");
        assert_eq!(*applied.lock().unwrap(), ["a", "whole", "whole", "whole", "busy once", "busy"]);
    }
}
