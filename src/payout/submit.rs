//! Submitting is the only place where money moves: one payout after another, each begun in the
//! journal before its request leaves and finished in it before anything else happens.

use super::gateway::Gateway;
use super::journal::{Journal, JournalError, Storage};
use super::pacer::{Clock, Pacer};
use super::plan::{Plan, Step};
use super::results::Attempt;
use super::stop::Stop;
use crate::domain::{Halt, HaltCheck, Next, Outcome, Standing, State};
use tokio::time::Instant;

/// Watches a run. What it does must not fail: the run goes on whatever becomes of the screen.
pub trait Observer {
    /// The next payout waits for its turn.
    fn waiting(&mut self, step: &Step<'_>, ready_at: Instant);
    /// The request is about to leave.
    fn submitting(&mut self, step: &Step<'_>);
    /// The outcome is on disk.
    fn finished(&mut self, step: &Step<'_>, attempt: &Attempt);
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

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Every step of the plan was submitted.
    Finished,
    /// A stop was asked for.
    Stopped,
    /// The outcomes said so.
    Halted(Halt),
    /// The results file could not be written.
    Failed(JournalError),
}

/// What a run came to.
#[derive(Debug)]
pub struct Submission {
    /// How it ended.
    pub ended: Ended,
    /// Where every payout of the batch stands now.
    pub standings: Vec<Standing>,
}

/// Submits the payouts of a plan.
pub async fn submit<G: Gateway, S: Storage, C: Clock>(
    plan: &Plan<'_>,
    mut standings: Vec<Standing>,
    journal: &mut Journal<S>,
    pacer: &mut Pacer,
    tally: &mut HaltCheck,
    world: &World<'_, G, C>,
    observer: &mut impl Observer,
) -> Submission {
    let mut ended = Ended::Finished;
    'plan: for step in &plan.steps {
        loop {
            observer.waiting(step, pacer.ready_at());
            pacer.wait(world.stop).await;
            if world.stop.is_raised() {
                ended = Ended::Stopped;
                break 'plan;
            }
            let standing = &mut standings[step.index];
            let outcome = match attempt(step, standing, journal, pacer, world, observer).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    ended = Ended::Failed(error);
                    break 'plan;
                }
            };
            match tally.count(&outcome) {
                Next::Payout => break,
                Next::Again(wait) => pacer.hold(wait),
                Next::AwaitConnection => {
                    ended = Ended::Halted(Halt::ConnectFailed);
                    break 'plan;
                }
                Next::Halt(halt) => {
                    ended = Ended::Halted(halt);
                    break 'plan;
                }
            }
        }
    }
    Submission { ended, standings }
}

/// Submits one payout once.
async fn attempt<G: Gateway, S: Storage, C: Clock>(
    step: &Step<'_>,
    standing: &mut Standing,
    journal: &mut Journal<S>,
    pacer: &mut Pacer,
    world: &World<'_, G, C>,
    observer: &mut impl Observer,
) -> Result<Outcome, JournalError> {
    let attempt = standing.attempts.saturating_add(1);
    let _flight = world.stop.flight();
    journal.begin(step.payout, attempt, world.clock.now())?;
    observer.submitting(step);
    let started = Instant::now();
    let outcome = world.gateway.submit(step.payout).await;
    pacer.count(started, &outcome);
    match journal.finish(&outcome, world.clock.now()) {
        Ok(recorded) => {
            *standing = recorded.standing();
            observer.finished(step, &recorded);
            Ok(outcome)
        }
        Err(error) => {
            standing.state = State::InDoubt;
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests;
