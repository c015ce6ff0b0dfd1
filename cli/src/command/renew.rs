//! `wane renew`: a session goes on under a new root token.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;
use wane::{
    BlockId, Chain, Code, Grant, Heir, Kind, Level, OtherArguments, Pointer, PublicKey, Refusal, RootGrant, Roots,
    Scope, mint,
};

use crate::arguments::Context;
use crate::change::{self, GrantJson};
use crate::emit::OutFlag;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::genuine::{self, Genuine};
use crate::input::{self, Source, source};
use crate::ledger::LedgerFlag;
use crate::{holder, key_file, random, time, trust, typed};

/// Make a new root token that continues an old one's session: what was read stays read
///
/// The new token grants what the old one grants at its end, opens a session of its own and names the first session of
/// the line: marks and budgets are those of that one. The old token stays as good as it was, and must be genuine and
/// not revoked; it may have expired.
#[derive(Args, Debug)]
#[command(after_help = "\
The key must be that of the old root, or with --root one whose entry `succeeds` it. OLD is a token, or a sealed one that
is not for one request; of a token that is bound to its holder's key, what the holder has sealed. The ledger must know
the first session of the line: it was used, or minted with --ledger. What is granted is printed on standard error.

Examples:
  wane renew session.tok --key root.pem -o next.tok
  wane renew session.tok --key root.pem --ttl 8h --ledger sqlite:wane.db -o longer.tok
  wane renew session.tok --key root.pem --root roots.toml -o next-year.tok
")]
pub(crate) struct Renew {
    /// The old token
    #[arg(value_name = "OLD", value_parser = source())]
    old: Source,

    /// The root's private key
    #[arg(long, value_name = "KEY", value_parser = source())]
    key: Source,

    /// Where the passphrase of an encrypted key is read from, instead of the terminal
    #[arg(long, value_name = "FILE", value_parser = source())]
    passphrase_file: Option<Source>,

    /// The trusted roots: a `wane1.key`, a file with a public key, or a roots.toml (default: WANE_ROOTS, else the key)
    #[arg(long, value_name = "ROOT")]
    root: Option<String>,

    /// How long it lives from now on (default: as long as the old one was made for)
    #[arg(long, value_name = "DURATION")]
    ttl: Option<String>,

    /// Bind the token to its holder's public key, a `wane1.key` or a file
    #[arg(long, value_name = "KEY")]
    to: Option<String>,

    #[command(flatten)]
    ledger: LedgerFlag,

    #[command(flatten)]
    out: OutFlag,
}

#[derive(Serialize)]
struct Answer {
    id: String,
    root: String,
    continues: String,
    ledger: String,
    carries_secret: bool,
    grant: Option<GrantJson>,
}

impl Renew {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        context.inputs.claim_all([
            (Some(&self.old), input::TOKEN),
            (Some(&self.key), input::KEY),
            (self.passphrase_file.as_ref(), input::PASSPHRASE),
        ])?;
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        typed::claim(&context.inputs, "--to", self.to.as_deref(), "--to")?;
        let ttl = self.ttl.as_deref().map(|text| typed::duration("--ttl", text)).transpose()?;
        let key = key_file::read_secret(&context.inputs, &self.key, self.passphrase_file.as_ref())?;
        let roots = self.roots(context, &key.public_key())?;
        // The key is about to vouch for what the old token says, so nothing is taken from one that is not genuine.
        let old = Genuine::read(context, &self.old, &roots).map_err(succeeding)?;
        let first = first_of_line(old.chain())?;
        let mut ledger = self.ledger.open(context)?.ledger;
        let known = ledger.session(first)?;
        if known.as_ref().is_none_or(|entry| entry.opened.is_none()) {
            return Err(Refusal::new(Code::StateUnknownSession, "continues", first, "").into());
        }
        let now = time::now()?;
        old.check(&mut ledger, now).map_err(succeeding)?;
        let grant = renewed(old.chain(), ttl, now)?.ledger(ledger.id()).continues(first);
        let mut rng = random::system()?;
        let heir = match &self.to {
            Some(key) => Heir::bound(typed::public_key(&context.inputs, "--to", key)?, &mut rng),
            None => Heir::carried(&mut rng),
        };
        self.out.check()?;
        let token = mint(&grant, &key, heir).map_err(Failure::making)?;
        // What is bound to a key cannot be sealed here; but for its holder, this one is the same.
        let twin = match token.carries_secret() {
            true => None,
            false => Some(mint(&grant, &key, Heir::carried(&mut rng)).map_err(Failure::making)?),
        };
        let checked = genuine::check_made(twin.as_ref().unwrap_or(&token), &roots, &mut ledger, now);
        checked.map_err(succeeding)?;
        ledger.register(token.chain(), Some(&key.public_key()), now)?;
        let granted = holder::grant(token.chain())?;
        let mut mark = known.map(|entry| entry.mark).unwrap_or_default();
        mark.join(granted.mark());
        context.output.note(format_args!("it continues the session {first}, whose level so far is {mark}"));
        let mut lines = change::lines(&granted);
        // What was read before counts too, and is said above.
        lines.retain(|line| !line.starts_with("level so far"));
        context.output.say(format_args!("it grants:\n{}", change::indented(&lines).trim_end()));
        let answer = Answer {
            id: token.chain().blocks().first().map(|block| block.id().to_string()).unwrap_or_default(),
            root: key.public_key().to_string(),
            continues: first.to_string(),
            ledger: ledger.id().to_string(),
            carries_secret: token.carries_secret(),
            grant: Some(GrantJson::of(&granted)),
        };
        self.out.emit(context, "token", &token.expose_text(), &answer)?;
        Ok(Exit::Done)
    }

    /// The roots that are named; without any, the key alone vouches.
    fn roots(&self, context: &Context, key: &PublicKey) -> Result<Roots, Failure> {
        if self.root.is_none() && context.settings()?.roots.is_none() {
            return Ok(Roots::single(*key));
        }
        trust::roots(context, self.root.as_deref())
    }
}

/// The failure, with what mends it where the key is not the one of the old root.
fn succeeding(failure: Failure) -> Failure {
    match failure.is(Code::ChainUnknownRoot) || failure.is(Code::StateContinues) {
        true => failure
            .hint("`--root` names a roots file that knows the old root, and whose entry of the key `succeeds` it"),
        false => failure,
    }
}

/// The first session of the line that a chain belongs to.
fn first_of_line(chain: &Chain) -> Result<BlockId, Failure> {
    let grant = holder::grant(chain)?;
    let session = grant.session().and_then(|index| chain.blocks().get(index));
    grant.continues().or_else(|| session.map(wane::Block::id)).ok_or_else(|| {
        Failure::usage("the old token opens no session, so there is nothing to continue")
            .hint("`wane mint` starts anew")
    })
}

/// A root block states each scope in one piece. One that `only` had closed before a later block put a condition on another
/// argument would come out wider: the old one refuses that argument.
fn check_can_be_said(grants: &[Grant]) -> Result<(), Failure> {
    let Some((last, before)) = grants.split_last() else { return Ok(()) };
    let closed = |grant: &Grant| grant.scopes().into_iter().filter(|it| it.other_arguments() == OtherArguments::Closed);
    for scope in closed(last) {
        let names = arguments(&scope);
        let grew = |wider: &Scope| wider.pattern().contains(scope.pattern()) && arguments(wider) != names;
        if before.iter().flat_map(closed).any(|wider| grew(&wider)) {
            let why = format!(
                "`{scope}` was closed by `only` before all its arguments were named, and a root cannot say that"
            );
            return Err(Failure::usage(why).hint("`wane mint` starts anew, with scopes as they are meant"));
        }
    }
    Ok(())
}

/// The arguments that its conditions name.
fn arguments(scope: &Scope) -> BTreeSet<&str> {
    scope.conditions().iter().filter_map(|it| it.target().pointer()).map(Pointer::as_str).collect()
}

/// What the old chain grants at its end, as a root block states it.
fn renewed(chain: &Chain, ttl: Option<u64>, now: u64) -> Result<RootGrant, Failure> {
    let grants = chain.grants()?;
    check_can_be_said(&grants)?;
    let old = holder::grant(chain)?;
    let ttl = ttl.unwrap_or_else(|| old.expires_at().saturating_sub(old.issued_at()));
    let mut audiences = old.audiences().iter().cloned();
    let first = audiences.next().ok_or_else(|| Failure::usage("the old token names no audience"))?;
    let mut grant = RootGrant::new(first, now, now.saturating_add(ttl)).depth(old.depth()).raise(old.mark().level());
    grant = audiences.fold(grant, RootGrant::audience);
    grant = old.scopes().into_iter().fold(grant, RootGrant::scope);
    grant = old.denied().cloned().fold(grant, RootGrant::deny);
    grant = old.asks().cloned().fold(grant, RootGrant::ask);
    grant = old.mark().labels().cloned().fold(grant, RootGrant::label);
    grant = old.budgets().iter().fold(grant, |grant, (name, cap)| grant.budget(name.clone(), *cap));
    if old.clearance() < Level::TopSecret {
        grant = grant.clearance(old.clearance());
    }
    // Rules of the root's own stand in the place of the default ones where they may.
    let own = grants.first().is_some_and(|root| root.rules().next().is_some());
    grant = match own {
        true => grant.own_rules(old.rules().cloned().collect()),
        false => old.rules().cloned().fold(grant, RootGrant::rule),
    };
    let last = chain.blocks().iter().rfind(|block| block.kind() != Kind::Seal).map(wane::Block::claims);
    grant = last.and_then(wane::Claims::subject).into_iter().fold(grant, RootGrant::subject);
    Ok(last.and_then(wane::Claims::note).into_iter().fold(grant, RootGrant::note))
}
