//! What a listener over TLS shows, and whom a gateway believes.

use std::io;
use std::os::unix::fs::MetadataExt as _;

use clap::Args;
use sha2::{Digest as _, Sha256};
use wane::{Code, Refusal};
use wane_gateway::http::Reach;
use wane_gateway::service::{Unfit, Watched};
use wane_gateway::tls::{Authorities, Identity, TlsError};
use zeroize::Zeroizing;

use crate::arguments::Context;
use crate::failure::{Failure, Trouble};
use crate::input::{AUTHORITY, CERTIFICATE, CERTIFICATE_KEY, Inputs, KEY_TEXT, Source, TOML_TEXT, source};
use crate::watching::{look, watchable};

/// What a listener shows.
#[derive(Args, Debug)]
pub(crate) struct TlsFlags {
    /// Listen over TLS and show this certificate, with those behind it, PEM; read again when it changes
    #[arg(long, value_name = "FILE", value_parser = source(), requires = "tls_key", conflicts_with = "without_tls")]
    tls_cert: Option<Source>,

    /// The key of that certificate, PEM, which nobody else may be able to read
    #[arg(long, value_name = "FILE", value_parser = source(), requires = "tls_cert")]
    tls_key: Option<Source>,
}

impl TlsFlags {
    /// Says which inputs are read.
    pub(crate) fn claim(&self, context: &Context) -> Result<(), Failure> {
        let key = (self.tls_key.as_ref(), CERTIFICATE_KEY);
        context.inputs.claim_all([(self.tls_cert.as_ref(), CERTIFICATE), key])
    }

    /// From where clients may come, and the files that this is read from again.
    pub(crate) fn reach(&self, context: &Context, without: Reach) -> Result<(Reach, Option<Watched>), Failure> {
        let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) else { return Ok((without, None)) };
        let read = Pair::read(&context.inputs, certificate, key)?;
        let identity =
            Identity::from_pem(&read.chain, read.key.as_bytes()).map_err(|error| failed(error, certificate))?;
        let watched = watched(certificate, key, &identity);
        Ok((Reach::Tls(identity), watched))
    }

    /// The variables of the environment that hold what is secret.
    pub(crate) fn secret(&self) -> Option<&str> {
        self.tls_key.as_ref().and_then(Source::variable)
    }
}

/// A certificate and its key, as they were found.
struct Pair {
    chain: Zeroizing<Vec<u8>>,
    key: Zeroizing<String>,
}

impl Pair {
    fn read(inputs: &Inputs, certificate: &Source, key: &Source) -> Result<Self, Failure> {
        let chain = inputs.read(certificate, CERTIFICATE, TOML_TEXT)?;
        let key = inputs.read_secret(key, CERTIFICATE_KEY, KEY_TEXT)?;
        Ok(Self { chain, key })
    }
}

/// What is kept of both files to know them again: of the key no more than that.
fn seen(chain: &[u8], key: &[u8]) -> Vec<u8> {
    [Sha256::digest(chain), Sha256::digest(key)].concat()
}

/// Both files, where each of them can be read again.
fn watched(certificate: &Source, key: &Source, identity: &Identity) -> Option<Watched> {
    let (Source::File(chain), Source::File(secret)) = (certificate, key) else { return None };
    let ((chain, name), (secret, _)) = (watchable(chain)?, watchable(secret)?);
    let (certificate, key, identity) = (certificate.clone(), key.clone(), identity.clone());
    let apply = move |found: &[u8]| {
        let refuse = |why: &str| Refusal::new(Code::ParseCertificate, "certificate", why, "");
        let unread = |why: &str| Unfit::Unread(refuse(why));
        // Where nobody reads what is printed here, no other file would be looked at any more.
        let read = Pair::read(&Inputs::untold(), &certificate, &key).map_err(|failure| unread(failure.message()))?;
        if !found.starts_with(&seen(&read.chain, read.key.as_bytes())) {
            return Err(unread("it changes while it is read"));
        }
        identity.replace(&read.chain, read.key.as_bytes()).map_err(|error| match error {
            TlsError::Unusable(refusal) => Unfit::Unusable(*refusal),
            TlsError::Processor | TlsError::NoAuthorities => Unfit::Unusable(refuse(&error.to_string())),
        })
    };
    let both = move || -> io::Result<Vec<u8>> {
        let mut found = seen(&look(&chain)?, &Zeroizing::new(look(&secret)?));
        // One that was refused for its mode or its owner is looked at again once that is another.
        let about = std::fs::metadata(&secret)?;
        found.extend([about.mode(), about.uid(), about.gid()].into_iter().flat_map(u32::to_be_bytes));
        Ok(found)
    };
    Some(Watched::new("certificate", Code::ParseCertificate, &name, Box::new(both), Box::new(apply)))
}

/// Whom a gateway believes which server is which: those of these files, or where there is none those of this machine.
pub(crate) fn authorities(context: &Context, files: &[Source]) -> Result<Authorities, Failure> {
    let Some(first) = files.first() else {
        return Authorities::of_this_machine().map_err(|error| {
            let hint = "`--upstream-ca FILE` names the certificate of an authority";
            Failure::new(Trouble::File, error.to_string()).hint(hint)
        });
    };
    let read = |file| context.inputs.read(file, AUTHORITY, TOML_TEXT);
    let texts = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    // Each alone, so that it is told which is broken.
    for (file, text) in files.iter().zip(&texts) {
        Authorities::only([text.as_slice()]).map_err(|error| failed(error, file))?;
    }
    Authorities::only(texts.iter().map(|text| text.as_slice())).map_err(|error| failed(error, first))
}

fn failed(error: TlsError, file: &Source) -> Failure {
    match error {
        TlsError::Unusable(refusal) => Failure::from(*refusal).within(file.name()),
        TlsError::Processor | TlsError::NoAuthorities => Failure::new(Trouble::File, error.to_string()),
    }
}
