//! A guard over the ledger that a verb names.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

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

/// How long a request that is being decided may hold up the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Closes a guard once no request holds it any more; what could not be done is told.
pub(crate) fn close(mut guard: Arc<Guard>, tell: impl FnOnce(String)) {
    let until = Instant::now() + PATIENCE;
    let not_closed = |why: &str| format!("the log was not brought up to date: {why}");
    loop {
        match Arc::try_unwrap(guard) {
            Ok(guard) => {
                let now = time::now().map_err(|failure| failure.message().to_owned());
                let closed =
                    now.and_then(|now| guard.close(now).map_err(|refusal| format!("{refusal} ({})", refusal.code())));
                return closed.unwrap_or_else(|why| tell(not_closed(&why)));
            }
            Err(_) if Instant::now() >= until => return tell(not_closed("a request is still being decided")),
            Err(held) => guard = held,
        }
        thread::sleep(Duration::from_millis(10));
    }
}
