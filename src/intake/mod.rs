//! An [`Intake`] is what becomes of a CSV file: a [`Batch`], or every [`Finding`] there is.
//!
//! The file is read twice. The first reading ([`survey`]) checks every row on several threads and
//! keeps four numbers a row; rows are then held against each other by these numbers
//! ([`across`]); the second reading ([`explain`]) puts into words what was found, line by line. A
//! file without findings is read once. The payouts themselves are kept only where asked for, so
//! that a file of any length can be validated in little memory.

mod across;
pub mod csv;
pub mod decode;
mod explain;
mod fingerprint;
mod header;
mod keys;
mod opening;
mod parallel;
mod places;
mod refusal;
mod remedy;
mod source;
mod splitter;
mod suggest;
mod survey;
pub mod table;
mod validate;
mod wording;

pub use fingerprint::{Fingerprint, NoFingerprint};

use crate::domain::{Amount, Batch, Currency, Finding, FindingCounts, Payout, Severity, Totals};
use source::Source;
use std::io::{self, Read, Seek};
use survey::Survey;

/// How a file is to be read, and what is asked of it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What is kept of it.
    pub keep: Keep,
    /// How decimals are written in it.
    pub decimal_mark: DecimalMark,
    /// What warnings do.
    pub warnings: WarningPolicy,
    /// What no payout, and no batch, may exceed.
    pub limits: Limits,
}

/// What is kept of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Every payout, to be sent.
    #[default]
    Payouts,
    /// The totals only, to validate a file of any length.
    Totals,
}

/// What stands before the decimals of an amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1.5`; a comma is a finding.
    #[default]
    Point,
    /// `1,5`; a point is a finding.
    Comma,
}

/// What warnings do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WarningPolicy {
    /// They are told.
    #[default]
    Tell,
    /// They are errors.
    Refuse,
}

/// What no payout, and no batch, may exceed, currency by currency.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The most of a currency in all payouts together.
    pub max_total: Vec<(Currency, Amount)>,
    /// The most of a currency in one payout.
    pub max_amount: Vec<(Currency, Amount)>,
}

impl Limits {
    /// The limit for one payout that this many minor units of a currency exceed.
    fn exceeded(&self, currency: Currency, units: u128) -> Option<Amount> {
        exceeded(&self.max_amount, currency, units)
    }

    /// The limit for all payouts together that this many minor units of a currency exceed.
    fn exceeded_in_all(&self, currency: Currency, units: u128) -> Option<Amount> {
        exceeded(&self.max_total, currency, units)
    }
}

/// The lowest limit of the currency that is exceeded. A limit beyond what can be counted never is.
fn exceeded(limits: &[(Currency, Amount)], currency: Currency, units: u128) -> Option<Amount> {
    let limits = limits.iter().filter(|(of, _)| *of == currency);
    let minor_units = |amount: Amount| amount.minor_units(currency.decimals());
    limits
        .map(|(_, limit)| *limit)
        .filter(|limit| minor_units(*limit).is_some_and(|most| units > most))
        .min_by_key(|limit| minor_units(*limit))
}

/// What became of a file.
#[derive(Clone, Debug)]
pub struct Intake {
    /// With [`Keep::Payouts`], and when no error was found.
    pub batch: Option<Batch>,
    /// Of the rows that are right.
    pub totals: Totals,
    /// Of the rows that are right.
    pub fingerprint: Fingerprint,
    /// How many findings there were, by kind.
    pub counts: FindingCounts,
    /// What the operator should know about how the file was read.
    pub notices: Vec<String>,
}

/// The header of a file as it stands, to put above a copy of some of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderLine {
    /// Without the line break.
    pub text: String,
    /// What separates the columns.
    pub delimiter: u8,
}

/// Reads the header only; `None` where there is none to be read.
///
/// # Errors
/// When the file cannot be read.
pub fn header_line(source: impl Read + Seek) -> io::Result<Option<HeaderLine>> {
    let Ok(mut source) = Source::open(source)? else {
        return Ok(None);
    };
    let opening = opening::read(&mut source)?.ok();
    Ok(opening.map(|opening| HeaderLine {
        text: opening.text,
        delimiter: opening.header.delimiter,
    }))
}

/// Reads a file to its end and reports every finding in the order of the file; those about the
/// file as a whole come last.
///
/// # Errors
/// When the file cannot be read. Whatever is wrong with its content is a finding.
pub fn read(
    source: impl Read + Seek,
    options: &Options,
    on_finding: &mut dyn FnMut(&Finding),
) -> io::Result<Intake> {
    let mut teller = Teller {
        warnings: options.warnings,
        counts: FindingCounts::default(),
        on_finding,
    };
    let mut source = match Source::open(source)? {
        Ok(source) => source,
        Err(unreadable) => {
            teller.tell(refusal::unreadable(unreadable));
            return Ok(teller.refused());
        }
    };
    let opening = match opening::read(&mut source)? {
        Ok(opening) => opening,
        Err(fault) => {
            refusal::no_opening(&fault)
                .into_iter()
                .for_each(|finding| teller.tell(finding));
            return Ok(teller.refused());
        }
    };
    let survey = survey::take(&mut source, &opening, options)?;
    let echoes = across::echoes(&survey.keys);
    explain::tell(
        &mut source,
        &opening,
        options,
        &survey,
        &echoes,
        &mut teller,
    )?;
    refusal::of_the_whole(&survey, &options.limits)
        .into_iter()
        .for_each(|finding| teller.tell(finding));
    let notices = opening.notices(source.encoding);
    Ok(teller.finish(survey, options.keep, notices))
}

/// Counts the findings on their way out.
struct Teller<'a> {
    warnings: WarningPolicy,
    counts: FindingCounts,
    on_finding: &'a mut dyn FnMut(&Finding),
}

impl Teller<'_> {
    fn tell(&mut self, mut finding: Finding) {
        if self.warnings == WarningPolicy::Refuse {
            finding.severity = Severity::Error;
        }
        self.counts.count(&finding);
        (self.on_finding)(&finding);
    }

    /// What became of a file without rows.
    fn refused(self) -> Intake {
        Intake {
            batch: None,
            totals: Totals::default(),
            fingerprint: Fingerprint::of_nothing(),
            counts: self.counts,
            notices: Vec::new(),
        }
    }

    fn finish(self, survey: Survey, keep: Keep, notices: Vec<String>) -> Intake {
        let totals = survey.totals.unwrap_or_default();
        let payouts: Vec<Payout> = survey.payouts;
        let is_right = keep == Keep::Payouts && self.counts.errors() == 0;
        Intake {
            batch: is_right.then(|| Batch {
                payouts,
                totals: totals.clone(),
            }),
            totals,
            fingerprint: survey.fingerprint,
            counts: self.counts,
            notices,
        }
    }
}

#[cfg(test)]
mod tests;
