//! The machine's limits, met before anything is begun rather than in the middle of it.

use std::io;

/// Pipes that are opened for a trial, of two file descriptors each. A rehearsal has 25 open at most
/// beside the standard streams, and parts of the runtime panic when they cannot have theirs.
const PIPES: usize = 13;

/// Memory that is asked for as a trial: ample for threads and for a file of some thousand rows. Rust
/// ends the program where there is none.
const MEMORY_BYTES: usize = 32 << 20;

/// The error of a thread that cannot be started, in words that say so.
pub(super) fn no_thread(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("no thread can be started: {error}"))
}

/// Whether the machine gives this process what every command needs.
///
/// # Errors
/// There is too little memory, or there are not enough file descriptors.
pub(super) fn check() -> io::Result<()> {
    Vec::<u8>::new().try_reserve_exact(MEMORY_BYTES)?;
    let pipes: io::Result<Vec<_>> = (0..PIPES).map(|_| io::pipe()).collect();
    pipes.map(drop)
}

/// Has the input checked by as many threads as there are processors, or by this one alone where no
/// other can be started: rayon panics if its threads are missing when they are first needed.
pub(super) fn choose_threads() {
    if rayon::ThreadPoolBuilder::new().build_global().is_ok() {
        return;
    }
    let builder = rayon::ThreadPoolBuilder::new().num_threads(1);
    if let Ok(alone) = builder.use_current_thread().build() {
        // For as long as the program runs.
        std::mem::forget(alone);
    }
}
