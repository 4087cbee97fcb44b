//! An operator goes on with a batch until all is done: runs it, and settles what is in doubt by
//! what the dashboard shows, which is the sandbox's book.

use crate::harness::{INPUT, RESULTS, Scene};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

/// Three payouts to three recipients, by which the book tells them apart.
const ROWS: &str = "\
R1,BTC,bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq,0.00023
R2,ETH,0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045,1.5
\"R,3\",TRX,TJRabPrwbZy45sbavfcjinPJC18kjpRTv8,12
";

/// How many [`ROWS`] there are.
pub(crate) const PAYOUTS: usize = 3;

/// The recipient on line 3 of the input.
pub(crate) const SECOND_RECIPIENT: &str = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045";

/// A run, a look into the dashboard and a verdict settle one payout; more rounds than this mean
/// that the batch never ends.
const MAX_ROUNDS: usize = 12;

/// Whether every proof is made, and not only a share of them: with `CCBATCH_PROOFS=all`.
pub(crate) fn is_thorough() -> bool {
    std::env::var_os("CCBATCH_PROOFS").is_some_and(|value| value == "all")
}

/// The run of the batch, with no interval.
pub(crate) const RUN: &[&str] = &[
    "run",
    INPUT,
    "--yes",
    "--interval",
    "0s",
    "--progress",
    "none",
];

/// Three payouts and their sandbox.
pub(crate) fn three_payouts(script: &str) -> Scene {
    Scene::paying(script, ROWS)
}

/// What the results file holds; nothing if there is none.
pub(crate) fn results_text(scene: &Scene) -> String {
    std::fs::read_to_string(scene.path(RESULTS)).unwrap_or_default()
}

/// The invoice ids that the sandbox has created for each recipient.
pub(crate) fn created(scene: &Scene) -> BTreeMap<String, Vec<String>> {
    wait_for_the_sandbox(scene);
    let mut created: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for withdrawal in scene.book().created {
        created
            .entry(withdrawal.to_address)
            .or_default()
            .push(withdrawal.invoice_id);
    }
    created
}

/// Waits until the sandbox has dealt with what a killed client has left in its sockets: it serves
/// connections in turn, so a later one is answered after them.
pub(crate) fn wait_for_the_sandbox(scene: &Scene) {
    let address = scene.url().replace("http://", "");
    for _ in 0..3 {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET /ledger HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
}

/// Runs and settles until every payout is created.
#[track_caller]
pub(crate) fn go_on_until_done(scene: &Scene) {
    let mut seen = String::new();
    for _ in 0..MAX_ROUNDS {
        let output = scene.through_sandbox(RUN).raw();
        seen.push_str(&String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            Some(0) => return,
            Some(6) => settle_doubts(scene),
            Some(5) => {}
            other => panic!("exit {other:?}\n{seen}\n{}", results_text(scene)),
        }
    }
    panic!(
        "no end after {MAX_ROUNDS} rounds\n{seen}\n{}",
        results_text(scene)
    );
}

fn settle_doubts(scene: &Scene) {
    let status = scene.program(["status", INPUT, "--format", "json"]).raw();
    for event in String::from_utf8(status.stdout).unwrap().lines() {
        let event: serde_json::Value = serde_json::from_str(event).unwrap();
        if event["state"] == "in_doubt" {
            let verdict = verdict(scene, event["to_address"].as_str().unwrap());
            let line = event["line"].to_string();
            let output = scene
                .program(["resolve", INPUT, "--yes", "--line", &line])
                .args(verdict.iter().map(String::as_str))
                .raw();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{told}");
        }
    }
}

/// The flags that say what the dashboard shows for a recipient.
pub(crate) fn verdict(scene: &Scene, recipient: &str) -> Vec<String> {
    match created(scene).get(recipient) {
        Some(ids) => vec!["--invoice-id".to_owned(), ids[0].clone()],
        None => vec!["--not-created".to_owned()],
    }
}

/// No row was created twice, none is missing, and the results equal the book.
#[track_caller]
pub(crate) fn assert_each_is_paid_once(scene: &Scene) {
    let created = created(scene);
    let text = results_text(scene);
    assert_eq!(
        created.len(),
        PAYOUTS,
        "a payment is missing: {created:?}\n{text}"
    );
    for ids in created.values() {
        assert_eq!(ids.len(), 1, "somebody was paid twice: {created:?}\n{text}");
    }
    let lines = scene
        .results()
        .into_iter()
        .filter(|line| line.status == "created");
    let recorded: BTreeMap<String, Vec<String>> = lines
        .map(|line| (line.to_address, vec![line.invoice_id]))
        .collect();
    assert_eq!(
        recorded, created,
        "the results do not equal the book\n{text}"
    );
}
