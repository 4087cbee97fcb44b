//! A scene is a folder with a batch in it and a sandbox to pay it through. A [`Run`] is one call
//! of the real program there, and fails the test when it says or does what was not expected.

use ccbatch::sandbox::{Book, Options, Sandbox};
use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{ControlCode, Eof, Expect};
use rcgen::{CertificateParams, KeyPair};
use serde::Deserialize;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::{NamedTempFile, TempDir};
use tokio_rustls::rustls::ServerConfig;

/// The input of every scene, in its folder, which is where the program runs.
pub(crate) const INPUT: &str = "payouts.csv";

/// Where the program keeps the record of [`INPUT`].
pub(crate) const RESULTS: &str = "payouts.results.csv";

/// The one certificate that a run may trust, for `SSL_CERT_FILE`.
pub(crate) const CERTIFICATE: &str = "certificate.pem";

/// The key that every run is given. No output and no file may ever hold it.
pub(crate) const KEY: &str = "canary-key-5d1f";

/// A recipient of BTC.
pub(crate) const BITCOIN: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

/// A recipient of ETH.
pub(crate) const ETHEREUM: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

const HEADER: &str = "reference,currency_code,to_address,amount\n";

/// A machine that needs longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// Rows R1, R2 and so on, to one recipient, each with an amount of its own.
pub(crate) fn rows(count: usize) -> String {
    let row = |n| format!("R{n},BTC,{BITCOIN},0.{n:03}\n");
    (1..=count).map(row).collect()
}

/// A folder with an input, and a sandbox where one is needed.
pub(crate) struct Scene {
    folder: TempDir,
    /// Where the program keeps its ledger.
    home: TempDir,
    sandbox: Option<Sandbox>,
}

impl Scene {
    /// A folder with these rows as [`INPUT`], and no API.
    pub(crate) fn new(rows: &str) -> Self {
        let scene = Self {
            folder: TempDir::new().unwrap(),
            home: TempDir::new().unwrap(),
            sandbox: None,
        };
        scene.write_rows(rows);
        scene
    }

    /// The same with a sandbox that follows a script and asks for no interval.
    pub(crate) fn paying(script: &str, rows: &str) -> Self {
        Self::new(rows).with_sandbox(unhurried(script))
    }

    /// The same with a sandbox that speaks TLS and would like to speak HTTP/2. Its certificate is
    /// in the folder, under the name [`CERTIFICATE`].
    pub(crate) fn paying_over_tls(script: &str, rows: &str) -> Self {
        let (certificate, config) = certified();
        let scene = Self::new(rows).with_sandbox(Options {
            tls: Some(config),
            ..unhurried(script)
        });
        scene.write(CERTIFICATE, certificate);
        scene
    }

    /// The same folder with another sandbox.
    pub(crate) fn with_sandbox(self, options: Options) -> Self {
        let sandbox = Some(Sandbox::start(options).unwrap());
        Self { sandbox, ..self }
    }

    /// The ledger of every run in this scene.
    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.home.path().join("ccbatch/ledger.db")
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Writes the input anew.
    pub(crate) fn write_rows(&self, rows: &str) {
        self.write(INPUT, format!("{HEADER}{rows}"));
    }

    pub(crate) fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// The names of the files in the folder, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The whole lines of [`RESULTS`], read by a CSV library that knows nothing of this program.
    pub(crate) fn results(&self) -> Vec<Line> {
        let mut reader = csv::Reader::from_path(self.path(RESULTS)).unwrap();
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// The status of each line of [`RESULTS`].
    pub(crate) fn statuses(&self) -> Vec<String> {
        let lines = self.results().into_iter();
        lines.map(|line| line.status).collect()
    }

    fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().expect("this scene has no sandbox")
    }

    /// The sandbox's base URL.
    pub(crate) fn url(&self) -> String {
        self.sandbox().url()
    }

    /// What arrived and what was created so far.
    pub(crate) fn book(&self) -> Book {
        self.sandbox().book()
    }

    /// How often the POST arrived, and how many payouts were created.
    pub(crate) fn sent_and_created(&self) -> (usize, usize) {
        let book = self.book();
        (book.deliveries.len(), book.created.len())
    }

    /// Waits until so many requests have arrived.
    pub(crate) fn await_deliveries(&self, count: usize) {
        eventually("the requests arrive", || {
            self.book().deliveries.len() >= count
        });
    }

    /// The program with these arguments, in the folder.
    pub(crate) fn program<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        Run::new(self.folder.path())
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path())
            .args(arguments)
    }

    /// A command that the program has shown, as its reader would run it, without a question.
    pub(crate) fn shown(&self, command: &str) -> Run {
        let mut words = command.split_whitespace();
        assert_eq!(words.next(), Some("ccbatch"), "{command}");
        let run = self.program(words).args(["--yes"]);
        run.env("CCBATCH_API_KEY", KEY)
    }

    /// The program with these arguments, the sandbox as its API and a key.
    pub(crate) fn through_sandbox(&self, arguments: &[&str]) -> Run {
        self.program(arguments.iter().copied())
            .env("CCBATCH_API_URL", self.url())
            .env("CCBATCH_API_KEY", KEY)
    }

    /// `ccbatch run payouts.csv` through the sandbox, without a question and without an interval.
    pub(crate) fn pay(&self) -> Run {
        self.pay_through(&self.url()).args(["--interval", "0s"])
    }

    /// `ccbatch run payouts.csv` through another API, without a question.
    pub(crate) fn pay_through(&self, url: &str) -> Run {
        self.program(["run", INPUT, "--yes", "--api-url", url])
            .env("CCBATCH_API_KEY", KEY)
    }
}

/// A sandbox that follows a script and asks for no interval.
pub(crate) fn unhurried(script: &str) -> Options {
    Options {
        interval: Duration::ZERO,
        script: script.parse().unwrap(),
        ..Options::default()
    }
}

/// A certificate for the sandbox's address as PEM, and what a server needs to show it.
pub(crate) fn certified() -> (String, Arc<ServerConfig>) {
    certified_until(4000)
}

/// The same, good until the beginning of a year.
pub(crate) fn certified_until(year: i32) -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    let key_pair = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key_pair).unwrap();
    let key = key_pair.serialize_der().try_into().unwrap();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (certificate.pem(), Arc::new(config))
}

/// A whole line of a results file.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Line {
    pub(crate) line: u64,
    pub(crate) reference: String,
    pub(crate) payee: String,
    pub(crate) currency_code: String,
    pub(crate) to_address: String,
    pub(crate) amount: String,
    pub(crate) attempt: u32,
    pub(crate) api: String,
    pub(crate) started_at: chrono::DateTime<chrono::Utc>,
    pub(crate) status: String,
    pub(crate) invoice_id: String,
    pub(crate) accepted_amount: String,
    pub(crate) error_key: String,
    pub(crate) detail: String,
    pub(crate) http_status: Option<u16>,
    pub(crate) finished_at: Option<chrono::DateTime<chrono::Utc>>,
    pub(crate) id: String,
}

/// One call of the program. Unless it is told otherwise it expects success and silence.
#[must_use = "a run does nothing before `go` or `start`"]
pub(crate) struct Run {
    command: Command,
    expected: Expected,
}

/// What a run is to end with.
struct Expected {
    status: i32,
    stdout: Text,
    stderr: Text,
}

/// What a stream is to hold.
enum Text {
    Exactly(String),
    /// All of these, and whatever else.
    Parts(Vec<String>),
}

impl Run {
    fn new(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ccbatch"));
        command.env_clear().current_dir(folder).stdin(Stdio::null());
        let nothing = || Text::Exactly(String::new());
        Self {
            command,
            expected: Expected {
                status: 0,
                stdout: nothing(),
                stderr: nothing(),
            },
        }
    }

    pub(crate) fn args<'a>(mut self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Expects this exit status instead of success.
    pub(crate) fn status(mut self, status: i32) -> Self {
        self.expected.status = status;
        self
    }

    /// Expects exactly this on stdout.
    pub(crate) fn stdout(mut self, text: &str) -> Self {
        self.expected.stdout = Text::Exactly(text.to_owned());
        self
    }

    /// Expects this on stdout, and whatever else.
    pub(crate) fn stdout_has(mut self, part: &str) -> Self {
        self.expected.stdout.expect(part);
        self
    }

    /// Expects this on stderr, and whatever else.
    pub(crate) fn stderr_has(mut self, part: &str) -> Self {
        self.expected.stderr.expect(part);
        self
    }

    /// Runs the program to whatever end it comes to.
    pub(crate) fn raw(mut self) -> std::process::Output {
        self.command.output().unwrap()
    }

    /// Goes by way of another program, which gets the call as its last arguments.
    pub(crate) fn by_way_of(mut self, mut other: Command) -> Self {
        other
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir(self.command.get_current_dir().unwrap());
        let variables = self.command.get_envs();
        other.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        self.command = other;
        self
    }

    /// Goes by way of a shell, which has the call as `"$0" "$@"`.
    pub(crate) fn by_way_of_shell(self, script: &str) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]);
        self.by_way_of(shell)
    }

    /// Runs the program to its end.
    pub(crate) fn go(self) -> Output {
        self.start().end()
    }

    /// Starts the program, so that something can be done meanwhile.
    pub(crate) fn start(self) -> Started {
        let [stdout, stderr] = [(); 2].map(|()| NamedTempFile::new().unwrap());
        let streams = [&stdout, &stderr].map(|file| file.reopen().unwrap().into());
        self.start_on(streams).caught(stdout, stderr)
    }

    /// Starts the program with these as stdout and stderr.
    pub(crate) fn start_on(mut self, [stdout, stderr]: [Stdio; 2]) -> Started {
        let command = self.command.stdin(Stdio::null());
        let child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
        Started {
            child,
            caught: None,
            expected: self.expected,
        }
    }

    /// Starts the program on a terminal that shows what is typed, unless it is told not to.
    pub(crate) fn on_terminal(self) -> Terminal {
        let run = self
            .env("TERM", "xterm")
            .by_way_of_shell(r#"stty echo; exec "$0" "$@""#);
        let mut session = OsSession::spawn(run.command).unwrap();
        session.set_expect_timeout(Some(PATIENCE));
        Terminal(session)
    }
}

impl Text {
    fn expect(&mut self, part: &str) {
        match self {
            Self::Exactly(_) => *self = Self::Parts(vec![part.to_owned()]),
            Self::Parts(parts) => parts.push(part.to_owned()),
        }
    }

    fn is_met_by(&self, actual: &str) -> bool {
        match self {
            Self::Exactly(text) => actual == text,
            Self::Parts(parts) => parts.iter().all(|part| actual.contains(part)),
        }
    }
}

/// A run under way; dropping it kills it.
pub(crate) struct Started {
    child: Child,
    /// The files that are stdout and stderr, unless the test has other ones.
    caught: Option<[NamedTempFile; 2]>,
    expected: Expected,
}

/// What a run left on the streams.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Started {
    fn caught(mut self, stdout: NamedTempFile, stderr: NamedTempFile) -> Self {
        self.caught = Some([stdout, stderr]);
        self
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Expects another end than was told at the start.
    pub(crate) fn expecting(mut self, status: i32, part: &str) -> Self {
        self.expected.status = status;
        self.expected.stderr.expect(part);
        self
    }

    /// Sends a signal by its short name, like `INT`.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(name, self.pid());
    }

    /// Sends a signal and waits until the program has heeded it, of which it need not say
    /// anything: until the thread that heeds signals has been awake and sleeps again.
    pub(crate) fn signal_and_await(&self, name: &str) {
        let mut before = None;
        eventually("signals are waited for", || {
            before = self.sleeps_of_signals();
            before.is_some()
        });
        self.signal(name);
        eventually("the signal is heeded", || self.sleeps_of_signals() > before);
    }

    /// How often the thread that heeds signals has gone to sleep; `None` while it does not sleep.
    fn sleeps_of_signals(&self) -> Option<u64> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
        let texts = threads.filter_map(|thread| {
            let status = thread.unwrap().path().join("status");
            fs::read_to_string(status).ok()
        });
        let of_signals = texts.filter(|text| text.starts_with("Name:\tsignals\n"));
        let mut asleep = of_signals.filter(|text| text.contains("\nState:\tS"));
        let text = asleep.next()?;
        let count = text.split_once("\nvoluntary_ctxt_switches:\t")?.1;
        count.lines().next()?.parse().ok()
    }

    /// Waits until stderr holds this.
    pub(crate) fn await_stderr(&self, part: &str) {
        eventually(&format!("stderr has {part:?}"), || {
            self.output().stderr.contains(part)
        });
    }

    /// Waits until stdout has a line that begins like this; gives back its rest.
    pub(crate) fn await_stdout(&self, lead: &str) -> String {
        let mut rest = None;
        eventually(&format!("stdout has {lead:?}"), || {
            let stdout = self.output().stdout;
            let whole = stdout.rfind('\n').map(|end| &stdout[..end]);
            let found = whole.and_then(|whole| whole.lines().find_map(|l| l.strip_prefix(lead)));
            rest = found.map(str::to_owned);
            rest.is_some()
        });
        rest.unwrap()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end, whatever it is.
    pub(crate) fn await_end(mut self) {
        eventually("the program ends", || {
            self.child.try_wait().unwrap().is_some()
        });
    }

    /// Ends it as a power cut would, as far as the program can tell.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the end, and holds it against what was expected.
    pub(crate) fn end(mut self) -> Output {
        let mut status = None;
        eventually("the program ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let output = self.output();
        let expected = &self.expected;
        let status = status.and_then(|status| status.code());
        assert_eq!(status, Some(expected.status), "exit status\n{output}");
        assert_text("stdout", &expected.stdout, &output.stdout);
        assert_text("stderr", &expected.stderr, &output.stderr);
        for stream in [&output.stdout, &output.stderr] {
            assert!(!stream.contains(KEY), "the key was shown\n{output}");
            assert!(!stream.contains("panicked"), "a panic\n{output}");
        }
        output
    }

    fn output(&self) -> Output {
        let text = |file: &NamedTempFile| fs::read_to_string(file.path()).unwrap();
        let caught = self.caught.as_ref();
        let [stdout, stderr] =
            caught.map_or_else(Default::default, |files| files.each_ref().map(text));
        Output { stdout, stderr }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It has mostly ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Output {
    /// What follows this on a line of stderr.
    #[track_caller]
    pub(crate) fn after(&self, lead: &str) -> &str {
        let found = self.stderr.lines().find_map(|line| line.split_once(lead));
        found.unwrap_or_else(|| panic!("no {lead:?}\n{self}")).1
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
    }
}

/// A run on a terminal.
pub(crate) struct Terminal(OsSession);

impl Terminal {
    /// Waits until this is shown; gives back what was shown since the last time.
    #[track_caller]
    pub(crate) fn await_text(&mut self, text: &str) -> String {
        let shown = self.0.expect(text);
        let shown = shown.unwrap_or_else(|error| panic!("waited in vain for {text:?}: {error}"));
        String::from_utf8_lossy(shown.as_bytes()).into_owned()
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        self.0.send_line(line).unwrap();
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&mut self) {
        self.0.send(ControlCode::EndOfText).unwrap();
    }

    /// Sends a signal by its short name, like `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(name, self.0.get_process().pid());
    }

    /// Waits for the end with this exit status; gives back what was shown until then. What is
    /// typed must be seen afterwards.
    #[track_caller]
    pub(crate) fn end(mut self, status: i32) -> String {
        let shown = self.0.expect(Eof).unwrap();
        let shown = String::from_utf8_lossy(shown.as_bytes()).into_owned();
        let ended = self.0.get_process().wait().unwrap();
        assert!(
            matches!(ended, WaitStatus::Exited(_, code) if code == status),
            "{ended:?}\n{shown}"
        );
        assert!(
            self.0.get_process().get_echo().unwrap(),
            "typing is left hidden"
        );
        assert!(!shown.contains(KEY), "the key was shown\n{shown}");
        shown
    }
}

fn send_signal(name: &str, pid: impl std::fmt::Display) {
    let order = format!("kill -{name} {pid}");
    let status = Command::new("sh").args(["-c", &order]).status();
    assert!(status.unwrap().success(), "{order}");
}

fn assert_text(stream: &str, expected: &Text, actual: &str) {
    let wanted = match expected {
        Text::Exactly(text) => format!("exactly {text:?}"),
        Text::Parts(parts) => format!("{parts:#?}"),
    };
    assert!(
        expected.is_met_by(actual),
        "{stream} was expected to hold {wanted}, and reads:\n{actual}"
    );
}

/// Waits for something that will be so in a while.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(GLANCE);
    }
}

/// Holds a text against the file of this name in `tests/golden/`, or writes it there when
/// `UPDATE_GOLDEN` is set.
#[track_caller]
pub(crate) fn assert_golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).unwrap();
    }
    let golden = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other.unwrap(),
    };
    assert!(
        actual == golden,
        "{name} is not as expected (UPDATE_GOLDEN=1 takes it as it is):\n{actual}"
    );
}

/// What differs from run to run, as a pattern (`9` a digit, `A` a capital or a digit, `a` a small
/// letter), and what stands for it in a golden file.
const MASKS: [(&str, &str); 3] = [
    ("9999-99-99T99:99:99.999Z", "<time>"),
    ("INV-AAAAAAAA", "<invoice id>"),
    ("aaaaaaaaaaaaaaaaaaaa", "<id>"),
];

/// The text with [`MASKS`] in place.
pub(crate) fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        match MASKS.iter().find(|(pattern, _)| fits(pattern, rest)) {
            Some((pattern, mask)) => {
                masked.push_str(mask);
                rest = &rest[pattern.len()..];
            }
            None => {
                masked.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    masked
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut actual = text.chars();
    pattern.chars().all(|expected| {
        actual.next().is_some_and(|c| match expected {
            '9' => c.is_ascii_digit(),
            'A' => c.is_ascii_digit() || c.is_ascii_uppercase(),
            'a' => c.is_ascii_lowercase(),
            other => c == other,
        })
    })
}
