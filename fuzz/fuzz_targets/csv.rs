//! Any bytes as a batch: a batch whose every row checks again, or findings in the file's order.
#![no_main]

use ccbatch::address;
use ccbatch::domain::Amount;
use ccbatch::intake::{Intake, Keep, Options, read};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

/// What a file may begin with, so that the fuzzer comes past it.
const OPENINGS: [&str; 3] = [
    "",
    "currency_code,to_address,amount,reference\n",
    "currency_code,to_address,amount,reference\n\
     BTC,1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,0.5,R1\n\
     ETH,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed,1.50,R2\n",
];

fuzz_target!(|input: (u8, &[u8])| {
    let opening = OPENINGS[usize::from(input.0) % OPENINGS.len()];
    let bytes = [opening.as_bytes(), input.1].concat();
    let intake = intake(&bytes, Keep::Payouts);
    let totals_only = self::intake(&bytes, Keep::Totals);
    assert_eq!(intake.totals, totals_only.totals);
    assert_eq!(intake.counts, totals_only.counts);
    assert_eq!(intake.batch.is_some(), intake.counts.errors() == 0);
    let Some(batch) = intake.batch else { return };
    assert!(!batch.payouts.is_empty());
    assert_eq!(batch.totals.count(), batch.payouts.len() as u64);
    assert!(batch.payouts.is_sorted_by(|a, b| a.line < b.line));
    for payout in &batch.payouts {
        let currency = payout.currency;
        assert!(address::check(currency.network(), &payout.to_address).is_ok());
        let literal = payout.amount.to_string();
        assert_eq!(
            Amount::parse(&literal, currency.decimals()),
            Ok(payout.amount)
        );
        assert!(payout.reference.chars().count() <= 64);
        assert!(!payout.reference.contains(char::is_control));
    }
});

/// Reads, and sees that the findings come in the file's order.
fn intake(bytes: &[u8], keep: Keep) -> Intake {
    let options = Options {
        keep,
        ..Options::default()
    };
    let mut lines = Vec::new();
    let intake = read(Cursor::new(bytes), &options, &mut |finding| {
        lines.push(finding.line.unwrap_or(u64::MAX));
    });
    assert!(lines.is_sorted(), "{lines:?}");
    intake.expect("memory never fails")
}
