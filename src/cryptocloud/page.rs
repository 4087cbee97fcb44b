//! A page is an answer that is not JSON: mostly the web page of something between this machine and
//! the API.

use crate::characters::BYTE_ORDER_MARK;
use crate::domain::escape::one_line;
use serde_json::Value;

/// How an element that holds a page's title begins.
const TITLE: &str = "<title";

/// A body as text. One in UTF-16 has a NUL beside each of the characters that matter here.
pub(super) fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).replace('\0', "")
}

/// What a body says, for a person: a web page by its title, anything else as it reads.
pub(super) fn words(body: &[u8]) -> String {
    let text = text(body);
    let text = text.trim();
    if text.is_empty() {
        return "the answer has no body".to_owned();
    }
    if let Ok(json) = serde_json::from_slice::<Value>(body) {
        // Written anew, without escapes that the body may have where none are needed: the API key
        // would be hidden behind them, and stay.
        return format!("the answer reads: {}", one_line(&json.to_string()));
    }
    if is_page(text) {
        return match title(text).or_else(|| between_tags(text)) {
            Some(title) => format!("the answer is not the API's but a web page ({title})"),
            None => "the answer is not the API's but a web page without words".to_owned(),
        };
    }
    format!("the answer reads: {}", excerpt(text))
}

/// A text that is not JSON, or not to its end, in one line and without JSON's needless escape.
pub(super) fn excerpt(text: &str) -> String {
    one_line(text).replace("\\/", "/")
}

/// Whether a body that is not JSON may be some all the same: cut off, with something before or
/// after it, compressed, or in another encoding than UTF-8.
pub(super) fn may_be_json(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let begins_so = text
        .trim_start_matches(|c: char| c == BYTE_ORDER_MARK || c.is_whitespace())
        .starts_with(['{', '[']);
    let is_packed = text.contains(|c: char| c.is_control() && !c.is_whitespace());
    let is_encoded = text.contains(char::REPLACEMENT_CHARACTER) && !is_page(&text);
    begins_so || is_packed || is_encoded
}

/// Whether it begins like HTML, with or without a byte order mark and comments before it.
fn is_page(text: &str) -> bool {
    let text = text.trim_start_matches(BYTE_ORDER_MARK).trim_start();
    let is_open = text.starts_with('<');
    let lower = text.to_ascii_lowercase();
    is_open
        && [
            "<!doctype html",
            "<html",
            "<head",
            "<body",
            "<title",
            "<h1",
            "<center",
            "<p",
        ]
        .iter()
        .any(|tag| lower.contains(tag))
}

/// The text of the title, if there is any.
fn title(text: &str) -> Option<String> {
    // Lower case of ASCII alone leaves every other byte in its place.
    let lower = text.to_ascii_lowercase();
    let start = lower.find(TITLE)?;
    let open = start
        .checked_add(lower.get(start..)?.find('>')?)?
        .checked_add(1)?;
    let end = open.checked_add(lower.get(open..)?.find("</title")?)?;
    let title = one_line(&entities(text.get(open..end)?));
    (!title.is_empty()).then_some(title)
}

/// The text outside tags, for a page without a title.
fn between_tags(text: &str) -> Option<String> {
    let pieces = text.split('<').skip(1);
    let texts = pieces.filter_map(|piece| piece.split_once('>').map(|(_, text)| text));
    let words = one_line(&entities(&texts.collect::<Vec<_>>().join(" ")));
    (!words.is_empty()).then_some(words)
}

/// The entities that titles have, as the characters they stand for.
fn entities(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (entity, character)| {
        text.replace(entity, character)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_page_is_told_by_its_title() {
        for (body, expected) in [
            (
                "<!DOCTYPE html>\n<html><head><TITLE lang=en>\n Attention\n Required! &amp; so </Title>",
                "the answer is not the API's but a web page (Attention Required! & so)",
            ),
            (
                "\u{feff}<html><h1>No</h1>\n<p>way</html>",
                "the answer is not the API's but a web page (No way)",
            ),
            (
                "<html><title> </title></html>",
                "the answer is not the API's but a web page without words",
            ),
            (
                "<html><title>cut off",
                "the answer is not the API's but a web page (cut off)",
            ),
            (
                "<html><title>Blocked</title><body><h1>Ray 7f</h1>",
                "the answer is not the API's but a web page (Blocked)",
            ),
            (
                "<html><h1",
                "the answer is not the API's but a web page without words",
            ),
            (" \n", "the answer has no body"),
            ("no\n route", "the answer reads: no route"),
            ("<xml/>", "the answer reads: <xml/>"),
            ("\"<html>\"", "the answer reads: \"<html>\""),
            (
                r#"{"a": "k\/\u0065y"}"#,
                r#"the answer reads: {"a":"k/ey"}"#,
            ),
            (r#"{"a": "k\/ey"#, r#"the answer reads: {"a": "k/ey"#),
        ] {
            assert_eq!(words(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_text_in_utf_16_can_be_read() {
        let body: Vec<u8> = "<html><title>No</title>"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let told = "the answer is not the API's but a web page (No)";
        assert_eq!(words(&body), told);
    }

    #[test]
    fn what_may_be_json_is_told_from_a_page_and_a_sentence() {
        for body in [
            &br#"{"cut":"#[..],
            br#" [{"cut":"#,
            b"\xef\xbb\xbf{}",
            br#"{"a":"caf\xe9"}"#,
            b"{\0\"\0a\0",
            b"\x1f\x8b\x08",
            b"\x78\xda\xe9\x20",
        ] {
            assert!(may_be_json(body), "{body:?}");
        }
        for body in [
            &b""[..],
            b"denied",
            b"<html>{\r\n\t}",
            b"<html>Acc\xe8s",
            b"caf\xc3\xa9 {}",
        ] {
            assert!(!may_be_json(body), "{body:?}");
        }
    }

    #[test]
    fn a_title_in_another_encoding_is_told_as_far_as_it_can_be_read() {
        let told = words(b"<html><title>Acc\xe8s 403</title>");
        assert!(told.ends_with("(Acc\u{fffd}s 403)"), "{told}");
    }
}
