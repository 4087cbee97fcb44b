//! Attempts of the history, as lines to read, as CSV and as JSON. Each names its realm.

use super::events;
use crate::domain::escape::{escape, escape_cell};
use crate::ledger::Attempt;
use crate::ledger::table::encode_time;
use crate::payout::results::line::{HEADER, encode};

/// The first line to read.
pub const HUMAN_HEADER: &str =
    "begun                     realm            status       invoice or error      payout";

/// An attempt as a line to read.
#[must_use]
pub fn human(attempt: &Attempt) -> String {
    let ending = &attempt.ending;
    let note = match ending.invoice_id.as_str() {
        "" => &ending.error_key,
        id => id,
    };
    let payee = match attempt.payee.as_str() {
        "" => String::new(),
        payee => format!(", {}", escape(payee)),
    };
    format!(
        "{:24}  {:15}  {:11}  {:20}  {}{payee}",
        encode_time(attempt.started_at),
        attempt.realm.to_string(),
        ending.status,
        note,
        super::report::attempted(attempt),
    )
}

/// The header of the CSV.
#[must_use]
pub fn csv_header() -> String {
    format!("realm,batch,who,{}", HEADER.trim_end())
}

/// An attempt as a line of CSV.
#[must_use]
pub fn csv(attempt: &Attempt) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let (realm, who) = (attempt.realm.to_string(), escape_cell(&attempt.who));
    // Nothing can go wrong in memory.
    let _ = writer.write_record([realm.as_str(), attempt.batch.as_str(), &who]);
    let own = writer.into_inner().unwrap_or_default();
    let own = String::from_utf8_lossy(&own).trim_end().to_owned();
    format!("{own},{}", encode(attempt).trim_end())
}

/// An attempt as a line of JSON.
#[must_use]
pub fn json(attempt: &Attempt) -> String {
    let mut event = events::attempt(attempt);
    event["type"] = "attempt".into();
    event["realm"] = attempt.realm.to_string().into();
    event["batch"] = attempt.batch.as_str().into();
    event["who"] = attempt.who.as_str().into();
    events::line(&event)
}
