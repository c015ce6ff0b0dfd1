//! Whether there is a ledger, which one, what it keeps, and what it has forgotten (steps 7.1, 7.2, 7.8, 7.9).

use serde_json::json;

use super::{LEDGER, chain, knows, no, ok, unseen};
use crate::case::Case;
use crate::chain::Chain;
use crate::claims::{Claims, EXP, NOW};
use crate::request::Request;
use crate::text::hex;

pub(super) fn cases() -> Vec<Case> {
    [there(), keeps(), forgotten(), used()].concat()
}

fn there() -> Vec<Case> {
    let by_child = || Chain::minted().delegate(Claims::new().ledger(LEDGER));
    let other = || knows(json!({"id": "00".repeat(16)}));
    vec![
        ok("there", "T142 T176", "the ledger that the root block names")
            .state(unseen())
            .sealed_from(&chain(), Claims::new()),
        no("not-there", "state-no-ledger", "T54 T142", "the root block names a ledger, and none is there")
            .sealed(&chain().seal(Claims::new())),
        no("not-there-remembered", "state-no-ledger", "T142", "what the enforcement point remembers is no ledger")
            .state(json!({"level": "public"}))
            .sealed(&chain().seal(Claims::new())),
        no("not-there-of-delegate", "state-no-ledger", "T142", "a delegate block names a ledger, and none is there")
            .sealed(&by_child().seal(Claims::new())),
        ok("there-of-delegate", "T142", "a delegate block names the ledger")
            .state(unseen())
            .sealed_from(&by_child(), Claims::new()),
        ok("not-needed", "T142", "the chain names no ledger, and none is there")
            .sealed_from(&Chain::minted(), Claims::new()),
        ok("not-named", "T176", "the chain names no ledger, and one is there")
            .state(other())
            .sealed_from(&Chain::minted(), Claims::new()),
        no("other", "state-other-ledger", "T176", "the root block names another ledger")
            .state(other())
            .sealed(&chain().seal(Claims::new())),
        no("other-of-delegate", "state-other-ledger", "T176", "a delegate block names another ledger")
            .state(other())
            .sealed(&by_child().seal(Claims::new())),
        ok("named-again", "T176", "the ledger is named twice, unchanged")
            .state(unseen())
            .sealed_from(&chain().delegate(Claims::new().ledger(LEDGER)), Claims::new()),
    ]
}

fn keeps() -> Vec<Case> {
    let keeps = |word: &str| knows(json!({"keeps": word}));
    vec![
        ok("durable", "T177", "the ledger keeps what it commits")
            .state(keeps("durable"))
            .sealed_from(&chain(), Claims::new()),
        no(
            "volatile",
            "state-volatile",
            "T177 S43",
            "the ledger forgets, and the enforcement point does not allow that",
        )
        .state(keeps("volatile-refused"))
        .sealed(&chain().seal(Claims::new())),
        ok("volatile-allowed", "T177 S43", "the ledger forgets, and the enforcement point allows that")
            .state(keeps("volatile-allowed"))
            .sealed_from(&chain(), Claims::new()),
        ok("volatile-not-named", "T177", "the ledger forgets, and the chain names none")
            .state(keeps("volatile-refused"))
            .sealed_from(&Chain::minted(), Claims::new()),
    ]
}

/// What the ledger has forgotten, whatever the clock says.
fn forgotten() -> Vec<Case> {
    let up_to = |time: u64| knows(json!({"collected": time}));
    let gone = |name, comment| no(name, "state-collected", "T183 S57", comment);
    let seal = || Claims::new().exp(NOW + 300);
    vec![
        ok("collected-before", "T183", "the ledger has forgotten up to one second before exp")
            .state(up_to(EXP - 1))
            .sealed_from(&chain(), Claims::new()),
        gone("collected", "the ledger has forgotten up to exp, and the clock says that it has not come")
            .state(up_to(EXP))
            .sealed(&chain().seal(Claims::new())),
        gone("collected-unnamed", "the ledger has forgotten up to exp, and the chain names no ledger")
            .state(up_to(EXP))
            .sealed(&Chain::standard()),
        ok("collected-before-seal", "T183", "the ledger has forgotten up to one second before the exp of the seal")
            .state(up_to(NOW + 299))
            .sealed_from(&chain(), seal()),
        gone("collected-seal", "the ledger has forgotten up to the exp of the seal, not to that of the root block")
            .state(up_to(NOW + 300))
            .sealed(&chain().seal(seal())),
        gone("collected-delegate", "the ledger has forgotten up to the exp of a delegate block")
            .state(up_to(NOW + 300))
            .sealed(&chain().delegate(seal()).seal(Claims::new())),
        ok("collected-now", "T183", "the ledger has forgotten up to now, and exp is later")
            .state(up_to(NOW))
            .sealed_from(&chain(), Claims::new()),
    ]
}

/// Seals for one request serve once.
fn used() -> Vec<Case> {
    let request = Request::from("read:hr:employees");
    let seal = || Claims::new().cti(7).iat(NOW).exp(NOW + 300).digest(request.digest("{}", vec![]));
    let bound = chain().seal(seal());
    let general = chain().seal(Claims::new());
    let after = |ids: &[[u8; 32]]| knows(json!({"used": ids.iter().map(|id| hex(id)).collect::<Vec<_>>()}));
    vec![
        ok("unused", "T184", "a seal for one request that has not served")
            .state(unseen())
            .sealed_from(&chain(), seal()),
        no("used", "state-used", "T184", "a seal for one request that has served")
            .state(after(&[bound.id(1)]))
            .sealed(&bound),
        ok("used-another", "T184", "another seal has served")
            .state(after(&[general.id(1), [7; 32]]))
            .sealed_from(&chain(), seal()),
        ok("used-root-block", "T184", "the id of the root block is noted, not that of the seal")
            .state(after(&[bound.id(0)]))
            .sealed_from(&chain(), seal()),
        ok("used-general", "T184", "a seal for any request serves again")
            .state(after(&[general.id(1)]))
            .sealed_from(&chain(), Claims::new()),
    ]
}
