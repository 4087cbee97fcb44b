//! Where the API key comes from.

use super::blocking::unless_stopped;
use crate::characters::BYTE_ORDER_MARK;
use crate::config::KeySource;
use crate::error::{Error, PathError, SystemError};
use crate::os::file::{is_device, mode_for_others};
use crate::os::terminal::HiddenTyping;
use crate::payout::stop::Stop;
use crate::secret::ApiKey;
use crate::terminal::ui;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A key file holds a key and nothing else; more than this is another file.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Reads the key; `None` when a stop was asked for instead.
pub(super) async fn read(source: &KeySource, stop: &Stop) -> Result<Option<ApiKey>, Error> {
    match source {
        KeySource::Environment(_, text) => {
            let key = ApiKey::new(&text.to_string_lossy());
            key.map(Some)
                .map_err(|error| Error::at(source.name(), error))
        }
        KeySource::File(path) => {
            let path = path.clone();
            let read = unless_stopped(stop, move || read_file(&path)).await;
            read.map_err(SystemError::Setup)?.transpose()
        }
        KeySource::Prompt if ui::can_ask() => prompt(stop).await,
        KeySource::Prompt => Err(SystemError::NoApiKey.into()),
    }
}

/// Reads the key in a file. Opening it may wait: it may be a FIFO.
fn read_file(path: &Path) -> Result<ApiKey, Error> {
    let error = |error: io::Error| Error::at(path.display(), PathError::ApiKey(error));
    let file = File::open(path).map_err(error)?;
    let metadata = file.metadata().map_err(error)?;
    // Anyone may use most devices, and nobody is to be told to change that.
    if is_device(&metadata) {
        return Err(error(io::Error::other("this is a device")));
    }
    if let Some(mode) = mode_for_others(&metadata) {
        return Err(Error::at(path.display(), PathError::ApiKeyIsOpen(mode)));
    }
    let mut text = String::new();
    file.take(MAX_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(error)?;
    ApiKey::new(text.trim_start_matches(BYTE_ORDER_MARK))
        .map_err(|error| Error::at(path.display(), error))
}

async fn prompt(stop: &Stop) -> Result<Option<ApiKey>, Error> {
    // Before the question is shown, and until the answer is there or a stop is asked for.
    let hidden = HiddenTyping::begin().map_err(SystemError::Terminal)?;
    let asked = unless_stopped(stop, ui::ask_key).await;
    drop(hidden);
    let answer = asked.map_err(SystemError::Setup)?;
    let Some(answer) = answer else {
        ui::say("");
        return Ok(None);
    };
    let text = answer.map_err(SystemError::Terminal)?;
    ApiKey::new(&text)
        .map(Some)
        .map_err(|error| Error::at("terminal", error))
}
