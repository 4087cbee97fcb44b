//! Signals: the payout in flight is finished and recorded, then the run ends with the command to
//! go on. A second Ctrl-C leaves at once.

use crate::harness::{RESULTS, Scene, rows, unhurried};
use ccbatch::sandbox::Options;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

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
    assert!(scene.read(RESULTS).ends_with("Z,"), "half a line");
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
