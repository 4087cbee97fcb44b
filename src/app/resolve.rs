//! `ccbatch resolve`: records what an operator has seen in the dashboard about one payout in
//! doubt.

use super::check::{Adopting, block_on, read_intake, tell_notices};
use super::input;
use super::look::realm_of_batch;
use super::records::{open_ledger, rehearsal_ledger, results_at};
use super::run::lock_input;
use crate::api::INVOICE_ID_PREFIX;
use crate::config::{Consent, Files, Resolve, Which};
use crate::domain::{Batch, State};
use crate::error::{Error, PathError, RecordError, SystemError, UsageError};
use crate::exit::Exit;
use crate::ledger::attempt::Counting;
use crate::ledger::engine::LookUp;
use crate::ledger::row_keys::RowKeys;
use crate::ledger::{
    AnyEngine, Attempt, AttemptId, BatchId, BatchPath, Ledger, LedgerError, PayoutKey, Realm,
    ResolveError, is_open_to_a_verdict,
};
use crate::payout::open::{self, OpenError, Opened};
use crate::payout::publish::publish;
use crate::payout::results::Results;
use crate::payout::results::disk::DiskFile;
use crate::terminal::ui::Answer;
use crate::terminal::{report, ui};
use chrono::TimeDelta;
use std::path::Path;

/// How long a request may still be on its way: what was not created by then never will be.
const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Settles one payout in doubt.
pub(super) fn resolve(config: &Resolve) -> Result<Exit, Error> {
    if let Some(id) = config.invoice_id.as_deref().filter(|id| !is_invoice_id(id)) {
        let error = UsageError::InvoiceId(id.to_owned());
        return Err(Error::at("--invoice-id", error));
    }
    block_on(resolve_inside(config))
}

/// The two records, open and locked for one batch.
struct OpenRecords {
    ledger: Ledger<AnyEngine>,
    /// `None` where the file is not on this machine.
    results: Option<Results<DiskFile>>,
}

async fn resolve_inside(config: &Resolve) -> Result<Exit, Error> {
    let input = match &config.input {
        Some(files) if files.input.exists() => Some(files),
        Some(files) if matches!(config.which, Which::Line(_)) => {
            let missing = PathError::Input(std::io::ErrorKind::NotFound.into());
            return Err(Error::at(files.input.display(), missing));
        }
        Some(_) | None => None,
    };
    let mut ledger = match config.input.as_ref().map(|files| files.realm) {
        Some(Realm::Sandbox) => rehearsal_ledger(&config.user).await?,
        Some(Realm::Live | Realm::Loopback(_)) | None => {
            open_ledger(&config.ledger, &config.user).await?
        }
    };
    let (attempt, mut records, row_line) = match input {
        Some(files) => {
            let input = input::open(files)?;
            lock_input(&files.input, &input)?;
            let intake = read_intake(files, &input)?;
            let Some(payouts) = intake.batch() else {
                return Ok(Exit::InputInvalid);
            };
            let (mut records, opened) = open_batch_of_input(ledger, files, payouts).await?;
            let of_input = (files, payouts);
            let found = find_in_batch(&mut records.ledger, &opened, config, of_input).await?;
            let (attempt, line) = found;
            if attempt.batch == opened.record.id {
                (attempt, records, line)
            } else {
                // Its results file is another one, and this one is no place for its line.
                let (attempt, records) = open_own_batch(records.ledger, attempt).await?;
                (attempt, records, line)
            }
        }
        None => {
            let attempt = find_in_ledger(&mut ledger, config).await?;
            let (attempt, records) = open_own_batch(ledger, attempt).await?;
            (attempt, records, None)
        }
    };
    check_verdict(config, &attempt, &mut records).await?;
    match answer(config, &attempt, row_line)? {
        Answer::Yes => {}
        Answer::No(why) => {
            ui::say(&format!("Nothing was recorded: {why}."));
            return Ok(Exit::InDoubt);
        }
    }
    record(config, &attempt, &mut records).await?;
    if let Some(files) = input {
        ui::say(&format!("To go on: {}", files.run_command()));
    }
    Ok(Exit::AllCreated)
}

/// Opens the batch of an input.
async fn open_batch_of_input(
    mut ledger: Ledger<AnyEngine>,
    files: &Files,
    payouts: &dyn Batch,
) -> Result<(OpenRecords, Opened), Error> {
    let (mut results, path) = results_at(&files.results)?;
    let place = ledger.place();
    let failed = |error: OpenError| Error::at(error.place(&files.results, &place), error);
    let realm = realm_of_batch(&mut ledger, &mut results, &path, files).await;
    let wanted = open::Wanted {
        realm: realm.map_err(failed)?,
        host: None,
        path: &path,
        references: None,
        payouts,
    };
    let opened = open::open(&mut ledger, &mut results, &wanted).await;
    let opened = opened.map_err(failed)?;
    tell_notices(&files.results, &opened, Adopting::Done);
    let results = Some(results);
    Ok((OpenRecords { ledger, results }, opened))
}

/// Opens the batch of an attempt that is not, or may not be, of the input; gives the attempt as it is
/// then.
async fn open_own_batch(
    ledger: Ledger<AnyEngine>,
    attempt: Attempt,
) -> Result<(Attempt, OpenRecords), Error> {
    let mut records = open_batch_of(ledger, &attempt).await?;
    let found = records.ledger.attempt(&attempt.id).await;
    let found = found.map_err(|error| Error::at(records.ledger.place(), error))?;
    Ok((found.unwrap_or(attempt), records))
}

/// Opens the batch of an attempt: with its results file where that is on this machine, else by the
/// ledger alone.
async fn open_batch_of(
    mut ledger: Ledger<AnyEngine>,
    attempt: &Attempt,
) -> Result<OpenRecords, Error> {
    let place = ledger.place();
    let failed = |error: LedgerError| Error::at(&place, error);
    let paths = ledger.paths_of([attempt.batch]).await.map_err(failed)?;
    let here = paths
        .get(&attempt.batch)
        .filter(|path| path.host == ledger.who().host && Path::new(&path.path).exists())
        .cloned();
    // Another batch's results file may have been put there.
    if let Some(path) = here
        && let Some((results, opened)) = open_at(&mut ledger, attempt.realm, &path).await?
        && opened == attempt.batch
    {
        let results = Some(results);
        return Ok(OpenRecords { ledger, results });
    }
    if !ledger.lock(&attempt.batch).await.map_err(failed)? {
        let held = OpenError::Held(attempt.batch);
        return Err(Error::at(&place, held));
    }
    ledger
        .settle_interrupted(&attempt.batch)
        .await
        .map_err(failed)?;
    Ok(OpenRecords {
        ledger,
        results: None,
    })
}

/// Opens the batch of a results file; `None` if a verdict has the invoice id that a line names for
/// another payout: the ledger alone can be changed then, and the next run takes the line over.
async fn open_at(
    ledger: &mut Ledger<AnyEngine>,
    realm: Realm,
    path: &BatchPath,
) -> Result<Option<(Results<DiskFile>, BatchId)>, Error> {
    let file = Path::new(&path.path);
    let (mut results, _) = results_at(file)?;
    let place = ledger.place();
    let wanted = open::Wanted {
        realm,
        host: None,
        path,
        references: None,
        payouts: &[],
    };
    match open::open(ledger, &mut results, &wanted).await {
        Ok(opened) => {
            tell_notices(file, &opened, Adopting::Done);
            Ok(Some((results, opened.record.id)))
        }
        Err(OpenError::Line(error)) if error.reason.is_by_a_verdict() => Ok(None),
        Err(error) => Err(Error::at(error.place(file, &place), error)),
    }
}

/// The attempt of the batch that is meant, and the line on which its row stands today.
async fn find_in_batch(
    ledger: &mut Ledger<AnyEngine>,
    opened: &Opened,
    config: &Resolve,
    (files, payouts): (&Files, &dyn Batch),
) -> Result<(Attempt, Option<u64>), Error> {
    let record = &opened.record;
    let batch = (&record.id, record.references);
    let keys = RowKeys::new(payouts, batch, &opened.attempts);
    let line_of = |key: &PayoutKey| {
        let row = keys.rows().find(|(_, of)| of == key);
        row.map(|(payout, _)| payout.line)
    };
    let key = match &config.which {
        Which::Line(line) => {
            let row = keys.rows().find(|(payout, _)| payout.line == *line);
            let place = format!("{}:{line}", files.input.display());
            let (_, key) = row.ok_or_else(|| Error::at(place, RecordError::NoSuchLine))?;
            key
        }
        Which::Reference(reference) => {
            let mut attempts = opened.attempts.iter();
            let attempt = attempts.rfind(|it| it.reference == *reference);
            let row = || keys.rows().find(|(row, _)| row.reference == *reference);
            let key = attempt.map(|it| it.key.clone());
            let key = key.or_else(|| row().map(|(_, key)| key));
            key.ok_or_else(|| {
                let error = RecordError::NoSuchReference(reference.clone());
                Error::at(files.input.display(), error)
            })?
        }
        Which::Id(id) => {
            let attempt = by_id(ledger, id).await?;
            let line = line_of(&attempt.key);
            return Ok((attempt, line));
        }
    };
    let wanted = [key.as_str().to_owned()];
    let found = ledger.look_up(LookUp::Key, record.realm, wanted).await;
    let found = found.map_err(|error| Error::at(ledger.place(), error))?;
    let line = line_of(&key);
    let state = found.iter().max_by_key(|attempt| attempt.number);
    let state = state.map_or(State::Pending, |it| it.status().into());
    match one_of(found, config)? {
        Some(attempt) => Ok((attempt, line)),
        None => {
            let error = RecordError::NotInDoubt {
                state: state.as_str(),
                status: files.status_command(),
            };
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            let place = format!("{}{line}", files.input.display());
            Err(Error::at(place, error))
        }
    }
}

/// The one attempt of several that is open to a verdict: a payout in doubt before one that was
/// settled.
fn one_of(mut found: Vec<Attempt>, config: &Resolve) -> Result<Option<Attempt>, Error> {
    found.retain(is_open_to_a_verdict);
    let has_doubt = found.iter().any(|it| it.status().is_in_doubt());
    if has_doubt {
        found.retain(|it| it.status().is_in_doubt());
    } else if let Some(last) = found.iter().map(|it| it.number).max() {
        found.retain(|it| it.number == last);
    }
    if found.len() > 1 && found.iter().any(|it| it.counting == Counting::Extra) {
        let (flag, value) = match &config.which {
            Which::Line(line) => ("--line", line.to_string()),
            Which::Reference(reference) => ("--reference", reference.clone()),
            Which::Id(id) => ("--id", id.clone()),
        };
        return Err(several_attempts(flag, value, &found));
    }
    Ok(found.pop())
}

/// The attempt that is meant, where only the ledger says which there are.
async fn find_in_ledger(
    ledger: &mut Ledger<AnyEngine>,
    config: &Resolve,
) -> Result<Attempt, Error> {
    let place = ledger.place();
    match &config.which {
        Which::Line(_) => Err(no_such_payout("--line", "")),
        Which::Id(id) => by_id(ledger, id).await,
        Which::Reference(reference) => {
            let found = ledger.of_reference(reference).await;
            let found = found.map_err(|error| Error::at(&place, error))?;
            let last = found.last().cloned();
            let open = found
                .into_iter()
                .filter(|it| is_open_to_a_verdict(it) || it.status().is_in_doubt())
                .collect();
            let found = one_of_all(open, reference)?.or(last);
            found.ok_or_else(|| no_such_payout("--reference", reference))
        }
    }
}

/// The one attempt, of any realm and batch: a payout in doubt before those that were settled.
fn one_of_all(mut found: Vec<Attempt>, reference: &str) -> Result<Option<Attempt>, Error> {
    let has_doubt = found.iter().any(|it| it.status().is_in_doubt());
    if has_doubt {
        found.retain(|it| it.status().is_in_doubt());
    }
    let is_of_one_payout = found
        .windows(2)
        .all(|two| matches!(two, [a, b] if (a.realm, &a.key) == (b.realm, &b.key)));
    if found.len() > 1 && (has_doubt || !is_of_one_payout) {
        return Err(several_attempts(
            "--reference",
            reference.to_owned(),
            &found,
        ));
    }
    Ok(found.pop())
}

/// Each is named with what it paid and when it began, by which it is found in the dashboard.
fn several_attempts(flag: &str, value: String, found: &[Attempt]) -> Error {
    let attempts = found.iter().map(|attempt| {
        let begun = attempt.started_at.format("%Y-%m-%d %H:%M:%S UTC");
        let paid = report::attempted(attempt);
        format!("{} is {paid}, begun at {begun}", attempt.id)
    });
    let attempts = attempts.collect();
    Error::at(flag, RecordError::SeveralAttempts { value, attempts })
}

async fn by_id(ledger: &mut Ledger<AnyEngine>, text: &str) -> Result<Attempt, Error> {
    let place = ledger.place();
    let found = match AttemptId::parse(text.trim()) {
        None => None,
        Some(id) => {
            let found = ledger.attempt(&id).await;
            found.map_err(|error| Error::at(&place, error))?
        }
    };
    found.ok_or_else(|| no_such_payout("--id", text))
}

fn no_such_payout(flag: &str, value: &str) -> Error {
    Error::at(flag, RecordError::NoSuchPayout(value.to_owned()))
}

/// Whether a text can be an invoice id, and does not only stand for one, as `INV-XXXXXXXX` does in
/// the documentation.
fn is_invoice_id(text: &str) -> bool {
    let rest = text.strip_prefix(INVOICE_ID_PREFIX).unwrap_or_default();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_example = rest.bytes().all(|byte| byte.eq_ignore_ascii_case(&b'x'));
    !is_example && text.len() <= 128 && rest.bytes().all(is_plain)
}

/// Refuses a verdict on what is not in doubt, that the record contradicts, or that comes too early.
async fn check_verdict(
    config: &Resolve,
    attempt: &Attempt,
    records: &mut OpenRecords,
) -> Result<(), Error> {
    let place = records.ledger.place();
    if !is_open_to_a_verdict(attempt) {
        let settled = ResolveError::Settled(Box::new(attempt.clone()));
        return Err(Error::at(&place, settled));
    }
    if config.invoice_id.is_some() {
        return Ok(());
    }
    if let Some(named) = attempt.ending.named_invoice_id()
        && config.despite.as_deref() != Some(named)
    {
        let error = RecordError::NamesInvoice(named.to_owned());
        return Err(Error::at(&place, error));
    }
    let now = records.ledger.now().await;
    let now = now.map_err(|error| Error::at(&place, error))?;
    let age = now.signed_duration_since(attempt.started_at);
    match minutes_left(attempt.realm, age) {
        None => Ok(()),
        Some(left) => {
            let minimum = SETTLED_AFTER.num_minutes();
            Err(Error::at(&place, RecordError::TooEarly { minimum, left }))
        }
    }
}

/// In how many minutes it can be said that an attempt of this age created nothing; `None` if it can
/// be said now.
fn minutes_left(realm: Realm, age: TimeDelta) -> Option<i64> {
    match realm {
        Realm::Live if age < SETTLED_AFTER => {
            let left = SETTLED_AFTER.checked_sub(&age).unwrap_or(SETTLED_AFTER);
            Some(left.num_seconds().div_euclid(60).saturating_add(1))
        }
        Realm::Live | Realm::Loopback(_) | Realm::Sandbox => None,
    }
}

fn answer(config: &Resolve, attempt: &Attempt, row_line: Option<u64>) -> Result<Answer, Error> {
    if config.consent == Consent::Given {
        return Ok(Answer::Yes);
    }
    if !ui::can_ask() {
        return Err(Error::at("--yes", UsageError::NoConsentToVerdict));
    }
    let payout = report::attempted(attempt);
    let line = match row_line.filter(|line| *line != attempt.line) {
        None => format!("line {}", attempt.line),
        Some(today) => format!("line {today} (line {} when it was sent)", attempt.line),
    };
    let mut question = match &config.invoice_id {
        Some(id) => format!("Record {line}, {payout}, as created under {id}?"),
        None => {
            format!("Record {line}, {payout}, as not created? The next run submits it again.")
        }
    };
    if attempt.ending.is_verdict() {
        let outcome = attempt.ending.outcome();
        question.push_str(&format!(" An earlier verdict says: {outcome}."));
    }
    Ok(ui::ask(&question).map_err(SystemError::Terminal)?)
}

/// Records the verdict in the ledger, then in the results file.
async fn record(
    config: &Resolve,
    attempt: &Attempt,
    records: &mut OpenRecords,
) -> Result<(), Error> {
    let place = records.ledger.place();
    let failed = |error: LedgerError| Error::at(&place, error);
    let recorded = records
        .ledger
        .resolve(attempt, config.invoice_id.as_deref())
        .await
        .map_err(|error| Error::at(error.place(&place), error))?;
    ui::say(&format!(
        "Recorded: line {} {}: {}",
        recorded.line,
        match recorded.ending.invoice_id.as_str() {
            "" => "not created".to_owned(),
            id => format!("created {id}"),
        },
        report::attempted(&recorded)
    ));
    let Some(results) = &mut records.results else {
        return Ok(());
    };
    let attempts = records
        .ledger
        .attempts_of(&recorded.batch)
        .await
        .map_err(failed)?;
    let now = records.ledger.now().await.map_err(failed)?;
    let path = results.storage().path().to_owned();
    let published = publish(&mut records.ledger, results, (&attempts, &[]), now).await;
    let kept = published.map_err(|error| Error::at(path.display(), OpenError::from(error)))?;
    if let Some(name) = kept {
        ui::say(&report::changed_kept(&name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn towards_the_real_api_nothing_is_called_not_created_within_ten_minutes() {
        let minutes = TimeDelta::minutes;
        for (realm, age, left) in [
            (Realm::Live, minutes(0), Some(11)),
            (Realm::Live, minutes(9), Some(2)),
            (Realm::Live, minutes(10), None),
            // A clock that was set back makes the attempt younger, not older.
            (Realm::Live, minutes(-60), Some(71)),
            (Realm::Loopback(80), minutes(0), None),
            (Realm::Sandbox, minutes(0), None),
        ] {
            assert_eq!(minutes_left(realm, age), left, "{realm} {age}");
        }
    }

    #[test]
    fn an_invoice_id_begins_as_the_dashboard_shows_it() {
        for (text, is_one) in [
            ("INV-0A1B2C3D", true),
            ("inv-0A1B2C3D", false),
            ("INV-", false),
            ("INV-XXXXXXXX", false),
            ("INV-XXXXXXX1", true),
            ("INV-a b", false),
            ("0A1B2C3D", false),
        ] {
            assert_eq!(is_invoice_id(text), is_one, "{text}");
        }
    }
}
