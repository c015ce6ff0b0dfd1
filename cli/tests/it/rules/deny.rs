//! The record in `deny.toml`, in the format of cargo-deny.

use std::fs;

use serde::Deserialize;

/// The part of `deny.toml` that the rules look at; cargo-deny reads the rest too.
#[derive(Debug, Deserialize)]
pub(super) struct Deny {
    pub(super) licenses: Licenses,
    pub(super) bans: Bans,
}

#[derive(Debug, Deserialize)]
pub(super) struct Licenses {
    pub(super) allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Bans {
    /// One entry for each crate that may be there only once, or not at all.
    pub(super) deny: Vec<Ban>,
    /// One entry with its reason for each crate that a member of the workspace names.
    pub(super) features: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ban {
    #[serde(rename = "crate")]
    pub(super) name: String,
    #[serde(rename = "deny-multiple-versions", default)]
    pub(super) only_once: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reason {
    #[serde(rename = "crate")]
    pub(super) name: String,
    #[serde(default)]
    pub(super) reason: String,
}

impl Deny {
    pub(super) fn parse(text: &str) -> Self {
        toml::from_str(text).expect("deny.toml has the expected tables")
    }
}

/// The real record.
pub(super) fn real() -> Deny {
    let path = super::metadata::root().join("deny.toml");
    Deny::parse(&fs::read_to_string(path).expect("deny.toml can be read"))
}

/// A record for tests of the rules.
pub(super) fn made() -> Deny {
    Deny::parse(
        r#"
        [licenses]
        allow = ["MIT", "Apache-2.0"]
        [bans]
        deny = [{ crate = "sha2", deny-multiple-versions = true }, { crate = "openssl", reason = "not ours" }]
        features = [{ crate = "sha2", reason = "hashes" }]
        "#,
    )
}
