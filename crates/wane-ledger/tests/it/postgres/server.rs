//! Servers for tests: the one that `WANE_TEST_POSTGRES` names, or private ones where the binaries are there. Without either
//! the suite says on standard error that it was skipped; with `CI` set it fails.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use tokio_postgres::{NoTls, SimpleQueryMessage};
use wane_ledger::{PostgresOptions, PostgresStore};

fn script() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/postgres"))
}

/// Whether servers can be started here.
fn have() -> bool {
    static HAVE: OnceLock<bool> = OnceLock::new();
    *HAVE.get_or_init(|| {
        let output = script().arg("have").output().expect("the script runs");
        if !output.status.success() {
            skipped("PostgreSQL", String::from_utf8_lossy(&output.stderr).trim());
        }
        output.status.success()
    })
}

/// Fails in continuous integration; elsewhere says, past the capturing of tests' output, what was not tested.
pub(crate) fn skipped(suite: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "the {suite} suite must not be skipped: {why}");
    let _ = writeln!(std::io::stderr(), "SKIPPED: the {suite} suite: {why}");
}

/// A server that runs until it is dropped, or until this process ends.
pub(crate) struct Server {
    pub(crate) url: String,
    child: Child,
}

impl Server {
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        if !have() {
            return None;
        }
        let mut command = script();
        command.arg("run").args(settings).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the script runs");
        let mut url = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut url).expect("a line");
        assert!(url.starts_with("postgres://"), "no server: {url}");
        Some(Self { url: url.trim().to_owned(), child })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The server that tests share: its URL without a schema.
fn shared() -> Option<&'static str> {
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    static OWN: OnceLock<Option<Server>> = OnceLock::new();
    let named = NAMED.get_or_init(|| std::env::var("WANE_TEST_POSTGRES").ok());
    match named {
        Some(url) => Some(url),
        None => OWN.get_or_init(|| Server::start(&[])).as_ref().map(|server| server.url.as_str()),
    }
}

/// A place on the shared server that nothing else uses, and that holds no ledger yet.
pub(crate) fn fresh() -> Option<String> {
    shared().map(within)
}

/// A place on this server that nothing else uses.
pub(crate) fn within(url: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let join = if url.contains('?') { '&' } else { '?' };
    format!("{url}{join}schema={name}&application_name={name}")
}

/// The name that [`within`] gave, of schema and connections alike.
pub(crate) fn name(url: &str) -> &str {
    url.rsplit_once('=').expect("the url of a place").1
}

/// A new ledger there, or the one that is there.
pub(crate) fn store(url: &str) -> PostgresStore {
    PostgresStore::connect(url, PostgresOptions { create: true, ..PostgresOptions::default() }).expect("a store")
}

/// Runs statements over a connection of its own; answers with the first column of every row.
pub(crate) fn sql(url: &str, statements: &str) -> Vec<String> {
    let plain = url.split("&schema=").next().expect("a first part");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(plain, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        let answers = client.simple_query(statements).await.expect("the statements run");
        answers
            .iter()
            .filter_map(|answer| match answer {
                SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or("null").to_owned()),
                _ => None,
            })
            .collect()
    })
}

/// A server in a folder, to be stopped, changed and started again.
pub(crate) struct Cluster {
    dir: TempDir,
    pub(crate) url: String,
    running: bool,
}

impl Cluster {
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        if !have() {
            return None;
        }
        let mut cluster = Self { dir: TempDir::new().expect("a folder"), url: String::new(), running: false };
        cluster.again(settings);
        Some(cluster)
    }

    pub(crate) fn again(&mut self, settings: &[&str]) {
        let output = script().arg("start").arg(self.dir.path()).args(settings).output().expect("the script runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.url = String::from_utf8(output.stdout).expect("text").trim().to_owned();
        self.running = true;
    }

    pub(crate) fn stop(&mut self) {
        self.end("stop");
    }

    /// As a power cut would.
    pub(crate) fn kill(&mut self) {
        self.end("kill");
    }

    fn end(&mut self, how: &str) {
        let output = script().arg(how).arg(self.dir.path()).output().expect("the script runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.running = false;
    }

    /// A file of the cluster's data.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("data").join(name)
    }

    /// Puts a line before all others of this file.
    pub(crate) fn prepend(&self, name: &str, line: &str) {
        let path = self.file(name);
        let text = fs::read_to_string(&path).expect("a file");
        fs::write(&path, format!("{line}\n{text}")).expect("the file can be written");
    }

    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.running {
            let _ = script().arg("stop").arg(self.dir.path()).output();
        }
    }
}
