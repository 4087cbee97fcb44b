//! `ccbatch run`: check, open, plan, ask, submit, sum up.

use super::blocking::unless_stopped;
use super::check::{
    Adopting, check, created_before, emit, places, request, tell_notices, tell_plan, tell_refusals,
};
use super::input;
use super::records::{open_ledger, rehearsal_ledger, results_at};
use super::{key, on_end, signals};
use crate::cli::{self, Format};
use crate::config::{Consent, Files, Run, Target};
use crate::cryptocloud::client::{Client, Endpoint, Limits};
use crate::domain::escape::escape;
use crate::domain::{Batch, State, StateCounts};
use crate::error::{Error, Kind, PathError, SystemError, UsageError};
use crate::exit::Exit;
use crate::intake::Intake;
use crate::ledger::rules::RowState;
use crate::ledger::{AnyEngine, Attempt, AttemptId, AttemptStatus, Ledger, Realm};
use crate::os::lock::{LockError, lock};
use crate::payout::open::Opened;
use crate::payout::pacer::SystemClock;
use crate::payout::plan::{left_out, state_of};
use crate::payout::run::{self, Agreed, Operator, Prospect, Report, RunError};
use crate::payout::stop::Stop;
use crate::payout::submit::{Ended, Records, SubmitError};
use crate::sandbox::{self, Sandbox};
use crate::secret::ApiKey;
use crate::terminal::bar::Taskbar;
use crate::terminal::refusals;
use crate::terminal::report::{Doubt, Summary, Sums};
use crate::terminal::ui::{Answer, Progress, Show};
use crate::terminal::{events, findings, json, report, ui};
use std::collections::HashSet;
use std::fs::File;
use std::io::IsTerminal;
use std::path::Path;
use std::time::{Duration, Instant};

/// Submits the payouts of a batch.
pub(super) fn run(config: &Run) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SystemError::Setup)?;
    let stop = Stop::default();
    signals::watch(&stop)?;
    let ended = runtime.block_on(run_until(config, &stop));
    // A question that nobody will answer any more must not hold the program up.
    runtime.shutdown_background();
    ended
}

async fn run_until(config: &Run, stop: &Stop) -> Result<Exit, Error> {
    let checked = &config.check;
    let files = &checked.files;
    let Some(input) = open(files, stop).await? else {
        return Ok(Exit::StoppedEarly);
    };
    let Some(intake) = check(checked, input::read(files, &input)?)? else {
        return Ok(Exit::InputInvalid);
    };
    let Some(payouts) = intake.batch() else {
        return Ok(Exit::InputInvalid);
    };
    let (mut results, path) = results_at(&files.results)?;
    refuse_same_file(&files.input, &path.path)?;
    let mut ledger = ledger_of(files).await?;
    let place = ledger.place();
    let host = checked.api.clone().unwrap_or_default();
    let realm = Realm::of_host(&host);
    let request = run::Request {
        halt: config.halt,
        patience: config.patience,
        ..request(checked, &host, &path, (realm, payouts))?
    };
    let mut operator = Terminal {
        config,
        intake: &intake,
        host: &host,
        stop,
        sandbox: None,
        ended: None,
    };
    let mut progress = Progress::new(
        show(config),
        emit(checked.format),
        checked.interval,
        taskbar(config),
    );
    let records = Records {
        ledger: &mut ledger,
        results: &mut results,
    };
    let world = (&SystemClock, stop);
    let started = Instant::now();
    let watching = (&mut operator, &mut progress);
    // Left to the system: the program ends after this, and to give back what is known of a hundred
    // thousand rows piece by piece takes a tenth of the time.
    let knowledge = Box::leak(Box::new(None));
    let ended = run::run(&request, records, world, watching, knowledge).await;
    // The batch is given back before the end is told: a command of the operator's may look at it.
    drop(ledger);
    progress.end();
    let ended = ended.map_err(|error| run_error(config, &place, error))?;
    let run = Finished {
        config,
        payouts,
        ended,
        took: started.elapsed(),
    };
    match operator.ended {
        Some(TerminalEnd::Refused(exit)) => Ok(exit),
        Some(TerminalEnd::Stopped(why)) => Ok(sum_up(&run, why)),
        None => end(run, &place),
    }
}

/// Opens the ledger, and says so if nothing was ever recorded there.
async fn ledger_of(files: &Files) -> Result<Ledger<AnyEngine>, Error> {
    let ledger = match files.realm {
        Realm::Live | Realm::Loopback(_) => open_ledger(&files.ledger, &files.user).await?,
        Realm::Sandbox => return rehearsal_ledger(&files.user).await,
    };
    if ledger.identity().writes == 0 {
        ui::say(&format!(
            "The ledger {} is new: it knows of no earlier payout.\n  If payouts were made before, give it all their results files before you go on: ccbatch ledger adopt",
            escape(&ledger.place())
        ));
    }
    Ok(ledger)
}

/// Opens and locks the input; `None` when a stop was asked for first, as while a FIFO has no writer.
async fn open(files: &Files, stop: &Stop) -> Result<Option<File>, Error> {
    let named = files.clone();
    let opened = unless_stopped(stop, move || input::open(&named)).await;
    let opened = opened.map_err(SystemError::Setup)?.transpose()?;
    match &opened {
        // What comes through a pipe is nobody else's.
        Some(_) if files.input.as_os_str() == "-" => {}
        Some(input) => lock_input(&files.input, input)?,
        None => ui::say("Stopped: nothing was sent in this run"),
    }
    Ok(opened)
}

/// Locks the input, so that two runs do not begin a batch of it at the same time. Where the file
/// system cannot lock, the lock of the batch has to do.
pub(super) fn lock_input(path: &Path, input: &File) -> Result<(), Error> {
    match lock(input) {
        Ok(()) => Ok(()),
        Err(LockError::Io(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
            ui::say(&format!(
                "{}: this file system cannot lock a file; do not run the same file twice at once",
                path.display()
            ));
            Ok(())
        }
        Err(error) => Err(Error::at(path.display(), PathError::Lock(error))),
    }
}

fn refuse_same_file(input: &Path, results: &str) -> Result<(), Error> {
    let is_same = input
        .canonicalize()
        .is_ok_and(|input| input == Path::new(results));
    if is_same {
        Err(Error::at(input.display(), PathError::SameAsResults))
    } else {
        Ok(())
    }
}

fn run_error(config: &Run, place: &str, error: RunError<Error>) -> Error {
    let results = &config.check.files.results;
    match error {
        RunError::Open(error) => Error::at(error.place(results, place), error),
        RunError::Ledger(error) => Error::at(place, error),
        RunError::Operator(error) => error,
    }
}

/// The operator at the terminal.
struct Terminal<'a> {
    config: &'a Run,
    intake: &'a Intake,
    host: &'a str,
    stop: &'a Stop,
    /// Serves for as long as the run goes on.
    sandbox: Option<Sandbox>,
    ended: Option<TerminalEnd>,
}

/// Why a plan is not carried out.
enum TerminalEnd {
    /// The rows are a mistake, which was told.
    Refused(Exit),
    /// For this reason; empty if there is nothing to do.
    Stopped(String),
}

impl Operator<Client> for Terminal<'_> {
    type Error = Error;

    fn opened(&mut self, opened: &Opened) {
        let results = &self.config.check.files.results;
        tell_notices(results, opened, Adopting::Done);
    }

    async fn agree(&mut self, prospect: &Prospect<'_>) -> Result<Option<Agreed<Client>>, Error> {
        let check = &self.config.check;
        if let Some(exit) = tell_refusals(check, self.intake, prospect)? {
            return Ok(self.end(TerminalEnd::Refused(exit)));
        }
        if self.config.halt.is_held_by(&prospect.plan.counts()) {
            let why = "an earlier run left a payout in doubt; nothing was sent".to_owned();
            return Ok(self.end(TerminalEnd::Stopped(why)));
        }
        if let Some(exit) = tell_plan(check, self.host, self.intake, prospect) {
            return Ok(self.end(TerminalEnd::Refused(exit)));
        }
        if prospect.plan.steps.is_empty() {
            return Ok(self.end(TerminalEnd::Stopped(String::new())));
        }
        let nothing = "nothing was sent in this run".to_owned();
        let Some((gateway, key)) = self.connect().await? else {
            return Ok(self.end(TerminalEnd::Stopped(nothing)));
        };
        match self.answer(prospect.plan.steps.len()).await? {
            Some(Answer::Yes) => Ok(Some(Agreed { gateway, key })),
            Some(Answer::No(why)) => {
                Ok(self.end(TerminalEnd::Stopped(format!("{why}; {nothing}"))))
            }
            None => Ok(self.end(TerminalEnd::Stopped(nothing))),
        }
    }
}

impl Terminal<'_> {
    fn end(&mut self, ended: TerminalEnd) -> Option<Agreed<Client>> {
        self.ended = Some(ended);
        None
    }

    /// The client and its key; `None` when a stop was asked for.
    async fn connect(&mut self) -> Result<Option<(Client, ApiKey)>, Error> {
        if let Some(variable) = self.config.ignored_proxy {
            ui::say(&format!(
                "{variable} is set and ignored: ccbatch connects to the API directly, not through a proxy"
            ));
        }
        let (endpoint, key) = match &self.config.target {
            Target::Api { endpoint, key } => match key::read(key, self.stop).await? {
                Some(key) => (endpoint.clone(), key),
                None => return Ok(None),
            },
            Target::Sandbox => {
                let options = sandbox::Options {
                    interval: self.config.check.interval,
                    ..sandbox::Options::default()
                };
                let sandbox = Sandbox::start(options).map_err(SystemError::Setup)?;
                let url = sandbox.url();
                let endpoint = Endpoint::new(&url)
                    .map_err(|error| Error::at("--sandbox", UsageError::Endpoint { url, error }))?;
                self.sandbox = Some(sandbox);
                let key = ApiKey::new("sandbox").map_err(|error| Error::at("--sandbox", error))?;
                (endpoint, key)
            }
        };
        let client = Client::new(endpoint, &key, Limits::default());
        Ok(Some((client.map_err(SystemError::Client)?, key)))
    }

    /// Whether the operator wants the plan carried out; `None` when a stop was asked for.
    async fn answer(&self, count: usize) -> Result<Option<Answer>, Error> {
        if self.config.consent == Consent::Given {
            return Ok((!self.stop.is_raised()).then_some(Answer::Yes));
        }
        if !ui::can_ask() {
            return Err(Error::at("--yes", UsageError::NoConsent));
        }
        let what = match count {
            1 => "this payout".to_owned(),
            count => format!("these {count} payouts"),
        };
        let question = if self.config.check.is_foreign {
            format!("Submit {what} to {}, which is not CryptoCloud?", self.host)
        } else {
            format!("Submit {what}?")
        };
        let asked = unless_stopped(self.stop, move || ui::ask(&question)).await;
        let answer = asked.map_err(SystemError::Setup)?;
        if answer.is_none() {
            ui::say("");
        }
        Ok(answer.transpose().map_err(SystemError::Terminal)?)
    }
}

/// A terminal that is narrower has no room for a bar.
const MIN_BAR_COLUMNS: u16 = 20;

fn show(config: &Run) -> Show {
    let has_room = || {
        let size = console::Term::stderr().size_checked();
        size.is_none_or(|(_, columns)| columns >= MIN_BAR_COLUMNS)
    };
    let is_fit = || std::io::stderr().is_terminal() && !config.screen.is_dumb && has_room();
    match config.progress {
        cli::Progress::Auto if is_fit() => Show::Bar,
        cli::Progress::Bar => Show::Bar,
        cli::Progress::Auto | cli::Progress::Lines => Show::Lines,
        cli::Progress::None => Show::Nothing,
    }
}

fn taskbar(config: &Run) -> Taskbar {
    if config.screen.has_taskbar {
        Taskbar::Present
    } else {
        Taskbar::Absent
    }
}

/// A run that has come to its end.
struct Finished<'a> {
    config: &'a Run,
    payouts: &'a dyn Batch,
    ended: Report<'a>,
    /// How long it took, questions included.
    took: Duration,
}

/// Tells how the run ended.
fn end(run: Finished<'_>, place: &str) -> Result<Exit, Error> {
    let (config, ended) = (run.config, &run.ended);
    let Some(submission) = &ended.submission else {
        return Ok(sum_up(&run, String::new()));
    };
    let stopped = match &submission.ended {
        Ended::Finished => String::new(),
        Ended::Stopped => "as asked; every payout that was sent is recorded".to_owned(),
        Ended::Halted(halt) => report::halt(halt, &config.target.key_source()),
        Ended::Refused(step) => {
            tell_refused(config, run.payouts, ended, *step);
            "a row was refused when its turn came".to_owned()
        }
        Ended::Failed(error) => failure(error).to_owned(),
    };
    let exit = sum_up(&run, stopped);
    match run.ended.submission.map(|submission| submission.ended) {
        Some(Ended::Failed(error)) => {
            let place = error.place(&config.check.files.results, place);
            Err(Error::at(place, Kind::Submit(error, exit)))
        }
        Some(Ended::Finished | Ended::Stopped | Ended::Halted(_) | Ended::Refused(_)) | None => {
            Ok(exit)
        }
    }
}

/// What a run could not do, in a few words: the error itself follows.
fn failure(error: &SubmitError) -> &'static str {
    match error {
        SubmitError::NotPrepared(_) => "this machine cannot make a request",
        SubmitError::OtherLedger => "another run pays by another ledger",
        SubmitError::NotClaimed(_)
        | SubmitError::NotSent { .. }
        | SubmitError::Results(_)
        | SubmitError::NotRecorded { .. } => "a record could not be written",
    }
}

/// Tells what the ledger has against a row that was to be sent.
fn tell_refused(config: &Run, payouts: &dyn Batch, ended: &Report<'_>, step: usize) {
    let files = &config.check.files;
    let places = places(files, &ended.knowledge.paths);
    let state = ended.states().nth(step).flatten();
    if let (Some(payout), Some(RowState::Refused(refusal))) = (payouts.payout(step), state) {
        let finding = refusals::refused(&payout, &refusal, None, &places);
        ui::say(&findings::line(
            &files.input.display().to_string(),
            &finding,
        ));
    }
}

/// Tells where the batch stands, and how to go on.
fn sum_up(run: &Finished<'_>, stopped: String) -> Exit {
    let (config, payouts, ended) = (run.config, run.payouts, &run.ended);
    let files = &config.check.files;
    let sent: Vec<&Attempt> = ended
        .submission
        .iter()
        .flat_map(|submission| &submission.sent)
        .collect();
    let ids: HashSet<&AttemptId> = sent.iter().map(|attempt| &attempt.id).collect();
    let is_sent = |attempt: &Attempt| ids.contains(&attempt.id);
    let before = ended.states().flatten().filter(|state| match state {
        RowState::Created(attempt) => !is_sent(attempt),
        RowState::InDoubt(_)
        | RowState::Rejected(_)
        | RowState::UnderWay(_)
        | RowState::Pending { .. }
        | RowState::Refused(_) => false,
    });
    let mut sums = Sums::default();
    ended.states().flatten().for_each(|state| sums.add(&state));
    let rows_in_doubt = || {
        let rows = ended.states().enumerate();
        let rows = rows.filter_map(|(place, state)| Some((place, state?)));
        rows.filter(|(_, state)| is_in_doubt(state))
    };
    let places: Vec<usize> = rows_in_doubt().map(|(place, _)| place).collect();
    let lines = payouts.at(&places).map(|payout| payout.line);
    let summary = Summary {
        counts: counts(payouts, ended),
        sums,
        took: ended.submission.as_ref().map(|_| run.took),
        created_before: match &ended.submission {
            // The plan has told it just now.
            None if stopped.is_empty() => Vec::new(),
            None | Some(_) => created_before(before, &ended.record.id, &ended.knowledge.paths),
        },
        created_without_row: ended.created_without_row,
        left_out: left_out(ended.states()),
        accepted_otherwise: sent
            .iter()
            .filter(|attempt| !attempt.ending.accepted_amount.is_empty())
            .map(|attempt| (*attempt).clone())
            .collect(),
        stopped,
        is_at_work: false,
        results: files.results.display().to_string(),
        command: command_to_go_on(config, ended),
        doubts: doubts(
            lines.zip(rows_in_doubt().map(|(_, state)| state)),
            ended.doubts_without_row.iter().copied(),
            files,
        ),
    };
    let exit = Exit::of(&summary.counts);
    let event = events::summary(&summary, exit);
    if config.check.format == Format::Json {
        ui::emit(&event);
    }
    ui::say(&report::summary(&summary));
    if ended.submission.is_some() {
        ui::ring();
    }
    if let Some(command) = &config.on_end {
        on_end::run(command, &json::line(&event));
    }
    exit
}

/// The command that goes on, where nothing else is to be done first.
fn command_to_go_on(config: &Run, ended: &Report<'_>) -> String {
    match failed(ended) {
        Some(error) if !error.may_pass() => String::new(),
        Some(_) | None => config.command.clone(),
    }
}

/// The record that could not be written, if that ended the run.
fn failed<'r>(ended: &'r Report<'_>) -> Option<&'r SubmitError> {
    match &ended.submission.as_ref()?.ended {
        Ended::Failed(error) => Some(error),
        Ended::Finished | Ended::Stopped | Ended::Halted(_) | Ended::Refused(_) => None,
    }
}

/// How many payouts are in which state. One that was sent and whose outcome is not recorded
/// everywhere is in doubt until the next run has read what there is.
fn counts(payouts: &dyn Batch, ended: &Report<'_>) -> StateCounts {
    let unrecorded = match failed(ended) {
        Some(SubmitError::NotRecorded { attempt, .. }) => {
            payouts.all().position(|payout| payout.line == attempt.line)
        }
        Some(
            SubmitError::NotClaimed(_)
            | SubmitError::NotSent { .. }
            | SubmitError::NotPrepared(_)
            | SubmitError::Results(_)
            | SubmitError::OtherLedger,
        )
        | None => None,
    };
    let of_rows = ended.states().enumerate().filter_map(|(place, state)| {
        let state = state_of(&state?);
        Some(if unrecorded == Some(place) {
            State::InDoubt
        } else {
            state
        })
    });
    let without_row = ended.doubts_without_row.iter().map(|_| State::InDoubt);
    StateCounts::of(of_rows.chain(without_row))
}

/// Whether an operator has to settle a payout that a row stands for.
pub(super) fn is_in_doubt(state: &RowState<&Attempt>) -> bool {
    match state {
        RowState::InDoubt(_) | RowState::UnderWay(_) => true,
        RowState::Refused(refusal) => refusal.attempt.status() != AttemptStatus::Created,
        RowState::Created(_) | RowState::Rejected(_) | RowState::Pending { .. } => false,
    }
}

/// The payouts in doubt, each with the command that settles it: those of rows, with their lines,
/// and those without a row.
pub(super) fn doubts<'a>(
    rows: impl Iterator<Item = (u64, RowState<&'a Attempt>)>,
    without_row: impl Iterator<Item = &'a Attempt>,
    files: &Files,
) -> Vec<Doubt> {
    let by_id = |attempt: &Attempt, line| Doubt {
        line,
        attempt: attempt.clone(),
        command: format!("{} {}", files.resolve_id_command(), attempt.id),
    };
    let of_rows = rows.filter_map(|(line, state)| match state {
        RowState::Refused(refusal) => Some(by_id(refusal.attempt, line)),
        RowState::InDoubt(attempt) | RowState::UnderWay(attempt) => Some(Doubt {
            line,
            attempt: attempt.clone(),
            command: files.resolve_command(line),
        }),
        RowState::Created(_) | RowState::Rejected(_) | RowState::Pending { .. } => None,
    });
    of_rows
        .chain(without_row.map(|attempt| by_id(attempt, attempt.line)))
        .collect()
}
