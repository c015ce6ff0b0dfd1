//! Clients that are slow, huge, half-open or many: others are served.

use std::io::{BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use wane_gateway::MESSAGE_BYTES;
use wane_gateway::http::Limits;

use super::wire::{self, PATIENCE, Server, result, switch, wait};
use super::{CATALOGUE, Gateway, Setting, call};
use crate::scene::{Scene, Whose};

fn before(server: &Server, limits: Limits) -> (Gateway, String) {
    let scene = Scene::new(CATALOGUE, &["read:*"], &[], Whose::Client);
    let token = format!("Bearer {}", scene.sealed());
    (Gateway::with(scene, &[("files", server)], Setting { limits, ..Setting::default() }), token)
}

#[track_caller]
fn passes(gateway: &Gateway, token: &str) {
    let since = Instant::now();
    let answer = gateway.post("/mcp", &[("authorization", token)], &call(1, "read"));
    assert_eq!(answer.code(), "none", "{answer:?}");
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
}

/// Whether the other side closes the connection, whatever it says before.
#[track_caller]
fn is_closed(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut text = Vec::new();
    let read = stream.read_to_end(&mut text);
    let closed = read.as_ref().map_or_else(|error| error.kind() == std::io::ErrorKind::ConnectionReset, |_| true);
    assert!(closed, "{read:?}");
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn idle_and_slow_ones_stop_nobody_and_are_cut_off() {
    let server = Server::echo();
    let limits = Limits { head_time: Duration::from_secs(3), body_time: Duration::from_secs(3), ..Limits::default() };
    let (gateway, token) = before(&server, limits);
    let open = || wire::connect(gateway.address());
    let idle: Vec<TcpStream> = (0..200).map(|_| open()).collect();
    let whole = wire::request("POST", &gateway.address().to_string(), "/mcp", &[], &call(1, "read"));
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    // A head that does not end, a body that does not, one that comes in chunks and does not, and one half closed.
    let (mut slow_head, mut slow_body, mut half, mut chunked) = (open(), open(), open(), open());
    slow_head.write_all(&head.as_bytes()[..head.len() / 2]).unwrap();
    slow_body.write_all(format!("{head}\r\n\r\n{}", &body[..10]).as_bytes()).unwrap();
    half.write_all(format!("{head}\r\n\r\n{}", &body[..10]).as_bytes()).unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let in_chunks = head.lines().filter(|line| !line.starts_with("content-length")).collect::<Vec<_>>().join("\r\n");
    chunked.write_all(format!("{in_chunks}\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{{\"a\":").as_bytes()).unwrap();
    passes(&gateway, &token);
    assert!(is_closed(slow_body).contains("408"));
    assert!(is_closed(chunked).contains("408"));
    assert!(!is_closed(half).contains("200"));
    is_closed(slow_head);
    idle.into_iter().for_each(|stream| drop(is_closed(stream)));
    passes(&gateway, &token);
}

#[test]
fn beyond_so_many_connections_the_slowest_gives_way() {
    let (go, goes) = switch();
    let (began, begins) = switch();
    let server = Server::start(move |request, out| match request.json()["id"].as_u64() {
        Some(9) => {
            began.send(()).unwrap();
            wait(&goes);
            out.json(&result(&request.json()["id"], "[]"));
        }
        _ => out.json(&result(&request.json()["id"], "[]")),
    });
    // Longer than any test waits: nobody goes because the time is over.
    let long = Duration::from_secs(120);
    let limits = Limits { connections: 4, head_time: long, body_time: long, ..Limits::default() };
    let (gateway, token) = before(&server, limits);
    let host = gateway.address().to_string();
    let mut busy = wire::connect(gateway.address());
    let headers = [("authorization", token.as_str())];
    busy.write_all(wire::request("POST", &host, "/mcp", &headers, &call(9, "read")).as_bytes()).unwrap();
    wait(&begins);
    // Some say nothing, some half of a head, some half of a body.
    let head =
        format!("POST /mcp HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{{");
    let halves = ["", "POST /mcp HT", &head];
    let mut slow: Vec<TcpStream> = Vec::new();
    for number in 0..40 {
        let mut stream = wire::connect(gateway.address());
        stream.write_all(halves[number % 3].as_bytes()).unwrap();
        slow.push(stream);
    }
    passes(&gateway, &token);
    passes(&gateway, &token);
    is_closed(slow.swap_remove(0));
    // Who is being answered stays.
    go.send(()).unwrap();
    assert_eq!(wire::read_answer(&mut BufReader::new(busy)).unwrap().code(), "none");
}

#[test]
fn where_all_are_being_answered_the_next_waits() {
    let (go, goes) = switch();
    let (began, begins) = switch();
    let server = Server::start(move |request, out| {
        if request.json()["id"] == 9 {
            began.send(()).unwrap();
            wait(&goes);
        }
        out.json(&result(&request.json()["id"], "[]"));
    });
    let (gateway, token) = before(&server, Limits { connections: 1, ..Limits::default() });
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| gateway.post("/mcp", &[("authorization", &token)], &call(9, "read")));
        wait(&begins);
        let next = scope.spawn(|| passes(&gateway, &token));
        // Time enough for whoever is let in to be answered.
        std::thread::sleep(Duration::from_millis(300));
        assert!(!next.is_finished(), "it was let in beside the one that is being answered");
        go.send(()).unwrap();
        assert_eq!(busy.join().unwrap().code(), "none");
        next.join().unwrap();
    });
}

#[test]
fn streams_of_news_give_way_as_those_of_sessions_do() {
    let server = Server::start(|request, out| match request.json()["method"].as_str() {
        Some("subscriptions/listen") => {
            out.events("");
            out.wait_until_gone();
        }
        _ => out.json(&result(&request.json()["id"], "[]")),
    });
    let (gateway, token) = before(&server, Limits { connections: 2, ..Limits::default() });
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    let listen = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{{"notifications":{{"toolsListChanged":true}},{meta}}}}}"#
    );
    let head = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "subscriptions/listen")];
    let streams: Vec<wire::Reading> =
        (0..3).map(|_| wire::Reading::of(gateway.address(), "POST", &head, &listen)).collect();
    passes(&gateway, &token);
    drop(streams);
}

#[test]
fn large_bodies_that_stand_still_give_way() {
    let server = Server::echo();
    let long = Duration::from_secs(120);
    let limits = Limits { large_bodies: 1, body_time: long, head_time: long, ..Limits::default() };
    let (gateway, token) = before(&server, limits);
    let host = gateway.address().to_string();
    let head = format!("POST /mcp HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n");
    let padded = |bytes: usize| {
        call(1, "read").replace(r#""arguments":{}"#, &format!(r#""arguments":{{"x":"{}"}}"#, "y".repeat(bytes)))
    };
    let passes = |bytes: usize| {
        let since = Instant::now();
        assert_eq!(gateway.post("/mcp", &[("authorization", &token)], &padded(bytes)).code(), "none");
        assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    };
    // Little of many bodies.
    let part = |bytes: usize| {
        let mut stream = wire::connect(gateway.address());
        let text = format!("{head}content-length: 16000000\r\n\r\n{}", " ".repeat(bytes));
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    let mut still: Vec<TcpStream> = (0..20).map(|_| part(70_000)).collect();
    passes(90_000);
    // And as much of some as there is memory for.
    still.extend((0..4).map(|_| part(5_000_000)));
    passes(900_000);
    assert!(is_closed(still.swap_remove(0)).contains("408"));
}

#[test]
fn what_is_too_large_is_not_read() {
    let server = Server::echo();
    let (gateway, token) =
        before(&server, Limits { large_bodies: 1, head_time: Duration::from_secs(1), ..Limits::default() });
    let host = gateway.address().to_string();
    // Neither when it says so, nor when it does not.
    let mut stated = wire::connect(gateway.address());
    let head = format!("POST /mcp HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n");
    stated.write_all(format!("{head}content-length: {}\r\n\r\n", MESSAGE_BYTES + 1).as_bytes()).unwrap();
    assert!(is_closed(stated).contains("413"));
    let mut unstated = wire::connect(gateway.address());
    unstated.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let piece = format!("100000\r\n{}\r\n", " ".repeat(0x10_0000));
    // It may stop reading in the midst of a piece.
    let _: Vec<_> = (0..18).map_while(|_| unstated.write_all(piece.as_bytes()).ok()).collect();
    is_closed(unstated);
    let mut many = wire::connect(gateway.address());
    let _: std::io::Result<()> = many.write_all(format!("{head}x: {}\r\n\r\n", "y".repeat(100_000)).as_bytes());
    assert!(!is_closed(many).contains("200"));
    // A large body that does not come on keeps nobody waiting.
    let mut large = wire::connect(gateway.address());
    large.write_all(format!("{head}content-length: 200000\r\n\r\n{}", " ".repeat(100_000)).as_bytes()).unwrap();
    passes(&gateway, &token);
    let padded =
        call(1, "read").replace(r#""arguments":{}"#, &format!(r#""arguments":{{"x":"{}"}}"#, "y".repeat(90_000)));
    assert_eq!(gateway.post("/mcp", &[("authorization", &token)], &padded).code(), "none");
    drop(large);
}

#[test]
fn who_reads_nothing_is_cut_off() {
    let (went, goes) = switch();
    let server = Server::start(move |request, out| {
        if request.json()["id"] != 9 {
            return out.json(&result(&request.json()["id"], "[]"));
        }
        out.events("");
        let text = "x".repeat(1 << 20);
        let note = format!(r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"data":"{text}"}}}}"#);
        while out.event(&note).is_ok() {}
        went.send(()).unwrap();
    });
    let (gateway, token) = before(&server, Limits { unread: Duration::from_secs(1), ..Limits::default() });
    let mut deaf = wire::connect(gateway.address());
    let headers = [("authorization", token.as_str())];
    let request = wire::request("POST", &gateway.address().to_string(), "/mcp", &headers, &call(9, "read"));
    deaf.write_all(request.as_bytes()).unwrap();
    passes(&gateway, &token);
    wait(&goes);
    drop(deaf);
}

#[test]
fn a_server_that_is_silent_stops_only_who_asked_it() {
    let server = Server::start(|request, out| match request.json()["id"].as_u64() {
        Some(8) => drop(out.wait_until_gone()),
        Some(9) => {
            out.events("");
            out.wait_until_gone();
        }
        _ => out.json(&result(&request.json()["id"], "[]")),
    });
    let limits = Limits {
        silence: Duration::from_secs(2),
        sign_of_life: Duration::from_millis(200),
        deciding: 2,
        ..Limits::default()
    };
    let (gateway, token) = before(&server, limits);
    let mut waiting = Vec::new();
    for id in [8, 9, 8, 9] {
        let mut stream = wire::connect(gateway.address());
        let headers = [("authorization", token.as_str())];
        let text = wire::request("POST", &gateway.address().to_string(), "/mcp", &headers, &call(id, "read"));
        stream.write_all(text.as_bytes()).unwrap();
        waiting.push(stream);
    }
    passes(&gateway, &token);
    for (number, stream) in waiting.into_iter().enumerate() {
        let answer = wire::read_answer(&mut BufReader::new(stream)).unwrap();
        assert!(answer.body.contains("1502"), "{answer:?}");
        // A client that waits on a stream is written to.
        assert_eq!(
            (answer.status, answer.body.contains(":\n\n")),
            [(502, false), (200, true)][number % 2],
            "{answer:?}"
        );
    }
}

#[test]
fn the_end_waits_for_nobody() {
    let server = Server::start(|_, out| {
        out.events("");
        out.wait_until_gone();
    });
    let (gateway, token) = before(&server, Limits { end: Duration::from_millis(500), ..Limits::default() });
    let reading = wire::Reading::of(gateway.address(), "POST", &[("authorization", &token)], &call(1, "read"));
    let since = Instant::now();
    gateway.stop();
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    drop(reading);
}
