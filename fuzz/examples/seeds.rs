//! Writes the seeds that are committed: `cargo run --manifest-path fuzz/Cargo.toml --example seeds`.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    for (target, seeds) in wane_fuzz::seeds::all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
        // What is no longer made must not stay.
        fs::remove_dir_all(&folder)
            .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
        fs::create_dir_all(&folder)?;
        for (name, seed) in seeds {
            fs::write(folder.join(name), seed)?;
        }
    }
    Ok(())
}
