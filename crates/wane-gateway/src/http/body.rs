//! Bodies, read whole: no longer, no slower and not more of them at once than there is room for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::large::{Large, Share};
use super::limits::SMALL_BODY;
use crate::connections::Place;
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

/// A body, and what it takes of what large ones share.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Vec<u8>,
    large: Option<Share>,
}

impl Read {
    pub(super) const fn small(bytes: Vec<u8>) -> Self {
        Self { bytes, large: None }
    }

    /// A place among the large bodies that are looked at; a small one needs none.
    pub(super) async fn looked_at(&self, places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
        match self.large {
            // They are never closed.
            Some(_) => Arc::clone(places).acquire_owned().await.ok(),
            None => None,
        }
    }
}

/// Reads what a client sends, all of it within so long.
// spec: G39 G57
pub(super) async fn of_client(
    mut body: Incoming,
    place: &Place,
    within: Duration,
    large: &Large,
) -> Result<Read, Unread> {
    let until = Instant::now() + within;
    let stated = body.size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok());
    if body.size_hint().lower() > u64::try_from(MESSAGE_BYTES).unwrap_or(u64::MAX) {
        return Err(Unread::Long);
    }
    let (mut share, mut next_piece) = (None, SMALL_BODY);
    let mut bytes = Vec::with_capacity(stated.unwrap_or(0).min(SMALL_BODY));
    while let Some(piece) = next(&mut body, share.as_ref(), until).await? {
        add(&mut bytes, &piece)?;
        if bytes.len() > SMALL_BODY {
            let grown = share.get_or_insert_with(|| large.share()).grow(bytes.len());
            timeout_at(until, grown).await.map_err(|_| Unread::Late)?.map_err(|_| Unread::Late)?;
        }
        if bytes.len() > next_piece {
            next_piece = bytes.len().saturating_add(SMALL_BODY);
            place.goes_on();
        }
    }
    let Some(mut share) = share else { return Ok(Read::small(bytes)) };
    share.is_whole();
    Ok(Read { bytes, large: Some(share) })
}

/// The next piece; nothing where the body has ended.
async fn next(body: &mut Incoming, share: Option<&Share>, until: Instant) -> Result<Option<Bytes>, Unread> {
    let must_go = async {
        match share {
            Some(share) => share.must_go().await,
            None => std::future::pending().await,
        }
    };
    let frame = tokio::select! {
        biased;
        () = must_go => return Err(Unread::Late),
        frame = timeout_at(until, body.frame()) => frame.map_err(|_| Unread::Late)?,
    };
    match frame {
        None => Ok(None),
        Some(frame) => Ok(Some(frame.map_err(|_| Unread::Broken)?.into_data().unwrap_or_default())),
    }
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
