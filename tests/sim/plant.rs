//! A [`Plant`] is a fault put into the program on purpose, to see that the simulation finds it.

/// What is wrong with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// Nothing that is known of.
    Nothing,
    /// Writes are not made durable.
    NoSync,
    /// The new file's name is not made durable.
    NoNameSync,
    /// The intent reaches the file together with the ending.
    IntentAfterSending,
    /// A half line is taken for a fragment, and removed.
    HalfLineIgnored,
    /// A payout in doubt is sent again.
    DoubtSentAgain,
    /// What is created is recorded as not created.
    CreatedForgotten,
}
