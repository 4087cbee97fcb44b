//! A [`Fingerprint`] stands for the payouts of a batch, whatever the file looks like.
//!
//! It is the SHA-256 of one line for each payout, in the file's order:
//!
//! ```text
//! currency_code TAB to_address TAB amount TAB reference LF
//! ```
//!
//! with the amount's zeros at the end left out (`1.50` is `1.5`). Column order, ignored columns,
//! blanks, quotes, delimiter, encoding and line breaks do not enter into it, and `sha256sum` gives
//! the same.

use crate::domain::{Amount, Currency};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// How much of the SHA-256 is kept. Half of it: with less, someone who prepares a batch could
/// find a second one with the same fingerprint by trying references.
const KEPT_BYTES: usize = 16;

/// What stands for the payouts of a batch: shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; KEPT_BYTES]);

/// A text is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFingerprint;

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NoFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint has 32 hexadecimal digits")
    }
}

impl std::error::Error for NoFingerprint {}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.len() != 2 * KEPT_BYTES || !is_hex {
            return Err(NoFingerprint);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| NoFingerprint)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl Fingerprint {
    /// That of a file without payouts.
    pub(super) fn of_nothing() -> Self {
        Fingerprinting::default().finish()
    }
}

/// The payouts that have been taken into a fingerprint so far.
#[derive(Default)]
pub(super) struct Fingerprinting(Sha256);

impl Fingerprinting {
    /// Takes in the lines of some payouts, as [`write_payout`] writes them.
    pub(super) fn take(&mut self, lines: &[u8]) {
        self.0.update(lines);
    }

    pub(super) fn finish(self) -> Fingerprint {
        let mut kept = [0; KEPT_BYTES];
        for (kept, byte) in kept.iter_mut().zip(self.0.finalize()) {
            *kept = byte;
        }
        Fingerprint(kept)
    }
}

/// Writes the line that stands for one payout.
///
/// `literal` is the text that the amount was read from, which saves writing it anew.
pub(super) fn write_payout(
    lines: &mut Vec<u8>,
    currency: Currency,
    to_address: &str,
    literal: &str,
    reference: &str,
) {
    lines.extend_from_slice(currency.code().as_bytes());
    lines.push(b'\t');
    lines.extend_from_slice(to_address.as_bytes());
    lines.push(b'\t');
    lines.extend_from_slice(Amount::without_zeros_at_the_end(literal).as_bytes());
    lines.push(b'\t');
    lines.extend_from_slice(reference.as_bytes());
    lines.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_half_the_sha256_of_the_lines() {
        let btc = Currency::from_code("BTC").unwrap();
        let mut lines = Vec::new();
        write_payout(
            &mut lines,
            btc,
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "1.50",
            "a-1",
        );
        assert_eq!(
            lines,
            b"BTC\t1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\t1.5\ta-1\n"
        );
        // printf 'BTC\t1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\t1.5\ta-1\n' | sha256sum
        let mut fingerprinting = Fingerprinting::default();
        fingerprinting.take(&lines);
        let fingerprint = fingerprinting.finish();
        assert_eq!(fingerprint.to_string(), "34cfe21f8259bf7068236c9d9466cf0d");
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert_eq!(
            fingerprint.to_string().to_uppercase().parse(),
            Ok(fingerprint)
        );
        assert_eq!("+123".parse::<Fingerprint>(), Err(NoFingerprint));
    }
}
