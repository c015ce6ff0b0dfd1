//! Clearance (step 9): compared with the request's level, and with nothing else.

use serde_json::json;

use super::{all, any, at, no, ok};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::Claims;

pub(super) fn cases() -> Vec<Case> {
    let to = |level: u64| Chain::root(&all().clearance(level));
    let falls = |name: &str, comment: &str| no(name, "deny-clearance", "T144", comment);
    let stays = |name: &str, comment: &str| ok(name, "T144", comment);
    let beside = |name, comment| ok(name, "T135 T144", comment).request(at("public", "read:a"));
    let mut cases = vec![
        stays("clearance-unstated", "top-secret, and no clearance is stated")
            .request(at("top-secret", "read:a"))
            .sealed_from(&any(), Claims::new()),
        falls("clearance-of-delegate", "above the clearance of a delegate block, not above the root block's")
            .request(at("internal", "read:a"))
            .sealed(&to(1).delegate(Claims::new().clearance(0)).seal(Claims::new())),
        stays("clearance-of-delegate-fits", "at the clearance of a delegate block")
            .request(at("internal", "read:a"))
            .sealed_from(&to(2).delegate(Claims::new().clearance(1)), Claims::new()),
        falls("clearance-of-seal", "above the clearance of the seal")
            .request(at("internal", "read:a"))
            .sealed(&any().seal(Claims::new().clearance(0))),
        stays("clearance-of-seal-fits", "at the clearance of the seal")
            .request(at("internal", "read:a"))
            .sealed_from(&any(), Claims::new().clearance(1)),
        falls("clearance-kept", "above the root block's clearance, and later blocks state none")
            .request(at("internal", "read:a"))
            .sealed(&to(0).delegate(Claims::new()).seal(Claims::new())),
        beside("clearance-below-mark", "the root block's own level is above its clearance")
            .sealed_from(&Chain::root(&all().clearance(0).level(3)), Claims::new()),
        beside("clearance-below-state", "the level that the enforcement point remembers is above the clearance")
            .state(json!({"level": "restricted"}))
            .sealed_from(&to(0), Claims::new()),
        beside("clearance-below-entry", "the level of the root entry is above the clearance")
            .root_line("level = \"restricted\"")
            .sealed_from(&to(0), Claims::new()),
    ];
    let levels = ["public", "internal", "confidential", "restricted", "top-secret"];
    for ((place, fits), over) in (0..).zip(levels).zip(levels.iter().skip(1)) {
        cases.push(
            stays(&format!("clearance-{fits}"), &format!("a {fits} request and the clearance {fits}"))
                .request(at(fits, "read:a"))
                .sealed_from(&to(place), Claims::new()),
        );
        cases.push(
            falls(&format!("clearance-{fits}-{over}"), &format!("a {over} request and the clearance {fits}"))
                .request(at(over, "read:a"))
                .sealed(&to(place).seal(Claims::new())),
        );
    }
    cases
}
