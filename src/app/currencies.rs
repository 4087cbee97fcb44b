//! `ccbatch currencies`: the codes with their networks and decimals.

use super::check::write_out;
use crate::cli::TableFormat;
use crate::domain::Currency;
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal::{events, json, report};

/// Lists the currencies.
pub(super) fn currencies(format: TableFormat) -> Result<Exit, Error> {
    match format {
        TableFormat::Human => write_out(&report::currencies())?,
        TableFormat::Json => {
            let mut events = Currency::all().map(events::currency);
            events.try_for_each(|event| write_out(&json::line(&event)))?;
        }
        TableFormat::Csv => write_out(&events::currencies_csv())?,
    }
    Ok(Exit::AllCreated)
}
