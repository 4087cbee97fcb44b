//! Submits the payouts of a batch one by one, and keeps the record that none is ever submitted
//! twice.

pub mod disk;
pub mod gateway;
pub mod journal;
pub mod pacer;
pub mod plan;
pub mod results;
pub mod stop;
pub mod submit;
