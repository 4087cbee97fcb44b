//! `--on-end`: a shell command that is told how a run ended. It can fail nothing: everything that was
//! paid is recorded before it begins.

use super::limits::no_thread;
use crate::config::{API_KEY_VARIABLE, SANDBOX_KEY_VARIABLE};
use crate::os::signal::kill_group;
use crate::terminal::ui;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long to wait for the command: a mail or a webhook takes seconds.
const MAX_DURATION: Duration = Duration::from_secs(60);

/// How often the command is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// Runs the command with the summary on its standard input, and tells if that did not go well.
pub(super) fn run(command: &str, summary: &str) {
    let told = match start(command, summary) {
        Ok(child) => wait(child),
        Err(error) => Some(format!("could not be started: {error}")),
    };
    if let Some(told) = told {
        ui::say(&format!("--on-end: the command {told}"));
    }
}

/// Starts the command in a group of its own, so that a Ctrl-C for this program does not end it, and
/// it can be ended with everything that it started.
fn start(command: &str, summary: &str) -> io::Result<Child> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .env_remove(API_KEY_VARIABLE)
        .env_remove(SANDBOX_KEY_VARIABLE)
        .stdin(Stdio::piped())
        .stdout(io::stderr())
        .process_group(0)
        .spawn()?;
    let input = child.stdin.take();
    let summary = format!("{summary}\n");
    // A command that does not read must not hold the program up.
    std::thread::Builder::new()
        .name("on-end".to_owned())
        .spawn(move || input.map(|mut input| input.write_all(summary.as_bytes())))
        .map_err(no_thread)?;
    Ok(child)
}

/// Waits for the command; gives what is to be told about its end.
fn wait(mut child: Child) -> Option<String> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return None,
            Ok(Some(status)) => return Some(format!("failed: {status}")),
            Err(error) => return Some(format!("was lost: {error}")),
            Ok(None) if started.elapsed() < MAX_DURATION => std::thread::sleep(GLANCE),
            Ok(None) => {
                kill_group(child.id());
                let _ = child.wait();
                return Some(format!("was ended after {} s", MAX_DURATION.as_secs()));
            }
        }
    }
}
