//! Requests that wait for approval, and statements that wait for their request.

use serde::{Deserialize, Serialize};
use wane::{BlockId, Code, Mark, PublicKey, Refusal};

use super::overlay::{Overlay, decode};
use super::rows::{approval_prefix, pending_key};
use super::text;
use crate::store::{Fault, Key, Table};

/// Requests of one session that may wait at once.
pub(crate) const PENDING: usize = 64;

/// Seconds that a request waits at most.
pub(crate) const PENDING_SECONDS: u64 = 3_600;

/// Statements that are kept for one request.
const STATEMENTS: usize = 64;

/// Bytes of an id in a key.
const ID_BYTES: usize = 32;

/// Bytes of a row.
const VALUE_BYTES: usize = 128 * 1024;

/// A request that waits for approval, as it was judged: what approvers are shown, and what their statements are compared
/// with. Its arguments are the only ones a ledger keeps in clear; they go when the request is admitted or has waited an
/// hour. Times are seconds since 1970-01-01T00:00:00Z.
///
/// ```
/// use wane::{BlockId, Mark};
/// use wane_ledger::PendingRequest;
/// let id = BlockId::from_bytes([1; 32]);
/// let request = PendingRequest {
///     session: id,
///     last: id,
///     digest: [2; 32],
///     audience: "mail".into(),
///     call: vec!["tools/call".into(), "send".into()],
///     arguments: r#"{"to":"board"}"#.into(),
///     said: "{}".into(),
///     actions: vec!["send:mail".into()],
///     mark: Mark::default(),
///     asks: vec!["send:* by @oncall need 1".into()],
///     chain_keys: vec![],
///     agents: vec!["planner".into()],
///     at: 1_000,
///     until: 4_600,
/// };
/// assert_eq!(request.actions.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingRequest {
    /// The first session of the line it belongs to.
    #[serde(with = "text")]
    pub session: BlockId,
    /// The last block before the seal.
    #[serde(with = "text")]
    pub last: BlockId,
    /// The digest of the request: SHA-256 over its audience, call, arguments and said facts.
    #[serde(with = "text::digest")]
    pub digest: [u8; 32],
    /// The server.
    pub audience: String,
    /// The message without its arguments, part by part.
    pub call: Vec<String>,
    /// The arguments as a JSON object.
    pub arguments: String,
    /// What the holder said, as a JSON object.
    pub said: String,
    /// The actions derived for it.
    pub actions: Vec<String>,
    /// Its level and labels.
    #[serde(with = "text::mark")]
    pub mark: Mark,
    /// The asks that it does not satisfy, in their text form.
    pub asks: Vec<String>,
    /// The root key and every `cnf` key of the chain: none of them may approve.
    #[serde(with = "text::list")]
    pub chain_keys: Vec<PublicKey>,
    /// The names along the chain.
    pub agents: Vec<String>,
    /// When it was first asked.
    pub at: u64,
    /// First second at which it no longer waits.
    pub until: u64,
}

/// A statement that waits for its request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deposited {
    /// The statement in its text form.
    pub(crate) text: String,
    pub(crate) exp: u64,
}

impl PendingRequest {
    fn key(&self) -> Key {
        pending_key(self.session, &self.digest, self.last)
    }
}

/// Lets a request wait, for an hour or until `until`, whichever is sooner. One that waits already goes on waiting no longer
/// than that, as it is made now.
///
/// # Errors
/// `state-pending-full` where 64 requests of the session wait; `parse-limit` for one that is too large to be kept.
pub(crate) fn wait(request: &PendingRequest, now: u64, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    let key = request.key();
    if let Some(waits) = overlay.load::<PendingRequest>(&key)?.filter(|waits| now < waits.until) {
        // Approvers answer what is asked now: its mark may be another one, and an approval that came with it then may have
        // ended since.
        // spec: S61
        let request = PendingRequest { at: waits.at, until: waits.until, ..request.clone() };
        return if request == waits { Ok(()) } else { keep(key, &request, overlay) };
    }
    let mut waiting = 0_usize;
    for (key, value) in overlay.scan_prefix(Table::Pending, request.session.as_bytes())? {
        let key = (Table::Pending, key);
        if decode::<PendingRequest>(&key, &value)?.until <= now {
            overlay.put(key, None);
        } else {
            waiting = waiting.saturating_add(1);
        }
    }
    // spec: S62
    if waiting >= PENDING {
        return Err(Refusal::new(Code::StatePendingFull, "ask", waiting, PENDING).into());
    }
    // spec: S62
    let until = request.until.min(now.saturating_add(PENDING_SECONDS));
    let request = PendingRequest { at: now, until, ..request.clone() };
    keep(key, &request, overlay)
}

fn keep(key: Key, request: &PendingRequest, overlay: &mut Overlay<'_>) -> Result<(), Fault> {
    let size = serde_json::to_vec(request).map_or(usize::MAX, |bytes| bytes.len());
    if size > VALUE_BYTES {
        let found = format_args!("{size} bytes of a request that waits");
        return Err(Refusal::new(Code::ParseLimit, "arguments", found, VALUE_BYTES).into());
    }
    overlay.store(key, request)
}

/// Requests that wait at `now`, in no particular order, at most `limit` of them.
pub(crate) fn pending(now: u64, limit: usize, overlay: &mut Overlay<'_>) -> Result<Vec<PendingRequest>, Fault> {
    let mut found = Vec::new();
    each_row(overlay, |key, value| {
        let request: PendingRequest = decode(key, value)?;
        if now < request.until {
            found.push(request);
        }
        Ok(found.len() < limit)
    })?;
    Ok(found)
}

/// The requests with this digest that wait at `now`: the same request may have been made behind several chains. Every
/// request that waits is passed over, so this is for views; a transaction asks whether one [`still_waits`].
pub(crate) fn waiting_for(
    digest: &[u8; 32],
    now: u64,
    overlay: &mut Overlay<'_>,
) -> Result<Vec<PendingRequest>, Fault> {
    let mut found = Vec::new();
    each_row(overlay, |key, value| {
        // Between the session and the last block.
        if key.1.get(ID_BYTES..).is_some_and(|rest| rest.starts_with(digest)) {
            found.push(decode::<PendingRequest>(key, value)?);
        }
        Ok(true)
    })?;
    found.retain(|request| now < request.until);
    Ok(found)
}

/// A request that was found in a view, as it waits at `now`, if it does.
pub(crate) fn still_waits(
    found: &PendingRequest,
    now: u64,
    overlay: &mut Overlay<'_>,
) -> Result<Option<PendingRequest>, Fault> {
    Ok(overlay.load::<PendingRequest>(&found.key())?.filter(|request| now < request.until))
}

/// Until when the request of this row waits, where it does at `now`.
pub(crate) fn waits_until(key: &Key, now: u64, overlay: &mut Overlay<'_>) -> Result<Option<u64>, Fault> {
    let waits = overlay.load::<PendingRequest>(key)?;
    Ok(waits.map(|request| request.until).filter(|until| now < *until))
}

fn each_row(overlay: &mut Overlay<'_>, mut more: impl FnMut(&Key, &[u8]) -> Result<bool, Fault>) -> Result<(), Fault> {
    let mut from = Vec::new();
    loop {
        let page = overlay.scan(Table::Pending, &from, None, PENDING)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        from = last.iter().copied().chain([0]).collect();
        for (key, value) in page {
            if !more(&(Table::Pending, key), &value)? {
                return Ok(());
            }
        }
    }
}

/// Keeps a statement that was checked, for as long as it is valid; of one approver's, the one that ends last.
///
/// # Errors
/// `state-pending-full` where 64 are kept for the request.
pub(crate) fn deposit(
    last: BlockId,
    digest: &[u8; 32],
    approver: &PublicKey,
    statement: &Deposited,
    now: u64,
    overlay: &mut Overlay<'_>,
) -> Result<(), Fault> {
    let prefix = approval_prefix(last, digest);
    let mut kept = 0_usize;
    for (key, value) in overlay.scan_prefix(Table::Approval, &prefix)? {
        let key = (Table::Approval, key);
        if decode::<Deposited>(&key, &value)?.exp <= now {
            overlay.put(key, None);
        } else {
            kept = kept.saturating_add(1);
        }
    }
    // One for each approver, so that none can fill the room of the others.
    let key = (Table::Approval, [prefix.as_slice(), approver.as_bytes()].concat());
    match overlay.load::<Deposited>(&key)? {
        Some(before) if before.exp > statement.exp => Ok(()),
        None if kept >= STATEMENTS => Err(Refusal::new(Code::StatePendingFull, "ask", kept, STATEMENTS).into()),
        _ => overlay.store(key, statement),
    }
}

/// The statements that are kept for this chain and request and are valid at `now`, in their text form.
pub(crate) fn approvals_for(
    last: BlockId,
    digest: &[u8; 32],
    now: u64,
    overlay: &mut Overlay<'_>,
) -> Result<Vec<String>, Fault> {
    let mut texts = Vec::new();
    for (key, value) in overlay.scan_prefix(Table::Approval, &approval_prefix(last, digest))? {
        let statement: Deposited = decode(&(Table::Approval, key), &value)?;
        if now < statement.exp {
            texts.push(statement.text);
        }
    }
    Ok(texts)
}

/// The request was admitted: it waits no longer, and what was deposited for it is gone, used or not.
pub(crate) fn answered(
    session: BlockId,
    digest: &[u8; 32],
    last: BlockId,
    overlay: &mut Overlay<'_>,
) -> Result<(), Fault> {
    let key = pending_key(session, digest, last);
    // spec: S63
    if overlay.bytes(&key)?.is_some() {
        overlay.put(key, None);
    }
    // spec: S65
    for (key, _) in overlay.scan_prefix(Table::Approval, &approval_prefix(last, digest))? {
        overlay.put((Table::Approval, key), None);
    }
    Ok(())
}
