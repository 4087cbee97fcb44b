//! Answers that no library would send, byte for byte: what the program makes of what is left of
//! them, and that it never asks again for what it has read in them.

use crate::harness::{Scene, rows};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The body of a refusal that is the payout's own fault.
pub(crate) const REFUSAL: &str = r#"{"status":"error","result":{"network":"x"}}"#;

/// The body of a success.
pub(crate) const SUCCESS: &str =
    r#"{"status":"success","data":{"invoice_id":"INV-WIRE0001","status":"created"}}"#;

/// Reads a request up to the last byte of its body.
pub(crate) fn read_request(socket: &mut TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        let mut byte = [0];
        socket.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    Ok(())
}

/// When a server answers.
#[derive(Clone, Copy)]
enum Answers {
    AfterTheRequest,
    /// Before a byte of it is read.
    AtOnce,
}

/// A server that answers every request with these bytes and closes; its URL, and how many
/// connections it has had.
fn serve(answer: Vec<u8>, answers: Answers) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let connected = Arc::clone(&count);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            connected.fetch_add(1, Ordering::SeqCst);
            // Whatever fails here, the client sees, and it is the client that is tested.
            let _ = socket.and_then(|socket| converse(socket, &answer, answers));
        }
    });
    (url, count)
}

fn converse(mut socket: TcpStream, answer: &[u8], answers: Answers) -> io::Result<()> {
    match answers {
        Answers::AtOnce => {
            socket.write_all(answer)?;
            read_request(&mut socket)
        }
        Answers::AfterTheRequest => {
            read_request(&mut socket)?;
            socket.write_all(answer)
        }
    }
}

/// What becomes of a payout that is answered so, on its one connection: its status and error key.
#[track_caller]
fn became(answer: impl AsRef<[u8]>, answers: Answers) -> (String, String) {
    let answer = answer.as_ref();
    let shown = String::from_utf8_lossy(answer).into_owned();
    let (url, connected) = serve(answer.to_owned(), answers);
    let scene = Scene::new(&rows(1));
    let run = scene.pay_through(&url).args(["--interval", "0s"]);
    let told = run.raw();
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(
        told.contains("Results: ") && !told.contains("panicked"),
        "{told}"
    );
    let [line] = &scene.results()[..] else {
        panic!("{shown}: {:?}", scene.results());
    };
    assert_eq!(connected.load(Ordering::SeqCst), 1, "{shown}");
    (line.status.clone(), line.error_key.clone())
}

/// Checks that a payout which is answered so ends with this status and error key.
#[track_caller]
fn check(answer: impl AsRef<[u8]>, (status, key): (&str, &str)) {
    let answer = answer.as_ref();
    let shown = String::from_utf8_lossy(answer).into_owned();
    let (became, named) = became(answer, Answers::AfterTheRequest);
    assert_eq!((&*became, &*named), (status, key), "{shown}");
}

fn with_length(head: &str, body: &str) -> String {
    format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_whole_answer_counts_however_it_is_framed() {
    let chunked = |body: &str| {
        let length = body.len();
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n")
    };
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n";
    for answer in [
        with_length("HTTP/1.0 200 OK", SUCCESS),
        format!("HTTP/1.0 200 OK\r\n\r\n{SUCCESS}"),
        format!("HTTP/1.1 200\r\n\r\n{SUCCESS}"),
        chunked(SUCCESS) + "0\r\nx-trailer: y\r\n\r\n",
        interim.to_owned() + &with_length("HTTP/1.1 200 OK", SUCCESS),
        with_length(
            &format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(99_000)),
            SUCCESS,
        ),
    ] {
        check(answer, ("created", ""));
    }
    let refused = with_length("HTTP/1.0 400 No", REFUSAL);
    check(refused, ("rejected", "network"));
}

#[test]
fn an_answer_that_is_there_before_the_request_is_sent_counts_or_is_unknown() {
    for (answer, meant) in [
        (with_length("HTTP/1.1 200 OK", SUCCESS), "created"),
        (with_length("HTTP/1.1 400 No", REFUSAL), "rejected"),
    ] {
        let (status, _) = became(answer, Answers::AtOnce);
        assert!(status == meant || status == "unknown", "{meant}: {status}");
    }
}

#[test]
fn a_refusal_that_did_not_arrive_whole_is_unknown() {
    let chunk = format!("{:x}\r\n{REFUSAL}\r\n", REFUSAL.len());
    let chunked = "HTTP/1.1 400 No\r\ntransfer-encoding: chunked\r\n\r\n";
    for (answer, key) in [
        (
            format!("HTTP/1.1 400 No\r\ncontent-length: 99\r\n\r\n{REFUSAL}"),
            "broken_answer",
        ),
        (format!("{chunked}{chunk}"), "broken_answer"),
        (format!("{chunked}{chunk}zz\r\n"), "broken_answer"),
        (
            format!("HTTP/1.0 400 No\r\n\r\n{}", &REFUSAL[..30]),
            "unreadable_answer",
        ),
        (
            format!("HTTP/1.1 400 No\r\ncontent-length: -5\r\n\r\n{REFUSAL}"),
            "no_answer",
        ),
        (
            format!("HTTP/1.1 400 No\r\ncontent-length: 1\r\ncontent-length: 43\r\n\r\n{REFUSAL}"),
            "no_answer",
        ),
        (
            with_length(
                &format!("HTTP/1.1 400 No\r\nx: {}", "y".repeat(600_000)),
                REFUSAL,
            ),
            "no_answer",
        ),
        (with_length("HTTP/1.1 099 No", REFUSAL), "no_answer"),
        (with_length("HTTP/1.1 1000 No", REFUSAL), "no_answer"),
        (with_length("HTTP/2 400", REFUSAL), "no_answer"),
        ("HTTP/1.1 100 Continue\r\n\r\n".to_owned(), "no_answer"),
        (REFUSAL.to_owned(), "no_answer"),
    ] {
        check(answer, ("unknown", key));
    }
}

#[test]
fn what_may_be_the_api_s_and_cannot_be_read_is_not_asked_for_again() {
    let limited = r#"{"status":"error","result":{"rate_limit":"x"},"data":{"id":"W-1"}}"#;
    let utf_16: Vec<u8> = limited.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [
        limited.as_bytes()[..60].to_vec(),
        [limited.as_bytes(), b"{}"].concat(),
        [b"\xef\xbb\xbf", limited.as_bytes()].concat(),
        [&limited.as_bytes()[..50], b"\xe9\"}"].concat(),
        utf_16,
        b"\x1f\x8b\x08\x00\x00".to_vec(),
    ] {
        for code in [429, 403, 404] {
            let head = format!(
                "HTTP/1.1 {code} No\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let answer = [head.as_bytes(), &body].concat();
            check(answer, ("unknown", "unreadable_answer"));
        }
    }
}
