//! Which of our crates may depend on which: arrows only downwards, siblings never meet.

use super::metadata::{self, Metadata};
use super::{assert_broken, assert_kept};

/// Every crate of ours and what of ours it may name. A crate that is not listed may not exist.
const ALLOWED: &[(&str, &[&str])] = &[
    ("wane", &[]),
    ("wane-testkit", &[]),
    ("wane-audit", &["wane"]),
    ("wane-policy", &["wane"]),
    ("wane-ledger", &["wane", "wane-audit"]),
    ("wane-tower", &["wane", "wane-audit", "wane-ledger"]),
    ("wane-gateway", &["wane", "wane-audit", "wane-ledger", "wane-policy"]),
    ("wane-python", &["wane", "wane-audit", "wane-ledger", "wane-policy"]),
    ("wane-wasm", &["wane", "wane-audit", "wane-policy"]),
    ("wane-cli", &["wane", "wane-audit", "wane-policy", "wane-ledger", "wane-tower", "wane-gateway"]),
];

/// Forges what the library refuses to make, so only tests may name it.
const DEV_ONLY: &str = "wane-testkit";

fn forbidden_arrows(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    for member in metadata.members() {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == member.name) else {
            found.push(format!("`{}` is not in the list of crates", member.name));
            continue;
        };
        for dependency in member.dependencies.iter().filter(|dependency| metadata.is_member(&dependency.name)) {
            let for_tests = dependency.kind.as_deref() == Some("dev") && dependency.name == DEV_ONLY;
            // A crate may name itself for its tests, to switch on a feature.
            let itself = dependency.kind.as_deref() == Some("dev") && dependency.name == member.name;
            if !for_tests && !itself && !allowed.contains(&dependency.name.as_str()) {
                found.push(format!("`{}` must not depend on `{}`", member.name, dependency.name));
            }
        }
    }
    found
}

#[test]
fn an_arrow_upwards_or_sideways_is_noticed() {
    let metadata = metadata::made(&[("wane", &["wane-audit"]), ("wane-audit", &["wane"]), ("wane-policy", &[])], &[]);
    assert_broken(forbidden_arrows(&metadata), &["`wane` must not depend on `wane-audit`"]);

    let metadata = metadata::made(&[("wane-audit", &["dev:wane-policy"]), ("wane-policy", &[])], &[]);
    assert_broken(forbidden_arrows(&metadata), &["`wane-audit` must not depend on `wane-policy`"]);
}

#[test]
fn the_testkit_is_for_tests_only() {
    let metadata = metadata::made(&[("wane", &["wane-testkit"]), ("wane-testkit", &[])], &[]);
    assert_broken(forbidden_arrows(&metadata), &["`wane` must not depend on `wane-testkit`"]);

    let metadata = metadata::made(&[("wane", &["dev:wane-testkit"]), ("wane-testkit", &[])], &[]);
    assert_kept(forbidden_arrows(&metadata));
}

#[test]
fn an_unknown_crate_is_noticed() {
    let metadata = metadata::made(&[("wane-utils", &[])], &[]);
    assert_broken(forbidden_arrows(&metadata), &["`wane-utils` is not in the list of crates"]);
}

#[test]
fn arrows_point_downwards() {
    assert_kept(forbidden_arrows(&metadata::real()));
}
