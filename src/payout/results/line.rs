//! A line of a results file is one attempt, always whole.

use crate::domain::escape::escape_cell;
use crate::ledger::table::encode_time;
use crate::ledger::{Attempt, AttemptStatus};

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
pub const IN_FLIGHT: &str = "in_flight";

/// The buffer of one line. The library's own is so large that memory for it costs more than all the
/// rest, of a line each.
const BUFFER_BYTES: usize = 512;

/// The fields of an attempt, as [`COLUMNS`] names them.
///
/// An attempt under way has neither detail nor end, so that the line that takes its place is never
/// shorter.
#[must_use]
pub fn fields(attempt: &Attempt) -> [String; 17] {
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
        attempt.line.to_string(),
        escape_cell(&attempt.reference),
        escape_cell(&attempt.payee),
        attempt.content.currency_code().to_owned(),
        attempt.to_address.clone(),
        attempt.amount.clone(),
        attempt.number.to_string(),
        escape_cell(&attempt.host),
        encode_time(attempt.started_at),
        status.to_string(),
        ending.invoice_id.clone(),
        ending.accepted_amount.clone(),
        error_key.to_owned(),
        ending.detail.clone(),
        http_status.unwrap_or_default(),
        ending.finished_at.map(encode_time).unwrap_or_default(),
        attempt.id.to_string(),
    ]
}

/// The line of an attempt, with its line break.
#[must_use]
pub fn encode(attempt: &Attempt) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(BUFFER_BYTES)
        .from_writer(Vec::new());
    // A Vec takes every byte, and a record of text into it cannot fail.
    let written = writer.write_record(fields(attempt)).is_ok();
    debug_assert!(written, "a record written to memory");
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// The id of a line that says that its request may be on its way.
pub(super) fn is_in_flight(line: &str) -> Option<&str> {
    let (rest, id) = line.trim_end_matches('\n').rsplit_once(',')?;
    rest.ends_with(",unknown,,,in_flight,,,").then_some(id)
}
