//! Whether the service is fit to be asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wane::Code;

use crate::watched::Watched;

/// A look at the ledger or a file that was the last for so long says nothing any more.
const STALE: Duration = Duration::from_secs(10);

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    ledger: Option<(Instant, Option<Code>)>,
    files: Vec<File>,
    phase: Phase,
}

#[derive(Debug)]
struct File {
    what: &'static str,
    name: String,
    /// What is wrong with one that cannot be looked at.
    unusable: Code,
    looked: Instant,
    wrong: Option<Code>,
}

impl File {
    fn wrong(&self) -> Option<Code> {
        // Who looks may be stuck in looking.
        self.wrong.or_else(|| (self.looked.elapsed() >= STALE).then_some(self.unusable))
    }
}

/// What the service is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Serving,
    Ending,
}

/// Whether it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    Ready,
    NotReady,
}

impl Health {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ledger was looked at.
    pub(super) fn ledger(&self, wrong: Option<Code>) {
        self.known().ledger = Some((Instant::now(), wrong));
    }

    /// A file was looked at just now; what is wrong with it.
    pub(super) fn file(&self, file: &Watched) {
        let (looked, wrong) = (Instant::now(), file.wrong());
        let mut known = self.known();
        match known.files.iter_mut().find(|known| known.what == file.what()) {
            Some(known) => (known.looked, known.wrong) = (looked, wrong),
            None => {
                let (what, name, unusable) = (file.what(), file.name().to_owned(), file.unusable());
                known.files.push(File { what, name, unusable, looked, wrong });
            }
        }
    }

    /// The service ends: whoever spreads load goes elsewhere.
    pub(super) fn ends(&self) {
        self.known().phase = Phase::Ending;
    }

    /// Whether it is ready, and what is wrong: by code and by the name of a file.
    // spec: H18
    pub(super) fn readiness(&self) -> (Readiness, Value) {
        let known = self.known();
        let mut wrong = Vec::new();
        let mut add = |what: &str, file: Option<&str>, code: &str| {
            let mut problem = json!({ "what": what, "code": code });
            if let (Some(file), Some(members)) = (file, problem.as_object_mut()) {
                members.insert("file".into(), file.into());
            }
            wrong.push(problem);
        };
        match &known.ledger {
            Some((at, None)) if at.elapsed() < STALE => {}
            Some((_, Some(code))) => add("ledger", None, code.as_str()),
            // Not looked at yet, or stuck in looking.
            Some((_, None)) | None => add("ledger", None, Code::StateUnreachable.as_str()),
        }
        for file in &known.files {
            if let Some(code) = file.wrong() {
                add(file.what, Some(&file.name), code.as_str());
            }
        }
        if known.phase == Phase::Ending {
            add("service", None, "ending");
        }
        let ready = if wrong.is_empty() { Readiness::Ready } else { Readiness::NotReady };
        (ready, json!({ "ready": ready == Readiness::Ready, "problems": wrong }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nobody_has_looked_at_lately_may_hold_anything() {
        let health = Health::default();
        health.ledger(None);
        let read = || Ok(Vec::new());
        let roots = Watched::new("roots", Code::ParseRoots, "r", Box::new(read), Box::new(|_| Ok(())));
        health.file(&roots);
        assert_eq!(health.readiness().0, Readiness::Ready);
        let before = Instant::now().checked_sub(STALE).unwrap();
        health.known().files.iter_mut().for_each(|file| file.looked = before);
        let (readiness, told) = health.readiness();
        assert_eq!(readiness, Readiness::NotReady);
        assert_eq!(told["problems"], json!([{ "what": "roots", "code": "parse-roots", "file": "r" }]));
        health.file(&roots);
        assert_eq!(health.readiness().0, Readiness::Ready);
    }
}
