//! An [`Error`] is why the program cannot go on: its place, and its kind with the error of the stage
//! that it comes from. A stage words its own error and its hint; what no stage knows is worded in the
//! files of this folder.

mod path;
mod record;
mod system;
mod usage;

pub use path::PathError;
pub use record::RecordError;
pub use system::SystemError;
pub use usage::UsageError;

use crate::domain::escape::{escape, without_error_number};
use crate::exit::Exit;
use crate::intake::Fingerprint;
use crate::ledger::moving::MoveError;
use crate::ledger::postgres::{ConnectError, LocationError};
use crate::ledger::{LedgerError, ResolveError, sqlite};
use crate::payout::open::OpenError;
use crate::payout::results::disk::PlaceError;
use crate::payout::submit::SubmitError;
use crate::sandbox::ScriptError;
use crate::secret::ApiKeyError;
use std::borrow::Cow;
use std::fmt;
use std::io::ErrorKind;

/// Why the program cannot go on. It is shown as one line with the place first, then the hint on
/// a line of its own.
#[derive(Debug)]
pub struct Error {
    place: String,
    kind: Kind,
}

/// What kind of error it is.
#[derive(Debug, thiserror::Error)]
pub enum Kind {
    /// The system does not give what is needed.
    #[error(transparent)]
    System(#[from] SystemError),
    /// What was asked cannot be meant.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// A file cannot be read, written or relied on.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The records stand against what was asked.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The key cannot be a key.
    #[error(transparent)]
    ApiKey(#[from] ApiKeyError),
    /// What is wrong about the key that a sandbox is given: no real key belongs there.
    #[error(transparent)]
    SandboxKey(Box<Kind>),
    /// The sandbox's script cannot be read.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The batch is not the one that is wanted.
    #[error("this is batch {found}, and --expect asks for {expected}")]
    OtherBatch {
        /// What was asked for.
        expected: Fingerprint,
        /// What the input is.
        found: Fingerprint,
    },
    /// The ledger's URL is not fit. It is not repeated: it may hold a password.
    #[error(transparent)]
    LedgerUrl(#[from] LocationError),
    /// The ledger's file cannot be opened.
    #[error(transparent)]
    LedgerFile(#[from] sqlite::OpenError),
    /// The ledger's server cannot be used.
    #[error(transparent)]
    LedgerServer(#[from] ConnectError),
    /// The ledger did not do what it was asked, and nothing was sent.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The ledger was not moved.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// Results cannot be kept there.
    #[error(transparent)]
    Results(#[from] PlaceError),
    /// The batch cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A verdict was not recorded.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A run could not go on. The exit status is that by which the batch stands.
    #[error("{0}")]
    Submit(#[source] SubmitError, Exit),
}

impl Error {
    /// An error of this kind, and what it is about.
    #[must_use]
    pub fn at(place: impl fmt::Display, kind: impl Into<Kind>) -> Self {
        Self {
            place: place.to_string(),
            kind: kind.into(),
        }
    }

    /// The same of the key that a sandbox is given.
    #[must_use]
    pub fn of_sandbox_key(self) -> Self {
        Self::at(self.place, Kind::SandboxKey(Box::new(self.kind)))
    }

    /// The exit status that goes with it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.kind.exit()
    }

    /// Whether it only says that nobody reads stdout any more: whoever closed the pager knows.
    #[must_use]
    pub fn is_of_closed_reader(&self) -> bool {
        matches!(&self.kind, Kind::System(SystemError::Output(error))
            if error.kind() == ErrorKind::BrokenPipe)
    }
}

impl Kind {
    fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Script(_) | Self::LedgerUrl(_) => Exit::Usage,
            Self::OtherBatch { .. } => Exit::InputInvalid,
            // A payout in doubt is told whatever else happened.
            Self::Submit(error, batch) => match error {
                SubmitError::NotRecorded { .. } => Exit::InDoubt,
                SubmitError::NotClaimed(_)
                | SubmitError::NotPrepared(_)
                | SubmitError::NotSent { .. }
                | SubmitError::Results(_)
                | SubmitError::OtherLedger => Exit::StoppedEarly.max(*batch),
            },
            Self::SandboxKey(kind) => kind.exit(),
            Self::System(_)
            | Self::Path(_)
            | Self::Record(_)
            | Self::ApiKey(_)
            | Self::LedgerFile(_)
            | Self::LedgerServer(_)
            | Self::Ledger(_)
            | Self::Move(_)
            | Self::Results(_)
            | Self::Open(_)
            | Self::Resolve(_) => Exit::CouldNotRun,
        }
    }

    /// What to do about it at its place.
    fn hint(&self, place: &str) -> Cow<'_, str> {
        match self {
            Self::System(error) => error.hint().into(),
            Self::Usage(error) => error.hint(),
            Self::Path(error) => error.hint(place),
            Self::Record(error) => error.hint(place),
            Self::ApiKey(error) => error.hint().into(),
            Self::SandboxKey(_) => {
                "the sandbox needs no real key: make one up, or give none, and any key opens it"
                    .into()
            }
            Self::Script(_) => "docs/sandbox.md explains the steps".into(),
            Self::OtherBatch { .. } => {
                "review the file again: it is not the one whose fingerprint was noted".into()
            }
            Self::LedgerUrl(error) => error.hint().into(),
            Self::LedgerFile(error) => error.hint(place),
            Self::LedgerServer(error) => error.hint().into(),
            Self::Ledger(error) => format!("nothing was sent; {}", error.hint()).into(),
            Self::Move(error) => error.hint().into(),
            Self::Results(error) => error.hint().into(),
            Self::Open(error) => error.hint(),
            Self::Resolve(error) => error.hint(),
            Self::Submit(error, _) => error.hint(),
        }
    }
}

impl From<SystemError> for Error {
    fn from(error: SystemError) -> Self {
        Self::at(error.place(), error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.kind.to_string();
        write!(
            f,
            "{}: {}\n  hint: {}",
            escape(&self.place),
            escape(without_error_number(&message)),
            escape(&self.kind.hint(&self.place))
        )
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.kind)
    }
}
