//! A TRON address is base58check with the version byte 0x41, which makes 34 characters that begin
//! with `T`.
//!
//! Source: <https://developers.tron.network/docs/account>.

use super::account::{Account, Address, Form};
use super::base58check;
use super::error::Fault;
use crate::domain::Network;

const VERSION: u8 = 0x41;

/// Every number of 25 bytes that begins with 0x41 has this many digits.
const LENGTH: usize = 34;

/// Reads a main-network address; the test networks use the same ones.
pub(super) fn read(text: &str) -> Result<Address, Fault> {
    if !text.starts_with('T') {
        return Err(Fault::Beginning("T"));
    }
    let decoded = base58check::decode(text);
    if text.len() != LENGTH && !matches!(decoded, Err(Fault::Character(_))) {
        return Err(Fault::length(text, "34"));
    }
    match decoded? {
        (VERSION, body) => Ok(Address::new(Account::new(Network::Tron, Form::Only, &body))),
        (version, _) => Err(Fault::Version(version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::tests::{hex, no_single_change_is_accepted};
    use proptest::prelude::*;

    #[test]
    fn published_addresses_are_read() {
        for (text, body) in [
            (
                "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
                "a614f803b6fd780986a42c78ec9c7f77e6ded13c",
            ),
            (
                "TXDk8mbtRbXeYuMNS83CfKPaYYT8XWv9Hz",
                "e91a7411e56ce79e83570570f49b9fc35b7727c5",
            ),
        ] {
            assert_eq!(read(text).unwrap().account().bytes(), hex(body));
        }
    }

    #[test]
    fn a_missing_character_is_a_length() {
        assert_eq!(
            read("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6"),
            Err(Fault::length("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6", "34"))
        );
    }

    proptest! {
        #![proptest_config(crate::address::tests::cases(16))]

        #[test]
        fn a_generated_address_is_valid_and_a_changed_one_is_not(body: [u8; 20]) {
            let text = base58check::encode(VERSION, &body);
            prop_assert_eq!(text.len(), LENGTH);
            assert_eq!(read(&text).unwrap().account().bytes(), body);
            no_single_change_is_accepted(Network::Tron, &text);
        }
    }
}
