//! Clients' tokens: where they stand, and where they end.

use super::wire::Server;
use super::{CATALOGUE, Gateway, Setting, call, lent, stateless};
use crate::scene::{Scene, Whose};
use wane_gateway::http::{ServeError, UpstreamHeader};

const SCOPES: [&str; 2] = ["read:*", "send:*"];

/// A call of the older era with a token in its `_meta`.
fn within(token: &str) -> String {
    call(1, "read").replace(r#""arguments""#, &format!(r#""_meta":{{"dev.wane/token":"{token}"}},"arguments""#))
}

#[test]
fn a_token_stands_in_either_place_and_goes_no_further() {
    let scene = Scene::new(CATALOGUE, &SCOPES, &[], Whose::Client);
    let (sealed, unsealed) = (scene.sealed(), scene.token.expose_text());
    let other = Scene::new(CATALOGUE, &SCOPES, &[], Whose::Client).sealed();
    let server = Server::echo();
    let gateway = Gateway::before(scene, &server);
    let bearer = |token: &str| format!("Bearer {token}");
    for (authorization, body, status, code) in [
        (Some(bearer(&sealed)), call(1, "read"), 200, "none"),
        (None, within(&sealed), 200, "none"),
        (Some(bearer(&sealed)), within(&sealed), 200, "none"),
        (Some("Bearer of-the-server".into()), within(&sealed), 200, "none"),
        (Some(bearer(&sealed)), within(&other), 200, "deny-token-place"),
        (None, call(1, "read"), 401, "deny-no-token"),
        (Some("Bearer of-the-server".into()), call(1, "read"), 401, "deny-no-token"),
        (Some(bearer(&other)), call(1, "read"), 401, "chain-unknown-root"),
        (Some(bearer(&unsealed)), call(1, "read"), 401, "chain-unsealed"),
        (None, within(&unsealed), 401, "chain-unsealed"),
        (Some(bearer(&unsealed)), r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.into(), 401, "chain-unsealed"),
        (Some(format!("Basic {sealed}")), call(1, "read"), 403, "deny-token-place"),
    ] {
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        let answer = gateway.post("/mcp", &headers, &body);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{headers:?} {body}");
        assert_eq!(answer.header("www-authenticate"), (status == 401).then_some("Bearer"), "{answer:?}");
        let secret = unsealed.rsplit('.').next().unwrap();
        assert!(!format!("{answer:?}{:?}", gateway.notices()).contains(secret));
        for received in server.take() {
            assert_eq!(code, "none");
            assert!(!format!("{received:?}").contains("wane1."), "{received:?}");
            let theirs = authorization.as_deref().filter(|value| !value.contains("wane1."));
            assert_eq!(received.header("authorization"), theirs);
        }
    }
}

#[test]
fn a_server_that_decides_itself_is_shown_what_came() {
    let scene = Scene::new(CATALOGUE, &SCOPES, &[], Whose::Client);
    let sealed = scene.sealed();
    let server = Server::echo();
    let gateway = Gateway::with(scene, &[("files", &server)], Setting { aware: true, ..Setting::default() });
    let bearer = format!("Bearer {sealed}");
    for (headers, body) in [(vec![], within(&sealed)), (vec![("authorization", bearer.as_str())], call(1, "read"))] {
        assert_eq!(gateway.post("/mcp", &headers, &body).code(), "none");
        let [received] = &server.take()[..] else { panic!("not one request") };
        assert_eq!((received.body.as_str(), received.header("authorization").is_some()), (&*body, !headers.is_empty()));
    }
}

#[test]
fn each_server_has_its_audience_and_only_its_own_credential() {
    let catalogue = format!(
        "{CATALOGUE}\n[server.letters]\naudience = 'mail'\n[server.letters.tool.read]\naction = 'read:mail'\nlevel = 'public'\n"
    );
    let scene = Scene::new(&catalogue, &SCOPES, &[], Whose::Client);
    let bearer = format!("Bearer {}", scene.sealed());
    let (files, mail) = (Server::echo(), Server::echo());
    let headers = vec![UpstreamHeader::new("Authorization", "Bearer hunter2").unwrap()];
    let setting = Setting { headers, ..Setting::default() };
    let gateway = Gateway::with(scene, &[("files", &files), ("letters", &mail)], setting);
    let (mut headers, body) = stateless(1, "read", "");
    headers.push(("authorization", bearer));
    assert_eq!(gateway.post("/files/mcp", &lent(&headers), &body).code(), "none");
    assert_eq!(files.take()[0].header("authorization"), Some("Bearer hunter2"));
    let denied = gateway.post("/letters/mcp", &lent(&headers), &body);
    assert_eq!((denied.status, denied.code().as_str()), (200, "deny-audience"), "{denied:?}");
    assert_eq!(gateway.post("/mcp", &lent(&headers), &body).status, 404);
    assert!(mail.take().is_empty());
    assert!(!format!("{denied:?}").contains("hunter2"));
}

#[test]
fn one_name_is_one_server() {
    let scene = || Scene::new(CATALOGUE, &SCOPES, &[], Whose::Client);
    let server = Server::echo();
    let refused = Gateway::start(scene(), &[], Setting::default()).err();
    assert!(matches!(refused, Some(ServeError::Upstreams(_))));
    let refused = Gateway::start(scene(), &[("files", &server), ("files", &server)], Setting::default()).err();
    assert!(matches!(refused, Some(ServeError::Upstreams(_))));
}
