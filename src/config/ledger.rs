//! Where the ledger is: as the flag says, the environment, the config file, or else in the
//! operator's own folder for state.

use super::defaults::Defaults;
use super::environment::Environment;
use crate::error::{Error, PathError};
use crate::ledger::postgres::{self, Location, LocationError, Origin};
use crate::os::file;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// The environment variable that says where the ledger is.
const LEDGER_VARIABLE: &str = "CCBATCH_LEDGER";

/// The environment variable of PostgreSQL that holds a password.
const PASSWORD_VARIABLE: &str = "PGPASSWORD";

/// The environment variable of PostgreSQL that names a file of passwords.
const PASSWORD_FILE_VARIABLE: &str = "PGPASSFILE";

/// Where the ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerPlace {
    /// A file.
    File(PathBuf),
    /// A database that several machines share.
    Postgres(Box<Location>),
    /// Nowhere: there is no home folder, and none was named.
    Homeless,
}

/// Without a password.
impl fmt::Display for LedgerPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Postgres(location) => location.fmt(f),
            Self::Homeless => Ok(()),
        }
    }
}

/// The ledger: the flag, the environment, the config file, or the operator's own.
pub(super) fn ledger(
    flag: Option<OsString>,
    defaults: &Defaults<'_>,
) -> Result<LedgerPlace, Error> {
    let environment = defaults.environment;
    if let Some(place) = flag {
        return named(place, "--ledger", Origin::Argument, environment);
    }
    if let Some(place) = environment.variable(LEDGER_VARIABLE) {
        return named(place, LEDGER_VARIABLE, Origin::Environment, environment);
    }
    if let Some(place) = defaults.settings.ledger.clone() {
        let at = defaults.settings.place("ledger");
        return named(place, &at, Origin::ConfigFile, environment);
    }
    let own = environment.folder("XDG_STATE_HOME", ".local/state");
    Ok(own.map_or(LedgerPlace::Homeless, |own| {
        LedgerPlace::File(own.join("ledger.db"))
    }))
}

/// A ledger by its URL or its file, and who says so.
pub(super) fn named(
    place: OsString,
    by: &str,
    origin: Origin,
    environment: Environment<'_>,
) -> Result<LedgerPlace, Error> {
    let url = match place.to_str() {
        Some(text) if postgres::is_url(text) => text,
        // As the name of a file it would begin a ledger that knows of no payout.
        Some(text) if postgres::is_other_url(text) => {
            return Err(Error::at(by, LocationError::OtherScheme));
        }
        Some(_) | None => return in_file(place.into()),
    };
    let location = Location::parse(url, origin).map_err(|error| Error::at(by, error))?;
    if let Some(password) = environment.variable(PASSWORD_VARIABLE) {
        let password = password.to_string_lossy().into_owned();
        let location = location.with_password(|_| Some(password));
        return Ok(LedgerPlace::Postgres(Box::new(location)));
    }
    let home = || environment.variable("HOME");
    let at_home = || home().map(|home| postgres::password_file(Path::new(&home)));
    let path = environment
        .variable(PASSWORD_FILE_VARIABLE)
        .map(PathBuf::from);
    let passwords = match path.or_else(at_home) {
        Some(path) => read_passwords(&path)?,
        None => String::new(),
    };
    let location = location.with_password(|location| location.password_in(&passwords));
    Ok(LedgerPlace::Postgres(Box::new(location)))
}

/// A ledger that is a file, in a folder that is there.
fn in_file(path: PathBuf) -> Result<LedgerPlace, Error> {
    match file::parent(&path).try_exists() {
        Ok(false) => Err(Error::at(path.display(), PathError::NoLedgerFolder)),
        // What else there is to say about it is said when it is opened.
        Ok(true) | Err(_) => Ok(LedgerPlace::File(path)),
    }
}

/// What stands in a password file; nothing if there is none.
fn read_passwords(path: &Path) -> Result<String, Error> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) | Err(_) => return Ok(String::new()),
    };
    if let Some(mode) = file::mode_for_others(&metadata) {
        return Err(Error::at(path.display(), PathError::PasswordsAreOpen(mode)));
    }
    std::fs::read_to_string(path)
        .map_err(|error| Error::at(path.display(), PathError::Passwords(error)))
}
