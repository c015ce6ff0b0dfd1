//! Assertions that several targets make.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use wane::Refusal;

/// A message is one printable line that names its two sides, whatever was refused.
pub(crate) fn refusal(refusal: &Refusal) {
    let line = refusal.to_string();
    assert!(!line.is_empty() && !line.contains(char::is_control), "{line:?}");
    assert!(!line.contains(['\u{202e}', '\u{2028}', '\u{2029}', '\u{feff}']), "{line:?}");
    // Whoever reads a token can show it, so of those that were pasted only the prefix is repeated.
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    for prefix in ["wane1.token.", "wane1.sealed."] {
        assert!(line.split(prefix).skip(1).all(|rest| !rest.starts_with(letter)), "a token in {line:?}");
    }
    assert!(!line.contains("PRIVATE KEY-----"), "a private key in {line:?}");
    if let Some(hint) = refusal.hint() {
        assert!(!hint.contains('\n'), "{hint:?}");
    }
}

/// What a text was read as, after checking that it prints as a text that reads as the same and prints the same.
pub(crate) fn prints_and_parses_back<T>(text: &str) -> Option<T>
where
    T: FromStr<Err = Refusal> + Display + Debug + PartialEq,
{
    match text.parse::<T>() {
        Ok(value) => {
            same_text(&value);
            Some(value)
        }
        Err(error) => {
            refusal(&error);
            None
        }
    }
}

pub(crate) fn same_text<T>(value: &T)
where
    T: FromStr<Err = Refusal> + Display + Debug + PartialEq,
{
    let printed = value.to_string();
    match printed.parse::<T>() {
        Ok(again) => {
            assert_eq!(&again, value, "{printed:?} reads as something else");
            assert_eq!(again.to_string(), printed, "two spellings");
        }
        Err(error) => panic!("{value:?} prints as {printed:?}, which is refused: {error}"),
    }
}

/// As [`prints_and_parses_back`], for texts that have no second spelling at all.
pub(crate) fn has_one_spelling<T>(text: &str) -> Option<T>
where
    T: FromStr<Err = Refusal> + Display + Debug + PartialEq,
{
    let value = prints_and_parses_back::<T>(text)?;
    assert_eq!(value.to_string(), text, "a second spelling");
    Some(value)
}
