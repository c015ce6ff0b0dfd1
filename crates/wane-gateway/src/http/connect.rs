//! The way to a server: over TCP, and over TLS where its URL says so. A way of the one kind never becomes one of the other.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Builder, Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_rustls::rustls::{self, CertificateError, InvalidMessage};
use tower::Service;

use super::names::Names;
use crate::tls::Authorities;

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a connection to a server is kept for the next request: shorter than servers keep theirs, so that none is used that they
/// are just closing.
const KEPT: Duration = Duration::from_secs(3);

/// Connections to one server.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Plain(Client<HttpConnector<Names>, Full<Bytes>>),
    Encrypted(Client<Encrypted, Full<Bytes>>),
}

impl Way {
    pub(super) fn plain() -> Self {
        Self::Plain(pool().build(tcp()))
    }

    pub(super) fn encrypted(authorities: &Authorities, handshake: Duration) -> Self {
        let mut tcp = tcp();
        // It is told by its URL which of the two it is.
        tcp.enforce_http(false);
        let mut connector = HttpsConnector::from((tcp, authorities.config()));
        connector.enforce_https();
        Self::Encrypted(pool().build(Encrypted { connector, handshake }))
    }

    pub(super) fn request(&self, request: hyper::Request<Full<Bytes>>) -> ResponseFuture {
        match self {
            Self::Plain(client) => client.request(request),
            Self::Encrypted(client) => client.request(request),
        }
    }
}

fn pool() -> Builder {
    let mut client = Client::builder(TokioExecutor::new());
    client.pool_idle_timeout(KEPT).pool_timer(TokioTimer::new());
    client
}

fn tcp() -> HttpConnector<Names> {
    let mut connector = HttpConnector::new_with_resolver(Names::of_the_system());
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    connector
}

/// A connector over TLS, of whose handshakes each comes to an end.
#[derive(Clone, Debug)]
pub(super) struct Encrypted {
    connector: HttpsConnector<HttpConnector<Names>>,
    handshake: Duration,
}

impl Service<Uri> for Encrypted {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connected, handshake) = (self.connector.call(uri), self.handshake);
        Box::pin(async move {
            let late = |_| io::Error::from(io::ErrorKind::TimedOut);
            tokio::time::timeout(handshake, connected).await.map_err(late)?
        })
    }
}

/// What TLS has against a server, where that is why it was not reached. It is in words of ours: those of the server go nowhere.
// spec: G45
pub(super) fn distrust(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(words(error));
        }
        // The source of such an error is that of the one within it.
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        source = match within {
            Some(within) => Some(within),
            None => error.source(),
        };
    }
    None
}

fn words(error: &rustls::Error) -> &'static str {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    match error {
        rustls::Error::InvalidCertificate(why) => match why {
            UnknownIssuer => "cannot be reached: its certificate is of no authority that is believed here",
            NotValidForName | NotValidForNameContext { .. } => "cannot be reached: its certificate is for another name",
            Expired | ExpiredContext { .. } => "cannot be reached: its certificate has expired",
            NotValidYet | NotValidYetContext { .. } => "cannot be reached: its certificate is not valid yet",
            _ => "cannot be reached: its certificate is not good for it",
        },
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => "cannot be reached: it speaks no tls",
        _ => "cannot be reached: it does not come to terms about tls",
    }
}
