//! Which records a filter shows.

use wane::{Bearer, BlockId, Code};
use wane_audit::{
    Closed, Decided, Event, Filter, Hash, Hint, Origin, Outcome, Raise, Record, RecordId, Register, RevokeBefore,
};

fn block(byte: u8) -> BlockId {
    BlockId::from_bytes([byte; 32])
}

fn record(at: u64, event: Event) -> Record {
    let origin = Origin::new("example.com/log").unwrap();
    Record { id: RecordId::from_bytes([1; 16]), at, origin, log: Hint::from_bytes([2; 8]), event }
}

fn log() -> Vec<Record> {
    let decided = |decision, code, action: &str, agent: Option<&str>, blocks: [u8; 2], seal| {
        Event::Decision(Box::new(Decided {
            code,
            actions: vec!["read:public".parse().unwrap(), action.parse().unwrap()],
            agents: vec![None, agent.map(str::to_owned)],
            blocks: blocks.map(block).to_vec(),
            roots: Hash::EMPTY,
            ..Decided::new(Hint::from_bytes([3; 8]), block(seal), "files".parse().unwrap(), decision)
        }))
    };
    let scope = Some(Code::DenyScope);
    vec![
        record(10, decided(Outcome::Allow, None, "read:hr:people", Some("planner"), [1, 2], 9)),
        record(11, decided(Outcome::Deny, scope, "write:hr:people", Some("planner"), [1, 3], 8)),
        record(12, decided(Outcome::Ask, Some(Code::DenyNeedsApproval), "send:mail", None, [1, 2], 7)),
        record(
            13,
            Event::RevokeBefore(RevokeBefore { bearer: Bearer::Agent("planner".into()), before: 5, reason: None }),
        ),
        record(14, Event::Register(Register { block: block(2), sub: Some("planner".into()), key: None, exp: 99 })),
        record(15, Event::Raise(Raise { block: block(2), mark: wane::Mark::default(), reason: None })),
        record(16, Event::Closed(Closed { guard: RecordId::from_bytes([4; 16]) })),
    ]
}

fn shown(filter: &Filter) -> Vec<u64> {
    log().iter().filter(|record| filter.matches(record)).map(|record| record.at).collect()
}

#[test]
fn each_part_of_a_filter_counts() {
    let none = Filter::default;
    let pattern = |text: &str| Some(text.parse().unwrap());
    let cases: [(Filter, &[u64]); 17] = [
        (none(), &[10, 11, 12, 13, 14, 15, 16]),
        (Filter { agent: Some("planner".into()), ..none() }, &[10, 11, 13, 14]),
        (Filter { agent: Some("plan".into()), ..none() }, &[]),
        (Filter { action: pattern("write:*"), ..none() }, &[11]),
        (Filter { action: pattern("*:hr:*"), ..none() }, &[10, 11]),
        (Filter { action: pattern("*"), ..none() }, &[10, 11, 12]),
        (Filter { decision: Some(Outcome::Allow), ..none() }, &[10]),
        (Filter { decision: Some(Outcome::Deny), ..none() }, &[11]),
        (Filter { decision: Some(Outcome::Ask), ..none() }, &[12]),
        (Filter { code: Some(Code::DenyScope), ..none() }, &[11]),
        (Filter { from: Some(12), ..none() }, &[12, 13, 14, 15, 16]),
        (Filter { until: Some(12), ..none() }, &[10, 11]),
        (Filter { from: Some(12), until: Some(13), ..none() }, &[12]),
        (Filter { block: Some(block(2)), ..none() }, &[10, 12, 14, 15]),
        (Filter { block: Some(block(8)), ..none() }, &[11]),
        (Filter { block: Some(block(200)), ..none() }, &[]),
        (Filter { agent: Some("planner".into()), block: Some(block(2)), until: Some(14), ..none() }, &[10]),
    ];
    for (filter, expected) in cases {
        assert_eq!(shown(&filter), expected, "{filter:?}");
    }
}
