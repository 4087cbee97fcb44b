//! Measures what the records cost a payout: its claim and its outcome in the ledger, and its line in
//! the results file, written and written anew; all of it durable. Beside it one sync of one page, in
//! the same folder, says what the disk can do.
//!
//! ```text
//! cargo bench --bench records                         in the folder for temporary files
//! cargo bench --bench records -- --in FOLDER          on the disk of this folder
//! cargo bench --bench records -- --flat               the first and the last of 10,000 payouts
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    reason = "a measurement may stop at anything, prints its figures, and divides"
)]

use ccbatch::domain::{Amount, Currency, Payout};
use ccbatch::ledger::attempt::Repetition;
use ccbatch::ledger::row_keys::RowKeys;
use ccbatch::ledger::rules::{Circumstances, RejectedPolicy, Row};
use ccbatch::ledger::sqlite::Sqlite;
use ccbatch::ledger::{
    Attempt, BatchPath, BatchRecord, Begun, Ending, Ledger, Pace, PayoutKey, Realm, References,
    Wanted, Who,
};
use ccbatch::payout::pacer::{Clock, SystemClock};
use ccbatch::payout::results::Results;
use ccbatch::payout::results::disk::DiskFile;
use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many payouts are measured.
const PAYOUTS: u64 = 300;

/// Payouts that the ledger and the results file hold before.
const BEFORE: u64 = 200;

/// How many are paid to see whether the last take longer than the first, and how many of each are
/// compared.
const FLAT: (u64, usize) = (10_000, 1_000);

/// The median is to stay under this.
const TARGET: Duration = Duration::from_millis(15);

/// A page.
const PAGE_BYTES: usize = 4096;

fn main() {
    let folder = tempfile::TempDir::new_in(place()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    if std::env::args().any(|word| word == "--flat") {
        let times = runtime.block_on(record_times(folder.path(), FLAT.0));
        let (first, last) = (&times[..FLAT.1], &times[times.len() - FLAT.1..]);
        println!(
            "records of one payout, p50, the first and the last {} of {}",
            FLAT.1, FLAT.0
        );
        println!("{:>10.2?} {:>10.2?}", median(first), median(last));
        return;
    }
    let sync = median(&sync_times(folder.path()));
    let records = runtime.block_on(record_times(folder.path(), BEFORE + PAYOUTS));
    let records = &records[usize::try_from(BEFORE).unwrap()..];
    let payout = median(records);
    let after = median(&sync_times(folder.path()));
    let ratio = payout.as_secs_f64() / sync.min(after).as_secs_f64();
    println!("one sync of one page          {sync:>10.2?} before, {after:.2?} after");
    println!("records of one payout, p50    {payout:>10.2?}, {ratio:.1} syncs");
    println!("records of one payout, p95    {:>10.2?}", part(records, 95));
    let is_met = if payout < TARGET { "met" } else { "missed" };
    println!("target                        {TARGET:>10.2?}, {is_met}");
}

/// The folder that `--in` names.
fn place() -> PathBuf {
    let mut words = std::env::args().skip_while(|word| word != "--in");
    words.nth(1).map_or_else(std::env::temp_dir, PathBuf::from)
}

fn median(times: &[Duration]) -> Duration {
    part(times, 50)
}

/// The time under which so many of a hundred are.
fn part(times: &[Duration], percent: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[sorted.len() * percent / 100]
}

fn sync_times(folder: &Path) -> Vec<Duration> {
    let mut file = std::fs::File::create(folder.join("page")).unwrap();
    let mut sync = || {
        let start = Instant::now();
        file.write_all(&[1; PAGE_BYTES]).unwrap();
        file.sync_data().unwrap();
        start.elapsed()
    };
    (0..PAYOUTS).map(|_| sync()).collect()
}

fn payout(n: u64) -> Payout {
    let address = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
    Payout {
        line: n + 2,
        reference: format!("R{n}"),
        payee: "Müller, Söhne & Co".to_owned(),
        currency: Currency::from_code("BTC").unwrap(),
        to_address: address.to_owned(),
        account: address.to_owned(),
        amount: Amount::parse(&format!("0.{:04}", n + 1), 8).unwrap(),
        minor_units: u128::from(n + 1) * 10_000,
    }
}

async fn record_times(folder: &Path, count: u64) -> Vec<Duration> {
    let sqlite = Sqlite::open(&folder.join("ledger.db")).unwrap();
    let who = Who {
        host: "here".to_owned(),
        user: "me".to_owned(),
        pid: 1,
    };
    let mut ledger = Ledger::new(sqlite, who).await.unwrap();
    let mut results = Results::new(DiskFile::at(&folder.join("results.csv")).unwrap());
    let draft = results.draft(&[]).unwrap();
    results.publish(&draft, SystemClock.now()).unwrap();
    let path = BatchPath {
        host: "here".to_owned(),
        path: "results.csv".to_owned(),
    };
    let references = References::Shared;
    let record = ledger.add_batch(Realm::Sandbox, &path, references).await;
    let record = record.unwrap();
    let mut times = Vec::new();
    for n in 0..count {
        let payout = payout(n);
        let start = Instant::now();
        let attempt = claim(&mut ledger, &record, &payout).await;
        record_payout(&mut ledger, &mut results, attempt).await;
        times.push(start.elapsed());
    }
    times
}

fn pace() -> Pace {
    Pace {
        key_hash: "a key".to_owned(),
        step: Duration::ZERO,
    }
}

async fn claim(ledger: &mut Ledger<Sqlite>, record: &BatchRecord, payout: &Payout) -> Attempt {
    let key = PayoutKey::shared(&payout.reference);
    let rows = [payout.clone()];
    let keys = RowKeys::new(&rows, (&record.id, References::Shared), &[]);
    let wanted = Wanted {
        row: Row { payout, key: &key },
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
        pace: &pace(),
    };
    match ledger.begin(&wanted).await.unwrap() {
        Begun::Claimed(_, attempt) => *attempt,
        other => panic!("not claimed: {other:?}"),
    }
}

async fn record_payout(
    ledger: &mut Ledger<Sqlite>,
    results: &mut Results<DiskFile>,
    mut attempt: Attempt,
) {
    assert!(results.is_intact().unwrap());
    results.begin(&attempt).unwrap();
    let id = format!("INV-{}", attempt.id.as_str().to_uppercase());
    let before = attempt.ending.clone();
    attempt.ending = Ending::verdict(Some(&id), &before, SystemClock.now());
    results.finish(&attempt).unwrap();
    let finished = ledger.finish(&mut attempt, &pace(), Duration::ZERO).await;
    finished.unwrap();
}
