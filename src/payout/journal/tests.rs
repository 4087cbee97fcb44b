//! The journal over a file in memory: the order of its calls, and what a failure of each leaves.

use super::*;
use crate::domain::{Amount, Currency, Status, Verdict};
use crate::payout::results::parse;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What happened, in order. A [`Memory`] and whoever else writes to it share one.
pub(in crate::payout) type Log = Rc<RefCell<Vec<&'static str>>>;

/// A results file in memory that fails at one call, if it is told to. Clones are one file.
#[derive(Clone, Debug, Default)]
pub(in crate::payout) struct Memory {
    pub(in crate::payout) log: Log,
    pub(in crate::payout) bytes: Rc<RefCell<Vec<u8>>>,
    calls: Rc<Cell<usize>>,
    /// The call that fails, counted from 0.
    fails_at: Option<usize>,
}

impl Memory {
    pub(in crate::payout) fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: Rc::new(RefCell::new(bytes.to_vec())),
            ..Self::default()
        }
    }

    pub(in crate::payout) fn failing_at(self, call: usize) -> Self {
        Self {
            fails_at: Some(call),
            ..self
        }
    }

    /// How many calls there were.
    pub(in crate::payout) fn calls(&self) -> usize {
        self.calls.get()
    }

    /// Takes the log, so that the next look sees what is new.
    fn news(&self) -> Vec<&'static str> {
        self.log.take()
    }

    fn call(&self, name: &'static str) -> io::Result<()> {
        let number = self.calls.replace(self.calls() + 1);
        if self.fails_at == Some(number) {
            self.log.borrow_mut().push("failed");
            return Err(io::Error::other(format!("{name} failed")));
        }
        self.log.borrow_mut().push(name);
        Ok(())
    }
}

impl Storage for Memory {
    fn verify(&self, expected_bytes: u64) -> Result<(), String> {
        assert_eq!(length_of(&self.bytes.borrow()), expected_bytes);
        self.call("verify").map_err(|error| error.to_string())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A disk that is full takes a part.
        let is_taken = self.call("append");
        let taken = if is_taken.is_ok() {
            bytes.len()
        } else {
            bytes.len() / 2
        };
        self.bytes.borrow_mut().extend_from_slice(&bytes[..taken]);
        is_taken
    }

    fn sync(&mut self) -> io::Result<()> {
        self.call("sync")
    }

    fn sync_name(&mut self) -> io::Result<()> {
        self.call("sync_name")
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.call("truncate")?;
        self.bytes
            .borrow_mut()
            .truncate(usize::try_from(bytes).unwrap());
        Ok(())
    }
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_341_600_000).unwrap()
}

pub(in crate::payout) fn payout(line: u64) -> Payout {
    Payout {
        line,
        reference: format!("R{line}"),
        payee: String::new(),
        currency: Currency::from_code("BTC").unwrap(),
        to_address: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned(),
        account: String::new(),
        amount: Amount::parse("0.05", 8).unwrap(),
        minor_units: 5_000_000,
    }
}

pub(in crate::payout) fn outcome(verdict: Verdict) -> Outcome {
    Outcome {
        verdict,
        error_key: String::new(),
        detail: String::new(),
        http_status: None,
    }
}

pub(in crate::payout) fn created() -> Outcome {
    outcome(Verdict::Created {
        invoice_id: "INV-12345678".to_owned(),
        accepted_amount: None,
    })
}

fn attempt() -> Attempt {
    Attempt {
        intent: Intent::new(&payout(2), 1, "sandbox", now()),
        ending: Ending::new(&created(), now()),
    }
}

fn resume(memory: &Memory) -> Result<Journal<Memory>, JournalError> {
    let record = parse(&memory.bytes.borrow()).unwrap();
    Journal::resume(memory.clone(), &record, "sandbox", now())
}

#[test]
fn every_half_of_a_line_is_durable_before_anything_else_happens() {
    let memory = Memory::default();
    let mut journal = Journal::create(memory.clone(), "sandbox").unwrap();
    assert_eq!(memory.news(), ["append", "sync_name"]);
    journal.begin(&payout(2), 1, now()).unwrap();
    assert_eq!(memory.news(), ["verify", "append", "sync"]);
    let half = HEADER.to_owned() + &attempt().intent.encode();
    assert_eq!(*memory.bytes.borrow(), half.as_bytes());
    assert_eq!(journal.finish(&created(), now()).unwrap(), attempt());
    assert_eq!(memory.news(), ["append", "sync", "verify"]);
    let whole = HEADER.to_owned() + &attempt().encode();
    assert_eq!(*memory.bytes.borrow(), whole.as_bytes());
}

#[test]
fn a_verdict_is_durable_before_it_is_told() {
    let doubt = Attempt {
        ending: Ending::new(&outcome(Verdict::Unknown), now()),
        ..attempt()
    };
    let memory = Memory::new((HEADER.to_owned() + &doubt.encode()).as_bytes());
    let mut journal = resume(&memory).unwrap();
    assert_eq!(memory.news(), ["verify"]);
    let verdict = Attempt {
        ending: Ending::verdict(None, now()),
        ..doubt
    };
    journal.resolve(verdict.clone()).unwrap();
    assert_eq!(
        memory.news(),
        ["verify", "append", "sync", "append", "sync"]
    );
    let record = parse(&memory.bytes.borrow()).unwrap();
    assert_eq!(record.attempts.last(), Some(&verdict));
}

#[test]
fn steps_out_of_turn_are_refused_and_end_it() {
    type Step = fn(&mut Journal<Memory>) -> bool;
    let is_closed = |result: Result<Attempt, _>| matches!(result, Err(JournalError::Closed));
    assert!(is_closed(fresh().finish(&created(), now())));
    let steps: [Step; 2] = [
        |journal| {
            matches!(
                journal.begin(&payout(3), 1, now()),
                Err(JournalError::Closed)
            )
        },
        |journal| matches!(journal.resolve(attempt()), Err(JournalError::Closed)),
    ];
    for step in steps {
        let mut journal = fresh();
        journal.begin(&payout(2), 1, now()).unwrap();
        assert!(step(&mut journal));
        assert!(is_closed(journal.finish(&created(), now())));
    }
}

fn fresh() -> Journal<Memory> {
    Journal::create(Memory::default(), "sandbox").unwrap()
}

/// What every step of a closed journal says, without a call to the file.
fn assert_closed(mut journal: Journal<Memory>, memory: &Memory) {
    let calls = memory.calls();
    assert!(matches!(
        journal.begin(&payout(3), 1, now()),
        Err(JournalError::Closed)
    ));
    assert!(matches!(
        journal.finish(&created(), now()),
        Err(JournalError::Closed)
    ));
    assert!(matches!(
        journal.resolve(attempt()),
        Err(JournalError::Closed)
    ));
    assert_eq!(
        memory.calls(),
        calls,
        "nothing is written or synced after a failure"
    );
}

#[test]
fn a_failure_at_any_call_closes_it() {
    for call in 0..=7 {
        let memory = Memory::default().failing_at(call);
        let created = created();
        let failed = |result: &Result<Journal<Memory>, _>| result.is_err();
        let made = Journal::create(memory.clone(), "sandbox");
        assert_eq!(failed(&made), call < 2, "{call}");
        let Ok(mut journal) = made else { continue };
        match (call, journal.begin(&payout(2), 1, now())) {
            (2, Err(JournalError::Displaced(_))) => {}
            (3 | 4, Err(JournalError::Intent { intent, .. })) => assert_eq!(intent.line, 2),
            (5.., Ok(())) => match journal.finish(&created, now()) {
                Err(JournalError::Ending { attempt, .. }) => {
                    assert_eq!(attempt.ending.invoice_id, "INV-12345678");
                }
                other => panic!("{call}: {other:?}"),
            },
            (_, other) => panic!("{call}: {other:?}"),
        }
        assert_closed(journal, &memory);
    }
}

#[test]
fn a_torn_file_is_mended_durably_before_it_is_used() {
    let whole = HEADER.to_owned() + &attempt().encode();
    let intent = Intent::new(&payout(3), 1, "sandbox", now()).encode();
    let header = &HEADER[..20];
    for (bytes, calls, attempts) in [
        (String::new(), &["append", "sync_name", "verify"][..], 0),
        (
            header.to_owned(),
            &["truncate", "append", "sync_name", "verify"],
            0,
        ),
        (whole.clone(), &["verify"], 1),
        (whole.clone() + "3,R3,B", &["truncate", "sync", "verify"], 1),
        (
            whole.clone() + &intent,
            &["truncate", "sync", "append", "sync", "verify"],
            2,
        ),
        (
            whole + &intent + "created,INV-9\0\0",
            &["truncate", "sync", "append", "sync", "verify"],
            2,
        ),
    ] {
        let memory = Memory::new(bytes.as_bytes());
        let mut journal = resume(&memory).unwrap();
        assert_eq!(memory.news(), calls, "{bytes:?}");
        let record = parse(&memory.bytes.borrow()).unwrap();
        assert_eq!(record.attempts.len(), attempts, "{bytes:?}");
        if attempts == 2 {
            assert_eq!(record.attempts[1].ending.status, Status::Unknown);
            let is_told = record.attempts[1].ending.detail.contains("INV-9");
            assert_eq!(is_told, bytes.contains("INV-9"));
        }
        journal.begin(&payout(4), 1, now()).unwrap();
        for call in 0..calls.len() {
            let memory = Memory::new(bytes.as_bytes()).failing_at(call);
            assert!(resume(&memory).is_err(), "{bytes:?}");
        }
    }
}
