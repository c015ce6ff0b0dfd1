//! `wane key`: the public half of a key.

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::arguments::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{Source, source};
use crate::key_file::{self, Jwk};

/// Print the public half of a key, and its fingerprint on standard error
///
/// Reads a private key (PKCS#8 PEM, encrypted or not), a public key (SPKI PEM, JWK) or a `wane1.key`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wane key root.pem
  wane key root.pub --format pem
  wane key root.pub --format jwk
")]
pub(crate) struct Key {
    /// The key
    #[arg(value_name = "FILE", value_parser = source())]
    file: Option<Source>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Wane)]
    format: Format,

    /// Where the passphrase of an encrypted key is read from, instead of the terminal
    #[arg(long, value_name = "FILE", value_parser = source())]
    passphrase_file: Option<Source>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// JSON Web Key (RFC 8037)
    Jwk,
    /// SubjectPublicKeyInfo in PEM (RFC 8410)
    Pem,
    /// `wane1.key.` and base64url
    Wane,
}

#[derive(Serialize)]
struct Answer {
    public_key: String,
    fingerprint: String,
    pem: String,
    jwk: Jwk,
}

impl Key {
    /// Does it.
    pub(crate) fn run(&self, context: &Context) -> Result<Exit, Failure> {
        let source = context.inputs.or_stdin(self.file.as_ref(), "key")?;
        let public = key_file::read_public(&context.inputs, &source, self.passphrase_file.as_ref())?;
        let answer = Answer {
            public_key: public.to_string(),
            fingerprint: public.hint().to_string(),
            pem: key_file::public_to_pem(&public)?,
            jwk: key_file::public_to_jwk(&public),
        };
        if !context.output.is_json() {
            context.output.say(format_args!("fingerprint: {}", answer.fingerprint));
        }
        match self.format {
            _ if context.output.is_json() => context.output.object(&answer)?,
            Format::Jwk => context.output.object(&answer.jwk)?,
            Format::Pem => context.output.text(&answer.pem)?,
            Format::Wane => context.output.text(&answer.public_key)?,
        }
        Ok(Exit::Done)
    }
}
