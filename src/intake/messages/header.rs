//! What is said about a line that is not a header.

use super::file::{HEADER_HINT, SAVE_AS};
use super::row::WITHOUT_LINE_BREAK;
use super::text::{Message, listed, named, quoted_unless_secret, which};
use crate::domain::finding::key;
use crate::domain::{Column, Finding, Severity};
use crate::intake::columns::REQUIRED;
use crate::intake::header::{HeaderError, HeaderFault, MAX_HEADER_LINES, MAX_LINE_BYTES, Missing};
use crate::intake::redact::{holds_secret, is_secret};

/// The findings that tell it.
pub(in crate::intake) fn findings(error: &HeaderError) -> Vec<Finding> {
    let row = if holds_secret(&error.text) {
        ""
    } else {
        &error.text
    };
    let messages = messages(&error.fault).into_iter();
    messages
        .map(|message| Finding {
            severity: Severity::Error,
            line: Some(error.line),
            column: None,
            key: key::HEADER,
            kind: kind(&error.fault),
            value: String::new(),
            span: None,
            message: message.text,
            hint: message.hint,
            row: row.to_owned(),
            row_span: None,
            related: None,
        })
        .collect()
}

/// The noun under which it is counted.
fn kind(fault: &HeaderFault) -> &'static str {
    match fault {
        HeaderFault::Overlong => "long line",
        HeaderFault::OpenQuote => "quote",
        HeaderFault::LineBreak => "line break",
        HeaderFault::Record(_) => "record",
        HeaderFault::Data
        | HeaderFault::RowAbove(_)
        | HeaderFault::GoesOn(_)
        | HeaderFault::TooLow
        | HeaderFault::OneColumn
        | HeaderFault::InOneCell
        | HeaderFault::Quoted
        | HeaderFault::Markup
        | HeaderFault::Missing(_)
        | HeaderFault::Doubled(_)
        | HeaderFault::NotThere(..) => "header",
    }
}

fn messages(fault: &HeaderFault) -> Vec<Message> {
    let message = match fault {
        HeaderFault::Missing(missing) => return self::missing(missing),
        HeaderFault::Overlong => Message::new(
            format!(
                "the line is longer than {} KiB, so it is not a header",
                MAX_LINE_BYTES >> 10
            ),
            HEADER_HINT,
        ),
        HeaderFault::Record(name) => Message::new(
            format!(
                "this is a record that ccbatch wrote, not a file of payouts: it has the column {}",
                quoted_unless_secret(name)
            ),
            "give the file that the payouts were read from, and mend the rows there",
        ),
        HeaderFault::Data => Message::new("the first line is a row, not a header", HEADER_HINT),
        HeaderFault::RowAbove(header) => Message::new(
            format!(
                "this row stands above the header, which is on line {header}, and would not be paid"
            ),
            "put the header back above all rows, if the table was sorted together with it; take this row out if it is not to be paid",
        ),
        HeaderFault::GoesOn(name) => Message::new(
            format!(
                "a part of the header stands on this line: {}",
                quoted_unless_secret(name)
            ),
            "make one line of both, so that every column has its whole name there; do not just remove this one",
        ),
        HeaderFault::Doubled(column) => Message::new(
            format!("the header has the column {} more than once", column.name()),
            "rename or remove one of them",
        ),
        HeaderFault::OpenQuote => Message::new(
            "a quote opens in the header and is not closed on its line",
            "close it, and keep the header on one line",
        ),
        HeaderFault::LineBreak => Message::new(
            "the name of a column has a line break in it",
            WITHOUT_LINE_BREAK,
        ),
        HeaderFault::OneColumn => Message::new(
            "nothing separates columns here: no comma, semicolon or tab",
            format!(
                "{SAVE_AS}; the names of the columns must be among its first {MAX_HEADER_LINES} lines"
            ),
        ),
        HeaderFault::TooLow => Message::new(
            format!("the header must be among the first {MAX_HEADER_LINES} lines, and stands here"),
            "take lines out that stand above it",
        ),
        HeaderFault::InOneCell => Message::new(
            "the whole header is in quotes, so that it counts as one column",
            "take away the quotes around each whole line; in Excel, Text to Columns splits them, and the file is saved as CSV UTF-8 again",
        ),
        HeaderFault::Quoted => Message::new(
            "the quotes around the names of columns count as part of the names",
            "put no blank between a delimiter and a quote, in the rows below too",
        ),
        HeaderFault::Markup => Message::new("this is HTML, XML, JSON or RTF, not a CSV", SAVE_AS),
        HeaderFault::NotThere(column, name, names) => not_there(*column, name, names),
    };
    vec![message]
}

fn not_there(column: Column, name: &str, names: &[String]) -> Message {
    Message::new(
        format!(
            "--columns, or the setting of that name, says {} for {}, and the header has no such column, or several",
            quoted_unless_secret(name),
            column.name()
        ),
        format!(
            "it has {}; --columns with the names of this file counts in place of the setting",
            all_names(names)
        ),
    )
}

/// A message for each letter that only looks right and each name that several columns have, and
/// one for all other missing columns.
fn missing(missing: &Missing) -> Vec<Message> {
    let mut messages = Vec::new();
    for (name, column, letter) in &missing.confusable {
        messages.push(Message::new(
            format!(
                "{} is not {}: it contains {}",
                quoted_unless_secret(name),
                column.name(),
                of_another_script(*letter)
            ),
            format!("rename the column to {}", column.name()),
        ));
    }
    let is_twice = |column: &Column| {
        let mut contested = missing.contested.iter();
        let names = contested.find(|(of, _)| of == column);
        names.is_some_and(|(_, names)| names.iter().all(|name| names.first() == Some(name)))
    };
    if REQUIRED.iter().all(is_twice) {
        return vec![Message::new(
            "every column is there more than once: two tables stand side by side",
            "put the rows of one table below those of the other, under one set of columns",
        )];
    }
    for (column, names) in &missing.contested {
        let names: Vec<_> = names
            .iter()
            .map(|name| quoted_unless_secret(name))
            .collect();
        messages.push(Message::new(
            format!("{} may each be {}", listed(&names, "and"), column.name()),
            which(&names, column.name(), "say which one it is:"),
        ));
    }
    let is_told = |column: &Column| {
        missing.confusable.iter().any(|(_, of, _)| of == column)
            || missing.contested.iter().any(|(of, _)| of == column)
    };
    let others: Vec<_> = missing
        .columns
        .iter()
        .copied()
        .filter(|column| !is_told(column))
        .collect();
    if !others.is_empty() {
        messages.push(lacking(missing, &others));
    }
    messages
}

/// A letter that only looks right, by what it is.
pub(in crate::intake) fn of_another_script(letter: char) -> String {
    if letter.is_ascii() {
        format!("the Latin letter {letter:?} among Cyrillic ones")
    } else {
        named(letter)
    }
}

fn lacking(missing: &Missing, columns: &[Column]) -> Message {
    let own: Vec<_> = columns.iter().map(|column| column.name()).collect();
    let plural = if own.len() == 1 { "column" } else { "columns" };
    let nearest = |column: &Column| {
        let nearest = missing.nearest.iter().find(|(of, _)| of == column);
        nearest
            .map(|(_, name)| name)
            .filter(|name| !is_secret(name))
    };
    let mut questions = Vec::new();
    let mut assignments = Vec::new();
    for column in columns {
        let own = column.name();
        match nearest(column) {
            Some(name) => {
                questions.push(format!("is {} {own}?", quoted_unless_secret(name)));
                assignments.push(format!("{own}={}", name.replace('\'', "'\\''")));
            }
            None => {
                questions.push(format!("which is {own}?"));
                assignments.push(format!("{own}=…"));
            }
        }
    }
    let code = Column::CurrencyCode;
    let without_codes = if columns.contains(&code) && nearest(&code).is_none() {
        "; if the file has no codes, add the column currency_code, with a code like USDT_TRC20 in every row"
    } else {
        ""
    };
    Message::new(
        format!("the header lacks the {plural} {}", listed(&own, "and")),
        format!(
            "it has {}; {} say so with --columns '{}'{without_codes}",
            all_names(&missing.names),
            questions.join(" "),
            assignments.join(",")
        ),
    )
}

fn all_names(names: &[String]) -> String {
    /// More names than this do not help.
    const MOST: usize = 20;
    let mut shown: Vec<_> = names
        .iter()
        .filter(|name| !name.is_empty())
        .take(MOST)
        .map(|name| quoted_unless_secret(name))
        .collect();
    if names.len() > MOST {
        shown.push("…".to_owned());
    }
    if shown.is_empty() {
        return "no names".to_owned();
    }
    shown.join(", ")
}
