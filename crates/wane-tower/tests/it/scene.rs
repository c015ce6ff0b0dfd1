//! Servers, clients, and a guard that is nobody's but the test's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::{Router, routing};
use bytes::Bytes;
use getrandom::SysRng;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use rand_core::UnwrapErr;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use wane::{Heir, Level, Refusal, Request, RootGrant, Roots, Seal, SealedToken, SecretKey, mint};
use wane_audit::LogSecret;
use wane_ledger::{Guard, GuardOptions, Ledger, MemoryStore, Pace, Volatile};
use wane_tower::testing::{NOW, Scene};
use wane_tower::{Admitted, Demands, http_call};

/// Longer than anything takes on a machine with much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Every request reads notes.
pub(crate) fn reading(head: &Parts) -> Result<Request, Refusal> {
    Request::new("notes".parse()?, http_call(head)?, vec!["read:notes".parse()?], Level::Internal)
}

/// What a handler was asked.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<AtomicUsize>);

impl Calls {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A tool that uses its permit, says what was permitted, and counts.
pub(crate) fn tool(calls: &Calls) -> routing::MethodRouter {
    let calls = calls.clone();
    routing::any(move |admitted: Admitted| async move {
        calls.add();
        admitted.into_request().call().to_string()
    })
}

/// A server of one such tool behind a layer.
pub(crate) async fn serve_tool(scene: &Scene, demands: impl Demands) -> (SocketAddr, Calls) {
    let calls = Calls::default();
    (serve(Router::new().route("/notes", tool(&calls)).layer(scene.layer(demands))).await, calls)
}

pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// The same token with another signature, which nobody has made.
pub(crate) fn forged(token: &str) -> String {
    let mut bytes = SealedToken::parse(token).unwrap().to_bytes();
    *bytes.last_mut().unwrap() ^= 1;
    SealedToken::from_bytes(&bytes).unwrap().to_text()
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// The status and the code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16());
        (self.status.as_u16(), json["code"].as_str().unwrap().to_owned())
    }
}

/// One request of an ordinary client.
pub(crate) async fn ask(address: SocketAddr, request: http::request::Builder, body: impl Into<Bytes>) -> Answered {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let mut request = request.body(Full::new(body.into())).unwrap();
    *request.uri_mut() = format!("http://{address}{}", request.uri()).parse().unwrap();
    let response = tokio::time::timeout(PATIENCE, client.request(request)).await.unwrap().unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answered { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// A request for the notes with this token.
pub(crate) async fn ask_notes(address: SocketAddr, token: &str) -> Answered {
    ask(address, http::Request::get("/notes").header("authorization", format!("Bearer {token}")), "").await
}

/// Sends these bytes, ends or not, and gives back all that comes until the server closes.
pub(crate) async fn send(address: SocketAddr, bytes: impl AsRef<[u8]>, then: Then) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_ref()).await.unwrap();
    if then == Then::End {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    // A server that is sent more than it reads may close with a reset; what it said before counts.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// What a client does once everything is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    End,
    Wait,
}

/// The status of an answer as it is written, and the code in it.
pub(crate) fn written(answer: &str) -> (&str, Option<&str>) {
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or_default();
    let code = answer.split(r#""code":""#).nth(1).and_then(|rest| rest.split('"').next());
    (status, code)
}

/// A guard over a ledger in memory, and a sealed token that it trusts, for so many calls.
pub(crate) fn ordinary(calls: u64) -> (Guard, String) {
    let mut rng = UnwrapErr(SysRng);
    let (store, secret) = (MemoryStore::new(), LogSecret::from_bytes([7; 32]));
    let mut ledger = Ledger::create(Box::new(store.clone()), secret.hint(), None, NOW, Box::new(rng)).unwrap();
    let root = SecretKey::generate(&mut rng);
    let grant = RootGrant::new("notes".parse().unwrap(), NOW, NOW + 600).scope("read:*".parse().unwrap());
    let grant = grant.ledger(ledger.id()).budget("calls".parse().unwrap(), calls);
    let token = mint(&grant, &root, Heir::carried(&mut rng)).unwrap();
    ledger.register(token.chain(), Some(&root.public_key()), NOW).unwrap();
    let options = GuardOptions {
        roots: Roots::single(root.public_key()),
        log_secret: Some(secret),
        checkpoint_key: None,
        volatile: Volatile::Allowed,
        local_approver: None,
        head: None,
        pace: Pace::default(),
        published: Box::new(|_| ()),
        rng: Box::new(rng),
        version: "test".into(),
    };
    let guard = Guard::open(vec![Box::new(store)], options, NOW).unwrap();
    (guard, token.seal(&Seal::new()).unwrap().to_text())
}
