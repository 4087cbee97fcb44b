//! An event is a value as one line of JSON, for a program.

use super::report::{
    PaidAgain, PlanReport, Recipients, StatusRow, Summary, Sums, attempted_when, other_payout,
};
use super::table;
use crate::domain::escape::escape_cell;
use crate::domain::{Currency, DecimalMark, Dialect, FindingCounts, Severity, Totals};
use crate::exit::Exit;
use crate::ledger::{Attempt, AttemptStatus, Ending};
use crate::payout::plan::{attempt_of, state_of};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// The version of what the events hold, which each of them carries. A field that is new leaves it as
/// it is; one that is gone or means something else does not. `docs/events.schema.json` has them all.
pub(super) const VERSION: u8 = 1;

/// Fields as an event of this type.
fn event(kind: &str, mut fields: Value) -> Value {
    fields["type"] = kind.into();
    fields["version"] = VERSION.into();
    fields
}

/// Items that are made JSON one after the other: a plan may have a million of them.
struct InTurn<'a, T, J>(&'a [T], fn(&'a T) -> J);

impl<T, J: Serialize> Serialize for InTurn<'_, T, J> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

/// The plan.
#[must_use]
pub fn plan<'a>(plan: &'a PlanReport<'_>) -> impl Serialize + 'a {
    #[derive(Serialize)]
    struct Event<'a> {
        #[serde(flatten)]
        short: Value,
        new_recipients: NewRecipients<'a>,
        repeated: InTurn<'a, PaidAgain, Value>,
        paid_alike: InTurn<'a, PaidAgain, Value>,
    }
    let counts = &plan.counts;
    let fields = json!({
        "input": plan.input,
        "results": plan.results,
        "config": plan.config,
        "api": plan.api,
        "fingerprint": plan.fingerprint,
        "to_submit": plan.to_submit.count(),
        "created": counts.created,
        "rejected": counts.rejected,
        "in_doubt": counts.in_doubt,
        "created_before": plan.created_before.iter().map(created_before).collect::<Vec<_>>(),
        "beyond_limit": plan.beyond_limit,
        "left_out": plan.left_out,
        "warnings": plan.warnings,
        "notices": plan.notices,
        "totals": totals(&plan.to_submit),
        "interval_seconds": plan.interval.as_secs_f64(),
        "takes_seconds": plan.takes.as_secs(),
        "ends_at": plan.ends_at,
    });
    Event {
        short: event("plan", fields),
        new_recipients: NewRecipients(plan.new_recipients),
        repeated: InTurn(&plan.repeated, paid_again),
        paid_alike: InTurn(&plan.paid_alike, paid_again),
    }
}

/// Count and sum per currency, by state.
fn sums(sums: &Sums) -> Value {
    let sums = sums.iter();
    sums.map(|(state, of)| (state.as_str().to_owned(), totals(of)))
        .collect::<Map<_, _>>()
        .into()
}

/// Who was never paid before. They are made while they are written: there may be a million.
struct NewRecipients<'a>(Recipients<'a>);

impl Serialize for NewRecipients<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Recipient {
            line: u64,
            payee: String,
            to_address: String,
        }
        let Recipients { payouts, places } = self.0;
        let recipients = payouts.at(places).map(|payout| Recipient {
            line: payout.line,
            payee: payout.payee,
            to_address: payout.to_address,
        });
        serializer.collect_seq(recipients)
    }
}

/// A row that pays what was paid before.
fn paid_again(row: &PaidAgain) -> Value {
    json!({
        "line": row.line,
        "paid_at": row.before.started_at,
        "reference": row.before.reference,
        "invoice_id": row.before.ending.invoice_id,
        "results": row.file,
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

/// Payouts that were created before.
fn created_before(before: &super::report::CreatedBefore) -> Value {
    json!({"count": before.count, "results": before.file, "newest": before.newest})
}

/// An attempt: the fields of its line in the results file.
#[must_use]
pub fn attempt(attempt: &Attempt) -> Value {
    event("payout", attempt_fields(attempt))
}

/// An attempt whose outcome could not be recorded everywhere.
#[must_use]
pub fn unrecorded(attempt: &Attempt) -> Value {
    event("unrecorded", attempt_fields(attempt))
}

fn attempt_fields(attempt: &Attempt) -> Value {
    let ending = &attempt.ending;
    let status = match ending.status {
        AttemptStatus::Submitting => AttemptStatus::Unknown,
        AttemptStatus::Created
        | AttemptStatus::Rejected
        | AttemptStatus::NotCreated
        | AttemptStatus::Unknown => ending.status,
    };
    json!({
        "id": attempt.id.as_str(),
        "line": attempt.line,
        "reference": attempt.reference,
        "payee": attempt.payee,
        "currency_code": attempt.content.currency_code(),
        "to_address": attempt.to_address,
        "amount": attempt.amount,
        "attempt": attempt.number,
        "api": &*attempt.host,
        "started_at": attempt.started_at,
        "status": status.as_str(),
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
    let counts = &summary.counts;
    let doubts = summary.doubts.iter();
    let fields = json!({
        "created": counts.created,
        "created_before": summary.created_before.iter().map(created_before).collect::<Vec<_>>(),
        "created_without_row": summary.created_without_row,
        "rejected": counts.rejected,
        "not_created": counts.not_created,
        "in_doubt": counts.in_doubt,
        "pending": counts.pending,
        "left_out": summary.left_out,
        "refused": counts.refused,
        "sums": sums(&summary.sums),
        "took_seconds": summary.took.map(|took| took.as_secs()),
        "stopped": summary.stopped,
        "at_work": summary.is_at_work,
        "results": summary.results,
        "in_doubt_lines": doubts.map(|doubt| doubt.line).collect::<Vec<_>>(),
        "exit_status": exit.code(),
    });
    event("summary", fields)
}

/// How many findings there were, when nothing is sent because of them.
#[must_use]
pub fn refused(counts: &FindingCounts, exit: Exit) -> Value {
    let kinds = |severity| -> Map<String, Value> {
        let kinds = counts.by_kind(severity).into_iter();
        kinds
            .map(|(kind, count)| (kind.to_owned(), count.into()))
            .collect()
    };
    let fields = json!({
        "errors": counts.errors(),
        "warnings": counts.warnings(),
        "error_kinds": kinds(Severity::Error),
        "warning_kinds": kinds(Severity::Warning),
        "exit_status": exit.code(),
    });
    event("summary", fields)
}

/// The names of the columns of a payout's state, in CSV and JSON alike.
const STATE_COLUMNS: [&str; 13] = [
    "line",
    "reference",
    "payee",
    "currency_code",
    "to_address",
    "amount",
    "state",
    "attempts",
    "invoice_id",
    "accepted_amount",
    "error_key",
    "detail",
    "id",
];

fn state_fields(row: &StatusRow<'_>, mark: DecimalMark) -> [String; 13] {
    let (payout, state) = row;
    let attempt = attempt_of(state).copied();
    let of_ending = |field: fn(&Ending) -> &String| {
        attempt.map_or_else(String::new, |attempt| field(&attempt.ending).clone())
    };
    [
        payout.line.to_string(),
        payout.reference.clone(),
        escape_cell(&payout.payee),
        payout.currency.to_string(),
        payout.to_address.clone(),
        mark.show(&payout.amount.to_string()),
        state_of(state).to_string(),
        attempt.map_or(0, |attempt| attempt.number).to_string(),
        of_ending(|it| &it.invoice_id),
        mark.show(&of_ending(|it| &it.accepted_amount)),
        of_ending(|it| &it.error_key),
        {
            let other = other_payout(row);
            let told = other.map(|(words, it)| format!("{words}: {}", attempted_when(it)));
            let told = told.into_iter().chain([of_ending(|it| &it.detail)]);
            let told: Vec<_> = told.filter(|it| !it.is_empty()).collect();
            told.join("; ")
        },
        attempt.map_or(String::new(), |attempt| attempt.id.to_string()),
    ]
}

/// Where one payout stands.
#[must_use]
pub fn state(row: &StatusRow<'_>) -> Value {
    let mut fields = json!({});
    let (payout, state) = row;
    for (name, field) in STATE_COLUMNS
        .iter()
        .zip(state_fields(row, DecimalMark::Point))
    {
        fields[name] = match *name {
            "line" => payout.line.into(),
            "attempts" => attempt_of(state).map_or(0, |it| it.number).into(),
            "payee" => payout.payee.as_str().into(),
            _ => field.into(),
        };
    }
    event("payout", fields)
}

/// The header of where every payout stands, as CSV.
#[must_use]
pub fn states_csv_header(dialect: Dialect) -> String {
    let no_rows: [[String; 0]; 0] = [];
    table::csv(&STATE_COLUMNS, no_rows, dialect)
}

/// Where some payouts stand, as CSV.
#[must_use]
pub fn states_csv(rows: &[StatusRow<'_>], dialect: Dialect) -> String {
    let rows = rows
        .iter()
        .map(|row| state_fields(row, dialect.decimal_mark));
    table::lines(rows, dialect)
}

const CURRENCY_COLUMNS: [&str; 4] = ["code", "network", "chain", "decimals"];

/// A currency.
#[must_use]
pub fn currency(currency: Currency) -> Value {
    let fields = json!({
        "code": currency.code(),
        "network": currency.network().to_string(),
        "chain": currency.chain(),
        "decimals": currency.decimals(),
    });
    event("currency", fields)
}

/// The currencies, as CSV.
#[must_use]
pub fn currencies_csv() -> String {
    let rows = Currency::all().map(|currency| {
        [
            currency.code().to_owned(),
            currency.network().to_string(),
            currency.chain().to_owned(),
            currency.decimals().to_string(),
        ]
    });
    table::csv(&CURRENCY_COLUMNS, rows, Dialect::default())
}
