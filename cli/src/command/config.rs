//! `wane config`: the settings in force and where each comes from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::escape;

/// Print each setting with its source
///
/// A flag wins over the environment (WANE_ROOTS, WANE_AUD, WANE_LEDGER, WANE_TOKEN_FILE, WANE_CATALOGUE), that over the
/// nearest `wane.toml` upwards from the current folder, that over `wane/wane.toml` in $XDG_CONFIG_HOME
/// (`~/.config`). A project's file that another user could have written is not read.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane config
  WANE_AUD=files wane config --json
")]
pub(crate) struct Config {}

#[derive(Serialize)]
struct Entry<'a> {
    value: Option<&'a str>,
    source: Option<String>,
}

impl Config {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let entries = context.settings()?.entries();
        let json: BTreeMap<_, _> = entries
            .iter()
            .map(|(name, setting)| {
                let value = setting.as_ref().map(|setting| setting.value.as_str());
                (*name, Entry { value, source: setting.as_ref().map(|setting| setting.origin.to_string()) })
            })
            .collect();
        context.output.answer(&json, || {
            let mut text = String::new();
            for (name, setting) in &entries {
                let _ = match setting {
                    Some(setting) => writeln!(text, "{name:<10}  {}  ({})", escape(&setting.value), setting.origin),
                    None => writeln!(text, "{name:<10}  not set"),
                };
            }
            text
        })?;
        Ok(Exit::Done)
    }
}
