//! A root block taken apart into the texts that `wane show` prints, and minted again from them: if reading, printing,
//! parsing and writing are each other's inverse, the block has the same id.

use wane::{Chain, Heir, Level, Name, Pattern, Refusal, RootGrant, Rule, mint};

use crate::cbor::Item;
use crate::claims::PRIVATE;
use crate::forge::{self, Known, NOW};

/// The payload of a root block that states nothing it need not.
pub(crate) fn smallest_root() -> Vec<u8> {
    let Item::Map(mut claims) = Item::map([
        (3, Item::Text("files".into())),
        (4, Item::Unsigned(NOW + 3_600)),
        (6, Item::Unsigned(NOW)),
        (8, forge::cnf(0)),
    ]) else {
        return Vec::new();
    };
    let hint = Item::bytes(forge::root().hint().as_bytes());
    claims.push((PRIVATE, Item::map([(0, hint), (1, Item::Bool(true)), (4, Item::Array(Vec::new()))])));
    Item::Map(claims).encode()
}

/// Mints what the first block of `chain` says that it says.
pub(crate) fn root_block(chain: &Chain) {
    let Some(block) = chain.blocks().first() else { return };
    let stated = block.claims().stated();
    let one = |name: &str| stated.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str());
    let heir = forge::key(1);
    if one("hint") != Some(&forge::root().hint().to_string()) || block.claims().key() != Some(&heir.public_key()) {
        return;
    }
    let token_id: Option<Vec<u8>> = one("cti").map(|hex| {
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
        (0..hex.len()).step_by(2).map(digits).collect()
    });
    let heir = match &token_id {
        Some(id) => Heir::bound(heir.public_key(), &mut Known(id)),
        None => Heir::carried(&mut Known(heir.expose_seed())),
    };
    let grant = grant(&stated).expect("what is printed parses");
    match mint(&grant, forge::key(0), heir) {
        Ok(minted) => assert_eq!(minted.chain().blocks()[0].id(), block.id(), "{stated:?}"),
        Err(refusal) => assert_eq!(Some(refusal), chain.grants().err(), "{stated:?}"),
    }
}

fn grant(stated: &[(&'static str, String)]) -> Result<RootGrant, Refusal> {
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let all =
        |wanted: &'static str| stated.iter().filter(move |(name, _)| *name == wanted).map(|(_, text)| text.as_str());
    let first = |name| all(name).next().expect("a root block states it");
    let mut grant = RootGrant::new(first("aud").parse()?, number(first("iat")), number(first("exp")));
    for audience in all("aud").skip(1) {
        grant = grant.audience(audience.parse()?);
    }
    if all("session").count() == 0 {
        grant = grant.issuer();
    }
    for (name, text) in stated {
        grant = match *name {
            "sub" => grant.subject(text),
            "nbf" => grant.not_before(number(text)),
            "continues" => grant.continues(text.parse()?),
            "ledger" => grant.ledger(text.parse()?),
            "scope" => grant.scope(text.parse()?),
            "deny" => grant.deny(text.parse()?),
            "ask" => grant.ask(text.parse()?),
            "ratchet" if text == "no rules" => grant.own_rules(Vec::new()),
            "ratchet" => grant.own_rules(vec![rule(text)?]),
            "level" => grant.raise(text.parse()?),
            "label" => grant.label(text.parse()?),
            "clearance" => grant.clearance(text.parse()?),
            "budget" => {
                let (name, cap) = text.split_once('=').expect("name=cap");
                grant.budget(name.parse()?, number(cap))
            }
            "depth" => grant.depth(text.parse().expect("a depth")),
            "note" => grant.note(text),
            "aud" | "cnf" | "cti" | "exp" | "hint" | "iat" | "scopes" | "session" => grant,
            unknown => panic!("`{unknown}` in a root block"),
        };
    }
    Ok(grant)
}

/// `level [with label[, label]] keeps pattern[, pattern]`, or `nothing`.
fn rule(text: &str) -> Result<Rule, Refusal> {
    let (mark, keep) = text.split_once(" keeps ").expect("what is kept");
    let (level, labels) = mark.split_once(" with ").unwrap_or((mark, ""));
    let labels: Vec<Name> =
        labels.split(", ").filter(|label| !label.is_empty()).map(str::parse).collect::<Result<_, _>>()?;
    let keep = Some(keep).filter(|keep| *keep != "nothing");
    let keep: Vec<Pattern> = keep.iter().flat_map(|keep| keep.split(", ")).map(str::parse).collect::<Result<_, _>>()?;
    Ok(Rule::new(level.parse::<Level>()?, labels, keep))
}
