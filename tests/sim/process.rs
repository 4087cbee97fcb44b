//! A process from its start to its end, whichever end that is: `ccbatch run` and `ccbatch resolve`,
//! with the simulated files, ledger, API and clock under them.

use crate::api::Wire;
use crate::disk::SimFile;
use crate::engine::{Connection, Database};
use crate::world::{Process, World};
use ccbatch::domain::{HaltPolicy, Payout};
use ccbatch::ledger::attempt::Repetition;
use ccbatch::ledger::rules::{RefusalReason, RejectedPolicy, RowState};
use ccbatch::ledger::{
    Attempt, AttemptId, BatchPath, Ledger, LedgerError, Realm, References, ResolveError, Who,
    is_open_to_a_verdict,
};
use ccbatch::payout::open::{self, Notice, OpenError, Opened};
use ccbatch::payout::pacer::{API_INTERVAL, Clock};
use ccbatch::payout::plan::{Closed, Selection};
use ccbatch::payout::publish::publish;
use ccbatch::payout::results::Results;
use ccbatch::payout::run::{self, Agreed, Operator, Prospect, RunError};
use ccbatch::payout::stop::Stop;
use ccbatch::payout::submit::{Observer, Records, Submission};
use ccbatch::secret::ApiKey;
use chrono::TimeDelta;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// The host that is paid through.
const API: &str = "api.cryptocloud.plus";

/// `resolve --not-created` waits so long: a request may still be on its way.
const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(10);

/// The flags of `ccbatch run`.
#[derive(Clone, Debug)]
pub(crate) struct Flags {
    pub(crate) halt: HaltPolicy,
    pub(crate) rejected: RejectedPolicy,
    pub(crate) references: Option<References>,
    pub(crate) limit: Option<u64>,
    pub(crate) repetition: Repetition,
}

/// How a process ended.
#[derive(Debug)]
#[expect(
    dead_code,
    reason = "what is inside is for the story, which takes it from Debug"
)]
pub(crate) enum End {
    /// There is no input.
    NoInput,
    /// Because another process is at work.
    LockedOut,
    /// The batch could not be opened.
    NotOpened(OpenError),
    /// A record could not be read or written, before anything was sent.
    Failed(String),
    /// Something about the rows keeps all of them from being sent.
    Refused(Refused),
    /// All of it was paid long ago or by another batch.
    Closed,
    /// Because of a payout in doubt.
    Held,
    /// With nothing to submit.
    Idle,
    /// There was something to submit.
    Submitted(Submission),
    /// The verdict is on record.
    Settled,
    /// The verdict came too early, or was not wanted any more.
    NotSettled,
    /// Without a word.
    Died,
}

/// What keeps a plan from being carried out.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    pub(crate) rows: Vec<(Payout, RefusalReason, Attempt)>,
    pub(crate) missing: Vec<Attempt>,
}

impl From<OpenError> for End {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Held(_) => Self::LockedOut,
            other => Self::NotOpened(other),
        }
    }
}

impl From<LedgerError> for End {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Where the results file of a place is, for a machine.
pub(crate) fn path_of(process: &Process) -> BatchPath {
    BatchPath {
        host: format!("host{}", process.home),
        path: format!("/{}", process.place),
    }
}

/// The lock of an input; it ends with the process.
struct InputLock<'w>(&'w World, usize);

impl<'w> InputLock<'w> {
    fn take(process: &'w Process) -> Option<Self> {
        let mut place = process.world.places[process.place].borrow_mut();
        let is_locked = place
            .locked_by
            .is_some_and(|(home, _)| home == process.home || process.world.locks_reach_far.get());
        if is_locked {
            return None;
        }
        place.locked_by = Some((process.home, process.number));
        Some(Self(&process.world, process.place))
    }
}

impl Drop for InputLock<'_> {
    fn drop(&mut self) {
        self.0.places[self.1].borrow_mut().locked_by = None;
    }
}

async fn connect(process: &Rc<Process>) -> Result<(Ledger<Connection>, Rc<Database>), End> {
    let database = process.world.home(process.home);
    let who = Who {
        host: format!("host{}", process.home),
        user: "operator".to_owned(),
        pid: u32::try_from(process.number).unwrap(),
    };
    let connection = Connection::new(&database, Some(process));
    let ledger = Ledger::existing(connection, who).await?;
    Ok((ledger, database))
}

/// `ccbatch run`
pub(crate) async fn run(process: &Rc<Process>, flags: &Flags) -> End {
    until_death(process, async {
        match try_run(process, flags).await {
            Ok(end) | Err(end) => end,
        }
    })
    .await
}

async fn try_run(process: &Rc<Process>, flags: &Flags) -> Result<End, End> {
    let world = &process.world;
    let Some(_lock) = InputLock::take(process) else {
        return Ok(End::LockedOut);
    };
    let payouts = world.places[process.place].borrow().input.clone();
    let payouts = payouts.ok_or(End::NoInput)?;
    process.tell(|| {
        format!(
            "run at home {}, place {}: {flags:?}\n{payouts:#?}",
            process.home, process.place
        )
    });
    let (mut ledger, database) = connect(process).await?;
    let mut results = Results::new(SimFile::new(process, &database));
    let path = path_of(process);
    let request = run::Request {
        payouts: &payouts,
        realm: Realm::Live,
        host: API,
        path: &path,
        references: flags.references,
        repetition: flags.repetition,
        rejected: flags.rejected,
        selection: Selection {
            only: None,
            limit: flags.limit,
        },
        halt: flags.halt,
        patience: Duration::from_secs(60),
        interval: API_INTERVAL,
    };
    let stop = Stop::default();
    let mut desk = Desk {
        process,
        database: &database,
        flags,
        stop: &stop,
        end: None,
    };
    let records = Records {
        ledger: &mut ledger,
        results: &mut results,
    };
    let mut watcher = Watcher { process };
    let mut knowledge = None;
    let ended = run::run(
        &request,
        records,
        (&**world, &stop),
        (&mut desk, &mut watcher),
        &mut knowledge,
    )
    .await;
    match (ended, desk.end) {
        (Ok(report), None) => Ok(End::Submitted(report.submission.unwrap())),
        (Ok(_), Some(end)) => Ok(end),
        (Err(RunError::Open(error)), _) => Err(error.into()),
        (Err(error), _) => Err(End::Failed(error.to_string())),
    }
}

/// The operator at the terminal, who does what the program does by itself with `--yes`.
struct Desk<'d> {
    process: &'d Rc<Process>,
    database: &'d Rc<Database>,
    flags: &'d Flags,
    stop: &'d Stop,
    end: Option<End>,
}

impl Desk<'_> {
    fn why_not(&self, prospect: &Prospect<'_>) -> Option<End> {
        let plan = prospect.plan;
        if let Some(Closed::AllPaid(_)) = plan.closed {
            return Some(End::Closed);
        }
        if plan.is_refused() || plan.closed.is_some() {
            return Some(End::Refused(refused(prospect)));
        }
        if self.flags.halt.is_held_by(&plan.counts()) {
            return Some(End::Held);
        }
        plan.steps.is_empty().then_some(End::Idle)
    }
}

fn refused(prospect: &Prospect<'_>) -> Refused {
    let plan = prospect.plan;
    let refused = plan.refused().into_iter().map(|(place, refusal)| {
        let payout = prospect.payouts.payout(place).unwrap();
        (payout, refusal.reason, refusal.attempt.clone())
    });
    Refused {
        rows: refused.collect(),
        missing: plan.missing.iter().map(|it| (*it).clone()).collect(),
    }
}

impl Operator<Wire> for Desk<'_> {
    type Error = String;

    async fn agree(&mut self, prospect: &Prospect<'_>) -> Result<Option<Agreed<Wire>>, String> {
        self.end = self.why_not(prospect);
        if self.end.is_some() {
            return Ok(None);
        }
        self.process.step().await; // The question is answered.
        let gateway = Wire {
            process: Rc::clone(self.process),
            database: Rc::clone(self.database),
            stop: self.stop.clone(),
        };
        let key = ApiKey::new("key").map_err(|error| error.to_string())?;
        Ok(Some(Agreed { gateway, key }))
    }

    fn opened(&mut self, opened: &Opened) {
        self.process.is_opening.set(false);
        for notice in &opened.notices {
            if let Notice::Adopted(count) = notice {
                let figures = &mut *self.process.world.figures.borrow_mut();
                figures.adopted += u64::try_from(*count).unwrap();
            }
        }
        self.process
            .tell(|| format!("opened {:?}: {:?}", opened.record.id, opened.notices));
    }
}

/// `ccbatch resolve --id`, with what the operator has found in the dashboard.
pub(crate) async fn resolve(process: &Rc<Process>, id: &AttemptId, is_careless: bool) -> End {
    until_death(process, async {
        match try_resolve(process, id, is_careless).await {
            Ok(end) | Err(end) => end,
        }
    })
    .await
}

async fn try_resolve(process: &Rc<Process>, id: &AttemptId, is_careless: bool) -> Result<End, End> {
    let world = &process.world;
    let (mut ledger, database) = connect(process).await?;
    let attempt = ledger.attempt(id).await?.ok_or(End::NotSettled)?;
    let has_file = world.places[process.place].borrow().results.is_some();
    let paths = ledger.paths_of([attempt.batch]).await?;
    let path = path_of(process);
    let mut results = Results::new(SimFile::new(process, &database));
    let is_here = has_file && paths.get(&attempt.batch) == Some(&path);
    if is_here {
        let wanted = open::Wanted {
            realm: Realm::Live,
            host: None,
            path: &path,
            references: None,
            payouts: &[],
        };
        open::open(&mut ledger, &mut results, &wanted).await?;
    } else {
        if !ledger.lock(&attempt.batch).await? {
            return Ok(End::LockedOut);
        }
        ledger.settle_interrupted(&attempt.batch).await?;
    }
    process.is_opening.set(false);
    let attempt = ledger.attempt(id).await?.ok_or(End::NotSettled)?;
    if !is_open_to_a_verdict(&attempt) || attempt.resolved.is_some() {
        return Ok(End::NotSettled);
    }
    let mut found = world.look_up(id);
    let age = world.now().signed_duration_since(attempt.started_at);
    if is_careless && found.take().is_some() {
        world.count(|it| &mut it.wrong_verdicts);
        world.misled.borrow_mut().insert(attempt.payee.clone());
    } else if found.is_none() && age < SETTLED_AFTER {
        return Ok(End::NotSettled);
    }
    process.tell(|| format!("resolve {id}: {found:?}"));
    match ledger.resolve(&attempt, found.as_deref()).await {
        Ok(_) => {}
        Err(ResolveError::Ledger(error)) => return Err(error.into()),
        Err(other) => return Err(End::Failed(other.to_string())),
    }
    world.count(|it| &mut it.doubts);
    if is_here {
        let attempts = ledger.attempts_of(&attempt.batch).await?;
        let published = publish(&mut ledger, &mut results, (&attempts, &[]), world.now()).await;
        published.map_err(|error| End::Failed(format!("{error:?}")))?;
    }
    Ok(End::Settled)
}

/// Lives a process up to its end, or to the step at which it dies.
async fn until_death(process: &Process, life: impl Future<Output = End>) -> End {
    let mut life = pin!(life);
    std::future::poll_fn(|context| {
        let end = life.as_mut().poll(context);
        if process.is_dead() {
            Poll::Ready(End::Died)
        } else {
            end
        }
    })
    .await
}

/// Watches a run for what must be true of it at any time.
struct Watcher<'w> {
    process: &'w Process,
}

impl Observer for Watcher<'_> {
    fn planned(&mut self, _: usize) {}
    fn waiting(&mut self, _: &Payout, _: Instant, _: Option<&str>) {}
    fn awaiting_connection(&mut self, _: &Payout, _: Instant, _: Instant) {}
    fn submitting(&mut self, _: &Payout) {}
    fn unrecorded(&mut self, _: &Attempt) {}
    fn changed_kept(&mut self, _: &str) {}

    fn awaiting_other_run(&mut self, payout: &Payout, _: &Attempt) {
        self.process.world.count(|it| &mut it.waited_for);
        self.process
            .tell(|| format!("waits for another run with {payout:?}"));
    }

    fn settled_elsewhere(&mut self, payout: &Payout, state: &RowState<Attempt>) {
        self.process
            .tell(|| format!("{payout:?} is settled elsewhere: {state:?}"));
    }

    /// The outcome is in the ledger before anything on the screen moves.
    fn finished(&mut self, payout: &Payout, attempt: &Attempt) {
        self.process
            .tell(|| format!("{payout:?} is finished as {}", attempt.status()));
    }
}
