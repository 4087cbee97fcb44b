//! The samples are what a newcomer meets first: the files in `samples/`, and the commands in
//! README.md and docs/, run here to the letter and in their order.

use ccbatch::domain::{Currency, Network};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A temporary copy of the samples, with the programs that README.md calls on the path.
struct Visit {
    folder: TempDir,
}

impl Visit {
    fn new() -> Self {
        let visit = Self {
            folder: TempDir::new().unwrap(),
        };
        fs::create_dir(visit.path("samples")).unwrap();
        fs::create_dir(visit.path("bin")).unwrap();
        fs::create_dir(visit.path("home")).unwrap();
        for entry in fs::read_dir(root().join("samples")).unwrap() {
            let from = entry.unwrap().path();
            let name = from.file_name().unwrap().to_str().unwrap();
            // What somebody's rehearsal has left there is not ours.
            if !name.ends_with(".results.csv") {
                fs::copy(&from, visit.path("samples").join(name)).unwrap();
            }
        }
        let program = visit.path("bin/ccbatch");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ccbatch"), program).unwrap();
        visit.write_program("cargo", CARGO);
        visit
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_program(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path("bin").join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A program with nothing of the tester's own environment, and an empty home.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.path("bin").display()),
            )
            .env("HOME", self.path("home"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
    }

    /// The findings of a sample, and the exit status.
    fn findings(&self, arguments: &[&str]) -> (Vec<Value>, Option<i32>) {
        let mut program = self.command(env!("CARGO_BIN_EXE_ccbatch"));
        program
            .args(["validate", "--format", "json"])
            .args(arguments);
        let output = program.output().unwrap();
        let events = String::from_utf8(output.stdout).unwrap();
        let events = events
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let findings = events.filter(|event: &Value| event["type"] == "finding");
        (findings.collect(), output.status.code())
    }
}

/// `cargo run --release --` is the program that the tests were built with.
const CARGO: &str = "#!/bin/sh
[ \"$1 $2 $3\" = 'run --release --' ] || { echo \"no test runs: cargo $*\" >&2; exit 99; }
shift 3
exec ccbatch \"$@\"
";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A row of a sample: its line, its reference, and its code.
fn rows(name: &str) -> Vec<(u64, String, String)> {
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader
        .flexible(true)
        .from_path(root().join("samples").join(name));
    let rows = reader.unwrap().into_records().zip(2..);
    rows.map(|(row, line)| {
        let row = row.unwrap();
        (
            line,
            row[0].to_owned(),
            row.get(1).unwrap_or_default().to_owned(),
        )
    })
    .collect()
}

#[test]
fn the_payouts_are_right_and_reach_every_network() {
    let (findings, status) = Visit::new().findings(&["samples/payouts.csv", "--strict"]);
    assert_eq!((findings, status), (vec![], Some(0)));
    let rows = rows("payouts.csv");
    let networks: BTreeSet<Network> = rows
        .iter()
        .map(|(_, _, code)| Currency::from_code(code).unwrap().network())
        .collect();
    assert_eq!(networks, BTreeSet::from(Network::ALL));
    assert!(rows.iter().all(|(_, reference, _)| !reference.is_empty()));
}

/// The finding of one row: its reference, the key, and a part of the message.
type Expected = (&'static str, &'static str, &'static str);

/// Checks that each row has its one finding, in order, and that no other row has any.
#[track_caller]
fn check(sample: &str, severity: &str, status: i32, expected: &[Expected]) {
    let (findings, actual) = Visit::new().findings(&[&format!("samples/{sample}")]);
    assert_eq!(actual, Some(status));
    assert_eq!(findings.len(), expected.len(), "{findings:#?}");
    let rows = rows(sample);
    for (finding, (reference, key, message)) in findings.iter().zip(expected) {
        let line = finding["line"].as_u64().unwrap();
        // The last row of the invalid ones has an open quote, which a CSV library reads otherwise.
        let row = rows.iter().find(|row| row.0 == line);
        let is_its = row.is_some_and(|row| row.1.starts_with(reference));
        assert!(is_its, "line {line} is not {reference}: {finding}");
        assert_eq!(finding["severity"], severity, "{finding}");
        assert_eq!(finding["key"], *key, "{finding}");
        assert!(
            finding["message"].as_str().unwrap().contains(message),
            "{finding}"
        );
    }
}

#[test]
fn every_invalid_row_has_the_fault_that_its_reference_names() {
    check(
        "invalid.csv",
        "error",
        3,
        &[
            (
                "MISSING-CODE",
                "required_parameter",
                "currency_code is missing",
            ),
            (
                "MISSING-ADDRESS",
                "required_parameter",
                "to_address is missing",
            ),
            ("MISSING-AMOUNT", "required_parameter", "amount is missing"),
            ("UNKNOWN-CODE", "currency_code", "not a currency code"),
            ("LOWER-CASE-CODE", "currency_code", "not a currency code"),
            ("WRONG-CHECKSUM", "network", "checksum"),
            ("WRONG-CASE", "network", "EIP-55"),
            ("WRONG-NETWORK", "network", "TRON"),
            ("TEST-NETWORK", "network", "test network"),
            ("ZERO-ADDRESS", "network", "zero address"),
            ("TOKEN-CONTRACT", "network", "USDT's own contract"),
            ("INVISIBLE-CHARACTER", "network", "ZERO WIDTH SPACE"),
            ("PAYMENT-LINK", "network", "payment link"),
            ("PRIVATE-KEY", "network", "private key"),
            ("ZERO-AMOUNT", "uncorrected_amount", "zero"),
            ("NEGATIVE-AMOUNT", "uncorrected_amount", "negative"),
            ("EXPONENT", "uncorrected_amount", "scientific notation"),
            ("DECIMAL-COMMA", "uncorrected_amount", "decimal comma"),
            ("THOUSANDS-MARK", "uncorrected_amount", "','"),
            ("TOO-MANY-DECIMALS", "uncorrected_amount", "7 decimals"),
            ("LEADING-ZERO", "uncorrected_amount", "superfluous zero"),
            ("DUPLICATE-REFERENCE", "reference", "already on line"),
            ("=FORMULA-REFERENCE", "reference", "formula"),
            ("RAGGED-ROW", "row", "3 cells"),
            ("OPEN-QUOTE", "row", "quote"),
        ],
    );
}

#[test]
fn every_doubtful_row_has_the_warning_that_its_reference_names() {
    check(
        "warnings.csv",
        "warning",
        0,
        &[
            ("ONE-CASE-ADDRESS", "network", "one case"),
            ("OLD-LITECOIN-PREFIX", "network", "Bitcoin"),
            ("OFF-CURVE-ADDRESS", "network", "curve"),
            ("MAYBE-REFUSED-CODE", "currency_code", "may refuse"),
            ("SECOND-OF-TWO", "row", "same recipient"),
            ("TOO-MANY-DIGITS", "uncorrected_amount", "more digits"),
        ],
    );
}

#[test]
fn what_a_rehearsal_leaves_is_kept_out_of_git() {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    let is_there = ignored.lines().any(|line| line == "/samples/*.results.csv");
    assert!(is_there, "{ignored}");
}

/// A command of a page, with what the page says becomes of it.
struct Shown {
    command: String,
    /// Where it stands.
    place: String,
    status: i32,
    output: Vec<String>,
}

/// The commands of every `console` block, in the page's order. Behind a command may stand
/// `# exit status N`, and below it what it prints.
fn shown(page: &str) -> Vec<Shown> {
    let content = fs::read_to_string(root().join(page)).unwrap();
    let mut commands: Vec<Shown> = Vec::new();
    let mut is_inside = false;
    for (line, text) in (1..).zip(content.lines()) {
        if text.starts_with("```") {
            is_inside = text == "```console";
        } else if is_inside {
            match (text.strip_prefix("$ "), commands.last_mut()) {
                (Some(command), _) => {
                    let status = command.split_once("# exit status ");
                    commands.push(Shown {
                        command: command.to_owned(),
                        place: format!("{page}:{line}"),
                        status: status.map_or(0, |(_, status)| status.parse().unwrap()),
                        output: Vec::new(),
                    });
                }
                (None, Some(last)) => last.output.push(text.to_owned()),
                (None, None) => panic!("{page}:{line}: output without a command"),
            }
        }
    }
    commands
}

/// What a reader types, as one session of a shell that notes the output and the status of each.
fn session(commands: &[Shown]) -> String {
    let mut script = String::new();
    for (number, shown) in commands.iter().enumerate() {
        let command = &shown.command;
        write!(
            script,
            "{{ {command}\n}} >out.{number} 2>&1\necho $? >status.{number}\n"
        )
        .unwrap();
        if command.ends_with('&') {
            // A reader sees it listening before going on.
            writeln!(script, "until [ -s out.{number} ]; do sleep 0.01; done").unwrap();
        }
    }
    script
}

/// Runs the commands of a page in a fresh copy of the samples with an empty home, and holds what
/// they print against what the page says.
#[track_caller]
fn check_page(page: &str) {
    let visit = Visit::new();
    let commands = shown(page);
    assert!(!commands.is_empty(), "{page} has lost its commands");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let script = session(&commands).replace("127.0.0.1:8080", &free.unwrap().to_string());
    let status = visit.command("bash").args(["-c", &script]).status();
    assert!(status.unwrap().success(), "{script}");
    for (number, shown) in commands.iter().enumerate() {
        let read =
            |name: &str| fs::read_to_string(visit.path(&format!("{name}.{number}"))).unwrap();
        let output = read("out");
        let place = format!("{}: {}", shown.place, shown.command);
        assert_eq!(
            read("status").trim(),
            shown.status.to_string(),
            "{place}\n{output}"
        );
        let actual: Vec<String> = output.lines().map(masked).collect();
        let expected: Vec<String> = shown.output.iter().map(|line| masked(line)).collect();
        assert!(
            lines_fit(&expected, &actual),
            "{place}\nis said to print\n{}\nand prints\n{output}",
            shown.output.join("\n")
        );
    }
}

#[test]
fn every_command_of_the_readme_does_what_the_page_says() {
    check_page("README.md");
}

#[test]
fn the_russian_readme_shows_the_same_commands() {
    check_page("README.ru.md");
    let commands = |page| -> Vec<String> {
        let shown = shown(page).into_iter();
        shown.map(|shown| shown.command).collect()
    };
    assert_eq!(commands("README.md"), commands("README.ru.md"));
    let blocks = |page: &str| -> Vec<String> {
        let content = fs::read_to_string(root().join(page)).unwrap();
        let blocks = content.split("```sh\n").skip(1);
        blocks
            .map(|block| block.split("```").next().unwrap())
            .flat_map(|block| {
                block
                    .lines()
                    .map(|line| line.split('#').next().unwrap().trim())
            })
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(blocks("README.md"), blocks("README.ru.md"));
}

#[test]
fn the_pages_are_short_enough_to_be_read() {
    for page in ["README.md", "README.ru.md"] {
        let content = fs::read_to_string(root().join(page)).unwrap();
        assert!(content.lines().count() <= 250, "{page}");
    }
}

#[test]
fn every_command_of_the_page_on_the_input_does_what_it_says() {
    check_page("docs/input.md");
}

#[test]
fn every_command_of_the_page_for_scripts_does_what_it_says() {
    check_page("docs/automation.md");
}

#[test]
fn every_command_of_the_page_on_the_sandbox_does_what_it_says() {
    check_page("docs/sandbox.md");
}

/// The line with its numbers and invoice ids made alike, which differ from run to run.
fn masked(line: &str) -> String {
    let mut masked = String::new();
    for word in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        if word.starts_with("INV-") {
            masked.push_str("INV");
            continue;
        }
        for c in word.chars() {
            let mask = if c.is_ascii_digit() { '9' } else { c };
            if mask != '9' || !masked.ends_with('9') {
                masked.push(mask);
            }
        }
    }
    masked
}

/// Whether the lines are as shown, where `...` alone on a line stands for any number of lines.
fn lines_fit(shown: &[String], actual: &[String]) -> bool {
    match shown {
        [] => actual.is_empty(),
        [gap, rest @ ..] if gap == "..." => {
            (0..=actual.len()).any(|skipped| lines_fit(rest, &actual[skipped..]))
        }
        [first, rest @ ..] => match actual {
            [line, others @ ..] => line_fits(first, line) && lines_fit(rest, others),
            [] => false,
        },
    }
}

/// Whether a line is as shown, where `...` stands for any text.
fn line_fits(shown: &str, actual: &str) -> bool {
    match shown.split_once("...") {
        None => shown == actual,
        Some((start, rest)) => actual.strip_prefix(start).is_some_and(|tail| {
            let mut ends = tail.char_indices().map(|(end, _)| end).chain([tail.len()]);
            ends.any(|end| line_fits(rest, &tail[end..]))
        }),
    }
}

#[test]
fn gaps_stand_for_anything() {
    assert!(line_fits(
        "{\"a\":9,...,\"z\":9}",
        "{\"a\":9,\"b\":9,\"c\":9,\"z\":9}"
    ));
    assert!(!line_fits("a...z", "abc"));
    assert_eq!(
        masked("2/10 created INV-6TD86HVO: 0.5"),
        masked("10/10 created INV-LKNQ5VRV: 1.25")
    );
    let text = |lines: &[&str]| lines.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    assert!(lines_fit(
        &text(&["a", "...", "d"]),
        &text(&["a", "b", "c", "d"])
    ));
    assert!(!lines_fit(&text(&["...", "d"]), &text(&["a", "d", "e"])));
}
