//! A gateway with a token of its own, and who may use it.

use std::io::{BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane_gateway::http::{Bearer, Door, Listen, Reach, ServeError};

use super::wire::{self, Server};
use super::{CATALOGUE, Gateway, Setting, call};
use crate::scene::{Scene, Whose};

fn scene() -> Scene {
    Scene::new(CATALOGUE, &["read:*", "send:*"], &[], Whose::Gateway)
}

#[test]
fn a_bearer_opens_and_no_token_does() {
    let bearer = Bearer::generate(&mut UnwrapErr(SysRng));
    let right = format!("Bearer {}", bearer.expose_text());
    let wrong = format!("Bearer {}", Bearer::generate(&mut UnwrapErr(SysRng)).expose_text());
    let scene = scene();
    let sealed = scene.sealed();
    let server = Server::echo();
    let setting = Setting { door: Door::Bearer(bearer), ..Setting::default() };
    let gateway = Gateway::with(scene, &[("files", &server)], setting);
    let of_client = format!("Bearer {sealed}");
    for shown in [None, Some(wrong.as_str()), Some(of_client.as_str()), Some("Bearer "), Some(&right[..20])] {
        let headers: Vec<_> = shown.into_iter().map(|shown| ("authorization", shown)).collect();
        for path in ["/mcp", "/elsewhere"] {
            let answer = gateway.post(path, &headers, &call(1, "read"));
            assert_eq!((answer.status, answer.code().as_str()), (401, "deny-no-token"), "{shown:?}");
        }
    }
    assert!(server.take().is_empty());
    let headers = [("authorization", right.as_str())];
    assert_eq!(gateway.post("/mcp", &headers, &call(1, "read")).code(), "none");
    let [received] = &server.take()[..] else { panic!("not one request") };
    assert!(received.header("authorization").is_none() && !received.body.contains("wane1."), "{received:?}");
    let meta = format!(r#""_meta":{{"dev.wane/token":"{sealed}"}},"arguments""#);
    let answer = gateway.post("/mcp", &headers, &call(2, "read").replace(r#""arguments""#, &meta));
    assert_eq!(answer.code(), "deny-token-place");
    let answer = gateway.post("/mcp", &[headers[0], ("x-token", &sealed)], &call(2, "read"));
    assert_eq!((answer.status, answer.code().as_str()), (403, "deny-token-place"));
    assert!(server.take().is_empty());
}

#[test]
fn a_socket_is_its_users_alone() {
    let folder = std::env::temp_dir().join(format!("wane-http-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("gate.sock");
    // What somebody left behind is replaced.
    drop(UnixListener::bind(&path).unwrap());
    let scene = scene();
    let sealed = format!("Bearer {}", scene.sealed());
    let server = Server::echo();
    let setting = || Setting { listen: Listen::Socket(path.clone()), ..Setting::default() };
    let gateway = Gateway::with(scene, &[("files", &server)], setting());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let ask = |headers: &[(&str, &str)]| {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(wire::request("POST", "localhost", "/mcp", headers, &call(1, "read")).as_bytes()).unwrap();
        wire::read_answer(&mut BufReader::new(stream)).unwrap()
    };
    assert_eq!(ask(&[]).code(), "none");
    assert_eq!(ask(&[("authorization", "Bearer of-the-server")]).code(), "none");
    let received = server.take();
    assert_eq!(received[1].header("authorization"), Some("Bearer of-the-server"));
    let refused = ask(&[("authorization", &sealed)]);
    assert_eq!((refused.status, refused.code().as_str()), (403, "deny-token-place"));
    // Whoever listens there still does, and leaves nothing behind.
    let other = Gateway::start(self::scene(), &[("files", &server)], setting()).err();
    assert!(matches!(other, Some(ServeError::Listen(_))), "{other:?}");
    gateway.stop();
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::write(&path, "a file").unwrap();
    let other = Gateway::start(self::scene(), &[("files", &server)], setting()).err();
    assert!(matches!(other, Some(ServeError::Listen(_))), "{other:?}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a file");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_others_reach_is_not_opened_by_accident() {
    let server = Server::echo();
    let anywhere = || Listen::Address(([0, 0, 0, 0], 0).into());
    let door = || Door::Bearer(Bearer::generate(&mut UnwrapErr(SysRng)));
    let clients = || Scene::new(CATALOGUE, &["read:*"], &[], Whose::Client);
    for (scene, setting) in [
        (scene(), Setting::default()),
        (scene(), Setting { listen: anywhere(), door: door(), ..Setting::default() }),
        (scene(), Setting { listen: anywhere(), door: door(), reach: Reach::WithoutTls, ..Setting::default() }),
        (clients(), Setting { listen: anywhere(), ..Setting::default() }),
    ] {
        let refused = Gateway::start(scene, &[("files", &server)], setting).err();
        assert!(matches!(refused, Some(ServeError::Open(_))), "{refused:?}");
    }
    let setting = Setting { listen: anywhere(), reach: Reach::WithoutTls, ..Setting::default() };
    Gateway::with(clients(), &[("files", &server)], setting).stop();
}
