//! The list of mutants, as cargo-mutants gives it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Result;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Genre {
    Body,
    Binary,
    Unary,
    Arm,
    Guard,
    Field,
}

#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    /// Its switch; 0 is no mutant.
    pub(crate) id: u32,
    pub(crate) file: String,
    pub(crate) genre: Genre,
    /// The bytes it replaces.
    pub(crate) span: Range<usize>,
    pub(crate) replacement: String,
    /// `replace < with == in f`, without the place.
    pub(crate) change: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// The place in bytes of a line and a column that count from one; columns count characters.
pub(crate) fn offset(text: &str, line: usize, column: usize) -> Option<usize> {
    let start = if line == 1 { 0 } else { text.match_indices('\n').nth(line - 2)?.0 + 1 };
    let rest = &text[start..];
    Some(start + rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(column - 1)?)
}

/// Every mutant of the token library, by source file.
pub(crate) fn list() -> Result<BTreeMap<String, Vec<Mutant>>> {
    let output = Command::new("cargo")
        .args(["mutants", "--list", "--json", "--package", "wane"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo mutants does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo mutants: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let listed: Vec<Value> = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let mut texts = BTreeMap::new();
    let mut mutants: BTreeMap<String, Vec<Mutant>> = BTreeMap::new();
    for (id, value) in (1..).zip(&listed) {
        let file = string(value, "file")?;
        if !texts.contains_key(&file) {
            texts.insert(file.clone(), crate::copy::read(&root().join(&file))?);
        }
        let mutant = read(id, value, &texts[&file]).ok_or_else(|| format!("not understood: {value}"))?;
        mutants.entry(file).or_default().push(mutant);
    }
    Ok(mutants)
}

fn string(value: &Value, name: &str) -> Result<String> {
    value[name].as_str().map(str::to_owned).ok_or_else(|| format!("no `{name}` in {value}"))
}

fn read(id: u32, value: &Value, text: &str) -> Option<Mutant> {
    let genre = match value["genre"].as_str()? {
        "FnValue" => Genre::Body,
        "BinaryOperator" => Genre::Binary,
        "UnaryOperator" => Genre::Unary,
        "MatchArm" => Genre::Arm,
        "MatchArmGuard" => Genre::Guard,
        "StructField" => Genre::Field,
        _ => return None,
    };
    let place = |end: &str| {
        let number = |name: &str| usize::try_from(value["span"][end][name].as_u64()?).ok();
        Some((number("line")?, number("column")?))
    };
    let ((line, column), (last_line, last_column)) = (place("start")?, place("end")?);
    Some(Mutant {
        id,
        file: value["file"].as_str()?.to_owned(),
        genre,
        span: offset(text, line, column)?..offset(text, last_line, last_column)?,
        replacement: value["replacement"].as_str()?.to_owned(),
        change: value["name"].as_str()?.split_once(": ")?.1.to_owned(),
        line,
        column,
    })
}
