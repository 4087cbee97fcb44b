//! [`Casing`] is how the letter case of EVM addresses is checked, which is their checksum (EIP-55).
//!
//! It takes a Keccak-256 of each address, once a quarter of all that it cost to validate a batch.
//! The lanes of a vector register hash two, four or eight addresses in little more time than one.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "shifts by less than a word, which the lint does not know for vectors"
)]

use fearless_simd::{Level, Simd, SimdBase, dispatch};

use super::account::Address;
use super::evm::{self, Letters};
use super::keccak_lanes::{self, permute};
use super::{read, refused};
use crate::domain::Network;

/// As many as the widest vector registers have lanes of 64 bits.
const LANES: usize = 8;

/// Words of eight digits in an address.
const WORDS: usize = evm::DIGITS / 8;

/// How the letter case of EVM addresses is checked.
#[derive(Debug)]
pub enum Casing {
    /// With each address, so that it is known which one is wrong.
    OneByOne,
    /// Several at a time, so that it is known whether one is wrong.
    Together(Box<Lanes>),
}

/// Addresses whose letters are still to be looked at.
#[derive(Debug)]
pub struct Lanes {
    level: Level,
    /// The digits, as many words as an address has with one lane an address. A lane that was never
    /// filled holds no letter, so that nothing is wrong with it.
    digits: [[u64; LANES]; WORDS],
    filled: usize,
    is_right: bool,
}

impl Casing {
    /// Does the work with several addresses at a time, which is faster, and if one of them turns
    /// out to be wrong, anew with each by itself. So nothing that passes together is ever taken
    /// for right before it was looked at.
    pub fn settle<Done>(mut work: impl FnMut(&mut Self) -> Done) -> Done {
        let mut casing = Self::together();
        let done = work(&mut casing);
        if casing.is_right() {
            done
        } else {
            work(&mut Self::OneByOne)
        }
    }

    /// Several at a time, on the widest registers that this machine has.
    fn together() -> Self {
        Self::Together(Box::new(Lanes::new(Level::new())))
    }

    /// The address that [`check`](super::check) would give; `None` where it would give an error,
    /// which takes longer to explain than to find. Together, EVM addresses pass in any case, until
    /// [`Casing::settle`] looks at all of them.
    pub fn check(&mut self, network: Network, text: &str) -> Option<Address> {
        let address = match (self, network) {
            (Self::Together(lanes), Network::Evm) => {
                let (address, letters) = evm::read_in_any_case(text).ok()?;
                if let Letters::OfBothCases(digits) = letters {
                    lanes.take(digits);
                }
                address
            }
            _ => read(network, text).ok()?,
        };
        let is_refused = refused::find(&address.account()).is_some();
        (!is_refused).then_some(address)
    }

    /// Whether every address that has passed has its letters in the right case.
    fn is_right(&mut self) -> bool {
        match self {
            Self::OneByOne => true,
            Self::Together(lanes) => {
                lanes.look();
                lanes.is_right
            }
        }
    }

    /// Whether it is clear already that some address has not, and the work is to be done anew.
    #[must_use]
    pub fn is_known_wrong(&self) -> bool {
        matches!(self, Self::Together(lanes) if !lanes.is_right)
    }
}

impl Lanes {
    fn new(level: Level) -> Self {
        Self {
            level,
            digits: [[0; LANES]; WORDS],
            filled: 0,
            is_right: true,
        }
    }

    fn take(&mut self, digits: &[u8; evm::DIGITS]) {
        for (word, eight) in self.digits.iter_mut().zip(digits.as_chunks().0) {
            word[self.filled] = u64::from_le_bytes(*eight);
        }
        self.filled = self.filled.wrapping_add(1);
        if self.filled == LANES {
            self.look();
        }
    }

    /// Looks at the letters in all lanes; those that were looked at before do no harm.
    fn look(&mut self) {
        self.filled = 0;
        self.is_right &= dispatch!(self.level, simd => are_right(simd, &self.digits));
    }
}

/// Whether nothing is wrong with the address in any lane.
///
/// Without closures, and inlined as all that is called: see [`permute`].
#[inline(always)]
fn are_right<S: Simd>(simd: S, digits: &[[u64; LANES]; WORDS]) -> bool {
    const { assert!(LANES.is_multiple_of(S::u64s::LEN)) };
    let lanes = S::u64s::LEN;
    let mut wrong = 0;
    for first in (0..LANES).step_by(lanes) {
        let mut words = [S::u64s::splat(simd, 0); WORDS];
        for (word, digits) in words.iter_mut().zip(digits) {
            *word = S::u64s::from_slice(simd, &digits[first..first.wrapping_add(lanes)]);
        }
        for letters in wrong_letters(simd, &words).as_slice() {
            wrong |= letters;
        }
    }
    wrong == 0
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
    use crate::address::check;
    use proptest::prelude::*;

    fn are_right_together(level: Level, texts: &[String]) -> bool {
        let mut casing = Casing::Together(Box::new(Lanes::new(level)));
        for text in texts {
            assert!(casing.check(Network::Evm, text).is_some(), "{text}");
        }
        casing.is_right()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever the number of addresses, and wherever the wrong letter is, all together are
        /// right where each of them is.
        #[test]
        fn together_they_are_right_if_each_is(
            bodies in proptest::collection::vec(any::<[u8; 20]>(), 1..20),
            (which, at) in (any::<proptest::sample::Index>(), 2usize..42),
        ) {
            let mut texts: Vec<_> = bodies.iter().map(evm::encode).collect();
            for level in keccak_lanes::levels() {
                prop_assert!(are_right_together(level, &texts), "{:?}", level);
            }
            let changed = which.index(texts.len());
            let mut bytes = texts[changed].clone().into_bytes();
            if bytes[at].is_ascii_alphabetic() {
                bytes[at] ^= 0x20;
            }
            texts[changed] = String::from_utf8(bytes).unwrap();
            let each = texts.iter().all(|text| check(Network::Evm, text).is_ok());
            for level in keccak_lanes::levels() {
                prop_assert_eq!(are_right_together(level, &texts), each, "{:?}", level);
            }
        }
    }

    #[test]
    fn what_is_no_address_is_told_at_once() {
        let mut casing = Casing::together();
        for (network, text) in [
            (Network::Evm, "0x123"),
            (Network::Evm, "0x0000000000000000000000000000000000000000"),
            (Network::Tron, "0xdAC17F958D2ee523a2206206994597C13D831ec7"),
        ] {
            assert_eq!(casing.check(network, text), None, "{text}");
            assert_eq!(Casing::OneByOne.check(network, text), None, "{text}");
        }
        assert!(casing.is_right());
    }

    #[test]
    fn work_is_done_anew_where_a_letter_is_wrong() {
        let right = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        let wrong = "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        for (texts, times) in [([right, right], 1), ([right, wrong], 2)] {
            let mut done = 0;
            let found = Casing::settle(|casing| {
                done += 1;
                texts.map(|text| casing.check(Network::Evm, text).is_some())
            });
            assert_eq!(found, texts.map(|text| text == right));
            assert_eq!(done, times);
        }
    }

    #[test]
    fn a_wrong_letter_is_known_once_the_lanes_are_full() {
        let wrong = "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        let mut casing = Casing::together();
        for _ in 0..LANES {
            assert!(!casing.is_known_wrong());
            assert!(casing.check(Network::Evm, wrong).is_some());
        }
        assert!(casing.is_known_wrong() && !casing.is_right());
    }
}
