//! Who signed what behind what (token.md section 4, decide.md section 2).

use crate::case::Case;
use crate::chain::{Block, Chain};
use crate::claims::Claims;
use crate::key::{sign, sign_for_cofactor_only, sign_otherwise, sign_with_neutral_r, with_order_added};
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    let seal = || Block::new(2, &Claims::new());
    let bad = |name, comment, spec, block: &Block| {
        Case::new(&format!("signature/{name}"), comment)
            .refused("chain-signature")
            .block(1)
            .spec(spec)
            .sealed(&Chain::minted().put(block))
    };
    vec![
        bad("other-key", "the seal is signed by the root key, not by the holder", "T58 T112", &seal().by(1)),
        bad("other-kind", "the seal is signed as a delegate block", "T22 T112", &Block::new(1, &Claims::new())),
        bad("other-previous", "the seal is signed behind another block", "T22 T112", &seal().behind([0; 32])),
        bad(
            "other-profile",
            "the seal is signed for wane2",
            "T22",
            &seal().aad(list!["wane2", 2, Chain::minted().id(0)]),
        ),
        bad("order-added", "S with the group order added", "T23", &seal().signature(|m| with_order_added(&sign(2, m)))),
        bad("neutral-r", "R is the neutral point", "T23", &seal().signature(|m| sign_with_neutral_r(2, m))),
        bad(
            "cofactor",
            "the equation holds only with the cofactor",
            "T23",
            &seal().signature(|m| sign_for_cofactor_only(2, m)),
        ),
        Case::new("signature/other-nonce", "a second valid signature over the same content")
            .spec("T23 T25")
            .sealed(&Chain::minted().put(&seal().signature(|m| sign_otherwise(2, m)))),
    ]
}
