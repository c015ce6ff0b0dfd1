//! Where things lie, and that every crate keeps the workspace's lints.

use std::fs;
use std::path::Path;

use toml::Table;

use super::metadata::{self, Metadata};
use super::{assert_broken, assert_kept};

/// What may stand at the top beside files whose names start with a dot.
const TOP: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "cli",
    "crates",
    "deny.toml",
    "fuzz",
    "justfile",
    "rust-toolchain.toml",
    "spec",
    "target",
    "test-vectors",
];

fn strangers(top: &[String]) -> Vec<String> {
    let known = |name: &&String| !name.starts_with('.') && !TOP.contains(&name.as_str());
    top.iter().filter(known).map(|name| format!("`{name}` does not belong at the top")).collect()
}

/// Folder name = package name, but for the command line, whose package is `wane-cli` in `cli`.
fn misplaced(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    for member in metadata.members() {
        let folder = member.manifest_path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let expected = if member.name == "wane-cli" { "cli" } else { member.name.as_str() };
        if folder != Some(expected) {
            found.push(format!("`{}` lies in the folder {folder:?}", member.name));
        }
    }
    found
}

/// The manifest of one member must take the lints of the workspace.
fn own_lints(name: &str, manifest: &Table) -> Vec<String> {
    let inherited = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
    if inherited == Some(true) {
        Vec::new()
    } else {
        vec![format!("`{name}` does not take the lints of the workspace")]
    }
}

/// The manifest of the workspace must forbid unsafe code.
fn unsafe_allowed(manifest: &Table) -> Vec<String> {
    let level = ["workspace", "lints", "rust", "unsafe_code"]
        .into_iter()
        .try_fold(&toml::Value::Table(manifest.clone()), |value, key| value.get(key))
        .and_then(|level| level.as_str().map(str::to_owned));
    match level.as_deref() {
        Some("forbid") => Vec::new(),
        other => vec![format!("unsafe_code is {other:?} and not forbidden")],
    }
}

fn read(path: &Path) -> Table {
    let text = fs::read_to_string(path).expect("manifests can be read");
    text.parse().expect("manifests are TOML")
}

#[test]
fn a_stranger_at_the_top_is_noticed() {
    let top = ["Cargo.toml", ".ci", "scripts"].map(str::to_owned);
    assert_broken(strangers(&top), &["`scripts` does not belong at the top"]);
}

#[test]
fn the_top_is_tidy() {
    let entries = fs::read_dir(metadata::root()).expect("the root can be listed");
    let names = entries.map(|entry| entry.expect("the root can be listed").file_name().into_string());
    let names: Vec<String> = names.map(|name| name.expect("file names are UTF-8")).collect();
    assert!(names.iter().any(|name| name == "Cargo.toml"));
    assert_kept(strangers(&names));
}

#[test]
fn a_misplaced_crate_is_noticed() {
    let mut metadata = metadata::made(&[("wane", &[])], &[]);
    assert_kept(misplaced(&metadata));
    for package in &mut metadata.packages {
        package.manifest_path = "/elsewhere/crates/core/Cargo.toml".into();
    }
    assert_broken(misplaced(&metadata), &["`wane` lies in the folder Some(\"core\")"]);
}

#[test]
fn folders_are_named_after_packages() {
    assert_kept(misplaced(&metadata::real()));
}

#[test]
fn a_crate_without_the_lints_is_noticed() {
    let expected = ["`wane` does not take the lints of the workspace"];
    for manifest in ["", "[lints]\nworkspace = false", "[lints.rust]\nunsafe_code = \"allow\""] {
        assert_broken(own_lints("wane", &manifest.parse().expect("TOML")), &expected);
    }
    assert_kept(own_lints("wane", &"[lints]\nworkspace = true".parse().expect("TOML")));
}

#[test]
fn every_crate_takes_the_lints() {
    let metadata = metadata::real();
    assert_kept(metadata.members().flat_map(|member| own_lints(&member.name, &read(&member.manifest_path))).collect());
}

#[test]
fn allowed_unsafe_code_is_noticed() {
    let manifest = "[workspace.lints.rust]\nunsafe_code = \"deny\"".parse().expect("TOML");
    assert_broken(unsafe_allowed(&manifest), &["unsafe_code is Some(\"deny\") and not forbidden"]);
}

#[test]
fn unsafe_code_is_forbidden() {
    assert_kept(unsafe_allowed(&read(&metadata::root().join("Cargo.toml"))));
}
