//! `ccbatch history`: every attempt that the ledger holds, or those that a filter finds.

use super::check::block_on;
use super::records::{existing_ledger, tell_if_moved};
use crate::cli::TableFormat;
use crate::config::History;
use crate::error::{Error, SystemError};
use crate::exit::Exit;
use crate::ledger::Attempt;
use crate::ledger::history::Position;
use crate::terminal::{history, ui};

/// Shows the history.
pub(super) fn history(config: &History) -> Result<Exit, Error> {
    block_on(history_inside(config))
}

async fn history_inside(config: &History) -> Result<Exit, Error> {
    let Some(mut ledger) = existing_ledger(&config.ledger, &config.user).await? else {
        ui::say("There is no ledger yet: nothing was ever paid with it.");
        return Ok(Exit::AllCreated);
    };
    tell_if_moved(&mut ledger).await;
    let place = ledger.place();
    match config.format {
        TableFormat::Human => write(history::HUMAN_HEADER)?,
        TableFormat::Csv => write(&history::csv_header(config.dialect))?,
        TableFormat::Json => {}
    }
    let line = |attempt: &Attempt| match config.format {
        TableFormat::Human => history::human(attempt),
        TableFormat::Csv => history::csv(attempt, config.dialect),
        TableFormat::Json => history::json(attempt),
    };
    let payee = config.payee.as_deref().map(str::to_lowercase);
    let is_wanted = |attempt: &&Attempt| {
        let payee = payee.as_ref();
        payee.is_none_or(|wanted| attempt.payee.to_lowercase().contains(wanted))
    };
    let mut position = Position::default();
    let mut is_empty = true;
    loop {
        let page = ledger.page(&config.filter, &mut position).await;
        let page = page.map_err(|error| Error::at(&place, error))?;
        if page.is_empty() {
            if is_empty && config.format == TableFormat::Human {
                ui::say("No attempts found.");
            }
            return Ok(Exit::AllCreated);
        }
        let lines: Vec<String> = page.iter().filter(is_wanted).map(line).collect();
        if !lines.is_empty() {
            is_empty = false;
            // Nothing is held in the ledger while a reader takes its time.
            write(&lines.join("\n"))?;
        }
    }
}

fn write(text: &str) -> Result<(), Error> {
    Ok(ui::write_out(text).map_err(SystemError::Output)?)
}
