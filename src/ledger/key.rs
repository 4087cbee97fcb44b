//! A [`PayoutKey`] says which payout a row is, whatever file it stands in and wherever it stands
//! there. Of each key at most one attempt may be live.

use super::attempt::{Attempt, BatchId};
use crate::domain::Payout;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

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
        let code_end = currency_code.len();
        Self {
            text: format!("{currency_code} {account} {minor_units}"),
            code_end,
            account_end: code_end.saturating_add(1).saturating_add(account.len()),
        }
    }

    /// What a payout pays.
    #[must_use]
    pub fn of(payout: &Payout) -> Self {
        Self::new(payout.currency.code(), &payout.account, payout.minor_units)
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

/// How far a reference counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum References {
    /// Over all batches: the same reference is the same payout, in whatever file.
    #[default]
    Shared,
    /// `--references per-file`: within one batch.
    PerFile,
}

impl References {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::PerFile => "per-file",
        }
    }

    /// Reads it back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Shared, Self::PerFile]
            .into_iter()
            .find(|references| references.as_str() == word)
    }
}

/// Which payout a row is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PayoutKey(pub(crate) String);

impl PayoutKey {
    /// The key of a reference that counts over all batches.
    #[must_use]
    pub fn shared(reference: &str) -> Self {
        Self(format!("r:{}", nfc(reference)))
    }

    /// The key of a reference that counts within one batch.
    #[must_use]
    pub fn per_file(batch: &BatchId, reference: &str) -> Self {
        Self(format!("b:{batch}:r:{}", nfc(reference)))
    }

    /// The key of the nth row without a reference that pays the same, counted from 1.
    #[must_use]
    pub fn nth(batch: &BatchId, content: &Content, ordinal: u32) -> Self {
        Self(format!("b:{batch}:c:{} {ordinal}", content.as_str()))
    }

    /// Whether it counts over all batches.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.starts_with("r:")
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The ordinal of a row without a reference that pays this.
    pub(super) fn ordinal(&self, batch: &BatchId, content: &Content) -> Option<u32> {
        let nth = self.0.strip_prefix("b:")?.strip_prefix(batch.as_str())?;
        let nth = nth.strip_prefix(":c:")?.strip_prefix(content.as_str())?;
        nth.strip_prefix(' ')?.parse().ok()
    }
}

impl fmt::Display for PayoutKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A reference in the one composition in which references are compared.
fn nfc(reference: &str) -> Cow<'_, str> {
    if reference.is_ascii() {
        // Nothing in it is composed of others.
        return Cow::Borrowed(reference);
    }
    Cow::Owned(reference.nfc().collect())
}

/// A reference as it is compared without regard to case; empty where there is none.
#[must_use]
pub fn folded(reference: &str) -> String {
    reference
        .nfc()
        .collect::<String>()
        .to_lowercase()
        .nfc()
        .collect()
}

/// The key of every row of an input, in its order.
///
/// Rows without a reference that pay the same are told apart by an ordinal. Those with a live
/// attempt come first, so that a row which was paid is recognised when its equal is deleted.
/// `attempts` are those of the batch.
#[must_use]
pub fn keys_of(
    payouts: &[Payout],
    batch: &BatchId,
    references: References,
    attempts: &[Attempt],
) -> Vec<PayoutKey> {
    let mut live: HashMap<&Content, BTreeSet<u32>> = HashMap::new();
    for attempt in attempts.iter().filter(|attempt| attempt.is_live()) {
        if let Some(ordinal) = attempt.key.ordinal(batch, &attempt.content) {
            live.entry(&attempt.content).or_default().insert(ordinal);
        }
    }
    let mut ordinals: HashMap<Content, Ordinals> = HashMap::new();
    payouts
        .iter()
        .map(|payout| match (payout.reference.as_str(), references) {
            ("", References::Shared | References::PerFile) => {
                let content = Content::of(payout);
                let taken = || live.get(&content).cloned().unwrap_or_default();
                let equal = ordinals.entry(content.clone());
                let ordinal = equal.or_insert_with(|| Ordinals::new(taken())).next();
                PayoutKey::nth(batch, &content, ordinal)
            }
            (reference, References::Shared) => PayoutKey::shared(reference),
            (reference, References::PerFile) => PayoutKey::per_file(batch, reference),
        })
        .collect()
}

/// The ordinals of rows that pay the same, in the order in which rows take them.
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
