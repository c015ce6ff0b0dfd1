//! Text as approvers see it: every character that could be taken for another is written out. What is not printable ASCII
//! stands as `\uXXXX`, and so does each of several spaces in a row; how many such characters there are is said beside it, so
//! that neither control characters nor bidirectional text nor look-alike letters nor a line that was laid out in spaces can make
//! one request look like another.

use std::fmt::Write as _;

/// A text in quotes, as JSON spells it, in ASCII only; where characters had to be written out, with their number behind it.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    match quote(text, &mut out) {
        0 => out,
        odd => format!("{out} ({} code points, {odd} written out)", text.chars().count()),
    }
}

/// A line of JSON in ASCII only; where characters had to be written out, with their number behind it. Only its texts are
/// written anew: of everything else it is the spelling that counts.
pub(crate) fn json(json: &str) -> String {
    let (mut out, mut rest, mut odd) = (String::with_capacity(json.len()), json, 0_usize);
    while let Some((before, behind)) = rest.split_once('"') {
        let end = end(behind);
        let (inner, after) = behind.split_at_checked(end).unwrap_or((behind, ""));
        let meant = serde_json::from_str::<String>(&format!("\"{inner}\""));
        odd = odd.saturating_add(plain(before, &mut out));
        odd = odd.saturating_add(quote(meant.as_deref().unwrap_or(inner), &mut out));
        rest = after.strip_prefix('"').unwrap_or_default();
    }
    odd = odd.saturating_add(plain(rest, &mut out));
    if odd == 0 { out } else { format!("{out} ({odd} written out)") }
}

/// Appends what stands outside texts, which is ASCII in all JSON.
fn plain(json: &str, out: &mut String) -> usize {
    let mut odd = 0_usize;
    for c in json.chars() {
        if c.is_ascii_graphic() || c == ' ' {
            out.push(c);
        } else {
            odd = odd.saturating_add(1);
            write_out(c, out);
        }
    }
    odd
}

/// Where the text ends whose opening quote was just read.
fn end(json: &str) -> usize {
    let mut escaped = false;
    let closes = |c: char| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    };
    json.find(closes).unwrap_or(json.len())
}

/// Appends a text in quotes, and counts the characters that are written out.
fn quote(text: &str, out: &mut String) -> usize {
    let (mut odd, mut before) = (0_usize, None);
    let mut chars = text.chars().peekable();
    out.push('"');
    while let Some(c) = chars.next() {
        let spaces = c == ' ' && (before == Some(' ') || chars.peek() == Some(&' '));
        before = Some(c);
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if (c.is_ascii_graphic() || c == ' ') && !spaces => out.push(c),
            _ => {
                odd = odd.saturating_add(1);
                write_out(c, out);
            }
        }
    }
    out.push('"');
    odd
}

fn write_out(c: char, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a String does not fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

/// The widest line that is shown, one less than the narrowest terminal that is usual.
pub(crate) const WIDTH: usize = 79;

/// Columns of the narrowest terminal that is written for.
pub(crate) const NARROWEST: usize = 40;

/// What a line begins with that goes on from the one above: none of the lines that are shown begins so otherwise.
const GOES_ON: &str = "  | ";

/// A line of ASCII, broken where a terminal would break it: what then stands at the beginning of a line begins with a mark,
/// and cannot be taken for a line of its own.
pub(crate) fn broken(line: &str) -> Vec<String> {
    broken_at(line, WIDTH)
}

/// The same on a terminal that is so wide.
pub(crate) fn broken_at(line: &str, width: usize) -> Vec<String> {
    let (first, mut rest) = line.split_at_checked(width).unwrap_or((line, ""));
    let mut lines = vec![first.to_owned()];
    // No width is too small for one character more.
    let room = width.saturating_sub(GOES_ON.len()).max(1);
    while !rest.is_empty() {
        let (next, behind) = rest.split_at_checked(room).unwrap_or((rest, ""));
        lines.push(format!("{GOES_ON}{next}"));
        rest = behind;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_looks_like_something_else() {
        assert_eq!(text("board"), r#""board""#);
        assert_eq!(text("bo\u{430}rd"), r#""bo\u0430rd" (5 code points, 1 written out)"#);
        assert_eq!(text("a\u{202e}b\u{1b}\n"), r#""a\u202eb\u001b\u000a" (5 code points, 3 written out)"#);
        assert_eq!(text("\u{1f600}"), r#""\ud83d\ude00" (1 code points, 1 written out)"#);
        assert_eq!(json(r#"{"a":"x"}"#), r#"{"a":"x"}"#);
        assert_eq!(json("{\"\u{430}\":\"\\u202e\"}"), r#"{"\u0430":"\u202e"} (2 written out)"#);
    }

    #[test]
    fn what_is_counted_is_what_is_written_out() {
        // A backslash that somebody wrote is one, and is not counted.
        assert_eq!(text(r"a\u0430\n"), r#""a\\u0430\\n""#);
        assert_eq!(json(r#""a\\u0430\\n""#), r#""a\\u0430\\n""#);
        assert_eq!(json(r#"["a\\\u0430",1.50,"\t\n\"\/"]"#), r#"["a\\\u0430",1.50,"\u0009\u000a\"/"] (3 written out)"#);
        assert_eq!(json(r#"{"\\":"\\\\","b":1e2}"#), r#"{"\\":"\\\\","b":1e2}"#);
    }

    #[test]
    fn nothing_is_laid_out_in_spaces() {
        assert_eq!(text("a b c "), r#""a b c ""#);
        assert_eq!(text("a  b"), r#""a\u0020\u0020b" (4 code points, 2 written out)"#);
        assert_eq!(json(r#"{"a  ":"   b c"}"#), r#"{"a\u0020\u0020":"\u0020\u0020\u0020b c"} (5 written out)"#);
    }

    #[test]
    fn a_long_line_is_broken_with_a_mark() {
        assert_eq!(broken(&"x".repeat(79)), ["x".repeat(79)]);
        let lines = broken(&"x".repeat(79 + 75 + 1));
        assert_eq!(lines, ["x".repeat(79), format!("  | {}", "x".repeat(75)), "  | x".to_owned()]);
    }

    #[test]
    fn what_is_shown_is_read_back_as_it_was() {
        for sample in ["", "plain", "é\u{200b}\u{7f}\"\\\t", "日本語\u{10ffff}", "a  b\\u0020", "\\\\\"\u{0}"] {
            let shown = text(sample);
            let quoted = shown.split(" (").next().unwrap();
            assert_eq!(serde_json::from_str::<String>(quoted).unwrap(), sample);
            let again = json(&serde_json::Value::from(sample).to_string());
            assert_eq!(again.split(" (").next().unwrap(), quoted);
            assert!(shown.is_ascii());
        }
    }
}
