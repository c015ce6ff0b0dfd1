//! Naming a block: by its id, by the start of it where a ledger knows it, or by a token.

use wane::{BlockId, Chain, Kind, UntrustedToken};
use wane_ledger::{Filter, Ledger};

use crate::arguments::Context;
use crate::failure::{Failure, Trouble};
use crate::input::{self, TOKEN_TEXT};
use crate::output::escape;
use crate::typed;

/// The fewest digits that name a block.
const DIGITS: usize = 8;

/// Which block of a token is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The last one before the seal: the token itself, and whatever was made from it.
    Last,
    /// The first session of the line that the token belongs to.
    Session,
}

/// The block that was named.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    pub(crate) id: BlockId,
    /// Whether it was an id. What a token names, whoever wrote the token has said.
    pub(crate) by_id: bool,
    /// Whether the ledger knows the block that names it: registered here, or part of a token that was verified here. An id covers
    /// everything that its block states, so such a block was not altered.
    pub(crate) known: bool,
}

/// The block that `text` names.
pub(crate) fn named(context: &Context, ledger: &mut Ledger, text: &str, part: Part) -> Result<Named, Failure> {
    if let Some(start) = start_of_id(text) {
        let id = by_start(ledger, start)?;
        return Ok(Named { id, by_id: true, known: knows(ledger, id)? });
    }
    let source = typed::source("ID", text)?;
    let content = context.inputs.read_text(&source, input::TOKEN, TOKEN_TEXT)?;
    let token = UntrustedToken::parse(input::unmarked(&content)).map_err(|refusal| {
        Failure::from(refusal).within(source.name()).hint("a token, or the id of a block with at least 8 digits")
    })?;
    of_chain(ledger, token.chain(), part)
}

/// Whether somebody made the block known, or a token with it was verified. A mark or a revocation alone shows nothing.
fn knows(ledger: &mut Ledger, id: BlockId) -> Result<bool, Failure> {
    let entry = ledger.session(id)?;
    Ok(entry.is_some_and(|entry| entry.about.is_some() || entry.opened.is_some()) || ledger.envelope(id)?.is_some())
}

/// Whether it is the start of an id. A file of such a name is `./NAME`.
fn start_of_id(text: &str) -> Option<&str> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    ((DIGITS..=64).contains(&text.len()) && digits).then_some(text)
}

fn by_start(ledger: &mut Ledger, start: &str) -> Result<BlockId, Failure> {
    if start.len() == 64 {
        return typed::value("ID", start);
    }
    let known = ledger.sessions(&Filter::new(), None, usize::MAX)?;
    let mut ids = known.into_iter().map(|known| known.id).filter(|id| id.to_string().starts_with(start));
    match (ids.next(), ids.count()) {
        (Some(id), 0) => Ok(id),
        (None, _) => Err(Failure::new(Trouble::NotFound, format!("the ledger knows no block {}", escape(start)))
            .hint("`wane sessions` lists those it knows; a whole id of 64 digits is taken as it is")),
        (Some(_), more) => {
            Err(Failure::new(Trouble::NotFound, format!("{} blocks start with {start}", more.saturating_add(1)))
                .hint("more digits tell them apart"))
        }
    }
}

fn of_chain(ledger: &mut Ledger, chain: &Chain, part: Part) -> Result<Named, Failure> {
    if part == Part::Session
        && let Some(grant) = chain.grants()?.last()
        && let Some(session) = grant.session().and_then(|index| chain.blocks().get(index)).map(wane::Block::id)
    {
        let id = grant.continues().unwrap_or(session);
        return Ok(Named { id, by_id: false, known: knows(ledger, session)? });
    }
    let last = chain.blocks().iter().rfind(|block| block.kind() != Kind::Seal).map(wane::Block::id);
    let id = last.ok_or_else(|| Failure::new(Trouble::Input, "the token has no block"))?;
    Ok(Named { id, by_id: false, known: knows(ledger, id)? })
}
