//! What the plan and the summary tell though no rule refuses it: rows numbered anew, sums paid
//! again, rows that are gone, and rows that were left out.

use super::{COUNT, References, age, begun, pay};
use crate::harness::{BITCOIN, INPUT, Scene, unhurried};
use serde_json::Value;
use std::ops::Range;

/// The rows of a payroll, with the references of a month.
fn numbered(month: &str, rows: Range<usize>) -> String {
    let mut text = References::With.header().to_owned();
    for n in rows {
        text.push_str(&format!("{month}-{n},BTC,{BITCOIN},0.{n:03}\n"));
    }
    text
}

/// The event of this type that a command tells.
fn event(scene: &Scene, arguments: &[&str], kind: &str) -> Value {
    let output = scene.through_sandbox(arguments).raw();
    let text = String::from_utf8(output.stdout).unwrap();
    let events = text.lines().map(|it| serde_json::from_str(it).unwrap());
    let mut events = events.filter(|event: &Value| event["type"] == kind);
    events
        .next_back()
        .unwrap_or_else(|| panic!("no {kind} in {text}"))
}

#[test]
fn rows_that_were_numbered_anew_are_told_and_an_error_where_warnings_are() {
    let scene = begun(References::With, COUNT);
    scene.write("april.csv", numbered("April", 1..COUNT + 3));
    let day = scene.results()[1].started_at.format("%Y-%m-%d");
    let told = format!(
        "april.csv:3: reference: warning: line 3 pays what was paid on {day} under another \
         reference: 0.002 BTC to {BITCOIN} (reference R2), created at {day} "
    );
    let dry = pay(&scene, "april.csv", &["--dry-run"]);
    dry.ends(0, &told).ends(0, ", see ");
    dry.ends(
        0,
        "payouts.results.csv\n  hint: if it is the same payout, take the row out\n",
    );
    dry.ends(0, "april.csv: 4 warnings: 4 paid under another reference\n");
    dry.ends(
        0,
        "\n  4 pay what was paid under another reference: lines 2-5\n",
    );
    scene.write("one.csv", numbered("One", 1..2));
    let strict = pay(&scene, "one.csv", &["--strict"]);
    strict.ends(
        3,
        "one.csv: 1 error: 1 paid under another reference; nothing was sent",
    );
    assert_eq!(scene.book().created.len(), COUNT);
    let json = [
        "validate",
        "april.csv",
        "--format",
        "json",
        "--max-findings",
        "1",
    ];
    let plan = event(&scene, &json, "plan");
    let lines: Vec<_> = plan["paid_alike"].as_array().unwrap().iter().collect();
    assert_eq!(lines.len(), COUNT);
    assert_eq!(lines[2]["line"], 4);
    assert_eq!(lines[2]["reference"], "R3");
    let finding = event(&scene, &json, "finding");
    assert_eq!(finding["kind"], Value::Null);
    assert_eq!(finding["value"], format!("April-{COUNT}"));
    // What was paid is another row of the file: it is told as paid, and a sum twice is its own warning.
    let both = format!("{}R1,BTC,{BITCOIN},0.001\n", numbered("April", 1..2));
    scene.write("both.csv", both);
    let told = pay(&scene, "both.csv", &["--dry-run"]).told;
    assert!(!told.contains("another reference:"), "{told}");
    // A month later it is the next payroll.
    age(&scene, 21);
    let told = pay(&scene, "april.csv", &["--dry-run"]).told;
    assert!(!told.contains("another reference"), "{told}");
}

#[test]
fn what_is_paid_again_is_told_with_its_lines() {
    let scene = begun(References::Without, COUNT);
    let more = References::Without.row(COUNT + 1);
    scene.write(
        "again.csv",
        format!("{}{more}", References::Without.input(COUNT)),
    );
    let told = "\n  4 pay again what was paid before (--repeat): lines 2-5\n";
    let again = ["--repeat", "--dry-run"];
    pay(&scene, "again.csv", &again).ends(0, told);
    let one = [&again[..], &["--limit", "1"]].concat();
    pay(&scene, "again.csv", &one).ends(0, "(--repeat): line 2\n");
    let json = [
        "run",
        "again.csv",
        "--repeat",
        "--dry-run",
        "--format",
        "json",
    ];
    let plan = event(&scene, &json, "plan");
    assert_eq!(plan["repeated"].as_array().unwrap().len(), COUNT);
    assert_eq!(plan["repeated"][0]["line"], 2);
    assert_eq!(plan["paid_alike"], Value::Array(Vec::new()));
}

#[test]
fn a_created_payout_whose_row_is_gone_is_told() {
    let scene = begun(References::With, 2);
    let rows = [References::With.row(2), References::With.row(3)].concat();
    scene.write_rows(&rows);
    let told = "All done: 2 created\n1 more of this batch is created; the file no longer has the row as it was paid\n";
    pay(&scene, INPUT, &[]).ends(0, told);
    let json = ["status", INPUT, "--format", "json"];
    let summary = event(&scene, &json, "summary");
    assert_eq!(summary["created_without_row"], 1);
    let page = scene.program(["report", INPUT, "--output", "-", "--language", "en"]);
    page.stdout_has(
        "though the file no longer has the row as it was paid, and not counted here: 1<",
    )
    .go();
}

#[test]
fn a_created_payout_whose_row_was_changed_is_told_with_what_was_paid() {
    let scene = begun(References::With, 0);
    pay(&scene, INPUT, &[]).ends(0, "All done: 4 created\n");
    let row = References::With.row(1);
    let changed = row.replace(",0.00", ",0.90");
    assert_ne!(row, changed);
    scene.write(INPUT, References::With.input(COUNT).replace(&row, &changed));
    let paid = format!("earlier payout: 0.001 BTC to {BITCOIN} (reference R1), created at ");
    let id = scene.results()[0].invoice_id.clone();
    let told = scene
        .program(["status", INPUT])
        .stdout_has("earlier payout: 0.001 BTC");
    let told = told.stderr_has("3 created, 1 not sent because of an earlier payout\n1 more of this batch is created; the file no longer has the row as it was paid\n");
    told.stdout_has(&id).go();
    let csv = scene.program(["status", INPUT, "--format", "csv"]);
    csv.stdout_has(&paid)
        .stdout_has(&format!("UTC ({id})"))
        .go();
    let json = ["status", INPUT, "--format", "json"];
    assert_eq!(event(&scene, &json, "summary")["created_without_row"], 1);
    let page = scene.program(["report", INPUT, "--output", "-", "--language", "ru"]);
    page.stdout_has(
        "Создано в этом пакете, хотя такой строки в файле больше нет (здесь не учтено): 1<",
    )
    .stdout_has(&format!("более ранняя выплата: 0.001 BTC → {BITCOIN}"))
    .go();
}

#[test]
fn a_payout_in_doubt_whose_row_was_changed_is_told_with_what_was_sent() {
    let scene = Scene::new("").with_sandbox(unhurried("drop-after"));
    scene.write(INPUT, References::With.input(1));
    pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
    let status = |format| scene.program(["status", INPUT, "--format", format]);
    let unchanged = status("csv").stdout_has(",in_doubt,").go();
    assert!(!unchanged.stdout.contains("sent: "), "{}", unchanged.stdout);
    let changed = scene.read(INPUT).replace(",0.00", ",0.90");
    scene.write(INPUT, changed);
    let sent = format!("sent: 0.001 BTC to {BITCOIN}");
    status("human")
        .stderr_has("In doubt: line 2")
        .stdout_has(&sent)
        .go();
    let sent = format!("{sent} (reference R1), begun at ");
    let told = status("csv").stdout_has(&sent).go();
    let why = &scene.results()[0].detail;
    assert!(
        !why.is_empty() && told.stdout.contains(why),
        "{}",
        told.stdout
    );
    status("json").stdout_has(&sent).go();
}

#[test]
fn rows_that_are_left_out_are_not_all_done() {
    let scene = begun(References::With, 0);
    let only = pay(&scene, INPUT, &["--only", "3"]);
    only.ends(0, "\n  3 left out by --only\n");
    only.ends(0, "\n1 created, 3 left out by --only\n");
    let json = [
        "run",
        INPUT,
        "--yes",
        "--only",
        "2",
        "--format",
        "json",
        "--interval",
        "0s",
    ];
    assert_eq!(event(&scene, &json, "summary")["left_out"], 3);
    pay(&scene, INPUT, &["--only", "2-5"]).ends(0, "All done: 4 created\n");
}
