//! `like`: texts with `*` for any run of characters.

use super::operand::text_operand;

text_operand! {
    /// A text of at most 256 bytes in which `*` stands for any run of characters, none and `/` included.
    /// Nothing else is special, and nothing escapes a `*`.
    ///
    /// ```
    /// let condition: wane::Condition = "name like *.csv".parse()?;
    /// assert!(matches!(condition.test(), wane::Test::Like(glob) if glob.as_str() == "*.csv"));
    /// # Ok::<(), wane::Refusal>(())
    /// ```
    Glob, |_| true, "a glob", "*.csv"
}

impl Glob {
    /// Whether the whole text matches. Taking each piece at the first place where it fits leaves most to the
    /// pieces after it, so nothing is ever tried again.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut pieces = self.as_str().split('*');
        let Some(rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        let Some(mut rest) = rest.strip_suffix(last) else { return false };
        pieces.all(|piece| match rest.split_once(piece) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}
