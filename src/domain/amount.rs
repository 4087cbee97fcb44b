//! An [`Amount`] is how much of a currency one payout sends, exact to the last digit.

use rust_decimal::Decimal;
use std::fmt;

/// The largest number of digits that is read. A longer one exceeds the 96 bits of a [`Decimal`],
/// and by far what the API could mean by a JSON number.
pub const MAX_DIGITS: usize = 28;

/// A positive decimal number that keeps the digits it was written with: `1.50` stays `1.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(Decimal);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// Nothing there.
    Empty,
    /// Something other than a digit or a point.
    Character(char),
    /// More than one point, or a point without digits on both sides.
    Point,
    /// A zero in front that does not belong there.
    LeadingZero,
    /// More decimals than the currency has.
    Decimals {
        /// How many are written.
        found: usize,
        /// How many the currency has.
        allowed: u8,
    },
    /// Zero, however it is written.
    Zero,
    /// More than [`MAX_DIGITS`] digits.
    Digits(usize),
}

impl Amount {
    /// Reads `digits[.digits]` for a currency with this many decimals.
    ///
    /// # Errors
    /// Says what is odd about the text; nothing is rounded or repaired.
    pub fn parse(text: &str, decimals: u8) -> Result<Self, AmountError> {
        match Self::read(text, decimals) {
            Some(number) => Ok(Self(number)),
            None => Err(Self::oddity(text, decimals)),
        }
    }

    /// The number of a text that has nothing odd about it. Digit by digit and not by the library's
    /// own reading, which accepts `1_000` and `+1`, and takes four times as long.
    fn read(text: &str, decimals: u8) -> Option<Decimal> {
        let digits = text.as_bytes();
        let mut mantissa: u128 = 0;
        let mut point = None;
        for (place, byte) in digits.iter().enumerate() {
            match byte {
                // Neither step wraps within MAX_DIGITS, and a longer text is refused below.
                b'0'..=b'9' => {
                    let digit = u128::from(byte.wrapping_sub(b'0'));
                    mantissa = mantissa.wrapping_mul(10).wrapping_add(digit);
                }
                b'.' if point.is_none() && place > 0 => point = Some(place),
                _ => return None,
            }
        }
        let whole = point.unwrap_or(digits.len());
        let scale = digits.len().saturating_sub(whole.saturating_add(1));
        let is_in_form =
            (whole <= 1 || digits.first() != Some(&b'0')) && (point.is_none() || scale > 0);
        let is_in_range = scale <= usize::from(decimals)
            && mantissa > 0
            && whole.saturating_add(scale) <= MAX_DIGITS;
        if !is_in_form || !is_in_range {
            return None;
        }
        Decimal::try_from_i128_with_scale(
            i128::try_from(mantissa).ok()?,
            u32::try_from(scale).ok()?,
        )
        .ok()
    }

    /// What is odd about a text that [`Amount::read`] does not take.
    fn oddity(text: &str, decimals: u8) -> AmountError {
        if text.is_empty() {
            return AmountError::Empty;
        }
        if let Some(odd) = text.chars().find(|c| !c.is_ascii_digit() && *c != '.') {
            return AmountError::Character(odd);
        }
        let (whole, fraction) = match text.split_once('.') {
            None => (text, ""),
            Some((whole, fraction)) => {
                if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
                    return AmountError::Point;
                }
                (whole, fraction)
            }
        };
        if whole.len() > 1 && whole.starts_with('0') {
            return AmountError::LeadingZero;
        }
        if text.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
            return AmountError::Zero;
        }
        if fraction.len() > usize::from(decimals) {
            return AmountError::Decimals {
                found: fraction.len(),
                allowed: decimals,
            };
        }
        AmountError::Digits(whole.len().saturating_add(fraction.len()))
    }

    /// The literal of an amount without the zeros that add nothing to it: `1.50` as `1.5`.
    #[must_use]
    pub fn without_zeros_at_the_end(literal: &str) -> &str {
        if literal.ends_with(['0', '.']) && literal.contains('.') {
            literal.trim_end_matches('0').trim_end_matches('.')
        } else {
            literal
        }
    }

    /// The number, with the scale it was written with.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// The amount in minor units of a currency with this many decimals; `None` beyond `u128`.
    #[must_use]
    pub fn minor_units(self, decimals: u8) -> Option<u128> {
        let padding = u32::from(decimals).checked_sub(self.0.scale())?;
        self.0
            .mantissa()
            .unsigned_abs()
            .checked_mul(power_of_ten(padding)?)
    }
}

/// A power of ten, `None` beyond a `u128`. It is looked up, because every row asks for two.
pub(super) fn power_of_ten(exponent: u32) -> Option<u128> {
    const POWERS: [u128; 39] = {
        let mut powers = [1; 39];
        let mut exponent = 1;
        while exponent < powers.len() {
            powers[exponent] = powers[exponent - 1] * 10;
            exponent += 1;
        }
        powers
    };
    POWERS.get(exponent as usize).copied()
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_stay_as_they_were_written() {
        for text in [
            "1",
            "1.50",
            "0.0000001",
            "1.234567890123456789",
            "12345678.00000001",
        ] {
            assert_eq!(Amount::parse(text, 18).unwrap().to_string(), text);
        }
    }

    #[test]
    fn oddities_are_named() {
        for (text, error) in [
            ("", AmountError::Empty),
            ("-1", AmountError::Character('-')),
            ("+1", AmountError::Character('+')),
            ("1e5", AmountError::Character('e')),
            ("1 000", AmountError::Character(' ')),
            ("1_000", AmountError::Character('_')),
            ("1,5", AmountError::Character(',')),
            ("١", AmountError::Character('١')),
            (".5", AmountError::Point),
            ("5.", AmountError::Point),
            ("1.2.3", AmountError::Point),
            (".", AmountError::Point),
            ("007", AmountError::LeadingZero),
            ("00", AmountError::LeadingZero),
            ("00.5", AmountError::LeadingZero),
            ("0", AmountError::Zero),
            ("0.000", AmountError::Zero),
            (
                "0.1234567",
                AmountError::Decimals {
                    found: 7,
                    allowed: 6,
                },
            ),
            ("12345678901234567890123456789", AmountError::Digits(29)),
            ("12345678901234567890123.456789", AmountError::Digits(29)),
        ] {
            assert_eq!(Amount::parse(text, 6), Err(error), "{text}");
        }
    }

    #[test]
    fn zeros_at_the_end_are_left_out() {
        for (literal, expected) in [
            ("1.50", "1.5"),
            ("2.0", "2"),
            ("100", "100"),
            ("0.1", "0.1"),
        ] {
            assert_eq!(Amount::without_zeros_at_the_end(literal), expected);
        }
    }

    proptest! {
        /// The hand-written reading and the library's agree on everything that is in form.
        #[test]
        fn the_library_agrees(text in "(0|[1-9][0-9]{0,12})([.][0-9]{1,16})?") {
            let theirs = Decimal::from_str_exact(&text);
            match Amount::parse(&text, 18) {
                Ok(amount) => {
                    prop_assert_eq!(Ok(amount.decimal()), theirs.clone());
                    prop_assert_eq!(amount.decimal().scale(), theirs.unwrap().scale());
                    prop_assert_eq!(amount.to_string(), text);
                }
                Err(AmountError::Zero) => prop_assert!(text.bytes().all(|byte| matches!(byte, b'0' | b'.'))),
                Err(AmountError::Digits(digits)) => prop_assert!(digits > MAX_DIGITS),
                Err(error) => prop_assert!(false, "{:?}", error),
            }
        }

        /// What is odd is never read, and nothing panics.
        #[test]
        fn nothing_odd_is_read(text in "[0-9.,+e -]{0,32}") {
            if let Ok(amount) = Amount::parse(&text, 18) {
                prop_assert_eq!(amount.to_string(), text);
            }
        }
    }

    #[test]
    fn powers_of_ten_are_those_of_the_language() {
        for exponent in 0..=40 {
            assert_eq!(power_of_ten(exponent), 10u128.checked_pow(exponent));
        }
    }

    #[test]
    fn minor_units_are_whole() {
        assert_eq!(
            Amount::parse("1.5", 8).unwrap().minor_units(8),
            Some(150_000_000)
        );
        let largest = "9".repeat(MAX_DIGITS);
        assert_eq!(Amount::parse(&largest, 18).unwrap().minor_units(18), None);
        assert!(Amount::parse(&largest, 0).unwrap().minor_units(0).is_some());
    }
}
