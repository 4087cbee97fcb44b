//! An answer is what the sandbox says back: a status, some headers, a body.
//!
//! The shapes of the API's bodies are here, in both editions of its documentation.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use super::book::Withdrawal;
use super::json::{object, quoted};
use super::rules::RequestError;
use crate::api::field::{AMOUNT, CURRENCY, DATA, INVOICE_ID, RESULT, STATUS};

/// An HTTP answer that is not on its way yet.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

/// Which edition of the API's documentation a success follows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Edition {
    /// The payload is in `data`.
    Older,
    /// The payload is in `result`.
    Newer,
}

impl Answer {
    /// An answer without headers and without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// An answer that says it is JSON.
    pub(super) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::empty(status)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(body)
    }

    /// The page that a proxy in front of the API would show.
    pub(super) fn html(status: StatusCode) -> Self {
        Self::empty(status)
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            )
            .body(
                "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n\
                 <body><center><h1>502 Bad Gateway</h1></center></body></html>\n",
            )
    }

    /// The documented success. The amount goes out as the literal it was asked with, so that
    /// nothing here can round it.
    pub(super) fn success(withdrawal: &Withdrawal, edition: Edition) -> Self {
        Self::accepted(
            edition,
            &[
                (INVOICE_ID, quoted(&withdrawal.invoice_id)),
                (STATUS, quoted("created")),
                (CURRENCY, quoted(&withdrawal.currency_code)),
                (AMOUNT, withdrawal.amount.clone()),
            ],
        )
    }

    /// A success that forgets the one thing worth knowing.
    pub(super) fn success_without_id(withdrawal: &Withdrawal) -> Self {
        Self::accepted(
            Edition::Older,
            &[
                (STATUS, quoted("created")),
                (CURRENCY, quoted(&withdrawal.currency_code)),
                (AMOUNT, withdrawal.amount.clone()),
            ],
        )
    }

    fn accepted(edition: Edition, payload: &[(&str, String)]) -> Self {
        let place = match edition {
            Edition::Older => DATA,
            Edition::Newer => RESULT,
        };
        let body = object(&[(STATUS, quoted("success")), (place, object(payload))]);
        Self::json(StatusCode::OK, body)
    }

    /// The error envelope: the key is a key of `result`, its text the value.
    pub(super) fn error(status: StatusCode, key: &str, text: &str) -> Self {
        let result = object(&[(key, quoted(text))]);
        Self::json(
            status,
            object(&[(STATUS, quoted("error")), (RESULT, result)]),
        )
    }

    /// An error whose key is the string value of a field, as elsewhere in the same API.
    pub(super) fn error_in(status: StatusCode, place: &str, key: &str) -> Self {
        Self::json(
            status,
            object(&[(STATUS, quoted("error")), (place, quoted(key))]),
        )
    }

    /// A few words about the request itself, in the shape the API uses outside its envelope.
    pub(super) fn detail(status: StatusCode, text: &str) -> Self {
        Self::json(status, object(&[("detail", quoted(text))]))
    }

    /// What the rules have against a request.
    pub(super) fn refusal(error: &RequestError) -> Self {
        let answer = Self::error(error.status, error.key, error.text);
        match error.retry_after {
            Some(wait) => answer.retry_after(whole_seconds(wait)),
            None => answer,
        }
    }

    /// The same answer with the seconds after which to try again.
    pub(super) fn retry_after(self, seconds: u64) -> Self {
        self.header(RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The same answer with one more header.
    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same answer with this body.
    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// The answer as hyper sends it, which leaves the connection open for the next request.
    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        response
    }

    /// Status line and headers as bytes, for answers that hyper would not send: how the body is
    /// framed is up to the caller.
    pub(super) fn head_with(&self, framing: &str) -> Vec<u8> {
        let reason = self.status.canonical_reason().unwrap_or("Unknown");
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16()).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(format!("{framing}\r\nconnection: close\r\n\r\n").as_bytes());
        head
    }
}

/// Whole seconds, rounded up: who waits that long has waited long enough.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    let begun = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(begun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn withdrawal() -> Withdrawal {
        Withdrawal {
            invoice_id: "INV-00000001".into(),
            currency_code: "BTC".into(),
            to_address: "x".into(),
            amount: "0.050".into(),
        }
    }

    #[test]
    fn a_success_is_the_documented_one() {
        assert_eq!(
            Answer::success(&withdrawal(), Edition::Older).body,
            r#"{"status":"success","data":{"invoice_id":"INV-00000001","status":"created","currency":"BTC","amount":0.050}}"#
        );
        assert_eq!(
            Answer::success(&withdrawal(), Edition::Newer).body,
            r#"{"status":"success","result":{"invoice_id":"INV-00000001","status":"created","currency":"BTC","amount":0.050}}"#
        );
    }

    #[test]
    fn an_error_key_with_quotes_stays_json() {
        assert_eq!(
            Answer::error(StatusCode::BAD_REQUEST, "a\"b", "c").body,
            r#"{"status":"error","result":{"a\"b":"c"}}"#
        );
    }

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(12)), 12);
        assert_eq!(whole_seconds(Duration::from_millis(11_001)), 12);
    }
}
