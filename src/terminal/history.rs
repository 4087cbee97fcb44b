//! Attempts of the history, as lines to read, as CSV and as JSON. Each names its realm.

use super::{events, json, table};
use crate::domain::escape::{escape, escape_cell};
use crate::domain::{Currency, Dialect};
use crate::ledger::Attempt;
use crate::ledger::table::encode_time;
use crate::payout::results::line::fields;
use std::borrow::Cow;

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

/// The columns of the CSV: first what accounting programs import, then the rest of the record.
const COLUMNS: [&str; 22] = [
    "date",
    "payee",
    "reference",
    "amount",
    "currency_code",
    "network",
    "to_address",
    "invoice_id",
    "status",
    "accepted_amount",
    "error_key",
    "detail",
    "realm",
    "batch",
    "who",
    "line",
    "attempt",
    "api",
    "started_at",
    "http_status",
    "finished_at",
    "id",
];

/// The first line of the CSV.
#[must_use]
pub fn csv_header(dialect: Dialect) -> String {
    table::csv(&COLUMNS, std::iter::empty::<[String; 0]>(), dialect)
}

/// An attempt as a line of CSV.
#[must_use]
pub fn csv(attempt: &Attempt, dialect: Dialect) -> String {
    let [
        line,
        reference,
        payee,
        code,
        to_address,
        amount,
        number,
        api,
        started_at,
        status,
        invoice_id,
        accepted_amount,
        error_key,
        detail,
        http_status,
        finished_at,
        id,
    ] = fields(attempt);
    let date = attempt.started_at.format("%Y-%m-%d").to_string();
    let network = Currency::from_code(&code).map_or("", Currency::chain);
    let mark = dialect.decimal_mark;
    let fields: [Cow<'_, str>; COLUMNS.len()] = [
        date.into(),
        payee,
        reference,
        mark.show(&amount).into(),
        code,
        network.into(),
        to_address,
        invoice_id,
        status,
        mark.show(&accepted_amount).into(),
        error_key,
        detail,
        attempt.realm.to_string().into(),
        attempt.batch.as_str().into(),
        escape_cell(&attempt.who).into(),
        line,
        number,
        api,
        started_at,
        http_status,
        finished_at,
        id,
    ];
    let fields = fields.iter().map(|field| field.as_bytes());
    table::lines([fields], dialect).trim_end().to_owned()
}

/// An attempt as a line of JSON.
#[must_use]
pub fn json(attempt: &Attempt) -> String {
    let mut event = events::attempt(attempt);
    event["type"] = "attempt".into();
    event["realm"] = attempt.realm.to_string().into();
    event["batch"] = attempt.batch.as_str().into();
    event["who"] = (*attempt.who).into();
    json::line(&event)
}
