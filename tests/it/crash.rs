//! A crash is a kill -9 at any system call: whatever the moment, going on pays nobody twice and
//! forgets nobody.
//!
//! A share of the calls is tried each time; all of them with `CCBATCH_PROOFS=all`, which takes an
//! hour or more.

use crate::harness::{INPUT, RESULTS, Scene};
use crate::operator::{
    RUN, SECOND_RECIPIENT, assert_each_is_paid_once, go_on_until_done, is_thorough, results_text,
    three_payouts, verdict,
};
use crate::strace::{self, kill_at, record_files};
use std::fs;

/// A command that is killed.
struct Victim {
    name: &'static str,
    /// What goes wrong at the API.
    script: &'static str,
    /// What has happened before.
    arrange: fn(&Scene),
    args: fn(&Scene) -> Vec<String>,
    /// What else must be so in the end.
    check: fn(&Scene),
}

/// Calls on the records, and from how many one is tried when not all are.
const ON_RECORDS: [(&str, usize); 6] = [
    ("pwrite64", 61),
    ("openat", 23),
    ("fsync", 11),
    ("fdatasync", 2),
    ("close", 29),
    ("write", 1),
];

/// Calls on whatever there is.
const ANYWHERE: [(&str, usize); 8] = [
    ("unlink", 3),
    ("rename", 1),
    ("mkdir", 1),
    ("flock", 2),
    ("ftruncate", 1),
    ("connect", 2),
    ("writev", 1),
    ("recvfrom", 3),
];

/// Kills the command at every so many calls of one kind until it lives to its end, and goes on each
/// time. Gives how often it was killed.
fn kill_at_every(victim: &Victim, (call, share): (&str, usize), is_on_records: bool) -> usize {
    let step = if is_thorough() { 1 } else { share };
    let mut kills = 0;
    // Begins in the middle of a step, so that the shares of several calls make no pattern.
    for n in (step.div_ceil(2)..).step_by(step) {
        let scene = three_payouts(victim.script);
        (victim.arrange)(&scene);
        let args = (victim.args)(&scene);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let paths = if is_on_records {
            record_files(&scene)
        } else {
            Vec::new()
        };
        let is_killed = kill_at(&scene, &args, (call, n), &paths);
        go_on_until_done(&scene);
        assert_each_is_paid_once(&scene);
        (victim.check)(&scene);
        if !is_killed {
            break;
        }
        kills += 1;
    }
    kills
}

fn kill_everywhere(victim: &Victim) {
    if !strace::is_available(&format!("{} killed at every call", victim.name)) {
        return;
    }
    let on_records = ON_RECORDS.map(|call| (call, true));
    let anywhere = ANYWHERE.map(|call| (call, false));
    let mut told = String::new();
    let mut all = 0;
    for (call, is_on_records) in on_records.into_iter().chain(anywhere) {
        let kills = kill_at_every(victim, call, is_on_records);
        told.push_str(&format!(" {} {kills}", call.0));
        all += kills;
    }
    assert!(all > 5, "{} was hardly ever killed:{told}", victim.name);
    if is_thorough() {
        strace::say(&format!("{}: {all} kills:{told}", victim.name));
    }
}

fn run_of(_: &Scene) -> Vec<String> {
    RUN.iter().map(|arg| (*arg).to_owned()).collect()
}

/// Ends with line 3 in doubt.
fn leave_a_doubt(scene: &Scene) {
    let output = scene.through_sandbox(RUN).raw();
    assert_eq!(output.status.code(), Some(6), "{}", results_text(scene));
}

/// Ends between the second claim and its request.
fn leave_a_claim(scene: &Scene) {
    assert!(kill_at(scene, RUN, ("writev", 2), &[]));
    assert!(results_text(scene).contains(",in_flight,"));
}

#[test]
fn a_run_killed_at_any_call_pays_nobody_twice_and_loses_nobody() {
    kill_everywhere(&Victim {
        name: "run",
        script: "",
        arrange: |_| {},
        args: run_of,
        check: |_| {},
    });
}

#[test]
fn going_on_after_a_kill_and_killed_again_pays_nobody_twice() {
    kill_everywhere(&Victim {
        name: "resume",
        script: "ok,ok,drop-after",
        arrange: leave_a_claim,
        args: |scene| {
            let keep_going = ["--keep-going".to_owned()];
            run_of(scene).into_iter().chain(keep_going).collect()
        },
        check: |_| {},
    });
}

#[test]
fn a_verdict_killed_at_any_call_pays_nobody_twice() {
    kill_everywhere(&Victim {
        name: "resolve",
        script: "ok,drop-after",
        arrange: leave_a_doubt,
        args: |scene| {
            let args = ["resolve", "payouts.csv", "--yes", "--line", "3"].map(str::to_owned);
            let verdict = verdict(scene, SECOND_RECIPIENT);
            args.into_iter().chain(verdict).collect()
        },
        check: |_| {},
    });
}

#[test]
fn taking_over_a_results_file_killed_at_any_call_pays_nobody_twice() {
    kill_everywhere(&Victim {
        name: "adopt",
        script: "ok,drop-after",
        arrange: |scene| {
            leave_a_doubt(scene);
            fs::remove_file(scene.ledger()).unwrap();
        },
        args: |scene| {
            let keep_going = ["--keep-going".to_owned()];
            run_of(scene).into_iter().chain(keep_going).collect()
        },
        check: |_| {},
    });
}

/// What was adopted counts as `--references` says, or is not adopted.
#[test]
fn taking_over_with_references_per_file_killed_at_any_call_finishes_the_batch() {
    kill_everywhere(&Victim {
        name: "adopt per file",
        script: "ok,drop-after",
        arrange: |scene| {
            leave_a_doubt(scene);
            fs::remove_file(scene.ledger()).unwrap();
            let results = results_text(scene);
            // The new ledger knows the batch, whose references are shared, and nothing else of it.
            fs::remove_file(scene.path(RESULTS)).unwrap();
            let output = scene.through_sandbox(&["run", INPUT]).raw();
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            scene.write(RESULTS, results);
        },
        args: |scene| {
            let flags = ["--keep-going", "--references", "per-file"].map(str::to_owned);
            run_of(scene).into_iter().chain(flags).collect()
        },
        check: |_| {},
    });
}

#[test]
fn writing_a_changed_results_file_anew_killed_at_any_call_keeps_what_was_changed() {
    kill_everywhere(&Victim {
        name: "rewrite",
        script: "",
        arrange: |scene| {
            let limit = ["--limit", "1"];
            let output = scene.through_sandbox(RUN).args(limit).raw();
            assert_eq!(output.status.code(), Some(5));
            let changed = results_text(scene).replacen(",R1,,", ",R1,Bob,", 1);
            scene.write(RESULTS, changed);
        },
        args: run_of,
        check: |scene| {
            let files = scene.files().into_iter();
            let mut kept = files.filter(|name| name.contains(".changed-"));
            assert!(
                kept.any(|name| scene.read(&name).contains(",R1,Bob,")),
                "{:?}",
                scene.files()
            );
            assert!(!results_text(scene).contains("Bob"));
        },
    });
}

#[test]
fn a_backup_is_not_mixed_with_the_journal_of_what_it_replaces() {
    if !strace::is_available("a backup beside a journal that was left behind") {
        return;
    }
    let scene = three_payouts("");
    let ledger = scene.ledger();
    let journal = ledger.with_extension("db-journal");
    let one_more = || scene.pay().args(["--limit", "1"]).status(5);
    one_more().stderr_has("1 created").go();
    let backup = scene.program(["ledger", "backup", "backup.db"]);
    backup.stderr_has("copied to backup.db").go();
    one_more().stderr_has("2 created").go();
    // The journal is removed when all of a transaction is in the ledger.
    let is_killed = kill_at(&scene, RUN, ("unlink", 1), std::slice::from_ref(&journal));
    assert!(is_killed && journal.exists());
    let sent = scene.sent_and_created();
    let left = fs::read(&journal).unwrap();
    let status = scene.program(["status", INPUT]).stdout_has("created");
    status.stderr_has("2 created").go();
    assert!(!journal.exists(), "SQLite puts back what is its own");
    fs::write(&journal, left).unwrap();
    fs::copy(scene.path("backup.db"), &ledger).unwrap();
    let run = scene.pay().status(1);
    let told = run.stderr_has("a journal of another state of it").go();
    let away = format!("move {} away", journal.display());
    assert!(told.stderr.contains(&away), "{told}");
    assert_eq!(scene.sent_and_created(), sent);
    fs::remove_file(&journal).unwrap();
    go_on_until_done(&scene);
    assert_each_is_paid_once(&scene);
}

#[test]
fn a_backup_is_not_mixed_with_the_journal_of_a_ledger_that_was_being_made() {
    if !strace::is_available("a backup beside the journal of a new ledger") {
        return;
    }
    let scene = three_payouts("");
    let ledger = scene.ledger();
    let journal = ledger.with_extension("db-journal");
    scene.pay().stderr_has("3 created").go();
    let backup = scene.program(["ledger", "backup", "backup.db"]);
    backup.stderr_has("copied to backup.db").go();
    fs::remove_file(scene.path(RESULTS)).unwrap();
    // The ledger is lost, and the run that makes a new one is killed at each page of it.
    for page in 1.. {
        fs::remove_file(&ledger).unwrap();
        let init = ["ledger", "init"];
        if !kill_at(
            &scene,
            &init,
            ("pwrite64", page),
            std::slice::from_ref(&ledger),
        ) {
            break;
        }
        assert!(journal.exists());
        fs::copy(scene.path("backup.db"), &ledger).unwrap();
        let run = scene.pay().status(1);
        run.stderr_has("a journal of another state of it").go();
        fs::remove_file(&journal).unwrap();
    }
    fs::copy(scene.path("backup.db"), &ledger).unwrap();
    scene.pay().stderr_has("Already created: 3").go();
    assert_each_is_paid_once(&scene);
}
