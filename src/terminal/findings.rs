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
use std::io::{self, IsTerminal, Write as _};
use std::ops::Range;

/// How many findings a screen takes.
const MAX_DRAWN: u64 = 20;

/// How many findings of the ledger are written at a time.
const WRITTEN_AT_ONCE: usize = 1_000;

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
        let word = |told: &mut Vec<u8>, finding: Finding| self.word(told, &finding);
        let counts = intake.tell(self.limit, &word, &mut |told| {
            self.write(told);
            told.clear();
        });
        self.tell_hidden(&counts);
        counts
    }

    /// Tells what the ledger has against the rows, and counts all of it.
    pub fn tell_all(&self, findings: &[Finding]) -> FindingCounts {
        let mut counts = FindingCounts::default();
        findings.iter().for_each(|finding| counts.count(finding));
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let shown = &findings[..findings.len().min(most)];
        for part in shown.chunks(WRITTEN_AT_ONCE) {
            let mut told = Vec::new();
            part.iter()
                .for_each(|finding| self.word(&mut told, finding));
            self.write(&told);
        }
        self.tell_hidden(&counts);
        counts
    }

    fn write(&self, told: &[u8]) {
        // A reader that has gone away does not want it.
        let _ = match self.form {
            Form::Event => io::stdout().write_all(told),
            Form::Drawing(..) | Form::Line(_) => io::stderr().write_all(told),
        };
    }

    fn tell_hidden(&self, counts: &FindingCounts) {
        let found = counts.all();
        let hidden = found.saturating_sub(self.limit);
        if hidden > 0 {
            ui::say(&format!(
                "{}: {} not shown; --max-findings {found} shows them all",
                escape(self.input),
                counted(hidden, "more finding is", "more findings are"),
            ));
        }
    }

    fn word(&self, told: &mut Vec<u8>, finding: &Finding) {
        match self.form {
            Form::Drawing(colour, columns) => {
                let drawing = drawing(self.input, finding, colour, columns);
                told.extend_from_slice(drawing.as_bytes());
                told.push(b'\n');
            }
            Form::Line(Colour::Plain) => write_line(told, self.input, finding),
            Form::Line(Colour::Styled) => {
                let line = painted(&line(self.input, finding), finding.severity);
                told.extend_from_slice(line.as_bytes());
            }
            Form::Event => write_event(told, finding),
        }
        told.push(b'\n');
    }
}

/// Writes a finding as an event, without its line break: field by field, because there may be
/// millions of them.
fn write_event(out: &mut Vec<u8>, finding: &Finding) {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (quote, column) = match finding.column {
        Some(column) => ("\"", column.name()),
        None => ("", "null"),
    };
    // Nothing stands in the way of numbers in memory.
    out.extend_from_slice(br#"{"type":"finding","version":"#);
    let _ = json::write(&VERSION, out);
    out.extend_from_slice(br#","line":"#);
    let _ = json::write(&finding.line, out);
    for part in [
        r#","severity":""#,
        severity,
        r#"","column":"#,
        quote,
        column,
        quote,
        r#","key":""#,
        finding.key,
        "\"",
    ] {
        out.extend_from_slice(part.as_bytes());
    }
    for (name, text) in [
        (r#","value":"#, &finding.value),
        (r#","message":"#, &finding.message),
        (r#","hint":"#, &finding.hint),
    ] {
        out.extend_from_slice(name.as_bytes());
        json::write_text(text, out);
    }
    out.push(b'}');
}

/// Whether a drawing has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colour {
    /// With escape sequences.
    Styled,
    /// Without.
    Plain,
}

/// `payouts.csv:17: amount: …`, then the hint on a line of its own.
#[must_use]
pub fn line(input: &str, finding: &Finding) -> String {
    let mut line = Vec::new();
    write_line(&mut line, input, finding);
    String::from_utf8(line).unwrap_or_default()
}

fn write_line(out: &mut Vec<u8>, input: &str, finding: &Finding) {
    out.extend_from_slice(escape(input).as_bytes());
    if let Some(line) = finding.line {
        // Writing to memory cannot fail.
        let _ = write!(out, ":{line}");
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
        out.extend_from_slice(part.as_bytes());
    }
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
    fn an_event_has_all_but_the_row() {
        let mut event = Vec::new();
        write_event(&mut event, &finding());
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&event).unwrap(),
            serde_json::json!({
                "type": "finding",
                "version": VERSION,
                "severity": "error",
                "line": 17,
                "column": "amount",
                "key": "uncorrected_amount",
                "value": "1e\u{1b}7",
                "message": "\"1e\u{1b}7\" is not an amount",
                "hint": "write 1",
            })
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
