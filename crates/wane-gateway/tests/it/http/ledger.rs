//! What exchanges between which nothing else is kept have in common while a ledger is slow or away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::wire::{Server, result};
use super::{CATALOGUE, Gateway, Setting, lent, stateless};
use crate::scene::{Scene, Whose};
use crate::slow::{Slow, Told};

const TOOL: &str = r#"{"name":"read","inputSchema":{}}"#;
const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

struct Talk {
    gateway: Gateway,
    token: String,
}

impl Talk {
    fn before(server: &Server, catalogue: &str, told: &Arc<Told>) -> Self {
        let scene = Scene::before(catalogue, &["read:*"], &[], Whose::Client, Slow::way(told));
        let token = format!("Bearer {}", scene.sealed());
        Self { gateway: Gateway::with(scene, &[("files", server)], Setting::default()), token }
    }

    fn code(&self, tool: &str) -> String {
        let (mut headers, body) = stateless(1, tool, "");
        headers.push(("authorization", self.token.clone()));
        self.gateway.post("/mcp", &lent(&headers), &body).code()
    }
}

#[test]
fn news_on_another_connection_stop_what_is_being_admitted() {
    let server = Server::start(|request, out| {
        let json = request.json();
        match (json["method"].as_str(), json["params"]["name"].as_str()) {
            (Some("tools/list"), _) => {
                out.json(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"tools":[{TOOL}]}}}}"#, json["id"]));
            }
            (_, Some("salaries")) => {
                out.events("");
                out.write(&format!("data: {CHANGED}\n\ndata: {}\n\n", result(&json["id"], "[]"))).unwrap();
            }
            _ => out.json(&result(&json["id"], "[]")),
        }
    });
    let digest = wane_policy::ToolDigest::of_json(TOOL.as_bytes()).unwrap();
    let pinned = CATALOGUE.replacen("level = \"public\"", &format!("level = \"public\"\ndigest = \"{digest}\""), 1);
    let told = Arc::<Told>::default();
    let talk = Talk::before(&server, &pinned, &told);
    assert_eq!(talk.code("read"), "none");
    // One that knows from the call before that the tool is as it was pinned.
    told.hold();
    std::thread::scope(|scope| {
        let recalls = scope.spawn(|| talk.code("read"));
        told.is_caught();
        assert_eq!(talk.code("salaries"), "none");
        told.go_on();
        assert_eq!(recalls.join().unwrap(), "deny-pin");
    });
    let listed = server.take().iter().filter(|request| request.json()["method"] == "tools/list").count();
    assert_eq!(listed, 1, "it was not asked again");
}

#[test]
fn a_ledger_that_is_away_is_not_asked_by_the_next_exchange_either() {
    let (told, begun) = (Arc::<Told>::default(), Arc::<AtomicUsize>::default());
    let (tells, counts) = (Arc::clone(&told), Arc::clone(&begun));
    let server = Server::start(move |request, out| {
        // It was admitted.
        tells.is_away.store(true, Ordering::SeqCst);
        counts.store(tells.begun.load(Ordering::SeqCst), Ordering::SeqCst);
        let content = r#"{"content":[],"structuredContent":{"ids":[7]}}"#;
        out.json(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":{content}}}"#, request.json()["id"]));
    });
    let trusted = CATALOGUE.replacen("level = \"public\"", "level = \"public\"\ntrusted = { ids = [\"/ids/*\"] }", 1);
    let talk = Talk::before(&server, &trusted, &told);
    let asked = || told.begun.load(Ordering::SeqCst) - begun.load(Ordering::SeqCst);
    assert_eq!(talk.code("read"), "none");
    assert!(asked() > 0);
    told.is_away.store(false, Ordering::SeqCst);
    assert_eq!(talk.code("read"), "none");
    assert_eq!(asked(), 0);
    let notices = talk.gateway.notices();
    assert_eq!(notices.iter().filter(|notice| notice.contains("did not keep")).count(), 2, "{notices:?}");
}
