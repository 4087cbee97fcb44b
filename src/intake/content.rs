//! The [`Content`] of a file is its text with all that is known of its rows, from which findings
//! are put into words when somebody wants them.

use super::csv::{Splitter, joined};
use super::duplicates::{self, Duplicates, Relation};
use super::header::Header;
use super::messages::duplicate::Pair;
use super::messages::text::Context;
use super::messages::{self, duplicate};
use super::options::Options;
use super::row_hashes::RowHashes;
use super::rows::{Checker, Fault, Row, RowError};
use super::scan::{Piece, Scan, scan};
use crate::domain::{Batch, Finding, FindingCounts, Payout, Severity, Totals};
use rayon::prelude::*;
use std::iter;

/// How many pieces of the text are put into words before they are told, or made payouts at a time:
/// so many are in memory at once.
const PIECES_AT_ONCE: usize = 16;

/// A text and all that is known of its rows.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub(super) text: String,
    pub(super) header: Header,
    pub(super) options: Options,
    pub(super) scan: Scan,
    duplicates: Duplicates,
}

impl Content {
    /// Looks at all rows of a text.
    pub(super) fn new(text: String, header: Header, options: Options) -> Self {
        let checker = Checker::new(&header, &options);
        let mut scan = scan(&text, &checker);
        forget_continued(&text, &checker, &mut scan);
        let duplicates = duplicates::find(&text, &checker, &scan);
        scan.hashes = RowHashes::default();
        for relation in &duplicates.relations {
            let count = match relation.kind.severity() {
                Severity::Error => &mut scan.errors,
                Severity::Warning => &mut scan.warnings,
            };
            *count = count.saturating_add(1);
        }
        Self {
            text,
            header,
            options,
            scan,
            duplicates,
        }
    }

    /// Words the first findings about rows, in the order of the file, and counts all of them.
    pub(super) fn tell<T: Default + Send>(
        &self,
        most: u64,
        word: &(impl Fn(&mut T, Finding) + Sync),
        take: &mut impl FnMut(&mut T),
    ) -> FindingCounts {
        let mut counts = FindingCounts::default();
        let collector = Collector {
            content: self,
            checker: Checker::new(&self.header, &self.options),
        };
        let mut left = most;
        let mut wanted = Vec::new();
        for piece in &self.scan.pieces {
            let found = self.finding_count(piece);
            if found > 0 {
                wanted.push((piece, left));
                left = left.saturating_sub(found);
            }
        }
        let mut told: Vec<T> = Vec::new();
        told.resize_with(PIECES_AT_ONCE, T::default);
        for group in wanted.chunks(PIECES_AT_ONCE) {
            let counted: Vec<_> = group
                .par_iter()
                .zip(&mut told)
                .map(|((piece, most), told)| collector.piece(piece, *most, word, told))
                .collect();
            for (more, told) in counted.iter().zip(&mut told) {
                counts.add(more);
                take(told);
            }
        }
        counts
    }

    fn finding_count(&self, piece: &Piece) -> u64 {
        let relations = self.duplicates.of_rows(piece.row_range());
        piece.faults.saturating_add(relations.len() as u64)
    }
}

impl Batch for Content {
    fn count(&self) -> usize {
        self.scan.row_count as usize
    }

    fn all(&self) -> Box<dyn Iterator<Item = Payout> + '_> {
        let checker = Checker::new(&self.header, &self.options);
        let groups = self.scan.pieces.chunks(PIECES_AT_ONCE);
        let made = move |pieces: &[Piece]| -> Vec<Vec<Payout>> {
            let all = |piece: &Piece| piece.payouts(&self.text, &checker, 0..piece.rows.len());
            pieces.par_iter().map(all).collect()
        };
        Box::new(groups.flat_map(made).flatten())
    }

    fn totals(&self) -> Totals {
        self.scan.totals.clone().unwrap_or_default()
    }

    fn recipients(&self) -> Vec<usize> {
        self.duplicates.recipients.ones().collect()
    }

    fn at<'a>(&'a self, places: &'a [usize]) -> Box<dyn Iterator<Item = Payout> + 'a> {
        let checker = Checker::new(&self.header, &self.options);
        let mut rest = places;
        let mut with_pieces = iter::from_fn(move || {
            let (piece, _) = self.scan.locate(u32::try_from(*rest.first()?).ok()?)?;
            let end = piece.row_range().end as usize;
            let (here, behind) = rest.split_at(rest.partition_point(|row| *row < end));
            rest = behind;
            (!here.is_empty()).then_some((piece, here))
        });
        let payouts = move |(piece, rows): &(&Piece, &[usize])| {
            let first_row = piece.first_row as usize;
            let places = rows.iter().map(|row| row.saturating_sub(first_row));
            piece.payouts(&self.text, &checker, places)
        };
        // Who wants the first few does not wait for thousands.
        let mut pieces_at_once = 1usize;
        let parts = iter::from_fn(move || {
            let some: Vec<_> = with_pieces.by_ref().take(pieces_at_once).collect();
            pieces_at_once = pieces_at_once.saturating_mul(2).min(PIECES_AT_ONCE);
            let made = || some.par_iter().flat_map_iter(&payouts).collect();
            (!some.is_empty()).then(made)
        });
        Box::new(parts.flat_map(|part: Vec<Payout>| part))
    }
}

/// Forgets the rows that are the rest of a cell with line breaks, whose quote opens on an earlier
/// line: only that line is told.
fn forget_continued(text: &str, checker: &Checker<'_>, scan: &mut Scan) {
    let dialect = (checker.header.delimiter, checker.header.line_break);
    let mut faults = Vec::new();
    let mut next = 0;
    for opened in std::mem::take(&mut scan.open_quotes) {
        let joined = scan
            .locate(opened)
            .filter(|_| opened >= next)
            .and_then(|(piece, place)| joined(text, piece.start_of(place), dialect));
        let Some((_, count)) = joined else {
            continue;
        };
        let end = scan.line_of(opened).saturating_add(count as u64);
        next = opened.saturating_add(1);
        while next < scan.row_count && scan.line_of(next) < end {
            let line = scan.text_of(text, checker, next);
            let mut splitter = Splitter::for_piece(dialect.0, dialect.1, line);
            checker.check(&splitter.split(line), &mut faults);
            scan.forget(next, &faults);
            faults.clear();
            next = next.saturating_add(1);
        }
    }
}

/// What every thread needs to know.
struct Collector<'a> {
    content: &'a Content,
    checker: Checker<'a>,
}

impl<'a> Collector<'a> {
    /// Words what there is to tell of a piece, at most so many findings of it, and counts all.
    fn piece<T>(
        &self,
        piece: &Piece,
        most: u64,
        word: &impl Fn(&mut T, Finding),
        told: &mut T,
    ) -> FindingCounts {
        let (mut counts, mut found) = (FindingCounts::default(), 0u64);
        let mut is_wanted = || {
            found = found.saturating_add(1);
            found <= most
        };
        let relations = self.content.duplicates.of_rows(piece.row_range());
        let place_of = |relation: &Relation| relation.row.saturating_sub(piece.first_row) as usize;
        let mut wanted = piece.faulty.clone();
        relations.iter().for_each(|it| wanted.insert(place_of(it)));
        let mut relations = relations.iter().peekable();
        let header = &self.content.header;
        let text = self
            .content
            .text
            .get(piece.bytes.clone())
            .unwrap_or_default();
        let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, text);
        let mut faults = Vec::new();
        let mut first: Option<(u32, Row<'_>)> = None;
        for place in wanted.ones() {
            let line = piece.text_of(&self.content.text, &self.checker, place);
            let record = splitter.split(line);
            let row = if piece.with_bad_address.contains(place) {
                self.checker.check(&record, &mut faults)
            } else {
                self.checker.check_but_address(&record, &mut faults)
            };
            let mut context = Context::new(&self.checker, &record, piece.line_of(place));
            for fault in faults.drain(..) {
                self.count(&mut counts, fault.severity(), fault.kind());
                if is_wanted() {
                    if let Fault::Row(RowError::OpenQuote { .. }) = fault {
                        context.joined_lines = self.joined_lines(piece.start_of(place));
                    }
                    let message = messages::fault(&context, &fault);
                    word(told, self.judged(context.finding(&fault, message)));
                }
            }
            while let Some(relation) = relations.next_if(|it| place_of(it) == place) {
                let kind = relation.kind;
                self.count(&mut counts, kind.severity(), kind.noun());
                if is_wanted() {
                    let first = match first.take() {
                        Some(kept) if kept.0 == relation.first => first.insert(kept),
                        _ => first.insert((relation.first, self.row(relation.first))),
                    };
                    let finding = self.related(&context, (&row, &first.1), *relation);
                    word(told, self.judged(finding));
                }
            }
        }
        counts
    }

    /// The finding that tells what a row has to do with an earlier one.
    fn related(
        &self,
        context: &Context<'_>,
        (row, first): (&Row<'a>, &Row<'a>),
        relation: Relation,
    ) -> Finding {
        let median = row
            .currency
            .and_then(|it| self.content.duplicates.median(it));
        let pair = Pair {
            row,
            first,
            first_line: self.content.scan.line_of(relation.first),
            median: median.unwrap_or_default(),
        };
        duplicate::finding(context, relation.kind, pair)
    }

    /// A row, without a look at its address.
    fn row(&self, row: u32) -> Row<'a> {
        let header = &self.content.header;
        let line = self
            .content
            .scan
            .text_of(&self.content.text, &self.checker, row);
        let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, line);
        self.checker
            .check_but_address(&splitter.split(line), &mut Vec::new())
    }

    /// How many lines a record takes that begins here, if a cell of it has line breaks.
    fn joined_lines(&self, start: usize) -> Option<usize> {
        let header = &self.content.header;
        let dialect = (header.delimiter, header.line_break);
        joined(&self.content.text, start, dialect).map(|(_, count)| count)
    }

    /// A finding as severe as the operator wants it.
    fn judged(&self, finding: Finding) -> Finding {
        Finding {
            severity: self.content.options.warnings.judge(finding.severity),
            ..finding
        }
    }

    fn count(&self, counts: &mut FindingCounts, severity: Severity, kind: &'static str) {
        counts.count_kind(self.content.options.warnings.judge(severity), kind);
    }
}
