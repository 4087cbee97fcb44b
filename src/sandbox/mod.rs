//! The sandbox is CryptoCloud's documented withdrawal API on a loopback port, where no money moves.
//!
//! It is for rehearsals and tests: a real HTTP server with the API's rules ([`Options`]), a
//! [`Script`] of what goes wrong, and a [`Book`] of what arrived and what was created, whatever
//! the client was told. `GET /ledger` answers the book as JSON, for `curl` and for the operator who
//! would look into the dashboard. It shares nothing with the client but [`crate::api`].
//!
//! It prints nothing. It runs in a thread of its own, so that programs with and without an
//! asynchronous runtime can use it, and it ends when the [`Sandbox`] is dropped.

mod answer;
mod book;
mod currency;
mod json;
mod raw_response;
mod rules;
mod script;
mod server;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_rustls::rustls::ServerConfig;

pub use book::{Book, Delivery, Withdrawal};
pub use script::{STEPS, Script, ScriptError};
use server::Server;

/// The documented interval between two requests.
const DOCUMENTED_INTERVAL: Duration = Duration::from_secs(12);

/// How the sandbox is set up; the default is what the API documents.
pub struct Options {
    /// Where to listen: a loopback address, port 0 for a free one. The default is `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// The least time between two requests with one key; zero for no limit. The default is 12 s.
    pub interval: Duration,
    /// The key that opens. The default is any that is not empty.
    pub api_key: Option<String>,
    /// What goes wrong. The default is nothing.
    pub script: Script,
    /// Speak TLS with this certificate, for tests. The default is not to, since nothing leaves the
    /// machine.
    pub tls: Option<Arc<ServerConfig>>,
    /// Called for every delivery once its answer is decided, from the sandbox's thread: it holds
    /// up every other answer.
    pub on_delivery: Option<OnDelivery>,
}

/// What is called for every delivery.
pub type OnDelivery = Box<dyn Fn(&Delivery) + Send + Sync>;

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            interval: DOCUMENTED_INTERVAL,
            api_key: None,
            script: Script::default(),
            tls: None,
            on_delivery: None,
        }
    }
}

/// A server that is running. Dropping it ends it, together with all its connections.
pub struct Sandbox {
    scheme: &'static str,
    address: SocketAddr,
    server: Arc<Server>,
    /// Dropping this end tells the thread to stop.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts the server; when this returns, it can be reached.
    ///
    /// # Errors
    ///
    /// The address is not a loopback address, or cannot be listened on.
    pub fn start(options: Options) -> io::Result<Self> {
        if !options.listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "the sandbox listens on loopback addresses only, not on `{}`",
                    options.listen
                ),
            ));
        }
        let listener = TcpListener::bind(options.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let scheme = options.tls.as_ref().map_or("http", |_| "https");
        let server = Arc::new(Server::new(options));
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("sandbox".to_owned())
            .spawn({
                let server = Arc::clone(&server);
                // The runtime is dropped at the end, and with it every connection.
                move || runtime.block_on(server.listen(listener, stopped))
            })?;
        Ok(Self {
            scheme,
            address,
            server,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The base URL, as `http://127.0.0.1:PORT`, or `https` with TLS.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// A copy of the book as it stands.
    #[must_use]
    pub fn book(&self) -> Book {
        self.server.book()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has ended as well, and there is nothing left to do about it.
            let _ended = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
