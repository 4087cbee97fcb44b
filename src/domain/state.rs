//! A [`Standing`] is where one payout stands, folded from all of its attempts.

use chrono::{DateTime, Utc};
use std::fmt;

/// Where one payout stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What is to be done about it.
    pub state: State,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When the last attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// The invoice id, when created.
    pub invoice_id: String,
    /// The key of the last refusal or fault.
    pub error_key: String,
    /// More words on the last attempt.
    pub detail: String,
}

/// What is to be done about a payout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Never attempted.
    #[default]
    Pending,
    /// Paid: nothing more is done.
    Created,
    /// Refused by the API: left alone, unless told otherwise.
    Rejected,
    /// Attempted, and provably not created: to be sent again.
    NotCreated,
    /// May or may not have been paid: never sent again until an operator says which.
    InDoubt,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Created,
        Self::Rejected,
        Self::NotCreated,
        Self::InDoubt,
        Self::Pending,
    ];

    /// As it is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Created => "created",
            Self::Rejected => "rejected",
            Self::NotCreated => "not_created",
            Self::InDoubt => "in_doubt",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How many payouts of a batch stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// Paid.
    pub created: u64,
    /// Refused.
    pub rejected: u64,
    /// Attempted, to be sent again.
    pub not_created: u64,
    /// In doubt.
    pub in_doubt: u64,
    /// Never attempted.
    pub pending: u64,
}

impl StateCounts {
    /// Counts the standings of a batch.
    #[must_use]
    pub fn of(standings: &[Standing]) -> Self {
        let mut census = Self::default();
        for standing in standings {
            let count = match standing.state {
                State::Pending => &mut census.pending,
                State::Created => &mut census.created,
                State::Rejected => &mut census.rejected,
                State::NotCreated => &mut census.not_created,
                State::InDoubt => &mut census.in_doubt,
            };
            *count = count.saturating_add(1);
        }
        census
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            created: self.created.saturating_add(other.created),
            rejected: self.rejected.saturating_add(other.rejected),
            not_created: self.not_created.saturating_add(other.not_created),
            in_doubt: self.in_doubt.saturating_add(other.in_doubt),
            pending: self.pending.saturating_add(other.pending),
        }
    }

    /// How many have yet to be sent: never attempted, or attempted in vain.
    #[must_use]
    pub fn to_send(&self) -> u64 {
        self.pending.saturating_add(self.not_created)
    }
}
