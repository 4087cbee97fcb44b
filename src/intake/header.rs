//! A [`Header`] is the line that names the columns, and thereby the delimiter between them.

use super::columns::{self, Claim, ColumnNames, Meaning, REQUIRED, meaning};
use super::csv::{DELIMITERS, Line, LineBreak, Record, Splitter, joined, lines, named_delimiter};
use super::currency_hints::certain;
use crate::address;
use crate::api::INVOICE_ID_PREFIX;
use crate::domain::currency::MOST_DECIMALS;
use crate::domain::{Amount, Column, Currency, Network};

/// How many lines may stand above the header, with it: a title, a date, an empty line or two.
pub(super) const MAX_HEADER_LINES: usize = 20;

/// How far down it is looked for all the same, to say where it is.
const MOST_LINES_ABOVE: usize = 100;

/// Names of columns that stand beside an invoice id in what this program writes, a report included.
const RECORD_NAMES: [&str; 9] = [
    "attempt",
    "attempts",
    "startedat",
    "finishedat",
    "acceptedamount",
    "errorkey",
    "httpstatus",
    "begun(utc)",
    "начата(utc)",
];

/// The longest line that is looked at. The longest sensible row has a few hundred bytes; a longer
/// line is another kind of file.
pub const MAX_LINE_BYTES: usize = 64 << 10;

/// Which cell of a row is which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The line, as an editor shows it.
    pub line: u64,
    /// The line as it stands.
    pub text: String,
    /// What separates the columns.
    pub delimiter: u8,
    /// What ends the lines.
    pub line_break: LineBreak,
    /// The names of the columns as they stand, without nameless ones at the end.
    pub names: Vec<String>,
    /// How many cells the line has, with those.
    pub cells: usize,
    /// How many bytes of the text come before the rows.
    pub end: usize,
    /// The lines above it that are not blank.
    pub passed_over: Vec<(u64, String)>,
    places: Places,
    pub(super) memos: Vec<usize>,
    pub(super) comments: Vec<usize>,
    pub(super) networks: Vec<usize>,
}

/// Where the used columns are, and by what right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Places {
    /// The cell of each column, in the order of [`columns::ALL`].
    found: [Option<(usize, Claim)>; columns::ALL.len()],
    /// Columns that several names claim by the same right.
    contested: Vec<(Column, Vec<usize>, Claim)>,
}

/// Where a row below the header names the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedAgain {
    /// Each in its place.
    InOrder,
    /// One of them elsewhere, a memo where the header has none, or amounts in another unit.
    Elsewhere,
}

/// Why a file has no header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderError {
    /// The line it is about.
    pub line: u64,
    /// That line as it stands.
    pub text: String,
    /// What is wrong with it.
    pub fault: HeaderFault,
}

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderFault {
    /// The line is longer than any header.
    Overlong,
    /// It is the header of a record that this program wrote, by the name of this column.
    Record(String),
    /// A line of data, by the look of it.
    Data,
    /// A payout above the header, which is on this line: a table was sorted together with its header.
    RowAbove(u64),
    /// Required columns are missing.
    Missing(Box<Missing>),
    /// This name of a memo stands on a line above, or this name or unit of a column on the line below, as
    /// where cells were merged.
    GoesOn(String),
    /// A column occurs more than once.
    Doubled(Column),
    /// A quote opens that the line does not close.
    OpenQuote,
    /// The name of a column has a line break in it.
    LineBreak,
    /// It stands below the lines in which it may stand.
    TooLow,
    /// Nothing separates columns.
    OneColumn,
    /// All names stand in one cell, in quotes.
    InOneCell,
    /// The names have quotes in them, as where a blank stands before each.
    Quoted,
    /// It begins as HTML, XML, JSON or RTF do.
    Markup,
    /// `--columns` names a column that is not there, or is there twice.
    NotThere(Column, String, Vec<String>),
}

impl HeaderFault {
    /// The names that are there, where columns are not found by them.
    pub(super) fn unknown_names(&self) -> Option<&[String]> {
        match self {
            Self::Missing(missing) => Some(&missing.names),
            Self::NotThere(_, _, names) => Some(names),
            Self::Overlong
            | Self::Record(_)
            | Self::Data
            | Self::RowAbove(_)
            | Self::GoesOn(_)
            | Self::Doubled(_)
            | Self::OpenQuote
            | Self::LineBreak
            | Self::TooLow
            | Self::OneColumn
            | Self::InOneCell
            | Self::Quoted
            | Self::Markup => None,
        }
    }
}

/// The columns that a header does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Which they are.
    pub columns: Vec<Column>,
    /// All names that are there.
    pub names: Vec<String>,
    /// Names that only look like a missing column's, with that column and the letter that is wrong.
    pub confusable: Vec<(String, Column, char)>,
    /// Names that several columns have for one missing column.
    pub contested: Vec<(Column, Vec<String>)>,
    /// The name that is most like the missing column's.
    pub nearest: Vec<(Column, String)>,
}

/// A line that may be the header.
struct Candidate<'t> {
    number: u64,
    line: Line<'t>,
    delimiter: u8,
    names: Vec<String>,
    cells: usize,
    places: Places,
    is_open: bool,
}

/// Finds the header: the first of the first lines that names all required columns. `None` for a
/// text with nothing but blanks.
///
/// # Errors
/// What keeps the line that comes nearest from being one.
pub fn find(text: &str, given: &ColumnNames) -> Result<Option<Header>, HeaderError> {
    let line_break = LineBreak::of(text);
    let mut delimiter = None;
    let mut passed_over: Vec<(u64, String)> = Vec::new();
    let mut best: Option<Candidate<'_>> = None;
    for (number, line) in (1u64..).zip(lines(text, line_break)).take(MAX_HEADER_LINES) {
        if line.text.trim_matches([',', ';', '\t', ' ']).is_empty() {
            continue;
        }
        if line.text.len() > MAX_LINE_BYTES {
            return Err(overlong(number));
        }
        if passed_over.is_empty()
            && let Some(named) = named_delimiter(line.text)
        {
            delimiter = Some(named);
            continue;
        }
        let candidate = Candidate::new(number, line, delimiter, given);
        if let Some(record) = candidate.record(text, line_break) {
            return Err(candidate.error(HeaderFault::Record(record)));
        }
        if candidate.places.required() == REQUIRED.len() && !candidate.is_open {
            return candidate
                .header(text, line_break, given, passed_over)
                .map(Some);
        }
        let known = |candidate: &Candidate<'_>| candidate.places.known();
        if best
            .as_ref()
            .is_none_or(|best| known(&candidate) > known(best).max(1))
        {
            best = Some(candidate);
        }
        passed_over.push((number, line.text.to_owned()));
    }
    match best {
        None => Ok(None),
        Some(candidate) => {
            if candidate.places.known() == 0
                && let Some(low) = candidate.further_down(text, line_break, given)
            {
                return Err(low.error(HeaderFault::TooLow));
            }
            let is_broken = candidate.is_open
                && joined(
                    text,
                    candidate.line.start,
                    (candidate.delimiter, line_break),
                )
                .is_some();
            let fault = candidate.fault(given, is_broken);
            Err(candidate.error(fault))
        }
    }
}

fn overlong(line: u64) -> HeaderError {
    HeaderError {
        line,
        text: String::new(),
        fault: HeaderFault::Overlong,
    }
}

impl<'t> Candidate<'t> {
    /// A line with this delimiter, or else with the one that gives the most columns.
    fn new(number: u64, line: Line<'t>, named: Option<u8>, given: &ColumnNames) -> Self {
        let delimiters = named.map_or(DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
        let with = |delimiter: u8| {
            let mut splitter = Splitter::new(delimiter, line.text);
            let record = splitter.split(line.text);
            let names = names(record.values());
            Self {
                number,
                line,
                delimiter,
                places: Places::of(&names, given),
                names,
                cells: record.width(),
                is_open: record.open_quote().is_some(),
            }
        };
        let mut best = with(delimiters.first().copied().unwrap_or(b','));
        for delimiter in delimiters.into_iter().skip(1) {
            let other = with(delimiter);
            let score = |it: &Self| (it.places.known(), it.names.len());
            if score(&other) > score(&best) {
                best = other;
            }
        }
        best
    }

    /// The header that stands further down than is looked, without a payout above it.
    fn further_down(
        &self,
        text: &'t str,
        line_break: LineBreak,
        given: &ColumnNames,
    ) -> Option<Self> {
        let all = || (1u64..).zip(lines(text, line_break)).take(MOST_LINES_ABOVE);
        let candidates = all().filter(|(_, line)| line.text.len() <= MAX_LINE_BYTES);
        let mut candidates = candidates.map(|(number, line)| Self::new(number, line, None, given));
        let found = candidates.find(|it| it.places.required() == REQUIRED.len() && !it.is_open)?;
        let mut above = all().take_while(|(number, _)| *number < found.number);
        (!above.any(|(_, line)| found.is_payout(line.text))).then_some(found)
    }

    /// The line above on which a name begins that ends on this one, if it counts: only its rest would be
    /// read. Of `№ п/п` nothing is lost.
    fn begun_above(&self, text: &'t str, line_break: LineBreak) -> Option<(u64, &'t str)> {
        let above = (1u64..).zip(lines(text, line_break));
        let mut above = above.take_while(|(number, _)| *number < self.number);
        above.find_map(|(number, line)| {
            let mut splitter = Splitter::new(self.delimiter, line.text);
            splitter.split(line.text).open_quote()?;
            let dialect = (self.delimiter, line_break);
            let (whole, count) = joined(text, line.start, dialect)?;
            let mut splitter = Splitter::for_piece(self.delimiter, line_break, whole);
            let record = splitter.split(whole);
            let name = record.value(0);
            let mut names = name.lines().chain([name.as_ref()]);
            let ends_here = number.saturating_add(count as u64) > self.number;
            let is_lost =
                record.width() > self.cells || names.any(|it| meaning(it) != Meaning::Other);
            (ends_here && is_lost).then_some((number, line.text))
        })
    }

    /// The name of a memo's column on a line above, as where cells of several lines were merged, for a
    /// column that says nothing of itself here. A line with one cell or with a label is a title.
    fn memo_above(&self, above: &str) -> Option<String> {
        let mut splitter = Splitter::new(self.delimiter, above);
        let cells = splitter.split(above).values();
        let is_title = cells.iter().filter(|it| !it.is_empty()).count() < 2
            || cells.iter().any(|it| it.ends_with(':'));
        let is_other = |index: usize| {
            let name = self.names.get(index);
            name.is_none_or(|name| meaning(name) == Meaning::Other)
        };
        let mut cells = cells.into_iter().enumerate();
        let found = cells.find(|(index, it)| is_other(*index) && meaning(it) == Meaning::Memo);
        found.filter(|_| !is_title).map(|(_, name)| name)
    }

    /// Whether a line above is a payout by the columns of this header.
    fn is_payout(&self, above: &str) -> bool {
        let mut splitter = Splitter::new(self.delimiter, above);
        let record = splitter.split(above);
        let value = |column| {
            let place = self.places.place(column);
            place.map(|place| record.value(place)).unwrap_or_default()
        };
        let is_address = |currency: Currency| {
            address::check(currency.network(), &value(Column::ToAddress)).is_ok()
        };
        certain(&value(Column::CurrencyCode), "").is_some_and(is_address)
            && value(Column::Amount).starts_with(|c: char| c.is_ascii_digit())
    }

    /// The first name or unit of a column on the line below, if it pays nobody: without that line a
    /// memo would have no name, and an amount not its unit.
    fn goes_on(&self, below: &str) -> Option<String> {
        let mut splitter = Splitter::new(self.delimiter, below);
        let record = splitter.split(below);
        let is_blank = |column| {
            let place = self.places.place(column);
            place.is_some_and(|place| record.value(place).is_empty())
        };
        let is_no_row = is_blank(Column::CurrencyCode)
            && is_blank(Column::ToAddress)
            && !below.contains(|c: char| c.is_ascii_digit());
        let is_name = |text: &String| {
            meaning(text) != Meaning::Other
                || columns::may_be_amount(text)
                || columns::is_other_unit(text)
        };
        // In the first column stand headings and notes.
        let mut cells = record.values().into_iter().skip(1);
        cells.find(|it| is_no_row && is_name(it))
    }

    fn error(&self, fault: HeaderFault) -> HeaderError {
        HeaderError {
            line: self.number,
            text: self.line.text.to_owned(),
            fault,
        }
    }

    /// The column that only a record of this program has. Of an invoice id some value must be
    /// there, for the column alone may be somebody's form.
    fn record(&self, text: &str, line_break: LineBreak) -> Option<String> {
        if self.names.len() < 2 {
            return None;
        }
        let columns = self.names.iter().enumerate();
        let columns = columns.map(|(index, name)| (index, name, meaning(name)));
        if let Some((_, name, _)) = columns.clone().find(|it| it.2 == Meaning::Finding) {
            return Some(name.clone());
        }
        let is_of_ids = |it: &(_, _, Meaning)| it.2.is_of_invoice_ids();
        let of_ids: Vec<_> = columns.filter(is_of_ids).collect();
        let (_, first, _) = of_ids.first()?;
        // Beside it stands what no form has: then it is a record, if only of what was not paid.
        let is_of_a_record = |name: &String| RECORD_NAMES.contains(&columns::plain(name).as_str());
        if self.names.iter().any(is_of_a_record) {
            return Some((*first).clone());
        }
        let body = text.get(self.line.start..).unwrap_or_default();
        let mut splitter = Splitter::for_piece(self.delimiter, line_break, body);
        for line in lines(body, line_break).skip(1) {
            let record = splitter.split(line.text);
            for (index, name, meaning) in &of_ids {
                let value = record.value(*index);
                let is_of_ours = |it: &str| it.to_uppercase().contains(INVOICE_ID_PREFIX);
                let is_id =
                    *meaning == Meaning::InvoiceId || is_of_ours(&value) || is_of_ours(name);
                if is_id && !value.is_empty() {
                    return Some((*name).clone());
                }
            }
        }
        None
    }

    fn header(
        self,
        text: &str,
        line_break: LineBreak,
        given: &ColumnNames,
        passed_over: Vec<(u64, String)>,
    ) -> Result<Header, HeaderError> {
        // A second column of the same name is an error even where it is not a required one.
        if let Some((column, ..)) = self
            .places
            .contested
            .iter()
            .find(|(.., claim)| *claim == Claim::Own)
        {
            return Err(self.error(HeaderFault::Doubled(*column)));
        }
        if let Some(fault) = self.not_there(given) {
            return Err(self.error(fault));
        }
        if let Some((line, text)) = self.begun_above(text, line_break) {
            let (text, fault) = (text.to_owned(), HeaderFault::LineBreak);
            return Err(HeaderError { line, text, fault });
        }
        let rest = text.get(self.line.start..).unwrap_or_default();
        let next = lines(rest, line_break).nth(1);
        self.check_around(&passed_over, next.map(|next| next.text))?;
        let with = |wanted: Meaning| -> Vec<usize> {
            let is_free = |index: &usize| !self.places.found().any(|it| it.1 == *index);
            (0..self.names.len())
                .filter(|index| meaning(&self.names[*index]) == wanted)
                .filter(is_free)
                .collect()
        };
        Ok(Header {
            line: self.number,
            text: self.line.text.to_owned(),
            delimiter: self.delimiter,
            line_break,
            end: next.map_or(text.len(), |next| {
                self.line.start.saturating_add(next.start)
            }),
            passed_over,
            memos: with(Meaning::Memo),
            comments: with(Meaning::Comment),
            networks: with(Meaning::Network),
            names: self.names,
            cells: self.cells,
            places: self.places,
        })
    }

    /// Refuses a header beside which something stands that would be lost.
    fn check_around(
        &self,
        above: &[(u64, String)],
        below: Option<&str>,
    ) -> Result<(), HeaderError> {
        let refuse = |line: u64, text: &str, fault: HeaderFault| {
            let text = text.to_owned();
            Err(HeaderError { line, text, fault })
        };
        if let Some((line, text)) = above.iter().find(|(_, text)| self.is_payout(text)) {
            return refuse(*line, text, HeaderFault::RowAbove(self.number));
        }
        let mut next = self.number;
        for (line, text) in above.iter().rev() {
            if line.saturating_add(1) != next {
                break; // Above a blank line stands no part of it.
            }
            if let Some(name) = self.memo_above(text) {
                return refuse(*line, text, HeaderFault::GoesOn(name));
            }
            next = *line;
        }
        if let Some(text) = below
            && let Some(name) = self.goes_on(text)
        {
            let line = self.number.saturating_add(1);
            return refuse(line, text, HeaderFault::GoesOn(name));
        }
        Ok(())
    }

    /// Why it is not a header.
    fn fault(&self, given: &ColumnNames, is_broken: bool) -> HeaderFault {
        if is_broken {
            return HeaderFault::LineBreak;
        }
        if self.is_open && self.places.known() > 0 {
            return HeaderFault::OpenQuote;
        }
        if self.is_in_one_cell(given) {
            return HeaderFault::InOneCell;
        }
        let unquoted = |name: &String| {
            let inner = name.strip_prefix('"')?.strip_suffix('"')?;
            columns::column_of(inner)
        };
        if self.names.iter().any(|it| unquoted(it).is_some()) {
            return HeaderFault::Quoted;
        }
        if let Some(fault) = self.not_there(given) {
            return fault;
        }
        let doubled = self.places.contested.iter();
        if let Some((column, ..)) = doubled.clone().find(|(.., claim)| *claim == Claim::Own) {
            return HeaderFault::Doubled(*column);
        }
        let is_unknown = self.places.known() == 0 && self.places.contested.is_empty();
        let begins = |with: &&str| self.line.text.trim_start().starts_with(*with);
        if is_unknown && ["<", "{", "[{"].iter().any(begins) {
            return HeaderFault::Markup;
        }
        if is_unknown && looks_like_data(&self.names) {
            return HeaderFault::Data;
        }
        if is_unknown && self.names.len() == 1 {
            return HeaderFault::OneColumn;
        }
        HeaderFault::Missing(Box::new(self.missing()))
    }

    /// Whether its only cell holds a whole header, as where a line was put into quotes.
    fn is_in_one_cell(&self, given: &ColumnNames) -> bool {
        let [text] = self.names.as_slice() else {
            return false;
        };
        let line = Line { text, start: 0 };
        let inner = Candidate::new(self.number, line, None, given);
        inner.cells > 1 && inner.places.required() > 1
    }

    /// The first column that the operator names and that is not there.
    fn not_there(&self, given: &ColumnNames) -> Option<HeaderFault> {
        let mut all = columns::ALL.into_iter();
        all.find_map(|column| {
            let name = given.of(column)?;
            let is_there = self.places.place(column).is_some();
            (!is_there).then(|| HeaderFault::NotThere(column, name.to_owned(), self.names.clone()))
        })
    }

    fn missing(&self) -> Missing {
        let columns: Vec<_> = REQUIRED
            .into_iter()
            .filter(|column| self.places.place(*column).is_none())
            .collect();
        let names_at = |places: &[usize]| -> Vec<String> {
            places
                .iter()
                .map(|place| self.names[*place].clone())
                .collect()
        };
        let contested = self.places.contested.iter();
        let mut contested: Vec<_> = contested
            .filter(|(column, ..)| columns.contains(column))
            .map(|(column, places, _)| (*column, names_at(places)))
            .collect();
        let confusable = self.names.iter().filter_map(|name| {
            let (column, letter) = columns::confused_with(name)?;
            let is_missing = columns.contains(&column);
            is_missing.then(|| (name.clone(), column, letter))
        });
        let confusable: Vec<_> = confusable.collect();
        let is_open = |column: &Column| {
            !contested.iter().any(|(of, _)| of == column)
                && !confusable.iter().any(|(_, of, _)| of == column)
        };
        let open = columns.iter().copied().filter(is_open);
        let open: Vec<_> = open.map(|column| (column, self.nearest(column))).collect();
        let mut nearest = Vec::new();
        for (column, names) in open {
            match names.as_slice() {
                [] => {}
                [name] => nearest.push((column, name.clone())),
                _ => contested.push((column, names)),
            }
        }
        Missing {
            nearest,
            names: self.names.clone(),
            columns,
            confusable,
            contested,
        }
    }

    /// The names without a meaning that are most like the column's, all to the same degree.
    fn nearest(&self, column: Column) -> Vec<String> {
        /// Less than this many hundredths of likeness is another word.
        const LEAST: usize = 60;
        let is_free = |name: &&String| !name.is_empty() && meaning(name) == Meaning::Other;
        let free = self.names.iter().filter(is_free);
        let alike: Vec<_> = free
            .map(|name| (columns::likeness(name, column), name))
            .filter(|(likeness, _)| *likeness >= LEAST)
            .collect();
        let most = alike.iter().map(|(likeness, _)| *likeness).max();
        let nearest = alike.iter().filter(|(likeness, _)| Some(*likeness) == most);
        nearest.map(|(_, name)| (*name).clone()).collect()
    }
}

/// The names of columns, without nameless ones at the end.
fn names(values: Vec<String>) -> Vec<String> {
    let mut names = values;
    while names.last().is_some_and(String::is_empty) {
        names.pop();
    }
    names
}

impl Places {
    /// A name counts only if no other column has it too; the column's own name wins over others,
    /// and what the operator gives over both.
    fn of(names: &[String], given: &ColumnNames) -> Self {
        let mut places = Self::default();
        let meanings: Vec<_> = names.iter().map(|name| meaning(name)).collect();
        for (found, column) in places.found.iter_mut().zip(columns::ALL) {
            let claimed = |claim: Claim| -> Vec<usize> {
                (0..names.len())
                    .filter(|index| match (claim, given.of(column)) {
                        (Claim::Given, Some(name)) => is_named(&names[*index], name),
                        (Claim::Given, None) | (_, Some(_)) => false,
                        (Claim::Own | Claim::Other, None) => {
                            meanings[*index] == Meaning::Used(column, claim)
                                && !is_given(&names[*index], given)
                        }
                    })
                    .collect()
            };
            for claim in [Claim::Given, Claim::Own, Claim::Other] {
                let mut claimed = claimed(claim);
                if !claimed.is_empty() && (column, claim) == (Column::Amount, Claim::Other) {
                    // Nobody but the operator knows which of several sums is to be paid.
                    let is_in_coins = claimed.iter().any(|it| columns::has_ticker(&names[*it]));
                    let is_due = claimed.iter().any(|it| columns::is_due(&names[*it]));
                    let may_be = |index: &usize| {
                        let name = &names[*index];
                        let is_free = meanings[*index] == Meaning::Other && !is_given(name, given);
                        let is_beside = is_in_coins && columns::is_other_unit(name);
                        let is_total = !is_due && columns::is_total(name);
                        is_free && !is_beside && (is_total || columns::may_be_amount(name))
                    };
                    claimed.extend((0..names.len()).filter(may_be));
                    claimed.sort_unstable();
                }
                match claimed.as_slice() {
                    [] => continue,
                    [index] => *found = Some((*index, claim)),
                    several => places.contested.push((column, several.to_vec(), claim)),
                }
                break;
            }
        }
        places
    }

    fn place(&self, column: Column) -> Option<usize> {
        let found = self.found.get(column as usize).copied().flatten();
        found.map(|(index, _)| index)
    }

    /// Every column that is there, with its cell.
    fn found(&self) -> impl Iterator<Item = (Column, usize, Claim)> {
        let all = columns::ALL.into_iter().zip(self.found);
        all.filter_map(|(column, found)| found.map(|(index, claim)| (column, index, claim)))
    }

    /// How many of the required columns are there.
    fn required(&self) -> usize {
        let there = REQUIRED
            .iter()
            .filter(|column| self.place(**column).is_some());
        there.count()
    }

    /// How many columns are known, the required ones first of all. One that several names claim is.
    fn known(&self) -> usize {
        let found = self.found().map(|(column, ..)| column);
        let all = found.chain(self.contested.iter().map(|(column, ..)| *column));
        let points = |column: Column| {
            if REQUIRED.contains(&column) {
                columns::ALL.len()
            } else {
                1
            }
        };
        all.map(points).fold(0, usize::saturating_add)
    }
}

/// Whether a name in the header is one that the operator gives for any column.
pub(super) fn is_given(name: &str, given: &ColumnNames) -> bool {
    let all = columns::ALL.into_iter();
    let mut names = all.filter_map(|column| given.of(column));
    names.any(|given| is_named(name, given))
}

/// Whether a name in the header is the one that the operator gives.
pub(super) fn is_named(name: &str, given: &str) -> bool {
    name == given || columns::plain(name) == columns::plain(given)
}

impl Header {
    /// How many cells a row has at least; it may have as many more as the header has without names.
    #[must_use]
    pub fn width(&self) -> usize {
        self.names.len()
    }

    /// Which cell of a row this is; `None` for a column that the file does not have.
    #[must_use]
    pub fn place(&self, column: Column) -> Option<usize> {
        self.places.place(column)
    }

    /// Optional columns that several names stand for by the same right, with those names. None of
    /// them is used.
    #[must_use]
    pub fn contested(&self) -> Vec<(Column, Vec<&str>)> {
        let contested = self.places.contested.iter();
        contested
            .map(|(column, places, _)| {
                let names = places.iter().filter_map(|index| self.names.get(*index));
                (*column, names.map(String::as_str).collect())
            })
            .collect()
    }

    /// The columns that were found under another name than their own, with that name.
    #[must_use]
    pub fn taken(&self) -> Vec<(Column, &str)> {
        let found = self.places.found();
        found
            .filter(|(.., claim)| *claim != Claim::Own)
            .filter_map(|(column, index, _)| Some((column, self.names.get(index)?.as_str())))
            .collect()
    }

    /// Whether a row names all required columns, and where.
    pub(super) fn named_again(&self, record: &Record<'_, '_>) -> Option<NamedAgain> {
        // `--columns` may have given any name.
        let is_same = |place: usize| {
            let name = self.names.get(place).filter(|name| !name.is_empty());
            name.is_some_and(|name| *name == record.value(place))
        };
        let names = |index: usize| columns::column_of(&record.value(index));
        let is_named = |column: Column| {
            let mut named = (0..record.width()).filter_map(names);
            self.place(column).is_some_and(is_same) || named.any(|(it, _)| it == column)
        };
        if !REQUIRED.into_iter().all(is_named) {
            return None;
        }
        let values = record.values();
        let places = Places::of(&values, &ColumnNames::default());
        let is_here = |place: usize, column| is_same(place) || places.place(column) == Some(place);
        let mut used = columns::ALL.into_iter();
        let are_here = used.all(|it| self.place(it).is_none_or(|place| is_here(place, it)));
        let is_memo_here = |(index, value): (usize, &String)| {
            meaning(value) != Meaning::Memo || self.memos.contains(&index)
        };
        let is_in_other_unit = self.place(Column::Amount).is_some_and(|place| {
            let name = self.names.get(place).map_or("", String::as_str);
            columns::differ_in_unit(name, &record.value(place))
        });
        let is_in_order =
            are_here && !is_in_other_unit && values.iter().enumerate().all(is_memo_here);
        Some(if is_in_order {
            NamedAgain::InOrder
        } else {
            NamedAgain::Elsewhere
        })
    }

    /// The columns that are not used.
    #[must_use]
    pub fn ignored(&self) -> Vec<usize> {
        let is_used = |index: &usize| {
            self.places.found().any(|(_, used, _)| used == *index) || self.memos.contains(index)
        };
        (0..self.cells).filter(|index| !is_used(index)).collect()
    }
}

/// Whether these are values and not names: one of them is a code, a number or an address.
fn looks_like_data(names: &[String]) -> bool {
    let is_address = |name: &str| {
        let mut networks = Network::ALL.into_iter();
        networks.any(|network| address::check(network, name).is_ok())
    };
    names.iter().any(|name| {
        Currency::from_code(&name.to_ascii_uppercase()).is_some()
            || Amount::parse(name, MOST_DECIMALS).is_ok()
            || is_address(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Header, HeaderFault> {
        read_with(text, "")
    }

    fn read_with(text: &str, given: &str) -> Result<Header, HeaderFault> {
        let given = given.parse().unwrap_or_default();
        match find(text, &given) {
            Ok(header) => Ok(header.unwrap()),
            Err(error) => Err(error.fault),
        }
    }

    fn places(header: &Header) -> Vec<Option<usize>> {
        columns::ALL.map(|column| header.place(column)).to_vec()
    }

    #[test]
    fn columns_are_found_in_any_order_and_dialect() {
        for line in [
            "amount,currency_code,note,to_address",
            "Amount;CURRENCY_CODE ;note;to_address;;",
            "\"amount\"\t\"currency code\"\t\"note\"\t\"to_address\"",
            "amount\u{a0},currency-code,note,To Address,",
            "Сумма, USDT;Валюта;note;Кошелёк",
        ] {
            let header = read(line).unwrap();
            assert_eq!(
                places(&header),
                [Some(1), Some(3), Some(0), None, None],
                "{line}"
            );
            assert_eq!(header.width(), 4, "{line}");
            assert_eq!(header.ignored()[0], 2, "{line}");
        }
    }

    #[test]
    fn lines_above_the_header_are_passed_over() {
        let text = "Payouts, November,,\n,,,\n2026;x\nreference,currency_code,to_address,amount\nA,BTC,x,1\n";
        let header = read(text).unwrap();
        assert_eq!((header.line, header.passed_over.len()), (4, 2));
        assert_eq!(&text[header.end..], "A,BTC,x,1\n");
        let deep = format!("{}currency_code,to_address,amount\n", "x\n".repeat(19));
        assert_eq!(read(&deep).unwrap().line, 20);
        assert!(read(&format!("x\n{deep}")).is_err());
        for text in [
            "sep=;\ncurrency_code;to_address;amount\n",
            "sep=\t\ncurrency_code\tto_address\tamount\n",
        ] {
            let header = read(text).unwrap();
            assert_eq!((header.line, header.passed_over.len()), (2, 0));
        }
        assert_eq!(find(" \n;;\n", &ColumnNames::default()), Ok(None));
    }

    #[test]
    fn a_name_counts_if_no_other_column_has_it() {
        let both = read("currency,address,Сумма,К выплате").unwrap_err();
        let HeaderFault::Missing(missing) = both else {
            panic!("{both:?}")
        };
        assert_eq!(missing.columns, [Column::Amount]);
        assert_eq!(
            missing.contested,
            [(
                Column::Amount,
                vec!["Сумма".to_owned(), "К выплате".to_owned()]
            )]
        );
        let own = read("currency,address,Сумма,amount").unwrap();
        assert_eq!(own.place(Column::Amount), Some(3));
        let given = read_with("currency,address,Сумма,К выплате", "amount=к выплате").unwrap();
        assert_eq!(given.place(Column::Amount), Some(3));
        assert_eq!(given.ignored(), [2]);
        let renamed = read_with("currency,address,amount,net", "amount=net").unwrap();
        assert_eq!(renamed.place(Column::Amount), Some(3));
        assert_eq!(
            read("currency_code,to_address,amount,Amount"),
            Err(HeaderFault::Doubled(Column::Amount))
        );
    }

    #[test]
    fn faults_are_told() {
        let missing = |text: &str| match read(text) {
            Err(HeaderFault::Missing(missing)) => *missing,
            other => panic!("{other:?}"),
        };
        let lacking = missing("Валюта,Кошелёк 2,Всего");
        assert_eq!(lacking.columns, [Column::ToAddress, Column::Amount]);
        assert_eq!(
            lacking.nearest,
            [(Column::ToAddress, "Кошелёк 2".to_owned())]
        );
        let with_network = missing("Валюта / Сеть,Адрес,Сумма");
        assert_eq!(with_network.nearest[0].1, "Валюта / Сеть");
        let two = missing("Валюта,Кошелёк TRC20,Кошелёк ERC20,Сумма");
        assert_eq!(two.nearest, []);
        assert_eq!(two.contested[0].1, ["Кошелёк TRC20", "Кошелёк ERC20"]);
        let cyrillic = missing("reference,currency_code,to_аddress,amount");
        assert_eq!(
            cyrillic.confusable,
            [("to_аddress".to_owned(), Column::ToAddress, 'а')]
        );
        assert_eq!(
            read("BTC,1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,0.1"),
            Err(HeaderFault::Data)
        );
        assert_eq!(
            read("currency_code,\"to_address,amount"),
            Err(HeaderFault::OpenQuote)
        );
        assert_eq!(
            read("currency_code,\"to_\naddress\",amount"),
            Err(HeaderFault::LineBreak)
        );
        // Of a name that begins on the line above only the rest is on this one.
        let begun_above = read("\"reference\n(ID)\",currency_code,to_address,amount");
        assert_eq!(begun_above, Err(HeaderFault::LineBreak));
        assert!(read("\"№\nп/п\",currency_code,to_address,amount").is_ok());
        for title in ["\"Payouts\nof November\",,\n", "\"Payouts,,\n"] {
            let header = format!("{title}\"currency_code\",to_address,amount\n");
            assert!(read(&header).is_ok(), "{title}");
        }
        assert!(matches!(
            read_with("currency,address,amount", "amount=net"),
            Err(HeaderFault::NotThere(Column::Amount, ..))
        ));
        // Without its reference a payout would be another one.
        for header in [
            "currency,address,amount,reference",
            "currency,address,amount,id,id",
        ] {
            assert!(matches!(
                read_with(header, "reference=id"),
                Err(HeaderFault::NotThere(Column::Reference, ..))
            ));
        }
        let quoted = read("\"currency\", \"address\", \"amount\"\n");
        assert_eq!(quoted, Err(HeaderFault::Quoted));
        let one_column = read("ФИО|Валюта|Кошелек|Сумма\n");
        assert_eq!(one_column, Err(HeaderFault::OneColumn));
        for text in ["<html>\n", "{\\rtf1}", "[{\"amount\":1,\n\"x\":2}]"] {
            assert_eq!(read(text), Err(HeaderFault::Markup), "{text}");
        }
        assert_eq!(missing("to_address\n").columns.len(), 2);
        let long = format!("currency_code,{}", "x".repeat(MAX_LINE_BYTES));
        assert_eq!(read(&long), Err(HeaderFault::Overlong));
    }

    #[test]
    fn a_record_is_not_an_input() {
        let record = |text: &str| matches!(read(text), Err(HeaderFault::Record(_)));
        assert!(record(
            "currency_code,to_address,amount,finding\nBTC,x,1,\n"
        ));
        assert!(record("title\nto_address;Invoice ID\nx;INV-1\n"));
        assert!(record("invoice_id,amount\n,\nINV-1,1\n"));
        assert!(record("invoice_id,started_at,amount\n,,1\n"));
        assert!(record("Сумма;Номер вывода\n1;\n2;INV-1\n"));
        assert!(record("Сумма;Номер вывода (INV-…)\n1;W-7\n"));
        assert!(record("Сумма;Номер Вывода (Inv-…)\n1;7\n"));
        assert!(record("Сумма;Начата (UTC);Номер вывода\n1;;7\n"));
        assert!(record(
            "currency,address,amount,Invoice ID\nBTC,x,1,\nBTC,x,2,2026-117\n"
        ));
        for form in [
            "currency_code,to_address,amount,invoice_id\nBTC,x,1,\n",
            "Валюта;Адрес;Сумма;Номер вывода\nBTC;x;1;12\n",
            "Валюта;Адрес;Сумма;Номер вывода (INV-…)\nBTC;x;1;\n",
        ] {
            assert!(read(form).is_ok(), "{form}");
        }
    }
}
