//! The parts of claims: scopes, conditions, rules, and their canonical encoding. Each is read and written here, so
//! that the two stay mirror images.

use alloc::string::ToString;
use core::fmt::Display;
use core::str::FromStr;

use super::read::{ascending_names, distinct};
use crate::ask::{Approver, AskRule};
use crate::cbor::{Item, Reader, Writer, wrong_type};
use crate::code::Code;
use crate::condition::{Condition, Length, Operands, Target, Test};
use crate::json;
use crate::key::PublicKey;
use crate::level::Level;
use crate::limits;
use crate::name::Name;
use crate::pattern::{Action, Pattern};
use crate::ratchet::Rule;
use crate::refusal::Refusal;
use crate::value::{INTEGER_RANGE, Integer, Value};

pub(super) mod scope_item;

/// A text of at most `most` bytes.
pub(super) fn text<'a>(reader: &mut Reader<'a>, field: &'static str, most: usize) -> Result<&'a str, Refusal> {
    let text = reader.text(field)?;
    if text.len() <= most {
        return Ok(text);
    }
    Err(Refusal::new(Code::ParseLimit, field, format_args!("{} bytes in {field}", text.len()), most))
}

/// A text that is the one spelling of some type.
fn parsed<T: FromStr<Err = Refusal> + Display>(reader: &mut Reader<'_>, field: &'static str) -> Result<T, Refusal> {
    let text = text(reader, field, limits::TEXT_BYTES)?;
    let value: T = text.parse()?;
    let spelling = value.to_string();
    // spec: T81
    if spelling == text {
        return Ok(value);
    }
    let (found, bound) = (format_args!("`{text}`"), format_args!("it is spelt `{spelling}`"));
    Err(Refusal::new(Code::ParseNotCanonical, field, found, bound))
}

pub(super) fn name(reader: &mut Reader<'_>, field: &'static str) -> Result<Name, Refusal> {
    reader.text(field)?.parse()
}

pub(super) fn pattern(reader: &mut Reader<'_>) -> Result<Pattern, Refusal> {
    reader.text("pattern")?.parse()
}

pub(super) fn action(reader: &mut Reader<'_>) -> Result<Action, Refusal> {
    reader.text("actions")?.parse()
}

pub(super) fn write_pattern(out: &mut Writer, pattern: &Pattern) {
    out.text(pattern.as_str());
}

pub(super) fn value(reader: &mut Reader<'_>, field: &'static str) -> Result<Value, Refusal> {
    match reader.next()? {
        Item::Null => Ok(Value::Null),
        Item::Bool(value) => Ok(Value::Bool(value)),
        Item::Text(text) => Value::text(text),
        Item::Unsigned(value) => integer(i64::try_from(value).ok(), field).map(Value::Integer),
        Item::Negative(value) => integer(i64::try_from(value).ok().map(|n| !n), field).map(Value::Integer),
        other => Err(wrong_type(field, &other, "a scalar")),
    }
}

fn integer(value: Option<i64>, field: &'static str) -> Result<Integer, Refusal> {
    value
        .and_then(Integer::new)
        .ok_or_else(|| Refusal::new(Code::ParseLimit, field, "an integer beyond them", INTEGER_RANGE))
}

pub(super) fn write_value(out: &mut Writer, value: &Value) {
    out.value(value);
}

/// `[pattern, [key or "@group"], need]`.
pub(super) fn ask(reader: &mut Reader<'_>) -> Result<AskRule, Refusal> {
    parts(reader, "ask", 3..=3)?;
    let pattern = pattern(reader)?;
    let approvers = distinct(reader, "ask", 1, limits::LIST, approver)?;
    match reader.unsigned("ask")? {
        0 => Err(Refusal::new(Code::ParseLimit, "ask", "need 0", "need 1 or more")),
        need => Ok(AskRule { pattern, approvers, need }),
    }
}

fn approver(reader: &mut Reader<'_>) -> Result<Approver, Refusal> {
    if matches!(reader.clone().next()?, Item::Bytes(_)) {
        return PublicKey::from_bytes(&reader.bytes("ask")?).map(Approver::Key);
    }
    let group = reader.text("ask")?;
    match group.strip_prefix('@') {
        Some(name) => name.parse().map(Approver::Group),
        None => Err(Refusal::new(Code::ParseName, "ask", json::shorten(group), "a group starts with `@`")),
    }
}

pub(super) fn write_ask(out: &mut Writer, rule: &AskRule) {
    write_pattern(out.array(3), &rule.pattern);
    out.array(rule.approvers.len());
    for approver in &rule.approvers {
        match approver {
            Approver::Group(_) => out.text(&approver.to_string()),
            Approver::Key(key) => out.bytes(key.as_bytes()),
        };
    }
    out.unsigned(rule.need);
}

/// `[level, [label], [pattern]]`.
pub(super) fn rule(reader: &mut Reader<'_>) -> Result<Rule, Refusal> {
    parts(reader, "rules", 3..=3)?;
    let number = reader.unsigned("rules")?;
    let level = Level::from_number(number).ok_or_else(|| Refusal::new(Code::ParseLevel, "rules", number, ""))?;
    let labels = ascending_names(reader, "rules", 0)?;
    Ok(Rule { level, labels, keep: distinct(reader, "rules", 0, limits::LIST, pattern)? })
}

pub(super) fn write_rule(out: &mut Writer, rule: &Rule) {
    out.array(3).unsigned(rule.level.number().into()).array(rule.labels.len());
    rule.labels.iter().for_each(|label| {
        out.text(label.as_str());
    });
    out.array(rule.keep.len());
    rule.keep.iter().for_each(|pattern| write_pattern(out, pattern));
}

/// `[pointer or "@fact", operator, operand]`; `absent` has no operand.
fn condition(reader: &mut Reader<'_>) -> Result<Condition, Refusal> {
    let count = parts(reader, "conditions", 2..=3)?;
    let target = parsed::<Target>(reader, "conditions")?;
    let operator = reader.unsigned("conditions")?;
    if (count == 2) != (operator == ABSENT) {
        let found = format_args!("operator {operator} in {count} parts");
        return Err(Refusal::new(Code::ParseCondition, "conditions", found, "a condition"));
    }
    let test = match operator {
        EQUALS => Test::Equals(value(reader, "conditions")?),
        IN => Test::In(operands(reader, |reader| value(reader, "conditions"))?),
        AT_MOST => Test::AtMost(bound(reader)?),
        AT_LEAST => Test::AtLeast(bound(reader)?),
        LEN_AT_MOST => Test::LenAtMost(Length::new(reader.unsigned("conditions")?)?),
        LIKE => Test::Like(parsed(reader, "conditions")?),
        UNDER => Test::Under(operands(reader, |reader| parsed(reader, "conditions"))?),
        HOST => Test::Host(operands(reader, |reader| parsed(reader, "conditions"))?),
        SCHEME => Test::Scheme(parsed(reader, "conditions")?),
        CIDR => Test::Cidr(operands(reader, |reader| parsed(reader, "conditions"))?),
        ABSENT => Test::Absent,
        SEEN => Test::Seen(operands(reader, |reader| parsed(reader, "conditions"))?),
        // spec: T79
        unknown => {
            let found = format_args!("operator {unknown}");
            return Err(Refusal::new(Code::ParseCondition, "conditions", found, "a known operator"));
        }
    };
    Condition::new(target, test)
}

const EQUALS: u64 = 1;
const IN: u64 = 2;
const AT_MOST: u64 = 3;
const AT_LEAST: u64 = 4;
const LEN_AT_MOST: u64 = 5;
const LIKE: u64 = 6;
const UNDER: u64 = 7;
const HOST: u64 = 8;
const SCHEME: u64 = 9;
const CIDR: u64 = 10;
const ABSENT: u64 = 11;
const SEEN: u64 = 12;

fn bound(reader: &mut Reader<'_>) -> Result<Integer, Refusal> {
    match value(reader, "conditions")? {
        Value::Integer(value) => Ok(value),
        other => Err(Refusal::new(Code::ParseClaimType, "conditions", other.kind(), "an integer")),
    }
}

fn operands<'a, T: PartialEq + Display>(
    reader: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T, Refusal>,
) -> Result<Operands<T>, Refusal> {
    // spec: T160
    distinct(reader, "conditions", 1, limits::LIST, read).and_then(Operands::new)
}

fn write_condition(out: &mut Writer, condition: &Condition) {
    let absent = *condition.test() == Test::Absent;
    out.array(if absent { 2 } else { 3 }).text(&condition.target().to_string());
    match condition.test() {
        Test::Absent => out.unsigned(ABSENT),
        Test::AtLeast(n) => out.unsigned(AT_LEAST).integer(n.get()),
        Test::AtMost(n) => out.unsigned(AT_MOST).integer(n.get()),
        Test::Cidr(networks) => write_texts(out.unsigned(CIDR), networks.as_slice()),
        Test::Equals(value) => out.unsigned(EQUALS).value(value),
        Test::Host(hosts) => write_texts(out.unsigned(HOST), hosts.as_slice()),
        Test::In(values) => {
            let values = values.as_slice();
            values.iter().fold(out.unsigned(IN).array(values.len()), |out, value| out.value(value))
        }
        Test::LenAtMost(length) => out.unsigned(LEN_AT_MOST).unsigned(length.get()),
        Test::Like(glob) => out.unsigned(LIKE).text(&glob.to_string()),
        Test::Scheme(scheme) => out.unsigned(SCHEME).text(&scheme.to_string()),
        Test::Seen(sources) => write_texts(out.unsigned(SEEN), sources.as_slice()),
        Test::Under(directories) => write_texts(out.unsigned(UNDER), directories.as_slice()),
    };
}

fn write_texts<'w, T: Display>(out: &'w mut Writer, texts: &[T]) -> &'w mut Writer {
    texts.iter().fold(out.array(texts.len()), |out, text| out.text(&text.to_string()))
}

/// The number of parts of an array that may have so many.
fn parts(
    reader: &mut Reader<'_>,
    field: &'static str,
    allowed: core::ops::RangeInclusive<usize>,
) -> Result<usize, Refusal> {
    let count = reader.array(field)?;
    if allowed.contains(&count) {
        return Ok(count);
    }
    let found = format_args!("an array of {count}");
    let bound = format_args!("one of {} to {}", allowed.start(), allowed.end());
    Err(Refusal::new(Code::ParseClaimType, field, found, bound))
}
