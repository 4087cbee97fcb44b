//! What a person or a program gets to see: texts and events made of values, and the streams
//! they go to.

pub mod bar;
pub mod events;
pub mod findings;
pub mod history;
pub mod json;
pub mod payees;
pub mod refusals;
pub mod report;
mod table;
pub mod ui;
