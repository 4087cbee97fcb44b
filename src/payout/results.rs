//! The results file is the record and the write-ahead log in one; here is its text, both ways,
//! and the fold from its lines to the standing of every payout.
//!
//! A line is an attempt. Its first eight fields with the comma after them are the [`Intent`],
//! the rest with the newline is the [`Ending`]. A line is only right if it is byte for byte what
//! this program would have written, so that an edit by another program never goes unseen.

use crate::domain::escape::{cut, escape, escape_cell};
use crate::domain::{Batch, Outcome, Payout, Standing, State, Status};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use std::fmt;

/// The first line of every results file.
pub const HEADER: &str = "line,reference,currency_code,to_address,amount,attempt,api,started_at,\
status,invoice_id,accepted_amount,error_key,detail,http_status,finished_at\n";

/// How many fields are written before the request leaves.
const INTENT_FIELDS: usize = 8;

/// How many fields are written when the answer is in.
const ENDING_FIELDS: usize = 7;

/// The longest `detail`, in characters: enough for a sentence, too little to drown the table.
pub const MAX_DETAIL_CHARS: usize = 200;

/// A request that was answered has arrived by this long after its start.
pub const LATEST_ARRIVAL: TimeDelta = TimeDelta::seconds(1);

/// The `detail` of a line that an operator appended.
pub const RESOLVED: &str = "resolved by operator";

/// The `error_key` of a payout whose answer was never recorded.
pub const INTERRUPTED: &str = "interrupted";

/// What is on disk before a request leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The input's line.
    pub line: u64,
    /// The payer's own id.
    pub reference: String,
    /// The currency's code.
    pub currency_code: String,
    /// The recipient.
    pub to_address: String,
    /// The amount, as it stands in the input.
    pub amount: String,
    /// Counts from 1 for each payout.
    pub attempt: u32,
    /// The host that is paid through, or `sandbox`.
    pub api: String,
    /// When the attempt began.
    pub started_at: DateTime<Utc>,
}

/// What is on disk once the answer is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// What became of the attempt.
    pub status: Status,
    /// The API's id, when created.
    pub invoice_id: String,
    /// The amount the API accepted, where it differs.
    pub accepted_amount: String,
    /// Why not, in one word.
    pub error_key: String,
    /// Why not, in more words.
    pub detail: String,
    /// The HTTP status, where an answer came.
    pub http_status: Option<u16>,
    /// When the answer was in, or it was clear that none would come.
    pub finished_at: DateTime<Utc>,
}

/// A whole line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its first half.
    pub intent: Intent,
    /// Its second half.
    pub ending: Ending,
}

impl Intent {
    /// The intent to submit a payout.
    #[must_use]
    pub fn new(payout: &Payout, attempt: u32, api: &str, started_at: DateTime<Utc>) -> Self {
        Self {
            line: payout.line,
            reference: payout.reference.clone(),
            currency_code: payout.currency.code().to_owned(),
            to_address: payout.to_address.clone(),
            amount: payout.amount.to_string(),
            attempt,
            api: api.to_owned(),
            started_at,
        }
    }

    /// Its bytes, with the comma after the last field.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = encode_record(&[
            &self.line.to_string(),
            &self.reference,
            &self.currency_code,
            &self.to_address,
            &self.amount,
            &self.attempt.to_string(),
            &self.api,
            &encode_time(self.started_at),
        ]);
        text.push(',');
        text
    }

    fn decode(fields: &[String]) -> Option<Self> {
        let [
            line,
            reference,
            currency_code,
            to_address,
            amount,
            attempt,
            api,
            started_at,
        ] = fields
        else {
            return None;
        };
        Some(Self {
            line: line.parse().ok()?,
            reference: reference.clone(),
            currency_code: currency_code.clone(),
            to_address: to_address.clone(),
            amount: amount.clone(),
            attempt: attempt.parse().ok()?,
            api: api.clone(),
            started_at: decode_time(started_at)?,
        })
    }

    /// Whether a payout still reads as it did when this was written.
    #[must_use]
    pub fn is_of(&self, payout: &Payout) -> bool {
        self.line == payout.line
            && self.reference == payout.reference
            && self.currency_code == payout.currency.code()
            && self.to_address == payout.to_address
            && self.amount == payout.amount.to_string()
    }
}

impl Ending {
    /// The ending of an attempt that had this outcome.
    #[must_use]
    pub fn new(outcome: &Outcome, finished_at: DateTime<Utc>) -> Self {
        let mut detail = escape_cell(&outcome.short_detail(MAX_DETAIL_CHARS));
        if detail == RESOLVED {
            detail.insert(0, '\''); // Only an operator's verdict may read like one.
        }
        Self {
            status: outcome.status(),
            invoice_id: escape_cell(outcome.invoice_id()),
            accepted_amount: outcome
                .accepted_amount()
                .map_or(String::new(), |a| a.to_string()),
            error_key: escape_cell(cut(&outcome.error_key, MAX_DETAIL_CHARS)),
            detail,
            http_status: outcome.http_status,
            finished_at,
        }
    }

    /// The ending that an operator decided on, having looked: created under this id, or
    /// not created.
    #[must_use]
    pub fn verdict(invoice_id: Option<&str>, finished_at: DateTime<Utc>) -> Self {
        Self {
            status: if invoice_id.is_some() {
                Status::Created
            } else {
                Status::NotCreated
            },
            invoice_id: escape_cell(invoice_id.unwrap_or_default()),
            accepted_amount: String::new(),
            error_key: String::new(),
            detail: RESOLVED.to_owned(),
            http_status: None,
            finished_at,
        }
    }

    /// The ending of an attempt whose answer was never recorded. `remains` is what can still be
    /// read of it: an invoice id may be among it.
    #[must_use]
    pub fn interrupted(remains: &str, finished_at: DateTime<Utc>) -> Self {
        let mut detail = "the run ended before the answer was recorded".to_owned();
        if !remains.is_empty() {
            detail.push_str("; what can be read of it: ");
            detail.push_str(&escape(cut(remains, MAX_DETAIL_CHARS / 2)));
        }
        Self {
            status: Status::Unknown,
            invoice_id: String::new(),
            accepted_amount: String::new(),
            error_key: INTERRUPTED.to_owned(),
            detail,
            http_status: None,
            finished_at,
        }
    }

    /// Its bytes, with the newline.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = encode_record(&[
            self.status.as_str(),
            &self.invoice_id,
            &self.accepted_amount,
            &self.error_key,
            &self.detail,
            &self
                .http_status
                .map_or(String::new(), |status| status.to_string()),
            &encode_time(self.finished_at),
        ]);
        text.push('\n');
        text
    }

    fn decode(fields: &[String]) -> Option<Self> {
        let [
            status,
            invoice_id,
            accepted_amount,
            error_key,
            detail,
            http_status,
            finished_at,
        ] = fields
        else {
            return None;
        };
        let status = Status::from_word(status)?;
        if (status == Status::Created) == invoice_id.is_empty() {
            return None;
        }
        let http_status = if http_status.is_empty() {
            None
        } else {
            Some(http_status.parse().ok()?)
        };
        Some(Self {
            status,
            invoice_id: invoice_id.clone(),
            accepted_amount: accepted_amount.clone(),
            error_key: error_key.clone(),
            detail: detail.clone(),
            http_status,
            finished_at: decode_time(finished_at)?,
        })
    }
}

impl Attempt {
    /// Its bytes, a whole line.
    #[must_use]
    pub fn encode(&self) -> String {
        self.intent.encode() + &self.ending.encode()
    }

    /// Reads a line without its newline; only the very bytes that [`Self::encode`] writes count.
    /// No field ever has a control character, so one of them is damage.
    fn decode(text: &str) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        let fields = decode_record(text);
        if fields.len() != INTENT_FIELDS.saturating_add(ENDING_FIELDS) {
            return None;
        }
        let (intent, ending) = fields.split_at(INTENT_FIELDS);
        let attempt = Self {
            intent: Intent::decode(intent)?,
            ending: Ending::decode(ending)?,
        };
        (attempt.encode().strip_suffix('\n') == Some(text)).then_some(attempt)
    }

    /// Whether an operator appended it, and no request belongs to it.
    fn is_verdict(&self) -> bool {
        self.ending.detail == RESOLVED
    }

    /// Where the payout stands after it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        stand(&self.intent, Some(&self.ending))
    }
}

/// RFC 3339, UTC, milliseconds: `2026-11-22T10:00:00.000Z`.
fn encode_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn decode_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (encode_time(time) == text).then_some(time)
}

/// The fields as CSV, quoted where they must be, without a newline.
fn encode_record(fields: &[&str]) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    // A Vec takes every byte, and a record of text into it cannot fail.
    let written = writer.write_record(fields).is_ok();
    let bytes = writer.into_inner().unwrap_or_default();
    debug_assert!(written, "a record written to memory");
    let mut text = String::from_utf8(bytes).unwrap_or_default();
    text.truncate(text.trim_end_matches('\n').len());
    text
}

/// The fields of a line without its newline. Whatever [`encode_record`] would have written
/// otherwise is not refused here: it does not come out the same when it is written again.
fn decode_record(text: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let mut field = String::new();
        let plain = match text.strip_prefix('"') {
            Some(quoted) => decode_quoted(quoted, &mut field),
            None => text,
        };
        let end = memchr::memchr(b',', plain.as_bytes());
        field.push_str(&plain[..end.unwrap_or(plain.len())]);
        rest = end.map(|end| &plain[end.saturating_add(1)..]);
        fields.push(field);
    }
    fields
}

/// Takes a field up to its closing quote, or as far as it goes, and leaves what follows.
fn decode_quoted<'a>(quoted: &'a str, field: &mut String) -> &'a str {
    let mut rest = quoted;
    while let Some((text, after)) = rest.split_once('"') {
        field.push_str(text);
        match after.strip_prefix('"') {
            None => return after,
            Some(after) => {
                field.push('"');
                rest = after;
            }
        }
    }
    field.push_str(rest);
    ""
}

/// All that a results file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The whole lines, in order.
    pub attempts: Vec<Attempt>,
    /// What stands after the last whole line.
    pub tail: Tail,
    /// How many bytes the header and the whole lines take.
    pub whole_bytes: u64,
}

impl Record {
    /// The API that the file was begun with; `None` while nothing was submitted.
    #[must_use]
    pub fn api(&self) -> Option<&str> {
        let first = self.attempts.first().map(|attempt| &attempt.intent);
        first
            .or(self.tail.intent())
            .map(|intent| intent.api.as_str())
    }

    /// The intent of the latest attempt of a payout.
    #[must_use]
    pub fn latest_intent(&self, line: u64) -> Option<&Intent> {
        let whole = self.attempts.iter().map(|attempt| &attempt.intent);
        whole
            .chain(self.tail.intent())
            .rfind(|intent| intent.line == line)
    }

    /// The latest moment at which a request can have arrived at the API; `None` while nothing
    /// was submitted.
    #[must_use]
    pub fn latest_arrival(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let whole = self
            .attempts
            .iter()
            .filter(|attempt| !attempt.is_verdict())
            .map(|attempt| {
                let started = attempt.intent.started_at;
                let finished = attempt.ending.finished_at;
                let arrived = started
                    .checked_add_signed(LATEST_ARRIVAL)
                    .unwrap_or(finished);
                if attempt.ending.status == Status::Unknown {
                    finished
                } else {
                    finished.min(arrived)
                }
            });
        whole.chain(self.tail.intent().map(|_| now)).max()
    }
}

/// What stands after the last whole line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    #[default]
    Nothing,
    /// Less than an intent (or less than the header): no request left. It may be removed.
    Fragment,
    /// A whole intent without a whole ending: the payout is in doubt.
    InDoubt {
        /// Which payout.
        intent: Intent,
        /// What can be read after the intent; empty when nothing was written.
        remains: String,
    },
}

impl Tail {
    /// The intent of the payout in doubt.
    #[must_use]
    pub fn intent(&self) -> Option<&Intent> {
        match self {
            Self::InDoubt { intent, .. } => Some(intent),
            _ => None,
        }
    }
}

/// Why a results file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The line of the results file.
    pub line: u64,
    /// What does not fit.
    pub reason: Reason,
}

/// What does not fit about a results file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The first line is not [`HEADER`].
    Header,
    /// Not as this program writes it.
    Foreign,
    /// Begun with another API.
    Api {
        /// The API of the file's first line.
        begun_with: String,
        /// The API now.
        now: String,
    },
    /// Not the payout that comes next in the input.
    Order {
        /// The input's line that was attempted.
        attempted: u64,
        /// The input's line that comes next; `None` past its end.
        expected: Option<u64>,
    },
    /// The row was created or is in doubt, and has been changed in the input since.
    Changed {
        /// The input's line.
        input_line: u64,
        /// As it was submitted.
        was: Box<Intent>,
    },
    /// A line that cannot follow the payout's line before it.
    Sequence {
        /// The input's line.
        input_line: u64,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => write!(f, "the header is not that of a results file"),
            Self::Foreign => write!(f, "this line is not as it was written"),
            Self::Api { begun_with, now } => {
                write!(
                    f,
                    "begun with {begun_with}, and this run would pay through {now}"
                )
            }
            Self::Order {
                attempted,
                expected: Some(expected),
            } => write!(
                f,
                "line {attempted} of the input was submitted here, where line {expected} comes next"
            ),
            Self::Order {
                attempted,
                expected: None,
            } => {
                write!(
                    f,
                    "line {attempted} of the input was submitted, and is no longer there"
                )
            }
            Self::Changed { input_line, was } => write!(
                f,
                "line {input_line} of the input was submitted as {} {} to {}{}, and has been changed since",
                escape(&was.amount),
                escape(&was.currency_code),
                escape(&was.to_address),
                if was.reference.is_empty() {
                    String::new()
                } else {
                    format!(" (reference {})", escape(&was.reference))
                },
            ),
            Self::Sequence { input_line } => write!(
                f,
                "a line for line {input_line} of the input that cannot follow the one before it"
            ),
        }
    }
}

/// Reads the bytes of a results file.
///
/// # Errors
/// The first line that this program cannot have written.
pub fn parse(bytes: &[u8]) -> Result<Record, Mismatch> {
    let header = HEADER.as_bytes();
    if !bytes.starts_with(header) {
        // The header is made durable before anything else is written, so whatever of it a crash
        // left is no longer than it, and differs from it by NUL bytes at most.
        let torn = bytes.len() <= header.len()
            && bytes
                .iter()
                .zip(header)
                .all(|(byte, expected)| byte == expected || *byte == 0);
        return match torn {
            true => Ok(Record {
                tail: if bytes.is_empty() {
                    Tail::Nothing
                } else {
                    Tail::Fragment
                },
                ..Record::default()
            }),
            false => Err(Mismatch {
                line: 1,
                reason: Reason::Header,
            }),
        };
    }
    let mut record = Record {
        whole_bytes: length(header),
        ..Record::default()
    };
    let mut rest = &bytes[header.len()..];
    let mut line = 2u64;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest);
        let text = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok());
        if let (Some(end), Some(attempt)) = (end, text.and_then(Attempt::decode)) {
            record.attempts.push(attempt);
            let (whole, after) = rest.split_at(end.saturating_add(1));
            record.whole_bytes = record.whole_bytes.saturating_add(length(whole));
            rest = after;
            line = line.saturating_add(1);
        } else {
            record.tail = parse_tail(rest).ok_or(Mismatch {
                line,
                reason: Reason::Foreign,
            })?;
            break;
        }
    }
    Ok(record)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Reads what stands after the last whole line; `None` if a crash cannot have left it.
fn parse_tail(tail: &[u8]) -> Option<Tail> {
    let newline = memchr::memchr(b'\n', tail);
    if newline.is_some_and(|end| end.saturating_add(1) < tail.len()) {
        return None; // A crash damages the last line only.
    }
    if let Some(intent) = whole_intent(tail) {
        let remains = &tail[intent.encode().len()..];
        if is_resaved(remains) || holds_another_line(remains) {
            return None;
        }
        let readable: Vec<u8> = remains
            .iter()
            .copied()
            .filter(|b| *b != 0 && *b != b'\n')
            .collect();
        let remains = String::from_utf8_lossy(&readable).into_owned();
        return Some(Tail::InDoubt { intent, remains });
    }
    // An ending, and with it a newline, is only ever written behind a durable intent.
    let text = String::from_utf8_lossy(tail);
    let is_ours = newline.is_none() && tail.len() <= MAX_INTENT_BYTES && is_fragment(&text);
    is_ours.then_some(Tail::Fragment)
}

/// Whether a crash can have left this of an intent that was not durable yet: its beginning, with
/// NUL bytes in places, and nothing of an ending. Whatever else is unreadable may stand for a
/// payout that was sent, and must not be removed.
fn is_fragment(text: &str) -> bool {
    let number = text.split([',', '\0']).next().unwrap_or_default();
    let is_ours = number.bytes().all(|b| b.is_ascii_digit())
        && !text.contains(|c: char| c.is_control() && c != '\0');
    let fields = decode_record(text);
    let Some((intent, ending)) = fields.split_at_checked(INTENT_FIELDS) else {
        return is_ours;
    };
    let of_a_time = |c: char| c.is_ascii_digit() || "-:.TZ\0".contains(c);
    let ends_in_a_time = intent
        .last()
        .is_some_and(|time| time.chars().all(of_a_time));
    let is_damaged = intent.iter().any(|field| field.contains('\0'));
    let has_ending = ending.iter().any(|field| field.contains(|c| c != '\0'));
    is_ours && ends_in_a_time && (ending.is_empty() || is_damaged && !has_ending)
}

/// More than any intent takes: its longest fields are a reference of 64 characters, an address
/// of at most 90, and a host name of at most 253.
const MAX_INTENT_BYTES: usize = 1024;

/// The intent that stands whole at the start of a line.
fn whole_intent(tail: &[u8]) -> Option<Intent> {
    let text = match std::str::from_utf8(tail) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&tail[..error.valid_up_to()]).ok()?,
    };
    let text = text.split('\n').next()?;
    let fields = decode_record(text);
    let intent = Intent::decode(fields.get(..INTENT_FIELDS)?)?;
    let encoded = intent.encode();
    (text.starts_with(&encoded) && !encoded.contains(char::is_control)).then_some(intent)
}

/// Whether another line begins behind what is missing of this one. After a sync that failed, the
/// system may have let go of this line's end and of its newline, and kept what was written next:
/// that line's payout was sent, and must not be removed.
fn holds_another_line(remains: &[u8]) -> bool {
    let gap_ends = remains.windows(2).zip(1..);
    gap_ends
        .filter(|(pair, _)| pair[0] == 0 && pair[1] != 0)
        .map(|(_, start)| &remains[start..])
        .any(|rest| whole_intent(&rest[..rest.len().min(MAX_INTENT_BYTES)]).is_some())
}

/// Whether a half line was completed with empty fields, as a spreadsheet does when it saves.
fn is_resaved(remains: &[u8]) -> bool {
    remains.ends_with(b"\n")
        && remains
            .iter()
            .all(|b| matches!(b, b',' | b'"' | b'\r' | b'\n'))
        && remains.len() > 1
}

/// Folds the lines of a results file to the standing of every payout of the batch, in its order.
///
/// # Errors
/// The first line that does not fit: the payouts attempted so far must be an unbroken, in-order
/// prefix of the batch, what was created or is in doubt must stand unchanged, and every line must
/// have been paid through `api` (`None`: whichever the file was begun with).
pub fn fold(record: &Record, batch: &Batch, api: Option<&str>) -> Result<Vec<Standing>, Mismatch> {
    let mut fold = Fold {
        batch,
        api: api.or(record.api()),
        standings: vec![Standing::default(); batch.payouts.len()],
        latest: Vec::new(),
    };
    let whole = record
        .attempts
        .iter()
        .map(|attempt| (&attempt.intent, Some(&attempt.ending)));
    let half = record.tail.intent().map(|intent| (intent, None));
    for ((intent, ending), line) in whole.chain(half).zip(2u64..) {
        fold.attempt(line, intent, ending)
            .map_err(|reason| Mismatch { line, reason })?;
    }
    fold.settled_are_unchanged()?;
    Ok(fold.standings)
}

/// A fold under way.
struct Fold<'a> {
    batch: &'a Batch,
    api: Option<&'a str>,
    standings: Vec<Standing>,
    /// The latest line of every payout attempted so far, in the batch's order.
    latest: Vec<Latest<'a>>,
}

/// The latest line of a payout in the results file.
struct Latest<'a> {
    results_line: u64,
    intent: &'a Intent,
}

impl<'a> Fold<'a> {
    fn attempt(
        &mut self,
        results_line: u64,
        intent: &'a Intent,
        ending: Option<&Ending>,
    ) -> Result<(), Reason> {
        if let Some(now) = self.api.filter(|api| *api != intent.api) {
            return Err(Reason::Api {
                begun_with: intent.api.clone(),
                now: now.to_owned(),
            });
        }
        let index = match self
            .latest
            .binary_search_by_key(&intent.line, |l| l.intent.line)
        {
            Ok(known) => known,
            Err(_) => self.next_payout(results_line, intent)?,
        };
        let standing = &mut self.standings[index];
        let is_verdict = ending.is_some_and(|ending| ending.detail == RESOLVED);
        let is_interrupted = ending.is_none_or(|ending| {
            ending.status == Status::Unknown && ending.error_key == INTERRUPTED
        });
        let repeats = *intent == *self.latest[index].intent;
        let follows = match standing.state {
            State::Created => false,
            // A verdict repeats the intent that it is about. One that was interrupted decides
            // nothing.
            State::InDoubt if repeats && is_interrupted => return Ok(()),
            State::InDoubt => {
                is_verdict
                    && repeats
                    && ending.is_some_and(|ending| ending.status != Status::Unknown)
            }
            _ => !is_verdict && Some(intent.attempt) == standing.attempts.checked_add(1),
        };
        if !follows {
            return Err(Reason::Sequence {
                input_line: intent.line,
            });
        }
        *standing = stand(intent, ending);
        self.latest[index] = Latest {
            results_line,
            intent,
        };
        Ok(())
    }

    /// The first attempt of a payout: it must be the next of the batch.
    fn next_payout(&mut self, results_line: u64, intent: &'a Intent) -> Result<usize, Reason> {
        let index = self.latest.len();
        let expected = self.batch.payouts.get(index).map(|payout| payout.line);
        if expected != Some(intent.line) {
            return Err(Reason::Order {
                attempted: intent.line,
                expected,
            });
        }
        self.latest.push(Latest {
            results_line,
            intent,
        });
        Ok(index)
    }

    /// What was created or is in doubt must stand in the input as it was submitted.
    fn settled_are_unchanged(&self) -> Result<(), Mismatch> {
        for ((standing, payout), latest) in self
            .standings
            .iter()
            .zip(&self.batch.payouts)
            .zip(&self.latest)
        {
            let settled = matches!(standing.state, State::Created | State::InDoubt);
            if settled && !latest.intent.is_of(payout) {
                let was = Box::new(latest.intent.clone());
                let reason = Reason::Changed {
                    input_line: payout.line,
                    was,
                };
                return Err(Mismatch {
                    line: latest.results_line,
                    reason,
                });
            }
        }
        Ok(())
    }
}

/// Where a payout stands after an attempt; without an ending it is in doubt.
fn stand(intent: &Intent, ending: Option<&Ending>) -> Standing {
    let Some(ending) = ending else {
        return Standing {
            state: State::InDoubt,
            attempts: intent.attempt,
            started_at: Some(intent.started_at),
            error_key: INTERRUPTED.to_owned(),
            ..Standing::default()
        };
    };
    Standing {
        state: match ending.status {
            Status::Created => State::Created,
            Status::Rejected => State::Rejected,
            Status::NotCreated => State::NotCreated,
            Status::Unknown => State::InDoubt,
        },
        attempts: intent.attempt,
        started_at: Some(intent.started_at),
        invoice_id: ending.invoice_id.clone(),
        error_key: ending.error_key.clone(),
        detail: ending.detail.clone(),
    }
}

#[cfg(test)]
mod tests;
