//! `ccbatch sandbox`: serves the API on a loopback port until it is stopped.

use super::signals;
use crate::cli::SandboxArgs;
use crate::error::Error;
use crate::exit::Exit;
use crate::payout::stop::Stop;
use crate::sandbox::{Delivery, Options, Sandbox};
use crate::terminal::ui;
use std::ffi::OsString;

/// Serves the sandbox.
pub(super) fn sandbox(args: &SandboxArgs, key: Option<OsString>) -> Result<Exit, Error> {
    let script = args.script.parse().map_err(Error::script)?;
    let tell = |delivery: &Delivery| ui::say(&format!("{} {}", delivery.path, delivery.answer));
    let sandbox = Sandbox::start(Options {
        listen: args.listen,
        interval: args.interval,
        api_key: key.map(|key| key.to_string_lossy().into_owned()),
        script,
        tls: None,
        on_delivery: Some(Box::new(tell)),
    })
    .map_err(|error| Error::sandbox(format!("--listen {}", args.listen), error))?;
    let stop = Stop::default();
    signals::watch(&stop)?;
    ui::print(&format!("listening on {}", sandbox.url()));
    ui::say(&format!(
        "No money moves here. What was created: {}/ledger. Ctrl-C ends it.",
        sandbox.url()
    ));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime
        .map_err(|error| Error::system(&error))?
        .block_on(stop.raised());
    Ok(Exit::AllCreated)
}
