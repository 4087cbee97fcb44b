//! Going on with a batch: after a kill, a doubt, an edit, a torn or a tampered results file.

use crate::harness::{BITCOIN, INPUT, KEY, RESULTS, Scene, rows};
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
    let record = scene.read(RESULTS);
    let run = scene
        .pay()
        .status(6)
        .stderr_has("In doubt: line 3, 0.002 BTC");
    let told = run.go();
    assert_eq!(scene.read(RESULTS), record, "the file is left alone");
    assert_eq!(scene.book().deliveries.len(), 2, "nothing was sent");

    let id = scene.book().created[1].invoice_id.clone();
    let resolve = format!("ccbatch{}", told.after("    ccbatch").replace("ID", &id));
    assert!(
        resolve.starts_with("ccbatch resolve payouts.csv --line 3 "),
        "{resolve}"
    );
    let run = scene.shown(&resolve);
    run.stderr_has("Recorded: line 3 created").go();
    let lines = scene.results();
    assert_eq!(scene.statuses(), ["created", "unknown", "created"]);
    assert_eq!((lines[1].line, &*lines[1].error_key), (3, "interrupted"));
    assert_eq!((lines[2].line, lines[2].attempt), (3, 1));
    assert_eq!(
        (&lines[2].invoice_id, &*lines[2].detail),
        (&id, "resolved by operator")
    );

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
        .stderr_has("Recorded: line 3 not_created")
        .go();
    scene.pay().stderr_has("All done: 4 created").go();
    assert_all_created_once(&scene);
    let lines = scene.results();
    let third: Vec<_> = lines.iter().filter(|l| l.line == 3).collect();
    let told: Vec<_> = third.iter().map(|l| (l.attempt, &*l.status)).collect();
    assert_eq!(told, [(1, "unknown"), (1, "not_created"), (2, "created")]);
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
fn resolve_needs_a_results_file() {
    let scene = Scene::new(&rows(1));
    let run = scene.program(["resolve", INPUT, "--line", "2", "--not-created", "--yes"]);
    run.status(1)
        .stderr_has("payouts.results.csv: there is no results file")
        .go();
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn a_rejected_row_is_left_alone_until_it_is_mended_and_retried() {
    let scene = Scene::paying("ok,reject:network,ok", &rows(3));
    let told = scene
        .pay()
        .status(4)
        .stderr_has("2 created, 1 rejected")
        .go();
    assert!(told.after("then: ").ends_with("--retry-rejected"));
    let mended = format!("R2-mended,BTC,{BITCOIN},0.2");
    scene.write_rows(&rows(3).replace(&format!("R2,BTC,{BITCOIN},0.002"), &mended));
    scene
        .pay()
        .status(4)
        .stderr_has("2 created, 1 rejected")
        .go();
    assert_eq!(scene.sent_and_created(), (3, 2));
    scene
        .pay()
        .args(["--retry-rejected"])
        .stderr_has("All done: 3 created")
        .go();
    let lines = scene.results();
    let last = lines.last().unwrap();
    assert_eq!((last.line, last.attempt, &*last.status), (3, 2, "created"));
    assert_eq!((&*last.reference, &*last.amount), ("R2-mended", "0.2"));
    assert_eq!(amounts_created(&scene), ["0.001", "0.003", "0.2"]);
    // What was paid stands as it was paid, from now on.
    scene.write_rows(&rows(3));
    scene
        .pay()
        .status(1)
        .stderr_has("line 3 of the input was submitted as 0.2 BTC")
        .go();
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

/// A change to the files of a batch that makes them unfit to go on with: what is changed, and
/// what the program has to say about it.
type Tampering = (fn(&Scene), &'static str);

/// Rewrites a file of the scene.
fn rewrite(scene: &Scene, name: &str, change: impl FnOnce(String) -> String) {
    scene.write(name, change(scene.read(name)));
}

fn replace(scene: &Scene, name: &str, from: &str, to: &str) {
    rewrite(scene, name, |text| {
        assert!(text.contains(from));
        text.replacen(from, to, 1)
    });
}

/// Puts the lines of a file (the header is 0) into another order, or leaves some out.
fn take_lines(scene: &Scene, name: &str, order: &[usize]) {
    rewrite(scene, name, |text| {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        order.iter().map(|&index| lines[index]).collect()
    });
}

const FOREIGN: &str = "this line is not as it was written";
const NOT_OURS: &str = "payouts.results.csv:1: the header is not that of a results file";

const EDITS_OF_PAID_ROWS: [Tampering; 8] = [
    (
        |scene| replace(scene, INPUT, "0.002", "0.02"),
        "payouts.results.csv:3: line 3 of the input was submitted as 0.002 BTC to 1A1z",
    ),
    (
        |scene| replace(scene, INPUT, "0.002", "0.0020"),
        "payouts.results.csv:3: line 3 of the input was submitted as 0.002 BTC to 1A1z",
    ),
    (
        |scene| replace(scene, INPUT, BITCOIN, "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        "payouts.results.csv:2: line 2 of the input was submitted as 0.001 BTC to 1A1z",
    ),
    (
        |scene| replace(scene, INPUT, "R3", "R9"),
        "payouts.results.csv:4: line 4 of the input was submitted as 0.003 BTC",
    ),
    (
        |scene| take_lines(scene, INPUT, &[0, 1, 3, 2, 4]),
        "payouts.results.csv:3: line 3 of the input was submitted as 0.002 BTC",
    ),
    (
        |scene| take_lines(scene, INPUT, &[0, 2, 3, 4]),
        "payouts.results.csv:2: line 2 of the input was submitted as 0.001 BTC",
    ),
    (
        |scene| take_lines(scene, INPUT, &[0, 4, 1, 2, 3]),
        "payouts.results.csv:2: line 2 of the input was submitted as 0.001 BTC",
    ),
    (
        |scene| take_lines(scene, INPUT, &[0, 1, 2]),
        "line 4 of the input was submitted, and is no longer there",
    ),
];

#[test]
fn an_edit_of_a_paid_row_is_refused() {
    EDITS_OF_PAID_ROWS.iter().for_each(assert_refused);
}

const OTHER_FILES: [Tampering; 18] = [
    (
        |scene| take_lines(scene, RESULTS, &[0, 1, 3]),
        "payouts.results.csv:3: line 4 of the input was submitted here, where line 3 comes next",
    ),
    (
        |scene| take_lines(scene, RESULTS, &[0, 2, 1, 3]),
        "payouts.results.csv:2: line 3 of the input was submitted here, where line 2 comes next",
    ),
    (
        |scene| take_lines(scene, RESULTS, &[0, 1, 2, 3, 1]),
        "payouts.results.csv:5: a line for line 2 of the input that cannot follow",
    ),
    (|scene| take_lines(scene, RESULTS, &[1, 2, 3]), NOT_OURS),
    // What spreadsheets do when they save.
    (
        |scene| rewrite(scene, RESULTS, |text| text.replace('\n', "\r\n")),
        NOT_OURS,
    ),
    (
        |scene| {
            rewrite(scene, RESULTS, |text| {
                text.replace(",created,", ",\"created\",")
            })
        },
        FOREIGN,
    ),
    (
        |scene| replace(scene, RESULTS, "\n2,R1", "\n\"2\",R1"),
        FOREIGN,
    ),
    (|scene| replace(scene, RESULTS, ",200,", ",200,\r"), FOREIGN),
    (
        |scene| rewrite(scene, RESULTS, |text| text.replace(',', ";")),
        NOT_OURS,
    ),
    (
        |scene| rewrite(scene, RESULTS, |text| format!("\u{feff}{text}")),
        NOT_OURS,
    ),
    (|scene| replace(scene, RESULTS, ",created,", ",,"), FOREIGN),
    (
        |scene| {
            let intent = half_line(scene);
            rewrite(scene, RESULTS, |text| format!("{text}{intent},,,,,,\n"));
        },
        FOREIGN,
    ),
    (
        |scene| replace(scene, RESULTS, "0.002", "0.0020"),
        "payouts.results.csv:3: line 3 of the input was submitted as 0.0020 BTC",
    ),
    (|scene| replace(scene, RESULTS, "INV-", "\0NV-"), FOREIGN),
    // Bytes that no crash leaves.
    (|scene| rewrite(scene, RESULTS, |text| text + "\n"), FOREIGN),
    (
        |scene| rewrite(scene, RESULTS, |text| text + "total,3\n"),
        FOREIGN,
    ),
    (
        |scene| scene.write(RESULTS, "reference,invoice_id\nR1,INV-1\n"),
        NOT_OURS,
    ),
    (
        |scene| replace(scene, RESULTS, ",error_key,", ",error,"),
        NOT_OURS,
    ),
];

#[test]
fn a_results_file_that_something_else_wrote_is_refused() {
    OTHER_FILES.iter().for_each(assert_refused);
}

/// Three of four payouts are created, then something is changed: nothing more is sent, and the
/// files stay as they are.
#[track_caller]
fn assert_refused((tamper, why): &Tampering) {
    let scene = Scene::paying("", &rows(4));
    scene
        .pay()
        .args(["--limit", "3"])
        .status(5)
        .stderr_has("3 created")
        .go();
    tamper(&scene);
    let files = [INPUT, RESULTS].map(|name| scene.read(name));
    scene
        .pay()
        .args(["--keep-going"])
        .status(1)
        .stderr_has(why)
        .stderr_has("hint: ")
        .go();
    scene
        .program(["status", INPUT])
        .status(1)
        .stderr_has(why)
        .go();
    assert_eq!(
        [INPUT, RESULTS].map(|name| scene.read(name)),
        files,
        "{why}"
    );
    assert_eq!(scene.sent_and_created(), (3, 3), "{why}");
}

#[test]
fn a_batch_is_not_finished_through_another_api() {
    let scene = Scene::paying("", &rows(2));
    scene
        .pay()
        .args(["--limit", "1"])
        .status(5)
        .stderr_has("1 created")
        .go();
    let record = scene.read(RESULTS);
    let elsewhere = scene.url().replace("127.0.0.1", "localhost");
    let begun = "payouts.results.csv:2: begun with 127.0.0.1, and this run would pay through";
    let run = scene.pay_through(&elsewhere);
    run.status(1).stderr_has(&format!("{begun} localhost")).go();
    let run = scene.program(["run", INPUT, "--sandbox", "--results", RESULTS]);
    run.status(1).stderr_has(&format!("{begun} sandbox")).go();
    let run = scene
        .program(["run", INPUT, "--yes"])
        .env("CCBATCH_API_KEY", KEY);
    run.status(1)
        .stderr_has(&format!("{begun} api.cryptocloud.plus"))
        .go();
    assert_eq!(scene.read(RESULTS), record);
    assert_eq!(scene.sent_and_created(), (1, 1));
}

/// The intent of a first attempt at line 5, as a crash may leave it.
fn half_line(scene: &Scene) -> String {
    let record = scene.read(RESULTS);
    let last = record.lines().last().unwrap();
    let fields: Vec<_> = last.split(',').collect();
    format!("5,R4,BTC,{BITCOIN},0.004,1,127.0.0.1,{},", fields[7])
}

/// Three of four payouts are created, and the file ends with these bytes.
fn torn(tail: impl FnOnce(&str) -> Vec<u8>) -> Scene {
    let scene = Scene::paying("", &rows(4));
    scene
        .pay()
        .args(["--limit", "3"])
        .status(5)
        .stderr_has("3 created")
        .go();
    let tail = tail(&half_line(&scene));
    scene.write(RESULTS, [scene.read(RESULTS).as_bytes(), &tail].concat());
    scene
}

#[test]
fn a_line_that_was_not_whole_before_the_request_is_removed_with_a_notice() {
    type Tail = fn(&str) -> Vec<u8>;
    let tails: [Tail; 6] = [
        |_| b"5".to_vec(),
        |_| b"5,R4,BTC,1A1z".to_vec(),
        |intent| intent.as_bytes()[..intent.len() - 1].to_vec(),
        |intent| intent.as_bytes()[..intent.len() - 2].to_vec(),
        |intent| vec![0; intent.len()],
        |intent| [&intent.as_bytes()[..20], &[0; 40]].concat(),
    ];
    for tail in tails {
        let scene = torn(tail);
        let run = scene.pay().stderr_has("whose payout was not sent");
        run.stderr_has("All done: 4 created").go();
        assert_all_created_once(&scene);
        assert_eq!(scene.statuses(), ["created"; 4]);
        assert_eq!(scene.results()[3].attempt, 1);
    }
}

#[test]
fn a_line_that_was_whole_before_the_request_is_in_doubt_however_it_goes_on() {
    let tails = [
        &b""[..],
        b"c",
        b"created,INV-12345678,,",
        b"created,INV-12345678,,,,200,2026-11-22T10:00:00.000Z",
        b"created,INV-12345678,,,,200,2026-11-22T10:00:00.000",
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
        b"created,INV-12345678\0\0\0\0\0\0\0\0\0\0\0\0",
        b"created,INV-12\0\0\0\0\0\0,,,,200,2026-11-22T10:00:00.000Z\n",
        b"created,\"INV-12345678",
        b"\xff\xfe\xfd",
        b"created,,,,,200,2026-11-22T10:00:00.000Z\n",
    ];
    for tail in tails {
        let scene = torn(|intent| [intent.as_bytes(), tail].concat());
        let before = std::fs::read(scene.path(RESULTS)).unwrap();
        let told = String::from_utf8_lossy(tail);
        scene
            .pay()
            .status(6)
            .stderr_has("In doubt: line 5, 0.004 BTC")
            .go();
        assert_eq!(
            std::fs::read(scene.path(RESULTS)).unwrap(),
            before,
            "{told:?}"
        );
        assert_eq!(scene.sent_and_created(), (3, 3), "{told:?}");
        let verdict = ["resolve", INPUT, "--line", "5", "--not-created", "--yes"];
        scene
            .program(verdict)
            .stderr_has("Recorded: line 5 not_created")
            .go();
        let detail = &scene.results()[3].detail;
        assert_eq!(
            detail.contains("INV-12345678"),
            told.contains("INV-12345678"),
            "{told:?}"
        );
        scene.pay().stderr_has("All done: 4 created").go();
        assert_all_created_once(&scene);
    }
}

#[test]
fn a_header_that_was_torn_is_written_anew() {
    for torn in [
        &b""[..],
        b"l",
        b"line,refer",
        &[0; 100],
        b"line,ref\0\0\0\0",
    ] {
        let scene = Scene::paying("", &rows(2));
        scene.write(RESULTS, torn);
        scene.pay().stderr_has("All done: 2 created").go();
        assert_eq!(scene.statuses(), ["created", "created"]);
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
        told.after("    ccbatch").replace("ID", "INV-1")
    );
    let told = scene
        .shown(&resolve)
        .stderr_has("Recorded: line 2 created")
        .go();
    assert!(told.after("To go on: ccbatch").ends_with("--decimal-comma"));
}
