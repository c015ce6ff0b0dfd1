//! Budgets (step 15): every block that states a cap has a counter of its own.

use serde_json::{Value, json};

use super::{kept, knows, no, ok};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::Claims;
use crate::request::Request;

const LARGEST: u64 = 9_007_199_254_740_991;

pub(super) fn cases() -> Vec<Case> {
    [caps(), costs(), blocks(), counters()].concat()
}

fn capped(cap: u64) -> Chain {
    Chain::root(&kept().budgets(&[("calls", cap)]))
}

/// The counter of `calls` under each block from the root block on.
fn spent(counters: &[u64]) -> Value {
    knows(json!({"blocks": counters.iter().map(|spent| json!({"spent": {"calls": spent}})).collect::<Vec<_>>()}))
}

fn calls(cost: u64) -> Request {
    Request::from("read:hr:employees").cost("calls", cost)
}

/// What was spent, the cost, and the cap.
fn caps() -> Vec<Case> {
    let fits = |name: &str, comment: &str, counter: u64, cost: u64, cap: u64| {
        let case = ok(name, "T187", comment).request(calls(cost)).state(spent(&[counter]));
        case.sealed_from(&capped(cap), Claims::new())
    };
    let over = |name: &str, comment: &str, counter: u64, cost: u64, cap: u64| {
        let case = no(name, "deny-budget", "T187", comment).block(0).request(calls(cost)).state(spent(&[counter]));
        case.sealed(&capped(cap).seal(Claims::new()))
    };
    vec![
        fits("budget", "what was spent and the cost come to the cap", 3, 2, 5),
        over("budget-over", "they come to one more than the cap", 4, 2, 5),
        fits("budget-first", "nothing was spent, and the cost is the cap", 0, 5, 5),
        over("budget-first-over", "nothing was spent, and the cost is one more than the cap", 0, 6, 5),
        fits("budget-spent-free", "all was spent, and the request costs nothing", 5, 0, 5),
        over("budget-spent", "all was spent, and the request costs one", 5, 1, 5),
        fits("budget-none-free", "a cap of 0, and the request costs nothing", 0, 0, 0),
        over("budget-none", "a cap of 0, and the request costs one", 0, 1, 0),
        over("budget-lowered", "more was spent than the cap, and the request costs nothing", 6, 0, 5),
        fits("budget-largest", "the largest cap, reached", LARGEST - 1, 1, LARGEST),
        over("budget-largest-over", "the largest cap, and one more", LARGEST, 1, LARGEST),
        over("budget-wraps", "the sum needs more than 64 bits", u64::MAX, 1, LARGEST),
    ]
}

fn costs() -> Vec<Case> {
    let unknown = || knows(json!({}));
    vec![
        no("cost-missing", "deny-cost", "T186", "a block caps a counter, and the request states no cost")
            .block(0)
            .state(unknown())
            .sealed(&capped(5).seal(Claims::new())),
        ok("cost-zero", "T186", "the stated cost is 0")
            .request(calls(0))
            .state(unknown())
            .sealed_from(&capped(5), Claims::new()),
        no("cost-of-other-counter", "deny-cost", "T186", "the request states a cost of another counter")
            .block(0)
            .request(Request::from("read:hr:employees").cost("call", 1))
            .state(unknown())
            .sealed(&capped(5).seal(Claims::new())),
        ok("cost-of-no-counter", "T186", "the request states a cost that nobody caps")
            .request(calls(1).cost("bytes", LARGEST))
            .state(unknown())
            .sealed_from(&capped(5), Claims::new()),
        ok("cost-uncapped", "T186", "a cost, and no block caps anything")
            .request(calls(1))
            .state(unknown())
            .sealed_from(&Chain::root(&kept()), Claims::new()),
        no(
            "cost-missing-of-delegate",
            "deny-cost",
            "T186 T189",
            "a delegate block caps a counter, and the request states no cost",
        )
        .block(1)
        .state(unknown())
        .sealed(&Chain::root(&kept()).delegate(Claims::new().budgets(&[("calls", 5)])).seal(Claims::new())),
        ok("cost-once", "T187", "two actions, and the cost is counted once")
            .request(Request::new(&["read:a", "read:b"]).cost("calls", 1))
            .state(unknown())
            .sealed_from(&capped(1), Claims::new()),
        ok("budget-unknown-block", "T187", "the ledger knows nothing of the block, so nothing was spent")
            .request(calls(5))
            .state(unknown())
            .sealed_from(&capped(5), Claims::new()),
    ]
}

/// Two blocks cap the same counter.
fn blocks() -> Vec<Case> {
    let two = || capped(5).delegate(Claims::new().budgets(&[("calls", 3)]));
    let over = |name, comment, block: usize, counters: &[u64]| {
        let case = no(name, "deny-budget", "T187 S20", comment).block(block).request(calls(1)).state(spent(counters));
        case.sealed(&two().seal(Claims::new()))
    };
    vec![
        ok("budgets-of-blocks", "T187 S20", "each block's own counter has room")
            .request(calls(1))
            .state(spent(&[4, 2]))
            .sealed_from(&two(), Claims::new()),
        over("budgets-of-parent", "the parent's counter has none, siblings have spent it", 0, &[5, 0]),
        over("budgets-of-child", "the child's counter has none, the parent's has", 1, &[3, 3]),
        over("budgets-of-both", "neither counter has room, the parent's is named", 0, &[5, 3]),
        ok("budgets-inherited", "T187", "a delegate block states no cap, and its own counter does not count")
            .request(calls(1))
            .state(spent(&[0, 99]))
            .sealed_from(&capped(5).delegate(Claims::new()), Claims::new()),
        no("budgets-not-lifted", "deny-budget", "T187", "a block that states no cap stays under its parent's")
            .block(0)
            .request(calls(1))
            .state(spent(&[5]))
            .sealed(&capped(5).delegate(Claims::new()).seal(Claims::new())),
    ]
}

/// Two counters in one block.
fn counters() -> Vec<Case> {
    let two = || Chain::root(&kept().budgets(&[("bytes", 100), ("calls", 5)]));
    let asked = |bytes: u64| calls(1).cost("bytes", bytes);
    let known = |bytes: u64, calls: u64| knows(json!({"blocks": [{"spent": {"bytes": bytes, "calls": calls}}]}));
    let over = |name, comment| no(name, "deny-budget", "T187", comment).block(0);
    vec![
        ok("counters", "T186 T187", "both counters have room")
            .request(asked(40))
            .state(known(60, 4))
            .sealed_from(&two(), Claims::new()),
        over("counters-first", "the first counter has no room")
            .request(asked(41))
            .state(known(60, 4))
            .sealed(&two().seal(Claims::new())),
        over("counters-second", "the second counter has no room")
            .request(asked(40))
            .state(known(60, 5))
            .sealed(&two().seal(Claims::new())),
        no("counters-cost", "deny-cost", "T186", "the second counter has no cost")
            .block(0)
            .request(Request::from("read:hr:employees").cost("bytes", 1))
            .state(known(0, 0))
            .sealed(&two().seal(Claims::new())),
        over("counters-order", "the first counter has no room, the second no cost")
            .request(Request::from("read:hr:employees").cost("bytes", 101))
            .state(known(0, 0))
            .sealed(&two().seal(Claims::new())),
    ]
}
