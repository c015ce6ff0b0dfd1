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

/// How long a client may take for the head of a request, the time before it included.
pub(super) const HEAD: Duration = Duration::from_secs(30);

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
    /// The client has not sent a whole request since then.
    Listening(Instant),
    /// A request is being answered.
    Answering,
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
        let connection = Connection { doing: Doing::Listening(Instant::now()), close: Arc::clone(&close) };
        open.open.insert(number, connection);
        Place { connections: Arc::clone(self), number, close }
    }

    /// Makes room for one more, at the cost of whoever has kept the service waiting the longest.
    // spec: H10
    pub(super) fn make_room(&self, most: usize) -> Room {
        let mut open = self.open();
        if open.open.len() < most {
            return Room::Free;
        }
        let since = |connection: &Connection| match connection.doing {
            Doing::Listening(since) => Some(since),
            Doing::Answering => None,
        };
        let slowest = open.open.iter().filter_map(|(number, one)| Some((since(one)?, *number))).min();
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
    /// Its client is listened to, from now on.
    pub(super) fn listens(&self) {
        self.does(Doing::Listening(Instant::now()));
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
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) const fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, waiting: None }
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
        Pin::new(&mut self.stream).poll_read(cx, into)
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
        first.listens();
        assert_eq!(connections.make_room(2), Room::Made);
        first.must_close().await;
        drop((first, second));
        assert_eq!(connections.make_room(2), Room::Free);
        drop(third);
        assert!(connections.open().open.is_empty());
    }

    #[tokio::test]
    async fn an_answer_that_nobody_reads_is_given_up() {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut reader, writer) = tokio::io::duplex(16);
        let mut writer = Patient::new(writer, Duration::from_millis(50));
        writer.write_all(&[1; 16]).await.unwrap();
        assert_eq!(writer.write_all(&[1]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        reader.read_exact(&mut [0; 16]).await.unwrap();
        writer.write_all(&[2; 16]).await.unwrap();
    }
}
