//! What differs between operating systems, a file each: a port to another system begins here.

pub mod fault;
pub mod file;
pub mod host;
pub mod lock;
pub mod mount;
pub mod signal;
pub mod terminal;
