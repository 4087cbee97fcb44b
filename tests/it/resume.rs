//! Going on with a batch: after a kill, a doubt, an edit. What becomes of files that were changed
//! is in [`crate::mistakes`].

use crate::harness::{BITCOIN, INPUT, KEY, RESULTS, Scene, rows};
use crate::mistakes::ledger;
use std::collections::BTreeSet;

/// A scene whose run was killed while the payout of line 3 was in flight. `step` is what the API
/// does about that one.
fn killed_in_flight(step: &str) -> Scene {
    let scene = Scene::paying(&format!("ok,{step}"), &rows(4));
    let run = scene.pay().start();
    scene.await_deliveries(2);
    run.kill();
    scene
}

/// The amounts that were created, which in [`rows`] tell the rows apart.
fn amounts_created(scene: &Scene) -> Vec<String> {
    let created = scene.book().created.into_iter();
    created.map(|withdrawal| withdrawal.amount).collect()
}

#[track_caller]
fn assert_all_created_once(scene: &Scene) {
    let amounts = amounts_created(scene);
    let different: BTreeSet<_> = amounts.iter().collect();
    assert_eq!(amounts.len(), different.len(), "{amounts:?}");
    assert_eq!(amounts.len(), 4, "{amounts:?}");
}

#[test]
fn what_is_done_is_not_done_again() {
    let scene = Scene::paying("", &rows(2));
    scene.pay().stderr_has("All done: 2 created").go();
    let record = scene.read(RESULTS);
    scene.pay().stderr_has("All done: 2 created").go();
    assert_eq!(scene.read(RESULTS), record);
    assert_eq!(scene.sent_and_created(), (2, 2));
}

#[test]
fn a_payout_in_flight_at_a_kill_is_in_doubt_and_the_named_command_settles_it_as_created() {
    let scene = killed_in_flight("delay:1h");
    assert_eq!(scene.results()[1].error_key, "in_flight");
    let run = scene
        .pay()
        .status(6)
        .stderr_has("In doubt: line 3, 0.002 BTC");
    let told = run.go();
    assert_eq!(scene.book().deliveries.len(), 2, "nothing was sent");

    let id = scene.book().created[1].invoice_id.clone();
    let resolve = format!("ccbatch{}", told.after("    ccbatch").replace("INV-…", &id));
    assert!(
        resolve.starts_with("ccbatch resolve payouts.csv --line 3 "),
        "{resolve}"
    );
    let run = scene.shown(&resolve);
    run.stderr_has("Recorded: line 3 created").go();
    let lines = scene.results();
    assert_eq!(scene.statuses(), ["created", "created"]);
    assert_eq!((lines[1].line, lines[1].attempt), (3, 1));
    assert_eq!(lines[1].invoice_id, id);
    assert!(lines[1].detail.starts_with("resolved by operator"));

    let go_on = format!("ccbatch{}", told.after("Then go on: ccbatch"));
    scene.shown(&go_on).stderr_has("All done: 4 created").go();
    assert_all_created_once(&scene);
    assert_eq!(scene.book().deliveries.len(), 4);
}

#[test]
fn a_payout_that_an_operator_found_not_created_is_sent_again() {
    let scene = killed_in_flight("delay-before:1h");
    let told = scene.pay().status(6).stderr_has("In doubt: line 3").go();
    let resolve = told
        .stderr
        .lines()
        .find(|line| line.ends_with("--not-created"));
    scene
        .shown(resolve.unwrap())
        .stderr_has("Recorded: line 3 not created")
        .go();
    scene.pay().stderr_has("All done: 4 created").go();
    assert_all_created_once(&scene);
    let lines = scene.results();
    let third: Vec<_> = lines.iter().filter(|l| l.line == 3).collect();
    let told: Vec<_> = third.iter().map(|l| (l.attempt, &*l.status)).collect();
    assert_eq!(told, [(1, "not_created"), (2, "created")]);
}

#[test]
fn keep_going_passes_a_payout_in_doubt_by() {
    let scene = killed_in_flight("delay:1h");
    let run = scene.pay().args(["--keep-going"]).status(6);
    run.stderr_has("3 created, 1 in doubt")
        .stderr_has("In doubt: line 3")
        .go();
    assert_all_created_once(&scene);
    assert_eq!(
        scene.statuses(),
        ["created", "unknown", "created", "created"]
    );
    // It stays in doubt, whatever is run.
    scene
        .pay()
        .args(["--keep-going"])
        .status(6)
        .stderr_has("In doubt: line 3")
        .go();
    scene.pay().status(6).stderr_has("In doubt: line 3").go();
    assert_eq!(scene.book().deliveries.len(), 4);
    let resolve = [
        "resolve",
        INPUT,
        "--line",
        "3",
        "--invoice-id",
        "INV-1",
        "--yes",
    ];
    scene
        .program(resolve)
        .stderr_has("Recorded: line 3 created INV-1")
        .go();
    scene.pay().stderr_has("All done: 4 created").go();
}

#[test]
fn a_kill_while_waiting_leaves_no_doubt() {
    let scene = Scene::paying("", &rows(4));
    let url = scene.url();
    let run = scene.pay_through(&url).args(["--interval", "1h"]).start();
    run.await_stderr("1/4 line 2 created");
    run.kill();
    // The interval is kept across runs, so only one of none can be tried here.
    scene.pay().stderr_has("All done: 4 created").go();
    assert_all_created_once(&scene);
}

#[test]
fn resolve_settles_nothing_but_a_doubt() {
    let scene = killed_in_flight("delay:1h");
    scene.pay().status(6).stderr_has("In doubt: line 3").go();
    let record = scene.read(RESULTS);
    let id = ["--invoice-id", "INV-1"];
    for (line, verdict, status, why) in [
        (
            "2",
            &id[..],
            1,
            "payouts.csv:2: this payout is not in doubt: it is created",
        ),
        (
            "4",
            &id,
            1,
            "payouts.csv:4: this payout is not in doubt: it is pending",
        ),
        ("1", &id, 1, "payouts.csv:1: no payout stands on this line"),
        (
            "6",
            &["--not-created"],
            1,
            "payouts.csv:6: no payout stands on this line",
        ),
        (
            "3",
            &["--invoice-id", "two words"],
            2,
            "is not an invoice id",
        ),
        ("3", &["--invoice-id", ""], 2, "is not an invoice id"),
        ("3", &[], 2, "--invoice-id <ID>"),
        (
            "3",
            &["--not-created", "--invoice-id", "INV-1"],
            2,
            "cannot be used with",
        ),
    ] {
        let run = scene.program(["resolve", INPUT, "--yes", "--line", line]);
        run.args(verdict.iter().copied())
            .status(status)
            .stderr_has(why)
            .go();
    }
    let run = scene.program(["resolve", INPUT, "--line", "3", "--not-created"]);
    run.status(2)
        .stderr_has("there is no terminal to ask on")
        .go();
    assert_eq!(scene.read(RESULTS), record);
}

#[test]
fn rows_can_be_added_at_the_end_and_changed_before_they_are_sent() {
    let scene = Scene::paying("", &rows(3));
    scene
        .pay()
        .args(["--limit", "2"])
        .status(5)
        .stderr_has("2 created")
        .go();
    let changed = rows(4).replace("0.003", "0.3");
    scene.write_rows(&changed);
    scene.pay().stderr_has("All done: 4 created").go();
    assert_eq!(amounts_created(&scene), ["0.001", "0.002", "0.3", "0.004"]);
}

#[test]
fn a_batch_is_not_finished_through_another_api() {
    let scene = Scene::paying("", &rows(3));
    let one = || scene.pay().args(["--limit", "1"]).status(5);
    one().stderr_has("1 created").go();
    let record = scene.read(RESULTS);
    let run = scene.program(["run", INPUT, "--sandbox", "--results", RESULTS]);
    run.status(1)
        .stderr_has("payouts.results.csv:2: this batch was begun through 127.0.0.1:")
        .go();
    let run = scene
        .program(["run", INPUT, "--yes"])
        .env("CCBATCH_API_KEY", KEY);
    run.status(1)
        .stderr_has("payouts.results.csv: these results are of 127.0.0.1:")
        .go();
    assert_eq!(scene.read(RESULTS), record);
    assert_eq!(scene.sent_and_created(), (1, 1));
    // Every name of this machine is the same API.
    let elsewhere = scene.url().replace("127.0.0.1", "localhost");
    let run = scene.pay_through(&elsewhere).args(["--interval", "0s"]);
    run.stderr_has("All done: 3 created").go();
    assert_eq!(scene.sent_and_created(), (3, 3));
}

#[test]
fn another_host_is_refused_by_a_dry_run_as_by_a_run() {
    let scene = Scene::paying("", &rows(2));
    let one = scene.pay().args(["--limit", "1"]).status(5);
    one.stderr_has("1 created").go();
    // As if it had been paid through the real API.
    let host = scene.results()[0].api.clone();
    let sql = "UPDATE attempt SET realm = 'live', host = 'api.cryptocloud.plus';
               UPDATE batch SET realm = 'live'; UPDATE batch_path SET realm = 'live';";
    ledger(&scene).execute_batch(sql).unwrap();
    let results = scene.read(RESULTS).replace(&host, "api.cryptocloud.plus");
    scene.write(RESULTS, results);
    for flags in [&["--dry-run"][..], &[]] {
        let run = scene.pay_through("https://gateway.example");
        let run = run.args(flags.iter().copied());
        let why = "this batch was begun through api.cryptocloud.plus";
        run.status(1).stderr_has(why).go();
    }
}

#[test]
fn a_batch_with_decimal_commas_is_gone_on_with_by_the_commands_that_are_shown() {
    let scene = Scene::paying("drop-after", "");
    scene.write(
        INPUT,
        format!("currency_code;to_address;amount\nBTC;{BITCOIN};0,5\n"),
    );
    let run = scene.pay().args(["--decimal-comma"]).status(6);
    let told = run.stderr_has("In doubt: line 2, 0.5 BTC").go();
    let status = scene.program(["status", INPUT, "--decimal-comma"]);
    status.stdout_has("in_doubt").stderr_has("1 in doubt").go();
    let resolve = format!(
        "ccbatch{}",
        told.after("    ccbatch").replace("INV-…", "INV-1")
    );
    let told = scene
        .shown(&resolve)
        .stderr_has("Recorded: line 2 created")
        .go();
    assert!(told.after("To go on: ccbatch").ends_with("--decimal-comma"));
}
