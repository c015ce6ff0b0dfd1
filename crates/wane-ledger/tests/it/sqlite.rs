//! The store in one SQLite file, and what can happen to that file.

mod contract;
