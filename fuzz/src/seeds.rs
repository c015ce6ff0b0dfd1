//! A few inputs for each target that reach far, made from fixed keys. `vectors.py` makes more of them from the test vectors,
//! which have all that a target for records needs.

use crate::cbor::Item;
use crate::choices::Choices;
use crate::forge::NOW;
use crate::{claims, forge, rebuild};

type Seeds = Vec<(String, Vec<u8>)>;

/// The seeds of each target, named.
#[must_use]
pub fn all() -> Vec<(&'static str, Seeds)> {
    vec![
        ("approval", approval()),
        ("ledger", ledger()),
        ("log", log()),
        ("model", crate::model::seeds()),
        ("narrow", narrow()),
        ("request", request()),
        ("roots", roots()),
        ("scan", scan()),
        ("scope", scope()),
        ("text", text()),
        ("verify", verify()),
        ("wiring", wiring()),
    ]
}

fn named(seeds: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Seeds {
    seeds.into_iter().map(|(name, seed)| (name.to_owned(), seed)).collect()
}

/// Chains made of choices: (name, bytes chosen by).
fn choices() -> Vec<(&'static str, Vec<u8>)> {
    let row = |start: u8, step: u8| (0..96).map(|i: u8| start.wrapping_add(i.wrapping_mul(step))).collect();
    vec![
        ("nothing", Vec::new()),
        ("sevens", row(7, 0)),
        ("rising", row(0, 1)),
        ("spread", row(3, 37)),
        ("wide", row(1, 101)),
    ]
}

fn payloads() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let chosen = choices().into_iter().map(|(name, bytes)| (name, claims::chain(&mut Choices(&bytes))));
    chosen.chain([("only", only_and_a_later_name()), ("clearance", a_higher_clearance())]).collect()
}

/// A condition on `/limit` below a scope that was closed over `/path`: no request may gain by it.
fn only_and_a_later_name() -> Vec<Vec<u8>> {
    let text = |text: &str| Item::Text(text.into());
    let condition = |path: &str, operator: u64, operand| Item::Array(vec![text(path), operator.into(), operand]);
    let under = condition("/path", 7, Item::Array(vec![text("/data")]));
    let at_most = condition("/limit", 3, 100.into());
    let scope = Item::Array(vec![text("read:*"), Item::Array(vec![under]), Item::Bool(true)]);
    let refinement = Item::Array(vec![0.into(), Item::Null, Item::Array(vec![at_most])]);
    with_private([(4, Item::Array(vec![scope]))], [(4, Item::Array(vec![refinement]))])
}

fn a_higher_clearance() -> Vec<Vec<u8>> {
    with_private([(4, Item::Array(Vec::new())), (10, 1.into())], [(10, 2.into())])
}

/// A root block, a delegate block and a seal, with these private claims in the first two.
fn with_private<const N: usize, const M: usize>(root: [(u64, Item); N], delegate: [(u64, Item); M]) -> Vec<Vec<u8>> {
    let hint = [(0, Item::bytes(forge::root().hint().as_bytes())), (1, Item::Bool(true))];
    let times = [(3, Item::Text("files".into())), (4, (NOW + 3_600).into()), (6, NOW.into()), (8, forge::cnf(0))];
    vec![
        claims::payload(times.into(), hint.into_iter().chain(root).collect()),
        claims::payload(vec![(8, forge::cnf(1))], delegate.into()),
        claims::payload(Vec::new(), Vec::new()),
    ]
}

fn scan() -> Seeds {
    let tokens = payloads().into_iter().map(|(name, payloads)| (format!("token-{name}"), forge::sealed(&payloads)));
    let extendable = forge::sealed(&[rebuild::smallest_root()]);
    let carried = [&[0x82][..], &extendable[1..], &[0x58, 0x20], forge::key(1).expose_seed()].concat();
    let whole = payloads().into_iter().flat_map(|(name, payloads)| {
        payloads.into_iter().enumerate().map(move |(index, payload)| (format!("payload-{name}-{index}"), payload))
    });
    let mut seeds: Seeds = tokens.chain(whole).collect();
    seeds.push(("token-extendable".into(), extendable));
    seeds.push(("token-carried".into(), carried));
    seeds
}

fn verify() -> Seeds {
    let chosen = choices().into_iter().map(|(name, bytes)| (format!("choices-{name}"), [vec![1, 4], bytes].concat()));
    let raw = payloads().into_iter().map(|(name, payloads)| {
        let prefixed = |payload: Vec<u8>| [&(payload.len() as u16).to_le_bytes()[..], &payload].concat();
        (format!("raw-{name}"), [vec![0, 5], payloads.into_iter().flat_map(prefixed).collect()].concat())
    });
    chosen.chain(raw).collect()
}

fn text() -> Seeds {
    let sealed = forge::sealed(&[rebuild::smallest_root(), vec![0xa0]]);
    let open = forge::sealed(&[rebuild::smallest_root()]);
    let key = forge::root();
    named([
        ("raw-sealed", [vec![0], crate::text::encode("sealed", &sealed).into_bytes()].concat()),
        ("raw-key", [vec![0], key.to_string().into_bytes()].concat()),
        ("key", [&[1][..], key.as_bytes()].concat()),
        ("key-zero", [&[1][..], &[0; 32]].concat()),
        ("token", [vec![2], open].concat()),
        ("sealed", [vec![3], sealed].concat()),
    ])
}

fn scope() -> Seeds {
    let texts = [
        ("plain", "read:hr:*"),
        ("under", "read:files:* if path under /data/reports, /tmp and limit <= 100 only"),
        ("values", "read:* if a in [1, -2, null, true, \"1\", \"and\", b] and /x/y~1z = \"q\\u0000\" open"),
        (
            "texts",
            "send:* if url host example.com, \"[::1]:8443\" and url scheme https and ip cidr 10.0.0.0/8, ::ffff:10.0.0.0/104",
        ),
        (
            "rest",
            "a:*:b if n >= -5 and n len <= 3 and p like \"*.c sv\" and x absent and @said.purpose = audit and id seen s.r",
        ),
        ("look-alikes", "read:* if a in [\"-1\", \"1\", \"null\", \"open\", \"\", \"a b\"] and \"/if\" = \"1e400\""),
        ("only", "* only"),
        ("condition", "@env = prod"),
        ("ask", "send:* by @oncall, @local need 2"),
        ("contains", "read:*:q3\nread:hr:q3"),
        ("pointer", "/a~0b/c~1d"),
        ("id", "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"),
    ];
    named(texts.map(|(name, text)| (name, text.as_bytes().to_vec())))
}

fn request() -> Seeds {
    let texts: [(&str, u8, u8, &str); 9] = [
        ("empty", 0, 0, "{}"),
        ("path", 1, 7, r#"{"a": "/data/reports/q3.csv"}"#),
        ("numbers", 2, 0, r#"{"a": [1, 1.0, 1e2, -0.0, 120e-1], "b": [0.5, 1.5e-8, 3.14159, 0.1, -65504.5]}"#),
        ("edges", 3, 15, r#"{"a": 9007199254740991, "b": -9007199254740991}"#),
        ("too-large", 4, 0, r#"{"a": 9007199254740993}"#),
        ("nested", 0, 0xcf, r#"{"a": {"b": {"c": 1}}, "": [], "é": {}}"#),
        ("texts", 1, 0xc0, r#"{"a": "\ud83d\ude00\n\"", "aa": null, "b": true}"#),
        ("twice", 2, 0, r#"{"a": 1, "\u0061": 2}"#),
        ("url", 3, 0x80, r#"{"a": ["https://example.com:8443/x?y#z", "10.1.2.3"]}"#),
    ];
    named(texts.map(|(name, what, context, json)| (name, [&[what, context], json.as_bytes()].concat())))
}

fn chosen_behind(first: u8) -> Seeds {
    choices().into_iter().map(|(name, bytes)| (format!("choices-{name}"), [vec![first], bytes].concat())).collect()
}

fn approval() -> Seeds {
    chosen_behind(3)
}

/// Beside rows of choices, two chains with nothing else in the way of what their later blocks state.
fn narrow() -> Seeds {
    // One scope for everybody, by its place among the scopes, and no other limit.
    let root = |scope: u8| [&[0, 0, 1, 0, scope][..], &[0; 10]].concat();
    // For the first audience; a level that was reached already; no ledger.
    let sealed = [0, 0, 3, 0, 0, 2];
    let asked = |action: u8, arguments: u8| [0, action, 0, arguments, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0];
    let asked = [asked(1, 1), asked(1, 2), asked(0, 0)].concat();
    let chain = |root: Vec<u8>, blocks: &[u8]| [&root, blocks, &sealed, &asked].concat();
    let limited = [
        // Other conditions than the root block's.
        ("conditions", chain(root(8), &[1, 0, 0, 6, 0])),
        // A pattern is denied and one asked for, then the level rises.
        ("limits", chain(root(0), &[2, 1, 4, 1, 5, 0, 0, 0, 7, 1, 0])),
    ];
    named(choices().into_iter().chain(limited))
}

fn log() -> Seeds {
    let mut seeds = chosen_behind(4);
    let mut frontier = wane_audit::Frontier::new();
    (0..5_u8).try_for_each(|leaf| frontier.append(wane_audit::Hash::of_leaf(&[leaf]))).expect("room");
    seeds.push(("frontier".into(), [vec![2], frontier.to_bytes()].concat()));
    let pruned = format!("{{\"leaf\":\"{}\"}}\n", wane_audit::Hash::EMPTY);
    let origin = wane_audit::Origin::new("example.com/log").expect("an origin");
    let head = wane_audit::Checkpoint { origin, size: 5, root: frontier.root() };
    let head = head.sign(forge::key(7)).expect("keys in memory sign");
    seeds.push(("head".into(), [b"\0", head.text().as_bytes()].concat()));
    seeds.push(("export".into(), [&[3][..], pruned.as_bytes(), b"{\"v\":1}\n{}\n"].concat()));
    seeds
}

fn ledger() -> Seeds {
    let key = forge::root();
    let id = "5e".repeat(32);
    let entry = format!(
        r#"{{"mark":{{"level":"internal","labels":["pii"]}},"revoked":{{"at":1,"reason":"lost"}},"exp":9,"opened":{{"root":"{key}","iat":1,"continues":"{id}","at":2}},"registered":1,"about":{{"parent":"{id}","sub":"a","key":"{key}","note":"b","issued":1,"root_issued":1}},"raised":[{{"at":3,"record":"5e","mark":{{"level":"internal"}}}}]}}"#
    );
    let row = |table: u8, key: &[u8], value: &str| {
        let length = (value.len() as u16).to_le_bytes();
        [&[table, key.len() as u8][..], &length, key, value.as_bytes()].concat()
    };
    let meta = r#"{"schema":1,"id":"1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d","epoch":1,"since":30,"collected":0,"log":"0707070707070707","origin":"example.com/log"}"#;
    let rows = [row(0, &[0], meta), row(1, &[0], &entry), row(3, &[1], r#"{"exp":9}"#)];
    let revoked = row(4, &[0], r#"{"before":1,"at":2,"reason":""}"#);
    let spent = row(2, b"\0calls", r#"{"spent":1,"exp":9}"#);
    let mut seeds = chosen_behind(1);
    seeds.extend(named([
        ("postgres", b"\0postgres://ada:hunter2hunter2@db.example.com:5432/wane?password=hunter2hunter2".to_vec()),
        ("socket", b"\0postgres:///wane?host=/run/postgresql&schema=other".to_vec()),
        ("sqlite", b"\0sqlite:/var/lib/wane.db".to_vec()),
        ("memory", b"\0memory:".to_vec()),
        ("entry", [b"\x02", entry.as_bytes()].concat()),
        ("rows", [&[3][..], &rows.concat(), &revoked, &spent].concat()),
    ]));
    seeds
}

fn roots() -> Seeds {
    let (key, other) = (forge::root(), forge::key(2).public_key());
    let all = format!(
        r#"[[root]]
key = "{key}"
name = "ops"
aud = ["files:*", "*"]
scopes = ["read:* if path under /data", "*"]
max-ttl = "8h"
depth = 4
level = "internal"
labels = ["pii"]
ratchet = [{{ level = "confidential", labels = ["pii"], keep = ["read:*"] }}]
mint-from = 2026-01-01T00:00:00Z
mint-until = 2027-01-01T01:00:00+01:00
issuer = true
own-ratchet = true
succeeds = ["{other}"]

[groups]
oncall = ["{other}"]
"#
    );
    let one = |ceiling: &str| format!("[[root]]\nkey = \"{key}\"\n{ceiling}\n").into_bytes();
    named([
        ("all", all.into_bytes()),
        ("one", one("")),
        ("max-ttl", one("max-ttl = \"8h\"")),
        ("max-ttl-day", one("max-ttl = \"1d\"\nissuer = true")),
        ("depth", one("depth = 14")),
        ("mint-from", one("mint-from = 2026-09-21T14:13:20Z")),
        ("mint-until", one("mint-until = 2026-09-21T16:13:21+02:00")),
        ("aud", one("aud = [\"files:*\"]")),
        ("scopes", one("scopes = [\"read:hr:*\"]")),
    ])
}

/// Configurations behind what kind they are.
fn wiring() -> Seeds {
    let one = |kind: u8, text: &str| [&[kind], text.as_bytes()].concat();
    named([
        ("json", one(0, r#"{"mcpServers": {"git": {"command": "uvx", "args": ["git"]}}} // mine"#)),
        ("no-args", one(0, r#"{"mcpServers": {"a": {"command": "x", "env": {"K": "v"}}, "b": {"url": "y"}}}"#)),
        ("projects", one(0, r#"{"projects": {"/a": {"mcpServers": {"a": {"command": "x", "args": []}}}}, "n": 1.50}"#)),
        ("servers", one(1, r#"{"inputs": [], /* all */ "servers": {"a": {"type": "stdio", "command": "x",},},}"#)),
        ("toml", one(2, "[mcp_servers.git]\ncommand = 'uvx' # mine\nargs = [\"git\"]\nenv = { K = \"v\" }\n")),
        ("inline", one(2, "mcp_servers = { a = { command = \"x\" }, b = { url = \"y\" } }\n")),
    ])
}
