//! EIP-55 is the checksum of EVM addresses, which stands in the case of their letters.
//!
//! It takes a Keccak-256 of each address, once a quarter of all that it cost to validate a batch.
//! The lanes of a vector register hash two, four or eight addresses in little more time than one.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "shifts by less than a word, which the lint does not know for vectors"
)]

use fearless_simd::{Level, Simd, SimdBase, dispatch};

use super::evm;
use super::keccak_lanes::{self, permute};

/// As many as the widest vector registers have lanes of 64 bits.
const LANES: usize = 8;

/// Words of eight digits in an address.
const WORDS: usize = evm::DIGITS / 8;

/// The places of the addresses whose letters have the wrong case. Each address is its 40 digits,
/// with letters of both cases among them.
pub(super) fn wrong(addresses: &[&[u8; evm::DIGITS]]) -> Vec<usize> {
    wrong_at(Level::new(), addresses)
}

fn wrong_at(level: Level, addresses: &[&[u8; evm::DIGITS]]) -> Vec<usize> {
    let mut wrong = Vec::new();
    for (group, addresses) in addresses.chunks(LANES).enumerate() {
        // A lane that is not filled holds no letter, so that nothing is wrong with it.
        let mut digits = [[0; LANES]; WORDS];
        for (lane, address) in addresses.iter().enumerate() {
            for (word, eight) in digits.iter_mut().zip(address.as_chunks().0) {
                word[lane] = u64::from_le_bytes(*eight);
            }
        }
        let letters: [u64; LANES] = dispatch!(level, simd => wrong_in_lanes(simd, &digits));
        let first = group.saturating_mul(LANES);
        let lanes = letters.iter().enumerate();
        wrong.extend(
            lanes
                .filter(|(_, letters)| **letters != 0)
                .map(|(lane, _)| first.saturating_add(lane)),
        );
    }
    wrong
}

/// For each lane the letters that have the wrong case.
///
/// Without closures, and inlined as all that is called: see [`permute`].
#[inline(always)]
fn wrong_in_lanes<S: Simd>(simd: S, digits: &[[u64; LANES]; WORDS]) -> [u64; LANES] {
    const { assert!(LANES.is_multiple_of(S::u64s::LEN)) };
    let lanes = S::u64s::LEN;
    let mut wrong = [0; LANES];
    for first in (0..LANES).step_by(lanes) {
        let end = first.wrapping_add(lanes);
        let mut words = [S::u64s::splat(simd, 0); WORDS];
        for (word, digits) in words.iter_mut().zip(digits) {
            *word = S::u64s::from_slice(simd, &digits[first..end]);
        }
        wrong[first..end].copy_from_slice(wrong_letters(simd, &words).as_slice());
    }
    wrong
}

/// A bit for every letter that has the wrong case: a capital is asked for where the hash of the
/// digits, in small letters, has the highest bit of the half byte in the same place.
#[inline(always)]
fn wrong_letters<S: Simd>(simd: S, digits: &[S::u64s; WORDS]) -> S::u64s {
    let mut states = [S::u64s::splat(simd, 0); keccak_lanes::WORDS];
    for (state, digits) in states.iter_mut().zip(digits) {
        *state = *digits | S::u64s::splat(simd, evm::SMALL_LETTERS);
    }
    for (place, padding) in evm::PADDING {
        states[place] = S::u64s::splat(simd, padding);
    }
    permute(simd, &mut states);

    let each = S::u64s::splat(simd, 0x0101_0101_0101_0101);
    let mut wrong = S::u64s::splat(simd, 0);
    for (place, digits) in digits.iter().enumerate() {
        // Eight digits take half a word of the hash, the lower half first.
        let half = states[place / 2] >> if place % 2 == 0 { 0 } else { 32 };
        let capital = highest_bits::<S>(simd, half);
        // In ASCII, bit 6 tells letters from digits and bit 5 small letters from capitals.
        wrong |= *digits >> 6 & !(*digits >> 5 ^ capital) & each;
    }
    wrong
}

/// The highest bit of each half byte of the lower half of the word, in a byte of its own, the
/// upper half byte first.
#[inline(always)]
fn highest_bits<S: Simd>(simd: S, word: S::u64s) -> S::u64s {
    let low = word & S::u64s::splat(simd, 0xffff_ffff);
    let pairs = (low | low << 16) & S::u64s::splat(simd, 0x0000_ffff_0000_ffff);
    let bytes = (pairs | pairs << 8) & S::u64s::splat(simd, 0x00ff_00ff_00ff_00ff);
    (bytes >> 7 | bytes << 5) & S::u64s::splat(simd, 0x0101_0101_0101_0101)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{check, check_all};
    use crate::domain::Network;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::address::tests::cases(64))]

        /// Whatever the number of addresses, and wherever the wrong letters are, all together are
        /// judged as each by itself, whose oracle is the crate `keccak`.
        #[test]
        fn together_they_are_judged_as_each_is(
            bodies in proptest::collection::vec(any::<[u8; 20]>(), 1..20),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), 2usize..42), 0..3),
        ) {
            let mut texts: Vec<_> = bodies.iter().map(evm::encode).collect();
            for (which, at) in changes {
                let changed = which.index(texts.len());
                let mut bytes = texts[changed].clone().into_bytes();
                if bytes[at].is_ascii_alphabetic() {
                    bytes[at] ^= 0x20;
                }
                texts[changed] = String::from_utf8(bytes).unwrap();
            }
            let each: Vec<_> = texts.iter().map(|text| check(Network::Evm, text).ok()).collect();
            let recipients: Vec<_> = texts.iter().map(|text| (Network::Evm, text.as_str())).collect();
            let mut found = Vec::new();
            check_all(&recipients, &mut found);
            prop_assert_eq!(&found, &each);
            let digits: Vec<&[u8; evm::DIGITS]> =
                texts.iter().map(|text| text.as_bytes()[2..].try_into().unwrap()).collect();
            let wrong: Vec<_> = (0..each.len()).filter(|place| each[*place].is_none()).collect();
            for level in keccak_lanes::levels() {
                let found = wrong_at(level, &digits);
                // Letters of one case carry no checksum, and are not asked about elsewhere.
                let is_mixed = |place: &usize| {
                    let text = &texts[*place][2..];
                    text.contains(char::is_lowercase) && text.contains(char::is_uppercase)
                };
                let found: Vec<_> = found.into_iter().filter(is_mixed).collect();
                prop_assert_eq!(&found, &wrong, "{:?}", level);
            }
        }
    }

    #[test]
    fn what_is_no_address_is_told_as_none() {
        let recipients = [
            (Network::Evm, "0x123"),
            (Network::Evm, "0x0000000000000000000000000000000000000000"),
            (Network::Tron, "0xdAC17F958D2ee523a2206206994597C13D831ec7"),
            (Network::Evm, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
            (Network::Evm, "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"),
        ];
        let mut found = Vec::new();
        check_all(&recipients, &mut found);
        let found: Vec<_> = found.iter().map(Option::is_some).collect();
        assert_eq!(found, [false, false, false, true, false]);
    }
}
