//! What is said about an address.

use super::currency::codes_in_words;
use super::text::{Context, Message};
use crate::domain::{Column, Currency};
use crate::intake::rows::AddressFault;

pub(super) fn message(context: &Context<'_>, fault: AddressFault) -> Message {
    match fault {
        AddressFault::Doubtful(caution) => Message::new(caution.to_string(), caution.hint()),
        AddressFault::Invalid(currency, error) => {
            let text = context.value(Column::ToAddress);
            let mut hint = error.hint(&text);
            if let Some(other) = error.other_network()
                && error.kind() == "wrong network"
            {
                let is_same_coin = |it: Currency| it.ticker() == currency.ticker();
                let amount = if currency.on_network(other).all(is_same_coin) {
                    ""
                } else {
                    "then write the amount in it too; "
                };
                hint = format!(
                    "did you mean {}? {amount}otherwise ask the recipient for their {} address",
                    codes_in_words(currency.on_network(other)),
                    currency.network()
                );
            }
            Message::new(error.to_string(), hint).at(error.span())
        }
    }
}
