//! The loop over a file in memory, a gateway that follows a script and a clock that waits for
//! nobody: when each request leaves, and that none leaves without its intent.

use super::super::journal::tests::{Log, Memory, created, outcome, payout};
use super::super::plan::RejectedPolicy;
use super::super::results::{Ending, HEADER, Intent, fold, parse};
use super::*;
use crate::domain::{Batch, Cause, HaltPolicy, Payout, Totals, Verdict};
use crate::payout::pacer::step;
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(12);

/// An answer within the second in which its request arrives.
const FAST: Duration = Duration::from_millis(300);

/// An answer long after that.
const SLOW: Duration = Duration::from_secs(5);

/// A time of day that goes with tokio's paused clock.
struct PausedClock {
    start: Instant,
}

impl Clock for PausedClock {
    fn now(&self) -> DateTime<Utc> {
        noon() + TimeDelta::from_std(self.start.elapsed()).unwrap()
    }
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_348_800_000).unwrap()
}

/// Answers each request after a while, in the order of its script, and `created` after that.
struct Scripted {
    script: RefCell<VecDeque<(Duration, Outcome)>>,
    log: Log,
    start: Instant,
    /// When each request left, in milliseconds.
    left: RefCell<Vec<u128>>,
    /// Asked for while the request of this number, counted from 0, is in flight.
    stop_at: Option<(usize, Stop)>,
}

impl Gateway for Scripted {
    async fn submit(&self, _payout: &Payout) -> Outcome {
        self.log.borrow_mut().push("send");
        let number = self.left.borrow().len();
        self.left
            .borrow_mut()
            .push(self.start.elapsed().as_millis());
        if let Some((_, stop)) = self.stop_at.as_ref().filter(|(at, _)| *at == number) {
            stop.raise();
        }
        let next = self.script.borrow_mut().pop_front();
        let (after, outcome) = next.unwrap_or((Duration::ZERO, created()));
        tokio::time::sleep(after).await;
        outcome
    }
}

/// Looks on.
struct Silent;

impl Observer for Silent {
    fn waiting(&mut self, _step: &Step<'_>, _ready_at: Instant) {}
    fn submitting(&mut self, _step: &Step<'_>) {}
    fn finished(&mut self, _step: &Step<'_>, _attempt: &Attempt) {}
}

/// A run over a results file, at noon.
struct Trial {
    memory: Memory,
    payouts: u64,
    policy: HaltPolicy,
    script: Vec<(Duration, Outcome)>,
    stop: Stop,
    stop_at: Option<usize>,
}

/// How a trial ended, and when each request left, in milliseconds after its start.
struct Ran {
    ended: Ended,
    left: Vec<u128>,
    states: Vec<State>,
}

impl Trial {
    fn new(payouts: u64, script: Vec<(Duration, Outcome)>) -> Self {
        Self {
            memory: Memory::new(HEADER.as_bytes()),
            payouts,
            policy: HaltPolicy::Careful,
            script,
            stop: Stop::default(),
            stop_at: None,
        }
    }

    fn after(self, record: &str) -> Self {
        Self {
            memory: Memory::new((HEADER.to_owned() + record).as_bytes()),
            ..self
        }
    }

    fn keep_going(self) -> Self {
        Self {
            policy: HaltPolicy::KeepGoing,
            ..self
        }
    }

    async fn run(self) -> Ran {
        let batch = Batch {
            payouts: (2..)
                .take(usize::try_from(self.payouts).unwrap())
                .map(payout)
                .collect(),
            totals: Totals::default(),
        };
        let record = parse(&self.memory.bytes.borrow()).unwrap();
        let standings = fold(&record, &batch, None).unwrap();
        let plan = Plan::new(&batch, &standings, RejectedPolicy::Leave, None);
        let clock = PausedClock {
            start: Instant::now(),
        };
        let mut pacer = Pacer::new(INTERVAL, record.latest_arrival(noon()), noon());
        let gateway = Scripted {
            script: RefCell::new(self.script.into()),
            log: self.memory.log.clone(),
            start: clock.start,
            left: RefCell::default(),
            stop_at: self.stop_at.map(|at| (at, self.stop.clone())),
        };
        let world = World {
            gateway: &gateway,
            clock: &clock,
            stop: &self.stop,
        };
        let submission = match Journal::resume(self.memory, &record, "sandbox", noon()) {
            Err(error) => Submission {
                ended: Ended::Failed(error),
                standings,
            },
            Ok(mut journal) => {
                let mut tally = HaltCheck::new(self.policy, INTERVAL);
                submit(
                    &plan,
                    standings,
                    &mut journal,
                    &mut pacer,
                    &mut tally,
                    &world,
                    &mut Silent,
                )
                .await
            }
        };
        Ran {
            ended: submission.ended,
            left: gateway.left.take(),
            states: submission
                .standings
                .iter()
                .map(|standing| standing.state)
                .collect(),
        }
    }
}

fn limited(retry_after: Option<u64>) -> Outcome {
    let retry_after = retry_after.map(Duration::from_secs);
    outcome(Verdict::NotCreated(Cause::RateLimited { retry_after }))
}

#[tokio::test(start_paused = true)]
async fn after_a_fast_answer_the_interval_runs_from_its_end() {
    let ran = Trial::new(4, vec![(FAST, created()); 4]).run().await;
    assert!(matches!(ran.ended, Ended::Finished));
    assert_eq!(ran.left, [0, 12_360, 24_720, 37_080]);
    assert_eq!(ran.states, [State::Created; 4]);
}

#[tokio::test(start_paused = true)]
async fn after_a_slow_answer_it_runs_from_a_second_after_the_start() {
    let ran = Trial::new(3, vec![(SLOW, created()); 3]).run().await;
    assert_eq!(ran.left, [0, 13_060, 26_120]);
    let rejected = outcome(Verdict::Rejected);
    let ran = Trial::new(3, vec![(SLOW, rejected), (SLOW * 6, created())])
        .run()
        .await;
    assert_eq!(ran.left, [0, 13_060, 43_060], "and never before the answer");
}

#[tokio::test(start_paused = true)]
async fn after_an_unknown_outcome_it_runs_from_the_end() {
    let unknown = outcome(Verdict::Unknown);
    let trial = Trial::new(3, vec![(SLOW, unknown), (FAST, created())]);
    let ran = trial.keep_going().run().await;
    assert_eq!(ran.left, [0, 17_060, 29_420]);
    assert_eq!(ran.states, [State::InDoubt, State::Created, State::Created]);
}

#[tokio::test(start_paused = true)]
async fn rate_limits_are_waited_for_12_24_and_48_seconds() {
    let ran = Trial::new(2, vec![(Duration::ZERO, limited(None)); 3])
        .run()
        .await;
    assert!(matches!(ran.ended, Ended::Finished));
    assert_eq!(ran.left, [0, 12_060, 36_060, 84_060, 96_120]);
    let ran = Trial::new(2, vec![(FAST, limited(None)); 4]).run().await;
    assert!(matches!(ran.ended, Ended::Halted(Halt::RateLimited)));
    assert_eq!(ran.left, [0, 12_360, 36_660, 84_960]);
    assert_eq!(ran.states, [State::NotCreated, State::Pending]);
}

#[tokio::test(start_paused = true)]
async fn what_the_api_asks_for_is_waited_and_the_interval_at_least() {
    let script = vec![(FAST, limited(Some(30))), (FAST, limited(Some(1)))];
    let ran = Trial::new(1, script).run().await;
    assert_eq!(ran.left, [0, 30_300, 42_660]);
}

#[tokio::test(start_paused = true)]
async fn failed_connections_are_tried_again_after_growing_waits() {
    let failed = outcome(Verdict::NotCreated(Cause::ConnectFailed));
    let ran = Trial::new(2, vec![(Duration::ZERO, failed); 4]).run().await;
    assert!(matches!(ran.ended, Ended::Halted(Halt::ConnectFailed)));
    assert_eq!(ran.left, [0, 14_000, 30_000, 50_000]);
}

/// A line of the results file for the payout of line 2, by milliseconds before noon.
fn line(outcome: &Outcome, started: i64, finished: i64) -> Attempt {
    let ago = |millis| noon() - TimeDelta::milliseconds(millis);
    Attempt {
        intent: Intent::new(&payout(2), 1, "sandbox", ago(started)),
        ending: Ending::new(outcome, ago(finished)),
    }
}

#[tokio::test(start_paused = true)]
async fn the_pace_is_kept_across_a_restart() {
    let unknown = outcome(Verdict::Unknown);
    let half = line(&created(), 4_000, 0).intent.encode();
    let verdict = Attempt {
        ending: Ending::verdict(None, noon()),
        ..line(&unknown, 9_000, 6_000)
    };
    let settled = line(&unknown, 9_000, 6_000).encode() + &verdict.encode();
    for (record, first) in [
        (String::new(), 0),
        (line(&created(), 3_300, 3_000).encode(), 9_060),
        (line(&created(), 9_000, 1_000).encode(), 4_060),
        (line(&limited(None), 9_000, 1_000).encode(), 4_060),
        (line(&unknown, 9_000, 1_000).encode(), 11_060),
        (line(&created(), 60_000, 59_000).encode(), 0),
        // When its request left, and whether, nobody knows any more.
        (half, 12_060),
        // An operator's verdict is no request.
        (settled, 6_060),
        // The clock was set back.
        (line(&created(), -60_000, -61_000).encode(), 12_060),
    ] {
        let trial = Trial::new(2, Vec::new()).after(&record).keep_going();
        let ran = trial.run().await;
        assert_eq!(ran.left.first(), Some(&first), "{record}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_waiting_sends_nothing_more() {
    let trial = Trial::new(3, Vec::new());
    let stop = trial.stop.clone();
    let (ran, ()) = tokio::join!(trial.run(), async {
        tokio::time::sleep(step(INTERVAL) + FAST).await;
        stop.raise();
    });
    assert!(matches!(ran.ended, Ended::Stopped));
    assert_eq!(ran.left, [0, 12_060]);
    assert_eq!(ran.states, [State::Created, State::Created, State::Pending]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_flight_lets_the_payout_be_recorded() {
    let trial = Trial {
        stop_at: Some(1),
        ..Trial::new(3, vec![(SLOW, created()); 2])
    };
    let ran = trial.run().await;
    assert!(matches!(ran.ended, Ended::Stopped));
    assert_eq!(ran.left.len(), 2);
    assert_eq!(ran.states, [State::Created, State::Created, State::Pending]);
}

/// Nothing is sent but right behind an intent that was verified, written and synced, and nothing
/// at all after a failure.
fn assert_sent_by_the_rules(log: &[&str]) {
    for (at, _) in log
        .iter()
        .enumerate()
        .filter(|(_, event)| **event == "send")
    {
        let before = &log[..at];
        assert!(before.ends_with(&["verify", "append", "sync"]), "{log:?}");
        assert!(!before.contains(&"failed"), "{log:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_failure_of_the_file_lets_a_request_leave_without_its_intent() {
    let trial = || Trial::new(3, vec![(FAST, created()), (FAST, limited(None))]);
    let flawless = trial();
    let memory = flawless.memory.clone();
    assert!(matches!(flawless.run().await.ended, Ended::Finished));
    assert_sent_by_the_rules(&memory.log.borrow());
    for call in 0..memory.calls() {
        let memory = Memory::new(HEADER.as_bytes()).failing_at(call);
        let trial = Trial {
            memory: memory.clone(),
            ..trial()
        };
        let ran = trial.run().await;
        assert!(matches!(ran.ended, Ended::Failed(_)), "{call}");
        assert_sent_by_the_rules(&memory.log.borrow());
        assert_eq!(memory.log.borrow().last(), Some(&"failed"), "{call}");
        assert_nothing_is_lost(&memory.bytes.borrow(), &ran, call);
    }
}

/// What was sent is whole in the file, or in doubt there.
fn assert_nothing_is_lost(bytes: &[u8], ran: &Ran, call: usize) {
    let record = parse(bytes).unwrap();
    let begun = record.attempts.len() + usize::from(record.tail.intent().is_some());
    assert!(begun >= ran.left.len(), "{call}");
    let recorded = record.attempts.len();
    assert!(recorded + 1 >= ran.left.len(), "{call}");
    if let Ended::Failed(JournalError::Ending { attempt, .. }) = &ran.ended {
        assert_eq!(
            ran.states
                .get(usize::try_from(attempt.intent.line - 2).unwrap()),
            Some(&State::InDoubt)
        );
    }
}
