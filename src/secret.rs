//! The API key, which cannot be printed.

use secrecy::{ExposeSecret, SecretString};

/// The longest key that is taken: far beyond any that an API hands out, and short enough for a
/// header.
const MAX_BYTES: usize = 4096;

/// An API key. Its `Debug` is redacted, and its memory is overwritten when it is dropped.
#[derive(Clone, Debug)]
pub struct ApiKey(SecretString);

/// Why a text is no API key. The text itself is never part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// Nothing there.
    #[error("the API key is empty")]
    Empty,
    /// A blank, a line break, or something other than ASCII.
    #[error("the API key has a character that no key has (a blank, a line break, or beyond ASCII)")]
    Character,
    /// Longer than any key.
    #[error("the API key is longer than {MAX_BYTES} bytes")]
    TooLong,
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
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiKeyError::Character);
        }
        Ok(Self(SecretString::from(key)))
    }

    /// The key itself, for the one header that carries it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
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
    fn what_is_no_key_is_refused() {
        for (text, error) in [
            ("", ApiKeyError::Empty),
            ("Token ", ApiKeyError::Empty),
            ("two words", ApiKeyError::Character),
            ("ключ", ApiKeyError::Character),
            ("a\nb", ApiKeyError::Character),
        ] {
            assert_eq!(ApiKey::new(text).unwrap_err(), error, "{text:?}");
        }
        assert_eq!(
            ApiKey::new(&"k".repeat(MAX_BYTES + 1)).unwrap_err(),
            ApiKeyError::TooLong
        );
    }

    #[test]
    fn it_cannot_be_printed() {
        assert!(!format!("{:?}", ApiKey::new("canary").unwrap()).contains("canary"));
    }
}
