//! Files that change while the service runs, and whether it is ready.

use serde_json::{Value, json};
use wane::{Code, Refusal, Roots, SecretKey};
use wane_gateway::service::{Service, Watched};
use wane_policy::Catalogue;

use super::{CATALOGUE, Serving, fresh_path, soon, tool};

fn watched(service: &Service, path: &std::path::Path) -> Watched {
    let (path, service) = (path.to_owned(), service.clone());
    let apply = move |bytes: &[u8]| {
        let unusable = |_| Refusal::new(Code::ParseCatalogue, "", "it is no utf-8", "");
        Catalogue::from_toml(std::str::from_utf8(bytes).map_err(unusable)?)
            .and_then(|catalogue| service.replace_catalogue(catalogue))
            .map_err(Into::into)
    };
    Watched::new(
        "catalogue",
        Code::ParseCatalogue,
        "catalogue.toml",
        Box::new(move || std::fs::read(&path)),
        Box::new(apply),
    )
}

#[test]
fn a_changed_catalogue_comes_into_force_and_a_broken_one_does_not() {
    let path = fresh_path("catalogue");
    std::fs::write(&path, CATALOGUE).unwrap();
    let serving = Serving::start_with(CATALOGUE, &["send:*", "delete:*"], &[], "127.0.0.1:0", |service| {
        vec![watched(service, &path)]
    });
    let status = |name: &str| serving.asks("/v1/check", tool(name)).status;
    let problems = || serving.get("/readyz").json()["problems"].clone();
    soon("it is ready", || serving.get("/readyz").status == 200);
    assert_eq!((status("post"), problems()), (200, json!([])));
    let broken = json!([{ "what": "catalogue", "file": "catalogue.toml", "code": "parse-catalogue" }]);
    let no_audience = CATALOGUE.replace("audience = \"files\"", "");
    for text in ["[server.files", no_audience.as_str()] {
        std::fs::write(&path, text).unwrap();
        soon("it is broken", || problems() == broken);
        assert_eq!((serving.get("/readyz").status, status("post")), (503, 200));
        std::fs::write(&path, CATALOGUE).unwrap();
        soon("it is whole again", || serving.get("/readyz").status == 200);
    }
    std::fs::remove_file(&path).unwrap();
    soon("it is gone", || problems() == broken);
    assert_eq!(status("post"), 200);
    std::fs::write(&path, CATALOGUE.replace("tool.post", "tool.send")).unwrap();
    soon("it is another", || status("post") == 403 && status("send") == 200);
    soon("it is ready", || serving.get("/readyz").status == 200);
    let metrics = serving.get("/metrics").body;
    assert!(metrics.contains("wane_file_in_force{what=\"catalogue\"} 1\n"), "{metrics}");
    assert!(metrics.contains("wane_ledger_up 1\n"), "{metrics}");
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn roots_and_revocations_count_at_once() {
    let mut serving = Serving::start(&["send:*"], &[]);
    assert_eq!(serving.asks("/v1/admit", tool("post")).status, 200);
    serving.scene.guard.replace_roots(Roots::single(SecretKey::from_seed([3; 32]).public_key()));
    assert_eq!(serving.asks("/v1/admit", tool("post")).code(), (401, "chain-unknown-root".into()));
    serving.scene.guard.replace_roots(serving.scene.roots.clone());
    assert_eq!(serving.asks("/v1/admit", tool("post")).status, 200);
    serving.stop();
}

#[test]
fn it_lives_without_being_ready() {
    let mut serving = Serving::start(&["send:*"], &[]);
    assert_eq!(serving.get("/healthz").json(), json!({ "alive": true }));
    soon("it is ready", || serving.get("/readyz").status == 200);
    serving.lose_guard();
    soon("it is not", || serving.get("/readyz").status == 503);
    let told: Value = serving.get("/readyz").json();
    assert_eq!(told, json!({ "ready": false, "problems": [{ "what": "ledger", "code": "state-unreachable" }] }));
    assert_eq!(serving.get("/healthz").status, 200);
    assert!(serving.get("/metrics").body.contains("wane_ledger_up 0\n"));
    serving.stop();
}
