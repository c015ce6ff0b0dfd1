//! `wane approve`: sign for one request that waits.

use clap::Args;
use serde::Serialize;
use wane::limits::APPROVAL_SECONDS;
use wane::{Approval, BlockId, Code, Refusal, SecretKey};
use wane_ledger::PendingRequest;

use crate::arguments::Context;
use crate::emit::OutFlag;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{self, Source, source};
use crate::ledger::LedgerFlag;
use crate::waiting::{Waiting, Witness};
use crate::{key_file, terminal, time, trust, typed};

/// Approve one request that waits: shows exactly what it is, asks, and signs
///
/// REQUEST is the start of its digest, at least eight digits, which is looked up in the ledger, `DIGEST:BLOCK` where several
/// tokens wait for the same request; or a file that `wane pending DIGEST -o FILE` wrote. The statement is deposited in the ledger, where the next attempt finds it,
/// or written with -o for whoever shows it with `wane admit --approval`.
#[derive(Args, Debug)]
#[command(after_help = "\
Everything that is no printable ASCII, and each of several spaces in a row, is shown as \\uXXXX, with the number of such
characters: a letter that looks like another one is told apart. The digest is computed again from what is shown. `--yes` asks nothing.

Examples:
  wane approve 213b3c09a47f8c9c --key approver.pem --root roots.toml --ledger sqlite:wane.db --yes
  wane approve request.json --key approver.pem --ttl 5m --yes -o signed.txt
")]
pub(crate) struct Approve {
    /// The start of a digest, or a file
    #[arg(value_name = "REQUEST")]
    request: String,

    /// The approver's private key
    #[arg(long, value_name = "KEY", value_parser = source())]
    key: Source,

    /// Where the passphrase of an encrypted key is read from, instead of the terminal
    #[arg(long, value_name = "FILE", value_parser = source())]
    passphrase_file: Option<Source>,

    /// How long the statement is good for, at most an hour
    #[arg(long, value_name = "DURATION", default_value = "10m")]
    ttl: String,

    /// Ask nothing
    #[arg(long)]
    yes: bool,

    /// The trusted roots, which say who is in a group; needed to deposit
    #[arg(long, value_name = "ROOT")]
    root: Option<String>,

    /// Approve as the enforcement point's own key, which asks know as `@local`
    #[arg(long)]
    local: bool,

    #[command(flatten)]
    ledger: LedgerFlag,

    #[command(flatten)]
    out: OutFlag,
}

/// The fewest digits that name a request.
const DIGITS: usize = 8;

/// The largest file of a request that waits, and the largest row.
const REQUEST_TEXT: u64 = 256 * 1024;

#[derive(Serialize)]
struct Answer {
    id: String,
    digest: String,
    approver: String,
    actions: Vec<String>,
    exp: u64,
    deposited: bool,
}

impl Approve {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let ttl = typed::duration("--ttl", &self.ttl)?;
        if ttl > APPROVAL_SECONDS {
            return Err(Failure::usage(format!("--ttl: {ttl} seconds, an approval lives at most {APPROVAL_SECONDS}")));
        }
        let by_digest = is_digest(&self.request);
        let file = if by_digest { None } else { Some(typed::source("REQUEST", &self.request)?) };
        typed::claim(&context.inputs, "--root", self.root.as_deref(), input::ROOTS)?;
        context.inputs.claim_all([
            (file.as_ref(), "the request"),
            (Some(&self.key), input::KEY),
            (self.passphrase_file.as_ref(), input::PASSPHRASE),
        ])?;
        // A file is for those who cannot reach the ledger, unless one is named in this very call.
        let deposits = !self.out.is_file() && (by_digest || self.ledger.is_stated());
        let roots = if deposits { Some(trust::roots(context, self.root.as_deref())?) } else { None };
        let mut ledger = if by_digest || deposits { Some(self.ledger.open(context)?.ledger) } else { None };
        let request = match (&file, &mut ledger) {
            (None, Some(ledger)) => super::pending::find(ledger, &self.request)?,
            (Some(file), _) => read(context, file)?,
            (None, None) => return Err(Failure::usage("no ledger is named")),
        };
        let waiting = Waiting::of(&request)?;
        let key = key_file::read_secret(&context.inputs, &self.key, self.passphrase_file.as_ref())?;
        waiting.check_approver(&key.public_key())?;
        self.ask(context, &waiting)?;
        let approval = sign(&waiting, &key, ttl)?;
        if let (Some(ledger), Some(roots)) = (&mut ledger, &roots) {
            ledger.deposit(&approval.to_text(), roots, Some(key.public_key()).filter(|_| self.local), time::now()?)?;
        }
        self.answer(context, &approval, deposits)?;
        Ok(Exit::Done)
    }

    fn ask(&self, context: &Context, waiting: &Waiting<'_>) -> Result<(), Failure> {
        let witness = if is_digest(&self.request) { Witness::Ledger } else { Witness::File };
        let lines = waiting.lines(witness).join("\n");
        if self.yes {
            context.output.say(lines);
            return Ok(());
        }
        let question = format!("{lines}\n\nSign for exactly this request?");
        terminal::agree(&question, "`--yes` signs without asking")
    }

    fn answer(&self, context: &Context, approval: &Approval, deposited: bool) -> Result<(), Failure> {
        let statement = approval.statement();
        let answer = Answer {
            id: approval.id().to_string(),
            digest: BlockId::from_bytes(*statement.request_digest()).to_string(),
            approver: statement.approver().to_string(),
            actions: statement.actions().iter().map(ToString::to_string).collect(),
            exp: statement.expires_at(),
            deposited,
        };
        let until = time::show(statement.expires_at());
        if deposited {
            context.output.note(format_args!("deposited; it is good for one admission until {until}"));
            return if context.output.is_json() { context.output.object(&answer) } else { Ok(()) };
        }
        context.output.note(format_args!("good for one admission until {until}: `wane admit ... --approval`"));
        self.out.emit(context, "approval", &approval.to_text(), &answer)
    }
}

/// Whether this names a request by its digest, and perhaps by a block. A file of such a name is `./NAME`.
pub(super) fn is_digest(text: &str) -> bool {
    let digits = |text: &str| {
        (DIGITS..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let (digest, block) = text.split_once(':').map_or((text, None), |(digest, block)| (digest, Some(block)));
    digits(digest) && block.is_none_or(digits)
}

fn read(context: &Context, file: &Source) -> Result<PendingRequest, Failure> {
    let bytes = context.inputs.read(file, "the request", REQUEST_TEXT)?;
    let refuse = |found: &dyn std::fmt::Display| {
        Failure::from(Refusal::new(Code::ParseJson, "request", found, ""))
            .within(file.name())
            .hint("`wane pending DIGEST -o FILE` writes one; the start of a digest has at least 8 digits")
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| refuse(&"bytes that are no utf-8"))?;
    serde_json::from_str(input::unmarked(text)).map_err(|error| refuse(&error))
}

fn sign(waiting: &Waiting<'_>, key: &SecretKey, ttl: u64) -> Result<Approval, Failure> {
    let (request, now) = (waiting.request(), time::now()?);
    let until = now.saturating_add(ttl);
    Ok(Approval::sign(request.last, request.digest, waiting.actions().to_vec(), now, until, key)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_not_files() {
        for digest in ["3f9a61c0", &"ab".repeat(32), "3f9a61c0:00112233", &format!("{0}:{0}", "ab".repeat(32))] {
            assert!(is_digest(digest), "{digest}");
        }
        for file in [
            "3f9a61c",
            "./3f9a61c0",
            "3F9A61C0",
            "request.json",
            "-",
            "env:A",
            &"ab".repeat(33),
            "3f9a61c0:",
            ":3f9a61c0",
            "3f9a61c0:0011223",
        ] {
            assert!(!is_digest(file), "{file}");
        }
    }
}
