//! A pacer keeps the interval between requests: the next starts no sooner than the interval after
//! the latest moment at which the previous one can have arrived. The ledger keeps it for everyone
//! who uses the API key; here is what this run knows of it.

use super::gateway::Exchange;
use super::stop::Stop;
use crate::clock;
use crate::domain::Verdict;
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The API's own interval: "not more often than once in 12 seconds".
pub const API_INTERVAL: Duration = Duration::from_secs(12);

/// A request that was answered has arrived by this long after its connection stood.
const LATEST_ARRIVAL: Duration = Duration::from_secs(1);

/// One part in so many is waited beyond the interval. A limiter that counts in whole thousandths of
/// a request a second, as nginx does, takes five a minute for one in 12.05 seconds, and would
/// refuse what comes after 12.
const SLACK_DIVISOR: u32 = 200;

/// The time from one request to the next: the interval and a little more.
#[must_use]
pub fn step(interval: Duration) -> Duration {
    interval.saturating_add(interval.checked_div(SLACK_DIVISOR).unwrap_or_default())
}

/// Tells the time of day. Only a test has another than [`SystemClock`].
pub trait Clock {
    /// Now, in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        clock::now()
    }
}

/// When the next request may start.
#[derive(Clone, Debug)]
pub struct Pacer {
    ready_at: Instant,
}

impl Pacer {
    /// The next request may start after this wait.
    #[must_use]
    pub fn new(wait: Duration) -> Self {
        Self {
            ready_at: later(Instant::now(), wait),
        }
    }

    /// When the next request may start.
    #[must_use]
    pub fn ready_at(&self) -> Instant {
        self.ready_at
    }

    /// Waits until the next request may start, or until a stop is asked for.
    pub async fn wait(&self, stop: &Stop) {
        tokio::select! {
            biased;
            () = stop.raised() => {}
            () = sleep_until(self.ready_at) => {}
        }
    }

    /// The next request starts this long from now, as far as is known.
    pub fn set(&mut self, wait: Duration) {
        self.ready_at = later(Instant::now(), wait);
    }

    /// Waits at least this long from now before the next request.
    pub fn hold(&mut self, wait: Duration) {
        self.ready_at = self.ready_at.max(later(Instant::now(), wait));
    }
}

/// How long ago, at least, a request that has just ended arrived at the latest: at the end of the
/// exchange, or a second after its connection stood. Of one without an answer it is the end.
#[must_use]
pub fn since_arrival(exchange: &Exchange) -> Duration {
    let arrived = match (&exchange.outcome.verdict, exchange.connected_at) {
        (Verdict::Unknown, _) | (_, None) => return Duration::ZERO,
        (
            Verdict::Created { .. } | Verdict::Rejected | Verdict::NotCreated(_),
            Some(connected_at),
        ) => later(connected_at, LATEST_ARRIVAL),
    };
    Instant::now().saturating_duration_since(arrived)
}

/// A moment later, or as late as can be told.
fn later(moment: Instant, by: Duration) -> Instant {
    moment.checked_add(by).unwrap_or(moment)
}
