//! A pasted thing is what people put in the address column in place of an address: a payment
//! link, a name, a hash, and at worst a private key.
//!
//! All of it is told by its look, since it is looked for only after the network has refused the
//! text. A key with a typing error in it is nearly as bad to print as a right one, so the shapes
//! of secrets are taken widely and without their checksums.

use std::fmt;
use std::ops::Range;

use super::base58check::is_base58;
use super::error::with_article;
use crate::domain::Network;

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
const EXTENDED_PUBLIC: [&str; 13] = [
    "xpub", "ypub", "zpub", "Ypub", "Zpub", "tpub", "upub", "vpub", "Upub", "Vpub", "Ltub", "Mtub",
    "ttub",
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
    if let 63..=65 | 127..=129 = hex_digits(key) {
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

fn is_extended(text: &str, prefixes: &[&str]) -> bool {
    text.len() >= EXTENDED_KEY_MIN && prefixes.iter().any(|prefix| text.starts_with(prefix))
}

/// How many hex digits the text has, behind `0x` or not; none if it has anything else.
fn hex_digits(text: &str) -> usize {
    let digits = without_0x(text);
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        digits.len()
    } else {
        0
    }
}

fn without_0x(text: &str) -> &str {
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

/// Something else than an address that is harmless to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pasted {
    /// `bitcoin:…?amount=…`; the network of the scheme, and its length with the colon.
    PaymentLink(Option<Network>, usize),
    /// `https://…`.
    WebLink,
    /// `name.eth`.
    Name,
    /// `name@example.org`.
    Mail,
    /// `@name`.
    UserName,
    /// Digits only.
    UserId,
    /// `1.2E+47`, what a spreadsheet makes of a long number.
    SpreadsheetNumber,
    /// `0x12ab…34cd`.
    Shortened,
    /// `lnbc…`, an invoice of the Lightning network.
    Lightning,
    /// `XE…`, Ethereum's old form (ICAP).
    Icap,
    /// `41…`, TRON's address in hex.
    TronHex,
    /// 40 hex digits without their `0x`.
    EvmWithout0x,
    /// `0:…`, TON's raw form.
    TonRaw,
    /// `xpub…` (BIP-32, SLIP-132).
    ExtendedPublicKey,
    /// A public key in hex.
    PublicKey,
}

impl Pasted {
    /// What the text is, if it is none of the addresses.
    pub(super) fn recognise(text: &str) -> Option<Self> {
        let begins = |prefix: &str| {
            let head = text.as_bytes().get(..prefix.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        if ["http://", "https://", "www."].into_iter().any(begins) {
            return Some(Self::WebLink);
        }
        if text.contains('\u{2026}') || text.contains("...") || text.contains("***") {
            return Some(Self::Shortened);
        }
        if let Some((scheme, rest)) = text.split_once(':') {
            return link(scheme, rest);
        }
        let is_invoice = ["lnbc", "lntb", "lnurl", "lno1"].into_iter().any(begins);
        if is_invoice && text.len() > 20 && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Some(Self::Lightning);
        }
        if is_extended(text, &EXTENDED_PUBLIC) {
            return Some(Self::ExtendedPublicKey);
        }
        if let (34 | 35, true) = (text.len(), begins("XE")) {
            let rest = text.bytes().skip(2);
            if rest.clone().take(2).all(|b| b.is_ascii_digit())
                && rest.clone().all(|b| b.is_ascii_alphanumeric())
            {
                return Some(Self::Icap);
            }
        }
        hex(text).or_else(|| number(text)).or_else(|| name(text))
    }

    /// The network that it belongs to.
    pub(super) fn network(self) -> Option<Network> {
        match self {
            Self::PaymentLink(network, _) => network,
            Self::Lightning => Some(Network::Bitcoin),
            Self::TronHex => Some(Network::Tron),
            Self::EvmWithout0x | Self::Icap => Some(Network::Evm),
            Self::TonRaw => Some(Network::Ton),
            _ => None,
        }
    }

    /// The bytes that should go.
    pub(super) fn span(self) -> Option<Range<usize>> {
        match self {
            Self::PaymentLink(_, length) => Some(0..length),
            _ => None,
        }
    }

    /// What to do about it, for a currency on `network`.
    pub(super) fn hint(self, network: Network) -> String {
        let ask = format!("ask the recipient for {} address", with_article(network));
        match self {
            Self::PaymentLink(..) => {
                "keep only the address: what stands after the scheme and before any question mark"
                    .to_owned()
            }
            Self::WebLink => {
                "open the link and copy the address itself, then compare it with the recipient's"
                    .to_owned()
            }
            Self::SpreadsheetNumber => {
                "the digits are lost: format the column as text and paste the addresses again"
                    .to_owned()
            }
            Self::Shortened => "copy the whole address".to_owned(),
            Self::TronHex if network == Network::Tron => {
                "ask for the form that begins with T".to_owned()
            }
            Self::TonRaw if network == Network::Ton => {
                "ask for the form that begins with EQ or UQ".to_owned()
            }
            Self::EvmWithout0x if network == Network::Evm => {
                "put 0x in front, if the recipient confirms that it is their address".to_owned()
            }
            Self::Name => format!("a name can change its owner: {ask}"),
            _ => ask,
        }
    }
}

/// What a text with a colon in it is.
fn link(scheme: &str, rest: &str) -> Option<Pasted> {
    if let "0" | "-1" = scheme {
        return (hex_digits(rest) == 64).then_some(Pasted::TonRaw);
    }
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_scheme || rest.is_empty() {
        return None;
    }
    let network = match scheme.to_ascii_lowercase().as_str() {
        "lightning" => return Some(Pasted::Lightning),
        "mailto" => return Some(Pasted::Mail),
        "bitcoin" | "btc" => Some(Network::Bitcoin),
        "litecoin" | "ltc" => Some(Network::Litecoin),
        "tron" | "trx" => Some(Network::Tron),
        "ethereum" | "eth" | "eip155" | "bnb" | "arbitrum" | "base" | "optimism" => {
            Some(Network::Evm)
        }
        "ton" => Some(Network::Ton),
        "solana" | "sol" => Some(Network::Solana),
        _ => None,
    };
    let length = scheme.len().saturating_add(1);
    Some(Pasted::PaymentLink(network, length))
}

/// What a text of hex digits is.
fn hex(text: &str) -> Option<Pasted> {
    let digits = without_0x(text);
    match (hex_digits(text), digits.len() == text.len()) {
        (42, _) if digits.starts_with("41") => Some(Pasted::TronHex),
        (40, true) => Some(Pasted::EvmWithout0x),
        (66, _) if digits.starts_with("02") || digits.starts_with("03") => Some(Pasted::PublicKey),
        (130, _) if digits.starts_with("04") => Some(Pasted::PublicKey),
        _ => None,
    }
}

/// What a text of digits is.
fn number(text: &str) -> Option<Pasted> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_digits(text) {
        return Some(Pasted::UserId);
    }
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let exponent = exponent.strip_prefix('+')?;
    let mantissa = mantissa.replacen(['.', ','], "", 1);
    (is_digits(&mantissa) && is_digits(exponent)).then_some(Pasted::SpreadsheetNumber)
}

/// What a text is that names somebody.
fn name(text: &str) -> Option<Pasted> {
    if let Some((local, domain)) = text.split_once('@') {
        return match (local.is_empty(), domain.contains('.')) {
            (true, _) => Some(Pasted::UserName),
            (false, true) => Some(Pasted::Mail),
            (false, false) => None,
        };
    }
    let (rest, last) = text.rsplit_once('.')?;
    let is_label = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let is_name = !rest.is_empty()
        && rest.chars().all(is_label)
        && last.len() >= 2
        && last.bytes().all(|b| b.is_ascii_alphabetic());
    is_name.then_some(Pasted::Name)
}

impl fmt::Display for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PaymentLink(..) => "this is a payment link, not an address alone",
            Self::WebLink => "this is a link to a web page, not an address",
            Self::Name => "this is a name, and the API takes addresses only",
            Self::Mail => "this is an e-mail address",
            Self::UserName => "this is a user name, not an address",
            Self::UserId => "these are digits only: a user id of an exchange, or a memo?",
            Self::SpreadsheetNumber => "a spreadsheet has turned the address into a number",
            Self::Shortened => "the address was shortened for display: its middle is missing",
            Self::Lightning => "this is a Lightning invoice or address, not one of a chain",
            Self::Icap => "this is Ethereum's old ICAP form, not an address that begins with 0x",
            Self::TronHex => "this is a TRON address in hex",
            Self::EvmWithout0x => "this may be an EVM address without its 0x",
            Self::TonRaw => "this is a TON address in raw form, which carries no checksum",
            Self::ExtendedPublicKey => {
                "this is an extended public key: it shows a wallet's every address, but is none"
            }
            Self::PublicKey => "this is a public key, not an address",
        })
    }
}
