//! A lock keeps a second run away from a batch. The system drops it with the process, so a
//! killed run leaves nothing to clean up.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;

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
    #[error("held by another process")]
    Held(Option<Holder>),
    /// The system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Locks a file for as long as it is open.
///
/// # Errors
/// When it is locked already, or cannot be.
pub fn lock(file: &File) -> Result<(), LockError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(LockError::Held(holder(file))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Who holds the lock of a file, without touching it. Linux alone tells, in its table of locks,
/// where a line reads
/// `1: FLOCK  ADVISORY  WRITE 4711 fe:01:131074 0 EOF` (proc_locks(5)).
#[must_use]
pub fn holder(file: &File) -> Option<Holder> {
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
