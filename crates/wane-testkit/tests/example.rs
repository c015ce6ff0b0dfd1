//! What the specification shows byte for byte is what this crate writes.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use wane_testkit::key::{key, public};
use wane_testkit::text::hex;
use wane_testkit::{Chain, Claims, IAT, Item, Request, list, root};

const TOKEN_PAGE: &str = include_str!("../../../spec/token.md");
const DECIDE_PAGE: &str = include_str!("../../../spec/decide.md");

fn minted() -> Chain {
    let below = list!["/path", 7, list!["/data/reports"]];
    let scopes = list![
        "read:hr:*",
        list!["read:files:*", list![below], true],
        "write:files:*",
        "send:mail:internal",
        "execute:query:*",
        "read:calendar:*"
    ];
    Chain::root(&root().scopes(scopes))
}

/// The hexadecimal digits of the indented block that starts with this line, comments left out.
fn digits(page: &str, first: &str) -> String {
    let lines = page.lines().skip_while(|line| *line != first).take_while(|line| line.starts_with("    "));
    let bytes = lines.map(|line| line.split('#').next().unwrap());
    bytes.collect::<String>().split_whitespace().collect()
}

#[test]
fn the_example_token_comes_out_byte_for_byte() {
    let chain = minted().seal(Claims::new().exp(IAT + 300));
    let first = "    81                                        # array(1): no secret follows";
    let shown = digits(TOKEN_PAGE, first);
    // The page writes texts and bytes out in full; nothing else stands before the `#` of a line.
    assert_eq!(hex(&chain.to_item().to_bytes()), shown);
    assert_eq!(chain.to_item().to_bytes().len(), 353);
    assert!(TOKEN_PAGE.contains(&format!("\n    {}\n", chain.sealed())));
    for id in &chain.ids {
        assert!(TOKEN_PAGE.contains(&hex(id)), "{}", hex(id));
    }
    assert!(TOKEN_PAGE.contains(&hex(&public(1))));
}

#[test]
fn the_token_of_its_holder_carries_the_seed() {
    let bytes = minted().with_secret().to_bytes();
    assert_eq!(bytes.len(), 307);
    assert!(bytes.ends_with(&[&[0x58, 0x20][..], &key(2).to_bytes()].concat()));
}

#[test]
fn the_example_digest_comes_out() {
    let request = Request::new(&["read:report"]).call(&["tools/call", "read_report"]);
    let arguments = r#"{"path": "/data/reports/q3.txt", "limit": 1e2, "ratio": 0.5}"#;
    let digest = request.digest(arguments, vec![("purpose".into(), "payroll".into())]);
    assert!(DECIDE_PAGE.contains(&format!("\n    {}\n", hex(&digest))), "{}", hex(&digest));
}

#[test]
fn a_list_is_what_it_says() {
    assert_eq!(list![1, "a", [2; 2]], Item::List(vec![1.into(), "a".into(), [2; 2].into()]));
}
