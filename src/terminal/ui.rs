//! The streams: stdout for programs, stderr for people, the bar, and the questions.
//!
//! Nothing here fails a run: whatever becomes of the screen, the payout in flight is recorded.

use super::bar::{self, Bar, Taskbar};
use super::{events, json, report};
use crate::clock;
use crate::domain::escape::{cut, escape};
use crate::domain::{Payout, State, StateCounts};
use crate::ledger::Attempt;
use crate::ledger::attempt::Counting;
use crate::ledger::rules::RowState;
use crate::payout::pacer;
use crate::payout::plan::state_of;
use crate::payout::results::line::encode;
use crate::payout::submit::Observer;
use chrono::TimeDelta;
use clap::ColorChoice;
use serde::Serialize;
use std::io::{self, BufRead, BufWriter, IsTerminal, Write};
use std::time::Duration;
use tokio::time::Instant;

/// How much of an answer that is not yes is shown again.
const MAX_ANSWER_CHARS: usize = 40;

/// How much of an event is written at a time.
const EVENT_BYTES: usize = 64 << 10;

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
    bar::beside(|| {
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
pub fn emit(event: &impl Serialize) {
    bar::beside(|| {
        let mut out = BufWriter::with_capacity(EVENT_BYTES, io::stdout().lock());
        // A reader that has gone away does not want the rest.
        let _ = json::write(event, &mut out);
        let _ = writeln!(out);
        let _ = out.flush();
    });
}

/// Writes lines to stderr, for a person.
pub fn say(text: &str) {
    bar::beside(|| {
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
    let is_behind_key = io::stderr().is_terminal() && !bar::is_shown();
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
    /// With anything else; why that is not a yes.
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
    if !answer.ends_with(b"\n") {
        say(""); // Ctrl-D leaves the cursor behind the question.
    }
    // A key pressed in another encoding, or half of one erased, must not fail the question.
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
    taskbar: Taskbar,
    interval: Duration,
    total: u64,
    done: u64,
    counts: StateCounts,
    /// What is waited for, as it was told last.
    told: String,
}

impl Progress {
    /// Nothing done yet.
    #[must_use]
    pub fn new(show: Show, emit: Emit, interval: Duration, taskbar: Taskbar) -> Self {
        Self {
            show,
            emit,
            taskbar,
            interval,
            total: 0,
            done: 0,
            counts: StateCounts::default(),
            told: String::new(),
        }
    }

    /// Takes the bar off the screen, so that the summary can be written.
    pub fn end(&self) {
        bar::take_away();
    }

    fn show_counts(&self, first_wait: Duration) {
        let left = self.total.saturating_sub(self.done);
        let takes = report::takes(pacer::step(self.interval), left);
        let ends_at = report::after(clock::now(), first_wait.saturating_add(takes));
        let counts = &self.counts;
        let counts = format!(
            "{} created, {} rejected, {} in doubt, ends {}",
            counts.created,
            counts.rejected,
            counts.in_doubt,
            report::clock_time(ends_at)
        );
        bar::change(|bar| bar.counts = counts);
    }

    fn settle(&mut self, state: State) {
        self.counts.add(state);
        if state != State::NotCreated {
            self.done = self.done.saturating_add(1);
            bar::change(|bar| bar.done = self.done);
        }
    }

    /// Tells what is waited for, once: on the bar for as long as it lasts, in a log as a line.
    fn tell_wait(&mut self, payout: &Payout, what: &str) {
        // Alone, so that it fits the line.
        bar::change(|bar| what.clone_into(&mut bar.message));
        if self.show == Show::Lines && self.told != what {
            say(&format!("line {}: {what}", payout.line));
        }
        what.clone_into(&mut self.told);
    }
}

impl Observer for Progress {
    fn planned(&mut self, count: usize) {
        self.total = u64::try_from(count).unwrap_or(u64::MAX);
        match self.show {
            Show::Bar => bar::show(Bar::new(self.total, self.taskbar)),
            Show::Lines | Show::Nothing => {}
        }
    }

    fn waiting(&mut self, payout: &Payout, ready_at: Instant, other: Option<&str>) {
        bar::change(|bar| bar.next = Some(ready_at));
        match other {
            None => bar::change(|bar| bar.message = current(payout)),
            Some(other) => {
                let what = format!("waiting for the turn of {}", escape(other));
                self.tell_wait(payout, &what);
            }
        }
        self.show_counts(ready_at.saturating_duration_since(Instant::now()));
    }

    fn awaiting_other_run(&mut self, payout: &Payout, attempt: &Attempt) {
        let what = format!(
            "waiting until {} has submitted this payout",
            escape(&attempt.who)
        );
        self.tell_wait(payout, &what);
    }

    fn awaiting_connection(&mut self, payout: &Payout, since: Instant, next_try: Instant) {
        bar::change(|bar| bar.next = Some(next_try));
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
        bar::change(|bar| bar.next = None);
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
        if attempt.counting == Counting::Extra {
            say(&report::extra(attempt));
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

/// The payout under way, short enough for the bar: the payee, or else the reference, says who is
/// paid. The whole address stands in the results.
fn current(payout: &Payout) -> String {
    let names = [&payout.payee, &payout.reference];
    let to = names.into_iter().find(|name| !name.is_empty());
    let to = to.unwrap_or(&payout.to_address);
    format!(
        "line {}: {} {} to {}",
        payout.line,
        payout.amount,
        payout.currency,
        escape(to)
    )
}
