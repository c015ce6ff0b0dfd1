//! Connections of a gateway and of the service: how many there are, how long each may take, and which gives way where there are too
//! many.

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

use crate::credential::Who;

/// Connections at one time: fewer than the descriptors that a process commonly may have.
pub(crate) const CONNECTIONS: usize = 512;

/// How long a client may leave an answer unread.
pub(crate) const UNREAD: Duration = Duration::from_secs(10);

/// The connections that are open.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<Open>,
    /// One may be accepted that could not before.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    open: BTreeMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    doing: Doing,
    signals: Arc<Signals>,
}

/// What a connection is told.
#[derive(Debug, Default)]
struct Signals {
    /// It must end.
    close: Notify,
    /// What it reads comes too late.
    late: Notify,
}

/// Who is waited for.
#[derive(Clone, Copy, Debug)]
enum Doing {
    /// The client: a request began then, or should have begun, and is not whole.
    Hearing(Instant),
    /// The client: the head of a request came then, and its body is not whole.
    Reading { begun: Instant, since: Instant },
    /// Whatever a server says: the client has listened since then.
    Listening(Instant, Who),
    /// The client: the service has nothing to add to an answer, and much of that was last read then.
    Writing(Instant),
    /// Nobody: the last answer was given then.
    Idle(Instant),
    /// The service: a request is being answered.
    Answering,
}

/// Who gives way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    KeepsWaiting,
    Listens(Who),
    /// It loses an answer.
    Reads,
}

impl Doing {
    /// Since when nothing came of it.
    const fn since(self) -> Option<(Rank, Instant)> {
        match self {
            Self::Hearing(since) | Self::Reading { since, .. } | Self::Idle(since) => Some((Rank::KeepsWaiting, since)),
            Self::Listening(since, who) => Some((Rank::Listens(who), since)),
            Self::Writing(since) => Some((Rank::Reads, since)),
            Self::Answering => None,
        }
    }

    /// What has to happen where it took longer than these.
    fn due(self, patience: &Patience) -> Due {
        match self {
            Self::Hearing(since) if since.elapsed() >= patience.head => Due::End,
            Self::Idle(since) if since.elapsed() >= patience.idle => Due::End,
            // A body has its own time, and none beyond that of the whole request.
            Self::Reading { begun, since } if since.elapsed() >= patience.body || begun.elapsed() >= patience.head => {
                Due::Refuse
            }
            Self::Hearing(_)
            | Self::Reading { .. }
            | Self::Idle(_)
            | Self::Listening(..)
            | Self::Writing(_)
            | Self::Answering => Due::Nothing,
        }
    }
}

/// What has to happen with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Nothing,
    /// Its request is answered as it is.
    Refuse,
    /// It is closed.
    End,
}

/// How long clients may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For a whole request, on a new connection the time before it included.
    head: Duration,
    /// For the body.
    body: Duration,
    /// Between two requests.
    idle: Duration,
}

/// The one that is in force.
pub(crate) const PATIENCE: Patience =
    Patience { head: Duration::from_secs(30), body: Duration::from_secs(10), idle: Duration::from_secs(600) };

/// One place among the connections; it is free again once this is gone.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    number: u64,
    signals: Arc<Signals>,
}

/// Whether somebody has to give way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Free,
    /// One that was listened to in vain was told to close.
    Made,
    /// All are being answered.
    None,
}

impl Connections {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place.
    pub(crate) fn enter(self: &Arc<Self>) -> Place {
        let signals = Arc::<Signals>::default();
        let mut open = self.open();
        let number = open.next;
        open.next = number.wrapping_add(1);
        let connection = Connection { doing: Doing::Hearing(Instant::now()), signals: Arc::clone(&signals) };
        open.open.insert(number, connection);
        Place { connections: Arc::clone(self), number, signals }
    }

    /// Ends those that take longer. Looked for now and then, so that no request needs a timer.
    // spec: H11
    pub(crate) fn end_overdue(&self, patience: &Patience) {
        self.open().open.retain(|_, one| match one.doing.due(patience) {
            Due::Nothing => true,
            Due::Refuse => {
                one.signals.late.notify_waiters();
                true
            }
            Due::End => {
                one.signals.close.notify_one();
                false
            }
        });
    }

    /// Makes room for one more, at the cost of whoever has kept the service waiting the longest.
    // spec: H10
    pub(crate) fn make_room(&self, most: usize) -> Room {
        let mut open = self.open();
        if open.open.len() < most {
            return Room::Free;
        }
        let slowest = open.open.iter().filter_map(|(number, one)| Some((one.doing.since()?, *number))).min();
        match slowest.and_then(|(_, number)| open.open.remove(&number)) {
            Some(connection) => {
                connection.signals.close.notify_one();
                Room::Made
            }
            None => Room::None,
        }
    }
}

impl Connections {
    /// The same, and where nobody can give way it waits until somebody can.
    // spec: G58
    pub(crate) async fn room(&self, most: usize) {
        while self.make_room(most) == Room::None {
            self.freed.notified().await;
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
    pub(crate) fn rests(&self) {
        self.does(Doing::Idle(Instant::now()));
    }

    /// An answer is whole, and its client has not read all of it.
    pub(crate) fn writes(&self) {
        self.does(Doing::Writing(Instant::now()));
    }

    /// The client has read everything.
    fn has_read(&self) {
        if let Some(connection) = self.connections.open().open.get_mut(&self.number)
            && let Doing::Writing(_) = connection.doing
        {
            connection.doing = Doing::Idle(Instant::now());
            self.connections.freed.notify_one();
        }
    }

    /// A whole request was read.
    pub(crate) fn answers(&self) {
        self.does(Doing::Answering);
    }

    /// A client listens to whatever a server says.
    pub(crate) fn listens(&self, who: Who) {
        self.does(Doing::Listening(Instant::now(), who));
    }

    /// The head of a request came, and its body is still to come.
    pub(crate) fn receives(&self) {
        let now = Instant::now();
        let begun = |doing| match doing {
            Doing::Hearing(begun) => begun,
            Doing::Reading { .. } | Doing::Listening(..) | Doing::Writing(_) | Doing::Idle(_) | Doing::Answering => now,
        };
        if let Some(connection) = self.connections.open().open.get_mut(&self.number) {
            connection.doing = Doing::Reading { begun: begun(connection.doing), since: now };
        }
        self.connections.freed.notify_one();
    }

    /// Much of a body came, or of an answer was read: its client keeps nobody waiting.
    pub(crate) fn goes_on(&self) {
        if let Some(connection) = self.connections.open().open.get_mut(&self.number)
            && let Doing::Reading { since, .. } | Doing::Writing(since) = &mut connection.doing
        {
            *since = Instant::now();
        }
    }

    fn does(&self, doing: Doing) {
        if let Some(connection) = self.connections.open().open.get_mut(&self.number) {
            connection.doing = doing;
        }
        self.connections.freed.notify_one();
    }

    /// Ends when it has to give way.
    pub(crate) async fn must_close(&self) {
        self.signals.close.notified().await;
    }

    /// The head of a request came; ends when its body comes too late.
    pub(crate) async fn reads(&self) {
        self.receives();
        self.signals.late.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().open.remove(&self.number);
        self.connections.freed.notify_one();
    }
}

/// A stream whose reader may not keep the writer waiting for ever.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    stream: S,
    place: Arc<Place>,
    patience: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    /// Bytes that were written since the place was last told.
    written: usize,
}

/// So many bytes of an answer are much of it.
const MUCH: usize = 64 * 1024;

impl<S> Patient<S> {
    pub(crate) const fn new(stream: S, place: Arc<Place>, patience: Duration) -> Self {
        Self { stream, place, patience, waiting: None, written: 0 }
    }

    /// Who reads much keeps nobody waiting.
    fn counted(&mut self, written: &Poll<io::Result<usize>>) {
        let Poll::Ready(Ok(bytes)) = written else { return };
        self.written = self.written.saturating_add(*bytes);
        if self.written >= MUCH {
            self.written = 0;
            self.place.goes_on();
        }
    }

    /// Lets a write that is stuck fail in the end.
    // spec: H11 G39
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
        self.counted(&written);
        self.bounded(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.counted(&written);
        self.bounded(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.place.has_read();
        }
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
    async fn who_listens_gives_way_behind_those_who_keep_others_waiting() {
        let connections = Arc::new(Connections::default());
        let [known, stranger, goes_on, idle, answered] = [(); 5].map(|()| connections.enter());
        goes_on.receives();
        known.listens(Who::Known);
        stranger.listens(Who::Stranger);
        idle.rests();
        // It has begun before the other rests, and some more of it came since.
        goes_on.goes_on();
        answered.answers();
        for (most, gives_way) in [(5, &idle), (4, &goes_on), (3, &stranger), (2, &known)] {
            assert_eq!(connections.make_room(most), Room::Made);
            gives_way.must_close().await;
        }
        assert_eq!(connections.make_room(1), Room::None);
        // Whoever comes then is let in once one is answered.
        let mut room = std::pin::pin!(connections.room(1));
        assert!(at_once(room.as_mut()).is_none());
        answered.rests();
        room.await;
        answered.must_close().await;
    }

    #[tokio::test]
    async fn who_reads_an_answer_gives_way_last_and_is_idle_only_then() {
        use tokio::io::AsyncWriteExt as _;
        let connections = Arc::new(Connections::default());
        let (reads, slow, idle) = (Arc::new(connections.enter()), connections.enter(), connections.enter());
        let mut stream = Patient::new(tokio::io::sink(), Arc::clone(&reads), Duration::from_secs(60));
        reads.writes();
        slow.writes();
        idle.rests();
        // It has begun before the other, and has read much since.
        stream.write_all(&[0; MUCH]).await.unwrap();
        for (most, gives_way) in [(3, &idle), (2, &slow)] {
            assert_eq!(connections.make_room(most), Room::Made);
            gives_way.must_close().await;
        }
        let next = connections.enter();
        next.rests();
        stream.flush().await.unwrap();
        next.writes();
        assert_eq!(connections.make_room(2), Room::Made);
        reads.must_close().await;
    }

    #[tokio::test]
    async fn a_body_has_no_more_time_than_the_whole_request() {
        let connections = Arc::new(Connections::default());
        let place = connections.enter();
        let long = Duration::from_secs(60);
        if let Some(one) = connections.open().open.get_mut(&place.number)
            && let Some(begun) = Instant::now().checked_sub(Duration::from_secs(5))
        {
            one.doing = Doing::Hearing(begun);
        }
        place.receives();
        let doing = connections.open().open.get(&place.number).map(|one| one.doing).unwrap();
        let due = |head| doing.due(&Patience { head, body: long, idle: long });
        assert_eq!((due(Duration::from_secs(4)), due(long)), (Due::Refuse, Due::Nothing));
    }

    #[tokio::test]
    async fn whoever_takes_too_long_is_ended() {
        let connections = Arc::new(Connections::default());
        let (new, resting, asking) = (connections.enter(), connections.enter(), connections.enter());
        let (long, none) = (Duration::from_secs(60), Duration::ZERO);
        let left = |head, body, idle| {
            connections.end_overdue(&Patience { head, body, idle });
            connections.open().open.len()
        };
        resting.rests();
        asking.rests();
        asking.hears();
        asking.answers();
        assert_eq!(left(long, long, long), 3);
        assert_eq!(left(none, none, long), 2);
        new.must_close().await;
        assert_eq!(left(none, none, none), 1, "the other is being answered");
        resting.must_close().await;
        // A body that comes too late is told so, and the answer still goes out.
        let mut late = std::pin::pin!(asking.reads());
        assert!(at_once(late.as_mut()).is_none());
        assert_eq!(left(none, none, none), 1);
        late.await;
        asking.rests();
        asking.hears();
        assert_eq!(left(none, long, long), 0);
        asking.must_close().await;
    }

    /// What a future gives at once.
    fn at_once<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
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
