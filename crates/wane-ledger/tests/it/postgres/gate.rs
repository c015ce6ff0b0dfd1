//! Whoever writes passes the gate, and nobody holds it for long.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wane_ledger::{Lock, Rows, Store};

use super::contract::session;
use super::server;
use super::together::{add_one, count};

const WHOLE: u8 = 0;
const LAST: u8 = 1;
const CUT: u8 = 2;

/// Passes on what is said between clients and a server. From its last write on the clients' side is as dead as a host without
/// power: neither a word nor an end comes from there.
struct Wire {
    dir: TempDir,
    state: Arc<AtomicU8>,
}

impl Wire {
    fn to(server: &Path) -> Self {
        let dir = TempDir::new().expect("a folder");
        let listener = UnixListener::bind(dir.path().join(".s.PGSQL.5432")).expect("a socket");
        let (socket, state) = (server.join(".s.PGSQL.5432"), Arc::new(AtomicU8::new(WHOLE)));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = UnixStream::connect(&socket).expect("the server");
                let (from, to) = (client.try_clone().expect("a copy"), server.try_clone().expect("a copy"));
                let state = Arc::clone(&shared);
                thread::spawn(move || pass_on(from, to, &state));
                let (mut from, mut to) = (server, client);
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    std::mem::forget(from);
                });
            }
        });
        Self { dir, state }
    }

    fn cut_after_the_next_write(&self) {
        self.state.store(LAST, Ordering::SeqCst);
    }

    fn is_cut(&self) -> bool {
        self.state.load(Ordering::SeqCst) == CUT
    }
}

fn pass_on(mut from: UnixStream, mut to: UnixStream, state: &AtomicU8) {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut bytes).unwrap_or_default();
        if state.load(Ordering::SeqCst) == CUT {
            std::mem::forget(to);
            return;
        }
        if read == 0 {
            return;
        }
        to.write_all(&bytes[..read]).expect("the server listens");
        // Not the farewell of a connection that was opened for a check.
        if bytes[0] != b'X' {
            let _ = state.compare_exchange(LAST, CUT, Ordering::SeqCst, Ordering::SeqCst);
        }
    }
}

#[test]
fn one_that_hangs_while_it_places_records_stops_nobody_for_long() {
    let Some(url) = server::fresh() else { return };
    let (mut hanging, mut other) = (server::store(&url), server::store(&url));
    let (told, tell) = mpsc::channel::<()>();
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let hang = &mut |_: &mut dyn Rows| {
                let _ = told.send(());
                let _ = ended.recv();
                Ok(())
            };
            hanging.transact(&[Lock::Sequencer], hang).expect("a transaction");
        });
        tell.recv().expect("it hangs");
        let from = Instant::now();
        let answer = other.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ()));
        let waited = from.elapsed();
        end.send(()).expect("it hangs still");
        assert_eq!(answer, Ok(()));
        assert!((1..6).contains(&waited.as_secs()), "{waited:?}");
    });
    assert_eq!(count(&mut other, b"n"), 1);
}

#[test]
fn a_guard_that_dies_at_the_gate_stops_nobody_for_long() {
    let Some(url) = server::fresh() else { return };
    let mut other = server::store(&url);
    let folder = url.split("host=").nth(1).and_then(|rest| rest.split('&').next()).expect("a folder");
    let wire = Wire::to(Path::new(folder));
    let mut dying = server::store(&url.replace(folder, wire.dir.path().to_str().expect("text")));
    wire.cut_after_the_next_write();
    thread::spawn(move || dying.transact(&[Lock::Sequencer], &mut |rows| add_one(rows, b"log").map(|_| ())));
    while !wire.is_cut() {
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(200));
    let from = Instant::now();
    let mut answers = Vec::new();
    loop {
        let before = Instant::now();
        let answer = other.transact(&[session(1)], &mut |rows| add_one(rows, b"n").map(|_| ()));
        // Who waits for the gate in vain goes on after two seconds: it is to be free again.
        if answer.is_ok() && before.elapsed() < Duration::from_millis(1_900) {
            break;
        }
        answers.push((from.elapsed(), answer));
        assert!(from.elapsed() < Duration::from_secs(35), "the gate is shut for ever: {answers:?}");
    }
    // What the dead one held is free as well, once the server has ended its transaction.
    let mut placing = server::store(&url);
    while placing.transact(&[Lock::Sequencer], &mut |_| Ok(())).is_err() {
        assert!(from.elapsed() < Duration::from_secs(60), "its locks are held for ever");
    }
}
