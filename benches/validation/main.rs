//! Measures validation as a whole, in a process of its own, and beside it the parts it is made of.
//!
//! ```text
//! cargo bench                                         measure
//! cargo bench -- --rows 100000                        measure with a smaller file
//! cargo bench -- --rows 1000 --write payouts.csv      only write the generated file
//! ```
//!
//! With `--kind 'every cell wrong'` it is another kind of file that is written, by its name in the
//! figures. RAYON_NUM_THREADS=1 measures with one thread.
//!
//! Each figure is the best of several runs: what else the machine does only ever adds time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    reason = "a measurement may stop at anything, prints its figures, and divides"
)]

mod generate;

use ccbatch::address;
use ccbatch::domain::{Amount, Finding, Network};
use ccbatch::intake::{self, Options};
use generate::{Kind, Numbers, write_file};
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each thing is measured.
const RUNS: usize = 7;

/// How often addresses are measured; so few of them at a time that a run is over before the
/// system gives the processor to another program.
const ADDRESS_RUNS: usize = 100;

/// How often the memory of the program is looked at.
const SAMPLED_EVERY: Duration = Duration::from_millis(1);

/// Addresses of each family.
const ADDRESSES: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)
    };
    if let Some(path) = value("--validate") {
        return validate(Path::new(path));
    }
    let rows = value("--rows").map_or(1_000_000, |rows| rows.parse().unwrap());
    if let Some(path) = value("--write") {
        let name = value("--kind").map_or("clean", String::as_str);
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        return write(Path::new(path), rows, kind.expect("a kind of file"));
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    println!("{rows} rows of each kind, best of {RUNS}\n");
    for kind in Kind::ALL {
        let path = folder.join(format!("{}-{rows}.csv", kind.name().replace(' ', "-")));
        write(&path, rows, kind);
        whole(kind.name(), &path, rows);
    }
    let short = folder.join("ten-rows.csv");
    write(&short, 10, Kind::Clean);
    whole("ten rows", &short, 10);
    println!();
    parts(&folder.join(format!("clean-{rows}.csv")), rows);
    println!();
    addresses();
}

fn write(path: &Path, rows: u64, kind: Kind) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    write_file(rows, kind, &mut file).unwrap();
    file.flush().unwrap();
}

/// Runs in a process of its own, so that the time and the memory are the whole process's.
fn validate(path: &Path) {
    let intake = intake::read(std::fs::read(path).unwrap(), &Options::default());
    let mut bytes = 0;
    // About as much work as writing it somewhere.
    let add = |length: &mut usize, finding: Finding| {
        *length += finding.message.len() + finding.hint.len() + finding.row.len();
    };
    let counts = intake.tell(u64::MAX, &add, &mut |length| {
        bytes += std::mem::take(length)
    });
    black_box(bytes);
    println!("{}\n{counts}", peak_kilobytes("self"));
}

/// The most memory that a process has had so far.
fn peak_kilobytes(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The program itself, with findings as text and as events, and beside it the intake alone in a
/// process of its own; each with its memory.
fn whole(name: &str, path: &Path, rows: u64) {
    for format in ["human", "json"] {
        let start = || {
            let mut program = Command::new(env!("CARGO_BIN_EXE_ccbatch"));
            program.arg("validate").arg(path).args(["--format", format]);
            // With no ledger, whoever measures.
            let ledger = path.with_file_name("no-ledger.db");
            program.env_clear().env("CCBATCH_LEDGER", ledger);
            let sink = || Stdio::from(File::create("/dev/null").unwrap());
            program.stdout(sink()).stderr(sink()).spawn().unwrap()
        };
        let time = best(RUNS, || _ = start().wait().unwrap());
        figures(&format!("ccbatch validate ({format}), {name}"), time, rows);
        let (mut program, mut kilobytes) = (start(), 0);
        while program.try_wait().unwrap().is_none() {
            kilobytes = peak_kilobytes(&program.id().to_string()).max(kilobytes);
            std::thread::sleep(SAMPLED_EVERY);
        }
        memory(path, rows, kilobytes, "");
    }
    let mut told = String::new();
    let time = best(RUNS, || {
        let output = Command::new(std::env::current_exe().unwrap())
            .arg("--validate")
            .arg(path)
            .output()
            .unwrap();
        told = String::from_utf8(output.stdout).unwrap();
    });
    let (kilobytes, counts) = told.trim().split_once('\n').unwrap();
    figures(&format!("the intake of it, {name}"), time, rows);
    memory(path, rows, kilobytes.parse().unwrap(), counts);
}

/// The peak, and what of it is not the file.
fn memory(path: &Path, rows: u64, kilobytes: u64, counts: &str) {
    let bytes = kilobytes as f64 * 1024.0;
    let file = std::fs::metadata(path).unwrap().len() as f64;
    println!(
        "{:44} {:8.1} MB peak, the file and {:.0} bytes a row   {counts}",
        "",
        bytes / 1e6,
        (bytes - file) / rows as f64
    );
}

fn parts(path: &Path, rows: u64) {
    let time = best(RUNS, || {
        let mut file = File::open(path).unwrap();
        let mut buffer = vec![0; 1 << 20];
        let mut lines = 0;
        loop {
            let length = file.read(&mut buffer).unwrap();
            if length == 0 {
                break;
            }
            lines += memchr::memchr_iter(b'\n', &buffer[..length]).count();
        }
        black_box(lines);
    });
    figures("reading the bytes and finding the lines", time, rows);
    let time = best(RUNS, || {
        let mut reader = csv::Reader::from_path(path).unwrap();
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).unwrap() {
            black_box(&record);
        }
    });
    figures("the csv crate alone, one thread", time, rows);
    let texts = ["12.5", "0.00023", "99.99", "7"];
    let time = best(ADDRESS_RUNS, || {
        for text in texts.iter().cycle().take(ADDRESSES) {
            black_box(Amount::parse(black_box(text), 8).unwrap());
        }
    });
    figures("amounts alone, one thread", time, ADDRESSES as u64);
}

fn addresses() {
    for network in Network::ALL {
        let mut numbers = Numbers::new(2);
        let texts: Vec<_> = (0..ADDRESSES)
            .map(|_| generate::address(network, &mut numbers))
            .collect();
        let time = best(ADDRESS_RUNS, || {
            for text in &texts {
                black_box(address::check(network, black_box(text)).unwrap());
            }
        });
        let name = format!("{network} addresses alone, one thread");
        figures(&name, time, ADDRESSES as u64);
        if network != Network::Evm {
            continue;
        }
        let recipients: Vec<_> = texts.iter().map(|text| (network, text.as_str())).collect();
        let mut found = Vec::new();
        let time = best(ADDRESS_RUNS, || {
            address::check_all(black_box(&recipients), &mut found);
            assert!(found.iter().all(Option::is_some));
        });
        figures("the same, together", time, ADDRESSES as u64);
    }
}

fn best(runs: usize, mut run: impl FnMut()) -> Duration {
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    times.min().unwrap()
}

fn figures(name: &str, time: Duration, rows: u64) {
    let seconds = time.as_secs_f64();
    let nanoseconds = seconds * 1e9 / rows as f64;
    let millions = rows as f64 / seconds / 1e6;
    println!(
        "{name:44} {:8.1} ms {nanoseconds:8.1} ns/row {millions:8.2} M rows/s",
        seconds * 1e3
    );
}
