//! An [`Account`] is what an address denotes, whichever way it is written.

use std::fmt::{self, Write as _};

use crate::domain::Network;

/// The longest account: TON's workchain byte and 32 bytes.
const MAX_BYTES: usize = 33;

/// No text of an account is longer: the longest name, the longest form, and two digits a byte.
const MAX_TEXT_BYTES: usize = "litecoin".len() + ":p2pkh:".len() + 2 * MAX_BYTES;

/// What kind of account the bytes name, where one network has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Form {
    /// The network has one kind of account.
    Only,
    /// The hash of a public key (P2PKH).
    KeyHash,
    /// The hash of a script (P2SH).
    ScriptHash,
    /// A version 0 witness program (BIP-141).
    Witness0,
    /// A version 1 witness program, taproot (BIP-341).
    Witness1,
}

/// What an address denotes: two texts with equal accounts are one recipient.
///
/// So EVM addresses in any case, TON addresses bounceable or not, and Litecoin's old `3…` and its
/// `M…` come out equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    network: Network,
    form: Form,
    length: u8,
    /// Zero beyond `length`, so that deriving the comparison is right.
    bytes: [u8; MAX_BYTES],
}

impl Account {
    /// The account of these bytes, at most [`MAX_BYTES`] of them.
    pub(super) fn new(network: Network, form: Form, bytes: &[u8]) -> Self {
        debug_assert!(bytes.len() <= MAX_BYTES);
        let mut padded = [0; MAX_BYTES];
        let mut length = 0u8;
        for (slot, byte) in padded.iter_mut().zip(bytes) {
            *slot = *byte;
            length = length.wrapping_add(1);
        }
        Self {
            network,
            form,
            length,
            bytes: padded,
        }
    }

    /// The bytes that the network itself uses: a hash, a witness program or a public key; for TON
    /// the workchain and the 32 bytes of the account.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or(&self.bytes)
    }

    /// Twelve of its bits, the same for equal accounts.
    pub(super) fn fingerprint(&self) -> usize {
        let [_, _, _, _, first, _, _, _, _, second, ..] = self.bytes;
        usize::from(first) << 4 | usize::from(second) >> 4
    }

    /// The network it lives on.
    pub(super) fn network(&self) -> Network {
        self.network
    }

    /// What kind of account it is.
    #[cfg(test)]
    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// Its text, made in one piece: every payout has one.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(MAX_TEXT_BYTES);
        // A String takes every text.
        let _ = write!(text, "{self}");
        text
    }
}

impl fmt::Display for Account {
    /// `evm:5aaeb605…`, `bitcoin:p2pkh:62e907b1…`: a text that is the same for equal accounts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.network {
            Network::Bitcoin => "bitcoin",
            Network::Litecoin => "litecoin",
            Network::Tron => "tron",
            Network::Evm => "evm",
            Network::Ton => "ton",
            Network::Solana => "solana",
        })?;
        f.write_str(match self.form {
            Form::Only => ":",
            Form::KeyHash => ":p2pkh:",
            Form::ScriptHash => ":p2sh:",
            Form::Witness0 => ":v0:",
            Form::Witness1 => ":v1:",
        })?;
        // Every payout has this text, and formatting byte by byte takes most of the time of it.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0u8; 2 * MAX_BYTES];
        let halves = self
            .bytes()
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0x0f]);
        for (digit, half) in text.iter_mut().zip(halves) {
            *digit = DIGITS[usize::from(half)];
        }
        let digits = text.get(..self.bytes().len().saturating_mul(2));
        f.write_str(std::str::from_utf8(digits.unwrap_or_default()).unwrap_or_default())
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A checked recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    account: Account,
    caution: Option<Caution>,
}

impl Address {
    /// A recipient about whom there is nothing to say.
    pub(super) fn new(account: Account) -> Self {
        Self {
            account,
            caution: None,
        }
    }

    /// The same recipient with a caution, if there is one.
    pub(super) fn with_caution(self, caution: Option<Caution>) -> Self {
        Self { caution, ..self }
    }

    /// The account that is paid.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What the operator should know before paying it.
    #[must_use]
    pub fn caution(&self) -> Option<Caution> {
        self.caution
    }
}

/// What can be said against an address that is valid all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caution {
    /// An EVM address without the mixed case that carries its checksum (EIP-55).
    OneCase,
    /// A Litecoin address of the kind that began with 3 before `M…` came.
    OldLitecoinPrefix,
    /// A Solana address that is not a point of the ed25519 curve, so that no key has it.
    OffCurve,
}

impl Caution {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::OneCase => {
                "compare it with the recipient's letter by letter, or ask for it in mixed case"
            }
            Self::OldLitecoinPrefix => {
                "make sure that the recipient gave it for Litecoin; the newer form begins with M"
            }
            Self::OffCurve => {
                "ask the recipient for the address of their wallet, not of a token account"
            }
        }
    }
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneCase => {
                "the address carries no checksum (its letters are of one case), so a typing error in it cannot be seen"
            }
            Self::OldLitecoinPrefix => {
                "the same text is also a Bitcoin address, so it cannot be told which was meant"
            }
            Self::OffCurve => {
                "the address belongs to a program or is a token account (off the ed25519 curve): what is sent there may be out of reach"
            }
        })
    }
}
