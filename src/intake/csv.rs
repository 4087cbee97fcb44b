//! A [`Record`] is one line of a CSV text, split into its cells, before anything about it is
//! checked.
//!
//! Every line is a record of its own, because a line break inside a cell is an error: an unclosed
//! quote can then never swallow the payouts below it. [`joined`] is for readers that must take such
//! a cell all the same. Cells are split here and not by the csv crate, which reads stray quotes
//! without a word and does not count lines as an editor does; a test compares the two.

use crate::characters::is_blank;
use memchr::{memchr, memchr_iter, memchr2};
use std::borrow::Cow;
use std::ops::Range;

/// What may stand between two cells, the most usual first.
pub const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// How many lines a cell may take where line breaks in cells are read at all. An unclosed quote
/// must not join the rest of the file.
const MAX_CELL_LINES: usize = 64;

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineBreak {
    /// A line feed, perhaps after a carriage return.
    LineFeed,
    /// A carriage return alone, as old Macintosh programs write it.
    CarriageReturn,
}

impl LineBreak {
    /// What ends the lines of this text: whatever ends the first one.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        match memchr2(b'\n', b'\r', bytes) {
            Some(place)
                if bytes[place] == b'\r' && bytes.get(place.saturating_add(1)) != Some(&b'\n') =>
            {
                Self::CarriageReturn
            }
            _ => Self::LineFeed,
        }
    }

    /// The byte that ends a line.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::LineFeed => b'\n',
            Self::CarriageReturn => b'\r',
        }
    }

    /// The other byte, which may stand beside it and nowhere else.
    fn other_byte(self) -> u8 {
        match self {
            Self::LineFeed => b'\r',
            Self::CarriageReturn => b'\n',
        }
    }

    /// The line without the other byte beside its line break.
    fn strip(self, line: &str) -> &str {
        match self {
            Self::LineFeed => line.strip_suffix('\r').unwrap_or(line),
            Self::CarriageReturn => line.strip_prefix('\n').unwrap_or(line),
        }
    }
}

/// A line without its line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'t> {
    /// What stands on it.
    pub text: &'t str,
    /// How many bytes of the whole text come before it.
    pub start: usize,
}

/// The lines of a text, as an editor shows them: what follows the last line break is a line only
/// if anything does.
pub fn lines(text: &str, line_break: LineBreak) -> impl Iterator<Item = Line<'_>> {
    let bytes = text.as_bytes();
    let has_open_end = bytes.last().is_some_and(|byte| *byte != line_break.byte());
    let open_end = has_open_end.then_some(bytes.len());
    let mut start = 0;
    memchr_iter(line_break.byte(), bytes)
        .chain(open_end)
        .map(move |end| {
            let line = Line {
                text: line_break.strip(text.get(start..end).unwrap_or_default()),
                start,
            };
            start = end.saturating_add(1);
            line
        })
}

/// The delimiter in `sep=;`, which Excel reads and writes above a header.
#[must_use]
pub fn named_delimiter(line: &str) -> Option<u8> {
    let line = line.strip_prefix('"').map_or(line, |line| {
        line.trim_end().strip_suffix('"').unwrap_or(line)
    });
    match line.as_bytes() {
        [
            b's' | b'S',
            b'e' | b'E',
            b'p' | b'P',
            b'=',
            delimiter @ (b',' | b';' | b'\t'),
            rest @ ..,
        ] if rest.iter().all(|byte| b",;\t ".contains(byte)) => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter that stands most often in a line, quoted cells left out.
#[must_use]
pub fn likely_delimiter(line: &str) -> u8 {
    let width = |delimiter: u8| Splitter::new(delimiter, line).split(line).width();
    // Of equals `max_by_key` gives the last, and that is to be the comma.
    DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(|delimiter| width(*delimiter))
        .unwrap_or(b',')
}

/// Splits lines into cells; keeps its buffer from line to line.
#[derive(Debug)]
pub struct Splitter {
    delimiter: u8,
    has_quotes: bool,
    /// The byte that is half a line break if it is in the middle of a line; most texts have none,
    /// so that one look at a text saves one at each of its lines.
    half_break: Option<u8>,
    cells: Vec<Cell>,
}

/// Where a cell stands in its line, and how it is quoted.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// In the line; of a quoted cell where what is between the quotes begins.
    start: usize,
    end: usize,
    quoting: Quoting,
}

/// How a cell is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoting {
    /// Not at all.
    Bare,
    /// In quotes, without a quote inside.
    Quoted,
    /// In quotes with doubled quotes inside.
    Escaped,
    /// Something follows the closing quote.
    Stray,
    /// The quote is never closed.
    Open,
}

impl Splitter {
    /// For the lines of this text.
    #[must_use]
    pub fn new(delimiter: u8, text: &str) -> Self {
        let half_break = LineBreak::of(text).other_byte();
        Self::with_line_break(delimiter, text, half_break)
    }

    /// For the lines of a piece of a text whose line breaks are known.
    #[must_use]
    pub fn for_piece(delimiter: u8, line_break: LineBreak, piece: &str) -> Self {
        Self::with_line_break(delimiter, piece, line_break.other_byte())
    }

    fn with_line_break(delimiter: u8, text: &str, half_break: u8) -> Self {
        Self {
            delimiter,
            has_quotes: memchr(b'"', text.as_bytes()).is_some(),
            half_break: memchr(half_break, text.as_bytes()).map(|_| half_break),
            cells: Vec::new(),
        }
    }

    /// Splits one line.
    pub fn split<'s, 't>(&'s mut self, line: &'t str) -> Record<'s, 't> {
        self.cells.clear();
        let bytes = line.as_bytes();
        if self.has_quotes {
            self.split_with_quotes(bytes);
        } else {
            let cells = &mut self.cells;
            let mut start = 0;
            let mut push = |start, end| {
                cells.push(Cell {
                    start,
                    end,
                    quoting: Quoting::Bare,
                });
            };
            for_each_match(bytes, self.delimiter, |end| {
                push(start, end);
                start = end.saturating_add(1);
            });
            push(start, bytes.len());
        }
        Record {
            line,
            cells: &self.cells,
            has_quotes: self.has_quotes,
            half_break: self.half_break,
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
        let mut quoting = Quoting::Quoted;
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
                    quoting = Quoting::Escaped;
                    from = after.saturating_add(1);
                }
                Some(byte) if *byte != self.delimiter => {
                    let end = self.next_delimiter(line, after);
                    self.push(start..end, Quoting::Stray);
                    return end;
                }
                _ => {
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
        self.cells.push(Cell {
            start: inner.start,
            end: inner.end,
            quoting,
        });
    }
}

/// One line and its cells.
#[derive(Clone, Copy, Debug)]
pub struct Record<'s, 't> {
    /// The line as it stands, without its line break.
    pub line: &'t str,
    cells: &'s [Cell],
    has_quotes: bool,
    half_break: Option<u8>,
}

/// Where a value stands in its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Byte for byte here.
    Exact(Range<usize>),
    /// Here, but with doubled quotes, so that only the whole can be pointed at.
    Whole(Range<usize>),
}

impl<'t> Record<'_, 't> {
    /// How many cells there are; a blank line has one.
    #[must_use]
    pub fn width(&self) -> usize {
        self.cells.len()
    }

    /// The value of a cell without the blanks around it, and without its quotes; of a cell with
    /// stray quotes as it stands; nothing beyond the last cell.
    #[must_use]
    #[inline(always)] // Otherwise its parts are written, and waited for when they are read as one.
    pub fn value(&self, index: usize) -> Cow<'t, str> {
        match self.raw(index) {
            Cow::Borrowed(text) => Cow::Borrowed(trim(text)),
            Cow::Owned(text) => Cow::Owned(trim(&text).to_owned()),
        }
    }

    /// The same with the blanks around it.
    #[must_use]
    #[inline]
    pub fn raw(&self, index: usize) -> Cow<'t, str> {
        let Some(cell) = self.cells.get(index) else {
            return Cow::Borrowed("");
        };
        let inner = self.inner(cell);
        if cell.quoting == Quoting::Escaped {
            return Cow::Owned(inner.replace("\"\"", "\""));
        }
        Cow::Borrowed(inner)
    }

    #[inline]
    fn inner(&self, cell: &Cell) -> &'t str {
        self.line.get(cell.start..cell.end).unwrap_or_default()
    }

    /// Where the value of a cell stands in the line, and whether byte for byte.
    #[must_use]
    pub fn place(&self, index: usize) -> Place {
        let Some(cell) = self.cells.get(index) else {
            let end = self.line.len();
            return Place::Whole(end..end);
        };
        if cell.quoting == Quoting::Escaped {
            return Place::Whole(cell.start..cell.end);
        }
        let inner = self.inner(cell);
        let trimmed = trim(inner);
        let before = inner.len().saturating_sub(trim_start(inner).len());
        let start = cell.start.saturating_add(before);
        Place::Exact(start..start.saturating_add(trimmed.len()))
    }

    /// Whether quotes stand where none should: after a closing quote, or inside a bare cell.
    #[must_use]
    #[inline]
    pub fn has_stray_quote(&self, index: usize) -> bool {
        self.has_quotes
            && self
                .cells
                .get(index)
                .is_some_and(|cell| match cell.quoting {
                    Quoting::Stray => true,
                    Quoting::Bare => memchr(b'"', self.inner(cell).as_bytes()).is_some(),
                    Quoting::Quoted | Quoting::Escaped | Quoting::Open => false,
                })
    }

    /// Whether there is such a cell, without quotes around it.
    #[must_use]
    pub fn is_bare(&self, index: usize) -> bool {
        let cell = self.cells.get(index);
        cell.is_some_and(|cell| cell.quoting == Quoting::Bare)
    }

    /// Where half a line break stands in the middle of the line.
    #[must_use]
    pub fn half_break(&self) -> Option<usize> {
        memchr(self.half_break?, self.line.as_bytes())
    }

    /// Where a quote opens that this line does not close.
    #[must_use]
    pub fn open_quote(&self) -> Option<usize> {
        let last = self.cells.last()?;
        (last.quoting == Quoting::Open).then_some(last.start)
    }

    /// Whether the cells from this one on are all blank.
    #[must_use]
    pub fn is_blank_from(&self, index: usize) -> bool {
        let cells = self.cells.get(index..).unwrap_or_default();
        cells.iter().all(|cell| trim(self.inner(cell)).is_empty())
    }

    /// The values of all cells, each owned.
    #[must_use]
    pub fn values(&self) -> Vec<String> {
        (0..self.width())
            .map(|index| self.value(index).into_owned())
            .collect()
    }
}

/// The text from the beginning of a line to the end of the line on which a cell closes that opens
/// on it, with how many lines that are; `None` if it does not close within reason.
#[must_use]
pub fn joined(text: &str, start: usize, dialect: (u8, LineBreak)) -> Option<(&str, usize)> {
    let (delimiter, line_break) = dialect;
    let rest = text.get(start..)?;
    for (count, line) in lines(rest, line_break)
        .take(MAX_CELL_LINES)
        .enumerate()
        .skip(1)
    {
        let end = line.start.saturating_add(line.text.len());
        let record = rest.get(..end)?;
        // It looks at the whole text that it is made for, which must not be the rest of the file.
        let mut splitter = Splitter::for_piece(delimiter, line_break, record);
        // What follows a closing quote would be out of place: then it opens another cell.
        let split = splitter.split(record);
        if split.open_quote().is_none() {
            let is_sound = (0..split.width()).all(|index| !split.has_stray_quote(index));
            return is_sound.then_some((record, count.saturating_add(1)));
        }
    }
    None
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

/// A text without the blanks around it: spaces and tabs, and those that cannot be told from none,
/// which come along when something is copied.
#[must_use]
#[inline]
pub fn trim(text: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_graphic);
    if is_plain(text.as_bytes().first()) && is_plain(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(is_blank)
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(line: &str) -> Vec<String> {
        Splitter::new(b',', line).split(line).values()
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
            ("\u{a0}a\u{a0} ,\u{200b}b\u{feff}", vec!["a", "b"]),
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
            let mut splitter = Splitter::new(b',', line);
            assert_eq!(splitter.split(line).open_quote(), open, "{line}");
        }
        for (line, stray) in [
            (r#""a"b"#, true),
            (r#"a"b"#, true),
            (r#" "a""#, true),
            (r#""a""#, false),
            (r#""a""b""#, false),
        ] {
            let mut splitter = Splitter::new(b',', line);
            assert_eq!(splitter.split(line).has_stray_quote(0), stray, "{line}");
        }
    }

    #[test]
    fn a_value_is_found_again_in_its_line() {
        let line = r#"x, ab ,"cd","e""f",  "#;
        let mut splitter = Splitter::new(b',', line);
        let record = splitter.split(line);
        assert_eq!(record.place(1), Place::Exact(3..5));
        assert_eq!(record.place(2), Place::Exact(8..10));
        assert_eq!(record.place(3), Place::Whole(13..17));
        assert!(matches!(record.place(4), Place::Exact(range) if range.is_empty()));
        assert_eq!(record.value(1), "ab");
        assert_eq!(record.value(3), "e\"f");
        assert_eq!(record.value(9), "");
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        for (text, expected) in [
            ("", vec![]),
            ("a", vec!["a"]),
            ("a\n", vec!["a"]),
            ("a\n\nb", vec!["a", "", "b"]),
            ("a\r\nb\r\n", vec!["a", "b"]),
            ("a\rb\r", vec!["a", "b"]),
            ("a\nb\rc", vec!["a", "b\rc"]),
        ] {
            let found: Vec<_> = lines(text, LineBreak::of(text))
                .map(|line| line.text)
                .collect();
            assert_eq!(found, expected, "{text:?}");
        }
        let text = "a\rb";
        let mut splitter = Splitter::for_piece(b',', LineBreak::LineFeed, text);
        assert_eq!(splitter.split(text).half_break(), Some(1));
    }

    #[test]
    fn a_line_may_name_the_delimiter() {
        for (line, delimiter) in [
            ("sep=;", Some(b';')),
            ("SEP=,", Some(b',')),
            ("sep=\t", Some(b'\t')),
            ("\"sep=;\"", Some(b';')),
            ("sep=;;;", Some(b';')),
            ("sep=x", None),
            ("separator", None),
        ] {
            assert_eq!(named_delimiter(line), delimiter, "{line:?}");
        }
        for (line, delimiter) in [
            ("a;b;c,d", b';'),
            ("a,b", b','),
            ("a\tb", b'\t'),
            ("\"a;b;c\",d", b','),
            ("a", b','),
        ] {
            assert_eq!(likely_delimiter(line), delimiter, "{line:?}");
        }
    }

    #[test]
    fn a_cell_with_line_breaks_can_be_joined() {
        let text = "a,\"b\nc\nd\",e\nf\n";
        let dialect = (b',', LineBreak::LineFeed);
        assert_eq!(joined(text, 0, dialect), Some(("a,\"b\nc\nd\",e", 3)));
        assert_eq!(joined("a,\"b\nc\n", 0, dialect), None);
        assert_eq!(joined("a,\"b\nc,\"d\"\n", 0, dialect), None);
    }

    proptest! {
        /// What is read without a complaint is what the csv crate reads.
        #[test]
        fn the_csv_crate_agrees(line in r#"[a ",;é]{0,24}"#) {
            let mut splitter = Splitter::new(b',', &line);
            let record = splitter.split(&line);
            let is_sound = record.open_quote().is_none()
                && (0..record.width()).all(|index| !record.has_stray_quote(index));
            if is_sound && !line.is_empty() {
                let theirs = csv::ReaderBuilder::new()
                    .has_headers(false)
                    .from_reader(line.as_bytes())
                    .into_records()
                    .next()
                    .unwrap()
                    .unwrap();
                let theirs: Vec<_> = theirs.iter().map(|cell| cell.trim().to_owned()).collect();
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

        #[test]
        fn a_value_stands_where_it_is_said_to(line in "[a \u{a0}\",é]{0,24}") {
            let mut splitter = Splitter::new(b',', &line);
            let record = splitter.split(&line);
            for index in 0..record.width() {
                if let Place::Exact(range) = record.place(index) {
                    prop_assert_eq!(&line[range], &*record.value(index));
                }
            }
        }
    }
}
