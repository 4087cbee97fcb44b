//! The keys of an input's rows.

use super::attempt::Attempt;
use super::content::Content;
use super::id::BatchId;
use super::key::{PayoutKey, References};
use crate::domain::Payout;
use foldhash::{HashMap, HashSet};
use std::cell::OnceCell;
use std::fmt;

/// The keys of all rows of an input, among which one can be looked for.
pub trait Keys: fmt::Debug {
    /// Whether a row has this key.
    fn contains(&self, key: &PayoutKey) -> bool;
}

/// The keys of all rows of an input, in its order.
#[derive(Clone, Debug, Default)]
pub struct RowKeys {
    keys: Vec<PayoutKey>,
    /// Attempts are looked up in it, so it is made when there is one.
    index: OnceCell<HashSet<PayoutKey>>,
}

impl RowKeys {
    /// Row by row.
    #[must_use]
    pub fn as_slice(&self) -> &[PayoutKey] {
        &self.keys
    }
}

impl Keys for RowKeys {
    fn contains(&self, key: &PayoutKey) -> bool {
        let index = || self.keys.iter().cloned().collect();
        self.index.get_or_init(index).contains(key)
    }
}

impl From<Vec<PayoutKey>> for RowKeys {
    fn from(keys: Vec<PayoutKey>) -> Self {
        Self {
            keys,
            index: OnceCell::new(),
        }
    }
}

/// The key of every row of an input, in its order. `attempts` are those of the batch.
#[must_use]
pub fn keys_of(
    payouts: &[Payout],
    batch: &BatchId,
    references: References,
    attempts: &[Attempt],
) -> Vec<PayoutKey> {
    KeyMaker::new(batch, references, attempts).keys(payouts)
}

/// Makes the keys of an input's rows, one after the other.
///
/// Rows without a reference that pay the same are told apart by an ordinal. Those with a live
/// attempt come first, so that a row which was paid is recognised when its equal is deleted.
#[derive(Debug)]
pub struct KeyMaker<'a> {
    batch: &'a BatchId,
    references: References,
    live: HashMap<&'a Content, Vec<u32>>,
    ordinals: HashMap<Content, Ordinals>,
}

impl<'a> KeyMaker<'a> {
    /// The keys of a batch with these attempts; of those, the live ones without a reference count.
    #[must_use]
    pub fn new(batch: &'a BatchId, references: References, attempts: &'a [Attempt]) -> Self {
        let mut live: HashMap<&Content, Vec<u32>> = HashMap::default();
        for attempt in attempts.iter().filter(|attempt| attempt.is_live()) {
            if let Some(ordinal) = attempt.key.ordinal(batch, &attempt.content) {
                live.entry(&attempt.content).or_default().push(ordinal);
            }
        }
        for ordinals in live.values_mut() {
            ordinals.sort_unstable();
            ordinals.dedup();
        }
        Self {
            batch,
            references,
            live,
            ordinals: HashMap::default(),
        }
    }

    /// The keys of the next rows.
    pub fn keys(&mut self, payouts: &[Payout]) -> Vec<PayoutKey> {
        payouts.iter().map(|payout| self.next(payout)).collect()
    }

    /// The key of the next row.
    pub fn next(&mut self, payout: &Payout) -> PayoutKey {
        match (payout.reference.as_str(), self.references) {
            ("", References::Shared | References::PerFile) => {
                let content = Content::of(payout);
                let live = self.live.get(&content).map_or(&[][..], Vec::as_slice);
                let ordinal = match self.ordinals.get_mut(&content) {
                    Some(equal) => equal.next(live),
                    None => {
                        let new = self.ordinals.entry(content.clone());
                        new.or_default().next(live)
                    }
                };
                PayoutKey::nth(self.batch, &content, ordinal)
            }
            (reference, References::Shared) => PayoutKey::shared(reference),
            (reference, References::PerFile) => PayoutKey::per_file(self.batch, reference),
        }
    }
}

/// Which ordinals rows that pay the same have taken.
#[derive(Debug, Default)]
struct Ordinals {
    /// So many rows have one.
    taken: usize,
    /// The last one that was free.
    last_free: u32,
}

impl Ordinals {
    /// The next row's: first those of live attempts, which are in order, then free ones.
    fn next(&mut self, live: &[u32]) -> u32 {
        let next_live = live.get(self.taken).copied();
        self.taken = self.taken.saturating_add(1);
        if let Some(ordinal) = next_live {
            return ordinal;
        }
        loop {
            self.last_free = self.last_free.saturating_add(1);
            if live.binary_search(&self.last_free).is_err() {
                return self.last_free;
            }
        }
    }
}
