//! Clients that are slow, huge, half open or too many stop nobody else.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;
use wane::limits;

use super::{Serving, read, tool};

fn head(serving: &Serving, path: &str, length: usize) -> String {
    let host = &serving.address;
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// Whether an answer comes while others keep the service waiting.
#[track_caller]
fn is_answered_at_once(serving: &Serving) {
    let began = Instant::now();
    assert_eq!(serving.asks("/v1/check", tool("post")).status, 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn whoever_says_nothing_gives_way_to_whoever_asks() {
    let serving = Serving::start(&["send:*"], &[]);
    // More than there are places: some say nothing, some half of a head, some half of a body.
    let halves = [String::new(), "POST /v1/check HT".to_owned(), head(&serving, "/v1/check", 100) + "{"];
    let mut open: Vec<TcpStream> = Vec::new();
    for number in 0..600 {
        let mut stream = serving.connect();
        stream.write_all(halves[number % halves.len()].as_bytes()).unwrap();
        open.push(stream);
    }
    is_answered_at_once(&serving);
    // The first to come are those who had to go.
    assert_eq!(open[0].read(&mut [0; 1]).unwrap_or(0), 0);
    let metrics = serving.get("/metrics").body;
    let evicted = metrics.lines().find_map(|line| line.strip_prefix("wane_evicted_total ")).unwrap();
    assert!(evicted.parse::<u32>().unwrap() >= 88, "{evicted}");
}

#[test]
fn a_body_has_its_time_and_its_size() {
    let serving = Serving::start(&["send:*"], &[]);
    let mut slow = serving.connect();
    slow.write_all((head(&serving, "/v1/admit", 100) + "{").as_bytes()).unwrap();
    let mut huge = serving.connect();
    huge.write_all(head(&serving, "/v1/admit", limits::REQUEST_BYTES + 1).as_bytes()).unwrap();
    // Refused by its announced length, before a byte of it came.
    assert_eq!(read(huge).code(), (413, "parse-too-large".into()));
    let mut chunked = serving.connect();
    let host = &serving.address;
    write!(chunked, "POST /v1/admit HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    while chunked.write_all(chunk.as_bytes()).is_ok() {}
    let mut half = serving.connect();
    half.write_all((head(&serving, "/v1/admit", 100) + "{").as_bytes()).unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    is_answered_at_once(&serving);
    let late = read(slow);
    assert_eq!(late.code(), (408, "parse-message".into()));
    assert_eq!(late.header("connection"), Some("close"));
    assert!(serving.get("/metrics").body.contains("wane_deciding 0\n"));
}

#[test]
fn a_head_has_its_size() {
    let serving = Serving::start(&["send:*"], &[]);
    let mut stream = serving.connect();
    let host = &serving.address;
    let long = "x".repeat(128 * 1024);
    // It may be refused before it is read to its end.
    let _: std::io::Result<()> = write!(stream, "GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-Long: {long}\r\n\r\n");
    assert_eq!(super::read_status(stream), Some(431));
    is_answered_at_once(&serving);
}

#[test]
fn one_connection_serves_many_questions_in_their_order() {
    let serving = Serving::start(&["send:*", "read:*"], &[]);
    let body = |name: &str| {
        let (kind, call) = tool(name);
        json!({ "token": serving.scene.sealed(), "server": "files", kind: call }).to_string()
    };
    let (post, shell) = (body("post"), body("shell"));
    let mut stream = serving.connect();
    for text in [&post, &shell, &post] {
        write!(stream, "{}{text}", head(&serving, "/v1/check", text.len())).unwrap();
    }
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let (mut all, mut some) = (String::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut some) {
        all.push_str(std::str::from_utf8(&some[..length]).unwrap());
    }
    let statuses: Vec<&str> = all.match_indices("HTTP/1.1 ").map(|(at, _)| &all[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["200", "403", "200", "200"], "{all}");
}

#[test]
fn many_at_once_are_decided_each_for_itself() {
    let serving = Serving::start(&["send:*", "read:*"], &[]);
    std::thread::scope(|scope| {
        let asks: Vec<_> = (0..24)
            .map(|number| {
                let serving = &serving;
                scope.spawn(move || {
                    let name = if number % 2 == 0 { "post" } else { "erase" };
                    (0..8).map(|_| serving.asks("/v1/admit", tool(name)).status).collect::<Vec<_>>()
                })
            })
            .collect();
        for (number, asked) in asks.into_iter().enumerate() {
            let expected = if number % 2 == 0 { 200 } else { 403 };
            assert!(asked.join().unwrap().iter().all(|status| *status == expected));
        }
    });
    let metrics = serving.get("/metrics").body;
    for line in [
        "wane_decisions_total{surface=\"admit\",verdict=\"allow\",code=\"none\"} 96",
        "wane_decisions_total{surface=\"admit\",verdict=\"deny\",code=\"deny-scope\"} 96",
        "wane_decision_seconds_count{surface=\"admit\"} 192",
        "wane_deciding 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
}
