//! An event is a value as one line of JSON, for a program.

use super::report::{PlanReport, Summary};
use crate::domain::escape::is_unsafe;
use crate::domain::{Batch, Currency, FindingCounts, Payout, Severity, Standing, Totals};
use crate::exit::Exit;
use crate::payout::results::Attempt;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// An event as one line of JSON, in which nothing can steer a terminal: JSON's own escapes stand
/// for whatever could.
#[must_use]
pub fn line(event: &Value) -> String {
    let mut line = String::new();
    for c in event.to_string().chars() {
        if is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(c);
        }
    }
    line
}

/// The plan.
#[must_use]
pub fn plan(plan: &PlanReport) -> Value {
    let census = &plan.census;
    json!({
        "type": "plan",
        "input": plan.input,
        "results": plan.results,
        "api": plan.api,
        "fingerprint": plan.fingerprint,
        "to_submit": plan.to_submit.count(),
        "created": census.created,
        "rejected": census.rejected,
        "in_doubt": census.in_doubt,
        "beyond_limit": plan.beyond_limit,
        "warnings": plan.warnings,
        "notices": plan.notices,
        "totals": totals(&plan.to_submit),
        "interval_seconds": plan.interval.as_secs_f64(),
        "ends_at": plan.ends_at,
    })
}

/// Count and sum per currency.
fn totals(totals: &Totals) -> Value {
    totals
        .iter()
        .map(|(currency, count, sum)| {
            json!({"currency_code": currency.code(), "count": count, "amount": sum.to_string()})
        })
        .collect()
}

/// An attempt: the fields of its line in the results file.
#[must_use]
pub fn attempt(attempt: &Attempt) -> Value {
    let (intent, ending) = (&attempt.intent, &attempt.ending);
    json!({
        "type": "payout",
        "line": intent.line,
        "reference": intent.reference,
        "currency_code": intent.currency_code,
        "to_address": intent.to_address,
        "amount": intent.amount,
        "attempt": intent.attempt,
        "api": intent.api,
        "started_at": intent.started_at,
        "status": ending.status.as_str(),
        "invoice_id": ending.invoice_id,
        "accepted_amount": ending.accepted_amount,
        "error_key": ending.error_key,
        "detail": ending.detail,
        "http_status": ending.http_status,
        "finished_at": ending.finished_at,
    })
}

/// Where a batch stands at the end of a run.
#[must_use]
pub fn summary(summary: &Summary, exit: Exit) -> Value {
    let census = &summary.census;
    json!({
        "type": "summary",
        "created": census.created,
        "rejected": census.rejected,
        "not_created": census.not_created,
        "in_doubt": census.in_doubt,
        "pending": census.pending,
        "stopped": summary.stopped,
        "results": summary.results,
        "in_doubt_lines": summary.doubts.iter().map(|doubt| doubt.payout.line).collect::<Vec<_>>(),
        "exit_status": exit.code(),
    })
}

/// How many findings there were, when nothing is sent because of them.
#[must_use]
pub fn refused(counts: &FindingCounts) -> Value {
    let kinds = |severity| -> Map<String, Value> {
        let kinds = counts.by_kind(severity).into_iter();
        kinds
            .map(|(kind, count)| (kind.to_owned(), count.into()))
            .collect()
    };
    json!({
        "type": "summary",
        "errors": counts.errors(),
        "warnings": counts.warnings(),
        "error_kinds": kinds(Severity::Error),
        "warning_kinds": kinds(Severity::Warning),
        "exit_status": Exit::InputInvalid.code(),
    })
}

/// The names of the columns of a payout's standing, in CSV and JSON alike.
const STANDING_COLUMNS: [&str; 10] = [
    "line",
    "reference",
    "currency_code",
    "to_address",
    "amount",
    "standing",
    "attempts",
    "invoice_id",
    "error_key",
    "detail",
];

fn standing_fields(payout: &Payout, standing: &Standing) -> [String; 10] {
    [
        payout.line.to_string(),
        payout.reference.clone(),
        payout.currency.to_string(),
        payout.to_address.clone(),
        payout.amount.to_string(),
        standing.state.to_string(),
        standing.attempts.to_string(),
        standing.invoice_id.clone(),
        standing.error_key.clone(),
        standing.detail.clone(),
    ]
}

/// Where one payout stands.
#[must_use]
pub fn standing(payout: &Payout, standing: &Standing) -> Value {
    let mut event = json!({"type": "payout"});
    for (name, field) in STANDING_COLUMNS
        .iter()
        .zip(standing_fields(payout, standing))
    {
        event[name] = match *name {
            "line" => payout.line.into(),
            "attempts" => standing.attempts.into(),
            _ => field.into(),
        };
    }
    event
}

/// Where every payout stands, as CSV.
#[must_use]
pub fn standings_csv(batch: &Batch, standings: &[Standing]) -> String {
    let rows = batch.payouts.iter().zip(standings);
    csv_text(
        &STANDING_COLUMNS,
        rows.map(|(payout, standing)| standing_fields(payout, standing).to_vec()),
    )
}

const CURRENCY_COLUMNS: [&str; 4] = ["code", "network", "chain", "decimals"];

/// A currency.
#[must_use]
pub fn currency(currency: Currency) -> Value {
    json!({
        "type": "currency",
        "code": currency.code(),
        "network": currency.network().to_string(),
        "chain": currency.chain(),
        "decimals": currency.decimals(),
    })
}

/// The currencies, as CSV.
#[must_use]
pub fn currencies_csv() -> String {
    csv_text(
        &CURRENCY_COLUMNS,
        Currency::all().map(|currency| {
            vec![
                currency.code().to_owned(),
                currency.network().to_string(),
                currency.chain().to_owned(),
                currency.decimals().to_string(),
            ]
        }),
    )
}

fn csv_text(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(header);
    for row in rows {
        let _ = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_lossless_and_harmless() {
        let event = json!({"value": "a\u{202e}b\u{e0001}\u{1b}é"});
        let text = line(&event);
        assert_eq!(text, r#"{"value":"a\u202eb\udb40\udc01\u001bé"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), event);
    }
}
