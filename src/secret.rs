//! The API key, which cannot be printed.

use crate::characters::is_unsafe;
use secrecy::{ExposeSecret, SecretString};

/// The longest key that is taken: far beyond any that an API hands out, and short enough for a
/// header.
const MAX_BYTES: usize = 4096;

/// The shortest key that is taken out of a text: a shorter one would be found in plain words.
const MIN_HIDDEN_BYTES: usize = 8;

/// What stands for the key where a text repeats it.
const REDACTED: &str = "(redacted)";

/// An API key. Its `Debug` is redacted, and its memory is overwritten when it is dropped.
#[derive(Clone, Debug)]
pub struct ApiKey(SecretString);

/// Why a text is not an API key. The text itself is never part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// Nothing there.
    #[error("the API key is empty")]
    Empty,
    /// It begins like a line of a shell script or of a settings file.
    #[error("the API key begins with a name and `=`: only what follows is the key")]
    Assignment,
    /// A quotation mark of any kind.
    #[error("the API key has a quotation mark in it")]
    Quote,
    /// A line break inside.
    #[error("the API key has a line break in it: there is more than one line")]
    LineBreak,
    /// A blank or tab inside.
    #[error("the API key has a blank in it")]
    Blank,
    /// An invisible or control character.
    #[error("the API key has an invisible character in it")]
    Invisible,
    /// Something other than ASCII.
    #[error("the API key has a letter or sign in it that no key has")]
    Character,
    /// Longer than any key.
    #[error("the API key is longer than {MAX_BYTES} bytes")]
    TooLong,
}

impl ApiKeyError {
    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Assignment | Self::Quote => {
                "nothing was sent; give the key alone, without its name and without quotation marks"
            }
            Self::Empty
            | Self::LineBreak
            | Self::Blank
            | Self::Invisible
            | Self::Character
            | Self::TooLong => {
                "nothing was sent; make a key for withdrawals in the account's Security section, and copy it whole"
            }
        }
    }
}

impl ApiKey {
    /// Takes the key out of a text: blanks and line breaks around it are taken off, and a pasted
    /// `Token ` in front.
    ///
    /// # Errors
    /// When what is left cannot be a key.
    pub fn new(text: &str) -> Result<Self, ApiKeyError> {
        let text = text.trim();
        let key = match text.split_once(char::is_whitespace) {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("token") => key.trim_start(),
            _ if text.eq_ignore_ascii_case("token") => "",
            _ => text,
        };
        if key.is_empty() {
            return Err(ApiKeyError::Empty);
        }
        if key.len() > MAX_BYTES {
            return Err(ApiKeyError::TooLong);
        }
        match oddity(key) {
            Some(error) => Err(error),
            None => Ok(Self(SecretString::from(key))),
        }
    }

    /// Whether a text repeats the key.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        let key = self.expose();
        key.len() >= MIN_HIDDEN_BYTES && text.contains(key)
    }

    /// The text without the key, should it repeat it.
    #[must_use]
    pub fn redact(&self, text: String) -> String {
        if self.is_in(&text) {
            text.replace(self.expose(), REDACTED)
        } else {
            text
        }
    }

    /// The key itself, for the one header that carries it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Quotation marks, straight and typographic.
const QUOTES: &[char] = &['"', '\'', '`', '´', '‘', '’', '‚', '“', '”', '„', '«', '»'];

/// What is odd about a text, if it cannot be a key. The first that a person would see is told.
fn oddity(text: &str) -> Option<ApiKeyError> {
    if is_assignment(text) {
        Some(ApiKeyError::Assignment)
    } else if text.contains(QUOTES) {
        Some(ApiKeyError::Quote)
    } else if text.contains(['\r', '\n', '\u{2028}', '\u{2029}']) {
        Some(ApiKeyError::LineBreak)
    } else if text.contains(char::is_whitespace) {
        Some(ApiKeyError::Blank)
    } else if text.contains(is_unsafe) {
        Some(ApiKeyError::Invisible)
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some(ApiKeyError::Character)
    } else {
        None
    }
}

/// Whether it reads `NAME=…`, with `export` before it or not. A key may well end with `=`.
fn is_assignment(text: &str) -> bool {
    let text = text.strip_prefix("export ").unwrap_or(text);
    text.split_once('=').is_some_and(|(name, value)| {
        let name = name.trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        begins && name.chars().all(is_name) && !value.trim_matches(['=', ' ']).is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pasted_around_a_key_is_taken_off() {
        for text in [
            "abc.DEF",
            "abc.DEF\n",
            " abc.DEF\r\n",
            "Token abc.DEF",
            "token  abc.DEF",
        ] {
            assert_eq!(ApiKey::new(text).unwrap().expose(), "abc.DEF");
        }
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_by_what_is_odd_about_it() {
        for (text, error) in [
            ("", ApiKeyError::Empty),
            (" \n", ApiKeyError::Empty),
            ("Token ", ApiKeyError::Empty),
            ("CCBATCH_API_KEY=abc", ApiKeyError::Assignment),
            ("export KEY='abc'", ApiKeyError::Assignment),
            ("key = abc", ApiKeyError::Assignment),
            ("\"abc\"", ApiKeyError::Quote),
            ("'abc'", ApiKeyError::Quote),
            ("“abc”", ApiKeyError::Quote),
            ("two words", ApiKeyError::Blank),
            ("Bearer abc", ApiKeyError::Blank),
            ("a\tb", ApiKeyError::Blank),
            ("a\u{a0}b", ApiKeyError::Blank),
            ("a\nb", ApiKeyError::LineBreak),
            ("a\r\nb", ApiKeyError::LineBreak),
            ("a\u{200b}b", ApiKeyError::Invisible),
            ("a\0b", ApiKeyError::Invisible),
            ("ключ", ApiKeyError::Character),
        ] {
            assert_eq!(ApiKey::new(text).unwrap_err(), error, "{text:?}");
        }
        let long = "k".repeat(MAX_BYTES + 1);
        assert_eq!(ApiKey::new(&long).unwrap_err(), ApiKeyError::TooLong);
    }

    #[test]
    fn a_key_may_end_in_an_equals_sign() {
        for key in ["YWJjZA==", "eyJ0.eyJp.c2ln=", "+a/b=c", "a.b=c"] {
            assert_eq!(ApiKey::new(key).unwrap().expose(), key);
        }
    }

    #[test]
    fn it_cannot_be_printed() {
        assert!(!format!("{:?}", ApiKey::new("canary").unwrap()).contains("canary"));
    }
}
