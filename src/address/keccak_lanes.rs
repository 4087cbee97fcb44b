//! Keccak-f\[1600\] on several states at once, one in each lane of the vector registers.
//!
//! Source: FIPS 202, section 3: 24 rounds of five steps over 25 words of 64 bits. The crate `keccak`
//! does the same with one state at a time, and is the oracle in the tests.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "places within a state, and shifts by less than a word"
)]

use fearless_simd::{Simd, SimdBase};

/// Words of a state. Word `x + 5 * y` is the lane (x, y) of the standard.
pub(super) const WORDS: usize = 25;

/// What ι adds in each round (FIPS 202, section 3.2.5).
const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// Permutes every state.
///
/// Everything below has to be inlined: only then do the words stay in registers, and is the code
/// made for the processor that `simd` stands for.
#[inline(always)]
pub(super) fn permute<S: Simd>(simd: S, states: &mut [S::u64s; WORDS]) {
    for constant in ROUND_CONSTANTS {
        round::<S>(states);
        states[0] ^= S::u64s::splat(simd, constant);
    }
}

/// All of a round but ι.
#[inline(always)]
fn round<S: Simd>(a: &mut [S::u64s; WORDS]) {
    // θ: each column takes in the parity of the two beside it.
    let parity = [
        column::<S>(a, 0),
        column::<S>(a, 1),
        column::<S>(a, 2),
        column::<S>(a, 3),
        column::<S>(a, 4),
    ];
    let d = [
        parity[4] ^ rotated::<S, 1>(parity[1]),
        parity[0] ^ rotated::<S, 1>(parity[2]),
        parity[1] ^ rotated::<S, 1>(parity[3]),
        parity[2] ^ rotated::<S, 1>(parity[4]),
        parity[3] ^ rotated::<S, 1>(parity[0]),
    ];
    // ρ and π: each word is rotated and goes to another place, row by row.
    let rows = [
        [
            a[0] ^ d[0],
            rotated::<S, 44>(a[6] ^ d[1]),
            rotated::<S, 43>(a[12] ^ d[2]),
            rotated::<S, 21>(a[18] ^ d[3]),
            rotated::<S, 14>(a[24] ^ d[4]),
        ],
        [
            rotated::<S, 28>(a[3] ^ d[3]),
            rotated::<S, 20>(a[9] ^ d[4]),
            rotated::<S, 3>(a[10] ^ d[0]),
            rotated::<S, 45>(a[16] ^ d[1]),
            rotated::<S, 61>(a[22] ^ d[2]),
        ],
        [
            rotated::<S, 1>(a[1] ^ d[1]),
            rotated::<S, 6>(a[7] ^ d[2]),
            rotated::<S, 25>(a[13] ^ d[3]),
            rotated::<S, 8>(a[19] ^ d[4]),
            rotated::<S, 18>(a[20] ^ d[0]),
        ],
        [
            rotated::<S, 27>(a[4] ^ d[4]),
            rotated::<S, 36>(a[5] ^ d[0]),
            rotated::<S, 10>(a[11] ^ d[1]),
            rotated::<S, 15>(a[17] ^ d[2]),
            rotated::<S, 56>(a[23] ^ d[3]),
        ],
        [
            rotated::<S, 62>(a[2] ^ d[2]),
            rotated::<S, 55>(a[8] ^ d[3]),
            rotated::<S, 39>(a[14] ^ d[4]),
            rotated::<S, 41>(a[15] ^ d[0]),
            rotated::<S, 2>(a[21] ^ d[1]),
        ],
    ];
    // χ, the only step that is not linear.
    for (slots, row) in a.as_chunks_mut().0.iter_mut().zip(rows) {
        *slots = mixed::<S>(row);
    }
}

#[inline(always)]
fn column<S: Simd>(a: &[S::u64s; WORDS], x: usize) -> S::u64s {
    a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]
}

#[inline(always)]
fn rotated<S: Simd, const BITS: u32>(word: S::u64s) -> S::u64s {
    word << BITS | word >> (u64::BITS - BITS)
}

#[inline(always)]
fn mixed<S: Simd>([a, b, c, d, e]: [S::u64s; 5]) -> [S::u64s; 5] {
    [
        a ^ (!b & c),
        b ^ (!c & d),
        c ^ (!d & e),
        d ^ (!e & a),
        e ^ (!a & b),
    ]
}

/// Every kind of vector registers that this machine has.
#[cfg(test)]
pub(super) fn levels() -> Vec<fearless_simd::Level> {
    use fearless_simd::Level;
    let widest = Level::new();
    #[cfg(target_arch = "x86_64")]
    let narrower = [
        widest.as_avx2().map(Level::Avx2),
        widest.as_sse2().map(Level::Sse2),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let narrower = [None];
    [widest]
        .into_iter()
        .chain(narrower.into_iter().flatten())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fearless_simd::dispatch;
    use proptest::prelude::*;

    /// The permutation of four states, however many a register holds.
    #[inline(always)]
    fn four<S: Simd>(simd: S, states: &mut [[u64; WORDS]]) {
        for states in states.chunks_mut(S::u64s::LEN) {
            let word = |word: usize| {
                S::u64s::from_fn(simd, |lane| states.get(lane).map_or(0, |state| state[word]))
            };
            let mut permuted = std::array::from_fn(word);
            permute(simd, &mut permuted);
            for (lane, state) in states.iter_mut().enumerate() {
                *state = permuted.map(|words| words.as_slice()[lane]);
            }
        }
    }

    proptest! {
        #[test]
        fn every_state_is_permuted_as_the_crate_does(states: [[u64; WORDS]; 4]) {
            let theirs = states.map(|mut state| {
                keccak::Keccak::new().with_f1600(|permute| permute(&mut state));
                state
            });
            for level in levels() {
                let mut ours = states;
                dispatch!(level, simd => four(simd, &mut ours));
                prop_assert_eq!(ours, theirs, "{:?}", level);
            }
        }
    }
}
