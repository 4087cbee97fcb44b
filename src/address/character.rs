//! An [`Odd`] character is one that an address cannot contain, with its place and its name.
//!
//! What cannot be seen or looks like another letter is named by its code point, because a message
//! that only shows it would show nothing. Names are Unicode's own.

use std::fmt;
use std::ops::Range;

/// A character and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd {
    found: char,
    /// Bytes before it.
    at: usize,
    /// Its place among the characters, counted from 1 as a person does.
    place: usize,
}

impl Odd {
    /// The bytes it takes up.
    pub(super) fn span(&self) -> Range<usize> {
        self.at..self.at.saturating_add(self.found.len_utf8())
    }

    /// What to do about it.
    pub(super) fn hint(&self) -> &'static str {
        if self.found.is_ascii_graphic() {
            "copy the address again from the recipient"
        } else if self.found.is_ascii() {
            "an address has no blanks or line breaks in it: copy it again, in one piece"
        } else {
            "type this place again by hand, or copy the address from where the recipient keeps it"
        }
    }
}

/// The character that begins at byte `at`, or the last one.
pub(super) fn at(text: &str, at: usize) -> Odd {
    let places = (1usize..).zip(text.char_indices());
    let (place, (at, found)) = places
        .take_while(|(_, (start, _))| *start <= at)
        .last()
        .unwrap_or((1, (0, char::REPLACEMENT_CHARACTER)));
    Odd { found, at, place }
}

/// The first character that no address of any network contains: a blank, a control character, or
/// anything beyond ASCII.
pub(super) fn first_odd(text: &str) -> Option<Odd> {
    let found = text.char_indices().find(|(_, c)| !c.is_ascii_graphic());
    found.map(|(start, _)| at(text, start))
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {} is ", self.place)?;
        if self.found.is_ascii_graphic() {
            return write!(f, "\"{}\", which the address cannot contain", self.found);
        }
        write!(f, "U+{:04X}", u32::from(self.found))?;
        if let Some((_, name)) = NAMES.iter().find(|(c, _)| *c == self.found) {
            write!(f, " {name}")?;
        }
        if let Some(twin) = twin(self.found) {
            write!(f, ", which looks like \"{twin}\"")
        } else if is_invisible(self.found) {
            f.write_str(", which cannot be seen")
        } else if self.found.is_alphabetic() {
            f.write_str(", a letter that the address cannot contain")
        } else {
            Ok(())
        }
    }
}

/// The ASCII letter that a reader would take it for.
fn twin(found: char) -> Option<char> {
    let twin = TWINS.iter().find(|(other, _)| *other == found);
    twin.map(|(_, ascii)| *ascii).or_else(|| {
        // The fullwidth forms repeat ASCII in order.
        let offset = u32::from(found).checked_sub(0xff01)?;
        let ascii = u32::from('!').checked_add(offset)?;
        char::from_u32(ascii).filter(char::is_ascii_graphic)
    })
}

/// Whether it leaves no mark on the screen.
fn is_invisible(found: char) -> bool {
    found.is_control()
        || matches!(
            found,
            '\u{00ad}'
                | '\u{034f}'
                | '\u{061c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Names of what comes along when an address is copied, and of the commonest look-alikes.
#[rustfmt::skip]
const NAMES: &[(char, &str)] = &[
    ('\t', "TAB"),
    ('\n', "LINE FEED"),
    ('\r', "CARRIAGE RETURN"),
    (' ', "SPACE"),
    ('\u{00a0}', "NO-BREAK SPACE"),
    ('\u{00ad}', "SOFT HYPHEN"),
    ('\u{180e}', "MONGOLIAN VOWEL SEPARATOR"),
    ('\u{2002}', "EN SPACE"),
    ('\u{2003}', "EM SPACE"),
    ('\u{2007}', "FIGURE SPACE"),
    ('\u{2009}', "THIN SPACE"),
    ('\u{200a}', "HAIR SPACE"),
    ('\u{200b}', "ZERO WIDTH SPACE"),
    ('\u{200c}', "ZERO WIDTH NON-JOINER"),
    ('\u{200d}', "ZERO WIDTH JOINER"),
    ('\u{200e}', "LEFT-TO-RIGHT MARK"),
    ('\u{200f}', "RIGHT-TO-LEFT MARK"),
    ('\u{2028}', "LINE SEPARATOR"),
    ('\u{2029}', "PARAGRAPH SEPARATOR"),
    ('\u{202a}', "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202b}', "RIGHT-TO-LEFT EMBEDDING"),
    ('\u{202c}', "POP DIRECTIONAL FORMATTING"),
    ('\u{202d}', "LEFT-TO-RIGHT OVERRIDE"),
    ('\u{202e}', "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{202f}', "NARROW NO-BREAK SPACE"),
    ('\u{2060}', "WORD JOINER"),
    ('\u{2066}', "LEFT-TO-RIGHT ISOLATE"),
    ('\u{2067}', "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', "FIRST STRONG ISOLATE"),
    ('\u{2069}', "POP DIRECTIONAL ISOLATE"),
    ('\u{3000}', "IDEOGRAPHIC SPACE"),
    ('\u{3164}', "HANGUL FILLER"),
    ('\u{feff}', "ZERO WIDTH NO-BREAK SPACE"),
    ('\u{fffd}', "REPLACEMENT CHARACTER"),
    ('\u{2010}', "HYPHEN"),
    ('\u{2011}', "NON-BREAKING HYPHEN"),
    ('\u{2013}', "EN DASH"),
    ('\u{2014}', "EM DASH"),
    ('\u{2018}', "LEFT SINGLE QUOTATION MARK"),
    ('\u{2019}', "RIGHT SINGLE QUOTATION MARK"),
    ('\u{201c}', "LEFT DOUBLE QUOTATION MARK"),
    ('\u{201d}', "RIGHT DOUBLE QUOTATION MARK"),
    ('\u{00ab}', "LEFT-POINTING DOUBLE ANGLE QUOTATION MARK"),
    ('\u{00bb}', "RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK"),
    ('а', "CYRILLIC SMALL LETTER A"),
    ('в', "CYRILLIC SMALL LETTER VE"),
    ('г', "CYRILLIC SMALL LETTER GHE"),
    ('е', "CYRILLIC SMALL LETTER IE"),
    ('к', "CYRILLIC SMALL LETTER KA"),
    ('м', "CYRILLIC SMALL LETTER EM"),
    ('н', "CYRILLIC SMALL LETTER EN"),
    ('о', "CYRILLIC SMALL LETTER O"),
    ('р', "CYRILLIC SMALL LETTER ER"),
    ('с', "CYRILLIC SMALL LETTER ES"),
    ('т', "CYRILLIC SMALL LETTER TE"),
    ('у', "CYRILLIC SMALL LETTER U"),
    ('х', "CYRILLIC SMALL LETTER HA"),
    ('ѕ', "CYRILLIC SMALL LETTER DZE"),
    ('і', "CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I"),
    ('ј', "CYRILLIC SMALL LETTER JE"),
    ('һ', "CYRILLIC SMALL LETTER SHHA"),
    ('А', "CYRILLIC CAPITAL LETTER A"),
    ('В', "CYRILLIC CAPITAL LETTER VE"),
    ('Е', "CYRILLIC CAPITAL LETTER IE"),
    ('З', "CYRILLIC CAPITAL LETTER ZE"),
    ('К', "CYRILLIC CAPITAL LETTER KA"),
    ('М', "CYRILLIC CAPITAL LETTER EM"),
    ('Н', "CYRILLIC CAPITAL LETTER EN"),
    ('О', "CYRILLIC CAPITAL LETTER O"),
    ('Р', "CYRILLIC CAPITAL LETTER ER"),
    ('С', "CYRILLIC CAPITAL LETTER ES"),
    ('Т', "CYRILLIC CAPITAL LETTER TE"),
    ('У', "CYRILLIC CAPITAL LETTER U"),
    ('Х', "CYRILLIC CAPITAL LETTER HA"),
    ('Ѕ', "CYRILLIC CAPITAL LETTER DZE"),
    ('І', "CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I"),
    ('Ј', "CYRILLIC CAPITAL LETTER JE"),
    ('Α', "GREEK CAPITAL LETTER ALPHA"),
    ('Β', "GREEK CAPITAL LETTER BETA"),
    ('Ε', "GREEK CAPITAL LETTER EPSILON"),
    ('Ζ', "GREEK CAPITAL LETTER ZETA"),
    ('Η', "GREEK CAPITAL LETTER ETA"),
    ('Ι', "GREEK CAPITAL LETTER IOTA"),
    ('Κ', "GREEK CAPITAL LETTER KAPPA"),
    ('Μ', "GREEK CAPITAL LETTER MU"),
    ('Ν', "GREEK CAPITAL LETTER NU"),
    ('Ο', "GREEK CAPITAL LETTER OMICRON"),
    ('Ρ', "GREEK CAPITAL LETTER RHO"),
    ('Τ', "GREEK CAPITAL LETTER TAU"),
    ('Υ', "GREEK CAPITAL LETTER UPSILON"),
    ('Χ', "GREEK CAPITAL LETTER CHI"),
    ('ν', "GREEK SMALL LETTER NU"),
    ('ο', "GREEK SMALL LETTER OMICRON"),
];

/// Letters of other alphabets and the ASCII character that they look like.
#[rustfmt::skip]
const TWINS: &[(char, char)] = &[
    ('а', 'a'), ('е', 'e'), ('о', 'o'), ('р', 'p'), ('с', 'c'), ('у', 'y'), ('х', 'x'),
    ('ѕ', 's'), ('і', 'i'), ('ј', 'j'), ('һ', 'h'),
    ('А', 'A'), ('В', 'B'), ('Е', 'E'), ('З', '3'), ('К', 'K'), ('М', 'M'), ('Н', 'H'),
    ('О', 'O'), ('Р', 'P'), ('С', 'C'), ('Т', 'T'), ('У', 'Y'), ('Х', 'X'), ('Ѕ', 'S'),
    ('І', 'I'), ('Ј', 'J'),
    ('Α', 'A'), ('Β', 'B'), ('Ε', 'E'), ('Ζ', 'Z'), ('Η', 'H'), ('Ι', 'I'), ('Κ', 'K'),
    ('Μ', 'M'), ('Ν', 'N'), ('Ο', 'O'), ('Ρ', 'P'), ('Τ', 'T'), ('Υ', 'Y'), ('Χ', 'X'),
    ('ν', 'v'), ('ο', 'o'),
    ('\u{2010}', '-'), ('\u{2011}', '-'), ('\u{2013}', '-'), ('\u{2014}', '-'),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        first_odd(text).unwrap().to_string()
    }

    #[test]
    fn what_cannot_be_seen_is_named() {
        assert_eq!(
            shown("1A1z\u{200b}P1eP"),
            "character 5 is U+200B ZERO WIDTH SPACE, which cannot be seen"
        );
        assert_eq!(
            shown("\u{feff}1A1z"),
            "character 1 is U+FEFF ZERO WIDTH NO-BREAK SPACE, which cannot be seen"
        );
        assert_eq!(shown("1A1z P1eP"), "character 5 is U+0020 SPACE");
        assert_eq!(
            shown("1A\u{7}"),
            "character 3 is U+0007, which cannot be seen"
        );
    }

    #[test]
    fn look_alikes_are_named() {
        assert_eq!(
            shown("0x\u{430}bc"),
            "character 3 is U+0430 CYRILLIC SMALL LETTER A, which looks like \"a\""
        );
        assert_eq!(
            shown("\u{ff21}b"),
            "character 1 is U+FF21, which looks like \"A\""
        );
        assert_eq!(
            shown("1é"),
            "character 2 is U+00E9, a letter that the address cannot contain"
        );
    }

    #[test]
    fn places_are_characters_and_spans_are_bytes() {
        let odd = at("ééz", 4);
        assert_eq!((odd.found, odd.place, odd.span()), ('z', 3, 4..5));
        assert_eq!(first_odd("éz").unwrap().span(), 0..2);
        assert_eq!(first_odd("0xabc"), None);
        assert_eq!(at("", 0).place, 1);
    }

    #[test]
    fn every_look_alike_has_a_name() {
        for (other, ascii) in TWINS {
            assert!(NAMES.iter().any(|(c, _)| c == other), "{other}");
            assert!(ascii.is_ascii_graphic() && !other.is_ascii());
        }
    }
}
