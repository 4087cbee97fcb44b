//! A [`Plan`] says what every row of the input is, and which are going to be submitted. It is
//! decided before the first request leaves, and again for each row when it is begun.

use crate::domain::{Batch, State, StateCounts, Totals};
use crate::ledger::row_keys::RowKeys;
use crate::ledger::rules::{
    Circumstances, Known, Refusal, Row, RowState, TWIN_ACROSS_BATCHES, doubts_without_row, judge,
    missing_rows, paid_alike,
};
use crate::ledger::{Attempt, AttemptStatus, BatchRecord, Content, PaidBefore};
use foldhash::quality::RandomState;
use std::collections::HashSet;
use std::hash::BuildHasher as _;

/// Which rows are to be paid in this run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The lines of the rows that `--only` names; `None` for all.
    pub only: Option<HashSet<u64>>,
    /// `--limit`: how many at most.
    pub limit: Option<u64>,
}

impl Selection {
    /// Whether it leaves out no row.
    fn is_all(&self) -> bool {
        let Self { only, limit } = self;
        only.is_none() && limit.is_none()
    }
}

/// What every row of the input is.
#[derive(Clone, Debug, Default)]
pub struct Plan<'k> {
    /// The states of the rows.
    pub states: RowStates<'k>,
    /// The rows to submit, by their places in the input.
    pub steps: Vec<usize>,
    /// Count and sum per currency of the rows to submit.
    pub to_submit: Totals,
    /// How many more could be submitted, were it not for the limit.
    pub beyond_limit: u64,
    /// The places of rows to submit whose recipient was never paid before; each recipient once.
    pub new_recipients: Vec<usize>,
    /// Live attempts of this batch whose row is no longer in the input.
    pub missing: Vec<&'k Attempt>,
    /// Attempts of this batch in doubt whose row, with its reference, is no longer in the input.
    pub doubts_without_row: Vec<&'k Attempt>,
    /// How many payouts of this batch are created whose row is no longer in the input as it was.
    pub created_without_row: u64,
    /// The places of rows to submit that pay what was paid not long ago under another reference,
    /// each with that payout.
    pub paid_alike: Vec<(usize, &'k Attempt)>,
    /// Why nothing more is paid under this file's name.
    pub closed: Option<Closed<'k>>,
}

/// The states of all rows, in the input's order; `None` for a row that `--only` leaves out.
#[derive(Clone, Debug)]
pub enum RowStates<'k> {
    /// Each row has its own.
    Each(Vec<Option<RowState<&'k Attempt>>>),
    /// So many rows, and none was ever attempted. A million of them take no memory.
    AllNew(usize),
}

impl Default for RowStates<'_> {
    fn default() -> Self {
        Self::Each(Vec::new())
    }
}

impl<'k> RowStates<'k> {
    /// One after the other.
    pub fn iter(
        &self,
    ) -> impl Iterator<Item = Option<RowState<&'k Attempt>>> + Clone + use<'_, 'k> {
        let count = match self {
            Self::Each(states) => states.len(),
            Self::AllNew(count) => *count,
        };
        (0..count).map(|place| self.at(place))
    }

    /// That of the row at this place.
    fn at(&self, place: usize) -> Option<RowState<&'k Attempt>> {
        match self {
            Self::Each(states) => states.get(place).copied().flatten(),
            Self::AllNew(_) => Some(RowState::Pending {
                last: None,
                repeats: None,
            }),
        }
    }
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

/// What a plan is made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'k> {
    /// All that the ledger knows about the rows.
    pub known: &'k Known,
    /// The attempts of the batch.
    pub attempts: &'k [Attempt],
    /// Whom the ledger has paid before, of the recipients of rows that are not created.
    pub paid: &'k PaidBefore,
    /// The places in `known` of the attempts that have created rows, in the order of the rows.
    pub creators: &'k [usize],
}

impl Facts<'_> {
    /// Whether nothing is known about any row.
    fn are_none(&self) -> bool {
        self.known.all().is_empty() && self.paid.is_empty()
    }
}

impl<'k> Plan<'k> {
    /// Says what every row is.
    #[must_use]
    pub fn new(
        rows: &RowKeys<'_>,
        facts: Facts<'k>,
        record: &BatchRecord,
        around: &Circumstances<'_>,
        selection: &Selection,
    ) -> Self {
        let (payouts, attempts) = (rows.payouts(), facts.attempts);
        let mut planning = Planning {
            facts,
            around: *around,
            selection,
            // A list that grows takes twice its memory meanwhile.
            plan: Self {
                steps: Vec::with_capacity(payouts.count()),
                ..Self::default()
            },
            created: 0,
            seen: foldhash::HashSet::default(),
            hashing: RandomState::default(),
        };
        let of_batch = attempts.iter();
        let of_batch = of_batch.filter(|it| it.status() == AttemptStatus::Created);
        let created_of_batch = count(of_batch.count());
        let states = if facts.are_none() && selection.is_all() {
            planning.all_new(payouts)
        } else if facts.creators.len() == payouts.count() && selection.is_all() {
            planning.all_created(created_of_batch)
        } else {
            planning.each(rows)
        };
        let Planning { plan, created, .. } = planning;
        Self {
            created_without_row: created_of_batch.saturating_sub(created),
            missing: missing_rows(attempts, around.batch, around.keys),
            doubts_without_row: doubts_without_row(attempts, around.batch, around.keys),
            closed: closed(&states, attempts, record, around),
            states,
            ..plan
        }
    }

    /// Whether something about the rows keeps all of them from being sent.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        let is_refused = |state| matches!(state, Some(RowState::Refused(_)));
        !self.missing.is_empty() || self.states.iter().any(is_refused)
    }

    /// The places of rows that are a mistake, each with what it collides with.
    #[must_use]
    pub fn refused(&self) -> Vec<(usize, Refusal<&'k Attempt>)> {
        let states = self.states.iter().enumerate();
        let refused = states.filter_map(|(place, state)| match state {
            Some(RowState::Refused(refusal)) => Some((place, refusal)),
            Some(
                RowState::Created(_)
                | RowState::InDoubt(_)
                | RowState::Rejected(_)
                | RowState::UnderWay(_)
                | RowState::Pending { .. },
            )
            | None => None,
        });
        refused.collect()
    }

    /// The places of rows that are submitted although they were paid, as `--repeat` asks, each with
    /// the payout that it repeats.
    pub fn repeated(&self) -> impl Iterator<Item = (usize, &'k Attempt)> {
        let steps = self.steps.iter();
        steps.filter_map(|step| Some((*step, repeated(self.states.at(*step))?)))
    }

    /// How many rows `--only` leaves out.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        left_out(self.states.iter())
    }

    /// How many of the rows are in which state.
    #[must_use]
    pub fn counts(&self) -> StateCounts {
        let of_rows = self.states.iter().flatten().map(|state| state_of(&state));
        let without_row = self.doubts_without_row.iter().map(|_| State::InDoubt);
        StateCounts::of(of_rows.chain(without_row))
    }
}

/// A plan that is being made, row by row.
struct Planning<'p, 'k> {
    facts: Facts<'k>,
    around: Circumstances<'p>,
    selection: &'p Selection,
    plan: Plan<'k>,
    /// How many created attempts of the batch have a row.
    created: u64,
    /// The hashes of the new recipients' accounts.
    seen: foldhash::HashSet<u64>,
    hashing: RandomState,
}

impl<'p, 'k> Planning<'p, 'k> {
    /// Says what each row is.
    fn each(&mut self, rows: &RowKeys<'_>) -> RowStates<'k> {
        let mut states = Vec::with_capacity(rows.payouts().count());
        for (place, (payout, key)) in rows.rows().enumerate() {
            let (payout, key) = (&payout, &key);
            states.push(self.row(place, Row { payout, key }));
        }
        RowStates::Each(states)
    }

    /// Says what the row at this place is.
    fn row(&mut self, place: usize, row: Row<'_>) -> Option<RowState<&'k Attempt>> {
        let Facts { known, .. } = self.facts;
        let only = self.selection.only.as_ref();
        let is_selected = only.is_none_or(|lines| lines.contains(&row.payout.line));
        let state = is_selected.then(|| judge(row, known, &self.around));
        let is_row = |content: &Content| content.is_of(row.payout);
        let created = known.created_in(self.around.batch, row.key, is_row);
        self.created = self.created.saturating_add(created);
        if is_to_send(state) {
            let steps = count(self.plan.steps.len());
            if self.selection.limit.is_some_and(|limit| limit <= steps) {
                self.plan.beyond_limit = self.plan.beyond_limit.saturating_add(1);
            } else {
                self.step(place, row, state);
            }
        }
        state
    }

    /// Adds a row that is to be submitted.
    fn step(&mut self, place: usize, row: Row<'_>, state: Option<RowState<&'k Attempt>>) {
        let Facts { known, paid, .. } = self.facts;
        let payout = row.payout;
        self.plan.steps.push(place);
        let counted = self
            .plan
            .to_submit
            .add_units(payout.currency, payout.minor_units);
        debug_assert!(counted.is_ok(), "a part of a batch that was counted");
        if repeated(state).is_none() {
            let alike = paid_alike(row, known, &self.around);
            self.plan
                .paid_alike
                .extend(alike.map(|alike| (place, alike)));
        }
        let is_new = paid.account(&payout.account).is_none();
        if is_new && self.seen.insert(self.hashing.hash_one(&payout.account)) {
            self.plan.new_recipients.push(place);
        }
    }

    /// Says that no row was ever attempted, because nothing is known about any.
    fn all_new(&mut self, payouts: &dyn Batch) -> RowStates<'k> {
        self.plan.steps.extend(0..payouts.count());
        self.plan.to_submit = payouts.totals();
        self.plan.new_recipients = payouts.recipients();
        RowStates::AllNew(payouts.count())
    }

    /// Says that all rows are created, each by the attempt that is known to have created it.
    /// `created_of_batch` of the batch's attempts are.
    fn all_created(&mut self, created_of_batch: u64) -> RowStates<'k> {
        let Facts {
            known, creators, ..
        } = self.facts;
        let creators = creators.iter().filter_map(|place| known.all().get(*place));
        let own = creators.clone().filter(|it| it.batch == *self.around.batch);
        self.created = count(own.count());
        if self.created < created_of_batch {
            // Some have no row, or are extra.
            let created = creators.clone().map(|attempt| {
                let is_row = |content: &Content| *content == attempt.content;
                known.created_in(self.around.batch, &attempt.key, is_row)
            });
            self.created = created.fold(0, u64::saturating_add);
        }
        RowStates::Each(creators.map(|it| Some(RowState::Created(it))).collect())
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
fn repeated(state: Option<RowState<&Attempt>>) -> Option<&Attempt> {
    match state {
        Some(RowState::Pending { last: _, repeats }) => repeats,
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
            RefusalReason::ReferenceUsed
            | RefusalReason::Twin
            | RefusalReason::SpellingOfReference => State::Refused,
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

fn is_to_send<A>(state: Option<RowState<A>>) -> bool {
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
    states: &RowStates<'k>,
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
            Some(RowState::Created(attempt)) => Some(attempt),
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
    let is_new = |state| matches!(state, Some(RowState::Pending { last: None, .. }));
    let added = states.iter().position(is_new).filter(|_| is_finished)?;
    Some(Closed::Finished { newest, added })
}
