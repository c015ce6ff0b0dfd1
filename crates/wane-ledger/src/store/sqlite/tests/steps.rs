//! From one version to the next. No release has an older one yet, so version 0 is made here, by hand.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::super::schema::{APPLICATION, Step};
use super::super::*;
use crate::store::Table;

const FILE: &str = "WANE_TEST_SQLITE_STEPS";

/// What version 0 called `used` was `seen`, with numbers for values.
const OLD: &str = "CREATE TABLE seen (key BLOB NOT NULL PRIMARY KEY, exp INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO seen VALUES (x'01', 1000), (x'02', 2000);
    CREATE TABLE queue (number INTEGER PRIMARY KEY AUTOINCREMENT, value BLOB NOT NULL) STRICT;
    INSERT INTO queue (value) VALUES (x'aa'), (x'bb'); DELETE FROM queue;";

const STEPS: &[Step] = &[Step {
    from: 0,
    sql: "CREATE TABLE used (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO used SELECT key, CAST('{\"exp\":' || exp || '}' AS BLOB) FROM seen;
        DROP TABLE seen;",
}];

/// The same with so much to do that it can be killed in the middle.
const SLOW: &[Step] = &[Step {
    from: 0,
    sql: "CREATE TABLE used (key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO used SELECT key, CAST('{\"exp\":' || exp || '}' AS BLOB) FROM seen;
        CREATE TABLE much (number INTEGER PRIMARY KEY, value BLOB);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
            INSERT INTO much SELECT i, randomblob(300) FROM n;
        DROP TABLE much;
        DROP TABLE seen;",
}];

fn plan(steps: &'static [Step]) -> Plan {
    Plan { version: 1, steps }
}

fn options() -> SqliteOptions {
    SqliteOptions { create: false, ..super::layout::options() }
}

/// A file of version 0.
fn old(path: &Path) {
    let connection = Connection::open(path).expect("a file");
    connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; {OLD}")).expect("the old tables");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("a mode");
}

fn asked<T: rusqlite::types::FromSql>(path: &Path, sql: &str) -> T {
    Connection::open(path).and_then(|connection| connection.query_row(sql, [], |row| row.get(0))).expect(sql)
}

/// Everything that version 0 held is there, in its own form.
fn is_old(path: &Path) {
    assert_eq!(asked::<i64>(path, "PRAGMA user_version"), 0);
    assert_eq!(asked::<i64>(path, "SELECT sum(exp) FROM seen"), 3000);
    assert_eq!(asked::<i64>(path, "SELECT count(*) FROM sqlite_schema WHERE name IN ('used', 'much')"), 0);
    assert_eq!(asked::<i64>(path, "SELECT seq FROM sqlite_sequence"), 2);
    assert_eq!(asked::<String>(path, "PRAGMA integrity_check"), "ok");
}

fn is_new(store: &mut SqliteStore) {
    let key = (Table::Used, vec![2]);
    store
        .transact(&[], &mut |rows| {
            assert_eq!(rows.get(std::slice::from_ref(&key))?, [Some(b"{\"exp\":2000}".to_vec())]);
            rows.append(vec![vec![1]])?;
            let queued = rows.scan(Table::Queue, &[], None, 9)?;
            assert_eq!(queued[0].0, 3_u64.to_be_bytes(), "no number is given twice");
            rows.put(vec![((Table::Queue, queued[0].0.clone()), None)])?;
            Err(Fault::Misuse("only looked".into()))
        })
        .expect_err("only looked");
}

fn backup(path: &Path) -> PathBuf {
    path.with_file_name("l.db.before-schema-1")
}

#[test]
fn an_older_file_is_backed_up_and_brought_to_this_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("l.db");
    old(&path);
    fs::write(backup(&path), b"of an attempt before").expect("bytes");
    let mut store = SqliteStore::open_as(&path, options(), plan(STEPS)).expect("a store");
    is_new(&mut store);
    is_old(&backup(&path));
    assert_eq!(asked::<i64>(&backup(&path), "PRAGMA application_id"), i64::from(APPLICATION));
    let mode = fs::metadata(backup(&path)).expect("a backup").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(store);
    // Done once: a second opening makes no second backup.
    fs::remove_file(backup(&path)).expect("removed");
    is_new(&mut SqliteStore::open_as(&path, options(), plan(STEPS)).expect("a store"));
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(left, ["l.db"]);
}

#[test]
fn a_backup_can_be_put_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("l.db");
    old(&path);
    drop(SqliteStore::open_as(&path, options(), plan(STEPS)).expect("a store"));
    fs::rename(backup(&path), &path).expect("put back");
    is_old(&path);
    is_new(&mut SqliteStore::open_as(&path, options(), plan(STEPS)).expect("a store"));
}

#[test]
fn a_step_that_fails_changes_nothing() {
    const BROKEN: &[Step] =
        &[Step { from: 0, sql: "DROP TABLE seen; CREATE TABLE x (y); INSERT INTO none VALUES (1)" }];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("l.db");
    old(&path);
    let result = SqliteStore::open_as(&path, options(), plan(BROKEN)).map(|_| ());
    assert!(matches!(result, Err(Fault::Corrupt(_))), "{result:?}");
    is_old(&path);
    is_old(&backup(&path));
}

#[test]
fn steps_run_in_their_order_and_none_may_be_missing() {
    const FIRST: Step = Step { from: 0, sql: "CREATE TABLE a (b INTEGER)" };
    const SECOND: Step = Step { from: 1, sql: "INSERT INTO a VALUES (7)" };
    const BOTH: &[Step] = &[SECOND, FIRST];
    const GAP: &[Step] = &[SECOND];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("l.db");
    old(&path);
    let result = SqliteStore::open_as(&path, options(), Plan { version: 2, steps: GAP }).map(|_| ());
    assert_eq!(result, Err(Fault::Schema("0".into(), "2".into())));
    is_old(&path);
    drop(SqliteStore::open_as(&path, options(), Plan { version: 2, steps: BOTH }).expect("a store"));
    assert_eq!(asked::<i64>(&path, "SELECT b FROM a"), 7);
    assert_eq!(asked::<i64>(&path, "PRAGMA user_version"), 2);
    is_old(&path.with_file_name("l.db.before-schema-2"));
}

#[test]
fn a_ledger_from_before_what_was_returned_is_brought_to_this_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("l.db");
    let mut store = SqliteStore::open(&path, super::layout::options()).expect("a store");
    let used = ((Table::Used, vec![2]), Some(b"{\"exp\":2000}".to_vec()));
    store.transact(&[], &mut |rows| rows.put(vec![used.clone()])).expect("it is written");
    drop(store);
    let connection = Connection::open(&path).expect("a file");
    connection.execute_batch("DROP TABLE seen; PRAGMA user_version = 1").expect("as it was");
    drop(connection);
    let mut store = SqliteStore::open(&path, options()).expect("a store");
    let seen = ((Table::Seen, vec![1]), Some(vec![7]));
    store
        .transact(&[], &mut |rows| {
            assert_eq!(rows.get(std::slice::from_ref(&used.0))?, std::slice::from_ref(&used.1));
            rows.put(vec![seen.clone()])
        })
        .expect("it is written");
    assert_eq!(asked::<i64>(&path, "PRAGMA user_version"), 2);
    assert_eq!(asked::<i64>(&path.with_file_name("l.db.before-schema-2"), "PRAGMA user_version"), 1);
}

#[test]
fn several_that_come_at_once_bring_it_once() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("l.db");
        old(&path);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| is_new(&mut SqliteStore::open_as(&path, options(), plan(STEPS)).expect("a store")));
            }
        });
        is_old(&backup(&path));
    }
}

/// No test: what a process does that the next test has started. Without a file there is nothing to do.
#[test]
fn brings_a_file_for_another_process() {
    let Some(path) = std::env::var_os(FILE) else { return };
    // Whoever started this waits for a line of its own; the harness may have begun one.
    let mut out = std::io::stdout();
    std::io::Write::write_all(&mut out, b"\nbegins\n").expect("somebody listens");
    std::io::Write::flush(&mut out).expect("somebody listens");
    drop(SqliteStore::open_as(Path::new(&path), options(), plan(SLOW)).expect("a store"));
}

#[test]
fn a_process_killed_in_the_middle_leaves_the_old_version_or_the_new_one() {
    let (mut unmoved, mut moved) = (0, 0);
    for round in 0..14_u64 {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("l.db");
        old(&path);
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "store::sqlite::tests::steps::brings_a_file_for_another_process"])
            .args(["--nocapture", "--test-threads=1"])
            .env(FILE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line == "begins")));
        // The last rounds wait for its end, so that both ways are seen however slow this machine is.
        if round < 12 {
            std::thread::sleep(Duration::from_millis(round * 15));
            child.kill().expect("it can be killed");
        }
        child.wait().expect("it ended");
        if asked::<i64>(&path, "PRAGMA user_version") == 0 {
            unmoved += 1;
            is_old(&path);
        } else {
            moved += 1;
            is_old(&backup(&path));
        }
        is_new(&mut SqliteStore::open_as(&path, options(), plan(STEPS)).expect("a store"));
    }
    assert!(unmoved > 0 && moved > 0, "{unmoved} unmoved, {moved} moved");
}
