//! `wane revoke`: an end to a token, or to everything that somebody holds.

use std::collections::BTreeMap;

use clap::Args;
use serde::Serialize;
use wane::Bearer;
use wane_ledger::{Doomed, Ledger, Revocation};

use crate::arguments::Context;
use crate::block::{self, Named, Part};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::known::{self, KnownJson, Seen};
use crate::ledger::LedgerFlag;
use crate::output::escape;
use crate::{terminal, time, typed};

/// End a token and all that was made from it, or everything that an agent or a key was given
///
/// Says first what dies, and that there is no way back; asks on a terminal. What nobody registered or used is not
/// listed and dies all the same. An id of 64 digits or a token need not be known to the ledger; that it is not is warned of,
/// since an altered copy is another token.
#[derive(Args, Debug)]
#[command(after_help = "\
A token may be named by any copy of it, sealed or not. With --key everything dies that was minted under that key as a
root, and everything that was handed to it, at that time or before; with --agent everything handed to that name.

Examples:
  wane revoke stolen.tok --dry-run
  wane revoke stolen.tok --reason 'laptop lost' --yes
  wane revoke --agent reporter --before now --yes
  wane revoke --key agent.pub --before 2026-11-21T09:30:00Z --json --yes
")]
pub(crate) struct Revoke {
    /// The start of an id, at least eight digits, or a token
    #[arg(value_name = "ID|TOKEN", required_unless_present_any = ["agent", "key"], conflicts_with_all = ["agent", "key"])]
    id: Option<String>,

    /// Everything that was handed to this name (`--sub`)
    #[arg(long, value_name = "NAME", requires = "before", conflicts_with = "key")]
    agent: Option<String>,

    /// Everything minted under this root key, or handed to this key
    #[arg(long, value_name = "KEY", requires = "before")]
    key: Option<String>,

    /// Issued at this time or before: 2026-11-21T09:30:00Z, seconds since 1970, or `now`
    #[arg(long, value_name = "TIME", conflicts_with = "id")]
    before: Option<String>,

    /// Why, for the log and for whoever asks
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,

    /// Only say what would die
    #[arg(long)]
    dry_run: bool,

    /// Ask nothing
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    ledger: LedgerFlag,
}

/// As many as are listed.
const LISTED: usize = 100;

/// What is said before.
const FOR_EVER: &str = "this cannot be undone";

/// What is said where the ledger does not know the block.
const UNKNOWN: &str = "the ledger does not know this block: of a token that was altered, only the altered copy dies, and of an \
                       id that was mistyped, nothing";

/// What is to end, in words and in full, and whether the ledger knows it where it is one block.
struct Meant {
    what: String,
    revocations: Vec<Revocation>,
    known: Option<bool>,
}

#[derive(Serialize)]
struct Answer {
    revoked: bool,
    known: Option<bool>,
    what: String,
    dies: Vec<KnownJson>,
    more: usize,
}

impl Revoke {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        typed::claim(&context.inputs, "--key", self.key.as_deref(), "--key")?;
        typed::reason(&self.reason)?;
        self.agent.as_deref().map_or(Ok(()), |agent| typed::agent("--agent", agent))?;
        let now = time::now()?;
        let mut ledger = self.ledger.open(context)?.ledger;
        let Meant { what, revocations, known } = self.meant(context, &mut ledger, now)?;
        let seen = Seen::all(&mut ledger, now)?;
        let doomed = doomed(&mut ledger, &revocations, &seen)?;
        let told = told(&what, &doomed, &seen);
        context.output.say(told.join("\n"));
        if known == Some(false) {
            context.output.warn(UNKNOWN);
        }
        if !self.dry_run {
            if !self.yes {
                terminal::agree(
                    &format!("Revoke? {FOR_EVER}."),
                    "`--yes` revokes without asking, `--dry-run` says what would die",
                )?;
            }
            // One that is committed and could not be noted outside must not keep the next from being said.
            let said: Vec<_> = revocations.iter().map(|one| ledger.revoke(one, &self.reason, now)).collect();
            said.into_iter().collect::<Result<(), _>>()?;
        }
        let answer = Answer {
            revoked: !self.dry_run,
            known,
            what,
            dies: doomed.known.iter().map(|known| KnownJson::of(known, &seen)).collect(),
            more: doomed.more,
        };
        context.output.answer(&answer, || match self.dry_run {
            true => "nothing was revoked: --dry-run".into(),
            false => "revoked".into(),
        })?;
        Ok(Exit::Done)
    }

    /// What is meant. A key is revoked in both of its parts: as a root, and as a holder.
    fn meant(&self, context: &Context, ledger: &mut Ledger, now: u64) -> Result<Meant, Failure> {
        let time = match self.before.as_deref() {
            Some("now") | None => now,
            Some(text) => typed::instant("--before", text)?,
        };
        let until = time::show(time);
        let before = |bearer| Revocation::Before { bearer, time };
        if let Some(agent) = &self.agent {
            let what = format!("whatever was handed to \"{}\" up to {until}", escape(agent));
            let revocations = vec![before(Bearer::Agent(agent.as_str().into()))];
            return Ok(Meant { what, revocations, known: None });
        }
        if let Some(key) = &self.key {
            let key = typed::public_key(&context.inputs, "--key", key)?;
            let what = format!("whatever was minted under or handed to {key} up to {until}");
            return Ok(Meant {
                what,
                revocations: vec![before(Bearer::Root(key)), before(Bearer::Key(key))],
                known: None,
            });
        }
        let id = self.id.as_deref().ok_or_else(|| Failure::usage("nothing is named that could be revoked"))?;
        let Named { id, known, .. } = block::named(context, ledger, id, Part::Last)?;
        let what = format!("{id} and whatever was made from it");
        Ok(Meant { what, revocations: vec![Revocation::Block(id)], known: Some(known) })
    }
}

/// What would die, each once, in the order in which it is listed. What is dead already dies no more.
fn doomed(ledger: &mut Ledger, revocations: &[Revocation], seen: &Seen) -> Result<Doomed, Failure> {
    let mut dies = BTreeMap::new();
    for revocation in revocations {
        let doomed = ledger.would_revoke(revocation, seen.now, usize::MAX)?;
        dies.extend(doomed.known.into_iter().map(|known| (known.id, known)));
    }
    let mut known: Vec<_> = dies.into_values().filter(|known| seen.is_live(known)).collect();
    known::sort(&mut known);
    let more = known.len().saturating_sub(LISTED);
    known.truncate(LISTED);
    Ok(Doomed { known, more })
}

fn told(what: &str, doomed: &Doomed, seen: &Seen) -> Vec<String> {
    let mut lines = vec![format!("dies: {what}")];
    lines.extend(doomed.known.iter().map(|known| format!("  {}", known::line(known, seen))));
    match (doomed.known.len(), doomed.more) {
        (0, _) => lines.push("  nothing alive that the ledger knows".into()),
        (_, 0) => {}
        (_, more) => lines.push(format!("  and {more} more")),
    }
    lines.push(format!("  {FOR_EVER}, and what the ledger has not seen dies too"));
    lines
}
