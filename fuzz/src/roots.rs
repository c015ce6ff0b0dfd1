//! Roots files: what is read is what the same values come to when they are stated one by one, and a token is judged by the
//! entry as a naive reading of the file says.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::OnceLock;

use toml::{Table, Value};
use wane::{
    Code, Heir, Level, Mark, Name, Pattern, PublicKey, Refusal, RootGrant, Roots, Rule, Scope, Seal, SealedToken,
    TrustedRoot, mint, verify,
};

use crate::check;
use crate::forge::{self, Known, NOW};

/// The text of a file.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let table = text.parse::<Table>();
    let roots = match Roots::from_toml(text) {
        Ok(roots) => roots,
        Err(refusal) => {
            check::refusal(&refusal);
            return assert_eq!(refusal.code(), Code::ParseRoots);
        }
    };
    let table = table.expect("the second reader takes what the first took");
    let entries: Vec<&Table> = list(table.get("root")).map(|entry| entry.as_table().expect("an entry")).collect();
    assert_eq!(roots.entries().count(), entries.len());
    if let Some(stated) = stated_one_by_one(&table, &entries) {
        assert_eq!(roots.digest(), stated.digest(), "{text}");
    }
    let written = toml::to_string(&table).expect("tables are written");
    let again = Roots::from_toml(&written).expect("it was read before");
    assert_eq!(roots.digest(), again.digest(), "{written}");
    if let Some(entry) = entries.iter().find(|entry| parsed::<PublicKey>(entry.get("key")) == Some(forge::root())) {
        for token in tokens() {
            judged_by_its_entry(token, entry, &roots);
        }
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn parsed<T: FromStr<Err = Refusal>>(value: Option<&Value>) -> Option<T> {
    value.map(|value| value.as_str().and_then(|text| text.parse().ok()).expect("it was read before"))
}

fn all<T: FromStr<Err = Refusal>>(value: Option<&Value>) -> Vec<T> {
    list(value).filter_map(|one| parsed(Some(one))).collect()
}

/// The same roots by way of the builder; none where a duration or a time is spelt in a way that is not read here.
fn stated_one_by_one(table: &Table, entries: &[&Table]) -> Option<Roots> {
    let roots: Vec<TrustedRoot> = entries.iter().map(|entry| root(entry)).collect::<Option<_>>()?;
    let groups: BTreeMap<Name, Vec<PublicKey>> = table
        .get("groups")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
        .map(|(name, keys)| (name.parse().expect("it was read before"), all(Some(keys))))
        .collect();
    Some(Roots::with_groups(roots, groups).expect("it was read before"))
}

fn root(entry: &Table) -> Option<TrustedRoot> {
    let get = |name: &str| entry.get(name);
    let mut root = TrustedRoot::new(parsed(get("key"))?);
    if let Some(name) = get("name").and_then(Value::as_str) {
        root = root.named(name);
    }
    if get("aud").is_some() {
        root = root.audiences(all::<Pattern>(get("aud")));
    }
    if get("scopes").is_some() {
        root = root.scopes(all::<Scope>(get("scopes")));
    }
    if let Some(text) = get("max-ttl").and_then(Value::as_str) {
        root = root.longest(seconds(text)?);
    }
    if let Some(depth) = get("depth").and_then(Value::as_integer) {
        root = root.depth(depth.try_into().expect("it was read before"));
    }
    let labels = all::<Name>(get("labels"));
    root = root.mark(labels.into_iter().fold(Mark::at(parsed(get("level")).unwrap_or_default()), Mark::with));
    for rule in list(get("ratchet")) {
        let level = parsed::<Level>(rule.get("level"))?;
        root = root.rule(Rule::new(level, all::<Name>(rule.get("labels")), all::<Pattern>(rule.get("keep"))));
    }
    for (name, set) in [
        ("mint-from", TrustedRoot::minting_from as fn(TrustedRoot, u64) -> TrustedRoot),
        ("mint-until", TrustedRoot::minting_until),
    ] {
        if let Some(time) = get(name) {
            root = set(root, second(time)?);
        }
    }
    if get("issuer").and_then(Value::as_bool) == Some(true) {
        root = root.allow_issuer();
    }
    if get("own-ratchet").and_then(Value::as_bool) == Some(true) {
        root = root.allow_own_ratchet();
    }
    Some(all(get("succeeds")).into_iter().fold(root, TrustedRoot::succeeds))
}

/// `8h` and the like, one number and one unit.
fn seconds(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.strip_prefix(number)? {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let plain = (1..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    Some(number.parse::<u64>().ok().filter(|_| plain)? * unit)
}

/// Days counted one by one from 1970, as nobody would for speed.
fn second(time: &Value) -> Option<u64> {
    let Value::Datetime(stated) = time else { return None };
    let (date, time, offset) = (stated.date?, stated.time?, stated.offset?);
    let offset = match offset {
        toml::value::Offset::Z => 0,
        toml::value::Offset::Custom { minutes } => i64::from(minutes) * 60,
    };
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = |year: i64| if leap(year) { 29 } else { 28 };
    let months = |year: i64| [31, february(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let year = i64::from(date.year);
    let years: i64 = (1970..year).map(|year| months(year).iter().sum::<i64>()).sum();
    let before: i64 = months(year).iter().take(usize::from(date.month).checked_sub(1)?).sum();
    let days = years + before + i64::from(date.day) - 1;
    let clock = i64::from(time.hour) * 3_600 + i64::from(time.minute) * 60 + i64::from(time.second.unwrap_or(0));
    u64::try_from(days * 86_400 + clock - offset).ok().filter(|_| year >= 1970)
}

/// What a root block states.
struct Minted {
    sealed: SealedToken,
    audience: Pattern,
    scope: Pattern,
    issued_at: u64,
    lifetime: u64,
    depth: u8,
    opens: bool,
}

fn tokens() -> &'static [Minted] {
    static TOKENS: OnceLock<Vec<Minted>> = OnceLock::new();
    let make = |(audience, scope, issued_at, lifetime, depth, opens): (&str, &str, u64, u64, u8, bool)| {
        let audience: Pattern = audience.parse().expect("a pattern");
        let scope: Scope = scope.parse().expect("a scope");
        let grant = RootGrant::new(audience.clone(), issued_at, issued_at + lifetime).scope(scope.clone()).depth(depth);
        let grant = if opens { grant } else { grant.issuer() };
        let heir = |index: usize| Heir::carried(&mut Known(forge::key(index).expose_seed()));
        let mut token = mint(&grant, forge::key(0), heir(1)).expect("a token");
        if !opens {
            let opening = wane::Narrowing::new().open_session(issued_at);
            token = token.attenuate(&opening, heir(2)).expect("a narrower token");
        }
        let sealed = token.seal(&Seal::new().audience("files:hr".parse().expect("an audience"))).expect("a seal");
        Minted { sealed, audience, scope: scope.pattern().clone(), issued_at, lifetime, depth, opens }
    };
    TOKENS.get_or_init(|| {
        [
            ("files:*", "read:*", NOW, 3_600, 4, true),
            ("files:hr", "read:hr:* if path under /data", NOW + 1, 28_800, 14, true),
            ("*", "*", NOW - 86_400, 86_401, 1, false),
        ]
        .map(make)
        .into()
    })
}

/// The ceilings that can be told apart from the root block alone.
fn judged_by_its_entry(token: &Minted, entry: &Table, roots: &Roots) {
    let within = |name: &str, patterns: Vec<Pattern>, stated: &Pattern| {
        entry.get(name).is_none() || patterns.iter().any(|pattern| pattern.contains(stated))
    };
    let scopes = all::<Scope>(entry.get("scopes")).iter().map(|scope| scope.pattern().clone()).collect();
    let bound = |name: &str, read: &dyn Fn(&Value) -> Option<u64>| match entry.get(name) {
        None => Some(None),
        Some(value) => read(value).map(Some),
    };
    let (Some(from), Some(until), Some(longest)) = (
        bound("mint-from", &second),
        bound("mint-until", &second),
        bound("max-ttl", &|value| value.as_str().and_then(seconds)),
    ) else {
        return;
    };
    let depth = entry.get("depth").and_then(Value::as_integer);
    let fits = from.is_none_or(|from| token.issued_at >= from)
        && until.is_none_or(|until| token.issued_at < until)
        && longest.is_none_or(|longest| token.lifetime <= longest)
        && depth.is_none_or(|depth| i64::from(token.depth) <= depth)
        && within("aud", all(entry.get("aud")), &token.audience)
        && within("scopes", scopes, &token.scope)
        && (token.opens || entry.get("issuer").and_then(Value::as_bool) == Some(true));
    match verify(&token.sealed, roots) {
        Ok(verified) => {
            assert!(fits, "the entry does not allow it: {entry:?}");
            assert_eq!(verified.root().key(), &forge::root());
            assert_eq!(verified.roots_digest(), roots.digest());
        }
        Err(refusal) => {
            check::refusal(&refusal);
            let codes = [Code::ChainRoot, Code::ChainMintWindow, Code::ChainIssuer];
            assert!(!fits && codes.contains(&refusal.code()), "the entry allows it: {entry:?}: {refusal:?}");
        }
    }
}
