//! What is wrong about a file that is read or written once.

use crate::domain::escape::shell_word;
use crate::os::fault::words;
use crate::os::lock::LockError;
use std::borrow::Cow;
use std::io;

/// Why a file cannot be read, written or relied on. Its path is the place.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// The input cannot be read.
    #[error("{}", words(.0))]
    Input(#[source] io::Error),
    /// The input cannot be locked.
    #[error(transparent)]
    Lock(LockError),
    /// The input is the results file.
    #[error("the payouts and the results are one and the same file")]
    SameAsResults,
    /// The rows with findings, or the copy with remedies, cannot be written.
    #[error("{}", of_new_file(.0))]
    Rows(#[source] io::Error),
    /// The page cannot be written.
    #[error("{}", of_new_file(.0))]
    Page(#[source] io::Error),
    /// The page would replace a file that is not one.
    #[error("there is such a file already, and it is not a page of ccbatch report")]
    NotAPage,
    /// The config file cannot be read.
    #[error("{}", of_config(.0))]
    Config(#[source] io::Error),
    /// Others can change the config file.
    #[error("others can change the config file, which says where payouts go")]
    ConfigIsOpen,
    /// The key file cannot be read.
    #[error("the API key cannot be read: {}", words(.0))]
    ApiKey(#[source] io::Error),
    /// Others can read the key file; it has this mode.
    #[error("others can read or change the API key (mode {0:04o})")]
    ApiKeyIsOpen(u32),
    /// The file of passwords for a ledger's server cannot be read.
    #[error("{}", words(.0))]
    Passwords(#[source] io::Error),
    /// Others can read the file of passwords; it has this mode.
    #[error("others can read or change the passwords (mode {0:04o})")]
    PasswordsAreOpen(u32),
    /// The ledger was named in a folder that is not there. It is not made: a mistyped name would
    /// begin a ledger that knows of no payout.
    #[error("the ledger's folder does not exist")]
    NoLedgerFolder,
    /// The ledger cannot be copied or moved there.
    #[error("{}", of_new_file(.0))]
    Backup(#[source] io::Error),
}

impl PathError {
    pub(super) fn hint(&self, path: &str) -> Cow<'static, str> {
        match self {
            Self::Input(error) | Self::Lock(LockError::Io(error)) => of_input(error).into(),
            Self::Lock(LockError::Held(_)) => "wait until it has ended, then run again".into(),
            Self::SameAsResults => "name another file with --results".into(),
            Self::Rows(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                "name a new file: nothing is ever overwritten".into()
            }
            Self::Rows(_) => "nothing was sent".into(),
            Self::Page(_) => "name another file with --output, or - for stdout".into(),
            Self::NotAPage => "name another file with --output".into(),
            // It may name the ledger: nobody is told to do without it.
            Self::Config(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::IsADirectory => {
                    "nothing was sent; check the name after --config".into()
                }
                io::ErrorKind::InvalidData => "nothing was sent; save it as UTF-8".into(),
                io::ErrorKind::FileTooLarge => {
                    "nothing was sent; leave only the settings in it, or check the name after --config".into()
                }
                _ => "nothing was sent; make the file readable for you".into(),
            },
            Self::ConfigIsOpen => format!(
                "read it through, then make it yours: chmod go-w {}, and chown it if it is not yours",
                shell_word(path)
            )
            .into(),
            Self::ApiKey(_) => {
                "nothing was sent; the file must be readable for you, and hold the API key and nothing else".into()
            }
            Self::ApiKeyIsOpen(_) | Self::PasswordsAreOpen(_) => {
                format!("chmod 600 {}", shell_word(path)).into()
            }
            Self::Passwords(_) => "nothing was sent; make the file readable for you".into(),
            Self::NoLedgerFolder => {
                "check the name, and that the disk is there; for a new ledger make the folder first".into()
            }
            Self::Backup(_) => {
                "name a new file on a disk with room: nothing is ever overwritten".into()
            }
        }
    }
}

fn of_input(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "check the name, and the folder you are in",
        io::ErrorKind::IsADirectory => "name the CSV file in it",
        io::ErrorKind::PermissionDenied => "make the file readable for you",
        _ => "nothing was sent",
    }
}

fn of_new_file(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "its folder does not exist".to_owned(),
        _ => words(error),
    }
}

fn of_config(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::InvalidData => "the config file is not UTF-8".to_owned(),
        io::ErrorKind::FileTooLarge => "this is too long for a config file".to_owned(),
        _ => words(error),
    }
}
