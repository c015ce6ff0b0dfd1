//! The wane command line. `command/` holds one file per verb; `output.rs` is the only file that prints.

#![allow(dead_code, reason = "the verbs that use the rest follow")]

mod arguments;
mod command;
mod exit;
mod failure;
mod input;
mod key_file;
mod output;
mod settings;
mod terminal;
mod time;
mod write;

use exit::Exit;

fn main() -> Exit {
    arguments::run()
}
