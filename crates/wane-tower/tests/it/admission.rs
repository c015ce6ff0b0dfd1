//! What the guard answers, for many at once, and when it is not there.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use axum::{Router, body::Body};
use http::request::Parts;
use tower::ServiceExt as _;
use wane::{Arguments, Call, Code, Level, Refusal, Request, Seal};
use wane_tower::testing::{NOW, Scene};
use wane_tower::{AdmitLayer, http_call};

use crate::scene::{Calls, PATIENCE, ask, ask_notes, forged, ordinary, reading, serve, serve_tool, tool};

fn costly(head: &Parts) -> Result<Request, Refusal> {
    Ok(reading(head)?.cost("calls".parse()?, 1))
}

fn budgeted(scene: &Scene, calls: u64) -> String {
    let grant = scene.grant(&["read:*"]).unwrap().ledger(scene.ledger()).budget("calls".parse().unwrap(), calls);
    scene.mint(&grant).unwrap().seal(&Seal::new()).unwrap().to_text()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_at_once_a_budget_of_ten_lets_ten_through() {
    let scene = Scene::new("notes").unwrap();
    let (address, calls) = serve_tool(&scene, costly).await;
    let token = budgeted(&scene, 10);
    let asked: Vec<_> = (0..100)
        .map(|_| {
            let token = token.clone();
            tokio::spawn(async move { ask_notes(address, &token).await })
        })
        .collect();
    let mut admitted = 0;
    for asked in asked {
        let answered = asked.await.unwrap();
        if answered.status == 200 {
            admitted += 1;
        } else {
            assert_eq!(answered.refusal(), (403, "deny-budget".into()));
        }
    }
    assert_eq!((admitted, calls.count()), (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_for_one_request_serves_once_and_for_no_other() {
    let scene = Scene::new("notes").unwrap();
    let (address, calls) = serve_tool(&scene, reading).await;
    let token = scene.mint(&scene.grant(&["read:*"]).unwrap()).unwrap();
    let call = Call::http("GET", "/notes?after=7").unwrap();
    let sealed = scene.seal_for(&token, call, Arguments::empty()).unwrap().to_text();
    let request = |uri: &str| http::Request::get(uri).header("authorization", format!("Bearer {sealed}"));
    for other in ["/notes", "/notes?after=8", "/notes?after=%37"] {
        assert_eq!(ask(address, request(other), "").await.refusal(), (403, "deny-other-request".into()));
    }
    assert_eq!(ask(address, request("/notes?after=7"), "").await.body, "http GET /notes?after=7");
    let again = ask(address, request("/notes?after=7"), "").await;
    assert_eq!(again.refusal(), (503, "state-used".into()));
    assert_eq!(again.json()["retry"], "renew");
    assert_eq!(calls.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_counts_for_the_next_request() {
    let scene = Scene::new("notes").unwrap();
    let demands = |head: &Parts| {
        let (action, level) = match head.uri.path() {
            "/salaries" => ("read:salaries", Level::Restricted),
            _ => ("write:notes", Level::Public),
        };
        Request::new("notes".parse()?, http_call(head)?, vec![action.parse()?], level)
    };
    let calls = Calls::default();
    let tools = Router::new().route("/salaries", tool(&calls)).route("/notes", tool(&calls));
    let address = serve(tools.layer(scene.layer(demands))).await;
    let token = scene.sealed(&["read:*", "write:*"]).unwrap().to_text();
    assert_eq!(ask_notes(address, &token).await.status, 200);
    let request = http::Request::get("/salaries").header("authorization", format!("Bearer {token}"));
    assert_eq!(ask(address, request, "").await.status, 200);
    let answered = ask_notes(address, &token).await;
    assert_eq!(answered.refusal(), (403, "deny-ratchet".into()));
    assert_eq!(answered.json()["type"], "tag:wane.dev,2026:deny-ratchet");
    assert_eq!(calls.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_approval_names_the_request() {
    let scene = Scene::new("notes").unwrap();
    let (address, calls) = serve_tool(&scene, reading).await;
    let grant = scene.grant(&["read:*"]).unwrap().ledger(scene.ledger()).ask("read:notes by @local".parse().unwrap());
    let token = scene.mint(&grant).unwrap();
    let sealed = token.seal(&Seal::new()).unwrap().to_text();
    let answered = ask_notes(address, &sealed).await;
    assert_eq!(answered.refusal(), (403, "deny-needs-approval".into()));
    let json = answered.json();
    let audience = "notes".parse().unwrap();
    let call = Call::http("GET", "/notes").unwrap();
    let digest = wane::request_digest(&audience, &call, &Arguments::empty(), [].into_iter());
    assert_eq!(json["request"], wane::BlockId::from_bytes(digest).to_string());
    assert_eq!(json["retry"], "approve");
    assert_eq!(calls.count(), 0);

    // Approved, the same request is admitted once, and another one is not.
    assert_eq!(scene.approve().unwrap(), 1);
    let other = http::Request::get("/notes?all").header("authorization", format!("Bearer {sealed}"));
    assert_eq!(ask(address, other, "").await.refusal(), (403, "deny-needs-approval".into()));
    assert_eq!(ask_notes(address, &sealed).await.status, 200);
    assert_eq!(ask_notes(address, &sealed).await.refusal(), (403, "deny-needs-approval".into()));
    assert_eq!(calls.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_forgets_says_so_in_every_answer_it_gave() {
    let scene = Scene::new("notes").unwrap();
    let (address, _) = serve_tool(&scene, reading).await;
    for (scope, status) in [("read:*", 200), ("write:*", 403)] {
        let answered = ask_notes(address, &scene.sealed(&[scope]).unwrap().to_text()).await;
        assert_eq!(
            (answered.status.as_u16(), &answered.headers["wane-ledger"]),
            (status, &"volatile".parse().unwrap())
        );
    }
    assert!(!ask(address, http::Request::get("/notes"), "").await.headers.contains_key("wane-ledger"));
}

#[tokio::test(flavor = "multi_thread")]
async fn once_the_guard_is_closed_nothing_is_admitted() {
    let (guard, token) = ordinary(10);
    let guard = Arc::new(guard);
    let calls = Calls::default();
    let layer = AdmitLayer::new(&guard, costly, || NOW);
    let address = serve(Router::new().route("/notes", tool(&calls)).layer(layer)).await;
    assert_eq!(ask_notes(address, &token).await.status, 200);
    // The answer is out, so nobody else holds it for longer than it takes to let it go.
    let mut held = guard;
    let guard = loop {
        match Arc::try_unwrap(held) {
            Ok(guard) => break guard,
            Err(shared) => held = shared,
        }
        tokio::task::yield_now().await;
    };
    guard.close(NOW).unwrap();
    assert_eq!(ask_notes(address, &token).await.refusal(), (503, "state-unreachable".into()));
    assert_eq!(calls.count(), 1);
}

/// A clock that is asked while an admission holds its place: it tells the test so, and stands until it is let go. The first time it
/// is asked a token is verified, and the second time it is the admission.
fn standing() -> (impl Fn() -> u64 + Send + Sync + 'static, Receiver<()>, Sender<()>) {
    let (asked, is_asked) = channel();
    let (go, let_go) = channel::<()>();
    let let_go = Mutex::new(let_go);
    let times = AtomicUsize::new(0);
    let clock = move || {
        if times.fetch_add(1, Ordering::SeqCst) == 1 {
            asked.send(()).unwrap();
            // The test lets everything go by ending as well.
            let _ = let_go.lock().unwrap().recv();
        }
        NOW
    };
    (clock, is_asked, go)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_wait() {
    let (guard, token) = ordinary(1);
    let guard = Arc::new(guard);
    let (clock, is_asked, go) = standing();
    let calls = Calls::default();
    let layer = AdmitLayer::new(&guard, costly, clock).most_waiting(1);
    let address = serve(Router::new().route("/notes", tool(&calls)).layer(layer)).await;
    let first = tokio::spawn({
        let token = token.clone();
        async move { ask_notes(address, &token).await }
    });
    tokio::task::spawn_blocking(move || is_asked.recv_timeout(PATIENCE).map(|()| is_asked)).await.unwrap().unwrap();
    let answered = ask_notes(address, &token).await;
    assert_eq!(answered.refusal(), (503, "state-locked".into()));
    assert_eq!(answered.json()["retry"], "renew");
    go.send(()).unwrap();
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(calls.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_free_again_and_none_is_as_few() {
    let scene = Scene::new("notes").unwrap();
    let token = scene.sealed(&["read:*"]).unwrap().to_text();
    let calls = Calls::default();
    let serve_with =
        |most| serve(Router::new().route("/notes", tool(&calls)).layer(scene.layer(reading).most_waiting(most)));
    let (one, none, all) = (serve_with(1).await, serve_with(0).await, serve_with(usize::MAX).await);
    for _ in 0..3 {
        assert_eq!(ask_notes(one, &token).await.status, 200);
        assert_eq!(ask_notes(none, &token).await.refusal(), (503, "state-locked".into()));
        // Whoever has no genuine token asks for no place.
        assert_eq!(ask_notes(none, &forged(&token)).await.refusal(), (401, "chain-signature".into()));
        assert_eq!(ask_notes(all, &token).await.status, 200);
    }
    assert_eq!(calls.count(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_given_up_may_be_charged_and_is_not_made() {
    let (guard, token) = ordinary(1);
    let guard = Arc::new(guard);
    let (clock, is_asked, go) = standing();
    let calls = Calls::default();
    let layer = AdmitLayer::new(&guard, costly, clock).most_waiting(1);
    let service = Router::new().route("/notes", tool(&calls)).layer(layer);
    let request = || {
        let request = http::Request::get("/notes").header("authorization", format!("Bearer {token}"));
        request.body(Body::empty()).unwrap()
    };
    let given_up = tokio::spawn(service.clone().oneshot(request()));
    let is_asked =
        tokio::task::spawn_blocking(move || is_asked.recv_timeout(PATIENCE).map(|()| is_asked)).await.unwrap().unwrap();
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    // Its place is not free before the guard has answered, so that nobody fills the threads by going away.
    let second = tokio::time::timeout(PATIENCE, service.clone().oneshot(request())).await;
    assert_eq!(second.unwrap().unwrap().status(), 503);
    go.send(()).unwrap();
    drop(go);
    let until = std::time::Instant::now() + PATIENCE;
    let response = loop {
        let response = service.clone().oneshot(request()).await.unwrap();
        if response.status() != 503 || std::time::Instant::now() > until {
            break response;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(response.extensions().get::<Code>(), Some(&Code::DenyBudget));
    assert_eq!(calls.count(), 0);
    drop(is_asked);
}
