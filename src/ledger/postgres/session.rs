//! A session is one connection to the server: made with the settings that the ledger relies on, and
//! only to a server that can be relied on.

use super::location::{Location, Proof};
use crate::domain::escape::without_error_number;
use crate::ledger::engine::EngineError;
use crate::tls::{TlsFault, causes, plain};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, crypto::aws_lc_rs};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait for an answer before the server counts as gone: longer than the server itself
/// lets a statement take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(75);

/// A machine's own file of all authorities has a quarter of a megabyte.
const MAX_AUTHORITIES_BYTES: u64 = 16 << 20;

/// The oldest version that has `idle_session_timeout`.
const OLDEST_VERSION: i32 = 140_000;

/// What a session relies on, whatever the server, the database or the role has set. The server ends
/// a connection whose other side is gone within seconds, so that its locks are free again; and a
/// plan that reads the whole history for a few rows is never the better one.
const SETTINGS: &str = "SET idle_in_transaction_session_timeout = '10s'; \
    SET idle_session_timeout = 0; SET lock_timeout = '30s'; SET statement_timeout = '60s'; \
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; \
    SET tcp_user_timeout = 20000; SET default_transaction_isolation = 'read committed'; \
    SET default_transaction_deferrable = off; SET client_min_messages = warning; \
    SET jit = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET row_security = off; \
    SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') <> 'remote_apply'";

/// Why a server cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No connection can be made.
    #[error("no connection to the ledger's server: {0}")]
    Unreachable(String),
    /// The server is starting or stopping.
    #[error("the ledger's server takes no connections just now: {0}")]
    NotNow(String),
    /// It did not prove that it is the one that is meant.
    #[error("the ledger's server did not prove that it is the one that is meant: {0}")]
    Unproven(String),
    /// It takes no TLS.
    #[error("the ledger's server takes no TLS")]
    NoTls,
    /// The file of the authority cannot be read.
    #[error("sslrootcert {0}")]
    Authority(String),
    /// The user or the password is wrong.
    #[error("the ledger's server does not let this user in: {0}")]
    Refused(String),
    /// There is no such database.
    #[error("{0}")]
    NoDatabase(String),
    /// It is too old.
    #[error("the ledger's server is PostgreSQL {0}, and 14 is the oldest that will do")]
    TooOld(String),
    /// It is a replica, which cannot be written to.
    #[error("this server is a replica, which lags behind and cannot be written to")]
    Replica,
    /// It does not write to the disk.
    #[error("this server runs with fsync = off and would lose payouts in a crash")]
    NotDurable,
    /// Its texts are not UTF-8.
    #[error("this database is encoded in {0}, not in UTF8")]
    Encoding(String),
    /// Something between shares sessions.
    #[error("something between this machine and the ledger's server shares its sessions")]
    Pooled,
    /// The server says why.
    #[error("{0}")]
    Database(String),
}

impl ConnectError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable(_) | Self::NotNow(_) => {
                "nothing was sent; check the server and the network, then run again"
            }
            Self::Unproven(_) => {
                "nothing was sent; name the server as its certificate does, and the certificate of its authority with sslrootcert=FILE in the URL"
            }
            Self::NoTls => {
                "nothing was sent; set ssl = on at the server, with a certificate (docs/team.md), or correct the port in the URL"
            }
            Self::Authority(_) => "nothing was sent; name the PEM file of the server's authority",
            Self::Refused(_) => {
                "nothing was sent; check the user in the URL, its right to CONNECT to the database, and its password in CCBATCH_LEDGER, PGPASSWORD or ~/.pgpass"
            }
            Self::NoDatabase(_) => {
                "nothing was sent; make the database, or correct its name in the URL"
            }
            Self::TooOld(_) => "nothing was sent; use a newer server",
            Self::Replica => "nothing was sent; name the primary server",
            Self::NotDurable => "nothing was sent; set fsync = on, and restart the server",
            Self::Encoding(_) => {
                "nothing was sent; make a database for the ledger with ENCODING 'UTF8' and TEMPLATE template0"
            }
            Self::Pooled => "nothing was sent; connect directly, not through a pooler",
            Self::Database(_) => "nothing was sent; check the server, then run again",
        }
    }
}

impl ConnectError {
    /// Whether the same may succeed in a while.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::NotNow(_) => true,
            Self::Unproven(_)
            | Self::NoTls
            | Self::Authority(_)
            | Self::Refused(_)
            | Self::NoDatabase(_)
            | Self::TooOld(_)
            | Self::Replica
            | Self::NotDurable
            | Self::Encoding(_)
            | Self::Pooled
            | Self::Database(_) => false,
        }
    }
}

/// One connection. When it is dropped, the server rolls back what was begun.
pub(super) struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
    /// A random word that only this session of the server knows.
    pub(super) mark: String,
    /// The server's process, and when it was started.
    pub(super) backend: (i32, String),
}

impl Session {
    /// Connects, and checks that the server can be relied on.
    pub(super) async fn open(location: &Location, name: &str) -> Result<Self, ConnectError> {
        let mut config = location.config.clone();
        config
            .application_name(name)
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(20));
        let connecting = connect(&mut config, &location.proof);
        let limit = CONNECT_TIMEOUT.saturating_mul(2);
        let client = match timeout(limit, connecting).await {
            Ok(client) => client?,
            Err(_) => return Err(ConnectError::Unreachable("it does not answer".to_owned())),
        };
        let mark = mark().ok_or_else(|| {
            ConnectError::Database("the system gives no random numbers".to_owned())
        })?;
        let mut session = Self {
            client,
            statements: HashMap::new(),
            mark,
            backend: (0, String::new()),
        };
        session.check().await?;
        session.set_up().await?;
        Ok(session)
    }

    /// Whether the connection is known to be lost.
    pub(super) fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Refuses a server that would lose payouts, or could not keep them.
    async fn check(&mut self) -> Result<(), ConnectError> {
        let sql = "SELECT current_setting('server_version_num')::int, \
                   current_setting('server_version'), pg_is_in_recovery(), \
                   current_setting('fsync'), current_setting('server_encoding')";
        let rows = self.client.query(sql, &[]);
        let rows = rows.await.map_err(|error| connect_error(&error))?;
        let row = rows.first().ok_or_else(no_answer)?;
        let damaged = |error: tokio_postgres::Error| connect_error(&error);
        if row.try_get::<_, i32>(0).map_err(damaged)? < OLDEST_VERSION {
            let version: String = row.try_get(1).map_err(damaged)?;
            let version = version.split(' ').next().unwrap_or_default();
            return Err(ConnectError::TooOld(version.to_owned()));
        }
        if row.try_get::<_, bool>(2).map_err(damaged)? {
            return Err(ConnectError::Replica);
        }
        if row.try_get::<_, &str>(3).map_err(damaged)? != "on" {
            return Err(ConnectError::NotDurable);
        }
        match row.try_get::<_, &str>(4).map_err(damaged)? {
            "UTF8" => Ok(()),
            other => Err(ConnectError::Encoding(other.to_owned())),
        }
    }

    /// Makes the settings, and marks the session.
    async fn set_up(&mut self) -> Result<(), ConnectError> {
        let settings = self.client.batch_execute(SETTINGS);
        settings.await.map_err(|error| connect_error(&error))?;
        let sql = "SELECT pg_backend_pid(), backend_start::text, \
                   set_config('ccbatch.session', $1, false) \
                   FROM pg_stat_activity WHERE pid = pg_backend_pid()";
        let rows = self.client.query(sql, &[&self.mark]).await;
        let rows = rows.map_err(|error| connect_error(&error))?;
        let row = rows.first().ok_or_else(no_answer)?;
        let damaged = |error: tokio_postgres::Error| connect_error(&error);
        self.backend = (
            row.try_get(0).map_err(damaged)?,
            row.try_get(1).map_err(damaged)?,
        );
        Ok(())
    }

    /// The rows that a statement gives.
    pub(super) async fn rows(
        &mut self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EngineError> {
        let answer = async {
            let statement = self.statement(sql).await?;
            self.client.query(&statement, values).await
        };
        in_time(answer).await
    }

    /// How many rows a statement has changed.
    pub(super) async fn changed(
        &mut self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, EngineError> {
        let answer = async {
            let statement = self.statement(sql).await?;
            self.client.execute(&statement, values).await
        };
        in_time(answer).await
    }

    /// Runs a statement without values that gives nothing.
    pub(super) async fn run(&self, sql: &str) -> Result<(), EngineError> {
        in_time(self.client.batch_execute(sql)).await
    }

    async fn statement(&mut self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

async fn in_time<T>(
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, EngineError> {
    match timeout(ANSWER_TIMEOUT, answer).await {
        Ok(answer) => answer.map_err(|error| engine_error(&error)),
        Err(_) => Err(EngineError::Lost(
            "the ledger's server does not answer any more".to_owned(),
        )),
    }
}

async fn connect(config: &mut Config, proof: &Proof) -> Result<Client, ConnectError> {
    let failed = |error: tokio_postgres::Error| connect_error(&error);
    match proof {
        Proof::NotNeeded => {
            let connected = config.ssl_mode(SslMode::Disable).connect(NoTls).await;
            let (client, connection) = connected.map_err(failed)?;
            // It ends with the client, or with the connection, of which the client then tells.
            tokio::spawn(connection);
            Ok(client)
        }
        Proof::Platform | Proof::Authority(_) => {
            let tls = MakeRustlsConnect::new(tls_config(proof)?);
            let connected = config.ssl_mode(SslMode::Require).connect(tls).await;
            let (client, connection) = connected.map_err(failed)?;
            tokio::spawn(connection);
            Ok(client)
        }
    }
}

/// TLS 1.2 or 1.3, with the server's name checked against its certificate.
fn tls_config(proof: &Proof) -> Result<ClientConfig, ConnectError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let unusable = |error: rustls::Error| ConnectError::Unproven(error.to_string());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let builder = match proof {
        Proof::Authority(file) => builder.with_root_certificates(authorities(file)?),
        Proof::Platform | Proof::NotNeeded => builder.with_platform_verifier().map_err(unusable)?,
    };
    Ok(builder.with_no_client_auth())
}

fn authorities(file: &Path) -> Result<RootCertStore, ConnectError> {
    let name = file.display();
    let unreadable = |why: &dyn std::fmt::Display| {
        let why = why.to_string();
        ConnectError::Authority(format!("{name}: {}", without_error_number(&why)))
    };
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|it| it.take(MAX_AUTHORITIES_BYTES).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    if roots.is_empty() {
        return Err(unreadable(&"there is no certificate in it"));
    }
    Ok(roots)
}

fn mark() -> Option<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).ok()?;
    Some(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn no_answer() -> ConnectError {
    ConnectError::Database("the server gives no answer".to_owned())
}

/// What the server says, else the last cause.
fn words_of(error: &tokio_postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    let last = causes(error).last();
    let words = last.map(ToString::to_string).unwrap_or_default();
    without_error_number(&words).to_owned()
}

fn connect_error(error: &tokio_postgres::Error) -> ConnectError {
    let words = words_of(error);
    let Some(code) = error.code() else {
        return match TlsFault::behind(error) {
            Some(TlsFault::Unproven(words)) => ConnectError::Unproven(words),
            Some(TlsFault::NoTls(words)) => ConnectError::Unreachable(words),
            None if words.contains("password missing") => {
                ConnectError::Refused("it asks for a password".to_owned())
            }
            None if words.contains("server does not support TLS") => ConnectError::NoTls,
            None => ConnectError::Unreachable(of_answer(&words).to_owned()),
        };
    };
    match code.code().get(..2) {
        Some("28") => ConnectError::Refused(words),
        Some("57") => ConnectError::NotNow(words),
        Some("53") => ConnectError::NotNow(words),
        Some("08") if words.contains("unsupported startup parameter") => ConnectError::Pooled,
        Some("08") => ConnectError::Unreachable(words),
        Some("26") => ConnectError::Pooled,
        Some("42") if *code == SqlState::DUPLICATE_PSTATEMENT => ConnectError::Pooled,
        Some("3D") => ConnectError::NoDatabase(words),
        Some("42") if *code == SqlState::INSUFFICIENT_PRIVILEGE => ConnectError::Refused(words),
        Some(_) | None => ConnectError::Database(words),
    }
}

/// What the driver's words about what a server answers mean.
fn of_answer(words: &str) -> &str {
    if words == "bytes remaining on stream" || words.starts_with("unknown message tag") {
        return "what answers there is not PostgreSQL";
    }
    plain(words)
}

fn engine_error(error: &tokio_postgres::Error) -> EngineError {
    let words = words_of(error);
    let Some(database) = error.as_db_error() else {
        let is_ours = error.to_string().contains("serializ");
        return if is_ours {
            EngineError::Other(words)
        } else {
            EngineError::Lost(format!("the connection to the ledger was lost: {words}"))
        };
    };
    let is_fatal = match database.parsed_severity() {
        Some(Severity::Fatal | Severity::Panic) => true,
        Some(_) => false,
        None => matches!(database.severity(), "FATAL" | "PANIC"),
    };
    if is_fatal {
        return EngineError::Lost(format!("the connection to the ledger was lost: {words}"));
    }
    match database.code() {
        &SqlState::LOCK_NOT_AVAILABLE
        | &SqlState::QUERY_CANCELED
        | &SqlState::T_R_DEADLOCK_DETECTED
        | &SqlState::T_R_SERIALIZATION_FAILURE => EngineError::Busy,
        &SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN => EngineError::NoSuchTable,
        // A prepared statement that is not there, or there already: another session answers.
        &SqlState::INVALID_SQL_STATEMENT_NAME | &SqlState::DUPLICATE_PSTATEMENT => {
            EngineError::Pooled
        }
        &SqlState::INSUFFICIENT_PRIVILEGE
        | &SqlState::READ_ONLY_SQL_TRANSACTION
        // No schema of the search path is there, or none may be used.
        | &SqlState::INVALID_SCHEMA_NAME => EngineError::Denied(words),
        code if code.code().starts_with("23") => EngineError::Constraint(words),
        _ => EngineError::Other(words),
    }
}
