//! Checking is what comes before anything else: the input's rows are checked and the findings told,
//! and the rows are held against the ledger.

use super::findings_file::FindingsFile;
use super::{input, only};
use crate::cli::Format;
use crate::clock;
use crate::config::{Check, Files};
use crate::cryptocloud::client::PRODUCTION_HOST;
use crate::domain::escape::escape;
use crate::domain::{Batch, Finding, FindingCounts, HaltPolicy, Severity};
use crate::error::{Error, Kind, RecordError, SystemError};
use crate::exit::Exit;
use crate::intake::{self, Intake, Options, WarningPolicy};
use crate::ledger::rules::RowState;
use crate::ledger::{Attempt, AttemptId, BatchId, BatchPath, Content, Realm};
use crate::payout::open::{Notice, Opened};
use crate::payout::pacer;
use crate::payout::plan::{Closed, Plan, Selection};
use crate::payout::run::{Paths, Prospect, Request};
use crate::terminal::findings::{self, Findings};
use crate::terminal::refusals::{self, Places};
use crate::terminal::report::{CreatedBefore, PaidAgain, PlanReport, Recipients};
use crate::terminal::ui::Emit;
use crate::terminal::{events, payees, report, ui};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Runs a command that waits for nothing but files.
pub(super) fn block_on<T>(command: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SystemError::Setup)?;
    runtime.block_on(command)
}

/// Writes lines to stdout where they are what the command is for.
pub(super) fn write_out(text: &str) -> Result<(), Error> {
    Ok(ui::write_out(text).map_err(SystemError::Output)?)
}

/// The host that a batch is paid through, as far as it is known.
pub(super) fn host_of(realm: Realm, attempts: &[Attempt]) -> String {
    match (attempts.last(), realm) {
        (Some(attempt), _) => attempt.host.to_string(),
        (None, Realm::Live) => PRODUCTION_HOST.to_owned(),
        (None, realm @ (Realm::Loopback(_) | Realm::Sandbox)) => realm.to_string(),
    }
}

/// What is asked of a run.
pub(super) fn request<'a>(
    config: &Check,
    host: &'a str,
    path: &'a BatchPath,
    (realm, payouts): (Realm, &'a dyn Batch),
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
        halt: HaltPolicy::default(),
        patience: Duration::ZERO,
        interval: config.interval,
    })
}

/// Checks every row of these bytes and tells the findings; `None` when there is an error among them.
pub(super) fn check(config: &Check, bytes: Vec<u8>) -> Result<Option<Intake>, Error> {
    let path = &config.files.input;
    let Some(intake) = tell(config, path, intake::read(bytes, &config.intake))? else {
        return Ok(None);
    };
    match config.expect {
        Some(expected) if expected != intake.fingerprint => {
            let found = intake.fingerprint;
            let kind = Kind::OtherBatch { expected, found };
            Err(Error::at(path.display(), kind))
        }
        Some(_) | None => Ok(Some(intake)),
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
        tell_refused(config, path, &counts, Exit::InputInvalid);
        return Ok(None);
    }
    if intake.warnings > 0 {
        ui::say(&format!("{}: {counts}", escape(&name)));
    }
    Ok(Some(intake))
}

fn tell_refused(config: &Check, path: &Path, counts: &FindingCounts, exit: Exit) {
    let name = path.display().to_string();
    ui::say(&format!("{}: {counts}; nothing was sent", escape(&name)));
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

/// Whether what is new to the ledger was written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adopting {
    /// It was written.
    Done,
    /// A dry run writes nothing.
    LeftToARun,
}

fn adopted(count: usize, adopting: Adopting) -> String {
    let (attempts, was, it) = match count {
        1 => ("1 attempt is".to_owned(), "was", "it"),
        count => (format!("{count} attempts are"), "were", "them"),
    };
    match adopting {
        Adopting::Done => format!("{attempts} new to the ledger and {was} taken over"),
        Adopting::LeftToARun => format!("{attempts} new to the ledger; a run takes {it} over"),
    }
}

/// Tells what opening the batch has found.
pub(super) fn tell_notices(results: &Path, opened: &Opened, adopting: Adopting) {
    let results = results.display().to_string();
    let results = escape(&results);
    for notice in &opened.notices {
        match notice {
            // The ledger of a rehearsal is made from its results file each time.
            Notice::Adopted(_) if opened.record.realm == Realm::Sandbox => {}
            Notice::Adopted(count) => {
                ui::say(&format!("{results}: {}", adopted(*count, adopting)));
            }
            Notice::Extra(attempt) => ui::say(&format!("{results}: {}", report::extra(attempt))),
            Notice::ChangedKept(name) => ui::say(&report::changed_kept(name)),
        }
    }
}

/// The places where messages say that attempts stand.
pub(super) fn places<'a>(files: &Files, others: &'a Paths) -> Places<'a> {
    Places {
        own: files.results.display().to_string(),
        others,
        resolve: files.resolve_id_command(),
        header: None,
        decimal_mark: files.reading.decimal_mark,
    }
}

/// Tells what the ledger has against the rows; `None` when it has nothing.
pub(super) fn tell_refusals(
    config: &Check,
    intake: &Intake,
    prospect: &Prospect<'_>,
) -> Result<Option<Exit>, Error> {
    let places = Places {
        header: intake.header(),
        ..places(&config.files, prospect.paths)
    };
    let plan = prospect.plan;
    if let Some(Closed::AllPaid(newest)) = plan.closed {
        let (newest, results) = (Box::new(newest.clone()), places.of(newest));
        let error = RecordError::AllPaid { newest, results };
        return Err(Error::at(config.files.input.display(), error));
    }
    let mut findings: Vec<Finding> = Vec::new();
    let mut exit = Exit::InputInvalid;
    // A row that pays it again is told already. To put another row beside that one would pay twice.
    let mut told: HashMap<&AttemptId, u64> = HashMap::new();
    let refused = plan.refused();
    let rows: Vec<usize> = refused.iter().map(|(place, _)| *place).collect();
    for (payout, (_, refusal)) in prospect.payouts.at(&rows).zip(&refused) {
        let line = payout.line;
        let first = *told.entry(&refusal.attempt.id).or_insert(line);
        let earlier = Some(first).filter(|first| *first != line);
        findings.push(refusals::refused(&payout, refusal, earlier, &places));
        // In doubt in any batch is for an operator with the dashboard, not for an editor.
        if refusal.attempt.status().is_in_doubt() {
            exit = Exit::InDoubt;
        }
    }
    let doubts = doubts_by_content(plan);
    for attempt in &plan.missing {
        let equal_in_doubt = doubts.get(&attempt.content).copied();
        if equal_in_doubt.is_some() {
            exit = Exit::InDoubt;
        }
        if !told.contains_key(&attempt.id) {
            findings.push(refusals::missing(attempt, equal_in_doubt, &places));
        }
    }
    if let Some(Closed::Finished { newest, added }) = plan.closed {
        let row = prospect.payouts.payout(added);
        findings.extend(row.map(|payout| refusals::added(&payout, newest)));
    }
    if findings.is_empty() {
        return Ok(None);
    }
    let name = config.files.input.display().to_string();
    let told = Findings::new(&name, config.max_findings, emit(config.format));
    let counts = told.tell_all(&findings);
    tell_refused(config, &config.files.input, &counts, exit);
    Ok(Some(exit))
}

/// The attempts of the batch in doubt, each found by what it pays.
fn doubts_by_content<'k>(plan: &Plan<'k>) -> HashMap<&'k Content, &'k Attempt> {
    let of_rows = plan.states.iter().filter_map(|state| match state {
        Some(RowState::InDoubt(attempt)) => Some(attempt),
        Some(
            RowState::Created(_)
            | RowState::Rejected(_)
            | RowState::UnderWay(_)
            | RowState::Pending { .. }
            | RowState::Refused(_),
        )
        | None => None,
    });
    let missing = plan.missing.iter().copied();
    let missing = missing.filter(|attempt| attempt.status().is_in_doubt());
    of_rows
        .chain(missing)
        .map(|attempt| (&attempt.content, attempt))
        .collect()
}

/// Tells the warnings that the ledger gives about what is going to be submitted: a payee's address
/// that has changed, and what was paid not long ago under another reference.
fn tell_warnings(config: &Check, prospect: &Prospect<'_>) -> FindingCounts {
    let severity = match config.intake.warnings {
        WarningPolicy::Tell => Severity::Warning,
        WarningPolicy::Refuse => Severity::Error,
    };
    let places = places(&config.files, prospect.paths);
    let mut findings = payees::findings(prospect, severity);
    let (rows, paid): (Vec<usize>, Vec<&Attempt>) =
        prospect.plan.paid_alike.iter().copied().unzip();
    let rows = prospect.payouts.at(&rows).zip(paid);
    findings
        .extend(rows.map(|(payout, paid)| refusals::paid_alike(&payout, paid, &places, severity)));
    findings.sort_by_key(|finding| finding.line);
    if findings.is_empty() {
        return FindingCounts::default();
    }
    let name = config.files.input.display().to_string();
    let told = Findings::new(&name, config.max_findings, emit(config.format));
    let counts = told.tell_all(&findings);
    match severity {
        Severity::Error => tell_refused(config, &config.files.input, &counts, Exit::InputInvalid),
        Severity::Warning => ui::say(&format!("{}: {counts}", escape(&name))),
    }
    counts
}

/// Tells the warnings and what is going to be submitted; the exit status if a warning counts as an
/// error.
pub(super) fn tell_plan(
    config: &Check,
    host: &str,
    intake: &Intake,
    prospect: &Prospect<'_>,
) -> Option<Exit> {
    let found = tell_warnings(config, prospect);
    if found.errors() > 0 {
        return Some(Exit::InputInvalid);
    }
    let report = PlanReport {
        warnings: intake.warnings.saturating_add(found.warnings()),
        ..plan_report(config, host, intake, prospect)
    };
    if config.format == Format::Json {
        ui::emit(&events::plan(&report));
    }
    ui::say(&report::plan(&report));
    None
}

fn plan_report<'p>(
    config: &Check,
    host: &str,
    intake: &Intake,
    prospect: &Prospect<'p>,
) -> PlanReport<'p> {
    let plan = prospect.plan;
    let takes = report::takes(pacer::step(config.interval), plan.to_submit.count());
    let places = places(&config.files, prospect.paths);
    let paid_again = |rows: &mut dyn Iterator<Item = (usize, &'p Attempt)>| {
        let (rows, before): (Vec<usize>, Vec<&Attempt>) = rows.unzip();
        let rows = prospect.payouts.at(&rows).zip(before);
        let paid_again = rows.map(|(payout, before)| PaidAgain {
            line: payout.line,
            before: before.clone(),
            file: places.of(before),
        });
        paid_again.collect::<Vec<_>>()
    };
    PlanReport {
        input: config.files.input.display().to_string(),
        results: config.files.results_of_plan(),
        config: config.files.config_file.as_deref().map(shown),
        api: host.to_owned(),
        is_foreign: config.is_foreign,
        counts: plan.counts(),
        created_before: created_before(
            plan.states.iter().flatten(),
            &prospect.record.id,
            prospect.paths,
        ),
        ends_at: report::after(clock::now(), takes),
        takes,
        to_submit: plan.to_submit.clone(),
        repeated: paid_again(&mut plan.repeated()),
        paid_alike: paid_again(&mut plan.paid_alike.iter().copied()),
        new_recipients: Recipients {
            payouts: prospect.payouts,
            places: &plan.new_recipients,
        },
        beyond_limit: plan.beyond_limit,
        left_out: plan.left_out(),
        warnings: intake.warnings,
        notices: intake.notices.clone(),
        fingerprint: intake.fingerprint.to_string(),
        interval: config.interval,
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Which payouts were created before, by the batch that created them; this one first.
pub(super) fn created_before<'a>(
    states: impl Iterator<Item = RowState<&'a Attempt>>,
    own: &BatchId,
    paths: &Paths,
) -> Vec<CreatedBefore> {
    let mut created = CreatedByBatch::default();
    created.add(states);
    created.before(own, paths)
}

/// How many payouts which batch has created, and when the newest.
#[derive(Debug, Default)]
pub(super) struct CreatedByBatch(BTreeMap<BatchId, (u64, DateTime<Utc>)>);

impl CreatedByBatch {
    /// Counts the created ones of these.
    pub(super) fn add<'a>(&mut self, states: impl Iterator<Item = RowState<&'a Attempt>>) {
        for state in states {
            let RowState::Created(attempt) = state else {
                continue;
            };
            match self.0.get_mut(&attempt.batch) {
                Some((count, newest)) => {
                    *count = count.saturating_add(1);
                    *newest = attempt.started_at.max(*newest);
                }
                None => _ = self.0.insert(attempt.batch, (1, attempt.started_at)),
            }
        }
    }

    /// The batches.
    pub(super) fn batches(&self) -> impl Iterator<Item = BatchId> {
        self.0.keys().cloned()
    }

    /// As it is told: this batch first, the others by the time of their newest payout.
    pub(super) fn before(&self, own: &BatchId, paths: &Paths) -> Vec<CreatedBefore> {
        let before = self.0.iter().map(|(batch, (count, newest))| CreatedBefore {
            count: *count,
            file: (batch != own).then(|| {
                let path = paths.get(batch);
                path.map_or_else(|| batch.to_string(), |path| path.path.clone())
            }),
            newest: *newest,
        });
        let mut before: Vec<CreatedBefore> = before.collect();
        before.sort_by_key(|it| (it.file.is_some(), it.newest));
        before
    }
}

/// Reads the input for a command that submits nothing: warnings are not repeated.
pub(super) fn read_intake(files: &Files, input: &File) -> Result<Intake, Error> {
    let name = files.input.display().to_string();
    let options = Options {
        reading: files.reading.clone(),
        ..Options::default()
    };
    let intake = intake::read(input::read(files, input)?, &options);
    if intake.errors > 0 {
        let word = |lines: &mut Vec<String>, finding: Finding| {
            if finding.severity == Severity::Error {
                lines.push(findings::line(&name, &finding));
            }
        };
        intake.tell(u64::MAX, &word, &mut |lines| {
            lines.drain(..).for_each(|line| ui::say(&line));
        });
    }
    Ok(intake)
}
