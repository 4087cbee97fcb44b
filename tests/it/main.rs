//! The program from outside: the real binary pays through a sandbox in the test's own process,
//! and the sandbox's book says what really happened.
//!
//! Every test has its own folder, port and processes, so they pass in any order and all at once.
//! None waits for less than it must, and none says how fast the machine has to be.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::explicit_write,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that panics has failed, which is what it is for"
)]

/// A PostgreSQL server of a test's own.
mod cluster;

/// A folder with a batch, a sandbox, and runs of the program there.
mod harness;

/// What becomes of each payout, by what the API does: every row of the table of outcomes.
mod submit;

/// Answers byte for byte that no library would send.
mod wire;

/// An outage in mid-run, and how long it is waited for.
mod patience;

/// The results file: its bytes, who may read it, and what it may not be.
mod results;

/// Going on with a batch: after a kill, a doubt, an edit, a torn or a tampered results file.
mod resume;

/// What people do to files, and what becomes of their payouts.
mod mistakes;

/// Offices at random: lives of a batch among people, each from a seed.
mod office;

/// An operator who follows every hint to the letter.
mod hints;

/// The time between two requests, by the sandbox's clock.
mod pace;

/// The command line: exit status, streams, flags, files that cannot be read, locks.
mod cli;

/// The config file.
mod config;

/// Where the API key comes from, and that it goes nowhere but to the API.
mod key;

/// The machine's limits: files, memory, threads, the size of a file.
mod limits;

/// Signals in every phase of a run.
mod signals;

/// The questions, the hidden key and the bar, on a pseudo-terminal.
mod terminal;

/// The operator of the proofs: goes on with a batch until all is done, with the sandbox's book
/// as the dashboard.
mod operator;

/// The program under strace, which kills it or makes a system call fail.
mod strace;

/// A kill -9 at every system call.
mod crash;

/// The order of records and requests, as the system saw it.
mod order;

/// Several processes over one ledger, and what its two unique indexes are for.
mod race;

/// A process that is stopped for too long.
mod stopped;

/// What the ledger's files may be, and who may use them.
mod ledger;

/// A disk that fails, is full, or is tampered with.
mod disk;

/// A real rate limiter, nginx.
mod rate_limit;

/// The key, which no output and no file may hold, and text from outside that would do harm.
mod secrets;

/// What is checked before anything is sent, and how it is told.
mod validate;

/// The files that people have: headers, encodings, marks, memos, duplicates, and hints about money.
mod intake;

/// What a spreadsheet makes of a batch: the files in `tests/dialects/`, made by LibreOffice.
mod dialects;

/// A dry run: the plan, without a key, a request or a file.
mod dry_run;

/// The files in `samples/`, and every command of README.md.
mod samples;

/// Clients in other languages against the sandbox.
mod clients;

/// The history of all payouts, and the ledger as a whole.
mod history;

/// Known payees: changed addresses, and recipients who are new.
mod payees;

/// The end of a run, and the command that is told of it.
mod on_end;

/// The page for people, in a browser too.
mod report;

/// A ledger that several machines share, on PostgreSQL; and both engines side by side.
mod postgres;

/// The way of a team to its first shared batch.
mod team;

/// Whether the house is in order, and README.md tells the truth about the program.
mod tidy;
