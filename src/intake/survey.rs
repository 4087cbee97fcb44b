//! A [`Survey`] is what the first reading of a file finds out: what it pays, and which of its
//! lines have to be read again because there is something to say about them.
//!
//! Blocks are checked on several threads. Nothing is put into words here, so that a file in which
//! every line is wrong is read about as fast as a right one and takes no more memory.

use super::fingerprint::{self, Fingerprint, Fingerprinting};
use super::keys::{Hashing, Keys, References};
use super::opening::Opening;
use super::parallel::in_order;
use super::places::Places;
use super::source::{Block, Source, lines};
use super::validate::{Checked, Checker};
use super::{Keep, Options};
use crate::address::Casing;
use crate::domain::{Payout, Totals};
use std::cell::RefCell;
use std::io::{self, Read, Seek};

/// What the first reading finds out.
#[derive(Debug)]
pub(super) struct Survey {
    /// Of every row, in order.
    pub(super) keys: Keys,
    /// How many lines each block has.
    pub(super) line_counts: Vec<usize>,
    /// How many lines there are below the header.
    line_count: usize,
    /// The lines in which something was found.
    pub(super) marked: Places,
    /// How many lines are not blank.
    pub(super) row_count: u64,
    /// Of the rows that are right; `None` beyond what can be counted.
    pub(super) totals: Option<Totals>,
    pub(super) fingerprint: Fingerprint,
    /// The rows that are right, if they are kept.
    pub(super) payouts: Vec<Payout>,
}

/// What one block adds to the survey. Its buffers go round and are filled again and again.
#[derive(Default)]
struct Part {
    block: Block,
    /// Where in the block the rows begin.
    start: usize,
    keys: Keys,
    line_count: usize,
    marked: Vec<usize>,
    row_count: u64,
    totals: Option<Totals>,
    normalised: Vec<u8>,
    payouts: Vec<Payout>,
}

/// Reads the file to its end.
pub(super) fn take<R: Read + Seek>(
    source: &mut Source<R>,
    opening: &Opening,
    options: &Options,
) -> io::Result<Survey> {
    let surveyor = Surveyor {
        checker: Checker::new(&opening.header, source.line_break, options),
        hashing: Hashing::new(match opening.header.reference {
            Some(_) => References::Compared,
            None => References::Absent,
        }),
        keep: options.keep,
    };
    let mut survey = Survey {
        keys: Keys::default(),
        line_counts: Vec::new(),
        line_count: 0,
        marked: Places::default(),
        row_count: 0,
        totals: Some(Totals::default()),
        fingerprint: Fingerprint::of_nothing(),
        payouts: Vec::new(),
    };
    let mut fingerprinting = Fingerprinting::default();
    let spare: RefCell<Vec<Part>> = RefCell::default();
    let mut start = opening.body_start;
    source.rewind()?;
    in_order(
        || {
            let mut part = spare.borrow_mut().pop().unwrap_or_default();
            part.start = std::mem::take(&mut start);
            let block = source.next_block(std::mem::take(&mut part.block))?;
            Ok(block.map(|block| Part { block, ..part }))
        },
        |part| surveyor.survey(part),
        |mut part| {
            fingerprinting.take(&part.normalised);
            survey.append(&mut part, opening.first_line);
            spare.borrow_mut().push(part);
        },
    )?;
    survey.fingerprint = fingerprinting.finish();
    Ok(survey)
}

impl Survey {
    fn append(&mut self, part: &mut Part, first_line: u64) {
        let place = self.line_count;
        self.keys.append(&mut part.keys, place);
        self.line_counts.push(part.line_count);
        self.line_count = place.saturating_add(part.line_count);
        for in_block in &part.marked {
            self.marked.insert(in_block.saturating_add(place));
        }
        self.row_count = self.row_count.saturating_add(part.row_count);
        self.totals = match (self.totals.take(), &part.totals) {
            (Some(mut totals), Some(more)) => totals.merge(more).ok().map(|()| totals),
            _ => None,
        };
        let line = first_line.saturating_add(place as u64);
        self.payouts
            .extend(part.payouts.drain(..).map(|payout| Payout {
                line: payout.line.saturating_add(line),
                ..payout
            }));
    }
}

/// What every thread needs to know.
struct Surveyor<'a> {
    checker: Checker<'a>,
    hashing: Hashing,
    keep: Keep,
}

impl Surveyor<'_> {
    /// Surveys a block.
    fn survey(&self, mut part: Part) -> Part {
        Casing::settle(|casing| self.fill(&mut part, casing));
        part
    }

    /// Fills a part from its block, unless the casing turns out to be wrong.
    fn fill(&self, part: &mut Part, casing: &mut Casing) {
        part.line_count = 0;
        part.row_count = 0;
        part.keys.clear();
        part.marked.clear();
        part.normalised.clear();
        part.payouts.clear();
        part.totals = Some(Totals::default());
        let block = std::mem::take(&mut part.block);
        let mut splitter = self.checker.splitter(&block);
        let mut faults = Vec::new();
        for line in lines(&block[part.start..], self.checker.line_break) {
            let row = splitter.split(line);
            if !self.checker.is_blank(&row) {
                part.row_count = part.row_count.saturating_add(1);
                let checked = self.checker.check_but_casing(&row, casing, &mut faults);
                part.keys.push(&self.hashing, part.line_count, &checked);
                if !faults.is_empty() {
                    faults.clear();
                    part.marked.push(part.line_count);
                }
                self.count(part, &checked);
            }
            part.line_count = part.line_count.saturating_add(1);
            if casing.is_known_wrong() {
                break;
            }
        }
        part.block = block;
    }

    /// Counts the row if it is a payout.
    fn count(&self, part: &mut Part, row: &Checked<'_>) {
        let Some((currency, to_address, account, amount)) = row.parts() else {
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
            &mut part.normalised,
            currency,
            to_address,
            &amount.literal,
            row.reference,
        );
        if self.keep == Keep::Payouts {
            part.payouts.push(Payout {
                // From the beginning of the block, until the block's own line is known.
                line: part.line_count as u64,
                reference: row.reference.to_owned(),
                payee: row.payee.to_owned(),
                currency,
                to_address: to_address.to_owned(),
                account: account.to_string(),
                amount: amount.amount,
                minor_units: amount.units,
            });
        }
    }
}
