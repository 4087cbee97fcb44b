//! What is generated from the command line's definition: `ccbatch completions` and `ccbatch man`.

use super::check::write_out;
use crate::cli::Cli;
use crate::error::{Error, SystemError};
use crate::exit::Exit;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io;

/// Prints a script that completes commands and flags in a shell.
pub(super) fn completions(shell: Shell) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ccbatch", &mut script);
    write(&script)
}

/// Prints the manual page: that of the program, then those of its commands.
pub(super) fn man() -> Result<Exit, Error> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    let rendered = render(&command, &mut page);
    rendered.map_err(SystemError::Setup)?;
    write(&page)
}

fn write(text: &[u8]) -> Result<Exit, Error> {
    write_out(&String::from_utf8_lossy(text))?;
    Ok(Exit::AllCreated)
}

fn render(command: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    // The library has a general title for what stands below the flags.
    let text = String::from_utf8_lossy(&text).replace(".SH EXTRA", ".SH \"EXIT STATUS\"");
    page.extend_from_slice(text.as_bytes());
    let below = command.get_subcommands();
    for command in below.filter(|command| command.get_name() != "help") {
        render(command, page)?;
    }
    Ok(())
}
