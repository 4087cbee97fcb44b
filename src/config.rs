//! The configuration is what the flags and the environment mean together. Nothing else in the
//! program reads either.

use crate::cli::{self, Format, Progress, TableFormat};
use crate::cryptocloud::client::{Endpoint, PRODUCTION_URL};
use crate::domain::HaltPolicy;
use crate::error::Error;
use crate::intake::{self, DecimalMark, Fingerprint, Keep, Limits, WarningPolicy};
use crate::payout::pacer::API_INTERVAL;
use crate::payout::plan::RejectedPolicy;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The environment variable that holds the API key.
pub const API_KEY_VARIABLE: &str = "CCBATCH_API_KEY";

/// The environment variable that holds the only key that a sandbox opens to. It is another one
/// than [`API_KEY_VARIABLE`], so that a real key has no business with a sandbox.
pub const SANDBOX_KEY_VARIABLE: &str = "CCBATCH_SANDBOX_KEY";

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
    /// How the payouts' amounts are written.
    pub decimal_mark: DecimalMark,
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
    /// The environment: the variable's name, and what it holds.
    Environment(&'static str, OsString),
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
            Self::Environment(name, _) => (*name).to_owned(),
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
    /// The variable of a proxy, which is not used.
    pub ignored_proxy: Option<&'static str>,
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
    /// Serve the sandbox, with the only key that opens, if there is one.
    Sandbox(cli::SandboxArgs, Option<KeySource>),
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
                Self::DryRun(Box::new(check(args.check, Some(&endpoint))))
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
            cli::Command::Sandbox(args) => {
                let file = args.api_key_file.clone().map(KeySource::File);
                let variable = environment(SANDBOX_KEY_VARIABLE);
                let named = variable.map(|key| KeySource::Environment(SANDBOX_KEY_VARIABLE, key));
                Self::Sandbox(args, file.or(named))
            }
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
        (None, Some(key)) => KeySource::Environment(API_KEY_VARIABLE, key),
        (None, None) => KeySource::Prompt,
    };
    Ok(Config::Run(Box::new(Run {
        check,
        command: same_command(arguments),
        ignored_proxy: endpoint.as_ref().and_then(|_| proxy(environment)),
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

/// The variables under which other programs look for a proxy.
const PROXY_VARIABLES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

/// The variable of a proxy that is set. Its value may hold a password, and is not read.
fn proxy(environment: &impl Fn(&str) -> Option<OsString>) -> Option<&'static str> {
    let is_set = |name: &&str| environment(name).is_some_and(|value| !value.is_empty());
    PROXY_VARIABLES.into_iter().find(is_set)
}

/// What `validate` and `run` check alike; without an endpoint it is a rehearsal.
fn check(args: cli::CheckArgs, endpoint: Option<&Endpoint>) -> Check {
    let extension = extension(endpoint.is_none());
    let default = args.input.with_extension(extension);
    let decimal_mark = decimal_mark(args.decimal_comma);
    Check {
        intake: intake::Options {
            keep: Keep::Payouts,
            decimal_mark,
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
            decimal_mark,
        },
        format: args.format,
        max_findings: args.max_findings,
        findings: args.findings,
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
        decimal_mark: decimal_mark(args.decimal_comma),
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

fn decimal_mark(decimal_comma: bool) -> DecimalMark {
    if decimal_comma {
        DecimalMark::Comma
    } else {
        DecimalMark::Point
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
        let has_comma = self.decimal_mark == DecimalMark::Comma;
        let comma = has_comma.then(|| "--decimal-comma".to_owned());
        results.into_iter().chain(comma)
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
