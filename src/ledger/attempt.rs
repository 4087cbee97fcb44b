//! An [`Attempt`] is one request for one payout: a row of the ledger and a line of the results
//! file. Its [`AttemptId`] is the same in both.

use super::content::Content;
use super::id::{AttemptId, BatchId};
use super::key::PayoutKey;
use super::realm::Realm;
use crate::domain::escape::{cut, escape_cell};
use crate::domain::outcome::{named_invoice_id, own_key};
use crate::domain::{Outcome, State, Verdict};
use chrono::{DateTime, Utc};
use std::fmt;
use std::sync::Arc;

/// The `error_key` of an attempt whose run ended before an answer was recorded.
pub const INTERRUPTED: &str = "interrupted";

/// The `detail` of an attempt that an operator has settled.
const RESOLVED: &str = "resolved by operator";

/// What stands between an operator's verdict and what the record said before.
const BEFORE: &str = "; before: ";

/// The longest `detail`, in characters: enough for a sentence, too little to drown a table.
const MAX_DETAIL_CHARS: usize = 200;

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

impl From<&Verdict> for AttemptStatus {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Created { .. } => Self::Created,
            Verdict::Rejected => Self::Rejected,
            Verdict::NotCreated(_) => Self::NotCreated,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

/// The state of a payout whose last attempt stands there.
impl From<AttemptStatus> for State {
    fn from(status: AttemptStatus) -> Self {
        match status {
            AttemptStatus::Created => Self::Created,
            AttemptStatus::Rejected => Self::Rejected,
            AttemptStatus::NotCreated => Self::NotCreated,
            AttemptStatus::Submitting | AttemptStatus::Unknown => Self::InDoubt,
        }
    }
}

impl fmt::Display for AttemptStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
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
        let mut detail = escape_cell(&outcome.short_detail(MAX_DETAIL_CHARS));
        if detail.starts_with(RESOLVED) {
            detail.insert(0, '\''); // Only an operator's verdict may read like one.
        }
        Self {
            status: (&outcome.verdict).into(),
            invoice_id: escape_cell(outcome.invoice_id()),
            accepted_amount: outcome
                .accepted_amount()
                .map_or_else(String::new, |amount| amount.to_string()),
            error_key: escape_cell(cut(&outcome.error_key, MAX_DETAIL_CHARS)),
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
            error_key: own_key::NOT_SENT.to_owned(),
            detail: reason.to_owned(),
            finished_at: Some(finished_at),
            ..Self::none_yet()
        }
    }

    /// What an operator has seen in the dashboard: the payout under this id, or nothing. What the
    /// record said before stays to be read, with every verdict that was changed.
    #[must_use]
    pub fn verdict(invoice_id: Option<&str>, before: &Self, finished_at: DateTime<Utc>) -> Self {
        let (earlier, first) = before.verdicts_and_words();
        let verdict = Self {
            status: match invoice_id {
                Some(_) => AttemptStatus::Created,
                None => AttemptStatus::NotCreated,
            },
            invoice_id: invoice_id.unwrap_or_default().to_owned(),
            // By its key it is told that the words begin with an invoice id of the API's.
            error_key: match (invoice_id, before.named_invoice_id()) {
                (Some(_), Some(_)) => before.error_key.clone(),
                (Some(_), None) | (None, _) => String::new(),
            },
            finished_at: Some(finished_at),
            ..Self::none_yet()
        };
        let mut detail = format!("{RESOLVED}{earlier}");
        let is_same = (verdict.status, &verdict.invoice_id) == (before.status, &before.invoice_id);
        if before.is_verdict() && !is_same {
            let at = before.finished_at.unwrap_or(finished_at);
            let at = at.format("%Y-%m-%d %H:%M UTC");
            detail.push_str(&format!("; verdict of {at}: {}", before.outcome()));
        }
        if !first.is_empty() {
            detail.push_str(BEFORE);
            detail.push_str(first);
        }
        Self { detail, ..verdict }
    }

    /// The verdicts, behind [`RESOLVED`], and what the record said before any.
    fn verdicts_and_words(&self) -> (&str, &str) {
        match self.detail.strip_prefix(RESOLVED) {
            Some(verdicts) => verdicts.split_once(BEFORE).unwrap_or((verdicts, "")),
            None => ("", &self.detail),
        }
    }

    /// The invoice id that the API has named for a payout in doubt, also if an operator has recorded
    /// one since.
    #[must_use]
    pub fn named_invoice_id(&self) -> Option<&str> {
        named_invoice_id(&self.error_key, self.verdicts_and_words().1)
    }

    /// `created INV-0A1B2C3D`
    #[must_use]
    pub fn outcome(&self) -> String {
        let outcome = format!("{} {}", self.status, self.invoice_id);
        outcome.trim_end().to_owned()
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
    /// It was recorded beside another live attempt of its key.
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
    pub host: Arc<str>,
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
    pub who: Arc<str>,
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
