//! `wane sessions` and `wane session show`: what a ledger knows.

use clap::{Args, Subcommand};
use serde::Serialize;
use wane::PublicKey;
use wane_ledger::{Filter, Known, Ledger};

use crate::arguments::Context;
use crate::block::{self, Part};
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::known::{self, KnownJson, Seen};
use crate::ledger::LedgerFlag;
use crate::{time, typed};

/// List what the ledger knows: sessions, and what was registered under them
///
/// One line each: the start of the id, its state, its mark and what that has cost it, its name, the end of its life.
/// Nothing here is a token.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane sessions --live
  wane sessions --agent planner
  wane sessions --key root.pub --ledger sqlite:wane.db --json
")]
pub(crate) struct Sessions {
    /// Only those that were made for this name (`--sub`)
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,

    /// Only those of this key: opened under it as a root key, or held by it
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Only those neither revoked, nor expired, nor ended by `wane ledger accept-restore`
    #[arg(long)]
    live: bool,

    #[command(flatten)]
    ledger: LedgerFlag,
}

#[derive(Serialize)]
struct Listing {
    ledger: String,
    sessions: Vec<KnownJson>,
}

impl Sessions {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        typed::claim(&context.inputs, "--key", self.key.as_deref(), "--key")?;
        let key = self.key.as_deref().map(|key| typed::public_key(&context.inputs, "--key", key)).transpose()?;
        let (mut opened, now) = (self.ledger.open(context)?, time::now()?);
        let mut found = self.find(&mut opened.ledger, key)?;
        let seen = Seen::all(&mut opened.ledger, now)?;
        found.retain(|known| !self.live || seen.is_live(known));
        known::sort(&mut found);
        let answer = Listing {
            ledger: opened.ledger.id().to_string(),
            sessions: found.iter().map(|known| KnownJson::of(known, &seen)).collect(),
        };
        context.output.answer(&answer, || match found.is_empty() {
            true => "none".to_owned(),
            false => found.iter().map(|known| known::line(known, &seen)).collect::<Vec<_>>().join("\n"),
        })?;
        Ok(Exit::Done)
    }

    /// A key may be that of a root or that of a holder.
    fn find(&self, ledger: &mut Ledger, key: Option<PublicKey>) -> Result<Vec<Known>, Failure> {
        let mut filter = Filter::new();
        if let Some(agent) = &self.agent {
            filter = filter.agent(agent);
        }
        let Some(key) = key else { return Ok(ledger.sessions(&filter, None, usize::MAX)?) };
        let mut found = ledger.sessions(&filter.clone().root(key), None, usize::MAX)?;
        for held in ledger.sessions(&filter.key(key), None, usize::MAX)? {
            if !found.contains(&held) {
                found.push(held);
            }
        }
        Ok(found)
    }
}

/// Look at one session
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane session show session.tok
  wane session show session.tok --ledger sqlite:wane.db --json
")]
pub(crate) struct Session {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Show(Show),
}

/// Print the mark of a session, what raised it and when, and what is lost
#[derive(Args, Debug)]
#[command(after_help = "\
What is lost is told by the default ratchet rules; the token or its root's entry may have taken more.

Examples:
  wane session show session.tok
  wane session show session.tok --ledger sqlite:wane.db --json
")]
struct Show {
    /// The start of its id, at least eight digits, or a token of it
    #[arg(value_name = "ID|TOKEN")]
    id: String,

    #[command(flatten)]
    ledger: LedgerFlag,
}

#[derive(Serialize)]
struct Rise {
    at: u64,
    level: &'static str,
    labels: Vec<String>,
    record: String,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    known: KnownJson,
    raised: Vec<Rise>,
    spent: std::collections::BTreeMap<String, u64>,
}

impl Session {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let What::Show(show) = &self.what;
        show.run(context)
    }
}

impl Show {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let (mut opened, now) = (self.ledger.open(context)?, time::now()?);
        let id = block::named(context, &mut opened.ledger, &self.id, Part::Session)?.id;
        let entry = opened.ledger.session(id)?.ok_or_else(|| {
            Failure::new(Trouble::NotFound, format!("the ledger knows nothing of {id}"))
                .hint("nothing was admitted under it yet")
        })?;
        let (spent, seen) = (opened.ledger.spent(id)?, Seen::all(&mut opened.ledger, now)?);
        let known = Known { id, entry };
        let rises = known.entry.raised.iter().map(|rise| Rise {
            at: rise.at,
            level: rise.mark.level().as_str(),
            labels: rise.mark.labels().map(ToString::to_string).collect(),
            record: rise.record.clone(),
        });
        let answer = Shown {
            raised: rises.collect(),
            spent: spent.iter().map(|(name, spent)| (name.to_string(), *spent)).collect(),
            known: KnownJson::of(&known, &seen),
        };
        context.output.answer(&answer, || known::lines(&known, &spent, &seen).join("\n"))?;
        Ok(Exit::Done)
    }
}
