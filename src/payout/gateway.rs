//! A gateway is what a payout is submitted to: CryptoCloud's API, or a fake in a test.

use crate::domain::{Outcome, Payout};

/// Submits payouts.
pub trait Gateway {
    /// Sends one request, once, and says what became of it. Every ending is an [`Outcome`]:
    /// what is not known is `unknown`, never an error.
    fn submit(&self, payout: &Payout) -> impl Future<Output = Outcome>;
}
