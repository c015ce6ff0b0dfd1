//! What an operator changes is known outside when it is done, and is not undone unseen by putting a copy back.

use std::fs;
use std::path::Path;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{BlockId, Code, Level, Mark, Refusal};
use wane_audit::Hash;
use wane_ledger::*;

use super::scene::{NOW, Scene};
use super::swapped::copy;

const BLOCK: BlockId = BlockId::from_bytes([7; 32]);

fn over(store: &MemoryStore) -> Ledger {
    Ledger::open(Box::new(store.clone()), Box::new(UnwrapErr(SysRng))).unwrap()
}

/// A change by hand, and what it is.
type Verb = (&'static str, fn(&Scene, &mut Ledger) -> Result<(), Refusal>);

const VERBS: [Verb; 5] = [
    ("register", |scene, ledger| {
        let token = scene.mint(&scene.grant().ledger(ledger.id()));
        ledger.register(token.chain(), None, NOW).map(drop)
    }),
    ("raise", |_, ledger| ledger.raise(BLOCK, &Mark::at(Level::Restricted), "", NOW)),
    ("revoke", |_, ledger| ledger.revoke(&Revocation::Block(BLOCK), "", NOW)),
    ("collect", |_, ledger| ledger.collect(NOW).map(drop)),
    ("accept", |_, ledger| {
        ledger.accept_restore(Restored { known_epoch: 1, known_size: 0, size: 0, root: Hash::EMPTY }, NOW).map(drop)
    }),
];

fn code<T>(answer: Result<T, Refusal>) -> Code {
    answer.map(drop).unwrap_err().code()
}

#[test]
fn a_copy_from_before_a_change_by_hand_is_older() {
    for (what, verb) in VERBS {
        let (scene, folder) = (Scene::new(), tempfile::tempdir().unwrap());
        let head = folder.path().join("head");
        let before = copy(&scene.store);
        let mut ledger = over(&scene.store);
        ledger.keep_head(&head);
        verb(&scene, &mut ledger).unwrap();
        ledger.compare(&head).unwrap();
        assert!(!ledger.log_head().unwrap().waiting, "{what}");
        assert_eq!(code(over(&before).compare(&head)), Code::StateRolledBack, "{what}");
        // Nobody changes it either, not even where it was put back after it was compared.
        let mut ledger = over(&before);
        ledger.keep_head(&head);
        let refused = ledger.revoke(&Revocation::Block(BLOCK), "", NOW);
        assert_eq!(code(refused), Code::StateRolledBack, "{what}");
        assert!(!ledger.log_head().unwrap().waiting, "{what}: nothing was committed");
        // It is accepted by hand only, and from then on known.
        if what != "accept" {
            let restored = ledger.restored(&head).unwrap();
            ledger.accept_restore(restored, NOW).unwrap();
            ledger.compare(&head).unwrap();
            assert_eq!(code(over(&scene.store).compare(&head)), Code::StateRolledBack, "{what}");
        }
    }
}

#[test]
fn what_cannot_be_noted_outside_is_said_and_stands() {
    let (scene, folder) = (Scene::new(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("file"), "").unwrap();
    let mut ledger = over(&scene.store);
    ledger.keep_head(folder.path().join("file/head"));
    let refused = ledger.revoke(&Revocation::Block(BLOCK), "", NOW).unwrap_err();
    assert_eq!(refused.code(), Code::StateUnreachable);
    assert_eq!(ledger.session(BLOCK).unwrap(), None, "where nothing can be compared, nothing is changed");

    // The folder of the head is there and full of somebody else: the head is read and cannot be replaced.
    let head = folder.path().join("head");
    ledger.keep_head(&head);
    ledger.revoke(&Revocation::Block(BLOCK), "", NOW).unwrap();
    in_the_way(&head);
    let refused = ledger.raise(BLOCK, &Mark::at(Level::Internal), "", NOW).unwrap_err();
    assert_eq!(refused.code(), Code::StateUnreachable);
    assert!(refused.found().contains("`head`") && refused.found().contains("the change is committed"), "{refused}");
    assert_eq!(ledger.session(BLOCK).unwrap().unwrap().mark.level(), Level::Internal);
}

/// A folder of the name under which the next head would be written.
fn in_the_way(head: &Path) {
    fs::create_dir(format!("{}.{}.new", head.display(), std::process::id())).unwrap();
}

#[test]
fn a_head_that_says_nothing_is_replaced_by_accepting_only() {
    for text in ["", "garbage", "{}", &"x".repeat(100_000)] {
        let (scene, folder) = (Scene::new(), tempfile::tempdir().unwrap());
        let head = folder.path().join("head");
        fs::write(&head, text).unwrap();
        let mut ledger = over(&scene.store);
        ledger.keep_head(&head);
        let refused = ledger.revoke(&Revocation::Block(BLOCK), "", NOW).unwrap_err();
        assert_eq!((refused.code(), refused.field()), (Code::StateCorrupt, "head"), "it is about the file");
        assert_eq!(fs::read_to_string(&head).unwrap(), text);
        let found = ledger.log_head().unwrap();
        let found = Restored { known_epoch: 1, known_size: found.size, size: found.size, root: found.root };
        ledger.accept_restore(found, NOW).unwrap();
        ledger.compare(&head).unwrap();
        assert!(fs::read_to_string(&head).unwrap().contains("\"epoch\":2"));
    }
}

#[test]
fn a_head_that_could_not_be_written_leaves_nothing_beside_it() {
    let (scene, folder) = (Scene::new(), tempfile::tempdir().unwrap());
    let head = folder.path().join("head");
    let beside = folder.path().join(format!("head.{}.new", std::process::id()));
    // A disk that is full.
    std::os::unix::fs::symlink("/dev/full", &beside).unwrap();
    let mut ledger = over(&scene.store);
    ledger.keep_head(&head);
    let refused = ledger.revoke(&Revocation::Block(BLOCK), "", NOW).unwrap_err();
    assert_eq!(refused.code(), Code::StateUnreachable);
    let names: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["head.lock"], "what others wait for stays");
}
