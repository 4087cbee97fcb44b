//! A [`Message`] is what is said about an error, and a [`Context`] the row that it is about.

use crate::address::confusable;
use crate::characters::is_unprintable;
use crate::domain::{Column, Finding, Severity};
use crate::intake::csv::{Place, Record};
use crate::intake::header::MAX_LINE_BYTES;
use crate::intake::redact::is_secret;
use crate::intake::rows::{Checker, Fault};
use std::borrow::Cow;
use std::ops::Range;

/// The most characters of a value that a sentence quotes: as many as a reference has, and more than an
/// address.
const QUOTED_CHARS: usize = 64;

/// What stands for a value that must not be shown.
const HIDDEN: &str = "a text that may be a private key";

/// What is said about an error, without its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::intake) struct Message {
    /// Which bytes of the value are at fault.
    pub(in crate::intake) span: Option<Range<usize>>,
    pub(in crate::intake) text: String,
    pub(in crate::intake) hint: String,
}

impl Message {
    pub(super) fn new(text: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            span: None,
            text: text.into(),
            hint: hint.into(),
        }
    }

    /// With the bytes of the value that are at fault.
    pub(super) fn at(self, span: Option<Range<usize>>) -> Self {
        Self { span, ..self }
    }
}

/// A row that a message is about.
#[derive(Debug)]
pub(in crate::intake) struct Context<'a> {
    pub(in crate::intake) checker: &'a Checker<'a>,
    pub(in crate::intake) record: &'a Record<'a, 'a>,
    pub(in crate::intake) line: u64,
    /// How many lines the record takes, if a cell of it has line breaks.
    pub(in crate::intake) joined_lines: Option<usize>,
    secrecy: Secrecy,
}

/// Whether a row may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Shown,
    /// A private key or the like is in it.
    Hidden,
}

impl<'a> Context<'a> {
    pub(in crate::intake) fn new(
        checker: &'a Checker<'a>,
        record: &'a Record<'a, 'a>,
        line: u64,
    ) -> Self {
        let mut cells = (0..record.width()).map(|index| record.value(index));
        let holds_secret = cells.any(|cell| is_secret(&cell));
        Self {
            checker,
            record,
            line,
            joined_lines: None,
            secrecy: if holds_secret {
                Secrecy::Hidden
            } else {
                Secrecy::Shown
            },
        }
    }

    /// The value of a column; nothing where the file does not have it.
    pub(super) fn value(&self, column: Column) -> Cow<'a, str> {
        let index = self.checker.header.place(column);
        index.map_or(Cow::Borrowed(""), |index| self.record.value(index))
    }

    /// The finding that tells a fault of this row.
    pub(in crate::intake) fn finding(&self, fault: &Fault, message: Message) -> Finding {
        let column = fault.column();
        let mut finding = self.tell((column, fault.key(), fault.kind()), message);
        finding.severity = fault.severity();
        if self.secrecy == Secrecy::Hidden {
            return finding;
        }
        use crate::intake::rows::RowError::{
            HeaderAgain, LineBreak, NoPayout, Numbering, OpenQuote, OtherHeader, Overlong,
            SplitAmount, Totals, Width,
        };
        match fault {
            Fault::Row(LineBreak { at } | OpenQuote { at }) => {
                finding.row_span = Some(*at..at.saturating_add(1));
            }
            Fault::Row(Totals { cell } | SplitAmount { cell })
            | Fault::Memo(cell, _)
            | Fault::OtherNetwork(cell, _) => {
                finding.row_span = Some(self.cell_in_row(*cell, None));
            }
            Fault::Row(
                HeaderAgain | OtherHeader | Numbering | NoPayout | Overlong | Width { .. },
            )
            | Fault::Cell(..)
            | Fault::Currency(_)
            | Fault::Address(_)
            | Fault::Amount(_)
            | Fault::Reference(_)
            | Fault::Payee(_) => {}
        }
        if let Some(span) = &finding.row_span
            && finding.row.get(span.clone()).is_none()
        {
            finding.row_span = None;
        }
        finding
    }

    /// An error about this row, in these words.
    pub(in crate::intake) fn tell(
        &self,
        (column, key, kind): (Option<Column>, &'static str, &'static str),
        message: Message,
    ) -> Finding {
        let index = column.and_then(|column| self.checker.header.place(column));
        let mut value = index.map_or(String::new(), |index| self.record.value(index).into_owned());
        let Message {
            mut span,
            mut text,
            mut hint,
        } = message;
        let (mut row, mut row_span) = (self.shown_row().to_owned(), None);
        if self.secrecy == Secrecy::Hidden {
            row = String::new();
            if is_secret(&value) {
                text = text.replace(&quoted(&value), HIDDEN);
                hint = hint.replace(&quoted(&value), HIDDEN);
                (value, span) = (String::new(), None);
            }
        } else if let Some(index) = index {
            row_span = Some(self.cell_in_row(index, span.as_ref()));
        }
        Finding {
            severity: Severity::Error,
            line: Some(self.line),
            column,
            key,
            kind,
            value,
            span,
            message: text,
            hint,
            row,
            row_span,
            related: None,
        }
    }

    /// The line, or the beginning of one that is too long.
    fn shown_row(&self) -> &'a str {
        let line = self.record.line;
        let most = line.len().min(MAX_LINE_BYTES);
        let end = (0..=most).rev().find(|at| line.is_char_boundary(*at));
        line.get(..end.unwrap_or_default()).unwrap_or_default()
    }

    /// Where in the line the cell, or the part of its value, stands.
    fn cell_in_row(&self, index: usize, part: Option<&Range<usize>>) -> Range<usize> {
        match (self.record.place(index), part) {
            (Place::Exact(place), Some(part)) => {
                place.start.saturating_add(part.start)..place.start.saturating_add(part.end)
            }
            (Place::Exact(place) | Place::Whole(place), _) => place,
        }
    }
}

/// A value in quotes, shortened, and with what cannot be seen made visible.
pub(super) fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len().min(QUOTED_CHARS).saturating_add(4));
    quoted.push('"');
    for (count, c) in value.chars().enumerate() {
        if count >= QUOTED_CHARS {
            quoted.push('…');
            break;
        }
        if is_unprintable(c) {
            quoted.extend(c.escape_unicode());
        } else {
            quoted.push(c);
        }
    }
    quoted.push('"');
    quoted
}

/// A value in quotes for a hint that says to write it; `it` if what is shown is not what is to be typed.
pub(super) fn to_be_written(value: &str) -> String {
    if value.chars().count() > QUOTED_CHARS || value.contains(is_unprintable) {
        "it".to_owned()
    } else {
        quoted(value)
    }
}

/// A text in quotes that is not the value of the finding, unless it must not be shown.
pub(in crate::intake) fn quoted_unless_secret(text: &str) -> String {
    if is_secret(text) {
        "…".to_owned()
    } else {
        quoted(text)
    }
}

/// A character by its name or code point and, where it shows, by itself.
pub(super) fn named(c: char) -> String {
    match c {
        ' ' => "a blank".to_owned(),
        '\t' => "a tab".to_owned(),
        '\'' => "an apostrophe".to_owned(),
        '\u{fffd}' => "U+FFFD, which stands for a lost character".to_owned(),
        _ if c.is_ascii_graphic() => format!("{c:?}"),
        _ => confusable::described(c),
    }
}

/// Where a character stands in a value.
pub(super) fn place_of(value: &str, c: char) -> Option<Range<usize>> {
    value.find(c).map(|at| at..at.saturating_add(c.len_utf8()))
}

/// `1 cell`, `2 cells`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// A delimiter in words: one, and several.
pub(in crate::intake) fn delimiter_words(delimiter: u8) -> (&'static str, &'static str) {
    match delimiter {
        b';' => ("a semicolon", "semicolons"),
        b'\t' => ("a tab", "tabs"),
        _ => ("a comma", "commas"),
    }
}

/// How it is said which of these columns is the one that is meant. Columns of one name cannot be told
/// apart by `--columns`.
pub(in crate::intake) fn which(names: &[impl PartialEq], column: &str, say: &str) -> String {
    if names.windows(2).all(|pair| pair.first() == pair.last()) {
        format!("rename the one that it is to {column}")
    } else {
        format!("{say} --columns '{column}=…'")
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(in crate::intake) fn listed(words: &[impl AsRef<str>], last: &str) -> String {
    let words: Vec<_> = words.iter().map(AsRef::as_ref).collect();
    match words.as_slice() {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [words @ .., word] => format!("{} {last} {word}", words.join(", ")),
    }
}
