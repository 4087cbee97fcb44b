//! `--repeat`, `--references`, `--only`, and batches that are closed.

use super::{COUNT, References, age, assert_paid, begun, ledger, paid, pay};
use crate::harness::{BITCOIN, INPUT, RESULTS, Scene};

/// Runs the program without a look at the book.
fn pay_again(scene: &Scene, input: &str, flags: &[&str]) -> (Option<i32>, String) {
    let start = ["run", input, "--yes", "--interval", "0s"];
    let output = scene.through_sandbox(&[&start[..], flags].concat()).raw();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), told)
}

#[test]
fn repeat_pays_the_same_sums_again_and_is_asked_for_on_every_run() {
    let scene = begun(References::Without, COUNT);
    scene.write("again.csv", References::Without.input(COUNT));
    pay(&scene, "again.csv", &[]).ends(3, "the same sum went to the same address before");
    let (status, told) = pay_again(&scene, "again.csv", &["--repeat", "--limit", "2"]);
    assert_eq!(status, Some(5), "{told}");
    assert!(told.contains("To go on: ccbatch run again.csv"), "{told}");
    let (status, told) = pay_again(&scene, "again.csv", &[]);
    assert_eq!(status, Some(3), "{told}");
    let (status, told) = pay_again(&scene, "again.csv", &["--repeat"]);
    assert_eq!(status, Some(0), "{told}");
    // What was repeated is not repeated once more.
    let (status, told) = pay_again(&scene, "again.csv", &["--repeat"]);
    assert_eq!(status, Some(0), "{told}");
    assert!(
        paid(&scene).values().all(|times| *times == 2),
        "{:?}",
        paid(&scene)
    );
    let sql = "SELECT count(*) FROM attempt WHERE repeated = 1";
    let repeated: u32 = ledger(&scene).query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(repeated as usize, COUNT);
}

#[test]
fn a_sum_without_a_reference_may_be_paid_by_another_file_after_twenty_days() {
    let scene = begun(References::Without, COUNT);
    scene.write("april.csv", References::Without.input(COUNT));
    age(&scene, 19);
    pay(&scene, "april.csv", &[]).ends(3, "the same sum went to the same address before");
    age(&scene, 2);
    let (status, told) = pay_again(&scene, "april.csv", &[]);
    assert_eq!(status, Some(0), "{told}");
    assert!(paid(&scene).values().all(|times| *times == 2));
}

#[test]
fn references_per_file_count_within_one_file() {
    let per_file = ["--references", "per-file"];
    let scene = begun(References::With, 0);
    pay(&scene, INPUT, &["--references", "per-file", "--limit", "2"]).ends(5, "2 created");
    // It is stored with the batch.
    pay(&scene, INPUT, &["--references", "shared"]).ends(1, "were sent with --references per-file");
    pay(&scene, INPUT, &["--references", "shared", "--dry-run"])
        .ends(1, "were sent with --references per-file");
    pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
    // A copy is a twin, and other sums under the same references are not.
    scene.write("copy.csv", References::With.input(COUNT));
    for flags in [&per_file[..], &[]] {
        pay(&scene, "copy.csv", flags).ends(3, "the same sum went to the same address before");
    }
    assert_paid(&scene, COUNT, "");
    let others = References::With.input(COUNT).replace(",0.0", ",0.1");
    scene.write("other.csv", others);
    pay(&scene, "other.csv", &per_file).ends(0, "All done: 4 created");
    assert_paid(&scene, 2 * COUNT, "");
}

#[test]
fn a_paid_row_with_a_reference_per_file_must_stay() {
    let scene = begun(References::With, 0);
    pay(&scene, INPUT, &["--references", "per-file", "--limit", "2"]).ends(5, "2 created");
    scene.write(INPUT, scene.read(INPUT).replace("R2,", "R9,"));
    pay(&scene, INPUT, &["--repeat"]).ends(3, "a payout of this batch is no longer in the file");
    assert_paid(&scene, 2, "");
}

#[test]
fn only_pays_the_rows_that_are_named() {
    for only in ["3,5", "R2,R4", "3,R4", "R2,line:5"] {
        let scene = begun(References::With, 0);
        pay(&scene, INPUT, &["--only", only]).ends(0, "2 created");
        let amounts = paid(&scene);
        assert_eq!(
            amounts.keys().collect::<Vec<_>>(),
            ["0.002", "0.004"],
            "{only}"
        );
        pay(&scene, INPUT, &[]).ends(0, "All done: 4 created");
        assert_paid(&scene, COUNT, only);
    }
    let scene = begun(References::With, 0);
    pay(&scene, INPUT, &["--only", "9"]).ends(2, "no payout stands on line 9");
    pay(&scene, INPUT, &["--only", "R9"]).ends(2, "no row has the reference");
    scene.write(INPUT, scene.read(INPUT).replace("R2,", "4,"));
    pay(&scene, INPUT, &["--only", "4"]).ends(2, "write line:4 or ref:4");
    pay(&scene, INPUT, &["--only", "ref:4"]).ends(0, "1 created");
    assert_eq!(paid(&scene).keys().collect::<Vec<_>>(), ["0.002"]);
}

#[test]
fn a_batch_that_was_paid_long_ago_is_closed() {
    for references in [References::With, References::Without] {
        let scene = begun(references, COUNT);
        age(&scene, 21);
        let ran = pay(&scene, INPUT, &[]);
        ran.ends(1, "payouts.csv: all of these were paid on ");
        ran.ends(
            1,
            "hint: leave these rows out; put new payouts into a file of another name",
        );
        pay(&scene, INPUT, &["--only", "2"]).ends(1, "all of these were paid on ");
        assert_paid(&scene, COUNT, "");
    }
}

#[test]
fn a_row_added_to_a_batch_that_was_finished_long_ago_is_an_error_without_references() {
    let added = format!("BTC,{BITCOIN},0.9\n");
    let scene = begun(References::Without, COUNT);
    scene.write(
        INPUT,
        format!("{}{added}", References::Without.input(COUNT)),
    );
    age(&scene, 21);
    pay(&scene, INPUT, &[]).ends(3, "payouts.csv:6: this batch was finished");
    assert_paid(&scene, COUNT, "");
    // With references it is one more payout, and so it is within the days.
    let scene = begun(References::With, COUNT);
    scene.write(
        INPUT,
        format!("{}R9,{added}", References::With.input(COUNT)),
    );
    age(&scene, 21);
    pay(&scene, INPUT, &[]).ends(0, "All done: 5 created");
    let scene = begun(References::Without, COUNT);
    scene.write(
        INPUT,
        format!("{}{added}", References::Without.input(COUNT)),
    );
    age(&scene, 19);
    pay(&scene, INPUT, &[]).ends(0, "All done: 5 created");
}

#[test]
fn a_new_month_under_the_old_name_is_refused_without_references() {
    let scene = begun(References::Without, COUNT);
    age(&scene, 30);
    scene.write(
        INPUT,
        References::Without.input(COUNT).replace(",0.0", ",0.1"),
    );
    let ran = pay(&scene, INPUT, &[]);
    ran.ends(3, "a payout of this batch is no longer in the file");
    ran.ends(
        3,
        "give the file another name and leave the results file behind",
    );
    // As the hint says.
    scene.write("april.csv", scene.read(INPUT));
    pay(&scene, "april.csv", &[]).ends(0, "All done: 4 created");
    assert_paid(&scene, 2 * COUNT, "");
    assert!(scene.path(RESULTS).exists());
}
