//! Any bytes as a results file: a record or a refusal. The lines of a record are the very bytes
//! of the file, and the journal changes nothing of them when it goes on with the file.
#![no_main]

use arbitrary::Arbitrary;
use ccbatch::domain::{Amount, Batch, Cause, Currency, Outcome, Payout, Totals, Verdict};
use ccbatch::payout::journal::{Journal, Storage};
use ccbatch::payout::results::{Attempt, Ending, HEADER, Intent, Record, Tail, fold, parse};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// A file as the program may have written it, and what has become of it since.
#[derive(Arbitrary, Debug)]
struct File<'a> {
    has_header: bool,
    lines: Vec<Line<'a>>,
    /// How much is missing at the end.
    cut: u16,
    /// Bytes that were changed: where, and to what.
    damage: Vec<(u16, u8)>,
    tail: &'a [u8],
}

#[derive(Arbitrary, Debug)]
struct Line<'a> {
    number: u8,
    reference: &'a str,
    attempt: u8,
    ending: End,
    words: &'a str,
}

#[derive(Arbitrary, Debug)]
enum End {
    Created,
    Rejected,
    NotCreated,
    Unknown,
    Verdict(bool),
}

fuzz_target!(|file: File<'_>| check(&file.bytes()));

impl File<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut text = if self.has_header {
            HEADER.to_owned()
        } else {
            String::new()
        };
        text.extend(self.lines.iter().map(|line| line.attempt().encode()));
        let mut bytes = text.into_bytes();
        bytes.truncate(bytes.len().saturating_sub(self.cut.into()));
        for (place, byte) in &self.damage {
            if let Some(damaged) = bytes.get_mut(usize::from(*place)) {
                *damaged = *byte;
            }
        }
        bytes.extend_from_slice(self.tail);
        bytes
    }
}

impl Line<'_> {
    fn attempt(&self) -> Attempt {
        let currency = Currency::from_code("BTC").expect("a code");
        let payout = Payout {
            line: self.number.into(),
            reference: self.reference.replace(char::is_control, ""),
            currency,
            to_address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned(),
            amount: Amount::parse("0.050", 8).expect("an amount"),
        };
        let now = DateTime::from_timestamp_millis(1_795_341_600_000).expect("a time");
        let verdict = match self.ending {
            End::Created => Verdict::Created {
                invoice_id: format!("INV-{}", self.words),
                accepted_amount: None,
            },
            End::Rejected => Verdict::Rejected,
            End::NotCreated => Verdict::NotCreated(Cause::ConnectFailed),
            End::Unknown | End::Verdict(_) => Verdict::Unknown,
        };
        let outcome = Outcome {
            verdict,
            error_key: self.words.to_owned(),
            detail: self.words.to_owned(),
            http_status: Some(200),
        };
        let ending = match self.ending {
            End::Verdict(is_created) => Ending::verdict(is_created.then_some("INV-1"), now),
            _ => Ending::new(&outcome, now),
        };
        let intent = Intent::new(&payout, self.attempt.into(), "sandbox", now);
        Attempt { intent, ending }
    }
}

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
