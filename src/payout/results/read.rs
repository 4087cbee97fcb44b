//! Reading a results file, which a spreadsheet may have saved since it was written.

use super::line::{COLUMNS, HEADER, IN_FLIGHT};
use crate::domain::escape::escape_cell;
use crate::domain::outcome::{MAX_INVOICE_ID_BYTES, own_key};
use crate::intake::table::{self, TableError, TableRow};
use crate::ledger::adopt::{Line, LineEnding};
use crate::ledger::attempt::INTERRUPTED;
use crate::ledger::table::decode_time;
use crate::ledger::{Attempt, AttemptId, AttemptStatus, Ending};
use chrono::{DateTime, NaiveDateTime, Utc};
use std::borrow::Cow;
use std::collections::HashSet;

/// Between the cells of a line: where a line break was lost, the last and the first are one.
const BREAKS_PER_LINE: usize = COLUMNS.len() - 1;

const HALF_A_LINE: usize = BREAKS_PER_LINE / 2;

/// A file with fewer of the columns' names is not a results file.
const MIN_NAMES: usize = 10;

/// What stands in a results file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The lines with an id.
    pub lines: Vec<Line>,
    /// What cannot be read as one line with an id.
    pub damaged: Vec<Damaged>,
    /// Whether the file ends within its header: every line that it had is lost.
    pub is_cut_in_header: bool,
}

/// A row in which no line can be read, or in which several stand because a line break was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The row.
    pub row: TableRow,
    /// So many lines of attempts stand in it.
    pub lines: usize,
}

/// Why a file is not a results file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It has other columns, or is not a table at all.
    NotOurs,
}

/// Reads a results file. An empty one, and one of blanks, has no lines.
///
/// # Errors
/// It is something else.
pub fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let bytes = mended(bytes);
    if !bytes.is_empty()
        && bytes.len() < HEADER.trim_end().len()
        && HEADER.as_bytes().starts_with(&bytes)
    {
        return Ok(Reading {
            is_cut_in_header: true,
            ..Reading::default()
        });
    }
    let table = match table::read(&bytes) {
        Ok(table) => table,
        Err(TableError::Blank) => return Ok(Reading::default()),
        Err(TableError::Decode(_)) => return Err(ReadError::NotOurs),
    };
    let header = table.header;
    let places = places(&header.cells).ok_or(ReadError::NotOurs)?;
    let mut reading = Reading::default();
    // The header may have lost the break behind it, and then the lines after that as well. A few
    // columns more are somebody's own.
    let width = header.cells.len();
    let lines = lines_in(&header, COLUMNS.len().saturating_add(HALF_A_LINE)).saturating_sub(1);
    if lines > 0 {
        reading.damaged.push(Damaged { row: header, lines });
    }
    for row in table.rows {
        let lines = lines_in(&row, width);
        match line(&row, &places).filter(|_| lines == 1) {
            Some(line) => reading.lines.push(line),
            None => reading.damaged.push(Damaged { row, lines }),
        }
    }
    Ok(reading)
}

impl Reading {
    /// The first damaged line that no known attempt explains: neither does an id of one stand in it,
    /// nor does it begin like the line of one that has no line of its own. It may be the only record
    /// of an attempt that the ledger lacks.
    #[must_use]
    pub fn unexplained(&self, known: &[Attempt]) -> Option<u64> {
        if self.damaged.is_empty() {
            return None;
        }
        let whole: HashSet<&str> = self.lines.iter().map(|line| line.id.as_str()).collect();
        let mut without_line: Vec<&Attempt> = known
            .iter()
            .filter(|attempt| !whole.contains(attempt.id.as_str()))
            .collect();
        let mut is_explained = |Damaged { row, lines }: &Damaged| {
            let with_id = known.iter().filter(|attempt| has_id(row, attempt)).count();
            let mut open = lines.saturating_sub(with_id);
            without_line.retain(|attempt| {
                let is_here = open > 0 && !has_id(row, attempt) && begins(row, attempt);
                open = open.saturating_sub(usize::from(is_here));
                !is_here
            });
            open == 0
        };
        let unexplained = self.damaged.iter().find(|damaged| !is_explained(damaged));
        unexplained.map(|damaged| damaged.row.line)
    }
}

/// How many lines stand in a row: two or more where it is wider than the header by about a line,
/// because a line break was lost, or where a quote has made one a part of a cell.
fn lines_in(row: &TableRow, width: usize) -> usize {
    let last = row.cells.iter().rposition(|cell| !cell.is_empty());
    let breaks = last.unwrap_or_default();
    let by_width = if breaks < width {
        1
    } else {
        let rounded = breaks.saturating_add(HALF_A_LINE);
        rounded.div_euclid(BREAKS_PER_LINE)
    };
    let in_cells = row.cells.iter().map(|cell| cell.lines().skip(1).count());
    by_width.max(in_cells.sum::<usize>().saturating_add(1))
}

/// Whether the id of an attempt stands somewhere in a row.
fn has_id(row: &TableRow, attempt: &Attempt) -> bool {
    let is_id = |word: &str| word == attempt.id.as_str();
    let mut cells = row.cells.iter();
    cells.any(|cell| cell.split(|c: char| !c.is_ascii_lowercase()).any(is_id))
}

/// Whether a row begins like the line of an attempt, as far as `started_at` or as far as it goes.
fn begins(row: &TableRow, attempt: &Attempt) -> bool {
    const IDENTITY: usize = 9;
    let fields = super::line::fields(attempt);
    let mut cells = row.cells.iter().take(IDENTITY).zip(&fields);
    if row.cells.len() > IDENTITY {
        return cells.all(|(cell, field)| cell == field);
    }
    let last = row.cells.len().saturating_sub(1);
    let is_whole = cells.by_ref().take(last).all(|(cell, field)| cell == field);
    let mut rest = row.cells.iter().zip(&fields).skip(last);
    is_whole
        && rest.all(|(cell, field)| {
            // One that was cut off between its quotes stands as it was written.
            let written = cell.strip_prefix('"').map(|it| it.replace("\"\"", "\""));
            field.starts_with(cell.as_str()) || written.is_some_and(|it| field.starts_with(&it))
        })
}

/// The bytes without what a power cut leaves behind the last of them, zeros or half a character,
/// and with a `?` for a zero elsewhere, which damages a line and not the file.
fn mended(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return bytes.into(); // UTF-16, in which a zero is half of a character.
    }
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    let end = bytes.len().saturating_sub(zeros);
    let bytes = bytes.get(..end).unwrap_or(bytes);
    let bytes = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).unwrap_or(bytes)
        }
        Ok(_) | Err(_) => bytes,
    };
    if !bytes.contains(&0) {
        return bytes.into();
    }
    let without_zeros = bytes
        .iter()
        .map(|byte| if *byte == 0 { b'?' } else { *byte });
    without_zeros.collect::<Vec<u8>>().into()
}

/// Where each of [`COLUMNS`] is; `None` if this is not the header of a results file. A name that
/// was damaged is taken for the one that has its place.
fn places(header: &[String]) -> Option<[Option<usize>; 17]> {
    let name = |cell: &String| cell.trim().to_lowercase();
    let names: Vec<String> = header.iter().map(name).collect();
    let of_name = |column: &str| names.iter().position(|name| name == column);
    let found = COLUMNS.map(of_name);
    let count = found.iter().flatten().count();
    if count < MIN_NAMES {
        return None;
    }
    let is_in_order = names.len() == COLUMNS.len();
    let mut places = found;
    for (index, place) in places.iter_mut().enumerate() {
        if place.is_none() && is_in_order && !found.contains(&Some(index)) {
            *place = Some(index);
        }
    }
    // Without these it may be another list of payouts.
    let [.., status, invoice_id, _, _, _, _, _, id] = places;
    (status.is_some() && invoice_id.is_some() && id.is_some()).then_some(places)
}

/// A line with an id.
fn line(row: &TableRow, places: &[Option<usize>; 17]) -> Option<Line> {
    let cells: [&str; 17] = places.map(|place| {
        place
            .and_then(|place| row.cells.get(place))
            .map_or("", String::as_str)
    });
    let [
        input_line,
        reference,
        payee,
        currency_code,
        to_address,
        amount,
        number,
        host,
        started_at,
        status,
        invoice_id,
        accepted_amount,
        error_key,
        detail,
        http_status,
        finished_at,
        id,
    ] = cells;
    let ending = Ending {
        status: AttemptStatus::parse(status).unwrap_or(AttemptStatus::Submitting),
        // What the program wrote stays as it is; what somebody typed is made safe to show.
        invoice_id: escape_cell(invoice_id),
        accepted_amount: escape_cell(&accepted_amount.replace(',', ".")),
        error_key: escape_cell(error_key),
        detail: escape_cell(detail),
        http_status: http_status.parse().ok(),
        finished_at: time(finished_at),
    };
    Some(Line {
        at: row.line,
        id: AttemptId::parse(id)?,
        input_line: input_line.parse().ok(),
        reference: reference.to_owned(),
        payee: payee.to_owned(),
        currency_code: currency_code.to_owned(),
        to_address: to_address.to_owned(),
        amount: amount.to_owned(),
        number: number.parse().ok(),
        host: host.to_owned(),
        started_at: time(started_at),
        ending: ending_of(ending),
    })
}

/// What a line says about its end. Only a whole answer counts: a created payout has an invoice id,
/// no other has one in that column, and what was not created says why. So nobody settles a doubt by
/// typing another status over it.
fn ending_of(ending: Ending) -> LineEnding {
    let key = ending.error_key.as_str();
    let has_no_answer = [IN_FLIGHT, INTERRUPTED].contains(&key) || own_key::is_doubt(key);
    let is_whole = match ending.status {
        AttemptStatus::Created => (1..=MAX_INVOICE_ID_BYTES).contains(&ending.invoice_id.len()),
        AttemptStatus::Rejected | AttemptStatus::NotCreated => {
            let has_reason = !ending.error_key.is_empty() || ending.is_verdict();
            ending.invoice_id.is_empty() && has_reason && !has_no_answer
        }
        AttemptStatus::Unknown => ending.invoice_id.is_empty(),
        AttemptStatus::Submitting => false,
    };
    if ending.status == AttemptStatus::Unknown && ending.error_key == IN_FLIGHT {
        LineEnding::InFlight
    } else if is_whole {
        LineEnding::Is(ending)
    } else {
        LineEnding::Unreadable {
            invoice_id: ending.invoice_id,
        }
    }
}

/// A time as the program writes it, or as spreadsheets do.
fn time(text: &str) -> Option<DateTime<Utc>> {
    /// LibreOffice and Excel, in English and in Russian.
    const FORMATS: [&str; 6] = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%d.%m.%Y %H:%M:%S%.f",
        "%d.%m.%Y %H:%M",
        "%Y-%m-%d %H:%M",
        "%m/%d/%Y %H:%M:%S%.f",
    ];
    decode_time(text).or_else(|| {
        FORMATS
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
            .map(|time| time.and_utc())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_typed_over_a_doubt_is_no_answer() {
        let ending = |status, error_key: &str| {
            let error_key = error_key.to_owned();
            ending_of(Ending {
                status,
                error_key,
                ..Ending::none_yet()
            })
        };
        for status in [AttemptStatus::Rejected, AttemptStatus::NotCreated] {
            for error_key in [IN_FLIGHT, INTERRUPTED, "no_answer", "http_307", "http_409"] {
                let typed = ending(status, error_key);
                assert!(matches!(typed, LineEnding::Unreadable { .. }), "{typed:?}");
            }
            for error_key in ["network", "http_404", "rate_limit"] {
                let answered = ending(status, error_key);
                assert!(matches!(answered, LineEnding::Is(_)), "{answered:?}");
            }
        }
    }

    #[test]
    fn a_damaged_header_is_named_by_its_own_line() {
        let header = COLUMNS.join(",");
        let one = "2,R1,,BTC,bc1q,1,1,sandbox,,created,INV-1,,,,200,,aaaaaaaaaabbbbbbbbbb";
        for above in ["", "\n\n", "sep=,\n", "\nsep=,\n\n"] {
            let reading = read(format!("{above}{header},{one}\n").as_bytes()).unwrap();
            let line = above.matches('\n').count() + 1;
            assert_eq!(
                reading.unexplained(&[]),
                u64::try_from(line).ok(),
                "{above:?}"
            );
        }
    }

    #[test]
    fn a_lost_line_break_hides_no_line_and_columns_of_somebody_s_own_are_left_alone() {
        let header = COLUMNS.join(",");
        let one = "2,R1,,BTC,bc1q,1,1,sandbox,,created,INV-1,,,,200,,aaaaaaaaaabbbbbbbbbb";
        let two = "3,R2,,BTC,bc1q,1,1,sandbox,,unknown,,,in_flight,,,,ccccccccccdddddddddd";
        let count = |text: String| {
            let reading = read(text.as_bytes()).unwrap();
            let damaged = reading.damaged.iter().map(|it| it.lines);
            (reading.lines.len(), damaged.sum::<usize>())
        };
        let far = ",".repeat(12);
        for (text, expected) in [
            (format!("{header}\n{one}\n{two}\n"), (2, 0)),
            (format!("{header},comment\n{one},paid\n{two},\n"), (2, 0)),
            (
                format!("{header}{far}\n{one}{far}a note\n{two}{far}\n"),
                (2, 0),
            ),
            (format!("{header},{one}\n{two}\n"), (1, 1)),
            (format!("{header},{one},{two}\n"), (0, 2)),
            (format!("{header}\n{one},{two}\n"), (0, 2)),
            (format!("{header}\n{one}{two}\n"), (0, 2)),
            (format!("{header}\n\"{one}\n{two}\",\n"), (0, 2)),
        ] {
            assert_eq!(count(text.clone()), expected, "{text}");
        }
    }
}
