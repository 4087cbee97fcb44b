//! `ccbatch status`: where each payout stands, by the results file.

use super::check::{fold, read_record};
use super::input;
use crate::cli::TableFormat;
use crate::config::{Files, Status};
use crate::domain::escape::escape;
use crate::domain::state::StateCounts;
use crate::domain::{Batch, Finding, Severity, Standing};
use crate::error::Error;
use crate::exit::Exit;
use crate::intake::{self, Options};
use crate::os::lock::{self, Holder};
use crate::payout::results::Record;
use crate::terminal::report::{Doubt, Summary};
use crate::terminal::{events, findings, report, ui};
use std::fs::File;

/// Shows where each payout stands.
pub(super) fn status(config: &Status) -> Result<Exit, Error> {
    let Some(batch) = read_batch(&config.files, &input::open(&config.files)?)? else {
        return Ok(Exit::InputInvalid);
    };
    let record = read_record(&config.files.results)?;
    if record.is_none() {
        tell_no_results(&config.files);
    }
    let record = record.unwrap_or_default();
    let standings = fold(&config.files, &record, &batch, None)?;
    let mut summary = summary(&config.files, &record, &batch, &standings);
    if let Some(holder) = holder_of(&config.files) {
        // What a run has not finished yet is nothing for an operator to settle.
        summary.stopped = format!("{holder} is at work on this batch");
        summary.doubts.clear();
    }
    match config.format {
        TableFormat::Human => {
            ui::print(&report::status(&batch, &standings));
            ui::say(&report::summary(&summary));
        }
        TableFormat::Json => {
            for (payout, standing) in batch.payouts.iter().zip(&standings) {
                ui::emit(&events::standing(payout, standing));
            }
            ui::emit(&events::summary(&summary, Exit::of(&summary.census)));
        }
        TableFormat::Csv => ui::print(&events::standings_csv(&batch, &standings)),
    }
    Ok(Exit::AllCreated)
}

/// Without a results file nothing was submitted, or else another one is meant.
fn tell_no_results(files: &Files) {
    let name = escape(&files.results.to_string_lossy()).into_owned();
    let rehearsal = files.rehearsal();
    let hint = if rehearsal.exists() && rehearsal != files.results {
        format!(
            "\n  hint: for the rehearsal add --results {}",
            escape(&rehearsal.to_string_lossy())
        )
    } else {
        String::new()
    };
    ui::say(&format!(
        "{name}: there is no such file yet, so nothing was submitted{hint}"
    ));
}

/// The run that is at work on the results file, where the system tells.
fn holder_of(files: &Files) -> Option<Holder> {
    File::open(&files.results)
        .ok()
        .and_then(|results| lock::holder(&results))
}

/// Reads the input for a command that submits nothing: warnings are not repeated.
pub(super) fn read_batch(files: &Files, input: &File) -> Result<Option<Batch>, Error> {
    let name = files.input.display().to_string();
    let options = Options {
        reading: files.reading.clone(),
        ..Options::default()
    };
    let intake = intake::read(input::read(files, input)?, &options);
    if intake.errors > 0 {
        let word = |finding: Finding| {
            let is_error = finding.severity == Severity::Error;
            is_error.then(|| findings::line(&name, &finding))
        };
        intake.tell(u64::MAX, &word, &mut |line| {
            if let Some(line) = line {
                ui::say(&line);
            }
        });
    }
    Ok(intake.batch)
}

fn summary(files: &Files, record: &Record, batch: &Batch, standings: &[Standing]) -> Summary {
    Summary {
        census: StateCounts::of(standings),
        stopped: String::new(),
        results: files.results.display().to_string(),
        command: files.run_command(record.api()),
        doubts: Doubt::all(batch, standings, |line| files.resolve_command(line)),
    }
}
