//! What is said about a line that is not a header.

use super::file::HEADER_HINT;
use super::text::{Message, holds_secret, listed, named, quoted_unless_secret};
use crate::domain::finding::key;
use crate::domain::{Column, Finding, Severity};
use crate::intake::header::{HeaderError, HeaderFault, MAX_LINE_BYTES, Missing};

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
        HeaderFault::Record(_) => "record",
        HeaderFault::Data
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
        HeaderFault::Doubled(column) => Message::new(
            format!("the header has the column {} more than once", column.name()),
            "rename or remove one of them",
        ),
        HeaderFault::OpenQuote => Message::new(
            "a quote opens in the header and is not closed on its line",
            "close it, and keep the header on one line",
        ),
        HeaderFault::NotThere(column, name, names) => Message::new(
            format!(
                "--columns names {} for {}, and the header has no such column, or several",
                quoted_unless_secret(name),
                column.name()
            ),
            format!("it has {}", all_names(names)),
        ),
    };
    vec![message]
}

/// A message for each letter that only looks right and each name that several columns have, and
/// one for all other missing columns.
fn missing(missing: &Missing) -> Vec<Message> {
    let mut messages = Vec::new();
    for (name, column) in &missing.confusable {
        let foreign = name.chars().find(|c| !c.is_ascii());
        messages.push(Message::new(
            format!(
                "{} is not {}: it contains {}",
                quoted_unless_secret(name),
                column.name(),
                foreign.map_or(String::new(), named)
            ),
            format!("rename the column to {}", column.name()),
        ));
    }
    for (column, names) in &missing.contested {
        let names: Vec<_> = names
            .iter()
            .map(|name| quoted_unless_secret(name))
            .collect();
        messages.push(Message::new(
            format!("{} may all be {}", listed(&names, "and"), column.name()),
            format!("say which one it is: --columns '{}=…'", column.name()),
        ));
    }
    let is_told = |column: &Column| {
        missing.confusable.iter().any(|(_, of)| of == column)
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

fn lacking(missing: &Missing, columns: &[Column]) -> Message {
    let own: Vec<_> = columns.iter().map(|column| column.name()).collect();
    let plural = if own.len() == 1 { "column" } else { "columns" };
    let questions: Vec<_> = missing
        .nearest
        .iter()
        .map(|(column, name)| format!("is {} {}?", quoted_unless_secret(name), column.name()))
        .collect();
    let assignments: Vec<_> = missing
        .nearest
        .iter()
        .map(|(column, name)| format!("{}={name}", column.name()))
        .collect();
    let is_hidden = missing.nearest.iter().any(|(_, name)| holds_secret(name));
    let then = if questions.is_empty() || is_hidden {
        format!(
            "name the columns currency_code, to_address and amount, or say which is which: --columns '{}=…'",
            own.first().copied().unwrap_or_default()
        )
    } else {
        let command = assignments.join(",").replace('\'', "'\\''");
        format!("{} then --columns '{command}'", questions.join(" "))
    };
    Message::new(
        format!("the header lacks the {plural} {}", listed(&own, "and")),
        format!("it has {}; {then}", all_names(&missing.names)),
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
