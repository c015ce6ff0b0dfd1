//! Where a session opens.

use serde_json::json;

use super::{chain, wider};
use crate::case::{Case, trusted};
use crate::chain::Chain;
use crate::claims::{Claims, IAT, root};
use crate::key::{ROOT, key_text};

/// A root block that leaves opening the session to a delegate block.
fn issued() -> Claims {
    root().without_private(1)
}

fn opening() -> Claims {
    Claims::new().session().iat(IAT + 30)
}

/// Judged under a root that may leave the session open, with a ledger that knows the session `77…`.
fn by_issuer(case: Case) -> Case {
    let ledger = json!({"ledger": {
        "id": "05".repeat(16),
        "first": {"root": key_text(ROOT), "issued-at": IAT - 100},
    }});
    case.roots_file([trusted(ROOT), vec!["issuer = true".to_owned()]].concat()).state(ledger)
}

fn kept(name: &str, comment: &str, spec: &str, blocks: &[Claims]) -> Case {
    let case = Case::new(&format!("narrowing/{name}"), comment).spec(spec);
    by_issuer(case).sealed_from(&chain(blocks), Claims::new())
}

pub(super) fn cases() -> Vec<Case> {
    let step = Claims::new;
    let wider = |name, comment, code, spec, blocks: &[Claims]| by_issuer(wider(name, comment, code, spec, blocks));
    let first = [0x77; 32];
    vec![
        kept(
            "session-in-delegate",
            "an issuer's token, and a delegate block that opens the session",
            "T51 T53",
            &[issued(), opening()],
        ),
        kept("session-third", "the second delegate block opens the session", "T51", &[issued(), step(), opening()]),
        wider(
            "session-second",
            "a session within one that the root block opened",
            "chain-second-session",
            "T49",
            &[root(), opening()],
        ),
        wider(
            "session-second-later",
            "a session within one that a delegate block opened",
            "chain-second-session",
            "T49",
            &[issued(), opening(), opening()],
        ),
        by_issuer(Case::new("narrowing/session-none", "no block opens a session"))
            .refused("chain-no-session")
            .spec("T50")
            .sealed(&Chain::root(&issued()).seal(step())),
        by_issuer(Case::new("narrowing/session-none-delegated", "no block of three opens a session"))
            .refused("chain-no-session")
            .spec("T50")
            .sealed(&chain(&[issued(), step()]).seal(step())),
        Case::new("narrowing/session-no-issuer", "a root block without a session by a root that is no issuer")
            .refused("chain-issuer")
            .block(0)
            .spec("T51 T115")
            .sealed(&chain(&[issued(), opening()]).seal(step())),
        Case::new("narrowing/session-issuer-false", "the same where the root entry says `issuer = false`")
            .refused("chain-issuer")
            .block(0)
            .spec("T51 T115")
            .root_line("issuer = false")
            .sealed(&chain(&[issued(), opening()]).seal(step())),
        kept("session-issuer-unused", "a root that may leave the session open opens it", "T51", &[root()]),
        wider(
            "session-without-iat",
            "a delegate block opens a session and states no iat",
            "parse-missing-claim",
            "T30 T53",
            &[issued(), step().session()],
        ),
        kept("continues", "a root block continues an earlier session", "T52", &[root().ledger(5).continues(first)]),
        kept(
            "continues-in-delegate",
            "a delegate block opens a session that continues one, and names the ledger",
            "T52",
            &[issued(), opening().ledger(5).continues(first)],
        ),
        kept(
            "continues-ledger-above",
            "the ledger was named by the root block",
            "T52",
            &[issued().ledger(5), opening().continues(first)],
        ),
        wider(
            "continues-no-ledger",
            "a session is continued where no ledger is in force",
            "chain-continues",
            "T52",
            &[root().continues(first)],
        ),
        wider(
            "continues-no-ledger-later",
            "the same in a delegate block",
            "chain-continues",
            "T52",
            &[issued(), opening().continues(first)],
        ),
        wider(
            "continues-alone",
            "continues where the session was opened by the block before",
            "chain-continues",
            "T52",
            &[root().ledger(5), step().continues(first)],
        ),
        wider(
            "continues-no-session",
            "continues in a root block that opens no session",
            "chain-continues",
            "T52",
            &[issued().ledger(5).continues(first)],
        ),
    ]
}
