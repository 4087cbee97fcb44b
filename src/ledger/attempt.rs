//! An [`Attempt`] is one request for one payout: a row of the ledger and a line of the results
//! file. Its [`AttemptId`] is the same in both.

use super::key::{Content, PayoutKey};
use super::realm::Realm;
use crate::domain::{Outcome, Status};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// The `error_key` of an attempt whose run ended before an answer was recorded.
pub const INTERRUPTED: &str = "interrupted";

/// The `error_key` of an attempt that was begun and not sent.
pub const NOT_SENT: &str = "not_sent";

/// The `detail` of an attempt that an operator has settled.
pub const RESOLVED: &str = "resolved by operator";

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

/// Where one attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStatus {
    /// Begun; the request may be on its way.
    Submitting,
    /// The API created it.
    Created,
    /// The API refused it.
    Rejected,
    /// Provably nothing was created.
    NotCreated,
    /// It may have been created.
    Unknown,
}

impl AttemptStatus {
    const ALL: [Self; 5] = [
        Self::Submitting,
        Self::Created,
        Self::Rejected,
        Self::NotCreated,
        Self::Unknown,
    ];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitting => "submitting",
            Self::Created => "created",
            Self::Rejected => "rejected",
            Self::NotCreated => "not_created",
            Self::Unknown => "unknown",
        }
    }

    /// Reads it back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether money may have moved or may still move.
    #[must_use]
    pub fn is_live(self) -> bool {
        match self {
            Self::Submitting | Self::Created | Self::Unknown => true,
            Self::Rejected | Self::NotCreated => false,
        }
    }

    /// Whether it is not known if money moved.
    #[must_use]
    pub fn is_in_doubt(self) -> bool {
        match self {
            Self::Submitting | Self::Unknown => true,
            Self::Created | Self::Rejected | Self::NotCreated => false,
        }
    }
}

impl From<Status> for AttemptStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Created => Self::Created,
            Status::Rejected => Self::Rejected,
            Status::NotCreated => Self::NotCreated,
            Status::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for AttemptStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
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

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Where the attempt stands.
    pub status: AttemptStatus,
    /// The API's id, when created. Never cut, and safe to show.
    pub invoice_id: String,
    /// The amount that the API accepted, where it differs.
    pub accepted_amount: String,
    /// Why not, in one word. Safe to show.
    pub error_key: String,
    /// Why not, in more words. Safe to show.
    pub detail: String,
    /// The HTTP status, where an answer came.
    pub http_status: Option<u16>,
    /// When the answer was in; `None` while submitting.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Ending {
    /// Of an attempt that was begun just now.
    #[must_use]
    pub fn none_yet() -> Self {
        Self {
            status: AttemptStatus::Submitting,
            invoice_id: String::new(),
            accepted_amount: String::new(),
            error_key: String::new(),
            detail: String::new(),
            http_status: None,
            finished_at: None,
        }
    }

    /// Of an attempt whose request had this outcome.
    #[must_use]
    pub fn of(outcome: &Outcome, finished_at: DateTime<Utc>) -> Self {
        let mut detail = outcome.detail.clone();
        if detail.starts_with(RESOLVED) {
            detail.insert(0, '\''); // Only an operator's verdict may read like one.
        }
        Self {
            status: outcome.status().into(),
            invoice_id: outcome.invoice_id().to_owned(),
            accepted_amount: outcome
                .accepted_amount()
                .map_or_else(String::new, |amount| amount.to_string()),
            error_key: outcome.error_key.clone(),
            detail,
            http_status: outcome.http_status,
            finished_at: Some(finished_at),
        }
    }

    /// Of an attempt whose run is gone without an answer.
    #[must_use]
    pub fn interrupted(finished_at: DateTime<Utc>) -> Self {
        Self {
            status: AttemptStatus::Unknown,
            error_key: INTERRUPTED.to_owned(),
            detail: "the run ended before the answer was recorded".to_owned(),
            finished_at: Some(finished_at),
            ..Self::none_yet()
        }
    }

    /// Of an attempt that was begun and not sent, for this reason.
    #[must_use]
    pub fn not_sent(reason: &str, finished_at: DateTime<Utc>) -> Self {
        Self {
            status: AttemptStatus::NotCreated,
            error_key: NOT_SENT.to_owned(),
            detail: reason.to_owned(),
            finished_at: Some(finished_at),
            ..Self::none_yet()
        }
    }

    /// What an operator has seen in the dashboard: the payout under this id, or nothing. What the
    /// record said before stays to be read.
    #[must_use]
    pub fn verdict(invoice_id: Option<&str>, before: &Self, finished_at: DateTime<Utc>) -> Self {
        let before = match before.detail.split_once("; before: ") {
            Some((verdict, first)) if verdict.starts_with(RESOLVED) => first,
            Some(_) | None if before.is_verdict() => "",
            Some(_) | None => &before.detail,
        };
        Self {
            status: match invoice_id {
                Some(_) => AttemptStatus::Created,
                None => AttemptStatus::NotCreated,
            },
            invoice_id: invoice_id.unwrap_or_default().to_owned(),
            detail: if before.is_empty() {
                RESOLVED.to_owned()
            } else {
                format!("{RESOLVED}; before: {before}")
            },
            finished_at: Some(finished_at),
            ..Self::none_yet()
        }
    }

    /// Whether an operator decided it, and not the API.
    #[must_use]
    pub fn is_verdict(&self) -> bool {
        self.detail.starts_with(RESOLVED)
    }

    /// Whether no answer was ever recorded.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        self.status == AttemptStatus::Submitting
            || (self.status == AttemptStatus::Unknown && self.error_key == INTERRUPTED)
    }
}

/// Whether an attempt counts toward the one that may be live for its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// It does.
    Counts,
    /// It was adopted beside another live attempt of its key.
    Extra,
}

/// Whether the operator asked for a second payment of the same sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repetition {
    /// Not asked for.
    #[default]
    Refused,
    /// `--repeat`
    Asked,
}

/// One request for one payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its name.
    pub id: AttemptId,
    /// The results file that it belongs to.
    pub batch: BatchId,
    /// Where money moves.
    pub realm: Realm,
    /// The API's host, as the results file's column `api` has it.
    pub host: String,
    /// Which payout it is of.
    pub key: PayoutKey,
    /// The input's line when it was begun.
    pub line: u64,
    /// The payer's own id; empty where there is none.
    pub reference: String,
    /// Who is paid, in the payer's words.
    pub payee: String,
    /// The recipient as it stood in the input.
    pub to_address: String,
    /// Currency, account and minor units.
    pub content: Content,
    /// The amount as it stood in the input.
    pub amount: String,
    /// Counts from 1 for each payout.
    pub number: u32,
    /// When it was begun, by the ledger's clock.
    pub started_at: DateTime<Utc>,
    /// What it came to.
    pub ending: Ending,
    /// Who settled it by `resolve`, and when.
    pub resolved: Option<(String, DateTime<Utc>)>,
    /// Whether it was begun with `--repeat` beside a twin.
    pub repetition: Repetition,
    /// Whether it counts.
    pub counting: Counting,
    /// Host, user and process that began it.
    pub who: String,
}

impl Attempt {
    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> AttemptStatus {
        self.ending.status
    }

    /// Whether money may have moved or may still move.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.ending.status.is_live()
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
