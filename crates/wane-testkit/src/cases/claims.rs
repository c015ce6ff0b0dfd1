//! What a block may state, and in which form (token.md section 5).

use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, root};
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    let refused = |name, comment, code, spec, claims: Claims| {
        Case::new(&format!("claims/{name}"), comment)
            .refused(code)
            .block(0)
            .spec(spec)
            .sealed(&Chain::root(&claims).seal(Claims::new()))
    };
    vec![
        refused("unknown", "the claim 9", "parse-unknown-claim", "T28", root().set(9, 1)),
        refused("unknown-private", "the private claim 18", "parse-unknown-claim", "T28", root().private(18, 1)),
        refused("no-exp", "a root block without exp", "parse-missing-claim", "T30", root().without(4)),
        refused(
            "said-with-cnf",
            "said facts in a block with cnf",
            "parse-misplaced-claim",
            "T29",
            root().said(crate::map! {"a" => 1}),
        ),
        refused("session-false", "session is false", "parse-claim-type", "T31", root().private(1, false)),
        refused(
            "one-audience-in-a-list",
            "one audience in an array",
            "parse-not-canonical",
            "T35",
            root().auds(&["files"]),
        ),
        refused("depth-15", "a depth of 15", "parse-limit", "T34", root().depth(15)),
        refused("level-5", "the level 5", "parse-level", "T36", root().level(5)),
        refused("label-capital", "a label with a capital", "parse-name", "T36", root().labels(&["PII"])),
        refused("pattern", "an empty segment", "parse-pattern", "T36 T65", root().scopes(list!["read::a"])),
        Case::new("claims/every-claim", "a root block with every claim that needs no ledger")
            .spec("T31 T38")
            .sealed_from(
                &Chain::root(&root().subject("an agent").cti(7).level(0).clearance(4).depth(2).note("for the tests")),
                Claims::new(),
            ),
    ]
}
