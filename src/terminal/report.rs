//! A report is a value as text for a person. Nothing here writes anywhere.

use crate::clock;
use crate::domain::escape::escape;
use crate::domain::{Batch, Currency, Halt, Payout, State, StateCounts, Totals};
use crate::ledger::rules::RowState;
use crate::ledger::{Attempt, AttemptStatus};
use crate::payout::plan::{attempt_of, state_of};
use chrono::{DateTime, Local, SecondsFormat, TimeDelta, Utc};
use comfy_table::{CellAlignment, ColumnConstraint, Table, Width, presets};
use std::fmt::{self, Write as _};
use std::time::Duration;

/// How many recipients the plan names who were never paid before.
const NAMED_RECIPIENTS: usize = 3;

/// The width of a terminal that the table of states fits.
const STATUS_COLUMNS: usize = 80;

/// How many lines, or ranges of lines, the plan names.
const NAMED_RANGES: usize = 10;

/// A longer wait is not told to the second.
const A_YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What a run is going to do.
#[derive(Clone, Debug)]
pub struct PlanReport<'a> {
    /// The input's name.
    pub input: String,
    /// The results file's name.
    pub results: String,
    /// The config file that was read.
    pub config: Option<String>,
    /// The host that is paid through, or `sandbox`.
    pub api: String,
    /// Whether the host is neither CryptoCloud's nor this machine.
    pub is_foreign: bool,
    /// Where the batch stands now.
    pub counts: StateCounts,
    /// Which payouts were created before, by the results file that has them.
    pub created_before: Vec<CreatedBefore>,
    /// Count and sum per currency of what is going to be submitted.
    pub to_submit: Totals,
    /// Whom of them the ledger has never paid, each once.
    pub new_recipients: Recipients<'a>,
    /// The rows of it that were paid before and are paid again, as `--repeat` asks.
    pub repeated: Vec<PaidAgain>,
    /// The rows of it that pay what was paid not long ago under another reference.
    pub paid_alike: Vec<PaidAgain>,
    /// How many more wait beyond `--limit`.
    pub beyond_limit: u64,
    /// How many rows `--only` leaves out.
    pub left_out: u64,
    /// How many warnings were given.
    pub warnings: u64,
    /// What the operator should know about how the input was read.
    pub notices: Vec<String>,
    /// The fingerprint of the batch.
    pub fingerprint: String,
    /// The time between two requests.
    pub interval: Duration,
    /// How long it is until the last request is sent, at least.
    pub takes: Duration,
    /// When that will be.
    pub ends_at: DateTime<Utc>,
}

/// Some recipients of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Recipients<'a> {
    /// The batch.
    pub payouts: &'a dyn Batch,
    /// The places of their rows.
    pub places: &'a [usize],
}

/// What a run came to, or where a batch stands.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Where the batch stands now.
    pub counts: StateCounts,
    /// Count and sum per currency of what is created, rejected and in doubt.
    pub sums: Sums,
    /// How long the run took; `None` if nothing was run.
    pub took: Option<Duration>,
    /// Which payouts were created before this run, by the results file that has them.
    pub created_before: Vec<CreatedBefore>,
    /// How many payouts of the batch are created whose row is no longer in the input as it was.
    pub created_without_row: u64,
    /// How many rows `--only` leaves out.
    pub left_out: u64,
    /// The payouts for which the API accepted another amount.
    pub accepted_otherwise: Vec<Attempt>,
    /// Why it stopped early; empty when it did not.
    pub stopped: String,
    /// Whether a run is at work on the batch.
    pub is_at_work: bool,
    /// The results file's name.
    pub results: String,
    /// The command that goes on; empty where none does at once.
    pub command: String,
    /// The payouts in doubt, each with the command that settles it.
    pub doubts: Vec<Doubt>,
}

/// Payouts that one batch created before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedBefore {
    /// How many.
    pub count: u64,
    /// The results file of the batch that created them; `None` if it is this one.
    pub file: Option<String>,
    /// When the newest was begun.
    pub newest: DateTime<Utc>,
}

/// A row that pays what was paid before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidAgain {
    /// Its line.
    pub line: u64,
    /// The payout that was paid.
    pub before: Attempt,
    /// The results file that has it.
    pub file: String,
}

/// A payout in doubt.
#[derive(Clone, Debug)]
pub struct Doubt {
    /// The line of its row today.
    pub line: u64,
    /// The attempt of which it is not known whether it was created.
    pub attempt: Attempt,
    /// The command that settles it, up to the verdict.
    pub command: String,
}

/// `0.1 BTC to bc1q… (reference R1)`
#[must_use]
pub fn payout(payout: &Payout) -> String {
    let mut text = format!(
        "{} {} to {}",
        payout.amount,
        payout.currency,
        escape(&payout.to_address)
    );
    if !payout.reference.is_empty() {
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, " (reference {})", escape(&payout.reference));
    }
    text
}

/// What a run is going to do, in a few lines.
#[must_use]
pub fn plan(plan: &PlanReport<'_>) -> String {
    let counts = &plan.counts;
    let mut text = created_before(&plan.created_before);
    let count = plan.to_submit.count();
    text.push_str(&to_submit(plan));
    let notices = plan.notices.len() as u64;
    if plan.is_foreign {
        text.push_str("\n  This host is not CryptoCloud's: it gets the API key and the payouts.");
    }
    for (count, words) in [
        (
            counts.rejected,
            "rejected by the API before (--retry-rejected submits them again)",
        ),
        (counts.in_doubt, "in doubt"),
        (plan.beyond_limit, "left for later by --limit"),
        (plan.left_out, "left out by --only"),
        (
            plan.warnings,
            plural(plan.warnings, "warning, see above", "warnings, see above"),
        ),
        (
            notices,
            plural(
                notices,
                "notice of how the file was read, see above",
                "notices of how the file was read, see above",
            ),
        ),
    ] {
        if count > 0 {
            let _ = write!(text, "\n  {count} {words}");
        }
    }
    let again = "again what was paid before (--repeat)";
    text.push_str(&paid_again(&plan.repeated, again));
    let alike = "what was paid under another reference";
    text.push_str(&paid_again(&plan.paid_alike, alike));
    text.push_str(&new_recipients(plan.new_recipients));
    let _ = write!(text, "\nBatch {}", plan.fingerprint);
    let _ = write!(text, "\nResults: {}", escape(&plan.results));
    if let Some(config) = &plan.config {
        let _ = write!(text, "\nConfig file: {}", escape(config));
    }
    if count > 0 {
        let _ = write!(
            text,
            "\nOne request every {}, {}the last at about {}",
            humantime::format_duration(plan.interval),
            about(plan.takes),
            time_with_offset(plan.ends_at)
        );
    }
    text
}

/// How many payouts are submitted where, and their sums.
fn to_submit(plan: &PlanReport) -> String {
    let input = escape(&plan.input);
    let count = plan.to_submit.count();
    if count == 0 {
        return format!("{input}: nothing to submit");
    }
    let way = match plan.api.as_str() {
        "sandbox" => "to the sandbox; no money moves".to_owned(),
        api => format!("through {}", escape(api)),
    };
    format!(
        "{input}: {} to submit {way}\n{}",
        counted(count, "payout", "payouts"),
        totals(&plan.to_submit)
    )
}

/// How long a run takes, to the minute if that is more than one; nothing if it is over at once.
fn about(takes: Duration) -> String {
    let seconds = takes.as_secs();
    let minutes = seconds.div_ceil(60).saturating_mul(60);
    let rounded = Duration::from_secs(if seconds > 60 { minutes } else { seconds });
    match seconds {
        0 => String::new(),
        _ => format!("about {} in all, ", humantime::format_duration(rounded)),
    }
}

/// How many rows pay what was paid before, and which.
fn paid_again(rows: &[PaidAgain], what: &str) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let count = rows.len() as u64;
    let pay = plural(count, "pays", "pay");
    let lines = lines(rows.iter().map(|row| row.line));
    format!("\n  {count} {pay} {what}: {lines}")
}

/// Lines in order, those that follow each other as a range: `line 2`, `lines 2-4, 9 and 12 more`.
fn lines(lines: impl Iterator<Item = u64>) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for line in lines {
        match ranges.last_mut() {
            Some((_, last)) if last.saturating_add(1) == line => *last = line,
            Some(_) | None => ranges.push((line, line)),
        }
    }
    let size = |(first, last): &(u64, u64)| last.saturating_sub(*first).saturating_add(1);
    let more: u64 = ranges.iter().skip(NAMED_RANGES).map(size).sum();
    let all: u64 = ranges.iter().map(size).sum();
    let named = ranges.iter().take(NAMED_RANGES);
    let named = named.map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    let named: Vec<String> = named.collect();
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{} {}{more}",
        plural(all, "line", "lines"),
        named.join(", ")
    )
}

/// How many recipients were never paid before, and who the first are.
fn new_recipients(recipients: Recipients<'_>) -> String {
    let Recipients { payouts, places } = recipients;
    let named = payouts.at(places).take(NAMED_RECIPIENTS).map(|it| {
        let name = match it.payee.as_str() {
            "" => it.to_address.as_str(),
            payee => payee,
        };
        format!("{} (line {})", escape(name), it.line)
    });
    let named: Vec<String> = named.collect();
    let more = places.len().saturating_sub(NAMED_RECIPIENTS);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = places.len() as u64;
    match count {
        0 => String::new(),
        _ => format!(
            "\n  {count} {} never paid before: {}{more}",
            plural(count, "recipient", "recipients"),
            named.join(", ")
        ),
    }
}

/// Which payouts were created before, a line for each batch.
fn created_before(before: &[CreatedBefore]) -> String {
    let mut text = String::new();
    for before in before {
        let time = before.newest.format("%Y-%m-%d %H:%M UTC");
        let _ = match &before.file {
            None => writeln!(
                text,
                "Already created: {}, the last at {time}",
                before.count
            ),
            Some(file) => writeln!(
                text,
                "Already created by another batch: {}, the last at {time}; see {}",
                before.count,
                escape(file)
            ),
        };
    }
    text
}

/// Count and sum per currency, a line each.
#[must_use]
pub fn totals(totals: &Totals) -> String {
    let mut table = bare_table();
    for (currency, count, sum) in totals.iter() {
        table.add_row(["", currency.code(), &format!("{count} ×"), &sum.to_string()]);
    }
    for column in [2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// The word for one or for several.
fn plural<'a>(count: u64, one: &'a str, several: &'a str) -> &'a str {
    if count == 1 { one } else { several }
}

/// `1 payout`, `2 payouts`
#[must_use]
pub fn counted<N: fmt::Display + PartialEq + From<u8>>(
    count: N,
    one: &str,
    several: &str,
) -> String {
    let noun = if count == N::from(1) { one } else { several };
    format!("{count} {noun}")
}

/// How long it is until the last of so many requests starts, at least, once the first has.
#[must_use]
pub fn takes(interval: Duration, count: u64) -> Duration {
    let between = u32::try_from(count.saturating_sub(1)).unwrap_or(u32::MAX);
    interval.saturating_mul(between)
}

/// The time so long after another.
#[must_use]
pub fn after(now: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(wait)
        .ok()
        .and_then(|wait| now.checked_add_signed(wait))
        .unwrap_or(now)
}

/// `14:32:10`, or with the date when it is not today; in the operator's own time zone.
#[must_use]
pub(super) fn clock_time(time: DateTime<Utc>) -> String {
    let local = time.with_timezone(&Local);
    let format = if local.date_naive() == clock::now().with_timezone(&Local).date_naive() {
        "%H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M"
    };
    local.format(format).to_string()
}

/// [`clock_time`] with how far the time zone is from UTC: `14:32:10 +03:00`.
fn time_with_offset(time: DateTime<Utc>) -> String {
    format!(
        "{} {}",
        clock_time(time),
        time.with_timezone(&Local).format("%:z")
    )
}

/// One attempt, for the log: `2026-11-22T10:00:00Z 3/10 line 4 created INV-1: 0.1 BTC to bc1q…`.
#[must_use]
pub fn attempt(done: u64, total: u64, step: &Payout, attempt: &Attempt) -> String {
    let ending = &attempt.ending;
    let time = ending.finished_at.unwrap_or(attempt.started_at);
    let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
    format!("{time} {done}/{total} {}", attempt_words(step, attempt))
}

/// One attempt without its time: `line 4 rejected (network): 0.1 BTC to bc1q…`.
#[must_use]
pub(super) fn attempt_words(step: &Payout, attempt: &Attempt) -> String {
    let ending = &attempt.ending;
    let mut text = format!("line {} {}", step.line, ending.status.as_str());
    if !ending.invoice_id.is_empty() {
        let _ = write!(text, " {}", ending.invoice_id);
    }
    if !ending.accepted_amount.is_empty() {
        let _ = write!(text, " with the amount {}", ending.accepted_amount);
    }
    if !ending.error_key.is_empty() {
        let _ = write!(text, " ({})", ending.error_key);
    }
    let _ = write!(text, ": {}", payout(step));
    if !ending.detail.is_empty() {
        let _ = write!(text, ": {}", ending.detail);
    }
    text
}

/// Why a batch stopped before its end.
#[must_use]
pub fn halt(halt: &Halt, key_source: &str) -> String {
    match halt {
        Halt::Unknown => "the outcome of a payout is not known".to_owned(),
        Halt::UnknownInARow => "three outcomes in a row are not known".to_owned(),
        Halt::EqualRejections(key) => format!(
            "five payouts in a row were rejected with {}: look at the account's balance and settings; --keep-going submits the rest all the same",
            escape(key)
        ),
        Halt::KeyRefused => format!(
            "the API key was refused: check {}, and that the key is one for withdrawals",
            escape(key_source)
        ),
        Halt::WrongAddress => {
            "the address is not the API's: check --api-url and CCBATCH_API_URL".to_owned()
        }
        Halt::RefusedInBetween => {
            "the request was refused on its way, and not by the API: look at the firewall or proxy in between".to_owned()
        }
        Halt::NotSent => {
            "four times in a row a payout was not sent in time: this machine was stopped or asleep in between".to_owned()
        }
        Halt::ConnectFailed => "four tries to connect to the API have failed".to_owned(),
        Halt::PatienceOver => "no connection to the API for as long as --patience says".to_owned(),
        Halt::RateLimited => "the API answered rate_limit four times: something else is using the key".to_owned(),
        Halt::RetryAfterTooLong(asked) if *asked > A_YEAR => {
            "the API asks to wait more than a year".to_owned()
        }
        Halt::RetryAfterTooLong(asked) => format!(
            "the API asks to wait {}",
            humantime::format_duration(Duration::from_secs(asked.as_secs()))
        ),
    }
}

/// Since when there has been no connection, and when the next try is.
#[must_use]
pub(super) fn no_connection(since: DateTime<Utc>, next_try: DateTime<Utc>) -> String {
    format!(
        "no connection to the API since {}, next try at {}",
        clock_time(since),
        clock_time(next_try)
    )
}

/// Where the batch stands, and how to go on.
#[must_use]
pub fn summary(summary: &Summary) -> String {
    let counts = &summary.counts;
    let mut text = created_before(&summary.created_before);
    if !summary.stopped.is_empty() {
        let _ = writeln!(text, "Stopped: {}", summary.stopped);
    }
    if summary.is_at_work {
        text.push_str("Under way: a run is at work on this batch\n");
    }
    text.push_str(&in_states(summary));
    if summary.created_without_row > 0 {
        let _ = write!(
            text,
            "\n{} more of this batch {} created; the file no longer has the {} paid",
            summary.created_without_row,
            plural(summary.created_without_row, "is", "are"),
            plural(
                summary.created_without_row,
                "row as it was",
                "rows as they were"
            ),
        );
    }
    text.push_str(&sums(&summary.sums));
    if let Some(took) = summary.took {
        let took = Duration::from_secs(took.as_secs());
        let _ = write!(text, "\nThe run took {}", humantime::format_duration(took));
    }
    for attempt in &summary.accepted_otherwise {
        let _ = write!(
            text,
            "\nThe API accepted another amount: line {}, {} instead of {} {} ({})",
            attempt.line,
            attempt.ending.accepted_amount,
            attempt.amount,
            attempt.content.currency_code(),
            attempt.ending.invoice_id
        );
    }
    let _ = write!(text, "\nResults: {}", escape(&summary.results));
    for doubt in &summary.doubts {
        let _ = write!(text, "\n{}", in_doubt(doubt));
    }
    if summary.command.is_empty() {
        return text;
    }
    if counts.to_send() > 0 && summary.doubts.is_empty() {
        let _ = write!(text, "\nTo go on: {}", summary.command);
    } else if counts.to_send() > 0 {
        let _ = write!(text, "\nThen go on: {}", summary.command);
    } else if counts.rejected > 0 {
        let command = summary.command.replace(" --retry-rejected", "");
        let _ = write!(
            text,
            "\nMend the rejected rows where they stand, then: {command} --retry-rejected"
        );
    }
    text
}

/// How many payouts are in which state.
fn in_states(summary: &Summary) -> String {
    let counts = &summary.counts;
    let open = [
        (counts.rejected, "rejected"),
        (counts.in_doubt, "in doubt"),
        (counts.refused, "not sent because of an earlier payout"),
        (counts.to_send(), "not yet created"),
        (summary.left_out, "left out by --only"),
    ];
    let is_done = open.iter().all(|(count, _)| *count == 0);
    let all_done = if is_done { "All done: " } else { "" };
    let parts = std::iter::once((counts.created, "created")).chain(open);
    let parts = parts.filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    format!("{all_done}{}", parts.join(", "))
}

/// Count and sum per currency of what is created, rejected and in doubt.
#[derive(Clone, Debug)]
pub struct Sums([(State, Totals); 3]);

impl Default for Sums {
    fn default() -> Self {
        let states = [State::Created, State::Rejected, State::InDoubt];
        Self(states.map(|state| (state, Totals::default())))
    }
}

impl Sums {
    /// Adds what the attempt pays that a row's state rests on.
    pub fn add(&mut self, state: &RowState<&Attempt>) {
        if let Some(attempt) = attempt_of(state) {
            self.add_attempt(state_of(state), attempt);
        }
    }

    /// Adds what an attempt pays whose payout is in this state.
    pub(super) fn add_attempt(&mut self, state: State, attempt: &Attempt) {
        let content = &attempt.content;
        let currency = Currency::from_code(content.currency_code());
        let place = self.0.iter_mut().find(|(of, _)| *of == state);
        if let (Some((_, totals)), Some(currency)) = (place, currency)
            && let Ok(units) = content.minor_units().parse()
        {
            let counted = totals.add_units(currency, units);
            debug_assert!(counted.is_ok(), "each amount is less than what exists");
        }
    }

    /// The states that have a sum.
    pub fn iter(&self) -> impl Iterator<Item = &(State, Totals)> {
        self.0.iter().filter(|(_, totals)| totals.count() > 0)
    }
}

/// A line for each state that has a sum: `  created: 0.3 BTC, 0.5 ETH`.
#[must_use]
pub fn sums(sums: &Sums) -> String {
    let mut text = String::new();
    for (state, totals) in sums.iter() {
        let words = match state {
            State::InDoubt => "in doubt",
            State::Created
            | State::Rejected
            | State::NotCreated
            | State::Pending
            | State::Refused => state.as_str(),
        };
        let amounts = totals
            .iter()
            .map(|(currency, _, sum)| format!("{sum} {currency}"));
        let amounts: Vec<String> = amounts.collect();
        let _ = write!(text, "\n  {words}: {}", amounts.join(", "));
    }
    text
}

/// What to do about a payout in doubt.
fn in_doubt(doubt: &Doubt) -> String {
    let attempt = &doubt.attempt;
    let mut text = format!(
        "In doubt: line {}, {}\n  begun at {}",
        doubt.line,
        attempted(attempt),
        attempt.started_at.format("%Y-%m-%d %H:%M:%S UTC")
    );
    if !attempt.ending.detail.is_empty() {
        let _ = write!(text, "\n  {}", attempt.ending.detail);
    }
    let _ = write!(
        text,
        "\n  Look for it in the CryptoCloud dashboard. If it is there:\n    \
         {command} --invoice-id INV-…\n  \
         If it is not there after ten minutes, this lets the next run send it again:\n    \
         {command} --not-created",
        command = doubt.command,
    );
    text
}

/// What an attempt paid: `0.1 BTC to bc1q… (reference R1)`
#[must_use]
pub fn attempted(attempt: &Attempt) -> String {
    let mut text = format!(
        "{} {} to {}",
        escape(&attempt.amount),
        attempt.content.currency_code(),
        escape(&attempt.to_address)
    );
    if !attempt.reference.is_empty() {
        let _ = write!(text, " (reference {})", escape(&attempt.reference));
    }
    text
}

/// What an attempt paid, when, and under which invoice id, if it was created:
/// `0.1 BTC to bc1q… (reference R1), created at 2026-11-01 10:00 UTC (INV-1)`
#[must_use]
pub(super) fn attempted_when(attempt: &Attempt) -> String {
    format!("{}, {}", attempted(attempt), when(attempt))
}

fn when(attempt: &Attempt) -> String {
    let time = attempt.started_at.format("%Y-%m-%d %H:%M UTC");
    match attempt.status() {
        AttemptStatus::Created => format!("created at {time} ({})", attempt.ending.invoice_id),
        AttemptStatus::Submitting | AttemptStatus::Unknown => format!("begun at {time}"),
        AttemptStatus::Rejected | AttemptStatus::NotCreated => format!("attempted at {time}"),
    }
}

/// A row of the input with its state.
pub type StatusRow<'a> = (&'a Payout, RowState<&'a Attempt>);

/// The attempt that says something else than the row, and in which words it is told: the payout that the
/// row is not sent because of, or what was sent before a row in doubt was changed.
#[must_use]
pub(super) fn other_payout<'a>(
    (payout, state): &StatusRow<'a>,
) -> Option<(&'static str, &'a Attempt)> {
    let attempt = attempt_of(state).copied()?;
    match state_of(state) {
        State::Refused => Some(("earlier payout", attempt)),
        State::InDoubt if !attempt.content.is_of(payout) => Some(("sent", attempt)),
        State::InDoubt | State::Created | State::Rejected | State::NotCreated | State::Pending => {
            None
        }
    }
}

/// A second live attempt of one payout was found.
#[must_use]
pub fn extra(attempt: &Attempt) -> String {
    format!(
        "two attempts of one payout may have been paid: look for both in the CryptoCloud dashboard: {}",
        attempted(attempt)
    )
}

/// What somebody has changed in the results file is kept.
#[must_use]
pub fn changed_kept(name: &str) -> String {
    format!(
        "The results file was changed by another program; it is written anew, and what it was is kept in {}",
        escape(name)
    )
}

/// A table of where each payout stands, two lines each: what became of it, and below it who is paid.
/// It is written a part at a time.
#[derive(Debug)]
pub struct StatusTable {
    /// How wide each column is at least, so that the parts fit together.
    widths: [usize; STATUS_HEADER.len()],
    has_header: bool,
}

const STATUS_HEADER: [&str; 5] = ["line", "state", "invoice or error", "amount", "currency"];

/// As wide as the longest documented error key.
const NOTE_WIDTH: usize = 18;

impl StatusTable {
    /// The table of rows that come in one part: its columns are as wide as it takes.
    #[must_use]
    pub fn of_one_part() -> Self {
        Self {
            widths: [0; STATUS_HEADER.len()],
            has_header: false,
        }
    }

    /// The table of these payouts.
    #[must_use]
    pub fn of(payouts: impl Iterator<Item = Payout>) -> Self {
        let mut widths = STATUS_HEADER.map(str::len);
        let mut widen = |cells: [&str; STATUS_HEADER.len()]| {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = cell.len().max(*width);
            }
        };
        widen([
            "",
            State::NotCreated.as_str(),
            &" ".repeat(NOTE_WIDTH),
            "",
            "",
        ]);
        for payout in payouts {
            let (line, amount) = (payout.line.to_string(), payout.amount.to_string());
            widen([&line, "", "", &amount, payout.currency.code()]);
        }
        Self {
            widths,
            has_header: false,
        }
    }

    /// The next rows, below the header if they are the first.
    pub fn part(&mut self, rows: &[StatusRow<'_>]) -> String {
        let mut table = bare_table();
        let is_first = !std::mem::replace(&mut self.has_header, true);
        if is_first {
            table.set_header(STATUS_HEADER);
        }
        for (payout, state) in rows {
            let ending = attempt_of(state).map(|attempt| &attempt.ending);
            let note = ending.map_or("", |ending| match ending.invoice_id.as_str() {
                "" => &ending.error_key,
                id => id,
            });
            table.add_row([
                payout.line.to_string(),
                state_of(state).to_string(),
                note.to_owned(),
                payout.amount.to_string(),
                payout.currency.to_string(),
            ]);
        }
        for (column, width) in table.column_iter_mut().zip(self.widths) {
            // With a blank on either side.
            let width = u16::try_from(width.saturating_add(2)).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
        let header = is_first.then(String::new);
        let texts = header.into_iter().chain(rows.iter().map(below));
        let mut text = String::new();
        for (line, below) in table.trim_fmt().lines().zip(texts) {
            let _ = write!(text, "{line}\n{below}");
        }
        text
    }
}

/// What stands below a payout in the table of states.
const INDENT: &str = "       ";

/// Who is paid, and what keeps the row from being sent, in lines that fit [`STATUS_COLUMNS`].
fn below(row: &StatusRow<'_>) -> String {
    let mut text = String::new();
    let mut room = 0;
    let other = other_payout(row).map(|(words, it)| {
        let paid = format!("{} {}", it.amount, it.content.currency_code());
        [format!("{words}: {paid} to {}", it.to_address), when(it)]
    });
    let (payout, _) = row;
    let whom = [&payout.reference, &payout.payee, &payout.to_address];
    for part in whom.into_iter().chain(other.iter().flatten()) {
        let part = escape(part);
        let width = console::measure_text_width(&part);
        if part.is_empty() {
            continue;
        }
        if width.saturating_add(2) <= room {
            let _ = write!(text, "  {part}");
            room = room.saturating_sub(width).saturating_sub(2);
            continue;
        }
        // Below the line before, and broken only where it is longer than a line.
        room = 0;
        for c in part.chars() {
            let width = console::measure_text_width(c.encode_utf8(&mut [0; 4]));
            if width > room {
                let separator = if text.is_empty() { "" } else { "\n" };
                let _ = write!(text, "{separator}{INDENT}");
                room = STATUS_COLUMNS.saturating_sub(INDENT.len());
            }
            text.push(c);
            room = room.saturating_sub(width);
        }
    }
    text.push('\n');
    text
}

/// A table of the currencies.
#[must_use]
pub fn currencies() -> String {
    let mut table = bare_table();
    table.set_header(["code", "network", "chain", "decimals"]);
    for currency in Currency::all() {
        table.add_row([
            currency.code(),
            &currency.network().to_string(),
            currency.chain(),
            &currency.decimals().to_string(),
        ]);
    }
    table.trim_fmt()
}

/// Columns apart by blanks, without lines.
fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}
