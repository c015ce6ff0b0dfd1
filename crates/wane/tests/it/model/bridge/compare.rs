//! One case, answered twice.

use wane::{SealedToken, decide, may_still, verify};

use super::super::naive::{self, Answer, Chain, Entry, Fault, Live, No, Request};
use super::forge::Forged;
use super::library;

/// One question to a chain, with what the verifier knows then.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    pub(crate) live: Live,
    pub(crate) now: u64,
}

/// A verifier, a chain, and what is asked of it. A seal for one request is for the first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Case {
    pub(crate) entry: Entry,
    pub(crate) chain: Chain,
    pub(crate) asked: Vec<Asked>,
    /// Patterns of which is asked whether anything within could still be allowed.
    pub(crate) shown: Vec<&'static str>,
}

/// What is heard in a case: a refusal of the chain, or what is in force after each block, the answers, and what is shown.
pub(crate) type Heard = Result<(Vec<String>, Vec<Answer>, Vec<bool>), No>;

pub(crate) fn heard_by_library(case: &Case) -> Heard {
    let requests: Vec<_> = case.asked.iter().map(|asked| library::request(&asked.request)).collect();
    heard_of(case, &library::roots(&case.entry), &requests)
}

/// The same, where the root entry and the requests are those of another case and need not be made again.
pub(crate) fn heard_of(case: &Case, roots: &wane::Roots, requests: &[wane::Request]) -> Heard {
    let forged = Forged::new(&case.chain, case.asked.first().map(|asked| &asked.request));
    let verified = SealedToken::from_bytes(&forged.token).and_then(|sealed| verify(&sealed, roots));
    let verified = verified.map_err(|refusal| library::refusal(&refusal))?;
    let (mut answers, mut shown) = (Vec::new(), Vec::new());
    for (Asked { request, live, now }, made) in case.asked.iter().zip(requests) {
        let state = library::live(live, &case.chain, &forged, request);
        answers.push(library::answer(&decide(&verified, made, &state, *now), &forged));
        for pattern in &case.shown {
            shown.push(may_still(&verified, &pattern.parse().expect("a pattern"), &state, *now));
        }
    }
    Ok((library::in_force(&verified), answers, shown))
}

pub(crate) fn heard_by_model(case: &Case, fault: Option<Fault>) -> Heard {
    let points: Vec<_> = case.asked.iter().map(|asked| asked.request.point.clone()).collect();
    let grants = naive::verify(&case.chain, &case.entry, &points, fault)?;
    let (mut answers, mut shown) = (Vec::new(), Vec::new());
    for (place, Asked { request, live, now }) in case.asked.iter().enumerate() {
        let first = &case.asked[0].request;
        let is_first = request.audience == first.audience
            && request.actions == first.actions
            && request.point.arguments == first.point.arguments;
        let asked = (request, place, is_first);
        answers.push(naive::decide(&case.chain, &case.entry, &grants, asked, (live, *now), fault));
        for pattern in &case.shown {
            shown.push(naive::may_still(&case.chain, &case.entry, &grants, (request, pattern), (live, *now)));
        }
    }
    Ok((grants.iter().map(library::in_force_by_model).collect(), answers, shown))
}

/// What was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) refused: usize,
    pub(crate) accepted: usize,
    pub(crate) allowed: usize,
    pub(crate) asked: usize,
    pub(crate) denied: usize,
    pub(crate) shown: usize,
}

impl Tally {
    pub(crate) fn count(&mut self, heard: &Heard) {
        match heard {
            Err(_) => self.refused += 1,
            Ok((_, answers, shown)) => {
                self.accepted += 1;
                self.shown += shown.len();
                for answer in answers {
                    match answer {
                        Answer::Allow(..) => self.allowed += 1,
                        Answer::Ask(_) => self.asked += 1,
                        Answer::Deny(_) => self.denied += 1,
                    }
                }
            }
        }
    }

    /// Whether there is as much of everything.
    pub(crate) fn reaches(&self, floor: &Self) -> bool {
        let pairs = [
            (self.refused, floor.refused),
            (self.accepted, floor.accepted),
            (self.allowed, floor.allowed),
            (self.asked, floor.asked),
            (self.denied, floor.denied),
            (self.shown, floor.shown),
        ];
        pairs.iter().all(|(found, floor)| found >= floor)
    }
}
