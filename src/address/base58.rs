//! Base58 is how Bitcoin, Litecoin, TRON and Solana write a number as text.

/// Without 0, O, I and l, which are easily taken for one another.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// What [`VALUES`] holds for a character outside the alphabet.
pub(super) const NOT_A_DIGIT: u8 = 0xff;

/// The value of each character.
const VALUES: [u8; 256] = {
    let mut values = [NOT_A_DIGIT; 256];
    let mut value = 0u8;
    while (value as usize) < ALPHABET.len() {
        values[ALPHABET[value as usize] as usize] = value;
        value = value.wrapping_add(1);
    }
    values
};

/// Whether every character belongs to the alphabet.
pub(super) fn is_base58(text: &str) -> bool {
    text.bytes().all(|byte| value(byte) != NOT_A_DIGIT)
}

/// The value of a character, or [`NOT_A_DIGIT`].
pub(super) fn value(byte: u8) -> u8 {
    VALUES[usize::from(byte)]
}
