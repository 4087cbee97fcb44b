//! The two records of a batch, opened as the configuration says: the ledger and the results file.

use crate::config::{Files, LedgerPlace};
use crate::domain::escape::escape;
use crate::error::{Error, SystemError};
use crate::ledger::postgres::{Location, Postgres};
use crate::ledger::sqlite::{OpenError, Sqlite};
use crate::ledger::{AnyEngine, BatchPath, Engine as _, Ledger, LedgerError, Realm, Who};
use crate::os::host;
use crate::payout::results::Results;
use crate::payout::results::disk::DiskFile;
use crate::terminal::ui;
use std::path::Path;

/// Who uses the ledger.
fn who(user: &str) -> Who {
    Who {
        host: host::name(),
        user: user.to_owned(),
        pid: std::process::id(),
    }
}

/// Opens the ledger to be written, and makes one where there is none.
pub(super) async fn open_ledger(
    place: &LedgerPlace,
    user: &str,
) -> Result<Ledger<AnyEngine>, Error> {
    let engine = match place {
        LedgerPlace::File(path) => Sqlite::open(path)
            .map_err(|error| Error::at(error.place(path), error))?
            .into(),
        LedgerPlace::Postgres(location) => connect(location, user).await?,
        LedgerPlace::Homeless => return Err(SystemError::NoHome.into()),
    };
    ledger_of(engine, user).await
}

async fn connect(location: &Location, user: &str) -> Result<AnyEngine, Error> {
    let connected = Postgres::connect(location.clone(), &who(user).to_string()).await;
    let connected = connected.map_err(|error| Error::at(location, error));
    Ok(connected?.into())
}

/// The ledger of a rehearsal, which is in memory and filled from its results file.
pub(super) async fn rehearsal_ledger(user: &str) -> Result<Ledger<AnyEngine>, Error> {
    let sqlite = Sqlite::in_memory().map_err(|error| Error::at("memory", error))?;
    ledger_of(sqlite.into(), user).await
}

async fn ledger_of(engine: AnyEngine, user: &str) -> Result<Ledger<AnyEngine>, Error> {
    let place = engine.place();
    let ledger = Ledger::new(engine, who(user)).await;
    ledger.map_err(|error| Error::at(&place, error))
}

/// Opens the ledger to be read; `None` if there is none yet.
pub(super) async fn existing_ledger(
    place: &LedgerPlace,
    user: &str,
) -> Result<Option<Ledger<AnyEngine>>, Error> {
    let mut engine: AnyEngine = match place {
        LedgerPlace::File(path) => match Sqlite::open_existing(path) {
            Ok(sqlite) => sqlite.into(),
            Err(OpenError::Missing) => return Ok(None),
            Err(error) => return Err(Error::at(error.place(path), error)),
        },
        LedgerPlace::Postgres(location) => connect(location, user).await?,
        LedgerPlace::Homeless => return Err(SystemError::NoHome.into()),
    };
    let shown = engine.place();
    let failed = |error: LedgerError| Error::at(&shown, error);
    // A run that was killed while it made the ledger has left it empty.
    let is_empty = engine.is_empty().await;
    if is_empty.map_err(|error| failed(error.into()))? {
        return Ok(None);
    }
    let ledger = Ledger::existing(engine, who(user)).await;
    ledger.map(Some).map_err(failed)
}

/// The ledger for a command that writes nothing: the one there is, else an empty one. A ledger that
/// cannot be read is told, and an empty one takes its place.
pub(super) async fn ledger_to_look_at(files: &Files) -> Result<Ledger<AnyEngine>, Error> {
    if files.realm == Realm::Sandbox {
        return rehearsal_ledger(&files.user).await;
    }
    match existing_ledger(&files.ledger, &files.user).await {
        Ok(Some(mut ledger)) => {
            tell_if_moved(&mut ledger).await;
            return Ok(ledger);
        }
        Ok(None) => ui::say(&format!(
            "There is no ledger {} yet: no earlier payout is known.",
            escape(&files.ledger.to_string())
        )),
        Err(error) => {
            ui::say(&error.to_string());
            ui::say("What was paid before cannot be looked up: these rows may be paid already.");
        }
    }
    rehearsal_ledger(&files.user).await
}

/// Tells that a ledger which is read was moved. It shows what it knows, and a payout made since is not
/// among that: who takes it for one that is still to be made pays it by hand.
pub(super) async fn tell_if_moved(ledger: &mut Ledger<AnyEngine>) {
    if let Err(error) = ledger.refuse_unless_current().await {
        ui::say(&Error::at(ledger.place(), error).to_string());
        ui::say("What was paid since then is not in it.");
    }
}

/// A results file, and where it is as a ledger knows it.
pub(super) fn results_at(file: &Path) -> Result<(Results<DiskFile>, BatchPath), Error> {
    let disk = DiskFile::at(file).map_err(|error| Error::at(file.display(), error))?;
    let path = match disk.path().to_str() {
        Some(text) => text.to_owned(),
        // Names in an older encoding must not all become the same signs.
        None => {
            let bytes = disk.path().as_os_str().as_encoded_bytes();
            bytes.escape_ascii().to_string()
        }
    };
    let host = host::name();
    let path = BatchPath { host, path };
    Ok((Results::new(disk), path))
}
