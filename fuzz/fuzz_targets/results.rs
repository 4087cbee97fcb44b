//! Any bytes as a results file, and any change of one that the program wrote: it is read or refused,
//! and what is adopted from it pays what its id was made for, or what the file's rows pay.
#![no_main]

use arbitrary::Arbitrary;
use ccbatch::domain::{Amount, Currency, Payout};
use ccbatch::ledger::adopt::{Change, Setting, adopt};
use ccbatch::ledger::attempt::{Counting, Ending, Repetition};
use ccbatch::ledger::rules::Known;
use ccbatch::ledger::{Attempt, AttemptId, BatchId, Content, PayoutKey, Realm, References};
use ccbatch::payout::results::line::{HEADER, encode};
use ccbatch::payout::results::read::read;
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;

/// A file of so many attempts, with bytes changed, cut off or put behind it.
#[derive(Arbitrary, Debug)]
struct File<'a> {
    attempts: u8,
    changes: Vec<(u16, u8)>,
    cut: u16,
    behind: &'a [u8],
}

fuzz_target!(|file: File<'_>| {
    let batch = BatchId::new().unwrap();
    let payouts: Vec<Payout> = (0..u64::from(file.attempts % 4)).map(payout).collect();
    let mut bytes = HEADER.as_bytes().to_vec();
    for payout in &payouts {
        bytes.extend(encode(&attempt(payout, &batch)).into_bytes());
    }
    for (at, byte) in file.changes {
        let at = usize::from(at) % bytes.len();
        bytes[at] = byte;
    }
    bytes.truncate(bytes.len() - usize::from(file.cut) % bytes.len());
    bytes.extend(file.behind);
    let Ok(reading) = read(&bytes) else { return };
    let setting = Setting {
        batch: &batch,
        realm: Realm::Live,
        references: References::Shared,
        payouts: &payouts,
    };
    let adopter = ("fuzz", DateTime::UNIX_EPOCH);
    let Ok(changes) = adopt(&reading.lines, Known::default(), setting, adopter) else {
        return;
    };
    for change in changes {
        match change {
            Change::Insert(attempt) => {
                assert!(
                    attempt
                        .id
                        .is_of(Realm::Live, &attempt.reference, &attempt.content)
                );
            }
            Change::Update(_) => {}
        }
    }
});

fn payout(line: u64) -> Payout {
    let currency = Currency::from_code("BTC").unwrap();
    Payout {
        line: line + 2,
        reference: format!("R{line}"),
        payee: String::new(),
        currency,
        to_address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned(),
        account: "bitcoin:p2pkh:62e907b15cbf27d5425399ebf6f0fb50ebb88f18".to_owned(),
        amount: Amount::parse("0.05", 8).unwrap(),
        minor_units: 5_000_000,
    }
}

fn attempt(payout: &Payout, batch: &BatchId) -> Attempt {
    let content = Content::of(payout);
    Attempt {
        id: AttemptId::new(Realm::Live, &payout.reference, &content).unwrap(),
        batch: batch.clone(),
        realm: Realm::Live,
        host: "api.cryptocloud.plus".into(),
        key: PayoutKey::shared(&payout.reference),
        line: payout.line,
        reference: payout.reference.clone(),
        payee: String::new(),
        to_address: payout.to_address.clone(),
        content,
        amount: payout.amount.to_string(),
        number: 1,
        started_at: DateTime::UNIX_EPOCH,
        ending: Ending::verdict(
            Some("INV-00000001"),
            &Ending::none_yet(),
            DateTime::UNIX_EPOCH,
        ),
        resolved: None,
        repetition: Repetition::Refused,
        counting: Counting::Counts,
        who: "fuzz".into(),
    }
}
