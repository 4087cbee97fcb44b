//! The results file: its bytes, who may read it, and what it may not be.

use crate::cluster::with_both_engines;
use crate::harness::{
    BITCOIN, ETHEREUM, HEADER, INPUT, Line, RESULTS, Random, Scene, assert_golden, masked, rows,
    unhurried,
};
use ccbatch::sandbox::{Options, Script};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn its_bytes_are_these() {
    let rows = format!(
        "R1,BTC,{BITCOIN},0.003\n\
         \"Müller, Söhne & Co\",BTC,{BITCOIN},0.10\n\
         \"the \"\"big\"\" one\",ETH,{ETHEREUM},1.234567890123456789\n\
         ,BTC,{BITCOIN},0.0000001\n\
         R5,BTC,{BITCOIN},5\n\
         R6,BTC,{BITCOIN},6\n"
    );
    let script = "ok,amount:0.0029,reject:network,rate-limit:0,result,drop-after,html:502";
    let scene = Scene::paying(script, &rows);
    let run = scene.pay().args(["--keep-going"]).status(6);
    run.stderr_has("3 created, 1 rejected, 2 in doubt").go();
    assert_golden("results.csv", &masked(&scene.read(RESULTS)));
}

#[test]
fn a_whole_line_is_there_before_the_request_and_says_that_it_is_in_flight() {
    let scene = Scene::paying("ok,delay:1h", &rows(3));
    let run = scene.pay().start();
    scene.await_deliveries(2);
    assert_golden("results.in-flight.csv", &masked(&scene.read(RESULTS)));
    let line = &scene.results()[1];
    assert_eq!(
        [&line.status[..], &line.error_key],
        ["unknown", "in_flight"]
    );
    assert_eq!((line.finished_at, line.http_status), (None, None));
    run.kill();
}

#[test]
fn at_any_time_it_holds_whole_lines_one_an_attempt() {
    const PAGE_BYTES: usize = 4096;
    let scene = Scene::paying("ok,reject:network,rate-limit:0,ok", &rows(40));
    let run = scene.pay().status(4).stderr_has("1 rejected").start();
    let mut looks = 0;
    loop {
        let look = || fs::read_to_string(scene.path(RESULTS)).unwrap_or_default();
        let text = look();
        if text != look() {
            continue; // It was written to in the middle of reading.
        }
        if text.len().is_multiple_of(PAGE_BYTES) && !text.ends_with('\n') {
            continue; // The system is in the middle of one write: it writes page by page.
        }
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let lines: Vec<Line> = reader.deserialize().map(Result::unwrap).collect();
        let mut ids: Vec<&str> = lines.iter().map(|line| &line.id[..]).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), lines.len(), "{text}");
        let [before @ .., _] = &lines[..] else {
            continue;
        };
        assert!(
            before.iter().all(|line| line.error_key != "in_flight"),
            "{text}"
        );
        looks += 1;
        if lines.len() == 41 && lines[40].status == "created" {
            break;
        }
    }
    assert!(looks > 1);
    run.end();
}

#[test]
fn what_somebody_types_into_it_steers_no_terminal_and_is_no_formula() {
    let scene = Scene::paying("reject:network", &rows(1));
    scene.pay().status(4).stderr_has("1 rejected").go();
    // Only the results file is left, and it is taken over.
    fs::remove_file(scene.ledger()).unwrap();
    let Line {
        error_key, detail, ..
    } = scene.results().remove(0);
    let typed = scene.read(RESULTS).replace(
        &format!(",{error_key},{detail},"),
        ",net\u{1b}[31mwork,=1+1\u{1b}]0;x\u{7},",
    );
    scene.write(RESULTS, &typed);
    scene.pay().status(4).stderr_has("1 rejected").go();
    let line = scene.results().remove(0);
    assert_eq!(line.error_key, "net\\u{1b}[31mwork");
    assert_eq!(line.detail, "'=1+1\\u{1b}]0;x\\u{7}");
    let table = scene.program(["status", INPUT]);
    let shown = table.env("CCBATCH_API_URL", scene.url()).raw();
    assert!(!shown.stdout.contains(&0x1b), "{shown:?}");
}

#[test]
fn an_id_is_twenty_small_letters_and_no_two_are_alike() {
    let scene = Scene::paying("", &rows(30));
    scene.pay().stderr_has("All done").go();
    let ids: BTreeSet<String> = scene.results().into_iter().map(|line| line.id).collect();
    assert_eq!(ids.len(), 30);
    for id in ids {
        assert!(
            id.len() == 20 && id.bytes().all(|it| it.is_ascii_lowercase()),
            "{id}"
        );
    }
}

#[test]
fn what_is_among_the_systems_own_files_is_no_place_for_results() {
    for place in [
        "/dev/stdin",
        "/dev/stdout",
        "/dev/null",
        "/dev/results.csv",
        "/proc/self/results.csv",
        "/dev/fd/7",
    ] {
        let scene = Scene::paying("", &rows(1));
        let run = scene.pay().args(["--results", place]).status(1);
        let output = run.stderr_has("is in a folder of the system").go();
        assert!(output.stderr.starts_with(&format!("{place}: ")), "{output}");
        assert_eq!(scene.sent_and_created(), (0, 0));
    }
}

#[test]
fn the_input_is_no_place_for_results() {
    for name in [INPUT, "./payouts.csv", "folder/../payouts.csv"] {
        let scene = Scene::paying("", &rows(1));
        fs::create_dir(scene.path("folder")).unwrap();
        let before = scene.read(INPUT);
        let run = scene.pay().args(["--results", name]).status(1);
        run.stderr_has("the payouts and the results are one and the same file")
            .go();
        assert_eq!(scene.read(INPUT), before);
        assert_eq!(scene.sent_and_created(), (0, 0));
    }
}

#[test]
fn results_stand_beside_the_file_that_a_symbolic_link_points_to() {
    let scene = Scene::paying("", "");
    fs::create_dir(scene.path("real")).unwrap();
    fs::rename(scene.path(INPUT), scene.path("real/march.csv")).unwrap();
    scene.write("real/march.csv", format!("{HEADER}\n{}", rows(1)));
    symlink("real/march.csv", scene.path(INPUT)).unwrap();
    scene.pay().stderr_has("All done").go();
    assert!(
        scene.path("real/march.results.csv").exists(),
        "{:?}",
        scene.files()
    );
    assert_eq!(scene.sent_and_created(), (1, 1));
}

#[test]
fn only_its_owner_can_read_it() {
    let scene = Scene::paying("", &rows(1));
    scene.pay().stderr_has("All done").go();
    let mode = fs::metadata(scene.path(RESULTS))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600, "{mode:o}");
}

#[test]
fn another_name_can_be_given() {
    let scene = Scene::paying("", &rows(1));
    let run = scene.pay().args(["--results", "of march.csv"]);
    run.stderr_has("Results: of march.csv").go();
    assert_eq!(scene.files(), ["of march.csv", INPUT]);
}

/// What stands in the place of the results file, and what is said of it.
type Unfit = (fn(&Scene), &'static str);

#[test]
fn what_is_not_a_results_file_is_refused_and_left_as_it_is() {
    let kinds: [Unfit; 5] = [
        (
            |scene| symlink("other.csv", scene.path(RESULTS)).unwrap(),
            "the results file is a symbolic link",
        ),
        (
            |scene| symlink("nowhere.csv", scene.path(RESULTS)).unwrap(),
            "the results file is a symbolic link",
        ),
        (
            |scene| fs::hard_link(scene.path(INPUT), scene.path(RESULTS)).unwrap(),
            "this is not a results file",
        ),
        (
            |scene| fs::create_dir(scene.path(RESULTS)).unwrap(),
            "the results file is not a regular file",
        ),
        (
            |scene| scene.write(RESULTS, "my notes\n"),
            "this is not a results file",
        ),
    ];
    for (make, why) in kinds {
        let scene = Scene::paying("", &rows(1));
        scene.write("other.csv", "");
        make(&scene);
        let files = scene.files();
        let input = scene.read(INPUT);
        let run = scene.pay().status(1);
        let output = run.stderr_has(why).go();
        let mut lines = output.stderr.lines();
        assert!(lines.any(|line| line.starts_with(RESULTS)), "{output}");
        assert_eq!(scene.files(), files, "{why}");
        assert_eq!(scene.read("other.csv"), "", "{why}");
        assert_eq!(scene.read(INPUT), input, "{why}");
        assert_eq!(scene.sent_and_created(), (0, 0), "{why}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_told_before_anything_is_sent() {
    let scene = Scene::paying("", &rows(1));
    let run = scene
        .pay()
        .args(["--results", "nowhere/results.csv"])
        .status(1);
    run.stderr_has("nowhere/results.csv: there is no such folder")
        .go();
    assert_eq!(scene.files(), [INPUT]);
    assert_eq!(scene.sent_and_created(), (0, 0));
}

#[test]
fn a_name_that_leaves_no_room_for_the_results_is_told_before_anything_is_sent() {
    let scene = Scene::paying("", "");
    for length in [210, 235, 251] {
        let name = format!("{}.csv", "x".repeat(length));
        scene.write(&name, format!("{HEADER}\n{}", rows(1)));
        for command in ["run", "validate", "status"] {
            let run = scene.program([command, &name]).status(1);
            run.stderr_has("the name of the results file is longer than 215 bytes\n  hint: give the input a shorter name")
                .go();
        }
    }
    assert_eq!(scene.sent_and_created(), (0, 0));
}

#[test]
fn hostile_text_is_stored_escaped_and_cut() {
    for (answer, key, detail) in [
        ("=1+1".to_owned(), "network", "'=1+1".to_owned()),
        ("@SUM(A1)".to_owned(), "network", "'@SUM(A1)".to_owned()),
        (
            "a\r\nb\0\u{1b}[31m".to_owned(),
            "network",
            "a b\\u{0}\\u{1b}[31m".to_owned(),
        ),
        (
            "\u{202e}evil".to_owned(),
            "network",
            "\\u{202e}evil".to_owned(),
        ),
        (
            "\"quoted\", and more".to_owned(),
            "network",
            "\"quoted\", and more".to_owned(),
        ),
        (
            "resolved by operator".to_owned(),
            "network",
            "'resolved by operator".to_owned(),
        ),
        ("ä".repeat(5000), "network", "ä".repeat(200)),
        ("x".to_owned(), "=cmd|'/c calc'!A1", "x".to_owned()),
    ] {
        let body = serde_json::json!({"status": "error", "result": {key: answer}});
        let scene = Scene::new(&rows(1)).with_sandbox(Options {
            script: Script::answer(400, &[], body.to_string()).unwrap(),
            ..unhurried("")
        });
        let output = scene.pay().status(4).stderr_has("1 rejected").go();
        let [line] = &scene.results()[..] else {
            panic!("{:?}", scene.results());
        };
        assert_eq!(line.detail, detail);
        assert_eq!(line.error_key.trim_start_matches('\''), key);
        assert!(!line.error_key.starts_with('='));
        assert!(
            !output.stderr.contains(['\u{1b}', '\0', '\u{202e}']),
            "{output}"
        );
        // A record like this can be read back.
        scene.pay().status(4).stderr_has("1 rejected").go();
    }
}

#[test]
fn an_invoice_id_is_never_cut() {
    let id = format!("INV-{}", "7".repeat(300));
    let body = serde_json::json!({"status": "success", "data": {"invoice_id": id}});
    let scene = Scene::new(&rows(1)).with_sandbox(Options {
        script: Script::answer(200, &[], body.to_string()).unwrap(),
        ..unhurried("")
    });
    scene.pay().stderr_has("All done: 1 created").go();
    assert_eq!(scene.results()[0].invoice_id, id);
}

#[test]
fn an_invoice_id_that_is_too_long_for_a_ledger_leaves_the_payout_in_doubt() {
    with_both_engines(|ledger| {
        // Digits in no order, of which PostgreSQL makes no shorter text.
        let mut random = Random(1);
        let digits = (0..16_000).map(|_| format!("{:x}", random.below(16)));
        let id = format!("INV-{}", digits.collect::<String>());
        let body = serde_json::json!({"status": "success", "data": {"invoice_id": id}});
        let scene = Scene::new(&rows(1)).with_sandbox(Options {
            script: Script::answer(200, &[], body.to_string()).unwrap(),
            ..unhurried("")
        });
        for _ in 0..2 {
            let run = scene.pay().env("CCBATCH_LEDGER", ledger).status(6);
            run.stderr_has("its invoice_id has 16004 bytes").go();
            let [line] = &scene.results()[..] else {
                panic!("{:?}", scene.results());
            };
            assert!(line.detail.starts_with(&format!("{id}; ")));
        }
        let resolve = scene.program(["resolve", INPUT, "--line", "2", "--yes"]);
        let resolve = resolve.env("CCBATCH_API_URL", scene.url());
        let resolve = resolve.args(["--invoice-id", "INV-SHORT"]);
        let resolve = resolve.env("CCBATCH_LEDGER", ledger);
        resolve.stderr_has("Recorded: line 2 created").go();
        let run = scene.pay().env("CCBATCH_LEDGER", ledger);
        run.stderr_has("All done: 1 created").go();
    });
}

#[test]
fn a_verdict_does_not_pass_for_a_change_by_somebody_else() {
    let scene = Scene::paying("drop-before", &rows(1));
    scene.pay().status(6).stderr_has("1 in doubt").go();
    let verdict = ["resolve", INPUT, "--yes", "--line", "2", "--not-created"];
    let output = scene.program(verdict).stderr_has("Recorded").go();
    assert!(!output.stderr.contains("changed"), "{output}");
    assert_eq!(scene.files(), [INPUT, RESULTS]);
    scene.pay().stderr_has("All done").go();
    assert_eq!(scene.files(), [INPUT, RESULTS]);
    assert_eq!(scene.statuses(), ["not_created", "created"]);
}
