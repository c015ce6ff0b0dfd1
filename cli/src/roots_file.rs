//! Editing a `roots.toml` as text, so that remarks and order stay as somebody wrote them. Whether the result is
//! a roots file is for the library to say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::value::Datetime;

use crate::failure::Failure;
use crate::limits::RuleFile;
use crate::output::escape;
use crate::settings::parse_toml;
use crate::time;

/// What is read of an entry to find it and to list it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    key: Spanned<String>,
    name: Option<String>,
    aud: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    max_ttl: Option<String>,
    depth: Option<u8>,
    level: Option<String>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    ratchet: Vec<RuleFile>,
    mint_from: Option<Spanned<Datetime>>,
    mint_until: Option<Spanned<Datetime>>,
    #[serde(default)]
    issuer: bool,
    #[serde(default)]
    own_ratchet: bool,
    #[serde(default)]
    succeeds: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    root: Vec<Entry>,
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
}

/// All of a file, for people and for JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    /// The entries, in their order.
    pub(crate) roots: Vec<Listed>,
    groups: BTreeMap<String, Vec<String>>,
}

/// One entry. A list that is missing allows anything, an empty one nothing.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    key: String,
    fingerprint: String,
    name: Option<String>,
    aud: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    max_ttl: Option<String>,
    depth: Option<u8>,
    level: Option<String>,
    labels: Vec<String>,
    ratchet: Vec<String>,
    mint_from: Option<String>,
    mint_until: Option<String>,
    issuer: bool,
    own_ratchet: bool,
    succeeds: Vec<String>,
}

impl Listing {
    /// A line for each entry and each group.
    pub(crate) fn text(&self) -> String {
        let groups = self.groups.iter().map(|(name, keys)| format!("group {name}  {}", fingerprints(keys)));
        let lines = self.roots.iter().map(Listed::line).chain(groups);
        lines.map(|line| format!("{}\n", escape(&line))).collect()
    }
}

impl Listed {
    fn line(&self) -> String {
        let name = self.name.as_deref().unwrap_or("-");
        let list = |list: &Option<Vec<String>>| match list.as_deref() {
            None => "any".to_owned(),
            Some([]) => "nothing".to_owned(),
            Some(list) => list.join(", "),
        };
        let mut line = format!("{} {name}  aud {}  scopes {}", self.fingerprint, list(&self.aud), list(&self.scopes));
        let mut say = |word: &str, value: Option<&str>| {
            if let Some(value) = value {
                line.push_str(&format!("  {word} {value}"));
            }
        };
        let some = |list: &[String]| Some(list.join(", ")).filter(|_| !list.is_empty());
        say("max-ttl", self.max_ttl.as_deref());
        say("depth", self.depth.map(|depth| depth.to_string()).as_deref());
        say("level", self.level.as_deref());
        say("labels", some(&self.labels).as_deref());
        self.ratchet.iter().for_each(|rule| say("ratchet", Some(rule)));
        say("mint-from", self.mint_from.as_deref());
        say("mint-until", self.mint_until.as_deref());
        say("issuer", Some("yes").filter(|_| self.issuer));
        say("own-ratchet", Some("yes").filter(|_| self.own_ratchet));
        say("succeeds", Some(fingerprints(&self.succeeds)).filter(|list| !list.is_empty()).as_deref());
        line
    }
}

/// Keys as people compare them.
fn fingerprints(keys: &[String]) -> String {
    let short = |key: &String| key.parse().map_or_else(|_| key.clone(), |key: wane::PublicKey| key.hint().to_string());
    keys.iter().map(short).collect::<Vec<_>>().join(", ")
}

/// What stands in a file that the library has accepted.
pub(crate) fn entries(text: &str) -> Result<Listing, Failure> {
    let file: File = parse_toml(text)?;
    let listed = file.root.into_iter().map(|entry| {
        let key: wane::PublicKey = entry.key.get_ref().parse()?;
        let time = |time: Option<Spanned<Datetime>>| time.map(|time| time.get_ref().to_string());
        let rules = entry.ratchet.iter().map(|rule| rule.read().map(|rule| rule.to_string()));
        Ok(Listed {
            key: key.to_string(),
            fingerprint: key.hint().to_string(),
            name: entry.name,
            aud: entry.aud,
            scopes: entry.scopes,
            max_ttl: entry.max_ttl,
            depth: entry.depth,
            level: entry.level,
            labels: entry.labels,
            ratchet: rules.collect::<Result<_, Failure>>()?,
            mint_from: time(entry.mint_from),
            mint_until: time(entry.mint_until),
            issuer: entry.issuer,
            own_ratchet: entry.own_ratchet,
            succeeds: entry.succeeds,
        })
    });
    Ok(Listing { roots: listed.collect::<Result<_, Failure>>()?, groups: file.groups })
}

/// What came of retiring.
pub(crate) enum Retired {
    /// The new text of the file.
    Now(String),
    /// The entry already ends by then.
    Already(String),
}

/// Sets `mint-until` of the entry with this key, name or fingerprint. It is never moved to a later time.
pub(crate) fn retire(text: &str, which: &str, until: u64) -> Result<Retired, Failure> {
    let file: File = parse_toml(text)?;
    let fits = |entry: &&Entry| {
        let key = entry.key.get_ref();
        let fingerprint = key.parse::<wane::PublicKey>().map(|key| key.hint().to_string());
        entry.name.as_deref() == Some(which) || key == which || fingerprint.is_ok_and(|hint| hint == which)
    };
    let mut found = file.root.iter().filter(fits);
    let missing = || Failure::usage(format!("no entry has the key, name or fingerprint `{}`", escape(which)));
    let entry = found.next().ok_or_else(missing)?;
    if found.next().is_some() {
        return Err(Failure::usage(format!("several entries are called `{}`", escape(which)))
            .hint("name one by its key or fingerprint"));
    }
    let stamp = time::show(until);
    let (span, new) = match &entry.mint_until {
        Some(old) => {
            let stated = old.get_ref().to_string();
            // A time that is not understood might be an earlier one.
            let ends = time::instant(&stated)
                .map_err(|error| Failure::usage(format!("`mint-until = {stated}` of the entry: {error}")))?;
            if ends <= until {
                return Ok(Retired::Already(stated));
            }
            (old.span(), stamp)
        }
        None => {
            let end = entry.key.span().end;
            let rest = text.get(end..).unwrap_or_default();
            let line = end.saturating_add(rest.find('\n').unwrap_or(rest.len()));
            (line..line, format!("\nmint-until = {stamp}"))
        }
    };
    let (before, after) = (text.get(..span.start).unwrap_or_default(), text.get(span.end..).unwrap_or_default());
    let edited = format!("{before}{new}{after}");
    if ends(&edited, entry.key.get_ref())? == Some(until) {
        Ok(Retired::Now(edited))
    } else {
        Err(Failure::usage("the entry is written in a way that cannot be edited"))
    }
}

/// When the entry with this key ends, as the text says.
fn ends(text: &str, key: &str) -> Result<Option<u64>, Failure> {
    let file: File = parse_toml(text)?;
    let entry = file.root.iter().find(|entry| entry.key.get_ref() == key);
    let until = entry.and_then(|entry| entry.mint_until.as_ref());
    Ok(until.and_then(|until| time::instant(&until.get_ref().to_string()).ok()))
}

/// What `roots add` states of a new entry; each member is left out where it says nothing.
pub(crate) struct NewEntry<'a> {
    pub(crate) key: String,
    pub(crate) name: Option<&'a str>,
    pub(crate) aud: &'a [String],
    pub(crate) scopes: &'a [String],
    pub(crate) max_ttl: Option<u64>,
    pub(crate) depth: Option<u8>,
    pub(crate) level: Option<&'a str>,
    pub(crate) labels: &'a [String],
    pub(crate) mint_from: Option<u64>,
    pub(crate) mint_until: Option<u64>,
    pub(crate) issuer: bool,
    pub(crate) own_ratchet: bool,
    pub(crate) succeeds: &'a [String],
}

/// The text with one more entry at its end.
pub(crate) fn add(text: &str, entry: &NewEntry<'_>) -> String {
    let quote = |text: &str| serde_json::Value::from(text).to_string();
    let list = |list: &[String]| {
        let quoted: Vec<String> = list.iter().map(|text| quote(text)).collect();
        Some(format!("[{}]", quoted.join(", "))).filter(|_| !list.is_empty())
    };
    let truth = |truth: bool| Some("true".to_owned()).filter(|_| truth);
    let members = [
        ("key", Some(quote(&entry.key))),
        ("name", entry.name.map(quote)),
        ("aud", list(entry.aud)),
        ("scopes", list(entry.scopes)),
        ("max-ttl", entry.max_ttl.map(|seconds| quote(&time::spell(seconds)))),
        ("depth", entry.depth.map(|depth| depth.to_string())),
        ("level", entry.level.map(quote)),
        ("labels", list(entry.labels)),
        ("mint-from", entry.mint_from.map(time::show)),
        ("mint-until", entry.mint_until.map(time::show)),
        ("issuer", truth(entry.issuer)),
        ("own-ratchet", truth(entry.own_ratchet)),
        ("succeeds", list(entry.succeeds)),
    ];
    let mut text = text.to_owned();
    if !text.is_empty() {
        text.push_str(if text.ends_with('\n') { "\n" } else { "\n\n" });
    }
    text.push_str("[[root]]\n");
    for (name, value) in members {
        if let Some(value) = value {
            text.push_str(&format!("{name} = {value}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> String {
        wane::SecretKey::from_seed([seed; 32]).public_key().to_string()
    }

    fn retired(text: &str, which: &str, until: u64) -> String {
        match retire(text, which, until).unwrap() {
            Retired::Now(text) => text,
            Retired::Already(since) => panic!("since {since}"),
        }
    }

    #[test]
    fn retiring_keeps_every_remark() {
        let text = format!("# ours\n[[root]]\nkey = \"{}\" # old\nname = 'a'\n\n[[root]]\nkey = '{}'", key(1), key(2));
        let once = retired(&text, "a", 60);
        assert!(once.contains(" # old\nmint-until = 1970-01-01T00:01:00Z\nname = 'a'"), "{once}");
        let twice = retired(&once, &key(2), 120);
        assert!(twice.ends_with("'\nmint-until = 1970-01-01T00:02:00Z"), "{twice}");
    }

    #[test]
    fn retiring_never_moves_to_a_later_time() {
        let text = format!("[[root]]\nkey = '{}'\nname = 'a'\nmint-until = 1970-01-01T00:02:00Z\n", key(1));
        assert!(matches!(retire(&text, "a", 180).unwrap(), Retired::Already(_)));
        assert!(retired(&text, "a", 60).contains("mint-until = 1970-01-01T00:01:00Z\n"));
        assert!(retire(&text, "b", 60).is_err());
        let fraction = text.replace("00Z", "00.5Z");
        assert!(retire(&fraction, "a", 180).is_err() && retire(&fraction, "a", 60).is_err());
    }
}
