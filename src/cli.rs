//! The command line, as clap reads it; what the flags mean is decided in [`crate::config`].

mod tips;

use crate::domain::{Amount, Currency, State};
use crate::intake::Fingerprint;
use crate::intake::columns::ColumnNames;
use crate::intake::decode::TextEncoding;
use crate::ledger::AttemptStatus;
use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Pay a spreadsheet of people in crypto through CryptoCloud's withdrawal API, never twice.
///
/// The input is a CSV with a header that names currency_code, to_address, amount and, if you like,
/// reference and payee. Other usual names count as well, in English and Russian, and --columns names
/// any others. Commas, semicolons or tabs may separate the columns, lines may stand above the header,
/// and the encoding may be UTF-8, UTF-16 or an older one like windows-1251.
#[derive(Debug, Parser)]
#[command(version = VERSION, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    /// The config file [default: ~/.config/ccbatch/config.toml]
    #[arg(long, value_name = "FILE", global = true, display_order = LAST)]
    pub config: Option<PathBuf>,
    /// Colours: auto, always or never [default: auto]
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        hide_possible_values = true,
        global = true,
        display_order = LAST
    )]
    pub color: Option<ColorChoice>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The version and, where it is known, the commit that it was built from.
const VERSION: &str = env!("CCBATCH_VERSION");

/// Where the help tells the flags of every command: after the command's own.
const LAST: usize = 900;

const AFTER_HELP: &str = "\
Exit status: 0 all created, 1 could not run, 2 usage, 3 input invalid and nothing sent,
4 finished with some rejected, 5 stopped early (run again to go on), 6 a payout is in doubt";

impl Cli {
    /// Reads the arguments, the program's name included. Where they are wrong, or ask for help, that
    /// is told and the program ends.
    #[must_use]
    pub fn read(arguments: &[OsString], color: ColorChoice) -> Self {
        let mut cli = Self::command().color(color);
        let read = cli.try_get_matches_from_mut(arguments);
        let read = read.and_then(|matches| Self::from_arg_matches(&matches));
        read.unwrap_or_else(|error| {
            let commands = cli.get_subcommands().map(|it| it.get_name().to_owned());
            let commands: Vec<String> = commands.collect();
            let first = arguments.get(1).map(OsString::as_os_str);
            tips::with_tip(error, first, &commands).exit()
        })
    }
}

/// What `--color` says, wherever it stands: it counts for the help as well, which is told while the
/// arguments are read.
#[must_use]
pub fn color_flag(arguments: &[OsString]) -> Option<ColorChoice> {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    let mut flag = None;
    while let Some(word) = words.next().filter(|word| *word != "--") {
        let value = match word {
            "--color" => words.next(),
            word => word.strip_prefix("--color="),
        };
        flag = value.and_then(|value| choice(value).ok()).or(flag);
    }
    flag
}

/// Whether a command has this flag.
#[must_use]
pub fn has_flag(name: &str) -> bool {
    fn is_in(command: &clap::Command, name: &str) -> bool {
        let mut flags = command.get_arguments().filter_map(clap::Arg::get_long);
        flags.any(|flag| flag == name) || command.get_subcommands().any(|it| is_in(it, name))
    }
    is_in(&Cli::command(), name)
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check every row, then submit the payouts one by one; run again to go on
    Run(RunArgs),
    /// Check every row and send nothing, the same as run --dry-run
    Validate(ValidateArgs),
    /// Show where each payout stands
    Status(StatusArgs),
    /// Write a page that shows where each payout stands; before a run, the plan to approve
    Report(ReportArgs),
    /// Settle one payout in doubt, after looking it up in the CryptoCloud dashboard
    Resolve(ResolveArgs),
    /// Show every attempt that the ledger holds
    History(HistoryArgs),
    /// Show where the ledger is and how much it holds
    Ledger(LedgerArgs),
    /// Serve the API on a loopback port, for rehearsals; no money moves
    Sandbox(SandboxArgs),
    /// List the currency codes with their networks and decimals
    Currencies(CurrenciesArgs),
    /// Print a script that completes commands and flags in a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// `ccbatch run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What is checked, and how.
    #[command(flatten)]
    pub check: CheckArgs,
    /// Check and show the plan, send nothing, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Submit without asking (required without a terminal)
    #[arg(long)]
    pub yes: bool,
    /// Submit again what the API rejected before (mend the rows first)
    #[arg(long)]
    pub retry_rejected: bool,
    /// Pay only these rows now: lines like 3,5-7, or references
    #[arg(long, value_name = "ROWS", value_delimiter = ',', value_parser = only)]
    pub only: Vec<Only>,
    /// Go on after payouts in doubt, up to the third in a row, and after any number of rejections
    #[arg(long)]
    pub keep_going: bool,
    /// Submit at most this many payouts in this run
    #[arg(long, value_name = "N", value_parser = count)]
    pub limit: Option<u64>,
    /// The time between two requests [default: 12s, with --sandbox 1s]
    // The last one counts: the command that is shown to go on may be given another.
    #[arg(long, value_name = "DURATION", value_parser = duration, overrides_with = "interval")]
    pub interval: Option<Duration>,
    /// How long to wait for a lost connection to come back [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub patience: Option<Duration>,
    /// The base URL of the API.
    #[arg(
        long,
        value_name = "URL",
        help = "API [env: CCBATCH_API_URL] [default: https://api.cryptocloud.plus]"
    )]
    pub api_url: Option<String>,
    /// Read the API key from a file that only you can read
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// Rehearse against a sandbox inside the program: no money moves
    #[arg(long, conflicts_with_all = ["api_url", "api_key_file"])]
    pub sandbox: bool,
    /// A shell command for the end of the run, which gets the summary as JSON on stdin
    #[arg(long, value_name = "COMMAND")]
    pub on_end: Option<String>,
    /// stderr: auto, bar, lines (one per outcome) or none [default: auto]
    #[arg(long, value_enum, value_name = "HOW", hide_possible_values = true)]
    pub progress: Option<Progress>,
}

/// `ccbatch validate`
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// What is checked, and how.
    #[command(flatten)]
    pub check: CheckArgs,
    /// Write a copy in which every certain mistake is corrected
    #[arg(long, value_name = "NEW.csv", conflicts_with = "findings")]
    pub fix: Option<PathBuf>,
    /// Check only these rows: lines like 3,5-7, or references
    #[arg(long, value_name = "ROWS", value_delimiter = ',', value_parser = only)]
    pub only: Vec<Only>,
    /// Check it against the rehearsal that run --sandbox made
    #[arg(long)]
    pub sandbox: bool,
}

/// What `run` and `validate` share.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The payouts: a CSV with currency_code, to_address, amount and, if you like, reference and
    /// payee; - is standard input
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// The results file and the ledger.
    #[command(flatten)]
    pub records: RecordArgs,
    /// Pay a row although the same sum went to the same address before
    #[arg(long)]
    pub repeat: bool,
    /// How references count: shared (over all files, the default) or per-file
    #[arg(long, value_enum, value_name = "HOW", hide_possible_values = true)]
    pub references: Option<ReferenceScope>,
    /// Treat warnings as errors
    #[arg(long)]
    pub strict: bool,
    /// Show at most N findings, count all [default: 20 on a terminal]
    #[arg(long, value_name = "N", value_parser = number)]
    pub max_findings: Option<u64>,
    /// Copy the rows with findings to a new CSV, to look through; mend them in FILE
    #[arg(long, value_name = "FILE")]
    pub findings: Option<PathBuf>,
    /// How the file is written.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Refuse any batch but the one with this fingerprint (see the plan)
    #[arg(long, value_name = "FINGERPRINT")]
    pub expect: Option<Fingerprint>,
    /// Refuse a batch that pays more of a currency in all (repeatable)
    #[arg(long, value_name = "CODE=AMOUNT", value_parser = limit)]
    pub max_total: Vec<(Currency, Amount)>,
    /// Refuse a payout of more than this of a currency (repeatable)
    #[arg(long, value_name = "CODE=AMOUNT", value_parser = limit)]
    pub max_amount: Vec<(Currency, Amount)>,
    /// stdout: human (none) or json (one object per line)
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        hide_possible_values = true,
        default_value_t
    )]
    pub format: Format,
}

/// How the file of payouts is written: the flags of reading, which every command takes that reads it.
#[derive(Debug, Default, Args)]
pub struct ReadArgs {
    /// Which column is which, like 'to_address=Wallet 2,amount=Net sum'
    #[arg(long, value_name = "COLUMN=NAME,…")]
    pub columns: Option<ColumnNames>,
    /// The file's encoding, like windows-1251 [default: detected]
    #[arg(long, value_name = "ENCODING")]
    pub encoding: Option<TextEncoding>,
    /// Read amounts with a decimal comma; a point is an error then
    #[arg(long)]
    pub decimal_comma: bool,
}

/// Where the record of payouts is.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The results file [default: payouts.results.csv beside payouts.csv]
    #[arg(long, value_name = "FILE")]
    pub results: Option<PathBuf>,
    /// The ledger: a file or postgres://HOST/DB [env: CCBATCH_LEDGER]
    #[arg(long, value_name = "LEDGER")]
    pub ledger: Option<OsString>,
}

/// The files of a batch, for the commands that only look at it or settle it.
#[derive(Debug, Args)]
pub struct FilesArgs {
    /// The payouts, the same file as for run
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// The results file and the ledger.
    #[command(flatten)]
    pub records: RecordArgs,
    /// How the file is written.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Use the rehearsal that run --sandbox made
    #[arg(long)]
    pub sandbox: bool,
}

/// `ccbatch status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Which batch.
    #[command(flatten)]
    pub files: FilesArgs,
    /// human (a table), json (one object per line) or csv
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        hide_possible_values = true,
        default_value_t
    )]
    pub format: TableFormat,
    /// How the CSV is written.
    #[command(flatten)]
    pub dialect: DialectArgs,
    /// Only these: created, rejected, not_created, in_doubt, pending, refused
    #[arg(long, value_name = "STATES", value_delimiter = ',', value_parser = state)]
    pub state: Vec<State>,
}

/// How a CSV on stdout is written, for the program that is to read it.
#[derive(Debug, Args)]
pub struct DialectArgs {
    /// CSV: what separates the cells: , ; or tab [default: ,]
    #[arg(long, value_name = "MARK", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// CSV: write amounts with a decimal comma
    #[arg(long)]
    pub output_decimal_comma: bool,
    /// CSV: begin with a byte order mark, so that spreadsheets read it as UTF-8
    #[arg(long)]
    pub bom: bool,
}

/// `ccbatch report`
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Which batch.
    #[command(flatten)]
    pub files: FilesArgs,
    /// The page [default: payouts.report.html beside payouts.csv]; - is stdout
    #[arg(long, value_name = "FILE.html")]
    pub output: Option<PathBuf>,
    /// en or ru [default: that of the locale]
    #[arg(long, value_enum, value_name = "LANGUAGE", hide_possible_values = true)]
    pub language: Option<Language>,
}

/// `ccbatch resolve`
#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// Which payout.
    #[command(flatten)]
    pub which: WhichArgs,
    /// What the dashboard shows.
    #[command(flatten)]
    pub verdict: VerdictArgs,
    /// Accept --not-created although the record names this invoice id
    #[arg(long, value_name = "ID", requires = "not_created")]
    pub despite: Option<String>,
    /// The payouts; not needed if --id or --reference says which payout
    #[arg(value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// The results file and the ledger.
    #[command(flatten)]
    pub records: RecordArgs,
    /// How the file is written.
    #[command(flatten)]
    pub read: ReadArgs,
    /// Use the rehearsal that run --sandbox made
    #[arg(long, requires = "input")]
    pub sandbox: bool,
    /// Record the verdict without asking (required without a terminal)
    #[arg(long)]
    pub yes: bool,
}

/// Which payout is settled: exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct WhichArgs {
    /// The payout on this line of FILE, as an editor shows it
    #[arg(long, value_name = "N", value_parser = count, requires = "input")]
    pub line: Option<u64>,
    /// The payout with this reference
    #[arg(long, value_name = "REFERENCE")]
    pub reference: Option<String>,
    /// The attempt with this id, as the results file has it
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
}

/// What the dashboard shows: exactly one.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct VerdictArgs {
    /// The dashboard shows the withdrawal, under this id
    #[arg(long, value_name = "ID")]
    pub invoice_id: Option<String>,
    /// The dashboard does not show it: the next run submits it again
    #[arg(long)]
    pub not_created: bool,
}

/// `ccbatch history`
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Begun on this day or later, in UTC (2026-11-25), or at a time like 2026-11-25T10:00:00+03:00
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<DateTime<Utc>>,
    /// Begun before this day or time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<DateTime<Utc>>,
    /// created, rejected, not_created, unknown or submitting
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub status: Option<AttemptStatus>,
    /// With this reference; capitals and zeros in front do not matter
    #[arg(long, value_name = "REFERENCE")]
    pub reference: Option<String>,
    /// To a payee whose name contains this
    #[arg(long, value_name = "NAME")]
    pub payee: Option<String>,
    /// To this address, however it is written
    #[arg(long, value_name = "ADDRESS")]
    pub address: Option<String>,
    /// With this invoice id
    #[arg(long, value_name = "ID")]
    pub invoice_id: Option<String>,
    /// Of this file of payouts or its results file, or of the batch of this name
    #[arg(long, value_name = "FILE")]
    pub batch: Option<OsString>,
    /// The ledger: a file or postgres://HOST/DB [env: CCBATCH_LEDGER]
    #[arg(long, value_name = "LEDGER")]
    pub ledger: Option<OsString>,
    /// human (lines), json (one object per line) or csv
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        hide_possible_values = true,
        default_value_t
    )]
    pub format: TableFormat,
    /// How the CSV is written.
    #[command(flatten)]
    pub dialect: DialectArgs,
}

/// `ccbatch ledger`
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// The ledger: a file or postgres://HOST/DB [env: CCBATCH_LEDGER]
    #[arg(long, value_name = "LEDGER", global = true)]
    pub ledger: Option<OsString>,
    /// What to do with it.
    #[command(subcommand)]
    pub command: Option<LedgerCommand>,
}

/// What is done with a ledger as a whole.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Make an empty ledger, unless there is one already
    Init,
    /// Take over from results files what the ledger does not know
    Adopt {
        /// The results files
        #[arg(value_name = "RESULTS", required = true)]
        results: Vec<PathBuf>,
        /// How their references count: shared (the default) or per-file
        #[arg(long, value_enum, value_name = "HOW", hide_possible_values = true)]
        references: Option<ReferenceScope>,
    },
    /// Copy the ledger, as it is at one moment, to a new file
    Backup {
        /// The new file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Copy the ledger into an empty one, which takes its place
    Move {
        /// The empty ledger: a file or postgres://HOST/DB
        #[arg(long, value_name = "LEDGER")]
        to: OsString,
    },
}

/// `ccbatch sandbox`
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Loopback address; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub listen: SocketAddr,
    /// Refuse with rate_limit what comes sooner than this
    #[arg(long, value_name = "DURATION", default_value = "12s", value_parser = duration)]
    pub interval: Duration,
    /// Accept only the key in this file [env: CCBATCH_SANDBOX_KEY] [default: any key]
    #[arg(long, value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,
    /// What goes wrong, one step per request, like ok,drop-after (see docs/sandbox.md)
    #[arg(
        long,
        value_name = "STEPS",
        default_value = "",
        hide_default_value = true
    )]
    pub script: String,
}

/// `ccbatch currencies`
#[derive(Debug, Args)]
pub struct CurrenciesArgs {
    /// human (a table), json (one object per line) or csv
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        hide_possible_values = true,
        default_value_t
    )]
    pub format: TableFormat,
}

/// How references count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReferenceScope {
    /// Over all files: the same reference is the same payout
    Shared,
    /// Within one file
    PerFile,
}

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English
    En,
    /// Russian
    Ru,
}

/// Rows that `--only` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    /// Lines, the first and the last; `bare` as it was written, without `line:`.
    Lines {
        /// The first line.
        first: u64,
        /// The last line.
        last: u64,
        /// As it was written, when it could also be a reference.
        bare: Option<String>,
    },
    /// The row with this reference.
    Reference(String),
}

/// `ccbatch completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    #[arg(value_enum, value_name = "SHELL", hide_possible_values = true)]
    pub shell: Shell,
}

/// What `run` and `validate` write on stdout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Nothing: what a person reads goes to stderr
    #[default]
    Human,
    /// One JSON object per line
    Json,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TableFormat {
    /// A table to read
    #[default]
    Human,
    /// One JSON object per line
    Json,
    /// CSV with a header
    Csv,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// A bar on a terminal, else lines
    #[default]
    Auto,
    /// A bar
    Bar,
    /// A line with a timestamp for each outcome
    Lines,
    /// Nothing
    None,
}

/// A day or a time, in UTC where it does not say otherwise.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    let start = day.ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    start.map(|start| start.and_utc()).ok_or_else(|| {
        "write a day like 2026-11-25, or a time like 2026-11-25T10:00:00+03:00".to_owned()
    })
}

/// `,`, `;` or a tab, as it is or by its name.
pub(crate) fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "," => Ok(b','),
        ";" => Ok(b';'),
        "tab" | "\t" | "\\t" => Ok(b'\t'),
        _ => Err("write ',', ';' or tab, like --delimiter ';'".to_owned()),
    }
}

fn number(text: &str) -> Result<u64, String> {
    let number = text.parse();
    number.map_err(|_| "write a whole number, like 20".to_owned())
}

fn count(text: &str) -> Result<u64, String> {
    let number = number(text).ok().filter(|number| *number > 0);
    number.ok_or_else(|| "write a whole number from 1 on, like 5".to_owned())
}

fn state(text: &str) -> Result<State, String> {
    let names = State::ALL.map(State::as_str);
    let mut states = State::ALL.into_iter();
    let state = states.find(|state| state.as_str() == text.trim());
    state.ok_or_else(|| {
        format!(
            "write one or more of {}, like pending,rejected",
            names.join(", ")
        )
    })
}

fn status(text: &str) -> Result<AttemptStatus, String> {
    AttemptStatus::parse(text).ok_or_else(|| {
        "write one of created, rejected, not_created, unknown, submitting".to_owned()
    })
}

/// An address that only this machine can reach.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: Option<SocketAddr> = text.parse().ok();
    let address = address.ok_or("write an address and its port, like 127.0.0.1:8080")?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("the sandbox listens on loopback addresses only, like 127.0.0.1:8080".to_owned())
    }
}

/// One of the values of a flag that has a few.
pub(crate) fn choice<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| {
        let values = T::value_variants().iter();
        let values = values.filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = values.map(|value| value.get_name().to_owned()).collect();
        format!("write one of {}", names.join(", "))
    })
}

/// `12s`, `1500ms`, `1m`; a bare `0` is a duration as well.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "write it with its unit, like 12s or 500ms".into())
}

/// `3`, `5-7`, `line:3`, `ref:R1` or `R1`
fn only(text: &str) -> Result<Only, String> {
    let range = |text: &str| -> Option<(u64, u64)> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (first, last) = (
            is_number(first).then_some(first)?,
            is_number(last).then_some(last)?,
        );
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    let lines = |(first, last): (u64, u64), bare| {
        if first <= last {
            Ok(Only::Lines { first, last, bare })
        } else {
            Err(format!("{first}-{last} ends before it begins"))
        }
    };
    let text = text.trim();
    match (text.strip_prefix("line:"), text.strip_prefix("ref:")) {
        (Some(given), _) => range(given)
            .ok_or_else(|| format!("{given:?} is not a line; write it like line:3 or line:3-7"))
            .and_then(|range| lines(range, None)),
        (None, Some(reference)) if !reference.is_empty() => Ok(Only::Reference(reference.into())),
        (None, None) if !text.is_empty() => match range(text) {
            Some(range) => lines(range, Some(text.to_owned())),
            None => Ok(Only::Reference(text.to_owned())),
        },
        (None, _) => Err("name lines like 3,5-7, or references".to_owned()),
    }
}

/// `BTC=0.5`
pub(crate) fn limit(text: &str) -> Result<(Currency, Amount), String> {
    let (code, amount) = text.split_once('=').ok_or("write it like BTC=0.5")?;
    let currency = Currency::from_code(code)
        .ok_or_else(|| format!("{code:?} is not a currency code; ccbatch currencies lists them"))?;
    Amount::parse(amount, currency.decimals())
        .map(|amount| (currency, amount))
        .map_err(|_| format!("{amount:?} is not an amount of {code}; write it like {code}=0.5"))
}
