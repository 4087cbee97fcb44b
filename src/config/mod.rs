//! The configuration is what the flags, the environment and the config file mean together. Nothing
//! else in the program reads any of them.

mod defaults;
mod environment;
mod files;
mod ledger;
mod settings;

pub use files::Files;
pub use ledger::LedgerPlace;

use crate::address;
use crate::cli::{self, Cli, Format, Progress, TableFormat};
use crate::cryptocloud::client::{Endpoint, PRODUCTION_URL};
use crate::domain::dialect::Start;
use crate::domain::halt::DEFAULT_PATIENCE;
use crate::domain::{Amount, Currency, DecimalMark, Dialect, HaltPolicy, Network, State};
use crate::error::{Error, UsageError};
use crate::intake::{self, Fingerprint, Limits, Reading, WarningPolicy};
use crate::ledger::attempt::Repetition;
use crate::ledger::history::Filter;
use crate::ledger::postgres::Origin;
use crate::ledger::rules::RejectedPolicy;
use crate::ledger::{Realm, References};
use crate::os::{file, host};
use crate::payout::pacer::API_INTERVAL;
use crate::report::words::Language;
use clap::ColorChoice;
use defaults::{Defaults, color};
use environment::Environment;
use ledger::ledger;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The environment variable that holds the API key.
pub const API_KEY_VARIABLE: &str = "CCBATCH_API_KEY";

/// The environment variable that holds the only key that a sandbox opens to. It is another one
/// than [`API_KEY_VARIABLE`], so that no real key is given to a sandbox.
pub const SANDBOX_KEY_VARIABLE: &str = "CCBATCH_SANDBOX_KEY";

/// The environment variable that holds the API's base URL.
const API_URL_VARIABLE: &str = "CCBATCH_API_URL";

/// The pace of a rehearsal: quick, and slow enough to be watched.
const SANDBOX_INTERVAL: Duration = Duration::from_secs(1);

/// The variables that say the language of messages, the first that is set.
const LOCALE_VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The longest interval that makes sense: a day.
const MAX_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

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
    /// How a file is read without flags, as that copy is.
    pub settings: Reading,
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
    /// What the terminal can do.
    pub screen: Screen,
    /// A shell command for the end of the run.
    pub on_end: Option<String>,
}

/// What a terminal can do, as far as the environment tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// It cannot move its cursor.
    pub is_dumb: bool,
    /// The window's button in the taskbar can show how far a run is (OSC 9;4). Others may take the
    /// sequence for a message to be shown.
    pub has_taskbar: bool,
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

/// When colours are used in what is told about the flags, before the config file is read.
pub fn color_of_help(
    arguments: &[OsString],
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> ColorChoice {
    color(cli::color_flag(arguments), Environment(environment), None)
}

impl Config {
    /// Reads the flags together with the environment and the config file, and says when colours are
    /// used. The arguments are those that the flags were read from, the program's name left out.
    ///
    /// # Errors
    /// A value that is not fit or does not go with the others, and a config file that cannot be used.
    pub fn new(
        cli: Cli,
        arguments: &[OsString],
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<(Self, ColorChoice), Error> {
        let defaults = &Defaults::load(cli.config, Environment(environment))?;
        let color = color(cli.color, defaults.environment, defaults.settings.color);
        let config = match cli.command {
            cli::Command::Run(args) => run(args, arguments, defaults)?,
            cli::Command::Validate(args) => Self::DryRun(Box::new(validate(args, defaults)?)),
            cli::Command::Status(args) => Self::Status(Status {
                files: files(args.files, defaults)?,
                format: args.format,
                dialect: dialect(&args.dialect, args.format, defaults)?,
                states: args.state,
            }),
            cli::Command::Report(args) => Self::Report(report(args, defaults)?),
            cli::Command::Resolve(args) => Self::Resolve(resolve(args, defaults)?),
            cli::Command::History(args) => Self::History(history(args, defaults)?),
            cli::Command::Ledger(args) => Self::Ledger(whole_ledger(args, defaults)?),
            cli::Command::Sandbox(args) => {
                // The config file's key is not for a sandbox that anything may talk to.
                let file = args.api_key_file.clone().map(KeySource::File);
                let variable = environment(SANDBOX_KEY_VARIABLE);
                let named = variable.map(|key| KeySource::Environment(SANDBOX_KEY_VARIABLE, key));
                Self::Sandbox(args, file.or(named))
            }
            cli::Command::Currencies(args) => Self::Currencies(args.format),
            cli::Command::Completions(args) => Self::Completions(args.shell),
            cli::Command::Man => Self::Man,
        };
        Ok((config, color))
    }
}

fn run(
    args: cli::RunArgs,
    arguments: &[OsString],
    defaults: &Defaults<'_>,
) -> Result<Config, Error> {
    let settings = &defaults.settings;
    let is_sandbox = args.sandbox;
    let lacks_results = lacks_results(&args.check.input, &args.check.records);
    let endpoint = if is_sandbox {
        None
    } else {
        Some(endpoint(args.api_url, defaults)?)
    };
    let check = Check {
        interval: interval(args.interval, endpoint.as_ref(), defaults)?,
        rejected: if args.retry_rejected {
            RejectedPolicy::Retry
        } else {
            RejectedPolicy::Leave
        },
        limit: args.limit,
        only: args.only,
        ..check(args.check, endpoint.as_ref(), defaults)?
    };
    if args.dry_run {
        return Ok(Config::DryRun(Box::new(check)));
    }
    if lacks_results {
        return Err(Error::at("--results", UsageError::NoResults));
    }
    // A key that is set and empty is a mistake, and is told as one.
    let of_environment = (defaults.environment.0)(API_KEY_VARIABLE);
    let key = match (args.api_key_file, of_environment, &settings.api_key_file) {
        (Some(path), _, _) => KeySource::File(path),
        (None, Some(key), _) => KeySource::Environment(API_KEY_VARIABLE, key),
        (None, None, Some(path)) => KeySource::File(path.clone()),
        (None, None, None) => KeySource::Prompt,
    };
    Ok(Config::Run(Box::new(Run {
        check,
        command: files::same_command(arguments),
        ignored_proxy: endpoint.as_ref().and_then(|_| proxy(defaults.environment)),
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
        patience: args
            .patience
            .or(settings.patience)
            .unwrap_or(DEFAULT_PATIENCE),
        progress: args.progress.or(settings.progress).unwrap_or_default(),
        screen: screen(defaults.environment),
        on_end: args.on_end.or_else(|| settings.on_end.clone()),
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
fn proxy(environment: Environment<'_>) -> Option<&'static str> {
    let is_set = |name: &&str| environment.variable(name).is_some();
    PROXY_VARIABLES.into_iter().find(is_set)
}

fn validate(args: cli::ValidateArgs, defaults: &Defaults<'_>) -> Result<Check, Error> {
    let endpoint = if args.sandbox {
        None
    } else {
        Some(endpoint(None, defaults)?)
    };
    let check = check(args.check, endpoint.as_ref(), defaults)?;
    let is_named = defaults.environment.variable(API_URL_VARIABLE).is_some()
        || defaults.settings.api_url.is_some();
    Ok(Check {
        only: args.only,
        fix: args.fix,
        interval: interval(None, endpoint.as_ref(), defaults)?,
        // Without a named API it is checked for whatever the batch was paid through.
        api: check.api.filter(|_| is_named || args.sandbox),
        ..check
    })
}

fn screen(environment: Environment<'_>) -> Screen {
    let is = |name: &str, value: &str| environment.variable(name).is_some_and(|it| it == value);
    let is_inside_another = environment.first_of(&["TMUX", "STY"]).is_some();
    let is_known_for_it = environment.variable("WT_SESSION").is_some()
        || is("ConEmuANSI", "ON")
        || is("TERM_PROGRAM", "WezTerm")
        || is("TERM_PROGRAM", "ghostty");
    Screen {
        is_dumb: is("TERM", "dumb"),
        has_taskbar: is_known_for_it && !is_inside_another,
    }
}

/// What `validate` and `run` check alike; without an endpoint it is a rehearsal.
fn check(
    args: cli::CheckArgs,
    endpoint: Option<&Endpoint>,
    defaults: &Defaults<'_>,
) -> Result<Check, Error> {
    let settings = &defaults.settings;
    let api = endpoint.map_or_else(|| Realm::Sandbox.to_string(), Endpoint::api);
    let batch = Batch {
        input: args.input,
        records: args.records,
        read: args.read,
        realm: Realm::of_host(&api),
    };
    let files = batch.files(defaults)?;
    Ok(Check {
        intake: intake::Options {
            reading: files.reading.clone(),
            warnings: if args.strict || settings.strict {
                WarningPolicy::Refuse
            } else {
                WarningPolicy::Tell
            },
            limits: Limits {
                max_total: limits(args.max_total, &settings.max_total),
                max_amount: limits(args.max_amount, &settings.max_amount),
            },
        },
        files,
        references: references(args.references, defaults),
        repetition: if args.repeat {
            Repetition::Asked
        } else {
            Repetition::Refused
        },
        only: Vec::new(),
        format: args.format,
        max_findings: args.max_findings.or(settings.max_findings),
        findings: args.findings,
        fix: None,
        settings: reading(cli::ReadArgs::default(), defaults),
        expect: args.expect,
        api: Some(api),
        is_foreign: endpoint.is_some_and(|it| it.is_foreign()),
        interval: API_INTERVAL,
        rejected: RejectedPolicy::Leave,
        limit: None,
    })
}

/// The flags' limits, and the config file's for the currencies that no flag names.
fn limits(
    mut flags: Vec<(Currency, Amount)>,
    settings: &[(Currency, Amount)],
) -> Vec<(Currency, Amount)> {
    let named: BTreeSet<Currency> = flags.iter().map(|(currency, _)| *currency).collect();
    let others = settings.iter().copied();
    flags.extend(others.filter(|(currency, _)| !named.contains(currency)));
    flags
}

/// What the flags say about a batch, and where its money moves.
struct Batch {
    input: PathBuf,
    records: cli::RecordArgs,
    read: cli::ReadArgs,
    realm: Realm,
}

impl Batch {
    fn files(self, defaults: &Defaults<'_>) -> Result<Files, Error> {
        let default_results = || files::default_results(&self.input, self.realm);
        Ok(Files {
            results: self.records.results.unwrap_or_else(default_results),
            input: self.input,
            ledger_flag: shown(self.records.ledger.as_ref()),
            ledger: ledger(self.records.ledger, defaults)?,
            reading: reading(self.read, defaults),
            user: user(defaults.environment),
            realm: self.realm,
            config_file: defaults.settings.file.clone(),
            config_flag: defaults.config_flag.clone(),
        })
    }
}

/// Whether a batch has no results file: standard input has nothing beside it.
fn lacks_results(input: &Path, records: &cli::RecordArgs) -> bool {
    input.as_os_str() == "-" && records.results.is_none()
}

fn files(args: cli::FilesArgs, defaults: &Defaults<'_>) -> Result<Files, Error> {
    if lacks_results(&args.input, &args.records) {
        return Err(Error::at("--results", UsageError::NoResults));
    }
    let batch = Batch {
        input: args.input,
        records: args.records,
        read: args.read,
        realm: if args.sandbox {
            Realm::Sandbox
        } else {
            Realm::of_host(&endpoint(None, defaults)?.api())
        },
    };
    batch.files(defaults)
}

fn report(args: cli::ReportArgs, defaults: &Defaults<'_>) -> Result<Report, Error> {
    let files = files(args.files, defaults)?;
    let of_locale = || {
        let locale = defaults.environment.first_of(&LOCALE_VARIABLES);
        Language::of_locale(&locale.unwrap_or_default().to_string_lossy())
    };
    Ok(Report {
        output: match args.output {
            Some(output) if output.as_os_str() == "-" => Output::Stdout,
            Some(output) => Output::File(output),
            None if files.input.as_os_str() == "-" => Output::Stdout,
            None => Output::File(files::default_page(&files.input, files.realm)),
        },
        // The locale was not chosen for this program.
        language: match args.language.or(defaults.settings.language) {
            Some(cli::Language::En) => Language::English,
            Some(cli::Language::Ru) => Language::Russian,
            None => of_locale(),
        },
        files,
    })
}

fn resolve(args: cli::ResolveArgs, defaults: &Defaults<'_>) -> Result<Resolve, Error> {
    let ledger = ledger(args.records.ledger.clone(), defaults)?;
    let input = match args.input {
        None => None,
        Some(input) => Some(files(
            cli::FilesArgs {
                input,
                records: args.records,
                read: args.read,
                sandbox: args.sandbox,
            },
            defaults,
        )?),
    };
    let which = match (args.which.line, args.which.reference, args.which.id) {
        (Some(line), _, _) => Which::Line(line),
        (None, Some(reference), _) => Which::Reference(reference),
        (None, None, id) => Which::Id(id.unwrap_or_default()),
    };
    Ok(Resolve {
        input,
        ledger,
        user: user(defaults.environment),
        which,
        invoice_id: args.verdict.invoice_id,
        despite: args.despite,
        consent: consent(args.yes),
    })
}

fn history(args: cli::HistoryArgs, defaults: &Defaults<'_>) -> Result<History, Error> {
    Ok(History {
        ledger: ledger(args.ledger, defaults)?,
        user: user(defaults.environment),
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
        dialect: dialect(&args.dialect, args.format, defaults)?,
    })
}

/// The accounts that an address denotes, one for each network that knows it.
fn accounts_of(address: &str) -> Vec<String> {
    let networks = Network::ALL.into_iter();
    let checked = networks.filter_map(|network| address::check(network, address.trim()).ok());
    checked.map(|it| it.account().to_string()).collect()
}

/// What a batch may be called: by its name in the ledger, by its results file or by its input. The
/// files need not be there any more.
fn batch_names(batch: &OsStr) -> Vec<String> {
    let path = Path::new(batch);
    let results = files::default_results(path, Realm::Live);
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

fn whole_ledger(args: cli::LedgerArgs, defaults: &Defaults<'_>) -> Result<Ledger, Error> {
    let environment = defaults.environment;
    Ok(Ledger {
        ledger: ledger(args.ledger, defaults)?,
        user: user(environment),
        action: match args.command {
            None => LedgerAction::Show,
            Some(cli::LedgerCommand::Init) => LedgerAction::Init,
            Some(cli::LedgerCommand::Adopt {
                results,
                references: flag,
            }) => LedgerAction::Adopt(results, references(flag, defaults)),
            Some(cli::LedgerCommand::Backup { file }) => LedgerAction::BackUp(file),
            Some(cli::LedgerCommand::Move { to }) => {
                LedgerAction::Move(ledger::named(to, "--to", Origin::Argument, environment)?)
            }
        },
    })
}

/// How references are to count, if anything says so.
fn references(flag: Option<cli::ReferenceScope>, defaults: &Defaults<'_>) -> Option<References> {
    let scope = flag.or(defaults.settings.references)?;
    Some(match scope {
        cli::ReferenceScope::Shared => References::Shared,
        cli::ReferenceScope::PerFile => References::PerFile,
    })
}

/// A flag's value, to be shown again.
fn shown(flag: Option<&OsString>) -> Option<String> {
    flag.map(|value| value.to_string_lossy().into_owned())
}

/// The name of who runs the program.
fn user(environment: Environment<'_>) -> String {
    environment.first_of(&["USER", "LOGNAME"]).map_or_else(
        || format!("user {}", host::user_id()),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn reading(args: cli::ReadArgs, defaults: &Defaults<'_>) -> Reading {
    let settings = &defaults.settings;
    Reading {
        decimal_mark: decimal_mark(args.decimal_comma || settings.decimal_comma),
        columns: args
            .columns
            .or_else(|| settings.columns.clone())
            .unwrap_or_default(),
        encoding: args.encoding.or(settings.encoding),
    }
}

/// How a CSV is written on stdout; what is asked of one where none is written is a mistake.
fn dialect(
    args: &cli::DialectArgs,
    format: TableFormat,
    defaults: &Defaults<'_>,
) -> Result<Dialect, Error> {
    let given = [
        ("--delimiter", args.delimiter.is_some()),
        ("--output-decimal-comma", args.output_decimal_comma),
        ("--bom", args.bom),
    ];
    let given = given.into_iter().find(|(_, is_given)| *is_given);
    if let (Some((flag, _)), TableFormat::Human | TableFormat::Json) = (given, format) {
        return Err(Error::at(flag, UsageError::CsvOnly));
    }
    let settings = &defaults.settings;
    let delimiter = args.delimiter.or(settings.delimiter);
    Ok(Dialect {
        delimiter: delimiter.unwrap_or(Dialect::default().delimiter),
        decimal_mark: decimal_mark(args.output_decimal_comma || settings.output_decimal_comma),
        start: if args.bom || settings.bom {
            Start::ByteOrderMark
        } else {
            Start::Plain
        },
    })
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

fn endpoint(flag: Option<String>, defaults: &Defaults<'_>) -> Result<Endpoint, Error> {
    let variable = defaults.environment.variable(API_URL_VARIABLE);
    let variable = variable.map(|url| url.to_string_lossy().into_owned());
    let (place, url) = match (flag, variable, &defaults.settings.api_url) {
        (Some(url), _, _) => ("--api-url".to_owned(), url),
        (None, Some(url), _) => (API_URL_VARIABLE.to_owned(), url),
        (None, None, Some(url)) => (defaults.settings.place("api_url"), url.clone()),
        (None, None, None) => ("--api-url".to_owned(), PRODUCTION_URL.to_owned()),
    };
    Endpoint::new(&url).map_err(|error| Error::at(place, UsageError::Endpoint { url, error }))
}

/// The API refuses what comes faster than its interval; only a loopback address is ours.
fn interval(
    flag: Option<Duration>,
    endpoint: Option<&Endpoint>,
    defaults: &Defaults<'_>,
) -> Result<Duration, Error> {
    let is_ours = endpoint.is_none_or(Endpoint::is_loopback);
    let place = match flag {
        Some(_) => "--interval".to_owned(),
        None => defaults.settings.place("interval"),
    };
    match flag.or(defaults.settings.interval) {
        None if endpoint.is_none() => Ok(SANDBOX_INTERVAL),
        None => Ok(API_INTERVAL),
        Some(interval) if interval > MAX_INTERVAL => {
            Err(Error::at(place, UsageError::IntervalTooLong(MAX_INTERVAL)))
        }
        Some(interval) if interval < API_INTERVAL && !is_ours => {
            Err(Error::at(place, UsageError::IntervalTooShort(interval)))
        }
        Some(interval) => Ok(interval),
    }
}
