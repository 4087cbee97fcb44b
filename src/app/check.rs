//! Checking is everything before the first request: the input is read and validated, and held
//! against the ledger and the results file. A dry run ends here, having written nothing.

use super::mending::Mending;
use super::only;
use super::records::{ledger_to_look_at, results_of};
use crate::cli::Format;
use crate::config::{Check, Files};
use crate::domain::{Finding, FindingCounts, Payout, Severity};
use crate::error::Error;
use crate::exit::Exit;
use crate::intake::{self, Intake, Keep};
use crate::ledger::rules::{RefusalReason, RowState};
use crate::ledger::{Attempt, BatchId, Engine, Ledger, LedgerError, Realm};
use crate::payout::open::{self, Notice, OpenError, Opened};
use crate::payout::pacer;
use crate::payout::plan::{Closed, Plan, Selection, rows_of};
use crate::payout::results::read::read;
use crate::payout::run::{Knowledge, Paths, Prospect, Request};
use crate::terminal::refusals::{self, Places};
use crate::terminal::report::{CreatedBefore, PlanReport};
use crate::terminal::ui::Emit;
use crate::terminal::{events, report, ui};
use chrono::Utc;
use std::collections::BTreeMap;
use std::fs::File;
use std::time::Duration;

/// `ccbatch validate` and `ccbatch run --dry-run`
pub(super) fn dry_run(config: &Check) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    block_on(runtime, dry_run_inside(config))
}

/// Runs a command that waits for nothing but files.
pub(super) fn block_on<T>(
    mut runtime: tokio::runtime::Builder,
    command: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let runtime = runtime
        .enable_all()
        .build()
        .map_err(|error| Error::system(&error))?;
    runtime.block_on(command)
}

async fn dry_run_inside(config: &Check) -> Result<Exit, Error> {
    let input = open_input(&config.files)?;
    let Some(intake) = validate(config, &input, Keep::Payouts)? else {
        return Ok(Exit::InputInvalid);
    };
    let Some(batch) = &intake.batch else {
        return Ok(Exit::InputInvalid);
    };
    let (mut results, path) = results_of(&config.files)?;
    let mut ledger = ledger_to_look_at(&config.files).await?;
    let place = ledger.place();
    let failed = |error: OpenError| Error::open(&config.files.results, &place, &error);
    let realm = match &config.api {
        Some(api) => Realm::of_host(api),
        None => realm_of_batch(&mut ledger, &mut results, &path, &config.files)
            .await
            .map_err(failed)?,
    };
    let wanted = open::Wanted {
        realm,
        path: &path,
        references: config.references,
        payouts: &batch.payouts,
    };
    let opened = open::look(&mut ledger, &mut results, &wanted).await;
    let mut opened = opened.map_err(failed)?;
    tell_notices(config, &opened);
    let host = host_of(config, &opened);
    let request = request(config, &host, &path, (realm, &batch.payouts))?;
    let knowledge = Knowledge::gather(&mut ledger, &request, &mut opened).await;
    let knowledge = knowledge.map_err(|error| Error::ledger(&place, &error))?;
    let rows = rows_of(&batch.payouts, &knowledge.keys);
    let around = knowledge.circumstances(&request, &opened.record);
    let plan = Plan::new(
        &rows,
        knowledge.of_batch(),
        &opened.record,
        &around,
        &request.selection,
    );
    let paths = paths_of(&mut ledger, &plan, &opened.record.id).await;
    let prospect = Prospect {
        record: &opened.record,
        rows: &rows,
        plan: &plan,
        paths: &paths.map_err(|error| Error::ledger(&place, &error))?,
    };
    if let Some(exit) = tell_refusals(config, &prospect)? {
        return Ok(exit);
    }
    tell_plan(config, &plan_report(config, &host, &intake, &prospect));
    ui::say("Dry run: nothing was sent, nothing was written.");
    Ok(Exit::AllCreated)
}

async fn paths_of<E: Engine>(
    ledger: &mut Ledger<E>,
    plan: &Plan<'_>,
    own: &BatchId,
) -> Result<Paths, LedgerError> {
    ledger.paths_of(plan.other_batches(own)).await
}

/// The API's host, as far as it is known.
fn host_of(config: &Check, opened: &Opened) -> String {
    let of_batch = || opened.attempts.last().map(|attempt| attempt.host.clone());
    let host = config.api.clone().or_else(of_batch);
    host.unwrap_or_else(|| match config.files.realm {
        Realm::Live => crate::cryptocloud::client::PRODUCTION_URL
            .trim_start_matches("https://")
            .to_owned(),
        realm @ (Realm::Loopback(_) | Realm::Sandbox) => realm.to_string(),
    })
}

/// The realm of the batch: that of the ids in its results file, else of its path.
pub(super) async fn realm_of_batch<E: Engine>(
    ledger: &mut Ledger<E>,
    results: &mut crate::payout::results::Results<crate::payout::results::disk::DiskFile>,
    path: &crate::ledger::BatchPath,
    files: &Files,
) -> Result<Realm, OpenError> {
    if files.realm == Realm::Sandbox {
        return Ok(Realm::Sandbox);
    }
    let reading = read(&results.read()?.unwrap_or_default())?;
    let ids: Vec<_> = reading.lines.iter().map(|line| line.id.clone()).collect();
    if let Some(realm) = ledger.realms_of(&ids).await?.into_iter().next() {
        return Ok(realm);
    }
    let of_lines = reading.lines.iter().map(|line| Realm::of_host(&line.host));
    let of_path = ledger.realms_at(path).await?;
    if of_path.contains(&files.realm) {
        return Ok(files.realm);
    }
    Ok(of_path
        .into_iter()
        .chain(of_lines)
        .next()
        .unwrap_or(files.realm))
}

/// What is asked of a run.
pub(super) fn request<'a>(
    config: &Check,
    host: &'a str,
    path: &'a crate::ledger::BatchPath,
    (realm, payouts): (Realm, &'a [Payout]),
) -> Result<Request<'a>, Error> {
    Ok(Request {
        payouts,
        realm,
        host,
        path,
        references: config.references,
        repetition: config.repetition,
        rejected: config.rejected,
        selection: Selection {
            only: only::lines_of(&config.only, payouts)?,
            limit: config.limit,
        },
        halt: crate::domain::HaltPolicy::default(),
        patience: Duration::ZERO,
        interval: config.interval,
    })
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
        tell_refused(config, counts, Exit::InputInvalid);
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

fn tell_refused(config: &Check, counts: &FindingCounts, exit: Exit) {
    let name = config.files.input.display();
    ui::say(&format!("{name}: {counts}; nothing was sent"));
    if config.format == Format::Json {
        ui::emit(&events::refused(counts, exit));
    }
}

/// What goes to stdout.
pub(super) fn emit(format: Format) -> Emit {
    match format {
        Format::Json => Emit::Events,
        Format::Human => Emit::Nothing,
    }
}

/// Tells what opening the batch has found.
pub(super) fn tell_notices(config: &Check, opened: &Opened) {
    let results = config.files.results.display();
    for notice in &opened.notices {
        match notice {
            // The ledger of a rehearsal is made from its results file each time.
            Notice::Adopted(_) if opened.record.realm == Realm::Sandbox => {}
            Notice::Adopted(1) => ui::say(&format!(
                "{results}: 1 attempt is new to the ledger and was taken over"
            )),
            Notice::Adopted(count) => ui::say(&format!(
                "{results}: {count} attempts are new to the ledger and were taken over"
            )),
            Notice::Extra(attempt) => ui::say(&format!(
                "{results}: two attempts of one payout may have been paid: look for both in the CryptoCloud dashboard: {}",
                report::attempted(attempt)
            )),
            Notice::ChangedKept(name) => ui::say(&report::changed_kept(name)),
        }
    }
}

/// Tells what the ledger has against the rows; `None` when it has nothing.
pub(super) fn tell_refusals(
    config: &Check,
    prospect: &Prospect<'_>,
) -> Result<Option<Exit>, Error> {
    let results = config.files.results.display().to_string();
    let places = Places {
        own: &results,
        others: prospect.paths,
    };
    let plan = prospect.plan;
    if let Some(Closed::AllPaid(newest)) = plan.closed {
        let file = places.of(newest);
        return Err(Error::closed(&config.files.input, newest, &file));
    }
    let mut findings: Vec<Finding> = Vec::new();
    let mut exit = Exit::InputInvalid;
    for (row, state) in prospect.rows.iter().zip(&plan.states) {
        if let Some(RowState::Refused(refusal)) = state {
            findings.push(refusals::refused(row.payout, refusal, places));
            if refusal.reason == RefusalReason::InDoubtElsewhere {
                exit = Exit::InDoubt;
            }
        }
    }
    let missing = plan.missing.iter();
    findings.extend(missing.map(|attempt| refusals::missing(attempt, places)));
    if let Some(Closed::Finished { newest, added }) = plan.closed {
        let row = prospect.rows.get(added);
        findings.extend(row.map(|row| refusals::added(row.payout, newest)));
    }
    if findings.is_empty() {
        return Ok(None);
    }
    let name = config.files.input.display().to_string();
    let mut told = ui::Findings::new(&name, config.max_findings, emit(config.format));
    let mut counts = FindingCounts::default();
    for finding in &findings {
        counts.count(finding);
        told.tell(finding);
    }
    told.end();
    tell_refused(config, &counts, exit);
    Ok(Some(exit))
}

/// What is going to be submitted.
pub(super) fn plan_report(
    config: &Check,
    host: &str,
    intake: &Intake,
    prospect: &Prospect<'_>,
) -> PlanReport {
    let step = pacer::step(config.interval);
    let payouts: Vec<Payout> = Vec::new();
    let payouts = intake.batch.as_ref().map_or(&payouts, |it| &it.payouts);
    let to_submit = prospect.plan.totals(payouts);
    PlanReport {
        input: config.files.input.display().to_string(),
        results: config.files.results.display().to_string(),
        api: host.to_owned(),
        counts: prospect.plan.counts(),
        created_before: created_before(
            prospect.plan.states.iter().flatten().copied(),
            &prospect.record.id,
            prospect.paths,
        ),
        ends_at: report::ends_at(Utc::now(), Duration::ZERO, step, to_submit.count()),
        to_submit,
        beyond_limit: prospect.plan.beyond_limit,
        warnings: intake.counts.warnings(),
        fingerprint: intake.fingerprint.to_string(),
        interval: config.interval,
    }
}

/// Which payouts were created before, by the batch that created them; this one first.
pub(super) fn created_before<'a>(
    states: impl Iterator<Item = RowState<&'a Attempt>>,
    own: &BatchId,
    paths: &Paths,
) -> Vec<CreatedBefore> {
    let mut of_batch: BTreeMap<(bool, &BatchId), CreatedBefore> = BTreeMap::new();
    for state in states {
        let RowState::Created(attempt) = state else {
            continue;
        };
        let is_other = attempt.batch != *own;
        let before = of_batch
            .entry((is_other, &attempt.batch))
            .or_insert_with(|| CreatedBefore {
                count: 0,
                file: is_other.then(|| {
                    let path = paths.get(&attempt.batch);
                    path.map_or_else(|| attempt.batch.to_string(), |path| path.path.clone())
                }),
                newest: attempt.started_at,
            });
        before.count = before.count.saturating_add(1);
        before.newest = before.newest.max(attempt.started_at);
    }
    of_batch.into_values().collect()
}

/// Tells what is going to be submitted.
pub(super) fn tell_plan(config: &Check, report: &PlanReport) {
    if config.format == Format::Json {
        ui::emit(&events::plan(report));
    }
    ui::say(&report::plan(report));
}

/// Reads the input for a command that submits nothing: warnings are not repeated.
pub(super) fn read_payouts(files: &Files, input: &File) -> Result<Option<Vec<Payout>>, Error> {
    let name = files.input.display().to_string();
    let mut tell = |finding: &Finding| {
        if finding.severity == Severity::Error {
            ui::say(&crate::terminal::findings::line(&name, finding));
        }
    };
    let options = super::records::intake_options(files);
    let intake = intake::read(input, &options, &mut tell)
        .map_err(|error| Error::input(&files.input, &error))?;
    Ok(intake.batch.map(|batch| batch.payouts))
}
