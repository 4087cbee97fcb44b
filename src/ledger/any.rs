//! The engine that the configuration names: [`AnyEngine`] is one of those there are, so that the
//! commands have one type of ledger.

use super::engine::{Access, CommitError, Engine, EngineError, LookUp, Take, Value, ValueRef};
use super::id::BatchId;
use super::postgres::Postgres;
use super::sqlite::Sqlite;
use chrono::{DateTime, Utc};

/// One of the engines.
#[derive(Debug)]
pub enum AnyEngine {
    /// A file, or memory.
    Sqlite(Box<Sqlite>),
    /// A database that several machines share.
    Postgres(Box<Postgres>),
}

impl From<Sqlite> for AnyEngine {
    fn from(engine: Sqlite) -> Self {
        Self::Sqlite(Box::new(engine))
    }
}

impl From<Postgres> for AnyEngine {
    fn from(engine: Postgres) -> Self {
        Self::Postgres(Box::new(engine))
    }
}

/// Asks the engine that it is.
macro_rules! ask {
    ($engine:expr, $method:ident $(, $argument:expr)*) => {
        match $engine {
            AnyEngine::Sqlite(engine) => engine.$method($($argument),*).await,
            AnyEngine::Postgres(engine) => engine.$method($($argument),*).await,
        }
    };
}

impl Engine for AnyEngine {
    async fn begin(&mut self, access: Access) -> Result<(), EngineError> {
        ask!(self, begin, access)
    }

    async fn commit(&mut self) -> Result<(), CommitError> {
        ask!(self, commit)
    }

    async fn rollback(&mut self) {
        ask!(self, rollback);
    }

    async fn is_empty(&mut self) -> Result<bool, EngineError> {
        ask!(self, is_empty)
    }

    async fn now(&mut self) -> Result<DateTime<Utc>, EngineError> {
        ask!(self, now)
    }

    async fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        ask!(self, each, sql, values, take)
    }

    async fn each_of_batch(
        &mut self,
        columns: &str,
        batch: &BatchId,
        take: [Take<'_>; 2],
    ) -> Result<(), EngineError> {
        ask!(self, each_of_batch, columns, batch, take)
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, EngineError> {
        ask!(self, execute, sql, values)
    }

    async fn look_up(
        &mut self,
        of: (&str, LookUp),
        realm: Option<&str>,
        wanted: &[String],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        ask!(self, look_up, of, realm, wanted, take)
    }

    async fn lock(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        ask!(self, lock, batch)
    }

    async fn unlock(&mut self, batch: &BatchId) {
        ask!(self, unlock, batch);
    }

    async fn is_locked_elsewhere(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        ask!(self, is_locked_elsewhere, batch)
    }

    async fn verify(&mut self) -> Result<(), EngineError> {
        ask!(self, verify)
    }

    fn place(&self) -> String {
        match self {
            Self::Sqlite(engine) => engine.place(),
            Self::Postgres(engine) => engine.place(),
        }
    }
}
