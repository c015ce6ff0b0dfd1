//! JSON texts for people: one printable line, whatever the text holds.

use alloc::string::String;
use core::fmt::Write;

use crate::refusal;

/// Characters of a text that messages quote: enough to recognise it.
const SHOWN: usize = 120;

/// A text as a JSON string, quotes included. What could move a cursor, hide or reorder text is escaped.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            _ if refusal::is_plain(c) => out.push(c),
            _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }),
        }
    }
    out.push('"');
    out
}

/// The start of a text as a JSON string, with `...` behind it where something was left out.
pub(crate) fn quote_start(text: &str) -> String {
    let start = shorten(text);
    let mut out = quote(start);
    if start.len() < text.len() {
        out.push_str("...");
    }
    out
}

/// The start of a text: what a message has room for.
pub(crate) fn shorten(text: &str) -> &str {
    text.char_indices().nth(SHOWN).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_could_trick_a_terminal_is_escaped() {
        assert_eq!(quote("a\u{1b}[2J\u{202e}\n\"\\é\u{1f600}"), r#""a\u001b[2J\u202e\n\"\\é\ud83d\ude00""#);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert!(quote_start(&"é".repeat(121)).ends_with("é\"..."));
        assert!(quote_start(&"é".repeat(120)).ends_with("é\""));
        assert_eq!(quote("\t"), "\"\\t\"");
        assert_eq!(quote_start(&"é".repeat(121)).chars().filter(|c| *c == 'é').count(), 120);
        assert_eq!(quote_start("ab"), "\"ab\"");
    }

    proptest! {
        #[test]
        fn a_json_reader_gets_the_text_back(text in "\\PC*|[\\x00-\\x7f\\u{2000}-\\u{20ff}\\u{10000}]*") {
            prop_assert_eq!(serde_json::from_str::<String>(&quote(&text)).unwrap(), text);
        }
    }
}
