//! Reading is asking a network whether a text is one of its addresses, and nothing about whose.

use super::account::Address;
use super::error::Fault;
use super::{bitcoin, evm, litecoin, solana, ton, tron};
use crate::domain::Network;

/// Reads the text in the network's own format, without asking who the recipient is.
pub(super) fn read(network: Network, text: &str) -> Result<Address, Fault> {
    match network {
        Network::Bitcoin => bitcoin::read(text),
        Network::Litecoin => litecoin::read(text),
        Network::Tron => tron::read(text),
        Network::Evm => evm::read(text),
        Network::Ton => ton::read(text),
        Network::Solana => solana::read(text),
    }
}
