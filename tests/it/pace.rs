//! The time between two requests, by the sandbox's clock. Only the least is ever asked for: a slow
//! machine may take as long as it likes.

use crate::cluster::with_both_engines;
use crate::harness::{BITCOIN, HEADER, INPUT, Run, Scene, rows, unhurried};
use ccbatch::sandbox::Options;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use std::time::{Duration, Instant};

/// A request that was answered counts from a second after its start, even if it arrived later.
const LATEST_ARRIVAL: Duration = Duration::from_secs(1);

/// Checks that no request came sooner than this after the one before it.
#[track_caller]
fn assert_pace(scene: &Scene, interval: Duration) {
    let deliveries = scene.book().deliveries;
    let lines = scene.results();
    assert_eq!(deliveries.len(), lines.len());
    for (pair, line) in deliveries.windows(2).zip(&lines) {
        let gap = pair[1].since_start - pair[0].since_start;
        let counts_by = line.started_at + LATEST_ARRIVAL;
        let late = DateTime::<Utc>::from(pair[0].arrived_at) - counts_by;
        let late = late.to_std().unwrap_or_default();
        assert!(
            gap + late >= interval,
            "{gap:?} of {interval:?}, {late:?} late"
        );
    }
}

#[test]
fn every_request_keeps_the_interval_whatever_became_of_the_one_before() {
    let script = "ok,reject:network,drop-after,rate-limit:0,ok,delay:1500ms,ok";
    let scene = Scene::paying(script, &rows(6));
    let run = scene.pay_through(&scene.url());
    let run = run.args(["--interval", "400ms", "--keep-going"]).status(6);
    run.stderr_has("4 created, 1 rejected, 1 in doubt").go();
    assert_eq!(scene.book().deliveries.len(), 7);
    assert_pace(&scene, Duration::from_millis(400));
}

#[test]
fn the_interval_is_kept_from_one_run_to_the_next() {
    let scene = Scene::paying("ok,reject:network,ok", &rows(3));
    let first = ["--interval", "1500ms", "--limit", "1"];
    for status in [5, 5, 4] {
        let run = scene.pay_through(&scene.url()).args(first);
        run.status(status)
            .stderr_has("One request every 1s 500ms")
            .go();
    }
    assert_pace(&scene, Duration::from_millis(1500));
}

#[test]
fn the_interval_is_kept_after_a_kill() {
    let interval = Duration::from_millis(1500);
    let scene = Scene::paying("ok,delay:1h", &rows(3));
    let pay = || {
        scene
            .pay_through(&scene.url())
            .args(["--interval", "1500ms"])
    };
    let run = pay().start();
    scene.await_deliveries(2);
    run.kill();
    pay()
        .args(["--keep-going"])
        .status(6)
        .stderr_has("2 created, 1 in doubt")
        .go();
    assert_pace(&scene, interval);
}

#[test]
fn a_clock_that_was_set_back_costs_a_step_and_no_more() {
    let scene = Scene::paying("", &rows(2));
    let pay = || {
        let run = scene.pay_through(&scene.url());
        run.args(["--interval", "1s"])
    };
    let first = pay().args(["--limit", "1"]).status(5);
    first.stderr_has("1 created").go();
    // What a clock leaves behind that was a year fast.
    let time = (Utc::now() + TimeDelta::days(365)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let ledger = rusqlite::Connection::open(scene.ledger()).unwrap();
    let sql = "UPDATE pace SET set_at = ?1, next_at = ?1";
    assert_eq!(ledger.execute(sql, [time]).unwrap(), 1);
    pay().stderr_has("All done: 2 created").go();
    assert_pace(&scene, Duration::from_secs(1));
}

#[test]
fn it_is_twelve_seconds_and_in_a_rehearsal_one() {
    let scene = Scene::new(&rows(3));
    let check = scene.program(["validate", INPUT]);
    check.stderr_has("One request every 12s").go();
    let check = scene.program(["run", INPUT, "--dry-run", "--sandbox"]);
    check.stderr_has("One request every 1s").go();
}

/// A file of so many payouts whose references begin like this, and a run of it.
fn pay_apart(scene: &Scene, ledger: &str, name: &str, count: usize) -> Run {
    let file = format!("{name}.csv");
    let rows: String = (1..=count)
        .map(|n| format!("{name}{n},BTC,{BITCOIN},0.{}{n:03}\n", name.len()))
        .collect();
    scene.write(&file, format!("{HEADER}\n{rows}"));
    let run = scene.through_sandbox(&["run", &file, "--yes"]);
    run.env("CCBATCH_LEDGER", ledger)
}

#[test]
fn runs_that_share_a_key_take_turns_and_none_is_refused() {
    let interval = Duration::from_millis(500);
    with_both_engines(|ledger| {
        for (runs, count) in [(2, 4), (8, 2)] {
            let scene = Scene::new("").with_sandbox(Options {
                interval,
                ..unhurried("")
            });
            let names = (0..runs).map(|n| format!("{}{n}", "x".repeat(runs + n)));
            let started: Vec<_> = names
                .map(|name| {
                    let run = pay_apart(&scene, ledger, &name, count);
                    run.args(["--interval", "500ms"]).start()
                })
                .collect();
            for run in started {
                let words = format!("All done: {count} created");
                run.expecting(0, &words).end();
            }
            let book = scene.book();
            assert_eq!(book.created.len(), runs * count);
            assert_eq!(book.deliveries.len(), runs * count, "none was refused");
        }
    });
}

#[test]
fn a_bar_says_whose_turn_is_awaited() {
    with_both_engines(|ledger| {
        let scene = Scene::paying("delay:6s,ok*", "");
        let run = |name| pay_apart(&scene, ledger, name, 1).args(["--interval", "1s"]);
        let holder = run("held").start();
        scene.await_deliveries(1);
        let mut terminal = run("waiting").on_terminal();
        terminal.await_text("waiting for the turn of");
        terminal.await_text(&format!("(process {})", holder.pid()));
        terminal.end(0);
        holder.expecting(0, "All done: 1 created").end();
    });
}

#[test]
fn a_holder_that_is_killed_costs_the_others_a_claim_and_a_step() {
    with_both_engines(|ledger| {
        let scene = Scene::paying("delay-before:1h,ok*", "");
        let run = |name| pay_apart(&scene, ledger, name, 1).args(["--interval", "1s"]);
        let holder = run("held").start();
        scene.await_deliveries(1);
        let other = run("waiting").start();
        other.await_stderr("waiting for the turn of");
        holder.kill();
        let since = Instant::now();
        other.expecting(0, "All done: 1 created").end();
        // 16 s and one step after the claim, and not the time that an answer may take.
        assert!(since.elapsed() < Duration::from_secs(100), "{since:?}");
        let gap = scene.book().deliveries[1].since_start - scene.book().deliveries[0].since_start;
        assert!(gap >= Duration::from_secs(16), "{gap:?}");
    });
}
