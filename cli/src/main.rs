//! The wane command line.

fn main() {}
