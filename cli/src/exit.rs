//! The exit codes, each with one meaning.

use std::process::{ExitCode, Termination};

use wane::{Code, Family};

/// What the process says to whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, or allowed.
    Done,
    /// 1: could not run: a file, a device, a key that cannot be used.
    CouldNotRun,
    /// 2: wrong usage, or no trusted root was given.
    Usage,
    /// 3: genuine, but denied: `deny-*` and `state-*`.
    Denied,
    /// 4: malformed, forged, or signed by an unknown root: `parse-*` and `chain-*`.
    Forged,
    /// 5: an approval is needed.
    NeedsApproval,
    /// 6: what must hold together does not: the audit log, or a ledger that is damaged or older than it was.
    Broken,
}

impl Exit {
    /// The number of the code.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::CouldNotRun => 1,
            Self::Usage => 2,
            Self::Denied => 3,
            Self::Forged => 4,
            Self::NeedsApproval => 5,
            Self::Broken => 6,
        }
    }

    /// The exit code of what the library refuses.
    pub(crate) const fn of(code: Code) -> Self {
        match code {
            // Roots, a catalogue or a certificate that cannot be used are the operator's fault, not the token's: usage, like no roots
            // at all.
            Code::ParseRoots | Code::ParseCatalogue | Code::ParseCertificate => return Self::Usage,
            Code::DenyNeedsApproval => return Self::NeedsApproval,
            Code::StateRolledBack
            | Code::StateCorrupt
            | Code::StateLogBroken
            | Code::StateLogFork
            | Code::StateCheckpointKey => return Self::Broken,
            _ => {}
        }
        match code.family() {
            Family::Parse | Family::Chain => Self::Forged,
            Family::Deny | Family::State => Self::Denied,
            Family::Use => Self::Usage,
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.number())
    }
}
