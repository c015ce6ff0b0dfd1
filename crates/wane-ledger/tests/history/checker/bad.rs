//! Histories made by hand: each bad one with the rule that it breaks, and what looks alike and is good.

use super::Rule::{
    AfterForbidden, AfterRevoked, ForbidsItself, Foreign, Lost, Malformed, MarkFell, OverCap, Refilled, Revived,
    Unjustified, UnknownCode, UsedTwice,
};
use super::{APPROVAL_USED, Admit, BUDGET, Cost, Final, Kind, Operation, Outcome, RATCHET, REVOKED, Rule, USED};
use super::{check, compare};

/// On a thread of its own.
fn at(invoked: u64, returned: u64, kind: Kind) -> Operation {
    let thread = u32::try_from(invoked).unwrap();
    Operation { process: 1, thread, invoked, returned, kind, outcome: Outcome::Ok, record: Some(invoked.to_string()) }
}

impl Operation {
    fn denied_with(self, code: &str, block: impl Into<Option<usize>>) -> Self {
        Self { outcome: Outcome::Denied(code.into(), block.into()), record: None, ..self }
    }

    fn unknown(self) -> Self {
        Self { outcome: Outcome::Unknown, returned: u64::MAX, record: None, ..self }
    }
}

fn raise(level: u8) -> Kind {
    Kind::Raise { session: "s".into(), level }
}

fn revoke(block: &str) -> Kind {
    Kind::Revoke { block: block.into() }
}

fn admit(change: impl FnOnce(&mut Admit)) -> Kind {
    let mut admit =
        Admit { survives: 4, session: "s".into(), blocks: vec!["s".into(), "c".into()], ..Admit::default() };
    change(&mut admit);
    Kind::Admit(Box::new(admit))
}

fn read(level: u8) -> Kind {
    admit(|admit| admit.level = level)
}

fn write(level: u8) -> Kind {
    admit(|admit| (admit.survives, admit.level) = (2, level))
}

fn send() -> Kind {
    admit(|admit| admit.survives = 1)
}

fn charge(cost: u64) -> Kind {
    admit(|admit| admit.charges = vec![Cost { block: "s".into(), name: "calls".into(), cost, cap: 10 }])
}

fn sealed(id: &str) -> Kind {
    admit(|admit| admit.seal = Some(id.into()))
}

fn approved(ids: &[&str]) -> Kind {
    admit(|admit| admit.approvals = ids.iter().map(|id| (*id).to_owned()).collect())
}

fn cases() -> Vec<(&'static str, Vec<Operation>, Vec<Rule>)> {
    vec![
        ("write after a restricted read", vec![at(1, 2, read(3)), at(3, 4, write(0))], vec![AfterForbidden]),
        ("write during a restricted read", vec![at(1, 3, read(3)), at(2, 4, write(0))], vec![]),
        ("write after a confidential read", vec![at(1, 2, read(2)), at(3, 4, write(0))], vec![]),
        ("send after a confidential read", vec![at(1, 2, read(2)), at(3, 4, send())], vec![AfterForbidden]),
        ("send after a raise by hand", vec![at(1, 2, raise(2)), at(3, 4, send())], vec![AfterForbidden]),
        (
            "the raise that returned first is not the first that was invoked",
            vec![at(1, 9, read(3)), at(2, 3, raise(3)), at(4, 5, write(0))],
            vec![AfterForbidden],
        ),
        ("write of what is restricted", vec![at(1, 2, write(3))], vec![ForbidsItself]),
        ("write after a read that nobody heard of", vec![at(1, 9, read(3)).unknown(), at(10, 11, write(0))], vec![]),
        (
            "write after a denial which showed that it is forbidden",
            vec![at(1, 9, read(3)), at(2, 3, write(0)).denied_with(RATCHET, None), at(4, 5, write(0))],
            vec![MarkFell],
        ),
        (
            "write after the denial of a send",
            vec![at(1, 9, read(2)), at(2, 3, send()).denied_with(RATCHET, None), at(4, 5, write(0))],
            vec![],
        ),
        (
            "write after the denial of a send for what forbids both",
            vec![at(1, 9, read(3)), at(2, 3, send()).denied_with(RATCHET, None), at(4, 5, write(0))],
            vec![MarkFell],
        ),
        (
            "write while a send is denied for what forbids both",
            vec![at(1, 9, read(3)), at(2, 5, send()).denied_with(RATCHET, None), at(4, 6, write(0))],
            vec![],
        ),
        (
            "denied for a mark that nobody raised",
            vec![at(1, 2, write(0)).denied_with(RATCHET, None)],
            vec![Unjustified],
        ),
        (
            "denied for a mark that was raised too little",
            vec![at(1, 2, read(2)), at(3, 4, write(0)).denied_with(RATCHET, None)],
            vec![Unjustified],
        ),
        (
            "denied for a mark that is raised later",
            vec![at(1, 2, write(0)).denied_with(RATCHET, None), at(3, 4, read(3))],
            vec![Unjustified],
        ),
        (
            "denied for what may have been read",
            vec![at(1, 2, read(3)).unknown(), at(3, 4, write(0)).denied_with(RATCHET, None)],
            vec![],
        ),
        ("denied for its own level", vec![at(1, 2, write(3)).denied_with(RATCHET, None)], vec![]),
        (
            "denied for a read that was denied",
            vec![
                at(1, 2, revoke("c")),
                at(3, 4, read(3)).denied_with(REVOKED, 1),
                at(5, 6, write(0)).denied_with(RATCHET, None),
            ],
            vec![Unjustified],
        ),
        ("read after a revocation", vec![at(1, 2, revoke("s")), at(3, 4, read(0))], vec![AfterRevoked]),
        ("read during a revocation", vec![at(1, 3, revoke("c")), at(2, 4, read(0))], vec![]),
        ("read after another was revoked", vec![at(1, 2, revoke("t")), at(3, 4, read(0))], vec![]),
        ("revoked, and nobody did it", vec![at(1, 2, read(0)).denied_with(REVOKED, 0)], vec![Unjustified]),
        (
            "the parent said to be revoked, and it was the child",
            vec![at(1, 2, revoke("c")), at(3, 4, read(0)).denied_with(REVOKED, 0)],
            vec![Unjustified],
        ),
        (
            "alive again",
            vec![at(1, 9, revoke("s")), at(2, 3, read(0)).denied_with(REVOKED, 0), at(4, 5, read(0))],
            vec![Revived],
        ),
        ("eleven of ten", vec![at(1, 9, charge(5)), at(2, 9, charge(5)), at(3, 9, charge(1))], vec![OverCap]),
        ("ten of ten", vec![at(1, 9, charge(5)), at(2, 9, charge(5))], vec![]),
        (
            "two that never answered",
            vec![at(1, 9, charge(9)), at(2, 3, charge(9)).unknown(), at(4, 5, charge(1))],
            vec![],
        ),
        (
            "denied, and enough is left",
            vec![at(1, 2, charge(9)), at(3, 4, charge(1)).denied_with(BUDGET, 0)],
            vec![Unjustified],
        ),
        ("denied, and a little is left", vec![at(1, 2, charge(9)), at(3, 4, charge(2)).denied_with(BUDGET, 0)], vec![]),
        (
            "denied for what is charged later",
            vec![at(1, 2, charge(1)).denied_with(BUDGET, 0), at(3, 4, charge(10))],
            vec![Unjustified, Refilled],
        ),
        (
            "there again after a denial",
            vec![
                at(1, 9, charge(8)),
                at(2, 3, charge(5)).unknown(),
                at(4, 5, charge(2)).denied_with(BUDGET, 0),
                at(6, 7, charge(2)),
            ],
            vec![Refilled],
        ),
        (
            "denied for the child's cap, which it does not have",
            vec![at(1, 2, charge(10)), at(3, 4, charge(1)).denied_with(BUDGET, 1)],
            vec![Unjustified],
        ),
        ("a seal twice", vec![at(1, 4, sealed("x")), at(2, 3, sealed("x"))], vec![UsedTwice]),
        ("two seals", vec![at(1, 4, sealed("x")), at(2, 3, sealed("y"))], vec![]),
        ("a seal that never answered, and again", vec![at(1, 4, sealed("x")).unknown(), at(2, 3, sealed("x"))], vec![]),
        ("used, and nobody did", vec![at(1, 2, sealed("x")).denied_with(USED, None)], vec![Unjustified]),
        (
            "used by one who comes later",
            vec![at(1, 2, sealed("x")).denied_with(USED, None), at(3, 4, sealed("x"))],
            vec![Unjustified],
        ),
        ("an approval twice", vec![at(1, 2, approved(&["a", "b"])), at(3, 4, approved(&["b"]))], vec![UsedTwice]),
        (
            "an approval that another has used",
            vec![at(1, 4, approved(&["a"])), at(2, 3, approved(&["a"])).denied_with(APPROVAL_USED, None)],
            vec![],
        ),
        (
            "an approval that nobody has used",
            vec![at(2, 3, approved(&["a"])).denied_with(APPROVAL_USED, None)],
            vec![Unjustified],
        ),
        ("a code from nowhere", vec![at(1, 2, read(0)).denied_with("deny-scope", None)], vec![UnknownCode]),
        ("a store that was busy", vec![at(1, 2, read(0)).denied_with("state-locked", None)], vec![]),
        ("back in time", vec![at(2, 1, read(0))], vec![Malformed]),
        ("two things at once", vec![at(1, 4, read(0)), Operation { thread: 1, ..at(2, 3, read(0)) }], vec![Malformed]),
    ]
}

#[test]
fn each_bad_history_breaks_its_rule() {
    for (name, history, expected) in cases() {
        let found: Vec<_> = check(&history).into_iter().map(|violation| violation.rule).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_violation_shows_the_operations_that_make_it() {
    let history = [at(1, 2, read(0)), at(3, 4, read(3)), at(5, 6, read(0)), at(7, 8, write(0))];
    let found = check(&history);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].operations, [history[1].clone(), history[3].clone()]);
    assert!(
        found[0].to_string().starts_with("AfterForbidden: the mark of s was above 2\n    1.3 [3..4]"),
        "{}",
        found[0]
    );
}

fn ends() -> (Vec<Operation>, Final) {
    let mut last = at(5, 6, sealed("x"));
    last.kind = admit(|admit| (admit.seal, admit.approvals, admit.level) = (Some("x".into()), vec!["a".into()], 3));
    let history = vec![at(1, 2, charge(4)), at(3, 4, charge(5)).unknown(), last, at(7, 8, revoke("s"))];
    let found = Final {
        marks: [("s".into(), 3)].into(),
        revoked: ["s".into()].into(),
        spent: [(("s".into(), "calls".into()), 4)].into(),
        used: ["x".into(), "a".into()].into(),
        records: ["1".into(), "5".into()].into(),
    };
    (history, found)
}

#[test]
fn a_state_in_the_end_that_fits() {
    let (history, mut found) = ends();
    assert!(compare(&history, &found).is_empty());
    found.spent.insert(("s".into(), "calls".into()), 9);
    found.records.insert("77".into());
    assert!(compare(&history, &found).is_empty(), "what never answered may have happened");
}

#[test]
fn a_state_in_the_end_that_does_not_fit() {
    type Change = fn(&mut Final);
    let changes: [(Rule, Change); 12] = [
        (Lost, |found| found.marks = [("s".into(), 2)].into()),
        (Lost, |found| found.marks.clear()),
        (Foreign, |found| found.marks = [("s".into(), 4)].into()),
        (Foreign, |found| found.marks.extend([("t".into(), 1)])),
        (Lost, |found| found.revoked.clear()),
        (Foreign, |found| found.revoked.extend(["c".into()])),
        (Lost, |found| found.spent.extend([(("s".into(), "calls".into()), 3)])),
        (Foreign, |found| found.spent.extend([(("s".into(), "calls".into()), 10)])),
        (Lost, |found| found.used.retain(|id| id == "x")),
        (Foreign, |found| found.used.extend(["y".into()])),
        (Lost, |found| found.records.retain(|id| id == "1")),
        (Foreign, |found| found.records.extend(["8".into(), "9".into()])),
    ];
    for (number, (rule, change)) in changes.into_iter().enumerate() {
        let (history, mut found) = ends();
        change(&mut found);
        let rules: Vec<_> = compare(&history, &found).into_iter().map(|violation| violation.rule).collect();
        assert_eq!(rules, [rule], "change {number}");
    }
    let (mut history, found) = ends();
    history[0].record = None;
    let wrong = compare(&history, &found);
    assert_eq!(
        wrong.iter().map(|violation| violation.rule).collect::<Vec<_>>(),
        [Lost],
        "an admission names its record"
    );
}
