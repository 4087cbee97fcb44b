//! The rules say what a row of the input is, by what the ledger knows: already created, in doubt,
//! rejected, to be sent, or a mistake. They are pure, and the same at the plan and in the
//! transaction that begins an attempt.

use super::attempt::{Attempt, AttemptStatus, Repetition};
use super::content::Content;
use super::id::{AttemptId, BatchId};
use super::key::{PayoutKey, References, folded};
use super::row_keys::Keys;
use crate::domain::Payout;
use chrono::{DateTime, TimeDelta, Utc};
use foldhash::HashMap;
use smallvec::SmallVec;
use std::cell::OnceCell;
use std::collections::HashSet;

/// How long a payout of the same sum to the same account, under another reference of the same file,
/// is taken for the same payout: a mistyped reference is corrected within days.
const TWIN_WITHIN_BATCH: TimeDelta = TimeDelta::days(5);

/// How long a payout of the same sum to the same account, from another file, is taken for the same
/// payout: longer than a copy is left lying about, and shorter than a month, so that a monthly
/// payroll is not held up.
pub const TWIN_ACROSS_BATCHES: TimeDelta = TimeDelta::days(20);

/// What becomes of payouts that the API refused before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RejectedPolicy {
    /// They are left alone.
    #[default]
    Leave,
    /// `--retry-rejected`: they are submitted again.
    Retry,
}

/// A row of the input with its key.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What it pays.
    pub payout: &'a Payout,
    /// Which payout it is.
    pub key: &'a PayoutKey,
}

/// What a row is judged by beside the attempts.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// The batch that is being paid.
    pub batch: &'a BatchId,
    /// How its references count.
    pub references: References,
    /// The keys of all rows of the input.
    pub keys: &'a dyn Keys,
    /// The batches in which another run is at work just now.
    pub at_work: &'a HashSet<BatchId>,
    /// What becomes of rejected payouts.
    pub rejected: RejectedPolicy,
    /// Whether twins that were created are paid again.
    pub repetition: Repetition,
    /// The ledger's time.
    pub now: DateTime<Utc>,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState<A> {
    /// Paid by this attempt: nothing more is done.
    Created(A),
    /// It may have been paid by this attempt of the same batch: `resolve` first.
    InDoubt(A),
    /// The API refused it as it stands.
    Rejected(A),
    /// Another run is submitting it: to be waited for and judged anew.
    UnderWay(A),
    /// To be sent.
    Pending {
        /// The last attempt, which created nothing.
        last: Option<A>,
        /// The payout that it repeats, as `--repeat` asks.
        repeats: Option<A>,
    },
    /// A mistake: nothing is sent.
    Refused(Refusal<A>),
}

impl RowState<&Attempt> {
    /// The same with attempts of its own.
    #[must_use]
    pub fn cloned(self) -> RowState<Attempt> {
        match self {
            Self::Created(attempt) => RowState::Created(attempt.clone()),
            Self::InDoubt(attempt) => RowState::InDoubt(attempt.clone()),
            Self::Rejected(attempt) => RowState::Rejected(attempt.clone()),
            Self::UnderWay(attempt) => RowState::UnderWay(attempt.clone()),
            Self::Pending { last, repeats } => RowState::Pending {
                last: last.cloned(),
                repeats: repeats.cloned(),
            },
            Self::Refused(refusal) => RowState::Refused(Refusal {
                reason: refusal.reason,
                attempt: refusal.attempt.clone(),
            }),
        }
    }
}

impl RowState<Attempt> {
    /// The same with borrowed attempts.
    #[must_use]
    pub fn as_ref(&self) -> RowState<&Attempt> {
        match self {
            Self::Created(attempt) => RowState::Created(attempt),
            Self::InDoubt(attempt) => RowState::InDoubt(attempt),
            Self::Rejected(attempt) => RowState::Rejected(attempt),
            Self::UnderWay(attempt) => RowState::UnderWay(attempt),
            Self::Pending { last, repeats } => RowState::Pending {
                last: last.as_ref(),
                repeats: repeats.as_ref(),
            },
            Self::Refused(refusal) => RowState::Refused(refusal.as_ref()),
        }
    }
}

/// Why a row is a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<A> {
    /// What is wrong about it.
    pub reason: RefusalReason,
    /// The attempt that it collides with.
    pub attempt: A,
}

impl Refusal<Attempt> {
    /// The same with a borrowed attempt.
    #[must_use]
    pub fn as_ref(&self) -> Refusal<&Attempt> {
        Refusal {
            reason: self.reason,
            attempt: &self.attempt,
        }
    }
}

/// What is wrong about a row, by the attempt that it collides with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The reference was used for a payout with another currency, account or amount.
    ReferenceUsed,
    /// It may have been paid by an attempt of another batch.
    InDoubtElsewhere,
    /// The same sum was paid to the same account by an attempt that no row of the input stands
    /// for any more.
    Twin,
    /// The reference equals one that was used, but is written otherwise: in another case, or as the number
    /// that it was taken for.
    SpellingOfReference,
}

/// Attempts, found by key, by content and by reference.
#[derive(Clone, Debug, Default)]
pub struct Known {
    attempts: Vec<Attempt>,
    by_key: OnceCell<HashMap<PayoutKey, Places>>,
    names: OnceCell<Names>,
    twins: OnceCell<Twins>,
}

/// Where the attempts of a key are, in the order in which they were begun: nearly every key has one.
type Places = SmallVec<[usize; 1]>;

/// Attempts, found by what names each. They are sought when a results file is adopted.
#[derive(Clone, Debug, Default)]
struct Names {
    by_id: HashMap<AttemptId, usize>,
    by_invoice_id: HashMap<String, usize>,
}

impl Names {
    fn among(attempts: &[Attempt]) -> Self {
        let mut names = Self::default();
        for (index, attempt) in attempts.iter().enumerate() {
            names.add(index, attempt);
        }
        names
    }

    fn add(&mut self, index: usize, attempt: &Attempt) {
        self.by_id.insert(attempt.id, index);
        let invoice_id = &attempt.ending.invoice_id;
        if !invoice_id.is_empty() {
            self.by_invoice_id.insert(invoice_id.clone(), index);
        }
    }
}

/// Live attempts, found by what they pay and by their reference. They are sought for rows that are to
/// be sent, and a batch that was paid has none: so they are indexed when the first is sought.
#[derive(Clone, Debug, Default)]
struct Twins {
    by_content: HashMap<Content, Vec<usize>>,
    by_reference: HashMap<String, Vec<usize>>,
}

impl Twins {
    fn among(attempts: &[Attempt]) -> Self {
        let mut twins = Self::default();
        let live = attempts.iter().enumerate().filter(|(_, it)| it.is_live());
        for (index, attempt) in live {
            let content = twins.by_content.entry(attempt.content.clone());
            content.or_default().push(index);
            if !attempt.reference.is_empty() {
                let reference = twins.by_reference.entry(folded(&attempt.reference));
                reference.or_default().push(index);
            }
        }
        twins
    }
}

/// No two of the attempts may have the same id.
impl From<Vec<Attempt>> for Known {
    fn from(attempts: Vec<Attempt>) -> Self {
        Self {
            attempts,
            ..Self::default()
        }
    }
}

/// The places of the attempts of each key.
fn places_by_key(attempts: &[Attempt]) -> HashMap<PayoutKey, Places> {
    let mut by_key: HashMap<PayoutKey, Places> = HashMap::default();
    by_key.reserve(attempts.len());
    for (index, attempt) in attempts.iter().enumerate() {
        let of_key = by_key.entry(attempt.key.clone()).or_default();
        put_in_order(of_key, index, attempt, attempts);
    }
    by_key
}

/// Adds the place of an attempt to those of its key.
fn put_in_order(of_key: &mut Places, index: usize, attempt: &Attempt, attempts: &[Attempt]) {
    let mut others = of_key.iter().filter_map(|at| attempts.get(*at));
    let later = others.position(|it| it.number > attempt.number);
    of_key.insert(later.unwrap_or(of_key.len()), index);
}

impl Known {
    /// Adds attempts; one that is known already is left as it is.
    pub fn extend(&mut self, attempts: impl IntoIterator<Item = Attempt>) {
        let mut attempts = attempts.into_iter().peekable();
        if attempts.peek().is_none() {
            return;
        }
        self.twins.take();
        let by_key = self.by_key.take();
        let mut by_key = by_key.unwrap_or_else(|| places_by_key(&self.attempts));
        self.attempts.reserve(attempts.size_hint().0);
        by_key.reserve(attempts.size_hint().0);
        for attempt in attempts {
            let index = self.attempts.len();
            let of_key = by_key.entry(attempt.key.clone()).or_default();
            let mut known = of_key.iter().filter_map(|at| self.attempts.get(*at));
            if known.any(|it| it.id == attempt.id) {
                continue;
            }
            put_in_order(of_key, index, &attempt, &self.attempts);
            if let Some(names) = self.names.get_mut() {
                names.add(index, &attempt);
            }
            self.attempts.push(attempt);
        }
        self.by_key = by_key.into();
    }

    fn by_key(&self) -> &HashMap<PayoutKey, Places> {
        self.by_key.get_or_init(|| places_by_key(&self.attempts))
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::among(&self.attempts))
    }

    fn twins(&self) -> &Twins {
        self.twins.get_or_init(|| Twins::among(&self.attempts))
    }

    fn is_any_live(&self) -> bool {
        !self.twins().by_content.is_empty()
    }

    /// Takes the place of an attempt with the same id; content and key stay as they are.
    pub fn replace(&mut self, attempt: Attempt) {
        let Some(index) = self.names().by_id.get(&attempt.id).copied() else {
            return self.extend([attempt]);
        };
        self.twins.take();
        let Some(place) = self.attempts.get_mut(index) else {
            return;
        };
        if let Some(names) = self.names.get_mut() {
            names.by_invoice_id.remove(&place.ending.invoice_id);
            names.add(index, &attempt);
        }
        *place = attempt;
    }

    /// The attempt of this id.
    #[must_use]
    pub(super) fn of_id(&self, id: &AttemptId) -> Option<&Attempt> {
        self.attempts.get(*self.names().by_id.get(id)?)
    }

    /// The attempt that the API answered with this invoice id.
    #[must_use]
    pub(super) fn of_invoice_id(&self, invoice_id: &str) -> Option<&Attempt> {
        self.attempts
            .get(*self.names().by_invoice_id.get(invoice_id)?)
    }

    /// Every attempt.
    #[must_use]
    pub fn all(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The attempts of a key, in the order in which they were begun.
    #[must_use]
    pub fn of_key(&self, key: &PayoutKey) -> impl DoubleEndedIterator<Item = &Attempt> + Clone {
        let places = self.by_key().get(key).into_iter().flatten();
        places.filter_map(|place| self.attempts.get(*place))
    }

    /// The place in [`Self::all`] of the attempt that created this row's payout.
    #[must_use]
    pub fn creator(&self, row: Row<'_>) -> Option<usize> {
        let mut places = self.by_key().get(row.key)?.iter().copied();
        places.find(|place| self.has_created(*place, row))
    }

    /// Whether the attempt at a place in [`Self::all`] has created this row's payout.
    #[must_use]
    pub fn has_created(&self, place: usize, row: Row<'_>) -> bool {
        let attempt = self.attempts.get(place);
        attempt.is_some_and(|it| it.key == *row.key && creates(it, row.payout))
    }

    /// How many attempts of a key have created this in this batch; all but one of a key are extra.
    #[must_use]
    pub fn created_in(
        &self,
        batch: &BatchId,
        key: &PayoutKey,
        is_this: impl Fn(&Content) -> bool,
    ) -> u64 {
        let created = self.of_key(key).filter(|it| {
            it.status() == AttemptStatus::Created && it.batch == *batch && is_this(&it.content)
        });
        u64::try_from(created.count()).unwrap_or(u64::MAX)
    }

    fn at(&self, indices: Option<&Vec<usize>>) -> Vec<&Attempt> {
        let indices = indices.into_iter().flatten();
        indices
            .filter_map(|index| self.attempts.get(*index))
            .collect()
    }
}

/// Says what a row is. `known` must hold every attempt of its key, and every live attempt with its
/// content or with its reference in any spelling.
#[must_use]
pub fn judge<'a>(
    row: Row<'_>,
    known: &'a Known,
    around: &Circumstances<'_>,
) -> RowState<&'a Attempt> {
    let state = state_of_key(row, known, around);
    match state {
        RowState::Pending { last, repeats: _ } => match twin(row, known, around) {
            None => state,
            Some(twin)
                if twin.reason == RefusalReason::Twin && is_repeated(twin.attempt, around) =>
            {
                RowState::Pending {
                    last,
                    repeats: Some(twin.attempt),
                }
            }
            Some(refusal) => RowState::Refused(refusal),
        },
        RowState::Created(_)
        | RowState::InDoubt(_)
        | RowState::Rejected(_)
        | RowState::UnderWay(_)
        | RowState::Refused(_) => state,
    }
}

/// What a row is by the attempts of its own key.
fn state_of_key<'a>(
    row: Row<'_>,
    known: &'a Known,
    around: &Circumstances<'_>,
) -> RowState<&'a Attempt> {
    let attempts = known.of_key(row.key);
    let Some(last) = attempts.clone().next_back() else {
        return RowState::Pending {
            last: None,
            repeats: None,
        };
    };
    if let Some(same) = attempts.clone().find(|it| creates(it, row.payout)) {
        return RowState::Created(same);
    }
    let is_created = |attempt: &&Attempt| attempt.status() == AttemptStatus::Created;
    let mut created = attempts.clone().filter(is_created);
    if let Some(other) = created.next_back() {
        return refused(RefusalReason::ReferenceUsed, other);
    }
    let mut in_doubt = attempts.filter(|attempt| attempt.status().is_in_doubt());
    if let Some(doubt) = in_doubt.next_back() {
        let is_under_way =
            doubt.status() == AttemptStatus::Submitting && around.at_work.contains(&doubt.batch);
        return if is_under_way {
            RowState::UnderWay(doubt)
        } else if doubt.batch == *around.batch {
            RowState::InDoubt(doubt)
        } else {
            refused(RefusalReason::InDoubtElsewhere, doubt)
        };
    }
    let is_rejected = last.status() == AttemptStatus::Rejected && last.content.is_of(row.payout);
    if is_rejected && around.rejected == RejectedPolicy::Leave {
        return RowState::Rejected(last);
    }
    RowState::Pending {
        last: Some(last),
        repeats: None,
    }
}

/// Whether an attempt has created a payout.
fn creates(attempt: &Attempt, payout: &Payout) -> bool {
    attempt.status() == AttemptStatus::Created && attempt.content.is_of(payout)
}

fn refused(reason: RefusalReason, attempt: &Attempt) -> RowState<&Attempt> {
    RowState::Refused(Refusal { reason, attempt })
}

/// A live attempt that pays the same as a row, or under nearly the same reference, and that no row
/// of the input stands for.
fn twin<'a>(
    row: Row<'_>,
    known: &'a Known,
    around: &Circumstances<'_>,
) -> Option<Refusal<&'a Attempt>> {
    if !known.is_any_live() {
        return None; // A first batch asks for each of its rows.
    }
    let twins = equal_without_row(row, known, around)
        .into_iter()
        .filter(|attempt| is_twin(row, attempt, around));
    // One that is not created is told first: it cannot be repeated.
    let twin = twins
        .min_by_key(|attempt| attempt.status() == AttemptStatus::Created)
        .map(|attempt| Refusal {
            reason: RefusalReason::Twin,
            attempt,
        });
    if twin.is_some_and(|twin| !is_repeated(twin.attempt, around)) {
        return twin;
    }
    if !row.payout.reference.is_empty() {
        let alike = known.at(known
            .twins()
            .by_reference
            .get(&folded(&row.payout.reference)));
        let mut alike = alike
            .into_iter()
            .filter(|attempt| !around.keys.contains(&attempt.key))
            .filter(|attempt| count_alike(row, attempt, around));
        if let Some(other) = alike.next() {
            return Some(Refusal {
                reason: RefusalReason::SpellingOfReference,
                attempt: other,
            });
        }
    }
    twin
}

/// The newest payout of the same sum to the same account within [`TWIN_ACROSS_BATCHES`] that no row
/// of the input stands for: of a row that [`judge`] lets be sent it is one under another reference.
#[must_use]
pub fn paid_alike<'a>(
    row: Row<'_>,
    known: &'a Known,
    around: &Circumstances<'_>,
) -> Option<&'a Attempt> {
    if !known.is_any_live() {
        return None;
    }
    let age = |attempt: &Attempt| around.now.signed_duration_since(attempt.started_at);
    equal_without_row(row, known, around)
        .into_iter()
        .filter(|attempt| age(attempt) <= TWIN_ACROSS_BATCHES)
        .max_by_key(|attempt| attempt.started_at)
}

/// The live attempts that pay what a row pays, and whose own key no row of the input has.
fn equal_without_row<'a>(
    row: Row<'_>,
    known: &'a Known,
    around: &Circumstances<'_>,
) -> Vec<&'a Attempt> {
    let mut equal = known.at(known.twins().by_content.get(&Content::of(row.payout)));
    equal.retain(|attempt| !around.keys.contains(&attempt.key));
    equal
}

/// Whether an attempt with the content of a row is taken for its payout.
fn is_twin(row: Row<'_>, attempt: &Attempt, around: &Circumstances<'_>) -> bool {
    let age = around.now.signed_duration_since(attempt.started_at);
    let both_have_references = !row.payout.reference.is_empty() && !attempt.reference.is_empty();
    if attempt.batch == *around.batch {
        !both_have_references || age <= TWIN_WITHIN_BATCH
    } else {
        let both_shared = both_have_references && row.key.is_shared() && attempt.key.is_shared();
        !both_shared && age <= TWIN_ACROSS_BATCHES
    }
}

/// Whether the references of a row and of an attempt count in the same place.
fn count_alike(row: Row<'_>, attempt: &Attempt, around: &Circumstances<'_>) -> bool {
    attempt.batch == *around.batch || (row.key.is_shared() && attempt.key.is_shared())
}

fn is_repeated(twin: &Attempt, around: &Circumstances<'_>) -> bool {
    match around.repetition {
        Repetition::Asked => twin.status() == AttemptStatus::Created,
        Repetition::Refused => false,
    }
}

/// The attempts of a batch in doubt that were made with a reference that counts over all batches,
/// and whose row is no longer in the input. Nobody is paid twice by that, and the doubt stays.
#[must_use]
pub fn doubts_without_row<'a>(
    attempts: &'a [Attempt],
    batch: &BatchId,
    keys: &dyn Keys,
) -> Vec<&'a Attempt> {
    let is_doubt = |it: &&Attempt| it.status().is_in_doubt() && it.key.is_shared();
    let doubts = attempts.iter().filter(is_doubt);
    without_row(doubts, batch, keys).collect()
}

/// The live attempts of a batch that were made without a reference, or per file, and whose row is
/// no longer in the input. Each is a mistake whatever else the input holds: the row was changed,
/// or the file is used for another batch.
#[must_use]
pub fn missing_rows<'a>(
    attempts: &'a [Attempt],
    batch: &BatchId,
    keys: &dyn Keys,
) -> Vec<&'a Attempt> {
    let has_own_row = |it: &&Attempt| it.is_live() && !it.key.is_shared();
    let attempts = attempts.iter().filter(has_own_row);
    without_row(attempts, batch, keys).collect()
}

/// Those of a batch whose row is not in the input.
fn without_row<'a>(
    attempts: impl Iterator<Item = &'a Attempt>,
    batch: &BatchId,
    keys: &dyn Keys,
) -> impl Iterator<Item = &'a Attempt> {
    attempts.filter(move |attempt| attempt.batch == *batch && !keys.contains(&attempt.key))
}
