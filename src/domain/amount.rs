//! An [`Amount`] is how much of a currency one payout sends, exact to the last digit.

use rust_decimal::Decimal;
use std::fmt;

/// The largest number of digits that is read. A longer one exceeds the 96 bits of a [`Decimal`],
/// and by far what the API could mean by a JSON number.
pub const MAX_DIGITS: usize = 28;

/// A positive decimal number that keeps the digits it was written with: `1.50` stays `1.50`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(Decimal);

/// Why a text is no amount.
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
        if text.is_empty() {
            return Err(AmountError::Empty);
        }
        if let Some(odd) = text.chars().find(|c| !c.is_ascii_digit() && *c != '.') {
            return Err(AmountError::Character(odd));
        }
        let (whole, fraction) = match text.split_once('.') {
            None => (text, ""),
            Some((whole, fraction)) => {
                if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
                    return Err(AmountError::Point);
                }
                (whole, fraction)
            }
        };
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(AmountError::LeadingZero);
        }
        if fraction.len() > usize::from(decimals) {
            return Err(AmountError::Decimals {
                found: fraction.len(),
                allowed: decimals,
            });
        }
        let digits = whole.len().saturating_add(fraction.len());
        if digits > MAX_DIGITS {
            return Err(AmountError::Digits(digits));
        }
        match Decimal::from_str_exact(text) {
            Ok(number) if number.is_zero() => Err(AmountError::Zero),
            Ok(number) => Ok(Self(number)),
            Err(_) => Err(AmountError::Digits(digits)),
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
            .checked_mul(10u128.checked_pow(padding)?)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ] {
            assert_eq!(Amount::parse(text, 6), Err(error), "{text}");
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
