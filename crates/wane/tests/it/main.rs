//! Everything that is tested through the public surface, in one binary.

#![cfg_attr(test, allow(clippy::string_slice, reason = "tests may panic"))]

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod builders;
#[cfg(test)]
mod cddl;
#[cfg(test)]
mod errors_md;
#[cfg(test)]
mod example;
#[cfg(test)]
mod forge;
#[cfg(test)]
mod heard;
#[cfg(test)]
mod known;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod live;
#[cfg(test)]
mod model;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod returned;
#[cfg(feature = "toml")]
#[cfg(test)]
mod roots_file;
#[cfg(test)]
mod sentences;
#[cfg(test)]
mod signature_cache;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod still;
#[cfg(test)]
mod triangle;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod views;
#[cfg(test)]
mod words;
