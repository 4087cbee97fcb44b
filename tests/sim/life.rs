//! A life is one batch from the first run to the last, with all that can come between.

use crate::check;
use crate::people::{Habit, new_rows, numbered};
use crate::plant::Plant;
use crate::process::{self, End, Flags, Refused};
use crate::world::{Figures, HOMES, PLACES, Process, Told, World};
use ccbatch::domain::{HaltPolicy, Payout};
use ccbatch::ledger::attempt::Repetition;
use ccbatch::ledger::rules::RejectedPolicy;
use ccbatch::ledger::{Attempt, AttemptStatus, Content, References};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::sleep;

/// More processes than any batch needs that has no bad luck any more.
const MAX_CALM_PROCESSES: usize = 60;

/// A process of a few rows takes about twice as many steps.
const MAX_STEPS_TO_CRASH: usize = 80;

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
        let originals = new_rows(&world);
        let life = Life {
            habit: world.pick(&[Habit::References, Habit::Sums, Habit::Copies, Habit::Copies]),
            has_two_homes: world.one_in(3),
            is_careless: world.one_in(20),
            is_tampered: !world.one_in(3),
            loses_ledgers: world.one_in(2),
            references: world.pick(&[None, None, None, Some(References::PerFile)]),
            originals,
            world: Rc::clone(&world),
        };
        world.tell(|| format!("{:?}, two homes: {}", life.habit, life.has_two_homes));
        world.places[0].borrow_mut().input = Some(life.originals.clone());
        world.locks_reach_far.set(!world.one_in(3));
        life.live().await;
        let violations = world.violations();
        if violations.is_empty() {
            Ok(*world.figures.borrow())
        } else {
            let story = world.story();
            Err(Broken {
                seed,
                violations,
                story,
            })
        }
    })
}

struct Life {
    world: Rc<World>,
    habit: Habit,
    has_two_homes: bool,
    is_careless: bool,
    /// Whether somebody changes results files.
    is_tampered: bool,
    /// Whether ledgers are rolled back and lost.
    loses_ledgers: bool,
    references: Option<References>,
    /// The rows as they were meant.
    originals: Vec<Payout>,
}

impl Life {
    async fn live(&self) {
        for _ in 0..2 + self.world.below(6) {
            self.round().await;
            check::ledgers_and_book(&self.world);
            if self.world.is_broken() {
                return;
            }
        }
        self.world.tell(|| "from here on all goes well".to_owned());
        self.world.calm_down();
        sleep(Duration::from_secs(900)).await;
        self.calm().await;
        check::ledgers_and_book(&self.world);
    }

    /// Something that people do, and a command or two.
    async fn round(&self) {
        while self.world.one_in(2) {
            self.people_act();
        }
        let doubt = self.doubt();
        match doubt {
            Some(attempt) if self.world.one_in(2) => {
                let process = self.process(true);
                let end = process::resolve(&process, &attempt.id, self.is_careless).await;
                self.end(&process, &end);
            }
            _ if self.world.one_in(3) => self.two_at_once().await,
            _ => {
                let process = self.process(true);
                let end = process::run(&process, &self.flags()).await;
                self.end(&process, &end);
            }
        }
        let pause = match self.world.below(4) {
            0 => self.world.below(6 * 3600),
            1 => self.world.below(1200),
            _ => self.world.below(20),
        };
        sleep(Duration::from_secs(u64::try_from(pause).unwrap())).await;
    }

    fn people_act(&self) {
        match self.world.below(8) {
            0..=2 => self.world.change_input(self.habit, &self.originals),
            3..=5 if self.is_tampered => self.world.change_results(self.habit),
            6 if self.loses_ledgers => self.world.change_ledger(),
            7 if self.world.one_in(3) => self.world.set_clock_back(),
            _ => {}
        }
    }

    /// Two runs, and somebody who changes things meanwhile.
    async fn two_at_once(&self) {
        self.world.count(|it| &mut it.at_once);
        let [one, two] = match self.world.one_in(2) {
            true => [self.process(false), self.process(false)],
            false => self.rivals(),
        };
        let flags = [self.flags(), self.flags()];
        let head_start = self.world.pick(&[100, 1_000, 40_000]);
        let second = async {
            sleep(Duration::from_millis(self.world.below(head_start) as u64)).await;
            let end = process::run(&two, &flags[1]).await;
            self.end(&two, &end);
        };
        let first = async {
            let end = process::run(&one, &flags[0]).await;
            self.end(&one, &end);
        };
        let third = async {
            while self.world.one_in(3) {
                sleep(Duration::from_millis(self.world.below(40_000) as u64)).await;
                self.world.count(|it| &mut it.in_mid_run);
                self.people_act();
            }
        };
        tokio::join!(first, second, third);
    }

    /// Two runs that are after the same payouts: of two copies of an input, or on two machines.
    fn rivals(&self) -> [Rc<Process>; 2] {
        let places = &self.world.places;
        let ways = match self.habit {
            Habit::Copies => {
                let input = places.iter().find_map(|place| place.borrow().input.clone());
                for place in places {
                    place.borrow_mut().input.clone_from(&input);
                }
                [(0, 0), (0, 1)]
            }
            Habit::References | Habit::Sums if self.has_two_homes => [(0, 0), (1, 0)],
            Habit::References | Habit::Sums => [(0, 0), (0, 0)],
        };
        ways.map(|way| Process::new(&self.world, way, false))
    }

    fn process(&self, is_alone: bool) -> Rc<Process> {
        let home = match self.has_two_homes {
            true => self.world.below(HOMES),
            false => 0,
        };
        let place = match self.habit {
            Habit::References | Habit::Sums => 0,
            Habit::Copies => self.world.below(PLACES),
        };
        let process = Process::new(&self.world, (home, place), is_alone);
        if self.world.one_in(3) {
            process.light_fuse(self.world.below(MAX_STEPS_TO_CRASH));
        }
        process
    }

    fn flags(&self) -> Flags {
        let world = &self.world;
        Flags {
            halt: world.pick(&[HaltPolicy::Careful, HaltPolicy::KeepGoing]),
            rejected: world.pick(&[RejectedPolicy::Leave, RejectedPolicy::Retry]),
            references: match world.one_in(10) {
                true => world.pick(&[Some(References::Shared), Some(References::PerFile)]),
                false => self.references,
            },
            limit: world.one_in(8).then(|| world.below(3) as u64),
            repetition: Repetition::Refused,
        }
    }

    fn end(&self, process: &Process, end: &End) {
        let world = &self.world;
        world.count(|it| &mut it.processes);
        process.tell(|| format!("ended: {end:#?}"));
        match end {
            End::Died => self.bury(process),
            End::LockedOut => world.count(|it| &mut it.locked_out),
            End::Refused(_) | End::NotOpened(_) => world.count(|it| &mut it.refused),
            _ => {}
        }
    }

    /// After a process that died: what a crash leaves.
    fn bury(&self, process: &Process) {
        self.world.count(|it| &mut it.kills);
        if !process.is_alone() || self.world.one_in(2) {
            return;
        }
        self.world.count(|it| &mut it.power_losses);
        for place in &self.world.places {
            let results = place.borrow().results.clone();
            let Some(inode) = results else { continue };
            if let Some(left) = inode.unsynced.take() {
                *inode.bytes.borrow_mut() = left;
            }
        }
        if self.world.one_in(8) {
            self.world.set_clock_back();
        }
    }

    /// The first attempt in doubt of the first machine.
    fn doubt(&self) -> Option<Attempt> {
        let mut attempts = self.world.home(0).attempts().into_iter();
        attempts.find(|it| it.status().is_in_doubt())
    }

    /// An operator in peace finishes the batch.
    async fn calm(&self) {
        let mut rows = self.rows_on_record();
        let mut repairs = 0;
        let mut repetition = Repetition::Refused;
        for _ in 0..MAX_CALM_PROCESSES {
            if self.world.is_broken() {
                return;
            }
            if let Some(doubt) = self.doubt() {
                self.settle(&doubt).await;
                // What is to be repeated is decided anew by what is paid now.
                repetition = Repetition::Refused;
                continue;
            }
            rows = numbered(rows);
            self.world.places[0].borrow_mut().input = Some(rows.clone());
            let process = Process::new(&self.world, (0, 0), true);
            let flags = Flags {
                halt: HaltPolicy::Careful,
                rejected: RejectedPolicy::Retry,
                references: None,
                limit: None,
                repetition,
            };
            let end = process::run(&process, &flags).await;
            self.end(&process, &end);
            match end {
                End::Idle | End::Closed => return check::everything_is_paid_once(&self.world),
                End::Refused(refused) => {
                    repetition = self.mend(&mut rows, &refused);
                }
                End::NotOpened(error) if repairs < 2 => {
                    self.world
                        .tell(|| format!("the results file is put back: {error}"));
                    repairs += 1;
                    let last = self.world.places[0].borrow().last_written.clone();
                    self.world.places[0]
                        .borrow_mut()
                        .replace(last.filter(|_| repairs == 1));
                }
                _ => {}
            }
            if rows.is_empty() {
                return check::everything_is_paid_once(&self.world);
            }
        }
        self.world.violate("the batch does not come to its end");
    }

    async fn settle(&self, doubt: &Attempt) {
        // A run settles it as interrupted first, or resolve does.
        for place in 0..PLACES {
            let process = Process::new(&self.world, (0, place), true);
            let end = process::resolve(&process, &doubt.id, false).await;
            self.end(&process, &end);
            if matches!(end, End::Settled) {
                return;
            }
        }
        sleep(Duration::from_secs(600)).await;
    }

    /// The rows as they were paid, and for the rest as they were meant. A reference that was paid
    /// twice stands on one row.
    fn rows_on_record(&self) -> Vec<Payout> {
        let attempts = self.world.home(0).attempts();
        let mut live: Vec<&Attempt> = attempts.iter().filter(|it| it.is_live()).collect();
        let mut seen = HashSet::new();
        live.retain(|it| it.reference.is_empty() || seen.insert(&it.reference));
        let as_paid = |row: &Payout| match live.iter().position(|it| it.payee == row.payee) {
            Some(at) => row_of(live.remove(at), row),
            None => row.clone(),
        };
        self.originals.iter().map(as_paid).collect()
    }

    /// Whether a payout of this content is in doubt: that is settled before a row is put back.
    fn is_in_doubt(&self, content: &Content) -> bool {
        let attempts = self.world.home(0).attempts();
        let mut equal = attempts.iter().filter(|it| it.content == *content);
        equal.any(|it| it.status().is_in_doubt())
    }

    /// Whether a row is one that was paid.
    fn is_paid(&self, row: &Payout) -> bool {
        let attempts = self.world.home(0).attempts();
        let is_created = |it: &&Attempt| it.status() == AttemptStatus::Created;
        let mut created = attempts.iter().filter(is_created);
        created.any(|it| it.payee == row.payee && row_of(it, row) == *row)
    }

    /// Takes out what was paid already, by the book, and puts back what is missing. What is left
    /// over of several equal rows is to be paid beside them.
    fn mend(&self, rows: &mut Vec<Payout>, refused: &Refused) -> Repetition {
        let mut repetition = Repetition::Refused;
        for (row, reason, attempt) in &refused.rows {
            if attempt.payee != row.payee {
                self.world
                    .violate(format!("{row:?} is refused for {attempt:?}: {reason:?}"));
            }
            let is_doubtful = attempt.status().is_in_doubt();
            let Some(at) = rows
                .iter()
                .position(|it| it == row)
                .filter(|_| !is_doubtful)
            else {
                continue;
            };
            let allowed = self.world.allowed.borrow()[&row.payee];
            let refused = refused.rows.iter().filter(|it| it.0.payee == row.payee);
            if refused.count() + self.world.created(&row.payee) > allowed {
                rows.remove(at);
                return Repetition::Refused;
            }
            repetition = Repetition::Asked;
        }
        for missing in refused
            .missing
            .iter()
            .filter(|it| !self.is_in_doubt(&it.content))
        {
            let mut originals = self.originals.iter();
            let original = originals.find(|it| it.payee == missing.payee);
            let back = row_of(missing, original.unwrap());
            let is_other = |it: &&mut Payout| it.payee == back.payee && !self.is_paid(it);
            let of_payee = rows.iter().filter(|it| it.payee == back.payee).count();
            let has_room = of_payee < self.world.allowed.borrow()[&back.payee];
            match rows.iter_mut().find(is_other).filter(|_| !has_room) {
                Some(row) => *row = back,
                None => rows.push(back),
            }
        }
        repetition
    }
}

/// The row that an attempt was made for.
fn row_of(attempt: &Attempt, original: &Payout) -> Payout {
    let decimals = original.currency.decimals();
    let amount = ccbatch::domain::Amount::parse(&attempt.amount, decimals).unwrap();
    Payout {
        reference: attempt.reference.clone(),
        amount,
        minor_units: amount.minor_units(decimals).unwrap(),
        ..original.clone()
    }
}
