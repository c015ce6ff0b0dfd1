//! A guard over the ledger that a verb names.

use wane::{PublicKey, Roots};
use wane_ledger::{Guard, GuardOptions, Pace, Volatile};

use crate::arguments::Context;
use crate::command::Publisher;
use crate::failure::Failure;
use crate::ledger::{self, LogFlags, Opened};
use crate::{random, time};

/// Opens one. A ledger that forgets was refused before.
pub(crate) fn guard(
    context: &Context,
    log: &LogFlags,
    opened: &mut Opened,
    roots: Roots,
    local_approver: Option<PublicKey>,
    published: Publisher,
) -> Result<Guard, Failure> {
    let options = GuardOptions {
        roots,
        log_secret: Some(log.secret(context, opened)?),
        checkpoint_key: log.key(context, opened)?,
        volatile: Volatile::Refused,
        local_approver,
        head: Some(opened.home.head()),
        pace: Pace::default(),
        published,
        rng: Box::new(random::system()?),
        version: concat!("wane ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    Ok(Guard::open(vec![ledger::store(&opened.url)?], options, time::now()?)?)
}
