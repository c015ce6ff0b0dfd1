//! What comes from outside: why it is there, from where, and that it is there once.

use std::collections::BTreeSet;

use super::deny::{self, Deny};
use super::metadata::{self, Metadata};
use super::{assert_broken, assert_kept};

/// What cargo writes before the address of a registry. Packages come from one, which is cargo's own while
/// `.cargo/config.toml` names no other.
pub(super) const REGISTRY: &str = "registry+";

/// What no dependency of the token library may bring in, for it owns no generator.
const GENERATORS: &[&str] = &["fastrand", "getrandom", "oorandom", "rand", "rand_chacha", "rand_pcg"];

fn unreasoned(metadata: &Metadata, deny: &Deny) -> Vec<String> {
    let stated = metadata.members().flat_map(|member| &member.dependencies).map(|dependency| dependency.name.as_str());
    let direct: BTreeSet<&str> = stated.filter(|name| !metadata.is_member(name)).collect();
    let reasons = &deny.bans.features;
    let mut found = Vec::new();
    for name in &direct {
        match reasons.iter().filter(|entry| entry.name == *name).count() {
            0 => found.push(format!("`{name}` has no reason in deny.toml")),
            1 => {}
            count => found.push(format!("`{name}` has {count} reasons in deny.toml")),
        }
    }
    for entry in reasons {
        if !direct.contains(entry.name.as_str()) {
            found.push(format!("deny.toml gives a reason for `{}`, which nothing depends on", entry.name));
        }
        if entry.reason.trim().is_empty() || entry.reason.contains('\n') {
            found.push(format!("the reason for `{}` is not one line", entry.name));
        }
    }
    found
}

fn banned_or_doubled(metadata: &Metadata, deny: &Deny) -> Vec<String> {
    let mut found = Vec::new();
    for ban in &deny.bans.deny {
        let versions: BTreeSet<&str> = metadata
            .packages
            .iter()
            .filter(|package| package.name == ban.name)
            .map(|package| package.version.as_str())
            .collect();
        let versions: Vec<&str> = versions.into_iter().collect();
        match (ban.only_once, versions.as_slice()) {
            (true, [_]) | (false, []) => {}
            (true, []) => found.push(format!("deny.toml wants `{}` once, and it is not there", ban.name)),
            (true, _) => found.push(format!("`{}` is there more than once: {}", ban.name, versions.join(", "))),
            (false, _) => found.push(format!("`{}` is banned in deny.toml", ban.name)),
        }
    }
    found
}

fn foreign_sources(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    let sources = || metadata.packages.iter().filter_map(|package| package.source.as_deref());
    let registry = sources().find(|source| source.starts_with(REGISTRY));
    for package in &metadata.packages {
        match package.source.as_deref() {
            Some(source) if Some(source) == registry => {}
            None if metadata.workspace_members.contains(&package.id) => {}
            None => found.push(format!("`{}` comes from a folder outside the workspace", package.name)),
            Some(source) => found.push(format!("`{}` comes from {source}", package.name)),
        }
    }
    found
}

/// The argument is what `cargo tree --prefix none` prints: `name vVERSION` on each line.
fn generators(tree: &str) -> Vec<String> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    GENERATORS
        .iter()
        .filter(|name| names.contains(*name))
        .map(|name| format!("the token library depends on `{name}`"))
        .collect()
}

#[test]
fn a_dependency_without_a_reason_is_noticed() {
    let metadata = metadata::made(&[("wane", &["sha2", "dev:left-pad"])], &[]);
    assert_broken(unreasoned(&metadata, &deny::made()), &["`left-pad` has no reason in deny.toml"]);
}

#[test]
fn a_stale_an_empty_and_a_doubled_reason_are_noticed() {
    let metadata = metadata::made(&[("wane", &[])], &[]);
    let stale = "deny.toml gives a reason for `sha2`, which nothing depends on";
    assert_broken(unreasoned(&metadata, &deny::made()), &[stale]);

    let metadata = metadata::made(&[("wane", &["sha2"])], &[]);
    let mut deny = deny::made();
    deny.bans.features.push(deny::Reason { name: "sha2".to_owned(), reason: String::new() });
    let expected = ["`sha2` has 2 reasons in deny.toml", "the reason for `sha2` is not one line"];
    assert_broken(unreasoned(&metadata, &deny), &expected);
}

#[test]
fn every_direct_dependency_has_its_reason() {
    assert_kept(unreasoned(&metadata::real(), &deny::real()));
}

#[test]
fn two_generations_of_a_crypto_crate_are_noticed() {
    let packages = [("sha2", "0.10.9", "MIT"), ("sha2", "0.11.1", "MIT"), ("openssl", "0.10.0", "MIT")];
    let metadata = metadata::made(&[("wane", &["sha2"])], &packages);
    let expected = ["`sha2` is there more than once: 0.10.9, 0.11.1", "`openssl` is banned in deny.toml"];
    assert_broken(banned_or_doubled(&metadata, &deny::made()), &expected);

    let metadata = metadata::made(&[("wane", &[])], &[]);
    let stale = "deny.toml wants `sha2` once, and it is not there";
    assert_broken(banned_or_doubled(&metadata, &deny::made()), &[stale]);
}

#[test]
fn each_crypto_crate_is_there_once() {
    let deny = deny::real();
    assert!(deny.bans.deny.iter().any(|ban| ban.only_once && ban.name == "ed25519-dalek"));
    let built = metadata::built();
    assert!(built.packages.iter().any(|package| package.name == "rustls"), "not what is built");
    assert_kept(banned_or_doubled(&built, &deny));
}

#[test]
fn a_foreign_source_is_noticed() {
    let mut metadata = metadata::made(&[("wane", &[])], &[("sha2", "0.11.1", "MIT"), ("url", "2.5.8", "MIT")]);
    for package in &mut metadata.packages {
        match package.name.as_str() {
            "sha2" => package.source = Some("git+https://example.com/sha2".to_owned()),
            "url" => package.source = None,
            _ => {}
        }
    }
    let expected =
        ["`sha2` comes from git+https://example.com/sha2", "`url` comes from a folder outside the workspace"];
    assert_broken(foreign_sources(&metadata), &expected);
}

#[test]
fn packages_come_from_the_registry() {
    assert_kept(foreign_sources(&metadata::real()));
    let config = include_str!("../../../../.cargo/config.toml");
    assert!(!config.contains("source") && !config.contains("registr"), "{config}");
}

#[test]
fn a_generator_below_the_library_is_noticed() {
    let tree = "wane v0.1.0 (/elsewhere/crates/wane)\nrand_core v0.10.1\ngetrandom v0.4.3\n";
    assert_broken(generators(tree), &["the token library depends on `getrandom`"]);
}

#[test]
fn the_library_owns_no_generator() {
    let edges = ["--edges", "normal,build", "--target", "all", "--all-features", "--prefix", "none"];
    let tree = metadata::cargo(&[&["tree", "--locked", "--package", "wane"], edges.as_slice()].concat());
    assert!(tree.contains("ed25519-dalek v"), "not a dependency tree: {tree}");
    assert_kept(generators(&tree));
}
