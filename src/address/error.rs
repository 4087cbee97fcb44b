//! An [`AddressError`] says why a text is not a recipient, without repeating the text.
//!
//! The value is small and owns nothing; the message is made when somebody reads it, so that a
//! file of a million wrong rows costs no more than one of right ones.

use std::fmt;
use std::ops::Range;

use super::confusable::Foreign;
use super::diagnose::other_kind::OtherKind;
use super::secret::Secret;
use crate::domain::{Currency, Network};

/// What is wrong with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// There is no text.
    Empty,
    /// A character that cannot be in the address.
    Character(Foreign),
    /// The wrong number of characters, and the right one.
    Length {
        found: usize,
        expected: &'static str,
    },
    /// The wrong number of bytes, where the number of characters varies.
    Size,
    /// It begins with something else than this.
    Beginning(&'static str),
    /// The checksum does not hold.
    Checksum,
    /// The case of the letters does not fit the digits (EIP-55).
    CaseChecksum,
    /// `0X` instead of `0x`.
    CapitalX,
    /// Bech32 in both cases at once.
    MixedCase,
    /// A version byte of base58check that the network does not have.
    Version(u8),
    /// A witness version that nobody can spend from.
    WitnessVersion(u8),
    /// Bech32 where the witness version asks for bech32m, or the other way about.
    WitnessVariant,
    /// A witness program of another length than the version has.
    WitnessLength,
    /// Bits left over at the end of a witness program.
    WitnessPadding,
    /// Litecoin's confidential addresses.
    MimbleWimble,
    /// `-` or `_` together with `+` or `/`.
    MixedAlphabets,
    /// A tag that TEP-2 does not know.
    Tag(u8),
    /// A workchain that does not exist.
    Workchain(i8),
    /// An address of the network's test network.
    TestNetwork(Network),
    /// A valid address of another network.
    OtherNetwork(Network),
    /// By its look an address of another network, with a mistake in it.
    LooksLike(Network),
    /// A valid address that is nobody's.
    Denied(Reason),
    /// Something else than an address.
    OtherKind(OtherKind),
    /// Something that must not be shown to anybody.
    Secret(Secret),
}

impl Fault {
    /// The wrong number of characters.
    pub(super) fn length(text: &str, expected: &'static str) -> Self {
        Self::Length {
            found: text.chars().count(),
            expected,
        }
    }
}

/// Why nobody is paid at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// What it is, to be read after "this is".
    Known(&'static str),
    /// The currency whose own contract or mint it is.
    Contract(Currency),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = match self {
            Self::Known(what) => return write!(f, "this is {what}"),
            Self::Contract(currency) => currency,
        };
        let thing = match currency.network() {
            Network::Solana => "mint",
            _ => "contract",
        };
        write!(f, "this is {}'s own {thing} on ", currency.ticker())?;
        // Some tokens have the same contract on several chains.
        let same = Currency::all().filter(|other| other.contract() == currency.contract());
        for (index, other) in same.enumerate() {
            let and = if index == 0 { "" } else { " and " };
            write!(f, "{and}{}", other.chain())?;
        }
        Ok(())
    }
}

/// Why a text is not a recipient on its network.
///
/// The message does not contain the text; when [`AddressError::is_secret`] holds, nobody else may
/// print it either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressError {
    network: Network,
    fault: Fault,
}

impl AddressError {
    pub(super) fn new(network: Network, fault: Fault) -> Self {
        Self { network, fault }
    }

    /// A short noun, the same for all errors of one kind: `checksum`, `wrong network`,
    /// `test network`, `refused recipient`, `length`, `character`, `form`,
    /// `not an address`, `secret`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.fault {
            Fault::Empty | Fault::Length { .. } | Fault::Size => "length",
            Fault::Character(_) => "character",
            Fault::Checksum | Fault::CaseChecksum => "checksum",
            Fault::TestNetwork(_) => "test network",
            Fault::OtherNetwork(_) | Fault::LooksLike(_) => "wrong network",
            Fault::Denied(_) => "refused recipient",
            Fault::OtherKind(_) => "not an address",
            Fault::Secret(_) => "secret",
            Fault::Beginning(_)
            | Fault::CapitalX
            | Fault::MixedCase
            | Fault::Version(_)
            | Fault::WitnessVersion(_)
            | Fault::WitnessVariant
            | Fault::WitnessLength
            | Fault::WitnessPadding
            | Fault::MimbleWimble
            | Fault::MixedAlphabets
            | Fault::Tag(_)
            | Fault::Workchain(_) => "form",
        }
    }

    /// Whether the text may be a private key or a seed phrase: it must never be printed.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        matches!(self.fault, Fault::Secret(_))
    }

    /// The network that the text does belong to, if that is another one.
    #[must_use]
    pub fn other_network(&self) -> Option<Network> {
        let network = match self.fault {
            Fault::OtherNetwork(network)
            | Fault::LooksLike(network)
            | Fault::TestNetwork(network) => Some(network),
            Fault::MimbleWimble => Some(Network::Litecoin),
            Fault::OtherKind(kind) => kind.network(),
            _ => None,
        };
        network.filter(|network| *network != self.network)
    }

    /// The bytes of the text that are at fault, where that is known.
    #[must_use]
    pub fn span(&self) -> Option<Range<usize>> {
        match self.fault {
            Fault::Character(odd) => Some(odd.span()),
            Fault::CapitalX => Some(0..2),
            Fault::WitnessVersion(_) => match self.network {
                Network::Litecoin => Some(4..5),
                _ => Some(3..4),
            },
            Fault::OtherKind(kind) => kind.span(),
            _ => None,
        }
    }

    /// What to do about the text that it is about.
    #[must_use]
    pub fn hint(&self, text: &str) -> String {
        let network = self.network;
        match self.fault {
            Fault::Empty => format!("write the recipient's {network} address here"),
            Fault::Character(foreign) => foreign.hint().to_owned(),
            Fault::Length { .. } | Fault::Size => {
                "copy the whole address again from the recipient".to_owned()
            }
            Fault::Beginning(_) | Fault::Version(_) => {
                format!("ask the recipient for their {network} address")
            }
            Fault::CapitalX => "write 0x with a small x".to_owned(),
            Fault::Checksum
            | Fault::CaseChecksum
            | Fault::MixedCase
            | Fault::WitnessVariant
            | Fault::WitnessLength
            | Fault::WitnessPadding
            | Fault::MixedAlphabets
            | Fault::Tag(_)
            | Fault::Workchain(_) => {
                "copy the address again from the recipient; do not mend it by hand".to_owned()
            }
            Fault::WitnessVersion(_) => {
                "ask the recipient for an address that begins with bc1q or bc1p (ltc1q for Litecoin)"
                    .to_owned()
            }
            Fault::MimbleWimble => {
                "ask the recipient for an address that begins with L, M or ltc1".to_owned()
            }
            Fault::TestNetwork(_) => {
                format!("ask the recipient for an address of {network}'s main network")
            }
            Fault::OtherNetwork(other) | Fault::LooksLike(other) => format!(
                "choose a currency on {other}, or ask the recipient for {} address",
                network.with_article()
            ),
            Fault::Denied(_) => {
                "ask the recipient for their own address: what is sent here is lost".to_owned()
            }
            Fault::OtherKind(kind) => kind.hint(network, text),
            Fault::Secret(_) => {
                "take it out of the file at once: whoever sees it can take the money; if others \
                 have seen the file, move the money to a new wallet"
                    .to_owned()
            }
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let this = self.network.with_article();
        match self.fault {
            Fault::Empty => f.write_str("there is no address"),
            Fault::Character(foreign) => foreign.fmt(f),
            Fault::Length { found, expected } => {
                let plural = if found == 1 { "" } else { "s" };
                write!(
                    f,
                    "{found} character{plural}, but {this} address has {expected}"
                )
            }
            Fault::Size => write!(
                f,
                "not the size of {this} address: characters are missing, or there are too many"
            ),
            Fault::Beginning(expected) => write!(f, "{this} address begins with {expected}"),
            Fault::Checksum => f.write_str(
                "the checksum does not hold: a character is wrong, missing or in the wrong place",
            ),
            Fault::CaseChecksum => f.write_str(
                "the checksum does not hold: a digit or the case of a letter is wrong (EIP-55)",
            ),
            Fault::CapitalX => f.write_str("the address begins with 0X instead of 0x"),
            Fault::MixedCase => {
                f.write_str("capital and small letters are mixed, which this address never does")
            }
            Fault::Version(version) => write!(
                f,
                "the checksum holds, but the version byte 0x{version:02x} is not that of {this} address"
            ),
            Fault::WitnessVersion(version) => write!(
                f,
                "witness version {version} has no meaning yet: anybody could take what is sent there"
            ),
            Fault::WitnessVariant => f.write_str(
                "the checksum is of the wrong kind (bech32 for bech32m, or the other way about)",
            ),
            Fault::WitnessLength => f.write_str("the witness program has the wrong length"),
            Fault::WitnessPadding => f.write_str("the witness program does not end cleanly"),
            Fault::MimbleWimble => f.write_str(
                "this is a MimbleWimble (MWEB) address, which payout services cannot pay",
            ),
            Fault::MixedAlphabets => {
                f.write_str("the address mixes the two alphabets of base64 (- and _ with + and /)")
            }
            Fault::Tag(tag) => write!(f, "the tag 0x{tag:02x} is not that of {this} address"),
            Fault::Workchain(workchain) => {
                write!(f, "workchain {workchain} does not exist: TON has 0 and -1")
            }
            Fault::TestNetwork(network) => {
                write!(f, "this is an address of {network}'s test network")
            }
            Fault::OtherNetwork(other) => write!(f, "this is {} address", other.with_article()),
            Fault::LooksLike(other) => write!(
                f,
                "this looks like {} address with a mistake in it",
                other.with_article()
            ),
            Fault::Denied(reason) => reason.fmt(f),
            Fault::OtherKind(kind) => kind.fmt(f),
            Fault::Secret(secret) => secret.fmt(f),
        }
    }
}

impl std::error::Error for AddressError {}
