//! An [`Outcome`] is what became of one attempt to submit a payout.

use rust_decimal::Decimal;
use std::fmt;
use std::time::Duration;

/// What became of one attempt. There is no error beside it: whatever is not known is
/// [`Verdict::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Created, rejected, not created or unknown.
    pub verdict: Verdict,
    /// The API's error key, or the program's own; empty when created. Safe to show.
    pub error_key: String,
    /// More words on it. Safe to show.
    pub detail: String,
    /// The HTTP status, where an answer came.
    pub http_status: Option<u16>,
}

/// The part of an outcome that decides how the batch goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The API created the withdrawal.
    Created {
        /// The API's id for it, never cut. Safe to show.
        invoice_id: String,
        /// The amount that the API says it accepted, where that differs from the payout's.
        accepted_amount: Option<Decimal>,
    },
    /// The API refused this payout.
    Rejected,
    /// Provably nothing was created, and the payout is not at fault.
    NotCreated(Cause),
    /// The request may have arrived, and no trustworthy answer came.
    Unknown,
}

/// Why nothing was created although the payout is not at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No connection was made, so no request left.
    ConnectFailed,
    /// Too soon after another request with the same key.
    RateLimited {
        /// How long the API asks to wait.
        retry_after: Option<Duration>,
    },
    /// The API key was refused.
    KeyRefused,
}

impl Outcome {
    /// The word for it in the results file.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.verdict {
            Verdict::Created { .. } => Status::Created,
            Verdict::Rejected => Status::Rejected,
            Verdict::NotCreated(_) => Status::NotCreated,
            Verdict::Unknown => Status::Unknown,
        }
    }

    /// The invoice id, where one was created.
    #[must_use]
    pub fn invoice_id(&self) -> &str {
        match &self.verdict {
            Verdict::Created { invoice_id, .. } => invoice_id,
            _ => "",
        }
    }

    /// The amount the API accepted, where it differs.
    #[must_use]
    pub fn accepted_amount(&self) -> Option<Decimal> {
        match self.verdict {
            Verdict::Created {
                accepted_amount, ..
            } => accepted_amount,
            _ => None,
        }
    }
}

/// The word for an outcome in the results file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The API created it.
    Created,
    /// The API refused this row.
    Rejected,
    /// Provably nothing was created.
    NotCreated,
    /// Not known.
    Unknown,
}

impl Status {
    const ALL: [Self; 4] = [
        Self::Created,
        Self::Rejected,
        Self::NotCreated,
        Self::Unknown,
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Rejected => "rejected",
            Self::NotCreated => "not_created",
            Self::Unknown => "unknown",
        }
    }

    /// Reads it back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
