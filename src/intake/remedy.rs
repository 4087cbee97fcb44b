//! A remedy is what to write instead of a text that is no amount, found by guessing what the text
//! was before a spreadsheet, a country's habit or a finger got at it.
//!
//! A guess is only ever shown. Nothing here can make a text valid.

use crate::domain::Amount;

/// What a text that is no amount looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// A spreadsheet has made something else of it.
    Spreadsheet(Mangled),
    /// `-5`, `(5)`.
    Negative,
    /// `10 USDT`, `$10`: with a unit. The number alone.
    WithUnit(String),
    /// `1,5`: with a decimal comma, and with nothing else that is odd. The number with a point,
    /// and if the comma may also separate thousands, the number without it.
    Comma {
        as_point: String,
        as_thousands: Option<String>,
    },
    /// `1 000`, `1.234,50`, `.5`, `007`: this is what it means.
    Mended(String),
    /// Nothing that is known.
    Unknown,
}

/// What a spreadsheet has made of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mangled {
    /// `1E-05`: a spreadsheet has shortened it. The number in full, if it is not too long.
    Shortened(Option<String>),
    /// `05.01.2026`, `5-Jan`: a spreadsheet has made a date of it.
    Date,
    /// `#REF!`, `####`: a formula has failed, or a column was too narrow.
    Broken,
    /// `=A1*2`: a formula.
    Formula,
}

/// As many decimals as any currency has; what is more is told by itself.
const MOST_DECIMALS: u8 = 18;

/// Tells what a text that is no amount looks like.
pub(super) fn look(text: &str) -> Look {
    if text.starts_with('#') {
        return Look::Spreadsheet(Mangled::Broken);
    }
    if text.starts_with('=') {
        return Look::Spreadsheet(Mangled::Formula);
    }
    if let Some(full) = shortened(text) {
        return Look::Spreadsheet(Mangled::Shortened(full));
    }
    if is_date(text) {
        return Look::Spreadsheet(Mangled::Date);
    }
    if is_negative(text) {
        return Look::Negative;
    }
    if let Some(comma) = comma(text) {
        return comma;
    }
    if let Some(number) = mended(text) {
        return Look::Mended(number);
    }
    let number = text.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','));
    match escape(number).or_else(|| mended(number)) {
        Some(number) if is_unit(text) => Look::WithUnit(number),
        _ => Look::Unknown,
    }
}

fn escape(text: &str) -> Option<String> {
    Amount::parse(text, MOST_DECIMALS)
        .ok()
        .map(|_| text.to_owned())
}

/// The number in full of `1.5E-07`; `Some(None)` if it is too long to write out.
fn shortened(text: &str) -> Option<Option<String>> {
    /// Beyond this nothing is written out: no amount has so many zeros.
    const MOST_ZEROS: usize = 30;
    let (number, exponent) = text.split_once(['e', 'E'])?;
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let size = exponent.trim_start_matches(['+', '-']);
    if !is_digits(whole) || !is_digits(&format!("0{fraction}")) || !is_digits(size) {
        return None;
    }
    let Some(size) = size.parse().ok().filter(|size| *size <= MOST_ZEROS) else {
        return Some(None);
    };
    let zeros = "0".repeat(size);
    let (digits, point) = if exponent.starts_with('-') {
        (format!("{zeros}{whole}{fraction}"), whole.len())
    } else {
        (
            format!("{whole}{fraction}{zeros}"),
            whole.len().saturating_add(size),
        )
    };
    let (whole, fraction) = digits.split_at_checked(point)?;
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let literal = format!("{whole}.{fraction}");
    Some(escape(literal.trim_end_matches('0').trim_end_matches('.')))
}

/// Whether this is how a spreadsheet writes a number that it has shortened, `1.23457E+17`, to the
/// letter: an id that a person has chosen, such as `1e7`, does not look like that.
pub(super) fn is_shortened_by_spreadsheet(text: &str) -> bool {
    let bytes = text.as_bytes();
    let exponent = bytes.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let exponent = exponent.count();
    let (Some(number), 2..=3) = (text.len().checked_sub(exponent), exponent) else {
        return false;
    };
    match &bytes[..number] {
        [b'1'..=b'9', b'E', b'+' | b'-'] => true,
        [b'1'..=b'9', b'.' | b',', fraction @ .., b'E', b'+' | b'-'] => {
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
        let part = part.to_ascii_lowercase();
        MONTHS.iter().any(|month| part.starts_with(month)) && part.len() <= 9
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
        [a, b] => (is_number(a, 31) && is_month(b)) || (is_month(a) && is_number(b, 31)),
        _ => false,
    }
}

fn is_negative(text: &str) -> bool {
    // A hyphen, the minus sign, a dash; and what accountants write.
    let inner = text
        .strip_prefix(['-', '\u{2212}', '\u{2013}'])
        .or_else(|| text.strip_prefix('(')?.strip_suffix(')'))
        .or_else(|| text.strip_suffix('-'));
    inner.is_some_and(|inner| {
        let inner = inner.trim();
        escape(inner).is_some() || mended(inner).is_some() || comma(inner).is_some()
    })
}

/// `1,5`, and `1,500` which may be either.
fn comma(text: &str) -> Option<Look> {
    let (whole, fraction) = text.split_once(',')?;
    let as_point = escape(&format!("{whole}.{fraction}"))?;
    let as_thousands = escape(&format!("{whole}{fraction}"))
        .filter(|_| fraction.len() == 3 && whole.len() <= 3 && whole != "0");
    Some(Look::Comma {
        as_point,
        as_thousands,
    })
}

/// The number without thousands marks and blanks, with a point, and with the zeros it needs.
fn mended(text: &str) -> Option<String> {
    let is_mark =
        |c: char| c.is_whitespace() || super::validate::is_unprintable(c) || "'’_`".contains(c);
    let digits: String = text.strip_prefix('+').unwrap_or(text).replace(is_mark, "");
    let count = |mark| digits.matches(mark).count();
    let decimal_mark = match (count(','), count('.')) {
        (0, 1) => Some('.'),
        (1, 0) => Some(','),
        (0, _) | (_, 0) => None,
        _ => digits.chars().rev().find(|c| matches!(c, ',' | '.')),
    };
    let (whole, fraction) = match decimal_mark {
        Some(mark) if count(mark) == 1 => digits.split_once(mark)?,
        Some(_) => return None,
        None => (digits.as_str(), ""),
    };
    // Thousands are groups of three; anything else is too much of a guess.
    let groups: Vec<_> = whole.split([',', '.']).collect();
    let are_thousands = groups.iter().skip(1).all(|group| group.len() == 3)
        && (groups.len() == 1
            || groups
                .first()
                .is_some_and(|first| (1..=3).contains(&first.len())));
    if !are_thousands || fraction.contains([',', '.']) {
        return None;
    }
    let whole = groups.concat();
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() {
        escape(whole)
    } else {
        escape(&format!("{whole}.{fraction}"))
    }
}

/// Whether what stands around the digits is a currency's sign or ticker.
fn is_unit(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_ascii_digit() || c.is_alphabetic() || c.is_whitespace() || ".,_$€£¥₽₿Ξ₮%".contains(c)
    }) && !text.starts_with("0x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_told_apart() {
        let mended = |text: &str| Look::Mended(text.to_owned());
        let full = |text: &str| Look::Spreadsheet(Mangled::Shortened(Some(text.to_owned())));
        let unit = |text: &str| Look::WithUnit(text.to_owned());
        let comma = |point: &str, thousands: Option<&str>| Look::Comma {
            as_point: point.to_owned(),
            as_thousands: thousands.map(str::to_owned),
        };
        for (text, expected) in [
            ("1e-7", full("0.0000001")),
            ("1E-05", full("0.00001")),
            ("2.3E+04", full("23000")),
            ("2,3E+04", full("23000")),
            ("1.23457E+17", full("123457000000000000")),
            ("1.5E-1", full("0.15")),
            ("1E+99", Look::Spreadsheet(Mangled::Shortened(None))),
            ("05.01.2026", Look::Spreadsheet(Mangled::Date)),
            ("2026-01-05", Look::Spreadsheet(Mangled::Date)),
            ("2026-01-05 00:00:00", Look::Spreadsheet(Mangled::Date)),
            ("5-Jan", Look::Spreadsheet(Mangled::Date)),
            ("Jan-05", Look::Spreadsheet(Mangled::Date)),
            ("01.Feb", Look::Spreadsheet(Mangled::Date)),
            ("01.05.26", Look::Spreadsheet(Mangled::Date)),
            ("1/5/26", Look::Spreadsheet(Mangled::Date)),
            ("#REF!", Look::Spreadsheet(Mangled::Broken)),
            ("#######", Look::Spreadsheet(Mangled::Broken)),
            ("=A1*2", Look::Spreadsheet(Mangled::Formula)),
            ("-5", Look::Negative),
            ("(1,234.50)", Look::Negative),
            ("\u{2212}0,5", Look::Negative),
            ("1,5", comma("1.5", None)),
            ("1,500", comma("1.500", Some("1500"))),
            ("0,500", comma("0.500", None)),
            ("1 000", mended("1000")),
            ("1\u{a0}000,50", mended("1000.50")),
            ("1'000", mended("1000")),
            ("1_000", mended("1000")),
            ("1,234,567", mended("1234567")),
            ("1.234.567", mended("1234567")),
            ("1.234,56", mended("1234.56")),
            ("1,234.56", mended("1234.56")),
            (".5", mended("0.5")),
            ("5.", mended("5")),
            ("007", mended("7")),
            ("00.5", mended("0.5")),
            ("+5", mended("5")),
            ("\u{200b}5", mended("5")),
            ("10 USDT", unit("10")),
            ("$10", unit("10")),
            ("1,000.50 €", unit("1000.50")),
            ("abc", Look::Unknown),
            ("0x10", Look::Unknown),
            ("1.2.3", Look::Unknown),
            ("1..2", Look::Unknown),
            (".", Look::Unknown),
            ("١", Look::Unknown),
        ] {
            assert_eq!(look(text), expected, "{text}");
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
}
