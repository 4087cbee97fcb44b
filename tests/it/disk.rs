//! A disk fault is a write or a sync of the results file that fails: nothing is sent after it,
//! and what was sent is told.

use crate::harness::{INPUT, RESULTS, Scene, rows};
use crate::operator::{
    RUN, assert_each_is_paid_once, created, four_payouts, go_on_until_done, results_text,
    wait_for_the_sandbox,
};
use crate::strace::{self, Tracing};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Command;

/// A page of memory, which is what a small disk counts in.
const PAGE: usize = 4096;

/// More lines than fit a page.
const PAYOUTS: usize = 40;

/// Makes every n-th call on the results file fail, once each, and goes on.
fn fail_at_every(call: &str, error: &str) {
    if !strace::is_available(&format!("{error} at every {call}")) {
        return;
    }
    for n in 1.. {
        let batch = four_payouts("");
        let results = batch.path(RESULTS);
        let tracing = Tracing {
            inject: Some(format!("{call}:error={error}:when={n}")),
            path: Some(&results),
        };
        let traced = strace::trace(&batch, RUN, &tracing);
        let failed = traced
            .calls
            .iter()
            .position(|call| call.contains("INJECTED"));
        let stderr = String::from_utf8_lossy(&traced.output.stderr).into_owned();
        match failed {
            Some(at) if error != "EINTR" => {
                assert!(!traced.output.status.success(), "{stderr}");
                let after = &traced.calls[at + 1..];
                assert!(
                    !after.iter().any(|call| call.contains("sync(")),
                    "synced again: {after:#?}"
                );
                assert_told(&batch, &stderr);
            }
            _ => assert!(traced.output.status.success(), "{stderr}"),
        }
        go_on_until_done(&batch);
        assert_each_is_paid_once(&batch);
        if failed.is_none() {
            assert!(n > 1, "no {call} was ever reached");
            break;
        }
    }
}

/// What was created is on the file or on stderr, and no more was sent than was begun.
#[track_caller]
fn assert_told(batch: &Scene, stderr: &str) {
    let results = results_text(batch);
    for id in created(batch).values().flatten() {
        assert!(
            results.contains(id) || stderr.contains(id),
            "{id} is lost\n{results}\n{stderr}"
        );
    }
    let begun = results.lines().count().saturating_sub(1);
    let sent = batch.book().deliveries.len();
    assert!(sent <= begun, "sent without an intent\n{results}\n{stderr}");
}

#[test]
fn every_write_of_the_results_fails_once() {
    for error in ["EIO", "ENOSPC", "EDQUOT", "EROFS", "EINTR"] {
        fail_at_every("write", error);
    }
}

#[test]
fn every_sync_of_the_results_fails_once() {
    for error in ["EIO", "ENOSPC", "EDQUOT", "EROFS", "EINTR"] {
        fail_at_every("fdatasync", error);
    }
    fail_at_every("fsync", "EIO");
}

/// A file system of its own, of two pages.
struct SmallDisk<'a>(&'a std::path::Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a std::path::Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=8k", "tmpfs"])
            .arg(at);
        mount
            .output()
            .is_ok_and(|output| output.status.success())
            .then_some(Self(at))
    }

    fn grow(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-o", "remount,size=1m"]).arg(self.0);
        assert!(mount.status().unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// The second page of the disk is for the results, and full in the middle of a line.
#[test]
fn a_disk_that_is_really_full_tears_a_line() {
    let batch = Scene::paying("", &rows(PAYOUTS));
    let folder = batch.path("small");
    std::fs::create_dir(&folder).unwrap();
    let Some(disk) = SmallDisk::mount(&folder) else {
        let words = "SKIPPED a disk that is really full: may not mount one";
        let _ = writeln!(std::io::stderr(), "{words}");
        return;
    };
    std::fs::write(folder.join("ballast"), vec![b'x'; PAGE]).unwrap();
    let results = ["--results", "small/r.csv"];
    let run = || batch.through_sandbox(RUN).args(results).raw();

    let full = run();
    let stderr = String::from_utf8_lossy(&full.stderr).into_owned();
    assert_eq!(
        std::fs::read(folder.join("r.csv")).unwrap().len(),
        PAGE,
        "{stderr}"
    );
    disk.grow();
    if full.status.code() == Some(6) {
        let lost = stderr
            .lines()
            .find_map(|line| line.strip_prefix("Not recorded: "));
        let lost: Vec<&str> = lost.expect(&stderr).split(',').collect();
        let verdict = ["--line", lost[0], "--invoice-id", lost[9]];
        let resolve = batch
            .program(["resolve", INPUT, "--yes"])
            .args(results)
            .args(verdict);
        resolve.stderr_has("Recorded").go();
    } else {
        assert_eq!(full.status.code(), Some(5), "{stderr}");
    }
    let rest = run();
    assert!(
        rest.status.success(),
        "{}",
        String::from_utf8_lossy(&rest.stderr)
    );
    let amounts: BTreeSet<String> = batch
        .book()
        .created
        .into_iter()
        .map(|created| created.amount)
        .collect();
    assert_eq!(amounts.len(), PAYOUTS);
    assert_eq!(batch.sent_and_created(), (PAYOUTS, PAYOUTS));
}

/// What can happen to the file under a run.
type Mischief = fn(&std::path::Path);

#[test]
fn a_results_file_that_is_touched_during_the_run_stops_it() {
    let mischiefs: [(Mischief, &str); 5] = [
        (
            |path| std::fs::rename(path, path.with_extension("moved")).unwrap(),
            "deleted or renamed",
        ),
        (
            |path| std::fs::remove_file(path).unwrap(),
            "deleted or renamed",
        ),
        (|path| replace(path), "replaced by another"),
        (|path| truncate(path), "bytes instead of"),
        (
            |path| std::fs::hard_link(path, path.with_extension("link")).unwrap(),
            "second name",
        ),
    ];
    for (mischief, words) in mischiefs {
        let batch = four_payouts("");
        let run = batch.pay_through(&batch.url()).args(["--interval", "2s"]);
        let run = run.status(5).stderr_has(words).start();
        run.await_stderr("1/4 line 2 created");
        mischief(&batch.path(RESULTS));
        run.end();
        wait_for_the_sandbox(&batch);
        assert_eq!(batch.book().deliveries.len(), 1, "{words}");
    }
}

/// As an editor saves: another file under the same name.
fn replace(path: &std::path::Path) {
    let copy = path.with_extension("copy");
    std::fs::copy(path, &copy).unwrap();
    std::fs::rename(copy, path).unwrap();
}

fn truncate(path: &std::path::Path) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - 10).unwrap();
}
