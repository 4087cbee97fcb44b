//! A [`Plan`] says what every row of the input is, and which are going to be submitted. It is
//! decided before the first request leaves, and again for each row when it is begun.

use crate::domain::{Payout, State, StateCounts, Totals};
use crate::ledger::rules::{
    Circumstances, Known, Row, RowState, TWIN_ACROSS_BATCHES, created_without_row,
    doubts_without_row, judge, missing_rows, paid_alike,
};
use crate::ledger::{Attempt, BatchRecord, PayoutKey};
use std::collections::HashSet;

/// Which rows are to be paid in this run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The lines of the rows that `--only` names; `None` for all.
    pub only: Option<HashSet<u64>>,
    /// `--limit`: how many at most.
    pub limit: Option<u64>,
}

/// What every row of the input is.
#[derive(Clone, Debug)]
pub struct Plan<'k> {
    /// A state for each row, in the input's order; `None` for a row that `--only` leaves out.
    pub states: Vec<Option<RowState<&'k Attempt>>>,
    /// The rows to submit, by their places in the input.
    pub steps: Vec<usize>,
    /// How many more could be submitted, were it not for the limit.
    pub beyond_limit: u64,
    /// Live attempts of this batch whose row is no longer in the input.
    pub missing: Vec<&'k Attempt>,
    /// Attempts of this batch in doubt whose row, with its reference, is no longer in the input.
    pub doubts_without_row: Vec<&'k Attempt>,
    /// How many payouts of this batch are created whose row is no longer in the input.
    pub created_without_row: u64,
    /// The places of rows to submit that pay what was paid not long ago under another reference,
    /// each with that payout.
    pub paid_alike: Vec<(usize, &'k Attempt)>,
    /// Why nothing more is paid under this file's name.
    pub closed: Option<Closed<'k>>,
}

/// Why nothing more is paid under a file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed<'k> {
    /// Nothing is left to submit, and all of it was paid by another batch or long ago. The newest
    /// of its payouts.
    AllPaid(&'k Attempt),
    /// The batch was finished long ago, has no references, and this row was added since.
    Finished {
        /// The newest payout.
        newest: &'k Attempt,
        /// The place of the row in the input.
        added: usize,
    },
}

impl<'k> Plan<'k> {
    /// Says what every row is. `known` holds all that the ledger knows about the rows, and
    /// `attempts` those of the batch.
    #[must_use]
    pub fn new(
        rows: &[Row<'_>],
        (known, attempts): (&'k Known, &'k [Attempt]),
        record: &BatchRecord,
        around: &Circumstances<'_>,
        selection: &Selection,
    ) -> Self {
        let is_selected = |row: &Row<'_>| {
            let only = selection.only.as_ref();
            only.is_none_or(|lines| lines.contains(&row.payout.line))
        };
        let states: Vec<_> = rows
            .iter()
            .map(|row| is_selected(row).then(|| judge(*row, known, around)))
            .collect();
        let mut steps: Vec<usize> = (0..)
            .zip(&states)
            .filter(|(_, state)| is_to_send(state.as_ref()))
            .map(|(index, _)| index)
            .collect();
        let missing = missing_rows(attempts, around.batch, around.keys);
        let closed = closed(&states, attempts, record, around);
        let limit = selection
            .limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(usize::MAX);
        let beyond_limit = steps.len().saturating_sub(limit);
        steps.truncate(limit);
        let paid_alike = steps.iter().filter_map(|step| {
            let is_repeated = repeated(states.get(*step)?).is_some();
            let row = rows.get(*step).filter(|_| !is_repeated)?;
            Some((*step, paid_alike(*row, known, around)?))
        });
        Self {
            paid_alike: paid_alike.collect(),
            created_without_row: count(created_without_row(attempts, around.batch, around.keys)),
            states,
            steps,
            beyond_limit: count(beyond_limit),
            missing,
            doubts_without_row: doubts_without_row(attempts, around.batch, around.keys),
            closed,
        }
    }

    /// Whether something about the rows keeps all of them from being sent.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let is_refused = |state: &Option<RowState<_>>| matches!(state, Some(RowState::Refused(_)));
        !self.missing.is_empty() || self.states.iter().any(is_refused)
    }

    /// Count and sum per currency of what is going to be submitted.
    #[must_use]
    pub fn totals(&self, payouts: &[Payout]) -> Totals {
        Totals::of(self.steps.iter().filter_map(|step| payouts.get(*step)))
    }

    /// The places of rows that are submitted although they were paid, as `--repeat` asks, each with
    /// the payout that it repeats.
    pub fn repeated(&self) -> impl Iterator<Item = (usize, &'k Attempt)> {
        let steps = self.steps.iter();
        steps.filter_map(|step| Some((*step, repeated(self.states.get(*step)?)?)))
    }

    /// How many rows `--only` leaves out.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        left_out(self.states.iter().copied())
    }

    /// How many of the rows are in which state.
    #[must_use]
    pub fn counts(&self) -> StateCounts {
        let of_rows = self.states.iter().flatten().map(state_of);
        let without_row = self.doubts_without_row.iter().map(|_| State::InDoubt);
        StateCounts::of(of_rows.chain(without_row))
    }
}

/// How many rows `--only` leaves out.
#[must_use]
pub fn left_out<A>(states: impl Iterator<Item = Option<RowState<A>>>) -> u64 {
    count(states.filter(Option::is_none).count())
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// The payout that a row repeats.
fn repeated<'k>(state: &Option<RowState<&'k Attempt>>) -> Option<&'k Attempt> {
    match state {
        Some(RowState::Pending { last: _, repeats }) => *repeats,
        Some(
            RowState::Created(_)
            | RowState::InDoubt(_)
            | RowState::Rejected(_)
            | RowState::UnderWay(_)
            | RowState::Refused(_),
        )
        | None => None,
    }
}

/// The state of a payout, in the word that an operator reads.
#[must_use]
pub fn state_of<A>(state: &RowState<A>) -> State {
    use crate::ledger::rules::RefusalReason;
    match state {
        RowState::Created(_) => State::Created,
        RowState::InDoubt(_) => State::InDoubt,
        RowState::Rejected(_) => State::Rejected,
        RowState::UnderWay(_) | RowState::Pending { last: None, .. } => State::Pending,
        RowState::Pending { last: Some(_), .. } => State::NotCreated,
        RowState::Refused(refusal) => match refusal.reason {
            RefusalReason::InDoubtElsewhere => State::InDoubt,
            RefusalReason::ReferenceUsed | RefusalReason::Twin | RefusalReason::CaseOfReference => {
                State::Refused
            }
        },
    }
}

/// The attempt that a row's state rests on.
#[must_use]
pub fn attempt_of<A>(state: &RowState<A>) -> Option<&A> {
    match state {
        RowState::Created(attempt)
        | RowState::InDoubt(attempt)
        | RowState::Rejected(attempt)
        | RowState::UnderWay(attempt) => Some(attempt),
        RowState::Pending { last, repeats: _ } => last.as_ref(),
        RowState::Refused(refusal) => Some(&refusal.attempt),
    }
}

fn is_to_send<A>(state: Option<&RowState<A>>) -> bool {
    match state {
        Some(RowState::Pending { .. } | RowState::UnderWay(_)) => true,
        Some(
            RowState::Created(_)
            | RowState::InDoubt(_)
            | RowState::Rejected(_)
            | RowState::Refused(_),
        )
        | None => false,
    }
}

/// Whether nothing more is paid under this file's name.
fn closed<'k>(
    states: &[Option<RowState<&'k Attempt>>],
    attempts: &'k [Attempt],
    record: &BatchRecord,
    around: &Circumstances<'_>,
) -> Option<Closed<'k>> {
    let is_old = |attempt: &Attempt| {
        around.now.signed_duration_since(attempt.started_at) > TWIN_ACROSS_BATCHES
    };
    let created: Vec<&Attempt> = states
        .iter()
        .filter_map(|state| match state {
            Some(RowState::Created(attempt)) => Some(*attempt),
            Some(
                RowState::InDoubt(_)
                | RowState::Rejected(_)
                | RowState::UnderWay(_)
                | RowState::Pending { .. }
                | RowState::Refused(_),
            )
            | None => None,
        })
        .collect();
    if created.len() == states.iter().flatten().count() {
        let newest = created.iter().max_by_key(|attempt| attempt.started_at)?;
        let is_of_others = created.iter().all(|attempt| attempt.batch != *around.batch);
        return (is_of_others || is_old(newest)).then_some(Closed::AllPaid(newest));
    }
    let newest = attempts.iter().max_by_key(|attempt| attempt.started_at)?;
    let has_no_references = attempts
        .iter()
        .any(|attempt| attempt.is_live() && !attempt.key.is_shared());
    let is_finished = record.finished_at.is_some() && has_no_references && is_old(newest);
    let is_new = |state: &Option<RowState<&Attempt>>| {
        matches!(state, Some(RowState::Pending { last: None, .. }))
    };
    let added = states.iter().position(is_new).filter(|_| is_finished)?;
    Some(Closed::Finished { newest, added })
}

/// The rows of an input, each with its key.
#[must_use]
pub fn rows_of<'a>(payouts: &'a [Payout], keys: &'a [PayoutKey]) -> Vec<Row<'a>> {
    payouts
        .iter()
        .zip(keys)
        .map(|(payout, key)| Row { payout, key })
        .collect()
}
