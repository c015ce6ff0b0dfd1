//! A unified diff of an edit, without lines around it and without what may be a secret.

use super::edit::{Splice, part};
use super::entry::Span;

/// What stands for a value that is not shown.
const HIDDEN: &str = "\"***\"";

/// The hunks of a diff. `hidden` are the values that are not shown, in order.
pub(super) fn lines(text: &str, splices: &[Splice], hidden: &[Span]) -> Vec<String> {
    let mut out = Vec::new();
    let (mut old_before, mut new_before, mut at) = (1, 1, 0);
    for hunk in hunks(text, splices) {
        let inside: Vec<&Splice> = splices.iter().filter(|splice| within(&hunk, &splice.span)).collect();
        let old = shown(text, &hunk, &[], hidden);
        let new = shown(text, &hunk, &inside, hidden);
        let passed = count(part(text, &(at..hunk.start)));
        let (old_line, new_line) = (add(old_before, passed), add(new_before, passed));
        out.push(format!("@@ -{old_line},{} +{new_line},{} @@", old.len(), new.len()));
        out.extend(old.iter().map(|line| format!("-{line}")));
        out.extend(new.iter().map(|line| format!("+{line}")));
        (old_before, new_before, at) = (add(old_line, old.len()), add(new_line, new.len()), hunk.end);
    }
    out
}

/// Whole lines in which something changes; what touches is one hunk.
fn hunks(text: &str, splices: &[Splice]) -> Vec<Span> {
    let mut hunks: Vec<Span> = Vec::new();
    for splice in splices {
        let start = text.get(..splice.span.start).and_then(|before| before.rfind('\n')).map_or(0, |feed| add(feed, 1));
        let after = text.get(splice.span.end..).unwrap_or_default();
        let end = add(splice.span.end, after.find('\n').map_or(after.len(), |feed| add(feed, 1)));
        match hunks.last_mut() {
            Some(last) if start <= last.end => last.end = end.max(last.end),
            _ => hunks.push(start..end),
        }
    }
    hunks
}

/// The lines of a hunk, with these splices made and what is hidden not shown.
fn shown(text: &str, hunk: &Span, splices: &[&Splice], hidden: &[Span]) -> Vec<String> {
    let mut parts: Vec<(Span, &str)> = splices.iter().map(|splice| (splice.span.clone(), splice.shown())).collect();
    let covered =
        |span: &Span| splices.iter().any(|splice| span.start < splice.span.end && splice.span.start < span.end);
    // A value of several lines may begin before the hunk.
    let touching = hidden.iter().filter(|span| span.start < hunk.end && hunk.start < span.end && !covered(span));
    parts.extend(touching.map(|span| (span.start.max(hunk.start)..span.end.min(hunk.end), HIDDEN)));
    parts.sort_by_key(|(span, _)| (span.start, span.end));
    let (mut out, mut at) = (String::new(), hunk.start);
    for (span, new) in parts {
        out.push_str(part(text, &(at..span.start)));
        out.push_str(new);
        at = span.end.max(at);
    }
    out.push_str(part(text, &(at..hunk.end)));
    out.lines().map(str::to_owned).collect()
}

const fn within(hunk: &Span, span: &Span) -> bool {
    hunk.start <= span.start && span.end <= hunk.end
}

fn count(text: &str) -> usize {
    text.matches('\n').count()
}

const fn add(one: usize, two: usize) -> usize {
    one.saturating_add(two)
}
