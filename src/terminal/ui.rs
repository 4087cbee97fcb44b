//! The streams: stdout for programs, stderr for people, the bar, and the questions.
//!
//! Nothing here fails a run: whatever becomes of the screen, the payout in flight is recorded.

use super::{events, report};
use crate::domain::escape::escape;
use crate::domain::state::StateCounts;
use crate::domain::{Payout, Standing};
use crate::payout::pacer;
use crate::payout::plan::{Plan, Step};
use crate::payout::results::Attempt;
use crate::payout::submit::Observer;
use chrono::Utc;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde_json::Value;
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
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
    tally: StateCounts,
}

/// When the next request starts; `None` while one is under way.
type Countdown = Arc<Mutex<Option<Instant>>>;

impl Progress {
    /// Nothing done yet.
    #[must_use]
    pub fn new(show: Show, emit: Emit, plan: &Plan<'_>, interval: Duration) -> Self {
        let total = u64::try_from(plan.steps.len()).unwrap_or(u64::MAX);
        let next = Countdown::default();
        let bar = match show {
            Show::Bar => ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()),
            Show::Lines | Show::Nothing => ProgressBar::hidden(),
        };
        bar.set_style(bar_style(Arc::clone(&next)));
        bar.enable_steady_tick(TICK);
        if show == Show::Bar {
            *self::bar() = Some(bar.clone());
        }
        Self {
            show,
            emit,
            bar,
            next,
            interval,
            total,
            done: 0,
            tally: StateCounts::default(),
        }
    }

    /// Takes the bar off the screen, so that the summary can be written.
    pub fn end(&self) {
        take_bar_away();
    }

    fn set_next(&self, next: Option<Instant>) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    fn show_tally(&self, first_wait: Duration) {
        let left = self.total.saturating_sub(self.done);
        let ends_at = report::ends_at(Utc::now(), first_wait, pacer::step(self.interval), left);
        let tally = &self.tally;
        self.bar.set_prefix(format!(
            "{} created, {} rejected, {} in doubt, ends {}",
            tally.created,
            tally.rejected,
            tally.in_doubt,
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

impl Observer for Progress {
    fn waiting(&mut self, step: &Step<'_>, ready_at: Instant) {
        self.set_next(Some(ready_at));
        self.bar.set_message(current(step.payout));
        self.show_tally(ready_at.saturating_duration_since(Instant::now()));
    }

    fn submitting(&mut self, _step: &Step<'_>) {
        self.set_next(None);
    }

    fn finished(&mut self, step: &Step<'_>, attempt: &Attempt) {
        let standing = attempt.standing();
        let count = StateCounts::of(std::slice::from_ref::<Standing>(&standing));
        self.tally = self.tally.plus(&count);
        if count.not_created == 0 {
            self.done = self.done.saturating_add(1);
            self.bar.set_position(self.done);
        }
        if self.emit == Emit::Events {
            emit(&events::attempt(attempt));
        }
        let line = || report::attempt(self.done, self.total, step.payout, attempt);
        match self.show {
            Show::Lines => say(&line()),
            Show::Bar if count.created == 0 || !attempt.ending.accepted_amount.is_empty() => {
                say(&report::attempt_words(step.payout, attempt));
            }
            Show::Bar | Show::Nothing => {}
        }
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
