//! What the system does not give, though every run needs it.

use crate::clock::ClockError;
use crate::cryptocloud::client::ClientError;
use crate::os::fault::words;
use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;

/// Why the program cannot run here. Each has one place.
#[derive(Debug, thiserror::Error)]
pub enum SystemError {
    /// The machine's limits are too tight for any command.
    #[error("{}", words(.0))]
    Limits(#[source] io::Error),
    /// The runtime, a thread or the signals cannot be set up.
    #[error("{}", words(.0))]
    Setup(#[source] io::Error),
    /// The question or the key prompt failed.
    #[error("{}", words(.0))]
    Terminal(#[source] io::Error),
    /// What the command is for cannot be written.
    #[error("{}", words(.0))]
    Output(#[source] io::Error),
    /// The sandbox cannot listen at this address.
    #[error("{1}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The clock cannot be right.
    #[error(transparent)]
    Clock(ClockError),
    /// The client cannot be made.
    #[error(transparent)]
    Client(ClientError),
    /// There is no home folder for the ledger.
    #[error("there is no home folder to keep the ledger in")]
    NoHome,
    /// No key, and nobody to ask.
    #[error("there is no API key, and no terminal to ask for it")]
    NoApiKey,
}

impl SystemError {
    pub(super) fn place(&self) -> Cow<'static, str> {
        match self {
            Self::Limits(_) | Self::Setup(_) | Self::Client(ClientError::Thread(_)) => {
                "system".into()
            }
            Self::Terminal(_) => "terminal".into(),
            Self::Output(_) => "stdout".into(),
            Self::Listen(address, _) => format!("--listen {address}").into(),
            Self::Clock(_) => "clock".into(),
            Self::Client(ClientError::Tls(_)) => "https".into(),
            Self::Client(ClientError::Key) => "API key".into(),
            Self::NoHome => "HOME".into(),
            Self::NoApiKey => "CCBATCH_API_KEY".into(),
        }
    }

    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Limits(error) if error.kind() == io::ErrorKind::OutOfMemory => {
                "nothing was sent; allow more memory, with ulimit -v 131072 or more"
            }
            Self::Limits(_) => "nothing was sent; allow more open files, with ulimit -n 64 or more",
            Self::Setup(_) | Self::Terminal(_) => "nothing was sent",
            Self::Output(_) => "nothing is lost: ask again",
            Self::Listen(..) => "leave --listen out to get a free port on 127.0.0.1",
            Self::Clock(_) => "nothing was sent; set the clock, then run again",
            Self::Client(error) => error.hint(),
            Self::NoHome => {
                "set HOME as it was when you paid before, or name that ledger's file with --ledger, the same one every time"
            }
            Self::NoApiKey => {
                "nothing was sent; set CCBATCH_API_KEY, or name a file with --api-key-file; --dry-run and --sandbox need none"
            }
        }
    }
}
