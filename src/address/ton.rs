//! A TON address is 36 bytes in base64: a tag, the workchain, the account's 32 bytes and a CRC-16.
//!
//! Source: TEP-2. The tag says whether a payment bounces when nothing is deployed there, which
//! does not change whose account it is.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use crc::{CRC_16_XMODEM, Crc, Table};

use super::account::{Account, Address, Form};
use super::confusable;
use super::error::Fault;
use crate::domain::Network;

const CRC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_XMODEM);

/// Characters: 36 bytes need no padding.
const LENGTH: usize = 48;

const BOUNCEABLE: u8 = 0x11;
const NON_BOUNCEABLE: u8 = 0x51;
/// Added to the tag of an address that is not for the main network.
const TEST_ONLY: u8 = 0x80;

/// The workchains in use: the basic one, and the masterchain (-1).
const WORKCHAINS: [u8; 2] = [0x00, 0xff];

/// A character of both alphabets of base64.
const COMMON: u8 = 0;
/// A character of the standard alphabet alone.
const STANDARD: u8 = 1;
/// A character of the alphabet for links alone.
const URL_SAFE: u8 = 2;
/// A character of neither.
const FOREIGN: u8 = 4;

const fn class(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => COMMON,
        b'+' | b'/' => STANDARD,
        b'-' | b'_' => URL_SAFE,
        _ => FOREIGN,
    }
}

/// Reads a user-friendly address.
pub(super) fn read(text: &str) -> Result<Address, Fault> {
    let seen = text.bytes().fold(0, |seen, byte| seen | class(byte));
    if seen & FOREIGN != 0 {
        let at = text.bytes().position(|byte| class(byte) == FOREIGN);
        return Err(Fault::Character(confusable::at(text, at.unwrap_or(0))));
    }
    if text.len() != LENGTH {
        return Err(Fault::length(text, "48"));
    }
    let engine = match seen {
        COMMON | STANDARD => BASE64_STANDARD,
        URL_SAFE => BASE64_URL_SAFE,
        _ => return Err(Fault::MixedAlphabets),
    };
    let mut bytes = [0; 36];
    if engine.decode_slice(text, &mut bytes).is_err() {
        return Err(Fault::Size);
    }
    let [tag, account @ .., high, low] = bytes;
    if CRC.checksum(&bytes[..34]) != u16::from_be_bytes([high, low]) {
        return Err(Fault::Checksum);
    }
    match tag {
        BOUNCEABLE | NON_BOUNCEABLE => {}
        _ if matches!(tag ^ TEST_ONLY, BOUNCEABLE | NON_BOUNCEABLE) => {
            return Err(Fault::TestNetwork(Network::Ton));
        }
        _ => return Err(Fault::Tag(tag)),
    }
    if !WORKCHAINS.contains(&account[0]) {
        return Err(Fault::Workchain(account[0].cast_signed()));
    }
    let account: [u8; 33] = account;
    Ok(Address::new(Account::new(
        Network::Ton,
        Form::Only,
        &account,
    )))
}

/// Writes an address; addresses are made for tests only.
#[cfg(test)]
pub(super) fn encode(tag: u8, workchain: u8, account: &[u8; 32]) -> String {
    let mut bytes = vec![tag, workchain];
    bytes.extend_from_slice(account);
    let crc = CRC.checksum(&bytes);
    bytes.extend_from_slice(&crc.to_be_bytes());
    BASE64_URL_SAFE.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::tests::{hex, no_single_change_is_accepted};
    use proptest::prelude::*;

    /// TEP-2's example, the root of TON DNS in the masterchain, in all its forms.
    #[test]
    fn tep_2_s_example_is_read() {
        let root = hex("ffe56754f83426f69b09267bd876ac97c44821345b7e266bd956a7bfbfb98df35c");
        for text in [
            "Ef_lZ1T4NCb2mwkme9h2rJfESCE0W34ma9lWp7-_uY3zXDvq",
            "Ef/lZ1T4NCb2mwkme9h2rJfESCE0W34ma9lWp7+/uY3zXDvq",
            "Uf_lZ1T4NCb2mwkme9h2rJfESCE0W34ma9lWp7-_uY3zXGYv",
            "Uf/lZ1T4NCb2mwkme9h2rJfESCE0W34ma9lWp7+/uY3zXGYv",
        ] {
            assert_eq!(read(text).unwrap().account().bytes(), root, "{text}");
        }
        assert_eq!(
            read("Ef_lZ1T4NCb2mwkme9h2rJfESCE0W34ma9lWp7+/uY3zXDvq"),
            Err(Fault::MixedAlphabets)
        );
    }

    /// The same jetton master as its documentation writes it, bounceable and not.
    #[test]
    fn bounceable_or_not_is_the_same_recipient() {
        let bounceable = read("EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs").unwrap();
        let other = read("UQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_p0p").unwrap();
        assert_eq!(bounceable.account(), other.account());
    }

    #[test]
    fn tags_and_workchains_of_others_are_refused() {
        let account = [5; 32];
        for tag in [BOUNCEABLE, NON_BOUNCEABLE] {
            let text = encode(tag | TEST_ONLY, 0, &account);
            assert_eq!(read(&text), Err(Fault::TestNetwork(Network::Ton)));
        }
        assert_eq!(read(&encode(0x3e, 0xe6, &account)), Err(Fault::Tag(0x3e)));
        assert_eq!(
            read(&encode(BOUNCEABLE, 1, &account)),
            Err(Fault::Workchain(1))
        );
        assert_eq!(
            read(&encode(BOUNCEABLE, 0xfe, &account)),
            Err(Fault::Workchain(-2))
        );
        assert_eq!(
            read("EQ=="),
            Err(Fault::Character(confusable::at("EQ==", 2)))
        );
    }

    proptest! {
        #![proptest_config(crate::address::tests::cases(16))]

        #[test]
        fn a_generated_address_is_valid_and_a_changed_one_is_not(account: [u8; 32], bounce: bool, master: bool) {
            let tag = if bounce { BOUNCEABLE } else { NON_BOUNCEABLE };
            let text = encode(tag, if master { 0xff } else { 0 }, &account);
            assert_eq!(&read(&text).unwrap().account().bytes()[1..], &account);
            no_single_change_is_accepted(Network::Ton, &text);
        }
    }
}
