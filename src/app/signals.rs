//! Signals ask a run to stop: the payout in flight is finished and recorded first. A second
//! Ctrl-C leaves at once.

use super::limits::no_thread;
use crate::error::{Error, SystemError};
use crate::exit::Exit;
use crate::os::signal::{self, StopSignal, StopSignals};
use crate::payout::stop::Stop;
use crate::terminal::{bar, ui};
use std::io;
use tokio::runtime::{Builder, Runtime};

/// Lets a write beyond the limit of a file's size fail like any other. Unhandled, its signal would
/// end the program, between a request and its record as well.
pub(super) fn survive_size_limit() {
    // Where that is not possible, the limit ends the program as it ends any other.
    let _ = runtime().and_then(|runtime| {
        let _context = runtime.enter();
        signal::survive_size_limit()
    });
}

/// Raises the stop at SIGINT, SIGTERM and SIGHUP, from a thread of its own, so that a signal is
/// handled whatever the program is busy with.
pub(super) fn watch(stop: &Stop) -> Result<(), Error> {
    let runtime = runtime().map_err(SystemError::Setup)?;
    let mut signals = {
        let _context = runtime.enter();
        StopSignals::new().map_err(SystemError::Setup)?
    };
    let stop = stop.clone();
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(obey(&mut signals, &stop)))
        .map_err(|error| SystemError::Setup(no_thread(error)))?;
    Ok(())
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

async fn obey(signals: &mut StopSignals, stop: &Stop) {
    loop {
        let signal = signals.next().await;
        if signal == StopSignal::Interrupt && stop.is_raised() {
            leave(stop);
        }
        if !stop.is_raised() && stop.is_in_flight() {
            ui::say_after_key("Stopping after the payout in flight; Ctrl-C again leaves at once.");
        }
        stop.raise();
    }
}

/// Leaves without waiting for the answer of the payout in flight, which is in doubt then.
fn leave(stop: &Stop) -> ! {
    let exit = if stop.is_in_flight() {
        ui::say_after_key(
            "Left at once: the payout in flight is in doubt. Run again to see which it is.",
        );
        Exit::InDoubt
    } else {
        Exit::StoppedEarly
    };
    bar::take_away();
    std::process::exit(exit.code().into())
}
