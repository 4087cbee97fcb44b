//! Files as Unix has them: which file a path names, and who may use it.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Only the owner may read and write.
const OWNER_ONLY: u32 = 0o600;

/// Only the owner may list and enter.
const OWNER_ONLY_FOLDER: u32 = 0o700;

/// Write permission of the group and of everyone.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Any permission of the group and of everyone.
const USABLE_BY_OTHERS: u32 = 0o077;

/// Which file it is, whatever it is called: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of a file that is open.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn of(file: &File) -> io::Result<Self> {
        Ok(Self::from_metadata(&file.metadata()?))
    }

    /// Of the file that a path names, or that a symbolic link there leads to; `None` if there is
    /// none. The file is not opened: closing it would drop the locks that this process has on it.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn at(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::metadata(path) {
            Ok(metadata) => Ok(Some(Self::from_metadata(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn from_metadata(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }
}

/// How many names a file has.
#[must_use]
pub fn link_count(metadata: &Metadata) -> u64 {
    metadata.nlink()
}

/// Makes a file that this opens for nobody but its owner, if it makes one.
pub fn for_owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(OWNER_ONLY)
}

/// Makes a file that is not there yet, which nobody but its owner can use, and syncs it.
///
/// # Errors
/// It is there already, or cannot be made or written.
pub fn write_new_for_owner_only(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true);
    let mut file = for_owner_only(options).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a folder, and those above it, that nobody but its owner can enter. What was made is durable
/// when this returns: a power cut must not take a folder away with what was written into it since.
///
/// # Errors
/// It cannot be made.
pub fn create_folder_for_owner_only(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| *folder != Path::new("") && !folder.exists())
        .collect();
    DirBuilder::new()
        .recursive(true)
        .mode(OWNER_ONLY_FOLDER)
        .create(path)?;
    for folder in missing.into_iter().rev() {
        sync_folder(parent(folder))?;
    }
    Ok(())
}

/// Makes durable what was made, renamed or removed in a folder, if its file system can do that: one
/// that cannot, as that of a Windows share, answers with EINVAL (fsync(2)).
///
/// # Errors
/// The folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

/// The folder that a path is in.
#[must_use]
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    }
}

/// The folders of the system, in which nothing that is written is kept.
const SYSTEM_FOLDERS: [&str; 3] = ["/dev", "/proc", "/sys"];

/// Whether a path is in a folder of the system, itself or by the symbolic links on its way.
#[must_use]
pub fn is_in_system_folder(path: &Path) -> bool {
    let is_there = |path: &Path| SYSTEM_FOLDERS.iter().any(|it| path.starts_with(it));
    is_there(path) || parent(path).canonicalize().is_ok_and(|it| is_there(&it))
}

/// Whether others than the owner may change a file, or what a folder holds.
#[must_use]
pub fn is_writable_by_others(metadata: &Metadata) -> bool {
    metadata.mode() & WRITABLE_BY_OTHERS != 0
}

/// Whether anyone but the user and root may say what a file holds. A device like `/dev/null` keeps
/// nothing of what others write to it.
#[must_use]
pub fn is_in_others_hands(metadata: &Metadata) -> bool {
    let owner = metadata.uid();
    let is_own = owner == 0 || owner == super::host::user_id();
    let is_device = metadata.file_type().is_char_device();
    !is_device && (!is_own || is_writable_by_others(metadata))
}

/// Whether it is a device like a terminal, and no file.
#[must_use]
pub fn is_device(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device()
}

/// The permissions of a file, where others than its owner may use it.
#[must_use]
pub fn mode_for_others(metadata: &Metadata) -> Option<u32> {
    let mode = metadata.mode() & 0o777;
    (mode & USABLE_BY_OTHERS != 0).then_some(mode)
}

/// Writes all of the bytes at a place of a file.
///
/// # Errors
/// Any; some of the bytes may have been written then.
pub fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(bytes, offset)
}

/// Reads bytes from a place of a file until the buffer is full.
///
/// # Errors
/// Any; the file may end before.
pub fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(buffer, offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn folders_are_made_for_their_owner_alone() {
        let temporary = TempDir::new().unwrap();
        let deep = temporary.path().join("one/two");
        create_folder_for_owner_only(&deep).unwrap();
        create_folder_for_owner_only(&deep).unwrap();
        for folder in [deep.as_path(), parent(&deep)] {
            assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn the_systems_own_folders_are_known_by_whatever_way() {
        let temporary = TempDir::new().unwrap();
        std::os::unix::fs::symlink("/dev", temporary.path().join("way")).unwrap();
        for path in ["/dev/null", "/proc/self/x", "/sys/x"].map(Path::new) {
            assert!(is_in_system_folder(path), "{}", path.display());
        }
        assert!(is_in_system_folder(&temporary.path().join("way/x")));
        for path in ["/home/x", "/device/x", "dev/x"].map(Path::new) {
            assert!(!is_in_system_folder(path), "{}", path.display());
        }
        assert!(!is_in_system_folder(&temporary.path().join("x")));
    }
}
