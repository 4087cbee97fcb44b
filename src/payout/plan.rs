//! A [`Plan`] is what a run is going to submit, decided before the first request leaves.

use crate::domain::{Batch, Payout, Standing, State, Totals};

/// What becomes of payouts that the API refused in an earlier run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RejectedPolicy {
    /// They are left alone.
    #[default]
    Leave,
    /// `--retry-rejected`: they are submitted again.
    Retry,
}

/// What a run is going to submit.
#[derive(Clone, Debug)]
pub struct Plan<'b> {
    /// In the batch's order.
    pub steps: Vec<Step<'b>>,
    /// How many more could be submitted, were it not for the limit.
    pub beyond_limit: u64,
}

/// A payout to submit.
#[derive(Clone, Copy, Debug)]
pub struct Step<'b> {
    /// The payout.
    pub payout: &'b Payout,
    /// Its place in the batch.
    pub index: usize,
}

impl<'b> Plan<'b> {
    /// Decides what to submit; at most `limit` payouts.
    #[must_use]
    pub fn new(
        batch: &'b Batch,
        standings: &[Standing],
        rejected: RejectedPolicy,
        limit: Option<u64>,
    ) -> Self {
        let mut steps: Vec<Step<'b>> = batch
            .payouts
            .iter()
            .zip(standings)
            .enumerate()
            .filter(|(_, (_, standing))| match standing.state {
                State::Pending | State::NotCreated => true,
                State::Rejected => rejected == RejectedPolicy::Retry,
                State::Created | State::InDoubt => false,
            })
            .map(|(index, (payout, _))| Step { payout, index })
            .collect();
        let limit = limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(usize::MAX);
        let beyond_limit = steps.len().saturating_sub(limit);
        steps.truncate(limit);
        Self {
            steps,
            beyond_limit: u64::try_from(beyond_limit).unwrap_or(u64::MAX),
        }
    }

    /// Count and sum per currency of what is going to be submitted.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for step in &self.steps {
            // The whole batch was counted when it was validated, so a part of it can be.
            let counted = totals.add(step.payout.currency, step.payout.amount);
            debug_assert!(counted.is_ok(), "a part of a batch that was counted");
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payout::journal::tests::payout;

    #[test]
    fn the_totals_are_of_what_is_going_to_be_submitted() {
        let batch = Batch {
            payouts: (2..6).map(payout).collect(),
            totals: Totals::default(),
        };
        let states = [
            State::Created,
            State::Pending,
            State::Pending,
            State::Pending,
        ];
        let standings = states.map(|state| Standing {
            state,
            ..Standing::default()
        });
        let plan = Plan::new(&batch, &standings, RejectedPolicy::Leave, Some(2));
        let lines: Vec<u64> = plan.steps.iter().map(|step| step.payout.line).collect();
        assert_eq!((lines, plan.beyond_limit), (vec![3, 4], 1));
        let totals = plan.totals();
        let sum = totals.sum(batch.payouts[0].currency).to_string();
        assert_eq!((totals.count(), &*sum), (2, "0.1"));
    }
}
