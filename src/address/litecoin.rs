//! A Litecoin address is Bitcoin's notation with other version bytes and another prefix.
//!
//! Source: Litecoin Core's `chainparams.cpp` (version bytes and human-readable parts); LIP-2 to
//! LIP-5 for the MimbleWimble extension block behind `ltcmweb1…`.

use super::account::{Account, Address, Caution, Form};
use super::bitcoin::{TEST_KEY_HASH, TEST_SCRIPT_HASH};
use super::error::Fault;
use super::{base58check, segwit};
use crate::domain::Network;

const SEGWIT: segwit::Prefix = segwit::Prefix::new("ltc");

/// Human-readable parts of the test network and of regtest, MimbleWimble's among them.
const TEST_SEGWIT: [&str; 3] = ["tltc", "rltc", "tmweb"];

const KEY_HASH: u8 = 0x30;
const SCRIPT_HASH: u8 = 0x32;
/// Bitcoin's own byte for scripts, which Litecoin used at first.
const OLD_SCRIPT_HASH: u8 = 0x05;
/// `Q…` on the test network.
const NEW_TEST_SCRIPT_HASH: u8 = 0x3a;

/// Reads a main-network address.
pub(super) fn read(text: &str) -> Result<Address, Fault> {
    if SEGWIT.begins(text) {
        let program = segwit::decode(&SEGWIT, text);
        let read = program.map(|program| address(program.form, program.bytes()));
        // One `L…` in some 40,000 goes on so too: `LTc1…`.
        return read.or_else(|fault| match base58check::decode(text) {
            Ok((KEY_HASH, hash)) => Ok(address(Form::KeyHash, &hash)),
            Ok(_) | Err(_) => Err(fault),
        });
    }
    if segwit::has_prefix(text, "ltcmweb") {
        return Err(Fault::MimbleWimble);
    }
    if TEST_SEGWIT.iter().any(|hrp| segwit::has_prefix(text, hrp)) {
        return Err(Fault::TestNetwork(Network::Litecoin));
    }
    if !text.starts_with(['L', 'M', '3', 'm', 'n', '2', 'Q']) {
        return Err(Fault::Beginning("L, M or ltc1"));
    }
    match base58check::decode(text)? {
        (KEY_HASH, hash) => Ok(address(Form::KeyHash, &hash)),
        (SCRIPT_HASH, hash) => Ok(address(Form::ScriptHash, &hash)),
        (OLD_SCRIPT_HASH, hash) => {
            Ok(address(Form::ScriptHash, &hash).with_caution(Some(Caution::OldLitecoinPrefix)))
        }
        (TEST_KEY_HASH | TEST_SCRIPT_HASH | NEW_TEST_SCRIPT_HASH, _) => {
            Err(Fault::TestNetwork(Network::Litecoin))
        }
        (version, _) => Err(Fault::Version(version)),
    }
}

fn address(form: Form, bytes: &[u8]) -> Address {
    Address::new(Account::new(Network::Litecoin, form, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::tests::{hex, no_single_change_is_accepted};
    use proptest::prelude::*;

    #[test]
    fn published_addresses_are_read() {
        for text in [
            "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1",
            "LKKHMBjCU89fyFNgSRprDoD8Jb25N8uWvd",
            "M7zVKQKmtV5Rc7erVGVVC3khZbXxsS5HEX",
            "LTc1t494eJRwgrhBcdjCHdP1HFft7VCbro",
            "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
            "LTC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KGMN4N9",
            "ltc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qmu8tk5",
        ] {
            assert_eq!(read(text).unwrap().caution(), None, "{text}");
        }
        let witness = read("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9").unwrap();
        let hash = "751e76e8199196d454941c45d1b3a323f1433bd6";
        assert_eq!(witness.account().bytes(), hex(hash));
    }

    #[test]
    fn the_old_prefix_is_the_same_recipient_with_a_caution() {
        let hash = [7; 20];
        let old = read(&base58check::encode(OLD_SCRIPT_HASH, &hash)).unwrap();
        let new = read(&base58check::encode(SCRIPT_HASH, &hash)).unwrap();
        assert_eq!(old.account(), new.account());
        assert_eq!(old.caution(), Some(Caution::OldLitecoinPrefix));
    }

    #[test]
    fn what_litecoin_has_besides_is_named() {
        let mimblewimble = "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gf";
        assert_eq!(read(mimblewimble), Err(Fault::MimbleWimble));
        for text in [
            "tltc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qsnr4fp",
            "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
            &base58check::encode(NEW_TEST_SCRIPT_HASH, &[9; 20]),
        ] {
            assert_eq!(read(text), Err(Fault::TestNetwork(Network::Litecoin)));
        }
    }

    proptest! {
        #![proptest_config(crate::address::tests::cases(8))]

        #[test]
        fn a_generated_address_is_valid_and_a_changed_one_is_not(hash: [u8; 20], program: [u8; 32]) {
            for (text, bytes) in [
                (base58check::encode(KEY_HASH, &hash), &hash[..]),
                (base58check::encode(SCRIPT_HASH, &hash), &hash[..]),
                (base58check::encode(OLD_SCRIPT_HASH, &hash), &hash[..]),
                (segwit::encode("ltc", 0, &hash), &hash[..]),
                (segwit::encode("ltc", 1, &program), &program[..]),
            ] {
                assert_eq!(read(&text).unwrap().account().bytes(), bytes);
                no_single_change_is_accepted(Network::Litecoin, &text);
            }
        }
    }
}
