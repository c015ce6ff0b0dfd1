//! `wane keygen`: a new key pair.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use wane::SecretKey;
use zeroize::Zeroizing;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::shell;
use crate::{key_file, random, write};

/// Make a new key: the private key to FILE, the public key to standard output
///
/// FILE is created new with mode 0600 and never overwritten. It holds PKCS#8 in PEM, as `openssl genpkey
/// -algorithm ed25519` writes it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane keygen new.pem
  wane keygen other.pem > other.pub
")]
pub(crate) struct Keygen {
    /// The new file for the private key
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Serialize)]
struct Answer {
    file: String,
    public_key: String,
    fingerprint: String,
}

impl Keygen {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if self.file.as_os_str() == "-" {
            return Err(Failure::usage("the private key cannot go to standard output, where the public key goes")
                .hint("name a file"));
        }
        let mut seed = Zeroizing::new([0; 32]);
        random::fill(&mut *seed)?;
        let secret = SecretKey::from_seed(*seed);
        write::create_private(&self.file, key_file::secret_to_pem(&secret)?.as_bytes())?;
        let public = secret.public_key();
        let answer = Answer {
            file: self.file.display().to_string(),
            public_key: public.to_string(),
            fingerprint: public.hint().to_string(),
        };
        context.output.answer(&answer, || answer.public_key.clone()).map_err(|failure| {
            let file = shell(&answer.file);
            failure
                .hint(format!("the private key is in its file all the same: `wane key {file}` prints its public half"))
        })?;
        Ok(Exit::Done)
    }
}
