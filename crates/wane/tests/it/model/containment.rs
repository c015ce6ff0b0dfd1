//! Containment is exact: against brute force over every pattern of a universe, and in unions of them.

use wane::Pattern;

use super::naive::Universe;

/// Patterns of up to three segments over two words, against actions of up to four over three.
fn universe() -> (Universe, Vec<Pattern>) {
    let universe = Universe::new(&["a", "b"], &["a", "b"], 3, None);
    let patterns = universe.patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    (universe, patterns)
}

#[test]
fn every_pattern_covers_what_it_should() {
    let (universe, patterns) = universe();
    for (text, pattern) in universe.patterns.iter().zip(&patterns) {
        for action in &universe.actions {
            assert_eq!(pattern.covers(&action.parse().unwrap()), universe.covers(text, action), "{text} {action}");
        }
    }
    assert_eq!((patterns.len(), universe.actions.len()), (39, 120));
}

/// One member that contains a pattern is the only way in which a union contains it: every union of up to four.
#[test]
fn every_union_contains_what_one_member_does() {
    let (universe, patterns) = universe();
    let sets: Vec<_> = universe.patterns.iter().map(|pattern| universe.set(pattern)).collect();
    let contains = |outer: usize, inner: usize| patterns[outer].contains(&patterns[inner]);
    let within: Vec<Vec<bool>> =
        (0..sets.len()).map(|outer| (0..sets.len()).map(|inner| contains(outer, inner)).collect()).collect();
    let (mut compared, mut contained) = (0_u64, 0_u64);
    let mut judge = |members: &[usize]| {
        let union = members.iter().fold(0, |all, member| all | sets[*member]);
        for inner in 0..sets.len() {
            let expected = sets[inner] & !union == 0;
            let found = members.iter().any(|member| within[*member][inner]);
            assert_eq!(found, expected, "{:?} in {members:?}", universe.patterns[inner]);
            compared += 1;
            contained += u64::from(found);
        }
    };
    for a in 0..sets.len() {
        judge(&[a]);
        for b in 0..a {
            judge(&[a, b]);
            for c in 0..b {
                judge(&[a, b, c]);
                for d in 0..c {
                    judge(&[a, b, c, d]);
                }
            }
        }
    }
    println!("{compared} compared, {contained} contained");
    assert!(compared == 39 * (39 + 741 + 9_139 + 82_251) && contained * 20 > compared);
}
