//! The keys of an input's rows.

use super::attempt::Attempt;
use super::content::Content;
use super::id::BatchId;
use super::key::{PayoutKey, References};
use crate::domain::Payout;
use foldhash::{HashMap, HashSet};
use std::cell::OnceCell;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;

/// The keys of all rows of an input, among which one can be sought.
pub trait Keys: fmt::Debug {
    /// Whether a row has this key.
    fn contains(&self, key: &PayoutKey) -> bool;
}

/// The keys of all rows of an input, in its order.
#[derive(Clone, Debug, Default)]
pub struct RowKeys {
    keys: Vec<PayoutKey>,
    /// Attempts are sought in it, so it is made when there is one.
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
    let mut keys = KeyMaker::new(batch, references, attempts);
    payouts.iter().map(|payout| keys.next(payout)).collect()
}

/// Makes the keys of an input's rows, one after the other.
///
/// Rows without a reference that pay the same are told apart by an ordinal. Those with a live
/// attempt come first, so that a row which was paid is recognised when its equal is deleted.
#[derive(Debug)]
pub struct KeyMaker<'a> {
    batch: &'a BatchId,
    references: References,
    live: HashMap<&'a Content, BTreeSet<u32>>,
    ordinals: HashMap<Content, Ordinals>,
}

impl<'a> KeyMaker<'a> {
    /// The keys of a batch with these attempts; of those, the live ones without a reference count.
    #[must_use]
    pub fn new(batch: &'a BatchId, references: References, attempts: &'a [Attempt]) -> Self {
        let mut live: HashMap<&Content, BTreeSet<u32>> = HashMap::default();
        for attempt in attempts.iter().filter(|attempt| attempt.is_live()) {
            if let Some(ordinal) = attempt.key.ordinal(batch, &attempt.content) {
                live.entry(&attempt.content).or_default().insert(ordinal);
            }
        }
        Self {
            batch,
            references,
            live,
            ordinals: HashMap::default(),
        }
    }

    /// The key of the next row.
    pub fn next(&mut self, payout: &Payout) -> PayoutKey {
        match (payout.reference.as_str(), self.references) {
            ("", References::Shared | References::PerFile) => {
                let content = Content::of(payout);
                let ordinal = match self.ordinals.get_mut(&content) {
                    Some(equal) => equal.next(),
                    None => {
                        let taken = self.live.get(&content).cloned().unwrap_or_default();
                        let new = self.ordinals.entry(content.clone());
                        new.or_insert(Ordinals::new(taken)).next()
                    }
                };
                PayoutKey::nth(self.batch, &content, ordinal)
            }
            (reference, References::Shared) => PayoutKey::shared(reference),
            (reference, References::PerFile) => PayoutKey::per_file(self.batch, reference),
        }
    }
}

/// The ordinals of rows that pay the same, in the order in which rows take them.
#[derive(Debug)]
struct Ordinals {
    live: VecDeque<u32>,
    taken: BTreeSet<u32>,
    next: u32,
}

impl Ordinals {
    fn new(taken: BTreeSet<u32>) -> Self {
        Self {
            live: taken.iter().copied().collect(),
            taken,
            next: 0,
        }
    }

    fn next(&mut self) -> u32 {
        if let Some(live) = self.live.pop_front() {
            return live;
        }
        loop {
            self.next = self.next.saturating_add(1);
            if !self.taken.contains(&self.next) {
                return self.next;
            }
        }
    }
}
