//! The configuration is what the flags and the environment mean together. Nothing else in the
//! program reads either.

use crate::cli::{self, Format, Progress, TableFormat};
use crate::cryptocloud::client::{Endpoint, PRODUCTION_URL};
use crate::domain::HaltPolicy;
use crate::error::Error;
use crate::intake::{self, DecimalMark, Fingerprint, Keep, Limits, Reading, WarningPolicy};
use crate::payout::pacer::API_INTERVAL;
use crate::payout::plan::RejectedPolicy;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The environment variable that holds the API key.
pub const API_KEY_VARIABLE: &str = "CCBATCH_API_KEY";

/// The environment variable that holds the API's base URL.
pub const API_URL_VARIABLE: &str = "CCBATCH_API_URL";

/// What stands for the host in a results file that a rehearsal wrote.
pub const SANDBOX_API: &str = "sandbox";

/// The pace of a rehearsal: quick, and slow enough to be watched.
const SANDBOX_INTERVAL: Duration = Duration::from_secs(1);

/// What the results file of `payouts.csv` is called: `payouts.results.csv`.
const EXTENSION: &str = "results.csv";

/// The same for a rehearsal, which can never pass for the real run.
const SANDBOX_EXTENSION: &str = "sandbox.results.csv";

/// The longest interval that makes sense: a day.
const MAX_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// The two files of a batch.
#[derive(Clone, Debug)]
pub struct Files {
    /// The payouts.
    pub input: PathBuf,
    /// The results.
    pub results: PathBuf,
    /// How the payouts are written.
    pub reading: Reading,
}

/// Whether the operator is asked before something that cannot be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Ask, on a terminal.
    Ask,
    /// `--yes`, or nothing real happens.
    Given,
}

/// What payouts are submitted to.
#[derive(Clone, Debug)]
pub enum Target {
    /// An API.
    Api {
        /// Where it is.
        endpoint: Endpoint,
        /// Where its key comes from.
        key: KeySource,
    },
    /// A sandbox inside the program.
    Sandbox,
}

/// Where the API key comes from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// The environment.
    Environment(OsString),
    /// A file.
    File(PathBuf),
    /// The operator is asked for it.
    Prompt,
}

impl KeySource {
    /// How a message names it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Environment(_) => API_KEY_VARIABLE.to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Prompt => "the key that was typed".to_owned(),
        }
    }
}

impl Target {
    /// How a message names the source of the key.
    #[must_use]
    pub fn key_source(&self) -> String {
        match self {
            Self::Api { key, .. } => key.name(),
            Self::Sandbox => "--sandbox".to_owned(),
        }
    }
}

/// `run --dry-run` and `validate`.
#[derive(Debug)]
pub struct Check {
    /// The files.
    pub files: Files,
    /// How rows are checked.
    pub intake: intake::Options,
    /// How many findings are shown, if the operator said so.
    pub max_findings: Option<u64>,
    /// Where the rows with findings are written.
    pub findings: Option<PathBuf>,
    /// Where the copy is written in which everything is put right that is beyond doubt.
    pub fix: Option<PathBuf>,
    /// The only batch that is wanted.
    pub expect: Option<Fingerprint>,
    /// What goes to stdout.
    pub format: Format,
    /// The API that the results file must have been begun with.
    pub api: String,
    /// The interval between requests.
    pub interval: Duration,
    /// Which payouts are planned.
    pub rejected: RejectedPolicy,
    /// How many payouts are planned at most.
    pub limit: Option<u64>,
}

/// `run`
#[derive(Debug)]
pub struct Run {
    /// What comes before anything is sent.
    pub check: Check,
    /// The command that goes on with the batch: this one, which asks again.
    pub command: String,
    /// What payouts are submitted to.
    pub target: Target,
    /// Whether the operator is asked.
    pub consent: Consent,
    /// When the batch stops early.
    pub halt: HaltPolicy,
    /// How progress is shown.
    pub progress: Progress,
}

/// `status`
#[derive(Debug)]
pub struct Status {
    /// The files.
    pub files: Files,
    /// What goes to stdout.
    pub format: TableFormat,
}

/// `resolve`
#[derive(Debug)]
pub struct Resolve {
    /// The files.
    pub files: Files,
    /// The input's line.
    pub line: u64,
    /// The invoice id that the dashboard shows; `None` if it shows nothing.
    pub invoice_id: Option<String>,
    /// Whether the operator is asked.
    pub consent: Consent,
}

/// What is to be done.
#[derive(Debug)]
pub enum Config {
    /// Submit payouts.
    Run(Box<Run>),
    /// Check only.
    DryRun(Box<Check>),
    /// Show where each payout stands.
    Status(Status),
    /// Settle a payout in doubt.
    Resolve(Resolve),
    /// Serve the sandbox.
    Sandbox(cli::SandboxArgs, Option<OsString>),
    /// List the currencies.
    Currencies(TableFormat),
}

impl Config {
    /// Reads the flags together with the environment. The arguments are those that the flags were
    /// read from, the program's name left out.
    ///
    /// # Errors
    /// A flag whose value does not go with the others.
    pub fn new(
        command: cli::Command,
        arguments: impl Iterator<Item = OsString>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Error> {
        Ok(match command {
            cli::Command::Run(args) => run(args, arguments, &environment)?,
            cli::Command::Validate(args) => {
                let endpoint = endpoint(None, &environment)?;
                Self::DryRun(Box::new(Check {
                    fix: args.fix,
                    ..check(args.check, Some(&endpoint))
                }))
            }
            cli::Command::Status(args) => Self::Status(Status {
                files: files(args.files),
                format: args.format,
            }),
            cli::Command::Resolve(args) => Self::Resolve(Resolve {
                files: files(args.files),
                line: args.line,
                invoice_id: args.verdict.invoice_id,
                consent: consent(args.yes),
            }),
            cli::Command::Sandbox(args) => Self::Sandbox(args, environment(API_KEY_VARIABLE)),
            cli::Command::Currencies(args) => Self::Currencies(args.format),
        })
    }
}

fn run(
    args: cli::RunArgs,
    arguments: impl Iterator<Item = OsString>,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Config, Error> {
    let is_sandbox = args.sandbox;
    let endpoint = if is_sandbox {
        None
    } else {
        Some(endpoint(args.api_url, environment)?)
    };
    let check = Check {
        interval: interval(args.interval, endpoint.as_ref())?,
        rejected: if args.retry_rejected {
            RejectedPolicy::Retry
        } else {
            RejectedPolicy::Leave
        },
        limit: args.limit,
        ..check(args.check, endpoint.as_ref())
    };
    if args.dry_run {
        return Ok(Config::DryRun(Box::new(check)));
    }
    let key = match (args.api_key_file, environment(API_KEY_VARIABLE)) {
        (Some(path), _) => KeySource::File(path),
        (None, Some(key)) => KeySource::Environment(key),
        (None, None) => KeySource::Prompt,
    };
    Ok(Config::Run(Box::new(Run {
        check,
        command: same_command(arguments),
        target: match endpoint {
            Some(endpoint) => Target::Api { endpoint, key },
            None => Target::Sandbox,
        },
        consent: consent(args.yes || is_sandbox),
        halt: if args.keep_going {
            HaltPolicy::KeepGoing
        } else {
            HaltPolicy::Careful
        },
        progress: args.progress,
    })))
}

/// What `validate` and `run` check alike; without an endpoint it is a rehearsal.
fn check(args: cli::CheckArgs, endpoint: Option<&Endpoint>) -> Check {
    let extension = extension(endpoint.is_none());
    let default = args.input.with_extension(extension);
    let reading = reading(args.read);
    Check {
        intake: intake::Options {
            keep: Keep::Payouts,
            reading: reading.clone(),
            warnings: if args.strict {
                WarningPolicy::Refuse
            } else {
                WarningPolicy::Tell
            },
            limits: Limits {
                max_total: args.max_total,
                max_amount: args.max_amount,
            },
        },
        files: Files {
            results: args.results.unwrap_or(default),
            input: args.input,
            reading,
        },
        format: args.format,
        max_findings: args.max_findings,
        findings: args.findings,
        fix: None,
        expect: args.expect,
        api: endpoint.map_or(SANDBOX_API, Endpoint::host).to_owned(),
        interval: API_INTERVAL,
        rejected: RejectedPolicy::Leave,
        limit: None,
    }
}

fn files(args: cli::FilesArgs) -> Files {
    let default = args.input.with_extension(EXTENSION);
    Files {
        results: args.results.unwrap_or(default),
        input: args.input,
        reading: reading(args.read),
    }
}

/// What takes the place of the input's extension in the name of its results file.
fn extension(is_sandbox: bool) -> &'static str {
    if is_sandbox {
        SANDBOX_EXTENSION
    } else {
        EXTENSION
    }
}

fn reading(args: cli::ReadArgs) -> Reading {
    Reading {
        decimal_mark: if args.decimal_comma {
            DecimalMark::Comma
        } else {
            DecimalMark::Point
        },
        columns: args.columns.unwrap_or_default(),
        encoding: args.encoding,
    }
}

fn consent(yes: bool) -> Consent {
    if yes { Consent::Given } else { Consent::Ask }
}

fn endpoint(
    flag: Option<String>,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Endpoint, Error> {
    let variable = || environment(API_URL_VARIABLE).map(|url| url.to_string_lossy().into_owned());
    let (place, url) = match (flag, variable().filter(|url| !url.is_empty())) {
        (Some(url), _) => ("--api-url", url),
        (None, Some(url)) => (API_URL_VARIABLE, url),
        (None, None) => ("--api-url", PRODUCTION_URL.to_owned()),
    };
    Endpoint::new(&url).map_err(|error| Error::endpoint(place, &url, &error))
}

/// The API refuses what comes faster than its interval; only a loopback address is ours.
fn interval(flag: Option<Duration>, endpoint: Option<&Endpoint>) -> Result<Duration, Error> {
    let is_ours = endpoint.is_none_or(Endpoint::is_loopback);
    match flag {
        None if endpoint.is_none() => Ok(SANDBOX_INTERVAL),
        None => Ok(API_INTERVAL),
        Some(interval) if interval > MAX_INTERVAL => Err(Error::interval_too_long(MAX_INTERVAL)),
        Some(interval) if interval < API_INTERVAL && !is_ours => {
            Err(Error::interval_too_short(interval, API_INTERVAL))
        }
        Some(interval) => Ok(interval),
    }
}

impl Files {
    /// The results file of a rehearsal of this batch.
    #[must_use]
    pub fn rehearsal(&self) -> PathBuf {
        self.input.with_extension(SANDBOX_EXTENSION)
    }

    /// The flags without which a command would look for other files, or read them otherwise.
    fn flags(&self, is_sandbox: bool) -> impl Iterator<Item = String> {
        let is_default = self.results == self.input.with_extension(extension(is_sandbox));
        let results = (!is_default).then(|| format!("--results {}", quoted(&self.results)));
        let reading = &self.reading;
        let given = |name: &str, value: String| format!("{name} {}", quoted(Path::new(&value)));
        let columns =
            (!reading.columns.is_empty()).then(|| given("--columns", reading.columns.to_string()));
        let encoding = reading
            .encoding
            .map(|encoding| given("--encoding", encoding.to_string()));
        let has_comma = reading.decimal_mark == DecimalMark::Comma;
        let comma = has_comma.then(|| "--decimal-comma".to_owned());
        results
            .into_iter()
            .chain(columns)
            .chain(encoding)
            .chain(comma)
    }

    /// The command that goes on with a batch that was begun with this API.
    #[must_use]
    pub fn run_command(&self, api: Option<&str>) -> String {
        let is_sandbox = api == Some(SANDBOX_API);
        let mut words = vec!["ccbatch run".to_owned(), quoted(&self.input)];
        words.extend(self.flags(is_sandbox));
        words.extend(is_sandbox.then(|| "--sandbox".to_owned()));
        words.join(" ")
    }

    /// The command that settles a payout in doubt, up to the verdict.
    #[must_use]
    pub fn resolve_command(&self, line: u64) -> String {
        let mut words = vec!["ccbatch resolve".to_owned(), quoted(&self.input)];
        words.extend(self.flags(false));
        words.push(format!("--line {line}"));
        words.join(" ")
    }
}

/// The command that was given, with the same limits and files, but for its consent.
fn same_command(arguments: impl Iterator<Item = OsString>) -> String {
    let words = arguments
        .filter(|word| word != "--yes")
        .map(|word| quoted(Path::new(&word)));
    std::iter::once("ccbatch".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_simple = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c));
    if is_simple {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
