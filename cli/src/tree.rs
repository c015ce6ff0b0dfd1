//! A chain as a tree: who signed what, what each block removed, and where it failed.

use std::fmt::Write as _;

use serde::Serialize;
use wane::{Block, Chain, Grant, Kind, Refusal};

use crate::change::{self, Change, GrantJson};
use crate::failure::sentence;
use crate::output::escape;
use crate::time;

/// One block as it stands in JSON.
#[derive(Serialize)]
pub(crate) struct BlockJson {
    index: usize,
    kind: &'static str,
    id: String,
    size: usize,
    /// The key that must sign the next block.
    next_key: Option<String>,
    states: Vec<StatedJson>,
    /// What it took away; the root block gives instead.
    change: Option<Change>,
    grant: Option<GrantJson>,
}

#[derive(Serialize)]
struct StatedJson {
    claim: &'static str,
    value: String,
}

/// The blocks of a chain with the grants after each, as far as there are any.
pub(crate) fn to_json(chain: &Chain, grants: &[Grant]) -> Vec<BlockJson> {
    let mut before: Option<&Grant> = None;
    let unstated = change::unstated(grants);
    let blocks = chain.blocks().iter().enumerate();
    blocks
        .map(|(index, block)| {
            let after = grants.get(index);
            let change = before.zip(after).map(|(before, after)| Change::between(before, after, &unstated));
            before = after;
            BlockJson {
                index,
                kind: kind(block),
                id: block.id().to_string(),
                size: block.size(),
                next_key: block.claims().key().map(ToString::to_string),
                states: block.claims().stated().into_iter().map(|(claim, value)| StatedJson { claim, value }).collect(),
                change,
                grant: after.map(GrantJson::of),
            }
        })
        .collect()
}

/// The tree. `refusal` marks the block that it names.
pub(crate) fn draw(chain: &Chain, grants: &[Grant], refusal: Option<&Refusal>) -> String {
    let mut text = String::new();
    let mut indent = String::new();
    let unstated = change::unstated(grants);
    let blocks = chain.blocks();
    let mut signer = blocks.first().and_then(hint).unwrap_or_else(|| "unknown".into());
    for (index, block) in blocks.iter().enumerate() {
        let branch = if index == 0 { "" } else { "└─ " };
        let _ = writeln!(text, "{indent}{branch}{}", title(index, block, &signer));
        if index > 0 {
            indent.push_str("   ");
        }
        let rail = if index + 1 < blocks.len() { "│  " } else { "   " };
        let lines = match (index.checked_sub(1).and_then(|before| grants.get(before)), grants.get(index)) {
            (Some(before), Some(after)) => changes(block, &Change::between(before, after, &unstated)),
            _ => stated(block),
        };
        let failed = refusal.filter(|refusal| refusal.block() == Some(index));
        let marks = failed.map(|refusal| format!("! {}: {}", refusal.code(), sentence(refusal)));
        for line in lines.into_iter().chain(marks) {
            let _ = writeln!(text, "{indent}{rail}{line}");
        }
        signer = block.claims().key().map_or_else(String::new, |key| key.hint().to_string());
    }
    text
}

fn title(index: usize, block: &Block, signer: &str) -> String {
    let id: String = block.id().to_string().chars().take(16).collect();
    let who = block.claims().subject().map(|sub| format!(" for \"{}\"", escape(sub))).unwrap_or_default();
    format!("{index} {} {id} signed by {signer}{who}", kind(block))
}

/// What the block changes, and what it says beside that.
fn changes(block: &Block, change: &Change) -> Vec<String> {
    let mut lines = change.lines();
    let aside = ["session", "continues", "note", "digest", "said"];
    lines.extend(
        stated(block).into_iter().filter(|line| aside.iter().any(|word| line.starts_with(&format!("{word} ")))),
    );
    if lines.is_empty() {
        lines.push("takes nothing away".into());
    }
    lines
}

/// What the block states, without what the title says.
fn stated(block: &Block) -> Vec<String> {
    let shown = |claim: &str| !["sub", "cnf", "cti", "hint"].contains(&claim);
    let claims = block.claims().stated().into_iter().filter(|(claim, _)| shown(claim));
    claims
        .map(|(claim, value)| match (claim, value.parse()) {
            ("exp" | "nbf" | "iat", Ok(seconds)) => format!("{claim} {}", time::show(seconds)),
            _ => format!("{claim} {}", escape(&value)),
        })
        .collect()
}

fn hint(block: &Block) -> Option<String> {
    block.claims().stated().into_iter().find(|(claim, _)| *claim == "hint").map(|(_, value)| value)
}

fn kind(block: &Block) -> &'static str {
    match block.kind() {
        Kind::Root => "root",
        Kind::Delegate => "delegate",
        Kind::Seal => "seal",
        Kind::Approval => "approval",
    }
}
