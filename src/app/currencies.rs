//! `ccbatch currencies`: the codes with their networks and decimals.

use crate::cli::TableFormat;
use crate::domain::Currency;
use crate::exit::Exit;
use crate::terminal::{events, report, ui};

/// Lists the currencies.
pub(super) fn currencies(format: TableFormat) -> Exit {
    match format {
        TableFormat::Human => ui::print(&report::currencies()),
        TableFormat::Json => {
            Currency::all().for_each(|currency| ui::emit(&events::currency(currency)))
        }
        TableFormat::Csv => ui::print(&events::currencies_csv()),
    }
    Exit::AllCreated
}
