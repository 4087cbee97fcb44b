//! A [`State`] is where a payout stands, by all of its attempts.

use std::fmt;

/// Where a payout stands.
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
    /// Not sent, because the ledger knows a payout that it collides with.
    Refused,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Created,
        Self::Rejected,
        Self::NotCreated,
        Self::InDoubt,
        Self::Pending,
        Self::Refused,
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
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How many payouts of a batch are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// Paid.
    pub created: u64,
    /// Refused by the API.
    pub rejected: u64,
    /// Attempted, to be sent again.
    pub not_created: u64,
    /// In doubt.
    pub in_doubt: u64,
    /// Never attempted.
    pub pending: u64,
    /// In collision with another payout.
    pub refused: u64,
}

impl StateCounts {
    /// Counts states.
    #[must_use]
    pub fn of(states: impl IntoIterator<Item = State>) -> Self {
        let mut counts = Self::default();
        for state in states {
            counts.add(state);
        }
        counts
    }

    /// Counts one more.
    pub fn add(&mut self, state: State) {
        let count = match state {
            State::Pending => &mut self.pending,
            State::Created => &mut self.created,
            State::Rejected => &mut self.rejected,
            State::NotCreated => &mut self.not_created,
            State::InDoubt => &mut self.in_doubt,
            State::Refused => &mut self.refused,
        };
        *count = count.saturating_add(1);
    }

    /// How many have yet to be sent: never attempted, or attempted in vain.
    #[must_use]
    pub fn to_send(&self) -> u64 {
        self.pending.saturating_add(self.not_created)
    }
}
