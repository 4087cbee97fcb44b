//! Base58check is the older notation of Bitcoin, Litecoin and TRON: a version byte, 20 bytes and
//! the first four bytes of a double SHA-256, as one number written in base 58.
//!
//! Source: <https://en.bitcoin.it/wiki/Base58Check_encoding>. The decoder works in 64-bit limbs,
//! ten characters at a time, because these are the most frequent addresses of a batch; the crate
//! `bs58` is its oracle in the tests.

use sha2::{Digest, Sha256};

use super::base58::{NOT_A_DIGIT, value};
use super::confusable;
use super::error::Fault;

/// Version, 20 bytes, checksum.
const WHOLE: usize = 25;

/// Version and 20 bytes.
const PAYLOAD: usize = 21;

/// 25 zero bytes are 25 ones; a number of 200 bits has up to 35 digits.
const LENGTHS: std::ops::RangeInclusive<usize> = 25..=35;

/// How many characters are taken at once: 58^10 is the largest power in 64 bits.
const CHUNK: usize = 10;

/// The version byte and the 20 bytes, once the checksum holds.
pub(super) fn decode(text: &str) -> Result<(u8, [u8; 20]), Fault> {
    let whole = number(text)?;
    let (payload, checksum) = whole.split_at(PAYLOAD);
    let hash = Sha256::digest(Sha256::digest(payload));
    if hash.get(..checksum.len()) != Some(checksum) {
        return Err(Fault::Checksum);
    }
    let mut body = [0; 20];
    body.copy_from_slice(&payload[1..]);
    Ok((payload[0], body))
}

/// The 25 bytes, big end first.
fn number(text: &str) -> Result<[u8; WHOLE], Fault> {
    let digits = text.as_bytes();
    // A wrong character is the better explanation, so it goes before the length.
    if let Some(at) = digits.iter().position(|&digit| value(digit) == NOT_A_DIGIT) {
        return Err(Fault::Character(confusable::at(text, at)));
    }
    if !LENGTHS.contains(&digits.len()) {
        return Err(Fault::Size);
    }
    let mut limbs = [0u64; 4];
    for chunk in digits.chunks(CHUNK) {
        append(&mut limbs, chunk);
    }
    // 35 digits stay below 2^206, so nothing was carried out of the limbs; 200 bits are allowed.
    let [low, second, third, high] = limbs.map(u64::to_be_bytes);
    if high[..7] != [0; 7] {
        return Err(Fault::Size);
    }
    let mut bytes = [0; WHOLE];
    bytes[0] = high[7];
    bytes[1..9].copy_from_slice(&third);
    bytes[9..17].copy_from_slice(&second);
    bytes[17..].copy_from_slice(&low);
    // Each leading zero byte is written as a 1 of its own; any other number of ones is another
    // length of data.
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let ones = digits.iter().take_while(|&&digit| digit == b'1').count();
    if zeros == ones {
        Ok(bytes)
    } else {
        Err(Fault::Size)
    }
}

/// Multiplies the number by 58 for each character of the chunk and adds their value.
fn append(limbs: &mut [u64; 4], chunk: &[u8]) {
    let (mut factor, mut carry) = (1u64, 0u64);
    for &digit in chunk {
        factor = factor.wrapping_mul(58);
        carry = carry.wrapping_mul(58).wrapping_add(u64::from(value(digit)));
    }
    for limb in limbs {
        // The product of two 64-bit numbers and a third one fit into 128 bits.
        let wide = u128::from(*limb)
            .wrapping_mul(u128::from(factor))
            .wrapping_add(u128::from(carry));
        *limb = low_half(wide);
        carry = low_half(wide >> 64);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower half is what is wanted"
)]
fn low_half(wide: u128) -> u64 {
    wide as u64
}

/// Writes the version and the body with their checksum; addresses are made for tests only.
#[cfg(test)]
pub(super) fn encode(version: u8, body: &[u8]) -> String {
    let mut bytes = vec![version];
    bytes.extend_from_slice(body);
    let checksum = Sha256::digest(Sha256::digest(&bytes));
    bytes.extend_from_slice(&checksum[..4]);
    bs58::encode(bytes).into_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the crate says about the same text.
    fn oracle(text: &str) -> Option<(u8, [u8; 20])> {
        let bytes = bs58::decode(text).into_vec().ok()?;
        let bytes: [u8; WHOLE] = bytes.try_into().ok()?;
        let (payload, checksum) = bytes.split_at(PAYLOAD);
        let hash = Sha256::digest(Sha256::digest(payload));
        (hash[..4] == *checksum).then(|| (payload[0], payload[1..].try_into().unwrap()))
    }

    #[test]
    fn zeros_are_ones_and_must_be_as_many() {
        let zero = "1111111111111111111114oLvT2";
        assert_eq!(decode(zero), Ok((0, [0; 20])));
        assert_eq!(decode(&zero[1..]), Err(Fault::Size));
        assert_eq!(decode(&format!("1{zero}")), Err(Fault::Size));
    }

    #[test]
    fn the_largest_number_is_no_overflow() {
        assert_eq!(decode(&"z".repeat(35)), Err(Fault::Size));
        assert_eq!(decode(&"z".repeat(36)), Err(Fault::Size));
        assert_eq!(decode(""), Err(Fault::Size));
    }

    proptest! {
        #![proptest_config(crate::address::tests::cases(256))]

        #[test]
        fn it_reads_what_was_written(version: u8, mut body: [u8; 20], zeros in 0usize..20) {
            body[..zeros].fill(0);
            let text = encode(version, &body);
            prop_assert_eq!(decode(&text), Ok((version, body)));
        }

        #[test]
        fn it_decodes_as_the_crate_does(text in "1{0,6}[1-9A-HJ-NP-Za-km-z]{18,36}") {
            let bytes = bs58::decode(&text).into_vec().unwrap();
            prop_assert_eq!(number(&text).ok().map(Vec::from), (bytes.len() == WHOLE).then_some(bytes));
        }

        #[test]
        fn it_accepts_what_the_crate_accepts(text in "[ -~]{20,40}") {
            prop_assert_eq!(decode(&text).ok(), oracle(&text));
        }
    }
}
