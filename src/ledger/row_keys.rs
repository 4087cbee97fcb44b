//! The keys of an input's rows.

use super::attempt::Attempt;
use super::content::Content;
use super::id::BatchId;
use super::key::{PayoutKey, References};
use crate::domain::{Batch, Payout};
use foldhash::HashMap;
use sha2::{Digest as _, Sha256};
use std::cell::OnceCell;
use std::fmt;

/// The first half of a text's SHA-256: no two texts share one, by chance or by design.
type Digest = [u8; 16];

/// The keys of all rows of an input, among which one can be looked for.
pub trait Keys: fmt::Debug {
    /// Whether a row has this key.
    fn contains(&self, key: &PayoutKey) -> bool;
}

/// The rows of an input with their keys. They are made when they are asked for: those of a million
/// rows take more memory than the input.
#[derive(Clone, Debug)]
pub struct RowKeys<'a> {
    batch: &'a dyn Batch,
    id: &'a BatchId,
    references: References,
    /// The ordinals of live attempts without a reference, in order, by what they pay.
    live: HashMap<Content, Vec<u32>>,
    /// Sorted. Attempts are looked up among them, so they are made when there is one.
    digests: OnceCell<Vec<Digest>>,
}

impl<'a> RowKeys<'a> {
    /// The keys in a batch with these attempts; of those, the live ones without a reference count.
    #[must_use]
    pub fn new(
        batch: &'a dyn Batch,
        (id, references): (&'a BatchId, References),
        attempts: &[Attempt],
    ) -> Self {
        let mut live: HashMap<Content, Vec<u32>> = HashMap::default();
        for attempt in attempts.iter().filter(|attempt| attempt.is_live()) {
            if let Some(ordinal) = attempt.key.ordinal(id, &attempt.content) {
                let of_content = live.entry(attempt.content.clone());
                of_content.or_default().push(ordinal);
            }
        }
        for ordinals in live.values_mut() {
            ordinals.sort_unstable();
            ordinals.dedup();
        }
        Self {
            batch,
            id,
            references,
            live,
            digests: OnceCell::new(),
        }
    }

    /// The payouts of the rows.
    #[must_use]
    pub fn payouts(&self) -> &'a dyn Batch {
        self.batch
    }

    /// All rows in their order.
    pub fn rows(&self) -> impl Iterator<Item = (Payout, PayoutKey)> {
        let mut keys = KeyMaker {
            keys: self,
            ordinals: HashMap::default(),
        };
        self.batch.all().map(move |payout| {
            let key = keys.next(&payout);
            (payout, key)
        })
    }
}

impl Keys for RowKeys<'_> {
    fn contains(&self, key: &PayoutKey) -> bool {
        let digests = self.digests.get_or_init(|| {
            let digests = self.rows().map(|(_, key)| digest(key.as_str()));
            let mut digests: Vec<Digest> = digests.collect();
            digests.sort_unstable();
            digests
        });
        digests.binary_search(&digest(key.as_str())).is_ok()
    }
}

fn digest(text: &str) -> Digest {
    let whole = Sha256::digest(text);
    whole.first_chunk().copied().unwrap_or_default()
}

/// Makes the keys of an input's rows, one after the other.
///
/// Rows without a reference that pay the same are told apart by an ordinal. Those with a live
/// attempt come first, so that a row which was paid is recognised when its equal is deleted.
struct KeyMaker<'a> {
    keys: &'a RowKeys<'a>,
    /// By the digest of what the rows pay.
    ordinals: HashMap<Digest, Ordinals>,
}

impl KeyMaker<'_> {
    /// The key of the next row.
    fn next(&mut self, payout: &Payout) -> PayoutKey {
        match (payout.reference.as_str(), self.keys.references) {
            ("", References::Shared | References::PerFile) => {
                let content = Content::of(payout);
                let live = self.keys.live.get(&content).map_or(&[][..], Vec::as_slice);
                let ordinals = self.ordinals.entry(digest(content.as_str()));
                let ordinal = ordinals.or_default().next(live);
                PayoutKey::nth(self.keys.id, &content, ordinal)
            }
            (reference, References::Shared) => PayoutKey::shared(reference),
            (reference, References::PerFile) => PayoutKey::per_file(self.keys.id, reference),
        }
    }
}

/// Which ordinals rows that pay the same have taken.
#[derive(Debug, Default)]
struct Ordinals {
    /// So many rows have one.
    taken: u32,
    /// The last one that was free.
    last_free: u32,
}

impl Ordinals {
    /// The next row's: first those of live attempts, which are in order, then free ones.
    fn next(&mut self, live: &[u32]) -> u32 {
        let next_live = live.get(self.taken as usize).copied();
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
