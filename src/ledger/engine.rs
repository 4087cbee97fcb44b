//! An [`Engine`] is a connection to the database that holds a ledger. One SQL text serves every
//! engine; what differs is here: opening, locking, the clock, the look-up of many keys and the reading of
//! a large batch.

use super::id::BatchId;
use chrono::{DateTime, Utc};
use std::fmt;

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `TEXT`
    Text(String),
    /// `INTEGER` or `BIGINT`
    Integer(i64),
    /// `NULL`
    Null,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&ValueRef<'_>> for Value {
    fn from(value: &ValueRef<'_>) -> Self {
        match *value {
            ValueRef::Text(text) => Self::Text(text.to_owned()),
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Null => Self::Null,
        }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// The values of one row of a result.
pub type Values = Vec<Value>;

/// A value of a column, where the database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRef<'r> {
    /// `TEXT`
    Text(&'r str),
    /// `INTEGER` or `BIGINT`
    Integer(i64),
    /// `NULL`
    Null,
}

impl fmt::Display for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.pad(text),
            Self::Integer(number) => number.fmt(f),
            Self::Null => f.pad("NULL"),
        }
    }
}

impl<'r> From<&'r Value> for ValueRef<'r> {
    fn from(value: &'r Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(text),
            Value::Integer(number) => Self::Integer(*number),
            Value::Null => Self::Null,
        }
    }
}

/// What a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only.
    Read,
    /// Writes; one at a time, so that what it has read stays true until it ends.
    Write,
}

/// What to do about a ledger that is held.
pub(super) const BUSY_HINT: &str = "if another program has it open, close that; then run again";

/// What to do about a file that is not a ledger, or a damaged one.
pub(super) const UNREADABLE_HINT: &str = "check the name; if this was the ledger, bring back a backup and, before any run, give it every results file written since (ccbatch ledger adopt)";

/// Why the database did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Another transaction held it for too long. Nothing was written.
    #[error("the ledger is in use by another program")]
    Busy,
    /// A unique index or a check said no. Nothing was written.
    #[error("the ledger refused it: {0}")]
    Constraint(String),
    /// The file is not a database, or is damaged.
    #[error("this file is not a ledger of ccbatch, or it is damaged")]
    Unreadable,
    /// There is no such table.
    #[error("it does not have the tables of a ledger")]
    NoSuchTable,
    /// The ledger is no longer where it was when it was opened.
    #[error("{0}")]
    Replaced(String),
    /// An older copy of the ledger has taken its place.
    #[error("the ledger has gone back, and lacks payouts: {0}")]
    GoneBack(String),
    /// The connection was lost, and could not be made again.
    #[error("{0}")]
    Lost(String),
    /// The database does not let this user do it.
    #[error("{0}")]
    Denied(String),
    /// The file is where no batch can be locked.
    #[error("its file system cannot lock a file, which keeps two runs apart")]
    NoLocks,
    /// Its tables are temporary or unlogged: they end with the session, or with a crash.
    #[error("the server does not keep the tables of this ledger: they are temporary or unlogged")]
    NotKept,
    /// There is a ledger in a schema of the database that this user's statements do not reach.
    #[error("the database has a ledger in the schema {0:?}, which this role does not reach")]
    OutOfReach(String),
    /// Something between this machine and the server shares its sessions, which a batch's lock
    /// does not survive.
    #[error("something between this machine and the ledger's server shares its sessions")]
    Pooled,
    /// Anything else, in the database's words.
    #[error("{0}")]
    Other(String),
}

/// How a `COMMIT` failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The transaction is still open and can be committed or rolled back.
    #[error("{0}")]
    StillOpen(EngineError),
    /// Whether it was committed is not known.
    #[error("whether the ledger has recorded it is not known: {0}")]
    Unknown(EngineError),
}

/// What a ledger was when this process last saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) writes: i64,
}

impl Seen {
    /// Refuses what has taken the place of this ledger: another one, or an older copy.
    pub(super) fn refuse_other(&self, now: &Self) -> Result<(), EngineError> {
        if self.id != now.id {
            let words = "another ledger has taken the place of the one that was opened";
            return Err(EngineError::Replaced(words.to_owned()));
        }
        if now.writes < self.writes {
            let words = format!("it was at write {}, and is at {}", self.writes, now.writes);
            return Err(EngineError::GoneBack(words));
        }
        Ok(())
    }
}

/// Which column many attempts are looked up by, within a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// `id`
    Id,
    /// `payout_key`
    Key,
    /// `content`, of live attempts
    Content,
    /// `reference_folded`, of live attempts
    Reference,
    /// `invoice_id`
    InvoiceId,
    /// `payee`, of created attempts
    Payee,
    /// `account`, of created attempts
    Account,
}

impl LookUp {
    /// The column of `attempt` that is compared with the wanted values.
    #[must_use]
    pub fn column(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Key => "payout_key",
            Self::Content => "content",
            Self::Reference => "reference_folded",
            Self::InvoiceId => "invoice_id",
            Self::Payee => "payee",
            Self::Account => "account",
        }
    }

    /// What else must hold of the row.
    #[must_use]
    pub fn condition(self) -> &'static str {
        match self {
            Self::Id | Self::Key => "",
            Self::Content | Self::Reference => {
                " AND attempt.status IN ('submitting', 'created', 'unknown')"
            }
            // So that the partial index is used.
            Self::InvoiceId => " AND attempt.invoice_id <> ''",
            Self::Payee => " AND attempt.payee <> '' AND attempt.status = 'created'",
            Self::Account => " AND attempt.status = 'created'",
        }
    }
}

/// Who is given each row; also on another thread.
pub type Take<'t> = &'t mut (dyn FnMut(&[ValueRef<'_>]) + Send);

/// A connection to the database that holds a ledger.
pub trait Engine {
    /// Begins a transaction.
    fn begin(&mut self, access: Access) -> impl Future<Output = Result<(), EngineError>>;

    /// Commits it, durably.
    fn commit(&mut self) -> impl Future<Output = Result<(), CommitError>>;

    /// Rolls it back, if there is one.
    fn rollback(&mut self) -> impl Future<Output = ()>;

    /// Whether the database has no tables at all.
    fn is_empty(&mut self) -> impl Future<Output = Result<bool, EngineError>>;

    /// The ledger's time: that of the machine on which the database is.
    fn now(&mut self) -> impl Future<Output = Result<DateTime<Utc>, EngineError>>;

    /// Gives each row that a statement gives.
    fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// Gives some columns of each attempt of a batch, in the order in which they were added: the
    /// first ones to one taker, all behind them to the other, which may be called at the same time.
    fn each_of_batch(
        &mut self,
        columns: &str,
        batch: &BatchId,
        [first, _]: [Take<'_>; 2],
    ) -> impl Future<Output = Result<(), EngineError>> {
        async move {
            let sql = format!("SELECT {columns} FROM attempt WHERE batch = $1 ORDER BY seq");
            self.each(&sql, &[batch.as_str().into()], first).await
        }
    }

    /// The rows that a statement gives, all at once.
    fn query(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> impl Future<Output = Result<Vec<Values>, EngineError>> {
        async {
            let mut rows = Vec::new();
            let take = &mut |row: &[ValueRef<'_>]| rows.push(row.iter().map(Value::from).collect());
            self.each(sql, values, take).await?;
            Ok(rows)
        }
    }

    /// How many rows a statement has changed.
    fn execute(
        &mut self,
        sql: &str,
        values: &[Value],
    ) -> impl Future<Output = Result<u64, EngineError>>;

    /// `SELECT` of some columns of `attempt` for every row of a realm, or of all realms, whose
    /// column of the look-up has one of these values, which are sorted.
    fn look_up(
        &mut self,
        of: (&str, LookUp),
        realm: Option<&str>,
        wanted: &[String],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// Locks a batch for as long as the connection stands; `false` if another process has it.
    fn lock(&mut self, batch: &BatchId) -> impl Future<Output = Result<bool, EngineError>>;

    /// Gives a batch back.
    fn unlock(&mut self, batch: &BatchId) -> impl Future<Output = ()>;

    /// Whether another process has locked a batch.
    fn is_locked_elsewhere(
        &mut self,
        batch: &BatchId,
    ) -> impl Future<Output = Result<bool, EngineError>>;

    /// Checks that the ledger still is the one that was opened, and the locks are still held. Outside
    /// of a transaction a connection that was lost is made again.
    fn verify(&mut self) -> impl Future<Output = Result<(), EngineError>>;

    /// Where the ledger is, without a password.
    fn place(&self) -> String;
}
