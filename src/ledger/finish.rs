//! Finishing an attempt: with the answer's outcome, as not sent, as interrupted, or with an
//! operator's verdict.

use super::attempt::{Attempt, AttemptStatus, Counting, Ending};
use super::engine::{Access, CommitError, Engine, EngineError, LookUp};
use super::id::{AttemptId, BatchId};
use super::key::folded;
use super::pace::Pace;
use super::{Ledger, LedgerError};
use crate::domain::outcome::own_key;
use std::borrow::Cow;
use std::time::Duration;

/// How often a commit that a reader holds up is tried again.
const COMMIT_TRIES: u32 = 20;

/// How often an outcome is tried to be recorded before it is told that it is not.
const FINISH_TRIES: u32 = 3;

impl<E: Engine> Ledger<E> {
    /// The attempt, other than `id`, that already has an invoice id.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn owner_of_invoice_id(
        &mut self,
        attempt: &Attempt,
        invoice_id: &str,
    ) -> Result<Option<Attempt>, LedgerError> {
        let wanted = std::iter::once(invoice_id.to_owned()).filter(|id| !id.is_empty());
        let found = self
            .look_up(LookUp::InvoiceId, attempt.realm, wanted)
            .await?;
        Ok(found.into_iter().find(|owner| owner.id != attempt.id))
    }

    /// Records what became of an attempt, and lets the next request start a step after this one
    /// arrived. An outcome must not be lost: where the ledger does not refuse it, it is tried again.
    /// One that is live beside another of its payout, which a verdict let be sent again, is extra.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn finish(
        &mut self,
        attempt: &mut Attempt,
        pace: &Pace,
        since_arrival: Duration,
    ) -> Result<(), LedgerError> {
        let mut tries = 1;
        loop {
            match self.finish_once(attempt, pace, since_arrival).await {
                // Perhaps it was recorded; to record the same again changes nothing then.
                Err(error) if !error.is_refusal() && tries < FINISH_TRIES => {
                    tries = tries.saturating_add(1);
                }
                ended => return ended,
            }
        }
    }

    async fn finish_once(
        &mut self,
        attempt: &mut Attempt,
        pace: &Pace,
        since_arrival: Duration,
    ) -> Result<(), LedgerError> {
        self.engine.begin(Access::Write).await?;
        let written = self.finish_inside(attempt, pace, since_arrival).await;
        if let Err(error) = written {
            self.engine.rollback().await;
            return Err(error);
        }
        for _ in 1..COMMIT_TRIES {
            match self.engine.commit().await {
                Err(CommitError::StillOpen(_)) => {}
                Ok(()) => return Ok(()),
                Err(error @ CommitError::Unknown(_)) => {
                    self.engine.rollback().await;
                    return Err(error.into());
                }
            }
        }
        let last = self.engine.commit().await;
        if last.is_err() {
            self.engine.rollback().await;
        }
        Ok(last?)
    }

    async fn finish_inside(
        &mut self,
        attempt: &mut Attempt,
        pace: &Pace,
        since_arrival: Duration,
    ) -> Result<(), LedgerError> {
        let key = [attempt.key.as_str().to_owned()];
        let of_key = self.look_up(LookUp::Key, attempt.realm, key).await?;
        let mut own = of_key.iter().filter(|it| it.id == attempt.id);
        let says_nothing = attempt.status() == AttemptStatus::Unknown
            && attempt.ending.named_invoice_id().is_none();
        if says_nothing && own.any(|it| it.ending.is_verdict()) {
            // It was given while this run's connection was lost.
            return self.lower(pace, &attempt.id, since_arrival).await;
        }
        let mut others = of_key.iter().filter(|it| it.id != attempt.id);
        if attempt.is_live() && others.any(|it| it.is_live() && it.counting == Counting::Counts) {
            attempt.counting = Counting::Extra;
        }
        // A claim that is voided may never have been committed.
        let was_sent = attempt.ending.error_key != own_key::NOT_SENT;
        if self.update(attempt).await? == 0 && was_sent {
            let words = "the attempt is no longer in the ledger, which was replaced during the run";
            return Err(EngineError::Replaced(words.to_owned()).into());
        }
        self.lower(pace, &attempt.id, since_arrival).await
    }

    /// Settles the attempts of a batch whose run is gone: whether they were paid is not known.
    /// Only who has locked the batch may ask for it.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn settle_interrupted(&mut self, batch: &BatchId) -> Result<(), LedgerError> {
        self.engine.begin(Access::Write).await?;
        let settled = self.settle_inside(batch).await;
        self.end(settled).await
    }

    async fn settle_inside(&mut self, batch: &BatchId) -> Result<(), LedgerError> {
        let now = self.engine.now().await?;
        let rest = "WHERE batch = $1 AND status = 'submitting' ORDER BY seq";
        let attempts = self.attempts(rest, &[batch.as_str().into()]).await?;
        for mut attempt in attempts {
            attempt.ending = Ending::interrupted(now);
            self.update(&attempt).await?;
        }
        Ok(())
    }

    /// An attempt by its id, whatever realm it is in.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn attempt(&mut self, id: &AttemptId) -> Result<Option<Attempt>, LedgerError> {
        let found = self
            .attempts("WHERE id = $1", &[id.as_str().into()])
            .await?;
        Ok(found.into_iter().next())
    }

    /// The attempts with a reference, of every realm and batch, in the order in which the ledger
    /// came to know them.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn of_reference(&mut self, reference: &str) -> Result<Vec<Attempt>, LedgerError> {
        // The folded reference has an index.
        let rest = "WHERE reference_folded = $1 AND reference = $2 ORDER BY seq";
        let values = [folded(reference).into(), reference.into()];
        self.attempts(rest, &values).await
    }

    /// Records an operator's verdict on an attempt, which is decided again inside the transaction:
    /// it must still be what the operator saw, and in doubt, or settled by an operator and not sent
    /// again since.
    ///
    /// # Errors
    /// The ledger cannot be written, or the attempt may not be settled any more.
    pub async fn resolve(
        &mut self,
        seen: &Attempt,
        invoice_id: Option<&str>,
    ) -> Result<Attempt, ResolveError> {
        self.engine
            .begin(Access::Write)
            .await
            .map_err(LedgerError::from)?;
        let resolved = self.resolve_inside(seen, invoice_id).await;
        self.end(resolved).await
    }

    async fn resolve_inside(
        &mut self,
        seen: &Attempt,
        invoice_id: Option<&str>,
    ) -> Result<Attempt, ResolveError> {
        self.refuse_unless_current().await?;
        let now = self.engine.now().await.map_err(LedgerError::from)?;
        let mut attempt = self.attempt(&seen.id).await?.ok_or(ResolveError::Gone)?;
        if attempt.ending != seen.ending {
            return Err(ResolveError::Changed(Box::new(attempt)));
        }
        if !is_open_to_a_verdict(&attempt) {
            return Err(ResolveError::Settled(Box::new(attempt)));
        }
        let key = [attempt.key.as_str().to_owned()];
        let of_key = self.look_up(LookUp::Key, attempt.realm, key).await?;
        // A verdict that nothing was created let the payout be sent again, here or by another ledger
        // whose attempts were adopted since, and it cannot be taken back then.
        let again = of_key.into_iter().find(|other| {
            (other.number > attempt.number || other.is_live())
                && attempt.counting == Counting::Counts
                && other.counting == Counting::Counts
        });
        if let Some(again) = again.filter(|_| !attempt.is_live()) {
            return Err(ResolveError::SentAgain(Box::new(again)));
        }
        if let Some(wanted) = invoice_id
            && let Some(owner) = self.owner_of_invoice_id(&attempt, wanted).await?
        {
            return Err(ResolveError::InvoiceIdTaken(Box::new(owner)));
        }
        attempt.ending = Ending::verdict(invoice_id, &attempt.ending, now);
        attempt.resolved = Some((self.who.to_string(), now));
        self.update(&attempt).await?;
        Ok(attempt)
    }
}

/// Whether an operator may say what became of an attempt.
#[must_use]
pub fn is_open_to_a_verdict(attempt: &Attempt) -> bool {
    match attempt.status() {
        AttemptStatus::Unknown => true,
        AttemptStatus::Created | AttemptStatus::NotCreated => attempt.ending.is_verdict(),
        AttemptStatus::Submitting | AttemptStatus::Rejected => false,
    }
}

/// Why a verdict was not recorded.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The ledger says why.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// The attempt is not in the ledger.
    #[error("the attempt is not in the ledger")]
    Gone,
    /// Another process has recorded something since the operator saw it.
    #[error("meanwhile this payout was recorded as {}", .0.ending.outcome())]
    Changed(Box<Attempt>),
    /// It is not in doubt.
    #[error("this payout is not in doubt: it is {}", .0.status())]
    Settled(Box<Attempt>),
    /// The payout was sent again since the verdict.
    #[error(
        "the payout was sent again at {}, so the earlier verdict stands",
        .0.started_at.format("%Y-%m-%d %H:%M:%S UTC")
    )]
    SentAgain(Box<Attempt>),
    /// Another payout has the invoice id.
    #[error("this is the invoice id of another payout: {}", paid_by(.0))]
    InvoiceIdTaken(Box<Attempt>),
}

impl ResolveError {
    /// What it is about, where the ledger is at this place.
    #[must_use]
    pub fn place<'a>(&self, ledger: &'a str) -> &'a str {
        match self {
            Self::InvoiceIdTaken(_) => "--invoice-id",
            Self::Ledger(_)
            | Self::Gone
            | Self::Changed(_)
            | Self::Settled(_)
            | Self::SentAgain(_) => ledger,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Ledger(LedgerError::Commit(CommitError::Unknown(_))) => {
                "give the same verdict again: recording it twice changes nothing".into()
            }
            Self::Ledger(error) => format!("nothing was recorded; {}", error.hint()).into(),
            Self::Gone => "see ccbatch history for the ids".into(),
            Self::Changed(_) | Self::Settled(_) => {
                "nothing was recorded; see where each payout stands with ccbatch status".into()
            }
            Self::SentAgain(_) => {
                "nothing was recorded; look both up in the dashboard, and settle the later attempt if it is in doubt".into()
            }
            Self::InvoiceIdTaken(_) => {
                "nothing was recorded; copy the id from the dashboard's entry for this very payout".into()
            }
        }
    }
}

/// What an attempt pays, in the words of a person: `line 3, 0.1 BTC to bc1q… (reference R1)`
fn paid_by(attempt: &Attempt) -> String {
    let reference = match attempt.reference.as_str() {
        "" => String::new(),
        reference => format!(" (reference {reference})"),
    };
    format!(
        "line {}, {} {} to {}{reference}, begun at {}",
        attempt.line,
        attempt.amount,
        attempt.content.currency_code(),
        attempt.to_address,
        attempt.started_at.format("%Y-%m-%d %H:%M UTC")
    )
}
