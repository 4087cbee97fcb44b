//! A [`Row`] is one line of the file, split into its cells, before anything about it is checked.
//!
//! Every line is a row of its own, because a line break inside a cell is refused: an unclosed
//! quote can then never swallow the payouts below it. Cells are split by hand and not by the csv
//! crate, which reads stray quotes without a word and does not say where in the line a cell
//! stands; a test holds the two against each other.

use super::source::{Line, LineBreak};
use memchr::memchr;
use std::ops::Range;
use std::str::Utf8Error;

/// Splits the lines of a block into cells; keeps its buffers from line to line.
#[derive(Debug)]
pub(super) struct Splitter {
    delimiter: u8,
    rare: Rare,
    cells: Vec<Cell>,
    unescaped: Vec<u8>,
}

/// One line and its cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    /// The line as it stands in the file, without its line break.
    pub(super) line: &'a [u8],
    text: Option<&'a str>,
    cells: &'a [Cell],
    unescaped: &'a [u8],
    rare: Rare,
}

/// What most files do not have at all, so that one look at a block saves one at each line.
#[derive(Clone, Copy, Debug)]
struct Rare {
    has_quotes: bool,
    /// The byte that is half a line break if it is in the middle of a line.
    half_break: Option<u8>,
}

/// Where a cell stands in its line, and how it is quoted.
#[derive(Clone, Debug)]
struct Cell {
    /// In the line; of a quoted cell what is between the quotes.
    inner: Range<usize>,
    quoting: Quoting,
}

/// How a cell is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Quoting {
    /// Not at all.
    Bare,
    /// In quotes, without a quote inside.
    Quoted,
    /// In quotes with doubled quotes inside; the value stands in the other buffer.
    Escaped(Range<usize>),
    /// Something follows the closing quote.
    Stray,
    /// The quote is never closed.
    Open,
}

impl Splitter {
    /// For the lines of this block.
    pub(super) fn new(delimiter: u8, line_break: LineBreak, block: &[u8]) -> Self {
        let half_break = line_break.other_byte();
        Self {
            delimiter,
            rare: Rare {
                has_quotes: memchr(b'"', block).is_some(),
                half_break: memchr(half_break, block).map(|_| half_break),
            },
            cells: Vec::new(),
            unescaped: Vec::new(),
        }
    }

    pub(super) fn split<'a>(&'a mut self, line: Line<'a>) -> Row<'a> {
        self.cells.clear();
        self.unescaped.clear();
        if self.rare.has_quotes {
            self.split_with_quotes(line.bytes);
        } else {
            let mut start = 0;
            for_each_match(line.bytes, self.delimiter, |end| {
                self.push(start..end, Quoting::Bare);
                start = end.saturating_add(1);
            });
            self.push(start..line.bytes.len(), Quoting::Bare);
        }
        Row {
            line: line.bytes,
            text: line.text,
            cells: &self.cells,
            unescaped: &self.unescaped,
            rare: self.rare,
        }
    }

    fn split_with_quotes(&mut self, line: &[u8]) {
        let mut start = 0;
        loop {
            let end = if line.get(start) == Some(&b'"') {
                self.quoted(line, start)
            } else {
                let end = self.next_delimiter(line, start);
                self.push(start..end, Quoting::Bare);
                end
            };
            if end >= line.len() {
                break;
            }
            start = end.saturating_add(1);
        }
    }

    /// Takes the cell whose quote opens at `start`, and returns where it ends.
    fn quoted(&mut self, line: &[u8], start: usize) -> usize {
        let inner = start.saturating_add(1);
        let unescaped = self.unescaped.len();
        let mut from = inner;
        loop {
            let Some(found) = memchr(b'"', &line[from..]) else {
                self.push(start..line.len(), Quoting::Open);
                return line.len();
            };
            let quote = from.saturating_add(found);
            let after = quote.saturating_add(1);
            match line.get(after) {
                Some(b'"') => {
                    self.unescaped.extend_from_slice(&line[from..after]);
                    from = after.saturating_add(1);
                }
                Some(byte) if *byte != self.delimiter => {
                    let end = self.next_delimiter(line, after);
                    self.push(start..end, Quoting::Stray);
                    return end;
                }
                _ => {
                    let quoting = if from == inner {
                        Quoting::Quoted
                    } else {
                        self.unescaped.extend_from_slice(&line[from..quote]);
                        Quoting::Escaped(unescaped..self.unescaped.len())
                    };
                    self.push(inner..quote, quoting);
                    return after;
                }
            }
        }
    }

    fn next_delimiter(&self, line: &[u8], start: usize) -> usize {
        memchr(self.delimiter, &line[start..])
            .map_or(line.len(), |found| start.saturating_add(found))
    }

    fn push(&mut self, inner: Range<usize>, quoting: Quoting) {
        self.cells.push(Cell { inner, quoting });
    }
}

impl<'a> Row<'a> {
    /// How many cells there are; a blank line has one.
    pub(super) fn width(&self) -> usize {
        self.cells.len()
    }

    /// The value of a cell without the blanks around it, and without its quotes; of a cell with
    /// stray quotes as it stands.
    pub(super) fn value(&self, index: usize) -> &'a [u8] {
        match self.cells.get(index) {
            None => b"",
            Some(cell) => match &cell.quoting {
                Quoting::Escaped(range) => trim(&self.unescaped[range.clone()]),
                _ => trim(&self.line[cell.inner.clone()]),
            },
        }
    }

    /// The value of a cell as text.
    pub(super) fn text(&self, index: usize) -> Result<&'a str, Utf8Error> {
        // A slice of what is known to be text costs less than another look at its bytes.
        match (self.text, self.place(index)) {
            (Some(line), Place::Exact(range)) => match line.get(range) {
                Some(text) => Ok(text),
                None => std::str::from_utf8(self.value(index)),
            },
            _ => std::str::from_utf8(self.value(index)),
        }
    }

    /// Where the value of a cell stands in the line, and whether byte for byte.
    pub(super) fn place(&self, index: usize) -> Place {
        let Some(cell) = self.cells.get(index) else {
            let end = self.line.len();
            return Place::Whole(end..end);
        };
        if let Quoting::Escaped(_) = cell.quoting {
            return Place::Whole(cell.inner.clone());
        }
        let tail = self.line[cell.inner.clone()].trim_ascii_start();
        let start = cell.inner.end.saturating_sub(tail.len());
        Place::Exact(start..start.saturating_add(tail.trim_ascii_end().len()))
    }

    /// Whether quotes stand where none should: after a closing quote, or inside a bare cell.
    pub(super) fn has_stray_quote(&self, index: usize) -> bool {
        self.rare.has_quotes
            && self
                .cells
                .get(index)
                .is_some_and(|cell| match cell.quoting {
                    Quoting::Stray => true,
                    Quoting::Bare => memchr(b'"', &self.line[cell.inner.clone()]).is_some(),
                    Quoting::Quoted | Quoting::Escaped(_) | Quoting::Open => false,
                })
    }

    /// Where half a line break stands in the middle of the line.
    pub(super) fn half_break(&self) -> Option<usize> {
        memchr(self.rare.half_break?, self.line)
    }

    /// Where a quote opens that this line does not close.
    pub(super) fn open_quote(&self) -> Option<usize> {
        let last = self.cells.last()?;
        (last.quoting == Quoting::Open).then_some(last.inner.start)
    }

    /// Whether the cells from this one on are all blank.
    pub(super) fn is_blank_from(&self, index: usize) -> bool {
        (index..self.cells.len()).all(|index| self.value(index).is_empty())
    }
}

/// Calls `visit` with every place at which the byte stands.
///
/// Eight bytes at a time: cells are too short for a search that starts anew at each of them.
fn for_each_match(bytes: &[u8], wanted: u8, mut visit: impl FnMut(usize)) {
    const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let pattern = u64::from_le_bytes([wanted; 8]);
    let (words, rest) = bytes.as_chunks::<8>();
    let mut base = 0usize;
    for word in words {
        let differences = u64::from_le_bytes(*word) ^ pattern;
        // The highest bit of each byte that is zero, and of no other one.
        let carried = (differences & LOW_BITS).wrapping_add(LOW_BITS);
        let mut found = !(carried | differences | LOW_BITS);
        while found != 0 {
            visit(base.saturating_add(found.trailing_zeros() as usize / 8));
            found &= found.wrapping_sub(1);
        }
        base = base.saturating_add(8);
    }
    for (place, byte) in rest.iter().enumerate() {
        if *byte == wanted {
            visit(base.saturating_add(place));
        }
    }
}

/// Where a value stands in its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Byte for byte here.
    Exact(Range<usize>),
    /// Here, but with doubled quotes, so that only the whole can be pointed at.
    Whole(Range<usize>),
}

/// Blanks are spaces and tabs. The other blanks of Unicode are not trimmed but told: where they
/// stand, something was pasted.
fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn splitter_of(line: &str) -> Splitter {
        Splitter::new(b',', LineBreak::LineFeed, line.as_bytes())
    }

    fn values(line: &str) -> Vec<String> {
        let mut splitter = splitter_of(line);
        let row = splitter.split(line.into());
        (0..row.width())
            .map(|index| String::from_utf8_lossy(row.value(index)).into_owned())
            .collect()
    }

    #[test]
    fn cells_are_split_and_trimmed() {
        for (line, expected) in [
            ("", vec![""]),
            ("a", vec!["a"]),
            ("a,b", vec!["a", "b"]),
            ("a,", vec!["a", ""]),
            (",", vec!["", ""]),
            (" a ,\tb", vec!["a", "b"]),
            (r#""a,b",c"#, vec!["a,b", "c"]),
            (r#""say ""x""",c"#, vec![r#"say "x""#, "c"]),
            (r#"""",""#, vec![r#"","#]),
            (r#""a"#, vec![r#""a"#]),
            (r#""a"b,c"#, vec![r#""a"b"#, "c"]),
        ] {
            assert_eq!(values(line), expected, "{line}");
        }
    }

    #[test]
    fn quotes_out_of_place_are_seen() {
        for (line, open) in [
            (r#"a,"b"#, Some(2)),
            (r#"a,"b""#, None),
            (r#"a,"b"",c"#, Some(2)),
        ] {
            assert_eq!(
                splitter_of(line).split(line.into()).open_quote(),
                open,
                "{line}"
            );
        }
        for (line, stray) in [
            (r#""a"b"#, true),
            (r#"a"b"#, true),
            (r#" "a""#, true),
            (r#""a""#, false),
            (r#""a""b""#, false),
        ] {
            let mut splitter = splitter_of(line);
            assert_eq!(
                splitter.split(line.into()).has_stray_quote(0),
                stray,
                "{line}"
            );
        }
    }

    #[test]
    fn a_value_is_found_again_in_its_line() {
        let line = r#"x, ab ,"cd","e""f",  "#;
        let mut splitter = splitter_of(line);
        let row = splitter.split(line.into());
        assert_eq!(row.place(1), Place::Exact(3..5));
        assert_eq!(row.place(2), Place::Exact(8..10));
        assert_eq!(row.place(3), Place::Whole(13..17));
        assert_eq!(row.place(4), Place::Exact(21..21));
        assert_eq!(row.text(1), Ok("ab"));
        assert_eq!(row.text(3), Ok("e\"f"));
    }

    #[test]
    fn half_a_line_break_is_seen() {
        let line = "a\rb";
        assert_eq!(splitter_of(line).split(line.into()).half_break(), Some(1));
        assert_eq!(splitter_of("ab").split("ab".into()).half_break(), None);
    }

    proptest! {
        /// What is read without a complaint is what the csv crate reads.
        #[test]
        fn the_csv_crate_agrees(line in r#"[a ",;é]{0,24}"#) {
            let mut splitter = splitter_of(&line);
            let row = splitter.split(line.as_str().into());
            let sound = row.open_quote().is_none()
                && (0..row.width()).all(|index| !row.has_stray_quote(index));
            if sound && !line.is_empty() {
                let record = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .from_reader(line.as_bytes())
                    .into_records()
                    .next()
                    .unwrap()
                    .unwrap();
                let theirs: Vec<_> = record.iter().map(|cell| cell.trim().to_owned()).collect();
                prop_assert_eq!(values(&line), theirs);
            }
        }

        #[test]
        fn every_match_is_found(bytes in proptest::collection::vec(0u8..4, 0..40)) {
            let mut found = Vec::new();
            for_each_match(&bytes, 1, |place| found.push(place));
            let expected: Vec<_> = memchr::memchr_iter(1, &bytes).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
