//! What was refused, where, and both sides of the comparison.

use alloc::string::{String, ToString};
use core::fmt;

use crate::code::{Code, Retry};

/// One refusal: a code, where it arose, and what was compared with what.
///
/// `Display` prints one lower-case line. A refusal never holds a secret; the `found` side may quote the
/// request, so it goes to the caller and not into logs.
///
/// ```
/// let error = "read:*:".parse::<wane::Pattern>().unwrap_err();
/// assert_eq!(error.code(), wane::Code::ParsePattern);
/// assert_eq!(error.found(), "read:*:");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    block: Option<usize>,
    field: &'static str,
    found: String,
    bound: String,
}

impl Refusal {
    /// A refusal in no particular block, for servers that refuse something themselves.
    ///
    /// ```
    /// use wane::{Code, Refusal};
    /// let refusal = Refusal::new(Code::DenyAudience, "aud", "mail", "files");
    /// assert_eq!(refusal.to_string(), "sealed for `mail`, this is `files`");
    /// ```
    pub fn new(code: Code, field: &'static str, found: impl fmt::Display, bound: impl fmt::Display) -> Self {
        // spec: T37
        Self { code, block: None, field, found: escape(&found.to_string()), bound: escape(&bound.to_string()) }
    }

    /// The same refusal, placed in block `index` (0 is the root block) unless it names one already.
    #[must_use]
    pub(crate) fn in_block(mut self, index: usize) -> Self {
        self.block.get_or_insert(index);
        self
    }

    /// The stable code.
    ///
    /// ```
    /// # use wane::{Code, Refusal};
    /// assert_eq!(Refusal::new(Code::DenyScope, "scopes", "a", "b").code().as_str(), "deny-scope");
    /// ```
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The block it arose in, counted from the root block, 0.
    ///
    /// ```
    /// # use wane::{Code, Refusal};
    /// assert_eq!(Refusal::new(Code::DenyScope, "scopes", "a", "b").block(), None);
    /// ```
    #[must_use]
    pub const fn block(&self) -> Option<usize> {
        self.block
    }

    /// The claim or argument that was compared; empty where there is none.
    ///
    /// ```
    /// # use wane::{Code, Refusal};
    /// assert_eq!(Refusal::new(Code::DenyScope, "scopes", "a", "b").field(), "scopes");
    /// ```
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }

    /// What was stated or asked for.
    ///
    /// ```
    /// # use wane::{Code, Refusal};
    /// assert_eq!(Refusal::new(Code::DenyScope, "scopes", "a", "b").found(), "a");
    /// ```
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What it was compared with.
    ///
    /// ```
    /// # use wane::{Code, Refusal};
    /// assert_eq!(Refusal::new(Code::DenyScope, "scopes", "a", "b").bound(), "b");
    /// ```
    #[must_use]
    pub fn bound(&self) -> &str {
        &self.bound
    }

    /// What to do about it, where there is something.
    ///
    /// ```
    /// # use wane::{Code, Refusal};
    /// assert_eq!(Refusal::new(Code::DenyExpired, "exp", 2, 1).hint(), Some("seal or mint again"));
    /// ```
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(self.code.hint()).filter(|hint| !hint.is_empty())
    }

    /// What could turn it into an allow.
    ///
    /// ```
    /// # use wane::{Code, Refusal, Retry};
    /// assert_eq!(Refusal::new(Code::DenyExpired, "exp", 2, 1).retry(), Retry::Renew);
    /// ```
    #[must_use]
    pub const fn retry(&self) -> Retry {
        self.code.retry()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.code.message();
        while let Some((before, after)) = rest.split_once('{') {
            f.write_str(before)?;
            let Some((side, after)) = after.split_once('}') else { break };
            f.write_str(if side == "found" { &self.found } else { &self.bound })?;
            rest = after;
        }
        f.write_str(rest)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.block {
            Some(block) => write!(f, "{} (block {block}, {}): {self}", self.code, self.field),
            None => write!(f, "{} ({}): {self}", self.code, self.field),
        }
    }
}

impl core::error::Error for Refusal {}

/// One line of printable text: what could move a cursor, hide or reorder text is written as `\u{..}`. Tokens and private
/// keys are left out, wherever somebody pasted them.
pub(crate) fn escape(text: &str) -> String {
    if text.contains(PRIVATE_KEY) {
        return "[a private key]".to_string();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, end)) = token_body(rest) {
        escape_into(&mut out, rest.get(..start).unwrap_or_default());
        out.push_str("[..]");
        rest = rest.get(end..).unwrap_or_default();
    }
    escape_into(&mut out, rest);
    out
}

/// Where the part of the first token that follows its prefix starts and ends.
fn token_body(text: &str) -> Option<(usize, usize)> {
    let after = |prefix: &str| Some(text.find(prefix)?.saturating_add(prefix.len()));
    let start = TOKENS.into_iter().filter_map(after).min()?;
    let letters = text.get(start..)?.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"-_".contains(b)).count();
    Some((start, start.saturating_add(letters)))
}

/// Whoever reads one of these can show it.
const TOKENS: [&str; 2] = ["wane1.token.", "wane1.sealed."];

/// Stands in the first and in the last line of a PEM file.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

fn escape_into(out: &mut String, text: &str) {
    for c in text.chars() {
        if is_plain(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
}

/// Whether a character prints as itself and nothing else.
pub(crate) fn is_plain(c: char) -> bool {
    c.is_ascii_graphic() || c == ' ' || (!c.is_ascii() && c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_message_shows_both_sides() {
        let refusal = Refusal::new(Code::ChainScopeWider, "scopes", "write:*", "`read:*`").in_block(1);
        assert_eq!(refusal.to_string(), "`write:*` is not within `read:*`");
        assert_eq!(format!("{refusal:?}"), "chain-scope-wider (block 1, scopes): `write:*` is not within `read:*`");
    }

    #[test]
    fn what_could_trick_a_terminal_is_escaped() {
        let refusal = Refusal::new(Code::DenyScope, "", "a\u{1b}[2J\u{202e}\nb", "é");
        assert_eq!(refusal.found(), "a\\u{1b}[2J\\u{202e}\\u{a}b");
        assert_eq!(refusal.bound(), "é");
    }

    #[test]
    fn a_pasted_token_is_not_repeated() {
        let refusal = "read:wane1.token.c2VjcmV0".parse::<crate::Level>().unwrap_err();
        assert_eq!(refusal.to_string(), "`read:wane1.token.[..]` is not a level");
        assert_eq!(escape("a wane1.sealed.AA-_9, wane1.token.BB: no"), "a wane1.sealed.[..], wane1.token.[..]: no");
        assert_eq!(escape("MC4CAQ\n-----END PRIVATE KEY-----"), "[a private key]");
    }

    #[test]
    fn codes_are_unique_and_named_by_family() {
        for (i, code) in Code::ALL.iter().enumerate() {
            let family = format!("{:?}-", code.family()).to_lowercase();
            assert!(code.as_str().starts_with(&family), "{code}");
            assert!(Code::ALL[i + 1..].iter().all(|other| other.as_str() != code.as_str()), "{code} twice");
            assert!(!code.message().ends_with('.'), "{code}");
        }
    }
}
