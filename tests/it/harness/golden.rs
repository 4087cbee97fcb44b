//! Texts that are compared with the files in `tests/golden/`.

use std::fs;
use std::io;
use std::path::Path;

/// Compares a text with the file of this name in `tests/golden/`, or writes it there when
/// `UPDATE_GOLDEN` is set.
#[track_caller]
pub(crate) fn assert_golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, actual).unwrap();
    }
    let golden = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        other => other.unwrap(),
    };
    assert!(
        actual == golden,
        "{name} is not as expected (UPDATE_GOLDEN=1 takes it as it is):\n{actual}"
    );
}

/// What differs from run to run, as a pattern (`9` a digit, `A` a capital or a digit, `a` a small
/// letter), and what stands for it in a golden file.
const MASKS: [(&str, &str); 4] = [
    ("9999-99-99T99:99:99.999Z", "<time>"),
    ("INV-AAAAAAAA", "<invoice id>"),
    ("127.0.0.1:99999", "<api>"),
    ("aaaaaaaaaaaaaaaaaaaa", "<id>"),
];

/// The text with [`MASKS`] in place.
pub(crate) fn masked(text: &str) -> String {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        match MASKS.iter().find(|(pattern, _)| fits(pattern, rest)) {
            Some((pattern, mask)) => {
                masked.push_str(mask);
                rest = &rest[pattern.len()..];
            }
            None => {
                masked.push(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    masked
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut actual = text.chars();
    pattern.chars().all(|expected| {
        actual.next().is_some_and(|c| match expected {
            '9' => c.is_ascii_digit(),
            'A' => c.is_ascii_digit() || c.is_ascii_uppercase(),
            'a' => c.is_ascii_lowercase(),
            other => c == other,
        })
    })
}
