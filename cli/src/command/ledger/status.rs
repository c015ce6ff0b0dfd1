//! `wane ledger status`.

use clap::Args;
use serde::Serialize;
use wane_ledger::Room;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ledger::LedgerFlag;
use crate::{home, time};

/// Say how the ledger stands: its id, its epoch, whether it is older than what is known of it here
///
/// Exit code 6 where it is damaged or older than its newest head known here.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane ledger status
  wane ledger status --ledger sqlite:wane.db --json
")]
pub(super) struct Status {
    #[command(flatten)]
    ledger: LedgerFlag,
}

#[derive(Serialize)]
struct Answer {
    id: String,
    url: String,
    epoch: u64,
    since: u64,
    collected: u64,
    durable: bool,
    room: bool,
    origin: String,
    log_secret: bool,
    audit_key: bool,
}

impl Status {
    /// Does it.
    pub(super) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let mut opened = self.ledger.open(context)?;
        let status = opened.ledger.status()?;
        let answer = Answer {
            id: status.id.to_string(),
            url: opened.url.to_string(),
            epoch: status.epoch,
            since: status.since,
            collected: status.collected,
            durable: status.durable,
            room: status.room == Room::Ample,
            origin: opened.ledger.origin().to_string(),
            log_secret: home::exists(&opened.home.log_secret()),
            audit_key: home::exists(&opened.home.audit_key()),
        };
        context.output.answer(&answer, || answer.text())?;
        Ok(Exit::Done)
    }
}

impl Answer {
    fn text(&self) -> String {
        let kept = |there| if there { "kept here" } else { "not here" };
        let collected = match self.collected {
            0 => "nothing yet".to_owned(),
            time => format!("what ended up to {}", time::show(time)),
        };
        let since = time::show(self.since);
        [
            format!("ledger      {}", self.id),
            format!("at          {}", self.url),
            format!("epoch       {}, of sessions issued after {since} or registered in it", self.epoch),
            format!("collected   {collected}"),
            format!("room        {}", if self.room { "ample" } else { "tight: make room" }),
            format!("log         {}", self.origin),
            format!("log secret  {}", kept(self.log_secret)),
            format!("audit key   {}", kept(self.audit_key)),
        ]
        .join("\n")
    }
}
