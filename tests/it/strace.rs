//! A traced run is the real program under strace, which can kill it or make a system call fail
//! at any point, and which tells in what order things happened.

use crate::harness::Scene;
use std::io::Write as _;
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
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED {test}: strace is not installed or may not trace"
        );
    }
    available
}

/// What is done to the program.
pub(crate) struct Tracing<'a> {
    /// An expression of strace's `inject=`.
    pub(crate) inject: Option<String>,
    /// Only system calls on this file.
    pub(crate) path: Option<&'a Path>,
}

/// A run that was traced.
pub(crate) struct Traced {
    /// What it wrote, and how it ended.
    pub(crate) output: Output,
    /// The calls of its main thread, in order.
    pub(crate) calls: Vec<String>,
}

/// The calls that the traces show; only these can be tampered with.
const SHOWN: &str = "trace=openat,close,flock,write,pwrite64,fdatasync,fsync,ftruncate,connect,writev,sendto,sendmsg,recvfrom";

/// Runs the program under strace.
pub(crate) fn trace(scene: &Scene, args: &[&str], tracing: &Tracing<'_>) -> Traced {
    let prefix = scene.path("trace");
    let mut command = Command::new("strace");
    command
        .args(["-ff", "-yy", "-s", "4096", "-e", SHOWN, "-o"])
        .arg(&prefix);
    if let Some(path) = tracing.path {
        command.arg("-P").arg(path);
    }
    if let Some(inject) = &tracing.inject {
        command.args(["-e", &format!("inject={inject}")]);
    }
    let output = scene.through_sandbox(args).by_way_of(command).raw();
    Traced {
        output,
        calls: main_thread(&prefix),
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
