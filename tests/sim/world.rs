//! A [`World`] is all that outlives a process: the disk, the API, the time of day, the operator's
//! luck. One seed makes one world.

use crate::api::Api;
use crate::disk::Disk;
use crate::plant::Plant;
use crate::rng::Rng;
use ccbatch::payout::pacer::Clock;
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;
use tokio::time::Instant;

/// What happened in a life, for the reader who wants to know that it was not a quiet one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) lives: u64,
    pub(crate) processes: u64,
    pub(crate) kills: u64,
    pub(crate) power_losses: u64,
    pub(crate) disk_faults: u64,
    pub(crate) requests: u64,
    pub(crate) created: u64,
    pub(crate) doubts: u64,
    pub(crate) locked_out: u64,
    pub(crate) refused_edits: u64,
    pub(crate) wrong_verdicts: u64,
    pub(crate) forgotten: u64,
}

impl Figures {
    pub(crate) fn add(&mut self, other: &Self) {
        self.lives += other.lives;
        self.processes += other.processes;
        self.kills += other.kills;
        self.power_losses += other.power_losses;
        self.disk_faults += other.disk_faults;
        self.requests += other.requests;
        self.created += other.created;
        self.doubts += other.doubts;
        self.locked_out += other.locked_out;
        self.refused_edits += other.refused_edits;
        self.wrong_verdicts += other.wrong_verdicts;
        self.forgotten += other.forgotten;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lives with {} processes, {} kills, {} power losses and {} disk faults; \
             {} requests, {} created; {} doubts settled, {} of them wrongly; \
             {} second processes locked out; {} edits refused; \
             {} files given up after a failed sync",
            self.lives,
            self.processes,
            self.kills,
            self.power_losses,
            self.disk_faults,
            self.requests,
            self.created,
            self.doubts,
            self.wrong_verdicts,
            self.locked_out,
            self.refused_edits,
            self.forgotten,
        )
    }
}

pub(crate) struct World {
    pub(crate) rng: RefCell<Rng>,
    pub(crate) disk: RefCell<Disk>,
    pub(crate) api: RefCell<Api>,
    pub(crate) figures: RefCell<Figures>,
    pub(crate) plant: Plant,
    /// The locks of the input and of the results file.
    pub(crate) input_lock: Rc<Cell<bool>>,
    pub(crate) results_lock: Rc<Cell<bool>>,
    /// The whole lines that the journal has tried to write.
    pub(crate) written: RefCell<HashSet<Vec<u8>>>,
    /// From here on everything goes well.
    is_calm: Cell<bool>,
    /// After how many more steps the process ends without a word.
    fuse: Cell<Option<usize>>,
    is_dead: Cell<bool>,
    began: Instant,
    set_back: Cell<TimeDelta>,
    violations: RefCell<Vec<String>>,
    story: Option<RefCell<Vec<String>>>,
}

impl World {
    pub(crate) fn new(seed: u64, plant: Plant, told: Told) -> Rc<Self> {
        Rc::new(Self {
            rng: RefCell::new(Rng::new(seed)),
            disk: RefCell::default(),
            api: RefCell::default(),
            figures: RefCell::new(Figures {
                lives: 1,
                ..Figures::default()
            }),
            plant,
            input_lock: Rc::default(),
            results_lock: Rc::default(),
            written: RefCell::default(),
            is_calm: Cell::new(false),
            fuse: Cell::new(None),
            is_dead: Cell::new(false),
            began: Instant::now(),
            set_back: Cell::new(TimeDelta::zero()),
            violations: RefCell::default(),
            story: (told == Told::Aloud).then(RefCell::default),
        })
    }

    pub(crate) fn calm_down(&self) {
        self.is_calm.set(true);
        self.fuse.set(None);
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

    /// After a process: what a crash leaves.
    pub(crate) fn bury(&self) {
        self.fuse.set(None);
        if !self.is_dead.replace(false) {
            return;
        }
        if self.one_in(3) {
            self.tell(|| "the process was killed".to_owned());
            self.figures.borrow_mut().kills += 1;
            return;
        }
        let before = self.disk.borrow().content().len();
        self.disk
            .borrow_mut()
            .lose_power(&mut self.rng.borrow_mut());
        self.figures.borrow_mut().power_losses += 1;
        self.tell(|| {
            let disk = self.disk.borrow();
            let left = String::from_utf8_lossy(disk.content()).into_owned();
            format!(
                "the power went; {} of {before} bytes are left:\n{left:?}",
                left.len()
            )
        });
        if self.one_in(8) {
            let back = TimeDelta::seconds(i64::try_from(self.below(100)).unwrap());
            self.set_back.set(self.set_back.get() + back);
            self.tell(|| format!("the clock was set back by {back}"));
        }
    }

    /// The true time since the world began.
    pub(crate) fn elapsed(&self) -> std::time::Duration {
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

/// Whether a life is written down while it is lived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Aloud,
    Silently,
}
