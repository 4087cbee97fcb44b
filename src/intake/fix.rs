//! A fix is a copy of a file in which every change is made that is certain: the names of the
//! columns, the spelling of codes, a spreadsheet's marks of text, the encoding, the delimiter, the
//! decimal mark. What the settings say of every file stays as they say, so that they count for the copy
//! too. Whatever is in doubt stays as it is, and stays an error; the value of an amount is
//! never changed.

use super::columns::{
    ALL, Claim, ColumnNames, Meaning, NOT_USED, may_be_paid_beside, meaning, unit_other_than,
};
use super::csv::{LineBreak, Record, Splitter, joined, lines, trim};
use super::currency_hints::{certain, other_chain_in};
use super::decode::{DecodeError, TextEncoding, decode};
use super::header::{self, Header, HeaderError, HeaderFault, MAX_LINE_BYTES};
use super::messages::text::delimiter_words;
use super::misread;
use super::options::{Options, Reading};
use super::redact::is_secret;
use super::residue::{self, Residue};
use super::rows::{CellError, Checker, Fault, RowError, may_be_one_amount};
use super::scan::scan;
use crate::domain::escape::escape;
use crate::domain::{Column, Currency, DecimalMark};
use std::fmt;

/// A copy of a file, and how it differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The copy: UTF-8, with commas between the columns unless that takes a doubt away.
    pub text: String,
    /// Every change, in the order of the file.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The line of the file that was changed, as an editor shows it; `None` for all of them.
    pub line: Option<u64>,
    /// What was changed. Safe to show.
    pub text: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{line}: {}", self.text),
            None => write!(f, " {}", self.text),
        }
    }
}

/// Why nothing can be fixed: the file has no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfixable {
    /// It is not text.
    Decode(DecodeError),
    /// It has no header that could be mended.
    Header(Box<HeaderError>),
    /// Its encoding is in doubt.
    Misread,
    /// There is nothing in it.
    Empty,
}

/// Makes the copy of a file that is read so, to be read as `settings` say.
///
/// # Errors
/// When there are no rows to be copied; reading the file tells why.
pub fn fix(bytes: Vec<u8>, reading: &Reading, settings: &Reading) -> Result<Fixed, Unfixable> {
    let decoded = decode(bytes, reading.encoding).map_err(Unfixable::Decode)?;
    let header = find_header(&decoded.text, &reading.columns)?;
    if misread::in_rows(&decoded, &header).is_some() {
        return Err(Unfixable::Misread);
    }
    let options = Options {
        reading: reading.clone(),
        ..Options::default()
    };
    let checker = Checker::new(&header, &options);
    let evidence = scan(&decoded.text, &checker).evidence;
    let keeps_commas = settings.decimal_mark == DecimalMark::Comma;
    let is_in_doubt = evidence.is_of_thousands(&header, reading.decimal_mark);
    let delimiter = match (keeps_commas, is_in_doubt, header.delimiter) {
        (true, ..) => header.delimiter,
        (false, false, _) => b',',
        // Points beside commas would be in doubt no more.
        (false, true, b',') => b';',
        (false, true, same) => same,
    };
    let mut fixer = Fixer {
        checker,
        header: &header,
        delimiter,
        reading,
        settings,
        other_unit: other_unit(&header, None),
        other_chain: None,
        fixed: Fixed {
            text: String::with_capacity(decoded.text.len()),
            changes: Vec::new(),
        },
    };
    fixer.tell_dialect(decoded.encoding);
    let body = decoded.text.get(header.end..).unwrap_or_default();
    let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, body);
    let first = header.line.saturating_add(1);
    let dialect = (header.delimiter, header.line_break);
    let mut rows = (first..).zip(lines(body, header.line_break));
    while let Some((number, line)) = rows.next() {
        let record = splitter.split(line.text);
        let joined = record
            .open_quote()
            .and_then(|_| joined(body, line.start, dialect));
        match joined {
            // A line break in a cell stays, and stays one error.
            Some((text, count)) => {
                fixer.write_as_it_is(&splitter.split(text));
                (1..count).for_each(|_| _ = rows.next());
            }
            None => fixer.write_row(number, &record),
        }
    }
    let rows = std::mem::take(&mut fixer.fixed.text);
    fixer.write_header();
    fixer.fixed.text.push_str(&rows);
    fixer.fixed.changes.sort_by_key(|change| change.line);
    Ok(fixer.fixed)
}

/// The unit in the name of the amounts that is not this currency.
fn other_unit(header: &Header, paid: Option<Currency>) -> Option<String> {
    let name = header.names.get(header.place(Column::Amount)?)?;
    unit_other_than(name, paid).map(str::to_owned)
}

/// The network in the name of the addresses that is not this currency's.
fn other_chain(header: &Header, paid: Option<Currency>) -> Option<String> {
    let name = header.names.get(header.place(Column::ToAddress)?)?;
    other_chain_in(name, paid?).map(str::to_owned)
}

/// The header; names with letters that only look right are taken for what they look like.
fn find_header(text: &str, given: &ColumnNames) -> Result<Header, Unfixable> {
    let mut names = given.clone();
    loop {
        let error = match header::find(text, &names) {
            Ok(header) => return header.ok_or(Unfixable::Empty),
            Err(error) => error,
        };
        let HeaderFault::Missing(missing) = &error.fault else {
            return Err(Unfixable::Header(Box::new(error)));
        };
        let next = missing
            .confusable
            .iter()
            .find(|(_, column, _)| names.of(*column).is_none());
        match next {
            Some((name, column, _)) => names = names.with(*column, name),
            None => return Err(Unfixable::Header(Box::new(error))),
        }
    }
}

struct Fixer<'a> {
    checker: Checker<'a>,
    header: &'a Header,
    /// Between the columns of the copy. Where points may stand for thousands it is that of the file,
    /// by which this is seen, and where amounts keep their commas.
    delimiter: u8,
    /// How the file is read.
    reading: &'a Reading,
    /// How the copy is going to be read.
    settings: &'a Reading,
    /// What the name of the amounts keeps, because a warning speaks of it.
    other_unit: Option<String>,
    /// What the name of the addresses keeps, for the same reason.
    other_chain: Option<String>,
    fixed: Fixed,
}

impl Fixer<'_> {
    fn change(&mut self, line: Option<u64>, text: impl Into<String>) {
        let text = text.into();
        self.fixed.changes.push(Change {
            line,
            text: escape(&text).into_owned(),
        });
    }

    /// Tells what is changed in every line.
    fn tell_dialect(&mut self, encoding: TextEncoding) {
        if encoding != TextEncoding::UTF_8 {
            self.change(None, format!("the copy is in UTF-8, not in {encoding}"));
        }
        if self.delimiter != self.header.delimiter {
            let (_, now) = delimiter_words(self.delimiter);
            let (_, before) = delimiter_words(self.header.delimiter);
            let text = format!("{now} separate the columns of the copy, not {before}");
            self.change(None, text);
        }
        if self.changes_mark() {
            self.change(
                None,
                "amounts have a decimal point in the copy, not a comma",
            );
        }
        for (line, _) in self.header.passed_over.clone() {
            self.change(Some(line), "left out: it stands above the header");
        }
    }

    /// Whether commas of amounts become points.
    fn changes_mark(&self) -> bool {
        self.checker.decimal_mark != self.settings.decimal_mark
    }

    fn write_header(&mut self) {
        let line = Some(self.header.line);
        let used = |index: usize| {
            ALL.into_iter()
                .find(|it| self.header.place(*it) == Some(index))
        };
        let names: Vec<_> = (0..self.header.cells)
            .map(|index| {
                (
                    used(index),
                    self.header.names.get(index).cloned().unwrap_or_default(),
                )
            })
            .collect();
        let mut written = Vec::new();
        for (column, name) in names {
            let set = column.and_then(|column| self.settings.columns.of(column));
            let doubtful = match column {
                Some(Column::Amount) => self.other_unit.as_ref(),
                Some(Column::ToAddress) => self.other_chain.as_ref(),
                Some(Column::CurrencyCode | Column::Reference | Column::Payee) | None => None,
            };
            let new = match (column, set, doubtful) {
                (Some(_), Some(set), _) => set.to_owned(),
                (Some(column), None, Some(doubtful)) => format!("{} ({doubtful})", column.name()),
                (Some(column), None, None) => column.name().to_owned(),
                // Else the copy would have two columns of this name.
                (None, ..) if self.is_used(&name) => format!("{name}{NOT_USED}"),
                (None, ..) => name.clone(),
            };
            if new != name {
                self.change(line, format!("the column {} is named {new}", shown(&name)));
            }
            written.push(new);
        }
        self.write_cells(&written);
    }

    /// Whether a column of this name would be used in the copy, or asked about though it is said which is.
    fn is_used(&self, name: &str) -> bool {
        let is_own = matches!(meaning(name), Meaning::Used(_, Claim::Own));
        let is_said = self.reading.columns.of(Column::Amount).is_some();
        let is_asked_about = is_said && may_be_paid_beside(name, Column::Amount.name());
        is_own || is_asked_about || header::is_given(name, &self.settings.columns)
    }

    fn write_row(&mut self, line: u64, record: &Record<'_, '_>) {
        let mut faults = Vec::new();
        self.checker.check_but_address(record, &mut faults);
        if Checker::is_blank(record) {
            self.fixed.text.push('\n');
        } else if faults.iter().any(is_of_the_line) {
            let may_be_split =
                |fault: &Fault| matches!(fault, Fault::Row(RowError::SplitAmount { .. }));
            if faults.iter().any(may_be_split) {
                self.write_line(line, record);
            } else {
                self.write_in_doubt(line, record);
            }
        } else {
            let cells: Vec<_> = (0..self.header.cells)
                .map(|index| self.cell(line, index, record))
                .collect();
            self.write_cells(&cells);
        }
    }

    /// Copies a row as it is, so that it stays an error.
    fn write_in_doubt(&mut self, line: u64, record: &Record<'_, '_>) {
        let has_stray_quote = (0..record.width()).any(|index| record.has_stray_quote(index));
        let is_in_doubt =
            has_stray_quote || record.open_quote().is_some() || record.line.len() > MAX_LINE_BYTES;
        if is_in_doubt {
            self.write_line(line, record);
        } else {
            self.write_as_it_is(record);
        }
    }

    /// Copies a line whose cells are in doubt to the letter, or as one cell.
    fn write_line(&mut self, line: u64, record: &Record<'_, '_>) {
        if self.header.delimiter == self.delimiter && record.half_break().is_none() {
            self.fixed.text.push_str(record.line);
            self.fixed.text.push('\n');
        } else {
            let text = "copied as one cell, because it cannot be told where its cells end; mend the row in this file, and make the copy anew";
            self.change(Some(line), text);
            self.write_cells(&[record.line.to_owned()]);
        }
    }

    /// Copies the cells of a row that stays an error.
    fn write_as_it_is(&mut self, record: &Record<'_, '_>) {
        let with_line_feeds = |cell: &str| match self.header.line_break {
            LineBreak::LineFeed => cell.replace("\r\n", "\n"),
            LineBreak::CarriageReturn => cell.replace("\r\n", "\n").replace('\r', "\n"),
        };
        let cells = (0..record.width()).map(|index| with_line_feeds(&record.raw(index)));
        let cells: Vec<_> = cells.collect();
        self.write_cells(&cells);
    }

    /// What is written for a cell.
    fn cell(&mut self, line: u64, index: usize, record: &Record<'_, '_>) -> String {
        let used = ALL
            .into_iter()
            .find(|it| self.header.place(*it) == Some(index));
        let raw = record.raw(index);
        let Some(column) = used else {
            return raw.into_owned();
        };
        let value = trim(&raw).to_owned();
        let mut new = value.clone();
        if let Some(meant) = residue::meant(&value)
            && !(column == Column::Payee
                && matches!(residue::of(&value), Some(Residue::TextMark(_))))
        {
            new = meant.to_owned();
        }
        match column {
            Column::CurrencyCode if Currency::from_code(&new).is_none() => {
                if let Some(currency) = certain(&new, &self.checker.network(record)) {
                    new = currency.code().to_owned();
                }
            }
            Column::Amount => new = self.with_mark(&new),
            Column::CurrencyCode | Column::ToAddress | Column::Reference | Column::Payee => {}
        }
        if column == Column::CurrencyCode && self.other_unit.is_none() {
            self.other_unit = other_unit(self.header, Currency::from_code(&new));
        }
        if column == Column::CurrencyCode && self.other_chain.is_none() {
            self.other_chain = other_chain(self.header, Currency::from_code(&new));
        }
        let has_odd_blanks = raw.trim_matches([' ', '\t']) != value;
        if new != value {
            let text = format!(
                "{}: {} is written {}",
                column.name(),
                shown(&value),
                shown(&new)
            );
            self.change(Some(line), text);
        } else if has_odd_blanks {
            self.change(
                Some(line),
                format!("{}: blanks around it are left out", column.name()),
            );
        }
        new
    }

    /// An amount with the decimal mark of the copy. Where that is another one, both marks change places,
    /// so that `1.500`, which is in doubt, stays so.
    fn with_mark(&self, amount: &str) -> String {
        let is_number = amount
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | ' ' | '\u{a0}'));
        if !self.changes_mark() || !is_number {
            return amount.to_owned();
        }
        let other = |c: char| match c {
            '.' => ',',
            ',' => '.',
            c => c,
        };
        amount.chars().map(other).collect()
    }

    fn write_cells(&mut self, cells: &[String]) {
        let delimiter = char::from(self.delimiter);
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                self.fixed.text.push(delimiter);
            }
            // An amount in quotes is no part of one that a comma has split.
            let next = cells.get(place.saturating_add(1));
            let may_be_split = self.delimiter == b','
                && self.header.place(Column::Amount) == Some(place)
                && next.is_some_and(|next| may_be_one_amount(cell, next));
            let is_plain = !may_be_split
                && !cell.contains([delimiter, '"', '\n', '\r'])
                && !cell.starts_with(char::is_whitespace)
                && !cell.ends_with(char::is_whitespace);
            if is_plain && !(cell.is_empty() && cells.len() == 1) {
                self.fixed.text.push_str(cell);
            } else {
                self.fixed.text.push('"');
                self.fixed.text.push_str(&cell.replace('"', "\"\""));
                self.fixed.text.push('"');
            }
        }
        self.fixed.text.push('\n');
    }
}

/// Whether a fault leaves in doubt where the cells of the line are.
fn is_of_the_line(fault: &Fault) -> bool {
    match fault {
        Fault::Row(
            RowError::Totals { .. }
            | RowError::HeaderAgain
            | RowError::OtherHeader
            | RowError::Numbering
            | RowError::NoPayout,
        ) => false,
        Fault::Row(_) | Fault::Cell(_, CellError::StrayQuote) => true,
        Fault::Cell(..)
        | Fault::Currency(_)
        | Fault::Address(_)
        | Fault::Amount(_)
        | Fault::Reference(_)
        | Fault::Payee(_)
        | Fault::Memo(..)
        | Fault::OtherNetwork(..) => false,
    }
}

/// A value in quotes, unless it must not be shown.
fn shown(value: &str) -> String {
    if is_secret(value) {
        "a value".to_owned()
    } else {
        format!("\"{value}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::totals;
    use super::super::{Intake, read};
    use super::*;
    use proptest::prelude::*;

    const BTC: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";

    fn fixed_with(text: &str, mark: DecimalMark) -> Fixed {
        let reading = Reading {
            decimal_mark: mark,
            ..Reading::default()
        };
        fix(text.as_bytes().to_vec(), &reading, &Reading::default()).unwrap()
    }

    fn told(fixed: &Fixed) -> Vec<String> {
        fixed.changes.iter().map(Change::to_string).collect()
    }

    #[test]
    fn a_file_whose_encoding_is_in_doubt_is_not_copied() {
        let text = "reference,currency_code,to_address,amount\n„оговор 1,BTC,x,1\n";
        let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(text);
        let fixed = |reading: &Reading| fix(bytes.to_vec(), reading, &Reading::default());
        assert_eq!(fixed(&Reading::default()), Err(Unfixable::Misread));
        let on_a_mac = Reading {
            encoding: "x-mac-cyrillic".parse().ok(),
            ..Reading::default()
        };
        assert!(fixed(&on_a_mac).is_ok_and(|fixed| fixed.text.contains("Договор 1")));
    }

    #[test]
    fn what_is_certain_is_fixed_and_told() {
        let text = format!(
            "Title;;;\nПолучатель;Валюта;Адрес;Сумма\nA;btc;=\"{BTC}\";0,5\n\nB;USDT (TRC20);'TNPeeaaFB7K9cmo4uQpcU32zGK8G1NYqeL\u{a0};'25\nC;USDT;x;1.500\n"
        );
        let fixed = fixed_with(
            &text
                .replace("\"", "\"\"")
                .replace("=\"\"bc", "\"=\"\"bc")
                .replace("t4\"\"", "t4\"\"\""),
            DecimalMark::Comma,
        );
        assert_eq!(
            fixed.text,
            format!(
                "payee,currency_code,to_address,amount\nA,BTC,{BTC},0.5\n\nB,USDT_TRC20,TNPeeaaFB7K9cmo4uQpcU32zGK8G1NYqeL,25\nC,USDT,x,\"1,500\"\n"
            )
        );
        assert_eq!(
            told(&fixed),
            [
                " commas separate the columns of the copy, not semicolons".to_owned(),
                " amounts have a decimal point in the copy, not a comma".to_owned(),
                "1: left out: it stands above the header".to_owned(),
                "2: the column \"Получатель\" is named payee".to_owned(),
                "2: the column \"Валюта\" is named currency_code".to_owned(),
                "2: the column \"Адрес\" is named to_address".to_owned(),
                "2: the column \"Сумма\" is named amount".to_owned(),
                "3: currency_code: \"btc\" is written \"BTC\"".to_owned(),
                format!("3: to_address: \"=\"{BTC}\"\" is written \"{BTC}\""),
                "3: amount: \"0,5\" is written \"0.5\"".to_owned(),
                "5: currency_code: \"USDT (TRC20)\" is written \"USDT_TRC20\"".to_owned(),
                "5: to_address: \"'TNPeeaaFB7K9cmo4uQpcU32zGK8G1NYqeL\" is written \"TNPeeaaFB7K9cmo4uQpcU32zGK8G1NYqeL\"".to_owned(),
                "5: amount: \"'25\" is written \"25\"".to_owned(),
                "6: amount: \"1.500\" is written \"1,500\"".to_owned(),
            ]
        );
    }

    #[test]
    fn amounts_that_may_be_thousands_stay_in_doubt() {
        for (delimiter, mark, amount) in [
            (";", DecimalMark::Point, "1.500"),
            ("\t", DecimalMark::Point, "1.500"),
            (";", DecimalMark::Comma, "1,500"),
            (",", DecimalMark::Comma, "\"1,500\""),
        ] {
            let header = ["Валюта", "Адрес", "Сумма", "Получатель"].join(delimiter);
            let row = ["BTC", BTC, amount, "\"A, B\""].join(delimiter);
            let fixed = fixed_with(&format!("{header}\n{row}\n"), mark);
            let again = read(fixed.text.clone().into_bytes(), &Options::default());
            let kinds: Vec<_> = again.findings().iter().map(|it| it.kind).collect();
            assert_eq!(
                (again.errors, kinds),
                (0, vec!["thousands mark"]),
                "{}",
                fixed.text
            );
            let told = told(&fixed).join("\n");
            assert_eq!(told.contains("separate"), delimiter == ",", "{told}");
        }
    }

    #[test]
    fn a_line_in_doubt_is_copied_as_it_is() {
        for (text, copy) in [
            (
                "currency_code,to_address,amount\nBTC,\"x,1\nBTC,x\n",
                "BTC,\"x,1\nBTC,x\n",
            ),
            (
                "currency_code;to_address;amount\nBTC,x,1\n",
                "\"BTC,x,1\"\n",
            ),
            (
                "currency_code;to_address;amount\nBTC;x\"y;1\n",
                "\"BTC;x\"\"y;1\"\n",
            ),
        ] {
            let fixed = fixed_with(text, DecimalMark::Point);
            let (_, rows) = fixed.text.split_once('\n').unwrap();
            assert_eq!(rows, copy);
            let again = read(fixed.text.clone().into_bytes(), &Options::default());
            assert!(again.errors > 0, "{text}");
        }
        let cyrillic = fixed_with("currency_code,to_аddress,amount\n", DecimalMark::Point);
        assert_eq!(cyrillic.text, "currency_code,to_address,amount\n");
        assert!(matches!(
            fix(
                b"a,b\n1,2\n".to_vec(),
                &Reading::default(),
                &Reading::default()
            ),
            Err(Unfixable::Header(_))
        ));
    }

    #[test]
    fn a_row_that_stays_an_error_keeps_its_cells() {
        for (rows, copy, changes) in [
            (
                "BTC;\"x\r\ny\";1\nBTC;x;1\n",
                "BTC,\"x\ny\",1\nBTC,x,1\n",
                0,
            ),
            ("BTC;x\n", "BTC,x\n", 0),
            ("BTC;x,y;1;2\n", "BTC,\"x,y\",\"1\",2\n", 0),
            ("BTC;\"x;1\n", "\"BTC;\"\"x;1\"\n", 1),
            ("BTC;x;1\r\r\n", "BTC,x,\"1\r\"\n", 0),
        ] {
            let text = format!("currency_code;to_address;amount\n{rows}");
            let fixed = fixed_with(&text, DecimalMark::Point);
            let header = "currency_code,to_address,amount\n";
            assert_eq!(fixed.text, format!("{header}{copy}"));
            // That of the delimiter is the first.
            assert_eq!(fixed.changes.len(), 1 + changes, "{rows}");
        }
    }

    proptest! {
        /// Whatever stands there, the copy is no worse.
        #[test]
        fn a_copy_has_no_error_more(delimiter in "[,;]", rows in "[a1;,\"\n\r ]{0,40}") {
            let header = ["currency_code", "to_address", "amount", "note"].join(&delimiter);
            let text = format!("{header}\n{rows}");
            let before = read(text.clone().into_bytes(), &Options::default());
            let fixed = fixed_with(&text, DecimalMark::Point);
            let after = read(fixed.text.clone().into_bytes(), &Options::default());
            prop_assert!(after.errors <= before.errors, "{:?}\n{:?}", text, fixed.text);
            prop_assert!(after.errors > 0 || before.errors == 0, "{:?}\n{:?}", text, fixed.text);
        }

        /// The copy pays what the file pays, to nobody else, and what was an error in doubt stays.
        #[test]
        fn a_copy_pays_what_its_file_pays(
            rows in prop::collection::vec(
                ("(BTC|btc|USDT TRC20|Bitcoin|\u{a0}BTC)", "[0-9]{1,4}([.,][0-9]{1,4}){0,2}", "['=]?[ab]?"),
                1..6,
            ),
            is_comma: bool,
        ) {
            let mark = if is_comma { DecimalMark::Comma } else { DecimalMark::Point };
            let mut text = "Валюта;address;Сумма;ref\n".to_owned();
            for (code, amount, reference) in &rows {
                text += &format!("{code};{BTC};{amount};{reference}\n");
            }
            let options = Options {
                reading: Reading { decimal_mark: mark, ..Reading::default() },
                ..Options::default()
            };
            let before = read(text.clone().into_bytes(), &options);
            let fixed = fixed_with(&text, mark);
            let after = read(fixed.text.clone().into_bytes(), &Options::default());
            let amounts = |intake: &Intake| totals(intake).iter().map(|(_, _, sum)| sum.units).max().unwrap_or(0);
            prop_assert!(amounts(&after) >= amounts(&before), "{}\n{}", text, fixed.text);
            prop_assert!(after.errors <= before.errors, "{}\n{}", text, fixed.text);
            if before.errors == 0 {
                prop_assert_eq!(after.errors, 0);
                prop_assert_eq!(after.fingerprint, before.fingerprint);
            }
            // Fixed once is fixed.
            let again = fixed_with(&fixed.text, DecimalMark::Point);
            prop_assert_eq!(&again.text, &fixed.text);
        }
    }
}
