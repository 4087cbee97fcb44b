//! A stop is asked for from outside, by a signal: the payout in flight is finished and recorded,
//! and nothing more is submitted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// Whether a stop was asked for. Clones are one and the same.
#[derive(Clone, Debug)]
pub struct Stop {
    raised: Arc<watch::Sender<bool>>,
    in_flight: Arc<AtomicBool>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            raised: Arc::new(watch::Sender::new(false)),
            in_flight: Arc::default(),
        }
    }
}

impl Stop {
    /// Asks for a stop.
    pub fn raise(&self) {
        self.raised.send_replace(true);
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        *self.raised.borrow()
    }

    /// Waits until a stop is asked for.
    pub async fn raised(&self) {
        // The sender lives as long as this stop, so the wait cannot fail.
        let _ = self.raised.subscribe().wait_for(|raised| *raised).await;
    }

    /// Whether a payout is being claimed, sent or recorded.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Marks the time from a claim until its payout is recorded.
    pub(super) fn flight(&self) -> Flight<'_> {
        self.in_flight.store(true, Ordering::SeqCst);
        Flight(&self.in_flight)
    }
}

/// The time from a claim until its payout is recorded; it ends when this is dropped.
pub(super) struct Flight<'a>(&'a AtomicBool);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payout_is_in_flight_until_its_flight_ends() {
        let stop = Stop::default();
        let seen = stop.clone();
        assert!(!seen.is_in_flight());
        let flight = stop.flight();
        assert!(seen.is_in_flight());
        drop(flight);
        assert!(!seen.is_in_flight());
    }
}
