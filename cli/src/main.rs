//! The wane command line. `command/` holds one file per verb; `output.rs` is the only file that prints.

mod arguments;
mod call;
mod change;
mod command;
mod emit;
mod exit;
mod failure;
mod holder;
mod input;
mod key_file;
mod limits;
mod output;
mod random;
mod roots_file;
mod settings;
mod terminal;
mod time;
mod tree;
mod trust;
mod typed;
mod write;

use exit::Exit;

fn main() -> Exit {
    arguments::run()
}
