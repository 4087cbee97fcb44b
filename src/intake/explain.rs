//! The explanation of a file is its second reading: only the lines in which the first one has
//! found something are looked at again, and put into words in the order of the file.

use super::across::{About, Echo, OUTLIER_FACTOR};
use super::keys;
use super::opening::Opening;
use super::parallel::in_order;
use super::places::Places;
use super::source::{Block, Source, lines};
use super::splitter::Row;
use super::survey::Survey;
use super::validate::{Checker, Fault};
use super::wording::{Scene, Words, quoted};
use super::{Options, Teller};
use crate::address::Casing;
use crate::domain::batch::MinorUnits;
use crate::domain::finding::key;
use crate::domain::{Column, Currency, Finding, Related, Severity};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, Read, Seek};
use std::ops::Range;

/// A line that was read again.
struct Told {
    place: usize,
    /// What is wrong with it by itself.
    findings: Vec<Finding>,
    /// The line, if it has to do with others.
    line: Option<Box<[u8]>>,
}

/// Tells everything there is to say about single lines and about lines among each other.
pub(super) fn tell<R: Read + Seek>(
    source: &mut Source<R>,
    opening: &Opening,
    options: &Options,
    survey: &Survey,
    echoes: &[Echo],
    teller: &mut Teller<'_>,
) -> io::Result<()> {
    let involved = involved(echoes);
    let mut wanted = survey.marked.clone();
    involved.iter().for_each(|place| wanted.insert(*place));
    let Some(last) = wanted.last() else {
        return Ok(());
    };
    let explainer = Explainer {
        checker: Checker::new(&opening.header, source.line_break, options),
        first_line: opening.first_line,
        involved: &involved,
        wanted: &wanted,
    };
    let mut desk = Desk {
        explainer: &explainer,
        echoes: echoes.iter().peekable(),
        lines: HashMap::new(),
        faulty_lines: 0,
        teller,
    };
    let spare: RefCell<Vec<Block>> = RefCell::default();
    let mut counts = survey.line_counts.iter();
    let mut start = opening.body_start;
    let mut place = 0usize;
    source.rewind()?;
    in_order(
        || {
            let buffer = spare.borrow_mut().pop().unwrap_or_default();
            if place > last {
                return Ok(None);
            }
            let Some(block) = source.next_block(buffer)? else {
                return Err(changed());
            };
            let places = place..place.saturating_add(*counts.next().ok_or_else(changed)?);
            place = places.end;
            Ok(Some((block, std::mem::take(&mut start), places)))
        },
        |(block, start, places)| {
            let told = explainer.block(&block[start..], places);
            (block, told)
        },
        |(block, told)| {
            spare.borrow_mut().push(block);
            told.into_iter().for_each(|told| desk.take(told));
        },
    )?;
    // Else a fault that the first reading saw would go untold, and its row unpaid.
    if desk.faulty_lines == survey.marked.count() && desk.echoes.next().is_none() {
        Ok(())
    } else {
        Err(changed())
    }
}

/// The file is no longer what it was a moment ago.
fn changed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the file was changed while it was read",
    )
}

/// The places of all lines that have to do with others, in order.
fn involved(echoes: &[Echo]) -> Vec<usize> {
    let mut places: Vec<_> = echoes
        .iter()
        .flat_map(|echo| [Some(echo.place), echo.about.first()])
        .flatten()
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// What every thread needs to know.
struct Explainer<'a> {
    checker: Checker<'a>,
    first_line: u64,
    /// The lines that have to do with others, in order.
    involved: &'a [usize],
    /// These, and those that have faults of their own.
    wanted: &'a Places,
}

impl Explainer<'_> {
    /// Reads the wanted lines of a block again, which holds the lines of these places.
    fn block(&self, block: &[u8], places: Range<usize>) -> Vec<Told> {
        if !self.wanted.any_of(&places) {
            return Vec::new();
        }
        Casing::settle(|casing| self.lines(block, &places, casing))
    }

    /// The same, up to where the casing turns out to be wrong.
    fn lines(&self, block: &[u8], places: &Range<usize>, casing: &mut Casing) -> Vec<Told> {
        let mut splitter = self.checker.splitter(block);
        let mut faults = Vec::new();
        let mut told = Vec::new();
        for (place, line) in places.clone().zip(lines(block, self.checker.line_break)) {
            if self.wanted.contains(place) {
                let row = splitter.split(line);
                self.checker.check_but_casing(&row, casing, &mut faults);
                told.push(self.told(place, &row, &faults));
                faults.clear();
            }
            if casing.is_known_wrong() {
                break;
            }
        }
        told
    }

    fn told(&self, place: usize, row: &Row<'_>, faults: &[Fault]) -> Told {
        let scene = Scene::new(&self.checker, row, self.number(place));
        let is_involved = self.involved.binary_search(&place).is_ok();
        Told {
            place,
            findings: faults.iter().map(|fault| scene.finding(fault)).collect(),
            line: is_involved.then(|| row.line.into()),
        }
    }

    /// The line's number as an editor shows it.
    fn number(&self, place: usize) -> u64 {
        self.first_line.saturating_add(place as u64)
    }
}

/// Where the lines come together again in order.
struct Desk<'a, 'b, 't> {
    explainer: &'a Explainer<'a>,
    echoes: std::iter::Peekable<std::slice::Iter<'a, Echo>>,
    /// The lines so far that have to do with others.
    lines: HashMap<usize, Box<[u8]>>,
    /// How many lines had findings of their own.
    faulty_lines: usize,
    teller: &'b mut Teller<'t>,
}

impl Desk<'_, '_, '_> {
    fn take(&mut self, told: Told) {
        let has_findings = usize::from(!told.findings.is_empty());
        self.faulty_lines = self.faulty_lines.saturating_add(has_findings);
        for finding in told.findings {
            self.teller.tell(finding);
        }
        let Some(line) = told.line else {
            return;
        };
        while let Some(echo) = self.echoes.next_if(|echo| echo.place == told.place) {
            let first = echo.about.first().and_then(|first| {
                let line = self.lines.get(&first)?;
                Some((self.explainer.number(first), line.as_ref()))
            });
            if let Some(finding) = self.explainer.echo(told.place, &line, echo.about, first) {
                self.teller.tell(finding);
            }
        }
        self.lines.insert(told.place, line);
    }
}

impl Explainer<'_> {
    /// The finding that tells what a line has to do with the first one; `None` if only their keys
    /// are equal by chance.
    fn echo(
        &self,
        place: usize,
        line: &[u8],
        about: About,
        first: Option<(u64, &[u8])>,
    ) -> Option<Finding> {
        let mut splitter = self.checker.splitter(line);
        let row = splitter.split(line.into());
        let checked = self.checker.check(&row, &mut Vec::new());
        let scene = Scene::new(&self.checker, &row, self.number(place));
        if let About::Outlier { median } = about {
            let currency = checked.currency?;
            return Some(warning(scene.tell(
                Some(Column::Amount),
                Column::Amount.key(),
                outlier_words(currency, median),
            )));
        }
        let (number, first) = first?;
        let mut splitter = self.checker.splitter(first);
        let first_row = splitter.split(first.into());
        let first = self.checker.check(&first_row, &mut Vec::new());
        match about {
            About::Reference { .. } => (checked.reference == first.reference).then(|| {
                let words = Words::new(
                    "duplicate reference",
                    format!("the reference {} is already on line {number}", quoted(first.reference)),
                    "give every payout its own reference; if it is the same payout, remove one of the rows",
                );
                scene.tell(Some(Column::Reference), Column::Reference.key(), words)
            }),
            About::Payout { .. } => {
                let (currency, _, account, amount) = checked.parts()?;
                let (first_currency, _, first_account, first_amount) = first.parts()?;
                let is_same = (currency, account, amount.units)
                    == (first_currency, first_account, first_amount.units);
                is_same.then(|| warning(scene.tell(None, key::ROW, duplicate_words(number))))
            }
            About::Look { .. } => {
                let (text, account) = checked.address?;
                let (first_text, first_account) = first.address?;
                let network = checked.currency?.network();
                let same = |text| keys::looked_at(network, text);
                if account == first_account || !is_alike(same(text)?, same(first_text)?) {
                    return None;
                }
                let (span, first_span) = differing(text, first_text);
                let mut words = look_words(number, text, first_text);
                words.span = Some(span);
                let mut finding = scene.tell(Some(Column::ToAddress), Column::ToAddress.key(), words);
                finding.related = Some(Related {
                    line: number,
                    value: first_text.to_owned(),
                    span: first_span,
                });
                Some(warning(finding))
            }
            About::Outlier { .. } => None,
        }
    }
}

fn warning(finding: Finding) -> Finding {
    Finding {
        severity: Severity::Warning,
        ..finding
    }
}

fn is_alike(a: (&str, &str), b: (&str, &str)) -> bool {
    a.0.eq_ignore_ascii_case(b.0) && a.1.eq_ignore_ascii_case(b.1)
}

fn duplicate_words(number: u64) -> Words {
    Words::new(
        "duplicate payout",
        format!("line {number} pays the same amount of the same currency to the same recipient"),
        "make sure that both are meant; references tell them apart",
    )
}

fn look_words(number: u64, text: &str, first: &str) -> Words {
    Words::new(
        "lookalike address",
        format!("{text} begins and ends like {first} on line {number}, but is another address"),
        "compare both with what the recipients gave, letter by letter: such addresses are made to be copied by mistake",
    )
}

fn outlier_words(currency: Currency, median: u128) -> Words {
    let median = MinorUnits {
        units: median,
        decimals: currency.decimals(),
    };
    Words::new(
        "outlier",
        format!(
            "the amount is more than {OUTLIER_FACTOR} times the median of {currency} in this file, which is {median}"
        ),
        "check the decimal mark and the currency",
    )
}

/// The bytes of each of two ASCII texts between their common beginning and their common end.
fn differing(a: &str, b: &str) -> (Range<usize>, Range<usize>) {
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let most = a.len().min(b.len()).saturating_sub(start);
    let both_ends = a.bytes().rev().zip(b.bytes().rev());
    let end = both_ends.take(most).take_while(|(a, b)| a == b).count();
    (
        start..a.len().saturating_sub(end),
        start..b.len().saturating_sub(end),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_differing_part_is_between_the_common_ends() {
        assert_eq!(differing("abcdef", "abxyef"), (2..4, 2..4));
        assert_eq!(differing("abab", "abababab"), (4..4, 4..8));
        assert_eq!(differing("a", "b"), (0..1, 0..1));
    }
}
