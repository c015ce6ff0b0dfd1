//! `host` and `scheme`.

use super::{on, on_texts, under};
use crate::case::Case;
use crate::cbor::Item;
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [hosts(), ports(), not_plain(), of_an_age(), schemes(), operands()].concat()
}

fn host(hosts: &[&str]) -> Item {
    list!["/a", 8, Item::texts(hosts)]
}

fn hosts() -> Vec<Case> {
    let other = "deny-condition";
    let urls = on_texts(
        "host",
        "T93 T95",
        host(&["files.example", "10.0.0.1", "[::1]"]),
        &[
            ("root", "the path /", "https://files.example/", "ok"),
            ("no-path", "without the path", "https://files.example", "ok"),
            ("no-path-query", "without the path, with a query", "https://files.example?q=1", "ok"),
            ("all-parts", "path, query and fragment", "http://files.example/a/b?c=d&e#f", "ok"),
            ("percent", "percent signs that are no dots", "https://files.example/%C3%A9%20%zz", "ok"),
            ("address", "an IPv4 address", "http://10.0.0.1/", "ok"),
            ("address-6", "an IPv6 address", "http://[::1]/", "ok"),
            ("at-in-path", "an @ in the path", "https://files.example/@evil.example", "ok"),
            ("other-scheme", "a scheme that WHATWG does not know", "x-sync://files.example/a", "ok"),
            ("in-path", "the host in the path of another", "https://evil.example/files.example", other),
            ("longer", "a host that starts with it", "https://files.example.evil.example/", other),
            ("subdomain", "a host below it", "https://a.files.example/", other),
            ("suffix", "a host that ends with it", "https://evilfiles.example/", other),
            ("mapped", "the IPv4 address within an IPv6 one is another host", "http://[::ffff:a00:1]/", other),
            ("none", "a URL without a host", "mailto:a@files.example", other),
            ("none-file", "a file", "file:///files.example/a", other),
        ],
    );
    let lists = on(
        "host",
        "T86 T88",
        host(&["files.example"]),
        &[
            (
                "all-of-list",
                "each element is at the host",
                r#"{"a": ["https://files.example/", "https://files.example/b"]}"#,
                "ok",
            ),
            (
                "one-of-list",
                "one element is not",
                r#"{"a": ["https://files.example/", "https://evil.example/"]}"#,
                other,
            ),
            ("integer", "an integer is no URL", r#"{"a": 1}"#, "deny-argument-type"),
        ],
    );
    [urls, lists].concat()
}

fn ports() -> Vec<Case> {
    let other = "deny-condition";
    [
        on_texts(
            "port",
            "T95",
            host(&["h.example"]),
            &[
                ("unstated", "no port, where none is stated", "https://h.example/", "ok"),
                ("other", "a port, where none is stated", "https://h.example:8443/", other),
                ("of-other-scheme", "the default port of another scheme", "http://h.example:443/", other),
            ],
        ),
        on_texts(
            "port-443",
            "T95",
            host(&["h.example:443"]),
            &[
                ("default", "443 is the default port of https", "https://h.example/", "ok"),
                ("wss", "and of wss", "wss://h.example/", "ok"),
                ("stated", "and is stated for http", "http://h.example:443/", "ok"),
                ("http", "it is not the default port of http", "http://h.example/", other),
            ],
        ),
        on_texts(
            "port-8080",
            "T95",
            host(&["h.example:8080", "[::1]:80", "h.example:21"]),
            &[
                ("equal", "the port that is stated", "http://h.example:8080/", "ok"),
                ("other", "another port", "http://h.example:8081/", other),
                ("longer", "a port that starts with the one of another host", "http://h.example:808/", other),
                ("address-6", "the default port of http at an IPv6 address", "http://[::1]/", "ok"),
                ("ftp", "21 is the default port of ftp", "ftp://h.example/", "ok"),
                ("none", "a scheme without a default port", "x-sync://h.example/", other),
            ],
        ),
    ]
    .concat()
}

/// Each would be at the host for somebody who reads URLs another way.
fn not_plain() -> Vec<Case> {
    let rows = [
        ("user", "a user name", "https://user@h.example/"),
        ("user-empty", "an empty user name", "https://@h.example/"),
        ("user-password", "a user name and a password", "https://u:p@h.example/"),
        ("host-as-user", "the host as a user name", "https://h.example@evil.example/"),
        ("host-as-password", "the host and a port as user name and password", "https://h.example:80@evil.example/"),
        ("backslash", "a backslash before the @", r"https://evil.example\@h.example/"),
        ("backslashes", "backslashes for slashes", r"https:\\h.example\"),
        ("capital-scheme", "the scheme in capitals", "HTTPS://h.example/"),
        ("capital-host", "the host in capitals", "https://H.example/"),
        ("default-port", "the default port", "https://h.example:443/"),
        ("empty-port", "an empty port", "https://h.example:/"),
        ("padded-port", "a port with a zero before it", "https://h.example:08443/"),
        ("large-port", "the port 65536", "https://h.example:65536/"),
        ("no-slashes", "no slashes", "https:h.example"),
        ("one-slash", "one slash", "https:/h.example/"),
        ("three-slashes", "three slashes", "https:///h.example/"),
        ("no-scheme", "no scheme", "//h.example/"),
        ("host-alone", "a host alone", "h.example"),
        ("dot-dot", "a step up in the path", "https://h.example/a/../b"),
        ("dot-dot-percent", "a step up with percent signs", "https://h.example/a/%2e%2E/b"),
        ("dot", "a step nowhere in the path", "https://h.example/./a"),
        ("space", "a space", "https://h.example/a b"),
        ("space-before", "a space before it", " https://h.example/"),
        ("tab", "a tab within the host", "https://h.exa\tmple/"),
        ("line-feed", "a line feed behind it", "https://h.example/\n"),
        ("beyond-ascii", "a letter beyond ASCII in the path", "https://h.example/\u{e9}"),
        ("wide-dot", "a dot of another script", "https://h\u{3002}example/"),
        ("percent-host", "a percent sign in the host", "https://%68.example/"),
        ("empty", "an empty text", ""),
        ("short-address", "an IPv4 address of two parts", "http://127.1/"),
        ("hexadecimal-address", "an IPv4 address in hexadecimal digits", "http://0x7f.0.0.1/"),
        ("one-number", "an IPv4 address as one number", "http://2130706433/"),
        ("octal-address", "an IPv4 address in octal digits", "http://0177.0.0.1/"),
        ("long-address-6", "an IPv6 address with zeros", "http://[0:0:0:0:0:0:0:1]/"),
        ("mixed-address-6", "an IPv6 address that ends as IPv4", "http://[::ffff:127.0.0.1]/"),
    ];
    let hosts = host(&["h.example", "127.0.0.1", "[::1]", "[::ffff:7f00:1]"]);
    let rows: Vec<super::Row> = rows.into_iter().map(|(name, comment, url)| (name, comment, url, "deny-url")).collect();
    on_texts("url", "T93", hosts, &rows)
}

/// What one parser takes and another one changes or refuses, depending on its age.
fn of_an_age() -> Vec<Case> {
    let refused = [
        ("caret", "a caret in the path", "http://h.example/^"),
        ("bar", "a bar in the path", "http://h.example/|"),
        ("braces", "braces in the query", "http://h.example/?{}"),
        ("backtick", "a backtick in the query", "http://h.example/?`"),
        ("apostrophe", "an apostrophe in the query", "x://h.example/?a='b'"),
        ("quote", "a quotation mark in a path without a host", "x:a\"b"),
        ("punycode", "a label of an international name", "http://xn--bcher-kva.example/"),
        ("punycode-later", "a later label of one", "http://a.xn--p1ai/"),
        ("five-numbers", "a name of five numbers", "http://1.2.3.4.5/"),
        ("last-number", "a name whose last label is a number", "http://h.1/"),
        ("last-hexadecimal", "a name whose last label starts with 0x", "http://h.0xg/"),
        ("dot-behind", "a dot behind the name", "http://h.example./"),
        ("empty-label", "an empty label", "http://h..example/"),
        ("letter-in-host", "a letter that no name has", "http://h~1.example/"),
        ("capital-other-scheme", "a capital in the host of an unknown scheme", "x://H.example/"),
        ("percent-other-scheme", "a percent sign in the host of an unknown scheme", "x://%68.example/"),
        ("short-address-other-scheme", "a short address in an unknown scheme", "x://127.1/"),
        ("file-host", "a file on another host", "file://h.example/a"),
        ("file-localhost", "a file on localhost", "file://localhost/a"),
        ("file-slashes", "a file behind four slashes", "file:////h.example/a"),
        ("file-nothing", "no file", "file://"),
        ("dot-slashes", "a path that starts with two slashes behind a dot", "x:/.//h.example/a"),
    ];
    let taken = [
        ("apostrophe-in-path", "an apostrophe in the path", "http://h.example/it's"),
        ("brackets-in-path", "brackets in the path", "http://h.example/a[1]"),
        ("underscore", "an underscore and hyphens in the host", "http://h_1.a--b.-c/"),
        ("digit-first", "a last label that starts with a digit", "http://h.1a/"),
        ("file-plain", "a file", "file:///a/b"),
        ("no-host-slash", "a path without a host", "x:/a//b"),
        ("no-host-dots", "a path that does not start with a slash is taken as it is", "x:a/../b"),
        ("empty-host", "an empty host", "x:///a"),
    ];
    let long = |letters: usize| format!("http://{}.example/", "a".repeat(letters));
    let longest = |letters: usize| format!("http://{}.{}/", vec!["a".repeat(63); 3].join("."), "b".repeat(letters));
    let scheme = list!["/a", 9, "zz"];
    let rows = |rows: &[(&'static str, &'static str, &'static str)], answer| -> Vec<super::Row> {
        rows.iter().map(|(name, comment, url)| (*name, *comment, *url, answer)).collect()
    };
    let sized = [
        ("label-63", "a label of 63 letters", long(63), "deny-condition 0"),
        ("label-64", "a label of 64 letters", long(64), "deny-url 0"),
        ("name-253", "a name of 253 letters", longest(61), "deny-condition 0"),
        ("name-254", "a name of 254 letters", longest(62), "deny-url 0"),
    ];
    let sized = sized.into_iter().map(|(name, comment, url, answer)| {
        Case::new(&format!("conditions/url-age-{name}"), comment)
            .spec("T94 T188")
            .arguments(&format!("{{\"a\": \"{url}\"}}"))
            .answered(answer, &under(scheme.clone()))
    });
    [
        on_texts("url-age", "T93 T94 T188", scheme.clone(), &rows(&refused, "deny-url")),
        // Of the right form, and of another scheme.
        on_texts("url-age", "T93 T94 T188", scheme.clone(), &rows(&taken, "deny-condition")),
        sized.collect(),
    ]
    .concat()
}

fn schemes() -> Vec<Case> {
    on_texts(
        "scheme",
        "T93 T96",
        list!["/a", 9, "https"],
        &[
            ("equal", "the scheme", "https://h.example/", "ok"),
            ("other", "another scheme", "http://h.example/", "deny-condition"),
            ("longer", "a scheme that starts with it", "https+x://h.example/", "deny-condition"),
            ("script", "no host at all", "javascript:alert(1)", "deny-condition"),
            ("capitals", "the scheme in capitals", "HTTPS://h.example/", "deny-url"),
            ("user", "a user name", "https://u@h.example/", "deny-url"),
            ("word", "a word", "https", "deny-url"),
        ],
    )
}

fn operands() -> Vec<Case> {
    let refused = [
        ("capital", "a capital", "H.example"),
        ("dot-behind", "a dot behind the name", "h.example."),
        ("dot-before", "a dot before the name", ".example"),
        ("empty-label", "an empty label", "a..b"),
        ("star", "a star", "*.example"),
        ("at", "an @", "a@h.example"),
        ("path", "a path", "h.example/a"),
        ("scheme", "a scheme", "https://h.example"),
        ("empty", "an empty text", ""),
        ("beyond-ascii", "a letter beyond ASCII", "b\u{fc}cher.example"),
        ("punycode", "a label of an international name", "xn--bcher-kva.example"),
        ("punycode-later", "a later label of one", "a.xn--p1ai"),
        ("short-address", "an IPv4 address of two parts", "127.1"),
        ("hexadecimal", "an IPv4 address in hexadecimal digits", "0x7f.0.0.1"),
        ("number", "a number", "2130706433"),
        ("last-number", "a name whose last label is a number", "h.1"),
        ("bare-address-6", "an IPv6 address without brackets", "::1"),
        ("long-address-6", "an IPv6 address with zeros", "[::0001]"),
        ("mapped", "an IPv6 address that ends as IPv4", "[::ffff:127.0.0.1]"),
        ("zone", "an IPv6 address with a zone", "[fe80::1%25eth0]"),
        ("port-0", "the port 0", "h.example:0"),
        ("port-65536", "the port 65536", "h.example:65536"),
        ("port-padded", "a port with a zero before it", "h.example:080"),
        ("port-empty", "an empty port", "h.example:"),
    ];
    let case = |(name, comment, operand): (&str, &str, &str)| {
        Case::new(&format!("conditions/host-form-{name}"), &format!("a host: {comment}"))
            .spec("T94")
            .arguments(r#"{"a": "https://h.example/"}"#)
            .answered("parse-condition 0", &under(host(&["h.example", operand])))
    };
    let mut cases: Vec<Case> = refused.into_iter().map(case).collect();
    cases.push(
        Case::new("conditions/host-form-taken", "hosts in every form")
            .spec("T94")
            .arguments(r#"{"a": "https://h.example:65535/"}"#)
            .answered(
                "ok",
                &under(host(&[
                    "h",
                    "a_b.1c-",
                    "10.0.0.1",
                    "10.0.0.1:1",
                    "[::1]",
                    "[2001:db8::1]:80",
                    "h.example:65535",
                ])),
            ),
    );
    for (name, comment, operand) in [
        ("capital", "a capital", "Https"),
        ("colon", "a colon", "https:"),
        ("digit", "a digit at the start", "1https"),
        ("empty", "an empty text", ""),
        ("underscore", "an underscore", "x_y"),
    ] {
        cases.push(
            Case::new(&format!("conditions/scheme-form-{name}"), &format!("a scheme: {comment}"))
                .spec("T96")
                .arguments(r#"{"a": "https://h.example/"}"#)
                .answered("parse-condition 0", &under(list!["/a", 9, operand])),
        );
    }
    cases
}
