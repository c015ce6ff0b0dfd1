//! The thread that talks to the server.
//!
//! Statements are handed to it and their answers waited for, each for a stated time at most. So a server that is silent
//! cannot hold a caller for ever, and a caller may itself be inside an asynchronous runtime.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::store::Fault;

pub(super) struct Driver {
    handle: Handle,
    /// Dropped, it ends the thread.
    _stop: oneshot::Sender<()>,
}

impl Driver {
    pub(super) fn start() -> Result<Self, Fault> {
        let failed = |_| Fault::Unreachable("no thread for the connection can be started".to_owned());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let run = move || {
            let _ = runtime.block_on(stopped);
        };
        thread::Builder::new().name("wane-postgres".to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { handle, _stop: stop })
    }

    /// The answer, or nothing where it takes longer.
    pub(super) fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let task = self.handle.spawn(async move {
            let _ = sender.send(work.await);
        });
        let answer = receiver.recv_timeout(limit).ok();
        task.abort();
        answer
    }
}

/// Starts the first, then the second without waiting, and waits for both: two statements, one round trip.
pub(super) async fn both<A, B>(first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let mut first = pin!(first);
    let mut second = pin!(second);
    let (mut one, mut two) = (None, None);
    std::future::poll_fn(move |context| {
        poll_once(first.as_mut(), &mut one, context);
        poll_once(second.as_mut(), &mut two, context);
        match (one.take(), two.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            (a, b) => {
                (one, two) = (a, b);
                Poll::Pending
            }
        }
    })
    .await
}

fn poll_once<T>(
    future: Pin<&mut impl Future<Output = T>>,
    answer: &mut Option<T>,
    context: &mut std::task::Context<'_>,
) {
    if answer.is_none()
        && let Poll::Ready(value) = future.poll(context)
    {
        *answer = Some(value);
    }
}
