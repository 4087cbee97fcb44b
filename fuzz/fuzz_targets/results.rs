//! Any bytes as a results file: a record or a refusal. The lines of a record are the very bytes
//! of the file, and the journal changes nothing of them when it goes on with the file.
//!
//! `cargo fuzz run results fuzz/corpus/results tests/golden` begins with files as they are written.
#![no_main]

use ccbatch::domain::{Amount, Batch, Currency, Payout, Totals};
use ccbatch::payout::journal::{Journal, Storage};
use ccbatch::payout::results::{Attempt, HEADER, Intent, Record, Tail, fold, parse};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    check(&[HEADER.as_bytes(), bytes].concat());
});

fn check(bytes: &[u8]) {
    let Ok(record) = parse(bytes) else { return };
    let whole = usize::try_from(record.whole_bytes).expect("a length");
    let (lines, tail) = bytes.split_at(whole);
    if whole > 0 {
        assert_eq!(lines, encode(&record.attempts), "the lines as they stand");
    }
    if let Some(intent) = record.tail.intent() {
        assert!(tail.starts_with(intent.encode().as_bytes()));
    }
    assert_eq!(record.tail == Tail::Nothing, tail.is_empty());
    if let Some(batch) = batch(&record) {
        let _ = fold(&record, &batch, None);
    }
    go_on(bytes, &record);
}

fn encode(attempts: &[Attempt]) -> Vec<u8> {
    let lines: String = attempts.iter().map(Attempt::encode).collect();
    (HEADER.to_owned() + &lines).into_bytes()
}

/// A batch that the record may fit, so that the fold comes past its first line.
fn batch(record: &Record) -> Option<Batch> {
    let mut payouts: Vec<Payout> = Vec::new();
    let whole = record.attempts.iter().map(|attempt| &attempt.intent);
    for intent in whole.chain(record.tail.intent()) {
        if payouts.last().is_none_or(|last| last.line < intent.line) {
            payouts.push(payout(intent)?);
        }
    }
    let totals = Totals::default();
    Some(Batch { payouts, totals })
}

fn payout(intent: &Intent) -> Option<Payout> {
    let currency = Currency::from_code(&intent.currency_code)?;
    Some(Payout {
        line: intent.line,
        reference: intent.reference.clone(),
        currency,
        to_address: intent.to_address.clone(),
        amount: Amount::parse(&intent.amount, currency.decimals()).ok()?,
    })
}

/// Whole lines stay, a fragment goes, a half line is finished as unknown.
fn go_on(bytes: &[u8], record: &Record) {
    let file = Memory(Rc::new(RefCell::new(bytes.to_vec())));
    let now = DateTime::from_timestamp_millis(1_795_341_600_000).expect("a time");
    Journal::resume(file.clone(), record, "sandbox", now).expect("memory never fails");
    let mended = parse(&file.0.borrow()).expect("what the journal leaves");
    assert_eq!(mended.tail, Tail::Nothing);
    let (kept, added) = mended.attempts.split_at(record.attempts.len());
    assert_eq!(kept, record.attempts);
    let finished: Vec<&Intent> = added.iter().map(|attempt| &attempt.intent).collect();
    assert_eq!(
        finished,
        record.tail.intent().into_iter().collect::<Vec<_>>()
    );
}

/// A results file that never fails.
#[derive(Clone)]
struct Memory(Rc<RefCell<Vec<u8>>>);

impl Storage for Memory {
    fn verify(&self, expected_bytes: u64) -> Result<(), String> {
        assert_eq!(self.0.borrow().len() as u64, expected_bytes);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn sync_name(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        let length = usize::try_from(bytes).expect("a length");
        self.0.borrow_mut().truncate(length);
        Ok(())
    }
}
