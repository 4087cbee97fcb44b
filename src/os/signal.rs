//! Signals as Unix has them.

use rustix::process::Signal as Number;
use std::future::pending;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Lets a write beyond the limit of a file's size (`ulimit -f`) fail like any other, where its
/// signal would end the program. To be called inside a tokio runtime that handles signals.
///
/// # Errors
/// The system does not allow it.
pub fn survive_size_limit() -> io::Result<()> {
    // A signal that is handled once is handled for good: nobody has to listen.
    signal(SignalKind::from_raw(Number::XFSZ.as_raw())).map(drop)
}

/// A signal that asks the program to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGINT, a person's Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
}

/// The signals that ask the program to stop; `None` for one that was ignored when the program
/// began, as `nohup` and a shell's `&` do. It stays ignored.
#[derive(Debug)]
pub struct StopSignals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
}

impl StopSignals {
    /// Handles them from now on. To be called inside a tokio runtime that handles signals.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn new() -> io::Result<Self> {
        let ignored = ignored();
        let handled = |number: Number| {
            let is_ignored = ignored & bit(number) != 0;
            (!is_ignored)
                .then(|| signal(SignalKind::from_raw(number.as_raw())))
                .transpose()
        };
        Ok(Self {
            interrupt: handled(Number::INT)?,
            terminate: handled(Number::TERM)?,
            hang_up: handled(Number::HUP)?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> StopSignal {
        tokio::select! {
            () = received(&mut self.interrupt) => StopSignal::Interrupt,
            () = received(&mut self.terminate) => StopSignal::Terminate,
            () = received(&mut self.hang_up) => StopSignal::HangUp,
        }
    }
}

/// Waits for a signal, for ever where it is ignored.
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => pending().await,
    }
}

/// The signals that are ignored, a bit each, the lowest for signal 1. Asking the system itself
/// takes `unsafe`; Linux has the same mask as text.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.map_or(0, bits)
}

/// The same where there is no `/proc`.
#[cfg(not(target_os = "linux"))]
fn ignored() -> u64 {
    let id = std::process::id().to_string();
    let told = std::process::Command::new("ps")
        .args(["-o", "ignored=", "-p", &id])
        .output();
    let mask = told.map(|told| String::from_utf8_lossy(&told.stdout).into_owned());
    mask.map_or(0, |mask| bits(&mask))
}

/// A mask in hexadecimal digits; what cannot be read ignores nothing.
fn bits(mask: &str) -> u64 {
    u64::from_str_radix(mask.trim(), 16).unwrap_or_default()
}

/// A signal's place in the mask.
fn bit(number: Number) -> u64 {
    let place = u32::try_from(number.as_raw())
        .ok()
        .and_then(|raw| raw.checked_sub(1));
    place
        .and_then(|place| 1_u64.checked_shl(place))
        .unwrap_or_default()
}

/// Ends a group of processes by the id of the first, which a child is that was given one of its own.
pub fn kill_group(first: u32) {
    let id = i32::try_from(first)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id {
        // That it is gone already is as well.
        let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_its_place_in_the_mask() {
        assert_eq!(bit(Number::HUP), 1);
        assert_eq!(bit(Number::INT), 2);
        assert_eq!(bit(Number::TERM), 0x4000);
        assert_eq!(bits("\t0000000000004003\n"), 0x4003);
        assert_eq!(bits("?"), 0);
    }
}
