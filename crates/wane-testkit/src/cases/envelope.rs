//! The shape of a token and of a block (token.md section 4).

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, root};
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    [tokens(), counts(), heads(), parts(), ends(), sizes()].concat()
}

fn case(name: &str, comment: &str) -> Case {
    Case::new(&format!("envelope/{name}"), comment)
}

fn refused(name: &str, comment: &str, code: &str, spec: &str) -> Case {
    case(name, comment).refused(code).spec(spec)
}

fn delegates(count: usize) -> Chain {
    (0..count).fold(Chain::minted(), |chain, _| chain.delegate(Claims::new()))
}

/// What stands where a token should.
fn tokens() -> Vec<Case> {
    let blocks = || Item::List(Chain::standard().blocks);
    let block = || Chain::minted().blocks.pop().unwrap_or(Item::NULL);
    let table = [
        ("no-parts", "a token of no part", list![]),
        ("three-parts", "a token of three parts", list![blocks(), [2; 32], 0]),
        ("no-blocks", "a token without a block", list![list![]]),
        ("no-blocks-secret", "a secret without a block", list![list![], [2; 32]]),
        ("map", "a map where the token should be", crate::map! {0 => blocks()}),
        ("bytes", "a token within a byte string", Item::Bytes(Chain::standard().to_item().to_bytes())),
        ("null", "null where the token should be", Item::NULL),
        ("blocks-map", "a map where the blocks should be", list![crate::map! {0 => block()}]),
        ("blocks-null", "null where the blocks should be", list![Item::NULL]),
        ("blocks-bytes", "blocks within a byte string", list![Item::Bytes(blocks().to_bytes())]),
        ("bare-block", "one block and no list around it", block()),
        ("bare-blocks", "the blocks and no token around them", blocks()),
        ("block-null", "null where a block should be", list![list![block(), Item::NULL]]),
        ("block-in-bytes", "a block within a byte string", list![list![Item::Bytes(block().to_bytes())]]),
    ];
    let case = |(name, comment, item): (&str, &str, Item)| {
        let block = match name {
            // The first part of a bare block is its header, read as the list of blocks; that of bare blocks is one.
            "block-null" => Some(1),
            "block-in-bytes" | "bare-blocks" => Some(0),
            _ => None,
        };
        let spec = if block.is_some() { "T17" } else { "T15" };
        let case = refused(name, comment, "parse-envelope", spec).sealed_item(&item);
        block.map_or(case.clone(), |block| case.block(block))
    };
    table.into_iter().map(case).collect()
}

fn counts() -> Vec<Case> {
    vec![
        case("two-blocks", "a root block and a seal, the shortest sealed token")
            .spec("T15 T16 T19")
            .sealed_from(&Chain::minted(), Claims::new()),
        case("fifteen-blocks", "thirteen delegate blocks")
            .spec("T16 T19 T44")
            .sealed_from(&delegates(13), Claims::new()),
        case("sixteen-blocks", "a root block, fourteen delegate blocks and a seal")
            .spec("T16 T19 T44")
            .sealed(&delegates(14).seal(Claims::new())),
        refused("seventeen-blocks", "one block more than is read", "parse-too-many-blocks", "T16")
            .sealed(&delegates(15).seal(Claims::new())),
        refused("hundred-blocks", "an array of 100 blocks, all null", "parse-too-many-blocks", "T16")
            .sealed_item(&list![Item::List(vec![Item::NULL; 100])]),
    ]
}

/// A seal that starts with other bytes than `84 43 a1 01 32 a0`.
fn heads() -> Vec<Case> {
    let seal = || Block::new(2, &Claims::new());
    let protected = |header: &[u8]| Chain::minted().put(&seal().protected(header));
    let unprotected = |item: Item| {
        Chain::minted().put(&seal().shape(move |mut parts| {
            parts[1] = item.clone();
            Item::List(parts)
        }))
    };
    let case = |name, comment| refused(name, comment, "parse-envelope", "T17").block(1);
    vec![
        case("eddsa", "the header names EdDSA by its other number, -8").sealed(&protected(&[0xa1, 0x01, 0x27])),
        case("es256", "the header names ES256").sealed(&protected(&[0xa1, 0x01, 0x26])),
        case("hmac", "the header names HMAC 256/256").sealed(&protected(&[0xa1, 0x01, 0x05])),
        case("no-header", "an empty protected header").sealed(&protected(&[])),
        case("empty-header", "the protected header is an empty map").sealed(&protected(&[0xa0])),
        case("critical", "the protected header says what is critical").sealed(&protected(&[0xa2, 1, 0x32, 2, 0x81, 1])),
        case("key-id", "the unprotected header names a key").sealed(&unprotected(crate::map! {4 => [1; 4]})),
        case("unprotected-algorithm", "the unprotected header names the algorithm again")
            .sealed(&unprotected(crate::map! {1 => -19})),
        case("unprotected-null", "null where the unprotected header should be").sealed(&unprotected(Item::NULL)),
        case("plain-header", "the protected header is a map and not within a byte string").sealed(
            &Chain::minted().put(&seal().shape(|mut parts| {
                parts[0] = crate::map! {1 => -19};
                Item::List(parts)
            })),
        ),
        case("three-of-four", "a block without its signature")
            .sealed(&Chain::minted().put(&seal().shape(|parts| Item::List(parts.into_iter().take(3).collect())))),
        case("five-of-four", "a block of five parts").sealed(&Chain::minted().put(&seal().shape(|mut parts| {
            parts.push(0.into());
            Item::List(parts)
        }))),
        refused("root-eddsa", "the header of the root block names EdDSA", "parse-envelope", "T17")
            .block(0)
            .sealed(&Chain::behind(1).put(&Block::new(0, &root()).protected(&[0xa1, 0x01, 0x27])).seal(Claims::new())),
    ]
}

/// Other things than a payload and a signature.
fn parts() -> Vec<Case> {
    let with = |place: usize, item: Item| {
        Chain::minted().put(&Block::new(2, &Claims::new()).shape(move |mut parts| {
            parts[place] = item.clone();
            Item::List(parts)
        }))
    };
    let case = |name, comment, chain: Chain| refused(name, comment, "parse-envelope", "T18").block(1).sealed(&chain);
    vec![
        case("payload-null", "the payload is kept elsewhere", with(2, Item::NULL)),
        case("payload-map", "the claims are not within a byte string", with(2, Item::Map(Vec::new()))),
        case("payload-text", "the payload is a text", with(2, "\u{20}".into())),
        case("signature-empty", "a signature of no bytes", with(3, Item::Bytes(Vec::new()))),
        case("signature-63", "a signature of 63 bytes", with(3, Item::Bytes(vec![7; 63]))),
        case("signature-65", "a signature of 65 bytes", with(3, Item::Bytes(vec![7; 65]))),
        case("signature-text", "a signature that is a text", with(3, Item::long("s", 64))),
        case("signature-null", "null where the signature should be", with(3, Item::NULL)),
        case("signature-list", "a signature that is a list of numbers", with(3, Item::List(vec![7.into(); 64]))),
    ]
}

/// Where a chain may end, and where it may not.
fn ends() -> Vec<Case> {
    let blocks = || Item::List(Chain::standard().blocks);
    vec![
        refused(
            "root-alone-without-cnf",
            "a root block that names no next key, alone",
            "parse-missing-claim",
            "T20 T30",
        )
        .block(0)
        .sealed(&Chain::root(&root().without(8))),
        refused(
            "root-without-cnf",
            "a root block that names no next key, with a seal",
            "parse-missing-claim",
            "T20 T30",
        )
        .block(0)
        .sealed(&Chain::root(&root().without(8)).seal(Claims::new())),
        refused("seal-in-the-middle", "a seal follows a seal", "parse-missing-claim", "T20")
            .block(1)
            .sealed(&Chain::standard().seal(Claims::new())),
        refused("delegate-behind-seal", "a delegate block follows a seal", "parse-missing-claim", "T20")
            .block(2)
            .sealed(&Chain::delegated().seal(Claims::new()).delegate(Claims::new()).seal(Claims::new())),
        // The prefix of a token that can be extended, since what it says must fit before anything is verified.
        refused("unsealed", "the last block names a next key", "chain-unsealed", "T109")
            .payload(Chain::delegated().bound()),
        refused("unsealed-root", "a root block alone", "chain-unsealed", "T109").payload(Chain::minted().bound()),
        refused("unsealed-secret", "a token with its secret", "chain-unsealed", "T109")
            .payload(Chain::minted().carried()),
        refused("secret-behind-seal", "a secret behind a seal", "chain-carries-secret", "T110")
            .sealed_item(&list![blocks(), [2; 32]]),
        refused("secret-31", "a secret of 31 bytes behind a seal", "parse-claim-type", "T26")
            .sealed_item(&list![blocks(), [2; 31]]),
        refused("secret-33", "a secret of 33 bytes behind a seal", "parse-claim-type", "T26")
            .sealed_item(&list![blocks(), [2; 33]]),
        refused("secret-null", "null behind a seal", "parse-claim-type", "T26")
            .sealed_item(&list![blocks(), Item::NULL]),
        refused("secret-text", "a text of 32 bytes behind a seal", "parse-claim-type", "T26")
            .sealed_item(&list![blocks(), Item::long("s", 32)]),
    ]
}

/// The bytes that are signed, and how many there may be.
fn sizes() -> Vec<Case> {
    // 63 bytes stand around a payload of more than 255.
    let seal = |bytes: usize| Chain::minted().seal(Claims::new().padded_to(bytes));
    vec![
        case("most-signed-root", "a root block of 4,096 bytes to sign")
            .spec("T24")
            .sealed_from(&Chain::root(&root().padded_to(4_033)), Claims::new()),
        refused("more-signed-root", "a root block of 4,097 bytes to sign", "parse-limit", "T24")
            .block(0)
            .sealed(&Chain::root(&root().padded_to(4_034)).seal(Claims::new())),
        case("most-signed-seal", "a seal of 4,096 bytes to sign").spec("T24").sealed(&seal(4_033)),
        refused("more-signed-seal", "a seal of 4,097 bytes to sign", "parse-limit", "T24")
            .block(1)
            .sealed(&seal(4_034)),
    ]
}
