//! The results file on a real disk: what is not fit to be a record, and what can become of it
//! while it is open.

use super::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use tempfile::TempDir;

/// An open file with these bytes, in a folder of its own.
fn open_file(bytes: &[u8]) -> (TempDir, DiskFile) {
    let folder = TempDir::new().unwrap();
    let mut disk = DiskFile::create(&folder.path().join("r.csv")).unwrap();
    disk.append(bytes).unwrap();
    (folder, disk)
}

#[test]
fn a_new_file_is_empty_and_its_owners_alone() {
    let (_folder, mut disk) = open_file(b"");
    let mode = fs::metadata(&disk.path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, OWNER_ONLY);
    assert_eq!(disk.read().unwrap(), b"");
    let again = DiskFile::create(&disk.path);
    assert!(
        matches!(again, Err(DiskError::Io(error)) if error.kind() == io::ErrorKind::AlreadyExists)
    );
}

#[test]
fn a_file_is_found_with_its_bytes_or_not_at_all() {
    let (folder, disk) = open_file(b"line\n");
    assert_eq!(DiskFile::peek(&disk.path).unwrap().unwrap(), b"line\n");
    let path = disk.path.clone();
    drop(disk);
    let mut disk = DiskFile::open(&path).unwrap().unwrap();
    assert_eq!(disk.read().unwrap(), b"line\n");
    disk.append(b"2").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"line\n2");
    let missing = folder.path().join("missing.csv");
    assert!(DiskFile::open(&missing).unwrap().is_none());
    assert!(DiskFile::peek(&missing).unwrap().is_none());
}

#[test]
fn a_file_that_is_open_is_locked() {
    let (_folder, disk) = open_file(b"");
    match DiskFile::open(&disk.path) {
        Err(DiskError::Locked(Some(holder))) => assert_eq!(holder.pid, std::process::id()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_file_of_its_own_is_not_fit() {
    let (folder, disk) = open_file(b"");
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("folder")).unwrap();
    symlink(&disk.path, path("symlink")).unwrap();
    fs::write(path("one"), "").unwrap();
    fs::hard_link(path("one"), path("two")).unwrap();
    let words = |name: &str| {
        let [opened, peeked] = [
            DiskFile::open(&path(name)).map(drop),
            DiskFile::peek(&path(name)).map(drop),
        ]
        .map(|result| result.unwrap_err().to_string());
        assert_eq!(opened, peeked);
        opened
    };
    assert_eq!(words("folder"), "is not a regular file");
    assert_eq!(words("symlink"), "is a symbolic link");
    assert_eq!(words("one"), "has more than one hard link");
    assert!(words("one/file").contains("Not a directory"));
}

#[test]
fn a_file_that_is_larger_than_any_record_is_not_fit() {
    let (_folder, disk) = open_file(b"");
    let path = disk.path.clone();
    for (bytes, is_fit) in [(1, true), (MAX_BYTES, true), (MAX_BYTES + 1, false)] {
        disk.file.set_len(bytes).unwrap();
        match super::is_fit(&path) {
            Ok(fit) => assert!(fit && is_fit, "{bytes}"),
            Err(error) => assert!(!is_fit && matches!(error, DiskError::TooLarge), "{error}"),
        }
    }
}

#[test]
fn a_path_names_the_file_that_is_open_or_another_or_none() {
    let (folder, disk) = open_file(b"");
    let path = |name| folder.path().join(name);
    fs::write(path("other"), "").unwrap();
    symlink(&disk.path, path("symlink")).unwrap();
    let is_same = |path: &Path| DiskFile::is_same(path, &disk.file);
    assert!(is_same(&disk.path).unwrap());
    assert!(is_same(&path("symlink")).unwrap());
    assert!(!is_same(&path("other")).unwrap());
    assert!(!is_same(&path("missing")).unwrap());
    assert!(is_same(&path("other/file")).is_err());
}

#[test]
fn what_has_become_of_the_file_is_told() {
    type Mischief = fn(&Path);
    let mischiefs: [(Mischief, &str); 6] = [
        (|_| {}, ""),
        (|path| fs::remove_file(path).unwrap(), "deleted or renamed"),
        (
            |path| {
                fs::copy(path, path.with_extension("copy")).unwrap();
                fs::rename(path.with_extension("copy"), path).unwrap();
            },
            "replaced by another",
        ),
        (
            |path| fs::hard_link(path, path.with_extension("link")).unwrap(),
            "a second name",
        ),
        (
            |path| fs::write(path, "line").unwrap(),
            "it has 4 bytes instead of 5",
        ),
        (
            |path| {
                let folder = path.parent().unwrap();
                fs::rename(folder, folder.with_extension("moved")).unwrap();
                fs::write(folder, "").unwrap();
            },
            "Not a directory",
        ),
    ];
    for (mischief, words) in mischiefs {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        let mut disk = DiskFile::create(&folder.path().join("folder/r.csv")).unwrap();
        disk.append(b"line\n").unwrap();
        mischief(&disk.path);
        let told = disk.verify(5).err().unwrap_or_default();
        assert!(told.contains(words), "{told}");
        assert_eq!(told.is_empty(), words.is_empty(), "{told}");
    }
}

#[test]
fn the_end_is_cut_off() {
    let (_folder, mut disk) = open_file(b"line\nhal");
    disk.truncate(5).unwrap();
    assert_eq!(fs::read(&disk.path).unwrap(), b"line\n");
}

#[test]
fn a_sync_that_cannot_be_is_no_success() {
    let path = PathBuf::from("/dev/null");
    let file = File::open(&path).unwrap();
    let mut nowhere = DiskFile { file, path };
    assert!(nowhere.sync().is_err());
    assert!(nowhere.sync_name().is_err());
}

#[test]
fn the_folder_of_the_file_is_what_makes_its_name_durable() {
    let (folder, mut disk) = open_file(b"");
    disk.sync_name().unwrap();
    folder.close().unwrap();
    let error = disk.sync_name().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    // A name alone lies in the folder where the program runs.
    disk.path = PathBuf::from("r.csv");
    disk.sync_name().unwrap();
}
