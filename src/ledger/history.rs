//! The history is every attempt that the ledger holds, of all realms and batches, in the order in
//! which the ledger came to know them. It is read a page at a time, and nothing is held between two
//! pages: a reader that pauses stops no run.

use super::attempt::{Attempt, AttemptStatus};
use super::engine::{Access, Engine, Value, Values};
use super::id::BatchId;
use super::key::folded;
use super::table::{self, Columns, encode_time};
use super::{Ledger, LedgerError};
use chrono::{DateTime, Utc};

/// How many attempts a page has.
const PAGE: i64 = 1_000;

/// Which attempts are wanted; what is `None` is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Begun at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Begun before this time.
    pub until: Option<DateTime<Utc>>,
    /// With this status; what is being submitted counts as unknown too.
    pub status: Option<AttemptStatus>,
    /// With this reference, as the ledger compares references.
    pub reference: Option<String>,
    /// Paid to one of these accounts.
    pub accounts: Option<Vec<String>>,
    /// With this invoice id.
    pub invoice_id: Option<String>,
    /// Of the batches that have one of these names, or whose results file was seen at one of these
    /// paths; of all if there is none.
    pub batches: Vec<String>,
}

/// Where in the history a page ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position(i64);

/// How much a ledger holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many attempts of each realm and status.
    pub attempts: Vec<(String, AttemptStatus, i64)>,
    /// How many batches.
    pub batches: i64,
    /// When the first attempt was begun, and the last.
    pub times: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl<E: Engine> Ledger<E> {
    /// The next attempts behind a position; none when there are no more.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn page(
        &mut self,
        filter: &Filter,
        position: &mut Position,
    ) -> Result<Vec<Attempt>, LedgerError> {
        let (conditions, values) = conditions(filter, *position);
        // `+ 0` keeps the database from reading the history in its order for a filter that has an
        // index and finds a few.
        let order = if is_selective(filter) {
            "seq + 0"
        } else {
            "seq"
        };
        let sql = format!(
            "SELECT {}, attempt.seq FROM attempt WHERE {order} > $1{conditions} \
             ORDER BY {order} LIMIT {PAGE}",
            table::COLUMNS
        );
        self.engine.begin(Access::Read).await?;
        let page = self.page_by(&sql, &values, position).await;
        self.engine.rollback().await;
        page
    }

    /// The next attempts of a batch behind a position, in the order in which the ledger came to know
    /// them; none when there are no more.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn page_of(
        &mut self,
        batch: &BatchId,
        position: &mut Position,
    ) -> Result<Vec<Attempt>, LedgerError> {
        let sql = format!(
            "SELECT {}, attempt.seq FROM attempt WHERE batch = $1 AND seq > $2 \
             ORDER BY seq LIMIT {PAGE}",
            table::COLUMNS
        );
        let values = [batch.as_str().into(), Value::Integer(position.0)];
        self.page_by(&sql, &values, position).await
    }

    /// The page that a statement gives, whose last column is the attempt's place.
    async fn page_by(
        &mut self,
        sql: &str,
        values: &[Value],
        position: &mut Position,
    ) -> Result<Vec<Attempt>, LedgerError> {
        let read = |it: &mut Columns<'_>| table::read(it).zip(it.integer());
        let page = self.read(sql, values, read).await?;
        if let Some((_, last)) = page.last() {
            position.0 = *last;
        }
        Ok(page.into_iter().map(|(attempt, _)| attempt).collect())
    }

    /// How much the ledger holds.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn extent(&mut self) -> Result<Extent, LedgerError> {
        self.engine.begin(Access::Read).await?;
        let extent = self.extent_inside().await;
        self.engine.rollback().await;
        extent
    }

    async fn extent_inside(&mut self) -> Result<Extent, LedgerError> {
        let sql = "SELECT realm, status, count(*) FROM attempt GROUP BY realm, status \
                   ORDER BY realm, status";
        let attempts = self.read(sql, &[], read_count).await?;
        let sql = "SELECT count(*) FROM batch";
        let batches = self.read_first(sql, &[], |it| it.integer()).await?;
        // Of no attempts there is none.
        let sql = "SELECT min(started_at), max(started_at) FROM attempt HAVING count(*) > 0";
        Ok(Extent {
            attempts,
            batches: batches.unwrap_or_default(),
            times: self.read_first(sql, &[], read_times).await?,
        })
    }
}

fn read_count(columns: &mut Columns<'_>) -> Option<(String, AttemptStatus, i64)> {
    let realm = columns.string()?;
    let status = AttemptStatus::parse(columns.text()?)?;
    Some((realm, status, columns.integer()?))
}

fn read_times(columns: &mut Columns<'_>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let mut time = || table::decode_time(columns.text()?);
    time().zip(time())
}

/// Whether a filter has an index that finds few.
fn is_selective(filter: &Filter) -> bool {
    filter.reference.is_some()
        || filter.accounts.is_some()
        || filter.invoice_id.is_some()
        || !filter.batches.is_empty()
}

/// The conditions of a filter, behind that on the position, and the values of all.
fn conditions(filter: &Filter, position: Position) -> (String, Values) {
    let mut values: Values = vec![Value::Integer(position.0)];
    let mut text = String::new();
    let mut add = |condition: &str, wanted: Vec<String>| {
        let places: Vec<String> = wanted
            .into_iter()
            .map(|value| {
                values.push(value.into());
                format!("${}", values.len())
            })
            .collect();
        text.push_str(" AND ");
        // The mark stands for all of the values.
        text.push_str(&condition.replace('?', &places.join(", ")));
    };
    if let Some(reference) = &filter.reference {
        add("reference_folded = ?", vec![folded(reference)]);
    }
    if let Some(accounts) = &filter.accounts {
        // No account has this name: of none nothing is found.
        let none = accounts.is_empty().then(|| "-".to_owned());
        let accounts = accounts.iter().cloned().chain(none);
        add("account IN (?)", accounts.collect());
    }
    if let Some(id) = &filter.invoice_id {
        add("invoice_id <> '' AND invoice_id = ?", vec![id.clone()]);
    }
    if !filter.batches.is_empty() {
        let condition = "batch IN (SELECT id FROM (SELECT id, id AS name FROM batch UNION \
                         SELECT batch, path FROM batch_path) AS named WHERE name IN (?))";
        add(condition, filter.batches.clone());
    }
    if let Some(status) = filter.status {
        let wanted = match status {
            // It is shown as unknown in CSV and JSON, and is in doubt as well once its run is gone.
            AttemptStatus::Unknown => vec![status, AttemptStatus::Submitting],
            AttemptStatus::Submitting
            | AttemptStatus::Created
            | AttemptStatus::Rejected
            | AttemptStatus::NotCreated => vec![status],
        };
        let wanted = wanted.iter().map(|status| status.as_str().to_owned());
        add("status IN (?)", wanted.collect());
    }
    if let Some(since) = filter.since {
        add("started_at >= ?", vec![encode_time(since)]);
    }
    if let Some(until) = filter.until {
        add("started_at < ?", vec![encode_time(until)]);
    }
    (text, values)
}
