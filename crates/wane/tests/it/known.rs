//! Suites that others published, and what this library says to each of their cases.

mod torsion;
mod wycheproof;
