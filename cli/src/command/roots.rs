//! `wane roots`: the file of trusted roots.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use wane::{Level, Name, Pattern, Roots as TrustedRoots, Scope};

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::{self, Failure, Trouble};
use crate::input::{Source, TOML_TEXT, source};
use crate::output::escape;
use crate::roots_file::{self, Listing, NewEntry, Retired};
use crate::write::Edit;
use crate::{time, typed};

/// Keep the file of trusted roots: add, list, retire, check
///
/// A root is rotated by adding the new key, distributing the file, minting with the new key, and retiring the
/// old one: tokens it minted before go on to be accepted until they expire.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane roots add roots.toml new.pub --name ops-2027 --aud files --scope 'read:*' --max-ttl 8h
  wane roots list roots.toml
  wane roots retire roots.toml ops-2026
  wane roots check roots.toml
")]
pub(crate) struct Roots {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Add(Box<Add>),
    List(List),
    Retire(Retire),
    Check(Check),
}

/// Add a key to the file, which is made if it does not exist
#[derive(Args, Debug)]
struct Add {
    /// The roots file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The public key: a `wane1.key` or a file
    #[arg(value_name = "KEY")]
    key: String,

    /// What people call it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// An audience it may grant (default: any); may be repeated
    #[arg(long, value_name = "AUDIENCE")]
    aud: Vec<String>,

    /// A scope it may grant (default: any); may be repeated
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,

    /// The longest lifetime it may grant
    #[arg(long, value_name = "DURATION")]
    max_ttl: Option<String>,

    /// The most blocks that may be added to its tokens
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=14))]
    depth: Option<u8>,

    /// The lowest level of the mark
    #[arg(long, value_name = "LEVEL")]
    level: Option<String>,

    /// A label of the mark; may be repeated
    #[arg(long, value_name = "LABEL")]
    label: Vec<String>,

    /// Accept only what is minted from then on
    #[arg(long, value_name = "TIME")]
    mint_from: Option<String>,

    /// Accept only what is minted before then
    #[arg(long, value_name = "TIME")]
    mint_until: Option<String>,

    /// Let it mint tokens whose holders open the sessions
    #[arg(long)]
    issuer: bool,

    /// Let its tokens replace the default ratchet rules
    #[arg(long)]
    own_ratchet: bool,

    /// A key whose sessions it may continue; may be repeated
    #[arg(long, value_name = "KEY")]
    succeeds: Vec<String>,
}

/// Print the entries of the file
#[derive(Args, Debug)]
struct List {
    /// The roots file
    #[arg(value_name = "FILE", value_parser = source())]
    file: Source,
}

/// Accept nothing more that a key mints; what it minted before stays good
#[derive(Args, Debug)]
struct Retire {
    /// The roots file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The entry: its key, name or fingerprint
    #[arg(value_name = "ENTRY")]
    entry: String,

    /// From when on (default: now)
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Say whether the file can be used
#[derive(Args, Debug)]
struct Check {
    /// The roots file
    #[arg(value_name = "FILE", value_parser = source())]
    file: Source,
}

/// The mode of a new roots file, which holds no secret.
const MODE: u32 = 0o644;

impl Roots {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        match &self.what {
            What::Add(add) => add.run(context),
            What::List(list) => {
                let listing = read(context, &list.file)?.1;
                context.output.answer(&listing, || listing.text())
            }
            What::Retire(retire) => retire.run(context),
            What::Check(check) => {
                let listing = read(context, &check.file)?.1;
                context.output.answer(&listing, || format!("ok: {} trusted roots", listing.roots.len()))
            }
        }?;
        Ok(Exit::Done)
    }
}

impl Add {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        typed::claim(&context.inputs, "KEY", Some(&self.key), "KEY")?;
        let from_stdin = |key: &&String| typed::source("--succeeds", key).is_ok_and(|source| source == Source::Stdin);
        if self.succeeds.iter().filter(from_stdin).count() > 1 {
            return Err(Failure::new(Trouble::StdinTwice, "several `--succeeds` cannot all come from standard input"));
        }
        for key in &self.succeeds {
            typed::claim(&context.inputs, "--succeeds", Some(key), "--succeeds")?;
        }
        self.check_values()?;
        let key = typed::public_key(&context.inputs, "KEY", &self.key)?;
        let instant =
            |flag: &str, text: &Option<String>| text.as_deref().map(|text| typed::instant(flag, text)).transpose();
        let succeeds: Vec<String> = (self.succeeds.iter())
            .map(|key| typed::public_key(&context.inputs, "--succeeds", key).map(|key| key.to_string()))
            .collect::<Result<_, _>>()?;
        let entry = NewEntry {
            key: key.to_string(),
            name: self.name.as_deref(),
            aud: &self.aud,
            scopes: &self.scope,
            max_ttl: self.max_ttl.as_deref().map(|text| typed::duration("--max-ttl", text)).transpose()?,
            depth: self.depth,
            level: self.level.as_deref(),
            labels: &self.label,
            mint_from: instant("--mint-from", &self.mint_from)?,
            mint_until: instant("--mint-until", &self.mint_until)?,
            issuer: self.issuer,
            own_ratchet: self.own_ratchet,
            succeeds: &succeeds,
        };
        let edit = Edit::begin(&self.file)?;
        let old = self.old(context, &edit)?;
        let text = roots_file::add(&old, &entry);
        TrustedRoots::from_toml(&text).map_err(Failure::from)?;
        edit.replace(text.as_bytes(), MODE)?;
        context.output.note(format_args!("{} is trusted by {}", key.hint(), failure::name(&self.file)));
        answer(context, &text)
    }

    /// Refuses here, by the name of its flag, what the library would refuse by its line in a file not yet written.
    fn check_values(&self) -> Result<(), Failure> {
        typed::values::<Pattern>("--aud", &self.aud)?;
        typed::values::<Scope>("--scope", &self.scope)?;
        typed::values::<Name>("--label", &self.label)?;
        self.level.as_deref().map_or(Ok(()), |text| typed::value::<Level>("--level", text).map(drop))
    }

    /// The file as it is. One without entries is no roots file yet, and may become one.
    fn old(&self, context: &Context, edit: &Edit) -> Result<String, Failure> {
        if !edit.exists() {
            return Ok(String::new());
        }
        let source = Source::File(self.file.clone());
        let text = context.inputs.read_text(&source, "the roots", TOML_TEXT)?;
        match roots_file::entries(&text).map_err(|failure| failure.within(source.name()))?.roots.is_empty() {
            true => Ok(text.to_string()),
            false => read(context, &source).map(|(text, _)| text),
        }
    }
}

impl Retire {
    fn run(&self, context: &Context) -> Result<(), Failure> {
        let until = match &self.at {
            Some(text) => typed::instant("--at", text)?,
            // What was minted in this very second was minted before.
            None => time::now()?.saturating_add(1),
        };
        let edit = Edit::begin(&self.file)?;
        let old = read(context, &Source::File(self.file.clone()))?.0;
        match roots_file::retire(&old, &self.entry, until)? {
            Retired::Already(since) => {
                context.output.note(format_args!("already retired: nothing minted from {since} on is accepted"));
                answer(context, &old)
            }
            Retired::Now(text) => {
                TrustedRoots::from_toml(&text).map_err(|refusal| {
                    let hint = format!("write `mint-until = {}` into the entry by hand", time::show(until));
                    Failure::from(refusal).within(failure::name(&self.file)).hint(hint)
                })?;
                edit.replace(text.as_bytes(), MODE)?;
                context.output.note(format_args!(
                    "nothing that `{}` mints from {} on is accepted; distribute {}",
                    escape(&self.entry),
                    time::show(until),
                    failure::name(&self.file)
                ));
                answer(context, &text)
            }
        }
    }
}

/// The file as the library accepts it, and its entries.
fn read(context: &Context, source: &Source) -> Result<(String, Listing), Failure> {
    let text = context.inputs.read_roots(source, true)?;
    let listed = TrustedRoots::from_toml(&text).map_err(Failure::from).and_then(|_| roots_file::entries(&text));
    Ok((text.to_string(), listed.map_err(|failure| failure.within(source.name()))?))
}

/// Only JSON is an answer here: for people, the note on standard error says it.
fn answer(context: &Context, text: &str) -> Result<(), Failure> {
    if context.output.is_json() {
        context.output.object(&roots_file::entries(text)?)?;
    }
    Ok(())
}
