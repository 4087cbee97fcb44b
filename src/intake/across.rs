//! An [`Echo`] is a line that has to do with others: the same reference, the same payout, an
//! address that looks like another one, an amount far from the usual.
//!
//! Only the keys of the lines are looked at here, after all of them are there: looking each one up
//! in a table as it comes would wait for memory at every line, and sorting them all takes twice
//! as long as the sieve below.

use super::keys::{self, Keys, NO_KEY};
use crate::domain::Currency;
use crate::domain::currency::CURRENCY_COUNT;
use std::panic::resume_unwind;
use std::thread;

/// More than this many times the median of its currency is told.
pub(super) const OUTLIER_FACTOR: u128 = 100;

/// How many slots of a sieve there are to a key: one key in eight then goes through it by chance.
const SLOTS_PER_KEY: usize = 8;

/// A slot of a sieve has two bits.
const SLOTS_PER_WORD: usize = 32;

/// A line, and what there is about it in the light of the other lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Echo {
    /// How many lines it is below the first line after the header.
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
    if keys.count() < ROWS_FOR_A_THREAD {
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

/// Fewer rows than this are compared before a thread has started.
const ROWS_FOR_A_THREAD: usize = 10_000;

/// What is found in references and payouts, about half of the work.
fn of_payouts(keys: &Keys) -> Vec<Echo> {
    let echo = |row, about| Echo {
        place: keys.place(row),
        about,
    };
    let references = repeated(&keys.references).into_iter().map(|(row, first)| {
        let first = keys.place(first);
        echo(row, About::Reference { first })
    });
    let payouts = repeated(&keys.payouts).into_iter().map(|(row, first)| {
        let first = keys.place(first);
        echo(row, About::Payout { first })
    });
    references.chain(payouts).collect()
}

/// What is found in addresses and amounts, the other half.
fn of_looks(keys: &Keys) -> Vec<Echo> {
    let echo = |row, about| Echo {
        place: keys.place(row),
        about,
    };
    let looks = alike(&keys.looks).into_iter().map(|(row, first)| {
        let first = keys.place(first);
        echo(row, About::Look { first })
    });
    let outliers = outliers(&keys.amounts).into_iter();
    let outliers = outliers.map(|(row, median)| echo(row, About::Outlier { median }));
    looks.chain(outliers).collect()
}

fn in_order_of_lines(parts: [Vec<Echo>; 2]) -> Vec<Echo> {
    let mut echoes = parts.concat();
    echoes.sort_unstable();
    echoes
}

/// Every row whose key an earlier row has, with the first such row.
fn repeated(keys: &[u64]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for rows in sieved(keys, |key| key).chunk_by(|(a, _), (b, _)| a == b) {
        if let [(_, first), later @ ..] = rows {
            found.extend(later.iter().map(|(_, row)| (*row, *first)));
        }
    }
    found
}

/// Every row in which an account appears for the first time whose look an earlier row has with
/// another account, with the first such row.
fn alike(keys: &[u64]) -> Vec<(usize, usize)> {
    let look_of = |key: &u64| keys::look_of(*key);
    let mut found = Vec::new();
    for rows in sieved(keys, keys::look_of).chunk_by(|(a, _), (b, _)| look_of(a) == look_of(b)) {
        let accounts = rows.chunk_by(|(a, _), (b, _)| a == b);
        let begins = accounts.filter_map(|rows| rows.first());
        let begins = begins.map(|(_, row)| *row);
        if let Some(first) = begins.clone().min() {
            found.extend(begins.filter(|row| *row != first).map(|row| (row, first)));
        }
    }
    found
}

/// The keys of all rows whose value another row has, among few others, in order; those with the
/// same key in the order of the rows.
///
/// A value chooses a slot of two bits: the first one to come sets the lower bit, any later one both.
/// The rows whose slot has both are kept. All but a few are never stored anywhere else, and most
/// of the memory touched stays in a cache.
fn sieved(keys: &[u64], value: impl Fn(u64) -> u64) -> Vec<(u64, usize)> {
    /// The lower bit of every slot.
    const ONCE: u64 = u64::MAX / 3;
    /// Both bits of the lowest slot.
    const TWICE: u64 = 3;
    let slot_count = keys
        .len()
        .saturating_mul(SLOTS_PER_KEY)
        .next_power_of_two()
        .max(SLOTS_PER_WORD);
    let mut slots = vec![0u64; slot_count / SLOTS_PER_WORD];
    // The value's low bits choose, after a multiplication that lets all of its bits have a say.
    let shift = 64u32.saturating_sub(slot_count.ilog2());
    let slot = |key: u64| {
        let slot = (value(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift) as usize;
        let bits = (slot % SLOTS_PER_WORD).saturating_mul(2);
        (slot / SLOTS_PER_WORD, TWICE << bits)
    };
    for key in keys.iter().filter(|key| **key != NO_KEY) {
        let (word, both) = slot(*key);
        let before = slots[word] & both;
        slots[word] |= (ONCE | before << 1) & both;
    }
    let rows = keys.iter().copied().zip(0..);
    let mut sieved: Vec<_> = rows
        .filter(|(key, _)| {
            let (word, both) = slot(*key);
            slots[word] & both == both && *key != NO_KEY
        })
        .collect();
    sieved.sort_unstable();
    sieved
}

/// Every row whose amount is more than [`OUTLIER_FACTOR`] times the median of its currency,
/// with that median.
fn outliers(keys: &[u64]) -> Vec<(usize, u128)> {
    let (mut amounts, ends) = by_currency(keys);
    let mut start = 0;
    let limits: Vec<_> = Currency::all()
        .zip(ends)
        .map(|(currency, end)| {
            let median = median(amounts.get_mut(start..end)?);
            start = end;
            let median = median?;
            let most = median.saturating_mul(OUTLIER_FACTOR);
            Some((keys::amount_key(currency, most), median))
        })
        .collect();
    let far = keys.iter().enumerate().filter_map(|(row, key)| {
        let (most, median) = (*limits.get(keys::amount_of(*key).0)?)?;
        (*key > most).then_some((row, median))
    });
    far.collect()
}

/// The keys, currency by currency, and where those of each currency end.
fn by_currency(keys: &[u64]) -> (Vec<u64>, [usize; CURRENCY_COUNT]) {
    let mut places = [0usize; CURRENCY_COUNT];
    for key in keys {
        if let Some(count) = places.get_mut(keys::amount_of(*key).0) {
            *count = count.saturating_add(1);
        }
    }
    let mut start = 0usize;
    for place in &mut places {
        start = start.saturating_add(std::mem::replace(place, start));
    }
    let mut amounts = vec![NO_KEY; start];
    for key in keys {
        if let Some(place) = places.get_mut(keys::amount_of(*key).0) {
            amounts[*place] = *key;
            *place = place.saturating_add(1);
        }
    }
    (amounts, places)
}

/// The median; of an even number of amounts the mean of the middle two.
fn median(amounts: &mut [u64]) -> Option<u128> {
    let units = |key: u64| keys::amount_of(key).1;
    let middle = amounts.len() / 2;
    if middle >= amounts.len() {
        return None;
    }
    let is_odd = amounts.len() % 2 == 1;
    let (below, upper, _) = amounts.select_nth_unstable(middle);
    let upper = units(*upper);
    match below.iter().max() {
        Some(lower) if !is_odd => {
            let lower = units(*lower);
            // Half the difference and not half the sum, which might exceed the type.
            Some(lower.saturating_add(upper.saturating_sub(lower) / 2))
        }
        _ => Some(upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_keys_name_the_first() {
        assert_eq!(repeated(&[]), []);
        assert_eq!(repeated(&[NO_KEY, NO_KEY, 5, 6]), []);
        assert_eq!(repeated(&[5, 6, NO_KEY, 5, 6, 5]), [(3, 0), (5, 0), (4, 1)]);
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
    fn the_median_is_in_the_middle() {
        let currency = Currency::all().next().unwrap();
        for (units, expected) in [
            (&[][..], None),
            (&[7], Some(7)),
            (&[9, 1], Some(5)),
            (&[9, 1, 2], Some(2)),
            (&[9, 1, 2, 4], Some(3)),
        ] {
            let mut keys: Vec<_> = units
                .iter()
                .map(|units| keys::amount_key(currency, *units))
                .collect();
            assert_eq!(median(&mut keys), expected);
        }
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
