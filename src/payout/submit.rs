//! Submitting is the only place where money moves: one payout after another, each claimed in the
//! ledger and written to the results file before its request leaves, and finished in both before
//! anything else happens.

use super::gateway::{Exchange, Gateway};
use super::pacer::{Clock, Pacer, since_arrival};
use super::publish::{OTHER_LEDGER, OTHER_LEDGER_HINT, PublishError, publish};
use super::results::{Results, Storage};
use super::stop::Stop;
use crate::domain::halt::reconnect_wait;
use crate::domain::{Halt, HaltCheck, Next, Outcome, Payout};
use crate::ledger::row_keys::RowKeys;
use crate::ledger::rules::{Circumstances, Row, RowState};
use crate::ledger::{
    Attempt, AttemptStatus, BeginError, Begun, Claim, Ending, Engine, Ledger, LedgerError, Pace,
    Realm, Wanted,
};
use crate::os::fault::words;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a payout that another run is submitting is waited for: its connection and its answer
/// take no longer.
const LONGEST_EXCHANGE: Duration = Duration::from_secs(150);

/// How often the ledger is asked while another run has its turn.
const POLL: Duration = Duration::from_millis(250);

/// Watches a run. What it does must not fail: the run goes on whatever becomes of the screen.
pub trait Observer {
    /// So many payouts are going to be submitted.
    fn planned(&mut self, count: usize);
    /// A payout waits for its turn; `other` is who has made the request before, if another run has.
    fn waiting(&mut self, payout: &Payout, ready_at: Instant, other: Option<&str>);
    /// A payout waits until another run has submitted it.
    fn awaiting_other_run(&mut self, payout: &Payout, attempt: &Attempt);
    /// There has been no connection since then; the next try is at this moment.
    fn awaiting_connection(&mut self, payout: &Payout, since: Instant, next_try: Instant);
    /// The request is about to leave.
    fn submitting(&mut self, payout: &Payout);
    /// The outcome is in the results file and in the ledger.
    fn finished(&mut self, payout: &Payout, attempt: &Attempt);
    /// Another run has settled the payout meanwhile.
    fn settled_elsewhere(&mut self, payout: &Payout, state: &RowState<Attempt>);
    /// The outcome could not be recorded everywhere; the attempt must be shown.
    fn unrecorded(&mut self, attempt: &Attempt);
    /// What somebody has changed in the results file during the run is kept in this one.
    fn changed_kept(&mut self, name: &str);
}

/// The outside world of a run.
#[derive(Debug)]
pub struct World<'w, G, C> {
    /// What payouts are submitted to.
    pub gateway: &'w G,
    /// The time of day.
    pub clock: &'w C,
    /// Whether to stop.
    pub stop: &'w Stop,
}

/// The two records of a run.
#[derive(Debug)]
pub struct Records<'r, E, S> {
    /// What decides.
    pub ledger: &'r mut Ledger<E>,
    /// Its copy for people.
    pub results: &'r mut Results<S>,
}

/// What is submitted, and how.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The rows of the input.
    pub rows: &'a RowKeys<'a>,
    /// The places of those to submit, in order.
    pub steps: &'a [usize],
    /// What they are judged by.
    pub around: Circumstances<'a>,
    /// Where money moves.
    pub realm: Realm,
    /// The API's host.
    pub host: &'a str,
    /// The pace to be kept.
    pub pace: &'a Pace,
    /// How long a lost connection is waited for.
    pub patience: Duration,
}

/// Why a run could not go on. Nothing more is sent after any of these.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The next payout was not claimed, and not sent.
    #[error("{0}")]
    NotClaimed(LedgerError),
    /// The claim or its line could not be made durable; the payout was not sent. `unvoided` says
    /// that the ledger could not even be told that.
    #[error("line {} was not sent: {reason}", attempt.line)]
    NotSent {
        /// The attempt.
        attempt: Box<Attempt>,
        /// Why not.
        reason: String,
        /// Whether the ledger still takes it for one under way.
        unvoided: Option<LedgerError>,
    },
    /// The machine lacks what a request needs; the next payout was not claimed.
    #[error("this machine cannot make a request: {}", words(.0))]
    NotPrepared(io::Error),
    /// The results file cannot be written; the next payout was not claimed.
    #[error("the results file cannot be written: {}", words(.0))]
    Results(io::Error),
    /// A run with another ledger has written to the results file; the next payout was not claimed.
    #[error("{OTHER_LEDGER}")]
    OtherLedger,
    /// The payout was sent, and its outcome is not recorded everywhere.
    #[error(
        "line {} was sent, and its outcome could not be recorded everywhere: {reason}",
        attempt.line
    )]
    NotRecorded {
        /// The attempt, with its outcome.
        attempt: Box<Attempt>,
        /// Why not.
        reason: String,
        /// What the ledger has against it, if it has anything.
        ledger: Option<LedgerError>,
    },
}

impl From<PublishError> for SubmitError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Ledger(error) => Self::NotClaimed(error),
            PublishError::Results(error) => Self::Results(error),
            PublishError::OtherLedger => Self::OtherLedger,
        }
    }
}

impl SubmitError {
    /// What it is about: the ledger, the results file or the system.
    #[must_use]
    pub fn place(&self, results: &Path, ledger: &str) -> String {
        match self {
            Self::NotClaimed(_) => ledger.to_owned(),
            Self::NotPrepared(_) => "system".to_owned(),
            Self::NotSent { .. }
            | Self::Results(_)
            | Self::OtherLedger
            | Self::NotRecorded { .. } => results.display().to_string(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::NotClaimed(error) => {
                format!("the next payout was not sent; {}", error.hint()).into()
            }
            Self::NotPrepared(_) => {
                "the next payout was not sent; end other programs or raise the limits (ulimit), then run again".into()
            }
            Self::Results(_) => {
                "the next payout was not sent; check the disk, then run again".into()
            }
            Self::OtherLedger => {
                format!("the next payout was not sent; {OTHER_LEDGER_HINT}").into()
            }
            Self::NotSent { unvoided: None, .. } => {
                "check the disk or the server that the ledger is on, then run again".into()
            }
            Self::NotSent { unvoided: Some(error), .. } => format!(
                "{}; if this payout is in doubt then, it was not sent: settle it with --not-created",
                error.hint()
            )
            .into(),
            Self::NotRecorded { ledger, .. } => {
                let hint = ledger.as_ref().map(LedgerError::hint);
                let hint = hint.unwrap_or_else(|| "check the disk, then run again".into());
                format!(
                    "keep the line shown above; {hint}; settle the payout with ccbatch resolve if it is in doubt then"
                )
                .into()
            }
        }
    }

    /// Whether the same command can go on at once, with nothing to be done before.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NotClaimed(error)
            | Self::NotSent {
                unvoided: Some(error),
                ..
            }
            | Self::NotRecorded {
                ledger: Some(error),
                ..
            } => !error.is_refusal(),
            Self::OtherLedger => false,
            Self::NotPrepared(_)
            | Self::Results(_)
            | Self::NotSent { unvoided: None, .. }
            | Self::NotRecorded { ledger: None, .. } => true,
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Every step of the plan was submitted.
    Finished,
    /// A stop was asked for.
    Stopped,
    /// The outcomes said so.
    Halted(Halt),
    /// A row turned out to be a mistake when it was begun: its place in the input.
    Refused(usize),
    /// A record could not be written.
    Failed(SubmitError),
}

/// What a run came to.
#[derive(Debug)]
pub struct Submission {
    /// How it ended.
    pub ended: Ended,
    /// The rows whose state has changed, by their places in the input.
    pub states: HashMap<usize, RowState<Attempt>>,
    /// The attempts that this run has sent.
    pub sent: Vec<Attempt>,
}

/// Submits the payouts of a plan.
pub async fn submit<E: Engine, S: Storage, G: Gateway, C: Clock>(
    order: &Order<'_>,
    records: Records<'_, E, S>,
    (pacer, halts): (&mut Pacer, &mut HaltCheck),
    world: &World<'_, G, C>,
    observer: &mut impl Observer,
) -> Submission {
    observer.planned(order.steps.len());
    let mut submitting = Submitting {
        order,
        records,
        pacer,
        halts,
        world,
        observer,
        states: HashMap::new(),
        sent: Vec::new(),
    };
    let ended = match submitting.all().await {
        Ok(()) => Ended::Finished,
        Err(ended) => ended,
    };
    Submission {
        ended,
        states: submitting.states,
        sent: submitting.sent,
    }
}

/// A run under way.
struct Submitting<'s, E, S, G, C, O> {
    order: &'s Order<'s>,
    records: Records<'s, E, S>,
    pacer: &'s mut Pacer,
    halts: &'s mut HaltCheck,
    world: &'s World<'s, G, C>,
    observer: &'s mut O,
    states: HashMap<usize, RowState<Attempt>>,
    sent: Vec<Attempt>,
}

/// What became of one claim.
enum Tried {
    /// The request had this outcome.
    Sent(Outcome),
    /// The row is not to be sent any more.
    Settled,
    /// Not yet.
    NotYet,
}

impl<E: Engine, S: Storage, G: Gateway, C: Clock, O: Observer> Submitting<'_, E, S, G, C, O> {
    async fn all(&mut self) -> Result<(), Ended> {
        let mut steps = self.order.steps.iter().peekable();
        for (place, (payout, key)) in self.order.rows.rows().enumerate() {
            if steps.next_if(|step| **step == place).is_some() {
                let (payout, key) = (&payout, &key);
                self.one(place, Row { payout, key }).await?;
            }
        }
        Ok(())
    }

    /// Submits one payout, again and again if its outcomes say so.
    async fn one(&mut self, place: usize, row: Row<'_>) -> Result<(), Ended> {
        let mut other_run_since = None;
        let mut whose_turn = None;
        loop {
            let ready_at = self.pacer.ready_at();
            self.observer
                .waiting(row.payout, ready_at, whose_turn.as_deref());
            self.pacer.wait(self.world.stop).await;
            if self.world.stop.is_raised() {
                return Err(Ended::Stopped);
            }
            match self
                .attempt(place, row, &mut other_run_since, &mut whose_turn)
                .await?
            {
                Tried::NotYet => {}
                Tried::Settled => return Ok(()),
                Tried::Sent(outcome) => match self.halts.count(&outcome) {
                    Next::Payout => return Ok(()),
                    Next::Again(wait) => self.hold(wait).await?,
                    Next::AwaitConnection => self.await_connection(row.payout).await?,
                    Next::Halt(halt) => return Err(Ended::Halted(halt)),
                },
            }
        }
    }

    /// Claims one payout, and sends it if the ledger agrees.
    async fn attempt(
        &mut self,
        place: usize,
        row: Row<'_>,
        other_run_since: &mut Option<Instant>,
        whose_turn: &mut Option<String>,
    ) -> Result<Tried, Ended> {
        let prepared = self.world.gateway.prepare();
        prepared.map_err(|error| Ended::Failed(SubmitError::NotPrepared(error)))?;
        self.restore_results().await?;
        let wanted = Wanted {
            row,
            around: self.order.around,
            realm: self.order.realm,
            host: self.order.host,
            pace: self.order.pace,
        };
        let _flight = self.world.stop.flight();
        match self.records.ledger.begin(&wanted).await {
            Ok(Begun::Claimed(claim, attempt)) => {
                let sent = self.send(row.payout, &claim, *attempt).await;
                let (attempt, outcome) = sent.map_err(Ended::Failed)?;
                self.states.insert(place, state_after(attempt.clone()));
                self.sent.push(attempt);
                // Somebody may have written to the file meanwhile.
                self.restore_results().await?;
                Ok(Tried::Sent(outcome))
            }
            Ok(Begun::TooSoon { wait, other }) => {
                // Whoever has claimed gives the turn up early when the answer is in; once it is, it
                // is a step at most, and that is not going to change.
                let step = self.order.pace.step;
                let wait = if other.is_some() && wait > step {
                    wait.min(POLL.max(step.checked_div(8).unwrap_or_default()))
                } else {
                    wait
                };
                *whose_turn = other;
                self.pacer.set(wait);
                Ok(Tried::NotYet)
            }
            Ok(Begun::Settled(state)) => self.settled(place, row.payout, *state, other_run_since),
            Err(BeginError::NotBegun(error)) => Err(Ended::Failed(SubmitError::NotClaimed(error))),
            Err(BeginError::Uncertain(attempt, error)) => {
                let failed = self
                    .void(*attempt, error.to_string(), Lines::Untouched)
                    .await;
                Err(Ended::Failed(failed))
            }
        }
    }

    /// Another run has changed what the row is.
    fn settled(
        &mut self,
        place: usize,
        payout: &Payout,
        state: RowState<Attempt>,
        since: &mut Option<Instant>,
    ) -> Result<Tried, Ended> {
        if let RowState::UnderWay(attempt) = &state {
            let since = since.get_or_insert_with(Instant::now);
            if since.elapsed() < LONGEST_EXCHANGE {
                self.observer.awaiting_other_run(payout, attempt);
                self.pacer.set(POLL);
                return Ok(Tried::NotYet);
            }
        }
        self.observer.settled_elsewhere(payout, &state);
        let ended = match &state {
            RowState::Created(_) | RowState::Rejected(_) | RowState::Pending { .. } => None,
            RowState::InDoubt(_) | RowState::UnderWay(_) => Some(Ended::Halted(Halt::Unknown)),
            RowState::Refused(_) => Some(Ended::Refused(place)),
        };
        self.states.insert(place, state);
        match ended {
            None => Ok(Tried::Settled),
            Some(ended) => Err(ended),
        }
    }

    /// Sends the request of a claim, with a record before and after. After the request every
    /// step is taken, whatever became of the one before.
    async fn send(
        &mut self,
        payout: &Payout,
        claim: &Claim,
        mut attempt: Attempt,
    ) -> Result<(Attempt, Outcome), SubmitError> {
        if let Err(error) = self.records.results.begin(&attempt) {
            return Err(self.void(attempt, error.to_string(), Lines::Begun).await);
        }
        self.observer.submitting(payout);
        let exchange = self.world.gateway.submit(payout, claim).await;
        let since_arrival = since_arrival(&exchange);
        let Exchange { outcome, .. } = exchange;
        let (outcome, asked) = self.unless_taken(&attempt, outcome).await;
        attempt.ending = Ending::of(&outcome, self.world.clock.now());
        let written = self.records.results.finish(&attempt);
        let recorded = self.record(&mut attempt, since_arrival).await;
        let rest = self.order.pace.step.saturating_sub(since_arrival);
        self.pacer.set(rest);
        let written = written.err().map(|error| error.to_string());
        let ledger = asked.err().or(recorded.err());
        let refused = ledger.as_ref().map(ToString::to_string);
        match refused.or(written) {
            None => {
                self.observer.finished(payout, &attempt);
                Ok((attempt, outcome))
            }
            Some(reason) => {
                self.observer.unrecorded(&attempt);
                self.sent.push(attempt.clone());
                Err(SubmitError::NotRecorded {
                    attempt: Box::new(attempt),
                    reason,
                    ledger,
                })
            }
        }
    }

    /// Records an outcome in the ledger, and makes sure that it is the ledger that others open.
    async fn record(
        &mut self,
        attempt: &mut Attempt,
        since_arrival: Duration,
    ) -> Result<(), LedgerError> {
        let ledger = &mut self.records.ledger;
        ledger
            .finish(attempt, self.order.pace, since_arrival)
            .await?;
        Ok(ledger.engine().verify().await?)
    }

    /// The outcome, or `unknown` if another payout has its invoice id already, as it is recorded.
    async fn unless_taken(
        &mut self,
        attempt: &Attempt,
        outcome: Outcome,
    ) -> (Outcome, Result<(), LedgerError>) {
        let invoice_id = Ending::of(&outcome, self.world.clock.now()).invoice_id;
        let ledger = &mut self.records.ledger;
        match ledger.owner_of_invoice_id(attempt, &invoice_id).await {
            Ok(None) => (outcome, Ok(())),
            Ok(Some(owner)) => {
                let why = format!(
                    "line {} begun at {} has this invoice id already",
                    owner.line,
                    owner.started_at.format("%Y-%m-%d %H:%M:%S UTC")
                );
                (outcome.into_unknown_with_id(&why), Ok(()))
            }
            Err(error) => (outcome, Err(error)),
        }
    }

    /// Records that a claim was not used. The payout was not sent.
    async fn void(&mut self, mut attempt: Attempt, reason: String, lines: Lines) -> SubmitError {
        attempt.ending = Ending::not_sent(&reason, self.world.clock.now());
        let pace = self.order.pace;
        let ledger = &mut self.records.ledger;
        let voided = ledger.finish(&mut attempt, pace, pace.step).await;
        let unvoided = voided.err();
        match lines {
            // The file has refused to be written already; the next run publishes it anew.
            Lines::Begun => drop(self.records.results.finish(&attempt)),
            // The line alone says so then, and is taken over by the next run.
            Lines::Untouched if unvoided.is_some() => drop(self.records.results.begin(&attempt)),
            Lines::Untouched => {}
        }
        if unvoided.is_some() {
            self.observer.unrecorded(&attempt);
        }
        SubmitError::NotSent {
            attempt: Box::new(attempt),
            reason,
            unvoided,
        }
    }

    /// Publishes the results file anew if somebody has changed, moved or deleted it.
    async fn restore_results(&mut self) -> Result<(), Ended> {
        let Records { ledger, results } = &mut self.records;
        let failed = |error: PublishError| Ended::Failed(error.into());
        let is_intact = results.is_intact().map_err(PublishError::Results);
        if is_intact.map_err(failed)? {
            return Ok(());
        }
        let attempts = ledger.attempts_of(self.order.around.batch).await;
        let attempts = attempts.map_err(PublishError::Ledger).map_err(failed)?;
        let kept = publish(ledger, results, (&attempts, &[]), self.world.clock.now()).await;
        if let Some(name) = kept.map_err(failed)? {
            self.observer.changed_kept(&name);
        }
        Ok(())
    }

    /// Lets no request of the key start before this long from now.
    async fn hold(&mut self, wait: Duration) -> Result<(), Ended> {
        self.pacer.hold(wait);
        let held = self.records.ledger.hold(self.order.pace, wait).await;
        held.map_err(|error| Ended::Failed(SubmitError::NotClaimed(error)))
    }

    /// Waits until a connection can be made. Nothing is claimed, sent or recorded meanwhile.
    async fn await_connection(&mut self, payout: &Payout) -> Result<(), Ended> {
        let since = Instant::now();
        let mut tries = 0;
        while let Some(wait) = reconnect_wait(tries, since.elapsed(), self.order.patience) {
            tries = tries.saturating_add(1);
            let next_try = Instant::now().checked_add(wait).unwrap_or(since);
            self.observer.awaiting_connection(payout, since, next_try);
            let reached = async {
                sleep(wait).await;
                self.world.gateway.reach().await
            };
            let reached = tokio::select! {
                biased;
                () = self.world.stop.raised() => return Err(Ended::Stopped),
                reached = reached => reached,
            };
            if reached.is_ok() {
                return Ok(());
            }
        }
        Err(Ended::Halted(Halt::PatienceOver))
    }
}

/// Whether the results file has a line of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    Untouched,
    Begun,
}

/// What a row is after an attempt.
fn state_after(attempt: Attempt) -> RowState<Attempt> {
    match attempt.status() {
        AttemptStatus::Created => RowState::Created(attempt),
        AttemptStatus::Rejected => RowState::Rejected(attempt),
        AttemptStatus::Submitting | AttemptStatus::Unknown => RowState::InDoubt(attempt),
        AttemptStatus::NotCreated => RowState::Pending {
            last: Some(attempt),
            repeats: None,
        },
    }
}
