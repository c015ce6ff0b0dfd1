//! Reading TOML, with the place of a fault.

use serde::de::DeserializeOwned;
use wane::{Code, Refusal};

/// Bytes of a file, at most.
pub(crate) const FILE_BYTES: usize = 1024 * 1024;

/// What a file says.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    within_size(text)?;
    toml::from_str(text).map_err(|error| {
        let message = error.message().lines().next().unwrap_or_default();
        let place = error.span().and_then(|span| place(text, span.start));
        place.map_or_else(|| unusable(message), |place| unusable(&format!("{place}: {message}")))
    })
}

// spec: C1
pub(crate) fn within_size(text: &str) -> Result<(), Refusal> {
    if text.len() > FILE_BYTES {
        return Err(unusable(&format!("{} bytes, at most {FILE_BYTES} are read", text.len())));
    }
    Ok(())
}

pub(crate) fn unusable(why: &str) -> Refusal {
    Refusal::new(Code::ParseCatalogue, "catalogue", why, "")
}

/// Line and column of a byte, both from 1.
fn place(text: &str, at: usize) -> Option<String> {
    let before = text.get(..at)?;
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.chars().rev().take_while(|c| *c != '\n').count().saturating_add(1);
    Some(format!("line {line}, column {column}"))
}
