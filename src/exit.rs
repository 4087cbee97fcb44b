//! The exit status tells a script what became of the batch.

use crate::domain::StateCounts;
use std::process::ExitCode;

/// The exit status. Of the last three, the highest that applies is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Every payout was created; for other commands: done.
    AllCreated = 0,
    /// The file, the lock, the key or the results file stood in the way.
    CouldNotRun = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The input has errors; nothing was sent.
    InputInvalid = 3,
    /// Finished, and some payouts were rejected.
    SomeRejected = 4,
    /// Stopped early: run again to go on.
    StoppedEarly = 5,
    /// A payout is in doubt.
    InDoubt = 6,
}

impl Exit {
    /// The exit status for a batch that stands like this.
    #[must_use]
    pub fn of(counts: &StateCounts) -> Self {
        if counts.in_doubt > 0 {
            Self::InDoubt
        } else if counts.to_send() > 0 || counts.refused > 0 {
            Self::StoppedEarly
        } else if counts.rejected > 0 {
            Self::SomeRejected
        } else {
            Self::AllCreated
        }
    }

    /// As a number.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
