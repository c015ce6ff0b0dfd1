//! Where a ledger lies, and its rows: no password is ever shown, a row is read as what it says or refused as corrupt, and no row
//! makes a ledger panic.

use std::str::FromStr as _;

use tokio_postgres::Config;
use wane::{BlockId, Code, LedgerId, Level, Mark, Refusal};
use wane_audit::{Hint, Origin};
use wane_ledger::{
    Entry, Filter, Ledger, LedgerUrl, MemoryStore, PostgresOptions, PostgresStore, Revocation, StateHome, Store, Table,
};

use crate::choices::Choices;
use crate::forge::{self, NOW};
use crate::{check, json};

/// What no message may hold: it stands where passwords stand.
const SECRET: &str = "hunter2hunter2";

/// Byte 0: what the rest is.
pub fn run(data: &[u8]) {
    let [how, rest @ ..] = data else { return };
    match how % 4 {
        0 => {
            if let Ok(text) = std::str::from_utf8(rest) {
                url(text);
            }
        }
        1 => password(&mut Choices(rest)),
        2 => entry(rest),
        _ => rows(rest),
    }
}

fn home() -> StateHome {
    StateHome { state: Some("/var/state".into()), home: None }
}

/// Any text: what is taken is shown as it was written but for what may be a secret, which no two other readers find in it.
fn url(text: &str) {
    let url = match LedgerUrl::parse(text, &home()) {
        Ok(url) => url,
        Err(refusal) => {
            check::refusal(&refusal);
            assert_eq!(refusal.code(), Code::UseLedgerUrl);
            let scheme = text.split(':').next().unwrap_or_default();
            return assert!(!refusal.to_string().contains(SECRET) || scheme.contains(SECRET), "{refusal:?}");
        }
    };
    let shown = url.to_string();
    assert_eq!(format!("{url:?}"), format!("LedgerUrl({shown})"));
    assert!(!shown.contains(char::is_control), "{shown:?}");
    let scheme = text.split(':').next().expect("a scheme");
    assert_eq!(scheme, shown.split(':').next().expect("a scheme"));
    assert_eq!(url.is_volatile(), text == "memory:");
    assert_eq!(url.file().is_some(), scheme == "sqlite");
    assert!(!url.has_password() || scheme.starts_with("postgres"));
    let again = LedgerUrl::parse(&shown, &home()).expect("it was shown");
    assert_eq!(again.to_string(), shown, "it shows otherwise the second time");
    if !url.has_password() && text != "sqlite:" {
        assert_eq!((shown.as_str(), &again), (text, &url));
    }
    if let Ok(config) = Config::from_str(text) {
        let password = String::from_utf8_lossy(config.get_password().unwrap_or_default());
        let parts = format!("{:?} {:?} {:?}", config.get_user(), config.get_dbname(), config.get_hosts());
        let elsewhere =
            parts.contains(SECRET) || config.get_application_name().is_some_and(|name| name.contains(SECRET));
        assert!(!password.contains(SECRET) || elsewhere || !shown.contains(SECRET), "{shown}");
    }
    if let Ok(read) = url::Url::parse(text) {
        let behind = (read.query(), read.fragment());
        let parts = format!("{} {:?} {} {behind:?}", read.username(), read.host_str(), read.path());
        let secret = read.password().is_some_and(|password| password.contains(SECRET));
        assert!(!secret || parts.contains(SECRET) || !shown.contains(SECRET), "{shown}");
    }
}

/// URLs made of pieces, with a password in each place that somebody might put it. None of them leads to a server.
fn password(choices: &mut Choices<'_>) {
    let scheme = choices.one_of(&["postgres", "postgresql", "mysql", "sqlite", "memory", "postgres "]);
    let user = choices.one_of(&["ada", "", "ada%40x", "a:b"]);
    let host = choices.one_of(&["db.example.com", "192.0.2.1", "[2001:db8::1]", "a,b", ""]);
    let secret =
        choices.one_of(&[SECRET, "hunter2hunter2@x", "x/hunter2hunter2", "?hunter2hunter2", "#hunter2hunter2:1"]);
    let login = match choices.below(3) {
        0 => format!("{user}:{secret}@{host}"),
        // The `@` forgotten: what then stands behind `/` or `?` cannot be told from a database or a parameter.
        1 => format!("ada:{SECRET}"),
        _ => format!("{user}@{host}"),
    };
    let port = choices.one_of(&["", ":5432", ":x", ":"]);
    let parameters = match choices.below(5) {
        0 => format!("?password={secret}"),
        1 => format!("?user=ada&passw%6frd={secret}"),
        2 => format!("?options=-c%20x={secret}&sslmode=require"),
        3 => "?sslmode=require&schema=x".to_owned(),
        _ => String::new(),
    };
    let database = choices.one_of(&["/wane", "", "/", "/a/b"]);
    let text = format!("{scheme}://{login}{port}{database}{parameters}");
    let line = |refusal: Refusal| {
        check::refusal(&refusal);
        format!("{refusal} {refusal:?}")
    };
    let told = match LedgerUrl::parse(&text, &home()) {
        Ok(url) => format!("{url} {url:?}"),
        Err(refusal) => line(refusal),
    };
    assert!(!told.contains(SECRET), "{text}: {told}");
    let connected = PostgresStore::connect(&text, PostgresOptions::default());
    let fault = connected.map(|_| ()).expect_err("there is no tls, and none of these names this machine");
    let told = format!("{} {fault:?}", line(fault.refusal()));
    assert!(!told.contains(SECRET), "{text}: {told}");
}

const ID: [u8; 32] = [0x5e; 32];

fn ledger(store: &MemoryStore) -> Ledger {
    let (id, log) = (LedgerId::from_bytes([0x1d; 16]), Hint::from_bytes([7; 8]));
    let origin = Some(Origin::new("example.com/log").expect("an origin"));
    let rng = Box::new(forge::Known(&[9]));
    Ledger::create_as(Box::new(store.clone()), id, log, origin, NOW, rng).expect("an empty store")
}

fn put(store: &mut MemoryStore, table: Table, key: &[u8], value: &[u8]) -> bool {
    let change = ((table, key.to_vec()), Some(value.to_vec()));
    store.transact(&[], &mut |rows| rows.put(vec![change.clone()])).is_ok()
}

/// What is known about one block: read alike from the row and by itself, written as the same, and nothing in it twice.
fn entry(bytes: &[u8]) {
    let direct = serde_json::from_slice::<Entry>(bytes);
    let mut store = MemoryStore::new();
    let mut ledger = ledger(&store);
    let written = put(&mut store, Table::Entry, &ID, bytes);
    let id = BlockId::from_bytes(ID);
    match (ledger.session(id), direct) {
        (Ok(Some(entry)), Ok(direct)) => {
            assert_eq!(entry, direct);
            let text = std::str::from_utf8(bytes).expect("json is utf-8");
            assert!(json::without_duplicates(text).is_some(), "a member stands twice: {text}");
            let line = serde_json::to_string(&entry).expect("json");
            assert_eq!(serde_json::from_str::<Entry>(&line).ok().as_ref(), Some(&entry));
            joined(&mut ledger, id, &entry);
        }
        (Err(refusal), Err(_)) => {
            check::refusal(&refusal);
            assert_eq!(refusal.code(), Code::StateCorrupt);
        }
        (Ok(None), _) => assert!(!written, "a row that cannot be read is taken for none"),
        (one, two) => panic!("{one:?}, by itself {two:?}"),
    }
}

/// A mark only rises, and what was revoked stays so.
fn joined(ledger: &mut Ledger, id: BlockId, before: &Entry) {
    let raised = ledger.raise(id, &Mark::at(Level::Restricted), "why", NOW);
    let revoked = ledger.revoke(&Revocation::Block(id), "why", NOW + 1);
    for refusal in [&raised, &revoked].into_iter().filter_map(|answer| answer.as_ref().err()) {
        check::refusal(refusal);
    }
    let Ok(Some(after)) = ledger.session(id) else { return };
    assert!(after.mark.level() >= before.mark.level());
    assert!(raised.is_err() || after.mark.level() >= Level::Restricted);
    assert!(after.exp >= before.exp && after.registered >= before.registered);
    assert!((revoked.is_err() && before.revoked.is_none()) || after.revoked.is_some());
    assert!(before.revoked.as_ref().is_none_or(|said| after.revoked.as_ref().is_some_and(|now| now <= said)));
}

/// Any bytes in any rows. Each is a table, the lengths of a key and of a value, and both.
fn rows(mut rest: &[u8]) {
    let mut store = MemoryStore::new();
    let mut ledger = ledger(&store);
    while let Some(([table, key, low, high], tail)) = rest.split_first_chunk::<4>() {
        let table = Table::ALL[usize::from(*table) % Table::ALL.len()];
        let key = usize::from(*key).min(tail.len());
        let (key, tail) = tail.split_at(key);
        let value = usize::from(u16::from_le_bytes([*low, *high])).min(tail.len());
        let (value, tail) = tail.split_at(value);
        rest = tail;
        put(&mut store, table, place(table, key).as_slice(), value);
    }
    if let Err(refusal) = Ledger::open(Box::new(store), Box::new(forge::Known(&[9]))) {
        check::refusal(&refusal);
        assert!(matches!(refusal.code(), Code::StateCorrupt | Code::StateSchema), "{refusal:?}");
    }
    let id = BlockId::from_bytes(ID);
    // The answers say whether all was read; here it counts that there is one.
    let answers = [
        ledger.status().map(drop),
        ledger.sessions(&Filter::new(), None, 10).map(drop),
        ledger.session(id).map(drop),
        ledger.spent(id).map(drop),
        ledger.would_revoke(&Revocation::Block(id), NOW, 10).map(drop),
        ledger.ended().map(drop),
        ledger.pending(NOW, 10).map(drop),
        ledger.log_head().map(drop),
        ledger.entries(0, 10).map(drop),
        ledger.checkpoints(0, 10).map(drop),
        ledger.newest_checkpoint().map(drop),
        ledger.envelope(id).map(drop),
        ledger.place(NOW).map(drop),
        ledger.sign_head(forge::key(7)).map(drop),
        ledger.collect(NOW).map(drop),
        ledger.revoke(&Revocation::Block(id), "why", NOW),
    ];
    for refusal in answers.into_iter().filter_map(Result::err) {
        check::refusal(&refusal);
        let family = refusal.code().family();
        assert!(matches!(family, wane::Family::State | wane::Family::Use | wane::Family::Parse), "{refusal:?}");
    }
}

/// Keys that are looked at, so that not every row is one that nobody asks for.
fn place(table: Table, key: &[u8]) -> Vec<u8> {
    match (table, key) {
        (Table::Meta, [first, ..]) if first % 2 == 0 => b"ledger".to_vec(),
        (Table::Meta, _) => b"sequencer".to_vec(),
        (table, [number, ..]) if table.is_numbered() => u64::from(number % 4).to_be_bytes().to_vec(),
        (Table::Entry | Table::Envelope, [first, ..]) if first % 2 == 0 => ID.to_vec(),
        (Table::Spent | Table::Pending | Table::Approval, [first, tail @ ..]) if first % 2 == 0 => {
            [&ID[..], tail].concat()
        }
        (_, []) => ID.to_vec(),
        (_, key) => key.to_vec(),
    }
}
