//! The program: it parses the command line, runs the command, prints the error, and exits.

use ccbatch::cli::Cli;
use ccbatch::config::Config;
use ccbatch::{app, terminal};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = Config::new(cli.command, std::env::args_os().skip(1), |name| {
        std::env::var_os(name)
    });
    match config.and_then(app::execute) {
        Ok(exit) => exit.into(),
        Err(error) => {
            terminal::ui::say(&error.to_string());
            error.exit().into()
        }
    }
}
