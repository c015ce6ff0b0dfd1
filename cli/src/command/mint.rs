//! `wane mint`: a root token.

use std::collections::BTreeSet;

use clap::Args;
use serde::Serialize;
use wane::{Code, Heir, LedgerId, PublicKey, Refusal, RootGrant, mint};
use wane_ledger::{Filter, Ledger, LedgerUrl};

use crate::arguments::Context;
use crate::change::GrantJson;
use crate::emit::OutFlag;
use crate::exit::Exit;
use crate::failure::{Failure, Trouble};
use crate::input::{self, Source, source};
use crate::ledger::{self, LedgerFlag, LogFlags};
use crate::limits::{GrantFile, LimitFlags, Limits};
use crate::{founding, key_file, known, random, time, typed};

/// Make a root token with a root key: the widest grant of a chain
///
/// The token opens a session, unless --issuer says that its holder may open them. It carries its secret,
/// unless --to binds it to the holder's own key. Without --ttl it lives an hour. With a ledger, the token names it and is
/// made known to it: its id, name, key, end and note, never the token; where there is no ledger yet, it is made.
#[derive(Args, Debug)]
#[command(after_help = "\
A grant file holds the same words: aud, scope, deny, ask, raise, label, clearance, ttl, depth, ledger-id, sub,
note, issuer, to, [budget] NAME = N and [[ratchet]] level, labels, keep. What a flag says once replaces what the
file says; deny, ask and label add up.

Examples:
  wane mint --key root.pem --aud files --scope 'read:*' --ttl 10m -o a.tok
  wane mint --key root.pem --aud files --scope 'read:files:* if path under /data and limit <= 100' -o b.tok
  wane mint --key root.pem --grant grant.toml --sub planner -o c.tok
  wane mint --key root.pem --aud files --scope 'read:*' --budget reads=100 --ledger sqlite:wane.db -o d.tok
  wane mint --key root.pem --aud mail --scope 'send:mail:*' --ask 'send:* by @oncall need 1' --to root.pub
")]
pub(crate) struct Mint {
    /// The root's private key
    #[arg(long, value_name = "KEY", value_parser = source())]
    key: Source,

    /// Where the passphrase of an encrypted key is read from, instead of the terminal
    #[arg(long, value_name = "FILE", value_parser = source())]
    passphrase_file: Option<Source>,

    /// A grant file in TOML, instead of --scope
    #[arg(long, value_name = "FILE", value_parser = source(), conflicts_with = "scope")]
    grant: Option<Source>,

    #[command(flatten)]
    limits: LimitFlags,

    /// Open no session: whoever holds the token opens one for each task (the root's entry must allow it)
    #[arg(long)]
    issuer: bool,

    /// Bind the token to its holder's public key, a `wane1.key` or a file
    #[arg(long, value_name = "KEY")]
    to: Option<String>,

    #[command(flatten)]
    ledger: LedgerFlag,

    #[command(flatten)]
    files: LogFlags,

    #[command(flatten)]
    out: OutFlag,
}

/// The lifetime where none is stated, in seconds.
const DEFAULT_TTL: u64 = 3600;

#[derive(Serialize)]
struct Answer {
    id: String,
    root: String,
    carries_secret: bool,
    ledger: Option<String>,
    grant: Option<GrantJson>,
}

impl Mint {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        context.inputs.claim_all([
            (Some(&self.key), input::KEY),
            (self.passphrase_file.as_ref(), input::PASSPHRASE),
            (self.grant.as_ref(), input::GRANT),
            (self.limits.ratchet.as_ref(), input::RULES),
        ])?;
        typed::claim(&context.inputs, "--to", self.to.as_deref(), "--to")?;
        let mut limits = self.limits.read(context)?;
        let (mut issuer, mut to) = (self.issuer, self.to.clone());
        if let Some(source) = &self.grant {
            let file = GrantFile::open(context, source)?;
            limits = limits.over(file.read().map_err(|failure| failure.within(source.name()))?);
            issuer |= file.issuer;
            to = to.or(file.to.map(|to| source.beside(to)));
        }
        let (sub, mut stated) = (limits.sub.clone(), limits.ledger);
        let grant = root_grant(context, limits, issuer)?;
        let mut rng = random::system()?;
        let heir = match to {
            Some(key) => Heir::bound(typed::public_key(&context.inputs, "--to", &key)?, &mut rng),
            None => Heir::carried(&mut rng),
        };
        let secret = key_file::read_secret(&context.inputs, &self.key, self.passphrase_file.as_ref())?;
        let mut ledger = match self.ledger.url(context)? {
            Some(url) => {
                // No ledger is made for a token that is not.
                self.out.check()?;
                let tried = grant.clone().ledger(stated.unwrap_or(LedgerId::from_bytes([0; 16])));
                mint(&tried, &secret, Heir::carried(&mut rng)).map_err(Failure::typed)?;
                Some(self.ledger(context, &url, &mut stated)?)
            }
            None => None,
        };
        let grant = ledger.iter().fold(grant, |grant, ledger| grant.ledger(ledger.id()));
        let token = mint(&grant, &secret, heir).map_err(Failure::typed)?;
        if let Some(ledger) = &mut ledger {
            warn_of_raised(context, ledger, &secret.public_key(), sub.as_deref())?;
            ledger.register(token.chain(), Some(&secret.public_key()), time::now()?)?;
        }
        let answer = Answer {
            id: token.chain().blocks().first().map(|block| block.id().to_string()).unwrap_or_default(),
            root: secret.public_key().to_string(),
            carries_secret: token.carries_secret(),
            ledger: ledger.as_ref().map(|ledger| ledger.id().to_string()),
            grant: token.chain().grants()?.last().map(GrantJson::of),
        };
        self.out.emit(context, "token", &token.expose_text(), &answer)?;
        Ok(Exit::Done)
    }

    /// The ledger that is to know the token, made where there is none.
    fn ledger(&self, context: &Context, url: &LedgerUrl, stated: &mut Option<LedgerId>) -> Result<Ledger, Failure> {
        let ledger = match (self.ledger.open_if_made(url)?, &stated) {
            (Some(opened), _) => opened.ledger,
            // A new one has an id that nobody could have named.
            (None, Some(id)) => return Err(Refusal::new(Code::StateOtherLedger, "ledger", "a new one", id).into()),
            (None, None) => self.found(context, url)?,
        };
        ledger::state(&ledger, stated)?;
        Ok(ledger)
    }

    fn found(&self, context: &Context, url: &LedgerUrl) -> Result<Ledger, Failure> {
        match founding::found(context, url, &self.files) {
            Ok(founded) => {
                founding::announce(context, &founded, url);
                Ok(founded.ledger)
            }
            // Somebody else has made it in the meantime.
            Err(failure) if failure.is(Code::UseLedgerExists) => {
                Ok(self.ledger.open_if_made(url)?.ok_or(failure)?.ledger)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// A new session has no memory: whoever mints one where an older one has read something should know.
fn warn_of_raised(context: &Context, ledger: &mut Ledger, root: &PublicKey, sub: Option<&str>) -> Result<(), Failure> {
    let mut filter = Filter::new().root(*root).live_at(time::now()?).sessions_only();
    if let Some(sub) = sub {
        filter = filter.agent(sub);
    }
    let mut raised = ledger.sessions(&filter, None, usize::MAX)?;
    let ended = if raised.is_empty() { BTreeSet::new() } else { ledger.ended()? };
    // Without a name, those without one are meant.
    raised.retain(|known| {
        !ended.contains(&known.id)
            && known::is_raised(&known.entry.mark)
            && known.entry.about.as_ref().and_then(|about| about.sub.as_deref()) == sub
    });
    if let Some(highest) = raised.iter().max_by_key(|known| known.entry.mark.level()) {
        let start: String = highest.id.to_string().chars().take(16).collect();
        context.output.warn(format_args!(
            "the same key and name have {} live session{} that read something ({start} is {}), and the new one starts without that memory",
            raised.len(),
            if raised.len() == 1 { "" } else { "s" },
            highest.entry.mark
        ));
        context.output.hint("`wane renew OLD --key KEY` goes on with an old session, `wane revoke` ends it");
    }
    Ok(())
}

fn root_grant(context: &Context, limits: Limits, issuer: bool) -> Result<RootGrant, Failure> {
    let mut audiences = limits.audiences;
    if audiences.is_empty()
        && let Some(setting) = &context.settings()?.aud
    {
        context.output.note(format_args!("the audience `{}` comes from {}", setting.value, setting.origin));
        audiences.push(typed::value("aud", &setting.value)?);
    }
    let mut audiences = audiences.into_iter();
    let first = audiences.next().ok_or_else(|| {
        Failure::new(Trouble::Arguments, "no audience is given")
            .hint("`--aud NAME` names the tool server that is to accept it")
    })?;
    if limits.scopes.is_empty() {
        return Err(Failure::usage("no scope is given").hint("`--scope 'read:*'`, or a grant file"));
    }
    let now = time::now()?;
    let mut grant = RootGrant::new(first, now, now.saturating_add(limits.ttl.unwrap_or(DEFAULT_TTL)));
    grant = audiences.fold(grant, RootGrant::audience);
    grant = limits.scopes.into_iter().fold(grant, RootGrant::scope);
    grant = limits.deny.into_iter().fold(grant, RootGrant::deny);
    grant = limits.ask.into_iter().fold(grant, RootGrant::ask);
    grant = limits.labels.into_iter().fold(grant, RootGrant::label);
    grant = limits.budgets.into_iter().fold(grant, |grant, (name, cap)| grant.budget(name, cap));
    grant = limits.raise.into_iter().fold(grant, RootGrant::raise);
    grant = limits.clearance.into_iter().fold(grant, RootGrant::clearance);
    grant = limits.rules.into_iter().fold(grant, RootGrant::own_rules);
    grant = limits.depth.into_iter().fold(grant, RootGrant::depth);
    grant = limits.ledger.into_iter().fold(grant, RootGrant::ledger);
    grant = limits.sub.iter().fold(grant, |grant, sub| grant.subject(sub));
    grant = limits.note.iter().fold(grant, |grant, note| grant.note(note));
    Ok(if issuer { grant.issuer() } else { grant })
}
