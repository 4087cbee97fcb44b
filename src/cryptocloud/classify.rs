//! Classifying is telling the outcome of a request from its answer. It is total: the first rule
//! that fits decides, and whatever fits none is `unknown`.
//!
//! Two mistakes would cost money. What is sent again must not have been created, so only a refusal
//! in the API's documented shape, or a status that no created withdrawal can have, says that
//! nothing was. What is called created must be this payout, so an invoice id anywhere else than in
//! the documented place makes the outcome unknown, with the id kept for the operator.

use super::error_body::ErrorBody;
use super::invoice;
use super::json::Json;
use super::page;
use crate::api::{error_key, field};
use crate::domain::escape::one_line;
use crate::domain::outcome::MAX_INVOICE_ID_BYTES;
use crate::domain::{Cause, Outcome, Payout, Verdict, own_key};
use rust_decimal::Decimal;
use std::time::Duration;

/// An answer that arrived whole.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The HTTP status.
    pub http_status: u16,
    /// How long the API asks to wait.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: &'a [u8],
}

/// The outcome of a request that was answered.
#[must_use]
pub fn answer(payout: &Payout, answer: &Answer<'_>) -> Outcome {
    let reading = Reading::of(answer);
    reading
        .created(payout)
        .or_else(|| reading.names_invoice(payout))
        .or_else(|| reading.unreadable())
        .or_else(|| reading.rate_limited())
        .or_else(|| reading.rejected_with_documented_key())
        .or_else(|| reading.key_refused())
        .or_else(|| reading.wrong_address())
        .or_else(|| reading.refused_in_between())
        .or_else(|| reading.rejected_otherwise())
        .unwrap_or_else(|| reading.unknown())
}

/// The outcome of an answer whose body is encoded, although no encoding was asked for. It may name
/// an invoice, so nothing but `unknown` can be said of it.
#[must_use]
pub(super) fn encoded_answer(http_status: u16, encoding: &str, body: &[u8]) -> Outcome {
    let why = format!(
        "the answer (HTTP {http_status}) is encoded as {}, and cannot be read",
        one_line(encoding)
    );
    let key = own_key::UNREADABLE_ANSWER;
    unknown_with_ids(Some(http_status), body, key, why)
}

/// The outcome of an answer that did not arrive whole. What did arrive may name an invoice.
#[must_use]
pub fn broken_answer(http_status: u16, arrived: &[u8], why: &str) -> Outcome {
    let why = match page::text(arrived).trim() {
        "" => why.to_owned(),
        text => format!("{why}; it begins: {}", page::excerpt(text)),
    };
    unknown_with_ids(Some(http_status), arrived, own_key::BROKEN_ANSWER, why)
}

fn unknown_with_ids(http_status: Option<u16>, body: &[u8], key: &str, why: String) -> Outcome {
    if let [id, ..] = &invoice::ids_in_text(body)[..] {
        return Outcome::names_invoice(id, &why, http_status);
    }
    Outcome {
        verdict: Verdict::Unknown,
        error_key: key.to_owned(),
        detail: why,
        http_status,
    }
}

/// The outcome when no connection was made, so that no request left.
#[must_use]
pub fn not_connected(detail: String) -> Outcome {
    Outcome {
        verdict: Verdict::NotCreated(Cause::ConnectFailed),
        error_key: own_key::CONNECT_FAILED.to_owned(),
        detail,
        http_status: None,
    }
}

/// The outcome of a request that may have left, and of whose answer not even the head came.
#[must_use]
pub fn no_answer(detail: String) -> Outcome {
    Outcome {
        verdict: Verdict::Unknown,
        error_key: own_key::NO_ANSWER.to_owned(),
        detail,
        http_status: None,
    }
}

/// An answer as far as it can be read.
struct Reading<'a> {
    answer: &'a Answer<'a>,
    http_key: String,
    /// The body, where it is JSON.
    body: Option<Json>,
    /// What the API has against the request, where it is an error of the API.
    error: Option<ErrorBody>,
}

impl<'a> Reading<'a> {
    fn of(answer: &'a Answer<'a>) -> Self {
        let body = Json::parse(answer.body);
        let error = body
            .as_ref()
            .filter(|body| is_error(answer.http_status, body))
            .map(ErrorBody::read);
        Self {
            answer,
            http_key: own_key::of_http(answer.http_status),
            body,
            error,
        }
    }

    /// The documented success, and nothing that speaks against it.
    fn created(&self, payout: &Payout) -> Option<Outcome> {
        let body = self.body.as_ref()?;
        if !(200..300).contains(&self.answer.http_status)
            || !all_are(body, field::STATUS, "success")
        {
            return None;
        }
        let success = Success::read(body)?;
        let is_alone = invoice::named_ids(body).len() == 1;
        if !is_alone || success.oddity(payout).is_some() {
            return None;
        }
        let (accepted_amount, detail) = match success.amount(payout) {
            Ok(amount) => (amount, String::new()),
            Err(written) => (None, format!("the answer names the amount {written}")),
        };
        Some(Outcome {
            verdict: Verdict::Created {
                invoice_id: success.invoice_id.to_owned(),
                accepted_amount,
            },
            error_key: String::new(),
            detail,
            http_status: Some(self.answer.http_status),
        })
    }

    /// An invoice id anywhere: a withdrawal may exist, so nothing is sent again and nothing is
    /// called rejected.
    fn names_invoice(&self, payout: &Payout) -> Option<Outcome> {
        let ids = match &self.body {
            Some(body) => invoice::ids(body),
            None => invoice::ids_in_text(self.answer.body),
        };
        let (id, others) = ids.split_first()?;
        let code = self.answer.http_status;
        let mut words = vec![format!(
            "the answer (HTTP {code}) names this invoice, and is not the documented success"
        )];
        if !others.is_empty() {
            words.push(format!("it names as well: {}", others.join(", ")));
        }
        let success = self.body.as_ref().and_then(Success::read);
        words.extend(success.and_then(|success| success.oddity(payout)));
        let reason = self.reason();
        // The answer's own words follow, unless they are the id alone.
        if reason != *id {
            words.push(reason);
        }
        Some(Outcome::names_invoice(id, &words.join("; "), Some(code)))
    }

    /// A body that may be the API's, and cannot be read as it was meant: what it says is not
    /// known, whatever the status.
    fn unreadable(&self) -> Option<Outcome> {
        let is_lost = self.body.is_none() && page::may_be_json(self.answer.body);
        is_lost.then(|| self.unknown())
    }

    fn rate_limited(&self) -> Option<Outcome> {
        let is_named = self.error.as_ref().is_some_and(|it| it.rate_limit);
        (self.answer.http_status == 429 || is_named).then(|| {
            let cause = Cause::RateLimited {
                retry_after: self.answer.retry_after,
            };
            self.outcome(Verdict::NotCreated(cause), error_key::RATE_LIMIT)
        })
    }

    fn rejected_with_documented_key(&self) -> Option<Outcome> {
        let key = self.error.as_ref()?.documented?;
        match self.answer.http_status {
            401 | 403 | 404 | 405 => None,
            code if own_key::MAY_BE_UNDER_WAY.contains(&code) => None,
            _ => Some(self.outcome(Verdict::Rejected, key)),
        }
    }

    fn key_refused(&self) -> Option<Outcome> {
        let error = self.error.as_ref()?;
        let key = if error.authorization {
            error_key::AUTHORIZATION
        } else {
            &self.http_key
        };
        let is_refused = matches!(self.answer.http_status, 401 | 403) || error.authorization;
        is_refused.then(|| self.outcome(Verdict::NotCreated(Cause::KeyRefused), key))
    }

    fn wrong_address(&self) -> Option<Outcome> {
        matches!(self.answer.http_status, 404 | 405)
            .then(|| self.outcome(Verdict::NotCreated(Cause::WrongAddress), &self.http_key))
    }

    fn refused_in_between(&self) -> Option<Outcome> {
        let is_refused = matches!(self.answer.http_status, 401 | 403 | 413 | 414 | 431);
        (is_refused && self.body.is_none())
            .then(|| self.outcome(Verdict::NotCreated(Cause::RefusedInBetween), &self.http_key))
    }

    fn rejected_otherwise(&self) -> Option<Outcome> {
        let error = self.error.as_ref()?;
        let code = self.answer.http_status;
        let may_be_under_way = own_key::MAY_BE_UNDER_WAY.contains(&code);
        if !(400..500).contains(&code) || may_be_under_way || !error.says_why {
            return None;
        }
        let key = error.undocumented.as_deref().unwrap_or(&self.http_key);
        Some(self.outcome(Verdict::Rejected, key))
    }

    fn unknown(&self) -> Outcome {
        let code = self.answer.http_status;
        let body = self.body.as_ref();
        if body.is_some_and(|body| {
            body.all(field::STATUS)
                .any(|it| it.text() == Some("success"))
        }) {
            let detail = format!(
                "the answer says success and names no invoice: {}",
                self.reason()
            );
            return Outcome {
                detail,
                ..self.outcome(Verdict::Unknown, own_key::NO_INVOICE_ID)
            };
        }
        // By its key alone a doubt is told from an error of the API, which is what a 4xx else is.
        let key = if code != 200 && own_key::is_doubt(&self.http_key) {
            &self.http_key
        } else {
            own_key::UNREADABLE_ANSWER
        };
        self.outcome(Verdict::Unknown, key)
    }

    fn outcome(&self, verdict: Verdict, key: &str) -> Outcome {
        Outcome {
            verdict,
            error_key: key.to_owned(),
            detail: self.reason(),
            http_status: Some(self.answer.http_status),
        }
    }

    /// What the answer says, in its own words where it has any.
    fn reason(&self) -> String {
        match &self.error {
            Some(error) if !error.reason.is_empty() => error.reason.clone(),
            Some(_) | None => page::words(self.answer.body),
        }
    }
}

/// Whether an answer in JSON is an error of the API: HTTP 4xx, or HTTP 200 with `status: "error"`.
/// A 4xx whose body says that all is well is not an error that can be trusted.
fn is_error(http_status: u16, body: &Json) -> bool {
    let says_well = body.all(field::STATUS).any(|it| match it {
        Json::Text(text) => WELL.iter().any(|well| text.eq_ignore_ascii_case(well)),
        Json::Bool(value) => *value,
        Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => false,
    }) || body.all("success").any(|it| *it == Json::Bool(true));
    let is_object = matches!(body, Json::Object(_));
    let is_4xx = (400..500).contains(&http_status);
    let is_told = http_status == 200 && all_are(body, field::STATUS, "error");
    is_object && !says_well && (is_4xx || is_told)
}

/// What a `status` says when nothing was refused.
const WELL: [&str; 10] = [
    "success",
    "ok",
    "created",
    "accepted",
    "pending",
    "processing",
    "in_progress",
    "paid",
    "completed",
    "done",
];

/// Whether an object has members of this name, and all of them are this text.
fn all_are(body: &Json, name: &str, text: &str) -> bool {
    let mut values = body.all(name).peekable();
    values.peek().is_some() && values.all(|value| value.text() == Some(text))
}

/// The payload of a success.
struct Success<'a> {
    invoice_id: &'a str,
    payload: &'a Json,
}

impl<'a> Success<'a> {
    /// The first payload that names an invoice in the documented place.
    fn read(body: &'a Json) -> Option<Self> {
        let payloads = body.all(field::DATA).chain(body.all(field::RESULT));
        payloads.into_iter().find_map(|payload| {
            let ids = payload.all(field::INVOICE_ID).filter_map(Json::text);
            let invoice_id = ids.map(str::trim).find(|id| !id.is_empty())?;
            Some(Self {
                invoice_id,
                payload,
            })
        })
    }

    /// What speaks against it being this payout, created.
    fn oddity(&self, payout: &Payout) -> Option<String> {
        let differs = |name: &'static str, expected: &str| {
            let mut values = self.payload.all(name).filter(|value| **value != Json::Null);
            values.find(|value| {
                !value
                    .text()
                    .is_some_and(|it| it.eq_ignore_ascii_case(expected))
            })
        };
        let told =
            |name: &str, value: &Json| format!("its {name} is {}", one_line(&value.to_string()));
        let status = differs(field::STATUS, "created").map(|it| told("status", it));
        let currency = || {
            let code = payout.currency.code();
            differs(field::CURRENCY, code).map(|it| told("currency", it))
        };
        let length = self.invoice_id.len();
        let is_long = length > MAX_INVOICE_ID_BYTES;
        let long = || is_long.then(|| format!("its invoice_id has {length} bytes"));
        status.or_else(currency).or_else(long)
    }

    /// The amount that it names, where that is another than the payout's; an error is one that
    /// cannot be read.
    fn amount(&self, payout: &Payout) -> Result<Option<Decimal>, String> {
        let named = self
            .payload
            .all(field::AMOUNT)
            .filter(|it| **it != Json::Null);
        for value in named {
            let amount = decimal(value).ok_or_else(|| one_line(&value.to_string()))?;
            if amount != payout.amount.decimal() {
                return Ok(Some(amount));
            }
        }
        Ok(None)
    }
}

/// A JSON number, or one in quotes, digit for digit; `1e-07` is one too.
fn decimal(value: &Json) -> Option<Decimal> {
    let text = match value {
        Json::Number(text) | Json::Text(text) => text,
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => return None,
    };
    if text.contains(['e', 'E']) {
        Decimal::from_scientific(text)
            .ok()
            .map(|number| number.normalize())
    } else {
        Decimal::from_str_exact(text).ok()
    }
}

#[cfg(test)]
mod tests;
