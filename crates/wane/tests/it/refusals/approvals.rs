//! Approvals: what they tell of themselves, and the edges of their sizes.

use ciborium::value::Value;
use wane::{Action, Approval, Asked, BlockId, Code, Roots, UntrustedApproval, limits};

use crate::forge::{
    Forged, NOW, OPS, Payload, bytes, cnf, envelope, int, list, public, refused, secret, text, texts, time,
};

const LAST: BlockId = BlockId::from_bytes([3; 32]);

fn actions(count: usize) -> Vec<Action> {
    (0..count).map(|number| format!("send:{number}").parse().unwrap()).collect()
}

#[test]
fn what_an_approval_tells() {
    let approval = Approval::sign(LAST, [5; 32], actions(2), NOW, NOW + 60, &secret(40)).unwrap();
    let read = UntrustedApproval::parse(&approval.to_text()).unwrap();
    for statement in [&read, approval.statement()] {
        assert_eq!(statement.approver(), &public(40));
        assert_eq!(statement.request_digest(), &[5; 32]);
        assert_eq!(statement.actions(), actions(2));
        assert_eq!((statement.issued_at(), statement.expires_at()), (NOW, NOW + 60));
    }
    assert_eq!(approval.last_block(), LAST);
    assert_eq!(read.verify(LAST).unwrap().id(), approval.id());
    assert_eq!(read.id_behind(LAST).unwrap(), approval.id());
    assert_ne!(read.id_behind(BlockId::from_bytes([4; 32])).unwrap(), approval.id());
}

#[test]
fn the_size_is_looked_at_first() {
    refused(UntrustedApproval::from_bytes(&vec![0; limits::TOKEN_BYTES + 1]), Code::ParseTooLarge, None);
    refused(UntrustedApproval::from_bytes(&vec![0; limits::TOKEN_BYTES + 2]), Code::ParseTooLarge, None);
    refused(UntrustedApproval::from_bytes(&vec![0; limits::TOKEN_BYTES]), Code::ParseTrailingBytes, None);
}

#[test]
fn as_many_actions_as_a_request() {
    for (count, code) in [(0, Some(Code::UseActions)), (1, None), (4, None), (5, Some(Code::UseActions))] {
        let answer = Approval::sign(LAST, [5; 32], actions(count), NOW, NOW + 60, &secret(40));
        assert_eq!(answer.err().map(|refusal| refusal.code()), code, "{count}");
    }
}

/// An approval with these claims, as it is read.
fn read(payload: &Payload) -> Result<UntrustedApproval, wane::Refusal> {
    UntrustedApproval::from_bytes(&envelope(&payload.bytes(), &[0; 64]))
}

fn claims() -> Payload {
    let approver = *public(40).as_bytes();
    Payload::default()
        .claim(4, time(NOW + 60))
        .claim(6, time(NOW))
        .private(14, bytes(&[5; 32]))
        .private(16, bytes(&approver))
        .private(17, texts(&["send:mail"]))
}

#[test]
fn an_approval_states_its_five_claims_and_no_other() {
    assert!(read(&claims()).is_ok());
    for claim in [4, 6] {
        refused(read(&claims().without(claim)), Code::ParseMissingClaim, None);
    }
    for claim in [14, 16, 17] {
        refused(read(&claims().without_private(claim)), Code::ParseMissingClaim, None);
    }
    for (claim, value) in [(2, text("planner")), (3, text("files")), (5, time(NOW)), (7, bytes(&[7; 8])), (8, cnf(3))] {
        refused(read(&claims().claim(claim, value)), Code::ParseMisplacedClaim, None);
    }
    for (claim, value) in [(0, bytes(&[1; 8])), (1, Value::Bool(true)), (4, list([int(0)])), (13, text("x"))] {
        refused(read(&claims().private(claim, value)), Code::ParseMisplacedClaim, None);
    }
}

#[test]
fn a_block_states_no_claim_of_an_approval() {
    for (claim, value, message) in [
        (16, bytes(public(40).as_bytes()), "approver has no place in a token"),
        (17, texts(&["send:mail"]), "actions has no place in a token"),
    ] {
        let answer = Forged::minted().seal(10, &Payload::seal().private(claim, value)).verified();
        assert_eq!(answer.unwrap_err().to_string(), message);
    }
}

#[test]
fn an_approval_is_judged_as_the_request_that_waits_for_it_says() {
    let roots = Roots::single(public(OPS));
    let rules = [format!("send:* by {}, @local", public(40)).parse().unwrap()];
    let (own, chain_keys) = (actions(2), [public(10), public(OPS)]);
    let asked = |now: u64, change: &dyn Fn(&mut Asked<'_>), approval: &Approval| {
        let mut asked = Asked {
            last_block: LAST,
            request_digest: [5; 32],
            actions: &own,
            rules: &rules,
            chain_keys: &chain_keys,
            roots: &roots,
            local: None,
            collected: 0,
        };
        change(&mut asked);
        asked.check(approval, now).map_err(|refusal| refusal.code())
    };
    let signed = |signer: u8, issued: u64, expires: u64| {
        Approval::sign(LAST, [5; 32], actions(2), issued, expires, &secret(signer)).unwrap()
    };
    let good = signed(40, NOW, NOW + 60);
    let same = |_: &mut Asked<'_>| ();
    assert_eq!(asked(NOW, &same, &good), Ok(()));
    assert_eq!(asked(NOW - limits::LEEWAY, &same, &good), Ok(()));
    assert_eq!(asked(NOW - limits::LEEWAY - 1, &same, &good), Err(Code::DenyApprovalFuture));
    assert_eq!(asked(NOW + 59, &same, &good), Ok(()));
    assert_eq!(asked(NOW + 60, &same, &good), Err(Code::DenyApprovalExpired));
    assert_eq!(asked(NOW, &|asked| asked.collected = NOW + 59, &good), Ok(()));
    assert_eq!(asked(NOW, &|asked| asked.collected = NOW + 60, &good), Err(Code::StateCollected));
    assert_eq!(asked(NOW, &same, &signed(40, NOW, NOW + limits::APPROVAL_SECONDS)), Ok(()));
    let other = |asked: &mut Asked<'_>| asked.last_block = BlockId::from_bytes([4; 32]);
    assert_eq!(asked(NOW, &other, &good), Err(Code::DenyApprovalChain));
    assert_eq!(asked(NOW, &|asked| asked.request_digest = [6; 32], &good), Err(Code::DenyApprovalRequest));
    assert_eq!(asked(NOW, &|asked| asked.actions = &asked.actions[..1], &good), Err(Code::DenyApprovalActions));
    assert_eq!(asked(NOW, &|asked| asked.rules = &[], &good), Err(Code::DenyApprovalKey));
    assert_eq!(asked(NOW, &same, &signed(41, NOW, NOW + 60)), Err(Code::DenyApprovalKey));
    assert_eq!(asked(NOW, &same, &signed(10, NOW, NOW + 60)), Err(Code::DenyApprovalSelf));
    assert_eq!(asked(NOW, &|asked| asked.local = Some(public(41)), &signed(41, NOW, NOW + 60)), Ok(()));
    for (seconds, code) in
        [(0, Err(Code::DenyApprovalLifetime)), (1, Ok(())), (3_600, Ok(())), (3_601, Err(Code::DenyApprovalLifetime))]
    {
        let answer = Approval::sign(LAST, [5; 32], actions(2), NOW, NOW + seconds, &secret(40));
        assert_eq!(answer.map(|_| ()).map_err(|refusal| refusal.code()), code, "{seconds}");
    }
}
