//! The input is the file of payouts as bytes: read once, to its end, so that what is checked is what
//! is sent.

use crate::config::Files;
use crate::error::{Error, PathError};
use crate::intake::MAX_FILE_BYTES;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Where standard input is as a file.
const STANDARD_INPUT_FILE: &str = "/dev/stdin";

/// Opens the input, or standard input for `-`.
pub(super) fn open(files: &Files) -> Result<File, Error> {
    let error = |error: io::Error| Error::at(files.input.display(), PathError::Input(error));
    let path = if files.input.as_os_str() == STANDARD_INPUT {
        Path::new(STANDARD_INPUT_FILE)
    } else {
        &files.input
    };
    let input = File::open(path).map_err(error)?;
    if input.metadata().map_err(error)?.is_dir() {
        return Err(error(io::ErrorKind::IsADirectory.into()));
    }
    Ok(input)
}

/// Reads the input to its end. Of a file that is too large only as much is read as shows it.
pub(super) fn read(files: &Files, input: &File) -> Result<Vec<u8>, Error> {
    let error = |error: io::Error| Error::at(files.input.display(), PathError::Input(error));
    let length = input.metadata().map_err(error)?.len();
    let most = (MAX_FILE_BYTES as u64).saturating_add(1);
    let capacity = usize::try_from(length.min(most)).unwrap_or_default();
    // One more, so that the end is seen without growing.
    let mut bytes = Vec::with_capacity(capacity.saturating_add(1));
    let mut input = input;
    input
        .by_ref()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(error)?;
    Ok(bytes)
}
