//! A [`Place`] is where an input and its results file lie; a [`SimFile`] is a process's hold on the
//! results file. What a method has written is durable when it returns, and not before: a crash
//! inside it leaves the old file, the new one, or for a line that is written in place a mixture of
//! both, sector by sector.

use crate::engine::Database;
use crate::plant::Plant;
use crate::rng::Rng;
use crate::world::{Process, World};
use ccbatch::domain::Payout;
use ccbatch::ledger::AttemptId;
use ccbatch::ledger::adopt::{Line, LineEnding};
use ccbatch::ledger::{AttemptStatus, Ending};
use ccbatch::payout::results::Storage;
use ccbatch::payout::results::read::read;
use chrono::{DateTime, Utc};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;

/// What a drive writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// Where an input and its results file lie.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) input: Option<Vec<Payout>>,
    /// Who has locked the input.
    pub(crate) locked_by: Option<(usize, u64)>,
    pub(crate) results: Option<Rc<Inode>>,
    /// What lay here before, whoever wrote it.
    pub(crate) earlier: Vec<Vec<u8>>,
    /// What a program wrote here last.
    pub(crate) last_written: Option<Vec<u8>>,
}

/// A file, by whatever name.
#[derive(Default)]
pub(crate) struct Inode {
    pub(crate) bytes: RefCell<Vec<u8>>,
    /// What a power loss leaves of it; `None` if all of it is durable.
    pub(crate) unsynced: RefCell<Option<Vec<u8>>>,
}

impl Inode {
    pub(crate) fn new(bytes: Vec<u8>) -> Rc<Self> {
        Rc::new(Self {
            bytes: RefCell::new(bytes),
            unsynced: RefCell::new(None),
        })
    }
}

impl Place {
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        self.results
            .as_ref()
            .map(|inode| inode.bytes.borrow().clone())
    }

    /// A person puts another file in the place of the results file.
    pub(crate) fn replace(&mut self, bytes: Option<Vec<u8>>) {
        self.earlier.extend(self.bytes());
        self.results = bytes.map(Inode::new);
    }
}

/// The attempts of which something stands in a file.
pub(crate) fn ids_in(bytes: &[u8]) -> BTreeSet<AttemptId> {
    let text = String::from_utf8_lossy(bytes);
    text.split(|c: char| !c.is_ascii_lowercase())
        .filter_map(AttemptId::parse)
        .collect()
}

/// A process's hold on a results file.
pub(crate) struct SimFile {
    process: Rc<Process>,
    database: Rc<Database>,
    /// What stood in the file when it was last read.
    found: Vec<u8>,
    /// For [`Plant::ReadBeforeLock`].
    first_read: Option<Option<Vec<u8>>>,
    /// For [`Plant::LineAfterSending`].
    held_back: Cell<bool>,
}

impl SimFile {
    pub(crate) fn new(process: &Rc<Process>, database: &Rc<Database>) -> Self {
        Self {
            process: Rc::clone(process),
            database: Rc::clone(database),
            found: Vec::new(),
            first_read: None,
            held_back: Cell::new(false),
        }
    }

    fn world(&self) -> &World {
        &self.process.world
    }

    fn fault(&self, what: &str) -> io::Error {
        self.world().count(|it| &mut it.disk_faults);
        self.process.tell(|| format!("the disk: {what}"));
        io::Error::other("input/output error")
    }

    /// Whether the file that this process has published ends in this line, and would after a power
    /// loss.
    pub(crate) fn is_last_line_durable(inode: &Inode, id: &AttemptId) -> bool {
        let bytes = inode.bytes.borrow();
        let text = String::from_utf8_lossy(&bytes);
        let last = text.trim_end_matches('\n').rsplit('\n').next();
        let is_there = last
            .is_some_and(|it| it.contains(",unknown,,,in_flight,,,") && it.ends_with(id.as_str()));
        is_there && text.ends_with('\n') && inode.unsynced.borrow().is_none()
    }

    /// No answer that stands in the file is lost by what takes its place, unless the ledger has it:
    /// another batch's does not stay in a file that it was copied into. One whose line was damaged
    /// may be there under another id.
    fn keeps_answers(&self, old: &[u8], new: &[u8]) {
        let created = |bytes: &[u8]| -> BTreeSet<AttemptId> {
            let lines = read(bytes).map(|reading| reading.lines).unwrap_or_default();
            let created = lines.into_iter().filter(is_created);
            created.map(|line| line.id).collect()
        };
        let (old, new) = (created(old), created(new));
        let claims = self.world().claims.borrow();
        let smudged = self.world().smudged.borrow();
        let is_known = |id: &AttemptId| self.database.status_of(id).as_deref() == Some("created");
        let lost = old
            .difference(&new)
            .find(|id| claims.contains_key(id) && !is_known(id) && !smudged.contains(id));
        if let Some(id) = lost {
            self.world()
                .violate(format!("the answer of {id} is lost from the results file"));
        }
    }

    /// What a process that reads the file in the wrong way finds in it.
    fn misread(&mut self, found: Option<Vec<u8>>) -> Option<Vec<u8>> {
        if !self.process.is_opening.get() {
            return found;
        }
        match self.world().plant {
            Plant::AdoptingSkipped => None,
            Plant::ReadBeforeLock => self.first_read.get_or_insert(found).clone(),
            Plant::LineOverLedger => {
                overwrite(&self.database, found.as_deref().unwrap_or_default());
                found
            }
            Plant::LineByPlace => found.map(|it| by_place(&it, &self.database)),
            _ => found,
        }
    }
}

fn is_created(line: &Line) -> bool {
    matches!(
        &line.ending,
        LineEnding::Is(Ending {
            status: AttemptStatus::Created,
            ..
        })
    )
}

/// Has the ledger say what each line says, whatever somebody has typed there.
fn overwrite(database: &Database, bytes: &[u8]) {
    for row in csv::Reader::from_reader(bytes).records().flatten() {
        if let (Some(status), Some(invoice_id), Some(id)) = (row.get(9), row.get(10), row.get(16)) {
            database.overwrite(id, status, invoice_id);
        }
    }
}

/// The nth line with the id of the nth attempt.
fn by_place(bytes: &[u8], database: &Database) -> Vec<u8> {
    let mut ids = database.ids_in_order().into_iter();
    let text = String::from_utf8_lossy(bytes);
    let lines = text.lines().map(|line| match line.rsplit_once(',') {
        Some((rest, old)) if AttemptId::parse(old).is_some() => {
            let id = ids.next().unwrap_or_else(|| old.to_owned());
            format!("{rest},{id}\n")
        }
        _ => format!("{line}\n"),
    });
    lines.collect::<String>().into_bytes()
}

impl Storage for SimFile {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.world().bad_luck(400) {
            return Err(self.fault("the results file cannot be read"));
        }
        let found = self.world().places[self.process.place].borrow().bytes();
        if self.process.is_opening.get() && !self.process.has_read.get() {
            // The last look is the first one behind the lock: what it finds is adopted.
            self.process.has_read.set(self.process.has_locked.get());
            let bytes = found.clone().unwrap_or_default();
            *self.process.seen.borrow_mut() = ids_in(&bytes);
            self.found = bytes;
        }
        Ok(self.misread(found))
    }

    fn publish(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.process.dies_here() {
            return Err(io::Error::other("dead"));
        }
        let fails = self.world().bad_luck(200);
        if fails && self.world().one_in(2) {
            return Err(self.fault("nothing is published"));
        }
        let place = &self.world().places[self.process.place];
        let old = place.borrow().bytes();
        if self.process.is_opening.get() {
            self.keeps_answers(&self.found, bytes);
        }
        let inode = Inode::new(bytes.to_vec());
        place.borrow_mut().earlier.extend(old);
        place.borrow_mut().results = Some(Rc::clone(&inode));
        place.borrow_mut().last_written = Some(bytes.to_vec());
        self.process
            .tell(|| format!("publishes\n{}", String::from_utf8_lossy(bytes)));
        if fails {
            return Err(self.fault("published, and the folder cannot be synced"));
        }
        *self.process.inode.borrow_mut() = Some(inode);
        self.process.dies_here();
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8], _: DateTime<Utc>) -> io::Result<String> {
        if self.world().bad_luck(100) {
            return Err(self.fault("the changed file cannot be kept"));
        }
        let place = &self.world().places[self.process.place];
        place.borrow_mut().earlier.push(bytes.to_vec());
        self.process.tell(|| "keeps the changed file".to_owned());
        Ok("kept.csv".to_owned())
    }

    fn write_last(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let inode = self.process.inode.borrow().clone().expect("published");
        let offset = usize::try_from(offset).unwrap();
        let old = inode.bytes.borrow().clone();
        let mut new = old.clone();
        new.truncate(offset);
        new.extend_from_slice(bytes);
        if self.world().plant == Plant::LineAfterSending && !self.held_back.replace(true) {
            return Ok(());
        }
        self.held_back.set(false);
        let is_killed = self.process.dies_here();
        let fails = self.world().bad_luck(100);
        let left = match is_killed || fails {
            true => torn(&old, &new, &mut self.world().rng.borrow_mut()),
            false => new,
        };
        *inode.bytes.borrow_mut() = left;
        if is_killed {
            return Err(io::Error::other("dead"));
        }
        if self.world().plant == Plant::NoSync {
            *inode.unsynced.borrow_mut() = Some(old);
        }
        if fails {
            return Err(self.fault("the line is torn"));
        }
        let line = || String::from_utf8_lossy(bytes).trim_end().to_owned();
        self.process.tell(|| format!("writes {}", line()));
        let bytes = inode.bytes.borrow().clone();
        let place = &self.world().places[self.process.place];
        place.borrow_mut().last_written = Some(bytes);
        self.process.dies_here();
        Ok(())
    }

    fn is_intact(&mut self, bytes: u64) -> io::Result<bool> {
        let place = self.world().places[self.process.place].borrow();
        let own = self.process.inode.borrow();
        let (Some(own), Some(there)) = (&*own, &place.results) else {
            return Ok(false);
        };
        let length = u64::try_from(own.bytes.borrow().len()).unwrap();
        // A line that is held back is not missed.
        Ok(Rc::ptr_eq(own, there) && (length == bytes || self.held_back.get()))
    }
}

/// What is left when the old bytes were being overwritten by the new ones: each sector old, new or,
/// where nothing was before, NUL; and either size.
fn torn(old: &[u8], new: &[u8], rng: &mut Rng) -> Vec<u8> {
    let size = *rng.pick(&[old.len(), new.len()]);
    let mut left = old.to_vec();
    left.resize(old.len().max(new.len()), 0);
    for start in (0..new.len()).step_by(SECTOR_BYTES) {
        let end = new.len().min(start + SECTOR_BYTES);
        if rng.one_in(2) {
            left[start..end].copy_from_slice(&new[start..end]);
        }
    }
    left.truncate(size);
    left
}
