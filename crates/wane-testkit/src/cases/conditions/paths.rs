//! `under`.

use super::{on, on_texts, under};
use crate::case::Case;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    let (outside, path) = ("deny-condition", "deny-path");
    let dirs = || list!["/a", 7, list!["/data", "/tmp/x"]];
    [
        on_texts(
            "under",
            "T92",
            dirs(),
            &[
                ("itself", "the directory itself", "/data", "ok"),
                ("file", "a file in it", "/data/q3.csv", "ok"),
                ("letters", "spaces and letters beyond ASCII", "/data/a b/\u{fc}.txt", "ok"),
                ("dots-in-name", "dots that are no step", "/data/.../..a/a..b/.h", "ok"),
                ("second", "below the second directory", "/tmp/x/y", "ok"),
                ("prefix", "a directory whose name starts with it", "/database", outside),
                ("prefix-dash", "and another one", "/data-2/x", outside),
                ("parent", "the directory above", "/tmp", outside),
                ("root", "the root directory", "/", outside),
                ("case", "capitals are other letters", "/DATA/x", outside),
                ("elsewhere", "another directory", "/etc/data/x", outside),
            ],
        ),
        on_texts(
            "under",
            "T91",
            dirs(),
            &[
                ("dot-dot", "a step up", "/data/../etc/passwd", path),
                ("dot-dot-inside", "a step up that stays inside", "/data/a/../b", path),
                ("dot-dot-end", "a step up at the end", "/data/a/..", path),
                ("dot", "a step nowhere", "/data/./a", path),
                ("dot-end", "a step nowhere at the end", "/data/.", path),
                ("empty-segment", "two slashes", "/data//a", path),
                ("two-slashes", "two slashes at the start", "//data/a", path),
                ("slash-end", "a slash at the end", "/data/", path),
                ("relative", "a relative path", "data/a", path),
                ("empty", "an empty text", "", path),
                ("percent", "a percent sign", "/data/%2e%2e/etc", path),
                ("backslash", "a backslash", r"/data\..\etc", path),
                ("tilde", "a tilde", "/data/~root", path),
                ("home", "a home directory", "~/data", path),
                ("nul", "NUL", "/data/a\u{0}.txt", path),
                ("line-feed", "a line feed", "/data/a\nb", path),
                ("del", "the control character DEL", "/data/\u{7f}", path),
                ("c1", "a control character of the second row", "/data/\u{85}x", path),
                ("space-end", "a space at the end", "/data/a ", path),
                ("no-break-space-end", "a no-break space at the end", "/data/a\u{a0}", path),
                ("space-start", "a space at the start", " /data/a", path),
                ("url", "a URL", "file:///data/a", path),
            ],
        ),
        on_texts(
            "under-root",
            "T91 T92",
            list!["/a", 7, list!["/"]],
            &[
                ("itself", "the root directory is under itself", "/", "ok"),
                ("all", "every plain path is under it", "/etc/passwd", "ok"),
                ("dot-dot", "and no other text", "/..", path),
            ],
        ),
        on(
            "under",
            "T86 T91",
            dirs(),
            &[
                (
                    "all-of-list",
                    "every element lies below one of the directories",
                    r#"{"a": ["/data/x", "/tmp/x"]}"#,
                    "ok",
                ),
                ("one-of-list", "one element does not", r#"{"a": ["/data/x", "/etc"]}"#, outside),
                ("last-of-list", "the last element is no plain path", r#"{"a": ["/data/x", "/data/../etc"]}"#, path),
                ("integer", "an integer is no path", r#"{"a": 1}"#, "deny-argument-type"),
            ],
        ),
        operands(),
    ]
    .concat()
}

fn operands() -> Vec<Case> {
    let rows = [
        ("slash-end", "a slash at the end", "/data/"),
        ("relative", "a relative path", "data"),
        ("empty", "an empty text", ""),
        ("dot-dot", "a step up", "/data/../etc"),
        ("empty-segment", "two slashes", "/data//a"),
        ("percent", "a percent sign", "/%64ata"),
        ("tilde", "a tilde", "/~"),
        ("control", "a control character", "/data\u{1}"),
        ("space-end", "a space at the end", "/data "),
    ];
    let case = |(name, comment, dir): (&str, _, &str)| {
        Case::new(&format!("conditions/directory-{name}"), &format!("a directory: {comment}"))
            .spec("T91")
            .arguments(r#"{"a": "/data/x"}"#)
            .answered("parse-condition 0", &under(list!["/a", 7, list!["/data", dir]]))
    };
    rows.into_iter().map(case).collect()
}
