//! The client sends each request once and only once: over HTTP/1.1 on a fresh connection each,
//! with no redirects, no proxy, no retries, no decompression. By default its library follows
//! redirects, uses proxies and keeps connections for the next request.

use super::classify::{self, Answer};
use super::connection::{GATE, Gate, Resolver, innermost, through_the_gate};
use crate::api::{CreateRequest, TOKEN_SCHEME};
use crate::clock;
use crate::domain::{Outcome, Payout};
use crate::ledger::{Claim, MAX_AGE, Reading};
use crate::payout::gateway::{Exchange, Gateway};
use crate::secret::ApiKey;
use chrono::{DateTime, Utc};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue,
    RETRY_AFTER, USER_AGENT,
};
use reqwest::{Request, redirect, retry};
use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::task::yield_now;
use tokio::time::Instant;
use tower::util::MapResultLayer;

pub use super::connection::ConnectError;
pub use super::endpoint::{Endpoint, EndpointError, PRODUCTION_HOST, PRODUCTION_URL};

/// How long a request may take and how much of an answer is read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the name's look-up, the connection and the TLS handshake together.
    pub connect: Duration,
    /// From the first byte of the request to the end of the answer.
    pub answer: Duration,
    /// From the claim to the first byte of the request.
    pub claim_age: Duration,
    /// A documented answer has 200 bytes; more than this is not read.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(120),
            claim_age: MAX_AGE,
            body_bytes: 64 * 1024,
        }
    }
}

/// How often the connection is looked at once more when the answer's time is over. A process that
/// was stopped for longer finds the answer waiting when it wakes; an answer of the greatest length
/// takes some ten of these.
const LAST_LOOKS: u32 = 100;

/// No look is begun after this long: a server that floods the connection makes each a long one.
const LAST_LOOKS_FOR: Duration = Duration::from_secs(5);

/// Memory that is put aside before a claim: ample for an answer of the greatest length, as bytes
/// and as JSON.
const RESERVED_BYTES: usize = 4 << 20;

/// Pipes that are put aside before a claim, of two file descriptors each: one for the connection,
/// the others for looking the name up.
const RESERVED_PIPES: usize = 3;

/// The strict HTTP client.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    key: ApiKey,
    headers: HeaderMap,
    limits: Limits,
    reserve: Mutex<Option<Reserve>>,
}

/// What a request will need of the machine. Giving it up makes room for the request.
#[derive(Debug)]
struct Reserve {
    _memory: Vec<u8>,
    _pipes: Vec<(io::PipeReader, io::PipeWriter)>,
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The key does not fit a header. An [`ApiKey`] always does.
    #[error("the API key does not fit an HTTP header")]
    Key,
    /// Mostly a machine without certificates of authorities.
    #[error("no HTTPS client can be made: {0}")]
    Tls(String),
    /// No thread can be started for looking up names.
    #[error("no thread can be started for looking up names: {0}")]
    Thread(io::Error),
}

impl ClientError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Thread(_) => "nothing was sent; end other programs, or allow more (ulimit -u)",
            Self::Tls(_) => {
                "install the certificates of authorities (on Debian the package ca-certificates)"
            }
            Self::Key => "nothing was sent",
        }
    }
}

impl Client {
    /// A client for one endpoint and one key.
    ///
    /// # Errors
    /// When the machine has no certificates to check the API's against, or no thread to spare.
    pub fn new(endpoint: Endpoint, key: &ApiKey, limits: Limits) -> Result<Self, ClientError> {
        let header = format!("{TOKEN_SCHEME} {}", key.expose());
        let mut authorization = HeaderValue::try_from(header).map_err(|_| ClientError::Key)?;
        authorization.set_sensitive(true);
        let agent = concat!("ccbatch/", env!("CARGO_PKG_VERSION"));
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, authorization),
            (USER_AGENT, HeaderValue::from_static(agent)),
            (ACCEPT, HeaderValue::from_static("application/json")),
            (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ]);
        Ok(Self {
            http: library_client(&endpoint, limits.connect)?,
            endpoint,
            key: key.clone(),
            headers,
            limits,
            reserve: Mutex::new(None),
        })
    }

    /// Puts aside what the next request needs of the machine: memory, file descriptors, and a clock
    /// that goes. To be called before its claim, so that a machine without them leaves no claim
    /// behind.
    ///
    /// # Errors
    /// When the machine has not as much to spare, or its clock cannot be right.
    pub fn prepare(&self) -> io::Result<()> {
        clock::check(SystemTime::now()).map_err(io::Error::other)?;
        let mut memory = Vec::new();
        memory.try_reserve_exact(RESERVED_BYTES)?;
        let pipes: Vec<_> = (0..RESERVED_PIPES)
            .map(|_| io::pipe())
            .collect::<io::Result<_>>()?;
        let reserve = Reserve {
            _memory: memory,
            _pipes: pipes,
        };
        *self.reserve.lock().unwrap_or_else(PoisonError::into_inner) = Some(reserve);
        Ok(())
    }

    /// Only connects, TLS included, and sends nothing: whether the API can be reached.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn reach(&self) -> Result<(), ConnectError> {
        let gate = Gate::shut();
        // Any request will do, for the gate holds it back.
        let request = self.http.head(self.endpoint.url().clone());
        match GATE.scope(gate.clone(), request.send()).await {
            Err(error) if gate.connected_at().is_none() => {
                Err(ConnectError::new(&self.endpoint, &error))
            }
            _ => Ok(()),
        }
    }

    /// Sends one request, once, unless the reading of its claim is too old when the
    /// connection stands: then the connection is closed and nothing is sent.
    pub async fn exchange(&self, payout: &Payout, claimed: Reading) -> Exchange {
        let request = self.request(payout);
        drop(
            self.reserve
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let gate = Gate::new(claimed, self.limits.claim_age);
        let outcome = match request {
            Ok(request) => {
                let outcome = self.converse(request, payout, &gate);
                GATE.scope(gate.clone(), outcome).await
            }
            Err(error) => {
                Outcome::not_sent(format!("no request can be made: {}", innermost(&error)))
            }
        };
        Exchange {
            outcome: self.redact(outcome),
            connected_at: gate.connected_at(),
        }
    }

    /// The request. The amount goes out as the exact literal.
    fn request(&self, payout: &Payout) -> reqwest::Result<Request> {
        self.http
            .post(self.endpoint.url().clone())
            .headers(self.headers.clone())
            .json(&CreateRequest {
                currency_code: payout.currency.code(),
                to_address: &payout.to_address,
                amount: payout.amount.decimal(),
            })
            .build()
    }

    /// Sends the request and reads the answer, for as long as that may take.
    async fn converse(&self, request: Request, payout: &Payout, gate: &Gate) -> Outcome {
        let arrived = RefCell::new(Arrived::default());
        let mut exchange = pin!(self.receive(request, payout, gate, &arrived));
        tokio::select! {
            biased;
            outcome = &mut exchange => return outcome,
            () = gate.opened_for(self.limits.answer) => {}
        }
        tokio::select! {
            biased;
            outcome = exchange => outcome,
            () = last_looks() => arrived.borrow().broken("no whole answer in time"),
        }
    }

    async fn receive(
        &self,
        request: Request,
        payout: &Payout,
        gate: &Gate,
        arrived: &RefCell<Arrived>,
    ) -> Outcome {
        let mut response = match self.http.execute(request).await {
            Ok(response) => response,
            Err(error) => return self.no_answer(&error, gate),
        };
        let http_status = response.status().as_u16();
        arrived.borrow_mut().http_status = Some(http_status);
        loop {
            let chunk = response.chunk().await;
            let mut arrived = arrived.borrow_mut();
            match chunk {
                Ok(Some(data)) => arrived.body.extend_from_slice(&data),
                Ok(None) => break,
                Err(error) => return arrived.broken(&broken_words(&error)),
            }
            if arrived.body.len() > self.limits.body_bytes {
                let bytes = self.limits.body_bytes;
                return arrived.broken(&format!("the answer is longer than {bytes} bytes"));
            }
        }
        let body = &arrived.borrow().body;
        match encoding(response.headers()) {
            Some(encoding) => classify::encoded_answer(http_status, &encoding, body),
            None => classify::answer(
                payout,
                &Answer {
                    http_status,
                    retry_after: retry_after(response.headers(), clock::now()),
                    body,
                },
            ),
        }
    }

    /// The outcome when not even the head of an answer came. What the gate saw decides it and not
    /// the kind of the library's error: only what never passed the gate was surely not sent.
    fn no_answer(&self, error: &reqwest::Error, gate: &Gate) -> Outcome {
        if gate.is_open() {
            return classify::no_answer(broken_words(error));
        }
        if gate.connected_at().is_some() {
            let seconds = self.limits.claim_age.as_secs();
            return Outcome::not_sent(format!(
                "more than {seconds} s went by between the claim and the connection"
            ));
        }
        classify::not_connected(ConnectError::new(&self.endpoint, error).to_string())
    }

    /// The outcome without the key, should the API have repeated it.
    fn redact(&self, outcome: Outcome) -> Outcome {
        let outcome = if self.key.is_in(outcome.invoice_id()) {
            outcome.into_unknown_with_id("the answer names the API key as an invoice id")
        } else {
            outcome
        };
        Outcome {
            error_key: self.key.redact(outcome.error_key),
            detail: self.key.redact(outcome.detail),
            ..outcome
        }
    }
}

/// The library's client without all that it would do unasked.
fn library_client(endpoint: &Endpoint, connect: Duration) -> Result<reqwest::Client, ClientError> {
    let mut builder = reqwest::Client::builder()
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
        .pool_max_idle_per_host(0)
        .https_only(!endpoint.is_plain())
        .connect_timeout(connect)
        .connector_layer(MapResultLayer::new(through_the_gate));
    if let Some(name) = endpoint.name() {
        let resolver = Resolver::start(name.to_owned()).map_err(ClientError::Thread)?;
        builder = builder.dns_resolver(Arc::new(resolver));
    }
    if endpoint.is_plain() {
        // Nothing to check, so a machine without certificates must do.
        builder = builder.tls_certs_only([]);
    }
    builder
        .build()
        .map_err(|error| ClientError::Tls(innermost(&error)))
}

impl Gateway for Client {
    fn prepare(&self) -> io::Result<()> {
        Self::prepare(self)
    }

    async fn submit(&self, payout: &Payout, claim: &Claim) -> Exchange {
        self.exchange(payout, claim.reading()).await
    }

    async fn reach(&self) -> Result<(), String> {
        Self::reach(self).await.map_err(|error| error.to_string())
    }
}

/// As much of an answer as has arrived.
#[derive(Default)]
struct Arrived {
    http_status: Option<u16>,
    body: Vec<u8>,
}

impl Arrived {
    /// The outcome when no more will be read.
    fn broken(&self, why: &str) -> Outcome {
        match self.http_status {
            Some(http_status) => classify::broken_answer(http_status, &self.body, why),
            None => classify::no_answer(why.to_owned()),
        }
    }
}

/// Lets the connection take in what the system has for it.
async fn last_looks() {
    let since = Instant::now();
    for _ in 0..LAST_LOOKS {
        if since.elapsed() > LAST_LOOKS_FOR {
            return;
        }
        yield_now().await;
    }
}

fn broken_words(error: &reqwest::Error) -> String {
    format!("no whole answer: {}", innermost(error))
}

/// How the body is encoded, where it is.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let encodings: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
        .filter(|it| !it.is_empty() && !it.eq_ignore_ascii_case("identity"))
        .collect();
    (!encodings.is_empty()).then(|| encodings.join(", "))
}

/// How long the API asks to wait; of several headers the longest.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let values = headers.get_all(RETRY_AFTER).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.filter_map(|text| wait_until(text.trim(), now)).max()
}

/// RFC 9110, section 10.2.3: a number of seconds or a date.
fn wait_until(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than can be counted are for ever.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?);
    Some(date.signed_duration_since(now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amount, Cause, Currency, Verdict};
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::sync::mpsc::channel;
    use std::thread::JoinHandle;
    use tokio::sync::oneshot;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T10:00:00Z")
            .unwrap()
            .to_utc();
        let read_all = |texts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for text in texts {
                headers.append(RETRY_AFTER, HeaderValue::from_static(text));
            }
            retry_after(&headers, now)
        };
        let read = |text| read_all(&[text]);
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(
            read("Sun, 22 Nov 2026 10:00:30 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(read("Sun, 22 Nov 2026 09:00:00 GMT"), Some(Duration::ZERO));
        let of_old = Some(Duration::from_secs(60));
        assert_eq!(read("Sunday, 22-Nov-26 10:01:00 GMT"), of_old);
        for none in ["", "soon", "-5", "1.5", "Sun, 22 Nov 2026"] {
            assert_eq!(read(none), None, "{none}");
        }
        let for_ever = Some(Duration::from_secs(u64::MAX));
        assert_eq!(read("99999999999999999999999"), for_ever);
        assert_eq!(
            read_all(&["1", "x", "7", "3"]),
            Some(Duration::from_secs(7))
        );
    }

    #[test]
    fn an_encoding_is_told_unless_it_is_none() {
        let of = |texts: &[&'static str]| {
            let values = texts.iter().map(|it| HeaderValue::from_static(it));
            let mut headers = HeaderMap::new();
            values.for_each(|it| _ = headers.append(CONTENT_ENCODING, it));
            encoding(&headers)
        };
        for none in [&[][..], &[""], &["Identity"]] {
            assert_eq!(of(none), None);
        }
        assert_eq!(of(&["identity", "gzip", "br"]).as_deref(), Some("gzip, br"));
    }

    fn client(key: &str) -> Client {
        let endpoint = Endpoint::new("http://127.0.0.1:1").unwrap();
        Client::new(endpoint, &ApiKey::new(key).unwrap(), Limits::default()).unwrap()
    }

    #[test]
    fn the_key_is_not_in_the_debug_text() {
        assert!(!format!("{:?}", client("canary")).contains("canary"));
    }

    #[test]
    fn the_key_is_hidden_wherever_an_answer_repeats_it() {
        let repeated = |verdict| Outcome {
            verdict,
            error_key: "no-canary-key".to_owned(),
            detail: "bad: Token canary-key!".to_owned(),
            http_status: Some(400),
        };
        let client = client("canary-key");
        let hidden = client.redact(repeated(Verdict::Rejected));
        assert_eq!(hidden.error_key, "no-(redacted)");
        assert_eq!(hidden.detail, "bad: Token (redacted)!");
        let hidden = client.redact(repeated(Verdict::Created {
            invoice_id: "INV-canary-key".to_owned(),
            accepted_amount: None,
        }));
        assert_eq!(hidden.verdict, Verdict::Unknown);
        assert!(hidden.detail.starts_with("INV-(redacted); "), "{hidden:?}");
        assert!(!format!("{hidden:?}").contains("canary-key"));
    }

    fn payout() -> Payout {
        Payout {
            line: 2,
            reference: String::new(),
            payee: String::new(),
            currency: Currency::from_code("BTC").unwrap(),
            to_address: "bc1q".into(),
            account: String::new(),
            amount: Amount::parse("0.003", 8).unwrap(),
            minor_units: 300_000,
        }
    }

    /// A client of a server in a thread of its own, and what the server returns.
    fn served<T: Send + 'static>(
        limits: Limits,
        serve: impl FnOnce(TcpStream) -> T + Send + 'static,
    ) -> (Client, JoinHandle<T>) {
        served_as("127.0.0.1", limits, serve)
    }

    /// The same, of a server under this name.
    fn served_as<T: Send + 'static>(
        host: &str,
        limits: Limits,
        serve: impl FnOnce(TcpStream) -> T + Send + 'static,
    ) -> (Client, JoinHandle<T>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{host}:{}", listener.local_addr().unwrap().port());
        let server = std::thread::spawn(move || serve(listener.accept().unwrap().0));
        let key = ApiKey::new("canary").unwrap();
        let client = Client::new(Endpoint::new(&url).unwrap(), &key, limits).unwrap();
        (client, server)
    }

    /// Reads a request up to the last byte of its body.
    fn read_request(socket: &mut TcpStream) -> String {
        let mut request = Vec::new();
        while !request.ends_with(b"0.003}") {
            let mut byte = [0];
            socket.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        String::from_utf8(request).unwrap()
    }

    #[tokio::test]
    async fn a_claim_that_is_too_old_when_the_connection_stands_sends_nothing() {
        let limits = Limits {
            claim_age: Duration::ZERO,
            ..Limits::default()
        };
        let (client, server) = served(limits, |mut socket| {
            let mut sent = Vec::new();
            socket.read_to_end(&mut sent).map(|_| sent)
        });
        let claimed = Reading::now();
        std::thread::sleep(Duration::from_millis(2));
        let outcome = client.exchange(&payout(), claimed).await.outcome;
        assert_eq!(outcome.verdict, Verdict::NotCreated(Cause::NotSent));
        assert_eq!(outcome.error_key, "not_sent");
        assert_eq!(server.join().unwrap().unwrap(), b"");
    }

    #[tokio::test]
    async fn an_answer_that_is_there_when_a_stopped_process_wakes_counts() {
        // Long enough for a slow machine to send the request and to stop.
        let answered_in = Duration::from_secs(3);
        let limits = Limits {
            answer: answered_in,
            ..Limits::default()
        };
        let (is_read, read) = oneshot::channel();
        let (is_stopped, stopped) = channel();
        let (is_written, written) = channel();
        let (client, server) = served(limits, move |mut socket| {
            read_request(&mut socket);
            is_read.send(()).unwrap();
            stopped.recv().unwrap();
            let padding = "x".repeat(60 * 1024);
            let body = format!(
                r#"{{"status":"success","data":{{"invoice_id":"INV-1"}},"x":"{padding}"}}"#
            );
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            socket.write_all((head + &body).as_bytes()).unwrap();
            is_written.send(()).unwrap();
            socket
        });
        // Holds this thread, and with it the client, until the answer is there and its time over.
        let stopped = tokio::spawn(async move {
            read.await.unwrap();
            is_stopped.send(()).unwrap();
            written.recv().unwrap();
            std::thread::sleep(answered_in);
        });
        let outcome = client.exchange(&payout(), Reading::now()).await.outcome;
        stopped.await.unwrap();
        assert_eq!(outcome.invoice_id(), "INV-1", "{outcome:?}");
        drop(server.join().unwrap());
    }

    #[tokio::test]
    async fn an_answer_that_does_not_end_in_time_keeps_the_id_that_came() {
        let limits = Limits {
            // Long enough for a slow machine to get the half that comes.
            answer: Duration::from_secs(3),
            ..Limits::default()
        };
        let (client, server) = served(limits, |mut socket| {
            read_request(&mut socket);
            let half = "HTTP/1.1 400 No\r\ncontent-length: 99\r\n\r\n{\"invoice_id\":\"W-1\"";
            socket.write_all(half.as_bytes()).unwrap();
            socket
        });
        let outcome = client.exchange(&payout(), Reading::now()).await.outcome;
        assert_eq!(outcome.verdict, Verdict::Unknown);
        let told = "W-1; no whole answer in time; it begins: ";
        assert!(outcome.detail.starts_with(told), "{}", outcome.detail);
        assert_eq!(outcome.http_status, Some(400));
        drop(server.join().unwrap());
    }

    #[test]
    fn a_flood_of_interim_answers_is_given_up_when_the_time_is_over() {
        let limits = Limits {
            answer: Duration::from_millis(500),
            ..Limits::default()
        };
        let (client, server) = served(limits, |mut socket| {
            read_request(&mut socket);
            let interim = format!("HTTP/1.1 103 Early Hints\r\nx: {}\r\n\r\n", "x".repeat(500));
            let flood = interim.repeat(100);
            while socket.write_all(flood.as_bytes()).is_ok() {}
        });
        let (is_over, over) = channel();
        std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            let exchange = runtime.block_on(client.exchange(&payout(), Reading::now()));
            // The connection ends with the runtime.
            drop(runtime);
            is_over.send(exchange.outcome).unwrap();
        });
        let outcome = over.recv_timeout(Duration::from_secs(100)).unwrap();
        assert_eq!(outcome.detail, "no whole answer in time");
        server.join().unwrap();
    }

    #[tokio::test]
    async fn a_request_is_the_documented_one() {
        let (client, server) = served(Limits::default(), |mut socket| read_request(&mut socket));
        let _ = client.exchange(&payout(), Reading::now()).await;
        let request = server.join().unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert_eq!(
            body,
            r#"{"currency_code":"BTC","to_address":"bc1q","amount":0.003}"#
        );
        let mut lines = head.split("\r\n");
        assert_eq!(
            lines.next(),
            Some("POST /v2/invoice/api/out/create HTTP/1.1")
        );
        for line in [
            "authorization: Token canary",
            "content-type: application/json",
            "accept-encoding: identity",
            "content-length: 58",
        ] {
            assert!(head.contains(line), "{head}");
        }
        assert!(head.contains("host: 127.0.0.1:"), "{head}");
    }

    #[tokio::test]
    async fn an_encoded_answer_is_not_read() {
        let (client, server) = served(Limits::default(), |mut socket| {
            read_request(&mut socket);
            let answer = "HTTP/1.1 429 No\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx";
            socket.write_all(answer.as_bytes()).unwrap();
        });
        let outcome = client.exchange(&payout(), Reading::now()).await.outcome;
        assert_eq!(outcome.verdict, Verdict::Unknown);
        assert_eq!(outcome.error_key, "unreadable_answer");
        server.join().unwrap();
    }

    #[tokio::test]
    async fn to_reach_the_api_nothing_is_sent() {
        let (client, server) = served(Limits::default(), |mut socket| {
            let mut sent = Vec::new();
            socket.read_to_end(&mut sent).map(|_| sent)
        });
        client.reach().await.unwrap();
        assert_eq!(server.join().unwrap().unwrap(), b"");
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_looked_up_and_reached() {
        for host in ["localhost", "127.0.0.1"] {
            let (client, server) = served_as(host, Limits::default(), drop);
            assert!(client.reach().await.is_ok(), "{host}");
            server.join().unwrap();
        }
    }

    #[tokio::test]
    async fn a_refused_connection_names_the_host_and_the_cause() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let key = ApiKey::new("canary").unwrap();
        let client = Client::new(Endpoint::new(&url).unwrap(), &key, Limits::default()).unwrap();
        let words = "no connection to 127.0.0.1: Connection refused";
        assert_eq!(client.reach().await.unwrap_err().to_string(), words);
        let exchange = client.exchange(&payout(), Reading::now()).await;
        assert_eq!(exchange.outcome.detail, words);
        assert_eq!(
            exchange.outcome.verdict,
            Verdict::NotCreated(Cause::ConnectFailed)
        );
        assert_eq!(exchange.connected_at, None);
    }

    #[tokio::test]
    async fn what_is_put_aside_is_given_up_for_the_request() {
        let (client, server) = served(Limits::default(), drop);
        client.prepare().unwrap();
        client.prepare().unwrap();
        assert!(client.reserve.lock().unwrap().is_some());
        let _ = client.exchange(&payout(), Reading::now()).await;
        assert!(client.reserve.lock().unwrap().is_none());
        server.join().unwrap();
    }
}
