//! Real processes on real pipes: how a gateway begins, and how it and its server end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _, pipe};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::{Duration, Instant};

use wane_gateway::{Client, End, Gate, MESSAGE_BYTES, Outlet, RunError, Stopper, run};

use crate::scene::{NOW, Own, Scene, Whose, local};
use crate::slow::{Slow, Told};

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
level = "public"
"#;

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{}}}"#;

/// A gateway that runs before a shell script, and both of its client's pipes.
struct Running {
    input: Option<std::io::PipeWriter>,
    output: BufReader<std::io::PipeReader>,
    stopper: Stopper,
    ends: thread::JoinHandle<Result<End, RunError>>,
    notices: Arc<Mutex<Vec<String>>>,
    scene: Arc<Scene>,
}

impl Running {
    fn before(script: &str) -> Self {
        Self::with(CATALOGUE, script)
    }

    fn with(catalogue: &str, script: &str) -> Self {
        Self::of(catalogue, script, 0, &[])
    }

    /// Where calls wait so long for what the session's root block asks.
    fn waiting(script: &str, wait: u64, asks: &[String]) -> Self {
        Self::of(CATALOGUE, script, wait, asks)
    }

    fn of(catalogue: &str, script: &str, wait: u64, asks: &[String]) -> Self {
        Self::over(Scene::new(catalogue, &["read:*"], asks, Whose::Gateway), script, wait)
    }

    fn over(scene: Scene, script: &str, wait: u64) -> Self {
        let scene = Arc::new(scene);
        let (from_client, input) = pipe().unwrap();
        let (output, to_client) = pipe().unwrap();
        let (stopper, stops) = Stopper::new();
        let client = Client { input: Box::new(from_client), output: Box::new(to_client) };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let notices: Arc<Mutex<Vec<String>>> = Arc::default();
        let ends = {
            let (scene, notices) = (Arc::clone(&scene), Arc::clone(&notices));
            thread::spawn(move || {
                let gate = |client: Outlet, server: Outlet| {
                    let mut options = scene.options(client, server);
                    options.report = Box::new(move |notice| notices.lock().unwrap().push(notice.to_string()));
                    Gate::new(options).map(|gate| gate.with_approvals(Scene::approvals(wait, Own::None)))
                };
                run(command, client, gate, stops)
            })
        };
        Self { input: Some(input), output: BufReader::new(output), stopper, ends, notices, scene }
    }

    fn send(&mut self, line: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line).unwrap();
        input.write_all(b"\n").unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

/// Whether a process of this id is there and is no zombie.
pub(crate) fn lives(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}

#[track_caller]
pub(crate) fn is_gone(id: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    while lives(id) {
        assert!(Instant::now() < until, "{id} is still there");
        thread::sleep(Duration::from_millis(10));
    }
}

const RESULT: &str = r#"{"jsonrpc":"2.0", "id":1, "result":{"content":[1.0]}}"#;

/// Answers every line with the same result.
fn answering() -> String {
    format!("while read -r line; do echo \"$line\" >&2; echo '{RESULT}'; done")
}

#[test]
fn lines_go_through_as_they_are_until_the_client_closes_its_end() {
    let mut running = Running::before(&answering());
    running.send(CALL.as_bytes());
    assert_eq!(running.line(), RESULT);
    running.send(b"");
    running.send(&vec![b'x'; MESSAGE_BYTES + 1]);
    running.send(CALL.replace("read", "shell").as_bytes());
    assert!(running.line().contains("deny-unlisted"));
    drop(running.input.take());
    assert_eq!(running.ends.join().unwrap().unwrap(), End::ClientClosed);
    let notices = running.notices.lock().unwrap().clone();
    let dropped = "dropped from the client: a line over the limit of a message";
    assert_eq!(notices, [dropped, "denied tools/call: deny-unlisted"]);
    let mut rest = String::new();
    running.output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn what_was_on_its_way_is_answered_when_the_server_ends() {
    let mut running = Running::before("read -r line; exit 7");
    running.send(CALL.as_bytes());
    assert_eq!(
        running.line(),
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":1502,"message":"the tool server has ended"}}"#
    );
    let Ok(End::ServerEnded(status)) = running.ends.join().unwrap() else { panic!("another end") };
    assert_eq!(status.code(), Some(7));
}

#[test]
fn a_server_that_does_not_end_is_made_to_and_so_is_what_it_started() {
    // It neither reads nor heeds being asked, and neither does its child.
    let script = format!("trap '' TERM; (trap '' TERM; sleep 600) & echo '{}'; wait; wait; sleep 600", note("'$$ $!'"));
    let mut running = Running::before(&script);
    let line = running.line();
    let ids = line.split('"').find(|part| part.contains(' ') && !part.contains(':')).unwrap();
    let (server, child) = ids.split_once(' ').unwrap();
    assert!(lives(server) && lives(child), "{line}");
    let since = Instant::now();
    running.stopper.stop();
    assert_eq!(running.ends.join().unwrap().unwrap(), End::Stopped);
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    is_gone(server);
    is_gone(child);
}

/// A notification that a script prints, with these words in it.
fn note(words: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"data":"{words}"}}}}"#)
}

#[test]
fn a_server_that_leaves_something_behind_does_not() {
    let script = format!("sleep 600 & echo '{}'; exit 0", note("'$$ $!'"));
    let mut running = Running::before(&script);
    let line = running.line();
    let ids = line.split('"').find(|part| part.contains(' ') && !part.contains(':')).unwrap();
    let child = ids.split_once(' ').unwrap().1.to_owned();
    // The child holds the server's output open, so that only closing ends it all.
    drop(running.input.take());
    assert_eq!(running.ends.join().unwrap().unwrap(), End::ClientClosed);
    is_gone(&child);
}

#[test]
fn a_server_that_cannot_be_started_is_said_so() {
    let scene = Scene::new(CATALOGUE, &["read:*"], &[], Whose::Gateway);
    let (from_client, _input) = pipe().unwrap();
    let (_, stops) = Stopper::new();
    let client = Client { input: Box::new(from_client), output: Box::new(std::io::pipe().unwrap().1) };
    let gate = |client: Outlet, server: Outlet| Gate::new(scene.options(client, server));
    let error = run(Command::new("/nowhere/at/all"), client, gate, stops).unwrap_err();
    assert!(matches!(error, RunError::Start(_)), "{error}");
}

#[test]
fn a_server_whose_gate_cannot_be_had_is_killed_with_all_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let (from_client, _input) = pipe().unwrap();
    let (_, stops) = Stopper::new();
    let client = Client { input: Box::new(from_client), output: Box::new(std::io::pipe().unwrap().1) };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("trap '' TERM; sleep 600 & echo \"$$ $! .\" > {}; exec sleep 600", said.display())]);
    let error = run(
        command,
        client,
        |_, _| {
            until("it runs", || std::fs::read_to_string(&said).is_ok_and(|said| said.ends_with(".\n")));
            Err(wane::Refusal::new(wane::Code::ParseCatalogue, "server", "none", ""))
        },
        stops,
    );
    assert!(matches!(error, Err(RunError::Gate(_))));
    let said = std::fs::read_to_string(&said).unwrap();
    said.split(' ').take(2).for_each(is_gone);
}

#[test]
fn nothing_is_decided_any_more_where_the_guard_is_gone() {
    let scene = Scene::new(CATALOGUE, &["read:*"], &[], Whose::Gateway);
    let gate = scene.gate();
    let out = Arc::clone(&scene.out);
    drop(scene);
    gate.from_client(CALL.as_bytes()).unwrap();
    let messages = std::mem::take(&mut out.lock().unwrap().messages);
    assert!(messages.len() == 1 && messages[0].1.contains("state-unreachable"), "{messages:?}");
}

/// Until something is so, which it is before long.
#[track_caller]
fn until(what: &str, is: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !is() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The process that a note of `'$$ '` names.
fn server_of(line: &str) -> String {
    line.split('"').find(|part| part.ends_with(' ')).unwrap().trim().to_owned()
}

/// How many bytes a file has.
fn size(path: &std::path::Path) -> u64 {
    std::fs::metadata(path).map_or(0, |about| about.len())
}

fn ping(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)
}

#[test]
fn what_the_server_has_answered_is_passed_on_though_it_has_ended() {
    const REQUESTS: usize = 300;
    // All of it is in the pipe before it ends, and none of it was read.
    let answers = r#"all=$(i=0; while [ $i -lt MANY ]; do printf '{"jsonrpc":"2.0","id":%s,"result":{"x":"TEXT"}}\n' $i; i=$((i+1)); done)
        cat > /dev/null; printf '%s\n' "$all""#;
    let answers = answers.replace("MANY", &REQUESTS.to_string()).replace("TEXT", &"y".repeat(100));
    let mut running = Running::before(&answers);
    (0..REQUESTS).for_each(|id| running.send(ping(id).as_bytes()));
    drop(running.input.take());
    let mut text = String::new();
    running.output.read_to_string(&mut text).unwrap();
    assert_eq!(running.ends.join().unwrap().unwrap(), End::ClientClosed);
    let good = text.lines().filter(|line| line.contains("yyy")).count();
    assert_eq!((good, text.lines().count()), (REQUESTS, REQUESTS));
}

const TOOL: &str = r#"{"name":"read","inputSchema":{}}"#;

fn pinned() -> String {
    format!("{CATALOGUE}digest = \"{}\"\n", wane_policy::ToolDigest::of_json(TOOL.as_bytes()).unwrap())
}

#[test]
fn what_is_being_decided_is_answered_when_the_server_ends() {
    // It ends while the gateway asks for its list.
    let mut running = Running::with(&pinned(), "read -r line; exit 3");
    running.send(CALL.as_bytes());
    assert!(running.line().contains(r#""id":1,"error":{"code":1502,"message":"the tool server has ended"#));
    assert!(matches!(running.ends.join().unwrap(), Ok(End::ServerEnded(_))));
}

#[test]
fn whoever_asks_a_server_that_has_ended_is_told_so() {
    let scene = Scene::new(CATALOGUE, &["read:*"], &[], Whose::Gateway);
    let (client, decided): (Arc<Mutex<Vec<String>>>, Arc<AtomicU64>) = Default::default();
    let (out, asked) = (Arc::clone(&client), Arc::clone(&decided));
    let to_client: Outlet = Box::new(move |message| {
        out.lock().unwrap().push(String::from_utf8(message.to_vec()).unwrap());
        Ok(())
    });
    let mut options = scene.options(to_client, Box::new(|_| Ok(())));
    options.clock = Box::new(move || NOW + asked.fetch_add(1, Ordering::SeqCst));
    let gate = Gate::new(options).unwrap();
    gate.from_client(CALL.as_bytes()).unwrap();
    assert_eq!(decided.load(Ordering::SeqCst), 1);
    gate.server_ended().unwrap();
    gate.from_client(CALL.replace("\"id\":1", "\"id\":2").as_bytes()).unwrap();
    gate.from_client(ping(3).as_bytes()).unwrap();
    let told = client.lock().unwrap();
    assert!(told.len() == 3 && told.iter().all(|text| text.contains("the tool server has ended")), "{told:?}");
    // Nothing of it is decided any more, so nothing of it costs.
    assert_eq!(decided.load(Ordering::SeqCst), 1);
}

#[test]
fn what_a_client_sends_is_answered_though_the_server_closes_its_input() {
    let mut running = Running::before(&format!("exec 0<&-; echo '{}'; sleep 1", note("closed")));
    assert!(running.line().contains("closed"));
    // The first tells that nobody reads; the others come after that.
    for id in 0..20 {
        running.send(ping(id).as_bytes());
    }
    for id in 0..20 {
        let line = running.line();
        assert!(line.contains("the tool server has ended"), "{id}: {line}");
    }
    assert!(matches!(running.ends.join().unwrap(), Ok(End::ServerEnded(_))));
}

/// More than a gateway keeps for whoever does not read.
const TOO_MUCH: u64 = 80 * 1024 * 1024;

#[test]
fn a_client_that_does_not_read_does_not_keep_the_gateway_from_stopping() {
    does_not_read(&[]);
    // Nor does one whose call waits for an approval, and is still to be answered.
    does_not_read(&["read:* by @local".to_owned()]);
}

fn does_not_read(asks: &[String]) {
    // The server counts what it could write; where it is stopped at what is kept and what the pipes hold, it waits.
    let folder = tempfile::tempdir().unwrap();
    let counted = folder.path().join("counted");
    let line = note(&"x".repeat(1_000_000));
    std::fs::write(folder.path().join("line"), format!("{line}\n")).unwrap();
    let script = format!("cd {}; while cat line; do printf x >> counted; done; sleep 600", folder.path().display());
    let mut running = Running::waiting(&script, 60, asks);
    if !asks.is_empty() {
        running.send(CALL.as_bytes());
        until("it waits", || running.scene.waits());
    }
    until("the gateway keeps 64 MiB", || size(&counted) >= 64);
    thread::sleep(Duration::from_millis(500));
    assert!(size(&counted) * 1_000_000 < TOO_MUCH, "{}", size(&counted));
    let since = Instant::now();
    running.stopper.stop();
    assert_eq!(running.ends.join().unwrap().unwrap(), End::Stopped);
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
}

#[test]
fn a_client_that_reads_slowly_does_not_keep_the_gateway_from_stopping() {
    for closes in [false, true] {
        let line = note(&"x".repeat(60_000));
        let script = format!(
            "echo '{}'; i=0; while [ $i -lt 40 ]; do echo '{line}'; i=$((i+1)); done; cat > /dev/null",
            note("'$$ '")
        );
        let mut running = Running::before(&script);
        let server = server_of(&running.line());
        assert_eq!(running.line(), line);
        if closes {
            // Only what it said is still to be read then.
            drop(running.input.take());
            is_gone(&server);
            assert!(!running.ends.is_finished());
        }
        let since = Instant::now();
        running.stopper.stop();
        let mut piece = vec![0; 16 * 1024];
        while !running.ends.is_finished() && since.elapsed() < Duration::from_secs(20) {
            let _: std::io::Result<()> = running.output.read_exact(&mut piece);
            thread::sleep(Duration::from_millis(400));
        }
        assert!(since.elapsed() < Duration::from_secs(8), "{closes}: {:?}", since.elapsed());
        running.ends.join().unwrap().unwrap();
    }
}

#[test]
fn a_server_that_does_not_heed_is_killed_two_seconds_after_it_was_asked() {
    let script = format!("trap '' TERM; echo '{}'; while :; do sleep 1; done", note("here"));
    let mut running = Running::before(&script);
    assert!(running.line().contains("here"));
    let since = Instant::now();
    running.stopper.stop();
    assert_eq!(running.ends.join().unwrap().unwrap(), End::Stopped);
    let took = since.elapsed();
    assert!(took >= Duration::from_secs(2) && took < Duration::from_millis(3_500), "{took:?}");
}

#[test]
fn a_server_is_given_two_seconds_to_end_and_two_to_heed() {
    let script = format!("trap '' TERM; echo '{}'; while :; do sleep 1; done", note("here"));
    let mut running = Running::before(&script);
    assert!(running.line().contains("here"));
    let since = Instant::now();
    drop(running.input.take());
    assert_eq!(running.ends.join().unwrap().unwrap(), End::ClientClosed);
    let took = since.elapsed();
    assert!(took >= Duration::from_secs(4) && took < Duration::from_millis(5_500), "{took:?}");
}

#[test]
fn a_signal_while_the_server_is_given_time_is_heard() {
    // It ends when it is asked to, and not before.
    let script = "trap 'exit 0' TERM; cat > /dev/null; echo 'CLOSED'; while :; do sleep 0.1; done";
    let mut running = Running::before(&script.replace("CLOSED", &note("closed")));
    let since = Instant::now();
    drop(running.input.take());
    assert!(running.line().contains("closed"));
    running.stopper.stop();
    assert_eq!(running.ends.join().unwrap().unwrap(), End::ClientClosed);
    assert!(since.elapsed() < Duration::from_millis(1_800), "{:?}", since.elapsed());
}

#[test]
fn a_server_that_leaves_64_mib_unread_has_ended() {
    let mut running = Running::before(&format!("echo '{}'; exec sleep 600", note("'$$ '")));
    let server = server_of(&running.line());
    // One is being written, eight are kept, and so is the one that passes the bound; nobody closes anything.
    let (large, sent) = ("x".repeat(8_000_000), 11);
    for id in 0..sent {
        running.send(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping","params":{{"a":"{large}"}}}}"#).as_bytes());
    }
    let stopper = running.stopper.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(120));
        stopper.stop();
    });
    for _ in 0..sent {
        assert!(running.line().contains("the tool server has ended"));
    }
    assert!(matches!(running.ends.join().unwrap(), Ok(End::ServerEnded(_))));
    is_gone(&server);
}

#[test]
fn a_server_that_does_not_read_does_not_hide_that_the_client_has_gone() {
    let mut running = Running::before(&format!("echo '{}'; exec sleep 600", note("'$$ '")));
    let server = server_of(&running.line());
    // More than a pipe holds, and less than is kept.
    let large = CALL.replace("{}", &format!(r#"{{"a":["{}"]}}"#, "x".repeat(300_000)));
    for id in 1..=10 {
        running.send(large.replace("\"id\":1", &format!("\"id\":{id}")).as_bytes());
    }
    drop(running.input.take());
    let since = Instant::now();
    assert_eq!(running.ends.join().unwrap().unwrap(), End::ClientClosed);
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    is_gone(&server);
    // All ten were on their way.
    let mut rest = String::new();
    running.output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest.matches("the tool server has ended").count(), 10, "{}", rest.len());
}

#[test]
fn a_server_has_ended_though_somebody_holds_its_output() {
    let mut running = Running::before("sleep 600 & read -r line; exit 3");
    running.send(CALL.as_bytes());
    assert!(running.line().contains("the tool server has ended"));
    let Ok(End::ServerEnded(status)) = running.ends.join().unwrap() else { panic!("another end") };
    assert_eq!(status.code(), Some(3));
}

#[test]
fn a_server_that_closes_its_input_has_ended_and_not_the_client() {
    let mut running = Running::before(&format!("exec 0<&-; echo '{}'; sleep 600", note("closed")));
    assert!(running.line().contains("closed"));
    running.send(CALL.as_bytes());
    assert!(running.line().contains("the tool server has ended"));
    assert!(matches!(running.ends.join().unwrap(), Ok(End::ServerEnded(_))));
}

#[test]
fn a_token_that_expires_while_the_server_tells_its_tools_has_expired() {
    let tool = r#"{"name":"read","inputSchema":{}}"#;
    let digest = wane_policy::ToolDigest::of_json(tool.as_bytes()).unwrap();
    let scene = Scene::new(&format!("{CATALOGUE}digest = \"{digest}\"\n"), &["read:*"], &[], Whose::Gateway);
    let clock = Arc::new(AtomicU64::new(NOW));
    let slow: Arc<OnceLock<Weak<Gate>>> = Arc::default();
    let (asked, answered) = (Arc::clone(&slow), Arc::new(Mutex::new(Vec::new())));
    let to_server: Outlet = {
        let clock = Arc::clone(&clock);
        Box::new(move |message| {
            let text = String::from_utf8(message.to_vec()).unwrap();
            assert!(text.contains("tools/list"), "{text}");
            clock.fetch_add(600, Ordering::SeqCst);
            let answer = format!(r#"{{"jsonrpc":"2.0","id":"dev.wane/1","result":{{"tools":[{tool}]}}}}"#);
            asked.get().unwrap().upgrade().unwrap().from_server(answer.as_bytes())
        })
    };
    let to_client: Outlet = {
        let answered = Arc::clone(&answered);
        Box::new(move |message| {
            answered.lock().unwrap().push(String::from_utf8(message.to_vec()).unwrap());
            Ok(())
        })
    };
    let mut options = scene.options(to_client, to_server);
    options.clock = Box::new(move || clock.load(Ordering::SeqCst));
    let gate = Arc::new(Gate::new(options).unwrap());
    slow.set(Arc::downgrade(&gate)).unwrap();
    gate.from_client(CALL.as_bytes()).unwrap();
    let answered = answered.lock().unwrap();
    assert!(answered.len() == 1 && answered[0].contains("deny-expired"), "{answered:?}");
}

#[test]
fn what_waits_for_an_approval_ends_with_its_server_or_client() {
    let asks = ["read:* by @local".to_owned()];
    let until = |what: &dyn Fn() -> bool| {
        let end = Instant::now() + Duration::from_secs(10);
        while !what() {
            assert!(Instant::now() < end, "it does not happen");
            thread::sleep(Duration::from_millis(1));
        }
    };
    // The server ends once it has heard a ping; the call that waits is denied, and was never made.
    let mut running = Running::waiting("read -r line; echo \"$line\" >&2; exit 7", 60, &asks);
    running.send(CALL.as_bytes());
    until(&|| running.scene.waits());
    running.send(br#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    let lines = [running.line(), running.line()];
    assert!(lines.iter().any(|line| line.contains("deny-needs-approval")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("the tool server has ended")), "{lines:?}");
    assert!(matches!(running.ends.join().unwrap(), Ok(End::ServerEnded(_))));

    // The client ends: whoever approves now approves nothing.
    let mut running = Running::waiting(&answering(), 60, &asks);
    running.send(CALL.as_bytes());
    until(&|| running.scene.waits());
    drop(running.input.take());
    assert_eq!(running.ends.join().unwrap().unwrap(), End::ClientClosed);
    assert!(running.scene.approve(&local()), "the request itself waits on, for another connection");

    // Approved in time it goes on as it came.
    let mut running = Running::waiting(&answering(), 60, &asks);
    running.send(CALL.as_bytes());
    until(&|| running.scene.approve(&local()));
    assert_eq!(running.line(), RESULT);
    drop(running.input.take());
    assert_eq!(running.ends.join().unwrap().unwrap(), End::ClientClosed);
}

#[test]
fn a_call_that_is_being_judged_when_its_server_ends_is_answered_before_the_gateway_ends() {
    let told = Arc::<Told>::default();
    let way = Slow::way(&told);
    let scene = Scene::before(CATALOGUE, &["read:*"], &["read:* by @local".to_owned()], Whose::Gateway, way);
    let mut running = Running::over(scene, "read -r line; exit 7", 60);
    running.send(CALL.as_bytes());
    until("it waits", || running.scene.waits());
    told.hold();
    until("it is approved", || running.scene.approve(&local()));
    told.is_caught();
    running.send(ping(2).as_bytes());
    assert!(running.line().contains(r#""id":2,"error":{"code":1502,"message":"the tool server has ended"#));
    // The gateway would have ended by now if it waited for nobody else.
    thread::sleep(Duration::from_millis(300));
    told.go_on();
    assert!(running.line().contains(r#""id":1,"error":{"code":1502,"message":"the tool server has ended"#));
    assert!(matches!(running.ends.join().unwrap(), Ok(End::ServerEnded(_))));
}
