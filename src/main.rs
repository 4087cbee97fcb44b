//! The program: it sees to the machine, parses the command line, runs the command, prints the
//! error, and exits.

use ccbatch::cli::Cli;
use ccbatch::config::Config;
use ccbatch::error::Error;
use ccbatch::exit::Exit;
use ccbatch::{app, terminal};
use std::process::ExitCode;

fn main() -> ExitCode {
    match app::prepare().and_then(|()| run()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            terminal::ui::say(&error.to_string());
            error.exit().into()
        }
    }
}

fn run() -> Result<Exit, Error> {
    let cli = Cli::read();
    let arguments = std::env::args_os().skip(1);
    let config = Config::new(cli.command, arguments, |name| std::env::var_os(name))?;
    app::execute(config)
}
