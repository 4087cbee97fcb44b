//! Signals ask a run to stop: the payout in flight is finished and recorded first. A second
//! Ctrl-C leaves at once.

use crate::error::Error;
use crate::exit::Exit;
use crate::os::signal::is_ignored;
use crate::payout::stop::Stop;
use crate::terminal::ui;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Raises the stop at SIGINT, SIGTERM and SIGHUP, from a thread of its own, so that a signal is
/// heeded whatever the program is busy with.
pub(super) fn watch(stop: &Stop) -> Result<(), Error> {
    let error = |error: io::Error| Error::system(&error);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(error)?;
    let mut signals = {
        let _context = runtime.enter();
        Signals::new().map_err(error)?
    };
    let stop = stop.clone();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(signals.obey(&stop)))
        .map_err(error)?;
    Ok(())
}

/// The signals that ask for a stop; `None` stands for one that the program was started to ignore,
/// as `nohup` does, and goes on ignoring.
struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    hang_up: Option<Signal>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    async fn obey(&mut self, stop: &Stop) {
        loop {
            let is_interrupt = tokio::select! {
                () = next(&mut self.interrupt) => true,
                () = next(&mut self.terminate) => false,
                () = next(&mut self.hang_up) => false,
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

fn listen(kind: SignalKind) -> io::Result<Option<Signal>> {
    if is_ignored(kind.as_raw_value()) {
        return Ok(None);
    }
    signal(kind).map(Some)
}

/// Waits for a signal; for ever, if it is ignored.
async fn next(signal: &mut Option<Signal>) {
    let received = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if received.is_none() {
        std::future::pending::<()>().await;
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
