//! A line of a results file is one attempt, always whole.

use crate::domain::escape::escape_cell;
use crate::ledger::table::encode_time;
use crate::ledger::{Attempt, AttemptStatus};
use std::borrow::Cow;

/// The names of the columns.
pub const COLUMNS: [&str; 17] = [
    "line",
    "reference",
    "payee",
    "currency_code",
    "to_address",
    "amount",
    "attempt",
    "api",
    "started_at",
    "status",
    "invoice_id",
    "accepted_amount",
    "error_key",
    "detail",
    "http_status",
    "finished_at",
    "id",
];

/// The first line of every results file.
pub const HEADER: &str = "line,reference,payee,currency_code,to_address,amount,attempt,api,\
started_at,status,invoice_id,accepted_amount,error_key,detail,http_status,finished_at,id\n";

/// The `error_key` of a line whose request may be on its way.
pub(super) const IN_FLIGHT: &str = "in_flight";

/// The fields of an attempt, as [`COLUMNS`] names them.
///
/// An attempt under way has neither detail nor end, so that the line that takes its place is never
/// shorter.
#[must_use]
pub fn fields(attempt: &Attempt) -> [Cow<'_, str>; 17] {
    let ending = &attempt.ending;
    let (status, error_key) = match ending.status {
        AttemptStatus::Submitting => (AttemptStatus::Unknown, IN_FLIGHT),
        AttemptStatus::Created
        | AttemptStatus::Rejected
        | AttemptStatus::NotCreated
        | AttemptStatus::Unknown => (ending.status, ending.error_key.as_str()),
    };
    let http_status = ending.http_status.map(|status| status.to_string());
    [
        attempt.line.to_string().into(),
        escape_cell(&attempt.reference).into(),
        escape_cell(&attempt.payee).into(),
        attempt.content.currency_code().into(),
        attempt.to_address.as_str().into(),
        attempt.amount.as_str().into(),
        attempt.number.to_string().into(),
        escape_cell(&attempt.host).into(),
        encode_time(attempt.started_at).into(),
        status.as_str().into(),
        ending.invoice_id.as_str().into(),
        ending.accepted_amount.as_str().into(),
        error_key.into(),
        ending.detail.as_str().into(),
        http_status.unwrap_or_default().into(),
        ending
            .finished_at
            .map(encode_time)
            .unwrap_or_default()
            .into(),
        attempt.id.as_str().into(),
    ]
}

/// The line of an attempt, with its line break.
#[must_use]
pub fn encode(attempt: &Attempt) -> String {
    encode_all([attempt])
}

/// The lines of attempts, in their order.
pub(super) fn encode_all<'a>(attempts: impl IntoIterator<Item = &'a Attempt>) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    for attempt in attempts {
        // A Vec takes every byte, and a record of text into it cannot fail.
        let written = writer.write_record(fields(attempt).iter().map(|field| field.as_bytes()));
        debug_assert!(written.is_ok(), "a record written to memory");
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// The id of a line that says that its request may be on its way.
pub(super) fn is_in_flight(line: &str) -> Option<&str> {
    let (rest, id) = line.trim_end_matches('\n').rsplit_once(',')?;
    rest.ends_with(",unknown,,,in_flight,,,").then_some(id)
}
