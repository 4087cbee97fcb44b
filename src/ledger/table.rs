//! The columns of the table `attempt`, and a row of it to an [`Attempt`] and back.

use super::attempt::{Attempt, AttemptStatus, Counting, Ending, Repetition};
use super::content::Content;
use super::engine::{Value, ValueRef, Values};
use super::id::{AttemptId, BatchId};
use super::key::{PayoutKey, folded};
use super::realm::Realm;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use std::collections::VecDeque;
use std::sync::Arc;

/// The columns of an attempt, in the order in which [`read`] takes them.
pub(super) const COLUMNS: &str = "attempt.id, attempt.batch, attempt.realm, attempt.host, \
attempt.payout_key, attempt.line, attempt.reference, attempt.payee, attempt.to_address, \
attempt.content, attempt.amount, attempt.number, attempt.started_at, attempt.status, \
attempt.invoice_id, attempt.accepted_amount, attempt.error_key, attempt.detail, \
attempt.http_status, attempt.finished_at, attempt.resolved_by, attempt.resolved_at, \
attempt.repeated, attempt.extra, attempt.who";

/// Adds an attempt.
pub(super) const INSERT: &str = "INSERT INTO attempt (id, seq, batch, realm, host, payout_key, \
line, reference, reference_folded, payee, currency_code, to_address, account, minor_units, \
content, amount, number, started_at, status, invoice_id, accepted_amount, error_key, detail, \
http_status, finished_at, resolved_by, resolved_at, repeated, extra, who) VALUES ($1, $2, $3, $4, \
$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, \
$25, $26, $27, $28, $29, $30)";

/// Changes what may change about an attempt.
pub(super) const UPDATE: &str = "UPDATE attempt SET status = $1, invoice_id = $2, \
accepted_amount = $3, error_key = $4, detail = $5, http_status = $6, finished_at = $7, \
resolved_by = $8, resolved_at = $9, extra = $10 WHERE id = $11";

/// RFC 3339, UTC, milliseconds: `2026-11-22T10:00:00.000Z`.
#[must_use]
pub fn encode_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads a time as it is written.
#[must_use]
pub fn decode_time(text: &str) -> Option<DateTime<Utc>> {
    as_written(text).or_else(|| Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc()))
}

/// A time exactly as [`encode_time`] writes it: there are two in every attempt, and this is the
/// faster way.
fn as_written(text: &str) -> Option<DateTime<Utc>> {
    const MARKS: [(usize, u8); 7] = [
        (4, b'-'),
        (7, b'-'),
        (10, b'T'),
        (13, b':'),
        (16, b':'),
        (19, b'.'),
        (23, b'Z'),
    ];
    let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let number = |digits: std::ops::Range<usize>| {
        let digits = bytes.get(digits)?.iter();
        digits.copied().try_fold(0u32, |number, digit| {
            let digit = char::from(digit).to_digit(10)?;
            number.checked_mul(10)?.checked_add(digit)
        })
    };
    if MARKS.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
        return None;
    }
    let year = i32::try_from(number(0..4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(5..7)?, number(8..10)?)?;
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let time = date.and_hms_milli_opt(hour, minute, second, number(20..23)?)?;
    Some(time.and_utc())
}

/// The values of [`INSERT`].
pub(super) fn insert_values(attempt: &Attempt, seq: i64) -> Values {
    let content = &attempt.content;
    let mut values: Values = vec![attempt.id.as_str().into(), Value::Integer(seq)];
    values.extend([
        attempt.batch.as_str().into(),
        attempt.realm.to_string().into(),
        (*attempt.host).into(),
        attempt.key.as_str().into(),
        Value::Integer(i64::try_from(attempt.line).unwrap_or(i64::MAX)),
        attempt.reference.as_str().into(),
        folded(&attempt.reference).into(),
        attempt.payee.as_str().into(),
        content.currency_code().into(),
        attempt.to_address.as_str().into(),
        content.account().into(),
        content.minor_units().into(),
        content.as_str().into(),
        attempt.amount.as_str().into(),
        Value::Integer(attempt.number.into()),
        encode_time(attempt.started_at).into(),
    ]);
    values.extend(ending_values(attempt));
    values.extend([
        Value::Integer((attempt.repetition == Repetition::Asked).into()),
        Value::Integer((attempt.counting == Counting::Extra).into()),
        (*attempt.who).into(),
    ]);
    values
}

/// The values of [`UPDATE`].
pub(super) fn update_values(attempt: &Attempt) -> Values {
    let mut values = ending_values(attempt);
    values.push(Value::Integer((attempt.counting == Counting::Extra).into()));
    values.push(attempt.id.as_str().into());
    values
}

fn ending_values(attempt: &Attempt) -> Values {
    let ending = &attempt.ending;
    let time =
        |time: Option<DateTime<Utc>>| time.map_or(Value::Null, |time| encode_time(time).into());
    let (resolved_by, resolved_at) = attempt.resolved.clone().unzip();
    vec![
        ending.status.as_str().into(),
        ending.invoice_id.as_str().into(),
        ending.accepted_amount.as_str().into(),
        ending.error_key.as_str().into(),
        ending.detail.as_str().into(),
        ending
            .http_status
            .map_or(Value::Null, |status| Value::Integer(status.into())),
        time(ending.finished_at),
        resolved_by.map_or(Value::Null, Value::Text),
        time(resolved_at),
    ]
}

/// Reads the values of [`COLUMNS`]; `None` if they are not those of an attempt.
pub(super) fn read(columns: &mut Columns<'_>) -> Option<Attempt> {
    let id = AttemptId::parse(columns.text()?)?;
    let batch = BatchId::parse(columns.text()?)?;
    let realm = Realm::parse(columns.text()?)?;
    let host = columns.shared()?;
    let key = PayoutKey::read(columns.text()?);
    let line = u64::try_from(columns.integer()?).ok()?;
    let reference = columns.string()?;
    let payee = columns.string()?;
    let to_address = columns.string()?;
    let content = Content::read(columns.text()?)?;
    Some(Attempt {
        id,
        batch,
        realm,
        host,
        key,
        line,
        reference,
        payee,
        to_address,
        content,
        amount: columns.string()?,
        number: u32::try_from(columns.integer()?).ok()?,
        started_at: decode_time(columns.text()?)?,
        ending: read_ending(columns)?,
        resolved: {
            let by = columns.optional_text()?.map(str::to_owned);
            let at = columns.optional_text()?.and_then(decode_time);
            by.zip(at)
        },
        repetition: match columns.integer()? {
            0 => Repetition::Refused,
            _ => Repetition::Asked,
        },
        counting: match columns.integer()? {
            0 => Counting::Counts,
            _ => Counting::Extra,
        },
        who: columns.shared()?,
    })
}

fn read_ending(columns: &mut Columns<'_>) -> Option<Ending> {
    Some(Ending {
        status: AttemptStatus::parse(columns.text()?)?,
        invoice_id: columns.string()?,
        accepted_amount: columns.string()?,
        error_key: columns.string()?,
        detail: columns.string()?,
        http_status: columns
            .optional_integer()?
            .and_then(|it| u16::try_from(it).ok()),
        finished_at: columns.optional_text()?.and_then(decode_time),
    })
}

/// How many texts are kept to be shared.
const MOST_SHARED: usize = 8;

/// Texts that row after row has in common, as the host is.
#[derive(Debug, Default)]
pub(super) struct Shared(VecDeque<Arc<str>>);

impl Shared {
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.iter().find(|it| ***it == *text) {
            return Arc::clone(known);
        }
        self.0.truncate(MOST_SHARED.saturating_sub(1));
        let new: Arc<str> = text.into();
        self.0.push_front(Arc::clone(&new));
        new
    }
}

/// The values of a row, taken from left to right.
pub(super) struct Columns<'r> {
    values: std::slice::Iter<'r, ValueRef<'r>>,
    shared: &'r mut Shared,
}

impl<'r> Columns<'r> {
    pub(super) fn new(row: &'r [ValueRef<'r>], shared: &'r mut Shared) -> Self {
        Self {
            values: row.iter(),
            shared,
        }
    }

    pub(super) fn text(&mut self) -> Option<&'r str> {
        self.optional_text()?
    }

    pub(super) fn string(&mut self) -> Option<String> {
        self.text().map(str::to_owned)
    }

    fn shared(&mut self) -> Option<Arc<str>> {
        let text = self.text()?;
        Some(self.shared.text(text))
    }

    pub(super) fn integer(&mut self) -> Option<i64> {
        self.optional_integer()?
    }

    #[expect(clippy::option_option, reason = "no column, and a column that is NULL")]
    fn optional_text(&mut self) -> Option<Option<&'r str>> {
        match self.values.next()? {
            ValueRef::Text(text) => Some(Some(text)),
            ValueRef::Null => Some(None),
            ValueRef::Integer(_) => None,
        }
    }

    #[expect(clippy::option_option, reason = "no column, and a column that is NULL")]
    fn optional_integer(&mut self) -> Option<Option<i64>> {
        match self.values.next()? {
            ValueRef::Integer(number) => Some(Some(*number)),
            ValueRef::Null => Some(None),
            ValueRef::Text(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_time_is_read_as_it_was_written_and_in_other_ways() {
        for days in [0, 365, 20_000, 59 * 365] {
            let time =
                DateTime::UNIX_EPOCH + TimeDelta::days(days) + TimeDelta::milliseconds(86_399_007);
            let text = encode_time(time);
            assert_eq!(as_written(&text), Some(time), "{text}");
            assert_eq!(decode_time(&text.replace('Z', "+00:00")), Some(time));
        }
        for text in [
            "2026-02-30T10:00:00.000Z",
            "2026-01-01T10:00:00.0000",
            "2026-01-01 10:00:00.000Z",
            "",
        ] {
            assert_eq!(as_written(text), None, "{text}");
        }
    }
}
