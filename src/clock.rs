//! The clock is this machine's time of day, which an operator can set to anything.

use chrono::{DateTime, Utc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The first moment of the year 2020, in seconds since 1970. A clock whose battery is empty starts at
/// 1970, 1980, 2000 or 2010, and what is paid then would count as paid long ago once it is set.
const YEAR_2020: Duration = Duration::from_secs(1_577_836_800);

/// The first moment of the year 2100, in seconds since 1970.
const YEAR_2100: Duration = Duration::from_secs(4_102_444_800);

/// The clock is set to a time at which this program cannot have been run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// It is before 2020.
    #[error("this machine's clock is set to a time before 2020")]
    TooEarly,
    /// It is in the year 2100 or later.
    #[error("this machine's clock is set to a time after 2099")]
    TooLate,
}

/// Whether a time can be right. Records of payouts are told apart by their times, so a program
/// that pays asks this before it begins one.
///
/// # Errors
/// The time is before 2020 or after 2099.
pub fn check(time: SystemTime) -> Result<(), ClockError> {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since < YEAR_2020 {
        return Err(ClockError::TooEarly);
    }
    if since >= YEAR_2100 {
        return Err(ClockError::TooLate);
    }
    Ok(())
}

/// The time of day, in UTC. A clock that [`check`] refuses is read as the nearest time that it
/// takes: chrono's own clock would panic.
#[must_use]
pub fn now() -> DateTime<Utc> {
    utc(SystemTime::now())
}

fn utc(time: SystemTime) -> DateTime<Utc> {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    DateTime::from(
        UNIX_EPOCH
            .checked_add(since.clamp(YEAR_2020, YEAR_2100))
            .unwrap_or(UNIX_EPOCH),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_2020_or_after_2099_is_refused_and_never_a_panic() {
        let second = Duration::from_secs(1);
        let first = UNIX_EPOCH + YEAR_2020;
        let last = UNIX_EPOCH + YEAR_2100 - second;
        for (time, checked, read) in [
            (
                UNIX_EPOCH - second,
                Err(ClockError::TooEarly),
                "2020-01-01T00:00:00+00:00",
            ),
            (
                first - second,
                Err(ClockError::TooEarly),
                "2020-01-01T00:00:00+00:00",
            ),
            (first, Ok(()), "2020-01-01T00:00:00+00:00"),
            (last, Ok(()), "2099-12-31T23:59:59+00:00"),
            (
                last + second,
                Err(ClockError::TooLate),
                "2100-01-01T00:00:00+00:00",
            ),
            (
                UNIX_EPOCH + YEAR_2100 * 90,
                Err(ClockError::TooLate),
                "2100-01-01T00:00:00+00:00",
            ),
        ] {
            assert_eq!(check(time), checked, "{time:?}");
            assert_eq!(utc(time).to_rfc3339(), read);
        }
    }
}
