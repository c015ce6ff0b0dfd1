//! Forgetting: what is dead stays dead, and what is alive is not forgotten.

use wane::{BlockId, Code, Level, Mark, Narrowing, Seal};

use super::world::{Answer, NOW, World, carried, id_of, request};
use crate::law::{self, MARGIN};
use crate::store::Table;

fn count(world: &World, table: Table) -> usize {
    world.map.rows.keys().filter(|(of, _)| *of == table).count()
}

#[test]
fn a_used_seal_does_not_come_back_with_the_clock() {
    let mut world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 90_000));
    let actions = ["send:a".parse().unwrap()];
    let seal = Seal::new().for_request(
        wane::Call::actions(&actions),
        wane::Arguments::empty(),
        NOW,
        NOW + 60,
        &mut rand_core::UnwrapErr(getrandom::SysRng),
    );
    let verified = world.verify(&token.seal(&seal).unwrap());
    let request = request("send:a", Level::Public);
    assert_eq!(world.admit(&verified, &request, NOW), Answer::Allow);
    assert_eq!(world.admit(&verified, &request, NOW + 1), Answer::Deny(Code::StateUsed));
    assert_eq!(count(&world, Table::Used), 1);

    // Within the margin nothing is forgotten.
    world.collect(NOW + 60 + MARGIN - 1);
    assert_eq!(count(&world, Table::Used), 1);
    world.collect(NOW + 60 + MARGIN);
    assert_eq!(count(&world, Table::Used), 0);
    // The clock is set back to when it was valid.
    assert_eq!(world.check(&verified, &request, NOW + 2), Answer::Deny(Code::StateCollected));
    // A collection by a clock that was set back notes nothing earlier.
    world.collect(5);
    assert_eq!(world.look(law::load_meta).collected, NOW + 60);
    assert_eq!(world.check(&verified, &request, NOW + 2), Answer::Deny(Code::StateCollected));
    // The session itself lives.
    let other = world.seal(&token);
    assert_eq!(world.check(&other, &request, NOW + 5_000), Answer::Allow);
}

#[test]
fn a_collected_session_stays_dead_and_cannot_be_continued() {
    let mut world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 60));
    let verified = world.seal(&token);
    assert_eq!(world.admit(&verified, &request("read:a", Level::Confidential), NOW), Answer::Allow);
    assert_eq!(world.collect(NOW + 60 + MARGIN), 1);
    assert_eq!(world.check(&verified, &request("send:a", Level::Public), NOW + 1), Answer::Deny(Code::StateCollected));
    let heir = World::grant(NOW + 50, NOW + 90_000).continues(id_of(&token));
    let heir = world.seal(&world.mint(&heir));
    assert_eq!(
        world.check(&heir, &request("send:a", Level::Public), NOW + 61),
        Answer::Deny(Code::StateUnknownSession)
    );
}

#[test]
fn a_revocation_of_what_was_never_seen_is_kept_for_ever() {
    let mut world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 600));
    let unknown = token.attenuate(&Narrowing::new(), carried()).unwrap();
    world.change(|overlay| law::revoke(id_of(&unknown), "lost", NOW, overlay));
    world.change(|overlay| law::revoke(BlockId::from_bytes([9; 32]), "lost", NOW, overlay));
    assert_eq!(world.entry(id_of(&unknown)).unwrap().exp, None);
    assert_eq!(world.collect(u64::MAX), 0);
    assert_eq!(count(&world, Table::Entry), 2);

    // Once the block was seen, it goes with its end.
    let mut world = World::new();
    world.change(|overlay| law::revoke(id_of(&token), "lost", NOW, overlay));
    world.change(|overlay| law::register(token.chain(), None, NOW, overlay));
    assert_eq!(world.collect(NOW + 599 + MARGIN), 0);
    assert_eq!(world.collect(NOW + 600 + MARGIN), 1);
    let verified = world.seal(&token);
    assert_eq!(world.check(&verified, &request("send:a", Level::Public), NOW), Answer::Deny(Code::StateCollected));
}

#[test]
fn revoked_before_is_kept_for_ever() {
    let mut world = World::new();
    let bearer = wane::Bearer::Agent("planner".into());
    world.change(|overlay| law::revoke_before(&bearer, NOW, "", NOW, overlay));
    assert_eq!(world.collect(u64::MAX), 0);
    assert_eq!(count(&world, Table::RevokedBefore), 1);
}

/// A second session of the line must not give the entry of a first one that was never seen an end.
#[test]
fn a_line_ended_before_it_was_known_stays_ended() {
    let mut world = World::new();
    let first = world.mint(&World::grant(NOW, NOW + 90_000));
    world.change(|overlay| law::revoke(id_of(&first), "", NOW, overlay));
    let second = world.mint(&World::grant(NOW, NOW + 60).continues(id_of(&first)));
    let root = world.root.public_key();
    world.change(|overlay| law::register(second.chain(), Some(&root), NOW, overlay));
    let verified = world.seal(&second);
    let send = request("send:a", Level::Public);
    assert_eq!(world.admit(&verified, &send, NOW), Answer::Deny(Code::StateUnknownSession));
    world.collect(NOW + 60 + MARGIN);
    let verified = world.seal(&first);
    assert_eq!(world.check(&verified, &send, NOW + 9_000), Answer::Deny(Code::StateRevoked));
}

#[test]
fn pages_reach_everything_and_take_nothing_that_lives() {
    let mut world = World::new();
    for n in 0..9_u64 {
        let end = if n.is_multiple_of(2) { NOW + 60 } else { NOW + 90_000 };
        let grant = World::grant(NOW, end).budget("calls".parse().unwrap(), 5);
        let verified = world.seal(&world.mint(&grant));
        let request = request("read:a", Level::Internal).cost("calls".parse().unwrap(), 1);
        assert_eq!(world.admit(&verified, &request, NOW), Answer::Allow);
    }
    assert_eq!(world.collect(NOW + 60 + MARGIN), 10, "five entries and their counters");
    assert_eq!((count(&world, Table::Entry), count(&world, Table::Spent)), (4, 4));
    assert_eq!(count(&world, Table::Envelope), 9, "the log needs them");
}

#[test]
fn a_mark_raised_at_a_block_that_was_never_seen_is_kept() {
    let mut world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 90_000));
    world.change(|overlay| law::raise(id_of(&token), &Mark::at(Level::Restricted), "op", NOW, overlay));
    world.collect(u64::MAX / 2);
    assert_eq!(world.entry(id_of(&token)).unwrap().mark.level(), Level::Restricted);
}
