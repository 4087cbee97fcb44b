//! What is said about an amount.

use super::text::{Context, Message, named, place_of, quoted};
use crate::domain::amount::MAX_DIGITS;
use crate::domain::{AmountError, Column, Currency, DecimalMark};
use crate::intake::amount_hints::{self, Look};
use crate::intake::rows::{AmountFault, DOUBTFUL_PART, as_a_double};

pub(super) fn message(context: &Context<'_>, fault: AmountFault) -> Message {
    let value = context.value(Column::Amount);
    let shown = quoted(&value);
    match fault {
        AmountFault::Invalid(currency, error) => invalid(context, &value, currency, error),
        AmountFault::Point(currency) => {
            malformed(context, &value, currency, AmountError::Character('.'))
        }
        AmountFault::MoreThanExists(currency) => Message::new(
            format!("{shown} is more {currency} than there is"),
            format!(
                "check the amount: it is written in whole {}, not in {}",
                currency.ticker(),
                plural(currency.minor_unit())
            ),
        ),
        AmountFault::LargePart(currency) => Message::new(
            format!(
                "{shown} is more than 1/{DOUBTFUL_PART} of all the {} there is",
                currency.ticker()
            ),
            format!(
                "check the amount: it is likely in {}, and is read as whole {}",
                plural(currency.minor_unit()),
                currency.ticker()
            ),
        ),
        AmountFault::OverLimit(currency, limit) => Message::new(
            format!(
                "{shown} is more than the limit of {} {currency} for one payout",
                context.checker.decimal_mark.show(&limit.to_string())
            ),
            "check the amount, or raise the limit (--max-amount)",
        ),
        AmountFault::Imprecise => Message::new(
            format!(
                "{shown} has more digits than a double-precision number carries; an API that reads it as one pays {}",
                context
                    .checker
                    .decimal_mark
                    .show(&as_a_double(&value.replace(',', ".")))
            ),
            "agree with the recipient on an amount of at most 15 significant digits, or compare what the dashboard shows",
        ),
    }
}

/// The plural of a unit's name.
fn plural(unit: &str) -> String {
    match unit {
        "wei" | "sun" => unit.to_owned(),
        _ => format!("{unit}s"),
    }
}

fn invalid(
    context: &Context<'_>,
    value: &str,
    currency: Option<Currency>,
    error: AmountError,
) -> Message {
    let shown = quoted(value);
    match error {
        AmountError::Zero => Message::new(
            "the amount is zero",
            "fill in the amount, or remove the row",
        ),
        AmountError::Digits(count) => Message::new(
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
                format!("ask for the amount with at most {allowed} decimals")
            };
            Message::new(
                format!("{shown} has {found} decimals, {code} has {allowed}"),
                hint,
            )
            .at(Some(end..value.len()))
        }
        AmountError::Empty
        | AmountError::Character(_)
        | AmountError::Point
        | AmountError::LeadingZero => malformed(context, value, currency, error),
    }
}

fn malformed(
    context: &Context<'_>,
    value: &str,
    currency: Option<Currency>,
    error: AmountError,
) -> Message {
    let shown = quoted(value);
    let show = |number: &str| context.checker.decimal_mark.show(number);
    let also = thousands_too(value, context.checker.decimal_mark);
    match amount_hints::look(value, currency) {
        Look::Shortened => Message::new(
            format!("{shown} is in scientific notation"),
            "a spreadsheet has shortened this number; format the column as text and fill it in again",
        ),
        Look::Date => Message::new(
            format!("{shown} is a date, not an amount"),
            "a spreadsheet has made a date of this number; format the column as text and fill it in again",
        ),
        Look::Negative => Message::new(
            format!("{shown} is negative"),
            "only amounts above zero can be paid: check it, and remove the row if nothing is due",
        ),
        Look::OwnUnit(Some(number)) => Message::new(
            format!("{shown} is not only a number"),
            format!(
                "write {}; the currency stands in currency_code{also}",
                show(&number)
            ),
        ),
        Look::OwnUnit(None) => Message::new(
            format!("{shown} is not only a number"),
            format!("write the number alone; the currency stands in currency_code{also}"),
        ),
        Look::OtherUnit => Message::new(
            match only_letter(value) {
                Some(letter) => format!("{shown} has a letter among its digits: {}", named(letter)),
                None => format!("{shown} is not only a number"),
            },
            format!(
                "write how much {}is to be paid, in digits and without a unit{also}",
                currency.map_or_else(String::new, |it| format!("{} ", it.ticker()))
            ),
        ),
        Look::OtherMark {
            as_decimal,
            as_thousands,
        } => other_mark(value, (&show(&as_decimal), as_thousands.as_deref())),
        Look::Certain(number) => {
            let write = format!("write {}{also}", show(&number));
            Message::new(what_is_odd(value, error), write).at(odd_place(value, error))
        }
        Look::Unknown => Message::new(
            what_is_odd(value, error),
            format!(
                "write digits, and at most one decimal mark: {}{also}{}",
                show("1234.56"),
                match context.checker.decimal_mark {
                    DecimalMark::Point if amount_hints::has_only_a_comma(value) =>
                        "; if every comma in the file is decimal, give --decimal-comma",
                    DecimalMark::Point | DecimalMark::Comma => "",
                }
            ),
        )
        .at(odd_place(value, error)),
    }
}

/// What is said of a value that says of the file's decimal mark that it separates thousands: that
/// counts for the other values too, where it cannot be seen.
fn thousands_too(value: &str, mark: DecimalMark) -> String {
    let (sign, name) = match mark {
        DecimalMark::Point => ('.', "point"),
        DecimalMark::Comma => (',', "comma"),
    };
    if amount_hints::has_for_thousands(value, sign) {
        format!("; where a {name} separates thousands, 1{sign}500 is to be written 1500 too")
    } else {
        String::new()
    }
}

/// The only letter in an amount, if digits follow it: it was typed in the place of one, as in `1O0`.
fn only_letter(value: &str) -> Option<char> {
    let mut letters = value.char_indices().filter(|(_, c)| c.is_alphabetic());
    let (at, letter) = letters.next()?;
    let rest = value.get(at..)?.chars().skip(1);
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let mut others = value.chars().filter(|c| *c != letter);
    (rest.clone().any(|c| c.is_ascii_digit()) && others.all(is_number)).then_some(letter)
}

fn what_is_odd(value: &str, error: AmountError) -> String {
    let shown = quoted(value);
    match error {
        AmountError::Character(odd) if value.contains(|c: char| c.is_ascii_digit()) => {
            format!("{shown} contains {}", named(odd))
        }
        AmountError::LeadingZero => format!("{shown} has a superfluous zero in front"),
        AmountError::Point => {
            format!("{shown} is not a number with at most one decimal mark between its digits")
        }
        AmountError::Character(_)
        | AmountError::Empty
        | AmountError::Zero
        | AmountError::Decimals { .. }
        | AmountError::Digits(_) => format!("{shown} is not an amount"),
    }
}

fn odd_place(value: &str, error: AmountError) -> Option<std::ops::Range<usize>> {
    match error {
        AmountError::Character(odd) => place_of(value, odd),
        AmountError::LeadingZero
        | AmountError::Point
        | AmountError::Empty
        | AmountError::Zero
        | AmountError::Decimals { .. }
        | AmountError::Digits(_) => None,
    }
}

/// What is said of a decimal mark that is not the one that was asked for.
fn other_mark(value: &str, (as_decimal, as_thousands): (&str, Option<&str>)) -> Message {
    let shown = quoted(value);
    let is_comma = value.contains(',');
    let (text, flag) = if is_comma {
        (
            format!("{shown} has a decimal comma"),
            match as_thousands {
                None => ", or give --decimal-comma for the whole file",
                Some(_) => "; --decimal-comma reads all commas as decimal",
            },
        )
    } else {
        (
            format!("{shown} has a decimal point, and a comma was asked for"),
            "",
        )
    };
    let mark = if is_comma { "comma" } else { "point" };
    let hint = match as_thousands {
        None => format!("write {as_decimal}{flag}"),
        Some(thousands) => {
            format!("write {as_decimal}, or {thousands} if the {mark} separates thousands{flag}")
        }
    };
    Message::new(text, hint).at(place_of(value, if is_comma { ',' } else { '.' }))
}
