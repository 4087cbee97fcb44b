//! Checking is everything before the first request: the input is read and validated, and the
//! results file is held against it. A dry run ends here, having written nothing.

use super::mending::Mending;
use crate::cli::Format;
use crate::config::{Check, Files};
use crate::domain::state::StateCounts;
use crate::domain::{Batch, Finding, Standing, Totals};
use crate::error::Error;
use crate::exit::Exit;
use crate::intake::{self, Intake, Keep};
use crate::payout::disk::DiskFile;
use crate::payout::pacer;
use crate::payout::plan::Plan;
use crate::payout::results::{self, Record};
use crate::terminal::report::PlanReport;
use crate::terminal::ui::Emit;
use crate::terminal::{events, report, ui};
use chrono::Utc;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// `ccbatch validate` and `ccbatch run --dry-run`
pub(super) fn dry_run(config: &Check) -> Result<Exit, Error> {
    let input = open_input(&config.files)?;
    let record = read_record(&config.files.results)?;
    // A limit picks payouts, and earlier attempts are held against them.
    let keep = if record.is_some() || config.limit.is_some() {
        Keep::Payouts
    } else {
        Keep::Totals
    };
    let Some(intake) = validate(config, &input, keep)? else {
        return Ok(Exit::InputInvalid);
    };
    let (census, planned) = match &intake.batch {
        Some(batch) => {
            let record = record.unwrap_or_default();
            let standings = fold(&config.files, &record, batch, Some(&config.api))?;
            let plan = Plan::new(batch, &standings, config.rejected, config.limit);
            (
                StateCounts::of(&standings),
                (plan.totals(), plan.beyond_limit),
            )
        }
        // Nothing was submitted yet, so all of it is.
        None => {
            let pending = intake.totals.count();
            let census = StateCounts {
                pending,
                ..StateCounts::default()
            };
            (census, (intake.totals.clone(), 0))
        }
    };
    let report = plan_report(config, &intake, census, planned, Duration::ZERO);
    tell_plan(config, &report);
    ui::say("Dry run: nothing was sent, nothing was written.");
    Ok(Exit::AllCreated)
}

/// Opens the input.
pub(super) fn open_input(files: &Files) -> Result<File, Error> {
    let error = |error: std::io::Error| Error::input(&files.input, &error);
    let input = File::open(&files.input).map_err(error)?;
    if input.metadata().map_err(error)?.is_dir() {
        return Err(error(std::io::ErrorKind::IsADirectory.into()));
    }
    Ok(input)
}

/// Validates every row and tells the findings; `None` when there is an error among them.
pub(super) fn validate(config: &Check, input: &File, keep: Keep) -> Result<Option<Intake>, Error> {
    let path = &config.files.input;
    let name = path.display().to_string();
    let options = intake::Options {
        keep,
        ..config.intake.clone()
    };
    let mut told = ui::Findings::new(&name, config.max_findings, emit(config.format));
    let mut mending = Mending::new(config, input)?;
    let mut tell = |finding: &Finding| {
        told.tell(finding);
        mending.add(finding);
    };
    let intake =
        intake::read(input, &options, &mut tell).map_err(|error| Error::input(path, &error))?;
    told.end();
    mending.end()?;
    for notice in &intake.notices {
        ui::say(&format!("{name}: {notice}"));
    }
    let counts = &intake.counts;
    if counts.errors() > 0 {
        ui::say(&format!("{name}: {counts}; nothing was sent"));
        if config.format == Format::Json {
            ui::emit(&events::refused(counts));
        }
        return Ok(None);
    }
    if counts.warnings() > 0 {
        ui::say(&format!("{name}: {counts}"));
    }
    match config
        .expect
        .filter(|expected| *expected != intake.fingerprint)
    {
        Some(expected) => Err(Error::other_batch(path, expected, intake.fingerprint)),
        None => Ok(Some(intake)),
    }
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
        warnings: intake.counts.warnings(),
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
