//! CryptoCloud's withdrawal API: the client that sends each request once and only once, and the
//! reading of its answers.

pub mod classify;
pub mod client;
mod connection;
mod endpoint;
mod error_body;
mod invoice;
mod json;
mod page;
