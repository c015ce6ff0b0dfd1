//! Random histories: decisions only get narrower, and the order of what happened does not matter.

use proptest::collection::vec;
use proptest::prelude::*;
use wane::{Bearer, BlockId, Charge, Effects, Level, Mark, Narrowing, Request, Use, Verified, Volatility};

use super::joins::mark;
use super::world::{Map, NOW, World, carried, id_of, request};
use crate::law;

#[derive(Clone, Debug)]
enum Event {
    Admit(usize, usize, u64),
    Raise(usize, Mark, u64),
    Revoke(usize, u64),
    RevokeBefore(usize, u64),
    Collect(u64),
    Restore(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let time = prop_oneof![NOW..NOW + 100, 0..NOW + 20_000];
    prop_oneof![
        6 => (0..5_usize, 0..4_usize, NOW + 30..NOW + 2_000).prop_map(|(who, what, at)| Event::Admit(who, what, at)),
        2 => (0..5_usize, mark(3), time.clone()).prop_map(|(block, mark, at)| Event::Raise(block, mark, at)),
        1 => (0..5_usize, time.clone()).prop_map(|(block, at)| Event::Revoke(block, at)),
        1 => (0..5_usize, NOW - 40..NOW + 40).prop_map(|(bearer, before)| Event::RevokeBefore(bearer, before)),
        2 => time.clone().prop_map(Event::Collect),
        1 => time.prop_map(Event::Restore),
    ]
}

struct Cast {
    verified: Vec<Verified>,
    blocks: Vec<BlockId>,
    bearers: Vec<Bearer>,
    requests: Vec<Request>,
}

/// A session with two children, one that continues it, and another one; all of them known to the ledger.
fn cast(world: &mut World) -> Cast {
    let calls: wane::Name = "calls".parse().unwrap();
    let first = world.mint(&World::grant(NOW, NOW + 600).budget(calls.clone(), 9).subject("planner"));
    let one = first.attenuate(&Narrowing::new().budget(calls.clone(), 4).subject("reporter"), carried()).unwrap();
    let two = one.attenuate(&Narrowing::new().expires_at(NOW + 300), carried()).unwrap();
    let later = World::grant(NOW + 20, NOW + 9_000).budget(calls.clone(), 9).continues(id_of(&first));
    let later = world.mint(&later.subject("reporter"));
    let other = world.mint(&World::grant(NOW - 10, NOW + 9_000).subject("planner"));
    let tokens = [&first, &one, &two, &later, &other];
    let root = world.root.public_key();
    for token in tokens {
        world.change(|overlay| law::register(token.chain(), Some(&root), NOW, overlay));
    }
    let verified: Vec<_> = tokens.iter().map(|token| world.seal(token)).collect();
    let key = |token: &wane::Token| Bearer::Key(*token.chain().blocks().last().unwrap().claims().key().unwrap());
    let agent = |name: &str| Bearer::Agent(name.into());
    let request = |action, level| request(action, level).cost(calls.clone(), 1);
    Cast {
        blocks: tokens.map(id_of).to_vec(),
        bearers: vec![Bearer::Root(root), agent("planner"), agent("reporter"), key(&one), key(&later)],
        requests: vec![
            request("read:a", Level::Public),
            request("read:a", Level::Restricted),
            request("write:a", Level::Internal),
            request("send:a", Level::Public),
        ],
        verified,
    }
}

fn happen(world: &mut World, cast: &Cast, event: &Event) {
    match event {
        Event::Admit(who, what, at) => {
            world.admit(&cast.verified[*who], &cast.requests[*what], *at);
        }
        Event::Raise(block, mark, at) => world.change(|it| law::raise(cast.blocks[*block], mark, "op", *at, it)),
        Event::Revoke(block, at) => world.change(|overlay| law::revoke(cast.blocks[*block], "", *at, overlay)),
        Event::RevokeBefore(bearer, before) => {
            world.change(|overlay| law::revoke_before(&cast.bearers[*bearer], *before, "", NOW, overlay));
        }
        Event::Collect(at) => {
            world.collect(*at);
        }
        Event::Restore(at) => {
            world.change(|overlay| law::accept_restore(1, *at, overlay));
        }
    }
}

/// How freely everything is answered, now and at other times, since a clock may stand anywhere.
fn answers(world: &mut World, cast: &Cast) -> Vec<u8> {
    let mut ranks = Vec::new();
    for at in [NOW + 31, NOW + 400, NOW + 8_000] {
        for verified in &cast.verified {
            ranks.extend(cast.requests.iter().map(|request| world.check(verified, request, at).rank()));
        }
    }
    ranks
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn decisions_only_get_narrower(events in vec(event(), 0..14)) {
        let mut world = World::new();
        let cast = cast(&mut world);
        let mut before = answers(&mut world, &cast);
        prop_assert!(before.contains(&0), "something is allowed at first");
        for event in &events {
            happen(&mut world, &cast, event);
            let after = answers(&mut world, &cast);
            let freer: Vec<_> = (0..after.len()).filter(|index| after[*index] < before[*index]).collect();
            prop_assert!(freer.is_empty(), "{event:?} widened {freer:?}");
            before = after;
        }
    }

    #[test]
    fn what_was_read_before_is_what_is_read_anew(events in vec(event(), 0..14)) {
        let mut world = World::new();
        let cast = cast(&mut world);
        let known = accounts(&cast);
        for event in &events {
            happen(&mut world, &cast, event);
            // The second time nothing is new.
            for (account, verified) in known.iter().chain(&known).zip(cast.verified.iter().cycle()) {
                let gets = world.map.gets;
                let known = world.look(|overlay| {
                    overlay.prefetch(account.rows())?;
                    account.state(&[], overlay, Volatility::Durable)
                });
                prop_assert_eq!(world.map.gets, gets + 1, "no row is read beside those that are compared");
                let anew = world.look(|overlay| law::state_for(verified, &[], overlay, Volatility::Durable));
                prop_assert_eq!(known, anew, "{:?}", event);
            }
        }
    }
}

/// Things that happen whatever else has happened.
#[derive(Clone, Debug)]
enum Fact {
    Admitted(usize, Mark, u64, u8),
    Raised(usize, Mark, u64),
    Revoked(usize, u64),
    RevokedBefore(usize, u64, u64),
    Registered(usize, u64),
}

fn fact() -> impl Strategy<Value = Fact> {
    let time = NOW..NOW + 8;
    prop_oneof![
        3 => (0..5_usize, mark(2), time.clone(), 0..3_u8).prop_map(|(who, mark, at, cost)| Fact::Admitted(who, mark, at, cost)),
        2 => (0..5_usize, mark(16), time.clone()).prop_map(|(block, mark, at)| Fact::Raised(block, mark, at)),
        1 => (0..5_usize, time.clone()).prop_map(|(block, at)| Fact::Revoked(block, at)),
        1 => (0..5_usize, time.clone(), time.clone()).prop_map(|(who, before, at)| Fact::RevokedBefore(who, before, at)),
        1 => (0..5_usize, time).prop_map(|(block, at)| Fact::Registered(block, at)),
    ]
}

/// The same few admissions, again and again.
fn again() -> impl Strategy<Value = Fact> {
    let level = prop_oneof![Just(Level::Public), Just(Level::Internal), Just(Level::Restricted)];
    (0..2_usize, level, NOW - 1..NOW + 3).prop_map(|(who, level, at)| Fact::Admitted(who, Mark::at(level), at, 0))
}

fn accounts(cast: &Cast) -> Vec<law::Account> {
    cast.verified.iter().map(|one| law::Account::of(one.clone().into()).unwrap()).collect()
}

fn record(world: &mut World, cast: &Cast, accounts: &[law::Account], number: usize, fact: &Fact) {
    let name = format!("record-{number:03}");
    match fact {
        Fact::Admitted(who, mark, at, cost) => {
            let account = &accounts[*who];
            let session = account.line();
            let charge = Charge { block: session, name: "calls".parse().unwrap(), cost: u64::from(*cost), cap: 1_000 };
            let used = Use { id: BlockId::from_bytes([number as u8; 32]), expires_at: NOW + 50 };
            let effects = Effects { session, raise: mark.clone(), charges: vec![charge], uses: vec![used] };
            world.change(|overlay| {
                overlay.prefetch(account.rows())?;
                law::commit_effects(account, &effects, *at, &name, overlay)
            });
        }
        Fact::Raised(block, mark, at) => world.change(|it| law::raise(cast.blocks[*block], mark, &name, *at, it)),
        Fact::Revoked(block, at) => world.change(|it| law::revoke(cast.blocks[*block], &name, *at, it)),
        Fact::RevokedBefore(who, before, at) => {
            world.change(|it| law::revoke_before(&cast.bearers[*who], *before, &name, *at, it));
        }
        Fact::Registered(block, at) => {
            let root = world.root.public_key();
            let chain = cast.verified[*block].chain().clone();
            world.change(|it| law::register(&chain, Some(&root), *at, it));
        }
    }
}

/// Once nothing is new, and only for what that was.
#[test]
fn what_was_told_is_known_for_the_same_mark_behind_the_last_rise() {
    let mut world = World::new();
    let verified = world.seal(&world.mint(&World::grant(NOW, NOW + 600)));
    let account = law::Account::of(verified.into()).unwrap();
    let at = Mark::at;
    let tell = |world: &mut World, raise: Level, now: u64, id: &str| {
        let effects = Effects { session: account.line(), raise: at(raise), charges: vec![], uses: vec![] };
        world.change(|overlay| {
            overlay.prefetch(account.rows())?;
            law::commit_effects(&account, &effects, now, id, overlay)
        });
    };
    let knows = |world: &mut World, raise: Level, now: u64| {
        world.look(|overlay| {
            overlay.prefetch(account.rows())?;
            Ok(account.has_told(&at(raise), now, overlay))
        })
    };
    tell(&mut world, Level::Internal, NOW + 5, "b");
    assert!(!knows(&mut world, Level::Internal, NOW + 6), "that was new");
    tell(&mut world, Level::Internal, NOW + 5, "c");
    let known = |world: &mut World| {
        [(Level::Internal, 5), (Level::Internal, 6), (Level::Public, 4), (Level::Public, 5), (Level::Restricted, 9)]
            .map(|(level, later)| knows(world, level, NOW + later))
    };
    assert_eq!(known(&mut world), [false, true, false, true, false]);
    tell(&mut world, Level::Restricted, NOW + 7, "d");
    assert_eq!(known(&mut world), [false; 5], "its entry is another one");
}

fn in_order(cast: &Cast, map: &Map, facts: &[(usize, Fact)]) -> Map {
    let mut world = World::new();
    world.map = map.clone();
    facts.iter().for_each(|(number, fact)| record(&mut world, cast, &accounts(cast), *number, fact));
    world.map
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What an account remembers of what was told before changes nothing of what is told: whatever happened between, in whatever order
    /// in time, and under whatever ids within one second.
    #[test]
    fn what_was_told_before_is_told_as_anew(
        facts in vec((prop_oneof![5 => again(), 1 => fact()], prop::bool::weighted(0.1)), 24),
        ids in Just((0..24).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let (mut remembers, mut anew) = (World::new(), World::new());
        let cast = cast(&mut remembers);
        anew.map = remembers.map.clone();
        let remembered = accounts(&cast);
        let start = anew.map.clone();
        for ((fact, restored), id) in facts.iter().zip(ids) {
            if *restored {
                (remembers.map, anew.map) = (start.clone(), start.clone());
            }
            record(&mut remembers, &cast, &remembered, id, fact);
            record(&mut anew, &cast, &accounts(&cast), id, fact);
            prop_assert_eq!(&remembers.map.rows, &anew.map.rows, "{:?}", fact);
        }
    }

    /// Two ledgers that heard of the same things, each in its own order, know the same.
    #[test]
    fn the_order_does_not_matter(
        (facts, shuffled) in vec(fact(), 0..12)
            .prop_map(|facts| facts.into_iter().enumerate().collect::<Vec<_>>())
            .prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
    ) {
        let mut world = World::new();
        let cast = cast(&mut world);
        let (one, other) = (in_order(&cast, &world.map, &facts), in_order(&cast, &world.map, &shuffled));
        for (key, value) in &one.rows {
            prop_assert_eq!(Some(String::from_utf8_lossy(value)), other.rows.get(key).map(|it| String::from_utf8_lossy(it)));
        }
        prop_assert_eq!(one.rows.len(), other.rows.len());
    }
}
