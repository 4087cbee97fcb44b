//! What people do to the files of a batch, by mistake and on purpose: however it ends, the
//! sandbox's book holds nobody twice; and where the person plainly means "go on", the same command
//! finishes the batch.

use crate::harness::{BITCOIN, INPUT, KEY, Scene};
use std::collections::BTreeMap;

/// Copies, renames, folders, and what becomes of the results file.
mod files;

/// What spreadsheets save, of the input and of the results file.
pub(crate) mod spreadsheets;

/// Rows and references that are changed, lost or added after payment.
mod rows;

/// `--repeat`, `--references`, `--only`, `--retry-rejected`, and batches that are closed.
mod asked;

/// What `resolve` may and may not record.
mod verdicts;

/// Results files that were damaged.
mod damaged;

/// What is told though no rule refuses it.
mod told;

/// The ledger lost, or brought back from a backup, and two homes.
mod ledgers;

/// How many payouts a batch of these tests has.
pub(crate) const COUNT: usize = 4;

/// Whether the payouts have references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum References {
    With,
    Without,
}

impl References {
    /// An input with so many payouts, which differ in their amounts.
    pub(crate) fn input(self, count: usize) -> String {
        let mut text = self.header().to_owned();
        (1..=count).for_each(|n| text.push_str(&self.row(n)));
        text
    }

    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::With => "reference,currency_code,to_address,amount\n",
            Self::Without => "currency_code,to_address,amount\n",
        }
    }

    pub(crate) fn row(self, n: usize) -> String {
        match self {
            Self::With => format!("R{n},BTC,{BITCOIN},0.{n:03}\n"),
            Self::Without => format!("BTC,{BITCOIN},0.{n:03}\n"),
        }
    }
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) told: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn ends(&self, status: i32, part: &str) -> &Self {
        assert_eq!(self.status, Some(status), "{}", self.told);
        assert!(self.told.contains(part), "no {part:?} in\n{}", self.told);
        self
    }
}

/// Runs the program in a scene, and looks at the book afterwards.
#[track_caller]
pub(crate) fn run(scene: &Scene, arguments: &[&str]) -> Ran {
    let output = scene.through_sandbox(arguments).raw();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("panicked"), "{told}");
    assert!(!told.contains(KEY), "{told}");
    assert_nobody_is_paid_twice(scene, &told);
    Ran {
        status: output.status.code(),
        told,
    }
}

/// `ccbatch run FILE` without a question and without an interval, and with these flags.
#[track_caller]
pub(crate) fn pay(scene: &Scene, input: &str, flags: &[&str]) -> Ran {
    let start = ["run", input, "--yes", "--interval", "0s"];
    run(scene, &[&start[..], flags].concat())
}

/// A batch of [`COUNT`] payouts of which so many are paid.
#[track_caller]
pub(crate) fn begun(references: References, paid: usize) -> Scene {
    let scene = Scene::paying("", "");
    scene.write(INPUT, references.input(COUNT));
    if paid > 0 {
        let limit = paid.to_string();
        let status = if paid < COUNT { 5 } else { 0 };
        pay(&scene, INPUT, &["--limit", &limit]).ends(status, "created");
        assert_eq!(scene.book().created.len(), paid);
    }
    scene
}

/// How often each amount was created.
pub(crate) fn paid(scene: &Scene) -> BTreeMap<String, usize> {
    let mut paid = BTreeMap::new();
    for withdrawal in scene.book().created {
        *paid.entry(withdrawal.amount).or_default() += 1;
    }
    paid
}

/// The payouts of these tests differ in their amounts, so that an amount twice is a second payment.
#[track_caller]
pub(crate) fn assert_nobody_is_paid_twice(scene: &Scene, told: &str) {
    let paid = paid(scene);
    assert!(paid.values().all(|times| *times == 1), "{paid:?}\n{told}");
}

#[track_caller]
pub(crate) fn assert_paid(scene: &Scene, count: usize, told: &str) {
    assert_nobody_is_paid_twice(scene, told);
    assert_eq!(scene.book().created.len(), count, "{told}");
}

/// The ledger of a scene, as a database, to move its times back.
pub(crate) fn ledger(scene: &Scene) -> rusqlite::Connection {
    rusqlite::Connection::open(scene.ledger()).unwrap()
}

/// Makes all that the ledger knows so many days older.
pub(crate) fn age(scene: &Scene, days: u32) {
    let ledger = ledger(scene);
    for (table, column) in [
        ("attempt", "started_at"),
        ("attempt", "finished_at"),
        ("batch", "begun_at"),
        ("batch", "finished_at"),
    ] {
        let sql = format!(
            "UPDATE {table} SET {column} = strftime('%Y-%m-%dT%H:%M:%fZ', {column}, '-{days} days') \
             WHERE {column} <> ''"
        );
        ledger.execute(&sql, []).unwrap();
    }
    // The results file is written anew from the ledger.
    let _ = std::fs::remove_file(scene.path(crate::harness::RESULTS));
}
