//! The ledger lost, or brought back from a backup, and two homes on one folder.

use super::{COUNT, References, assert_paid, begun, pay};
use crate::harness::{INPUT, RESULTS, Scene};
use std::fs;

#[test]
fn a_lost_ledger_is_filled_from_the_results_file() {
    for references in [References::With, References::Without] {
        for paid in [2, COUNT] {
            let scene = begun(references, paid);
            let record = scene.read(RESULTS);
            fs::remove_file(scene.ledger()).unwrap();
            let ran = pay(&scene, INPUT, &["--dry-run"]);
            ran.ends(0, "attempts are new to the ledger; a run takes them over");
            let ran = pay(&scene, INPUT, &[]);
            ran.ends(0, "All done: 4 created");
            ran.ends(0, "attempts are new to the ledger and were taken over");
            assert_paid(&scene, COUNT, "");
            assert!(scene.read(RESULTS).starts_with(&record), "{record}");
        }
    }
}

#[test]
fn a_ledger_from_a_backup_learns_from_the_results_file_what_it_lacks() {
    for references in [References::With, References::Without] {
        let scene = begun(references, 1);
        let backup = fs::read(scene.ledger()).unwrap();
        pay(&scene, INPUT, &["--limit", "2"]).ends(5, "3 created");
        fs::write(scene.ledger(), backup).unwrap();
        pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
        assert_paid(&scene, COUNT, "");
        assert_eq!(scene.statuses(), ["created"; COUNT]);
    }
}

#[test]
fn two_homes_on_one_folder_take_turns() {
    for references in [References::With, References::Without] {
        let scene = begun(references, 0);
        for (home, status) in [("a", 5), ("b", 5), ("a", 5), ("b", 0), ("a", 0)] {
            fs::create_dir_all(scene.path(home)).unwrap();
            let ledger = format!("{home}/ledger.db");
            let flags = ["--ledger", &ledger, "--limit", "1"];
            pay(&scene, INPUT, &flags).ends(status, "created");
        }
        assert_paid(&scene, COUNT, "");
    }
}

/// Two homes whose inputs are two files, so that no lock keeps them apart, and one results file.
fn two_homes() -> (Scene, [[&'static str; 5]; 2]) {
    let scene = begun(References::With, 0);
    scene.write("copy.csv", References::With.input(COUNT));
    for home in ["a", "b"] {
        fs::create_dir(scene.path(home)).unwrap();
    }
    let homes = [(INPUT, "a/ledger.db"), ("copy.csv", "b/ledger.db")];
    let run = homes.map(|(input, ledger)| [input, "--results", RESULTS, "--ledger", ledger]);
    (scene, run)
}

#[test]
fn two_homes_at_work_at_the_same_time_pay_each_once() {
    let (scene, [a, b]) = two_homes();
    let slow = [&["run"][..], &a, &["--yes", "--interval", "1s"]].concat();
    let run = scene.through_sandbox(&slow).status(5);
    let run = run.stderr_has("has a payout that is not in this ledger");
    let run = run.start();
    run.await_stderr("1/4 line 2 created");
    run.signal("STOP");
    let [input, flags @ ..] = b;
    pay(&scene, input, &[&flags[..], &["--limit", "2"]].concat()).ends(5, "3 created");
    run.signal("CONT");
    run.end();
    assert_paid(&scene, 3, "");
    for [input, flags @ ..] in [a, b] {
        pay(&scene, input, &flags).ends(0, "All done: 4 created");
    }
    assert_paid(&scene, COUNT, "");
    assert_eq!(scene.statuses(), ["created"; COUNT]);
}

#[test]
fn what_another_home_pays_while_the_question_stands_is_not_paid_again() {
    let (scene, [a, b]) = two_homes();
    let asking = [&["run"][..], &a, &["--interval", "0s"]].concat();
    let mut run = scene.through_sandbox(&asking).on_terminal();
    run.await_text("[y/N]");
    let [input, flags @ ..] = b;
    pay(&scene, input, &[&flags[..], &["--limit", "1"]].concat()).ends(5, "1 created");
    run.type_line("y");
    let told = run.end(1);
    assert!(
        told.contains("nothing was sent; end the other run"),
        "{told}"
    );
    assert_paid(&scene, 1, &told);
}

#[test]
fn a_payout_that_lost_its_rejected_reference_in_one_home_is_known_in_the_other() {
    let scene = Scene::paying("reject:network", "");
    scene.write(INPUT, References::With.input(1));
    pay(&scene, INPUT, &[]).ends(4, "1 rejected");
    scene.write(INPUT, References::Without.input(1));
    fs::create_dir(scene.path("b")).unwrap();
    let ran = pay(&scene, INPUT, &["--ledger", "b/ledger.db"]);
    ran.ends(0, "All done: 1 created");
    // The line of the same content that has no reference is not another attempt of the rejected one.
    pay(&scene, INPUT, &[]).ends(0, "Already created: 1");
    assert_paid(&scene, 1, "");
}

#[test]
fn attempts_of_one_minute_are_not_taken_for_one() {
    // Two payouts that were sent from the same line, after the rows were sorted; a spreadsheet has
    // left nothing of the times but the minute; and the ledger is lost.
    let scene = begun(References::Without, 0);
    pay(&scene, INPUT, &["--only", "3"]).ends(0, "1 created");
    let rows = [2, 1, 3, 4].map(|n| References::Without.row(n)).concat();
    scene.write(INPUT, format!("{}{rows}", References::Without.header()));
    pay(&scene, INPUT, &["--only", "3"]).ends(0, "1 created");
    let text = scene.read(RESULTS);
    let mut lines = text.lines();
    let mut saved = format!("{}\n", lines.next().unwrap());
    for line in lines {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[8] = "25.11.2026 20:55";
        cells[15] = "25.11.2026 20:55";
        saved.push_str(&format!("{}\n", cells.join(",")));
    }
    scene.write(RESULTS, saved);
    fs::remove_file(scene.ledger()).unwrap();
    pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
    assert_paid(&scene, COUNT, "");
}

#[test]
fn a_doubt_is_adopted_as_a_doubt() {
    for (step, kill) in [("drop-after", false), ("delay:1h", true)] {
        let scene = Scene::paying(step, "");
        scene.write(INPUT, References::With.input(2));
        if kill {
            let run = scene.pay().start();
            scene.await_deliveries(1);
            run.kill();
        } else {
            pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
        }
        fs::remove_file(scene.ledger()).unwrap();
        pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
        assert_paid(&scene, 1, "");
    }
}

#[test]
fn an_answer_that_comes_back_beside_a_second_payment_is_kept_and_told() {
    // A wrong verdict has paid a payout twice; then the results file with the first answer is
    // brought back. The ledger must take it, and the batch must not be stuck.
    let scene = Scene::paying("delay:1h", "");
    scene.write(INPUT, References::With.input(2));
    let run = scene.pay().start();
    scene.await_deliveries(1);
    run.kill();
    let first = scene.book().created[0].invoice_id.clone();
    let answered = scene.read(RESULTS).replace(
        ",unknown,,,in_flight,,,,",
        &format!(",created,{first},,,,200,,"),
    );
    let wrong = ["resolve", INPUT, "--line", "2", "--not-created", "--yes"];
    scene.program(wrong).stderr_has("Recorded").go();
    pay_twice(&scene);
    scene.write(RESULTS, answered);
    let output = scene.pay().stderr_has("All done: 2 created");
    output
        .stderr_has("two attempts of one payout may have been paid")
        .go();
    assert_eq!(scene.book().created.len(), 3);
}

fn pay_twice(scene: &Scene) {
    scene.pay().stderr_has("All done: 2 created").go();
}
