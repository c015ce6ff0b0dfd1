//! The shape of a token and of a block (token.md section 4).

use crate::case::Case;
use crate::cbor::Item;
use crate::chain::{Block, Chain};
use crate::claims::{Claims, root};
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    let chain = Chain::standard();
    let delegates = |count: usize| (0..count).fold(Chain::minted(), |chain, _| chain.delegate(Claims::new()));
    vec![
        Case::new("envelope/no-blocks", "a token without a block")
            .refused("parse-envelope")
            .spec("T15")
            .sealed_item(&list![list![]]),
        Case::new("envelope/three-parts", "a token of three parts")
            .refused("parse-envelope")
            .spec("T15")
            .sealed_item(&list![Item::List(chain.blocks.clone()), [1; 32], 0]),
        Case::new("envelope/sixteen-blocks", "a root block, fourteen delegate blocks and a seal")
            .spec("T16 T44")
            .sealed(&delegates(14).seal(Claims::new())),
        Case::new("envelope/seventeen-blocks", "one block more than is read")
            .refused("parse-too-many-blocks")
            .spec("T16")
            .sealed(&delegates(15).seal(Claims::new())),
        Case::new("envelope/other-algorithm", "the header names EdDSA by its other number, -8")
            .refused("parse-envelope")
            .block(1)
            .spec("T17")
            .sealed(&Chain::minted().put(&Block::new(2, &Claims::new()).protected(&[0xa1, 0x01, 0x27]))),
        Case::new("envelope/short-signature", "a signature of 63 bytes")
            .refused("parse-envelope")
            .block(1)
            .spec("T18")
            .sealed(&Chain::minted().put(&Block::new(2, &Claims::new()).signature(|_| vec![7; 63]))),
        Case::new("envelope/seal-in-the-middle", "a block follows one without cnf")
            .refused("parse-missing-claim")
            .block(1)
            .spec("T20")
            .sealed(&Chain::minted().seal(Claims::new()).seal(Claims::new())),
        Case::new("envelope/unsealed", "the last block names a next key")
            .refused("chain-unsealed")
            .spec("T109")
            .payload(Chain::delegated().bound()),
        Case::new("envelope/secret-behind-seal", "a seal with a secret behind it")
            .refused("chain-carries-secret")
            .spec("T110")
            .sealed_item(&list![Item::List(chain.blocks), [2; 32]]),
        Case::new("envelope/most-signed", "4,096 bytes to sign")
            .spec("T24")
            .sealed_from(&Chain::root(&root().padded_to(4_033)), Claims::new()),
    ]
}
