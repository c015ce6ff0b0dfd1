//! Records and checkpoints written out by hand: no writer of this crate stands between the specification and them.

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};
use wane::{SecretKey, Signer as _};

const ORIGIN: &str = "wane.dev/ledger/5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e";
/// 2026-01-01T00:00:00Z.
const AT: u64 = 1_767_225_600;

/// A file's path below `test-vectors`, and its text.
type Vector = (String, String);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// So many bytes that are all this one, in hexadecimal digits.
fn bytes(byte: u8, length: usize) -> String {
    hex(&vec![byte; length])
}

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn file(path: &str, code: Option<&str>, spec: &str, comment: &str, more: &str, payload: &str) -> Vector {
    let expect = code.map_or_else(|| "expect: accept".to_owned(), |code| format!("expect: refuse\ncode: {code}"));
    (format!("{path}.txt"), format!("comment: {comment}\n{expect}\nspec: {spec}\n{more}\n{payload}"))
}

/// A line of this kind.
fn record(kind: &str, body: &str) -> String {
    let (id, log) = (bytes(0x11, 16), bytes(0x22, 8));
    format!(r#"{{"v":1,"id":"{id}","at":{AT},"kind":"{kind}","origin":"{ORIGIN}","log":"{log}","body":{body}}}"#)
}

/// The body of a decision: what every one has, and more behind it.
fn decision(outcome: &str, more: &str) -> String {
    let (root, block, child) = (bytes(0x01, 8), bytes(0xb0, 32), bytes(0xb1, 32));
    let (seal, roots) = (bytes(0x5e, 32), bytes(0x70, 32));
    format!(
        concat!(
            r#"{{"root":"{}","blocks":["{}","{}"],"seal":"{}","seal_claims":"oA","for_request":false,"#,
            r#""wants_request_seal":false,"agents":["planner",null],"aud":"files","call":["tools/call","read_report"],"#,
            r#""actions":["read:files:reports"],"level":"confidential","decision":"{}","#,
            r#""mark_before":{{"level":"public"}},"mark_after":{{"level":"confidential","labels":["pii"]}},"#,
            r#""roots":"{}","version":"0.1.0"{}}}"#
        ),
        root, block, child, seal, outcome, roots, more
    )
}

fn good(name: &str, comment: &str, kind: &str, body: &str) -> Vector {
    let line = record(kind, body);
    let leaf = hex(&Sha256::new_with_prefix([0]).chain_update(&line).finalize());
    file(&format!("records/{name}"), None, "A1 A10", comment, &format!("leaf: {leaf}\n"), &format!("{line}\n"))
}

/// One of each kind.
fn good_records() -> Vec<Vector> {
    let (block, guard, root) = (bytes(0xb0, 32), bytes(0x9a, 16), bytes(0x70, 32));
    let (approver, local) = (key(40).public_key(), key(50).public_key());
    let allowed = format!(
        concat!(
            r#","state":{{"id":"{}","volatility":"durable","since":1767225630,"collected":0,"blocks":["#,
            r#"{{"mark":{{"level":"public"}},"revoked":false,"spent":{{"calls":49}},"registered":true}},"#,
            r#"{{"mark":{{"level":"public"}},"revoked":false,"registered":false}},"#,
            r#"{{"mark":{{"level":"public"}},"revoked":false,"registered":false}}]}},"#,
            r#""costs":{{"calls":1}},"charges":[{{"block":"{}","name":"calls","cost":1,"cap":50}}],"#,
            r#""conditions":[{{"tree":"scopes","block":1,"scope":0,"condition":0}},"#,
            r#"{{"tree":"scopes","block":0,"scope":0}}]"#
        ),
        bytes(0x5e, 16),
        block
    );
    let denied = concat!(
        r#","code":"deny-condition","block":1,"conditions":"#,
        r#"[{"tree":"scopes","block":1,"scope":0,"condition":0,"code":"deny-condition"}]"#
    );
    let approved = format!(
        concat!(
            r#","code":"deny-approval-request","local":"{}","asks":["read:* by @oncall need 2"],"approvals":[{{"id":"{}","key":"{}","iat":1767225600,"#,
            r#""exp":1767226200,"actions":["read:files:reports"],"request":"{}","code":"deny-approval-request"}}]"#
        ),
        local,
        bytes(0xa9, 32),
        approver,
        bytes(0x33, 32)
    );
    let shortened = r#","code":"parse-too-large","shortened":true"#;
    let unverified = concat!(
        r#"{"from":1767225540,"to":1767225600,"count":100000,"#,
        r#""codes":{"chain-signature":1,"parse-text":99999}}"#
    );
    vec![
        good("decision-allow", "a read was allowed, and what followed", "decision", &decision("allow", &allowed)),
        good("decision-deny", "a condition did not hold", "decision", &decision("deny", denied)),
        good("decision-approval", "an approval was for another request", "decision", &decision("deny", &approved)),
        good("decision-shortened", "a denial that had no room", "decision", &decision("deny", shortened)),
        good(
            "opened",
            "a guard began",
            "opened",
            &format!(r#"{{"guard":"{guard}","roots":"{root}","version":"0.1.0"}}"#),
        ),
        good("closed", "it ended", "closed", &format!(r#"{{"guard":"{guard}"}}"#)),
        good(
            "raise",
            "a mark was raised by hand",
            "raise",
            &format!(
                r#"{{"block":"{block}","mark":{{"level":"restricted","labels":["pii","untrusted"]}},"reason":"seen"}}"#
            ),
        ),
        good(
            "revoke-before-agent",
            "all that an agent holds",
            "revoke-before",
            r#"{"bearer":{"agent":"reporter"},"before":1767225600,"reason":"laptop lost"}"#,
        ),
        good(
            "revoke-before-key",
            "all that a key holds",
            "revoke-before",
            &format!(r#"{{"bearer":{{"key":"{approver}"}},"before":1767225600}}"#),
        ),
        good(
            "revoke-before-root",
            "all that a root key has signed",
            "revoke-before",
            &format!(r#"{{"bearer":{{"root":"{approver}"}},"before":1767225600}}"#),
        ),
        good(
            "register",
            "a block was made known",
            "register",
            &format!(r#"{{"block":"{block}","sub":"planner","key":"{approver}","exp":1767229200}}"#),
        ),
        good(
            "accept-restore",
            "an older copy was accepted",
            "accept-restore",
            &format!(r#"{{"epoch":2,"since":1767225630,"known_size":17,"size":12,"root":"{root}"}}"#),
        ),
        good("collect", "what had expired was forgotten", "collect", r#"{"up_to":1767222000,"entries":3}"#),
        good("unverified", "input that did not verify was counted", "unverified", unverified),
        good(
            "denials-dropped",
            "denials that had no room",
            "denials-dropped",
            r#"{"from":1767225540,"to":1767225600,"count":17}"#,
        ),
        good("prune", "the text of older records was dropped", "prune", &format!(r#"{{"before":64,"root":"{root}"}}"#)),
    ]
}

fn bad_records() -> Vec<Vector> {
    let line = record("collect", r#"{"up_to":1767222000,"entries":3}"#);
    let allow = record("decision", &decision("allow", ""));
    let bad = |name, comment, payload: String| {
        let path = format!("records/{name}");
        file(&path, Some("parse-record"), "A2", comment, "", &format!("{payload}\n"))
    };
    let changed = |line: &str, from: &str, to: &str| {
        assert_eq!(line.matches(from).count(), 1, "{from}");
        line.replace(from, to)
    };
    let with = |from: &str, to: &str| changed(&line, from, to);
    let time = |to: &str| with(&format!(r#""at":{AT}"#), &format!(r#""at":{to}"#));
    let body = |from: &str, to: &str| changed(&allow, from, to);
    vec![
        bad("version-fraction", "1.0 is not the version 1", with(r#""v":1"#, r#""v":1.0"#)),
        bad("kind-case", "kinds are lower case", with("collect", "Collect")),
        bad(
            "member-deep",
            "an unknown member of a mark",
            body(r#"{"level":"public"}"#, r#"{"level":"public","at":1}"#),
        ),
        bad("decision-unknown", "an unknown decision", body(r#""decision":"allow""#, r#""decision":"maybe""#)),
        bad(
            "twice-first",
            "another decision put before the first",
            body(r#""decision":"allow""#, r#""decision":"deny","decision":"allow""#),
        ),
        bad(
            "twice-escaped",
            "a member twice, once with an escaped letter",
            with(r#""entries":3"#, r#""entries":3,"\u0065ntries":4"#),
        ),
        bad("missing-body", "a member of the body is missing", with(r#","entries":3"#, "")),
        bad("id-short", "an id of 15 bytes", with(&bytes(0x11, 16), &bytes(0x11, 15))),
        bad("time-negative", "a time before 1970", time("-1")),
        bad("time-exponent", "a time with an exponent", time("1e9")),
        bad("time-text", "a time as a text", time(r#""1767225600""#)),
        bad("origin-space", "an origin with a space", with(ORIGIN, "a log")),
        bad("action-pattern", "a pattern for an action", body("read:files:reports", "read:*")),
        bad("byte-order-mark", "something before the object", format!("\u{feff}{line}")),
        bad("array", "a record in an array", format!("[{line}]")),
        bad("cut", "cut short", line.trim_end_matches('}').to_owned()),
    ]
}

/// The three lines of a head.
fn head(origin: &str, size: &str, root: &[u8]) -> String {
    format!("{origin}\n{size}\n{}\n", Base64::encode_string(root))
}

/// A signature line of the log's key over this text.
fn signature(name: &str, text: &str) -> String {
    let public = key(7).public_key();
    let id = Sha256::new_with_prefix(name).chain_update(b"\n\x01").chain_update(public.as_bytes()).finalize();
    let mut bytes: Vec<u8> = id.into_iter().take(4).collect();
    bytes.extend(key(7).sign(text.as_bytes()).unwrap());
    format!("\u{2014} {name} {}\n", Base64::encode_string(&bytes))
}

/// Signed as they are, so that nothing but what they say is wrong.
fn checkpoints() -> Vec<Vector> {
    let root = Sha256::digest(b"the root of the tree");
    let text = head(ORIGIN, "20852163", &root);
    let line = signature(ORIGIN, &text);
    let note = format!("{text}\n{line}");
    let signed = |text: &str| format!("{text}\n{}", signature(ORIGIN, text));
    let given = format!("key: {}\norigin: {ORIGIN}\n", key(7).public_key());
    let bad = |name, code, spec, comment, payload: &str| {
        file(&format!("checkpoints/{name}"), Some(code), spec, comment, &given, payload)
    };
    let parse = |name, comment, payload: &str| bad(name, "parse-checkpoint", "A19", comment, payload);
    let apart = |name, comment, payload: &str| bad(name, "state-checkpoint-key", "A18", comment, payload);
    let says = format!("{given}size: 20852163\nroot: {}\n", hex(&root));
    let another = head(ORIGIN, "20852164", &root);
    vec![
        file("checkpoints/by-hand", None, "A15 A17", "a head of a ledger's log", &says, &note),
        apart(
            "other-root",
            "the root of another tree",
            &note.replacen(&Base64::encode_string(&root), &Base64::encode_string(&Sha256::digest(b"another")), 1),
        ),
        apart("other-name", "signed under another name", &format!("{text}\n{}", signature("example.com/log", &text))),
        apart(
            "one-of-two",
            "the log's key has signed this head, and another signature of it is of the next one",
            &format!("{note}{}", signature(ORIGIN, &another)),
        ),
        parse("no-empty-line", "no empty line before the signature", &format!("{text}{line}")),
        parse("two-lines", "no root", &signed(&format!("{ORIGIN}\n20852163\n"))),
        parse("size-hex", "a number in hexadecimal digits", &signed(&head(ORIGIN, "0x13e2e83", &root))),
        parse("size-large", "2^64 records", &signed(&head(ORIGIN, "18446744073709551616", &root))),
        parse("root-short", "a root of 31 bytes", &signed(&head(ORIGIN, "20852163", &[7; 31]))),
        parse(
            "root-bits",
            "base64 with trailing bits that are not zero",
            &signed(&head(ORIGIN, "20852163", &[0; 32]).replace("A=\n", "B=\n")),
        ),
        parse("origin-plus", "an origin with a plus sign", &signed(&head("a+log", "20852163", &root))),
        parse("origin-long", "an origin of 201 characters", &signed(&head(&"a".repeat(201), "20852163", &root))),
        parse("return", "lines that end in CR LF", &note.replace('\n', "\r\n")),
        parse("behind", "an empty line at the end", &format!("{note}\n")),
        parse("seventeen", "seventeen signatures", &format!("{text}\n{}", line.repeat(17))),
    ]
}

/// Every file that is written out here.
pub(crate) fn vectors() -> Vec<Vector> {
    [good_records(), bad_records(), checkpoints()].concat()
}
