//! What the bytes may be (token.md section 3), in the token and in a payload.

use crate::case::Case;
use crate::cbor::{Item, long_head};
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, IAT, NOW, cnf, root};
use crate::key::public;
use crate::list;
use crate::text::from_hex;

pub(super) fn cases() -> Vec<Case> {
    [accepted(), items(), lengths(), keys(), truncated(), utf8(), deep(), trailing()].concat()
}

fn case(name: &str, comment: &str, code: &str, spec: &str) -> Case {
    Case::new(&format!("cbor/{name}"), comment).refused(code).spec(spec)
}

/// The standard root block with these bytes as its exp.
fn exp(bytes: impl Into<Vec<u8>>) -> Chain {
    Chain::root(&root().set(4, Item::Raw(bytes.into()))).seal(Claims::new())
}

/// A root block of these claims, and a seal.
fn rooted(claims: &Claims) -> Chain {
    Chain::root(claims).seal(Claims::new())
}

/// A token of these bytes.
fn token(hex: &str) -> Item {
    Item::Raw(from_hex(hex))
}

fn accepted() -> Vec<Case> {
    let note = |name: &str, comment: &str, spec: &str, note: &str| {
        Case::new(&format!("cbor/{name}"), comment)
            .spec(spec)
            .sealed_from(&Chain::root(&root().note(note)), Claims::new())
    };
    vec![
        note("note-23", "a text of 23 bytes, whose length stands in the first byte", "T6 T8", &"n".repeat(23)),
        note("note-24", "a text of 24 bytes, whose length has a byte", "T6 T8", &"n".repeat(24)),
        note("note-255", "a text of 255 bytes", "T6 T8", &"n".repeat(255)),
        note("note-256", "a text of 256 bytes, whose length has two bytes", "T6 T8", &"n".repeat(256)),
        note("utf8", "a text with characters of two, three and four bytes", "T6 T11", "zażółć \u{2014} \u{1f512}"),
        note("utf8-nul", "a text with NUL and the last character there is", "T6 T11", "\0\u{10ffff}"),
        Case::new("cbor/every-type", "said facts of every type that a token may have")
            .spec("T6")
            .request(crate::request::Request::from("read:hr:employees").request_seal())
            .sealed_from(&Chain::minted(), {
                let said = [("a", Item::NULL), ("b", true.into()), ("c", false.into()), ("d", (-25).into())];
                let said = said.into_iter().chain([("e", 24.into()), ("f", "text".into())]);
                let said: Vec<(Item, Item)> = said.map(|(name, value)| (name.into(), value)).collect();
                let digest = crate::request::Request::from("read:hr:employees").digest("{}", said.clone());
                Claims::new().cti(7).iat(NOW).exp(NOW + 60).digest(digest).said(Item::Map(said))
            }),
    ]
}

/// First bytes that a token does not have, where exp should be and as the whole token.
fn items() -> Vec<Case> {
    let table = [
        ("float-16", "a float of 16 bits", "parse-float", "T6 T7", "f97c00"),
        ("float-32", "a float of 32 bits", "parse-float", "T6 T7", "fa4ed2aadc"),
        ("float-64", "a float of 64 bits that is an integer", "parse-float", "T6 T7", "fb41da557240000000"),
        ("tag-1", "a time under tag 1", "parse-tag", "T6 T7", "c11a6955c710"),
        ("tag-2", "an integer under tag 2", "parse-tag", "T6 T7", "c2446955c710"),
        ("tag-24", "an item under tag 24", "parse-tag", "T6 T7", "d8184100"),
        ("undefined", "the simple value undefined", "parse-simple", "T6 T7", "f7"),
        ("simple-0", "the simple value 0", "parse-simple", "T6 T7", "e0"),
        ("simple-19", "the simple value 19", "parse-simple", "T6 T7", "f3"),
        ("simple-255", "the simple value 255", "parse-simple", "T6 T7", "f8ff"),
        ("simple-true", "true in two bytes", "parse-simple", "T6 T7", "f815"),
        ("simple-cut", "the first byte of a simple value of two, which is judged first", "parse-simple", "T7", "f8"),
        ("reserved-28", "additional information 28 in an integer", "parse-reserved", "T7", "1c"),
        ("reserved-29", "additional information 29 in a byte string", "parse-reserved", "T7", "5d"),
        ("reserved-30", "additional information 30 in a map", "parse-reserved", "T7", "be"),
        ("reserved-simple", "additional information 28 in a simple value", "parse-reserved", "T7", "fc"),
        ("reserved-31", "additional information 31 in an integer", "parse-reserved", "T7", "1f"),
        ("reserved-31-negative", "additional information 31 in a negative integer", "parse-reserved", "T7", "3f"),
        ("reserved-31-tag", "additional information 31 in a tag", "parse-reserved", "T7", "df"),
        ("indefinite-bytes", "a byte string of indefinite length", "parse-indefinite", "T7", "5f4100ff"),
        ("indefinite-text", "a text of indefinite length", "parse-indefinite", "T7", "7f6161ff"),
        ("indefinite-array", "an array of indefinite length", "parse-indefinite", "T7", "9f00ff"),
        ("indefinite-map", "a map of indefinite length", "parse-indefinite", "T7", "bf0000ff"),
        ("break", "a break alone", "parse-indefinite", "T7", "ff"),
    ];
    let in_payload = table.map(|(name, comment, code, spec, bytes)| {
        case(name, &format!("exp is {comment}"), code, spec).block(0).sealed(&exp(from_hex(bytes)))
    });
    let tagged = Item::Tag(18, Box::new(Item::List(Chain::standard().blocks)));
    let tokens = [
        case("token-tagged", "the token under a tag", "parse-tag", "T7")
            .sealed_item(&Item::Tag(24, Box::new(Chain::standard().to_item()))),
        case("blocks-tagged", "the list of blocks under a tag", "parse-tag", "T7").sealed_item(&list![tagged]),
        case("block-tagged", "a block under the tag of COSE_Sign1", "parse-tag", "T7").sealed(
            &Chain::minted()
                .put(&Block::new(2, &Claims::new()).shape(|parts| Item::Tag(18, Box::new(Item::List(parts))))),
        ),
        case("token-indefinite", "the token is an array of indefinite length", "parse-indefinite", "T7")
            .sealed_item(&Item::Raw([&[0x9f][..], &Item::List(Chain::standard().blocks).to_bytes(), &[0xff]].concat())),
        case("token-float", "the token is a float", "parse-float", "T7").sealed_item(&token("f90000")),
        case("token-undefined", "the token is undefined", "parse-simple", "T7").sealed_item(&token("f7")),
        case("token-reserved", "the token starts with a reserved byte", "parse-reserved", "T7")
            .sealed_item(&token("9c")),
    ];
    in_payload.into_iter().chain(tokens).collect()
}

/// Numbers that have a shorter head, as values and as lengths.
fn lengths() -> Vec<Case> {
    let in_payload = |name, comment, claims: Claims| {
        case(name, comment, "parse-not-shortest", "T8").block(0).sealed(&rooted(&claims))
    };
    let raw = |head: Vec<u8>, body: &[u8]| Item::Raw([head, body.to_vec()].concat());
    let long = |major, argument, width| Item::Raw(long_head(major, argument, width));
    vec![
        in_payload("long-0", "a level in one byte more", root().private(8, long(0, 0, 1))),
        in_payload("long-23", "a depth below 24 in one byte more", root().private(12, long(0, 2, 1))),
        in_payload("long-255", "a budget below 256 in two bytes", {
            root().ledger(7).private(11, Item::Map(vec![("calls".into(), long(0, 255, 2))]))
        }),
        in_payload("long-65535", "a time below 65536 in four bytes", root().set(5, long(0, 65_535, 4))),
        in_payload("long-exp", "exp in eight bytes", root().set(4, long(0, EXP, 8))),
        in_payload("long-negative", "the key -65537 in eight bytes", {
            let item = Item::Map(vec![(Item::from(0), Item::from(1))]);
            root().without_private(0).without_private(1).without_private(4).also(long(1, 65_536, 8), item)
        }),
        in_payload("long-bytes", "the length of cti in one byte more", root().set(7, raw(long_head(2, 8, 1), &[7; 8]))),
        in_payload("long-text", "the length of aud in two bytes", root().set(3, raw(long_head(3, 5, 2), b"files"))),
        in_payload("long-array", "the number of scopes in one byte more", {
            root().scopes(raw(long_head(4, 1, 1), &Item::from("read:*").to_bytes()))
        }),
        in_payload("long-map", "the number of budgets in eight bytes", {
            root().ledger(7).private(11, raw(long_head(5, 1, 8), &[0x61, 0x61, 0x01]))
        }),
        case("long-tag", "a tag is judged last: first its number is too long", "parse-not-shortest", "T7 T8")
            .block(0)
            .sealed(&exp(from_hex("d80100"))),
        case("long-token", "the token is an array whose count has a byte more", "parse-not-shortest", "T8")
            .sealed_item(&raw(long_head(4, 1, 1), &Item::List(Chain::standard().blocks).to_bytes())),
    ]
}

/// Keys of maps: doubled, and out of order.
fn keys() -> Vec<Case> {
    let double = |name, comment, claims: &Claims| {
        case(name, comment, "parse-duplicate-key", "T9").block(0).sealed(&rooted(claims))
    };
    let order =
        |name, comment, block, chain: &Chain| case(name, comment, "parse-key-order", "T9").block(block).sealed(chain);
    let budgets = |entries: Vec<(Item, Item)>| root().ledger(7).private(11, Item::Map(entries));
    vec![
        double("claim-twice", "exp stands twice with one value", &root().also(4, EXP)),
        double("claim-twice-otherwise", "exp stands twice with two values", &root().also(4, EXP + 1)),
        double("private-twice", "the hint stands twice", &root().also_private(0, [0; 8])),
        double("private-map-twice", "the private map stands twice", &{
            root().also(-65_537, Item::Map(vec![(13.into(), "n".into())]))
        }),
        double("budget-twice", "a budget stands twice", &budgets(vec![("a".into(), 1.into()), ("a".into(), 2.into())])),
        double("key-part-twice", "a part of cnf stands twice", &{
            let part = || (Item::from(1), Item::from(1));
            root().set(8, crate::map! {1 => Item::Map(vec![part(), part(), (Item::from(-2), public(2).into())])})
        }),
        order("claims-out-of-order", "iat stands before exp", 1, &{
            Chain::minted().seal(Claims::new().iat(NOW).exp(EXP - 30).as_stated())
        }),
        order("private-first", "the private map stands before the claims", 1, &{
            let private = Item::Map(vec![(Item::from(13), Item::from("n"))]);
            let claims = Item::Map(vec![((-65_537).into(), private), (4.into(), (EXP - 30).into())]);
            Chain::minted().put(&Block::raw(2, claims.to_bytes()))
        }),
        order("private-out-of-order", "the note stands before the level", 1, &{
            Chain::minted().seal(Claims::new().note("n").level(1).as_stated())
        }),
        order("names-by-letters", "names ascend by their letters and not by their encoding", 0, &{
            rooted(&budgets(vec![("aa".into(), 1.into()), ("b".into(), 1.into())]))
        }),
        order("negative-first", "-1 stands before 1 in cnf", 0, &{
            let part = |key: i64, value: Item| (Item::from(key), value);
            let parts = vec![part(-1, 6.into()), part(1, 1.into()), part(-2, public(2).into())];
            rooted(&root().set(8, crate::map! {1 => Item::Map(parts)}))
        }),
        order("twice-apart", "a key stands twice with another between", 0, &{
            rooted(&budgets(vec![("a".into(), 1.into()), ("b".into(), 1.into()), ("a".into(), 1.into())]))
        }),
    ]
}

fn truncated() -> Vec<Case> {
    let whole = Chain::standard().to_item().to_bytes();
    let cut = |bytes: usize| Item::Raw(whole.iter().copied().take(whole.len() - bytes).collect());
    let of_token = |name, comment, item: &Item| case(name, comment, "parse-truncated", "T10").sealed_item(item);
    let of_payload = |name, comment, bytes: &str| {
        case(name, comment, "parse-truncated", "T10")
            .block(1)
            .sealed(&Chain::minted().put(&Block::raw(2, from_hex(bytes))))
    };
    vec![
        of_token("no-bytes", "a token of no bytes", &token("")),
        of_token("cut-by-one", "the last byte of the signature is missing", &cut(1)),
        of_token("cut-signature", "the last signature is missing", &cut(66)),
        of_token("most-blocks", "an array of 2^64-1 elements", &token("9bffffffffffffffff")),
        of_token("most-bytes", "a byte string of 2^64-1 bytes", &token("5bffffffffffffffff")),
        of_token("most-entries", "a map of 2^63 entries", &token("bb8000000000000000")),
        of_token("one-element", "an array of one element that is not there", &token("81")),
        of_payload("payload-empty", "a payload of no bytes", ""),
        of_payload("payload-head", "a payload that ends within a head", "a1041a6955"),
        of_payload("payload-value", "a payload that ends behind a key", "a104"),
        of_payload("payload-text", "a payload that ends within a text", "a1026461"),
        of_payload("payload-count", "a payload with one entry less than it says", "a2041a6955ba2c"),
        of_payload("payload-tag", "a payload that ends within a tag, which is judged last", "d8"),
    ]
}

fn utf8() -> Vec<Case> {
    let table = [
        ("utf8-continuation", "a byte that only continues", "6180"),
        ("utf8-latin", "a letter of Latin-1", "61e9"),
        ("utf8-overlong", "NUL in two bytes", "62c080"),
        ("utf8-overlong-slash", "a slash in three bytes", "63e080af"),
        ("utf8-surrogate", "half of a pair", "63eda080"),
        ("utf8-too-high", "a character beyond the last", "64f4908080"),
        ("utf8-cut", "a character that is cut", "62e282"),
    ];
    let case = |(name, comment, bytes): (&str, &str, &str)| {
        case(name, &format!("sub is {comment}"), "parse-utf8", "T11")
            .block(0)
            .sealed(&rooted(&root().set(2, Item::Raw(from_hex(bytes)))))
    };
    table.map(case).to_vec()
}

/// Arrays within each other: what stands within eight is refused by the scanner, what stands within seven by the reader.
fn deep() -> Vec<Case> {
    let nested = |levels: usize| (0..levels).fold(Item::from(0), |inner, _| Item::List(vec![inner]));
    let maps = |levels: usize| (0..levels).fold(Item::from(0), |inner, _| Item::Map(vec![(0.into(), inner)]));
    let note = |item: Item| rooted(&root().private(13, item));
    let signature = |item: Item| {
        Chain::minted().put(&Block::new(2, &Claims::new()).shape(move |parts| {
            let kept: Vec<Item> = parts.into_iter().take(3).chain([item.clone()]).collect();
            Item::List(kept)
        }))
    };
    vec![
        case("depth-8", "six arrays in the private map: eight within each other", "parse-claim-type", "T12 T31")
            .block(0)
            .sealed(&note(nested(6))),
        case("depth-9", "seven arrays in the private map: nine within each other", "parse-too-deep", "T12")
            .block(0)
            .sealed(&note(nested(7))),
        case("depth-9-maps", "seven maps in the private map", "parse-too-deep", "T12").block(0).sealed(&note(maps(7))),
        case("depth-9-key", "an array of seven as a key of the private map", "parse-too-deep", "T12")
            .block(0)
            .sealed(&rooted(&root().private(nested(7), 0))),
        case("token-depth-8", "five arrays for a signature: eight within each other", "parse-envelope", "T12 T18")
            .block(1)
            .sealed(&signature(nested(5))),
        case("token-depth-9", "six arrays for a signature: nine within each other", "parse-too-deep", "T12")
            .sealed(&signature(nested(6))),
    ]
}

fn trailing() -> Vec<Case> {
    let whole = Chain::standard().to_item().to_bytes();
    let behind = |bytes: &[u8]| Item::Raw([&whole[..], bytes].concat());
    let payload = |bytes: &[u8]| Chain::minted().put(&Block::raw(2, bytes));
    let case = |name, comment| case(name, comment, "parse-trailing-bytes", "T13");
    let root_behind = [root().iat(IAT).to_item().to_bytes(), vec![0xa0]].concat();
    vec![
        case("byte-behind", "a zero behind the token").sealed_item(&behind(&[0])),
        case("token-behind", "the token twice").sealed_item(&behind(&whole)),
        case("payload-byte-behind", "a zero behind the claims").block(1).sealed(&payload(&[0xa0, 0])),
        case("payload-break-behind", "a break behind the claims").block(1).sealed(&payload(&[0xa0, 0xff])),
        case("payload-map-behind", "a second map behind the claims")
            .block(0)
            .sealed(&{ Chain::behind(1).put(&Block::raw(0, root_behind).held_by(2)).seal(Claims::new()) }),
        // Not a fault of this page, but where it would be seen last: cnf is read on its bytes.
        Case::new("cbor/cnf-plain", "cnf in the one form it has")
            .spec("T6 T32")
            .sealed_from(&Chain::root(&root().set(8, cnf(&public(2)))), Claims::new()),
    ]
}
