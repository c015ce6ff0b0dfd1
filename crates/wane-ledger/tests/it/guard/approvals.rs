//! A request that waits for approval, and is admitted once.

use getrandom::SysRng;
use rand_core::UnwrapErr;
use wane::{Approval, Arguments, Code, Level, Roots, SealedToken, Token, TrustedRoot, UntrustedApproval};
use wane_ledger::{Guard, Store, Table};

use super::front::Front;
use super::scene::{NOW, Scene, admit, asked, code, key, with};

fn asking(scene: &Scene) -> (Token, SealedToken) {
    let token = scene.mint(&scene.grant().ask("send:* by @oncall need 2".parse().unwrap()));
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    (token, sealed)
}

fn approval(scene: &mut Scene, by: u8, seconds: u64) -> Approval {
    let waiting = scene.ledger.pending(NOW, 10).unwrap().remove(0);
    let actions = waiting.actions.iter().map(|action| action.parse().unwrap()).collect();
    Approval::sign(waiting.last, waiting.digest, actions, NOW, NOW + seconds, &key(by)).unwrap()
}

fn show(guard: &Guard, sealed: &SealedToken, approvals: &[&Approval]) -> Result<wane::Permit, wane::Refusal> {
    let shown: Vec<UntrustedApproval> = approvals.iter().map(|approval| approval.statement().clone()).collect();
    with(guard, sealed, &asked("send:mail", Level::Internal), &shown)
}

#[test]
fn two_of_a_group_approve_and_the_request_is_admitted_once() {
    let mut scene = Scene::new();
    let (_, sealed) = asking(&scene);
    let guard = scene.guard();
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    let (one, two) = (approval(&mut scene, 40, 60), approval(&mut scene, 41, 60));
    assert_eq!(code(show(&guard, &sealed, &[&one])), Code::DenyNeedsApproval);
    assert!(show(&guard, &sealed, &[&one, &two]).is_ok());
    assert!(scene.ledger.pending(NOW, 10).unwrap().is_empty(), "it waits no longer");
    assert_eq!(code(show(&guard, &sealed, &[&one, &two])), Code::StateApprovalUsed);
}

#[test]
fn what_waits_is_told_until_an_equal_request_is_admitted_or_its_hour_is_over() {
    let mut scene = Scene::new();
    let ends = wane::RootGrant::new("files".parse().unwrap(), NOW - 10, NOW + 9_000).scope("*".parse().unwrap());
    let sealed = scene.sealed(&ends.ask("send:* by @oncall".parse().unwrap()));
    let guard = scene.guard();
    let request = asked("send:mail", Level::Internal);
    let waits = |now: u64| guard.waits_until(&sealed, &request, now).unwrap();
    assert_eq!(waits(NOW), None, "nobody has made it");
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    assert_eq!((waits(NOW), waits(NOW + 3_599), waits(NOW + 3_600)), (Some(NOW + 3_600), Some(NOW + 3_600), None));
    let other = asked("send:mail", Level::Public).arguments(Arguments::from_json(br#"{"to":1}"#).unwrap());
    assert_eq!(guard.waits_until(&sealed, &other, NOW).unwrap(), None);
    let approval = approval(&mut scene, 40, 60);
    assert!(show(&guard, &sealed, &[&approval]).is_ok());
    assert_eq!(waits(NOW), None);
    // An equal one waits only once it is made.
    assert_eq!(guard.check(&sealed, &request, &[], NOW).verdict.as_str(), "ask");
    assert_eq!(waits(NOW), None);
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    assert_eq!(waits(NOW), Some(NOW + 3_600));
}

#[test]
fn deposited_approvals_count_when_the_request_comes_again() {
    let mut scene = Scene::new();
    let (_, sealed) = asking(&scene);
    let (guard, roots) = (scene.guard(), scene.roots());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    for by in [40, 41] {
        let text = approval(&mut scene, by, 60).to_text();
        scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    }
    assert!(show(&guard, &sealed, &[]).is_ok());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval, "they served once");
}

#[test]
fn approvals_for_another_chain_or_request_are_refused() {
    let mut scene = Scene::new();
    let (_, sealed) = asking(&scene);
    let guard = scene.guard();
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    let good = approval(&mut scene, 40, 60);
    let (_, other) = asking(&scene);
    assert_eq!(code(show(&guard, &other, &[&good])), Code::DenyApprovalChain);
    let shown = [good.statement().clone()];
    let answer = with(&guard, &sealed, &asked("send:post", Level::Internal), &shown);
    assert_eq!(code(answer), Code::DenyApprovalRequest);
    let own = Approval::sign(
        good.last_block(),
        *good.statement().request_digest(),
        good.statement().actions().to_vec(),
        NOW,
        NOW + 60,
        &scene.root,
    );
    assert_eq!(code(show(&guard, &sealed, &[&own.unwrap()])), Code::DenyApprovalSelf);
}

#[test]
fn a_deposited_approval_that_is_good_no_longer_stops_no_other() {
    let mut scene = Scene::new();
    let token = scene.mint(&scene.grant().ask("send:* by @oncall".parse().unwrap()));
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    let (guard, roots) = (scene.guard(), scene.roots());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    for by in [41, 40] {
        let text = approval(&mut scene, by, 60).to_text();
        scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    }
    // One of the two leaves the group.
    let groups = [("oncall".parse().unwrap(), vec![key(40).public_key()])].into();
    guard.replace_roots(Roots::with_groups([TrustedRoot::new(scene.root.public_key())], groups).unwrap());
    assert!(show(&guard, &sealed, &[]).is_ok());
}

#[test]
fn deposited_approvals_that_are_all_good_no_longer_leave_it_waiting() {
    let mut scene = Scene::new();
    let token = scene.mint(&scene.grant().ask("send:* by @oncall".parse().unwrap()));
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    let (guard, roots) = (scene.guard(), scene.roots());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    let text = approval(&mut scene, 41, 60).to_text();
    scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    let groups = [("oncall".parse().unwrap(), vec![key(40).public_key()])].into();
    guard.replace_roots(Roots::with_groups([TrustedRoot::new(scene.root.public_key())], groups).unwrap());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
}

#[test]
fn approvers_are_shown_the_request_as_it_was_last_made() {
    let mut scene = Scene::new();
    let (_, sealed) = asking(&scene);
    let guard = scene.guard();
    for (now, level) in [(NOW, Level::Public), (NOW + 9, Level::Internal), (NOW + 10, Level::Public)] {
        let answer = guard.admit(&sealed, &asked("send:mail", level), &[], now);
        assert!(answer.record.is_some(), "what is shown now is recorded before it is answered");
        let waiting = scene.ledger.pending(now, 10).unwrap();
        let shown: Vec<_> = waiting.iter().map(|one| (one.mark.level(), one.at, one.until)).collect();
        assert_eq!(shown, [(level, NOW, NOW + 3_600)]);
    }
    let again = guard.admit(&sealed, &asked("send:mail", Level::Public), &[], NOW + 11);
    assert_eq!(again.record, None, "nothing is shown otherwise");
}

/// An action of some 200 bytes.
fn long(number: usize) -> String {
    format!("send:{}:{number}", ["a".repeat(30).as_str(); 6].join(":"))
}

#[test]
fn what_no_longer_fits_into_a_row_does_not_take_the_place_of_what_waits() {
    let mut scene = Scene::new();
    let (_, sealed) = asking(&scene);
    let guard = scene.guard();
    let text = format!(r#"{{"body":"{}"}}"#, "x".repeat(129_800));
    let request = |more: usize| {
        let actions = (0..=more).map(|number| long(number).parse().unwrap());
        let request = wane::Request::new(
            "files".parse().unwrap(),
            wane::Call::from_parts(&["tools/call", "send"]).unwrap(),
            actions.collect(),
            Level::Public,
        );
        request.unwrap().arguments(Arguments::from_json(text.as_bytes()).unwrap())
    };
    assert_eq!(code(with(&guard, &sealed, &request(0), &[])), Code::DenyNeedsApproval);
    assert_eq!(code(with(&guard, &sealed, &request(3), &[])), Code::ParseLimit);
    assert_eq!(scene.ledger.pending(NOW, 10).unwrap()[0].actions.len(), 1);
}

fn rows(scene: &Scene, table: Table) -> usize {
    let mut found = 0;
    let count = &mut |rows: &mut dyn wane_ledger::Rows| {
        found = rows.scan(table, &[], None, 1_000)?.len();
        Ok(())
    };
    scene.store.clone().view(count).unwrap();
    found
}

/// A byte string in deterministic CBOR.
fn bytes(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap();
    let head = match length {
        0..24 => vec![0x40 | length.to_be_bytes()[1]],
        24..256 => vec![0x58, length.to_be_bytes()[1]],
        _ => [&[0x59][..], &length.to_be_bytes()].concat(),
    };
    [head, data.to_vec()].concat()
}

/// A seal with these claims, which need not be what this library states in one.
fn seal(token: &Token, holder: &wane::SecretKey, payload: &[u8]) -> SealedToken {
    use wane::Signer as _;
    let root = &token.chain().blocks()[0];
    let protected = [0xa1, 0x01, 0x32];
    let beside = [&[0x83, 0x65][..], b"wane1", &[0x02], &bytes(root.id().as_bytes())].concat();
    let signed = [&[0x84, 0x6a][..], b"Signature1", &bytes(&protected), &bytes(&beside), &bytes(payload)].concat();
    let signature = holder.sign(&signed).unwrap();
    let seal = [&[0x84][..], &bytes(&protected), &[0xa0], &bytes(payload), &bytes(&signature)].concat();
    SealedToken::from_bytes(&[vec![0x81, 0x82], root.envelope_bytes(), seal].concat()).unwrap()
}

#[test]
fn arguments_and_statements_go_with_the_admission_though_only_another_seal_asked() {
    let mut scene = Scene::new();
    let holder = key(70);
    let heir = wane::Heir::bound(holder.public_key(), &mut UnwrapErr(SysRng));
    let token = wane::mint(&scene.grant(), &scene.root, heir).unwrap();
    // {-65537: {6: [["send:*", [approver], 1]]}}, and nothing.
    let approver = bytes(key(40).public_key().as_bytes());
    let asks = [0xa1, 0x3a, 0x00, 0x01, 0x00, 0x00, 0xa1, 0x06, 0x81, 0x83, 0x66];
    let asking = seal(&token, &holder, &[&asks[..], b"send:*", &[0x81], &approver, &[0x01]].concat());
    let plain = seal(&token, &holder, &[0xa0]);
    let guard = scene.guard();
    let arguments = Arguments::from_json(br#"{"to": "secret@board"}"#).unwrap();
    let request = asked("send:mail", Level::Public).arguments(arguments);
    assert_eq!(code(with(&guard, &asking, &request, &[])), Code::DenyNeedsApproval);
    let text = approval(&mut scene, 40, 60).to_text();
    let roots = scene.roots();
    scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    assert_eq!((rows(&scene, Table::Pending), rows(&scene, Table::Approval)), (1, 1));
    assert!(with(&guard, &plain, &request, &[]).is_ok());
    assert_eq!((rows(&scene, Table::Pending), rows(&scene, Table::Approval)), (0, 0));
}

#[test]
fn a_check_says_what_would_be_answered_where_nothing_more_may_wait() {
    let scene = Scene::new();
    let (_, sealed) = asking(&scene);
    let store = Front::of(&scene.store);
    let guard = Guard::open(vec![Box::new(store.clone())], scene.options(), NOW).unwrap();
    let request = |number: u32| {
        let arguments = Arguments::from_json(format!(r#"{{"number":{number}}}"#).as_bytes()).unwrap();
        asked("send:mail", Level::Public).arguments(arguments)
    };
    let check = |number| guard.check(&sealed, &request(number), &[], NOW).verdict;
    for number in 0..64 {
        assert_eq!(code(with(&guard, &sealed, &request(number), &[])), Code::DenyNeedsApproval);
    }
    assert_eq!((check(63).as_str(), check(63).code()), ("ask", Some(Code::DenyNeedsApproval)));
    assert_eq!((check(64).as_str(), check(64).code()), ("deny", Some(Code::StatePendingFull)));
    assert_eq!(code(with(&guard, &sealed, &request(64), &[])), Code::StatePendingFull);
    store.tighten();
    assert_eq!((check(63).as_str(), check(63).code()), ("deny", Some(Code::StateFull)));
    assert_eq!(code(with(&guard, &sealed, &request(63), &[])), Code::StateFull);
    assert_eq!(rows(&scene, Table::Pending), 64);
}

#[test]
fn what_is_considered_is_what_a_guard_would_answer() {
    let mut scene = Scene::new();
    let token = scene.mint(&scene.grant().ask("send:* by @oncall".parse().unwrap()));
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    let (guard, roots) = (scene.guard(), scene.roots());
    assert_eq!(code(show(&guard, &sealed, &[])), Code::DenyNeedsApproval);
    for by in [41, 40] {
        let text = approval(&mut scene, by, 60).to_text();
        scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    }
    let request = asked("send:mail", Level::Internal);
    for (members, verdict) in [(vec![], "ask"), (vec![key(40).public_key()], "allow")] {
        let groups = [("oncall".parse().unwrap(), [vec![key(42).public_key()], members].concat())].into();
        let roots = Roots::with_groups([TrustedRoot::new(scene.root.public_key())], groups).unwrap();
        let verified = wane::verify(&sealed, &roots).unwrap();
        let considered = scene.ledger.consider(&verified, &request, None, NOW).unwrap();
        assert_eq!(considered.verdict.as_str(), verdict);
        guard.replace_roots(roots);
        assert_eq!(guard.check(&sealed, &request, &[], NOW).verdict.as_str(), verdict);
    }
}

#[test]
fn statements_that_the_record_has_no_room_for_leave_it_waiting() {
    let mut scene = Scene::new();
    let members: Vec<_> = (100..164).map(|number| key(number).public_key()).collect();
    let groups = [("oncall".parse().unwrap(), members)].into();
    let roots = Roots::with_groups([TrustedRoot::new(scene.root.public_key())], groups).unwrap();
    let token = scene.mint(&scene.grant().ask("send:* by @oncall".parse().unwrap()));
    let sealed = token.seal(&wane::Seal::new()).unwrap();
    let guard = scene.guard();
    guard.replace_roots(roots.clone());
    let actions: Vec<wane::Action> = (0..4).map(|number| long(number).parse().unwrap()).collect();
    let request = wane::Request::for_actions("files".parse().unwrap(), actions, Level::Public).unwrap();
    assert_eq!(code(with(&guard, &sealed, &request, &[])), Code::DenyNeedsApproval);
    for by in 100..164 {
        let text = approval(&mut scene, by, 60).to_text();
        scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    }
    assert_eq!(code(with(&guard, &sealed, &request, &[])), Code::DenyNeedsApproval);
    assert_eq!(scene.ledger.pending(NOW, 10).unwrap().len(), 1);
}

#[test]
fn what_was_staged_for_a_request_that_may_not_wait_is_dropped() {
    let scene = Scene::new();
    let (token, sealed) = asking(&scene);
    let child = token.attenuate(&wane::Narrowing::new(), wane::Heir::carried(&mut UnwrapErr(SysRng))).unwrap();
    let store = Front::of(&scene.store);
    let guard = Guard::open(vec![Box::new(store.clone())], scene.options(), NOW).unwrap();
    for number in 0..64 {
        let action = format!("send:mail:{number}");
        assert_eq!(code(admit(&guard, &sealed, &action, Level::Public)), Code::DenyNeedsApproval);
    }
    // The child's block, which the ledger has not seen, would be written.
    store.leave(0);
    let child = child.seal(&wane::Seal::new()).unwrap();
    assert_eq!(code(admit(&guard, &child, "send:mail:64", Level::Public)), Code::StatePendingFull);
}
