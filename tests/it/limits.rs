//! The machine's limits: an error before anything is begun, never a panic, and never a payout in
//! doubt without need.

use crate::harness::{INPUT, RESULTS, Run, Scene, rows};
use std::fs;
use std::io::{self, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

/// A run under a limit that bash sets, like `ulimit -n 20`.
fn limited(scene: &Scene, limit: &str) -> Run {
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!(r#"{limit}; exec "$0" "$@""#)]);
    scene.pay().by_way_of(bash)
}

/// Checks that what was created is what is recorded as created, and that nothing is in doubt.
#[track_caller]
fn assert_agreed(scene: &Scene, limit: &str) {
    let created = scene.book().created.into_iter();
    let mut created: Vec<_> = created.map(|it| it.invoice_id).collect();
    let results = fs::read_to_string(scene.path(RESULTS)).unwrap_or_default();
    let whole = results.rsplit_once('\n').map_or("", |(whole, _)| whole);
    assert!(!whole.contains(",unknown,"), "{limit}: {results}");
    let cells = whole
        .split([',', '\n'])
        .filter(|cell| cell.starts_with("INV-"));
    let mut recorded: Vec<_> = cells.map(str::to_owned).collect();
    created.sort();
    recorded.sort();
    assert_eq!(created, recorded, "{limit}");
}

#[test]
fn too_few_files_are_an_error_and_no_panic() {
    for count in [5, 8, 12, 16, 20, 24, 28] {
        let scene = Scene::paying("", &rows(2));
        let limit = format!("ulimit -n {count}");
        let run = limited(&scene, &limit).status(1);
        run.stderr_has("system: ")
            .stderr_has("nothing was sent")
            .go();
        assert_eq!(scene.sent_and_created(), (0, 0), "{limit}");
    }
    let scene = Scene::paying("", &rows(2));
    limited(&scene, "ulimit -n 64")
        .stderr_has("All done: 2 created")
        .go();
}

#[test]
fn a_limit_of_a_file_s_size_fails_a_write_and_does_not_end_the_program() {
    // In blocks of a kilobyte: no ledger fits, an empty one does, or one with some payouts.
    for blocks in [2, 76, 80, 84] {
        let scene = Scene::paying("", &rows(60));
        let limit = format!("ulimit -f {blocks}");
        let run = limited(&scene, &limit).raw();
        let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(
            matches!(run.status.code(), Some(1 | 5 | 6)),
            "{limit}: {stderr}"
        );
        assert!(!stderr.contains("panicked"), "{limit}: {stderr}");
        assert!(stderr.contains("\n  hint: "), "{limit}: {stderr}");
        // What the ledger could not take the results file has, and the next run takes it over.
        scene.pay().stderr_has("All done: 60 created").go();
        assert_eq!(scene.sent_and_created(), (60, 60), "{limit}");
    }
}

#[test]
fn too_little_memory_leaves_no_payout_in_doubt() {
    let mut hinted = 0;
    for kilobytes in (20_000..60_000).step_by(5_000) {
        let scene = Scene::paying("", &rows(2));
        let limit = format!("ulimit -v {kilobytes}");
        let run = limited(&scene, &limit).raw();
        let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
        for word in ["panicked", "memory allocation"] {
            assert!(!stderr.contains(word), "{limit}: {stderr}");
        }
        if stderr.contains("out of memory") {
            assert!(stderr.contains("ulimit -v"), "{limit}: {stderr}");
            hinted += 1;
        }
        assert_agreed(&scene, &limit);
    }
    assert!(hinted > 0, "none of these limits is too tight");
}

#[test]
fn too_few_threads_are_an_error_and_no_panic() {
    let scene = Scene::paying("", &rows(1));
    scene.open_to_everyone();
    let mut limited = Command::new("prlimit");
    limited.args(["--nproc=1"]);
    // The system lets root have as many as it likes.
    let id = Command::new("id").arg("-u").output().unwrap().stdout;
    if id == b"0\n" {
        limited.args(["setpriv", "--reuid", "65534", "--clear-groups"]);
        limited.args(["--inh-caps=-all", "--bounding-set=-all"]);
    }
    let run = scene.pay().by_way_of(limited).raw();
    let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
    if run.status.code() == Some(126) || run.status.code() == Some(127) {
        let _ = writeln!(
            io::stderr(),
            "SKIPPED too few threads: the program cannot be run by another user: {stderr}"
        );
        return;
    }
    assert!(
        stderr.contains("system: no thread can be started"),
        "{stderr}"
    );
    assert_eq!(run.status.code(), Some(1), "{stderr}");
    assert_eq!(scene.sent_and_created(), (0, 0));
}

/// A run whose clock reads what this file says, if libfaketime is there.
fn with_clock(scene: &Scene, file: &str) -> Option<Run> {
    let folders = fs::read_dir("/usr/lib").unwrap().flatten();
    let mut libraries = folders.map(|it| it.path().join("faketime/libfaketimeMT.so.1"));
    let Some(library) = libraries.find(|it| it.exists()) else {
        let _ = writeln!(io::stderr(), "SKIPPED clocks: libfaketime is not installed");
        return None;
    };
    let run = scene.pay().env("LD_PRELOAD", library);
    // Time goes on all the same: only the time of day is another.
    let run = run.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let run = run.env("FAKETIME_NO_CACHE", "1");
    Some(run.env("FAKETIME_TIMESTAMP_FILE", scene.path(file)))
}

#[test]
fn a_clock_that_cannot_be_right_sends_nothing() {
    for (time, words) in [
        ("@1965-03-01 00:00:00", "set to a time before 2020"),
        ("@2000-01-01 00:00:07", "set to a time before 2020"),
        ("@2150-03-01 00:00:00", "set to a time after 2099"),
    ] {
        let scene = Scene::paying("", &rows(1));
        scene.write("clock", time);
        let Some(run) = with_clock(&scene, "clock") else {
            return;
        };
        run.status(1).stderr_has(words).go();
        assert_eq!(scene.sent_and_created(), (0, 0), "{time}");
        scene.pay().stderr_has("All done: 1 created").go();
    }
}

#[test]
fn a_clock_that_goes_wrong_between_two_payouts_stops_before_the_next() {
    for time in ["@1970-01-01 00:00:07", "@2150-03-01 00:00:00"] {
        let scene = Scene::paying("", &rows(2));
        scene.write("clock", "+0");
        let Some(run) = with_clock(&scene, "clock") else {
            return;
        };
        let run = run.args(["--interval", "2s"]).status(5);
        let run = run
            .stderr_has("this machine's clock is set to a time")
            .start();
        run.await_stderr("1/2 line 2 created");
        scene.write("clock", time);
        run.end();
        assert_agreed(&scene, time);
        assert_eq!(scene.sent_and_created(), (1, 1), "{time}");
        scene.pay().stderr_has("All done: 2 created").go();
        assert_eq!(scene.sent_and_created(), (2, 2), "{time}");
    }
}

#[test]
fn a_quote_that_is_open_on_every_line_takes_no_look_at_the_rest_of_the_file() {
    // A look at all that stands behind each of them would take minutes.
    let scene = Scene::new(&"TRX,\"TJchzMqG6gC1oS7pZg3ZPygQ9PkrB4HB9k,1\n".repeat(400_000));
    let start = Instant::now();
    let run = scene.program(["validate", INPUT, "--max-findings", "1"]);
    run.status(3)
        .stderr_has("400000 errors: 400000 quote; nothing was sent")
        .go();
    assert!(start.elapsed() < Duration::from_secs(60), "{start:?}");
}
