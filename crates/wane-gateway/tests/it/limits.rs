//! Bounds that no conversation reaches by itself.

use crate::scene::{Scene, To, Whose};

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
level = "public"
"#;

fn scene() -> Scene {
    Scene::new(CATALOGUE, &["read:*"], &[], Whose::Gateway)
}

/// Requests that may be on their way in one direction.
const WAITING: usize = 1_024;

#[test]
fn the_oldest_of_too_many_is_told_that_nobody_waits_for_it() {
    let scene = scene();
    let gate = scene.gate();
    let ping =
        |id: usize| gate.from_client(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#).as_bytes()).unwrap();
    (0..WAITING).for_each(ping);
    assert_eq!(scene.take().iter().filter(|(to, _)| *to == To::Client).count(), 0);
    ping(WAITING);
    let came = scene.take();
    let told: Vec<_> = came.iter().filter(|(to, _)| *to == To::Client).map(|(_, text)| text.as_str()).collect();
    assert_eq!(
        told,
        [r#"{"jsonrpc":"2.0","id":0,"error":{"code":1502,"message":"the tool server has not answered"}}"#]
    );
    // Its answer has no receiver any more.
    gate.from_server(br#"{"jsonrpc":"2.0","id":0,"result":{}}"#).unwrap();
    assert_eq!(scene.take(), []);
    gate.from_server(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#).unwrap();
    assert_eq!(scene.take().len(), 1);
}

#[test]
fn a_server_whose_client_answers_nothing_is_told_so() {
    let scene = scene();
    let gate = scene.gate();
    let ping =
        |id: usize| gate.from_server(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#).as_bytes()).unwrap();
    (0..WAITING).for_each(ping);
    assert!(scene.take().iter().all(|(to, _)| *to == To::Client));
    ping(WAITING);
    ping(7);
    let told = r#"{"jsonrpc":"2.0","id":1024,"error":{"code":1502,"message":"the client has not answered"}}"#;
    assert_eq!(scene.take(), [(To::Server, told.to_owned())]);
    gate.from_client(br#"{"jsonrpc":"2.0","id":7,"result":{}}"#).unwrap();
    ping(WAITING);
    assert_eq!(scene.take().iter().map(|(to, _)| *to).collect::<Vec<_>>(), [To::Server, To::Client]);
}
