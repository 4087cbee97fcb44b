//! Duplicates are rows that have to do with others: the same reference or one that looks like it,
//! the same payout, one address under two references, an address that looks like another one, a
//! payee with two addresses, an amount far from the usual.
//!
//! Rows are looked up by their hashes after all of them are there: looking each one up in a table as
//! it comes would wait for memory at every row. What is found is then compared, value by value, so
//! that nothing is told that is so by chance.

use super::csv::Splitter;
use super::row_hashes::{NO_HASH, amount_key, amount_of, ends, plain_payee, short, write_look};
use super::rows::{Checker, Row};
use super::scan::Scan;
use crate::address::{self, Account};
use crate::domain::currency::CURRENCY_COUNT;
use crate::domain::payout::composed;
use crate::domain::{Currency, Severity};
use fixedbitset::FixedBitSet;
use foldhash::HashMap;
use foldhash::HashMapExt as _;
use memchr::memmem::Finder;
use rayon::prelude::*;
use std::borrow::Cow;

/// More than this many times the median of its currency is told.
pub(super) const OUTLIER_FACTOR: u128 = 100;

/// How many slots of a sieve there are to a hash: one hash in eight then goes through it by chance.
const SLOTS_PER_HASH: usize = 8;

/// A slot of a sieve has two bits.
const SLOTS_PER_WORD: usize = 32;

/// What a row has to do with an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Relation {
    pub(super) row: u32,
    pub(super) kind: RelationKind,
    /// The earlier row; of an outlier the row itself.
    pub(super) first: u32,
}

/// What it is, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RelationKind {
    /// It has the same reference.
    SameReference,
    /// It has a reference that looks the same.
    SimilarReference,
    /// It pays the same.
    SamePayout,
    /// It is the first to pay the same recipient under another reference.
    SameAddress,
    /// Its address looks the same, but is another.
    SimilarAddress,
    /// It pays the same payee at another address on the same network.
    SamePayee,
    /// It pays more than [`OUTLIER_FACTOR`] times the median.
    Outlier,
}

impl RelationKind {
    pub(super) fn severity(self) -> Severity {
        match self {
            Self::SameReference => Severity::Error,
            Self::SimilarReference
            | Self::SamePayout
            | Self::SameAddress
            | Self::SimilarAddress
            | Self::SamePayee
            | Self::Outlier => Severity::Warning,
        }
    }

    /// The noun under which it is counted.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::SameReference => "duplicate reference",
            Self::SimilarReference => "similar reference",
            Self::SamePayout => "duplicate payout",
            Self::SameAddress => "shared address",
            Self::SimilarAddress => "lookalike address",
            Self::SamePayee => "payee",
            Self::Outlier => "outlier",
        }
    }
}

/// All that rows have to do with others.
#[derive(Clone, Debug, Default)]
pub(super) struct Duplicates {
    /// In the order of the rows.
    pub(super) relations: Vec<Relation>,
    /// The rows whose account no earlier row has.
    pub(super) recipients: FixedBitSet,
    /// The median of each currency's amounts, in minor units.
    medians: Vec<Option<u128>>,
}

impl Duplicates {
    /// What these rows have to do with others.
    pub(super) fn of_rows(&self, rows: std::ops::Range<u32>) -> &[Relation] {
        let start = self.relations.partition_point(|it| it.row < rows.start);
        let end = self.relations.partition_point(|it| it.row < rows.end);
        self.relations.get(start..end).unwrap_or_default()
    }

    pub(super) fn median(&self, currency: Currency) -> Option<u128> {
        self.medians.get(currency.index()).copied().flatten()
    }
}

/// Finds all that rows have to do with others.
pub(super) fn find(text: &str, checker: &Checker<'_>, scan: &Scan) -> Duplicates {
    let rows = Rows {
        text,
        checker,
        scan,
    };
    let ((references, (recipients, accounts)), ((looks, payees), (outliers, medians))) =
        rayon::join(
            || rayon::join(|| rows.references(), || rows.accounts()),
            || {
                rayon::join(
                    || rayon::join(|| rows.looks(), || rows.payees()),
                    || rows.outliers(),
                )
            },
        );
    let mut relations = references;
    let parts = [accounts, looks, payees, outliers];
    let more = parts
        .iter()
        .fold(0usize, |all, part| all.saturating_add(part.len()));
    relations.reserve_exact(more);
    for part in parts {
        relations.extend(part);
    }
    relations.par_sort_unstable();
    Duplicates {
        relations,
        recipients,
        medians,
    }
}

/// The rows of a file.
struct Rows<'a> {
    text: &'a str,
    checker: &'a Checker<'a>,
    scan: &'a Scan,
}

impl<'a> Rows<'a> {
    /// What stands on the row's line.
    fn line(&self, row: u32) -> &'a str {
        self.scan.text_of(self.text, self.checker, row)
    }

    /// The hash of the row's account.
    fn account(&self, row: u32) -> u64 {
        let accounts = &self.scan.hashes.account;
        accounts.get(row as usize).copied().unwrap_or_default()
    }

    /// What stands for the row's amount.
    fn amount(&self, row: u32) -> u64 {
        let amounts = &self.scan.hashes.amount;
        amounts.get(row as usize).copied().unwrap_or_default()
    }

    fn has_reference(&self, row: u32) -> bool {
        let references = &self.scan.hashes.reference;
        references
            .get(row as usize)
            .is_some_and(|hash| *hash != NO_HASH)
    }

    /// The row, without a look at its address.
    fn get(&self, row: u32) -> Row<'a> {
        let line = self.line(row);
        let header = self.checker.header;
        let mut splitter = Splitter::for_piece(header.delimiter, header.line_break, line);
        self.checker
            .check_but_address(&splitter.split(line), &mut Vec::new())
    }

    /// Equal references, and those that look the same.
    fn references(&self) -> Vec<Relation> {
        grouped(&self.scan.hashes.reference, |group, relations| {
            let (mut equal, mut alike) = (Firsts::default(), Firsts::default());
            let mut kept = Kept::new(self);
            let (mut look, mut other) = (Vec::new(), Vec::new());
            for row in rows_of(group) {
                if let Some(first) = kept.equal_line(row) {
                    let kind = RelationKind::SameReference;
                    relations.push(Relation { row, kind, first });
                    continue;
                }
                let this = self.get(row);
                let hash = self.long(&*composed(&this.reference));
                let same = equal.of(row, hash, |first| {
                    *composed(&kept.get(first).reference) == *composed(&this.reference)
                });
                if let Some(first) = same {
                    let kind = RelationKind::SameReference;
                    relations.push(Relation { row, kind, first });
                    continue;
                }
                write_look(&this.reference, &mut look);
                let similar = alike.of(row, self.long(look.as_slice()), |first| {
                    write_look(&kept.get(first).reference, &mut other);
                    other == look
                });
                if let Some(first) = similar {
                    let kind = RelationKind::SimilarReference;
                    relations.push(Relation { row, kind, first });
                } else {
                    kept.keep(row, this);
                }
            }
        })
    }

    fn long(&self, value: impl std::hash::Hash) -> u64 {
        self.scan.hashing.long(value)
    }

    /// The rows whose account no earlier row has. Of the others: equal payouts, and recipients under
    /// several references, each of these once.
    fn accounts(&self) -> (FixedBitSet, Vec<Relation>) {
        let hashes = self.scan.hashes.account.iter();
        let sieved = sieved(hashes.map(|hash| short(*hash)));
        let groups = groups(&sieved);
        let mut recipients = FixedBitSet::with_capacity(self.scan.row_count as usize);
        recipients.insert_range(..);
        for group in &groups {
            let mut firsts = Firsts::default();
            for row in rows_of(group) {
                let first = firsts.of(row, self.account(row), |_| true);
                recipients.set(row as usize, first.is_none());
            }
        }
        let find = |group: &[u64], relations: &mut _| self.payouts_to_one(group, relations);
        (recipients, found_in(groups, find))
    }

    /// The same among rows that may have one account.
    fn payouts_to_one(&self, group: &[u64], relations: &mut Vec<Relation>) {
        let mut payouts = Firsts::default();
        let mut referenced = Firsts::default();
        let mut told = Firsts::default();
        let mut told_address: Option<Finder<'_>> = None;
        let mut kept = Kept::new(self);
        let mut amounts: Vec<_> = rows_of(group).map(|row| self.amount(row)).collect();
        amounts.sort_unstable();
        for row in rows_of(group) {
            // What pays a sum of its own needs no closer look if it has no reference, or if its
            // address was told.
            let is_repeated = is_twice_in(&amounts, self.amount(row));
            let is_told = |address: &Finder<'_>| address.find(self.line(row).as_bytes()).is_some();
            if !is_repeated
                && (!self.has_reference(row) || told_address.as_ref().is_some_and(is_told))
            {
                continue;
            }
            let mut tell = |kind, first| relations.push(Relation { row, kind, first });
            if let Some(first) = kept.equal_line(row) {
                tell(RelationKind::SamePayout, first);
                continue;
            }
            let this = self.get(row);
            let Some((currency, account, units)) = payout(&this) else {
                continue;
            };
            let hash = self.scan.hashing.payout(account, (currency, units));
            let is_same = |first| {
                let first = kept.get(first);
                let is_same_text =
                    first.to_address == this.to_address && first.currency == this.currency;
                let is_same_sum = first.amount.as_ref().is_some_and(|it| it.units == units);
                is_same_sum && (is_same_text || payout(first) == payout(&this))
            };
            if is_repeated && let Some(first) = payouts.of(row, hash, is_same) {
                tell(RelationKind::SamePayout, first);
                continue;
            }
            let hash = self.long(account);
            let is_same = |first| account_of(kept.get(first)) == Some(account);
            let has_reference = !this.reference.is_empty();
            let Some(first) = has_reference
                .then(|| referenced.of(row, hash, is_same))
                .flatten()
            else {
                kept.keep(row, this);
                continue;
            };
            if *composed(&kept.get(first).reference) != *composed(&this.reference)
                && told.of(row, hash, |_| true).is_none()
            {
                told_address = match this.to_address {
                    Cow::Borrowed(address) => Some(Finder::new(address)),
                    Cow::Owned(_) => None,
                };
                tell(RelationKind::SameAddress, first);
            }
        }
    }

    /// Accounts whose addresses look the same, each once.
    fn looks(&self) -> Vec<Relation> {
        grouped(&self.scan.hashes.look, |group, relations| {
            self.accounts_of_one(group, RelationKind::SimilarAddress, relations, |row| {
                ends(row.currency?.network(), &row.to_address)
                    .map(|ends| self.long((row.currency.map(Currency::network), ends)))
            });
        })
    }

    /// Accounts on one network of one payee, each once.
    fn payees(&self) -> Vec<Relation> {
        if self
            .checker
            .header
            .place(crate::domain::Column::Payee)
            .is_none()
        {
            return Vec::new();
        }
        grouped(&self.scan.hashes.payee, |group, relations| {
            self.accounts_of_one(group, RelationKind::SamePayee, relations, |row| {
                let network = row.currency?.network();
                Some(self.long((network, plain_payee(&row.payee))))
            });
        })
    }

    /// Of the rows that share something, every one in which an account appears for the first time
    /// after the first such row.
    fn accounts_of_one(
        &self,
        group: &[u64],
        kind: RelationKind,
        relations: &mut Vec<Relation>,
        shared: impl Fn(&Row<'a>) -> Option<u64>,
    ) {
        // Most groups are one account's. To take two for one would only leave a warning out.
        let mut hashes = rows_of(group).map(|row| self.account(row));
        let first = hashes.next();
        if hashes.all(|hash| Some(hash) == first) {
            return;
        }
        let mut firsts = Firsts::default();
        let mut accounts = Vec::new();
        let mut before = "";
        for row in rows_of(group) {
            let line = self.line(row);
            if std::mem::replace(&mut before, line) == line {
                continue;
            }
            let this = self.get(row);
            let (Some(shared), Some(account)) = (shared(&this), account_of(&this)) else {
                continue;
            };
            let first = firsts.of(row, shared, |_| true).unwrap_or(row);
            accounts.push((self.long((shared, account)), row, first));
        }
        // A table of them would take three times as much memory, and more time.
        accounts.par_sort_unstable();
        accounts.dedup_by_key(|(account, ..)| *account);
        let later = accounts.into_iter().filter(|(_, row, first)| row != first);
        relations.extend(later.map(|(_, row, first)| Relation { row, kind, first }));
    }

    /// Every row whose amount is more than [`OUTLIER_FACTOR`] times the median of its currency, and
    /// the medians.
    fn outliers(&self) -> (Vec<Relation>, Vec<Option<u128>>) {
        let amounts = &self.scan.hashes.amount;
        let medians = medians(amounts);
        let limits: Vec<_> = Currency::all()
            .zip(&medians)
            .map(|(currency, median)| {
                median.map(|median| amount_key(currency, median.saturating_mul(OUTLIER_FACTOR)))
            })
            .collect();
        let far = (0u32..).zip(amounts).filter(|(_, amount)| {
            let limit = limits.get(amount_of(**amount).0).copied().flatten();
            limit.is_some_and(|limit| **amount > limit)
        });
        let relations = far.map(|(row, _)| Relation {
            row,
            kind: RelationKind::Outlier,
            first: row,
        });
        (relations.collect(), medians)
    }
}

/// How many groups a thread takes at a time.
const GROUPS_AT_ONCE: usize = 256;

/// The hashes that another row has too, among few others, each with its row; sorted.
///
/// A hash chooses a slot of two bits: the first one to come clears the lower bit, any later one
/// both. The rows whose slot has neither are kept. All but a few are never stored anywhere else,
/// and most of the memory touched stays in a cache.
fn sieved(hashes: impl ExactSizeIterator<Item = u32> + Clone) -> Vec<u64> {
    /// The lower bit of every slot.
    const ONCE: u64 = u64::MAX / 3;
    /// Both bits of the lowest slot.
    const TWICE: u64 = 3;
    let slot_count = hashes
        .len()
        .saturating_mul(SLOTS_PER_HASH)
        .next_power_of_two()
        .max(SLOTS_PER_WORD);
    // All bits are set: of memory that is zero the system gives a page when it is read and another
    // when it is first written, which takes twice as long.
    let mut slots = vec![u64::MAX; slot_count / SLOTS_PER_WORD];
    let slot = |hash: u32| {
        let slot = hash as usize & slot_count.saturating_sub(1);
        let bits = (slot % SLOTS_PER_WORD).saturating_mul(2);
        (slot / SLOTS_PER_WORD, TWICE << bits)
    };
    let hashes = (0u32..).zip(hashes).filter(|(_, hash)| *hash != NO_HASH);
    let mut count = 0usize;
    for (_, hash) in hashes.clone() {
        let (word, both) = slot(hash);
        let before = !slots[word] & both;
        slots[word] &= !((ONCE | before << 1) & both);
        count = count.saturating_add(usize::from(before != 0));
    }
    if count == 0 {
        return Vec::new();
    }
    let twice = hashes.filter(|(_, hash)| {
        let (word, both) = slot(*hash);
        slots[word] & both == 0
    });
    let sieved = twice.map(|(row, hash)| u64::from(hash) << u32::BITS | u64::from(row));
    let mut sieved: Vec<u64> = sieved.collect();
    sieved.sort_unstable();
    sieved
}

/// The groups of several rows with one hash, in the order of the file, so that what is looked at next
/// is not far away in memory.
fn groups(sieved: &[u64]) -> Vec<&[u64]> {
    let by_hash = sieved.chunk_by(|a, b| hash_of(*a) == hash_of(*b));
    let mut groups: Vec<_> = by_hash.filter(|group| group.len() > 1).collect();
    groups.par_sort_unstable_by_key(|group| group.first().map(|first| *first as u32));
    groups
}

/// What is found among the rows that may share something, group by group.
fn grouped(hashes: &[u32], find: impl Fn(&[u64], &mut Vec<Relation>) + Sync) -> Vec<Relation> {
    let sieved = sieved(hashes.iter().copied());
    found_in(groups(&sieved), find)
}

/// What is found in each of these groups.
fn found_in(
    groups: Vec<&[u64]>,
    find: impl Fn(&[u64], &mut Vec<Relation>) + Sync,
) -> Vec<Relation> {
    groups
        .par_chunks(GROUPS_AT_ONCE)
        .map(|groups| {
            let mut relations = Vec::new();
            groups.iter().for_each(|group| find(group, &mut relations));
            relations
        })
        .reduce(Vec::new, joined)
}

fn hash_of(sieved: u64) -> u64 {
    sieved >> u32::BITS
}

fn rows_of(group: &[u64]) -> impl Iterator<Item = u32> {
    group.iter().map(|sieved| *sieved as u32)
}

/// Both parts in one, without a copy of what is alone.
fn joined(mut one: Vec<Relation>, mut other: Vec<Relation>) -> Vec<Relation> {
    if one.is_empty() {
        return other;
    }
    one.append(&mut other);
    one
}

/// Whether an amount stands in this order of amounts more than once.
fn is_twice_in(sorted: &[u64], amount: u64) -> bool {
    let place = sorted.partition_point(|it| *it < amount);
    sorted.get(place.saturating_add(1)) == Some(&amount)
}

/// The account of a row that is known to be right.
fn account_of(row: &Row<'_>) -> Option<Account> {
    let (network, text) = row.recipient()?;
    address::account_of(network, text)
}

/// What a row pays, of which all is known to be right.
fn payout(row: &Row<'_>) -> Option<(Currency, Account, u128)> {
    Some((row.currency?, account_of(row)?, row.amount.as_ref()?.units))
}

/// The row that was looked at last as the first one with its values: in most groups it is always the
/// same.
struct Kept<'r, 'a> {
    rows: &'r Rows<'a>,
    row: u32,
    value: Row<'a>,
}

impl<'r, 'a> Kept<'r, 'a> {
    fn new(rows: &'r Rows<'a>) -> Self {
        Self {
            rows,
            row: u32::MAX,
            value: Row::default(),
        }
    }

    fn keep(&mut self, row: u32, value: Row<'a>) {
        (self.row, self.value) = (row, value);
    }

    /// The kept row, if this one has the same line, byte for byte: nothing of it need be compared
    /// then, and most duplicates are such copies.
    fn equal_line(&self, row: u32) -> Option<u32> {
        let is_equal = self.row != u32::MAX && self.rows.line(self.row) == self.rows.line(row);
        is_equal.then_some(self.row)
    }

    fn get(&mut self, row: u32) -> &Row<'a> {
        if row != self.row {
            self.keep(row, self.rows.get(row));
        }
        &self.value
    }
}

/// The first row for each value of a group, by the values' long hashes. Most groups have one value
/// or two, and for them no table is made.
#[derive(Default)]
struct Firsts {
    few: Vec<(u64, u32)>,
    many: HashMap<u64, u32>,
}

impl Firsts {
    /// More values than this are looked up in a table.
    const FEW: usize = 8;

    /// The first row with the value of this row, if it is an earlier one. Where the hashes are
    /// equal, `is_same` compares the values themselves.
    fn of(&mut self, row: u32, hash: u64, is_same: impl FnOnce(u32) -> bool) -> Option<u32> {
        let few = self.few.iter().find(|(other, _)| *other == hash);
        let first = few
            .map(|(_, first)| *first)
            .or_else(|| self.many.get(&hash).copied());
        match first {
            Some(first) => is_same(first).then_some(first),
            None if self.few.len() < Self::FEW => {
                self.few.push((hash, row));
                None
            }
            None => {
                if self.many.is_empty() {
                    self.many = HashMap::with_capacity(Self::FEW);
                }
                self.many.insert(hash, row);
                None
            }
        }
    }
}

/// The median of each currency's amounts.
fn medians(amounts: &[u64]) -> Vec<Option<u128>> {
    let mut counts = [0usize; CURRENCY_COUNT];
    for amount in amounts {
        if let Some(count) = counts.get_mut(amount_of(*amount).0) {
            *count = count.saturating_add(1);
        }
    }
    let mut by_currency: Vec<Vec<u64>> = counts
        .iter()
        .map(|count| Vec::with_capacity(*count))
        .collect();
    for amount in amounts {
        if let Some(of_currency) = by_currency.get_mut(amount_of(*amount).0) {
            of_currency.push(*amount);
        }
    }
    by_currency
        .par_iter_mut()
        .map(|amounts| median(amounts))
        .collect()
}

/// The median; of an even number of amounts the mean of the middle two.
fn median(amounts: &mut [u64]) -> Option<u128> {
    let units = |key: u64| amount_of(key).1;
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

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    #[test]
    fn the_median_is_in_the_middle() {
        for (units, expected) in [
            (&[][..], None),
            (&[7], Some(7)),
            (&[9, 1], Some(5)),
            (&[9, 1, 2], Some(2)),
            (&[9, 1, 2, 4], Some(3)),
        ] {
            let mut keys: Vec<_> = units
                .iter()
                .map(|units| amount_key(currency("BTC"), *units))
                .collect();
            assert_eq!(median(&mut keys), expected);
        }
        let mut keys = vec![0, amount_key(currency("BTC"), 3)];
        keys.push(amount_key(currency("LTC"), 5));
        let medians = medians(&keys);
        assert_eq!(medians[currency("BTC").index()], Some(3));
        assert_eq!(medians[currency("LTC").index()], Some(5));
        assert_eq!(medians[currency("ETH").index()], None);
    }

    #[test]
    fn the_first_row_of_each_value_is_kept() {
        let mut firsts = Firsts::default();
        for row in 0..20 {
            assert_eq!(firsts.of(row, row.into(), |_| true), None);
        }
        for row in 20..40 {
            let first = row - 20;
            assert_eq!(firsts.of(row, first.into(), |it| it == first), Some(first));
            assert_eq!(firsts.of(row, first.into(), |_| false), None);
        }
    }
}
