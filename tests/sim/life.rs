//! A life is one batch from the first run to the last, with all that can come between.

use crate::check::{self, Misled};
use crate::operator;
use crate::plant::Plant;
use crate::session::{self, End, Flags};
use crate::world::{Figures, Told, World};
use ccbatch::domain::{Batch, HaltPolicy, Payout, Standing, State};
use ccbatch::payout::plan::RejectedPolicy;
use ccbatch::payout::results::{Mismatch, Reason};
use std::rc::Rc;
use std::time::Duration;

/// As many crashes as issue 4 asks for.
const MAX_CRASHES: usize = 3;

/// More processes than any batch needs that has no bad luck any more.
const MAX_CALM_SESSIONS: usize = 40;

/// A process of a few rows takes about twice as many steps.
const MAX_STEPS_TO_CRASH: usize = 24;

/// A life that broke a promise.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) seed: u64,
    pub(crate) violations: Vec<String>,
    pub(crate) story: String,
}

/// Lives the life of a seed, in the time of a paused runtime.
pub(crate) fn live(
    runtime: &tokio::runtime::Runtime,
    seed: u64,
    plant: Plant,
    told: Told,
) -> Result<Figures, Broken> {
    runtime.block_on(async {
        let world = World::new(seed, plant, told);
        let batch = operator::new_batch(&mut world.rng.borrow_mut());
        let is_careless = world.one_in(16);
        let mut life = Life {
            world: Rc::clone(&world),
            batch,
            misled: Misled::new(),
            is_careless,
            crashes_left: MAX_CRASHES,
            mended_on_sand: Vec::new(),
        };
        life.live().await;
        let violations = world.violations();
        if violations.is_empty() {
            Ok(*world.figures.borrow())
        } else {
            Err(Broken {
                seed,
                violations,
                story: world.story(),
            })
        }
    })
}

struct Life {
    world: Rc<World>,
    batch: Batch,
    misled: Misled,
    is_careless: bool,
    crashes_left: usize,
    /// Rows as they were before an edit at a time when the file was not durable.
    mended_on_sand: Vec<Payout>,
}

/// The results file cannot be read any more, or a promise was broken.
struct Over;

impl Life {
    async fn live(&mut self) {
        if self.turbulent().await.is_err() {
            return;
        }
        self.world.tell(|| "from here on all goes well".to_owned());
        self.world.calm_down();
        let _ = self.calm().await;
    }

    async fn turbulent(&mut self) -> Result<(), Over> {
        for _ in 0..2 + self.world.below(5) {
            let mut standings = self.check()?;
            if self.world.one_in(3) {
                self.try_forbidden(&standings).await;
            }
            if self.world.one_in(3) {
                self.edit(&standings);
                standings = self.check()?;
            }
            if self.crashes_left > 0 && self.world.one_in(2) {
                self.world.light_fuse(self.world.below(MAX_STEPS_TO_CRASH));
            }
            match in_doubt(&self.batch, &standings) {
                Some(line) if self.world.one_in(2) => self.resolve(line).await,
                _ => self.run(self.random_flags()).await,
            }
            let pause = Duration::from_millis(self.world.below(20_000) as u64);
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    async fn calm(&mut self) -> Result<(), Over> {
        for _ in 0..MAX_CALM_SESSIONS {
            let standings = self.check()?;
            let is_left = |s: &Standing| matches!(s.state, State::Pending | State::NotCreated);
            if let Some(line) = in_doubt(&self.batch, &standings) {
                self.resolve(line).await;
            } else if standings.iter().any(is_left) {
                self.run(Flags {
                    limit: None,
                    ..self.random_flags()
                })
                .await;
            } else {
                check::nothing_is_missing(&self.world, &self.batch, &standings, &self.misled);
                return Ok(());
            }
        }
        self.world.violate("the batch does not come to its end");
        Ok(())
    }

    fn check(&mut self) -> Result<Vec<Standing>, Over> {
        let mut checked = check::file_and_ledger(&self.world, &self.batch, &self.misled);
        if let Err(mismatch) = &checked
            && self.put_back(mismatch)
        {
            checked = check::file_and_ledger(&self.world, &self.batch, &self.misled);
        }
        if let Err(mismatch) = &checked {
            self.world
                .tell(|| format!("the file is given up: {mismatch:?}"));
            self.world.figures.borrow_mut().forgotten += 1;
            if !self.world.disk.borrow().has_forgotten {
                self.world
                    .violate(format!("the results file is refused: {mismatch:?}"));
            }
        }
        let standings = checked.map_err(|_| Over)?;
        if self.world.violations().is_empty() {
            Ok(standings)
        } else {
            Err(Over)
        }
    }

    /// Puts a row back as it was submitted, as the program asks. It may ask for that only if the
    /// row was mended while what the file said was not durable.
    fn put_back(&mut self, mismatch: &Mismatch) -> bool {
        let Reason::Changed { was, .. } = &mismatch.reason else {
            return false;
        };
        let Some(mended) = self.mended_on_sand.iter().find(|payout| was.is_of(payout)) else {
            return false;
        };
        let mut payouts = self.batch.payouts.clone();
        let row = payouts.iter_mut().find(|payout| payout.line == was.line);
        row.unwrap().clone_from(mended);
        self.batch = operator::batch(payouts);
        true
    }

    fn edit(&mut self, standings: &[Standing]) {
        if !self.world.disk.borrow().is_durable(b"") {
            self.mended_on_sand.extend(self.batch.payouts.clone());
        }
        operator::edit(&mut self.batch, standings, &mut self.world.rng.borrow_mut());
    }

    fn random_flags(&self) -> Flags {
        let rng = &mut *self.world.rng.borrow_mut();
        Flags {
            halt: *rng.pick(&[HaltPolicy::Careful, HaltPolicy::KeepGoing]),
            rejected: *rng.pick(&[RejectedPolicy::Leave, RejectedPolicy::Retry]),
            limit: rng.one_in(6).then(|| rng.below(3) as u64),
        }
    }

    async fn run(&mut self, flags: Flags) {
        self.world
            .tell(|| format!("run {flags:?} {:?}", self.batch.payouts));
        let end = session::run(&self.world, &self.batch, flags).await;
        if matches!(end, End::Refused(_) | End::LockedOut) {
            self.world.violate(format!("{end:?}"));
        }
        self.end(&end);
    }

    async fn resolve(&mut self, line: u64) {
        let mut found = operator::look_up(&self.world, line);
        if found.is_some() && self.is_careless && self.world.one_in(2) {
            found = None;
            self.misled.insert(line);
            self.world.figures.borrow_mut().wrong_verdicts += 1;
        }
        self.world
            .tell(|| format!("resolve line {line}: {found:?}"));
        let end = session::resolve(&self.world, &self.batch, line, found.as_deref()).await;
        if matches!(end, End::Settled) {
            self.world.figures.borrow_mut().doubts += 1;
        }
        self.end(&end);
    }

    /// An edit of what was submitted is refused, and nothing is sent.
    async fn try_forbidden(&mut self, standings: &[Standing]) {
        let rng = &self.world.rng;
        let edited = operator::forbidden_edit(&self.batch, standings, &mut rng.borrow_mut());
        let Some(edited) = edited else { return };
        let flags = self.random_flags();
        self.world
            .tell(|| format!("forbidden edit: {:?}", edited.payouts));
        let end = session::run(&self.world, &edited, flags).await;
        match end {
            End::Refused(_) => self.world.figures.borrow_mut().refused_edits += 1,
            End::Unreadable(_) => {}
            _ => self
                .world
                .violate("an edit of what was submitted was let pass"),
        }
        self.end(&end);
    }

    fn end(&mut self, end: &End) {
        self.world.figures.borrow_mut().processes += 1;
        self.world.tell(|| format!("ended: {end:?}"));
        check::shown_is_true(&self.world, end);
        if matches!(end, End::Died) {
            self.crashes_left -= 1;
        }
        self.world.bury();
    }
}

/// The first payout in doubt.
fn in_doubt(batch: &Batch, standings: &[Standing]) -> Option<u64> {
    let place = standings
        .iter()
        .position(|standing| standing.state == State::InDoubt)?;
    Some(batch.payouts[place].line)
}
