//! `wane attenuate`: a narrower token for whoever comes next.

use clap::Args;
use serde::Serialize;
use wane::{Grant, Heir, Narrowing, Token};
use wane_ledger::Ledger;

use crate::arguments::Context;
use crate::change::{self, Change, GrantJson};
use crate::emit::OutFlag;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{self, Source, source};
use crate::ledger::{self, LedgerFlag};
use crate::limits::{LimitFlags, Limits};
use crate::{holder, key_file, random, time, typed};

/// Narrow a token and hand it on: everything is inherited, flags only take away
///
/// Needs no root key, and no network unless a ledger is named, which the token then names too and which is told its id,
/// name, key, end and note. What was lost is printed on standard error.
#[derive(Args, Debug)]
#[command(after_help = "\
--scope P keeps, of every scope that contains P, what lies within P; what is not named is dropped.
Where no session is open yet (a root token made with `mint --issuer`) this opens one, unless --issuer is given.

Examples:
  wane attenuate session.tok --scope 'read:hr:*' --raise internal --ttl 5m -o child.tok
  wane attenuate session.tok --drop 'write:*' --dry-run
  wane attenuate session.tok --deny 'read:hr:salaries' --sub summariser --to root.pub
  wane attenuate - --ttl 1m < session.tok
  wane attenuate session.tok --budget reads=10 --ledger sqlite:wane.db -o tenth.tok
")]
pub(crate) struct Attenuate {
    /// The token (default: WANE_TOKEN_FILE, else standard input)
    #[arg(value_name = "TOKEN", value_parser = source())]
    token: Option<Source>,

    /// Drop the scopes within a pattern; may be repeated
    #[arg(long, value_name = "PATTERN")]
    drop: Vec<String>,

    #[command(flatten)]
    limits: LimitFlags,

    /// Open no session and pass on the right to open them
    #[arg(long)]
    issuer: bool,

    /// Bind the new token to its holder's public key, a `wane1.key` or a file
    #[arg(long, value_name = "KEY")]
    to: Option<String>,

    /// Your own private key, where the token is bound to it
    #[arg(long, value_name = "HOLDER.pem", value_parser = source())]
    key: Option<Source>,

    /// Where the passphrase of an encrypted key is read from, instead of the terminal
    #[arg(long, value_name = "FILE", value_parser = source(), requires = "key")]
    passphrase_file: Option<Source>,

    /// Only say what would be lost
    #[arg(long, conflicts_with = "out")]
    dry_run: bool,

    #[command(flatten)]
    ledger: LedgerFlag,

    #[command(flatten)]
    out: OutFlag,
}

#[derive(Serialize)]
struct Answer {
    id: String,
    dry_run: bool,
    carries_secret: bool,
    ledger: Option<String>,
    opened_session: bool,
    change: Option<Change>,
    grant: Option<GrantJson>,
}

impl Attenuate {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let source = holder::source(context, self.token.as_ref())?;
        context.inputs.claim(&source, input::TOKEN)?;
        context.inputs.claim_all([
            (self.key.as_ref(), input::KEY),
            (self.passphrase_file.as_ref(), input::PASSPHRASE),
            (self.limits.ratchet.as_ref(), input::RULES),
        ])?;
        typed::claim(&context.inputs, "--to", self.to.as_deref(), "--to")?;
        let mut limits = self.limits.read(context)?;
        let token = holder::read_token(context, Some(&source))?;
        let grant = holder::grant(token.chain())?;
        let unopened = grant.session().is_none();
        if self.issuer && !unopened {
            return Err(Failure::usage("--issuer: a session is open already, so there is no right to pass on"));
        }
        let opens = unopened && !self.issuer;
        let mut ledger = self.ledger(context, &grant, &mut limits)?;
        let narrowing = self.narrowing(limits, opens)?;
        let mut rng = random::system()?;
        let heir = match &self.to {
            Some(key) => Heir::bound(typed::public_key(&context.inputs, "--to", key)?, &mut rng),
            None => Heir::carried(&mut rng),
        };
        let narrowed = self.extend(context, &token, &narrowing, heir)?;
        if let Some(ledger) = ledger.as_mut().filter(|_| !self.dry_run) {
            self.out.check()?;
            ledger.register(narrowed.chain(), None, time::now()?)?;
        }
        self.report(context, &narrowed, opens, ledger.as_ref())?;
        Ok(Exit::Done)
    }

    /// The ledger that is to know the token, named in the token unless it is already.
    fn ledger(&self, context: &Context, grant: &Grant, limits: &mut Limits) -> Result<Option<Ledger>, Failure> {
        if self.ledger.url(context)?.is_none() {
            return Ok(None);
        }
        let ledger = self.ledger.open(context)?.ledger;
        let mut stated = grant.ledger().or(limits.ledger);
        ledger::state(&ledger, &mut stated)?;
        ledger::state(&ledger, &mut limits.ledger)?;
        if grant.ledger().is_some() {
            limits.ledger = None;
        }
        Ok(Some(ledger))
    }

    fn extend(&self, context: &Context, token: &Token, narrowing: &Narrowing, heir: Heir) -> Result<Token, Failure> {
        match &self.key {
            Some(source) => {
                let key = key_file::read_secret(&context.inputs, source, self.passphrase_file.as_ref())?;
                token.attenuate_as(&key, narrowing, heir)
            }
            None => token.attenuate(narrowing, heir),
        }
        .map_err(Failure::making)
    }

    fn narrowing(&self, limits: Limits, opens: bool) -> Result<Narrowing, Failure> {
        let now = time::now()?;
        let mut narrowing = Narrowing::new();
        narrowing = limits.scopes.into_iter().fold(narrowing, Narrowing::keep);
        narrowing = typed::values("--drop", &self.drop)?.into_iter().fold(narrowing, Narrowing::drop);
        narrowing = limits.audiences.into_iter().fold(narrowing, Narrowing::audience);
        narrowing = limits.deny.into_iter().fold(narrowing, Narrowing::deny);
        narrowing = limits.ask.into_iter().fold(narrowing, Narrowing::ask);
        narrowing = limits.labels.into_iter().fold(narrowing, Narrowing::label);
        narrowing = limits.rules.into_iter().flatten().fold(narrowing, Narrowing::rule);
        narrowing = limits.budgets.into_iter().fold(narrowing, |narrowing, (name, cap)| narrowing.budget(name, cap));
        narrowing = limits.raise.into_iter().fold(narrowing, Narrowing::raise);
        narrowing = limits.clearance.into_iter().fold(narrowing, Narrowing::clearance);
        narrowing = limits.depth.into_iter().fold(narrowing, Narrowing::depth);
        narrowing = limits.ledger.into_iter().fold(narrowing, Narrowing::ledger);
        narrowing = limits.sub.iter().fold(narrowing, |narrowing, sub| narrowing.subject(sub));
        narrowing = limits.note.iter().fold(narrowing, |narrowing, note| narrowing.note(note));
        narrowing =
            limits.ttl.into_iter().fold(narrowing, |narrowing, ttl| narrowing.expires_at(now.saturating_add(ttl)));
        Ok(if opens { narrowing.open_session(now) } else { narrowing })
    }

    fn report(
        &self,
        context: &Context,
        narrowed: &Token,
        opened_session: bool,
        ledger: Option<&Ledger>,
    ) -> Result<(), Failure> {
        let output = context.output;
        let grants = narrowed.chain().grants()?;
        let after = grants.last();
        let before = grants.len().checked_sub(2).and_then(|index| grants.get(index));
        let change =
            before.zip(after).map(|(before, after)| Change::between(before, after, &change::unstated(&grants)));
        if opened_session {
            output.note("the new block opens a session: marks and budgets are kept under it");
        }
        if self.issuer && after.is_some_and(|grant| grant.session().is_none()) {
            output
                .warn("the right to open sessions is passed on: each session starts without the memory of the others");
        }
        match &change {
            Some(change) if !change.is_empty() => change.lines().iter().for_each(|line| output.say(line)),
            _ => output.note("nothing was taken away"),
        }
        let answer = Answer {
            id: narrowed.chain().blocks().last().map(|block| block.id().to_string()).unwrap_or_default(),
            dry_run: self.dry_run,
            carries_secret: narrowed.carries_secret(),
            ledger: ledger.map(|ledger| ledger.id().to_string()),
            opened_session,
            change,
            grant: after.map(GrantJson::of),
        };
        if self.dry_run {
            return if output.is_json() { output.object(&answer) } else { Ok(()) };
        }
        self.out.emit(context, "token", &narrowed.expose_text(), &answer)
    }
}
