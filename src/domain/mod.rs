//! The values of the field, without any I/O: what a payout is and what can become of it.

pub mod amount;
pub mod batch;
pub mod currency;
pub mod dialect;
pub mod escape;
pub mod finding;
pub mod halt;
pub mod outcome;
pub mod payout;
pub mod state;

pub use amount::{Amount, AmountError};
pub use batch::{Batch, MinorUnits, Totals};
pub use currency::{Currency, Listing, Network};
pub use dialect::{DecimalMark, Dialect};
pub use finding::{Column, Finding, FindingCounts, Related, Severity};
pub use halt::{Halt, HaltCheck, HaltPolicy, Next};
pub use outcome::{Cause, Outcome, Verdict, named_invoice_id, own_key};
pub use payout::Payout;
pub use state::{State, StateCounts};
