//! A race: several processes over one ledger, and what its two unique indexes are for.
//!
//! The whole race, 1,000 payouts and 1,000 kills, is run with `CCBATCH_PROOFS=all`; it takes some
//! minutes.

use crate::harness::{BITCOIN, HEADER, Random, Scene, Started, rows, unhurried};
use crate::operator::{is_thorough, wait_for_the_sandbox};
use crate::strace;
use ccbatch::domain::{Amount, Currency, Payout};
use ccbatch::ledger::attempt::Repetition;
use ccbatch::ledger::engine::{Access, LookUp, Value, ValueRef};
use ccbatch::ledger::row_keys::RowKeys;
use ccbatch::ledger::rules::{Circumstances, RejectedPolicy, Row};
use ccbatch::ledger::sqlite::Sqlite;
use ccbatch::ledger::{
    Attempt, BatchId, BatchPath, BatchRecord, Begun, CommitError, Ending, Engine, EngineError,
    Ledger, Pace, PayoutKey, Realm, References, Wanted, Who,
};
use ccbatch::payout::pacer::{Clock, SystemClock};
use ccbatch::sandbox::{Options, Script};
use chrono::{DateTime, Utc};
use rusqlite::Connection;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex};
use std::time::Duration;
use tempfile::TempDir;

/// How many processes there are.
const PROCESSES: usize = 8;

/// How many payouts are raced for at a time.
const PAYOUTS_A_ROUND: usize = 40;

/// More turns than this of one process mean that the batch never ends.
const MAX_TURNS: usize = 100;

/// A round of the race: copies of one file, a process for each.
struct Round<'a> {
    scene: &'a Scene,
    number: usize,
    kills: &'a AtomicUsize,
    /// How many of them left a payout in doubt.
    doubts: &'a AtomicUsize,
    wanted_kills: usize,
}

impl Round<'_> {
    fn amount(&self, n: usize) -> String {
        format!("0.{:03}{n:04}1", self.number)
    }

    fn rows(&self) -> String {
        let row = |n| {
            let amount = self.amount(n);
            format!("X{}-{n},BTC,{BITCOIN},{amount}\n", self.number)
        };
        let rows: String = (0..PAYOUTS_A_ROUND).map(row).collect();
        format!("{HEADER}\n{rows}")
    }

    fn file(&self, process: usize) -> String {
        format!("round {} copy {process}.csv", self.number)
    }

    /// One process: runs, is killed, settles what it has left in doubt, until all is paid.
    fn process(&self, process: usize) {
        let file = self.file(process);
        let seed = self.number * PROCESSES + process + 1;
        let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed as u64));
        let flags = ["--yes", "--interval", "0s", "--progress", "none"];
        let mut told = String::new();
        for turn in 0..MAX_TURNS {
            let args: Vec<&str> = ["run", &file].into_iter().chain(flags).collect();
            let run = self.scene.through_sandbox(&args);
            if self.kills.load(Ordering::SeqCst) < self.wanted_kills {
                let mut run = run.start();
                match turn % 2 {
                    0 => std::thread::sleep(Duration::from_millis(random.below(300) as u64)),
                    _ => self.await_line(&file, &mut run, random.below(8)),
                }
                if !run.has_ended() {
                    self.kills.fetch_add(1, Ordering::SeqCst);
                }
                run.kill();
            } else {
                let output = run.raw();
                told = String::from_utf8_lossy(&output.stderr).into_owned();
                // One that came too late for all of them is told that they are paid.
                if output.status.success() || told.contains("all of these were paid") {
                    return;
                }
            }
            told.push_str(&self.settle(&file));
        }
        panic!("no end after {MAX_TURNS} turns: {told}");
    }

    /// Waits until a line is added to a file's results, and so many milliseconds more.
    fn await_line(&self, file: &str, run: &mut Started, more: usize) {
        let results = self.scene.path(&file.replace(".csv", ".results.csv"));
        let length = || std::fs::metadata(&results).map_or(0, |it| it.len());
        let before = length();
        while length() <= before && !run.has_ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(more as u64));
    }

    /// Settles the doubts that this process has left, as the dashboard has them. Those of others are
    /// left to others: their processes may be alive, and their requests on the way.
    fn settle(&self, file: &str) -> String {
        let status = self.scene.program(["status", file, "--format", "json"]);
        let status = String::from_utf8(status.raw().stdout).unwrap();
        let results = file.replace(".csv", ".results.csv");
        let own = std::fs::read_to_string(self.scene.path(&results)).unwrap_or_default();
        let mut told = String::new();
        // Only now, so that whatever was sent by then has arrived.
        wait_for_the_sandbox(self.scene);
        for event in status.lines() {
            let event: serde_json::Value = serde_json::from_str(event).unwrap();
            let id = event["id"].as_str().unwrap_or_default();
            if event["state"] != "in_doubt" || id.is_empty() || !own.contains(id) {
                continue;
            }
            let created = self.scene.book().created;
            let paid = created.iter().find(|it| it.amount == event["amount"]);
            let verdict = match paid {
                Some(paid) => vec!["--invoice-id", &paid.invoice_id],
                None => vec!["--not-created"],
            };
            let resolve = self.scene.program(["resolve", "--yes", "--id", id]);
            let output = resolve.args(verdict).raw();
            if output.status.success() {
                self.doubts.fetch_add(1, Ordering::SeqCst);
            }
            told.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        told
    }

    /// What the ledger says about a payout.
    fn history(&self, amount: &str) -> String {
        let connection = Connection::open(self.scene.ledger()).unwrap();
        let sql = "SELECT started_at || ' ' || batch || ' ' || id || ' ' || status || ' ' \
                   || invoice_id || ' ' || error_key || ' ' || detail || ' ' || who \
                   FROM attempt WHERE amount = ?1 ORDER BY seq";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([amount], |row| row.get(0)).unwrap();
        let rows: Vec<String> = rows.map(Result::unwrap).collect();
        rows.join("\n")
    }

    fn race(&self) {
        for process in 0..PROCESSES {
            self.scene.write(&self.file(process), self.rows());
        }
        std::thread::scope(|scope| {
            for process in 0..PROCESSES {
                scope.spawn(move || self.process(process));
            }
        });
        let mut paid: BTreeMap<String, usize> = BTreeMap::new();
        for withdrawal in self.scene.book().created {
            *paid.entry(withdrawal.amount).or_default() += 1;
        }
        for n in 0..PAYOUTS_A_ROUND {
            let times = paid.get(&self.amount(n)).copied().unwrap_or_default();
            let amount = self.amount(n);
            assert_eq!(
                times,
                1,
                "times that {amount} was paid\n{}",
                self.history(&amount)
            );
        }
    }
}

#[test]
fn eight_processes_that_are_killed_at_random_pay_each_once() {
    let (least_rounds, kills_a_round) = if is_thorough() { (25, 40) } else { (1, 24) };
    let scene = Scene::paying("", "");
    let [kills, doubts] = [(); 2].map(|()| AtomicUsize::new(0));
    let mut number = 0;
    while number < least_rounds || kills.load(Ordering::SeqCst) < least_rounds * kills_a_round {
        let round = Round {
            scene: &scene,
            number,
            kills: &kills,
            doubts: &doubts,
            wanted_kills: (number + 1) * kills_a_round,
        };
        round.race();
        number += 1;
    }
    let (sent, created) = scene.sent_and_created();
    assert_eq!(created, number * PAYOUTS_A_ROUND);
    let (kills, doubts) = (kills.into_inner(), doubts.into_inner());
    if is_thorough() {
        // So many kills cannot all have missed.
        assert!(doubts > 0, "no kill has met a payout in flight");
        strace::say(&format!(
            "race: {created} payouts, {kills} kills, {doubts} doubts, {sent} requests, \
             0 doubles, 0 losses"
        ));
    }
}

#[test]
fn two_runs_over_copies_of_one_file_share_its_payouts_and_both_end_well() {
    // The first answer is held back until both have made their plans.
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let scene = Scene::new("").with_sandbox(Options {
        on_delivery: Some(Box::new(move |_| {
            let _ = released.lock().unwrap().recv();
        })),
        ..unhurried("")
    });
    let input = format!("{HEADER}\n{}", rows(PAYOUTS_A_ROUND));
    let both = ["one.csv", "two.csv"].map(|file| {
        scene.write(file, &input);
        let args = [
            "run",
            file,
            "--yes",
            "--interval",
            "0s",
            "--progress",
            "none",
        ];
        scene.through_sandbox(&args).stderr_has("All done").start()
    });
    for run in &both {
        run.await_stderr("to submit");
    }
    drop(release);
    for run in both {
        run.end();
    }
    assert_eq!(scene.sent_and_created(), (PAYOUTS_A_ROUND, PAYOUTS_A_ROUND));
}

/// An engine that, if it is blind, finds none of the attempts that the decision looks for.
struct Blindfold {
    inner: Sqlite,
    sight: Sight,
}

/// Whether an engine finds what it is asked for.
#[derive(Clone, Copy, PartialEq)]
enum Sight {
    Sees,
    Blind,
}

impl Engine for Blindfold {
    async fn begin(&mut self, access: Access) -> Result<(), EngineError> {
        self.inner.begin(access).await
    }
    async fn commit(&mut self) -> Result<(), CommitError> {
        self.inner.commit().await
    }
    async fn rollback(&mut self) {
        self.inner.rollback().await;
    }
    async fn is_empty(&mut self) -> Result<bool, EngineError> {
        self.inner.is_empty().await
    }
    async fn now(&mut self) -> Result<DateTime<Utc>, EngineError> {
        self.inner.now().await
    }
    async fn each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        self.inner.each(sql, values, take).await
    }
    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, EngineError> {
        self.inner.execute(sql, values).await
    }
    async fn look_up(
        &mut self,
        of: (&str, LookUp),
        realm: Option<&str>,
        wanted: &[String],
        take: &mut dyn FnMut(&[ValueRef<'_>]),
    ) -> Result<(), EngineError> {
        match self.sight {
            Sight::Blind => Ok(()),
            Sight::Sees => self.inner.look_up(of, realm, wanted, take).await,
        }
    }
    async fn lock(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        self.inner.lock(batch).await
    }
    async fn unlock(&mut self, batch: &BatchId) {
        self.inner.unlock(batch).await;
    }
    async fn is_locked_elsewhere(&mut self, batch: &BatchId) -> Result<bool, EngineError> {
        self.inner.is_locked_elsewhere(batch).await
    }
    async fn verify(&mut self) -> Result<(), EngineError> {
        self.inner.verify().await
    }
    fn place(&self) -> String {
        self.inner.place()
    }
}

fn ledger_at(path: &Path, sight: Sight) -> Ledger<Blindfold> {
    let inner = Sqlite::open(path).unwrap();
    let who = Who {
        host: "here".to_owned(),
        user: "me".to_owned(),
        pid: 1,
    };
    wait(Ledger::new(Blindfold { inner, sight }, who)).unwrap()
}

/// Runs what the ledger does, which waits for nothing but the disk.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.build().unwrap().block_on(future)
}

fn payout(n: u64) -> Payout {
    Payout {
        line: n + 2,
        reference: format!("R{n}"),
        payee: String::new(),
        currency: Currency::from_code("BTC").unwrap(),
        to_address: BITCOIN.to_owned(),
        account: BITCOIN.to_owned(),
        amount: Amount::parse(&format!("0.{:03}", n + 1), 8).unwrap(),
        minor_units: u128::from(n + 1) * 100_000,
    }
}

fn batch_of(ledger: &mut Ledger<Blindfold>, name: &str) -> BatchRecord {
    let path = BatchPath {
        host: "here".to_owned(),
        path: name.to_owned(),
    };
    wait(ledger.add_batch(Realm::Sandbox, &path, References::Shared)).unwrap()
}

fn unhurried_pace() -> Pace {
    Pace {
        key_hash: "a key".to_owned(),
        step: Duration::ZERO,
    }
}

/// Begins one payout; the attempt, if it may be sent.
fn begin(ledger: &mut Ledger<Blindfold>, record: &BatchRecord, n: u64) -> Option<Attempt> {
    let payout = payout(n);
    let key = PayoutKey::shared(&payout.reference);
    let rows = [payout.clone()];
    let keys = RowKeys::new(&rows, (&record.id, References::Shared), &[]);
    let wanted = Wanted {
        row: Row {
            payout: &payout,
            key: &key,
        },
        around: Circumstances {
            batch: &record.id,
            references: References::Shared,
            keys: &keys,
            at_work: &HashSet::new(),
            rejected: RejectedPolicy::Leave,
            repetition: Repetition::Refused,
            now: SystemClock.now(),
        },
        realm: Realm::Sandbox,
        host: "sandbox",
        pace: &unhurried_pace(),
    };
    match wait(ledger.begin(&wanted)) {
        Ok(Begun::Claimed(_, attempt)) => Some(*attempt),
        Ok(Begun::Settled(_) | Begun::TooSoon { .. }) | Err(_) => None,
    }
}

/// Eight threads, each with a ledger of its own over one file, begin every payout at the same time.
/// Gives how many payouts may be sent more than once.
fn second_payments(sight: Sight, index: Option<&str>) -> usize {
    const PAYOUTS: u64 = 12;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.db");
    let mut first = ledger_at(&path, sight);
    if let Some(index) = index {
        let sql = format!("DROP INDEX {index}");
        wait(first.engine().execute(&sql, &[])).unwrap();
    }
    let claimed = Mutex::new(BTreeMap::<u64, usize>::new());
    let start = Barrier::new(PROCESSES);
    std::thread::scope(|scope| {
        for process in 0..PROCESSES {
            let (path, start, claimed) = (&path, &start, &claimed);
            scope.spawn(move || {
                let mut ledger = ledger_at(path, sight);
                let record = batch_of(&mut ledger, &format!("copy {process}"));
                start.wait();
                for n in 0..PAYOUTS {
                    if begin(&mut ledger, &record, n).is_some() {
                        *claimed.lock().unwrap().entry(n).or_default() += 1;
                    }
                }
            });
        }
    });
    let claimed = claimed.into_inner().unwrap();
    assert_eq!(
        claimed.len(),
        usize::try_from(PAYOUTS).unwrap(),
        "nobody lost"
    );
    claimed.values().filter(|times| **times > 1).count()
}

#[test]
fn decision_and_index_each_keep_a_payout_from_being_begun_twice() {
    assert_eq!(second_payments(Sight::Sees, None), 0, "both");
    assert_eq!(second_payments(Sight::Blind, None), 0, "the index alone");
    let index = Some("one_live_attempt");
    assert_eq!(second_payments(Sight::Sees, index), 0, "the decision alone");
}

#[test]
fn without_decision_and_index_the_race_sees_second_payments() {
    let seen = second_payments(Sight::Blind, Some("one_live_attempt"));
    assert!(seen > 0, "the race would not notice");
}

/// Records two payouts as created under one invoice id; gives how many are.
fn payouts_under_one_invoice_id(is_index_dropped: bool) -> usize {
    let folder = TempDir::new().unwrap();
    let mut ledger = ledger_at(&folder.path().join("ledger.db"), Sight::Sees);
    if is_index_dropped {
        let sql = "DROP INDEX one_invoice_id";
        wait(ledger.engine().execute(sql, &[])).unwrap();
    }
    let record = batch_of(&mut ledger, "one");
    let finished = (0..2).filter(|n| {
        let mut attempt = begin(&mut ledger, &record, *n).unwrap();
        let before = attempt.ending.clone();
        attempt.ending = Ending::verdict(Some("INV-ONE"), &before, SystemClock.now());
        wait(ledger.finish(&mut attempt, &unhurried_pace(), Duration::ZERO)).is_ok()
    });
    finished.count()
}

#[test]
fn the_second_index_keeps_one_invoice_id_to_one_payout() {
    assert_eq!(payouts_under_one_invoice_id(false), 1);
    assert_eq!(payouts_under_one_invoice_id(true), 2, "without the index");
}

#[test]
fn an_invoice_id_that_the_api_gives_twice_leaves_the_second_payout_in_doubt() {
    let body = r#"{"status":"success","data":{"invoice_id":"INV-TWICE"}}"#;
    let answer = || Script::answer(200, &[], body.to_owned()).unwrap();
    let scene = Scene::new(&rows(2)).with_sandbox(Options {
        script: answer().then(answer()),
        ..unhurried("")
    });
    let run = scene.pay().status(6);
    run.stderr_has("1 created, 1 in doubt").go();
    assert_eq!(scene.statuses(), ["created", "unknown"]);
    assert!(scene.results()[1].detail.starts_with("INV-TWICE"));
}
