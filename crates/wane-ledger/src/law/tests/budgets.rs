//! Caps: siblings share their parent's, a line shares its own, and none is exceeded by one.

use proptest::collection::vec;
use proptest::prelude::*;
use wane::{Code, Level, Narrowing, Request, Token, Verified};

use super::world::{Answer, NOW, World, carried, id_of, judge, request};
use crate::law::{self, Overlay, Spent};

fn call(cost: u64) -> Request {
    request("read:a", Level::Public).cost("calls".parse().unwrap(), cost)
}

fn spent(world: &mut World, token: &Token) -> u64 {
    let key = law::spent_key(id_of(token), &"calls".parse().unwrap());
    world.look(|overlay| overlay.load::<Spent>(&key)).map_or(0, |row| row.spent)
}

/// A session with a cap of 20, two children with caps of 15 and 3, and one without.
fn family(world: &World) -> (Token, Vec<Token>, Vec<Verified>) {
    let name: wane::Name = "calls".parse().unwrap();
    let parent = world.mint(&World::grant(NOW, NOW + 600).budget(name.clone(), 20));
    let child = |narrowing: Narrowing| parent.attenuate(&narrowing, carried()).unwrap();
    let capped = |cap| child(Narrowing::new().budget(name.clone(), cap));
    let children = vec![capped(15), capped(3), child(Narrowing::new())];
    let verified = children.iter().chain([&parent]).map(|token| world.seal(token)).collect();
    (parent, children, verified)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Groups of requests, each in its own savepoint, some of them dropped; some groups never commit.
    #[test]
    fn no_cap_is_exceeded(
        groups in vec((any::<bool>(), vec((0..4_usize, 0..8_u64, any::<bool>()), 1..6)), 0..10)
    ) {
        let mut world = World::new();
        let (parent, children, verified) = family(&world);
        let mut charged = [0_u64; 4];
        for (commits, group) in groups {
            let mut overlay = Overlay::new(&mut world.map);
            let mut then = charged;
            for (who, cost, keep) in group {
                let point = overlay.savepoint();
                let answer = judge(&verified[who], &call(cost), NOW, &mut overlay, true).unwrap();
                let total: u64 = then.iter().sum();
                let fits = total + cost <= 20 && (who != 0 || then[0] + cost <= 15) && (who != 1 || then[1] + cost <= 3);
                prop_assert_eq!(answer, if fits { Answer::Allow } else { Answer::Deny(Code::DenyBudget) });
                match answer {
                    Answer::Allow if keep => then[who] += cost,
                    _ => overlay.rollback_to(point),
                }
            }
            if commits {
                overlay.write().unwrap();
                charged = then;
            }
        }
        prop_assert_eq!(spent(&mut world, &parent), charged.iter().sum::<u64>());
        prop_assert_eq!(spent(&mut world, &children[0]), charged[0]);
        prop_assert_eq!(spent(&mut world, &children[1]), charged[1]);
    }
}

#[test]
fn a_line_has_one_counter_that_lives_as_long_as_the_line() {
    let mut world = World::new();
    let name: wane::Name = "calls".parse().unwrap();
    let first = world.mint(&World::grant(NOW, NOW + 60).budget(name.clone(), 10));
    let old = world.seal(&first);
    assert_eq!(world.admit(&old, &call(6), NOW), Answer::Allow);
    let renew = |world: &World, iat: u64, cap: u64| {
        let grant = World::grant(iat, iat + 90_000).budget(name.clone(), cap).continues(id_of(&first));
        world.seal(&world.mint(&grant))
    };
    // It is admitted without a charge, so that only the entry's end moves.
    let second = renew(&world, NOW + 50, 10);
    assert_eq!(world.admit(&second, &call(0), NOW + 50), Answer::Allow);
    world.collect(NOW + 5_000);
    assert_eq!(world.check(&second, &call(5), NOW + 5_000), Answer::Deny(Code::DenyBudget));
    assert_eq!(world.admit(&second, &call(4), NOW + 5_000), Answer::Allow);
    assert_eq!(spent(&mut world, &first), 10);
    // A cap of its own is compared with the same counter.
    let third = renew(&world, NOW + 5_000, 12);
    assert_eq!(world.check(&third, &call(3), NOW + 5_000), Answer::Deny(Code::DenyBudget));
    assert_eq!(world.admit(&third, &call(2), NOW + 5_000), Answer::Allow);
}

#[test]
fn a_counter_cannot_overflow() {
    let mut world = World::new();
    let cap = wane::limits::INTEGER_MAX as u64;
    let token = world.mint(&World::grant(NOW, NOW + 60).budget("calls".parse().unwrap(), cap));
    let verified = world.seal(&token);
    assert_eq!(world.admit(&verified, &call(cap), NOW), Answer::Allow);
    for cost in [1, cap, u64::MAX, u64::MAX - cap] {
        assert_eq!(world.check(&verified, &call(cost), NOW), Answer::Deny(Code::DenyBudget), "{cost}");
    }
    assert_eq!(world.admit(&verified, &call(0), NOW), Answer::Allow);
}
