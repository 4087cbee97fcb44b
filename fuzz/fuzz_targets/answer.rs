//! Any answer of the API: an outcome, and `created` only for the documented success with an
//! invoice id. What is recorded of it is read back.
#![no_main]

use ccbatch::cryptocloud::classify::{Answer, answer};
use ccbatch::domain::{Amount, Cause, Currency, Outcome, Payout, Status, Verdict};
use ccbatch::payout::results::{Attempt, Ending, HEADER, Intent, RESOLVED, parse};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Known beginnings and ends of an answer, so that the fuzzer comes past the envelope.
const ENVELOPES: [(&str, &str); 5] = [
    ("", ""),
    (r#"{"status":"success","data":"#, "}"),
    (r#"{"status":"success","result":{"invoice_id":"#, "}}"),
    (
        r#"{"status":"success","data":{"invoice_id":"INV-1","amount":"#,
        "}}",
    ),
    (r#"{"status":"error","result":"#, "}"),
];

fuzz_target!(|input: (u16, u8, &[u8])| {
    let payout = payout();
    let (http_status, envelope, content) = input;
    let (begin, end) = ENVELOPES[usize::from(envelope) % ENVELOPES.len()];
    let body = &[begin.as_bytes(), content, end.as_bytes()].concat();
    let http_status = if http_status % 2 == 0 {
        200
    } else {
        http_status
    };
    let answered = Answer {
        http_status,
        retry_after: None,
        body,
    };
    let outcome = answer(&payout, &answered);
    match &outcome.verdict {
        Verdict::Created { invoice_id, .. } => assert!(
            (200..300).contains(&http_status) && is_success(body, invoice_id),
            "created without the documented success"
        ),
        Verdict::NotCreated(Cause::ConnectFailed) => panic!("an answer came"),
        Verdict::Rejected => assert!(http_status == 200 || (400..500).contains(&http_status)),
        Verdict::NotCreated(_) | Verdict::Unknown => {}
    }
    is_recorded(&payout, &outcome);
});

fn payout() -> Payout {
    let currency = Currency::from_code("BTC").expect("a code");
    Payout {
        line: 2,
        reference: "R1".to_owned(),
        currency,
        to_address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned(),
        amount: Amount::parse("0.003", 8).expect("an amount"),
    }
}

/// Whether the body is the documented success with this id.
fn is_success(body: &[u8], invoice_id: &str) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let has_id = |payload| body[payload]["invoice_id"] == *invoice_id;
    !invoice_id.trim().is_empty()
        && body["status"] == "success"
        && (has_id("data") || has_id("result"))
}

fn is_recorded(payout: &Payout, outcome: &Outcome) {
    let now = DateTime::from_timestamp_millis(1_795_341_600_000).expect("a time");
    let attempt = Attempt {
        intent: Intent::new(payout, 1, "api.cryptocloud.plus", now),
        ending: Ending::new(outcome, now),
    };
    assert_ne!(attempt.ending.detail, RESOLVED);
    assert_eq!(
        attempt.ending.status == Status::Created,
        !attempt.ending.invoice_id.is_empty()
    );
    let text = HEADER.to_owned() + &attempt.encode();
    let record = parse(text.as_bytes()).expect("what was written");
    assert_eq!(record.attempts, [attempt]);
}
