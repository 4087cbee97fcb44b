//! Pays a spreadsheet of people in crypto through CryptoCloud's withdrawal API, never twice.
//!
//! CryptoCloud takes one withdrawal request at a time, at least 12 seconds apart, has no
//! idempotency key, and documents no way to look a withdrawal up again. So this program keeps the
//! record itself, and it keeps these promises, in this order:
//!
//! 1. It never pays twice: a request whose outcome is not known is never sent again by itself.
//! 2. It never loses a payment: what may have been paid is on disk before the request leaves.
//! 3. It sends nothing unless every row is valid.
//! 4. It says what happened, in words that an accountant can act on.
//! 5. It is as fast as the API's pace allows, and instant in everything else.
//!
//! # From above
//!
//! Data flows one way, and each stage takes a value and returns a value:
//!
//! ```text
//! CSV bytes --intake--> Batch --plan--> Plan --submit--> ledger, results file
//!                               ^
//!      results file --adopt--> ledger
//! ```
//!
//! [`intake::read`] checks every row and makes a [`domain::Batch`], or tells every finding.
//! [`payout::open::open`] locks the batch, and takes over from its results file what the ledger
//! does not know. [`ledger::rules::judge`] says what each row is by what the ledger knows, and
//! [`payout::plan::Plan`] is that for all of them. [`payout::submit::submit`] is the only loop in
//! which money moves: wait for the pace, claim in the ledger, write the results line, send, finish
//! both. [`payout::run::run`] is the whole sequence, which the program and the simulation call.
//! [`app`] is a file for each command.
//!
//! # The map, in reading order
//!
//! | module | what it is |
//! | --- | --- |
//! | [`characters`] | which characters cannot be seen |
//! | [`os`] | what differs between operating systems: files, locks, mounts, signals |
//! | [`secret`] | the API key, which cannot be printed |
//! | [`api`] | the JSON bodies of the API: all that client and sandbox share |
//! | [`clock`] | this machine's time of day, which may be wrong |
//! | [`tls`] | why there is no TLS with a server |
//! | [`domain`] | what a payout is and what can become of it: values only |
//! | [`address`] | recipients, checked to the last checksum; a file for each network family |
//! | [`intake`] | a CSV file to a batch, or to every finding |
//! | [`ledger`] | the record of every payout that was ever begun; it decides what may be sent |
//! | [`payout`] | the results file, both ways; the plan, the pace, the loop, the run |
//! | [`cryptocloud`] | the strict client, and what an answer means |
//! | [`sandbox`] | the API on a loopback port, where no money moves |
//! | [`terminal`] | values to text and events; the streams, the bar, the questions |
//! | [`report`] | where a batch stands, as one HTML page |
//! | [`cli`], [`config`] | the flags, and what they mean together with the environment |
//! | [`error`], [`exit`] | why the program cannot go on, and the exit status |
//! | [`app`] | the commands |
//!
//! # What you will not find
//!
//! - Imports go one way, and a test checks it (`tests/it/tidy.rs`); right may use left:
//!
//!   ```text
//!   characters < os, secret, api, clock, tls < domain < exit < address < intake, ledger < payout < terminal, report < app < main
//!   ```
//!
//!   Beside them, [`cryptocloud`] uses `api`, `secret`, `clock`, `tls`, `domain`, the reading of a
//!   [`ledger::Claim`] and the trait [`payout::gateway::Gateway`], and nothing uses it but [`error`], [`config`] and [`app`]. The
//!   [`sandbox`] uses `api` alone: it does not know `domain`, so that client and sandbox can
//!   disagree and a test can see it. [`error`] has the errors of the stages as kinds and gives them an exit status, so it knows
//!   them, and no stage knows it. [`cli`] names values of `domain` and `intake` that flags are read to, and
//!   only [`config`], [`app`] and `main` use it.
//! - Nothing after [`intake`] sees a row, and nothing before it sees a [`domain::Payout`].
//! - [`domain`], [`address`], the checks of [`intake`], [`ledger::rules`], [`ledger::adopt`],
//!   [`payout::plan`], [`cryptocloud::classify`], [`terminal::report`] and [`report`] do no input or output.
//! - There is no request without a [`ledger::Claim`], and only [`ledger::Ledger::begin`] makes one:
//!   [`payout::gateway::Gateway::submit`] takes it. What is below that trait takes a claim's reading
//!   alone ([`cryptocloud::client::Client::exchange`]), so that the client can be tried by itself.
//! - There is no second way to decide what may be sent: the plan and `begin` ask the same rules.
//! - There is no `if dry_run` in the loop: a dry run ends before it.
//! - There is no error beside an [`domain::Outcome`]: whatever is not known is `unknown`.
//! - There is no retry in the client, and no float near an amount.
//! - Nothing but [`config`] reads flags or the environment, and nothing but [`terminal::ui`] writes
//!   to the screen.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::arithmetic_side_effects
    )
)]

pub mod characters;

pub mod api;
pub mod clock;
pub mod os;
pub mod secret;

pub mod domain;

pub mod address;

pub mod intake;
pub mod ledger;
pub mod payout;

pub mod cryptocloud;

pub mod sandbox;

pub mod report;
pub mod terminal;
pub mod tls;

pub mod cli;
pub mod config;

pub mod error;
pub mod exit;

pub mod app;
