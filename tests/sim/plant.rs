//! A [`Plant`] is a fault put into the program on purpose, to see that the simulation finds it.
//! Each is put in from outside, by the engine, the storage or the gateway under the program.

/// What is wrong with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// Nothing that is known of.
    Nothing,
    /// No unique index, and `begin` decides without a look at the ledger.
    NoIndexAndNoDecision,
    /// The claim is not in the ledger when the request leaves.
    NoClaim,
    /// The request is sent a second time on the same claim when no answer came.
    ClaimReused,
    /// The results file is taken for an empty one.
    AdoptingSkipped,
    /// What a line of the results file says replaces what the ledger knows.
    LineOverLedger,
    /// What was read before the lock is taken for what stands there behind it.
    ReadBeforeLock,
    /// `begin` looks for attempts of the row's own key alone.
    TwinsAtPlanOnly,
    /// The nth line of the results file is taken for the nth attempt.
    LineByPlace,
    /// The line of the attempt is not made durable.
    NoSync,
    /// The line reaches the file together with the answer.
    LineAfterSending,
}
