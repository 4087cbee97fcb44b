//! [`Options`] are how a file is to be read, and what is asked of it.

use super::columns::ColumnNames;
use super::decode::TextEncoding;
use crate::domain::{Amount, Currency, DecimalMark, Severity};

/// How a file is to be read, and what is asked of it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How it is written.
    pub reading: Reading,
    /// What warnings do.
    pub warnings: WarningPolicy,
    /// What no payout, and no batch, may exceed.
    pub limits: Limits,
}

/// How a file is written, where the operator says so: the flags of reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// How decimals are written in it.
    pub decimal_mark: DecimalMark,
    /// Which of its columns is which.
    pub columns: ColumnNames,
    /// Its encoding; `None` to find it out.
    pub encoding: Option<TextEncoding>,
}

/// What warnings do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WarningPolicy {
    /// They are told.
    #[default]
    Tell,
    /// They are errors.
    Refuse,
}

impl WarningPolicy {
    /// How severe a finding is under this policy.
    pub(super) fn judge(self, severity: Severity) -> Severity {
        match self {
            Self::Tell => severity,
            Self::Refuse => Severity::Error,
        }
    }
}

/// What no payout, and no batch, may exceed, currency by currency.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The most of a currency in all payouts together.
    pub max_total: Vec<(Currency, Amount)>,
    /// The most of a currency in one payout.
    pub max_amount: Vec<(Currency, Amount)>,
}

impl Limits {
    /// The limit for one payout that this many minor units of a currency exceed.
    pub(super) fn exceeded(&self, currency: Currency, units: u128) -> Option<Amount> {
        exceeded(&self.max_amount, currency, units)
    }

    /// The limit for all payouts together that this many minor units of a currency exceed.
    pub(super) fn exceeded_in_all(&self, currency: Currency, units: u128) -> Option<Amount> {
        exceeded(&self.max_total, currency, units)
    }
}

/// The lowest limit of the currency that is exceeded. A limit beyond what can be counted never is.
fn exceeded(limits: &[(Currency, Amount)], currency: Currency, units: u128) -> Option<Amount> {
    let limits = limits.iter().filter(|(of, _)| *of == currency);
    let minor_units = |amount: Amount| amount.minor_units(currency.decimals());
    limits
        .map(|(_, limit)| *limit)
        .filter(|limit| minor_units(*limit).is_some_and(|most| units > most))
        .min_by_key(|limit| minor_units(*limit))
}
