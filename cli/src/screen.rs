//! Whose turn it is on the screen: while somebody is asked there, nothing else is said.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Nobodys,
    Talks,
    Asks,
}

// It is that of the process, like standard error.
static WHOSE: Mutex<Whose> = Mutex::new(Whose::Nobodys);
static CHANGED: Condvar = Condvar::new();

/// How often it is looked whether anybody still waits.
const LOOK: Duration = Duration::from_millis(200);

/// The turn of whoever says something, or asks.
pub(crate) struct Turn(());

/// The turn of a line, which waits for the answer of a question.
// spec: G63
pub(crate) fn to_talk() -> Turn {
    let free = CHANGED.wait_while(whose(), |whose| *whose != Whose::Nobodys);
    *free.unwrap_or_else(PoisonError::into_inner) = Whose::Talks;
    Turn(())
}

/// The turn of a question, for as long as somebody waits for its answer.
pub(crate) fn to_ask(still_waits: &dyn Fn() -> bool) -> Option<Turn> {
    let mut now = whose();
    while *now != Whose::Nobodys {
        if !still_waits() {
            return None;
        }
        now = CHANGED.wait_timeout(now, LOOK).unwrap_or_else(PoisonError::into_inner).0;
    }
    *now = Whose::Asks;
    Some(Turn(()))
}

/// Whether somebody is asked now.
pub(crate) fn is_asked() -> bool {
    *whose() == Whose::Asks
}

fn whose() -> MutexGuard<'static, Whose> {
    WHOSE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Turn {
    fn drop(&mut self) {
        *whose() = Whose::Nobodys;
        CHANGED.notify_all();
    }
}
