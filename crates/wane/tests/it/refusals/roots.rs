//! Root blocks and requests beyond the ceiling of the root entry.

use wane::{Code, Decision, Level, Mark, Refusal, Roots, Rule, TrustedRoot, Verified, verify};

use crate::forge::{
    EXP, Forged, IAT, OPS, OTHER, Payload, allowed, decided, denied, int, json, public, refused, request, text, texts,
};

fn against(entry: TrustedRoot, root: &Payload) -> Result<Verified, Refusal> {
    let sealed = Forged::from_root(root).seal(10, &Payload::seal().claim(3, text("files"))).sealed()?;
    verify(&sealed, &Roots::new([entry]).unwrap())
}

fn entry() -> TrustedRoot {
    TrustedRoot::new(public(OPS))
}

fn root() -> Payload {
    Payload::root(OPS, 10)
}

#[test]
fn a_root_block_above_its_ceiling() {
    let files = || entry().audiences(["files".parse().unwrap()]);
    refused(against(files(), &root().claim(3, texts(&["files", "mail"]))), Code::ChainRoot, 0);
    refused(against(files(), &root().claim(3, text("*"))), Code::ChainRoot, 0);
    let reads = || entry().scopes(["read:*".parse().unwrap()]);
    refused(against(reads(), &root().scopes([text("read:*"), text("write:a")])), Code::ChainRoot, 0);
    refused(against(reads(), &root().scopes([text("*")])), Code::ChainRoot, 0);
    refused(against(entry().longest(EXP - IAT - 1), &root()), Code::ChainRoot, 0);
    refused(against(entry().depth(4), &root()), Code::ChainRoot, 0);
    refused(against(entry().depth(4), &root().private(12, int(5))), Code::ChainRoot, 0);
    let fits = files().scopes(["read:*".parse().unwrap()]).longest(EXP - IAT).depth(4);
    assert!(against(fits, &root().private(12, int(4))).is_ok());
}

#[test]
fn two_scopes_of_a_ceiling_do_not_add_up() {
    let halves = entry().scopes(["read:a".parse().unwrap(), "read:a:*".parse().unwrap()]);
    refused(against(halves, &root()), Code::ChainRoot, 0);
}

#[test]
fn outside_the_mint_window() {
    refused(against(entry().minting_from(IAT + 1), &root()), Code::ChainMintWindow, 0);
    refused(against(entry().minting_until(IAT), &root()), Code::ChainMintWindow, 0);
    assert!(against(entry().minting_from(IAT).minting_until(IAT + 1), &root()).is_ok());
}

#[test]
fn a_ceiling_is_not_inherited_from() {
    // A root block that states no scope of its own gets none from the ceiling.
    let verified = against(entry().scopes(["read:*".parse().unwrap()]), &root().scopes([])).unwrap();
    denied(&decided(&verified, &request("read:a")), Code::DenyScope, None);
}

#[test]
fn requests_pass_the_scopes_of_the_ceiling_too() {
    let ceiling = entry().scopes(["read:* if path under /data".parse().unwrap()]);
    let verified = against(ceiling, &root()).unwrap();
    let asked = |arguments: &str| decided(&verified, &request("read:a").arguments(json(arguments)));
    allowed(&asked(r#"{"path": "/data/a"}"#));
    for beyond in [r#"{"path": "/etc"}"#, "{}", r#"{"path": "/data/a", "x": 1}"#] {
        denied(&asked(beyond), Code::DenyCeiling, None);
    }
    let Decision::Deny(refusal) = asked("{}") else { panic!("allowed") };
    assert!(refusal.bound().contains("the argument /path is missing"), "{refusal}");
}

#[test]
fn a_root_entry_adds_its_mark_and_rules() {
    let restricted = entry().mark(Mark::at(Level::Restricted));
    let wide = root().scopes([text("*")]);
    let verified = against(restricted, &wide).unwrap();
    denied(&decided(&verified, &request("write:a")), Code::DenyRatchet, None);
    let rule = Rule::new(Level::Public, [], ["read:*".parse().unwrap()]);
    // Also where the root block may replace the default rules.
    let verified = against(entry().rule(rule).allow_own_ratchet(), &wide.private(7, crate::forge::list([]))).unwrap();
    denied(&decided(&verified, &request("write:a")), Code::DenyRatchet, None);
}

#[test]
fn roots_that_cannot_be_used() {
    refused(Roots::new([]), Code::ParseRoots, None);
    refused(Roots::new([entry(), entry().named("again")]), Code::ParseRoots, None);
    let local = [("local".parse().unwrap(), vec![public(OTHER)])].into();
    refused(Roots::with_groups([entry()], local), Code::ParseRoots, None);
}

#[test]
fn a_root_that_is_not_there_allows_nothing() {
    let sealed = Forged::minted().seal(10, &Payload::seal()).sealed().unwrap();
    let answer = verify(&sealed, &Roots::single(public(OTHER)));
    refused(
        answer.map(|verified| matches!(decided(&verified, &request("read:a")), Decision::Allow(_))),
        Code::ChainUnknownRoot,
        0,
    );
}
