//! A page is an answer that is not JSON: mostly the web page of something between this machine and
//! the API.

use super::json::Json;
use crate::domain::escape::one_line;

/// How an element that holds a page's title begins.
const TITLE: &str = "<title";

/// What a body says, for a person: a web page by its title, anything else as it reads.
pub(super) fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return "the answer has no body".to_owned();
    }
    if Json::parse(body).is_none() && is_page(text) {
        return match title(text) {
            Some(title) => format!("the answer is not the API's but a web page ({title})"),
            None => "the answer is not the API's but a web page without a title".to_owned(),
        };
    }
    format!("the answer reads: {}", one_line(text))
}

/// Whether it begins like HTML, with or without a byte order mark and comments before it.
fn is_page(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
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
                "\u{feff}<html><h1>No</h1></html>",
                "the answer is not the API's but a web page without a title",
            ),
            (
                "<html><title> </title></html>",
                "the answer is not the API's but a web page without a title",
            ),
            (
                "<html><title>cut off",
                "the answer is not the API's but a web page without a title",
            ),
            (" \n", "the answer has no body"),
            ("no\n route", "the answer reads: no route"),
            ("<xml/>", "the answer reads: <xml/>"),
            ("\"<html>\"", "the answer reads: \"<html>\""),
        ] {
            assert_eq!(words(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_title_in_another_encoding_is_told_as_far_as_it_can_be_read() {
        let told = words(b"<html><title>Acc\xe8s 403</title>");
        assert!(told.ends_with("(Acc\u{fffd}s 403)"), "{told}");
    }
}
