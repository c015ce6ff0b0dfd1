//! The wane command line. `command/` holds one file per verb; `output.rs` is the only file that prints.

mod arguments;
mod block;
mod call;
mod catalogue;
mod change;
mod clients;
mod command;
mod emit;
mod exact;
mod exit;
mod failure;
mod founding;
mod genuine;
mod guarding;
mod holder;
mod home;
mod input;
mod judging;
mod key_file;
mod known;
mod ledger;
mod limits;
mod log;
mod log_lines;
mod output;
mod random;
mod roots_file;
mod screen;
mod settings;
mod terminal;
mod time;
mod tls;
mod tree;
mod trust;
mod typed;
mod waiting;
mod watching;
mod write;

use exit::Exit;

fn main() -> Exit {
    arguments::run()
}
