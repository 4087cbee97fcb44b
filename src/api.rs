//! The JSON bodies of CryptoCloud's withdrawal API: the path, the field names, the error keys.
//!
//! This is all that the client and the sandbox share, so that the two can disagree about
//! everything else and a test can see it.

use rust_decimal::Decimal;
use serde::Serialize;

/// The endpoint's path, under the API's base URL.
pub const CREATE_PATH: &str = "/v2/invoice/api/out/create";

/// The scheme in front of the key in the `Authorization` header.
pub const TOKEN_SCHEME: &str = "Token";

/// How every invoice id begins.
pub const INVOICE_ID_PREFIX: &str = "INV-";

/// Names of the fields in requests and answers.
pub mod field {
    /// Request: the currency's code.
    pub const CURRENCY_CODE: &str = "currency_code";
    /// Request: the recipient.
    pub const TO_ADDRESS: &str = "to_address";
    /// Request and answer: a JSON number.
    pub const AMOUNT: &str = "amount";
    /// Answer: `success` or `error`; inside the payload the withdrawal's own status.
    pub const STATUS: &str = "status";
    /// Answer: the payload, in the older edition of the documentation.
    pub const DATA: &str = "data";
    /// Answer: the payload in the newer edition, and the error envelope.
    pub const RESULT: &str = "result";
    /// Answer: the withdrawal's id.
    pub const INVOICE_ID: &str = "invoice_id";
    /// Answer: the currency's code.
    pub const CURRENCY: &str = "currency";
}

/// The error keys that the API documents for this endpoint.
pub mod error_key {
    /// A parameter is missing.
    pub const REQUIRED_PARAMETER: &str = "required_parameter";
    /// The code is not supported.
    pub const CURRENCY_CODE: &str = "currency_code";
    /// The address has the wrong format.
    pub const NETWORK: &str = "network";
    /// The amount is too small, too large or badly formed.
    pub const UNCORRECTED_AMOUNT: &str = "uncorrected_amount";
    /// Less than the interval since the previous request.
    pub const RATE_LIMIT: &str = "rate_limit";
    /// The API's own validation failed.
    pub const VALIDATE_ERROR: &str = "validate_error";
    /// All six.
    pub const ALL: [&str; 6] = [
        REQUIRED_PARAMETER,
        CURRENCY_CODE,
        NETWORK,
        UNCORRECTED_AMOUNT,
        RATE_LIMIT,
        VALIDATE_ERROR,
    ];
    /// Elsewhere in the same API: the key was refused.
    pub const AUTHORIZATION: &str = "authorization";
}

/// The body of a request. The amount goes out as the exact decimal literal, never as a float.
#[derive(Serialize)]
pub struct CreateRequest<'a> {
    /// The currency's code.
    pub currency_code: &'a str,
    /// The recipient.
    pub to_address: &'a str,
    /// The amount, in whole units of the currency.
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    pub amount: Decimal,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_goes_out_as_its_literal() {
        for literal in [
            "0.0000001",
            "1.234567890123456789",
            "12345678.00000001",
            "1.50",
            "7",
        ] {
            let body = serde_json::to_string(&CreateRequest {
                currency_code: "BTC",
                to_address: "x",
                amount: Decimal::from_str_exact(literal).unwrap(),
            })
            .unwrap();
            assert_eq!(
                body,
                format!(r#"{{"currency_code":"BTC","to_address":"x","amount":{literal}}}"#)
            );
        }
    }
}
