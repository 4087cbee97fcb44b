//! Names in the ledger: an [`AttemptId`] for each attempt, in the results file as well, and a
//! [`BatchId`] for each batch.

use super::content::Content;
use super::realm::Realm;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// How many random letters an id begins with: 26^10 ids, so that two never meet.
const RANDOM_LETTERS: usize = 10;

/// How many letters of digest follow: a damaged field goes unseen once in 26^10 times.
const DIGEST_LETTERS: usize = 10;

/// Names one attempt: ten random letters and ten letters of digest of what is paid. Letters only,
/// so that a spreadsheet leaves it alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(String);

impl AttemptId {
    /// A new id for an attempt to pay this.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new(realm: Realm, reference: &str, content: &Content) -> Result<Self, getrandom::Error> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        Ok(Self::with_seed(
            u64::from_le_bytes(random),
            realm,
            reference,
            content,
        ))
    }

    /// The id with these random bits.
    fn with_seed(seed: u64, realm: Realm, reference: &str, content: &Content) -> Self {
        let mut id = letters(seed, RANDOM_LETTERS);
        id.push_str(&Self::digest_of(realm, reference, content));
        Self(id)
    }

    /// Reads an id; `None` if the text is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == RANDOM_LETTERS.saturating_add(DIGEST_LETTERS)
            && text.bytes().all(|byte| byte.is_ascii_lowercase());
        is_id.then(|| Self(text.to_owned()))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The letters of digest.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.0.get(RANDOM_LETTERS..).unwrap_or_default()
    }

    /// The letters of digest of what an attempt pays.
    #[must_use]
    pub fn digest_of(realm: Realm, reference: &str, content: &Content) -> String {
        let hash = Sha256::digest(format!("{realm}\t{reference}\t{}", content.as_str()));
        let mut first = [0; 8];
        for (byte, hashed) in first.iter_mut().zip(hash) {
            *byte = hashed;
        }
        letters(u64::from_le_bytes(first), DIGEST_LETTERS)
    }

    /// Whether the id was made for an attempt to pay this.
    #[must_use]
    pub fn is_of(&self, realm: Realm, reference: &str, content: &Content) -> bool {
        self.digest() == Self::digest_of(realm, reference, content)
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Names a batch in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(pub(crate) String);

impl BatchId {
    /// A new id.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        Ok(Self(letters(u64::from_le_bytes(random), RANDOM_LETTERS)))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A number as so many lowercase letters, the lowest first.
fn letters(number: u64, count: usize) -> String {
    let mut left = number;
    let mut text = String::with_capacity(count.saturating_mul(2));
    for _ in 0..count {
        let letter = u8::try_from(left % 26).unwrap_or_default();
        text.push(char::from(b'a'.wrapping_add(letter)));
        left /= 26;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(units: u128) -> Content {
        Content::new("BTC", "bitcoin:p2pkh:00", units)
    }

    #[test]
    fn an_id_is_letters_and_knows_what_it_is_of() {
        let id = AttemptId::new(Realm::Live, "R1", &content(5)).unwrap();
        assert_eq!(AttemptId::parse(id.as_str()), Some(id.clone()));
        assert!(id.is_of(Realm::Live, "R1", &content(5)));
        for (realm, reference, units) in [
            (Realm::Sandbox, "R1", 5),
            (Realm::Live, "R2", 5),
            (Realm::Live, "R1", 6),
        ] {
            assert!(!id.is_of(realm, reference, &content(units)));
        }
        assert_ne!(id, AttemptId::new(Realm::Live, "R1", &content(5)).unwrap());
    }

    #[test]
    fn what_is_not_an_id_is_not_read() {
        let id = AttemptId::new(Realm::Live, "", &content(5)).unwrap();
        for text in ["", "abc", &id.as_str().to_uppercase(), &id.as_str()[1..]] {
            assert_eq!(AttemptId::parse(text), None, "{text}");
        }
    }
}
