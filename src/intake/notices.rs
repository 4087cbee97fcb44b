//! Notices are what the operator should know about how a file was read: whatever was taken for
//! something else, left out or passed over.

use super::content::Content;
use super::csv::{Splitter, lines};
use super::decode::{EncodingSource, TextEncoding};
use super::messages::text::{listed, quoted_unless_secret};
use super::rows::Checker;

/// What the operator should know about how a file was read.
pub(super) fn notices(
    content: &Content,
    encoding: TextEncoding,
    source: EncodingSource,
) -> Vec<String> {
    let header = &content.header;
    let mut notices = Vec::new();
    match source {
        EncodingSource::Valid => {}
        EncodingSource::Mark if encoding == TextEncoding::UTF_8 => {}
        EncodingSource::Mark | EncodingSource::Given => {
            notices.push(format!("the file is in {encoding}"));
        }
        EncodingSource::Detected => notices.push(format!(
            "the file is in {encoding}, as far as can be told; --encoding names another"
        )),
    }
    match header.delimiter {
        b';' => notices.push("the columns are separated by semicolons".to_owned()),
        b'\t' => notices.push("the columns are separated by tabs".to_owned()),
        _ => {}
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
    notices.extend(ignored(content));
    if let Some(line) = content.scan.evidence.odd_blank {
        notices.push(format!(
            "blanks around values that are not spaces are left out, on line {line} first"
        ));
    }
    notices
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
    (!names.is_empty()).then(|| format!("ignored column{plural}: {}", names.join(", ")))
}

/// An example of what is in a column, in quotes; `None` if there is nothing.
fn example(content: &Content, index: usize) -> Option<String> {
    let header = &content.header;
    let checker = Checker::new(header, &content.options);
    let body = content.text.get(checker.header.end..)?;
    let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, body);
    let mut values = lines(body, header.line_break)
        .map(|line| splitter.split(line.text).value(index).into_owned());
    let value = values.find(|value| !value.is_empty())?;
    Some(quoted_unless_secret(&value))
}
