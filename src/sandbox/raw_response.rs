//! A raw response is an answer that hyper would not send: cut short, never ending, no HTTP at all.
//!
//! The service gives up with a [`RawResponse`] as its error, hyper stops there and gives the socket
//! back, and what follows on it is ours.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::server::TlsStream;

use super::answer::Answer;
use super::script::Transport;

/// An endless body comes in pieces of this size.
const ENDLESS_PIECE_BYTES: usize = 4096;

/// What no client can take for HTTP; it begins like an alert of TLS.
const GARBAGE: &[u8] = b"\x15\x03\x01\x00\x02\x02\x50 \xff\xfe this is not HTTP\r\n\r\n";

/// The service's way to tell hyper that this answer is not for it to send.
#[derive(Debug)]
pub(super) struct RawResponse {
    pub(super) answer: Answer,
    pub(super) transport: Transport,
}

impl fmt::Display for RawResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the answer goes over the raw socket")
    }
}

impl Error for RawResponse {}

/// A connection, with or without TLS around it.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send {
    /// What carries it.
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl RawResponse {
    /// Sends what is to be sent and leaves the socket to be closed.
    pub(super) async fn send<S: Socket>(&self, socket: &mut S) -> io::Result<()> {
        let body = &self.answer.body;
        let length = format!("content-length: {}", body.len());
        let head = self.answer.head_with(&length);
        let whole = [head.as_slice(), body].concat();
        match self.transport {
            Transport::Whole | Transport::Late(_) => put(socket, &whole).await,
            Transport::AfterInterim(status) => {
                let interim = format!("HTTP/1.1 {status}\r\n\r\n");
                put(socket, interim.as_bytes()).await?;
                put(socket, &whole).await
            }
            Transport::Half => {
                let half = head.len().saturating_add(body.len() / 2);
                put(socket, first(&whole, half)).await
            }
            Transport::Cut(bytes) => put(socket, first(&whole, bytes)).await,
            Transport::Slow(time) => {
                put(socket, &head).await?;
                for byte in body {
                    pause(socket, time).await?;
                    put(socket, &[*byte]).await?;
                }
                Ok(())
            }
            Transport::Endless => self.send_for_ever(socket).await,
            Transport::Garbage => put(socket, GARBAGE).await,
            Transport::Drop => Ok(()),
            // Closing without lingering is what makes the system send a reset.
            Transport::Reset => socket.tcp().set_zero_linger(),
        }
    }

    /// The answer's object with one more field that goes on until the client has had enough.
    async fn send_for_ever<S: Socket>(&self, socket: &mut S) -> io::Result<()> {
        let body = &self.answer.body;
        let opened = body.strip_suffix(b"}").unwrap_or(body);
        let opened = chunk(&[opened, br#","padding":""#].concat());
        let head = self.answer.head_with("transfer-encoding: chunked");
        put(socket, &[head, opened].concat()).await?;
        let piece = chunk(&[b'x'; ENDLESS_PIECE_BYTES]);
        loop {
            put(socket, &piece).await?;
        }
    }
}

async fn put<S: Socket>(socket: &mut S, bytes: &[u8]) -> io::Result<()> {
    socket.write_all(bytes).await?;
    socket.flush().await
}

/// Waits, and fails at once when the client goes away meanwhile. It has nothing more to say, so
/// whatever it still sends is thrown away.
async fn pause<S: Socket>(socket: &mut S, time: Duration) -> io::Result<()> {
    let mut scrap = [0; 256];
    let gone = async { while socket.read(&mut scrap).await.is_ok_and(|read| read > 0) {} };
    tokio::select! {
        () = sleep(time) => Ok(()),
        () = gone => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// So many bytes, or all there are.
fn first(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(..count).unwrap_or(bytes)
}

/// Bytes as a chunk of a chunked body.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", bytes.len());
    [size.as_bytes(), bytes, b"\r\n"].concat()
}
