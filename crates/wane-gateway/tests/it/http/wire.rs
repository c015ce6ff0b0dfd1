//! HTTP/1.1 by hand: what goes over a connection is what a test wrote.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// How long anything may take that has to happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// What a server has received.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Where a server writes its answer; until the client has gone it may take its time.
pub(super) struct Out {
    stream: TcpStream,
    closes: bool,
}

impl Out {
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes())?;
        self.stream.flush()
    }

    pub(super) fn json(&mut self, body: &str) {
        self.whole("200 OK", "content-type: application/json\r\n", body);
    }

    pub(super) fn whole(&mut self, status: &str, headers: &str, body: &str) {
        let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
        // Whoever asked may have gone.
        let _: io::Result<()> = self.write(&text);
    }

    /// The head of a stream.
    pub(super) fn events(&mut self, headers: &str) {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{headers}connection: close\r\n\r\n");
        self.write(&head).unwrap();
        self.closes = true;
    }

    pub(super) fn event(&mut self, data: &str) -> io::Result<()> {
        self.write(&format!("data: {data}\n\n"))
    }

    /// Waits until the client has closed its end.
    pub(super) fn wait_until_gone(&mut self) -> bool {
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        matches!(self.stream.read(&mut [0; 64]), Ok(0)) || self.write("x").is_err()
    }
}

type Handler = Box<dyn Fn(&Received, &mut Out) + Send + Sync>;

/// A server on a port of its own; it answers each request on a thread of its own.
pub(super) struct Server {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    pub(super) fn start(handler: impl Fn(&Received, &mut Out) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (all, handler): (_, Arc<Handler>) = (Arc::clone(&received), Arc::new(Box::new(handler)));
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (all, handler) = (Arc::clone(&all), Arc::clone(&handler));
                thread::spawn(move || {
                    let stream = stream.unwrap();
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(request) = read_request(&mut reader) {
                        all.lock().unwrap().push(request.clone());
                        let mut out = Out { stream: stream.try_clone().unwrap(), closes: false };
                        handler(&request, &mut out);
                        if out.closes {
                            break;
                        }
                    }
                    // The listener's other copies are closed with it.
                    let _: io::Result<()> = stream.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        Self { address, received }
    }

    /// One that gives back, as the result, what it was asked.
    pub(super) fn echo() -> Self {
        Self::start(|request, out| match request.json().get("id") {
            Some(id) => out.json(&result(id, "[]")),
            None => out.whole("202 Accepted", "", ""),
        })
    }

    /// The same, as if it listened there.
    pub(super) fn moved(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// What it has received since the last time.
    pub(super) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

pub(super) fn result(id: &Value, content: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":{content}}}}}"#)
}

fn read_head(reader: &mut impl io::BufRead) -> Option<(String, Vec<(String, String)>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let first = line.trim_end().to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Some((first, headers)) };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn length(headers: &[(String, String)]) -> Option<usize> {
    headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse().unwrap())
}

pub(super) fn read_request(reader: &mut impl io::BufRead) -> Option<Received> {
    let (first, headers) = read_head(reader)?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut body = vec![0; length(&headers).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Received { method, path, headers, body: String::from_utf8(body).unwrap() })
}

/// What a client was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Its message; the last one where it has several.
    pub(super) fn json(&self) -> Value {
        let last = self.body.lines().filter_map(|line| line.strip_prefix("data: ")).next_back();
        serde_json::from_str(last.unwrap_or(&self.body)).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of a denial, in a result or an error.
    pub(super) fn code(&self) -> String {
        let json = self.json();
        let denied = |part: &Value| part["dev.wane/denied"]["code"].as_str().map(str::to_owned);
        denied(&json["result"]["_meta"]).or_else(|| denied(&json["error"]["data"])).unwrap_or_else(|| "none".into())
    }
}

/// A request as it goes over the wire.
pub(super) fn request(method: &str, host: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        text.push_str(&format!("host: {host}\r\n"));
    }
    if method == "POST" && !headers.iter().any(|(name, _)| *name == "content-type") {
        text.push_str("content-type: application/json\r\n");
    }
    for (name, value) in headers.iter().chain(&[("accept", "application/json, text/event-stream")]) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()));
    text
}

pub(super) fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    ask(address, "POST", path, headers, body)
}

pub(super) fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = connect(address);
    stream.write_all(request(method, &address.to_string(), path, headers, body).as_bytes()).unwrap();
    read_answer(&mut BufReader::new(stream)).unwrap_or_else(|| panic!("no answer"))
}

pub(super) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A whole answer; nothing where the connection was closed instead.
pub(super) fn read_answer(reader: &mut impl io::BufRead) -> Option<Answer> {
    let (first, headers) = read_head(reader)?;
    let status = first.split(' ').nth(1)?.parse().ok()?;
    let body = match length(&headers) {
        Some(length) => {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            body
        }
        None => {
            let mut body = Vec::new();
            while let Some(chunk) = read_chunk(reader) {
                body.extend_from_slice(&chunk);
            }
            body
        }
    };
    Some(Answer { status, headers, body: String::from_utf8(body).unwrap() })
}

fn read_chunk(reader: &mut impl io::BufRead) -> Option<Vec<u8>> {
    let mut size = String::new();
    reader.read_line(&mut size).ok()?;
    let size = usize::from_str_radix(size.trim_end(), 16).ok().filter(|size| *size > 0)?;
    let mut chunk = vec![0; size + 2];
    reader.read_exact(&mut chunk).ok()?;
    chunk.truncate(size);
    Some(chunk)
}

/// A stream that is read event by event.
pub(super) struct Reading {
    pub(super) headers: Vec<(String, String)>,
    reader: BufReader<TcpStream>,
    text: String,
}

impl Reading {
    pub(super) fn of(address: SocketAddr, method: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut stream = connect(address);
        stream.write_all(request(method, &address.to_string(), "/mcp", headers, body).as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let (first, headers) = read_head(&mut reader).unwrap();
        assert!(first.contains("200"), "{first}");
        Self { headers, reader, text: String::new() }
    }

    /// The next event as it is written, comments left out; nothing where the stream has ended.
    pub(super) fn event(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if event != ":" {
                    return Some(event);
                }
                continue;
            }
            let chunk = read_chunk(&mut self.reader)?;
            self.text.push_str(&String::from_utf8(chunk).unwrap());
        }
    }

    /// The message of the next event.
    pub(super) fn message(&mut self) -> Value {
        let event = self.event().expect("the stream has ended");
        let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {event}"))
    }
}

/// A switch that a handler waits for.
pub(super) fn switch() -> (mpsc::Sender<()>, Mutex<mpsc::Receiver<()>>) {
    let (sender, receiver) = mpsc::channel();
    (sender, Mutex::new(receiver))
}

pub(super) fn wait(switch: &Mutex<mpsc::Receiver<()>>) {
    switch.lock().unwrap().recv_timeout(PATIENCE).unwrap();
}
