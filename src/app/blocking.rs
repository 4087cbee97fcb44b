//! A blocking call is one that may wait for a person or another program: a question, or the
//! opening of a FIFO. It runs in a thread of its own, so that a stop is noticed meanwhile.

use super::limits::no_thread;
use crate::payout::stop::Stop;
use std::io;
use tokio::sync::oneshot;

/// What the call returned, or `None` when a stop was asked for before it did. The call is left
/// behind then, and ends with the program.
///
/// # Errors
/// No thread can be started.
pub(super) async fn unless_stopped<T: Send + 'static>(
    stop: &Stop,
    call: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (reply, returned) = oneshot::channel();
    // Unlike tokio's own way, this does not panic where there is no thread left.
    std::thread::Builder::new()
        .name("blocking".to_owned())
        .spawn(move || {
            let _gone = reply.send(call());
        })
        .map_err(no_thread)?;
    tokio::select! {
        biased;
        () = stop.raised() => Ok(None),
        returned = returned => match returned {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(io::Error::other("the call ended without a result")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn what_a_call_returns_is_given_back() {
        let returned = unless_stopped(&Stop::default(), || 7).await;
        assert_eq!(returned.unwrap(), Some(7));
    }

    #[tokio::test]
    async fn a_stop_leaves_the_call_behind() {
        let stop = Stop::default();
        let (is_called, called) = channel();
        let (_hold, held) = channel::<()>();
        let raise = stop.clone();
        std::thread::spawn(move || {
            called.recv().unwrap();
            raise.raise();
        });
        let returned = unless_stopped(&stop, move || {
            is_called.send(()).unwrap();
            let _never = held.recv();
        });
        assert!(returned.await.unwrap().is_none());
    }
}
