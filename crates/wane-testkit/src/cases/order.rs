//! Two faults each: the order of the checks says which one is answered (decide.md sections 1, 2 and 6).

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, IAT, NOW, root};
use crate::key::hint;
use crate::list;
use crate::request::Request;
use crate::text::line;

pub(super) fn cases() -> Vec<Case> {
    [parse(), claims(), verify(), narrowing(), decide()].concat()
}

/// `answered` is the code of the fault that is looked for first.
fn case(name: &str, comment: &str, answered: &str, spec: &str) -> Case {
    Case::new(&format!("order/{name}"), comment).refused(answered).spec(&format!("T106 {spec}"))
}

fn parse() -> Vec<Case> {
    let seal = || Block::new(2, &Claims::new());
    let whole = Chain::standard().to_item().to_bytes();
    let behind = |item: Item| Item::Raw([item.to_bytes(), vec![0]].concat());
    vec![
        case(
            "length-before-alphabet",
            "a text that is too long, of letters that base64url lacks",
            "parse-too-large",
            "T2 T3",
        )
        .flag("repeat 21865")
        .payload("!"),
        case(
            "bytes-before-prefix",
            "a sealed token behind the wrong prefix, and a byte behind it",
            "parse-trailing-bytes",
            "T4 T13",
        )
        .payload(line("wane1.token.", &[&whole[..], &[0]].concat())),
        case("scan-before-shape", "a token of no part, and a byte behind it", "parse-trailing-bytes", "T13 T15")
            .sealed_item(&behind(list![])),
        case("scan-in-order", "a float, and later a tag", "parse-float", "T7")
            .sealed_item(&list![1.5, Item::Tag(1, Box::new(0.into()))]),
        case("scan-in-order-back", "a tag, and later a float", "parse-tag", "T7")
            .sealed_item(&list![Item::Tag(1, Box::new(0.into())), 1.5]),
        case("count-before-blocks", "seventeen blocks, the first of which is null", "parse-too-many-blocks", "T16 T17")
            .sealed_item(&list![Item::List(vec![Item::NULL; 17])]),
        case("seal-before-next", "a block that is null follows a seal", "parse-missing-claim", "T17 T20")
            .block(1)
            .sealed_item(&{
                let mut blocks = Chain::standard().blocks;
                blocks.push(Item::NULL);
                list![Item::List(blocks)]
            }),
        case(
            "root-before-seal",
            "an unknown claim in the root block, and a header of the seal",
            "parse-unknown-claim",
            "T17 T28",
        )
        .block(0)
        .sealed(&Chain::root(&root().set(9, 1)).put(&seal().protected(&[0xa0]))),
        case(
            "signature-before-payload",
            "a float in the payload, and a signature of 63 bytes",
            "parse-envelope",
            "T7 T18",
        )
        .block(1)
        .sealed(&Chain::minted().put(&Block::raw(2, Item::Float(1.5).to_bytes()).signature(|_| vec![7; 63]))),
        case(
            "block-before-secret",
            "an unknown claim in the seal, and a secret of 31 bytes",
            "parse-unknown-claim",
            "T26 T28",
        )
        .block(1)
        .sealed_item(&list![Item::List(Chain::minted().seal(Claims::new().set(9, 1)).blocks), [2; 31]]),
        case("secret-before-prefix", "a secret of 31 bytes, behind the wrong prefix", "parse-claim-type", "T4 T26")
            .payload(line("wane1.token.", &list![Item::List(Chain::standard().blocks), [2; 31]].to_bytes())),
        case("claims-before-size", "4,097 bytes to sign, and an unknown claim", "parse-unknown-claim", "T24 T28")
            .block(0)
            .sealed(&Chain::root(&root().set(9, 1).padded_to(4_034)).seal(Claims::new())),
    ]
}

fn claims() -> Vec<Case> {
    let in_root = |name, comment, answered, spec, claims: &Claims| {
        case(name, comment, answered, spec).block(0).sealed(&Chain::root(claims).seal(Claims::new()))
    };
    let in_seal = |name, comment, answered, spec, claims: Claims| {
        case(name, comment, answered, spec).block(1).sealed(&Chain::minted().seal(claims))
    };
    vec![
        in_root("scan-before-claims", "an unknown claim, and behind it a float", "parse-float", "T7 T28", &{
            root().set(0, 1).private(13, 1.5)
        }),
        in_root("claims-in-order", "aud is a number, and exp a text", "parse-claim-type", "T31 T36", &{
            root().set(3, 7).set(4, u64::MAX)
        }),
        in_root("claims-in-order-back", "sub is too long, and exp too late", "parse-limit", "T34 T36", &{
            root().set(2, Item::long("s", 257)).set(4, u64::MAX)
        }),
        in_root("claims-before-missing", "exp is missing, and the note is a number", "parse-claim-type", "T30 T31", &{
            root().without(4).private(13, 7)
        }),
        in_root(
            "missing-before-misplaced",
            "scopes is missing, and said facts stand there",
            "parse-missing-claim",
            "T29 T30",
            &{ root().without_private(4).said(crate::map! {"a" => 1}) },
        ),
        in_root(
            "approver-where-it-stands",
            "aud is missing, and an approver stands there",
            "parse-misplaced-claim",
            "T29 T30",
            &{ root().without(3).private(16, [7; 32]) },
        ),
        in_seal(
            "hint-before-digest",
            "a hint in a seal, and a digest without cti",
            "parse-misplaced-claim",
            "T29 T30",
            Claims::new().hint(hint(1)).digest([7; 32]),
        ),
    ]
}

fn verify() -> Vec<Case> {
    let bad_seal = || Block::new(2, &Claims::new()).by(9);
    vec![
        case(
            "unsealed-before-root",
            "a token that is not sealed, by a root that nobody trusts",
            "chain-unsealed",
            "T109 T111",
        )
        .payload(Chain::behind(3).put(&Block::new(0, &root().hint(hint(3)))).bound()),
        case("unsealed-before-secret", "a token that is not sealed, with its secret", "chain-unsealed", "T109 T110")
            .payload(Chain::minted().carried()),
        case(
            "secret-before-root",
            "a secret behind a seal, by a root that nobody trusts",
            "chain-carries-secret",
            "T110 T111",
        )
        .sealed_item(&{
            let chain = Chain::behind(3).put(&Block::new(0, &root().hint(hint(3)))).seal(Claims::new());
            list![Item::List(chain.blocks), [2; 32]]
        }),
        case(
            "root-before-signature",
            "a root that nobody trusts, and no signature holds",
            "chain-unknown-root",
            "T111 T112",
        )
        .block(0)
        .sealed(&Chain::behind(3).put(&Block::new(0, &root().hint(hint(3))).by(9)).put(&bad_seal())),
        case(
            "signature-before-claims",
            "a delegate block by another key states a later exp",
            "chain-signature",
            "T40 T112",
        )
        .block(1)
        .sealed(&Chain::minted().put(&Block::new(1, &Claims::new().cnf(3).exp(EXP + 1)).by(9)).seal(Claims::new())),
        case(
            "block-before-block",
            "a delegate block states a later exp, and no key signed the seal",
            "chain-expiry",
            "T40 T112",
        )
        .block(1)
        .sealed(&Chain::minted().delegate(Claims::new().exp(EXP + 1)).put(&bad_seal())),
        case("ceiling-before-seal", "more than the ceiling, and no key signed the seal", "chain-root", "T112 T115")
            .block(0)
            .root_line("depth = 0")
            .sealed(&Chain::minted().put(&bad_seal())),
        case(
            "seal-before-session",
            "no block opens a session, and the seal states a depth",
            "chain-seal-claim",
            "T50 T60",
        )
        .block(1)
        .root_line("issuer = true")
        .sealed(&Chain::root(&root().without_private(1)).seal(Claims::new().depth(0))),
    ]
}

/// Two claims of one block that widen.
fn narrowing() -> Vec<Case> {
    let in_delegate = |name, comment, answered, spec, claims: Claims| {
        let chain = Chain::root(&root().nbf(IAT).level(1).clearance(2).depth(0)).delegate(claims).seal(Claims::new());
        case(name, comment, answered, spec).block(1).sealed(&chain)
    };
    let in_seal = |name, comment, answered, spec, claims: Claims| {
        case(name, comment, answered, spec).block(1).sealed(&Chain::minted().seal(claims))
    };
    let wider = || list![list![0, "*"]];
    vec![
        in_delegate("session-before-aud", "a second session, and another audience", "chain-second-session", "T49", {
            Claims::new().session().iat(IAT).aud("mail")
        }),
        in_delegate("continues-before-aud", "continues alone, and another audience", "chain-continues", "T52", {
            Claims::new().continues([7; 32]).aud("mail")
        }),
        in_delegate("aud-before-exp", "another audience, and a later exp", "chain-audience", "T39 T40", {
            Claims::new().aud("mail").exp(EXP + 1)
        }),
        in_delegate("exp-before-nbf", "a later exp, and an earlier nbf", "chain-expiry", "T40 T41", {
            Claims::new().exp(EXP + 1).nbf(IAT - 1)
        }),
        in_delegate("nbf-before-iat", "an earlier nbf, and an earlier iat", "chain-not-before", "T41 T42", {
            Claims::new().nbf(IAT - 1).iat(IAT - 1)
        }),
        in_delegate("iat-before-empty", "an earlier iat, and no time left", "chain-issued-at", "T42 T43", {
            Claims::new().iat(IAT - 1).nbf(EXP)
        }),
        in_delegate("empty-before-depth", "no time left, and no block may follow", "chain-empty-time", "T43 T44", {
            Claims::new().nbf(EXP)
        }),
        in_delegate("depth-before-scopes", "no block may follow, and a wider scope", "chain-depth", "T44 T74", {
            Claims::new().scopes(wider())
        }),
        in_seal(
            "index-before-wider",
            "an index that is not in force, and a wider scope",
            "chain-scope-index",
            "T72 T74",
            Claims::new().scopes(list![7, list![0, "*"]]),
        ),
        in_seal(
            "wider-before-index",
            "a wider scope, and an index that is not in force",
            "chain-scope-wider",
            "T72 T74",
            Claims::new().scopes(list![list![0, "*"], 7]),
        ),
        case("scopes-before-level", "a wider scope, and a lower level", "chain-scope-wider", "T45 T74")
            .block(1)
            .sealed(&Chain::root(&root().level(1)).seal(Claims::new().scopes(wider()).level(0))),
        case("level-before-clearance", "a lower level, and a higher clearance", "chain-level", "T39 T45")
            .block(1)
            .sealed(&Chain::root(&root().level(1).clearance(2)).seal(Claims::new().level(0).clearance(3))),
        case(
            "clearance-before-audience",
            "a higher clearance, and two audiences in force",
            "chain-clearance",
            "T39 T61",
        )
        .block(1)
        .sealed(&Chain::root(&root().clearance(2).auds(&["files", "mail"])).seal(Claims::new().clearance(3))),
        case(
            "audience-before-life",
            "two audiences in force, and a life of 301 seconds",
            "chain-seal-audience",
            "T61 T63",
        )
        .block(1)
        .sealed(
            &Chain::root(&root().auds(&["files", "mail"]))
                .seal(Claims::new().cti(7).iat(NOW).exp(NOW + 301).digest([7; 32])),
        ),
        in_seal(
            "seal-session-before-claim",
            "a depth in a seal, and a session",
            "chain-seal-session",
            "T60",
            Claims::new().session().depth(0),
        ),
    ]
}

fn decide() -> Vec<Case> {
    let chain = |claims: Claims| Chain::root(&root()).seal(claims);
    let denied =
        |name, comment, answered, spec, claims: Claims| case(name, comment, answered, spec).sealed(&chain(claims));
    let elsewhere = || Request::from("read:hr:employees").aud("mail");
    vec![
        denied("audience-before-expiry", "another audience, and expired", "deny-audience", "T136 T137", Claims::new())
            .request(elsewhere())
            .now(EXP),
        denied("expiry-before-start", "expired, and issued long after", "deny-expired", "T137 T139", {
            Claims::new().exp(IAT + 10)
        })
        .now(EXP),
        denied("start-before-issue", "neither valid yet nor issued yet", "deny-not-yet-valid", "T138 T139", {
            Claims::new().iat(NOW + 40).nbf(NOW + 40)
        }),
        denied(
            "issue-before-request",
            "not issued yet, and for another request",
            "deny-issued-in-future",
            "T139 T140",
            Claims::new().cti(7).iat(NOW + 31).exp(NOW + 60).digest([7; 32]),
        ),
        denied(
            "scope-last",
            "a denied pattern, and no scope",
            "deny-pattern",
            "T146 T147",
            Claims::new().deny(&["send:*"]),
        )
        .block(1)
        .request("send:mail:internal"),
    ]
}
