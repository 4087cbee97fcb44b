//! What is said about a row as a whole, and about a cell without a value.

use super::text::{
    Context, Message, counted, delimiter_words, place_of, quoted, quoted_unless_secret,
    to_be_written,
};
use crate::domain::Column;
use crate::intake::csv::{Splitter, likely_delimiter};
use crate::intake::header::MAX_LINE_BYTES;
use crate::intake::redact::is_secret;
use crate::intake::residue::{self, Residue};
use crate::intake::rows::{CellError, RowError};

/// What to do about a line break in a cell.
pub(super) const WITHOUT_LINE_BREAK: &str = "take the line break out of the cell, so that every row is one line; in Excel, Find and Replace finds it by Ctrl+J";

pub(super) fn row(context: &Context<'_>, error: RowError) -> Message {
    let width = context.checker.header.width();
    match error {
        RowError::Overlong => Message::new(
            format!("the line is longer than {} KiB", MAX_LINE_BYTES >> 10),
            "a row has a few hundred characters; look for a missing line break, or save the file as CSV again",
        ),
        RowError::OpenQuote { .. } => match context.joined_lines {
            Some(lines) => Message::new(
                format!(
                    "a cell that begins here has a line break in it, and ends {} below",
                    counted(lines.saturating_sub(1), "line")
                ),
                WITHOUT_LINE_BREAK,
            ),
            None => Message::new(
                "a quote opens here and is not closed on this line",
                "close the quote; if the cell holds a line break, take it out",
            ),
        },
        RowError::LineBreak { .. } => Message::new(
            "a line break of another kind stands inside this line",
            "take it out, or save the file as CSV again, so that every row is one line",
        ),
        RowError::Totals { .. } => {
            Message::new("this is a row of totals, not a payout", "remove the row")
        }
        RowError::HeaderAgain => Message::new("this is the header again", "remove the row"),
        RowError::OtherHeader => Message::new(
            "this row names the columns anew, and not as the header does",
            "put the rows below it into the columns of the header, or into a file of their own; do not just remove this row",
        ),
        RowError::Numbering => {
            Message::new("this row numbers the columns, and pays nobody", "remove the row")
        }
        RowError::NoPayout => Message::new(
            if context.value(Column::CurrencyCode).is_empty() {
                "currency_code, to_address and amount are missing"
            } else {
                "to_address and amount are missing"
            },
            "fill them in, or remove the row if it pays nobody",
        ),
        RowError::SplitAmount { cell } => split_amount(context, cell),
        RowError::Width { found } if found < width => in_one_cell(context).unwrap_or_else(|| {
            Message::new(
                format!(
                    "the row has {}, the header has {width}",
                    counted(found, "cell")
                ),
                "fill in what is missing, an empty cell needs its delimiter as well; or remove the row if it pays nobody",
            )
        }),
        RowError::Width { found } => Message::new(
            format!(
                "the row has {}, the header has {width}",
                counted(found, "cell")
            ),
            format!(
                "put a value that contains {} in double quotes (an amount takes a point, not a comma)",
                delimiter_words(context.checker.header.delimiter).0
            ),
        ),
    }
}

fn split_amount(context: &Context<'_>, cell: usize) -> Message {
    let amount = context.value(Column::Amount);
    Message::new(
        format!(
            "{} and {} in the next cell may be one amount with a decimal comma",
            quoted_unless_secret(&amount),
            quoted_unless_secret(&context.record.value(cell))
        ),
        "write the amount with a point, or in double quotes with --decimal-comma for the whole file; if these are two values, give the second a column with a name",
    )
}

/// What is said of a row whose cells all stand in its first one: it is in quotes as a whole, or has
/// another delimiter than the header.
fn in_one_cell(context: &Context<'_>) -> Option<Message> {
    let header = context.checker.header;
    let row = context.record.value(0);
    let delimiter = likely_delimiter(&row);
    let width = Splitter::new(delimiter, &row).split(&row).width();
    if context.record.width() > 1 || width != header.width() {
        return None;
    }
    let is_quoted = context.record.line.trim_start().starts_with('"');
    let unquote =
        "take away the quotes around the whole row, and write a doubled quote inside it as one";
    if delimiter == header.delimiter {
        let text = "the whole row is in quotes, so that it counts as one cell";
        return Some(Message::new(text, unquote));
    }
    let (_, here) = delimiter_words(delimiter);
    let (one, above) = delimiter_words(header.delimiter);
    let separate =
        format!("separate them by {above} too; a value that contains {one} goes in double quotes");
    Some(Message::new(
        format!("{here} separate the cells of this row, {above} those of the header"),
        if is_quoted {
            format!("{unquote}; then {separate}")
        } else {
            separate
        },
    ))
}

pub(super) fn cell(column: Column, error: CellError, value: &str) -> Message {
    let name = column.name();
    match error {
        CellError::StrayQuote => Message::new(
            format!("a quote is out of place in {name}"),
            "take the quote out, or put the whole value in quotes and double each quote inside it",
        )
        .at(place_of(value, '"')),
        CellError::Missing => Message::new(
            format!("{name} is missing"),
            "fill it in, or remove the row",
        ),
        CellError::Residue => residue(value),
    }
}

/// What is said of a cell in which a spreadsheet has left something in place of a value.
fn residue(value: &str) -> Message {
    let shown = quoted(value);
    let meant = residue::meant(value).filter(|meant| !is_secret(meant));
    let meant = meant.map(to_be_written);
    match (residue::of(value), meant) {
        (Some(Residue::TextFormula(_)), Some(meant)) => Message::new(
            format!("{shown} is how a spreadsheet keeps a text as a formula"),
            format!("write {meant} without the equals sign and without quotes"),
        ),
        (Some(Residue::TextMark(_)), Some(meant)) => Message::new(
            format!("{shown} begins with the apostrophe that marks a text in a spreadsheet"),
            format!("write {meant} without the apostrophe"),
        )
        .at(Some(0..1)),
        (Some(Residue::Error), _) => Message::new(
            format!("{shown} is a spreadsheet's error, not a value"),
            "mend the formula or widen the column, and save the file again",
        ),
        (Some(Residue::TextFormula(_) | Residue::TextMark(_) | Residue::Formula) | None, _) => {
            Message::new(
                format!("{shown} is a formula, not a value"),
                "write its result, or save the file with values in place of formulas",
            )
        }
    }
}
