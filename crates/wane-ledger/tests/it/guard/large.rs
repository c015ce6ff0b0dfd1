//! Requests whose record is large: what is only asked for is answered as what is admitted.

use wane::{Arguments, Call, Code, Decision, Level, Name, Request, SealedToken, Value, Verdict};
use wane_audit::{Event, RECORD_BYTES};
use wane_ledger::Guard;

use super::scene::{NOW, Scene};

/// A request for a call with a name of so many bytes and so many arguments, each byte of them six in a record, and with as much of the
/// rest as a request may have.
fn request(name: usize, arguments: usize) -> Request {
    let members: Vec<String> =
        (0..arguments).map(|number| format!("\"{number:02}{}\":0", "\\u0001".repeat(126))).collect();
    let arguments = Arguments::from_json(format!("{{{}}}", members.join(",")).as_bytes()).unwrap();
    let call = Call::tool(&"\u{1}".repeat(name)).unwrap();
    let segment = "a".repeat(64);
    let action = |number: usize| format!("read{}:z{number}", format!(":{segment}").repeat(2)).parse().unwrap();
    let short = |number: usize| -> Name { format!("{}{number:02}", "n".repeat(62)).parse().unwrap() };
    let mut request =
        Request::new("files".parse().unwrap(), call, (0..4).map(action).collect(), Level::Internal).unwrap();
    for number in 0..16 {
        request = request.label(short(number)).fact(short(number), Value::text("v").unwrap()).cost(short(number), 1);
    }
    request.arguments(arguments)
}

/// The same code from both, or that both allow.
fn answers(guard: &Guard, sealed: &SealedToken, request: &Request) -> Option<Code> {
    let checked = match guard.check(sealed, request, &[], NOW).verdict {
        Verdict::Allow(_) => None,
        Verdict::Ask(refusal) | Verdict::Deny(refusal) => Some(refusal.code()),
    };
    let admitted = match guard.admit(sealed, request, &[], NOW).decision {
        Decision::Allow(_) => None,
        Decision::Ask(ask) => Some(ask.refusal().code()),
        Decision::Deny(refusal) => Some(refusal.code()),
    };
    assert_eq!(checked, admitted);
    admitted
}

#[test]
fn what_has_no_room_in_the_log_is_denied_whether_it_is_checked_or_admitted() {
    let scene = Scene::new();
    let guard = scene.guard();
    let mut grant = scene.grant().ledger(scene.ledger_id());
    for number in 0..16 {
        grant = grant.budget(format!("{}{number:02}", "n".repeat(62)).parse().unwrap(), 1_000);
    }
    let sealed = scene.sealed(&grant);
    // As large as a request can be of which nobody has to see the record to know that it fits.
    assert_eq!(answers(&guard, &sealed, &request(1_021, 8)), None);
    assert_eq!(answers(&guard, &sealed, &request(4_000, 20)), None);
    assert_eq!(answers(&guard, &sealed, &request(4_000, 64)), Some(Code::ParseTooLarge));
    guard.close(NOW).unwrap();
    let lines: Vec<usize> = scene
        .records()
        .iter()
        .filter(|record| matches!(record.event, Event::Decision(_)))
        .map(|record| record.to_line().unwrap().len())
        .collect();
    assert!(lines.len() == 3 && lines.iter().all(|line| *line <= RECORD_BYTES), "{lines:?}");
    assert!(lines[0] > 20_000, "{lines:?}");
}
