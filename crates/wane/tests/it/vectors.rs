//! `test-vectors`, the folders of tokens and decisions: every file is read strictly, run through the library, and compared
//! with what it expects. Nobody lists names: what lies there is judged.

mod accepted;
mod broken;
mod file;
mod judge;
mod load;
mod stated;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use crate::forge::Rng;
use file::Vector;
use judge::Answer;
use load::Valid;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../test-vectors");

/// Folders of another form, each with a test of its own.
const OTHERS: &[&str] = &["catalogue", "checkpoints", "gateway", "logs", "records"];

/// Fewer cases than this are no suite.
const FLOOR: usize = 600;
const ACCEPTED_FLOOR: usize = 100;

/// Path and text of every file, in order.
pub(crate) fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for family in fs::read_dir(Path::new(FOLDER)).unwrap() {
        let family = family.unwrap();
        let folder = family.file_name().into_string().unwrap();
        if !family.file_type().unwrap().is_dir() || OTHERS.contains(&folder.as_str()) {
            continue;
        }
        for file in fs::read_dir(family.path()).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            assert!(name.ends_with(".txt"), "{folder}/{name} is no vector");
            files.insert(format!("{folder}/{name}"), fs::read_to_string(file.path()).unwrap());
        }
    }
    files
}

/// What is wrong with a file, or with the library.
fn check(text: &str) -> Result<Vector, String> {
    let vector = Vector::read(text)?;
    let answer = judge::judge(&vector)?;
    let expected = Answer { layer: vector.expect, code: vector.code.clone(), block: vector.block };
    if answer != expected {
        return Err(format!("{answer:?} is answered where {expected:?} is expected"));
    }
    if answer.layer == "ok" {
        accepted::check(&vector)?;
    }
    Ok(vector)
}

#[test]
fn the_library_answers_as_each_file_says() {
    let (mut wrong, mut accepted, mut again) = (Vec::new(), 0, 0);
    let files = files();
    for (path, text) in &files {
        match check(text) {
            Ok(vector) => {
                accepted += usize::from(vector.expect == "ok");
                again += usize::from(vector.token.is_some());
            }
            Err(reason) => wrong.push(format!("{path}: {reason}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), files.len(), wrong.join("\n"));
    assert!(files.len() >= FLOOR, "only {} files were found", files.len());
    assert!(accepted >= ACCEPTED_FLOOR, "only {accepted} of {} files are accepted", files.len());
    assert!(again * 2 >= accepted, "only {again} of {accepted} accepted files have the token they were sealed from");
}

/// The short form of `just same-answer`.
#[test]
fn no_load_makes_a_valid_token_refused() {
    const CHECKS: usize = 20_000;
    let valid = load::tokens(&files(), 500, &mut Rng::new(9)).unwrap();
    assert!(valid.len() > 600 && valid.len() < CHECKS, "{} tokens", valid.len());
    let denials = load::denials(&valid, CHECKS, 4 * thread::available_parallelism().unwrap().get());
    assert!(denials.is_empty(), "{} of {CHECKS}: {:?}", denials.len(), denials.first());
}

#[test]
fn a_valid_token_that_is_refused_would_be_noticed() {
    let mut valid = load::tokens(&files(), 3, &mut Rng::new(9)).unwrap();
    let place = valid.iter().position(|token| matches!(token, Valid::Vector { .. })).unwrap();
    if let Some(Valid::Vector { vector, .. }) = valid.get_mut(place) {
        vector.now = Some(u64::MAX);
    }
    let denials = load::denials(&valid, 2 * valid.len(), 3);
    assert_eq!(denials.len(), 2, "{denials:?}");
    assert!(denials[0].contains("deny-expired"), "{denials:?}");
}
