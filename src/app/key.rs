//! Where the API key comes from.

use crate::config::{API_KEY_VARIABLE, KeySource};
use crate::error::Error;
use crate::payout::stop::Stop;
use crate::secret::ApiKey;
use crate::terminal::ui;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Permission bits of anyone but the owner.
const OTHERS: u32 = 0o077;

/// A key file holds a key and nothing else; more than this is another file.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// Reads the key; `None` when a stop was asked for instead.
pub(super) async fn read(source: &KeySource, stop: &Stop) -> Result<Option<ApiKey>, Error> {
    match source {
        KeySource::Environment(text) => ApiKey::new(&text.to_string_lossy())
            .map(Some)
            .map_err(|error| Error::api_key(API_KEY_VARIABLE, error)),
        KeySource::File(path) => read_file(path).map(Some),
        KeySource::Prompt if ui::can_ask() => prompt(stop).await,
        KeySource::Prompt => Err(Error::no_api_key()),
    }
}

fn read_file(path: &Path) -> Result<ApiKey, Error> {
    let error = |error: std::io::Error| Error::api_key_file(path, &error);
    let file = File::open(path).map_err(error)?;
    let mode = file.metadata().map_err(error)?.mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(Error::api_key_file_is_open(path, mode));
    }
    let mut text = String::new();
    file.take(MAX_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(error)?;
    ApiKey::new(&text).map_err(|error| Error::api_key(path.display(), error))
}

async fn prompt(stop: &Stop) -> Result<Option<ApiKey>, Error> {
    let asked = tokio::task::spawn_blocking(ui::ask_key);
    let answer = tokio::select! {
        () = stop.raised() => {
            ui::show_typing();
            ui::say("");
            return Ok(None);
        }
        answer = asked => answer.unwrap_or_else(|error| Err(std::io::Error::other(error))),
    };
    let text = answer.map_err(|error| Error::terminal(&error))?;
    ApiKey::new(&text)
        .map(Some)
        .map_err(|error| Error::api_key("terminal", error))
}
