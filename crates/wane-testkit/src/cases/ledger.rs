//! What a ledger knows (decide.md section 6, steps 7, 8 and 15).

mod bearers;
mod budgets;
mod marks;
mod order;
mod sessions;
mod which;

use serde_json::{Value, json};

use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, root};

pub(super) fn cases() -> Vec<Case> {
    [which::cases(), bearers::cases(), sessions::cases(), marks::cases(), budgets::cases(), order::cases()].concat()
}

/// The byte that ledgers of most cases are named by, 16 times.
const LEDGER: u8 = 0x5e;

/// A case that is allowed.
fn ok(name: &str, spec: &str, comment: &str) -> Case {
    Case::new(&format!("ledger/{name}"), comment).spec(spec)
}

/// A case that is refused.
fn no(name: &str, code: &str, spec: &str, comment: &str) -> Case {
    ok(name, spec, comment).refused(code)
}

/// A ledger that knows these members.
fn knows(members: Value) -> Value {
    let Value::Object(mut members) = members else { panic!("{members} is no object") };
    members.entry("id").or_insert_with(|| json!("5e".repeat(16)));
    json!({ "ledger": members })
}

/// A ledger that has seen nothing.
fn unseen() -> Value {
    knows(json!({}))
}

/// The standard root block, with the ledger in force.
fn kept() -> Claims {
    root().ledger(LEDGER)
}

/// Its chain.
fn chain() -> Chain {
    Chain::root(&kept())
}
