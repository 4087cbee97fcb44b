//! The table of outcomes, row by row, and what must hold for every answer there can be.

use super::*;
use crate::domain::{Amount, Currency, named_invoice_id};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

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

fn read_bytes(http_status: u16, body: &[u8]) -> Outcome {
    answer(
        &payout(),
        &Answer {
            http_status,
            retry_after: None,
            body,
        },
    )
}

fn read(http_status: u16, body: &str) -> Outcome {
    read_bytes(http_status, body.as_bytes())
}

/// Checks that an answer is unknown and that its detail begins with this id.
#[track_caller]
fn assert_named(http_status: u16, body: &str, id: &str) {
    let outcome = read(http_status, body);
    assert_eq!(outcome.verdict, Verdict::Unknown, "{http_status} {body}");
    let named = named_invoice_id(&outcome.error_key, &outcome.detail);
    assert_eq!(named, Some(id), "{http_status} {body}");
}

#[track_caller]
fn assert_is(http_status: u16, body: &str, verdict: Verdict, key: &str) {
    let outcome = read(http_status, body);
    let found = (outcome.verdict, outcome.error_key.as_str());
    assert_eq!(found, (verdict, key), "{http_status} {body}");
}

fn rate_limited() -> Verdict {
    Verdict::NotCreated(Cause::RateLimited { retry_after: None })
}

fn success(payload: &str, members: &str) -> String {
    format!(r#"{{"status":"success","{payload}":{{"invoice_id":"INV-1",{members}}}}}"#)
}

#[test]
fn both_success_shapes_are_created() {
    for payload in ["data", "result"] {
        for code in [200, 201, 202, 299] {
            let members = r#""status":"created","currency":"BTC","amount":0.0029"#;
            let outcome = read(code, &success(payload, members));
            assert_eq!(outcome.invoice_id(), "INV-1");
            assert_eq!(outcome.accepted_amount().unwrap().to_string(), "0.0029");
            assert_eq!(outcome.detail, "");
            assert_eq!(outcome.http_status, Some(code));
        }
    }
}

#[test]
fn a_success_may_leave_the_inner_members_out() {
    for members in [
        r#""status":"created""#,
        r#""currency":"BTC""#,
        r#""status":null,"currency":null"#,
        r#""id":7,"uuid":"u-1""#,
        r#""message":"INV-1 is created""#,
    ] {
        assert_eq!(
            read(200, &success("data", members)).invoice_id(),
            "INV-1",
            "{members}"
        );
    }
}

#[test]
fn another_amount_is_told_as_a_number_or_in_quotes() {
    for (written, told) in [
        ("0.0029", "0.0029"),
        ("\"0.0029\"", "0.0029"),
        ("2e-3", "0.002"),
    ] {
        let body = success("data", &format!(r#""amount":{written}"#));
        let accepted = read(200, &body).accepted_amount();
        assert_eq!(accepted.unwrap().to_string(), told, "{written}");
    }
}

#[test]
fn an_equal_amount_is_not_a_difference_however_it_is_written() {
    for amount in ["0.003", "0.00300", "3e-3", "\"0.003\"", "3E-03", "null"] {
        let body = success("data", &format!(r#""amount":{amount}"#));
        let outcome = read(200, &body);
        assert_eq!(
            (outcome.accepted_amount(), outcome.detail.as_str()),
            (None, ""),
            "{amount}"
        );
    }
}

#[test]
fn an_amount_that_cannot_be_read_is_told_in_words() {
    for (amount, told) in [("\"a lot\"", "a lot"), ("[1]", "1"), ("true", "true")] {
        let outcome = read(200, &success("data", &format!(r#""amount":{amount}"#)));
        assert_eq!(outcome.invoice_id(), "INV-1");
        assert_eq!(
            outcome.detail,
            format!("the answer names the amount {told}")
        );
    }
}

#[test]
fn a_success_with_another_status_currency_or_id_is_unknown_and_keeps_the_id() {
    for (members, why) in [
        (r#""status":"failed""#, "its status is failed"),
        (r#""status":7"#, "its status is 7"),
        (r#""currency":"LTC""#, "its currency is LTC"),
        (r#""currency":{"code":"BTC"}"#, "its currency is code: BTC"),
        (
            r#""status":"created","status":"canceled""#,
            "its status is canceled",
        ),
        (r#""x":{"invoice_id":"INV-2"}"#, "it names as well: INV-2"),
    ] {
        let body = success("data", members);
        assert_named(200, &body, "INV-1");
        assert!(
            read(200, &body).detail.contains(why),
            "{}",
            read(200, &body).detail
        );
    }
    assert_named(
        200,
        r#"{"status":"success","status":"error","data":{"invoice_id":"INV-1"}}"#,
        "INV-1",
    );
}

#[test]
fn an_invoice_id_anywhere_is_unknown_whatever_else_is_said() {
    let documented = success("data", r#""status":"created""#);
    for code in [101, 302, 400, 401, 404, 413, 429, 500, 504] {
        assert_named(code, &documented, "INV-1");
    }
    for (code, body, id) in [
        (
            200,
            r#"{"status":"processing","data":{"id":"W-1","rate_limit":{"remaining":4}}}"#,
            "W-1",
        ),
        (
            200,
            r#"{"status":"error","data":{"invoice_id":"INV-1","network":"x"}}"#,
            "INV-1",
        ),
        (200, r#"{"data":{"invoice_id":"INV-1"}}"#, "INV-1"),
        (200, r#"{"status":"success","data":{"invoice_id":7}}"#, "7"),
        (
            200,
            r#"{"result":{"id":"W-1","currency_code":"BTC","network":"BTC"}}"#,
            "W-1",
        ),
        (200, r#"{"status":"ok","invoice_id":"W-1"}"#, "W-1"),
        (
            400,
            r#"{"status":"error","invoice_id":"W-1","result":{"network":"x"}}"#,
            "W-1",
        ),
        (429, r#"{"data":[{"invoice_id":"W-1"}]}"#, "W-1"),
        (403, "<html><title>INV-7 is blocked</title>", "INV-7"),
        (404, r#"{"message":"INV-AB12 exists"}"#, "INV-AB12"),
    ] {
        assert_named(code, body, id);
    }
}

#[test]
fn the_words_of_an_answer_that_names_an_invoice_follow_its_id_once() {
    let detail = read(409, r#"{"message":"INV-AB12 exists"}"#).detail;
    let named =
        "INV-AB12; the answer (HTTP 409) names this invoice, and is not the documented success";
    assert_eq!(detail, format!("{named}; INV-AB12 exists"));
    assert_eq!(read(409, r#"{"message":"INV-AB12"}"#).detail, named);
}

#[test]
fn a_success_without_an_invoice_says_so() {
    let detail = read(200, r#"{"status":"success","data":{}}"#).detail;
    let told = "the answer says success and names no invoice: the answer reads: ";
    assert!(detail.starts_with(told), "{detail}");
}

#[test]
fn too_many_requests_is_a_rate_limit_whatever_the_body_says() {
    for body in [
        "",
        "<html>",
        r#"{"status":"success"}"#,
        r#"{"message":"network"}"#,
    ] {
        assert_is(429, body, rate_limited(), "rate_limit");
    }
}

#[test]
fn a_rate_limit_is_one_only_where_an_error_names_it() {
    let envelope = r#"{"status":"error","result":{"currency_code":"x","rate_limit":"slow down"}}"#;
    for (code, body) in [
        (200, envelope),
        (400, envelope),
        (403, r#"{"message":"rate_limit"}"#),
        (409, r#"{"error":"rate_limit"}"#),
    ] {
        assert_is(code, body, rate_limited(), "rate_limit");
    }
    assert_eq!(read(400, envelope).detail, "slow down; currency_code: x");
    for (code, body) in [
        (
            200,
            r#"{"status":"processing","data":{"rate_limit":{"remaining":4}}}"#,
        ),
        (200, r#"{"message":"rate_limit"}"#),
        (201, envelope),
        (302, envelope),
        (500, r#"{"message":"rate_limit"}"#),
        (504, r#"{"error":{"rate_limit":"x"}}"#),
        (400, r#"{"status":"ok","message":"rate_limit"}"#),
        (400, r#"{"success":true,"message":"rate_limit"}"#),
        (400, r#"["rate_limit"]"#),
        (400, "rate_limit"),
    ] {
        assert_eq!(read(code, body).verdict, Verdict::Unknown, "{code} {body}");
    }
}

#[test]
fn a_documented_key_is_rejected_wherever_an_error_names_it() {
    for body in [
        r#"{"status":"error","result":{"network":"wrong format"}}"#,
        r#"{"status":"error","result":"network"}"#,
        r#"{"status":"error","error":"network"}"#,
        r#"{"status":"error","error":{"network":["wrong"]}}"#,
        r#"{"status":"error","error_key":"network"}"#,
        r#"{"status":"error","errors":["network"]}"#,
        r#"{"status":"error","errors":[{"code":"network","text":"wrong"}]}"#,
        r#"{"status":"error","data":{"network":1}}"#,
        r#"{"status":"error","message":"network"}"#,
        r#"{"status":"error","detail":"network"}"#,
        r#"{"status":"error","result":{"errors":[{"network":"wrong"}]}}"#,
    ] {
        let bare = body.replace(r#""status":"error","#, "");
        for (code, body) in [
            (200, body),
            (400, body),
            (422, body),
            (400, &bare),
            (413, &bare),
        ] {
            assert_is(code, body, Verdict::Rejected, "network");
        }
        for code in [201, 204, 301, 408, 409, 425, 500, 599] {
            assert_eq!(read(code, body).verdict, Verdict::Unknown, "{code} {body}");
        }
        assert_eq!(read(200, &bare).verdict, Verdict::Unknown, "{bare}");
        for code in [401, 403] {
            let refused = Verdict::NotCreated(Cause::KeyRefused);
            assert_eq!(read(code, body).verdict, refused, "{code} {body}");
        }
        for code in [404, 405] {
            let wrong = Verdict::NotCreated(Cause::WrongAddress);
            assert_eq!(read(code, body).verdict, wrong, "{code} {body}");
        }
    }
}

#[test]
fn a_key_is_read_as_deep_as_one_may_stand_and_no_deeper() {
    assert_is(
        400,
        r#"{"result":[[["network"]]]}"#,
        Verdict::Rejected,
        "network",
    );
    assert_is(
        400,
        r#"{"result":[[[["network"]]]]}"#,
        Verdict::Unknown,
        "unreadable_answer",
    );
}

#[test]
fn a_refused_key_is_told_from_a_refused_payout() {
    let envelope = r#"{"status":"error","result":{"authorization":"Unauthorized request."}}"#;
    for (code, body, key) in [
        (400, envelope, "authorization"),
        (200, envelope, "authorization"),
        (401, r#"{"message":"Unauthenticated."}"#, "http_401"),
        (
            403,
            r#"{"detail":"Signature verification failed"}"#,
            "http_403",
        ),
        (401, "{}", "http_401"),
    ] {
        assert_is(code, body, Verdict::NotCreated(Cause::KeyRefused), key);
    }
    let both = r#"{"status":"error","result":{"network":"x","authorization":"y"}}"#;
    assert_is(400, both, Verdict::Rejected, "network");
    for (code, body) in [
        (200, r#"{"authorization":"x"}"#),
        (200, r#"{"status":"ok","result":{"authorization":"x"}}"#),
        (500, envelope),
        (401, r#"{"status":"success"}"#),
        (401, "[]"),
    ] {
        assert_eq!(read(code, body).verdict, Verdict::Unknown, "{code} {body}");
    }
}

#[test]
fn another_address_is_no_rejection() {
    for code in [404, 405] {
        for body in ["", "<html>", r#"{"detail":"Not found."}"#] {
            let key = format!("http_{code}");
            assert_is(code, body, Verdict::NotCreated(Cause::WrongAddress), &key);
        }
    }
}

#[test]
fn something_in_between_is_not_the_api() {
    let page = "<!DOCTYPE html><html><head><title>Attention Required!</title>";
    for code in [401, 403, 413, 414, 431] {
        for body in [page, "", "denied"] {
            let key = format!("http_{code}");
            assert_is(
                code,
                body,
                Verdict::NotCreated(Cause::RefusedInBetween),
                &key,
            );
        }
        let told = read(code, page).detail;
        assert_eq!(
            told,
            "the answer is not the API's but a web page (Attention Required!)"
        );
    }
    assert_eq!(read(503, page).verdict, Verdict::Unknown);
}

#[test]
fn what_may_be_json_and_cannot_be_read_is_unknown_whatever_the_status() {
    let of_the_api = r#"{"status":"error","result":{"rate_limit":"x"},"data":{"id":"W-1"}}"#;
    let utf_16: Vec<u8> = of_the_api
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let with = |before: &[u8], after: &[u8]| [before, of_the_api.as_bytes(), after].concat();
    for body in [
        of_the_api.as_bytes()[..60].to_vec(),
        with(b"\xef\xbb\xbf", b""),
        with(b"", b"{}"),
        of_the_api
            .replace('W', "\u{e9}")
            .chars()
            .map(|c| c as u8)
            .collect(),
        utf_16,
        b"\x1f\x8b\x08\x00\x00".to_vec(),
        format!("{}{of_the_api}{}", "[".repeat(99), "]".repeat(99)).into_bytes(),
    ] {
        for code in [200, 400, 401, 403, 404, 405, 413, 429, 500] {
            let outcome = read_bytes(code, &body);
            assert_eq!(outcome.verdict, Verdict::Unknown, "{code} {body:?}");
        }
    }
}

#[test]
fn another_refusal_of_the_api_is_rejected() {
    for (code, body, key, detail) in [
        (
            400,
            r#"{"status":"error","result":{"limits":"daily limit"}}"#,
            "limits",
            "daily limit",
        ),
        (
            422,
            r#"{"status":"error","error":"daily_limit"}"#,
            "daily_limit",
            "the answer reads",
        ),
        (
            400,
            r#"{"status":"error","error":"Too much"}"#,
            "http_400",
            "Too much",
        ),
        (
            422,
            r#"{"message":"Unprocessable."}"#,
            "http_422",
            "Unprocessable.",
        ),
        (
            413,
            r#"{"detail":["too","large"]}"#,
            "http_413",
            "too, large",
        ),
        (
            410,
            r#"{"errors":[{"code":"gone_by"}],"status":"error"}"#,
            "gone_by",
            "",
        ),
    ] {
        assert_is(code, body, Verdict::Rejected, key);
        assert!(
            read(code, body).detail.starts_with(detail),
            "{}",
            read(code, body).detail
        );
    }
}

#[test]
fn a_refusal_that_does_not_say_why_is_unknown() {
    for body in [
        "",
        "{}",
        "null",
        "<html>",
        r#"{"status":"error"}"#,
        r#"{"status":"error","result":{}}"#,
        r#"{"status":"error","result":" "}"#,
        r#"{"message":" "}"#,
        r#"{"error":"Bad Request"}"#,
        r#"{"status":"ok","message":"x"}"#,
        r#"{"status":"error","result":{"network":"x"}"#,
    ] {
        for code in [400, 402, 422, 499] {
            assert_is(code, body, Verdict::Unknown, "unreadable_answer");
        }
    }
    let latin = b"{\"status\":\"error\",\"result\":{\"network\":\"caf\xe9\"}}";
    assert_eq!(read_bytes(400, latin).verdict, Verdict::Unknown);
    for code in [408, 409, 425] {
        let message = read(code, r#"{"message":"x"}"#);
        assert_eq!(message.verdict, Verdict::Unknown, "{code}");
    }
}

#[test]
fn everything_else_is_unknown() {
    for code in [
        101, 204, 301, 302, 307, 308, 408, 409, 425, 500, 502, 503, 504, 599, 999,
    ] {
        assert_is(code, "", Verdict::Unknown, &format!("http_{code}"));
    }
    for body in [
        "",
        "null",
        "[]",
        "<html>",
        r#"{"status":"error","result":{"limits":"x"}}"#,
    ] {
        assert_is(200, body, Verdict::Unknown, "unreadable_answer");
    }
    for body in [
        r#"{"status":"success"}"#,
        r#"{"status":"success","data":{}}"#,
        r#"{"status":"success","data":{"invoice_id":""}}"#,
        r#"{"status":"success","data":{"network":"TRON"}}"#,
    ] {
        assert_is(200, body, Verdict::Unknown, "no_invoice_id");
    }
}

#[test]
fn an_encoded_body_is_unknown_whatever_the_status() {
    for code in [200, 400, 401, 404, 429, 500] {
        let outcome = encoded_answer(code, "gzip", b"\x1f\x8b");
        assert_eq!(outcome.verdict, Verdict::Unknown, "{code}");
        assert_eq!(outcome.error_key, "unreadable_answer");
        let why = format!("the answer (HTTP {code}) is encoded as gzip, and cannot be read");
        assert_eq!(outcome.detail, why);
    }
    let named = encoded_answer(429, "br", b"INV-AB12");
    assert!(
        named.detail.starts_with("INV-AB12; the answer"),
        "{}",
        named.detail
    );
}

#[test]
fn the_api_s_wait_is_kept() {
    let retry_after = Some(Duration::from_secs(7));
    let outcome = answer(
        &payout(),
        &Answer {
            http_status: 429,
            retry_after,
            body: b"",
        },
    );
    let cause = Cause::RateLimited { retry_after };
    assert_eq!(outcome.verdict, Verdict::NotCreated(cause));
}

#[test]
fn an_answer_that_broke_off_is_unknown_and_keeps_what_can_be_read() {
    let told = broken_answer(400, br#"{"status":"error","result":{"netw"#, "it broke off");
    assert_eq!(told.verdict, Verdict::Unknown);
    assert_eq!(told.error_key, "broken_answer");
    assert!(
        told.detail
            .starts_with("it broke off; it begins: {\"status\""),
        "{}",
        told.detail
    );
    assert_eq!(
        broken_answer(429, b"", "it broke off").detail,
        "it broke off"
    );
    let named = broken_answer(200, br#"{"data":{"invoice_id":"W-1","sta"#, "it broke off");
    assert_eq!(
        named_invoice_id(&named.error_key, &named.detail),
        Some("W-1")
    );
}

#[test]
fn without_an_answer_it_counts_whether_a_request_left() {
    let failed = not_connected("no route".to_owned());
    assert_eq!(failed.verdict, Verdict::NotCreated(Cause::ConnectFailed));
    assert_eq!(
        (&*failed.error_key, &*failed.detail),
        ("connect_failed", "no route")
    );
    let silent = no_answer(String::new());
    assert_eq!(
        (silent.verdict, &*silent.error_key),
        (Verdict::Unknown, "no_answer")
    );
}

/// Names and texts that the rules look for, and others.
fn word() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "status",
        "data",
        "result",
        "error",
        "errors",
        "error_key",
        "message",
        "detail",
        "success",
        "created",
        "network",
        "rate_limit",
        "authorization",
        "uncorrected_amount",
        "currency",
        "BTC",
        "amount",
        "id",
        "uuid",
        "ok",
        "processing",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => "[a-z ]{0,6}"]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let members = prop::collection::vec((word(), inner), 0..4);
        let object = members.prop_map(|it| Value::Object(it.into_iter().collect()));
        prop_oneof![items, object]
    })
}

/// Bodies of which many have the API's envelope.
fn body() -> impl Strategy<Value = Value> {
    let status = prop::sample::select(vec!["success", "error", "ok", "pending"]);
    let place = prop::sample::select(vec!["data", "result", "error", "errors", "message"]);
    let envelope = (status, place, json_value())
        .prop_map(|(status, place, value)| json!({"status": status, place: value}));
    prop_oneof![json_value(), envelope]
}

fn http_status() -> impl Strategy<Value = u16> {
    let known = prop::sample::select(vec![
        200_u16, 201, 302, 400, 401, 403, 404, 405, 408, 409, 413, 422, 425, 429, 500, 503, 504,
    ]);
    prop_oneof![4 => known, 1 => 100_u16..1000]
}

/// Puts an id somewhere into a body: under `invoice_id`, or as a word in a text.
fn with_id(body: Value, id: &str, path: &[usize], is_member: bool) -> Value {
    let named = || match is_member {
        true => json!({"invoice_id": id}),
        false => json!(format!("see {id}.")),
    };
    match (body, path) {
        (Value::Object(mut members), [at, rest @ ..]) if !members.is_empty() => {
            let name = members.keys().nth(at % members.len()).cloned().unwrap();
            let inner = members.remove(&name).unwrap();
            members.insert(name, with_id(inner, id, rest, is_member));
            Value::Object(members)
        }
        (Value::Array(mut items), [at, rest @ ..]) if !items.is_empty() => {
            let index = at % items.len();
            let inner = items.remove(index);
            items.insert(index, with_id(inner, id, rest, is_member));
            Value::Array(items)
        }
        (Value::Object(mut members), _) if is_member => {
            members.insert("invoice_id".to_owned(), json!(id));
            Value::Object(members)
        }
        (other, _) if is_member => json!([other, named()]),
        (Value::Object(members), _) => {
            let more = Map::from_iter([("note".to_owned(), named())]);
            Value::Object(members.into_iter().chain(more).collect())
        }
        (other, _) => json!([other, named()]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// A body that holds an invoice id anywhere is `created` under that id, or unknown with the id
    /// at the beginning of the detail: never sent again, never called rejected.
    #[test]
    fn an_id_anywhere_is_never_lost_sent_again_or_called_rejected(
        code in http_status(),
        body in body(),
        path in prop::collection::vec(0_usize..4, 0..4),
        is_member in any::<bool>(),
    ) {
        let id = "INV-ZQ81";
        let body = with_id(body, id, &path, is_member).to_string();
        let outcome = read(code, &body);
        match &outcome.verdict {
            Verdict::Created { invoice_id, .. } => prop_assert_eq!(invoice_id, id),
            Verdict::Unknown => {
                let ids = invoice::ids(&Json::parse(body.as_bytes()).unwrap());
                prop_assert!(ids.iter().any(|it| it == id), "{ids:?}");
                prop_assert!(outcome.detail.starts_with(&ids[0]), "{}", outcome.detail);
                prop_assert!(outcome.detail.contains(id), "{}", outcome.detail);
            }
            other => prop_assert!(false, "{code} {body}: {other:?}"),
        }
    }

    /// Only 429, or an error of the API in its documented shape, leads to another try or to a
    /// rejection; and only HTTP 2xx with the whole success is created.
    #[test]
    fn only_an_error_leads_to_another_try(code in http_status(), body in body()) {
        let outcome = read(code, &body.to_string());
        let is_error = (400..500).contains(&code)
            || (code == 200 && body["status"] == "error");
        match &outcome.verdict {
            Verdict::Created { .. } => {
                prop_assert!((200..300).contains(&code) && body["status"] == "success");
            }
            Verdict::Rejected => prop_assert!(is_error && body["status"] != "success"),
            Verdict::NotCreated(Cause::RateLimited { .. }) => {
                let is_named = body.to_string().contains("rate_limit");
                prop_assert!(code == 429 || (is_error && is_named));
            }
            Verdict::NotCreated(Cause::KeyRefused) => prop_assert!(is_error),
            Verdict::NotCreated(Cause::WrongAddress) => prop_assert!(matches!(code, 404 | 405)),
            Verdict::NotCreated(Cause::RefusedInBetween) => {
                prop_assert!(false, "JSON is the API's: {code} {body}");
            }
            Verdict::NotCreated(Cause::ConnectFailed | Cause::NotSent) => {
                prop_assert!(false, "an answer came");
            }
            Verdict::Unknown => {}
        }
        prop_assert!(!outcome.detail.contains(['\n', '\r', '\t']));
        // So that a status that somebody types over a doubt is known as one.
        prop_assert_eq!(
            outcome.verdict == Verdict::Unknown,
            own_key::is_doubt(&outcome.error_key),
            "{} {}: {:?}", code, body, outcome
        );
    }

    /// A body that does not arrive as it was written says nothing that counts.
    #[test]
    fn a_mangled_body_is_unknown(code in http_status(), body in body(), how in 0..4, at in 1_usize..99) {
        let whole = json!({"status": "error", "result": body}).to_string();
        let cut = at.min(whole.len() - 1);
        let mangled = match how {
            0 => whole.as_bytes()[..cut].to_vec(),
            1 => [whole.as_bytes(), b"\xe9"].concat(),
            2 => whole.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            _ => [b"\xef\xbb\xbf", whole.as_bytes()].concat(),
        };
        let outcome = read_bytes(code, &mangled);
        prop_assert_eq!(&outcome.verdict, &Verdict::Unknown, "{} {:?}", code, mangled);
        prop_assert!(own_key::is_doubt(&outcome.error_key));
    }

    /// The same for bytes that are nothing in particular.
    #[test]
    fn bytes_are_never_created_or_rejected(code in http_status(), body in any::<Vec<u8>>()) {
        let outcome = read_bytes(code, &body);
        let is_unexpected =
            matches!(outcome.verdict, Verdict::Created { .. } | Verdict::Rejected);
        prop_assert!(!is_unexpected, "{code} {body:?}: {outcome:?}");
        let is_unknown = outcome.verdict == Verdict::Unknown;
        prop_assert_eq!(is_unknown, own_key::is_doubt(&outcome.error_key));
    }

    /// A success that is cut anywhere is unknown, and keeps the id as soon as it is whole.
    #[test]
    fn a_cut_success_keeps_its_id(cut in 0_usize..200) {
        let whole = r#"{"status":"success","data":{"invoice_id":"INV-ZQ81","status":"created"}}"#;
        let cut = cut.min(whole.len() - 1);
        for outcome in [read(200, &whole[..cut]), broken_answer(200, &whole.as_bytes()[..cut], "cut")] {
            prop_assert_eq!(&outcome.verdict, &Verdict::Unknown);
            let is_there = whole[..cut].contains("INV-ZQ81");
            prop_assert!(!is_there || outcome.detail.starts_with("INV-ZQ81; "));
        }
    }
}
