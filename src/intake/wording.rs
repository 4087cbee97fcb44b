//! The wording of a [`Fault`]: what is wrong, for someone who runs payroll, and what to do.

use super::DecimalMark;
use super::remedy::{self, Look, Mangled};
use super::source::MAX_LINE_BYTES;
use super::splitter::{Place, Row};
use super::suggest;
use super::validate::{self, Checker, Fault, MAX_REFERENCE_CHARS};
use crate::address::{self, Caution};
use crate::domain::amount::MAX_DIGITS;
use crate::domain::finding::key;
use crate::domain::{AmountError, Column, Currency, Finding, Severity};
use std::ops::Range;

/// The most characters of a value that a sentence quotes.
const QUOTED_CHARS: usize = 60;

/// The shortest text that is looked at as a secret: the shortest secret is a private key of fifty
/// characters, give or take one, or a phrase of about as many.
const SECRET_BYTES_MIN: usize = 32;

/// What stands for a value that must not be shown.
const HIDDEN: &str = "a text that may be a private key";

/// What is said about a fault, without its place.
pub(super) struct Words {
    pub(super) kind: &'static str,
    /// In the value.
    pub(super) span: Option<Range<usize>>,
    pub(super) message: String,
    pub(super) hint: String,
}

impl Words {
    pub(super) fn new(
        kind: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            span: None,
            message: message.into(),
            hint: hint.into(),
        }
    }

    fn at(self, span: Option<Range<usize>>) -> Self {
        Self { span, ..self }
    }
}

/// A row that is told about.
pub(super) struct Scene<'a> {
    pub(super) checker: &'a Checker<'a>,
    pub(super) row: &'a Row<'a>,
    pub(super) line: u64,
    secrecy: Secrecy,
}

/// Whether a row may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secrecy {
    Shown,
    /// A private key or the like is in it.
    Hidden,
}

impl<'a> Scene<'a> {
    pub(super) fn new(checker: &'a Checker<'a>, row: &'a Row<'a>, line: u64) -> Self {
        // Whole cells, and parts of them in case the line was meant to be cut otherwise.
        let mut cells = (0..row.width())
            .map(|index| row.value(index))
            .filter(|cell| cell.len() >= SECRET_BYTES_MIN);
        let holds_secret =
            cells.any(|cell| is_secret(cell) || (is_divided(cell) && holds_secret(cell)));
        Self {
            checker,
            row,
            line,
            secrecy: if holds_secret {
                Secrecy::Hidden
            } else {
                Secrecy::Shown
            },
        }
    }

    /// The finding that tells a fault of this row.
    pub(super) fn finding(&self, fault: &Fault) -> Finding {
        let column = fault.column();
        let words = match column {
            None => self.words_about_the_row(fault),
            Some(column) => self.words_about_a_cell(fault, column),
        };
        let key = match fault {
            Fault::Missing(_) => key::REQUIRED_PARAMETER,
            _ => column.map_or(key::ROW, Column::key),
        };
        let mut finding = self.tell(column, key, words);
        finding.severity = fault.severity();
        if let Fault::LineBreak { at } | Fault::OpenQuote { at } = fault
            && self.secrecy == Secrecy::Shown
        {
            let at = self.in_shown_row(*at);
            finding.row_span = Some(at..at.saturating_add(1));
        }
        finding
    }

    /// An error about this row, in these words.
    pub(super) fn tell(&self, column: Option<Column>, key: &'static str, words: Words) -> Finding {
        let index = column.and_then(|column| self.checker.header.place(column));
        let (mut value, mut span) = (String::new(), words.span);
        if let Some(index) = index {
            value = String::from_utf8_lossy(self.row.value(index)).into_owned();
        }
        let (mut row, mut row_span) = self.shown_row(index, span.as_ref());
        let (mut message, mut hint) = (words.message, words.hint);
        if self.secrecy == Secrecy::Hidden {
            (row, row_span) = (String::new(), None);
            if is_secret(value.as_bytes()) {
                message = message.replace(&quoted(&value), HIDDEN);
                hint = hint.replace(&quoted(&value), HIDDEN);
                (value, span) = (String::new(), None);
            }
        }
        Finding {
            severity: Severity::Error,
            line: Some(self.line),
            column,
            key,
            kind: words.kind,
            value,
            span,
            message,
            hint,
            row,
            row_span,
            related: None,
        }
    }

    /// The line, and where in it the cell, or the part of its value, stands.
    fn shown_row(
        &self,
        index: Option<usize>,
        span: Option<&Range<usize>>,
    ) -> (String, Option<Range<usize>>) {
        let shown = &self.row.line[..self.row.line.len().min(MAX_LINE_BYTES)];
        let row = String::from_utf8_lossy(shown).into_owned();
        let span = index.map(|index| match (self.row.place(index), span) {
            (Place::Exact(place), Some(part)) => {
                // The part is one of the value as it is shown already.
                let start = self.in_shown_row(place.start);
                start.saturating_add(part.start)..start.saturating_add(part.end)
            }
            (Place::Exact(place) | Place::Whole(place), _) => {
                self.in_shown_row(place.start)..self.in_shown_row(place.end)
            }
        });
        (row, span)
    }

    /// The same place in the line as it is shown, in which what is no UTF-8 is longer.
    fn in_shown_row(&self, place: usize) -> usize {
        let before = self.row.line.get(..place).unwrap_or(self.row.line);
        match std::str::from_utf8(before) {
            Ok(_) => place,
            Err(_) => String::from_utf8_lossy(before).len(),
        }
    }

    fn words_about_the_row(&self, fault: &Fault) -> Words {
        let width = self.checker.header.width;
        match fault {
            Fault::Overlong => Words::new(
                "long line",
                format!("the line is longer than {} KiB", MAX_LINE_BYTES >> 10),
                "a row has a few hundred characters; look for a missing line break, or save the file as CSV again",
            ),
            Fault::OpenQuote { .. } => Words::new(
                "quote",
                "a quote opens here and is not closed on this line",
                "close the quote; if the cell holds a line break, take it out",
            ),
            Fault::LineBreak { .. } => Words::new(
                "line break",
                "a line break of another kind stands inside this line",
                "take it out, or save the file as CSV again, so that every row is one line",
            ),
            Fault::Ragged { found } if *found < width => Words::new(
                "cells",
                format!(
                    "the row has {}, the header has {width}",
                    counted(*found, "cell")
                ),
                "fill in what is missing; an empty cell needs its delimiter as well",
            ),
            Fault::Ragged { found } => Words::new(
                "cells",
                format!(
                    "the row has {}, the header has {width}",
                    counted(*found, "cell")
                ),
                format!(
                    "put a value that contains {} in double quotes (an amount takes a point, not a comma)",
                    match self.checker.header.delimiter {
                        b';' => "a semicolon",
                        b'\t' => "a tab",
                        _ => "a comma",
                    }
                ),
            ),
            _ => Words::new("row", "the row is wrong", ""),
        }
    }

    fn words_about_a_cell(&self, fault: &Fault, column: Column) -> Words {
        let index = self.checker.header.place(column).unwrap_or_default();
        let value = String::from_utf8_lossy(self.row.value(index));
        match fault {
            Fault::StrayQuote(_) | Fault::NotUtf8(..) | Fault::Missing(_) => {
                self.words_about_a_text(fault, column, &value)
            }
            Fault::Code => {
                let address = self.checker.header.place(Column::ToAddress);
                let address = address.map_or(&b""[..], |index| self.row.value(index));
                suggest::words(&value, std::str::from_utf8(address).unwrap_or_default())
            }
            Fault::Gone(currency) => Words::new(
                "listing",
                format!("{currency} is gone from the newer documentation of the API, which may refuse it"),
                "ask CryptoCloud whether it is still paid out, or choose another currency",
            ),
            Fault::Address(currency) => address_words(*currency, &value),
            Fault::Caution(caution) => {
                let kind = match caution {
                    Caution::OneCase => "no checksum",
                    Caution::OldLitecoinPrefix => "old prefix",
                    Caution::OffCurve => "off curve",
                };
                Words::new(kind, caution.to_string(), caution.hint())
            }
            Fault::LongReference(length) => Words::new(
                "reference",
                format!("the reference has {length} characters; at most {MAX_REFERENCE_CHARS} are allowed"),
                "shorten it",
            ),
            Fault::Formula(first) => Words::new(
                "reference",
                format!("the reference starts with {first}, so that a spreadsheet would run it as a formula"),
                "write it without the sign in front",
            )
            .at(Some(0..1)),
            Fault::ShortenedReference => Words::new(
                "spreadsheet",
                format!("the reference {} is in scientific notation", quoted(&value)),
                "the spreadsheet has shortened this number; format the column as text and fill it in again",
            ),
            Fault::Unprintable(odd) => Words::new(
                "reference",
                format!("{} is in the reference, which cannot be seen", named(*odd)),
                "take it out; type the reference instead of pasting it",
            )
            .at(place_of(&value, *odd)),
            _ => self.words_about_an_amount(fault, &value),
        }
    }

    fn words_about_a_text(&self, fault: &Fault, column: Column, value: &str) -> Words {
        let name = column.name();
        match fault {
            Fault::StrayQuote(_) => Words::new(
                "quote",
                format!("a quote is out of place in {name}"),
                "take the quote out, or put the whole value in quotes and double each quote inside it",
            )
            .at(place_of(value, '"')),
            Fault::NotUtf8(_, bytes) => {
                let index = self.checker.header.place(column).unwrap_or_default();
                let byte = self.row.value(index).get(bytes.start).copied().unwrap_or_default();
                // What is no UTF-8 is shown as one character of three bytes.
                let shown = bytes.start..bytes.start.saturating_add('\u{fffd}'.len_utf8());
                Words::new(
                    "encoding",
                    format!("byte {} of {name} is 0x{byte:02X}, which is no UTF-8", bytes.start.saturating_add(1)),
                    "save the file as CSV UTF-8",
                )
                .at(Some(shown))
            }
            _ => Words::new(
                "missing",
                format!("{name} is missing"),
                "fill it in, or remove the row",
            ),
        }
    }

    fn words_about_an_amount(&self, fault: &Fault, value: &str) -> Words {
        let show = |number: &str| match self.checker.decimal_mark {
            DecimalMark::Point => number.to_owned(),
            DecimalMark::Comma => number.replace('.', ","),
        };
        match fault {
            Fault::Point => {
                // A date has points too where decimals have a comma.
                if let Look::Spreadsheet(mangled) = remedy::look(value) {
                    return mangled_words(&quoted(value), mangled, show);
                }
                let hint = match remedy::look(&value.replace('.', ",")) {
                    Look::Comma { as_point, .. } => format!("write {}", show(&as_point)),
                    _ => "write it with a comma, without thousands marks".to_owned(),
                };
                Words::new(
                    "decimal mark",
                    format!(
                        "{} has a decimal point, and a comma was asked for",
                        quoted(value)
                    ),
                    hint,
                )
                .at(place_of(value, '.'))
            }
            Fault::Uncountable => Words::new(
                "amount",
                format!("{} is more than can be counted", quoted(value)),
                "check the amount",
            ),
            Fault::OverLimit(currency, limit) => Words::new(
                "limit",
                format!(
                    "{} is more than the limit of {} {currency} for one payout",
                    quoted(value),
                    show(&limit.to_string())
                ),
                "check the amount, or raise the limit (--max-amount)",
            ),
            Fault::Imprecise => {
                let literal = value.replace(',', ".");
                Words::new(
                    "precision",
                    format!(
                        "{} has more digits than a double-precision number carries; an API that reads it as one pays {}",
                        quoted(value),
                        show(&validate::as_a_double(&literal)),
                    ),
                    "write at most 15 significant digits",
                )
            }
            Fault::Amount(currency, error) => amount_words(value, *currency, *error, show),
            _ => Words::new("amount", format!("{} is no amount", quoted(value)), ""),
        }
    }
}

fn address_words(currency: Currency, value: &str) -> Words {
    let network = currency.network();
    // Why it is none is looked for only here, where it is told.
    let Err(error) = address::check(network, value) else {
        return Words::new("address", format!("this is no {network} address"), "");
    };
    let mut hint = error.hint();
    if let Some(other) = error.other_network()
        && error.kind() == "wrong network"
    {
        let codes = suggest::listed(currency.on_network(other));
        hint = format!(
            "did you mean {codes}? otherwise ask the recipient for their {network} address"
        );
    }
    Words::new(error.kind(), error.to_string(), hint).at(error.span())
}

fn amount_words(
    value: &str,
    currency: Option<Currency>,
    error: AmountError,
    show: impl Fn(&str) -> String,
) -> Words {
    let shown = quoted(value);
    match error {
        AmountError::Zero => Words::new(
            "amount",
            "the amount is zero",
            "fill in the amount, or remove the row",
        ),
        AmountError::Digits(count) => Words::new(
            "amount",
            format!("{shown} has {count} digits; at most {MAX_DIGITS} are allowed"),
            "check the amount",
        ),
        AmountError::Decimals { found, allowed } => {
            let code = currency.map_or("it", Currency::code);
            let point = value.find(['.', ',']).unwrap_or(value.len());
            let end = point
                .saturating_add(1)
                .saturating_add(usize::from(allowed))
                .min(value.len());
            let kept = value
                .get(..end)
                .unwrap_or(value)
                .trim_end_matches(['.', ',']);
            let lost = value.get(end..).unwrap_or_default();
            let hint = if lost.bytes().all(|byte| byte == b'0') {
                format!("write {kept}")
            } else {
                format!(
                    "round it: {kept} leaves out the last {}",
                    counted(lost.len(), "digit")
                )
            };
            Words::new(
                "decimals",
                format!("{shown} has {found} decimals, {code} has {allowed}"),
                hint,
            )
            .at(Some(end..value.len()))
        }
        AmountError::Empty
        | AmountError::Character(_)
        | AmountError::Point
        | AmountError::LeadingZero => malformed_words(value, error, show),
    }
}

fn malformed_words(value: &str, error: AmountError, show: impl Fn(&str) -> String) -> Words {
    let shown = quoted(value);
    match remedy::look(value) {
        Look::Spreadsheet(mangled) => mangled_words(&shown, mangled, show),
        Look::Negative => Words::new(
            "amount",
            format!("{shown} is negative"),
            "only amounts above zero can be paid; remove the row, or the sign",
        ),
        Look::WithUnit(number) => Words::new(
            "amount",
            format!("{shown} is more than a number"),
            format!(
                "write {}; the currency stands in currency_code",
                show(&number)
            ),
        ),
        Look::Comma {
            as_point,
            as_thousands,
        } => comma_words(&shown, value, &as_point, as_thousands.as_deref(), show),
        Look::Mended(number) => {
            let words = |message| Words::new("amount", message, format!("write {}", show(&number)));
            match error {
                AmountError::Character(odd) => {
                    words(format!("{shown} contains {}", named(odd))).at(place_of(value, odd))
                }
                AmountError::LeadingZero => {
                    words(format!("{shown} has a superfluous zero in front"))
                }
                _ => words(format!(
                    "{shown} is not digits with at most one decimal mark between"
                )),
            }
        }
        Look::Unknown => Words::new(
            "amount",
            format!("{shown} is no amount"),
            format!(
                "write digits, and at most one decimal mark: {}",
                show("1234.56")
            ),
        ),
    }
}

fn mangled_words(shown: &str, mangled: Mangled, show: impl Fn(&str) -> String) -> Words {
    let (message, hint) = match mangled {
        Mangled::Shortened(full) => {
            let as_text = "the spreadsheet has shortened this number; format the column as text";
            let hint = match full {
                Some(full) => format!("write {} if that is all of it: {as_text}", show(&full)),
                None => as_text.to_owned(),
            };
            (format!("{shown} is in scientific notation"), hint)
        }
        Mangled::Date => (
            format!("{shown} is a date, not an amount"),
            "the spreadsheet has made a date of this number; format the column as text and fill it in again"
                .to_owned(),
        ),
        Mangled::Broken => (
            format!("{shown} is a spreadsheet's error, not an amount"),
            "mend the formula or widen the column, and save the file again".to_owned(),
        ),
        Mangled::Formula => (
            format!("{shown} is a formula, not an amount"),
            "write its result".to_owned(),
        ),
    };
    Words::new("spreadsheet", message, hint)
}

/// Where a character stands in a value.
fn place_of(value: &str, c: char) -> Option<Range<usize>> {
    value.find(c).map(|at| at..at.saturating_add(c.len_utf8()))
}

fn comma_words(
    shown: &str,
    value: &str,
    as_point: &str,
    as_thousands: Option<&str>,
    show: impl Fn(&str) -> String,
) -> Words {
    let hint = match (show(as_point) == value, as_thousands) {
        (true, _) => "write digits and at most one decimal mark".to_owned(),
        (false, None) => format!("write {as_point}, or give --decimal-comma for the whole file"),
        (false, Some(thousands)) => format!(
            "write {as_point}, or {thousands} if the comma separates thousands; --decimal-comma reads all commas as decimal"
        ),
    };
    Words::new("decimal mark", format!("{shown} has a decimal comma"), hint)
        .at(place_of(value, ','))
}

/// Whether any part of a line may be something that must not be shown to anybody, however the
/// line is cut into cells.
pub(super) fn holds_secret(line: &[u8]) -> bool {
    line.split(is_separator)
        .any(|part| is_secret(part.trim_ascii()))
}

/// Whether a cell has what might separate others. To the last byte, so that many are looked at at
/// once.
fn is_divided(cell: &[u8]) -> bool {
    cell.iter()
        .fold(false, |any, byte| any | is_separator(byte))
}

fn is_separator(byte: &u8) -> bool {
    matches!(byte, b',' | b';' | b'\t' | b'"')
}

/// Whether a cell may hold something that must not be shown to anybody.
fn is_secret(value: &[u8]) -> bool {
    value.len() >= SECRET_BYTES_MIN && std::str::from_utf8(value).is_ok_and(address::is_secret)
}

/// A value in quotes, shortened, and with what cannot be seen made visible.
pub(super) fn quoted(value: &str) -> String {
    let mut quoted = String::from("\"");
    for (count, c) in value.chars().enumerate() {
        if count >= QUOTED_CHARS {
            quoted.push('…');
            break;
        }
        if validate::is_unprintable(c) {
            quoted.extend(c.escape_unicode());
        } else {
            quoted.push(c);
        }
    }
    quoted.push('"');
    quoted
}

/// A character by its code point and, where it shows, by itself.
pub(super) fn named(c: char) -> String {
    let name = match c {
        ' ' => "a blank",
        '\t' => "a tab",
        '\u{a0}' => "U+00A0 NO-BREAK SPACE",
        '\u{202f}' => "U+202F NARROW NO-BREAK SPACE",
        '\u{2009}' => "U+2009 THIN SPACE",
        '\u{200b}' => "U+200B ZERO WIDTH SPACE",
        '\u{200c}' => "U+200C ZERO WIDTH NON-JOINER",
        '\u{200d}' => "U+200D ZERO WIDTH JOINER",
        '\u{200e}' => "U+200E LEFT-TO-RIGHT MARK",
        '\u{200f}' => "U+200F RIGHT-TO-LEFT MARK",
        '\u{2060}' => "U+2060 WORD JOINER",
        '\u{feff}' => "U+FEFF ZERO WIDTH NO-BREAK SPACE",
        '\u{fffd}' => "U+FFFD, which stands for a lost character",
        _ if c.is_ascii_graphic() => return format!("{c:?}"),
        _ if validate::is_unprintable(c) => return format!("U+{:04X}", u32::from(c)),
        _ => return format!("{c:?} (U+{:04X})", u32::from(c)),
    };
    name.to_owned()
}

/// `1 cell`, `2 cells`.
fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
