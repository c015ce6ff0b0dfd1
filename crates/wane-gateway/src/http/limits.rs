//! What a slow, huge or half-open client may take from others.

use std::time::Duration;

/// How much of everything there is. The default is what `spec/gateway.md` states; tests have less patience.
///
/// ```
/// use wane_gateway::http::Limits;
/// assert_eq!(Limits::default().connections, 512);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once: each holds at most one exchange, so that this bounds everything else. More wait to be accepted.
    pub connections: usize,
    /// Bytes of a request's head. A sealed token of the largest size takes 22 KiB of them.
    pub head_bytes: usize,
    /// How long a head may take, and a connection may be idle before it.
    pub head_time: Duration,
    /// How long a body may take.
    pub body_time: Duration,
    /// Bodies beyond 64 KiB: there is memory for so many of the longest, and so many at once are looked at before each server.
    pub large_bodies: usize,
    /// How long a client may take nothing of what is written to it.
    pub unread: Duration,
    /// How long a server may take to accept a connection over TLS and to come to terms about it.
    pub handshake: Duration,
    /// How long a server may say nothing, before its answer and within it.
    pub silence: Duration,
    /// How often a client that waits on a stream is written to, so that it is noticed when it has gone.
    pub sign_of_life: Duration,
    /// Requests that are being decided at once before each server. More wait, and only behind those of the same server.
    pub deciding: usize,
    /// Sessions of the older era. Beyond them the one that has been idle for longest is forgotten.
    pub sessions: usize,
    /// Processes at once that are started for one server.
    pub children: usize,
    /// How long such a session may be idle.
    pub session_idle: Duration,
    /// How long exchanges may go on once the gateway is asked to end.
    pub end: Duration,
}

const CONNECTIONS: usize = 512;
const HEAD_BYTES: usize = 64 * 1024;
const HEAD_TIME: Duration = Duration::from_secs(15);
const BODY_TIME: Duration = Duration::from_secs(30);
const LARGE_BODIES: usize = 8;
const UNREAD: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(15 * 60);
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);
const DECIDING: usize = 64;
/// Requests that are compared with their heads at once before each server: that waits for processors alone.
pub(super) const AGREEING: usize = 8;
const SESSIONS: usize = 1_024;
const CHILDREN: usize = 32;
const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);
const END: Duration = Duration::from_secs(2);

/// A body up to here needs no place among the large ones.
pub(super) const SMALL_BODY: usize = 64 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            head_bytes: HEAD_BYTES,
            head_time: HEAD_TIME,
            body_time: BODY_TIME,
            large_bodies: LARGE_BODIES,
            unread: UNREAD,
            handshake: HANDSHAKE,
            silence: SILENCE,
            sign_of_life: SIGN_OF_LIFE,
            deciding: DECIDING,
            sessions: SESSIONS,
            children: CHILDREN,
            session_idle: SESSION_IDLE,
            end: END,
        }
    }
}
