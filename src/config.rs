//! The configuration is what the flags and the environment mean together. Nothing else in the
//! program reads either.

use crate::address;
use crate::cli::{self, Format, Progress, TableFormat};
use crate::cryptocloud::client::{Endpoint, PRODUCTION_URL};
use crate::domain::dialect::Start;
use crate::domain::halt::DEFAULT_PATIENCE;
use crate::domain::{Currency, DecimalMark, Dialect, HaltPolicy, Network, State};
use crate::error::Error;
use crate::intake::{self, Fingerprint, Keep, Limits, Reading, WarningPolicy};
use crate::ledger::attempt::Repetition;
use crate::ledger::history::Filter;
use crate::ledger::postgres::{self, Location, LocationError, Origin};
use crate::ledger::rules::RejectedPolicy;
use crate::ledger::{Realm, References};
use crate::os::{file, host};
use crate::payout::pacer::API_INTERVAL;
use crate::report::words::Language;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The environment variable that holds the API key.
pub const API_KEY_VARIABLE: &str = "CCBATCH_API_KEY";

/// The environment variable that holds the only key that a sandbox opens to. It is another one
/// than [`API_KEY_VARIABLE`], so that a real key has no business with a sandbox.
pub const SANDBOX_KEY_VARIABLE: &str = "CCBATCH_SANDBOX_KEY";

/// The environment variable that holds the API's base URL.
pub const API_URL_VARIABLE: &str = "CCBATCH_API_URL";

/// The environment variable that says where the ledger is.
pub const LEDGER_VARIABLE: &str = "CCBATCH_LEDGER";

/// The environment variable of PostgreSQL that holds a password.
const PASSWORD_VARIABLE: &str = "PGPASSWORD";

/// The environment variable of PostgreSQL that names a file of passwords.
const PASSWORD_FILE_VARIABLE: &str = "PGPASSFILE";

/// What stands for the host in a results file that a rehearsal wrote.
pub const SANDBOX_API: &str = "sandbox";

/// The pace of a rehearsal: quick, and slow enough to be watched.
const SANDBOX_INTERVAL: Duration = Duration::from_secs(1);

/// What the results file of `payouts.csv` is called: `payouts.results.csv`.
const EXTENSION: &str = "results.csv";

/// The same for a rehearsal, which can never pass for the real run.
const SANDBOX_EXTENSION: &str = "sandbox.results.csv";

/// What the page of `payouts.csv` is called: `payouts.report.html`.
const REPORT_EXTENSION: &str = "report.html";

/// The same for a rehearsal.
const SANDBOX_REPORT_EXTENSION: &str = "sandbox.report.html";

/// The variables that say the language of messages, the first that is set.
const LOCALE_VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The longest interval that makes sense: a day.
const MAX_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

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
    /// Whether it is a rehearsal.
    pub mode: Mode,
    /// Who runs the program.
    pub user: String,
    /// The realm of the environment, where no batch says another.
    pub realm: Realm,
}

/// Whether money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Through an API.
    Api,
    /// A rehearsal against the sandbox.
    Sandbox,
}

/// Where the ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerPlace {
    /// A file.
    File(PathBuf),
    /// A database that several machines share.
    Postgres(Box<Location>),
    /// Nowhere: there is no home folder, and none was named.
    Homeless,
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
    /// Where the copy is written in which everything is put right that is beyond doubt.
    pub fix: Option<PathBuf>,
    /// The only batch that is wanted.
    pub expect: Option<Fingerprint>,
    /// What goes to stdout.
    pub format: Format,
    /// The API's host, as the results file's column `api` has it; `None` for that of the batch.
    pub api: Option<String>,
    /// Whether that host is neither CryptoCloud's nor this machine.
    pub is_foreign: bool,
    /// How references are to count; `None` leaves it as it is.
    pub references: Option<References>,
    /// Whether twins that were created are paid again.
    pub repetition: Repetition,
    /// Which rows are paid; empty for all.
    pub only: Vec<cli::Only>,
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
    /// How long a lost connection is waited for.
    pub patience: Duration,
    /// How progress is shown.
    pub progress: Progress,
    /// A shell command for the end of the run.
    pub on_end: Option<String>,
}

/// `status`
#[derive(Debug)]
pub struct Status {
    /// The files.
    pub files: Files,
    /// What goes to stdout.
    pub format: TableFormat,
    /// How a CSV is written there.
    pub dialect: Dialect,
    /// The states of the payouts that are shown; empty for all.
    pub states: Vec<State>,
}

/// `report`
#[derive(Debug)]
pub struct Report {
    /// The files.
    pub files: Files,
    /// Where the page goes.
    pub output: Output,
    /// The language of its texts.
    pub language: Language,
}

/// Where a page goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// To stdout.
    Stdout,
    /// To a file.
    File(PathBuf),
}

/// `resolve`
#[derive(Debug)]
pub struct Resolve {
    /// The input; `None` where the ledger alone says which payout it is.
    pub input: Option<Files>,
    /// Where the ledger is.
    pub ledger: LedgerPlace,
    /// Who runs the program.
    pub user: String,
    /// Which payout.
    pub which: Which,
    /// The invoice id that the dashboard shows; `None` if it shows nothing.
    pub invoice_id: Option<String>,
    /// The invoice id that the record names, and that the dashboard does not show.
    pub despite: Option<String>,
    /// Whether the operator is asked.
    pub consent: Consent,
}

/// Which payout is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The one on this line of the input.
    Line(u64),
    /// The one with this reference.
    Reference(String),
    /// The attempt with this id.
    Id(String),
}

/// `history`
#[derive(Debug)]
pub struct History {
    /// Where the ledger is.
    pub ledger: LedgerPlace,
    /// Who runs the program.
    pub user: String,
    /// Which attempts are shown.
    pub filter: Filter,
    /// What the payee's name has in it.
    pub payee: Option<String>,
    /// What goes to stdout.
    pub format: TableFormat,
    /// How a CSV is written there.
    pub dialect: Dialect,
}

/// `ledger`
#[derive(Debug)]
pub struct Ledger {
    /// Where the ledger is.
    pub ledger: LedgerPlace,
    /// Who runs the program.
    pub user: String,
    /// What is done with it.
    pub action: LedgerAction,
}

/// What is done with a ledger as a whole.
#[derive(Debug)]
pub enum LedgerAction {
    /// Say where it is and how much it holds.
    Show,
    /// Make an empty one.
    Init,
    /// Take over results files, whose references count like this.
    Adopt(Vec<PathBuf>, Option<References>),
    /// Copy it to a new file.
    BackUp(PathBuf),
    /// Move it to an empty one.
    Move(LedgerPlace),
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
    /// Write where each payout stands as a page.
    Report(Report),
    /// Settle a payout in doubt.
    Resolve(Resolve),
    /// Show the history.
    History(History),
    /// Do something with the ledger as a whole.
    Ledger(Ledger),
    /// Serve the sandbox, with the only key that opens, if there is one.
    Sandbox(cli::SandboxArgs, Option<KeySource>),
    /// List the currencies.
    Currencies(TableFormat),
    /// Print a script that completes commands and flags in a shell.
    Completions(clap_complete::Shell),
    /// Print the manual page.
    Man,
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
                let endpoint = match args.sandbox {
                    true => None,
                    false => Some(endpoint(None, &environment)?),
                };
                let is_named = environment(API_URL_VARIABLE).is_some();
                let check = check(args.check, endpoint.as_ref(), &environment)?;
                Self::DryRun(Box::new(Check {
                    only: args.only,
                    fix: args.fix,
                    // Without a named API it is held against whatever the batch was paid through.
                    api: check.api.filter(|_| is_named || args.sandbox),
                    ..check
                }))
            }
            cli::Command::Status(args) => Self::Status(Status {
                files: files(args.files, &environment)?,
                format: args.format,
                dialect: dialect(&args.dialect, args.format)?,
                states: args.state,
            }),
            cli::Command::Report(args) => Self::Report(report(args, &environment)?),
            cli::Command::Resolve(args) => Self::Resolve(resolve(args, &environment)?),
            cli::Command::History(args) => Self::History(history(args, &environment)?),
            cli::Command::Ledger(args) => Self::Ledger(whole_ledger(args, &environment)?),
            cli::Command::Sandbox(args) => {
                let file = args.api_key_file.clone().map(KeySource::File);
                let variable = environment(SANDBOX_KEY_VARIABLE);
                let named = variable.map(|key| KeySource::Environment(SANDBOX_KEY_VARIABLE, key));
                Self::Sandbox(args, file.or(named))
            }
            cli::Command::Currencies(args) => Self::Currencies(args.format),
            cli::Command::Completions(args) => Self::Completions(args.shell),
            cli::Command::Man => Self::Man,
        })
    }
}

fn run(
    args: cli::RunArgs,
    arguments: impl Iterator<Item = OsString>,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Config, Error> {
    let is_sandbox = args.sandbox;
    let needs_results = args.check.input.as_os_str() == "-" && args.check.records.results.is_none();
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
        only: args.only,
        ..check(args.check, endpoint.as_ref(), environment)?
    };
    if args.dry_run {
        return Ok(Config::DryRun(Box::new(check)));
    }
    if needs_results {
        return Err(Error::results_of_standard_input());
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
        patience: args.patience.unwrap_or(DEFAULT_PATIENCE),
        progress: args.progress,
        on_end: args.on_end,
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
fn check(
    args: cli::CheckArgs,
    endpoint: Option<&Endpoint>,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Check, Error> {
    let mode = match endpoint {
        Some(_) => Mode::Api,
        None => Mode::Sandbox,
    };
    let api = endpoint.map_or_else(|| SANDBOX_API.to_owned(), Endpoint::api);
    let reading = reading(args.read);
    Ok(Check {
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
            results: results(args.records.results, &args.input, mode),
            input: args.input,
            ledger_flag: shown(args.records.ledger.as_ref()),
            ledger: ledger(args.records.ledger, environment)?,
            reading,
            mode,
            user: user(environment),
            realm: Realm::of_host(&api),
        },
        references: args.references.map(scope),
        repetition: if args.repeat {
            Repetition::Asked
        } else {
            Repetition::Refused
        },
        only: Vec::new(),
        format: args.format,
        max_findings: args.max_findings,
        findings: args.findings,
        fix: None,
        expect: args.expect,
        api: Some(api),
        is_foreign: endpoint.is_some_and(|it| it.foreign_host().is_some()),
        interval: interval(None, endpoint)?,
        rejected: RejectedPolicy::Leave,
        limit: None,
    })
}

fn files(
    args: cli::FilesArgs,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Files, Error> {
    let mode = mode(args.sandbox);
    Ok(Files {
        results: results(args.records.results, &args.input, mode),
        input: args.input,
        ledger_flag: shown(args.records.ledger.as_ref()),
        ledger: ledger(args.records.ledger, environment)?,
        reading: reading(args.read),
        mode,
        user: user(environment),
        realm: realm(mode, environment)?,
    })
}

fn report(
    args: cli::ReportArgs,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Report, Error> {
    let files = files(args.files, environment)?;
    let of_locale = || {
        let mut set = LOCALE_VARIABLES.iter().filter_map(|name| environment(name));
        let locale = set.find(|value| !value.is_empty()).unwrap_or_default();
        Language::of_locale(&locale.to_string_lossy())
    };
    Ok(Report {
        output: match args.output {
            Some(output) if output.as_os_str() == "-" => Output::Stdout,
            Some(output) => Output::File(output),
            None if files.input.as_os_str() == "-" => Output::Stdout,
            None => Output::File(beside(
                &files.input,
                match files.mode {
                    Mode::Sandbox => SANDBOX_REPORT_EXTENSION,
                    Mode::Api => REPORT_EXTENSION,
                },
            )),
        },
        language: match args.language {
            Some(cli::Language::En) => Language::English,
            Some(cli::Language::Ru) => Language::Russian,
            None => of_locale(),
        },
        files,
    })
}

fn resolve(
    args: cli::ResolveArgs,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Resolve, Error> {
    let mode = mode(args.sandbox);
    let ledger_flag = shown(args.records.ledger.as_ref());
    let ledger = ledger(args.records.ledger, environment)?;
    let input = match args.input {
        None => None,
        Some(input) => Some(Files {
            results: results(args.records.results, &input, mode),
            input,
            ledger_flag,
            ledger: ledger.clone(),
            reading: reading(args.read),
            mode,
            user: user(environment),
            realm: realm(mode, environment)?,
        }),
    };
    let which = match (args.which.line, args.which.reference, args.which.id) {
        (Some(line), _, _) => Which::Line(line),
        (None, Some(reference), _) => Which::Reference(reference),
        (None, None, id) => Which::Id(id.unwrap_or_default()),
    };
    Ok(Resolve {
        input,
        ledger,
        user: user(environment),
        which,
        invoice_id: args.verdict.invoice_id,
        despite: args.despite,
        consent: consent(args.yes),
    })
}

fn history(
    args: cli::HistoryArgs,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<History, Error> {
    Ok(History {
        ledger: ledger(args.ledger, environment)?,
        user: user(environment),
        filter: Filter {
            since: args.since,
            until: args.until,
            status: args.status,
            reference: args.reference,
            accounts: args.address.as_deref().map(accounts_of),
            invoice_id: args.invoice_id,
            batches: args
                .batch
                .map_or_else(Vec::new, |batch| batch_names(&batch)),
        },
        payee: args.payee,
        format: args.format,
        dialect: dialect(&args.dialect, args.format)?,
    })
}

/// The accounts that an address denotes, one for each network that knows it.
fn accounts_of(address: &str) -> Vec<String> {
    let networks: BTreeSet<Network> = Currency::all().map(Currency::network).collect();
    let checked = networks
        .into_iter()
        .filter_map(|network| address::check(network, address.trim()).ok());
    checked.map(|it| it.account().to_string()).collect()
}

/// What a batch may be called: by its name in the ledger, by its results file or by its input. The
/// files need not be there any more.
fn batch_names(batch: &OsStr) -> Vec<String> {
    let path = Path::new(batch);
    let results = default_results(path, Mode::Api);
    let absolute = [path, &results].map(|path| {
        let folder = file::parent(path).canonicalize().ok();
        let path = folder
            .zip(path.file_name())
            .map(|(folder, name)| folder.join(name));
        path.map(|path| path.display().to_string())
    });
    let name = batch.to_string_lossy().into_owned();
    absolute.into_iter().flatten().chain([name]).collect()
}

fn whole_ledger(
    args: cli::LedgerArgs,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<Ledger, Error> {
    Ok(Ledger {
        ledger: ledger(args.ledger, environment)?,
        user: user(environment),
        action: match args.command {
            None => LedgerAction::Show,
            Some(cli::LedgerCommand::Init) => LedgerAction::Init,
            Some(cli::LedgerCommand::Adopt {
                results,
                references,
            }) => LedgerAction::Adopt(results, references.map(scope)),
            Some(cli::LedgerCommand::Backup { file }) => LedgerAction::BackUp(file),
            Some(cli::LedgerCommand::Move { to }) => {
                LedgerAction::Move(ledger(Some(to), environment)?)
            }
        },
    })
}

fn scope(scope: cli::ReferenceScope) -> References {
    match scope {
        cli::ReferenceScope::Shared => References::Shared,
        cli::ReferenceScope::PerFile => References::PerFile,
    }
}

fn mode(is_sandbox: bool) -> Mode {
    if is_sandbox { Mode::Sandbox } else { Mode::Api }
}

/// Where money moves when no batch says so.
fn realm(mode: Mode, environment: &impl Fn(&str) -> Option<OsString>) -> Result<Realm, Error> {
    match mode {
        Mode::Sandbox => Ok(Realm::Sandbox),
        Mode::Api => Ok(Realm::of_host(&endpoint(None, environment)?.api())),
    }
}

/// The results file: beside the input, and beside the file that a symbolic link leads to.
fn results(named: Option<PathBuf>, input: &Path, mode: Mode) -> PathBuf {
    named.unwrap_or_else(|| default_results(input, mode))
}

fn default_results(input: &Path, mode: Mode) -> PathBuf {
    beside(
        input,
        match mode {
            Mode::Sandbox => SANDBOX_EXTENSION,
            Mode::Api => EXTENSION,
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

/// A flag's value, to be shown again.
fn shown(flag: Option<&OsString>) -> Option<String> {
    flag.map(|value| value.to_string_lossy().into_owned())
}

/// The ledger: the flag, the environment, or the operator's own state folder.
fn ledger(
    flag: Option<OsString>,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<LedgerPlace, Error> {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty());
    let of_flag = flag.map(|place| (place, Origin::Argument));
    let of_environment = || set(LEDGER_VARIABLE).map(|place| (place, Origin::Environment));
    match of_flag.or_else(of_environment) {
        Some((place, origin)) => named_ledger(place, origin, environment),
        None => Ok(own_ledger(environment)),
    }
}

/// A ledger by its URL or its file.
fn named_ledger(
    place: OsString,
    origin: Origin,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Result<LedgerPlace, Error> {
    let flag = match origin {
        Origin::Argument => "--ledger",
        Origin::Environment => LEDGER_VARIABLE,
    };
    let url = match place.to_str() {
        Some(text) if postgres::is_url(text) => text,
        // As the name of a file it would begin a ledger that knows of no payout.
        Some(text) if postgres::is_other_url(text) => {
            return Err(Error::ledger_url(flag, &LocationError::OtherScheme));
        }
        Some(_) | None => return ledger_file(place.into()),
    };
    let location = Location::parse(url, origin).map_err(|error| Error::ledger_url(flag, &error))?;
    let set = |name: &str| environment(name).filter(|value| !value.is_empty());
    if let Some(password) = set(PASSWORD_VARIABLE) {
        let password = password.to_string_lossy().into_owned();
        let location = location.with_password(|_| Some(password));
        return Ok(LedgerPlace::Postgres(Box::new(location)));
    }
    let in_home = || set("HOME").map(|home| postgres::password_file(Path::new(&home)));
    let path = set(PASSWORD_FILE_VARIABLE).map(PathBuf::from);
    let passwords = match path.or_else(in_home) {
        Some(path) => read_passwords(&path)?,
        None => String::new(),
    };
    let location = location.with_password(|location| location.password_in(&passwords));
    Ok(LedgerPlace::Postgres(Box::new(location)))
}

/// A ledger that is a file, in a folder that is there.
fn ledger_file(path: PathBuf) -> Result<LedgerPlace, Error> {
    match file::parent(&path).try_exists() {
        Ok(false) => Err(Error::ledger_folder(&path)),
        // What else there is to say about it is said when it is opened.
        Ok(true) | Err(_) => Ok(LedgerPlace::File(path)),
    }
}

/// What stands in a password file; nothing if there is none.
fn read_passwords(path: &Path) -> Result<String, Error> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) | Err(_) => return Ok(String::new()),
    };
    if let Some(mode) = file::mode_for_others(&metadata) {
        return Err(Error::password_file_is_open(path, mode));
    }
    std::fs::read_to_string(path).map_err(|error| Error::password_file(path, &error))
}

/// The operator's own ledger.
fn own_ledger(environment: &impl Fn(&str) -> Option<OsString>) -> LedgerPlace {
    let set = |name: &str| environment(name).filter(|value| !value.is_empty());
    let home = || set("HOME").map(PathBuf::from);
    let state = if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Application Support"))
    } else {
        // A relative path is to be ignored (XDG Base Directory Specification).
        let state = set("XDG_STATE_HOME").map(PathBuf::from);
        state
            .filter(|path| path.is_absolute())
            .or_else(|| home().map(|home| home.join(".local/state")))
    };
    match state {
        Some(state) => LedgerPlace::File(state.join("ccbatch").join("ledger.db")),
        None => LedgerPlace::Homeless,
    }
}

/// The name of who runs the program.
fn user(environment: &impl Fn(&str) -> Option<OsString>) -> String {
    let named = ["USER", "LOGNAME"].into_iter().find_map(environment);
    let named = named.filter(|name| !name.is_empty());
    named.map_or_else(
        || format!("user {}", host::user_id()),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn reading(args: cli::ReadArgs) -> Reading {
    Reading {
        decimal_mark: decimal_mark(args.decimal_comma),
        columns: args.columns.unwrap_or_default(),
        encoding: args.encoding,
    }
}

/// How a CSV is written on stdout; what is asked of one where none is written is a mistake.
fn dialect(args: &cli::DialectArgs, format: TableFormat) -> Result<Dialect, Error> {
    let given = [
        ("--delimiter", args.delimiter.is_some()),
        ("--output-decimal-comma", args.output_decimal_comma),
        ("--bom", args.bom),
    ];
    let given = given.into_iter().find(|(_, is_given)| *is_given);
    match (given, format) {
        (Some((flag, _)), TableFormat::Human | TableFormat::Json) => Err(Error::csv_only(flag)),
        (Some(_) | None, TableFormat::Csv) | (None, TableFormat::Human | TableFormat::Json) => {
            Ok(Dialect {
                delimiter: args.delimiter.unwrap_or(Dialect::default().delimiter),
                decimal_mark: decimal_mark(args.output_decimal_comma),
                start: if args.bom {
                    Start::ByteOrderMark
                } else {
                    Start::Plain
                },
            })
        }
    }
}

fn decimal_mark(is_comma: bool) -> DecimalMark {
    if is_comma {
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
    /// The flags without which a command would look for other files, or read them otherwise.
    fn flags(&self) -> impl Iterator<Item = String> {
        let is_default = self.results == default_results(&self.input, self.mode);
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
        let sandbox = (self.mode == Mode::Sandbox).then(|| "--sandbox".to_owned());
        results
            .into_iter()
            .chain(self.ledger_words())
            .chain(columns)
            .chain(encoding)
            .chain(comma)
            .chain(sandbox)
    }

    /// `--ledger`, where it was given: without it another ledger would be asked.
    fn ledger_words(&self) -> Option<String> {
        let ledger = self.ledger_flag.as_ref()?;
        Some(format!("--ledger {}", quoted(Path::new(ledger))))
    }

    /// The command that goes on with a batch.
    #[must_use]
    pub fn run_command(&self) -> String {
        let mut words = vec!["ccbatch run".to_owned(), quoted(&self.input)];
        words.extend(self.flags());
        words.join(" ")
    }

    /// The command that says what stands against the rows of a batch.
    #[must_use]
    pub fn validate_command(&self) -> String {
        let mut words = vec!["ccbatch validate".to_owned(), quoted(&self.input)];
        words.extend(self.flags());
        words.join(" ")
    }

    /// The command that settles a payout in doubt of whatever batch, up to the attempt's id.
    #[must_use]
    pub fn resolve_id_command(&self) -> String {
        let mut words = vec!["ccbatch resolve".to_owned()];
        words.extend(self.ledger_words());
        words.push("--id".to_owned());
        words.join(" ")
    }

    /// The command that settles a payout in doubt, up to the verdict.
    #[must_use]
    pub fn resolve_command(&self, line: u64) -> String {
        let mut words = vec!["ccbatch resolve".to_owned(), quoted(&self.input)];
        words.extend(self.flags());
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
