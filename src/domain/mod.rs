//! The values of the field, without any I/O: what a payout is and what can become of it.

pub mod currency;

pub use currency::{Currency, Listing, Network};
