//! The environment's variables, as the rest of the configuration asks for them.

use std::ffi::OsString;
use std::path::PathBuf;

/// The variables, however they are looked up.
#[derive(Clone, Copy)]
pub(super) struct Environment<'a>(pub(super) &'a dyn Fn(&str) -> Option<OsString>);

impl Environment<'_> {
    /// What a variable holds. One that is empty is not set.
    pub(super) fn variable(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// What the first of these that is set holds.
    pub(super) fn first_of(&self, names: &[&str]) -> Option<OsString> {
        names.iter().find_map(|name| self.variable(name))
    }

    /// The program's own folder under the one that a variable of the XDG Base Directory
    /// Specification names, or else under this one at home; on macOS in the folder for all of it.
    pub(super) fn folder(&self, variable: &str, at_home: &str) -> Option<PathBuf> {
        // A relative path is to be ignored, says the specification. It would be another folder
        // wherever the program is run.
        let named = |variable| {
            let path = self.variable(variable).map(PathBuf::from);
            path.filter(|path| path.is_absolute())
        };
        let home = || named("HOME");
        let base = if cfg!(target_os = "macos") {
            home().map(|home| home.join("Library/Application Support"))
        } else {
            named(variable).or_else(|| home().map(|home| home.join(at_home)))
        };
        base.map(|base| base.join("ccbatch"))
    }
}
