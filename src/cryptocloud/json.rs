//! A [`Json`] is an answer's body as it was written: every member in its order, repeated names
//! included. A map that keeps the last of two equal names could lose an invoice id.

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// How deep a body may be nested. A documented answer has three levels; what is deeper than this
/// is not read, so that no body can use up the stack.
const MAX_DEPTH: usize = 64;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, digit for digit.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, with its members in order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole body; `None` when it is not JSON in UTF-8 from end to end.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let raw: &RawValue = serde_json::from_slice(body).ok()?;
        Self::read(raw.get(), 0)
    }

    fn read(text: &str, depth: usize) -> Option<Self> {
        if depth > MAX_DEPTH {
            return None;
        }
        let deeper = depth.saturating_add(1);
        Some(match text.as_bytes().first()? {
            b'n' => Self::Null,
            b't' => Self::Bool(true),
            b'f' => Self::Bool(false),
            b'"' => Self::Text(serde_json::from_str(text).ok()?),
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                let read = |item: &RawValue| Self::read(item.get(), deeper);
                Self::Array(items.into_iter().map(read).collect::<Option<_>>()?)
            }
            b'{' => {
                let Members(members) = serde_json::from_str(text).ok()?;
                let read = |(name, value): (String, &RawValue)| {
                    Some((name, Self::read(value.get(), deeper)?))
                };
                Self::Object(members.into_iter().map(read).collect::<Option<_>>()?)
            }
            _ => Self::Number(text.to_owned()),
        })
    }

    /// The members of an object; of anything else there are none.
    pub(super) fn members(&self) -> &[(String, Json)] {
        match self {
            Self::Object(members) => members,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Array(_) => &[],
        }
    }

    /// Every value of an object under this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Json> {
        let members = self.members().iter();
        members
            .filter(move |(it, _)| it == name)
            .map(|(_, value)| value)
    }

    /// The text of a string.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => f.write_str(number),
            Self::Text(text) => f.write_str(text),
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                Ok(())
            }
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{name}: {value}")?;
                }
                Ok(())
            }
        }
    }
}

/// The members of an object as they are written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_kept_in_order_and_to_the_digit() {
        let body = Json::parse(br#" {"b":1.50,"a":null,"b":["x",true]} "#).unwrap();
        let names: Vec<_> = body.members().iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["b", "a", "b"]);
        let both: Vec<_> = body.all("b").map(ToString::to_string).collect();
        assert_eq!(both, ["1.50", "x, true"]);
    }

    #[test]
    fn what_is_not_json_from_end_to_end_is_not_read() {
        for body in [
            &b""[..],
            b"<html>",
            b"{\"a\":1",
            b"{\"a\":1} x",
            b"{\"a\":\"caf\xe9\"}",
            b"\xef\xbb\xbf{}",
            br#"{"a":"\ud800"}"#,
        ] {
            assert_eq!(Json::parse(body), None, "{body:?}");
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_not_read() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::parse(nested(MAX_DEPTH).as_bytes()).is_some());
        assert!(Json::parse(nested(MAX_DEPTH + 1).as_bytes()).is_none());
        assert!(Json::parse(nested(30_000).as_bytes()).is_none());
    }

    #[test]
    fn a_name_that_the_library_uses_itself_is_a_name() {
        let body = Json::parse(br#"{"$serde_json::private::Number":"1"}"#).unwrap();
        assert_eq!(body.members().len(), 1);
    }
}
