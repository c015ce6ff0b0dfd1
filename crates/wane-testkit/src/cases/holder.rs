//! Tokens as their holders read them, and what a seal may state (token.md section 8).

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, IAT, NOW, root};
use crate::list;
use crate::request::Request;
use crate::text::line;

pub(super) fn cases() -> Vec<Case> {
    [held(), not_held(), seals(), audiences(), request_seals(), said()].concat()
}

fn case(name: &str, comment: &str, spec: &str) -> Case {
    Case::new(&format!("holder/{name}"), comment).spec(spec)
}

fn token(item: &Item) -> String {
    line("wane1.token.", &item.to_bytes())
}

/// With a secret that is this.
fn with_secret(secret: impl Into<Item>) -> String {
    token(&list![Item::List(Chain::minted().blocks), secret.into()])
}

fn held() -> Vec<Case> {
    let ok = |name, comment, spec, text: String| case(name, comment, spec).plain("token", text);
    vec![
        ok("carried", "a root block and the secret of its cnf key", "T26 T27", Chain::minted().carried()),
        ok("carried-lf", "the same with one LF", "T2 T27", Chain::minted().carried() + "\n"),
        ok("carried-delegate", "two blocks and the secret of the last", "T26 T27", Chain::delegated().carried()),
        ok("bound", "a root block without a secret", "T56 T57", Chain::minted().bound()),
        ok("bound-cti", "a delegate block for a holder's own key, with cti", "T56 T57", {
            Chain::minted().delegate(Claims::new().cti(9)).bound()
        }),
        ok("no-session", "a token of an issuer: no block opens a session yet", "T50 T53", {
            Chain::root(&root().without_private(1)).carried()
        }),
        ok("unsigned", "a holder replays the narrowing and checks no signature", "T27 T57", {
            Chain::behind(1).put(&Block::new(0, &root()).signature(|_| vec![7; 64])).carried()
        }),
        ok("two-audiences", "a token for two servers, not sealed yet", "T61", {
            Chain::root(&root().auds(&["files", "mail"])).carried()
        }),
        ok("most-blocks", "fifteen blocks, to which only a seal can be added", "T16 T44", {
            (0..14).fold(Chain::minted(), |chain, _| chain.delegate(Claims::new())).carried()
        }),
        case("key-twice", "two blocks name one key, which a verifier does not look for", "T55 T57")
            .sealed(&Chain::minted().delegate(Claims::new().cnf(2)).seal(Claims::new())),
        case("bound-sealed", "a bound token, sealed by its holder's key", "T56 T57")
            .sealed(&Chain::minted().delegate(Claims::new().cti(9)).seal(Claims::new())),
    ]
}

fn not_held() -> Vec<Case> {
    let refused =
        |name, comment, code, spec, text: String| case(name, comment, spec).refused(code).plain("token", text);
    let narrowed = |name, comment, code, spec, claims: Claims| {
        let text = Chain::minted().delegate(claims).carried();
        refused(name, comment, code, spec, text).block(1)
    };
    vec![
        refused("other-secret", "the secret of another key", "chain-secret", "T27", with_secret([3; 32])),
        refused("root-secret", "the secret of the root key", "chain-secret", "T27", with_secret([1; 32])),
        refused("parent-secret", "the secret of the block before the last", "chain-secret", "T27", {
            token(&list![Item::List(Chain::delegated().blocks), [2; 32]])
        }),
        refused("key-for-secret", "the public key where the secret should be", "chain-secret", "T27", {
            with_secret(crate::key::public(2))
        }),
        refused("secret-31", "a secret of 31 bytes", "parse-claim-type", "T26", with_secret([2; 31])),
        refused("secret-64", "a secret with its public key behind it", "parse-claim-type", "T26", {
            with_secret(Item::Bytes([[2; 32], crate::key::public(2)].concat()))
        }),
        refused("secret-list", "a secret that is a list of numbers", "parse-claim-type", "T26", {
            with_secret(Item::List(vec![2.into(); 32]))
        }),
        refused("secret-null", "null for no secret", "parse-claim-type", "T26", with_secret(Item::NULL)),
        refused("no-blocks", "a token without a block", "parse-envelope", "T15 T108", token(&list![list![]])),
        refused("float", "a float in the token", "parse-float", "T7 T108", with_secret(1.5)),
        refused("bytes-behind", "a byte behind the token", "parse-trailing-bytes", "T13 T108", {
            token(&Item::Raw([&Chain::minted().with_secret().to_bytes()[..], &[0]].concat()))
        }),
        refused("blocks-17", "seventeen blocks", "parse-too-many-blocks", "T16 T108", {
            (0..16).fold(Chain::minted(), |chain, _| chain.delegate(Claims::new())).carried()
        }),
        refused("unknown-claim", "a claim that nobody knows", "parse-unknown-claim", "T28 T108", {
            Chain::root(&root().set(9, 1)).carried()
        })
        .block(0),
        narrowed(
            "later-exp",
            "a delegate block states a later exp",
            "chain-expiry",
            "T39 T40",
            Claims::new().exp(EXP + 1),
        ),
        narrowed("wider-scope", "a delegate block states a wider pattern", "chain-scope-wider", "T39 T74", {
            Claims::new().scopes(list![list![0, "*"]])
        }),
        narrowed("second-session", "a delegate block opens a second session", "chain-second-session", "T39 T49", {
            Claims::new().session().iat(IAT)
        }),
        narrowed(
            "no-time-left",
            "nothing is left between nbf and exp",
            "chain-empty-time",
            "T43",
            Claims::new().nbf(EXP),
        ),
    ]
}

/// What a seal cannot state.
fn seals() -> Vec<Case> {
    let with_ledger = || Chain::root(&root().ledger(7));
    let refused = |name, comment, code, chain: &Chain| case(name, comment, "T60").refused(code).block(1).sealed(chain);
    vec![
        refused("seal-session", "a seal opens a session where none is open", "chain-seal-session", &{
            Chain::root(&root().without_private(1)).seal(Claims::new().session().iat(IAT))
        })
        .root_line("issuer = true"),
        refused("seal-second-session", "a seal opens a session where one is open", "chain-seal-session", &{
            Chain::minted().seal(Claims::new().session())
        }),
        refused("seal-continues", "a seal continues a session", "chain-seal-claim", &{
            with_ledger().seal(Claims::new().continues([7; 32]))
        }),
        refused("seal-ledger", "a seal names the ledger that is in force", "chain-seal-claim", &{
            with_ledger().seal(Claims::new().ledger(7))
        }),
        refused("seal-budgets", "a seal states a budget", "chain-seal-claim", &{
            with_ledger().seal(Claims::new().budgets(&[("calls", 1)]))
        }),
        refused(
            "seal-depth",
            "a seal states a depth",
            "chain-seal-claim",
            &Chain::minted().seal(Claims::new().depth(0)),
        ),
        case("seal-narrows", "a seal that states all that it may", "T59 T60").sealed(
            &Chain::minted().seal(
                Claims::new()
                    .subject("an agent")
                    .aud("files")
                    .exp(EXP - 1)
                    .nbf(IAT)
                    .iat(IAT)
                    .cti(9)
                    .scopes(list![0])
                    .deny(&["read:secret:*"])
                    .ask(list![list!["send:*", list![crate::key::public(0x51)], 1]])
                    .rules(list![list![3, list![], list!["read:*"]]])
                    .level(1)
                    .labels(&["pii"])
                    .clearance(3)
                    .note("a note"),
            ),
        ),
        case("seal-stated", "a seal that states what the library's own can", "T59 T60").sealed_from(
            &Chain::minted(),
            Claims::new()
                .aud("files")
                .exp(EXP - 1)
                .nbf(IAT)
                .deny(&["read:secret:*"])
                .level(1)
                .labels(&["pii"])
                .note("n"),
        ),
    ]
}

fn audiences() -> Vec<Case> {
    let of = |audiences: &[&str]| match audiences {
        [one] => Chain::root(&root().aud(one)),
        several => Chain::root(&root().auds(several)),
    };
    let refused =
        |name, comment, chain: &Chain| case(name, comment, "T61").refused("chain-seal-audience").block(1).sealed(chain);
    vec![
        case("audience-chosen", "two audiences are in force, and the seal states one", "T61")
            .sealed_from(&of(&["mail", "files"]), Claims::new().aud("files")),
        case("audience-within", "a pattern is in force, and the seal states an audience within it", "T61")
            .request(Request::from("read:hr:employees").aud("files:hr"))
            .sealed_from(&of(&["files:*"]), Claims::new().aud("files:hr")),
        refused("audiences-two", "two audiences are in force", &of(&["files", "mail"]).seal(Claims::new())),
        refused("audience-pattern", "a pattern is in force", &of(&["files:*"]).seal(Claims::new())),
        refused("audience-star", "every audience is in force", &of(&["*"]).seal(Claims::new())),
        refused("audience-states-two", "the seal states two audiences", &{
            of(&["files", "mail", "web"]).seal(Claims::new().auds(&["files", "mail"]))
        }),
        refused("audience-states-pattern", "the seal states a pattern", &of(&["*"]).seal(Claims::new().aud("files:*"))),
    ]
}

fn request_seals() -> Vec<Case> {
    let request = || Request::from("read:hr:employees").request_seal();
    let lives = |iat: u64, exp: u64| Claims::new().cti(9).iat(iat).exp(exp).digest(request().digest("{}", Vec::new()));
    let shown = |name, comment, seal: Claims| {
        case(name, comment, "T62 T63").request(request()).sealed_from(&Chain::minted(), seal)
    };
    let refused = |name, comment, seal: Claims| {
        case(name, comment, "T63")
            .refused("chain-request-seal")
            .block(1)
            .request(request())
            .sealed(&Chain::minted().seal(seal))
    };
    vec![
        shown("request-seal", "a seal for one request, for one second", lives(NOW, NOW + 1)),
        shown("request-seal-300", "a seal for one request, for 300 seconds", lives(NOW, NOW + 300)),
        refused("request-seal-301", "a seal for one request, for 301 seconds", lives(NOW, NOW + 301)),
        refused("request-seal-hour", "a seal for one request, as long as the token", lives(IAT, EXP)),
        case("seal-301", "a seal for any request may live longer", "T63")
            .sealed(&Chain::minted().seal(Claims::new().cti(9).iat(NOW).exp(NOW + 301))),
    ]
}

/// What the holder says, and nobody vouches for.
fn said() -> Vec<Case> {
    let needs = || root().scopes(list![list!["read:*", list![list!["@said.purpose", 1, "payroll"]]]]);
    let says = |value: &str| Claims::new().said(crate::map! {"purpose" => value});
    vec![
        case("said", "a condition on what the holder says", "T64 T90")
            .sealed_from(&Chain::root(&needs()), says("payroll")),
        case("said-otherwise", "the holder says something else", "T64 T89")
            .refused("deny-condition")
            .block(0)
            .sealed(&Chain::root(&needs()).seal(says("holidays"))),
        case("said-nothing", "the holder says nothing", "T64 T84")
            .refused("deny-missing-fact")
            .block(0)
            .sealed(&Chain::root(&needs()).seal(Claims::new())),
        case("said-by-another", "the enforcement point states the fact, and the holder does not", "T64 T90")
            .refused("deny-missing-fact")
            .block(0)
            .request(Request::from("read:hr:employees").fact("purpose", "payroll"))
            .sealed(&Chain::root(&needs()).seal(Claims::new())),
    ]
}
