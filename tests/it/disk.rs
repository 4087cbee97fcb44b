//! A disk fault is a write or a sync of the results file that fails: nothing is sent after it,
//! and what was sent is told.

use crate::ledger::{Ledgered, RUN};
use crate::strace::{self, Tracing};
use std::io::Write as _;
use std::process::Command;

/// Makes every n-th call on the results file fail, once each, and goes on.
fn fail_at_every(call: &str, error: &str) {
    if !strace::is_available(&format!("{error} at every {call}")) {
        return;
    }
    for n in 1.. {
        let batch = Ledgered::new("");
        let results = batch.results();
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
        batch.go_on_until_done();
        batch.assert_each_is_paid_once();
        if failed.is_none() {
            assert!(n > 1, "no {call} was ever reached");
            break;
        }
    }
}

/// What was created is on the file or on stderr, and no more was sent than was begun.
#[track_caller]
fn assert_told(batch: &Ledgered, stderr: &str) {
    let results = batch.results_text();
    for id in batch.created().values().flatten() {
        assert!(
            results.contains(id) || stderr.contains(id),
            "{id} is lost\n{results}\n{stderr}"
        );
    }
    let begun = results.lines().count().saturating_sub(1);
    assert!(
        batch.deliveries() <= begun,
        "sent without an intent\n{results}\n{stderr}"
    );
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

/// A file system of its own, of one page, which is full after some lines.
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

#[test]
fn a_disk_that_is_really_full() {
    let batch = Ledgered::new("");
    let folder = batch.dir().join("small");
    std::fs::create_dir(&folder).unwrap();
    let Some(disk) = SmallDisk::mount(&folder) else {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED a disk that is really full: may not mount one"
        );
        return;
    };
    // All but the last 100 bytes of the disk are taken, so that the header fits and no line does.
    std::fs::write(folder.join("ballast"), vec![b'x'; 4096]).unwrap();
    let results = folder.join("r.csv");
    let args = [RUN, &["--results", results.to_str().unwrap()]].concat();
    let mut runs = 0;
    loop {
        let output = batch.ccbatch(&args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        runs += 1;
        if output.status.success() {
            break;
        }
        assert!(runs < 3, "{stderr}");
        disk.grow();
    }
    assert_eq!(batch.created().len(), 4);
    assert_eq!(batch.deliveries(), 4);
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
        let batch = Ledgered::new("");
        let mut run = Command::new(env!("CARGO_BIN_EXE_ccbatch"));
        batch.in_its_world(&mut run);
        run.args([
            "run",
            "payouts.csv",
            "--yes",
            "--interval",
            "2s",
            "--progress",
            "none",
        ]);
        run.stderr(std::process::Stdio::piped());
        let run = run.spawn().unwrap();
        while batch.results_text().lines().count() < 2 || !batch.results_text().ends_with('\n') {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        mischief(&batch.results());
        let output = run.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.contains(words), "{words}: {stderr}");
        assert!(!output.status.success(), "{stderr}");
        assert_eq!(batch.deliveries(), 1, "{stderr}");
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
