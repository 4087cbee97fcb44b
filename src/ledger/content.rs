//! A [`Content`] is what a payout pays, and to whom: equal contents are looked for where somebody may
//! be paid twice.

use crate::domain::Payout;

/// What is paid to whom: currency code, account and minor units, with a blank between.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Content {
    text: String,
    code_end: usize,
    account_end: usize,
}

impl Content {
    /// The content of an attempt or a row. Neither code nor account has a blank.
    #[must_use]
    pub fn new(currency_code: &str, account: &str, minor_units: u128) -> Self {
        let text = format!("{currency_code} {account} {minor_units}");
        Self::with_parts(text, currency_code.len(), account.len())
    }

    /// The content with this text, and the lengths of its code and its account.
    fn with_parts(text: String, code: usize, account: usize) -> Self {
        Self {
            text,
            code_end: code,
            account_end: code.saturating_add(1).saturating_add(account),
        }
    }

    /// Reads what [`Self::as_str`] gives.
    #[must_use]
    pub(super) fn read(text: &str) -> Option<Self> {
        let (code, rest) = text.split_once(' ')?;
        let (account, units) = rest.split_once(' ')?;
        units.parse::<u128>().ok()?;
        Some(Self::with_parts(text.to_owned(), code.len(), account.len()))
    }

    /// What a payout pays.
    #[must_use]
    pub fn of(payout: &Payout) -> Self {
        Self::new(payout.currency.code(), &payout.account, payout.minor_units)
    }

    /// Whether a payout pays it.
    #[must_use]
    pub fn is_of(&self, payout: &Payout) -> bool {
        self.currency_code() == payout.currency.code()
            && self.account() == payout.account
            && self.minor_units().parse() == Ok(payout.minor_units)
    }

    /// The whole text, by which equal contents are found.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The currency's code.
    #[must_use]
    pub fn currency_code(&self) -> &str {
        self.text.get(..self.code_end).unwrap_or_default()
    }

    /// The account that is paid.
    #[must_use]
    pub fn account(&self) -> &str {
        let start = self.code_end.saturating_add(1);
        self.text.get(start..self.account_end).unwrap_or_default()
    }

    /// How much, in the currency's minor units, as digits.
    #[must_use]
    pub fn minor_units(&self) -> &str {
        let start = self.account_end.saturating_add(1);
        self.text.get(start..).unwrap_or_default()
    }
}
