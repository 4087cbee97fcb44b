//! The ledger is the record of every payout that was ever begun here, whatever file it came from.

pub mod attempt;
pub mod claim;

pub use attempt::AttemptId;
pub use claim::{Claim, MAX_AGE, Reading};
