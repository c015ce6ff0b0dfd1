//! Audience and times: who is asked, and when (steps 1 to 4).

use super::{no, ok};
use crate::case::{Case, trusted};
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, IAT, NOW, root};
use crate::key::hint;
use crate::request::Request;

/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

pub(super) fn cases() -> Vec<Case> {
    [audience(), expiry(), not_before(), issued_at(), rotation()].concat()
}

fn audience() -> Vec<Case> {
    let at = |audience: &str| Request::from("read:hr:employees").aud(audience);
    let (two, any) = (Chain::root(&root().auds(&["files", "mail"])), Chain::root(&root().aud("files:*")));
    let narrow = |audience: &str| Claims::new().aud(audience);
    let by_child = Chain::root(&root().auds(&["files", "mail"])).delegate(narrow("mail"));
    vec![
        ok("audience", "T136", "the audience that the root block states").sealed_from(&Chain::minted(), Claims::new()),
        no("audience-other", "deny-audience", "T136", "shown to another audience")
            .request(at("mail"))
            .sealed(&Chain::standard()),
        ok("audience-of-seal", "T136", "the seal keeps one of two audiences")
            .request(at("mail"))
            .sealed_from(&two, narrow("mail")),
        no("audience-of-root-only", "deny-audience", "T136", "the root block names this audience, the seal the other")
            .sealed(&two.clone().seal(narrow("mail"))),
        ok("audience-of-delegate", "T136", "a delegate block keeps one of two audiences, the seal states none")
            .request(at("mail"))
            .sealed_from(&by_child, Claims::new()),
        no("audience-before-delegate", "deny-audience", "T136", "an audience that a delegate block has dropped")
            .sealed(&by_child.clone().seal(Claims::new())),
        ok("audience-within-pattern", "T61 T136", "the seal keeps one audience of a pattern")
            .request(at("files:eu"))
            .sealed_from(&any, narrow("files:eu")),
        no(
            "audience-beside-pattern",
            "deny-audience",
            "T136",
            "another audience of the pattern that the root block states",
        )
        .request(at("files:us"))
        .sealed(&any.seal(narrow("files:eu"))),
        no("audience-capital", "deny-audience", "T66 T136", "the audience with a capital")
            .request(at("Files"))
            .sealed(&Chain::standard()),
        no("audience-longer", "deny-audience", "T136", "the audience with a segment more")
            .request(at("files:eu"))
            .sealed(&Chain::standard()),
        no("audience-shorter", "deny-audience", "T136", "the audience with a segment less")
            .sealed(&Chain::root(&root().aud("files:eu")).seal(Claims::new())),
    ]
}

fn expiry() -> Vec<Case> {
    let child = Chain::minted().delegate(Claims::new().exp(NOW + 10));
    let seal = Claims::new().exp(NOW + 10);
    let forever = Chain::root(&root().exp(LAST));
    vec![
        ok("exp-last-second", "T137", "one second before exp")
            .now(EXP - 1)
            .sealed_from(&Chain::minted(), Claims::new()),
        no("exp", "deny-expired", "T137", "at exp").now(EXP).sealed(&Chain::standard()),
        no("exp-leeway", "deny-expired", "T137", "one second after exp, where nbf and iat would have leeway")
            .now(EXP + 1)
            .sealed(&Chain::standard()),
        ok("exp-of-delegate-last-second", "T137", "one second before the exp of a delegate block")
            .now(NOW + 9)
            .sealed_from(&child, Claims::new()),
        no("exp-of-delegate", "deny-expired", "T137", "at the exp of a delegate block, before that of the root block")
            .now(NOW + 10)
            .sealed(&child.seal(Claims::new())),
        ok("exp-of-seal-last-second", "T137", "one second before the exp of the seal")
            .now(NOW + 9)
            .sealed_from(&Chain::minted(), seal.clone()),
        no("exp-of-seal", "deny-expired", "T137", "at the exp of the seal, before that of the root block")
            .now(NOW + 10)
            .sealed(&Chain::minted().seal(seal)),
        ok("exp-last-of-all", "T36 T137", "one second before the last second of the year 9999, which is exp")
            .now(LAST - 1)
            .sealed_from(&forever, Claims::new()),
        no("exp-of-9999", "deny-expired", "T137", "the last second of the year 9999 is exp, and has come")
            .now(LAST)
            .sealed(&forever.seal(Claims::new())),
        no("exp-end-of-time", "deny-expired", "T105 T137", "a time to which thirty seconds cannot be added in 64 bits")
            .now(u64::MAX)
            .sealed(&Chain::standard()),
    ]
}

fn not_before() -> Vec<Case> {
    let from = |time: u64| Chain::root(&root().nbf(time));
    let child = |time: u64| from(IAT).delegate(Claims::new().nbf(time));
    let seal = |time: u64| Claims::new().nbf(time);
    vec![
        ok("nbf-past", "T138", "nbf has come").sealed_from(&from(NOW), Claims::new()),
        ok("nbf-leeway", "T138", "nbf is 30 seconds ahead").sealed_from(&from(NOW + 30), Claims::new()),
        no("nbf", "deny-not-yet-valid", "T138", "nbf is 31 seconds ahead").sealed(&from(NOW + 31).seal(Claims::new())),
        ok("nbf-of-delegate-leeway", "T138", "the nbf of a delegate block is 30 seconds ahead")
            .sealed_from(&child(NOW + 30), Claims::new()),
        no("nbf-of-delegate", "deny-not-yet-valid", "T138", "the nbf of a delegate block is 31 seconds ahead")
            .sealed(&child(NOW + 31).seal(Claims::new())),
        ok("nbf-of-seal-leeway", "T138", "the nbf of the seal is 30 seconds ahead")
            .sealed_from(&Chain::minted(), seal(NOW + 30)),
        no("nbf-of-seal", "deny-not-yet-valid", "T138", "the nbf of the seal is 31 seconds ahead")
            .sealed(&Chain::minted().seal(seal(NOW + 31))),
        no("nbf-kept", "deny-not-yet-valid", "T38 T138", "the root block states a later nbf, the blocks after it none")
            .sealed(&from(NOW + 31).delegate(Claims::new()).seal(Claims::new())),
    ]
}

fn issued_at() -> Vec<Case> {
    let child = |time: u64| Chain::minted().delegate(Claims::new().iat(time));
    let seal = |time: u64| Chain::minted().seal(Claims::new().iat(time));
    vec![
        ok("iat-leeway", "T139", "30 seconds before iat").now(IAT - 30).sealed_from(&Chain::minted(), Claims::new()),
        no("iat", "deny-issued-in-future", "T139", "31 seconds before iat").now(IAT - 31).sealed(&Chain::standard()),
        no("iat-from-1970", "deny-issued-in-future", "T139", "a clock that says 1970")
            .now(0)
            .sealed(&Chain::standard()),
        ok("iat-of-delegate-leeway", "T139", "the iat of a delegate block is 30 seconds ahead")
            .sealed_from(&child(NOW + 30), Claims::new()),
        no("iat-of-delegate", "deny-issued-in-future", "T139", "the iat of a delegate block is 31 seconds ahead")
            .sealed(&child(NOW + 31).seal(Claims::new())),
        ok("iat-of-seal-leeway", "T139", "the iat of the seal is 30 seconds ahead").sealed(&seal(NOW + 30)),
        no("iat-of-seal", "deny-issued-in-future", "T139", "the iat of the seal is 31 seconds ahead")
            .sealed(&seal(NOW + 31)),
    ]
}

/// The roots file after the root key was rotated: the old key's entry is retired, the new one's stands behind it.
fn rotation() -> Vec<Case> {
    let retired = |second: u64| {
        let mut lines = trusted(1);
        lines.push(format!("mint-until = 2026-01-01T00:00:{second:02}Z"));
        lines.extend(trusted(9));
        lines
    };
    let renewed = || Chain::behind(9).put(&Block::new(0, &root().hint(hint(9)).iat(IAT + 10)));
    vec![
        ok("rotated-before", "T115 T120", "minted by the old key before it was retired, and not yet expired")
            .roots_file(retired(1))
            .sealed_from(&Chain::minted(), Claims::new()),
        no("rotated-after", "chain-mint-window", "T115 T120", "minted by the old key in the second it was retired")
            .block(0)
            .roots_file(retired(0))
            .sealed(&Chain::standard()),
        no("rotated-expired", "deny-expired", "T120 T137", "minted by the old key before it was retired, and expired")
            .roots_file(retired(1))
            .now(EXP)
            .sealed(&Chain::standard()),
        ok("rotated-new", "T115 T120", "minted by the new key after that")
            .roots_file(retired(1))
            .sealed_from(&renewed(), Claims::new()),
    ]
}
