//! What is said about a code.

use super::text::{Context, Message, listed, named, place_of, quoted, quoted_unless_secret};
use crate::address::confusable::as_ascii;
use crate::domain::{Column, Currency};
use crate::intake::columns;
use crate::intake::currency_hints::{self, Meant};
use crate::intake::rows::CurrencyError;

pub(super) fn message(context: &Context<'_>, error: CurrencyError) -> Message {
    match error {
        CurrencyError::Unknown => {
            let network = context.checker.network(context.record);
            let address = context.value(Column::ToAddress);
            unknown(&context.value(Column::CurrencyCode), (&network, &address))
        }
        CurrencyError::Gone(currency) => Message::new(
            format!(
                "{currency} is gone from the newer documentation of the API, which may refuse it"
            ),
            "ask CryptoCloud whether it is still paid out, or choose another currency",
        ),
    }
}

fn unknown(text: &str, row: (&str, &str)) -> Message {
    let shown = quoted(text);
    let meant = currency_hints::meant(text, row);
    // A word in another alphabet is just that, unless it is a code to the eye.
    let has_ascii = text.contains(|c: char| c.is_ascii_alphanumeric());
    let is_word = as_ascii(text).is_none() || (!has_ascii && meant == Meant::Unknown);
    let hint = match meant {
        Meant::Unknown if columns::is_other_unit(text) => {
            "only cryptocurrencies are paid: write the code of one (`ccbatch currencies` lists them), and the amount in it"
                .to_owned()
        }
        Meant::Unknown => "`ccbatch currencies` lists the codes".to_owned(),
        Meant::Certain(code) => format!("write {code}"),
        Meant::Likely(code) => format!("did you mean {code}?"),
        Meant::OneOf(codes) => one_of(&codes),
        Meant::NotPaid { ticker, chain } => format!(
            "the API does not pay {ticker} on {chain}; `ccbatch currencies` lists the codes"
        ),
    };
    let is_foreign =
        |c: &char| !c.is_ascii_graphic() && *c != ' ' && !(is_word && c.is_alphabetic());
    match text.chars().find(is_foreign) {
        None => Message::new(format!("{shown} is not a currency code"), hint),
        Some(foreign) => Message::new(
            format!(
                "{shown} is not a currency code: it contains {}",
                named(foreign)
            ),
            hint,
        )
        .at(place_of(text, foreign)),
    }
}

/// What is said of a cell that names another network than the code does.
pub(super) fn other_network(context: &Context<'_>, index: usize, paid: Currency) -> Message {
    let names = &context.checker.header.names;
    let name = names.get(index).map_or("", String::as_str);
    Message::new(
        format!(
            "the column {} says {}, and {paid} is paid on {}",
            quoted_unless_secret(name),
            quoted_unless_secret(&context.record.value(index)),
            paid.chain()
        ),
        "the code decides where the money goes: ask the recipient which network it is, and correct what is wrong",
    )
}

fn one_of(codes: &[Currency]) -> String {
    let first = codes.first().map(|code| code.ticker());
    let is_one_coin = codes.iter().all(|code| Some(code.ticker()) == first);
    let codes = codes_in_words(codes.iter().copied());
    if is_one_coin {
        format!("write {codes}: the part after _ is the network, and decides where the money goes")
    } else {
        format!("did you mean {codes}?")
    }
}

/// The codes in a sentence.
pub(super) fn codes_in_words(codes: impl Iterator<Item = Currency>) -> String {
    let codes: Vec<_> = codes.map(Currency::code).collect();
    listed(&codes, "or")
}
