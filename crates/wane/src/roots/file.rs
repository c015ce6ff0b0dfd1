//! `roots.toml`: the trusted roots as a file.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::str::FromStr;

use jiff::civil;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use toml::value::{Datetime, Offset};

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

/// A duration such as `8h`, `30d` or `1h 30m`.
struct Seconds(u64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        seconds(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom(alloc::format!("`{text}` is not a duration such as `8h` or `1h 30m`")))
    }
}

/// The one spelling that every reader knows: numbers with a unit, from the longest unit to the shortest. More than nothing.
// spec: T114
fn seconds(text: &str) -> Option<u64> {
    let mut units = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)].into_iter();
    let mut sum = 0_u64;
    for part in text.split(' ') {
        let unit = part.chars().next_back()?;
        let number = part.strip_suffix(unit).filter(|number| (1..=9).contains(&number.len()))?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
        // Looking on from the last unit keeps their order, and takes none twice.
        let (_, seconds) = units.find(|(known, _)| *known == unit)?;
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(seconds)?)?;
    }
    Some(sum).filter(|sum| *sum > 0)
}

/// A date and time with an offset, as TOML writes it.
struct Time(u64);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let stated = Datetime::deserialize(from)?;
        since_1970(stated).map(Self).ok_or_else(|| {
            D::Error::custom(alloc::format!("`{stated}` is not a whole second with an offset from 1970 to 9999"))
        })
    }
}

/// Seconds, to the last of the year 9999. A fraction or a leap second is refused: rounding it would move a bound.
fn since_1970(stated: Datetime) -> Option<u64> {
    let (date, time, offset) = (stated.date?, stated.time?, stated.offset?);
    time.nanosecond.is_none_or(|fraction| fraction == 0).then_some(())?;
    let [month, day, hour, minute, second] =
        [date.month, date.day, time.hour, time.minute, time.second?].map(|part| i8::try_from(part).ok());
    let local = civil::DateTime::new(i16::try_from(date.year).ok()?, month?, day?, hour?, minute?, second?, 0).ok()?;
    let minutes = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let seconds = local.duration_since(civil::date(1970, 1, 1).at(0, 0, 0, 0)).as_secs();
    let seconds = seconds.checked_sub(minutes.checked_mul(60)?)?;
    u64::try_from(seconds).ok().filter(|seconds| *seconds <= limits::TIME_MAX)
}
