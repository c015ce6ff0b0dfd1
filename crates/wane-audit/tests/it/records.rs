//! Records: what is written is read, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use wane::{
    Bearer, BlockId, BlockState, Charge, Code, FirstState, Heard, LedgerId, LedgerState, Level, Mark, Name, Place,
    PublicKey, SecretKey, Tree, Volatility,
};
use wane_audit::{
    AcceptRestore, ApprovalSeen, Closed, Collect, Decided, DenialsDropped, Event, Hash, Hint, Keyed, LogSecret, Opened,
    Origin, Outcome, Prune, RECORD_BYTES, Raise, Record, RecordId, Register, Revoke, RevokeBefore, Unverified,
};

fn public() -> PublicKey {
    SecretKey::from_seed([7; 32]).public_key()
}

fn block(byte: u8) -> BlockId {
    BlockId::from_bytes([byte; 32])
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn mark() -> Mark {
    Mark::at(Level::Restricted).with(name("pii")).with(name("untrusted"))
}

fn record(event: Event) -> Record {
    let origin = Origin::new("example.com/log").unwrap();
    Record { id: RecordId::from_bytes([1; 16]), at: 1_767_225_600, origin, log: Hint::from_bytes([2; 8]), event }
}

fn state() -> LedgerState {
    let spent = BTreeMap::from([(name("calls"), 3), (name("tokens"), u64::MAX)]);
    let seen = BlockState { mark: mark(), revoked: true, spent, registered: true };
    LedgerState {
        since: 5,
        collected: 6,
        blocks: vec![BlockState::default(), seen.clone()],
        first: Some(FirstState { state: seen, root: public(), issued_at: 9, continues: true }),
        revoked_before: vec![
            (Bearer::Agent("a \"quoted\" name".into()), 1),
            (Bearer::Key(public()), 2),
            (Bearer::Root(public()), u64::MAX),
        ],
        used: BTreeSet::from([block(1), block(2)]),
        ..LedgerState::new(LedgerId::from_bytes([0x5e; 16]), Volatility::VolatileAllowed)
    }
}

/// A decision with every member.
fn decided() -> Decided {
    let place = |tree, condition| Place { tree, block: 1, scope: 2, condition };
    Decided {
        blocks: vec![block(1), block(2)],
        seal_claims: vec![0xa0, 0xff],
        for_request: true,
        wants_request_seal: true,
        seal_code: Some(Code::DenyOtherRequest),
        agents: vec![Some("planner".into()), None],
        call: vec!["tools/call".into(), "read\u{1}_fi\u{2028}le".into()],
        actions: vec!["read:hr".parse().unwrap()],
        level: Level::Internal,
        labels: vec![name("pii")],
        facts: BTreeMap::from([("env".into(), Keyed::from_bytes([3; 32]))]),
        arguments: BTreeMap::from([("/path".into(), Keyed::from_bytes([4; 32]))]),
        request: Some(Keyed::from_bytes([5; 32])),
        clear: BTreeMap::from([("/limit".into(), "5".into())]),
        code: Some(Code::DenyScope),
        block: Some(1),
        mark_before: Mark::default(),
        mark_after: mark(),
        state: Some(state()),
        local: Some(public()),
        costs: BTreeMap::from([(name("calls"), 1)]),
        asks: vec!["send:* by @oncall need 2".parse().unwrap()],
        charges: vec![Charge { block: block(1), name: name("calls"), cost: 1, cap: 50 }],
        approvals: vec![ApprovalSeen {
            id: block(6),
            key: public(),
            iat: 1_000,
            exp: 1_600,
            actions: vec!["send:mail".parse().unwrap()],
            request: Keyed::from_bytes([7; 32]),
            code: Some(Code::DenyApprovalActions),
        }],
        conditions: vec![
            Heard { place: place(Tree::Scopes, Some(0)), outcome: None },
            Heard { place: place(Tree::Ceiling, None), outcome: Some(Code::DenyOnly) },
        ],
        shortened: false,
        roots: Hash::of_leaf(b"roots"),
        catalogue: Some(Hash::of_leaf(b"catalogue")),
        version: "0.1.0".into(),
        ..Decided::new(Hint::from_bytes([9; 8]), block(3), "files".parse().unwrap(), Outcome::Deny)
    }
}

fn every_event() -> Vec<Event> {
    let guard = RecordId::from_bytes([1; 16]);
    let root = Hash::of_leaf(b"root");
    vec![
        Event::Decision(Box::new(decided())),
        Event::Decision(Box::new(Decided::new(
            Hint::from_bytes([9; 8]),
            block(3),
            "files".parse().unwrap(),
            Outcome::Allow,
        ))),
        Event::Opened(Opened { guard, roots: root, catalogue: Some(root), version: "0.1.0".into() }),
        Event::Closed(Closed { guard }),
        Event::Raise(Raise { block: block(1), mark: mark(), reason: Some("by hand".into()) }),
        Event::Revoke(Revoke { block: block(1), reason: None }),
        Event::RevokeBefore(RevokeBefore { bearer: Bearer::Root(public()), before: 9, reason: None }),
        Event::Register(Register { block: block(1), sub: Some("planner".into()), key: Some(public()), exp: 4_600 }),
        Event::AcceptRestore(AcceptRestore { epoch: 2, since: 1_030, known_size: 17, size: 12, root }),
        Event::Collect(Collect { up_to: 1_000, entries: 3 }),
        Event::Unverified(Unverified {
            from: 1,
            to: 61,
            count: 100_000,
            codes: BTreeMap::from([("parse-text".into(), 100_000)]),
        }),
        Event::DenialsDropped(DenialsDropped { from: 1, to: 2, count: 3 }),
        Event::Prune(Prune { before: 64, root }),
    ]
}

#[test]
fn what_is_written_is_read() {
    let mut kinds = BTreeSet::new();
    for event in every_event() {
        kinds.insert(event.kind());
        let record = record(event);
        let line = record.to_line().unwrap();
        assert!(!line.contains(char::is_control), "{line}");
        assert!(!line.contains("null") || line.contains("\"agents\":[\"planner\",null]"), "{line}");
        assert_eq!(Record::parse(line.as_bytes()).unwrap(), record, "{line}");
    }
    assert_eq!(kinds, Event::KINDS.iter().copied().collect());
}

/// Every place where an object stands in a line.
fn with_objects(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
    if let Some(members) = value.as_object() {
        found.push(path.to_owned());
        members.iter().for_each(|(name, inner)| with_objects(inner, &format!("{path}/{name}"), found));
    }
    for (place, inner) in value.as_array().into_iter().flatten().enumerate() {
        with_objects(inner, &format!("{path}/{place}"), found);
    }
}

/// The line with one more member at the start of the object at this pointer.
fn inserted(value: &serde_json::Value, pointer: &str, member: &str) -> String {
    let object = value.pointer(pointer).unwrap().to_string();
    let more = if object == "{}" { format!("{{{member}}}") } else { format!("{{{member},{}", &object[1..]) };
    let mut marked = value.clone();
    *marked.pointer_mut(pointer).unwrap() = serde_json::Value::String("HERE".into());
    marked.to_string().replacen("\"HERE\"", &more, 1)
}

#[test]
fn an_unknown_member_and_a_member_twice_are_refused_at_every_depth() {
    let mut twice = 0;
    for event in every_event() {
        let line = record(event).to_line().unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        // Reordered members are still a record.
        assert!(Record::parse(value.to_string().as_bytes()).is_ok());
        let mut objects = Vec::new();
        with_objects(&value, "", &mut objects);
        for pointer in objects {
            // The members of these have names that nobody lists.
            let named = ["/facts", "/arguments", "/clear", "/spent", "/costs", "/codes"];
            if !named.iter().any(|end| pointer.ends_with(end)) {
                let unknown = inserted(&value, &pointer, "\"unknown\":1");
                assert_eq!(Record::parse(unknown.as_bytes()).unwrap_err().code(), Code::ParseRecord, "{unknown}");
            }
            for (name, inner) in value.pointer(&pointer).unwrap().as_object().unwrap() {
                let doubled = inserted(&value, &pointer, &format!("\"{name}\":{inner}"));
                assert_eq!(Record::parse(doubled.as_bytes()).unwrap_err().code(), Code::ParseRecord, "{doubled}");
                twice += 1;
            }
        }
    }
    assert!(twice > 130, "{twice}");
}

#[test]
fn a_missing_member_is_refused_or_means_nothing() {
    for event in every_event() {
        let line = record(event).to_line().unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let whole = Record::parse(line.as_bytes()).unwrap();
        for name in value["body"].as_object().unwrap().keys() {
            let mut cut = value.clone();
            cut["body"].as_object_mut().unwrap().remove(name);
            match Record::parse(cut.to_string().as_bytes()) {
                Ok(read) => assert_ne!(read, whole, "{name} says nothing"),
                Err(refusal) => assert_eq!(refusal.code(), Code::ParseRecord),
            }
            let mut null = value.clone();
            null["body"][name.as_str()] = serde_json::Value::Null;
            let answer = Record::parse(null.to_string().as_bytes());
            assert_eq!(answer.unwrap_err().code(), Code::ParseRecord, "{name} is null");
        }
    }
}

#[test]
fn other_lines_are_refused() {
    let line = record(Event::Collect(Collect { up_to: 1_000, entries: 3 })).to_line().unwrap();
    for (from, to) in [
        ("\"v\":1", "\"v\":2"),
        ("\"v\":1", "\"v\":1.0"),
        ("\"v\":1", "\"v\":257"),
        ("collect", "Collect"),
        ("collect", "closed"),
        ("collect", "note"),
        ("up_to\":1000", "up_to\":-1"),
        ("up_to\":1000", "up_to\":1e3"),
        ("up_to\":1000", "up_to\":\"1000\""),
        ("up_to\":1000", "up_to\":18446744073709551616"),
        ("\"id\":\"01", "\"id\":\"0A"),
        ("\"id\":\"01", "\"id\":\"01 "),
        ("example.com/log", "example.com/a log"),
        ("}}", "}}x"),
        ("}}", "}} {}"),
        ("{\"v\"", "{\t\"v\""),
        ("{\"v\"", "{\r\n\"v\""),
        ("{\"v\"", "[{\"v\""),
        ("{\"v\"", "\u{feff}{\"v\""),
    ] {
        assert!(line.contains(from));
        let other = line.replacen(from, to, 1);
        assert_eq!(Record::parse(other.as_bytes()).unwrap_err().code(), Code::ParseRecord, "{other}");
    }
    for bytes in [b"".as_slice(), b"{", b"null", &[0xff], &line.as_bytes()[1..]] {
        assert_eq!(Record::parse(bytes).unwrap_err().code(), Code::ParseRecord);
    }
    let deep = "[".repeat(60_000);
    assert_eq!(Record::parse(deep.as_bytes()).unwrap_err().code(), Code::ParseRecord);
    let unknown = record(Event::Decision(Box::new(decided()))).to_line().unwrap().replace("deny-scope", "deny-nothing");
    assert_eq!(Record::parse(unknown.as_bytes()).unwrap_err().code(), Code::ParseRecord);
    let doubled = record(Event::Decision(Box::new(decided()))).to_line().unwrap();
    let doubled = doubled.replace(&block(2).to_string(), &block(1).to_string());
    assert_eq!(Record::parse(doubled.as_bytes()).unwrap_err().code(), Code::ParseRecord, "a set has it twice");
}

#[test]
fn a_record_has_a_largest_size_and_a_shortened_one_always_fits() {
    let heard = |number| Heard {
        place: Place { tree: Tree::Scopes, block: 15, scope: number, condition: Some(63) },
        outcome: Some(Code::DenyMissingArgument),
    };
    let control = "\u{1}".repeat(4_096);
    let large = Decided {
        blocks: vec![block(1); 15],
        seal_claims: vec![0; 4_096],
        agents: vec![Some("\u{1}".repeat(256)); 15],
        call: vec!["http".into(), control.clone(), control],
        actions: vec![format!("read:{}", "a".repeat(64)).parse().unwrap(); 4],
        conditions: (0..256).map(heard).collect(),
        ..decided()
    };
    let refusal = record(Event::Decision(Box::new(large.clone()))).to_line().unwrap_err();
    assert_eq!(refusal.code(), Code::ParseTooLarge);

    let short = large.shorten();
    let line = record(Event::Decision(Box::new(short.clone()))).to_line().unwrap();
    assert!(line.len() < 8 * 1024, "{}", line.len());
    assert!(short.shortened && short.code == Some(Code::DenyScope) && short.request.is_some());

    let line = record(Event::Collect(Collect { up_to: 1_000, entries: 3 })).to_line().unwrap();
    let padded = |length: usize| format!("{line}{}", " ".repeat(length - line.len()));
    assert!(Record::parse(padded(RECORD_BYTES).as_bytes()).is_ok());
    let refusal = Record::parse(padded(RECORD_BYTES + 1).as_bytes()).unwrap_err();
    assert_eq!(refusal.code(), Code::ParseTooLarge);
}

#[test]
fn what_is_digested_is_not_in_the_line() {
    let secret = LogSecret::from_bytes([0x77; 32]);
    let id = RecordId::from_bytes([1; 16]);
    let value = b"/data/hr/salaries.csv";
    let keyed = secret.digest(&id, "/path", value);
    let decided = Decided { arguments: BTreeMap::from([("/path".into(), keyed)]), ..decided() };
    let line = Record { log: secret.hint(), ..record(Event::Decision(Box::new(decided))) }.to_line().unwrap();
    assert!(!line.contains("salaries") && !line.contains(&*secret.expose_text()));
    let Event::Decision(read) = Record::parse(line.as_bytes()).unwrap().event else { panic!() };
    let revealed = secret.record_key(&id);
    assert!(revealed.opens(&read.arguments["/path"], "/path", value));
    assert!(!revealed.opens(&read.arguments["/path"], "/paths", value));
    assert!(!secret.record_key(&RecordId::from_bytes([2; 16])).opens(&read.arguments["/path"], "/path", value));
    assert!(!LogSecret::from_bytes([0x78; 32]).record_key(&id).opens(&read.arguments["/path"], "/path", value));
}

#[test]
fn control_characters_stand_in_no_line_as_they_are() {
    for c in (0_u8..0x20).chain(0x7f..0xa0).map(char::from) {
        let reason = Some(format!("a{c}b"));
        let record = record(Event::Revoke(Revoke { block: block(1), reason }));
        let line = record.to_line().unwrap();
        assert!(!line.contains(char::is_control), "{c:?}");
        assert_eq!(Record::parse(line.as_bytes()).unwrap(), record, "{c:?}");
        let raw = line.replace(&line[line.find("\"a\\").unwrap()..=line.find("b\"}").unwrap()], &format!("\"a{c}b"));
        assert!(raw.contains(c) && raw.ends_with("b\"}}"), "{raw:?}");
        assert_eq!(Record::parse(raw.as_bytes()).unwrap_err().code(), Code::ParseRecord, "{c:?}");
    }
    // The room that a line has is counted as it is written.
    let full = |reason: String| record(Event::Revoke(Revoke { block: block(1), reason: Some(reason) })).to_line();
    let rest = RECORD_BYTES - full(String::new()).unwrap().len();
    assert_eq!(full("a".repeat(rest)).unwrap().len(), RECORD_BYTES);
    assert_eq!(full("\u{85}".repeat(rest / 6 + 1)).unwrap_err().code(), Code::ParseTooLarge);
}
