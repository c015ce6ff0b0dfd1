//! The overlay against a plain map.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::world::Map;
use crate::law::Overlay;
use crate::store::{Key, Table};

#[derive(Clone, Debug)]
enum Step {
    Put(u8, Option<u8>),
    Append(u8),
    Save,
    Rollback,
    Get(u8),
    Scan(u8, Option<u8>, usize),
    Prefix(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let byte = 0..12_u8;
    let step = prop_oneof![
        4 => (byte.clone(), proptest::option::of(any::<u8>())).prop_map(|(key, value)| Step::Put(key, value)),
        1 => any::<u8>().prop_map(Step::Append),
        1 => Just(Step::Save),
        1 => Just(Step::Rollback),
        2 => byte.clone().prop_map(Step::Get),
        2 => (byte.clone(), proptest::option::of(byte.clone()), 0..6_usize).prop_map(|(a, b, n)| Step::Scan(a, b, n)),
        1 => (0..4_u8).prop_map(Step::Prefix),
    ];
    vec(step, 0..40)
}

/// Two bytes, so that prefixes hold several.
fn key(n: u8) -> Key {
    (if n.is_multiple_of(5) { Table::Spent } else { Table::Entry }, vec![n % 4, n])
}

proptest! {
    #[test]
    fn an_overlay_is_a_transaction(initial in vec((0..12_u8, any::<u8>()), 0..10), steps in steps()) {
        let mut map = Map::default();
        map.rows = initial.iter().map(|(n, value)| (key(*n), vec![*value])).collect();
        let before = map.rows.clone();
        let mut model: (BTreeMap<Key, Vec<u8>>, Vec<Vec<u8>>) = (before.clone(), vec![]);
        let mut overlay = Overlay::new(&mut map);
        let mut saved = Vec::new();
        for step in steps {
            match step {
                Step::Put(n, value) => {
                    overlay.put(key(n), value.map(|value| vec![value]));
                    match value {
                        Some(value) => model.0.insert(key(n), vec![value]),
                        None => model.0.remove(&key(n)),
                    };
                }
                Step::Append(value) => {
                    overlay.append(vec![value]);
                    model.1.push(vec![value]);
                }
                Step::Save => saved.push((overlay.savepoint(), model.clone())),
                Step::Rollback => {
                    if let Some((point, then)) = saved.pop() {
                        overlay.rollback_to(point);
                        model = then;
                    }
                }
                Step::Get(n) => {
                    let expected = model.0.get(&key(n)).map(Vec::as_slice);
                    prop_assert_eq!(overlay.bytes(&key(n)).unwrap(), expected);
                }
                Step::Scan(from, to, limit) => {
                    let to = to.map(|to| vec![to]);
                    let found = overlay.scan(Table::Entry, &[from], to.as_deref(), limit).unwrap();
                    let expected = range(&model.0, |key| key >= [from].as_slice() && to.as_deref().is_none_or(|to| key < to));
                    prop_assert_eq!(found, expected.into_iter().take(limit).collect::<Vec<_>>());
                }
                Step::Prefix(first) => {
                    let found = overlay.scan_prefix(Table::Entry, &[first]).unwrap();
                    prop_assert_eq!(found, range(&model.0, |key| key.starts_with(&[first])));
                }
            }
        }
        overlay.write().unwrap();
        let appended = map.rows.iter().filter(|((table, _), _)| *table == Table::Queue);
        prop_assert_eq!(appended.map(|(_, value)| value.clone()).collect::<Vec<_>>(), model.1);
        map.rows.retain(|(table, _), _| *table != Table::Queue);
        prop_assert_eq!(map.rows, model.0);
    }
}

fn range(rows: &BTreeMap<Key, Vec<u8>>, within: impl Fn(&[u8]) -> bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    let found = rows.iter().filter(|((table, key), _)| *table == Table::Entry && within(key));
    found.map(|((_, key), value)| (key.clone(), value.clone())).collect()
}

#[test]
fn what_is_not_changed_is_not_written() {
    let mut map = Map::default();
    map.rows.insert(key(1), vec![1]);
    let mut overlay = Overlay::new(&mut map);
    overlay.prefetch(&[key(1), key(2)]).unwrap();
    overlay.put(key(1), Some(vec![2]));
    overlay.put(key(1), Some(vec![1]));
    overlay.put(key(2), Some(vec![1]));
    overlay.put(key(2), None);
    overlay.write().unwrap();
    assert_eq!(map.puts, 0);
}

#[test]
fn a_long_prefix_is_read_whole() {
    let mut map = Map::default();
    for n in 0..700_u16 {
        map.rows.insert((Table::Entry, [&[255, 255], n.to_be_bytes().as_slice()].concat()), vec![]);
    }
    let mut overlay = Overlay::new(&mut map);
    assert_eq!(overlay.scan_prefix(Table::Entry, &[255, 255]).unwrap().len(), 700);
    assert_eq!(overlay.scan_prefix(Table::Entry, &[255]).unwrap().len(), 700);
    assert_eq!(overlay.scan_prefix(Table::Entry, &[254]).unwrap().len(), 0);
    overlay.put((Table::Entry, vec![5, 255, 1]), Some(vec![]));
    overlay.put((Table::Entry, vec![6]), Some(vec![]));
    assert_eq!(overlay.scan_prefix(Table::Entry, &[5, 255]).unwrap().len(), 1);
}
