//! A [`Claim`] is the right to send one request for one payout, once, and soon.

use super::id::AttemptId;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, SystemTime};

/// The longest time from a claim to the first byte of its request. A process that was stopped or
/// a machine that slept longer does not send: by then an operator may have looked at the dashboard
/// and settled the payout.
pub const MAX_AGE: Duration = Duration::from_secs(15);

/// The right to send one request. Only [`super::Ledger::begin`] makes one.
#[derive(Clone, Debug)]
pub struct Claim {
    pub(super) id: AttemptId,
    pub(super) reading: Reading,
}

impl Claim {
    /// The attempt that was begun.
    #[must_use]
    pub fn id(&self) -> &AttemptId {
        &self.id
    }

    /// When the claim's transaction began, by this machine's clocks.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.reading
    }
}

/// One reading of two clocks: the time of day, which an operator can set, and the time since the
/// machine was started, which goes on while it sleeps.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    wall: SystemTime,
    since_boot: Duration,
}

impl Reading {
    /// Both clocks now.
    #[must_use]
    pub fn now() -> Self {
        Self {
            wall: SystemTime::now(),
            since_boot: since_boot(),
        }
    }

    /// Whether more than `age` has gone by since, by either clock. A clock that was set back does
    /// not make a reading younger, because the other one counts too.
    #[must_use]
    pub fn is_older_than(&self, age: Duration) -> bool {
        let now = Self::now();
        let wall = now.wall.duration_since(self.wall).unwrap_or_default();
        let since_boot = now.since_boot.saturating_sub(self.since_boot);
        wall > age || since_boot > age
    }
}

/// The clock that counts sleep. On macOS the monotonic one does (clock_gettime(3) there).
#[cfg(target_os = "linux")]
const SLEEP_COUNTING_CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const SLEEP_COUNTING_CLOCK: ClockId = ClockId::Monotonic;

fn since_boot() -> Duration {
    let time = clock_gettime(SLEEP_COUNTING_CLOCK);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_clock_ages_a_reading() {
        let now = Reading::now();
        assert!(!now.is_older_than(MAX_AGE));
        let long_ago = MAX_AGE + Duration::from_secs(1);
        let by_the_wall = Reading {
            wall: now.wall - long_ago,
            ..now
        };
        let by_the_other = Reading {
            since_boot: now.since_boot.saturating_sub(long_ago),
            ..now
        };
        let set_back = Reading {
            wall: now.wall + long_ago,
            ..by_the_other
        };
        for old in [by_the_wall, by_the_other, set_back] {
            assert!(old.is_older_than(MAX_AGE), "{old:?}");
        }
    }
}
