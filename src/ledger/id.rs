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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(Letters<{ RANDOM_LETTERS + DIGEST_LETTERS }>);

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
        let random: Letters<RANDOM_LETTERS> = Letters::of(seed);
        let digest = digest_of(realm, reference, content);
        let mut letters = random.0.into_iter().chain(digest.0);
        Self(Letters(std::array::from_fn(|_| {
            letters.next().unwrap_or_default()
        })))
    }

    /// Reads an id; `None` if the text is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Letters::parse(text).map(Self)
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The letters of digest.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.as_str().get(RANDOM_LETTERS..).unwrap_or_default()
    }

    /// The letters of digest of what an attempt pays.
    #[must_use]
    pub fn digest_of(realm: Realm, reference: &str, content: &Content) -> String {
        digest_of(realm, reference, content).as_str().to_owned()
    }

    /// Whether the id was made for an attempt to pay this.
    #[must_use]
    pub fn is_of(&self, realm: Realm, reference: &str, content: &Content) -> bool {
        self.digest() == digest_of(realm, reference, content).as_str()
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The letters of digest of what an attempt pays.
fn digest_of(realm: Realm, reference: &str, content: &Content) -> Letters<DIGEST_LETTERS> {
    let hash = Sha256::digest(format!("{realm}\t{reference}\t{}", content.as_str()));
    let first = hash.first_chunk().copied().unwrap_or_default();
    Letters::of(u64::from_le_bytes(first))
}

/// Names a batch in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(Letters<RANDOM_LETTERS>);

impl BatchId {
    /// A new id.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        Ok(Self(Letters::of(u64::from_le_bytes(random))))
    }

    /// Reads an id; `None` if the text is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Letters::parse(text).map(Self)
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// So many lowercase letters. There are several in every attempt, so they are kept in place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Letters<const COUNT: usize>([u8; COUNT]);

impl<const COUNT: usize> Letters<COUNT> {
    /// A number's last digits to the base of 26, the lowest first.
    fn of(number: u64) -> Self {
        let mut left = number;
        Self(std::array::from_fn(|_| {
            let digit = u8::try_from(left % 26).unwrap_or_default();
            left /= 26;
            b'a'.wrapping_add(digit)
        }))
    }

    fn parse(text: &str) -> Option<Self> {
        let letters: [u8; COUNT] = text.as_bytes().try_into().ok()?;
        let are_letters = letters.iter().all(u8::is_ascii_lowercase);
        are_letters.then_some(Self(letters))
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl<const COUNT: usize> fmt::Debug for Letters<COUNT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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
        assert_eq!(AttemptId::parse(id.as_str()), Some(id));
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
