//! `wane demo`: a holder and a tool server in two processes, and every way to cheat that we know of.

mod folder;
mod forge;
mod mcp;
mod server;
mod steps;
mod together;
mod tools;
mod wire;

use std::fmt::Write as _;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde::Serialize;

pub(crate) use server::DemoServer;
pub(crate) use tools::DemoTools;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::paint;

/// Watch a session narrow, leak and cheat: a few processes, offline, under two seconds
///
/// This process mints, narrows and seals. A second one is the tool server: it is started with the root's public
/// key and nothing else, and answers over a local socket. Two more share a ledger, in a folder of its own that goes
/// with the demo. The exit code is 0 only if every answer was the expected one.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane demo
  wane demo --json
  wane demo mcp
")]
pub(crate) struct Demo {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    Mcp(mcp::DemoMcp),
}

/// One expectation and what came of it.
#[derive(Serialize)]
struct Step {
    part: &'static str,
    what: &'static str,
    expected: &'static str,
    got: String,
    held: bool,
}

#[derive(Serialize)]
struct Answer {
    held: usize,
    of: usize,
    milliseconds: u128,
    server: String,
    steps: Vec<Step>,
}

impl Demo {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if let Some(What::Mcp(demo)) = &self.what {
            return demo.run(context);
        }
        let started = Instant::now();
        let played = steps::play()?;
        let held = played.steps.iter().filter(|step| step.held).count();
        let answer = Answer {
            held,
            of: played.steps.len(),
            milliseconds: started.elapsed().as_millis(),
            server: format!("process {}, which knows only {}", played.server, played.root),
            steps: played.steps,
        };
        context.output.answer(&answer, || text("holder: process", "which mints, narrows and seals", &answer))?;
        Ok(if answer.held == answer.of { Exit::Done } else { Exit::CouldNotRun })
    }
}

fn text(who: &str, does: &str, answer: &Answer) -> String {
    let mut text = format!("{who} {}, {does}\n", std::process::id());
    let _ = writeln!(text, "server: {}", answer.server);
    let mut part = "";
    for step in &answer.steps {
        if step.part != part {
            part = step.part;
            let _ = writeln!(text, "\n{part}");
        }
        let padding = " ".repeat(22_usize.saturating_sub(step.got.len()));
        let _ = match step.held {
            true => writeln!(text, "  {}{padding}{}", paint(color(&step.got), &step.got), step.what),
            false => writeln!(text, "  {}{padding}{} (expected {})", step.got, step.what, step.expected),
        };
    }
    let word =
        if answer.held == answer.of { paint(Exit::Done, "as expected") } else { paint(Exit::Denied, "as expected") };
    let _ = writeln!(text, "\n{} of {} {word}, in {} ms, offline", answer.held, answer.of, answer.milliseconds);
    text
}

fn color(got: &str) -> Exit {
    if got == "allow" || got.contains(" of ") { Exit::Done } else { Exit::Denied }
}
