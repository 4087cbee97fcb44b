//! Attempts of the history, as lines to read, as CSV and as JSON. Each names its realm.

use super::report::{self, Sums};
use super::{events, json, table};
use crate::domain::escape::{escape, escape_cell};
use crate::domain::{Currency, Dialect, State};
use crate::ledger::attempt::{Counting, Repetition};
use crate::ledger::table::encode_time;
use crate::ledger::{Attempt, BatchPath};
use crate::payout::results::line::fields;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

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
    let mut text = format!(
        "{:24}  {:15}  {:11}  {:20}  {}{payee}",
        encode_time(attempt.started_at),
        attempt.realm.to_string(),
        ending.status,
        note,
        report::attempted(attempt),
    );
    if !ending.accepted_amount.is_empty() {
        let _ = write!(text, "; accepted: {}", ending.accepted_amount);
    }
    if let Some((who, at)) = &attempt.resolved {
        let at = encode_time(*at);
        let _ = write!(text, "; resolved by {} at {at}", escape(who));
    }
    text
}

/// How many attempts were shown and what they come to, for each realm.
#[derive(Debug, Default)]
pub struct Shown(BTreeMap<String, (u64, Sums)>);

impl Shown {
    /// Counts an attempt.
    pub fn add(&mut self, attempt: &Attempt) {
        let (count, sums) = self.0.entry(attempt.realm.to_string()).or_default();
        *count = count.saturating_add(1);
        sums.add_attempt(State::from(attempt.status()), attempt);
    }

    /// Whether none was shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("No attempts found.");
        }
        let of_realm = |(realm, (count, sums)): (&String, &(u64, Sums))| {
            let count = report::counted(*count, "attempt", "attempts");
            format!("{realm}: {count}{}", report::sums(sums))
        };
        let lines: Vec<String> = self.0.iter().map(of_realm).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// The columns of the CSV: first what accounting programs import, then the rest of the record.
const COLUMNS: [&str; 27] = [
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
    "results",
    "resolved_by",
    "resolved_at",
    "repeated",
    "extra",
];

/// The first line of the CSV.
#[must_use]
pub fn csv_header(dialect: Dialect) -> String {
    table::csv(&COLUMNS, std::iter::empty::<[String; 0]>(), dialect)
}

/// An attempt as a line of CSV, with the results file of its batch.
#[must_use]
pub fn csv(attempt: &Attempt, file: Option<&BatchPath>, dialect: Dialect) -> String {
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
    let (resolved_by, resolved_at) = attempt.resolved.clone().unzip();
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
        escape_cell(file.map_or("", |file| &file.path)).into(),
        escape_cell(&resolved_by.unwrap_or_default()).into(),
        resolved_at.map_or_else(String::new, encode_time).into(),
        is_repeated(attempt).to_string().into(),
        is_extra(attempt).to_string().into(),
    ];
    let fields = fields.iter().map(|field| field.as_bytes());
    table::lines([fields], dialect).trim_end().to_owned()
}

/// An attempt as a line of JSON, with the results file of its batch.
#[must_use]
pub fn json(attempt: &Attempt, file: Option<&BatchPath>) -> String {
    let (resolved_by, resolved_at) = attempt.resolved.clone().unzip();
    let mut event = events::attempt(attempt);
    event["type"] = "attempt".into();
    event["realm"] = attempt.realm.to_string().into();
    event["batch"] = attempt.batch.as_str().into();
    event["who"] = (*attempt.who).into();
    event["results"] = file.map(|file| file.path.as_str()).into();
    event["resolved_by"] = resolved_by.into();
    event["resolved_at"] = resolved_at.map(encode_time).into();
    event["repeated"] = is_repeated(attempt).into();
    event["extra"] = is_extra(attempt).into();
    json::line(&event)
}

fn is_repeated(attempt: &Attempt) -> bool {
    attempt.repetition == Repetition::Asked
}

fn is_extra(attempt: &Attempt) -> bool {
    attempt.counting == Counting::Extra
}
