//! A diagnosis is the better reason that is looked for once a text has been refused.
//!
//! Nothing here can make a text valid. The order is the point: a secret is recognised before
//! anything might print it, a pasted thing before its characters are picked at, and another
//! network's valid address before this network's complaint about it.

pub(super) mod other_kind;

use super::error::Fault;
use super::read::read;
use super::secret::secret;
use super::{base58, confusable, segwit, solana};
use crate::domain::Network;
use other_kind::OtherKind;

/// The most useful thing to say about a text that `network` refused with `fault`.
pub(super) fn diagnose(network: Network, text: &str, fault: Fault) -> Fault {
    if text.is_empty() {
        return Fault::Empty;
    }
    if let Some(secret) = secret(text) {
        return Fault::Secret(secret);
    }
    let within = addresses_within(text);
    let beside = match within.as_slice() {
        [] => None,
        [(0, end)] => return Fault::OtherKind(OtherKind::AddressAndMore(*end, text.len())),
        [(start, _)] => Some(OtherKind::AddressAndMore(0, *start)),
        _ => return Fault::OtherKind(OtherKind::Addresses),
    };
    if let Some(kind) = OtherKind::of(text).or(beside) {
        return Fault::OtherKind(kind);
    }
    if let Some(odd) = confusable::first_foreign(text) {
        return Fault::Character(odd);
    }
    if let Fault::TestNetwork(_) | Fault::MimbleWimble = fault {
        return fault;
    }
    for other in Network::ALL.into_iter().filter(|other| *other != network) {
        if let Some(better) = belongs(other, text) {
            return better;
        }
    }
    // What begins as this network's addresses do is this network's to explain; TON's and Solana's
    // have no beginning of their own.
    let has_no_beginning = matches!(network, Network::Ton | Network::Solana);
    let may_be_another = has_no_beginning || matches!(fault, Fault::Beginning(_));
    match looks_like(text) {
        Some(other) if may_be_another && other != network => Fault::LooksLike(other),
        _ => fault,
    }
}

/// Where addresses stand in a text that has more in it.
fn addresses_within(text: &str) -> Vec<(usize, usize)> {
    let is_between = |c: char| !(c.is_ascii_alphanumeric() || "+-_/".contains(c));
    let mut found = Vec::new();
    let mut start = 0usize;
    for part in text.split_inclusive(is_between) {
        let bare = part.trim_end_matches(is_between);
        let is_address = |network| belongs(network, bare).is_some();
        if bare.len() < text.len() && Network::ALL.into_iter().any(is_address) {
            found.push((start, start.saturating_add(bare.len())));
        }
        start = start.saturating_add(part.len());
    }
    found
}

/// Whether the text is an address of another network, or of its test network.
fn belongs(other: Network, text: &str) -> Option<Fault> {
    // Solana's own reading asks whether the key is on the curve, which is slow and beside the point. What
    // begins as another network's addresses do is rather one of those with a mistake in it.
    if other == Network::Solana {
        let decoded = solana::decode(text);
        let is_solana = decoded.is_ok() && looks_like(text).is_none();
        return is_solana.then_some(Fault::OtherNetwork(other));
    }
    match read(other, text) {
        Ok(_) => Some(Fault::OtherNetwork(other)),
        Err(fault @ (Fault::TestNetwork(_) | Fault::MimbleWimble)) => Some(fault),
        Err(_) => None,
    }
}

/// The network whose addresses have this beginning and about this length.
///
/// Solana's have no look of their own, and every text of their size is one.
fn looks_like(text: &str) -> Option<Network> {
    let length = text.len();
    let is_base58 = |lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&length) && base58::is_base58(text)
    };
    match text.as_bytes() {
        [b'0', b'x' | b'X', ..] if (36..=48).contains(&length) => Some(Network::Evm),
        [b'T', ..] if is_base58(32..=36) => Some(Network::Tron),
        [b'1' | b'3', ..] if is_base58(25..=36) => Some(Network::Bitcoin),
        [b'L' | b'M', ..] if is_base58(32..=36) => Some(Network::Litecoin),
        [b'E' | b'U', b'Q' | b'f', ..] if (46..=50).contains(&length) => Some(Network::Ton),
        _ if segwit::has_prefix(text, "bc") => Some(Network::Bitcoin),
        _ if segwit::has_prefix(text, "ltc") => Some(Network::Litecoin),
        _ => None,
    }
}
