//! Finds a column's name or a reference that makes sense only in another encoding than the detected one.
//! The detection looks at the whole file: a longer one may be read in that other encoding, and the row would
//! be another payout. So such a file is refused.

use super::csv::{Splitter, lines};
use super::decode::{Decoded, EncodingSource, more_sensible};
use super::file::FileError;
use super::header::Header;
use crate::domain::Column;

/// The first of the names of the columns, which stand on this line.
pub(super) fn in_names(decoded: &Decoded, line: u64, names: &[String]) -> Option<FileError> {
    if decoded.source != EncodingSource::Detected {
        return None;
    }
    names.iter().find_map(|name| misread(decoded, line, name))
}

/// The first of the names of the columns, or else of the references.
pub(super) fn in_rows(decoded: &Decoded, header: &Header) -> Option<FileError> {
    let of_names = in_names(decoded, header.line, &header.names);
    of_names.or_else(|| in_references(decoded, header))
}

fn in_references(decoded: &Decoded, header: &Header) -> Option<FileError> {
    if decoded.source != EncodingSource::Detected {
        return None;
    }
    let place = header.place(Column::Reference)?;
    let body = decoded.text.get(header.end..)?;
    let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, body);
    let first = header.line.saturating_add(1);
    let rows = (first..).zip(lines(body, header.line_break));
    let mut rows = rows.filter(|(_, line)| !line.text.is_ascii());
    rows.find_map(|(number, line)| {
        misread(decoded, number, &splitter.split(line.text).value(place))
    })
}

/// This value, which stands on this line, if it makes sense only in another encoding.
fn misread(decoded: &Decoded, line: u64, value: &str) -> Option<FileError> {
    let (other, in_other) = more_sensible(value, decoded.encoding)?;
    Some(FileError::Misread {
        line,
        value: value.to_owned(),
        detected: decoded.encoding,
        other,
        in_other,
    })
}
