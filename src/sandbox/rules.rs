//! The rules are what the documented API asks of a request: a key, the interval, three parameters.
//!
//! They are the sandbox's own and deliberately plain. What is merely mistyped passes here, as it
//! may pass at the real API; only what is obviously wrong is refused.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use rust_decimal::Decimal;
use serde_json::value::RawValue;

use crate::api::{TOKEN_SCHEME, error_key, field};

/// The largest amount that is accepted, in whole units of any currency. The real limits are not
/// documented; this one is far above any payout and finds an amount in the wrong unit.
pub(super) const LARGEST_AMOUNT: u64 = 1_000_000_000;

/// What a request asks for, after the rules had nothing against it.
pub(super) struct Order {
    pub(super) currency_code: String,
    pub(super) to_address: String,
    /// The literal of the request, a JSON number.
    pub(super) amount: String,
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) key: &'static str,
    pub(super) text: &'static str,
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    fn new(key: &'static str, text: &'static str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            key,
            text,
            retry_after: None,
        }
    }

    /// The key is missing or wrong.
    pub(super) fn unauthorized() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            ..Self::new(error_key::AUTHORIZATION, "Unauthorized request.")
        }
    }

    /// Too soon after the previous request.
    pub(super) fn rate_limit(wait: Duration) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(wait),
            ..Self::new(error_key::RATE_LIMIT, "Too many requests.")
        }
    }
}

/// Lets requests in by their key and keeps each key at the interval.
pub(super) struct Gate {
    api_key: Option<String>,
    interval: Duration,
    /// When each key was last used. Keys are kept as hashes, so that none can be printed; those
    /// whose interval is over are forgotten, so that the map stays small.
    last_use: HashMap<u64, Instant>,
    hashes: RandomState,
}

impl Gate {
    /// With `None` for the key any key opens, as long as there is one.
    pub(super) fn new(api_key: Option<String>, interval: Duration) -> Self {
        Self {
            api_key,
            interval,
            last_use: HashMap::new(),
            hashes: RandomState::new(),
        }
    }

    /// Judges a request by its `Authorization` header. Every request with a good key counts for
    /// the interval, the refused ones too.
    pub(super) fn admit(
        &mut self,
        authorization: Option<&[u8]>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let key = authorization
            .and_then(token)
            .filter(|key| match &self.api_key {
                Some(expected) => expected.as_bytes() == *key,
                None => true,
            })
            .ok_or_else(Refusal::unauthorized)?;
        let interval = self.interval;
        self.last_use
            .retain(|_, at| now.saturating_duration_since(*at) < interval);
        match self.last_use.insert(self.hashes.hash_one(key), now) {
            Some(previous) => {
                let passed = now.saturating_duration_since(previous);
                Err(Refusal::rate_limit(interval.saturating_sub(passed)))
            }
            None => Ok(()),
        }
    }
}

/// The key in `Token <key>`; the documentation writes the scheme like this and no other way.
fn token(authorization: &[u8]) -> Option<&[u8]> {
    let key = authorization
        .strip_prefix(TOKEN_SCHEME.as_bytes())?
        .strip_prefix(b" ")?
        .trim_ascii();
    (!key.is_empty()).then_some(key)
}

/// Reads the order in a body, or says what is wrong with it.
pub(super) fn order(body: &[u8]) -> Result<Order, Refusal> {
    let parameters: HashMap<String, &RawValue> = serde_json::from_slice(body)
        .map_err(|_| Refusal::new(error_key::VALIDATE_ERROR, "The body is not a JSON object."))?;
    let currency_code = parameter(&parameters, field::CURRENCY_CODE)?;
    let to_address = parameter(&parameters, field::TO_ADDRESS)?;
    let amount = parameter(&parameters, field::AMOUNT)?;

    let currency_code = text(currency_code).unwrap_or_default();
    let network = network(&currency_code)
        .ok_or_else(|| Refusal::new(error_key::CURRENCY_CODE, "Currency is not supported."))?;
    let to_address = text(to_address)
        .filter(|address| network.has_the_shape_of(address))
        .ok_or_else(|| Refusal::new(error_key::NETWORK, "Wrong address format."))?;
    let amount = text(amount).unwrap_or_else(|| amount.to_owned());
    if !is_number(&amount) || !is_within_limits(&amount) {
        return Err(Refusal::new(
            error_key::UNCORRECTED_AMOUNT,
            "Wrong amount format, or the amount is too small or too large.",
        ));
    }
    Ok(Order {
        currency_code,
        to_address,
        amount,
    })
}

/// The JSON of a parameter that must be there.
fn parameter<'a>(
    parameters: &HashMap<String, &'a RawValue>,
    name: &str,
) -> Result<&'a str, Refusal> {
    parameters
        .get(name)
        .map(|value| value.get())
        .filter(|json| !matches!(*json, "null" | "\"\""))
        .ok_or_else(|| Refusal::new(error_key::REQUIRED_PARAMETER, "A parameter is missing."))
}

/// The text in a JSON string; `None` for any other value.
fn text(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

/// Whether this is a JSON number and nothing else.
pub(super) fn is_number(literal: &str) -> bool {
    let starts_right = literal.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let ends_right = literal.ends_with(|last: char| last.is_ascii_digit());
    starts_right && ends_right && serde_json::from_str::<&RawValue>(literal).is_ok()
}

fn is_within_limits(literal: &str) -> bool {
    let amount = Decimal::from_str_exact(literal).or_else(|_| Decimal::from_scientific(literal));
    amount.is_ok_and(|amount| amount > Decimal::ZERO && amount <= Decimal::from(LARGEST_AMOUNT))
}

/// A family of addresses.
#[derive(Clone, Copy, Debug)]
enum Network {
    Bitcoin,
    Litecoin,
    Tron,
    Evm,
    Ton,
    Solana,
}

/// The network of a code that the API's documentation lists, in its older or newer edition.
fn network(currency_code: &str) -> Option<Network> {
    Some(match currency_code {
        "BTC" => Network::Bitcoin,
        "LTC" => Network::Litecoin,
        "TRX" | "USDT_TRC20" | "USDD_TRC20" => Network::Tron,
        "ETH" | "ETH_ARB" | "ETH_OPT" | "ETH_BASE" | "USDT_ERC20" | "USDC_ERC20" | "USDT_ARB"
        | "USDC_ARB" | "USDT_OPT" | "USDC_OPT" | "USDC_BASE" | "TUSD_ERC20" | "SHIB_ERC20"
        | "BNB" | "USDT_BSC" | "USDC_BSC" | "TUSD_BSC" | "DAI_ERC20" | "DAI_ARB" | "DAI_OPT"
        | "DAI_BASE" | "DAI_BSC" | "ARB_ARB" | "OP_OPT" | "PEPE_ERC20" | "PEPE_BSC"
        | "SHIB_BSC" | "PYUSD_ERC20" | "XAUT_ERC20" => Network::Evm,
        "TON" | "USDT_TON" | "XAUT_TON" => Network::Ton,
        "SOL" | "USDT_SOL" | "USDC_SOL" | "PYUSD_SOL" | "TRUMP_SOL" => Network::Solana,
        _ => return None,
    })
}

impl Network {
    /// Prefix, length and alphabet; no checksum.
    fn has_the_shape_of(self, address: &str) -> bool {
        let length = address.len();
        let starts = |prefixes: &[&str]| prefixes.iter().any(|it| address.starts_with(it));
        let all = |allowed: fn(char) -> bool| address.chars().all(allowed);
        match self {
            Self::Bitcoin | Self::Litecoin => {
                let (old, segwit): (&[&str], &[&str]) = match self {
                    Self::Bitcoin => (&["1", "3"], &["bc1", "BC1"]),
                    _ => (&["L", "M", "3"], &["ltc1", "LTC1"]),
                };
                (starts(old) && (26..=35).contains(&length) && all(is_base58))
                    || (starts(segwit)
                        && (14..=90).contains(&length)
                        && all(|it| it.is_ascii_alphanumeric()))
            }
            Self::Tron => starts(&["T"]) && length == 34 && all(is_base58),
            Self::Evm => address.strip_prefix("0x").is_some_and(|digits| {
                digits.len() == 40 && digits.chars().all(|it| it.is_ascii_hexdigit())
            }),
            Self::Ton => {
                length == 48
                    && all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '/' | '-' | '_'))
            }
            Self::Solana => (32..=44).contains(&length) && all(is_base58),
        }
    }
}

fn is_base58(letter: char) -> bool {
    letter.is_ascii_alphanumeric() && !matches!(letter, '0' | 'O' | 'I' | 'l')
}

#[cfg(test)]
mod tests {
    use super::*;

    const BITCOIN: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
    const TRON: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
    const EVM: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";

    fn verdict(body: &str) -> Result<String, &'static str> {
        order(body.as_bytes())
            .map(|order| order.amount)
            .map_err(|refusal| refusal.key)
    }

    fn pay(code: &str, address: &str, amount: &str) -> Result<String, &'static str> {
        verdict(&format!(
            r#"{{"currency_code":"{code}","to_address":"{address}","amount":{amount}}}"#
        ))
    }

    #[test]
    fn an_amount_is_kept_to_the_letter() {
        for literal in ["0.05", "0.0000001", "1.50", "1e-7", "5E+3", "1000000000"] {
            assert_eq!(pay("BTC", BITCOIN, literal), Ok(literal.to_owned()));
        }
        assert_eq!(pay("BTC", BITCOIN, "\"0.050\""), Ok("0.050".to_owned()));
    }

    #[test]
    fn amounts_out_of_bounds_or_badly_formed() {
        for literal in [
            "0",
            "0.000",
            "0e5",
            "-1",
            "1000000000.1",
            "1e10",
            "1e999",
            "1e-999",
            "\"1,5\"",
            "\"0x10\"",
            "\" 1\"",
            "\"1 \"",
            "\"1_000\"",
            "\"-\"",
            "true",
            "[1]",
            "{}",
        ] {
            assert_eq!(
                pay("BTC", BITCOIN, literal),
                Err(error_key::UNCORRECTED_AMOUNT),
                "{literal}"
            );
        }
    }

    #[test]
    fn bodies_that_are_no_object() {
        for body in ["", "[]", "7", "{", "{}x", r#"["BTC","x",1]"#, "\u{feff}{}"] {
            assert_eq!(verdict(body), Err(error_key::VALIDATE_ERROR), "{body}");
        }
    }

    #[test]
    fn each_parameter_is_required() {
        for body in [
            "{}",
            r#"{"currency_code":"BTC","to_address":"x"}"#,
            r#"{"currency_code":"BTC","amount":1}"#,
            r#"{"to_address":"x","amount":1}"#,
            r#"{"currency_code":"","to_address":"x","amount":1}"#,
            r#"{"currency_code":null,"to_address":"x","amount":1}"#,
        ] {
            assert_eq!(verdict(body), Err(error_key::REQUIRED_PARAMETER), "{body}");
        }
    }

    #[test]
    fn codes_are_the_documented_ones() {
        assert_eq!(pay("BTG", BITCOIN, "1"), Err(error_key::CURRENCY_CODE));
        assert_eq!(pay("btc", BITCOIN, "1"), Err(error_key::CURRENCY_CODE));
        let number = format!(r#"{{"currency_code":1,"to_address":"{BITCOIN}","amount":1}}"#);
        assert_eq!(verdict(&number), Err(error_key::CURRENCY_CODE));
    }

    #[test]
    fn an_address_of_another_network_is_noticed() {
        let ton = "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs";
        let solana = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
        let litecoin = "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9";
        let good = [
            ("BTC", BITCOIN),
            ("LTC", litecoin),
            ("USDT_TRC20", TRON),
            ("USDT_ERC20", EVM),
            ("TON", ton),
            ("USDC_SOL", solana),
        ];
        for (code, own) in good {
            for (_, address) in good {
                let expected = if address == own {
                    Ok("1".to_owned())
                } else {
                    Err(error_key::NETWORK)
                };
                // A TRON address has the length and alphabet of a Solana one.
                let alike = code == "USDC_SOL" && (address == TRON || address == BITCOIN);
                if !alike {
                    assert_eq!(pay(code, address, "1"), expected, "{code} {address}");
                }
            }
        }
        assert_eq!(pay("BTC", "1A1z", "1"), Err(error_key::NETWORK));
    }

    #[test]
    fn only_the_token_scheme_opens() {
        let now = Instant::now();
        let mut any = Gate::new(None, Duration::ZERO);
        assert_eq!(any.admit(Some(b"Token abc"), now), Ok(()));
        let mut one = Gate::new(Some("abc".into()), Duration::ZERO);
        assert_eq!(one.admit(Some(b"Token abc"), now), Ok(()));
        for header in [
            None,
            Some(&b"abc"[..]),
            Some(b"token abc"),
            Some(b"Bearer abc"),
            Some(b"Tokenabc"),
            Some(b"Token"),
            Some(b"Token "),
        ] {
            assert_eq!(any.admit(header, now), Err(Refusal::unauthorized()));
        }
        let wrong = one.admit(Some(b"Token ABC"), now);
        assert_eq!(wrong, Err(Refusal::unauthorized()));
    }

    #[test]
    fn each_key_is_kept_at_the_interval() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut gate = Gate::new(None, Duration::from_secs(12));
        assert_eq!(gate.admit(Some(b"Token a"), start), Ok(()));
        assert_eq!(gate.admit(Some(b"Token b"), after(1)), Ok(()));
        let early = gate.admit(Some(b"Token a"), after(11_500));
        assert_eq!(
            early.unwrap_err().retry_after,
            Some(Duration::from_millis(500))
        );
        // The refused request counted, so the interval began anew.
        let again = gate.admit(Some(b"Token a"), after(12_500));
        assert_eq!(
            again.unwrap_err().retry_after,
            Some(Duration::from_secs(11))
        );
        assert_eq!(gate.admit(Some(b"Token a"), after(24_500)), Ok(()));
        assert_eq!(gate.last_use.len(), 1);
    }

    #[test]
    fn requests_without_a_key_do_not_count() {
        let now = Instant::now();
        let mut gate = Gate::new(Some("a".into()), Duration::from_secs(12));
        assert!(gate.admit(Some(b"Token b"), now).is_err());
        assert_eq!(gate.admit(Some(b"Token a"), now), Ok(()));
    }
}
