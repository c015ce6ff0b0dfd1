//! Everything that is tested through files and processes, in one binary.

#[cfg(test)]
mod rules;
