//! A [`Header`] is the line that names the columns, and thereby the delimiter between them.

use super::source::LineBreak;
use super::splitter::Splitter;
use crate::domain::Column;

/// The columns of the results file that no input has.
const RESULTS_COLUMNS: [&str; 4] = ["attempt", "api", "started_at", "status"];

/// What may stand between two cells. The header tells which it is: no other splits it into the
/// names that must be there.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The columns that must be there.
const REQUIRED: [Column; 3] = [Column::CurrencyCode, Column::ToAddress, Column::Amount];

/// Which cell of a row is which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) delimiter: u8,
    /// How many cells a row has, without nameless ones at the end.
    pub(super) width: usize,
    code: usize,
    address: usize,
    amount: usize,
    pub(super) reference: Option<usize>,
    payee: Option<usize>,
    /// The names of the columns that are not used, as they stand.
    pub(super) ignored: Vec<String>,
}

/// Why a line is no header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeaderFault {
    /// It is the header of this program's own results.
    Results,
    /// A line of data, by the look of it.
    Data,
    /// Required columns are missing; the names that are there.
    Missing(Vec<Column>, Vec<String>),
    /// A column occurs more than once.
    Doubled(Column),
    /// A quote opens that the line does not close.
    OpenQuote,
}

impl Header {
    /// Reads the line that names the columns, with this delimiter or else the one that fits.
    pub(super) fn read(line: &[u8], delimiter: Option<u8>) -> Result<Self, Vec<HeaderFault>> {
        let delimiter = delimiter.unwrap_or_else(|| likely_delimiter(line));
        let mut splitter = Splitter::new(delimiter, LineBreak::LineFeed, line);
        let row = splitter.split(line.into());
        if row.open_quote().is_some() {
            return Err(vec![HeaderFault::OpenQuote]);
        }
        let mut names: Vec<String> = (0..row.width())
            .map(|index| tidy(&String::from_utf8_lossy(row.value(index))).to_owned())
            .collect();
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
        if RESULTS_COLUMNS.iter().all(|name| has(name)) {
            return Err(vec![HeaderFault::Results]);
        }
        Self::from_names(names, delimiter)
    }

    fn from_names(names: Vec<String>, delimiter: u8) -> Result<Self, Vec<HeaderFault>> {
        let places = |column: Column| -> Vec<usize> {
            (0..names.len())
                .filter(|index| names[*index].eq_ignore_ascii_case(column.name()))
                .collect()
        };
        let mut faults = Vec::new();
        let missing: Vec<_> = REQUIRED
            .into_iter()
            .filter(|column| places(*column).is_empty())
            .collect();
        if missing.len() == REQUIRED.len() && looks_like_data(&names) {
            return Err(vec![HeaderFault::Data]);
        }
        if !missing.is_empty() {
            faults.push(HeaderFault::Missing(missing, names.clone()));
        }
        for column in REQUIRED
            .into_iter()
            .chain([Column::Reference, Column::Payee])
        {
            if places(column).len() > 1 {
                faults.push(HeaderFault::Doubled(column));
            }
        }
        let place = |column| places(column).first().copied();
        let (Some(code), Some(address), Some(amount), true) = (
            place(Column::CurrencyCode),
            place(Column::ToAddress),
            place(Column::Amount),
            faults.is_empty(),
        ) else {
            return Err(faults);
        };
        let reference = place(Column::Reference);
        let payee = place(Column::Payee);
        let used = [Some(code), Some(address), Some(amount), reference, payee];
        Ok(Self {
            delimiter,
            width: names.len(),
            code,
            address,
            amount,
            reference,
            payee,
            ignored: (0..names.len())
                .filter(|index| !used.contains(&Some(*index)) && !names[*index].is_empty())
                .map(|index| names[index].clone())
                .collect(),
        })
    }

    /// Which cell of a row this is; `None` for a column that the file does not have.
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        match column {
            Column::CurrencyCode => Some(self.code),
            Column::ToAddress => Some(self.address),
            Column::Amount => Some(self.amount),
            Column::Reference => self.reference,
            Column::Payee => self.payee,
        }
    }
}

/// A column's name without what programs leave around it. Names are only compared, so that more
/// can be taken off here than around a value.
fn tidy(name: &str) -> &str {
    name.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
    })
}

/// The delimiter that splits the line into most of the names that are used.
fn likely_delimiter(line: &[u8]) -> u8 {
    let known = |delimiter: u8| {
        let mut splitter = Splitter::new(delimiter, LineBreak::LineFeed, line);
        let row = splitter.split(line.into());
        let names = (0..row.width()).filter(|index| {
            let name = String::from_utf8_lossy(row.value(*index));
            REQUIRED
                .iter()
                .chain(&[Column::Reference, Column::Payee])
                .any(|column| tidy(&name).eq_ignore_ascii_case(column.name()))
        });
        names.count()
    };
    // Of equals `max_by_key` gives the last, and that is to be the comma.
    DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(|delimiter| known(*delimiter))
        .unwrap_or(b',')
}

/// Whether these are values and not names: one of them is a code or a number.
fn looks_like_data(names: &[String]) -> bool {
    names.iter().any(|name| {
        crate::domain::Currency::from_code(&name.to_ascii_uppercase()).is_some()
            || crate::domain::Amount::parse(name, 18).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Header, Vec<HeaderFault>> {
        Header::read(line.as_bytes(), None)
    }

    #[test]
    fn columns_are_found_in_any_order_and_dialect() {
        for line in [
            "amount,currency_code,note,to_address",
            "Amount;CURRENCY_CODE ;note;to_address;;",
            "\"amount\"\t\"currency_code\"\t\"note\"\t\"to_address\"",
            "\u{feff}amount\u{a0},currency_code,note,to_address,",
        ] {
            let header = read(line).unwrap();
            let places: Vec<_> = REQUIRED.map(|column| header.place(column)).to_vec();
            assert_eq!(places, [Some(1), Some(3), Some(0)], "{line}");
            assert_eq!((header.width, header.reference), (4, None), "{line}");
            assert_eq!(header.ignored, ["note"], "{line}");
        }
    }

    #[test]
    fn faults_are_told() {
        assert_eq!(
            read("currency,to_address,amount"),
            Err(vec![HeaderFault::Missing(
                vec![Column::CurrencyCode],
                vec!["currency".into(), "to_address".into(), "amount".into()]
            )])
        );
        assert_eq!(
            read("currency_code,to_address,amount,Amount"),
            Err(vec![HeaderFault::Doubled(Column::Amount)])
        );
        assert_eq!(
            read("BTC,1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,0.1"),
            Err(vec![HeaderFault::Data])
        );
        assert_eq!(
            read("line,reference,currency_code,to_address,amount,attempt,api,started_at,status"),
            Err(vec![HeaderFault::Results])
        );
        assert_eq!(read("a,\"b"), Err(vec![HeaderFault::OpenQuote]));
    }
}
