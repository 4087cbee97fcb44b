//! A secret is the API key, which no output, no file and no process table may hold; hostile text
//! is what an API or a spreadsheet brings to steer a terminal or to run in a spreadsheet.

use crate::harness::{BITCOIN, INPUT, KEY, RESULTS, Scene, answering, rows};
use std::os::unix::fs::PermissionsExt;

/// What must not reach a terminal or a file as it is: escape sequences, direction marks,
/// invisible characters, line breaks, NUL.
const HARMFUL: [char; 8] = [
    '\u{1b}', '\u{7}', '\u{202e}', '\u{2066}', '\u{200b}', '\r', '\0', '\u{9b}',
];

/// The same as JSON writes it.
const IN_JSON: &str = r"\u001b[31m\u0007\u202e\u2066\u200b\r\n\u0000\u009b";

/// The same as it is.
const RAW: &str = "\u{1b}[31m\u{7}\u{202e}\u{2066}\u{200b}\r\n\0\u{9b}";

#[track_caller]
fn assert_harmless(what: &str, text: &str) {
    assert!(!text.contains(HARMFUL), "{what}: {text:?}");
}

#[test]
fn the_key_is_in_no_file_and_in_no_argument() {
    let scene = Scene::paying("ok,unauthorized,delay:1h", &rows(3));
    scene.write("key", format!("Token {KEY}\n"));
    std::fs::set_permissions(scene.path("key"), PermissionsExt::from_mode(0o600)).unwrap();
    for part in ["the API key was refused", "ccbatch run"] {
        let from_file = scene.pay().without_env("CCBATCH_API_KEY");
        let run = from_file
            .args(["--api-key-file", "key", "--limit", "2"])
            .start();
        if part == "ccbatch run" {
            scene.await_deliveries(3);
            let pid = run.pid();
            let arguments = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
            assert!(arguments.contains("--api-key-file") && !arguments.contains(KEY));
            run.kill();
        } else {
            drop(run.expecting(5, part).end());
        }
    }
    std::fs::remove_file(scene.path("key")).unwrap();
    for name in scene.files() {
        assert!(!scene.read(&name).contains(KEY), "{name} holds the key");
    }
}

#[test]
fn hostile_answers_are_escaped_everywhere() {
    for (status, body) in [
        (
            400,
            format!(r#"{{"status":"error","result":{{"=1+1{IN_JSON}":"=cmd(){IN_JSON}"}}}}"#),
        ),
        (400, format!(r#"{{"message":"@SUM(A1){IN_JSON}"}}"#)),
        (500, format!("-2+3{RAW}")),
        (
            200,
            format!(r#"{{"status":"success","data":{{"invoice_id":"=INV-1{IN_JSON}"}}}}"#),
        ),
    ] {
        let scene = Scene::new(&rows(1)).with_sandbox(answering(status, body.as_str()));
        let output = scene.through_sandbox(&[
            "run",
            INPUT,
            "--yes",
            "--interval",
            "0s",
            "--format",
            "json",
        ]);
        let output = output.raw();
        for stream in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(stream);
            assert_harmless(&body, &text);
            assert!(
                text.contains("\\u{202e}") || text.contains("\\\\u{202e}"),
                "{text}"
            );
        }
        let results = scene.read(RESULTS);
        assert_harmless(&body, &results);
        assert_eq!(results.lines().count(), 2, "{results}");
        for cell in results.lines().nth(1).unwrap().split([',', '"']) {
            assert!(
                !cell.starts_with(['=', '+', '-', '@']),
                "a spreadsheet would run {cell:?}"
            );
        }
    }
}

#[test]
fn hostile_cells_are_findings_and_are_shown_escaped() {
    let cells = [
        "\u{1b}[2J,BTC,ADDRESS,1",
        "=1+1,BTC,ADDRESS,1",
        "R,B\u{202e}TC,ADDRESS,1",
        "R,BTC,ADDRESS\u{202e},1",
        "R,BTC,ADDRESS,1\u{9b}",
        "R,BTC,ADDRESS\0,1",
    ];
    for cell in cells {
        let row = format!("{}\n", cell.replace("ADDRESS", BITCOIN));
        let scene = Scene::paying("", &row);
        for format in ["human", "json"] {
            let arguments = ["run", INPUT, "--yes", "--format", format];
            let output = scene.through_sandbox(&arguments).raw();
            assert_eq!(output.status.code(), Some(3), "{cell:?}");
            assert_harmless(cell, &String::from_utf8_lossy(&output.stderr));
            assert_harmless(cell, &String::from_utf8_lossy(&output.stdout));
        }
        assert_eq!(scene.files(), [INPUT], "{cell:?}");
        assert_eq!(scene.sent_and_created(), (0, 0));
    }
}
