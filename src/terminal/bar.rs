//! The bar is what stands at the foot of a terminal during a run: how far it is, and what it waits
//! for. Whatever else is written takes it away for that moment, or the two would write over each
//! other.

use console::{Term, measure_text_width};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use std::io::{self, IsTerminal, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often the countdown is drawn.
const TICK: Duration = Duration::from_millis(250);

const HALF_A_SECOND: Duration = Duration::from_millis(500);

/// An empty line, to be apart from what was said, and two that fit 80 columns with a date and
/// four-digit counts. The first is cut where it is too long, the second goes on below.
const TEMPLATE: &str = "\n[{bar:20}] {pos}/{len}  {wide_msg}\n{prefix}";

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
    /// How many payouts are settled.
    pub(super) done: u64,
    /// The payout under way, and what is waited for.
    pub(super) message: String,
    /// What became of the others, and when the run ends.
    pub(super) counts: String,
    /// When the next request starts; `None` while one is under way.
    pub(super) next: Option<Instant>,
    total: u64,
    /// Whether the window's button shows it as well, and what it shows.
    taskbar: Taskbar,
    marked: Option<u64>,
    progress: ProgressBar,
}

impl Bar {
    /// Of so many payouts that are to be settled.
    pub(super) fn new(total: u64, taskbar: Taskbar) -> Self {
        let target = ProgressDrawTarget::term_like(Box::new(Screen::default()));
        let progress = ProgressBar::with_draw_target(Some(total), target);
        let style = ProgressStyle::with_template(TEMPLATE);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        progress.set_style(style.progress_chars("=> "));
        Self {
            done: 0,
            message: String::new(),
            counts: String::new(),
            next: None,
            total,
            taskbar,
            marked: None,
            progress,
        }
    }

    fn draw(&mut self) {
        self.progress.set_position(self.done);
        self.progress.set_message(self.message.clone());
        self.progress.set_prefix(self.below());
        self.progress.tick();
        let percent = self.done.saturating_mul(100).checked_div(self.total);
        if self.taskbar == Taskbar::Present && self.marked != percent {
            write(&format!("\x1b]9;4;1;{}\x1b\\", percent.unwrap_or_default()));
            self.marked = percent;
        }
    }

    fn below(&self) -> String {
        if self.counts.is_empty() {
            return String::new(); // Nothing is waited for yet.
        }
        let countdown = match self.next {
            None => "awaiting answer".to_owned(),
            // To the nearest second: what the pace adds to the interval makes no second of its own.
            Some(next) => {
                let wait = next.saturating_duration_since(Instant::now());
                let seconds = wait.saturating_add(HALF_A_SECOND).as_secs().max(1);
                format!("next in {seconds} s")
            }
        };
        format!("{}, {countdown}", self.counts)
    }
}

/// Where the bar is drawn. A terminal that is made narrower breaks the lines that are on it, and
/// the library takes away as many as it has drawn. So what it draws is collected here, and what is
/// on the screen is taken away by the width of now.
#[derive(Debug, Default)]
struct Screen {
    drawing: Mutex<Drawing>,
}

#[derive(Debug, Default)]
struct Drawing {
    /// How wide the terminal is for what is being drawn.
    columns: usize,
    /// What is being drawn: a terminal goes on in the next row where one is full.
    text: String,
    /// The rows that are on the screen, and how wide it was when they were drawn.
    shown: (usize, Vec<String>),
}

impl Drawing {
    /// What takes the place of what is on the screen; `None` if it is there already. The cursor
    /// waits at the end of the last row.
    fn update(&mut self, columns: usize) -> Option<String> {
        let rows = broken(&std::mem::take(&mut self.text), self.columns);
        if (columns, &rows) == (self.shown.0, &self.shown.1) {
            return None;
        }
        let drawn = self.shown.1.iter();
        let drawn = drawn.map(|row| measure_text_width(row).div_ceil(columns.max(1)).max(1));
        let erasing = match drawn.sum::<usize>() {
            0 => String::new(),
            1 => "\r\x1b[J".to_owned(),
            count => format!("\r\x1b[{}A\x1b[J", count.saturating_sub(1)),
        };
        let text = format!("{erasing}{}", rows.join("\n"));
        self.shown = (columns, rows);
        Some(text)
    }
}

/// A text as it stands in rows of so many columns, without the blanks at their ends.
fn broken(text: &str, columns: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = String::new();
    for character in text.chars() {
        row.push(character);
        if measure_text_width(&row) >= columns {
            rows.push(row.trim_end().to_owned());
            row.clear();
        }
    }
    if !row.is_empty() {
        rows.push(row);
    }
    rows
}

impl Screen {
    fn drawing(&self) -> MutexGuard<'_, Drawing> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        let columns = Term::stderr().size().1;
        self.drawing().columns = columns.into();
        columns
    }

    fn height(&self) -> u16 {
        Term::stderr().size().0
    }

    // All that is on the screen is taken away at once, below.

    fn move_cursor_up(&self, _rows: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _rows: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _columns: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _columns: usize) -> io::Result<()> {
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.drawing().text.push_str(text.trim_start_matches('\r'));
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let columns = Term::stderr().size().1.into();
        if let Some(text) = self.drawing().update(columns) {
            write(&text);
        }
        Ok(())
    }
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

/// Shows a bar, where stderr is a terminal, and draws it again and again. Where no thread can be
/// started for that, it is drawn only when something happens.
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
    match &*bar() {
        Some(bar) => bar.progress.suspend(write),
        None => write(),
    }
}

/// Whether there is a bar.
pub(super) fn is_shown() -> bool {
    bar().is_some()
}

/// Takes the bar off the screen, and off the window's button, for good.
pub fn take_away() {
    if let Some(bar) = bar().take() {
        bar.progress.finish_and_clear();
        match bar.taskbar {
            Taskbar::Absent => {}
            Taskbar::Present => write("\x1b]9;4;0;0\x1b\\"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written when these lines are drawn, each filled up with blanks.
    fn update(drawing: &mut Drawing, lines: &[&str], columns: usize) -> Option<String> {
        drawing.columns = columns;
        let filled = lines.iter().map(|line| {
            let width = line.len().div_ceil(columns).max(1) * columns;
            format!("{line:width$}")
        });
        drawing.text = filled.collect();
        drawing.update(columns)
    }

    #[test]
    fn what_is_on_a_narrower_terminal_is_taken_away_by_its_width() {
        let lines = [
            "",
            "[======>             ] 1/3  line 3: 0.002 BTC to R2",
            "ends",
        ];
        let text = lines.join("\n");
        let mut drawing = Drawing::default();
        assert_eq!(update(&mut drawing, &lines, 80), Some(text.clone()));
        assert_eq!(update(&mut drawing, &lines, 80), None);
        // The line of 51 has broken in two.
        let broken = "\n[======>             ] 1/3  line 3: 0.00\n2 BTC to R2\nends";
        assert_eq!(
            update(&mut drawing, &lines, 40),
            Some(format!("\r\x1b[3A\x1b[J{broken}"))
        );
        assert_eq!(
            update(&mut drawing, &[], 40),
            Some("\r\x1b[3A\x1b[J".to_owned())
        );
        assert_eq!(update(&mut drawing, &["one"], 40), Some("one".to_owned()));
    }
}
