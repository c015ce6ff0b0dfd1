//! `under`: POSIX paths, compared letter by letter.

use super::operand::text_operand;

text_operand! {
    /// A directory: a plain absolute POSIX path. `/` is the root directory, and everything lies in it.
    ///
    /// Plain means that no reader can take it for another path: no `.`, `..` or empty segment, no `\`, `%`,
    /// `~` or control character, no space or slash at the end.
    ///
    /// ```
    /// assert!("/data/reports".parse::<wane::Directory>().is_ok());
    /// for refused in ["data", "/data/", "/data/../etc", "~/data"] {
    ///     assert!(refused.parse::<wane::Directory>().is_err());
    /// }
    /// ```
    Directory, is_plain, "a plain absolute path", "/data"
}

impl Directory {
    /// Whether `path`, which is plain, is this directory or lies below it.
    // spec: T92
    pub(super) fn holds(&self, path: &str) -> bool {
        self.as_str() == "/"
            || path.strip_prefix(self.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether a text is an absolute path that every reader takes for the same one.
// spec: T91
pub(super) fn is_plain(path: &str) -> bool {
    let Some(relative) = path.strip_prefix('/') else { return false };
    let readable = |c: char| !matches!(c, '\\' | '%' | '~') && !c.is_control();
    let segment = |part: &str| !matches!(part, "" | "." | "..");
    path.chars().all(readable)
        && !path.ends_with(char::is_whitespace)
        && (relative.is_empty() || relative.split('/').all(segment))
}
