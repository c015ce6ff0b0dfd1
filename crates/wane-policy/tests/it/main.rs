//! Catalogues against `test-vectors/catalogue`.

#[cfg(test)]
mod vectors;
