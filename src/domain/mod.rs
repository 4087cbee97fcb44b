//! The values of the field, without any I/O: what a payout is and what can become of it.

pub mod amount;
pub mod batch;
pub mod currency;
pub mod finding;
pub mod payout;

pub use amount::{Amount, AmountError};
pub use batch::{Batch, Totals};
pub use currency::{Currency, Listing, Network};
pub use finding::{Column, Finding, Severity};
pub use payout::Payout;
