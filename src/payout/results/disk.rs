//! The results file on disk.

use super::Storage;
use crate::os::file::{self, FileId};
use chrono::{DateTime, Utc};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The largest results file that is read: some three million attempts, more than a year of them at
/// the API's pace.
pub const MAX_BYTES: u64 = 1 << 30;

/// A results file on disk.
#[derive(Debug)]
pub struct DiskFile {
    path: PathBuf,
    /// The file that was published last.
    published: Option<Published>,
}

/// A file that was published, open.
#[derive(Debug)]
struct Published {
    file: File,
    id: FileId,
    /// When this program has last written to it, as the file system says.
    modified: SystemTime,
}

impl Published {
    fn new(file: File) -> io::Result<Self> {
        let id = FileId::of(&file)?;
        let modified = file.metadata()?.modified()?;
        Ok(Self { file, id, modified })
    }

    fn is_untouched(&self, bytes: u64) -> io::Result<bool> {
        let metadata = self.file.metadata()?;
        Ok(metadata.len() == bytes && metadata.modified()? == self.modified)
    }

    /// Puts bytes in the place of all from an offset on; leaves what was there if there is no room.
    fn replace_end(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let before = self.file.metadata()?.len();
        let mut old = vec![0; usize::try_from(before.saturating_sub(offset)).unwrap_or_default()];
        file::read_exact_at(&self.file, &mut old, offset)?;
        let end = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let mut written = file::write_all_at(&self.file, bytes, offset);
        if before > end {
            written = written.and_then(|()| self.file.set_len(end));
        }
        if written.is_err() {
            // Half a line must not stay. What was there needs no more room than it had.
            let _ = file::write_all_at(&self.file, &old, offset);
            let _ = self.file.set_len(before);
        }
        written
    }
}

/// Why a path is no place for results.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The path is a symbolic link.
    #[error("is a symbolic link")]
    SymbolicLink,
    /// The path is a folder, a device or a pipe.
    #[error("is not a regular file")]
    NotAFile,
    /// The path is among the system's own.
    #[error("is in a folder of the system, where nothing is kept")]
    System,
    /// Larger than [`MAX_BYTES`].
    #[error("is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The folder is not there.
    #[error("there is no such folder")]
    NoFolder,
    /// The system says why.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl DiskFile {
    /// A results file at this path, whether there is one or not.
    ///
    /// # Errors
    /// The path is no place for results.
    pub fn at(path: &Path) -> Result<Self, PlaceError> {
        let path = absolute(path)?;
        if file::is_in_system_folder(&path) {
            return Err(PlaceError::System);
        }
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
            Ok(metadata) if metadata.is_symlink() => return Err(PlaceError::SymbolicLink),
            Ok(metadata) if !metadata.is_file() => return Err(PlaceError::NotAFile),
            Ok(metadata) if metadata.len() > MAX_BYTES => return Err(PlaceError::TooLarge),
            Ok(_) => {}
        }
        Ok(Self {
            path,
            published: None,
        })
    }

    /// Its absolute path, without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// The name of the file without what follows the last point.
    fn stem(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    /// The name of the file that is to take this one's place: hidden, and with the whole name in it,
    /// so that no other results file beside this one has the same.
    fn temporary_name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        format!(".{}.tmp", name.to_string_lossy())
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(self.folder())?.sync_all()
    }

    /// A new file beside this one, for nobody else to read.
    fn create_beside(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true);
        file::for_owner_only(options).open(self.folder().join(name))
    }
}

/// The path without symbolic links in its folder, and without `..`.
fn absolute(path: &Path) -> Result<PathBuf, PlaceError> {
    let name = path.file_name().ok_or(PlaceError::NotAFile)?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    };
    match folder.canonicalize() {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(PlaceError::NoFolder),
        Err(error) => Err(error.into()),
    }
}

impl Storage for DiskFile {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn publish(&mut self, bytes: &[u8]) -> io::Result<()> {
        let name = self.temporary_name();
        let temporary = self.folder().join(&name);
        let mut file = match self.create_beside(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Left by a run that was killed: the batch is locked, so that nobody writes to it.
                std::fs::remove_file(&temporary)?;
                self.create_beside(&name)?
            }
            other => other?,
        };
        let published = file
            .write_all(bytes)
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::rename(&temporary, &self.path))
            .and_then(|()| self.sync_folder());
        if let Err(error) = published {
            // It may have been renamed already, or never be found: either is no harm.
            let _ = std::fs::remove_file(&temporary);
            return Err(error);
        }
        self.published = Some(Published::new(file)?);
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8], now: DateTime<Utc>) -> io::Result<String> {
        let time = now.format("%Y-%m-%dT%H-%M-%S");
        let mut count = 1u32;
        loop {
            let number = if count == 1 {
                String::new()
            } else {
                format!("-{count}")
            };
            let name = format!("{}.changed-{time}{number}.csv", self.stem());
            match self.create_beside(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    count = count.saturating_add(1);
                }
                Err(error) => return Err(error),
                Ok(mut file) => {
                    let kept = file
                        .write_all(bytes)
                        .and_then(|()| file.sync_all())
                        .and_then(|()| self.sync_folder());
                    if let Err(error) = kept {
                        // Half a copy would pass for a whole one.
                        let _ = std::fs::remove_file(self.folder().join(&name));
                        return Err(error);
                    }
                    return Ok(name);
                }
            }
        }
    }

    fn write_last(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let Some(published) = &mut self.published else {
            return Err(io::Error::other("the results file was not published"));
        };
        published.replace_end(bytes, offset)?;
        published.modified = published.file.metadata()?.modified()?;
        published.file.sync_data()
    }

    fn is_untouched(&mut self, bytes: u64) -> io::Result<bool> {
        match &self.published {
            Some(published) => published.is_untouched(bytes),
            None => Ok(false),
        }
    }

    fn is_intact(&mut self, bytes: u64) -> io::Result<bool> {
        match &self.published {
            Some(published) => {
                let is_there = FileId::at(&self.path)? == Some(published.id);
                Ok(is_there && published.is_untouched(bytes)?)
            }
            None => Ok(false),
        }
    }
}
