//! The input is the file of payouts as bytes: read once, to its end, so that what is checked is what
//! is sent.

use crate::config::Files;
use crate::error::{Error, PathError};
use crate::intake::MAX_FILE_BYTES;
use crate::os::file::read_exact_at;
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Where standard input is as a file.
const STANDARD_INPUT_FILE: &str = "/dev/stdin";

/// How much one processor reads at a time.
const PART_BYTES: usize = 4 << 20;

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
    let length = usize::try_from(length.min(most)).unwrap_or_default();
    let mut bytes = read_in_parts(input, length).unwrap_or_default();
    // What a pipe has, what was added meanwhile, or all of a file that says wrongly how long it is.
    let mut rest = input;
    if !bytes.is_empty() {
        rest.seek(SeekFrom::Start(bytes.len() as u64))
            .map_err(error)?;
    }
    rest.take(most.saturating_sub(bytes.len() as u64))
        .read_to_end(&mut bytes)
        .map_err(error)?;
    Ok(bytes)
}

/// The beginning of a file, so many bytes, read on all processors.
fn read_in_parts(input: &File, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let parts = bytes.par_chunks_mut(PART_BYTES).enumerate();
    parts.try_for_each(|(number, part)| {
        let before = number.saturating_mul(PART_BYTES);
        read_exact_at(input, part, before as u64)
    })?;
    Ok(bytes)
}
