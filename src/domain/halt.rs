//! A [`HaltCheck`] counts the outcomes of a run and says how it goes on after each.

use super::StateCounts;
use super::outcome::{Cause, Outcome, Verdict};
use std::time::Duration;

/// Rejections in a row with one key after which the batch stops: a drained balance or a wrong
/// setting of the account would otherwise reject everyone.
pub const MAX_EQUAL_REJECTIONS: u32 = 5;

/// Payouts in doubt in a row after which even `--keep-going` stops: three are not an accident.
pub const MAX_UNKNOWN_IN_A_ROW: u32 = 3;

/// The waits before one payout is tried again after `rate_limit`, unless the API names one: the
/// documented interval, and longer if that was not enough.
pub const RATE_LIMIT_WAITS: [Duration; 3] = [
    Duration::from_secs(12),
    Duration::from_secs(24),
    Duration::from_secs(48),
];

/// What is waited beyond the interval before one payout is tried again after `connect_failed`.
pub const CONNECT_WAITS: [Duration; 3] = [
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// What is waited before a payout is claimed again whose claim came too late: nothing.
pub const NOT_SENT_WAITS: [Duration; 3] = [Duration::ZERO; 3];

/// How often one payout is attempted again because the connection seemed to be back. A connection
/// that can be made and fails for every request is not one to wait for.
pub const MAX_RETURNS: u32 = 3;

/// How long a connection is waited for unless the operator says otherwise.
pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(60 * 60);

/// The waits between two tries to connect while a connection is waited for; the last one is kept.
pub const RECONNECT_WAITS: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

/// How long to wait before the next try to connect, after so many tries and so much time without
/// a connection; `None` when the patience is at its end. The last try comes when it ends.
#[must_use]
pub fn reconnect_wait(tries: usize, waited: Duration, patience: Duration) -> Option<Duration> {
    let left = patience
        .checked_sub(waited)
        .filter(|left| !left.is_zero())?;
    let wait = RECONNECT_WAITS.get(tries).or(RECONNECT_WAITS.last());
    wait.map(|wait| left.min(*wait))
}

/// The longest wait that an API may ask for before the batch stops instead of waiting. A limit
/// of one request in twelve seconds never needs as much.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// What a batch does after an `unknown` and after rejections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HaltPolicy {
    /// Stop at the first payout in doubt, and at [`MAX_EQUAL_REJECTIONS`].
    #[default]
    Careful,
    /// `--keep-going`: stop only at [`MAX_UNKNOWN_IN_A_ROW`].
    KeepGoing,
}

impl HaltPolicy {
    /// Whether payouts that an earlier run left in doubt keep this one from submitting any.
    #[must_use]
    pub fn is_held_by(self, counts: &StateCounts) -> bool {
        self == Self::Careful && counts.in_doubt > 0
    }
}

/// What comes after an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next payout.
    Payout,
    /// The same payout again, after at least this long.
    Again(Duration),
    /// The same payout again once a connection can be made. Until then nothing is claimed, sent
    /// or recorded; [`reconnect_wait`] says when to try.
    AwaitConnection,
    /// Nothing more is sent.
    Halt(Halt),
}

/// Why a batch stops before its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// A payout is in doubt.
    Unknown,
    /// [`MAX_UNKNOWN_IN_A_ROW`] payouts in a row are in doubt.
    UnknownInARow,
    /// [`MAX_EQUAL_REJECTIONS`] in a row with this key.
    EqualRejections(String),
    /// The API key was refused.
    KeyRefused,
    /// The address is not the API's.
    WrongAddress,
    /// Something between this machine and the API refused the request.
    RefusedInBetween,
    /// The claim came too late, after all of [`NOT_SENT_WAITS`].
    NotSent,
    /// No connection, after all of [`CONNECT_WAITS`] or [`MAX_RETURNS`].
    ConnectFailed,
    /// No connection for as long as the operator's patience.
    PatienceOver,
    /// The API kept answering `rate_limit`, after all of [`RATE_LIMIT_WAITS`].
    RateLimited,
    /// The API asked for a wait beyond [`MAX_RETRY_AFTER`].
    RetryAfterTooLong(Duration),
}

/// Counts outcomes.
#[derive(Clone, Debug)]
pub struct HaltCheck {
    policy: HaltPolicy,
    interval: Duration,
    rejections: u32,
    rejection_key: String,
    unknowns: u32,
    retries: usize,
    patience: Duration,
    /// Whether the API has answered in this run.
    is_answered: bool,
    /// How often a connection was waited for on behalf of the payout under way.
    returns: u32,
}

impl HaltCheck {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(policy: HaltPolicy, interval: Duration) -> Self {
        Self {
            policy,
            interval,
            rejections: 0,
            rejection_key: String::new(),
            unknowns: 0,
            retries: 0,
            patience: Duration::ZERO,
            is_answered: false,
            returns: 0,
        }
    }

    /// With a connection waited for this long, once the API has answered in this run. Without it
    /// the batch stops.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Counts one outcome and says how to go on.
    pub fn count(&mut self, outcome: &Outcome) -> Next {
        self.is_answered |= outcome.http_status.is_some();
        // A try that came to nothing says nothing about the payouts around it.
        match outcome.verdict {
            Verdict::Created { .. } => (self.rejections, self.unknowns) = (0, 0),
            Verdict::Rejected => self.unknowns = 0,
            Verdict::Unknown => self.rejections = 0,
            Verdict::NotCreated(_) => {}
        }
        match outcome.verdict {
            Verdict::NotCreated(cause) => self.not_created(cause),
            Verdict::Created { .. } => self.go_on(),
            Verdict::Rejected => self.rejected(&outcome.error_key),
            Verdict::Unknown => self.unknown(),
        }
    }

    fn go_on(&mut self) -> Next {
        (self.retries, self.returns) = (0, 0);
        Next::Payout
    }

    fn rejected(&mut self, key: &str) -> Next {
        if self.rejection_key != key {
            key.clone_into(&mut self.rejection_key);
            self.rejections = 0;
        }
        self.rejections = self.rejections.saturating_add(1);
        match self.policy {
            HaltPolicy::Careful if self.rejections >= MAX_EQUAL_REJECTIONS => {
                Next::Halt(Halt::EqualRejections(key.to_owned()))
            }
            HaltPolicy::Careful | HaltPolicy::KeepGoing => self.go_on(),
        }
    }

    fn unknown(&mut self) -> Next {
        self.unknowns = self.unknowns.saturating_add(1);
        match self.policy {
            HaltPolicy::Careful => Next::Halt(Halt::Unknown),
            HaltPolicy::KeepGoing if self.unknowns >= MAX_UNKNOWN_IN_A_ROW => {
                Next::Halt(Halt::UnknownInARow)
            }
            HaltPolicy::KeepGoing => self.go_on(),
        }
    }

    fn not_created(&mut self, cause: Cause) -> Next {
        match cause {
            Cause::NotSent => self.again(NOT_SENT_WAITS, Halt::NotSent),
            Cause::ConnectFailed if self.is_answered && !self.patience.is_zero() => {
                self.await_connection()
            }
            Cause::ConnectFailed => {
                let waits = CONNECT_WAITS.map(|wait| wait.saturating_add(self.interval));
                self.again(waits, Halt::ConnectFailed)
            }
            Cause::RateLimited {
                retry_after: Some(asked),
            } if asked > MAX_RETRY_AFTER => Next::Halt(Halt::RetryAfterTooLong(asked)),
            Cause::RateLimited { retry_after } => {
                let waits = RATE_LIMIT_WAITS.map(|wait| retry_after.unwrap_or(wait));
                self.again(waits, Halt::RateLimited)
            }
            Cause::KeyRefused => Next::Halt(Halt::KeyRefused),
            Cause::WrongAddress => Next::Halt(Halt::WrongAddress),
            Cause::RefusedInBetween => Next::Halt(Halt::RefusedInBetween),
        }
    }

    /// The same payout after the next of these waits, until they are used up.
    fn again(&mut self, waits: [Duration; 3], halt: Halt) -> Next {
        let wait = waits.get(self.retries).copied();
        self.retries = self.retries.saturating_add(1);
        wait.map_or(Next::Halt(halt), Next::Again)
    }

    fn await_connection(&mut self) -> Next {
        self.returns = self.returns.saturating_add(1);
        if self.returns > MAX_RETURNS {
            Next::Halt(Halt::ConnectFailed)
        } else {
            Next::AwaitConnection
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(12);

    fn outcome(verdict: Verdict, key: &str) -> Outcome {
        Outcome {
            verdict,
            error_key: key.into(),
            detail: String::new(),
            http_status: None,
        }
    }

    fn rejected(key: &str) -> Outcome {
        outcome(Verdict::Rejected, key)
    }

    fn created() -> Outcome {
        let invoice_id = "INV-1".to_owned();
        outcome(
            Verdict::Created {
                invoice_id,
                accepted_amount: None,
            },
            "",
        )
    }

    #[test]
    fn five_equal_rejections_in_a_row_halt() {
        let mut check = HaltCheck::new(HaltPolicy::Careful, INTERVAL);
        for key in ["a", "a", "a", "a", "b", "b", "b", "b"] {
            assert_eq!(check.count(&rejected(key)), Next::Payout);
        }
        assert_eq!(check.count(&created()), Next::Payout);
        for _ in 1..MAX_EQUAL_REJECTIONS {
            assert_eq!(check.count(&rejected("b")), Next::Payout);
        }
        assert_eq!(
            check.count(&rejected("b")),
            Next::Halt(Halt::EqualRejections("b".into()))
        );
    }

    #[test]
    fn keep_going_counts_no_rejections_and_halts_at_the_third_unknown_in_a_row() {
        let mut check = HaltCheck::new(HaltPolicy::KeepGoing, INTERVAL);
        for _ in 0..20 {
            assert_eq!(check.count(&rejected("a")), Next::Payout);
        }
        let unknown = outcome(Verdict::Unknown, "");
        for outcome in [&unknown, &unknown, &created(), &unknown, &unknown] {
            assert_eq!(check.count(outcome), Next::Payout);
        }
        assert_eq!(check.count(&unknown), Next::Halt(Halt::UnknownInARow));
    }

    #[test]
    fn the_first_unknown_halts_a_careful_batch() {
        let mut check = HaltCheck::new(HaltPolicy::Careful, INTERVAL);
        assert_eq!(
            check.count(&outcome(Verdict::Unknown, "")),
            Next::Halt(Halt::Unknown)
        );
    }

    #[test]
    fn a_doubt_of_an_earlier_run_holds_a_careful_batch_alone() {
        for (policy, in_doubt, is_held) in [
            (HaltPolicy::Careful, 0, false),
            (HaltPolicy::Careful, 1, true),
            (HaltPolicy::Careful, 2, true),
            (HaltPolicy::KeepGoing, 1, false),
        ] {
            let counts = StateCounts {
                in_doubt,
                ..StateCounts::default()
            };
            assert_eq!(policy.is_held_by(&counts), is_held, "{policy:?} {in_doubt}");
        }
    }

    #[test]
    fn rate_limits_wait_12_24_48_seconds_and_then_halt() {
        let limited = outcome(
            Verdict::NotCreated(Cause::RateLimited { retry_after: None }),
            "rate_limit",
        );
        let mut check = HaltCheck::new(HaltPolicy::Careful, INTERVAL);
        for seconds in [12, 24, 48] {
            assert_eq!(
                check.count(&limited),
                Next::Again(Duration::from_secs(seconds))
            );
        }
        assert_eq!(check.count(&limited), Next::Halt(Halt::RateLimited));
        let mut check = HaltCheck::new(HaltPolicy::Careful, INTERVAL);
        assert!(matches!(check.count(&limited), Next::Again(_)));
        assert_eq!(check.count(&created()), Next::Payout);
        assert_eq!(
            check.count(&limited),
            Next::Again(INTERVAL),
            "retries count for one payout"
        );
    }

    #[test]
    fn what_the_api_asks_for_is_waited_within_reason() {
        let asked = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            outcome(
                Verdict::NotCreated(Cause::RateLimited { retry_after }),
                "rate_limit",
            )
        };
        let mut check = HaltCheck::new(HaltPolicy::Careful, INTERVAL);
        assert_eq!(check.count(&asked(7)), Next::Again(Duration::from_secs(7)));
        assert_eq!(check.count(&asked(600)), Next::Again(MAX_RETRY_AFTER));
        let long = MAX_RETRY_AFTER + Duration::from_secs(1);
        assert_eq!(
            check.count(&asked(601)),
            Next::Halt(Halt::RetryAfterTooLong(long))
        );
    }

    #[test]
    fn a_refused_key_halts_at_once() {
        let refused = outcome(Verdict::NotCreated(Cause::KeyRefused), "http_401");
        let mut check = HaltCheck::new(HaltPolicy::KeepGoing, INTERVAL);
        assert_eq!(check.count(&refused), Next::Halt(Halt::KeyRefused));
    }

    fn connect_failed() -> Outcome {
        outcome(Verdict::NotCreated(Cause::ConnectFailed), "connect_failed")
    }

    fn answered(verdict: Verdict) -> Outcome {
        Outcome {
            http_status: Some(200),
            ..outcome(verdict, "")
        }
    }

    #[test]
    fn a_refusal_of_the_request_itself_halts_at_once() {
        for (cause, halt) in [
            (Cause::WrongAddress, Halt::WrongAddress),
            (Cause::RefusedInBetween, Halt::RefusedInBetween),
        ] {
            let mut check = HaltCheck::new(HaltPolicy::KeepGoing, INTERVAL);
            let refused = outcome(Verdict::NotCreated(cause), "http_404");
            assert_eq!(check.count(&refused), Next::Halt(halt));
        }
    }

    #[test]
    fn a_claim_that_came_too_late_is_made_again_three_times() {
        let mut check = HaltCheck::new(HaltPolicy::Careful, INTERVAL);
        let late = Outcome::not_sent("");
        for _ in 0..3 {
            assert_eq!(check.count(&late), Next::Again(Duration::ZERO));
        }
        assert_eq!(check.count(&late), Next::Halt(Halt::NotSent));
    }

    #[test]
    fn before_the_first_answer_a_connection_is_tried_three_times_more() {
        let mut check =
            HaltCheck::new(HaltPolicy::Careful, INTERVAL).with_patience(DEFAULT_PATIENCE);
        for seconds in [14, 16, 20] {
            let wait = Next::Again(Duration::from_secs(seconds));
            assert_eq!(check.count(&connect_failed()), wait);
        }
        let halt = Next::Halt(Halt::ConnectFailed);
        assert_eq!(check.count(&connect_failed()), halt);
    }

    #[test]
    fn after_an_answer_a_connection_is_waited_for_with_patience() {
        let new = || HaltCheck::new(HaltPolicy::KeepGoing, INTERVAL);
        let mut check = new().with_patience(DEFAULT_PATIENCE);
        for verdict in [Verdict::Rejected, Verdict::Unknown] {
            check.count(&answered(verdict));
            for _ in 0..MAX_RETURNS {
                assert_eq!(check.count(&connect_failed()), Next::AwaitConnection);
            }
        }
        let halt = Next::Halt(Halt::ConnectFailed);
        assert_eq!(check.count(&connect_failed()), halt);

        let mut check = new();
        check.count(&answered(Verdict::Rejected));
        assert!(matches!(check.count(&connect_failed()), Next::Again(_)));
    }

    #[test]
    fn the_tries_to_connect_grow_apart_and_end_with_the_patience() {
        let seconds = Duration::from_secs;
        let hour = DEFAULT_PATIENCE;
        for (tries, wait) in [(0, 5), (1, 10), (2, 20), (3, 30), (4, 30), (9_000, 30)] {
            let waited = seconds(60);
            assert_eq!(reconnect_wait(tries, waited, hour), Some(seconds(wait)));
        }
        assert_eq!(reconnect_wait(7, seconds(3_590), hour), Some(seconds(10)));
        assert_eq!(reconnect_wait(7, hour, hour), None);
        assert_eq!(reconnect_wait(0, Duration::ZERO, Duration::ZERO), None);
    }
}
