//! `ccbatch validate`: every row is checked, every finding told, and with `--fix` a copy is written
//! in which everything is put right that is beyond doubt.

use super::check::{check, fold, plan_report, read_record, tell, tell_plan};
use super::input;
use crate::config::Check;
use crate::domain::escape::escape;
use crate::domain::state::StateCounts;
use crate::error::Error;
use crate::exit::Exit;
use crate::intake::{self, Keep, Options, Reading};
use crate::payout::disk::OWNER_ONLY;
use crate::payout::plan::Plan;
use crate::terminal::ui;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// `ccbatch validate` and `ccbatch run --dry-run`
pub(super) fn validate(config: &Check) -> Result<Exit, Error> {
    let input = input::open(&config.files)?;
    match &config.fix {
        Some(copy) => fix(config, input::read(&config.files, &input)?, copy),
        None => dry_run(config, &input),
    }
}

/// Checks an input that is open, and tells what would be submitted.
fn dry_run(config: &Check, input: &File) -> Result<Exit, Error> {
    let record = read_record(&config.files.results)?;
    // A limit picks payouts, and earlier attempts are held against them.
    let keep = if record.is_some() || config.limit.is_some() {
        Keep::Payouts
    } else {
        Keep::Totals
    };
    let Some(intake) = check(config, input::read(&config.files, input)?, keep)? else {
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

/// Writes the copy, tells what was changed, and checks the copy as a file of its own.
fn fix(config: &Check, bytes: Vec<u8>, copy: &Path) -> Result<Exit, Error> {
    let name = escape(&config.files.input.display().to_string()).into_owned();
    let Ok(fixed) = intake::fix(bytes.clone(), &config.files.reading) else {
        // There are no rows, and reading the file tells why.
        let intake = intake::read(bytes, &config.intake);
        tell(config, &config.files.input, intake)?;
        return Ok(Exit::InputInvalid);
    };
    write_new(copy, fixed.text.as_bytes()).map_err(|error| Error::findings_file(copy, &error))?;
    let most = config.max_findings.unwrap_or(u64::MAX);
    let shown = usize::try_from(most).unwrap_or(usize::MAX);
    for change in fixed.changes.iter().take(shown) {
        ui::say(&format!("{name}:{change}"));
    }
    let hidden = fixed.changes.len().saturating_sub(shown);
    if hidden > 0 {
        ui::say(&format!("{name}: {hidden} more changes are not shown"));
    }
    let plural = if fixed.changes.len() == 1 { "" } else { "s" };
    ui::say(&format!(
        "{}: written, with {} change{plural}",
        escape(&copy.display().to_string()),
        fixed.changes.len()
    ));
    let options = Options {
        reading: Reading::default(),
        keep: Keep::Totals,
        ..config.intake.clone()
    };
    let valid = tell(
        config,
        copy,
        intake::read(fixed.text.into_bytes(), &options),
    )?;
    Ok(valid.map_or(Exit::InputInvalid, |_| Exit::AllCreated))
}

/// Writes a file that is not there yet, for its owner alone.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
