//! The dialects are what LibreOffice has made of `samples/payouts.csv`: the files in
//! `tests/dialects/`, where README.md says how each was made.

use crate::harness::{INPUT, Output, Scene};
use std::fs;
use std::path::{Path, PathBuf};

/// The files that hold the very payouts of the sample, and all that is said of how they were read.
const SAME: [(&str, &[&str]); 11] = [
    ("comma.csv", &[]),
    ("semicolon.csv", &[SEMICOLONS]),
    ("tab.csv", &[TABS]),
    ("utf-16.csv", &["the file is in UTF-16LE", TABS]),
    ("quoted.csv", &[]),
    ("windows-1251.csv", &[CYRILLIC, SEMICOLONS, NOTE]),
    ("windows-1252.csv", &[LATIN, SEMICOLONS, NOTE]),
    ("trailing.csv", &[]),
    ("crlf.csv", &[SEMICOLONS]),
    ("cr.csv", &[SEMICOLONS]),
    ("utf-8-bom.csv", &[SEMICOLONS]),
];

/// The files that are refused as they are.
const REFUSED: [&str; 4] = [
    "decimal-comma.csv",
    "line-break.csv",
    "mangled.csv",
    "mangled-german.csv",
];

const SEMICOLONS: &str = "the columns are separated by semicolons";
const TABS: &str = "the columns are separated by tabs";
const CYRILLIC: &str =
    "the file seems to be in windows-1251; if not, name its encoding with --encoding";
const LATIN: &str =
    "the file seems to be in windows-1252; if not, name its encoding with --encoding";
const NOTE: &str = "ignored column: note";

const SHORTENED: &str = "a spreadsheet has shortened this number; format the column as text";
const DATED: &str = "a spreadsheet has made a date of this number; format the column as text";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects")
}

fn dialect(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap()
}

/// What `validate` says of a file with these flags.
fn validated(content: &[u8], flags: &[&str], status: i32) -> Output {
    let scene = Scene::new("");
    scene.write(INPUT, content);
    let run = scene.program(["validate", INPUT]);
    let run = run.args(flags.iter().copied()).status(status);
    run.stderr_has(INPUT).go()
}

fn fingerprint(output: &Output) -> String {
    output.after("Batch ").trim().to_owned()
}

/// The fingerprint of the sample.
fn of_the_sample() -> String {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/payouts.csv");
    fingerprint(&validated(&fs::read(sample).unwrap(), &[], 0))
}

/// The findings, each with its hint on the same line, and the notices.
fn told(output: &Output) -> Vec<String> {
    let stderr = output.stderr.replace("\n  hint: ", " | ");
    let lines = stderr.lines();
    let told = lines.filter_map(|line| line.strip_prefix("payouts.csv:"));
    told.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn every_file_is_read() {
    let mut known: Vec<&str> = SAME.iter().map(|(name, _)| *name).collect();
    known.extend(REFUSED);
    known.sort_unstable();
    let entries = fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| name.strip_suffix(".csv").is_some())
        .collect();
    names.sort_unstable();
    assert_eq!(names, known);
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    for name in names {
        assert!(readme.contains(&format!("| `{name}`")), "{name}");
    }
}

#[test]
fn every_dialect_is_the_same_batch() {
    let sample = of_the_sample();
    for (name, notices) in SAME {
        let output = validated(&dialect(name), &[], 0);
        assert_eq!(fingerprint(&output), sample, "{name}");
        let told: Vec<_> = told(&output)
            .into_iter()
            .filter(|line| !line.contains("payouts to submit"))
            .collect();
        assert_eq!(told, notices, "{name}");
    }
}

#[test]
fn the_files_are_the_bytes_that_were_written() {
    let starts = |name: &str, bytes: &[u8]| assert!(dialect(name).starts_with(bytes), "{name}");
    starts("utf-16.csv", b"\xFF\xFEr\0");
    starts("utf-8-bom.csv", b"\xEF\xBB\xBFr");
    starts("quoted.csv", b"\"reference\"");
    let count = |name: &str, byte: u8| dialect(name).iter().filter(|it| **it == byte).count();
    for (name, feeds, returns) in [
        ("cr.csv", 0, 11),
        ("crlf.csv", 11, 11),
        ("comma.csv", 11, 0),
    ] {
        assert_eq!(
            (count(name, b'\n'), count(name, b'\r')),
            (feeds, returns),
            "{name}"
        );
    }
    for name in ["windows-1251.csv", "windows-1252.csv"] {
        assert!(String::from_utf8(dialect(name)).is_err(), "{name}");
    }
}

#[test]
fn a_decimal_comma_is_mended_in_the_hint_or_taken_when_asked_for() {
    let file = dialect("decimal-comma.csv");
    let refused = told(&validated(&file, &[], 3));
    for (line, amount, mended) in [(2, "0,00023", "0.00023"), (6, "150,25", "150.25")] {
        let words = format!(
            "{line}: amount: \"{amount}\" has a decimal comma | \
             write {mended}, or give --decimal-comma for the whole file"
        );
        assert!(refused.contains(&words), "{words}\n{refused:#?}");
    }
    let taken = validated(&file, &["--decimal-comma"], 0);
    assert_eq!(fingerprint(&taken), of_the_sample());
    let pointed = validated(&dialect("semicolon.csv"), &["--decimal-comma"], 3);
    let words =
        "2: amount: \"0.00023\" has a decimal point, and a comma was asked for | write 0,00023";
    assert!(told(&pointed).iter().any(|line| line == words), "{pointed}");
}

/// Holds what is told of the lines of a file against how each must begin and end.
#[track_caller]
fn assert_told(output: &Output, expected: &[(&str, &str)]) {
    let told = told(output);
    let findings: Vec<_> = told
        .iter()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .filter(|line| !line.contains(" errors: ") && !line.contains("payouts to submit"))
        .collect();
    assert_eq!(findings.len(), expected.len(), "{findings:#?}");
    for (finding, (start, part)) in findings.iter().zip(expected) {
        assert!(
            finding.starts_with(start) && finding.contains(part),
            "{finding} should be {start} … {part}"
        );
    }
}

#[test]
fn what_the_spreadsheet_has_mangled_is_named() {
    let output = validated(&dialect("mangled.csv"), &[], 3);
    assert_told(
        &output,
        &[
            (
                "2: reference: warning: the reference \"1.23456789012346E+017\"",
                SHORTENED,
            ),
            ("4: amount: \"1.23456789012346E+017\"", SHORTENED),
            ("5: amount: \"03/04/2026\" is a date", DATED),
            ("6: amount: \"01/05/2026\" is a date", DATED),
            ("7: amount: \"1E-018\"", SHORTENED),
        ],
    );
}

#[test]
fn what_it_has_mangled_is_named_with_a_decimal_comma_as_well() {
    let output = validated(&dialect("mangled-german.csv"), &["--decimal-comma"], 3);
    assert_told(
        &output,
        &[
            (
                "2: reference: warning: the reference \"1,23456789012346E+017\"",
                SHORTENED,
            ),
            ("4: amount: \"1,23456789012346E+017\"", SHORTENED),
            ("5: amount: \"03.04.2026\" is a date", DATED),
            ("6: amount: \"01.05.2026\" is a date", DATED),
        ],
    );
}

#[test]
fn a_line_break_in_a_cell_is_told_where_its_quote_opens() {
    let output = validated(&dialect("line-break.csv"), &[], 3);
    let words = "5: a cell that begins here has a line break in it, and ends 1 line below";
    assert!(
        told(&output).iter().any(|line| line.starts_with(words)),
        "{output}"
    );
}
