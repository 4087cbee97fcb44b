//! A [`PayoutKey`] says which payout a row is, whatever file it stands in and wherever it stands
//! there. Of each key at most one attempt may be live.

use super::content::Content;
use super::id::BatchId;
use crate::domain::payout::composed;
use std::fmt;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

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

/// Which payout a row is. A copy shares its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PayoutKey(Arc<str>);

impl PayoutKey {
    /// The key of a reference that counts over all batches.
    #[must_use]
    pub fn shared(reference: &str) -> Self {
        Self::read(["r:", &composed(reference)].concat())
    }

    /// The key of a reference that counts within one batch.
    #[must_use]
    pub fn per_file(batch: &BatchId, reference: &str) -> Self {
        Self::read(format!("b:{batch}:r:{}", composed(reference)))
    }

    /// The key of the nth row without a reference that pays the same, counted from 1.
    #[must_use]
    pub fn nth(batch: &BatchId, content: &Content, ordinal: u32) -> Self {
        Self::read(format!("b:{batch}:c:{} {ordinal}", content.as_str()))
    }

    /// The key that is written so.
    pub(super) fn read(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
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

/// A reference as it is compared without regard to case, nor to what is lost or added where it is taken
/// for a number: zeros in front by a spreadsheet, `.0` by a script. Empty where there is none.
#[must_use]
pub(super) fn folded(reference: &str) -> String {
    let number = reference.strip_suffix(".0").unwrap_or(reference);
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = number.trim_start_matches('0');
        return if number.is_empty() { "0" } else { number }.to_owned();
    }
    if reference.is_ascii() {
        return reference.to_ascii_lowercase();
    }
    reference
        .nfc()
        .collect::<String>()
        .to_lowercase()
        .nfc()
        .collect()
}
