//! A process that is stopped between its claim and its first byte for too long does not send: by
//! then an operator may have settled the payout. One that is stopped in the middle of a request
//! counts the answer that it finds when it goes on.
//!
//! The limit of the program is 15 s, and is waited for by name (`--ignored`); otherwise a child of
//! this test stands in, which has the program's client with a shorter limit.

use crate::harness::{
    BITCOIN, CERTIFICATE, KEY, RESULTS, Scene, certified, eventually, rows, send_signal,
};
use crate::strace;
use ccbatch::cryptocloud::client::{Client, Endpoint, Limits};
use ccbatch::domain::{Amount, Currency, Payout};
use ccbatch::ledger::{AttemptStatus, MAX_AGE, Reading};
use ccbatch::secret::ApiKey;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio_rustls::rustls::{ServerConnection, StreamOwned};

/// Where the child connects to; without it there is nothing for it to do.
const URL: &str = "CCBATCH_TEST_STOPPED_URL";

/// The child's limits: of a claim's age and of an answer. A slow machine sends well within it.
const LIMIT: Duration = Duration::from_secs(4);

/// Longer than [`LIMIT`].
const STOPPED_FOR: Duration = Duration::from_secs(5);

/// The child of the tests below: claims, waits for a word, sends, and says what became of it.
#[test]
#[ignore = "a child of other tests"]
fn a_child_that_is_to_be_stopped() {
    let Ok(url) = std::env::var(URL) else {
        return;
    };
    let limits = Limits {
        claim_age: LIMIT,
        answer: LIMIT,
        ..Limits::default()
    };
    let key = ApiKey::new(KEY).unwrap();
    let client = Client::new(Endpoint::new(&url).unwrap(), &key, limits).unwrap();
    let payout = Payout {
        line: 2,
        reference: String::new(),
        payee: String::new(),
        currency: Currency::from_code("BTC").unwrap(),
        to_address: BITCOIN.to_owned(),
        account: BITCOIN.to_owned(),
        amount: Amount::parse("0.003", 8).unwrap(),
        minor_units: 300_000,
    };
    let claimed = Reading::now();
    say("claimed");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let outcome = runtime.block_on(client.exchange(&payout, claimed)).outcome;
    let became = [
        AttemptStatus::from(&outcome.verdict).as_str(),
        &outcome.error_key,
    ];
    say(&format!("became {}", became.join(" ")));
}

/// Tells the parent, on a line of its own.
fn say(words: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "\n{words}").unwrap();
}

/// The child, and what it says.
struct Stopped {
    child: Child,
    says: BufReader<std::process::ChildStdout>,
}

impl Stopped {
    /// A child that has claimed, and waits before it connects.
    fn claimed(url: &str, certificate: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = "stopped::a_child_that_is_to_be_stopped";
        let mut child = command
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(URL, url)
            .env("SSL_CERT_FILE", certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        let mut stopped = Self { child, says };
        stopped.await_line("claimed");
        stopped
    }

    /// The rest of the next line that begins like this.
    fn await_line(&mut self, lead: &str) -> String {
        loop {
            let mut line = String::new();
            let count = self.says.read_line(&mut line).unwrap();
            assert!(count > 0, "the child ended without {lead:?}");
            if let Some(rest) = line.strip_prefix(lead) {
                return rest.trim().to_owned();
            }
        }
    }

    fn connect(&mut self) {
        let stdin = self.child.stdin.as_mut().unwrap();
        stdin.write_all(b"\n").unwrap();
    }

    fn signal(&self, name: &str) {
        send_signal(name, self.child.id());
    }

    /// Stops it for longer than the limit.
    fn stop_for_too_long(&self) {
        self.signal("STOP");
        std::thread::sleep(STOPPED_FOR);
        self.signal("CONT");
    }

    fn became(mut self) -> String {
        let became = self.await_line("became");
        self.child.wait().unwrap();
        became
    }
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

/// What arrives until the other end closes.
fn read_all(socket: &mut impl std::io::Read) -> Vec<u8> {
    let mut arrived = Vec::new();
    // A TLS connection that is cut off ends with an error.
    let _ = socket.read_to_end(&mut arrived);
    arrived
}

fn read_request(socket: &mut TcpStream) {
    let mut arrived = Vec::new();
    while !arrived.ends_with(b"0.003}") {
        let mut byte = [0];
        socket.read_exact(&mut byte).unwrap();
        arrived.push(byte[0]);
    }
}

#[test]
fn a_process_that_is_stopped_before_its_connection_does_not_send() {
    let (listener, address) = listen();
    let mut stopped = Stopped::claimed(&format!("http://{address}"), "");
    stopped.stop_for_too_long();
    stopped.connect();
    let arrived = read_all(&mut listener.accept().unwrap().0);
    assert_eq!(stopped.became(), "not_created not_sent");
    assert_eq!(arrived, b"");
}

#[test]
fn a_process_that_is_stopped_in_its_tls_handshake_does_not_send() {
    let (listener, address) = listen();
    let scene = Scene::new("");
    let (certificate, config) = certified();
    scene.write(CERTIFICATE, certificate);
    let path = scene.path(CERTIFICATE);
    let url = format!("https://{address}");
    let mut stopped = Stopped::claimed(&url, path.to_str().unwrap());
    stopped.connect();
    let (socket, _) = listener.accept().unwrap();
    // The greeting is there, and is answered only when the child has slept.
    socket.peek(&mut [0]).unwrap();
    stopped.stop_for_too_long();
    let server = ServerConnection::new(config).unwrap();
    let arrived = read_all(&mut StreamOwned::new(server, socket));
    assert_eq!(stopped.became(), "not_created not_sent");
    assert_eq!(arrived, b"");
}

#[test]
fn a_process_that_is_not_stopped_sends() {
    let (listener, address) = listen();
    let mut stopped = Stopped::claimed(&format!("http://{address}"), "");
    stopped.connect();
    let (mut socket, _) = listener.accept().unwrap();
    read_request(&mut socket);
    drop(socket);
    assert_eq!(stopped.became(), "unknown no_answer");
}

#[test]
fn a_process_that_is_stopped_while_its_answer_comes_counts_the_answer() {
    let (listener, address) = listen();
    let mut stopped = Stopped::claimed(&format!("http://{address}"), "");
    stopped.connect();
    let (mut socket, _) = listener.accept().unwrap();
    read_request(&mut socket);
    stopped.signal("STOP");
    let body = r#"{"status":"success","data":{"invoice_id":"INV-1"}}"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(answer.as_bytes()).unwrap();
    std::thread::sleep(STOPPED_FOR);
    stopped.signal("CONT");
    assert_eq!(stopped.became(), "created");
}

/// The program itself, stopped by strace where it would connect, and its real limit.
#[test]
#[ignore = "takes 20 s: the program's own limit is waited for"]
fn the_program_stopped_for_longer_than_its_limit_claims_again_and_pays_once() {
    if !strace::is_available("the program stopped") {
        return;
    }
    let scene = Scene::paying("", &rows(2));
    let run = scene.pay().stderr_has("All done: 2 created");
    let run = run.by_way_of(strace::tampering("connect:signal=STOP:when=1", &[]));
    let run = run.start();
    let mut program = 0;
    eventually("the program is stopped", || {
        let children = format!("/proc/{0}/task/{0}/children", run.pid());
        let child = std::fs::read_to_string(children).unwrap();
        program = child.trim().parse().unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{program}/stat"));
        // Stopped, as a process that is traced is.
        status.is_ok_and(|text| text.contains(") t ") || text.contains(") T "))
            && scene.path(RESULTS).exists()
            && scene.statuses() == ["unknown"]
    });
    let start = Instant::now();
    std::thread::sleep(MAX_AGE + Duration::from_secs(2));
    assert!(start.elapsed() > MAX_AGE);
    assert_eq!(scene.sent_and_created(), (0, 0));
    send_signal("CONT", program);
    run.end();
    let lines = scene.results();
    let became: Vec<[&str; 2]> = lines
        .iter()
        .map(|line| [line.status.as_str(), line.error_key.as_str()])
        .collect();
    assert_eq!(
        became,
        [
            ["not_created", "not_sent"],
            ["created", ""],
            ["created", ""]
        ]
    );
    assert_eq!(scene.sent_and_created(), (2, 2));
}
