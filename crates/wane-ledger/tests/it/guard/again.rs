//! A store that runs the body of a transaction more than once (S4), while something happens in between.

use wane::{Code, Level, Seal};
use wane_ledger::{Fault, Lock, MemoryStore, Revocation, Room, Rows, Store};

use super::scene::{NOW, Scene, admit, code};

type Body<'a> = &'a mut dyn FnMut(&mut dyn Rows) -> Result<(), Fault>;

struct Again {
    inner: MemoryStore,
    /// What happens between the two runs of a transaction that takes a lock, once.
    between: Option<Box<dyn FnMut() + Send>>,
    /// Whether the last run is committed.
    commits: bool,
}

impl Store for Again {
    fn is_durable(&self) -> bool {
        false
    }

    fn transact(&mut self, locks: &[Lock], body: Body<'_>) -> Result<(), Fault> {
        let Some(mut between) = self.between.take_if(|_| !locks.is_empty()) else {
            return self.inner.transact(locks, body);
        };
        let gone = || Fault::Unreachable("dropped in the test".into());
        let dropped = self.inner.transact(locks, &mut |rows| {
            body(rows)?;
            Err(gone())
        });
        assert_eq!(dropped, Err(gone()));
        between();
        let commits = self.commits;
        self.inner.transact(locks, &mut |rows| {
            body(rows)?;
            if commits { Ok(()) } else { Err(gone()) }
        })
    }

    fn view(&mut self, body: Body<'_>) -> Result<(), Fault> {
        self.inner.view(body)
    }

    fn room(&mut self) -> Result<Room, Fault> {
        Ok(Room::Ample)
    }
}

#[test]
fn only_what_the_last_run_commits_is_permitted() {
    for (revokes, commits, why) in [(true, true, Code::StateRevoked), (false, false, Code::StateUnreachable)] {
        let scene = Scene::new();
        let token = scene.mint(&scene.grant());
        let id = token.chain().blocks()[0].id();
        let sealed = token.seal(&Seal::new()).unwrap();
        let mut ledger = scene.ledger_again();
        let between: Box<dyn FnMut() + Send> = Box::new(move || {
            if revokes {
                ledger.revoke(&Revocation::Block(id), "", NOW).unwrap();
            }
        });
        let store = Again { inner: scene.store.clone(), between: Some(between), commits };
        let guard = scene.guard_over(vec![Box::new(store)]);
        let before = scene.kinds().len();
        assert_eq!(code(admit(&guard, &sealed, "read:hr", Level::Restricted)), why);
        assert_eq!(scene.kinds().len(), before + usize::from(revokes), "nothing else is recorded");
        let entry = scene.ledger_again().session(id).unwrap();
        assert!(entry.is_none_or(|entry| entry.mark == wane::Mark::default()), "nothing is raised");
    }
}
