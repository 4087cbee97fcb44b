//! Any bytes as a batch: a batch whose every row checks again, or findings in the file's order.
#![no_main]

use ccbatch::address;
use ccbatch::domain::Amount;
use ccbatch::intake::{Intake, Options, Reading, fix, read, table};
use libfuzzer_sys::fuzz_target;

/// What a file may begin with, so that the fuzzer comes past it.
const OPENINGS: [&str; 4] = [
    "",
    "currency_code,to_address,amount,reference\n",
    "Выплаты;;;;\nВалюта;Кошелёк;Сумма, USDT;Получатель;Комментарий\n",
    "currency_code,to_address,amount,reference\n\
     BTC,1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa,0.5,R1\n\
     ETH,0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed,1.50,R2\n",
];

fuzz_target!(|input: (u8, &[u8])| {
    let opening = OPENINGS[usize::from(input.0) % OPENINGS.len()];
    let bytes = [opening.as_bytes(), input.1].concat();
    let intake = intake(&bytes);
    assert_eq!(intake.batch().is_some(), intake.errors == 0);
    let _ = table::read(&bytes);
    if let Ok(fixed) = fix(bytes, &Reading::default(), &Reading::default()) {
        let copy = self::intake(fixed.text.as_bytes());
        assert!(copy.errors <= intake.errors);
        if intake.errors == 0 {
            assert_eq!(copy.fingerprint, intake.fingerprint);
        }
    }
    let Some(batch) = intake.batch() else { return };
    let payouts: Vec<_> = batch.all().collect();
    assert!(!payouts.is_empty());
    assert_eq!(batch.totals().count(), payouts.len() as u64);
    assert!(payouts.is_sorted_by(|a, b| a.line < b.line));
    let places: Vec<_> = (0..payouts.len()).step_by(3).collect();
    assert!(batch.at(&places).eq(payouts.iter().step_by(3).cloned()));
    for payout in &payouts {
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

/// Reads, and sees that the findings come in the file's order and are as many as is said.
fn intake(bytes: &[u8]) -> Intake {
    let intake = read(bytes.to_vec(), &Options::default());
    let findings = intake.findings();
    let lines = findings
        .iter()
        .map(|finding| finding.line.unwrap_or(u64::MAX));
    assert!(lines.is_sorted());
    assert_eq!(findings.len() as u64, intake.errors + intake.warnings);
    intake
}
