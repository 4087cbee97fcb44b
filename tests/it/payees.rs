//! Known payees: a changed address, an address of somebody else, and recipients who are new.

use crate::cluster::with_both_engines;
use crate::harness::{BITCOIN, ETHEREUM, Run, Scene};

/// Another recipient of BTC.
const OTHER_BITCOIN: &str = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2";

/// Pays the rows of a file of its own through the sandbox.
fn pay(scene: &Scene, ledger: &str, name: &str, rows: &str) -> Run {
    let header = "payee,currency_code,to_address,amount,reference\n";
    scene.write(name, format!("{header}{rows}"));
    let run = scene.through_sandbox(&["run", name, "--yes", "--interval", "0s"]);
    run.env("CCBATCH_LEDGER", ledger)
}

/// Ada and Grace, paid once.
fn paid(ledger: &str) -> Scene {
    let scene = Scene::paying("", "");
    let rows = format!("Ada,BTC,{BITCOIN},0.1,A1\nGrace,ETH,{ETHEREUM},0.2,G1\n");
    pay(&scene, ledger, "first.csv", &rows)
        .stderr_has("2 recipients never paid before: Ada (line 2), Grace (line 3)\n")
        .go();
    scene
}

#[test]
fn a_changed_address_of_a_payee_is_told_and_an_error_where_warnings_are() {
    with_both_engines(|ledger| {
        let scene = paid(ledger);
        let today = scene.book().created.len();
        assert_eq!(today, 2);
        let rows = format!("Ada,BTC,{OTHER_BITCOIN},0.3,A2\n");
        let run = pay(&scene, ledger, "second.csv", &rows).args(["--strict"]);
        let run = run.status(3).stderr_has("second.csv:2: to_address:");
        run.stderr_has("1 error")
            .stderr_has("nothing was sent")
            .go();
        assert_eq!(scene.sent_and_created(), (2, 2));
        let changed = format!(
            "at 1[{}], line 2 pays 1[{}] (what differs is in brackets)",
            &BITCOIN[1..],
            &OTHER_BITCOIN[1..]
        );
        let run = pay(&scene, ledger, "second.csv", &rows);
        let run = run
            .stderr_has("this payee was last paid on ")
            .stderr_has(&changed);
        let run = run.stderr_has("1 warning, see above");
        run.stderr_has("1 recipient never paid before: Ada (line 2)")
            .go();
        // The new address is the known one now, and the old one is told.
        let rows = format!("Ada,BTC,{OTHER_BITCOIN},0.4,A3\n");
        let output = pay(&scene, ledger, "third.csv", &rows)
            .stderr_has("1 created")
            .go();
        assert!(!output.stderr.contains("last paid"), "{}", output.stderr);
        assert!(!output.stderr.contains("never paid"), "{}", output.stderr);
        let rows = format!("Ada,BTC,{BITCOIN},0.5,A4\n");
        let run = pay(&scene, ledger, "fourth.csv", &rows);
        run.stderr_has("this payee was last paid on ").go();
    });
}

#[test]
fn a_payee_is_known_by_network_and_by_account() {
    let folder = tempfile::TempDir::new().unwrap();
    let ledger = folder.path().join("ledger.db");
    let ledger = ledger.to_str().unwrap();
    let scene = paid(ledger);
    let lower = ETHEREUM.to_lowercase();
    // The same account in another case on a chain of the same network, and a network that is new
    // to a payee.
    let rows = format!("Grace,BNB,{lower},0.3,G2\nGrace,BTC,{OTHER_BITCOIN},0.3,G3\n");
    let output = pay(&scene, ledger, "second.csv", &rows)
        .stderr_has("2 created")
        .go();
    assert!(!output.stderr.contains("last paid"), "{}", output.stderr);
}

#[test]
fn an_address_that_was_another_payee_s_is_told() {
    with_both_engines(|ledger| {
        let scene = paid(ledger);
        let rows = format!("Grace,BTC,{BITCOIN},0.3,G2\nADA,BTC,{BITCOIN},0.4,A2\n");
        let run = pay(&scene, ledger, "second.csv", &rows);
        let run = run.stderr_has("second.csv:2: payee:");
        let output = run.stderr_has("last used for another payee: Ada on ").go();
        assert_eq!(output.stderr.matches("another payee:").count(), 1);
    });
}

#[test]
fn the_plan_lists_who_was_never_paid_and_a_dry_run_tells_the_same() {
    let folder = tempfile::TempDir::new().unwrap();
    let ledger = folder.path().join("ledger.db");
    let ledger = ledger.to_str().unwrap();
    let scene = paid(ledger);
    let rows = format!("Ada,BTC,{OTHER_BITCOIN},0.3,A2\nAda,BTC,{OTHER_BITCOIN},0.4,A3\n");
    let run = pay(&scene, ledger, "second.csv", &rows);
    let run = run.args(["--dry-run", "--format", "json"]);
    let output = run
        .stdout_has("\"key\":\"ledger\"")
        .stderr_has("Dry run")
        .go();
    let plan = output
        .stdout
        .lines()
        .find(|it| it.contains("\"type\":\"plan\""));
    let plan: serde_json::Value = serde_json::from_str(plan.unwrap()).unwrap();
    let new = serde_json::json!([{"line": 2, "payee": "Ada", "to_address": OTHER_BITCOIN}]);
    assert_eq!(plan["new_recipients"], new);
    // Two of the changed address, and one that the file pays it twice.
    assert_eq!(plan["warnings"], 3);
}
