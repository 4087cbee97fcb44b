//! The history, and the ledger as a whole: shown, adopted, backed up and moved.

use crate::cluster::Cluster;
use crate::harness::{BITCOIN, ETHEREUM, INPUT, RESULTS, Run, Scene, rows};
use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;

/// Four payouts of two files, one of them rejected.
fn paid() -> Scene {
    let rows = format!("{}R3,ETH,{ETHEREUM},0.5\n", rows(2));
    let scene = Scene::paying("ok,reject:network", &rows);
    scene.pay().status(4).stderr_has("2 created").go();
    let header = "currency_code,to_address,amount,payee\n";
    scene.write("other.csv", format!("{header}ETH,{ETHEREUM},0.25,Ada\n"));
    let run = scene.through_sandbox(&["run", "other.csv", "--yes", "--interval", "0s"]);
    run.stderr_has("1 created").go();
    scene
}

fn history(scene: &Scene, filter: &[&str]) -> Run {
    let arguments = ["history", "--format", "csv"];
    scene.program(arguments.iter().chain(filter).copied())
}

fn found(scene: &Scene, filter: &[&str]) -> usize {
    let output = history(scene, filter)
        .stdout_has("date,payee,reference,")
        .go();
    output.stdout.lines().count() - 1
}

#[test]
fn the_history_shows_every_attempt_and_finds_by_each_filter() {
    let scene = paid();
    let realm = scene.url().trim_start_matches("http://").to_owned();
    let lines = scene.results();
    let first = &lines[0];
    let day = first.started_at.format("%Y-%m-%d").to_string();
    let lower = ETHEREUM.to_lowercase();
    let other = scene.path("other.results.csv");
    for (filter, count) in [
        (&[][..], 4),
        (&["--status", "rejected"], 1),
        (&["--status", "created"], 3),
        (&["--reference", "r1"], 1),
        (&["--reference", "nothing"], 0),
        (&["--payee", "ada"], 1),
        (&["--address", &lower], 2),
        (&["--address", "nothing"], 0),
        (&["--invoice-id", &first.invoice_id], 1),
        (&["--batch", RESULTS], 3),
        (&["--batch", INPUT], 3),
        (&["--batch", other.to_str().unwrap()], 1),
        (&["--since", &day, "--until", "9999-01-01"], 4),
        (&["--until", &day], 0),
        (&["--address", ETHEREUM, "--payee", "ada"], 1),
    ] {
        assert_eq!(found(&scene, filter), count, "{filter:?}");
    }
    // A file that is gone is still known by its name.
    fs::remove_file(scene.path(RESULTS)).unwrap();
    assert_eq!(found(&scene, &["--batch", RESULTS]), 3);
    let nothing = scene.program(["history", "--reference", "nothing"]);
    nothing
        .stdout_has("begun")
        .stderr_has("No attempts found.\n")
        .go();
    let elsewhere = scene.program(["history", "--batch", "elsewhere/payouts.csv"]);
    elsewhere
        .stdout_has("begun")
        .stderr_has("No attempts found.\n--batch takes a file at the place where it was")
        .go();
    let human = scene.program(["history", "--reference", "R1"]);
    human
        .stdout_has(&realm)
        .stdout_has(&first.invoice_id)
        .stdout_has("0.001 BTC to")
        .stderr_has(&format!("{realm}: 1 attempt\n  created: 0.001 BTC\n"))
        .go();
    let json = scene.program(["history", "--format", "json", "--reference", "R1"]);
    let output = json.stdout_has("\"realm\":").go();
    let event: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(event["realm"], realm);
    assert_eq!(event["invoice_id"], first.invoice_id);
}

/// The whole history as JSON.
fn events(scene: &Scene, filter: &[&str]) -> Vec<serde_json::Value> {
    let run = scene
        .program(["history", "--format", "json"])
        .args(filter.iter().copied());
    let output = run.stdout_has("").go();
    let lines = output.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_history_says_who_settled_what_and_what_was_paid_again() {
    let scene = Scene::paying("drop-before,amount:0.0019", &rows(2));
    scene.pay().status(6).stderr_has("1 in doubt").go();
    let line = ["resolve", INPUT, "--yes", "--line", "2"];
    for verdict in [&["--invoice-id", "INV-SEEN"][..], &["--not-created"]] {
        let run = scene.program(line).args(verdict.iter().copied());
        run.stderr_has("Recorded").go();
    }
    scene.pay().stderr_has("All done").go();
    let header = "currency_code,to_address,amount\n";
    scene.write("again.csv", format!("{header}BTC,{BITCOIN},0.002\n"));
    let again = ["run", "again.csv", "--yes", "--interval", "0s", "--repeat"];
    scene.through_sandbox(&again).stderr_has("1 created").go();
    let [settled, first, second, again] = &events(&scene, &[])[..] else {
        panic!("not four attempts");
    };
    let who = settled["resolved_by"].as_str().unwrap();
    assert!(who.contains(" (process "), "{who}");
    assert_eq!(settled["resolved_at"], settled["finished_at"]);
    let detail = settled["detail"].as_str().unwrap();
    assert!(detail.contains(" UTC: created INV-SEEN; "), "{detail}");
    assert!(first["resolved_by"].is_null() && first["resolved_at"].is_null());
    assert_eq!(
        (&second["repeated"], &again["repeated"]),
        (&false.into(), &true.into())
    );
    let file = |event: &serde_json::Value| event["results"].as_str().unwrap().to_owned();
    assert!(file(first).ends_with(&format!("/{RESULTS}")));
    assert!(file(again).ends_with("/again.results.csv"));
    let csv = history(&scene, &["--status", "not_created"]);
    let csv = csv.stdout_has("INV-SEEN").go().stdout;
    let row = csv.lines().nth(1).unwrap();
    let end = format!(
        "{RESULTS},{who},{},false,false",
        settled["resolved_at"].as_str().unwrap()
    );
    assert!(row.ends_with(&end), "{row}");
    let human = scene.program(["history"]);
    human
        .stdout_has(&format!("; resolved by {who} at "))
        .stdout_has("; accepted: 0.0019")
        .stderr_has(": 4 attempts\n  created: 0.005 BTC\n")
        .go();
    // What was taken over does not pass for what was done here.
    fs::remove_file(scene.ledger()).unwrap();
    let adopt = scene.program(["ledger", "adopt", RESULTS]);
    adopt.stderr_has("3 of 3 attempts taken over").go();
    for event in events(&scene, &[]) {
        let who = event["who"].as_str().unwrap();
        assert!(who.starts_with("adopted by "), "{who}");
    }
}

#[test]
fn what_is_being_submitted_is_found_as_unknown_too() {
    let scene = Scene::paying("delay:1m", &rows(1));
    let run = scene.pay().start();
    scene.await_deliveries(1);
    run.kill();
    for status in ["unknown", "submitting"] {
        assert_eq!(found(&scene, &["--status", status]), 1, "{status}");
    }
    assert_eq!(found(&scene, &["--status", "created"]), 0);
}

#[test]
fn a_filter_that_makes_no_sense_is_a_usage_error() {
    let scene = Scene::new(&rows(1));
    for (filter, words) in [
        (["--since", "yesterday"], "2026-11-25"),
        (["--status", "paid"], "created, rejected"),
    ] {
        let run = scene.program(["history"]).args(filter).status(2);
        run.stderr_has(words).go();
    }
    let run = scene.program(["history"]);
    run.stderr_has("nothing was ever paid").stdout_has("").go();
}

/// The line of a page that begins like this.
fn command(page: &str, start: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let page = fs::read_to_string(page).unwrap();
    let mut lines = page.lines();
    lines.find(|line| line.starts_with(start)).unwrap().into()
}

#[test]
fn an_accounting_program_imports_what_was_paid() {
    let rows = format!(
        "A1,BTC,{BITCOIN},0.00000001,Иванов; Пётр\n\
         A2,USDC_BASE,{ETHEREUM},1500.50,@ada\n\
         A3,ETH,{ETHEREUM},0.25,Ada\n"
    );
    let scene = Scene::paying("ok,ok,reject:network", "");
    let header = "reference,currency_code,to_address,amount,payee\n";
    scene.write(INPUT, format!("{header}{rows}"));
    scene.pay().status(4).stderr_has("2 created").go();
    let day = scene.results()[0].started_at.format("%Y-%m-%d").to_string();
    // As docs/records.md shows it, with a month that holds today.
    let shown = command(
        "docs/records.md",
        "ccbatch history --status created --since",
    );
    assert!(shown.ends_with(" > november.csv"), "{shown}");
    let shown = shown.replace("ccbatch ", "exec \"$0\" ");
    let shown = shown.replace("2026-11-01", &day);
    let shown = shown.replace("2026-12-01", "9999-01-01");
    scene.program([]).by_way_of_shell(&shown).go();
    let text = scene.read("november.csv");
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .from_reader(text.as_bytes());
    let first = |row: &csv::StringRecord| row.iter().take(8).collect::<Vec<_>>().join("|");
    let header = first(reader.headers().unwrap());
    assert_eq!(
        header,
        "date|payee|reference|amount|currency_code|network|to_address|invoice_id"
    );
    let lines: Vec<_> = reader.records().map(|row| first(&row.unwrap())).collect();
    let ids: Vec<_> = scene
        .results()
        .into_iter()
        .map(|it| it.invoice_id)
        .collect();
    assert_eq!(
        lines,
        [
            format!(
                "{day}|Иванов; Пётр|A1|0,00000001|BTC|Bitcoin|{BITCOIN}|{}",
                ids[0]
            ),
            format!(
                "{day}|'@ada|A2|1500,50|USDC_BASE|Base|{ETHEREUM}|{}",
                ids[1]
            ),
        ]
    );
    // Whoever wants another file gets it, and the results file stays as it is.
    let status = ["status", INPUT, "--format", "csv", "--delimiter", "tab"];
    let run = scene.program(status).args(["--output-decimal-comma"]);
    run.stdout_has("\t0,25\trejected\t").go();
    assert!(scene.read(RESULTS).contains(",1500.50,"));
}

#[test]
fn what_is_asked_of_a_csv_is_a_usage_error_where_none_is_written() {
    let scene = Scene::new(&rows(1));
    for command in [&["history"][..], &["status", INPUT]] {
        for flag in [
            &["--bom"][..],
            &["--output-decimal-comma"],
            &["--delimiter", ";"],
        ] {
            for format in ["human", "json"] {
                let run = scene.program(command.iter().chain(flag).copied());
                let run = run.args(["--format", format]).status(2);
                let told = format!("{}: this is for CSV only\n", flag[0]);
                run.stderr_has(&told).go();
            }
        }
        let run = scene.program(command.iter().copied());
        let run = run.args(["--format", "csv", "--delimiter", "x"]).status(2);
        run.stderr_has("like --delimiter ';'").go();
    }
}

#[test]
fn a_history_that_nobody_reads_any_more_is_an_error() {
    let scene = paid();
    let run = scene.program(["history"]).status(1);
    let run = run.stderr_has("stdout: ");
    run.by_way_of_shell(r#"exec "$0" "$@" >/dev/full"#).go();
}

/// As when a pager is closed before its end.
#[test]
fn a_history_whose_reader_goes_away_ends_without_a_word() {
    let scene = paid();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let stderr = tempfile::NamedTempFile::new().unwrap();
    let streams = [writer.into(), stderr.reopen().unwrap().into()];
    let run = scene.program(["history"]).status(1);
    run.start_on(streams).end();
    assert_eq!(fs::read_to_string(stderr.path()).unwrap(), "");
}

/// The history of more attempts than a pipe holds, open in a pager that shows the first lines.
#[test]
fn a_history_that_is_left_open_stops_no_run() {
    let check = |ledger: &str| {
        let scene = Scene::paying("", &rows(300));
        let pay = || {
            let run = scene.pay().args(["--progress", "none"]);
            run.env("CCBATCH_LEDGER", ledger)
        };
        pay().stderr_has("All done: 300 created").go();
        let (mut reader, writer) = std::io::pipe().unwrap();
        let history = scene
            .program(["history", "--format", "json"])
            .env("CCBATCH_LEDGER", ledger)
            .start_on([writer.into(), Stdio::null()]);
        let mut beginning = [0; 100];
        reader.read_exact(&mut beginning).unwrap();
        scene.write("more.csv", fs::read(scene.path(INPUT)).unwrap());
        scene.write_rows(&rows(303));
        pay().stderr_has("303 created").go();
        drop(history);
        assert_eq!(scene.book().created.len(), 303);
    };
    let home = TempDir::new().unwrap();
    check(home.path().join("ledger.db").to_str().unwrap());
    if let Some(cluster) = Cluster::start(&[]) {
        check(&cluster.url());
    }
}

#[test]
fn the_ledger_says_where_it_is_and_how_much_it_holds() {
    let scene = paid();
    let run = scene.program(["ledger"]);
    run.stdout_has("Ledger: ")
        .stdout_has("2 batches")
        .stdout_has("created              3")
        .stdout_has("rejected             1")
        .go();
    let empty = TempDir::new().unwrap();
    let nowhere = empty.path().join("none.db");
    let run = scene.program(["ledger", "--ledger", nowhere.to_str().unwrap()]);
    run.status(1).stderr_has("there is no ledger yet").go();
    assert!(!nowhere.exists());
    // As a run leaves it that is killed while it makes the ledger.
    fs::write(&nowhere, "").unwrap();
    fs::set_permissions(&nowhere, Permissions::from_mode(0o600)).unwrap();
    let run = scene.program(["ledger", "--ledger", nowhere.to_str().unwrap()]);
    run.status(1).stderr_has("there is no ledger yet").go();
}

#[test]
fn a_rehearsal_elsewhere_does_not_pass_for_the_payment_in_the_status() {
    let scene = Scene::paying("", &rows(1));
    scene.pay().stderr_has("1 created").go();
    let elsewhere = "This batch is paid through 127.0.0.1:";
    let run = scene.program(["status", INPUT]);
    run.stdout_has("created").stderr_has(elsewhere).go();
    let status = scene.through_sandbox(&["status", INPUT]).raw();
    assert!(!String::from_utf8_lossy(&status.stderr).contains(elsewhere));
}

#[test]
fn a_backup_is_a_ledger_and_overwrites_nothing() {
    let scene = paid();
    let back_up = || scene.program(["ledger", "backup", "copy.db"]);
    back_up().stderr_has("copied to copy.db").go();
    let run = scene.program(["ledger", "--ledger", "copy.db"]);
    run.stdout_has("2 batches").go();
    let run = back_up().status(1);
    run.stderr_has("there is such a file already").go();
}

#[test]
fn results_files_are_adopted_into_a_new_ledger() {
    let scene = paid();
    let adopt = || {
        let run = scene.program(["ledger", "adopt", RESULTS, "other.results.csv"]);
        run.args(["--ledger", "new.db"])
    };
    adopt()
        .stderr_has("payouts.results.csv: 3 of 3 attempts taken over\n")
        .stderr_has("other.results.csv: 1 of 1 attempt taken over\n")
        .go();
    adopt()
        .stderr_has("0 of 3 attempts taken over; the ledger has the rest already")
        .go();
    let run = scene.pay().args(["--ledger", "new.db"]).status(4);
    run.stderr_has("2 created, 1 rejected").go();
    assert_eq!(scene.sent_and_created(), (4, 3));
    let run = scene.program(["ledger", "adopt", "absent.csv", "--ledger", "new.db"]);
    run.status(1).stderr_has("there is no such file").go();
}

#[test]
fn a_batch_that_was_begun_on_sqlite_goes_on_on_postgresql() {
    let Some(cluster) = Cluster::start(&[]) else {
        return;
    };
    let scene = Scene::paying("", &rows(5));
    let run = scene.pay().args(["--limit", "2"]).status(5);
    run.stderr_has("2 created").go();
    let url = cluster.url();
    let move_it = || scene.program(["ledger", "move", "--to", &url]);
    move_it().stderr_has("with 2 attempts").go();
    // The old one begins nothing any more, and is not moved a second time.
    let run = scene.pay().status(1);
    run.stderr_has("this ledger was moved to postgres://").go();
    move_it().status(1).stderr_has("was moved to").go();
    let pay = || scene.pay().env("CCBATCH_LEDGER", &url);
    pay().stderr_has("All done: 5 created").go();
    assert_eq!(scene.sent_and_created(), (5, 5));
    // And back again, into an empty one only.
    let back = || {
        let run = scene.program(["ledger", "move", "--to", "back.db"]);
        run.env("CCBATCH_LEDGER", &url)
    };
    back().stderr_has("with 5 attempts").go();
    let run = scene.pay().env("CCBATCH_LEDGER", "back.db");
    run.stderr_has("All done: 5 created").go();
    let run = scene.program(["ledger", "move", "--to", "back.db", "--ledger", "back.db"]);
    run.status(1).stderr_has("hint: nothing has changed").go();
    assert_eq!(scene.sent_and_created(), (5, 5));
}

#[test]
fn who_looks_at_a_ledger_that_was_moved_is_told() {
    let scene = Scene::paying("", &rows(2));
    let run = scene.pay().args(["--limit", "1"]).status(5);
    run.stderr_has("1 created").go();
    let run = scene.program(["ledger", "move", "--to", "new.db"]);
    run.stderr_has("with 1 attempt;").go();
    let run = scene
        .pay()
        .args(["--ledger", "new.db", "--results", "r.csv"]);
    run.stderr_has("All done: 2 created").go();
    for command in [
        &["validate", INPUT, "--format", "json"][..],
        &["status", INPUT, "--format", "json"],
        &["history", "--format", "json"],
    ] {
        let run = scene.program(command.iter().copied()).stdout_has("{");
        run.stderr_has("ledger.db: this ledger was moved to")
            .stderr_has("What was paid since then is not in it")
            .go();
    }
    // A page is passed on without what stood beside it.
    let run = scene.program(["report", INPUT, "--output", "-"]).status(1);
    run.stderr_has("ledger.db: this ledger was moved to").go();
}

#[test]
fn a_ledger_is_not_moved_to_a_name_that_it_could_not_tell() {
    let scene = Scene::paying("", &rows(1));
    scene.pay().stderr_has("1 created").go();
    let before = scene.files();
    let run = scene.program(["ledger", "move", "--to"]).status(1);
    let run = run.by_way_of_shell(r#"exec "$0" "$@" "$(printf 'new\377.db')""#);
    run.stderr_has("invalid filename").go();
    assert_eq!(scene.files(), before);
    scene.pay().stderr_has("Already created: 1").go();
}

#[test]
fn a_move_that_was_not_finished_opens_neither_a_half_ledger_nor_a_stale_one() {
    for pays_meanwhile in [false, true] {
        let scene = Scene::paying("", &rows(3));
        let run = scene.pay().args(["--limit", "1"]).status(5);
        run.stderr_has("1 created").go();
        let move_it = || scene.program(["ledger", "move", "--to", "new.db"]);
        move_it().stderr_has("with 1 attempt;").go();
        // As if it had been killed when all was copied and neither was marked.
        for (file, mark) in [
            (scene.ledger(), ""),
            (scene.path("new.db"), "(a move to here was not finished)"),
        ] {
            let ledger = rusqlite::Connection::open(file).unwrap();
            let sql = "UPDATE ledger SET moved_to = ?1";
            ledger.execute(sql, [mark]).unwrap();
        }
        let pay = || scene.pay().env("CCBATCH_LEDGER", "new.db");
        let run = pay().status(1);
        let run = run.stderr_has("a move to this ledger was not finished");
        run.stderr_has("hint: nothing was sent; finish the move")
            .go();
        if pays_meanwhile {
            let run = scene.pay().args(["--limit", "1"]).status(5);
            run.stderr_has("2 created").go();
            let run = move_it().status(1);
            run.stderr_has("there is something in this ledger already")
                .go();
            pay().status(1).stderr_has("was not finished").go();
            scene.pay().stderr_has("All done: 3 created").go();
        } else {
            move_it().stderr_has("with 1 attempt;").go();
            scene.pay().status(1).stderr_has("was moved to").go();
            pay().stderr_has("All done: 3 created").go();
        }
        assert_eq!(scene.sent_and_created(), (3, 3));
    }
}

#[test]
fn a_moved_ledger_takes_no_verdict() {
    let scene = Scene::paying("drop-after", &rows(1));
    scene.pay().status(6).stderr_has("1 in doubt").go();
    let run = scene.program(["ledger", "move", "--to", "new.db"]);
    run.stderr_has("with 1 attempt;").go();
    // Without the files the ledger alone says which payout it is.
    fs::remove_file(scene.path(RESULTS)).unwrap();
    let resolve = || scene.program(["resolve", "--reference", "R1", "--not-created", "--yes"]);
    let run = resolve().status(1).stderr_has("this ledger was moved to");
    run.stderr_has("hint: nothing was recorded; name it with --ledger")
        .go();
    let run = resolve().args(["--ledger", "new.db"]);
    run.stderr_has("Recorded: line 2 not created").go();
}
