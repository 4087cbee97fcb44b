//! A [`Source`] gives the file as [`Block`]s of whole lines, in UTF-8 as far as the file is text.
//!
//! It can be read from the start again and then gives the same blocks, so that a second reading
//! can go straight to the lines that the first one has marked. Memory holds a few blocks, however
//! large the file is, and however long one of its lines.

use memchr::{memchr_iter, memchr2, memrchr};
use std::io::{self, Read, Seek};
use std::ops::Range;

/// How much is read at a time: enough to make the cost of handing it to a thread vanish (some
/// 4,000 rows), little enough that the findings of a few blocks in which every row is wrong take
/// a few megabytes.
const BLOCK_BYTES: usize = 256 << 10;

/// How much is read at first: all of a file of some two hundred rows.
const FIRST_BYTES: usize = 16 << 10;

/// The longest line that is looked at. The longest sensible row has a few hundred bytes; a longer
/// line is another kind of file.
pub(super) const MAX_LINE_BYTES: usize = 64 << 10;

/// How much of the beginning is looked at to tell what kind of file it is.
const HEAD_BYTES: usize = 64 << 10;

/// A file that is read in blocks of whole lines.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: Decoder<R>,
    pub(super) encoding: Encoding,
    pub(super) line_break: LineBreak,
    /// The beginning of a line whose end is in the next block.
    carry: Vec<u8>,
    is_at_end: bool,
}

/// A stretch of whole lines; only the file's last line may lack its line break.
pub(super) type Block = Vec<u8>;

/// How the file's text is written in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8, or at least ASCII with something else in between.
    Utf8,
    /// UTF-16, told by its byte order mark.
    Utf16(ByteOrder),
}

/// Which byte of a UTF-16 unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    /// The low one, as Windows writes it.
    LittleEndian,
    /// The high one.
    BigEndian,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineBreak {
    /// A line feed, perhaps after a carriage return.
    LineFeed,
    /// A carriage return alone, as old Macintosh programs write it.
    CarriageReturn,
}

impl LineBreak {
    /// The byte that ends a line.
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::LineFeed => b'\n',
            Self::CarriageReturn => b'\r',
        }
    }

    /// The other byte, which may stand beside it and nowhere else.
    pub(super) fn other_byte(self) -> u8 {
        match self {
            Self::LineFeed => b'\r',
            Self::CarriageReturn => b'\n',
        }
    }

    /// The line between these places without the other byte beside its line break.
    fn strip(self, block: &[u8], line: Range<usize>) -> Range<usize> {
        let other = self.other_byte();
        match (self, &block[line.clone()]) {
            (Self::LineFeed, [.., last]) if *last == other => {
                line.start..line.end.saturating_sub(1)
            }
            (Self::CarriageReturn, [first, ..]) if *first == other => {
                line.start.saturating_add(1)..line.end
            }
            _ => line,
        }
    }
}

/// Why a file is no CSV at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Nothing in it.
    Empty,
    /// A zip archive, which an Excel workbook is.
    Workbook,
    /// The older binary workbook of Excel.
    OldWorkbook,
    /// A PDF document.
    Pdf,
    /// UTF-16 without its mark.
    UnmarkedUtf16,
    /// NUL bytes, which no text has.
    Binary,
}

impl<R: Read + Seek> Source<R> {
    /// Looks at the beginning of the file, and goes back to it.
    pub(super) fn open(mut reader: R) -> io::Result<Result<Self, Unreadable>> {
        let mut head = Vec::new();
        reader
            .by_ref()
            .take(HEAD_BYTES as u64)
            .read_to_end(&mut head)?;
        let encoding = match head.as_slice() {
            [] => return Ok(Err(Unreadable::Empty)),
            [b'P', b'K', 3 | 5, 4 | 6, ..] => return Ok(Err(Unreadable::Workbook)),
            [0xD0, 0xCF, 0x11, 0xE0, ..] => return Ok(Err(Unreadable::OldWorkbook)),
            [b'%', b'P', b'D', b'F', b'-', ..] => return Ok(Err(Unreadable::Pdf)),
            [0xFF, 0xFE, ..] => Encoding::Utf16(ByteOrder::LittleEndian),
            [0xFE, 0xFF, ..] => Encoding::Utf16(ByteOrder::BigEndian),
            _ => Encoding::Utf8,
        };
        let mut source = Self {
            reader: Decoder::new(reader, encoding),
            encoding,
            line_break: LineBreak::LineFeed,
            carry: Vec::new(),
            is_at_end: false,
        };
        source.rewind()?;
        let mut text = Vec::new();
        source
            .reader
            .by_ref()
            .take(HEAD_BYTES as u64)
            .read_to_end(&mut text)?;
        if text.contains(&0) {
            return Ok(Err(kind_with_nuls(&text)));
        }
        source.line_break = line_break_of(&text);
        source.rewind()?;
        Ok(Ok(source))
    }

    /// Goes back to the beginning of the file.
    pub(super) fn rewind(&mut self) -> io::Result<()> {
        self.carry.clear();
        self.is_at_end = false;
        self.reader.rewind()
    }

    /// The next block, in the buffer of an earlier one; `None` at the end of the file.
    ///
    /// Of a line that is longer than a block only the beginning is kept, which is still longer
    /// than [`MAX_LINE_BYTES`]: enough to find fault with it.
    pub(super) fn next_block(&mut self, mut block: Block) -> io::Result<Option<Block>> {
        // A buffer that comes back is almost full, so that next to nothing of it is written twice.
        // A new one is not made larger than a small file needs.
        let is_new = block.is_empty();
        let bytes = if is_new { FIRST_BYTES } else { BLOCK_BYTES };
        let mut length = self.carry.len();
        block.resize(bytes.max(length), 0);
        block[..length].copy_from_slice(&self.carry);
        self.carry.clear();
        loop {
            if !self.is_at_end {
                length = length.saturating_add(fill(&mut self.reader, &mut block[length..])?);
                self.is_at_end = length < block.len();
            }
            if !self.is_at_end && block.len() < BLOCK_BYTES {
                block.resize(BLOCK_BYTES, 0);
                continue;
            }
            if self.is_at_end {
                block.truncate(length);
                return Ok((!block.is_empty()).then_some(block));
            }
            if let Some(end) = memrchr(self.line_break.byte(), &block) {
                let next = end.saturating_add(1);
                self.carry.extend_from_slice(&block[next..]);
                block.truncate(next);
                return Ok(Some(block));
            }
            length = MAX_LINE_BYTES + 1;
        }
    }
}

/// Reads until the buffer is full or the file ends; returns how much it was.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A line without its line break.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    /// The same as text, where that is known already.
    pub(super) text: Option<&'a str>,
    /// The place in its block at which the next line begins.
    pub(super) next: usize,
}

impl<'a> From<&'a [u8]> for Line<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            text: None,
            next: bytes.len(),
        }
    }
}

#[cfg(test)]
impl<'a> From<&'a str> for Line<'a> {
    fn from(text: &'a str) -> Self {
        Self {
            text: Some(text),
            ..text.as_bytes().into()
        }
    }
}

/// The lines of a block.
pub(super) fn lines(block: &[u8], line_break: LineBreak) -> impl Iterator<Item = Line<'_>> {
    let text = std::str::from_utf8(block).ok();
    let has_open_end = block.last().is_some_and(|byte| *byte != line_break.byte());
    let open_end = has_open_end.then_some(block.len());
    let mut start = 0;
    memchr_iter(line_break.byte(), block)
        .chain(open_end)
        .map(move |end| {
            let line = line_break.strip(block, start..end);
            start = end.saturating_add(1).min(block.len());
            Line {
                bytes: &block[line.clone()],
                text: text.and_then(|text| text.get(line)),
                next: start,
            }
        })
}

fn line_break_of(text: &[u8]) -> LineBreak {
    match memchr2(b'\n', b'\r', text) {
        Some(place)
            if text[place] == b'\r' && text.get(place.saturating_add(1)) != Some(&b'\n') =>
        {
            LineBreak::CarriageReturn
        }
        _ => LineBreak::LineFeed,
    }
}

/// What a file with NUL bytes is. Latin text in UTF-16 has one in every second place.
fn kind_with_nuls(text: &[u8]) -> Unreadable {
    let nuls = text.iter().take(64).filter(|byte| **byte == 0).count();
    let others = text.iter().take(64).count().saturating_sub(nuls);
    if nuls > 2 && nuls.abs_diff(others) <= 8 {
        Unreadable::UnmarkedUtf16
    } else {
        Unreadable::Binary
    }
}

/// Turns the file's bytes into UTF-8 while they are read.
#[derive(Debug)]
struct Decoder<R> {
    reader: R,
    encoding: Encoding,
    /// UTF-16 bytes not yet turned: at most one unit, or the first half of a pair.
    units: Vec<u8>,
    /// UTF-8 that did not fit where it was asked for.
    ready: Vec<u8>,
    taken: usize,
}

/// How much UTF-16 is turned at a time.
const UTF16_STEP_BYTES: usize = 64 << 10;

impl<R: Read + Seek> Decoder<R> {
    fn new(reader: R, encoding: Encoding) -> Self {
        Self {
            reader,
            encoding,
            units: Vec::new(),
            ready: Vec::new(),
            taken: 0,
        }
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.units.clear();
        self.ready.clear();
        self.taken = 0;
        self.reader.rewind()?;
        // The byte order mark is no part of the text.
        let mut mark = Vec::new();
        self.reader.by_ref().take(3).read_to_end(&mut mark)?;
        let length = match (self.encoding, mark.as_slice()) {
            (Encoding::Utf8, [0xEF, 0xBB, 0xBF]) => 3,
            (Encoding::Utf8, _) => 0,
            (Encoding::Utf16(_), _) => 2,
        };
        self.reader.seek(io::SeekFrom::Start(length)).map(drop)
    }
}

impl<R: Read> Decoder<R> {
    /// Turns the next piece of UTF-16 into UTF-8. What is no character becomes U+FFFD, which is
    /// found where it matters.
    fn decode(&mut self, order: ByteOrder) -> io::Result<()> {
        self.ready.clear();
        self.taken = 0;
        let read = self
            .reader
            .by_ref()
            .take(UTF16_STEP_BYTES as u64)
            .read_to_end(&mut self.units)?;
        let mut units: Vec<u16> = self
            .units
            .chunks_exact(2)
            .map(|pair| match order {
                ByteOrder::LittleEndian => u16::from_le_bytes([pair[0], pair[1]]),
                ByteOrder::BigEndian => u16::from_be_bytes([pair[0], pair[1]]),
            })
            .collect();
        let is_at_end = read < UTF16_STEP_BYTES;
        let ends_in_a_pair = matches!(units.last(), Some(0xD800..=0xDBFF));
        if ends_in_a_pair && !is_at_end {
            units.pop();
        }
        if is_at_end && self.units.len() % 2 == 1 {
            units.push(0xFFFD);
        }
        let used = units.len().saturating_mul(2).min(self.units.len());
        self.units.drain(..used);
        let text: String = char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        self.ready = text.into_bytes();
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Encoding::Utf16(order) = self.encoding else {
            return self.reader.read(buffer);
        };
        if self.taken >= self.ready.len() {
            self.decode(order)?;
        }
        let ready = &self.ready[self.taken..];
        let length = ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&ready[..length]);
        self.taken = self.taken.saturating_add(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn open(bytes: &[u8]) -> Result<Source<Cursor<Vec<u8>>>, Unreadable> {
        Source::open(Cursor::new(bytes.to_vec())).unwrap()
    }

    fn blocks(source: &mut Source<Cursor<Vec<u8>>>) -> Vec<Block> {
        std::iter::from_fn(|| source.next_block(Vec::new()).unwrap()).collect()
    }

    fn utf16(text: &str, order: ByteOrder) -> Vec<u8> {
        "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(|unit| match order {
                ByteOrder::LittleEndian => unit.to_le_bytes(),
                ByteOrder::BigEndian => unit.to_be_bytes(),
            })
            .collect()
    }

    #[test]
    fn what_is_no_text_is_told() {
        for (bytes, expected) in [
            (&b""[..], Unreadable::Empty),
            (b"PK\x03\x04\x14\0", Unreadable::Workbook),
            (b"\xD0\xCF\x11\xE0\xA1\xB1", Unreadable::OldWorkbook),
            (b"%PDF-1.7", Unreadable::Pdf),
            (b"a,b\n1,\0\n", Unreadable::Binary),
            (b"c\0u\0r\0r\0e\0n\0c\0y\0", Unreadable::UnmarkedUtf16),
        ] {
            assert_eq!(open(bytes).unwrap_err(), expected);
        }
    }

    #[test]
    fn blocks_are_whole_lines_and_the_same_again() {
        let line = format!("{}\n", "x".repeat(99));
        let text = line.repeat(30_000) + "end";
        let mut source = open(text.as_bytes()).unwrap();
        let first = blocks(&mut source);
        assert_eq!(first.len(), 12);
        assert!(first[..11].iter().all(|block| block.ends_with(b"\n")));
        assert_eq!(first.concat(), text.as_bytes());
        source.rewind().unwrap();
        assert_eq!(blocks(&mut source), first);
    }

    #[test]
    fn a_line_longer_than_a_block_is_cut() {
        let text = format!("a\n{}\nb\n", "x".repeat(5 * BLOCK_BYTES));
        let mut source = open(text.as_bytes()).unwrap();
        let all = blocks(&mut source).concat();
        let lines: Vec<_> = all.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 4);
        assert_eq!((lines[0], lines[2]), (&b"a"[..], &b"b"[..]));
        assert!((MAX_LINE_BYTES + 1..BLOCK_BYTES).contains(&lines[1].len()));
    }

    #[test]
    fn utf16_comes_out_as_utf8() {
        let text = "имя,😀\n".repeat(20_000);
        for order in [ByteOrder::LittleEndian, ByteOrder::BigEndian] {
            let mut source = open(&utf16(&text, order)).unwrap();
            assert_eq!(source.encoding, Encoding::Utf16(order));
            assert_eq!(blocks(&mut source).concat(), text.as_bytes());
            source.rewind().unwrap();
            assert_eq!(blocks(&mut source).concat(), text.as_bytes());
        }
        // An odd byte at the end and half a pair are told by U+FFFD.
        let mut torn = utf16("a😀", ByteOrder::LittleEndian);
        torn.pop();
        let mut source = open(&torn).unwrap();
        assert_eq!(blocks(&mut source).concat(), "a\u{fffd}\u{fffd}".as_bytes());
    }

    #[test]
    fn marks_and_line_breaks_are_seen() {
        let mut source = open(b"\xEF\xBB\xBFa\r\nb\r\n").unwrap();
        assert_eq!(source.line_break, LineBreak::LineFeed);
        assert_eq!(blocks(&mut source).concat(), b"a\r\nb\r\n");
        assert_eq!(
            open(b"a\rb\r").unwrap().line_break,
            LineBreak::CarriageReturn
        );
        assert_eq!(open(b"a").unwrap().line_break, LineBreak::LineFeed);
    }
}
