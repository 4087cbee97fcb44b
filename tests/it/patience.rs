//! An outage in mid-run: the connection is waited for, up to `--patience`, and nothing is recorded
//! meanwhile.

use crate::harness::{Run, Scene, rows, unhurried};
use crate::wire::{SUCCESS, read_request};
use ccbatch::sandbox::{Options, Sandbox};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};

/// An address of this machine that no other test uses, so that its ports are not taken by another
/// while nobody listens.
const OF_ITS_OWN: &str = "127.0.0.83:0";

/// Answers one request and is gone before the answer is there.
fn serve_once() -> SocketAddr {
    let listener = TcpListener::bind(OF_ITS_OWN).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        read_request(&mut socket).unwrap();
        drop(listener);
        let length = SUCCESS.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        socket.write_all((head + SUCCESS).as_bytes()).unwrap();
    });
    address
}

/// A run of three payouts whose server is gone after the first.
fn cut_off(scene: &Scene, patience: &str) -> (Run, SocketAddr) {
    let address = serve_once();
    let run = scene.pay_through(&format!("http://{address}"));
    (
        run.args(["--interval", "0s", "--patience", patience]),
        address,
    )
}

/// What became of each attempt so far.
fn became(scene: &Scene) -> Vec<(u64, String, String)> {
    let lines = scene.results().into_iter();
    lines
        .map(|line| (line.line, line.status, line.error_key))
        .collect()
}

fn attempt(line: u64, status: &str, key: &str) -> (u64, String, String) {
    (line, status.to_owned(), key.to_owned())
}

#[test]
fn a_run_waits_for_the_connection_and_goes_on_where_it_was() {
    let scene = Scene::new(&rows(3));
    let (run, address) = cut_off(&scene, "1h");
    let run = run.stderr_has("All done: 3 created").start();
    let lead = "line 3: no connection to the API since ";
    run.await_stderr(lead);
    // The first try comes to nothing.
    run.await_lines(lead, 2);
    let before = [
        attempt(2, "created", ""),
        attempt(3, "not_created", "connect_failed"),
    ];
    assert_eq!(became(&scene), before);
    let sandbox = Sandbox::start(Options {
        listen: address,
        ..unhurried("")
    });
    let sandbox = sandbox.unwrap();
    let told = run.end();
    assert!(told.after(lead).contains(", next try at "), "{told}");
    let after = [attempt(3, "created", ""), attempt(4, "created", "")];
    assert_eq!(became(&scene), [before, after].concat());
    let book = sandbox.book();
    assert_eq!((book.deliveries.len(), book.created.len()), (2, 2));
}

#[test]
fn when_patience_is_at_its_end_the_run_stops_with_the_command_to_go_on() {
    let scene = Scene::new(&rows(3));
    let (run, _) = cut_off(&scene, "1s");
    run.status(5)
        .stderr_has("no connection to the API for as long as --patience says")
        .stderr_has("To go on: ccbatch run")
        .go();
    let expected = [
        attempt(2, "created", ""),
        attempt(3, "not_created", "connect_failed"),
    ];
    assert_eq!(became(&scene), expected);
}

#[test]
fn a_signal_ends_the_wait_for_a_connection_at_once() {
    for signal in ["INT", "TERM", "HUP"] {
        let scene = Scene::new(&rows(3));
        let (run, _) = cut_off(&scene, "1h");
        let run = run.status(5).stderr_has("Stopped: as asked").start();
        run.await_stderr("no connection to the API since ");
        run.signal(signal);
        let told = run.end();
        assert!(told.stderr.contains("To go on: ccbatch run"), "{told}");
        assert_eq!(became(&scene).len(), 2, "{signal}");
    }
}
