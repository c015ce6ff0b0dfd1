//! What is put in the place of what, in a text of either notation: their texts and lists are written alike.

use super::entry::{Args, Span, Stdio, Text};

/// A part of the text, and what is put in its place.
#[derive(Clone, Debug)]
pub(super) struct Splice {
    pub(super) span: Span,
    pub(super) new: String,
    /// What is shown of it, where something in it is a secret.
    shown: Option<String>,
}

impl Splice {
    pub(super) const fn new(span: Span, new: String) -> Self {
        Self { span, new, shown: None }
    }

    pub(super) const fn secret(span: Span, new: String, shown: String) -> Self {
        Self { span, new, shown: Some(shown) }
    }

    /// What anybody may see of it.
    pub(super) fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.new)
    }
}

/// What wraps a server, or nothing where its list of arguments has no place.
pub(super) fn wrap(text: &str, stdio: &Stdio, program: &str, line: &[String]) -> Option<Vec<Splice>> {
    let command = stdio.command.span.clone();
    // The command goes among the arguments as it is written, so that undoing gives back what was written.
    let words: Vec<String> = line.iter().map(|word| quoted(word)).chain([part(text, &command).to_owned()]).collect();
    match &stdio.args {
        Args::Absent { before } => {
            let new = format!("{}{}[{}]", quoted(program), before.as_deref()?, words.join(", "));
            Some(vec![Splice::new(command, new)])
        }
        Args::Listed { span, elements } => {
            let inside = span.start.saturating_add(1);
            let (at, new) = match elements.first() {
                None => (inside, words.join(", ")),
                Some(first) => {
                    let between = between(part(text, &(inside..first.span.start)));
                    (first.span.start, words.iter().map(|word| format!("{word},{between}")).collect())
                }
            };
            Some(vec![Splice::new(command, quoted(program)), Splice::new(at..at, new)])
        }
    }
}

/// What unwraps a server whose own command is the argument `inner`. `absent` is the text behind which its arguments were put
/// because it had none. Nothing where somebody has written something into what would be taken out.
pub(super) fn unwrap(text: &str, stdio: &Stdio, inner: usize, absent: Option<&str>) -> Option<Vec<Splice>> {
    let Args::Listed { span, elements } = &stdio.args else { return None };
    let command = stdio.command.span.clone();
    let own = elements.get(inner)?;
    let new = part(text, &own.span).to_owned();
    let rest: &[Text] = elements.get(inner.saturating_add(1)..).unwrap_or_default();
    let ours: &[Text] = elements.get(..=inner)?;
    let gap = text.get(command.end..span.start);
    let inside = span.start.saturating_add(1)..span.end.saturating_sub(1);
    if rest.is_empty() && gap.is_some() && gap == absent && is_all(text, inside, ours) {
        return Some(vec![Splice::new(command.start..span.end, new)]);
    }
    let from = elements.first()?.span.start;
    let to = match rest.first() {
        Some(first) => first.span.start,
        // A list without an element has no comma either.
        None => comma(text, own.span.end, span.end),
    };
    if !is_all(text, from..to, ours) {
        return None;
    }
    Some(vec![Splice::new(command, new), Splice::new(from..to, String::new())])
}

/// Whether nothing but blanks and commas stands there.
pub(super) fn separates(text: &str, span: Span) -> bool {
    part(text, &span).chars().all(|letter| letter == ',' || letter.is_whitespace())
}

/// Whether nothing but these texts stands in this part, and what separates them.
fn is_all(text: &str, span: Span, texts: &[Text]) -> bool {
    let mut at = span.start;
    let mut between = Vec::new();
    for one in texts {
        between.push(at..one.span.start);
        at = one.span.end;
    }
    between.push(at..span.end);
    between.into_iter().all(|span| separates(text, span))
}

/// The end of the comma that follows at once, if one does.
pub(super) fn comma(text: &str, end: usize, limit: usize) -> usize {
    let rest = text.get(end..limit).unwrap_or_default();
    let blank = rest.len().saturating_sub(rest.trim_start().len());
    match rest.trim_start().starts_with(',') {
        true => end.saturating_add(blank).saturating_add(1),
        false => end,
    }
}

/// What stands between two elements of a list whose first one stands behind this text: a new line where that one has a line of
/// its own.
pub(super) fn between(before: &str) -> &str {
    indent(before).unwrap_or(" ")
}

/// The last line end of a text and the white space behind it, if nothing else follows it.
pub(super) fn indent(before: &str) -> Option<&str> {
    let feed = before.trim_end_matches([' ', '\t']).len().checked_sub(1)?;
    let start = match before.get(..feed)?.ends_with('\r') {
        true => feed.saturating_sub(1),
        false => feed,
    };
    before.get(start..).filter(|rest| rest.trim_start_matches('\r').starts_with('\n'))
}

/// Part of a text.
pub(super) fn part<'a>(text: &'a str, span: &Span) -> &'a str {
    text.get(span.clone()).unwrap_or_default()
}

/// The text with all of these put into it. They are in order, and none lies in another.
pub(super) fn apply(text: &str, splices: &[Splice]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for splice in splices {
        out.push_str(part(text, &(at..splice.span.start)));
        out.push_str(&splice.new);
        at = splice.span.end;
    }
    out.push_str(part(text, &(at..text.len())));
    out
}

/// A text as both notations read it.
pub(super) fn quoted(text: &str) -> String {
    // TOML wants this character escaped too.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
