//! Answers as one word, for tables of many cases.

use crate::case::Case;
use crate::chain::Chain;
use crate::claims::Claims;

impl Case {
    /// `ok`, a code, or a code and a block: `deny-condition 0`. The payload is this chain and a seal that states nothing;
    /// where it must be allowed, the header `token` says what it was before.
    pub(super) fn answered(self, answer: &str, chain: &Chain) -> Self {
        match answer.split_once(' ') {
            None if answer == "ok" => self.sealed_from(chain, Claims::new()),
            None => self.refused(answer).sealed(&chain.clone().seal(Claims::new())),
            Some((code, block)) => self
                .refused(code)
                .block(block.parse().expect("a block is a number"))
                .sealed(&chain.clone().seal(Claims::new())),
        }
    }

    /// The same for a text that is only read.
    pub(super) fn read_as(self, answer: &str, flag: &str, payload: &str) -> Self {
        let case = if answer == "ok" { self } else { self.refused(answer) };
        case.plain(flag, payload)
    }
}
