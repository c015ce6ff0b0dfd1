//! Patterns: their form, what they cover, and what lies within them.

use super::chain;
use crate::case::Case;
use crate::cbor::Item;
use crate::claims::Claims;
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [forms(), actions(), covers(), within()].concat()
}

/// A pattern of the root block, asked for as `action`.
fn form(name: &str, comment: &str, pattern: &str, action: &str) -> Case {
    let answer = if action.is_empty() { "parse-pattern 0" } else { "ok" };
    let case = Case::new(&format!("scopes/pattern-{name}"), comment).spec("T65");
    let case = if action.is_empty() { case } else { case.request(action) };
    case.answered(answer, &chain(vec![list!["read:*", pattern]]))
}

fn forms() -> Vec<Case> {
    let long = "a".repeat(64);
    let most = format!("{long}:{long}:{long}:{}", "b".repeat(61));
    vec![
        form("all-letters", "every letter that a segment may have", "send:aZ09._-/@+:*", "send:aZ09._-/@+:x"),
        form("eight-segments", "eight segments", "a:b:c:d:e:f:g:*", "a:b:c:d:e:f:g:h"),
        form("nine-segments", "nine segments", "a:b:c:d:e:f:g:h:*", ""),
        form("long-segment", "a segment of 64 bytes", &format!("send:{long}"), &format!("send:{long}")),
        form("longer-segment", "a segment of 65 bytes", &format!("send:{long}a"), ""),
        form("longest", "a pattern of 256 bytes", &most, &most),
        form("too-long", "a pattern of 257 bytes", &format!("{most}b"), ""),
        form("empty", "an empty pattern", "", ""),
        form("starts-empty", "an empty first segment", ":read", ""),
        form("ends-empty", "an empty last segment", "read:", ""),
        form("two-stars", "a segment of two stars", "read:**", ""),
        form("star-behind", "a star within a segment", "read:hr*", ""),
        form("percent", "a percent sign", "read:%61", ""),
        form("space", "a space", "read:a b", ""),
        form("beyond-ascii", "a letter beyond ASCII", "read:é", ""),
        form("line-feed", "a line feed at the end", "read:a\n", ""),
        form("tilde", "a tilde", "read:~a", ""),
        Case::new("scopes/audience-form", "an audience with an empty segment")
            .refused("parse-pattern")
            .block(0)
            .spec("T65")
            .sealed(&crate::chain::Chain::root(&crate::claims::root().aud("files:")).seal(Claims::new())),
    ]
}

/// Requests whose action or audience has another form: an action has no star.
fn actions() -> Vec<Case> {
    let refused = |name: &str, comment: &str, request: Request| {
        Case::new(&format!("scopes/{name}"), comment)
            .spec("T65")
            .request(request)
            .answered("parse-pattern", &chain(vec![list!["*"]]))
    };
    vec![
        refused("action-star", "the request is for an action with a star", "read:*".into()),
        refused("action-empty-segment", "the request is for an action with an empty segment", "read:".into()),
        refused(
            "request-audience-star",
            "the request is at an audience with a star",
            Request::from("read:hr").aud("files:*"),
        ),
    ]
}

/// One scope, one action.
fn covers() -> Vec<Case> {
    let rows = [
        ("last-one", "a star at the end stands for one segment", "T67", "read:*", "read:hr", "ok"),
        ("last-more", "a star at the end stands for several segments", "T67", "read:*", "read:hr:a:b", "ok"),
        ("last-none", "a star at the end does not stand for no segment", "T67", "read:*", "read", "deny-scope"),
        ("last-none-deeper", "nor behind two segments", "T67", "read:hr:*", "read:hr", "deny-scope"),
        (
            "last-letters",
            "a star stands for segments and not for letters",
            "T67",
            "read:hr:*",
            "read:hrx:a",
            "deny-scope",
        ),
        ("middle-one", "a star in the middle stands for one segment", "T67", "vault:*:read", "vault:hr:read", "ok"),
        ("middle-two", "and not for two", "T67", "vault:*:read", "vault:hr:q3:read", "deny-scope"),
        ("middle-none", "and not for none", "T67", "vault:*:read", "vault:read", "deny-scope"),
        ("middle-other-end", "what follows the star counts", "T67", "vault:*:read", "vault:hr:write", "deny-scope"),
        ("first", "a star at the start stands for one segment", "T67", "*:hr", "send:hr", "ok"),
        ("first-two", "and not for two", "T67", "*:hr", "send:a:hr", "deny-scope"),
        ("star", "a star alone covers an action of one segment", "T67", "*", "x", "ok"),
        ("star-long", "a star alone covers an action of eight", "T67", "*", "a:b:c:d:e:f:g:h", "ok"),
        ("two", "two stars cover two segments", "T67", "*:*", "a:b", "ok"),
        ("two-more", "two stars cover more segments", "T67", "*:*", "a:b:c", "ok"),
        ("two-one", "two stars do not cover one segment", "T67", "*:*", "a", "deny-scope"),
        ("exact", "without a star it covers itself", "T67", "read:hr", "read:hr", "ok"),
        ("exact-longer", "and nothing that starts with it", "T67", "read:hr", "read:hr:a", "deny-scope"),
        ("exact-shorter", "and nothing that it starts with", "T67", "read:hr", "read", "deny-scope"),
        ("case", "capitals are other letters", "T66", "read:HR", "read:hr", "deny-scope"),
        ("slashes", "segments are not normalised as paths", "T66", "read:a/b", "read:a//b", "deny-scope"),
        ("dots", "and `..` is a segment like others", "T66", "read:a", "read:b/../a", "deny-scope"),
    ];
    let case = |(name, comment, spec, pattern, action, answer): (&str, _, _, &str, &str, _)| {
        Case::new(&format!("scopes/covers-{name}"), comment)
            .spec(spec)
            .request(action)
            .answered(answer, &chain(vec![list![pattern]]))
    };
    rows.into_iter().map(case).collect()
}

/// A pattern that refines the one scope. What a verifier that takes it would allow is asked for.
fn within() -> Vec<Case> {
    let rows = [
        ("narrower", "read:*", "read:*:q3", "read:hr:q3", true),
        ("one-more-star", "read:*", "read:*:*", "read:a:b", true),
        ("star-all", "*", "read", "read", true),
        ("middle-filled", "a:*:c", "a:b:c", "a:b:c", true),
        ("middle-kept", "a:*:c:*", "a:*:c:d", "a:x:c:d", true),
        ("end-for-more", "a:*", "a:b:*:d:*", "a:b:c:d:e", true),
        ("end-dropped", "read:*:q3", "read:*", "read:hr:q3", false),
        ("star-fewer", "read:*:*", "read:*", "read:a:b", false),
        ("star-added", "read:hr", "read:hr:*", "read:hr:a", false),
        ("other-place", "read:hr:*", "read:*:employees", "read:hr:employees", false),
        ("middle-to-end", "a:*:c", "a:*", "a:b:c", false),
        ("middle-to-two", "a:*:c", "a:b:*", "a:b:c", false),
        ("shorter", "read:*", "read", "read", false),
        ("other", "read:hr:*", "read:hr2:*", "read:hr2:a", false),
        ("star-for-segment", "a:b:*", "a:*:c", "a:b:c", false),
    ];
    let case = |(name, wide, narrow, action, fits): (_, &str, &str, &str, _)| {
        let (comment, answer) = if fits {
            (format!("{narrow} lies within {wide}"), "ok")
        } else {
            (format!("{narrow} does not lie within {wide}"), "chain-scope-wider 1")
        };
        let scopes: Vec<Item> = vec![list![wide], list![list![0, narrow]]];
        Case::new(&format!("scopes/within-{name}"), &comment)
            .spec("T68 T74")
            .request(action)
            .answered(answer, &chain(scopes))
    };
    rows.into_iter().map(case).collect()
}
