//! Submits the payouts of a batch one by one. The ledger decides what may be sent; the results file
//! is its copy for people.

pub mod gateway;
pub mod open;
pub mod pacer;
pub mod plan;
pub mod publish;
pub mod results;
pub mod run;
pub mod states;
pub mod stop;
pub mod submit;
