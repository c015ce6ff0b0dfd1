//! The body that is decided on is the body that the handler has.

use axum::{Router, routing};
use bytes::Bytes;
use http::request::Parts;
use hyper::upgrade::OnUpgrade;
use wane::{Arguments, Level, Refusal, Request};
use wane_tower::testing::Scene;
use wane_tower::{Admitted, Demands, body_passed_on, http_call, whole_body};

use crate::scene::{Calls, Then, ask, forged, reading, send, serve, serve_tool, written};

/// More bytes than this are refused here.
const MOST: usize = 64;

fn writing(head: &Parts, body: &[u8]) -> Result<Request, Refusal> {
    let request = Request::new("notes".parse()?, http_call(head)?, vec!["write:notes".parse()?], Level::Internal)?;
    Ok(request.arguments(Arguments::from_json(body)?))
}

/// A tool that says back what it was sent, and the token for it.
async fn echo(scene: &Scene, demands: impl Demands) -> (std::net::SocketAddr, Calls, String) {
    let calls = Calls::default();
    let handler = {
        let calls = calls.clone();
        move |admitted: Admitted, body: Bytes| async move {
            calls.add();
            drop(admitted.into_request());
            body
        }
    };
    let router = Router::new().route("/notes", routing::post(handler)).layer(scene.layer(demands));
    (serve(router).await, calls, scene.sealed(&["write:* if text like *"]).unwrap().to_text())
}

fn head(token: &str, headers: &str) -> String {
    format!("POST /notes HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{headers}\r\n")
}

/// A JSON object of this many bytes.
fn note(length: usize) -> String {
    format!(r#"{{"text":"{}"}}"#, "a".repeat(length - r#"{"text":""}"#.len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handler_has_the_bytes_that_were_decided_on() {
    let scene = Scene::new("notes").unwrap();
    let (address, calls, token) = echo(&scene, whole_body(MOST, writing)).await;
    let request = || http::Request::post("/notes").header("authorization", format!("Bearer {token}"));
    for body in [note(MOST), "{ \"text\" : \"\\u0061\" }\n".to_owned()] {
        let answered = ask(address, request(), body.clone()).await;
        assert_eq!((answered.status.as_u16(), answered.body), (200, body));
    }
    let refused = [
        (note(MOST + 1), 400, "parse-too-large"),
        (note(100_000), 400, "parse-too-large"),
        (String::new(), 400, "parse-json"),
        (r#"{"text":"a","text":"b"}"#.to_owned(), 400, "parse-json-duplicate"),
        (r#"{"text":1}"#.to_owned(), 403, "deny-argument-type"),
        ("{}".to_owned(), 403, "deny-missing-argument"),
    ];
    for (body, status, code) in refused {
        assert_eq!(ask(address, request(), body).await.refusal(), (status, code.into()));
    }
    assert_eq!(calls.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_are_one_body_and_trailers_are_none() {
    let scene = Scene::new("notes").unwrap();
    let (address, calls, token) = echo(&scene, whole_body(MOST, writing)).await;
    let chunked = head(&token, "Transfer-Encoding: chunked\r\nTrailer: X-Text\r\n");
    let single: String = note(MOST).chars().map(|letter| format!("1\r\n{letter}\r\n")).collect();
    let answer = send(address, format!("{chunked}{single}0\r\nX-Text: b\r\n\r\n"), Then::Wait).await;
    assert_eq!(written(&answer).0, "200", "{answer}");
    assert!(answer.ends_with(&note(MOST)), "{answer}");

    let single: String = note(MOST + 1).chars().map(|letter| format!("1\r\n{letter}\r\n")).collect();
    let answer = send(address, format!("{chunked}{single}0\r\n\r\n"), Then::Wait).await;
    assert_eq!(written(&answer), ("400", Some("parse-too-large")));
    // One that never ends is not waited for.
    let answer = send(address, format!("{chunked}100\r\n{}", "a".repeat(0x100)), Then::Wait).await;
    assert_eq!(written(&answer), ("400", Some("parse-too-large")));
    assert_eq!(calls.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_early_reaches_nobody() {
    let scene = Scene::new("notes").unwrap();
    let (address, calls, token) = echo(&scene, whole_body(MOST, writing)).await;
    let whole = note(20);
    let cases = [
        format!("{}{}", head(&token, "Content-Length: 21\r\n"), whole),
        format!("{}14\r\n{whole}\r\n", head(&token, "Transfer-Encoding: chunked\r\n")),
        format!("{}14\r\n{whole}\r\n0\r\n", head(&token, "Transfer-Encoding: chunked\r\n")),
        format!("{}15\r\n{whole}", head(&token, "Transfer-Encoding: chunked\r\n")),
    ];
    for request in cases {
        let answer = send(address, &request, Then::End).await;
        assert!(answer.is_empty() || written(&answer) == ("400", Some("parse-message")), "{request}{answer}");
        assert_eq!(calls.count(), 0, "{request}");
    }
    // What is no body of HTTP is hyper's to refuse, and reaches nobody either.
    for headers in
        ["Content-Length: 20\r\nContent-Length: 21\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"]
    {
        let answer = send(address, format!("{}{whole}", head(&token, headers)), Then::End).await;
        assert_ne!(written(&answer).0, "200", "{answer}");
        assert_eq!(calls.count(), 0, "{headers}");
    }
    // With both lengths the chunks are what counts, for the decision and for the handler.
    let both = head(&token, "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n");
    let answer = send(address, format!("{both}14\r\n{whole}\r\n0\r\n\r\n"), Then::Wait).await;
    assert!(written(&answer).0 != "200" || answer.ends_with(&whole), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_to_go_on_whose_body_is_not_read() {
    let scene = Scene::new("notes").unwrap();
    let (address, calls, token) = echo(&scene, whole_body(MOST, writing)).await;
    let expecting =
        |token: &str, length: usize| head(token, &format!("Expect: 100-continue\r\nContent-Length: {length}\r\n"));
    let answer = send(address, expecting("", 20), Then::Wait).await;
    assert_eq!(written(&answer), ("401", Some("deny-no-token")), "{answer}");
    let answer = send(address, expecting(&forged(&token), 20), Then::Wait).await;
    assert_eq!(written(&answer), ("401", Some("chain-signature")), "{answer}");
    let answer = send(address, expecting(&token, MOST + 1), Then::Wait).await;
    assert_eq!(written(&answer), ("400", Some("parse-too-large")), "{answer}");
    assert_eq!(calls.count(), 0);
    let answer = send(address, format!("{}{}", expecting(&token, 20), note(20)), Then::Wait).await;
    let rest = answer.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(&answer);
    assert!(written(rest).0 == "200" && rest.ends_with(&note(20)), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demand_about_the_head_has_no_body_behind_it() {
    let scene = Scene::new("notes").unwrap();
    let (address, calls) = serve_tool(&scene, reading).await;
    let token = scene.sealed(&["read:*"]).unwrap().to_text();
    let request = || http::Request::post("/notes").header("authorization", format!("Bearer {token}"));
    assert_eq!(ask(address, request(), "").await.status, 200);
    assert_eq!(ask(address, request(), "a").await.refusal(), (400, "parse-too-large".into()));
    let chunked = head(&token, "Transfer-Encoding: chunked\r\n");
    assert_eq!(written(&send(address, format!("{chunked}0\r\n\r\n"), Then::Wait).await).0, "200");
    let answer = send(address, format!("{chunked}1\r\na\r\n0\r\n\r\n"), Then::Wait).await;
    assert_eq!(written(&answer), ("400", Some("parse-too-large")));
    assert_eq!(calls.count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_passed_on_is_as_long_as_it_is() {
    let scene = Scene::new("notes").unwrap();
    let demands = body_passed_on(|head| {
        Request::new("notes".parse()?, http_call(head)?, vec!["write:uploads".parse()?], Level::Internal)
    });
    let (address, calls, _) = echo(&scene, demands).await;
    let token = scene.sealed(&["write:*"]).unwrap().to_text();
    let request = http::Request::post("/notes").header("authorization", format!("Bearer {token}"));
    let answered = ask(address, request, note(1_000_000)).await;
    assert_eq!((answered.status.as_u16(), answered.body.len()), (200, 1_000_000));
    let other = scene.sealed(&["read:*"]).unwrap().to_text();
    let request = http::Request::post("/notes").header("authorization", format!("Bearer {other}"));
    assert_eq!(ask(address, request, "a").await.refusal(), (403, "deny-scope".into()));
    assert_eq!(calls.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_body_that_is_passed_on_may_be_followed_by_something_else() {
    let scene = Scene::new("notes").unwrap();
    let handler = async |request: http::Request<axum::body::Body>| {
        drop(Admitted::take(request.extensions()).unwrap().into_request());
        let upgrade = request.extensions().get::<OnUpgrade>().is_some();
        format!("{upgrade} {}", request.headers().contains_key("upgrade"))
    };
    let token = scene.sealed(&["read:*"]).unwrap().to_text();
    let request = head(&token, "").replace("Connection: close", "Connection: close, upgrade\r\nUpgrade: echo");
    let decided = scene.layer(whole_body(MOST, |head, _: &[u8]| reading(head)));
    for layer in [decided, scene.layer(reading)] {
        let address = serve(Router::new().route("/notes", routing::post(handler)).layer(layer)).await;
        let answer = send(address, &request, Then::Wait).await;
        assert!(written(&answer).0 == "200" && answer.ends_with("false false"), "{answer}");
    }
    let layer = scene.layer(body_passed_on(reading));
    let address = serve(Router::new().route("/notes", routing::post(handler)).layer(layer)).await;
    let answer = send(address, &request, Then::Wait).await;
    assert!(written(&answer).0 == "200" && answer.ends_with("true true"), "{answer}");
}
