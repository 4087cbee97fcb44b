//! `ccbatch validate`: every row is checked, every finding told, and with `--fix` a copy is written
//! in which everything is put right that is beyond doubt.

use super::check::{
    Adopting, block_on, check, host_of, request, tell, tell_notices, tell_plan, tell_refusals,
};
use super::input;
use super::look::open_to_look;
use super::records::{ledger_to_look_at, results_at};
use crate::config::Check;
use crate::domain::escape::escape;
use crate::error::{Error, PathError};
use crate::exit::Exit;
use crate::intake::{self, Options};
use crate::ledger::Realm;
use crate::os::file::write_new_for_owner_only;
use crate::payout::open::{self, OpenError};
use crate::payout::run::Knowledge;
use crate::terminal::report::counted;
use crate::terminal::ui;
use std::fs::File;
use std::path::Path;

/// `ccbatch validate` and `ccbatch run --dry-run`
pub(super) fn validate(config: &Check) -> Result<Exit, Error> {
    let input = input::open(&config.files)?;
    match &config.fix {
        Some(copy) => fix(config, input::read(&config.files, &input)?, copy),
        None => block_on(dry_run(config, &input)),
    }
}

/// Checks an input that is open, and tells what would be submitted.
async fn dry_run(config: &Check, input: &File) -> Result<Exit, Error> {
    let Some(intake) = check(config, input::read(&config.files, input)?)? else {
        return Ok(Exit::InputInvalid);
    };
    let Some(payouts) = intake.batch() else {
        return Ok(Exit::InputInvalid);
    };
    let (mut results, path) = results_at(&config.files.results)?;
    let mut ledger = ledger_to_look_at(&config.files).await?;
    let place = ledger.place();
    let failed = |error: OpenError| Error::at(error.place(&config.files.results, &place), error);
    let of = (&config.files, payouts);
    let mut opened = match &config.api {
        Some(api) => {
            let wanted = open::Wanted {
                realm: Realm::of_host(api),
                host: Some(api),
                path: &path,
                references: config.references,
                payouts,
            };
            open::look(&mut ledger, &mut results, &wanted).await
        }
        None => open_to_look(&mut ledger, (&mut results, &path), of, config.references).await,
    }
    .map_err(failed)?;
    let realm = opened.record.realm;
    tell_notices(&config.files.results, &opened, Adopting::LeftToARun);
    let host = config.api.clone();
    let host = host.unwrap_or_else(|| host_of(realm, &opened.attempts));
    let request = request(config, &host, &path, (realm, payouts))?;
    let knowledge = Knowledge::gather(&mut ledger, &request, &mut opened).await;
    let knowledge = knowledge.map_err(|error| Error::at(&place, error))?;
    let keys = knowledge.keys(&request, &opened.record);
    let plan = knowledge.plan(&request, &opened.record, &keys);
    let prospect = knowledge.prospect(&request, &opened.record, &plan);
    if let Some(exit) = tell_refusals(config, &intake, &prospect)? {
        return Ok(exit);
    }
    if let Some(exit) = tell_plan(config, &host, &intake, &prospect) {
        return Ok(exit);
    }
    ui::say("Dry run: nothing was sent, nothing was written.");
    Ok(Exit::AllCreated)
}

/// Writes the copy, tells what was changed, and checks the copy as a file of its own.
fn fix(config: &Check, bytes: Vec<u8>, copy: &Path) -> Result<Exit, Error> {
    let name = escape(&config.files.input.display().to_string()).into_owned();
    let Ok(fixed) = intake::fix(bytes.clone(), &config.files.reading, &config.settings) else {
        // There are no rows, and reading the file tells why.
        let intake = intake::read(bytes, &config.intake);
        tell(config, &config.files.input, intake)?;
        return Ok(Exit::InputInvalid);
    };
    let written = write_new_for_owner_only(copy, fixed.text.as_bytes());
    written.map_err(|error| Error::at(copy.display(), PathError::Rows(error)))?;
    let most = config.max_findings.unwrap_or(u64::MAX);
    let shown = usize::try_from(most).unwrap_or(usize::MAX);
    for change in fixed.changes.iter().take(shown) {
        ui::say(&format!("{name}:{change}"));
    }
    let hidden = fixed.changes.len().saturating_sub(shown);
    if hidden > 0 {
        let hidden = counted(hidden, "more change is", "more changes are");
        ui::say(&format!("{name}: {hidden} not shown"));
    }
    ui::say(&format!(
        "{}: written, with {}",
        escape(&copy.display().to_string()),
        counted(fixed.changes.len(), "change", "changes")
    ));
    let options = Options {
        reading: config.settings.clone(),
        ..config.intake.clone()
    };
    let valid = tell(
        config,
        copy,
        intake::read(fixed.text.into_bytes(), &options),
    )?;
    if valid.is_none() {
        return Ok(Exit::InputInvalid);
    }
    let next = config.files.validate_copy_command(copy);
    ui::say(&format!(
        "No errors are left. To see what it would pay: {next}"
    ));
    Ok(Exit::AllCreated)
}
