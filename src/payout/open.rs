//! Opening a batch: which one the results file is of, its lock, and what the file adds to the
//! ledger. `run`, `resolve` and `ledger adopt` all begin like this.

use super::publish::{OTHER_LEDGER, OTHER_LEDGER_HINT, PublishError, publish};
use super::results::read::{ReadError, Reading, read};
use super::results::{Results, Storage};
use crate::domain::Batch;
use crate::ledger::adopt::{AdoptError, Change, Line, Setting};
use crate::ledger::attempt::Counting;
use crate::ledger::rules::Known;
use crate::ledger::{
    AdoptingError, Attempt, AttemptId, AttemptStatus, BatchId, BatchPath, BatchRecord, Choice,
    Engine, Ledger, LedgerError, Realm, References,
};
use crate::os::fault::words;
use std::borrow::Cow;
use std::io;
use std::path::Path;

/// How often a batch is chosen anew because its results file was replaced, or its lines were adopted
/// into another batch, meanwhile.
const MAX_CHOICES: u32 = 5;

/// Which batch is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Where its money moves.
    pub realm: Realm,
    /// The host that its payouts are to be submitted to; `None` where nothing is.
    pub host: Option<&'a str>,
    /// Where its results file is.
    pub path: &'a BatchPath,
    /// How its references are to count; `None` leaves it as it is.
    pub references: Option<References>,
    /// The payouts of the input; none where there is no input.
    pub payouts: &'a dyn Batch,
}

/// A batch as its two records have it.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The batch.
    pub record: BatchRecord,
    /// Its attempts, in the order in which the ledger came to know them. None is submitting in a
    /// batch that was opened; one that was only looked at may have one.
    pub attempts: Vec<Attempt>,
    /// What is to be told about it.
    pub notices: Vec<Notice>,
    /// Whether another run is at work on it; never so of a batch that was opened.
    pub is_at_work: bool,
}

/// What is to be told about a batch that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// So many attempts were taken over from the results file.
    Adopted(usize),
    /// A second live attempt of one payout was found.
    Extra(Box<Attempt>),
    /// What somebody has changed in the results file is kept in this one.
    ChangedKept(String),
}

/// Why a batch cannot be opened. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The ledger says why.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// The results file cannot be read or written.
    #[error("the results file cannot be used: {}", words(.0))]
    Results(#[from] io::Error),
    /// The file is something else.
    #[error("this is not a results file of ccbatch")]
    NotOurs,
    /// A line of the results file cannot be what the program wrote.
    #[error("{}", .0.reason)]
    Line(AdoptError),
    /// A line of the results file has no id.
    #[error("this line is damaged: its id cannot be read")]
    NoId(u64),
    /// Another run is at work on the batch.
    #[error("another run is at work on this batch")]
    Held(BatchId),
    /// The results file holds lines of several batches.
    #[error("lines of several batches stand in this results file")]
    Several(Vec<BatchId>),
    /// The results are of another realm.
    #[error("these results are of {0}, and this run goes elsewhere")]
    OtherRealm(Realm),
    /// The batch was begun through another host.
    #[error("this batch was begun through {host}")]
    OtherHost {
        /// The host.
        host: String,
        /// The line of the results file that names it; `None` where the ledger does.
        line: Option<u64>,
    },
    /// How references count cannot be changed any more.
    #[error("payouts of this batch were sent with --references {}", .0.as_str())]
    ReferencesFixed(References),
    /// The file was replaced again and again.
    #[error("the results file is replaced again and again")]
    Restless,
    /// A run with another ledger has written to the results file meanwhile.
    #[error("{OTHER_LEDGER}")]
    OtherLedger,
}

impl OpenError {
    /// What it is about: the ledger, or the results file, with a line if it is about one.
    #[must_use]
    pub fn place(&self, results: &Path, ledger: &str) -> String {
        let line = match self {
            Self::Ledger(_) => return ledger.to_owned(),
            Self::Line(error) => Some(error.at),
            Self::NoId(line) => Some(*line),
            Self::OtherHost { line, .. } => *line,
            Self::Results(_)
            | Self::NotOurs
            | Self::Held(_)
            | Self::Several(_)
            | Self::OtherRealm(_)
            | Self::ReferencesFixed(_)
            | Self::Restless
            | Self::OtherLedger => None,
        };
        match line {
            Some(line) => format!("{}:{line}", results.display()),
            None => results.display().to_string(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Ledger(error) => format!("nothing was sent; {}", error.hint()).into(),
            Self::Results(_) => "nothing was sent; check that the disk has room and that you may write the folder and the file".into(),
            Self::NotOurs => {
                "nothing was sent; if ccbatch wrote it, bring it back as it was; if it never was a results file, name another one (a run takes it from --results)".into()
            }
            Self::Line(error) => error.reason.hint(),
            Self::NoId(_) => {
                "nothing was sent; bring the line back as it was, from a copy of the file".into()
            }
            Self::Held(_) => "wait until it has ended, then run again".into(),
            Self::Several(_) => {
                "nothing was sent; bring back the results file of this batch alone, as it was before they were put together".into()
            }
            Self::OtherRealm(_) => {
                "nothing was sent; if that was a rehearsal, give this run a results file of its own with --results; if money moved there, use the same --api-url again".into()
            }
            Self::OtherHost { .. } => {
                "nothing was sent; finish it with the --api-url that it was begun with; if somebody has changed the column \"api\", bring it back as it was".into()
            }
            Self::ReferencesFixed(references) => format!(
                "nothing was sent; run again with --references {}: it cannot change once a payout was sent",
                references.as_str()
            )
            .into(),
            Self::Restless => {
                "nothing was sent; close the program that writes to it, then run again".into()
            }
            Self::OtherLedger => format!("nothing was sent; {OTHER_LEDGER_HINT}").into(),
        }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotOurs => Self::NotOurs,
        }
    }
}

impl From<PublishError> for OpenError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Ledger(error) => Self::Ledger(error),
            PublishError::Results(error) => Self::Results(error),
            PublishError::OtherLedger => Self::OtherLedger,
        }
    }
}

impl From<AdoptingError> for OpenError {
    fn from(error: AdoptingError) -> Self {
        match error {
            AdoptingError::Ledger(error) => Self::Ledger(error),
            AdoptingError::Line(error) => Self::Line(error),
        }
    }
}

/// Opens and locks a batch: adopts what its results file adds to the ledger, settles attempts whose
/// run is gone, and publishes the file if it differs.
///
/// # Errors
/// See [`OpenError`]. The batch is not locked then.
pub async fn open<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
) -> Result<Opened, OpenError> {
    ledger.refuse_unless_current().await?;
    if let Some((record, attempts)) = lock_unchanged(ledger, results, wanted).await? {
        let id = record.id;
        let opened = open_unchanged(ledger, results, wanted, (record, attempts)).await;
        if opened.is_err() {
            ledger.unlock(&id).await;
        }
        return opened;
    }
    for _ in 0..MAX_CHOICES {
        let Some((mut record, reading)) = choose_and_lock(ledger, results, wanted).await? else {
            continue;
        };
        let opened = open_locked(ledger, results, wanted, (&mut record, reading)).await;
        if let Ok(Some(opened)) = opened {
            return Ok(opened);
        }
        ledger.unlock(&record.id).await;
        opened?;
    }
    Err(OpenError::Restless)
}

/// Locks the batch of the path if its results file is what the ledger has published: it says
/// nothing new then, and need not be read line by line.
async fn lock_unchanged<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
) -> Result<Option<(BatchRecord, Vec<Attempt>)>, OpenError> {
    let Some(record) = ledger.batch_at(wanted.realm, wanted.path).await? else {
        return Ok(None);
    };
    if !ledger.lock(&record.id).await? {
        return Ok(None); // The file may be of another batch all the same.
    }
    match unchanged(ledger, results, wanted, &record).await {
        Ok(Some(unchanged)) => Ok(Some(unchanged)),
        other => {
            ledger.unlock(&record.id).await;
            other
        }
    }
}

/// The batch as it is now, with its attempts, if the results file says the same.
async fn unchanged<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
    record: &BatchRecord,
) -> Result<Option<(BatchRecord, Vec<Attempt>)>, OpenError> {
    let attempts = ledger.attempts_of(&record.id).await?;
    if attempts.is_empty() || !results.agrees_with(&attempts)? {
        return Ok(None);
    }
    let now = ledger.batch_at(wanted.realm, wanted.path).await?;
    Ok(now
        .filter(|now| now.id == record.id)
        .map(|now| (now, attempts)))
}

/// Opens a batch whose results file says what the ledger says.
async fn open_unchanged<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
    (mut record, mut attempts): (BatchRecord, Vec<Attempt>),
) -> Result<Opened, OpenError> {
    record.references = references_of(&record, &attempts, wanted)?;
    refuse_other_host(&attempts, &[], wanted)?;
    let is_interrupted = |it: &Attempt| it.status() == AttemptStatus::Submitting;
    let mut notices = Vec::new();
    if attempts.iter().any(is_interrupted) {
        ledger.settle_interrupted(&record.id).await?;
        attempts = ledger.attempts_of(&record.id).await?;
        let now = ledger.now().await?;
        let kept = publish(ledger, results, (&attempts, &[]), now).await?;
        notices.extend(kept.map(Notice::ChangedKept));
    }
    ledger.see(&record, wanted.path).await?;
    Ok(Opened {
        record,
        attempts,
        notices,
        is_at_work: false,
    })
}

/// Chooses the batch by the results file, locks it, and reads the file again: what it says must not
/// be older than the lock. `None` when another batch comes out then.
async fn choose_and_lock<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
) -> Result<Option<(BatchRecord, Reading)>, OpenError> {
    let record = match read_and_choose(ledger, results, wanted).await? {
        (Some(record), _) => record,
        (None, _) => {
            let references = wanted.references.unwrap_or_default();
            ledger
                .add_batch(wanted.realm, wanted.path, references)
                .await?
        }
    };
    if !ledger.lock(&record.id).await? {
        return Err(OpenError::Held(record.id));
    }
    match read_and_choose(ledger, results, wanted).await {
        Ok((Some(chosen), reading)) if chosen.id == record.id => Ok(Some((chosen, reading))),
        other => {
            ledger.unlock(&record.id).await;
            other.map(|_| None)
        }
    }
}

/// What stands in a results file; nothing where there is none.
///
/// # Errors
/// It cannot be read, or is something else.
pub fn reading_of<S: Storage>(results: &mut Results<S>) -> Result<Reading, OpenError> {
    Ok(read(&results.read()?.unwrap_or_default())?)
}

/// What stands in the results file, and which batch it is of; `None` if it is a new one.
async fn read_and_choose<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
) -> Result<(Option<BatchRecord>, Reading), OpenError> {
    let reading = reading_of(results)?;
    let ids: Vec<AttemptId> = reading.lines.iter().map(|line| line.id).collect();
    match ledger.choose_batch(wanted.realm, wanted.path, &ids).await? {
        Choice::Known(record) => Ok((Some(record), reading)),
        Choice::New => Ok((None, reading)),
        Choice::Several(batches) => Err(OpenError::Several(batches)),
        Choice::OtherRealm(realm) => Err(OpenError::OtherRealm(realm)),
    }
}

/// Opens the batch that was chosen; `None` when the lines of its results file have become known as
/// those of another one meanwhile.
async fn open_locked<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
    (record, reading): (&mut BatchRecord, Reading),
) -> Result<Option<Opened>, OpenError> {
    let before = ledger.attempts_of(&record.id).await?;
    let into = adopt_into(record, &before, &reading, wanted)?;
    let Some(changes) = ledger.adopt(&reading.lines, into, wanted.path).await? else {
        return Ok(None);
    };
    ledger.settle_interrupted(&record.id).await?;
    let attempts = ledger.attempts_of(&record.id).await?;
    let mut notices = notices_of(&changes);
    if !results.agrees_with(&attempts)? {
        let now = ledger.now().await?;
        let kept = publish(ledger, results, (&attempts, &reading.lines), now).await?;
        notices.extend(kept.map(Notice::ChangedKept));
    }
    Ok(Some(Opened {
        record: record.clone(),
        attempts,
        notices,
        is_at_work: false,
    }))
}

/// How the lines of a results file are to be adopted, if nothing speaks against it.
fn adopt_into<'a>(
    record: &'a mut BatchRecord,
    before: &[Attempt],
    reading: &Reading,
    wanted: &Wanted<'a>,
) -> Result<Setting<'a>, OpenError> {
    record.references = references_of(record, before, wanted)?;
    refuse_other_host(before, &reading.lines, wanted)?;
    if reading.is_cut_in_header && before.is_empty() {
        // Where the ledger is lost too, nothing says any more who was paid.
        return Err(OpenError::NotOurs);
    }
    if let Some(line) = reading.unexplained(before) {
        return Err(OpenError::NoId(line));
    }
    Ok(Setting {
        batch: &record.id,
        realm: wanted.realm,
        references: record.references,
        payouts: wanted.payouts,
    })
}

/// A batch is paid through one host. That of a single line may be damaged: one that names the right
/// one is enough.
fn refuse_other_host(
    attempts: &[Attempt],
    lines: &[Line],
    wanted: &Wanted<'_>,
) -> Result<(), OpenError> {
    let Some(host) = wanted.host else {
        return Ok(());
    };
    let of_attempts = attempts.iter().map(|it| (&*it.host, None));
    let of_lines = lines.iter().map(|it| (it.host.as_str(), Some(it.at)));
    let mut hosts = of_attempts.chain(of_lines).peekable();
    let Some((first, line)) = hosts.peek().copied() else {
        return Ok(());
    };
    if hosts.any(|(it, _)| it == host) {
        return Ok(());
    }
    Err(OpenError::OtherHost {
        host: first.to_owned(),
        line,
    })
}

/// How the references of a batch count from now on.
fn references_of(
    record: &BatchRecord,
    attempts: &[Attempt],
    wanted: &Wanted<'_>,
) -> Result<References, OpenError> {
    match wanted.references {
        Some(other) if other != record.references => {
            // A verdict that nothing was created can still be changed.
            if attempts
                .iter()
                .any(|it| it.is_live() || it.ending.is_verdict())
            {
                return Err(OpenError::ReferencesFixed(record.references));
            }
            Ok(other)
        }
        Some(_) | None => Ok(record.references),
    }
}

/// Looks at a batch as [`open`] would open it, and neither locks nor writes anything.
///
/// # Errors
/// See [`OpenError`].
pub async fn look<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
) -> Result<Opened, OpenError> {
    if let Some(opened) = look_unchanged(ledger, results, wanted).await? {
        return Ok(opened);
    }
    let (record, reading) = read_and_choose(ledger, results, wanted).await?;
    let (mut record, is_at_work) = match record {
        Some(record) => {
            let is_at_work = ledger.is_at_work(&record.id).await?;
            (record, is_at_work)
        }
        None => (
            ledger
                .record_of_none(wanted.realm, wanted.references)
                .await?,
            false,
        ),
    };
    let before = ledger.attempts_of(&record.id).await?;
    let into = adopt_into(&mut record, &before, &reading, wanted)?;
    let changes = ledger.would_adopt(&reading.lines, into).await?;
    let mut attempts = Known::from(before);
    for change in &changes {
        match change {
            Change::Insert(attempt) | Change::Update(attempt) => attempts.replace(attempt.clone()),
        }
    }
    Ok(Opened {
        record,
        attempts: attempts.all().to_vec(),
        notices: notices_of(&changes),
        is_at_work,
    })
}

/// The same at the batch of the path, if its results file says what the ledger says: it need not be
/// read line by line then.
///
/// # Errors
/// See [`OpenError`].
pub async fn look_unchanged<E: Engine, S: Storage>(
    ledger: &mut Ledger<E>,
    results: &mut Results<S>,
    wanted: &Wanted<'_>,
) -> Result<Option<Opened>, OpenError> {
    let Some(record) = ledger.batch_at(wanted.realm, wanted.path).await? else {
        return Ok(None);
    };
    let found = unchanged(ledger, results, wanted, &record).await?;
    let Some((mut record, attempts)) = found else {
        return Ok(None);
    };
    record.references = references_of(&record, &attempts, wanted)?;
    refuse_other_host(&attempts, &[], wanted)?;
    let is_at_work = ledger.is_at_work(&record.id).await?;
    Ok(Some(Opened {
        record,
        attempts,
        notices: Vec::new(),
        is_at_work,
    }))
}

fn notices_of(changes: &[Change]) -> Vec<Notice> {
    let inserted = || {
        changes.iter().filter_map(|change| match change {
            Change::Insert(attempt) => Some(attempt),
            Change::Update(_) => None,
        })
    };
    let mut notices = Vec::new();
    let count = inserted().count();
    if count > 0 {
        notices.push(Notice::Adopted(count));
    }
    let changed = changes.iter().map(|change| match change {
        Change::Insert(attempt) | Change::Update(attempt) => attempt,
    });
    let extras = changed.filter(|attempt| attempt.is_live() && attempt.counting == Counting::Extra);
    notices.extend(extras.map(|attempt| Notice::Extra(Box::new(attempt.clone()))));
    notices
}
