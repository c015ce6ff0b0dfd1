//! Where the names of servers lead. The system is asked on threads that others need as well, so that each server has few of them.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::Semaphore;
use tower::Service;

/// Lookups of one server's name at once.
pub(super) const LOOKUPS: usize = 8;

/// How long a connection waits for one.
const PATIENCE: Duration = Duration::from_secs(10);

type Addresses = vec::IntoIter<SocketAddr>;

/// Asks the system for the addresses of one server. A place is taken until the system has answered, whether anybody still waits for that or
/// not: whoever answers slowly holds up its own server alone.
#[derive(Clone, Debug)]
pub(super) struct Names {
    ask: fn(&str) -> io::Result<Addresses>,
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Names {
    pub(super) fn of_the_system() -> Self {
        let ask = |name: &str| (name, 0).to_socket_addrs();
        Self { ask, places: Arc::new(Semaphore::new(LOOKUPS)), patience: PATIENCE }
    }
}

impl Service<Name> for Names {
    type Response = Addresses;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Addresses>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    // spec: G54
    fn call(&mut self, name: Name) -> Self::Future {
        let Self { ask, places, patience } = self.clone();
        let found = async move {
            let place = places.acquire_owned().await.map_err(io::Error::other)?;
            let looked = tokio::task::spawn_blocking(move || {
                let found = ask(name.as_str());
                drop(place);
                found
            });
            looked.await.map_err(io::Error::other)?
        };
        Box::pin(async move {
            tokio::time::timeout(patience, found).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::Instant;

    use super::*;

    static ASKED: AtomicUsize = AtomicUsize::new(0);
    static ANSWERS: AtomicBool = AtomicBool::new(false);

    fn slow(_: &str) -> io::Result<Addresses> {
        ASKED.fetch_add(1, Ordering::SeqCst);
        while !ANSWERS.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(Vec::new().into_iter())
    }

    #[test]
    fn a_server_whose_name_is_answered_slowly_holds_up_no_other() {
        // One thread more than it may take.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(LOOKUPS + 1)
            .enable_all()
            .build()
            .unwrap();
        let name = || "localhost".parse::<Name>().unwrap();
        let patience = Duration::from_millis(200);
        let mut one = Names { ask: slow, patience, ..Names::of_the_system() };
        let waiting: Vec<_> = (0..LOOKUPS * 3).map(|_| runtime.spawn(one.call(name()))).collect();
        for waits in waiting {
            let late = runtime.block_on(waits).unwrap().unwrap_err();
            assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        }
        // Those who asked have gone, and the system is still asked for them.
        let found = runtime.block_on(Names::of_the_system().call(name())).unwrap();
        assert!(found.count() > 0);
        assert_eq!(ASKED.load(Ordering::SeqCst), LOOKUPS);
        assert!(runtime.block_on(async { one.call(name()).await }).is_err());
        ANSWERS.store(true, Ordering::SeqCst);
        let since = Instant::now();
        while runtime.block_on(async { one.call(name()).await }).is_err() {
            assert!(since.elapsed() < Duration::from_secs(20), "its places are free again");
        }
    }
}
