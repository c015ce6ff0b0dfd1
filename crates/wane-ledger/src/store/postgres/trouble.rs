//! What errors of the server and of the connection mean. Texts are ours and constant, with the server's code: what the server
//! says can name rows, users and whatever stood in a mistyped URL.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity};

use crate::store::Fault;

/// How a statement ended that did not succeed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server rolled back what conflicted: the same again may succeed.
    Conflict,
    /// The connection is of no use any more.
    Lost(Fault),
    /// The connection works; the transaction is over.
    Failed(Fault),
}

impl Trouble {
    pub(super) fn of(error: &Error) -> Self {
        match error.as_db_error() {
            Some(answer) => from_server(answer),
            None => Self::Lost(Fault::Unreachable(connection(error).to_owned())),
        }
    }

    /// What a caller sees where nothing is tried again.
    pub(super) fn fault(&self) -> Fault {
        match self {
            Self::Conflict => Fault::Locked("transactions of others conflict".to_owned()),
            Self::Lost(fault) | Self::Failed(fault) => fault.clone(),
        }
    }
}

fn from_server(answer: &DbError) -> Trouble {
    let code = answer.code().code();
    let fault = fault(code);
    match answer.parsed_severity() {
        _ if matches!(code, "40001" | "40P01") => Trouble::Conflict,
        _ if matches!(fault, Fault::Pooler(_)) => Trouble::Lost(fault),
        Some(Severity::Error) if !code.starts_with("08") && !code.starts_with("57P") => Trouble::Failed(fault),
        // Fatal, panic, or a severity that this version does not know.
        _ => Trouble::Lost(fault),
    }
}

/// The fault that a SQLSTATE means.
fn fault(code: &str) -> Fault {
    let text = |why: &str| format!("{why} ({code})");
    match code {
        "53100" => Fault::Full(text("the server's disk is full")),
        "25006" => Fault::ReadOnly(text("the server takes no writes")),
        "55P03" | "57014" => Fault::Locked(text("a statement waited too long or was canceled")),
        "XX001" | "XX002" => Fault::Corrupt(text("the server found damaged data")),
        "28000" | "28P01" => Fault::Unreachable(text("the server refuses this user or password")),
        "3D000" => Fault::Unreachable(text("the server has no such database")),
        "53300" => Fault::Unreachable(text("the server takes no more connections")),
        "57P01" | "57P02" | "57P03" => {
            Fault::Unreachable(text("the server is starting, stopping or ended the connection"))
        }
        "25P03" => Fault::Unreachable(text("the server ended a transaction that was idle for too long")),
        "42501" => Fault::Unreachable(text("the server does not permit it to this user")),
        "26000" | "42P05" => Fault::Pooler(text("a statement prepared on this connection is another one's or gone")),
        "3F000" | "42P01" => Fault::Schema(text("tables missing"), super::schema::KNOWN.to_owned()),
        _ => Fault::Unreachable(text("the server refuses")),
    }
}

fn connection(error: &Error) -> &'static str {
    let kind = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => "the connection is refused",
        Some(io::ErrorKind::NotFound) => "no server listens there",
        Some(io::ErrorKind::PermissionDenied) => "no permission to connect",
        Some(io::ErrorKind::TimedOut) => "connecting took too long",
        Some(_) => "the connection broke",
        None if error.is_closed() => "the connection is closed",
        None => "the server cannot be reached, or does not speak the protocol as expected",
    }
}

#[cfg(test)]
mod tests {
    use wane::Code;

    use super::fault;

    #[test]
    fn what_codes_of_the_server_mean() {
        let cases = [
            ("53100", Code::StateFull),
            ("25006", Code::StateReadOnly),
            ("55P03", Code::StateLocked),
            ("57014", Code::StateLocked),
            ("XX001", Code::StateCorrupt),
            ("XX002", Code::StateCorrupt),
            ("28P01", Code::StateUnreachable),
            ("57P03", Code::StateUnreachable),
            ("42P01", Code::StateSchema),
            ("26000", Code::StatePooler),
            ("99999", Code::StateUnreachable),
        ];
        for (code, expected) in cases {
            let refusal = fault(code).refusal();
            assert_eq!(refusal.code(), expected, "{code}");
            assert!(refusal.to_string().contains(code), "{refusal}");
        }
    }
}
