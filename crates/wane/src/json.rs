//! JSON texts, written as `serde_json` writes them.

use alloc::string::{String, ToString};

/// A text as a JSON string, quotes included.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::String(text.to_string()).to_string()
}
