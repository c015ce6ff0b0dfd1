//! TLS: whom the gateway believes to be a server, and what it shows its clients.
//!
//! The cryptography is chosen here and nowhere else, and never for the whole process. Names are always compared, and there is no way
//! to leave that out.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio_rustls::rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, ServerConfig};
use wane::{Code, Refusal};
use webpki::{EndEntityCert, Error, KeyUsage};

/// What is spoken within.
const HTTP: &[u8] = b"http/1.1";

/// Why there is no TLS.
///
/// ```
/// use wane_gateway::tls::{Authorities, TlsError};
/// let error: TlsError = Authorities::only([b"none".as_slice()]).unwrap_err();
/// assert_eq!(error.to_string(), "the certificate cannot be used: no certificate stands in it as pem");
/// ```
#[derive(Debug)]
pub enum TlsError {
    /// This machine cannot compute it.
    Processor,
    /// Nobody is named whom this machine believes.
    NoAuthorities,
    /// A certificate or a key is not good for it.
    Unusable(Box<Refusal>),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processor => f.write_str(
                "this processor has not all instructions that tls needs here: aes, avx2, adx, bmi and pclmulqdq, on arm aes, sha2 and pmull",
            ),
            Self::NoAuthorities => f.write_str("this machine has no list of certificate authorities"),
            Self::Unusable(refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for TlsError {}

impl From<Refusal> for TlsError {
    fn from(refusal: Refusal) -> Self {
        Self::Unusable(Box::new(refusal))
    }
}

fn unusable(field: &'static str, why: &str) -> Refusal {
    Refusal::new(Code::ParseCertificate, field, why, "")
}

/// The cryptography. What computes it would end the process on a processor that it is not made for, so that is asked first.
#[cfg(any(target_arch = "aarch64", target_arch = "x86_64"))]
fn provider() -> Result<Arc<CryptoProvider>, TlsError> {
    match graviola::util::is_cpu_supported() {
        true => Ok(Arc::new(rustls_graviola::default_provider())),
        false => Err(TlsError::Processor),
    }
}

#[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
fn provider() -> Result<Arc<CryptoProvider>, TlsError> {
    Err(TlsError::Processor)
}

/// The certificates of a file in PEM, at least one. What is wrong with a line is not told: it may be one of a key.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unusable("certificate", "no certificate stands in it as pem")),
        Err(_) => Err(unusable("certificate", "it is no pem")),
    }
}

/// Whether a certificate says that it is an authority's, and is valid now. Whoever adds it to a list does not ask that, and a list would
/// let the key of a server speak for all others.
// spec: G53
fn of_an_authority(certificate: &CertificateDer<'_>) -> Result<(), Refusal> {
    let none = || unusable("certificate", "it is no certificate of an authority");
    let read = EndEntityCert::try_from(certificate).map_err(|_| none())?;
    // Looked at as a server's, it is refused for being an authority's; its dates are looked at before that.
    match read.verify_for_usage(&[], &[], &[], UnixTime::now(), KeyUsage::server_auth(), None, None) {
        Err(Error::CaUsedAsEndEntity) => Ok(()),
        Err(Error::CertExpired { .. }) => Err(unusable("certificate", "the certificate of the authority has expired")),
        Err(Error::CertNotValidYet { .. }) => {
            Err(unusable("certificate", "the certificate of the authority is not valid yet"))
        }
        Ok(_) | Err(_) => Err(none()),
    }
}

/// Who may say which server is which.
///
/// ```
/// use wane_gateway::tls::{Authorities, TlsError};
/// fn own(file: &[u8]) -> Result<Authorities, TlsError> {
///     Authorities::only([file])
/// }
/// assert!(own(b"-----BEGIN CERTIFICATE-----\n").is_err());
/// ```
#[derive(Clone)]
pub struct Authorities(Arc<ClientConfig>);

impl Authorities {
    /// Those that this machine believes, or that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    ///
    /// # Errors
    /// Where there are none, or this processor cannot do it.
    ///
    /// ```no_run
    /// let authorities = wane_gateway::tls::Authorities::of_this_machine()?;
    /// # Ok::<(), wane_gateway::tls::TlsError>(())
    /// ```
    pub fn of_this_machine() -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        // Lists of machines hold some that nobody can read. Without them fewer are believed, never more.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        match store.is_empty() {
            true => Err(TlsError::NoAuthorities),
            false => Self::of(store),
        }
    }

    /// Those of these files in PEM, which say that they are authorities, and nobody else.
    ///
    /// # Errors
    /// Where a file holds none or one that cannot be used, or this processor cannot do it.
    pub fn only<'a>(files: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, TlsError> {
        let mut store = RootCertStore::empty();
        for file in files {
            for certificate in certificates(file)? {
                of_an_authority(&certificate)?;
                let added = store.add(certificate);
                added.map_err(|_| unusable("certificate", "it is no certificate of an authority"))?;
            }
        }
        match store.is_empty() {
            true => Err(TlsError::NoAuthorities),
            false => Self::of(store),
        }
    }

    // spec: G44
    fn of(store: RootCertStore) -> Result<Self, TlsError> {
        let config = ClientConfig::builder_with_provider(provider()?)
            .with_safe_default_protocol_versions()
            .map_err(|_| unusable("certificate", "no version of tls is known"))?;
        let mut config = config.with_root_certificates(store).with_no_client_auth();
        config.alpn_protocols = vec![HTTP.to_vec()];
        // Of a session that is resumed no certificate is looked at.
        // spec: G49
        config.resumption = Resumption::disabled();
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorities(..)")
    }
}

/// What a listener shows its clients: a certificate, those behind it, and the key that it names. Another can be put in force while it
/// listens.
///
/// ```
/// use wane_gateway::tls::{Identity, TlsError};
/// fn renewed(identity: &Identity, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
///     identity.replace(chain, key)
/// }
/// assert!(Identity::from_pem(b"", b"").is_err());
/// # let _ = renewed;
/// ```
#[derive(Clone)]
pub struct Identity {
    shown: Arc<Shown>,
    config: Arc<ServerConfig>,
}

#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Identity {
    /// A certificate with those behind it, and its key, both in PEM.
    ///
    /// # Errors
    /// Where one of them cannot be used, where they do not belong together, or this processor cannot do it.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let provider = provider()?;
        let shown = Arc::new(Shown(RwLock::new(Arc::new(certified(chain, key, &provider)?))));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| unusable("certificate", "no version of tls is known"))?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Shown>::clone(&shown);
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![HTTP.to_vec()];
        // Whoever resumes a session does not see what is in force now.
        // spec: G49
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self { shown, config: Arc::new(config) })
    }

    /// Puts another in force, for every connection that begins from now on.
    ///
    /// # Errors
    /// Where it cannot be used; the one in force stays then.
    pub fn replace(&self, chain: &[u8], key: &[u8]) -> Result<(), TlsError> {
        let certified = Arc::new(certified(chain, key, self.config.crypto_provider())?);
        *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

// spec: G47
fn certified(chain: &[u8], key: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, Refusal> {
    let chain = certificates(chain)?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| unusable("key", "no key that is not encrypted stands in the file of the key as pem"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => unusable("key", "the key is not the one that the certificate names"),
        rustls::Error::InvalidCertificate(_) => unusable("certificate", "it is no certificate"),
        _ => unusable("key", "the key is neither rsa nor ecdsa on p-256 or p-384 nor ed25519"),
    })
}
