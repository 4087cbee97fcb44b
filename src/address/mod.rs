//! An [`Address`] is a recipient checked for one network, to the last checksum.
//!
//! Each network family has a file that reads its own format and nothing else. The good path is
//! [`check`]: read the text, then ask whether the recipient may be paid at all. Everything that
//! only explains a mistake (other networks, pasted things, look-alike letters) happens after the
//! family has refused the text, so that a correct file is never slowed down by it.

mod account;
mod base58check;
mod bitcoin;
mod casing;
mod character;
mod curve;
mod error;
mod evm;
mod explain;
mod keccak_lanes;
mod litecoin;
mod pasted;
mod refused;
mod segwit;
mod solana;
mod ton;
mod tron;

pub use account::{Account, Address, Caution};
pub use casing::Casing;
pub use error::AddressError;

use crate::domain::Network;
use error::Fault;

/// Checks `text` as a recipient on `network`. Blanks around it are the caller's to trim.
///
/// # Errors
/// Whatever keeps the text from being a recipient: a broken checksum, another network's address,
/// something else that was pasted, or an address from which nobody can spend.
pub fn check(network: Network, text: &str) -> Result<Address, AddressError> {
    let fault = match read(network, text) {
        Ok(address) => match refused::find(&address.account()) {
            None => return Ok(address),
            Some(reason) => Fault::Refused(reason),
        },
        Err(fault) => explain::explain(network, text, fault),
    };
    Err(AddressError::new(network, fault))
}

/// Whether the text may be a private key or a seed phrase, wherever it stands: it must never be
/// printed.
#[must_use]
pub fn is_secret(text: &str) -> bool {
    pasted::secret(text).is_some()
}

/// Reads the text in the network's own format, without asking who the recipient is.
fn read(network: Network, text: &str) -> Result<Address, Fault> {
    match network {
        Network::Bitcoin => bitcoin::read(text),
        Network::Litecoin => litecoin::read(text),
        Network::Tron => tron::read(text),
        Network::Evm => evm::read(text),
        Network::Ton => ton::read(text),
        Network::Solana => solana::read(text),
    }
}

#[cfg(test)]
mod tests;
