//! The commands, one a file, each with its stages in order.

mod check;
mod currencies;
mod history;
mod key;
mod ledger;
mod mending;
mod only;
mod records;
mod resolve;
mod run;
mod sandbox;
mod signals;
mod status;

use crate::config::Config;
use crate::error::Error;
use crate::exit::Exit;

/// Does what the configuration says.
///
/// # Errors
/// Why it could not, in words for the operator.
pub fn execute(config: Config) -> Result<Exit, Error> {
    match config {
        Config::Run(config) => run::run(&config),
        Config::DryRun(config) => check::dry_run(&config),
        Config::Status(config) => status::status(&config),
        Config::Resolve(config) => resolve::resolve(&config),
        Config::History(config) => history::history(&config),
        Config::Ledger(config) => ledger::ledger(&config),
        Config::Sandbox(args, key) => sandbox::sandbox(&args, key),
        Config::Currencies(format) => Ok(currencies::currencies(format)),
    }
}
