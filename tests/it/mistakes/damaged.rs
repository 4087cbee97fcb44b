//! Results files that were damaged: every byte changed, cut at every byte, lines joined, swapped,
//! deleted and doubled. Whatever is made of one, nobody is paid twice and nothing panics; and a
//! refusal names the line.

use super::{COUNT, References, assert_nobody_is_paid_twice, assert_paid, begun, pay, run};
use crate::harness::{BITCOIN, INPUT, RESULTS, Scene};
use crate::operator::is_thorough;
use std::fs;

/// Three payouts: created, in doubt, not yet sent; and what the two records hold.
struct Damaged {
    scene: Scene,
    ledger: Vec<u8>,
    results: Vec<u8>,
}

impl Damaged {
    fn new(references: References) -> Self {
        let scene = Scene::paying("ok,drop-after", "");
        scene.write(INPUT, references.input(3));
        pay(&scene, INPUT, &[]).ends(6, "In doubt: line 3");
        Self {
            ledger: fs::read(scene.ledger()).unwrap(),
            results: fs::read(scene.path(RESULTS)).unwrap(),
            scene,
        }
    }

    /// Runs with this results file, with or without the ledger. The payout of line 4 may be sent,
    /// so a dry run tells what would be.
    fn look(&self, results: &[u8], has_ledger: bool) -> (Option<i32>, String) {
        if has_ledger {
            fs::write(self.scene.ledger(), &self.ledger).unwrap();
        } else {
            let _ = fs::remove_file(self.scene.ledger());
        }
        self.scene.write(RESULTS, results);
        let flags = [
            "run",
            INPUT,
            "--dry-run",
            "--format",
            "json",
            "--keep-going",
        ];
        let output = self.scene.through_sandbox(&flags).raw();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!told.contains("panicked"), "{told}");
        assert_nobody_is_paid_twice(&self.scene, &told);
        (output.status.code(), format!("{stdout}{told}"))
    }

    /// The plan must not pay more than line 4, and an error must name this line of the file.
    #[track_caller]
    fn assert_harmless(&self, results: &[u8], has_ledger: bool, line: usize) {
        let (status, told) = self.look(results, has_ledger);
        let shown = String::from_utf8_lossy(results);
        match status {
            Some(0) => assert!(
                told.contains(r#""to_submit":1"#) || told.contains(r#""to_submit":0"#),
                "{told}\n{shown}"
            ),
            Some(1) => assert!(
                told.contains(&format!("{RESULTS}:{line}: "))
                    // Where a line was broken in two, the rest stands on the next.
                    || told.contains(&format!("{RESULTS}:{}: ", line + 1))
                    || line == 1 && told.contains(&format!("{RESULTS}: ")),
                "not line {line}: {told}\n{shown}"
            ),
            Some(3 | 6) => {}
            other => panic!("{other:?} {told}\n{shown}"),
        }
    }
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count()
}

/// One in so many of the bytes is tried.
fn stride() -> usize {
    if is_thorough() { 1 } else { 23 }
}

/// What a byte is changed to: each of these, or one that its place decides.
fn values(at: usize) -> Vec<u8> {
    const VALUES: &[u8; 8] = b"x0,;\"\n\0\xff";
    match is_thorough() {
        true => VALUES.to_vec(),
        false => vec![VALUES[at % VALUES.len()]],
    }
}

#[test]
fn a_byte_that_was_changed_pays_nobody_again() {
    for references in [References::With, References::Without] {
        let damaged = Damaged::new(references);
        for has_ledger in [true, false] {
            for at in (0..damaged.results.len()).step_by(stride()) {
                for value in values(at) {
                    let mut results = damaged.results.clone();
                    results[at] = value;
                    let line = line_of(&damaged.results, at);
                    damaged.assert_harmless(&results, has_ledger, line);
                }
            }
        }
    }
}

#[test]
fn a_file_that_was_cut_off_pays_nobody_again_while_the_ledger_is_there() {
    for references in [References::With, References::Without] {
        let damaged = Damaged::new(references);
        for at in (0..damaged.results.len()).step_by(stride()) {
            let cut = &damaged.results[..at];
            let line = line_of(&damaged.results, at);
            damaged.assert_harmless(cut, true, line);
            // Zeros are what a power cut leaves.
            damaged.assert_harmless(&[cut, &[0; 40]].concat(), true, line);
        }
    }
}

#[test]
fn a_line_cut_off_in_a_quoted_cell_is_known_again() {
    for payee in ["ИП \"\"А\"\", Я", "\"\"А\"\""] {
        let scene = Scene::paying("", "");
        let row = format!("\"{payee}\",BTC,{BITCOIN},0.1");
        scene.write(
            INPUT,
            format!("payee,currency_code,to_address,amount\n{row}\n"),
        );
        pay(&scene, INPUT, &[]).ends(0, "1 created");
        let whole = scene.read(RESULTS);
        let start = whole.find(payee).unwrap();
        for length in 0..payee.len() + 2 {
            scene.write(RESULTS, &whole.as_bytes()[..start + length]);
            pay(&scene, INPUT, &[]).ends(0, "All done: 1 created");
            assert_eq!(scene.read(RESULTS), whole, "{length}");
        }
    }
}

#[test]
fn a_line_cut_off_in_its_middle_is_refused_without_the_ledger() {
    let damaged = Damaged::new(References::With);
    let last = damaged.results.len() - 2;
    let lines: Vec<usize> = (0..last)
        .filter(|at| damaged.results[*at] == b'\n')
        .collect();
    let start = lines[1] + 2;
    for at in (start..last).step_by(stride()) {
        let (status, told) = damaged.look(&damaged.results[..at], false);
        assert_eq!(status, Some(1), "{told}");
        assert!(
            told.contains(&format!("{RESULTS}:3: this line is damaged")),
            "{told}"
        );
    }
}

#[test]
fn lines_that_were_joined_swapped_or_doubled_pay_nobody_again() {
    for references in [References::With, References::Without] {
        let damaged = Damaged::new(references);
        let text = String::from_utf8(damaged.results.clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let [header, one, two] = lines[..] else {
            panic!("{text}")
        };
        for changed in [
            format!("{header}\n{two}\n{one}\n"),
            format!("{header}\n{one}\n{one}\n{two}\n"),
            format!("{header}\n{one}\n{two}\n{two}\n"),
            format!("{header}\n{one}{two}\n"),
            format!("{header}\n{one},{two}\n"),
            format!("{header}\n\n{one}\n\n{two}\n\n"),
        ] {
            for has_ledger in [true, false] {
                damaged.assert_harmless(changed.as_bytes(), has_ledger, 2);
            }
        }
        for deleted in [format!("{header}\n{one}\n"), format!("{header}\n{two}\n")] {
            damaged.assert_harmless(deleted.as_bytes(), true, 2);
        }
        for headless in [
            format!("{one}\n{two}\n"),
            format!("{one}\n{header}\n{two}\n"),
            format!("{header},{one}\n{two}\n"),
            format!("{header},{one},{two}\n"),
            format!("{header}{one}\n{two}\n"),
        ] {
            damaged.assert_harmless(headless.as_bytes(), true, 1);
            damaged.assert_harmless(headless.as_bytes(), false, 1);
        }
    }
}

#[test]
fn a_damaged_id_is_still_its_attempt() {
    for references in [References::With, References::Without] {
        let damaged = Damaged::new(references);
        let text = String::from_utf8(damaged.results.clone()).unwrap();
        for (n, line) in text.lines().enumerate().skip(1) {
            let id = line.rsplit_once(',').unwrap().1;
            for at in [0, 15] {
                let other = if id.as_bytes()[at] == b'a' { "b" } else { "a" };
                let mut damaged_id = id.to_owned();
                damaged_id.replace_range(at..=at, other);
                let changed = text.replace(id, &damaged_id);
                let (status, told) = damaged.look(changed.as_bytes(), true);
                assert_eq!(status, Some(0), "line {n}: {told}");
                assert!(told.contains(r#""to_submit":1"#), "{told}");
            }
        }
    }
}

#[test]
fn a_line_with_a_damaged_id_does_not_stop_a_run() {
    let scene = begun(References::With, 2);
    let text = scene.read(RESULTS);
    let id = scene.results()[0].id.clone();
    let letter = if id.starts_with('a') { "b" } else { "a" };
    let one_letter = [letter, &id[1..]].concat();
    // Under another id the line is known by its invoice id.
    let ten_letters = ["zyxwvutsrq", &id[10..]].concat();
    for (count, damaged) in [(3, one_letter), (4, ten_letters)] {
        scene.write(RESULTS, text.replace(&id, &damaged));
        let count = format!("{count} created");
        let ran = pay(&scene, INPUT, &["--limit", "1"]);
        assert!(ran.told.contains(&count), "{}", ran.told);
    }
    assert_paid(&scene, COUNT, "");
}

#[test]
fn a_torn_line_goes_on_after_a_power_cut() {
    let scene = Scene::paying("delay:1h", "");
    scene.write(INPUT, References::With.input(2));
    let run = scene.pay().start();
    scene.await_deliveries(1);
    run.kill();
    let ledger = fs::read(scene.ledger()).unwrap();
    let text = scene.read(RESULTS);
    let start = text.find('\n').unwrap() + 1;
    for at in (start..text.len()).step_by(stride()) {
        fs::write(scene.ledger(), &ledger).unwrap();
        scene.write(RESULTS, &text[..at]);
        pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
        assert_paid(&scene, 1, "");
    }
}

#[test]
fn a_file_that_is_cut_in_its_header_has_nothing_that_the_ledger_lacks() {
    let scene = Scene::paying("drop-after", "");
    scene.write(INPUT, References::With.input(2));
    pay(&scene, INPUT, &["--limit", "1"]).ends(6, "In doubt: line 2");
    let id = scene.results()[0].id.clone();
    let whole = scene.read(RESULTS);
    for cut in ["l", "line,reference,pa", "line,reference,payee\0\0"] {
        scene.write(RESULTS, cut);
        run(&scene, &["status", INPUT]).ends(0, "1 in doubt, 1 not yet created");
        pay(&scene, INPUT, &[]).ends(6, "In doubt: line 2");
        assert_eq!(scene.read(RESULTS), whole, "{cut}");
    }
    scene.write(RESULTS, "line,reference,pa");
    let verdict = ["resolve", "--id", &id, "--invoice-id", "INV-SEEN", "--yes"];
    run(&scene, &verdict).ends(0, "Recorded: line 2 created INV-SEEN");
    // Without a ledger it is all that says that somebody was paid.
    fs::remove_file(scene.ledger()).unwrap();
    scene.write(RESULTS, "line,reference,pa");
    pay(&scene, INPUT, &[]).ends(1, "this is not a results file of ccbatch");
    assert_paid(&scene, 1, "");
}

/// A batch of so many paid rows and one more, carried to a machine without its ledger, with a damaged
/// host in the first line of its results file; and that file as it was.
fn with_damaged_host(paid: usize) -> (Scene, String) {
    let scene = Scene::paying("ok", "");
    scene.write(INPUT, References::With.input(paid));
    pay(&scene, INPUT, &[]).ends(0, &format!("All done: {paid} created"));
    let whole = scene.read(RESULTS);
    fs::remove_file(scene.ledger()).unwrap();
    scene.write(INPUT, References::With.input(paid + 1));
    scene.write(RESULTS, whole.replacen(",127.0.0.1:", ",127.0.0.1x", 1));
    (scene, whole)
}

#[test]
fn a_host_that_was_damaged_in_the_only_line_is_refused_until_it_is_back() {
    let (scene, whole) = with_damaged_host(1);
    pay(&scene, INPUT, &[]).ends(1, "payouts.results.csv:2: this batch was begun through 127");
    // Nothing of it was taken over.
    scene.write(RESULTS, whole);
    pay(&scene, INPUT, &[]).ends(0, "All done: 2 created");
    assert_paid(&scene, 2, "");
}

#[test]
fn a_host_that_was_damaged_in_one_of_several_lines_stops_nothing() {
    let (scene, _) = with_damaged_host(2);
    pay(&scene, INPUT, &[]).ends(0, "All done: 3 created");
    pay(&scene, INPUT, &[]).ends(0, "Already created: 3");
    assert_paid(&scene, 3, "");
}
