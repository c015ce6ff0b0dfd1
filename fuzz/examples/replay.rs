//! Runs inputs through a target without a fuzzer:
//! `cargo run --manifest-path fuzz/Cargo.toml --example replay TARGET FILE|FOLDER…`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some((_, run)) = wane_fuzz::TARGETS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = wane_fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
        return Err(io::Error::other(format!(
            "usage: replay TARGET FILE|FOLDER…, a target is one of {}",
            known.join(" ")
        )));
    };
    for path in arguments {
        for file in files(Path::new(&path))? {
            println!("{}", file.display());
            run(&fs::read(file)?);
        }
    }
    Ok(())
}

fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files: Vec<PathBuf> = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.sort();
    Ok(files)
}
