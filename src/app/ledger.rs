//! `ccbatch ledger`: where the ledger is and how much it holds; and what is done with it as a
//! whole.

use super::check::{Adopting, block_on, tell_notices, write_out};
use super::records::{existing_ledger, open_ledger, results_at};
use crate::config::{Ledger as Config, LedgerAction, LedgerPlace};
use crate::error::{Error, PathError, RecordError};
use crate::exit::Exit;
use crate::ledger::adopt::Line;
use crate::ledger::moving::move_ledger;
use crate::ledger::rules::TWIN_ACROSS_BATCHES;
use crate::ledger::{AnyEngine, Ledger, Realm, References};
use crate::payout::open::{self, Notice, OpenError, reading_of};
use crate::terminal::report::counted;
use crate::terminal::ui;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Does what is asked of the ledger.
pub(super) fn ledger(config: &Config) -> Result<Exit, Error> {
    block_on(async {
        match &config.action {
            LedgerAction::Show => show(config).await,
            LedgerAction::Init => init(config).await,
            LedgerAction::Adopt(results, references) => {
                adopt_all(config, results, *references).await
            }
            LedgerAction::BackUp(file) => back_up(config, file).await,
            LedgerAction::Move(to) => move_to(config, to).await,
        }
    })
}

async fn existing(config: &Config) -> Result<Ledger<AnyEngine>, Error> {
    match existing_ledger(&config.ledger, &config.user).await? {
        Some(ledger) => Ok(ledger),
        None => Err(Error::at(place_of(&config.ledger), RecordError::NoLedger)),
    }
}

fn place_of(place: &LedgerPlace) -> String {
    match place {
        LedgerPlace::File(path) => path.display().to_string(),
        LedgerPlace::Postgres(location) => location.to_string(),
        LedgerPlace::Homeless => "HOME".to_owned(),
    }
}

async fn show(config: &Config) -> Result<Exit, Error> {
    let mut ledger = existing(config).await?;
    let place = ledger.place();
    let extent = ledger.extent().await;
    let extent = extent.map_err(|error| Error::at(&place, error))?;
    let identity = ledger.identity();
    let mut lines = vec![
        format!("Ledger: {place}"),
        format!(
            "Since {}; {}, written {}",
            identity.created_at.format("%Y-%m-%d %H:%M UTC"),
            counted(extent.batches, "batch", "batches"),
            counted(identity.writes, "time", "times"),
        ),
    ];
    if !identity.moved_to.is_empty() {
        lines.push(format!("Moved to {}", identity.moved_to));
    }
    match extent.times {
        None => lines.push("No attempts yet".to_owned()),
        Some((oldest, newest)) => lines.push(format!(
            "Attempts from {} to {}:",
            oldest.format("%Y-%m-%d %H:%M UTC"),
            newest.format("%Y-%m-%d %H:%M UTC")
        )),
    }
    for (realm, status, count) in &extent.attempts {
        lines.push(format!("  {realm:<16} {status:<12} {count:>9}"));
    }
    write_out(&lines.join("\n"))?;
    Ok(Exit::AllCreated)
}

async fn init(config: &Config) -> Result<Exit, Error> {
    let ledger = open_ledger(&config.ledger, &config.user).await?;
    ui::say(&format!("Ledger: {}", ledger.place()));
    Ok(Exit::AllCreated)
}

async fn adopt_all(
    config: &Config,
    files: &[PathBuf],
    references: Option<References>,
) -> Result<Exit, Error> {
    // A name that is mistyped makes no ledger.
    if let Some(missing) = files.iter().find(|file| !file.exists()) {
        let error = PathError::Input(std::io::ErrorKind::NotFound.into());
        return Err(Error::at(missing.display(), error));
    }
    if references.is_none() {
        refuse_reference_of_two(files)?;
    }
    let mut ledger = open_ledger(&config.ledger, &config.user).await?;
    for file in files {
        adopt(&mut ledger, file, references).await?;
    }
    Ok(Exit::AllCreated)
}

/// Refuses files of which two have different payouts under one reference, both created or in doubt:
/// references that count over all files have one such payout. They are most likely row numbers, and
/// would pass for payouts of each other.
fn refuse_reference_of_two(files: &[PathBuf]) -> Result<(), Error> {
    let mut paid: HashMap<(Realm, String), (&Path, Line)> = HashMap::new();
    for file in files {
        let (mut results, _) = results_at(file)?;
        let reading = reading_of(&mut results);
        let reading = reading.map_err(|error| Error::at(file.display(), error))?;
        for line in reading.lines {
            if line.reference.is_empty() || !line.ending.is_live() {
                continue;
            }
            let payout = (Realm::of_host(&line.host), line.reference.clone());
            match paid.get(&payout) {
                Some((other, first)) if *other != file && !are_of_one_payout(first, &line) => {
                    let error = RecordError::ReferenceOfTwo {
                        reference: line.reference,
                        other: format!("{}:{}", other.display(), first.at),
                    };
                    let place = format!("{}:{}", file.display(), line.at);
                    return Err(Error::at(place, error));
                }
                Some(_) => {}
                None => {
                    paid.insert(payout, (file, line));
                }
            }
        }
    }
    Ok(())
}

/// Whether two lines are of one attempt, or of one payout that was made twice. Equal sums that lie weeks
/// apart are rather a salary, month after month.
fn are_of_one_payout(one: &Line, other: &Line) -> bool {
    let pays_the_same = one.currency_code == other.currency_code
        && one.to_address == other.to_address
        && one.amount == other.amount;
    let times = one.started_at.zip(other.started_at);
    let are_near = times
        .is_none_or(|(one, other)| one.signed_duration_since(other).abs() <= TWIN_ACROSS_BATCHES);
    one.id == other.id || (pays_the_same && are_near)
}

async fn adopt(
    ledger: &mut Ledger<AnyEngine>,
    file: &Path,
    references: Option<References>,
) -> Result<(), Error> {
    let place = ledger.place();
    let failed = |error: OpenError| {
        let at = error.place(file, &place);
        match error {
            // What is right for this file would be wrong for the others.
            OpenError::ReferencesFixed(references) => {
                Error::at(at, RecordError::ReferencesFixed(references))
            }
            error => Error::at(at, error),
        }
    };
    let (mut results, path) = results_at(file)?;
    let reading = reading_of(&mut results).map_err(failed)?;
    let Some(line) = reading.lines.first() else {
        ui::say(&format!("{}: there is nothing to adopt", file.display()));
        return Ok(());
    };
    let ids: Vec<_> = reading.lines.iter().map(|line| line.id).collect();
    let known = ledger.realms_of(&ids).await;
    let known = known.map_err(|error| Error::at(&place, error))?;
    let realm = known.first().copied();
    let wanted = open::Wanted {
        realm: realm.unwrap_or_else(|| Realm::of_host(&line.host)),
        host: None,
        path: &path,
        references,
        payouts: &[],
    };
    let opened = open::open(ledger, &mut results, &wanted).await;
    let mut opened = opened.map_err(failed)?;
    ledger.unlock(&opened.record.id).await;
    let adopted = opened.notices.iter().find_map(|notice| match notice {
        Notice::Adopted(count) => Some(*count),
        Notice::Extra(_) | Notice::ChangedKept(_) => None,
    });
    let (adopted, all) = (adopted.unwrap_or_default(), opened.attempts.len());
    ui::say(&format!(
        "{}: {adopted} of {} taken over{}",
        file.display(),
        counted(all, "attempt", "attempts"),
        if adopted < all {
            "; the ledger has the rest already"
        } else {
            ""
        }
    ));
    let is_told = |notice: &Notice| matches!(notice, Notice::Adopted(_));
    opened.notices.retain(|notice| !is_told(notice));
    tell_notices(file, &opened, Adopting::Done);
    Ok(())
}

async fn back_up(config: &Config, file: &Path) -> Result<Exit, Error> {
    drop(existing(config).await?);
    let mut ledger = open_ledger(&config.ledger, &config.user).await?;
    let place = ledger.place();
    match ledger.engine() {
        AnyEngine::Sqlite(sqlite) => {
            let copied = sqlite.back_up(file);
            copied.map_err(|error| Error::at(file.display(), PathError::Backup(error)))?;
        }
        AnyEngine::Postgres(_) => return Err(Error::at(&place, RecordError::Shared)),
    }
    ui::say(&format!("{place}: copied to {}", file.display()));
    Ok(Exit::AllCreated)
}

async fn move_to(config: &Config, to: &LedgerPlace) -> Result<Exit, Error> {
    drop(existing(config).await?);
    let mut from = open_ledger(&absolute(&config.ledger)?, &config.user).await?;
    let to = absolute(to)?;
    refuse_unless_text(&to)?;
    let mut to = open_ledger(&to, &config.user).await?;
    let places = (from.place(), to.place());
    let moved = move_ledger(&mut from, &mut to).await;
    let count = moved.map_err(|error| Error::at(error.place(&places.0, &places.1), error))?;
    ui::say(&format!(
        "{}: moved to {} with {}; from now on name it with --ledger or CCBATCH_LEDGER",
        places.0,
        places.1,
        counted(count, "attempt", "attempts")
    ));
    Ok(Exit::AllCreated)
}

/// The ledger that is moved says where it is then, in text: another name would lead to a new one.
fn refuse_unless_text(to: &LedgerPlace) -> Result<(), Error> {
    match to {
        LedgerPlace::File(path) if path.to_str().is_none() => {
            let error = std::io::ErrorKind::InvalidFilename.into();
            Err(Error::at(path.display(), PathError::Backup(error)))
        }
        LedgerPlace::File(_) | LedgerPlace::Postgres(_) | LedgerPlace::Homeless => Ok(()),
    }
}

/// A place as it is found from every folder: it is noted in the ledger that is moved there.
fn absolute(place: &LedgerPlace) -> Result<LedgerPlace, Error> {
    match place {
        LedgerPlace::File(path) => {
            let absolute = std::path::absolute(path);
            let absolute =
                absolute.map_err(|error| Error::at(path.display(), PathError::Input(error)))?;
            Ok(LedgerPlace::File(absolute))
        }
        LedgerPlace::Postgres(_) | LedgerPlace::Homeless => Ok(place.clone()),
    }
}
