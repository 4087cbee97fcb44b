//! The machine's limits: an error before anything is begun, never a panic, and never a payout in
//! doubt without need.

use crate::harness::{RESULTS, Run, Scene, rows};
use std::fs;
use std::io::{self, Write as _};
use std::process::Command;

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
    assert!(stderr.contains("system: no thread can be had"), "{stderr}");
    assert_eq!(run.status.code(), Some(1), "{stderr}");
    assert_eq!(scene.sent_and_created(), (0, 0));
}
