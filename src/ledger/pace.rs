//! The pace is the time between two requests of one API key, kept in the ledger, so that runs,
//! restarts and machines that share a key take turns.

use super::claim::MAX_AGE;
use super::engine::{Engine, Value};
use super::id::AttemptId;
use super::{Ledger, LedgerError, table};
use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

/// How much longer than [`MAX_AGE`] a claim keeps others waiting: a request that left at the last
/// moment has arrived by then.
const ARRIVAL: Duration = Duration::from_secs(1);

/// The pace of one API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What stands for the key, by [`Ledger::key_hash`].
    pub key_hash: String,
    /// The time from one request to the next; zero keeps no pace at all.
    pub step: Duration,
}

/// Whose turn it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Anyone's.
    Free,
    /// Nobody's for this long.
    Wait {
        /// How long.
        wait: Duration,
        /// Who made the last request, if it was another.
        other: Option<String>,
    },
    /// Not known: the clock was set back since.
    SetBack,
}

impl<E: Engine> Ledger<E> {
    /// Whether a request may start now.
    pub(super) async fn turn(
        &mut self,
        pace: &Pace,
        now: DateTime<Utc>,
    ) -> Result<Turn, LedgerError> {
        if pace.step.is_zero() {
            return Ok(Turn::Free);
        }
        let sql = "SELECT next_at, set_at, who FROM pace WHERE key_hash = $1";
        let values = [pace.key_hash.as_str().into()];
        let next = self.read_first(sql, &values, |columns| {
            let mut time = || table::decode_time(columns.text()?);
            let times = time().zip(time());
            times.zip(columns.string())
        });
        let Some(((next_at, set_at), who)) = next.await? else {
            return Ok(Turn::Free);
        };
        if now < set_at {
            return Ok(Turn::SetBack);
        }
        let left = next_at.signed_duration_since(now);
        let wait = left.to_std().unwrap_or_default();
        if wait.is_zero() {
            return Ok(Turn::Free);
        }
        let other = (who != self.who.to_string()).then_some(who);
        Ok(Turn::Wait { wait, other })
    }

    /// How long it is until the next request of a key may start; nothing is claimed. Zero while
    /// another run's request is under way, whose turn may end early, and if the clock was set back:
    /// the ledger is to be asked then, and says more.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn wait_of(&mut self, pace: &Pace) -> Result<Duration, LedgerError> {
        let now = self.engine.now().await?;
        Ok(match self.turn(pace, now).await? {
            Turn::Free | Turn::SetBack => Duration::ZERO,
            Turn::Wait {
                wait,
                other: Some(_),
            } if wait > pace.step => Duration::ZERO,
            Turn::Wait { wait, other: _ } => wait,
        })
    }

    /// Counts by a clock that was set back: the next request of a key may start a step from now.
    pub(super) async fn count_anew(&mut self, pace: &Pace) -> Result<(), LedgerError> {
        self.engine.begin(super::Access::Write).await?;
        let ended = self.set_step_from_now(pace).await;
        self.end(ended).await
    }

    async fn set_step_from_now(&mut self, pace: &Pace) -> Result<(), LedgerError> {
        let now = self.engine.now().await?;
        let sql = "UPDATE pace SET next_at = $1, set_at = $2 WHERE key_hash = $3 AND set_at > $4";
        let now_text = table::encode_time(now);
        let values = [
            table::encode_time(later(now, pace.step)).into(),
            now_text.as_str().into(),
            pace.key_hash.as_str().into(),
            now_text.as_str().into(),
        ];
        self.engine.execute(sql, &values).await?;
        Ok(())
    }

    /// Keeps everyone waiting until the request of a claim has arrived for certain.
    pub(super) async fn take_turn(
        &mut self,
        pace: &Pace,
        id: &AttemptId,
        now: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        let claim = MAX_AGE.saturating_add(ARRIVAL).saturating_add(pace.step);
        self.set_next(pace, id, now, later(now, claim)).await
    }

    /// Lets the next request start a step after the last one arrived, which was this long ago.
    pub(super) async fn lower(
        &mut self,
        pace: &Pace,
        id: &AttemptId,
        since_arrival: Duration,
    ) -> Result<(), LedgerError> {
        if pace.step.is_zero() {
            return Ok(());
        }
        let now = self.engine.now().await?;
        let next_at = later(now, pace.step.saturating_sub(since_arrival));
        let sql = "UPDATE pace SET next_at = $1, set_at = $2 WHERE key_hash = $3 AND attempt = $4";
        let values = [
            table::encode_time(next_at).into(),
            table::encode_time(now).into(),
            pace.key_hash.as_str().into(),
            id.as_str().into(),
        ];
        self.engine.execute(sql, &values).await?;
        Ok(())
    }

    /// Lets no request of the key start before this long from now, as the API asked.
    ///
    /// # Errors
    /// The ledger cannot be written.
    pub async fn hold(&mut self, pace: &Pace, wait: Duration) -> Result<(), LedgerError> {
        if pace.step.is_zero() {
            return Ok(());
        }
        self.engine.begin(super::Access::Write).await?;
        let ended = self.raise(pace, wait).await;
        self.end(ended).await
    }

    async fn raise(&mut self, pace: &Pace, wait: Duration) -> Result<(), LedgerError> {
        let now = self.engine.now().await?;
        let sql = "UPDATE pace SET next_at = $1, set_at = $2 WHERE key_hash = $3 AND next_at < $4";
        let next_at = table::encode_time(later(now, wait));
        let values = [
            next_at.as_str().into(),
            table::encode_time(now).into(),
            pace.key_hash.as_str().into(),
            next_at.as_str().into(),
        ];
        self.engine.execute(sql, &values).await?;
        Ok(())
    }

    async fn set_next(
        &mut self,
        pace: &Pace,
        id: &AttemptId,
        now: DateTime<Utc>,
        next_at: DateTime<Utc>,
    ) -> Result<(), LedgerError> {
        if pace.step.is_zero() {
            return Ok(());
        }
        let sql = "INSERT INTO pace (key_hash, next_at, set_at, attempt, who) \
                   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key_hash) DO UPDATE \
                   SET next_at = excluded.next_at, set_at = excluded.set_at, \
                   attempt = excluded.attempt, who = excluded.who";
        let values: [Value; 5] = [
            pace.key_hash.as_str().into(),
            table::encode_time(next_at).into(),
            table::encode_time(now).into(),
            id.as_str().into(),
            self.who.to_string().into(),
        ];
        self.engine.execute(sql, &values).await?;
        Ok(())
    }
}

/// A time later by so much, or as late as can be told.
fn later(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| time.checked_add_signed(by))
        .unwrap_or(time)
}
