//! Names that the reader of JSON keeps for itself.

use wane::{Arguments, Code, Refusal};

/// What such names begin with: an object of one of them is read as whatever its text is parsed to, once any crate of the program
/// asks for raw values.
const RESERVED: &str = "$serde_json::";

/// Refuses what could be read as something else than it says. A text that only mentions such a name is refused as well.
pub(crate) fn check(read: &Arguments) -> Result<(), Refusal> {
    check_text(&read.to_json())
}

/// The same for arguments that are written out already.
pub(crate) fn check_text(json: &str) -> Result<(), Refusal> {
    match json.contains(RESERVED) {
        true => Err(Refusal::new(Code::ParseJson, "arguments", format_args!("`{RESERVED}` stands in it"), "")),
        false => Ok(()),
    }
}
