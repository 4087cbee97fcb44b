//! A [`Run`]: one call of the program, what it is to end with, and the process while it goes on.

use super::events::assert_events;
use super::{KEY, Terminal, eventually};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::NamedTempFile;

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
    pub(super) fn new(folder: &Path) -> Self {
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
        self.on_terminal_like("xterm", 80)
    }

    /// The same on a terminal of this kind and with so many columns.
    pub(crate) fn on_terminal_like(self, kind: &str, columns: u16) -> Terminal {
        // The width is set from outside, when there is a terminal to set it on.
        let script = format!(
            r#"stty echo; until stty size | grep -q ' {columns}$'; do sleep 0.01; done; exec "$0" "$@""#
        );
        let run = self.env("TERM", kind).by_way_of_shell(&script);
        Terminal::begin(run.command, columns)
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

    /// Sends a signal and waits until the program has handled it, of which it need not say
    /// anything: until the thread that handles signals has been awake and sleeps again.
    pub(crate) fn signal_and_await(&self, name: &str) {
        let mut before = None;
        eventually("signals are waited for", || {
            before = self.sleeps_of_signals();
            before.is_some()
        });
        self.signal(name);
        eventually("the signal is handled", || {
            self.sleeps_of_signals() > before
        });
    }

    /// Waits until a thread of this name is there.
    pub(crate) fn await_thread(&self, name: &str) {
        eventually(&format!("there is a thread {name}"), || {
            let threads = fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap();
            let mut names = threads
                .filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")).ok());
            names.any(|found| found.trim_end() == name)
        });
    }

    /// How often the thread that handles signals has gone to sleep; `None` while it does not sleep.
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

    /// Waits until so many lines of stderr begin like this.
    pub(crate) fn await_lines(&self, lead: &str, count: usize) {
        eventually(&format!("stderr has {lead:?} {count} times"), || {
            let stderr = self.output().stderr;
            stderr.lines().filter(|line| line.starts_with(lead)).count() >= count
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

    /// Whether it has come to its end.
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

    /// Waits for the end, and compares it with what was expected.
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
        assert_events(&output.stdout);
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

/// Sends a signal by its short name, like `STOP`.
pub(crate) fn send_signal(name: &str, pid: impl std::fmt::Display) {
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
