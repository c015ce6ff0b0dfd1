//! Suites that others published, and what this library says to each of their cases.

mod scenarios;
mod torsion;
mod wycheproof;
