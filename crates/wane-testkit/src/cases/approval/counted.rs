//! How many must approve, and what counts once (T174).

use super::{ACTIONS, LOCAL, ONCALL, Statement, asking, asks, ok, one, request, seal, sealed, standard, with};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, NOW};
use crate::key::public;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [needs(), several()].concat()
}

fn needs() -> Vec<Case> {
    let two = || sealed(&one(list!["@oncall"], 2));
    let three = || sealed(&one(list!["@oncall"], 3));
    let four = || sealed(&one(list!["@oncall"], 4));
    let twice_named = || sealed(&one(list!["@oncall", public(ONCALL[0])], 2));
    let mixed = || sealed(&one(list!["@oncall", "@local"], 2));
    let by = |number: u8, chain: &Chain| Statement::by(number, chain);
    let all = |chain: &Chain| ONCALL.map(|number| Statement::by(number, chain));
    let [first, second, third] = all(&two());
    let [a, b, c] = all(&three());
    let [d, e, f] = all(&four());
    vec![
        ok("one", "T150 T174", "one of the group has approved")
            .request(with(&[&by(ONCALL[0], &standard())]))
            .sealed(&standard()),
        ok("one-last-of-group", "T170 T174", "the last of the group has approved")
            .request(with(&[&by(ONCALL[2], &standard())]))
            .sealed(&standard()),
        ok("one-more", "T174", "one is needed, and two have approved")
            .request(with(&[&by(ONCALL[0], &standard()), &by(ONCALL[1], &standard())]))
            .sealed(&standard()),
        ok("two", "T174", "two are needed, and two have approved").request(with(&[&first, &third])).sealed(&two()),
        asks("one-of-two", "T174", "two are needed, and one has approved", 0).request(with(&[&second])).sealed(&two()),
        asks("one-twice", "T174", "two are needed, and one has approved in two statements", 0)
            .request(with(&[&first, &first.clone().times(NOW - 9, NOW + 600)]))
            .sealed(&two()),
        asks("one-shown-twice", "T174", "two are needed, and one statement is shown twice", 0)
            .request(with(&[&first, &first]))
            .sealed(&two()),
        ok("three", "T174", "three are needed, and three have approved").request(with(&[&a, &b, &c])).sealed(&three()),
        asks("two-of-three", "T174", "three are needed, and two have approved", 0)
            .request(with(&[&a, &b]))
            .sealed(&three()),
        asks("more-than-there-are", "T174", "more are needed than the group has keys", 0)
            .request(with(&[&d, &e, &f]))
            .sealed(&four()),
        asks("one-named-twice", "T174", "two are needed, and one that the ask names twice has approved", 0)
            .request(with(&[&by(ONCALL[0], &twice_named())]))
            .sealed(&twice_named()),
        ok("group-and-local", "T119 T174", "two are needed: one of the group, and the enforcement point")
            .request(with(&[&by(ONCALL[0], &mixed()), &by(LOCAL, &mixed())]))
            .sealed(&mixed()),
    ]
}

/// Several asks cover the actions.
fn several() -> Vec<Case> {
    let both = || sealed(&asking(list![list!["send:*", list!["@oncall"], 1], list!["read:hr:*", list!["@oncall"], 1]]));
    let each = || sealed(&asking(list![list!["send:*", list!["@oncall"], 1], list!["read:hr:*", list!["@local"], 1]]));
    let stricter =
        || sealed(&asking(list![list!["send:*", list!["@oncall"], 1], list!["send:mail:*", list!["@oncall"], 2]]));
    let of_blocks = || {
        let child = Claims::new().ask(list![list!["read:hr:*", list!["@local"], 1]]);
        Chain::root(&one(list!["@oncall"], 1)).delegate(child).seal(seal())
    };
    let by = |number: u8, chain: &Chain| Statement::by(number, chain);
    vec![
        ok("one-for-both", "T174", "one statement serves two asks that name its key")
            .request(with(&[&by(ONCALL[0], &both())]))
            .sealed(&both()),
        asks("one-of-two-asks", "T150", "two asks name different keys, and one is satisfied", 0)
            .request(with(&[&by(ONCALL[0], &each())]))
            .sealed(&each()),
        ok("both-asks", "T150", "two asks name different keys, and both are satisfied")
            .request(with(&[&by(ONCALL[0], &each()), &by(LOCAL, &each())]))
            .sealed(&each()),
        asks(
            "stricter-ask",
            "T150 T174",
            "two asks cover the action, and only the one that needs fewer is satisfied",
            0,
        )
        .request(with(&[&by(ONCALL[0], &stricter())]))
        .sealed(&stricter()),
        ok("stricter-ask-approved", "T150 T174", "two asks cover the action, and both are satisfied")
            .request(with(&[&by(ONCALL[0], &stricter()), &by(ONCALL[1], &stricter())]))
            .sealed(&stricter()),
        asks("ask-of-child-left", "T150", "the root block's ask is satisfied, the delegate block's is left", 1)
            .request(with(&[&by(ONCALL[0], &of_blocks())]))
            .sealed(&of_blocks()),
        asks("ask-of-root-left", "T150", "the delegate block's ask is satisfied, the root block's is left", 0)
            .request(with(&[&by(LOCAL, &of_blocks())]))
            .sealed(&of_blocks()),
        ok("all-asks-in-other-order", "T150", "both are satisfied, the statements stand in the other order")
            .request(with(&[&by(LOCAL, &of_blocks()), &by(ONCALL[0], &of_blocks())]))
            .sealed(&of_blocks()),
        asks("none-of-asks", "T150", "two blocks ask, and nobody has approved", 0)
            .request(request())
            .sealed(&of_blocks()),
        ok("one-action-alone", "T150 T168", "a request of one action, and a statement for it")
            .request(alone().approved(alone_statement(&ACTIONS[..1]).text()))
            .sealed(&standard()),
        ok("one-action-alone-no-ask", "T150", "a request of one action that no ask covers")
            .request(crate::request::Request::new(&ACTIONS[1..]).aud("mail").call(&["tools/call", "send_salaries"]))
            .sealed(&standard()),
    ]
}

fn alone() -> crate::request::Request {
    crate::request::Request::new(&ACTIONS[..1]).aud("mail").call(&["tools/call", "send_salaries"])
}

fn alone_statement(actions: &[&str]) -> Statement {
    Statement::by(ONCALL[0], &standard()).actions(actions)
}
