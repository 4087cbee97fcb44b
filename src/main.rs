//! The program: it checks the machine, parses the command line, runs the command, prints the
//! error, and exits.

use ccbatch::cli::Cli;
use ccbatch::config::{self, Config};
use ccbatch::error::Error;
use ccbatch::exit::Exit;
use ccbatch::{app, terminal};
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    match app::prepare().and_then(|()| run()) {
        Ok(exit) => exit.into(),
        Err(error) => {
            if !error.is_of_closed_reader() {
                terminal::ui::say(&error.to_string());
            }
            error.exit().into()
        }
    }
}

fn run() -> Result<Exit, Error> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let environment = |name: &str| std::env::var_os(name);
    let cli = Cli::read(&arguments, config::color_of_help(&arguments, &environment));
    let flags = arguments.get(1..).unwrap_or_default();
    let (config, color) = Config::new(cli, flags, &environment)?;
    terminal::ui::use_color(color);
    app::execute(config)
}
