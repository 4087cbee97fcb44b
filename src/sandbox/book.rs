//! The book is the sandbox's own record of what arrived and what it created.
//!
//! It is what an operator's dashboard is to the real API: the one place that knows whether
//! somebody was paid, whatever the client was told.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use super::json::{object, quoted};
use super::rules::Order;
use crate::api::field::{AMOUNT, CURRENCY_CODE, INVOICE_ID, TO_ADDRESS};

/// Everything since the sandbox started, in order of arrival.
///
/// It keeps all of them, since that is what it is for: less than a kilobyte for a usual request.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// Every POST whose whole request was read, refused ones and other paths included.
    pub deliveries: Vec<Delivery>,
    /// Every withdrawal created: this is the money.
    pub created: Vec<Withdrawal>,
}

/// A POST that arrived whole. The key it came with is not kept.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Which connection it came on, counted from 1: two deliveries with one number shared it.
    pub connection: u64,
    /// When its last byte was read, by the clock.
    pub arrived_at: SystemTime,
    /// The same moment, since the sandbox started, by a clock that nobody sets.
    pub since_start: Duration,
    /// The path of the request.
    pub path: String,
    /// Whether an `Authorization` header was there, of whatever kind.
    pub authorization: bool,
    /// The body, as text; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// The step of the script it met; empty on a path other than the endpoint's.
    pub step: String,
    /// What was answered, in a few words: `200, created INV-…`; `400, network`; `dropped`.
    /// `undecided` stands as long as nothing was, and for good when the client leaves before.
    pub answer: String,
    /// The withdrawal it created, if it did; the client need not know.
    pub invoice_id: Option<String>,
}

/// A withdrawal the sandbox created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// `INV-` and eight upper-case letters or digits.
    pub invoice_id: String,
    /// The currency's code.
    pub currency_code: String,
    /// The recipient.
    pub to_address: String,
    /// The exact literal of the request.
    pub amount: String,
}

impl Book {
    /// `{"deliveries":2,"created":[{"invoice_id":…,"currency_code":…,"to_address":…,"amount":…}]}`
    pub(super) fn to_json(&self) -> String {
        let created: Vec<String> = self.created.iter().map(Withdrawal::to_json).collect();
        object(&[
            ("deliveries", self.deliveries.len().to_string()),
            ("created", format!("[{}]", created.join(","))),
        ])
    }
}

impl Withdrawal {
    pub(super) fn new(invoice_id: String, order: Order) -> Self {
        Self {
            invoice_id,
            currency_code: order.currency_code,
            to_address: order.to_address,
            amount: order.amount,
        }
    }

    fn to_json(&self) -> String {
        object(&[
            (INVOICE_ID, quoted(&self.invoice_id)),
            (CURRENCY_CODE, quoted(&self.currency_code)),
            (TO_ADDRESS, quoted(&self.to_address)),
            (AMOUNT, self.amount.clone()),
        ])
    }
}

/// How many ids there are: eight places of 36 letters and digits.
const IDS: u64 = 36_u64.pow(8);

/// The way from one id to the next. It shares no divisor with [`IDS`], so that every id comes
/// before one comes again, and is near their golden section, so that neighbours look unalike.
const STRIDE: u64 = 1_743_541_808_807;

/// Hands out invoice ids. The first is random, so that two sandboxes do not share any.
pub(super) struct InvoiceIds(u64);

impl InvoiceIds {
    pub(super) fn new() -> Self {
        let random = RandomState::new().hash_one(SystemTime::now());
        Self(random.checked_rem(IDS).unwrap_or_default())
    }

    pub(super) fn next(&mut self) -> String {
        let next = self.0.saturating_add(STRIDE).checked_rem(IDS);
        self.0 = next.unwrap_or_default();
        format!("INV-{}", base36(self.0))
    }
}

/// The last eight digits of a number to the base of 36.
fn base36(mut number: u64) -> String {
    const DIGITS: [char; 36] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H',
        'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z',
    ];
    let mut text = ['0'; 8];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(number % 36).unwrap_or_default();
        *place = DIGITS.get(digit).copied().unwrap_or('0');
        number /= 36;
    }
    text.iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_look_like_ids_and_do_not_repeat() {
        let mut seen = HashSet::new();
        for mut ids in [InvoiceIds::new(), InvoiceIds::new()] {
            for _ in 0..10_000 {
                let id = ids.next();
                let places = id.strip_prefix("INV-").unwrap();
                assert_eq!(places.len(), 8);
                assert!(places.chars().all(|it| matches!(it, '0'..='9' | 'A'..='Z')));
                assert!(seen.insert(id));
            }
        }
    }

    #[test]
    fn base_36() {
        assert_eq!(base36(0), "00000000");
        assert_eq!(base36(35), "0000000Z");
        assert_eq!(base36(36), "00000010");
        assert_eq!(base36(IDS - 1), "ZZZZZZZZ");
    }

    #[test]
    fn the_stride_meets_every_id() {
        // 36 is made of twos and threes only.
        assert_ne!(STRIDE % 2, 0);
        assert_ne!(STRIDE % 3, 0);
    }

    #[test]
    fn the_dashboard() {
        let book = Book {
            deliveries: Vec::new(),
            created: vec![Withdrawal {
                invoice_id: "INV-00000001".into(),
                currency_code: "BTC".into(),
                to_address: "x".into(),
                amount: "0.050".into(),
            }],
        };
        assert_eq!(
            book.to_json(),
            r#"{"deliveries":0,"created":[{"invoice_id":"INV-00000001","currency_code":"BTC","to_address":"x","amount":0.050}]}"#
        );
    }
}
