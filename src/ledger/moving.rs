//! Moving copies a whole ledger into an empty one of another place. At no moment do both begin
//! payouts: the new one refuses to until the old one is marked as moved.

use super::any::AnyEngine;
use super::engine::{Access, Engine, EngineError, Value, Values};
use super::{Ledger, LedgerError, UNFINISHED};

/// How many rows are read at a time, and added by one statement.
const ROWS: usize = 200;

/// The tables in the order in which they refer to each other, with their columns.
const TABLES: [(&str, &str); 4] = [
    ("batch", "id, realm, reference_scope, begun_at, finished_at"),
    ("batch_path", "realm, host, path, batch, seen_at"),
    (
        "attempt",
        "seq, id, batch, realm, host, payout_key, line, reference, reference_folded, payee, \
         currency_code, to_address, account, minor_units, content, amount, number, started_at, \
         status, invoice_id, accepted_amount, error_key, detail, http_status, finished_at, \
         resolved_by, resolved_at, repeated, extra, who",
    ),
    ("pace", "key_hash, next_at, set_at, attempt, who"),
];

/// Why a ledger was not moved. Nothing has changed then, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The ledger that is moved says why.
    #[error("{0}")]
    From(LedgerError),
    /// The ledger that it is moved to says why.
    #[error("{0}")]
    To(LedgerError),
    /// Both are the same ledger.
    #[error("this is the ledger that is to be moved")]
    Same,
    /// There is something in the new one.
    #[error("there is something in this ledger already")]
    NotEmpty,
    /// A run is submitting a payout.
    #[error("a run is submitting a payout, or was killed while it did")]
    AtWork,
}

impl MoveError {
    /// The ledger that it is about, of the two.
    #[must_use]
    pub fn place<'a>(&self, from: &'a str, to: &'a str) -> &'a str {
        match self {
            Self::From(_) | Self::AtWork => from,
            Self::To(_) | Self::Same | Self::NotEmpty => to,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::From(LedgerError::Moved(_)) => "nothing has changed; a ledger is moved once",
            Self::From(_) => {
                "this ledger still counts unless it says that it was moved; check that with ccbatch ledger, then move it to an empty one"
            }
            Self::To(_) => {
                "check this ledger, then move again: what was copied is not copied twice"
            }
            Self::Same | Self::NotEmpty => "nothing has changed; name an empty ledger with --to",
            Self::AtWork => {
                "nothing has changed; wait until the run has ended, or run its file again, then move the ledger"
            }
        }
    }
}

/// Moves a ledger; gives how many attempts it has.
///
/// # Errors
/// See [`MoveError`].
pub async fn move_ledger(
    from: &mut Ledger<AnyEngine>,
    to: &mut Ledger<AnyEngine>,
) -> Result<i64, MoveError> {
    let target = to.place();
    if from.place() == target {
        return Err(MoveError::Same);
    }
    from.engine.begin(Access::Write).await.map_err(of_old)?;
    let copied = match check_and_copy(from, to).await {
        Ok(count) => count,
        Err(error) => {
            to.engine.rollback().await;
            from.engine.rollback().await;
            return Err(error);
        }
    };
    let marked = from.mark_moved(&target).await;
    from.end(marked).await.map_err(MoveError::From)?;
    to.engine.begin(Access::Write).await.map_err(of_new)?;
    let opened = to.mark_moved("").await;
    to.end(opened).await.map_err(MoveError::To)?;
    Ok(copied)
}

fn of_old(error: EngineError) -> MoveError {
    MoveError::From(error.into())
}

fn of_new(error: EngineError) -> MoveError {
    MoveError::To(error.into())
}

async fn check_and_copy(
    from: &mut Ledger<AnyEngine>,
    to: &mut Ledger<AnyEngine>,
) -> Result<i64, MoveError> {
    let source = from.moved_to().await.map_err(MoveError::From)?;
    let sql = "SELECT count(*) FROM attempt WHERE status = 'submitting'";
    if from.count(sql).await.map_err(MoveError::From)? > 0 {
        return Err(MoveError::AtWork);
    }
    to.engine.begin(Access::Write).await.map_err(of_new)?;
    let target = to.moved_to().await.map_err(MoveError::To)?;
    from.identity.writes = from.writes().await.map_err(MoveError::From)?;
    let is_its_copy = to.identity.id == from.identity.id && target == UNFINISHED;
    let is_marked = source == to.place();
    // Without the mark the old one may have been written to since it was copied.
    let is_as_copied =
        source.is_empty() && from.identity.writes == to.writes().await.map_err(MoveError::To)?;
    if is_its_copy && (is_marked || is_as_copied) {
        // All of it was copied; only the marks are missing.
        to.engine.rollback().await;
        let sql = "SELECT count(*) FROM attempt";
        return from.count(sql).await.map_err(MoveError::From);
    }
    if !source.is_empty() {
        return Err(MoveError::From(LedgerError::Moved(source)));
    }
    let sql = "SELECT (SELECT count(*) FROM batch) + (SELECT count(*) FROM attempt)";
    if to.count(sql).await.map_err(MoveError::To)? > 0 || !target.is_empty() {
        return Err(MoveError::NotEmpty);
    }
    for (table, columns) in TABLES {
        copy(from, to, table, columns).await?;
    }
    to.take_identity_of(from).await.map_err(MoveError::To)?;
    let sql = "SELECT count(*) FROM attempt";
    let count = to.count(sql).await.map_err(MoveError::To)?;
    if from.count(sql).await.map_err(MoveError::From)? != count {
        let words = "not all attempts were copied".to_owned();
        return Err(MoveError::To(EngineError::Other(words).into()));
    }
    let ended = to.end(Ok(())).await;
    ended.map_err(MoveError::To)?;
    Ok(count)
}

/// Copies a table. Attempts, of which there may be millions, are read a part at a time.
async fn copy(
    from: &mut Ledger<AnyEngine>,
    to: &mut Ledger<AnyEngine>,
    table: &str,
    columns: &str,
) -> Result<(), MoveError> {
    if table != "attempt" {
        let sql = format!("SELECT {columns} FROM {table}");
        let rows = from.engine.query(&sql, &[]).await.map_err(of_old)?;
        return add(to, table, columns, &rows).await;
    }
    let sql = format!("SELECT {columns} FROM attempt WHERE seq > $1 ORDER BY seq LIMIT {ROWS}");
    let mut last = Value::Integer(i64::MIN);
    loop {
        let rows = from.engine.query(&sql, &[last.clone()]).await;
        let rows = rows.map_err(of_old)?;
        let Some(seq) = rows.last().and_then(|row| row.first()) else {
            return Ok(());
        };
        last = seq.clone();
        add(to, table, columns, &rows).await?;
    }
}

async fn add(
    to: &mut Ledger<AnyEngine>,
    table: &str,
    columns: &str,
    rows: &[Values],
) -> Result<(), MoveError> {
    for rows in rows.chunks(ROWS) {
        let mut place = 0_usize;
        let mut tuples = Vec::with_capacity(rows.len());
        for row in rows {
            let places = row.iter().map(|_| {
                place = place.saturating_add(1);
                format!("${place}")
            });
            tuples.push(format!("({})", places.collect::<Vec<_>>().join(", ")));
        }
        let sql = format!(
            "INSERT INTO {table} ({columns}) VALUES {}",
            tuples.join(", ")
        );
        let values: Values = rows.iter().flatten().cloned().collect();
        to.engine.execute(&sql, &values).await.map_err(of_new)?;
    }
    Ok(())
}

impl Ledger<AnyEngine> {
    /// Says where the ledger is now.
    async fn mark_moved(&mut self, place: &str) -> Result<(), LedgerError> {
        self.count_write().await?;
        let sql = "UPDATE ledger SET moved_to = $1 WHERE one = 1";
        self.engine.execute(sql, &[place.into()]).await?;
        Ok(())
    }

    /// Takes over what the other ledger says about itself, and begins nothing yet.
    async fn take_identity_of(&mut self, other: &Self) -> Result<(), LedgerError> {
        let sql = "UPDATE ledger SET id = $1, salt = $2, writes = $3, created_at = $4, \
                   moved_to = $5 WHERE one = 1";
        let values = [
            other.identity.id.as_str().into(),
            other.identity.salt.as_str().into(),
            Value::Integer(other.identity.writes),
            super::table::encode_time(other.identity.created_at).into(),
            UNFINISHED.into(),
        ];
        self.engine.execute(sql, &values).await?;
        Ok(())
    }

    /// How often the ledger was written to until now.
    async fn writes(&mut self) -> Result<i64, LedgerError> {
        self.count("SELECT writes FROM ledger WHERE one = 1").await
    }

    async fn count(&mut self, sql: &str) -> Result<i64, LedgerError> {
        let count = self.read_first(sql, &[], |it| it.integer()).await?;
        count.ok_or(LedgerError::NotALedger)
    }
}
