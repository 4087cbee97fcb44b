//! A [`Batch`] is all the payouts of one input, in the input's order; [`Totals`] are its control
//! totals.

use super::currency::CURRENCY_COUNT;
use super::{Currency, Payout};
use std::collections::HashSet;
use std::fmt;

/// All the payouts of one input, in its order. An input makes them of its text when they are asked
/// for: a million of them take more memory than the text.
pub trait Batch: fmt::Debug {
    /// How many there are.
    fn count(&self) -> usize;

    /// All of them.
    fn all(&self) -> Box<dyn Iterator<Item = Payout> + '_>;

    /// Count and sum of all of them.
    fn totals(&self) -> Totals;

    /// The places of those whose account no earlier one pays.
    fn recipients(&self) -> Vec<usize>;

    /// Those at these places, which are in order; the first of the batch is at 0.
    fn at<'a>(&'a self, places: &'a [usize]) -> Box<dyn Iterator<Item = Payout> + 'a>;

    /// The one at this place.
    fn payout(&self, place: usize) -> Option<Payout> {
        self.at(&[place]).next()
    }
}

impl<T: AsRef<[Payout]> + fmt::Debug> Batch for T {
    fn count(&self) -> usize {
        self.as_ref().len()
    }

    fn all(&self) -> Box<dyn Iterator<Item = Payout> + '_> {
        Box::new(self.as_ref().iter().cloned())
    }

    fn totals(&self) -> Totals {
        Totals::of(self.as_ref())
    }

    fn recipients(&self) -> Vec<usize> {
        let mut accounts = HashSet::new();
        let payouts = self.as_ref().iter().enumerate();
        let firsts = payouts.filter(|(_, payout)| accounts.insert(&payout.account));
        firsts.map(|(place, _)| place).collect()
    }

    fn at<'a>(&'a self, places: &'a [usize]) -> Box<dyn Iterator<Item = Payout> + 'a> {
        let payouts = self.as_ref();
        Box::new(
            places
                .iter()
                .filter_map(|place| payouts.get(*place).cloned()),
        )
    }
}

/// Count and sum per currency, in whole minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    per_currency: [(u64, u128); CURRENCY_COUNT],
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            per_currency: [(0, 0); CURRENCY_COUNT],
        }
    }
}

/// A sum is beyond what can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotalOverflow;

impl Totals {
    /// Of payouts of a batch. All of it was counted when it was validated, so a part of it can be.
    #[must_use]
    pub fn of<'a>(payouts: impl IntoIterator<Item = &'a Payout>) -> Self {
        let mut totals = Self::default();
        for payout in payouts {
            let counted = totals.add_units(payout.currency, payout.minor_units);
            debug_assert!(counted.is_ok(), "a part of a batch that was counted");
        }
        totals
    }

    /// Counts one payout, by its minor units.
    ///
    /// # Errors
    /// When the sum exceeds a `u128`; nothing is counted then.
    pub fn add_units(&mut self, currency: Currency, units: u128) -> Result<(), TotalOverflow> {
        let (count, sum) = &mut self.per_currency[currency.index()];
        *sum = sum.checked_add(units).ok_or(TotalOverflow)?;
        *count = count.saturating_add(1);
        Ok(())
    }

    /// Adds the totals of another part of the file.
    ///
    /// # Errors
    /// When a sum exceeds a `u128` of minor units.
    pub fn merge(&mut self, other: &Self) -> Result<(), TotalOverflow> {
        for ((count, sum), (more, units)) in self.per_currency.iter_mut().zip(&other.per_currency) {
            *sum = sum.checked_add(*units).ok_or(TotalOverflow)?;
            *count = count.saturating_add(*more);
        }
        Ok(())
    }

    /// How many payouts in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.per_currency
            .iter()
            .fold(0, |all, (count, _)| all.saturating_add(*count))
    }

    /// The currencies that occur, each with its count and sum.
    pub fn iter(&self) -> impl Iterator<Item = (Currency, u64, MinorUnits)> {
        Currency::all()
            .zip(&self.per_currency)
            .filter(|(_, (count, _))| *count > 0)
            .map(|(currency, (count, sum))| {
                let sum = MinorUnits {
                    units: *sum,
                    decimals: currency.decimals(),
                };
                (currency, *count, sum)
            })
    }
}

/// A whole number of minor units, shown with its point and without zeros at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinorUnits {
    /// How many.
    pub units: u128,
    /// How many decimals the currency has.
    pub decimals: u8,
}

impl fmt::Display for MinorUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.decimals);
        let digits = format!(
            "{:0>width$}",
            self.units,
            width = decimals.saturating_add(1)
        );
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(decimals));
        let fraction = fraction.trim_end_matches('0');
        f.pad(&if fraction.is_empty() {
            whole.to_owned()
        } else {
            format!("{whole}.{fraction}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_exact() {
        let btc = Currency::from_code("BTC").unwrap();
        let mut totals = Totals::default();
        for units in [10_000_000, 20_000_000, 1] {
            totals.add_units(btc, units).unwrap();
        }
        let lines: Vec<_> = totals
            .iter()
            .map(|(c, count, sum)| format!("{c} {count} {sum}"))
            .collect();
        assert_eq!(lines, ["BTC 3 0.30000001"]);
    }

    #[test]
    fn a_sum_that_cannot_be_counted_is_refused() {
        let eth = Currency::from_code("ETH").unwrap();
        let mut totals = Totals::default();
        let most = 300_000_000_000_000_000_000 * 10_u128.pow(18);
        assert_eq!(totals.add_units(eth, most), Ok(()));
        assert_eq!(totals.add_units(eth, most), Err(TotalOverflow));
        assert_eq!(totals.count(), 1);
    }
}
