//! This machine and who works on it.

/// The machine's name, as uname(2) gives it.
#[must_use]
pub fn name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// The number of the user who runs the program.
#[must_use]
pub fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}
