//! Without arguments, writes the folders of `test-vectors/` that this crate owns, and `all.json`. `random COUNT SEED` prints
//! so many random cases, a line of JSON each, without the headers that say what must be answered.

use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use serde_json::Value;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors"));
            wane_testkit::folder::write(folder, &wane_testkit::cases::all())
        }
        ["random", count, seed] => match (count.parse(), seed.parse()) {
            (Ok(count), Ok(seed)) => random(count, seed),
            _ => Err(io::Error::other(format!("`{count}` and `{seed}` are not two numbers"))),
        },
        other => Err(io::Error::other(format!("`{}` is neither nothing nor `random COUNT SEED`", other.join(" ")))),
    }
}

fn random(count: u64, seed: u64) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for number in 0..count {
        let mut case = wane_testkit::random::case(seed, number).to_json();
        if let Value::Object(members) = &mut case {
            members.retain(|name, _| name != "expect" && name != "spec");
        }
        writeln!(out, "{case}")?;
    }
    out.flush()
}
