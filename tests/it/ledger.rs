//! The ledger's files: who may use them, what they may be, and what becomes of a run under which
//! they are taken away.

use crate::harness::{BITCOIN, INPUT, KEY, RESULTS, Run, Scene, eventually, rows};
use crate::mistakes::age;
use crate::operator::{
    assert_each_is_paid_once, go_on_until_done, three_payouts, wait_for_the_sandbox,
};
use crate::strace::{self, record_files};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The files beside the ledger whose names end like this.
fn beside_the_ledger(scene: &Scene, end: &str) -> Vec<PathBuf> {
    let folder = fs::read_dir(scene.ledger().parent().unwrap()).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.to_str().unwrap().ends_with(end))
        .collect()
}

#[test]
fn nobody_but_the_owner_can_read_any_of_the_files() {
    let scene = Scene::paying("ok,delay:1h", &rows(2));
    // As loose as a system may be.
    let run = scene.pay().by_way_of_shell(r#"umask 000; exec "$0" "$@""#);
    let run = run.start();
    scene.await_deliveries(2);
    let ledger = scene.ledger();
    assert_eq!(mode(ledger.parent().unwrap()), 0o700);
    assert_eq!(mode(&ledger), 0o600);
    assert_eq!(mode(&scene.path(RESULTS)), 0o600);
    let locks = beside_the_ledger(&scene, ".lock");
    assert_eq!(locks.len(), 1, "{locks:?}");
    assert_eq!(mode(&locks[0]), 0o600);
    run.kill();

    let changed = scene.read(RESULTS).replacen("R1", "R7", 1) + "\n";
    scene.write(RESULTS, changed);
    set_mode(&scene.path(RESULTS), 0o666);
    let run = scene.pay().status(6).stderr_has(".changed-");
    run.by_way_of_shell(r#"umask 000; exec "$0" "$@""#).go();
    for name in scene.files().into_iter().filter(|name| name != INPUT) {
        assert_eq!(mode(&scene.path(&name)), 0o600, "{name}");
    }
}

#[test]
fn a_ledger_that_knows_of_no_payout_is_told() {
    let scene = Scene::paying("", &rows(1));
    let ledger = scene.path("mistyped.db");
    let ledger = ledger.to_str().unwrap();
    let validate = scene.program(["validate", INPUT, "--ledger", ledger]);
    let words = format!("There is no ledger {ledger} yet: no earlier payout is known.");
    validate.stderr_has(&words).go();
    assert!(!Path::new(ledger).exists());
    let words = format!(
        "The ledger {ledger} is new: it knows of no earlier payout.\n  If payouts were made before, give it all"
    );
    let pay = || scene.pay().args(["--ledger", ledger]);
    pay().stderr_has(&words).go();
    let again = pay().raw();
    let again = String::from_utf8(again.stderr).unwrap();
    assert!(!again.contains("is new"), "{again}");
    let validate = scene.program(["validate", INPUT, "--ledger", ledger]).raw();
    let validate = String::from_utf8(validate.stderr).unwrap();
    assert!(!validate.contains("There is no ledger"), "{validate}");
}

#[test]
fn nobody_but_the_owner_can_read_the_journal() {
    if !strace::is_available("mode of the journal") {
        return;
    }
    let scene = Scene::paying("", &rows(1));
    let journal = scene.ledger().with_extension("db-journal");
    let slow = strace::tampering("unlink:delay_enter=300000", std::slice::from_ref(&journal));
    let run = scene.pay().by_way_of_shell(r#"umask 000; exec "$0" "$@""#);
    let run = run.by_way_of(slow).stderr_has("All done").start();
    let mut seen = None;
    eventually("a transaction is open", || {
        seen = fs::metadata(&journal).ok();
        seen.is_some()
    });
    assert_eq!(seen.unwrap().permissions().mode() & 0o777, 0o600);
    run.end();
}

/// The run is refused with one line that names this place, and a hint; nothing is sent.
#[track_caller]
fn assert_refused(scene: &Scene, run: Run, place: &str, words: &str) {
    let output = run.status(1).stderr_has(words).go();
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert!(lines[0].starts_with(&format!("{place}: ")), "{output}");
    assert!(lines[1].starts_with("  hint: "), "{output}");
    assert_eq!(lines.len(), 2, "{output}");
    assert_eq!(scene.sent_and_created(), (0, 0), "{output}");
    assert!(!scene.path(RESULTS).exists(), "{output}");
}

/// What stands in the place of a ledger, and what is said of it.
type Unfit = (fn(&Scene, &Path), &'static str);

/// The run is refused with what stands in the place of its ledger.
#[track_caller]
fn assert_unfit((make, words): Unfit) {
    let scene = Scene::paying("", &rows(1));
    let folder = scene.path("ledger");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o700);
    let path = folder.join("l.db");
    make(&scene, &path);
    let place = if mode(&folder) == 0o700 {
        &path
    } else {
        &folder
    };
    let run = scene.pay().args(["--ledger", path.to_str().unwrap()]);
    assert_refused(&scene, run, place.to_str().unwrap(), words);
}

#[test]
fn what_is_not_a_regular_file_is_refused_as_a_ledger() {
    assert_unfit((
        |_, path| fs::create_dir(path).unwrap(),
        "is not a regular file",
    ));
    let make: fn(&Scene, &Path) = |scene, path| symlink(scene.path("other.db"), path).unwrap();
    assert_unfit((make, "is a symbolic link"));
    let make: fn(&Scene, &Path) = |scene, path| {
        scene.write("other.db", "");
        symlink(scene.path("other.db"), path).unwrap();
    };
    assert_unfit((make, "is a symbolic link"));
    let make: fn(&Scene, &Path) = |scene, path| {
        scene.write("other.db", "");
        fs::hard_link(scene.path("other.db"), path).unwrap();
    };
    assert_unfit((make, "has more than one name"));
}

#[test]
fn a_ledger_that_others_can_change_is_refused() {
    let make: fn(&Scene, &Path) = |_, path| {
        fs::write(path, "").unwrap();
        set_mode(path, 0o620);
    };
    assert_unfit((make, "others can change the ledger"));
    let make: fn(&Scene, &Path) = |_, path| {
        fs::write(path, "").unwrap();
        set_mode(path.parent().unwrap(), 0o770);
    };
    assert_unfit((make, "others can change the ledger"));
}

#[test]
fn a_command_that_only_reads_says_that_a_file_is_not_a_ledger() {
    let scene = Scene::new("");
    scene.write("notes.db", "my notes\n".repeat(99));
    set_mode(&scene.path("notes.db"), 0o600);
    let run = scene.program(["ledger", "--ledger", "notes.db"]).status(1);
    run.stderr_has("notes.db: this file is not a ledger of ccbatch, or it is damaged\n")
        .stderr_has("bring back a backup and, before any run, give it every results file")
        .go();
}

#[test]
fn what_is_another_file_or_of_a_newer_program_is_refused_as_a_ledger() {
    let make: fn(&Scene, &Path) = |_, path| fs::write(path, "line,reference\n".repeat(99)).unwrap();
    assert_unfit((make, "is not a ledger"));
    let make: fn(&Scene, &Path) = |_, path| {
        let sql = "CREATE TABLE notes (text)";
        Connection::open(path).unwrap().execute(sql, ()).unwrap();
        set_mode(path, 0o600);
    };
    assert_unfit((make, "not a ledger of ccbatch"));
    let make: fn(&Scene, &Path) = |scene, path| {
        // Any command that opens a ledger to write makes one.
        let verdict = [
            "resolve",
            "--id",
            "abcdefghijabcdefghij",
            "--not-created",
            "--yes",
        ];
        let run = scene.program(verdict);
        run.args(["--ledger", path.to_str().unwrap()]).raw();
        let sql = "UPDATE ledger SET version = 99";
        assert_eq!(Connection::open(path).unwrap().execute(sql, ()), Ok(1));
    };
    assert_unfit((make, "newer version"));
}

#[test]
fn a_place_that_can_hold_no_ledger_is_refused_and_nothing_is_left_there() {
    let scene = Scene::paying("", &rows(1));
    let shared = scene.path("shared");
    fs::create_dir(&shared).unwrap();
    set_mode(&shared, 0o777);
    let [in_shared, under_file] = ["shared/l.db", "payouts.csv/l.db"].map(|it| scene.path(it));
    let places = [
        ("/dev/null", "/dev/null", "is in a folder of the system"),
        (
            "/dev/ccbatch.db",
            "/dev/ccbatch.db",
            "is in a folder of the system",
        ),
        (
            "/proc/self/l.db",
            "/proc/self/l.db",
            "is in a folder of the system",
        ),
        (
            in_shared.to_str().unwrap(),
            shared.to_str().unwrap(),
            "others can change",
        ),
        (
            under_file.to_str().unwrap(),
            under_file.to_str().unwrap(),
            "the ledger cannot be used",
        ),
    ];
    for (ledger, place, words) in places {
        let run = scene.pay().args(["--ledger", ledger]);
        assert_refused(&scene, run, place, words);
    }
    assert_eq!(fs::read_dir(&shared).unwrap().count(), 0);
    assert!(!Path::new("/dev/ccbatch.db").exists());
}

#[test]
fn without_a_home_there_is_no_ledger_and_none_of_last_resort() {
    let scene = Scene::paying("", &rows(1));
    let run = scene
        .pay()
        .without_env("HOME")
        .without_env("XDG_STATE_HOME");
    assert_refused(&scene, run, "HOME", "--ledger");
    // One that is another folder wherever the program is run.
    let run = scene
        .pay()
        .without_env("XDG_STATE_HOME")
        .env("HOME", "home");
    assert_refused(&scene, run, "HOME", "--ledger");
    assert!(!scene.path("home").exists());
}

#[test]
fn a_ledger_that_may_not_be_written_is_told_before_anything_is_sent() {
    if !strace::is_available("a ledger that may not be written") {
        return;
    }
    for error in ["EACCES", "EROFS", "ENOSPC", "EIO"] {
        let scene = three_payouts("");
        let ledger = scene.ledger();
        let inject = format!("openat:error={error}");
        let refuse = strace::tampering(&inject, std::slice::from_ref(&ledger));
        let run = scene.pay().by_way_of(refuse);
        assert_refused(&scene, run, ledger.to_str().unwrap(), "the ledger");
        go_on_until_done(&scene);
        assert_each_is_paid_once(&scene);
    }
}

#[test]
fn a_ledger_that_another_program_holds_is_told() {
    let scene = three_payouts("");
    scene
        .program(["ledger", "init"])
        .stderr_has("Ledger: ")
        .go();
    // A viewer may turn it into this mode, which cannot be left while anyone reads in it.
    let viewer = Connection::open(scene.ledger()).unwrap();
    let mode = "PRAGMA journal_mode = WAL; BEGIN; SELECT * FROM ledger";
    viewer.execute_batch(mode).unwrap();
    let place = scene.ledger();
    let words = "the ledger is in use by another program";
    assert_refused(&scene, scene.pay(), place.to_str().unwrap(), words);
    viewer.close().unwrap();
    go_on_until_done(&scene);
    assert_each_is_paid_once(&scene);
}

/// Writes a copy that was made before over the ledger.
fn go_back(ledger: &Path) {
    let copy = ledger.with_extension("copy");
    fs::copy(ledger, &copy).unwrap();
    let older = Connection::open(&copy).unwrap();
    older.execute("UPDATE ledger SET writes = 1", []).unwrap();
    older.close().unwrap();
    fs::copy(&copy, ledger).unwrap();
}

/// What can happen to the ledger under a run, and how it is put right.
struct Mischief {
    happens: fn(&Path),
    words: &'static str,
    mended: fn(&Path),
}

#[test]
fn a_ledger_that_is_taken_away_or_swapped_stops_the_run_before_the_next_claim() {
    let mischiefs = [
        Mischief {
            happens: |path| fs::rename(path, path.with_extension("aside")).unwrap(),
            words: "the ledger was deleted or renamed during the run",
            mended: |path| fs::rename(path.with_extension("aside"), path).unwrap(),
        },
        Mischief {
            happens: |path| fs::remove_file(path).unwrap(),
            words: "the ledger was deleted or renamed during the run",
            mended: |_| {},
        },
        Mischief {
            happens: |path| {
                fs::copy(path, path.with_extension("copy")).unwrap();
                fs::rename(path.with_extension("copy"), path).unwrap();
            },
            words: "the ledger was replaced by another file during the run",
            mended: |_| {},
        },
        // A copy that was made before is written over the file itself.
        Mischief {
            happens: go_back,
            words: "the ledger has gone back, and lacks payouts: it was at write 3, and is at 1",
            mended: |_| {},
        },
    ];
    for Mischief {
        happens,
        words,
        mended,
    } in mischiefs
    {
        let scene = three_payouts("");
        let run = scene.pay_through(&scene.url()).args(["--interval", "1s"]);
        let run = run.status(5).stderr_has(words).start();
        run.await_stderr("1/3 line 2 created");
        happens(&scene.ledger());
        let told = run.end();
        assert!(!told.stderr.contains("To go on"), "{told}");
        wait_for_the_sandbox(&scene);
        assert_eq!(scene.sent_and_created(), (1, 1), "{words}");
        mended(&scene.ledger());
        go_on_until_done(&scene);
        assert_each_is_paid_once(&scene);
    }
}

#[test]
fn a_lock_that_cannot_be_taken_is_named() {
    let scene = Scene::paying("", &rows(1));
    scene.pay().stderr_has("1 created").go();
    let sql = "SELECT id FROM batch";
    let ledger = Connection::open(scene.ledger()).unwrap();
    let batch: String = ledger.query_row(sql, [], |row| row.get(0)).unwrap();
    let lock = format!("{}.{batch}.lock", scene.ledger().display());
    fs::create_dir(&lock).unwrap();
    let told = format!("{lock}: this is a directory");
    scene.pay().status(1).stderr_has(&told).go();
}

#[test]
fn a_lock_that_is_deleted_during_a_run_is_taken_again() {
    let scene = three_payouts("ok*2,delay:1h,ok*");
    let run = scene.pay_through(&scene.url()).args(["--interval", "1s"]);
    let run = run.start();
    run.await_stderr("1/3 line 2 created");
    let [lock] = &beside_the_ledger(&scene, ".lock")[..] else {
        panic!("not one lock");
    };
    fs::remove_file(lock).unwrap();
    scene.await_deliveries(3);
    fs::write(scene.path("copy.csv"), scene.read(INPUT)).unwrap();
    fs::copy(scene.path(RESULTS), scene.path("copy.results.csv")).unwrap();
    let other = scene.program(["run", "copy.csv", "--yes", "--api-url", &scene.url()]);
    let other = other.env("CCBATCH_API_KEY", KEY).status(1);
    other
        .stderr_has("another run is at work on this batch")
        .go();
    run.kill();
    go_on_until_done(&scene);
    assert_each_is_paid_once(&scene);
}

#[test]
fn a_ledger_that_is_taken_away_while_a_payout_is_in_flight_costs_no_invoice_id() {
    let scene = three_payouts("");
    let ledger = scene.ledger();
    let scene = scene.with_sandbox(ccbatch::sandbox::Options {
        on_delivery: Some(Box::new(move |_| {
            let aside = ledger.with_extension("aside");
            if !aside.exists() {
                fs::rename(&ledger, aside).unwrap();
            }
        })),
        ..crate::harness::unhurried("")
    });
    let run = scene.pay().args(["--format", "json"]).status(6);
    let output = run
        .stdout_has(r#""type":"unrecorded""#)
        .stderr_has("Not recorded")
        .go();
    let id = &scene.book().created[0].invoice_id;
    assert!(
        output.stdout.contains(id) && output.stderr.contains(id),
        "{output}"
    );
    assert_eq!(scene.sent_and_created(), (1, 1));
    assert_eq!(scene.statuses(), ["created"]);
    // Without its ledger the batch goes on by the results file.
    go_on_until_done(&scene);
    assert_each_is_paid_once(&scene);
}

#[test]
fn a_ledger_that_goes_back_while_a_payout_is_in_flight_is_filled_before_any_run() {
    let scene = three_payouts("");
    let ledger = scene.ledger();
    let once = std::sync::Once::new();
    let scene = scene.with_sandbox(ccbatch::sandbox::Options {
        on_delivery: Some(Box::new(move |_| once.call_once(|| go_back(&ledger)))),
        ..crate::harness::unhurried("")
    });
    let run = scene.pay().status(6).stderr_has("Not recorded");
    let told = run
        .stderr_has("before any run, give it every results file")
        .go();
    assert!(!told.stderr.contains("To go on"), "{told}");
    assert_eq!(scene.sent_and_created(), (1, 1));
    let adopt = scene.program(["ledger", "adopt", RESULTS]);
    adopt.stderr_has("taken over").go();
    go_on_until_done(&scene);
    assert_each_is_paid_once(&scene);
}

#[test]
fn all_files_of_the_ledger_are_in_its_folder() {
    let scene = three_payouts("");
    go_on_until_done(&scene);
    let left = beside_the_ledger(&scene, "");
    assert_eq!(left, [scene.ledger()], "no lock and no journal is left");
    assert!(record_files(&scene).contains(&scene.ledger()));
}

#[test]
fn a_mistyped_ledger_is_not_a_new_one() {
    let scene = Scene::paying("", &rows(1));
    for (ledger, status, place, words) in [
        ("absent/l.db", 1, "absent/l.db", "folder does not exist"),
        (
            "postgre://db.example/l",
            2,
            "--ledger",
            "only a URL of PostgreSQL",
        ),
        (
            "mysql://db.example/l",
            2,
            "--ledger",
            "only a URL of PostgreSQL",
        ),
    ] {
        for flags in [&[][..], &["--dry-run"]] {
            let run = scene
                .pay()
                .args(["--ledger", ledger])
                .args(flags.iter().copied());
            let run = run.status(status);
            run.stderr_has(place).stderr_has(words).go();
        }
    }
    assert_eq!(scene.sent_and_created(), (0, 0));
    assert!(!scene.path("absent").exists());
}

#[test]
fn a_payout_in_doubt_is_the_exit_status_also_when_the_ledger_is_gone() {
    let scene = Scene::paying("drop-after", &rows(3));
    let run = scene
        .pay()
        .args(["--keep-going", "--interval", "4s"])
        .status(6);
    let run = run.stderr_has("Stopped: a record could not be written");
    let run = run.stderr_has("1 in doubt, 2 not yet created").start();
    run.await_stderr("1/3 line 2 unknown");
    fs::rename(scene.ledger(), scene.ledger().with_extension("aside")).unwrap();
    run.end();
}

#[test]
fn what_a_payout_pays_is_not_changed_in_one_column_alone() {
    let scene = Scene::paying("", &rows(1));
    scene.pay().stderr_has("1 created").go();
    let ledger = Connection::open(scene.ledger()).unwrap();
    for column in ["content", "currency_code", "account", "minor_units"] {
        let sql = format!("UPDATE attempt SET {column} = 'BTC x 5'");
        let refused = ledger.execute(&sql, []).unwrap_err().to_string();
        assert!(refused.contains("CHECK constraint failed"), "{refused}");
    }
}

#[test]
fn an_attempt_that_cannot_be_read_is_named_and_nothing_is_sent() {
    let scene = Scene::paying("", &rows(2));
    let first = scene.pay().args(["--limit", "1"]).status(5);
    first.stderr_has("1 created").go();
    let id = scene.results()[0].id.clone();
    let ledger = Connection::open(scene.ledger()).unwrap();
    for (change, told) in [
        (
            "started_at = 'yesterday'",
            format!("a row of the ledger cannot be read: {id}\n  hint: nothing was sent"),
        ),
        (
            "payee = x'FF'",
            format!("payee of {id} has a value of the wrong type\n  hint: nothing was sent"),
        ),
    ] {
        let sql = format!("UPDATE attempt SET {change}");
        ledger.execute(&sql, []).unwrap();
        for run in [scene.pay(), scene.program(["history", "--format", "json"])] {
            run.status(1).stderr_has(&told).go();
        }
    }
    assert_eq!(scene.sent_and_created(), (1, 1));
}

/// A large batch is read in two halves. What makes it large is how many writes lie between its
/// attempts, so that a few are enough here.
#[test]
fn a_large_batch_is_read_whole_and_in_order() {
    let scene = Scene::paying("", &rows(5));
    scene.pay().stderr_has("5 created").go();
    let ledger = Connection::open(scene.ledger()).unwrap();
    let sql = "UPDATE attempt SET seq = seq * 9999; UPDATE ledger SET writes = writes * 9999";
    ledger.execute_batch(sql).unwrap();
    let published = scene.read(RESULTS);
    fs::remove_file(scene.path(RESULTS)).unwrap();
    scene.pay().stderr_has("nothing to submit").go();
    assert_eq!(scene.read(RESULTS), published);
    let adopt = scene.program(["ledger", "adopt", RESULTS]);
    adopt.stderr_has("0 of 5 attempts taken over").go();
    scene.write_rows(&rows(6));
    scene.pay().stderr_has("6 created").go();
    assert_eq!(scene.sent_and_created(), (6, 6));
    ledger
        .execute("UPDATE attempt SET started_at = '' WHERE line = 6", [])
        .unwrap();
    let id = scene.results()[4].id.clone();
    let run = scene.program(["status", INPUT]);
    run.status(1)
        .stderr_has(&format!("a row of the ledger cannot be read: {id}"))
        .go();
}

#[test]
fn a_name_that_is_mistyped_makes_no_ledger() {
    let scene = Scene::new(&rows(1));
    let run = scene.program(["ledger", "adopt", "missing.results.csv"]);
    run.status(1).stderr_has("there is no such file").go();
    assert!(!scene.ledger().exists());
}

#[test]
fn two_copies_of_one_results_file_are_adopted_one_after_the_other() {
    let scene = Scene::paying("", &rows(2));
    scene.pay().stderr_has("All done: 2 created").go();
    scene.write("copy.results.csv", scene.read(RESULTS));
    std::fs::remove_file(scene.ledger()).unwrap();
    scene
        .program(["ledger", "adopt", RESULTS, "copy.results.csv"])
        .stderr_has("payouts.results.csv: 2 of 2 attempts taken over")
        .stderr_has("copy.results.csv: 0 of 2 attempts taken over")
        .go();
    scene.pay().stderr_has("2 created").go();
    assert_eq!(scene.sent_and_created(), (2, 2));
}

#[test]
fn files_with_references_of_their_own_are_not_adopted_as_if_these_counted_over_all() {
    for april in [["0.3", "0.4"], ["0.1", "0.2"]] {
        references_of_their_own([["0.1", "0.2"], april]);
    }
}

/// The ledger is lost when a month is paid, and half of the next one, with the same references and these
/// amounts.
fn references_of_their_own(amounts: [[&str; 2]; 2]) {
    let scene = Scene::paying("", "");
    let pay = |file: &str| {
        let run = scene.through_sandbox(&["run", file, "--yes", "--interval", "0s"]);
        run.args(["--references", "per-file"])
    };
    let months = ["march.csv", "april.csv"];
    for (month, amounts) in months.into_iter().zip(amounts) {
        let row = |(n, amount)| format!("{n},BTC,{BITCOIN},{amount}\n");
        let rows: String = (1..).zip(amounts).map(row).collect();
        let header = "reference,currency_code,to_address,amount\n";
        scene.write(month, format!("{header}{rows}"));
    }
    pay("march.csv").stderr_has("2 created").go();
    age(&scene, 30);
    let closed = pay("march.csv").status(1);
    closed.stderr_has("all of these were paid on").go();
    let april = pay("april.csv").args(["--limit", "1"]).status(5);
    april.stderr_has("1 created").go();
    fs::remove_file(scene.ledger()).unwrap();
    let adopt = || scene.program(["ledger", "adopt", "march.results.csv", "april.results.csv"]);
    let refused = adopt().status(1).stderr_has("nothing was taken over");
    let other = "another payout was sent under the reference \"1\": march.results.csv:2";
    refused.stderr_has(other).go();
    assert!(!scene.ledger().exists());
    let adopted = adopt().args(["--references", "per-file"]);
    adopted.stderr_has("1 of 1 attempt taken over").go();
    pay("april.csv").stderr_has("All done: 2 created").go();
    assert_eq!(scene.sent_and_created(), (4, 4));
}

#[test]
fn a_payout_in_doubt_shows_references_of_their_own_as_well() {
    for script in ["drop-after", "ok,drop-after"] {
        let scene = Scene::paying(script, "");
        for (file, amount) in [("march.csv", "0.1"), ("april.csv", "0.3")] {
            let row = format!("1,BTC,{BITCOIN},{amount}\n");
            scene.write(
                file,
                format!("reference,currency_code,to_address,amount\n{row}"),
            );
            let run = scene.through_sandbox(&["run", file, "--yes", "--interval", "0s"]);
            run.args(["--references", "per-file"]).raw();
        }
        fs::remove_file(scene.ledger()).unwrap();
        let adopt = || scene.program(["ledger", "adopt", "march.results.csv", "april.results.csv"]);
        let refused = adopt().status(1).stderr_has("nothing was taken over");
        let other = "another payout was sent under the reference \"1\": march.results.csv:2";
        refused.stderr_has(other).go();
        let adopted = adopt().args(["--references", "per-file"]);
        adopted.stderr_has("1 of 1 attempt taken over").go();
    }
}

#[test]
fn a_file_whose_references_are_fixed_says_nothing_about_the_others() {
    for [known, other] in [["shared", "per-file"], ["per-file", "shared"]] {
        let scene = Scene::paying("", "");
        let pay = |file: &str, reference: &str, how: &str| {
            let row = format!("{reference},BTC,{BITCOIN},0.1\n");
            scene.write(
                file,
                format!("reference,currency_code,to_address,amount\n{row}"),
            );
            let run = scene.through_sandbox(&["run", file, "--yes", "--interval", "0s"]);
            run.args(["--references", how]).stderr_has("1 created").go();
        };
        pay("known.csv", "A1", known);
        let backup = scene.program(["ledger", "backup", "backup.db"]);
        backup.stderr_has("copied to").go();
        fs::remove_file(scene.ledger()).unwrap();
        pay("other.csv", "A2", other);
        fs::rename(scene.path("backup.db"), scene.ledger()).unwrap();
        let adopt = |files: &[&str], how: &str| {
            let adopt = scene.program([&["ledger", "adopt"], files].concat());
            adopt.args(["--references", how])
        };
        let hint = format!(
            "nothing of it was taken over; adopt this file alone with --references {known}, and the others without this file"
        );
        let together = adopt(&["known.results.csv", "other.results.csv"], other);
        together.status(1).stderr_has(&hint).go();
        adopt(&["known.results.csv"], known)
            .stderr_has("0 of 1")
            .go();
        adopt(&["other.results.csv"], other)
            .stderr_has("1 of 1")
            .go();
    }
}

#[test]
fn a_name_that_means_more_to_sqlite_is_the_name_of_a_file() {
    for name in [":memory:", "file:ledger.db", "file:ledger.db?mode=memory"] {
        let scene = three_payouts("");
        let pay = || scene.pay().args(["--ledger", name]);
        pay().stderr_has("3 created").go();
        fs::remove_file(scene.path(RESULTS)).unwrap();
        pay().stderr_has("Already created: 3").go();
        assert_eq!(scene.sent_and_created(), (3, 3), "{name}");
        let copy = format!("{name}.copy");
        for [from, to] in [[name, &copy], [&copy, "copy.db"]] {
            let backup = ["ledger", "backup", to, "--ledger", from];
            scene.program(backup).stderr_has("copied to").go();
        }
        assert_eq!(mode(&scene.path(&copy)), 0o600);
        scene
            .pay()
            .args(["--ledger", "copy.db"])
            .stderr_has("Already created: 3")
            .go();
    }
}
