//! A confusable is a character that a reader takes for another one: a Cyrillic letter that looks
//! like a Latin one, a blank that does not show.
//!
//! Such a character is named by its code point, because a message that only shows it would show
//! nothing. Names are Unicode's own; what looks like what is told by UTS 39.

use crate::characters::is_unsafe;
use std::fmt;
use std::ops::Range;
use unicode_security::confusable_detection::skeleton;

/// A character that an address cannot contain, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Foreign {
    found: char,
    /// Bytes before it.
    at: usize,
    /// Its place among the characters, counted from 1 as a person does.
    place: usize,
}

impl Foreign {
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
pub(super) fn at(text: &str, at: usize) -> Foreign {
    let places = (1usize..).zip(text.char_indices());
    let (place, (at, found)) = places
        .take_while(|(_, (start, _))| *start <= at)
        .last()
        .unwrap_or((1, (0, char::REPLACEMENT_CHARACTER)));
    Foreign { found, at, place }
}

/// The first character that no address of any network contains: a blank, a control character, or
/// anything beyond ASCII.
pub(super) fn first_foreign(text: &str) -> Option<Foreign> {
    let found = text.char_indices().find(|(_, c)| !c.is_ascii_graphic());
    found.map(|(start, _)| at(text, start))
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {} is ", self.place)?;
        if self.found.is_ascii_graphic() {
            return write!(f, "\"{}\", which the address cannot contain", self.found);
        }
        if self.found == ' ' {
            return f.write_str("a blank");
        }
        f.write_str(&described(self.found))?;
        if ascii_look(self.found).is_none() && self.found.is_alphabetic() {
            f.write_str(", a letter that the address cannot contain")?;
        }
        Ok(())
    }
}

/// A character by its code point and its name, with what it looks like: `U+0412 CYRILLIC CAPITAL
/// LETTER VE, which looks like B`.
#[must_use]
pub fn described(c: char) -> String {
    let mut text = format!("U+{:04X}", u32::from(c));
    if let Ok(place) = NAMES.binary_search_by_key(&c, |(named, _)| *named) {
        text.push(' ');
        text.push_str(NAMES.get(place).map_or("", |(_, name)| name));
    }
    if let Some(look) = ascii_look(c) {
        text.push_str(", which looks like ");
        text.push(look);
    } else if is_unsafe(c) {
        text.push_str(", which cannot be seen");
    }
    text
}

/// The ASCII character that a reader takes this one for.
#[must_use]
fn ascii_look(c: char) -> Option<char> {
    if c.is_ascii() {
        return None;
    }
    let mut buffer = [0; 4];
    let mut look = skeleton(c.encode_utf8(&mut buffer));
    match (look.next(), look.next()) {
        (Some(look), None) if look.is_ascii_graphic() => Some(look),
        _ => None,
    }
}

/// The text with every character that looks like an ASCII one replaced by it; `None` if there is
/// none, or if another one stays.
#[must_use]
pub fn as_ascii(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    text.chars()
        .map(|c| if c.is_ascii() { Some(c) } else { ascii_look(c) })
        .collect()
}

/// Names of what comes along when a text is copied, and of the letters of the two alphabets that
/// look most like ours, in order.
#[rustfmt::skip]
const NAMES: &[(char, &str)] = &[
    ('\t', "TAB"),
    ('\n', "LINE FEED"),
    ('\r', "CARRIAGE RETURN"),
    (' ', "SPACE"),
    ('\u{00a0}', "NO-BREAK SPACE"),
    ('\u{00ab}', "LEFT-POINTING DOUBLE ANGLE QUOTATION MARK"),
    ('\u{00ad}', "SOFT HYPHEN"),
    ('\u{00bb}', "RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK"),
    ('Α', "GREEK CAPITAL LETTER ALPHA"),
    ('Β', "GREEK CAPITAL LETTER BETA"),
    ('Γ', "GREEK CAPITAL LETTER GAMMA"),
    ('Δ', "GREEK CAPITAL LETTER DELTA"),
    ('Ε', "GREEK CAPITAL LETTER EPSILON"),
    ('Ζ', "GREEK CAPITAL LETTER ZETA"),
    ('Η', "GREEK CAPITAL LETTER ETA"),
    ('Θ', "GREEK CAPITAL LETTER THETA"),
    ('Ι', "GREEK CAPITAL LETTER IOTA"),
    ('Κ', "GREEK CAPITAL LETTER KAPPA"),
    ('Λ', "GREEK CAPITAL LETTER LAMDA"),
    ('Μ', "GREEK CAPITAL LETTER MU"),
    ('Ν', "GREEK CAPITAL LETTER NU"),
    ('Ξ', "GREEK CAPITAL LETTER XI"),
    ('Ο', "GREEK CAPITAL LETTER OMICRON"),
    ('Π', "GREEK CAPITAL LETTER PI"),
    ('Ρ', "GREEK CAPITAL LETTER RHO"),
    ('Σ', "GREEK CAPITAL LETTER SIGMA"),
    ('Τ', "GREEK CAPITAL LETTER TAU"),
    ('Υ', "GREEK CAPITAL LETTER UPSILON"),
    ('Φ', "GREEK CAPITAL LETTER PHI"),
    ('Χ', "GREEK CAPITAL LETTER CHI"),
    ('Ψ', "GREEK CAPITAL LETTER PSI"),
    ('Ω', "GREEK CAPITAL LETTER OMEGA"),
    ('Ϊ', "GREEK CAPITAL LETTER IOTA WITH DIALYTIKA"),
    ('Ϋ', "GREEK CAPITAL LETTER UPSILON WITH DIALYTIKA"),
    ('ά', "GREEK SMALL LETTER ALPHA WITH TONOS"),
    ('έ', "GREEK SMALL LETTER EPSILON WITH TONOS"),
    ('ή', "GREEK SMALL LETTER ETA WITH TONOS"),
    ('ί', "GREEK SMALL LETTER IOTA WITH TONOS"),
    ('ΰ', "GREEK SMALL LETTER UPSILON WITH DIALYTIKA AND TONOS"),
    ('α', "GREEK SMALL LETTER ALPHA"),
    ('β', "GREEK SMALL LETTER BETA"),
    ('γ', "GREEK SMALL LETTER GAMMA"),
    ('δ', "GREEK SMALL LETTER DELTA"),
    ('ε', "GREEK SMALL LETTER EPSILON"),
    ('ζ', "GREEK SMALL LETTER ZETA"),
    ('η', "GREEK SMALL LETTER ETA"),
    ('θ', "GREEK SMALL LETTER THETA"),
    ('ι', "GREEK SMALL LETTER IOTA"),
    ('κ', "GREEK SMALL LETTER KAPPA"),
    ('λ', "GREEK SMALL LETTER LAMDA"),
    ('μ', "GREEK SMALL LETTER MU"),
    ('ν', "GREEK SMALL LETTER NU"),
    ('ξ', "GREEK SMALL LETTER XI"),
    ('ο', "GREEK SMALL LETTER OMICRON"),
    ('π', "GREEK SMALL LETTER PI"),
    ('ρ', "GREEK SMALL LETTER RHO"),
    ('ς', "GREEK SMALL LETTER FINAL SIGMA"),
    ('σ', "GREEK SMALL LETTER SIGMA"),
    ('τ', "GREEK SMALL LETTER TAU"),
    ('υ', "GREEK SMALL LETTER UPSILON"),
    ('φ', "GREEK SMALL LETTER PHI"),
    ('χ', "GREEK SMALL LETTER CHI"),
    ('ψ', "GREEK SMALL LETTER PSI"),
    ('ω', "GREEK SMALL LETTER OMEGA"),
    ('Ѐ', "CYRILLIC CAPITAL LETTER IE WITH GRAVE"),
    ('Ё', "CYRILLIC CAPITAL LETTER IO"),
    ('Ђ', "CYRILLIC CAPITAL LETTER DJE"),
    ('Ѓ', "CYRILLIC CAPITAL LETTER GJE"),
    ('Є', "CYRILLIC CAPITAL LETTER UKRAINIAN IE"),
    ('Ѕ', "CYRILLIC CAPITAL LETTER DZE"),
    ('І', "CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I"),
    ('Ї', "CYRILLIC CAPITAL LETTER YI"),
    ('Ј', "CYRILLIC CAPITAL LETTER JE"),
    ('Љ', "CYRILLIC CAPITAL LETTER LJE"),
    ('Њ', "CYRILLIC CAPITAL LETTER NJE"),
    ('Ћ', "CYRILLIC CAPITAL LETTER TSHE"),
    ('Ќ', "CYRILLIC CAPITAL LETTER KJE"),
    ('Ѝ', "CYRILLIC CAPITAL LETTER I WITH GRAVE"),
    ('Ў', "CYRILLIC CAPITAL LETTER SHORT U"),
    ('Џ', "CYRILLIC CAPITAL LETTER DZHE"),
    ('А', "CYRILLIC CAPITAL LETTER A"),
    ('Б', "CYRILLIC CAPITAL LETTER BE"),
    ('В', "CYRILLIC CAPITAL LETTER VE"),
    ('Г', "CYRILLIC CAPITAL LETTER GHE"),
    ('Д', "CYRILLIC CAPITAL LETTER DE"),
    ('Е', "CYRILLIC CAPITAL LETTER IE"),
    ('Ж', "CYRILLIC CAPITAL LETTER ZHE"),
    ('З', "CYRILLIC CAPITAL LETTER ZE"),
    ('И', "CYRILLIC CAPITAL LETTER I"),
    ('Й', "CYRILLIC CAPITAL LETTER SHORT I"),
    ('К', "CYRILLIC CAPITAL LETTER KA"),
    ('Л', "CYRILLIC CAPITAL LETTER EL"),
    ('М', "CYRILLIC CAPITAL LETTER EM"),
    ('Н', "CYRILLIC CAPITAL LETTER EN"),
    ('О', "CYRILLIC CAPITAL LETTER O"),
    ('П', "CYRILLIC CAPITAL LETTER PE"),
    ('Р', "CYRILLIC CAPITAL LETTER ER"),
    ('С', "CYRILLIC CAPITAL LETTER ES"),
    ('Т', "CYRILLIC CAPITAL LETTER TE"),
    ('У', "CYRILLIC CAPITAL LETTER U"),
    ('Ф', "CYRILLIC CAPITAL LETTER EF"),
    ('Х', "CYRILLIC CAPITAL LETTER HA"),
    ('Ц', "CYRILLIC CAPITAL LETTER TSE"),
    ('Ч', "CYRILLIC CAPITAL LETTER CHE"),
    ('Ш', "CYRILLIC CAPITAL LETTER SHA"),
    ('Щ', "CYRILLIC CAPITAL LETTER SHCHA"),
    ('Ъ', "CYRILLIC CAPITAL LETTER HARD SIGN"),
    ('Ы', "CYRILLIC CAPITAL LETTER YERU"),
    ('Ь', "CYRILLIC CAPITAL LETTER SOFT SIGN"),
    ('Э', "CYRILLIC CAPITAL LETTER E"),
    ('Ю', "CYRILLIC CAPITAL LETTER YU"),
    ('Я', "CYRILLIC CAPITAL LETTER YA"),
    ('а', "CYRILLIC SMALL LETTER A"),
    ('б', "CYRILLIC SMALL LETTER BE"),
    ('в', "CYRILLIC SMALL LETTER VE"),
    ('г', "CYRILLIC SMALL LETTER GHE"),
    ('д', "CYRILLIC SMALL LETTER DE"),
    ('е', "CYRILLIC SMALL LETTER IE"),
    ('ж', "CYRILLIC SMALL LETTER ZHE"),
    ('з', "CYRILLIC SMALL LETTER ZE"),
    ('и', "CYRILLIC SMALL LETTER I"),
    ('й', "CYRILLIC SMALL LETTER SHORT I"),
    ('к', "CYRILLIC SMALL LETTER KA"),
    ('л', "CYRILLIC SMALL LETTER EL"),
    ('м', "CYRILLIC SMALL LETTER EM"),
    ('н', "CYRILLIC SMALL LETTER EN"),
    ('о', "CYRILLIC SMALL LETTER O"),
    ('п', "CYRILLIC SMALL LETTER PE"),
    ('р', "CYRILLIC SMALL LETTER ER"),
    ('с', "CYRILLIC SMALL LETTER ES"),
    ('т', "CYRILLIC SMALL LETTER TE"),
    ('у', "CYRILLIC SMALL LETTER U"),
    ('ф', "CYRILLIC SMALL LETTER EF"),
    ('х', "CYRILLIC SMALL LETTER HA"),
    ('ц', "CYRILLIC SMALL LETTER TSE"),
    ('ч', "CYRILLIC SMALL LETTER CHE"),
    ('ш', "CYRILLIC SMALL LETTER SHA"),
    ('щ', "CYRILLIC SMALL LETTER SHCHA"),
    ('ъ', "CYRILLIC SMALL LETTER HARD SIGN"),
    ('ы', "CYRILLIC SMALL LETTER YERU"),
    ('ь', "CYRILLIC SMALL LETTER SOFT SIGN"),
    ('э', "CYRILLIC SMALL LETTER E"),
    ('ю', "CYRILLIC SMALL LETTER YU"),
    ('я', "CYRILLIC SMALL LETTER YA"),
    ('ѐ', "CYRILLIC SMALL LETTER IE WITH GRAVE"),
    ('ё', "CYRILLIC SMALL LETTER IO"),
    ('ђ', "CYRILLIC SMALL LETTER DJE"),
    ('ѓ', "CYRILLIC SMALL LETTER GJE"),
    ('є', "CYRILLIC SMALL LETTER UKRAINIAN IE"),
    ('ѕ', "CYRILLIC SMALL LETTER DZE"),
    ('і', "CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I"),
    ('ї', "CYRILLIC SMALL LETTER YI"),
    ('ј', "CYRILLIC SMALL LETTER JE"),
    ('љ', "CYRILLIC SMALL LETTER LJE"),
    ('њ', "CYRILLIC SMALL LETTER NJE"),
    ('ћ', "CYRILLIC SMALL LETTER TSHE"),
    ('ќ', "CYRILLIC SMALL LETTER KJE"),
    ('ѝ', "CYRILLIC SMALL LETTER I WITH GRAVE"),
    ('ў', "CYRILLIC SMALL LETTER SHORT U"),
    ('џ', "CYRILLIC SMALL LETTER DZHE"),
    ('Ґ', "CYRILLIC CAPITAL LETTER GHE WITH UPTURN"),
    ('ґ', "CYRILLIC SMALL LETTER GHE WITH UPTURN"),
    ('Ү', "CYRILLIC CAPITAL LETTER STRAIGHT U"),
    ('ү', "CYRILLIC SMALL LETTER STRAIGHT U"),
    ('һ', "CYRILLIC SMALL LETTER SHHA"),
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
    ('\u{2010}', "HYPHEN"),
    ('\u{2011}', "NON-BREAKING HYPHEN"),
    ('\u{2013}', "EN DASH"),
    ('\u{2014}', "EM DASH"),
    ('\u{2015}', "HORIZONTAL BAR"),
    ('\u{2018}', "LEFT SINGLE QUOTATION MARK"),
    ('\u{2019}', "RIGHT SINGLE QUOTATION MARK"),
    ('\u{201c}', "LEFT DOUBLE QUOTATION MARK"),
    ('\u{201d}', "RIGHT DOUBLE QUOTATION MARK"),
    ('\u{201e}', "DOUBLE LOW-9 QUOTATION MARK"),
    ('\u{2028}', "LINE SEPARATOR"),
    ('\u{2029}', "PARAGRAPH SEPARATOR"),
    ('\u{202a}', "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202b}', "RIGHT-TO-LEFT EMBEDDING"),
    ('\u{202c}', "POP DIRECTIONAL FORMATTING"),
    ('\u{202d}', "LEFT-TO-RIGHT OVERRIDE"),
    ('\u{202e}', "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{202f}', "NARROW NO-BREAK SPACE"),
    ('\u{205f}', "MEDIUM MATHEMATICAL SPACE"),
    ('\u{2060}', "WORD JOINER"),
    ('\u{2066}', "LEFT-TO-RIGHT ISOLATE"),
    ('\u{2067}', "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', "FIRST STRONG ISOLATE"),
    ('\u{2069}', "POP DIRECTIONAL ISOLATE"),
    ('\u{2212}', "MINUS SIGN"),
    ('\u{3000}', "IDEOGRAPHIC SPACE"),
    ('ㅤ', "HANGUL FILLER"),
    ('\u{fe0e}', "VARIATION SELECTOR-15"),
    ('\u{fe0f}', "VARIATION SELECTOR-16"),
    ('\u{feff}', "ZERO WIDTH NO-BREAK SPACE"),
    ('\u{fffd}', "REPLACEMENT CHARACTER"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        first_foreign(text).unwrap().to_string()
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
        assert_eq!(shown("1A1z P1eP"), "character 5 is a blank");
        assert_eq!(
            shown("1A\u{7}"),
            "character 3 is U+0007, which cannot be seen"
        );
    }

    #[test]
    fn look_alikes_are_named() {
        assert_eq!(
            shown("0x\u{430}bc"),
            "character 3 is U+0430 CYRILLIC SMALL LETTER A, which looks like a"
        );
        assert_eq!(
            shown("\u{ff21}b"),
            "character 1 is U+FF21, which looks like A"
        );
        assert_eq!(
            shown("1é"),
            "character 2 is U+00E9, a letter that the address cannot contain"
        );
        for (look_alikes, ascii) in [
            ("аеорсухѕіјһ", "aeopcyxsijh"),
            ("АВЕКМНОРСТХЅІЈ", "ABEKMHOPCTXSlJ"),
            ("ΑΒΕΖΗΚΜΝΟΡΤΥΧ", "ABEZHKMNOPTYX"),
            ("ВТС", "BTC"),
        ] {
            assert_eq!(as_ascii(look_alikes).as_deref(), Some(ascii));
        }
        assert_eq!(as_ascii("BTC"), None);
        assert_eq!(as_ascii("ВТД"), None);
    }

    #[test]
    fn places_are_characters_and_spans_are_bytes() {
        let foreign = at("ééz", 4);
        assert_eq!(
            (foreign.found, foreign.place, foreign.span()),
            ('z', 3, 4..5)
        );
        assert_eq!(first_foreign("éz").unwrap().span(), 0..2);
        assert_eq!(first_foreign("0xabc"), None);
        assert_eq!(at("", 0).place, 1);
    }

    #[test]
    fn names_are_in_order() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
