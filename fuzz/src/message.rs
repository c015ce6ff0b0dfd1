//! Messages through the gateway: what reaches the server is, to a plain reader of JSON, something that the catalogue allows; and
//! what reaches the client of a list shows nothing else.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex};

use rand_core::{TryCryptoRng, TryRng};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use wane::{Heir, RootGrant, Roots, Token, mint};
use wane_audit::LogSecret;
use wane_gateway::{Credential, Gate, GateOptions, Outlet};
use wane_ledger::{Guard, GuardOptions, Ledger, MemoryStore, Pace, Volatile};
use wane_policy::Catalogue;

use crate::forge::{self, Known, NOW};

const CATALOGUE: &str = r#"
[server.files]
audience = "files"
[server.files.tool.read]
action = "read:files"
rule = [{ when = "path under /repo", level = "public" }]
[server.files.prompt.greet]
action = "read:prompts"
level = "public"
[[server.files.resource]]
when = "uri like file:///repo/*"
action = "read:files"
level = "public"
"#;

/// What passes without being decided.
const PASSES: &[&str] = &[
    "initialize",
    "logging/setLevel",
    "ping",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "resources/unsubscribe",
    "server/discover",
    "tools/list",
];

/// A message of the client, or, behind a zero, of the server: that has been asked for `1`, a list of tools, and `2`, a call.
pub fn run(data: &[u8]) {
    let scene = Scene::new();
    match data.split_first() {
        Some((0, message)) => {
            for asked in [
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
                r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"read","arguments":{"path":"/repo/a"}}}"#,
            ] {
                scene.gate.from_client(asked.as_bytes()).expect("it is written to");
            }
            scene.take();
            scene.gate.from_server(message).expect("it is written to");
            for (to, line) in scene.take() {
                let Some(read) = read(&line) else { continue };
                if to == To::Client && read["id"] == 1 && read.get("result").is_some() {
                    let tools = read["result"]["tools"].as_array().expect("a list");
                    assert!(tools.iter().all(|tool| tool["name"] == "read"), "{read}");
                    folded(&read["result"], &["tools"]);
                }
                let says = |member: &Value| {
                    member.as_object().is_some_and(|of| of.keys().any(|name| name.starts_with("dev.wane/")))
                };
                assert!(to == To::Server || read.get("method").is_some() || !says(&read["result"]["_meta"]), "{read}");
            }
        }
        _ => {
            scene.gate.from_client(data).expect("it is written to");
            for (to, line) in scene.take() {
                let Some(read) = read(&line) else { continue };
                if to == To::Server {
                    // The gateway holds the token, so that nothing has to be cut out.
                    assert_eq!(line, data);
                    allowed(&read);
                }
            }
        }
    }
}

/// What stands there, for readers that know of no other language's types: a name that the reader here keeps for itself means to it
/// what stands in its value, and to nobody else.
fn read(line: &[u8]) -> Option<Value> {
    plain(line);
    let mut names = Names::default();
    let mut reader = serde_json::Deserializer::from_slice(line);
    (&mut names).deserialize(&mut reader).and_then(|()| reader.end()).expect("it is json");
    (!names.reserved).then(|| serde_json::from_slice(line).expect("it is json"))
}

/// Looks at the names of all members.
#[derive(Default)]
struct Names {
    reserved: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Names {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Names {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("json")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            self.reserved |= name.starts_with("$serde_json::");
            map.next_value_seed(&mut *self)?;
        }
        Ok(())
    }
}

/// No reader of lines takes it for several.
fn plain(line: &[u8]) {
    assert!(!line.trim_ascii_end().iter().any(|byte| matches!(byte, b'\r' | b'\n')));
}

/// There is no other member that a reader which folds capitals takes for one of these.
fn folded(of: &Value, names: &[&str]) {
    for name in of.as_object().into_iter().flatten().map(|(name, _)| name) {
        assert!(!names.iter().any(|known| known != name && known.eq_ignore_ascii_case(name)), "{name} in {of}");
    }
}

fn under(path: &Value) -> bool {
    path.as_str().is_some_and(|path| {
        (path == "/repo" || path.starts_with("/repo/")) && !path.split('/').any(|part| part == "." || part == "..")
    })
}

fn allowed(message: &Value) {
    folded(message, &["id", "method", "params"]);
    let params = &message["params"];
    folded(params, &["arguments", "name", "notifications", "ref", "uri"]);
    let in_repo =
        |uri: &Value| uri.as_str().is_some_and(|uri| uri.starts_with("file:///repo/") && !uri.contains("/../"));
    let is_allowed = match (message["method"].as_str(), message.get("id")) {
        (None, _) => panic!("an answer to nothing: {message}"),
        (Some(method), None) => {
            ["notifications/initialized", "notifications/progress", "notifications/roots/list_changed"]
                .contains(&method)
        }
        (Some("tools/call"), _) => params["name"] == "read" && under(&params["arguments"]["path"]),
        (Some("prompts/get"), _) => params["name"] == "greet",
        (Some("resources/read" | "resources/subscribe"), _) => in_repo(&params["uri"]),
        (Some("completion/complete"), _) => params["ref"]["name"] == "greet" && params["ref"]["type"] == "ref/prompt",
        (Some("subscriptions/listen"), _) => {
            params["notifications"]["resourceSubscriptions"].as_array().into_iter().flatten().all(in_repo)
        }
        (Some(method), _) => PASSES.contains(&method),
    };
    assert!(is_allowed, "{message}");
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Client,
    Server,
}

type Lines = Arc<Mutex<Vec<(To, Vec<u8>)>>>;

struct Scene {
    gate: Gate,
    lines: Lines,
}

impl Scene {
    fn new() -> Self {
        let lines = Lines::default();
        let outlet = |to: To| -> Outlet {
            let lines = Arc::clone(&lines);
            Box::new(move |message| {
                lines.lock().expect("nobody panics").push((to, message.to_vec()));
                Ok(())
            })
        };
        let (guard, token, catalogue) = session();
        let gate = Gate::new(GateOptions {
            catalogue,
            server: "files".into(),
            audience: None,
            credential: Credential::own(Token::parse(&token).expect("a token"), None),
            guard: Arc::downgrade(&guard),
            clock: Box::new(|| NOW),
            rng: Box::new(Counter(0)),
            to_client: outlet(To::Client),
            to_server: outlet(To::Server),
            // A method may be called after a token; that of the gateway stands in no notice.
            report: Box::new(move |notice| assert!(!notice.to_string().contains(&token), "{notice}")),
        });
        Self { gate: gate.expect("a gate"), lines }
    }

    fn take(&self) -> Vec<(To, Vec<u8>)> {
        std::mem::take(&mut *self.lines.lock().expect("nobody panics"))
    }
}

/// Inputs before a guard is made anew: its ledger and its log lie in memory.
const INPUTS: u32 = 20_000;

struct Session {
    guard: Arc<Guard>,
    token: String,
    catalogue: Catalogue,
    left: u32,
}

fn session() -> (Arc<Guard>, String, Catalogue) {
    thread_local! {
        static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
    }
    SESSION.with_borrow_mut(|session| {
        if session.as_ref().is_none_or(|session| session.left == 0) {
            *session = Some(begun());
        }
        let session = session.as_mut().expect("it was made");
        session.left -= 1;
        (Arc::clone(&session.guard), session.token.clone(), session.catalogue.clone())
    })
}

fn begun() -> Session {
    let (store, secret) = (MemoryStore::new(), LogSecret::from_bytes([7; 32]));
    let made = Ledger::create(Box::new(store.clone()), secret.hint(), None, NOW - 60, Box::new(Counter(1)));
    let mut ledger = made.expect("a ledger");
    let grant = RootGrant::new("files".parse().expect("an audience"), NOW, NOW + 3_600);
    let grant = grant.scope("*".parse().expect("a scope"));
    let token = mint(&grant, forge::key(0), Heir::carried(&mut Known(forge::key(1).expose_seed()))).expect("a token");
    ledger.register(token.chain(), Some(&forge::root()), NOW).expect("it is registered");
    let options = GuardOptions {
        roots: Roots::single(forge::root()),
        log_secret: Some(secret),
        checkpoint_key: None,
        volatile: Volatile::Allowed,
        local_approver: None,
        head: None,
        pace: Pace::default(),
        published: Box::new(|_| ()),
        rng: Box::new(Counter(2)),
        version: "fuzz".into(),
    };
    let guard = Arc::new(Guard::open(vec![Box::new(store)], options, NOW).expect("a guard"));
    let catalogue = Catalogue::from_toml(CATALOGUE).expect("a catalogue");
    Session { guard, token: token.expose_text().to_string(), catalogue, left: INPUTS }
}

/// "Randomness" that never comes twice from one of them.
struct Counter(u64);

impl TryRng for Counter {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|number| number as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Ok(self.0 ^ (self.0 >> 29))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            let number = self.try_next_u64()?.to_le_bytes();
            chunk.iter_mut().zip(number).for_each(|(byte, known)| *byte = known);
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}
