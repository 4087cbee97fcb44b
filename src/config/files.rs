//! The files of a batch, and the commands about them that are shown to be copied: each names what it
//! would not find or read by itself.

use super::ledger::LedgerPlace;
use crate::domain::DecimalMark;
use crate::domain::escape::shell_word;
use crate::intake::Reading;
use crate::ledger::Realm;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the results file of `payouts.csv` is called: `payouts.results.csv`.
const EXTENSION: &str = "results.csv";

/// The same for a rehearsal, which can never pass for the real run.
const SANDBOX_EXTENSION: &str = "sandbox.results.csv";

/// What the page of `payouts.csv` is called: `payouts.report.html`.
const REPORT_EXTENSION: &str = "report.html";

/// The same for a rehearsal.
const SANDBOX_REPORT_EXTENSION: &str = "sandbox.report.html";

/// The files of a batch.
#[derive(Clone, Debug)]
pub struct Files {
    /// The payouts.
    pub input: PathBuf,
    /// The results.
    pub results: PathBuf,
    /// Where the ledger is, when it was said.
    pub ledger: LedgerPlace,
    /// What `--ledger` said, which a command that is shown has to say again.
    pub ledger_flag: Option<String>,
    /// How the payouts are written.
    pub reading: Reading,
    /// Who runs the program.
    pub user: String,
    /// The realm of the configuration, where no batch says another.
    pub realm: Realm,
    /// The config file that was read.
    pub config_file: Option<PathBuf>,
    /// What `--config` said, for the same reason.
    pub config_flag: Option<PathBuf>,
}

impl Files {
    /// The flags without which a command would look for other files, or read them otherwise.
    fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        if self.results != default_results(&self.input, self.realm) {
            flags.push(flag("--results", &self.results.to_string_lossy()));
        }
        flags.extend(self.ledger_flags());
        let reading = &self.reading;
        if !reading.columns.is_empty() {
            flags.push(flag("--columns", &reading.columns.to_string()));
        }
        if let Some(encoding) = reading.encoding {
            flags.push(flag("--encoding", &encoding.to_string()));
        }
        if reading.decimal_mark == DecimalMark::Comma {
            flags.push("--decimal-comma".to_owned());
        }
        if self.realm == Realm::Sandbox {
            flags.push("--sandbox".to_owned());
        }
        flags
    }

    /// The flags without which another ledger would be asked.
    fn ledger_flags(&self) -> Vec<String> {
        let config = self.config_flag.as_ref();
        let config = config.map(|file| flag("--config", &file.to_string_lossy()));
        let ledger = self.ledger_flag.as_ref();
        let ledger = ledger.map(|ledger| flag("--ledger", ledger));
        config.into_iter().chain(ledger).collect()
    }

    /// A command about this batch.
    fn command(&self, name: &str) -> String {
        let mut words = vec![
            format!("ccbatch {name}"),
            shell_word(&self.input.to_string_lossy()).into_owned(),
        ];
        words.extend(self.flags());
        words.join(" ")
    }

    /// The command that goes on with a batch.
    #[must_use]
    pub fn run_command(&self) -> String {
        self.command("run")
    }

    /// The command that says what stands against the rows of a batch.
    #[must_use]
    pub fn validate_command(&self) -> String {
        self.command("validate")
    }

    /// The same of a copy of the input, which is read without flags.
    #[must_use]
    pub fn validate_copy_command(&self, copy: &Path) -> String {
        let has_default = self.results == default_results(&self.input, self.realm);
        let results = has_default.then(|| default_results(copy, self.realm));
        let files = Self {
            input: copy.to_owned(),
            results: results.unwrap_or_else(|| self.results.clone()),
            reading: Reading::default(),
            ..self.clone()
        };
        files.validate_command()
    }

    /// The results file, as a plan names it.
    #[must_use]
    pub fn results_of_plan(&self) -> String {
        let default = default_results(&self.input, self.realm);
        if self.input.as_os_str() == "-" && self.results == default {
            return "a run from standard input needs --results".to_owned();
        }
        self.results.display().to_string()
    }

    /// The command that says where each payout of a batch stands.
    #[must_use]
    pub fn status_command(&self) -> String {
        self.command("status")
    }

    /// The command that settles a payout in doubt, up to the verdict.
    #[must_use]
    pub fn resolve_command(&self, line: u64) -> String {
        format!("{} --line {line}", self.command("resolve"))
    }

    /// The command that settles a payout in doubt of whatever batch, up to the attempt's id.
    #[must_use]
    pub fn resolve_id_command(&self) -> String {
        let mut words = vec!["ccbatch resolve".to_owned()];
        words.extend(self.ledger_flags());
        words.push("--id".to_owned());
        words.join(" ")
    }
}

/// The results file: beside the input, and beside the file that a symbolic link leads to.
pub(super) fn default_results(input: &Path, realm: Realm) -> PathBuf {
    beside(
        input,
        match realm {
            Realm::Sandbox => SANDBOX_EXTENSION,
            Realm::Live | Realm::Loopback(_) => EXTENSION,
        },
    )
}

/// The page of a batch, likewise.
pub(super) fn default_page(input: &Path, realm: Realm) -> PathBuf {
    beside(
        input,
        match realm {
            Realm::Sandbox => SANDBOX_REPORT_EXTENSION,
            Realm::Live | Realm::Loopback(_) => REPORT_EXTENSION,
        },
    )
}

/// A file of the input's name with another extension, beside the file that a symbolic link leads to.
fn beside(input: &Path, extension: &str) -> PathBuf {
    let is_link = std::fs::symlink_metadata(input).is_ok_and(|it| it.is_symlink());
    let target = if is_link {
        input.canonicalize().ok()
    } else {
        None
    };
    let input = target.as_deref().unwrap_or(input);
    input.with_extension(extension)
}

fn flag(name: &str, value: &str) -> String {
    format!("{name} {}", shell_word(value))
}

/// The command that was given, with the same limits and files, without its consent.
pub(super) fn same_command(arguments: &[OsString]) -> String {
    let words = arguments.iter().filter(|word| *word != "--yes");
    let words = words.map(|word| shell_word(&word.to_string_lossy()).into_owned());
    std::iter::once("ccbatch".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}
