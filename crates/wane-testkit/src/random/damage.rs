//! Nine of ten chains are shown as they are; the others are not what their holders made.

use super::Dice;
use super::chain::Grown;
use crate::chain::Chain;
use crate::claims::Claims;
use crate::text::line;

/// What the verifier is shown.
pub(super) fn payload(dice: &mut Dice, grown: &Grown) -> String {
    if dice.in_hundred(93) {
        return grown.chain.sealed();
    }
    let mut chain = grown.chain.clone();
    let blocks = u64::try_from(chain.blocks.len()).unwrap_or(1);
    let place = |dice: &mut Dice| usize::try_from(dice.below(blocks)).unwrap_or(0);
    match dice.below(8) {
        0 => {
            chain.blocks.remove(place(dice));
            chain.sealed()
        }
        1 => {
            let (one, other) = (place(dice), place(dice));
            chain.blocks.swap(one, other);
            chain.sealed()
        }
        2 => {
            let place = place(dice);
            chain.blocks.insert(place, chain.blocks.get(place).cloned().unwrap_or(crate::cbor::Item::NULL));
            chain.sealed()
        }
        3 => {
            let place = place(dice);
            let stranger = Chain::minted().delegate(Claims::new()).seal(Claims::new());
            if let (Some(block), Some(other)) = (chain.blocks.get_mut(place), stranger.blocks.get(place.min(2))) {
                *block = other.clone();
            }
            chain.sealed()
        }
        4 => line("wane1.sealed.", &chain.with_secret().to_bytes()),
        5 => chain.sealed().replacen("sealed", "token", 1),
        _ => bytes(dice, chain.to_item().to_bytes()),
    }
}

/// One byte is another, or gone, or there twice; or the end is.
fn bytes(dice: &mut Dice, mut bytes: Vec<u8>) -> String {
    let place = usize::try_from(dice.below(u64::try_from(bytes.len()).unwrap_or(1))).unwrap_or(0);
    match dice.below(5) {
        0 => bytes.truncate(place),
        1 => {
            bytes.remove(place);
        }
        2 => bytes.insert(place, *dice.one(&[0x00, 0x18, 0x5f, 0xf6, 0xf9, 0xc0, 0xff, 0xa0, 0x80])),
        3 => bytes.insert(place, bytes.get(place).copied().unwrap_or(0)),
        _ => {
            let bit = 1 << dice.below(8);
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= bit;
            }
        }
    }
    line("wane1.sealed.", &bytes)
}
