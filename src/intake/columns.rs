//! A column is known by its name: its own, another usual one, or the one that `--columns` gives.

use super::csv::trim;
use crate::address::confusable;
use crate::characters::is_blank;
use crate::domain::{Column, Currency};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// The columns that must be there.
pub const REQUIRED: [Column; 3] = [Column::CurrencyCode, Column::ToAddress, Column::Amount];

/// Every column that is used, the required ones first.
pub const ALL: [Column; 5] = [
    Column::CurrencyCode,
    Column::ToAddress,
    Column::Amount,
    Column::Reference,
    Column::Payee,
];

/// Other names of the columns, as [`plain`] leaves them.
const OTHER_NAMES: [(Column, &[&str]); 5] = [
    (
        Column::CurrencyCode,
        &[
            "currency",
            "coin",
            "ticker",
            "asset",
            "валюта",
            "кодвалюты",
            "монета",
            "криптовалюта",
        ],
    ),
    (
        Column::ToAddress,
        &[
            "address",
            "wallet",
            "walletaddress",
            "recipientaddress",
            "адрес",
            "адрескошелька",
            "кошелёк",
            "кошелек",
        ],
    ),
    (
        Column::Amount,
        &["sum", "сумма", "суммаквыплате", "квыплате"],
    ),
    (Column::Reference, &["ref", "externalid", "референс"]),
    (
        Column::Payee,
        &[
            "name",
            "fullname",
            "firstname",
            "lastname",
            "surname",
            "recipient",
            "фио",
            "ф.и.о.",
            "ф.и.о",
            "фиосотрудника",
            "фиополучателя",
            "фамилия",
            "имя",
            "сотрудник",
            "получатель",
        ],
    ),
];

/// Names of columns that hold a memo, which the API has no field for.
const MEMO_NAMES: [&str; 25] = [
    "memo",
    "memoid",
    "memotag",
    "memotext",
    "memocode",
    "extraid",
    "tag",
    "addresstag",
    "addrtag",
    "desttag",
    "destinationtag",
    "destinationmemo",
    "tagid",
    "xrptag",
    "paymentid",
    "мемо",
    "мемоид",
    "мемотег",
    "тег",
    "тэг",
    "тегназначения",
    "тэгназначения",
    "idплатежа",
    "айдиплатежа",
    "идентификаторплатежа",
];

/// Names of columns with a comment, which on TON may be a memo.
const COMMENT_NAMES: [&str; 19] = [
    "comment",
    "comments",
    "message",
    "комментарий",
    "комментарии",
    "коммент",
    "комент",
    "коментарий",
    "сообщение",
    "примечание",
    "примечания",
    "назначение",
    "назначениеплатежа",
    // Ukrainian and Kazakh.
    "коментар",
    "коментарі",
    "повідомлення",
    "примітка",
    "призначенняплатежу",
    "түсініктеме",
];

/// Names of columns that say on which network is paid, which the code says.
const NETWORK_NAMES: [&str; 22] = [
    "network",
    "networktype",
    "networkname",
    "withdrawalnetwork",
    "transfernetwork",
    "blockchainnetwork",
    "chain",
    "chaintype",
    "chainname",
    "blockchain",
    "protocol",
    "сеть",
    "типсети",
    "сетьвывода",
    "сетьперевода",
    "сетьблокчейна",
    "сетькошелька",
    "блокчейн",
    "протокол",
    "мережа",
    "блокчейнмережа",
    "желі",
];

/// Names of columns that may hold an id of each payout, and may as well count the rows.
const ID_NAMES: [&str; 20] = [
    "id",
    "no",
    "nr",
    "num",
    "number",
    "n",
    "payoutid",
    "payoutno",
    "payoutnumber",
    "invoice",
    "invoiceno",
    "invoicenumber",
    "№",
    "номер",
    "ид",
    "номервыплаты",
    "номерплатежа",
    "номерсчета",
    "номерсчёта",
    "номерзаявки",
];

/// Units that no amount is paid in, in a header: other money, `Сумма, руб`, and other sizes,
/// `Amount (satoshi)`.
const OTHER_UNITS: [&str; 59] = [
    "тыс",
    "млн",
    "млрд",
    "thousand",
    "thousands",
    "k",
    "sat",
    "sats",
    "satoshi",
    "satoshis",
    "сатоши",
    "wei",
    "gwei",
    "sun",
    "lamports",
    "mbtc",
    "cent",
    "cents",
    "цент",
    "центов",
    "центах",
    "коп",
    "руб",
    "р",
    "rub",
    "rur",
    "₽",
    "usd",
    "us$",
    "dollar",
    "dollars",
    "долл",
    "$",
    "eur",
    "euro",
    "евро",
    "€",
    "uah",
    "грн",
    "₴",
    "kzt",
    "тенге",
    "тг",
    "₸",
    "gbp",
    "£",
    "byn",
    "kgs",
    "uzs",
    "сум",
    "amd",
    "gel",
    "azn",
    "try",
    "₺",
    "aed",
    "cny",
    "¥",
    "pln",
];

/// How such units begin in Russian, in any case: `Сумма (в рублях)`.
const OTHER_UNIT_STEMS: [&str; 6] = ["рубл", "копе", "доллар", "гривн", "тысяч", "миллион"];

/// Names of a sum of others.
const TOTALS: [&str; 3] = ["итого", "всего", "total"];

/// How names go on of what is left to be paid, at their beginning or behind the word for an amount.
const DUE: [&str; 22] = [
    "квыплате",
    "коплате",
    "кперечислению",
    "кпереводу",
    "квыдаче",
    "наруки",
    "нетто",
    "скомисси",
    "безкомисси",
    "сучетом",
    "сучётом",
    "безучета",
    "безучёта",
    "завычетом",
    "послевычета",
    "послеудержани",
    "посленалог",
    "послендфл",
    "послекомисси",
    "afterfee",
    "aftertax",
    "afterdeduction",
];

/// Such names in English, as a whole: `Net` begins `Network` too.
const DUE_IN_ENGLISH: [&str; 6] = ["net", "netamount", "netpay", "due", "topay", "payable"];

/// What a fixed copy puts behind the name of a column that would be taken for another one.
pub(super) const NOT_USED: &str = " (not used)";

/// What a column is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is one of the used ones, by this claim.
    Used(Column, Claim),
    /// It holds a memo.
    Memo,
    /// It holds a comment.
    Comment,
    /// It holds the name of a network.
    Network,
    /// It holds an invoice id, which only a record has.
    InvoiceId,
    /// «Номер вывода»: a report in Russian calls invoice ids so, and a payer may call numbers of their
    /// own so.
    WithdrawalNumber,
    /// It holds findings, which only a findings file has.
    Finding,
    /// Nothing that is known.
    Other,
}

impl Meaning {
    /// Whether the invoice ids of a record may stand in it.
    pub(super) fn is_of_invoice_ids(self) -> bool {
        match self {
            Self::InvoiceId | Self::WithdrawalNumber => true,
            Self::Used(..)
            | Self::Memo
            | Self::Comment
            | Self::Network
            | Self::Finding
            | Self::Other => false,
        }
    }
}

/// By what right a name stands for a column, the better one first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// `--columns` says so.
    Given,
    /// It is the column's own name.
    Own,
    /// It is another name of it.
    Other,
}

/// What a column is by its name.
pub(super) fn meaning(name: &str) -> Meaning {
    if let Some((column, claim)) = column_of(name) {
        return Meaning::Used(column, claim);
    }
    let whole = plain(name);
    // A record is refused in any spelling, with letters that only look right too.
    let look = confusable::as_ascii(&whole).unwrap_or_else(|| whole.clone());
    match plain(&without_unit(&look)).as_str() {
        "invoiceid" => return Meaning::InvoiceId,
        "номервывода" => return Meaning::WithdrawalNumber,
        "finding" | "findings" => return Meaning::Finding,
        _ => {}
    }
    let bare = plain(&without_unit(name));
    let any_of = |names: &[&str]| {
        let is_known = |part: &str| {
            // A memo is one too if a letter of its name only looks right: `Мeмo`.
            let look = || confusable::as_ascii(&part.to_uppercase());
            names.contains(&plain(part).as_str())
                || look().is_some_and(|look| names.contains(&plain(&look).as_str()))
        };
        let mut parts = name.split(['/', '|', ',', '(', ')', '[', ']', '&', '+']);
        let mut words = name.split(|c: char| !c.is_alphanumeric());
        is_known(&bare)
            || parts.any(is_known)
            || words.any(is_known)
            || joined_words(name).any(|word| is_known(&word))
    };
    let is_network = |part: &str| NETWORK_NAMES.contains(&plain(part).as_str());
    if any_of(&MEMO_NAMES) {
        Meaning::Memo
    } else if any_of(&COMMENT_NAMES) {
        Meaning::Comment
    } else if is_network(&bare) || bare.split(['/', '|']).all(is_network) {
        Meaning::Network
    } else {
        Meaning::Other
    }
}

/// The used column that a name stands for, and by what right.
pub(super) fn column_of(name: &str) -> Option<(Column, Claim)> {
    let whole = plain(name);
    if let Some(column) = own(&whole) {
        return Some((column, Claim::Own));
    }
    let without_unit = || match without_unit(name) {
        Cow::Borrowed(_) => None,
        Cow::Owned(bare) => known(&plain(&bare)),
    };
    let column = other(&whole)
        .or_else(without_unit)
        .or_else(|| in_two_languages(name))?;
    Some((column, Claim::Other))
}

/// The words of a name that a program has joined: `to`, `Addr` and `Memo` of `toAddrMemo`.
fn joined_words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
        before = c;
    }
    words.into_iter()
}

/// Whether a name is one of those that a payer's own ids may stand under.
pub(super) fn is_id(name: &str) -> bool {
    let bare = plain(&without_unit(name));
    ID_NAMES.contains(&bare.trim_end_matches(['.', '#']))
}

/// The column whose name stands here twice, as in `Сумма / Amount`.
fn in_two_languages(name: &str) -> Option<Column> {
    let (first, second) = name.split_once(['/', '|', '\\'])?;
    let column = |part| known(&plain(&without_unit(part)));
    column(first).filter(|it| column(second) == Some(*it))
}

/// The column that has this name.
fn known(plain_name: &str) -> Option<Column> {
    own(plain_name).or_else(|| other(plain_name))
}

fn own(plain_name: &str) -> Option<Column> {
    // The names have small letters and `_`.
    let is_own = |column: &Column| {
        let letters = column.name().bytes().filter(|byte| *byte != b'_');
        letters.eq(plain_name.bytes())
    };
    ALL.into_iter().find(is_own)
}

fn other(plain_name: &str) -> Option<Column> {
    let found = OTHER_NAMES
        .iter()
        .find(|(_, names)| names.contains(&plain_name));
    found.map(|(column, _)| *column)
}

/// A name in small letters, without blanks, `_` and `-`, composed; and without what a form puts behind it.
pub(super) fn plain(name: &str) -> String {
    let is_kept = |c: char| !is_blank(c) && !matches!(c, '_' | '-' | '\u{ad}' | '*' | ':');
    let name = trim(name);
    if name.is_ascii() {
        // It is composed already, and this is far faster.
        let mut plain = name.to_ascii_lowercase();
        plain.retain(is_kept);
        return plain;
    }
    let kept = name.nfc().filter(|c| is_kept(*c));
    kept.flat_map(char::to_lowercase).collect()
}

/// A name without what follows a comma or stands in brackets.
fn without_unit(name: &str) -> Cow<'_, str> {
    if !name.contains(['(', '[', ')', ']', ',']) {
        return Cow::Borrowed(name);
    }
    let mut before = String::new();
    let mut depth = 0usize;
    for c in name.chars() {
        match c {
            '(' | '[' => depth = depth.saturating_add(1),
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => break,
            _ if depth == 0 => before.push(c),
            _ => {}
        }
    }
    Cow::Owned(before)
}

/// The words of a name.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| is_blank(c) || ".,:;/()[]_-".contains(c))
}

/// The unit in the name of the amounts, if it is not this currency: `руб` in `Сумма, руб.`, and `USDT`
/// in `Сумма, USDT` where BTC is paid. Without a currency only units count that nothing is paid in.
pub(super) fn unit_other_than(name: &str, paid: Option<Currency>) -> Option<&str> {
    let is_other = |word: &&str| is_unit_never_paid(&plain(word)) || is_scaled_ticker(word);
    let other = words(name).find(is_other);
    other.or_else(|| {
        let paid = paid?;
        let ticker = words(name).find(|word| is_ticker(word))?;
        let is_paid = words(name).any(|word| paid.ticker().eq_ignore_ascii_case(word));
        (!is_paid).then_some(ticker)
    })
}

/// Whether a word, as [`plain`] leaves it, is a unit that no amount is paid in.
fn is_unit_never_paid(word: &str) -> bool {
    let mut stems = OTHER_UNIT_STEMS.iter();
    OTHER_UNITS.contains(&word) || stems.any(|stem| word.starts_with(stem))
}

/// Whether a word is a coin's in another size: `uBTC`, `kUSDT`.
fn is_scaled_ticker(word: &str) -> bool {
    let ticker = word.strip_prefix(['m', 'u', 'µ', 'μ', 'n', 'k', 'K', 'м', 'к', 'К']);
    ticker.is_some_and(|ticker| Currency::all().any(|it| it.ticker() == ticker))
}

fn is_ticker(word: &str) -> bool {
    Currency::all().any(|it| it.ticker().eq_ignore_ascii_case(word))
}

/// Whether a name says the currency: `Сумма, USDT`.
pub(super) fn has_ticker(name: &str) -> bool {
    words(name).any(is_ticker)
}

/// Whether two names of amounts say different units. One that says none may have any, but for other
/// money.
pub(super) fn differ_in_unit(first: &str, second: &str) -> bool {
    let units = |name: &str| -> Vec<String> {
        let words = words(name).map(plain);
        let of_units = words.filter(|it| is_ticker(it) || is_other_unit(it));
        of_units.collect()
    };
    let (one, other) = (units(first), units(second));
    let is_said = !one.is_empty() && !other.is_empty();
    one != other && (is_said || is_other_unit(first) || is_other_unit(second))
}

/// Whether a name that is not known as the amount's may be it all the same, beside one that is: with a
/// unit, as in `К выплате USDT`, by the unit alone, or with more words, as in `Итого к выплате`.
pub(super) fn may_be_amount(name: &str) -> bool {
    let rest = without_total(name);
    known(&rest) == Some(Column::Amount) || is_due(name) || (rest.is_empty() && is_ticker(name))
}

/// Whether a name says of its column that it may be what is to be paid, beside this one: what is due, or
/// coins where that one says no unit.
pub(super) fn may_be_paid_beside(name: &str, taken: &str) -> bool {
    let is_in_coins = has_ticker(name) && !has_ticker(taken) && may_be_amount(name);
    let is_left_out = is_other_unit(name) || name.ends_with(NOT_USED);
    !is_left_out && (is_due(name) || is_in_coins) && !is_due(taken)
}

/// Whether a name says what is left to be paid once all else is counted: `Сумма к перечислению`.
pub(super) fn is_due(name: &str) -> bool {
    let rest = without_total(name);
    let mut amounts = ["сумма", "amount", "остаток"].iter();
    let rest = amounts
        .find_map(|amount| rest.strip_prefix(amount))
        .unwrap_or(&rest);
    let is_begun = |due: &&str| rest.starts_with(due);
    DUE.iter().any(is_begun) || DUE_IN_ENGLISH.contains(&rest)
}

/// Whether a name says that its column sums others up: `Итого`, which may be the sum with the fee.
pub(super) fn is_total(name: &str) -> bool {
    let is_total = |total: &&str| plain(name).starts_with(total);
    without_total(name).is_empty() && TOTALS.iter().any(is_total)
}

/// What of a name is neither a unit nor the word for a sum before others.
fn without_total(name: &str) -> String {
    let is_left = |word: &&str| {
        let word = plain(word);
        !(is_ticker(&word) || is_unit_never_paid(&word) || matches!(&*word, "в" | "in"))
    };
    let rest = plain(&words(name).filter(is_left).collect::<String>());
    let mut totals = TOTALS.iter();
    let rest = totals
        .find_map(|total| rest.strip_prefix(total))
        .unwrap_or(&rest);
    rest.to_owned()
}

/// Whether a text is a unit that nothing is paid in.
pub(super) fn is_other_unit(text: &str) -> bool {
    unit_other_than(text, None).is_some()
}

/// The column one of whose names this one looks like without being it, and the first letter of
/// another script that only looks right (UTS 39).
pub(super) fn confused_with(name: &str) -> Option<(Column, char)> {
    let name = plain(name);
    let look: String = skeleton(&name).collect();
    let of_column = |column: Column| {
        let own = plain(column.name());
        let others = other_names(column).iter().map(|it| (*it).to_owned());
        others.chain([own]).map(move |known| (column, known))
    };
    ALL.into_iter()
        .flat_map(of_column)
        .find_map(|(column, known)| {
            let mut letters = name.chars().zip(known.chars());
            let (wrong, _) = letters.find(|(a, b)| a.is_ascii() != b.is_ascii())?;
            skeleton(&known).eq(look.chars()).then_some((column, wrong))
        })
}

/// The names that a column has beside its own.
fn other_names(column: Column) -> &'static [&'static str] {
    let names = OTHER_NAMES.iter().find(|(of, _)| *of == column);
    names.map_or(&[], |(_, names)| names)
}

/// How much this name is like one of a column's names, in hundredths.
pub(super) fn likeness(name: &str, column: Column) -> usize {
    let name = plain(&without_unit(name));
    if name.is_empty() {
        return 0;
    }
    let own = plain(column.name());
    let others = other_names(column).iter().copied();
    let one = |known: &str| {
        let (longer, shorter) = (
            name.chars().count().max(known.chars().count()),
            name.chars().count().min(known.chars().count()),
        );
        if shorter >= 4 && (name.contains(known) || known.contains(name.as_str())) {
            return 90;
        }
        let distance = strsim::osa_distance(&name, known);
        longer
            .saturating_sub(distance)
            .saturating_mul(100)
            .checked_div(longer)
            .unwrap_or_default()
    };
    others.map(one).chain([one(&own)]).max().unwrap_or_default()
}

/// What `--columns` says: which name in the header stands for which column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnNames {
    names: Vec<(Column, String)>,
}

/// A text is not what `--columns` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnNamesError {
    /// It does not begin with one of the five names and `=`.
    Form,
    /// A column is named twice.
    Twice(Column),
    /// Nothing stands behind the `=`.
    Empty(Column),
}

impl ColumnNames {
    /// The name that is given for a column.
    #[must_use]
    pub fn of(&self, column: Column) -> Option<&str> {
        let found = self.names.iter().find(|(of, _)| *of == column);
        found.map(|(_, name)| name.as_str())
    }

    /// The same with one more name.
    #[must_use]
    pub fn with(mut self, column: Column, name: &str) -> Self {
        self.names.retain(|(of, _)| *of != column);
        self.names.push((column, name.to_owned()));
        self
    }

    /// Whether nothing is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl FromStr for ColumnNames {
    type Err = ColumnNamesError;

    /// Reads `to_address=Кошелёк 2,amount=Всего, нетто`: a comma separates only before one of the
    /// five names and `=`.
    fn from_str(text: &str) -> Result<Self, ColumnNamesError> {
        let mut names: Vec<(Column, String)> = Vec::new();
        let mut rest = text;
        let (mut column, mut value) = assignment(rest).ok_or(ColumnNamesError::Form)?;
        loop {
            rest = value;
            let mut next = None;
            for (comma, _) in rest.match_indices(',') {
                let behind = rest.get(comma.saturating_add(1)..).unwrap_or_default();
                if let Some(found) = assignment(behind) {
                    next = Some((comma, found));
                    break;
                }
            }
            let end = next.map_or(rest.len(), |(comma, _)| comma);
            let name = trim(rest.get(..end).unwrap_or_default());
            if name.is_empty() {
                return Err(ColumnNamesError::Empty(column));
            }
            if names.iter().any(|(of, _)| *of == column) {
                return Err(ColumnNamesError::Twice(column));
            }
            names.push((column, name.to_owned()));
            match next {
                Some((_, found)) => (column, value) = found,
                None => return Ok(Self { names }),
            }
        }
    }
}

/// The column and what follows in `amount=…`.
fn assignment(text: &str) -> Option<(Column, &str)> {
    let (name, value) = text.split_once('=')?;
    Some((own(&plain(name))?, value))
}

impl fmt::Display for ColumnNames {
    /// As it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (column, name)) in self.names.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{}={name}", column.name())?;
        }
        Ok(())
    }
}

impl fmt::Display for ColumnNamesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str(
                "write it like 'to_address=Wallet,amount=Net sum', with one of currency_code, \
                 to_address, amount, reference and payee before each =",
            ),
            Self::Twice(column) => write!(f, "{} is named twice", column.name()),
            Self::Empty(column) => write!(f, "no name stands behind {}=", column.name()),
        }
    }
}

impl std::error::Error for ColumnNamesError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_columns_are_in_the_order_of_their_type() {
        for (place, column) in ALL.into_iter().enumerate() {
            assert_eq!(column as usize, place);
        }
    }

    #[test]
    fn a_column_is_known_by_its_names() {
        let used = |column, claim| Meaning::Used(column, claim);
        for (name, expected) in [
            ("currency_code", used(Column::CurrencyCode, Claim::Own)),
            (" Currency Code ", used(Column::CurrencyCode, Claim::Own)),
            ("TO-ADDRESS", used(Column::ToAddress, Claim::Own)),
            ("Amount (USDT)", used(Column::Amount, Claim::Other)),
            ("Сумма, USDT", used(Column::Amount, Claim::Other)),
            ("К выплате", used(Column::Amount, Claim::Other)),
            ("КОШЕЛЁК", used(Column::ToAddress, Claim::Other)),
            ("Кошелек", used(Column::ToAddress, Claim::Other)),
            ("Код валюты", used(Column::CurrencyCode, Claim::Other)),
            ("External ID", used(Column::Reference, Claim::Other)),
            ("Full_Name", used(Column::Payee, Claim::Other)),
            ("Memo", Meaning::Memo),
            ("Destination Tag", Meaning::Memo),
            ("Payment-ID", Meaning::Memo),
            ("МЕМО", Meaning::Memo),
            ("Мeмo", Meaning::Memo),
            ("Mемо/Тег, если есть", Meaning::Memo),
            ("Tаg", Meaning::Memo),
            ("Memo/Tag", Meaning::Memo),
            ("Тег назначения, если есть", Meaning::Memo),
            ("XRP Destination Tag", Meaning::Memo),
            ("addressTag", Meaning::Memo),
            ("toAddrMemo", Meaning::Memo),
            ("extra_id", Meaning::Memo),
            ("Stage", Meaning::Other),
            ("Tags", Meaning::Other),
            ("Комментарий", Meaning::Comment),
            ("Коментар", Meaning::Comment),
            ("Сеть", Meaning::Network),
            ("Chain Type", Meaning::Network),
            ("Сеть / Network", Meaning::Network),
            ("Сеть вывода", Meaning::Network),
            ("Network fee", Meaning::Other),
            ("Комиссия (сеть)", Meaning::Other),
            ("Комментарий к платежу", Meaning::Comment),
            ("Примечания", Meaning::Comment),
            ("Назначение платежа", Meaning::Comment),
            ("Invoice ID", Meaning::InvoiceId),
            ("invoiceId", Meaning::InvoiceId),
            ("invоice_id", Meaning::InvoiceId),
            ("Finding", Meaning::Finding),
            ("note", Meaning::Other),
            ("Кошелёк 2", Meaning::Other),
            ("", Meaning::Other),
        ] {
            assert_eq!(meaning(name), expected, "{name}");
        }
        for (name, column, letter) in [
            ("to_аddress", Column::ToAddress, 'а'),
            ("Вaлюта", Column::CurrencyCode, 'a'),
            ("Суммa", Column::Amount, 'a'),
            ("Aдрес", Column::ToAddress, 'a'),
        ] {
            assert_eq!(confused_with(name), Some((column, letter)), "{name}");
        }
        assert_eq!(confused_with("Валюта"), None);
        assert_eq!(confused_with("arnount"), None);
        assert_eq!(confused_with("to_address"), None);
        assert!(is_id("Номер") && is_id("№") && is_id("No."));
        assert!(!is_id("Номер телефона") && !is_id(""));
    }

    #[test]
    fn a_unit_that_is_not_what_is_paid_is_seen() {
        let paid = Currency::from_code("USDT_TRC20");
        for (name, unit) in [
            ("Сумма, руб.", Some("руб")),
            ("Сумма рублей", Some("рублей")),
            ("Сумма (в рублях)", Some("рублях")),
            ("Сумма, долларах США", Some("долларах")),
            ("Сумма (в тысячах)", Some("тысячах")),
            ("Amount (AED)", Some("AED")),
            ("Сумма (тыс. руб.)", Some("тыс")),
            ("Сумма (USDT), руб", Some("руб")),
            ("Amount ($)", Some("$")),
            ("Amount (satoshi)", Some("satoshi")),
            ("Сумма BTC", Some("BTC")),
            ("Amount (uBTC)", Some("uBTC")),
            ("Сумма, kUSDT", Some("kUSDT")),
            ("Сумма, кUSDT", Some("кUSDT")),
            ("Сумма, usdt", None),
            ("Amount (USDT-TRC20)", None),
            ("Amount [BTC/USDT]", None),
            ("Сумма к выплате", None),
            ("Сумма", None),
        ] {
            assert_eq!(unit_other_than(name, paid), unit, "{name}");
        }
        assert_eq!(unit_other_than("Сумма, руб.", None), Some("руб"));
        assert_eq!(unit_other_than("Сумма, BTC", None), None);
    }

    #[test]
    fn names_of_amounts_differ_in_unit() {
        for (first, second) in [
            ("Сумма, USDT", "Сумма, BTC"),
            ("Сумма", "Сумма (в рублях)"),
            ("Сумма, USDT", "Сумма, kUSDT"),
        ] {
            assert!(differ_in_unit(first, second), "{first}, {second}");
        }
        for (first, second) in [
            ("amount", "Сумма (в USDT)"),
            ("Сумма, USDT", "СУММА (usdt)"),
            ("Сумма, руб.", "Сумма (руб)"),
        ] {
            assert!(!differ_in_unit(first, second), "{first}, {second}");
        }
    }

    #[test]
    fn columns_are_read_as_they_are_given() {
        let names: ColumnNames = "to_address=Кошелёк 2,amount=Всего, нетто".parse().unwrap();
        assert_eq!(names.of(Column::ToAddress), Some("Кошелёк 2"));
        assert_eq!(names.of(Column::Amount), Some("Всего, нетто"));
        assert_eq!(names.of(Column::Payee), None);
        assert_eq!(names.to_string().parse(), Ok(names));
        for (text, error) in [
            ("", ColumnNamesError::Form),
            ("x=y", ColumnNamesError::Form),
            ("amount=", ColumnNamesError::Empty(Column::Amount)),
            ("amount=a,amount=b", ColumnNamesError::Twice(Column::Amount)),
        ] {
            assert_eq!(text.parse::<ColumnNames>(), Err(error), "{text}");
        }
        let names: ColumnNames = "reference=a=b, payee = c".parse().unwrap();
        assert_eq!(names.of(Column::Reference), Some("a=b"));
        assert_eq!(names.of(Column::Payee), Some("c"));
    }

    #[test]
    fn names_that_are_alike_are_found() {
        assert!(likeness("Кошелёк 2", Column::ToAddress) >= 90);
        assert!(likeness("adress", Column::ToAddress) >= 80);
        assert!(likeness("Итоговая сумма", Column::Amount) >= 90);
        assert!(likeness("телефон", Column::ToAddress) < 60);
    }
}
