//! Writes `test-vectors/approvals`: statements of approvers, good and bad, each with the request it is shown for.
//! `cargo run --package wane --example approval_vectors` writes the folder anew, byte for byte the same.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "keys and cases are fixed")]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ciborium::value::Value;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

/// A file's name and text.
pub(crate) type Vector = (String, String);

/// 2026-01-01T00:00:00Z: when the root block is issued.
const IAT: u64 = 1_767_225_600;
/// When requests are judged, unless a case says otherwise.
const NOW: u64 = IAT + 100;

// Keys are made from the seed that is this byte, 32 times.
const ROOT: u8 = 1;
const HOLDER: u8 = 10;
const CHILD: u8 = 11;
const ONCALL: [u8; 3] = [40, 41, 42];
const LOCAL: u8 = 50;
const STRANGER: u8 = 60;

const APPROVAL: u64 = 3;
const ARGUMENTS: &str = r#"{"to":"board@example.com","urgent":true}"#;
const ACTIONS: [&str; 2] = ["send:mail:board", "read:hr:salaries"];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> Vec<u8> {
    key(seed).verifying_key().to_bytes().to_vec()
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text form: the prefix and unpadded base64url.
fn line(prefix: &str, bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = format!("wane1.{prefix}.");
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let sextets = (0..=chunk.len()).map(|place| bits >> (18 - 6 * place) & 0x3f);
        out.extend(sextets.map(|sextet| char::from(ALPHABET[usize::try_from(sextet).unwrap()])));
    }
    out
}

// CBOR, by another encoder than the library's.

fn bytes(value: &[u8]) -> Value {
    Value::from(value)
}

fn texts(values: &[&str]) -> Value {
    Value::Array(values.iter().map(|value| Value::from(*value)).collect())
}

fn map<const N: usize>(entries: [(i64, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).unwrap();
    out
}

/// The Sig_structure of a block: what is signed, and what its id hashes.
fn signed(kind: u64, previous: &[u8], payload: &[u8]) -> Vec<u8> {
    let aad = cbor(&Value::Array(vec![Value::from("wane1"), Value::from(kind), bytes(previous)]));
    let parts = [Value::from("Signature1"), bytes(&[0xa1, 0x01, 0x32]), bytes(&aad), bytes(payload)];
    cbor(&Value::Array(parts.into()))
}

fn envelope(payload: &[u8], signature: &[u8]) -> Vec<u8> {
    let parts = [bytes(&[0xa1, 0x01, 0x32]), Value::Map(vec![]), bytes(payload), bytes(signature)];
    cbor(&Value::Array(parts.into()))
}

// The chain that requests are shown with: minted for one holder, narrowed for another, sealed.

fn cnf(seed: u8) -> Value {
    map([(1, map([(1, Value::from(1)), (-1, Value::from(6)), (-2, bytes(&public(seed)))]))])
}

/// A chain with this ask in its root block: the sealed token, and the id of the last block before the seal.
fn chain(ask: &[&str], need: u64) -> (String, Vec<u8>) {
    let hint = &sha256(&[&public(ROOT)])[..8];
    let rule = Value::Array(vec![Value::from("send:*"), texts(ask), Value::from(need)]);
    let private = map([(0, bytes(hint)), (1, Value::Bool(true)), (4, texts(&["*"])), (6, Value::Array(vec![rule]))]);
    let (aud, exp, iat) = (Value::from("mail"), Value::from(IAT + 3_600), Value::from(IAT));
    let root = cbor(&map([(3, aud), (4, exp), (6, iat), (8, cnf(HOLDER)), (-65_537, private)]));
    let child = cbor(&map([(2, Value::from("mailer")), (8, cnf(CHILD))]));
    let said = Value::Map(vec![(Value::from("purpose"), Value::from("payroll"))]);
    let seal = cbor(&map([(-65_537, map([(15, said)]))]));

    let mut previous = sha256(&[b"wane1", hint]);
    let mut last = Vec::new();
    let mut token = vec![0x81, 0x83];
    for (kind, signer, payload) in [(0, ROOT, root), (1, HOLDER, child), (2, CHILD, seal)] {
        last = previous;
        let message = signed(kind, &last, &payload);
        token.extend(envelope(&payload, &key(signer).sign(&message).to_bytes()));
        previous = sha256(&[&message]);
    }
    (line("sealed", &token), last)
}

/// The digest of the request that all cases are about.
fn digest() -> Vec<u8> {
    let arguments =
        vec![(Value::from("to"), Value::from("board@example.com")), (Value::from("urgent"), Value::Bool(true))];
    let said = vec![(Value::from("purpose"), Value::from("payroll"))];
    let call = texts(&["tools/call", "send_salaries"]);
    let parts = [Value::from("mail"), call, Value::Map(arguments), Value::Map(said)];
    sha256(&[&cbor(&Value::Array(parts.into()))])
}

/// A statement: what it says, who signs it as what, and behind which block.
#[derive(Clone)]
struct Statement {
    /// Registered claims, then those of the private map, by number.
    claims: BTreeMap<u64, Value>,
    private: BTreeMap<u64, Value>,
    signer: u8,
    kind: u64,
    last: Vec<u8>,
}

impl Statement {
    /// A good one by this key.
    fn by(seed: u8, last: &[u8]) -> Self {
        let claims = [(4, Value::from(NOW + 600)), (6, Value::from(NOW - 10))].into();
        let private = [(14, bytes(&digest())), (16, bytes(&public(seed))), (17, texts(&ACTIONS))].into();
        Self { claims, private, signer: seed, kind: APPROVAL, last: last.to_vec() }
    }

    fn claim(mut self, key: u64, value: impl Into<Option<Value>>) -> Self {
        Self::set(&mut self.claims, key, value.into());
        self
    }

    fn private(mut self, key: u64, value: impl Into<Option<Value>>) -> Self {
        Self::set(&mut self.private, key, value.into());
        self
    }

    fn set(claims: &mut BTreeMap<u64, Value>, key: u64, value: Option<Value>) {
        match value {
            Some(value) => claims.insert(key, value),
            None => claims.remove(&key),
        };
    }

    fn times(self, iat: u64, exp: u64) -> Self {
        self.claim(6, Value::from(iat)).claim(4, Value::from(exp))
    }

    fn payload(&self) -> Vec<u8> {
        let entry = |(key, value): (&u64, &Value)| (Value::from(*key), value.clone());
        let mut claims: Vec<_> = self.claims.iter().map(entry).collect();
        if !self.private.is_empty() {
            claims.push((Value::from(-65_537), Value::Map(self.private.iter().map(entry).collect())));
        }
        cbor(&Value::Map(claims))
    }

    /// Any bytes as payload, signed all the same.
    fn sign(&self, payload: &[u8]) -> Vec<u8> {
        let signature = key(self.signer).sign(&signed(self.kind, &self.last, payload)).to_bytes();
        envelope(payload, &signature)
    }

    fn bytes(&self) -> Vec<u8> {
        self.sign(&self.payload())
    }

    fn text(&self) -> String {
        line("approval", &self.bytes())
    }

    fn id(&self) -> String {
        hex(&sha256(&[&signed(self.kind, &self.last, &self.payload())]))
    }
}

/// The same bytes with the one place where `old` stands changed to `new`.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let places: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old)).collect();
    assert_eq!(places.len(), 1, "{} stands {} times", hex(old), places.len());
    [&bytes[..places[0]], new, &bytes[places[0] + old.len()..]].concat()
}

/// The signature's S with the group order added: the same equation holds.
fn with_group_order(mut envelope: Vec<u8>) -> Vec<u8> {
    const ORDER: [u8; 32] =
        *b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";
    let start = envelope.len() - 32;
    let mut carry = 0;
    for (place, byte) in envelope[start..].iter_mut().enumerate() {
        let sum = u16::from(*byte) + u16::from(ORDER[place]) + carry;
        (*byte, carry) = (sum.to_be_bytes()[1], sum >> 8);
    }
    envelope
}

/// One file being written.
struct Case<'a> {
    name: &'a str,
    comment: &'a str,
    expect: &'a str,
    code: &'a str,
    spec: &'a str,
    now: u64,
    ask: (&'a [&'a str], u64),
    /// More header lines.
    more: Vec<String>,
    payload: Vec<String>,
}

impl<'a> Case<'a> {
    const fn new(name: &'a str, answer: (&'a str, &'a str), spec: &'a str, comment: &'a str) -> Self {
        let (expect, code) = answer;
        Self { name, comment, expect, code, spec, now: NOW, ask: (&["@oncall"], 1), more: vec![], payload: vec![] }
    }

    fn of(mut self, payload: impl IntoIterator<Item = String>) -> Self {
        self.payload = payload.into_iter().collect();
        self
    }

    fn file(&self) -> Vector {
        let mut text = String::new();
        let mut header = |name: &str, value: &str| writeln!(text, "{name}: {value}").unwrap();
        header("comment", self.comment);
        header("expect", self.expect);
        if !self.code.is_empty() {
            header("code", self.code);
        }
        header("spec", self.spec);
        header("now", &self.now.to_string());
        header("root", &line("key", &public(ROOT)));
        let group: Vec<String> = ONCALL.iter().map(|seed| line("key", &public(*seed))).collect();
        header("group", &format!("oncall {}", group.join(" ")));
        header("local", &line("key", &public(LOCAL)));
        header("sealed", &chain(self.ask.0, self.ask.1).0);
        header("aud", "mail");
        header("call", r#"["tools/call","send_salaries"]"#);
        header("arguments", ARGUMENTS);
        for action in ACTIONS {
            header("action", action);
        }
        header("level", "internal");
        header("digest", &hex(&digest()));
        text.extend(self.more.iter().map(|line| format!("{line}\n")));
        text.push('\n');
        text.extend(self.payload.iter().map(|line| format!("{line}\n")));
        (format!("{}.txt", self.name), text)
    }
}

const ALLOW: (&str, &str) = ("allow", "");

fn refuse(code: &str) -> (&str, &str) {
    ("refuse", code)
}

fn deny(code: &str) -> (&str, &str) {
    ("deny", code)
}

/// Every file of the folder.
pub(crate) fn vectors() -> Vec<Vector> {
    let (_, last) = chain(&["@oncall"], 1);
    let good = Statement::by(ONCALL[0], &last);
    [counted(&last), good_or_not(&good), forged(&good), misread(&good)].concat()
}

/// What satisfies an ask.
fn counted(last: &[u8]) -> Vec<Vector> {
    const NEEDS: (&str, &str) = ("ask", "deny-needs-approval");
    let two = chain(&["@oncall"], 2).1;
    let local = chain(&["@local"], 1).1;
    let by = |seed: usize, last: &[u8]| Statement::by(ONCALL[seed], last);
    let good = by(0, last);
    let again = by(0, &two).times(NOW - 9, NOW + 600);
    let case = Case::new;
    let cases = vec![
        case("good", ALLOW, "T150 T174", "one of the group signed for exactly this request").of([good.text()]),
        Case {
            ask: (&["@oncall"], 2),
            ..case("good-two-keys", ALLOW, "T174", "two are needed, two distinct keys signed")
        }
        .of([by(0, &two).text(), by(2, &two).text()]),
        Case { ask: (&["@local"], 1), ..case("good-local", ALLOW, "T119 T170", "@local is the key under `local`") }
            .of([Statement::by(LOCAL, &local).text()]),
        case("ask-none", NEEDS, "T150", "nobody has signed"),
        Case { ask: (&["@oncall"], 2), ..case("ask-one-of-two", NEEDS, "T174", "two are needed, one signed") }
            .of([by(0, &two).text()]),
        Case {
            ask: (&["@oncall"], 2),
            ..case("ask-one-key-twice", NEEDS, "T174", "two statements of one key count once")
        }
        .of([by(0, &two).text(), again.text()]),
        Case {
            more: vec!["ledger: none".into()],
            ..case("ask-no-ledger", NEEDS, "T150", "without a ledger no ask is satisfied")
        }
        .of([good.text()]),
        Case {
            more: vec![format!("used: {}", good.id())],
            ..case("used", deny("state-approval-used"), "T175", "its id has served")
        }
        .of([good.text()]),
        Case {
            more: vec![format!("collected: {}", NOW + 600)],
            ..case("collected", deny("state-collected"), "T173", "the ledger has forgotten up to its exp")
        }
        .of([good.text()]),
        case("good-and-bad", deny("deny-approval-key"), "T170", "one that is not good is never passed over")
            .of([good.text(), Statement::by(STRANGER, last).text()]),
    ];
    cases.iter().map(Case::file).collect()
}

/// Genuine statements for this request, or not quite.
fn good_or_not(good: &Statement) -> Vec<Vector> {
    let case = Case::new;
    let by = |seed: u8| Statement::by(seed, &good.last);
    let lifetime = deny("deny-approval-lifetime");
    let actions = deny("deny-approval-actions");
    let of = |case: Case<'_>, statement: Statement| case.of([statement.text()]).file();
    let elsewhere = Statement { last: sha256(&[b"another chain"]), ..good.clone() };
    vec![
        of(
            case("other-chain", deny("deny-approval-chain"), "T164 T166", "signed behind another last block"),
            elsewhere,
        ),
        of(
            case("other-request", deny("deny-approval-request"), "T167", "another digest"),
            good.clone().private(14, bytes(&sha256(&[b"another request"]))),
        ),
        of(
            case("other-actions-fewer", actions, "T168", "one of two actions"),
            good.clone().private(17, texts(&ACTIONS[..1])),
        ),
        of(
            case("other-actions-more", actions, "T168", "one action more"),
            good.clone().private(17, texts(&[ACTIONS[0], ACTIONS[1], "delete:hr:salaries"])),
        ),
        of(
            case("other-actions-order", actions, "T168", "the same actions in another order"),
            good.clone().private(17, texts(&[ACTIONS[1], ACTIONS[0]])),
        ),
        of(case("self-root", deny("deny-approval-self"), "T169", "by the root key"), by(ROOT)),
        of(case("self-parent", deny("deny-approval-self"), "T169", "by the cnf key of the root block"), by(HOLDER)),
        of(case("self-holder", deny("deny-approval-self"), "T169", "by the key that sealed"), by(CHILD)),
        of(case("stranger", deny("deny-approval-key"), "T170", "by a key that no ask names"), by(STRANGER)),
        of(case("good-an-hour", ALLOW, "T165", "exp one hour after iat"), good.clone().times(NOW, NOW + 3_600)),
        of(
            case("too-long", lifetime, "T165", "exp one hour and a second after iat"),
            good.clone().times(NOW, NOW + 3_601),
        ),
        of(case("no-time", lifetime, "T165", "exp is iat"), good.clone().times(NOW + 10, NOW + 10)),
        of(case("backwards", lifetime, "T165", "exp before iat"), good.clone().times(NOW + 20, NOW + 10)),
        of(case("good-soon", ALLOW, "T171", "iat 30 seconds ahead"), good.clone().times(NOW + 30, NOW + 60)),
        of(
            case("future", deny("deny-approval-future"), "T171", "iat 31 seconds ahead"),
            good.clone().times(NOW + 31, NOW + 60),
        ),
        of(case("good-last-second", ALLOW, "T172", "exp one second ahead"), good.clone().times(NOW - 60, NOW + 1)),
        of(case("expired", deny("deny-approval-expired"), "T172", "exp is now"), good.clone().times(NOW - 60, NOW)),
    ]
}

/// Well-formed, and not signed as they must be.
fn forged(good: &Statement) -> Vec<Vector> {
    let case = |name, spec, comment| Case::new(name, deny("deny-approval-chain"), spec, comment);
    let of = |case: Case<'_>, bytes: Vec<u8>| case.of([line("approval", &bytes)]).file();
    let named = |seed: u8| Statement { signer: seed, ..good.clone() };
    let payload = good.payload();
    let mut flipped = good.bytes();
    *flipped.last_mut().unwrap() ^= 1;
    vec![
        of(case("unsigned", "T164", "64 zero bytes as signature"), envelope(&payload, &[0; 64])),
        of(case("flipped", "T164", "one bit of the signature flipped"), flipped),
        of(case("other-signer", "T164", "signed by another of the group than it names"), named(ONCALL[1]).bytes()),
        of(
            case("kind-delegate", "T22 T164", "signed as a delegate block"),
            Statement { kind: 1, ..good.clone() }.bytes(),
        ),
        of(case("kind-seal", "T22 T164", "signed as a seal"), Statement { kind: 2, ..good.clone() }.bytes()),
        of(case("kind-reserved", "T21 T164", "signed as kind 4"), Statement { kind: 4, ..good.clone() }.bytes()),
        of(case("malleable", "T23 T164", "the group order added to S"), with_group_order(good.bytes())),
    ]
}

/// Not in the one form an approval has.
fn misread(good: &Statement) -> Vec<Vector> {
    let of = |name, code, spec, comment, text: String| Case::new(name, refuse(code), spec, comment).of([text]).file();
    let states = |name, code, spec, comment, statement: Statement| of(name, code, spec, comment, statement.text());
    let signs = |payload: &[u8]| line("approval", &good.sign(payload));
    let (payload, missing) = (good.payload(), "parse-missing-claim");
    let extra = |key: u64, value: Value| good.clone().claim(key, value);
    let private = |key: u64, value: Value| good.clone().private(key, value);
    let exp = [&[0x04, 0x1a], &u32::try_from(NOW + 600).unwrap().to_be_bytes()[..]].concat();
    let long = [&[0x04, 0x1b], &(NOW + 600).to_be_bytes()[..]].concat();
    let iat = [&[0x06, 0x1a], &u32::try_from(NOW - 10).unwrap().to_be_bytes()[..]].concat();
    let both = [exp.clone(), iat.clone()].concat();
    let mut small_order = [0; 32];
    small_order[0] = 1;
    let five: Vec<String> = (0..5).map(|number| format!("read:hr:{number}")).collect();
    let five: Vec<&str> = five.iter().map(String::as_str).collect();
    let text = good.text();
    // One byte beyond a multiple of three: the last character carries four bits, and the next one of the alphabet more.
    let uneven = good.clone().private(17, texts(&ACTIONS[..1]));
    let mut spelt = uneven.text();
    let end = spelt.pop().unwrap();
    spelt.push(char::from_u32(u32::from(end) + 1).unwrap());
    vec![
        states("missing-exp", missing, "T163", "no exp", good.clone().claim(4, None)),
        states("missing-iat", missing, "T163", "no iat", good.clone().claim(6, None)),
        states("missing-digest", missing, "T163", "no digest", good.clone().private(14, None)),
        states("missing-approver", missing, "T163", "no approver", good.clone().private(16, None)),
        states("missing-actions", missing, "T163", "no actions", good.clone().private(17, None)),
        states("extra-sub", "parse-misplaced-claim", "T163", "a sub", extra(2, Value::from("oncall"))),
        states("extra-cti", "parse-misplaced-claim", "T163", "a cti", extra(7, bytes(&[7; 8]))),
        states("extra-cnf", "parse-misplaced-claim", "T163", "a cnf", extra(8, cnf(ONCALL[0]))),
        states("extra-note", "parse-misplaced-claim", "T163", "a note", private(13, Value::from("fine with me"))),
        states("extra-unknown", "parse-unknown-claim", "T28", "a claim nobody knows", extra(9, Value::from(1))),
        states(
            "extra-unknown-private",
            "parse-unknown-claim",
            "T28",
            "a private claim nobody knows",
            private(18, Value::from(1)),
        ),
        states("actions-none", "parse-not-canonical", "T35", "an empty list of actions", private(17, texts(&[]))),
        states(
            "actions-twice",
            "parse-not-canonical",
            "T35",
            "an action twice",
            private(17, texts(&[ACTIONS[0], ACTIONS[0]])),
        ),
        states("actions-five", "parse-limit", "T34", "five actions", private(17, texts(&five))),
        states("actions-pattern", "parse-pattern", "T36", "a pattern for an action", private(17, texts(&["send:*"]))),
        states("digest-short", "parse-claim-type", "T31", "a digest of 31 bytes", private(14, bytes(&[2; 31]))),
        states("approver-small-order", "parse-key", "T33", "a key of small order", private(16, bytes(&small_order))),
        states(
            "approver-group",
            "parse-claim-type",
            "T31",
            "a group instead of a key",
            private(16, Value::from("@oncall")),
        ),
        of(
            "spelling-long-time",
            "parse-not-shortest",
            "T8",
            "exp in eight bytes",
            signs(&replaced(&payload, &exp, &long)),
        ),
        of(
            "spelling-order",
            "parse-key-order",
            "T9",
            "iat before exp",
            signs(&replaced(&payload, &both, &[iat.clone(), exp.clone()].concat())),
        ),
        of(
            "spelling-twice",
            "parse-duplicate-key",
            "T9",
            "exp twice",
            signs(&[&[0xa4], &exp[..], &payload[1..]].concat()),
        ),
        of(
            "spelling-indefinite",
            "parse-indefinite",
            "T7",
            "a map without a length",
            signs(&[&[0xbf], &payload[1..], &[0xff]].concat()),
        ),
        of(
            "spelling-trailing",
            "parse-trailing-bytes",
            "T13",
            "a null behind the envelope",
            line("approval", &[good.bytes(), vec![0xf6]].concat()),
        ),
        of(
            "spelling-header",
            "parse-envelope",
            "T17",
            "a key id in the unprotected header",
            line("approval", &replaced(&good.bytes(), &[0x32, 0xa0, 0x58], &[0x32, 0xa1, 0x04, 0x40, 0x58])),
        ),
        of(
            "spelling-signature",
            "parse-envelope",
            "T18",
            "a signature of 63 bytes",
            line("approval", &envelope(&payload, &[0; 63])),
        ),
        of("spelling-padding", "parse-text", "T2", "padded base64", format!("{text}=")),
        of("spelling-bits", "parse-text", "T2", "trailing bits that are not zero", spelt),
        of(
            "prefix-sealed",
            "parse-prefix",
            "T2",
            "the same bytes under another prefix",
            text.replace(".approval.", ".sealed."),
        ),
    ]
}

fn main() -> std::io::Result<()> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors/approvals");
    std::fs::create_dir_all(&folder)?;
    for (name, text) in vectors() {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
