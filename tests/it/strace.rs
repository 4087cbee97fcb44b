//! A traced run is the real program under strace, which can kill it or make a system call fail
//! at any point, and which tells in what order things happened.

use crate::harness::{RESULTS, Scene};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Whether strace is there and may trace. Where it may not, it says so past the test runner's
/// capture: a proof that was not made must not look like one.
pub(crate) fn is_available(test: &str) -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    let available = *AVAILABLE.get_or_init(|| {
        let probe = Command::new("strace")
            .args(["-o", "/dev/null", "true"])
            .output();
        probe.is_ok_and(|output| output.status.success())
    });
    if !available {
        say(&format!(
            "SKIPPED {test}: strace is not installed or may not trace"
        ));
    }
    available
}

/// Says something past the test runner's capture.
pub(crate) fn say(words: &str) {
    let _ = writeln!(std::io::stderr(), "{words}");
}

/// A run that was traced.
pub(crate) struct Traced {
    /// What it wrote, and how it ended.
    pub(crate) output: Output,
    /// The calls of its main thread, in order.
    pub(crate) calls: Vec<String>,
}

impl Traced {
    /// What the program said to people.
    pub(crate) fn told(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Whether a call was tampered with.
    pub(crate) fn is_injected(&self) -> bool {
        self.calls.iter().any(|call| call.contains("INJECTED"))
    }
}

/// The calls that the traces show; only these can be tampered with.
const SHOWN: &str = "trace=openat,close,flock,write,pwrite64,fdatasync,fsync,ftruncate,rename,\
unlink,mkdir,connect,writev,sendto,sendmsg,recvfrom,pipe2";

/// The files of a batch: its input and results, what they are written through, and the ledger.
pub(crate) fn record_files(scene: &Scene) -> Vec<PathBuf> {
    let ledger = scene.ledger();
    let mut journal = ledger.clone().into_os_string();
    journal.push("-journal");
    vec![
        ledger.parent().unwrap().to_owned(),
        ledger,
        journal.into(),
        scene.path(""),
        scene.path(RESULTS),
        scene.path(&format!(".{RESULTS}.tmp")),
    ]
}

/// Runs the program under strace, with an expression of its `inject=`, on calls on these files
/// only if there are any, and shows its calls.
pub(crate) fn trace(
    scene: &Scene,
    args: &[&str],
    inject: Option<&str>,
    paths: &[PathBuf],
) -> Traced {
    let prefix = scene.path("trace");
    let mut command = Command::new("strace");
    command
        .args(["-ff", "-yy", "-s", "9000", "-e", SHOWN, "-o"])
        .arg(&prefix);
    tamper(&mut command, inject, paths);
    let output = scene.through_sandbox(args).by_way_of(command).raw();
    Traced {
        output,
        calls: main_thread(&prefix),
    }
}

/// Kills the program when it enters its n-th call of this name, on these files only if there are
/// any; whether it came to that.
pub(crate) fn kill_at(
    scene: &Scene,
    args: &[&str],
    (call, n): (&str, usize),
    paths: &[PathBuf],
) -> bool {
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-e"]);
    command.arg(format!("trace={call}"));
    let inject = format!("{call}:signal=KILL:when={n}");
    tamper(&mut command, Some(&inject), paths);
    let output = scene.through_sandbox(args).by_way_of(command).raw();
    output.status.signal() == Some(9)
}

/// strace that delays or stops the program at a call, to be started in the program's place.
pub(crate) fn tampering(inject: &str, paths: &[PathBuf]) -> Command {
    let mut command = Command::new("strace");
    let call = inject.split(':').next().unwrap_or_default();
    command.args(["-f", "-o", "/dev/null", "-e"]);
    command.arg(format!("trace={call}"));
    tamper(&mut command, Some(inject), paths);
    command
}

fn tamper(command: &mut Command, inject: Option<&str>, paths: &[PathBuf]) {
    for path in paths {
        command.arg("-P").arg(path);
    }
    if let Some(inject) = inject {
        command.args(["-e", &format!("inject={inject}")]);
    }
}

/// The trace of the first thread, and no trace left behind.
fn main_thread(prefix: &Path) -> Vec<String> {
    let name = prefix.file_name().unwrap().to_str().unwrap();
    let mut traces: Vec<(u32, PathBuf)> = std::fs::read_dir(prefix.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let pid = path
                .file_name()?
                .to_str()?
                .strip_prefix(name)?
                .strip_prefix('.')?;
            Some((pid.parse().ok()?, path.clone()))
        })
        .collect();
    traces.sort();
    let text = traces
        .first()
        .map(|(_, path)| std::fs::read(path).unwrap())
        .unwrap_or_default();
    for (_, path) in traces {
        std::fs::remove_file(path).unwrap();
    }
    String::from_utf8_lossy(&text)
        .lines()
        .map(str::to_owned)
        .collect()
}
