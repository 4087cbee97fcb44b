//! Signals ask a run to stop: the payout in flight is finished and recorded first. A second
//! Ctrl-C leaves at once. This is all that the program knows of Unix's signals.

use super::limits::no_thread;
use crate::error::Error;
use crate::exit::Exit;
use crate::payout::stop::Stop;
use crate::terminal::ui;
use rustix::process::Signal as Number;
use std::future::pending;
use std::io;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Lets a write beyond the limit of a file's size (`ulimit -f`) fail like any other. Unheeded,
/// its signal would end the program, between a request and its record as well.
pub(super) fn survive_size_limit() {
    // Where it cannot be had, the limit ends the program as it ends any other.
    let _ = runtime().and_then(|runtime| {
        let _context = runtime.enter();
        signal(SignalKind::from_raw(Number::XFSZ.as_raw()))
    });
}

/// Raises the stop at SIGINT, SIGTERM and SIGHUP, from a thread of its own, so that a signal is
/// heeded whatever the program is busy with. One that was ignored when the program began, as
/// `nohup` and a shell's `&` do, stays ignored.
pub(super) fn watch(stop: &Stop) -> Result<(), Error> {
    let error = |error: io::Error| Error::system(&error);
    let ignored = ignored();
    let runtime = runtime().map_err(error)?;
    let mut signals = {
        let _context = runtime.enter();
        Signals::new(ignored).map_err(error)?
    };
    let stop = stop.clone();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(signals.obey(&stop)))
        .map_err(|cause| error(no_thread(cause)))?;
    Ok(())
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The signals that are ignored, a bit each, the lowest for signal 1.
#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    // Asking the system itself takes `unsafe`; this is the same mask as text.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

/// The same where there is no `/proc`.
#[cfg(not(target_os = "linux"))]
fn ignored() -> u64 {
    let id = std::process::id().to_string();
    let told = std::process::Command::new("ps")
        .args(["-o", "ignored=", "-p", &id])
        .output();
    let mask = told
        .ok()
        .and_then(|told| String::from_utf8(told.stdout).ok());
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
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

/// The signals that ask to stop; `None` for one that is ignored.
struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
}

impl Signals {
    fn new(ignored: u64) -> io::Result<Self> {
        let heeded = |number: Number| {
            let is_ignored = ignored & bit(number) != 0;
            (!is_ignored)
                .then(|| signal(SignalKind::from_raw(number.as_raw())))
                .transpose()
        };
        Ok(Self {
            interrupt: heeded(Number::INT)?,
            terminate: heeded(Number::TERM)?,
            hang_up: heeded(Number::HUP)?,
        })
    }

    async fn obey(&mut self, stop: &Stop) {
        loop {
            let is_interrupt = tokio::select! {
                () = received(&mut self.interrupt) => true,
                () = received(&mut self.terminate) => false,
                () = received(&mut self.hang_up) => false,
            };
            if is_interrupt && stop.is_raised() {
                leave(stop);
            }
            if !stop.is_raised() && stop.is_in_flight() {
                ui::say_after_key(
                    "Stopping after the payout in flight; Ctrl-C again leaves at once.",
                );
            }
            stop.raise();
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

/// Leaves without waiting for the answer of the payout in flight, which is in doubt then.
fn leave(stop: &Stop) -> ! {
    let exit = if stop.is_in_flight() {
        ui::say_after_key(
            "Left at once: the payout in flight is in doubt. Run again to see which it is.",
        );
        ui::take_bar_away();
        Exit::InDoubt
    } else {
        Exit::StoppedEarly
    };
    std::process::exit(exit.code().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_its_place_in_the_mask() {
        assert_eq!(bit(Number::HUP), 1);
        assert_eq!(bit(Number::INT), 2);
        assert_eq!(bit(Number::TERM), 0x4000);
    }
}
