//! What is misread is a name of a column or a reference that makes sense only in another encoding than the
//! one that was detected. When the file has grown, that one may be detected, and the reference would be
//! another one: so such a file is not read.

use super::csv::{Splitter, lines};
use super::decode::{Decoded, EncodingSource, more_sensible};
use super::file::FileError;
use super::header::Header;
use crate::domain::Column;

/// The first that is found.
pub(super) fn find(decoded: &Decoded, header: &Header) -> Option<FileError> {
    if decoded.source != EncodingSource::Detected {
        return None;
    }
    let error = |line, value: &str| {
        let (other, in_other) = more_sensible(value, decoded.encoding)?;
        Some(FileError::Misread {
            line,
            value: value.to_owned(),
            detected: decoded.encoding,
            other,
            in_other,
        })
    };
    let mut names = header.names.iter();
    if let Some(error) = names.find_map(|name| error(header.line, name)) {
        return Some(error);
    }
    let place = header.place(Column::Reference)?;
    let body = decoded.text.get(header.end..)?;
    let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, body);
    let first = header.line.saturating_add(1);
    let rows = (first..).zip(lines(body, header.line_break));
    let mut rows = rows.filter(|(_, line)| !line.text.is_ascii());
    rows.find_map(|(number, line)| error(number, &splitter.split(line.text).value(place)))
}
