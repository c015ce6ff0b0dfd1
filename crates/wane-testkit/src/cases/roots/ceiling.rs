//! What a root entry bounds, and what it adds when deciding.

use serde_json::json;

use crate::case::{Case, trusted};
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, IAT, root};
use crate::key::{key_text, public};
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [bounds(), blocks(), deciding(), ratchet(), several()].concat()
}

/// The root block under an entry with this line.
fn under(name: &str, comment: &str, spec: &str, line: &str, block: &Claims, answer: &str) -> Case {
    let case = Case::new(&format!("roots/{name}"), comment).spec(spec).root_line(line);
    case.answered(answer, &Chain::root(block))
}

fn bounds() -> Vec<Case> {
    let (wide, early) = ("chain-root 0", "chain-mint-window 0");
    let reads = || root().scopes(list!["read:*"]);
    [
        ("from-equal", "minted at mint-from", "mint-from = 2026-01-01T00:00:00Z", root(), "ok"),
        ("from-later", "minted one second before mint-from", "mint-from = 2026-01-01T00:00:01Z", root(), early),
        ("from-offset", "mint-from with an offset", "mint-from = 2026-01-01T01:00:00+01:00", root(), "ok"),
        ("from-offset-later", "the same hour without it", "mint-from = 2026-01-01T01:00:00Z", root(), early),
        ("until-behind", "minted one second before mint-until", "mint-until = 2026-01-01T00:00:01Z", root(), "ok"),
        ("until-equal", "minted at mint-until", "mint-until = 2026-01-01T00:00:00Z", root(), early),
        ("aud-equal", "an audience of the entry", "aud = [\"mail\", \"files\"]", root(), "ok"),
        ("aud-pattern", "an audience within a pattern of the entry", "aud = [\"*\"]", root(), "ok"),
        ("aud-other", "another audience", "aud = [\"mail\"]", root(), wide),
        ("aud-none", "an entry that allows no audience", "aud = []", root(), wide),
        ("aud-shorter", "an audience with a segment less than the pattern", "aud = [\"files:*\"]", root(), wide),
        ("scopes-within", "each scope within one of the entry", "scopes = [\"*:*\"]", root(), "ok"),
        ("scopes-each", "each scope within another", "scopes = [\"write:*\", \"read:*\"]", root(), "ok"),
        ("scopes-one-wider", "one of two scopes is wider", "scopes = [\"read:*\", \"write:files:a\"]", root(), wide),
        ("scopes-none", "an entry that allows no scope", "scopes = []", root(), wide),
        ("scopes-union", "a scope within none of them", "scopes = [\"read:hr\", \"read:*:*\"]", reads(), wide),
        ("scopes-condition", "conditions are not compared", "scopes = [\"read:* if a absent open\"]", reads(), "ok"),
        ("ttl-equal", "a life as long as max-ttl", "max-ttl = \"1h\"", root(), "ok"),
        ("ttl-longer", "a life one second longer", "max-ttl = \"3599s\"", root(), wide),
        ("ttl-minutes", "the same in minutes", "max-ttl = \"60m\"", root(), "ok"),
        ("ttl-days", "a longest life of days", "max-ttl = \"2d\"", root(), "ok"),
        ("ttl-two-parts", "a longest life in two parts", "max-ttl = \"59m 59s\"", root(), wide),
        ("ttl-two-parts-fit", "two parts that are enough", "max-ttl = \"59m 60s\"", root(), "ok"),
        ("depth-equal", "a depth as large as that of the entry", "depth = 4", root().depth(4), "ok"),
        ("depth-larger", "a depth larger by one", "depth = 4", root().depth(5), wide),
        ("depth-unstated", "no depth, which is 14", "depth = 13", root(), wide),
        ("depth-14", "no depth, and an entry with 14", "depth = 14", root(), "ok"),
    ]
    .into_iter()
    .map(|(name, comment, line, block, answer)| under(name, comment, "T115", line, &block, answer))
    .collect()
}

/// What the ceiling is compared with: all that the root block states, and no other block.
fn blocks() -> Vec<Case> {
    let two = root().auds(&["files", "mail:eu"]);
    let case = |name: &str, comment: &str, line: &str| {
        Case::new(&format!("roots/{name}"), comment).spec("T115").root_line(line)
    };
    let files = || Claims::new().aud("files");
    vec![
        case("aud-each", "each of two audiences within one of the entry", "aud = [\"mail:*\", \"files\"]")
            .sealed_from(&Chain::root(&two), files()),
        case("aud-one-wider", "one of two audiences is in no pattern of the entry", "aud = [\"files\"]")
            .refused("chain-root")
            .block(0)
            .sealed(&Chain::root(&two).seal(files())),
        case("narrowed-later", "a delegate block narrows what the root block states too much", "scopes = [\"read:*\"]")
            .answered("chain-root 0", &Chain::minted().delegate(Claims::new().scopes(list![0]))),
        case("ttl-of-root", "a later iat does not change the life that max-ttl bounds", "max-ttl = \"59m\"")
            .answered("chain-root 0", &Chain::minted().delegate(Claims::new().iat(IAT + 60))),
        case("depth-of-root", "a lower depth in a delegate block does not help", "depth = 4")
            .answered("chain-root 0", &Chain::minted().delegate(Claims::new().depth(3))),
    ]
}

/// Scopes of the ceiling judge every request.
fn deciding() -> Vec<Case> {
    let scopes = "scopes = [\"read:* if path under /data\", \"write:*\"]";
    let open = "scopes = [\"read:* if path under /data open\"]";
    let reads = || root().scopes(list!["read:*"]);
    let named = root().scopes(list![list!["read:*", list![list!["/b", 1, 1]]]]);
    let two = r#"{"path": "/data/x", "b": 1}"#;
    [
        ("holds", "a condition of the entry's scope holds", scopes, reads(), r#"{"path": "/data/x"}"#, "ok"),
        ("fails", "it fails", scopes, reads(), r#"{"path": "/etc"}"#, "deny-ceiling"),
        ("missing", "its argument is missing", scopes, reads(), "{}", "deny-ceiling"),
        ("only", "an argument that it does not name", scopes, reads(), two, "deny-ceiling"),
        ("open", "the same where it is open", open, reads(), two, "ok"),
        ("only-of-token", "a condition of the token names it for the token only", scopes, named, two, "deny-ceiling"),
    ]
    .into_iter()
    .map(|(name, comment, line, block, arguments, answer)| {
        under(&format!("ceiling-{name}"), comment, "T117 T148", line, &block, answer).arguments(arguments)
    })
    .collect()
}

fn ratchet() -> Vec<Case> {
    let (send, write, read) = ("send:mail:internal", "write:files:a", "read:hr:employees");
    let all = || root().scopes(list!["*"]);
    let secret = || all().level(2);
    let kept = |pattern: &str| list![list![0, list![], list![pattern]]];
    let own = "own-ratchet = true";
    let reads = "ratchet = [ { level = \"public\", labels = [], keep = [\"read:*\"] } ]";
    let higher = "ratchet = [ { level = \"internal\", labels = [], keep = [\"read:*\"] } ]";
    let denied = "deny-ratchet";
    let none = || secret().rules(Item::List(Vec::new()));
    let rows = [
        ("default", "the default rules where the entry says nothing", "T134", "labels = []", secret(), send, denied),
        ("own-none", "no rules in the root block, in place of the default ones", "T116", own, none(), send, "ok"),
        ("own", "rules of the root block in their place", "T116", own, secret().rules(kept("send:*")), send, "ok"),
        ("own-applies", "and they apply", "T116", own, secret().rules(kept("send:*")), write, "deny-ratchet 0"),
        ("own-unstated", "a root block that states no rules", "T116", own, secret(), send, denied),
        ("not-own", "rules of the root block are only added", "T116", "own-ratchet = false", none(), send, denied),
        ("level", "the level of the entry counts", "T117 T132", "level = \"confidential\"", all(), send, denied),
        ("level-kept", "what the rule for it keeps", "T117 T132", "level = \"confidential\"", all(), write, "ok"),
        ("label", "the label of the entry counts", "T117 T132", "labels = [\"untrusted\"]", secret(), write, denied),
        ("label-other", "a label that no rule is for", "T117 T132", "labels = [\"pii\"]", secret(), write, "ok"),
        ("added", "a rule of the entry is added", "T117 T134", reads, all().rules(kept("*")), write, denied),
        ("added-keeps", "and keeps what it keeps", "T117 T134", reads, all().rules(kept("*")), read, "ok"),
        ("added-higher", "a rule of the entry for a higher level", "T117 T133", higher, all(), write, "ok"),
    ];
    let mut cases: Vec<Case> = rows
        .into_iter()
        .map(|(name, comment, spec, line, block, action, answer)| {
            under(&format!("ratchet-{name}"), comment, spec, line, &block, answer).request(action)
        })
        .collect();
    cases.push(
        Case::new("roots/ratchet-own-later", "rules of a delegate block replace none")
            .spec("T116")
            .root_line(own)
            .request(send)
            .answered(denied, &Chain::root(&secret()).delegate(Claims::new().rules(kept("*")))),
    );
    cases
}

fn several() -> Vec<Case> {
    let local = || Chain::root(&root().ask(list![list!["read:hr:*", list!["@local"], 1]]));
    let unknown = || Chain::root(&root().ask(list![list!["read:hr:*", list!["@locals", public(0x51)], 1]]));
    let case = |name: &str, comment: &str, spec: &str, roots: &[Vec<String>]| {
        Case::new(&format!("roots/{name}"), comment).spec(spec).roots_file(roots.concat())
    };
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let retired =
        |name, comment, until: &str| case(name, comment, "T115 T120", &[trusted(1), lines(&[until]), trusted(9)]);
    vec![
        case(
            "other-entry",
            "what bounds another root bounds nothing here",
            "T111 T115",
            &[trusted(9), lines(&["depth = 0", "scopes = []", "aud = []"]), trusted(1)],
        )
        .answered("ok", &Chain::minted()),
        case(
            "own-entry",
            "what bounds this root, in the second entry",
            "T111 T115",
            &[trusted(9), trusted(1), lines(&["depth = 0"])],
        )
        .answered("chain-root 0", &Chain::minted()),
        retired("retired-before", "minted before its root was retired", "mint-until = 2026-01-01T00:00:30Z")
            .answered("ok", &Chain::minted()),
        retired("retired-after", "minted after its root was retired", "mint-until = 2025-12-31T23:59:59Z")
            .answered("chain-mint-window 0", &Chain::minted()),
        case("removed", "minted by a root whose entry was removed", "T111 T121", &[trusted(9)])
            .answered("chain-unknown-root 0", &Chain::minted()),
        case("local-unknown", "an ask of the group local, which no roots file defines", "T119 T150", &[trusted(1)])
            .answered("deny-needs-approval 0", &local()),
        case("local-known", "the same where the enforcement point has an approval key", "T119 T150", &[trusted(1)])
            .state(json!({"local": key_text(0x51)}))
            .answered("deny-needs-approval 0", &local()),
        case(
            "group-unknown",
            "an ask of a group that the roots do not define, and of a key",
            "T119 T149",
            &[trusted(1)],
        )
        .answered("deny-group 0", &unknown()),
        case("group-not-asked", "the same ask, and an action that it does not cover", "T149", &[trusted(1)])
            .request(Request::from("read:files:a"))
            .answered("ok", &unknown()),
    ]
}
