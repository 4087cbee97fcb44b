//! Signals: the payout in flight is finished and recorded, then the run ends with the command to
//! go on. A second Ctrl-C leaves at once.

use crate::harness::{
    CERTIFICATE, INPUT, RESULTS, Scene, Started, certified, eventually, rows, unhurried,
};
use crate::operator::results_text;
use crate::strace;
use ccbatch::sandbox::Options;
use std::io::{self, PipeReader, Read as _};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

const SIGNALS: [&str; 3] = ["INT", "TERM", "HUP"];

/// A scene whose sandbox holds every answer back until it is told to let one go.
fn holding() -> (Scene, Sender<()>) {
    let (release, released) = channel();
    let released = Mutex::new(released);
    let scene = Scene::new(&rows(3)).with_sandbox(Options {
        // With the sender gone there is nobody to wait for.
        on_delivery: Some(Box::new(move |_| {
            let _ = released.lock().unwrap().recv();
        })),
        ..unhurried("")
    });
    (scene, release)
}

/// A run that is validating, and cannot go on before what it finds is read from its stderr.
fn validating() -> (Scene, Started, PipeReader) {
    // In one case, so that every address is warned of; together far more than a pipe holds.
    let row = |n| format!("R{n},ETH,0x52908400098527886e0f7030069857d2e4{n:06x},1\n");
    let scene = Scene::paying("", &(1..=5_000).map(row).collect::<String>());
    let (mut found, stderr) = io::pipe().unwrap();
    let run = scene.pay().status(5);
    let run = run.start_on([Stdio::null(), stderr.into()]);
    found.read_exact(&mut [0]).unwrap();
    (scene, run, found)
}

#[test]
fn a_signal_while_validating_ends_the_run_before_anything_is_sent_or_written() {
    for signal in SIGNALS {
        let (scene, run, mut found) = validating();
        run.signal_and_await(signal);
        let mut told = String::new();
        found.read_to_string(&mut told).unwrap();
        run.end();
        for part in ["nothing was sent in this run", "To go on: ccbatch run "] {
            assert!(told.contains(part), "{signal}: {told}");
        }
        assert_eq!(scene.sent_and_created(), (0, 0), "{signal}");
        assert_eq!(scene.files(), [INPUT], "{signal}");
    }
}

#[test]
fn a_second_interrupt_while_validating_leaves_at_once() {
    let (scene, run, found) = validating();
    run.signal_and_await("INT");
    run.signal("INT");
    run.end();
    drop(found);
    assert_eq!(scene.sent_and_created(), (0, 0));
    assert_eq!(scene.files(), [INPUT]);
}

#[test]
fn a_signal_while_connecting_lets_the_attempt_be_recorded() {
    for signal in SIGNALS {
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let scene = Scene::new(&rows(2));
        scene.write(CERTIFICATE, certified().0);
        let run = scene.pay_through(&format!("https://{}", silent.local_addr().unwrap()));
        let run = run.args(["--interval", "1h"]).status(5);
        let run = run.env("SSL_CERT_FILE", CERTIFICATE);
        let run = run.stderr_has("To go on: ccbatch run").start();
        let (handshake, _) = silent.accept().unwrap();
        run.signal_and_await(signal);
        drop(handshake);
        run.end();
        let line = &scene.results()[0];
        let became = [&line.status, &line.error_key];
        assert_eq!(became, ["not_created", "connect_failed"], "{signal}");
    }
}

#[test]
fn a_signal_while_the_records_are_written_leaves_them_whole() {
    if !strace::is_available("a signal while the records are written") {
        return;
    }
    // The file is published, and a payout's line written and written anew.
    let points = [
        ("write", 1),
        ("rename", 1),
        ("pwrite64", 1),
        ("fdatasync", 1),
        ("pwrite64", 2),
        ("fdatasync", 2),
    ];
    for (at, (call, n)) in points.into_iter().enumerate() {
        let signal = SIGNALS[at % SIGNALS.len()];
        let scene = Scene::paying("", &rows(3));
        let paths = [scene.path(RESULTS), scene.path(".payouts.results.csv.tmp")];
        let inject = format!("{call}:signal={signal}:when={n}");
        let arguments = ["run", INPUT, "--yes", "--interval", "1h"];
        let traced = strace::trace(&scene, &arguments, Some(&inject), &paths);
        let point = format!("{signal} at {call} {n}: {}", traced.told());
        assert_eq!(traced.output.status.code(), Some(5), "{point}");
        assert!(traced.told().contains("Stopped: as asked"), "{point}");
        assert!(results_text(&scene).ends_with('\n'), "{point}");
        let (sent, created) = scene.sent_and_created();
        assert_eq!(scene.statuses(), vec!["created"; created], "{point}");
        // Before the claim the signal may still be handled in time.
        let is_begun = ["pwrite64", "fdatasync"].contains(&call);
        assert!(sent == 1 || sent == 0 && !is_begun, "{point}");
        scene.pay().stderr_has("All done: 3 created").go();
        assert_eq!(scene.sent_and_created(), (3, 3), "{point}");
    }
}

#[test]
fn a_signal_is_handled_where_nobody_reads_what_is_said() {
    for signal in SIGNALS {
        let scene = Scene::paying("", &rows(2));
        let run = scene.pay_through(&scene.url()).status(5);
        let run = run.args(["--interval", "1h", "--format", "json"]);
        let streams = [(); 2].map(|()| io::pipe().unwrap().1.into());
        let run = run.start_on(streams);
        eventually("the payout is recorded", || {
            results_text(&scene).contains(",created,")
        });
        run.signal(signal);
        run.end();
        assert_eq!(scene.statuses(), ["created"], "{signal}");
    }
}

#[test]
fn a_signal_while_waiting_ends_the_run_with_the_command_to_go_on() {
    for signal in SIGNALS {
        let scene = Scene::paying("", &rows(3));
        let run = scene.pay_through(&scene.url()).args(["--interval", "1h"]);
        let run = run.status(5).stderr_has("Stopped: as asked").start();
        run.await_stderr("1/3 line 2 created");
        run.signal(signal);
        let told = run.end();
        assert_eq!(scene.statuses(), ["created"], "{signal}");
        let go_on = format!("ccbatch{}", told.after("To go on: ccbatch"));
        let go_on = go_on.replace("--interval 1h", "--interval 0s");
        scene.shown(&go_on).stderr_has("All done: 3 created").go();
        assert_eq!(scene.sent_and_created(), (3, 3), "{signal}");
    }
}

#[test]
fn a_signal_in_flight_lets_the_payout_be_recorded() {
    for signal in SIGNALS {
        let (scene, release) = holding();
        let run = scene
            .pay()
            .status(5)
            .stderr_has("To go on: ccbatch run")
            .start();
        scene.await_deliveries(1);
        run.signal(signal);
        run.await_stderr("Stopping after the payout in flight");
        release.send(()).unwrap();
        let told = run.end();
        assert!(told.stderr.contains("1/3 line 2 created"), "{told}");
        assert_eq!(scene.statuses(), ["created"], "{signal}");
        assert_eq!(scene.sent_and_created(), (1, 1), "{signal}");
    }
}

#[test]
fn a_second_interrupt_leaves_at_once_and_the_payout_is_in_doubt() {
    let (scene, release) = holding();
    let run = scene.pay().status(6).stderr_has("Left at once").start();
    scene.await_deliveries(1);
    run.signal("INT");
    run.await_stderr("Ctrl-C again leaves at once");
    run.signal("INT");
    run.end();
    assert_eq!(scene.results()[0].error_key, "in_flight");
    drop(release);
    scene.pay().status(6).stderr_has("In doubt: line 2").go();
    assert_eq!(scene.sent_and_created(), (1, 1));
}

#[test]
fn what_a_system_sends_twice_is_still_one_request_to_stop() {
    for signals in [
        ["TERM", "TERM"],
        ["HUP", "TERM"],
        ["INT", "TERM"],
        ["INT", "HUP"],
    ] {
        let (scene, release) = holding();
        let run = scene
            .pay()
            .status(5)
            .stderr_has("Stopped: as asked")
            .start();
        scene.await_deliveries(1);
        run.signal(signals[0]);
        run.await_stderr("Stopping after the payout in flight");
        run.signal(signals[1]);
        release.send(()).unwrap();
        run.end();
        assert_eq!(scene.statuses(), ["created"], "{signals:?}");
    }
}

/// A FIFO in the scene's folder that nobody writes to.
fn make_fifo(scene: &Scene, name: &str) {
    let made = Command::new("mkfifo").arg(scene.path(name)).status();
    assert!(made.unwrap().success());
}

#[test]
fn a_signal_while_a_file_is_opened_that_nobody_writes_to_ends_the_run() {
    for signal in SIGNALS {
        let scene = Scene::paying("", &rows(1));
        make_fifo(&scene, "input.fifo");
        make_fifo(&scene, "key.fifo");
        let url = scene.url();
        let input = scene.program(["run", "input.fifo", "--yes", "--api-url", &url]);
        let key = scene.pay().args(["--api-key-file", "key.fifo"]);
        for run in [input, key] {
            let run = run.status(5).stderr_has("nothing was sent in this run");
            let run = run.start();
            run.await_thread("blocking");
            run.signal(signal);
            run.end();
        }
        assert_eq!(scene.sent_and_created(), (0, 0), "{signal}");
    }
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    for (ignored, handled) in [("HUP", "TERM"), ("INT", "TERM"), ("TERM", "INT")] {
        let (scene, release) = holding();
        let script = format!(r#"trap '' {ignored}; exec "$0" "$@""#);
        let run = scene.pay().args(["--limit", "2"]).by_way_of_shell(&script);
        let run = run.status(5).stderr_has("2 created").start();
        scene.await_deliveries(1);
        run.signal(ignored);
        // The payout after it shows that the signal asked for nothing.
        release.send(()).unwrap();
        scene.await_deliveries(2);
        run.signal(handled);
        run.await_stderr("Stopping after the payout in flight");
        release.send(()).unwrap();
        run.end();
        assert_eq!(scene.statuses(), ["created"; 2], "{ignored}");
    }
}

#[test]
fn after_a_stop_of_the_process_the_pace_holds() {
    let scene = Scene::paying("", &rows(3));
    let run = scene.pay_through(&scene.url()).args(["--interval", "1s"]);
    let run = run.stderr_has("All done: 3 created").start();
    scene.await_deliveries(1);
    run.signal("STOP");
    // Longer than two intervals: none of them may be made up for.
    std::thread::sleep(Duration::from_secs(3));
    run.signal("CONT");
    run.end();
    let arrived: Vec<_> = scene
        .book()
        .deliveries
        .iter()
        .map(|it| it.since_start)
        .collect();
    for pair in arrived.windows(2) {
        assert!(pair[1] - pair[0] >= Duration::from_secs(1), "{arrived:?}");
    }
}
