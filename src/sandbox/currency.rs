//! The currencies of the documented API, as far as the sandbox needs them.
//!
//! It knows nothing of the program's own table, so that the two can disagree and a test can see it.

use std::cmp::Ordering;

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Network {
    Bitcoin,
    Litecoin,
    Tron,
    Evm,
    Ton,
    Solana,
}

/// A code that the API's documentation lists, in its older or newer edition.
#[derive(Debug)]
pub(super) struct Currency {
    codes: &'static [&'static str],
    pub(super) network: Network,
    decimals: usize,
    /// No more than this exists, in whole units: supplies in 2026, rounded up generously.
    most: u64,
}

/// More than all dollars that were ever made into tokens.
const DOLLARS: u64 = 1_000_000_000_000;

/// More than all of a coin that is minted by the quadrillion.
const QUADRILLION: u64 = 1_000_000_000_000_000;

#[rustfmt::skip]
const TABLE: &[Currency] = &[
    row(&["BTC"], Network::Bitcoin, 8, 21_000_000),
    row(&["LTC"], Network::Litecoin, 8, 84_000_000),
    row(&["TRX"], Network::Tron, 6, 200_000_000_000),
    row(&["USDT_TRC20"], Network::Tron, 6, DOLLARS),
    row(&["USDD_TRC20"], Network::Tron, 18, DOLLARS),
    row(&["ETH", "ETH_ARB", "ETH_OPT", "ETH_BASE"], Network::Evm, 18, 200_000_000),
    row(&["USDT_ERC20", "USDT_ARB", "USDT_OPT"], Network::Evm, 6, DOLLARS),
    row(&["USDC_ERC20", "USDC_ARB", "USDC_OPT", "USDC_BASE", "PYUSD_ERC20"], Network::Evm, 6, DOLLARS),
    row(&["USDT_BSC", "USDC_BSC", "TUSD_ERC20", "TUSD_BSC"], Network::Evm, 18, DOLLARS),
    row(&["DAI_ERC20", "DAI_ARB", "DAI_OPT", "DAI_BASE", "DAI_BSC"], Network::Evm, 18, DOLLARS),
    row(&["SHIB_ERC20", "SHIB_BSC", "PEPE_ERC20", "PEPE_BSC"], Network::Evm, 18, QUADRILLION),
    row(&["BNB"], Network::Evm, 18, 200_000_000),
    row(&["ARB_ARB", "OP_OPT"], Network::Evm, 18, 20_000_000_000),
    row(&["XAUT_ERC20"], Network::Evm, 6, 10_000_000),
    row(&["TON"], Network::Ton, 9, 10_000_000_000),
    row(&["USDT_TON"], Network::Ton, 6, DOLLARS),
    row(&["XAUT_TON"], Network::Ton, 6, 10_000_000),
    row(&["SOL"], Network::Solana, 9, 2_000_000_000),
    row(&["USDT_SOL", "USDC_SOL", "PYUSD_SOL"], Network::Solana, 6, DOLLARS),
    row(&["TRUMP_SOL"], Network::Solana, 6, 1_000_000_000),
];

const fn row(
    codes: &'static [&'static str],
    network: Network,
    decimals: usize,
    most: u64,
) -> Currency {
    Currency {
        codes,
        network,
        decimals,
        most,
    }
}

/// The currency of a code.
pub(super) fn find(code: &str) -> Option<&'static Currency> {
    TABLE.iter().find(|it| it.codes.contains(&code))
}

impl Currency {
    /// Whether a JSON number is more than nothing, no more than exists, and no finer than the
    /// currency's decimals.
    pub(super) fn can_pay(&self, number: &str) -> bool {
        let Some((whole, fraction)) = digits(number) else {
            return false;
        };
        let (whole, fraction) = (
            whole.trim_start_matches('0'),
            fraction.trim_end_matches('0'),
        );
        let most = self.most.to_string();
        // Digits of one length are in the order of their numbers.
        let is_within = match whole.len().cmp(&most.len()).then_with(|| whole.cmp(&most)) {
            Ordering::Less => true,
            Ordering::Equal => fraction.is_empty(),
            Ordering::Greater => false,
        };
        let is_something = !whole.is_empty() || !fraction.is_empty();
        is_something && is_within && fraction.len() <= self.decimals
    }
}

/// A larger exponent stands in no amount.
const MAX_EXPONENT: i32 = 64;

/// The digits of a JSON number before and behind its point, the exponent carried out; `None` for
/// what is negative or far beyond any amount.
fn digits(number: &str) -> Option<(String, String)> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
        None => (number, 0),
    };
    if mantissa.starts_with('-') || !(-MAX_EXPONENT..=MAX_EXPONENT).contains(&exponent) {
        return None;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shift = "0".repeat(usize::try_from(exponent.unsigned_abs()).ok()?);
    if exponent < 0 {
        let all = format!("{shift}{whole}");
        let (whole, moved) = all.split_at_checked(whole.len())?;
        Some((whole.to_owned(), format!("{moved}{fraction}")))
    } else {
        let all = format!("{fraction}{shift}");
        let (moved, fraction) = all.split_at_checked(shift.len())?;
        Some((format!("{whole}{moved}"), fraction.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponent_moves_the_point() {
        for (number, whole, fraction) in [
            ("12.5", "12", "5"),
            ("1.25e1", "12", "5"),
            ("1e3", "1000", ""),
            ("1.5E+3", "1500", ""),
            ("125e-1", "12", "5"),
            ("1e-7", "0", "0000001"),
        ] {
            let (found, behind) = digits(number).unwrap();
            assert_eq!(
                found.trim_start_matches('0'),
                whole.trim_start_matches('0'),
                "{number}"
            );
            assert_eq!(behind.trim_end_matches('0'), fraction, "{number}");
        }
        assert_eq!(digits("1e65"), None);
        assert_eq!(digits("-1"), None);
    }

    #[test]
    fn an_amount_is_within_what_exists_and_the_decimals() {
        let can = |code, number| find(code).unwrap().can_pay(number);
        for (code, number) in [
            ("BTC", "21000000"),
            ("BTC", "20999999.99999999"),
            ("BTC", "0.00000001"),
            ("BTC", "1.5000000000"),
            ("SHIB_ERC20", "2000000000"),
            ("SHIB_ERC20", "589000000000000.000000000000000001"),
            ("USDT_TRC20", "0.000001"),
        ] {
            assert!(can(code, number), "{code} {number}");
        }
        for (code, number) in [
            ("BTC", "21000000.00000001"),
            ("BTC", "21000001"),
            ("BTC", "100000000"),
            ("BTC", "0.000000001"),
            ("BTC", "0"),
            ("BTC", "0.0e3"),
            ("USDT_TRC20", "0.0000001"),
        ] {
            assert!(!can(code, number), "{code} {number}");
        }
    }

    #[test]
    fn every_code_stands_once() {
        let codes: Vec<_> = TABLE.iter().flat_map(|it| it.codes).collect();
        let distinct: std::collections::HashSet<_> = codes.iter().collect();
        assert_eq!((codes.len(), distinct.len()), (42, 42));
    }
}
