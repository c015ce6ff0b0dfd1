//! Every public item of a library is used, by name, in an example of its own file that runs with the tests.

use super::tree::{self, File};
use super::{assert_broken, assert_kept};

/// What starts a public item that does something; what follows is its name. Constants are only looked up.
const PUBLIC: &[&str] = &["pub const fn ", "pub fn ", "pub struct ", "pub enum ", "pub trait "];

/// Nobody but our tests uses it; its first page shows how.
const FOR_TESTS: &str = "crates/wane-testkit/";

fn without_example(file: &File) -> Vec<String> {
    if !file.is_rust()
        || file.path.starts_with(FOR_TESTS)
        || !file.path.starts_with("crates/")
        || !file.path.contains("/src/")
    {
        return Vec::new();
    }
    let examples = examples(&file.text);
    let missing = |line: &str| {
        let (_, item) = PUBLIC.iter().find_map(|start| Some((start, line.trim_start().strip_prefix(start)?)))?;
        let name = item.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        // A name of a macro's parameter is looked for where the macro is used.
        let used = name.is_empty() || examples.contains(&name);
        (!used).then(|| format!("{}: no example uses `{name}`", file.path))
    };
    let code = file.text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().filter_map(missing).collect()
}

/// The words of all examples in doc comments.
fn examples(text: &str) -> Vec<&str> {
    let mut inside = false;
    let mut words = Vec::new();
    for line in text.lines().map(str::trim_start) {
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).or_else(|| line.strip_prefix("#[doc"));
        let Some(doc) = doc else { continue };
        if doc.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            words.extend(doc.split(|c: char| !c.is_alphanumeric() && c != '_'));
        }
    }
    words
}

#[test]
fn an_item_without_an_example_is_noticed() {
    let text =
        "/// Adds.\n///\n/// ```\n/// assert_eq!(a::add(1), 2);\n/// ```\npub fn add() {}\npub const fn sub() {}\n";
    let file = File::made("crates/a/src/lib.rs", text);
    assert_broken(without_example(&file), &["crates/a/src/lib.rs: no example uses `sub`"]);
    assert_kept(without_example(&File::made("cli/src/main.rs", text)));
    assert_kept(without_example(&File::made("crates/wane-testkit/src/lib.rs", text)));
}

#[test]
fn every_public_item_has_an_example() {
    assert_kept(tree::real().iter().flat_map(without_example).collect());
}
