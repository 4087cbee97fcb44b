//! A [`State`] is everything that can differ between two moments of a scene, in few bytes: names are
//! numbers, and a [`Names`] tells what they stand for in the program's own types.

use ccbatch::address;
use ccbatch::domain::{Amount, Currency, Payout};
use ccbatch::ledger::adopt::{Line, LineEnding};
use ccbatch::ledger::attempt::{Counting, INTERRUPTED, Repetition};
use ccbatch::ledger::rules::Known;
use ccbatch::ledger::{
    Attempt, AttemptId, AttemptStatus, BatchId, Content, Ending, PayoutKey, Realm,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::RefCell;

/// The host that is paid through.
pub(crate) const API: &str = "api.cryptocloud.plus";

/// More batches than any scene makes.
const BATCHES: usize = 8;

/// The scene's present.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_255_200, 0).unwrap()
}

/// A row of an input, or what the cells of a line say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    /// What it is meant to pay, which the program does not know.
    pub(crate) intent: u8,
    /// The payer's own id; 0 for none.
    pub(crate) reference: u8,
    /// How much, to the one recipient.
    pub(crate) amount: u32,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    Submitting,
    Created,
    Rejected,
    NotCreated,
    Unknown,
    Interrupted,
    VerdictCreated,
    VerdictNotCreated,
}

impl End {
    pub(crate) fn is_live(self) -> bool {
        !matches!(
            self,
            Self::Rejected | Self::NotCreated | Self::VerdictNotCreated
        )
    }

    pub(crate) fn is_in_doubt(self) -> bool {
        matches!(self, Self::Submitting | Self::Unknown | Self::Interrupted)
    }

    fn of(ending: &Ending) -> Self {
        match ending.status {
            AttemptStatus::Submitting => Self::Submitting,
            AttemptStatus::Unknown if ending.is_interrupted() => Self::Interrupted,
            AttemptStatus::Unknown => Self::Unknown,
            AttemptStatus::Rejected => Self::Rejected,
            AttemptStatus::Created if ending.is_verdict() => Self::VerdictCreated,
            AttemptStatus::Created => Self::Created,
            AttemptStatus::NotCreated if ending.is_verdict() => Self::VerdictNotCreated,
            AttemptStatus::NotCreated => Self::NotCreated,
        }
    }

    fn ending(self, serial: u8) -> Ending {
        let none = Ending {
            finished_at: Some(now()),
            ..Ending::none_yet()
        };
        let with = |status| Ending {
            status,
            ..none.clone()
        };
        match self {
            Self::Submitting => Ending::none_yet(),
            Self::Created => Ending {
                invoice_id: format!("INV-{serial}"),
                ..with(AttemptStatus::Created)
            },
            Self::Rejected => with(AttemptStatus::Rejected),
            Self::NotCreated => with(AttemptStatus::NotCreated),
            Self::Unknown => Ending {
                error_key: "no_answer".to_owned(),
                ..with(AttemptStatus::Unknown)
            },
            Self::Interrupted => Ending {
                error_key: INTERRUPTED.to_owned(),
                ..with(AttemptStatus::Unknown)
            },
            Self::VerdictCreated => {
                let id = format!("INV-{serial}");
                Ending::verdict(Some(&id), &none, now())
            }
            Self::VerdictNotCreated => Ending::verdict(None, &none, now()),
        }
    }
}

/// An attempt, as a ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Att {
    pub(crate) serial: u8,
    pub(crate) row: Row,
    /// The line of the input.
    pub(crate) line: u8,
    pub(crate) batch: u8,
    pub(crate) key: u8,
    pub(crate) number: u8,
    pub(crate) end: End,
    pub(crate) is_extra: bool,
    pub(crate) is_old: bool,
}

/// A line of a results file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ln {
    pub(crate) serial: u8,
    /// What its id was made for.
    pub(crate) row: Row,
    /// What its cells say.
    pub(crate) cells: Row,
    pub(crate) line: u8,
    pub(crate) number: u8,
    pub(crate) end: End,
    pub(crate) is_old: bool,
}

/// A ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Book {
    pub(crate) attempts: Vec<Att>,
    /// Which batch was seen at which place.
    pub(crate) paths: Vec<(u8, u8)>,
    /// The batches whose references count per file.
    pub(crate) per_file: Vec<u8>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    /// It has read the results file, and not yet opened its batch.
    Read,
    Claim,
    WriteLine,
    Send,
    Answer(End),
    Finish(End),
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    pub(crate) number: u8,
    pub(crate) home: u8,
    pub(crate) place: u8,
    pub(crate) phase: Phase,
    pub(crate) batch: u8,
    pub(crate) is_per_file: bool,
    /// What it has read of the results file.
    pub(crate) read: Option<Vec<Ln>>,
    /// The live attempts in the results file when it was opened, each with what it was meant for.
    pub(crate) on_record: Vec<(u8, u8)>,
    pub(crate) rows: Vec<Row>,
    pub(crate) keys: Vec<u8>,
    pub(crate) steps: Vec<u8>,
    pub(crate) current: Option<Att>,
    /// Whether as many as are meant were on record when it claimed.
    pub(crate) is_known: bool,
    pub(crate) has_lock: bool,
    /// Whether more than 15 seconds went by since its claim.
    pub(crate) is_late: bool,
    pub(crate) retries: bool,
}

/// Everything at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) inputs: Vec<Option<Vec<Row>>>,
    pub(crate) results: Vec<Option<Vec<Ln>>>,
    pub(crate) books: Vec<Book>,
    pub(crate) backup: Option<Vec<Book>>,
    pub(crate) runs: Vec<Run>,
    /// What was created: the attempt, what it was meant for, and whether that was on record.
    pub(crate) created: Vec<(u8, u8, bool)>,
    pub(crate) runs_left: u8,
    pub(crate) edits_left: u8,
    pub(crate) next_attempt: u8,
    pub(crate) next_batch: u8,
}

/// What the numbers stand for.
pub(crate) struct Names {
    pub(crate) batches: Vec<BatchId>,
    keys: RefCell<Vec<PayoutKey>>,
    to_address: String,
    account: String,
}

impl Names {
    pub(crate) fn new() -> Self {
        let mut batches: Vec<_> = (0..BATCHES).map(|_| BatchId::new().unwrap()).collect();
        batches.sort();
        let to_address = "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8".to_owned();
        let network = Currency::from_code("TRX").unwrap().network();
        let account = address::check(network, &to_address)
            .unwrap()
            .account()
            .to_string();
        Self {
            batches,
            keys: RefCell::default(),
            to_address,
            account,
        }
    }

    pub(crate) fn key(&self, number: u8) -> PayoutKey {
        self.keys.borrow()[usize::from(number)].clone()
    }

    pub(crate) fn key_number(&self, key: &PayoutKey) -> u8 {
        let mut keys = self.keys.borrow_mut();
        let place = keys.iter().position(|it| it == key).unwrap_or_else(|| {
            keys.push(key.clone());
            keys.len() - 1
        });
        u8::try_from(place).unwrap()
    }

    fn content(&self, row: Row) -> Content {
        Content::new("TRX", &self.account, u128::from(row.amount) * 1_000_000)
    }

    /// A row as the program sees it.
    pub(crate) fn payout(&self, row: Row) -> Payout {
        let currency = Currency::from_code("TRX").unwrap();
        Payout {
            line: 2,
            reference: reference(row.reference),
            payee: row.intent.to_string(),
            currency,
            to_address: self.to_address.clone(),
            account: self.account.clone(),
            amount: Amount::parse(&row.amount.to_string(), currency.decimals()).unwrap(),
            minor_units: u128::from(row.amount) * 1_000_000,
        }
    }

    pub(crate) fn payouts(&self, rows: &[Row]) -> Vec<Payout> {
        let rows = (2..).zip(rows);
        rows.map(|(line, row)| Payout {
            line,
            ..self.payout(*row)
        })
        .collect()
    }

    /// The id of an attempt: letters for its number, and the digest of its row.
    pub(crate) fn id(&self, serial: u8, row: Row) -> AttemptId {
        let (high, low) = (b'a' + serial / 26, b'a' + serial % 26);
        let content = self.content(row);
        let digest = AttemptId::digest_of(Realm::Live, &reference(row.reference), &content);
        let text = format!("idididid{}{}{digest}", char::from(high), char::from(low));
        AttemptId::parse(&text).unwrap()
    }

    /// An attempt as the program sees it.
    pub(crate) fn attempt(&self, it: &Att) -> Attempt {
        let payout = self.payout(it.row);
        let age = if it.is_old {
            TimeDelta::days(21)
        } else {
            TimeDelta::zero()
        };
        Attempt {
            id: self.id(it.serial, it.row),
            batch: self.batches[usize::from(it.batch)],
            realm: Realm::Live,
            host: API.into(),
            key: self.key(it.key),
            line: it.line.into(),
            reference: payout.reference,
            payee: payout.payee,
            to_address: payout.to_address,
            content: self.content(it.row),
            amount: it.row.amount.to_string(),
            number: it.number.into(),
            started_at: now() - age,
            ending: it.end.ending(it.serial),
            resolved: None,
            repetition: Repetition::Refused,
            counting: if it.is_extra {
                Counting::Extra
            } else {
                Counting::Counts
            },
            who: "".into(),
        }
    }

    pub(crate) fn attempts<'a>(&self, all: impl IntoIterator<Item = &'a Att>) -> Vec<Attempt> {
        all.into_iter().map(|it| self.attempt(it)).collect()
    }

    pub(crate) fn known<'a>(&self, all: impl IntoIterator<Item = &'a Att>) -> Known {
        let mut known = Known::default();
        known.extend(self.attempts(all));
        known
    }

    /// An attempt that the program has made of a line.
    pub(crate) fn att(&self, attempt: &Attempt, line: Option<&Ln>, batch: u8) -> Att {
        let line = line.expect("an attempt that is adopted has a line");
        Att {
            serial: line.serial,
            row: Row {
                intent: line.row.intent,
                reference: reference_number(&attempt.reference),
                amount: attempt.amount.parse().unwrap(),
            },
            line: line.line,
            batch,
            key: self.key_number(&attempt.key),
            number: u8::try_from(attempt.number).unwrap(),
            end: End::of(&attempt.ending),
            is_extra: attempt.counting == Counting::Extra,
            is_old: line.is_old,
        }
    }

    pub(crate) fn end_of(attempt: &Attempt) -> End {
        End::of(&attempt.ending)
    }

    /// A line as the program reads it.
    pub(crate) fn line(&self, at: usize, it: &Ln) -> Line {
        let cells = self.payout(it.cells);
        let age = if it.is_old {
            TimeDelta::days(21)
        } else {
            TimeDelta::zero()
        };
        Line {
            at: u64::try_from(at).unwrap() + 2,
            id: self.id(it.serial, it.row),
            input_line: Some(it.line.into()),
            reference: cells.reference,
            payee: cells.payee,
            currency_code: "TRX".to_owned(),
            to_address: cells.to_address,
            amount: it.cells.amount.to_string(),
            number: Some(it.number.into()),
            host: API.to_owned(),
            started_at: Some(now() - age),
            ending: match it.end {
                End::Submitting => LineEnding::InFlight,
                end => LineEnding::Is(end.ending(it.serial)),
            },
        }
    }
}

/// References by their numbers: none, two plain ones, one like a date, and what becomes of each when it
/// is mistyped, or taken for a date.
const REFERENCES: [&str; 9] = ["", "A", "B", "3/4", "A'", "B'", "03/04/26", "N1", "N2"];

fn reference(number: u8) -> String {
    REFERENCES[usize::from(number)].to_owned()
}

fn reference_number(text: &str) -> u8 {
    let place = REFERENCES.iter().position(|it| *it == text);
    u8::try_from(place.expect("a reference of the scene")).unwrap()
}
