//! PostgreSQL: the ledger of a team, in a database that all of its machines can reach.
//!
//! Every transaction that writes first locks the one row of `ledger`, so that one is decided after
//! the other; READ COMMITTED is enough then. The clock is read in a later statement: within the one
//! that waits for the lock it would show the time before the wait.

mod location;
mod session;

pub use location::{
    Location, LocationError, Origin, is_other_url, is_url, password_file, url_value,
};
pub use session::ConnectError;

use super::engine::{Access, CommitError, Engine, EngineError, LookUp, Seen, Value, ValueRef};
use super::id::BatchId;
use super::table::decode_time;
use bytes::BytesMut;
use chrono::{DateTime, Utc};
use session::Session;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tokio_postgres::Row;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// How many keys a statement looks up.
const CHUNK: usize = 10_000;

/// How long to try to make a lost connection again: a server that is restarted is back by then.
const RECONNECT_FOR: Duration = Duration::from_secs(20);

/// The time from one try to the next.
const BETWEEN_CONNECTS: Duration = Duration::from_millis(500);

/// How long to try to take a lock: a run that has just ended, or whose connection has just been
/// lost, may hold it for a moment more.
const LOCK_FOR: Duration = Duration::from_secs(3);

/// The time from one try to the next.
const BETWEEN_LOCKS: Duration = Duration::from_millis(100);

/// The advisory lock under which the tables are made: two runs may find none at the same time.
const MAKING_TABLES: i64 = 0x6363_6261_7463_6800; // "ccbatch"

/// Who holds an advisory lock of 64 bits in this database.
const HOLDERS: &str = "FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 \
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
    AND ((classid::bigint << 32) | objid::bigint)";

/// A shared ledger.
pub struct Postgres {
    location: Location,
    /// How the server's list of sessions names this one.
    name: String,
    /// `None` while the connection is lost.
    session: Option<Session>,
    transaction: Transaction,
    locks: BTreeSet<BatchId>,
    /// Locks that could not be taken again after the connection was lost.
    lost_locks: BTreeSet<BatchId>,
    seen: Option<Seen>,
}

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transaction {
    None,
    Reading,
    Writing,
    /// A statement of it has failed: nothing of it will be committed.
    Failed,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Postgres").field(&self.place()).finish()
    }
}

impl Postgres {
    /// Connects to a ledger's server.
    ///
    /// # Errors
    /// It cannot be reached, or cannot be relied on.
    pub async fn connect(location: Location, who: &str) -> Result<Self, ConnectError> {
        let name = format!("ccbatch {who}");
        let session = Session::open(&location, &name).await?;
        Ok(Self {
            location,
            name,
            session: Some(session),
            transaction: Transaction::None,
            locks: BTreeSet::new(),
            lost_locks: BTreeSet::new(),
            seen: None,
        })
    }

    /// Makes sure that there is a connection outside of a transaction.
    async fn connected(&mut self) -> Result<(), EngineError> {
        match &self.session {
            Some(session) if !session.is_lost() => Ok(()),
            Some(_) | None => self.reconnect().await,
        }
    }

    /// Makes a lost connection again: all that was checked at the start is checked again, and the
    /// locks are taken again.
    async fn reconnect(&mut self) -> Result<(), EngineError> {
        let old = self.session.take();
        let backend = old.as_ref().map(|session| session.backend.clone());
        drop(old);
        let since = Instant::now();
        let session = loop {
            match Session::open(&self.location, &self.name).await {
                Ok(session) => break session,
                Err(error) if error.may_pass() && since.elapsed() < RECONNECT_FOR => {
                    sleep(BETWEEN_CONNECTS).await;
                }
                Err(ConnectError::Pooled) => return Err(EngineError::Pooled),
                Err(error) => return Err(EngineError::Lost(error.to_string())),
            }
        };
        self.session = Some(session);
        if self.seen.is_some() {
            self.look(ROW_OF_LEDGER).await?;
        }
        self.lock_again(backend.as_ref()).await
    }

    /// Takes the locks again that the lost session held. What an answer came to is recorded even
    /// if that fails; nothing is claimed any more then.
    async fn lock_again(&mut self, old: Option<&(i32, String)>) -> Result<(), EngineError> {
        for batch in self.locks.clone() {
            if let Some((pid, started)) = old {
                // The server may not have noticed yet that the lost session is gone. A pooler may have
                // given it to this client again, or to another.
                let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                           WHERE pid = $1 AND backend_start::text = $2 AND usename = current_user \
                           AND application_name = current_setting('application_name') \
                           AND pid <> pg_backend_pid()";
                self.rows(sql, &[pid, started]).await?;
            }
            let key = self.key_of(&batch).await?;
            if self.try_lock(key).await? {
                self.lost_locks.remove(&batch);
            } else {
                self.lost_locks.insert(batch);
            }
        }
        Ok(())
    }

    /// Tries to take a lock for a while; `false` if another session has it.
    async fn try_lock(&mut self, key: i64) -> Result<bool, EngineError> {
        let own = format!("SELECT pid {HOLDERS} = $1 AND pid = pg_backend_pid()");
        if !self.rows(&own, &[&key]).await?.is_empty() {
            // A session that is shared would be given what another run holds.
            return Err(EngineError::Pooled);
        }
        let since = Instant::now();
        loop {
            let rows = self
                .rows("SELECT pg_try_advisory_lock($1)", &[&key])
                .await?;
            if column(&rows, 0)? {
                return Ok(true);
            }
            if since.elapsed() > LOCK_FOR {
                return Ok(false);
            }
            sleep(BETWEEN_LOCKS).await;
        }
    }

    /// The key of a batch's advisory lock, which no other ledger of the database shares.
    async fn key_of(&mut self, batch: &BatchId) -> Result<i64, EngineError> {
        if self.seen.is_none() {
            self.look(ROW_OF_LEDGER).await?;
        }
        let id = self.seen.as_ref().map_or("", |seen| &seen.id);
        let hash = Sha256::digest(format!("ccbatch\t{id}\t{batch}"));
        let first = hash.first_chunk().copied().unwrap_or_default();
        Ok(i64::from_le_bytes(first))
    }

    /// Reads the row of `ledger`, which must be the one that was seen before, and no older.
    async fn look(&mut self, sql: &str) -> Result<(), EngineError> {
        let mark = self.mark();
        let rows = self.rows(sql, &[]).await?;
        if rows.is_empty() {
            return Err(EngineError::NoSuchTable);
        }
        if column::<Option<String>>(&rows, 2)? != mark {
            return Err(EngineError::Pooled);
        }
        let now = Seen {
            id: column(&rows, 0)?,
            writes: column(&rows, 1)?,
        };
        if let Some(seen) = &self.seen {
            seen.refuse_other(&now)?;
        }
        self.seen = Some(now);
        Ok(())
    }

    fn mark(&self) -> Option<String> {
        self.session.as_ref().map(|session| session.mark.clone())
    }

    async fn begin_once(&mut self, access: Access) -> Result<(), EngineError> {
        self.connected().await?;
        let sql = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        };
        self.run(sql).await?;
        match access {
            Access::Read => {
                self.transaction = Transaction::Reading;
                Ok(())
            }
            Access::Write => {
                self.transaction = Transaction::Writing;
                self.lock_ledger().await
            }
        }
    }

    /// Waits until this is the only transaction that writes.
    async fn lock_ledger(&mut self) -> Result<(), EngineError> {
        if self.seen.is_none() && !self.has_ledger().await? {
            let sql = "SELECT pg_advisory_xact_lock($1)";
            self.rows(sql, &[&MAKING_TABLES]).await?;
            if !self.has_ledger().await? {
                return Ok(());
            }
        }
        self.look(&format!("{ROW_OF_LEDGER} FOR UPDATE")).await
    }

    /// Two roles with the same URL must not have two ledgers: a role that looks into other schemas
    /// gets no ledger of its own there, unless its URL asks for that.
    async fn refuse_ledger_out_of_reach(&mut self) -> Result<(), EngineError> {
        let sql = "SELECT nspname::text FROM pg_class JOIN pg_namespace \
                   ON pg_namespace.oid = relnamespace WHERE relname = 'ledger' AND EXISTS \
                   (SELECT 1 FROM pg_class AS other WHERE relname = 'batch_path' \
                   AND other.relnamespace = pg_class.relnamespace) AND NOT EXISTS \
                   (SELECT 1 FROM pg_settings WHERE name = 'search_path' AND source = 'client')";
        let rows = self.ask(sql, &[]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        Err(EngineError::OutOfReach(column(&rows, 0)?))
    }

    async fn has_ledger(&mut self) -> Result<bool, EngineError> {
        let rows = self.rows("SELECT to_regclass('ledger') IS NOT NULL", &[]);
        column(&rows.await?, 0)
    }

    /// The rows that a statement gives. Within a transaction that has failed nothing is asked.
    async fn rows(
        &mut self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EngineError> {
        let session = self.usable()?;
        let answer = session.rows(sql, values).await;
        self.noticing(answer)
    }

    async fn run(&mut self, sql: &str) -> Result<(), EngineError> {
        let session = self.usable()?;
        let answer = session.run(sql).await;
        self.noticing(answer)
    }

    fn usable(&mut self) -> Result<&mut Session, EngineError> {
        let lost = || EngineError::Lost("the connection to the ledger was lost".to_owned());
        match self.transaction {
            Transaction::Failed => return Err(lost()),
            Transaction::None | Transaction::Reading | Transaction::Writing => {}
        }
        self.session.as_mut().ok_or_else(lost)
    }

    /// Notices that a statement has failed, and the connection with it.
    fn noticing<T>(&mut self, answer: Result<T, EngineError>) -> Result<T, EngineError> {
        let Err(error) = answer else {
            return answer;
        };
        match self.transaction {
            Transaction::None => {}
            Transaction::Reading | Transaction::Writing | Transaction::Failed => {
                self.transaction = Transaction::Failed;
            }
        }
        if matches!(error, EngineError::Lost(_)) {
            self.session = None;
        }
        Err(error)
    }

    /// Asks outside of a transaction, and once more over a new connection if the old one was lost.
    async fn ask(
        &mut self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EngineError> {
        if self.transaction != Transaction::None {
            return self.rows(sql, values).await;
        }
        self.connected().await?;
        match self.rows(sql, values).await {
            Err(EngineError::Lost(_)) => {
                self.connected().await?;
                self.rows(sql, values).await
            }
            other => other,
        }
    }
}

/// The row that says which ledger it is and how often it was written to, with the session's mark.
const ROW_OF_LEDGER: &str =
    "SELECT id, writes, current_setting('ccbatch.session', true) FROM ledger WHERE one = 1";

impl Engine for Postgres {
    async fn begin(&mut self, access: Access) -> Result<(), EngineError> {
        self.rollback().await;
        let had_connection = self.session.as_ref().is_some_and(|it| !it.is_lost());
        let begun = match self.begin_once(access).await {
            Err(EngineError::Lost(_)) if had_connection => {
                // It was lost unnoticed, and nothing has happened yet.
                self.rollback().await;
                self.begin_once(access).await
            }
            other => other,
        };
        if begun.is_err() {
            self.rollback().await;
        }
        begun
    }

    async fn commit(&mut self) -> Result<(), CommitError> {
        let seen = match self.transaction {
            Transaction::None | Transaction::Failed => {
                let words = "a statement of the transaction has failed".to_owned();
                return Err(CommitError::StillOpen(EngineError::Other(words)));
            }
            Transaction::Reading => None,
            Transaction::Writing => {
                let sql = "SELECT id, writes FROM ledger WHERE one = 1";
                let rows = self.rows(sql, &[]).await;
                let rows = rows.map_err(CommitError::StillOpen)?;
                Some(Seen {
                    id: column(&rows, 0).map_err(CommitError::StillOpen)?,
                    writes: column(&rows, 1).map_err(CommitError::StillOpen)?,
                })
            }
        };
        let ended = self.run("COMMIT").await;
        self.transaction = Transaction::None;
        ended.map_err(CommitError::Unknown)?;
        self.seen = seen.or(self.seen.take());
        Ok(())
    }

    async fn rollback(&mut self) {
        if self.transaction == Transaction::None {
            return;
        }
        self.transaction = Transaction::None;
        if let Some(session) = &self.session
            && session.run("ROLLBACK").await.is_err()
        {
            // A session that cannot say that it is clean is not used again.
            self.session = None;
        }
    }

    async fn is_empty(&mut self) -> Result<bool, EngineError> {
        let sql = "SELECT to_regclass('ledger') IS NULL, NOT EXISTS (SELECT 1 FROM pg_class \
                   WHERE relnamespace = current_schema()::regnamespace \
                   AND relkind IN ('r', 'p', 'v', 'm', 'f')), EXISTS (SELECT 1 FROM pg_class \
                   WHERE oid IN (to_regclass('ledger'), to_regclass('batch'), \
                   to_regclass('batch_path'), to_regclass('attempt')) AND relpersistence <> 'p')";
        let rows = self.ask(sql, &[]).await?;
        let (has_no_ledger, has_nothing): (bool, bool) = (column(&rows, 0)?, column(&rows, 1)?);
        if has_no_ledger {
            self.refuse_ledger_out_of_reach().await?;
        } else if column(&rows, 2)? {
            return Err(EngineError::NotKept);
        }
        Ok(has_no_ledger && has_nothing)
    }

    async fn now(&mut self) -> Result<DateTime<Utc>, EngineError> {
        let sql = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', \
                   'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
        let time: String = column(&self.ask(sql, &[]).await?, 0)?;
        let unreadable = || EngineError::Other(format!("{time:?} is not a time"));
        decode_time(&time).ok_or_else(unreadable)
    }

    async fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|it| it as _).collect();
        for row in self.ask(sql, &values).await? {
            take(&read_row(&row)?);
        }
        Ok(())
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, EngineError> {
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|it| it as _).collect();
        let session = self.usable()?;
        let answer = session.changed(sql, &values).await;
        self.noticing(answer)
    }

    async fn look_up(
        &mut self,
        (columns, by): (&str, LookUp),
        realm: Option<&str>,
        wanted: &[String],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        let sql = format!(
            "SELECT {columns} FROM unnest($1::text[]) AS wanted (value) JOIN attempt \
             ON attempt.{} = wanted.value{}{}",
            by.column(),
            by.condition(),
            realm.map_or("", |_| " AND attempt.realm = $2")
        );
        for chunk in wanted.chunks(CHUNK) {
            let mut values: Vec<&(dyn ToSql + Sync)> = vec![&chunk];
            values.extend(realm.as_ref().map(|realm| realm as &(dyn ToSql + Sync)));
            for row in self.ask(&sql, &values).await? {
                take(&read_row(&row)?);
            }
        }
        Ok(())
    }

    async fn lock(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        if self.locks.contains(batch) {
            return Ok(true);
        }
        self.connected().await?;
        let key = self.key_of(batch).await?;
        let is_locked = self.try_lock(key).await?;
        if is_locked {
            self.locks.insert(*batch);
        }
        Ok(is_locked)
    }

    async fn unlock(&mut self, batch: &BatchId) {
        if self.locks.remove(batch)
            && let Ok(key) = self.key_of(batch).await
        {
            // The server gives it back with the session, if not now.
            let _ = self.rows("SELECT pg_advisory_unlock($1)", &[&key]).await;
        }
        self.lost_locks.remove(batch);
    }

    async fn is_locked_elsewhere(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        let key = self.key_of(batch).await?;
        let sql = format!("SELECT pid {HOLDERS} = $1 AND pid <> pg_backend_pid()");
        Ok(!self.ask(&sql, &[&key]).await?.is_empty())
    }

    async fn verify(&mut self) -> Result<(), EngineError> {
        let mut keys = Vec::with_capacity(self.locks.len());
        for batch in self.locks.clone() {
            keys.push(self.key_of(&batch).await?);
        }
        let sql = format!(
            "SELECT current_setting('ccbatch.session', true), \
             (SELECT count(*) {HOLDERS} = ANY($1) AND pid = pg_backend_pid())"
        );
        let rows = self.ask(&sql, &[&keys]).await?;
        if column::<Option<String>>(&rows, 0)? != self.mark() {
            return Err(EngineError::Pooled);
        }
        let held: i64 = column(&rows, 1)?;
        if self.lost_locks.is_empty() && usize::try_from(held) == Ok(keys.len()) {
            return Ok(());
        }
        let words = "another run has taken the batch over while the connection was lost";
        Err(EngineError::Replaced(words.to_owned()))
    }

    fn place(&self) -> String {
        self.location.to_string()
    }
}

/// A column of the first row.
fn column<'r, T>(rows: &'r [Row], index: usize) -> Result<T, EngineError>
where
    T: tokio_postgres::types::FromSql<'r>,
{
    let row = rows.first();
    let row = row.ok_or_else(|| EngineError::Other("the server gives no row".to_owned()))?;
    row.try_get(index).map_err(|error| wrong_type(&error))
}

fn wrong_type(error: &tokio_postgres::Error) -> EngineError {
    EngineError::Other(format!("a column has a value of the wrong type: {error}"))
}

fn read_row(row: &Row) -> Result<Vec<ValueRef<'_>>, EngineError> {
    let columns = row.columns().iter().enumerate();
    let value = |(index, column): (usize, &tokio_postgres::Column)| {
        let value = match *column.type_() {
            Type::INT4 => {
                let number: Option<i32> = row.try_get(index)?;
                number.map(|number| ValueRef::Integer(number.into()))
            }
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map(ValueRef::Integer),
            Type::BOOL => {
                let yes: Option<bool> = row.try_get(index)?;
                yes.map(|yes| ValueRef::Integer(yes.into()))
            }
            _ => row.try_get::<_, Option<&str>>(index)?.map(ValueRef::Text),
        };
        Ok(value.unwrap_or(ValueRef::Null))
    };
    let values: Result<Vec<ValueRef<'_>>, tokio_postgres::Error> = columns.map(value).collect();
    values.map_err(|error| wrong_type(&error))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Text(text) => text.as_str().to_sql(ty, out),
            Self::Integer(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Self::Integer(number) => number.to_sql(ty, out),
        }
    }

    fn accepts(ty: &Type) -> bool {
        [Type::TEXT, Type::VARCHAR, Type::INT4, Type::INT8].contains(ty)
    }

    fn encode_format(&self, _ty: &Type) -> Format {
        Format::Binary
    }

    to_sql_checked!();
}
