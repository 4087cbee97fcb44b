//! `ccbatch history`: every attempt that the ledger holds, or those that a filter finds.

use super::check::{block_on, write_out};
use super::records::{existing_ledger, tell_if_moved};
use crate::cli::TableFormat;
use crate::config::History;
use crate::error::Error;
use crate::exit::Exit;
use crate::ledger::Attempt;
use crate::ledger::history::Position;
use crate::payout::run::Paths;
use crate::terminal::history::{self, Shown};
use crate::terminal::ui;

/// A file that was moved, or is named from another folder, must not pass for one that paid nobody.
const WHERE_BATCHES_ARE: &str = "--batch takes a file at the place where it was when it was paid; \
                                 the column results of --format csv has these places.";

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
        TableFormat::Human => write_out(history::HUMAN_HEADER)?,
        TableFormat::Csv => write_out(&history::csv_header(config.dialect))?,
        TableFormat::Json => {}
    }
    let payee = config.payee.as_deref().map(str::to_lowercase);
    let is_wanted = |attempt: &&Attempt| {
        let payee = payee.as_ref();
        payee.is_none_or(|wanted| attempt.payee.to_lowercase().contains(wanted))
    };
    let mut position = Position::default();
    let mut shown = Shown::default();
    let mut files = Paths::new();
    loop {
        let failed = |error| Error::at(&place, error);
        let attempts = ledger.page(&config.filter, &mut position).await;
        let attempts = attempts.map_err(failed)?;
        if config.format != TableFormat::Human {
            let batches = attempts.iter().map(|attempt| attempt.batch);
            let unseen = batches.filter(|batch| !files.contains_key(batch));
            let more = ledger.paths_of(unseen.collect::<Vec<_>>()).await;
            files.extend(more.map_err(failed)?);
        }
        if attempts.is_empty() {
            if config.format == TableFormat::Human {
                ui::say(&shown.to_string());
                if shown.is_empty() && !config.filter.batches.is_empty() {
                    ui::say(WHERE_BATCHES_ARE);
                }
            }
            return Ok(Exit::AllCreated);
        }
        let line = |attempt: &Attempt| {
            let file = files.get(&attempt.batch);
            match config.format {
                TableFormat::Human => history::human(attempt),
                TableFormat::Csv => history::csv(attempt, file, config.dialect),
                TableFormat::Json => history::json(attempt, file),
            }
        };
        let wanted = attempts.iter().filter(is_wanted);
        let wanted = wanted.inspect(|attempt| shown.add(attempt));
        let lines: Vec<String> = wanted.map(line).collect();
        if !lines.is_empty() {
            // Nothing is held in the ledger while a reader takes its time.
            write_out(&lines.join("\n"))?;
        }
    }
}
