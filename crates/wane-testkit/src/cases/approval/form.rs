//! The one form that a statement has (T163): read alone, and not believed.

use super::{ACTIONS, ONCALL, Statement, no, request, standard};
use crate::case::Case;
use crate::cbor::{Item, long_head};
use crate::chain::Block;
use crate::claims::{Claims, EXP, NOW, cnf};
use crate::key::public;
use crate::list;
use crate::request::approval_text;
use crate::text::line;

pub(super) fn cases() -> Vec<Case> {
    [read(), claims(), values(), bytes(), texts()].concat()
}

fn good() -> Statement {
    Statement::by(ONCALL[0], &standard())
}

fn alone(name: &str, spec: &str, comment: &str, text: String) -> Case {
    Case::new(&format!("approval/{name}"), comment).spec(spec).plain("approval", text)
}

fn refused(name: &str, code: &str, spec: &str, comment: &str, text: String) -> Case {
    alone(name, spec, comment, text).refused(code)
}

/// A statement of these claims.
fn stating(claims: Claims) -> String {
    Statement { claims, ..good() }.text()
}

/// With the claims of a good one changed.
fn changed(change: impl FnOnce(Claims) -> Claims) -> String {
    good().with(change).text()
}

/// Of this payload.
fn raw(payload: &[u8]) -> String {
    approval_text(&Block::raw(3, payload).by(ONCALL[0]), good().last)
}

fn read() -> Vec<Case> {
    let four = [ACTIONS[0], ACTIONS[1], "read:a", "read:b"];
    vec![
        alone("read", "T163", "exactly the five claims", good().text()),
        alone("read-four-actions", "T34 T163", "four actions", good().actions(&four).text()),
        alone("read-unsigned", "T163 T164", "who signed it is not looked at", {
            approval_text(&good().block().signature(|_| vec![0; 64]), good().last)
        }),
        alone("read-lf", "T2 T163", "one LF behind the line", good().text() + "\n"),
    ]
}

fn claims() -> Vec<Case> {
    let missing = |name, comment, change: fn(Claims) -> Claims| {
        refused(name, "parse-missing-claim", "T163", comment, changed(change))
    };
    let extra = |name, comment, change: fn(Claims) -> Claims| {
        refused(name, "parse-misplaced-claim", "T163", comment, changed(change))
    };
    let unknown = |name, comment, change: fn(Claims) -> Claims| {
        refused(name, "parse-unknown-claim", "T28", comment, changed(change))
    };
    vec![
        missing("missing-exp", "no exp", |claims| claims.without(4)),
        missing("missing-iat", "no iat", |claims| claims.without(6)),
        missing("missing-digest", "no digest", |claims| claims.without_private(14)),
        missing("missing-approver", "no approver", |claims| claims.without_private(16)),
        missing("missing-actions", "no actions", |claims| claims.without_private(17)),
        missing("missing-all", "no claim at all", |_| Claims::new()),
        extra("extra-sub", "a sub", |claims| claims.subject("oncall")),
        extra("extra-aud", "an aud", |claims| claims.aud("mail")),
        extra("extra-nbf", "an nbf", |claims| claims.nbf(NOW)),
        extra("extra-cti", "a cti", |claims| claims.cti(7)),
        extra("extra-cnf", "a cnf", |claims| claims.set(8, cnf(&public(ONCALL[0])))),
        extra("extra-hint", "a hint", |claims| claims.hint([1; 8])),
        extra("extra-session", "a session", Claims::session),
        extra("extra-scopes", "scopes", |claims| claims.scopes(list![0])),
        extra("extra-note", "a note", |claims| claims.note("fine with me")),
        missing("missing-before-extra", "no exp, and a note", |claims| claims.without(4).note("fine with me")),
        refused("extra-read-whole", "parse-claim-type", "T163", "scopes in the form of a root block", {
            changed(|claims| claims.scopes(list!["read:*"]))
        }),
        extra("extra-said", "said facts", |claims| claims.said(crate::map! {"purpose" => "payroll"})),
        unknown("extra-unknown", "a claim that nobody knows", |claims| claims.set(9, 1)),
        unknown("extra-unknown-private", "a private claim that nobody knows", |claims| claims.private(18, 1)),
    ]
}

fn values() -> Vec<Case> {
    let value = |name, code, spec, comment, key: i64, value: Item| {
        refused(name, code, spec, comment, changed(|claims| claims.private(key, value)))
    };
    let five: Vec<String> = (0..5).map(|number| format!("read:hr:{number}")).collect();
    let mut small_order = [0; 32];
    small_order[0] = 1;
    vec![
        value("actions-none", "parse-not-canonical", "T35", "an empty list of actions", 17, list![]),
        value("actions-twice", "parse-not-canonical", "T35", "an action twice", 17, list![ACTIONS[0], ACTIONS[0]]),
        value("actions-five", "parse-limit", "T34", "five actions", 17, Item::texts(&five)),
        value("actions-pattern", "parse-pattern", "T36", "a pattern in place of an action", 17, list!["send:*"]),
        value("actions-text", "parse-claim-type", "T31", "one action as a text", 17, ACTIONS[0].into()),
        value("digest-short", "parse-claim-type", "T31", "a digest of 31 bytes", 14, [2; 31].into()),
        value("digest-long", "parse-claim-type", "T31", "a digest of 33 bytes", 14, [2; 33].into()),
        value("approver-small-order", "parse-key", "T33", "a key of small order", 16, small_order.into()),
        value("approver-group", "parse-claim-type", "T31", "a group in place of a key", 16, "@oncall".into()),
        value("approver-short", "parse-claim-type", "T31", "a key of 31 bytes", 16, [2; 31].into()),
    ]
}

fn bytes() -> Vec<Case> {
    let wrapped = |payload: &Item| raw(&payload.to_bytes());
    let private = || {
        let actions = Item::texts(&ACTIONS);
        crate::map! {14 => super::digest(), 16 => public(ONCALL[0]), 17 => actions}
    };
    let times = |entries: Vec<(Item, Item)>| {
        let mut entries = entries;
        entries.push((crate::claims::PRIVATE.into(), private()));
        Item::Map(entries)
    };
    let (exp, iat) = (|| (Item::from(4), Item::from(NOW + 600)), || (Item::from(6), Item::from(NOW)));
    let claims = good().claims.to_item().to_bytes();
    let open = [vec![0xbf], claims.into_iter().skip(1).collect(), vec![0xff]].concat();
    let envelope = |shape: fn(Vec<Item>) -> Item| approval_text(&good().block().shape(shape), good().last);
    let whole = good().block().sign(good().last, ONCALL[0]).1.to_bytes();
    vec![
        refused("long-exp", "parse-not-shortest", "T8", "exp in eight bytes", {
            wrapped(&times(vec![(4.into(), Item::Raw(long_head(0, NOW + 600, 8))), iat()]))
        }),
        refused("claims-order", "parse-key-order", "T9", "iat before exp", wrapped(&times(vec![iat(), exp()]))),
        refused("claim-twice", "parse-duplicate-key", "T9", "exp twice", wrapped(&times(vec![exp(), exp(), iat()]))),
        refused("indefinite", "parse-indefinite", "T7", "a map without a length", raw(&open)),
        refused("claims-in-list", "parse-claim-type", "T31", "an array in place of the claims", wrapped(&list![])),
        refused("payload-trailing", "parse-trailing-bytes", "T13", "a null behind the claims", {
            raw(&[good().claims.to_item().to_bytes(), vec![0xf6]].concat())
        }),
        refused("trailing", "parse-trailing-bytes", "T13", "a null behind the envelope", {
            line("wane1.approval.", &[&whole[..], &[0xf6]].concat())
        }),
        refused("cut", "parse-truncated", "T10", "the last byte is not there", {
            line("wane1.approval.", whole.split_last().map_or(&[], |(_, cut)| cut))
        }),
        refused("empty", "parse-truncated", "T10", "no byte at all", line("wane1.approval.", &[])),
        refused("header", "parse-envelope", "T17", "a key id in the unprotected header", {
            envelope(|mut parts| {
                parts.splice(1..2, [crate::map! {4 => Item::Bytes(vec![])}]);
                Item::List(parts)
            })
        }),
        refused("algorithm", "parse-envelope", "T17", "another algorithm in the protected header", {
            approval_text(&good().block().protected(&[0xa1, 0x01, 0x27]), good().last)
        }),
        refused("signature-short", "parse-envelope", "T18", "a signature of 63 bytes", {
            approval_text(&good().block().signature(|_| vec![0; 63]), good().last)
        }),
        refused("in-a-list", "parse-envelope", "T17", "the envelope in an array, as in a token", {
            envelope(|parts| list![Item::List(parts)])
        }),
    ]
}

fn texts() -> Vec<Case> {
    let text = good().text();
    // One byte beyond a multiple of three: the last character carries two bits, and four that are zero.
    let uneven = (0..3).map(|extra| good().actions(&[&"a".repeat(extra + 1)]).text());
    let uneven = uneven.into_iter().find(|text| (text.len() - "wane1.approval.".len()) % 4 == 2).unwrap_or_default();
    let spelt: String = uneven
        .chars()
        .rev()
        .enumerate()
        .map(|(place, letter)| if place == 0 { next(letter) } else { letter })
        .collect();
    let spelt: String = spelt.chars().rev().collect();
    let sealed = standard().sealed();
    let long = stating(good().claims.exp(EXP)).replace(".approval.", ".approval. ");
    vec![
        refused("padding", "parse-text", "T2", "padded base64url", format!("{text}=")),
        refused("trailing-bits", "parse-text", "T2", "trailing bits that are not zero", spelt),
        refused("blank", "parse-text", "T2", "a blank behind the prefix", long),
        refused("prefix-sealed", "parse-prefix", "T2", "the same bytes under another prefix", {
            text.replace(".approval.", ".sealed.")
        }),
        refused("prefix-of-token", "parse-prefix", "T2", "a sealed token in place of an approval", sealed.clone()),
        no("shown-token", "parse-prefix", "T2", "a request comes with a sealed token in place of an approval")
            .request(request().approved(sealed))
            .sealed(&standard()),
        no("shown-without-exp", "parse-missing-claim", "T163", "a request comes with a statement without exp")
            .request(request().approved(changed(|claims| claims.without(4))))
            .sealed(&standard()),
        no("shown-second", "parse-missing-claim", "T163", "of two statements the second cannot be read")
            .request(request().approved(text).approved(changed(|claims| claims.without(4))))
            .sealed(&standard()),
    ]
}

/// The next letter of the alphabet.
fn next(letter: char) -> char {
    char::from_u32(u32::from(letter) + 1).unwrap_or(letter)
}
