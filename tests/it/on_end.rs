//! The end of a run: the sums, and the command that is told of it.

use crate::harness::{BITCOIN, ETHEREUM, KEY, Scene, rows};

#[test]
fn the_summary_has_sums_per_currency_and_how_long_it_took() {
    let rows = format!("{}R3,ETH,{ETHEREUM},0.5\nR4,BTC,{BITCOIN},0.7\n", rows(2));
    let scene = Scene::paying("ok,ok,reject:network,drop-after", &rows);
    let run = scene.pay().args(["--format", "json"]).status(6);
    let run = run.stderr_has("\n  created: 0.003 BTC\n  rejected: 0.5 ETH\n  in doubt: 0.7 BTC\n");
    let output = run
        .stderr_has("The run took ")
        .stdout_has("took_seconds")
        .go();
    let summary: serde_json::Value =
        serde_json::from_str(output.stdout.lines().last().unwrap()).unwrap();
    let created = serde_json::json!([{"currency_code": "BTC", "count": 2, "amount": "0.003"}]);
    assert_eq!(summary["sums"]["created"], created);
}

#[test]
fn the_command_for_the_end_gets_the_summary_once_and_not_the_key() {
    let scene = Scene::paying("", &rows(2));
    let command = "cat >> summary.json; env > environment; echo told; exit 7";
    let run = scene.pay().args(["--on-end", command]);
    let run = run
        .stderr_has("told")
        .stderr_has("--on-end: the command failed");
    run.stderr_has("All done: 2 created").go();
    let told = scene.read("summary.json");
    assert_eq!(told.lines().count(), 1, "{told}");
    let summary: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(summary["created"], 2);
    assert_eq!(summary["exit_status"], 0);
    assert!(!scene.read("environment").contains(KEY));
}

#[test]
fn the_command_for_the_end_is_run_after_an_interrupt() {
    let scene = Scene::paying("", &rows(3));
    let run = scene
        .pay()
        .args(["--on-end", "cat > summary.json", "--interval", "2s"]);
    let run = run.status(5).stderr_has("Stopped: as asked").start();
    scene.await_deliveries(1);
    run.signal("INT");
    run.end();
    let summary: serde_json::Value = serde_json::from_str(&scene.read("summary.json")).unwrap();
    assert_eq!(summary["exit_status"], 5);
}
