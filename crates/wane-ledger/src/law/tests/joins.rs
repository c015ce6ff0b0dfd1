//! Every row that merges is a join: idempotent, commutative, associative.

use proptest::collection::{btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use wane::{BlockId, Level, Mark, SecretKey};

use super::world::LEDGER;
use crate::law::{About, Entry, Meta, Opened, Revoked, RevokedBefore, Rise, Spent};

/// Times and ids from a small set, so that they meet.
fn small() -> impl Strategy<Value = u64> {
    0..6_u64
}

fn id() -> impl Strategy<Value = BlockId> {
    (0..3_u8).prop_map(|byte| BlockId::from_bytes([byte; 32]))
}

pub(crate) fn mark(labels: usize) -> impl Strategy<Value = Mark> {
    let level = proptest::sample::select(Level::ALL.to_vec());
    (level, btree_set(0..24_u8, 0..=labels)).prop_map(|(level, labels)| {
        labels.into_iter().fold(Mark::at(level), |mark, n| mark.with(format!("label-{n}").parse().unwrap()))
    })
}

fn rise() -> impl Strategy<Value = Rise> {
    (small(), "[ab]", mark(16)).prop_map(|(at, record, mark)| Rise { at, record, mark })
}

fn opened() -> impl Strategy<Value = Opened> {
    (0..2_u8, small(), of(id()), small()).prop_map(|(seed, iat, continues, at)| Opened {
        root: (&SecretKey::from_seed([seed; 32]).public_key()).into(),
        iat,
        continues,
        at,
    })
}

fn about() -> impl Strategy<Value = About> {
    (of(id()), of(id()), of("[ab]"), of("[ab]"), small(), small()).prop_map(|told| {
        let (parent, continues, sub, note, issued, root_issued) = told;
        About { parent, sub, key: None, note, issued, root_issued, continues }
    })
}

/// An entry as joins make them.
pub(crate) fn entry() -> impl Strategy<Value = Entry> {
    let revoked = of((small(), "[ab]").prop_map(|(at, reason)| Revoked { at, reason }));
    let facts = (of(small()), of(small()), of(opened()), of(about()));
    (revoked, facts, vec(rise(), 0..6)).prop_map(|(revoked, (exp, registered, opened, about), rises)| {
        let mut entry = Entry { revoked, exp, registered, opened, about, ..Entry::default() };
        for rise in rises {
            entry.join(Entry { mark: rise.mark.clone(), raised: vec![rise], ..Entry::default() });
        }
        entry
    })
}

fn meta() -> impl Strategy<Value = Meta> {
    (small(), small(), small()).prop_map(|(epoch, since, collected)| Meta {
        schema: 1,
        id: LEDGER,
        epoch,
        since,
        collected,
        log: String::new(),
        origin: String::new(),
    })
}

fn revoked_before() -> impl Strategy<Value = RevokedBefore> {
    (small(), small(), "[ab]").prop_map(|(before, at, reason)| RevokedBefore { before, at, reason })
}

fn laws<T: Clone + PartialEq + std::fmt::Debug>(a: &T, b: &T, c: &T, join: impl Fn(&T, &T) -> T) {
    assert_eq!(&join(a, a), a, "idempotent");
    assert_eq!(join(a, b), join(b, a), "commutative");
    assert_eq!(join(&join(a, b), c), join(a, &join(b, c)), "associative");
    assert_eq!(join(&join(a, b), a), join(a, b), "nothing is lost");
}

proptest! {
    #[test]
    fn entries(a in entry(), b in entry(), c in entry()) {
        laws(&a, &b, &c, |a, b| {
            let mut joined = a.clone();
            joined.join(b.clone());
            joined
        });
    }

    #[test]
    fn a_joined_entry_knows_all_that_matters(a in entry(), b in entry()) {
        let mut joined = a.clone();
        joined.join(b.clone());
        for part in [&a, &b] {
            prop_assert!(joined.mark.level() >= part.mark.level());
            let all = part.mark.labels().all(|label| joined.mark.labels().any(|known| known == label));
            prop_assert!(all || joined.mark.labels().len() > 16, "a label was lost from a mark that still allows");
            prop_assert!(part.revoked.is_none() || joined.revoked.is_some());
            prop_assert!(joined.exp >= part.exp && joined.registered >= part.registered);
        }
        prop_assert!(joined.mark.labels().len() <= 17, "a mark that is denied everything grows no further");
        prop_assert!(joined.raised.len() <= 21, "{} rises", joined.raised.len());
    }

    #[test]
    fn small_rows(
        metas in [meta(), meta(), meta()],
        before in [revoked_before(), revoked_before(), revoked_before()],
        spent in [(small(), small()), (small(), small()), (small(), small())],
    ) {
        let [a, b, c] = &metas;
        laws(a, b, c, |a, b| { let mut joined = a.clone(); joined.join(b); joined });
        let [a, b, c] = &before;
        laws(a, b, c, |a, b| { let mut joined = a.clone(); joined.join(b.clone()); joined });
        let [a, b, c] = spent.map(|(spent, exp)| Spent { spent, exp });
        laws(&a, &b, &c, |a, b| { let mut joined = *a; joined.join(*b); joined });
    }
}
