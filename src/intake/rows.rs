//! A [`Row`] is what is known about one line: every part of a payout that is right by itself.
//!
//! Faults are told apart here and put into words elsewhere, because the first look at a file only
//! asks whether there are any.

use super::amount_hints::is_shortened_by_spreadsheet;
use super::csv::Record;
use super::currency_hints::is_of_another_chain;
use super::decode::before_misreading;
use super::header::{Header, MAX_LINE_BYTES, NamedAgain};
use super::options::{Limits, Options};
use super::residue::{self, Residue};
use crate::address::{self, AddressError, Caution};
use crate::characters::is_unprintable;
use crate::domain::currency::MOST_DECIMALS;
use crate::domain::finding::key;
use crate::domain::{
    Amount, AmountError, Column, Currency, DecimalMark, Listing, Network, Payout, Severity,
};
use std::borrow::Cow;

/// The longest reference. It is the payer's own id, not a text.
pub(super) const MAX_REFERENCE_CHARS: usize = 64;

/// No address has fewer letters and digits.
pub(super) const FEWEST_IN_ADDRESS: usize = 25;

/// What programs show where a character is lost.
const LOST: char = char::REPLACEMENT_CHARACTER;

/// The longest name of a payee.
pub(super) const MAX_PAYEE_CHARS: usize = 200;

/// More significant digits than this may not survive a double, which is what JSON numbers become
/// in most programs (IEEE 754: 15 always do, 17 never more).
const SAFE_DIGITS: usize = 15;

/// An amount of more than this part of all that exists is doubtful.
pub(super) const DOUBTFUL_PART: u128 = 10_000;

/// Checks rows, each on its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checker<'a> {
    pub(super) header: &'a Header,
    pub(super) decimal_mark: DecimalMark,
    pub(super) limits: &'a Limits,
}

/// What is known about a row.
#[derive(Clone, Debug, Default)]
pub(super) struct Row<'t> {
    /// Empty where there is none.
    pub(super) reference: Cow<'t, str>,
    /// Empty where there is none.
    pub(super) payee: Cow<'t, str>,
    pub(super) currency: Option<Currency>,
    /// As it stands; empty where there is none.
    pub(super) to_address: Cow<'t, str>,
    pub(super) amount: Option<RowAmount<'t>>,
}

/// An amount, with what it was read from.
#[derive(Clone, Debug)]
pub(super) struct RowAmount<'t> {
    pub(super) amount: Amount,
    /// With a point, whatever stands in the file.
    pub(super) literal: Cow<'t, str>,
    /// In the currency's minor units, or else with the most decimals.
    pub(super) units: u128,
}

/// One thing that is wrong with a row, or doubtful about it: a stage's own error, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The line has no cells that could be looked at.
    Row(RowError),
    /// A cell has no value that could be looked at.
    Cell(Column, CellError),
    /// The code.
    Currency(CurrencyError),
    /// The address.
    Address(AddressFault),
    /// The amount.
    Amount(AmountFault),
    /// The reference.
    Reference(ReferenceError),
    /// The payee.
    Payee(PayeeError),
    /// A memo, in this cell.
    Memo(usize, MemoError),
    /// The name of another network than the currency's, in this cell.
    OtherNetwork(usize, Currency),
}

/// Why a line has no cells that could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowError {
    /// The line is longer than [`MAX_LINE_BYTES`].
    Overlong,
    /// Half a line break stands inside the line.
    LineBreak { at: usize },
    /// A quote opens that this line does not close.
    OpenQuote { at: usize },
    /// More or fewer cells than the header has.
    Width { found: usize },
    /// It sums the others up.
    Totals { cell: usize },
    /// It names the columns, as where files were put together.
    HeaderAgain,
    /// It names the columns, and they stand elsewhere than in the header.
    OtherHeader,
    /// It numbers the columns: 1, 2, 3 and so on below their names.
    Numbering,
    /// It has neither an address nor an amount: a heading, or a signature below the table.
    NoPayout,
    /// The amount may go on in this cell, behind a comma that is a decimal one.
    SplitAmount { cell: usize },
}

/// Why a cell has no value that could be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellError {
    /// Quotes where none should be.
    StrayQuote,
    /// Nothing there.
    Missing,
    /// What a spreadsheet leaves behind.
    Residue,
}

/// What is wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CurrencyError {
    /// No currency has it.
    Unknown,
    /// The API may no longer know it.
    Gone(Currency),
}

/// What is wrong with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddressFault {
    /// It is not one of the currency's network.
    Invalid(Currency, AddressError),
    /// It is one, but a doubtful one.
    Doubtful(Caution),
}

/// What is wrong with an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AmountFault {
    /// It is not an amount; of the currency if that is known.
    Invalid(Option<Currency>, AmountError),
    /// A decimal point where the comma was asked for.
    Point(Option<Currency>),
    /// More than exists of the currency.
    MoreThanExists(Currency),
    /// More than [`DOUBTFUL_PART`] of all that exists.
    LargePart(Currency),
    /// More than the limit for one payout of this currency.
    OverLimit(Currency, Amount),
    /// More digits than a double carries.
    Imprecise,
}

/// What is wrong with a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReferenceError {
    /// It has this many characters.
    Long(usize),
    /// It says that there is none, which the next file would say too.
    Nothing,
    /// It starts like a formula.
    Formula(char),
    /// A spreadsheet has shortened the number that it was.
    Shortened,
    /// Another program has read it in the wrong encoding.
    Misread,
    /// Another program has saved a sign in the place of characters.
    Lost,
    /// A character of it cannot be seen.
    Unprintable(char),
}

/// What is wrong with the name of a payee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PayeeError {
    /// It has this many characters.
    Long(usize),
}

/// What is wrong with a memo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemoError {
    /// The API has no field for it.
    Memo,
    /// A comment may be one on TON.
    Comment,
}

impl Fault {
    pub(super) fn severity(&self) -> Severity {
        match self {
            Self::Row(_)
            | Self::Cell(..)
            | Self::Currency(CurrencyError::Unknown)
            | Self::Address(AddressFault::Invalid(..))
            | Self::Amount(
                AmountFault::Invalid(..)
                | AmountFault::Point(_)
                | AmountFault::MoreThanExists(_)
                | AmountFault::OverLimit(..),
            )
            | Self::Reference(
                ReferenceError::Long(_)
                | ReferenceError::Nothing
                | ReferenceError::Formula(_)
                | ReferenceError::Misread
                | ReferenceError::Lost
                | ReferenceError::Unprintable(_),
            )
            | Self::Payee(PayeeError::Long(_))
            | Self::Memo(_, MemoError::Memo) => Severity::Error,
            Self::Currency(CurrencyError::Gone(_))
            | Self::Address(AddressFault::Doubtful(_))
            | Self::Amount(AmountFault::LargePart(_) | AmountFault::Imprecise)
            | Self::Reference(ReferenceError::Shortened)
            | Self::Memo(_, MemoError::Comment)
            | Self::OtherNetwork(..) => Severity::Warning,
        }
    }

    /// The column it is about; `None` if it is about the row as a whole.
    pub(super) fn column(&self) -> Option<Column> {
        match self {
            Self::Row(_) | Self::Memo(..) | Self::OtherNetwork(..) => None,
            Self::Cell(column, _) => Some(*column),
            Self::Currency(_) => Some(Column::CurrencyCode),
            Self::Address(_) => Some(Column::ToAddress),
            Self::Amount(_) => Some(Column::Amount),
            Self::Reference(_) => Some(Column::Reference),
            Self::Payee(_) => Some(Column::Payee),
        }
    }

    /// The key of its finding: the API's own word where one fits.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Row(RowError::NoPayout) | Self::Cell(_, CellError::Missing) => {
                key::REQUIRED_PARAMETER
            }
            Self::Row(_)
            | Self::Cell(..)
            | Self::Currency(_)
            | Self::Address(_)
            | Self::Amount(_)
            | Self::Reference(_)
            | Self::Payee(_)
            | Self::Memo(..)
            | Self::OtherNetwork(..) => self.column().map_or(key::ROW, Column::key),
        }
    }

    /// The noun under which it is counted.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Row(RowError::Overlong) => "long line",
            Self::Row(RowError::LineBreak { .. }) => "line break",
            Self::Row(RowError::OpenQuote { .. }) | Self::Cell(_, CellError::StrayQuote) => "quote",
            Self::Row(RowError::Width { .. }) => "row width",
            Self::Row(RowError::Totals { .. }) => "row of totals",
            Self::Row(RowError::HeaderAgain | RowError::OtherHeader | RowError::Numbering) => {
                "header"
            }
            Self::Row(RowError::SplitAmount { .. }) => "row width",
            Self::Row(RowError::NoPayout) | Self::Cell(_, CellError::Missing) => "missing",
            Self::Cell(_, CellError::Residue) | Self::Reference(ReferenceError::Shortened) => {
                "spreadsheet"
            }
            Self::Currency(CurrencyError::Unknown) => "currency code",
            Self::Currency(CurrencyError::Gone(_)) => "listing",
            Self::Address(AddressFault::Invalid(_, error)) => error.kind(),
            Self::Address(AddressFault::Doubtful(Caution::OneCase)) => "no checksum",
            Self::Address(AddressFault::Doubtful(Caution::OldLitecoinPrefix)) => "old prefix",
            Self::Address(AddressFault::Doubtful(Caution::OffCurve)) => "off curve",
            Self::Amount(AmountFault::Invalid(_, AmountError::Decimals { .. })) => "decimals",
            Self::Amount(AmountFault::Invalid(..)) => "amount",
            Self::Amount(AmountFault::Point(_)) => "decimal mark",
            Self::Amount(AmountFault::MoreThanExists(_) | AmountFault::LargePart(_)) => "supply",
            Self::Amount(AmountFault::OverLimit(..)) => "limit",
            Self::Amount(AmountFault::Imprecise) => "precision",
            Self::Reference(
                ReferenceError::Long(_)
                | ReferenceError::Nothing
                | ReferenceError::Formula(_)
                | ReferenceError::Misread
                | ReferenceError::Lost
                | ReferenceError::Unprintable(_),
            ) => "reference",
            Self::Payee(PayeeError::Long(_)) => "payee",
            Self::Memo(_, MemoError::Memo) => "memo",
            Self::Memo(_, MemoError::Comment) => "comment",
            Self::OtherNetwork(..) => "other network",
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn new(header: &'a Header, options: &'a Options) -> Self {
        Self {
            header,
            decimal_mark: options.reading.decimal_mark,
            limits: &options.limits,
        }
    }

    /// Whether there is nothing in the row. Spreadsheets leave rows of delimiters behind.
    pub(super) fn is_blank(record: &Record<'_, '_>) -> bool {
        record.is_blank_from(0)
    }

    /// Adds every fault of the row to `faults`, in the order of the columns, and returns what is
    /// right about it.
    pub(super) fn check<'t>(&self, record: &Record<'_, 't>, faults: &mut Vec<Fault>) -> Row<'t> {
        let row = self.check_but_address(record, faults);
        let Some((network, text)) = row.recipient() else {
            return row;
        };
        let currency = row.currency;
        let fault = match address::check(network, text) {
            Ok(address) => address.caution().map(AddressFault::Doubtful),
            Err(error) => currency.map(|currency| AddressFault::Invalid(currency, error)),
        };
        faults.extend(fault.map(Fault::Address));
        faults.sort_by_key(Fault::column_order);
        row
    }

    /// The same without a look at the address, which is left to [`address::check_all`].
    pub(super) fn check_but_address<'t>(
        &self,
        record: &Record<'_, 't>,
        faults: &mut Vec<Fault>,
    ) -> Row<'t> {
        if let Some(error) = self.row_error(record) {
            // Where one cell ends and the next begins is not known, or the row is not a payout, so
            // that nothing that could be said about the cells would help.
            faults.push(Fault::Row(error));
            return Row::default();
        }
        let before = faults.len();
        let currency = self.currency(record, faults);
        if currency.is_none()
            && let Some(error) = self.about_columns(record)
        {
            faults.truncate(before);
            faults.push(Fault::Row(error));
            return Row::default();
        }
        let to_address = self.text(record, Column::ToAddress, faults);
        let amount = self.amount(record, currency, faults);
        let is_missing = |fault: &Fault| matches!(fault, Fault::Cell(_, CellError::Missing));
        let lacks = |column| faults.contains(&Fault::Cell(column, CellError::Missing));
        if lacks(Column::ToAddress) && lacks(Column::Amount) {
            // One error says it better than three.
            faults.retain(|fault| !is_missing(fault) && !matches!(fault, Fault::Currency(_)));
            faults.push(Fault::Row(RowError::NoPayout));
        }
        let reference = self.reference(record, faults);
        let payee = self.payee(record, faults);
        self.memos(record, currency, faults);
        if let Some(currency) = currency {
            let of_another = |index: &&usize| {
                let value = record.value(**index);
                is_of_another_chain(&value, currency)
            };
            let cells = self.header.networks.iter().filter(of_another);
            faults.extend(cells.map(|index| Fault::OtherNetwork(*index, currency)));
        }
        Row {
            reference,
            payee,
            currency,
            to_address: to_address.unwrap_or_default(),
            amount,
        }
    }

    /// What the row says of its network beside the code.
    pub(super) fn network(&self, record: &Record<'_, '_>) -> String {
        let cells = self.header.networks.iter();
        let cells: Vec<_> = cells.map(|index| record.value(*index)).collect();
        cells.join(" ")
    }

    fn row_error(&self, record: &Record<'_, '_>) -> Option<RowError> {
        if record.line.len() > MAX_LINE_BYTES {
            return Some(RowError::Overlong);
        }
        if let Some(at) = record.open_quote() {
            return Some(RowError::OpenQuote { at });
        }
        if let Some(at) = record.half_break() {
            return Some(RowError::LineBreak { at });
        }
        // Another header may be wider.
        let error = self.shape_error(record)?;
        Some(self.about_columns(record).unwrap_or(error))
    }

    /// What is wrong with a row as a whole whose cells are known.
    fn shape_error(&self, record: &Record<'_, '_>) -> Option<RowError> {
        let (found, width) = (record.width(), self.header.width());
        if let Some(cell) = self.totals_cell(record) {
            return Some(RowError::Totals { cell });
        }
        if let Some(cell) = self.split_amount(record) {
            return Some(RowError::SplitAmount { cell });
        }
        let is_ragged = found < width || !record.is_blank_from(self.header.cells);
        is_ragged.then_some(RowError::Width { found })
    }

    /// The cell behind the amount, if it may hold its decimals: `150,25` without quotes makes two bare
    /// cells, and a row that is paid with the first of them is paid too little. So digits there are
    /// an error where the cell has no column of its own or is no place for digits alone, or the row has
    /// a cell too many.
    fn split_amount(&self, record: &Record<'_, '_>) -> Option<usize> {
        let header = self.header;
        let cell = header.place(Column::Amount)?.saturating_add(1);
        let is_nameless = header.names.get(cell).is_none_or(String::is_empty);
        let has_one_more = record.width() > header.cells || !record.is_blank_from(header.width());
        let of_letters = [Column::CurrencyCode, Column::ToAddress];
        let is_of_letters = of_letters.iter().any(|it| header.place(*it) == Some(cell));
        if header.delimiter != b',' || !(is_nameless || has_one_more || is_of_letters) {
            return None;
        }
        let amount = cell.saturating_sub(1);
        let is_split = record.is_bare(amount)
            && record.is_bare(cell)
            && may_be_one_amount(&record.value(amount), &record.value(cell));
        is_split.then_some(cell)
    }

    /// What a row is that names the columns or numbers them, and has no code.
    fn about_columns(&self, record: &Record<'_, '_>) -> Option<RowError> {
        let again = self.header_again(record);
        again.or_else(|| self.is_numbering(record).then_some(RowError::Numbering))
    }

    /// What a row is that names all required columns. A row of data has digits in its address or its
    /// amount, and is not compared with names.
    fn header_again(&self, record: &Record<'_, '_>) -> Option<RowError> {
        let header = self.header;
        let may_be_name = |column: Column| {
            header.place(column).is_some_and(|place| {
                let value = record.value(place);
                let is_name = header.names.get(place).is_some_and(|name| *name == value);
                is_name || !value.contains(|c: char| c.is_ascii_digit())
            })
        };
        if !(may_be_name(Column::ToAddress) && may_be_name(Column::Amount)) {
            return None;
        }
        let again = header.named_again(record);
        again.map(|order| match order {
            NamedAgain::InOrder => RowError::HeaderAgain,
            NamedAgain::Elsewhere => RowError::OtherHeader,
        })
    }

    /// Whether a row numbers the columns, as forms do below their names, at least to the address: `1`, or `(1)`.
    fn is_numbering(&self, record: &Record<'_, '_>) -> bool {
        let number = |index: usize| {
            let value = record.value(index);
            let number = value.trim_matches(['(', ')', '.']).parse::<u16>();
            number.ok().map(u32::from)
        };
        let address = self.header.place(Column::ToAddress);
        let mut numbers = (0..self.header.width()).zip(number(0).unwrap_or_default()..);
        address.is_some_and(|address| number(address).is_some())
            && numbers.all(|(index, expected)| {
                number(index) == Some(expected) || record.is_blank_from(index)
            })
    }

    /// The cell that calls the row one of totals: the address, or the first with a word. Such a row pays
    /// nobody: it has no address. A comment in another row may be about a sum too.
    fn totals_cell(&self, record: &Record<'_, '_>) -> Option<usize> {
        let place = self.header.place(Column::ToAddress)?;
        let address = record.value(place);
        if !address.is_empty() {
            return is_totals(&address).then_some(place);
        }
        // It may stand in another cell, where cells are missing or all are in one.
        let is_between = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_');
        let is_like_address = |run: &str| {
            let letters = run.bytes().filter(u8::is_ascii_alphanumeric);
            letters.count() >= FEWEST_IN_ADDRESS
        };
        if record.line.split(is_between).any(is_like_address) {
            return None;
        }
        let has_word = |index: &usize| record.value(*index).contains(char::is_alphabetic);
        let first = (0..record.width()).find(has_word)?;
        is_totals(&record.value(first)).then_some(first)
    }

    fn currency(&self, record: &Record<'_, '_>, faults: &mut Vec<Fault>) -> Option<Currency> {
        let code = self.text(record, Column::CurrencyCode, faults)?;
        let Some(currency) = Currency::from_code(&code) else {
            faults.push(Fault::Currency(CurrencyError::Unknown));
            return None;
        };
        if currency.listing() == Listing::Gone {
            faults.push(Fault::Currency(CurrencyError::Gone(currency)));
        }
        Some(currency)
    }

    fn amount<'t>(
        &self,
        record: &Record<'_, 't>,
        currency: Option<Currency>,
        faults: &mut Vec<Fault>,
    ) -> Option<RowAmount<'t>> {
        let text = self.text(record, Column::Amount, faults)?;
        let literal = match self.decimal_mark {
            DecimalMark::Point => text,
            DecimalMark::Comma if text.contains('.') => {
                faults.push(Fault::Amount(AmountFault::Point(currency)));
                return None;
            }
            DecimalMark::Comma if text.contains(',') => Cow::Owned(text.replace(',', ".")),
            DecimalMark::Comma => text,
        };
        let decimals = currency.map_or(MOST_DECIMALS, Currency::decimals);
        let amount = match Amount::parse(&literal, decimals) {
            Ok(amount) => amount,
            Err(error) => {
                faults.push(Fault::Amount(AmountFault::Invalid(currency, error)));
                return None;
            }
        };
        let units = amount.minor_units(decimals);
        if let Some(currency) = currency {
            let fault = self.amount_fault(currency, units.unwrap_or(u128::MAX));
            faults.extend(fault.map(Fault::Amount));
        }
        if !survives_a_double(&literal) {
            faults.push(Fault::Amount(AmountFault::Imprecise));
        }
        Some(RowAmount {
            amount,
            literal,
            units: units?,
        })
    }

    /// What is wrong with how much it is.
    fn amount_fault(&self, currency: Currency, units: u128) -> Option<AmountFault> {
        let supply = currency.supply();
        if units > supply {
            return Some(AmountFault::MoreThanExists(currency));
        }
        if let Some(limit) = self.limits.exceeded(currency, units) {
            return Some(AmountFault::OverLimit(currency, limit));
        }
        // A division of these numbers takes far longer.
        let is_large = units.saturating_mul(DOUBTFUL_PART) > supply;
        is_large.then_some(AmountFault::LargePart(currency))
    }

    fn reference<'t>(&self, record: &Record<'_, 't>, faults: &mut Vec<Fault>) -> Cow<'t, str> {
        let Some(text) = self.text(record, Column::Reference, faults) else {
            return Cow::Borrowed("");
        };
        let mut push = |error| faults.push(Fault::Reference(error));
        if is_for_nothing(&text) {
            push(ReferenceError::Nothing);
            return Cow::Borrowed("");
        }
        let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let length = if is_plain {
            text.len()
        } else {
            text.chars().count()
        };
        if length > MAX_REFERENCE_CHARS {
            push(ReferenceError::Long(length));
        }
        if let Some(first @ ('+' | '-' | '@')) = text.chars().next() {
            push(ReferenceError::Formula(first));
        }
        if is_shortened_by_spreadsheet(&text) {
            push(ReferenceError::Shortened);
        }
        let is_lost = |text: &str| text.as_bytes().windows(2).any(|pair| pair == b"??");
        if is_lost(&text) || (!is_plain && text.contains(LOST)) {
            push(ReferenceError::Lost);
        } else if !is_plain && before_misreading(&text).is_some() {
            push(ReferenceError::Misread);
        } else if !is_plain && let Some(found) = text.chars().find(|c| is_unprintable(*c)) {
            push(ReferenceError::Unprintable(found));
        }
        text
    }

    fn payee<'t>(&self, record: &Record<'_, 't>, faults: &mut Vec<Fault>) -> Cow<'t, str> {
        let Some(text) = self.text(record, Column::Payee, faults) else {
            return Cow::Borrowed("");
        };
        if text.len() > MAX_PAYEE_CHARS {
            let length = text.chars().count();
            if length > MAX_PAYEE_CHARS {
                faults.push(Fault::Payee(PayeeError::Long(length)));
            }
        }
        text
    }

    fn memos(&self, record: &Record<'_, '_>, currency: Option<Currency>, faults: &mut Vec<Fault>) {
        let is_empty = |index: usize| is_for_nothing(&record.value(index));
        for index in &self.header.memos {
            if !is_empty(*index) {
                faults.push(Fault::Memo(*index, MemoError::Memo));
            }
        }
        if currency.map(Currency::network) == Some(Network::Ton) {
            for index in &self.header.comments {
                if !is_empty(*index) {
                    faults.push(Fault::Memo(*index, MemoError::Comment));
                }
            }
        }
    }

    /// The text of a column; `None`, with a fault if need be, where there is none.
    fn text<'t>(
        &self,
        record: &Record<'_, 't>,
        column: Column,
        faults: &mut Vec<Fault>,
    ) -> Option<Cow<'t, str>> {
        let index = self.header.place(column)?;
        if record.has_stray_quote(index) {
            faults.push(Fault::Cell(column, CellError::StrayQuote));
            return None;
        }
        let text = record.value(index);
        if text.is_empty() {
            if !matches!(column, Column::Reference | Column::Payee) {
                faults.push(Fault::Cell(column, CellError::Missing));
            }
            return None;
        }
        if matches!(text.as_bytes(), [b'=' | b'\'' | b'#' | b'E', ..]) {
            let is_residue = match (residue::of(&text), column) {
                // Names may begin with an apostrophe: 't Hart.
                (None, _) | (Some(Residue::TextMark(_)), Column::Payee) => false,
                (Some(_), _) => true,
            };
            if is_residue {
                faults.push(Fault::Cell(column, CellError::Residue));
                return None;
            }
        }
        Some(text)
    }
}

impl Fault {
    /// The order in which the faults of a row are told.
    fn column_order(&self) -> usize {
        match self.column() {
            None => usize::MAX,
            Some(column) => column as usize,
        }
    }
}

impl Row<'_> {
    /// What there is to check as an address.
    pub(super) fn recipient(&self) -> Option<(Network, &str)> {
        let text = Some(self.to_address.as_ref()).filter(|text| !text.is_empty())?;
        Some((self.currency?.network(), text))
    }

    /// The payout that a row on this line is, of which all is known to be right.
    pub(super) fn payout(self, line: u64) -> Option<Payout> {
        let currency = self.currency?;
        let account = address::account_of(currency.network(), &self.to_address)?;
        let amount = self.amount?;
        Some(Payout {
            line,
            reference: self.reference.into_owned(),
            payee: self.payee.into_owned(),
            currency,
            to_address: self.to_address.into_owned(),
            account: account.to_text(),
            amount: amount.amount,
            minor_units: amount.units,
        })
    }
}

/// Whether two cells may be one amount that a decimal comma has split: `150` and `25`, or `1.250` and
/// `50`.
pub(super) fn may_be_one_amount(whole: &str, decimals: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split('.');
    groups.next().is_some_and(is_digits)
        && groups.all(|group| group.len() == 3 && is_digits(group))
        && is_digits(decimals)
}

/// Whether a text is what people write where there is nothing: a dash, or that there is none.
pub(super) fn is_for_nothing(text: &str) -> bool {
    const WORDS: [&str; 22] = [
        "нет",
        "отсутствует",
        "не указан",
        "не указано",
        "нет мемо",
        "нет memo",
        "без memo",
        "без тега",
        "н/д",
        "б/н",
        "не нужен",
        "не нужно",
        "не требуется",
        "без мемо",
        "no",
        "none",
        "n/a",
        "not needed",
        "not required",
        "no memo",
        // As databases and programs export what is not there.
        "null",
        "nan",
    ];
    let is_equal = |word: &&str| {
        // Small letters of these take as many bytes as capitals.
        let is_as_long = word.len() == text.len();
        is_as_long && (text.eq_ignore_ascii_case(word) || is_equal_in_small(text, word))
    };
    // Nearly every value begins otherwise.
    let may_be = matches!(
        text.as_bytes().first(),
        None | Some(b'-' | b'n' | b'N' | 0x80..)
    );
    if !may_be {
        return false;
    }
    text.chars().all(|c| matches!(c, '-' | '–' | '—')) || WORDS.iter().any(is_equal)
}

/// Whether a text is the word for a sum, or begins with it.
fn is_totals(text: &str) -> bool {
    const WORDS: [&str; 9] = [
        "total",
        "totals",
        "subtotal",
        "sum",
        "grand total",
        "итого",
        "всего",
        "итог",
        "сумма",
    ];
    // Nearly every value is another one by its first two letters.
    let may_be = match text.as_bytes() {
        [b't' | b'T', b'o' | b'O', ..] | [b's' | b'S', b'u' | b'U', ..] => true,
        [b'g' | b'G', b'r' | b'R', ..] => true,
        [first, ..] => !first.is_ascii(),
        [] => false,
    };
    if !may_be {
        return false;
    }
    let begins = |word: &&str| {
        let head = text.get(..word.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(word) || is_equal_in_small(head, word))
    };
    WORDS.iter().filter(|word| begins(word)).any(|word| {
        let rest = text.get(word.len()..).unwrap_or_default();
        rest.is_empty() || rest.starts_with([':', ' ', ',', '.', '('])
    })
}

/// Whether a text beyond ASCII is this word, but for its case.
fn is_equal_in_small(text: &str, word: &str) -> bool {
    !text.is_ascii() && text.chars().flat_map(char::to_lowercase).eq(word.chars())
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

    #[test]
    fn words_for_nothing_are_known() {
        for text in [
            "",
            "-",
            "—",
            "Нет",
            "N/A",
            "Отсутствует",
            "нет memo",
            "NULL",
            "NaN",
        ] {
            assert!(is_for_nothing(text), "{text}");
        }
        for text in ["0", "Нетто", "NULL-1", "Нет мемо 7", "nano"] {
            assert!(!is_for_nothing(text), "{text}");
        }
    }

    #[test]
    fn words_for_sums_are_known() {
        for text in [
            "Итого",
            "ИТОГО:",
            "Total",
            "Grand total",
            "Всего к выплате",
            "Totals (3)",
        ] {
            assert!(is_totals(text), "{text}");
        }
        for text in ["Totally", "Summer", "Ивановы", "TRX", ""] {
            assert!(!is_totals(text), "{text}");
        }
    }
}
