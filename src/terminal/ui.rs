//! The streams: stdout for programs, stderr for people, the bar, and the questions.
//!
//! Nothing here fails a run: whatever becomes of the screen, the payout in flight is recorded.

use super::{events, report};
use crate::clock;
use crate::domain::escape::{cut, escape};
use crate::domain::{Payout, State, StateCounts};
use crate::ledger::Attempt;
use crate::ledger::rules::RowState;
use crate::payout::pacer;
use crate::payout::plan::state_of;
use crate::payout::results::line::encode;
use crate::payout::submit::Observer;
use chrono::TimeDelta;
use clap::ColorChoice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde_json::Value;
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often the countdown is drawn.
const TICK: Duration = Duration::from_millis(250);

/// How much of an answer that is not yes is shown again.
const MAX_ANSWER_CHARS: usize = 40;

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

/// Uses colours in what is written from now on, as far as it has any: always, never, or where the
/// stream is a terminal that has them.
pub fn use_color(choice: ColorChoice) {
    let is_on = match choice {
        ColorChoice::Auto => return,
        ColorChoice::Always => true,
        ColorChoice::Never => false,
    };
    console::set_colors_enabled(is_on);
    console::set_colors_enabled_stderr(is_on);
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
    writeln!(stdout, "{}", text.trim_end_matches('\n'))?;
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

/// Rings the bell, where stderr is a terminal.
pub fn ring() {
    if io::stderr().is_terminal() {
        let _ = write!(io::stderr().lock(), "\u{7}");
    }
}

/// Writes lines to stderr below the `^C` that a terminal shows for the key.
pub fn say_after_key(text: &str) {
    // With the bar goes the `^C` behind it.
    let is_behind_key = io::stderr().is_terminal() && bar().is_none();
    say(&format!("{}{text}", if is_behind_key { "\n" } else { "" }));
}

/// Whether a person can be asked.
#[must_use]
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// How a question was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With a yes.
    Yes,
    /// With anything else; why that is no yes.
    No(String),
}

/// Asks a question that only `y`, `yes`, `д` or `да` agrees to. Blocks.
///
/// # Errors
/// The terminal cannot be read.
pub fn ask(question: &str) -> io::Result<Answer> {
    let answer = line_after(&format!("{question} [y/N] "))?;
    let answer = answer.trim();
    Ok(match answer.to_lowercase().as_str() {
        "y" | "yes" | "д" | "да" => Answer::Yes,
        "" => Answer::No("the answer was not yes".to_owned()),
        _ => {
            let shown = escape(cut(answer, MAX_ANSWER_CHARS));
            Answer::No(format!("the answer was \"{shown}\", not yes"))
        }
    })
}

/// Asks for the API key. Blocks.
///
/// # Errors
/// The terminal cannot be read.
pub fn ask_key() -> io::Result<String> {
    line_after("CryptoCloud API key (it is not shown): ")
}

/// Shows a question and reads the line that answers it.
fn line_after(question: &str) -> io::Result<String> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    drop(stderr);
    let mut answer = Vec::new();
    io::stdin().lock().read_until(b'\n', &mut answer)?;
    // A key pressed in another encoding, or half of one erased, is no reason not to answer.
    Ok(String::from_utf8_lossy(&answer).into_owned())
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
        let takes = report::takes(pacer::step(self.interval), left);
        let ends_at = report::after(clock::now(), first_wait.saturating_add(takes));
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

/// Whether the machine has a thread to spare.
fn is_thread_to_be_had() -> bool {
    let probe = std::thread::Builder::new().spawn(|| {});
    probe.is_ok_and(|probe| probe.join().is_ok())
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
        // The tick has a thread of its own, and would panic where none can be had. Without it the
        // countdown is drawn only when something happens.
        if self.show == Show::Bar && is_thread_to_be_had() {
            self.bar.enable_steady_tick(TICK);
        }
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
        let now = clock::now();
        let since = now.checked_sub_signed(without).unwrap_or(now);
        let wait = next_try.saturating_duration_since(Instant::now());
        let wait = TimeDelta::from_std(wait).unwrap_or_default();
        let next_try = now.checked_add_signed(wait).unwrap_or(now);
        let what = report::no_connection(since, next_try);
        self.tell_wait(payout, &what);
    }

    fn submitting(&mut self, _payout: &Payout) {
        self.set_next(None);
        self.told.clear();
    }

    fn finished(&mut self, payout: &Payout, attempt: &Attempt) {
        let state = State::from(attempt.status());
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
