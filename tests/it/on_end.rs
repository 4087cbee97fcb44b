//! The end of a run: the sums, and the command that is told of it.

use crate::harness::{BITCOIN, ETHEREUM, KEY, Scene, rows};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

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
fn the_command_for_the_end_is_run_once_after_an_interrupt_and_has_no_key() {
    let scene = Scene::paying("", &rows(3));
    let command = "cat >> summary.json; env > environment";
    let run = scene.pay().args(["--on-end", command, "--interval", "2s"]);
    let run = run.env("CCBATCH_SANDBOX_KEY", KEY);
    let run = run.status(5).stderr_has("Stopped: as asked").start();
    scene.await_deliveries(1);
    run.signal("INT");
    run.end();
    let told = scene.read("summary.json");
    assert_eq!(told.lines().count(), 1, "{told}");
    let summary: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(summary["exit_status"], 5);
    let environment = scene.read("environment");
    assert!(environment.contains("HOME=") && !environment.contains(KEY));
}

/// Notes its name, its arguments and its standard input.
const NOTE: &str = "#!/bin/sh\n{ echo \"${0##*/} $*\"; cat; } >> noted\n";

#[test]
fn the_commands_of_the_readme_get_the_summary() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let start = "ccbatch run payouts.csv --on-end ";
    let shown: Vec<_> = readme
        .lines()
        .filter_map(|it| it.strip_prefix(start))
        .collect();
    assert_eq!(shown.len(), 3);
    for (words, part) in shown
        .iter()
        .zip(["mail -s payouts", "api.telegram.org", "--json @-"])
    {
        let scene = Scene::paying("", &rows(1));
        fs::create_dir(scene.path("bin")).unwrap();
        for name in ["bin/mail", "bin/curl"] {
            scene.write(name, NOTE);
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(scene.path(name), mode).unwrap();
        }
        let path = format!("{}:/usr/bin:/bin", scene.path("bin").display());
        let run = scene.pay().env("PATH", path).stderr_has("All done");
        run.by_way_of_shell(&format!("exec \"$0\" \"$@\" --on-end {words}"))
            .go();
        let noted = scene.read("noted");
        let (command, summary) = noted.split_once('\n').unwrap();
        assert!(command.contains(part), "{command}");
        let summary: serde_json::Value = serde_json::from_str(summary).unwrap();
        assert_eq!(summary["created"], 1);
    }
}

#[test]
#[ignore = "takes a minute: the program's own limit is waited for"]
fn a_command_for_the_end_that_does_not_end_is_ended_with_all_that_it_started() {
    let scene = Scene::paying("", &rows(1));
    let run = scene
        .pay()
        .args(["--on-end", "sleep 6007 & sleep 6007; wait"]);
    let run = run.stderr_has("--on-end: the command was ended after 60 s");
    run.stderr_has("All done: 1 created").go();
    let mut sleepers = std::process::Command::new("pgrep");
    let left = sleepers.args(["-fx", "sleep 6007"]).output().unwrap();
    assert!(left.stdout.is_empty(), "{left:?}");
}
