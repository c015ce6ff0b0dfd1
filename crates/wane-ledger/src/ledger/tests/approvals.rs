//! Statements: one that no decision would count is not kept.

use wane::{Approval, BlockId, Code, Mark, Roots, SecretKey, TrustedRoot};

use super::{Shared, refused};
use crate::law::tests::world::NOW;
use crate::law::{self, Overlay, PendingRequest, Used};
use crate::ledger::Ledger;

const LAST: BlockId = BlockId::from_bytes([5; 32]);
const DIGEST: [u8; 32] = [6; 32];

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed([seed; 32])
}

fn roots() -> Roots {
    let groups = [("oncall".parse().unwrap(), vec![key(3).public_key(), key(4).public_key()])].into();
    Roots::with_groups([TrustedRoot::new(key(1).public_key())], groups).unwrap()
}

/// A request that waits for two of the group and one by the enforcement point, and the same behind another chain.
fn waiting() -> (Shared, Ledger) {
    let (shared, ledger) = Shared::created();
    let request = PendingRequest {
        session: BlockId::from_bytes([1; 32]),
        last: LAST,
        digest: DIGEST,
        audience: "mail".into(),
        call: vec!["tools/call".into(), "send".into()],
        arguments: "{}".into(),
        said: "{}".into(),
        actions: vec!["send:mail".into(), "read:mail".into(), "send:mail".into()],
        mark: Mark::default(),
        asks: vec!["send:* by @oncall need 2".into(), "read:* by @local".into()],
        chain_keys: vec![key(1).public_key(), key(2).public_key(), key(4).public_key()],
        agents: vec![],
        at: NOW,
        until: NOW + 9_000,
    };
    write(&shared, |overlay| law::wait(&request, NOW, overlay));
    let other = PendingRequest { last: BlockId::from_bytes([4; 32]), ..request };
    write(&shared, |overlay| law::wait(&other, NOW, overlay));
    (shared, ledger)
}

fn write(shared: &Shared, body: impl FnOnce(&mut Overlay<'_>) -> Result<(), crate::Fault>) {
    let map = &mut shared.lock().map;
    let mut overlay = Overlay::new(map);
    body(&mut overlay).unwrap();
    overlay.write().unwrap();
}

fn sign(last: BlockId, digest: [u8; 32], actions: &[&str], iat: u64, exp: u64, seed: u8) -> String {
    let actions = actions.iter().map(|action| action.parse().unwrap()).collect();
    Approval::sign(last, digest, actions, iat, exp, &key(seed)).unwrap().to_text()
}

fn good(seed: u8) -> String {
    sign(LAST, DIGEST, &["send:mail", "read:mail"], NOW, NOW + 600, seed)
}

#[test]
fn a_good_statement_is_kept_for_its_request() {
    let (shared, mut ledger) = waiting();
    let local = Some(key(7).public_key());
    assert_eq!(ledger.pending(NOW, 10).unwrap().len(), 2);
    let request = ledger.deposit(&good(3), &roots(), None, NOW).unwrap();
    assert_eq!(request.last, LAST);
    ledger.deposit(&good(7), &roots(), local, NOW).unwrap();
    ledger.deposit(&good(7), &roots(), local, NOW).unwrap();
    let mut map = shared.lock().map.clone();
    let mut kept = law::approvals_for(LAST, &DIGEST, NOW, &mut Overlay::new(&mut map)).unwrap();
    let mut expected = vec![good(3), good(7)];
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
}

#[test]
fn what_a_decision_would_not_count_is_refused() {
    let both = &["send:mail", "read:mail"];
    let cases = [
        (sign(LAST, [9; 32], both, NOW, NOW + 600, 3), NOW, Code::DenyApprovalRequest),
        (sign(BlockId::from_bytes([9; 32]), DIGEST, both, NOW, NOW + 600, 3), NOW, Code::DenyApprovalChain),
        (sign(LAST, DIGEST, &["send:mail"], NOW, NOW + 600, 3), NOW, Code::DenyApprovalActions),
        (sign(LAST, DIGEST, &["read:mail", "send:mail"], NOW, NOW + 600, 3), NOW, Code::DenyApprovalActions),
        (good(1), NOW, Code::DenyApprovalSelf),
        (good(2), NOW, Code::DenyApprovalSelf),
        (good(4), NOW, Code::DenyApprovalSelf),
        (good(8), NOW, Code::DenyApprovalKey),
        (good(7), NOW, Code::DenyApprovalKey),
        (good(3), NOW + 600, Code::DenyApprovalExpired),
        (sign(LAST, DIGEST, both, NOW + 31, NOW + 600, 3), NOW, Code::DenyApprovalFuture),
        (good(3), NOW + 3_600, Code::DenyApprovalRequest),
        ("wane1.approval.AAAA".into(), NOW, Code::ParseTrailingBytes),
        ("wane1.token.AAAA".into(), NOW, Code::ParsePrefix),
    ];
    for (number, (text, now, code)) in cases.into_iter().enumerate() {
        let (shared, mut ledger) = waiting();
        let before = shared.lock().map.rows.clone();
        assert_eq!(refused(ledger.deposit(&text, &roots(), None, now)), code, "case {number}");
        assert_eq!(shared.lock().map.rows, before);
    }
}

#[test]
fn a_statement_that_has_served_or_may_have_been_forgotten_is_refused() {
    let id = wane::UntrustedApproval::parse(&good(3)).unwrap().verify(LAST).unwrap().id();
    let (shared, mut ledger) = waiting();
    write(&shared, |overlay| overlay.store(law::used_key(id), &Used { exp: NOW + 600 }));
    assert_eq!(refused(ledger.deposit(&good(3), &roots(), None, NOW)), Code::StateApprovalUsed);

    let (shared, mut ledger) = waiting();
    write(&shared, |overlay| law::advance(NOW + 600 + law::MARGIN, overlay).map(|_| ()));
    assert_eq!(refused(ledger.deposit(&good(3), &roots(), None, NOW)), Code::StateCollected);
}

#[test]
fn a_waiting_request_that_cannot_be_read_is_corrupt() {
    let (shared, mut ledger) = waiting();
    for row in shared.lock().map.rows.iter_mut().filter(|((table, _), _)| *table == crate::Table::Pending) {
        let text = String::from_utf8(row.1.clone()).unwrap();
        *row.1 = text.replace("@local", "local").into_bytes();
    }
    assert_eq!(refused(ledger.deposit(&good(3), &roots(), None, NOW)), Code::StateCorrupt);
}

#[test]
fn what_is_not_signed_for_a_waiting_request_never_asks_for_the_right_to_write() {
    let (shared, mut ledger) = waiting();
    let before = shared.lock().locks.len();
    let stranger = sign(BlockId::from_bytes([9; 32]), DIGEST, &["send:mail", "read:mail"], NOW, NOW + 600, 3);
    assert_eq!(refused(ledger.deposit(&stranger, &roots(), None, NOW)), Code::DenyApprovalChain);
    let unasked = sign(LAST, [9; 32], &["send:mail", "read:mail"], NOW, NOW + 600, 3);
    assert_eq!(refused(ledger.deposit(&unasked, &roots(), None, NOW)), Code::DenyApprovalRequest);
    assert_eq!(shared.lock().locks.len(), before, "no transaction was begun");
    ledger.deposit(&good(3), &roots(), None, NOW).unwrap();
    assert_eq!(shared.lock().locks.len(), before + 1);
}

#[test]
fn a_statement_is_kept_without_reading_what_others_wait_for() {
    let (shared, mut ledger) = waiting();
    // A row of another line that nobody could read.
    let key = [[8; 32], [9; 32], [9; 32]].concat();
    shared.lock().map.rows.insert((crate::Table::Pending, key), b"{".to_vec());
    ledger.deposit(&good(3), &roots(), None, NOW).unwrap();
}
