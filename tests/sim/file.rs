//! A [`SimFile`] is the results file as a process has it open: the simulated disk under the real
//! journal.

use crate::plant::Plant;
use crate::world::World;
use ccbatch::payout::journal::Storage;
use std::cell::Cell;
use std::io;
use std::rc::Rc;

/// One operation of the disk in so many fails.
const FAULT_EVERY: usize = 80;

/// A lock, which goes with the process that holds it.
pub(crate) struct Lock(Rc<Cell<bool>>);

impl Lock {
    pub(crate) fn take(lock: &Rc<Cell<bool>>) -> Option<Self> {
        (!lock.replace(true)).then(|| Self(Rc::clone(lock)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

pub(crate) struct SimFile {
    world: Rc<World>,
    _lock: Lock,
    /// For [`Plant::IntentAfterSending`].
    held_back: Vec<u8>,
}

/// Why the file cannot be opened.
#[derive(Debug)]
#[expect(
    dead_code,
    reason = "what is inside is for the story, which takes it from Debug"
)]
pub(crate) enum OpenError {
    Locked,
    Io(io::Error),
}

impl SimFile {
    pub(crate) fn open(world: &Rc<World>) -> Result<Option<Self>, OpenError> {
        if !world.disk.borrow().exists() {
            return Ok(None);
        }
        Self::locked(world).map(Some)
    }

    pub(crate) fn create(world: &Rc<World>) -> Result<Self, OpenError> {
        if world.dies_here() {
            return Err(OpenError::Io(dead()));
        }
        if world.disk.borrow().exists() {
            return Err(OpenError::Io(io::ErrorKind::AlreadyExists.into()));
        }
        world.disk.borrow_mut().create();
        Self::locked(world)
    }

    fn locked(world: &Rc<World>) -> Result<Self, OpenError> {
        Ok(Self {
            world: Rc::clone(world),
            _lock: Lock::take(&world.results_lock).ok_or(OpenError::Locked)?,
            held_back: Vec::new(),
        })
    }

    /// As `DiskFile::read`: what an earlier run may have left in memory is made durable first.
    pub(crate) fn read(&mut self) -> io::Result<Vec<u8>> {
        self.sync_name()?;
        Ok(self.world.disk.borrow().content().to_vec())
    }

    fn fault(&self, what: &str) -> io::Result<()> {
        if self.world.bad_luck(FAULT_EVERY) {
            let kind = *self.world.rng.borrow_mut().pick(&[
                io::ErrorKind::StorageFull,
                io::ErrorKind::QuotaExceeded,
                io::ErrorKind::ReadOnlyFilesystem,
                io::ErrorKind::Other,
            ]);
            self.world.figures.borrow_mut().disk_faults += 1;
            self.world.tell(|| format!("{what} fails: {kind}"));
            return Err(kind.into());
        }
        Ok(())
    }

    fn flush(&mut self, what: &str) -> io::Result<()> {
        if self.world.dies_here() {
            return Err(dead());
        }
        let fault = self.fault(what);
        if fault.is_err() {
            let rng = &mut *self.world.rng.borrow_mut();
            self.world.disk.borrow_mut().fail_to_sync(rng);
        }
        fault
    }
}

/// What a process would see after its end, if it saw anything.
fn dead() -> io::Error {
    io::Error::other("the process has ended")
}

impl Storage for SimFile {
    fn verify(&self, expected_bytes: u64) -> Result<(), String> {
        if self.world.dies_here() {
            return Err(dead().to_string());
        }
        self.fault("verify").map_err(|error| error.to_string())?;
        let found = self.world.disk.borrow().content().len() + self.held_back.len();
        if found as u64 == expected_bytes {
            Ok(())
        } else {
            Err(format!("{found} bytes instead of {expected_bytes}"))
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.world.plant == Plant::IntentAfterSending && !bytes.ends_with(b"\n") {
            self.held_back = bytes.to_vec();
            return Ok(());
        }
        if self.world.is_dead() {
            return Err(dead());
        }
        let bytes = [&std::mem::take(&mut self.held_back), bytes].concat();
        if bytes.ends_with(b"\n") {
            let line = [self.world.disk.borrow().last_line(), &bytes].concat();
            self.world.written.borrow_mut().insert(line);
        }
        let outcome = if self.world.dies_here() {
            Err(dead())
        } else {
            self.fault("write")
        };
        let written = match outcome {
            Ok(()) => bytes.len(),
            Err(_) => self.world.below(bytes.len() + 1),
        };
        self.world.disk.borrow_mut().append(&bytes[..written]);
        self.world.tell(|| {
            let text = String::from_utf8_lossy(&bytes);
            format!("write {written} of {} bytes: {text:?}", bytes.len())
        });
        outcome
    }

    fn sync(&mut self) -> io::Result<()> {
        self.flush("sync")?;
        if self.world.plant != Plant::NoSync && self.held_back.is_empty() {
            self.world.disk.borrow_mut().sync();
        }
        Ok(())
    }

    fn sync_name(&mut self) -> io::Result<()> {
        self.flush("sync of the name")?;
        match self.world.plant {
            Plant::NoSync => {}
            Plant::NoNameSync => self.world.disk.borrow_mut().sync(),
            _ => self.world.disk.borrow_mut().sync_name(),
        }
        Ok(())
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        if self.world.dies_here() {
            return Err(dead());
        }
        self.fault("truncate")?;
        self.world.tell(|| format!("truncate to {bytes} bytes"));
        let size = usize::try_from(bytes).unwrap();
        self.world.disk.borrow_mut().truncate(size);
        Ok(())
    }
}
