//! A second law of `verify` and `decide`: the naive model that the library's own tests are held against answers the same, in
//! verdict, code and block. The bytes are a row of choices of what a root entry and a chain state, right or wrong, and of
//! what is asked of it; the tokens are forged, so that what no writer of ours would sign is judged too.

// What only those tests use is no fault here.
#[allow(dead_code, unused_imports)]
#[path = "../../crates/wane/tests/it/model/bridge/mod.rs"]
mod bridge;
#[allow(dead_code, unused_imports)]
#[path = "../../crates/wane/tests/it/model/choose.rs"]
mod choose;
#[allow(dead_code, unused_imports)]
#[path = "../../crates/wane/tests/it/model/naive/mod.rs"]
mod naive;
#[allow(dead_code, unused_imports)]
#[path = "../../crates/wane/tests/it/model/tape.rs"]
mod tape;

use bridge::{heard_by_library, heard_by_model};
use sha2::{Digest as _, Sha256};
use tape::Tape;

pub fn run(data: &[u8]) {
    let case = choose::case(&mut Tape::new(data));
    let (library, model) = (heard_by_library(&case), heard_by_model(&case, None));
    assert!(library == model, "the library says {library:?}\nthe model {model:?}\n{case:#?}");
}

/// Rows of choices that are long enough for any case.
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let part = |row: usize, part: usize| Sha256::digest(format!("model {row} {part}"));
    let row = |row: usize| (format!("row-{row}"), (0..24).flat_map(|number| part(row, number)).collect());
    (0..8).map(row).collect()
}
