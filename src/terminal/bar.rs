//! The bar is what stands at the foot of a terminal during a run: how far it is, and what it waits
//! for. Whatever else is written takes it away for that moment, or the two would write over each
//! other.
//!
//! It is drawn here and not by a library because a terminal that is made narrower breaks the lines
//! that are on it: how many there are to take away is to be counted by the width of now.

use crate::domain::escape::cut;
use console::{Term, measure_text_width};
use std::io::{self, IsTerminal, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often the countdown is drawn.
const TICK: Duration = Duration::from_millis(250);

const HALF_A_SECOND: Duration = Duration::from_millis(500);

/// How long the bar itself is.
const CELLS: u64 = 20;

/// The bar, while there is one.
static BAR: Mutex<Option<Bar>> = Mutex::new(None);

/// Whether the window's button in the taskbar shows how far a run is, which some terminals can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taskbar {
    /// It does.
    Present,
    /// The terminal is not known for it.
    Absent,
}

/// What the bar shows.
#[derive(Debug)]
pub(super) struct Bar {
    /// How many payouts are to be settled.
    pub(super) total: u64,
    /// How many are.
    pub(super) done: u64,
    /// The payout under way, and what is waited for.
    pub(super) message: String,
    /// What became of the others, and when the run ends.
    pub(super) counts: String,
    /// When the next request starts; `None` while one is under way.
    pub(super) next: Option<Instant>,
    /// Whether the window's button shows it as well.
    pub(super) taskbar: Taskbar,
    /// The lines that are on the screen, and how wide that was when they were drawn.
    drawn: Option<(usize, Vec<String>)>,
}

impl Bar {
    pub(super) fn new(total: u64, taskbar: Taskbar) -> Self {
        Self {
            total,
            done: 0,
            message: String::new(),
            counts: String::new(),
            next: None,
            taskbar,
            drawn: None,
        }
    }

    /// An empty line, to be apart from what was said, and two that fit 80 columns with a date and
    /// four-digit counts. The first is cut where it is too long, the second goes on below.
    fn lines(&self, columns: usize) -> [String; 3] {
        let cells = self.done.saturating_mul(CELLS).checked_div(self.total);
        let cells = cells.unwrap_or_default().min(CELLS);
        let head = if cells < CELLS { ">" } else { "" };
        let cells = "=".repeat(usize::try_from(cells).unwrap_or_default());
        let place = format!(
            "[{:20}] {}/{}  {}",
            format!("{cells}{head}"),
            self.done,
            self.total,
            self.message
        );
        let countdown = match self.next {
            None => "awaiting answer".to_owned(),
            // To the nearest second: what the pace adds to the interval makes no second of its own.
            Some(next) => {
                let wait = next.saturating_duration_since(Instant::now());
                let seconds = wait.saturating_add(HALF_A_SECOND).as_secs().max(1);
                format!("next in {seconds} s")
            }
        };
        let place = fitting(&place, columns).to_owned();
        let below = match self.counts.as_str() {
            "" => String::new(), // Nothing is waited for yet.
            counts => format!("{counts}, {countdown}"),
        };
        [String::new(), place, below]
    }

    fn draw(&mut self) {
        let columns = columns();
        let lines = self.lines(columns);
        let now = (columns, lines.to_vec());
        if self.drawn.as_ref() == Some(&now) {
            return;
        }
        let text = lines.join("\n");
        write(&format!("{}{text}{}", self.erasing(columns), self.mark()));
        self.drawn = Some(now);
    }

    fn erase(&mut self) {
        write(&self.erasing(columns()));
        self.drawn = None;
    }

    /// What takes away the lines that were drawn. The cursor waits at the end of the last one.
    fn erasing(&self, columns: usize) -> String {
        let lines = self.drawn.iter().flat_map(|(_, lines)| lines);
        let rows = lines.map(|line| rows(measure_text_width(line), columns));
        let rows: usize = rows.sum();
        match rows {
            0 => String::new(),
            1 => "\r\x1b[J".to_owned(),
            rows => format!("\r\x1b[{}A\x1b[J", rows.saturating_sub(1)),
        }
    }

    /// What the window's button is to show.
    fn mark(&self) -> String {
        match self.taskbar {
            Taskbar::Absent => String::new(),
            Taskbar::Present => {
                let percent = self.done.saturating_mul(100).checked_div(self.total);
                format!("\x1b]9;4;1;{}\x1b\\", percent.unwrap_or_default())
            }
        }
    }
}

/// How many rows of a terminal a line takes.
fn rows(width: usize, columns: usize) -> usize {
    width.div_ceil(columns.max(1)).max(1)
}

/// As much of a line as fits.
fn fitting(line: &str, columns: usize) -> &str {
    let mut fitting = cut(line, columns);
    while measure_text_width(fitting) > columns {
        fitting = cut(fitting, fitting.chars().count().saturating_sub(1));
    }
    fitting
}

fn columns() -> usize {
    Term::stderr().size().1.into()
}

/// Writes to the terminal at once. Nothing fails a run because nobody sees it.
fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

fn bar() -> MutexGuard<'static, Option<Bar>> {
    BAR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows a bar, where stderr is a terminal, and draws it again and again. Where no thread can be had
/// for that, it is drawn only when something happens.
pub(super) fn show(new: Bar) {
    if !io::stderr().is_terminal() {
        return;
    }
    bar().insert(new).draw();
    let _ = std::thread::Builder::new().spawn(|| {
        loop {
            std::thread::sleep(TICK);
            match &mut *bar() {
                Some(bar) => bar.draw(),
                None => return,
            }
        }
    });
}

/// Changes what the bar shows, if there is one.
pub(super) fn change(change: impl FnOnce(&mut Bar)) {
    if let Some(bar) = &mut *bar() {
        change(bar);
        bar.draw();
    }
}

/// Writes while the bar is away.
pub(super) fn beside(write: impl FnOnce()) {
    match &mut *bar() {
        Some(bar) => {
            bar.erase();
            write();
            bar.draw();
        }
        None => write(),
    }
}

/// Whether there is a bar.
pub(super) fn is_shown() -> bool {
    bar().is_some()
}

/// Takes the bar off the screen, and off the window's button, for good.
pub fn take_away() {
    if let Some(mut bar) = bar().take() {
        bar.erase();
        match bar.taskbar {
            Taskbar::Absent => {}
            Taskbar::Present => write("\x1b]9;4;0;0\x1b\\"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrower_terminal_has_more_rows_to_take_away() {
        let mut bar = Bar::new(3, Taskbar::Absent);
        bar.counts = "1 created, 0 rejected, 0 in doubt, ends 10:08:37".to_owned();
        bar.message = "line 3: 0.002 BTC to R2".to_owned();
        bar.done = 1;
        let lines = bar.lines(80);
        assert_eq!(
            lines[1],
            "[======>             ] 1/3  line 3: 0.002 BTC to R2"
        );
        bar.drawn = Some((80, lines.to_vec()));
        assert_eq!(bar.erasing(80), "\r\x1b[2A\x1b[J");
        assert_eq!(bar.erasing(40), "\r\x1b[4A\x1b[J");
        assert_eq!(bar.lines(30)[1], "[======>             ] 1/3  li");
        bar.done = 3;
        assert!(bar.lines(80)[1].starts_with("[====================] 3/3"));
    }

    #[test]
    fn a_line_is_cut_by_its_width() {
        assert_eq!(fitting("日本日本", 5), "日本");
        assert_eq!(fitting("abc", 5), "abc");
        assert_eq!((rows(0, 80), rows(80, 80), rows(81, 80)), (1, 1, 2));
    }
}
