//! The command line: exit status, streams, flags, files that cannot be read, locks.

use crate::harness::{BITCOIN, INPUT, KEY, RESULTS, Scene, assert_golden, masked, rows};
use ccbatch::cli::Cli;
use clap::CommandFactory as _;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

/// The file that a rehearsal writes.
const REHEARSED: &str = "payouts.sandbox.results.csv";

#[test]
fn the_exit_status_tells_what_became_of_the_batch() {
    for (script, count, status, told) in [
        ("", 2, 0, "All done: 2 created"),
        ("reject:network", 2, 4, "1 created, 1 rejected"),
        ("unauthorized", 2, 5, "2 not yet created"),
        (
            "reject:network,unauthorized",
            2,
            5,
            "1 rejected, 1 not yet created",
        ),
        (
            "reject:network,drop-after",
            3,
            6,
            "1 rejected, 1 in doubt, 1 not yet created",
        ),
    ] {
        let scene = Scene::paying(script, &rows(count));
        scene.pay().status(status).stderr_has(told).go();
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_a_hint() {
    let scene = Scene::new(&rows(1));
    fs::create_dir(scene.path("folder.csv")).unwrap();
    let resolve: &[&str] = &["resolve", "--line", "2", "--not-created", "--yes"];
    for command in [&["run", "--yes"][..], &["validate"], &["status"], resolve] {
        for (name, why) in [
            (
                "nowhere.csv",
                "nowhere.csv: there is no such file\n  hint: check the name",
            ),
            (
                "folder.csv",
                "folder.csv: this is a directory\n  hint: name the CSV file in it",
            ),
        ] {
            let run = scene.program(command.iter().copied()).args([name]);
            run.status(1).stderr_has(why).go();
        }
    }
    assert_eq!(scene.files(), ["folder.csv", INPUT]);
}

#[test]
fn a_usage_error_says_so_and_does_nothing() {
    let scene = Scene::paying("", &rows(1));
    for (arguments, why) in [
        (
            &["--limit", "0"][..],
            "write a whole number from 1 on, like 5",
        ),
        (&["--interval", "12"], "write it with its unit, like 12s"),
        (&["--interval", "25h"], "--interval: more than"),
        (
            &["--progress", "loud"],
            "possible values: auto, bar, lines, none",
        ),
        (&["--format", "xml"], "possible values: human, json"),
        (&["--faster"], "unexpected argument '--faster'"),
        (
            &["--sandbox", "--api-url", "http://127.0.0.1:1"],
            "cannot be used with",
        ),
        (
            &["--sandbox", "--api-key-file", "key.txt"],
            "cannot be used with",
        ),
        (
            &["--api-url", "example.com"],
            "--api-url: example.com is not the base URL of an API",
        ),
    ] {
        let run = scene
            .program(["run", INPUT, "--yes"])
            .args(arguments.iter().copied());
        run.env("CCBATCH_API_KEY", KEY)
            .status(2)
            .stderr_has(why)
            .go();
    }
    scene
        .program([])
        .status(2)
        .stderr_has("Usage: ccbatch [OPTIONS] <COMMAND>")
        .go();
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn help_and_version_go_to_stdout() {
    let scene = Scene::new("");
    scene
        .program(["--help"])
        .stdout_has("Usage: ccbatch [OPTIONS] <COMMAND>")
        .go();
    scene
        .program(["run", "--help"])
        .stdout_has("--keep-going")
        .go();
}

#[test]
fn the_version_names_the_commit_that_the_program_was_built_from() {
    let scene = Scene::new("");
    let version = concat!("ccbatch ", env!("CARGO_PKG_VERSION"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut git = Command::new("git");
    let git = git.args(["rev-parse", "--short=12", "HEAD"]);
    let commit = git.current_dir(root).output().ok();
    let commit = commit.filter(|it| it.status.success() && root.join(".git").exists());
    let run = scene.program(["--version"]);
    let run = match commit {
        Some(commit) => {
            let commit = String::from_utf8(commit.stdout).unwrap();
            run.stdout(&format!("{version} ({})\n", commit.trim()))
        }
        None => run.stdout_has(version),
    };
    run.go();
}

/// Whether anything is coloured.
fn is_coloured(text: &str) -> bool {
    text.contains("\u{1b}[")
}

#[test]
fn colours_are_as_the_flag_the_environment_and_the_file_say() {
    let scene = Scene::new("R1,BTC,xyz,1\n");
    let no_color = ("NO_COLOR", "1");
    let force = ("CLICOLOR_FORCE", "1");
    for (flag, variables, file, expected) in [
        ("", &[][..], "", false),
        ("always", &[], "", true),
        ("always", &[no_color], "", true),
        ("", &[force], "", true),
        ("auto", &[force], "", true),
        ("never", &[force], "", false),
        ("", &[force, no_color], "", false),
        ("", &[], "always", true),
        ("never", &[], "always", false),
        ("auto", &[], "always", false),
        ("", &[no_color], "always", false),
        ("", &[("CLICOLOR", "0")], "always", false),
    ] {
        let file = if file.is_empty() {
            String::new()
        } else {
            format!("color = {file:?}\n")
        };
        scene.configure(&file);
        let flags: &[&str] = if flag.is_empty() {
            &[]
        } else {
            &["--color", flag]
        };
        let check = ["validate", INPUT].iter().chain(flags).copied();
        let mut check = scene.program(check).status(3).stderr_has("1 error");
        let mut help = scene
            .program(["--help"])
            .args(flags.iter().copied())
            .stdout_has("Usage");
        for (name, value) in variables {
            check = check.env(name, value);
            help = help.env(name, value);
        }
        let told = check.go();
        assert_eq!(
            is_coloured(&told.stderr),
            expected,
            "{flag} {variables:?} {file}: {told}"
        );
        let help = help.go();
        // The help is told before the file is read.
        let expected = expected && file.is_empty();
        assert_eq!(
            is_coloured(&help.stdout),
            expected,
            "{flag} {variables:?}: {help}"
        );
    }
}

#[test]
fn a_terminal_has_colours_unless_they_are_declined() {
    let scene = Scene::new("R1,BTC,xyz,1\n");
    let check = |flags: &[&str]| {
        let run = scene
            .program(["validate", INPUT])
            .args(flags.iter().copied());
        run.on_terminal().end(3)
    };
    assert!(is_coloured(&check(&[])));
    assert!(!is_coloured(&check(&["--color", "never"])));
    let run = scene.program(["validate", INPUT]).env("NO_COLOR", "1");
    assert!(!is_coloured(&run.on_terminal().end(3)));
}

#[test]
fn nothing_is_sent_without_a_terminal_and_without_yes() {
    let scene = Scene::paying("", &rows(1));
    let url = scene.url();
    let run = scene
        .program(["run", INPUT, "--api-url", &url])
        .env("CCBATCH_API_KEY", KEY);
    let run = run.status(2).stderr_has("1 payout to submit");
    run.stderr_has("--yes: nothing was sent: there is no terminal to ask on")
        .go();
    assert_eq!(scene.files(), [INPUT]);
    assert_eq!(scene.sent_and_created(), (0, 0));
}

#[test]
fn the_interval_cannot_be_shortened_for_another_host() {
    let scene = Scene::new(&rows(1));
    let pay = || {
        scene
            .program(["run", INPUT, "--yes"])
            .env("CCBATCH_API_KEY", KEY)
    };
    let why = "--interval: 11s is shorter than the 12s that the API asks for";
    pay()
        .args(["--interval", "11s"])
        .status(2)
        .stderr_has(why)
        .go();
    for url in [
        "https://api.example.com",
        "https://127.0.0.1.example.com",
        "https://10.0.0.1",
    ] {
        let run = pay().args(["--interval", "0s", "--api-url", url]);
        run.status(2).stderr_has("--interval: 0s is shorter").go();
        let run = pay().args(["--interval", "0s"]).env("CCBATCH_API_URL", url);
        run.status(2).stderr_has("--interval: 0s is shorter").go();
    }
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn a_key_is_not_sent_in_the_clear_to_another_host() {
    let scene = Scene::new(&rows(1));
    let pay = || {
        scene
            .program(["run", INPUT, "--yes"])
            .env("CCBATCH_API_KEY", KEY)
    };
    for url in [
        "http://api.cryptocloud.plus",
        "http://127.0.0.1.example.com",
        "http://10.0.0.1",
    ] {
        let why = format!("{url} is not encrypted");
        let run = pay().args(["--api-url", url]).status(2);
        run.stderr_has(&format!("--api-url: {why}")).go();
        let run = pay().env("CCBATCH_API_URL", url).status(2);
        run.stderr_has(&format!("CCBATCH_API_URL: {why}")).go();
    }
}

#[test]
fn a_base_url_is_a_host_a_port_and_a_path_and_nothing_else() {
    let scene = Scene::new(&rows(1));
    let pay = |url| scene.pay_through(url).status(2);
    for url in [
        "https://",
        "https://v2",
        "https:///v2",
        "ftp://127.0.0.1",
        "https://a b.example",
    ] {
        let why = format!("--api-url: {url} is not the base URL of an API");
        let hint = "hint: write it like https://api.cryptocloud.plus";
        pay(url).stderr_has(&why).stderr_has(hint).go();
    }
    for url in [
        "https://me:secret@example.com",
        "https://secret@example.com",
        "https://example.com/?secret",
        "https://example.com/#secret",
    ] {
        let why = "--api-url: the URL has more than a host, a port and a path";
        let told = pay(url).stderr_has(why).go();
        assert!(!told.stderr.contains("secret"), "{told}");
    }
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn a_proxy_is_told_to_be_ignored_once_and_its_password_is_not_told() {
    for name in ["https_proxy", "ALL_PROXY", "HTTP_PROXY"] {
        let scene = Scene::paying("", &rows(1));
        let run = scene.pay().env(name, "http://me:secret@127.0.0.1:1");
        let run = run.env("no_proxy", "example.com");
        let told = run.stderr_has("All done: 1 created").go().stderr;
        let why = format!("{name} is set and ignored");
        assert_eq!(told.matches(&why).count(), 1, "{told}");
        assert!(!told.contains("secret"), "{told}");
    }
    let scene = Scene::paying("", &rows(1));
    let told = scene
        .pay()
        .env("https_proxy", "")
        .stderr_has("1 created")
        .go();
    assert!(!told.stderr.contains("proxy"), "{told}");
}

#[test]
fn the_base_url_can_come_from_the_environment() {
    let scene = Scene::paying("", &rows(1));
    let run = scene.program(["run", INPUT, "--yes", "--interval", "0s"]);
    let run = run
        .env("CCBATCH_API_KEY", KEY)
        .env("CCBATCH_API_URL", scene.url());
    run.stderr_has("All done: 1 created").go();
    assert_eq!(scene.sent_and_created(), (1, 1));
}

#[test]
fn a_rehearsal_needs_no_key_asks_nothing_and_keeps_its_own_record() {
    let scene = Scene::new(&rows(2));
    let rehearse = || scene.program(["run", INPUT, "--sandbox", "--interval", "0s"]);
    let run = rehearse()
        .stderr_has("no money moves")
        .stderr_has("All done: 2 created");
    run.stderr_has(&format!("Results: {REHEARSED}")).go();
    assert_eq!(scene.files(), [INPUT, REHEARSED]);
    let record = scene.read(REHEARSED);
    rehearse().stderr_has("All done: 2 created").go();
    assert_eq!(scene.read(REHEARSED), record);
}

#[test]
fn who_mends_a_row_that_was_rehearsed_is_not_told_to_take_that_back() {
    let scene = Scene::new(&rows(2));
    let rehearse = || scene.program(["run", INPUT, "--sandbox", "--interval", "0s"]);
    rehearse().stderr_has("All done: 2 created").go();
    let input = scene.read(INPUT);
    let hint = format!(
        "hint: in this rehearsal nothing was paid: to rehearse the file as it is now, delete {REHEARSED}"
    );
    for (mended, why) in [
        (input.replace(",0.002", ",0.02"), "the reference was used"),
        (input.replace("R2,", "R3,"), "the same sum went to the same"),
        (
            input.replace("R2,", "r2,").replace(",0.002", ",0.02"),
            "the reference was used before",
        ),
    ] {
        scene.write(INPUT, &mended);
        let refused = rehearse().status(3).stderr_has(why).stderr_has(&hint);
        let refused = refused.go();
        assert!(!refused.stderr.contains("change"), "{refused}");
    }
    fs::remove_file(scene.path(REHEARSED)).unwrap();
    rehearse().stderr_has("All done: 2 created").go();
}

/// Events as JSON values, each with a type.
fn events(stdout: &str) -> Vec<Value> {
    let events: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for event in &events {
        assert!(event["type"].is_string(), "{event}");
        assert_no_float_amounts(event);
    }
    events
}

/// A JSON number would be read as a float by most programs.
fn assert_no_float_amounts(value: &Value) {
    match value {
        Value::Object(fields) => {
            // The counts of findings go by what the findings are about, amounts for one.
            for (name, value) in fields.iter().filter(|(name, _)| !name.ends_with("_kinds")) {
                let is_text = value.is_string() || !name.contains("amount");
                assert!(is_text, "{name}: {value}");
                assert_no_float_amounts(value);
            }
        }
        Value::Array(values) => values.iter().for_each(assert_no_float_amounts),
        _ => {}
    }
}

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

#[test]
fn json_events_tell_a_program_what_happens() {
    let scene = Scene::paying("amount:0.0029,reject:network,drop-after", &rows(4));
    let run = scene.pay().args(["--format", "json"]).status(6);
    let output = run
        .stdout_has("\"type\":\"plan\"")
        .stderr_has("In doubt: line 4")
        .go();
    let mut events = events(&output.stdout);
    events.retain(|event| event["type"] != "finding");
    assert_eq!(
        types(&events),
        ["plan", "payout", "payout", "payout", "summary"]
    );
    let [plan, created, rejected, unknown, summary] = &events[..] else {
        unreachable!()
    };
    assert_eq!(plan["to_submit"], 4);
    assert_eq!(plan["totals"][0]["amount"], "0.01");
    assert_eq!(
        (&created["line"], &created["status"]),
        (&2.into(), &"created".into())
    );
    assert_eq!(created["accepted_amount"], "0.0029");
    assert_eq!(created["invoice_id"], *scene.book().created[0].invoice_id);
    assert_eq!(rejected["error_key"], "network");
    assert_eq!(unknown["status"], "unknown");
    assert_eq!(summary["exit_status"], 6);
    assert_eq!(summary["in_doubt_lines"], serde_json::json!([4]));
    for (name, count) in [
        ("created", 1),
        ("rejected", 1),
        ("in_doubt", 1),
        ("pending", 1),
    ] {
        assert_eq!(summary[name], count, "{name}");
    }
}

#[test]
fn json_findings_carry_what_a_program_needs() {
    let scene = Scene::new("R1,BTC,xyz,0\n");
    let run = scene
        .program(["validate", INPUT, "--format", "json"])
        .status(3);
    let output = run
        .stdout_has("finding")
        .stderr_has("nothing was sent")
        .go();
    let events = events(&output.stdout);
    assert_eq!(types(&events), ["finding", "finding", "summary"]);
    for (event, column) in events.iter().zip(["to_address", "amount"]) {
        assert_eq!(event["severity"], "error");
        assert_eq!(
            (&event["line"], &event["column"]),
            (&2.into(), &column.into())
        );
        for name in ["key", "value", "message", "hint"] {
            assert!(
                event[name].as_str().is_some_and(|text| !text.is_empty()),
                "{name}"
            );
        }
    }
    assert_eq!(events[2]["exit_status"], 3);
}

/// A batch of which each payout stands elsewhere.
fn standing_everywhere() -> Scene {
    let scene = Scene::paying("ok,reject:network,drop-after,unauthorized", &rows(5));
    scene
        .pay()
        .args(["--keep-going"])
        .status(6)
        .stderr_has("1 in doubt")
        .go();
    scene
}

#[test]
fn status_tells_where_each_payout_stands() {
    let scene = standing_everywhere();
    let doubt = "ccbatch resolve payouts.csv --line 4 --invoice-id INV-";
    let run = scene
        .program(["status", INPUT])
        .stdout_has("R5")
        .stderr_has(doubt);
    assert_golden("status.txt", &masked(&run.go().stdout));
    let run = scene
        .program(["status", INPUT, "--format", "csv"])
        .stdout_has("R5");
    assert_golden("status.csv", &masked(&run.go().stdout));
    let run = scene
        .program(["status", INPUT, "--format", "json"])
        .stdout_has("R5");
    let output = run.go();
    let events = events(&output.stdout);
    assert_eq!(
        types(&events),
        ["payout", "payout", "payout", "payout", "payout", "summary"]
    );
    assert_golden("status.jsonl", &masked(&output.stdout));
}

#[test]
fn status_needs_no_results_file() {
    let scene = Scene::new(&rows(2));
    let run = scene.program(["status", INPUT]);
    run.stdout_has("pending")
        .stderr_has("2 not yet created")
        .go();
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn currencies_are_listed_in_every_format() {
    let scene = Scene::new("");
    for (format, count, part) in [
        ("human", 27 + 1, "USDT_TRC20"),
        ("csv", 27 + 1, "USDT_TRC20,TRON,TRON,6"),
        ("json", 27, r#""code":"USDT_TRC20""#),
    ] {
        let run = scene.program(["currencies", "--format", format]);
        let output = run.stdout_has(part).go();
        assert!(output.stdout.lines().count() >= count, "{output}");
        if format == "json" {
            events(&output.stdout);
        }
    }
}

#[test]
fn a_second_run_says_who_is_at_work() {
    let scene = Scene::paying("delay:1h", &rows(2));
    scene.write("other.csv", scene.read(INPUT));
    fs::hard_link(scene.path(INPUT), scene.path("linked.csv")).unwrap();
    symlink(INPUT, scene.path("symbolic.csv")).unwrap();
    let run = scene.pay().start();
    scene.await_deliveries(1);
    let who = format!("process {} (ccbatch) is at work on this batch", run.pid());
    let of_batch = "payouts.results.csv: another run is at work on this batch";
    let url = scene.url();
    for (input, results, who) in [
        (INPUT, RESULTS, &*who),
        ("linked.csv", "linked.results.csv", &*who),
        ("symbolic.csv", RESULTS, &*who),
        ("other.csv", RESULTS, of_batch),
    ] {
        let second = scene.program(["run", input, "--results", results, "--yes"]);
        let second = second.args(["--api-url", &url]).env("CCBATCH_API_KEY", KEY);
        second
            .status(1)
            .stderr_has(who)
            .stderr_has("hint: wait until it has ended")
            .go();
    }
    let resolve = scene.program(["resolve", INPUT, "--line", "2", "--not-created", "--yes"]);
    resolve.status(1).stderr_has(&who).go();
    // A look does no harm, and what is in flight is nothing to settle.
    let status = scene
        .program(["status", INPUT])
        .stdout_has("pending")
        .stderr_has("Under way: a run is at work on this batch");
    assert!(!status.go().stderr.contains("ccbatch resolve"));
    assert_eq!(scene.book().deliveries.len(), 1);
    run.kill();
    scene.pay().status(6).stderr_has("In doubt: line 2").go();
}

/// A stream whose reader has gone away.
fn broken() -> Stdio {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    writer.into()
}

/// A stream on which nothing fits any more.
fn full() -> Stdio {
    File::options()
        .write(true)
        .open("/dev/full")
        .unwrap()
        .into()
}

#[test]
fn a_stream_that_takes_nothing_stops_no_run() {
    let streams: [[fn() -> Stdio; 2]; 4] = [
        [broken, broken],
        [full, full],
        [broken, Stdio::null],
        [Stdio::null, broken],
    ];
    for [stdout, stderr] in streams {
        for arguments in [
            ["--format", "json"],
            ["--progress", "bar"],
            ["--progress", "lines"],
        ] {
            let scene = Scene::paying("ok,reject:network", &rows(3));
            let run = scene.pay().args(arguments).status(4);
            run.start_on([stdout(), stderr()]).end();
            assert_eq!(scene.statuses(), ["created", "rejected", "created"]);
        }
    }
}

#[test]
fn closed_streams_stop_no_run_and_are_no_results_file() {
    for (closed, stdout, stderr) in [
        (">&-", "", "1 rejected"),
        ("2>&-", r#""type":"summary""#, ""),
        (">&- 2>&-", "", ""),
    ] {
        let close = format!(r#"exec "$0" "$@" {closed}"#);
        for (format, stdout) in [("json", stdout), ("human", "")] {
            let scene = Scene::paying("ok,reject:network", &rows(3));
            let run = scene.pay().args(["--format", format]).status(4);
            let run = run.stdout_has(stdout).stderr_has(stderr);
            run.by_way_of_shell(&close).go();
            let statuses = ["created", "rejected", "created"];
            assert_eq!(scene.statuses(), statuses, "{format} {closed}");
        }
        let scene = Scene::paying("", "R1,BTC,nobody,1\n");
        let run = scene.pay().status(3).stderr_has("").by_way_of_shell(&close);
        run.go();
    }
}

#[test]
fn only_a_command_whose_output_is_the_job_minds_that_nobody_takes_it() {
    for stream in [broken, full] {
        let scene = Scene::paying("drop-after", &rows(2));
        scene.pay().status(6).stderr_has("In doubt: line 2").go();
        for (command, status) in [
            ("--help", 0),
            ("run", 2),
            ("currencies", 1),
            ("validate payouts.csv", 0),
            ("validate payouts.csv --format json", 0),
            ("status payouts.csv", 1),
            ("status payouts.csv --format csv", 1),
            ("status payouts.csv --format json", 1),
            ("resolve payouts.csv --yes --line 2 --not-created", 0),
            // A verdict can be given again until the payout is sent again.
            ("resolve payouts.csv --yes --line 2 --not-created", 0),
            ("resolve payouts.csv --yes --line 3 --not-created", 1),
        ] {
            let words: Vec<&str> = command.split_whitespace().collect();
            let run = scene.through_sandbox(&words).status(status);
            run.start_on([stream(), stream()]).end();
        }
    }
}

#[test]
fn progress_can_be_lines_or_nothing() {
    for (how, is_told) in [("auto", true), ("lines", true), ("none", false)] {
        let scene = Scene::paying("", &rows(2));
        let run = scene
            .pay()
            .args(["--progress", how])
            .stderr_has("All done: 2 created");
        let output = run.go();
        assert_eq!(
            output.stderr.contains("Z 2/2 line 3 created INV-"),
            is_told,
            "{output}"
        );
    }
}

#[test]
fn the_sandbox_serves_until_it_is_stopped() {
    let scene = Scene::new(&rows(2));
    let serve = ["sandbox", "--interval", "0s", "--script", "reject:network"];
    let sandbox = scene
        .program(serve)
        .stdout_has("listening on http://127.0.0.1:");
    let sandbox = sandbox.stderr_has("200, created INV-").start();
    let url = sandbox.await_stdout("listening on ");
    let run = scene.pay_through(&url).args(["--interval", "0s"]);
    run.status(4).stderr_has("1 created, 1 rejected").go();
    sandbox.signal("INT");
    sandbox.end();
    for (arguments, status, why) in [
        (
            ["--script", "explode"],
            2,
            "--script: unknown step `explode`",
        ),
        (["--listen", "0.0.0.0:0"], 2, "loopback addresses only"),
    ] {
        let run = scene.program(["sandbox"]).args(arguments);
        run.status(status).stderr_has(why).go();
    }
}

#[test]
fn a_word_that_is_no_command_gets_the_one_that_was_meant() {
    let scene = Scene::new("");
    for (word, tip) in [
        ("resume", "run goes on where it stopped: ccbatch run FILE"),
        ("pay", "run pays, after a question: ccbatch run FILE"),
        (
            "check",
            "validate checks and sends nothing: ccbatch validate FILE",
        ),
        ("retry", "then: ccbatch run FILE --retry-rejected"),
        ("rnu", "a similar command exists: ccbatch run\n"),
        ("RUN", "a similar command exists: ccbatch run\n"),
        ("valdate", "a similar command exists: ccbatch validate\n"),
        ("stauts", "a similar command exists: ccbatch status\n"),
        ("payouts.csv", "ccbatch run payouts.csv pays it"),
    ] {
        let run = scene.program([word, INPUT]).status(2);
        let told = format!("error: unrecognized subcommand '{word}'\n\n  tip: ");
        let output = run.stderr_has(&told).stderr_has(tip).go();
        assert_eq!(output.stderr.matches("tip:").count(), 1, "{output}");
    }
    let undo = scene.program(["undo"]).status(2).stderr_has("'undo'").go();
    assert!(!undo.stderr.contains("tip:"), "{undo}");
    let nested = scene.program(["ledger", "bakup"]).status(2);
    nested.stderr_has("'backup'").go();
}

#[test]
fn a_number_that_is_none_names_the_flag_and_an_example() {
    let scene = Scene::new("");
    for (command, flag, value, example) in [
        (
            "run",
            "--limit",
            "x",
            "'--limit <N>': write a whole number from 1 on, like 5",
        ),
        (
            "run",
            "--limit",
            "0",
            "'--limit <N>': write a whole number from 1 on, like 5",
        ),
        (
            "run",
            "--max-findings",
            "1.5",
            "'--max-findings <N>': write a whole number, like 20",
        ),
        (
            "resolve",
            "--line",
            "R1",
            "'--line <N>': write a whole number from 1 on, like 5",
        ),
        (
            "run",
            "--interval",
            "12",
            "'--interval <DURATION>': write it with its unit, like 12s",
        ),
        (
            "run",
            "--max-total",
            "BTC=x",
            "'--max-total <CODE=AMOUNT>': \"x\" is not an amount",
        ),
        (
            "status",
            "--state",
            "paid",
            "'--state <STATES>': write one or more of created,",
        ),
    ] {
        let run = scene.program([command, INPUT, flag, value]).status(2);
        run.stderr_has(example).go();
    }
    let run = scene.program(["sandbox", "--listen", "8080"]).status(2);
    run.stderr_has("like 127.0.0.1:8080").go();
}

#[test]
fn status_fits_a_narrow_terminal_and_shows_the_states_that_are_asked_for() {
    let scene = standing_everywhere();
    let long = "0123456789".repeat(6);
    let header = "reference,payee,currency_code,to_address,amount\n";
    let row = format!("{long},Фирма «Ромашка» и партнёры,BTC,{BITCOIN},0.12345678\n");
    scene.write("long.csv", format!("{header}{row}"));
    let run = scene.program(["status", "long.csv"]).stdout_has(&long);
    let output = run.stdout_has(BITCOIN).stderr_has("1 not yet created").go();
    for line in output.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for (states, references) in [
        ("created", &["R1"][..]),
        ("rejected,pending", &["R2", "R5"]),
        ("in_doubt, not_created", &["R3", "R4"]),
        ("refused", &[]),
    ] {
        let run = scene.program(["status", INPUT, "--format", "csv", "--state", states]);
        let output = run.stdout_has("line,reference").stderr_has("").go();
        let lines = output.stdout.lines().skip(1);
        let shown: Vec<_> = lines.map(|it| it.split(',').nth(1).unwrap()).collect();
        assert_eq!(shown, references, "{states}");
    }
}

/// Every flag of a command and of those below it.
fn flags(command: &clap::Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(clap::Arg::get_long);
    let below = command.get_subcommands().flat_map(flags);
    own.map(str::to_owned).chain(below).collect()
}

#[test]
fn the_manual_page_and_the_completions_have_every_flag_of_every_command() {
    let scene = Scene::new("");
    let mut command = Cli::command();
    command.build();
    let page = scene.program(["man"]).stdout_has("ccbatch").go().stdout;
    let pages: Vec<&str> = page.split("\n.TH ").collect();
    let page_of = |name: &str| {
        let title = format!("{} ", name.replace(' ', "-"));
        let found = pages.iter().find(|page| page.starts_with(&title));
        found.unwrap_or_else(|| panic!("no page of {name}"))
    };
    let mut left = vec![("ccbatch".to_owned(), &command)];
    while let Some((name, command)) = left.pop() {
        for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
            let escaped = format!("\\-\\-{}", flag.replace('-', "\\-"));
            assert!(page_of(&name).contains(&escaped), "{name}: --{flag}");
        }
        let below = command
            .get_subcommands()
            .filter(|it| it.get_name() != "help");
        left.extend(below.map(|it| (format!("{name} {}", it.get_name()), it)));
    }
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = scene.program(["completions", shell]).stdout_has("ccbatch");
        let script = script.go().stdout;
        for flag in flags(&command) {
            assert!(script.contains(&flag), "{shell}: {flag}");
        }
    }
}
