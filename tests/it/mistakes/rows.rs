//! Rows and references that are changed, lost or added after payment: each line of the rules.

use super::{COUNT, References, age, assert_paid, begun, ledger, paid, pay};
use crate::harness::{BITCOIN, INPUT, RESULTS, Scene};

/// Another recipient of BTC.
const OTHER: &str = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2";

/// Writes the input anew with some text replaced, which must be there.
fn replace(scene: &Scene, from: &str, to: &str) {
    let text = scene.read(INPUT);
    assert!(text.contains(from), "{from}");
    scene.write(INPUT, text.replacen(from, to, 1));
}

/// Puts the rows into another order, or leaves some out; the first is 1.
fn take_rows(scene: &Scene, references: References, order: &[usize]) {
    let rows: String = order.iter().map(|n| references.row(*n)).collect();
    scene.write(INPUT, format!("{}{rows}", references.header()));
}

#[test]
fn rows_may_be_sorted_inserted_and_the_columns_reordered() {
    for references in [References::With, References::Without] {
        for order in [&[4, 3, 2, 1][..], &[5, 1, 2, 3, 4], &[1, 5, 2, 6, 3, 4]] {
            let scene = begun(references, 2);
            take_rows(&scene, references, order);
            pay(&scene, INPUT, &[]).ends(0, "All done");
            assert_paid(&scene, order.len(), "");
        }
        let scene = begun(references, 2);
        let text = scene.read(INPUT);
        let turned: Vec<String> = text
            .lines()
            .map(|line| line.split(',').rev().collect::<Vec<_>>().join(","))
            .collect();
        scene.write(INPUT, turned.join("\r\n"));
        pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
        assert_paid(&scene, COUNT, "");
    }
}

#[test]
fn a_paid_row_may_be_deleted_if_it_has_a_reference_and_must_be_put_back_if_it_has_none() {
    let scene = begun(References::With, 2);
    take_rows(&scene, References::With, &[1, 3, 4]);
    pay(&scene, INPUT, &[]).ends(0, "All done: 3 created");
    assert_paid(&scene, COUNT, "");

    let scene = begun(References::Without, 2);
    take_rows(&scene, References::Without, &[1, 3, 4]);
    let ran = pay(&scene, INPUT, &["--repeat"]);
    ran.ends(3, "a payout of this batch is no longer in the file");
    let row = format!("currency_code,to_address,amount: BTC,{BITCOIN},0.002");
    ran.ends(3, &row);
    // The row that is told, pasted at the end, is the one that was missing.
    let pasted = row.split_once(": ").unwrap().1;
    scene.write(INPUT, format!("{}{pasted}\n", scene.read(INPUT)));
    pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
    assert_paid(&scene, COUNT, "");
}

#[test]
fn a_row_is_not_put_back_while_an_equal_one_is_in_doubt() {
    let scene = Scene::paying("drop-before,ok", "");
    let header = References::Without.header();
    let row = References::Without.row(1);
    scene.write(INPUT, format!("{header}{row}{row}"));
    pay(&scene, INPUT, &["--keep-going"]).ends(6, "1 created, 1 in doubt");
    // One of the two is deleted: the row that is left may be the one that was paid.
    scene.write(INPUT, format!("{header}{row}"));
    let ran = pay(&scene, INPUT, &["--keep-going"]);
    ran.ends(6, "a payout of this batch is no longer in the file");
    ran.ends(6, "ccbatch resolve --id ");
    assert!(!ran.told.contains("put the row back"), "{}", ran.told);
    let not_created = ["resolve", INPUT, "--line", "2", "--not-created", "--yes"];
    scene.program(not_created).stderr_has("Recorded").go();
    pay(&scene, INPUT, &[]).ends(0, "Already created: 1");
    assert_eq!(scene.book().created.len(), 1);
}

#[test]
fn of_two_rows_that_collide_with_one_payout_the_second_is_told_of_the_first() {
    // The paid row stands there twice, each time under another reference.
    let scene = begun(References::With, 1);
    let (header, row) = (References::With.header(), References::With.row(1));
    let copies = ["N1", "N2"].map(|reference| row.replacen("R1", reference, 1));
    scene.write(INPUT, format!("{header}{}", copies.concat()));
    let ran = pay(&scene, INPUT, &[]);
    ran.ends(
        3,
        "payouts.csv:2: the same sum went to the same address before",
    );
    ran.ends(
        3,
        "line 2 collides with it too: if both rows are that payout, take this one out",
    );
    scene.write(INPUT, format!("{header}{row}"));
    pay(&scene, INPUT, &[]).ends(0, "Already created: 1");
    assert_paid(&scene, 1, "");
}

#[test]
fn an_edit_of_a_paid_row_without_a_reference_is_a_row_missing() {
    for (from, to) in [("0.002", "0.02"), (BITCOIN, OTHER)] {
        let scene = begun(References::Without, 2);
        replace(&scene, from, to);
        pay(&scene, INPUT, &[]).ends(3, "a payout of this batch is no longer in the file");
        assert_paid(&scene, 2, "");
    }
}

#[test]
fn a_reference_that_was_used_pays_nothing_else() {
    for (from, to) in [
        ("0.002", "0.02"),
        (&*format!("R2,BTC,{BITCOIN}"), &*format!("R2,BTC,{OTHER}")),
        (
            &*format!("R2,BTC,{BITCOIN}"),
            "R2,LTC,LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1",
        ),
    ] {
        let scene = begun(References::With, 2);
        replace(&scene, from, to);
        let ran = pay(&scene, INPUT, &[]);
        ran.ends(
            3,
            "payouts.csv:3: reference: the reference was used for another payout",
        );
        ran.ends(3, &scene.book().created[1].invoice_id);
        ran.ends(3, &format!("R2,BTC,{BITCOIN},0.002"));
        assert_paid(&scene, 2, "");
    }
    // The same amount in other digits is the same payout.
    let scene = begun(References::With, 2);
    replace(&scene, "0.002", "0.00200");
    pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
}

#[test]
fn an_instalment_needs_a_reference_of_its_own() {
    let scene = begun(References::With, COUNT);
    scene.write(
        "second.csv",
        format!("{}R1,BTC,{BITCOIN},0.5\n", References::With.header()),
    );
    pay(&scene, "second.csv", &[])
        .ends(3, "each part of an instalment needs a reference of its own");
    scene.write(
        "second.csv",
        format!("{}R1-2,BTC,{BITCOIN},0.5\n", References::With.header()),
    );
    pay(&scene, "second.csv", &[]).ends(0, "All done: 1 created");
    assert_paid(&scene, COUNT + 1, "");
}

#[test]
fn a_row_that_is_missing_is_shown_as_the_file_has_its_rows() {
    let rows = [
        format!("1;Анна;0,5;{BITCOIN};BTC\n"),
        format!("2;Пётр;0,25;{OTHER};BTC\n"),
    ];
    let header = "№;ФИО;Сумма;Адрес;Валюта\n";
    let scene = Scene::paying("", "");
    scene.write(INPUT, format!("{header}{}", rows.concat()));
    let flags = ["--decimal-comma"];
    pay(&scene, INPUT, &flags).ends(0, "All done: 2 created");
    scene.write(INPUT, format!("{header}{}", rows[0]));
    let missing = format!(";Пётр;0,25;{OTHER};BTC");
    pay(&scene, INPUT, &flags).ends(
        3,
        &format!("put the row back (№;ФИО;Сумма;Адрес;Валюта: {missing})"),
    );
    scene.write(INPUT, format!("{header}{}{missing}\n", rows[0]));
    pay(&scene, INPUT, &flags).ends(0, "nothing to submit");
    assert_paid(&scene, 2, "");
}

#[test]
fn a_reference_that_was_changed_after_payment_is_the_same_payout_for_five_days() {
    let scene = begun(References::With, 2);
    replace(&scene, "R2,", "R9,");
    let ran = pay(&scene, INPUT, &[]);
    ran.ends(
        3,
        "payouts.csv:3: the same sum went to the same address before",
    );
    ran.ends(3, &format!("change this row back to what was paid, and add none: reference,currency_code,to_address,amount: R2,BTC,{BITCOIN},0.002"));
    assert_paid(&scene, 2, "");
    age(&scene, 4);
    pay(&scene, INPUT, &[]).ends(3, "the same sum went to the same address before");
    // Who pays equal sums every week gives references.
    age(&scene, 2);
    let run = scene.pay().args(["--only", "3"]);
    run.stderr_has("1 created").go();
    assert_eq!(paid(&scene)["0.002"], 2);
}

#[test]
fn references_that_were_lost_with_their_column_pay_nobody_again_however_late() {
    for days in [0, 19, 400] {
        let scene = begun(References::With, 2);
        age(&scene, days);
        scene.write(INPUT, References::Without.input(COUNT));
        pay(&scene, INPUT, &[]).ends(3, "payouts.csv:2: the same sum went");
        assert_paid(&scene, 2, "");
    }
}

#[test]
fn references_that_were_added_after_payment_pay_nobody_again() {
    for days in [0, 400] {
        let scene = begun(References::Without, 2);
        age(&scene, days);
        scene.write(INPUT, References::With.input(COUNT));
        let ran = pay(&scene, INPUT, &["--repeat"]);
        ran.ends(3, "a payout of this batch is no longer in the file");
        assert_paid(&scene, 2, "");
    }
}

#[test]
fn a_reference_that_was_taken_for_a_number_is_no_new_one() {
    for (paid, taken_for) in [("0012", "12"), ("12", "12.0"), ("000", "0")] {
        let scene = begun(References::With, 0);
        let with = |first: &str, count| {
            let rows = References::With.input(count);
            rows.replace("R1,", &format!("{first},"))
        };
        scene.write(INPUT, with(paid, 2));
        pay(&scene, INPUT, &[]).ends(0, "All done: 2 created");
        age(&scene, 30);
        let next = with(taken_for, 3).replace("R2,", "R4,");
        scene.write("next.csv", next.replace("0.002", "0.004"));
        let ran = pay(&scene, "next.csv", &[]);
        ran.ends(
            3,
            "next.csv:2: reference: the reference was used before, written otherwise",
        );
        ran.ends(3, &format!("write it as it was: {paid}\n"));
        // Written so, a row that pays something else would be refused again.
        scene.write("shop.csv", next.replace("0.001", "0.007"));
        pay(&scene, "shop.csv", &[]).ends(3, "give it a reference that differs in more");
        let next = scene
            .read("next.csv")
            .replace(&format!("\n{taken_for},"), &format!("\n{paid},"));
        scene.write("next.csv", next);
        pay(&scene, "next.csv", &[]).ends(0, "All done: 3 created");
        assert_paid(&scene, 4, "");
    }
}

#[test]
fn a_reference_in_another_case_is_no_new_one() {
    for flags in [&[][..], &["--repeat"]] {
        let scene = begun(References::With, 2);
        age(&scene, 6);
        replace(&scene, "R2,", "r2,");
        let ran = pay(&scene, INPUT, flags);
        ran.ends(
            3,
            "payouts.csv:3: reference: the reference was used before, written otherwise",
        );
        ran.ends(3, "write it as it was: R2");
        assert_paid(&scene, 2, "");
        // Nor in another file.
        scene.write("other.csv", scene.read(INPUT));
        pay(&scene, "other.csv", flags).ends(3, "written otherwise");
        // Both in one file are two payouts, each of which is meant.
        let both = scene.read(INPUT).replace("r2,", "R2,");
        scene.write(INPUT, format!("{both}r2,BTC,{BITCOIN},0.9\n"));
        pay(&scene, INPUT, &[]).ends(0, "All done: 5 created");
    }
}

#[test]
fn the_same_sum_twice_on_purpose_is_paid_twice() {
    let twice = format!("BTC,{BITCOIN},0.5\nBTC,{BITCOIN},0.5\n");
    let scene = begun(References::Without, 0);
    scene.write(INPUT, format!("{}{twice}", References::Without.header()));
    let run = ["run", INPUT, "--yes", "--interval", "0s"];
    for (flags, count) in [(&["--limit", "1"][..], 1), (&[], 2), (&[], 2)] {
        let _ = scene.through_sandbox(&[&run[..], flags].concat()).raw();
        assert_eq!(scene.book().created.len(), count);
        // Whichever of the two was paid, the other one is not paid in its place.
        let _ = std::fs::remove_file(scene.path(RESULTS));
    }
}

#[test]
fn of_two_equal_rows_the_one_that_stays_is_the_one_that_was_paid() {
    let one = format!("{}BTC,{BITCOIN},0.5\n", References::Without.header());
    let scene = begun(References::Without, 0);
    scene.write(INPUT, format!("{one}BTC,{BITCOIN},0.5\n"));
    pay(&scene, INPUT, &["--limit", "1"]).ends(5, "1 created");
    scene.write(INPUT, &one);
    pay(&scene, INPUT, &[]).ends(0, "All done: 1 created");
    assert_paid(&scene, 1, "");
}

#[test]
fn a_rejected_row_that_is_deleted_takes_no_other_with_it() {
    for references in [References::With, References::Without] {
        let scene = Scene::paying("reject:network", "");
        scene.write(INPUT, references.input(2));
        pay(&scene, INPUT, &["--limit", "1"]).ends(5, "1 rejected");
        take_rows(&scene, references, &[2]);
        pay(&scene, INPUT, &[]).ends(0, "All done: 1 created");
        assert_eq!(scene.book().created[0].amount, "0.002");
    }
}

#[test]
fn a_rejected_row_is_left_alone_until_it_is_mended() {
    for references in [References::With, References::Without] {
        let scene = Scene::paying("ok,reject:network", "");
        scene.write(INPUT, references.input(3));
        pay(&scene, INPUT, &[]).ends(4, "2 created, 1 rejected");
        pay(&scene, INPUT, &[]).ends(4, "2 created, 1 rejected");
        replace(&scene, "0.002", "0.2");
        pay(&scene, INPUT, &[]).ends(0, "All done: 3 created");
        assert_eq!(
            paid(&scene).keys().collect::<Vec<_>>(),
            ["0.001", "0.003", "0.2"]
        );
    }
}

#[test]
fn a_rejected_row_is_sent_again_when_that_is_asked_for() {
    let scene = Scene::paying("reject:network", "");
    scene.write(INPUT, References::With.input(2));
    pay(&scene, INPUT, &[]).ends(4, "1 created, 1 rejected");
    pay(&scene, INPUT, &["--retry-rejected"]).ends(0, "All done: 2 created");
    assert_paid(&scene, 2, "");
}

#[test]
fn a_payout_in_doubt_in_another_batch_is_settled_by_the_command_that_is_shown() {
    let scene = Scene::paying("drop-after", "");
    scene.write(INPUT, References::With.input(2));
    let flags = ["--ledger", "mine.db"];
    pay(&scene, INPUT, &flags).ends(6, "In doubt: line 2");
    scene.write("copy.csv", References::With.input(2));
    let ran = pay(&scene, "copy.csv", &flags);
    ran.ends(6, "copy.csv:2: this payout is in doubt");
    let id = scene.results()[0].id.clone();
    let command = format!("ccbatch resolve --ledger mine.db --id {id} --invoice-id INV-");
    ran.ends(6, &command);
    let invoice_id = scene.book().created[0].invoice_id.clone();
    let command = command.replace("INV-", &invoice_id);
    scene.shown(&command).stderr_has("Recorded: line 2").go();
    pay(&scene, "copy.csv", &flags).ends(0, "All done: 2 created");
    assert_paid(&scene, 2, "");
}

#[test]
fn a_twin_in_doubt_is_settled_first_and_cannot_be_repeated() {
    let scene = Scene::paying("drop-after", "");
    scene.write(INPUT, References::Without.input(2));
    pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
    scene.write("copy.csv", References::Without.input(2));
    for flags in [&[][..], &["--repeat"]] {
        let ran = pay(&scene, "copy.csv", flags);
        ran.ends(6, "the same sum went to the same address before");
        ran.ends(6, "ccbatch resolve --id ");
    }
    assert_paid(&scene, 1, "");
}

#[test]
fn two_files_without_references_that_start_together_pay_each_once() {
    let scene = begun(References::Without, 0);
    scene.write("copy.csv", References::Without.input(COUNT));
    let start = |input| {
        let run = ["run", input, "--yes", "--interval", "0s"];
        scene.through_sandbox(&run).stderr_has("").start()
    };
    let runs = [start(INPUT), start("copy.csv")];
    for run in runs {
        run.await_end();
    }
    // Whoever begins the first row pays all of them, and the other is refused it.
    assert_paid(&scene, COUNT, "");
    let known = "SELECT count(*) FROM attempt WHERE status = 'created'";
    let count: u32 = ledger(&scene)
        .query_row(known, [], |row| row.get(0))
        .unwrap();
    assert_eq!(count as usize, scene.book().created.len());
}

#[test]
fn two_copies_with_references_that_run_together_share_the_payouts() {
    let scene = Scene::paying("delay:1s", "");
    scene.write(INPUT, References::With.input(COUNT));
    scene.write("copy.csv", References::With.input(COUNT));
    let run = scene.pay().stderr_has("4 created").start();
    scene.await_deliveries(1);
    // The payout that the first run is submitting is waited for.
    pay(&scene, "copy.csv", &[]).ends(0, "4 created");
    run.end();
    assert_paid(&scene, COUNT, "");
}

#[test]
fn a_twin_that_turns_up_when_a_row_is_begun_stops_the_run() {
    let scene = Scene::paying("delay:3s", "");
    scene.write(INPUT, References::Without.input(COUNT));
    let run = scene
        .pay()
        .status(5)
        .stderr_has("a row was refused")
        .start();
    scene.await_deliveries(1);
    // Another file pays the second row meanwhile, however long that takes.
    run.signal("STOP");
    let second = format!(
        "{}{}",
        References::Without.header(),
        References::Without.row(2)
    );
    scene.write("second.csv", second);
    pay(&scene, "second.csv", &[]).ends(0, "1 created");
    run.signal("CONT");
    run.end();
    assert_paid(&scene, 2, "");
}

#[test]
fn a_row_that_got_a_reference_is_to_be_changed_back_and_not_added() {
    let scene = begun(References::Without, 2);
    scene.write(INPUT, References::With.input(COUNT));
    let ran = pay(&scene, INPUT, &[]);
    ran.ends(3, "2 errors: 2 paid before; nothing was sent");
    ran.ends(3, "change this row back to what was paid, and add none");
    // To put the paid row beside the one that pays it again would be a second payment.
    assert!(!ran.told.contains("put the row back"), "{}", ran.told);
    assert_paid(&scene, 2, "");
}

#[test]
fn a_row_to_be_put_back_is_right_as_csv() {
    let row = |amount: &str| {
        let header = References::With.header();
        format!("{header}\"R,\"\"1\"\"\",BTC,{BITCOIN},{amount}\n")
    };
    let scene = begun(References::With, 0);
    scene.write("second.csv", row("0.5"));
    pay(&scene, "second.csv", &[]).ends(0, "All done: 1 created");
    scene.write("second.csv", row("0.6"));
    let told = format!("amount: \"R,\"\"1\"\"\",BTC,{BITCOIN},0.5");
    pay(&scene, "second.csv", &[]).ends(3, &told);
}
