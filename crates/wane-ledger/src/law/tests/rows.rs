//! What stands in rows: what was written is read, and what cannot be read is never passed over.

use proptest::prelude::*;
use wane::BlockId;

use super::joins::entry;
use super::world::{NOW, World, request};
use crate::law::{self, Entry, Meta, Spent};
use crate::store::{Fault, Table};

proptest! {
    #[test]
    fn an_entry_comes_back_as_it_was(entry in entry()) {
        let mut world = World::new();
        let id = BlockId::from_bytes([7; 32]);
        world.change(|overlay| overlay.store(law::entry_key(id), &entry));
        prop_assert_eq!(world.entry(id), Some(entry));
    }

    #[test]
    fn a_row_that_was_cut_is_corrupt(entry in entry(), at in any::<prop::sample::Index>()) {
        let mut world = World::new();
        let key = law::entry_key(BlockId::from_bytes([7; 32]));
        world.change(|overlay| overlay.store(key.clone(), &entry));
        let bytes = world.map.rows.get_mut(&key).unwrap();
        bytes.truncate(at.index(bytes.len()));
        let read = world.attempt(|overlay| overlay.load::<Entry>(&key));
        prop_assert!(matches!(read, Err(Fault::Corrupt(_))), "{read:?}");
    }
}

#[test]
fn rows_are_read_strictly_and_their_content_is_in_no_message() {
    let key = law::entry_key(BlockId::from_bytes([7; 32]));
    let cases = [
        r#"{"mark":{"level":"secret"}}"#,
        r#"{"mark":{"level":"public","labels":["b","a"]}}"#,
        r#"{"mark":{"level":"public","labels":["a","a"]}}"#,
        r#"{"mark":{"level":"public","labels":["A"]}}"#,
        r#"{"exp":-1}"#,
        r#"{"exp":1.5}"#,
        r#"{"exp":1,"exp":2}"#,
        r#"{"secret-unknown":1}"#,
        r#"{"opened":{"root":"wane1.key.AAAA","iat":1,"at":1}}"#,
        r#"{"revoked":{"at":1}}"#,
        r#"{} {}"#,
        "null",
        "",
    ];
    for case in cases {
        let mut world = World::new();
        world.map.rows.insert(key.clone(), case.as_bytes().to_vec());
        let Err(Fault::Corrupt(why)) = world.attempt(|overlay| overlay.load::<Entry>(&key)) else {
            panic!("{case} was read")
        };
        assert!(why.starts_with("the row entry/0707070707070707 cannot be read at byte "), "{why}");
        assert!(!why.contains("secret"), "{why}");
    }
}

#[test]
fn rows_are_short() {
    let mut world = World::new();
    let key = law::entry_key(BlockId::from_bytes([7; 32]));
    world.change(|overlay| overlay.store(key.clone(), &Entry::default()));
    assert_eq!(world.map.rows[&key], b"{}");
    world.change(|overlay| overlay.store(key.clone(), &Spent { spent: 3, exp: 9 }));
    assert_eq!(world.map.rows[&key], br#"{"spent":3,"exp":9}"#);
}

#[test]
fn a_corrupt_row_of_the_chain_stops_the_decision() {
    let world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 600).budget("calls".parse().unwrap(), 5));
    let verified = world.seal(&token);
    let approvals = [BlockId::from_bytes([9; 32])];
    let account = law::Account::of(verified.clone().into()).unwrap();
    for key in account.rows().iter().chain([&law::used_key(approvals[0])]) {
        let mut broken = World { map: world.map.clone(), root: world.root.clone(), roots: world.roots.clone() };
        broken.map.rows.insert(key.clone(), b"[".to_vec());
        let read = broken
            .attempt(|overlay| law::state_for(&verified, &approvals, overlay, wane::Volatility::Durable).map(|_| ()));
        assert!(matches!(read, Err(Fault::Corrupt(_))), "{key:?}: {read:?}");
    }
}

#[test]
fn one_batch_reads_everything_an_admission_needs() {
    let mut world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 600).budget("calls".parse().unwrap(), 5).subject("planner"));
    let verified = world.seal(&token);
    let request = request("read:a", wane::Level::Internal).cost("calls".parse().unwrap(), 1);
    world.map.gets = 0;
    world.admit(&verified, &request, NOW);
    assert_eq!(world.map.gets, 1);
    world.admit(&verified, &request, NOW);
    assert_eq!(world.map.gets, 2);
}

#[test]
fn other_schemas_are_refused() {
    let key = (Table::Meta, b"ledger".to_vec());
    let mut world = World::new();
    world.map.rows.insert(key.clone(), br#"{"schema":2,"something":"new"}"#.to_vec());
    let read = world.attempt(|overlay| law::load_meta(overlay).map(|_| ()));
    assert_eq!(read, Err(Fault::Schema("2".into(), "1".into())));
    world.map.rows.remove(&key);
    let read = world.attempt(|overlay| law::load_meta(overlay).map(|_| ()));
    assert_eq!(read, Err(Fault::Schema("none".into(), "1".into())));
}

#[test]
fn a_ledger_is_made_once() {
    let mut world = World::new();
    let again: Meta = world.look(law::load_meta);
    let refused = world.attempt(|overlay| law::create(&again, NOW, overlay)).unwrap_err();
    assert_eq!(refused.refusal().code(), wane::Code::UseLedgerExists);
}
