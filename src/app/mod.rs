//! The commands, a file for each, with its stages in order.

mod blocking;
mod check;
mod currencies;
mod findings_file;
mod generated;
mod history;
mod input;
mod key;
mod ledger;
mod limits;
mod look;
mod on_end;
mod only;
mod records;
mod report;
mod resolve;
mod run;
mod sandbox;
mod signals;
mod status;
mod validate;

use crate::clock;
use crate::config::Config;
use crate::error::{Error, SystemError};
use crate::exit::Exit;
use std::time::SystemTime;

/// Checks that the machine has what every command needs. To be called before anything else.
///
/// # Errors
/// What it lacks, in words for the operator.
pub fn prepare() -> Result<(), Error> {
    limits::check().map_err(SystemError::Limits)?;
    limits::choose_threads();
    signals::survive_size_limit();
    Ok(clock::check(SystemTime::now()).map_err(SystemError::Clock)?)
}

/// Does what the configuration says.
///
/// # Errors
/// Why it could not, in words for the operator.
pub fn execute(config: Config) -> Result<Exit, Error> {
    match config {
        Config::Run(config) => run::run(&config),
        Config::DryRun(config) => validate::validate(&config),
        Config::Status(config) => status::status(&config),
        Config::Report(config) => report::report(&config),
        Config::Resolve(config) => resolve::resolve(&config),
        Config::Sandbox(args, key) => sandbox::sandbox(&args, key.as_ref()),
        Config::History(config) => history::history(&config),
        Config::Ledger(config) => ledger::ledger(&config),
        Config::Currencies(format) => currencies::currencies(format),
        Config::Completions(shell) => generated::completions(shell),
        Config::Man => generated::man(),
    }
}
