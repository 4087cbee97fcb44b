//! Copies, renames, folders, and what becomes of the results file. Each is tried with and without
//! references, half paid and fully paid.

use super::{COUNT, References, assert_paid, begun, pay, run};
use crate::harness::{INPUT, RESULTS, Scene};
use std::fs;

/// Something that is done to the files of a batch, and the run that follows it.
struct Mistake {
    what: &'static str,
    done: fn(&Scene),
    /// The input and the flags of the run.
    run: (&'static str, &'static [&'static str]),
    /// The exit status and what is told: with references half and fully paid, then without.
    ends: [(i32, &'static str); 4],
}

/// The same command goes on.
const GOES_ON: [(i32, &str); 4] = [(0, "All done: 4 created"); 4];

const CLOSED: (i32, &str) = (1, "all of these were paid on");
const TWIN: (i32, &str) = (3, "the same sum went to the same address before");

/// Another file: what has references is recognised, what has none is a twin.
const ANOTHER_FILE: [(i32, &str); 4] = [
    (0, "Already created by another batch: 2"),
    CLOSED,
    TWIN,
    TWIN,
];

fn copy(scene: &Scene, from: &str, to: &str) {
    fs::copy(scene.path(from), scene.path(to)).unwrap();
}

fn rename(scene: &Scene, from: &str, to: &str) {
    fs::rename(scene.path(from), scene.path(to)).unwrap();
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        what: "the same command again",
        done: |_| {},
        run: (INPUT, &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "a copy under another name",
        done: |scene| copy(scene, INPUT, "copy.csv"),
        run: ("copy.csv", &[]),
        ends: ANOTHER_FILE,
    },
    Mistake {
        what: "renamed",
        done: |scene| rename(scene, INPUT, "march.csv"),
        run: ("march.csv", &[]),
        ends: ANOTHER_FILE,
    },
    Mistake {
        what: "renamed together with its results file",
        done: |scene| {
            rename(scene, INPUT, "march.csv");
            rename(scene, RESULTS, "march.results.csv");
        },
        run: ("march.csv", &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "moved to another folder",
        done: |scene| {
            fs::create_dir(scene.path("other")).unwrap();
            rename(scene, INPUT, "other/payouts.csv");
        },
        run: ("other/payouts.csv", &[]),
        ends: ANOTHER_FILE,
    },
    Mistake {
        what: "moved to another folder together with its results file",
        done: |scene| {
            fs::create_dir(scene.path("other")).unwrap();
            rename(scene, INPUT, "other/payouts.csv");
            rename(scene, RESULTS, "other/payouts.results.csv");
        },
        run: ("other/payouts.csv", &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "copied to another folder together with its results file",
        done: |scene| {
            fs::create_dir(scene.path("other")).unwrap();
            copy(scene, INPUT, "other/payouts.csv");
            copy(scene, RESULTS, "other/payouts.results.csv");
        },
        run: ("other/payouts.csv", &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "--results with another name",
        done: |_| {},
        run: (INPUT, &["--results", "other.csv"]),
        ends: ANOTHER_FILE,
    },
    Mistake {
        what: "results deleted",
        done: |scene| fs::remove_file(scene.path(RESULTS)).unwrap(),
        run: (INPUT, &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "results emptied",
        done: |scene| scene.write(RESULTS, ""),
        run: (INPUT, &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "results with blank lines only",
        done: |scene| scene.write(RESULTS, "\n\n"),
        run: (INPUT, &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "results with the header only",
        done: |scene| keep_lines(scene, 1),
        run: (INPUT, &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "results rolled back by a line",
        done: |scene| keep_lines(scene, 2),
        run: (INPUT, &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "results with its lines in another order",
        done: |scene| {
            let text = scene.read(RESULTS);
            let (header, lines) = text.split_once('\n').unwrap();
            let lines: Vec<&str> = lines.lines().rev().collect();
            scene.write(RESULTS, format!("{header}\n{}\n", lines.join("\n")));
        },
        run: (INPUT, &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "results whose statuses were typed over",
        done: |scene| {
            let text = scene.read(RESULTS);
            scene.write(RESULTS, text.replace(",created,", ",not_created,"));
        },
        run: (INPUT, &[]),
        ends: GOES_ON,
    },
    Mistake {
        what: "results renamed, and another run",
        done: |scene| rename(scene, RESULTS, "old.csv"),
        run: (INPUT, &[]),
        ends: GOES_ON,
    },
];

fn keep_lines(scene: &Scene, count: usize) {
    let text = scene.read(RESULTS);
    let kept: String = text.split_inclusive('\n').take(count).collect();
    scene.write(RESULTS, kept);
}

#[test]
fn whatever_is_done_to_the_files_nobody_with_a_reference_is_paid_twice() {
    each_mistake(References::With, |ends| [ends[0], ends[1]]);
}

#[test]
fn whatever_is_done_to_the_files_nobody_without_a_reference_is_paid_twice() {
    each_mistake(References::Without, |ends| [ends[2], ends[3]]);
}

type End = (i32, &'static str);

fn each_mistake(references: References, ends: fn([End; 4]) -> [End; 2]) {
    for mistake in MISTAKES {
        for (paid, (status, part)) in [2, COUNT].into_iter().zip(ends(mistake.ends)) {
            let scene = begun(references, paid);
            (mistake.done)(&scene);
            let (input, flags) = mistake.run;
            let ran = pay(&scene, input, flags);
            let case = format!(
                "{}, {references:?}, {paid} paid\n{}",
                mistake.what, ran.told
            );
            assert_eq!(ran.status, Some(status), "{case}");
            assert!(ran.told.contains(part), "no {part:?}: {case}");
            let expected = if status == 0 { COUNT } else { paid };
            assert_paid(&scene, expected, &case);
            // The original goes on as if nothing had happened.
            if scene.path(INPUT).exists() {
                let ran = pay(&scene, INPUT, &[]);
                let is_closed = status == 0 && ran.told.contains("all of these were paid on");
                assert!(ran.status == Some(0) || is_closed, "{case}\n{}", ran.told);
                assert_paid(&scene, COUNT, &case);
            }
        }
    }
}

#[test]
fn a_file_that_is_no_results_file_is_never_replaced() {
    for other in ["a,b\n1,2\n", "PK\u{3}\u{4}", "hello\n"] {
        let scene = begun(References::With, 0);
        scene.write(RESULTS, other);
        pay(&scene, INPUT, &[]).ends(1, "this is not a results file of ccbatch");
        assert_eq!(scene.read(RESULTS), other);
        assert_paid(&scene, 0, other);
    }
}

#[test]
fn a_subset_and_then_the_whole_file_pay_each_once() {
    let scene = begun(References::With, 0);
    scene.write("some.csv", References::With.input(2));
    pay(&scene, "some.csv", &[]).ends(0, "All done: 2 created");
    pay(&scene, INPUT, &[]).ends(0, "Already created by another batch: 2");
    assert_paid(&scene, COUNT, "");
    // Without references it cannot be told whether the same sum is meant again.
    let scene = begun(References::Without, 0);
    scene.write("some.csv", References::Without.input(2));
    pay(&scene, "some.csv", &[]).ends(0, "All done: 2 created");
    let ran = pay(&scene, INPUT, &[]);
    ran.ends(
        3,
        "payouts.csv:2: the same sum went to the same address before",
    );
    ran.ends(3, "some.results.csv");
    assert_paid(&scene, 2, "");
}

#[test]
fn names_in_an_older_encoding_are_not_one() {
    // Two words of three letters in windows-1251, as the names of the input.
    let pay = |scene: &Scene, name: &str| {
        let input = format!("\"$(printf '{name}.csv')\"");
        let run = scene.through_sandbox(&[]);
        run.by_way_of_shell(&format!(
            "cat {INPUT} > {input}; exec \"$0\" run {input} --yes --interval 0s"
        ))
    };
    let scene = begun(References::Without, 0);
    pay(&scene, r"\377\355\342").stderr_has("4 created").go();
    let rows: String = (5..=6).map(|n| References::Without.row(n)).collect();
    scene.write(INPUT, format!("{}{rows}", References::Without.header()));
    pay(&scene, r"\364\345\342")
        .stderr_has("All done: 2 created")
        .go();
    assert_paid(&scene, 6, "");
}

#[test]
fn what_was_created_before_is_told_first_with_its_file_and_date() {
    let scene = begun(References::With, 2);
    copy(&scene, INPUT, "copy.csv");
    let ran = pay(&scene, "copy.csv", &["--dry-run"]);
    // Above the plan, and below what was found in the rows.
    let (above, _) = ran
        .told
        .split_once("copy.csv: 2 payouts to submit")
        .unwrap();
    let first = above.lines().last().unwrap();
    let date = chrono::Utc::now().format("%Y-%m-").to_string();
    assert!(
        first.starts_with("Already created by another batch: 2"),
        "{first}"
    );
    assert!(first.contains(&date), "{first}");
    assert!(first.ends_with("payouts.results.csv"), "{first}");
}

#[test]
fn the_edited_results_file_is_kept_and_told() {
    let scene = begun(References::With, 2);
    let edited = scene.read(RESULTS).replace(",created,", ",not_created,");
    scene.write(RESULTS, &edited);
    pay(&scene, INPUT, &[]).ends(0, "what it was is kept in payouts.results.changed-");
    let kept = scene.files();
    let kept = kept.iter().find(|name| name.contains(".changed-")).unwrap();
    assert_eq!(scene.read(kept), edited);
}

#[test]
fn the_edited_results_file_is_kept_and_told_by_resolve_as_well() {
    for is_named in [true, false] {
        let scene = Scene::paying("ok,drop-after", "");
        scene.write(INPUT, References::With.input(2));
        pay(&scene, INPUT, &[]).ends(6, "In doubt: line 3");
        let edited = scene.read(RESULTS).replace("2,R1,,", "2,R1,a note,");
        scene.write(RESULTS, &edited);
        let mut resolve = vec!["resolve", "--yes", "--reference", "R2", "--not-created"];
        resolve.extend(is_named.then_some(INPUT));
        let ran = run(&scene, &resolve);
        ran.ends(0, "what it was is kept in payouts.results.changed-");
        ran.ends(0, "Recorded: line 3 not created");
    }
}
