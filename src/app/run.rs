//! `ccbatch run`: check, plan, ask, submit, sum up.

use super::check::{self, emit, fold, open_record, plan_report, tell_plan};
use super::input;
use super::{key, signals};
use crate::cli::{self, Format};
use crate::config::{Consent, Run, Target};
use crate::cryptocloud::client::{Client, Endpoint, Limits};
use crate::domain::state::StateCounts;
use crate::domain::{Batch, HaltCheck, Standing};
use crate::error::Error;
use crate::exit::Exit;
use crate::intake::Keep;
use crate::os::lock::lock;
use crate::payout::disk::DiskFile;
use crate::payout::journal::{Journal, JournalError};
use crate::payout::pacer::{Pacer, SystemClock};
use crate::payout::plan::Plan;
use crate::payout::results::{Record, Tail};
use crate::payout::stop::Stop;
use crate::payout::submit::{Ended, Submission, World, submit};
use crate::sandbox::{self, Sandbox};
use crate::secret::ApiKey;
use crate::terminal::report::{Doubt, Summary};
use crate::terminal::ui::{Progress, Show};
use crate::terminal::{events, report, ui};
use chrono::Utc;
use std::io::IsTerminal;
use tokio::time::Instant;

/// Submits the payouts of a batch.
pub(super) fn run(config: &Run) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::system(&error))?;
    let stop = Stop::default();
    signals::watch(&stop)?;
    let ended = runtime.block_on(run_until(config, &stop));
    // A question that nobody will answer any more must not hold the program up.
    runtime.shutdown_background();
    ended
}

async fn run_until(config: &Run, stop: &Stop) -> Result<Exit, Error> {
    let check = &config.check;
    let files = &check.files;
    let input = input::open(files)?;
    lock(&input).map_err(|error| Error::lock(&files.input, &error))?;
    let Some(intake) = check::check(check, input::read(files, &input)?, Keep::Payouts)? else {
        return Ok(Exit::InputInvalid);
    };
    let Some(batch) = &intake.batch else {
        return Ok(Exit::InputInvalid);
    };

    if DiskFile::is_same(&files.results, &input).map_err(|e| Error::disk(&files.results, &e))? {
        return Err(Error::same_file(&files.results));
    }
    let (disk, record) = open_record(&files.results)?.unzip();
    let record = record.unwrap_or_default();
    let standings = fold(files, &record, batch, Some(&check.api))?;
    let census = StateCounts::of(&standings);
    if config.halt.is_held_by(&census) {
        let stopped = "an earlier run left a payout in doubt; nothing was sent".to_owned();
        return Ok(sum_up(config, batch, &standings, stopped));
    }
    let plan = Plan::new(batch, &standings, check.rejected, check.limit);
    let mut pacer = Pacer::new(
        check.interval,
        record.latest_arrival(Utc::now()),
        Utc::now(),
    );
    let first_wait = pacer.ready_at().saturating_duration_since(Instant::now());
    let planned = (plan.totals(), plan.beyond_limit);
    tell_plan(
        check,
        &plan_report(check, &intake, census, planned, first_wait),
    );
    if plan.steps.is_empty() {
        return Ok(sum_up(config, batch, &standings, String::new()));
    }

    let stopped = "nothing was sent in this run".to_owned();
    let Some((client, _sandbox)) = connect(config, stop).await? else {
        return Ok(sum_up(config, batch, &standings, stopped));
    };
    if !is_agreed(config, &plan, stop).await? {
        return Ok(sum_up(config, batch, &standings, stopped));
    }
    let journal = open_journal(config, disk, &record);
    let mut journal = journal.map_err(|error| Error::journal(&files.results, &error))?;

    let mut progress = Progress::new(show(config), emit(check.format), &plan, check.interval);
    let mut tally = HaltCheck::new(config.halt, check.interval);
    let world = World {
        gateway: &client,
        clock: &SystemClock,
        stop,
    };
    let submission = submit(
        &plan,
        standings,
        &mut journal,
        &mut pacer,
        &mut tally,
        &world,
        &mut progress,
    )
    .await;
    progress.end();
    end(config, batch, submission)
}

/// The client, and the sandbox if it runs against one; `None` when a stop was asked for.
async fn connect(config: &Run, stop: &Stop) -> Result<Option<(Client, Option<Sandbox>)>, Error> {
    let (endpoint, key, sandbox) = match &config.target {
        Target::Api { endpoint, key } => match key::read(key, stop).await? {
            Some(key) => (endpoint.clone(), key, None),
            None => return Ok(None),
        },
        Target::Sandbox => {
            let options = sandbox::Options {
                interval: config.check.interval,
                ..sandbox::Options::default()
            };
            let sandbox =
                Sandbox::start(options).map_err(|error| Error::sandbox("--sandbox", error))?;
            let endpoint = Endpoint::new(&sandbox.url())
                .map_err(|error| Error::endpoint("--sandbox", &sandbox.url(), &error))?;
            let key = ApiKey::new("sandbox").map_err(|error| Error::api_key("--sandbox", error))?;
            (endpoint, key, Some(sandbox))
        }
    };
    let client =
        Client::new(endpoint, &key, Limits::default()).map_err(|error| Error::client(&error))?;
    Ok(Some((client, sandbox)))
}

/// Whether the operator wants the plan carried out.
async fn is_agreed(config: &Run, plan: &Plan<'_>, stop: &Stop) -> Result<bool, Error> {
    if config.consent == Consent::Given {
        return Ok(!stop.is_raised());
    }
    if !ui::can_ask() {
        return Err(Error::no_consent());
    }
    let question = match plan.steps.len() {
        1 => "Submit this payout?".to_owned(),
        count => format!("Submit these {count} payouts?"),
    };
    let asked = tokio::task::spawn_blocking(move || ui::ask(&question));
    tokio::select! {
        () = stop.raised() => {
            ui::say("");
            Ok(false)
        }
        answer = asked => answer.unwrap_or(Ok(false)).map_err(|error| Error::terminal(&error)),
    }
}

/// The journal: a new file, or the one that was found.
fn open_journal(
    config: &Run,
    disk: Option<DiskFile>,
    record: &Record,
) -> Result<Journal<DiskFile>, JournalError> {
    let path = &config.check.files.results;
    let api = &config.check.api;
    let Some(disk) = disk else {
        let disk = DiskFile::create(path)
            .map_err(|error| JournalError::Prepare(std::io::Error::other(error.to_string())))?;
        return Journal::create(disk, api);
    };
    if record.tail == Tail::Fragment {
        ui::say(&format!(
            "{}: the last run ended while it wrote a line whose payout was not sent; \
             the beginning of the line is removed",
            path.display()
        ));
    }
    Journal::resume(disk, record, api, Utc::now())
}

fn show(config: &Run) -> Show {
    match config.progress {
        cli::Progress::Auto if std::io::stderr().is_terminal() => Show::Bar,
        cli::Progress::Bar => Show::Bar,
        cli::Progress::Auto | cli::Progress::Lines => Show::Lines,
        cli::Progress::None => Show::Nothing,
    }
}

/// Tells how the run ended.
fn end(config: &Run, batch: &Batch, submission: Submission) -> Result<Exit, Error> {
    let (stopped, error) = match submission.ended {
        Ended::Finished => (String::new(), None),
        Ended::Stopped => (
            "as asked; every payout that was sent is recorded".into(),
            None,
        ),
        Ended::Halted(halt) => (report::halt(&halt, &config.target.key_source()), None),
        Ended::Failed(error) => {
            if let JournalError::Ending { attempt, .. } = &error {
                ui::say(&format!("Not recorded: {}", attempt.encode().trim_end()));
            }
            let path = &config.check.files.results;
            (
                "the results file cannot be written".to_owned(),
                Some(Error::journal(path, &error)),
            )
        }
    };
    let exit = sum_up(config, batch, &submission.standings, stopped);
    match error {
        Some(error) => Err(error),
        None => Ok(exit),
    }
}

/// Tells where the batch stands, and how to go on.
fn sum_up(config: &Run, batch: &Batch, standings: &[Standing], stopped: String) -> Exit {
    let files = &config.check.files;
    let summary = Summary {
        census: StateCounts::of(standings),
        stopped,
        results: files.results.display().to_string(),
        command: config.command.clone(),
        doubts: Doubt::all(batch, standings, |line| files.resolve_command(line)),
    };
    let exit = Exit::of(&summary.census);
    if config.check.format == Format::Json {
        ui::emit(&events::summary(&summary, exit));
    }
    ui::say(&report::summary(&summary));
    exit
}
