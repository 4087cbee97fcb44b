//! SQLite: the ledger of one operator, a file that is theirs alone.

use super::engine::{
    Access, BUSY_HINT, CommitError, Engine, EngineError, LookUp, Seen, Take, UNREADABLE_HINT,
    Value, ValueRef, Values,
};
use super::id::BatchId;
use super::journal;
use crate::clock;
use crate::domain::escape::shell_word;
use crate::os::fault::words;
use crate::os::file::{self, FileId};
use crate::os::lock::{self, FileLock};
use crate::os::mount;
use chrono::{DateTime, Utc};
use rusqlite::types::{self, ToSql, ToSqlOutput};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params,
    params_from_iter,
};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a transaction waits for another.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Each commit is durable when it returns, in the file and in the folder. Not WAL: a copy of the
/// file alone would lack commits then.
const PRAGMAS: &str = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; \
                       PRAGMA fullfsync = 1; PRAGMA foreign_keys = 1; PRAGMA trusted_schema = 0;";

/// How many keys a statement looks up. Sorted and in chunks of this size they are read from the
/// index in its own order.
const CHUNK: usize = 10_000;

/// Not read-only, so that SQLite can roll back a transaction that a crash has cut off.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// A batch whose attempts span so many writes is read in two halves at the same time: a connection
/// reads on one processor only.
const LARGE: i64 = 10_000;

/// Why a ledger file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file, and none is to be made.
    #[error("there is no ledger yet")]
    Missing,
    /// It is a folder, a device or a pipe.
    #[error("the ledger is not a regular file")]
    NotAFile,
    /// It is a symbolic link: whoever opens the ledger by another name would miss its locks.
    #[error("the ledger is a symbolic link")]
    SymbolicLink,
    /// The file has several names: whoever opens it by another would miss its journal and locks.
    #[error("the ledger has more than one name (hard link)")]
    SeveralNames,
    /// The file is mounted by itself, so that its journal and locks are not beside it elsewhere.
    #[error("the ledger is mounted without its folder, where its journal and locks are")]
    MountedAlone,
    /// A backup was brought back, and the journal of what it has replaced still lies beside it.
    #[error(
        "beside the ledger lies a journal of another state of it, and SQLite would mix the two"
    )]
    OtherJournal,
    /// The path is among the system's own.
    #[error("the ledger is in a folder of the system, where nothing is kept")]
    System,
    /// The folder or the file can be changed by others.
    #[error("others can change the ledger here")]
    OpenToOthers(PathBuf),
    /// Locks and syncs cannot be relied on there.
    #[error("the ledger is on a network file system ({0}), where its locks cannot be relied on")]
    Network(String),
    /// The file is not a database, or is damaged.
    #[error("{}", EngineError::Unreadable)]
    Unreadable,
    /// Another program holds it, and lets nobody else in.
    #[error("{}", EngineError::Busy)]
    InUse,
    /// The system says why.
    #[error("the ledger cannot be used: {}", words(.0))]
    Io(#[from] io::Error),
    /// SQLite says why.
    #[error("the ledger cannot be opened: {0}")]
    Database(String),
}

impl OpenError {
    /// What it is about, where a ledger was to be opened at this path.
    #[must_use]
    pub fn place(&self, path: &Path) -> String {
        let path = match self {
            Self::OpenToOthers(open) => open,
            Self::Missing
            | Self::NotAFile
            | Self::SymbolicLink
            | Self::SeveralNames
            | Self::MountedAlone
            | Self::OtherJournal
            | Self::System
            | Self::Network(_)
            | Self::Unreadable
            | Self::InUse
            | Self::Io(_)
            | Self::Database(_) => path,
        };
        path.display().to_string()
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self, place: &str) -> Cow<'static, str> {
        match self {
            Self::OtherJournal => format!(
                "nothing was sent; a crash has left the journal behind: if the ledger was brought back from a backup or from another machine since, move {} away and, before any run, give the ledger every results file written since it was copied (ccbatch ledger adopt)",
                shell_word(&format!("{place}-journal"))
            )
            .into(),
            Self::Missing | Self::NotAFile | Self::System => {
                "name the ledger's own file with --ledger".into()
            }
            Self::SymbolicLink => {
                "name the file itself with --ledger, and the same one every time".into()
            }
            Self::SeveralNames => {
                "nothing was sent; remove the other name, and name the same file every time".into()
            }
            Self::MountedAlone => {
                "nothing was sent; mount the folder in place of the file alone".into()
            }
            Self::OpenToOthers(open) => {
                format!(
                    "chmod go-w {}, unless others need it: then the ledger belongs in a folder of your own",
                    shell_word(&open.to_string_lossy())
                )
                .into()
            }
            Self::Network(_) => {
                "keep it on a disk of one machine; if several machines pay, name one postgres:// ledger on all of them".into()
            }
            Self::Unreadable => format!("nothing was sent; {UNREADABLE_HINT}").into(),
            Self::InUse => format!("nothing was sent; {BUSY_HINT}").into(),
            Self::Io(_) => {
                "nothing was sent; check that the disk has room and that you may read and write the folder and the file".into()
            }
            Self::Database(_) => "nothing was sent; check the disk, then run again".into(),
        }
    }
}

/// A ledger in a file, or in memory for a rehearsal.
pub struct Sqlite {
    connection: Connection,
    file: Option<LedgerFile>,
    locks: HashMap<BatchId, FileLock>,
    seen: Option<Seen>,
}

/// The file of a ledger.
struct LedgerFile {
    path: PathBuf,
    id: FileId,
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sqlite").field(&self.place()).finish()
    }
}

impl Sqlite {
    /// Opens a ledger file, and makes it and its folder where there is none.
    ///
    /// # Errors
    /// It cannot be opened, or is not fit to be relied on.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let folder = file::parent(path);
        if file::is_in_system_folder(path) {
            return Err(OpenError::System);
        }
        file::create_folder_for_owner_only(folder)?;
        // Looked at before the file is made, so that none is left where none may be.
        check_folder(folder)?;
        // Made here and not by SQLite, which would let others read it.
        let mut options = OpenOptions::new();
        let made = file::for_owner_only(options.write(true).create_new(true)).open(path);
        match made {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            Ok(_) | Err(_) => {}
        }
        let ledger = Self::open_with(path, PRAGMAS)?;
        ledger.mark_if_new().map_err(open_error)?;
        Ok(ledger)
    }

    /// Marks a ledger in which there is nothing yet. In a transaction with the look: another process
    /// that makes the same one may pay from it a moment later, and a mark that is given then and cut
    /// off would leave a journal of another number.
    fn mark_if_new(&self) -> rusqlite::Result<()> {
        let is_new = || {
            let pages = |row: &rusqlite::Row<'_>| row.get::<_, u32>(0);
            let pages = self.connection.query_row("PRAGMA page_count", [], pages);
            pages.map(|pages| pages == 0)
        };
        if !is_new()? {
            return Ok(());
        }
        let behavior = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(&self.connection, behavior)?;
        if is_new()? {
            journal::mark(&transaction)?;
        }
        transaction.commit()
    }

    /// Opens a ledger file to be read.
    ///
    /// # Errors
    /// It cannot be opened, or is not fit to be relied on.
    pub fn open_existing(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, "PRAGMA query_only = 1;")
    }

    /// A ledger in memory, for a rehearsal.
    ///
    /// # Errors
    /// There is no memory.
    pub fn in_memory() -> Result<Self, OpenError> {
        let connection = Connection::open_in_memory().map_err(open_error)?;
        Ok(Self {
            connection,
            file: None,
            locks: HashMap::new(),
            seen: None,
        })
    }

    fn open_with(path: &Path, pragmas: &str) -> Result<Self, OpenError> {
        check_file(path)?;
        if journal::is_of_another(path)? {
            return Err(OpenError::OtherJournal);
        }
        let id = FileId::at(path)?.ok_or(OpenError::Missing)?;
        let connection = Connection::open_with_flags(literal(path)?, FLAGS).map_err(open_error)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(open_error)?;
        connection.execute_batch(pragmas).map_err(open_error)?;
        let file = Some(LedgerFile {
            path: path.to_owned(),
            id,
        });
        Ok(Self {
            connection,
            file,
            locks: HashMap::new(),
            seen: None,
        })
    }

    /// Copies the ledger, as it is at one moment, to a new file.
    ///
    /// # Errors
    /// There is such a file already, or it cannot be written.
    pub fn back_up(&self, to: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        file::for_owner_only(options.write(true).create_new(true)).open(to)?;
        let copied = self.copy_into(to);
        if copied.is_err() {
            // Half a copy would pass for a whole one.
            let _ = std::fs::remove_file(to);
        }
        copied
    }

    fn copy_into(&self, to: &Path) -> io::Result<()> {
        let literal = literal(to)?;
        let name = literal.to_str();
        let name = name.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
        // Into an empty file; SQLite refuses one that holds anything.
        let copied = self.connection.execute("VACUUM INTO ?1", [name]);
        let marked = copied.and_then(|_| journal::mark(&Connection::open(&literal)?));
        marked.map_err(|error| io::Error::other(engine_error(error)))?;
        let copy = OpenOptions::new().write(true).open(to)?;
        copy.sync_all()?;
        file::sync_folder(file::parent(to))
    }

    /// The middle of a large batch, where the part begins that is read through another connection.
    fn middle_of(&self, batch: &BatchId) -> Result<Option<i64>, EngineError> {
        let sql = "SELECT first + (last - first) / 2 FROM (SELECT \
                   (SELECT min(seq) FROM attempt WHERE batch = ?1) AS first, \
                   (SELECT max(seq) FROM attempt WHERE batch = ?1) AS last) \
                   WHERE last - first >= ?2";
        let statement = self.connection.prepare_cached(sql);
        let middle = statement.and_then(|mut it| {
            let values = params![batch.as_str(), LARGE];
            it.query_row(values, |row| row.get(0)).optional()
        });
        middle.map_err(engine_error)
    }

    /// Another connection, in a transaction that reads exactly what this one's reads; `None` where
    /// it cannot be had at once, as while somebody waits to write.
    fn second_reader(&self) -> Option<Connection> {
        let path = literal(&self.file.as_ref()?.path).ok()?;
        let seen = look(&self.connection).ok()?;
        let other = Connection::open_with_flags(path, FLAGS).ok()?;
        other.busy_timeout(Duration::ZERO).ok()?;
        other.execute_batch("PRAGMA query_only = 1; BEGIN").ok()?;
        (look(&other).ok()? == seen).then_some(other)
    }

    /// Takes the locks again whose files somebody has deleted.
    fn keep_locks(&mut self) -> Result<(), EngineError> {
        for (batch, lock) in &mut self.locks {
            if lock.is_in_place().map_err(|error| io_error(&error))? {
                continue;
            }
            match FileLock::take(lock.path()).map_err(|error| lock_error(lock.path(), &error))? {
                Some(again) => *lock = again,
                None => {
                    let words = format!(
                        "another run has taken the batch {batch} over: the file of its lock was deleted"
                    );
                    return Err(EngineError::Replaced(words));
                }
            }
        }
        Ok(())
    }

    /// The file whose lock says that a run is at work on a batch.
    fn lock_path(&self, batch: &BatchId) -> Option<PathBuf> {
        let mut name = self.file.as_ref()?.path.clone().into_os_string();
        name.push(format!(".{batch}.lock"));
        Some(name.into())
    }
}

/// A path that SQLite takes for nothing but a file's: it keeps `:memory:` in memory, and reads
/// `file:ledger.db` as a URL.
fn literal(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

/// Whether a file is fit to be a ledger.
fn check_file(path: &Path) -> Result<(), OpenError> {
    if file::is_in_system_folder(path) {
        return Err(OpenError::System);
    }
    let metadata = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(OpenError::Missing),
        other => other?,
    };
    if metadata.is_symlink() {
        return Err(OpenError::SymbolicLink);
    }
    if !metadata.is_file() {
        return Err(OpenError::NotAFile);
    }
    if file::link_count(&metadata) > 1 {
        return Err(OpenError::SeveralNames);
    }
    if mount::is_mounted_alone(path) {
        return Err(OpenError::MountedAlone);
    }
    if file::is_writable_by_others(&metadata) {
        return Err(OpenError::OpenToOthers(path.to_owned()));
    }
    check_folder(file::parent(path))
}

/// Whether a folder is fit to hold a ledger.
fn check_folder(folder: &Path) -> Result<(), OpenError> {
    if file::is_writable_by_others(&std::fs::metadata(folder)?) {
        return Err(OpenError::OpenToOthers(folder.to_owned()));
    }
    match mount::network_file_system(folder) {
        Some(network) => Err(OpenError::Network(network)),
        None => Ok(()),
    }
}

fn open_error(error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => OpenError::Unreadable,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::InUse,
        _ => OpenError::Database(error.to_string()),
    }
}

impl Engine for Sqlite {
    async fn begin(&mut self, access: Access) -> Result<(), EngineError> {
        let sql = match access {
            Access::Read => "BEGIN",
            Access::Write => "BEGIN IMMEDIATE",
        };
        self.connection.execute_batch(sql).map_err(engine_error)?;
        let Some(seen) = &self.seen else {
            return Ok(());
        };
        // A copy that is written over the file leaves its device and inode as they were.
        let unchanged = look(&self.connection).and_then(|now| seen.refuse_other(&now));
        if unchanged.is_err() {
            self.rollback().await;
        }
        unchanged
    }

    async fn commit(&mut self) -> Result<(), CommitError> {
        let seen = look(&self.connection).map_err(CommitError::StillOpen)?;
        match self.connection.execute_batch("COMMIT") {
            Ok(()) => {
                self.seen = Some(seen);
                Ok(())
            }
            Err(error) => {
                let is_open = !self.connection.is_autocommit();
                let error = engine_error(error);
                match error {
                    EngineError::Busy if is_open => Err(CommitError::StillOpen(error)),
                    _ => Err(CommitError::Unknown(error)),
                }
            }
        }
    }

    async fn rollback(&mut self) {
        if !self.connection.is_autocommit() {
            // What was not committed is not there, whatever this says.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
    }

    async fn is_empty(&mut self) -> Result<bool, EngineError> {
        let sql = "SELECT count(*) FROM sqlite_schema";
        let count: i64 = self
            .connection
            .query_row(sql, [], |row| row.get(0))
            .map_err(engine_error)?;
        Ok(count == 0)
    }

    async fn now(&mut self) -> Result<DateTime<Utc>, EngineError> {
        Ok(clock::now())
    }

    async fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        each(&self.connection, sql, values, take)
    }

    async fn each_of_batch(
        &mut self,
        columns: &str,
        batch: &BatchId,
        [first, rest]: [Take<'_>; 2],
    ) -> Result<(), EngineError> {
        let sql =
            |part| format!("SELECT {columns} FROM attempt WHERE batch = $1 {part} ORDER BY seq");
        let (whole, of_batch) = (sql(""), [batch.as_str().into()]);
        // What a transaction has written is seen by its own connection alone.
        let middle = self.middle_of(batch)?;
        let Some(middle) = middle.filter(|_| self.connection.is_autocommit()) else {
            return each(&self.connection, &whole, &of_batch, first);
        };
        self.begin(Access::Read).await?;
        let read = match self.second_reader() {
            None => each(&self.connection, &whole, &of_batch, first),
            Some(other) => {
                // Only borrowed mutably may a connection be used by another thread.
                let own = &mut self.connection;
                let (before, behind) = (sql("AND seq < $2"), sql("AND seq >= $2"));
                let values = &[batch.as_str().into(), Value::Integer(middle)];
                let (first, rest) = rayon::join(
                    move || each(own, &before, values, first),
                    move || each(&other, &behind, values, rest),
                );
                first.and(rest)
            }
        };
        self.rollback().await;
        read
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, EngineError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(engine_error)?;
        let changed = statement
            .execute(params_from_iter(values))
            .map_err(engine_error)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    async fn look_up(
        &mut self,
        (columns, by): (&str, LookUp),
        realm: Option<&str>,
        wanted: &[String],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        // CROSS JOIN keeps the order: for each wanted value the index is asked.
        let sql = format!(
            "SELECT {columns} FROM json_each($1) AS wanted CROSS JOIN attempt \
             ON attempt.{} = wanted.value{}{}",
            by.column(),
            by.condition(),
            realm.map_or("", |_| " AND attempt.realm = $2")
        );
        for chunk in wanted.chunks(CHUNK) {
            let list = serde_json::Value::from(chunk).to_string();
            let values: Values = std::iter::once(list.into())
                .chain(realm.map(Value::from))
                .collect();
            self.each(&sql, &values, take).await?;
        }
        Ok(())
    }

    async fn lock(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        let Some(path) = self.lock_path(batch) else {
            return Ok(true); // Nobody else has a ledger in memory.
        };
        if self.locks.contains_key(batch) {
            return Ok(true);
        }
        let locked = FileLock::take(&path).map_err(|error| lock_error(&path, &error))?;
        let is_locked = locked.is_some();
        self.locks.extend(locked.map(|lock| (*batch, lock)));
        Ok(is_locked)
    }

    async fn unlock(&mut self, batch: &BatchId) {
        self.locks.remove(batch);
    }

    async fn is_locked_elsewhere(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        match self.lock_path(batch) {
            Some(path) if !self.locks.contains_key(batch) => {
                lock::is_locked(&path).map_err(|error| lock_error(&path, &error))
            }
            Some(_) | None => Ok(false),
        }
    }

    async fn verify(&mut self) -> Result<(), EngineError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let words = match FileId::at(&file.path).map_err(|error| io_error(&error))? {
            Some(id) if id == file.id => return self.keep_locks(),
            Some(_) => "the ledger was replaced by another file during the run",
            None => "the ledger was deleted or renamed during the run",
        };
        Err(EngineError::Replaced(words.to_owned()))
    }

    fn place(&self) -> String {
        match &self.file {
            Some(file) => file.path.display().to_string(),
            None => "memory".to_owned(),
        }
    }
}

fn each(
    connection: &Connection,
    sql: &str,
    values: &[Value],
    take: &mut dyn FnMut(&[ValueRef<'_>]),
) -> Result<(), EngineError> {
    let mut statement = connection.prepare_cached(sql).map_err(engine_error)?;
    let columns = statement.column_count();
    let mut rows = statement
        .query(params_from_iter(values))
        .map_err(engine_error)?;
    while let Some(row) = rows.next().map_err(engine_error)? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            values.push(value_of(row, column)?);
        }
        take(&values);
    }
    Ok(())
}

/// What the ledger is now.
fn look(connection: &Connection) -> Result<Seen, EngineError> {
    let sql = "SELECT id, writes FROM ledger WHERE one = 1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Seen {
            id: row.get(0)?,
            writes: row.get(1)?,
        })
    };
    let statement = connection.prepare_cached(sql);
    let found = statement.and_then(|mut it| it.query_row([], read));
    found.map_err(engine_error)
}

fn value_of<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<ValueRef<'r>, EngineError> {
    let wrong = |what: &str| {
        let name = row.as_ref().column_name(column).unwrap_or_default();
        let first = row.get_ref(0).ok();
        let first = first.and_then(|value| value.as_str().ok());
        EngineError::Other(format!("{name} of {} {what}", first.unwrap_or_default()))
    };
    match row.get_ref(column).map_err(engine_error)? {
        types::ValueRef::Null => Ok(ValueRef::Null),
        types::ValueRef::Integer(number) => Ok(ValueRef::Integer(number)),
        types::ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(ValueRef::Text(text)),
            Err(_) => Err(wrong("is not text in UTF-8")),
        },
        types::ValueRef::Real(_) | types::ValueRef::Blob(_) => {
            Err(wrong("has a value of the wrong type"))
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(text) => types::ValueRef::Text(text.as_bytes()),
            Self::Integer(number) => types::ValueRef::Integer(*number),
            Self::Null => types::ValueRef::Null,
        }))
    }
}

fn engine_error(error: rusqlite::Error) -> EngineError {
    let words = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => EngineError::Busy,
        Some(ErrorCode::ConstraintViolation) => EngineError::Constraint(words),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => EngineError::Unreadable,
        _ if words.contains("no such table") => EngineError::NoSuchTable,
        _ => EngineError::Other(words),
    }
}

/// A lock's file may be another user's, whose run was killed.
fn lock_error(path: &Path, error: &io::Error) -> EngineError {
    if lock::has_no_locks(error) {
        return EngineError::NoLocks;
    }
    EngineError::Other(format!("{}: {}", path.display(), words(error)))
}

fn io_error(error: &io::Error) -> EngineError {
    EngineError::Other(words(error))
}
