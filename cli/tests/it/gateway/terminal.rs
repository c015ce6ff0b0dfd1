//! A gateway that asks on its terminal, before a real one.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::asking::{scene, with};
use super::{Gateway, RUN, call, code};
use crate::scene::{Scene, shell};

/// A terminal with a program on it, whose standard input and output are pipes as between a client and its gateway.
const TERMINAL: &str = r#"
import fcntl, json, os, pty, select, struct, sys, termios
(their_in, into), (out, their_out) = os.pipe(), os.pipe()
child, screen = pty.fork()
if child == 0:
    rows, columns = map(int, sys.argv[2].split("x"))
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.dup2(their_in, 0), os.dup2(their_out, 1)
    os.closerange(3, 20)
    os.execvp("sh", ["sh", "-c", sys.argv[1]])
os.close(their_in)
os.close(their_out)
def tell(what, text):
    print(json.dumps([what, text]), flush=True)
told, said, open_ends = b"", b"", [0, out, screen]
while out in open_ends or screen in open_ends:
    for end in select.select(open_ends, [], [])[0]:
        try:
            piece = os.read(end, 65536)
        except OSError:
            piece = b""
        if not piece:
            open_ends.remove(end)
        elif end == screen:
            tell("screen", piece.decode(errors="replace"))
        elif end == out:
            *lines, said = (said + piece).split(b"\n")
            for line in lines:
                tell("client", line.decode())
        else:
            *lines, told = (told + piece).split(b"\n")
            for line in lines:
                what, text = json.loads(line)
                if what == "closes":
                    os.close(into)
                else:
                    os.write(screen if what == "types" else into, text.encode())
tell("ended", str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
"#;

/// A person before a terminal, and the client of the gateway that runs there.
struct Person {
    child: Child,
    to: ChildStdin,
    comes: Receiver<Value>,
    screen: String,
    answers: VecDeque<Value>,
    ended: Option<String>,
}

impl Person {
    fn before(scene: &Scene, command: &str) -> Self {
        Self::before_one_of(scene, "24x80", command)
    }

    /// Before a terminal of that size.
    fn before_one_of(scene: &Scene, size: &str, command: &str) -> Self {
        scene.write("terminal.py", TERMINAL);
        let mut python = shell(&scene.path(""), r#"exec python3 terminal.py "$COMMAND" "$SIZE""#);
        let python = python.env("COMMAND", command).env("SIZE", size).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().unwrap();
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (tells, comes) = channel();
        std::thread::spawn(move || {
            for line in from.lines() {
                let _: Result<(), _> = tells.send(serde_json::from_str(&line.unwrap()).unwrap());
            }
        });
        Self { child, to, comes, screen: String::new(), answers: VecDeque::new(), ended: None }
    }

    /// A gateway whose client asks its user nothing.
    fn asked(scene: &Scene, flags: &str, server: &str) -> Self {
        Self::before(scene, &format!("exec {RUN} --approver-key local.pem --ask-terminal {flags} -- {server}"))
    }

    fn does(&mut self, what: &str, text: &str) {
        writeln!(self.to, "{}", json!([what, text])).unwrap();
    }

    fn calls(&mut self, line: &str) {
        self.does("client", &format!("{line}\n"));
    }

    fn types(&mut self, line: &str) {
        self.does("types", &format!("{line}\n"));
    }

    /// Until something is so, with what has come.
    #[track_caller]
    fn until<T>(&mut self, what: &str, is: impl Fn(&mut Self) -> Option<T>) -> T {
        loop {
            if let Some(so) = is(self) {
                return so;
            }
            let came = self.comes.recv_timeout(Duration::from_secs(30));
            let came = came.unwrap_or_else(|_| panic!("{what}: {:?}", self.screen));
            let text = came[1].as_str().unwrap();
            match came[0].as_str().unwrap() {
                "screen" => self.screen.push_str(text),
                "client" => self.answers.push_back(serde_json::from_str(text).unwrap()),
                _ => self.ended = Some(text.to_owned()),
            }
        }
    }

    #[track_caller]
    fn sees(&mut self, text: &str) {
        self.until(text, |person| person.screen.contains(text).then_some(()));
    }

    /// The question that is asked next, and what says yes to it; it is seen no more.
    #[track_caller]
    fn is_asked(&mut self) -> (String, String) {
        self.until("a question", |person| {
            let (before, behind) = person.screen.split_once("Type `")?;
            let (yes, rest) = behind.split_once("` to approve exactly this request, once. Anything else says no: ")?;
            let asked = (before.replace('\r', ""), yes.to_owned());
            person.screen = rest.to_owned();
            Some(asked)
        })
    }

    #[track_caller]
    fn answer(&mut self) -> Value {
        self.until("an answer", |person| person.answers.pop_front())
    }

    /// The client goes, and so does the gateway; what has come to the screen meanwhile.
    #[track_caller]
    fn end(mut self) -> String {
        self.does("closes", "");
        let ended = self.until("its end", |person| person.ended.clone());
        assert_eq!((ended.as_str(), self.answers.len()), ("0", 0), "{:?}", self.screen);
        std::mem::take(&mut self.screen)
    }
}

/// Its terminal goes with it, upon which the gateway ends.
impl Drop for Person {
    fn drop(&mut self) {
        let _: std::io::Result<()> = self.child.kill();
        let _: std::io::Result<_> = self.child.wait();
    }
}

fn text(id: u32, text: &str) -> String {
    with(id, "post", &json!({ "text": text }))
}

#[test]
fn somebody_at_the_terminal_approves_what_is_shown_there_and_says_which() {
    let scene = scene();
    let mut person = Person::asked(&scene, "", "sh server.sh");
    // What was typed before anything was asked is no answer.
    person.types("no");
    person.sees("no\r\n");
    person.calls(&text(1, "hello\u{7}"));
    let (shown, first) = person.is_asked();
    assert!(shown.contains("\n  call       tools/call \"post\"\n"), "{shown}");
    assert!(shown.contains("\n  actions    send:web\n") && shown.contains("\n  server     \"files\"\n"), "{shown}");
    assert!(shown.contains(r#""text" = "hello\u0007" (1 written out)"#), "{shown}");
    person.types(&first);
    assert_eq!(code(&person.answer()), "none");
    person.sees("approved, once");
    // What says yes was drawn for this question, and stands nowhere else.
    let digits = first.strip_prefix("yes ").unwrap().to_owned();
    assert!(digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()), "{first}");
    let mut seen = vec![first.clone()];
    for (id, typed) in ["yes", "y", "", &digits, "YES", &first, "yes  0000"].iter().enumerate() {
        person.calls(&text(u32::try_from(id).unwrap() + 2, "hello"));
        let (_, yes) = person.is_asked();
        // One in 65,536 times they are equal.
        let typed = if *typed == yes { "yes 0000 " } else { typed };
        person.types(typed);
        assert_eq!(code(&person.answer()), "deny-needs-approval", "{typed:?} for {yes:?}");
        person.sees("not approved");
        seen.push(yes);
    }
    seen.sort();
    seen.dedup();
    assert!(seen.len() > 6, "{seen:?}");
    // Who is not `@local` is not asked, and what is too long to be read is not.
    person.calls(&call(20, "mail"));
    assert_eq!(code(&person.answer()), "deny-needs-approval");
    person.calls(&text(21, &"x".repeat(60_000)));
    assert_eq!(code(&person.answer()), "deny-needs-approval");
    let left = person.end();
    assert!(!left.contains("Type `"), "{left}");
    scene.sh("wane audit export log --ledger sqlite:l.db").exits(0);
    let log = scene.read("log/records.jsonl");
    assert!(log.contains(&format!(r#""key":"{}""#, scene.read("local.pub").trim())), "{log}");
}

#[test]
fn a_question_that_nobody_waits_for_makes_room_for_the_next() {
    let scene = scene();
    let mut person = Person::asked(&scene, "", "sh server.sh");
    for id in 1..=3 {
        person.calls(&text(id, &format!("number {id}")));
    }
    let (shown, first) = person.is_asked();
    assert!(shown.contains("number 1") && !shown.contains("number 2"), "one at a time: {shown}");
    // Half an answer is typed when its question goes.
    person.does("types", "yes ");
    let cancel =
        |id: u32| format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#);
    person.calls(&cancel(2));
    person.calls(&cancel(1));
    let (shown, third) = person.is_asked();
    assert!(shown.contains("nobody waits for that any more") && shown.contains("number 3"), "{shown}");
    assert!(!shown.contains("number 2"), "{shown}");
    if first != third {
        person.types(&third);
        let answer = person.answer();
        assert_eq!((&answer["id"], code(&answer)), (&json!(3), "none"));
    }
    person.end();
}

#[test]
fn a_server_does_not_reach_the_terminal() {
    let scene = scene();
    let draws = r"printf '\033[2J\033[Hcompletely harmless\n' >&2
        (printf 'drawn\n' > /dev/tty) 2> /dev/null && echo 'it has a terminal' >&2 || echo 'it has none' >&2
        read -r stolen < /dev/tty || true
        ";
    scene.write("draws.sh", &format!("{draws}{}", scene.read("server.sh")));
    let mut person = Person::asked(&scene, "", "sh draws.sh");
    person.sees("server: it has none\r\n");
    person.calls(&text(1, "hello"));
    let (shown, yes) = person.is_asked();
    assert!(shown.contains(r"server: \u{1b}[2J\u{1b}[Hcompletely harmless") && !shown.contains('\u{1b}'), "{shown}");
    assert!(!shown.contains("drawn"), "{shown}");
    person.types(&yes);
    let answer = person.answer();
    assert_eq!(code(&answer), "none");
    // It still ends with its gateway.
    let server = answer["result"]["from"].as_str().unwrap().to_owned();
    assert!(super::lives(&server));
    person.end();
    super::is_gone(&server);
    // Nor does one whose gateway asks nobody: another one may.
    let mut person = Person::before(&scene, &format!("exec {RUN} -- sh draws.sh"));
    person.sees("server: it has none\r\n");
    person.sees(r"server: \u{1b}[2J");
    person.end();
    // With --json what it says is an object.
    let mut person = Person::asked(&scene, "--json", "sh draws.sh");
    person.sees(r#"{"event":"server","what":"it has none"}"#);
    person.end();
}

#[test]
fn what_is_approved_is_said_once_more_before_the_digits() {
    let scene = scene();
    let mut person = Person::asked(&scene, "", "sh server.sh");
    person.calls(&text(1, "hello"));
    let (shown, yes) = person.is_asked();
    let (question, short) = shown.trim().split_once("\n\n").unwrap();
    let digest = question.lines().find_map(|line| line.strip_prefix("request ")).unwrap();
    let lines = question.lines().skip_while(|line| !line.starts_with("request ")).count();
    let expected = format!(
        "This is tools/call \"post\" at \"files\",\nrequest {}, as it stands in the {lines} lines above.",
        &digest[..16]
    );
    assert_eq!(short, expected);
    person.types(&yes);
    assert_eq!(code(&person.answer()), "none");
    person.end();
    // On a screen on which not all of that stands at once nobody is asked, nor on one that does not say how large it is.
    for size in ["14x80", "24x39", "0x0"] {
        let asks = format!("exec {RUN} --approver-key local.pem --ask-terminal -- sh server.sh");
        let mut person = Person::before_one_of(&scene, size, &asks);
        person.calls(&text(1, "hello"));
        assert_eq!(code(&person.answer()), "deny-needs-approval", "{size}");
        assert!(!person.end().contains("Type `"), "{size}");
    }
    // Narrower ones are written for.
    let asks = format!("exec {RUN} --approver-key local.pem --ask-terminal -- sh server.sh");
    let mut person = Person::before_one_of(&scene, "40x50", &asks);
    person.calls(&text(1, &"x".repeat(100)));
    let (shown, _) = person.is_asked();
    assert!(shown.lines().all(|line| line.len() < 50), "{shown}");
    person.types("no");
    assert_eq!(code(&person.answer()), "deny-needs-approval");
    person.end();
}

#[test]
fn a_server_is_not_heard_while_somebody_is_asked() {
    let scene = scene();
    let says = r"(until [ -e go ]; do sleep 0.1; done
        i=0; while [ $i -lt 600 ]; do i=$((i+1)); printf '%0200d\n' $i >&2; done; : > said) &
        ";
    scene.write("says.sh", &format!("{says}{}", scene.read("server.sh")));
    let mut person = Person::asked(&scene, "", "sh says.sh");
    person.calls(&text(1, "hello"));
    let (_, yes) = person.is_asked();
    scene.write("go", "");
    // More than a pipe holds: it does not wait for the answer either.
    let until = std::time::Instant::now() + Duration::from_secs(30);
    while !std::path::Path::new(&scene.path("said")).exists() {
        assert!(std::time::Instant::now() < until, "the server is kept waiting");
        std::thread::sleep(Duration::from_millis(10));
    }
    person.types(&yes);
    assert_eq!(code(&person.answer()), "none");
    person.sees("lines of the server were lost while somebody was asked");
    let (before, behind) = person.screen.split_once("approved, once").unwrap();
    assert!(!before.contains("server: "), "{before}");
    let rows: Vec<&str> = behind.lines().filter(|row| row.contains("000")).collect();
    assert!(rows.len() > 3 && rows.iter().all(|row| row.starts_with("server: ") && row.len() < 80), "{rows:?}");
    person.end();
}

#[test]
fn one_gateway_at_a_time_asks_on_a_terminal() {
    let scene = scene();
    let other = r#"flock "$(tty <&2)" sh -c ': > locked; until [ -e go ]; do sleep 0.1; done' & until [ -e locked ]; do sleep 0.1; done"#;
    let asks = format!("{RUN} --approver-key local.pem --ask-terminal -- sh server.sh");
    let mut person = Person::before(&scene, &format!("{other}; exec {asks}"));
    person.calls(&text(1, "hello"));
    // Time enough for a question: another call is judged.
    for id in 2..=4 {
        person.calls(&call(id, "mail"));
        assert_eq!(code(&person.answer()), "deny-needs-approval");
    }
    assert!(!person.screen.contains("request "), "{}", person.screen);
    scene.write("go", "");
    let (_, yes) = person.is_asked();
    person.types(&yes);
    assert_eq!(code(&person.answer()), "none");
    person.end();
}

#[test]
fn nobody_is_asked_on_a_terminal_that_is_another_programs() {
    let scene = scene();
    let asks = format!("{RUN} --approver-key local.pem --ask-terminal");
    for command in [
        // Some other group has it.
        format!("set -m; {asks} -- sh server.sh & wait"),
        // What is typed is read letter by letter, or cannot be seen.
        format!("stty -icanon < /dev/tty; exec {asks} -- sh server.sh"),
        format!("stty -echo < /dev/tty; exec {asks} -- sh server.sh"),
    ] {
        let mut person = Person::before(&scene, &command);
        person.calls(&text(1, "hello"));
        assert_eq!(code(&person.answer()), "deny-needs-approval", "{command}");
        let screen = person.end();
        assert!(!screen.contains("Type `"), "{screen}");
    }
    // Where messages come and go on it nobody is asked either.
    for way in ["< /dev/tty", "> /dev/tty"] {
        let mut person = Person::before(&scene, &format!("{asks} -- sh server.sh {way}; echo code $? > /dev/tty"));
        person.sees("--ask-terminal: standard input or output is the terminal");
        person.sees("code 2");
    }
    scene.sh(&format!("{RUN} --ask-terminal -- sh server.sh")).fails(2, "use-arguments");
}

#[test]
fn without_a_terminal_a_call_waits_for_others() {
    let scene = scene();
    let asks = format!("{RUN} --approver-key local.pem --ask-terminal").replace("--token tok", "--token either");
    let (from, who) =
        ("wane mint --key root.pem --aud files --scope 'read:*' --scope 'send:*'", scene.read("approver.pub"));
    let ask = format!("--ask 'read:files by @local, {}'", who.trim());
    scene.sh(&format!("{from} {ask} --ledger sqlite:l.db -o either")).exits(0);
    let mut gateway = Gateway::start(&scene, &format!("{asks} -- sh server.sh"));
    assert_eq!(code(&gateway.ask(&call(1, "read"))), "deny-needs-approval");
    assert_eq!(gateway.close(), 0);
    let mut gateway = Gateway::start(&scene, &format!("{asks} --wait 2m -- sh server.sh"));
    gateway.send(&call(2, "read"));
    assert_eq!(gateway.ask(r#"{"jsonrpc":"2.0","id":3,"method":"ping"}"#)["id"], 3);
    let waits = scene.sh("wane pending --ledger sqlite:l.db --json").exits(0).json();
    let digest = waits["pending"][0]["digest"].as_str().unwrap().to_owned();
    scene.sh(&format!("wane approve {digest} --key approver.pem --yes --root root.pub --ledger sqlite:l.db")).exits(0);
    let answered = gateway.next();
    assert_eq!((&answered["id"], code(&answered)), (&json!(2), "none"), "{answered}");
    assert_eq!(gateway.close(), 0);
}
