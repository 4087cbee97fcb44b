//! An [`Error`] is why the program cannot go on: its place, one sentence, a hint, and the exit
//! status. A stage words its own error and its hint; here it gets its place and its exit status.

use crate::clock::ClockError;
use crate::cryptocloud::client::{ClientError, EndpointError};
use crate::domain::escape::{escape, shell_word, without_error_number};
use crate::exit::Exit;
use crate::intake::Fingerprint;
use crate::ledger::moving::MoveError;
use crate::ledger::postgres::{ConnectError as ServerError, LocationError};
use crate::ledger::sqlite;
use crate::ledger::{Attempt, LedgerError, ResolveError};
use crate::os::fault::words;
use crate::os::lock::{Holder, LockError};
use crate::payout::open::OpenError;
use crate::payout::results::disk::PlaceError;
use crate::payout::submit::SubmitError;
use crate::secret::ApiKeyError;
use std::fmt;
use std::io;
use std::net::SocketAddr;
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

    /// The same with the exit status of how the batch stands, where that is the higher one.
    #[must_use]
    pub fn at_least(self, exit: Exit) -> Self {
        let exit = exit.max(self.exit);
        self.exit_with(exit)
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
            _ => "nothing was sent",
        };
        Self::new(path.display(), words(error), hint)
    }

    /// The rows with findings cannot be written.
    #[must_use]
    pub fn findings_file(path: &Path, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::AlreadyExists => "name a new file: nothing is ever overwritten",
            _ => "nothing was sent",
        };
        Self::new(path.display(), words(error), hint)
    }

    /// The page cannot be written.
    #[must_use]
    pub fn page(path: &Path, error: &io::Error) -> Self {
        let hint = "name another file with --output, or - for stdout";
        Self::new(path.display(), words(error), hint)
    }

    /// The page would replace a file that is not one.
    #[must_use]
    pub fn not_a_page(path: &Path) -> Self {
        let message = "there is such a file already, and it is not a page of ccbatch report";
        let hint = "move it away, or name another file with --output";
        Self::new(path.display(), message, hint)
    }

    /// The batch is not the one that is wanted.
    #[must_use]
    pub fn other_batch(path: &Path, expected: Fingerprint, found: Fingerprint) -> Self {
        let message = format!("this is batch {found}, and --expect asks for {expected}");
        let hint = "review the file again: it is not the one whose fingerprint was noted";
        Self::new(path.display(), message, hint).exit_with(Exit::InputInvalid)
    }

    /// Standard input has no place beside which results could be kept.
    #[must_use]
    pub fn results_of_standard_input() -> Self {
        let message = "payouts from standard input need a results file";
        let hint = "name one with --results, and the same one to go on";
        Self::new("--results", message, hint).exit_with(Exit::Usage)
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

    /// Results cannot be kept at this path.
    #[must_use]
    pub fn results_place(path: &Path, error: &PlaceError) -> Self {
        Self::new(path.display(), error, error.hint())
    }

    /// There is no home folder for the ledger.
    #[must_use]
    pub fn no_home() -> Self {
        let hint = "set HOME as it was when you paid before, or name that ledger's file with --ledger, the same one every time";
        Self::new(
            "HOME",
            "there is no home folder to keep the ledger in",
            hint,
        )
    }

    /// The ledger cannot be opened.
    #[must_use]
    pub fn ledger_place(path: &Path, error: &sqlite::OpenError) -> Self {
        let place = match error {
            sqlite::OpenError::OpenToOthers(open) => open,
            sqlite::OpenError::Missing
            | sqlite::OpenError::NotAFile
            | sqlite::OpenError::SymbolicLink
            | sqlite::OpenError::SeveralNames
            | sqlite::OpenError::System
            | sqlite::OpenError::Network(_)
            | sqlite::OpenError::Unreadable
            | sqlite::OpenError::Io(_)
            | sqlite::OpenError::Database(_) => path,
        };
        Self::new(place.display(), error, error.hint())
    }

    /// The ledger's URL is not fit. It is not repeated: it may hold a password.
    #[must_use]
    pub fn ledger_url(place: &str, error: &LocationError) -> Self {
        Self::new(place, error, error.hint()).exit_with(Exit::Usage)
    }

    /// The ledger was named in a folder that is not there. It is not made: a mistyped name would
    /// begin a ledger that knows of no payout.
    #[must_use]
    pub fn ledger_folder(path: &Path) -> Self {
        Self::new(
            path.display(),
            "the ledger's folder does not exist",
            "check the name, and that the disk is there; for a new ledger make the folder first",
        )
    }

    /// The password file cannot be read.
    #[must_use]
    pub fn password_file(path: &Path, error: &io::Error) -> Self {
        let hint = "nothing was sent; make the file readable for you";
        Self::new(path.display(), words(error), hint)
    }

    /// Others can read the password file.
    #[must_use]
    pub fn password_file_is_open(path: &Path, mode: u32) -> Self {
        let message = format!("others can read or change the passwords (mode {mode:04o})");
        let hint = format!("chmod 600 {}", word(path));
        Self::new(path.display(), message, hint)
    }

    /// The ledger's server cannot be used.
    #[must_use]
    pub fn ledger_server(place: &str, error: &ServerError) -> Self {
        Self::new(place, error, error.hint())
    }

    /// The ledger did not do what it was asked, and nothing was sent.
    #[must_use]
    pub fn ledger(place: &str, error: &LedgerError) -> Self {
        let hint = format!("nothing was sent; {}", error.hint());
        Self::new(place, error, hint)
    }

    /// There is no ledger to do something with.
    #[must_use]
    pub fn no_ledger(place: &str) -> Self {
        let hint = "name another with --ledger, or make it with ccbatch ledger init; if payouts were made before, give it all their results files before any run (ccbatch ledger adopt)";
        Self::new(place, "there is no ledger yet", hint)
    }

    /// The ledger cannot be copied.
    #[must_use]
    pub fn ledger_backup(path: &Path, error: &sqlite::OpenError) -> Self {
        let message = match error {
            sqlite::OpenError::Io(error) => words(error),
            sqlite::OpenError::Database(words) => words.clone(),
            other => other.to_string(),
        };
        let hint = "name a new file on a disk with room: nothing is ever overwritten";
        Self::new(path.display(), message, hint)
    }

    /// A shared ledger is not a file.
    #[must_use]
    pub fn shared_backup(place: &str) -> Self {
        let message = "a shared ledger is backed up where its server is";
        let hint = format!(
            "pg_dump --format=custom --file=ledger.dump {}",
            shell_word(place)
        );
        Self::new(place, message, hint)
    }

    /// The ledger was not moved.
    #[must_use]
    pub fn move_ledger(from: &str, to: &str, error: &MoveError) -> Self {
        let place = match error {
            MoveError::From(_) | MoveError::AtWork => from,
            MoveError::To(_) | MoveError::Same | MoveError::NotEmpty => to,
        };
        Self::new(place, error, error.hint())
    }

    /// What the command is for cannot be written.
    #[must_use]
    pub fn output(error: &io::Error) -> Self {
        Self::new("stdout", words(error), "nothing is lost: ask again")
    }

    /// The batch cannot be opened.
    #[must_use]
    pub fn open(results: &Path, ledger: &str, error: &OpenError) -> Self {
        if let OpenError::Ledger(error) = error {
            return Self::ledger(ledger, error);
        }
        let place = match error.line() {
            Some(line) => format!("{}:{line}", results.display()),
            None => results.display().to_string(),
        };
        Self::new(place, error, error.hint())
    }

    /// Nothing more is paid under this file's name.
    #[must_use]
    pub fn closed(input: &Path, newest: &Attempt, results: &str) -> Self {
        let message = format!(
            "all of these were paid on {} already ({}); see {results}",
            newest.started_at.format("%Y-%m-%d"),
            newest.ending.invoice_id
        );
        let hint = "for new payouts give the file a name of its own, and its payouts references of their own; leave out the rows that were paid";
        Self::new(input.display(), message, hint)
    }

    /// A run could not go on.
    #[must_use]
    pub fn submit(results: &Path, ledger: &str, error: &SubmitError) -> Self {
        let results = results.display().to_string();
        let (place, exit) = match error {
            SubmitError::NotClaimed(_) => (ledger, Exit::StoppedEarly),
            SubmitError::NotPrepared(_) => ("system", Exit::StoppedEarly),
            SubmitError::Results(_) | SubmitError::NotSent { .. } => {
                (results.as_str(), Exit::StoppedEarly)
            }
            SubmitError::NotRecorded { .. } => (results.as_str(), Exit::InDoubt),
        };
        Self::new(place, error, error.hint()).exit_with(exit)
    }

    /// A verdict was not recorded.
    #[must_use]
    pub fn resolve(place: &str, error: &ResolveError) -> Self {
        let place = match error {
            ResolveError::InvoiceIdTaken(_) => "--invoice-id",
            ResolveError::Ledger(_)
            | ResolveError::Gone
            | ResolveError::Settled(_)
            | ResolveError::SentAgain(_) => place,
        };
        Self::new(place, error, error.hint())
    }

    /// The record names an invoice id that the verdict would forget.
    #[must_use]
    pub fn names_invoice(place: &str, invoice_id: &str) -> Self {
        let message = format!("the API has named an invoice id for this payout: {invoice_id}");
        let hint = format!(
            "nothing was recorded; look for {invoice_id} in the dashboard: if it is there, it is the --invoice-id; if it is not, add --despite {invoice_id}"
        );
        Self::new(place, message, hint)
    }

    /// A verdict that comes too early.
    #[must_use]
    pub fn too_early(place: &str, minutes: i64, wait: &str) -> Self {
        let message = format!(
            "the request may still be on its way: it was begun less than {minutes} minutes ago"
        );
        let hint = format!("nothing was recorded; look at the dashboard again in {wait}");
        Self::new(place, message, hint)
    }

    /// What `resolve` names fits several attempts.
    #[must_use]
    pub fn several_attempts(flag: &str, value: &str, ids: &[String]) -> Self {
        let message = format!("several attempts fit {value:?}");
        let hint = format!("say which with --id: {}", ids.join(", "));
        Self::new(flag, message, hint)
    }

    /// Nothing in the ledger has this reference or id.
    #[must_use]
    pub fn no_such_payout(flag: &str, value: &str) -> Self {
        let message = format!("the ledger has no payout with {value:?}");
        Self::new(
            flag,
            message,
            "copy it from the results file, or see ccbatch history",
        )
    }

    /// `--only` names a row that is not there, or more than one thing.
    #[must_use]
    pub fn only(message: impl fmt::Display, hint: &str) -> Self {
        Self::new("--only", message, hint).exit_with(Exit::Usage)
    }

    /// `resolve` names a payout that is not in doubt.
    #[must_use]
    pub fn not_in_doubt(path: &Path, line: Option<u64>, state: &str, status: &str) -> Self {
        let message = format!("this payout is not in doubt: it is {state}");
        let hint = format!("see where each payout stands: {status}");
        let place = match line {
            Some(line) => format!("{}:{line}", path.display()),
            None => path.display().to_string(),
        };
        Self::new(place, message, hint)
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

    /// `resolve` names a reference that no payout has.
    #[must_use]
    pub fn no_such_reference(path: &Path, reference: &str) -> Self {
        let message = format!("no payout of this batch has the reference {reference:?}");
        let hint = "copy it from the file or the results file; capitals count";
        Self::new(path.display(), message, hint)
    }

    /// What `resolve` was given is not an invoice id.
    #[must_use]
    pub fn invoice_id(text: &str) -> Self {
        let hint =
            "copy it from the dashboard's entry for this payout: INV- and what stands behind it";
        Self::new(
            "--invoice-id",
            format!("{text:?} is not an invoice id"),
            hint,
        )
        .exit_with(Exit::Usage)
    }

    /// The config file cannot be read.
    #[must_use]
    pub fn config_file(path: &Path, error: &io::Error) -> Self {
        let message = match error.kind() {
            io::ErrorKind::InvalidData => "the config file is not UTF-8".to_owned(),
            _ => words(error),
        };
        let hint = "nothing was sent; name the config file with --config, or leave it out";
        Self::new(path.display(), message, hint)
    }

    /// Others can change the config file.
    #[must_use]
    pub fn config_file_is_open(path: &Path) -> Self {
        let message = "others can change the config file, which says where payouts go";
        let hint = format!(
            "read it through, then make it yours: chmod go-w {0}, and chown it if it is not yours",
            word(path)
        );
        Self::new(path.display(), message, hint)
    }

    /// The config file is not TOML.
    #[must_use]
    pub fn config_syntax(path: &Path, line: usize, message: &str) -> Self {
        let place = format!("{}:{line}", path.display());
        let hint = "write one setting per line, like interval = \"15s\"";
        Self::new(place, message, hint).exit_with(Exit::Usage)
    }

    /// A setting of another type.
    #[must_use]
    pub fn setting_type(place: &str, found: &str, wanted: &str, like: &str) -> Self {
        let message = format!("this is {found}, and has to be {wanted}");
        Self::new(place, message, format!("write it like {like}")).exit_with(Exit::Usage)
    }

    /// A setting whose value is not fit.
    #[must_use]
    pub fn setting_value(place: &str, text: &str, why: impl fmt::Display, like: &str) -> Self {
        let message = format!("{text:?} is not valid: {why}");
        Self::new(place, message, format!("write it like {like}")).exit_with(Exit::Usage)
    }

    /// A flag that cannot be a setting.
    #[must_use]
    pub fn setting_refused(place: &str, flag: &str, why: &str) -> Self {
        let message = format!(
            "{} cannot stand in the config file: {why}",
            flag.replace('-', "_")
        );
        let hint = match flag {
            "api-key" => "name a file that only you can read with api_key_file".to_owned(),
            flag => format!("take it out, and give --{flag} to the command that needs it"),
        };
        Self::new(place, message, hint).exit_with(Exit::Usage)
    }

    /// A name that is not a setting.
    #[must_use]
    pub fn setting_unknown(place: &str, name: &str, nearest: &str, known: &[&str]) -> Self {
        let hint = format!(
            "did you mean {nearest}? the settings are {}",
            known.join(", ")
        );
        Self::new(place, format!("{name} is not a setting"), hint).exit_with(Exit::Usage)
    }

    /// The base URL is not fit.
    #[must_use]
    pub fn endpoint(place: &str, url: &str, error: &EndpointError) -> Self {
        // A password in the URL is not repeated.
        let shown = if *error == EndpointError::Extras {
            "the URL"
        } else {
            url
        };
        Self::new(place, format!("{shown} {error}"), error.hint()).exit_with(Exit::Usage)
    }

    /// The interval is one that the API refuses.
    #[must_use]
    pub fn interval_too_short(place: &str, interval: Duration, minimum: Duration) -> Self {
        let message = format!(
            "{} is shorter than the {} that the API asks for",
            humantime::format_duration(interval),
            humantime::format_duration(minimum)
        );
        let hint = "leave it out; only a loopback --api-url or --sandbox may be faster";
        Self::new(place, message, hint).exit_with(Exit::Usage)
    }

    /// The interval is beyond reason.
    #[must_use]
    pub fn interval_too_long(place: &str, maximum: Duration) -> Self {
        let message = format!("more than {}", humantime::format_duration(maximum));
        Self::new(place, message, "leave it out for 12s").exit_with(Exit::Usage)
    }

    /// A flag of CSV was given where none is written.
    #[must_use]
    pub fn csv_only(flag: &str) -> Self {
        let hint = "add --format csv, or leave the flag out";
        Self::new(flag, "this is for CSV only", hint).exit_with(Exit::Usage)
    }

    /// The key cannot be a key.
    #[must_use]
    pub fn api_key(place: impl fmt::Display, error: ApiKeyError) -> Self {
        Self::new(place, error, error.hint())
    }

    /// The clock cannot be right.
    #[must_use]
    pub fn clock(error: ClockError) -> Self {
        Self::new(
            "clock",
            error,
            "nothing was sent; set the clock, then run again",
        )
    }

    /// The key file cannot be read.
    #[must_use]
    pub fn api_key_file(path: &Path, error: &io::Error) -> Self {
        let hint = "nothing was sent; the file must be readable for you, and hold the API key and nothing else";
        Self::new(
            path.display(),
            format!("the API key cannot be read: {}", words(error)),
            hint,
        )
    }

    /// Others can read the key file.
    #[must_use]
    pub fn api_key_file_is_open(path: &Path, mode: u32) -> Self {
        let message = format!("others can read or change the API key (mode {mode:04o})");
        let hint = format!("chmod 600 {}", word(path));
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
        let place = match error {
            ClientError::Thread(_) => "system",
            ClientError::Tls(_) => "https",
            ClientError::Key => "API key",
        };
        Self::new(place, error, error.hint())
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

    /// No `--yes` for a verdict, and nobody to ask.
    #[must_use]
    pub fn no_consent_to_verdict() -> Self {
        Self::new(
            "--yes",
            "nothing was recorded: there is no terminal to ask on",
            "make sure of what the dashboard shows, then add --yes",
        )
        .exit_with(Exit::Usage)
    }

    /// The question or the key prompt failed.
    #[must_use]
    pub fn terminal(error: &io::Error) -> Self {
        Self::new("terminal", words(error), "nothing was sent")
    }

    /// The sandbox cannot start.
    #[must_use]
    pub fn listen(address: SocketAddr, error: io::Error) -> Self {
        let hint = "leave --listen out to get a free port on 127.0.0.1";
        Self::new(format!("--listen {address}"), error, hint)
    }

    /// The same error of the key that a sandbox is given: no real key belongs there.
    #[must_use]
    pub fn of_sandbox_key(self) -> Self {
        let hint = "the sandbox needs no real key: make one up, or give none, and any key opens it";
        Self {
            hint: hint.to_owned(),
            ..self
        }
    }

    /// The sandbox's script cannot be read.
    #[must_use]
    pub fn script(error: impl fmt::Display) -> Self {
        Self::new("--script", error, "docs/sandbox.md explains the steps").exit_with(Exit::Usage)
    }

    /// The machine's limits are too tight for any command.
    #[must_use]
    pub fn limit(error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::OutOfMemory => {
                "nothing was sent; allow more memory, with ulimit -v 131072 or more"
            }
            _ => "nothing was sent; allow more open files, with ulimit -n 64 or more",
        };
        Self::new("system", words(error), hint)
    }

    /// The runtime or the signals cannot be set up.
    #[must_use]
    pub fn system(error: &io::Error) -> Self {
        Self::new("system", words(error), "nothing was sent")
    }
}

/// A path as a shell takes it.
fn word(path: &Path) -> String {
    shell_word(&path.to_string_lossy()).into_owned()
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
