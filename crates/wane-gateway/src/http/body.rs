//! Bodies, read whole: no longer, no slower and not more of them at once than there is room for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::limits::SMALL_BODY;
use crate::message::MESSAGE_BYTES;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than a message may be.
    Long,
    /// It does not come.
    Late,
    /// It broke off.
    Broken,
}

/// A body, and the place among the large ones that it takes.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Vec<u8>,
    _place: Option<OwnedSemaphorePermit>,
}

/// Reads what a client sends, all of it within so long.
// spec: G39
pub(super) async fn of_client(mut body: Incoming, within: Duration, large: &Arc<Semaphore>) -> Result<Read, Unread> {
    let until = Instant::now() + within;
    let stated = body.size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok());
    if body.size_hint().lower() > u64::try_from(MESSAGE_BYTES).unwrap_or(u64::MAX) {
        return Err(Unread::Long);
    }
    let mut place = None;
    let mut bytes = Vec::with_capacity(stated.unwrap_or(0).min(SMALL_BODY));
    while let Some(piece) = timeout_at(until, body.frame()).await.map_err(|_| Unread::Late)? {
        let Ok(piece) = piece.map_err(|_| Unread::Broken)?.into_data() else { continue };
        add(&mut bytes, &piece)?;
        if bytes.len() > SMALL_BODY && place.is_none() {
            let waits = timeout_at(until, Arc::clone(large).acquire_owned());
            place = Some(waits.await.map_err(|_| Unread::Late)?.map_err(|_| Unread::Broken)?);
        }
    }
    Ok(Read { bytes, _place: place })
}

/// Reads what a server answers, as long as it goes on.
pub(super) async fn of_server(mut body: Incoming, silence: Duration) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    while let Some(piece) = timeout(silence, body.frame()).await.map_err(|_| Unread::Late)? {
        if let Ok(piece) = piece.map_err(|_| Unread::Broken)?.into_data() {
            add(&mut bytes, &piece)?;
        }
    }
    Ok(bytes)
}

fn add(bytes: &mut Vec<u8>, piece: &Bytes) -> Result<(), Unread> {
    if bytes.len().saturating_add(piece.len()) > MESSAGE_BYTES {
        return Err(Unread::Long);
    }
    bytes.extend_from_slice(piece);
    Ok(())
}
