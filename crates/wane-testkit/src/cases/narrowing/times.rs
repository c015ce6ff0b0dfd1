//! Times and depth.

use super::{kept, lasts, wider};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, EXP, IAT, NOW, root};

pub(super) fn cases() -> Vec<Case> {
    [exp(), nbf(), iat(), empty(), depth()].concat()
}

fn step() -> Claims {
    Claims::new()
}

fn exp() -> Vec<Case> {
    vec![
        Case::new("narrowing/exp-earlier", "a delegate block states an earlier exp")
            .spec("T40")
            .sealed_from(&Chain::minted().delegate(step().exp(EXP - 1)), step().exp(EXP - 2)),
        kept("exp-equal", "the exp in force is stated again", "T40", &[root(), step().exp(EXP)]),
        wider("exp-later", "exp one second later", "chain-expiry", "T39 T40", &[root(), step().exp(EXP + 1)]),
        wider(
            "exp-back",
            "exp back to what the root block said, after a block shortened it",
            "chain-expiry",
            "T40",
            &[root(), step().exp(EXP - 10), step().exp(EXP)],
        ),
        Case::new("narrowing/exp-later-in-seal", "a seal states a later exp")
            .refused("chain-expiry")
            .block(1)
            .spec("T40")
            .sealed(&Chain::minted().seal(step().exp(EXP + 1))),
        lasts(
            "exp-stays",
            "a block that states no exp does not bring back the one of the root block",
            "deny-expired",
            "T38 T137",
            &[root(), step().exp(NOW), step()],
        ),
    ]
}

fn nbf() -> Vec<Case> {
    vec![
        kept("nbf-new", "the first nbf of a chain, long before iat", "T41", &[root(), step().nbf(0)]),
        kept("nbf-equal", "the nbf in force is stated again", "T41", &[root().nbf(IAT), step().nbf(IAT)]),
        kept("nbf-later", "nbf one second later", "T41", &[root().nbf(IAT), step().nbf(IAT + 1)]),
        wider(
            "nbf-earlier",
            "nbf one second earlier",
            "chain-not-before",
            "T41",
            &[root().nbf(IAT), step().nbf(IAT - 1)],
        ),
        wider(
            "nbf-back",
            "nbf back to what the root block said, after a block moved it",
            "chain-not-before",
            "T41",
            &[root().nbf(IAT), step().nbf(IAT + 10), step().nbf(IAT)],
        ),
        lasts(
            "nbf-stays",
            "a block that states no nbf leaves the one in force",
            "deny-not-yet-valid",
            "T38 T138",
            &[root(), step().nbf(NOW + 31), step()],
        ),
    ]
}

fn iat() -> Vec<Case> {
    vec![
        kept("iat-equal", "the iat in force is stated again", "T42", &[root(), step().iat(IAT)]),
        kept("iat-later", "iat one second later", "T42", &[root(), step().iat(IAT + 1)]),
        wider("iat-earlier", "iat one second earlier", "chain-issued-at", "T42", &[root(), step().iat(IAT - 1)]),
        wider(
            "iat-back",
            "iat back to what the root block said, after a block moved it",
            "chain-issued-at",
            "T42",
            &[root(), step().iat(IAT + 10), step().iat(IAT)],
        ),
        lasts(
            "iat-stays",
            "a block that states no iat leaves the one in force",
            "deny-issued-in-future",
            "T38 T139",
            &[root(), step().iat(NOW + 31), step()],
        ),
    ]
}

fn empty() -> Vec<Case> {
    let last = |name, comment, blocks: &[Claims], now| kept(name, comment, "T43", blocks).now(now);
    let none = |name, comment, blocks: &[Claims]| wider(name, comment, "chain-empty-time", "T43", blocks);
    vec![
        last("time-one-second", "a root block that lives one second", &[root().exp(IAT + 1)], IAT),
        none("time-none", "a root block whose exp is its iat", &[root().exp(IAT)]),
        none("time-nbf-none", "a root block whose exp is its nbf", &[root().nbf(EXP)]),
        last("time-exp-one", "exp moved to one second after iat", &[root(), step().exp(IAT + 1)], IAT),
        none("time-exp-none", "exp moved to iat", &[root(), step().exp(IAT)]),
        last("time-iat-one", "iat moved to one second before exp", &[root(), step().iat(EXP - 1)], EXP - 1),
        none("time-iat-none", "iat moved to exp", &[root(), step().iat(EXP)]),
        last("time-nbf-one", "nbf moved to one second before exp", &[root(), step().nbf(EXP - 1)], EXP - 1),
        none("time-nbf-late", "nbf moved to exp", &[root(), step().nbf(EXP)]),
        none(
            "time-across-blocks",
            "exp moved to the nbf that a block before has stated",
            &[root(), step().nbf(IAT + 30), step().exp(IAT + 30)],
        ),
        Case::new("narrowing/time-none-in-seal", "a seal that moves exp to iat")
            .refused("chain-empty-time")
            .block(1)
            .spec("T43")
            .sealed(&Chain::minted().seal(step().exp(IAT))),
    ]
}

/// Without the header `token` where nothing can be added behind the last block.
fn used_up(name: &str, comment: &str, blocks: &[Claims]) -> Case {
    Case::new(&format!("narrowing/{name}"), comment).spec("T44").sealed(&super::chain(blocks).seal(Claims::new()))
}

fn depth() -> Vec<Case> {
    let deep = |name, comment, blocks: &[Claims]| wider(name, comment, "chain-depth", "T44", blocks);
    vec![
        used_up("depth-0-seal", "a depth of 0, and a seal, which does not count", &[root().depth(0)]),
        deep("depth-0", "a delegate block where the depth is 0", &[root().depth(0), step()]),
        used_up("depth-1", "one delegate block where the depth is 1", &[root().depth(1), step()]),
        deep("depth-1-two", "two delegate blocks where the depth is 1", &[root().depth(1), step(), step()]),
        used_up("depth-2", "two delegate blocks where the depth is 2", &[root().depth(2), step(), step()]),
        deep("depth-2-three", "three delegate blocks where it is 2", &[root().depth(2), step(), step(), step()]),
        kept("depth-one-less", "a depth of 2 stated below one of 3", "T44", &[root().depth(3), step().depth(2)]),
        deep("depth-equal", "a depth of 3 stated below one of 3", &[root().depth(3), step().depth(3)]),
        used_up("depth-ends", "a depth of 0 stated below one of 3", &[root().depth(3), step().depth(0)]),
        deep("depth-ended", "a delegate block behind a stated depth of 0", &[root().depth(3), step().depth(0), step()]),
        kept("depth-13", "a depth of 13 stated where the root block states none", "T44", &[root(), step().depth(13)]),
        deep("depth-14", "a depth of 14 stated where the root block states none", &[root(), step().depth(14)]),
        kept(
            "depth-counted",
            "a depth of 1 stated where 3 has been counted down to 2",
            "T44",
            &[root().depth(3), step(), step().depth(1)],
        ),
        deep(
            "depth-counted-less",
            "a depth of 2 stated where 3 has been counted down to 2",
            &[root().depth(3), step(), step().depth(2)],
        ),
    ]
}
