//! A Solana address is 32 bytes in base58, without any checksum.
//!
//! Source: <https://solana.com/docs/core/accounts>. A wallet's address is an ed25519 public key,
//! a point of the curve; an address off the curve was derived by a program and has no key.

use five8::{DecodeError, decode_32};

use super::account::{Account, Address, Caution, Form};
use super::confusable;
use super::curve;
use super::error::Fault;
use crate::domain::Network;

/// 32 zero bytes are 32 ones; 256 bits have up to 44 digits.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=44;

/// Reads an address; the test networks use the same ones.
pub(super) fn read(text: &str) -> Result<Address, Fault> {
    let bytes = decode(text)?;
    let account = Account::new(Network::Solana, Form::Only, &bytes);
    let caution = (!curve::is_point(&bytes)).then_some(Caution::OffCurve);
    Ok(Address::new(account).with_caution(caution))
}

/// The same without the question whether the account is on the curve, which takes long.
pub(super) fn read_off_or_on_curve(text: &str) -> Result<Address, Fault> {
    let account = Account::new(Network::Solana, Form::Only, &decode(text)?);
    Ok(Address::new(account))
}

/// The 32 bytes.
pub(super) fn decode(text: &str) -> Result<[u8; 32], Fault> {
    let mut bytes = [0; 32];
    match decode_32(text, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(DecodeError::InvalidChar(wrong)) => {
            let at = text.bytes().position(|byte| byte == wrong);
            Err(Fault::Character(confusable::at(text, at.unwrap_or(0))))
        }
        Err(_) if LENGTHS.contains(&text.len()) => Err(Fault::Size),
        Err(_) => Err(Fault::length(text, "32 to 44")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn published_addresses_are_read() {
        // A wallet of Solana's documentation, and two program ids, which need not be on the curve.
        let wallet = read("83astBRguLMdt2h5U1Tpdq5tjFoJ6noeGwaY3mDLVcri").unwrap();
        assert_eq!(wallet.caution(), None);
        let bytes = bs58::decode("83astBRguLMdt2h5U1Tpdq5tjFoJ6noeGwaY3mDLVcri");
        assert_eq!(wallet.account().bytes(), bytes.into_vec().unwrap());
        assert!(read("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA").is_ok());
        assert!(read("Vote111111111111111111111111111111111111111").is_ok());
    }

    #[test]
    fn off_the_curve_is_a_caution() {
        // y = 2 is not a point of the curve, y = 1 is.
        let mut bytes = [0; 32];
        bytes[0] = 2;
        let off = read(&bs58::encode(bytes).into_string()).unwrap();
        assert_eq!(off.caution(), Some(Caution::OffCurve));
        bytes[0] = 1;
        let on = read(&bs58::encode(bytes).into_string()).unwrap();
        assert_eq!(on.caution(), None);
    }

    #[test]
    fn the_reason_is_a_character_or_the_size() {
        let good = "83astBRguLMdt2h5U1Tpdq5tjFoJ6noeGwaY3mDLVcri";
        let zero = good.replace('o', "0");
        assert_eq!(
            decode(&zero),
            Err(Fault::Character(confusable::at(&zero, 26)))
        );
        assert_eq!(
            decode(&good[..20]),
            Err(Fault::length(&good[..20], "32 to 44"))
        );
        assert_eq!(decode(&"z".repeat(44)), Err(Fault::Size));
    }

    proptest! {
        #![proptest_config(crate::address::tests::cases(128))]

        #[test]
        fn it_decodes_as_the_crate_does(mut bytes: [u8; 32], zeros in 0usize..32) {
            bytes[..zeros].fill(0);
            let text = bs58::encode(bytes).into_string();
            prop_assert_eq!(decode(&text), Ok(bytes));
        }

        #[test]
        fn it_accepts_what_the_crate_accepts(text in "1{0,8}[1-9A-HJ-NP-Za-km-z]{20,44}") {
            let bytes = bs58::decode(&text).into_vec().unwrap();
            prop_assert_eq!(decode(&text).ok().map(Vec::from), (bytes.len() == 32).then_some(bytes));
        }
    }
}
