//! An amount hint is what to write instead of a text that is not an amount.
//!
//! A hint is only ever shown, and it gives a number only if nobody could read the text as another
//! one: a hint that is wrong about money is worse than none. So `1 5` and `10k` get no number, and
//! `1,500` gets both of its readings.

use crate::characters::is_blank;
use crate::domain::currency::MOST_DECIMALS;
use crate::domain::{Amount, Currency};

/// What a text that is not an amount looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// `1E-05`: a spreadsheet has shortened it, and nobody knows what it has left out.
    Shortened,
    /// `05.01.2026`, `5-Jan`: a spreadsheet has made a date of it.
    Date,
    /// `-5`, `(5)`.
    Negative,
    /// `25 USDT` in a row of USDT: the number alone, if it is beyond doubt.
    OwnUnit(Option<String>),
    /// `$10`, `10k`, `5%`: with something that is not the row's own currency.
    OtherUnit,
    /// `1,5` or, where a comma was asked for, `1.5`: with the other decimal mark, and with nothing
    /// else that is odd.
    OtherMark {
        /// With the mark as the decimal one.
        as_decimal: String,
        /// Without it, if it may also separate thousands.
        as_thousands: Option<String>,
    },
    /// `1 000`, `1.234,50`, `.5`, `007`: this number, beyond doubt.
    Certain(String),
    /// Nothing that is known.
    Unknown,
}

/// Tells what a text that is not an amount looks like, in a row of this currency.
pub(super) fn look(text: &str, currency: Option<Currency>) -> Look {
    if is_shortened(text) {
        return Look::Shortened;
    }
    if is_date(text) {
        return Look::Date;
    }
    if is_negative(text) {
        return Look::Negative;
    }
    if let Some(look) = other_mark(text) {
        return look;
    }
    if let Some(number) = certain(text) {
        return Look::Certain(number);
    }
    if let Some(number) = currency.and_then(|currency| without_own_unit(text, currency)) {
        return Look::OwnUnit(certain(number));
    }
    if is_with_unit(text) {
        return Look::OtherUnit;
    }
    Look::Unknown
}

/// The number, where it is an amount as it stands. Too many decimals for the currency are told by
/// themselves.
fn valid(text: &str) -> Option<String> {
    Amount::parse(text, MOST_DECIMALS)
        .ok()
        .map(|_| text.to_owned())
}

/// Whether this is scientific notation.
fn is_shortened(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
    let size = exponent.trim_start_matches(['+', '-']);
    is_digits(whole) && is_digits(fraction) && is_digits(size)
}

/// Whether this is how a spreadsheet writes a number that it has shortened, `1.23457E+17`, to the
/// letter: an id that a person has chosen, such as `1e7`, does not look like that.
pub(super) fn is_shortened_by_spreadsheet(text: &str) -> bool {
    let bytes = text.as_bytes();
    let before_exponent = |length: usize| {
        let (number, exponent) = bytes.split_at(bytes.len().checked_sub(length)?);
        match exponent {
            [b'E', b'+' | b'-', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
                Some(number)
            }
            _ => None,
        }
    };
    let number = before_exponent("E+17".len()).or_else(|| before_exponent("E+170".len()));
    match number {
        Some([b'1'..=b'9']) => true,
        Some([b'1'..=b'9', b'.' | b',', fraction @ ..]) => {
            !fraction.is_empty() && fraction.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

fn is_date(text: &str) -> bool {
    // A time may follow.
    let date = text.split([' ', 'T']).next().unwrap_or(text);
    let parts: Vec<_> = date.split(['-', '/', '.']).collect();
    let is_number = |part: &str, most: u32| {
        part.len() <= 2
            && part
                .parse::<u32>()
                .is_ok_and(|number| (1..=most).contains(&number))
    };
    let is_year = |part: &str| part.len() == 4 && part.parse::<u32>().is_ok();
    let is_month = |part: &str| {
        const MONTHS: [&str; 12] = [
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ];
        const RUSSIAN_MONTHS: [&str; 13] = [
            "янв", "фев", "мар", "апр", "май", "мая", "июн", "июл", "авг", "сен", "окт", "ноя",
            "дек",
        ];
        let part = part.to_lowercase();
        let mut months = MONTHS.iter().chain(&RUSSIAN_MONTHS);
        months.any(|month| part.starts_with(month)) && part.chars().count() <= 9
    };
    match parts.as_slice() {
        [day, month, year] | [year, month, day] if is_year(year) => {
            (is_number(day, 31) && (is_number(month, 31) || is_month(month)))
                || (is_number(month, 31) && is_month(day))
        }
        // With points it may be a version, `1.2.3`, unless every part has both its digits.
        [day, month, year] if !date.contains('.') || (day.len() == 2 && month.len() == 2) => {
            is_number(day, 31) && (is_number(month, 31) || is_month(month)) && year.len() == 2
        }
        [a, b] if !date.contains('.') => {
            let is_day = |part: &str| is_number(part, 31) || is_year(part);
            (is_day(a) && is_month(b)) || (is_month(a) && is_day(b)) || (is_day(a) && is_day(b))
        }
        // `05.2026` is a month, and `01.02` may be a day; without the zero they are numbers.
        [a, b] if a.starts_with('0') && a.len() == 2 && is_number(a, 12) => {
            is_year(b) || is_month(b) || (b.len() == 2 && is_number(b, 31))
        }
        [a, b] => (is_number(a, 31) && is_month(b)) || (is_month(a) && is_number(b, 99)),
        _ => false,
    }
}

/// With a hyphen, the minus sign or a dash, or as accountants write it.
fn is_negative(text: &str) -> bool {
    let inner = text
        .strip_prefix(['-', '\u{2212}', '\u{2013}', '\u{2014}'])
        .or_else(|| text.strip_prefix('(')?.strip_suffix(')'))
        .or_else(|| text.strip_suffix(['-', '\u{2212}']))
        // `1500.-` has no cents.
        .filter(|inner| !inner.ends_with(['.', ',']));
    let is_number = |c: char| c.is_ascii_digit() || is_mark(c) || matches!(c, '.' | ',');
    inner.is_some_and(|inner| {
        inner.contains(|c: char| c.is_ascii_digit()) && inner.chars().all(is_number)
    })
}

/// `1,5`, and `1,500` which may be either; the same with a point.
fn other_mark(text: &str) -> Option<Look> {
    let (whole, fraction) = text.split_once([',', '.'])?;
    let as_decimal = valid(&format!("{whole}.{fraction}"))?;
    let may_be_thousands = fraction.len() == 3 && whole != "0";
    if may_be_thousands && whole.len() > 3 {
        // `1000,000` is a slip, and nobody knows which.
        return None;
    }
    let as_thousands = valid(&format!("{whole}{fraction}")).filter(|_| may_be_thousands);
    Some(Look::OtherMark {
        as_decimal,
        as_thousands,
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether this is digits with a comma between them, and nothing else.
pub(super) fn has_only_a_comma(text: &str) -> bool {
    text.split_once(',')
        .is_some_and(|(whole, fraction)| is_digits(whole) && is_digits(fraction))
}

/// Whether the first of these marks stands before another one, so that it separates thousands: the point
/// in `1.234,50`.
pub(super) fn has_for_thousands(text: &str, mark: char) -> bool {
    text.split_once(mark)
        .is_some_and(|(_, behind)| behind.find(['.', ',']) == Some("000".len()))
}

/// What may stand between groups of three digits, beside a point or a comma. Between tabs stand several
/// values.
fn is_mark(c: char) -> bool {
    (is_blank(c) && c != '\t') || matches!(c, '\'' | '\u{2019}' | '_')
}

/// The number that the text is beyond doubt: digits in groups of three, one decimal mark at most, and
/// perhaps a plus sign or zeros in front.
pub(super) fn certain(text: &str) -> Option<String> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let (whole, fraction) = match text.rfind(['.', ',']) {
        None => (text, None),
        Some(at) => {
            let (whole, rest) = text.split_at(at);
            let mark = rest.chars().next()?;
            let fraction = rest.get(1..)?;
            if whole.contains(mark) {
                // A mark that comes twice separates thousands.
                (text, None)
            } else if fraction.len() == 3 && !matches!(whole, "" | "0") {
                // These three may be thousands as well.
                return None;
            } else {
                (whole, Some(fraction))
            }
        }
    };
    if fraction.is_some_and(|fraction| {
        fraction.is_empty() || fraction.bytes().any(|byte| !byte.is_ascii_digit())
    }) {
        return None;
    }
    let whole = ungrouped(whole, fraction.is_some())?;
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match fraction {
        None => valid(whole),
        Some(fraction) => valid(&format!("{whole}.{fraction}")),
    }
}

/// The digits of a whole number without the marks between its groups of three; zeros in front are
/// nobody's group.
fn ungrouped(whole: &str, has_fraction: bool) -> Option<String> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(mark) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return (has_fraction || !whole.is_empty()).then(|| whole.to_owned());
    };
    if !(is_mark(mark) || matches!(mark, '.' | ',')) {
        return None;
    }
    let groups: Vec<_> = whole.split(mark).collect();
    let (first, others) = groups.split_first()?;
    let are_groups = (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && is_digits(first)
        && others
            .iter()
            .all(|group| group.len() == 3 && is_digits(group));
    are_groups.then(|| groups.concat())
}

/// The text without the row's own currency before or behind it.
fn without_own_unit(text: &str, currency: Currency) -> Option<&str> {
    let (code, ticker) = (currency.code(), currency.ticker());
    [code, ticker].into_iter().find_map(|unit| {
        let head = text
            .get(..unit.len())
            .filter(|head| head.eq_ignore_ascii_case(unit));
        let tail_at = text.len().checked_sub(unit.len())?;
        let tail = text
            .get(tail_at..)
            .filter(|tail| tail.eq_ignore_ascii_case(unit));
        let number = match (head, tail) {
            (Some(_), _) => text.get(unit.len()..)?,
            (None, Some(_)) => text.get(..tail_at)?,
            (None, None) => return None,
        };
        let number = super::csv::trim(number);
        number
            .starts_with(|c: char| c.is_ascii_digit())
            .then_some(number)
    })
}

/// Whether there is a number with something beside it.
fn is_with_unit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && text.contains(|c: char| c.is_alphabetic() || "$€£¥₽₴₸₿Ξ₮%".contains(c))
        && !text.starts_with("0x")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usdt() -> Option<Currency> {
        Currency::from_code("USDT_TRC20")
    }

    #[test]
    fn dates_are_told_from_numbers() {
        for text in [
            "05.01.2026",
            "2026-01-05 00:00:00",
            "5-Jan",
            "янв.50",
            "01.05.26",
            "05.2026",
            "01.02",
            "1/5/26",
            "01.фев",
        ] {
            assert_eq!(look(text, usdt()), Look::Date, "{text}");
        }
        for text in ["01.50", "1.2.3", "00.5", "1.50"] {
            assert_ne!(look(text, usdt()), Look::Date, "{text}");
        }
    }

    #[test]
    fn looks_are_told_apart() {
        let certain = |text: &str| Look::Certain(text.to_owned());
        let own = |text: &str| Look::OwnUnit(Some(text.to_owned()));
        let mark = |decimal: &str, thousands: Option<&str>| Look::OtherMark {
            as_decimal: decimal.to_owned(),
            as_thousands: thousands.map(str::to_owned),
        };
        for (text, expected) in [
            ("1e-7", Look::Shortened),
            ("1E-05", Look::Shortened),
            ("2,3E+04", Look::Shortened),
            ("-5", Look::Negative),
            ("(1,234.50)", Look::Negative),
            ("\u{2212}0,5", Look::Negative),
            ("1,5", mark("1.5", None)),
            ("1,500", mark("1.500", Some("1500"))),
            ("0,500", mark("0.500", None)),
            ("1.250", mark("1.250", Some("1250"))),
            ("1 000", certain("1000")),
            ("1\u{a0}000,50", certain("1000.50")),
            ("1'000", certain("1000")),
            ("1_000", certain("1000")),
            ("1,234,567", certain("1234567")),
            ("1.234.567", certain("1234567")),
            ("1.234,56", certain("1234.56")),
            ("1,234.56", certain("1234.56")),
            (".5", certain("0.5")),
            ("007", certain("7")),
            ("00.5", certain("0.5")),
            ("+5", certain("5")),
            ("25 USDT", own("25")),
            ("usdt 25", own("25")),
            ("1 234.56 USDT_TRC20", own("1234.56")),
            ("1,5 USDT", own("1.5")),
            ("1,500 USDT", Look::OwnUnit(None)),
            ("1.500 USDT", Look::OwnUnit(None)),
            ("25 BTC", Look::OtherUnit),
            ("$500", Look::OtherUnit),
            ("100руб", Look::OtherUnit),
            ("10k", Look::OtherUnit),
            ("5 тыс", Look::OtherUnit),
            ("1OO", Look::OtherUnit),
            ("5%", Look::OtherUnit),
            ("1 5", Look::Unknown),
            ("12 34", Look::Unknown),
            ("0 500", Look::Unknown),
            ("1 234.567", Look::Unknown),
            ("1,234.567", Look::Unknown),
            ("1 234,567", Look::Unknown),
            ("1  234", Look::Unknown),
            ("1'234,567", Look::Unknown),
            ("5.", Look::Unknown),
            ("abc", Look::Unknown),
            ("0x10", Look::Unknown),
            ("1.2.3", Look::Unknown),
            ("1..2", Look::Unknown),
            ("1500.-", Look::Unknown),
            ("1\t500", Look::Unknown),
            (".", Look::Unknown),
            ("١", Look::Unknown),
        ] {
            assert_eq!(look(text, usdt()), expected, "{text}");
        }
    }

    #[test]
    fn a_shortened_number_is_told_from_an_id() {
        for shortened in [
            "1E-05",
            "2.3E+04",
            "1.23457E+17",
            "1,23457E+17",
            "1.23456789012346E+017",
        ] {
            assert!(is_shortened_by_spreadsheet(shortened), "{shortened}");
        }
        for id in [
            "",
            "17",
            "1E5",
            "1e-05",
            "12E+05",
            "0E+05",
            "1.E+05",
            "E+05",
            "1E+5",
            "1.2.3E+05",
            "A1E+05",
            "1E+0005",
            "ж1E+05",
        ] {
            assert!(!is_shortened_by_spreadsheet(id), "{id}");
        }
    }

    /// Every value that somebody could read a text as: whatever marks are taken for decimal ones or
    /// for separators, whatever else stands in it is left out. A letter or a sign leaves none.
    fn readings(text: &str) -> Vec<String> {
        let text = text.replace("USDT", "");
        let text = text.trim();
        let plain: String = text.chars().filter(|c| c.is_ascii_digit()).collect();
        let mut readings = Vec::new();
        let is_plain = |c: char| c.is_ascii_digit() || is_mark(c) || matches!(c, '.' | ',');
        if !text.chars().all(is_plain) || plain.is_empty() {
            return readings;
        }
        let groups: Vec<_> = text.split(|c: char| !c.is_ascii_digit()).collect();
        let are_thousands = groups.iter().skip(1).all(|group| group.len() == 3);
        if are_thousands
            && groups.first().is_some_and(|first| {
                !first.is_empty() && (groups.len() == 1 || !first.starts_with('0'))
            })
        {
            readings.push(plain.clone());
        }
        if let Some(at) = text.rfind(['.', ',']) {
            let (whole, fraction) = text.split_at(at);
            let digits =
                |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
            readings.push(format!("{}.{}", digits(whole), digits(fraction)));
        }
        readings
    }

    proptest! {
        /// A number in a hint is the only one that the text can be read as.
        #[test]
        fn no_hint_is_wrong_about_money(
            text in "[0-9]{0,4}([ ,.'\u{a0}_][0-9]{1,4}){0,3}( ?(USDT|BTC|k|руб|\\$|%|O|тыс|млн|K|e3))?",
            is_in_front: bool,
        ) {
            let text = if is_in_front { format!("${text}") } else { text };
            let text = text.trim();
            let number = match look(text, usdt()) {
                Look::Certain(number) | Look::OwnUnit(Some(number)) => number,
                Look::OtherMark { as_decimal, as_thousands: None } => as_decimal,
                Look::OtherMark { .. } | Look::OwnUnit(None) | Look::OtherUnit | Look::Unknown
                | Look::Shortened | Look::Date | Look::Negative => return Ok(()),
            };
            let value = |text: &str| text.trim_start_matches('0').to_owned();
            let hinted = value(&number);
            let all: Vec<_> = readings(text).iter().map(|it| value(it)).collect();
            let hinted = hinted.strip_prefix('0').unwrap_or(&hinted).to_owned();
            prop_assert!(all.contains(&hinted), "{} as {}, not {:?}", text, number, all);
            let is_disputed = all.iter().any(|other| *other != hinted);
            // Groups of three under two marks, or under one mark twice, leave no doubt.
            let marks: std::collections::BTreeSet<_> =
                text.chars().filter(|c| !c.is_ascii_digit()).collect();
            let count = text.chars().filter(|c| matches!(c, '.' | ',')).count();
            prop_assert!(!is_disputed || marks.len() > 1 || count > 1, "{} as {}: {:?}", text, number, all);
        }
    }
}
