//! An [`Address`] is a recipient checked for one network, to the last checksum.
//!
//! Each network family has a file that reads its own format and nothing else. The good path is
//! [`check`]: read the text, then ask whether the recipient may be paid at all. Everything that
//! only explains a mistake (`diagnose`) happens after the family has refused the text, so that a
//! correct file is never slowed down by it.

mod account;
mod base58;
mod base58check;
mod bitcoin;
pub mod confusable;
mod curve;
mod denylist;
mod diagnose;
mod difference;
mod eip55;
mod error;
mod evm;
mod keccak_lanes;
mod litecoin;
mod read;
mod secret;
mod segwit;
mod solana;
mod ton;
mod tron;

pub use account::{Account, Address, Caution};
pub use difference::differing;
pub use error::AddressError;
pub use secret::is_secret;

use crate::domain::Network;
use error::Fault;
use evm::Letters;
use read::read;

/// Checks `text` as a recipient on `network`. Blanks around it are the caller's to trim.
///
/// # Errors
/// Whatever keeps the text from being a recipient: a broken checksum, another network's address,
/// something else that was pasted, or an address from which nobody can spend.
pub fn check(network: Network, text: &str) -> Result<Address, AddressError> {
    let fault = match read(network, text) {
        Ok(address) => match denylist::find(address.account()) {
            None => return Ok(address),
            Some(reason) => Fault::Denied(reason),
        },
        Err(fault) => diagnose::diagnose(network, text, fault),
    };
    Err(AddressError::new(network, fault))
}

/// The account of a text that [`check`] has accepted, without another look at what takes long.
#[must_use]
pub fn account_of(network: Network, text: &str) -> Option<Account> {
    let address = match network {
        Network::Evm => evm::read_in_any_case(text).map(|(address, _)| address),
        Network::Solana => solana::read_off_or_on_curve(text),
        Network::Bitcoin | Network::Litecoin | Network::Tron | Network::Ton => read(network, text),
    };
    address.ok().map(|address| *address.account())
}

/// Fills `found` with what [`check`] would give for each recipient; `None` where it would give an
/// error, which takes longer to explain than to find.
///
/// The checksums of EVM addresses are taken together, which is several times faster than one by one.
pub fn check_all(recipients: &[(Network, &str)], found: &mut Vec<Option<Address>>) {
    found.clear();
    let mut places = Vec::new();
    let mut digits = Vec::new();
    for (place, (network, text)) in recipients.iter().enumerate() {
        let address = match network {
            Network::Evm => match evm::read_in_any_case(text) {
                Ok((address, Letters::OfBothCases(of_both_cases))) => {
                    places.push(place);
                    digits.push(of_both_cases);
                    Some(address)
                }
                Ok((address, Letters::OfOneCase)) => Some(address),
                Err(_) => None,
            },
            Network::Bitcoin
            | Network::Litecoin
            | Network::Tron
            | Network::Ton
            | Network::Solana => read(*network, text).ok(),
        };
        found.push(address.filter(|address| denylist::find(address.account()).is_none()));
    }
    for wrong in eip55::wrong(&digits) {
        if let Some(address) = places.get(wrong).and_then(|place| found.get_mut(*place)) {
            *address = None;
        }
    }
}

#[cfg(test)]
mod tests;
