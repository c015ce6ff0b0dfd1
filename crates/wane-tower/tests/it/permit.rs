//! A permit is taken once and used up, or the answer is a 500.

use std::convert::Infallible;

use axum::response::{IntoResponse as _, Redirect};
use axum::{Router, body::Body, routing};
use http::{Response, StatusCode};
use tower::{ServiceBuilder, ServiceExt as _, service_fn};
use wane::Permit;
use wane_tower::Admitted;
use wane_tower::testing::Scene;

use crate::scene::{Answered, ask, ask_notes, reading, serve};

/// The answer of a handler behind a layer, for a request that is admitted.
async fn behind_a_layer(handler: routing::MethodRouter) -> Answered {
    let scene = Scene::new("notes").unwrap();
    let address = serve(Router::new().route("/notes", handler).layer(scene.layer(reading))).await;
    ask_notes(address, &scene.sealed(&["read:*"]).unwrap().to_text()).await
}

fn misuse(answered: &Answered, how: &str) {
    let json = answered.json();
    assert_eq!(answered.refusal(), (500, "use-permit".into()));
    assert_eq!(json["detail"], format!("a handler takes the permit of its request once and uses it up: {how}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_the_permit_is_thrown_away() {
    let answered = behind_a_layer(routing::get(async || "salaries")).await;
    misuse(&answered, "the handler did not take it");
    assert!(!answered.body.contains("salaries"));
    let answered = behind_a_layer(routing::get(async || Redirect::to("/salaries"))).await;
    misuse(&answered, "the handler did not take it");
    assert!(!answered.headers.contains_key("location"));
    let taken = async |admitted: Admitted| format!("{:?}", admitted.permit().mark().level());
    misuse(&behind_a_layer(routing::get(taken)).await, "the handler took it and did not use it up");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_needs_no_permit() {
    let answered = behind_a_layer(routing::get(async || (StatusCode::NOT_FOUND, "no such note"))).await;
    assert_eq!((answered.status.as_u16(), &*answered.body), (404, "no such note"));
    assert_eq!(behind_a_layer(routing::post(async || "")).await.status, 405);
    let answered = behind_a_layer(routing::get(async || StatusCode::BAD_GATEWAY.into_response())).await;
    assert_eq!(answered.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_is_used_or_passed_on() {
    let used = async |admitted: Admitted| {
        assert!(admitted.record().is_some());
        admitted.into_request().actions()[0].to_string()
    };
    assert_eq!(behind_a_layer(routing::get(used)).await.body, "read:notes");
    let passed_on = async |admitted: Admitted| {
        let forward = |permit: Permit| permit.into_request().call().to_string();
        forward(admitted.into_permit())
    };
    assert_eq!(behind_a_layer(routing::get(passed_on)).await.body, "http GET /notes");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_it_twice() {
    let twice = async |first: Admitted, second: Admitted| {
        drop((first.into_request(), second.into_request()));
        "salaries"
    };
    misuse(&behind_a_layer(routing::get(twice)).await, "it was taken before");
    // A copy of the request, as layers that try again make it, has no second permit.
    let copies = async |request: http::Request<Body>| {
        let copy = request.extensions().clone();
        let first = Admitted::take(request.extensions()).unwrap();
        let taken = Admitted::take(&copy).unwrap_err();
        drop(first.into_request());
        let used = Admitted::take(request.extensions()).unwrap_err();
        format!("{} {}", taken.code(), used.code())
    };
    assert_eq!(behind_a_layer(routing::get(copies)).await.body, "use-permit use-permit");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_layer_there_is_no_permit() {
    let handler = async |admitted: Admitted| admitted.into_request().call().to_string();
    let scene = Scene::new("notes").unwrap();
    // A route that is added behind the layer's back has none before it.
    let inner = Router::new().route("/notes", routing::get(handler)).layer(scene.layer(reading));
    let address = serve(inner.route("/other", routing::get(handler))).await;
    let token = scene.sealed(&["read:*"]).unwrap().to_text();
    assert_eq!(ask_notes(address, &token).await.status, 200);
    let request = http::Request::get("/other").header("authorization", format!("Bearer {token}"));
    misuse(&ask(address, request, "").await, "no layer stands before this handler");
}

#[tokio::test]
async fn any_service_of_http_requests_can_be_behind_it() {
    let scene = Scene::new("notes").unwrap();
    let service =
        ServiceBuilder::new().layer(scene.layer(reading)).service(service_fn(async |request: http::Request<_>| {
            let _: &wane_tower::Body<String> = request.body();
            let admitted = Admitted::take(request.extensions()).unwrap();
            Ok::<_, Infallible>(Response::new(admitted.into_request().call().to_string()))
        }));
    let request = http::Request::get("/notes");
    let request = request.header("authorization", format!("Bearer {}", scene.sealed(&["read:*"]).unwrap().to_text()));
    let response = service.oneshot(request.body(String::new()).unwrap()).await.unwrap();
    assert!(matches!(response.body(), http_body_util::Either::Right(body) if body == "http GET /notes"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_takes_nothing_else_along() {
    let scene = Scene::new("notes").unwrap();
    let handler = async |uri: http::Uri, admitted: Admitted| {
        assert!(uri.query().is_none(), "provoked by the test");
        drop(admitted.into_request());
    };
    let layer = scene.layer(reading).most_waiting(1);
    let address = serve(Router::new().route("/notes", routing::get(handler)).layer(layer)).await;
    let token = scene.sealed(&["read:*"]).unwrap().to_text();
    for _ in 0..3 {
        let head = format!("GET /notes?panic HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
        assert_eq!(crate::scene::send(address, head, crate::scene::Then::Wait).await, "");
        assert_eq!(ask_notes(address, &token).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_two_layers_nothing_is_admitted_twice() {
    let scene = Scene::new("notes").unwrap();
    let handler = async |admitted: Admitted| admitted.into_request().call().to_string();
    let layer = scene.layer(reading);
    let address = serve(Router::new().route("/notes", routing::get(handler)).layer(layer.clone()).layer(layer)).await;
    // The outer one has taken the token away.
    let answered = ask_notes(address, &scene.sealed(&["read:*"]).unwrap().to_text()).await;
    assert_eq!(answered.refusal(), (401, "deny-no-token".into()));
}
