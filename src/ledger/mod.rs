//! The ledger is the record of every payout that was ever begun here, whatever file it came from.
//! It decides what may be sent.
//!
//! It is a database, so that what must never happen is a constraint: of each payout at most one
//! attempt may be live ([`schema.sql`](../../../src/ledger/schema.sql)). What a row is, by what the
//! ledger knows, is decided by [`rules`]; what a results file adds to it, by [`adopt`]. Both are
//! pure. [`Ledger`] runs them in transactions of an [`Engine`].

pub mod adopt;
mod adopting;
pub mod any;
pub mod attempt;
mod batch;
mod begin;
pub mod claim;
pub mod content;
pub mod engine;
mod finish;
pub mod history;
pub mod id;
mod journal;
pub mod key;
pub mod moving;
mod pace;
pub mod payees;
pub mod postgres;
pub mod realm;
pub mod row_keys;
pub mod rules;
pub mod sqlite;
pub mod table;

pub use adopting::AdoptingError;
pub use any::AnyEngine;
pub use attempt::{Attempt, AttemptStatus, Ending};
pub use batch::{BatchPath, BatchRecord, Choice};
pub use begin::{BeginError, Begun, Wanted};
pub use claim::{Claim, MAX_AGE, Reading};
pub use content::Content;
pub use engine::{CommitError, Engine, EngineError};
pub use finish::{ResolveError, is_open_to_a_verdict};
pub use id::{AttemptId, BatchId};
pub use key::{PayoutKey, References};
pub use pace::Pace;
pub use payees::PaidBefore;
pub use realm::Realm;

use crate::domain::Payout;
use crate::domain::escape::shell_word;
use chrono::{DateTime, Utc};
use engine::{Access, BUSY_HINT, LookUp, UNREADABLE_HINT, Value, ValueRef};
use postgres::url_value;
use rules::Known;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use table::{Columns, Shared};

/// The version of the schema. A ledger of a later one is refused.
const VERSION: i64 = 1;

/// The tables and indexes of an empty ledger.
const SCHEMA: &str = include_str!("schema.sql");

/// Why the ledger cannot be used, or did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The database says why.
    #[error("{0}")]
    Engine(#[from] EngineError),
    /// A commit failed.
    #[error("{0}")]
    Commit(#[from] CommitError),
    /// It was moved, and begins nothing any more.
    #[error("this ledger was moved to {0}")]
    Moved(String),
    /// Another was being moved here, and it begins nothing until that has ended.
    #[error("a move to this ledger was not finished")]
    MoveUnfinished,
    /// A later version of the program wrote it.
    #[error("this ledger was written by a newer version of ccbatch (schema {0})")]
    Newer(i64),
    /// It is a database, and not a ledger.
    #[error("this is a database, but not a ledger of ccbatch")]
    NotALedger,
    /// A row of it cannot be read.
    #[error("a row of the ledger cannot be read: {0}")]
    Damaged(String),
    /// Its clock, by which payouts are told apart, is set to a time that cannot be right.
    #[error("the clock of the ledger's server cannot be right: it says {}", .0.format("%Y-%m-%d %H:%M UTC"))]
    Clock(DateTime<Utc>),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl LedgerError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Moved(to) => format!("name it with --ledger {}", shell_word(to)).into(),
            Self::MoveUnfinished => {
                "finish the move from the old ledger to this one (ccbatch ledger move)".into()
            }
            Self::Newer(_) => "use the newer ccbatch".into(),
            Self::NotALedger => "name the ledger itself with --ledger".into(),
            Self::Clock(_) => "set that clock, then run again".into(),
            Self::Damaged(_) => {
                "bring back a backup of the ledger and, before any run, give it every results file written since (ccbatch ledger adopt)".into()
            }
            Self::Engine(EngineError::Unreadable) => UNREADABLE_HINT.into(),
            Self::Engine(EngineError::Replaced(_)) => {
                "see that no other run is at work and that this is the ledger the run began with, then run again".into()
            }
            Self::Engine(EngineError::GoneBack(_)) => {
                "before any run, give it every results file written since the copy was made (ccbatch ledger adopt)".into()
            }
            Self::Engine(EngineError::Busy) => BUSY_HINT.into(),
            Self::Engine(EngineError::Pooled) => "connect directly, not through a pooler".into(),
            Self::Engine(EngineError::Denied(_)) => {
                "the role needs SELECT, INSERT and UPDATE on the ledger's tables, and who makes them CREATE on the schema".into()
            }
            Self::Engine(EngineError::NoLocks) => {
                "move the ledger's file to a disk of this machine, and name it with --ledger".into()
            }
            Self::Engine(EngineError::NotKept) => {
                "correct the search_path, whose first schema has to be there, or make unlogged tables LOGGED; then, before any run, give the ledger every results file (ccbatch ledger adopt): what it knew may be gone".into()
            }
            Self::Engine(EngineError::OutOfReach(schema)) => format!(
                "grant the role USAGE on it, and put it into the role's search_path or the URL: ?options=-csearch_path%3D{}",
                url_value(schema)
            )
            .into(),
            Self::Engine(EngineError::Lost(_)) => {
                "check the server and the network, then run again".into()
            }
            Self::Engine(_) | Self::Commit(_) | Self::Random => {
                "check the disk or the server that the ledger is on, then run again".into()
            }
        }
    }

    /// Whether the ledger refuses what it is asked, and would do so again until something is done
    /// about it.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Engine(error)
            | Self::Commit(CommitError::StillOpen(error) | CommitError::Unknown(error)) => {
                match error {
                    EngineError::Constraint(_)
                    | EngineError::NoSuchTable
                    | EngineError::Replaced(_)
                    | EngineError::GoneBack(_)
                    | EngineError::Denied(_)
                    | EngineError::NoLocks
                    | EngineError::NotKept
                    | EngineError::OutOfReach(_)
                    | EngineError::Pooled => true,
                    EngineError::Busy
                    | EngineError::Unreadable
                    | EngineError::Lost(_)
                    | EngineError::Other(_) => false,
                }
            }
            Self::Moved(_)
            | Self::MoveUnfinished
            | Self::Newer(_)
            | Self::NotALedger
            | Self::Damaged(_)
            | Self::Clock(_)
            | Self::Random => true,
        }
    }
}

impl From<getrandom::Error> for LedgerError {
    fn from(_: getrandom::Error) -> Self {
        Self::Random
    }
}

/// Who uses the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The machine's name.
    pub host: String,
    /// The user's name.
    pub user: String,
    /// The process.
    pub pid: u32,
}

impl std::fmt::Display for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{} (process {})", self.user, self.host, self.pid)
    }
}

/// What a ledger says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// A random name, which a copy shares.
    pub id: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Where it was moved to; empty if it was not.
    pub moved_to: String,
    /// How often it was written to.
    pub writes: i64,
    salt: String,
}

/// Stands for the place in a ledger to which another is being moved.
const UNFINISHED: &str = "(a move to here was not finished)";

/// The record of every payout, open.
#[derive(Debug)]
pub struct Ledger<E> {
    engine: E,
    identity: Identity,
    who: Who,
    /// The last attempt that was begun here.
    last_begun: Option<AttemptId>,
}

impl<E: Engine> Ledger<E> {
    /// Takes an open database for a ledger; an empty one is made one.
    ///
    /// # Errors
    /// It is something else, or of a newer program.
    pub async fn new(mut engine: E, who: Who) -> Result<Self, LedgerError> {
        engine.begin(Access::Write).await?;
        let identity = match make_or_identify(&mut engine).await {
            Ok(identity) => identity,
            Err(error) => {
                engine.rollback().await;
                return Err(error);
            }
        };
        engine.commit().await?;
        Ok(Self {
            engine,
            identity,
            who,
            last_begun: None,
        })
    }

    /// Takes an open database for a ledger, which it must be already. Writes nothing.
    ///
    /// # Errors
    /// It is something else, or of a newer program.
    pub async fn existing(mut engine: E, who: Who) -> Result<Self, LedgerError> {
        engine.begin(Access::Read).await?;
        let identity = identify(&mut engine).await;
        engine.rollback().await;
        Ok(Self {
            engine,
            identity: identity?,
            who,
            last_begun: None,
        })
    }

    /// What it says about itself.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where it is, without a password.
    #[must_use]
    pub fn place(&self) -> String {
        self.engine.place()
    }

    /// Who uses it.
    #[must_use]
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// The database under it.
    pub fn engine(&mut self) -> &mut E {
        &mut self.engine
    }

    /// The ledger's time.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn now(&mut self) -> Result<DateTime<Utc>, LedgerError> {
        Ok(self.engine.now().await?)
    }

    /// What stands for an API key in the ledger: a hash of it with the ledger's own salt.
    #[must_use]
    pub fn key_hash(&self, api_key: &str) -> String {
        let hash = Sha256::digest(format!("{}\t{api_key}", self.identity.salt));
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Every attempt of a realm that has one of these values in the column of a look-up.
    pub(crate) async fn look_up(
        &mut self,
        by: LookUp,
        realm: Realm,
        wanted: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Attempt>, LedgerError> {
        let sorted = sorted(wanted);
        if sorted.is_empty() {
            return Ok(Vec::new());
        }
        let realm = realm.to_string();
        let mut found = Rows::new(table::read);
        let wanted = (table::COLUMNS, by);
        self.engine
            .look_up(wanted, Some(&realm), &sorted, &mut |row| found.take(row))
            .await?;
        found.all()
    }

    /// Whether any attempt was ever begun in this realm.
    pub(crate) async fn has_attempts(&mut self, realm: Realm) -> Result<bool, LedgerError> {
        let sql = "SELECT 1 FROM attempt WHERE realm = $1 LIMIT 1";
        let rows = self.engine.query(sql, &[realm.to_string().into()]).await?;
        Ok(!rows.is_empty())
    }

    /// The attempts that a statement gives whose columns are [`table::COLUMNS`].
    pub(crate) async fn attempts(
        &mut self,
        rest: &str,
        values: &[Value],
    ) -> Result<Vec<Attempt>, LedgerError> {
        let sql = format!("SELECT {} FROM attempt {rest}", table::COLUMNS);
        self.read(&sql, values, table::read).await
    }

    /// What is read of each row that a statement gives.
    async fn read<T>(
        &mut self,
        sql: &str,
        values: &[Value],
        read: fn(&mut Columns<'_>) -> Option<T>,
    ) -> Result<Vec<T>, LedgerError> {
        read_rows(&mut self.engine, sql, values, read).await
    }

    /// The same of the first row.
    async fn read_first<T>(
        &mut self,
        sql: &str,
        values: &[Value],
        read: fn(&mut Columns<'_>) -> Option<T>,
    ) -> Result<Option<T>, LedgerError> {
        let rows = self.read(sql, values, read).await?;
        Ok(rows.into_iter().next())
    }

    /// Ends a transaction: commits what went well, rolls back what did not.
    async fn end<T, X: From<LedgerError>>(&mut self, ended: Result<T, X>) -> Result<T, X> {
        match ended {
            Ok(value) => match self.engine.commit().await {
                Ok(()) => Ok(value),
                Err(error) => {
                    self.engine.rollback().await;
                    Err(LedgerError::from(error).into())
                }
            },
            Err(error) => {
                self.engine.rollback().await;
                Err(error)
            }
        }
    }

    /// Counts one write, and gives its number.
    async fn count_write(&mut self) -> Result<i64, LedgerError> {
        let sql = "UPDATE ledger SET writes = writes + 1 WHERE one = 1 RETURNING writes";
        let writes = self.read_first(sql, &[], |it| it.integer()).await?;
        let writes = writes.ok_or(LedgerError::NotALedger)?;
        self.identity.writes = writes;
        Ok(writes)
    }

    /// Refuses to begin anything in a ledger that was moved, or lacks what was begun here last: an
    /// older copy that others have written to since may count more writes than were seen here.
    ///
    /// # Errors
    /// It was moved, has gone back, or cannot be read.
    pub async fn refuse_unless_current(&mut self) -> Result<(), LedgerError> {
        let sql = "SELECT moved_to, $1 = '' OR EXISTS (SELECT 1 FROM attempt WHERE id = $1) \
                   FROM ledger WHERE one = 1";
        let last = self.last_begun.map(|id| id.to_string());
        let values = [last.unwrap_or_default().into()];
        let read = |it: &mut Columns<'_>| Some((it.string()?, it.integer()?));
        let found = self.read_first(sql, &values, read).await?;
        let (moved_to, has_last) = found.ok_or(LedgerError::NotALedger)?;
        match moved_to.as_str() {
            "" if has_last == 0 => {
                let words = "the last one of this run is not in it any more".to_owned();
                Err(EngineError::GoneBack(words).into())
            }
            "" => Ok(()),
            UNFINISHED => Err(LedgerError::MoveUnfinished),
            place => Err(LedgerError::Moved(place.to_owned())),
        }
    }

    /// Where it was moved to, [`UNFINISHED`], or nothing.
    async fn moved_to(&mut self) -> Result<String, LedgerError> {
        let sql = "SELECT moved_to FROM ledger WHERE one = 1";
        let place = self.read_first(sql, &[], |it| it.string()).await?;
        place.ok_or(LedgerError::NotALedger)
    }

    async fn insert(&mut self, attempt: &Attempt) -> Result<(), LedgerError> {
        let seq = self.count_write().await?;
        let values = table::insert_values(attempt, seq);
        self.engine.execute(table::INSERT, &values).await?;
        Ok(())
    }

    /// Writes what became of an attempt; gives how many rows that were.
    async fn update(&mut self, attempt: &Attempt) -> Result<u64, LedgerError> {
        self.count_write().await?;
        let values = table::update_values(attempt);
        Ok(self.engine.execute(table::UPDATE, &values).await?)
    }

    /// All that is known about a row: every attempt of its key, and what is alike.
    pub(crate) async fn known_about(
        &mut self,
        realm: Realm,
        row: rules::Row<'_>,
    ) -> Result<Known, LedgerError> {
        let mut known = Known::default();
        let key = [row.key.as_str().to_owned()];
        known.extend(self.look_up(LookUp::Key, realm, key).await?);
        known.extend(self.alike(realm, &[row.payout]).await?);
        Ok(known)
    }

    /// The live attempts that pay the same as one of these rows, or under its reference in any
    /// spelling.
    pub(crate) async fn alike(
        &mut self,
        realm: Realm,
        payouts: &[&Payout],
    ) -> Result<Vec<Attempt>, LedgerError> {
        let contents = payouts.iter().map(|payout| Content::of(payout));
        let contents = contents.map(|content| content.as_str().to_owned());
        let mut alike = self.look_up(LookUp::Content, realm, contents).await?;
        let references = payouts.iter().map(|it| key::folded(&it.reference));
        let references = references.filter(|reference| !reference.is_empty());
        alike.extend(self.look_up(LookUp::Reference, realm, references).await?);
        Ok(alike)
    }
}

/// Each text once, in the order of an index.
fn sorted(wanted: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut sorted: Vec<String> = wanted.into_iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

/// What is read of rows while the database gives them.
struct Rows<T> {
    read: fn(&mut Columns<'_>) -> Option<T>,
    shared: Shared,
    all: Vec<T>,
    /// The first value of the first row that cannot be read.
    damaged: Option<String>,
}

impl<T> Rows<T> {
    fn new(read: fn(&mut Columns<'_>) -> Option<T>) -> Self {
        Self {
            read,
            shared: Shared::default(),
            all: Vec::new(),
            damaged: None,
        }
    }

    fn take(&mut self, row: &[ValueRef<'_>]) {
        match (self.read)(&mut Columns::new(row, &mut self.shared)) {
            Some(value) => self.all.push(value),
            None if self.damaged.is_none() => {
                self.damaged = row.first().map(ToString::to_string);
            }
            None => {}
        }
    }

    fn all(self) -> Result<Vec<T>, LedgerError> {
        match self.damaged {
            None => Ok(self.all),
            Some(shown) => Err(LedgerError::Damaged(shown)),
        }
    }
}

async fn read_rows<E: Engine, T>(
    engine: &mut E,
    sql: &str,
    values: &[Value],
    read: fn(&mut Columns<'_>) -> Option<T>,
) -> Result<Vec<T>, LedgerError> {
    let mut rows = Rows::new(read);
    engine.each(sql, values, &mut |row| rows.take(row)).await?;
    rows.all()
}

/// Makes an empty database a ledger, or reads what it says about itself.
async fn make_or_identify<E: Engine>(engine: &mut E) -> Result<Identity, LedgerError> {
    if !engine.is_empty().await? {
        return identify(engine).await;
    }
    for statement in SCHEMA.split(';').map(str::trim) {
        if !statement.is_empty() {
            engine.execute(statement, &[]).await?;
        }
    }
    let now = engine.now().await?;
    let sql = "INSERT INTO ledger (one, version, id, salt, writes, created_at, moved_to) \
               VALUES (1, $1, $2, $3, 0, $4, '')";
    let values = [
        Value::Integer(VERSION),
        BatchId::new()?.as_str().into(),
        format!("{}{}", BatchId::new()?, BatchId::new()?).into(),
        table::encode_time(now).into(),
    ];
    engine.execute(sql, &values).await?;
    identify(engine).await
}

async fn identify<E: Engine>(engine: &mut E) -> Result<Identity, LedgerError> {
    if engine.is_empty().await? {
        return Err(LedgerError::NotALedger);
    }
    let sql = "SELECT version, id, salt, writes, created_at, moved_to FROM ledger WHERE one = 1";
    let rows = match read_rows(engine, sql, &[], read_identity).await {
        Ok(rows) => rows,
        Err(LedgerError::Engine(EngineError::NoSuchTable) | LedgerError::Damaged(_)) => {
            return Err(LedgerError::NotALedger);
        }
        Err(error) => return Err(error),
    };
    match rows.into_iter().next() {
        None => Err(LedgerError::NotALedger),
        Some(Err(version)) => Err(LedgerError::Newer(version)),
        Some(Ok(identity)) => Ok(identity),
    }
}

/// What a ledger says about itself, or the version of one that a later program has written.
fn read_identity(columns: &mut Columns<'_>) -> Option<Result<Identity, i64>> {
    let version = columns.integer()?;
    if version > VERSION {
        return Some(Err(version));
    }
    let (id, salt) = (columns.string()?, columns.string()?);
    Some(Ok(Identity {
        id,
        salt,
        writes: columns.integer()?,
        created_at: table::decode_time(columns.text()?)?,
        moved_to: columns.string()?,
    }))
}
