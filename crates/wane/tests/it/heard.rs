//! What a judgement has heard on its way: each condition and each `only` once, however many actions ask for them.

use wane::{Code, Heir, Level, LiveState, Place, Request, RootGrant, Seal, Tree, Verified, judge, mint, verify};

use crate::forge::{EXP, IAT, NOW, OPS, Rng, json, public, roots, secret};

fn verified(scope: &str) -> Verified {
    let grant = RootGrant::new("files".parse().unwrap(), IAT, EXP).scope(scope.parse().unwrap());
    let token = mint(&grant, &secret(OPS), Heir::bound(public(10), &mut Rng::new(1))).unwrap();
    verify(&token.seal_as(&secret(10), &Seal::new()).unwrap(), &roots()).unwrap()
}

fn request(actions: &[&str], arguments: &str) -> Request {
    let actions = actions.iter().map(|action| action.parse().unwrap()).collect();
    Request::for_actions("files".parse().unwrap(), actions, Level::Public).unwrap().arguments(json(arguments))
}

fn place(condition: Option<usize>) -> Place {
    Place { tree: Tree::Scopes, block: 0, scope: 0, condition }
}

/// The places that were heard, with what each answered.
fn heard(scope: &str, request: &Request) -> Vec<(Place, Option<Code>)> {
    let judgement = judge(&verified(scope), request, &LiveState::without_ledger(), NOW);
    judgement.heard.iter().map(|heard| (heard.place, heard.outcome)).collect()
}

#[test]
fn several_actions_hear_a_scope_once() {
    let scope = "read:* if n = 1 and m = 2 only";
    let all = [(place(Some(0)), None), (place(Some(1)), None), (place(None), None)];
    for actions in [&["read:a"][..], &["read:a", "read:b", "read:c"]] {
        assert_eq!(heard(scope, &request(actions, r#"{"n": 1, "m": 2}"#)), all, "{actions:?}");
    }
}

#[test]
fn the_first_that_fails_is_the_last_that_is_heard() {
    let scope = "read:* if n = 1 and m = 2 only";
    let failed = |number| (place(number), Some(Code::DenyCondition));
    assert_eq!(heard(scope, &request(&["read:a"], r#"{"n": 2, "m": 2}"#)), [failed(Some(0))]);
    let second = heard(scope, &request(&["read:a", "read:b"], r#"{"n": 1, "m": 3}"#));
    assert_eq!(second, [(place(Some(0)), None), failed(Some(1))]);
    let unnamed = heard(scope, &request(&["read:a"], r#"{"n": 1, "m": 2, "x": 3}"#));
    assert_eq!(unnamed[2], (place(None), Some(Code::DenyOnly)));
    assert_eq!(heard(scope, &request(&["write:a"], "{}")), []);
}
