//! A [`Checker`] finds every [`Fault`] of a row, or else what the row pays.
//!
//! Faults are told apart here and put into words elsewhere, because the first reading of a file
//! only asks whether there are any.

use super::header::Header;
use super::remedy;
use super::source::{LineBreak, MAX_LINE_BYTES};
use super::splitter::{Row, Splitter};
use super::{DecimalMark, Limits, Options};
use crate::address::{Account, Casing, Caution};
use crate::domain::escape::is_unsafe;
use crate::domain::{Amount, AmountError, Column, Currency, Listing, Severity};
use std::borrow::Cow;
use std::ops::Range;

/// The longest reference. It is the payer's own id, not a text.
pub(super) const MAX_REFERENCE_CHARS: usize = 64;

/// More significant digits than this may not survive a double, which is what JSON numbers become
/// in most programs (IEEE 754: 15 always do, 17 never more).
const SAFE_DIGITS: usize = 15;

/// Checks rows, one at a time and each on its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checker<'a> {
    pub(super) header: &'a Header,
    pub(super) line_break: LineBreak,
    pub(super) decimal_mark: DecimalMark,
    pub(super) limits: &'a Limits,
}

/// What is known about a row: every part that is right by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Checked<'a> {
    /// Empty where there is none.
    pub(super) reference: &'a str,
    /// Empty where there is none.
    pub(super) payee: &'a str,
    pub(super) currency: Option<Currency>,
    pub(super) address: Option<(&'a str, Account)>,
    pub(super) amount: Option<CheckedAmount<'a>>,
}

/// An amount, with what it was read from.
#[derive(Clone, Debug)]
pub(super) struct CheckedAmount<'a> {
    pub(super) amount: Amount,
    /// With a point, whatever stands in the file.
    pub(super) literal: Cow<'a, str>,
    pub(super) units: u128,
}

/// One thing that is wrong with a row, or odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The line is longer than [`MAX_LINE_BYTES`].
    Overlong,
    /// Half a line break stands inside the line.
    LineBreak { at: usize },
    /// A quote opens that this line does not close.
    OpenQuote { at: usize },
    /// More or fewer cells than the header has.
    Ragged { found: usize },
    /// Quotes where none should be.
    StrayQuote(Column),
    /// These bytes of the value are no UTF-8.
    NotUtf8(Column, Range<usize>),
    /// Nothing there.
    Missing(Column),
    /// No currency has this code.
    Code,
    /// The API may no longer know the code.
    Gone(Currency),
    /// No address of the currency's network.
    Address(Currency),
    /// An address, but a doubtful one.
    Caution(Caution),
    /// No amount; of the currency if that is known.
    Amount(Option<Currency>, AmountError),
    /// A decimal point where the comma was asked for.
    Point,
    /// More minor units than can be counted.
    Uncountable,
    /// More than the limit for one payout of this currency.
    OverLimit(Currency, Amount),
    /// More digits than a double carries.
    Imprecise,
    /// The reference has this many characters.
    LongReference(usize),
    /// The reference starts like a formula.
    Formula(char),
    /// A spreadsheet has shortened the number that the reference was.
    ShortenedReference,
    /// A character of the reference cannot be seen.
    Unprintable(char),
}

impl Fault {
    pub(super) fn severity(&self) -> Severity {
        match self {
            Self::Gone(_) | Self::Caution(_) | Self::Imprecise | Self::ShortenedReference => {
                Severity::Warning
            }
            _ => Severity::Error,
        }
    }

    /// The column it is about; `None` if it is about the row as a whole.
    pub(super) fn column(&self) -> Option<Column> {
        match self {
            Self::Overlong
            | Self::LineBreak { .. }
            | Self::OpenQuote { .. }
            | Self::Ragged { .. } => None,
            Self::StrayQuote(column) | Self::NotUtf8(column, _) | Self::Missing(column) => {
                Some(*column)
            }
            Self::Code | Self::Gone(_) => Some(Column::CurrencyCode),
            Self::Address(_) | Self::Caution(_) => Some(Column::ToAddress),
            Self::Amount(..)
            | Self::Point
            | Self::Uncountable
            | Self::OverLimit(..)
            | Self::Imprecise => Some(Column::Amount),
            Self::LongReference(_)
            | Self::Formula(_)
            | Self::ShortenedReference
            | Self::Unprintable(_) => Some(Column::Reference),
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn new(header: &'a Header, line_break: LineBreak, options: &'a Options) -> Self {
        Self {
            header,
            line_break,
            decimal_mark: options.decimal_mark,
            limits: &options.limits,
        }
    }

    /// Splits lines of this block.
    pub(super) fn splitter(&self, block: &[u8]) -> Splitter {
        Splitter::new(self.header.delimiter, self.line_break, block)
    }

    /// Whether there is nothing in the row. Spreadsheets leave rows of delimiters behind.
    pub(super) fn is_blank(&self, row: &Row<'_>) -> bool {
        row.value(0).is_empty() && row.is_blank_from(0)
    }

    /// Adds every fault of the row to `faults`, and returns what is right about it.
    pub(super) fn check<'r>(&self, row: &Row<'r>, faults: &mut Vec<Fault>) -> Checked<'r> {
        self.check_but_casing(row, &mut Casing::OneByOne, faults)
    }

    /// The same, but the case of an EVM address's letters is `casing`'s to judge.
    pub(super) fn check_but_casing<'r>(
        &self,
        row: &Row<'r>,
        casing: &mut Casing,
        faults: &mut Vec<Fault>,
    ) -> Checked<'r> {
        if let Some(fault) = self.fault_of_the_whole(row) {
            // Where one cell ends and the next begins is not known, so that nothing that could be
            // said about the cells would help.
            faults.push(fault);
            return Checked::default();
        }
        let currency = self.currency(row, faults);
        let address = self.address(row, currency, casing, faults);
        let amount = self.amount(row, currency, faults);
        let reference = self.reference(row, faults);
        let payee = self.text(row, Column::Payee, faults).unwrap_or_default();
        Checked {
            reference,
            payee,
            currency,
            address,
            amount,
        }
    }

    fn fault_of_the_whole(&self, row: &Row<'_>) -> Option<Fault> {
        if row.line.len() > MAX_LINE_BYTES {
            return Some(Fault::Overlong);
        }
        if let Some(at) = row.open_quote() {
            return Some(Fault::OpenQuote { at });
        }
        if let Some(at) = row.half_break() {
            return Some(Fault::LineBreak { at });
        }
        let found = row.width();
        let is_ragged = found != self.header.width
            && (found < self.header.width || !row.is_blank_from(self.header.width));
        is_ragged.then_some(Fault::Ragged { found })
    }

    fn currency(&self, row: &Row<'_>, faults: &mut Vec<Fault>) -> Option<Currency> {
        let code = self.text(row, Column::CurrencyCode, faults)?;
        let Some(currency) = Currency::from_code(code) else {
            faults.push(Fault::Code);
            return None;
        };
        if currency.listing() == Listing::Gone {
            faults.push(Fault::Gone(currency));
        }
        Some(currency)
    }

    fn address<'r>(
        &self,
        row: &Row<'r>,
        currency: Option<Currency>,
        casing: &mut Casing,
        faults: &mut Vec<Fault>,
    ) -> Option<(&'r str, Account)> {
        let text = self.text(row, Column::ToAddress, faults)?;
        let currency = currency?;
        let Some(address) = casing.check(currency.network(), text) else {
            faults.push(Fault::Address(currency));
            return None;
        };
        faults.extend(address.caution().map(Fault::Caution));
        Some((text, address.account()))
    }

    fn amount<'r>(
        &self,
        row: &Row<'r>,
        currency: Option<Currency>,
        faults: &mut Vec<Fault>,
    ) -> Option<CheckedAmount<'r>> {
        /// As many as any currency has: what an amount of an unknown currency may have.
        const MOST_DECIMALS: u8 = 18;
        let text = self.text(row, Column::Amount, faults)?;
        let literal = match self.decimal_mark {
            DecimalMark::Point => Cow::Borrowed(text),
            DecimalMark::Comma if text.contains('.') => {
                faults.push(Fault::Point);
                return None;
            }
            DecimalMark::Comma => Cow::Owned(text.replace(',', ".")),
        };
        let decimals = currency.map_or(MOST_DECIMALS, Currency::decimals);
        let amount = match Amount::parse(&literal, decimals) {
            Ok(amount) => amount,
            Err(error) => {
                faults.push(Fault::Amount(currency, error));
                return None;
            }
        };
        let Some(units) = amount.minor_units(decimals) else {
            faults.push(Fault::Uncountable);
            return None;
        };
        if let Some(limit) = currency.and_then(|currency| self.limits.exceeded(currency, units)) {
            faults.extend(currency.map(|currency| Fault::OverLimit(currency, limit)));
        }
        if !survives_a_double(&literal) {
            faults.push(Fault::Imprecise);
        }
        Some(CheckedAmount {
            amount,
            literal,
            units,
        })
    }

    fn reference<'r>(&self, row: &Row<'r>, faults: &mut Vec<Fault>) -> &'r str {
        let Some(text) = self.text(row, Column::Reference, faults) else {
            return "";
        };
        let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let length = if is_plain {
            text.len()
        } else {
            text.chars().count()
        };
        if length > MAX_REFERENCE_CHARS {
            faults.push(Fault::LongReference(length));
        }
        if let Some(first @ ('=' | '+' | '-' | '@')) = text.chars().next() {
            faults.push(Fault::Formula(first));
        }
        if remedy::is_shortened_by_spreadsheet(text) {
            faults.push(Fault::ShortenedReference);
        }
        if !is_plain && let Some(odd) = text.chars().find(|c| is_unprintable(*c)) {
            faults.push(Fault::Unprintable(odd));
        }
        text
    }

    /// The text of a column; `None`, with a fault, where there is none.
    fn text<'r>(&self, row: &Row<'r>, column: Column, faults: &mut Vec<Fault>) -> Option<&'r str> {
        let index = self.header.place(column)?;
        if row.has_stray_quote(index) {
            faults.push(Fault::StrayQuote(column));
            return None;
        }
        match row.text(index) {
            Ok("") if matches!(column, Column::Reference | Column::Payee) => None,
            Ok("") => {
                faults.push(Fault::Missing(column));
                None
            }
            Ok(text) => Some(text),
            Err(error) => {
                let start = error.valid_up_to();
                let length = error.error_len().unwrap_or(1);
                faults.push(Fault::NotUtf8(column, start..start.saturating_add(length)));
                None
            }
        }
    }
}

impl<'a> Checked<'a> {
    /// All the parts of a payout, if all are there.
    pub(super) fn parts(&self) -> Option<(Currency, &'a str, Account, &CheckedAmount<'a>)> {
        let (text, account) = self.address?;
        Some((self.currency?, text, account, self.amount.as_ref()?))
    }
}

/// Whether a program that reads JSON numbers as doubles sees exactly this amount.
pub(super) fn survives_a_double(literal: &str) -> bool {
    if literal.len() <= SAFE_DIGITS {
        return true;
    }
    let shortest = Amount::without_zeros_at_the_end(literal);
    let digits = shortest.bytes().filter(u8::is_ascii_digit).count();
    let zeros = shortest
        .bytes()
        .take_while(|byte| matches!(byte, b'0' | b'.'));
    let zeros = zeros.filter(u8::is_ascii_digit).count();
    digits.saturating_sub(zeros) <= SAFE_DIGITS || as_a_double(shortest) == shortest
}

/// The number that is left of a literal after a double has carried it.
pub(super) fn as_a_double(literal: &str) -> String {
    literal
        .parse::<f64>()
        .map_or_else(|_| String::new(), |number| number.to_string())
}

/// Whether a character cannot be seen, or not told from another: what could do harm on a screen,
/// blanks other than the space, and what stands for a lost character.
pub(super) fn is_unprintable(c: char) -> bool {
    is_unsafe(c) || (c.is_whitespace() && c != ' ') || matches!(c, '\u{2800}' | '\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_beyond_a_double_are_seen() {
        for (literal, survives) in [
            ("0.1", true),
            ("0.000000000000000001", true),
            ("1.123456789012345", true),
            ("0.1234567890123456", true),
            ("1.234567890123456789", false),
            ("12345678.00000001", true),
            ("100000000000000000000", true),
            ("9007199254740993", false),
            ("1.500000000000000000", true),
        ] {
            assert_eq!(survives_a_double(literal), survives, "{literal}");
        }
    }
}
