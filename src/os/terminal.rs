//! The terminal on standard input, as Unix has it.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, stdin};

/// While it lives, what is typed is not shown.
pub struct HiddenTyping {
    before: Termios,
}

impl HiddenTyping {
    /// Hides what is typed from now on. What was typed already is kept: a paste may be faster than
    /// a question.
    ///
    /// # Errors
    /// Standard input is not a terminal.
    pub fn begin() -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        // The Enter at the end is shown, so that what follows has a line of its own.
        hidden.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for HiddenTyping {
    fn drop(&mut self) {
        // When the terminal is gone, nobody types any more.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}
