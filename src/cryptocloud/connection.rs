//! What is ours of the library's connections: the gate that each passes before a byte of its
//! request is sent, the look-up of names, and why there is no connection, in plain words.

use super::endpoint::Endpoint;
use crate::domain::escape::without_error_number;
use crate::ledger::Reading;
use crate::tls::{TlsFault, causes, plain};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::cell::Cell;
use std::error::Error;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep};

tokio::task_local! {
    /// The gate of the request that the task is about to send. The library makes the connection
    /// in the task that sends.
    pub(super) static GATE: Rc<Gate>;
}

/// Stands between one connection and one request.
pub(super) struct Gate {
    /// The claim of the request, and how old it may be; `None` to send nothing whatever happens.
    claim: Option<(Reading, Duration)>,
    connected_at: Cell<Option<Instant>>,
    is_open: Cell<bool>,
    opened: Notify,
}

impl Gate {
    /// A gate that lets a request out while its claim is no older than so long.
    pub(super) fn new(claimed: Reading, max_age: Duration) -> Rc<Self> {
        Self::with(Some((claimed, max_age)))
    }

    /// A gate that lets no request out.
    pub(super) fn shut() -> Rc<Self> {
        Self::with(None)
    }

    fn with(claim: Option<(Reading, Duration)>) -> Rc<Self> {
        Rc::new(Self {
            claim,
            connected_at: Cell::new(None),
            is_open: Cell::new(false),
            opened: Notify::new(),
        })
    }

    /// When the connection stood, TLS included.
    pub(super) fn connected_at(&self) -> Option<Instant> {
        self.connected_at.get()
    }

    /// Whether a byte of the request may have left.
    pub(super) fn is_open(&self) -> bool {
        self.is_open.get()
    }

    /// Waits until the request is let out, and then for so long.
    pub(super) async fn opened_for(&self, limit: Duration) {
        self.opened.notified().await;
        sleep(limit).await;
    }

    /// Whether the connection that stands now may have the request. It is the only one that may:
    /// should the library ever want a second, it would be for sending a request again.
    fn opens(&self) -> bool {
        if self.connected_at.get().is_some() {
            return false;
        }
        self.connected_at.set(Some(Instant::now()));
        let is_fresh = |(claimed, age): (Reading, _)| !claimed.is_older_than(age);
        if self.claim.is_some_and(is_fresh) {
            self.is_open.set(true);
            self.opened.notify_one();
        }
        self.is_open.get()
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a connection is dropped unused.
#[derive(Debug, thiserror::Error)]
#[error("nothing is to be sent on this connection")]
struct Shut;

/// Takes a connection through the gate of its request, as the last step of making it. An operator
/// may have settled the payout since its claim, while this process was stopped.
pub(super) fn through_the_gate<C>(connected: Result<C, BoxError>) -> Result<C, BoxError> {
    let connection = connected?;
    match GATE.try_with(|gate| gate.opens()) {
        Ok(true) => Ok(connection),
        Ok(false) | Err(_) => Err(Box::new(Shut)),
    }
}

/// Why there is no connection, for a person. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(String);

impl ConnectError {
    pub(super) fn new(endpoint: &Endpoint, error: &reqwest::Error) -> Self {
        let host = endpoint.host();
        if error.is_timeout() {
            return Self(format!("no connection to {host} in time"));
        }
        Self(match TlsFault::behind(error) {
            Some(TlsFault::Unproven(why)) => {
                format!("{host} did not prove that it is {host}: {why}")
            }
            Some(TlsFault::NoTls(why)) => format!("no connection to {host}: {why}"),
            None => format!("no connection to {host}: {}", plain(&innermost(error))),
        })
    }
}

/// The words of the first cause: those around it only repeat the URL. A link to the library's
/// own manual, which some have at the end, says nothing to an operator.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let cause = causes(error).last().unwrap_or(error).to_string();
    let words = cause.split(": https://").next().unwrap_or(&cause);
    without_error_number(words).to_owned()
}

/// Looks a name up in a thread of its own. The system's look-up blocks, and a thread that has to
/// be started for each might not start when a payout is already begun.
pub(super) struct Resolver {
    queries: mpsc::Sender<oneshot::Sender<io::Result<Vec<SocketAddr>>>>,
}

impl Resolver {
    pub(super) fn start(host: String) -> io::Result<Self> {
        let (queries, asked) = mpsc::channel::<oneshot::Sender<_>>();
        std::thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(move || {
                for reply in asked {
                    // Nobody waits any more for the answer to a question that came too long ago.
                    if !reply.is_closed() {
                        // The library puts the port in.
                        let found = (host.as_str(), 0).to_socket_addrs();
                        let _gone = reply.send(found.map(Iterator::collect));
                    }
                }
            })?;
        Ok(Self { queries })
    }
}

impl Resolve for Resolver {
    fn resolve(&self, _the_host: Name) -> Resolving {
        let (reply, found) = oneshot::channel();
        // A thread that is gone drops the query, and that is its answer.
        let _asked = self.queries.send(reply);
        Box::pin(async move {
            let ended = |_| io::Error::other("names cannot be looked up any more");
            let found = found.await.map_err(ended)??;
            if found.is_empty() {
                return Err("the name has no address".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_rustls::rustls::{self, CertificateError};

    fn connect() -> Result<(), BoxError> {
        through_the_gate(Ok(()))
    }

    #[tokio::test]
    async fn a_gate_lets_one_connection_through_and_no_second() {
        let gate = Gate::new(Reading::now(), Duration::from_secs(60));
        GATE.scope(gate.clone(), async {
            assert!(connect().is_ok());
            assert!(connect().is_err());
        })
        .await;
        // The first may have sent the request.
        assert!(gate.is_open());
    }

    #[tokio::test]
    async fn a_connection_that_fails_leaves_the_gate_to_the_next() {
        let gate = Gate::new(Reading::now(), Duration::from_secs(60));
        GATE.scope(gate.clone(), async {
            assert!(through_the_gate::<()>(Err("refused".into())).is_err());
            assert_eq!((gate.connected_at(), gate.is_open()), (None, false));
            assert!(connect().is_ok());
        })
        .await;
    }

    #[tokio::test]
    async fn nothing_is_sent_through_a_shut_gate_or_none() {
        assert!(connect().is_err());
        let gate = Gate::shut();
        GATE.scope(gate.clone(), async { assert!(connect().is_err()) })
            .await;
        assert!(gate.connected_at().is_some() && !gate.is_open());
    }

    #[test]
    fn the_first_cause_is_found_within_io_errors() {
        let made_from = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let error = io::Error::other(io::Error::other(made_from));
        assert!(causes(&error).any(|it| it.is::<rustls::Error>()));
        let words = innermost(&io::Error::other(io::Error::from_raw_os_error(111)));
        assert!(!words.contains("os error"), "{words}");
        let linked = io::Error::other("closed without a word: https://docs.rs/rustls/manual");
        assert_eq!(innermost(&linked), "closed without a word");
    }
}
