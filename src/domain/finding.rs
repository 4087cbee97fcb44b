//! A [`Finding`] is an error or a warning about a row, with its place and a hint.

use crate::api::error_key;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

/// Whether a finding stops the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is sent.
    Error,
    /// It is told, and sent.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A column of the input that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Column {
    /// `currency_code`
    CurrencyCode,
    /// `to_address`
    ToAddress,
    /// `amount`
    Amount,
    /// `reference`
    Reference,
    /// Who is paid, in the payer's words.
    Payee,
}

impl Column {
    /// Its name in the header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CurrencyCode => "currency_code",
            Self::ToAddress => "to_address",
            Self::Amount => "amount",
            Self::Reference => "reference",
            Self::Payee => "payee",
        }
    }

    /// The key of a finding in it: the API's own word for what it would refuse.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::CurrencyCode => error_key::CURRENCY_CODE,
            Self::ToAddress => error_key::NETWORK,
            Self::Amount => error_key::UNCORRECTED_AMOUNT,
            Self::Reference => "reference",
            Self::Payee => "payee",
        }
    }
}

/// The keys of findings that no column has.
pub mod key {
    /// A value that must be there is not: the API's own word.
    pub const REQUIRED_PARAMETER: &str = crate::api::error_key::REQUIRED_PARAMETER;
    /// About a row as a whole.
    pub const ROW: &str = "row";
    /// About the header.
    pub const HEADER: &str = "header";
    /// About the file as a whole.
    pub const FILE: &str = "file";
    /// About what the ledger knows.
    pub const LEDGER: &str = "ledger";
}

/// An error or a warning about a row, or about the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it stops the batch.
    pub severity: Severity,
    /// The line of the input; `None` when it is about the file as a whole.
    pub line: Option<u64>,
    /// The column; `None` when it is about the row as a whole.
    pub column: Option<Column>,
    /// The API's own error key where one fits, else `reference`, `row`, `header`, `file` or `ledger`.
    pub key: &'static str,
    /// A short noun under which findings are counted: `checksum`, `duplicate`.
    pub kind: &'static str,
    /// The offending value, raw; empty where there is none or where it must not be shown.
    pub value: String,
    /// Which bytes of `value` are at fault.
    pub span: Option<Range<usize>>,
    /// What is wrong: lower case, without the place.
    pub message: String,
    /// What can be done about it; empty where there is nothing to add.
    pub hint: String,
    /// The whole line as it stands in the input; empty where there is none, and where the row
    /// holds a secret.
    pub row: String,
    /// Which bytes of `row` are at fault.
    pub row_span: Option<Range<usize>>,
    /// Another row that has to do with it.
    pub related: Option<Related>,
}

impl Finding {
    /// What the ledger has found about a row, or about the file; the words are still to come.
    #[must_use]
    pub fn of_ledger(severity: Severity, line: Option<u64>, kind: &'static str) -> Self {
        Self {
            severity,
            line,
            column: None,
            key: key::LEDGER,
            kind,
            value: String::new(),
            span: None,
            message: String::new(),
            hint: String::new(),
            row: String::new(),
            row_span: None,
            related: None,
        }
    }
}

/// The value of an earlier row that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Its line.
    pub line: u64,
    /// The value there, raw.
    pub value: String,
    /// Which bytes of the value are to be looked at.
    pub span: Range<usize>,
}

/// How many findings there are, of each severity and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FindingCounts {
    by_kind: BTreeMap<(Severity, &'static str), u64>,
}

impl FindingCounts {
    /// Counts one finding.
    pub fn count(&mut self, finding: &Finding) {
        self.count_kind(finding.severity, finding.kind);
    }

    /// Counts one finding of this kind.
    pub fn count_kind(&mut self, severity: Severity, kind: &'static str) {
        let count = self.by_kind.entry((severity, kind)).or_default();
        *count = count.saturating_add(1);
    }

    /// Adds the counts of other findings.
    pub fn add(&mut self, others: &Self) {
        for (kind, more) in &others.by_kind {
            let count = self.by_kind.entry(*kind).or_default();
            *count = count.saturating_add(*more);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.errors().saturating_add(self.warnings())
    }

    /// How many errors there are.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.of(Severity::Error)
    }

    /// How many warnings there are.
    #[must_use]
    pub fn warnings(&self) -> u64 {
        self.of(Severity::Warning)
    }

    fn of(&self, severity: Severity) -> u64 {
        self.by_kind(severity)
            .iter()
            .fold(0, |all, (_, count)| all.saturating_add(*count))
    }

    /// The kinds of a severity with their counts, the most frequent first.
    #[must_use]
    pub fn by_kind(&self, severity: Severity) -> Vec<(&'static str, u64)> {
        let mut kinds: Vec<_> = self
            .by_kind
            .iter()
            .filter(|((of, _), _)| *of == severity)
            .map(|((_, kind), count)| (*kind, *count))
            .collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        kinds
    }
}

impl fmt::Display for FindingCounts {
    /// `37 errors: 31 checksum, 6 amount; 1 warning: 1 duplicate`, or `no findings`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for severity in [Severity::Error, Severity::Warning] {
            let all = self.of(severity);
            if all == 0 {
                continue;
            }
            let plural = if all == 1 { "" } else { "s" };
            write!(f, "{separator}{all} {severity}{plural}")?;
            separator = ": ";
            for (kind, count) in self.by_kind(severity) {
                write!(f, "{separator}{count} {kind}")?;
                separator = ", ";
            }
            separator = "; ";
        }
        if separator.is_empty() {
            f.write_str("no findings")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_by_kind() {
        let finding = |severity, kind| Finding::of_ledger(severity, None, kind);
        let mut counts = FindingCounts::default();
        assert_eq!(counts.to_string(), "no findings");
        counts.count(&finding(Severity::Error, "amount"));
        counts.count(&finding(Severity::Error, "checksum"));
        counts.count(&finding(Severity::Error, "checksum"));
        counts.count(&finding(Severity::Warning, "duplicate"));
        assert_eq!(
            counts.to_string(),
            "3 errors: 2 checksum, 1 amount; 1 warning: 1 duplicate"
        );
        assert_eq!((counts.errors(), counts.warnings()), (3, 1));
    }
}
