//! The results file on disk.

use super::{Storage, WRITTEN_TO};
use crate::os::fault::words;
use crate::os::file::{self, FileId};
use chrono::{DateTime, Utc};
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The largest results file that is read: some three million attempts, more than a year of them at
/// the API's pace.
pub const MAX_BYTES: u64 = 1 << 30;

/// The longest name of a results file. Most file systems take 255 bytes, and the names of what is kept
/// beside it are longer.
const MAX_NAME_BYTES: usize = 215;

/// A results file on disk.
#[derive(Debug)]
pub struct DiskFile {
    path: PathBuf,
    /// The file that was published last.
    published: Option<Published>,
    /// What stood here when all of it was read, and is to be replaced.
    read: Option<Found>,
}

/// Which file stands at a path, and when somebody has last written to it.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    File {
        id: FileId,
        bytes: u64,
        modified: SystemTime,
    },
}

impl Found {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self::File {
            id: FileId::of(file)?,
            bytes: metadata.len(),
            modified: metadata.modified()?,
        })
    }

    fn at(path: &Path) -> io::Result<Self> {
        open(path)?.map_or(Ok(Self::Nothing), |file| Self::of(&file))
    }
}

/// Opens a file to be read; `None` if there is none.
fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => file.map(Some),
    }
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

/// Why results cannot be kept at a path.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The path is a symbolic link.
    #[error("the results file is a symbolic link")]
    SymbolicLink,
    /// The path is a folder, a device or a pipe.
    #[error("the results file is not a regular file")]
    NotAFile,
    /// The path is among the system's own.
    #[error("the results file is in a folder of the system, where nothing is kept")]
    System,
    /// Its name is longer than a file system takes with what is kept beside it.
    #[error("the name of the results file is longer than {MAX_NAME_BYTES} bytes")]
    LongName,
    /// Larger than [`MAX_BYTES`].
    #[error("the results file is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The folder is not there.
    #[error("there is no such folder")]
    NoFolder,
    /// The system says why.
    #[error("the results file cannot be used: {}", words(.0))]
    Io(#[from] io::Error),
}

impl PlaceError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::SymbolicLink => "name the file itself with --results",
            Self::LongName => {
                "give the input a shorter name, or name a shorter one for the results with --results"
            }
            Self::NoFolder => {
                "check the name, and that the disk is there; for a batch that was never begun make the folder first"
            }
            Self::TooLarge => {
                "nothing was sent; bring the file back as it was; only if every payout of the batch was made with this ledger, move it away: the next run writes it anew"
            }
            Self::NotAFile | Self::System => {
                "name a file with --results, and for a batch that was begun the same one as before"
            }
            Self::Io(_) => {
                "nothing was sent; check that the disk has room and that you may write the folder and the file"
            }
        }
    }
}

impl DiskFile {
    /// A results file at this path, whether there is one or not.
    ///
    /// # Errors
    /// Results cannot be kept at this path.
    pub fn at(path: &Path) -> Result<Self, PlaceError> {
        let path = absolute(path)?;
        if path.file_name().is_some_and(|it| it.len() > MAX_NAME_BYTES) {
            return Err(PlaceError::LongName);
        }
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
            read: None,
        })
    }

    /// Its absolute path, without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the file without what follows the last point.
    fn stem(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    /// The name of the file that is to take this one's place: hidden, and with the whole name in it,
    /// so that no other results file beside this one has the same.
    fn temporary_name(&self) -> OsString {
        let name = self.path.file_name().unwrap_or_default();
        [OsStr::new("."), name, OsStr::new(".tmp")]
            .into_iter()
            .collect()
    }

    /// Takes the place of the file, unless somebody has written to it since it was read.
    fn take_place(&mut self, temporary: &Path) -> io::Result<()> {
        if let Some(read) = self.read.take()
            && read != Found::at(&self.path)?
        {
            return Err(io::Error::other(WRITTEN_TO));
        }
        std::fs::rename(temporary, &self.path)?;
        file::sync_folder(file::parent(&self.path))
    }

    /// A new file beside this one, for nobody else to read.
    fn create_beside(&self, name: &OsStr) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create_new(true);
        file::for_owner_only(options).open(file::parent(&self.path).join(name))
    }
}

/// The path without symbolic links in its folder, and without `..`.
fn absolute(path: &Path) -> Result<PathBuf, PlaceError> {
    let name = path.file_name().ok_or(PlaceError::NotAFile)?;
    match file::parent(path).canonicalize() {
        Ok(folder) => Ok(folder.join(name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(PlaceError::NoFolder),
        Err(error) => Err(error.into()),
    }
}

impl Storage for DiskFile {
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = open(&self.path)? else {
            self.read = Some(Found::Nothing);
            return Ok(None);
        };
        self.read = Some(Found::of(&file)?);
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn reader(&mut self) -> io::Result<Option<Box<dyn Read + Send>>> {
        let file = open(&self.path)?;
        Ok(file.map(|file| Box::new(file.take(MAX_BYTES)) as Box<dyn Read + Send>))
    }

    fn publish(&mut self, bytes: &[u8]) -> io::Result<()> {
        let name = self.temporary_name();
        let temporary = file::parent(&self.path).join(&name);
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
            .and_then(|()| self.take_place(&temporary));
        if let Err(error) = published {
            // It may have been renamed already, or never be found: neither does harm.
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
            match self.create_beside(name.as_ref()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    count = count.saturating_add(1);
                }
                Err(error) => return Err(error),
                Ok(mut file) => {
                    let kept = file
                        .write_all(bytes)
                        .and_then(|()| file.sync_all())
                        .and_then(|()| file::sync_folder(file::parent(&self.path)));
                    if let Err(error) = kept {
                        // Half a copy would pass for a whole one.
                        let _ = std::fs::remove_file(file::parent(&self.path).join(&name));
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
        published.file.sync_data()?;
        // Only now: a file server may say another time when it has the bytes.
        published.modified = published.file.metadata()?.modified()?;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn published(bytes: &[u8]) -> (TempDir, DiskFile) {
        let folder = TempDir::new().unwrap();
        let mut disk = DiskFile::at(&folder.path().join("r.csv")).unwrap();
        disk.publish(bytes).unwrap();
        (folder, disk)
    }

    #[test]
    fn the_last_line_is_replaced_by_a_longer_and_by_a_shorter_one() {
        let (_folder, mut disk) = published(b"head\nin flight\n");
        for line in ["created and longer\n", "short\n"] {
            disk.write_last(line.as_bytes(), 5).unwrap();
            let text = format!("head\n{line}");
            assert_eq!(disk.read().unwrap().unwrap(), text.as_bytes());
            assert!(disk.is_intact(text.len() as u64).unwrap());
        }
    }

    #[test]
    fn a_write_by_another_program_is_seen_even_if_the_length_stays() {
        let (_folder, mut disk) = published(b"head\nline\n");
        assert!(disk.is_untouched(10).unwrap());
        // The clock of a file system ticks some hundred times a second.
        std::thread::sleep(std::time::Duration::from_millis(50));
        std::fs::write(disk.path(), b"head\nmine\n").unwrap();
        assert!(!disk.is_untouched(10).unwrap());
        assert!(!disk.is_intact(10).unwrap());
    }

    #[test]
    fn a_file_that_was_moved_is_untouched_and_not_in_its_place() {
        let (folder, mut disk) = published(b"head\n");
        std::fs::rename(disk.path(), folder.path().join("moved.csv")).unwrap();
        assert!(disk.is_untouched(5).unwrap());
        assert!(!disk.is_intact(5).unwrap());
    }

    #[test]
    fn what_a_killed_run_has_left_is_no_hindrance() {
        let (folder, mut disk) = published(b"old\n");
        std::fs::write(folder.path().join(".r.csv.tmp"), "half").unwrap();
        disk.publish(b"new\n").unwrap();
        assert_eq!(disk.read().unwrap().unwrap(), b"new\n");
        assert!(!folder.path().join(".r.csv.tmp").exists());
    }

    #[test]
    fn what_was_changed_is_kept_under_a_name_of_its_own_each_time() {
        let (folder, mut disk) = published(b"");
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let names = [(); 3].map(|()| disk.keep(b"changed", now).unwrap());
        let name = "r.changed-1970-01-01T00-00-00";
        assert_eq!(names, ["", "-2", "-3"].map(|it| format!("{name}{it}.csv")));
        for name in names {
            assert_eq!(std::fs::read(folder.path().join(name)).unwrap(), b"changed");
        }
    }

    #[test]
    fn two_results_files_side_by_side_are_not_written_through_one_file() {
        let [one, other] = ["r.csv", "r.txt"].map(|it| DiskFile::at(Path::new(it)).unwrap());
        assert_ne!(one.temporary_name(), other.temporary_name());
    }
}
