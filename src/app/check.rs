//! Checking is what comes before anything else: the input's rows are checked and the findings told,
//! and the results file is held against the payouts.

use super::findings_file::FindingsFile;
use crate::cli::Format;
use crate::config::{Check, Files};
use crate::domain::escape::escape;
use crate::domain::state::StateCounts;
use crate::domain::{Batch, Standing, Totals};
use crate::error::Error;
use crate::intake::{self, Intake, Keep, Options};
use crate::payout::disk::DiskFile;
use crate::payout::pacer;
use crate::payout::results::{self, Record};
use crate::terminal::findings::Findings;
use crate::terminal::report::PlanReport;
use crate::terminal::ui::Emit;
use crate::terminal::{events, report, ui};
use chrono::Utc;
use std::path::Path;
use std::time::Duration;

/// Checks every row of these bytes and tells the findings; `None` when there is an error among them.
pub(super) fn check(config: &Check, bytes: Vec<u8>, keep: Keep) -> Result<Option<Intake>, Error> {
    let path = &config.files.input;
    let options = Options {
        keep,
        ..config.intake.clone()
    };
    let Some(intake) = tell(config, path, intake::read(bytes, &options))? else {
        return Ok(None);
    };
    match config.expect {
        Some(expected) if expected != intake.fingerprint => {
            Err(Error::other_batch(path, expected, intake.fingerprint))
        }
        _ => Ok(Some(intake)),
    }
}

/// Tells what was found in a file, and how it was read; `None` when there is an error.
pub(super) fn tell(config: &Check, path: &Path, intake: Intake) -> Result<Option<Intake>, Error> {
    let name = path.display().to_string();
    let findings = Findings::new(&name, config.max_findings, emit(config.format));
    let counts = findings.tell(&intake);
    FindingsFile::write(config, &intake)?;
    for notice in &intake.notices {
        ui::say(&format!("{}: {}", escape(&name), escape(notice)));
    }
    if intake.errors > 0 {
        ui::say(&format!("{}: {counts}; nothing was sent", escape(&name)));
        if config.format == Format::Json {
            ui::emit(&events::refused(&counts));
        }
        return Ok(None);
    }
    if intake.warnings > 0 {
        ui::say(&format!("{}: {counts}", escape(&name)));
    }
    Ok(Some(intake))
}

/// What goes to stdout.
pub(super) fn emit(format: Format) -> Emit {
    match format {
        Format::Json => Emit::Events,
        Format::Human => Emit::Nothing,
    }
}

/// Reads the results file as it is, without a lock; `None` if there is none.
pub(super) fn read_record(path: &Path) -> Result<Option<Record>, Error> {
    let bytes = DiskFile::peek(path).map_err(|error| Error::disk(path, &error))?;
    bytes.map(|bytes| parse(path, &bytes)).transpose()
}

/// Opens, locks and reads the results file; `None` if there is none.
pub(super) fn open_record(path: &Path) -> Result<Option<(DiskFile, Record)>, Error> {
    let error = |error| Error::disk(path, &error);
    let Some(mut disk) = DiskFile::open(path).map_err(error)? else {
        return Ok(None);
    };
    let bytes = disk.read().map_err(|io| error(io.into()))?;
    let record = parse(path, &bytes)?;
    Ok(Some((disk, record)))
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Record, Error> {
    results::parse(bytes).map_err(|mismatch| Error::mismatch(path, &mismatch))
}

/// Where every payout stands, by the results file.
pub(super) fn fold(
    files: &Files,
    record: &Record,
    batch: &Batch,
    api: Option<&str>,
) -> Result<Vec<Standing>, Error> {
    results::fold(record, batch, api).map_err(|mismatch| Error::mismatch(&files.results, &mismatch))
}

/// What is going to be submitted.
pub(super) fn plan_report(
    config: &Check,
    intake: &Intake,
    census: StateCounts,
    (to_submit, beyond_limit): (Totals, u64),
    first_wait: Duration,
) -> PlanReport {
    let step = pacer::step(config.interval);
    PlanReport {
        input: config.files.input.display().to_string(),
        results: config.files.results.display().to_string(),
        api: config.api.clone(),
        census,
        ends_at: report::ends_at(Utc::now(), first_wait, step, to_submit.count()),
        to_submit,
        beyond_limit,
        warnings: intake.warnings,
        notices: intake.notices.clone(),
        fingerprint: intake.fingerprint.to_string(),
        interval: config.interval,
    }
}

/// Tells what is going to be submitted.
pub(super) fn tell_plan(config: &Check, report: &PlanReport) {
    if config.format == Format::Json {
        ui::emit(&events::plan(report));
    }
    ui::say(&report::plan(report));
}
