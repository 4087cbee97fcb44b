//! What the records, or what is missing in them, say against a command.

use crate::domain::escape::shell_word;
use crate::ledger::{Attempt, References};
use std::borrow::Cow;

/// Why the records do not let a command do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is no ledger to do something with.
    #[error("there is no ledger yet")]
    NoLedger,
    /// A shared ledger is not a file.
    #[error("a shared ledger is backed up where its server is")]
    Shared,
    /// Nothing more is paid under this file's name.
    #[error(
        "all of these were paid on {} already ({}); see {results}",
        newest.started_at.format("%Y-%m-%d"),
        newest.ending.invoice_id
    )]
    AllPaid {
        /// The last payment.
        newest: Box<Attempt>,
        /// The results file in which it stands.
        results: String,
    },
    /// Two of the results files to be adopted have different payouts under one reference.
    #[error("another payout was sent under the reference {reference:?}: {other}")]
    ReferenceOfTwo {
        /// The reference.
        reference: String,
        /// The line of the other payout.
        other: String,
    },
    /// A results file to be adopted is of a batch whose references count otherwise than those of
    /// the files with it are to.
    #[error("payouts of this batch were sent with --references {}", .0.as_str())]
    ReferencesFixed(References),
    /// The record names this invoice id, which the verdict would forget.
    #[error("the API has named an invoice id for this payout: {0}")]
    NamesInvoice(String),
    /// A verdict that comes too early.
    #[error("the request may still be on its way: it was begun less than {minimum} minutes ago")]
    TooEarly {
        /// How old an attempt must be, in minutes.
        minimum: i64,
        /// In how many minutes it is.
        left: i64,
    },
    /// What `resolve` names fits several attempts.
    #[error("several attempts fit {value:?}")]
    SeveralAttempts {
        /// What was named.
        value: String,
        /// Their ids, each with what it is.
        attempts: Vec<String>,
    },
    /// Nothing in the ledger has this reference or id.
    #[error("the ledger has no payout with {0:?}")]
    NoSuchPayout(String),
    /// `resolve` names a line without a payout.
    #[error("no payout stands on this line")]
    NoSuchLine,
    /// `resolve` names a reference that no payout has.
    #[error("no payout of this batch has the reference {0:?}")]
    NoSuchReference(String),
    /// `resolve` names a payout that is not in doubt.
    #[error("this payout is not in doubt: it is {state}")]
    NotInDoubt {
        /// Its state.
        state: &'static str,
        /// The command that shows where each payout stands.
        status: String,
    },
}

impl RecordError {
    pub(super) fn hint(&self, place: &str) -> Cow<'static, str> {
        match self {
            Self::NoLedger => "name another with --ledger, or make it with ccbatch ledger init; if payouts were made before, give it all their results files before any run (ccbatch ledger adopt)".into(),
            Self::Shared => format!(
                "pg_dump --format=custom --file=ledger.dump {}",
                shell_word(place)
            )
            .into(),
            Self::AllPaid { .. } => "leave these rows out; put new payouts into a file of another name, with references of their own".into(),
            Self::ReferenceOfTwo { .. } => "nothing was taken over; if each file counts its references anew, as row numbers, add --references per-file; if this one was used for two payouts, add --references shared".into(),
            Self::ReferencesFixed(references) => format!(
                "nothing of it was taken over; adopt this file alone with --references {}, and the others without this file",
                references.as_str()
            )
            .into(),
            Self::NamesInvoice(id) => format!(
                "nothing was recorded; look for {id} in the dashboard: if it is there, it is the --invoice-id; if it is not, add --despite {id}"
            )
            .into(),
            Self::TooEarly { left, .. } => {
                format!("nothing was recorded; look at the dashboard again in {left} min").into()
            }
            Self::SeveralAttempts { attempts, .. } => {
                format!("say which with --id: {}", attempts.join("; ")).into()
            }
            Self::NoSuchPayout(_) => "copy it from the results file, or from ccbatch history --format csv".into(),
            Self::NoSuchLine => "count the lines as an editor shows them: the first of the file is line 1".into(),
            Self::NoSuchReference(_) => {
                "copy it from the file or the results file; capitals count".into()
            }
            Self::NotInDoubt { status, .. } => {
                format!("see where each payout stands: {status}").into()
            }
        }
    }
}
