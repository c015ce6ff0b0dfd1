//! The service on a socket: accepting, watching what may change, and ending.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use wane::{Code, Refusal};

use super::{DECIDING, Service, endpoints, envoy, reply};
use crate::connections::{CONNECTIONS, Connections, PATIENCE, Patient, Place, Room, UNREAD};
use crate::listen::{Listen, Listener};
use crate::watched::{Look, Watched, Watching};

/// How often the ledger and connections are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How long requests that are on their way may hold up the end.
const GRACE: Duration = Duration::from_secs(5);

/// How long nothing is accepted where the operating system has no descriptor left.
const SHORT_OF_DESCRIPTORS: Duration = Duration::from_millis(50);

/// The largest head of a request: a token of the largest size, and room for other headers.
const HEAD_BYTES: usize = 64 * 1024;

impl Service {
    pub(super) fn run(
        &self,
        listener: Listener,
        watched: Vec<Watched>,
        until: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("wane-serve")
            .max_blocking_threads(DECIDING)
            .enable_all()
            .build()?;
        let (stop, stopped) = watch::channel(());
        let watching = self.watch(watched)?;
        let ledger = self.clone();
        let (ledger_ended, ledger_endings) = channel();
        // It may be stuck in the ledger when the service ends.
        thread::Builder::new().name("wane-ledger".into()).spawn(move || ledger.look(&ledger_endings))?;
        thread::Builder::new().name("wane-until".into()).spawn(move || {
            until();
            drop(stop);
        })?;
        runtime.block_on(self.accept(listener, stopped))?;
        drop((watching, ledger_ended));
        runtime.shutdown_timeout(GRACE);
        Ok(())
    }

    async fn accept(&self, listener: Listener, mut stopped: watch::Receiver<()>) -> io::Result<()> {
        let (connections, router) = (Arc::new(Connections::default()), endpoints::router(self.clone()));
        // On loopback a web page may reach it under any name.
        let hosts = match listener.address() {
            Listen::Address(_) if listener.address().is_local() => Hosts::Loopback,
            Listen::Address(_) | Listen::Socket(_) => Hosts::Any,
        };
        let mut running = JoinSet::new();
        let socket = listener.accepting()?;
        let encrypted = listener.tls();
        let mut looks = interval(LOOK);
        loop {
            let accepted = tokio::select! {
                _ = looks.tick() => {
                    connections.end_overdue(&PATIENCE);
                    continue;
                }
                accepted = socket.accept() => accepted,
                _ = stopped.changed() => break,
                Some(_) = running.join_next(), if !running.is_empty() => continue,
            };
            let stream = match accepted {
                Ok(stream) => stream,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) => {
                    tracing::warn!(error = %error.kind(), "no connection can be accepted");
                    sleep(SHORT_OF_DESCRIPTORS).await;
                    continue;
                }
            };
            match connections.make_room(CONNECTIONS) {
                Room::Free => {}
                Room::Made => {
                    self.0.metrics.evicted.inc();
                }
                Room::None => continue,
            }
            let place = Arc::new(connections.enter());
            let (service, router, stopped) = (self.clone(), router.clone(), stopped.clone());
            let stream = Patient::new(stream, Arc::clone(&place), UNREAD);
            let encrypted = encrypted.clone();
            running.spawn(async move {
                service.0.metrics.connections.inc();
                match encrypted {
                    None => connection(stream, router, place, hosts, stopped).await,
                    Some(tls) => {
                        if let Some(stream) = shake_hands(tls, stream, &place, stopped.clone()).await {
                            connection(stream, router, place, hosts, stopped).await;
                        }
                    }
                }
                service.0.metrics.connections.dec();
            });
        }
        // spec: H19
        self.0.health.ends();
        tracing::info!("ending");
        // From here on nobody new is heard; the socket's file goes with it.
        drop((socket, listener));
        let all = async { while running.join_next().await.is_some() {} };
        if timeout(GRACE, all).await.is_err() {
            tracing::warn!(connections = running.len(), "connections were cut off");
            running.shutdown().await;
        }
        Ok(())
    }

    /// Looks at the files for as long as what is returned is kept.
    fn watch(&self, watched: Vec<Watched>) -> io::Result<Watching> {
        for file in &watched {
            self.0.health.file(file);
            self.0.metrics.file(file.what(), true);
        }
        let service = self.clone();
        Watching::start(watched, move |file, look| {
            let (what, name) = (file.what(), file.name());
            service.0.health.file(file);
            match look {
                Look::Same => return,
                Look::Begun => {}
                Look::InForce => {
                    service.0.metrics.reloaded(what);
                    tracing::info!(what, file = name, "read again");
                }
                Look::Unusable(refusal) => {
                    let code = refusal.code().as_str();
                    tracing::error!(what, file = name, code, why = %refusal, "what was in force stays");
                }
            }
            service.0.metrics.file(what, file.wrong().is_none());
        })
    }

    /// Looks at the ledger once a second.
    fn look(&self, ended: &Receiver<()>) {
        let mut before = None;
        loop {
            let started = Instant::now();
            let wrong = self.guard().and_then(|guard| guard.look()).err().map(|refusal| refusal.code());
            self.0.health.ledger(wrong);
            self.0.metrics.ledger(wrong.is_none(), started.elapsed());
            if before != Some(wrong) {
                match wrong {
                    Some(code) => tracing::error!(code = code.as_str(), "the ledger cannot be used"),
                    None => tracing::info!("the ledger answers"),
                }
                before = Some(wrong);
            }
            if !matches!(ended.recv_timeout(LOOK), Err(RecvTimeoutError::Timeout)) {
                return;
            }
        }
    }
}

/// Which names of the service are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hosts {
    /// Names of loopback: under any other, a web page may stand behind the request.
    Loopback,
    /// Any.
    Any,
}

/// Whether the next one may be accepted at once.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput)
}

/// Begins TLS, in the time that a head has. Whoever cannot is no client.
// spec: H27
async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    tls: TlsAcceptor,
    stream: S,
    place: &Place,
    mut stopped: watch::Receiver<()>,
) -> Option<TlsStream<S>> {
    tokio::select! {
        shaken = tls.accept(stream) => shaken.ok(),
        () = place.must_close() => None,
        _ = stopped.changed() => None,
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    router: Router,
    place: Arc<Place>,
    hosts: Hosts,
    mut stopped: watch::Receiver<()>,
) {
    let router = TowerToHyperService::new(router);
    let answering = Arc::clone(&place);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (router, place) = (router.clone(), Arc::clone(&answering));
        async move {
            if let Err(refusal) = comes_from_here(&request, hosts) {
                return Ok::<Response, Infallible>(reply::refused_as(StatusCode::FORBIDDEN, &refusal.into()));
            }
            request.extensions_mut().insert(Arc::clone(&place));
            let answered = router.call(request).await;
            place.rests();
            answered
        }
    });
    let connection = http1::Builder::new()
        // Whoever takes too long is ended by whoever looks at all of them.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut graceful = false;
    loop {
        tokio::select! {
            // A client that breaks off is its own affair.
            _ = connection.as_mut() => return,
            () = place.must_close() => return,
            _ = stopped.changed(), if !graceful => {
                graceful = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Refuses what a web page could have sent: whatever has an origin, and on loopback whatever calls the service by another name than
/// one of loopback. Envoy passes on the name that its client called, which is no browser's of this machine.
// spec: H15
fn comes_from_here<B>(request: &Request<B>, hosts: Hosts) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(Refusal::new(Code::DenyMethod, "headers", why, ""));
    if request.headers().contains_key(header::ORIGIN) {
        return refuse("of a request with `Origin`");
    }
    match hosts {
        Hosts::Loopback if !envoy::is_asked(request.uri().path()) && !is_loopback(request.uri(), request.headers()) => {
            refuse("of a request whose `Host` is not loopback")
        }
        Hosts::Loopback | Hosts::Any => Ok(()),
    }
}

fn is_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let named = host.to_str().ok().and_then(|host| host.parse().ok());
    // The name in the request's line, where there is one, counts for some servers, and that in `Host` for others.
    named.iter().chain(uri.authority()).all(is_name_of_loopback) && named.is_some()
}

fn is_name_of_loopback(authority: &axum::http::uri::Authority) -> bool {
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address = bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    // Nothing but a name and a port.
    let port = authority.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
    authority.as_str().strip_prefix(host) == Some(&*port) && (address || host.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_page_is_not_heard() {
        let asks = |hosts, target: &str, headers: &[(&str, &str)]| {
            let mut request = Request::builder().uri(target);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            comes_from_here(&request.body(()).unwrap(), hosts).is_ok()
        };
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]",
            "[::1]:80",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(asks(Hosts::Loopback, "/v1/check", &[("host", host)]), "{host}");
        }
        let others = [
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "[::2]",
            "10.0.0.1",
            "",
            "x@localhost",
            "0.0.0.0",
            "localhost:x",
            "a b",
        ];
        for host in others {
            assert!(!asks(Hosts::Loopback, "/v1/check", &[("host", host)]), "{host}");
            assert!(asks(Hosts::Any, "/v1/check", &[("host", host)]), "{host}");
        }
        assert!(!asks(Hosts::Loopback, "/v1/check", &[]));
        assert!(!asks(Hosts::Loopback, "/v1/check", &[("host", "localhost"), ("host", "example.com")]));
        assert!(!asks(Hosts::Loopback, "http://example.com/v1/check", &[("host", "localhost")]));
        assert!(asks(Hosts::Loopback, "/envoy/api/x", &[("host", "api.example.com")]));
        for hosts in [Hosts::Loopback, Hosts::Any] {
            for target in ["/v1/check", "/envoy/api/x", "/healthz"] {
                assert!(!asks(hosts, target, &[("host", "localhost"), ("origin", "null")]), "{target}");
            }
        }
    }
}
