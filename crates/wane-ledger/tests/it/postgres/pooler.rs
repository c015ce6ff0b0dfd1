//! Behind a real pooler: by the session it serves, by the transaction it is refused.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use wane_ledger::{Fault, PostgresOptions, PostgresStore, Rows, Store};

use super::contract::session;
use super::server::{self, Cluster};
use super::together::{add_one, count};

struct Pooler {
    child: Child,
    dir: TempDir,
}

impl Pooler {
    fn start(cluster: &Cluster, settings: &str) -> Option<Self> {
        let path = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|path| Path::new(path).exists());
        let Some(path) = path else {
            server::skipped("pooler", "no pgbouncer in /usr/sbin or /usr/bin");
            return None;
        };
        let dir = TempDir::new().expect("a folder");
        let config = dir.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\npostgres = host={} user=wane dbname=postgres\n[pgbouncer]\nunix_socket_dir = {}\n\
             listen_port = 6432\nauth_type = any\n{settings}\n",
            cluster.folder().display(),
            dir.path().display()
        );
        fs::write(&config, text).expect("the file can be written");
        // It refuses to run as root.
        let mut command = if rustix::process::getuid().is_root() {
            let owned = Command::new("chown").args(["-R", "postgres:"]).arg(dir.path()).status().expect("chown runs");
            assert!(owned.success());
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--", path]);
            command
        } else {
            Command::new(path)
        };
        let child = command.arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        let pooler = Self { child, dir };
        let socket = pooler.dir.path().join(".s.PGSQL.6432");
        let answers = (0..1_000).any(|_| {
            thread::sleep(Duration::from_millis(10));
            UnixStream::connect(&socket).is_ok()
        });
        assert!(answers, "the pooler does not start");
        Some(pooler)
    }

    fn url(&self) -> String {
        server::within(&format!("postgres://wane@/postgres?host={}&port=6432", self.dir.path().display()))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn behind_a_pooler() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let shared = [
        "pool_mode = transaction",
        "pool_mode = transaction\nserver_round_robin = 1",
        "pool_mode = transaction\nmin_pool_size = 3",
        "pool_mode = transaction\nmin_pool_size = 3\nserver_round_robin = 1",
        "pool_mode = transaction\ndefault_pool_size = 1",
    ];
    for settings in shared {
        let Some(pooler) = Pooler::start(&cluster, settings) else { return };
        for round in 0..3 {
            if round == 1 {
                // Several processes of the server behind the pooler, for it to choose from.
                thread::scope(|scope| {
                    for _ in 0..3 {
                        scope.spawn(|| server::sql(&pooler.url(), "SELECT pg_sleep(0.3)"));
                    }
                });
            }
            let options = PostgresOptions { create: true, ..PostgresOptions::default() };
            let result = PostgresStore::connect(&pooler.url(), options);
            assert!(matches!(result, Err(Fault::Pooler(_))), "{settings}, round {round}: {result:?}");
        }
    }
    // The server behind it was not touched: nothing of the attempts holds a lock for others.
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'test_%'";
    assert_eq!(server::sql(&cluster.url, schemas), ["0"]);

    let Some(pooler) = Pooler::start(&cluster, "pool_mode = session\ndefault_pool_size = 40") else { return };
    let url = pooler.url();
    let store = server::store(&url);
    thread::scope(|scope| {
        for _ in 0..8 {
            let mut store = store.clone();
            scope.spawn(move || {
                for _ in 0..25 {
                    let body = &mut |rows: &mut dyn Rows| add_one(rows, b"hot").map(|_| ());
                    store.transact(&[session(1)], body).expect("a transaction");
                }
            });
        }
    });
    assert_eq!(count(&mut store.clone(), b"hot"), 200);
}
