//! Where the rows of an input stand, some thousands at a time: a million rows take no more memory
//! than these. Nothing is locked, sent or written.

use super::open::{OpenError, Opened, Wanted, look};
use super::results::{Results, Storage};
use super::run::learn;
use crate::domain::Payout;
use crate::ledger::attempt::Repetition;
use crate::ledger::history::Position;
use crate::ledger::row_keys::Keys;
use crate::ledger::rules::{Circumstances, Known, RejectedPolicy, Row, RowState, judge};
use crate::ledger::{
    Attempt, AttemptStatus, BatchId, BatchRecord, Content, Engine, Ledger, LedgerError, PayoutKey,
    Realm,
};
use chrono::{DateTime, Utc};
use std::collections::HashSet;

/// What of a batch has to do with all rows of its input.
#[derive(Debug)]
pub struct Overview {
    /// The batch.
    pub record: BatchRecord,
    /// Whether another run is at work on it.
    pub is_at_work: bool,
    /// All of its attempts, where its results file says something else than the ledger. All rows
    /// are to be looked up at once then.
    pub attempts: Option<Vec<Attempt>>,
    /// The live attempts whose keys count in this batch alone.
    pub own: Vec<Attempt>,
    /// The attempts in doubt.
    pub doubts: Vec<Attempt>,
    /// How many are created.
    pub created: u64,
}

impl Overview {
    fn of(record: BatchRecord, is_at_work: bool) -> Self {
        Self {
            record,
            is_at_work,
            attempts: None,
            own: Vec::new(),
            doubts: Vec::new(),
            created: 0,
        }
    }

    fn count(&mut self, attempts: &[Attempt]) {
        for attempt in attempts {
            if attempt.is_live() && !attempt.key.is_shared() {
                self.own.push(attempt.clone());
            }
            if attempt.status().is_in_doubt() {
                self.doubts.push(attempt.clone());
            }
            if attempt.status() == AttemptStatus::Created {
                self.created = self.created.saturating_add(1);
            }
        }
    }
}

/// The overview of the batch of a path. Its attempts are held in memory only where the results
/// file says something else.
///
/// # Errors
/// See [`OpenError`].
pub async fn overview<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
) -> Result<Overview, OpenError> {
    if let Some(overview) = overview_unchanged(ledger, results, wanted).await? {
        return Ok(overview);
    }
    let Opened {
        record,
        attempts,
        notices: _,
        is_at_work,
    } = look(ledger, results, wanted).await?;
    let mut overview = Overview::of(record, is_at_work);
    overview.count(&attempts);
    overview.attempts = Some(attempts);
    Ok(overview)
}

/// The same of a batch whose results file says what the ledger says; `None` of another.
///
/// # Errors
/// See [`OpenError`].
pub async fn overview_unchanged<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
) -> Result<Option<Overview>, OpenError> {
    let Some(record) = ledger.batch_at(wanted.realm, wanted.path).await? else {
        return Ok(None);
    };
    let mut comparison = results.compare()?;
    let mut position = Position::default();
    let is_at_work = ledger.is_at_work(&record.id).await?;
    let mut overview = Overview::of(record, is_at_work);
    loop {
        let page = ledger.page_of(&overview.record.id, &mut position).await?;
        if page.is_empty() {
            break;
        }
        overview.count(&page);
        comparison.take(&page)?;
    }
    let is_unchanged = position != Position::default() && results.agrees(comparison)?;
    Ok(is_unchanged.then_some(overview))
}

/// Some rows of an input with all that the ledger knows about them.
#[derive(Debug)]
pub struct Part {
    rows: Vec<(Payout, PayoutKey)>,
    known: Known,
    at_work: HashSet<BatchId>,
    now: DateTime<Utc>,
}

impl Part {
    /// Asks the ledger about the next rows.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn gather<E: Engine>(
        ledger: &mut Ledger<E>,
        overview: &mut Overview,
        realm: Realm,
        rows: Vec<(Payout, PayoutKey)>,
    ) -> Result<Self, LedgerError> {
        let mut known = Known::from(overview.attempts.take().unwrap_or_default());
        learn(ledger, realm, &rows, &mut known).await?;
        let own = &overview.record.id;
        let mut at_work = ledger.at_work(known.all(), own).await?;
        at_work.extend(overview.is_at_work.then_some(*own));
        Ok(Self {
            rows,
            known,
            at_work,
            now: ledger.now().await?,
        })
    }

    /// Where each of these rows stands. `keys` are those of all rows of the input.
    pub fn states<'p>(
        &'p self,
        record: &'p BatchRecord,
        keys: &'p dyn Keys,
    ) -> impl Iterator<Item = (&'p Payout, RowState<&'p Attempt>)> + Clone {
        let around = Circumstances {
            batch: &record.id,
            references: record.references,
            keys,
            at_work: &self.at_work,
            rejected: RejectedPolicy::Leave,
            repetition: Repetition::Refused,
            now: self.now,
        };
        self.rows.iter().map(move |(payout, key)| {
            let state = judge(Row { payout, key }, &self.known, &around);
            (payout, state)
        })
    }

    /// How many created attempts of a batch these rows stand for.
    #[must_use]
    pub fn created_of(&self, batch: &BatchId) -> u64 {
        let created = self.rows.iter().map(|(payout, key)| {
            let is_row = |content: &Content| content.is_of(payout);
            self.known.created_in(batch, key, is_row)
        });
        created.fold(0, u64::saturating_add)
    }
}
