//! A secret is a text that gives access to money, or may: it must never be printed.
//!
//! It is told by its look. A key with a typing error in it is nearly as bad to print as a right
//! one, so the shapes of secrets are taken widely and without their checksums.

use std::fmt;

use super::base58::is_base58;

/// Something that gives access to money, or may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secret {
    /// A private key in wallet import format, of Bitcoin or Litecoin.
    PrivateKey,
    /// A private key under a pass phrase (BIP-38).
    EncryptedKey,
    /// An extended private key (BIP-32, SLIP-132).
    ExtendedKey,
    /// 32 or 64 bytes in hex: a private key looks like a transaction's hash.
    Hex,
    /// 64 bytes in base58: Solana's secret keys look like its signatures.
    Base58,
    /// Solana's key file: a list of numbers.
    Numbers,
    /// The words of BIP-39, Electrum or TON.
    Words,
}

/// Lengths of a private key in wallet import format, give or take a character.
const PRIVATE_KEY: std::ops::RangeInclusive<usize> = 50..=53;
/// Lengths of a BIP-38 key, give or take a character.
const ENCRYPTED_KEY: std::ops::RangeInclusive<usize> = 57..=59;
/// Lengths of 64 bytes in base58, give or take a character.
const BASE58_64: std::ops::RangeInclusive<usize> = 85..=89;
/// An extended key has 111 characters; half of one is still no address.
const EXTENDED_KEY_MIN: usize = KEY_MIN;
/// The shortest key of any kind.
const KEY_MIN: usize = *PRIVATE_KEY.start();
/// A seed phrase has 12 to 25 words; one or two may have been lost or added.
const WORDS: std::ops::RangeInclusive<usize> = 11..=27;
/// The fewest numbers that are taken for a key.
const NUMBERS_MIN: usize = 16;

const EXTENDED_PRIVATE: [&str; 13] = [
    "xprv", "yprv", "zprv", "Yprv", "Zprv", "tprv", "uprv", "vprv", "Uprv", "Vprv", "Ltpv", "Mtpv",
    "ttpv",
];
/// The secret that the text may be.
pub(super) fn secret(text: &str) -> Option<Secret> {
    let bare;
    // To the last byte, so that many are looked at at once.
    let is_bare = |all, byte: u8| all & byte.is_ascii_alphanumeric();
    let key = if text.bytes().fold(true, is_bare) {
        text
    } else {
        // What separates words and numbers is neither letter nor digit.
        if is_words(text) {
            return Some(Secret::Words);
        }
        if is_numbers(text) {
            return Some(Secret::Numbers);
        }
        // A key with an invisible character or quotation marks about it is a key all the same.
        bare = text.replace(|c: char| !c.is_ascii_graphic(), "");
        bare.trim_matches(|c: char| c.is_ascii_punctuation())
    };
    let length = key.len();
    if length < KEY_MIN {
        return None;
    }
    let first = key.as_bytes().first().copied().unwrap_or_default();
    if is_extended(key, &EXTENDED_PRIVATE) {
        return Some(Secret::ExtendedKey);
    }
    if let (63..=65 | 127..=129, None) = (hex_digits(key), padded_evm(key)) {
        return Some(Secret::Hex);
    }
    if !is_base58(key) {
        return None;
    }
    // Bitcoin's, its test network's, and Litecoin's.
    if PRIVATE_KEY.contains(&length) && b"5KL9c6T".contains(&first) {
        Some(Secret::PrivateKey)
    } else if ENCRYPTED_KEY.contains(&length) && key.starts_with("6P") {
        Some(Secret::EncryptedKey)
    } else if BASE58_64.contains(&length) {
        Some(Secret::Base58)
    } else {
        None
    }
}

/// Whether the text may be a private key or a seed phrase, wherever it stands.
#[must_use]
pub fn is_secret(text: &str) -> bool {
    secret(text).is_some()
}

/// The 40 digits of an EVM address that stands in 32 bytes, as event logs write it. No key begins
/// with twelve bytes of zeros, unless somebody has tried for it.
pub(super) fn padded_evm(text: &str) -> Option<&str> {
    const ZEROS: &str = "000000000000000000000000";
    let digits = without_0x(text).strip_prefix(ZEROS)?;
    let is_address = digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_address.then_some(digits)
}

/// Words of a language, as many as a seed phrase has.
fn is_words(text: &str) -> bool {
    let words = || {
        text.split(|c: char| c.is_whitespace() || c == ',')
            .filter(|w| !w.is_empty())
    };
    let is_word = |word: &str| {
        let lengths = if word.is_ascii() { 3..=8 } else { 1..=12 };
        lengths.contains(&word.chars().count()) && word.chars().all(char::is_alphabetic)
    };
    // Counting stops early, for the text may be as long as a cell can be.
    WORDS.contains(&words().take(WORDS.end().saturating_add(1)).count()) && words().all(is_word)
}

/// `[12, 250, …]`.
fn is_numbers(text: &str) -> bool {
    let Some(list) = text.strip_prefix('[') else {
        return false;
    };
    let is_plain = |byte: u8| byte.is_ascii_digit() || b", ]\t".contains(&byte);
    list.bytes().all(is_plain) && list.split(',').count() >= NUMBERS_MIN
}

pub(super) fn is_extended(text: &str, prefixes: &[&str]) -> bool {
    text.len() >= EXTENDED_KEY_MIN && prefixes.iter().any(|prefix| text.starts_with(prefix))
}

/// How many hex digits the text has, behind `0x` or not; none if it has anything else.
pub(super) fn hex_digits(text: &str) -> usize {
    let digits = without_0x(text);
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        digits.len()
    } else {
        0
    }
}

pub(super) fn without_0x(text: &str) -> &str {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.unwrap_or(text)
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateKey => "this looks like a private key, not an address",
            Self::EncryptedKey => "this looks like an encrypted private key, not an address",
            Self::ExtendedKey => "this looks like an extended private key, not an address",
            Self::Hex => "this is a private key or a transaction's hash in hex, not an address",
            Self::Base58 => {
                "this is a Solana secret key or a transaction's signature, not an address"
            }
            Self::Numbers => "this looks like a secret key as a list of bytes, not an address",
            Self::Words => "this looks like a seed phrase, not an address",
        })
    }
}
