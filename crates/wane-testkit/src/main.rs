//! `cargo run --package wane-testkit` writes the folders of `test-vectors/` that this crate owns, and `all.json`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors"));
    wane_testkit::folder::write(folder, &wane_testkit::cases::all())
}
