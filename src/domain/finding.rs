//! A [`Finding`] is an error or a warning about a row, with its place and a remedy.

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
        }
    }
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
    /// The API's own error key where one fits, else `reference`, `row`, `header` or `file`.
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
}
