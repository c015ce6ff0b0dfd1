//! Which asks apply, and whom they name (steps 14 and 16).

use serde_json::json;

use super::{
    ACTIONS, LOCAL, ONCALL, Statement, asking, asks, narrowed, no, ok, one, request, seal, sealed, standard, with,
};
use crate::case::{Case, trusted};
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::Claims;
use crate::key::{key_text, public};
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [covered(), groups(), local(), places()].concat()
}

fn oncall() -> Item {
    list!["@oncall"]
}

/// Whether a pattern of an ask covers an action.
fn covered() -> Vec<Case> {
    let pattern = |pattern: &str| asking(list![list![pattern, oncall(), 1]]);
    let applies = |name, comment, asked: &str| asks(name, "T150", comment, 0).sealed(&sealed(&pattern(asked)));
    let passes =
        |name, comment, asked: &str| ok(name, "T67 T150", comment).sealed_from(&narrowed(&pattern(asked)), seal());
    vec![
        applies("none", "nobody has approved", "send:*"),
        applies("none-second-action", "the ask covers the second action alone", "read:hr:*"),
        applies("none-all", "the ask covers everything", "*"),
        applies("none-exact", "the ask is for just this action", "send:mail:board"),
        passes("not-covered", "an ask for other actions", "delete:*"),
        passes("not-covered-longer", "an ask for what lies below the action", "send:mail:board:*"),
        passes("not-covered-shorter", "an ask for an action above this one", "send:mail"),
        passes("not-covered-middle", "a `*` in the middle stands for one segment", "send:*:mail:board"),
        asks("none-no-ledger", "T150", "nobody has approved, and there is no ledger", 0)
            .state(json!({"local": key_text(LOCAL)}))
            .sealed(&standard()),
        asks("no-ledger", "T150", "without a ledger no ask is satisfied", 0)
            .state(json!({"local": key_text(LOCAL)}))
            .request(with(&[&Statement::by(ONCALL[0], &standard())]))
            .sealed(&standard()),
        asks("no-ledger-bad", "T150", "without a ledger no approval is looked at, not even one that is not good", 0)
            .state(json!({"local": key_text(LOCAL)}))
            .request(with(&[&Statement::by(ONCALL[0], &standard()).elsewhere()]))
            .sealed(&standard()),
        asks("no-ledger-forged", "T150 T164", "without a ledger no approval is looked at, not even a forged one", 0)
            .state(json!({"local": key_text(LOCAL)}))
            .request(with(&[&Statement { signer: ONCALL[1], ..Statement::by(ONCALL[0], &standard()) }]))
            .sealed(&standard()),
    ]
}

/// Groups that the roots define.
fn groups() -> Vec<Case> {
    let roots = |groups: &[&str]| {
        let mut lines = trusted(1);
        lines.push("[groups]".to_owned());
        lines.extend(groups.iter().map(|group| (*group).to_owned()));
        lines
    };
    let finance = || sealed(&one(list!["@finance"], 1));
    let either = || one(list!["@oncall", "@finance"], 1);
    let defined = format!("finance = [\"{}\"]", key_text(43));
    let of_oncall = format!("oncall = [\"{}\"]", key_text(ONCALL[0]));
    let undefined = |name, comment| no(name, "deny-group", "T149", comment).block(0);
    vec![
        undefined("group-undefined", "the roots do not define the group").sealed(&finance()),
        asks("group-defined", "T149", "the roots define the group", 0)
            .roots_file(roots(&[&defined]))
            .sealed(&finance()),
        asks("group-empty", "T149 T150", "the roots define the group as nobody, so it is never satisfied", 0)
            .roots_file(roots(&["finance = []"]))
            .sealed(&finance()),
        no(
            "group-empty-approved",
            "deny-approval-key",
            "T170",
            "the roots define the group as nobody, and somebody signed",
        )
        .roots_file(roots(&["finance = []"]))
        .request(with(&[&Statement::by(ONCALL[0], &finance())]))
        .sealed(&finance()),
        ok("group-elsewhere", "T149", "the roots do not define the group of an ask that covers no action")
            .sealed_from(&narrowed(&asking(list![list!["delete:*", list!["@finance"], 1]])), seal()),
        undefined("group-one-undefined", "the roots define one of the ask's two groups")
            .request(with(&[&Statement::by(ONCALL[0], &sealed(&either()))]))
            .sealed(&sealed(&either())),
        ok("group-second", "T149 T170", "one of the ask's two groups has approved")
            .roots_file(roots(&[&of_oncall, &defined]))
            .request(with(&[&Statement::by(43, &sealed(&either()))]))
            .sealed(&sealed(&either())),
        no("group-other", "deny-approval-key", "T170", "a group has approved that the ask does not name")
            .roots_file(roots(&[&of_oncall, &defined]))
            .request(with(&[&Statement::by(43, &standard())]))
            .sealed(&standard()),
        no("group-left", "deny-approval-key", "T170", "a key that is no longer of the group")
            .roots_file(roots(&[&of_oncall]))
            .request(with(&[&Statement::by(ONCALL[1], &standard())]))
            .sealed(&standard()),
        no(
            "group-of-second-ask",
            "deny-group",
            "T106 T149 T189",
            "the first ask is not satisfied, the second names no known group",
        )
        .block(1)
        .sealed(
            &Chain::root(&one(oncall(), 1))
                .delegate(Claims::new().ask(list![list!["read:*", list!["@finance"], 1]]))
                .seal(seal()),
        ),
        ok("key", "T170", "the ask names the key itself")
            .request(with(&[&Statement::by(43, &sealed(&one(list![public(43)], 1)))]))
            .sealed(&sealed(&one(list![public(43)], 1))),
    ]
}

/// `@local`, the enforcement point's own approval key.
fn local() -> Vec<Case> {
    let local = || sealed(&one(list!["@local"], 1));
    let without = || json!({"ledger": {"id": "5e".repeat(16)}});
    let by = |number: u8| with(&[&Statement::by(number, &local())]);
    vec![
        ok("local", "T119 T170", "the enforcement point's own key has approved").request(by(LOCAL)).sealed(&local()),
        asks("local-none", "T119 T149", "`@local` is defined without a line in the roots", 0).sealed(&local()),
        asks("local-unstated", "T119 T149", "`@local` is defined where the enforcement point has no such key", 0)
            .state(without())
            .sealed(&local()),
        no(
            "local-unstated-approved",
            "deny-approval-key",
            "T119 T170",
            "a statement by the key of another enforcement point",
        )
        .state(without())
        .request(by(LOCAL))
        .sealed(&local()),
        no("local-other", "deny-approval-key", "T119 T170", "one of the group has approved, and `@local` is asked")
            .request(by(ONCALL[0]))
            .sealed(&local()),
        no(
            "local-for-group",
            "deny-approval-key",
            "T170",
            "the enforcement point's own key has approved, and the group is asked",
        )
        .request(with(&[&Statement::by(LOCAL, &standard())]))
        .sealed(&standard()),
    ]
}

/// Which block asks.
fn places() -> Vec<Case> {
    let rule = || Claims::new().ask(list![list!["send:*", oncall(), 1]]);
    let root = || asking(list![list!["delete:*", oncall(), 1]]);
    let of_child = || Chain::root(&root()).delegate(rule()).seal(seal());
    let of_seal = || narrowed(&root()).seal(seal().ask(list![list!["send:*", oncall(), 1]]));
    let approved = |chain: &Chain| with(&[&Statement::by(ONCALL[0], chain)]);
    vec![
        asks("asked-by-delegate", "T150", "a delegate block asks", 1).sealed(&of_child()),
        ok("asked-by-delegate-approved", "T150", "a delegate block asks, and the group has approved")
            .request(approved(&of_child()))
            .sealed(&of_child()),
        asks("asked-by-seal", "T150 T189", "the seal asks", 2).sealed(&of_seal()),
        ok("asked-by-seal-approved", "T150", "the seal asks, and the group has approved")
            .request(approved(&of_seal()))
            .sealed(&of_seal()),
        asks("asked-stays", "T48 T150", "a later block asks for something else, and the first ask stays", 0).sealed(
            &Chain::root(&one(oncall(), 1))
                .delegate(Claims::new().ask(list![list!["delete:*", oncall(), 1]]))
                .seal(seal()),
        ),
        asks("asked-first-block", "T106 T150", "two blocks ask, the root block is named", 0)
            .sealed(&Chain::root(&one(oncall(), 1)).delegate(rule()).seal(seal())),
        asks("asked-for-one-of-four", "T150", "the ask covers the last of four actions", 0)
            .request({
                let actions = [ACTIONS[0], ACTIONS[1], "read:a", "delete:a"];
                crate::request::Request::new(&actions).aud("mail").call(&["tools/call", "send_salaries"])
            })
            .sealed(&sealed(&root())),
        ok("asked-beside", "T150", "the same request where no ask covers an action")
            .request(request())
            .sealed_from(&narrowed(&root()), seal()),
    ]
}
