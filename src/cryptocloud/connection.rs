//! A connection to the API: the name looked up, TCP made and TLS agreed on, and no byte of a
//! request sent.

use super::endpoint::Endpoint;
use crate::domain::escape::without_error_number;
use rustls_platform_verifier::BuilderVerifierExt;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, crypto::aws_lc_rs};

/// A stream to the API, with or without TLS around it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Makes connections to one endpoint.
pub(super) struct Connector {
    host: String,
    addresses: Addresses,
    /// `None` towards this machine without TLS.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    limit: Duration,
}

/// Where a host's addresses come from.
enum Addresses {
    /// The host is an address.
    Literal(SocketAddr),
    /// The host is a name.
    Resolver(Resolver),
}

/// Why a connector cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// Mostly a machine without certificates of authorities.
    #[error("no HTTPS client can be made: {0}")]
    Tls(String),
    /// No thread can be had for looking names up.
    #[error("no thread can be had for looking names up: {0}")]
    Thread(io::Error),
}

impl Connector {
    /// Takes from the machine what connections need: certificates, and a thread for the look-up.
    pub(super) fn new(endpoint: &Endpoint, limit: Duration) -> Result<Self, ConnectorError> {
        let host = endpoint.bare_host();
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => Addresses::Literal(SocketAddr::new(address, endpoint.port())),
            Err(_) => Addresses::Resolver(
                Resolver::start(host.to_owned(), endpoint.port())
                    .map_err(ConnectorError::Thread)?,
            ),
        };
        let tls = if endpoint.is_plain() {
            None
        } else {
            let unusable = |error: &dyn fmt::Display| ConnectorError::Tls(error.to_string());
            let name = ServerName::try_from(host.to_owned()).map_err(|error| unusable(&error))?;
            let config = tls_config().map_err(|error| unusable(&error))?;
            Some((TlsConnector::from(Arc::new(config)), name))
        };
        Ok(Self {
            host: endpoint.host().to_owned(),
            addresses,
            tls,
            limit,
        })
    }

    /// Connects. What is sent on the way is no part of a request.
    pub(super) async fn connect(&self) -> Result<Box<dyn Stream>, ConnectError> {
        let end = later(self.limit);
        let tcp = self.connect_tcp(end).await?;
        // Head and body of a request leave together; nothing is gained by waiting for more.
        tcp.set_nodelay(true).map_err(|error| self.failed(&error))?;
        let Some((connector, name)) = &self.tls else {
            return Ok(Box::new(tcp));
        };
        match timeout_at(end, connector.connect(name.clone(), tcp)).await {
            Ok(Ok(tls)) => Ok(Box::new(tls)),
            Ok(Err(error)) => Err(self.failed(&error)),
            Err(_) => Err(self.too_late()),
        }
    }

    /// Tries the addresses one after the other, each for its share of the time that is left.
    async fn connect_tcp(&self, end: Instant) -> Result<TcpStream, ConnectError> {
        let addresses = match &self.addresses {
            Addresses::Literal(address) => vec![*address],
            Addresses::Resolver(resolver) => match timeout_at(end, resolver.look_up()).await {
                Ok(found) => found.map_err(|error| self.failed(&error))?,
                Err(_) => return Err(self.too_late()),
            },
        };
        let mut last = self.failed(&io::Error::other("the name has no address"));
        for (index, address) in addresses.iter().enumerate() {
            let left = u32::try_from(addresses.len().saturating_sub(index)).unwrap_or(u32::MAX);
            let share = end
                .saturating_duration_since(Instant::now())
                .checked_div(left);
            match timeout_at(
                later(share.unwrap_or_default()),
                TcpStream::connect(address),
            )
            .await
            {
                Ok(Ok(tcp)) => return Ok(tcp),
                Ok(Err(error)) => last = self.failed(&error),
                Err(_) => last = self.too_late(),
            }
        }
        Err(last)
    }

    fn too_late(&self) -> ConnectError {
        ConnectError(format!("no connection to {} in time", self.host))
    }

    fn failed(&self, error: &io::Error) -> ConnectError {
        let host = &self.host;
        let cause = error
            .get_ref()
            .and_then(|it| it.downcast_ref::<rustls::Error>());
        if let Some(rustls::Error::InvalidCertificate(error)) = cause {
            let why = certificate_words(error);
            return ConnectError(format!("{host} did not prove that it is {host}: {why}"));
        }
        let words = error.to_string();
        ConnectError(format!(
            "no connection to {host}: {}",
            without_error_number(&words)
        ))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// Why there is no connection, for a person. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConnectError(String);

/// TLS 1.2 or 1.3 with the authorities that this machine trusts, and HTTP/1.1 alone.
fn tls_config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// What is wrong with a certificate, for a person; its library's words where there are no better.
fn certificate_words(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is not signed by an authority that this machine trusts".to_owned()
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "its certificate has expired, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name".to_owned()
        }
        // The library's own enum, which grows: its words are better than a general text.
        other => other.to_string(),
    }
}

/// A moment so far from now, or as far as can be told.
fn later(by: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(by).unwrap_or(now)
}

/// Looks a name up in a thread of its own. The system's look-up blocks, and a thread that has to
/// be started for each might not be had when a payout is already begun.
struct Resolver {
    queries: mpsc::Sender<oneshot::Sender<io::Result<Vec<SocketAddr>>>>,
}

impl Resolver {
    fn start(host: String, port: u16) -> io::Result<Self> {
        let (queries, asked) = mpsc::channel::<oneshot::Sender<_>>();
        std::thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(move || {
                for reply in asked {
                    // Nobody waits any more for the answer to a question that came too long ago.
                    if !reply.is_closed() {
                        let found = (host.as_str(), port).to_socket_addrs();
                        let _gone = reply.send(found.map(Iterator::collect));
                    }
                }
            })?;
        Ok(Self { queries })
    }

    async fn look_up(&self) -> io::Result<Vec<SocketAddr>> {
        let (reply, found) = oneshot::channel();
        let ended = |_| io::Error::other("names cannot be looked up any more");
        self.queries.send(reply).map_err(|_| ended(()))?;
        found.await.unwrap_or_else(|_| Err(ended(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(url: &str) -> Connector {
        Connector::new(&Endpoint::new(url).unwrap(), Duration::from_secs(30)).unwrap()
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_looked_up_and_reached() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["localhost", "127.0.0.1"] {
            let connector = connector(&format!("http://{host}:{port}"));
            assert!(connector.connect().await.is_ok(), "{host}");
        }
    }

    #[tokio::test]
    async fn a_refused_connection_names_the_host_and_the_cause() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let failed = connector(&format!("http://127.0.0.1:{port}"))
            .connect()
            .await;
        let words = failed.err().unwrap().to_string();
        assert_eq!(words, "no connection to 127.0.0.1: Connection refused");
    }
}
