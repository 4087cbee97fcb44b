//! The rules are what the documented API asks of a request: a key, the interval, three parameters.
//!
//! They are the sandbox's own and deliberately plain. What is merely mistyped passes here, as it
//! may pass at the real API; only what is obviously wrong is refused.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde_json::Value;
use serde_json::value::RawValue;

use super::currency::{self, Network};
use crate::api::{TOKEN_SCHEME, error_key, field};

/// What a request asks for, after the rules had nothing against it.
pub(super) struct Order {
    pub(super) currency_code: String,
    pub(super) to_address: String,
    /// The literal of the request, a JSON number.
    pub(super) amount: String,
}

/// Why a request is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestError {
    pub(super) status: StatusCode,
    pub(super) key: &'static str,
    pub(super) text: &'static str,
    pub(super) retry_after: Option<Duration>,
}

impl RequestError {
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
    /// When the next request of each key passes. Keys are kept as hashes, so that none can be
    /// printed; those that may pass are forgotten, so that the map stays small.
    passes_at: HashMap<u64, Instant>,
    hashes: RandomState,
}

impl Gate {
    /// With `None` for the key any key opens, as long as there is one.
    pub(super) fn new(api_key: Option<String>, interval: Duration) -> Self {
        Self {
            api_key,
            interval,
            passes_at: HashMap::new(),
            hashes: RandomState::new(),
        }
    }

    /// Judges a request by its `Authorization` header. Every request with a good key counts for
    /// the interval, the refused ones too, so a refused one may be repeated after a whole
    /// interval, and Retry-After says so.
    pub(super) fn admit(
        &mut self,
        authorization: Option<&[u8]>,
        now: Instant,
    ) -> Result<(), RequestError> {
        let key = authorization
            .and_then(token)
            .filter(|key| match &self.api_key {
                Some(expected) => expected.as_bytes() == *key,
                None => true,
            })
            .ok_or_else(RequestError::unauthorized)?;
        let key = self.hashes.hash_one(key);
        let is_early = self.passes_at.get(&key).is_some_and(|at| now < *at);
        self.hold(key, now, self.interval);
        if is_early {
            Err(RequestError::rate_limit(self.interval))
        } else {
            Ok(())
        }
    }

    /// Lets the next request of this key pass after so long at the latest, because an answer
    /// says so.
    pub(super) fn pass_after(&mut self, authorization: &[u8], now: Instant, wait: Duration) {
        if let Some(key) = token(authorization) {
            let at = self.passes_at.get_mut(&self.hashes.hash_one(key));
            if let (Some(at), Some(told)) = (at, now.checked_add(wait)) {
                *at = told.min(*at);
            }
        }
    }

    fn hold(&mut self, key: u64, now: Instant, wait: Duration) {
        self.passes_at.retain(|_, at| now < *at);
        // A wait beyond what the clock can tell is for ever, or as good as.
        let at = now.checked_add(wait).unwrap_or(now);
        self.passes_at.insert(key, at);
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
pub(super) fn order(body: &[u8]) -> Result<Order, RequestError> {
    let parameters: HashMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|_| match serde_json::from_slice::<Value>(body) {
            Ok(_) => wrong_type("The body is not a JSON object."),
            Err(_) => missing("The body is empty or not JSON."),
        })?;
    let currency_code = parameter(&parameters, field::CURRENCY_CODE)?;
    let to_address = parameter(&parameters, field::TO_ADDRESS)?;
    let amount = parameter(&parameters, field::AMOUNT)?;

    let currency_code = text(currency_code).ok_or_else(|| wrong_type("Text is expected."))?;
    let to_address = text(to_address).ok_or_else(|| wrong_type("Text is expected."))?;
    let amount = match text(amount) {
        Some(text) => text,
        None if is_number(amount) => amount.to_owned(),
        None => return Err(wrong_type("A number is expected.")),
    };
    let currency = currency::find(&currency_code)
        .ok_or_else(|| RequestError::new(error_key::CURRENCY_CODE, "Currency is not supported."))?;
    if !has_the_shape_of(currency.network, &to_address) {
        return Err(RequestError::new(
            error_key::NETWORK,
            "Wrong address format.",
        ));
    }
    if !is_number(&amount) || !currency.can_pay(&amount) {
        return Err(RequestError::new(
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

fn missing(text: &'static str) -> RequestError {
    RequestError::new(error_key::REQUIRED_PARAMETER, text)
}

fn wrong_type(text: &'static str) -> RequestError {
    RequestError::new(error_key::VALIDATE_ERROR, text)
}

/// The JSON of a parameter that must be there.
fn parameter<'a>(
    parameters: &HashMap<String, &'a RawValue>,
    name: &str,
) -> Result<&'a str, RequestError> {
    parameters
        .get(name)
        .map(|value| value.get())
        .filter(|json| !matches!(*json, "null" | "\"\""))
        .ok_or_else(|| missing("A parameter is missing."))
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

/// Prefix, length and alphabet; no checksum.
fn has_the_shape_of(network: Network, address: &str) -> bool {
    let length = address.len();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|it| address.starts_with(it));
    let all = |allowed: fn(char) -> bool| address.chars().all(allowed);
    let is_bitcoin_like = |old: &[&str], segwit: &[&str]| {
        (starts(old) && (26..=35).contains(&length) && all(is_base58))
            || (starts(segwit)
                && (14..=90).contains(&length)
                && all(|it| it.is_ascii_alphanumeric()))
    };
    match network {
        Network::Bitcoin => is_bitcoin_like(&["1", "3"], &["bc1", "BC1"]),
        Network::Litecoin => is_bitcoin_like(&["L", "M", "3"], &["ltc1", "LTC1"]),
        Network::Tron => starts(&["T"]) && length == 34 && all(is_base58),
        Network::Evm => address.strip_prefix("0x").is_some_and(|digits| {
            digits.len() == 40 && digits.chars().all(|it| it.is_ascii_hexdigit())
        }),
        Network::Ton => {
            length == 48
                && all(|it| it.is_ascii_alphanumeric() || matches!(it, '+' | '/' | '-' | '_'))
        }
        Network::Solana => (32..=44).contains(&length) && all(is_base58),
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
            .map_err(|error| error.key)
    }

    fn pay(code: &str, address: &str, amount: &str) -> Result<String, &'static str> {
        verdict(&format!(
            r#"{{"currency_code":"{code}","to_address":"{address}","amount":{amount}}}"#
        ))
    }

    #[test]
    fn an_amount_is_kept_to_the_letter() {
        for literal in ["0.05", "0.0000001", "1.50", "1e-7", "5E+3", "21000000"] {
            assert_eq!(pay("BTC", BITCOIN, literal), Ok(literal.to_owned()));
        }
        assert_eq!(pay("BTC", BITCOIN, "\"0.050\""), Ok("0.050".to_owned()));
        assert_eq!(
            pay("SHIB_ERC20", EVM, "2000000000"),
            Ok("2000000000".to_owned())
        );
    }

    #[test]
    fn amounts_out_of_bounds_or_badly_formed() {
        for literal in [
            "0",
            "0.000",
            "0e5",
            "-1",
            "0.000000001",
            "1e-9",
            "21000000.1",
            "1e10",
            "1e999",
            "1e-999",
            "\"1,5\"",
            "\"0x10\"",
            "\" 1\"",
            "\"1 \"",
            "\"1_000\"",
            "\"-\"",
        ] {
            assert_eq!(
                pay("BTC", BITCOIN, literal),
                Err(error_key::UNCORRECTED_AMOUNT),
                "{literal}"
            );
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_lacks_its_parameters() {
        for body in [
            "",
            " ",
            "{",
            "{}x",
            "\u{feff}{}",
            "currency_code=BTC&amount=1",
        ] {
            assert_eq!(verdict(body), Err(error_key::REQUIRED_PARAMETER), "{body}");
        }
    }

    #[test]
    fn a_wrong_type_is_an_error_of_validation() {
        for body in ["[]", "7", "null", r#"["BTC","x",1]"#] {
            assert_eq!(verdict(body), Err(error_key::VALIDATE_ERROR), "{body}");
        }
        for literal in ["true", "[1]", "{}"] {
            let wrong = Err(error_key::VALIDATE_ERROR);
            assert_eq!(pay("BTC", BITCOIN, literal), wrong, "{literal}");
        }
        for body in [
            format!(r#"{{"currency_code":1,"to_address":"{BITCOIN}","amount":1}}"#),
            r#"{"currency_code":"BTC","to_address":1,"amount":1}"#.to_owned(),
        ] {
            assert_eq!(verdict(&body), Err(error_key::VALIDATE_ERROR), "{body}");
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
            assert_eq!(any.admit(header, now), Err(RequestError::unauthorized()));
        }
        let wrong = one.admit(Some(b"Token ABC"), now);
        assert_eq!(wrong, Err(RequestError::unauthorized()));
    }

    #[test]
    fn each_key_is_kept_at_the_interval() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut gate = Gate::new(None, Duration::from_secs(12));
        assert_eq!(gate.admit(Some(b"Token a"), start), Ok(()));
        assert_eq!(gate.admit(Some(b"Token b"), after(1)), Ok(()));
        let early = gate.admit(Some(b"Token a"), after(11_500)).unwrap_err();
        // The refused request counts, so the interval begins anew, and who obeys passes.
        assert_eq!(early.retry_after, Some(Duration::from_secs(12)));
        let again = gate.admit(Some(b"Token a"), after(23_499)).unwrap_err();
        assert_eq!(again.retry_after, Some(Duration::from_secs(12)));
        assert_eq!(gate.admit(Some(b"Token a"), after(35_499)), Ok(()));
        assert_eq!(gate.passes_at.len(), 1);
    }

    #[test]
    fn an_answer_may_let_the_next_request_pass_sooner() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        for (told, early, passes) in [(3, 2, 3), (60, 11, 12)] {
            for (at, is_admitted) in [(early, false), (passes, true)] {
                let mut gate = Gate::new(None, Duration::from_secs(12));
                assert_eq!(gate.admit(Some(b"Token a"), start), Ok(()));
                gate.pass_after(b"Token a", start, Duration::from_secs(told));
                let admitted = gate.admit(Some(b"Token a"), after(at)).is_ok();
                assert_eq!(admitted, is_admitted, "{told} {at}");
            }
        }
    }

    #[test]
    fn requests_without_a_key_do_not_count() {
        let now = Instant::now();
        let mut gate = Gate::new(Some("a".into()), Duration::from_secs(12));
        assert!(gate.admit(Some(b"Token b"), now).is_err());
        assert_eq!(gate.admit(Some(b"Token a"), now), Ok(()));
    }
}
