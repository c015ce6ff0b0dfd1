//! What `cargo metadata` and `cargo tree` say about the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// The part of the answer of `cargo metadata` that the rules look at.
#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
    pub(super) workspace_members: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) version: String,
    /// `None` for a package in a folder, otherwise the registry.
    pub(super) source: Option<String>,
    pub(super) license: Option<String>,
    pub(super) manifest_path: PathBuf,
    pub(super) dependencies: Vec<Dependency>,
}

/// A dependency as a manifest states it.
#[derive(Debug, Deserialize)]
pub(super) struct Dependency {
    pub(super) name: String,
    /// `None`, `"dev"` or `"build"`.
    pub(super) kind: Option<String>,
}

impl Metadata {
    pub(super) fn parse(json: &str) -> Self {
        serde_json::from_str(json).expect("the answer of cargo metadata has the expected members")
    }

    pub(super) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    pub(super) fn is_member(&self, name: &str) -> bool {
        self.members().any(|member| member.name == name)
    }
}

/// The folder that holds the workspace's manifest.
pub(super) fn root() -> PathBuf {
    let cli = Path::new(env!("CARGO_MANIFEST_DIR"));
    cli.parent().expect("the folder cli lies in the workspace").to_path_buf()
}

/// What stands on the standard output of cargo, run on this workspace.
pub(super) fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// The real workspace, with the packages of every platform.
pub(super) fn real() -> Metadata {
    Metadata::parse(&cargo(&["metadata", "--locked", "--format-version", "1", "--all-features"]))
}

/// The same, less what nothing is built with: the lock file also holds packages for features that no member turns on.
pub(super) fn built() -> Metadata {
    let tree = cargo(&["tree", "--locked", "--workspace", "--target", "all", "--all-features", "--prefix", "none"]);
    let mut metadata = real();
    metadata.packages.retain(|package| {
        let line = format!("{} v{}", package.name, package.version);
        tree.lines().any(|found| found.strip_prefix(&line).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
    });
    metadata
}

/// A workspace for tests of the rules: members with their dependencies, `dev:` in front of a name for a
/// development dependency, and packages from the registry as name, version and licence.
pub(super) fn made(members: &[(&str, &[&str])], packages: &[(&str, &str, &str)]) -> Metadata {
    let member = |&(name, dependencies): &(&str, &[&str])| Package {
        id: name.to_owned(),
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        source: None,
        license: Some("MIT".to_owned()),
        manifest_path: PathBuf::from(format!("/elsewhere/crates/{name}/Cargo.toml")),
        dependencies: dependencies.iter().map(|text| dependency(text)).collect(),
    };
    let foreign = |&(name, version, license): &(&str, &str, &str)| Package {
        id: format!("{name}@{version}"),
        name: name.to_owned(),
        version: version.to_owned(),
        source: Some(super::dependencies::REGISTRY.to_owned()),
        license: (!license.is_empty()).then(|| license.to_owned()),
        manifest_path: PathBuf::from(format!("/registry/{name}-{version}/Cargo.toml")),
        dependencies: Vec::new(),
    };
    Metadata {
        packages: members.iter().map(member).chain(packages.iter().map(foreign)).collect(),
        workspace_members: members.iter().map(|(name, _)| (*name).to_owned()).collect(),
    }
}

fn dependency(text: &str) -> Dependency {
    match text.strip_prefix("dev:") {
        Some(name) => Dependency { name: name.to_owned(), kind: Some("dev".to_owned()) },
        None => Dependency { name: text.to_owned(), kind: None },
    }
}

#[test]
fn the_answer_of_cargo_is_read() {
    let metadata = real();
    let names: Vec<_> = metadata.members().map(|member| member.name.as_str()).collect();
    assert!(names.contains(&"wane") && names.contains(&"wane-cli"), "members: {names:?}");
    assert!(metadata.packages.len() > names.len());
}
