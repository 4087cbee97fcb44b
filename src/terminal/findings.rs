//! Findings as text: for a terminal as a drawing, with the characters at fault underlined, for a
//! log as one line with the hint on the next, and for a program as events.

use super::events::VERSION;
use super::json;
use super::report::counted;
use super::ui::{self, Emit};
use crate::domain::escape::escape;
use crate::domain::finding::Related;
use crate::domain::{Column, Finding, FindingCounts, Severity};
use crate::intake::Intake;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use console::Style;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Write as _};
use std::ops::Range;

/// How many findings a screen takes.
const MAX_DRAWN: u64 = 20;

/// How much of the findings is written at a time.
const WRITTEN_BYTES: usize = 64 << 10;

/// The width of a terminal that does not tell its own.
const USUAL_COLUMNS: usize = 80;

/// How findings are told: as drawings on a terminal, as lines elsewhere, or as events on stdout.
#[derive(Debug)]
pub struct Findings<'a> {
    input: &'a str,
    form: Form,
    limit: u64,
}

/// What a finding is told as.
#[derive(Clone, Copy, Debug)]
enum Form {
    Drawing(Colour, usize),
    Line(Colour),
    Event,
}

impl<'a> Findings<'a> {
    /// Of this input. Without a limit a terminal shows `MAX_DRAWN`, and a log all; of events
    /// there is no limit.
    #[must_use]
    pub fn new(input: &'a str, limit: Option<u64>, emit: Emit) -> Self {
        let colour = if console::colors_enabled_stderr() {
            Colour::Styled
        } else {
            Colour::Plain
        };
        let (form, limit) = match emit {
            Emit::Events => (Form::Event, u64::MAX),
            Emit::Nothing if io::stderr().is_terminal() => {
                let columns = console::Term::stderr().size_checked();
                let columns = columns.map_or(USUAL_COLUMNS, |(_, columns)| columns.into());
                (Form::Drawing(colour, columns), limit.unwrap_or(MAX_DRAWN))
            }
            Emit::Nothing => (Form::Line(colour), limit.unwrap_or(u64::MAX)),
        };
        Self { input, form, limit }
    }

    /// Tells what was found in the input, and counts all of it.
    pub fn tell(&self, intake: &Intake) -> FindingCounts {
        let mut out = self.out();
        let counts = intake.tell(self.limit, &|finding| self.word(&finding), &mut |text| {
            // A reader that has gone away does not want the rest.
            let _ = out.write_all(text.as_bytes());
        });
        self.end(out, counts)
    }

    /// Tells what the ledger has against the rows, and counts all of it.
    pub fn tell_all(&self, findings: &[Finding]) -> FindingCounts {
        let mut out = self.out();
        let mut counts = FindingCounts::default();
        for (finding, told) in findings.iter().zip(0u64..) {
            counts.count(finding);
            if told < self.limit {
                let _ = out.write_all(self.word(finding).as_bytes());
            }
        }
        self.end(out, counts)
    }

    fn out(&self) -> BufWriter<Box<dyn io::Write>> {
        let out: Box<dyn io::Write> = match self.form {
            Form::Event => Box::new(io::stdout()),
            Form::Drawing(..) | Form::Line(_) => Box::new(io::stderr()),
        };
        BufWriter::with_capacity(WRITTEN_BYTES, out)
    }

    fn end(&self, mut out: BufWriter<Box<dyn io::Write>>, counts: FindingCounts) -> FindingCounts {
        let _ = out.flush();
        let found = counts.all();
        let hidden = found.saturating_sub(self.limit);
        if hidden > 0 {
            ui::say(&format!(
                "{}: {} not shown; --max-findings {found} shows them all",
                escape(self.input),
                counted(hidden, "more finding is", "more findings are"),
            ));
        }
        counts
    }

    fn word(&self, finding: &Finding) -> String {
        let mut text = match self.form {
            Form::Drawing(colour, columns) => {
                let mut drawing = drawing(self.input, finding, colour, columns);
                drawing.push('\n');
                drawing
            }
            Form::Line(Colour::Plain) => line(self.input, finding),
            Form::Line(Colour::Styled) => painted(&line(self.input, finding), finding.severity),
            Form::Event => event(finding),
        };
        text.push('\n');
        text
    }
}

/// A finding as an event.
fn event(finding: &Finding) -> String {
    #[derive(Serialize)]
    struct Event<'a> {
        column: Option<&'a str>,
        hint: &'a str,
        key: &'a str,
        line: Option<u64>,
        message: &'a str,
        severity: &'a str,
        r#type: &'a str,
        value: &'a str,
        version: u8,
    }
    let event = Event {
        r#type: "finding",
        version: VERSION,
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        line: finding.line,
        column: finding.column.map(Column::name),
        key: finding.key,
        value: &finding.value,
        message: &finding.message,
        hint: &finding.hint,
    };
    json::line(&event)
}

/// Whether a drawing has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colour {
    /// With escape sequences.
    Styled,
    /// Without.
    Plain,
}

/// What a finding takes as a line beside its message and its hint, but for long file names: a text
/// that grows as it is written is moved.
const PLACE_BYTES: usize = 64;

/// `payouts.csv:17: amount: …`, then the hint on a line of its own.
#[must_use]
pub fn line(input: &str, finding: &Finding) -> String {
    let told = finding.message.len().saturating_add(finding.hint.len());
    let place = input.len().saturating_add(PLACE_BYTES);
    let mut text = String::with_capacity(told.saturating_add(place));
    text.push_str(&escape(input));
    // Writing to a String cannot fail.
    if let Some(line) = finding.line {
        let _ = write!(text, ":{line}");
    }
    let column = finding.column.map_or("", Column::name);
    let hint = escape(&finding.hint);
    for part in [
        if column.is_empty() { "" } else { ": " },
        column,
        ": ",
        severity(finding),
        &escape(&finding.message),
        if hint.is_empty() { "" } else { "\n  hint: " },
        &hint,
    ] {
        text.push_str(part);
    }
    text
}

/// A line with its severity's colour, and the hint's.
fn painted(line: &str, severity: Severity) -> String {
    let (told, hint) = line.split_once('\n').unwrap_or((line, ""));
    let style = Style::new().force_styling(true);
    let told = match severity {
        Severity::Error => style.clone().red().apply_to(told),
        Severity::Warning => style.clone().yellow().apply_to(told),
    };
    match hint {
        "" => told.to_string(),
        hint => format!("{told}\n{}", style.cyan().apply_to(hint)),
    }
}

/// The place first, then the row with the characters at fault underlined, then the hint.
fn drawing(input: &str, finding: &Finding, colour: Colour, columns: usize) -> String {
    let Some(line) = finding.line.filter(|_| !finding.row.is_empty()) else {
        return self::line(input, finding);
    };
    let column = finding
        .column
        .map_or(String::new(), |column| format!(":{}", column.name()));
    let place = format!("{}:{line}{column}", escape(input));
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = format!("{}{}", severity(finding), escape(&finding.message));
    let (row, span) = clean(&finding.row, finding.row_span.clone());
    let mut group = level.with_name(place).primary_title(title).element(snippet(
        &row,
        line,
        AnnotationKind::Primary.span(span),
    ));
    let related = finding.related.as_ref().map(related);
    if let Some((value, span, line)) = &related {
        group = group.element(snippet(
            value,
            *line,
            AnnotationKind::Context.span(span.clone()),
        ));
    }
    let hint = escape(&finding.hint);
    if !hint.is_empty() {
        group = group.element(Level::HELP.with_name("hint").message(hint));
    }
    render(group, colour, columns)
}

fn render(group: Group<'_>, colour: Colour, columns: usize) -> String {
    let renderer = match colour {
        Colour::Styled => Renderer::styled(),
        Colour::Plain => Renderer::plain(),
    };
    renderer.term_width(columns).render(&[group])
}

fn severity(finding: &Finding) -> &'static str {
    match finding.severity {
        Severity::Error => "",
        Severity::Warning => "warning: ",
    }
}

fn snippet<'a>(row: &'a str, line: u64, at: Annotation<'a>) -> Snippet<'a, Annotation<'a>> {
    let line = usize::try_from(line).unwrap_or(usize::MAX);
    Snippet::source(row).line_start(line).annotation(at)
}

fn related(related: &Related) -> (String, Range<usize>, u64) {
    let (value, span) = clean(&related.value, Some(related.span.clone()));
    (value, span, related.line)
}

/// A text made plain, and where the bytes of a span are in it. Without a span all of it counts.
fn clean(text: &str, span: Option<Range<usize>>) -> (String, Range<usize>) {
    let span = span.unwrap_or(0..text.len());
    let parts = (
        text.get(..span.start),
        text.get(span.clone()),
        text.get(span.end..),
    );
    let (Some(before), Some(within), Some(after)) = parts else {
        return (escape(text).into_owned(), 0..0);
    };
    let mut cleaned = escape(before).into_owned();
    let start = cleaned.len();
    cleaned.push_str(&escape(within));
    let end = cleaned.len();
    cleaned.push_str(&escape(after));
    (cleaned, start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Finding {
        Finding {
            severity: Severity::Error,
            line: Some(17),
            column: Some(Column::Amount),
            key: "uncorrected_amount",
            kind: "amount",
            value: "1e\u{1b}7".into(),
            span: Some(1..2),
            message: "\"1e\u{1b}7\" is not an amount".into(),
            hint: "write 1".into(),
            row: "BTC,\u{202e}x,1e7".into(),
            row_span: Some(10..11),
            related: None,
        }
    }

    #[test]
    fn a_line_has_the_place_first_and_nothing_that_steers_a_terminal() {
        assert_eq!(
            line("p.csv", &finding()),
            "p.csv:17: amount: \"1e\\u{1b}7\" is not an amount\n  hint: write 1"
        );
    }

    #[test]
    fn a_drawing_underlines_the_characters_at_fault() {
        let drawn = drawing("p.csv", &finding(), Colour::Plain, 80);
        assert_eq!(
            drawn.lines().collect::<Vec<_>>(),
            [
                "p.csv:17:amount: \"1e\\u{1b}7\" is not an amount",
                "   |",
                "17 | BTC,\\u{202e}x,1e7",
                "   |                ^",
                "   |",
                "   = hint: write 1",
            ]
        );
    }

    #[test]
    fn a_finding_without_a_row_is_a_line() {
        let finding = Finding {
            row: String::new(),
            ..finding()
        };
        assert_eq!(
            drawing("p.csv", &finding, Colour::Styled, 80),
            line("p.csv", &finding)
        );
    }
}
