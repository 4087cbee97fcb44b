//! Beginning an attempt: one transaction that decides again what a row is, keeps the pace, and
//! claims. Only what it commits may be sent.

use super::attempt::{Attempt, Counting, Ending, Repetition};
use super::claim::{Claim, Reading};
use super::content::Content;
use super::engine::{Access, CommitError, Engine};
use super::id::{AttemptId, BatchId};
use super::pace::{Pace, Turn};
use super::realm::Realm;
use super::rules::{Circumstances, Row, RowState, judge};
use super::{Ledger, LedgerError};
use crate::clock;
use std::collections::HashSet;
use std::time::Duration;

/// A row that is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The row.
    pub row: Row<'a>,
    /// What it is judged by; the time is the ledger's own.
    pub around: Circumstances<'a>,
    /// Where money moves.
    pub realm: Realm,
    /// The API's host, as the results file's column `api` has it.
    pub host: &'a str,
    /// The pace to be kept.
    pub pace: &'a Pace,
}

/// What came of beginning an attempt.
#[derive(Debug)]
pub enum Begun {
    /// The attempt is in the ledger, and its request may be sent.
    Claimed(Claim, Box<Attempt>),
    /// The pace does not allow it yet.
    TooSoon {
        /// How long it is until it does.
        wait: Duration,
        /// Whose turn it was, if another's.
        other: Option<String>,
    },
    /// The row is not to be sent, or not yet.
    Settled(Box<RowState<Attempt>>),
}

/// Why an attempt could not be begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Nothing was claimed.
    #[error("{0}")]
    NotBegun(#[from] LedgerError),
    /// Whether the claim was committed is not known: it has to be voided by its id.
    #[error("{1}")]
    Uncertain(Box<Attempt>, LedgerError),
}

impl<E: Engine> Ledger<E> {
    /// Begins an attempt. Who is at work and what time it is are asked anew, whatever the
    /// circumstances say.
    ///
    /// # Errors
    /// The ledger cannot be written. Nothing may be sent then.
    pub async fn begin(&mut self, wanted: &Wanted<'_>) -> Result<Begun, BeginError> {
        self.engine.verify().await.map_err(LedgerError::from)?;
        // Read before the transaction, so that waiting for it makes the claim older.
        let reading = Reading::now();
        let begun = self.engine.begin(Access::Write).await;
        begun.map_err(LedgerError::from)?;
        match self.begin_inside(wanted).await {
            Ok(Decision::Claim(attempt)) => match self.engine.commit().await {
                Ok(()) => {
                    let id = attempt.id;
                    self.last_begun = Some(id);
                    Ok(Begun::Claimed(Claim { id, reading }, attempt))
                }
                Err(error @ CommitError::StillOpen(_)) => {
                    self.engine.rollback().await;
                    Err(BeginError::NotBegun(error.into()))
                }
                Err(error @ CommitError::Unknown(_)) => {
                    self.engine.rollback().await;
                    Err(BeginError::Uncertain(attempt, error.into()))
                }
            },
            Ok(Decision::Not(begun)) => {
                self.engine.rollback().await;
                Ok(begun)
            }
            Ok(Decision::CountAnew) => {
                self.engine.rollback().await;
                self.count_anew(wanted.pace).await?;
                Ok(Begun::TooSoon {
                    wait: wanted.pace.step,
                    other: None,
                })
            }
            Err(error) => {
                self.engine.rollback().await;
                Err(error.into())
            }
        }
    }

    async fn begin_inside(&mut self, wanted: &Wanted<'_>) -> Result<Decision, LedgerError> {
        // Once more: what holds now holds until the transaction ends.
        self.engine.verify().await?;
        self.refuse_unless_current().await?;
        let now = self.engine.now().await?;
        clock::check(now.into()).map_err(|_| LedgerError::Clock(now))?;
        let known = self.known_about(wanted.realm, wanted.row).await?;
        let at_work = self.at_work(known.all(), wanted.around.batch).await?;
        let around = Circumstances {
            now,
            at_work: &at_work,
            ..wanted.around
        };
        let state = judge(wanted.row, &known, &around);
        let RowState::Pending { last: _, repeats } = state else {
            return Ok(Decision::Not(Begun::Settled(Box::new(state.cloned()))));
        };
        match self.turn(wanted.pace, now).await? {
            Turn::Free => {}
            Turn::Wait { wait, other } => {
                return Ok(Decision::Not(Begun::TooSoon { wait, other }));
            }
            Turn::SetBack => return Ok(Decision::CountAnew),
        }
        let payout = wanted.row.payout;
        let content = Content::of(payout);
        let numbers = known.of_key(wanted.row.key).map(|it| it.number);
        let last = numbers.max();
        let attempt = Attempt {
            id: AttemptId::new(wanted.realm, &payout.reference, &content)?,
            batch: *around.batch,
            realm: wanted.realm,
            host: wanted.host.into(),
            key: wanted.row.key.clone(),
            line: payout.line,
            reference: payout.reference.clone(),
            payee: payout.payee.clone(),
            to_address: payout.to_address.clone(),
            content,
            amount: payout.amount.to_string(),
            number: last.unwrap_or_default().saturating_add(1),
            started_at: now,
            ending: Ending::none_yet(),
            resolved: None,
            repetition: match repeats {
                Some(_) => Repetition::Asked,
                None => Repetition::Refused,
            },
            counting: Counting::Counts,
            who: self.who.to_string().into(),
        };
        self.insert(&attempt).await?;
        self.take_turn(wanted.pace, &attempt.id, now).await?;
        Ok(Decision::Claim(Box::new(attempt)))
    }

    /// The batches of attempts without an answer in which another run is at work.
    pub(crate) async fn at_work(
        &mut self,
        attempts: &[Attempt],
        own: &BatchId,
    ) -> Result<HashSet<BatchId>, LedgerError> {
        let submitting = attempts
            .iter()
            .filter(|attempt| attempt.status() == super::AttemptStatus::Submitting);
        let batches: HashSet<&BatchId> = submitting
            .map(|attempt| &attempt.batch)
            .filter(|batch| *batch != own)
            .collect();
        let mut at_work = HashSet::new();
        for batch in batches {
            if self.engine.is_locked_elsewhere(batch).await? {
                at_work.insert(*batch);
            }
        }
        Ok(at_work)
    }
}

/// What the transaction has decided.
enum Decision {
    Claim(Box<Attempt>),
    Not(Begun),
    /// The clock was set back since the last request.
    CountAnew,
}
