//! An [`Echo`] is a line that has to do with others: the same reference, the same payout, an
//! address that looks like another one, an amount far from the usual.
//!
//! Only the keys of the lines are looked at here. They are compared after all of them are there,
//! by sorting, because looking each one up in a table as it comes would wait for memory at every
//! line.

use super::keys::{self, Keys, NO_KEY};
use crate::domain::Currency;
use std::collections::HashMap;
use std::panic::resume_unwind;
use std::thread;

/// More than this many times the median of its currency is told.
pub(super) const OUTLIER_FACTOR: u128 = 100;

/// In how many parts keys are sorted, so that the copy that is sorted stays small.
const PARTS: u64 = 8;

/// A line, and what there is about it in the light of the other lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Echo {
    /// How many lines it is after the first line after the header.
    pub(super) place: usize,
    pub(super) about: About,
}

/// What there is about a line. `first` is the place of the earlier line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    /// It seems to have the reference of an earlier line.
    Reference { first: usize },
    /// It seems to pay the same as an earlier line.
    Payout { first: usize },
    /// Its address seems to look like that of an earlier line, but to be another.
    Look { first: usize },
    /// It pays more than [`OUTLIER_FACTOR`] times this many minor units, the median.
    Outlier { median: u128 },
}

impl About {
    /// The earlier line.
    pub(super) fn first(self) -> Option<usize> {
        match self {
            Self::Reference { first } | Self::Payout { first } | Self::Look { first } => {
                Some(first)
            }
            Self::Outlier { .. } => None,
        }
    }
}

/// Everything there is about lines in the light of others, in the order of the lines.
pub(super) fn echoes(keys: &Keys) -> Vec<Echo> {
    if keys.payouts.len() < LINES_FOR_A_THREAD {
        return in_order_of_lines([of_payouts(keys), of_looks(keys)]);
    }
    thread::scope(|scope| {
        let looks = scope.spawn(|| of_looks(keys));
        let payouts = of_payouts(keys);
        match looks.join() {
            Ok(looks) => in_order_of_lines([payouts, looks]),
            Err(panic) => resume_unwind(panic),
        }
    })
}

/// Fewer lines than this are sorted before a thread has started.
const LINES_FOR_A_THREAD: usize = 10_000;

/// What is found in references and payouts, about half of the work.
fn of_payouts(keys: &Keys) -> Vec<Echo> {
    let references = repeated(&keys.references).into_iter();
    let references = references.map(|(place, first)| (place, About::Reference { first }));
    let payouts = repeated(&keys.payouts).into_iter();
    let payouts = payouts.map(|(place, first)| (place, About::Payout { first }));
    references.chain(payouts).map(Echo::from).collect()
}

/// What is found in addresses and amounts, the other half.
fn of_looks(keys: &Keys) -> Vec<Echo> {
    let looks = alike(&keys.looks).into_iter();
    let looks = looks.map(|(place, first)| (place, About::Look { first }));
    let outliers = outliers(&keys.amounts).into_iter();
    let outliers = outliers.map(|(place, median)| (place, About::Outlier { median }));
    looks.chain(outliers).map(Echo::from).collect()
}

fn in_order_of_lines(parts: [Vec<Echo>; 2]) -> Vec<Echo> {
    let mut echoes = parts.concat();
    echoes.sort_unstable();
    echoes
}

impl From<(usize, About)> for Echo {
    fn from((place, about): (usize, About)) -> Self {
        Self { place, about }
    }
}

/// Every place whose key stands at an earlier place, with the first such place.
fn repeated(keys: &[u64]) -> Vec<(usize, usize)> {
    let mut first_places = HashMap::new();
    for_sorted_parts(
        keys,
        |key| key >> 61,
        |sorted| {
            for pair in sorted.windows(2) {
                if pair[0] == pair[1] {
                    first_places.insert(pair[0], None);
                }
            }
        },
    );
    if first_places.is_empty() {
        return Vec::new();
    }
    let later = keys.iter().enumerate().filter_map(|(place, key)| {
        let first = first_places.get_mut(key)?;
        match first {
            None => {
                *first = Some(place);
                None
            }
            Some(first) => Some((place, *first)),
        }
    });
    later.collect()
}

/// Every place at which an account appears for the first time whose look stands at an earlier
/// place with another account, with the first such place.
fn alike(keys: &[u64]) -> Vec<(usize, usize)> {
    let mut first_places = HashMap::new();
    for_sorted_parts(
        keys,
        |key| key >> 61,
        |sorted| {
            for pair in sorted.windows(2) {
                if pair[0] != pair[1] && keys::look_of(pair[0]) == keys::look_of(pair[1]) {
                    first_places.insert(pair[0], None);
                    first_places.insert(pair[1], None);
                }
            }
        },
    );
    if first_places.is_empty() {
        return Vec::new();
    }
    let mut first_of_look = HashMap::new();
    let later = keys.iter().enumerate().filter_map(|(place, key)| {
        let seen = first_places.get_mut(key)?;
        if seen.replace(place).is_some() {
            return None;
        }
        let first = *first_of_look.entry(keys::look_of(*key)).or_insert(place);
        (first != place).then_some((place, first))
    });
    later.collect()
}

/// Every place whose amount is more than [`OUTLIER_FACTOR`] times the median of its currency,
/// with that median.
fn outliers(keys: &[u64]) -> Vec<(usize, u128)> {
    let currencies: Vec<_> = Currency::all().collect();
    let mut limits: Vec<Option<(u64, u128)>> = vec![None; currencies.len()];
    for_sorted_parts(
        keys,
        |key| keys::amount_of(key).0 as u64,
        |sorted| {
            for amounts in sorted.chunk_by(|a, b| keys::amount_of(*a).0 == keys::amount_of(*b).0) {
                let (index, _) = keys::amount_of(amounts[0]);
                let median = median(amounts);
                if let (Some(limit), Some(currency)) =
                    (limits.get_mut(index), currencies.get(index))
                {
                    let most = median.saturating_mul(OUTLIER_FACTOR);
                    *limit = Some((keys::amount_key(*currency, most), median));
                }
            }
        },
    );
    let far = keys.iter().enumerate().filter_map(|(place, key)| {
        let (most, median) = (*limits.get(keys::amount_of(*key).0)?)?;
        (*key > most).then_some((place, median))
    });
    far.collect()
}

/// The median of sorted amounts; of an even number of them the mean of the middle two.
fn median(sorted: &[u64]) -> u128 {
    let middle = sorted.len() / 2;
    let units = |place: usize| sorted.get(place).map_or(0, |key| keys::amount_of(*key).1);
    let upper = units(middle);
    if sorted.len() % 2 == 1 {
        return upper;
    }
    let lower = units(middle.saturating_sub(1));
    // Half the difference and not half the sum, which might exceed the type.
    lower.saturating_add(upper.saturating_sub(lower) / 2)
}

/// Calls `visit` with all keys, sorted, in parts; equal values of `part` stay together.
fn for_sorted_parts(keys: &[u64], part: impl Fn(u64) -> u64, mut visit: impl FnMut(&[u64])) {
    let mut copy = Vec::new();
    for wanted in 0..PARTS {
        copy.clear();
        let of_part = |key: &u64| *key != NO_KEY && part(*key) % PARTS == wanted;
        copy.extend(keys.iter().copied().filter(of_part));
        copy.sort_unstable();
        visit(&copy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_keys_name_the_first() {
        assert_eq!(repeated(&[]), []);
        assert_eq!(repeated(&[NO_KEY, NO_KEY, 5, 6]), []);
        assert_eq!(repeated(&[5, 6, NO_KEY, 5, 6, 5]), [(3, 0), (4, 1), (5, 0)]);
    }

    #[test]
    fn looks_are_told_once_an_account() {
        let look = |look: u64, account: u64| look << 20 | account;
        let keys = [
            look(7, 1),
            look(7, 1),
            look(8, 1),
            look(7, 2),
            look(7, 1),
            look(7, 2),
            look(7, 3),
        ];
        assert_eq!(alike(&keys), [(3, 0), (6, 0)]);
    }

    #[test]
    fn outliers_are_far_above_the_median() {
        let currency = Currency::from_code("BTC").unwrap();
        let other = Currency::from_code("LTC").unwrap();
        let key = |units| keys::amount_key(currency, units);
        let mut keys = vec![key(10), key(10), key(1_000), key(1_001), NO_KEY];
        keys.push(keys::amount_key(other, 5_000));
        assert_eq!(outliers(&keys), []);
        keys.extend([key(10), key(9)]);
        assert_eq!(outliers(&keys), [(3, 10)]);
        // Two amounts have nothing usual about them.
        assert_eq!(outliers(&[key(1), key(1_000_000)]), []);
    }
}
