//! The config file: settings that are the same each time. A setting is what its flag is where the
//! flag is left out, and has the flag's name with `_` for `-`.

use super::environment::Environment;
use crate::cli::{self, Language, Progress, ReferenceScope};
use crate::domain::{Amount, Currency};
use crate::error::{Error, PathError, UsageError};
use crate::intake::columns::ColumnNames;
use crate::intake::decode::TextEncoding;
use crate::ledger::postgres;
use crate::os::file;
use clap::ColorChoice;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::{DeTable, DeValue};

/// A longer file is another one, and is refused: of one that is cut, a limit may be missing.
const MAX_BYTES: u64 = 64 * 1024;

/// Flags that cannot be settings, each with its reason.
const REFUSED: [(&str, &str); 8] = [
    ("yes", "the question is there to be answered each time"),
    ("repeat", "paying again is decided for one run"),
    ("retry_rejected", "sending again is decided for one run"),
    (
        "keep_going",
        "going on after a payout in doubt is decided for one run",
    ),
    ("only", "which rows are paid is decided for one run"),
    ("limit", "how many payouts are sent is decided for one run"),
    ("results", "each batch has a results file of its own"),
    ("api_key", "whoever reads the file would have the key"),
];

/// What stands in the config file.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The file, if there is one.
    pub(super) file: Option<PathBuf>,
    /// The line of each setting.
    lines: BTreeMap<String, usize>,
    pub(super) api_key_file: Option<PathBuf>,
    pub(super) api_url: Option<String>,
    pub(super) bom: bool,
    pub(super) color: Option<ColorChoice>,
    pub(super) columns: Option<ColumnNames>,
    pub(super) decimal_comma: bool,
    pub(super) delimiter: Option<u8>,
    pub(super) encoding: Option<TextEncoding>,
    pub(super) interval: Option<Duration>,
    pub(super) language: Option<Language>,
    pub(super) ledger: Option<OsString>,
    pub(super) max_amount: Vec<(Currency, Amount)>,
    pub(super) max_findings: Option<u64>,
    pub(super) max_total: Vec<(Currency, Amount)>,
    pub(super) on_end: Option<String>,
    pub(super) output_decimal_comma: bool,
    pub(super) patience: Option<Duration>,
    pub(super) progress: Option<Progress>,
    pub(super) references: Option<ReferenceScope>,
    pub(super) strict: bool,
}

impl Settings {
    /// Reads the file that `--config` names, or else the user's own, which need not be there.
    pub(super) fn load(
        named: Option<PathBuf>,
        environment: Environment<'_>,
    ) -> Result<Self, Error> {
        let own = || environment.folder("XDG_CONFIG_HOME", ".config");
        let is_named = named.is_some();
        let Some(path) = named.or_else(|| Some(own()?.join("config.toml"))) else {
            return Ok(Self::default());
        };
        match File::open(&path) {
            Ok(file) => Self::read(path, file),
            Err(error) if !is_named && is_absence(&error) => Ok(Self::default()),
            Err(error) => Err(Error::at(path.display(), PathError::Config(error))),
        }
    }

    fn read(path: PathBuf, file: File) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::at(path.display(), PathError::Config(error));
        // It can name a command to be run, and who gets the API key.
        if file::is_in_others_hands(&file.metadata().map_err(failed)?) {
            return Err(Error::at(path.display(), PathError::ConfigIsOpen));
        }
        let mut bytes = Vec::new();
        // A pipe does not say how long it is.
        let mut all = file.take(MAX_BYTES.saturating_add(1));
        all.read_to_end(&mut bytes).map_err(failed)?;
        if all.limit() == 0 {
            return Err(failed(io::ErrorKind::FileTooLarge.into()));
        }
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| failed(io::ErrorKind::InvalidData.into()))?;
        let settings = parse(&path, &text)?;
        Ok(Self {
            file: Some(path),
            ..settings
        })
    }

    /// Where a setting stands, for a message.
    pub(super) fn place(&self, name: &str) -> String {
        let file = self.file.as_deref().unwrap_or(Path::new(""));
        let line = self.lines.get(name).copied().unwrap_or_default();
        place(file, line, name)
    }
}

/// Whether there is no such file, or no folder for it.
fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// `config.toml:3: interval`
fn place(file: &Path, line: usize, name: &str) -> String {
    format!("{}:{line}: {name}", file.display())
}

fn parse(path: &Path, text: &str) -> Result<Settings, Error> {
    let mut entries = Entries::parse(path, text)?;
    // A path means the same wherever the program is called.
    let folder = file::parent(path);
    let in_folder = |text: &str| Ok::<_, String>(folder.join(text));
    let ledger = |text: &str| {
        let is_path = !postgres::is_url(text) && !postgres::is_other_url(text);
        Ok::<_, String>(match is_path {
            true => folder.join(text).into_os_string(),
            false => OsString::from(text),
        })
    };
    let as_it_is = |text: &str| Ok::<_, String>(text.to_owned());
    let settings = Settings {
        file: None,
        lines: entries.lines(),
        api_key_file: entries.text("api_key_file", "key.txt", in_folder)?,
        api_url: entries.text("api_url", "https://api.cryptocloud.plus", as_it_is)?,
        bom: entries.switch("bom")?,
        color: entries.text("color", "never", cli::choice)?,
        columns: entries.text("columns", "amount=Net sum", str::parse)?,
        decimal_comma: entries.switch("decimal_comma")?,
        delimiter: entries.text("delimiter", ";", cli::delimiter)?,
        encoding: entries.text("encoding", "windows-1251", str::parse)?,
        interval: entries.text("interval", "15s", cli::duration)?,
        language: entries.text("language", "ru", cli::choice)?,
        ledger: entries.text("ledger", "postgres://HOST/DB", ledger)?,
        max_amount: entries.texts("max_amount", "BTC=0.5", cli::limit)?,
        max_findings: entries.number("max_findings")?,
        max_total: entries.texts("max_total", "BTC=0.5", cli::limit)?,
        on_end: entries.text("on_end", "mail -s payouts boss@example.com", as_it_is)?,
        output_decimal_comma: entries.switch("output_decimal_comma")?,
        patience: entries.text("patience", "2h", cli::duration)?,
        progress: entries.text("progress", "lines", cli::choice)?,
        references: entries.text("references", "per-file", cli::choice)?,
        strict: entries.switch("strict")?,
    };
    entries.end()?;
    Ok(settings)
}

/// What is left of the file to be taken.
struct Entries<'a> {
    path: &'a Path,
    left: BTreeMap<String, (usize, DeValue<'a>)>,
    /// The names that were asked for: the settings there are.
    known: Vec<&'static str>,
}

impl<'a> Entries<'a> {
    fn parse(path: &'a Path, text: &'a str) -> Result<Self, Error> {
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let place = format!("{}:{}", path.display(), line_at(text, at));
            Error::at(place, UsageError::Syntax(error.message().to_owned()))
        })?;
        let entries = table.into_inner().into_iter().map(|(key, value)| {
            let line = line_at(text, key.span().start);
            (key.into_inner().into_owned(), (line, value.into_inner()))
        });
        Ok(Self {
            path,
            left: entries.collect(),
            known: Vec::new(),
        })
    }

    fn lines(&self) -> BTreeMap<String, usize> {
        let lines = self.left.iter();
        lines
            .map(|(name, (line, _))| (name.clone(), *line))
            .collect()
    }

    /// Takes a setting, with its place.
    fn take(&mut self, name: &'static str) -> Option<(String, DeValue<'a>)> {
        self.known.push(name);
        let (line, value) = self.left.remove(name)?;
        Some((place(self.path, line, name), value))
    }

    fn text<T, E: Display>(
        &mut self,
        name: &'static str,
        example: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Error> {
        let like = format!("{name} = {example:?}");
        match self.take(name) {
            None => Ok(None),
            Some((place, DeValue::String(text))) => {
                let value = read(&text);
                value
                    .map(Some)
                    .map_err(|why| Error::at(place, not_valid(&text, &why, like)))
            }
            Some((place, value)) => Err(Error::at(place, not_of_type(kind(&value), "text", like))),
        }
    }

    fn texts<T, E: Display>(
        &mut self,
        name: &'static str,
        example: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Vec<T>, Error> {
        let like = format!("{name} = [{example:?}]");
        let wanted = "a list of texts";
        match self.take(name) {
            None => Ok(Vec::new()),
            Some((place, DeValue::Array(items))) => items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::String(text) => {
                        let value = read(text);
                        value.map_err(|why| Error::at(&place, not_valid(text, &why, like.clone())))
                    }
                    other => {
                        let found = format!("a list with {} in it", kind(other));
                        Err(Error::at(&place, not_of_type(found, wanted, like.clone())))
                    }
                })
                .collect(),
            Some((place, value)) => Err(Error::at(place, not_of_type(kind(&value), wanted, like))),
        }
    }

    fn switch(&mut self, name: &'static str) -> Result<bool, Error> {
        let like = format!("{name} = true");
        match self.take(name) {
            None => Ok(false),
            Some((_, DeValue::Boolean(is_on))) => Ok(is_on),
            Some((place, value)) => {
                let error = not_of_type(kind(&value), "true or false", like);
                Err(Error::at(place, error))
            }
        }
    }

    fn number(&mut self, name: &'static str) -> Result<Option<u64>, Error> {
        let like = format!("{name} = 50");
        let wanted = "a whole number";
        match self.take(name) {
            None => Ok(None),
            Some((place, DeValue::Integer(number))) => {
                let value = u64::from_str_radix(number.as_str(), number.radix());
                let value = value.map(Some);
                value.map_err(|_| Error::at(place, not_of_type(number.as_str(), wanted, like)))
            }
            Some((place, value)) => Err(Error::at(place, not_of_type(kind(&value), wanted, like))),
        }
    }

    /// What is left is not a setting.
    fn end(self) -> Result<(), Error> {
        let first = self.left.iter().min_by_key(|(_, (line, _))| *line);
        let Some((name, (line, _))) = first else {
            return Ok(());
        };
        let spelled = name.replace('-', "_");
        let flag = spelled.replace('_', "-");
        let reason = REFUSED.iter().find(|(refused, _)| *refused == spelled);
        let reason = reason.map(|(_, reason)| *reason).or_else(|| {
            let is_flag = !self.known.contains(&spelled.as_str()) && cli::has_flag(&flag);
            is_flag.then_some("it is for one command at a time")
        });
        let distance = |known: &&&str| strsim::osa_distance(&spelled, known);
        let error = match reason {
            Some(why) => UsageError::NeverASetting { flag, why },
            None => UsageError::NotASetting {
                name: name.clone(),
                nearest: self.known.iter().min_by_key(distance).unwrap_or(&""),
                known: self.known,
            },
        };
        let place = format!("{}:{line}", self.path.display());
        Err(Error::at(place, error))
    }
}

fn not_of_type(found: impl Into<String>, wanted: &'static str, like: String) -> UsageError {
    UsageError::Type {
        found: found.into(),
        wanted,
        like,
    }
}

fn not_valid(text: &str, why: &impl Display, like: String) -> UsageError {
    UsageError::Value {
        text: text.to_owned(),
        why: why.to_string(),
        like,
    }
}

/// The line, counted from 1, in which a byte is.
fn line_at(text: &str, at: usize) -> usize {
    let before = text.bytes().take(at);
    before
        .filter(|byte| *byte == b'\n')
        .count()
        .saturating_add(1)
}

/// What a value is.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
