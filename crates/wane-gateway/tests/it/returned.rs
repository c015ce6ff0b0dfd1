//! Questions that a client of the newer era takes along, and what its server had asked before.

use serde_json::{Value, json};
use wane::{Heir, Narrowing, Seal, Token};
use wane_gateway::Gate;

use crate::scene::{Own, Scene, To, Whose};

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.post]
action = "send:web"
level = "public"
ask = ["@local"]
"#;

struct Returned {
    scene: Scene,
    gate: Gate,
}

impl Returned {
    /// Where calls wait so long.
    fn new(wait: u64) -> Self {
        let scene = Scene::new(CATALOGUE, &["send:*"], &[], Whose::Client);
        let gate = scene.gate().with_approvals(Scene::approvals(wait, Own::Asks(None)));
        Self { scene, gate }
    }

    /// A call with this token, and these members beside its name; what comes out of it.
    fn call(&self, token: &Token, members: &Value) -> Vec<(To, Value)> {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
            "dev.wane/token": token.seal(&Seal::new()).unwrap().to_text(),
        });
        let mut params = json!({ "name": "post", "arguments": { "text": "a" }, "_meta": meta });
        for (name, value) in members.as_object().unwrap() {
            params[name] = value.clone();
        }
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        self.gate.from_client(call.to_string().as_bytes()).unwrap();
        let came = self.scene.take();
        came.into_iter().map(|(to, text)| (to, serde_json::from_str(&text).unwrap())).collect()
    }
}

/// The name of the question that a call was answered with.
fn asked(came: &[(To, Value)]) -> String {
    let [(To::Client, answer)] = came else { panic!("{came:?}") };
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    answer["result"]["requestState"].as_str().unwrap().to_owned()
}

fn yes(state: &str) -> Value {
    let answer = json!({ "dev.wane/approve": { "action": "accept", "content": { "approve": true } } });
    json!({ "requestState": state, "inputResponses": answer })
}

#[test]
fn an_answer_counts_behind_the_chain_that_was_asked_about_and_loses_nothing_of_the_servers() {
    let returned = Returned::new(0);
    let (one, rng) = (&returned.scene.token, &mut rand_core::UnwrapErr(getrandom::SysRng));
    let other = one.attenuate(&Narrowing::new(), Heir::carried(rng)).unwrap();
    let before = json!({ "requestState": "theirs", "inputResponses": { "q": { "action": "accept" } } });
    let first = asked(&returned.call(one, &before));
    // The same request behind another chain is another question.
    let second = asked(&returned.call(&other, &yes(&first)));
    assert_ne!(first, second);
    let came = returned.call(&other, &yes(&second));
    let [(To::Server, call)] = came.as_slice() else { panic!("{came:?}") };
    assert_eq!(call["params"]["requestState"], "theirs");
    assert_eq!(call["params"]["inputResponses"], before["inputResponses"]);
}

#[test]
fn what_a_client_brings_for_its_server_is_kept_up_to_64_kib() {
    let returned = Returned::new(0);
    // With the quotes that it is written in.
    for (length, is_asked) in [(64 * 1024 - 2, true), (64 * 1024 - 1, false)] {
        let came = returned.call(&returned.scene.token, &json!({ "requestState": "x".repeat(length) }));
        let [(To::Client, answer)] = came.as_slice() else { panic!("{came:?}") };
        assert_eq!(answer["result"]["resultType"] == "input_required", is_asked, "{length}");
        assert_eq!(answer["result"]["isError"] == true, !is_asked, "{length}");
    }
    // With time to wait it waits for others instead.
    let returned = Returned::new(60);
    let came = returned.call(&returned.scene.token, &json!({ "requestState": "x".repeat(64 * 1024) }));
    assert!(came.is_empty() && returned.scene.waits(), "{came:?}");
    returned.gate.end_waits().unwrap();
    // What brings an answer to a question that is not known does not: it would go on without what its server had asked.
    let returned = Returned::new(60);
    let came = returned.call(&returned.scene.token, &yes("dev.wane/0"));
    let [(To::Client, answer)] = came.as_slice() else { panic!("{came:?}") };
    assert_eq!(answer["result"]["_meta"]["dev.wane/denied"]["code"], "deny-needs-approval");
}
