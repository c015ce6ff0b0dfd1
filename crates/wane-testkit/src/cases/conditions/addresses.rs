//! `cidr`.

use super::{on, on_texts, under};
use crate::case::Case;
use crate::cbor::Item;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [within(), literals(), networks()].concat()
}

fn cidr(networks: &[&str]) -> Item {
    list!["/a", 10, Item::texts(networks)]
}

fn within() -> Vec<Case> {
    let other = "deny-condition";
    [
        on_texts(
            "cidr",
            "T97 T98",
            cidr(&["10.0.0.0/8", "192.0.2.128/25", "2001:db8::/32"]),
            &[
                ("first", "the first address of a network", "10.0.0.0", "ok"),
                ("last", "the last address of a network", "10.255.255.255", "ok"),
                ("behind", "the address behind it", "11.0.0.0", other),
                ("before", "the address before it", "9.255.255.255", other),
                ("half", "the first address of the upper half", "192.0.2.128", "ok"),
                ("lower-half", "the last address of the lower half", "192.0.2.127", other),
                ("six", "an IPv6 address", "2001:db8::1", "ok"),
                ("six-last", "the last address of an IPv6 network", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "ok"),
                ("six-behind", "the address behind it", "2001:db9::", other),
                ("six-capitals", "an IPv6 address in capitals, with a zero written out", "2001:DB8:0::1", "ok"),
                ("mapped", "an IPv4 address within an IPv6 one", "::ffff:10.0.0.1", "ok"),
                ("mapped-digits", "the same in hexadecimal digits", "::ffff:a00:1", "ok"),
                ("mapped-other", "another IPv4 address within an IPv6 one", "::ffff:11.0.0.1", other),
                ("compatible", "an IPv6 address that only ends like it", "::10.0.0.1", other),
            ],
        ),
        on_texts(
            "cidr-all-six",
            "T97",
            cidr(&["::/0"]),
            &[
                ("six", "every IPv6 address", "fe80::1", "ok"),
                ("four", "no IPv4 address", "10.0.0.1", other),
                ("mapped", "nor one within an IPv6 address", "::ffff:10.0.0.1", other),
            ],
        ),
        on_texts(
            "cidr-all-four",
            "T97",
            cidr(&["0.0.0.0/0"]),
            &[
                ("mapped", "every IPv4 address, also within an IPv6 one", "::ffff:10.0.0.1", "ok"),
                ("six", "no other IPv6 address", "::1", other),
            ],
        ),
        on_texts(
            "cidr-one",
            "T98",
            cidr(&["10.0.0.1/32", "::1/128"]),
            &[
                ("four", "a network of one address", "10.0.0.1", "ok"),
                ("four-next", "the next address", "10.0.0.2", other),
                ("six", "an IPv6 network of one address", "::1", "ok"),
            ],
        ),
        on(
            "cidr",
            "T86 T88",
            cidr(&["10.0.0.0/8"]),
            &[
                ("all-of-list", "each element lies within it", r#"{"a": ["10.0.0.1", "::ffff:10.0.0.2"]}"#, "ok"),
                ("one-of-list", "one element does not", r#"{"a": ["10.0.0.1", "11.0.0.1"]}"#, other),
                ("integer", "an integer is no address", r#"{"a": 167772161}"#, "deny-argument-type"),
            ],
        ),
    ]
    .concat()
}

/// Each would lie within the network for somebody who reads addresses another way.
fn literals() -> Vec<Case> {
    let rows = [
        ("zero-before", "a zero before a number: octal to some readers", "010.0.0.1"),
        ("zero-before-last", "a zero before the last number", "10.0.0.01"),
        ("zero-before-mapped", "a zero before a number within an IPv6 address", "::ffff:010.0.0.1"),
        ("zero-before-six", "a zero before a group", "2001:0db8::1"),
        ("two-parts", "two parts", "10.1"),
        ("one-number", "one number", "167772161"),
        ("hexadecimal", "hexadecimal digits", "0xa.0.0.1"),
        ("network", "a network", "10.0.0.1/32"),
        ("port", "a port", "10.0.0.1:80"),
        ("brackets", "brackets", "[2001:db8::1]"),
        ("zone", "a zone", "2001:db8::1%eth0"),
        ("space", "a space behind it", "10.0.0.1 "),
        ("line-feed", "a line feed behind it", "10.0.0.1\n"),
        ("too-large", "the number 256", "10.0.0.256"),
        ("five-parts", "five parts", "10.0.0.0.1"),
        ("two-gaps", "two gaps", "2001:db8::1::2"),
        ("nine-groups", "nine groups", "2001:db8:1:2:3:4:5:6:7"),
        ("wide-digit", "a digit of another script", "\u{ff11}0.0.0.1"),
        ("name", "a name", "localhost"),
        ("empty", "an empty text", ""),
    ];
    let rows: Vec<super::Row> =
        rows.into_iter().map(|(name, comment, text)| (name, comment, text, "deny-address")).collect();
    on_texts("address", "T97", cidr(&["0.0.0.0/0", "::/0"]), &rows)
}

fn networks() -> Vec<Case> {
    let rows = [
        ("host-bits", "host bits", "10.0.0.1/8"),
        ("host-bits-six", "host bits in IPv6", "2001:db8::1/32"),
        ("no-length", "no length", "10.0.0.0"),
        ("long-length", "a length of 33", "10.0.0.0/33"),
        ("long-length-six", "a length of 129", "::/129"),
        ("padded-length", "a length with a zero before it", "10.0.0.0/08"),
        ("signed-length", "a length with a sign", "10.0.0.0/+8"),
        ("mask", "a mask in place of the length", "10.0.0.0/255.0.0.0"),
        ("three-parts", "three parts", "10.0.0/8"),
        ("zero-before", "a zero before a number", "010.0.0.0/8"),
        ("capitals", "capitals", "2001:DB8::/32"),
        ("written-out", "a zero written out", "2001:db8:0::/32"),
        ("zero-before-six", "a zero before a group", "2001:0db8::/32"),
        ("mapped", "an IPv4 network within IPv6", "::ffff:10.0.0.0/104"),
        ("mapped-digits", "the same in hexadecimal digits", "::ffff:a00:0/104"),
        ("mapped-all", "all of IPv4 within IPv6", "::ffff:0:0/96"),
        ("space", "a space", " 10.0.0.0/8"),
    ];
    let case = |(name, comment, network): (&str, &str, &str)| {
        Case::new(&format!("conditions/network-{name}"), &format!("a network: {comment}"))
            .spec("T98")
            .arguments(r#"{"a": "192.0.2.1"}"#)
            .answered("parse-condition 0", &under(cidr(&["192.0.2.0/24", network])))
    };
    rows.into_iter().map(case).collect()
}
