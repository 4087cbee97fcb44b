//! A lock keeps a second run away from a batch. The system drops it with the process, so a
//! killed run leaves nothing to clean up.

use super::fault::words;
use super::file::{FileId, for_owner_only};
use rustix::io::Errno;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// Its program's name, where the system tells.
    pub program: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.program {
            Some(program) => write!(f, "process {} ({program})", self.pid),
            None => write!(f, "process {}", self.pid),
        }
    }
}

/// Why a file cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// By whom it is held, where the system tells.
    #[error("{} is at work on this batch", who(.0.as_ref()))]
    Held(Option<Holder>),
    /// The system said no.
    #[error("{}", words(.0))]
    Io(#[from] io::Error),
}

fn who(holder: Option<&Holder>) -> String {
    holder.map_or("another process".to_owned(), ToString::to_string)
}

/// Locks a file for as long as it is open.
///
/// # Errors
/// When it is locked already, or cannot be. Of a file system that has no locks the kind of the error
/// is [`io::ErrorKind::Unsupported`].
pub fn lock(file: &File) -> Result<(), LockError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(LockError::Held(holder(file))),
        Err(TryLockError::Error(error)) if has_no_locks(&error) => {
            Err(io::Error::from(io::ErrorKind::Unsupported).into())
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Whether a file system says with this that it cannot lock a file. NFS cannot lock one that is open
/// for reading only, and says so with EBADF (flock(2)).
#[must_use]
pub fn has_no_locks(error: &io::Error) -> bool {
    const NO_LOCKS: [Errno; 5] = [
        Errno::BADF,
        Errno::INVAL,
        Errno::NOLCK,
        Errno::NOSYS,
        Errno::OPNOTSUPP,
    ];
    Errno::from_io_error(error).is_some_and(|errno| NO_LOCKS.contains(&errno))
}

/// Who holds the lock of a file, without touching it. Linux alone tells, in its table of locks,
/// where a line reads
/// `1: FLOCK  ADVISORY  WRITE 4711 fe:01:131074 0 EOF` (proc_locks(5)).
#[must_use]
fn holder(file: &File) -> Option<Holder> {
    let inode = file.metadata().ok()?.ino().to_string();
    let table = std::fs::read_to_string("/proc/locks").ok()?;
    let pid = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let at = fields.iter().position(|field| *field == "FLOCK")?;
        let (pid, place) = (
            fields.get(at.checked_add(3)?)?,
            fields.get(at.checked_add(4)?)?,
        );
        (place.rsplit(':').next()? == inode)
            .then(|| pid.parse().ok())
            .flatten()
    })?;
    let program = std::fs::read_to_string(format!("/proc/{pid}/comm"));
    Some(Holder {
        pid,
        program: program.ok().map(|name| name.trim().to_owned()),
    })
}

/// How often a lock that is held is tried again, and how long to wait before each try: another
/// process may only be looking whether it is held.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// A file that exists for its lock alone. It is removed with the lock; a killed process leaves it
/// behind unlocked.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    file: File,
}

impl FileLock {
    /// Takes the lock; `None` if another process has it.
    ///
    /// # Errors
    /// The file cannot be made or locked.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let mut tries = 0;
        loop {
            let mut options = OpenOptions::new();
            let options = options.write(true).create(true).truncate(false);
            let file = for_owner_only(options).open(path)?;
            match file.try_lock() {
                Ok(()) => {
                    let path = path.to_owned();
                    let lock = Self { path, file };
                    // Whoever had it may have removed the file between opening and locking.
                    if lock.is_in_place()? {
                        return Ok(Some(lock));
                    }
                }
                Err(TryLockError::WouldBlock) if tries < TRIES => {
                    tries = tries.saturating_add(1);
                    std::thread::sleep(BETWEEN_TRIES);
                }
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Where its file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether others find this lock. Somebody may have deleted its file, and another process may
    /// have made and locked one of that name since.
    ///
    /// # Errors
    /// The file cannot be looked at.
    pub fn is_in_place(&self) -> io::Result<bool> {
        Ok(FileId::at(&self.path)? == Some(FileId::of(&self.file)?))
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // A file that is left behind is not locked, and does no harm.
        if self.is_in_place().unwrap_or(false) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Whether another process has the lock of a [`FileLock`].
///
/// # Errors
/// The file cannot be looked at.
pub fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::NamedTempFile;

    #[test]
    fn a_locked_file_tells_its_holder_and_another_file_nobody() {
        let [held, free] = [(); 2].map(|()| NamedTempFile::new().unwrap());
        lock(held.as_file()).unwrap();
        let holder_of = |file: &NamedTempFile| holder(&file.reopen().unwrap());
        let Err(LockError::Held(told)) = lock(&held.reopen().unwrap()) else {
            panic!("a second lock");
        };
        assert_eq!(told, holder_of(&held));
        assert_eq!(told.unwrap().pid, std::process::id());
        assert_eq!(holder_of(&free), None);
    }

    #[test]
    fn a_holder_is_a_process_and_its_program_where_that_is_known() {
        let holder = |program: Option<&str>| Holder {
            pid: 4711,
            program: program.map(str::to_owned),
        };
        assert_eq!(
            holder(Some("ccbatch")).to_string(),
            "process 4711 (ccbatch)"
        );
        assert_eq!(holder(None).to_string(), "process 4711");
    }
}
