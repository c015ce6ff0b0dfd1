//! The test of the test: a file that says anything but what holds is noticed.

use super::{check, files};

/// A refused and an accepted case with all headers that matter here.
fn samples() -> [String; 2] {
    let files = files();
    let find = |wanted: &[&str]| {
        let text = files.values().find(|text| wanted.iter().all(|part| text.contains(part)));
        text.unwrap_or_else(|| panic!("no file holds {wanted:?}")).clone()
    };
    let refused = find(&["expect: chain-error\n", "code: chain-expiry\n", "block: 1\n", "request: ", "now: "]);
    let accepted = find(&["comment: the standard token", "expect: ok\n", "token: "]);
    [refused, accepted]
}

#[track_caller]
fn noticed(text: &str, old: &str, new: &str, reason: &str) {
    assert_eq!(text.matches(old).count(), 1, "{old:?} in {text}");
    let found = check(&text.replacen(old, new, 1)).expect_err(new);
    assert!(found.contains(reason), "{new:?}: {found}");
}

#[test]
fn another_answer_is_noticed() {
    let [refused, accepted] = samples();
    check(&refused).unwrap();
    check(&accepted).unwrap();
    noticed(&refused, "code: chain-expiry", "code: chain-depth", "is answered where");
    noticed(&refused, "block: 1", "block: 2", "is answered where");
    noticed(&refused, "block: 1\n", "", "is answered where");
    noticed(&refused, "chain-error\ncode: chain-expiry\nblock: 1", "ok", "is answered where");
    noticed(&accepted, "expect: ok", "expect: denied\ncode: deny-expired", "a token that nobody seals again");
    let alone: String =
        accepted.lines().filter(|line| !line.starts_with("token: ")).map(|line| format!("{line}\n")).collect();
    noticed(&alone, "expect: ok", "expect: denied\ncode: deny-expired", "is answered where");
    noticed(&alone, "expect: ok", "expect: chain-error\ncode: chain-expiry\nblock: 1", "is answered where");
    noticed(&alone, "expect: ok", "expect: needs-approval\ncode: deny-needs-approval", "is answered where");
    noticed(&alone, "expect: ok", "expect: misuse\ncode: use-actions", "is answered where");
}

#[test]
fn a_code_of_another_layer_is_noticed() {
    let [refused, accepted] = samples();
    noticed(&refused, "expect: chain-error", "expect: denied", "is no code of denied");
    noticed(&refused, "expect: chain-error", "expect: ok", "is no code of ok");
    noticed(&refused, "code: chain-expiry\n", "", "is no code of chain-error");
    noticed(&accepted, "expect: ok", "expect: ok\ncode: deny-expired", "is no code of ok");
    noticed(&accepted, "expect: ok", "expect: ok\nblock: 1", "a block without a code");
    noticed(&refused, "expect: chain-error", "expect: refused", "expect: refused is not known");
}

#[test]
fn headers_that_nobody_reads_are_noticed() {
    let [refused, accepted] = samples();
    noticed(&refused, "spec: ", "specs: ", "spec is not there");
    noticed(&refused, "spec: T40", "spec: T40, T39", "is no id");
    noticed(&refused, "comment: ", "remark: ", "no comment");
    noticed(&refused, "block: 1", "block: 1\nblok: 1", "the header blok is not known");
    noticed(&refused, "block: 1", "block: 1\nblock: 1", "block stands twice");
    noticed(&refused, "block: 1", "block: 1\nflags: tokens", "the flag tokens is not known");
    noticed(&refused, "block: 1", "block: 1\nflags: token", "a request for what is not judged");
    noticed(&refused, "block: 1", "block: 1\nflags: key, scope", "two flags");
    noticed(&refused, "\nnow: ", "\nstate: {\"ledgers\":1}\nnow: ", "the member ledgers is not known");
    noticed(&accepted, "\nnow: ", "\nstate: {\"mark\":1}\nnow: ", "the member mark is not known");
    noticed(&accepted, "\"level\":\"public\"", "\"level\":\"public\",\"costs\":{\"calls\":\"1\"}", "where a number");
    noticed(&accepted, "\"level\":\"public\"", "\"level\":\"public\",\"cost\":{}", "the member cost is not known");
}

#[test]
fn an_accepted_token_that_is_another_one_is_noticed() {
    let [_, accepted] = samples();
    let token = accepted.lines().find(|line| line.starts_with("token: ")).unwrap();
    let other = files()
        .into_values()
        .filter(|text| text.contains("expect: ok\n"))
        .find_map(|text| text.lines().find(|line| line.starts_with("token: ") && *line != token).map(str::to_owned));
    noticed(&accepted, token, &other.unwrap(), "sealed again it is");
}
