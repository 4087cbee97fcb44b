//! A run on a terminal.

use super::{KEY, PATIENCE, send_signal};
use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{ControlCode, Eof, Expect};
use std::process::Command;

/// A run on a terminal.
pub(crate) struct Terminal(OsSession);

impl Terminal {
    pub(super) fn begin(command: Command, columns: u16) -> Self {
        let mut session = OsSession::spawn(command).unwrap();
        session
            .get_process_mut()
            .set_window_size(columns, 24)
            .unwrap();
        session.set_expect_timeout(Some(PATIENCE));
        Self(session)
    }

    /// Waits until this is shown; gives back what was shown since the last time.
    #[track_caller]
    pub(crate) fn await_text(&mut self, text: &str) -> String {
        let shown = self.0.expect(text);
        let shown = shown.unwrap_or_else(|error| panic!("waited in vain for {text:?}: {error}"));
        String::from_utf8_lossy(shown.as_bytes()).into_owned()
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        self.0.send_line(line).unwrap();
    }

    /// Types bytes that need not be text.
    pub(crate) fn type_bytes(&mut self, bytes: &[u8]) {
        self.0.send(bytes).unwrap();
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&mut self) {
        self.0.send(ControlCode::EndOfText).unwrap();
    }

    /// Sends a signal by its short name, like `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        send_signal(name, self.0.get_process().pid());
    }

    /// Waits for the end with this exit status; gives back what was shown until then. What is
    /// typed must be seen afterwards.
    #[track_caller]
    pub(crate) fn end(mut self, status: i32) -> String {
        let shown = self.0.expect(Eof).unwrap();
        let shown = String::from_utf8_lossy(shown.as_bytes()).into_owned();
        let ended = self.0.get_process().wait().unwrap();
        assert!(
            matches!(ended, WaitStatus::Exited(_, code) if code == status),
            "{ended:?}\n{shown}"
        );
        assert!(
            self.0.get_process().get_echo().unwrap(),
            "typing is left hidden"
        );
        assert!(!shown.contains(KEY), "the key was shown\n{shown}");
        shown
    }
}
