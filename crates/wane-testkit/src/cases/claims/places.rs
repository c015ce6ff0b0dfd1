//! Which claims there are, which a block needs, and where they have no place.

use super::{accepted, case, in_delegate, in_root, in_seal};
use crate::case::Case;
use crate::cbor::Item;
use crate::chain::Chain;
use crate::claims::{Claims, EXP, IAT, NOW, PRIVATE, root};
use crate::key::{hint, public};
use crate::list;
use crate::request::Request;

pub(super) fn cases() -> Vec<Case> {
    [unknown(), missing(), misplaced(), stated()].concat()
}

fn unknown() -> Vec<Case> {
    let outer = |name, comment, key: Item| in_root(name, comment, "parse-unknown-claim", "T28", &root().set(key, 1));
    let inner =
        |name, comment, key: Item| in_root(name, comment, "parse-unknown-claim", "T28", &root().private(key, 1));
    vec![
        outer("unknown-0", "the claim 0", 0.into()),
        outer("unknown-iss", "the claim 1, which CWT calls iss", 1.into()),
        outer("unknown-9", "the claim 9", 9.into()),
        outer("unknown-negative", "the claim -1", (-1).into()),
        outer("unknown-65536", "the claim -65536", (-65_536).into()),
        outer("unknown-65538", "the claim -65538", (-65_538).into()),
        outer("unknown-lowest", "the lowest number there is", Item::Int(-18_446_744_073_709_551_616)),
        outer("unknown-text", "a claim under the text exp", "exp".into()),
        outer("unknown-bytes", "a claim under a byte string", [4; 1].into()),
        outer("unknown-null", "a claim under null", Item::NULL),
        inner("unknown-private", "the private claim 18", 18.into()),
        inner("unknown-private-negative", "the private claim -1", (-1).into()),
        inner("unknown-private-text", "a private claim under the text level", "level".into()),
        in_delegate("unknown-delegate", "the claim 9 in a delegate block", "parse-unknown-claim", "T28", {
            Claims::new().set(9, 1)
        }),
        in_seal("unknown-seal", "the claim 9 in a seal", "parse-unknown-claim", "T28", Claims::new().set(9, 1)),
        in_seal("unknown-seal-private", "the private claim 18 in a seal", "parse-unknown-claim", "T28", {
            Claims::new().private(18, 1)
        }),
    ]
}

fn missing() -> Vec<Case> {
    let request = Request::from("read:hr:employees").request_seal();
    let bound = Claims::new().cti(7).iat(NOW).exp(NOW + 60).digest(request.digest("{}", Vec::new()));
    let root_without = |name, comment, claims| in_root(name, comment, "parse-missing-claim", "T30", &claims);
    let seal_without = |name, comment, key| {
        in_seal(name, comment, "parse-missing-claim", "T30 T62", bound.clone().without(key)).request(request.clone())
    };
    vec![
        root_without("no-aud", "a root block without aud", root().without(3)),
        root_without("no-exp", "a root block without exp", root().without(4)),
        root_without("no-iat", "a root block without iat", root().without(6)),
        root_without("no-hint", "a root block without its hint", root().without_private(0)),
        root_without("no-scopes", "a root block without scopes", root().without_private(4)),
        root_without("nothing-private", "a root block without the private map", {
            root().without_private(0).without_private(1).without_private(4)
        })
        .spec("T30"),
        case("session-without-iat", "a delegate block opens a session and states no iat", "T30 T53")
            .refused("parse-missing-claim")
            .block(1)
            .root_line("issuer = true")
            .sealed(&Chain::root(&root().without_private(1)).delegate(Claims::new().session()).seal(Claims::new())),
        case("session-with-iat", "a delegate block opens a session and states iat", "T30 T53")
            .root_line("issuer = true")
            .sealed_from(
                &Chain::root(&root().without_private(1)).delegate(Claims::new().session().iat(IAT)),
                Claims::new(),
            ),
        seal_without("digest-without-cti", "a seal for one request without cti", 7),
        seal_without("digest-without-iat", "a seal for one request without iat", 6),
        seal_without("digest-without-exp", "a seal for one request without exp", 4),
        case("digest", "a seal for one request with all it needs", "T30 T62")
            .request(request.clone())
            .sealed_from(&Chain::minted(), bound),
    ]
}

fn misplaced() -> Vec<Case> {
    let said = || crate::map! {"purpose" => "payroll"};
    let delegate = |name, comment, claims| in_delegate(name, comment, "parse-misplaced-claim", "T29", claims);
    let seal = |name, comment, claims| in_seal(name, comment, "parse-misplaced-claim", "T29", claims);
    let first = |name, comment, claims| in_root(name, comment, "parse-misplaced-claim", "T29", &claims);
    vec![
        delegate("hint-in-delegate", "a hint in a delegate block", Claims::new().hint(hint(1))),
        seal("hint-in-seal", "a hint in a seal", Claims::new().hint(hint(1))),
        first("digest-in-root", "a digest in a root block", root().cti(7).digest([7; 32])),
        first("said-in-root", "said facts in a root block", root().said(said())),
        delegate("digest-in-delegate", "a digest in a delegate block", {
            Claims::new().cti(7).iat(NOW).exp(NOW + 60).digest([7; 32])
        }),
        delegate("said-in-delegate", "said facts in a delegate block", Claims::new().said(said())),
        first("approver-in-root", "an approver in a root block", root().private(16, public(0x51))),
        first("actions-in-root", "actions in a root block", root().private(17, list!["read:hr"])),
        seal("approver-in-seal", "an approver in a seal", Claims::new().private(16, public(0x51))),
        seal("actions-in-seal", "actions in a seal", Claims::new().private(17, list!["read:hr"])),
        delegate("actions-in-delegate", "actions in a delegate block", Claims::new().private(17, list!["read:hr"])),
    ]
}

/// Blocks with all that they may state.
fn stated() -> Vec<Case> {
    let full = || {
        root()
            .subject("an agent")
            .auds(&["files", "mail:*"])
            .nbf(IAT)
            .cti(9)
            .scopes(list!["read:*", list!["write:*", list![list!["/path", 7, list!["/data"]]], true]])
            .deny(&["read:secret:*"])
            .ask(list![list!["send:*", list![public(0x51), "@oncall"], 2]])
            .rules(list![list![2, list!["pii"], list!["read:*"]]])
            .level(0)
            .labels(&["pii"])
            .clearance(4)
            .depth(3)
            .note("for the tests")
    };
    let delegate = Claims::new()
        .subject("a child")
        .auds(&["files", "mail:hr"])
        .exp(EXP - 1)
        .nbf(IAT + 1)
        .iat(IAT + 1)
        .cti(10)
        .scopes(list![list![0, "read:hr:*"], 1])
        .deny(&["read:hr:salaries"])
        .ask(list![list!["delete:*", list!["@oncall"], 1]])
        .rules(list![list![1, list![], list!["read:*", "write:*"]]])
        .level(1)
        .labels(&["untrusted"])
        .clearance(3)
        .depth(2)
        .note("less");
    vec![
        case("all-in-root", "a root block with every claim that needs no ledger", "T31 T35")
            .sealed_from(&Chain::root(&full()), Claims::new().aud("files")),
        case("all-in-delegate", "a delegate block with every claim that needs no ledger", "T31 T35 T38")
            .sealed_from(&Chain::root(&full()).delegate(delegate), Claims::new().aud("files")),
        accepted("least-root", "a root block with what it needs and a session", "T30", &root()),
        case("least-delegate", "a delegate block that only names the next key", "T30 T38")
            .sealed_from(&Chain::delegated(), Claims::new()),
        case("least-seal", "a seal whose payload is an empty map", "T19 T30")
            .sealed_from(&Chain::minted(), Claims::new()),
        in_seal("private-map-empty", "an empty private map", "parse-not-canonical", "T35", {
            Claims::new().set(PRIVATE, Item::Map(Vec::new()))
        }),
        case("scopes-empty", "a root block with an empty list of scopes, which allows nothing", "T34 T75 T147")
            .refused("deny-scope")
            .sealed(&Chain::root(&root().scopes(list![])).seal(Claims::new())),
    ]
}
