//! `ccbatch report`: where each payout stands, as a page for people.

use super::check::{block_on, host_of, read_intake, write_out};
use super::input;
use super::look::{Looked, look};
use super::records::{existing_ledger, rehearsal_ledger, results_at};
use crate::clock;
use crate::config::{Output, Report};
use crate::domain::Payout;
use crate::domain::escape::escape;
use crate::error::{Error, PathError};
use crate::exit::Exit;
use crate::ledger::Realm;
use crate::os::file::{parent, sync_folder, write_new_for_owner_only};
use crate::report::{Activity, Commands, LedgerPlace, MARK, Page, page};
use crate::terminal::ui;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Writes the page.
pub(super) fn report(config: &Report) -> Result<Exit, Error> {
    let made = block_on(make(config))?;
    let Some(text) = made else {
        return Ok(Exit::InputInvalid);
    };
    match &config.output {
        Output::Stdout => write_out(text.trim_end())?,
        Output::File(path) => {
            refuse_other(path)?;
            write(path, &text)
                .map_err(|error| Error::at(path.display(), PathError::Page(error)))?;
            ui::say(&format!("Report: {}", escape(&path.display().to_string())));
        }
    }
    Ok(Exit::AllCreated)
}

/// The page's text; `None` if the input is not valid, which was told.
async fn make(config: &Report) -> Result<Option<String>, Error> {
    let files = &config.files;
    let intake = read_intake(files, &input::open(files)?)?;
    let Some(batch) = intake.batch() else {
        return Ok(None);
    };
    let (mut results, path) = results_at(&files.results)?;
    // A page that was made without the ledger would look like the truth, so it must be there,
    // and not have been moved.
    let (mut ledger, has_ledger) = match files.realm {
        Realm::Sandbox => (rehearsal_ledger(&files.user).await?, false),
        Realm::Live | Realm::Loopback(_) => {
            match existing_ledger(&files.ledger, &files.user).await? {
                Some(mut ledger) => {
                    let is_here = ledger.refuse_unless_current().await;
                    is_here.map_err(|error| Error::at(ledger.place(), error))?;
                    (ledger, true)
                }
                None => (rehearsal_ledger(&files.user).await?, false),
            }
        }
    };
    let place = ledger.place();
    let Looked {
        request,
        opened,
        knowledge,
    } = look(files, batch, &mut ledger, (&mut results, &path)).await?;
    let keys = knowledge.keys(&request, &opened.record);
    let plan = knowledge.plan(&request, &opened.record, &keys);
    let payouts: Vec<Payout> = batch.all().collect();
    let attempts = knowledge.attempts();
    Ok(Some(page(&Page {
        language: config.language,
        input: &files.input.display().to_string(),
        results: &files.results.display().to_string(),
        api: &host_of(request.realm, attempts),
        ledger: match (files.realm, has_ledger) {
            (Realm::Sandbox, _) => LedgerPlace::Rehearsal,
            (Realm::Live | Realm::Loopback(_), true) => LedgerPlace::At(&place),
            (Realm::Live | Realm::Loopback(_), false) => LedgerPlace::None,
        },
        fingerprint: &intake.fingerprint.to_string(),
        now: clock::now(),
        batch: &opened.record.id,
        rows: payouts.iter().zip(plan.states.iter().flatten()).collect(),
        attempts,
        doubts_without_row: &plan.doubts_without_row,
        created_without_row: plan.created_without_row,
        activity: if opened.is_at_work {
            Activity::AtWork
        } else {
            Activity::Idle
        },
        commands: Commands {
            run: files.run_command(),
            validate: files.validate_command(),
            resolve: files.resolve_id_command(),
        },
    })))
}

/// Refuses to replace what is not a page of ours: a symbolic link, a folder, any other file.
fn refuse_other(path: &Path) -> Result<(), Error> {
    let error = |error: io::Error| Error::at(path.display(), PathError::Page(error));
    let metadata = match fs::symlink_metadata(path) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(other) => return Err(error(other)),
        Ok(metadata) => metadata,
    };
    if !metadata.is_file() {
        return Err(Error::at(path.display(), PathError::NotAPage));
    }
    let length = u64::try_from(MARK.len()).unwrap_or(u64::MAX);
    let mut start = Vec::new();
    let file = File::open(path).map_err(error)?;
    file.take(length).read_to_end(&mut start).map_err(error)?;
    if start == MARK.as_bytes() {
        Ok(())
    } else {
        Err(Error::at(path.display(), PathError::NotAPage))
    }
}

/// Writes the page beside its place and moves it there, so that a reader never sees half of one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let temporary = temporary(path);
    let written = write_new_for_owner_only(&temporary, text.as_bytes())
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The error is what is told; the file that is left behind is not a page.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(parent(path))
}

fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.new", std::process::id()))
}
