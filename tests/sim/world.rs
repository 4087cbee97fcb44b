//! A [`World`] is all that outlives a process: files, ledgers, the API, the time of day, and what
//! is true. One seed makes one world.

use crate::api::Api;
use crate::disk::{Inode, Place};
use crate::engine::{Backup, Database};
use crate::plant::Plant;
use crate::rng::Rng;
use ccbatch::ledger::AttemptId;
use ccbatch::payout::pacer::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The places at which an input and its results file can lie.
pub(crate) const PLACES: usize = 2;

/// The machines, each with a ledger of its own.
pub(crate) const HOMES: usize = 2;

/// Declares the figures, each a number of things that happened.
macro_rules! figures {
    ($($name:ident: $words:literal),* $(,)?) => {
        /// What happened in a life, for the reader who wants to know that it was not a quiet one.
        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct Figures {
            $(pub(crate) $name: u64,)*
        }

        impl Figures {
            pub(crate) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            pub(crate) fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$(($words, self.$name),)*]
            }
        }
    };
}

figures! {
    lives: "lives",
    processes: "processes",
    kills: "kills",
    power_losses: "power losses",
    disk_faults: "disk faults",
    ledger_faults: "ledger faults",
    lost_commits: "lost commit answers",
    requests: "requests",
    created: "created payouts",
    late_arrivals: "late arrivals",
    at_once: "pairs of runs at once",
    locked_out: "runs locked out",
    refused: "refused plans",
    waited_for: "payouts waited for",
    doubts: "doubts settled",
    adopted: "attempts adopted",
    restored: "ledgers rolled back",
    ledgers_lost: "ledgers lost",
    results_changed: "results files changed",
    inputs_changed: "inputs changed",
    in_mid_run: "changes in mid-run",
    set_back: "clocks set back",
    wrong_verdicts: "wrong verdicts",
    both_lost: "payouts created twice with both records lost",
}

/// What is true of an attempt, whatever the records say.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    /// What the row was meant to pay.
    pub(crate) intent: String,
    pub(crate) reference: String,
    /// The attempts for the same that were on record within reach of the claim.
    pub(crate) within_reach: BTreeSet<AttemptId>,
    /// The ledger in which it was claimed, and when.
    pub(crate) database: u64,
    pub(crate) at: Instant,
}

pub(crate) struct World {
    pub(crate) rng: RefCell<Rng>,
    pub(crate) places: [RefCell<Place>; PLACES],
    pub(crate) homes: [RefCell<Rc<Database>>; HOMES],
    pub(crate) backups: [RefCell<Option<Backup>>; HOMES],
    pub(crate) api: RefCell<Api>,
    pub(crate) figures: RefCell<Figures>,
    pub(crate) plant: Plant,
    /// How many payouts each intent allows.
    pub(crate) allowed: RefCell<BTreeMap<String, usize>>,
    /// Every claim that was ever committed.
    pub(crate) claims: RefCell<BTreeMap<AttemptId, Claimed>>,
    /// The intents about which an operator said something that was not so.
    pub(crate) misled: RefCell<BTreeSet<String>>,
    /// The attempts of which a person has written something false into a results file.
    pub(crate) lies: RefCell<BTreeSet<AttemptId>>,
    /// The attempts whose lines somebody has damaged, so that an invoice id may be a wrong one.
    pub(crate) smudged: RefCell<BTreeSet<AttemptId>>,
    /// Whether the lock of a file is seen on the other machine.
    pub(crate) locks_reach_far: Cell<bool>,
    /// From here on everything goes well.
    is_calm: Cell<bool>,
    began: Instant,
    set_back: Cell<TimeDelta>,
    next_number: Cell<u64>,
    violations: RefCell<Vec<String>>,
    story: Option<RefCell<Vec<String>>>,
}

impl World {
    pub(crate) fn new(seed: u64, plant: Plant, told: Told) -> Rc<Self> {
        Rc::new(Self {
            rng: RefCell::new(Rng::new(seed)),
            places: Default::default(),
            homes: [0, 1].map(|number| RefCell::new(Database::new(number, plant))),
            backups: Default::default(),
            api: RefCell::default(),
            figures: RefCell::new(Figures {
                lives: 1,
                ..Figures::default()
            }),
            plant,
            allowed: RefCell::default(),
            claims: RefCell::default(),
            misled: RefCell::default(),
            lies: RefCell::default(),
            smudged: RefCell::default(),
            locks_reach_far: Cell::new(true),
            is_calm: Cell::new(false),
            began: Instant::now(),
            set_back: Cell::new(TimeDelta::zero()),
            next_number: Cell::new(10),
            violations: RefCell::default(),
            story: (told == Told::Aloud).then(RefCell::default),
        })
    }

    pub(crate) fn calm_down(&self) {
        self.is_calm.set(true);
    }

    /// Something bad with a chance of one in `n`, until all is calm.
    pub(crate) fn bad_luck(&self, n: usize) -> bool {
        !self.is_calm.get() && self.one_in(n)
    }

    pub(crate) fn below(&self, n: usize) -> usize {
        self.rng.borrow_mut().below(n)
    }

    pub(crate) fn one_in(&self, n: usize) -> bool {
        self.rng.borrow_mut().one_in(n)
    }

    pub(crate) fn pick<T: Clone>(&self, choices: &[T]) -> T {
        self.rng.borrow_mut().pick(choices).clone()
    }

    /// A number that was not given before.
    pub(crate) fn number(&self) -> u64 {
        let number = self.next_number.get();
        self.next_number.set(number + 1);
        number
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Figures) -> &mut u64) {
        *count(&mut self.figures.borrow_mut()) += 1;
    }

    pub(crate) fn home(&self, home: usize) -> Rc<Database> {
        Rc::clone(&self.homes[home].borrow())
    }

    pub(crate) fn set_clock_back(&self) {
        let back = TimeDelta::seconds(i64::try_from(self.below(200)).unwrap());
        self.set_back.set(self.set_back.get() + back);
        self.count(|it| &mut it.set_back);
        self.tell(|| format!("the clock was set back by {back}"));
    }

    /// The true time since the world began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn violate(&self, what: impl Into<String>) {
        let what = what.into();
        self.tell(|| format!("VIOLATION: {what}"));
        self.violations.borrow_mut().push(what);
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.borrow().clone()
    }

    pub(crate) fn is_broken(&self) -> bool {
        !self.violations.borrow().is_empty()
    }

    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        if let Some(story) = &self.story {
            let line = format!("{:>9.3} s  {}", self.elapsed().as_secs_f64(), line());
            story.borrow_mut().push(line);
        }
    }

    pub(crate) fn story(&self) -> String {
        self.story
            .as_ref()
            .map_or(String::new(), |story| story.borrow().join("\n"))
    }
}

impl Clock for World {
    fn now(&self) -> DateTime<Utc> {
        let began = DateTime::from_timestamp(1_795_255_200, 0).unwrap();
        began + TimeDelta::from_std(self.elapsed()).unwrap() - self.set_back.get()
    }
}

/// One process, from its start to its end.
pub(crate) struct Process {
    pub(crate) number: u64,
    pub(crate) home: usize,
    pub(crate) place: usize,
    /// Whether it is still opening its batch.
    pub(crate) is_opening: Cell<bool>,
    /// Whether it has locked its batch, and has read the results file behind the lock.
    pub(crate) has_locked: Cell<bool>,
    pub(crate) has_read: Cell<bool>,
    /// The attempts that stood in the results file when it last read it while opening.
    pub(crate) seen: RefCell<BTreeSet<AttemptId>>,
    /// The results file that it has published last.
    pub(crate) inode: RefCell<Option<Rc<Inode>>>,
    /// After how many more steps it ends without a word.
    fuse: Cell<Option<usize>>,
    is_dead: Cell<bool>,
    /// Whether others act at the same time.
    is_alone: bool,
    pub(crate) world: Rc<World>,
}

impl Process {
    pub(crate) fn new(
        world: &Rc<World>,
        (home, place): (usize, usize),
        is_alone: bool,
    ) -> Rc<Self> {
        Rc::new(Self {
            number: world.number(),
            home,
            place,
            is_opening: Cell::new(true),
            has_locked: Cell::new(false),
            has_read: Cell::new(false),
            seen: RefCell::default(),
            inode: RefCell::default(),
            fuse: Cell::new(None),
            is_dead: Cell::new(false),
            is_alone,
            world: Rc::clone(world),
        })
    }

    pub(crate) fn light_fuse(&self, steps: usize) {
        self.fuse.set(Some(steps));
    }

    /// Whether the process ends at this step.
    pub(crate) fn dies_here(&self) -> bool {
        if let Some(steps) = self.fuse.get() {
            self.fuse.set(steps.checked_sub(1));
            if steps == 0 {
                self.is_dead.set(true);
            }
        }
        self.is_dead.get()
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.get()
    }

    /// One step: goes on, maybe after others have acted, or never again.
    pub(crate) async fn step(&self) {
        if self.dies_here() {
            std::future::pending::<()>().await;
        }
        if self.is_alone {
            return;
        }
        let millis = match self.world.below(12) {
            0 => 1 + self.world.below(30_000),
            1..=3 => 1 + self.world.below(50),
            _ => return,
        };
        sleep(Duration::from_millis(u64::try_from(millis).unwrap())).await;
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.is_alone
    }

    pub(crate) fn tell(&self, line: impl FnOnce() -> String) {
        self.world.tell(|| format!("[{}] {}", self.number, line()));
    }
}

/// Whether a life is written down while it is lived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Aloud,
    Silently,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let named = self.named().into_iter();
        let figures: Vec<_> = named
            .map(|(words, count)| format!("{count} {words}"))
            .collect();
        f.write_str(&figures.join(", "))
    }
}
