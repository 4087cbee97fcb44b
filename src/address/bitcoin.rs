//! A Bitcoin address is base58check for a key or a script, or bech32 for a witness program.
//!
//! Sources: BIP-13 (scripts), BIP-173 and BIP-350 (segwit), Bitcoin Core's `chainparams.cpp`
//! (version bytes and human-readable parts).

use super::account::{Account, Address, Form};
use super::error::Fault;
use super::{base58check, segwit};
use crate::domain::Network;

const SEGWIT: segwit::Prefix = segwit::Prefix::new("bc");

/// Human-readable parts of the test networks and of regtest.
const TEST_SEGWIT: [&str; 2] = ["tb", "bcrt"];

const KEY_HASH: u8 = 0x00;
const SCRIPT_HASH: u8 = 0x05;
/// `m…` and `n…` on every test network.
pub(super) const TEST_KEY_HASH: u8 = 0x6f;
/// `2…` on every test network.
pub(super) const TEST_SCRIPT_HASH: u8 = 0xc4;

/// Reads a main-network address.
pub(super) fn read(text: &str) -> Result<Address, Fault> {
    if SEGWIT.begins(text) {
        let program = segwit::decode(&SEGWIT, text)?;
        return Ok(address(program.form, program.bytes()));
    }
    if TEST_SEGWIT.iter().any(|hrp| segwit::has_prefix(text, hrp)) {
        return Err(Fault::TestNetwork(Network::Bitcoin));
    }
    if !text.starts_with(['1', '3', 'm', 'n', '2']) {
        return Err(Fault::Beginning("1, 3 or bc1"));
    }
    match base58check::decode(text)? {
        (KEY_HASH, hash) => Ok(address(Form::KeyHash, &hash)),
        (SCRIPT_HASH, hash) => Ok(address(Form::ScriptHash, &hash)),
        (TEST_KEY_HASH | TEST_SCRIPT_HASH, _) => Err(Fault::TestNetwork(Network::Bitcoin)),
        (version, _) => Err(Fault::Version(version)),
    }
}

fn address(form: Form, bytes: &[u8]) -> Address {
    Address::new(Account::new(Network::Bitcoin, form, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::tests::{hex, no_single_change_is_accepted};
    use proptest::prelude::*;

    /// BIP-173 and BIP-350, valid addresses of the main network whose version is 0 or 1.
    #[test]
    fn the_bips_valid_addresses_are_read() {
        for (text, program) in [
            (
                "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
                "751e76e8199196d454941c45d1b3a323f1433bd6",
            ),
            (
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
                "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
            ),
        ] {
            assert_eq!(read(text).unwrap().account().bytes(), hex(program));
            let other_case = if text.starts_with('B') {
                text.to_lowercase()
            } else {
                text.to_uppercase()
            };
            assert_eq!(read(&other_case), read(text));
        }
    }

    /// BIP-350 has a wallet send to these; nobody can own one today, so we do not.
    #[test]
    fn later_witness_versions_are_refused() {
        assert_eq!(read("BC1SW50QGDZ25J"), Err(Fault::WitnessVersion(16)));
        assert_eq!(
            read("bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"),
            Err(Fault::WitnessVersion(2))
        );
        assert_eq!(
            read("bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y"),
            Err(Fault::WitnessLength)
        );
    }

    /// BIP-173 and BIP-350, valid addresses of the test network.
    #[test]
    fn test_network_addresses_are_named_as_such() {
        for text in [
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
            "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
            "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
            "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
            "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
            "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
        ] {
            assert_eq!(read(text), Err(Fault::TestNetwork(Network::Bitcoin)));
        }
    }

    /// BIP-173's invalid addresses, and those that BIP-350 made invalid.
    #[test]
    fn bip_173_s_invalid_addresses_are_refused() {
        for text in [
            "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2",
            "bc1rw5uspcuh",
            "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90",
            "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7",
            "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv",
            "bc1gmk9yu",
            "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",
            "BC1SW50QA3JX3S",
            "bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    /// BIP-350's invalid addresses.
    #[test]
    fn bip_350_s_invalid_addresses_are_refused() {
        for (text, fault) in [
            (
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
                Fault::WitnessVariant,
            ),
            (
                "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
                Fault::WitnessVariant,
            ),
            (
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
                Fault::WitnessVariant,
            ),
            (
                "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
                Fault::WitnessVersion(17),
            ),
            ("bc1pw5dgrnzv", Fault::WitnessLength),
            (
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
                Fault::WitnessLength,
            ),
            ("BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", Fault::WitnessLength),
            // The superfluous zero bits come to a 33rd byte, for us.
            (
                "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
                Fault::WitnessLength,
            ),
            ("bc1gmk9yu", Fault::Size),
        ] {
            assert_eq!(read(text), Err(fault), "{text}");
        }
        for text in [
            "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
            "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
            "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
            "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
            "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
            "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn base58_addresses_are_read() {
        for (text, form, hash) in [
            (
                "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
                Form::KeyHash,
                "62e907b15cbf27d5425399ebf6f0fb50ebb88f18",
            ),
            (
                "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
                Form::ScriptHash,
                "e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a",
            ),
        ] {
            let account = *read(text).unwrap().account();
            assert_eq!((account.form(), account.bytes()), (form, &hex(hash)[..]));
        }
        assert_eq!(
            read("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
            Err(Fault::Checksum)
        );
    }

    proptest! {
        #![proptest_config(crate::address::tests::cases(8))]

        #[test]
        fn a_generated_address_is_valid_and_a_changed_one_is_not(hash: [u8; 20], program: [u8; 32]) {
            for (text, bytes) in [
                (base58check::encode(KEY_HASH, &hash), &hash[..]),
                (base58check::encode(SCRIPT_HASH, &hash), &hash[..]),
                (segwit::encode("bc", 0, &hash), &hash[..]),
                (segwit::encode("bc", 0, &program), &program[..]),
                (segwit::encode("bc", 1, &program), &program[..]),
            ] {
                assert_eq!(read(&text).unwrap().account().bytes(), bytes);
                no_single_change_is_accepted(Network::Bitcoin, &text);
            }
        }
    }
}
