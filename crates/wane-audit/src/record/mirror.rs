//! Types of the token library, as JSON objects.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wane::{
    Bearer, BlockId, BlockState, Charge, Code, FirstState, Heard, LedgerId, LedgerState, Level, Mark, Name, Place,
    PublicKey, Tree, Volatility,
};

use crate::as_text;

/// A module that serialises a type as another one does.
macro_rules! like {
    ($module:ident, $real:ty, $mirror:ident) => {
        pub(crate) mod $module {
            use super::*;

            pub(crate) fn serialize<S: Serializer>(value: &$real, to: S) -> Result<S::Ok, S::Error> {
                $mirror::from(value).serialize(to)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$real, D::Error> {
                $mirror::deserialize(from).map(Into::into)
            }
        }
    };
    ($module:ident, list of $real:ty, $mirror:ident) => {
        pub(crate) mod $module {
            use super::*;

            pub(crate) fn serialize<S: Serializer>(value: &[$real], to: S) -> Result<S::Ok, S::Error> {
                to.collect_seq(value.iter().map($mirror::from))
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<$real>, D::Error> {
                Ok(Vec::<$mirror>::deserialize(from)?.into_iter().map(Into::into).collect())
            }
        }
    };
    ($module:ident, option of $real:ty, $mirror:ident) => {
        pub(crate) mod $module {
            use super::*;

            pub(crate) fn serialize<S: Serializer>(value: &Option<$real>, to: S) -> Result<S::Ok, S::Error> {
                value.as_ref().map($mirror::from).serialize(to)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<$real>, D::Error> {
                $mirror::deserialize(from).map(Into::into).map(Some)
            }
        }
    };
}

like!(mark, Mark, MarkText);
like!(bearer, Bearer, BearerText);
like!(heard, list of Heard, HeardText);
like!(charges, list of Charge, ChargeText);
like!(state, option of LedgerState, StateText);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkText {
    #[serde(with = "as_text")]
    level: Level,
    #[serde(with = "as_text::list", default, skip_serializing_if = "BTreeSet::is_empty")]
    labels: BTreeSet<Name>,
}

impl From<&Mark> for MarkText {
    fn from(mark: &Mark) -> Self {
        Self { level: mark.level(), labels: mark.labels().cloned().collect() }
    }
}

impl From<MarkText> for Mark {
    fn from(text: MarkText) -> Self {
        text.labels.into_iter().fold(Self::at(text.level), Self::with)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum BearerText {
    Agent(String),
    #[serde(with = "as_text")]
    Key(PublicKey),
    #[serde(with = "as_text")]
    Root(PublicKey),
}

impl From<&Bearer> for BearerText {
    fn from(bearer: &Bearer) -> Self {
        match bearer {
            Bearer::Agent(name) => Self::Agent(name.to_string()),
            Bearer::Key(key) => Self::Key(*key),
            Bearer::Root(key) => Self::Root(*key),
        }
    }
}

impl From<BearerText> for Bearer {
    fn from(text: BearerText) -> Self {
        match text {
            BearerText::Agent(name) => Self::Agent(name.into()),
            BearerText::Key(key) => Self::Key(key),
            BearerText::Root(key) => Self::Root(key),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeardText {
    #[serde(serialize_with = "write_tree", deserialize_with = "read_tree")]
    tree: Tree,
    block: usize,
    scope: usize,
    /// Left out for the scope's `only`.
    #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
    condition: Option<usize>,
    /// Left out where it held.
    #[serde(with = "as_text::code::option", default, skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
}

fn write_tree<S: Serializer>(tree: &Tree, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(tree.as_str())
}

fn read_tree<'de, D: Deserializer<'de>>(from: D) -> Result<Tree, D::Error> {
    let text = String::deserialize(from)?;
    let tree = [Tree::Scopes, Tree::Ceiling].into_iter().find(|tree| tree.as_str() == text);
    tree.ok_or_else(|| D::Error::custom("scopes or ceiling is expected"))
}

impl From<&Heard> for HeardText {
    fn from(heard: &Heard) -> Self {
        let Heard { place: Place { tree, block, scope, condition }, outcome: code } = *heard;
        Self { tree, block, scope, condition, code }
    }
}

impl From<HeardText> for Heard {
    fn from(text: HeardText) -> Self {
        let HeardText { tree, block, scope, condition, code: outcome } = text;
        Self { place: Place { tree, block, scope, condition }, outcome }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChargeText {
    #[serde(with = "as_text")]
    block: BlockId,
    #[serde(with = "as_text")]
    name: Name,
    cost: u64,
    cap: u64,
}

impl From<&Charge> for ChargeText {
    fn from(charge: &Charge) -> Self {
        Self { block: charge.block, name: charge.name.clone(), cost: charge.cost, cap: charge.cap }
    }
}

impl From<ChargeText> for Charge {
    fn from(text: ChargeText) -> Self {
        let ChargeText { block, name, cost, cap } = text;
        Self { block, name, cost, cap }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateText {
    #[serde(with = "as_text")]
    id: LedgerId,
    volatility: VolatilityText,
    since: u64,
    collected: u64,
    blocks: Vec<BlockText>,
    #[serde(default, deserialize_with = "as_text::stated", skip_serializing_if = "Option::is_none")]
    first: Option<FirstText>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revoked_before: Vec<RevokedText>,
    #[serde(with = "as_text::list", default, skip_serializing_if = "BTreeSet::is_empty")]
    used: BTreeSet<BlockId>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum VolatilityText {
    Durable,
    VolatileAllowed,
    VolatileRefused,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockText {
    #[serde(with = "mark")]
    mark: Mark,
    revoked: bool,
    #[serde(with = "as_text::map", default, skip_serializing_if = "BTreeMap::is_empty")]
    spent: BTreeMap<Name, u64>,
    registered: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstText {
    state: BlockText,
    #[serde(with = "as_text")]
    root: PublicKey,
    issued_at: u64,
    continues: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokedText {
    #[serde(with = "bearer")]
    bearer: Bearer,
    before: u64,
}

impl From<&BlockState> for BlockText {
    fn from(state: &BlockState) -> Self {
        let BlockState { mark, revoked, spent, registered } = state.clone();
        Self { mark, revoked, spent, registered }
    }
}

impl From<BlockText> for BlockState {
    fn from(text: BlockText) -> Self {
        let BlockText { mark, revoked, spent, registered } = text;
        Self { mark, revoked, spent, registered }
    }
}

impl From<&LedgerState> for StateText {
    fn from(state: &LedgerState) -> Self {
        Self {
            id: state.id,
            volatility: match state.volatility {
                Volatility::Durable => VolatilityText::Durable,
                Volatility::VolatileAllowed => VolatilityText::VolatileAllowed,
                Volatility::VolatileRefused => VolatilityText::VolatileRefused,
            },
            since: state.since,
            collected: state.collected,
            blocks: state.blocks.iter().map(Into::into).collect(),
            first: state.first.as_ref().map(|first| FirstText {
                state: (&first.state).into(),
                root: first.root,
                issued_at: first.issued_at,
                continues: first.continues,
            }),
            revoked_before: state
                .revoked_before
                .iter()
                .map(|(bearer, before)| RevokedText { bearer: bearer.clone(), before: *before })
                .collect(),
            used: state.used.clone(),
        }
    }
}

impl From<StateText> for LedgerState {
    fn from(text: StateText) -> Self {
        Self {
            id: text.id,
            volatility: match text.volatility {
                VolatilityText::Durable => Volatility::Durable,
                VolatilityText::VolatileAllowed => Volatility::VolatileAllowed,
                VolatilityText::VolatileRefused => Volatility::VolatileRefused,
            },
            since: text.since,
            collected: text.collected,
            blocks: text.blocks.into_iter().map(Into::into).collect(),
            first: text.first.map(|first| FirstState {
                state: first.state.into(),
                root: first.root,
                issued_at: first.issued_at,
                continues: first.continues,
            }),
            revoked_before: text.revoked_before.into_iter().map(|one| (one.bearer, one.before)).collect(),
            used: text.used,
        }
    }
}
