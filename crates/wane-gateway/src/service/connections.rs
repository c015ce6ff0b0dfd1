//! Connections: how many there are, how long each may take, and which gives way where there are too many.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep};

/// Connections at one time: fewer than the descriptors that a process commonly may have.
pub(super) const CONNECTIONS: usize = 512;

/// How long a client may take for a whole request, on a new connection the time before it included.
pub(super) const HEARING: Duration = Duration::from_secs(30);

/// How long it may keep a connection between two requests.
pub(super) const IDLE: Duration = Duration::from_secs(600);

/// How long it may take for a body.
pub(super) const BODY: Duration = Duration::from_secs(10);

/// How long it may leave an answer unread.
pub(super) const UNREAD: Duration = Duration::from_secs(10);

/// The connections that are open.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    open: BTreeMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    doing: Doing,
    close: Arc<Notify>,
}

/// Who is waited for.
#[derive(Clone, Copy, Debug)]
enum Doing {
    /// The client: a request began then, or should have begun, and is not whole.
    Hearing(Instant),
    /// Nobody: the last answer was given then.
    Idle(Instant),
    /// The service: a request is being answered.
    Answering,
}

impl Doing {
    /// Since when nothing came of it.
    const fn since(self) -> Option<Instant> {
        match self {
            Self::Hearing(since) | Self::Idle(since) => Some(since),
            Self::Answering => None,
        }
    }

    fn is_overdue(self, hearing: Duration, idle: Duration) -> bool {
        match self {
            Self::Hearing(since) => since.elapsed() >= hearing,
            Self::Idle(since) => since.elapsed() >= idle,
            Self::Answering => false,
        }
    }
}

/// One place among the connections; it is free again once this is gone.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    number: u64,
    close: Arc<Notify>,
}

/// Whether somebody has to give way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room {
    Free,
    /// One that was listened to in vain was told to close.
    Made,
    /// All are being answered.
    None,
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place.
    pub(super) fn enter(self: &Arc<Self>) -> Place {
        let close = Arc::new(Notify::new());
        let mut open = self.open();
        let number = open.next;
        open.next = number.wrapping_add(1);
        let connection = Connection { doing: Doing::Hearing(Instant::now()), close: Arc::clone(&close) };
        open.open.insert(number, connection);
        Place { connections: Arc::clone(self), number, close }
    }

    /// Ends those that take longer. Looked for now and then, so that no request needs a timer.
    // spec: H11
    pub(super) fn end_overdue(&self, hearing: Duration, idle: Duration) {
        self.open().open.retain(|_, one| {
            let ends = one.doing.is_overdue(hearing, idle);
            if ends {
                one.close.notify_one();
            }
            !ends
        });
    }

    /// Makes room for one more, at the cost of whoever has kept the service waiting the longest.
    // spec: H10
    pub(super) fn make_room(&self, most: usize) -> Room {
        let mut open = self.open();
        if open.open.len() < most {
            return Room::Free;
        }
        let slowest = open.open.iter().filter_map(|(number, one)| Some((one.doing.since()?, *number))).min();
        match slowest.and_then(|(_, number)| open.open.remove(&number)) {
            Some(connection) => {
                connection.close.notify_one();
                Room::Made
            }
            None => Room::None,
        }
    }
}

impl Place {
    /// Something of a request came.
    fn hears(&self) {
        if let Some(connection) = self.connections.open().open.get_mut(&self.number)
            && let Doing::Idle(_) = connection.doing
        {
            connection.doing = Doing::Hearing(Instant::now());
        }
    }

    /// An answer was given.
    pub(super) fn rests(&self) {
        self.does(Doing::Idle(Instant::now()));
    }

    /// A whole request was read.
    pub(super) fn answers(&self) {
        self.does(Doing::Answering);
    }

    fn does(&self, doing: Doing) {
        if let Some(connection) = self.connections.open().open.get_mut(&self.number) {
            connection.doing = doing;
        }
    }

    /// Ends when it has to give way.
    pub(super) async fn must_close(&self) {
        self.close.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().open.remove(&self.number);
    }
}

/// A stream whose reader may not keep the writer waiting for ever.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    place: Arc<Place>,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) const fn new(stream: S, place: Arc<Place>, patience: Duration) -> Self {
        Self { stream, place, patience, waiting: None }
    }

    /// Lets a write that is stuck fail in the end.
    // spec: H11
    fn bounded<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(self.patience)));
        match waiting.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        if into.filled().len() > before {
            self.place.hears();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.bounded(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.bounded(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.bounded(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.bounded(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_longest_gives_way() {
        let connections = Arc::new(Connections::default());
        let (first, second) = (connections.enter(), connections.enter());
        assert_eq!(connections.make_room(3), Room::Free);
        first.answers();
        assert_eq!(connections.make_room(2), Room::Made);
        // It was the second: the first is being answered.
        second.must_close().await;
        let third = connections.enter();
        third.answers();
        assert_eq!(connections.make_room(2), Room::None);
        first.rests();
        assert_eq!(connections.make_room(2), Room::Made);
        first.must_close().await;
        drop((first, second));
        assert_eq!(connections.make_room(2), Room::Free);
        drop(third);
        assert!(connections.open().open.is_empty());
    }

    #[tokio::test]
    async fn whoever_takes_too_long_is_ended() {
        let connections = Arc::new(Connections::default());
        let (new, resting, asking) = (connections.enter(), connections.enter(), connections.enter());
        let (long, none) = (Duration::from_secs(60), Duration::ZERO);
        resting.rests();
        asking.rests();
        asking.hears();
        asking.answers();
        connections.end_overdue(long, long);
        assert_eq!(connections.open().open.len(), 3);
        connections.end_overdue(none, long);
        new.must_close().await;
        assert_eq!(connections.open().open.len(), 2);
        connections.end_overdue(none, none);
        resting.must_close().await;
        asking.hears();
        connections.end_overdue(none, none);
        assert_eq!(connections.open().open.len(), 1, "it is being answered");
        asking.rests();
        asking.hears();
        connections.end_overdue(none, long);
        asking.must_close().await;
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut reader, writer) = tokio::io::duplex(16);
        let mut writer =
            Patient::new(writer, Arc::new(Arc::new(Connections::default()).enter()), Duration::from_millis(50));
        writer.write_all(&[1; 16]).await.unwrap();
        assert_eq!(writer.write_all(&[1]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        reader.read_exact(&mut [0; 16]).await.unwrap();
        writer.write_all(&[2; 16]).await.unwrap();
    }
}
