//! Sessions: since, epochs, lines, revocations.

use proptest::prelude::*;
use wane::{Bearer, Code, Level, Mark, Narrowing, RootGrant, Roots, SecretKey, Token, TrustedRoot};

use super::world::{Answer, LEDGER, MADE, NOW, World, carried, id_of, request};
use crate::law;
use crate::store::Fault;

fn read() -> wane::Request {
    request("read:a", Level::Confidential)
}

fn send() -> wane::Request {
    request("send:a", Level::Public)
}

#[test]
fn an_old_session_is_refused_unless_it_was_registered_when_it_was_made() {
    let mut world = World::new();
    for iat in [MADE - 5, MADE, MADE + 30] {
        let verified = world.seal(&world.mint(&World::grant(iat, MADE + 900)));
        assert_eq!(world.check(&verified, &send(), NOW), Answer::Deny(Code::StateSessionTooOld), "{iat}");
    }
    let verified = world.seal(&world.mint(&World::grant(MADE + 31, MADE + 900)));
    assert_eq!(world.check(&verified, &send(), NOW), Answer::Allow);

    let registered = world.mint(&World::grant(MADE, MADE + 900));
    world.change(|overlay| law::register(registered.chain(), None, MADE + 2, overlay));
    let verified = world.seal(&registered);
    assert_eq!(world.check(&verified, &send(), MADE + 3), Answer::Allow);

    world.change(|overlay| law::accept_restore(1, NOW, overlay));
    assert_eq!(world.check(&verified, &send(), NOW), Answer::Deny(Code::StateSessionTooOld));
    // To register it again does not bring it back.
    let again = world.attempt(|overlay| law::register(registered.chain(), None, NOW, overlay)).unwrap_err();
    assert_eq!(again.refusal().code(), Code::StateSessionTooOld);
    assert_eq!(world.check(&verified, &send(), NOW), Answer::Deny(Code::StateSessionTooOld));
}

#[test]
fn since_and_the_epoch_never_fall() {
    let mut world = World::new();
    let first = world.change(|overlay| law::accept_restore(1, NOW, overlay));
    assert_eq!((first.epoch, first.since), (2, NOW + 30));
    let second = world.change(|overlay| law::accept_restore(1, 5, overlay));
    assert_eq!((second.epoch, second.since), (3, NOW + 30), "a clock that was set back");
}

#[test]
fn a_chain_of_another_ledger_is_not_registered() {
    let mut world = World::new();
    let other = wane::LedgerId::from_bytes([1; 16]);
    let token = world.mint(&RootGrant::new("files".parse().unwrap(), NOW, NOW + 60).ledger(other));
    let refused = world.attempt(|overlay| law::register(token.chain(), None, NOW, overlay)).unwrap_err();
    assert_eq!(refused.refusal().code(), Code::StateOtherLedger);
    let token = world.mint(&World::grant(NOW, NOW + 60));
    let stranger = SecretKey::from_seed([9; 32]).public_key();
    let refused = world.attempt(|overlay| law::register(token.chain(), Some(&stranger), NOW, overlay)).unwrap_err();
    assert_eq!(refused.refusal().code(), Code::ChainUnknownRoot);
}

/// A root that opens no session, a session below it, and a child: each entry tells what is in force at its own block.
#[test]
fn an_entry_tells_the_times_in_force_at_its_block() {
    let mut world = World::new();
    let root = world.mint(&World::grant(NOW, NOW + 900).issuer());
    let opens = Narrowing::new().open_session(NOW + 40).expires_at(NOW + 600).subject("planner");
    let session = root.attenuate(&opens, carried()).unwrap();
    let child = session.attenuate(&Narrowing::new().expires_at(NOW + 60).subject("reporter"), carried()).unwrap();
    let grandchild = child.attenuate(&Narrowing::new(), carried()).unwrap();
    let key = world.root.public_key();
    let mut known = Vec::new();
    for token in [&root, &session, &child, &grandchild] {
        world.change(|overlay| law::register(token.chain(), Some(&key), NOW + 40, overlay));
        let entry = world.entry(id_of(token)).unwrap();
        let about = entry.about.unwrap();
        known.push((
            entry.exp.unwrap() - NOW,
            about.issued - NOW,
            about.root_issued - NOW,
            entry.opened.map(|it| it.iat - NOW),
        ));
    }
    assert_eq!(known, [(900, 0, 0, None), (600, 0, 0, Some(40)), (60, 40, 0, None), (60, 40, 0, None)]);
    assert_eq!(world.entry(id_of(&child)).unwrap().about.unwrap().parent, Some(id_of(&session)));

    // Admitting says the same of the session.
    let registered = world.entry(id_of(&session)).unwrap();
    world.roots = Roots::new([TrustedRoot::new(key).allow_issuer()]).unwrap();
    let verified = world.seal(&child);
    assert_eq!(world.admit(&verified, &request("read:a", Level::Public), NOW + 41), Answer::Allow);
    assert_eq!(world.entry(id_of(&session)).unwrap(), registered);

    // What a name holds is judged by the iat above it, which its holder did not choose.
    let planner = Bearer::Agent("planner".into());
    world.change(|overlay| law::revoke_before(&planner, NOW + 10, "", NOW, overlay));
    assert_eq!(world.check(&verified, &send(), NOW + 42), Answer::Deny(Code::StateRevoked));
}

fn renewed(world: &World, first: &Token, iat: u64, exp: u64) -> Token {
    world.mint(&World::grant(iat, exp).continues(id_of(first)))
}

#[test]
fn a_renewal_shares_the_line() {
    let mut world = World::new();
    let first = world.mint(&World::grant(NOW, NOW + 60));
    let (old, new) = (world.seal(&first), renewed(&world, &first, NOW + 10, NOW + 900));
    let new = world.seal(&new);
    assert_eq!(world.check(&new, &send(), NOW + 10), Answer::Deny(Code::StateUnknownSession));
    assert_eq!(world.admit(&old, &send(), NOW), Answer::Allow);
    assert_eq!(world.check(&new, &send(), NOW + 10), Answer::Allow);
    // What the old one reads binds the new one, and the other way round.
    assert_eq!(world.admit(&old, &read(), NOW + 11), Answer::Allow);
    assert_eq!(world.check(&new, &send(), NOW + 12), Answer::Deny(Code::DenyRatchet));
    let restricted = request("read:b", Level::Restricted);
    assert_eq!(world.admit(&new, &restricted, NOW + 13), Answer::Allow);
    assert_eq!(world.check(&old, &request("write:a", Level::Public), NOW + 13), Answer::Deny(Code::DenyRatchet));
    let entry = world.entry(id_of(&first)).unwrap();
    assert_eq!((entry.mark.level(), entry.exp), (Level::Restricted, Some(NOW + 900)));
    assert_eq!(entry.raised.len(), 2);

    // Long after the first one's own end, and after collection, the line still knows.
    assert_eq!(world.check(&old, &restricted, NOW + 100), Answer::Deny(Code::DenyExpired));
    world.collect(NOW + 100 + law::MARGIN);
    let again = world.seal(&renewed(&world, &first, NOW + 200, NOW + 5_000));
    assert_eq!(world.check(&again, &send(), NOW + 200), Answer::Deny(Code::DenyRatchet));
    assert_eq!(world.admit(&again, &restricted, NOW + 200), Answer::Allow);
}

#[test]
fn nobody_continues_a_continued_session_or_that_of_another_root() {
    let mut world = World::new();
    let first = world.mint(&World::grant(NOW, NOW + 600));
    let second = renewed(&world, &first, NOW + 10, NOW + 900);
    let third = renewed(&world, &second, NOW + 20, NOW + 900);
    for token in [&first, &second] {
        let verified = world.seal(token);
        assert_eq!(world.admit(&verified, &send(), NOW + 20), Answer::Allow);
    }
    let third = world.seal(&third);
    assert_eq!(world.check(&third, &send(), NOW + 20), Answer::Deny(Code::StateContinues));

    let other = SecretKey::from_seed([2; 32]);
    let grant = World::grant(NOW + 20, NOW + 900).continues(id_of(&first));
    let sealed = wane::mint(&grant, &other, carried()).unwrap().seal(&wane::Seal::new()).unwrap();
    let stranger = wane::verify(&sealed, &Roots::single(other.public_key())).unwrap();
    assert_eq!(world.check(&stranger, &send(), NOW + 20), Answer::Deny(Code::StateContinues));
    let heir = TrustedRoot::new(other.public_key()).succeeds(world.root.public_key());
    let heir = wane::verify(&sealed, &Roots::new([heir]).unwrap()).unwrap();
    assert_eq!(world.check(&heir, &send(), NOW + 20), Answer::Allow);
}

#[test]
fn a_registered_session_can_be_continued_before_it_is_used() {
    let mut world = World::new();
    let first = world.mint(&World::grant(NOW, NOW + 600));
    let second = world.seal(&renewed(&world, &first, NOW + 10, NOW + 900));
    world.change(|overlay| law::register(first.chain(), None, NOW, overlay));
    assert_eq!(world.check(&second, &send(), NOW + 10), Answer::Deny(Code::StateUnknownSession), "its root is unknown");
    let root = world.root.public_key();
    world.change(|overlay| law::register(first.chain(), Some(&root), NOW, overlay));
    assert_eq!(world.admit(&second, &send(), NOW + 10), Answer::Allow);
}

#[test]
fn a_registered_later_session_puts_off_the_end_of_a_known_first() {
    let mut world = World::new();
    let first = world.mint(&World::grant(NOW, NOW + 600));
    let second = renewed(&world, &first, NOW + 10, NOW + 9_000);
    // A first that is here for its revocation alone has no end: one could let it be collected.
    world.change(|overlay| law::revoke(id_of(&first), "", NOW, overlay));
    world.change(|overlay| law::register(second.chain(), None, NOW + 10, overlay));
    assert_eq!(world.entry(id_of(&first)).unwrap().exp, None);

    let mut world = World::new();
    let first = world.mint(&World::grant(NOW, NOW + 600));
    let second = renewed(&world, &first, NOW + 10, NOW + 9_000);
    let verified = world.seal(&first);
    assert_eq!(world.admit(&verified, &send(), NOW), Answer::Allow);
    world.change(|overlay| law::register(second.chain(), None, NOW + 10, overlay));
    assert_eq!(world.entry(id_of(&first)).unwrap().exp, Some(NOW + 9_000));
    world.collect(NOW + 600 + law::MARGIN);
    let second = world.seal(&second);
    assert_eq!(world.check(&second, &send(), NOW + 600 + law::MARGIN), Answer::Allow, "the first is remembered");
}

#[test]
fn what_has_ended_is_not_registered() {
    let mut world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 20));
    let mut register = |now| world.attempt(|overlay| law::register(token.chain(), None, now, overlay));
    assert_eq!(register(NOW + 20).unwrap_err().refusal().code(), Code::DenyExpired);
    register(NOW + 19).unwrap();
    world.collect(NOW + 20 + law::MARGIN);
    // Not by a clock that was set back either.
    let again = world.attempt(|overlay| law::register(token.chain(), None, NOW + 19, overlay)).unwrap_err();
    assert_eq!(again.refusal().code(), Code::StateCollected);
}

#[test]
fn after_a_restore_no_line_goes_on() {
    let mut world = World::new();
    let first = world.mint(&World::grant(NOW, NOW + 9_000));
    let verified = world.seal(&first);
    assert_eq!(world.admit(&verified, &send(), NOW), Answer::Allow);
    world.change(|overlay| law::accept_restore(1, NOW + 100, overlay));
    let second = renewed(&world, &first, NOW + 200, NOW + 9_000);
    let root = world.root.public_key();
    // Who makes the next one learns it at once, and who shows it is refused.
    let made = world.attempt(|overlay| law::register(second.chain(), Some(&root), NOW + 200, overlay)).unwrap_err();
    assert_eq!(made.refusal().code(), Code::StateSessionTooOld);
    let second = world.seal(&second);
    assert_eq!(world.check(&second, &send(), NOW + 200), Answer::Deny(Code::StateSessionTooOld));
}

#[test]
fn revoking_the_first_ends_the_line_and_a_later_one_its_subtree() {
    let mut world = World::new();
    let first = world.mint(&World::grant(NOW, NOW + 600));
    let second = renewed(&world, &first, NOW + 10, NOW + 900);
    let child = second.attenuate(&Narrowing::new(), carried()).unwrap();
    let ids = [id_of(&first), id_of(&second), id_of(&child)];
    let [first, second, child] = [&first, &second, &child].map(|token| world.seal(token));
    for verified in [&first, &second, &child] {
        assert_eq!(world.admit(verified, &send(), NOW + 20), Answer::Allow);
    }
    let dead = Answer::Deny(Code::StateRevoked);
    world.change(|overlay| law::revoke(ids[2], "", NOW, overlay));
    assert_eq!(
        [&first, &second, &child].map(|it| world.check(it, &send(), NOW + 21)),
        [Answer::Allow, Answer::Allow, dead]
    );
    world.change(|overlay| law::revoke(ids[1], "", NOW, overlay));
    assert_eq!([&first, &second, &child].map(|it| world.check(it, &send(), NOW + 21)), [Answer::Allow, dead, dead]);
    world.change(|overlay| law::revoke(ids[0], "", NOW, overlay));
    assert_eq!([&first, &second, &child].map(|it| world.check(it, &send(), NOW + 21)), [dead, dead, dead]);
}

#[test]
fn a_bearer_is_dead_with_what_is_not_newer() {
    let mut world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 600).subject("planner"));
    let child = token.attenuate(&Narrowing::new().subject("reporter"), carried()).unwrap();
    let newer = world.mint(&World::grant(NOW + 50, NOW + 600).subject("reporter"));
    let root = Bearer::Root(world.root.public_key());
    let [parent, child, newer] = [&token, &child, &newer].map(|token| world.seal(token));
    let answers = |world: &mut World| [&parent, &child, &newer].map(|it| world.check(it, &send(), NOW + 60));
    let dead = Answer::Deny(Code::StateRevoked);
    let ends = |world: &mut World, bearer: &Bearer, time| {
        world.change(|overlay| law::revoke_before(bearer, time, "", NOW, overlay));
    };
    ends(&mut world, &Bearer::Agent("reporter".into()), NOW - 1);
    assert_eq!(answers(&mut world), [Answer::Allow; 3]);
    ends(&mut world, &Bearer::Agent("reporter".into()), NOW);
    assert_eq!(answers(&mut world), [Answer::Allow, dead, Answer::Allow]);
    ends(&mut world, &Bearer::Agent("reporter".into()), 5);
    assert_eq!(answers(&mut world), [Answer::Allow, dead, Answer::Allow], "an earlier time takes nothing back");
    ends(&mut world, &root, NOW);
    assert_eq!(answers(&mut world), [dead, dead, Answer::Allow]);
    ends(&mut world, &root, NOW + 50);
    assert_eq!(answers(&mut world), [dead; 3]);
}

#[test]
fn an_entry_that_tells_otherwise_stops_the_decision() {
    let mut world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 600));
    let verified = world.seal(&token);
    assert_eq!(world.admit(&verified, &send(), NOW), Answer::Allow);
    let mut entry = world.entry(id_of(&token)).unwrap();
    entry.opened.as_mut().unwrap().iat = 5;
    world.change(|overlay| overlay.store(law::entry_key(id_of(&token)), &entry));
    let read = world.attempt(|overlay| super::world::judge(&verified, &send(), NOW, overlay, false));
    assert!(matches!(read, Err(Fault::Corrupt(_))), "{read:?}");
}

#[test]
fn effects_that_were_not_decided_on_these_rows_are_refused() {
    let mut world = World::new();
    let verified = world.seal(&world.mint(&World::grant(NOW, NOW + 600)));
    let none = wane::Effects {
        session: verified.chain().blocks()[0].id(),
        raise: Mark::default(),
        charges: vec![],
        uses: vec![],
    };
    let account = law::Account::of(verified.into()).unwrap();
    let stranger = wane::BlockId::from_bytes([3; 32]);
    let charge = |block, cost| wane::Charge { block, name: "calls".parse().unwrap(), cost, cap: 5 };
    let serve = wane::Use { id: stranger, expires_at: NOW + 5 };
    for wrong in [
        wane::Effects { session: stranger, ..none.clone() },
        wane::Effects { charges: vec![charge(stranger, 1)], ..none.clone() },
        wane::Effects { charges: vec![charge(none.session, 6)], ..none.clone() },
        wane::Effects { charges: vec![charge(none.session, 3), charge(none.session, 3)], ..none.clone() },
    ] {
        let before = world.map.rows.clone();
        let refused = world.attempt(|overlay| law::commit_effects(&account, &wrong, NOW, "r", overlay));
        assert!(matches!(refused, Err(Fault::Misuse(_))), "{wrong:?}");
        assert_eq!(world.map.rows, before);
    }
    // Shown twice, it is used once; and no second time.
    let twice = wane::Effects { uses: vec![serve, serve], ..none };
    world.change(|overlay| law::commit_effects(&account, &twice, NOW, "r", overlay));
    let again = world.attempt(|overlay| law::commit_effects(&account, &twice, NOW, "r", overlay));
    assert!(matches!(again, Err(Fault::Misuse(_))));
}

/// A revocation alone makes no session: to give its entry an end would let it be collected.
#[test]
fn nothing_is_committed_under_a_first_session_that_was_never_opened() {
    let mut world = World::new();
    let first = world.mint(&World::grant(NOW, NOW + 9_000));
    let second = world.seal(&renewed(&world, &first, NOW + 10, NOW + 60));
    let second = law::Account::of(second.into()).unwrap();
    let session = id_of(&first);
    let effects = wane::Effects { session, raise: Mark::default(), charges: vec![], uses: vec![] };
    let commit =
        |world: &mut World| world.attempt(|overlay| law::commit_effects(&second, &effects, NOW + 20, "r", overlay));
    assert!(matches!(commit(&mut world), Err(Fault::Misuse(_))));
    world.change(|overlay| law::revoke(session, "", NOW, overlay));
    let before = world.map.rows.clone();
    assert!(matches!(commit(&mut world), Err(Fault::Misuse(_))));
    assert_eq!(world.map.rows, before);
}

#[test]
fn only_delegation_envelopes_are_kept() {
    let mut world = World::new();
    let token = world.mint(&World::grant(NOW, NOW + 600)).attenuate(&Narrowing::new(), carried()).unwrap();
    let verified = world.seal(&token);
    world.admit(&verified, &send(), NOW);
    let kept: Vec<_> = world.map.rows.iter().filter(|((table, _), _)| *table == crate::Table::Envelope).collect();
    assert_eq!(kept.len(), 2);
    for block in token.chain().blocks() {
        let bytes = &world.map.rows[&(crate::Table::Envelope, block.id().as_bytes().to_vec())];
        assert_eq!(*bytes, block.envelope_bytes());
    }
    assert_eq!(LEDGER, world.look(law::load_meta).id);
}

proptest! {
    /// Whichever way a raise by an operator and the opening of a continuing session come in.
    #[test]
    fn a_raise_of_a_later_session_reaches_the_line(before in any::<bool>(), level in 1..5_u64) {
        let mut world = World::new();
        let first = world.mint(&World::grant(NOW, NOW + 600));
        let second = renewed(&world, &first, NOW + 10, NOW + 900);
        let (id, verified) = (id_of(&second), world.seal(&second));
        let opened = world.seal(&first);
        world.admit(&opened, &send(), NOW);
        let mark = Mark::at(Level::from_number(level).unwrap());
        if before {
            world.change(|overlay| law::raise(id, &mark, "r", NOW, overlay));
            world.admit(&verified, &request("read:a", Level::Public), NOW + 20);
        } else {
            world.admit(&verified, &request("read:a", Level::Public), NOW + 20);
            world.change(|overlay| law::raise(id, &mark, "r", NOW, overlay));
        }
        let entry = world.entry(id_of(&first)).unwrap();
        prop_assert_eq!(entry.mark, mark);
    }
}
