//! A [`Dialect`] is how a CSV and the numbers in it are written for the program that reads it.

/// How a CSV is written. The default is that of every file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between two cells.
    pub delimiter: u8,
    /// What stands before the decimals of an amount.
    pub decimal_mark: DecimalMark,
    /// What the file begins with.
    pub start: Start,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: b',',
            decimal_mark: DecimalMark::Point,
            start: Start::Plain,
        }
    }
}

/// What stands before the decimals of an amount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1.5`; read, a comma is a finding.
    #[default]
    Point,
    /// `1,5`; read, a point is a finding.
    Comma,
}

impl DecimalMark {
    /// A number with a point as it is written with this mark.
    #[must_use]
    pub fn show(self, number: &str) -> String {
        match self {
            Self::Point => number.to_owned(),
            Self::Comma => number.replace('.', ","),
        }
    }
}

/// What a text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Its first character.
    Plain,
    /// A byte order mark, by which some spreadsheets know UTF-8.
    ByteOrderMark,
}

impl Start {
    /// What it is.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::ByteOrderMark => "\u{feff}",
        }
    }
}
