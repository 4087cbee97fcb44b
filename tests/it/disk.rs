//! A disk fault is a call on the ledger, its journal or the results file that fails: nothing is sent
//! without its records, and what was sent is told.
//!
//! A share of the calls is tried each time, all of them with `CCBATCH_PROOFS=all`.

use crate::harness::{RESULTS, Scene, rows};
use crate::operator::{
    RUN, assert_each_is_paid_once, created, go_on_until_done, is_thorough, results_text,
    three_payouts, wait_for_the_sandbox,
};
use crate::strace::{self, record_files};
use rusqlite::{Connection, OpenFlags};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Whether the disk fails once, or for good.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Once,
    FromThenOn,
}

/// Makes every so many calls on the records fail, and goes on each time.
fn fail_at_every((call, share): (&str, usize), error: &str, fault: Fault) {
    if !strace::is_available(&format!("{error} at every {call}")) {
        return;
    }
    let step = if is_thorough() { 1 } else { share };
    let mut faults = 0;
    for n in (step.div_ceil(2)..).step_by(step) {
        let scene = three_payouts("");
        let plus = if fault == Fault::Once { "" } else { "+" };
        let inject = format!("{call}:error={error}:when={n}{plus}");
        let args: Vec<&str> = RUN.iter().copied().chain(["--format", "json"]).collect();
        let traced = strace::trace(&scene, &args, Some(&inject), &record_files(&scene));
        let stdout = String::from_utf8_lossy(&traced.output.stdout).into_owned();
        let point = format!("{inject}: {stdout}{}", traced.told());
        assert_told(&scene, &stdout, &traced, &point);
        go_on_until_done(&scene);
        assert_each_is_paid_once(&scene);
        if !traced.is_injected() {
            break;
        }
        faults += 1;
    }
    assert!(faults > 0, "no {call} was ever reached");
}

/// What was created is in both records or told on both streams, no more was sent than was begun,
/// and the exit status says how it stands.
#[track_caller]
fn assert_told(scene: &Scene, stdout: &str, traced: &strace::Traced, point: &str) {
    let results = results_text(scene);
    let ledger = invoice_ids_in_ledger(scene);
    for id in created(scene).values().flatten() {
        let unrecorded = stdout.lines().find(|line| line.contains("\"unrecorded\""));
        let is_recorded = results.contains(id) && ledger.contains(id);
        let is_shown =
            traced.told().contains(id) && unrecorded.is_some_and(|line| line.contains(id));
        assert!(is_recorded || is_shown, "{id} is lost\n{results}\n{point}");
    }
    let sent = scene.book().deliveries.len();
    let begun = results.lines().count().saturating_sub(1);
    assert!(sent <= begun, "sent without a line\n{results}\n{point}");
    match traced.output.status.code() {
        Some(0) => assert_eq!(sent, 3, "{point}"),
        Some(1) => assert_eq!(sent, 0, "{point}"),
        Some(5) => assert!(sent < 3, "{point}"),
        Some(6) => assert!(stdout.contains("\"unrecorded\""), "{point}"),
        other => panic!("exit {other:?}\n{point}"),
    }
}

/// The invoice ids that the ledger has, read by SQLite itself.
fn invoice_ids_in_ledger(scene: &Scene) -> Vec<String> {
    // To be written, so that a transaction that was cut off is rolled back.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let Ok(connection) = Connection::open_with_flags(scene.ledger(), flags) else {
        return Vec::new();
    };
    let Ok(mut statement) = connection.prepare("SELECT invoice_id FROM attempt") else {
        return Vec::new();
    };
    let ids = statement.query_map((), |row| row.get(0)).unwrap();
    ids.map(Result::unwrap).collect()
}

#[test]
fn a_write_to_the_records_that_fails_loses_nothing() {
    fail_at_every(("pwrite64", 67), "ENOSPC", Fault::Once);
    fail_at_every(("pwrite64", 71), "EIO", Fault::Once);
    fail_at_every(("write", 1), "ENOSPC", Fault::Once);
}

#[test]
fn a_write_to_the_records_that_is_interrupted_does_no_harm() {
    fail_at_every(("pwrite64", 73), "EINTR", Fault::Once);
}

#[test]
fn a_sync_of_the_records_that_fails_loses_nothing() {
    fail_at_every(("fsync", 7), "EIO", Fault::Once);
    fail_at_every(("fdatasync", 1), "EIO", Fault::Once);
    fail_at_every(("fdatasync", 2), "ENOSPC", Fault::Once);
}

#[test]
fn a_rename_or_an_unlink_that_fails_loses_nothing() {
    fail_at_every(("rename", 1), "EIO", Fault::Once);
    fail_at_every(("unlink", 3), "EIO", Fault::Once);
}

#[test]
fn a_disk_that_is_gone_from_a_moment_on_loses_nothing() {
    fail_at_every(("pwrite64", 59), "ENOSPC", Fault::FromThenOn);
    fail_at_every(("fsync", 9), "EIO", Fault::FromThenOn);
    fail_at_every(("fdatasync", 2), "EIO", Fault::FromThenOn);
    fail_at_every(("unlink", 4), "EIO", Fault::FromThenOn);
}

/// How many syncs of the records come before the first request: the last five are the claim's.
fn syncs_before_the_first_request() -> usize {
    let scene = three_payouts("");
    let calls = strace::trace(&scene, RUN, None, &[]).calls;
    let before = calls.iter().take_while(|call| !call.contains("POST /"));
    before.filter(|call| call.starts_with("fsync(")).count()
}

/// How many times a commit is synced: the journal twice, the ledger, and the folder twice.
const SYNCS_OF_A_COMMIT: usize = 5;

#[test]
fn a_claim_whose_commit_fails_is_voided_and_not_sent() {
    if !strace::is_available("a claim whose commit fails") {
        return;
    }
    let last = syncs_before_the_first_request();
    let first = last + 1 - SYNCS_OF_A_COMMIT;
    // SQLite passes over a failed sync of the folder in which it has just made the journal.
    let of_the_journals_name = first + 1;
    for n in (first..=last).filter(|n| *n != of_the_journals_name) {
        let scene = three_payouts("");
        let inject = format!("fsync:error=EIO:when={n}");
        let traced = strace::trace(&scene, RUN, Some(&inject), &[]);
        let told = traced.told();
        assert_eq!(traced.output.status.code(), Some(5), "{inject}: {told}");
        assert!(told.contains("line 2 was not sent"), "{inject}: {told}");
        assert!(!told.contains("in doubt"), "{inject}: {told}");
        assert_eq!(scene.sent_and_created(), (0, 0), "{inject}: {told}");
        scene.pay().stderr_has("All done: 3 created").go();
        assert_each_is_paid_once(&scene);
    }
}

#[test]
fn an_outcome_whose_commit_fails_once_is_recorded_again() {
    if !strace::is_available("an outcome whose commit fails") {
        return;
    }
    let first = syncs_before_the_first_request() + 1;
    for n in first..first + SYNCS_OF_A_COMMIT {
        let scene = three_payouts("");
        let inject = format!("fsync:error=EIO:when={n}");
        let traced = strace::trace(&scene, RUN, Some(&inject), &[]);
        let told = traced.told();
        assert!(traced.is_injected(), "{inject}: {told}");
        assert!(traced.output.status.success(), "{inject}: {told}");
        assert_each_is_paid_once(&scene);
        assert_eq!(invoice_ids_in_ledger(&scene).len(), 3, "{inject}: {told}");
    }
}

#[test]
fn a_machine_that_lacks_what_a_request_needs_leaves_no_claim_behind() {
    if !strace::is_available("a machine without file descriptors") {
        return;
    }
    let scene = three_payouts("");
    let clean = strace::trace(&three_payouts(""), RUN, None, &[]);
    let pipes = clean.calls.iter().filter(|call| call.starts_with("pipe2("));
    let last = pipes.count();
    // Three pipes are put aside before each claim.
    let inject = format!("pipe2:error=EMFILE:when={}", last - 3);
    let traced = strace::trace(&scene, RUN, Some(&inject), &[]);
    let told = traced.told();
    assert_eq!(traced.output.status.code(), Some(5), "{told}");
    assert!(
        told.contains("cannot make a request: Too many open files"),
        "{told}"
    );
    assert!(!told.contains("a record could not be written"), "{told}");
    assert_eq!(scene.statuses(), ["created"], "{told}");
    go_on_until_done(&scene);
    assert_each_is_paid_once(&scene);
}

#[test]
fn a_file_system_without_locks_is_told_and_passed_over() {
    if !strace::is_available("a file system without locks") {
        return;
    }
    for error in ["ENOLCK", "ENOSYS", "EOPNOTSUPP", "EBADF"] {
        let scene = three_payouts("");
        // The first lock is that of the input.
        let inject = format!("flock:error={error}:when=1");
        let traced = strace::trace(&scene, RUN, Some(&inject), &[]);
        let told = traced.told();
        assert!(traced.output.status.success(), "{error}: {told}");
        assert!(told.contains("cannot lock a file"), "{error}: {told}");
        assert_each_is_paid_once(&scene);
    }
}

#[test]
fn a_ledger_where_nothing_can_be_locked_is_refused() {
    if !strace::is_available("a ledger on a file system without locks") {
        return;
    }
    let scene = three_payouts("");
    // The lock of the batch comes after that of the input.
    let traced = strace::trace(&scene, RUN, Some("flock:error=EOPNOTSUPP:when=2+"), &[]);
    let told = traced.told();
    assert_eq!(traced.output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("ledger.db: its file system cannot lock"),
        "{told}"
    );
    assert!(told.contains("to a disk of this machine"), "{told}");
    assert_eq!(scene.sent_and_created(), (0, 0), "{told}");
}

#[test]
fn a_file_system_that_does_not_sync_folders_is_as_good() {
    if !strace::is_available("a file system that does not sync folders") {
        return;
    }
    for (error, code) in [("EINVAL", 0), ("EIO", 1)] {
        let scene = three_payouts("");
        let inject = format!("fsync:error={error}");
        let folders = [scene.path(""), scene.path("pages")];
        std::fs::create_dir(&folders[1]).unwrap();
        let traced = strace::trace(&scene, RUN, Some(&inject), &folders);
        let told = traced.told();
        assert!(traced.is_injected(), "{error}: {told}");
        assert_eq!(traced.output.status.code(), Some(code), "{error}: {told}");
        go_on_until_done(&scene);
        assert_each_is_paid_once(&scene);
        let report = ["report", "payouts.csv", "--output", "pages/page.html"];
        let traced = strace::trace(&scene, &report, Some(&inject), &folders);
        assert!(traced.is_injected(), "{error}: {}", traced.told());
        let shown = traced.output.status.code();
        assert_eq!(shown, Some(code), "{error}: {}", traced.told());
    }
}

/// What is mounted for a test.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    /// A small file system of its own.
    fn small_disk(at: &'a Path, kilobytes: u32) -> Option<Self> {
        let size = format!("size={kilobytes}k,mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at);
        let is_mounted = mount.output().is_ok_and(|it| it.status.success());
        if !is_mounted {
            strace::say("SKIPPED a disk that is really full: may not mount one");
        }
        is_mounted.then_some(Self(at))
    }

    /// Mounts a file alone in another place.
    fn bind(file: &Path, at: &'a Path) -> Option<Self> {
        std::fs::write(at, "").unwrap();
        let mut mount = Command::new("mount");
        mount.arg("--bind").arg(file).arg(at);
        let is_mounted = mount.output().is_ok_and(|it| it.status.success());
        if !is_mounted {
            strace::say("SKIPPED a ledger that is mounted alone: may not mount");
        }
        is_mounted.then_some(Self(at))
    }

    fn grow(&self) {
        let mut mount = Command::new("mount");
        mount.args(["-o", "remount,size=4m"]).arg(self.0);
        assert!(mount.status().unwrap().success());
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_ledger_that_is_mounted_without_its_folder_is_refused() {
    let scene = Scene::paying("", &rows(1));
    scene
        .program(["ledger", "init"])
        .stderr_has("Ledger: ")
        .go();
    let elsewhere = scene.path("my ledger.db");
    let Some(_mounted) = Mounted::bind(&scene.ledger(), &elsewhere) else {
        return;
    };
    let run = scene.pay().args(["--ledger", elsewhere.to_str().unwrap()]);
    run.status(1)
        .stderr_has("my ledger.db: the ledger is mounted without its folder")
        .stderr_has("hint: nothing was sent; mount the folder")
        .go();
    assert_eq!(scene.sent_and_created(), (0, 0));
}

/// Pays until a disk of this size is full, which holds one of the records; makes it larger, and goes
/// on.
fn fill(kilobytes: u32, flag: &str, file: &str) {
    const PAYOUTS: usize = 60;
    let scene = Scene::paying("", &rows(PAYOUTS));
    let folder = scene.path("small");
    std::fs::create_dir(&folder).unwrap();
    let Some(disk) = Mounted::small_disk(&folder, kilobytes) else {
        return;
    };
    let run = || scene.through_sandbox(RUN).args([flag, file]).raw();
    let full = run();
    let told = String::from_utf8_lossy(&full.stderr).into_owned();
    let code = full.status.code();
    assert!(matches!(code, Some(1 | 5 | 6)), "{code:?} {told}");
    wait_for_the_sandbox(&scene);
    let paid = scene.sent_and_created().1;
    assert!(paid < PAYOUTS, "the disk was never full");
    disk.grow();
    if code == Some(6) {
        // The answer is in the record that is not on the full disk, or on the screen.
        let id = &scene.book().created[paid - 1].invoice_id;
        assert!(told.contains(id.as_str()), "{told}");
    }
    let rest = run();
    let told = String::from_utf8_lossy(&rest.stderr);
    assert!(rest.status.success(), "{told}");
    let created = scene.book().created.into_iter();
    let amounts: BTreeSet<String> = created.map(|created| created.amount).collect();
    assert_eq!(amounts.len(), PAYOUTS);
    assert_eq!(scene.sent_and_created(), (PAYOUTS, PAYOUTS));
}

#[test]
fn a_results_file_on_a_disk_that_is_really_full_loses_nothing() {
    for kilobytes in [4, 8] {
        fill(kilobytes, "--results", "small/r.csv");
    }
}

#[test]
fn a_ledger_on_a_disk_that_is_really_full_loses_nothing() {
    // Hardly a page; a ledger and no attempt; and then some.
    for kilobytes in [4, 76, 100, 116, 124] {
        fill(kilobytes, "--ledger", "small/l.db");
    }
}

/// What can happen to the results file under a run.
struct Mischief {
    happens: fn(&Path),
    /// Whether something was changed in it, which is kept.
    is_kept: bool,
}

const MISCHIEFS: [Mischief; 6] = [
    Mischief {
        happens: |path| std::fs::rename(path, path.with_extension("moved")).unwrap(),
        is_kept: false,
    },
    Mischief {
        happens: |path| std::fs::remove_file(path).unwrap(),
        is_kept: false,
    },
    // As an editor saves: another file under the same name.
    Mischief {
        happens: |path| {
            let copy = path.with_extension("copy");
            std::fs::copy(path, &copy).unwrap();
            std::fs::rename(copy, path).unwrap();
        },
        is_kept: false,
    },
    Mischief {
        happens: |path| {
            let text = std::fs::read_to_string(path).unwrap();
            std::fs::write(path, text + "paid by hand\n").unwrap();
        },
        is_kept: true,
    },
    Mischief {
        happens: |path| std::fs::write(path, "paid by hand").unwrap(),
        is_kept: true,
    },
    Mischief {
        happens: |path| std::fs::write(path, "").unwrap(),
        is_kept: false,
    },
];

#[test]
fn a_results_file_that_is_touched_during_the_run_is_written_anew_and_the_run_goes_on() {
    for Mischief { happens, is_kept } in MISCHIEFS {
        let scene = three_payouts("");
        let run = scene
            .pay_through(&scene.url())
            .args(["--interval", "700ms"]);
        let run = run.stderr_has("All done: 3 created").start();
        run.await_stderr("1/3 line 2 created");
        happens(&scene.path(RESULTS));
        let told = run.end();
        assert_each_is_paid_once(&scene);
        let files = scene.files();
        let kept = files.iter().find(|name| name.contains(".results.changed-"));
        assert_eq!(kept.is_some(), is_kept, "{files:?}");
        if let Some(kept) = kept {
            assert!(scene.read(kept).contains("paid by hand"));
            assert!(told.stderr.contains(kept.as_str()), "{told}");
        }
    }
}

#[test]
fn a_results_file_that_is_touched_while_a_payout_is_in_flight_loses_nothing() {
    for Mischief {
        happens,
        is_kept: _,
    } in MISCHIEFS
    {
        let scene = three_payouts("");
        let path = scene.path(RESULTS);
        let once = std::sync::Once::new();
        let scene = scene.with_sandbox(ccbatch::sandbox::Options {
            on_delivery: Some(Box::new(move |_| once.call_once(|| happens(&path)))),
            ..crate::harness::unhurried("")
        });
        scene.pay().stderr_has("All done: 3 created").go();
        assert_each_is_paid_once(&scene);
    }
}

#[test]
fn a_folder_that_is_gone_during_the_run_stops_it_before_the_next_claim() {
    let scene = three_payouts("");
    std::fs::create_dir(scene.path("of march")).unwrap();
    let run = scene.pay_through(&scene.url()).args(["--interval", "3s"]);
    let run = run.args(["--results", "of march/r.csv"]).status(5);
    let run = run.stderr_has("of march/r.csv: the results file cannot be written");
    let run = run.start();
    run.await_stderr("1/3 line 2 created");
    // However long the system takes to rename it.
    run.signal("STOP");
    std::fs::rename(scene.path("of march"), scene.path("of april")).unwrap();
    run.signal("CONT");
    run.end();
    assert_eq!(scene.sent_and_created(), (1, 1));
    std::fs::rename(scene.path("of april"), scene.path("of march")).unwrap();
    let run = scene.pay().args(["--results", "of march/r.csv"]);
    run.stderr_has("All done: 3 created").go();
    assert_eq!(scene.sent_and_created(), (3, 3));
}
