//! An [`ErrorBody`] is what an error of the API has against a request: the key that it names, and
//! every word that it says.

use super::json::Json;
use crate::api::{error_key, field};
use crate::domain::escape::one_line;

/// Where an error may name its key, in the order in which they are read.
const KEY_PLACES: [&str; 7] = [
    field::RESULT,
    "error",
    "error_key",
    "errors",
    field::DATA,
    MESSAGE,
    DETAIL,
];

/// A name under which an error says why.
const MESSAGE: &str = "message";

/// The other one.
const DETAIL: &str = "detail";

/// Names of members that describe an error, and are not its key.
const FIELDS: [&str; 5] = ["code", "key", "text", "title", "type"];

/// How deep below such a place a key may stand.
const MAX_KEY_DEPTH: u8 = 3;

/// An error has two or three sentences; what goes far beyond is not worth comparing.
const MAX_SENTENCES: usize = 50;

/// What an error of the API says.
#[derive(Debug, Default)]
pub(super) struct ErrorBody {
    /// It names `rate_limit`.
    pub(super) rate_limit: bool,
    /// It names `authorization`.
    pub(super) authorization: bool,
    /// The first other documented key that it names.
    pub(super) documented: Option<&'static str>,
    /// The first key that is not documented.
    pub(super) undocumented: Option<String>,
    /// It is in the error envelope with a key or a text, or has a `message` or `detail`.
    pub(super) says_why: bool,
    /// Its own words, in one line.
    pub(super) reason: String,
}

impl ErrorBody {
    /// Reads an object that is an error of the API.
    pub(super) fn read(body: &Json) -> Self {
        let mut names = Vec::new();
        for place in KEY_PLACES {
            for value in body.all(place) {
                collect_names(value, 0, &mut names);
            }
        }
        let is_named = |key: &str| names.iter().any(|name| name.key == key);
        let documented = names.iter().find_map(|name| {
            let mut all = error_key::ALL.into_iter();
            all.find(|key| *key == name.key && *key != error_key::RATE_LIMIT)
        });
        let in_envelope = body.all(field::STATUS).any(|it| it.text() == Some("error"));
        let undocumented = names
            .iter()
            .filter(|name| {
                in_envelope && !KEY_PLACES.contains(&name.key) && !FIELDS.contains(&name.key)
            })
            .find(|name| name.is_member || is_key_like(name.key));
        let undocumented = undocumented.map(|name| name.key);
        let key = if is_named(error_key::RATE_LIMIT) {
            Some(error_key::RATE_LIMIT)
        } else {
            documented.or(undocumented)
        };
        let mut words = Words::default();
        words.of_key(body, key);
        words.of_messages(body, key);
        let has_message = [MESSAGE, DETAIL]
            .into_iter()
            .any(|name| body.all(name).any(has_text));
        words.of_the_rest(body, key);
        Self {
            rate_limit: is_named(error_key::RATE_LIMIT),
            authorization: is_named(error_key::AUTHORIZATION),
            documented,
            says_why: (in_envelope && !names.is_empty()) || has_message,
            undocumented: undocumented.map(str::to_owned),
            reason: words.0.join("; "),
        }
    }
}

/// A key, or a text that may be one.
struct Name<'a> {
    key: &'a str,
    /// It is the name of a member, not a text.
    is_member: bool,
}

fn collect_names<'a>(value: &'a Json, depth: u8, names: &mut Vec<Name<'a>>) {
    if depth > MAX_KEY_DEPTH {
        return;
    }
    let deeper = depth.saturating_add(1);
    match value {
        Json::Text(text) if text.trim().is_empty() => {}
        Json::Text(text) => names.push(Name {
            key: text.trim(),
            is_member: false,
        }),
        Json::Array(items) => items
            .iter()
            .for_each(|item| collect_names(item, deeper, names)),
        Json::Object(members) => {
            for (key, value) in members {
                names.push(Name {
                    key,
                    is_member: true,
                });
                collect_names(value, deeper, names);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Whether a text reads like a key and not like a sentence.
fn is_key_like(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether there is a text in a value.
fn has_text(value: &Json) -> bool {
    match value {
        Json::Text(text) => !text.trim().is_empty(),
        Json::Array(items) => items.iter().any(has_text),
        Json::Object(members) => members.iter().any(|(_, value)| has_text(value)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// What an error says, each sentence once.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    /// What stands under the key itself.
    fn of_key(&mut self, value: &Json, key: Option<&str>) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    if Some(name.as_str()) == key {
                        self.push(&value.to_string(), key);
                    } else {
                        self.of_key(value, key);
                    }
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.of_key(item, key)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
    }

    /// What stands under `message` and `detail`, at any depth.
    fn of_messages(&mut self, value: &Json, key: Option<&str>) {
        match value {
            Json::Object(members) => {
                for (name, value) in members {
                    if [MESSAGE, DETAIL].contains(&name.as_str()) {
                        self.push(&value.to_string(), key);
                    } else {
                        self.of_messages(value, key);
                    }
                }
            }
            Json::Array(items) => items.iter().for_each(|item| self.of_messages(item, key)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {}
        }
    }

    /// Every other text where an error may stand, with its name.
    fn of_the_rest(&mut self, body: &Json, key: Option<&str>) {
        for (place, value) in body.members() {
            if KEY_PLACES.contains(&place.as_str()) {
                self.of_leaves("", value, key);
            }
        }
    }

    fn of_leaves(&mut self, name: &str, value: &Json, key: Option<&str>) {
        match value {
            Json::Text(text) => {
                let is_told = self.0.iter().any(|told| told.contains(&one_line(text)));
                if !is_told && key != Some(text.trim()) {
                    let lead = if name.is_empty() { "" } else { ": " };
                    self.push(&format!("{name}{lead}{text}"), key);
                }
            }
            Json::Array(items) => items
                .iter()
                .for_each(|item| self.of_leaves(name, item, key)),
            Json::Object(members) => members
                .iter()
                .for_each(|(name, value)| self.of_leaves(name, value, key)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn push(&mut self, text: &str, key: Option<&str>) {
        if self.0.len() >= MAX_SENTENCES {
            return;
        }
        let text = one_line(text);
        let is_told = self.0.iter().any(|told| told.contains(&text));
        if !is_told && key != Some(text.as_str()) {
            self.0.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(body: &str) -> String {
        ErrorBody::read(&Json::parse(body.as_bytes()).unwrap()).reason
    }

    #[test]
    fn the_whole_reason_is_kept_wherever_it_stands() {
        for (body, expected) in [
            (
                r#"{"status":"error","error":"uncorrected_amount","message":"Minimum is\n10 USDT"}"#,
                "Minimum is 10 USDT",
            ),
            (
                r#"{"message":"Minimum is 10 USDT","status":"error","result":{"uncorrected_amount":"Too small"}}"#,
                "Too small; Minimum is 10 USDT",
            ),
            (
                r#"{"status":"error","result":{"uncorrected_amount":{"message":"Too small","min":10}}}"#,
                "message: Too small, min: 10",
            ),
            (
                r#"{"errors":[{"code":"network","text":"Wrong"}],"detail":"Mend it"}"#,
                "Mend it; text: Wrong",
            ),
            (
                r#"{"status":"error","result":{"network":["Wrong","Bad"],"amount":"Odd"}}"#,
                "Wrong, Bad; amount: Odd",
            ),
            (
                r#"{"status":"error","error":"Minimum is 10"}"#,
                "Minimum is 10",
            ),
            (r#"{"status":"error","result":"network"}"#, ""),
        ] {
            assert_eq!(reason(body), expected, "{body}");
        }
    }
}
