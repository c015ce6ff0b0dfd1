//! Text as approvers see it: every character that could be taken for another is written out. What is not printable ASCII
//! stands as `\uXXXX`, and how many such characters there are is said beside it, so that neither control characters nor
//! bidirectional text nor look-alike letters can make one request look like another.

use std::fmt::Write as _;

/// A text in quotes, as JSON spells it, in ASCII only; where characters had to be written out, with their number behind it.
pub(crate) fn text(text: &str) -> String {
    let quoted = ascii(&serde_json::Value::from(text).to_string());
    match odd(text) {
        0 => quoted,
        odd => format!("{quoted} ({} code points, {odd} written out)", text.chars().count()),
    }
}

/// A line of JSON in ASCII only; where characters had to be written out, with their number behind it.
pub(crate) fn json(json: &str) -> String {
    let line = ascii(json);
    // Canonical JSON writes control characters out itself.
    let odd = odd(json).saturating_add(json.matches("\\u").count());
    if odd == 0 { line } else { format!("{line} ({odd} written out)") }
}

fn odd(text: &str) -> usize {
    text.chars().filter(|c| !is_plain(*c)).count()
}

fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() || c == ' '
}

/// What stands outside ASCII stands inside a string there, where it may be escaped.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_plain(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_looks_like_something_else() {
        assert_eq!(text("board"), r#""board""#);
        assert_eq!(text("bo\u{430}rd"), r#""bo\u0430rd" (5 code points, 1 written out)"#);
        assert_eq!(text("a\u{202e}b\u{1b}\n"), r#""a\u202eb\u001b\n" (5 code points, 3 written out)"#);
        assert_eq!(text("\u{1f600}"), r#""\ud83d\ude00" (1 code points, 1 written out)"#);
        assert_eq!(json(r#"{"a":"x"}"#), r#"{"a":"x"}"#);
        assert_eq!(json("{\"\u{430}\":\"\\u202e\"}"), r#"{"\u0430":"\u202e"} (2 written out)"#);
    }

    #[test]
    fn what_is_shown_is_read_back_as_it_was() {
        for sample in ["", "plain", "é\u{200b}\u{7f}\"\\\t", "日本語\u{10ffff}"] {
            let shown = text(sample);
            let quoted = shown.split(" (").next().unwrap();
            assert_eq!(serde_json::from_str::<String>(quoted).unwrap(), sample);
            assert!(shown.is_ascii());
        }
    }
}
