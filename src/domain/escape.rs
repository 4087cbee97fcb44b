//! Plain text is text from outside made safe to show and to store: what could steer a terminal,
//! hide itself or end a line is written as an escape.

use crate::characters::{has_unsafe, is_unsafe};
use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every control, invisible or direction-changing character as `\u{…}`.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !has_unsafe(text) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe(c) {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// [`escape`], and with a `'` in front of what a spreadsheet would run as a formula.
#[must_use]
pub fn escape_cell(text: &str) -> String {
    let escaped = escape(text);
    if text.starts_with(['=', '+', '-', '@', '\t']) {
        format!("'{escaped}")
    } else {
        escaped.into_owned()
    }
}

/// A word as a shell takes it, in quotation marks where it needs them.
#[must_use]
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}

/// What the system said, without the number that Rust puts behind it: `Connection refused` for
/// `Connection refused (os error 111)`.
#[must_use]
pub fn without_error_number(text: &str) -> &str {
    match text.rsplit_once(" (os error ") {
        Some((words, number))
            if number
                .trim_end_matches(')')
                .bytes()
                .all(|b| b.is_ascii_digit()) =>
        {
            words
        }
        _ => text,
    }
}

/// A text with its line breaks, tabs and runs of blanks as single blanks.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first characters of a text, at most this many.
#[must_use]
pub fn cut(text: &str, max_chars: usize) -> &str {
    text.char_indices()
        .nth(max_chars)
        .map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_do_harm_is_escaped() {
        assert_eq!(escape("naïve – 日本"), "naïve – 日本");
        assert_eq!(
            escape("a\u{1b}[31m\r\n\0"),
            "a\\u{1b}[31m\\u{d}\\u{a}\\u{0}"
        );
        assert_eq!(escape("\u{202e}evil\u{200b}"), "\\u{202e}evil\\u{200b}");
        assert_eq!(escape_cell("=1+1"), "'=1+1");
        assert_eq!(escape_cell("\t=1"), "'\\u{9}=1");
        assert_eq!(shell_word("a/b.csv"), "a/b.csv");
        assert_eq!(shell_word("it's 1.csv"), r"'it'\''s 1.csv'");
        assert_eq!(shell_word(""), "''");
        assert_eq!(cut("aé日b", 3), "aé日");
        assert_eq!(cut("ab", 3), "ab");
        assert_eq!(
            without_error_number("Connection refused (os error 111)"),
            "Connection refused"
        );
        assert_eq!(without_error_number("a (os error b)"), "a (os error b)");
    }
}
