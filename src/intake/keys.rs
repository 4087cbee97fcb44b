//! [`Keys`] are what is remembered of every row in order to compare it with the others: four
//! numbers, however long its cells are.
//!
//! A million rows take 36 MB. Equal keys only say that two rows are worth a closer look: what
//! they hold is read again before anything is told.

use super::validate::{Checked, CheckedAmount};
use crate::domain::{Currency, Network};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

/// Stands in every column of keys for a row that has none.
pub(super) const NO_KEY: u64 = 0;

/// The keys of a stretch of rows, one a row in each column.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Equal for equal references; empty for a file without references.
    pub(super) references: Vec<u64>,
    /// Equal for equal currency, account and amount.
    pub(super) payouts: Vec<u64>,
    /// The upper [`LOOK_BITS`] are equal for addresses that look alike, the lower ones differ for
    /// different accounts.
    pub(super) looks: Vec<u64>,
    /// Ordered as the amounts are, currency by currency.
    pub(super) amounts: Vec<u64>,
    /// How many lines each row is below the beginning of its block.
    lines: Vec<u32>,
    /// The first row of each block, and how many lines the block is below the header.
    blocks: Vec<(usize, usize)>,
}

/// How many bits of a key tell what an address looks like. Of a million addresses not one pair
/// has them equal by chance, and the others still tell a million accounts apart.
const LOOK_BITS: u32 = 44;

/// How many characters of an address people look at, at each end.
pub(super) const LOOKED_AT_CHARS: usize = 4;

impl Keys {
    /// Remembers what is right about the row on this line of its block.
    pub(super) fn push(&mut self, hashing: &Hashing, line: usize, row: &Checked<'_>) {
        let is_empty = row.reference.is_empty() && row.address.is_none() && row.amount.is_none();
        if is_empty {
            return;
        }
        // A block has fewer bytes than this, let alone lines.
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        if hashing.references == References::Compared {
            let key = match row.reference {
                "" => NO_KEY,
                reference => hashing.key(reference),
            };
            self.references.push(key);
        }
        let account = row.address.map(|(_, account)| hashing.key(account));
        self.payouts.push(match (row.parts(), account) {
            (Some((currency, _, _, amount)), Some(account)) => {
                hashing.key((currency, account, amount.units))
            }
            _ => NO_KEY,
        });
        self.looks.push(match (row.currency, row.address, account) {
            (Some(currency), Some((text, _)), Some(account)) => {
                hashing.look(currency.network(), text, account)
            }
            _ => NO_KEY,
        });
        self.amounts.push(match (row.currency, &row.amount) {
            (Some(currency), Some(CheckedAmount { units, .. })) => amount_key(currency, *units),
            _ => NO_KEY,
        });
    }

    /// Forgets all rows.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.references.clear();
        self.payouts.clear();
        self.looks.clear();
        self.amounts.clear();
    }

    /// Adds the keys of the block that follows, so many lines below the header.
    pub(super) fn append(&mut self, block: &mut Self, place: usize) {
        self.blocks.push((self.lines.len(), place));
        self.lines.append(&mut block.lines);
        self.references.append(&mut block.references);
        self.payouts.append(&mut block.payouts);
        self.looks.append(&mut block.looks);
        self.amounts.append(&mut block.amounts);
    }

    /// How many rows have keys.
    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// How many lines a row is below the header.
    pub(super) fn place(&self, row: usize) -> usize {
        let after = self.blocks.partition_point(|(first, _)| *first <= row);
        let block = after
            .checked_sub(1)
            .and_then(|block| self.blocks.get(block));
        let start = block.map_or(0, |(_, place)| *place);
        let line = self.lines.get(row).copied().unwrap_or_default();
        start.saturating_add(line as usize)
    }
}

/// The part of a key of [`Keys::looks`] that tells what the address looks like.
pub(super) fn look_of(key: u64) -> u64 {
    key >> (u64::BITS - LOOK_BITS)
}

/// The characters of an address that are looked at: the first and the last ones after the
/// beginning that all addresses of its kind share.
pub(super) fn looked_at(network: Network, text: &str) -> Option<(&str, &str)> {
    let shared = match network {
        Network::Evm => 2,
        Network::Bitcoin | Network::Litecoin => match text.find('1') {
            // Bech32: the part before the 1 and the witness version.
            Some(place) if place > 0 && text.len() > 36 => place.saturating_add(2),
            _ => 1,
        },
        Network::Tron => 1,
        Network::Ton => 2,
        Network::Solana => 0,
    };
    let own = text.get(shared..)?;
    let last = own.len().checked_sub(LOOKED_AT_CHARS)?;
    Some((own.get(..LOOKED_AT_CHARS)?, own.get(last..)?))
}

/// Whether keys of references are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum References {
    /// The file has the column.
    Compared,
    /// It has not.
    Absent,
}

/// Makes keys of values; differently in every run, so that nobody can prepare a file in which
/// they collide.
#[derive(Clone, Debug)]
pub(super) struct Hashing {
    seed: u64,
    pub(super) references: References,
}

impl Hashing {
    pub(super) fn new(references: References) -> Self {
        Self {
            seed: RandomState::new().hash_one(0),
            references,
        }
    }

    fn key(&self, value: impl Hash) -> u64 {
        let mut folded = Folded(self.seed);
        value.hash(&mut folded);
        folded.finish().max(NO_KEY + 1)
    }

    fn look(&self, network: Network, text: &str, account: u64) -> u64 {
        let Some((first, last)) = looked_at(network, text) else {
            return NO_KEY;
        };
        let mut ends = [0u8; 2 * LOOKED_AT_CHARS];
        for (slot, byte) in ends.iter_mut().zip(first.bytes().chain(last.bytes())) {
            // The case of hex digits and of bech32 means nothing, and nobody looks at it.
            *slot = match network {
                Network::Evm | Network::Bitcoin | Network::Litecoin => byte.to_ascii_lowercase(),
                Network::Tron | Network::Ton | Network::Solana => byte,
            };
        }
        let look = self.key((network, u64::from_le_bytes(ends)));
        let account_bits = u64::BITS - LOOK_BITS;
        (look >> account_bits << account_bits | account >> LOOK_BITS).max(NO_KEY + 1)
    }
}

/// Multiplies and folds, eight bytes at a time: four times as fast as the standard hasher, on
/// which the comparison of rows would otherwise spend most of its time.
struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        for (slot, byte) in last.iter_mut().zip(rest) {
            *slot = *byte;
        }
        self.write_u64(u64::from_le_bytes(last));
        self.write_u64(bytes.len() as u64);
    }

    fn write_u64(&mut self, word: u64) {
        /// An odd number without a pattern in its bits: the golden ratio's.
        const FACTOR: u128 = 0x9E37_79B9_7F4A_7C15;
        let product = u128::from(self.0 ^ word).wrapping_mul(FACTOR);
        self.0 = (product >> 64) as u64 ^ (product as u64).rotate_left(23);
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u128(&mut self, number: u128) {
        self.write_u64(number as u64);
        self.write_u64((number >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        let mut last = Self(self.0);
        last.write_u64(0x2545_F491_4F6C_DD1D);
        last.0
    }
}

/// Bits of an amount key below the currency.
const AMOUNT_BITS: u32 = 58;
/// Bits of an amount key that hold the leading digits: as precise as a double, which is enough
/// to compare with a hundredfold.
const LEADING_BITS: u32 = 51;

/// A number that is greater for a greater amount of the same currency: the currency, then the
/// place of the highest bit, then the bits below it. Up to 2^52 units it is exact.
pub(super) fn amount_key(currency: Currency, units: u128) -> u64 {
    let currency = (currency.index() as u64).wrapping_add(1) << AMOUNT_BITS;
    let Some(highest) = units.checked_ilog2() else {
        return currency;
    };
    // The highest bit itself is known to be set and goes out at the top.
    let below = units << (127u32.saturating_sub(highest)) << 1;
    let leading = (below >> (u128::BITS - LEADING_BITS)) as u64;
    currency | u64::from(highest) << LEADING_BITS | leading
}

/// The currency's place in its table, beyond the table for [`NO_KEY`], and the amount.
pub(super) fn amount_of(key: u64) -> (usize, u128) {
    let currency = (key >> AMOUNT_BITS).wrapping_sub(1) as usize;
    let highest = (key >> LEADING_BITS) as u32 & 127;
    let below = u128::from(key) << (u128::BITS - LEADING_BITS) >> 1;
    let units = (below | 1 << 127) >> (127u32.saturating_sub(highest));
    (currency, units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_of_addresses_leave_out_what_all_share() {
        for (network, text, expected) in [
            (
                Network::Evm,
                "0xdAC17F958D2ee523a2206206994597C13D831ec7",
                Some(("dAC1", "1ec7")),
            ),
            (
                Network::Tron,
                "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
                Some(("R7NH", "Lj6t")),
            ),
            (
                Network::Bitcoin,
                "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
                Some(("ar0s", "5mdq")),
            ),
            (
                Network::Bitcoin,
                "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
                Some(("A1zP", "vfNa")),
            ),
            (Network::Solana, "abc", None),
        ] {
            assert_eq!(looked_at(network, text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn amount_keys_are_ordered_as_amounts(a in 1u128.., b in 1u128.., shift in 0u32..127) {
            let (a, b) = ((a >> shift).max(1), (b >> shift).max(1));
            let currency = Currency::all().last().unwrap();
            let (low, high) = (amount_key(currency, a.min(b)), amount_key(currency, a.max(b)));
            prop_assert!(low <= high);
            let (index, units) = amount_of(low);
            prop_assert_eq!(index, currency.index());
            prop_assert!(units <= a.min(b));
            if a.min(b) < 1 << 52 {
                prop_assert_eq!(units, a.min(b));
            }
        }
    }
}
