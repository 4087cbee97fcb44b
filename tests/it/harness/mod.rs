//! A scene is a folder with a batch in it and a sandbox to pay it through. A [`Run`] is one call
//! of the real program there, and fails the test when it says or does what was not expected.

mod events;
mod golden;
mod random;
mod run;
mod scene;
mod splitmix;
mod terminal;

pub(crate) use events::{complaint, schema};
pub(crate) use golden::{assert_golden, masked};
pub(crate) use random::{Random, live_each};
pub(crate) use run::{Output, Run, Started, send_signal};
pub(crate) use scene::{Line, Scene, answering, certified, certified_until, unhurried};
pub(crate) use terminal::Terminal;

use std::time::{Duration, Instant};

/// The input of every scene, in its folder, which is where the program runs.
pub(crate) const INPUT: &str = "payouts.csv";

/// Where the program keeps the record of [`INPUT`].
pub(crate) const RESULTS: &str = "payouts.results.csv";

/// The one certificate that a run may trust, for `SSL_CERT_FILE`.
pub(crate) const CERTIFICATE: &str = "certificate.pem";

/// The key that every run is given. No output and no file may ever hold it.
pub(crate) const KEY: &str = "canary-key-5d1f";

/// A recipient of BTC.
pub(crate) const BITCOIN: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

/// A recipient of ETH.
pub(crate) const ETHEREUM: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// The header of every scene's input.
pub(crate) const HEADER: &str = "reference,currency_code,to_address,amount";

/// A machine that needs longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// Rows R1, R2 and so on, to one recipient, each with an amount of its own.
pub(crate) fn rows(count: usize) -> String {
    let row = |n| format!("R{n},BTC,{BITCOIN},0.{n:03}\n");
    (1..=count).map(row).collect()
}

/// Waits for something that will be so in a while.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(GLANCE);
    }
}
