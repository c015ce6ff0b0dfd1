//! What a later block may not do (token.md section 6).

use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, EXP, IAT};
use crate::list;

pub(super) fn cases() -> Vec<Case> {
    let refused = |name, comment, code, spec, claims| {
        Case::new(&format!("narrowing/{name}"), comment)
            .refused(code)
            .block(1)
            .spec(spec)
            .sealed(&Chain::minted().delegate(claims).seal(Claims::new()))
    };
    vec![
        Case::new("narrowing/exp-earlier", "a delegate block states an earlier exp")
            .spec("T40")
            .sealed_from(&Chain::minted().delegate(Claims::new().exp(EXP - 1)), Claims::new().exp(EXP - 2)),
        refused("exp-later", "exp one second later", "chain-expiry", "T40", Claims::new().exp(EXP + 1)),
        refused("iat-earlier", "iat one second earlier", "chain-issued-at", "T42", Claims::new().iat(IAT - 1)),
        refused(
            "scope-index",
            "an index that is not in force",
            "chain-scope-index",
            "T72",
            Claims::new().scopes(list![2]),
        ),
        refused(
            "scope-wider",
            "a wider pattern",
            "chain-scope-wider",
            "T74",
            Claims::new().scopes(list![list![0, "*"]]),
        ),
    ]
}
