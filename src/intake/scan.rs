//! A [`Scan`] is the first look at all rows: what they pay, what is remembered of each, and which
//! of them something is wrong with.
//!
//! The text is cut into pieces of whole lines, which are scanned in parallel. Nothing is put into
//! words here, so that a file in which every row is wrong takes no longer than a right one.

use super::csv::{Line, Record, Splitter, lines};
use super::fingerprint::{self, Fingerprint, Fingerprinting};
use super::header::Header;
use super::row_hashes::{Hashing, RowHashes};
use super::rows::{Checker, Fault, Row, RowError};
use crate::address::{self, Address};
use crate::characters::is_blank;
use crate::domain::{DecimalMark, Payout, Severity, Totals};
use fixedbitset::FixedBitSet;
use rayon::prelude::*;
use std::ops::Range;

/// How long a piece is: enough to make the cost of handing it to a thread vanish (some 500 rows),
/// little enough that two threads end together.
const PIECE_BYTES: usize = 32 << 10;

/// How many pieces are scanned before their fingerprint is taken, which goes on beside the next
/// ones: what the fingerprint is made of is then never more than a small part of the text.
const PIECES_AT_ONCE: usize = 32;

/// How many bytes a row has in most files; a guess, by which memory is reserved.
const USUAL_ROW_BYTES: usize = 64;

/// How many rows are looked at before their addresses are checked together.
const ROWS_AT_ONCE: usize = 128;

/// What the first look at all rows finds.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) pieces: Vec<Piece>,
    /// How many lines are not blank.
    pub(super) row_count: u32,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    /// Of the rows that are right; `None` beyond what can be counted.
    pub(super) totals: Option<Totals>,
    pub(super) fingerprint: Fingerprint,
    pub(super) evidence: Evidence,
    pub(super) hashing: Hashing,
    /// Of every row; forgotten when the rows were compared.
    pub(super) hashes: RowHashes,
    /// The rows on whose line a quote opens that is not closed there.
    pub(super) open_quotes: Vec<u32>,
}

/// A stretch of whole lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Piece {
    /// Where in the text it is.
    pub(super) bytes: Range<usize>,
    /// The line it begins with, as an editor shows it.
    pub(super) first_line: u64,
    /// How many rows come before it.
    pub(super) first_row: u32,
    /// Where every row in it begins that is not blank.
    pub(super) rows: Vec<RowStart>,
    /// The rows with faults of their own.
    pub(super) faulty: FixedBitSet,
    /// Those whose address has one.
    pub(super) with_bad_address: FixedBitSet,
    /// How many faults that are.
    pub(super) faults: u64,
}

/// Where a row begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowStart {
    /// How many lines it is below the beginning of its piece of the text.
    line: u32,
    /// How many bytes.
    byte: u32,
}

/// What all rows together say about how the file is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    /// Amounts with one to three digits before the decimal mark, which are not zero, and three
    /// behind it: they may be thousands.
    pub(super) maybe_thousands: u64,
    /// Other amounts with decimals.
    pub(super) other_decimals: u64,
    /// The first line with blanks around a value that are not spaces or tabs.
    pub(super) odd_blank: Option<u64>,
}

/// What one piece adds to the scan.
#[derive(Default)]
struct PieceScan {
    piece: Piece,
    /// Of every row in it.
    hashes: RowHashes,
    line_count: u64,
    errors: u64,
    warnings: u64,
    totals: Option<Totals>,
    fingerprinted: Vec<u8>,
    evidence: Evidence,
    /// Places in the piece.
    open_quotes: Vec<usize>,
}

/// What a thread needs for a piece, kept for the next one.
#[derive(Default)]
struct Workspace<'t> {
    /// The rows whose addresses are not checked yet.
    rows: Vec<Row<'t>>,
    /// What else is known of them.
    pending: Vec<Pending>,
    faults: Vec<Fault>,
    found: Vec<Option<Address>>,
    look: Vec<u8>,
}

/// What is known of a row before its address is checked. The row itself is not in it, because it would
/// be copied once more.
struct Pending {
    at: RowStart,
    errors: u64,
    warnings: u64,
    is_open: bool,
}

/// Looks at all rows of a text, which begin at this line behind the header.
pub(super) fn scan(text: &str, checker: &Checker<'_>) -> Scan {
    let mut scan = Scan {
        pieces: Vec::new(),
        row_count: 0,
        errors: 0,
        warnings: 0,
        totals: Some(Totals::default()),
        fingerprint: Fingerprint::of_nothing(),
        evidence: Evidence::default(),
        hashing: Hashing::default(),
        hashes: RowHashes::default(),
        open_quotes: Vec::new(),
    };
    let scanner = Scanner {
        text,
        checker,
        hashing: scan.hashing.clone(),
    };
    let pieces = pieces(text, checker);
    let mut fingerprinting = Fingerprinting::default();
    let mut line = checker.header.line.saturating_add(1);
    // Two groups of parts take turns, so that the memory of one is used again by the next but one.
    let (mut scanned, mut next) = (Vec::<PieceScan>::new(), Vec::new());
    for group in pieces.chunks(PIECES_AT_ONCE) {
        next.resize_with(group.len(), PieceScan::default);
        let parts = group.par_iter().zip(&mut next);
        rayon::join(
            || parts.for_each_init(Workspace::default, |work, part| scanner.piece(part, work)),
            || take(&mut scan, &mut fingerprinting, &mut line, &mut scanned),
        );
        std::mem::swap(&mut scanned, &mut next);
    }
    take(&mut scan, &mut fingerprinting, &mut line, &mut scanned);
    scan.fingerprint = fingerprinting.finish();
    scan
}

/// Adds what pieces have found, in their order.
fn take(
    scan: &mut Scan,
    fingerprinting: &mut Fingerprinting,
    line: &mut u64,
    scanned: &mut [PieceScan],
) {
    for part in scanned {
        fingerprinting.take(&part.fingerprinted);
        scan.errors = scan.errors.saturating_add(part.errors);
        scan.warnings = scan.warnings.saturating_add(part.warnings);
        scan.totals = match (scan.totals.take(), &part.totals) {
            (Some(mut totals), Some(more)) => totals.merge(more).ok().map(|()| totals),
            _ => None,
        };
        scan.evidence.add(part.evidence, *line);
        let row_of = |place| u32::try_from(place).unwrap_or(u32::MAX);
        let first_row = scan.row_count;
        let opened = part.open_quotes.iter();
        scan.open_quotes
            .extend(opened.map(|place| first_row.saturating_add(row_of(*place))));
        let count = row_of(part.piece.rows.len());
        scan.hashes.append(&part.hashes);
        scan.pieces.push(Piece {
            first_line: *line,
            first_row: scan.row_count,
            faults: part.errors.saturating_add(part.warnings),
            ..std::mem::take(&mut part.piece)
        });
        scan.row_count = scan.row_count.saturating_add(count);
        *line = line.saturating_add(part.line_count);
    }
}

/// The rows of a text in pieces of whole lines.
fn pieces(text: &str, checker: &Checker<'_>) -> Vec<Range<usize>> {
    let line_break = checker.header.line_break.byte();
    let mut pieces = Vec::new();
    let mut start = checker.header.end;
    while start < text.len() {
        let least = start.saturating_add(PIECE_BYTES).min(text.len());
        let rest = &text.as_bytes()[least..];
        let end = memchr::memchr(line_break, rest).map_or(text.len(), |found| {
            least.saturating_add(found).saturating_add(1)
        });
        pieces.push(start..end);
        start = end;
    }
    pieces
}

impl Pending {
    /// Of the row on this line of a piece, which has these faults.
    fn new(number: u32, line: Line<'_>, faults: &[Fault]) -> Self {
        let (errors, warnings) = severities(faults);
        Self {
            at: RowStart {
                line: number,
                // A piece has fewer bytes than this.
                byte: u32::try_from(line.start).unwrap_or(u32::MAX),
            },
            errors,
            warnings,
            is_open: matches!(faults.first(), Some(Fault::Row(RowError::OpenQuote { .. }))),
        }
    }
}

impl PieceScan {
    /// Begins with these bytes of the text, in the memory of the piece before.
    fn start(&mut self, bytes: Range<usize>) {
        let row_count = bytes.len() / USUAL_ROW_BYTES;
        self.hashes.clear();
        self.fingerprinted.clear();
        self.fingerprinted.reserve(bytes.len());
        *self = Self {
            piece: Piece {
                bytes,
                rows: Vec::with_capacity(row_count),
                faulty: FixedBitSet::with_capacity(row_count),
                ..Piece::default()
            },
            totals: Some(Totals::default()),
            hashes: std::mem::take(&mut self.hashes),
            fingerprinted: std::mem::take(&mut self.fingerprinted),
            ..Self::default()
        };
    }
}

impl Evidence {
    /// Whether decimal marks may stand for thousands: points do not where commas are between the
    /// columns.
    pub(super) fn is_of_thousands(&self, header: &Header, mark: DecimalMark) -> bool {
        (header.delimiter != b',' || mark == DecimalMark::Comma)
            && self.maybe_thousands > 0
            && self.other_decimals == 0
    }

    /// Adds what a piece that begins at this line says.
    fn add(&mut self, more: Self, first_line: u64) {
        self.maybe_thousands = self.maybe_thousands.saturating_add(more.maybe_thousands);
        self.other_decimals = self.other_decimals.saturating_add(more.other_decimals);
        let line = more.odd_blank.map(|line| line.saturating_add(first_line));
        self.odd_blank = self.odd_blank.or(line);
    }

    fn count(&mut self, literal: &str) {
        let Some(point) = literal.bytes().position(|byte| byte == b'.') else {
            return;
        };
        let (whole, fraction) = literal.split_at(point);
        if fraction.len() == ".000".len() && whole.len() <= 3 && whole != "0" {
            self.maybe_thousands = self.maybe_thousands.saturating_add(1);
        } else {
            self.other_decimals = self.other_decimals.saturating_add(1);
        }
    }
}

/// How many of these faults are errors, and how many warnings.
fn severities(faults: &[Fault]) -> (u64, u64) {
    let errors = faults.iter().filter(|it| it.severity() == Severity::Error);
    let errors = errors.count();
    (errors as u64, faults.len().saturating_sub(errors) as u64)
}

/// What every thread needs to know.
struct Scanner<'a> {
    text: &'a str,
    checker: &'a Checker<'a>,
    hashing: Hashing,
}

impl<'a> Scanner<'a> {
    fn piece(&self, (bytes, part): (&Range<usize>, &mut PieceScan), work: &mut Workspace<'a>) {
        let header = self.checker.header;
        let text = self.text.get(bytes.clone()).unwrap_or_default();
        part.start(bytes.clone());
        let may_have_odd_blanks = !text.is_ascii();
        let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, text);
        for (number, line) in (0u32..).zip(lines(text, header.line_break)) {
            part.line_count = part.line_count.saturating_add(1);
            let record = splitter.split(line.text);
            if Checker::is_blank(&record) {
                continue;
            }
            if may_have_odd_blanks && part.evidence.odd_blank.is_none() {
                part.evidence.odd_blank = self.has_odd_blanks(&record).then_some(u64::from(number));
            }
            let row = self.checker.check_but_address(&record, &mut work.faults);
            work.rows.push(row);
            work.pending.push(Pending::new(number, line, &work.faults));
            work.faults.clear();
            if work.rows.len() == ROWS_AT_ONCE {
                self.end(part, work);
            }
        }
        self.end(part, work);
        part.piece.rows.shrink_to_fit();
        part.piece.faulty.grow(part.piece.rows.len());
    }

    /// Checks the addresses of these rows together, and adds the rows.
    fn end(&self, part: &mut PieceScan, work: &mut Workspace<'_>) {
        let recipients: Vec<_> = work.rows.iter().filter_map(Row::recipient).collect();
        address::check_all(&recipients, &mut work.found);
        let mut found = work.found.iter();
        for (row, pending) in work.rows.iter().zip(&mut work.pending) {
            let place = part.piece.rows.len();
            // By reference: to copy an address takes a good part of the time of a row.
            let mut address = None;
            if row.recipient().is_some() {
                address = found.next().and_then(Option::as_ref);
                let count = match address {
                    None => Some(&mut pending.errors),
                    Some(address) if address.caution().is_some() => Some(&mut pending.warnings),
                    Some(_) => None,
                };
                if let Some(count) = count {
                    *count = count.saturating_add(1);
                    part.piece.with_bad_address.grow_and_insert(place);
                }
            }
            if pending.errors > 0 || pending.warnings > 0 {
                part.piece.faulty.grow_and_insert(place);
                part.errors = part.errors.saturating_add(pending.errors);
                part.warnings = part.warnings.saturating_add(pending.warnings);
            }
            if pending.is_open {
                part.open_quotes.push(place);
            }
            let account = address.map(Address::account);
            let hash = self.hashing.of(row, account, &mut work.look);
            part.hashes.push(hash);
            part.piece.rows.push(pending.at);
            self.count(part, row, account.is_some());
        }
        work.rows.clear();
        work.pending.clear();
    }

    /// Counts the row if it is a payout.
    fn count(&self, part: &mut PieceScan, row: &Row<'_>, has_account: bool) {
        let Some(amount) = &row.amount else {
            return;
        };
        part.evidence.count(&amount.literal);
        let Some(currency) = row.currency.filter(|_| has_account) else {
            return;
        };
        let is_counted = part
            .totals
            .as_mut()
            .is_some_and(|totals| totals.add_units(currency, amount.units).is_ok());
        if !is_counted {
            part.totals = None;
        }
        fingerprint::write_payout(
            &mut part.fingerprinted,
            currency,
            &row.to_address,
            &amount.literal,
            &row.reference,
        );
    }

    /// Whether blanks stand around a value that are not spaces or tabs.
    fn has_odd_blanks(&self, record: &Record<'_, '_>) -> bool {
        let columns = super::columns::ALL.into_iter();
        let mut places = columns.filter_map(|column| self.checker.header.place(column));
        places.any(|index| {
            let raw = record.raw(index);
            let is_odd = |c: char| !c.is_ascii() && is_blank(c);
            raw.starts_with(is_odd) || raw.ends_with(is_odd) || {
                let inner = raw.trim_matches([' ', '\t']);
                inner.starts_with(is_odd) || inner.ends_with(is_odd)
            }
        })
    }
}

impl Scan {
    /// The piece in which a row is, and its place there.
    pub(super) fn locate(&self, row: u32) -> Option<(&Piece, usize)> {
        let piece = self.pieces.get(self.piece_of(row)?)?;
        Some((piece, row.checked_sub(piece.first_row)? as usize))
    }

    fn piece_of(&self, row: u32) -> Option<usize> {
        let after = self.pieces.partition_point(|piece| piece.first_row <= row);
        after.checked_sub(1)
    }

    /// Takes a row out that has these faults, as if there were nothing on its line.
    pub(super) fn forget(&mut self, row: u32, faults: &[Fault]) {
        let (errors, warnings) = severities(faults);
        self.errors = self.errors.saturating_sub(errors);
        self.warnings = self.warnings.saturating_sub(warnings);
        let piece = self.piece_of(row);
        let Some(piece) = piece.and_then(|piece| self.pieces.get_mut(piece)) else {
            return;
        };
        let place = row.saturating_sub(piece.first_row) as usize;
        piece.faulty.set(place, false);
        let forgotten = errors.saturating_add(warnings);
        piece.faults = piece.faults.saturating_sub(forgotten);
        self.hashes.forget(row as usize);
    }

    /// The line of a row, as an editor shows it.
    pub(super) fn line_of(&self, row: u32) -> u64 {
        self.locate(row)
            .map_or(0, |(piece, place)| piece.line_of(place))
    }

    /// What stands on the line of a row.
    pub(super) fn text_of<'t>(&self, text: &'t str, checker: &Checker<'_>, row: u32) -> &'t str {
        self.locate(row)
            .map_or("", |(piece, place)| piece.text_of(text, checker, place))
    }
}

impl Piece {
    /// The rows that are in it.
    pub(super) fn row_range(&self) -> Range<u32> {
        let count = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.first_row..self.first_row.saturating_add(count)
    }

    /// Those of its rows as payouts that are at these places, all of which are known to be right.
    pub(super) fn payouts(
        &self,
        text: &str,
        checker: &Checker<'_>,
        places: impl Iterator<Item = usize>,
    ) -> Vec<Payout> {
        let header = checker.header;
        let whole = text.get(self.bytes.clone()).unwrap_or_default();
        let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, whole);
        let mut faults = Vec::new();
        let payout = |place| {
            let line = self.text_of(text, checker, place);
            let row = checker.check_but_address(&splitter.split(line), &mut faults);
            faults.clear();
            row.payout(self.line_of(place))
        };
        places.filter_map(payout).collect()
    }

    /// Where in the text a row begins.
    pub(super) fn start_of(&self, place: usize) -> usize {
        let start = self.rows.get(place).map_or(0, |row| row.byte);
        self.bytes.start.saturating_add(start as usize)
    }

    /// The line of a row, as an editor shows it.
    pub(super) fn line_of(&self, place: usize) -> u64 {
        let line = self.rows.get(place).map_or(0, |row| row.line);
        self.first_line.saturating_add(line.into())
    }

    /// What stands on the line of a row.
    pub(super) fn text_of<'t>(
        &self,
        text: &'t str,
        checker: &Checker<'_>,
        place: usize,
    ) -> &'t str {
        let Some(row) = self.rows.get(place) else {
            return "";
        };
        let start = self.bytes.start.saturating_add(row.byte as usize);
        let rest = text.get(start..self.bytes.end).unwrap_or_default();
        lines(rest, checker.header.line_break)
            .next()
            .map_or("", |line| line.text)
    }
}
