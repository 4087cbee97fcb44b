//! A compressed point of ed25519 is the coordinate y of a point, whose x can be computed back.
//!
//! Source: RFC 8032, section 5.1.3: x² = (y² - 1) / (d y² + 1) modulo p = 2^255 - 19. Whether there
//! is such an x is all that is asked here, and the Jacobi symbol answers it without the root,
//! several times faster than `curve25519-dalek`, which is the oracle in the tests.
//!
//! Nothing here is secret, so the time that it takes may depend on the numbers.

use std::hint::select_unpredictable;

/// A number of 256 bits, little end first; modulo p it need not be the least.
type Limbs = [u64; 4];

/// 2^255 - 19.
const P: Limbs = [
    0xffff_ffff_ffff_ffed,
    u64::MAX,
    u64::MAX,
    0x7fff_ffff_ffff_ffff,
];

/// -1 modulo p.
const MINUS_ONE: Limbs = [0xffff_ffff_ffff_ffec, P[1], P[2], P[3]];

const ONE: Limbs = [1, 0, 0, 0];

/// -121665/121666 modulo p.
const D: Limbs = [
    0x75eb_4dca_1359_78a3,
    0x0070_0a4d_4141_d8ab,
    0x8cc7_4079_7779_e898,
    0x5203_6cee_2b6f_fe73,
];

/// Whether the bytes are a point of the curve.
pub(super) fn is_point(bytes: &[u8; 32]) -> bool {
    let mut y = [0; 4];
    for (limb, eight) in y.iter_mut().zip(bytes.as_chunks().0) {
        *limb = u64::from_le_bytes(*eight);
    }
    // The highest bit is the sign of x.
    y[3] &= u64::MAX >> 1;
    let square = multiply(&y, &y);
    let numerator = add(&square, &MINUS_ONE);
    let denominator = add(&multiply(&D, &square), &ONE);
    // A quotient is a square where the product is one.
    jacobi(multiply(&numerator, &denominator)) >= 0
}

fn add(a: &Limbs, b: &Limbs) -> Limbs {
    let mut sum = [0; 4];
    let mut carry = 0;
    for (slot, (a, b)) in sum.iter_mut().zip(a.iter().zip(b)) {
        (*slot, carry) = multiply_add(*a, 1, *b, carry);
    }
    fold(sum, carry)
}

fn multiply(a: &Limbs, b: &Limbs) -> Limbs {
    let mut wide = [0u64; 8];
    for (i, a) in a.iter().enumerate() {
        let mut carry = 0;
        for (slot, b) in wide.iter_mut().skip(i).zip(b) {
            (*slot, carry) = multiply_add(*a, *b, *slot, carry);
        }
        wide[i.wrapping_add(4)] = carry;
    }
    let [l0, l1, l2, l3, high @ ..] = wide;
    let mut product = [l0, l1, l2, l3];
    // 2^256 is 38 modulo p.
    let mut carry = 0;
    for (slot, high) in product.iter_mut().zip(high) {
        (*slot, carry) = multiply_add(high, 38, *slot, carry);
    }
    fold(product, carry)
}

/// Brings what was carried beyond 256 bits back in.
fn fold(mut number: Limbs, mut carry: u64) -> Limbs {
    while carry != 0 {
        let mut low = carry.wrapping_mul(38);
        carry = 0;
        for limb in &mut number {
            (*limb, low) = multiply_add(1, low, *limb, 0);
        }
        carry |= low;
    }
    number
}

/// `a * b + c + d`, which always fits into the two halves: the low and the high one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower half is what is wanted"
)]
fn multiply_add(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
    let wide = u128::from(a)
        .wrapping_mul(u128::from(b))
        .wrapping_add(u128::from(c))
        .wrapping_add(u128::from(d));
    (wide as u64, (wide >> 64) as u64)
}

/// The Jacobi symbol of the number and p: 1 for a square, 0 for a multiple of p, -1 otherwise.
///
/// The binary algorithm: of two odd numbers the smaller is taken from the greater, and twos are
/// taken out of what is left. Both get shorter by a bit or two at each step, so that half of the
/// work is done on less than half of the limbs.
fn jacobi(number: Limbs) -> i8 {
    if number == [0; 4] {
        return 0;
    }
    let mut pair = Pair {
        a: number,
        n: P,
        is_flipped: 0,
    };
    let twos = without_zero_limbs(&mut pair.a);
    pair.is_flipped ^= shift_out(&mut pair.a, twos, P[0]);
    pair.shrink();
    let mut pair: Pair<3> = pair.shorter();
    pair.shrink();
    let mut pair: Pair<2> = pair.shorter();
    pair.shrink();
    let mut pair: Pair<1> = pair.shorter();
    pair.shrink();
    match (pair.n == [1], pair.is_flipped & 1) {
        // The common factor of p and a multiple of it is p, of which the lowest limb is left.
        (false, _) => 0,
        (true, 0) => 1,
        (true, _) => -1,
    }
}

/// Two odd numbers of K limbs, whose symbol (a/n) is the one that is looked for, or its negative.
struct Pair<const K: usize> {
    a: [u64; K],
    n: [u64; K],
    /// Its lowest bit says whether it is the negative.
    is_flipped: u64,
}

impl<const K: usize> Pair<K> {
    /// Goes on until the highest limb of both is zero, or `a` is, and `n` what both have in common.
    fn shrink(&mut self) {
        const ZERO: Option<&u64> = Some(&0);
        // What is in registers is chosen from without a branch; in memory it may be by one.
        let Self {
            mut a,
            mut n,
            mut is_flipped,
        } = *self;
        while a != [0; K] && (a.last(), n.last()) != (ZERO, ZERO) {
            let (difference, borrow) = subtract(&a, &n);
            let (opposite, _) = subtract(&n, &a);
            let is_smaller = borrow == 1;
            // If a is the smaller, they change places by the law of quadratic reciprocity.
            is_flipped ^= (a[0] & n[0]) >> 1 & borrow;
            n = std::array::from_fn(|i| select_unpredictable(is_smaller, a[i], n[i]));
            a = std::array::from_fn(|i| {
                select_unpredictable(is_smaller, opposite[i], difference[i])
            });
            // Both differences have as many twos, which are counted while they are compared.
            let mut twos = difference[0].trailing_zeros();
            if difference[0] == 0 {
                if a == [0; K] {
                    break;
                }
                twos = without_zero_limbs(&mut a);
            }
            is_flipped ^= shift_out(&mut a, twos, n[0]);
        }
        *self = Self { a, n, is_flipped };
    }

    /// The same with one limb less: the highest one is zero in both, if `a` is not zero altogether.
    fn shorter<const LESS: usize>(&self) -> Pair<LESS> {
        let low = |limbs: &[u64; K]| {
            let mut low = [0; LESS];
            low.iter_mut()
                .zip(limbs)
                .for_each(|(slot, limb)| *slot = *limb);
            low
        };
        Pair {
            a: low(&self.a),
            n: low(&self.n),
            is_flipped: self.is_flipped,
        }
    }
}

/// Shifts the lowest limbs of a number, which is not zero, out as long as they are zero, and counts the
/// twos of what is left. A limb of zeros is an even number of twos, and changes no sign.
fn without_zero_limbs<const K: usize>(number: &mut [u64; K]) -> u32 {
    while number[0] == 0 {
        let mut higher = 0;
        for limb in number.iter_mut().rev() {
            std::mem::swap(limb, &mut higher);
        }
    }
    number[0].trailing_zeros()
}

/// Takes its twos, less than a limb, out of a number. The lowest bit of what it gives says whether that
/// changes the sign: each two counts as (2/n) says, by the lowest limb of n.
fn shift_out<const K: usize>(number: &mut [u64; K], twos: u32, n: u64) -> u64 {
    shift_right(number, twos);
    u64::from(twos) & ((n >> 1) ^ (n >> 2))
}

/// Shifts by less than a limb.
fn shift_right<const K: usize>(limbs: &mut [u64; K], bits: u32) {
    // Two steps, because a shift by 64 does nothing.
    let up = 63u32.wrapping_sub(bits);
    let mut next = 0u64;
    for limb in limbs.iter_mut().rev() {
        let low = limb.wrapping_shr(bits) | next.wrapping_shl(1).wrapping_shl(up);
        next = std::mem::replace(limb, low);
    }
}

/// The difference modulo 2^(64 K), and 1 if it went below zero.
fn subtract<const K: usize>(a: &[u64; K], b: &[u64; K]) -> ([u64; K], u64) {
    let mut difference = [0; K];
    let mut borrow = false;
    for (slot, (a, b)) in difference.iter_mut().zip(a.iter().zip(b)) {
        let (without, first) = a.overflowing_sub(*b);
        let (with, second) = without.overflowing_sub(u64::from(borrow));
        (*slot, borrow) = (with, first | second);
    }
    (difference, u64::from(borrow))
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::edwards::CompressedEdwardsY;
    use proptest::prelude::*;

    fn oracle(bytes: [u8; 32]) -> bool {
        CompressedEdwardsY(bytes).decompress().is_some()
    }

    fn bytes(limbs: Limbs) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (eight, limb) in bytes.chunks_mut(8).zip(limbs) {
            eight.copy_from_slice(&limb.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn the_corners_are_as_in_the_crate() {
        let mut corners = vec![[0u8; 32], [0xff; 32], bytes(MINUS_ONE), bytes(P), bytes(D)];
        for small in 0..=255 {
            // Small numbers, and those about p and beyond it, which the crate takes modulo p.
            corners.push(bytes([small, 0, 0, 0]));
            corners.push(bytes([0, 0, 0, small]));
            corners.push(bytes([u64::MAX - small, u64::MAX, u64::MAX, P[3]]));
            corners.push(bytes([u64::MAX - small, u64::MAX, u64::MAX, u64::MAX]));
            corners.push(bytes([0, 0, 0, 1 << (small % 64)]));
        }
        for corner in corners {
            assert_eq!(is_point(&corner), oracle(corner), "{corner:?}");
        }
    }

    proptest! {
        #![proptest_config(crate::address::tests::cases(512))]

        #[test]
        fn it_decides_as_the_crate_does(bytes: [u8; 32]) {
            prop_assert_eq!(is_point(&bytes), oracle(bytes));
        }
    }
}
