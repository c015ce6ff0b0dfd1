//! Conditions on arguments and facts (scopes.md section 3).

mod addresses;
mod facts;
mod forms;
mod paths;
mod shapes;
mod urls;
mod values;

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::root;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [
        addresses::cases(),
        facts::cases(),
        forms::cases(),
        paths::cases(),
        shapes::cases(),
        urls::cases(),
        values::cases(),
    ]
    .concat()
}

/// A root block whose one scope has this one condition, and nothing said about other arguments.
fn under(condition: Item) -> Chain {
    Chain::root(&root().scopes(list![list!["read:*", list![condition]]]))
}

/// The end of a name, what is special, the arguments, and the answer: `ok`, or a code that block 0 refuses with.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// One condition, and each of these arguments under it.
fn on(family: &str, spec: &str, condition: Item, rows: &[Row]) -> Vec<Case> {
    let chain = under(condition);
    let case = |(name, comment, arguments, answer): &Row| {
        Case::new(&format!("conditions/{family}-{name}"), comment)
            .spec(spec)
            .arguments(arguments)
            .answered(&in_root(answer), &chain)
    };
    rows.iter().map(case).collect()
}

/// The same where the one argument is the text `a`.
fn on_texts(family: &str, spec: &str, condition: Item, rows: &[Row]) -> Vec<Case> {
    let chain = under(condition);
    let case = |(name, comment, text, answer): &Row| {
        Case::new(&format!("conditions/{family}-{name}"), comment)
            .spec(spec)
            .arguments(&serde_json::json!({ "a": text }).to_string())
            .answered(&in_root(answer), &chain)
    };
    rows.iter().map(case).collect()
}

fn in_root(answer: &str) -> String {
    if answer == "ok" { answer.to_owned() } else { format!("{answer} 0") }
}
