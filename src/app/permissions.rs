//! The permissions of a file, as Unix has them.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

/// Permission bits of anyone but the owner.
const OTHERS: u32 = 0o077;

/// The permission bits of a file that others than its owner may read or change.
pub(super) fn open_to_others(file: &File) -> io::Result<Option<u32>> {
    let mode = file.metadata()?.mode() & 0o777;
    Ok((mode & OTHERS != 0).then_some(mode))
}
