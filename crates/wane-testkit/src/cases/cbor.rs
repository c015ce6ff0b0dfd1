//! What the bytes may be (token.md section 3), in the token and in a payload.

use crate::case::Case;
use crate::cbor::{Item, long_head};
use crate::chain::{Block, Chain};
use crate::claims::{Claims, EXP, root};

/// The standard root block with this as its exp.
fn exp(item: Item) -> Chain {
    Chain::root(&root().set(4, item)).seal(Claims::new())
}

pub(super) fn cases() -> Vec<Case> {
    let in_root = |name, comment, code, spec, item| {
        Case::new(&format!("cbor/{name}"), comment).refused(code).block(0).spec(spec).sealed(&exp(item))
    };
    vec![
        in_root("float", "exp is a float", "parse-float", "T6 T7", Item::Float(1.5)),
        in_root("tag", "exp is tagged", "parse-tag", "T6 T7", Item::Tag(1, Box::new(EXP.into()))),
        in_root("undefined", "exp is undefined", "parse-simple", "T6 T7", Item::Simple(23)),
        in_root("reserved", "exp starts with additional information 28", "parse-reserved", "T7", Item::raw("1c")),
        in_root("indefinite", "exp is a text of indefinite length", "parse-indefinite", "T7", Item::raw("7f6161ff")),
        in_root("long-exp", "exp in eight bytes", "parse-not-shortest", "T8", Item::Raw(long_head(0, EXP, 8))),
        in_root("not-utf8", "exp is a text that is not UTF-8", "parse-utf8", "T11", Item::raw("61ff")),
        Case::new("cbor/claim-twice", "exp stands twice")
            .refused("parse-duplicate-key")
            .block(0)
            .spec("T9")
            .sealed(&Chain::root(&root().also(4, EXP)).seal(Claims::new())),
        Case::new("cbor/claims-out-of-order", "iat stands before exp")
            .refused("parse-key-order")
            .block(1)
            .spec("T9")
            .sealed(&Chain::minted().seal(Claims::new().iat(EXP - 60).exp(EXP - 30).as_stated())),
        Case::new("cbor/payload-trailing-byte", "a byte behind the claims")
            .refused("parse-trailing-bytes")
            .block(1)
            .spec("T13")
            .sealed(&Chain::minted().put(&Block::raw(2, [0xa0, 0x00]))),
        Case::new("cbor/indefinite-token", "the token is an array of indefinite length")
            .refused("parse-indefinite")
            .spec("T7")
            .payload(crate::text::line("wane1.sealed.", &[0x9f, 0xff])),
    ]
}
