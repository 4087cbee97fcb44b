//! The streams: stdout for programs, stderr for people, the bar, and the questions.
//!
//! Nothing here fails a run: whatever becomes of the screen, the payout in flight is recorded.

use super::findings::{self, Colour};
use super::{events, report};
use crate::domain::escape::escape;
use crate::domain::{Finding, Payout, State, StateCounts};
use crate::ledger::Attempt;
use crate::ledger::rules::RowState;
use crate::payout::pacer;
use crate::payout::plan::state_of;
use crate::payout::results::line::encode;
use crate::payout::submit::Observer;
use chrono::{TimeDelta, Utc};
use dialoguer::console;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde_json::Value;
use std::fmt;
use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often the countdown is drawn.
const TICK: Duration = Duration::from_millis(250);

const HALF_A_SECOND: Duration = Duration::from_millis(500);

/// The bar's two lines below an empty one; they fit 80 columns with a date and four-digit counts.
///
/// The cursor waits at the end of the last line, so that the `^C` that a terminal shows for the key
/// goes to the line below, and what takes the bar away begins a line too low. It is the empty line
/// that is left then.
const BAR_TEMPLATE: &str = "\n[{bar:20}] {pos}/{len}  {wide_msg}\n{prefix}, {countdown}";

/// The bar, while it is on the screen. Whatever else is written takes it away for that moment,
/// or the two would write over each other.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn bar() -> MutexGuard<'static, Option<ProgressBar>> {
    BAR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes while the bar is away.
fn beside_the_bar(write: impl FnOnce()) {
    match &*bar() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Takes the bar off the screen for good.
pub fn take_bar_away() {
    if let Some(bar) = bar().take() {
        bar.finish_and_clear();
    }
}

/// Writes a line to stdout, for a program or a pager.
pub fn print(text: &str) {
    beside_the_bar(|| {
        let mut stdout = io::stdout().lock();
        // A reader that has gone away does not want the rest.
        let _ = writeln!(stdout, "{}", text.trim_end_matches('\n'));
        let _ = stdout.flush();
    });
}

/// Writes lines to stdout where they are what the command is for.
///
/// # Errors
/// Nobody reads them, or they cannot be written.
pub fn write_out(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Writes an event to stdout.
pub fn emit(event: &Value) {
    print(&events::line(event));
}

/// Writes lines to stderr, for a person.
pub fn say(text: &str) {
    beside_the_bar(|| {
        // Nobody is left to be told that stderr is closed.
        let _ = writeln!(io::stderr().lock(), "{text}");
    });
}

/// Writes lines to stderr below the `^C` that a terminal shows for the key.
pub fn say_after_key(text: &str) {
    // With the bar goes the `^C` behind it.
    let is_behind_key = io::stderr().is_terminal() && bar().is_none();
    say(&format!("{}{text}", if is_behind_key { "\n" } else { "" }));
}

/// How many findings a screen takes.
const MAX_DRAWN: u64 = 20;

/// How much of the findings is written at a time.
const FINDINGS_BYTES: usize = 64 << 10;

/// The width of a terminal that does not tell its own.
const USUAL_COLUMNS: usize = 80;

/// Tells findings: as drawings on a terminal, as lines elsewhere, or as events on stdout. There may
/// be a million of them, so they are written many at a time.
pub struct Findings<'a> {
    input: &'a str,
    form: Form,
    out: BufWriter<Box<dyn Write>>,
    limit: u64,
    found: u64,
}

/// What a finding is told as.
enum Form {
    Drawing(Colour, usize),
    Line,
    Event,
}

impl<'a> Findings<'a> {
    /// Nothing found yet. Without a limit a terminal shows [`MAX_DRAWN`], and a log all; of events
    /// there is no limit.
    #[must_use]
    pub fn new(input: &'a str, limit: Option<u64>, emit: Emit) -> Self {
        let (form, limit) = match emit {
            Emit::Events => (Form::Event, u64::MAX),
            Emit::Nothing if io::stderr().is_terminal() => {
                let colours = console::colors_enabled_stderr();
                let colour = if colours {
                    Colour::Styled
                } else {
                    Colour::Plain
                };
                let columns = console::Term::stderr().size_checked();
                let columns = columns.map_or(USUAL_COLUMNS, |(_, columns)| columns.into());
                (Form::Drawing(colour, columns), limit.unwrap_or(MAX_DRAWN))
            }
            Emit::Nothing => (Form::Line, limit.unwrap_or(u64::MAX)),
        };
        let out: Box<dyn Write> = match emit {
            Emit::Events => Box::new(io::stdout()),
            Emit::Nothing => Box::new(io::stderr()),
        };
        Self {
            input,
            form,
            out: BufWriter::with_capacity(FINDINGS_BYTES, out),
            limit,
            found: 0,
        }
    }

    /// Tells a finding, unless there were too many.
    pub fn tell(&mut self, finding: &Finding) {
        self.found = self.found.saturating_add(1);
        if self.found > self.limit {
            return;
        }
        // A reader that has gone away does not want the rest.
        let _ = match self.form {
            Form::Drawing(colour, columns) => {
                let drawing = findings::drawing(self.input, finding, colour, columns);
                writeln!(self.out, "{drawing}\n")
            }
            Form::Line => writeln!(self.out, "{}", findings::line(self.input, finding)),
            Form::Event => writeln!(self.out, "{}", events::line(&events::finding(finding))),
        };
    }

    /// Tells how many were not shown.
    pub fn end(mut self) {
        let _ = self.out.flush();
        let hidden = self.found.saturating_sub(self.limit);
        if hidden > 0 {
            say(&format!(
                "{}: {hidden} more findings are not shown; --max-findings {} shows them all",
                escape(self.input),
                self.found
            ));
        }
    }
}

/// Whether a person can be asked.
#[must_use]
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question that only `y` or `yes` agrees to. Blocks.
///
/// # Errors
/// The terminal cannot be read.
pub fn ask(question: &str) -> io::Result<bool> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    drop(stderr);
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

/// Asks for the API key without showing it. Blocks.
///
/// # Errors
/// The terminal cannot be read.
pub fn ask_key() -> io::Result<String> {
    let prompt = dialoguer::Password::new().with_prompt("CryptoCloud API key");
    prompt
        .interact()
        .map_err(|dialoguer::Error::IO(error)| error)
}

/// Makes what is typed visible again, after a question for a key was given up.
pub fn show_typing() {
    // Without the program `stty` there is nothing else to try.
    let _ = std::process::Command::new("stty").arg("echo").status();
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// A bar with a countdown.
    Bar,
    /// A line for each outcome.
    Lines,
    /// Nothing.
    Nothing,
}

/// Whether the attempts go to stdout as events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// One a line.
    Events,
    /// Nothing.
    Nothing,
}

/// The progress of a run.
#[derive(Debug)]
pub struct Progress {
    show: Show,
    emit: Emit,
    bar: ProgressBar,
    next: Countdown,
    interval: Duration,
    total: u64,
    done: u64,
    counts: StateCounts,
    /// What is waited for, as it was told last.
    told: String,
}

/// When the next request starts; `None` while one is under way.
type Countdown = Arc<Mutex<Option<Instant>>>;

impl Progress {
    /// Nothing done yet.
    #[must_use]
    pub fn new(show: Show, emit: Emit, interval: Duration) -> Self {
        let next = Countdown::default();
        Self {
            show,
            emit,
            bar: ProgressBar::hidden(),
            next,
            interval,
            total: 0,
            done: 0,
            counts: StateCounts::default(),
            told: String::new(),
        }
    }

    /// Takes the bar off the screen, so that the summary can be written.
    pub fn end(&self) {
        take_bar_away();
    }

    fn set_next(&self, next: Option<Instant>) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn show_counts(&self, first_wait: Duration) {
        let left = self.total.saturating_sub(self.done);
        let ends_at = report::ends_at(Utc::now(), first_wait, pacer::step(self.interval), left);
        let counts = &self.counts;
        self.bar.set_prefix(format!(
            "{} created, {} rejected, {} in doubt, ends {}",
            counts.created,
            counts.rejected,
            counts.in_doubt,
            report::clock_time(ends_at)
        ));
    }
}

fn bar_style(next: Countdown) -> ProgressStyle {
    let countdown = move |_: &ProgressState, out: &mut dyn fmt::Write| {
        let next = *next.lock().unwrap_or_else(PoisonError::into_inner);
        // The bar's own text cannot fail to be written.
        let _ = match next.map(|next| next.saturating_duration_since(Instant::now())) {
            None => write!(out, "awaiting answer"),
            // To the nearest second: what the pace adds to the interval makes no second of its own.
            Some(wait) => {
                let seconds = wait.saturating_add(HALF_A_SECOND).as_secs().max(1);
                write!(out, "next in {seconds} s")
            }
        };
    };
    ProgressStyle::with_template(BAR_TEMPLATE)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("countdown", countdown)
        .progress_chars("=> ")
}

impl Progress {
    fn settle(&mut self, state: State) {
        self.counts.add(state);
        if state != State::NotCreated {
            self.done = self.done.saturating_add(1);
            self.bar.set_position(self.done);
        }
    }

    /// Tells what is waited for, once: on the bar for as long as it lasts, in a log as a line.
    fn tell_wait(&mut self, payout: &Payout, what: &str) {
        self.bar.set_message(format!("{}: {what}", current(payout)));
        if self.show == Show::Lines && self.told != what {
            say(&format!("line {}: {what}", payout.line));
        }
        what.clone_into(&mut self.told);
    }
}

impl Observer for Progress {
    fn planned(&mut self, count: usize) {
        self.total = u64::try_from(count).unwrap_or(u64::MAX);
        self.bar = match self.show {
            Show::Bar => {
                ProgressBar::with_draw_target(Some(self.total), ProgressDrawTarget::stderr())
            }
            Show::Lines | Show::Nothing => ProgressBar::hidden(),
        };
        self.bar.set_style(bar_style(Arc::clone(&self.next)));
        self.bar.enable_steady_tick(TICK);
        if self.show == Show::Bar {
            *bar() = Some(self.bar.clone());
        }
    }

    fn waiting(&mut self, payout: &Payout, ready_at: Instant, other: Option<&str>) {
        self.set_next(Some(ready_at));
        match other {
            None => self.bar.set_message(current(payout)),
            Some(other) => {
                let what = format!("waiting for the turn of {}", escape(other));
                self.tell_wait(payout, &what);
            }
        }
        self.show_counts(ready_at.saturating_duration_since(Instant::now()));
    }

    fn awaiting_other_run(&mut self, payout: &Payout, attempt: &Attempt) {
        let what = format!("waiting until {} has submitted it", escape(&attempt.who));
        self.tell_wait(payout, &what);
    }

    fn awaiting_connection(&mut self, payout: &Payout, since: Instant, next_try: Instant) {
        self.set_next(Some(next_try));
        let without = TimeDelta::from_std(since.elapsed()).unwrap_or_default();
        let since = Utc::now()
            .checked_sub_signed(without)
            .unwrap_or_else(Utc::now);
        let what = format!("no connection since {}", report::clock_time(since));
        self.tell_wait(payout, &what);
    }

    fn submitting(&mut self, _payout: &Payout) {
        self.set_next(None);
        self.told.clear();
    }

    fn finished(&mut self, payout: &Payout, attempt: &Attempt) {
        let state = report::state_after(attempt);
        self.settle(state);
        if self.emit == Emit::Events {
            emit(&events::attempt(attempt));
        }
        let is_plain = state == State::Created && attempt.ending.accepted_amount.is_empty();
        match self.show {
            Show::Lines => say(&report::attempt(self.done, self.total, payout, attempt)),
            Show::Bar if !is_plain => say(&report::attempt_words(payout, attempt)),
            Show::Bar | Show::Nothing => {}
        }
    }

    fn settled_elsewhere(&mut self, payout: &Payout, state: &RowState<Attempt>) {
        self.settle(state_of(state));
        if self.show != Show::Nothing {
            say(&format!(
                "line {}: another run has settled it: {}",
                payout.line,
                state_of(state)
            ));
        }
    }

    fn unrecorded(&mut self, attempt: &Attempt) {
        if self.emit == Emit::Events {
            emit(&events::unrecorded(attempt));
        }
        say(&format!("Not recorded: {}", encode(attempt).trim_end()));
    }

    fn changed_kept(&mut self, name: &str) {
        say(&report::changed_kept(name));
    }
}

/// The payout under way, short enough for the bar: the reference says who is paid, where there is
/// one. The whole address stands in the results.
fn current(payout: &Payout) -> String {
    let to = if payout.reference.is_empty() {
        &payout.to_address
    } else {
        &payout.reference
    };
    format!(
        "line {}: {} {} to {}",
        payout.line,
        payout.amount,
        payout.currency,
        escape(to)
    )
}
