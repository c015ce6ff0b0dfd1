//! Audiences, mark, clearance, budgets, and what only ever accumulates.

use serde_json::json;

use super::{chain, kept, lasts, wider};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, root};
use crate::key::public;
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [audiences(), mark(), clearance(), budgets(), added()].concat()
}

fn step() -> Claims {
    Claims::new()
}

fn audiences() -> Vec<Case> {
    // Whoever takes the last block allows the request at that audience.
    let wide = |name: &str, comment: &str, blocks: &[Claims], seal: Claims, aud: &str| {
        Case::new(&format!("narrowing/{name}"), comment)
            .refused("chain-audience")
            .block(blocks.len() - 1)
            .spec("T39")
            .request(Request::from("read:hr:employees").aud(aud))
            .sealed(&chain(blocks).seal(seal))
    };
    let files = || step().aud("files");
    let two = || root().auds(&["files", "mail"]);
    vec![
        kept("aud-one-of-two", "one of two audiences", "T39", &[two(), step().aud("files")]),
        kept("aud-again", "the audience in force is stated again", "T39", &[root(), step().aud("files")]),
        kept(
            "aud-second",
            "an audience within the second pattern in force",
            "T39",
            &[root().auds(&["mail:eu", "files:*"]), step().aud("files:eu")],
        )
        .request(Request::from("read:hr:employees").aud("files:eu")),
        Case::new("narrowing/aud-in-seal", "the seal chooses the audience").spec("T39 T61").sealed_from(
            &Chain::root(&root().aud("*")).delegate(step().auds(&["files", "mail:*"])),
            step().aud("files"),
        ),
        wide("aud-other", "an audience that is not in force", &[root(), step().aud("mail")], step(), "mail"),
        wide(
            "aud-one-more",
            "the audience in force and one more",
            &[root(), step().auds(&["files", "mail"])],
            files(),
            "files",
        ),
        wide("aud-star", "every audience", &[root(), step().aud("*")], files(), "files"),
        wide(
            "aud-longer",
            "an audience that starts with the one in force",
            &[root(), step().aud("files:eu")],
            step(),
            "files:eu",
        ),
        wide(
            "aud-shorter",
            "an audience with a segment less than each pattern in force",
            &[root().auds(&["files:*:eu", "files:eu:*"]), step().aud("files:eu")],
            step(),
            "files:eu",
        ),
        wide(
            "aud-back",
            "the other of two audiences, after a block has chosen one",
            &[two(), step().aud("files"), step().aud("mail")],
            step(),
            "mail",
        ),
        wide(
            "aud-union",
            "a pattern that only two in force together might seem to cover",
            &[root().auds(&["a:*:x", "a:b:*", "files"]), step().auds(&["a:*:*", "files"])],
            files(),
            "files",
        ),
        Case::new("narrowing/aud-other-in-seal", "a seal states an audience that is not in force")
            .refused("chain-audience")
            .block(1)
            .spec("T39")
            .request(Request::from("read:hr:employees").aud("mail"))
            .sealed(&Chain::minted().seal(step().aud("mail"))),
    ]
}

fn mark() -> Vec<Case> {
    let write = |case: Case| case.request("write:files:a");
    vec![
        kept("level-public", "the level public, where none was stated", "T45", &[root(), step().level(0)]),
        kept("level-equal", "the level in force is stated again", "T45", &[root().level(2), step().level(2)]),
        kept("level-higher", "a higher level", "T45", &[root().level(1), step().level(4)]),
        wider("level-lower", "a lower level", "chain-level", "T45", &[root().level(2), step().level(1)]),
        wider(
            "level-back",
            "a level lower than that of the block before",
            "chain-level",
            "T45",
            &[root().level(1), step().level(3), step().level(2)],
        ),
        Case::new("narrowing/level-lower-in-seal", "a seal states a lower level")
            .refused("chain-level")
            .block(1)
            .spec("T45")
            .sealed(&Chain::root(&root().level(1)).seal(step().level(0))),
        write(lasts(
            "level-stays",
            "a block that states no level leaves the one in force",
            "deny-ratchet",
            "T38 T133",
            &[root().level(3), step()],
        )),
        write(kept(
            "label-one",
            "confidential, and a label that no rule is for",
            "T46 T133",
            &[root().labels(&["pii"]), step().level(2)],
        )),
        write(lasts(
            "label-added",
            "the label of the root block stays beside that of a later one",
            "deny-ratchet",
            "T46",
            &[root().labels(&["untrusted"]), step().labels(&["pii"]), step().level(2)],
        )),
        write(lasts(
            "label-added-later",
            "the label of a later block joins that of the root block",
            "deny-ratchet",
            "T46",
            &[root().level(2).labels(&["pii"]), step().labels(&["untrusted"])],
        )),
    ]
}

fn clearance() -> Vec<Case> {
    let wide = |name, comment, blocks: &[Claims]| wider(name, comment, "chain-clearance", "T39", blocks);
    let secret = || Request::from("read:hr:employees").level("confidential");
    vec![
        kept("clearance-top", "the highest clearance, where none was stated", "T39", &[root(), step().clearance(4)]),
        kept(
            "clearance-equal",
            "the clearance in force is stated again",
            "T39 T144",
            &[root().clearance(2), step().clearance(2)],
        )
        .request(secret()),
        wide("clearance-higher", "a higher clearance", &[root().clearance(2), step().clearance(3)]),
        wide(
            "clearance-back",
            "the clearance of the root block, after a block has lowered it",
            &[root().clearance(2), step().clearance(1), step().clearance(2)],
        ),
        lasts(
            "clearance-stays",
            "a block that states no clearance leaves the one in force",
            "deny-clearance",
            "T38 T144",
            &[root().clearance(1), step()],
        )
        .request(secret()),
    ]
}

/// Judged with the ledger that these chains name, for a request that costs one call and ten bytes.
fn counted(case: Case) -> Case {
    case.request(Request::from("read:hr:employees").cost("calls", 1).cost("bytes", 10))
        .state(json!({"ledger": {"id": "05".repeat(16)}}))
}

fn budgets() -> Vec<Case> {
    let capped = || root().ledger(5).budgets(&[("bytes", 20), ("calls", 10)]);
    let kept = |name, comment, spec, blocks: &[Claims]| counted(kept(name, comment, spec, blocks));
    let wider = |name, comment, code, spec, blocks: &[Claims]| counted(wider(name, comment, code, spec, blocks));
    vec![
        kept("budget-equal", "the cap in force is stated again", "T39", &[capped(), step().budgets(&[("calls", 10)])]),
        kept("budget-lower", "a lower cap", "T39", &[capped(), step().budgets(&[("bytes", 10), ("calls", 9)])]),
        kept(
            "budget-new",
            "a cap of a counter that had none",
            "T39",
            &[root().ledger(5).budgets(&[("calls", 10)]), step().budgets(&[("bytes", 1_000)])],
        ),
        wider("budget-higher", "a higher cap", "chain-budget", "T39", &[capped(), step().budgets(&[("calls", 11)])]),
        wider(
            "budget-one-higher",
            "a lower cap and a higher one",
            "chain-budget",
            "T39",
            &[capped(), step().budgets(&[("bytes", 21), ("calls", 1)])],
        ),
        wider(
            "budget-back",
            "the cap of the root block, after a block has lowered it",
            "chain-budget",
            "T39",
            &[capped(), step().budgets(&[("calls", 5)]), step().budgets(&[("calls", 10)])],
        ),
        wider(
            "budget-back-later",
            "the same, with a block between that states other caps",
            "chain-budget",
            "T38 T39",
            &[
                capped(),
                step().budgets(&[("calls", 5)]),
                step().budgets(&[("bytes", 20)]),
                step().budgets(&[("calls", 6)]),
            ],
        ),
        Case::new("narrowing/budget-no-ledger-root", "a root block with a budget and no ledger")
            .refused("chain-ledger")
            .block(0)
            .spec("T47")
            .sealed(&Chain::root(&root().budgets(&[("calls", 10)])).seal(step())),
        wider(
            "budget-no-ledger",
            "a budget where no ledger is in force",
            "chain-ledger",
            "T47",
            &[root(), step().budgets(&[("calls", 10)])],
        ),
        kept(
            "budget-with-ledger",
            "a delegate block states its ledger beside the budget",
            "T47",
            &[root(), step().ledger(5).budgets(&[("calls", 10)])],
        ),
        kept("ledger-equal", "the ledger in force is stated again", "T39", &[root().ledger(5), step().ledger(5)]),
        wider(
            "ledger-other",
            "another ledger than the one in force",
            "chain-ledger",
            "T39",
            &[root().ledger(5), step().ledger(6)],
        ),
        wider(
            "ledger-other-later",
            "another ledger, with a block between that states none",
            "chain-ledger",
            "T38 T39",
            &[root().ledger(5), step(), step().ledger(6)],
        ),
        lasts(
            "ledger-stays",
            "a block that states no ledger leaves the one in force, and none is here",
            "state-no-ledger",
            "T38 T54 T142",
            &[root().ledger(5), step()],
        ),
    ]
}

/// The action is refused by what the block at this place states, and another one is not.
fn pair(name: &str, comment: &str, code: &str, block: usize, actions: [&str; 2], blocks: &[Claims]) -> Vec<Case> {
    let refused = lasts(name, comment, code, "T48", blocks).block(block).request(actions[0]);
    let other = format!("{name}-not-covered");
    let allowed = Case::new(&format!("narrowing/{other}"), &format!("{comment}; another action"))
        .spec("T48")
        .request(actions[1])
        .sealed_from(&chain(blocks), step());
    vec![refused, allowed]
}

fn added() -> Vec<Case> {
    let ask = |pattern: &str| list![list![pattern, list![public(0x51)], 1]];
    let rule = |keep: &str| list![list![0, list![], list![keep]]];
    [
        pair(
            "deny-stays",
            "a later block states another deny pattern",
            "deny-pattern",
            0,
            ["read:hr:employees", "read:a"],
            &[root().deny(&["read:hr:*"]), step().deny(&["read:files:*"])],
        ),
        pair(
            "deny-of-a-block",
            "a block states a deny pattern, and the next one nothing",
            "deny-pattern",
            1,
            ["read:hr:employees", "read:hr"],
            &[root(), step().deny(&["read:hr:*"]), step()],
        ),
        pair(
            "ask-stays",
            "a later block states another ask",
            "deny-needs-approval",
            0,
            ["read:hr:employees", "read:a"],
            &[root().ask(ask("read:hr:*")), step().ask(ask("read:files:*"))],
        ),
        pair(
            "rule-stays",
            "a later block states a rule that keeps more",
            "deny-ratchet",
            0,
            ["write:files:a", "read:hr:employees"],
            &[root().rules(rule("read:*")), step().rules(rule("*"))],
        ),
        pair(
            "rule-of-a-block",
            "a block states a rule, and the next one nothing",
            "deny-ratchet",
            1,
            ["write:files:a", "read:hr:employees"],
            &[root(), step().rules(rule("read:*")), step()],
        ),
    ]
    .concat()
}
