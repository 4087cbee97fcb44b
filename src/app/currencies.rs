//! `ccbatch currencies`: the codes with their networks and decimals.

use crate::cli::TableFormat;
use crate::domain::Currency;
use crate::error::{Error, SystemError};
use crate::exit::Exit;
use crate::terminal::{events, json, report, ui};

/// Lists the currencies.
///
/// # Errors
/// They cannot be written.
pub(super) fn currencies(format: TableFormat) -> Result<Exit, Error> {
    let written = match format {
        TableFormat::Human => ui::write_out(&report::currencies()),
        TableFormat::Json => {
            let mut events = Currency::all().map(events::currency);
            events.try_for_each(|event| ui::write_out(&json::line(&event)))
        }
        TableFormat::Csv => ui::write_out(&events::currencies_csv()),
    };
    written.map_err(SystemError::Output)?;
    Ok(Exit::AllCreated)
}
