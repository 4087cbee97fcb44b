//! A private key or a seed phrase that somebody has pasted into a file is never shown. This is where
//! the intake looks for one.

use crate::address;

/// The shortest text that is looked at as a secret: the shortest secret is a private key of fifty
/// characters, give or take one, or a phrase of about as many.
const SECRET_BYTES_MIN: usize = 32;

/// Whether a cell or a name may be a secret, or have one in it.
pub(super) fn is_secret(text: &str) -> bool {
    text.len() >= SECRET_BYTES_MIN
        && (address::is_secret(text) || (is_divided(text) && holds_secret(text)))
}

/// Whether any part of a line may be a secret, however the line is cut into cells.
pub(super) fn holds_secret(line: &str) -> bool {
    line.split(is_separator)
        .map(str::trim)
        .any(|part| part.len() >= SECRET_BYTES_MIN && address::is_secret(part))
}

/// Whether a cell has what might separate others. To the last byte, so that many are looked at at
/// once.
fn is_divided(cell: &str) -> bool {
    cell.bytes()
        .fold(false, |any, byte| any | is_separator(char::from(byte)))
}

fn is_separator(c: char) -> bool {
    matches!(c, ',' | ';' | '\t' | '"' | '=' | '\'')
}
