//! Notices are what the operator should know about how a file was read: whatever was taken for
//! something else, left out or passed over.

use super::columns;
use super::content::Content;
use super::csv::{Splitter, lines};
use super::decode::{EncodingSource, TextEncoding};
use super::messages::header::of_another_script;
use super::messages::text::{delimiter_words, listed, quoted_unless_secret, which};
use super::rows::Checker;
use crate::domain::Column;
use std::collections::HashSet;

/// How many rows are looked at to tell whether a column may hold references.
const LOOKED_AT_ROWS: usize = 1_000;

/// How many ignored columns are named.
const MOST_NAMES: usize = 50;

/// What the operator should know about how a file was read.
pub(super) fn notices(
    content: &Content,
    encoding: TextEncoding,
    source: EncodingSource,
) -> Vec<String> {
    let header = &content.header;
    let mut notices: Vec<_> = self::encoding(encoding, source).into_iter().collect();
    if header.delimiter != b',' {
        let (_, several) = delimiter_words(header.delimiter);
        notices.push(format!("the columns are separated by {several}"));
    }
    notices.extend(passed_over(content));
    let taken: Vec<_> = header
        .taken()
        .into_iter()
        .map(|(column, name)| format!("{} is {}", quoted_unless_secret(name), column.name()))
        .collect();
    if !taken.is_empty() {
        notices.push(format!("columns by other names: {}", taken.join(", ")));
    }
    notices.extend(contested(content));
    notices.extend(confused(content));
    notices.extend(ignored(content));
    notices.extend(maybe_reference(content));
    if let Some(line) = content.scan.evidence.odd_blank {
        notices.push(format!(
            "blanks around values that are not spaces are left out, on line {line} first"
        ));
    }
    notices
}

/// What a file that is not plainly in UTF-8 is written in.
pub(super) fn encoding(encoding: TextEncoding, source: EncodingSource) -> Option<String> {
    match source {
        EncodingSource::Valid => None,
        EncodingSource::Mark if encoding == TextEncoding::UTF_8 => None,
        EncodingSource::Mark | EncodingSource::Given => Some(format!("the file is in {encoding}")),
        EncodingSource::Detected => Some(format!(
            "the file seems to be in {encoding}; if not, name its encoding with --encoding"
        )),
    }
}

fn passed_over(content: &Content) -> Option<String> {
    let header = &content.header;
    let lines: Vec<_> = header
        .passed_over
        .iter()
        .map(|(line, _)| line.to_string())
        .collect();
    let (_, first) = header.passed_over.first()?;
    let first = first.trim_end_matches([',', ';', '\t', ' ']);
    let (noun, verb) = if lines.len() == 1 {
        ("line", "is")
    } else {
        ("lines", "are")
    };
    Some(format!(
        "the header is on line {}; {noun} {} above it {verb} passed over: {}",
        header.line,
        listed(&lines, "and"),
        quoted_unless_secret(first),
    ))
}

fn ignored(content: &Content) -> Option<String> {
    let header = &content.header;
    let names: Vec<_> = header
        .ignored()
        .into_iter()
        .filter_map(
            |index| match header.names.get(index).map_or("", String::as_str) {
                "" => {
                    let example = example(content, index)?;
                    let number = index.saturating_add(1);
                    Some(format!("column {number} without a name ({example})"))
                }
                name => Some(quoted_unless_secret(name).trim_matches('"').to_owned()),
            },
        )
        .collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    let (shown, others) = names.split_at(names.len().min(MOST_NAMES));
    let more = match others.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    (!names.is_empty()).then(|| format!("ignored column{plural}: {}{more}", shown.join(", ")))
}

/// An example of what is in a column, in quotes; `None` if there is nothing.
fn example(content: &Content, index: usize) -> Option<String> {
    let value = values(content, index).find(|value| !value.is_empty())?;
    Some(quoted_unless_secret(&value))
}

/// The values of a column, row by row.
fn values(content: &Content, index: usize) -> impl Iterator<Item = String> {
    let header = &content.header;
    let body = content.text.get(header.end..).unwrap_or_default();
    let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, body);
    lines(body, header.line_break).filter_map(move |line| {
        let record = splitter.split(line.text);
        (!Checker::is_blank(&record)).then(|| record.value(index).into_owned())
    })
}

/// Names of which each might be the same optional column.
fn contested(content: &Content) -> Vec<String> {
    let contested = content.header.contested().into_iter();
    contested
        .map(|(column, names)| {
            let names: Vec<_> = names.into_iter().map(quoted_unless_secret).collect();
            let column = column.name();
            format!(
                "{} may each be {column}, so neither is taken: {}",
                listed(&names, "and"),
                which(&names, column, "say which with")
            )
        })
        .collect()
}

/// Names that look like an optional column's, and are not.
fn confused(content: &Content) -> Vec<String> {
    let header = &content.header;
    let ignored = header.ignored().into_iter();
    ignored
        .filter_map(|index| {
            let name = header.names.get(index)?;
            let (column, letter) = columns::confused_with(name)?;
            header.place(column).is_none().then(|| {
                format!(
                    "{} is not {column}: it contains {}; rename the column to {column}",
                    quoted_unless_secret(name),
                    of_another_script(letter),
                    column = column.name(),
                )
            })
        })
        .collect()
}

/// What to do if an ignored column holds references. One that counts the rows does not: the next file
/// would count from 1 as well.
fn maybe_reference(content: &Content) -> Option<String> {
    let header = &content.header;
    let has_references = header.place(Column::Reference).is_some()
        || header
            .contested()
            .iter()
            .any(|(column, _)| *column == Column::Reference);
    if has_references {
        return None;
    }
    let name = |index: usize| header.names.get(index).map_or("", String::as_str);
    let index = header
        .ignored()
        .into_iter()
        .find(|index| columns::is_id(name(*index)) && may_be_references(values(content, *index)))?;
    let names = content.options.reading.columns.clone();
    let names = names.with(Column::Reference, name(index)).to_string();
    Some(format!(
        "no column is the reference: if {} is an id of your own that no other payout ever has, give --columns '{}'",
        quoted_unless_secret(name(index)),
        names.replace('\'', "'\\''")
    ))
}

/// Whether the first of these values are all there, each once, and more than a count of the rows.
fn may_be_references(values: impl Iterator<Item = String>) -> bool {
    let values: Vec<_> = values.take(LOOKED_AT_ROWS).collect();
    let numbers: Option<Vec<u64>> = values.iter().map(|value| value.parse().ok()).collect();
    let is_count = |numbers: &Vec<u64>| {
        let mut pairs = numbers.iter().zip(numbers.iter().skip(1));
        pairs.all(|(a, b)| a.checked_add(1) == Some(*b))
    };
    let distinct: HashSet<_> = values.iter().filter(|value| !value.is_empty()).collect();
    distinct.len() == values.len() && !numbers.as_ref().is_some_and(is_count)
}
