//! A [`DiskFile`] is the results file as it lies on disk: opened without following links, locked,
//! and compared with its path before every payout.

use super::journal::Storage;
use crate::os::lock::{Holder, LockError, lock};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The largest results file that is read: some four million attempts, more than a year and a
/// half of them at the API's pace.
pub const MAX_BYTES: u64 = 1 << 30;

/// Only the operator may read who was paid what.
pub const OWNER_ONLY: u32 = 0o600;

/// The results file, open and locked.
#[derive(Debug)]
pub struct DiskFile {
    file: File,
    path: PathBuf,
}

/// Why a results file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The path is a symbolic link.
    #[error("is a symbolic link")]
    SymbolicLink,
    /// The path is a directory or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// The file has further names.
    #[error("has more than one hard link")]
    HardLinks,
    /// Larger than [`MAX_BYTES`].
    #[error("is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// Another run is at work on it.
    #[error("is in use")]
    Locked(Option<Holder>),
    /// The system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl DiskFile {
    /// Opens and locks a file; `None` if there is none.
    ///
    /// # Errors
    /// Whatever makes it unfit to be a record.
    pub fn open(path: &Path) -> Result<Option<Self>, DiskError> {
        if !is_fit(path)? {
            return Ok(None);
        }
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        Self::locked(file, path).map(Some)
    }

    /// Reads a file as it is, without a lock; `None` if there is none.
    ///
    /// # Errors
    /// Whatever makes it unfit to be a record.
    pub fn peek(path: &Path) -> Result<Option<Vec<u8>>, DiskError> {
        if is_fit(path)? {
            Ok(Some(std::fs::read(path)?))
        } else {
            Ok(None)
        }
    }

    /// Whether a path names the file that is open.
    ///
    /// # Errors
    /// Either cannot be looked at.
    pub fn is_same(path: &Path, file: &File) -> Result<bool, DiskError> {
        let open = file.metadata()?;
        match std::fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            other => other
                .map(|named| (named.dev(), named.ino()) == (open.dev(), open.ino()))
                .map_err(DiskError::Io),
        }
    }

    /// Makes and locks a new, empty file.
    ///
    /// # Errors
    /// Also when there is a file by now.
    pub fn create(path: &Path) -> Result<Self, DiskError> {
        let mut options = OpenOptions::new();
        options
            .read(true)
            .append(true)
            .create_new(true)
            .mode(OWNER_ONLY);
        Self::locked(options.open(path)?, path)
    }

    fn locked(file: File, path: &Path) -> Result<Self, DiskError> {
        match lock(&file) {
            Ok(()) => Ok(Self {
                file,
                path: path.to_owned(),
            }),
            Err(LockError::Held(holder)) => Err(DiskError::Locked(holder)),
            Err(LockError::Io(error)) => Err(DiskError::Io(error)),
        }
    }

    /// Makes durable what an earlier run may have left in memory, then reads all of it.
    ///
    /// # Errors
    /// Any.
    pub fn read(&mut self) -> io::Result<Vec<u8>> {
        self.sync_name()?;
        let mut bytes = Vec::new();
        (&self.file).take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Whether there is a file, and it is fit to be a record.
fn is_fit(path: &Path) -> Result<bool, DiskError> {
    let metadata = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    if metadata.is_symlink() {
        Err(DiskError::SymbolicLink)
    } else if !metadata.is_file() {
        Err(DiskError::NotAFile)
    } else if metadata.nlink() != 1 {
        Err(DiskError::HardLinks)
    } else if metadata.len() > MAX_BYTES {
        Err(DiskError::TooLarge)
    } else {
        Ok(true)
    }
}

impl Storage for DiskFile {
    fn verify(&self, expected_bytes: u64) -> Result<(), String> {
        let open = self.file.metadata().map_err(|error| error.to_string())?;
        let named = match std::fs::symlink_metadata(&self.path) {
            Ok(named) => named,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err("the results file was deleted or renamed during the run".into());
            }
            Err(error) => return Err(error.to_string()),
        };
        if (open.dev(), open.ino()) != (named.dev(), named.ino()) {
            return Err("the results file was replaced by another during the run".into());
        }
        if open.nlink() != 1 {
            return Err("the results file was given a second name during the run".into());
        }
        if open.len() != expected_bytes {
            return Err(format!(
                "another program changed the results file during the run: \
                 it has {} bytes instead of {expected_bytes}",
                open.len()
            ));
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn sync_name(&mut self) -> io::Result<()> {
        self.file.sync_all()?;
        let parent = match self.path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        File::open(parent)?.sync_all()
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }
}

#[cfg(test)]
mod tests;
