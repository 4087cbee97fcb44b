//! The results file: its bytes, who may read it, and what it may not be.

use crate::harness::{
    BITCOIN, ETHEREUM, INPUT, RESULTS, Scene, assert_golden, masked, rows, unhurried,
};
use ccbatch::sandbox::{Options, Script};
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
fn half_a_line_is_there_before_the_request() {
    let scene = Scene::paying("ok,delay:1h", &rows(3));
    let run = scene.pay().start();
    scene.await_deliveries(2);
    assert_golden("results.half.csv", &masked(&scene.read(RESULTS)));
    run.kill();
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

#[test]
fn what_is_no_file_of_its_own_is_refused() {
    type Make = fn(&Scene);
    let kinds: [(Make, &str); 5] = [
        (
            |scene| symlink("other.csv", scene.path(RESULTS)).unwrap(),
            "the results file is a symbolic link",
        ),
        (
            |scene| symlink("nowhere.csv", scene.path(RESULTS)).unwrap(),
            "the results file is a symbolic link",
        ),
        (
            |scene| fs::hard_link(scene.path("other.csv"), scene.path(RESULTS)).unwrap(),
            "the results file has more than one hard link",
        ),
        (
            |scene| fs::hard_link(scene.path(INPUT), scene.path(RESULTS)).unwrap(),
            "the payouts and the results are one and the same file",
        ),
        (
            |scene| fs::create_dir(scene.path(RESULTS)).unwrap(),
            "the results file is not a regular file",
        ),
    ];
    for (make, why) in kinds {
        let scene = Scene::paying("", &rows(1));
        scene.write("other.csv", "");
        make(&scene);
        let files = scene.files();
        let place = format!("{RESULTS}: {why}");
        scene.pay().status(1).stderr_has(&place).go();
        assert_eq!(scene.files(), files, "{why}");
        assert_eq!(scene.read("other.csv"), "", "{why}");
        assert_eq!(scene.sent_and_created(), (0, 0), "{why}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told_before_anything_is_sent() {
    let scene = Scene::paying("", &rows(1));
    let run = scene
        .pay()
        .args(["--results", "nowhere/results.csv"])
        .status(1);
    run.stderr_has("nowhere/results.csv: the results file cannot")
        .go();
    assert_eq!(scene.files(), [INPUT]);
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
            "a\\u{d}\\u{a}b\\u{0}\\u{1b}[31m".to_owned(),
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
fn a_file_that_is_taken_away_while_a_payout_is_in_flight_costs_no_invoice_id() {
    type Deed = fn(&std::path::Path);
    let deeds: [(Deed, &str); 4] = [
        (|path| fs::remove_file(path).unwrap(), "deleted or renamed"),
        (
            |path| fs::rename(path, path.with_extension("old")).unwrap(),
            "deleted or renamed",
        ),
        (
            |path| {
                fs::rename(path, path.with_extension("old")).unwrap();
                fs::write(path, "").unwrap();
            },
            "replaced by another",
        ),
        (
            |path| fs::write(path, "").unwrap(),
            "another program changed the results file",
        ),
    ];
    for (deed, why) in deeds {
        let scene = Scene::new(&rows(2));
        let path = scene.path(RESULTS);
        let scene = scene.with_sandbox(Options {
            on_delivery: Some(Box::new(move |_| deed(&path))),
            ..unhurried("")
        });
        let run = scene.pay().status(6).stderr_has(why);
        let output = run
            .stderr_has("line 2 was sent, and its outcome could not be recorded")
            .go();
        let book = scene.book();
        assert_eq!(book.deliveries.len(), 1, "{why}");
        let not_recorded = output
            .stderr
            .lines()
            .find(|line| line.starts_with("Not recorded: "));
        let id = &book.created[0].invoice_id;
        assert!(
            not_recorded.is_some_and(|line| line.contains(id)),
            "{output}"
        );
    }
}
