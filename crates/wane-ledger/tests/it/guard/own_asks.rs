//! What the enforcement point asks for itself, beside what blocks ask.

use wane::{Approval, Code, Level, Request, Seal, SealedToken, UntrustedApproval};
use wane_audit::{Decided, Event, Outcome, Record, replay};

use super::scene::{NOW, Scene, asked, code, key, with};

fn request() -> Request {
    asked("send:mail", Level::Internal).asking("send:* by @oncall".parse().unwrap()).unwrap()
}

fn approval(scene: &mut Scene, by: u8) -> Approval {
    let waiting = scene.ledger.pending(NOW, 10).unwrap().remove(0);
    let actions = waiting.actions.iter().map(|action| action.parse().unwrap()).collect();
    Approval::sign(waiting.last, waiting.digest, actions, NOW, NOW + 60, &key(by)).unwrap()
}

fn decisions(scene: &Scene) -> Vec<(Record, Decided)> {
    let decided = |record: Record| match record.event.clone() {
        Event::Decision(decided) => Some((record, *decided)),
        _ => None,
    };
    scene.records().into_iter().filter_map(decided).collect()
}

#[test]
fn it_waits_with_the_others_and_is_admitted_once_approved() {
    let mut scene = Scene::new();
    let sealed = scene.sealed(&scene.grant());
    let (guard, roots) = (scene.guard(), scene.roots());
    assert_eq!(code(with(&guard, &sealed, &request(), &[])), Code::DenyNeedsApproval);
    let waiting = scene.ledger.pending(NOW, 10).unwrap();
    assert_eq!(waiting[0].asks, ["send:* by @oncall need 1"], "approvers are shown it");
    let text = approval(&mut scene, 40).to_text();
    scene.ledger.deposit(&text, &roots, None, NOW).unwrap();
    assert!(with(&guard, &sealed, &request(), &[]).is_ok());
    assert!(scene.ledger.pending(NOW, 10).unwrap().is_empty());
    assert_eq!(code(with(&guard, &sealed, &request(), &[])), Code::DenyNeedsApproval, "it served once");
    guard.close(NOW).unwrap();
}

#[test]
fn who_is_asked_now_counts_and_not_who_was_asked_before() {
    let mut scene = Scene::new();
    let sealed = scene.sealed(&scene.grant());
    let (guard, roots) = (scene.guard(), scene.roots());
    assert_eq!(code(with(&guard, &sealed, &request(), &[])), Code::DenyNeedsApproval);
    let given = approval(&mut scene, 40);
    scene.ledger.deposit(&given.to_text(), &roots, None, NOW).unwrap();
    // The catalogue has changed meanwhile.
    let other = |rule: String| asked("send:mail", Level::Internal).asking(rule.parse().unwrap()).unwrap();
    let two = other("send:* by @oncall need 2".into());
    let stranger = other(format!("send:* by {}", key(60).public_key()));
    assert_eq!(code(with(&guard, &sealed, &two, &[])), Code::DenyNeedsApproval);
    assert_eq!(code(with(&guard, &sealed, &stranger, &[])), Code::DenyNeedsApproval);
    let shown: [UntrustedApproval; 1] = [given.statement().clone()];
    assert_eq!(code(with(&guard, &sealed, &stranger, &shown)), Code::DenyApprovalKey);
    guard.close(NOW).unwrap();
}

#[test]
fn a_decision_is_made_again_with_what_was_asked_then() {
    let mut scene = Scene::new();
    let token = scene.mint(&scene.grant().ask("send:mail by @oncall".parse().unwrap()));
    let sealed: SealedToken = token.seal(&Seal::new()).unwrap();
    let request = asked("send:mail", Level::Internal)
        .asking(format!("send:* by {}", key(60).public_key()).parse().unwrap())
        .unwrap();
    let guard = scene.guard();
    assert_eq!(code(with(&guard, &sealed, &request, &[])), Code::DenyNeedsApproval);
    let shown = [approval(&mut scene, 40).statement().clone(), approval(&mut scene, 60).statement().clone()];
    assert!(with(&guard, &sealed, &request, &shown).is_ok());
    guard.close(NOW).unwrap();
    let mut outcomes = Vec::new();
    for (record, decided) in decisions(&scene) {
        let agrees = |decided: &Decided| {
            replay(decided, record.at, |id| scene.envelope(id), &scene.roots()).is_ok_and(|again| again.agrees())
        };
        assert!(agrees(&decided), "{}", record.to_line().unwrap());
        outcomes.push(decided.decision);
        if decided.decision == Outcome::Allow {
            // A record that says that nobody else was asked does not explain what was shown.
            assert!(!agrees(&Decided { asks: Vec::new(), ..decided.clone() }));
            let more = vec![decided.asks[0].clone(), "send:* by @oncall need 2".parse().unwrap()];
            assert!(!agrees(&Decided { asks: more, ..decided }));
        }
    }
    assert_eq!(outcomes, [Outcome::Ask, Outcome::Allow]);
}
