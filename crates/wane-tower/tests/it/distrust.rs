//! What `testing` makes is trusted nowhere else.

use std::sync::Arc;

use axum::Router;
use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Code, Heir, Narrowing, RootGrant, Roots, Seal, SecretKey, limits, verify};
use wane_tower::AdmitLayer;
use wane_tower::testing::{NOW, Scene};

use crate::scene::{Calls, ask_notes, ordinary, reading, serve, tool};

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_guard_knows_no_such_root() {
    let scene = Scene::new("notes").unwrap();
    let (guard, own) = ordinary(10);
    let guard = Arc::new(guard);
    let calls = Calls::default();
    let costly = |head: &http::request::Parts| Ok(reading(head)?.cost("calls".parse()?, 1));
    let layer = AdmitLayer::new(&guard, costly, || NOW);
    let address = serve(Router::new().route("/notes", tool(&calls)).layer(layer)).await;
    assert_eq!(ask_notes(address, &own).await.status, 200);
    let token = scene.mint(&scene.grant(&["*"]).unwrap()).unwrap();
    let child = token.attenuate(&Narrowing::new(), Heir::carried(&mut UnwrapErr(SysRng))).unwrap();
    let child = child.seal(&Seal::new()).unwrap();
    for sealed in [scene.sealed(&["read:*"]).unwrap(), token.seal(&Seal::new()).unwrap(), child] {
        let answered = ask_notes(address, &sealed.to_text()).await;
        assert_eq!(answered.refusal(), (401, "chain-unknown-root".into()));
    }
    assert_eq!(calls.count(), 1);
}

#[test]
fn no_key_that_examples_use_is_the_scenes() {
    let sealed = Scene::new("notes").unwrap().sealed(&["read:*"]).unwrap();
    for byte in 0..=u8::MAX {
        let roots = Roots::single(SecretKey::from_seed([byte; 32]).public_key());
        assert_eq!(verify(&sealed, &roots).unwrap_err().code(), Code::ChainUnknownRoot, "{byte}");
    }
}

#[test]
fn no_token_outlives_its_day() {
    let scene = Scene::new("notes").unwrap();
    for (expires_at, lives) in [(NOW + 86_400, true), (NOW + 86_401, false), (limits::TIME_MAX, false)] {
        let grant = RootGrant::new("notes".parse().unwrap(), NOW, expires_at).scope("read:*".parse().unwrap());
        let minted = scene.mint(&grant).map(|_| ()).map_err(|refusal| refusal.code());
        assert_eq!(minted, if lives { Ok(()) } else { Err(Code::ChainExpiry) }, "{expires_at}");
    }
}
