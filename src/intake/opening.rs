//! An [`Opening`] is the beginning of a file up to the first line of its body.

use super::header::{Header, HeaderFault};
use super::source::{Block, Encoding, MAX_LINE_BYTES, Source, lines};
use std::io::{self, Read, Seek};

/// What stands before the rows.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) header: Header,
    /// The header's line as it stands.
    pub(super) text: String,
    /// Where in the first block the body begins.
    pub(super) body_start: usize,
    /// The line at which the body begins, as an editor counts.
    pub(super) first_line: u64,
}

/// Why there is no opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OpeningFault {
    /// There is nothing but blanks in the file.
    Blank,
    /// The first line is longer than any header.
    Overlong { line: u64 },
    /// The line is no header, for these reasons.
    Header {
        line: u64,
        text: String,
        faults: Vec<HeaderFault>,
    },
}

/// Reads the header, which is the first line that is not blank. A line `sep=;` before it, which
/// Excel writes and reads, names the delimiter.
pub(super) fn read<R: Read + Seek>(
    source: &mut Source<R>,
) -> io::Result<Result<Opening, OpeningFault>> {
    source.rewind()?;
    let Some(block) = source.next_block(Block::new())? else {
        return Ok(Err(OpeningFault::Blank));
    };
    let mut delimiter = None;
    let mut number = 0u64;
    for line in lines(&block, source.line_break) {
        number = number.saturating_add(1);
        if line.bytes.len() > MAX_LINE_BYTES {
            return Ok(Err(OpeningFault::Overlong { line: number }));
        }
        let text = line.bytes.trim_ascii();
        if text.iter().all(|byte| b",;\t ".contains(byte)) {
            continue;
        }
        if let Some(named) = named_delimiter(text) {
            delimiter = Some(named);
            continue;
        }
        let header = match Header::read(line.bytes, delimiter) {
            Ok(header) => header,
            Err(faults) => {
                return Ok(Err(OpeningFault::Header {
                    line: number,
                    text: String::from_utf8_lossy(line.bytes).into_owned(),
                    faults,
                }));
            }
        };
        return Ok(Ok(Opening {
            header,
            text: String::from_utf8_lossy(line.bytes).into_owned(),
            body_start: line.next,
            first_line: number.saturating_add(1),
        }));
    }
    Ok(Err(OpeningFault::Blank))
}

impl Opening {
    /// What the operator should know about how the file was read.
    pub(super) fn notices(&self, encoding: Encoding) -> Vec<String> {
        let mut notices = Vec::new();
        if let Encoding::Utf16(_) = encoding {
            notices.push("the file is in UTF-16".to_owned());
        }
        match self.header.delimiter {
            b';' => notices.push("the columns are separated by semicolons".to_owned()),
            b'\t' => notices.push("the columns are separated by tabs".to_owned()),
            _ => {}
        }
        if !self.header.ignored.is_empty() {
            let plural = if self.header.ignored.len() == 1 {
                "column"
            } else {
                "columns"
            };
            let names = self.header.ignored.join(", ");
            notices.push(format!("ignored {plural}: {names}"));
        }
        notices
    }
}

/// The delimiter in `sep=;`.
fn named_delimiter(line: &[u8]) -> Option<u8> {
    let line = line
        .trim_ascii()
        .strip_prefix(b"\"")
        .map_or(line, |line| line.strip_suffix(b"\"").unwrap_or(line));
    match line {
        [
            b's' | b'S',
            b'e' | b'E',
            b'p' | b'P',
            b'=',
            delimiter @ (b',' | b';' | b'\t'),
        ] => Some(*delimiter),
        _ => None,
    }
}
