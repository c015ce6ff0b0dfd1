//! `test-vectors/scenarios.md`: every row of others' suites says what shows the same here, or why nothing does.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const TOP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What each heading starts with, and how many rows follow: 39 are the numbered cases of A.1 to A.25.
const SUITES: [(&str, usize); 5] = [
    ("Biscuit", 38),
    ("Tenuo", 39),
    ("Agent delegation chains, first", 20),
    ("Agent delegation chains, second", 35),
    ("Agent delegation chains, bundles", 29),
];

fn document() -> String {
    fs::read_to_string(Path::new(TOP).join("test-vectors/scenarios.md")).unwrap()
}

/// The last cell of each row under each heading.
fn rows(document: &str) -> Vec<(&str, Vec<&str>)> {
    document
        .split("\n## ")
        .skip(1)
        .map(|part| {
            let rows = part.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
            let cells = rows.map(|row| row.trim_matches('|').rsplit(" | ").next().unwrap().trim());
            (part.lines().next().unwrap(), cells.filter(|cell| !cell.is_empty()).collect())
        })
        .collect()
}

/// What stands in backquotes and is a path.
fn paths(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2).filter(|quoted| quoted.contains('/'))
}

fn exists(path: &str) -> bool {
    [Path::new(TOP).join("test-vectors").join(path), Path::new(TOP).join(path)].iter().any(|path| path.is_file())
}

#[test]
fn every_suite_is_there_and_every_row_names_a_file_or_a_reason() {
    let document = document();
    let rows = rows(&document);
    assert_eq!(rows.len(), SUITES.len());
    for ((heading, cells), (name, count)) in rows.iter().zip(SUITES) {
        assert!(heading.starts_with(name), "{heading}");
        assert_eq!(cells.len(), count, "{heading}");
        for cell in cells {
            let reason = cell.strip_prefix("none: ").is_some_and(|reason| reason.len() > 10);
            assert!(reason || paths(cell).next().is_some(), "{heading}: {cell}");
            for path in paths(cell) {
                assert!(exists(path), "{heading}: {path} is not there");
            }
        }
    }
}

#[test]
fn every_scenario_stands_in_a_row() {
    let document = document();
    let rows = rows(&document);
    let named: BTreeSet<&str> = rows
        .iter()
        .flat_map(|(_, cells)| cells)
        .flat_map(|cell| paths(cell))
        .filter_map(|path| path.strip_prefix("scenarios/"))
        .collect();
    let mut found = 0;
    for file in fs::read_dir(Path::new(TOP).join("test-vectors/scenarios")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(named.contains(name.as_str()), "{name} stands in no row of scenarios.md");
        found += 1;
    }
    assert_eq!(found, named.len());
    assert!(found > 100, "only {found} scenarios were found");
}

#[test]
fn a_path_that_leads_nowhere_is_noticed() {
    assert!(exists("scenarios/biscuit-003.txt") && exists("spec/scopes.md"));
    assert!(!exists("scenarios/biscuit-039.txt") && !exists("scenarios"));
}
