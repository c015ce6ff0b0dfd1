//! What can only be seen from within: what the file is made of, and steps between versions that no release has yet.

mod layout;
mod steps;
