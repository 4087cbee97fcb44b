//! Characters that cannot be seen, or that steer what is shown: the one list of them.

/// What some programs put before a text.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

/// Control characters, line and paragraph separators, zero-width and bidirectional marks,
/// variation selectors, tags and the byte order mark (Unicode's general categories Cc, Cf, Zl
/// and Zp, as far as they are in use).
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | BYTE_ORDER_MARK | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text has a character that [`is_unsafe`].
#[must_use]
pub fn has_unsafe(text: &str) -> bool {
    // Nearly all text is of these. Without an end before the last byte, many are looked at at once.
    let is_printable = |byte: u8| matches!(byte, b' '..=b'~');
    let is_printable_ascii = text
        .bytes()
        .fold(true, |all, byte| all & is_printable(byte));
    !is_printable_ascii && text.contains(is_unsafe)
}

/// Whether a character is a blank: Unicode's white space, and what has no width.
#[must_use]
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | BYTE_ORDER_MARK)
}

/// Whether a character cannot be told from another or from none: what is unsafe, blanks other than
/// the space, and what stands for a lost character.
#[must_use]
pub fn is_unprintable(c: char) -> bool {
    // Nearly every character is one of these.
    if matches!(c, ' '..='~') {
        return false;
    }
    is_unsafe(c) || c.is_whitespace() || matches!(c, '\u{2800}' | '\u{fffd}')
}
