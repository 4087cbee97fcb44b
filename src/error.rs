//! An [`Error`] is why the program cannot go on: its place, one sentence, a remedy, and the exit
//! status. This is the only place where they are worded.

use crate::cryptocloud::client::{ClientError, EndpointError};
use crate::domain::escape::{escape, without_error_number};
use crate::exit::Exit;
use crate::intake::Fingerprint;
use crate::os::lock::{Holder, LockError};
use crate::payout::disk::DiskError;
use crate::payout::journal::JournalError;
use crate::payout::results::{Mismatch, Reason};
use crate::secret::ApiKeyError;
use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Why the program cannot go on. It is shown as one line with the place first, then the hint on
/// a line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    place: String,
    message: String,
    hint: String,
    exit: Exit,
}

impl Error {
    fn new(place: impl fmt::Display, message: impl fmt::Display, hint: impl fmt::Display) -> Self {
        Self {
            place: escape(&place.to_string()).into_owned(),
            message: escape(without_error_number(&message.to_string())).into_owned(),
            hint: escape(&hint.to_string()).into_owned(),
            exit: Exit::CouldNotRun,
        }
    }

    fn exit_with(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// The exit status that goes with it.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The input cannot be read.
    #[must_use]
    pub fn input(path: &Path, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "check the name, and the folder you are in",
            io::ErrorKind::IsADirectory => "name the CSV file in it",
            io::ErrorKind::PermissionDenied => "make the file readable for you",
            io::ErrorKind::NotSeekable => "save it as a file first",
            _ => "nothing was sent",
        };
        Self::new(path.display(), wording(error), hint)
    }

    /// The rows with findings cannot be written.
    #[must_use]
    pub fn findings_file(path: &Path, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::AlreadyExists => "name a new file: nothing is ever overwritten",
            _ => "nothing was sent",
        };
        Self::new(path.display(), wording(error), hint)
    }

    /// The batch is not the one that is wanted.
    #[must_use]
    pub fn other_batch(path: &Path, expected: Fingerprint, found: Fingerprint) -> Self {
        let message = format!("this is batch {found}, and --expect asks for {expected}");
        let hint = "review the file again: it is not the one whose fingerprint was noted";
        Self::new(path.display(), message, hint).exit_with(Exit::InputInvalid)
    }

    /// The input is the results file.
    #[must_use]
    pub fn same_file(path: &Path) -> Self {
        let message = "the payouts and the results are one and the same file";
        Self::new(path.display(), message, "name another file with --results")
    }

    /// The input is locked, or cannot be.
    #[must_use]
    pub fn lock(path: &Path, error: &LockError) -> Self {
        match error {
            LockError::Held(holder) => Self::held(path, holder.as_ref()),
            LockError::Io(error) => Self::input(path, error),
        }
    }

    fn held(path: &Path, holder: Option<&Holder>) -> Self {
        let who = holder.map_or("another process".to_owned(), ToString::to_string);
        let message = format!("{who} is at work on this batch");
        Self::new(
            path.display(),
            message,
            "wait until it has ended, then run again",
        )
    }

    /// The results file cannot be opened.
    #[must_use]
    pub fn disk(path: &Path, error: &DiskError) -> Self {
        let place = path.display();
        let hint = "name another file with --results";
        match error {
            DiskError::Locked(holder) => Self::held(path, holder.as_ref()),
            DiskError::SymbolicLink | DiskError::HardLinks => {
                let hint = "name the file itself, under its only name, with --results";
                Self::new(place, format!("the results file {error}"), hint)
            }
            DiskError::NotAFile | DiskError::TooLarge => {
                Self::new(place, format!("the results file {error}"), hint)
            }
            DiskError::Io(error) => Self::new(
                place,
                format!("the results file cannot be used: {}", wording(error)),
                "nothing was sent; make the folder and the file writable, or name another with --results",
            ),
        }
    }

    /// The results file does not match the input.
    #[must_use]
    pub fn mismatch(path: &Path, mismatch: &Mismatch) -> Self {
        let hint = match &mismatch.reason {
            Reason::Header => "it belongs to something else: name another file with --results",
            Reason::Foreign => {
                "another program has changed it, as a spreadsheet does when it saves: bring back the file as ccbatch wrote it"
            }
            Reason::Api { .. } => {
                "a batch is finished where it was begun: use the same --api-url, or another --results file for a new batch"
            }
            Reason::Order { .. } => {
                "rows already submitted must stay where they are; add new payouts at the end, or in a file of their own"
            }
            Reason::Changed { .. } => {
                "put the row back as it was submitted; pay anything more in a row of its own at the end"
            }
            Reason::Sequence { .. } => "bring back the file as ccbatch wrote it",
        };
        Self::new(
            format!("{}:{}", path.display(), mismatch.line),
            &mismatch.reason,
            hint,
        )
    }

    /// The journal cannot go on.
    #[must_use]
    pub fn journal(path: &Path, error: &JournalError) -> Self {
        let place = path.display();
        match error {
            JournalError::Prepare(error) => Self::new(
                place,
                format!("the results file cannot be made ready: {}", wording(error)),
                "nothing was sent; see to the disk, then run again",
            ),
            JournalError::Displaced(what) => Self::new(
                place,
                what,
                "the next payout was not sent; bring the file back as it was, then run again",
            )
            .exit_with(Exit::StoppedEarly),
            JournalError::Intent { intent, source } => Self::new(
                place,
                format!("line {} was not sent: the disk refused: {}", intent.line, wording(source)),
                "see to the disk, then run again; should this payout be named as in doubt then, settle it with --not-created",
            )
            .exit_with(Exit::StoppedEarly),
            JournalError::Ending { attempt, reason } => Self::new(
                place,
                format!("line {} was sent, and its outcome could not be recorded: {reason}", attempt.intent.line),
                "keep the line shown above, see to the disk, then settle the payout with ccbatch resolve",
            )
            .exit_with(Exit::InDoubt),
            JournalError::Closed => Self::new(place, error, "run again"),
        }
    }

    /// No results file where one is needed.
    #[must_use]
    pub fn no_results(path: &Path) -> Self {
        Self::new(
            path.display(),
            "there is no results file",
            "name it with --results",
        )
    }

    /// `resolve` names a payout that is not in doubt.
    #[must_use]
    pub fn not_in_doubt(path: &Path, line: u64, state: &str) -> Self {
        let message = format!("this payout is not in doubt: it is {state}");
        let hint = format!(
            "see where each payout stands: ccbatch status {}",
            path.display()
        );
        Self::new(format!("{}:{line}", path.display()), message, hint)
    }

    /// `resolve` names a line without a payout.
    #[must_use]
    pub fn no_such_line(path: &Path, line: u64) -> Self {
        let hint = "count the lines as an editor shows them: the header is line 1";
        Self::new(
            format!("{}:{line}", path.display()),
            "no payout stands on this line",
            hint,
        )
    }

    /// The invoice id of `resolve` is none.
    #[must_use]
    pub fn invoice_id(text: &str) -> Self {
        let hint = "copy it from the dashboard, like INV-XXXXXXXX";
        Self::new(
            "--invoice-id",
            format!("{text:?} is not an invoice id"),
            hint,
        )
        .exit_with(Exit::Usage)
    }

    /// The base URL is not fit.
    #[must_use]
    pub fn endpoint(place: &str, url: &str, error: &EndpointError) -> Self {
        let hint = match error {
            EndpointError::PlainHttp => {
                "use https://; only a loopback address like http://127.0.0.1:8080 may do without"
            }
            EndpointError::NotAUrl | EndpointError::Extras => {
                "write it like https://api.cryptocloud.plus"
            }
        };
        // A password in the URL is not repeated.
        let shown = if *error == EndpointError::Extras {
            "the URL"
        } else {
            url
        };
        Self::new(place, format!("{shown} {error}"), hint).exit_with(Exit::Usage)
    }

    /// The interval is one that the API refuses.
    #[must_use]
    pub fn interval_too_short(interval: Duration, minimum: Duration) -> Self {
        let message = format!(
            "{} is shorter than the {} that the API asks for",
            humantime::format_duration(interval),
            humantime::format_duration(minimum)
        );
        let hint = "leave the flag out; only a loopback --api-url or --sandbox may be faster";
        Self::new("--interval", message, hint).exit_with(Exit::Usage)
    }

    /// The interval is beyond reason.
    #[must_use]
    pub fn interval_too_long(maximum: Duration) -> Self {
        let message = format!("more than {}", humantime::format_duration(maximum));
        Self::new("--interval", message, "leave the flag out for 12s").exit_with(Exit::Usage)
    }

    /// The key is none.
    #[must_use]
    pub fn api_key(place: impl fmt::Display, error: ApiKeyError) -> Self {
        let hint =
            "make a key for withdrawals in the account's Security section, and copy it whole";
        Self::new(place, error, hint)
    }

    /// The key file cannot be read.
    #[must_use]
    pub fn api_key_file(path: &Path, error: &io::Error) -> Self {
        let hint = "nothing was sent; the file holds the API key and nothing else";
        Self::new(
            path.display(),
            format!("the API key cannot be read: {}", wording(error)),
            hint,
        )
    }

    /// Others can read the key file.
    #[must_use]
    pub fn api_key_file_is_open(path: &Path, mode: u32) -> Self {
        let message = format!("others can read or change the API key (mode {mode:04o})");
        let hint = format!("chmod 600 {}", path.display());
        Self::new(path.display(), message, hint)
    }

    /// No key, and nobody to ask.
    #[must_use]
    pub fn no_api_key() -> Self {
        let hint = "set CCBATCH_API_KEY, or name a file with --api-key-file; --dry-run and --sandbox need none";
        Self::new(
            "CCBATCH_API_KEY",
            "there is no API key, and no terminal to ask for it",
            hint,
        )
    }

    /// The client cannot be made.
    #[must_use]
    pub fn client(error: &ClientError) -> Self {
        let hint =
            "install the certificates of authorities (on Debian the package ca-certificates)";
        Self::new("https", error, hint)
    }

    /// No `--yes`, and nobody to ask.
    #[must_use]
    pub fn no_consent() -> Self {
        let hint = "look at the plan with --dry-run, then add --yes";
        Self::new(
            "--yes",
            "nothing was sent: there is no terminal to ask on",
            hint,
        )
        .exit_with(Exit::Usage)
    }

    /// The question or the key prompt failed.
    #[must_use]
    pub fn terminal(error: &io::Error) -> Self {
        Self::new("terminal", wording(error), "nothing was sent")
    }

    /// The sandbox cannot start.
    #[must_use]
    pub fn sandbox(place: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::new(
            place,
            error,
            "leave --listen out for a free port on 127.0.0.1",
        )
    }

    /// The sandbox's script cannot be read.
    #[must_use]
    pub fn script(error: impl fmt::Display) -> Self {
        Self::new(
            "--script",
            error,
            "the steps are in README.md, section Sandbox",
        )
        .exit_with(Exit::Usage)
    }

    /// The runtime or the signals cannot be set up.
    #[must_use]
    pub fn system(error: &io::Error) -> Self {
        Self::new("system", wording(error), "nothing was sent")
    }
}

/// What the system said.
fn wording(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "this is a directory".to_owned(),
        io::ErrorKind::NotSeekable => {
            "this is a pipe, and a batch is read more than once".to_owned()
        }
        io::ErrorKind::AlreadyExists => "there is such a file already".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        if !self.hint.is_empty() {
            write!(f, "\n  hint: {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
