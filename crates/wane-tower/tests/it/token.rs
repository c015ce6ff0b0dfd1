//! Which `Authorization` is taken, and what becomes of it.

use axum::{Router, routing};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::HeaderMap;
use wane_tower::Admitted;
use wane_tower::testing::Scene;

use crate::scene::{Calls, Then, ask, ask_notes, forged, reading, send, serve, serve_tool, written};

#[tokio::test(flavor = "multi_thread")]
async fn one_sealed_token_is_taken_and_everything_else_is_not() {
    let scene = Scene::new("notes").unwrap();
    let (address, calls) = serve_tool(&scene, reading).await;
    let token = scene.mint(&scene.grant(&["read:*"]).unwrap()).unwrap();
    let (unsealed, sealed) = (token.expose_text().to_string(), scene.sealed(&["read:*"]).unwrap());
    let text = sealed.to_text();
    let body = text.strip_prefix("wane1.sealed.").unwrap();
    // A sealed chain with a secret behind it: `[[envelope, …], secret]` where `[[envelope, …]]` was.
    let (mut leaky, bytes) = (vec![0x82], sealed.to_bytes());
    leaky.extend_from_slice(&bytes[1..]);
    leaky.extend([0x58, 0x20]);
    leaky.extend([7; 32]);
    let leaky = format!("wane1.sealed.{}", Base64UrlUnpadded::encode_string(&leaky));
    let key = wane::SecretKey::from_seed([9; 32]).public_key();

    let one = |value: String| format!("Authorization: {value}\r\n");
    let cases = [
        (one(format!("Bearer {text}")), "200", None),
        (format!("authorization:Bearer {text} \t \r\n"), "200", None),
        // RFC 9110 has schemes in any case, and one space or more.
        (one(format!("bearer {text}")), "200", None),
        (one(format!("BEARER   {text}")), "200", None),
        (String::new(), "401", Some("deny-no-token")),
        (format!("Proxy-Authorization: Bearer {text}\r\n"), "401", Some("deny-no-token")),
        (one(String::new()), "401", Some("deny-no-token")),
        (one("Bearer".into()), "401", Some("deny-no-token")),
        (one(format!("Bearer\t{text}")), "401", Some("deny-no-token")),
        (one(text.clone()), "401", Some("deny-no-token")),
        (one(format!("Basic {text}")), "401", Some("deny-no-token")),
        (one(format!("Bearer,Bearer {text}")), "401", Some("deny-no-token")),
        (one(format!("Bearer \t{text}")), "400", Some("parse-text")),
        (one(format!("Bearer {text},")), "400", Some("parse-text")),
        (one(format!("Bearer {text}, Bearer {text}")), "400", Some("parse-text")),
        (one(format!("Bearer {text} {text}")), "400", Some("parse-text")),
        (one(format!("Bearer \"{text}\"")), "400", Some("parse-text")),
        (one(format!("Bearer {text}=")), "400", Some("parse-text")),
        (one(format!("Bearer Wane1.sealed.{body}")), "400", Some("parse-text")),
        (one("Bearer eyJhbGciOiJub25lIn0.e30.".into()), "400", Some("parse-text")),
        (one(format!("Bearer {text}é")), "400", Some("parse-text")),
        (one(format!("Bearer {}", "A".repeat(40_000))), "400", Some("parse-too-large")),
        (one(format!("Bearer {text}")).repeat(2), "400", Some("parse-text")),
        (one(format!("Bearer {text}")) + &one("Basic eDp5".into()), "400", Some("parse-text")),
        (one("Basic eDp5".into()) + &one(format!("Bearer {text}")), "400", Some("parse-text")),
        (one(format!("Bearer wane1.token.{body}")), "400", Some("parse-prefix")),
        (one(format!("Bearer {key}")), "400", Some("parse-prefix")),
        (one(format!("Bearer {}", &text[..text.len() - 8])), "400", Some("parse-truncated")),
        (one(format!("Bearer {unsealed}")), "401", Some("chain-unsealed")),
        (one(format!("Bearer {leaky}")), "401", Some("chain-carries-secret")),
    ];
    let mut expected = 0;
    for (headers, status, code) in cases {
        let request = format!("GET /notes HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
        let answer = send(address, request, Then::Wait).await;
        assert_eq!(written(&answer), (status, code), "{headers}{answer}");
        assert_eq!(answer.contains("www-authenticate: Bearer"), status == "401", "{answer}");
        for secret in [&body[body.len() - 40..], &unsealed[unsealed.len() - 40..], "eDp5", "eyJhb"] {
            assert!(!answer.contains(secret), "{answer}");
        }
        expected += usize::from(status == "200");
        assert_eq!(calls.count(), expected, "{headers}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_behind_the_layer_sees_the_token() {
    let scene = Scene::new("notes").unwrap();
    let names = |headers: HeaderMap, admitted: Admitted| async move {
        drop(admitted.into_request());
        let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
        names.sort();
        names.join(" ")
    };
    let demands = |head: &http::request::Parts| {
        assert!(!head.headers.contains_key("authorization"));
        reading(head)
    };
    let address = serve(Router::new().route("/notes", routing::get(names)).layer(scene.layer(demands))).await;
    let token = scene.sealed(&["read:*"]).unwrap().to_text();
    let request =
        http::Request::get("/notes").header("authorization", format!("Bearer {token}")).header("x-other", "1");
    assert_eq!(ask(address, request, "").await.body, "host x-other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_does_not_verify_is_refused() {
    let scene = Scene::new("notes").unwrap();
    let demanded = Calls::default();
    let demands = {
        let demanded = demanded.clone();
        move |head: &http::request::Parts| {
            demanded.add();
            reading(head)
        }
    };
    let (address, calls) = serve_tool(&scene, demands).await;
    let sealed = scene.sealed(&["read:*"]).unwrap();
    let answered = ask_notes(address, &forged(&sealed.to_text())).await;
    assert_eq!(answered.refusal(), (401, "chain-signature".into()));
    assert_eq!(demanded.count(), 0, "the server's code is asked about nobody's request");
    assert_eq!(answered.headers["www-authenticate"], r#"Bearer error="invalid_token""#);
    let other = Scene::new("mail").unwrap();
    // The same key made it, for another audience; it opened its session in another ledger, which is seen later.
    let answered = ask_notes(address, &other.sealed(&["read:*"]).unwrap().to_text()).await;
    assert_eq!(answered.refusal(), (403, "deny-audience".into()));
    assert_eq!(calls.count(), 0);
    assert_eq!(ask_notes(address, &sealed.to_text()).await.status, 200);
}
