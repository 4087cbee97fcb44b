//! An [`Intake`] is what becomes of a CSV file: a [`Batch`], or every [`Finding`] there is.
//!
//! The file is in memory, and is read once: what was checked is what is sent, whatever becomes of
//! the file meanwhile. A straight line of functions leads there, each of which takes a value and
//! returns one: [`mod@decode`] makes text of bytes, [`header`] finds the line that names the columns,
//! `scan` looks at all rows in parallel ([`csv`] splits them, `rows` checks them), `duplicates`
//! compares them with each other. Findings are put into words (`messages`) only when they are
//! asked for.

mod amount_hints;
pub mod columns;
mod content;
pub mod csv;
mod currency_hints;
pub mod decode;
mod duplicates;
mod file;
mod fingerprint;
mod fix;
pub mod header;
mod messages;
mod misread;
mod notices;
mod options;
mod other_addresses;
mod redact;
mod residue;
mod row_hashes;
mod rows;
mod scan;
pub mod table;

pub use fingerprint::{Fingerprint, NoFingerprint};
pub use fix::{Change, Fixed, Unfixable, fix};
pub use options::{Limits, Options, Reading, WarningPolicy};

use crate::domain::{Batch, Column, Finding, FindingCounts, Severity};
use content::Content;
use decode::{Decoded, decode};
use file::FileError;
use header::{Header, HeaderError};

/// The largest file that is read: all of it is in memory, and a larger one is not a payroll.
pub const MAX_FILE_BYTES: usize = 1 << 30;

/// What became of a file.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Of the rows that are right.
    pub fingerprint: Fingerprint,
    /// What the operator should know about how the file was read.
    pub notices: Vec<String>,
    /// How many errors there are.
    pub errors: u64,
    /// How many warnings there are.
    pub warnings: u64,
    /// All that is known of the rows, if there are any.
    content: Option<Box<Content>>,
    /// What keeps the file from having rows, or what is wrong with all of them together.
    about_file: Vec<Finding>,
}

/// Reads a file.
#[must_use]
pub fn read(bytes: Vec<u8>, options: &Options) -> Intake {
    if bytes.len() > MAX_FILE_BYTES {
        return Intake::refused(vec![messages::file::finding(&FileError::TooLarge, None)]);
    }
    let decoded = match decode(bytes, options.reading.encoding) {
        Ok(decoded) => decoded,
        Err(error) => {
            let finding = messages::file::finding(&FileError::Decode(error), None);
            return Intake::refused(vec![finding]);
        }
    };
    let header = match header::find(&decoded.text, &options.reading.columns) {
        Ok(Some(header)) => header,
        Ok(None) => {
            return Intake::refused(vec![messages::file::finding(&FileError::Empty, None)]);
        }
        Err(error) => return without_header(&decoded, &error),
    };
    if let Some(error) = misread::in_rows(&decoded, &header) {
        return Intake::refused(vec![messages::file::finding(&error, None)]);
    }
    let content = Content::new(decoded.text, header, options.clone());
    let notices = notices::notices(&content, decoded.encoding, decoded.source);
    Intake::of(content, notices)
}

/// What became of a file that has no header.
fn without_header(decoded: &Decoded, error: &HeaderError) -> Intake {
    let Some(names) = error.fault.unknown_names() else {
        return Intake::refused(messages::header::findings(error));
    };
    // They may be unknown because the file was read in the wrong encoding.
    let findings = match misread::in_names(decoded, error.line, names) {
        Some(error) => vec![messages::file::finding(&error, None)],
        None => messages::header::findings(error),
    };
    let notice = notices::encoding(decoded.encoding, decoded.source);
    Intake {
        notices: notice.into_iter().collect(),
        ..Intake::refused(findings)
    }
}

impl Intake {
    /// What became of a file without rows.
    fn refused(findings: Vec<Finding>) -> Self {
        Self {
            fingerprint: Fingerprint::of_nothing(),
            notices: Vec::new(),
            errors: findings.len() as u64,
            warnings: 0,
            content: None,
            about_file: findings,
        }
    }

    /// What became of these rows.
    fn of(content: Content, notices: Vec<String>) -> Self {
        let policy = content.options.warnings;
        let (mut errors, mut warnings) = (content.scan.errors, content.scan.warnings);
        let read = Some((&content.header, content.options.reading.decimal_mark));
        let about_file: Vec<_> = about_file(&content)
            .iter()
            .map(|error| {
                let finding = messages::file::finding(error, read);
                Finding {
                    severity: policy.judge(finding.severity),
                    ..finding
                }
            })
            .collect();
        for finding in &about_file {
            let count = match finding.severity {
                Severity::Error => &mut errors,
                Severity::Warning => &mut warnings,
            };
            *count = count.saturating_add(1);
        }
        if policy == WarningPolicy::Refuse {
            errors = errors.saturating_add(std::mem::take(&mut warnings));
        }
        Self {
            fingerprint: content.scan.fingerprint,
            notices,
            errors,
            warnings,
            content: Some(Box::new(content)),
            about_file,
        }
    }

    /// Puts the first findings into words, on all processors, and counts all of them. `word` adds a
    /// finding to a list of some hundreds. `take` gets the lists in the order of the file, the
    /// findings about the file as a whole last; it has to empty each, because it is filled again.
    pub fn tell<T: Default + Send>(
        &self,
        most: u64,
        word: &(impl Fn(&mut T, Finding) + Sync),
        take: &mut impl FnMut(&mut T),
    ) -> FindingCounts {
        let mut counts = FindingCounts::default();
        let (first, last): (Vec<_>, Vec<_>) =
            self.about_file.iter().partition(|it| it.line.is_some());
        take(&mut tell_first(&first, most, &mut counts, word));
        if let Some(content) = &self.content {
            let left = most.saturating_sub(counts.all());
            counts.add(&content.tell(left, word, take));
        }
        take(&mut tell_first(&last, most, &mut counts, word));
        counts
    }

    /// Every finding, in the order of the file.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let word = |told: &mut Vec<_>, finding| told.push(finding);
        self.tell(u64::MAX, &word, &mut |told| findings.append(told));
        findings
    }

    /// The payouts of a file without errors.
    #[must_use]
    pub fn batch(&self) -> Option<&dyn Batch> {
        let content = self.content.as_deref().filter(|_| self.errors == 0);
        content.map(|content| content as &dyn Batch)
    }

    /// The header, if there is one.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.content.as_ref().map(|content| &content.header)
    }
}

/// Counts these findings, and words those among the first so many of all that are counted.
fn tell_first<T: Default>(
    findings: &[&Finding],
    most: u64,
    counts: &mut FindingCounts,
    word: &impl Fn(&mut T, Finding),
) -> T {
    let mut told = T::default();
    for finding in findings {
        if counts.all() < most {
            word(&mut told, (*finding).clone());
        }
        counts.count(finding);
    }
    told
}

/// The column that may be what is to be paid, beside one called `amount`, which wins by that name:
/// `net amount`, or `amount (USDT)`.
fn other_amounts(content: &Content) -> Option<FileError> {
    let header = &content.header;
    let given = &content.options.reading.columns;
    let taken = header.names.get(header.place(Column::Amount)?)?;
    let names = header.ignored().into_iter();
    let mut names = names.filter_map(|index| header.names.get(index));
    let name = names.find(|name| columns::may_be_paid_beside(name, taken))?;
    given.of(Column::Amount).is_none().then(|| {
        let (name, taken) = (name.clone(), taken.clone());
        FileError::OtherAmounts { name, taken }
    })
}

/// What is wrong with all the rows together.
fn about_file(content: &Content) -> Vec<FileError> {
    let (scan, header) = (&content.scan, &content.header);
    let mut errors = Vec::new();
    if scan.row_count == 0 {
        errors.push(FileError::NoPayouts);
    }
    let evidence = scan.evidence;
    if evidence.is_of_thousands(header, content.options.reading.decimal_mark) {
        errors.push(FileError::MaybeThousands);
    }
    errors.extend(other_addresses::find(content));
    errors.extend(other_amounts(content));
    let Some(totals) = &scan.totals else {
        errors.push(FileError::Uncountable);
        return errors;
    };
    let amounts = header.place(Column::Amount);
    if let Some(name) = amounts.and_then(|it| header.names.get(it))
        && let Some((paid, unit)) = totals.iter().find_map(|(paid, ..)| {
            columns::unit_other_than(name, Some(paid)).map(|unit| (paid, unit))
        })
    {
        let (name, unit) = (name.clone(), unit.to_owned());
        errors.push(FileError::OtherUnit { name, unit, paid });
    }
    let addresses = header.place(Column::ToAddress);
    if let Some(name) = addresses.and_then(|it| header.names.get(it))
        && let Some((paid, chain)) = totals.iter().find_map(|(paid, ..)| {
            currency_hints::other_chain_in(name, paid).map(|chain| (paid, chain))
        })
    {
        let (name, chain) = (name.clone(), chain.to_owned());
        errors.push(FileError::OtherChain { name, chain, paid });
    }
    for (currency, _, sum) in totals.iter() {
        let limits = &content.options.limits;
        if let Some(limit) = limits.exceeded_in_all(currency, sum.units) {
            errors.push(FileError::OverTotal {
                currency,
                sum,
                limit,
            });
        }
    }
    errors
}

#[cfg(test)]
mod tests;
