//! An EVM address is `0x` and 40 hex digits, whose letters may carry a checksum in their case.
//!
//! Source: EIP-55. Ethereum, Arbitrum One, OP Mainnet, Base and BNB Smart Chain share the format,
//! so an address never tells its chain.

use keccak::Keccak;

use super::account::{Account, Address, Caution, Form};
use super::confusable;
use super::error::Fault;
use crate::domain::Network;

/// Hex digits after the `0x`.
pub(super) const DIGITS: usize = 40;

/// The first words of the hash cover one bit for each digit: 40 half bytes.
const HASH_BYTES: usize = 20;

/// The bit that makes a letter small, for eight digits; it is set in every decimal digit already.
pub(super) const SMALL_LETTERS: u64 = 0x2020_2020_2020_2020;

/// What Keccak-256 adds to the digits: a one after them and a one at the end of the block, each
/// with its word of the state.
pub(super) const PADDING: [(usize, u64); 2] = [(DIGITS / 8, 1), (16, 1 << 63)];

/// The letters of an address.
#[derive(Clone, Copy, Debug)]
pub(super) enum Letters<'a> {
    /// Of one case, or none at all: there is no checksum in them.
    OfOneCase,
    /// Of both cases, among these digits.
    OfBothCases(&'a [u8; DIGITS]),
}

/// Reads an address of any EVM chain.
pub(super) fn read(text: &str) -> Result<Address, Fault> {
    match read_in_any_case(text)? {
        (_, Letters::OfBothCases(digits)) if !has_checksum(digits) => Err(Fault::CaseChecksum),
        (address, _) => Ok(address),
    }
}

/// Reads an address without a look at whether its letters have the right case.
pub(super) fn read_in_any_case(text: &str) -> Result<(Address, Letters<'_>), Fault> {
    if text.starts_with("0X") {
        return Err(Fault::CapitalX);
    }
    let Some(digits) = text.strip_prefix("0x") else {
        return Err(Fault::Beginning("0x"));
    };
    let Ok(digits) = <&[u8; DIGITS]>::try_from(digits.as_bytes()) else {
        return Err(odd_digit(text, digits).unwrap_or(Fault::length(text, "42")));
    };
    let (bytes, seen) = decode(digits);
    if seen & NO_DIGIT != 0 {
        return Err(odd_digit(text, &text[2..]).unwrap_or(Fault::Size));
    }
    let address = Address::new(Account::new(Network::Evm, Form::Only, &bytes));
    if seen & (SMALL | CAPITAL) == SMALL | CAPITAL {
        Ok((address, Letters::OfBothCases(digits)))
    } else {
        let address = address.with_caution(Some(Caution::OneCase));
        Ok((address, Letters::OfOneCase))
    }
}

/// The first character that is not a digit.
fn odd_digit(text: &str, digits: &str) -> Option<Fault> {
    let at = digits.bytes().position(|byte| !byte.is_ascii_hexdigit())?;
    Some(Fault::Character(confusable::at(text, at.saturating_add(2))))
}

/// Of a digit in [`DIGIT`]: it is a small letter.
const SMALL: u8 = 0x10;
/// It is a capital.
const CAPITAL: u8 = 0x20;
/// It is not a digit.
const NO_DIGIT: u8 = 0x40;

/// What each byte is as a digit: its value, and above that what is worth knowing about it.
const DIGIT: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 10 {
        table[b'0' as usize + value] = value as u8;
        value += 1;
    }
    while value < 16 {
        table[b'a' as usize + value - 10] = value as u8 | SMALL;
        table[b'A' as usize + value - 10] = value as u8 | CAPITAL;
        value += 1;
    }
    table
};

/// The bytes of the digits, and all that is worth knowing about any of them.
fn decode(digits: &[u8; DIGITS]) -> ([u8; 20], u8) {
    let mut bytes = [0; 20];
    let mut seen = 0;
    for (byte, [first, second]) in bytes.iter_mut().zip(digits.as_chunks().0) {
        let (first, second) = (DIGIT[usize::from(*first)], DIGIT[usize::from(*second)]);
        seen |= first | second;
        *byte = first << 4 | (second & 0x0f);
    }
    (bytes, seen)
}

/// Whether the letters have the case that EIP-55 asks for: a capital where the hash of the digits,
/// in small letters, has the highest bit of the half byte in the same place.
fn has_checksum(digits: &[u8; DIGITS]) -> bool {
    let hash = hash_of_small(digits);
    let mut wrong = 0;
    // All digits without a branch: nearly every address is right to the end.
    for (byte, [first, second]) in hash.iter().zip(digits.as_chunks().0) {
        wrong |= wrong_case(*first, byte >> 7) | wrong_case(*second, byte >> 3 & 1);
    }
    wrong == 0
}

/// One for a letter whose case is not the one that is asked for, a capital being asked for by one.
fn wrong_case(digit: u8, capital: u8) -> u8 {
    // In ASCII, bit 6 tells letters from digits and bit 5 small letters from capitals.
    let is_letter = digit >> 6 & 1;
    let is_small = digit >> 5 & 1;
    is_letter & (is_small ^ capital ^ 1)
}

/// The beginning of Keccak-256 over the digits in small letters, which fit into one block.
fn hash_of_small(digits: &[u8; DIGITS]) -> [u8; HASH_BYTES] {
    let mut state = [0u64; 25];
    for (word, eight) in state.iter_mut().zip(digits.as_chunks::<8>().0) {
        *word = u64::from_le_bytes(*eight) | SMALL_LETTERS;
    }
    for (place, padding) in PADDING {
        state[place] = padding;
    }
    Keccak::new().with_f1600(|permute| permute(&mut state));

    let mut hash = [0; HASH_BYTES];
    for (bytes, word) in hash.chunks_mut(8).zip(state) {
        let word = word.to_le_bytes();
        bytes.copy_from_slice(&word[..bytes.len()]);
    }
    hash
}

/// Writes an address with its checksum; addresses are made for tests only.
#[cfg(test)]
pub(super) fn encode(body: &[u8; 20]) -> String {
    let small: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = hash_of_small(small.as_bytes().try_into().unwrap());
    let cased = small.char_indices().map(|(index, digit)| {
        let half = hash[index / 2] >> if index % 2 == 0 { 4 } else { 0 };
        if half & 8 != 0 {
            digit.to_ascii_uppercase()
        } else {
            digit
        }
    });
    format!("0x{}", cased.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::tests::hex;
    use proptest::prelude::*;

    /// EIP-55's own test cases: two of all capitals, two of all small letters, four of both.
    #[test]
    fn eip_55_s_examples_are_read() {
        for (text, caution) in [
            (
                "0x52908400098527886E0F7030069857D2E4169EE7",
                Some(Caution::OneCase),
            ),
            (
                "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
                Some(Caution::OneCase),
            ),
            (
                "0xde709f2102306220921060314715629080e2fb77",
                Some(Caution::OneCase),
            ),
            (
                "0x27b1fdb04752bbc536007a920d24acb045561c26",
                Some(Caution::OneCase),
            ),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", None),
            ("0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", None),
            ("0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", None),
            ("0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb", None),
        ] {
            let address = read(text).unwrap();
            assert_eq!(address.caution(), caution, "{text}");
            assert_eq!(address.account().bytes(), hex(&text[2..]));
        }
    }

    #[test]
    fn any_case_is_the_same_recipient() {
        let mixed = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        let account = *read(mixed).unwrap().account();
        assert_eq!(read(&mixed.to_lowercase()).unwrap().account(), &account);
        let capitals = format!("0x{}", mixed[2..].to_uppercase());
        assert_eq!(read(&capitals).unwrap().account(), &account);
    }

    #[test]
    fn what_is_not_an_address_says_where() {
        let digits = "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        assert_eq!(read(&format!("0X{digits}")), Err(Fault::CapitalX));
        assert_eq!(read(digits), Err(Fault::Beginning("0x")));
        let short = format!("0x{}", &digits[1..]);
        assert_eq!(read(&short), Err(Fault::length(&short, "42")));
        let wrong = format!("0x{}", digits.replace('F', "f"));
        assert_eq!(read(&wrong), Err(Fault::CaseChecksum));
        let letter = format!("0x{}", digits.replace('F', "O"));
        assert_eq!(
            read(&letter),
            Err(Fault::Character(confusable::at(&letter, 11)))
        );
    }

    proptest! {
        #![proptest_config(crate::address::tests::cases(32))]

        #[test]
        fn a_generated_address_is_valid(body: [u8; 20]) {
            let text = encode(&body);
            assert_eq!(read(&text).unwrap().account().bytes(), body);
        }

        /// The case of one letter carries one bit, so a changed digit is found with the
        /// probability that EIP-55 gives, and a changed case always.
        #[test]
        fn a_letter_of_the_other_case_is_refused(mut body: [u8; 20], at in 0usize..40) {
            // So that the digit there is a letter.
            body[at / 2] |= 0xaa;
            let text = encode(&body);
            let mut bytes = text.clone().into_bytes();
            bytes[2 + at] ^= 0x20;
            let changed = String::from_utf8(bytes).unwrap();
            let refused = read(&changed) == Err(Fault::CaseChecksum);
            let one_case = read(&changed).is_ok_and(|a| a.caution() == Some(Caution::OneCase));
            prop_assert!(refused || one_case);
        }

        #[test]
        fn a_changed_digit_is_refused(body: [u8; 20], at in 0usize..40, by in 1u8..16) {
            // Many letters of both cases, so that passing by chance is out of the question.
            let body = body.map(|byte| byte | 0xa0 | 0x0a);
            let text = encode(&body);
            let mut changed = body;
            changed[at / 2] ^= by << if at % 2 == 0 { 4 } else { 0 };
            let other = encode(&changed);
            let mut bytes = text.into_bytes();
            bytes[2 + at] = other.as_bytes()[2 + at];
            prop_assert!(read(std::str::from_utf8(&bytes).unwrap()).is_err());
        }
    }
}
