//! A gateway is what a payout is submitted to: CryptoCloud's API, or a fake in a test.

use crate::domain::{Outcome, Payout};
use crate::ledger::Claim;
use std::io;
use tokio::time::Instant;

/// Submits payouts.
pub trait Gateway {
    /// Puts aside what the next request needs of the machine. Called before its claim, so that a
    /// machine without them leaves no claim behind.
    ///
    /// # Errors
    /// The machine has not as much to spare.
    fn prepare(&self) -> io::Result<()> {
        Ok(())
    }

    /// Sends the one request that a claim allows, and says what became of it. Every ending is an
    /// [`Outcome`]: what is not known is `unknown`, never an error. A claim that is too old when
    /// the first byte would leave sends nothing.
    fn submit(&self, payout: &Payout, claim: &Claim) -> impl Future<Output = Exchange>;

    /// Connects and sends nothing.
    ///
    /// # Errors
    /// Why there is no connection.
    fn reach(&self) -> impl Future<Output = Result<(), String>>;
}

/// A request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What became of the payout.
    pub outcome: Outcome,
    /// When the connection stood on which the request was sent; `None` if none did.
    pub connected_at: Option<Instant>,
}
