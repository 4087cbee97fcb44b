//! A pacer keeps the interval between requests: the next starts no sooner than the interval after
//! the latest moment at which the previous one can have arrived.

use super::results::LATEST_ARRIVAL;
use super::stop::Stop;
use crate::clock;
use crate::domain::{Outcome, Status};
use chrono::{DateTime, Utc};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The API's own interval: "not more often than once in 12 seconds".
pub const API_INTERVAL: Duration = Duration::from_secs(12);

/// One part in so many is waited beyond the interval: half a percent. A limiter that counts in
/// whole thousandths of a request a second, as nginx does, takes five a minute for one in 12.05
/// seconds, and would refuse what comes after 12.
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

/// Says when the next request may start.
#[derive(Clone, Debug)]
pub struct Pacer {
    step: Duration,
    ready_at: Instant,
}

impl Pacer {
    /// Takes up the pace where an earlier run left it, if one did.
    #[must_use]
    pub fn new(
        interval: Duration,
        latest_arrival: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        let step = step(interval);
        let wait = latest_arrival.map_or(Duration::ZERO, |arrival| {
            // An arrival in the future means that the clock was set back: a whole interval from
            // now is always enough.
            let since = now
                .signed_duration_since(arrival)
                .to_std()
                .unwrap_or_default();
            step.saturating_sub(since)
        });
        Self {
            step,
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

    /// Counts a request that started then and has just ended.
    pub fn count(&mut self, started: Instant, outcome: &Outcome) {
        let ended = Instant::now();
        let arrived = later(started, LATEST_ARRIVAL.to_std().unwrap_or_default());
        let latest = if outcome.status() == Status::Unknown {
            ended
        } else {
            ended.min(arrived)
        };
        self.ready_at = later(latest, self.step);
    }

    /// Waits at least this long from now before the next request.
    pub fn hold(&mut self, wait: Duration) {
        self.ready_at = self.ready_at.max(later(Instant::now(), wait));
    }
}

/// A moment later, or as late as can be told.
fn later(moment: Instant, by: Duration) -> Instant {
    moment.checked_add(by).unwrap_or(moment)
}
