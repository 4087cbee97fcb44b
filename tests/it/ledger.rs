//! A ledgered batch is four payouts and the sandbox they go to, whose ledger is the dashboard
//! in which an operator looks a payout up.

use ccbatch::sandbox::{Options, Sandbox};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;
use tempfile::TempDir;

/// Four payouts to four recipients, by which the ledger tells them apart.
const INPUT: &str = "\
reference,currency_code,to_address,amount
R1,BTC,bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq,0.00023
R2,ETH,0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045,1.234567890123456789
\"R,3\",TRX,TJRabPrwbZy45sbavfcjinPJC18kjpRTv8,12
R4,BTC,1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,0.0000001
";

/// A run, a look into the dashboard and a verdict settle one payout; more rounds than this mean
/// that the batch never ends.
const MAX_ROUNDS: usize = 12;

/// Four payouts and their sandbox.
pub struct Ledgered {
    dir: TempDir,
    sandbox: Sandbox,
}

impl Ledgered {
    /// A fresh batch; the sandbox follows a script of faults.
    pub fn new(script: &str) -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("payouts.csv"), INPUT).unwrap();
        let options = Options {
            interval: Duration::ZERO,
            script: script.parse().unwrap(),
            ..Options::default()
        };
        Self {
            dir,
            sandbox: Sandbox::start(options).unwrap(),
        }
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn results(&self) -> PathBuf {
        self.dir.path().join("payouts.results.csv")
    }

    pub fn results_text(&self) -> String {
        std::fs::read_to_string(self.results()).unwrap_or_default()
    }

    /// How many requests have arrived.
    pub fn deliveries(&self) -> usize {
        self.settle();
        self.sandbox.ledger().deliveries.len()
    }

    /// The invoice ids created for each recipient.
    pub fn created(&self) -> BTreeMap<String, Vec<String>> {
        self.settle();
        let mut created: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for withdrawal in self.sandbox.ledger().created {
            created
                .entry(withdrawal.to_address)
                .or_default()
                .push(withdrawal.invoice_id);
        }
        created
    }

    /// Waits until the sandbox has dealt with what a killed client has left in its sockets: it
    /// serves connections in turn, so a later one is answered after them.
    fn settle(&self) {
        let address = self.sandbox.url().replace("http://", "");
        for _ in 0..3 {
            let mut stream = TcpStream::connect(&address).unwrap();
            write!(stream, "GET /ledger HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        }
    }

    /// Gives a command the batch's folder and nothing of this process's environment.
    pub fn in_its_world<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("CCBATCH_API_KEY", "test-key")
            .env("CCBATCH_API_URL", self.sandbox.url())
            .stdin(std::process::Stdio::null())
    }

    /// Runs the program.
    pub fn ccbatch(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ccbatch"));
        self.in_its_world(&mut command).args(args).output().unwrap()
    }

    /// Goes on until all is done, as an operator would: runs, and settles what is in doubt by
    /// what the dashboard shows.
    pub fn go_on_until_done(&self) {
        let mut seen = String::new();
        for _ in 0..MAX_ROUNDS {
            let output = self.ccbatch(RUN);
            seen.push_str(&String::from_utf8_lossy(&output.stderr));
            match output.status.code() {
                Some(0) => return,
                Some(6) => self.settle_doubts(),
                Some(5) => {}
                other => panic!("exit {other:?}\n{seen}\n{}", self.results_text()),
            }
        }
        panic!(
            "no end after {MAX_ROUNDS} rounds\n{seen}\n{}",
            self.results_text()
        );
    }

    fn settle_doubts(&self) {
        let status = self.ccbatch(&["status", "payouts.csv", "--format", "json"]);
        for event in String::from_utf8(status.stdout).unwrap().lines() {
            let event: serde_json::Value = serde_json::from_str(event).unwrap();
            if event["standing"] != "in_doubt" {
                continue;
            }
            let line = event["line"].to_string();
            let mut args = vec!["resolve", "payouts.csv", "--yes", "--line", &line];
            let created = self.created();
            match created.get(event["to_address"].as_str().unwrap()) {
                Some(ids) => args.extend(["--invoice-id", &ids[0]]),
                None => args.push("--not-created"),
            }
            let output = self.ccbatch(&args);
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }

    /// No row was created twice, none is missing, and the results equal the ledger.
    #[track_caller]
    pub fn assert_each_is_paid_once(&self) {
        let created = self.created();
        let results = self.results_text();
        assert_eq!(
            created.len(),
            4,
            "a payment is missing: {created:?}\n{results}"
        );
        for ids in created.values() {
            assert_eq!(
                ids.len(),
                1,
                "somebody was paid twice: {created:?}\n{results}"
            );
        }
        let mut reader = csv::Reader::from_reader(results.as_bytes());
        let recorded: BTreeMap<String, Vec<String>> = reader
            .records()
            .map(|record| record.unwrap())
            .filter(|record| &record[8] == "created")
            .map(|record| (record[3].to_owned(), vec![record[9].to_owned()]))
            .collect();
        assert_eq!(
            recorded, created,
            "the results do not equal the ledger\n{results}"
        );
    }
}

/// The run of the batch, at no interval.
pub const RUN: &[&str] = &[
    "run",
    "payouts.csv",
    "--yes",
    "--interval",
    "0s",
    "--progress",
    "none",
];
