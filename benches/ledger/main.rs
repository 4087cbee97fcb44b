//! Measures what a long history costs: opening a batch that was paid, asking where it stands, and
//! finding one payout, each in a process of its own.
//!
//! ```text
//! cargo bench --bench ledger                        measure
//! cargo bench --bench ledger -- --history 100000    beside a shorter history
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a measurement may stop at anything, and prints its figures"
)]

use ccbatch::address;
use ccbatch::domain::Currency;
use ccbatch::ledger::sqlite::Sqlite;
use ccbatch::ledger::table::encode_time;
use ccbatch::ledger::{AttemptId, Content, Ledger, PayoutKey, Realm, Who};
use chrono::{TimeDelta, Utc};
use rusqlite::{Connection, params};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How often each thing is measured; the best counts.
const RUNS: usize = 5;

/// The rows of the batch that is opened.
const BATCH: i64 = 100_000;

/// Adds an attempt.
const INSERT: &str = "INSERT INTO attempt VALUES (?1, ?2, ?3, 'live', 'api.cryptocloud.plus', ?4, \
    ?5, ?6, ?7, '', 'BTC', ?8, ?9, ?10, ?11, ?12, 1, ?13, 'created', ?14, '', '', '', 200, ?13, \
    NULL, NULL, 0, 0, 'ada@host (process 1)')";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let mut values = arguments.windows(2);
    let history = values.find(|pair| pair[0] == "--history");
    let history = history.map_or(1_000_000, |pair| pair[1].parse().unwrap());
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("ledger-{history}"));
    if !folder.join("done").exists() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fill(&folder, history);
        // Takes the results files over once, so that they are as a run leaves them.
        run(&folder, &["run", "paid.csv"]);
        run(&folder, &["run", "all.csv"]);
        fs::write(folder.join("done"), "").unwrap();
    }
    println!("a history of {history} attempts, the best of {RUNS} runs");
    for (what, arguments) in [
        (
            "open a batch of 100,000 paid rows",
            &["run", "paid.csv"][..],
        ),
        ("validate it", &["validate", "paid.csv"]),
        ("status of it", &["status", "paid.csv"]),
        (
            "status of the whole history",
            &["status", "all.csv", "--format", "csv"],
        ),
        ("the same, human", &["status", "all.csv"]),
        ("history by reference", &["history", "--reference", "H777"]),
        (
            "history by address",
            &["history", "--address", &recipient(777)],
        ),
        (
            "history by invoice id",
            &["history", "--invoice-id", "INV-H777"],
        ),
        ("the whole history", &["history", "--format", "csv"]),
        ("ledger", &["ledger"]),
    ] {
        let costs = (0..RUNS).map(|_| run(&folder, arguments));
        let best = costs.min_by_key(|cost| cost.wall).unwrap();
        println!(
            "{what:36} {:>8.1?}, processor {:>8.1?}, {:>5} MB",
            best.wall,
            best.processor,
            best.memory_kib / 1024
        );
    }
}

/// What one run of the program takes.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    processor: Duration,
    memory_kib: u64,
}

/// Runs the program under a small script that reads what the system has counted.
fn run(folder: &Path, arguments: &[&str]) -> Cost {
    let counts = folder.join("counts");
    let script = "import resource, subprocess, sys, time\n\
        start = time.time()\n\
        code = subprocess.call(sys.argv[2:])\n\
        taken = time.time() - start\n\
        used = resource.getrusage(resource.RUSAGE_CHILDREN)\n\
        processor = used.ru_utime + used.ru_stime\n\
        open(sys.argv[1], 'w').write(\n\
            f'{taken * 1e6:.0f} {processor * 1e6:.0f} {used.ru_maxrss}')\n\
        sys.exit(code)";
    let mut program = Command::new("python3");
    program.args(["-c", script]).arg(&counts);
    program.arg(env!("CARGO_BIN_EXE_ccbatch")).args(arguments);
    program.env("CCBATCH_LEDGER", folder.join("ledger.db"));
    program.env("CCBATCH_API_KEY", "key").current_dir(folder);
    program.stdout(Stdio::null()).stderr(Stdio::null());
    let status = program.status().unwrap();
    assert!(status.success(), "{arguments:?}: {status}");
    let counts = fs::read_to_string(counts).unwrap();
    let counts: Vec<u64> = counts.split(' ').map(|it| it.parse().unwrap()).collect();
    Cost {
        wall: Duration::from_micros(counts[0]),
        processor: Duration::from_micros(counts[1]),
        memory_kib: counts[2],
    }
}

/// An address of its own for each payout, about which there is nothing to warn.
fn recipient(n: i64) -> String {
    let mut program = [0x5a; 20];
    program[..8].copy_from_slice(&n.to_be_bytes());
    bech32::segwit::encode_v0(bech32::hrp::BC, &program).unwrap()
}

/// Makes a ledger with a batch of 100,000 payouts and one of all the others.
fn fill(folder: &Path, history: i64) {
    let path = folder.join("ledger.db");
    let who = Who {
        host: "host".to_owned(),
        user: "ada".to_owned(),
        pid: 1,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let ledger = runtime.block_on(Ledger::new(Sqlite::open(&path).unwrap(), who));
    drop(ledger.unwrap());
    let connection = Connection::open(&path).unwrap();
    let fast = "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; BEGIN";
    connection.execute_batch(fast).unwrap();
    let mut seq = 0;
    for (file, batch, letter, count) in [
        ("all", "aaaaaaaaaa", 'H', history),
        ("paid", "bbbbbbbbbb", 'P', BATCH),
    ] {
        let begun = Utc::now() - TimeDelta::days(3);
        connection
            .execute(
                "INSERT INTO batch VALUES (?1, 'live', 'shared', ?2, '')",
                params![batch, encode_time(begun)],
            )
            .unwrap();
        let results = fs::canonicalize(folder)
            .unwrap()
            .join(format!("{file}.results.csv"));
        connection
            .execute(
                "INSERT INTO batch_path VALUES ('live', ?1, ?2, ?3, ?4)",
                params![
                    ccbatch::os::host::name(),
                    results.display().to_string(),
                    batch,
                    encode_time(begun)
                ],
            )
            .unwrap();
        let mut input = "currency_code,to_address,amount,reference\n".to_owned();
        for n in 1..=count {
            seq += 1;
            insert(&connection, (batch, letter), n, seq);
            writeln!(input, "BTC,{},0.0005,{letter}{n}", recipient(n)).unwrap();
        }
        fs::write(folder.join(format!("{file}.csv")), input).unwrap();
    }
    let end = format!("UPDATE ledger SET writes = {seq}; COMMIT");
    connection.execute_batch(&end).unwrap();
}

fn insert(connection: &Connection, (batch, letter): (&str, char), n: i64, seq: i64) {
    let currency = Currency::from_code("BTC").unwrap();
    let to = recipient(n);
    let account = address::check(currency.network(), &to)
        .unwrap()
        .account()
        .to_string();
    let units: u128 = 50_000;
    let content = Content::new("BTC", &account, units);
    let reference = format!("{letter}{n}");
    let id = AttemptId::new(Realm::Live, &reference, &content).unwrap();
    let begun = Utc::now() - TimeDelta::days(2);
    let mut statement = connection.prepare_cached(INSERT).unwrap();
    statement
        .execute(params![
            id.as_str(),
            seq,
            batch,
            PayoutKey::shared(&reference).as_str(),
            n + 1,
            reference,
            reference.to_lowercase(),
            to,
            account,
            units.to_string(),
            content.as_str(),
            "0.0005",
            encode_time(begun),
            format!("INV-{reference}"),
        ])
        .unwrap();
}
