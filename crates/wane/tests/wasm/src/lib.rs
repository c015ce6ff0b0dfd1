//! Judges one test vector at a time in linear memory; see `Cargo.toml` beside this folder.

#[path = "../../it/vectors/file.rs"]
mod file;
#[path = "../../it/vectors/judge.rs"]
mod judge;
#[path = "../../it/vectors/stated.rs"]
mod stated;

use std::cell::RefCell;

use file::Vector;

thread_local! {
    /// The text of a file, and then the answer to it.
    static TEXT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Room for a file of so many bytes, and where it begins.
#[unsafe(no_mangle)]
pub extern "C" fn room(bytes: usize) -> *mut u8 {
    TEXT.with_borrow_mut(|text| {
        text.clear();
        text.resize(bytes, 0);
        text.as_mut_ptr()
    })
}

/// Puts the answer in place of the file and says how many bytes it has.
#[unsafe(no_mangle)]
pub extern "C" fn judge() -> usize {
    TEXT.with_borrow_mut(|text| {
        *text = answer(text).into_bytes();
        text.len()
    })
}

/// Where the answer begins.
#[unsafe(no_mangle)]
pub extern "C" fn answer_at() -> *const u8 {
    TEXT.with_borrow(|text| text.as_ptr())
}

/// `layer code block`, with a hyphen for what is not there; or what is wrong with the file.
fn answer(file: &[u8]) -> String {
    let text = match std::str::from_utf8(file) {
        Ok(text) => text,
        Err(error) => return error.to_string(),
    };
    match Vector::read(text).and_then(|vector| judge::judge(&vector)) {
        Ok(answer) => {
            let block = answer.block.map_or_else(|| "-".to_owned(), |block| block.to_string());
            format!("{} {} {block}", answer.layer, answer.code.as_deref().unwrap_or("-"))
        }
        Err(reason) => reason,
    }
}
