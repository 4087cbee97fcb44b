//! Classifying is telling the outcome of a request from its answer. It is total: whatever is not
//! understood is `unknown`, and the first rule that fits decides.

use crate::api::{error_key, field};
use crate::domain::{Cause, Outcome, Payout, Verdict};
use rust_decimal::Decimal;
use serde_json::{Map, Value};
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

/// What can happen instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection was made, so no request left.
    ConnectFailed,
    /// Reset, closed, timed out or garbled after the request may have left.
    NoAnswer,
    /// The answer began and did not end, or was too large.
    BrokenAnswer,
}

/// Where an answer may name its error key, in the order in which they are read.
const KEY_PLACES: [&str; 7] = [
    field::RESULT,
    "error",
    "error_key",
    "errors",
    field::DATA,
    "message",
    "detail",
];

/// How deep below such a place a key may stand.
const MAX_KEY_DEPTH: u8 = 3;

/// The outcome of a request that was answered.
#[must_use]
pub fn answer(payout: &Payout, answer: &Answer<'_>) -> Outcome {
    let body: Option<Value> = serde_json::from_slice(answer.body).ok();
    let object = body.as_ref().and_then(Value::as_object);
    let empty = Map::new();
    let reading = Reading::of(object.unwrap_or(&empty));
    let detail = reading.text.clone().unwrap_or_else(|| excerpt(answer.body));
    let code = answer.http_status;
    let http_key = format!("http_{code}");
    let outcome = |verdict, key: &str, detail: String| Outcome {
        verdict,
        error_key: key.to_owned(),
        detail,
        http_status: Some(code),
    };

    if let Some(created) = reading.created {
        return match code {
            200..=299 => created_outcome(payout, created, code),
            _ => outcome(
                Verdict::Unknown,
                &http_key,
                format!(
                    "HTTP {code}, yet the answer names the invoice {}",
                    created.invoice_id
                ),
            ),
        };
    }
    if reading.success || reading.names_invoice {
        let detail = format!("the answer names no invoice id as documented: {detail}");
        return outcome(Verdict::Unknown, "no_invoice_id", detail);
    }
    if code == 429 || reading.documented.as_deref() == Some(error_key::RATE_LIMIT) {
        let cause = Cause::RateLimited {
            retry_after: answer.retry_after,
        };
        return outcome(Verdict::NotCreated(cause), error_key::RATE_LIMIT, detail);
    }
    let is_4xx = (400..500).contains(&code);
    match reading.documented {
        Some(key) if code == 200 || is_4xx => return outcome(Verdict::Rejected, &key, detail),
        _ => {}
    }
    if code == 401 || code == 403 || reading.authorization {
        let key = if reading.authorization {
            error_key::AUTHORIZATION
        } else {
            &http_key
        };
        return outcome(Verdict::NotCreated(Cause::KeyRefused), key, detail);
    }
    match reading.undocumented {
        Some(key) if is_4xx => outcome(Verdict::Rejected, &key, detail),
        _ if is_4xx && code != 408 && code != 409 => outcome(Verdict::Rejected, &http_key, detail),
        _ if code == 200 => outcome(Verdict::Unknown, "unreadable_answer", detail),
        _ => outcome(Verdict::Unknown, &http_key, detail),
    }
}

/// The outcome of a request that was not answered, or not to the end.
#[must_use]
pub fn no_answer(fault: Fault, http_status: Option<u16>, detail: String) -> Outcome {
    let (verdict, key) = match fault {
        Fault::ConnectFailed => (Verdict::NotCreated(Cause::ConnectFailed), "connect_failed"),
        Fault::NoAnswer => (Verdict::Unknown, "no_answer"),
        Fault::BrokenAnswer => (Verdict::Unknown, "broken_answer"),
    };
    Outcome {
        verdict,
        error_key: key.to_owned(),
        detail,
        http_status,
    }
}

fn created_outcome(payout: &Payout, created: Created<'_>, code: u16) -> Outcome {
    let mut remarks = Vec::new();
    let accepted_amount = created
        .amount
        .filter(|amount| *amount != payout.amount.decimal());
    if let Some(currency) = created.currency.filter(|c| *c != payout.currency.code()) {
        remarks.push(format!("the answer names the currency {currency}"));
    }
    if let Some(status) = created.status.filter(|status| *status != "created") {
        remarks.push(format!("the answer names the status {status}"));
    }
    Outcome {
        verdict: Verdict::Created {
            invoice_id: created.invoice_id.to_owned(),
            accepted_amount,
        },
        error_key: String::new(),
        detail: remarks.join("; "),
        http_status: Some(code),
    }
}

/// The documented success.
struct Created<'a> {
    invoice_id: &'a str,
    status: Option<&'a str>,
    currency: Option<&'a str>,
    amount: Option<Decimal>,
}

impl<'a> Created<'a> {
    fn read(payload: &'a Value) -> Option<Self> {
        let text = |name| payload.get(name).and_then(Value::as_str);
        Some(Self {
            invoice_id: text(field::INVOICE_ID).filter(|id| !id.trim().is_empty())?,
            status: text(field::STATUS),
            currency: text(field::CURRENCY),
            amount: payload.get(field::AMOUNT).and_then(decimal),
        })
    }
}

/// A JSON number, or one in quotes, digit for digit; `1e-07` is one too.
fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    if text.contains(['e', 'E']) {
        Decimal::from_scientific(&text)
            .ok()
            .map(|number| number.normalize())
    } else {
        Decimal::from_str_exact(&text).ok()
    }
}

/// What an answer's body says, whatever its shape.
#[derive(Default)]
struct Reading<'a> {
    created: Option<Created<'a>>,
    /// It says `success`.
    success: bool,
    /// It names an invoice id somewhere, so it is no refusal, whatever else it says.
    names_invoice: bool,
    /// The documented error key, `rate_limit` before any other.
    documented: Option<String>,
    authorization: bool,
    /// In the error envelope: a key that is not documented.
    undocumented: Option<String>,
    /// The words that go with the key.
    text: Option<String>,
}

impl<'a> Reading<'a> {
    fn of(body: &'a Map<String, Value>) -> Self {
        let status = body.get(field::STATUS).and_then(Value::as_str);
        let payloads = || {
            [field::DATA, field::RESULT]
                .into_iter()
                .filter_map(|name| body.get(name))
        };
        let mut reading = Self {
            success: status == Some("success"),
            names_invoice: payloads().any(|payload| payload.get(field::INVOICE_ID).is_some()),
            ..Self::default()
        };
        if reading.success {
            reading.created = payloads().find_map(Created::read);
            return reading;
        }
        let mut names = Vec::new();
        for place in KEY_PLACES {
            if let Some(value) = body.get(place) {
                collect_names(value, 0, &mut names);
            }
        }
        let documented = |name: &&Name| error_key::ALL.contains(&name.key.as_str());
        let first = names.iter().find(|name| name.key == error_key::RATE_LIMIT);
        let first = first.or_else(|| names.iter().find(documented));
        reading.authorization = names
            .iter()
            .any(|name| name.key == error_key::AUTHORIZATION);
        reading.documented = first.map(|name| name.key.clone());
        if status == Some("error") {
            let given = names.iter().find(|name| name.is_key);
            reading.undocumented = given.map(|name| name.key.clone());
        }
        reading.text = first
            .or_else(|| names.first())
            .map(|name| name.text.clone());
        reading
    }
}

/// A key, or a text that may be one.
struct Name {
    key: String,
    text: String,
    /// It stands as a key, not as a text.
    is_key: bool,
}

fn collect_names(value: &Value, depth: u8, names: &mut Vec<Name>) {
    if depth > MAX_KEY_DEPTH {
        return;
    }
    let deeper = depth.saturating_add(1);
    match value {
        Value::String(text) => {
            names.push(Name {
                key: text.trim().to_owned(),
                text: text.clone(),
                is_key: false,
            });
        }
        Value::Array(values) => {
            values
                .iter()
                .for_each(|value| collect_names(value, deeper, names));
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                let text = match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                names.push(Name {
                    key: key.clone(),
                    text,
                    is_key: true,
                });
                collect_names(value, deeper, names);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The beginning of a body that names no key.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.trim() {
        "" => "the answer has no body".to_owned(),
        text => format!("the answer reads: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amount, Currency, Status};

    fn payout() -> Payout {
        Payout {
            line: 2,
            reference: String::new(),
            payee: String::new(),
            currency: Currency::from_code("BTC").unwrap(),
            to_address: "bc1q".into(),
            account: String::new(),
            amount: Amount::parse("0.003", 8).unwrap(),
            minor_units: 300_000,
        }
    }

    fn read(code: u16, body: &str) -> Outcome {
        answer(
            &payout(),
            &Answer {
                http_status: code,
                retry_after: None,
                body: body.as_bytes(),
            },
        )
    }

    fn status_and_key(code: u16, body: &str) -> (Status, String) {
        let outcome = read(code, body);
        (outcome.status(), outcome.error_key)
    }

    #[test]
    fn both_success_shapes_are_created() {
        for payload in ["data", "result"] {
            let body = format!(
                r#"{{"status":"success","{payload}":{{"invoice_id":"INV-1","status":"created","currency":"BTC","amount":0.0029}}}}"#
            );
            let outcome = read(200, &body);
            assert_eq!(outcome.invoice_id(), "INV-1");
            assert_eq!(outcome.accepted_amount().unwrap().to_string(), "0.0029");
            assert_eq!(outcome.detail, "");
        }
    }

    #[test]
    fn another_amount_is_told_as_a_number_or_in_quotes() {
        for (written, told) in [
            ("0.0029", "0.0029"),
            ("\"0.0029\"", "0.0029"),
            ("2e-3", "0.002"),
        ] {
            let body = format!(
                r#"{{"status":"success","data":{{"invoice_id":"INV-1","amount":{written}}}}}"#
            );
            let accepted = read(200, &body).accepted_amount();
            assert_eq!(accepted.unwrap().to_string(), told, "{written}");
        }
    }

    #[test]
    fn an_equal_amount_is_not_a_difference_however_it_is_written() {
        for amount in ["0.003", "0.00300", "3e-3", "\"0.003\"", "3E-03"] {
            let body = format!(
                r#"{{"status":"success","data":{{"invoice_id":"INV-1","amount":{amount}}}}}"#
            );
            assert_eq!(read(200, &body).accepted_amount(), None, "{amount}");
        }
    }

    #[test]
    fn the_key_is_read_from_wherever_it_stands() {
        for body in [
            r#"{"status":"error","result":{"network":"wrong format"}}"#,
            r#"{"status":"error","result":"network"}"#,
            r#"{"error":"network"}"#,
            r#"{"error":{"network":["wrong"]}}"#,
            r#"{"error_key":"network"}"#,
            r#"{"errors":["network"]}"#,
            r#"{"errors":[{"code":"network","text":"wrong"}]}"#,
            r#"{"data":{"network":1}}"#,
            r#"{"message":"network"}"#,
            r#"{"detail":"network"}"#,
        ] {
            for code in [200, 400, 403, 409, 422] {
                let expected = (Status::Rejected, "network".to_owned());
                assert_eq!(status_and_key(code, body), expected, "{code} {body}");
            }
            assert_eq!(status_and_key(500, body).0, Status::Unknown, "500 {body}");
        }
    }

    #[test]
    fn a_key_is_read_as_deep_as_one_may_stand_and_no_deeper() {
        let deep = r#"{"result":{"errors":[{"network":"wrong"}]}}"#;
        let expected = (Status::Rejected, "network".to_owned());
        assert_eq!(status_and_key(400, deep), expected);
        let deepest = r#"{"result":[[["network"]]]}"#;
        assert_eq!(status_and_key(400, deepest), expected);
        let deeper = r#"{"result":[[[["network"]]]]}"#;
        let expected = (Status::Rejected, "http_400".to_owned());
        assert_eq!(status_and_key(400, deeper), expected);
    }

    #[test]
    fn rate_limits_are_not_created_whatever_the_status() {
        let limited =
            r#"{"status":"error","result":{"currency_code":"x","rate_limit":"slow down"}}"#;
        for (code, body) in [
            (200, limited),
            (400, limited),
            (500, limited),
            (429, ""),
            (429, "<html>"),
        ] {
            let expected = (Status::NotCreated, "rate_limit".to_owned());
            assert_eq!(status_and_key(code, body), expected, "{code} {body}");
        }
    }

    #[test]
    fn a_refused_key_is_told_from_a_refused_payout() {
        let envelope = r#"{"status":"error","result":{"authorization":"Unauthorized request."}}"#;
        for (code, body) in [
            (400, envelope),
            (401, ""),
            (403, r#"{"detail":"Signature verification failed"}"#),
            (401, r#"{"message":"Unauthenticated."}"#),
        ] {
            let outcome = read(code, body);
            assert_eq!(
                outcome.verdict,
                Verdict::NotCreated(Cause::KeyRefused),
                "{code} {body}"
            );
        }
    }

    #[test]
    fn other_refusals_are_rejected() {
        let envelope = r#"{"status":"error","result":{"limits":"daily limit"}}"#;
        assert_eq!(
            status_and_key(400, envelope),
            (Status::Rejected, "limits".into())
        );
        assert_eq!(read(400, envelope).detail, "daily limit");
        assert_eq!(
            status_and_key(404, "<html>"),
            (Status::Rejected, "http_404".into())
        );
        let message = r#"{"message":"Unprocessable."}"#;
        assert_eq!(
            status_and_key(422, message),
            (Status::Rejected, "http_422".into())
        );
        assert_eq!(read(422, message).detail, "Unprocessable.");
    }

    #[test]
    fn everything_else_is_unknown() {
        for code in [
            101, 204, 301, 302, 307, 308, 408, 409, 500, 502, 503, 504, 599, 999,
        ] {
            assert_eq!(
                status_and_key(code, ""),
                (Status::Unknown, format!("http_{code}"))
            );
        }
        for body in [
            "",
            "null",
            "[]",
            "<html>",
            r#"{"status":"success"}"#,
            r#"{"status":"success","data":{}}"#,
            r#"{"status":"success","data":{"invoice_id":""}}"#,
            r#"{"status":"success","data":{"invoice_id":7}}"#,
            r#"{"status":"success","data":{"network":"TRON"}}"#,
            r#"{"status":"error","data":{"invoice_id":"INV-1","network":"x"}}"#,
            r#"{"data":{"invoice_id":"INV-1"}}"#,
            r#"{"status":"error","result":{"limits":"daily limit"}}"#,
        ] {
            assert_eq!(status_and_key(200, body).0, Status::Unknown, "{body}");
        }
    }

    #[test]
    fn an_answer_that_names_no_key_is_told_as_it_reads() {
        let outcome = read(200, " <html> ");
        assert_eq!(outcome.error_key, "unreadable_answer");
        assert_eq!(outcome.detail, "the answer reads: <html>");
        assert_eq!(read(502, "").detail, "the answer has no body");
    }

    #[test]
    fn a_success_with_a_wrong_status_is_unknown_and_keeps_the_id() {
        let body = r#"{"status":"success","data":{"invoice_id":"INV-1"}}"#;
        for code in [302, 400, 429, 500] {
            let outcome = read(code, body);
            assert_eq!(outcome.verdict, Verdict::Unknown);
            assert!(outcome.detail.contains("INV-1"));
        }
    }
}
