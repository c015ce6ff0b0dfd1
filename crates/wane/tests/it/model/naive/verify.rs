//! Is the chain genuine? As far as claims can tell, and with signatures that are right or not.

use super::condition::Point;
use super::fault::Fault;
use super::grant::{Grant, Ground};
use super::stated::{Block, Chain, Entry, Hint, Signature};
use super::{No, ROOT_KEY, ensure, no};

/// What is in force after each block.
pub(crate) fn verify(chain: &Chain, entry: &Entry, points: &[Point], fault: Option<Fault>) -> Result<Vec<Grant>, No> {
    let blocks = &chain.blocks;
    for index in 0..blocks.len() {
        if index > 0 {
            ensure(blocks[index - 1].cnf.is_some(), "parse-missing-claim", index - 1)?;
        }
        read(index, &blocks[index])?;
    }
    ensure(blocks.last().is_some_and(|last| last.cnf.is_none()), "chain-unsealed", None)?;
    ensure(!chain.secret, "chain-carries-secret", None)?;
    ensure(blocks[0].hint == Some(Hint::Trusted), "chain-unknown-root", 0)?;

    let ground = Ground { points, said: chain.said(), fault };
    let mut grants: Vec<Grant> = Vec::new();
    let mut key = ROOT_KEY;
    for (index, block) in blocks.iter().enumerate() {
        ensure(is_signed(index, block, key), "chain-signature", index)?;
        key = block.cnf.unwrap_or(key);
        let grant = match grants.last() {
            None => Grant::root(block, entry, ground)?,
            Some(before) => before.narrow(index, block, ground)?,
        };
        grants.push(grant);
    }
    let open = grants.last().is_some_and(|grant| grant.session.is_some());
    ensure(open || fault == Some(Fault::NoSessionIsNeeded), "chain-no-session", None)?;
    Ok(grants)
}

/// What is in force behind some blocks, whoever signed them; nobody asks for anything.
pub(crate) fn replay(blocks: &[Block], entry: &Entry) -> Result<Grant, No> {
    let ground = Ground { points: &[], said: &[], fault: None };
    let mut grant = Grant::root(&blocks[0], entry, ground)?;
    for (index, block) in blocks.iter().enumerate().skip(1) {
        read(index, block)?;
        grant = grant.narrow(index, block, ground)?;
    }
    Ok(grant)
}

/// What is missing or misplaced.
fn read(index: usize, block: &Block) -> Result<(), No> {
    let missing = if index == 0 {
        let stated = [
            !block.aud.is_empty(),
            block.exp.is_some(),
            block.iat.is_some(),
            block.hint.is_some(),
            block.scopes.is_some(),
            block.cnf.is_some(),
        ];
        stated.contains(&false)
    } else {
        block.session && block.cnf.is_some() && block.iat.is_none()
    };
    ensure(!missing, "parse-missing-claim", index)?;
    ensure(index == 0 || block.hint.is_none(), "parse-misplaced-claim", index)?;
    if block.cnf.is_some() {
        return ensure(block.digest.is_none() && block.said.is_empty(), "parse-misplaced-claim", index);
    }
    let whole = block.digest.is_none() || (block.cti && block.iat.is_some() && block.exp.is_some());
    if whole { Ok(()) } else { no("parse-missing-claim", index) }
}

/// Whether the key in force signed the block, as what it is, behind the block before it.
fn is_signed(index: usize, block: &Block, key: u8) -> bool {
    let kind = match (index, block.cnf) {
        (0, _) => 0,
        (_, Some(_)) => 1,
        (_, None) => 2,
    };
    match block.signature {
        Signature::Right => true,
        Signature::Key(other) => other == key,
        Signature::Kind(other) => other == kind,
        Signature::Unlinked => false,
    }
}
