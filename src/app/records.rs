//! The two records of a batch, opened as the configuration says: the ledger and the results file.

use crate::config::{Files, LedgerPlace};
use crate::error::Error;
use crate::ledger::sqlite::{OpenError, Sqlite};
use crate::ledger::{BatchPath, Ledger, Realm, Who};
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
pub(super) async fn open_ledger(place: &LedgerPlace, user: &str) -> Result<Ledger<Sqlite>, Error> {
    let path = path_of(place)?;
    let sqlite = Sqlite::open(path).map_err(|error| Error::ledger_place(path, &error))?;
    ledger_of(sqlite, user).await
}

/// The ledger of a rehearsal, which is in memory and filled from its results file.
pub(super) async fn rehearsal_ledger(user: &str) -> Result<Ledger<Sqlite>, Error> {
    let memory = Path::new("memory");
    let sqlite = Sqlite::in_memory().map_err(|error| Error::ledger_place(memory, &error))?;
    ledger_of(sqlite, user).await
}

async fn ledger_of(sqlite: Sqlite, user: &str) -> Result<Ledger<Sqlite>, Error> {
    use crate::ledger::Engine;
    let place = sqlite.place();
    let ledger = Ledger::new(sqlite, who(user)).await;
    ledger.map_err(|error| Error::ledger(&place, &error))
}

/// Opens the ledger to be read; `None` if there is none yet.
pub(super) async fn existing_ledger(
    place: &LedgerPlace,
    user: &str,
) -> Result<Option<Ledger<Sqlite>>, Error> {
    let path = path_of(place)?;
    let sqlite = match Sqlite::open_existing(path) {
        Ok(sqlite) => sqlite,
        Err(OpenError::Missing) => return Ok(None),
        Err(error) => return Err(Error::ledger_place(path, &error)),
    };
    let shown = path.display().to_string();
    let ledger = Ledger::existing(sqlite, who(user)).await;
    ledger
        .map(Some)
        .map_err(|error| Error::ledger(&shown, &error))
}

fn path_of(place: &LedgerPlace) -> Result<&Path, Error> {
    match place {
        LedgerPlace::File(path) => Ok(path),
        LedgerPlace::Homeless => Err(Error::no_home()),
    }
}

/// The ledger as a command sees it that writes nothing: the one there is, else an empty one. That
/// one cannot be read is told and passed over.
pub(super) async fn ledger_to_look_at(files: &Files) -> Result<Ledger<Sqlite>, Error> {
    if files.realm == Realm::Sandbox {
        return rehearsal_ledger(&files.user).await;
    }
    match existing_ledger(&files.ledger, &files.user).await {
        Ok(Some(ledger)) => return Ok(ledger),
        Ok(None) => {}
        Err(error) => {
            ui::say(&error.to_string());
            ui::say("What is told here is told without the ledger.");
        }
    }
    rehearsal_ledger(&files.user).await
}

/// The results file of a batch, and where it is.
pub(super) fn results_of(files: &Files) -> Result<(Results<DiskFile>, BatchPath), Error> {
    let error = |error| Error::results_place(&files.results, &error);
    let disk = DiskFile::at(&files.results).map_err(error)?;
    let path = BatchPath {
        host: host::name(),
        path: disk.path().display().to_string(),
    };
    Ok((Results::new(disk), path))
}
