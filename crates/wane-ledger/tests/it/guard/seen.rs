//! What trusted results returned, and what may be asked for because of it.

use wane::{Arguments, BlockId, Code, Decision, Level, Request, Seal, SealedToken, Token, Value};
use wane_audit::{Event, replay};
use wane_ledger::{Guard, Store, Table};

use super::front::Front;
use super::scene::{NOW, Scene, admit, asked, with};

/// A chain that reads people by ids that were returned, and what else it likes.
fn tokens(scene: &Scene) -> (Token, SealedToken) {
    let scopes = ["read:person if id seen crm.ids, mail.ids open", "read:list"];
    let grant = wane::RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 3_600);
    let grant = scopes.iter().fold(grant, |grant, scope| grant.scope(scope.parse().unwrap()));
    let token = scene.mint(&grant);
    let sealed = token.seal(&Seal::new()).unwrap();
    (token, sealed)
}

/// Lists, which opens the session; the id that it goes by.
fn list(guard: &Guard, sealed: &SealedToken) -> BlockId {
    admit(guard, sealed, "read:list", Level::Public).unwrap().effects().session
}

fn person(json: &str) -> Request {
    asked("read:person", Level::Public).arguments(Arguments::from_json(json.as_bytes()).unwrap())
}

fn answer(guard: &Guard, sealed: &SealedToken, json: &str) -> Option<Code> {
    let admitted = with(guard, sealed, &person(json), &[]);
    // Whoever only asks is told the same.
    let checked = guard.check(sealed, &person(json), &[], NOW).verdict.code();
    let code = admitted.err().map(|refusal| refusal.code());
    assert_eq!(code, checked, "{json}");
    code
}

fn returned(source: &str, values: impl IntoIterator<Item = i64>) -> Vec<(String, Value)> {
    values.into_iter().map(|value| (source.to_owned(), Value::integer(value).unwrap())).collect()
}

#[test]
fn what_a_trusted_field_returned_may_be_asked_for_in_its_session() {
    let scene = Scene::new();
    let ((_, sealed), (_, other)) = (tokens(&scene), tokens(&scene));
    let (guard, beside) = (scene.guard(), scene.guard());
    let session = list(&guard, &sealed);
    list(&guard, &other);
    assert_eq!(answer(&guard, &sealed, r#"{"id": 7}"#), Some(Code::DenyCondition));
    guard.remember(session, &returned("crm.ids", [7, 8])).unwrap();
    assert_eq!(answer(&guard, &sealed, r#"{"id": 7}"#), None);
    assert_eq!(answer(&guard, &sealed, r#"{"id": [8, 7.0, 8]}"#), None);
    // Another value, another type, a field that is not asked for, another session.
    assert_eq!(answer(&guard, &sealed, r#"{"id": 9}"#), Some(Code::DenyCondition));
    assert_eq!(answer(&guard, &sealed, r#"{"id": [7, 9]}"#), Some(Code::DenyCondition));
    assert_eq!(answer(&guard, &sealed, r#"{"id": "7"}"#), Some(Code::DenyCondition));
    assert_eq!(answer(&guard, &other, r#"{"id": 7}"#), Some(Code::DenyCondition));
    guard.remember(session, &returned("notes.ids", [10])).unwrap();
    assert_eq!(answer(&guard, &sealed, r#"{"id": 10}"#), Some(Code::DenyCondition));
    // Every guard of the ledger knows it.
    assert_eq!(answer(&beside, &sealed, r#"{"id": 7}"#), None);
    beside.remember(session, &returned("mail.ids", [9])).unwrap();
    assert_eq!(answer(&guard, &sealed, r#"{"id": [7, 9]}"#), None);
    beside.close(NOW).unwrap();
    guard.close(NOW).unwrap();
    for record in scene.records() {
        let Event::Decision(decided) = &record.event else { continue };
        let again = replay(decided, record.at, |id| scene.envelope(id), &scene.roots()).unwrap();
        assert!(again.agrees(), "{again:?}");
    }
}

#[test]
fn what_was_returned_long_ago_is_forgotten() {
    let scene = Scene::new();
    let (_, sealed) = tokens(&scene);
    let guard = scene.guard();
    let session = list(&guard, &sealed);
    guard.remember(session, &returned("crm.ids", 0..1_024)).unwrap();
    assert_eq!(answer(&guard, &sealed, r#"{"id": [0, 1, 1023]}"#), None);
    // What is returned again is new again.
    guard.remember(session, &returned("crm.ids", [0, 2_000, 0])).unwrap();
    assert_eq!(answer(&guard, &sealed, r#"{"id": [0, 2, 2000]}"#), None);
    assert_eq!(answer(&guard, &sealed, r#"{"id": 1}"#), Some(Code::DenyCondition));
    // Of more than are kept the last are.
    guard.remember(session, &returned("crm.ids", 10_000..12_000)).unwrap();
    assert_eq!(answer(&guard, &sealed, r#"{"id": [10976, 11999]}"#), None);
    assert_eq!(answer(&guard, &sealed, r#"{"id": 10975}"#), Some(Code::DenyCondition));
    let row = scene.rows(Table::Seen);
    assert!(row.len() == 1 && row[0].1.len() < 128 * 1024, "{}", row[0].1.len());
    // No value stands there: five digits alone could be part of a digest.
    let text = String::from_utf8_lossy(&row[0].1);
    let unlucky = |number: &u64| text.contains(&number.to_string());
    assert!((11_900..12_000).filter(unlucky).count() < 50, "{text}");
}

#[test]
fn of_what_conditions_ask_for_4096_values_are_looked_up() {
    let scene = Scene::new();
    let grant = wane::RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 3_600)
        .scope("read:person if id seen a, b, c, d, e".parse().unwrap())
        .scope("read:list".parse().unwrap());
    let (guard, ids) = (scene.guard(), (0..1_024).map(|id| id.to_string()).collect::<Vec<_>>().join(","));
    let all = format!(r#"{{"id": [{ids}]}}"#);
    for (source, expected) in [("a", None), ("d", None), ("e", Some(Code::DenyCondition))] {
        let sealed = scene.sealed(&grant);
        guard.remember(list(&guard, &sealed), &returned(source, 0..1_024)).unwrap();
        assert_eq!(answer(&guard, &sealed, &all), expected, "{source}");
        assert_eq!(answer(&guard, &sealed, r#"{"id": [0, 1023]}"#), None, "{source}");
    }
}

#[test]
fn what_was_returned_gives_way_to_admissions() {
    let scene = Scene::new();
    let (_, sealed) = tokens(&scene);
    let store = Front::of(&scene.store);
    let guard = scene.guard_over(vec![Box::new(store.clone())]);
    let session = list(&guard, &sealed);
    store.tighten();
    let refusal = guard.remember(session, &returned("crm.ids", [7])).unwrap_err();
    assert_eq!(refusal.code(), Code::StateFull);
    assert!(scene.rows(Table::Seen).is_empty());
    assert_eq!(list(&guard, &sealed), session);
}

#[test]
fn a_session_that_was_never_opened_remembers_nothing() {
    let scene = Scene::new();
    let guard = scene.guard();
    let refusal = guard.remember(BlockId::from_bytes([9; 32]), &returned("crm.ids", [7])).unwrap_err();
    assert_eq!(refusal.code(), Code::StateUnknownSession);
    assert!(scene.rows(Table::Seen).is_empty());
}

#[test]
fn it_is_forgotten_with_its_session_and_no_sooner() {
    let mut scene = Scene::new();
    let (_, sealed) = tokens(&scene);
    let guard = scene.guard();
    let session = list(&guard, &sealed);
    guard.remember(session, &returned("crm.ids", [7])).unwrap();
    scene.ledger.collect(NOW + 3_600).unwrap();
    assert_eq!(scene.rows(Table::Seen).len(), 1);
    scene.ledger.collect(NOW + 7_201).unwrap();
    assert!(scene.rows(Table::Seen).is_empty());
}

#[test]
fn whoever_reads_the_row_cannot_test_a_guess_without_the_secret_of_the_log() {
    let scene = Scene::new();
    let ((_, one), (_, two)) = (tokens(&scene), tokens(&scene));
    let guard = scene.guard();
    for sealed in [&one, &two] {
        guard.remember(list(&guard, sealed), &returned("crm.ids", [7])).unwrap();
    }
    let mut rows = scene.rows(Table::Seen);
    let (one, two) = (rows.remove(0).1, rows.remove(0).1);
    assert_ne!(one, two, "equal values of two sessions cannot be seen to be equal");
    let decided = matches!(guard.admit(&tokens(&scene).1, &person("{}"), &[], NOW).decision, Decision::Deny(_));
    assert!(decided);
}

impl Scene {
    fn rows(&self, table: Table) -> Vec<wane_ledger::Row> {
        let (mut store, mut rows) = (self.store.clone(), Vec::new());
        let mut view = |all: &mut dyn wane_ledger::Rows| {
            rows = all.scan(table, &[], None, 100)?;
            Ok(())
        };
        store.view(&mut view).unwrap();
        rows
    }
}
