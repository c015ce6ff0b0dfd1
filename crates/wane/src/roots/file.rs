//! `roots.toml`: the trusted roots as a file.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::str::FromStr;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::{Roots, TrustedRoot};
use crate::code::Code;
use crate::key::PublicKey;
use crate::level::{Level, Mark};
use crate::limits;
use crate::name::Name;
use crate::pattern::Pattern;
use crate::ratchet::Rule;
use crate::refusal::Refusal;
use crate::scope::Scope;

impl Roots {
    /// Reads the text of a `roots.toml`. Unknown and duplicate keys are errors.
    ///
    /// # Errors
    /// `parse-roots` with line and column, or as [`Roots::with_groups`].
    ///
    /// ```
    /// let key = wane::SecretKey::from_seed([1; 32]).public_key();
    /// let text = format!(r#"
    ///     [[root]]
    ///     key = "{key}"
    ///     name = "ops-2026"
    ///     aud = ["files"]
    ///     scopes = ["read:*", "write:hr:* if path under /data"]
    ///     max-ttl = "8h"
    ///     mint-until = 2027-01-01T00:00:00Z
    /// "#);
    /// let roots = wane::Roots::from_toml(&text)?;
    /// assert_eq!(roots.entries().next().and_then(|root| root.name()), Some("ops-2026"));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    pub fn from_toml(text: &str) -> Result<Self, Refusal> {
        let file: File = toml::from_str(text).map_err(|error| {
            let message = error.message().lines().next().unwrap_or_default().to_string();
            let found = match error.span().and_then(|span| text.get(..span.start)) {
                Some(before) => {
                    let line = before.matches('\n').count().saturating_add(1);
                    let column = before.chars().rev().take_while(|c| *c != '\n').count().saturating_add(1);
                    alloc::format!("line {line}, column {column}: {message}")
                }
                None => message,
            };
            Refusal::new(Code::ParseRoots, "roots", found, "")
        })?;
        let groups = file.groups.into_iter().map(|(name, keys)| (name.0, values(keys))).collect();
        Self::with_groups(file.root.into_iter().map(Entry::into_root), groups)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    root: Vec<Entry>,
    #[serde(default)]
    groups: BTreeMap<Text<Name>, Vec<Text<PublicKey>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    key: Text<PublicKey>,
    name: Option<String>,
    aud: Option<Vec<Text<Pattern>>>,
    scopes: Option<Vec<Text<Scope>>>,
    max_ttl: Option<Seconds>,
    depth: Option<Depth>,
    level: Option<Text<Level>>,
    #[serde(default)]
    labels: Vec<Text<Name>>,
    #[serde(default)]
    ratchet: Vec<RuleEntry>,
    mint_from: Option<Time>,
    mint_until: Option<Time>,
    #[serde(default)]
    issuer: bool,
    #[serde(default)]
    own_ratchet: bool,
    #[serde(default)]
    succeeds: Vec<Text<PublicKey>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    level: Text<Level>,
    #[serde(default)]
    labels: Vec<Text<Name>>,
    keep: Vec<Text<Pattern>>,
}

impl Entry {
    fn into_root(self) -> TrustedRoot {
        let mut root = TrustedRoot::new(self.key.0);
        root.name = self.name.map(String::into_boxed_str);
        root.audiences = self.aud.map(values);
        if let Some(scopes) = self.scopes {
            root = root.scopes(values(scopes));
        }
        root.longest = self.max_ttl.map(|seconds| seconds.0);
        root.depth = self.depth.map(|depth| depth.0);
        root.mark = values(self.labels)
            .into_iter()
            .fold(Mark::at(self.level.map(|level| level.0).unwrap_or_default()), Mark::with);
        root.rules = self
            .ratchet
            .into_iter()
            .map(|rule| Rule::new(rule.level.0, values(rule.labels), values(rule.keep)))
            .collect();
        root.mint_from = self.mint_from.map(|time| time.0);
        root.mint_until = self.mint_until.map(|time| time.0);
        if self.issuer {
            root = root.allow_issuer();
        }
        if self.own_ratchet {
            root = root.allow_own_ratchet();
        }
        root.succeeds = values(self.succeeds);
        root
    }
}

fn values<T>(list: Vec<Text<T>>) -> Vec<T> {
    list.into_iter().map(|text| text.0).collect()
}

/// A value written as text in the form that the rest of the library reads.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Text<T>(T);

impl<'de, T: FromStr<Err = Refusal>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map(Self).map_err(D::Error::custom)
    }
}

/// At most as many blocks as a chain may have.
struct Depth(u8);

impl<'de> Deserialize<'de> for Depth {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u8::deserialize(from)? {
            depth if depth <= limits::DEPTH => Ok(Self(depth)),
            depth => Err(D::Error::custom(alloc::format!("depth {depth}, at most {}", limits::DEPTH))),
        }
    }
}

/// A duration such as `8h`, `90m` or `30d`.
struct Seconds(u64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse::<jiff::Span>()
            .and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()))
            .ok()
            .filter(|duration| duration.subsec_nanos() == 0)
            .and_then(|duration| u64::try_from(duration.as_secs()).ok())
            .filter(|seconds| *seconds > 0)
            .map(Self)
            .ok_or_else(|| D::Error::custom(alloc::format!("`{text}` is not a duration such as `8h`")))
    }
}

/// A date and time with an offset, as TOML writes it.
struct Time(u64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = toml::value::Datetime::deserialize(from)?.to_string();
        text.parse::<jiff::Timestamp>()
            .ok()
            // Rounding a fraction or a leap second would move a bound.
            .filter(|time| time.subsec_nanosecond() == 0 && !text.contains(":60"))
            .and_then(|time| u64::try_from(time.as_second()).ok())
            .map(Self)
            .ok_or_else(|| D::Error::custom(alloc::format!("`{text}` is not a whole second with an offset after 1970")))
    }
}
