//! JSON for a program that stands on a screen all the same: nothing in it can steer a terminal.

use crate::characters::{has_unsafe, is_unsafe};
use memchr::memchr2_iter;
use serde::Serialize;
use serde_json::ser::Formatter;
use std::io::{self, Write};

/// A value as one line of JSON, in which nothing can steer a terminal.
#[must_use]
pub fn line(value: &impl Serialize) -> String {
    let mut line = Vec::new();
    // Nothing stands in the way of texts and numbers in memory.
    let _ = write(value, &mut line);
    String::from_utf8(line).unwrap_or_default()
}

/// Writes a value as JSON without its line break, piece by piece.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, Harmless);
    Ok(value.serialize(&mut serializer)?)
}

/// Writes a text as JSON, faster than [`write()`] for one in which little has to be escaped.
pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\');
    if text.bytes().fold(true, |all, byte| all & is_plain(byte)) {
        for part in ["\"", text, "\""] {
            out.extend_from_slice(part.as_bytes());
        }
        return;
    }
    if has_unsafe(text) {
        // Nothing stands in the way of a text in memory.
        let _ = write(&text, out);
        return;
    }
    let bytes = text.as_bytes();
    let mut start = 0;
    out.push(b'"');
    for at in memchr2_iter(b'"', b'\\', bytes) {
        out.extend_from_slice(&bytes[start..at]);
        out.push(b'\\');
        start = at;
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}

/// JSON in which JSON's own escapes stand for whatever could steer a terminal.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W>(&mut self, out: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        if !has_unsafe(fragment) {
            return out.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            if is_unsafe(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}")?;
                }
            } else {
                out.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_text_is_what_serde_writes() {
        for text in [
            "",
            "a",
            r#""a\" \"#,
            "é日",
            "\u{7f}",
            "a\n\u{202e}\"",
            r#"\\""#,
        ] {
            let mut written = Vec::new();
            write_text(text, &mut written);
            assert_eq!(String::from_utf8(written).unwrap(), line(&text), "{text:?}");
        }
    }

    #[test]
    fn a_line_is_lossless_and_harmless() {
        let value = json!({"value": "a\u{202e}b\u{e0001}\u{1b}é"});
        let text = line(&value);
        assert_eq!(text, r#"{"value":"a\u202eb\udb40\udc01\u001bé"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
