//! Requests that wait, and statements for them.

use wane::{BlockId, Code, Mark, SecretKey};

use super::world::{NOW, World};
use crate::law::{self, Deposited, PendingRequest};
use crate::store::Table;

fn waiting(session: u8, digest: u8) -> PendingRequest {
    PendingRequest {
        session: BlockId::from_bytes([session; 32]),
        last: BlockId::from_bytes([session ^ 0xff; 32]),
        digest: [digest; 32],
        audience: "mail".into(),
        call: vec!["tools/call".into(), "send".into()],
        arguments: r#"{"to":"board"}"#.into(),
        said: "{}".into(),
        actions: vec!["send:mail".into()],
        mark: Mark::default(),
        asks: vec!["send:* by @oncall need 1".into()],
        chain_keys: vec![],
        agents: vec![],
        at: 0,
        until: NOW + 90_000,
    }
}

fn count(world: &World, table: Table) -> usize {
    world.map.rows.keys().filter(|(of, _)| *of == table).count()
}

#[test]
fn a_request_waits_an_hour_and_not_longer() {
    let mut world = World::new();
    let request = waiting(1, 1);
    world.change(|overlay| law::wait(&request, NOW, overlay));
    // To ask again does not make it wait longer.
    world.change(|overlay| law::wait(&request, NOW + 1_000, overlay));
    let found = world.look(|overlay| law::pending(NOW + 3_599, 10, overlay));
    assert_eq!(found, [PendingRequest { at: NOW, until: NOW + 3_600, ..request.clone() }]);
    assert_eq!(world.look(|overlay| law::pending(NOW + 3_600, 10, overlay)), []);
    // Collecting takes its arguments away at once.
    world.collect(NOW + 3_600);
    assert_eq!(count(&world, Table::Pending), 0);
    // One whose chain ends sooner waits no longer than that.
    world.change(|overlay| law::wait(&PendingRequest { until: NOW + 9, ..request.clone() }, NOW, overlay));
    assert_eq!(world.look(|overlay| law::pending(NOW + 9, 10, overlay)), []);
}

#[test]
fn sixty_four_wait_in_a_session() {
    let mut world = World::new();
    for digest in 0..64 {
        world.change(|overlay| law::wait(&waiting(1, digest), NOW, overlay));
    }
    let refused = world.attempt(|overlay| law::wait(&waiting(1, 64), NOW, overlay)).unwrap_err();
    assert_eq!(refused.refusal().code(), Code::StatePendingFull);
    world.change(|overlay| law::wait(&waiting(1, 63), NOW, overlay));
    world.change(|overlay| law::wait(&waiting(2, 0), NOW, overlay));
    assert_eq!(world.look(|overlay| law::pending(NOW, 10, overlay)).len(), 10);
    assert_eq!(world.look(|overlay| law::pending(NOW, 100, overlay)).len(), 65);
    // Once they have lapsed, the next one takes them away.
    world.change(|overlay| law::wait(&waiting(1, 64), NOW + 3_600, overlay));
    assert_eq!(count(&world, Table::Pending), 2);
}

#[test]
fn what_does_not_fit_into_a_row_does_not_wait() {
    let mut world = World::new();
    let large = PendingRequest { arguments: "x".repeat(140_000), ..waiting(1, 1) };
    let refused = world.attempt(|overlay| law::wait(&large, NOW, overlay)).unwrap_err();
    assert_eq!(refused.refusal().code(), Code::ParseLimit);
    assert_eq!(count(&world, Table::Pending), 0);
}

#[test]
fn two_chains_of_a_session_may_ask_for_the_same() {
    let mut world = World::new();
    let (one, other) = (waiting(1, 1), PendingRequest { last: BlockId::from_bytes([7; 32]), ..waiting(1, 1) });
    for request in [&one, &other] {
        world.change(|overlay| law::wait(request, NOW, overlay));
    }
    let found = world.look(|overlay| law::waiting_for(&other.digest, NOW, overlay));
    assert_eq!(found.len(), 2);
    assert_eq!(world.look(|overlay| law::waiting_for(&[9; 32], NOW, overlay)), []);
}

#[test]
fn an_answered_request_leaves_nothing() {
    let mut world = World::new();
    let request = waiting(1, 1);
    world.change(|overlay| law::wait(&request, NOW, overlay));
    let deposit = |world: &mut World, id: u8, exp: u64| {
        let statement = Deposited { text: format!("statement {id}"), exp };
        let key = SecretKey::from_seed([id; 32]).public_key();
        world.attempt(|overlay| law::deposit(request.last, &request.digest, &key, &statement, NOW, overlay))
    };
    deposit(&mut world, 1, NOW + 10).unwrap();
    deposit(&mut world, 2, NOW + 20).unwrap();
    deposit(&mut world, 2, NOW + 20).unwrap();
    let valid = |world: &mut World, now| world.look(|it| law::approvals_for(request.last, &request.digest, now, it));
    let mut both = valid(&mut world, NOW);
    both.sort();
    assert_eq!(both, ["statement 1", "statement 2"]);
    assert_eq!(valid(&mut world, NOW + 10), ["statement 2"]);
    for id in 3..65 {
        deposit(&mut world, id, NOW + 20).unwrap();
    }
    assert_eq!(deposit(&mut world, 65, NOW + 20).unwrap_err().refusal().code(), Code::StatePendingFull);
    world.change(|overlay| law::answered(request.session, &request.digest, request.last, overlay));
    assert_eq!((count(&world, Table::Pending), count(&world, Table::Approval)), (0, 0));
}

#[test]
fn of_one_approver_the_statement_that_ends_last_is_kept() {
    let mut world = World::new();
    let request = waiting(1, 1);
    let key = SecretKey::from_seed([1; 32]).public_key();
    for (number, exp) in [(1, NOW + 10), (2, NOW + 30), (3, NOW + 20)] {
        let statement = Deposited { text: format!("statement {number}"), exp };
        world.change(|overlay| law::deposit(request.last, &request.digest, &key, &statement, NOW, overlay));
    }
    let kept = world.look(|overlay| law::approvals_for(request.last, &request.digest, NOW, overlay));
    assert_eq!(kept, ["statement 2"]);
    // One that has ended makes room for the next.
    let statement = Deposited { text: "statement 4".into(), exp: NOW + 31 };
    world.change(|overlay| law::deposit(request.last, &request.digest, &key, &statement, NOW + 30, overlay));
    let kept = world.look(|overlay| law::approvals_for(request.last, &request.digest, NOW + 30, overlay));
    assert_eq!(kept, ["statement 4"]);
}

#[test]
fn to_ask_again_tells_approvers_what_is_missing_now() {
    let mut world = World::new();
    let before = waiting(1, 1);
    let after = PendingRequest { asks: vec!["send:* by @local need 1".into()], ..waiting(1, 1) };
    world.change(|overlay| law::wait(&before, NOW, overlay));
    world.change(|overlay| law::wait(&after, NOW + 1_000, overlay));
    let found = world.look(|overlay| law::pending(NOW + 1_000, 10, overlay));
    assert_eq!(found, [PendingRequest { at: NOW, until: NOW + 3_600, ..after }]);
}
