//! Findings as text: for a terminal as a drawing, with the characters at fault underlined, and
//! for a log as one line with the hint on the next.

use crate::domain::escape::escape;
use crate::domain::finding::Related;
use crate::domain::{Column, Finding, Severity};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt::Write as _;
use std::ops::Range;

/// Whether a drawing has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// With escape sequences.
    Styled,
    /// Without.
    Plain,
}

/// What a finding takes as a line, with its hint: a text that grows as it is written is moved.
const USUAL_BYTES: usize = 512;

/// `payouts.csv:17: amount: …`, then the hint on a line of its own.
#[must_use]
pub fn line(input: &str, finding: &Finding) -> String {
    let mut text = String::with_capacity(USUAL_BYTES);
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

/// The place first, then the row with the characters at fault underlined, then the hint.
#[must_use]
pub fn drawing(input: &str, finding: &Finding, colour: Colour, columns: usize) -> String {
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
            message: "\"1e\u{1b}7\" is no amount".into(),
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
            "p.csv:17: amount: \"1e\\u{1b}7\" is no amount\n  hint: write 1"
        );
    }

    #[test]
    fn a_drawing_underlines_the_characters_at_fault() {
        let drawn = drawing("p.csv", &finding(), Colour::Plain, 80);
        assert_eq!(
            drawn.lines().collect::<Vec<_>>(),
            [
                "p.csv:17:amount: \"1e\\u{1b}7\" is no amount",
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
