//! An invoice id in an answer means that a withdrawal may exist, whatever else the answer says.

use super::json::Json;
use super::page;
use crate::api::{INVOICE_ID_PREFIX, field};
use crate::domain::escape::one_line;

/// Names under which other parts of the same API give an id, inside `data` or `result`.
const ID_NAMES: [&str; 2] = ["id", "uuid"];

/// What a broken body may have between the name `invoice_id` and its value.
const BETWEEN: &[char] = &['"', '\'', '\\', ' ', '\t', '\r', '\n', ':', '=', '>'];

/// What ends a value in a broken body.
const AFTER: &[char] = &[
    '"', '\'', '\\', ' ', '\t', '\r', '\n', ',', ';', '&', '<', '}', ']', ')',
];

/// Every invoice id that a JSON body names: each once, those under `invoice_id` first.
pub(super) fn ids(body: &Json) -> Vec<String> {
    let mut ids = named_ids(body);
    let mut others = Vec::new();
    find_others(body, Place::Outside, &mut others);
    for id in others {
        push(&mut ids, id);
    }
    ids
}

/// Every value under a name `invoice_id`, at any depth.
pub(super) fn named_ids(body: &Json) -> Vec<String> {
    let mut ids = Vec::new();
    find_named(body, &mut ids);
    ids
}

fn find_named(value: &Json, ids: &mut Vec<String>) {
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                if name == field::INVOICE_ID {
                    push_value(ids, value);
                }
                find_named(value, ids);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| find_named(item, ids)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
    }
}

/// Whether a value stands inside `data` or `result`, where `id` and `uuid` name a withdrawal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
}

fn find_others(value: &Json, place: Place, ids: &mut Vec<String>) {
    match value {
        Json::Text(text) => {
            // A text may be JSON itself, as where a gateway quotes what it was answered.
            find_named_in_text(text, ids);
            texts_ids(text).for_each(|id| push(ids, id));
        }
        Json::Array(items) => items.iter().for_each(|item| find_others(item, place, ids)),
        Json::Object(members) => {
            for (name, value) in members {
                texts_ids(name).for_each(|id| push(ids, id));
                if place == Place::Inside && ID_NAMES.contains(&name.as_str()) {
                    push_value(ids, value);
                }
                let is_payload = name == field::DATA || name == field::RESULT;
                let place = if is_payload { Place::Inside } else { place };
                find_others(value, place, ids);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Every invoice id in a body that is not JSON, or that did not arrive whole.
pub(super) fn ids_in_text(body: &[u8]) -> Vec<String> {
    let text = page::text(body);
    let mut ids = Vec::new();
    find_named_in_text(&text, &mut ids);
    texts_ids(&text).for_each(|id| push(&mut ids, id));
    ids
}

/// Every value behind the name `invoice_id` in a text that is written like JSON, a form or XML.
fn find_named_in_text(text: &str, ids: &mut Vec<String>) {
    for (at, name) in text.match_indices(field::INVOICE_ID) {
        let rest = text.get(at.saturating_add(name.len())..).unwrap_or("");
        let value = rest.trim_start_matches(BETWEEN);
        let between = rest.get(..rest.len().saturating_sub(value.len()));
        // Without one of these it is a sentence that mentions the name.
        if between.is_some_and(|between| between.contains([':', '=', '>'])) {
            let value = value.split(AFTER).next().unwrap_or("");
            if !matches!(value, "null" | "false" | "{" | "[" | "[]" | "{}") {
                push(ids, value.to_owned());
            }
        }
    }
}

/// Every `INV-` in a text that letters or digits follow.
fn texts_ids(text: &str) -> impl Iterator<Item = String> {
    text.match_indices(INVOICE_ID_PREFIX)
        .filter_map(move |(at, prefix)| {
            let start = at.saturating_add(prefix.len());
            let rest = text.get(start..)?;
            let end = rest
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(rest.len());
            (end > 0).then(|| text.get(at..start.saturating_add(end)).map(str::to_owned))?
        })
}

/// Adds a JSON value, unless it says that there is no id.
fn push_value(ids: &mut Vec<String>, value: &Json) {
    match value {
        Json::Null | Json::Bool(false) => {}
        Json::Bool(true) | Json::Number(_) | Json::Text(_) | Json::Array(_) | Json::Object(_) => {
            push(ids, value.to_string())
        }
    }
}

/// Adds an id that is not there yet. Blanks are taken together, so that it stands on one line.
fn push(ids: &mut Vec<String>, id: String) {
    let id = one_line(&id);
    if !id.is_empty() && !ids.contains(&id) {
        ids.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Vec<String> {
        ids(&Json::parse(body.as_bytes()).unwrap())
    }

    #[test]
    fn an_id_is_found_wherever_it_stands() {
        for (body, expected) in [
            (r#"{"invoice_id":"W-1"}"#, &["W-1"][..]),
            (r#"{"a":[{"b":{"invoice_id":7}}]}"#, &["7"]),
            (r#"{"invoice_id":["W-1","W-2"]}"#, &["W-1, W-2"]),
            (r#"{"invoice_id":"W-1","invoice_id":null}"#, &["W-1"]),
            (r#"{"data":{"id":"W-1"}}"#, &["W-1"]),
            (r#"{"result":[{"uuid":"W-1"}]}"#, &["W-1"]),
            (r#"{"data":{"withdrawal":{"id":9}}}"#, &["9"]),
            (r#"{"message":"see INV-AB12."}"#, &["INV-AB12"]),
            (r#"{"message":"see \u0049NV-AB12."}"#, &["INV-AB12"]),
            (
                r#"{"message":"{\"data\":{\"invoice_id\":\"W-1\"}}"}"#,
                &["W-1"],
            ),
            (r#"{"INV-AB12":1}"#, &["INV-AB12"]),
            (r#""INV-AB12 and INV-CD34""#, &["INV-AB12", "INV-CD34"]),
            (
                r#"{"message":"INV-2","data":{"id":"W-3","invoice_id":"INV-1"}}"#,
                &["INV-1", "INV-2", "W-3"],
            ),
        ] {
            assert_eq!(of(body), expected, "{body}");
        }
    }

    #[test]
    fn what_says_that_there_is_none_is_no_id() {
        for body in [
            r#"{"invoice_id":null}"#,
            r#"{"invoice_id":false}"#,
            r#"{"invoice_id":" "}"#,
            r#"{"invoice_id":[]}"#,
            r#"{"id":"request-1"}"#,
            r#"{"error":{"id":"request-1"}}"#,
            r#"{"message":"INV- is how an id begins, and INVOICE-1 is none"}"#,
        ] {
            assert!(of(body).is_empty(), "{body}");
        }
    }

    #[test]
    fn an_id_is_found_in_what_is_not_json() {
        for (body, expected) in [
            (
                &br#"{"status":"success","data":{"invoice_id":"W-1","sta"#[..],
                &["W-1"][..],
            ),
            (br#"{"data":{"invoice_id" : 17, "x"#, &["17"]),
            (b"invoice_id=W-1&status=created", &["W-1"]),
            (b"<invoice_id>W-1</invoice_id>", &["W-1"]),
            (b"<p>INV-AB12</p>", &["INV-AB12"]),
            (b"caf\xe9 INV-AB12", &["INV-AB12"]),
            (b"I\0N\0V\0-\0A\0B\0", &["INV-AB"]),
            (br#"{"data":{"invoice_id":"#, &[]),
            (br#"{"data":{"invoice_id":null,"#, &[]),
            (b"invoice_id is required", &[]),
        ] {
            assert_eq!(
                ids_in_text(body),
                expected,
                "{:?}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
