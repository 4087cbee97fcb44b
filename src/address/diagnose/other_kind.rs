//! The other kind is what a text is that stands in the address column and is not an address: a payment
//! link, a name, a hash.
//!
//! It is told by its look, since it is looked for only after the network has refused the text.

use std::fmt;
use std::ops::Range;

use crate::address::secret::{hex_digits, is_extended, padded_evm, without_0x};
use crate::domain::Network;

const EXTENDED_PUBLIC: [&str; 13] = [
    "xpub", "ypub", "zpub", "Ypub", "Zpub", "tpub", "upub", "vpub", "Upub", "Vpub", "Ltub", "Mtub",
    "ttub",
];

/// Something else than an address that is harmless to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::address) enum OtherKind {
    /// `bitcoin:…?amount=…`; the network of the scheme, and its length with the colon.
    PaymentLink(Option<Network>, usize),
    /// `T… 12345`: something beside an address, from this byte to that one.
    AddressAndMore(usize, usize),
    /// Several addresses.
    Addresses,
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
    /// 64 hex digits that begin with zeros: an EVM address as event logs write it.
    PaddedEvm,
    /// `0:…`, TON's raw form.
    TonRaw,
    /// `xpub…` (BIP-32, SLIP-132).
    ExtendedPublicKey,
    /// A public key in hex.
    PublicKey,
    /// A dash, a word, a telephone number.
    Words,
}

impl OtherKind {
    /// What the text is, if it is not an address.
    pub(in crate::address) fn of(text: &str) -> Option<Self> {
        let begins = |prefix: &str| {
            let head = text.as_bytes().get(..prefix.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        // Of base64, which has slashes too, nothing is like the name of a site.
        let site = text.split_once('/').and_then(|(site, _)| name(site));
        if ["http://", "https://", "www."].into_iter().any(begins) || site == Some(Self::Name) {
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
        let found = hex(text).or_else(|| number(text)).or_else(|| name(text));
        found.or_else(|| has_too_few_letters(text).then_some(Self::Words))
    }

    /// The network that it belongs to.
    pub(in crate::address) fn network(self) -> Option<Network> {
        match self {
            Self::PaymentLink(network, _) => network,
            Self::Lightning => Some(Network::Bitcoin),
            Self::TronHex => Some(Network::Tron),
            Self::EvmWithout0x | Self::PaddedEvm | Self::Icap => Some(Network::Evm),
            Self::TonRaw => Some(Network::Ton),
            _ => None,
        }
    }

    /// The bytes that should go.
    pub(in crate::address) fn span(self) -> Option<Range<usize>> {
        match self {
            Self::PaymentLink(_, length) => Some(0..length),
            Self::AddressAndMore(start, end) => Some(start..end),
            _ => None,
        }
    }

    /// What to do about this text, for a currency on `network`.
    pub(in crate::address) fn hint(self, network: Network, text: &str) -> String {
        let ask = format!("ask the recipient for {} address", network.with_article());
        match self {
            // `arb1:0x…` is a wallet on Arbitrum, and may be nobody's on Ethereum.
            Self::PaymentLink(..) if !text.contains('?') => {
                "if what stands before the colon is the network that the code pays on, keep only the address; if it is another one, ask the recipient"
                    .to_owned()
            }
            Self::PaymentLink(..) => format!(
                "if what stands behind the question mark is a memo (text=, memo=), {ask} that needs none; if not, keep only the address, provided that what stands before the colon is the network that the code pays on"
            ),
            Self::AddressAndMore(..) => {
                format!("if that is a memo, {ask} that needs none; if not, keep only the address")
            }
            Self::Addresses => "ask the recipient which one it is, and keep only that".to_owned(),
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
            Self::PaddedEvm if network == Network::Evm => match padded_evm(text) {
                Some(digits) => format!(
                    "the address is 0x{digits}; write it so, if the recipient confirms that it is theirs"
                ),
                None => ask,
            },
            Self::Name => format!("a name can change its owner: {ask}"),
            Self::Words => format!("{ask}, or take the row out"),
            _ => ask,
        }
    }
}

/// What a text with a colon in it is.
fn link(scheme: &str, rest: &str) -> Option<OtherKind> {
    if let "0" | "-1" = scheme {
        return (hex_digits(rest) == 64).then_some(OtherKind::TonRaw);
    }
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if !is_scheme || rest.is_empty() {
        return None;
    }
    let network = match scheme.to_ascii_lowercase().as_str() {
        "lightning" => return Some(OtherKind::Lightning),
        "mailto" => return Some(OtherKind::Mail),
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
    Some(OtherKind::PaymentLink(network, length))
}

/// What a text of hex digits is.
fn hex(text: &str) -> Option<OtherKind> {
    let digits = without_0x(text);
    match (hex_digits(text), digits.len() == text.len()) {
        (64, _) if padded_evm(text).is_some() => Some(OtherKind::PaddedEvm),
        (42, _) if digits.starts_with("41") => Some(OtherKind::TronHex),
        (40, true) => Some(OtherKind::EvmWithout0x),
        (66, _) if digits.starts_with("02") || digits.starts_with("03") => {
            Some(OtherKind::PublicKey)
        }
        (130, _) if digits.starts_with("04") => Some(OtherKind::PublicKey),
        _ => None,
    }
}

/// What a text of digits is.
fn number(text: &str) -> Option<OtherKind> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_digits(text) {
        return Some(OtherKind::UserId);
    }
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let exponent = exponent.strip_prefix('+')?;
    let mantissa = mantissa.replacen(['.', ','], "", 1);
    (is_digits(&mantissa) && is_digits(exponent)).then_some(OtherKind::SpreadsheetNumber)
}

/// What a text is that names somebody.
fn name(text: &str) -> Option<OtherKind> {
    if let Some((local, domain)) = text.split_once('@') {
        return match (local.is_empty(), domain.contains('.')) {
            (true, _) => Some(OtherKind::UserName),
            (false, true) => Some(OtherKind::Mail),
            (false, false) => None,
        };
    }
    let (rest, last) = text.rsplit_once('.')?;
    let is_label = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let is_name = !rest.is_empty()
        && rest.chars().all(is_label)
        && last.len() >= 2
        && last.bytes().all(|b| b.is_ascii_alphabetic());
    is_name.then_some(OtherKind::Name)
}

/// Whether a text with blanks, or with letters of another script, has fewer letters and digits than any
/// address.
fn has_too_few_letters(text: &str) -> bool {
    const FEWEST: usize = 20;
    let letters = text.bytes().filter(u8::is_ascii_alphanumeric).count();
    let has_others = text.contains(|c: char| !c.is_ascii_graphic());
    letters == 0 || (has_others && letters < FEWEST)
}

impl fmt::Display for OtherKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PaymentLink(..) => "this is a payment link, not an address alone",
            Self::AddressAndMore(..) => "something stands beside the address",
            Self::Addresses => "there is more than one address in the cell",
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
            Self::PaddedEvm => "this is an EVM address in 32 bytes, as event logs write it",
            Self::TonRaw => "this is a TON address in raw form, which carries no checksum",
            Self::ExtendedPublicKey => {
                "this is an extended public key: it shows all addresses of a wallet, but is not an address"
            }
            Self::PublicKey => "this is a public key, not an address",
            Self::Words => "this is not an address",
        })
    }
}
