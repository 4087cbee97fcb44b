//! A session is one process, from its start to its end, whichever end that is: the stages of
//! `ccbatch run` and `ccbatch resolve`, with the simulated file, API and clock under them.

use crate::api::Wire;
use crate::file::{Lock, OpenError, SimFile};
use crate::plant::Plant;
use crate::world::World;
use ccbatch::domain::{Batch, HaltCheck, HaltPolicy, Standing, State, StateCounts};
use ccbatch::payout::journal::{Journal, JournalError};
use ccbatch::payout::pacer::{API_INTERVAL, Clock, Pacer};
use ccbatch::payout::plan::{Plan, RejectedPolicy, Step};
use ccbatch::payout::results::{self, Attempt, Ending, Mismatch, Record, Tail};
use ccbatch::payout::stop::Stop;
use ccbatch::payout::submit::{self, Ended, Observer, Submission, submit};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

pub(crate) const INTERVAL: Duration = API_INTERVAL;

/// The host that is paid through.
pub(crate) const API: &str = "api.cryptocloud.plus";

/// The flags of `ccbatch run`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags {
    pub(crate) halt: HaltPolicy,
    pub(crate) rejected: RejectedPolicy,
    pub(crate) limit: Option<u64>,
}

/// How a session ended.
#[derive(Debug)]
#[expect(
    dead_code,
    reason = "what is inside is for the story, which takes it from Debug"
)]
pub(crate) enum End {
    /// With nothing to submit.
    Idle,
    /// Because of a payout in doubt.
    Held,
    /// Because another process is at work.
    LockedOut,
    /// The disk did not let the file be opened.
    Unreadable(OpenError),
    /// The results file does not fit the batch.
    Refused(Mismatch),
    /// The journal could not be made ready, or took no verdict.
    Failed(JournalError),
    /// There was something to submit.
    Submitted(Submission),
    /// The verdict is on the file.
    Settled,
    /// Without a word.
    Died,
}

impl From<OpenError> for End {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Locked => Self::LockedOut,
            io => Self::Unreadable(io),
        }
    }
}

impl From<Mismatch> for End {
    fn from(mismatch: Mismatch) -> Self {
        Self::Refused(mismatch)
    }
}

impl From<JournalError> for End {
    fn from(error: JournalError) -> Self {
        Self::Failed(error)
    }
}

/// `ccbatch run`
pub(crate) async fn run(world: &Rc<World>, batch: &Batch, flags: Flags) -> End {
    until_death(world, async {
        match try_run(world, batch, flags).await {
            Ok(end) | Err(end) => end,
        }
    })
    .await
}

async fn try_run(world: &Rc<World>, batch: &Batch, flags: Flags) -> Result<End, End> {
    let _lock = Lock::take(&world.input_lock).ok_or(End::LockedOut)?;
    let (file, mut record) = open(world)?;
    if world.plant == Plant::HalfLineIgnored && record.tail != Tail::Nothing {
        record.tail = Tail::Fragment;
    }
    let mut standings = results::fold(&record, batch, Some(API))?;
    if world.plant == Plant::DoubtSentAgain {
        forget_doubts(&mut standings);
    }
    if flags.halt.is_held_by(&StateCounts::of(&standings)) {
        return Ok(End::Held);
    }
    let plan = Plan::new(batch, &standings, flags.rejected, flags.limit);
    let mut pacer = Pacer::new(INTERVAL, record.latest_arrival(world.now()), world.now());
    if plan.steps.is_empty() {
        return Ok(End::Idle);
    }
    let mut journal = match file {
        None => Journal::create(SimFile::create(world)?, API)?,
        Some(file) => Journal::resume(file, &record, API, world.now())?,
    };
    let mut tally = HaltCheck::new(flags.halt, INTERVAL);
    let stop = Stop::default();
    let gateway = Wire { world, stop: &stop };
    let outside = submit::World {
        gateway: &gateway,
        clock: &**world,
        stop: &stop,
    };
    let mut watcher = Watcher { world };
    let submission = submit(
        &plan,
        standings,
        &mut journal,
        &mut pacer,
        &mut tally,
        &outside,
        &mut watcher,
    )
    .await;
    Ok(End::Submitted(submission))
}

/// `ccbatch resolve`, with the id that the operator has found, or none.
pub(crate) async fn resolve(
    world: &Rc<World>,
    batch: &Batch,
    line: u64,
    invoice_id: Option<&str>,
) -> End {
    until_death(world, async {
        match try_resolve(world, batch, line, invoice_id) {
            Ok(()) => End::Settled,
            Err(end) => end,
        }
    })
    .await
}

fn try_resolve(
    world: &Rc<World>,
    batch: &Batch,
    line: u64,
    invoice_id: Option<&str>,
) -> Result<(), End> {
    let _lock = Lock::take(&world.input_lock).ok_or(End::LockedOut)?;
    let (file, record) = open(world)?;
    let standings = results::fold(&record, batch, None)?;
    let place = batch.payouts.iter().position(|payout| payout.line == line);
    assert_eq!(standings[place.unwrap()].state, State::InDoubt);
    let intent = record.latest_intent(line).unwrap().clone();
    let file = file.expect("the file with the doubt");
    let mut journal = Journal::resume(file, &record, &intent.api, world.now())?;
    let ending = Ending::verdict(invoice_id, world.now());
    journal.resolve(Attempt { intent, ending })?;
    Ok(())
}

fn open(world: &Rc<World>) -> Result<(Option<SimFile>, Record), End> {
    let Some(mut file) = SimFile::open(world)? else {
        return Ok((None, Record::default()));
    };
    let bytes = file.read().map_err(OpenError::Io)?;
    let record = results::parse(&bytes)?;
    Ok((Some(file), record))
}

/// For [`Plant::DoubtSentAgain`].
fn forget_doubts(standings: &mut [Standing]) {
    for standing in standings {
        if standing.state == State::InDoubt {
            standing.state = State::NotCreated;
        }
    }
}

/// Lives a process up to its end, or to the step at which it dies.
async fn until_death(world: &World, process: impl Future<Output = End>) -> End {
    let mut process = pin!(process);
    std::future::poll_fn(|context| {
        let end = process.as_mut().poll(context);
        if world.is_dead() {
            Poll::Ready(End::Died)
        } else {
            end
        }
    })
    .await
}

/// Watches a run for what must be true of it at any time.
struct Watcher<'w> {
    world: &'w World,
}

impl Observer for Watcher<'_> {
    fn waiting(&mut self, _: &Step<'_>, _: Instant) {}

    fn submitting(&mut self, step: &Step<'_>) {
        self.world
            .tell(|| format!("line {} is submitted", step.payout.line));
    }

    /// The outcome is on disk before anything on the screen moves.
    fn finished(&mut self, step: &Step<'_>, attempt: &Attempt) {
        if !self
            .world
            .disk
            .borrow()
            .is_durable(attempt.encode().as_bytes())
        {
            let line = step.payout.line;
            self.world.violate(format!(
                "the ending of line {line} was shown before it was durable"
            ));
        }
    }
}

/// What is shown of a run that could not record an ending.
pub(crate) fn shown(end: &End) -> Option<&Attempt> {
    match end {
        End::Submitted(Submission {
            ended: Ended::Failed(JournalError::Ending { attempt, .. }),
            ..
        }) => Some(attempt),
        _ => None,
    }
}
