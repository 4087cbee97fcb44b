//! A run, from an input that was checked to its end: open the batch, plan, ask, submit. The program
//! and the simulation call the same sequence.

use super::gateway::Gateway;
use super::open::{self, OpenError, Opened};
use super::pacer::{Clock, Pacer, step};
use super::plan::{Facts, Plan, RowStates, Selection};
use super::publish::publish;
use super::results::Storage;
use super::stop::Stop;
use super::submit::{Observer, Order, Records, Submission, World, submit};
use crate::domain::{Batch, HaltCheck, HaltPolicy, Payout};
use crate::ledger::attempt::Repetition;
use crate::ledger::engine::LookUp;
use crate::ledger::row_keys::{Keys, RowKeys};
use crate::ledger::rules::{Circumstances, Known, RejectedPolicy, Row, RowState};
use crate::ledger::{
    Attempt, BatchId, BatchPath, BatchRecord, Engine, Ledger, LedgerError, Pace, PaidBefore,
    PayoutKey, Realm, References,
};
use crate::secret::ApiKey;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::Duration;

/// What is asked of a run.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The payouts of the input.
    pub payouts: &'a dyn Batch,
    /// Where money moves.
    pub realm: Realm,
    /// The API's host, as the results file's column `api` has it.
    pub host: &'a str,
    /// Where the results file is.
    pub path: &'a BatchPath,
    /// How references are to count; `None` leaves it as it is.
    pub references: Option<References>,
    /// Whether twins that were created are paid again.
    pub repetition: Repetition,
    /// What becomes of rejected payouts.
    pub rejected: RejectedPolicy,
    /// Which rows are to be paid.
    pub selection: Selection,
    /// When the batch stops early.
    pub halt: HaltPolicy,
    /// How long a lost connection is waited for.
    pub patience: Duration,
    /// The interval between requests.
    pub interval: Duration,
}

/// What is known before anything is sent.
#[derive(Debug)]
pub struct Prospect<'p> {
    /// The batch.
    pub record: &'p BatchRecord,
    /// The payouts of the input.
    pub payouts: &'p dyn Batch,
    /// What they are.
    pub plan: &'p Plan<'p>,
    /// Where the results files are of the other batches that the plan speaks of.
    pub paths: &'p Paths,
    /// Whom the ledger has paid before.
    pub paid: &'p PaidBefore,
}

impl<'p> Prospect<'p> {
    /// The payouts that are going to be submitted.
    pub fn to_submit(&self) -> impl Iterator<Item = Payout> + use<'p> {
        self.payouts.at(&self.plan.steps)
    }
}

/// Where the results files of batches are.
pub type Paths = BTreeMap<BatchId, BatchPath>;

/// Who decides, when the plan is known, whether it is carried out, and by which gateway.
pub trait Operator<G> {
    /// Why the gateway could not be made.
    type Error;

    /// Looks at the plan; `None` if it is not to be carried out.
    fn agree(
        &mut self,
        prospect: &Prospect<'_>,
    ) -> impl Future<Output = Result<Option<Agreed<G>>, Self::Error>>;

    /// The batch was opened; what is to be told about it.
    fn opened(&mut self, opened: &Opened);
}

/// What a plan is carried out with.
#[derive(Debug)]
pub struct Agreed<G> {
    /// What payouts are submitted to.
    pub gateway: G,
    /// The API key, whose pace is kept.
    pub key: ApiKey,
}

/// Why a run could not begin. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum RunError<X> {
    /// The batch cannot be opened.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// The ledger cannot be read.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// The gateway could not be made.
    #[error("the plan was not carried out")]
    Operator(X),
}

/// Where a batch stands after a run.
#[derive(Debug)]
pub struct Report<'k> {
    /// The batch.
    pub record: BatchRecord,
    /// What the ledger knew about the rows before.
    pub knowledge: &'k Knowledge,
    /// Attempts of the batch in doubt whose row is no longer in the input.
    pub doubts_without_row: Vec<&'k Attempt>,
    /// How many payouts of the batch are created whose row is no longer in the input as it was.
    pub created_without_row: u64,
    /// What the run came to; `None` if the plan was not carried out.
    pub submission: Option<Submission>,
    /// The state of each row before.
    planned: RowStates<'k>,
}

impl Report<'_> {
    /// The state of each row now; `None` for those that `--only` leaves out.
    pub fn states(&self) -> impl Iterator<Item = Option<RowState<&Attempt>>> + Clone {
        let changed = |row| self.submission.as_ref()?.states.get(&row);
        let planned = self.planned.iter().enumerate();
        planned.map(move |(row, planned)| match changed(row) {
            Some(state) => Some(state.as_ref()),
            None => planned,
        })
    }
}

/// Opens a batch, plans, asks the operator, and submits. What the ledger knows about the rows is
/// put into `knowledge`, from which the report tells it.
///
/// # Errors
/// See [`RunError`]. Nothing was sent then.
pub async fn run<'k, E, S, G, C, O, P>(
    request: &Request<'_>,
    records: Records<'_, E, S>,
    (clock, stop): (&C, &Stop),
    (operator, observer): (&mut P, &mut O),
    knowledge: &'k mut Option<Knowledge>,
) -> Result<Report<'k>, RunError<P::Error>>
where
    E: Engine,
    S: Storage,
    G: Gateway,
    C: Clock,
    O: Observer,
    P: Operator<G>,
{
    let Records { ledger, results } = records;
    let wanted = open::Wanted {
        realm: request.realm,
        host: Some(request.host),
        path: request.path,
        references: request.references,
        payouts: request.payouts,
    };
    let mut opened = open::open(ledger, results, &wanted).await?;
    operator.opened(&opened);
    let knowledge = &*knowledge.insert(Knowledge::gather(ledger, request, &mut opened).await?);
    let keys = knowledge.keys(request, &opened.record);
    let plan = knowledge.plan(request, &opened.record, &keys);
    let prospect = knowledge.prospect(request, &opened.record, &plan);
    let agreed = operator
        .agree(&prospect)
        .await
        .map_err(RunError::Operator)?;
    let Some(Agreed { gateway, key }) = agreed else {
        return Ok(report(opened.record, knowledge, plan, None));
    };
    let kept = publish(ledger, results, (knowledge.attempts(), &[]), clock.now()).await;
    if let Some(name) = kept.map_err(OpenError::from)? {
        observer.changed_kept(&name);
    }
    let pace = Pace {
        key_hash: ledger.key_hash(key.expose()),
        step: step(request.interval),
    };
    let order = Order {
        rows: &keys,
        steps: &plan.steps,
        around: knowledge.circumstances(request, &opened.record, &keys),
        realm: request.realm,
        host: request.host,
        pace: &pace,
        patience: request.patience,
    };
    let mut pacer = Pacer::new(ledger.wait_of(&pace).await?);
    let mut halts = HaltCheck::new(request.halt, request.interval).with_patience(request.patience);
    let world = World {
        gateway: &gateway,
        clock,
        stop,
    };
    let records = Records { ledger, results };
    let submission = submit(&order, records, (&mut pacer, &mut halts), &world, observer).await;
    let report = report(opened.record, knowledge, plan, Some(submission));
    if is_finished(&report) {
        // Only said of a batch to tell a later one from it: what was paid is recorded already.
        let _ = ledger.mark_finished(&report.record.id).await;
    }
    Ok(report)
}

/// What the ledger knows about the rows of an input.
#[derive(Debug)]
pub struct Knowledge {
    /// Where the results files are of the other batches that have to do with the rows.
    pub paths: Paths,
    /// Whom the ledger has paid before, of the recipients of rows that are not created.
    pub paid: PaidBefore,
    known: Known,
    /// The places of the attempts that have created rows, in the order of the rows.
    creators: Vec<usize>,
    /// How many of the attempts, from the first on, are those of the batch.
    of_batch: usize,
    at_work: HashSet<BatchId>,
    now: DateTime<Utc>,
}

impl Knowledge {
    /// Asks the ledger about every row, and takes over the attempts of the batch.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn gather<E: Engine>(
        ledger: &mut Ledger<E>,
        request: &Request<'_>,
        opened: &mut Opened,
    ) -> Result<Self, LedgerError> {
        let record = &opened.record;
        let batch = (&record.id, record.references);
        let keys = RowKeys::new(request.payouts, batch, &opened.attempts);
        let mut known = Known::from(std::mem::take(&mut opened.attempts));
        let of_batch = known.all().len();
        let (mut paid, mut creators) = (PaidBefore::default(), Vec::new());
        // A ledger without attempts has nothing to say of a million rows.
        if ledger.has_attempts(request.realm).await? {
            let mut rows = keys.rows().peekable();
            while rows.peek().is_some() {
                // What is known to be created needs no further question. The rows of a batch mostly stand in
                // the order of their attempts: the next one is looked at before all are searched.
                let open = rows.by_ref().filter(|(payout, key)| {
                    let row = Row { payout, key };
                    let next = creators
                        .last()
                        .map_or(0, |last: &usize| last.saturating_add(1));
                    let is_next = known.has_created(next, row);
                    let creator = if is_next {
                        Some(next)
                    } else {
                        known.creator(row)
                    };
                    creators.extend(creator);
                    creator.is_none()
                });
                let open: Vec<_> = open.take(ROWS_AT_ONCE).collect();
                let open = learn(ledger, request.realm, &open, &mut known).await?;
                paid.extend(ledger.paid_before(request.realm, &open).await?);
            }
        }
        let mut at_work = ledger.at_work(known.all(), &record.id).await?;
        at_work.extend(opened.is_at_work.then_some(record.id));
        let batches = known.all().iter().map(|attempt| &attempt.batch);
        let others = batches.filter(|batch| **batch != record.id).cloned();
        let others: BTreeSet<BatchId> = others.collect();
        Ok(Self {
            paid,
            paths: ledger.paths_of(others).await?,
            creators,
            known,
            at_work,
            of_batch,
            now: ledger.now().await?,
        })
    }

    /// The keys of the rows.
    #[must_use]
    pub fn keys<'a>(&'a self, request: &Request<'a>, record: &'a BatchRecord) -> RowKeys<'a> {
        let batch = (&record.id, record.references);
        RowKeys::new(request.payouts, batch, self.attempts())
    }

    /// What rows are judged by.
    fn circumstances<'a>(
        &'a self,
        request: &Request<'_>,
        record: &'a BatchRecord,
        keys: &'a dyn Keys,
    ) -> Circumstances<'a> {
        Circumstances {
            batch: &record.id,
            references: record.references,
            keys,
            at_work: &self.at_work,
            rejected: request.rejected,
            repetition: request.repetition,
            now: self.now,
        }
    }

    /// What every row is.
    #[must_use]
    pub fn plan(
        &self,
        request: &Request<'_>,
        record: &BatchRecord,
        keys: &RowKeys<'_>,
    ) -> Plan<'_> {
        let facts = Facts {
            known: &self.known,
            attempts: self.attempts(),
            paid: &self.paid,
            creators: &self.creators,
        };
        let around = self.circumstances(request, record, keys);
        Plan::new(keys, facts, record, &around, &request.selection)
    }

    /// What is known before anything is sent.
    #[must_use]
    pub fn prospect<'p>(
        &'p self,
        request: &Request<'p>,
        record: &'p BatchRecord,
        plan: &'p Plan<'p>,
    ) -> Prospect<'p> {
        Prospect {
            record,
            payouts: request.payouts,
            plan,
            paths: &self.paths,
            paid: &self.paid,
        }
    }

    /// The attempts of the batch.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        self.known.all().get(..self.of_batch).unwrap_or_default()
    }
}

/// How many rows the ledger is asked about at a time.
pub const ROWS_AT_ONCE: usize = 8_000;

/// Adds the attempts of these rows' keys, and those that pay the same or have a similar reference;
/// gives the rows that are not created.
pub(super) async fn learn<'r, E: Engine>(
    ledger: &mut Ledger<E>,
    realm: Realm,
    rows: &'r [(Payout, PayoutKey)],
    known: &mut Known,
) -> Result<Vec<&'r Payout>, LedgerError> {
    let is_open = |known: &Known, (payout, key): &(Payout, PayoutKey)| {
        known.creator(Row { payout, key }).is_none()
    };
    let mut open: Vec<_> = rows.iter().filter(|row| is_open(known, row)).collect();
    let keys = open.iter().map(|(_, key)| key.as_str().to_owned());
    known.extend(ledger.look_up(LookUp::Key, realm, keys).await?);
    open.retain(|row| is_open(known, row));
    let open: Vec<&Payout> = open.into_iter().map(|(payout, _)| payout).collect();
    known.extend(ledger.alike(realm, &open).await?);
    Ok(open)
}

fn report<'k>(
    record: BatchRecord,
    knowledge: &'k Knowledge,
    plan: Plan<'k>,
    submission: Option<Submission>,
) -> Report<'k> {
    Report {
        record,
        knowledge,
        doubts_without_row: plan.doubts_without_row,
        created_without_row: plan.created_without_row,
        submission,
        planned: plan.states,
    }
}

/// Whether every row of the input is settled.
fn is_finished(report: &Report<'_>) -> bool {
    report
        .states()
        .all(|state| matches!(state, Some(RowState::Created(_) | RowState::Rejected(_))))
}
