//! Two connections before one server.

use std::sync::{Arc, Mutex};
use std::thread;

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Heir, RootGrant, Roots, SecretKey, mint};
use wane_audit::LogSecret;
use wane_ledger::{Guard, GuardOptions, Ledger, MemoryStore, Pace, Volatile};
use wane_policy::{Catalogue, ToolDigest};

use super::{Connection, Gate, GateOptions, Outlet};
use crate::credential::Credential;

const NOW: u64 = 1_767_225_600;
const TOOL: &str = r#"{"name":"read","inputSchema":{}}"#;
const LIST_CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

/// What happens once when the clock is asked.
type Hook = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

fn guard() -> (Arc<Guard>, Credential) {
    let (store, secret, mut rng) = (MemoryStore::new(), LogSecret::from_bytes([7; 32]), UnwrapErr(SysRng));
    let mut ledger = Ledger::create(Box::new(store.clone()), secret.hint(), None, NOW, Box::new(rng)).unwrap();
    let root = SecretKey::from_seed([1; 32]);
    let grant = RootGrant::new("files".parse().unwrap(), NOW, NOW + 600).scope("read:*".parse().unwrap());
    let token = mint(&grant, &root, Heir::carried(&mut rng)).unwrap();
    ledger.register(token.chain(), Some(&root.public_key()), NOW).unwrap();
    let options = GuardOptions {
        roots: Roots::single(root.public_key()),
        log_secret: Some(secret),
        checkpoint_key: None,
        volatile: Volatile::Allowed,
        local_approver: None,
        head: None,
        pace: Pace::default(),
        published: Box::new(|_| ()),
        rng: Box::new(rng),
        version: "0.1.0".into(),
    };
    (Arc::new(Guard::open(vec![Box::new(store)], options, NOW).unwrap()), Credential::own(token, None))
}

fn nowhere() -> Outlet {
    Box::new(|_| Ok(()))
}

fn into(log: &Arc<Mutex<Vec<String>>>) -> Outlet {
    let log = Arc::clone(log);
    Box::new(move |message| {
        log.lock().unwrap().push(String::from_utf8_lossy(message).into_owned());
        Ok(())
    })
}

#[test]
fn news_on_another_connection_stops_a_call_whatever_is_listed_behind_it() {
    let (guard, credential) = guard();
    let digest = ToolDigest::of_json(TOOL.as_bytes()).unwrap();
    let catalogue = format!("[server.files.tool.read]\naction = 'read:files'\nlevel = 'public'\ndigest = '{digest}'\n");
    let at_clock = Hook::default();
    let asked = Arc::clone(&at_clock);
    let gate = Gate::new(GateOptions {
        catalogue: Catalogue::from_toml(&catalogue).unwrap(),
        server: "files".into(),
        audience: Some("files".parse().unwrap()),
        credential,
        guard: Arc::downgrade(&guard),
        clock: Box::new(move || {
            let happens = asked.lock().unwrap().take();
            // Another thread, as for a gateway between pipes.
            happens.into_iter().for_each(|happens| thread::spawn(happens).join().unwrap());
            NOW
        }),
        rng: Box::new(UnwrapErr(SysRng)),
        to_client: nowhere(),
        to_server: nowhere(),
        report: Box::new(|_| ()),
    })
    .unwrap();
    let (client, server) = (Arc::default(), Arc::default());
    let other = gate.on(Connection::Another, nowhere(), nowhere(), None);
    let one = Arc::new(gate.on(Connection::Another, into(&client), into(&server), None));
    let lists = |gate: &Gate, id: u32| {
        let ask = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/list","params":{{}}}}"#);
        gate.from_client(ask.as_bytes()).unwrap();
        let list = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"tools":[{TOOL}]}}}}"#);
        gate.from_server(list.as_bytes()).unwrap();
    };
    one.from_client(br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#).unwrap();
    one.from_server(br#"{"jsonrpc":"2.0","id":1,"result":{"capabilities":{"tools":{"listChanged":true}}}}"#).unwrap();
    lists(&one, 2);
    let call = |id: u32| {
        let call = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"read"}}}}"#);
        one.from_client(call.as_bytes()).unwrap();
        server.lock().unwrap().contains(&call)
    };
    assert!(call(3));
    let listed = Arc::clone(&one);
    *at_clock.lock().unwrap() = Some(Box::new(move || {
        other.from_server(LIST_CHANGED.as_bytes()).unwrap();
        lists(&listed, 4);
    }));
    assert!(!call(5), "the call was judged by what was listed before");
    let told = client.lock().unwrap().last().cloned().unwrap();
    assert!(told.contains(r#""id":5"#) && told.contains("its tools have just changed"), "{told}");
    assert!(call(6), "what was listed behind the news counts for what comes behind it");
}
