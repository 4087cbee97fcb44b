//! `ccbatch sandbox`: serves the API on a loopback port until it is stopped.

use super::{key, signals};
use crate::cli::SandboxArgs;
use crate::config::KeySource;
use crate::error::{Error, SystemError};
use crate::exit::Exit;
use crate::payout::stop::Stop;
use crate::sandbox::{Delivery, Options, Sandbox, Script};
use crate::terminal::ui;

/// Serves the sandbox.
pub(super) fn sandbox(args: &SandboxArgs, key: Option<&KeySource>) -> Result<Exit, Error> {
    let script = args.script.parse::<Script>();
    let script = script.map_err(|error| Error::at("--script", error))?;
    let stop = Stop::default();
    signals::watch(&stop)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(SystemError::Setup)?;
    let api_key = match key {
        None => None,
        Some(source) => match runtime
            .block_on(key::read(source, &stop))
            .map_err(Error::of_sandbox_key)?
        {
            Some(key) => Some(key.expose().to_owned()),
            None => return Ok(Exit::AllCreated),
        },
    };
    let tell = |delivery: &Delivery| ui::say(&format!("{} {}", delivery.path, delivery.answer));
    let sandbox = Sandbox::start(Options {
        listen: args.listen,
        interval: args.interval,
        api_key,
        script,
        tls: None,
        on_delivery: Some(Box::new(tell)),
    })
    .map_err(|error| SystemError::Listen(args.listen, error))?;
    ui::print(&format!("listening on {}", sandbox.url()));
    ui::say(&format!(
        "No money moves here. What was created: {}/ledger. Ctrl-C ends it.",
        sandbox.url()
    ));
    runtime.block_on(stop.raised());
    Ok(Exit::AllCreated)
}
