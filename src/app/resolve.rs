//! `ccbatch resolve`: records what an operator has seen in the dashboard about one payout in
//! doubt.

use super::check::{fold, open_record};
use super::input;
use super::status::read_batch;
use crate::config::{Consent, Resolve};
use crate::domain::{Payout, State};
use crate::error::Error;
use crate::exit::Exit;
use crate::os::lock::lock;
use crate::payout::journal::{Journal, JournalError};
use crate::payout::results::{Attempt, Ending};
use crate::terminal::{report, ui};
use chrono::Utc;

/// Settles one payout in doubt.
pub(super) fn resolve(config: &Resolve) -> Result<Exit, Error> {
    let files = &config.files;
    if let Some(id) = config.invoice_id.as_deref().filter(|id| !is_invoice_id(id)) {
        return Err(Error::invoice_id(id));
    }
    let input = input::open(files)?;
    lock(&input).map_err(|error| Error::lock(&files.input, &error))?;
    let Some(batch) = read_batch(files, &input)? else {
        return Ok(Exit::InputInvalid);
    };
    let (disk, record) =
        open_record(&files.results)?.ok_or_else(|| Error::no_results(&files.results))?;
    let standings = fold(files, &record, &batch, None)?;

    let index = batch
        .payouts
        .iter()
        .position(|payout| payout.line == config.line);
    let index = index.ok_or_else(|| Error::no_such_line(&files.input, config.line))?;
    let state = standings[index].state;
    let intent = record
        .latest_intent(config.line)
        .filter(|_| state == State::InDoubt);
    let intent = intent
        .ok_or_else(|| Error::not_in_doubt(&files.input, config.line, state.as_str()))?
        .clone();
    if !is_agreed(config, &batch.payouts[index])? {
        ui::say("Nothing was recorded.");
        return Ok(Exit::InDoubt);
    }

    let error = |error: JournalError| Error::journal(&files.results, &error);
    let mut journal = Journal::resume(disk, &record, &intent.api, Utc::now()).map_err(error)?;
    let ending = Ending::verdict(config.invoice_id.as_deref(), Utc::now());
    let recorded = journal.resolve(Attempt { intent, ending }).map_err(error)?;
    ui::say(&format!(
        "Recorded: {}",
        report::attempt_words(&batch.payouts[index], &recorded)
    ));
    ui::say(&format!("To go on: {}", files.run_command(record.api())));
    Ok(Exit::AllCreated)
}

/// Whether a text can be an invoice id: printable, without blanks.
fn is_invoice_id(text: &str) -> bool {
    text.len() <= 128
        && !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_agreed(config: &Resolve, payout: &Payout) -> Result<bool, Error> {
    if config.consent == Consent::Given {
        return Ok(true);
    }
    if !ui::can_ask() {
        return Err(Error::no_consent());
    }
    let payout = report::payout(payout);
    let question = match &config.invoice_id {
        Some(id) => format!(
            "Record line {}, {payout}, as created under {id}?",
            config.line
        ),
        None => format!(
            "Record line {}, {payout}, as not created? The next run submits it again.",
            config.line
        ),
    };
    ui::ask(&question).map_err(|error| Error::terminal(&error))
}
