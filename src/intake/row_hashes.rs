//! [`RowHashes`] are what is remembered of every row in order to compare it with the others: 24 bytes,
//! or 28 with a payee, however long its cells are.
//!
//! Equal hashes only say that two rows are worth a closer look: what they hold is compared before
//! anything is told.

use super::rows::{Row, is_for_nothing};
use crate::address::Account;
use crate::domain::{Currency, Network};
use foldhash::quality::RandomState;
use std::borrow::Cow;
use std::hash::BuildHasher;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_security::confusable_detection::skeleton;

/// Stands for a row that has none.
pub(super) const NO_HASH: u32 = 0;

/// What is remembered of a row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RowHash {
    /// Equal for equal accounts, and for no others; 0 where there is none.
    pub(super) account: u64,
    /// Equal for references that are equal or look alike.
    pub(super) reference: u32,
    /// Equal for addresses that look alike.
    pub(super) look: u32,
    /// Equal for equal payees on one network.
    pub(super) payee: u32,
    /// Ordered as the amounts are, currency by currency.
    pub(super) amount: u64,
}

/// What is remembered of all rows. Each part is in a list of its own, because the lists are looked
/// through one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct RowHashes {
    pub(super) account: Vec<u64>,
    pub(super) amount: Vec<u64>,
    pub(super) reference: Vec<u32>,
    pub(super) look: Vec<u32>,
    /// Ends with the last row that has one.
    pub(super) payee: Vec<u32>,
}

impl RowHashes {
    /// Forgets all rows, but keeps the memory.
    pub(super) fn clear(&mut self) {
        self.account.clear();
        self.amount.clear();
        self.reference.clear();
        self.look.clear();
        self.payee.clear();
    }

    /// Adds the next row.
    pub(super) fn push(&mut self, row: RowHash) {
        if row.payee != NO_HASH {
            self.payee.resize(self.account.len(), NO_HASH);
            self.payee.push(row.payee);
        }
        self.account.push(row.account);
        self.amount.push(row.amount);
        self.reference.push(row.reference);
        self.look.push(row.look);
    }

    /// Adds the rows of the next piece.
    pub(super) fn append(&mut self, piece: &Self) {
        if !piece.payee.is_empty() {
            self.payee.resize(self.account.len(), NO_HASH);
            self.payee.extend_from_slice(&piece.payee);
        }
        self.account.extend_from_slice(&piece.account);
        self.amount.extend_from_slice(&piece.amount);
        self.reference.extend_from_slice(&piece.reference);
        self.look.extend_from_slice(&piece.look);
    }

    /// Leaves nothing of a row.
    pub(super) fn forget(&mut self, row: usize) {
        let longs = [&mut self.account, &mut self.amount];
        let shorts = [&mut self.reference, &mut self.look, &mut self.payee];
        for hash in longs.into_iter().filter_map(|them| them.get_mut(row)) {
            *hash = 0;
        }
        for hash in shorts.into_iter().filter_map(|them| them.get_mut(row)) {
            *hash = NO_HASH;
        }
    }
}

/// How many characters of an address people look at, at each end: as many as a `u32` has bytes.
pub(super) const LOOKED_AT_CHARS: usize = 4;

/// Makes hashes of values; differently in every run, so that nobody can prepare a file in which
/// they collide.
#[derive(Clone, Debug, Default)]
pub(super) struct Hashing(RandomState);

impl Hashing {
    /// The hashes of a row that pays this account, if its address is right.
    pub(super) fn of(
        &self,
        row: &Row<'_>,
        account: Option<&Account>,
        scratch: &mut Vec<u8>,
    ) -> RowHash {
        let network = row.currency.map(Currency::network);
        let amount = row.currency.zip(row.amount.as_ref());
        RowHash {
            reference: match row.reference.as_ref() {
                "" => NO_HASH,
                reference => {
                    write_look(reference, scratch);
                    short(self.long(scratch.as_slice()))
                }
            },
            account: match account {
                None => 0,
                Some(account) => self.long(account),
            },
            look: match (network, account) {
                (Some(network), Some(_)) => ends(network, &row.to_address)
                    .map_or(NO_HASH, |ends| short(self.long((network, ends)))),
                _ => NO_HASH,
            },
            payee: match (network, row.payee.as_ref(), account) {
                (None, ..) | (_, "", _) | (.., None) => NO_HASH,
                (Some(network), payee, Some(_)) => match plain_payee(payee) {
                    plain if plain.is_empty() || is_for_nothing(payee) => NO_HASH,
                    plain => short(self.long((network, plain))),
                },
            },
            amount: amount.map_or(0, |(currency, amount)| amount_key(currency, amount.units)),
        }
    }

    /// A hash that no two values of a file share by chance, but for one file in millions.
    pub(super) fn long(&self, value: impl std::hash::Hash) -> u64 {
        self.0.hash_one(value)
    }

    /// The hash of an account with an amount.
    pub(super) fn payout(&self, account: Account, (currency, units): (Currency, u128)) -> u64 {
        self.long((account, currency, units))
    }
}

/// The part of a hash by which rows are sieved; [`NO_HASH`] of none, which is 0.
pub(super) fn short(long: u64) -> u32 {
    match long {
        0 => NO_HASH,
        long => ((long >> 32) as u32).max(NO_HASH.wrapping_add(1)),
    }
}

/// Writes what a reference looks like to somebody who does not look closely: the same for references
/// that differ only in case, in how they are composed, or by characters that look alike (UTS 39).
pub(super) fn write_look(reference: &str, look: &mut Vec<u8>) {
    look.clear();
    if reference.is_ascii() {
        return push_looks(reference, look);
    }
    // A letter looks otherwise as a capital, so that both are taken to the capital, and what that
    // looks like back to the small one.
    let capital: String = reference.nfkc().flat_map(char::to_uppercase).collect();
    let small: String = skeleton(&capital).flat_map(char::to_lowercase).collect();
    push_looks(&small, look);
}

/// Adds what the ASCII characters of a text look like; a test compares it with the tables of UTS 39.
/// The bytes of other characters stay as they are.
fn push_looks(text: &str, look: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b'm' | b'M' => look.extend_from_slice(b"rn"),
            byte => look.push(look_of(byte)),
        }
    }
}

/// What a byte of any ASCII character but `m` looks like.
fn look_of(byte: u8) -> u8 {
    match byte.to_ascii_lowercase() {
        b'0' => b'o',
        // The capital of the last one looks like the others.
        b'1' | b'|' | b'i' => b'l',
        byte => byte,
    }
}

/// A payee as it is compared with others: its letters and digits, small, and `ё` as `е`, so that
/// `Фёдоров А. И.` is `Федоров А.И.`
pub(super) fn plain_payee(payee: &str) -> String {
    let composed: Cow<'_, str> = match is_nfkc_quick(payee.chars()) {
        IsNormalized::Yes => Cow::Borrowed(payee),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(payee.nfkc().collect()),
    };
    let mut plain = String::with_capacity(composed.len());
    let small = composed.chars().flat_map(char::to_lowercase);
    // The table of all letters is slower.
    let is_usual = |c: char| matches!(c, 'a'..='z' | '0'..='9' | 'а'..='я');
    let letters = small.filter(|c| is_usual(*c) || c.is_alphanumeric());
    plain.extend(letters.map(|c| if c == 'ё' { 'е' } else { c }));
    plain
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

/// The same as one number, which is equal for what people take for equal.
pub(super) fn ends(network: Network, text: &str) -> Option<u64> {
    let (first, last) = looked_at(network, text)?;
    let number = |text: &str| text.as_bytes().try_into().map(u32::from_le_bytes).ok();
    let ends = u64::from(number(first)?) << u32::BITS | u64::from(number(last)?);
    Some(match network {
        // The case of hex digits and of bech32 means nothing, and nobody looks at it: a letter is a
        // capital or a small one by this bit, which digits have.
        Network::Evm | Network::Bitcoin | Network::Litecoin => ends | 0x2020_2020_2020_2020,
        Network::Tron | Network::Ton | Network::Solana => ends,
    })
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

/// The currency's place in its table, beyond the table for no amount, and the amount.
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

    fn look(reference: &str) -> Vec<u8> {
        let mut look = Vec::new();
        write_look(reference, &mut look);
        look
    }

    #[test]
    fn references_that_look_alike_have_one_look() {
        for (a, b) in [
            ("INV-7", "inv-7"),
            ("INV-10", "INV-1O"),
            ("R1", "Rl"),
            ("R1", "RI"),
            ("corn", "com"),
            ("АВС-1", "ABC-1"),
            ("Й", "И\u{306}"),
            ("ЗАРПЛАТА", "зарплата"),
            ("Ａ", "a"),
        ] {
            assert_eq!(look(a), look(b), "{a} {b}");
        }
        for (a, b) in [
            ("R1", "R2"),
            ("A-1", "A_1"),
            ("Иванов", "Петров"),
            ("R1", "R11"),
        ] {
            assert_ne!(look(a), look(b), "{a} {b}");
        }
    }

    #[test]
    fn ascii_looks_are_those_of_uts_39() {
        for c in ('0'..='9').chain('A'..='Z').chain('a'..='z') {
            let c = c.to_string();
            let theirs: String = skeleton(&c).collect();
            assert_eq!(look(&c), look(&theirs), "{c}");
        }
    }

    #[test]
    fn payees_are_compared_by_their_letters() {
        assert_eq!(plain_payee(" Фёдоров  А. И."), "федороваи");
    }

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
