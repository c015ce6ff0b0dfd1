//! `spec/errors.md` and the list of codes say the same, in both directions.

use wane::Code;

const PAGE: &str = include_str!("../../../../spec/errors.md");

/// One row: code, retry, message, example, when, by.
fn rows() -> Vec<Vec<String>> {
    let cells = |line: &str| {
        let line = line.replace("\\|", "\u{0}");
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
    };
    PAGE.lines().filter(|line| line.starts_with("| `") && line.matches(" | ").count() == 5).map(cells).collect()
}

#[test]
fn every_code_has_its_row_in_order() {
    let stated: Vec<String> = rows().iter().map(|row| format!("{} {} {}", row[0], row[1], row[2])).collect();
    let coded: Vec<String> =
        Code::ALL.iter().map(|code| format!("`{code}` {} {}", code.retry().as_str(), code.message())).collect();
    for row in &stated {
        assert!(coded.contains(row), "spec/errors.md says, and the code does not: {row}");
    }
    for code in &coded {
        assert!(stated.contains(code), "the code says, and spec/errors.md does not: {code}");
    }
    assert_eq!(stated, coded, "the order");
}

#[test]
fn examples_are_what_the_messages_give() {
    for row in rows() {
        let (message, example) = (&row[2], &row[3]);
        if !message.contains('{') {
            assert_eq!(example, "—", "{row:?}");
            continue;
        }
        assert!(!example.contains('{'), "{row:?}");
        let mut rest = example.as_str();
        for constant in message.split(['{', '}']).step_by(2) {
            let (_, after) = rest.split_once(constant).unwrap_or_else(|| panic!("`{constant}` in {row:?}"));
            rest = after;
        }
    }
}

#[test]
fn every_row_says_when() {
    for row in rows() {
        assert!(row[4].len() > 10, "{row:?}");
    }
}
