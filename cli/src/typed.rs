//! From what was typed to what it means. A mistake is wrong usage and keeps the library's own code.

use std::str::FromStr;

use serde::de::IgnoredAny;
use wane::{Code, Name, PublicKey, Refusal, Value, limits};

use crate::failure::{Failure, Trouble};
use crate::input::{Inputs, KEY_TEXT, Source};
use crate::key_file;
use crate::time;

/// Reads the value of `flag`.
pub(crate) fn value<T: FromStr<Err = Refusal>>(flag: &str, text: &str) -> Result<T, Failure> {
    text.parse().map_err(|refusal| Failure::typed(refusal).within(flag))
}

/// Reads each value of `flag`.
pub(crate) fn values<T: FromStr<Err = Refusal>>(flag: &str, texts: &[String]) -> Result<Vec<T>, Failure> {
    texts.iter().map(|text| value(flag, text)).collect()
}

/// Reads a duration in seconds.
pub(crate) fn duration(flag: &str, text: &str) -> Result<u64, Failure> {
    time::duration(text).map_err(|error| Failure::usage(format!("{flag}: {error}")))
}

/// Reads a point in time in seconds since 1970.
pub(crate) fn instant(flag: &str, text: &str) -> Result<u64, Failure> {
    time::instant(text).map_err(|error| Failure::usage(format!("{flag}: {error}")))
}

/// Reads `name=value`; the value is a JSON scalar where it reads as one, else a text.
fn named_value(flag: &str, text: &str) -> Result<(Name, Value), Failure> {
    let (name, text) = split(flag, text)?;
    // What starts a list or an object is no scalar, and stays the text it is.
    let is_json = !text.trim_start().starts_with(['[', '{']) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    let scalar = if is_json { Value::from_json(text) } else { Value::text(text) };
    Ok((name, scalar.map_err(|refusal| Failure::typed(refusal).within(flag))?))
}

/// Reads `name=value` each; a name stands once.
pub(crate) fn named_values(flag: &str, texts: &[String]) -> Result<Vec<(Name, Value)>, Failure> {
    let mut values: Vec<(Name, Value)> = Vec::new();
    for text in texts {
        let (name, value) = named_value(flag, text)?;
        if values.iter().any(|(known, _)| *known == name) {
            return Err(Failure::usage(format!("{flag}: `{name}` is stated twice")));
        }
        values.push((name, value));
    }
    Ok(values)
}

/// Reads `name=N` each; a name stands once.
pub(crate) fn named_numbers(flag: &str, texts: &[String]) -> Result<Vec<(Name, u64)>, Failure> {
    let mut numbers: Vec<(Name, u64)> = Vec::new();
    for text in texts {
        let (name, number) = named_number(flag, text)?;
        if numbers.iter().any(|(known, _)| *known == name) {
            return Err(Failure::usage(format!("{flag}: `{name}` is stated twice")));
        }
        numbers.push((name, number));
    }
    Ok(numbers)
}

fn named_number(flag: &str, text: &str) -> Result<(Name, u64), Failure> {
    let (name, number) = split(flag, text)?;
    let number = number.parse().map_err(|_| Failure::usage(format!("{flag}: `{text}` is not `name=N`")))?;
    Ok((name, number))
}

fn split<'a>(flag: &str, text: &'a str) -> Result<(Name, &'a str), Failure> {
    let (name, rest) = text
        .split_once('=')
        .ok_or_else(|| Failure::usage(format!("{flag}: `{}` is not `name=value`", crate::output::escape(text))))?;
    Ok((value(flag, name)?, rest))
}

/// Refuses an agent's name that no token can state.
pub(crate) fn agent(flag: &str, name: &str) -> Result<(), Failure> {
    within(flag, "a name", name, limits::TEXT_BYTES)
}

/// Refuses a reason that no record can hold.
pub(crate) fn reason(text: &str) -> Result<(), Failure> {
    within("--reason", "a reason", text, limits::NOTE_BYTES)
}

fn within(flag: &str, what: &str, text: &str, most: usize) -> Result<(), Failure> {
    if text.len() <= most {
        return Ok(());
    }
    let found = format!("{what} of {} bytes", text.len());
    Err(Failure::typed(Refusal::new(Code::ParseLimit, "", found, most)).within(flag))
}

/// Reads a public key from its text, or from the file that holds it.
pub(crate) fn public_key(inputs: &Inputs, flag: &'static str, text: &str) -> Result<PublicKey, Failure> {
    if text.starts_with("wane1.") {
        return value(flag, text);
    }
    let source = source(flag, text)?;
    let content = inputs.read_text(&source, flag, KEY_TEXT)?;
    key_file::public_from_text(&content).map_err(|failure| failure.within(source.name()))
}

/// Claims standard input for `what`, if that is where `text` says it comes from.
pub(crate) fn claim(inputs: &Inputs, flag: &str, text: Option<&str>, what: &'static str) -> Result<(), Failure> {
    text.map_or(Ok(()), |text| inputs.claim(&source(flag, text)?, what))
}

/// Reads a place to read from.
pub(crate) fn source(flag: &str, text: &str) -> Result<Source, Failure> {
    Source::parse(text.into()).map_err(|error| Failure::new(Trouble::Arguments, format!("{flag}: {error}")))
}
