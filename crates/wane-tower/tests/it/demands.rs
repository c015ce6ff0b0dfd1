//! What a request demands is asked of the server's code, about what was received.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::{Router, body::Body, middleware::map_request, routing};
use http::request::Parts;
use tower::{Layer as _, ServiceExt as _};
use wane::{Arguments, Call, Code, Refusal, Request};
use wane_tower::testing::Scene;
use wane_tower::{Admitted, http_call};

use crate::scene::{ask, ask_notes, reading, serve, serve_tool};

#[tokio::test(flavor = "multi_thread")]
async fn the_call_is_the_one_that_was_received_wherever_the_layer_stands() {
    let scene = Scene::new("notes").unwrap();
    let token = scene.mint(&scene.grant(&["read:*"]).unwrap()).unwrap();
    let handler = async |admitted: Admitted| admitted.into_request().call().to_string();
    let notes = Router::new().route("/notes/{id}", routing::get(handler));
    let inside = Router::new().nest("/api", notes.clone().layer(scene.layer(reading)));
    let outside = Router::new().nest("/api", notes).layer(scene.layer(reading));
    for router in [inside, outside] {
        let address = serve(router).await;
        let call = Call::http("GET", "/api/notes/7%2e?b=%20&a=").unwrap();
        let sealed = scene.seal_for(&token, call, Arguments::empty()).unwrap().to_text();
        let request =
            http::Request::get("/api/notes/7%2e?b=%20&a=").header("authorization", format!("Bearer {sealed}"));
        assert_eq!(ask(address, request, "").await.body, "http GET /api/notes/7%2e?b=%20&a=");
    }
}

/// Rewrites the target as a header says.
async fn rewrite(mut request: http::Request<Body>) -> http::Request<Body> {
    if let Some(target) = request.headers().get("x-rewrite") {
        *request.uri_mut() = target.to_str().unwrap().parse().unwrap();
    }
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rewritten_since_a_router_received_it_is_refused() {
    let scene = Scene::new("notes").unwrap();
    let token = scene.sealed(&["read:*"]).unwrap().to_text();
    let seen = async |uri: http::Uri, admitted: Admitted| format!("{} as {uri}", admitted.into_request().call());
    let notes = || {
        let notes = Router::new().route("/", routing::get(seen)).route("/notes", routing::get(seen));
        notes.layer(scene.layer(reading)).layer(map_request(rewrite))
    };
    let flat = serve(notes()).await;
    let deep = serve(Router::new().nest("/v1/{of}", Router::new().nest("/api", notes()))).await;
    let service = serve(Router::new().nest_service("/api/", notes())).await;
    let get = |target: &str| http::Request::get(target).header("authorization", format!("Bearer {token}"));
    let handed_on = [
        (flat, "/notes?a", "/notes?a"),
        (flat, "/notes?", "/notes?"),
        (flat, "/", "/"),
        (deep, "/v1/me/api/notes?a", "/notes?a"),
        (deep, "/v1/me/api", "/"),
        (service, "/api/notes", "/notes"),
        (service, "/api/", "/"),
    ];
    for (address, target, rest) in handed_on {
        assert_eq!(ask(address, get(target), "").await.body, format!("http GET {target} as {rest}"));
        let same = get(target).header("x-rewrite", rest);
        assert_eq!(ask(address, same, "").await.status, 200, "{target}");
    }
    let rewritten = [
        (flat, "/notes?owner=me", "/notes?owner=boss"),
        (flat, "/notes", "/notes?"),
        (flat, "/notes?a", "/notes"),
        (flat, "/notes", "/"),
        (flat, "/notes", "/otes"),
        (flat, "/notes", "/v1/notes"),
        (deep, "/v1/me/api/notes", "/api/notes"),
        (deep, "/v1/me/api/notes", "/v1/me/api/notes"),
        (deep, "/v1/me/api/notes", "/"),
        (service, "/api/notes", "/"),
        (service, "/api/notes", "/salaries"),
    ];
    for (address, target, rewritten) in rewritten {
        let answered = ask(address, get(target).header("x-rewrite", rewritten), "").await;
        assert_eq!(answered.refusal(), (403, "deny-route".into()), "{target} {rewritten}");
    }
    // Outside of the router it is what the router receives.
    let outside = Router::new().fallback_service(map_request(rewrite).layer(notes()));
    let request = get("/other").header("x-rewrite", "/notes").body(Body::empty()).unwrap();
    assert_eq!(outside.oneshot(request).await.unwrap().status(), 403);
    let request = get("/other").header("x-rewrite", "/notes").body(Body::empty()).unwrap();
    assert_eq!(map_request(rewrite).layer(notes()).oneshot(request).await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_demands_refuse_is_asked_of_no_guard() {
    let scene = Scene::new("notes").unwrap();
    let demands =
        |_: &Parts| -> Result<Request, Refusal> { Err(Refusal::new(Code::DenyUnlisted, "path", "this path", "")) };
    let (address, calls) = serve_tool(&scene, demands).await;
    let answered = ask_notes(address, &scene.sealed(&["read:*"]).unwrap().to_text()).await;
    assert_eq!(answered.refusal(), (403, "deny-unlisted".into()));
    assert_eq!(answered.json()["detail"], "the catalogue does not list this path");
    assert!(!answered.headers.contains_key("wane-ledger"));
    assert_eq!(calls.count(), 0);
}

#[test]
fn what_names_no_path_is_no_call() {
    let (head, ()) = http::Request::connect("example.com:443").body(()).unwrap().into_parts();
    assert_eq!(http_call(&head).unwrap_err().code(), Code::DenyRoute);
    let (head, ()) = http::Request::options("*").body(()).unwrap().into_parts();
    assert_eq!(http_call(&head).unwrap_err().code(), Code::DenyRoute);
    let (head, ()) = http::Request::get("http://example.com/a?b").body(()).unwrap().into_parts();
    assert_eq!(http_call(&head).unwrap().to_string(), "http GET /a?b");
    let (head, ()) = http::Request::get(format!("/{}", "a".repeat(4_096))).body(()).unwrap().into_parts();
    assert_eq!(http_call(&head).unwrap_err().code(), Code::ParseLimit);
}

#[test]
fn without_a_runtime_nothing_is_admitted() {
    let scene = Scene::new("notes").unwrap();
    let tools = Router::<()>::new().route("/notes", routing::get(async || "salaries")).layer(scene.layer(reading));
    let token = scene.sealed(&["read:*"]).unwrap().to_text();
    let request = http::Request::get("/notes").header("authorization", format!("Bearer {token}"));
    let answer = pin!(tools.oneshot(request.body(Body::empty()).unwrap()));
    let Poll::Ready(Ok(response)) = answer.poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
    assert_eq!(response.extensions().get::<Code>(), Some(&Code::StateUnreachable));
}
