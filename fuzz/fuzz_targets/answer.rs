//! Any answer of the API: an outcome, and `created` only for the documented success with an
//! invoice id. What names an invoice is created under it or unknown, and only 429 or an error of
//! the API leads to another try.
#![no_main]

use ccbatch::cryptocloud::classify::{Answer, answer, broken_answer};
use ccbatch::domain::{Amount, Cause, Currency, Outcome, Payout, Verdict, named_invoice_id};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Known beginnings and ends of an answer, so that the fuzzer comes past the envelope.
const ENVELOPES: [(&str, &str); 7] = [
    ("", ""),
    (r#"{"status":"success","data":"#, "}"),
    (r#"{"status":"success","result":{"invoice_id":"#, "}}"),
    (
        r#"{"status":"success","data":{"invoice_id":"INV-1","amount":"#,
        "}}",
    ),
    (
        r#"{"status":"success","data":{"invoice_id":"INV-1","currency":"#,
        "}}",
    ),
    (r#"{"status":"error","result":"#, "}"),
    (r#"{"message":"INV-1","#, "}"),
];

fuzz_target!(|input: (u16, u8, &[u8])| {
    let payout = payout();
    let (http_status, envelope, content) = input;
    let (begin, end) = ENVELOPES[usize::from(envelope) % ENVELOPES.len()];
    let body = &[begin.as_bytes(), content, end.as_bytes()].concat();
    let http_status = match http_status % 4 {
        0 => 200,
        1 => 400 + http_status % 100,
        _ => http_status,
    };
    let answered = Answer {
        http_status,
        retry_after: None,
        body,
    };
    let outcome = answer(&payout, &answered);
    check(http_status, body, &outcome);

    let broken = broken_answer(http_status, body, "it broke off");
    assert_eq!(broken.verdict, Verdict::Unknown);
});

fn check(http_status: u16, body: &[u8], outcome: &Outcome) {
    let json: Option<Value> = serde_json::from_slice(body).ok();
    let says = |word: &str| json.as_ref().is_some_and(|json| json["status"] == word);
    let is_error = (400..500).contains(&http_status) || (http_status == 200 && says("error"));
    let names_invoice = json.as_ref().is_some_and(names_invoice);
    match &outcome.verdict {
        Verdict::Created { invoice_id, .. } => assert!(
            (200..300).contains(&http_status) && is_success(body, invoice_id),
            "created without the documented success"
        ),
        Verdict::Rejected => assert!(is_error && json.is_some() && !names_invoice),
        Verdict::NotCreated(Cause::RateLimited { .. }) => {
            assert!((http_status == 429 || is_error) && !names_invoice);
        }
        Verdict::NotCreated(Cause::KeyRefused) => assert!(is_error && !names_invoice),
        Verdict::NotCreated(Cause::WrongAddress) => {
            assert!(matches!(http_status, 404 | 405) && !names_invoice);
        }
        Verdict::NotCreated(Cause::RefusedInBetween) => assert!(json.is_none() && is_error),
        Verdict::NotCreated(Cause::ConnectFailed | Cause::NotSent) => panic!("an answer came"),
        Verdict::Unknown => assert!(
            !names_invoice || named_invoice_id(&outcome.error_key, &outcome.detail).is_some()
        ),
    }
}

/// Whether a body has a text under `invoice_id` somewhere, or the beginning of an id.
fn names_invoice(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| {
            let is_id = |text: &str| name == "invoice_id" && !text.trim().is_empty();
            value.as_str().is_some_and(is_id) || names_invoice(value)
        }),
        Value::Array(items) => items.iter().any(names_invoice),
        Value::String(text) => text.contains("INV-1"),
        _ => false,
    }
}

fn payout() -> Payout {
    let currency = Currency::from_code("BTC").expect("a code");
    Payout {
        line: 2,
        reference: "R1".to_owned(),
        payee: String::new(),
        currency,
        to_address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned(),
        account: String::new(),
        amount: Amount::parse("0.003", 8).expect("an amount"),
        minor_units: 300_000,
    }
}

/// Whether the body is the documented success with this id. The last of equal names counts here.
fn is_success(body: &[u8], invoice_id: &str) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let has_id = |payload| body[payload]["invoice_id"] == *invoice_id;
    !invoice_id.trim().is_empty()
        && body["status"] == "success"
        && (has_id("data") || has_id("result"))
}
