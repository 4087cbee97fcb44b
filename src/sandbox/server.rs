//! The server is the HTTP side of the sandbox: it takes requests in, has them carried out by the
//! rules and by the script, and keeps the book.
//!
//! hyper reads the requests and sends the answers that are in order. The others are a [`RawResponse`].

use std::error::Error;
use std::future::poll_fn;
use std::net::{IpAddr, TcpListener as StdTcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, AUTHORIZATION, CONNECTION, HOST,
    HeaderValue,
};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::answer::{Answer, Edition, whole_seconds};
use super::book::{Book, Delivery, InvoiceIds, Withdrawal};
use super::raw_response::{RawResponse, Socket};
use super::rules::{self, Gate, RequestError};
use super::script::{Content, Effect, Script, Step, Transport};
use super::{OnDelivery, Options};
use crate::api::CREATE_PATH;

/// Where the book can be read.
const BOOK_PATH: &str = "/ledger";

/// A request of three short parameters has some hundred bytes; this is ample for any client.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// More connections wait their turn, so that the process keeps file descriptors for its own files.
const MAX_CONNECTIONS: usize = 128;

/// A client that has not sent its headers, or a next request, by then has gone to sleep.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// The same for the rest of the request.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Accepting fails when there are no file descriptors left; some may be back after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What all connections share.
pub(super) struct Server {
    script: Script,
    interval: Duration,
    on_delivery: Option<OnDelivery>,
    tls: Option<TlsAcceptor>,
    started: Instant,
    state: Mutex<State>,
}

/// What changes with every request.
struct State {
    gate: Gate,
    /// How many POSTs have come to the endpoint: the number of the next in the script.
    arrived: u64,
    ids: InvoiceIds,
    book: Book,
}

/// A delivery in the book and what is to be done about it.
struct Case {
    /// Its index in the book.
    index: usize,
    step: Step,
    admission: Result<(), RequestError>,
    authorization: Option<HeaderValue>,
}

type Outgoing = Result<Response<Full<Bytes>>, RawResponse>;

impl Server {
    pub(super) fn new(options: Options) -> Self {
        Self {
            script: options.script,
            interval: options.interval,
            on_delivery: options.on_delivery,
            tls: options.tls.map(TlsAcceptor::from),
            started: Instant::now(),
            state: Mutex::new(State {
                gate: Gate::new(options.api_key, options.interval),
                arrived: 0,
                ids: InvoiceIds::new(),
                book: Book::default(),
            }),
        }
    }

    pub(super) fn book(&self) -> Book {
        self.state().book.clone()
    }

    /// Serves until it is told to stop, or until nobody is left to tell.
    pub(super) async fn listen(
        self: Arc<Self>,
        listener: StdTcpListener,
        stopped: oneshot::Receiver<()>,
    ) {
        let Ok(listener) = TcpListener::from_std(listener) else {
            return;
        };
        tokio::select! {
            () = self.accept(listener) => {}
            _ = stopped => {}
        }
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        let seats = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        for connection in 1.. {
            let Ok(seat) = Arc::clone(&seats).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((socket, _)) => {
                    let server = Arc::clone(&self);
                    tokio::spawn(async move {
                        server.converse(socket, connection).await;
                        drop(seat);
                    });
                }
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    /// One connection, from the first byte to the last.
    async fn converse(&self, tcp: TcpStream, connection: u64) {
        // Single bytes are to travel alone; without this they are only less punctual.
        let _punctual = tcp.set_nodelay(true);
        match &self.tls {
            None => self.serve(tcp, connection).await,
            Some(tls) => {
                if let Ok(Ok(tls)) = timeout(HEADER_TIMEOUT, tls.accept(tcp)).await {
                    self.serve(tls, connection).await;
                }
            }
        }
    }

    /// From the first request to the last answer.
    async fn serve<S: Socket>(&self, socket: S, connection: u64) {
        let service = service_fn(|request| Box::pin(self.respond(request, connection)));
        let mut conversation = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(socket), service);
        let ended = poll_fn(|context| conversation.poll_without_shutdown(context)).await;
        let mut socket = conversation.into_parts().io.into_inner();
        let cause = ended.as_ref().err().and_then(Error::source);
        let raw = cause.and_then(|cause| cause.downcast_ref::<RawResponse>());
        // In both cases an error means that the client has gone, and nobody is left to tell.
        let _gone = match raw {
            Some(raw) => raw.send(&mut socket).await,
            None => socket.shutdown().await,
        };
    }

    async fn respond(&self, request: Request<Incoming>, connection: u64) -> Outgoing {
        let (head, body) = request.into_parts();
        match (&head.method, head.uri.path()) {
            (&Method::POST, path) => {
                let body = match read(body).await {
                    Ok(body) => body,
                    Err(answer) => return Ok(for_browsers(answer).into_response()),
                };
                if path == CREATE_PATH {
                    return self.create(&head, &body, connection).await;
                }
                let answer = misdirected(&head.method, path);
                self.note_misdirected(&head, &body, connection, &answer);
                Ok(answer.into_response())
            }
            (&Method::OPTIONS, CREATE_PATH) => Ok(preflight().into_response()),
            (_, BOOK_PATH) if !is_for_this_machine(&head) => {
                let text = "This is read under the name of this machine only.";
                Ok(Answer::detail(StatusCode::FORBIDDEN, text).into_response())
            }
            (&Method::GET, BOOK_PATH) => {
                let book = self.state().book.to_json();
                Ok(Answer::json(StatusCode::OK, book).into_response())
            }
            (method, path) => Ok(misdirected(method, path).into_response()),
        }
    }

    /// The endpoint. The order is: note the arrival, carry out, answer.
    async fn create(&self, head: &Parts, body: &Bytes, connection: u64) -> Outgoing {
        let case = self.open_case(head, body, connection);
        if let Effect::ApplyAfter(time) = case.step.effect {
            sleep(time).await;
        }
        let transport = case.step.transport;
        let answer = for_browsers(self.decide(case, body));
        match transport {
            Transport::Whole if !answer.status.is_informational() => Ok(answer.into_response()),
            Transport::Late(time) => {
                sleep(time).await;
                Ok(answer.into_response())
            }
            _ => Err(RawResponse { answer, transport }),
        }
    }

    /// Enters the delivery into the book and looks up its step.
    fn open_case(&self, head: &Parts, body: &Bytes, connection: u64) -> Case {
        let mut delivery = self.delivery(head, body, connection);
        let mut state = self.state();
        let step = self.script.step(state.arrived);
        let step = step.cloned().unwrap_or_else(Step::normal);
        state.arrived = state.arrived.saturating_add(1);
        let authorization = head.headers.get(AUTHORIZATION).cloned();
        let key = authorization.as_ref().map(HeaderValue::as_bytes);
        let admission = state.gate.admit(key, Instant::now());
        let index = state.book.deliveries.len();
        delivery.step.clone_from(&step.text);
        state.book.deliveries.push(delivery);
        Case {
            index,
            step,
            admission,
            authorization,
        }
    }

    /// Carries the request out, as far as the step lets it, and enters the end into the book.
    fn decide(&self, case: Case, body: &Bytes) -> Answer {
        let mut guard = self.state();
        let state = &mut *guard;
        let carried_out = match case.step.effect {
            Effect::Nothing => None,
            Effect::Apply | Effect::ApplyAfter(_) => {
                let order = case.admission.and_then(|()| rules::order(body));
                Some(order.map(|order| Withdrawal::new(state.ids.next(), order)))
            }
        };
        let answer = self.answer(&case.step.content, carried_out.as_ref());
        if let (Content::RateLimit(seconds), Some(key)) = (&case.step.content, &case.authorization)
        {
            let wait = self.scripted_wait(*seconds);
            state.gate.pass_after(key.as_bytes(), Instant::now(), wait);
        }
        let mut words = case.step.transport.words(answer.status);
        let mut invoice_id = None;
        match carried_out {
            Some(Ok(withdrawal)) => {
                words = format!("{words}, created {}", withdrawal.invoice_id);
                invoice_id = Some(withdrawal.invoice_id.clone());
                state.book.created.push(withdrawal);
            }
            Some(Err(error)) => words = format!("{words}, {}", error.key),
            None => {}
        }
        let entry = state.book.deliveries.get_mut(case.index);
        let closed = entry.map(|entry| {
            entry.answer = words;
            entry.invoice_id = invoice_id;
            entry.clone()
        });
        drop(guard);
        if let (Some(on_delivery), Some(delivery)) = (&self.on_delivery, closed) {
            on_delivery(&delivery);
        }
        answer
    }

    /// What is said about it; `None` stands for a request that was not carried out.
    fn answer(&self, content: &Content, end: Option<&Result<Withdrawal, RequestError>>) -> Answer {
        match (content, end) {
            (Content::Fixed(answer), _) => answer.clone(),
            (Content::RateLimit(seconds), _) => {
                Answer::refusal(&RequestError::rate_limit(self.scripted_wait(*seconds)))
            }
            (_, None) => Answer::empty(StatusCode::OK),
            (_, Some(Err(error))) => Answer::refusal(error),
            (Content::Documented, Some(Ok(made))) => Answer::success(made, Edition::Older),
            (Content::NewerEdition, Some(Ok(made))) => Answer::success(made, Edition::Newer),
            (Content::WithoutId, Some(Ok(made))) => Answer::success_without_id(made),
            (Content::OtherAmount(amount), Some(Ok(made))) => {
                let mut said = made.clone();
                said.amount.clone_from(amount);
                Answer::success(&said, Edition::Older)
            }
        }
    }

    /// After how long a request passes that the script refused as too early.
    fn scripted_wait(&self, seconds: Option<u64>) -> Duration {
        Duration::from_secs(seconds.unwrap_or_else(|| whole_seconds(self.interval)))
    }

    fn note_misdirected(&self, head: &Parts, body: &Bytes, connection: u64, answer: &Answer) {
        let mut delivery = self.delivery(head, body, connection);
        delivery.answer = Transport::Whole.words(answer.status);
        self.state().book.deliveries.push(delivery.clone());
        if let Some(on_delivery) = &self.on_delivery {
            on_delivery(&delivery);
        }
    }

    fn delivery(&self, head: &Parts, body: &Bytes, connection: u64) -> Delivery {
        Delivery {
            connection,
            arrived_at: SystemTime::now(),
            since_start: self.started.elapsed(),
            path: head.uri.path().to_owned(),
            authorization: head.headers.contains_key(AUTHORIZATION),
            body: String::from_utf8_lossy(body).into_owned(),
            step: String::new(),
            answer: "undecided".to_owned(),
            invoice_id: None,
        }
    }

    /// A panic elsewhere leaves the state as it was between two entries, which is good enough.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the whole body, or says why it was not read.
async fn read(body: Incoming) -> Result<Bytes, Answer> {
    // The connection is given up with the body: what is left of it would pass for a request.
    let refused = |status, text| {
        Err(Answer::detail(status, text).header(CONNECTION, HeaderValue::from_static("close")))
    };
    let too_large = || refused(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large.");
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MAX_BODY_BYTES {
        return too_large();
    }
    let whole = Limited::new(body, MAX_BODY_BYTES).collect();
    match timeout(BODY_TIMEOUT, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => too_large(),
        Ok(Err(_)) => refused(StatusCode::BAD_REQUEST, "Request body is broken."),
        Err(_) => refused(StatusCode::REQUEST_TIMEOUT, "Request body did not come."),
    }
}

/// An answer to a request that nothing here is for.
fn misdirected(method: &Method, path: &str) -> Answer {
    let allowed = match path {
        CREATE_PATH => "POST, OPTIONS",
        BOOK_PATH => "GET",
        _ => {
            let text = format!("Not found: this is POST {CREATE_PATH} and GET {BOOK_PATH}.");
            return for_browsers(Answer::detail(StatusCode::NOT_FOUND, &text));
        }
    };
    let text = format!("Method \"{method}\" not allowed.");
    let answer = Answer::detail(StatusCode::METHOD_NOT_ALLOWED, &text)
        .header(ALLOW, HeaderValue::from_static(allowed));
    if path == BOOK_PATH {
        answer
    } else {
        for_browsers(answer)
    }
}

/// Whether the `Host` header names this machine. A page may have a name of its own that leads
/// here, and its scripts would read the book as their own.
fn is_for_this_machine(head: &Parts) -> bool {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = host.and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| {
        let host = authority.host();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
        host.eq_ignore_ascii_case("localhost") || literal.parse().is_ok_and(is_loopback)
    })
}

/// What a browser asks before it sends a script's POST with a key in it.
fn preflight() -> Answer {
    for_browsers(Answer::empty(StatusCode::NO_CONTENT))
        .header(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("POST, OPTIONS"),
        )
        .header(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Authorization, Content-Type"),
        )
        .header(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"))
}

/// Lets a script of any page read the answer, and how long to wait. The book goes without: a rehearsal may hold real
/// names and amounts, which are not for every page that the operator has open.
fn for_browsers(answer: Answer) -> Answer {
    answer
        .header(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))
        .header(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Retry-After"),
        )
}
