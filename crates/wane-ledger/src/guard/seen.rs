//! Values that were returned in a session, and that later requests of it may be asked for.

use std::sync::mpsc::sync_channel;

use wane::{BlockId, Code, Refusal, Request, Value};
use wane_audit::{Keyed, LogSecret};

use super::group::Task;
use super::{Guard, Shared, gone};
use crate::law::{self, Account, Overlay};
use crate::store::{Fault, Lock, Room, Store};

/// A value that a condition asks about, and how the ledger would know it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) source: Box<str>,
    pub(crate) value: Value,
    pub(crate) digest: Keyed,
}

/// What conditions ask whether it was returned before in this session. Digests are made before anybody waits for the store.
pub(super) fn asked(secret: &LogSecret, account: &Account, request: &Request) -> Vec<Asked> {
    let asked = account.verified().seen_asked(request);
    if asked.is_empty() {
        return Vec::new();
    }
    let key = secret.seen_key(account.line());
    let digest = |(source, value): (Box<str>, Value)| Asked { digest: key.digest(&source, &value), source, value };
    asked.into_iter().map(digest).collect()
}

/// The request with those of these values that were returned.
// spec: S93
pub(super) fn with_seen(
    request: &Request,
    session: BlockId,
    asked: &[Asked],
    overlay: &mut Overlay<'_>,
) -> Result<Request, Fault> {
    if asked.is_empty() {
        return Ok(request.clone());
    }
    let kept = law::seen(session, overlay)?;
    let known = asked.iter().filter(|asked| kept.contains(&asked.digest));
    Ok(known.fold(request.clone(), |request, asked| request.seen(&asked.source, asked.value.clone())))
}

impl Guard {
    /// Remembers what the trusted fields of a result returned in a session, each value with its source: conditions with `seen` hold
    /// for it from the next request on, in whatever guard of this ledger. The session is that of the permit's effects. A session has the
    /// last 1,024 of them; what is forgotten is denied. Blocks until that is committed. It leaves no record.
    ///
    /// # Errors
    /// `state-unknown-session` for a session that was not opened here; `state-*` where it could not be committed.
    ///
    /// ```
    /// use wane::{Permit, Refusal, Value};
    /// fn returned(guard: &wane_ledger::Guard, permit: &Permit, id: i64) -> Result<(), Refusal> {
    ///     guard.remember(permit.effects().session, &[("crm.ids".to_owned(), Value::integer(id)?)])
    /// }
    /// # let _ = returned;
    /// ```
    pub fn remember(&self, session: BlockId, values: &[(String, Value)]) -> Result<(), Refusal> {
        let key = self.shared.log_secret.seen_key(session);
        let last = values.get(values.len().saturating_sub(law::SEEN)..).unwrap_or_default();
        let digests: Vec<Keyed> = last.iter().map(|(source, value)| key.digest(source, value)).collect();
        let (reply, answer) = sync_channel(1);
        self.send(Task::Look(Box::new(move |store, shared| {
            let kept = remember(session, &digests, store, shared).map_err(|fault| fault.refusal());
            // A caller that has gone away needs no answer.
            let _: Result<(), _> = reply.send(kept);
        })))?;
        answer.recv().map_err(|_| gone())?
    }
}

/// Keeps what was returned in a session.
fn remember(session: BlockId, digests: &[Keyed], store: &mut dyn Store, shared: &Shared) -> Result<(), Fault> {
    let known = shared.head.seen()?;
    // What admissions need is not given to what later ones may be asked for.
    // spec: A33
    if store.room()? == Room::Tight {
        return Err(Refusal::new(Code::StateFull, "ledger", "too little for what was returned", "").into());
    }
    store.transact(&[Lock::Session(session)], &mut |rows| {
        let mut overlay = Overlay::new(rows);
        shared.head.check_seen(known.as_ref(), &mut overlay)?;
        law::remember(session, digests, &mut overlay)?;
        overlay.write()
    })
}
