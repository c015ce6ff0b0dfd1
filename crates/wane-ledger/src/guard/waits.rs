//! Whether a request still waits in the ledger for approvals.

use std::sync::mpsc::sync_channel;

use wane::{Refusal, Request, SealedToken};

use super::group::Task;
use super::head::Known;
use super::{Guard, Shared, gone};
use crate::law::{self, Overlay};
use crate::store::{Fault, Key, Store};

impl Guard {
    /// Until when this request waits in the ledger for approvals, behind this chain, where it does now: only what waits is shown to approvers.
    /// It does not where it never was made, where its hour is over, and where one that is equal was admitted meanwhile; made again it does.
    /// In seconds since 1970-01-01T00:00:00Z, as `now`.
    ///
    /// # Errors
    /// `parse-*` and `chain-*` for what does not verify; `state-*` where the ledger cannot be read.
    ///
    /// ```
    /// use wane::{Refusal, Request, SealedToken};
    /// fn is_shown(guard: &wane_ledger::Guard, sealed: &SealedToken, request: &Request, now: u64) -> Result<bool, Refusal> {
    ///     Ok(guard.waits_until(sealed, request, now)?.is_some())
    /// }
    /// # let _ = is_shown;
    /// ```
    pub fn waits_until(&self, sealed: &SealedToken, request: &Request, now: u64) -> Result<Option<u64>, Refusal> {
        let account = self.verified(sealed, now)?;
        let verified = account.verified();
        let Some(last) = verified.last_delegate() else { return Ok(None) };
        let key = law::pending_key(account.line(), verified.approvable(request).request_digest(), last);
        let (reply, answer) = sync_channel(1);
        self.send(Task::Look(Box::new(move |store, shared| {
            let until = shared.head.seen().and_then(|known| until(&key, known.as_ref(), now, store, shared));
            // A caller that has gone away needs no answer.
            let _: Result<(), _> = reply.send(until.map_err(|fault| fault.refusal()));
        })))?;
        answer.recv().map_err(|_| gone())?
    }
}

fn until(
    key: &Key,
    known: Option<&Known>,
    now: u64,
    store: &mut dyn Store,
    shared: &Shared,
) -> Result<Option<u64>, Fault> {
    let mut until = None;
    store.view(&mut |rows| {
        let mut overlay = Overlay::new(rows);
        shared.head.check_seen(known, &mut overlay)?;
        until = law::waits_until(key, now, &mut overlay)?;
        Ok(())
    })?;
    Ok(until)
}
