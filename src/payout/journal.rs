//! The journal is the results file as a log: an intent is durable in it before the request
//! leaves, and the ending is durable before anything on the screen moves.

use super::results::{Attempt, Ending, HEADER, Intent, Record, Tail};
use crate::domain::{Outcome, Payout};
use chrono::{DateTime, Utc};
use std::io;

/// The file under a journal.
pub trait Storage {
    /// Checks that the path still is the file that is open, and that it has this many bytes.
    ///
    /// # Errors
    /// Says in words what has become of it.
    fn verify(&self, expected_bytes: u64) -> Result<(), String>;

    /// Writes at the end, with one `write` if the system takes all of it.
    ///
    /// # Errors
    /// Any but `EINTR`; some of the bytes may have been written then.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes the content durable.
    ///
    /// # Errors
    /// Whether the content is durable is not known then, and asking again would not tell.
    fn sync(&mut self) -> io::Result<()>;

    /// Makes the content and the file's own name durable.
    ///
    /// # Errors
    /// As [`Self::sync`].
    fn sync_name(&mut self) -> io::Result<()>;

    /// Cuts the file off after this many bytes.
    ///
    /// # Errors
    /// Any.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;
}

/// Why a journal cannot go on. After any of these nothing more is submitted.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The path is no longer the file that is open, or another program wrote to it.
    #[error("{0}")]
    Displaced(String),
    /// The file could not be made ready; nothing was submitted.
    #[error("{0}")]
    Prepare(#[source] io::Error),
    /// The intent is not known to be durable, so the payout was not submitted.
    #[error("{source}")]
    Intent {
        /// The payout that was not submitted.
        intent: Box<Intent>,
        /// What the disk said.
        source: io::Error,
    },
    /// The payout was submitted, and its ending is not known to be durable.
    #[error("{reason}")]
    Ending {
        /// The line that should have been recorded, with the invoice id.
        attempt: Box<Attempt>,
        /// What the disk said.
        reason: String,
    },
    /// A step out of turn, or one after a failure.
    #[error("the results file takes nothing more after a failure")]
    Closed,
}

/// A results file that is open for writing.
#[derive(Debug)]
pub struct Journal<S> {
    storage: S,
    api: String,
    bytes: u64,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Ready,
    Begun(Box<Intent>),
    /// A write or a sync has failed: the file is never written or synced again.
    Failed,
}

impl<S: Storage> Journal<S> {
    /// Starts the journal of a new, empty file.
    ///
    /// # Errors
    /// [`JournalError::Prepare`].
    pub fn create(storage: S, api: &str) -> Result<Self, JournalError> {
        let mut journal = Self {
            storage,
            api: api.to_owned(),
            bytes: 0,
            phase: Phase::Ready,
        };
        journal.write_header().map_err(JournalError::Prepare)?;
        Ok(journal)
    }

    /// Goes on with a file: a fragment is removed, and a half line is finished as unknown.
    ///
    /// # Errors
    /// [`JournalError::Prepare`], [`JournalError::Displaced`].
    pub fn resume(
        storage: S,
        record: &Record,
        api: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, JournalError> {
        let bytes = record.whole_bytes;
        let mut journal = Self {
            storage,
            api: api.to_owned(),
            bytes,
            phase: Phase::Ready,
        };
        journal
            .repair(&record.tail, now)
            .map_err(JournalError::Prepare)?;
        journal
            .storage
            .verify(journal.bytes)
            .map_err(JournalError::Displaced)?;
        Ok(journal)
    }

    fn repair(&mut self, tail: &Tail, now: DateTime<Utc>) -> io::Result<()> {
        match tail {
            Tail::Nothing if self.bytes == 0 => self.write_header(),
            Tail::Nothing => Ok(()),
            Tail::Fragment => {
                self.storage.truncate(self.bytes)?;
                if self.bytes == 0 {
                    self.write_header()
                } else {
                    self.storage.sync()
                }
            }
            Tail::InDoubt { intent, remains } => {
                self.bytes = self.bytes.saturating_add(length(&intent.encode()));
                // What remains of the ending must be gone for good before another is written: a
                // crash could mix the two into a line that neither of them was.
                self.storage.truncate(self.bytes)?;
                self.storage.sync()?;
                self.append(&Ending::interrupted(remains, now).encode())
            }
        }
    }

    fn write_header(&mut self) -> io::Result<()> {
        self.storage.append(HEADER.as_bytes())?;
        self.storage.sync_name()?;
        self.bytes = length(HEADER);
        Ok(())
    }

    fn append(&mut self, text: &str) -> io::Result<()> {
        self.storage.append(text.as_bytes())?;
        self.storage.sync()?;
        self.bytes = self.bytes.saturating_add(length(text));
        Ok(())
    }

    /// Records that a payout is about to be submitted. Only when this returns `Ok` may the first
    /// byte of the request leave.
    ///
    /// # Errors
    /// [`JournalError::Displaced`], [`JournalError::Intent`]: the payout must not be submitted.
    pub fn begin(
        &mut self,
        payout: &Payout,
        attempt: u32,
        now: DateTime<Utc>,
    ) -> Result<(), JournalError> {
        let Phase::Ready = std::mem::replace(&mut self.phase, Phase::Failed) else {
            return Err(JournalError::Closed);
        };
        self.storage
            .verify(self.bytes)
            .map_err(JournalError::Displaced)?;
        let intent = Box::new(Intent::new(payout, attempt, &self.api, now));
        match self.append(&intent.encode()) {
            Ok(()) => {
                self.phase = Phase::Begun(intent);
                Ok(())
            }
            Err(source) => Err(JournalError::Intent { intent, source }),
        }
    }

    /// Records what became of the payout that was begun.
    ///
    /// # Errors
    /// [`JournalError::Ending`], which carries the line that could not be recorded.
    pub fn finish(
        &mut self,
        outcome: &Outcome,
        now: DateTime<Utc>,
    ) -> Result<Attempt, JournalError> {
        let Phase::Begun(intent) = std::mem::replace(&mut self.phase, Phase::Failed) else {
            return Err(JournalError::Closed);
        };
        let attempt = Attempt {
            intent: *intent,
            ending: Ending::new(outcome, now),
        };
        let recorded = self
            .append(&attempt.ending.encode())
            .map_err(|error| error.to_string())
            .and_then(|()| self.storage.verify(self.bytes));
        self.after_ending(attempt, recorded)
    }

    /// Records an operator's verdict on a payout in doubt.
    ///
    /// # Errors
    /// [`JournalError::Displaced`], [`JournalError::Ending`].
    pub fn resolve(&mut self, attempt: Attempt) -> Result<Attempt, JournalError> {
        let Phase::Ready = std::mem::replace(&mut self.phase, Phase::Failed) else {
            return Err(JournalError::Closed);
        };
        self.storage
            .verify(self.bytes)
            .map_err(JournalError::Displaced)?;
        // In two steps, as any line: of an unsynced line a crash can leave its end alone.
        let recorded = self
            .append(&attempt.intent.encode())
            .and_then(|()| self.append(&attempt.ending.encode()))
            .map_err(|error| error.to_string());
        self.after_ending(attempt, recorded)
    }

    fn after_ending(
        &mut self,
        attempt: Attempt,
        recorded: Result<(), String>,
    ) -> Result<Attempt, JournalError> {
        match recorded {
            Ok(()) => {
                self.phase = Phase::Ready;
                Ok(attempt)
            }
            Err(reason) => Err(JournalError::Ending {
                attempt: Box::new(attempt),
                reason,
            }),
        }
    }
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests;
