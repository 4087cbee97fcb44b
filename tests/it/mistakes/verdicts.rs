//! What `resolve` may and may not record.

use super::{COUNT, References, assert_paid, paid, pay, run};
use crate::harness::{BITCOIN, INPUT, RESULTS, Scene, answering, unhurried};
use ccbatch::sandbox::Options;
use std::fs;

/// A batch of two whose first payout is in doubt, after this step of the sandbox.
fn in_doubt(step: &str) -> Scene {
    in_doubt_by(unhurried(step))
}

fn in_doubt_by(answers: Options) -> Scene {
    let scene = Scene::new("").with_sandbox(answers);
    scene.write(INPUT, References::With.input(2));
    pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
    scene
}

fn resolve(scene: &Scene, flags: &[&str]) -> super::Ran {
    run(scene, &[&["resolve", "--yes"][..], flags].concat())
}

fn invoice_id(scene: &Scene) -> String {
    scene.book().created[0].invoice_id.clone()
}

#[test]
fn a_verdict_is_given_by_line_reference_or_id_with_and_without_the_file() {
    for (is_there, which) in [
        (true, "--line"),
        (true, "--reference"),
        (true, "--id"),
        (false, "--reference"),
        (false, "--id"),
    ] {
        let scene = in_doubt("drop-after");
        let id = scene.results()[0].id.clone();
        let value = match which {
            "--line" => "2",
            "--reference" => "R1",
            _ => &id,
        };
        let input = scene.read(INPUT);
        let mut flags = vec![which, value];
        if is_there {
            flags.push(INPUT);
        } else {
            fs::remove_file(scene.path(INPUT)).unwrap();
        }
        let invoice_id = invoice_id(&scene);
        resolve(
            &scene,
            &[&flags[..], &["--invoice-id", &invoice_id]].concat(),
        )
        .ends(0, "Recorded: line 2 created INV-");
        assert_eq!(scene.statuses(), ["created"], "{which}");
        scene.write(INPUT, input);
        pay(&scene, INPUT, &[]).ends(0, "All done: 2 created");
        assert_paid(&scene, 2, which);
    }
}

#[test]
fn a_verdict_with_the_invoice_id_of_another_payout_gives_way_to_the_answers_of_both() {
    for is_sorted in [true, false] {
        let scene = Scene::paying("", "");
        scene.write(INPUT, References::With.input(2));
        pay(&scene, INPUT, &[]).ends(0, "All done: 2 created");
        // As the ledger of another machine may be, where only the first was begun and its answer was
        // lost.
        let lines = scene.results();
        let [first, second] = &lines[..] else {
            panic!("two lines");
        };
        let ledger = super::ledger(&scene);
        let delete = "DELETE FROM attempt WHERE id = ?1";
        ledger.execute(delete, [&second.id]).unwrap();
        let verdict =
            "UPDATE attempt SET invoice_id = ?1, detail = 'resolved by operator' WHERE id = ?2";
        let ids = [&second.invoice_id, &first.id];
        ledger.execute(verdict, ids).unwrap();
        if !is_sorted {
            let text = scene.read(RESULTS);
            let lines: Vec<&str> = text.lines().collect();
            scene.write(RESULTS, [lines[0], lines[2], lines[1], ""].join("\n"));
        }
        pay(&scene, INPUT, &[]).ends(0, "Already created: 2");
        assert_paid(&scene, 2, "");
        let found = scene.results().into_iter().map(|line| line.invoice_id);
        let expected = [first.invoice_id.clone(), second.invoice_id.clone()];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn no_question_is_asked_about_a_payout_that_is_not_in_doubt() {
    let scene = Scene::paying("", "");
    scene.write(INPUT, References::With.input(1));
    pay(&scene, INPUT, &[]).ends(0, "All done: 1 created");
    let id = scene.results()[0].id.clone();
    for which in [["--id", &id], ["--reference", "R1"]] {
        let resolve = [&["resolve", "--not-created"][..], &which].concat();
        run(&scene, &resolve).ends(1, "this payout is not in doubt: it is created");
    }
}

#[test]
fn an_invoice_id_is_one_of_the_dashboard_and_of_no_other_payout() {
    let scene = Scene::paying("ok,drop-after", "");
    scene.write(INPUT, References::With.input(3));
    pay(&scene, INPUT, &[]).ends(6, "In doubt: line 3");
    let taken = invoice_id(&scene);
    for (id, status, why) in [
        (&*taken, 1, "this is the invoice id of another payout"),
        ("12345678", 2, "is not an invoice id"),
        ("INV-", 2, "is not an invoice id"),
        ("INV-XXXXXXXX", 2, "is not an invoice id"),
        ("INV-two words", 2, "is not an invoice id"),
        ("", 2, "is not an invoice id"),
    ] {
        resolve(&scene, &[INPUT, "--line", "3", "--invoice-id", id]).ends(status, why);
    }
    assert_eq!(scene.statuses(), ["created", "unknown"]);
    for (line, why) in [
        ("2", "this payout is not in doubt: it is created"),
        ("4", "this payout is not in doubt: it is pending"),
        ("9", "no payout stands on this line"),
    ] {
        resolve(&scene, &[INPUT, "--line", line, "--not-created"]).ends(1, why);
    }
}

#[test]
fn a_wrong_verdict_can_be_changed_until_the_payout_is_sent_again() {
    let scene = in_doubt("drop-before");
    let line = [INPUT, "--line", "2"];
    let created = ["--invoice-id", "INV-WRONG"];
    resolve(&scene, &[&line[..], &created].concat()).ends(0, "created INV-WRONG");
    resolve(&scene, &[&line[..], &["--not-created"]].concat()).ends(0, "not created");
    resolve(&scene, &[&line[..], &created].concat()).ends(0, "created INV-WRONG");
    resolve(&scene, &[&line[..], &["--not-created"]].concat()).ends(0, "not created");
    let recorded = scene.results()[0].clone();
    let (verdicts, before) = recorded.detail.split_once("; before: ").unwrap();
    let mut verdicts = verdicts.split("; verdict of ");
    assert_eq!(verdicts.next(), Some("resolved by operator"));
    let earlier = verdicts.map(|verdict| verdict.split_once(" UTC: ").unwrap().1);
    let earlier: Vec<_> = earlier.collect();
    assert_eq!(
        earlier,
        ["created INV-WRONG", "not_created", "created INV-WRONG"]
    );
    assert!(before.starts_with("no whole answer"), "{before}");
    let id = recorded.id;
    pay(&scene, INPUT, &[]).ends(0, "All done: 2 created");
    resolve(&scene, &["--id", &id, "--invoice-id", "INV-LATE"]).ends(1, "was sent again");
    assert_paid(&scene, 2, "");
}

#[test]
fn a_wrong_verdict_is_not_changed_when_another_ledger_has_sent_the_payout_again() {
    let scene = in_doubt("drop-after");
    let invoice_id = invoice_id(&scene);
    let line = ["resolve", INPUT, "--line", "2", "--yes"];
    let not_created = scene.program(line).args(["--not-created"]);
    not_created.stderr_has("not created").go();
    scene.write("other.csv", References::With.input(1));
    fs::create_dir(scene.path("b")).unwrap();
    let again = ["run", "other.csv", "--yes", "--interval", "0s"];
    let again = scene
        .through_sandbox(&again)
        .args(["--ledger", "b/ledger.db"]);
    again.stderr_has("1 created").go();
    let adopt = scene.program(["ledger", "adopt", "other.results.csv"]);
    adopt.stderr_has("1 of 1 attempt taken over").go();
    let created = scene.program(line).args(["--invoice-id", &invoice_id]);
    let refused = created.status(1);
    refused.stderr_has("the payout was sent again at").go();
}

#[test]
fn a_verdict_that_was_changed_since_a_backup_is_taken_over_and_an_earlier_one_is_not() {
    let scene = in_doubt("drop-after");
    let invoice_id = invoice_id(&scene);
    let line = [INPUT, "--line", "2"];
    let created = |id| [&line[..], &["--invoice-id", id]].concat();
    let not_created = [&line[..], &["--not-created"]].concat();
    resolve(&scene, &not_created).ends(0, "not created");
    let backup = fs::read(scene.ledger()).unwrap();
    resolve(&scene, &created("INV-WRONG")).ends(0, "created INV-WRONG");
    resolve(&scene, &created(&invoice_id)).ends(0, &invoice_id);
    fs::write(scene.ledger(), backup).unwrap();
    pay(&scene, INPUT, &[]).ends(0, "All done: 2 created");
    assert_paid(&scene, 2, "");
    assert_eq!(scene.results()[0].invoice_id, invoice_id);
    // A file from before the last verdict.
    let scene = in_doubt("drop-before");
    resolve(&scene, &created("INV-WRONG")).ends(0, "created INV-WRONG");
    let at = scene.results()[0].finished_at.unwrap();
    let of_last_year = (at - chrono::TimeDelta::days(365)).format("%Y-%m-%d");
    let today = at.format("%Y-%m-%d").to_string();
    let earlier = scene
        .read(RESULTS)
        .replace(&today, &of_last_year.to_string());
    resolve(&scene, &not_created).ends(0, "not created");
    scene.write(RESULTS, earlier);
    pay(&scene, INPUT, &[]).ends(0, "All done: 2 created");
    assert_paid(&scene, 2, "");
}

#[test]
fn a_verdict_with_the_id_of_another_payout_is_changed_as_the_hint_says() {
    let scene = in_doubt("drop-after");
    fs::create_dir(scene.path("b")).unwrap();
    // What another ledger has paid, and an operator takes for the payout in doubt.
    scene.write(
        "other.csv",
        format!("{}{}", References::With.header(), References::With.row(9)),
    );
    let other = ["other.csv", "--ledger", "b/ledger.db"];
    pay(&scene, other[0], &other[1..]).ends(0, "1 created");
    let book = scene.book();
    let [own, others] = [0, 1].map(|n| book.created[n].invoice_id.as_str());
    resolve(&scene, &[INPUT, "--line", "2", "--invoice-id", others]).ends(0, "created");
    let refused = pay(&scene, other[0], &[]);
    refused.ends(1, "is the invoice id of another payout");
    let id = scene.results()[0].id.clone();
    refused.ends(
        1,
        &format!("change the verdict (ccbatch resolve --id {id})"),
    );
    resolve(&scene, &["--id", &id, "--invoice-id", own]).ends(0, "created");
    pay(&scene, other[0], &[]).ends(0, "Already created: 1");
    assert_paid(&scene, 2, "");
}

#[test]
fn a_verdict_with_the_id_of_another_payout_of_its_batch_is_changed_as_the_hint_says() {
    let scene = in_doubt("drop-after*2");
    pay(&scene, INPUT, &["--keep-going"]).ends(6, "In doubt: line 3");
    let book = scene.book();
    let [first, second] = [0, 1].map(|n| book.created[n].invoice_id.as_str());
    let in_doubt = scene.read(RESULTS);
    // A colleague with another ledger has seen which is which.
    fs::create_dir(scene.path("b")).unwrap();
    for (line, id) in [("2", first), ("3", second)] {
        let verdict = [INPUT, "--line", line, "--invoice-id", id];
        let verdict = [&verdict[..], &["--ledger", "b/ledger.db"]].concat();
        resolve(&scene, &verdict).ends(0, "created");
    }
    let seen = scene.read(RESULTS);
    scene.write(RESULTS, in_doubt);
    resolve(&scene, &[INPUT, "--line", "3", "--invoice-id", first]).ends(0, "created");
    scene.write(RESULTS, seen);
    let id = scene.results()[1].id.clone();
    let hint = format!("change the verdict (ccbatch resolve --id {id})");
    pay(&scene, INPUT, &[]).ends(1, hint.as_str());
    resolve(&scene, &["--id", &id, "--invoice-id", second]).ends(0, "created");
    pay(&scene, INPUT, &[]).ends(0, "Already created: 2");
    assert_paid(&scene, 2, "");
}

#[test]
fn the_question_about_a_payout_that_was_settled_names_the_earlier_verdict() {
    let scene = in_doubt("drop-before");
    let line = [INPUT, "--line", "2"];
    let created = ["--invoice-id", "INV-SEEN"];
    resolve(&scene, &[&line[..], &created].concat()).ends(0, "created INV-SEEN");
    let words = ["resolve", INPUT, "--line", "2", "--not-created"];
    let mut terminal = scene.program(words).on_terminal();
    terminal.await_text("An earlier verdict says: created INV-SEEN.");
    terminal.type_line("n");
    terminal.end(6);
    assert_eq!(scene.results()[0].status, "created");
}

#[test]
fn a_status_that_is_typed_over_a_doubt_changes_no_verdict_and_is_no_answer() {
    let steps = [
        ("drop-after", 1),
        ("half", 1),
        ("no-id", 1),
        ("status:307", 0),
        ("status:400", 0),
        ("status:409", 0),
        ("status:503", 0),
    ];
    for (step, created) in steps {
        let scene = Scene::paying(step, "");
        scene.write(INPUT, References::With.input(1));
        pay(&scene, INPUT, &["--keep-going"]).ends(6, "in doubt");
        let doubt = scene.read(RESULTS);
        assert!(doubt.contains(",unknown,,,"), "{doubt}");
        for status in ["rejected", "not_created"] {
            let typed = doubt.replace(",unknown,", &format!(",{status},"));
            // The ledger is lost as well.
            fs::remove_file(scene.ledger()).unwrap();
            scene.write(RESULTS, &typed);
            pay(&scene, INPUT, &["--retry-rejected"]).ends(6, "in doubt");
            let verdict = ["--line", "2", "--invoice-id", "INV-FOUND123", "--yes"];
            run(&scene, &[&["resolve", INPUT][..], &verdict].concat()).ends(0, "Recorded");
            scene.write(RESULTS, &typed);
            pay(&scene, INPUT, &["--retry-rejected"]).ends(0, "Already created: 1");
        }
        assert_paid(&scene, created, step);
    }
}

#[test]
fn a_verdict_that_was_adopted_from_the_results_file_can_be_changed_too() {
    let scene = in_doubt("drop-before");
    resolve(&scene, &[INPUT, "--line", "2", "--invoice-id", "INV-WRONG"]).ends(0, "created");
    fs::remove_file(scene.ledger()).unwrap();
    resolve(&scene, &[INPUT, "--line", "2", "--not-created"]).ends(0, "not created");
    pay(&scene, INPUT, &[]).ends(0, "All done: 2 created");
    assert_paid(&scene, 2, "");
}

#[test]
fn a_wrong_not_created_costs_a_second_payment_once_and_is_told_in_the_record() {
    // An operator's wrong verdict is not covered; what was recorded is kept.
    let scene = in_doubt("drop-after");
    resolve(&scene, &[INPUT, "--line", "2", "--not-created"]).ends(0, "not created");
    for _ in 0..2 {
        scene.pay().stderr_has("All done: 2 created").go();
    }
    let sums = paid(&scene);
    assert_eq!((sums["0.001"], sums["0.002"]), (2, 1));
    let lines = scene.results();
    assert!(
        lines[0].detail.contains("resolved by operator"),
        "{lines:?}"
    );
    assert_eq!(scene.statuses(), ["not_created", "created", "created"]);
}

#[test]
fn what_names_an_invoice_id_is_not_called_not_created_without_naming_it() {
    let scene = in_doubt_by(answering(500, r#"{"invoice_id":"INV-NAMED123"}"#));
    let line = [INPUT, "--line", "2", "--not-created"];
    resolve(&scene, &line).ends(1, "--despite INV-NAMED123");
    // Another verdict in between does not make the record forget it.
    for id in ["INV-OTHER", "INV-NAMED123"] {
        let created = [INPUT, "--line", "2", "--invoice-id", id];
        resolve(&scene, &created).ends(0, "created INV-");
        resolve(&scene, &line).ends(1, "--despite INV-NAMED123");
    }
    resolve(&scene, &[&line[..], &["--despite", "INV-OTHER"]].concat()).ends(1, "INV-NAMED123");
    resolve(
        &scene,
        &[&line[..], &["--despite", "INV-NAMED123"]].concat(),
    )
    .ends(0, "not created");
}

#[test]
fn nobody_resolves_by_editing_a_cell() {
    for (from, to) in [
        (",unknown,", ",not_created,"),
        (",unknown,", ",rejected,"),
        (",unknown,", ",,"),
        (",unknown,,,", ",not_created,,,x,,,,"),
    ] {
        for step in ["drop-after", "kill"] {
            let scene = match step {
                "kill" => killed(),
                step => in_doubt(step),
            };
            pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
            let text = scene.read(RESULTS);
            scene.write(RESULTS, text.replace(from, to));
            pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
            assert_paid(&scene, 1, to);
        }
    }
}

/// A batch of two whose run was killed while the first payout was in flight.
fn killed() -> Scene {
    let scene = Scene::paying("delay:1h", "");
    scene.write(INPUT, References::With.input(2));
    let run = scene.pay().start();
    scene.await_deliveries(1);
    run.kill();
    scene
}

#[test]
fn a_line_in_flight_that_was_typed_over_is_still_in_doubt() {
    let scene = killed();
    let text = scene.read(RESULTS);
    assert!(text.contains(",unknown,,,in_flight,"), "{text}");
    scene.write(RESULTS, text.replace(",unknown,", ",not_created,"));
    pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
    assert_paid(&scene, 1, "");
}

#[test]
fn nothing_is_resolved_while_a_run_is_at_work() {
    let scene = Scene::paying("delay:1h", "");
    scene.write(INPUT, References::With.input(2));
    let run = scene.pay().start();
    scene.await_deliveries(1);
    let id = scene.results()[0].id.clone();
    for which in [
        &[INPUT, "--line", "2"][..],
        &["--id", &id],
        &["--reference", "R1"],
    ] {
        let ran = resolve(&scene, &[which, &["--not-created"]].concat());
        ran.ends(1, "at work on this batch");
    }
    let status = scene.program(["status", INPUT]).stdout_has("pending");
    let told = status.stderr_has("a run is at work on this batch").go();
    assert!(!told.stderr.contains("ccbatch resolve"), "{told}");
    run.kill();
    pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
}

#[test]
fn a_verdict_on_a_payout_of_another_batch_leaves_the_results_file_of_the_input_alone() {
    for by_id in [false, true] {
        let scene = in_doubt("drop-after");
        let id = scene.results()[0].id.clone();
        let invoice_id = invoice_id(&scene);
        // The second batch pays a row of the first, and some of its own.
        scene.write("other.csv", References::With.input(4));
        let flags = ["--only", "4-5"];
        pay(&scene, "other.csv", &flags).ends(0, "2 created");
        let other = scene.read("other.results.csv");
        let which = if by_id {
            ["--id", &id]
        } else {
            ["--line", "2"]
        };
        let flags = [&which[..], &["other.csv", "--invoice-id", &invoice_id]].concat();
        resolve(&scene, &flags).ends(0, "Recorded: line 2 created INV-");
        assert_eq!(scene.read("other.results.csv"), other);
        assert_eq!(scene.statuses(), ["created"]);
        pay(&scene, "other.csv", &[]).ends(0, "All done: 4 created");
        assert_paid(&scene, 4, "");
    }
}

#[test]
fn a_verdict_is_not_written_over_the_results_file_of_another_batch() {
    let scene = in_doubt("drop-after");
    let id = scene.results()[0].id.clone();
    scene.write("other.csv", References::Without.input(4));
    pay(&scene, "other.csv", &["--only", "4-5"]).ends(0, "2 created");
    let other = scene.read("other.results.csv");
    scene.write(RESULTS, &other);
    let verdict = ["--id", &id, "--invoice-id", &invoice_id(&scene)];
    resolve(&scene, &verdict).ends(0, "Recorded: line 2 created INV-");
    assert_eq!(scene.read(RESULTS), other);
}

#[test]
fn an_id_that_no_payout_has_is_told() {
    let scene = in_doubt("drop-after");
    for flags in [["--id", "abc"], ["--reference", "R9"]] {
        resolve(&scene, &[&flags[..], &["--not-created"]].concat())
            .ends(1, "the ledger has no payout with");
    }
    let mistyped = [INPUT, "--reference", "R9", "--not-created"];
    resolve(&scene, &mistyped).ends(1, "no payout of this batch has the reference \"R9\"");
    let pending = [INPUT, "--reference", "R2", "--not-created"];
    let ran = resolve(&scene, &pending);
    ran.ends(
        1,
        "payouts.csv:3: this payout is not in doubt: it is pending",
    );
    ran.ends(1, "each payout stands: ccbatch status payouts.csv");
}

#[test]
fn a_verdict_is_given_by_a_person_and_about_the_records_that_are_named() {
    let scene = in_doubt("drop-after");
    let words = ["resolve", INPUT, "--line", "2", "--not-created"];
    let run = scene.program(words).status(2);
    run.stderr_has("nothing was recorded: there is no terminal to ask on")
        .go();
    // A rehearsal is known by its input alone: without it, the ledger of real payouts would be asked.
    let run = scene.program([
        "resolve",
        "--sandbox",
        "--reference",
        "R1",
        "--not-created",
        "--yes",
    ]);
    run.status(2).stderr_has("<FILE>").go();
    assert_eq!(scene.statuses(), ["unknown"]);
}

#[test]
fn a_payout_in_doubt_is_told_on_the_line_where_it_stands_today() {
    let scene = in_doubt("drop-after");
    let input = scene.read(INPUT);
    let mut lines: Vec<&str> = input.lines().collect();
    let header = lines.remove(0);
    lines.reverse();
    scene.write(INPUT, format!("{header}\n{}\n", lines.join("\n")));
    let last = lines.len() + 1;
    let ran = pay(&scene, INPUT, &[]);
    ran.ends(6, &format!("In doubt: line {last}, "));
    ran.ends(6, &format!("--line {last} --not-created"));
}

#[test]
fn a_payout_in_doubt_whose_row_is_deleted_is_told_until_it_is_settled() {
    let scene = in_doubt("drop-after");
    // The row in doubt goes, and the others stay.
    let input = scene.read(INPUT);
    let line = scene.results().pop().unwrap();
    assert_eq!(line.status, "unknown");
    let others = input.lines().filter(|row| !row.contains(&line.reference));
    let others: Vec<&str> = others.collect();
    scene.write(INPUT, others.join("\n") + "\n");
    let ran = pay(&scene, INPUT, &[]);
    ran.ends(6, "an earlier run left a payout in doubt");
    ran.ends(6, &format!("ccbatch resolve --id {}", line.id));
    let status = run(&scene, &["status", INPUT]);
    status.ends(0, &format!("ccbatch resolve --id {}", line.id));
}

#[test]
fn doubts_of_one_reference_are_told_apart() {
    let scene = Scene::paying("drop-after,drop-before", "");
    for (name, row) in [("a.csv", 1), ("b.csv", 2)] {
        let row = References::With.row(row).replace("R2", "R1");
        scene.write(name, format!("{}{row}", References::With.header()));
        pay(&scene, name, &["--references", "per-file"]).ends(6, "In doubt: line 2");
    }
    let several = resolve(&scene, &["--reference", "R1", "--not-created"]);
    several.ends(
        1,
        "several attempts fit \"R1\"\n  hint: say which with --id: ",
    );
    for amount in ["0.001", "0.002"] {
        several.ends(
            1,
            &format!(" is {amount} BTC to {BITCOIN} (reference R1), begun at "),
        );
    }
}

#[test]
fn how_references_count_is_fixed_while_a_verdict_can_be_changed() {
    let scene = Scene::paying("drop-after", "");
    scene.write(INPUT, References::With.input(COUNT));
    pay(&scene, INPUT, &["--references", "per-file"]).ends(6, "In doubt: line 2");
    resolve(&scene, &[INPUT, "--line", "2", "--not-created"]).ends(0, "not created");
    pay(&scene, INPUT, &["--references", "shared", "--only", "3"])
        .ends(1, "were sent with --references per-file");
    let id = invoice_id(&scene);
    resolve(&scene, &[INPUT, "--line", "2", "--invoice-id", &id]).ends(0, &id);
    pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
    assert_paid(&scene, COUNT, "");
}
