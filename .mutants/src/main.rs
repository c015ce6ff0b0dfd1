//! Mutation testing of `wane`: one build for nearly all mutants.
//!
//! cargo-mutants builds the crate again for every mutant, and building is nearly all of what that costs. Here its list of
//! mutants is taken as it is, and all that can be are compiled into one copy of the crate, each behind a switch that an
//! environment variable turns on. Then each test is run once to see which mutants it reaches, and each mutant is run
//! against the tests that reach it, the quick ones first. What cannot stand behind a switch (constants, return types that
//! are not named, chains of `let`) is built alone, as cargo-mutants does it.
//!
//!     wane-mutants run [--shard K/N] [--together | --alone] [--within SECONDS] [PATH…]
//!                                  runs the mutants of the source files whose paths begin so; not those that must be
//!                                  built alone, or only those; and not by tests that take longer
//!     wane-mutants report          what holds for which file, and fails where something is amiss

mod alone;
mod copy;
mod mutant;
mod outcome;
mod plan;
mod rewrite;
mod run;
mod survivors;
mod switched;
mod tests;

use std::process::ExitCode;

pub(crate) type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some("run") => run::run(&arguments.collect::<Vec<_>>()),
        Some("report") => outcome::report(),
        _ => Err("usage: wane-mutants run [--shard K/N] [--together | --alone] [--within SECONDS] [PATH…] | report"
            .to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
