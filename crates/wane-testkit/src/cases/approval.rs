//! Asks, and the statements of approvers (decide.md, steps 14 and 16, and "Approvals").

mod asks;
mod counted;
mod forged;
mod form;
mod good;
mod order;
mod own;

use serde_json::{Value, json};

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, root};
use crate::key::{key_text, sha256};
use crate::request::{Request, approval_claims, approval_text};
use crate::{list, map};

pub(super) fn cases() -> Vec<Case> {
    [asks::cases(), counted::cases(), good::cases(), forged::cases(), order::cases(), own::cases(), form::cases()]
        .concat()
}

/// The group that most asks name.
const ONCALL: [u8; 3] = [40, 41, 42];
/// The enforcement point's own approval key.
const LOCAL: u8 = 50;
/// A key that nobody names.
const STRANGER: u8 = 60;

const ARGUMENTS: &str = r#"{"to":"board@example.com","urgent":true}"#;
const ACTIONS: [&str; 2] = ["send:mail:board", "read:hr:salaries"];

/// A case that is allowed; the request is [`request`], there is a ledger, and the roots define the group.
fn ok(name: &str, spec: &str, comment: &str) -> Case {
    let keys: Vec<String> = ONCALL.iter().map(|number| format!("\"{}\"", key_text(*number))).collect();
    Case::new(&format!("approval/{name}"), comment)
        .spec(spec)
        .root_line("[groups]")
        .root_line(&format!("oncall = [{}]", keys.join(", ")))
        .request(request())
        .arguments(ARGUMENTS)
        .state(knows(json!({})))
}

/// A case that is refused.
fn no(name: &str, code: &str, spec: &str, comment: &str) -> Case {
    ok(name, spec, comment).refused(code)
}

/// A case that needs an approval, or one more, for an ask of this block.
fn asks(name: &str, spec: &str, comment: &str, block: usize) -> Case {
    no(name, "deny-needs-approval", spec, comment).block(block)
}

/// A ledger with these members; the enforcement point has its own approval key.
fn knows(members: Value) -> Value {
    let Value::Object(mut members) = members else { panic!("{members} is no object") };
    members.insert("id".to_owned(), json!("5e".repeat(16)));
    json!({"local": key_text(LOCAL), "ledger": members})
}

/// The tool call that all cases are about, of two actions.
fn request() -> Request {
    Request::new(&ACTIONS).aud("mail").call(&["tools/call", "send_salaries"]).level("internal")
}

/// Its digest, said facts included.
fn digest() -> [u8; 32] {
    request().digest(ARGUMENTS, vec![("purpose".into(), "payroll".into())])
}

/// A request with these statements.
fn with(statements: &[&Statement]) -> Request {
    statements.iter().fold(request(), |request, statement| request.approved(statement.text()))
}

/// A root block that grants everything at `mail` and asks so: `[pattern, [approver, …], need]`, as a list.
fn asking(asks: Item) -> Claims {
    root().aud("mail").scopes(list!["*"]).ask(asks)
}

/// One ask for what is sent.
fn one(approvers: Item, need: u64) -> Claims {
    asking(list![list!["send:*", approvers, need]])
}

/// Minted by this root block for one holder (the key 2), narrowed for another (the key 3).
fn narrowed(root: &Claims) -> Chain {
    Chain::root(root).delegate(Claims::new().subject("mailer"))
}

/// The same, sealed for any request.
fn sealed(root: &Claims) -> Chain {
    narrowed(root).seal(seal())
}

/// A seal that says what for.
fn seal() -> Claims {
    Claims::new().said(map! {"purpose" => "payroll"})
}

/// The chain of most cases: one of the group must approve what is sent.
fn standard() -> Chain {
    sealed(&one(list!["@oncall"], 1))
}

/// What an approver signs: the claims, as which kind, by whom, behind which block.
#[derive(Clone)]
struct Statement {
    claims: Claims,
    kind: u64,
    signer: u8,
    last: [u8; 32],
}

impl Statement {
    /// A good one by this key, for this sealed chain of three blocks.
    fn by(number: u8, chain: &Chain) -> Self {
        Self { claims: approval_claims(number, digest(), &ACTIONS), kind: 3, signer: number, last: chain.id(1) }
    }

    /// With other times.
    fn times(mut self, iat: u64, exp: u64) -> Self {
        self.claims = self.claims.iat(iat).exp(exp);
        self
    }

    /// With other claims.
    fn with(mut self, change: impl FnOnce(Claims) -> Claims) -> Self {
        self.claims = change(self.claims);
        self
    }

    /// For other actions.
    fn actions(self, actions: &[&str]) -> Self {
        self.with(|claims| claims.private(17, Item::texts(actions)))
    }

    /// For another request.
    fn elsewhere(self) -> Self {
        self.with(|claims| claims.digest(sha256(&[b"another request"])))
    }

    fn block(&self) -> Block {
        Block::new(self.kind, &self.claims).by(self.signer)
    }

    fn text(&self) -> String {
        approval_text(&self.block(), self.last)
    }

    fn id(&self) -> [u8; 32] {
        sha256(&[&self.block().sign(self.last, self.signer).0])
    }
}
