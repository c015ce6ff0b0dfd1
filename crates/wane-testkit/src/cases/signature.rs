//! Who signed what behind what (token.md section 4, decide.md section 2).

use serde_json::json;

use crate::case::{Case, trusted};
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, NOW, root};
use crate::key::{
    hint, key_text, mixed_order_key, sha256, sign, sign_for_cofactor_only, sign_otherwise, sign_under_mixed_order,
    sign_under_mixed_order_for_cofactor_only, sign_with_neutral_r, small_order, with_order_added,
};
use crate::list;
use crate::request::Request;
use crate::text::hex;

pub(super) fn cases() -> Vec<Case> {
    [signers(), contexts(), links(), strict(), second(), roots()].concat()
}

fn seal() -> Block {
    Block::new(2, &Claims::new())
}

fn refused(name: &str, comment: &str, spec: &str, block: usize, chain: &Chain) -> Case {
    Case::new(&format!("signature/{name}"), comment).refused("chain-signature").block(block).spec(spec).sealed(chain)
}

/// Keys that may not sign here.
fn signers() -> Vec<Case> {
    let root_by = |number| Chain::behind(1).put(&Block::new(0, &root()).by(number));
    vec![
        refused(
            "root-by-another",
            "the root block is signed by another key",
            "T111 T112",
            0,
            &root_by(3).seal(Claims::new()),
        ),
        refused(
            "root-by-holder",
            "the root block is signed by the key it names",
            "T112",
            0,
            &root_by(2).seal(Claims::new()),
        ),
        refused(
            "seal-by-root",
            "the seal is signed by the root key",
            "T58 T112",
            1,
            &Chain::minted().put(&seal().by(1)),
        ),
        refused("seal-by-stranger", "the seal is signed by a key of no block", "T58 T112", 1, &{
            Chain::minted().put(&seal().by(9))
        }),
        refused("delegate-by-itself", "a delegate block is signed by the key it names", "T58 T112", 1, &{
            Chain::minted().put(&Block::new(1, &Claims::new().cnf(3)).by(3)).seal(Claims::new())
        }),
        refused("seal-by-parent", "the seal is signed by the holder before the last", "T58 T112", 2, &{
            Chain::delegated().put(&seal().by(2))
        }),
        refused("delegate-by-root", "a delegate block is signed by the root key", "T58 T112", 1, &{
            Chain::minted().put(&Block::new(1, &Claims::new().cnf(3)).by(1)).seal(Claims::new())
        }),
    ]
}

/// Signatures of the right key over other bytes.
fn contexts() -> Vec<Case> {
    let previous = || Chain::minted().id(0);
    let seal_with = |block: Block| Chain::minted().put(&block);
    let case = |name, comment, spec, block: Block| refused(name, comment, spec, 1, &seal_with(block));
    let number = |kind: u64| seal().aad(list!["wane1", kind, previous()]);
    vec![
        case("kind-root", "the seal is signed as a root block", "T22 T112", number(0)),
        case("kind-delegate", "the seal is signed as a delegate block", "T19 T22 T112", number(1)),
        case("kind-approval", "the seal is signed as an approval", "T22 T112", number(3)),
        case("kind-4", "the seal is signed as a kind that is reserved", "T21 T22 T112", number(4)),
        case(
            "kind-text",
            "the seal is signed with its kind as a word",
            "T22",
            seal().aad(list!["wane1", "seal", previous()]),
        ),
        case(
            "other-profile",
            "the seal is signed for another version",
            "T22",
            seal().aad(list!["wane2", 2, previous()]),
        ),
        case("aad-empty", "the seal is signed without aad", "T22", seal().aad(Item::Raw(Vec::new()))),
        case("aad-unlinked", "the seal is signed with no previous id in the aad", "T22", seal().aad(list!["wane1", 2])),
        case("aad-longer", "the seal is signed with one part more in the aad", "T22", {
            seal().aad(list!["wane1", 2, previous(), [1; 32]])
        }),
        case("context-other", "the context says Signature", "T22", seal().context("Signature")),
        case("context-mac", "the context says MAC0", "T22", seal().context("MAC0")),
        case("payload-only", "the payload alone is signed", "T22", seal().signature(|_| sign(2, &[0xa0]))),
        case("id-only", "the id is signed and not the bytes", "T22 T25", {
            seal().signature(|message| sign(2, &sha256(&[message])))
        }),
        refused("root-as-delegate", "the root block is signed as a delegate block", "T19 T22 T112", 0, &{
            Chain::behind(1).put(&Block::new(1, &root())).seal(Claims::new())
        }),
        refused("delegate-as-seal", "a delegate block is signed as a seal", "T19 T22 T112", 1, &{
            Chain::minted().put(&Block::new(2, &Claims::new().cnf(3))).seal(Claims::new())
        }),
        refused("root-behind-key", "the id before the root block hashes the key and not the hint", "T22", 0, &{
            let previous = sha256(&[b"wane1", &crate::key::public(1)]);
            Chain::behind(1).put(&Block::new(0, &root()).behind(previous)).seal(Claims::new())
        }),
        refused("root-behind-zero", "the id before the root block is zero", "T22", 0, &{
            Chain::behind(1).put(&Block::new(0, &root()).behind([0; 32])).seal(Claims::new())
        }),
    ]
}

/// Blocks that are genuine, in another place.
fn links() -> Vec<Case> {
    // Every block names the key 2, so that only the links tell them apart.
    let minted = || Chain::root(&root());
    let one = || Claims::new().cnf(2).exp(EXP - 10);
    let two = || Claims::new().cnf(2).exp(EXP - 20);
    let good = || minted().delegate(one()).delegate(two()).seal(Claims::new());
    let picked = |places: &[usize]| {
        let good = good();
        let mut chain = Chain::behind(1);
        chain.blocks = places.iter().filter_map(|place| good.blocks.get(*place).cloned()).collect();
        chain
    };
    let other_session = Chain::root(&root().note("another session")).seal(Claims::new());
    let mut spliced = Chain::standard();
    spliced.blocks.truncate(1);
    spliced.blocks.extend(other_session.blocks.get(1).cloned());
    let altered = |old: Item, new: Item| {
        let (old, new) = (old.to_bytes(), new.to_bytes());
        let bytes = Chain::minted().seal(Claims::new().exp(NOW + 30)).to_item().to_bytes();
        let place = bytes.windows(old.len()).rposition(|window| window == old).expect("the bytes stand there");
        let parts = [&bytes[..place], &new[..], &bytes[place + old.len()..]];
        Item::Raw(parts.concat())
    };
    vec![
        Case::new("signature/all-by-one-key", "every block names the key 2").spec("T22 T112").sealed(&good()),
        refused("dropped", "the first delegate block is missing", "T22 T112", 1, &picked(&[0, 2, 3])),
        refused("dropped-last", "the last delegate block is missing", "T22 T112", 2, &picked(&[0, 1, 3])),
        refused("dropped-both", "both delegate blocks are missing", "T22 T112", 1, &picked(&[0, 3])),
        refused("swapped", "the delegate blocks are swapped", "T22 T112", 1, &picked(&[0, 2, 1, 3])),
        refused("repeated", "a delegate block stands twice", "T22 T112", 2, &picked(&[0, 1, 1, 2, 3])),
        refused("spliced", "the seal of another session of the same holder", "T22 T112", 1, &spliced),
        Case::new("signature/altered", "exp of the seal is altered by a second")
            .refused("chain-signature")
            .block(1)
            .spec("T14 T112")
            .sealed_item(&altered((NOW + 30).into(), (NOW + 31).into())),
        refused("flipped-r", "a bit of R is flipped", "T112", 1, &flipped(0)),
        refused("flipped-s", "a bit of S is flipped", "T112", 1, &flipped(32)),
    ]
}

/// A seal whose signature has a bit flipped in this byte.
fn flipped(place: usize) -> Chain {
    Chain::minted().put(&seal().signature(move |message| {
        let mut signature = sign(2, message);
        signature[place] ^= 1;
        signature
    }))
}

/// Signatures that a laxer check takes.
fn strict() -> Vec<Case> {
    let with = |signing: fn(&[u8]) -> Vec<u8>| Chain::minted().put(&seal().signature(signing));
    let r = |r: [u8; 32]| Chain::minted().put(&seal().signature(move |_| [&r[..], &[0; 32]].concat()));
    let mixed = |signing: fn(&[u8]) -> Vec<u8>| {
        Chain::root(&root().cnf_bytes(&mixed_order_key(2), 2)).put(&seal().signature(signing))
    };
    let mut not_reduced = [0xff; 32];
    (not_reduced[0], not_reduced[31]) = (0xee, 0x7f);
    let case = |name, comment, chain: &Chain| refused(name, comment, "T23", 1, chain);
    vec![
        case("order-added", "S with the group order added", &with(|message| with_order_added(&sign(2, message)))),
        case(
            "s-high-bit",
            "S with its highest bit set",
            &with(|message| {
                let mut signature = sign(2, message);
                signature[63] |= 0x80;
                signature
            }),
        ),
        case("zero", "a signature of zeros", &with(|_| vec![0; 64])),
        case("ones", "a signature of ones", &with(|_| vec![0xff; 64])),
        case(
            "neutral-r",
            "R is the neutral point, and the equation holds",
            &with(|message| sign_with_neutral_r(2, message)),
        ),
        case("neutral-r-zero-s", "R is the neutral point and S is 0", &r(small_order(0))),
        case("small-order-r", "R is a point of order 8 and S is 0", &r(small_order(1))),
        case("r-not-reduced", "R is the neutral point with y not reduced", &r(not_reduced)),
        case("cofactor", "R has a part of small order, and the equation holds with the cofactor", &{
            with(|message| sign_for_cofactor_only(2, message))
        }),
        case("cofactor-key", "the key has a part of small order, and the equation holds with the cofactor", &{
            mixed(|message| sign_under_mixed_order_for_cofactor_only(2, message))
        }),
        Case::new(
            "signature/mixed-order-key",
            "the key has a part of small order, and the equation holds without the cofactor",
        )
        .spec("T23 T33")
        .sealed(&mixed(|message| sign_under_mixed_order(2, message))),
    ]
}

/// A second signature over the same content has the same id.
fn second() -> Vec<Case> {
    let request = Request::from("read:hr:employees").request_seal();
    let bound = Claims::new().cti(7).iat(NOW).exp(NOW + 60).digest(request.digest("{}", Vec::new()));
    let otherwise = |claims: &Claims| Block::new(2, claims).signature(|message| sign_otherwise(2, message));
    let shown = Chain::minted().put(&otherwise(&bound));
    let used = |id: [u8; 32]| json!({"ledger": {"id": hex(&[7; 16]), "used": [hex(&id)]}});
    let same_id = Chain::minted().seal(bound).id(1);
    vec![
        Case::new("signature/other-nonce", "a second valid signature by the same key over the same content")
            .spec("T23 T25")
            .sealed(&Chain::minted().put(&otherwise(&Claims::new()))),
        Case::new("signature/other-nonce-root", "a second valid signature over the root block; the seal is the same")
            .spec("T22 T25")
            .sealed(
                &Chain::behind(1)
                    .put(&Block::new(0, &root()).signature(|message| sign_otherwise(1, message)))
                    .seal(Claims::new()),
            ),
        Case::new("signature/other-nonce-used", "a seal that was used, with a second signature")
            .refused("state-used")
            .spec("T25 T184")
            .request(request.clone())
            .state(used(same_id))
            .sealed(&shown),
        Case::new("signature/other-nonce-unused", "another seal was used")
            .spec("T25 T184")
            .request(request)
            .state(used([7; 32]))
            .sealed(&shown),
    ]
}

/// Which root key is the one.
fn roots() -> Vec<Case> {
    let unknown = |name, comment, chain: &Chain| {
        Case::new(&format!("signature/{name}"), comment)
            .refused("chain-unknown-root")
            .block(0)
            .spec("T111")
            .sealed(chain)
    };
    let by = |number: u8| Chain::behind(number).put(&Block::new(0, &root().hint(hint(number)))).seal(Claims::new());
    let both = [trusted(1), trusted(3)].concat();
    vec![
        unknown("unknown-root", "a root key that nobody trusts", &by(3)),
        unknown("unknown-hint", "the trusted key signed, and the hint is of another", &{
            Chain::behind(3).put(&Block::new(0, &root().hint(hint(3))).by(1)).seal(Claims::new())
        }),
        unknown("zero-hint", "a hint of zeros", &{
            let previous = sha256(&[b"wane1", &[0; 8]]);
            Chain::behind(1).put(&Block::new(0, &root().hint([0; 8])).behind(previous)).seal(Claims::new())
        }),
        Case::new("signature/second-root", "the second of two trusted roots has the hint")
            .spec("T111")
            .roots_file(both.clone())
            .sealed(&by(3)),
        Case::new("signature/other-root", "the hint is of one trusted root, and another one signed")
            .refused("chain-signature")
            .block(0)
            .spec("T111 T112")
            .roots_file(both)
            .sealed(&Chain::behind(1).put(&Block::new(0, &root()).by(3)).seal(Claims::new())),
        unknown("only-another", "only another root is trusted", &Chain::standard())
            .roots(&["[[root]]", &format!("key = \"{}\"", key_text(3))]),
    ]
}
