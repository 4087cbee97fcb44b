//! A [`Table`] is any small CSV file, read as leniently as can be: for a file that this program
//! wrote itself and a spreadsheet has saved since.
//!
//! Payouts are not read this way: there, whatever is odd about a line is an error.

use super::csv::{LineBreak, Splitter, joined, likely_delimiter, lines, named_delimiter};
use super::decode::{DecodeError, decode};

/// A header and the rows below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns.
    pub header: TableRow,
    /// The rows, blank ones left out.
    pub rows: Vec<TableRow>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// The line on which it begins, as an editor shows it.
    pub line: u64,
    /// Without the blanks around them, and otherwise as they stand. There may be more or fewer than
    /// the header has.
    pub cells: Vec<String>,
}

/// Why bytes are not a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// They are not text.
    Decode(DecodeError),
    /// There is nothing but blanks.
    Blank,
}

/// Reads a table in any encoding, with any delimiter and any line breaks. The header is the first
/// line that is not blank. A line `sep=;` above it names the delimiter, which otherwise is the
/// character that parts the most names of the header.
///
/// # Errors
/// When the bytes are not text, or nothing is in them.
pub fn read(bytes: &[u8]) -> Result<Table, TableError> {
    let text = decode(bytes.to_vec(), None)
        .map_err(TableError::Decode)?
        .text;
    let line_break = LineBreak::of(&text);
    let mut delimiter = None;
    let mut table: Option<Table> = None;
    let mut joined_lines = 0usize;
    for (number, line) in (1u64..).zip(lines(&text, line_break)) {
        if joined_lines > 0 {
            joined_lines = joined_lines.saturating_sub(1);
            continue;
        }
        if table.is_none()
            && delimiter.is_none()
            && let Some(named) = named_delimiter(line.text)
        {
            delimiter = Some(named);
            continue;
        }
        if line.text.trim_matches([',', ';', '\t', ' ']).is_empty() {
            continue;
        }
        let delimiter = *delimiter.get_or_insert_with(|| likely_delimiter(line.text));
        let mut splitter = Splitter::for_piece(delimiter, line_break, line.text);
        let mut cells = splitter.split(line.text).values();
        if splitter.split(line.text).open_quote().is_some()
            && let Some((record, count)) = joined(&text, line.start, (delimiter, line_break))
        {
            cells = Splitter::for_piece(delimiter, line_break, record)
                .split(record)
                .values();
            joined_lines = count.saturating_sub(1);
        }
        let row = TableRow {
            line: number,
            cells,
        };
        match &mut table {
            Some(table) => table.rows.push(row),
            None => {
                table = Some(Table {
                    header: row,
                    rows: Vec::new(),
                });
            }
        }
    }
    table.ok_or(TableError::Blank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_is_read_in_any_dialect() {
        for bytes in [
            &b"a,b\n1, x \n\n2,y,z\n"[..],
            b"\xEF\xBB\xBFa;b\r\n1;x\r\n;\r\n2;y;z\r\n",
            b"sep=;\r\"a\";\"b\"\r1;x\r2;y;z",
            b"\n\na\tb\n1\tx\n\n2\ty\tz\n\x1A",
        ] {
            let table = read(bytes).unwrap();
            assert_eq!(table.header.cells, ["a", "b"]);
            let cells: Vec<_> = table.rows.iter().map(|row| row.cells.join("|")).collect();
            assert_eq!(cells, ["1|x", "2|y|z"]);
        }
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        let table = read(b"a,b\n\n1,\"x\ny\"\n2,\"z\n3,w\n").unwrap();
        let rows: Vec<_> = table
            .rows
            .iter()
            .map(|row| (row.line, row.cells.join("|")))
            .collect();
        assert_eq!(
            rows,
            [
                (3, "1|x\ny".to_owned()),
                (5, "2|\"z".to_owned()),
                (6, "3|w".to_owned())
            ]
        );
    }

    #[test]
    fn what_is_no_table_is_told() {
        assert_eq!(read(b" ;\n\n"), Err(TableError::Blank));
        assert_eq!(
            read(b"PK\x03\x04"),
            Err(TableError::Decode(DecodeError::Workbook))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn what_the_csv_crate_writes_is_read(
            header in prop::collection::vec("[a-zа-я_]{1,8}", 3),
            mut rows in prop::collection::vec(prop::collection::vec("[!-:<-~а-я][ -~а-я\n]{0,8}[!-~а-я]", 3), 1..6),
        ) {
            // The delimiter is told from the header, which in a table of ours has names alone. No row
            // is all semicolons, which would be a blank one.
            rows.insert(0, header);
            let mut writer = csv::Writer::from_writer(Vec::new());
            rows.iter().for_each(|row| writer.write_record(row).unwrap());
            let table = read(&writer.into_inner().unwrap()).unwrap();
            let mut read = vec![table.header.cells];
            read.extend(table.rows.into_iter().map(|row| row.cells));
            prop_assert_eq!(read, rows);
        }
    }
}
