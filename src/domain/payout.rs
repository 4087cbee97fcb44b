//! A [`Payout`] is one instruction to pay: a row that has been checked.

use super::{Amount, Currency};
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// One instruction to pay, as it stands in the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// The line of the input, as an editor shows it.
    pub line: u64,
    /// The payer's own id; empty where there is none.
    pub reference: String,
    /// Who is paid, in the payer's words; empty where there is none.
    pub payee: String,
    /// What is sent, and on which network.
    pub currency: Currency,
    /// The recipient, checked.
    pub to_address: String,
    /// The account that the address denotes: the same text however the address is written.
    pub account: String,
    /// How much.
    pub amount: Amount,
    /// How much, in the currency's minor units.
    pub minor_units: u128,
}

/// A reference in the one composition in which references are compared, in a file as in the ledger.
#[must_use]
pub fn composed(reference: &str) -> Cow<'_, str> {
    if reference.is_ascii() || is_nfc_quick(reference.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(reference);
    }
    Cow::Owned(reference.nfc().collect())
}
